//! From a stack folder to a stack: files, variables, and everything that is wrong with them, in one go and offline.

use crate::app::App;
use crate::args::InputArgs;
use crate::definitions;
use crate::errors::{Stopped, codes, exit_of};
use crate::exit::Exit;
use crate::locate::StackSources;
use crate::render::view_of::sha256;
use indexmap::IndexMap;
use serde_json::{Map, Value as Json};
use stack_core::desired::{Outputs, Rendered, Resolver};
use stack_core::diagnostic::{Diagnostic, Diagnostics, Severity};
use stack_core::flow::FlowKind;
use stack_core::ids::{Address, Region, Target};
use stack_core::plan::Plan;
use stack_core::planner::glob;
use stack_core::pointer::Pointer;
use stack_core::schema::Schemas;
use stack_core::value::Value;
use stack_manifest::{FileError, Files, MANIFEST_NAME, Options, Parsed, Sources, Stack, variables};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A stack that can be planned.
pub struct Loaded {
    /// The manifest, read for one environment.
    pub stack: Stack,
    /// Types.
    pub schemas: Arc<dyn Schemas>,
    /// `sha256:…` of the manifest and the files that it includes.
    pub digest: String,
    /// Stack folder, absolute.
    pub dir: PathBuf,
    /// Stack folder as typed.
    pub typed: PathBuf,
    /// What the manifest says without any output known.
    pub survey: Survey,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Loaded")
            .field("stack", self.stack.stack())
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

/// What rendering with nothing known tells about all resources.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Places that are called, in manifest order, without doubles.
    pub targets: Vec<Target>,
    /// True if nothing gives some resources a region, and all of these are written as statements.
    pub statements_lack_region: bool,
    /// Declared places that hold secrets.
    pub secrets: HashMap<Address, BTreeSet<Pointer>>,
    /// Declared top-level properties without a secret in them.
    clear: HashMap<Address, BTreeSet<String>>,
}

/// What to load.
#[derive(Clone, Debug)]
pub struct What<'a> {
    /// Stack folder as typed.
    pub dir: &'a Path,
    /// Environment.
    pub env: &'a str,
    /// `-e` and `--env-file`.
    pub inputs: &'a InputArgs,
    /// Region of resources that name none.
    pub region: Option<&'a str>,
    /// The plan's nonce: 32 hexadecimal digits.
    pub nonce: &'a str,
    /// Warnings about keys are errors.
    pub strict: bool,
    /// Text to take in place of the manifest's: what the file would be.
    pub text: Option<&'a str>,
    /// `--exclude`: what is wrong with these resources stops nothing.
    pub exclude: &'a [String],
}

/// Reads and checks a stack. Warnings are told; errors stop.
///
/// # Errors
/// Everything that is wrong, in one go.
pub fn load(app: &App, what: &What<'_>) -> Result<Loaded, Stopped> {
    let (parsed, digest) = parse(app, what)?;
    let mut problems = parsed.diagnostics;
    if let Some(stack) = &parsed.stack {
        merge(&mut problems, stack.validate());
        // Before any call: half a stack is worse than none.
        merge(&mut problems, stack.cannot_run());
    }
    if let Some(stack) = &parsed.stack {
        problems = problems.into_iter().map(|problem| left_out(stack, what.exclude, problem)).collect();
    }
    app.tell(&app.schemas.take_problems());
    let stack = match parsed.stack {
        Some(stack) if !problems.iter().any(Diagnostic::is_error) => stack,
        _ => return Err(Stopped { exit: exit_of(&problems), told: problems }),
    };
    // A text beside the file is the file and a part of ours: the file's warnings were told.
    if what.text.is_none() {
        app.tell(&problems);
    }
    let survey = survey(&stack);
    Ok(Loaded {
        stack,
        schemas: Arc::clone(&app.schemas) as _,
        digest,
        dir: app.path(what.dir),
        typed: what.dir.to_owned(),
        survey,
    })
}

