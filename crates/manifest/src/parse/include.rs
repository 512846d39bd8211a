//! `file(…)`: a value that is written in a file of its own (stackql-compat 1.5).
//!
//! Paths start at `<stack>/resources/`, also in files that are included. What a file holds is read as if it stood in the
//! place of the directive: templates in it are rendered, further directives in it are followed. Unlike the predecessor,
//! circles and files outside the stack folder are refused.

use crate::codes;
use crate::model::Tree;
use crate::parse::node::Reader;
use crate::path::Path;
use crate::source_map::SourceFile;
use crate::sources::{FileError, Files};
use crate::template::Templates;
use crate::{json, yaml};
use serde_json::Value as Json;
use stack_core::diagnostic::{Diagnostic, Diagnostics, Label, Part};
use std::collections::HashMap;
use std::sync::Arc;

/// The folder that holds what manifests name.
pub(crate) const FOLDER: &str = "resources";

/// How much text all directives together may put in. Files that include others twice each grow without bound.
const MAX_INCLUDED: usize = 16 << 20;
/// What one directive counts for at least: files of one byte cost time and room all the same.
const LEAST_INCLUDED: usize = 256;
/// How many files may stand inside each other, and how many lists and mappings through all of them. Values are walked by
/// recursion, and one file alone may have a hundred.
const MAX_NESTED: usize = 10;
const MAX_DEPTH: usize = 110;

/// Files that have been read, and those that are being read.
pub(crate) struct Includes<'a> {
    files: &'a dyn Files,
    allow_outside: bool,
    /// True where a directive means something.
    pub(crate) allowed: bool,
    known: HashMap<String, Option<Arc<Json>>>,
    /// Files inside which we are, with the directive that led there.
    open: Vec<(String, Path)>,
    included: usize,
    /// Lists and mappings around the value that is being read, through all files.
    pub(crate) depth: usize,
}

impl<'a> Includes<'a> {
    pub(crate) fn new(files: &'a dyn Files, allow_outside: bool) -> Self {
        Self {
            files,
            allow_outside,
            allowed: false,
            known: HashMap::new(),
            open: Vec::new(),
            included: 0,
            depth: 0,
        }
    }
}

/// The argument of the directive, if a text is one: the whole text, with something in the parentheses.
pub(crate) fn argument(text: &str) -> Option<&str> {
    let inner = text.trim().strip_prefix("file(")?.strip_suffix(')')?.trim();
    let quoted = |quote: char| inner.strip_prefix(quote)?.strip_suffix(quote);
    let inner = quoted('\'').or_else(|| quoted('"')).unwrap_or(inner);
    (!inner.trim().is_empty()).then_some(inner)
}

/// The path from the stack folder, and whether it stays inside it.
pub(crate) fn resolve(argument: &str) -> (String, bool) {
    let drive = argument.as_bytes().get(1) == Some(&b':');
    if argument.starts_with(['/', '\\']) || drive {
        return (argument.to_owned(), false);
    }
    let mut up = 0;
    let mut parts = vec![FOLDER];
    for part in argument.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                if parts.pop().is_none() {
                    up += 1;
                }
            }
            part => parts.push(part),
        }
    }
    (format!("{}{}", "../".repeat(up), parts.join("/")), up == 0)
}

