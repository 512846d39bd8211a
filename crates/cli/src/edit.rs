//! Writing into a manifest: an entry more, and not a byte of the rest.

use serde_json::{Map, Value as Json};

/// Why an entry cannot be added by a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// No `resources:` line.
    #[error("the manifest has no line `resources:`")]
    NoList,
    /// `resources: [ … ]` on one line, with something in it.
    #[error("`resources` is written in brackets")]
    Brackets,
}

/// An entry of `resources` in YAML, without indentation, ending with a line end.
pub fn entry(
    name: &str,
    ty: &str,
    region: Option<&str>,
    identifier: Option<&str>,
    props: &Map<String, Json>,
) -> String {
    let mut members = Map::new();
    members.insert("name".to_owned(), Json::from(name));
    members.insert("type".to_owned(), Json::from(ty));
    if let Some(region) = region {
        members.insert("region".to_owned(), Json::from(region));
    }
    if let Some(identifier) = identifier {
        members.insert("identifier".to_owned(), Json::from(identifier));
    }
    members.insert("props".to_owned(), Json::Object(props.clone()));
    // Strings, numbers, lists and maps always serialise.
    let text = serde_yaml::to_string(&[Json::Object(members)]).unwrap_or_default();
    text.trim_start_matches("---\n").to_owned()
}

/// A text that templates leave as it is.
pub fn literal(value: &mut Json) {
    match value {
        Json::String(text) if ["{{", "{%", "{#"].iter().any(|mark| text.contains(mark)) => {
            *text = format!("{{% raw %}}{text}{{% endraw %}}");
        }
        Json::Array(items) => items.iter_mut().for_each(literal),
        Json::Object(members) => members.values_mut().for_each(literal),
        _ => {}
    }
}

/// The manifest with one more entry at the end of `resources`.
///
/// # Errors
/// [`EditError`].
pub fn append(manifest: &str, entry: &str) -> Result<String, EditError> {
    let lines: Vec<&str> = manifest.split_inclusive('\n').collect();
    let is_list = |line: &&str| line.strip_prefix("resources:").is_some();
    let at = lines.iter().position(|line| is_list(&line)).ok_or(EditError::NoList)?;
    let after = lines[at].trim_start_matches("resources:");
    let after = after.split(" #").next().unwrap_or_default().trim();
    let mut out: String = lines[..at].concat();
    match after {
        "" => out.push_str(lines[at]),
        "[]" => out.push_str("resources:\n"),
        _ => return Err(EditError::Brackets),
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
    // The list ends before the next key of the document; comments and blank lines before that belong to the key.
    let belongs = |line: &str| {
        let text = line.trim_end();
        text.is_empty() || text.starts_with([' ', '\t', '-', '#'])
    };
    let body = lines[at + 1..].iter().take_while(|line| belongs(line)).count();
    let body = &lines[at + 1..at + 1 + body];
    let is_content = |line: &&str| {
        let text = line.trim_start();
        !text.trim_end().is_empty() && !line.starts_with('#')
    };
    let kept = body.iter().rposition(|line| is_content(&line)).map_or(0, |last| last + 1);
    let indent = body
        .iter()
        .find(|line| line.trim_start().starts_with("- "))
        .map_or("  ", |line| &line[..line.len() - line.trim_start().len()]);
    out.push_str(&body[..kept].concat());
    if !out.ends_with('\n') {
        out.push('\n');
    }
    // Entries that stand apart stay apart.
    if kept > 0 && body[..kept].iter().any(|line| line.trim().is_empty()) {
        out.push('\n');
    }
    for line in entry.lines() {
        out.push_str(&format!("{indent}{line}").trim_end().to_owned());
        out.push('\n');
    }
    out.push_str(&body[kept..].concat());
    out.push_str(&lines[at + 1 + body.len()..].concat());
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ENTRY: &str = "- name: b\n  props:\n    X: 1\n";

    #[test]
    fn an_entry_goes_to_the_end_of_the_list_and_the_rest_stays() {
        let text =
            "name: s\nresources:\n  - name: a   # first\n    props: {}\n\n# exports follow\nexports: [x]\n";
        assert_eq!(
            append(text, ENTRY).unwrap(),
            "name: s\nresources:\n  - name: a   # first\n    props: {}\n  - name: b\n    props:\n      X: 1\n\n# exports follow\nexports: [x]\n"
        );
    }

    #[test]
    fn a_list_without_indentation_and_without_a_last_line_end_is_no_problem() {
        let text = "resources:\n- name: a\n  props: {}";
        assert_eq!(
            append(text, ENTRY).unwrap(),
            "resources:\n- name: a\n  props: {}\n- name: b\n  props:\n    X: 1\n"
        );
    }

    #[test]
    fn an_empty_list_becomes_a_list_and_brackets_are_left_to_the_user() {
        assert_eq!(
            append("resources: []\n", ENTRY).unwrap(),
            "resources:\n  - name: b\n    props:\n      X: 1\n"
        );
        assert_eq!(append("resources: [{name: a}]\n", ENTRY), Err(EditError::Brackets));
        assert_eq!(append("name: x\n", ENTRY), Err(EditError::NoList));
    }

    #[test]
    fn an_entry_reads_back_as_it_was_and_templates_stay_text() {
        let mut props =
            json!({"Note": "{{ x }}", "Account": "012345678901", "On": "yes", "N": [1, {"A": ""}]});
        literal(&mut props);
        let text = entry("b", "awscc.s3.buckets", None, Some("a|b"), props.as_object().unwrap());
        let back: Json = serde_yaml::from_str(&text).unwrap();
        assert_eq!(back[0]["props"], props);
        assert_eq!(back[0]["props"]["Note"], "{% raw %}{{ x }}{% endraw %}");
        assert_eq!(back[0]["identifier"], "a|b");
    }
}
