//! The numbers of this crate's diagnostics, with their titles and long texts.
//!
//! Families (plan-ux section 13): 10xx YAML, 11xx structure of the manifest, 12xx templates and references.

use stack_core::diagnostic::Code;

/// One number, explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The number.
    pub code: Code,
    /// One line.
    pub title: &'static str,
    /// What it means, why it is so, and what to do. Plain text, several lines.
    pub text: &'static str,
}

macro_rules! codes {
    ($($name:ident = $number:literal, $title:literal, $text:literal;)*) => {
        $(
            #[doc = $title]
            pub const $name: Code = Code($number);
        )*
        /// Every code of this crate, ascending.
        pub const ALL: &[Explanation] = &[$(Explanation { code: $name, title: $title, text: $text }),*];
    };
}

codes! {
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
         true, false or force.";
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
    TEMPLATE_SYNTAX = 1201, "A template cannot be parsed",
        "Templates are Jinja: `{{ expression }}`, `{% if … %}…{% endif %}`, `{# comment #}`.";
    UNKNOWN_FUNCTION = 1202, "There is no such filter, test or function",
        "The name after `|`, after `is` or before `(` is not known.";
    UNDEFINED = 1203, "A name is not defined",
        "A template uses a name that nothing defines. Props see globals, earlier props of the same resource, other \
         resources by name, and what these export. Variables of -e and of the environment file are seen by globals, \
         and everywhere as `vars.NAME`.";
    UNKNOWN_PROPERTY = 1204, "A resource has no such property",
        "A reference `name.Property` must be a property of that resource's type, spelt as the provider does or in \
         snake_case.";
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