impl Reader<'_> {
    /// The value of a directive.
    pub(crate) fn file(&mut self, text: &str, path: &Path) -> Tree {
        let Some(argument) = argument(text) else { return Tree::Broken };
        if !self.includes.allowed {
            self.push(
                Diagnostic::error(codes::BAD_FILE, "`file(…)` is not read here")
                    .at(path.route(), "this would be taken for a text")
                    .next("include the file in the value of a global, and use the global here"),
            );
            return Tree::Broken;
        }
        if Templates::is_template(argument) {
            self.push(
                Diagnostic::error(codes::BAD_FILE, "files are read before templates are rendered")
                    .at(path.route(), "this path would not be rendered")
                    .next("write the path out; choose between files with `values` by environment"),
            );
            return Tree::Broken;
        }
        let Some(key) = self.inside(argument, path) else { return Tree::Broken };
        if self.is_open(&key, path) {
            return Tree::Broken;
        }
        let Some(json) = self.included(&key, path) else { return Tree::Broken };
        if self.includes.depth + depth(&json) > MAX_DEPTH {
            let message = format!("with the file {key} the value is nested too deeply");
            self.push(Diagnostic::error(codes::BAD_FILE, message).at(path.route(), ""));
            return Tree::Broken;
        }
        self.includes.open.push((key.clone(), path.clone()));
        let root = Path::root_of(&key);
        let tree = self.tree(&json, &root);
        self.includes.open.pop();
        Tree::Included(root, Box::new(tree))
    }

    /// The path of a file that may be read.
    pub(crate) fn inside(&mut self, argument: &str, path: &Path) -> Option<String> {
        let (key, inside) = resolve(argument);
        if !inside && !self.includes.allow_outside {
            self.push(outside(argument, path, "this path leaves the stack folder"));
            return None;
        }
        Some(key)
    }

    /// Complains about a circle of files, and about too many inside each other.
    fn is_open(&mut self, key: &str, path: &Path) -> bool {
        let open = &self.includes.open;
        if let Some(first) = open.iter().position(|(name, _)| name == key) {
            let circle = &open[first..];
            let names: Vec<&str> = circle.iter().map(|(name, _)| name.as_str()).chain([key]).collect();
            let mut problem = Diagnostic::error(
                codes::FILE_CYCLE,
                format!("files include each other: {}", names.join(" → ")),
            )
            .at(path.route(), "this closes the circle");
            for (name, from) in circle.iter().skip(1) {
                problem = problem.at(from.route(), format!("this includes {name}"));
            }
            self.push(problem.next("take one of these directives out"));
            return true;
        }
        if open.len() >= MAX_NESTED {
            let message = format!("more than {MAX_NESTED} files stand inside each other");
            self.push(Diagnostic::error(codes::BAD_FILE, message).at(path.route(), ""));
            return true;
        }
        false
    }

    /// What a file holds, read once.
    fn included(&mut self, key: &str, path: &Path) -> Option<Arc<Json>> {
        if !self.includes.known.contains_key(key) {
            let Some(text) = self.read_file(key, path) else {
                // Each directive that asks for it is told so.
                return None;
            };
            let mut file = SourceFile::new(key, text);
            let mut problems = Diagnostics::new();
            let json = parse(key, &mut file, &mut problems);
            for mut problem in problems {
                let text = format!("{key} is included here");
                problem.labels.push(Label { route: path.route(), part: Part::Value, text });
                self.push(problem);
            }
            self.places.add(key, file);
            self.includes.known.insert(key.to_owned(), json.map(Arc::new));
        }
        let json = self.includes.known.get(key).cloned().flatten()?;
        let size = self.places.file(&Path::root_of(key).route()).map_or(0, |(_, text)| text.len());
        self.includes.included += size.max(LEAST_INCLUDED);
        if self.includes.included > MAX_INCLUDED {
            self.push(
                Diagnostic::error(codes::BAD_FILE, "the included files are larger than 16 MiB together")
                    .at(path.route(), "here there was no room left"),
            );
            return None;
        }
        Some(json)
    }

    /// The text of a file; what is wrong with it is told at the place that names it.
    pub(crate) fn read_file(&mut self, key: &str, path: &Path) -> Option<String> {
        self.file_text(key, path).map_err(|problem| self.push(problem)).ok()
    }

    /// The text of a file, or what is wrong with it at the place that names it.
    pub(crate) fn file_text(&self, key: &str, path: &Path) -> Result<String, Diagnostic> {
        let problem = match self.includes.files.read(key) {
            Ok(text) => return Ok(text),
            Err(FileError::Outside) => {
                outside(key, path, "this is a link that leads out of the stack folder")
            }
            Err(FileError::Missing) => {
                Diagnostic::error(codes::BAD_FILE, format!("there is no file {key}")).at(path.route(), "")
            }
            Err(error @ (FileError::Unreadable(_) | FileError::NoText(_))) => {
                let message = format!("{key} cannot be read");
                Diagnostic::error(codes::BAD_FILE, message).at(path.route(), error.to_string())
            }
        };
        let folder = format!("paths start at the folder `{FOLDER}` of the stack");
        Err(if problem.code == codes::BAD_FILE { problem.note("why", folder) } else { problem })
    }
}

/// How many lists and mappings stand inside each other. A file has at most 128.
fn depth(json: &Json) -> usize {
    match json {
        Json::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Json::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn outside(name: &str, path: &Path, label: &str) -> Diagnostic {
    Diagnostic::error(codes::OUTSIDE_FILE, format!("the file {name} is outside the stack folder"))
        .at(path.route(), label)
        .next("put it into the stack folder, or allow it: --allow-outside-files")
}

/// By its ending; without a known one it is JSON if it can be.
fn parse(key: &str, file: &mut SourceFile, problems: &mut Diagnostics) -> Option<Json> {
    let ending = key.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, ending)| ending);
    let is_json = match ending.map(str::to_ascii_lowercase).as_deref() {
        Some("json") => true,
        Some("yml" | "yaml") => false,
        _ => json::fits(&file.text),
    };
    if is_json { json::read(key, file, problems) } else { yaml::read(key, file, problems) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directive_is_the_whole_text() {
        assert_eq!(argument(" file( a.json ) "), Some("a.json"));
        assert_eq!(argument("file('a b.json')"), Some("a b.json"));
        for text in ["file()", "file( )", "see file(a)", "file(a) b", "file a", "file('')"] {
            assert_eq!(argument(text), None, "{text}");
        }
    }

    #[test]
    fn paths_start_at_resources_and_stay_in_the_stack() {
        let of = |text: &str| resolve(text);
        assert_eq!(of("a.json"), ("resources/a.json".to_owned(), true));
        assert_eq!(of("./x//../y/a.json"), ("resources/y/a.json".to_owned(), true));
        assert_eq!(of("../a.json"), ("a.json".to_owned(), true));
        assert_eq!(of("../../a.json"), ("../a.json".to_owned(), false));
        assert_eq!(of("../../../a"), ("../../a".to_owned(), false));
        for absolute in ["/etc/passwd", "C:/x", "\\\\host\\x"] {
            assert!(!of(absolute).1, "{absolute}");
        }
    }
}
