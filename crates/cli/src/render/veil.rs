//! Literal secrets in the manifest's own text: a snippet shows where a problem is, never what the secret is.
//!
//! Only names tell here, as they do in a read (`conform`'s seal); a template names where a value comes from, and stays.

use regex_lite::{Match, Regex};
use stack_core::conform::is_telling;
use std::sync::LazyLock;

/// `name: `, quoted or not, at the head of a line or within braces.
static KEY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?:^|[\s{,\-"'])([A-Za-z_][A-Za-z0-9_-]*)["']?\s*:\s+"#).ok());

/// The text with literal secrets struck out, byte by byte, so that places in it stay true.
pub(super) fn veil(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    // The indent of a telling name whose text stands below it.
    let mut block: Option<usize> = None;
    for line in source.split_inclusive('\n') {
        let text = line.trim_end();
        let indent = text.len() - text.trim_start().len();
        if block.is_some_and(|head| text.is_empty() || indent > head) {
            strike(&mut out, line, indent, text.len());
            continue;
        }
        block = opens_block(text).then_some(indent);
        let mut done = 0;
        for (start, end) in literals(text) {
            if start >= done {
                out.push_str(&line[done..start]);
                out.extend(std::iter::repeat_n('*', end - start));
                done = end;
            }
        }
        out.push_str(&line[done..]);
    }
    out
}

fn strike(out: &mut String, line: &str, start: usize, end: usize) {
    out.push_str(&line[..start]);
    out.extend(std::iter::repeat_n('*', end - start));
    out.push_str(&line[end..]);
}

/// The telling keys of a line: where their values begin.
fn telling(text: &str) -> impl Iterator<Item = usize> {
    let keys = KEY.iter().flat_map(move |key| key.captures_iter(text));
    keys.filter(|found| found.get(1).is_some_and(|name| is_telling(name.as_str())))
        .filter_map(|found| found.get(0).map(|whole: Match<'_>| whole.end()))
}

/// True if the value is a block of lines below (YAML 1.2 section 8.1).
fn opens_block(text: &str) -> bool {
    // The end of the line was trimmed; a key without a value matches no `: `.
    telling(text).any(|at| text[at..].starts_with(['|', '>']))
}

/// Bytes of the literal values of telling keys in one line.
fn literals(text: &str) -> Vec<(usize, usize)> {
    telling(text)
        .filter_map(|start| {
            let value = &text[start..];
            let is_flow = text[..start].contains('{');
            let end = match value.chars().next()? {
                '|' | '>' | '{' => return None,
                quote @ ('"' | '\'') => value[1..].find(quote).map_or(value.len(), |at| at + 2),
                '[' => value.find(']').map_or(value.len(), |at| at + 1),
                _ if is_flow => value.find([',', '}']).unwrap_or(value.len()),
                _ => value.find(" #").unwrap_or(value.len()),
            };
            let value = value[..end].trim_end();
            let is_plain = matches!(value, "true" | "false" | "null" | "~") || value.contains("{{");
            (!is_plain).then_some((start, start + value.len()))
        })
        .collect()
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
