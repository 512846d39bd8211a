//! Asterisks that were copied from what a service shows in place of a secret: sent, they would become the value
//! (Confluent trap 51).

use super::codes;
use super::spelling::Respelt;
use super::walk::{Finding, Findings};
use crate::pointer::Pointer;
use crate::schema::ResourceSchema;
use crate::value::Value;
use indexmap::IndexMap;
use serde_json::Value as Json;

/// True for what services show in place of a secret: two asterisks or more, and nothing else.
pub fn is_mask(value: &Json) -> bool {
    value.as_str().is_some_and(is_mask_text)
}

fn is_mask_text(text: &str) -> bool {
    text.len() >= 2 && text.bytes().all(|b| b == b'*')
}

/// Notes masks where secrets are declared.
pub(super) fn check(schema: &ResourceSchema, respelt: &Respelt, props: &Value, found: &mut Findings) {
    if let Value::Object(members) = props {
        walk(schema, respelt, members, &Pointer::root(), found);
    }
}

fn walk(
    schema: &ResourceSchema,
    respelt: &Respelt,
    members: &IndexMap<String, Value>,
    at: &Pointer,
    found: &mut Findings,
) {
    for (name, value) in members {
        let at = at.child(name);
        let value = match value {
            Value::Secret(secret) => secret.expose(),
            other => other,
        };
        match value {
            Value::Object(inner) => walk(schema, respelt, inner, &at, found),
            Value::String(text) if is_mask_text(text) && holds_secret(schema, &at) => {
                let mut declared = at.segments().to_vec();
                if let Some(top) = declared.first_mut() {
                    *top = respelt.declared(top).to_owned();
                }
                let finding = Finding::key(Pointer::of(declared), codes::MASK)
                    .says(format!("the value of `{}` is a mask", at.dotted()))
                    .label("asterisks stand for a secret that is not shown")
                    .note("why", "sent as it is, it would become the value")
                    .next("declare the secret itself, from a variable that is sensitive; or leave the property out");
                found.push(finding);
            }
            _ => {}
        }
    }
}

fn holds_secret(schema: &ResourceSchema, at: &Pointer) -> bool {
    let overlay = &schema.overlay;
    overlay.masked.covers(at) || overlay.secrets.covers(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conform::conform;
    use crate::pointer::{PathSet, PropertyPath};
    use serde_json::json;

    fn told(declared: Json) -> Vec<String> {
        let mut schema: ResourceSchema = serde_json::from_value(json!({
            "typeName": "acme.shop.boxes", "type": "object",
            "properties": {
                "label": {"type": "string"},
                "configs": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        }))
        .unwrap();
        schema.overlay.masked = PathSet(vec![PropertyPath::parse("/configs")]);
        let conformed = conform(&schema, Value::from(declared));
        assert!(conformed.violations.iter().all(|violation| violation.code == codes::MASK));
        conformed.violations.iter().map(|violation| violation.pointer.to_string()).collect()
    }

    #[test]
    fn asterisks_are_a_mask_where_secrets_are() {
        let configs = json!({"name": "**", "secret": "****", "star": "*", "glob": "**/*"});
        assert_eq!(told(json!({"configs": configs, "label": "****"})), ["/configs/name", "/configs/secret"]);
    }
}
