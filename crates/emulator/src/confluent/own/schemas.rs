//! Schemas as a registry compares them: by meaning, never as text (trap 59).

use super::super::errors::Problem;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

/// One version of a subject.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) version: i64,
    pub(crate) id: i64,
    /// `AVRO`, `JSON` or `PROTOBUF`.
    pub(crate) kind: String,
    pub(crate) schema: String,
    pub(crate) references: Vec<Json>,
    pub(crate) metadata: Option<Json>,
    pub(crate) rules: Option<Json>,
    pub(crate) deleted: bool,
}

impl Version {
    /// As answers show it. The type is left out where it is AVRO.
    pub(crate) fn view(&self, subject: Option<&str>) -> Json {
        let mut view = json!({});
        let Json::Object(map) = &mut view else { return view };
        if let Some(subject) = subject {
            map.insert("subject".to_owned(), Json::from(subject));
            map.insert("version".to_owned(), Json::from(self.version));
            map.insert("id".to_owned(), Json::from(self.id));
        }
        if self.kind != "AVRO" {
            map.insert("schemaType".to_owned(), Json::from(self.kind.clone()));
        }
        if !self.references.is_empty() {
            map.insert("references".to_owned(), Json::from(self.references.clone()));
        }
        if let Some(metadata) = &self.metadata {
            map.insert("metadata".to_owned(), metadata.clone());
        }
        if let Some(rules) = &self.rules {
            map.insert("ruleSet".to_owned(), rules.clone());
        }
        map.insert("schema".to_owned(), Json::from(self.schema.clone()));
        view
    }

    /// True if both mean the same, blanks and the order of members aside.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.kind == other.kind
            && canonical(&self.kind, &self.schema) == canonical(&other.kind, &other.schema)
            && self.references == other.references
            && self.metadata == other.metadata
            && self.rules == other.rules
    }

    /// Takes over what is left out. Rules go away by explicit empty lists only.
    pub(crate) fn inherit(&mut self, before: &Self) {
        if self.metadata.is_none() {
            self.metadata.clone_from(&before.metadata);
        }
        if self.rules.is_none() {
            self.rules.clone_from(&before.rules);
        }
    }

    pub(crate) fn has_rules(&self) -> bool {
        let lists = self.rules.as_ref().and_then(Json::as_object).into_iter().flat_map(|map| map.values());
        lists.filter_map(Json::as_array).any(|rules| !rules.is_empty())
    }

    /// Subjects and versions that it names.
    pub(crate) fn referred(&self) -> Vec<(String, i64)> {
        let pair = |reference: &Json| {
            let subject = reference.get("subject").and_then(Json::as_str)?.to_owned();
            Some((subject, reference.get("version").and_then(Json::as_i64)?))
        };
        self.references.iter().filter_map(pair).collect()
    }

    pub(crate) fn names(&self, subject: &str, version: i64) -> bool {
        self.referred().iter().any(|(name, number)| name == subject && *number == version)
    }

    /// Fields of an AVRO record: name, type, whether there is a default.
    fn fields(&self) -> Option<Vec<(String, Json, bool)>> {
        let schema: Json = serde_json::from_str(&self.schema).ok().filter(|_| self.kind == "AVRO")?;
        let fields = schema.get("fields")?.as_array()?;
        let field = |field: &Json| {
            let name = field.get("name").and_then(Json::as_str)?.to_owned();
            Some((name, field.get("type").cloned().unwrap_or_default(), field.get("default").is_some()))
        };
        Some(fields.iter().filter_map(field).collect())
    }

    /// Why data of `writer` cannot be read with this schema: new fields without a default, fields of another type.
    /// Records of AVRO only; anything else passes.
    pub(crate) fn cannot_read(&self, writer: &Self) -> Vec<String> {
        let (Some(own), Some(theirs)) = (self.fields(), writer.fields()) else { return Vec::new() };
        let problem = |(name, ty, has_default): &(String, Json, bool)| match theirs
            .iter()
            .find(|(other, _, _)| other == name)
        {
            None if !has_default => Some(format!("READER_FIELD_MISSING_DEFAULT_VALUE: {name}")),
            Some((_, other, _)) if other != ty && !is_promoted(other, ty) => {
                Some(format!("TYPE_MISMATCH: {name}"))
            }
            _ => None,
        };
        own.iter().filter_map(problem).collect()
    }
}

