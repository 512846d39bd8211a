//! Writing into a manifest: an entry more, and not a byte of the rest.

use serde_json::{Map, Value as Json};
use std::path::Path;

/// Puts the new manifest in the place of the old one, whole or not at all. A link stays a link.
///
/// # Errors
/// It was changed meanwhile, or cannot be written.
pub fn replace(path: &Path, before: &str, after: &str) -> std::io::Result<()> {
    use std::io::{Error, ErrorKind, Write};
    let path = path.canonicalize()?;
    if std::fs::read_to_string(&path)? != before {
        return Err(Error::other("it was changed meanwhile; run the same command again"));
    }
    let permissions = std::fs::metadata(&path)?.permissions();
    if permissions.readonly() {
        return Err(Error::from(ErrorKind::PermissionDenied));
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    let write = || {
        let mut file = std::fs::File::create(&beside)?;
        file.set_permissions(permissions)?;
        file.write_all(after.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, &path)
    };
    write().inspect_err(|_| {
        let _ = std::fs::remove_file(&beside);
    })
}

/// Why an entry cannot be added by a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// No `resources:` line.
    #[error("the manifest has no line `resources:`")]
    NoList,
    /// `resources: [ … ]` on one line, with something in it.
    #[error("`resources` is written in brackets")]
    Brackets,
    /// The text would not mean what it meant with one entry more.
    #[error("`resources` is written in a way that no entry can be put into safely")]
    Unclear,
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

/// A text that templates leave as it is, and that brings no file in.
pub fn literal(value: &mut Json) {
    match value {
        Json::String(text) => {
            if let Some(written) = literal_text(text) {
                *text = written;
            }
        }
        Json::Array(items) => items.iter_mut().for_each(literal),
        Json::Object(members) => members.values_mut().for_each(literal),
        _ => {}
    }
}

/// Each mark as an expression that gives it: `{% raw %}` would end at an `{% endraw %}` of the text's own.
fn literal_text(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    if text.trim_start().starts_with("file(") {
        let (space, file) = text.split_at(text.len() - text.trim_start().len());
        out.push_str(space);
        out.push_str("{{ 'f' }}");
        rest = file.strip_prefix('f')?;
    }
    while let Some(at) = ["{{", "{%", "{#"].iter().filter_map(|mark| rest.find(mark)).min() {
        let (mark, after) = rest[at..].split_at(2);
        out.push_str(&rest[..at]);
        out.push_str(&format!("{{{{ '{mark}' }}}}"));
        rest = after;
    }
    if out.is_empty() {
        return None;
    }
    out.push_str(rest);
    Some(out)
}

/// The manifest with one more entry at the end of `resources`, and the same meaning otherwise.
///
/// # Errors
/// [`EditError`].
pub fn append(manifest: &str, entry: &str) -> Result<String, EditError> {
    let written = put(manifest, entry)?;
    if is_only_longer(manifest, &written, entry) { Ok(written) } else { Err(EditError::Unclear) }
}

/// True if both texts mean the same but for one entry more at the end of `resources`. What stands where in a document is
/// for a parser to say: lines only look like entries.
fn is_only_longer(before: &str, after: &str, entry: &str) -> bool {
    use serde_yaml::Value as Yaml;
    let read = |text: &str| serde_yaml::from_str::<Yaml>(text).ok();
    let (Some(Yaml::Mapping(mut before)), Some(after), Some(Yaml::Sequence(entry))) =
        (read(before), read(after), read(entry))
    else {
        return false;
    };
    match before.get_mut("resources") {
        Some(Yaml::Sequence(list)) => list.extend(entry),
        Some(empty @ Yaml::Null) => *empty = Yaml::Sequence(entry),
        _ => return false,
    }
    Yaml::Mapping(before) == after
}

fn put(manifest: &str, entry: &str) -> Result<String, EditError> {
    // Line ends as most of the file has them.
    let ends = manifest.matches('\n').count();
    let end = if manifest.matches("\r\n").count() * 2 > ends { "\r\n" } else { "\n" };
    let lines: Vec<&str> = manifest.split_inclusive('\n').collect();
    let is_list = |line: &&str| line.strip_prefix("resources:").is_some();
    let at = lines.iter().position(is_list).ok_or(EditError::NoList)?;
    let after = lines[at].trim_start_matches("resources:");
    let after = after.split(" #").next().unwrap_or_default().trim();
    let mut out: String = lines[..at].concat();
    match after {
        "" => out.push_str(lines[at]),
        "[]" => {
            out.push_str("resources:");
            out.push_str(end);
        }
        _ => return Err(EditError::Brackets),
    }
    if !out.ends_with('\n') {
        out.push_str(end);
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
    let kept = body.iter().rposition(is_content).map_or(0, |last| last + 1);
    let indent = body
        .iter()
        .find(|line| line.trim_start().starts_with("- ") || line.trim() == "-")
        .map_or("  ", |line| &line[..line.len() - line.trim_start().len()]);
    out.push_str(&body[..kept].concat());
    if !out.ends_with('\n') {
        out.push_str(end);
    }
    // Entries that stand apart stay apart.
    if kept > 0 && body[..kept].iter().any(|line| line.trim().is_empty()) {
        out.push_str(end);
    }
    for line in entry.lines() {
        out.push_str(format!("{indent}{line}").trim_end());
        out.push_str(end);
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
    fn an_entry_goes_into_the_list_however_it_is_written_or_nowhere() {
        let below = "resources:\n-\n    name: a\n    props:\n      - name: X\n        value: 1\n";
        assert_eq!(append(below, ENTRY).unwrap(), format!("{below}{ENTRY}"));
        let dos = "name: s\r\nresources:\r\n  - name: a\r\n    props: {}\r\n";
        let more = "  - name: b\r\n    props:\r\n      X: 1\r\n";
        assert_eq!(append(dos, ENTRY).unwrap(), format!("{dos}{more}"));
        let kept = "resources:\n  - name: a\n    note: |+\n      text\n\n\nexports: []\n";
        for text in [
            "resources:\n  [ {name: a} ]\n",
            kept,
            "a: b\n---\nresources:\n  - name: a\n",
            "resources:\n  name: a\n",
            "resources:\n  - name: a\n  - {name: c\n",
        ] {
            assert_eq!(append(text, ENTRY), Err(EditError::Unclear), "{text}");
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_manifest_is_replaced_whole_through_links_and_only_if_it_is_still_the_same() -> std::io::Result<()> {
        let dir = std::env::temp_dir().join(format!("stack-deploy-edit-{}", std::process::id()));
        std::fs::create_dir_all(&dir)?;
        let (file, link) = (dir.join("real.yml"), dir.join("link.yml"));
        std::fs::write(&file, "a")?;
        std::os::unix::fs::symlink(&file, &link)?;
        replace(&link, "a", "b")?;
        assert!(std::fs::symlink_metadata(&link)?.is_symlink());
        assert_eq!(std::fs::read_to_string(&file)?, "b");
        assert!(replace(&link, "a", "c").is_err());
        let mut permissions = std::fs::metadata(&file)?.permissions();
        permissions.set_readonly(true);
        std::fs::set_permissions(&file, permissions)?;
        assert!(replace(&link, "b", "c").is_err());
        assert_eq!(std::fs::read_to_string(&file)?, "b");
        assert_eq!(std::fs::read_dir(&dir)?.count(), 2);
        std::fs::remove_dir_all(&dir)
    }

    #[test]
    fn marks_become_expressions_that_give_them() {
        for (text, written) in [
            ("{{ x }}", "{{ '{{' }} x }}"),
            ("a {% endraw %} {#", "a {{ '{%' }} endraw %} {{ '{#' }}"),
            ("{{% x", "{{ '{{' }}% x"),
            ("file(secrets.json)", "{{ 'f' }}ile(secrets.json)"),
            (" file( a.json )", " {{ 'f' }}ile( a.json )"),
            ("profile(x) } }} %}", "profile(x) } }} %}"),
        ] {
            let mut value = json!(text);
            literal(&mut value);
            assert_eq!(value, json!(written));
        }
    }

    #[test]
    fn an_entry_reads_back_as_it_was_and_templates_stay_text() {
        let mut props =
            json!({"Note": "{{ x }}", "Account": "012345678901", "On": "yes", "N": [1, {"A": ""}]});
        literal(&mut props);
        let text = entry("b", "awscc.s3.buckets", None, Some("a|b"), props.as_object().unwrap());
        let back: Json = serde_yaml::from_str(&text).unwrap();
        assert_eq!(back[0]["props"], props);
        assert_eq!(back[0]["props"]["Note"], "{{ '{{' }} x }}");
        assert_eq!(back[0]["identifier"], "a|b");
    }
}
