//! Refusals, and how each plane spells them (confluent.md section 5).

use super::wire::Answer;
use serde_json::{Value as Json, json};

/// How a plane spells its errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `{"errors":[…]}`: control plane and Flink.
    Control,
    /// `{"error_code","message"}`: Kafka and Schema Registry.
    Numbered,
    /// `{"error":{"code","message"}}`: connectors.
    Connect,
    /// `{"status","error":{…},"requestId"}`: newer control APIs, described and rarely seen.
    Newer,
    /// `{"code","message"}`: connectors, too.
    Bare,
}

/// What a refusal points at; there is only ever one of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Nothing in particular.
    None,
    /// A JSON pointer into the body.
    Pointer(String),
    /// A query parameter.
    Parameter(String),
}

/// A refusal before it is spelt.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    /// A word for it, such as `not_found`.
    pub(crate) code: &'static str,
    pub(crate) detail: String,
    pub(crate) source: Source,
    /// The number that Kafka and Schema Registry put in the body; the status where there is none.
    pub(crate) number: Option<u32>,
    /// A gateway in front answers, not the service.
    pub(crate) html: bool,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Problem {
    pub(crate) fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            source: Source::None,
            number: None,
            html: false,
            headers: Vec::new(),
        }
    }

    /// 400: malformed.
    pub(crate) fn bad(detail: impl Into<String>) -> Self {
        Self::new(400, "bad_request", detail)
    }

    /// 400 for a query parameter that is missing or wrong.
    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self { source: Source::Parameter(name.to_owned()), ..Self::new(400, "invalid_parameter", detail) }
    }

    /// 400 for a member of the body, given as a dotted path.
    pub(crate) fn member(path: &str, detail: impl Into<String>) -> Self {
        Self { source: pointer(path), ..Self::new(400, "invalid_body", detail) }
    }

    /// 422: understood and refused.
    pub(crate) fn semantic(path: &str, detail: impl Into<String>) -> Self {
        Self { source: pointer(path), ..Self::new(422, "unprocessable_entity", detail) }
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(404, "not_found", format!("{what} not found"))
    }

    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(409, "conflict", detail)
    }

    /// 403, for a missing permission and for what is gone alike.
    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(403, "forbidden", detail)
    }

    pub(crate) fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(401, "unauthorized", detail)
    }

    /// An error of Kafka REST or Schema Registry. Numbers of five digits begin with the status.
    pub(crate) fn numbered(number: u32, detail: impl Into<String>) -> Self {
        let status = if number >= 10_000 { number / 100 } else { number };
        let status = u16::try_from(status).unwrap_or(500);
        Self { number: Some(number), ..Self::new(status, "error", detail) }
    }

    /// The page of a gateway.
    pub(crate) fn page(status: u16) -> Self {
        Self { html: true, ..Self::new(status, "gateway", "") }
    }

    /// Says it in the plane's words. `id` is the error's own id.
    pub(crate) fn answer(&self, dialect: Dialect, id: &str) -> Answer {
        let status = self.status;
        let mut answer = if self.html {
            Answer::html(
                status,
                format!(
                    "<html>\n<head>\n<title>Error {status}</title>\n</head>\n<body><h2>HTTP ERROR {status}</h2></body>\n</html>\n"
                ),
            )
        } else {
            Answer::json(status, self.body(dialect, id))
        };
        answer.headers.clone_from(&self.headers);
        answer
    }

    fn body(&self, dialect: Dialect, id: &str) -> Json {
        match dialect {
            Dialect::Control => {
                let mut error = json!({
                    "id": id,
                    "status": self.status.to_string(),
                    "code": self.code,
                    "title": title(self.status),
                    "detail": self.detail,
                });
                let source = match &self.source {
                    Source::None => json!({}),
                    Source::Pointer(at) => json!({ "pointer": at }),
                    Source::Parameter(name) => json!({ "parameter": name }),
                };
                if let Json::Object(map) = &mut error {
                    map.insert("source".to_owned(), source);
                }
                json!({ "errors": [error] })
            }
            Dialect::Numbered => {
                json!({ "error_code": self.number.unwrap_or(u32::from(self.status)), "message": self.detail })
            }
            Dialect::Newer => json!({
                "status": self.status,
                "error": { "code": self.code, "message": self.detail, "details": [] },
                "requestId": id,
            }),
            Dialect::Bare => json!({ "code": self.status, "message": self.detail }),
            Dialect::Connect => json!({ "error": { "code": self.status, "message": self.detail } }),
        }
    }
}

fn pointer(path: &str) -> Source {
    Source::Pointer(format!("/{}", path.replace('.', "/")))
}

fn title(status: u16) -> &'static str {
    http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelt(problem: &Problem, dialect: Dialect) -> Json {
        serde_json::from_slice(&problem.answer(dialect, "e1").bytes()).unwrap()
    }

    #[test]
    fn each_plane_has_its_shape() {
        let missing = Problem::parameter("environment", "environment is required");
        let control = spelt(&missing, Dialect::Control);
        assert_eq!(control["errors"][0]["status"], "400", "a text");
        assert_eq!(control["errors"][0]["source"], json!({ "parameter": "environment" }));
        let kafka = spelt(&Problem::numbered(40403, "unknown"), Dialect::Numbered);
        assert_eq!(kafka, json!({ "error_code": 40403, "message": "unknown" }));
        assert_eq!(Problem::numbered(40403, "").status, 404);
        assert_eq!(Problem::numbered(409, "").status, 409);
        let connect = spelt(&Problem::not_found("connector"), Dialect::Connect);
        assert_eq!(connect, json!({ "error": { "code": 404, "message": "connector not found" } }));
        let bare = spelt(&Problem::not_found("connector"), Dialect::Bare);
        assert_eq!(bare, json!({ "code": 404, "message": "connector not found" }));
        let newer = spelt(&Problem::not_found("x"), Dialect::Newer);
        assert_eq!((&newer["status"], &newer["error"]["code"]), (&json!(404), &json!("not_found")));
    }

    #[test]
    fn a_member_is_named_by_its_pointer() {
        let wrong = Problem::semantic("spec.cloud", "cannot be changed");
        assert_eq!(wrong.source, Source::Pointer("/spec/cloud".to_owned()));
    }
}
