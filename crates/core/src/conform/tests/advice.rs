//! Hints about what was probably meant, and warnings about what the schema only hints at.

use super::{domain, of, says, table, thing};
use crate::conform::{check_default_tags, check_request};
use crate::testdata::schema;
use crate::value::Value;
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

/// A type whose `Matching` and `Rules` have an `Enabled`, and `Rules` a `Filter` that only it has.
fn nested() -> crate::schema::ResourceSchema {
    thing(json!({
        "properties": {
            "Name": {"type": "string"},
            "Matching": {"$ref": "#/definitions/Matching"},
            "Rules": {"type": "array", "items": {"$ref": "#/definitions/Rule"}},
            "Arn": {"type": "string"},
        },
        "definitions": {
            "Matching": {"type": "object", "additionalProperties": false, "properties": {
                "Enabled": {"type": "boolean"}, "Schedule": {"type": "string"},
            }},
            "Rule": {"type": "object", "additionalProperties": false, "properties": {
                "Enabled": {"type": "boolean"}, "Filter": {"type": "string"}, "Inner": {"$ref": "#/definitions/Rule"},
            }},
        },
        "readOnlyProperties": ["/properties/Arn"],
    }))
}

/// What stands beside the carets of the only violation.
fn label(text: &str) -> &str {
    assert_eq!(text.matches("\n  ^ ").count(), 1, "{text}");
    text.split("\n  ^ ").nth(1).unwrap().lines().next().unwrap()
}

#[test]
fn a_name_of_another_level_is_told_where_it_belongs() {
    for (declared, said) in [
        (json!({"Schedule": "x"}), "`Schedule` belongs under `Matching`"),
        (json!({"Filter": "x"}), "`Filter` belongs under `Rules[]`"),
        (json!({"Enabled": true}), "`Enabled` belongs under `Matching` or `Rules[]`"),
        (json!({"Rules": [{"Schedule": "x"}]}), "`Schedule` belongs under `Matching`"),
        (json!({"Matching": {"Name": "x"}}), "`Name` belongs at the top level"),
        (json!({"Matching": {"Arn": "x"}}), "not a property"),
        (json!({"Matching": {"Nonsense": "x"}}), "not a property"),
    ] {
        let text = says(&nested(), declared.clone());
        assert!(text.starts_with("SD1301 "), "{text}");
        assert_eq!(label(&text), said, "{declared}");
    }
}

#[test]
fn of_many_levels_the_nearest_are_named() {
    assert_eq!(
        label(&of("AWS::CustomerProfiles::Domain", domain(json!({"Enabled": true})))),
        "`Enabled` belongs under `DataStore` or `Matching` or `RuleBasedMatching`"
    );
}

#[test]
fn a_slip_is_nearer_than_another_level_and_another_level_nearer_than_a_distant_name() {
    let thing = thing(json!({"properties": {
        "Transitions": {"type": "object", "additionalProperties": false, "properties": {
            "TransitionInDays": {"type": "integer"}, "Transition": {"type": "string"},
        }},
        "VersioningConfiguration": {"type": "object"},
    }}));
    let said = |key: &str| label(&says(&thing, json!({key: 3}))).to_owned();
    assert_eq!(said("TransitionInDays"), "`TransitionInDays` belongs under `Transitions`");
    assert_eq!(said("Transition"), "did you mean `Transitions`?");
    assert_eq!(said("Versioning"), "did you mean `VersioningConfiguration`?");
}

#[test]
fn a_key_of_ones_own_belongs_into_the_only_map() {
    let function = thing(
        json!({"properties": {"Environment": {"type": "object", "additionalProperties": false,
            "properties": {"Variables": {"type": "object", "patternProperties": {"^[A-Z]+$": {"type": "string"}}}},
        }}}),
    );
    assert_eq!(
        label(&says(&function, json!({"Environment": {"STAGE": "x"}}))),
        "`STAGE` belongs under `Environment.Variables`"
    );
}

#[test]
fn another_spelling_of_a_declared_member_is_told_so() {
    let twice = json!({"Matching": {"Enabled": true, "enabled": true}});
    assert_eq!(label(&of("AWS::CustomerProfiles::Domain", domain(twice))), "`Enabled` is already declared");
}

#[test]
fn the_first_elements_of_a_list_may_have_rules_of_their_own() {
    let thing = thing(json!({"properties": {"Keys": {
        "type": "array", "items": {"type": "string"}, "prefixItems": [{"enum": ["HASH"]}, {"enum": ["RANGE"]}],
    }}}));
    assert_eq!(says(&thing, json!({"Keys": ["HASH", "RANGE", "x"]})), "");
    let said = says(&thing, json!({"Keys": ["RANGE", "hash"]}));
    assert_eq!(said.matches("SD1305").count(), 2, "{said}");
}

