//! JSON Schema (2020-12) of the manifest, for editors (plan-ux 16). Values may be templates everywhere.

mod types;

use crate::schemas::CachedSchemas;
use serde_json::{Map, Value as Json, json};
use stack_core::ids::TypeName;
use stack_core::schema::UnknownType;

/// The schema, knowing the properties of these types. Of others any property is accepted.
///
/// # Errors
/// A type that does not exist.
pub fn schema(schemas: &CachedSchemas, used: &[TypeName]) -> Result<Json, UnknownType> {
    let mut defs = Map::new();
    defs.insert("template".to_owned(), template());
    defs.insert("text".to_owned(), json!({ "type": ["string", "number", "boolean"] }));
    defs.insert("texts".to_owned(), json!({ "type": "array", "items": { "type": "string" } }));
    defs.insert("global".to_owned(), global());
    defs.insert("prop".to_owned(), prop());
    defs.insert("export".to_owned(), export());
    defs.insert("lifecycle".to_owned(), lifecycle());
    defs.insert("settings".to_owned(), settings());
    let mut choices = Vec::new();
    for ty in used {
        let names = types::names(ty);
        choices.push(json!({
            "if": { "properties": { "type": { "enum": names } }, "required": ["type"] },
            "then": { "properties": { "props": {
                "if": { "type": "array" },
                "then": { "items": { "$ref": "#/$defs/prop" } },
                "else": { "$ref": format!("#/$defs/{ty}") }
            } } }
        }));
        defs.insert(ty.to_string(), types::schema(schemas, ty)?);
    }
    defs.insert("resource".to_owned(), resource(used, choices));
    Ok(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "stackql_manifest.yml of stack-deploy",
        "type": "object",
        "required": ["resources"],
        "additionalProperties": false,
        "properties": {
            "version": { "type": "integer", "description": "Version of the manifest format: 1." },
            "name": { "type": "string", "description": "Name of the stack; else that of its folder." },
            "description": { "type": "string" },
            "providers": { "type": ["array", "null"], "items": { "type": "string" } },
            "globals": { "type": ["array", "null"], "items": { "$ref": "#/$defs/global" },
                "description": "Values that every resource can use." },
            "settings": { "$ref": "#/$defs/settings" },
            "resources": { "type": ["array", "null"], "items": { "$ref": "#/$defs/resource" },
                "description": "What the stack consists of, in the order of dependencies." },
            "exports": { "type": ["array", "null"], "items": { "$ref": "#/$defs/export" },
                "description": "Outputs of the stack." }
        },
        "$defs": defs
    }))
}

fn template() -> Json {
    json!({ "type": "string", "pattern": "\\{[{%]", "description": "A template, rendered before use." })
}

/// The value, or a template that gives it.
fn or_template(value: Json) -> Json {
    json!({ "anyOf": [value, { "$ref": "#/$defs/template" }] })
}

fn described(mut schema: Json, description: &str) -> Json {
    if let Some(map) = schema.as_object_mut() {
        map.insert("description".to_owned(), Json::from(description));
    }
    schema
}

fn global() -> Json {
    json!({
        "type": "object", "required": ["name"], "additionalProperties": false,
        "properties": {
            "name": { "type": "string" },
            "value": { "description": "Anything; may be a template." },
            "description": { "type": "string" },
            "sensitive": { "type": "boolean", "description": "Never shown, logged or saved." }
        }
    })
}

fn prop() -> Json {
    json!({
        "type": "object", "required": ["name"], "additionalProperties": false,
        "properties": {
            "name": { "type": "string", "description": "Name of the property, in either spelling." },
            "value": { "description": "For all environments." },
            "values": { "type": "object", "description": "By environment.",
                "additionalProperties": { "type": "object", "properties": { "value": true } } },
            "merge": { "type": "array", "description": "Names of globals or props that are joined." },
            "props": { "type": "array", "items": { "$ref": "#/$defs/prop" } },
            "description": { "type": "string" },
            "sensitive": { "type": "boolean", "description": "Never shown, logged or saved." }
        }
    })
}

fn export() -> Json {
    json!({ "anyOf": [
        { "type": "string" },
        { "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": { "type": "string" } }
    ] })
}

fn lifecycle() -> Json {
    json!({
        "type": "object", "additionalProperties": false,
        "properties": {
            "prevent_destroy": described(or_template(json!({ "type": "boolean" })), "Neither deleted nor replaced."),
            "ignore_changes": { "type": "array", "items": { "type": "string" },
                "description": "Paths, such as /Tags, whose differences are left alone." },
            "replace": or_template(json!({ "enum": ["create_first", "delete_first"] })),
            "adopt": described(or_template(json!({ "enum": [true, false, "force"] })),
                "May the build take over what it did not make?"),
            "secret_version": described(json!({ "$ref": "#/$defs/text" }),
                "Another value sends the write-only properties again."),
            "timeout": described(json!({ "$ref": "#/$defs/text" }), "Such as 90s, 30m or 2h.")
        }
    })
}

