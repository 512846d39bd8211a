//! How Cloud Control applies a patch document (cloud-control 3.2): everything here is synchronous, and nothing is
//! executed if any step fails.

use crate::config::Containers;
use crate::model::expand;
use crate::validate::{Patterns, check, model_message};
use crate::wire::WireError;
use json_patch::{PatchErrorKind, PatchOperation};
use serde_json::Value as Json;
use stack_core::pointer::{PathSet, Pointer, PropertyPath};
use stack_core::schema::ResourceSchema;

/// A patch document that has the form of RFC 6902.
#[derive(Clone, Debug)]
pub(crate) struct Patch {
    steps: Vec<Step>,
}

#[derive(Clone, Debug)]
struct Step {
    name: &'static str,
    path: Pointer,
    from: Option<Pointer>,
    operation: PatchOperation,
}

/// A model after its patch.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Patched {
    pub(crate) model: Json,
    /// The places that `remove` and `move` emptied.
    pub(crate) removed: Vec<Pointer>,
}

const OPERATIONS: [&str; 6] = ["add", "remove", "replace", "move", "copy", "test"];

/// Reads the document. Pointers start with a slash and are relative to the properties (cloud-control 3.3 rule 10).
pub(crate) fn parse(text: &str) -> Result<Patch, WireError> {
    let invalid = |why: String| WireError::validation(format!("Invalid patch document: {why}"));
    let document: Json =
        serde_json::from_str(text).map_err(|_| invalid("the document is not valid JSON".to_owned()))?;
    let Json::Array(items) = document else { return Err(invalid("the document is not a list".to_owned())) };
    let mut steps = Vec::new();
    for (i, item) in items.into_iter().enumerate() {
        let Some(map) = item.as_object() else {
            return Err(invalid(format!("operation {i} is not an object")));
        };
        let text = |name: &str| map.get(name).and_then(Json::as_str);
        let Some(name) = OPERATIONS.into_iter().find(|known| text("op") == Some(known)) else {
            return Err(invalid(format!("operation {i} has no valid 'op'")));
        };
        let pointer = |member: &str| {
            let text = text(member).ok_or_else(|| invalid(format!("operation {i} has no '{member}'")))?;
            Pointer::parse(text).map_err(|_| {
                invalid(format!("operation {i}: '{text}' is not a JSON Pointer, it must start with '/'"))
            })
        };
        let path = pointer("path")?;
        let from = if matches!(name, "move" | "copy") { Some(pointer("from")?) } else { None };
        if matches!(name, "add" | "replace" | "test") && !map.contains_key("value") {
            return Err(invalid(format!("operation {i} has no 'value'")));
        }
        let operation: PatchOperation =
            serde_json::from_value(item).map_err(|_| invalid(format!("operation {i} is malformed")))?;
        steps.push(Step { name, path, from, operation });
    }
    Ok(Patch { steps })
}

impl Patch {
    /// Applies the document to the read model: protected paths, operations in order, model validation.
    pub(crate) fn apply(
        &self,
        schema: &ResourceSchema,
        read: &Json,
        containers: Containers,
        patterns: &mut Patterns,
    ) -> Result<Patched, WireError> {
        let read_only = self.named(&schema.read_only_properties, &PathSet::default());
        if !read_only.is_empty() {
            return Err(refused("readOnlyProperties", &read_only));
        }
        let create_only = self.named(&schema.create_only_properties, &schema.read_only_properties);
        if !create_only.is_empty() {
            return Err(refused("createOnlyProperties", &create_only));
        }
        let patched = self.run(read)?;
        // Read-only wins where a path is both (cloud-control 2.1).
        for (kind, set) in [
            ("readOnlyProperties", &schema.read_only_properties),
            ("createOnlyProperties", &schema.create_only_properties),
        ] {
            let touched = self.inside(set, read, &patched.model, containers);
            if !touched.is_empty() {
                return Err(refused(kind, &touched));
            }
        }
        let violations = check(schema, &patched.model, patterns);
        if violations.is_empty() {
            Ok(patched)
        } else {
            Err(WireError::validation(model_message(&violations)))
        }
    }

    /// The protected paths that an operation names, or names something below of.
    fn named(&self, set: &PathSet, except: &PathSet) -> Vec<String> {
        let mut names = Vec::new();
        for step in &self.steps {
            let moved = step.from.as_ref().filter(|_| step.name == "move");
            for pointer in std::iter::once(&step.path).chain(moved) {
                for path in set.iter().filter(|path| path.covers(pointer) && !except.covers(pointer)) {
                    push_new(&mut names, path);
                }
            }
        }
        names
    }

    /// The protected paths strictly below a container that an operation writes, as far as their values change.
    fn inside(&self, set: &PathSet, before: &Json, after: &Json, containers: Containers) -> Vec<String> {
        let mut names = Vec::new();
        for path in set.iter() {
            let reached = self.steps.iter().filter(|step| step.name != "test").any(|step| {
                let moved = step.from.as_ref().filter(|_| step.name == "move");
                std::iter::once(&step.path).chain(moved).any(|pointer| path.is_below(pointer))
            });
            if reached && (containers == Containers::Refused || !kept(path, before, after)) {
                push_new(&mut names, path);
            }
        }
        names
    }

