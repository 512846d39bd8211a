//! The user's definitions of REST services: which files there are, and what is wrong with them. The disk is read here; the
//! catalog is given texts.

use crate::app::App;
use crate::errors::{Stopped, codes, reason};
use crate::exit::Exit;
use crate::load::MAX_FILE;
use crate::locate::{Locate, Located};
use crate::schemas::Defined;
use stack_catalog::rest::{DefinitionError, Definitions};
use stack_core::diagnostic::{Diagnostic, Part, Route};
use stack_manifest::MANIFEST_NAME;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Folder of a stack with its definitions.
pub const FOLDER: &str = "definitions";
/// Variable that names further folders, separated as in `PATH`.
pub const VARIABLE: &str = "STACK_DEPLOY_DEFINITIONS";

/// A definition file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionFile {
    /// As it can be opened from the working folder.
    pub shown: String,
    /// Its name alone.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// Reads the user's definitions, once in a command: those of the stack folder, of [`VARIABLE`], of `--definitions`. Without
/// a stack the working folder counts as one if it holds a manifest.
///
/// # Errors
/// Files that cannot be read, and everything that is wrong with what they say. Nothing was asked of any service then.
pub fn prepare(app: &App, stack_dir: Option<&Path>) -> Result<(), Stopped> {
    if app.schemas.is_defined() {
        return Ok(());
    }
    let files = files(app, stack_dir)?;
    if files.is_empty() {
        return Ok(());
    }
    let texts = files.iter().map(|file| (file.shown.as_str(), file.text.as_str()));
    match Definitions::with(texts) {
        Ok(definitions) => {
            app.schemas.define(Defined { definitions: Arc::new(definitions), files });
            Ok(())
        }
        Err(wrong) => {
            let told = wrong.into_iter().map(|error| diagnostic(error, &files)).collect();
            app.set_sources(Arc::new(DefinitionSources(files)));
            Err(Stopped { exit: Exit::Error, told })
        }
    }
}

fn files(app: &App, stack_dir: Option<&Path>) -> Result<Vec<DefinitionFile>, Stopped> {
    let mut places: Vec<PathBuf> = Vec::new();
    let stack_dir = match stack_dir {
        Some(dir) => Some(dir),
        None => Some(Path::new(".")).filter(|dir| app.path(&dir.join(MANIFEST_NAME)).is_file()),
    };
    places.extend(stack_dir.map(|dir| dir.join(FOLDER)).filter(|dir| app.path(dir).is_dir()));
    let own = places.len();
    if let Some(named) = app.env.var(VARIABLE) {
        places.extend(std::env::split_paths(named).filter(|path| !path.as_os_str().is_empty()));
    }
    places.extend(app.settings.definitions.iter().cloned());
    let mut known: Vec<PathBuf> = Vec::new();
    let mut all = Vec::new();
    for (index, place) in places.iter().enumerate() {
        let found = listed(app, place)?;
        if found.is_empty() && index >= own {
            let message = format!("there is no definition file in {}", place.display());
            return Err(Stopped::new(
                Exit::Error,
                Diagnostic::error(codes::BAD_DEFINITION, message)
                    .next("definition files end in .yaml or .yml; give the folder that holds them"),
            ));
        }
        for path in found {
            // Two ways to one file are one file.
            let real = app.path(&path).canonicalize().unwrap_or_else(|_| app.path(&path));
            if !known.contains(&real) {
                known.push(real);
                all.push(read(app, &path)?);
            }
        }
    }
    Ok(all)
}