/// What is wrong with resources that are left out is a warning. By itself nothing is ever left out: a plan without a resource that
/// cannot be read would say that all is well.
fn left_out(stack: &Stack, exclude: &[String], problem: Diagnostic) -> Diagnostic {
    if !problem.is_error() || exclude.is_empty() {
        return problem;
    }
    let concerned = stack.concerned(&problem);
    let is_out = |address: &&Address| exclude.iter().any(|pattern| glob(pattern, address.as_str()));
    if concerned.is_empty() || !concerned.iter().all(is_out) {
        return problem;
    }
    let problem = Diagnostic { severity: Severity::Warning, ..problem };
    problem.note("left out", "this run goes on without it, and does not know what its statements refer to")
}

/// Reads a manifest, sets the sources for diagnostics, and gives it with its digest.
///
/// # Errors
/// Files that cannot be read, variables that are none.
pub fn parse(app: &App, what: &What<'_>) -> Result<(Parsed, String), Stopped> {
    let dir = app.path(what.dir);
    definitions::prepare(app, Some(what.dir))?;
    let path = dir.join(MANIFEST_NAME);
    let manifest = match what.text.map_or_else(|| std::fs::read_to_string(&path), |text| Ok(text.to_owned()))
    {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let message = format!("there is no {MANIFEST_NAME} in {}", what.dir.display());
            let diagnostic = Diagnostic::error(codes::NO_MANIFEST, message)
                .next("give the folder that holds it: stack-deploy COMMAND STACK_DIR ENV");
            return Err(Stopped::new(Exit::Error, diagnostic));
        }
        Err(error) => return Err(Stopped::unreadable(&what.dir.join(MANIFEST_NAME), &error)),
    };
    let text = manifest.clone();
    let stack_dir = dir
        .canonicalize()
        .ok()
        .and_then(|dir| dir.file_name().map(|name| name.to_string_lossy().into_owned()))
        .unwrap_or_default();
    let (variables, unused) = template_variables(app, what.inputs)?;
    let sources = Sources {
        manifest,
        // Not the path: a plan must not depend on how its folder was typed.
        manifest_name: MANIFEST_NAME.to_owned(),
        files: Arc::new(DiskFiles { dir, allow_outside: what.inputs.allow_outside_files }),
        variables,
        env: what.env.to_owned(),
        stack_dir,
    };
    let options = Options {
        default_region: what.region.map(Region::new),
        strict: what.strict,
        allow_outside_files: what.inputs.allow_outside_files,
        nonce: u128::from_str_radix(what.nonce, 16).unwrap_or_default(),
        redactor: app.redactor.clone(),
        statements: Some(Arc::new(stack_flow::Reader::new(Arc::clone(&app.schemas) as _))),
    };
    if let Some(region) = what.region {
        app.schemas.prefer(region);
    }
    let mut parsed = Stack::parse(sources, Arc::clone(&app.schemas) as _, options);
    parsed.diagnostics.extend(unused);
    let definitions = app.schemas.defined().map(|defined| defined.files.as_slice()).unwrap_or_default();
    let definitions = definitions.iter().map(|file| (file.name.as_str(), file.text.as_str()));
    let digest = digest(&text, parsed.source_map.further_files().chain(definitions));
    let sources = StackSources { map: Arc::clone(&parsed.source_map), dir: what.dir.to_owned() };
    app.set_sources(Arc::new(sources));
    Ok((parsed, digest))
}

/// `sha256:…` of the manifest and of every file that it brought in.
fn digest<'f>(manifest: &str, files: impl Iterator<Item = (&'f str, &'f str)>) -> String {
    let mut files: Vec<(&str, &str)> = files.collect();
    files.sort_unstable();
    let mut all = manifest.to_owned();
    for (path, text) in files {
        // Lengths keep two files from being taken for one.
        all.push_str(&format!("\0{}\0{path}\0{}\0{text}", path.len(), text.len()));
    }
    sha256(all.as_bytes())
}

/// The files of a stack folder.
#[derive(Debug)]
struct DiskFiles {
    dir: PathBuf,
    allow_outside: bool,
}

/// Larger files are taken for a mistake in the path.
pub(crate) const MAX_FILE: u64 = 16 << 20;