    fn run(&self, read: &Json) -> Result<Patched, WireError> {
        let mut model = read.clone();
        let mut removed = Vec::new();
        for step in &self.steps {
            json_patch::patch(&mut model, std::slice::from_ref(&step.operation))
                .map_err(|error| step.failure(&error.kind))?;
            match step.name {
                "remove" => removed.push(step.path.clone()),
                "move" => removed.extend(step.from.clone()),
                _ => {}
            }
        }
        Ok(Patched { model, removed })
    }
}

/// True if a protected value is as before. Where a wildcard is on the way elements may come and go, but no element
/// may bring a value that was not there.
fn kept(path: &PropertyPath, before: &Json, after: &Json) -> bool {
    let values = |model: &Json| -> Vec<Json> {
        expand(path, model).iter().filter_map(|pointer| pointer.get(model)).cloned().collect()
    };
    let (old, new) = (values(before), values(after));
    if path.as_pointer().is_some() { old == new } else { new.iter().all(|value| old.contains(value)) }
}

fn push_new(names: &mut Vec<String>, path: &PropertyPath) {
    let name = format!("/properties{path}");
    if !names.contains(&name) {
        names.push(name);
    }
}

fn refused(kind: &str, paths: &[String]) -> WireError {
    let message = format!("Invalid patch update: {kind} [{}] cannot be updated", paths.join(", "));
    if kind == "createOnlyProperties" {
        WireError::modelled("NotUpdatableException", message)
    } else {
        WireError::validation(message)
    }
}

