//! The numbers of this crate's diagnostics, with their titles and long texts.
//!
//! Families (plan-ux section 13): 10xx YAML, 11xx structure of the manifest, 12xx templates and references.

use stack_core::diagnostic::Code;

pub use stack_core::diagnostic::Explanation;

stack_core::codes! {
    YAML_SYNTAX = 1001, "The file is not valid YAML",
        "The manifest could not be read as YAML, so nothing in it was looked at.\n\
         Usual causes: a tab instead of spaces, a missing space after `:`, a quote or bracket that is never closed, or \
         a value that starts with `{{` without quotes around it.\n\
         Write templates in quotes: `value: \"{{ region }}\"`.";
    DUPLICATE_KEY = 1002, "A key is written twice in one mapping",
        "YAML readers keep one of the two values silently, so one of them would have no effect.\n\
         Remove or rename one of the two keys.";
    NOT_ONE_DOCUMENT = 1003, "The file is empty or holds several YAML documents",
        "A manifest is exactly one YAML document that is a mapping. Remove further documents after `---`.";
    YAML_TAG = 1004, "A YAML tag such as !Ref is not supported",
        "Manifests use templates where CloudFormation templates use tags.\n\
         Write `\"{{ name.Property }}\"` instead of `!Ref` or `!GetAtt`, and `\"a-{{ b }}\"` instead of `!Sub`.";
    TOO_MANY = 1005, "There are more problems than are shown",
        "Of a file with very many problems only the first hundred errors and the first hundred warnings are shown. \
         Correct these and run the command again.";
    TOO_MUCH_MERGED = 1006, "Merge keys make the file too large",
        "Every `<<` copies the members of what it names. Together they may copy a hundred thousand.";
    JSON_SYNTAX = 1007, "A file is not valid JSON",
        "A file whose name ends in .json is read as JSON: no comments, no commas at the end, keys in double quotes. Name \
         it .yml or .yaml to write YAML in it.";
    WRONG_NODE = 1101, "A value has the wrong form",
        "This key takes another kind of YAML value: a mapping, a list, a text, a number or a boolean.";
    MISSING_KEY = 1102, "A required key is missing",
        "Every resource, prop and global needs a `name`; the manifest needs `resources`.";
    DUPLICATE_NAME = 1103, "Two things have the same name",
        "The name of a resource is its address: references, tags and consent flags use it, so it must be unique.";
    UNKNOWN_KEY = 1104, "The manifest format has no such key",
        "The key has no effect. It is a warning, because manifests of other tools may carry keys of their own; \
         `validate --strict` makes it an error.";
    UNKNOWN_TYPE = 1105, "There is no such resource type",
        "A type is written `AWS::Service::Resource` or `awscc.service.resources`. Types without handlers for the whole \
         life cycle cannot be deployed.";
    NO_VALUE_FOR_ENV = 1106, "A prop has no value for this environment",
        "`values` gives one value per environment, and the environment of this command is not among them.\n\
         Add it, or use `value` for all environments. On a resource whose `if` is false this is no error.";
    PROP_WITHOUT_VALUE = 1107, "A prop has no value at all",
        "A prop needs one of `value`, `values`, `merge` or `props`. A YAML null counts as absent in the list form; to \
         remove a property, use the map form with an explicit null.";
    BAD_SETTING = 1108, "A setting has a value that it cannot have",
        "Every key of `settings` may be given once, or as a map from environment to value.";
    BAD_VALUE = 1109, "A lifecycle value cannot be understood",
        "Durations are written `90s`, `30m`, `2h` or `1h30m`. `replace` is create_first or delete_first; `adopt` is \
         true, false or force. `state` is present or absent.";
    MERGE_MISMATCH = 1110, "Values that cannot be merged",
        "`merge` joins lists with lists and objects with objects. Texts count if they hold JSON.";
    PLACEHOLDER = 1111, "A documentation skeleton was pasted without values",
        "The value is literally one of the type names that the providers' documentation prints as placeholders.";
    BAD_VARIABLE = 1112, "A variable is not written as NAME=VALUE",
        "`-e` takes `NAME=VALUE`; the first `=` splits. An environment file has one such line per variable.";
    EMPTY_GLOBAL = 1113, "A global is empty",
        "A global without a value cannot be told from a mistake. Where empty is meant, write the empty text at the \
         place of use.";
    NOT_YET = 1114, "Not supported by this version",
        "The manifest uses a part of the format that this version cannot carry out. It stops before any call instead \
         of leaving the part out silently.";
    UNKNOWN_DEPENDENCY = 1115, "depends_on names no resource of this stack",
        "`depends_on` lists names of resources in the same manifest.";
    REGION_NOT_ALLOWED = 1116, "The region is not allowed in this environment",
        "`settings.regions` lists the regions that this environment may use, and the resource is in another one.";
    NOT_IN_REGION = 1117, "The type is not available in this region",
        "The published schemas of this region do not have the type, so the service would not know it. Types come to \
         regions one by one; where the schemas are older than that, refresh them. Of regions whose types are not \
         published nothing is said.";
    BAD_IDENTIFIER = 1118, "The identifier does not fit the type",
        "A composite identifier has one part per property of the type's primary identifier, in its order, joined \
         with `|`, or a mapping of these properties.";
    UNKNOWN_REGION = 1119, "No such region is known",
        "The bundled list of regions does not have this name. It is a warning, because the list may be older than the \
         region; `validate --strict` makes it an error.";
    BAD_NAME = 1120, "A resource has a name that it cannot have",
        "The name of a resource is its address. `[` would make it look like the address of an instance of a resource \
         with `for_each`, such as `flow[\"a\"]`.";
    BAD_FILE = 1121, "A file cannot be read",
        "`file(name)` as a whole value takes the value from `resources/name`: JSON or YAML by its ending. It works in the \
         values of globals and of props, at any depth, and in `for_each`; its argument is a plain path. Query files \
         (`file:`, else `resources/<name>.iql`) are found in the same folder.";
    OUTSIDE_FILE = 1122, "A file lies outside the stack folder",
        "A stack is one folder, so that what is reviewed is what is deployed. Paths that leave it by `..`, absolute \
         paths and links that lead out are refused. `--allow-outside-files` allows them.";
    FILE_CYCLE = 1123, "Files include each other in a circle",
        "A file may include others, but not, through them, itself.";
    BAD_FORMERLY = 1124, "A former name cannot be used",
        "`formerly` lists names or addresses that a resource had before, so that renaming it in the manifest does not \
         make a second one. They must be texts, must be gone from the manifest, and each must belong to one resource.";
    REFERS_TO_ABSENT = 1125, "Something refers to a resource that is to be absent",
        "With `state: absent` a resource is deleted, so nothing that stays can use its properties. Take the reference \
         out, or make the other resource absent too. `depends_on` is allowed: it gives only the order.";
    QUERY_FILE = 1126, "Something in a query file has no effect",
        "A query file is cut into statements by anchor lines: `/*+ create, retries=3 */`, with the statement on the lines \
         below. Anchors are exists, create, update, createorupdate, statecheck, exports, delete, command, callback and \
         troubleshoot, the last two also as `callback:create` and so on. Options are retries, retry_delay, \
         postdelete_retries and postdelete_retry_delay, and on callbacks short_circuit_field and short_circuit_value.";
    NO_EFFECT = 1127, "A key has no effect here",
        "The manifest format has the key, but it means nothing for this type of resource: `sql` belongs to queries and \
         commands, `run` to scripts, `return_vals` and `skip_validation` to resources with statements that make and \
         change something, and a dotted type needs no query file. `auth` is ignored where credentials come from the SDK's \
         chain. `validate --strict` makes it an error.";
    MISSING_ANCHOR = 1128, "A query file lacks a statement",
        "A resource needs `create` or `createorupdate`, and something that tells whether it is there: `exists`, \
         `statecheck` or `exports`. Without these the checks are derived, where the INSERT names a type that is built in. A \
         query needs `exports`, a command needs `command`.";
    DIFFERS = 1129, "Something behaves differently from stackql-deploy",
        "A note of `validate` for projects with query files. Nothing is wrong: what is named here works, but not as \
         stackql-deploy does it. There is one note for each subject that is in the project, at its first place.";
    BAD_AUTH = 1130, "An `auth` cannot be used",
        "`auth` of a resource names the variables that hold its credential: `type: basic` with `username_var` and \
         `password_var`, `type: bearer` with `credentialsenvvar`, `type: api_key` with `credentialsenvvar`, `name` (the \
         header) and `valuePrefix`. Variables are globals, `-e`, the environment file, and the environment. They must be \
         known before anything is made: a key that the same run makes opens its cluster by itself.";
    TEMPLATE_SYNTAX = 1201, "A template cannot be parsed",
        "Templates are Jinja: `{{ expression }}`, `{% if … %}…{% endif %}`, `{# comment #}`.";
    UNKNOWN_FUNCTION = 1202, "There is no such filter, test or function",
        "The name after `|`, after `is` or before `(` is not known.";
    UNDEFINED = 1203, "A name is not defined",
        "A template uses a name that nothing defines. Props see globals, earlier props of the same resource, other \
         resources by name, and what these export. Variables of -e and of the environment file are seen by globals, \
         and everywhere as `vars.NAME`. Statements of a query file also see what those before them gave: columns of \
         `exists` and what `return_vals` keeps as `this.…`, and what a changing statement returned as `callback.…`.";
    UNKNOWN_PROPERTY = 1204, "A resource has no such property",
        "A reference `name.Property` must be a property of that resource's type, spelt as the provider does or in \
         snake_case. Of a resource whose own statements rule, of a query and of a script only the `exports` can be used.";
    TEMPLATE_FAILED = 1205, "A template failed",
        "The template is well-formed, but one of its operations cannot work on these values.";
    CYCLE = 1206, "Resources depend on each other in a circle",
        "Each waits for the next, so none could be made first. Break the circle at one of the shown places.";
    BAD_CONDITION = 1207, "An `if` is not true or false",
        "`if` takes true, false, or a comparison: `\"'{{ stack_env }}' == 'prod'\"`, with ==, !=, <, >, in, not in, and, \
         or, not, parentheses and lists.";
    ABSENT_PROPERTY = 1208, "A resource does not have this property now",
        "The type has the property, but the live resource has no value for it. Use `| default(…)` where that is fine.";
    CONDITION_UNKNOWN = 1209, "An `if` waits for another resource",
        "Whether a resource is wanted must be known before anything is made, so `if` cannot use a value that exists \
         only later.";
    FOR_EACH_UNKNOWN = 1210, "A `for_each` waits for another resource",
        "Which instances there are must be known before anything is made, so `for_each` cannot use a value of another \
         resource. Globals, variables of the command line and the environment are known.";
    BAD_FOR_EACH = 1211, "A `for_each` has no usable elements",
        "`for_each` takes a list or a map. Of a map the keys are the keys of the instances; of a list of plain values \
         the values are; of a list of anything else the positions are, counted from 0. Keys become addresses, such as \
         `flow[\"a\"]`: they must differ, must not be empty, and cannot be sensitive.";
    UNKNOWN_INSTANCE = 1212, "A resource with `for_each` has no such instance",
        "References such as `flow[\"a\"].Uri` and `flow.a.Uri` name one instance by its key, and no element of the \
         resource's `for_each` gives this key.";
    LOST_SECRET = 1213, "A secret is known only to the run that made it",
        "Some services show a secret once, in the answer that makes it: the secret of an API key. In that run it can be \
         used and exported. Later runs have it only from where it was kept. Give it as a variable, \
         `{{ key.secret | default(KAFKA_API_SECRET) }}`, or make a new one: under another name, or by deleting the old one. \
         An export of the stack that has no value for this reason keeps the one that its file holds.";
}

/// The explanation of one of this crate's codes.
pub fn explain(code: Code) -> Option<&'static Explanation> {
    ALL.iter().find(|e| e.code == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_title_and_one_text_and_they_ascend() {
        assert!(ALL.windows(2).all(|w| w[0].code < w[1].code));
        for e in ALL {
            assert!(!e.title.is_empty() && e.text.len() > 40, "{}", e.code);
            assert!(!e.title.ends_with('.'), "{}", e.code);
        }
        assert_eq!(explain(UNDEFINED).map(|e| e.title), Some("A name is not defined"));
    }
}
