//! Machine output, version 1: the plan of plan-ux 4. Keys sorted, arrays in the view's order.

use crate::render::value_view::sorted;
use crate::render::view::{FORMAT, FORMAT_VERSION, PlanView};
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
    /// Written by a newer program.
    #[error("its format_version {0} is newer than {FORMAT_VERSION}, which this program reads")]
    Newer(String),
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

/// Two spaces, one line end.
pub fn pretty(json: &Json) -> String {
    format!("{json:#}\n")
}

/// Reads a document back. Unknown fields are ignored; a higher major is refused.
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
        (Some(theirs), Some(ours)) if theirs <= ours => {}
        _ => return Err(ReadError::Newer(version)),
    }
    serde_json::from_value(json).map_err(|e| ReadError::Shape(e.to_string()))
}
