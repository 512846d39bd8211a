//! Other forms of declaring the same, put into the schema's own before anything else ([`Accepts`]).

use super::walk::Finding;
use super::{Violation, codes};
use crate::naming::find_property;
use crate::overlay::Accepts;
use crate::pointer::Pointer;
use crate::schema::ResourceSchema;
use crate::value::Value;
use indexmap::IndexMap;
use serde_json::Value as Json;

/// Declared properties in the form that the schema knows.
#[derive(Debug, Default)]
pub(super) struct Accepted {
    pub(super) members: IndexMap<String, Value>,
    /// Where what was moved stood, and where it stands.
    pub(super) moved: Vec<(Pointer, Pointer)>,
    /// Properties that are declared in two forms.
    pub(super) violations: Vec<Violation>,
}

/// Puts declared properties into the form that the schema knows. Of two forms of one property the first wins; the second
/// is a violation, as two spellings are.
pub(super) fn accepted(schema: &ResourceSchema, members: IndexMap<String, Value>) -> Accepted {
    let accepts = &schema.overlay.accepts;
    if *accepts == Accepts::default() {
        return Accepted { members, ..Accepted::default() };
    }
    let mut out = Taken { schema, accepted: Accepted::default(), places: IndexMap::new() };
    for (name, value) in members {
        match value {
            Value::Object(inner) if accepts.nests(&name) => {
                let plain = Accepts::plain(&name).to_owned();
                out.take_apart(&mut vec![plain], &Pointer::of([name]), inner);
            }
            other => {
                let to = match find_property(&name, schema.root.properties.keys().map(String::as_str)) {
                    // A usual spelling stays as it is: it is put right, and told, later.
                    Some(_) => None,
                    None => schema.property_of(&name).map(str::to_owned),
                };
                let from = Pointer::of([name.as_str()]);
                out.put(to.unwrap_or(name), from, other);
            }
        }
    }
    let Accepted { members, moved, violations } = out.accepted;
    let mut props = Value::Object(members);
    for path in accepts.references.iter() {
        props.change_at(&path.0, &id_of);
    }
    for path in accepts.pairs.iter() {
        props.change_at(&path.0, &map_of);
    }
    for (path, spellings) in &accepts.spellings {
        props.change_at(&path.0, &|value| match value {
            Value::String(text) => Value::String(spellings.get(&text).cloned().unwrap_or(text)),
            other => other,
        });
    }
    match props {
        Value::Object(members) => Accepted { members, moved, violations },
        _ => Accepted { moved, violations, ..Accepted::default() },
    }
}

/// What was taken so far.
struct Taken<'s> {
    schema: &'s ResourceSchema,
    accepted: Accepted,
    /// Property → where its value was declared.
    places: IndexMap<String, Pointer>,
}

impl Taken<'_> {
    /// Takes a value that is declared at `from`. Two usual spellings are left to [`super::spelling::respell`].
    fn put(&mut self, to: String, from: Pointer, value: Value) {
        let name = find_property(&to, self.schema.root.properties.keys().map(String::as_str));
        let property = name.unwrap_or(&to).to_owned();
        let is_plain = |at: &Pointer| matches!(at.segments(), [one] if self.is_spelling(one, &property));
        if let Some(first) = self.places.get(&property)
            && !(is_plain(first) && is_plain(&from))
        {
            let message =
                format!("`{}` and `{}` are the same property, `{property}`", first.dotted(), from.dotted());
            let finding = Finding::key(from, codes::DUPLICATE_PROPERTY)
                .says(message)
                .label(format!("`{property}` is already declared"))
                .next("keep one of the two");
            self.accepted.violations.push(finding.violation);
            return;
        }
        let at = Pointer::of([to.as_str()]);
        if at != from {
            self.accepted.moved.push((from.clone(), at));
        }
        self.places.entry(property).or_insert(from);
        self.accepted.members.insert(to, value);
    }

    fn is_spelling(&self, written: &str, property: &str) -> bool {
        find_property(written, [property]) == Some(property)
    }

    /// Puts the leaves of a nesting where the schema has them. What it does not know is left for the check to name. `path`
    /// is the place in the service's words, `from` as declared.
    fn take_apart(&mut self, path: &mut Vec<String>, from: &Pointer, members: IndexMap<String, Value>) {
        let accepts = &self.schema.overlay.accepts;
        for (name, value) in members {
            let from = from.child(name.as_str());
            path.push(name);
            let dotted = path.join(".");
            let outer = format!("{dotted}.");
            match (accepts.nested.get(&dotted), value) {
                (Some(property), value) => self.put(property.clone(), from, value),
                (None, Value::Object(inner))
                    if accepts.nested.keys().any(|path| path.starts_with(&outer)) =>
                {
                    self.take_apart(path, &from, inner);
                }
                (None, value) => self.put(path.last().cloned().unwrap_or_default(), from, value),
            }
            path.pop();
        }
    }
}

/// The id of a reference that is declared as the service's object.
fn id_of(value: Value) -> Value {
    match value {
        Value::Object(mut members) => match members.shift_remove("id") {
            Some(id) => id,
            None => Value::Object(members),
        },
        // A document in a text, as statements have it.
        Value::String(text) => Value::String(id_of_text(&text).unwrap_or(text)),
        other => other,
    }
}

