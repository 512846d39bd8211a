//! Reading definition files, and saying where one is wrong.

use super::form::{Defaults, Endpoint, File, Property, Resource};
use super::template::Template;
use super::{Definition, check};
use stack_core::ids::TypeName;
use stack_core::schema::JsonType;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// A definition file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionError {
    /// The file, as its caller named it.
    pub file: String,
    /// Line, from 1. Zero: the whole file.
    pub line: usize,
    /// Column, from 1. Zero: the whole line.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub next: String,
}

impl fmt::Display for DefinitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, message, next } = self;
        match (line, column) {
            (0, _) => write!(f, "{file}: {message} ({next})"),
            (_, 0) => write!(f, "{file}:{line}: {message} ({next})"),
            _ => write!(f, "{file}:{line}:{column}: {message} ({next})"),
        }
    }
}

impl std::error::Error for DefinitionError {}

/// A file's text with the name that errors give it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// Reads the text.
    pub(super) fn parse(&self) -> Result<File, DefinitionError> {
        serde_yaml::from_str(self.text).map_err(|error| {
            let (line, column) = error.location().map_or((0, 0), |at| (at.line(), at.column()));
            // The words end with the place, which stands in front here.
            let words = error.to_string();
            let message = match words.rfind(" at line ") {
                Some(end) => words[..end].to_owned(),
                None => words,
            };
            DefinitionError {
                file: self.name.to_owned(),
                line,
                column,
                message,
                next: "docs/reference/rest-definitions.md has the form of the file".to_owned(),
            }
        })
    }

    /// An error about something of a resource: at the place of the last of `words`, each looked for after the one before,
    /// all after the resource's name.
    pub(super) fn error(
        &self,
        resource: &str,
        words: &[&str],
        message: String,
        next: &str,
    ) -> DefinitionError {
        let (line, column) = self.place(resource, words);
        DefinitionError { file: self.name.to_owned(), line, column, message, next: next.to_owned() }
    }

    fn place(&self, resource: &str, words: &[&str]) -> (usize, usize) {
        let is_name = |line: &str| {
            let line = line.trim_start().trim_start_matches("- ");
            line.strip_prefix("name:").is_some_and(|rest| rest.trim().trim_matches(['"', '\'']) == resource)
        };
        let mut begins = 0;
        let named = self.text.split_inclusive('\n').find_map(|line| {
            let at = begins;
            begins += line.len();
            is_name(line).then(|| at + line.find("name").unwrap_or_default())
        });
        let Some(mut at) = named else { return (0, 0) };
        for word in words {
            if let Some(found) = self.text.get(at..).and_then(|rest| rest.find(word)) {
                at += found;
            }
        }
        let before = self.text.get(..at).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }
}

/// The texts of all files of a folder, sorted by name.
pub(super) fn folder(folder: &Path) -> Result<Vec<(String, String)>, DefinitionError> {
    let failed = |path: &Path, error: std::io::Error| DefinitionError {
        file: path.display().to_string(),
        line: 0,
        column: 0,
        message: format!("it cannot be read: {error}"),
        next: "check the path and its permissions".to_owned(),
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| failed(folder, error))? {
        let path = entry.map_err(|error| failed(folder, error))?.path();
        if path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).map_err(|error| failed(path, error))?;
        Ok((path.display().to_string(), text))
    };
    paths.iter().map(read).collect()
}

/// A checked definition: defaults filled in, endpoint found.
pub(super) fn definition(
    source: &Source<'_>,
    provider: &str,
    defaults: &Defaults,
    mut resource: Resource,
    endpoints: &HashMap<(String, String), Arc<Endpoint>>,
) -> Result<Definition, DefinitionError> {
    if let Some(list) = &mut resource.list {
        if list.paging.is_none() {
            list.paging.clone_from(&defaults.paging);
        }
        if list.items.is_none() {
            list.items.clone_from(&defaults.items);
        }
    }
    resource.follows.extend(defaults.follows.iter().cloned());
    let class = resource.endpoint.clone().or_else(|| defaults.endpoint.clone()).unwrap_or_default();
    let Some(endpoint) = endpoints.get(&(provider.to_owned(), class.clone())) else {
        let message = if class.is_empty() {
            format!("`{}` names no endpoint", resource.name)
        } else {
            format!("`{}` uses the endpoint `{class}`, which no file of `{provider}` has", resource.name)
        };
        let next = "describe it under `endpoints`, or name another one with `endpoint`";
        return Err(source.error(&resource.name, &["endpoint"], message, next));
    };
    check::resource(source, provider, &resource)?;
    add_host(&mut resource, endpoint);
    add_raw(&mut resource);
    Ok(Definition {
        ty: TypeName::new(&resource.name),
        provider: provider.to_owned(),
        class,
        endpoint: Arc::clone(endpoint),
        resource,
        schema: OnceLock::new(),
    })
}

/// Adds the properties that say which host is meant and where it is: the endpoint's `target`, its `url_property` and the
/// variables of its `url`.
fn add_host(resource: &mut Resource, endpoint: &Endpoint) {
    let of_url = endpoint.url.iter().flat_map(Template::variables);
    for name in endpoint.target.as_deref().into_iter().chain(endpoint.url_property.as_deref()).chain(of_url) {
        let host = Property {
            ty: Some(JsonType::String),
            in_body: Some(false),
            write_only: true,
            ..Property::default()
        };
        resource.properties.entry(name.to_owned()).or_insert(host);
    }
}

/// Adds the service's own nesting: `SELECT spec, status` of older tables finds read-only properties, and
/// `"spec.environment" = …` the one that stands there (`required_params` of data/confluent-resources.tsv).
fn add_raw(resource: &mut Resource) {
    for property in resource.properties.values_mut() {
        let dotted = property.at.iter().filter(|path| path.contains('.'));
        property.aliases.extend(dotted.cloned());
    }
    let paths = resource.properties.iter().filter(|(_, property)| !property.once && !property.secret);
    let outer = paths.filter_map(|(_, property)| {
        let path = property.read_at.as_deref().or(property.at.as_deref())?;
        path.split_once('.').map(|(first, _)| first.to_owned())
    });
    for name in outer.collect::<Vec<_>>() {
        let raw = Property { ty: Some(JsonType::Object), read_only: true, raw: true, ..Property::default() };
        resource.properties.entry(name).or_insert(raw);
    }
}
