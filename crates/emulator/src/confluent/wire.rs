//! Bytes: queries, path segments, Basic credentials, answers, and gzip that nobody asked for.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};
use serde_json::Value as Json;

/// The body of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Json(Json),
    Html(String),
    /// Content type and text, as a fault has them.
    Raw(String, String),
    Empty,
}

/// An answer before it becomes bytes.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Body,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Answer {
    pub(crate) fn json(status: u16, body: Json) -> Self {
        Self { status, body: Body::Json(body), headers: Vec::new() }
    }

    pub(crate) fn html(status: u16, text: String) -> Self {
        Self { status, body: Body::Html(text), headers: Vec::new() }
    }

    pub(crate) fn raw(status: u16, content_type: &str, text: &str) -> Self {
        let body = Body::Raw(content_type.to_owned(), text.to_owned());
        Self { status, body, headers: Vec::new() }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, body: Body::Empty, headers: Vec::new() }
    }

    /// The body as it goes over the wire.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match &self.body {
            Body::Json(json) => json.to_string().into_bytes(),
            Body::Html(text) | Body::Raw(_, text) => text.clone().into_bytes(),
            Body::Empty => Vec::new(),
        }
    }

    /// The whole answer. `zipped` compresses the body without a word about it (confluent.md section 3).
    pub(crate) fn response(&self, request_id: &str, zipped: bool) -> Response<Bytes> {
        let bytes = self.bytes();
        let bytes = if zipped && !bytes.is_empty() { gzip(&bytes) } else { bytes };
        let mut response = Response::new(Bytes::from(bytes));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let content = match &self.body {
            Body::Json(_) => Some("application/json"),
            Body::Html(_) => Some("text/html;charset=iso-8859-1"),
            Body::Raw(content, _) => Some(content.as_str()),
            Body::Empty => None,
        };
        let headers = response.headers_mut();
        if let Some(content) = content.and_then(|content| HeaderValue::from_str(content).ok()) {
            headers.insert("content-type", content);
        }
        let own = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        for (name, value) in own.chain([("x-request-id", request_id)]) {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// The parameters of a query, decoded, in order.
pub(crate) fn query(text: Option<&str>) -> Vec<(String, String)> {
    text.unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(&name.replace('+', " ")), decoded(&value.replace('+', " ")))
        })
        .collect()
}

/// Percent-decodes once. What is no escape stays.
pub(crate) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) => {
                out.push(value);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Percent-encodes all but unreserved characters.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

/// User and password of `Basic …`.
pub(crate) fn basic(authorization: &str) -> Option<(String, String)> {
    let (scheme, encoded) = authorization.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(base64(encoded.trim())?).ok()?;
    text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in text.trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = (held << 6) | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(((held >> bits) & 0xff) as u8);
        }
    }
    Some(out)
}

/// A gzip member of stored blocks: valid for every reader, and the compressing is not what is tested.
fn gzip(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut chunks = data.chunks(0xffff).peekable();
    while let Some(chunk) = chunks.next() {
        let length = u16::try_from(chunk.len()).unwrap_or(u16::MAX);
        out.push(u8::from(chunks.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(chunk);
    }
    let crc = !data.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    });
    out.extend(crc.to_le_bytes());
    out.extend((data.len() as u32).to_le_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_read() {
        assert_eq!(basic("Basic YTpiOmM="), Some(("a".to_owned(), "b:c".to_owned())));
        assert_eq!(basic("basic YWI6"), Some(("ab".to_owned(), String::new())));
        assert_eq!(basic("Bearer YTpi"), None);
        assert_eq!(basic("Basic !!"), None);
    }

    #[test]
    fn escapes_are_decoded_once() {
        assert_eq!(decoded("a%2Fb%252F%3a%"), "a/b%2F:%");
        assert_eq!(encoded("a/b :c"), "a%2Fb%20%3Ac");
        assert_eq!(
            query(Some("a=1%3D&b&c=x+y")),
            [("a", "1="), ("b", ""), ("c", "x y")].map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
    }

    #[test]
    fn a_zipped_answer_begins_with_the_two_bytes_and_ends_with_sum_and_length() {
        let zipped = gzip(b"123456789");
        assert_eq!(zipped.get(..2), Some([0x1f, 0x8b].as_slice()));
        // The check value of CRC-32.
        assert_eq!(zipped.get(zipped.len() - 8..), Some([0x26, 0x39, 0xf4, 0xcb, 9, 0, 0, 0].as_slice()));
    }
}
