//! What literals of INSERT, UPDATE and DELETE mean for a type: values, properties, options. The one place with these rules
//! (stackql-compat 5.4).

use crate::dml::Operand;
use crate::holes::value;
use serde_json::Value as Json;
use stack_core::naming::find_property;
use stack_core::rest::Described;
use stack_core::schema::{JsonType, ResourceSchema};
use stack_core::statement::Hole;
use stack_core::value::{Secret, Value};

/// A value as written; `None` for expressions.
pub fn literal(operand: &Operand, holes: &[Hole]) -> Option<Value> {
    Some(match operand {
        Operand::Text(text) => value(text, holes),
        Operand::Forced(text) => as_text(value(text, holes)),
        Operand::Number(text) => {
            let number: Option<serde_json::Number> = serde_json::from_str(text).ok();
            number.map_or_else(|| Value::text(text.as_str()), Value::Number)
        }
        Operand::Boolean(truth) => Value::Bool(*truth),
        Operand::Null => Value::Null,
        Operand::Expression => return None,
    })
}

/// The name without the prefix that older tables have.
pub fn bare(name: &str) -> &str {
    name.strip_prefix("data__").unwrap_or(name)
}

/// The property that a column means, in either spelling, with or without `data__`.
pub fn property(schema: &ResourceSchema, written: &str) -> Option<String> {
    let names = || schema.root.properties.keys().map(String::as_str);
    // Exact spellings first: `data__Type` is `Type`, and no other spelling of `DataType`.
    let exact = [written, bare(written)].into_iter().find_map(|text| names().find(|name| *name == text));
    let found = exact.or_else(|| find_property(bare(written), names()));
    found.or_else(|| find_property(written, names())).map(str::to_owned)
}

/// A list or an object as compact JSON text, as texts of statements have it (stackql-compat 1.7). What holds something that is
/// not known yet waits as a whole.
fn as_text(value: Value) -> Value {
    match &value {
        Value::Array(_) | Value::Object(_) => match (value.unknown(), value.exposed()) {
            (Some(unknown), _) => Value::Unknown(unknown),
            (None, Some(json)) if value.has_secret() => {
                Value::Secret(Secret::new(Value::text(json.to_string())))
            }
            (None, Some(json)) => Value::text(json.to_string()),
            (None, None) => value,
        },
        _ => value,
    }
}

/// Text that holds JSON, where the schema takes a list or an object; JSON text, where it takes only text.
pub fn structured(schema: &ResourceSchema, property: &str, value: Value) -> Value {
    let Some(node) = schema.root.properties.get(property) else { return value };
    let types = &schema.follow(node).types;
    let takes = types.names(JsonType::Array) || types.names(JsonType::Object);
    match &value {
        Value::String(text) if takes => {
            let parsed: Option<Json> = serde_json::from_str(text).ok();
            parsed.filter(|json| json.is_array() || json.is_object()).map_or(value, Value::from)
        }
        Value::Array(_) | Value::Object(_) if !takes && types.names(JsonType::String) => as_text(value),
        Value::Secret(secret) if !takes && types.names(JsonType::String) => {
            Value::Secret(Secret::new(as_text(secret.expose().clone())))
        }
        _ => value,
    }
}

/// A value of a column as the type has it: text that holds a document, where a list or an object is taken, or where the
/// column is an object of a REST service's bodies that properties are taken out of (`spec`).
pub fn written(
    schema: &ResourceSchema,
    about: Option<&dyn Described>,
    property: &str,
    value: Value,
) -> Value {
    match &value {
        Value::String(text) if about.is_some_and(|about| about.is_nesting(property)) => {
            let document: Option<Json> = serde_json::from_str(text).ok();
            document.filter(Json::is_object).map_or(value, Value::from)
        }
        _ => structured(schema, property, value),
    }
}

/// What stands beside the properties in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestOption {
    /// Where.
    Region,
    /// Role that the service assumes.
    RoleArn,
    /// Version of a private type.
    TypeVersionId,
    /// Idempotency token.
    ClientToken,
}

/// The option that a name means.
pub fn option(written: &str) -> Option<RequestOption> {
    Some(match bare(written) {
        "region" => RequestOption::Region,
        "RoleArn" => RequestOption::RoleArn,
        "TypeVersionId" => RequestOption::TypeVersionId,
        "ClientToken" => RequestOption::ClientToken,
        _ => return None,
    })
}

/// True for a column of an INSERT that is a property: many types have a `RoleArn` of their own. Not so the region of the
/// request.
pub fn is_property(schema: &ResourceSchema, written: &str) -> bool {
    bare(written) != "region" && property(schema, written).is_some()
}

/// True for a column that tells which resource is meant.
pub fn is_identifier(written: &str) -> bool {
    ["identifier", "id"].iter().any(|known| bare(written).eq_ignore_ascii_case(known))
}

/// What a client token may be.
pub const CLIENT_TOKEN: &str = "1 to 128 letters, digits and -+/=";

/// True for 1 to 128 of the characters that the service takes (cloud-control 1.3).
pub fn is_client_token(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-+/=".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack_catalog::Catalog;
    use stack_core::ids::TypeName;
    use stack_core::schema::Schemas;

    #[test]
    fn text_becomes_structure_only_where_the_schema_takes_one() {
        let schema = Catalog::embedded().schema(&TypeName::new("AWS::S3::Bucket")).unwrap();
        let of = |name: &str, text: &str| structured(&schema, name, Value::text(text));
        assert!(matches!(of("Tags", "[]"), Value::Array(_)));
        assert_eq!(of("BucketName", "[]"), Value::text("[]"));
        assert_eq!(of("Tags", "no"), Value::text("no"));
        assert_eq!(property(&schema, "data__bucket_name").as_deref(), Some("BucketName"));
        assert_eq!(option("data__ClientToken"), Some(RequestOption::ClientToken));
        assert_eq!(option("clienttoken"), None);
    }

    #[test]
    fn tokens_have_the_characters_of_the_service() {
        assert!(is_client_token("a-1+/="));
        for text in ["", "a b", "ä", &"x".repeat(129)] {
            assert!(!is_client_token(text), "{text}");
        }
    }
}