#[test]
fn tags_in_the_other_form_are_told_the_right_one() {
    let listed = of("AWS::CustomerProfiles::Domain", domain(json!({"Tags": {"team": "x"}})));
    assert!(listed.ends_with("= next: write each tag as an element: - { Key: …, Value: … }"), "{listed}");
    let parameter =
        json!({"Name": "n", "Type": "String", "Value": "v", "Tags": [{"Key": "a", "Value": "b"}]});
    let mapped = of("AWS::SSM::Parameter", parameter);
    assert!(mapped.ends_with("= next: write each tag as a member: key: value"), "{mapped}");
}

#[test]
fn tags_by_the_usual_name_lead_to_the_property_of_the_type() {
    let tagged = thing(json!({
        "properties": {"FileTags": {"type": "array", "items": {"type": "object"}}},
        "tagging": {"taggable": true, "tagProperty": "/properties/FileTags"},
    }));
    assert_eq!(label(&says(&tagged, json!({"Tags": []}))), "the tags of this type are `FileTags`");
    let untagged = thing(json!({"properties": {"Name": {"type": "string"}}, "tagging": {"taggable": false}}));
    assert_eq!(label(&says(&untagged, json!({"tags": []}))), "this type cannot be tagged");
}

#[test]
fn words_and_numbers_that_yaml_reads_as_text_are_explained() {
    let thing = thing(json!({"properties": {
        "On": {"type": "boolean"}, "Count": {"type": "integer"}, "Rules": {"type": "object"},
    }}));
    for (declared, why, next) in [
        (json!({"On": "yes"}), "YAML 1.2 reads `yes` as a text", "write true"),
        (json!({"On": "Off"}), "YAML 1.2 reads `Off` as a text", "write false"),
        (json!({"Count": "0123"}), "YAML reads a number with leading zeros as a text", "write 123"),
    ] {
        let text = says(&thing, declared);
        assert!(
            text.starts_with("SD1304") && text.ends_with(&format!("\n  = why: {why}\n  = next: {next}")),
            "{text}"
        );
    }
    let broken = says(&thing, json!({"Rules": "{\"a\": 1,}"}));
    assert!(
        broken.contains("starts like a JSON document and is none: key must be a string, at character 9"),
        "{broken}"
    );
    // What is in a secret is not shown, not even as advice.
    let hidden = says(&thing, json!({"On": {"$secret": "yes"}}));
    assert!(hidden.starts_with("SD1304") && !hidden.contains("yes"), "{hidden}");
}

#[test]
fn a_float_where_text_is_meant_is_a_warning_even_without_a_fraction() {
    let thing = thing(json!({"properties": {"Version": {"type": "string"}}}));
    assert!(
        says(&thing, json!({"Version": 1e5})).starts_with("SD1324 (warning) /Version: `Version` is text")
    );
    assert_eq!(says(&thing, json!({"Version": 123_456_789_012_u64})), "");
}

#[test]
fn a_text_that_starts_like_a_document_is_to_be_one() {
    let thing = thing(json!({"properties": {
        "Doc": {"type": ["object", "string"], "format": "json"}, "Free": {"type": "string"},
        "Either": {"type": ["array", "string"]},
    }}));
    let clean = json!({"Doc": " {\"a\": [1]}", "Free": "{not json", "Either": "[1]"});
    assert_eq!(says(&thing, clean), "");
    for text in ["plain", "", "{{resolve:ssm:x}}", "schemaVersion: '2.2'"] {
        assert_eq!(says(&thing, json!({"Doc": text})), "", "{text}");
    }
    let said = says(&thing, json!({"Doc": "{\n  \"a\" 1\n}", "Either": "[1"}));
    assert_eq!(
        said,
        "SD1326 (warning) /Doc: the text of `Doc` starts like a JSON document and is none\n  \
           ^ expected `:`, in line 2 of the text, column 7\n  \
           = next: correct the text, or write the document as YAML: its members instead of a text\n\
         SD1326 (warning) /Either: the text of `Either` starts like a JSON document and is none\n  \
           ^ EOF while parsing a list, at character 2 of the text\n  \
           = next: correct the text, or write the document as YAML: its members instead of a text"
    );
}

/// What is said about a role whose policy has these members.
fn policy(document: Json) -> String {
    of("AWS::IAM::Role", json!({"RoleName": "r", "AssumeRolePolicyDocument": document}))
}

