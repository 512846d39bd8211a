//! Values of a type that the schema does not take.

use super::walk::{Finding, Place, Walk};
use super::{codes, texts};
use crate::schema::{JsonType, TagForm};
use crate::value::Value;

impl Walk<'_> {
    /// The finding for a value of the wrong type.
    pub(super) fn wrong_type(&self, types: Vec<JsonType>, value: &Value, place: &Place) -> Finding {
        let mut wanted: Vec<&str> = Vec::new();
        for ty in types {
            let name = type_name(ty);
            if !wanted.contains(&name) {
                wanted.push(name);
            }
        }
        let wanted = match wanted.split_last() {
            Some((last, head)) if !head.is_empty() => format!("{} or {last}", head.join(", ")),
            _ => wanted.concat(),
        };
        let finding = Finding::at(place, codes::WRONG_TYPE)
            .says(format!("{} must be {wanted}, this is {}", self.name(place), kind(value)))
            .label(format!("expected {wanted}"));
        if let Value::String(text) = value
            && !place.hidden
            && let Some((why, next)) = misread(text, &wanted)
        {
            let finding = finding.note("why", why);
            return if next.is_empty() { finding } else { finding.next(next) };
        }
        if let Some((property, form)) = self.schema.tag_property()
            && place.model().segments() == [property]
        {
            match (form, value) {
                (TagForm::KeyValueList, Value::Object(_)) => {
                    return finding.next("write each tag as an element: - { Key: …, Value: … }");
                }
                (TagForm::Map, Value::Array(_)) => {
                    return finding.next("write each tag as a member: key: value");
                }
                _ => {}
            }
        }
        match value {
            Value::String(text) if PLACEHOLDERS.contains(&text.as_str()) && !place.hidden => finding
                .note("why", format!("`{text}` is a placeholder of the documentation's skeleton"))
                .next("fill in a value, or leave the property out"),
            Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Object(_) if wanted == "a list" => {
                finding.next("write a list, even for one element")
            }
            Value::Object(_) | Value::Array(_) if wanted == "a string" => {
                finding.next("if a document is meant, write its JSON text")
            }
            Value::Null => finding.next("leave the element out"),
            _ => finding,
        }
    }

    pub(super) fn float_as_text(&self, text: &str, place: &Place) -> Finding {
        let name = self.name(place);
        Finding::at(place, codes::NUMBER_AS_TEXT)
            .says(if place.hidden {
                format!("{name} is text, this is a number")
            } else {
                format!("{name} is text, this number is sent as `{text}`")
            })
            .label("a number where text is meant")
            .note(
                "why",
                "a number loses the form that it was written in: 13.10 becomes 13.1, 1e5 becomes 100000.0",
            )
            .next("put it in quotes")
            .warning()
    }
}

/// Why a text stands where something else was meant, and what to write.
fn misread(text: &str, wanted: &str) -> Option<(String, String)> {
    if wanted.contains("a boolean")
        && let Some(truth) = truth(text)
    {
        return Some((format!("YAML 1.2 reads `{text}` as a text"), format!("write {truth}")));
    }
    if is_padded(text) && (wanted.contains("an integer") || wanted.contains("a number")) {
        let digits = text.trim_start_matches('0');
        let digits = if digits.is_empty() { "0" } else { digits };
        return Some((
            "YAML reads a number with leading zeros as a text".to_owned(),
            format!("write {digits}"),
        ));
    }
    if wanted.contains("an object") || wanted.contains("a list") {
        let why = texts::no_json(text)?;
        return Some((format!("it starts like a JSON document and is none: {why}"), String::new()));
    }
    None
}

/// The boolean that a word of YAML 1.1, or of a program, means.
fn truth(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" | "true" => Some("true"),
        "no" | "off" | "n" | "false" => Some("false"),
        _ => None,
    }
}

/// `0123`
fn is_padded(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit())
}

/// Words that the documentation's skeletons have in place of values (stackql-compat 1.4).
const PLACEHOLDERS: [&str; 6] = ["string", "integer", "boolean", "array", "object", "number"];

fn type_name(ty: JsonType) -> &'static str {
    match ty {
        JsonType::Object => "an object",
        JsonType::Array => "a list",
        JsonType::String => "a string",
        JsonType::Integer => "an integer",
        JsonType::Number => "a number",
        JsonType::Boolean => "a boolean",
        JsonType::Null => "null",
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
        Value::Secret(secret) => kind(secret.expose()),
        Value::Unknown(_) => "not known yet",
    }
}