/// True if a reader of the second type reads the first.
fn is_promoted(from: &Json, to: &Json) -> bool {
    if let Json::Array(options) = to {
        return options.contains(from)
            || from.as_array().is_some_and(|from| from.iter().all(|f| options.contains(f)));
    }
    let wider: &[&str] = match from.as_str() {
        Some("int") => &["long", "float", "double"],
        Some("long") => &["float", "double"],
        Some("float") => &["double"],
        Some("string") => &["bytes"],
        Some("bytes") => &["string"],
        _ => &[],
    };
    to.as_str().is_some_and(|to| wider.contains(&to))
}

/// A form that is equal for equal meaning.
fn canonical(kind: &str, schema: &str) -> Json {
    if kind == "PROTOBUF" {
        return Json::from(schema.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    // Objects are equal in any order of their members.
    serde_json::from_str(schema).unwrap_or_else(|_| Json::from(schema))
}

/// Reads the body of a registration or look-up.
///
/// # Errors
/// 42201 for what is no schema of its type.
pub(crate) fn parse(body: &Json) -> Result<Version, Problem> {
    let text = |name: &str| body.get(name).and_then(Json::as_str);
    let kind = text("schemaType").unwrap_or("AVRO").to_owned();
    let schema = text("schema").unwrap_or_default().to_owned();
    let invalid = |why: &str| Problem::numbered(42201, format!("Invalid schema: {why}"));
    let parsed: Option<Json> = serde_json::from_str(&schema).ok();
    let is_valid = match kind.as_str() {
        "AVRO" => parsed.is_some_and(|schema| match schema {
            Json::Object(map) => map.contains_key("type"),
            Json::Array(options) => !options.is_empty(),
            Json::String(_) => true,
            _ => false,
        }),
        "JSON" => parsed.is_some_and(|schema| schema.is_object() || schema.is_boolean()),
        "PROTOBUF" => schema.contains("message ") || schema.contains("enum "),
        _ => return Err(invalid(&format!("unknown type {kind}"))),
    };
    if !is_valid {
        return Err(invalid("it cannot be parsed"));
    }
    let given = |name: &str| body.get(name).filter(|value| !value.is_null()).cloned();
    Ok(Version {
        kind,
        schema,
        references: body.get("references").and_then(Json::as_array).cloned().unwrap_or_default(),
        metadata: given("metadata"),
        rules: given("ruleSet"),
        ..Version::default()
    })
}

/// The versions in a subject's body.
pub(crate) fn versions(body: &Json) -> Vec<Version> {
    body.get("versions").cloned().and_then(|list| serde_json::from_value(list).ok()).unwrap_or_default()
}

/// Adds a version to a subject's body.
pub(crate) fn push(body: &mut Json, version: &Version) {
    let mut all = versions(body);
    all.push(version.clone());
    *body = json!({ "versions": all });
}

/// Changes every version; those for which it is false go.
pub(crate) fn change(body: &mut Json, mut keep: impl FnMut(&mut Version) -> bool) {
    let mut all = versions(body);
    all.retain_mut(|version| keep(version));
    *body = json!({ "versions": all });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn avro(schema: &str) -> Version {
        parse(&json!({ "schema": schema })).unwrap()
    }

    #[test]
    fn blanks_and_order_do_not_matter() {
        let one = avro(r#"{"type":"record","name":"A","fields":[]}"#);
        let other = avro(r#"{ "name" : "A", "type": "record", "fields": [ ] }"#);
        assert!(one.is_same(&other));
        assert!(!one.is_same(&avro(r#""string""#)));
    }

    #[test]
    fn what_is_no_schema_is_refused() {
        for body in [
            json!({ "schema": "{" }),
            json!({ "schema": "{}" }),
            json!({ "schemaType": "XML", "schema": "" }),
        ] {
            assert_eq!(parse(&body).unwrap_err().number, Some(42201), "{body}");
        }
        assert!(parse(&json!({ "schemaType": "PROTOBUF", "schema": "message A {}" })).is_ok());
    }

    #[test]
    fn a_new_field_needs_a_default_and_types_may_widen() {
        let record = |fields: &str| avro(&format!(r#"{{"type":"record","name":"A","fields":[{fields}]}}"#));
        let old = record(r#"{"name":"a","type":"int"}"#);
        assert_eq!(
            record(r#"{"name":"a","type":"int"},{"name":"b","type":"int"}"#).cannot_read(&old).len(),
            1
        );
        assert!(
            record(r#"{"name":"a","type":"long"},{"name":"b","type":"int","default":0}"#)
                .cannot_read(&old)
                .is_empty()
        );
        assert_eq!(record(r#"{"name":"a","type":"boolean"}"#).cannot_read(&old).len(), 1);
    }
}