/// The files of a folder, by name; a file is itself.
fn listed(app: &App, place: &Path) -> Result<Vec<PathBuf>, Stopped> {
    let full = app.path(place);
    if full.is_file() {
        return Ok(vec![place.to_owned()]);
    }
    let unreadable = |error: &std::io::Error| {
        let message = format!("{} cannot be read: {}", place.display(), reason(error));
        let told = Diagnostic::error(codes::UNREADABLE_FILE, message);
        Stopped::new(Exit::Error, told.next("give the folder that holds the definition files"))
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(full).map_err(|error| unreadable(&error))? {
        let name = PathBuf::from(entry.map_err(|error| unreadable(&error))?.file_name());
        if name.extension().is_some_and(|end| end == "yaml" || end == "yml") {
            found.push(place.join(name));
        }
    }
    found.sort();
    Ok(found)
}

fn read(app: &App, path: &Path) -> Result<DefinitionFile, Stopped> {
    let shown = path.strip_prefix(".").unwrap_or(path);
    let fail = |why: &str| {
        let message = format!("{} cannot be read: {why}", shown.display());
        Stopped::new(Exit::Error, Diagnostic::error(codes::UNREADABLE_FILE, message))
    };
    let full = app.path(path);
    let facts = full.metadata().map_err(|error| fail(&reason(&error)))?;
    // Reading a pipe or a device may never end.
    if !facts.is_file() {
        return Err(fail("this is no file"));
    }
    if facts.len() > MAX_FILE {
        return Err(fail("it is larger than 16 MiB"));
    }
    let text = std::fs::read_to_string(full).map_err(|error| fail(&reason(&error)))?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(DefinitionFile { shown: shown.to_string_lossy().into_owned(), name, text })
}

fn diagnostic(error: DefinitionError, files: &[DefinitionFile]) -> Diagnostic {
    let DefinitionError { file, line, column, message, next } = error;
    let told = Diagnostic::error(codes::BAD_DEFINITION, message);
    let text = files.iter().find(|known| known.shown == file).map(|known| known.text.as_str());
    let told = match text.filter(|_| line > 0) {
        Some(text) => {
            let route = Route { file, steps: Vec::new() };
            told.at_part(route, Part::Within(range(text, line, column)), "")
        }
        None => told.note("file", file),
    };
    told.next(next)
}

/// From a place to the end of the word there.
fn range(text: &str, line: usize, column: usize) -> std::ops::Range<usize> {
    let begins: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let whole = text.get(begins..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let indent = whole.len() - whole.trim_start().len();
    let at = match column {
        0 => indent,
        _ => whole.char_indices().nth(column - 1).map_or(whole.len(), |(at, _)| at),
    };
    let rest = whole.get(at..).unwrap_or_default();
    let is_end = |c: char| c.is_whitespace() || matches!(c, ',' | ':' | '}' | ']' | '"');
    let skipped = rest.len() - rest.trim_start_matches(['"', '\'']).len();
    let word = rest.get(skipped..).and_then(|rest| rest.find(is_end)).map_or(rest.len(), |end| end + skipped);
    begins + at..begins + at + word.max(1).min(rest.len())
}

/// Definition files as sources of diagnostics.
#[derive(Debug)]
struct DefinitionSources(Vec<DefinitionFile>);

impl Locate for DefinitionSources {
    fn locate(&self, route: &Route, part: &Part) -> Option<Located> {
        let range = match part {
            Part::Within(range) => range.clone(),
            Part::Value | Part::Key => 0..0,
        };
        Some(Located { file: route.file.clone(), range })
    }

    fn text(&self, file: &str) -> Option<&str> {
        self.0.iter().find(|known| known.shown == file).map(|known| known.text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locate::line_column;

    #[test]
    fn a_place_covers_its_word() {
        let text = "a: é\n  path: \"tickets/{id}\"\n";
        let at = |line, column| text.get(range(text, line, column)).unwrap_or("?");
        assert_eq!(at(2, 3), "path");
        assert_eq!(at(2, 9), "\"tickets/{id");
        assert_eq!(at(2, 0), "path");
        assert_eq!(at(1, 4), "é");
        assert_eq!((at(9, 9), at(2, 99)), ("", ""));
        assert_eq!(line_column(text, range(text, 2, 3).start), (2, 3));
    }
}
