//! Literal secrets in the manifest's own text: a snippet shows where a problem is, never what the secret is.
//!
//! Only names tell here, as they do in a read (`conform`'s seal); a template names where a value comes from, and stays.

use regex_lite::{Match, Regex};
use stack_core::conform::is_telling;
use std::sync::LazyLock;

/// A key and its colon: a plain key needs a blank behind it, a quoted one does not (YAML 1.2 sections 7.3 and 7.4).
static KEY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?:^|[\s{,\-"'])([A-Za-z_][A-Za-z0-9_-]*)(?:["']\s*:\s*|\s*:(?:\s+|$))"#).ok()
});

/// A pair of the list form: `name: MasterUserPassword`, its secret under `value` beside it; in values of services `Name`,
/// `Key` or `ParameterKey`, with `Value` or `ParameterValue`.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?:^|[\s{,\-])[A-Za-z]*(?:[nN]ame|[kK]ey):\s+["']?([A-Za-z_][A-Za-z0-9_-]*)"#).ok()
});

/// What the lines before say of a line.
#[derive(Default)]
struct Above {
    /// The indent of a telling key whose value stands below it, and whether that is a block of text.
    open: Option<(usize, bool)>,
    /// The indent of an entry that `name` says is telling.
    named: Option<usize>,
}

/// The text with literal secrets struck out, byte by byte, so that places in it stay true.
pub fn veil(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut above = Above::default();
    for line in source.split_inclusive('\n') {
        let text = line.trim_end();
        let indent = text.len() - text.trim_start().len();
        let is_item = text.trim_start().starts_with("- ");
        // Below a key without a block mark there may be members, which speak for themselves.
        let is_value = |(head, is_block): (usize, bool)| {
            let is_below = text.is_empty() || indent > head || (indent == head && is_item);
            is_below && (is_block || !KEY.iter().any(|key| key.is_match(text)))
        };
        if above.open.is_some_and(is_value) {
            let is_template = text.contains("{{");
            let struck = if is_template { Vec::new() } else { vec![(indent, text.len())] };
            strike(&mut out, line, &struck);
            continue;
        }
        if let Some(name) = NAMED.iter().find_map(|named| named.captures(text)).and_then(|found| found.get(1))
        {
            above.named = is_telling(name.as_str()).then_some(indent);
        } else if is_item && above.named.is_some_and(|entry| indent <= entry) {
            above.named = None;
        }
        let starts: Vec<usize> = telling(text, above.named.is_some()).collect();
        above.open = starts.iter().find_map(|start| match text[*start..].chars().next() {
            None => Some((indent, false)),
            Some('|' | '>') => Some((indent, true)),
            Some(_) => None,
        });
        strike(&mut out, line, &literals(text, &starts));
    }
    out
}

fn strike(out: &mut String, line: &str, places: &[(usize, usize)]) {
    let mut done = 0;
    for (start, end) in places.iter().copied().filter(|(start, end)| start < end) {
        if start >= done {
            out.push_str(&line[done..start]);
            out.extend(std::iter::repeat_n('*', end - start));
            done = end;
        }
    }
    out.push_str(&line[done..]);
}

