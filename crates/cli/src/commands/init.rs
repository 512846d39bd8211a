//! `init`: a new stack folder that validates, plans and builds in the sandbox as it is.

use crate::app::{App, Done};
use crate::args::InitArgs;
use crate::errors::{Stopped, codes};
use crate::exit::Exit;
use crate::render::text::{clean, count};
use stack_core::diagnostic::{Diagnostic, nearest};
use stack_manifest::MANIFEST_NAME;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Files of a new stack: path in its folder, and text.
type Texts = Vec<(PathBuf, String)>;

/// What every stack gets.
const COMMON: [(&str, &str); 2] =
    [("README.md", include_str!("init/README.md")), (".gitignore", include_str!("init/gitignore"))];
/// For AWS.
const AWS: [(&str, &str); 2] =
    [(MANIFEST_NAME, include_str!("init/aws/stackql_manifest.yml")), (".env", include_str!("init/aws/env"))];
/// For Confluent.
const CONFLUENT: [(&str, &str); 2] = [
    (MANIFEST_NAME, include_str!("init/confluent/stackql_manifest.yml")),
    (".env", include_str!("init/confluent/env")),
];
/// Ending of a file that is to be filled in, in templates of the predecessor.
const TEMPLATE: &str = "template";
/// Larger files are taken for a mistake in the folder.
const MAX_FILE: u64 = 1 << 20;
/// More files are taken for a mistake in the folder.
const MAX_FILES: usize = 200;

/// Runs it.
pub fn run(app: &App, args: &InitArgs) -> Done {
    let dir = app.path(&args.dir);
    let name = stack_name(&dir)?;
    if !is_plain(&args.env) {
        let message = format!("`{}` is no name of an environment", args.env);
        return Err(Stopped::usage(message, "letters, digits, `-` and `_`, such as dev"));
    }
    let texts = match &args.template {
        Some(from) => of_folder(app, from)?,
        None => built_in(&args.provider)?,
    };
    let texts: Texts =
        texts.into_iter().map(|(path, text)| (path, filled(&text, &name, &args.env))).collect();
    refuse_what_is_there(args, &dir, &texts)?;
    write_all(&args.dir, &dir, &texts)?;
    let unicode = app.settings.unicode;
    let shown = args.dir.display().to_string();
    let mut out = format!("{} in {}\n", count(texts.len(), "file", "files"), clean(&shown, unicode));
    for (path, _) in &texts {
        out.push_str(&format!("  {}\n", clean(&path.display().to_string(), unicode)));
    }
    app.console.out(&out);
    let (dir, env) = (clean(&shown, unicode), &args.env);
    app.console.err(&format!("Next:  stack-deploy plan {dir} {env} --sandbox\n"));
    Ok(Exit::Done)
}