#[test]
fn a_misspelt_policy_document_is_warned_about_at_its_member() {
    let statement = json!({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"});
    let with = |key: &str, value: Json| {
        let mut statement = statement.clone();
        statement[key] = value;
        json!({"Version": "2012-10-17", "Statement": [statement]})
    };
    assert_eq!(policy(json!({"Version": "2012-10-17", "Id": "x", "Statement": [statement]})), "");
    assert_eq!(policy(json!({"Statement": statement})), "");
    let at = "/AssumeRolePolicyDocument";
    for (document, place, said, label) in [
        (
            json!({"Version": "2012-10-18", "Statement": [statement]}),
            "/Version",
            "there is no version `2012-10-18` of the policy language",
            "write 2012-10-17",
        ),
        (
            json!({"version": "2012-10-17", "Statement": [statement]}),
            "/version#",
            "a policy document has no member `version`",
            "did you mean `Version`?",
        ),
        (
            json!({"Version": "2012-10-17", "Statment": [statement]}),
            "/Statment#",
            "a policy document has no member `Statment`",
            "did you mean `Statement`?",
        ),
        (
            with("Effect", json!("allow")),
            "/Statement/0/Effect",
            "the effect of a statement cannot be `allow`",
            "write Allow",
        ),
        (
            with("Resources", json!("*")),
            "/Statement/0/Resources#",
            "a statement has no member `Resources`",
            "did you mean `Resource`?",
        ),
        (
            with("Colour", json!("red")),
            "/Statement/0/Colour#",
            "a statement has no member `Colour`",
            "known are Sid, Effect, Principal, NotPrincipal, Action, NotAction, Resource, NotResource, Condition",
        ),
        (
            json!({"Statement": [{"Action": "*", "Principal": "*"}]}),
            "/Statement/0",
            "a statement of `AssumeRolePolicyDocument.Statement[0]` has no `Effect`",
            "`Effect` is missing",
        ),
        (
            json!({"Statement": {"Effect": "Deny", "Principal": "*"}}),
            "/Statement#",
            "a statement of `AssumeRolePolicyDocument.Statement` has no `Action`",
            "`Action` is missing",
        ),
    ] {
        assert_eq!(policy(document), format!("SD1327 (warning) {at}{place}: {said}\n  ^ {label}"));
    }
    // In a text the parts have no places; the text is underlined.
    let text = json!({"Statement": [{"Effect": "Alow", "Action": "*"}]}).to_string();
    let said = policy(json!(text));
    assert_eq!(
        said,
        format!("SD1327 (warning) {at}: the effect of a statement cannot be `Alow`\n  ^ write Allow")
    );
    assert_eq!(policy(json!({"$secret": text})), "");
}

#[test]
fn documents_of_other_languages_are_not_judged() {
    let protection = json!({
        "Name": "x", "Version": "2021-06-01", "Statement": [{"Sid": "a", "DataIdentifier": [], "Operation": {}}],
    });
    assert_eq!(policy(protection), "");
    assert_eq!(policy(json!({"Version": "2021.12", "segments": []})), "");
    assert_eq!(policy(json!({"Statement": {"$unknown": "Statement"}})), "");
    assert_eq!(policy(json!({"Statement": [{"Effect": {"$unknown": "E"}, "Action": "*"}]})), "");
}

#[test]
fn a_text_of_another_kind_than_the_format_says_is_a_warning() {
    let thing = thing(json!({"properties": {
        "VpcId": {"type": "string", "format": "AWS::EC2::VPC.Id"},
        "Start": {"type": "string", "format": "date-time"},
        "Key": {"anyOf": [{"type": "string", "format": "AWS::EC2::VPC.Id"}, {"type": "string", "pattern": "^k"}]},
    }}));
    assert_eq!(
        says(&thing, json!({"VpcId": "vpc-0a1b2c3d", "Start": "2026-01-31T08:00:00Z", "Key": "x"})),
        ""
    );
    assert_eq!(
        says(&thing, json!({"VpcId": "vpc_123", "Start": "31.1.2026"})),
        "SD1328 (warning) /VpcId: `VpcId` does not look like the Id of `AWS::EC2::VPC`\n  \
           ^ expected an id such as vpc-0a1b2c3d4e5f67890\n  \
           = why: the schema gives the format `AWS::EC2::VPC.Id`\n\
         SD1328 (warning) /Start: `Start` does not look like a time\n  \
           ^ expected a time such as 2026-01-31T08:00:00Z\n  \
           = why: the schema gives the format `date-time`"
    );
}

#[test]
fn elements_with_the_same_key_are_a_warning() {
    let twice = table(json!({"AttributeDefinitions": [
        {"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "id", "AttributeType": "N"},
    ]}));
    let said = of("AWS::DynamoDB::Table", twice);
    assert!(
        said.contains(
            "SD1310 (warning) /AttributeDefinitions/1/AttributeName: `AttributeDefinitions` has two elements \
                       with the `AttributeName` `id`\n  ^ the same as element 0"
        ),
        "{said}"
    );
}

/// A type with the usual list of tags, without rules of its own for them.
fn tagged() -> crate::schema::ResourceSchema {
    thing(json!({
        "properties": {"Tags": {"type": "array", "items": {
            "type": "object", "properties": {"Key": {"type": "string"}, "Value": {"type": "string"}},
            "required": ["Key", "Value"], "additionalProperties": false,
        }}, "Code": {"type": "string"}},
        "tagging": {"taggable": true},
    }))
}

#[test]
fn tags_that_no_service_takes_are_errors_and_others_are_warnings() {
    let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
    let long = "x".repeat(300);
    let said =
        says(&tagged(), json!({"Tags": [tag("aws:a", ""), tag("a", ""), tag("a", "b"), tag(&long, &long)]}));
    assert_eq!(
        said,
        "SD1329 /Tags/0/Key: `Test::Unit::Thing` cannot be tagged with `aws:a`\n  \
           ^ keys that begin with aws: are AWS's own\n  = next: choose another key\n\
         SD1330 (warning) /Tags/2/Key: `Tags` has the tag `a` twice\n  \
           ^ the same as element 1\n  = next: keep one of the two\n\
         SD1330 (warning) /Tags/3/Key: the key of a tag has 300 characters, most services take 128\n  ^ too long\n\
         SD1330 (warning) /Tags/3/Value: the tag `".to_owned()
            + &long
            + "` has 300 characters, most services take 256\n  ^ too long"
    );
    let map = of(
        "AWS::SSM::Parameter",
        json!({"Name": "n", "Type": "String", "Value": "v", "Tags": {"aws:x": "1"}}),
    );
    assert!(map.starts_with("SD1329 /Tags/aws:x#: "), "{map}");
    // Where the schema's own pattern refuses the key, that is enough.
    let pattern = thing(json!({
        "properties": {"Tags": {"type": "array", "items": {"type": "object", "properties": {
            "Key": {"type": "string", "pattern": "^(?!aws:)[a-z:]+$"}, "Value": {"type": "string"},
        }}}},
        "tagging": {"taggable": true},
    }));
    let said = says(&pattern, json!({"Tags": [tag("aws:a", "")]}));
    assert!(said.starts_with("SD1306") && !said.contains("SD1329"), "{said}");
}

fn defaults(tags: &[(&str, &str)]) -> IndexMap<String, Value> {
    tags.iter().map(|(key, value)| ((*key).to_owned(), Value::text(*value))).collect()
}

#[test]
fn default_tags_are_held_against_the_type() {
    let said = |tags: &[(&str, &str)]| {
        let found = check_default_tags(&schema("AWS::CustomerProfiles::Domain"), &defaults(tags));
        found.into_iter().map(|(key, v)| format!("{key} {} {}", v.code, v.pointer)).collect::<Vec<_>>()
    };
    assert_eq!(said(&[("team", "crm")]), Vec::<String>::new());
    assert_eq!(said(&[("team", "crm"), ("aws:x", "1")]), ["aws:x SD1306 /Tags/1/Key"]);
    let long = "x".repeat(300);
    assert_eq!(said(&[("team", &long)]), ["team SD1307 /Tags/0/Value"]);
    assert_eq!(check_default_tags(&thing(json!({"properties": {}})), &defaults(&[("aws:x", "")])), []);
}

#[test]
fn the_tags_of_the_tool_count() {
    let marks = [("stackql:stack-name".to_owned(), "s".to_owned())];
    let request = |props: Json, tags: &[(&str, &str)]| {
        let found = check_request(&tagged(), &Value::from(props), &defaults(tags), &marks);
        found.into_iter().map(|v| format!("{} {} ^ {}", v.code, v.message, v.label)).collect::<Vec<_>>()
    };
    let many: Vec<Json> = (0..49).map(|i| json!({"Key": format!("k{i}"), "Value": ""})).collect();
    assert_eq!(request(json!({"Tags": many}), &[("k0", "")]), Vec::<String>::new());
    assert_eq!(
        request(json!({"Tags": many}), &[("more", "")]),
        [
            "SD1330 `Test::Unit::Thing` gets 51 tags, most services take 50 ^ 2 of them are default tags and marks of \
          ownership"
        ]
    );
    // Just within the limit, until the marks are added.
    let frame = json!({"Code": ""}).to_string().len();
    let fits = "x".repeat(262_144 - frame);
    assert_eq!(says(&tagged(), json!({"Code": fits})), "");
    let said = request(json!({"Code": fits}), &[]);
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("SD1322 the properties of `Test::Unit::Thing` are too large"), "{said:?}");
    // Said once: by `conform`, where the properties alone are too large.
    let over = "x".repeat(262_145 - frame);
    assert!(says(&tagged(), json!({"Code": over})).starts_with("SD1322"));
    assert_eq!(request(json!({"Code": over}), &[]), Vec::<String>::new());
}