/// Where the values of a line's telling keys begin. `named`: the entry's name tells, and `value` is what it names.
fn telling(text: &str, named: bool) -> impl Iterator<Item = usize> {
    let keys = KEY.iter().flat_map(move |key| key.captures_iter(text));
    let tells = move |key: &str| is_telling(key) || (named && key.to_ascii_lowercase().ends_with("value"));
    keys.filter(move |found| found.get(1).is_some_and(|key| tells(key.as_str())))
        .filter_map(|found| found.get(0).map(|whole: Match<'_>| whole.end()))
}

/// Bytes of the literal values that begin at these places of one line.
fn literals(text: &str, starts: &[usize]) -> Vec<(usize, usize)> {
    let value_at = |start: &usize| {
        let value = &text[*start..];
        let is_flow = text[..*start].contains('{');
        let end = match value.chars().next()? {
            '|' | '>' | '{' => return None,
            quote @ ('"' | '\'') if is_flow => quoted(value, quote),
            '[' => value.find(']').map_or(value.len(), |at| at + 1),
            _ if is_flow => value.find([',', '}']).unwrap_or(value.len()),
            '"' | '\'' => value.len(),
            _ => value.find(" #").unwrap_or(value.len()),
        };
        let value = value[..end].trim_end();
        let is_plain = matches!(value, "true" | "false" | "null" | "~") || value.contains("{{");
        (!is_plain).then_some((*start, *start + value.len()))
    };
    starts.iter().filter_map(value_at).collect()
}

/// The length of a quoted scalar, quotes included: `\"` and `''` do not end it.
fn quoted(value: &str, quote: char) -> usize {
    let mut rest = value.char_indices().skip(1).peekable();
    while let Some((at, c)) = rest.next() {
        if c == '\\' && quote == '"' {
            rest.next();
        } else if c == quote && !(quote == '\'' && rest.next_if(|(_, next)| *next == '\'').is_some()) {
            return at + 1;
        }
    }
    value.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_secrets_are_struck_out_and_nothing_else() {
        for (shown, expected) in [
            ("  MasterUserPassword: hunter2 # ours\n", "  MasterUserPassword: ******* # ours\n"),
            ("  - { SecretString: 'a, b', Name: x }\n", "  - { SecretString: ******, Name: x }\n"),
            ("  {Password: hunter2, Name: x}", "  {Password: *******, Name: x}"),
            ("  \"Password\": \"hä\"\r\n", "  \"Password\": *****\r\n"),
            ("{\"Password\":\"a\\\"b\",\"Name\":\"x\"}", "{\"Password\":******,\"Name\":\"x\"}"),
            ("  { Password: 'it''s', Name: x }", "  { Password: *******, Name: x }"),
            ("- name: Password\n  value: hunter2\n", "- name: Password\n  value: *******\n"),
            (
                "- {name: db_password, value: x}\n- {name: zone, value: y}",
                "- {name: db_password, value: *}\n- {name: zone, value: y}",
            ),
            (
                "- Key: db_password\n  Value: x\n- Key: zone\n  Value: y\n",
                "- Key: db_password\n  Value: *\n- Key: zone\n  Value: y\n",
            ),
            ("  - {Name: API_TOKEN, Value: x}", "  - {Name: API_TOKEN, Value: *}"),
            (
                "- name: Password\n  value: x\n- name: zone\n  value: y\n",
                "- name: Password\n  value: *\n- name: zone\n  value: y\n",
            ),
            (
                "a:\n  Passwords:\n  - one\n  - two\n  Name: x\n",
                "a:\n  Passwords:\n  *****\n  *****\n  Name: x\n",
            ),
            ("  SecretConfig:\n    Role: x\n", "  SecretConfig:\n    Role: x\n"),
            ("  Password:\n    hunter2\n  Name: x\n", "  Password:\n    *******\n  Name: x\n"),
            ("  Password: \"{{ vars.password }}\"\n", "  Password: \"{{ vars.password }}\"\n"),
            ("  ManageMasterUserPassword: true\n", "  ManageMasterUserPassword: true\n"),
            ("  Password: [hunter2, b]\n", "  Password: ************\n"),
            ("  SecretArn: arn:aws:x\n  Name: web\n", "  SecretArn: arn:aws:x\n  Name: web\n"),
            (
                "a:\n  PrivateKey: |\n    one\n\n    two\n  Name: x\n",
                "a:\n  PrivateKey: |\n    ***\n\n    ***\n  Name: x\n",
            ),
        ] {
            assert_eq!(veil(shown), expected);
            assert_eq!(veil(shown).len(), shown.len());
        }
    }
}