impl Files for DiskFiles {
    fn read(&self, path: &str) -> Result<String, FileError> {
        let unreadable = |error: &std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => FileError::Missing,
            _ => FileError::Unreadable(error.to_string()),
        };
        // Links are followed before anything is read: what counts is where the file is, not how it is named.
        let real = self.dir.join(path).canonicalize().map_err(|error| unreadable(&error))?;
        let dir = self.dir.canonicalize().map_err(|error| unreadable(&error))?;
        if !self.allow_outside && !real.starts_with(&dir) {
            return Err(FileError::Outside);
        }
        let facts = real.metadata().map_err(|error| unreadable(&error))?;
        // Reading a pipe or a device may never end.
        if !facts.is_file() {
            return Err(FileError::Unreadable("this is no file".to_owned()));
        }
        if facts.len() > MAX_FILE {
            return Err(FileError::Unreadable("it is larger than 16 MiB".to_owned()));
        }
        let bytes = std::fs::read(&real).map_err(|error| unreadable(&error))?;
        String::from_utf8(bytes).map_err(|error| FileError::NoText(error.utf8_error().valid_up_to() + 1))
    }
}

/// Variables of the environment file, overlaid by each `-e` (stackql-compat 1.6); with warnings of what is not used.
fn template_variables(
    app: &App,
    inputs: &InputArgs,
) -> Result<(IndexMap<String, String>, Diagnostics), Stopped> {
    let default = PathBuf::from(".env");
    let file = inputs.env_file.as_ref().unwrap_or(&default);
    let mut unused = Diagnostics::new();
    let mut all = match std::fs::read_to_string(app.path(file)) {
        Ok(text) => variables::dotenv(&file.to_string_lossy(), &text)
            .map_err(|diagnostic| Stopped::problems(vec![diagnostic]))?,
        // The predecessor takes a missing file for an empty one; one that was asked for is at least mentioned.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if inputs.env_file.is_some() {
                let message = format!("{} is not there: no variables are read from it", file.display());
                unused.push(Diagnostic::warning(codes::UNREADABLE_FILE, message));
            }
            IndexMap::new()
        }
        Err(error) => return Err(Stopped::unreadable(file, &error)),
    };
    for (index, text) in inputs.env.iter().enumerate() {
        // The predecessor drops it without a word. It is not repeated: it may be a secret.
        if !text.contains('=') {
            let message = format!("-e number {} has no `=`, so it is not used", index + 1);
            unused.push(
                Diagnostic::warning(stack_manifest::codes::BAD_VARIABLE, message).next("write -e NAME=VALUE"),
            );
            continue;
        }
        let (name, value) =
            variables::assignment(text).map_err(|diagnostic| Stopped::new(Exit::Usage, diagnostic))?;
        all.insert(name, value);
    }
    Ok((all, unused))
}

/// Adds problems that are not there yet.
pub fn merge(all: &mut Diagnostics, more: Diagnostics) {
    for problem in more {
        let known = all
            .iter()
            .any(|p| p.code == problem.code && p.message == problem.message && p.labels == problem.labels);
        if !known {
            all.push(problem);
        }
    }
}

fn survey(stack: &Stack) -> Survey {
    let nothing = Outputs::new();
    let mut survey = Survey::default();
    let mut lacking = Vec::new();
    for node in stack.nodes() {
        // What cannot be rendered was reported by the validation before.
        let wanted = match stack.render(&node.address, &nothing) {
            Ok(Rendered::Wanted(wanted)) => wanted,
            // A script asks no cloud.
            Ok(Rendered::Flow(flow)) if flow.kind == FlowKind::Script => continue,
            Ok(Rendered::Flow(flow)) => {
                if flow.target.region.is_none() {
                    lacking.push(true);
                }
                if !survey.targets.contains(&flow.target) {
                    survey.targets.push(flow.target.clone());
                }
                match flow.of {
                    Some(of) => of,
                    None => continue,
                }
            }
            Ok(Rendered::Skipped) | Err(_) => continue,
        };
        if wanted.target.region.is_none() {
            lacking.push(wanted.as_written);
        }
        if !survey.targets.contains(&wanted.target) {
            survey.targets.push(wanted.target.clone());
        }
        let mut secrets = BTreeSet::new();
        secret_places(&wanted.props, &Pointer::root(), &mut secrets);
        let clear = wanted.props.as_object().into_iter().flat_map(|map| map.iter());
        let clear = clear.filter(|(_, value)| !value.has_secret()).map(|(name, _)| name.clone()).collect();
        survey.clear.insert(node.address.clone(), clear);
        if !secrets.is_empty() {
            survey.secrets.insert(node.address.clone(), secrets);
        }
    }
    survey.statements_lack_region = !lacking.is_empty() && lacking.iter().all(|as_written| *as_written);
    survey
}