/// The name of the stack: the folder's, as the predecessor spells it.
fn stack_name(dir: &Path) -> Result<String, Stopped> {
    // `.` and `..` have no name of their own.
    let real = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let folder = real.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name: String = folder.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let name = name.trim_matches('-');
    if name.is_empty() {
        let message = format!("`{}` gives the stack no name", dir.display());
        return Err(Stopped::usage(message, "name a folder with letters or digits"));
    }
    Ok(name.to_owned())
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

fn built_in(provider: &str) -> Result<Texts, Stopped> {
    let own = match provider {
        "aws" | "awscc" => AWS,
        "confluent" | "kafka" => CONFLUENT,
        other => {
            let message = format!("there is no first stack for the provider `{other}`");
            let known = ["aws", "awscc", "confluent", "kafka"];
            let next = match nearest(other, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "there are: aws (the default), confluent".to_owned(),
            };
            return Err(Stopped::usage(message, next));
        }
    };
    let texts = own.iter().chain(&COMMON);
    Ok(texts.map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect())
}

/// The files of a folder, those in folders below it too.
fn of_folder(app: &App, from: &Path) -> Result<Texts, Stopped> {
    let typed = from.display().to_string();
    if typed.contains("://") {
        let message = "a template is not fetched from the network";
        return Err(Stopped::usage(message, "fetch it yourself, and give the folder: --template FOLDER"));
    }
    let root = app.path(from);
    let mut out = Texts::new();
    let mut open = vec![PathBuf::new()];
    while let Some(below) = open.pop() {
        let folder = root.join(&below);
        let entries =
            fs::read_dir(&folder).map_err(|error| Stopped::unreadable(&from.join(&below), &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| Stopped::unreadable(&from.join(&below), &error))?;
            let path = below.join(entry.file_name());
            let facts = entry.metadata().map_err(|error| Stopped::unreadable(&from.join(&path), &error))?;
            // Neither links nor what a version control or a run has left.
            if facts.is_dir() && !matches!(entry.file_name().to_str(), Some(".git" | ".stack-deploy")) {
                open.push(path);
            } else if facts.is_file() {
                if facts.len() > MAX_FILE || out.len() >= MAX_FILES {
                    let message = format!("{} does not look like a template", from.display());
                    let why = format!("a template has at most {MAX_FILES} files of at most 1 MiB");
                    return Err(Stopped::usage(message, why));
                }
                let text = fs::read_to_string(root.join(&path));
                let text = text.map_err(|error| Stopped::unreadable(&from.join(&path), &error))?;
                let is_template = path.extension().is_some_and(|ending| ending == TEMPLATE);
                out.push((if is_template { path.with_extension("") } else { path }, text));
            }
        }
    }
    out.sort();
    if !out.iter().any(|(path, _)| path == Path::new(MANIFEST_NAME)) {
        let message = format!("{} has no {MANIFEST_NAME}", from.display());
        return Err(Stopped::usage(
            message,
            format!("a template is a folder with {MANIFEST_NAME}.{TEMPLATE}"),
        ));
    }
    Ok(out)
}

/// Puts the names in. A template knows `stack_name` and `stack_env` and nothing else; between `{% raw %}` and `{% endraw %}`
/// everything stays as it is, and so does every other expression (stackql-compat section 3, `init`).
fn filled(text: &str, name: &str, env: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_raw = false;
    while let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let (before, code) = rest.split_at(at);
        out.push_str(before);
        let end = if code.starts_with("{{") { "}}" } else { "%}" };
        let Some(length) = code.find(end).map(|at| at + end.len()) else {
            rest = code;
            break;
        };
        let (whole, after) = code.split_at(length);
        match (end, whole[2..length - 2].trim().trim_matches('-').trim(), is_raw) {
            ("%}", "raw", false) => is_raw = true,
            ("%}", "endraw", true) => is_raw = false,
            ("}}", "stack_name", false) => out.push_str(name),
            ("}}", "stack_env", false) => out.push_str(env),
            _ => out.push_str(whole),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Nothing is ever overwritten.
fn refuse_what_is_there(args: &InitArgs, dir: &Path, texts: &Texts) -> Result<(), Stopped> {
    // A link that leads nowhere is there too.
    let taken: Vec<String> = texts
        .iter()
        .filter(|(path, _)| dir.join(path).symlink_metadata().is_ok())
        .map(|(path, _)| path.display().to_string())
        .collect();
    if taken.is_empty() {
        return Ok(());
    }
    let message = format!("{} has such files already, and nothing is overwritten", args.dir.display());
    let diagnostic = Diagnostic::error(codes::TAKEN, message).note("there", taken.join(", "));
    Err(Stopped::new(Exit::Error, diagnostic.next("give another folder; nothing was written")))
}

/// Writes all files, or none: what was written before a failure is removed.
fn write_all(typed: &Path, dir: &Path, texts: &Texts) -> Result<(), Stopped> {
    let mut written: Vec<PathBuf> = Vec::new();
    for (path, text) in texts {
        let target = dir.join(path);
        let made = match target.parent() {
            Some(parent) => fs::create_dir_all(parent),
            None => Ok(()),
        };
        let made = made.and_then(|()| OpenOptions::new().write(true).create_new(true).open(&target));
        let made = made.and_then(|mut file| {
            written.push(target.clone());
            file.write_all(text.as_bytes())
        });
        if let Err(error) = made {
            let mut stopped = Stopped::unwritable(&typed.join(path), &error);
            for file in &written {
                if let Err(error) = fs::remove_file(file) {
                    stopped.told.extend(Stopped::unwritable(file, &error).told);
                }
            }
            return Err(stopped);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_put_in_and_raw_text_stays() {
        for (text, expected) in [
            ("a {{ stack_name }}-{{stack_env}} b", "a shop-dev b"),
            ("{% raw %}{{ stack_name }}{% endraw %}{{ stack_name }}", "{{ stack_name }}shop"),
            ("{%- raw -%}{% if x %}{%- endraw -%}", "{% if x %}"),
            ("{{ other }} {% if a %}", "{{ other }} {% if a %}"),
            ("{{ stack_name", "{{ stack_name"),
            ("{% raw %}{{ é", "{{ é"),
            ("}} { { {", "}} { { {"),
        ] {
            assert_eq!(filled(text, "shop", "dev"), expected, "{text}");
        }
    }

    #[test]
    fn a_stack_is_called_as_its_folder() {
        for (folder, name) in [("/x/My_Shop", Some("my-shop")), ("/x/a b.c", Some("a-b-c")), ("/x/__", None)]
        {
            assert_eq!(stack_name(Path::new(folder)).ok().as_deref(), name);
        }
    }
}
