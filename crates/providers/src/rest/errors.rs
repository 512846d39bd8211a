//! What an error answer says, in whichever form (confluent.md section 5).

use http::HeaderMap;
use serde_json::Value as Json;
use stack_core::provider::{Failure, FailureKind, Transience};
use std::time::Duration;

/// The most characters that are shown of an answer in no known form.
const SHOWN: usize = 300;
/// What stands in the words of a refusal by a data plane: a key or a binding may not have spread yet.
pub(super) const DATA_PLANE: &str = "not authorized on the data plane";

/// What stands in the words about a name that was freed a moment ago.
pub(super) const RESTING: &str = "the name is not free yet";

/// The service's own words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Its code, if it has one.
    pub(super) code: Option<String>,
    /// What it says.
    pub(super) words: String,
}

/// Where an answer came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    /// Method and path.
    pub(super) request: &'a str,
    /// Resource.
    pub(super) what: &'a str,
    /// True for the host of one customer's cluster.
    pub(super) data_plane: bool,
    /// True if the credential was made by this run, so that it may not be known there yet.
    pub(super) is_young: bool,
    /// Name of the credential, and what it should have opened.
    pub(super) key: Option<(&'a str, &'a str)>,
    /// True for a create.
    pub(super) creates: bool,
}

/// The failure that an answer with an error status is.
pub(super) fn failure(context: Context<'_>, status: u16, headers: &HeaderMap, body: &[u8]) -> Failure {
    let is_page = is_html(body);
    let told = told(body);
    let kind = match status {
        // A page of a gateway says nothing about the resource.
        404 if is_page => FailureKind::Internal,
        _ => kind(context, status, &told),
    };
    let code = match (status, is_page) {
        (404, true) => "NotTheService".to_owned(),
        _ => told.code.clone().unwrap_or_else(|| format!("Http{status}")),
    };
    let words = if told.words.is_empty() { "the answer says no reason" } else { told.words.as_str() };
    let mut message = format!("{}: {words} ({}: status {status})", context.what, context.request);
    if context.data_plane && (status == 403 || status == 401 && context.is_young) {
        message.push_str("; ");
        message.push_str(DATA_PLANE);
    } else if let (401, Some((key, target))) = (status, context.key) {
        message.push_str(&format!(
            "; {target} does not take the key {key}: is it of this resource, and its secret right?"
        ));
    }
    if status == 404 && is_page {
        message.push_str("; this is not the service's answer: is the endpoint right?");
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let mut failure = Failure::new(kind, code, message);
    failure.status = Some(status);
    failure.request_id = text("x-request-id").or_else(|| text("request-id"));
    failure.retry_after =
        wait(headers).filter(|_| matches!(kind, FailureKind::Throttled | FailureKind::Unavailable));
    failure
}

fn kind(context: Context<'_>, status: u16, told: &Told) -> FailureKind {
    let code = told.code.as_deref().unwrap_or_default();
    let words = told.words.to_lowercase();
    let exists = ["already exist", "already in use", "already been taken", "already associated", "duplicate"]
        .iter()
        .any(|fragment| words.contains(fragment));
    match status {
        // A referenced schema; a quota that comes as 400; a topic that exists (Kafka 40002).
        _ if code == "42206" => FailureKind::Conflict,
        400 | 409 | 422 if exists && context.creates => FailureKind::AlreadyExists,
        400 if words.contains("quota") || words.contains("limit exceeded") => FailureKind::Quota,
        400 if words.contains("marked for deletion") => FailureKind::Conflict,
        // A young key of a data plane is refused for a while; any other stays wrong.
        401 if context.is_young => FailureKind::Denied,
        401 => FailureKind::Credentials,
        402 => FailureKind::Quota,
        403 => FailureKind::Denied,
        404 | 410 => FailureKind::NotFound,
        405 | 501 => FailureKind::Unsupported,
        // Schema Registry: an incompatible schema stays incompatible.
        409 if words.contains("incompatible") => FailureKind::Invalid,
        409 | 412 => FailureKind::Conflict,
        423 => FailureKind::Busy,
        429 => FailureKind::Throttled,
        500..=599 => FailureKind::Unavailable,
        _ => FailureKind::Invalid,
    }
}

/// The code and the words of an error body, whichever form it has.
pub(super) fn told(body: &[u8]) -> Told {
    let text = String::from_utf8_lossy(body);
    let Ok(json) = serde_json::from_slice::<Json>(body) else {
        return Told { code: None, words: plain(&text) };
    };
    of_json(&json).unwrap_or_else(|| Told { code: None, words: shortened(&json.to_string()) })
}

/// The error that the body of a good answer carries: `error`, or one of an item (Connect, catalog, mirrors).
pub(super) fn inside(json: &Json) -> Option<Told> {
    let has_error = |item: &Json| {
        let error = item.get("error").is_some_and(|error| !matches!(error, Json::Null | Json::Bool(false)));
        let code = item.get("error_code").is_some_and(|code| !code.is_null() && *code != 0);
        (error || code).then(|| of_json(item)).flatten()
    };
    let items = json.as_array().or_else(|| json.get("data").and_then(Json::as_array));
    has_error(json).or_else(|| items.into_iter().flatten().find_map(has_error))
}

fn of_json(json: &Json) -> Option<Told> {
    // Control plane, Flink: a list of errors.
    if let Some(errors) = json.get("errors").and_then(Json::as_array)
        && let Some(first) = errors.first()
    {
        let words: Vec<String> = errors.iter().filter_map(of_item).collect();
        return Some(Told { code: text(first, &["code"]), words: words.join("; ") });
    }
    match json.get("error") {
        // Newer control APIs, Connect.
        Some(error @ Json::Object(_)) => {
            let mut words = text(error, &["message", "detail"]).unwrap_or_default();
            for more in ["details", "suggestion"] {
                if let Some(more) = text(error, &[more]) {
                    words.push_str("; ");
                    words.push_str(&more);
                }
            }
            return Some(Told { code: text(error, &["code"]), words });
        }
        Some(Json::String(error)) => {
            let words = text(json, &["error_description", "message"]).unwrap_or_else(|| error.clone());
            return Some(Told { code: Some(error.clone()), words });
        }
        _ => {}
    }
    // Kafka REST, Schema Registry, catalog; Connect's short form.
    let words = text(json, &["message", "error_message", "Message"]);
    let code = text(json, &["error_code", "code", "__type"]);
    (words.is_some() || code.is_some()).then(|| Told { code, words: words.unwrap_or_default() })
}

fn of_item(error: &Json) -> Option<String> {
    let words = text(error, &["detail", "title", "message"])?;
    let source = error.get("source").and_then(|source| text(source, &["pointer", "parameter"]));
    Some(match source {
        Some(source) => format!("{words} (at {source})"),
        None => words,
    })
}

fn text(json: &Json, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match json.get(name)? {
        Json::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

fn is_html(body: &[u8]) -> bool {
    let start: Vec<u8> = body.iter().copied().skip_while(u8::is_ascii_whitespace).take(14).collect();
    let start = String::from_utf8_lossy(&start).to_ascii_lowercase();
    start.starts_with("<html") || start.starts_with("<!doctype")
}

/// A text without the marks of a page.
fn plain(text: &str) -> String {
    if text.as_bytes().starts_with(&[0x1f, 0x8b]) {
        return "the answer is compressed, which was not asked for".to_owned();
    }
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' if is_html(text.as_bytes()) => inside = true,
            '>' if inside => {
                inside = false;
                out.push(' ');
            }
            _ if !inside => out.push(c),
            _ => {}
        }
    }
    shortened(&out.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn shortened(text: &str) -> String {
    let mut chars = text.chars();
    let mut out: String = chars.by_ref().take(SHOWN).collect();
    if chars.next().is_some() {
        out.push('…');
    }
    out
}

/// The wait that the headers ask for, in seconds (confluent.md section 6). Dates are not sent.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    ["retry-after", "x-ratelimit-reset", "ratelimit-reset"].iter().find_map(|name| {
        let text = headers.get(*name)?.to_str().ok()?;
        text.trim().parse::<u64>().ok().map(Duration::from_secs)
    })
}