/// The id of a reference that is written as the service writes it: `{"id": "env-1"}` (DESIGN section 2). `None` for every
/// other text.
pub fn id_of_text(text: &str) -> Option<String> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let document: Json = serde_json::from_str(text).ok()?;
    document.get("id")?.as_str().map(str::to_owned)
}

/// A list of names and values as a map; as it is where an entry has another form.
fn map_of(value: Value) -> Value {
    let items = match value {
        Value::Array(items) => items,
        other => return other,
    };
    let name = |item: &Value| match (item.get("name"), item.get("value")) {
        (Some(Value::String(name)), Some(_)) => Some(name.clone()),
        _ => None,
    };
    if !items.iter().all(|item| name(item).is_some()) {
        return Value::Array(items);
    }
    let pair = |item: Value| Some((name(&item)?, item.get("value")?.clone()));
    Value::Object(items.into_iter().filter_map(pair).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conform::conform;
    use crate::pointer::{PathSet, PropertyPath};
    use serde_json::json;

    fn schema() -> ResourceSchema {
        let mut schema: ResourceSchema = serde_json::from_value(json!({
            "typeName": "acme.shop.boxes", "type": "object", "additionalProperties": false,
            "properties": {
                "label": {"type": "string"}, "shelf": {"type": "string"},
                "owners": {"type": "array", "items": {"type": "string"}},
                "configs": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        }))
        .unwrap();
        schema.overlay.accepts = Accepts {
            references: PathSet(vec![PropertyPath::parse("/shelf"), PropertyPath::parse("/owners/*")]),
            pairs: PathSet(vec![PropertyPath::parse("/configs")]),
            nested: [("spec.label", "label"), ("spec.place.shelf", "shelf")]
                .into_iter()
                .map(|(path, name)| (path.to_owned(), name.to_owned()))
                .collect(),
            names: [("title".to_owned(), "label".to_owned())].into(),
            ..Accepts::default()
        };
        schema
    }

    fn conformed(declared: Json) -> (Json, Vec<String>) {
        let conformed = conform(&schema(), Value::from(declared));
        let told = conformed.violations.iter().map(|v| format!("{} {}", v.pointer, v.message)).collect();
        (conformed.props.exposed().unwrap(), told)
    }

    #[test]
    fn all_forms_mean_the_same() {
        let flat = json!({"label": "a", "shelf": "s"});
        for form in [
            flat.clone(),
            json!({"spec": {"label": "a", "place": {"shelf": {"id": "s", "related": "x"}}}}),
            json!({"data__label": "a", "_shelf": {"id": "s"}}),
            json!({"Title": "a", "shelf": "s"}),
        ] {
            assert_eq!(conformed(form), (flat.clone(), Vec::new()));
        }
        let owners = json!({"owners": [{"id": "u-1"}, "u-2"], "configs": [{"name": "a", "value": "1"}]});
        assert_eq!(conformed(owners).0, json!({"owners": ["u-1", "u-2"], "configs": {"a": "1"}}));
    }

    #[test]
    fn what_does_not_fit_is_told_where_it_stands() {
        let (_, told) = conformed(json!({"spec": {"label": 5, "colour": "red"}}));
        assert!(told.iter().any(|told| told.starts_with("/spec/colour ")), "{told:?}");
        let (_, told) = conformed(json!({"spec": {"label": {"a": 1}}}));
        assert!(told.iter().any(|told| told.starts_with("/spec/label ")), "{told:?}");
    }

    #[test]
    fn a_property_in_two_forms_is_told_and_the_first_counts() {
        for (declared, told) in [
            (json!({"label": "a", "spec": {"label": "b"}}), "/spec/label `label` and `spec.label`"),
            (json!({"spec": {"label": "a"}, "label": "b"}), "/label `spec.label` and `label`"),
            (json!({"Title": "a", "label": "b"}), "/label `Title` and `label`"),
            (json!({"label": "a", "data__label": "b"}), "/data__label `label` and `data__label`"),
            (
                json!({"label": "a", "data__spec": {"label": "b"}}),
                "/data__spec/label `label` and `data__spec.label`",
            ),
            (json!({"label": "a", "Label": "b"}), "/Label `label` and `Label`"),
        ] {
            let (props, all) = conformed(declared.clone());
            assert_eq!(props, json!({"label": "a"}), "{declared}");
            assert_eq!(all, [format!("{told} are the same property, `label`")], "{declared}");
        }
    }

    #[test]
    fn what_is_wrong_with_the_one_that_counts_is_told_where_it_stands() {
        let (_, told) = conformed(json!({"label": {"a": 1}, "spec": {"label": "b"}}));
        assert!(told.iter().any(|told| told.starts_with("/label ")), "{told:?}");
        assert_eq!(told.iter().filter(|told| told.starts_with("/spec/label ")).count(), 1, "{told:?}");
    }

    #[test]
    fn other_schemas_are_left_alone() {
        let mut plain = schema();
        plain.overlay.accepts = Accepts::default();
        let conformed = conform(&plain, Value::from(json!({"shelf": {"id": "s"}})));
        assert_eq!(conformed.violations.len(), 1);
    }
}
