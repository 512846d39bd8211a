//! The numbers of offline property diagnostics, family 13xx, with what `explain` says about each.

use crate::diagnostic::Code;

pub use crate::diagnostic::Explanation;

crate::codes! {
    UNKNOWN_PROPERTY = 1301, "The type has no such property",
        "The schema of the resource type has no property of this name at this place. At the top level both the \
         provider's spelling (`DomainName`) and snake_case (`domain_name`) are understood; deeper down only the \
         provider's spelling is, because there a key may be data.\n\nThe service would refuse the request with \
         \"extraneous key is not permitted\". `stack-deploy schema TYPE` lists what the type has.";
    NESTED_SPELLING = 1302, "A nested key is not in the provider's spelling",
        "Top-level properties may be written in snake_case. Keys below them are sent as they are, so they must be \
         spelt as the provider does, capitals included: `Key`, not `key`; `FlowName`, not `flow_name`. The \
         generated documentation shows nested keys in snake_case; write them as this message says.";
    DUPLICATE_PROPERTY = 1303, "Two spellings of one property",
        "`DomainName` and `domain_name` mean the same property. Only one of them can be declared.";
    WRONG_TYPE = 1304, "The value has the wrong type",
        "The schema asks for another JSON type. Text that is exactly a value of the wanted type is converted \
         (\"366\" to 366, \"true\" to true, a number to text where only text is allowed, JSON text to an object or \
         a list); everything else must be written in the right type.";
    NOT_ALLOWED = 1305, "The value is not one of those that are allowed",
        "The schema lists the values that this property takes. Case counts unless the schema says otherwise. If the \
         service has learnt a value since the bundled schemas were made, refresh them.";
    PATTERN = 1306, "The text does not match the pattern of the property",
        "The schema gives a regular expression for this property. It is searched for in the text, not anchored, \
         unless it has `^` and `$`. Patterns with look-around or Unicode classes are not checked offline; the \
         service checks them.";
    LENGTH = 1307, "The text is too short or too long",
        "The schema limits the number of characters (not bytes) of this property.";
    RANGE = 1308, "The number is out of range",
        "The schema limits the number: a smallest or largest value, or a step.";
    ITEMS = 1309, "The list has too few or too many elements",
        "The schema limits the number of elements of this list. An empty list counts as a list without elements; leave \
         the property out, or declare null, if that is what you mean.";
    DUPLICATE_ITEM = 1310, "The list holds the same element twice",
        "The schema says that no two elements of this list may be equal. The service would refuse the list, or drop \
         one of the two.";
    MISSING = 1311, "A required property is missing",
        "The schema requires this property wherever its parent object is declared. A property that only the \
         service sets is never asked for.";
    REQUIRED_NULL = 1312, "A required property cannot be removed",
        "A declared null removes a property from the resource. A required property cannot be removed.";
    READ_ONLY = 1313, "The property is read-only",
        "The service sets this property and refuses requests that contain it. Remove it from the manifest. Its \
         value is available to other resources as `{{ name.Property }}`.";
    NO_FORM = 1314, "The value has none of the allowed forms",
        "The schema allows several forms of this value (oneOf or anyOf) and the declared value fits none of them. \
         The notes say, for the nearest forms, what is wrong first.";
    NEEDS_ONE_OF = 1315, "One of several properties must be declared",
        "The schema asks for at least one of these properties, or for one of these groups of properties.";
    EXCLUSIVE = 1316, "Two properties exclude each other",
        "The schema allows one of these properties or the other. Keep the one that you mean.";
    NEEDS_BESIDE = 1317, "A property needs another one beside it",
        "The schema says that where the first property is declared the other must be declared as well. It is a \
         warning where this is experience rather than the contract of the service.";
    MEMBERS = 1318, "The object has too few or too many members",
        "The schema limits the number of members of this object or map. Members that are declared null do not count.";
    MAP_KEY = 1319, "The key of a map does not have the required form",
        "The keys of this map are yours to choose, but the schema gives a regular expression for them.";
    NOT_PROVISIONABLE = 1320, "The resource type cannot be managed",
        "Cloud Control can manage a type only if it has create, read and delete handlers. 117 published types lack \
         one. For some there is a sibling type that can be managed; the message names it: a policy of its own in \
         place of `AWS::IAM::Policy` is `AWS::IAM::RolePolicy`, and so on.";
    IDENTIFIER_PART = 1321, "A part of the identifier must be declared",
        "The user names resources of this type, but the schema does not require every part of the name: a part \
         left out is chosen by the service, mostly at random. There is no state file to remember it, so the resource could never be found again, and the \
         next run would make another. Declare every part of the identifier.";
    TOO_LARGE = 1322, "The properties are too large for one request",
        "Cloud Control takes at most 262144 characters (256 KiB) of desired state. Move the largest text out of \
         the resource: code to a bucket, a definition to a file that the resource refers to.";
    DEPRECATED = 1323, "The property is deprecated",
        "The schema marks this property as one that should no longer be used. It still works.";
    NUMBER_AS_TEXT = 1324, "A number is written where text is meant",
        "The property is text and the manifest has a number with a fraction. YAML reads 13.10 as the number 13.1, \
         so the text that is sent may not be the one that was written. Put it in quotes.";
    LIFECYCLE = 1325, "The service of the type is going away",
        "The schema says that the service is in maintenance (no new customers), in sunset (being closed down) or \
         shut down.";
    NOT_JSON = 1326, "A text that should hold a JSON document does not parse",
        "The property takes a document or its JSON text. The text begins like a document, but it is not valid JSON; the \
         message says where it stops being so. It is a warning, because the service has the last word.\n\nA document \
         may be written as YAML: members in place of a text.";
    POLICY = 1327, "A policy document has a member or value that the policy language does not know",
        "Policies are written in the policy language of IAM: `Version` (2012-10-17), `Statement`, and in each statement \
         `Effect` (Allow or Deny), `Action` or `NotAction`, and further members, capitals included. The schema only says \
         that the property is an object or a text, so this is a warning; the service refuses a malformed policy.";
    FORMAT = 1328, "The text is not of the kind that the property names",
        "The schema says what the text stands for: the id or ARN of a certain kind of resource, a network, a time. The \
         declared text does not look like it. It is a warning, because services take more than the schema says.";
    RESERVED_TAG = 1329, "A tag with a reserved key",
        "Keys that begin with `aws:` belong to AWS. No service lets its users set them.";
    TAGS = 1330, "Tags that most services do not take",
        "Most services take at most 50 tags, keys of up to 128 and values of up to 256 characters, and each key once. \
         Default tags and the tags by which stack-deploy knows its resources count.";
    NOTED = 1331, "A property that does not do what it seems to",
        "Something is known about this property beyond its schema, from the service's behaviour or from what happened to \
         others; the message says what. `stack-deploy schema TYPE` shows everything that is known of a type, with its \
         sources. The value is sent as it is.";
    MASK = 1332, "A secret is declared as a row of asterisks",
        "Services show asterisks in place of a secret. Copied into a manifest and sent, they would become the value. \
         Declare the secret itself, from a variable or a sensitive global, or leave the property out: what is not \
         declared is not changed.";
}

/// What is known about a code of this family.
pub fn explanation(code: Code) -> Option<&'static Explanation> {
    ALL.iter().find(|explanation| explanation.code == code)
}
