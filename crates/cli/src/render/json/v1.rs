//! Machine output, version 1: the plan of plan-ux 4. Keys sorted, arrays in the view's order.

use crate::render::value_view::sorted;
use crate::render::view::{FORMAT, FORMAT_VERSION, PlanView};
use crate::render::view_of::{digest_of_meta, id_of};
use serde_json::Value as Json;

/// Why a text is no plan that we can read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not JSON, or not of the right shape.
    #[error("it is not a plan: {0}")]
    Shape(String),
    /// Another kind of file.
    #[error("its format is `{0}`, not `{FORMAT}`")]
    Format(String),
    /// Written by a program whose plans we do not know.
    #[error("its format_version is {0}, and this program reads {FORMAT_VERSION}")]
    Version(String),
    /// The content is not what was saved: it does not give the id any more.
    #[error("it was changed after it was saved: it says {said}, its content is {computed}")]
    Edited {
        /// `plan_id` in the file.
        said: String,
        /// The id of the content.
        computed: String,
    },
    /// Nonce or times are not what was saved.
    #[error("its `meta` was changed after it was saved")]
    EditedMeta,
    /// The seed of the client tokens is no seed.
    #[error("its meta.nonce is not 32 hexadecimal digits")]
    Nonce,
}

/// The document.
pub fn plan(view: &PlanView) -> Json {
    // A view holds only strings, numbers and lists of them, which always serialise.
    serde_json::to_value(view).map(sorted).unwrap_or(Json::Null)
}

/// The text, with a line end.
pub fn plan_text(view: &PlanView) -> String {
    pretty(&plan(view))
}

/// The orphans of a plan, with a line end.
pub fn orphans_text(view: &PlanView) -> String {
    let stack = serde_json::json!({ "name": view.stack.name, "env": view.stack.env });
    let orphans = serde_json::to_value(&view.orphans).unwrap_or(Json::Null);
    pretty(&sorted(serde_json::json!({
        "format": "stack-deploy/orphans", "format_version": "1.0", "stack": stack, "orphans": orphans,
    })))
}

/// JSON Schema (2020-12) of the document, derived from the types that write it. Later minor versions add fields.
pub fn plan_schema() -> Json {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let mut derived = settings.into_generator().into_root_schema_for::<PlanView>().to_value();
    if let Some(properties) = derived.get_mut("properties").and_then(Json::as_object_mut) {
        let major = FORMAT_VERSION.split('.').next().unwrap_or_default();
        let mut narrow = |name: &str, keyword: &str, value: String| {
            if let Some(property) = properties.get_mut(name).and_then(Json::as_object_mut) {
                property.insert(keyword.to_owned(), Json::from(value));
            }
        };
        narrow("format", "const", FORMAT.to_owned());
        narrow("format_version", "pattern", format!("^{major}\\.[0-9]+$"));
    }
    let mut schema = serde_json::Map::new();
    schema.insert("$schema".to_owned(), Json::from("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), Json::from("A plan of stack-deploy"));
    if let Json::Object(derived) = derived {
        schema.extend(derived.into_iter().filter(|(key, _)| key != "$schema" && key != "title"));
    }
    Json::Object(schema)
}

/// A document other than a plan: `format` and `format_version` before its own members.
pub fn document(name: &str, body: &Json) -> String {
    let mut map = serde_json::Map::new();
    map.insert("format".to_owned(), Json::from(format!("stack-deploy/{name}")));
    map.insert("format_version".to_owned(), Json::from(FORMAT_VERSION));
    map.extend(body.as_object().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
    pretty(&Json::Object(map))
}

/// Two spaces, one line end.
pub fn pretty(json: &Json) -> String {
    format!("{json:#}\n")
}

/// Reads a document back. Unknown fields are ignored; another major is refused, and so is a document that was changed
/// after it was saved: what is shown must be what was planned. The ids are plain digests, no signatures: whoever makes
/// them anew has made another plan, and a build compares that with the plan of now anyway (plan-ux 5).
///
/// # Errors
/// [`ReadError`].
pub fn read_plan(text: &str) -> Result<PlanView, ReadError> {
    let json: Json = serde_json::from_str(text).map_err(|e| ReadError::Shape(e.to_string()))?;
    let field = |name: &str| json.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let format = field("format");
    if format != FORMAT {
        return Err(ReadError::Format(format));
    }
    let version = field("format_version");
    let major = |text: &str| text.split('.').next().and_then(|part| part.parse::<u64>().ok());
    match (major(&version), major(FORMAT_VERSION)) {
        (Some(theirs), Some(ours)) if theirs == ours => {}
        _ => return Err(ReadError::Version(version)),
    }
    let view: PlanView = serde_json::from_value(json.clone()).map_err(|e| ReadError::Shape(e.to_string()))?;
    // Of the text, not of the view: fields that we do not know count as well.
    let computed = id_of(&json);
    if computed != view.plan_id {
        return Err(ReadError::Edited { said: view.plan_id, computed });
    }
    let nonce = &view.meta.nonce;
    if nonce.len() != 32 || !nonce.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(ReadError::Nonce);
    }
    if digest_of_meta(&json) != view.meta.digest {
        return Err(ReadError::EditedMeta);
    }
    Ok(view)
}