impl Step {
    /// The words of the service's patch library, double slash included (cloud-control 1.7).
    fn failure(&self, kind: &PatchErrorKind) -> WireError {
        let name = self.name.to_uppercase();
        let message = match kind {
            PatchErrorKind::TestFailed => format!("[{name} Operation] value differs from expectations"),
            PatchErrorKind::CannotMoveInsideItself => {
                format!("[{name} Operation] cannot move a value into itself")
            }
            PatchErrorKind::InvalidFromPointer => format!(
                "[{name} Operation] noSuchPath in source, path provided : /{}",
                self.from.as_ref().map(Pointer::to_string).unwrap_or_default()
            ),
            _ => format!("[{name} Operation] noSuchPath in source, path provided : /{}", self.path),
        };
        WireError::validation(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn schema() -> ResourceSchema {
        serde_json::from_value(json!({
            "typeName": "AWS::Test::Thing",
            "additionalProperties": false,
            "required": ["Name", "Code"],
            "properties": {
                "Name": { "type": "string" }, "Arn": { "type": "string" }, "Size": { "type": "integer" },
                "Code": { "type": "object" }, "Tags": { "type": "array", "minItems": 1 },
                "Dns": { "type": "object" }, "Parts": { "type": "array" }, "Both": {},
            },
            "primaryIdentifier": ["/properties/Name"],
            "readOnlyProperties": ["/properties/Arn", "/properties/Parts/*/Id", "/properties/Both"],
            "createOnlyProperties": ["/properties/Name", "/properties/Dns/Mode", "/properties/Both"],
            "writeOnlyProperties": ["/properties/Code/Zip"],
        }))
        .unwrap()
    }

    fn read() -> Json {
        json!({ "Name": "n", "Arn": "a", "Size": 1, "Code": {}, "Dns": { "Mode": "x", "Free": 1 },
                "Parts": [{ "Id": "1" }] })
    }

    fn outcome(document: &Json) -> Result<Json, String> {
        parse(&document.to_string())
            .and_then(|patch| patch.apply(&schema(), &read(), Containers::Compared, &mut Patterns::default()))
            .map(|patched| patched.model)
            .map_err(|error| format!("{}: {}", error.name(), error.message))
    }

    fn op(op: &str, path: &str, value: Json) -> Json {
        json!([{ "op": op, "path": path, "value": value }])
    }

    #[test]
    fn a_read_only_path_is_a_validation_error() {
        assert_eq!(
            outcome(&op("add", "/Arn", json!("b"))),
            Err("ValidationException: Invalid patch update: readOnlyProperties [/properties/Arn] cannot be updated"
                .to_owned())
        );
    }

    #[test]
    fn a_create_only_path_is_refused_even_with_its_own_value() {
        assert_eq!(
            outcome(&op("add", "/Name", json!("n"))),
            Err("NotUpdatableException: Invalid patch update: createOnlyProperties [/properties/Name] cannot be \
                 updated"
                .to_owned())
        );
    }

    #[test]
    fn read_only_wins_where_a_path_is_both() {
        assert!(outcome(&op("add", "/Both", json!(1))).unwrap_err().contains("readOnlyProperties"));
    }

    #[test]
    fn replace_on_an_absent_path_shows_it_with_two_slashes() {
        assert_eq!(
            outcome(&op("replace", "/Dns/Other", json!(1))),
            Err("ValidationException: [REPLACE Operation] noSuchPath in source, path provided : //Dns/Other"
                .to_owned())
        );
        assert!(
            outcome(&json!([{ "op": "remove", "path": "/Tags" }]))
                .unwrap_err()
                .contains("[REMOVE Operation]")
        );
        assert!(outcome(&op("add", "/None/A", json!(1))).unwrap_err().contains("path provided : //None/A"));
    }

    #[test]
    fn the_model_is_validated_after_the_patch() {
        assert_eq!(
            outcome(&json!([{ "op": "remove", "path": "/Code" }])),
            Err("ValidationException: Model validation failed (#: required key [Code] not found)".to_owned())
        );
        assert_eq!(
            outcome(&op("add", "/Tags", json!([]))),
            Err("ValidationException: Model validation failed (#/Tags: expected minimum item count: 1, found: 0)"
                .to_owned())
        );
        assert!(outcome(&op("add", "/Size", json!(null))).unwrap_err().contains("found: Null"));
    }

    #[test]
    fn a_properties_prefix_or_a_missing_slash_is_no_place_in_the_model() {
        assert!(outcome(&op("add", "/properties/Size", json!(2))).unwrap_err().contains("noSuchPath"));
        assert!(outcome(&op("add", "Size", json!(2))).unwrap_err().contains("must start with '/'"));
    }

    #[test]
    fn a_slash_is_a_member_named_empty_and_not_the_root() {
        assert!(
            outcome(&op("add", "/", json!({}))).unwrap_err().contains("extraneous key [] is not permitted")
        );
    }

    #[test]
    fn a_container_may_be_sent_whole_if_it_carries_the_protected_values() {
        assert!(outcome(&op("add", "/Dns", json!({ "Mode": "x", "Free": 2 }))).is_ok());
        for value in [json!({ "Mode": "y" }), json!({ "Free": 2 })] {
            assert!(outcome(&op("add", "/Dns", value)).unwrap_err().contains("[/properties/Dns/Mode]"));
        }
        let whole = parse(&op("add", "/Dns", json!({ "Mode": "x" })).to_string()).unwrap();
        let strict = whole.apply(&schema(), &read(), Containers::Refused, &mut Patterns::default());
        assert_eq!(strict.unwrap_err().name(), "NotUpdatableException");
    }

    #[test]
    fn elements_may_come_and_go_but_bring_no_new_read_only_values() {
        assert!(outcome(&op("add", "/Parts", json!([{ "Id": "1" }, { "N": 1 }]))).is_ok());
        assert!(outcome(&op("add", "/Parts", json!([{ "Id": "2" }]))).is_err());
    }

    #[test]
    fn all_six_operations_run_in_order() {
        let document = json!([
            { "op": "test", "path": "/Size", "value": 1 },
            { "op": "copy", "from": "/Size", "path": "/Dns/Size" },
            { "op": "move", "from": "/Dns/Size", "path": "/Size" },
            { "op": "replace", "path": "/Size", "value": 5 },
            { "op": "add", "path": "/Tags", "value": ["t"] },
            { "op": "remove", "path": "/Dns/Free" },
        ]);
        let model = outcome(&document).unwrap();
        assert_eq!((model["Size"].clone(), model["Tags"].clone()), (json!(5), json!(["t"])));
        assert!(
            outcome(&json!([{ "op": "test", "path": "/Size", "value": 2 }])).unwrap_err().contains("[TEST")
        );
    }

    #[test]
    fn an_empty_document_changes_nothing() {
        assert_eq!(outcome(&json!([])), Ok(read()));
    }

    #[test]
    fn malformed_documents_are_refused() {
        for text in ["{}", "[1]", "[", r#"[{"op":"drop","path":"/A"}]"#, r#"[{"op":"add","path":"/A"}]"#] {
            assert_eq!(parse(text).unwrap_err().name(), "ValidationException", "{text}");
        }
    }

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i32>().prop_map(Json::from),
            "[a-zA-Z/~0-9]{0,6}".prop_map(Json::from)
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::vec(("(op|path|value|from|Name|Size|Dns|-|[a-z]{0,3})", inner), 0..4)
                    .prop_map(|pairs| Json::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_document_panics(
            steps in prop::collection::vec(
                (prop::sample::select(OPERATIONS.to_vec()), "(/(Name|Size|Dns|Parts|Mode|0|-|~0|~1|~)?){0,3}|[a-z]*",
                 "(/(Name|Size|Dns|Parts|0)){0,2}", any_json()),
                0..4,
            ),
            free in any_json(),
        ) {
            let steps: Vec<Json> = steps
                .into_iter()
                .map(|(op, path, from, value)| json!({ "op": op, "path": path, "from": from, "value": value }))
                .collect();
            drop(outcome(&Json::from(steps)));
            drop(outcome(&free));
        }
    }
}
