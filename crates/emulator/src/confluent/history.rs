//! What was asked and what came of it, for tests that prove that nothing was done twice.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// One request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Exchange {
    /// Unix milliseconds.
    pub at_ms: i64,
    /// `control`, `kafka`, `sr` or `flink`.
    pub plane: String,
    /// HTTP method.
    pub method: String,
    /// Path on its plane, as sent.
    pub path: String,
    /// Query, decoded.
    pub query: Vec<(String, String)>,
    /// Resource as in `confluent-api.tsv`; empty where the path leads nowhere.
    pub resource: String,
    /// `create`, `read`, `list`, `update`, `delete`, or a name of its own.
    pub operation: String,
    /// Id or name: of the path, or of what was created.
    pub id: Option<String>,
    /// The API key. Never a secret.
    pub key: String,
    /// HTTP status; 0 if no answer went out.
    pub status: u16,
    /// `ok`, the error's words, `lost reply` or `lost request`.
    pub outcome: String,
    /// Members of the body that the operation does not know and dropped.
    pub ignored: Vec<String>,
    /// The body, while in this process only: it may hold secrets.
    #[serde(skip)]
    pub body: Option<Json>,
}

impl Exchange {
    /// True for a request that was answered with 2xx, or whose answer was lost after it had been carried out.
    pub fn is_done(&self) -> bool {
        (200..300).contains(&self.status) || self.outcome == "lost reply"
    }
}

/// One thing that came, changed or went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Unix milliseconds.
    pub at_ms: i64,
    /// What happened.
    pub what: Happened,
    /// Resource as in `confluent-api.tsv`.
    pub resource: String,
    /// Id, or the path of names.
    pub id: String,
    /// Display name, or the id where there is none.
    pub name: String,
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// It came to be.
    Created,
    /// A write changed it.
    Updated,
    /// It is gone, by its own delete or with what it was in.
    Deleted,
}