fn settings() -> Json {
    // Every key may be a map by environment.
    let by_env = |value: Json| {
        json!({ "anyOf": [
            value,
            { "type": "object", "additionalProperties": value },
            { "$ref": "#/$defs/template" }
        ] })
    };
    let text = json!({ "type": "string" });
    let texts = json!({ "anyOf": [{ "type": "string" }, { "$ref": "#/$defs/texts" }] });
    let number = json!({ "type": "integer", "minimum": 0 });
    let values = json!({ "type": "object", "additionalProperties": { "$ref": "#/$defs/text" } });
    json!({
        "type": "object", "additionalProperties": false,
        "properties": {
            "ownership_tags": described(by_env(json!({ "type": "boolean" })),
                "Add this stack's tags to what can be tagged (default)."),
            "tags": described(by_env(values), "Tags of every resource of dotted type that can be tagged."),
            "accounts": described(by_env(texts.clone()), "Accounts that may be used; checked before any write."),
            "regions": described(by_env(texts.clone()), "Regions that may be used; checked before any write."),
            "profile": by_env(text.clone()),
            "assume_role": by_env(text.clone()),
            "role_arn": described(by_env(text), "Role that Cloud Control works with."),
            "on_failure": by_env(json!({ "enum": ["error", "rollback", "ignore"] })),
            "rate": by_env(json!({
                "type": "object", "additionalProperties": false,
                "properties": { "reads": number, "writes": number }
            })),
            "guardrails": by_env(json!({
                "type": "object", "additionalProperties": false,
                "properties": {
                    "max_delete": number, "max_replace": number, "deny_types": texts,
                    "deny_actions": { "type": "array", "items":
                        { "enum": ["create", "update", "adopt", "replace", "delete", "run"] } }
                }
            })),
            "patch": by_env(json!({ "enum": ["minimal", "literal"] })),
            "literal_sql": by_env(json!({ "type": "boolean" }))
        }
    })
}

fn resource(used: &[TypeName], choices: Vec<Json>) -> Json {
    let known: Vec<String> = used.iter().flat_map(types::names).collect();
    let mut kinds = vec![json!({ "enum": ["resource", "query", "script", "multi", "command"] })];
    if !known.is_empty() {
        kinds.push(json!({ "enum": known }));
    }
    kinds.push(
        json!({ "type": "string", "pattern": "^[A-Za-z0-9]+::[A-Za-z0-9]+::[A-Za-z0-9]+$|^[a-z0-9_]+\\." }),
    );
    let text = json!({ "$ref": "#/$defs/text" });
    json!({
        "type": "object", "required": ["name"], "additionalProperties": false,
        "properties": {
            "name": { "type": "string", "description": "Its address in the stack." },
            "type": { "anyOf": kinds, "description":
                "awscc.service.resources or AWS::Service::Resource; or the kind of a query file." },
            "file": text, "sql": text, "run": text,
            "props": { "type": ["object", "array", "null"], "description":
                "A map of properties, or the list form with name, value, values, merge, props, sensitive." },
            "exports": { "type": ["array", "null"], "items": { "$ref": "#/$defs/export" } },
            "protected": { "$ref": "#/$defs/texts" },
            "description": text,
            "if": { "type": ["string", "boolean"], "description": "Wanted in this environment?" },
            "skip_validation": { "type": ["boolean", "string"] },
            "auth": { "type": "object" },
            "return_vals": { "type": "object" },
            "region": text,
            "for_each": { "type": ["string", "array", "object"], "description": "One instance per element." },
            "identifier": { "type": ["string", "object", "number"], "description":
                "Only where it cannot be derived." },
            "id": { "type": ["string", "object", "number"], "description": "Another name of identifier." },
            "depends_on": { "$ref": "#/$defs/texts" },
            "formerly": { "$ref": "#/$defs/texts" },
            "state": or_template(json!({ "enum": ["present", "absent"] })),
            "role_arn": text, "type_version_id": text,
            "lifecycle": { "$ref": "#/$defs/lifecycle" }
        },
        // An empty `allOf` is not allowed.
        "allOf": if choices.is_empty() { vec![Json::Bool(true)] } else { choices }
    })
}

#[cfg(test)]
mod tests;
