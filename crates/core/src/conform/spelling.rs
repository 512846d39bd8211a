//! Top-level names in the provider's spelling.

use super::{Violation, codes};
use crate::diagnostic::Severity;
use crate::naming::find_property;
use crate::pointer::Pointer;
use crate::schema::ResourceSchema;
use crate::value::Value;
use indexmap::IndexMap;

/// Renames the top-level members. The first of two spellings of one property wins; the second is a violation.
pub(super) fn respell(
    schema: &ResourceSchema,
    declared: Value,
) -> (Value, Vec<(Pointer, Pointer)>, Vec<Violation>) {
    let Value::Object(members) = declared else { return (declared, Vec::new(), Vec::new()) };
    let mut props = IndexMap::with_capacity(members.len());
    let mut renames: Vec<(Pointer, Pointer)> = Vec::new();
    let mut violations = Vec::new();
    let mut origin: IndexMap<String, String> = IndexMap::new();
    for (written, value) in members {
        let name = find_property(&written, schema.root.properties.keys().map(String::as_str))
            .map_or_else(|| written.clone(), str::to_owned);
        if let Some(first) = origin.get(&name) {
            violations.push(Violation {
                pointer: Pointer::of([written.as_str()]),
                on_key: true,
                code: codes::DUPLICATE_PROPERTY,
                message: format!("`{first}` and `{written}` are the same property, `{name}`"),
                label: "already declared".to_owned(),
                notes: vec![("next".to_owned(), "keep one of the two".to_owned())],
                severity: Severity::Error,
            });
            continue;
        }
        if name != written {
            renames.push((Pointer::of([written.as_str()]), Pointer::of([name.as_str()])));
        }
        origin.insert(name.clone(), written);
        props.insert(name, value);
    }
    (Value::Object(props), renames, violations)
}