fn secret_places(value: &Value, at: &Pointer, found: &mut BTreeSet<Pointer>) {
    match value {
        Value::Secret(_) => {
            found.insert(at.clone());
        }
        Value::Unknown(unknown) if unknown.sensitive => {
            found.insert(at.clone());
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(i, item)| secret_places(item, &at.child(i.to_string()), found));
        }
        Value::Object(map) => {
            map.iter().for_each(|(key, member)| secret_places(member, &at.child(key), found));
        }
        _ => {}
    }
}

impl Survey {
    /// Digests of the live values that a plan rests on: the declared properties, without those that hold a secret,
    /// because the hash of a short secret can be guessed (plan-ux 5).
    pub fn fingerprints(&self, plan: &Plan) -> HashMap<Address, String> {
        plan.resources
            .values()
            .filter_map(|planned| {
                let live = planned.live.as_ref()?.as_object()?;
                let clear = self.clear.get(&planned.address)?;
                let kept: Map<String, Json> =
                    clear.iter().filter_map(|name| Some((name.clone(), live.get(name)?.clone()))).collect();
                let canonical = crate::render::sorted(Json::Object(kept));
                Some((planned.address.clone(), sha256(canonical.to_string().as_bytes())))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_a_manifest_alone_is_that_of_its_text() {
        assert_eq!(digest("name: s", std::iter::empty()), sha256(b"name: s"));
    }

    #[test]
    fn the_digest_depends_on_each_file_and_not_on_their_order() {
        let of = |files: &[(&'static str, &'static str)]| digest("m", files.iter().copied());
        let both = of(&[("a", "1"), ("b", "2")]);
        assert_eq!(both, of(&[("b", "2"), ("a", "1")]));
        for other in
            [of(&[]), of(&[("a", "1")]), of(&[("a", "1"), ("b", "3")]), of(&[("a", "12"), ("b", "")])]
        {
            assert_ne!(both, other);
        }
    }

    #[test]
    #[cfg(unix)]
    fn links_that_lead_out_and_what_is_no_file_are_refused() -> std::io::Result<()> {
        let root = std::env::temp_dir().join(format!("stack-deploy-files-{}", std::process::id()));
        let dir = root.join("stack");
        std::fs::create_dir_all(dir.join("resources"))?;
        std::fs::write(root.join("out.txt"), "out")?;
        std::fs::write(dir.join("in.txt"), "in")?;
        std::os::unix::fs::symlink(root.join("out.txt"), dir.join("resources/link"))?;
        std::os::unix::fs::symlink(dir.join("in.txt"), dir.join("resources/fine"))?;
        let files = |allow_outside| DiskFiles { dir: dir.clone(), allow_outside };
        assert_eq!(files(false).read("resources/link"), Err(FileError::Outside));
        assert_eq!(files(true).read("resources/link").as_deref(), Ok("out"));
        assert_eq!(files(false).read("resources/fine").as_deref(), Ok("in"));
        assert_eq!(files(false).read("resources/nope"), Err(FileError::Missing));
        assert_eq!(files(false).read("in.txt/below"), Err(FileError::Missing));
        assert_eq!(files(false).read("../out.txt"), Err(FileError::Outside));
        assert!(matches!(files(false).read("resources"), Err(FileError::Unreadable(_))));
        std::fs::remove_dir_all(&root)
    }
}