/// The passing condition that our words or the service's speak of (confluent.md sections 2, 7 and 10).
pub(super) fn transience(message: &str) -> Option<Transience> {
    let message = message.to_lowercase();
    let has = |fragments: &[&str]| fragments.iter().any(|fragment| message.contains(fragment));
    if has(&[DATA_PLANE]) {
        Some(Transience::Principal)
    } else if has(&[RESTING, "marked for deletion", "is being deleted", "deletion is in progress"]) {
        Some(Transience::Busy)
    } else if has(&["still in use", "is in use", "42206", "still referenced", "dependent resources"]) {
        Some(Transience::InUse)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Failure {
        let context = Context {
            request: "GET /x",
            what: "acme.a.b `1`",
            data_plane: false,
            is_young: false,
            key: None,
            creates: false,
        };
        failure(context, status, &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn every_form_of_error_is_read() {
        let cases = [
            (
                r#"{"errors":[{"status":"404","code":"not_found","detail":"no such thing","source":{"pointer":"/spec/id"}},{"detail":"and more"}]}"#,
                "not_found",
                "no such thing (at /spec/id); and more",
            ),
            (
                r#"{"status":"400","error":{"code":"bad","message":"oops","suggestion":"try"},"requestId":"1"}"#,
                "bad",
                "oops; try",
            ),
            (r#"{"error_code":40403,"message":"unknown topic"}"#, "40403", "unknown topic"),
            (r#"{"error":{"code":404,"message":"Connector x not found"}}"#, "404", "Connector x not found"),
            (r#"{"code":500,"message":"Internal"}"#, "500", "Internal"),
            (r#"{"error":"invalid_grant","error_description":"bad token"}"#, "invalid_grant", "bad token"),
        ];
        for (body, code, words) in cases {
            assert_eq!(told(body.as_bytes()), Told { code: Some(code.to_owned()), words: words.to_owned() });
        }
        let page = "<html><head><title>401</title></head><body>Unauthorized  key</body></html>";
        assert_eq!(told(page.as_bytes()), Told { code: None, words: "401 Unauthorized key".to_owned() });
        assert_eq!(told(b""), Told::default());
        let long = "x".repeat(400);
        assert_eq!(told(long.as_bytes()).words.chars().count(), SHOWN + 1);
    }

    #[test]
    fn an_empty_body_still_says_where_it_came_from() {
        let told = of(400, "");
        assert!(told.message.contains("GET /x: status 400") && told.message.contains("acme.a.b"), "{told}");
    }

    #[test]
    fn statuses_have_their_class() {
        let cases = [
            (400, "{}", FailureKind::Invalid),
            (401, "{}", FailureKind::Credentials),
            (402, "{}", FailureKind::Quota),
            (403, "{}", FailureKind::Denied),
            (404, "{}", FailureKind::NotFound),
            (404, "<!DOCTYPE html><p>no", FailureKind::Internal),
            (409, r#"{"message":"still in use"}"#, FailureKind::Conflict),
            (
                409,
                r#"{"error_code":409,"message":"Schema being registered is incompatible"}"#,
                FailureKind::Invalid,
            ),
            (422, r#"{"error_code":42206,"message":"referenced"}"#, FailureKind::Conflict),
            (429, "", FailureKind::Throttled),
            (501, "", FailureKind::Unsupported),
            (503, "", FailureKind::Unavailable),
        ];
        for (status, body, kind) in cases {
            assert_eq!(of(status, body).kind, kind, "{status} {body}");
        }
    }

    #[test]
    fn errors_inside_good_answers_are_seen() {
        let json = |text: &str| serde_json::from_str::<Json>(text).unwrap();
        assert!(inside(&json(r#"{"error":{"code":1,"message":"no"}}"#)).is_some());
        assert!(
            inside(&json(r#"{"data":[{"a":1},{"error_code":40301,"error_message":"failed mirror"}]}"#))
                .is_some()
        );
        assert!(inside(&json(r#"[{"error":{"message":"tag"}}]"#)).is_some());
        assert!(inside(&json(r#"{"error":null,"data":[{"error_code":null}]}"#)).is_none());
    }
}
