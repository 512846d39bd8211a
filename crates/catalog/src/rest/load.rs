//! Reading definition files, and saying where one is wrong.

use super::form::{Defaults, Endpoint, File, Property, Resource};
use super::template::Template;
use super::{Definition, Origin, check};
use crate::Catalog;
use stack_core::diagnostic::nearest;
use stack_core::ids::TypeName;
use stack_core::schema::{JsonType, Schemas};
use std::collections::HashMap;
use std::fmt;
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
            let words = words.rfind(" at line ").map_or(words.as_str(), |end| &words[..end]);
            let (message, next) = told(words);
            DefinitionError { file: self.name.to_owned(), line, column, message, next }
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
        self.fail(self.name_of(resource), words, message, next)
    }

    /// An error about something of an endpoint class, placed likewise.
    pub(super) fn endpoint_error(
        &self,
        class: &str,
        words: &[&str],
        message: String,
        next: &str,
    ) -> DefinitionError {
        let at = find_word(self.text, 0, "endpoints").and_then(|at| find_word(self.text, at, class));
        self.fail(at, words, message, next)
    }

    /// Line of a resource's name, from 1.
    pub(super) fn line_of(&self, resource: &str) -> usize {
        self.name_of(resource).map_or(1, |at| self.line_column(at).0)
    }

    fn fail(&self, from: Option<usize>, words: &[&str], message: String, next: &str) -> DefinitionError {
        let place =
            from.map(|from| words.iter().fold(from, |at, word| find_word(self.text, at, word).unwrap_or(at)));
        let (line, column) = place.map_or((0, 0), |at| self.line_column(at));
        DefinitionError { file: self.name.to_owned(), line, column, message, next: next.to_owned() }
    }

    /// Where `name: resource` stands.
    fn name_of(&self, resource: &str) -> Option<usize> {
        let is_name = |line: &str| {
            let line = line.trim_start().trim_start_matches("- ").trim_start_matches(['{', ' ']);
            line.strip_prefix("name:").is_some_and(|rest| {
                let value = rest.split([',', '}', '#']).next().unwrap_or_default();
                value.trim().trim_matches(['"', '\'']) == resource
            })
        };
        let mut begins = 0;
        self.text.split_inclusive('\n').find_map(|line| {
            let at = begins;
            begins += line.len();
            is_name(line).then(|| at + line.find("name").unwrap_or_default())
        })
    }

    fn line_column(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }
}

/// Where a word begins that is no part of a longer one, from a byte on.
fn find_word(text: &str, from: usize, word: &str) -> Option<usize> {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    let rest = text.get(from..)?;
    rest.match_indices(word).map(|(at, _)| from + at).find(|at| {
        let before = text.get(..*at).and_then(|before| before.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|after| after.chars().next());
        let begins = !word.starts_with(is_letter) || !before.is_some_and(is_letter);
        begins && (!word.ends_with(is_letter) || !after.is_some_and(is_letter))
    })
}

/// The most keys or values that a message lists.
const SHOWN: usize = 12;

/// The words of the parser, and what to do: keys and values that there are, or the one that is probably meant.
fn told(words: &str) -> (String, String) {
    let ticked = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    for (said, word) in [("unknown field `", "key"), ("unknown variant `", "value")] {
        let Some((before, after)) = words.split_once(said) else { continue };
        let Some((unknown, expected)) = after.split_once('`') else { continue };
        let known = ticked(expected);
        let next = match nearest(unknown, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.len() > SHOWN => {
                "docs/reference/rest-definitions.md lists those that there are".to_owned()
            }
            None => format!("there are: {}", known.join(", ")),
        };
        return (format!("{before}there is no {word} `{unknown}`"), next);
    }
    let form = "docs/reference/rest-definitions.md has the form of the file".to_owned();
    if let Some((before, rest)) = words.split_once("missing field ") {
        return (format!("{before}the key {rest} is missing"), form);
    }
    if let Some((before, rest)) = words.split_once("duplicate field ") {
        return (format!("{before}the key {rest} is written twice"), "keep one of the two".to_owned());
    }
    (words.to_owned(), form)
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
    check::resource(source, provider, &resource, endpoint)?;
    add_host(&mut resource, endpoint);
    add_raw(&mut resource);
    Ok(Definition {
        ty: TypeName::new(&resource.name),
        provider: provider.to_owned(),
        class,
        endpoint: Arc::clone(endpoint),
        resource,
        is_users: false,
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

/// Sees that no other file, and nothing that is built in, has this endpoint class: requests of others would go elsewhere, with
/// their credentials.
pub(super) fn is_new(
    source: &Source<'_>,
    key: &(String, String),
    new: &HashMap<(String, String), &str>,
    is_known: bool,
) -> Result<(), DefinitionError> {
    let (provider, class) = key;
    let (message, next) = match new.get(key) {
        Some(other) => (
            format!("the endpoint `{class}` of `{provider}` is described twice, here and in {other}"),
            "keep one of them: files of a provider share its endpoints",
        ),
        None if is_known => (
            format!("the endpoint `{class}` of `{provider}` is built in"),
            "leave it out to use that one, or give yours another name",
        ),
        None => return Ok(()),
    };
    Err(source.endpoint_error(class, &[], message, next))
}

/// Sees that the names of a resource are free, or that it says what it stands in the place of. `named`: those of the same
/// files with their places; `known`: those that were there before.
pub(super) fn may_be_named(
    source: &Source<'_>,
    resource: &Resource,
    named: &mut HashMap<String, String>,
    known: &HashMap<String, TypeName>,
    origin: Origin,
) -> Result<(), DefinitionError> {
    let all = || std::iter::once(&resource.name).chain(&resource.aliases);
    let fail =
        |words: &[&str], message: String, next: &str| Err(source.error(&resource.name, words, message, next));
    let place = format!("{}:{}", source.name, source.line_of(&resource.name));
    let mut is_in_place_of_one = false;
    for name in all() {
        let lower = name.to_lowercase();
        if let Some(other) = named.get(&lower) {
            let message = format!("`{name}` is described twice, here and at {other}");
            return fail(&[name], message, "keep one of them, or rename one");
        }
        named.insert(lower.clone(), place.clone());
        let is_built_in = known.get(&lower).is_some();
        is_in_place_of_one |= is_built_in;
        if is_built_in && !resource.overrides {
            let message = format!("`{name}` is built in");
            return fail(&[name], message, "give yours another name, or say `override: true` to replace it");
        }
        let is_of_aws = ["aws.", "awscc."].iter().any(|start| lower.starts_with(start));
        if origin == Origin::Users && is_of_aws && Catalog::embedded().canonical(&lower).is_ok() {
            let message = format!("`{name}` is a type that Cloud Control has");
            return fail(&[name], message, "give yours another name");
        }
    }
    if resource.overrides && !is_in_place_of_one {
        let message =
            format!("`{}` has `override`, and nothing that is built in has its names", resource.name);
        return fail(&["override"], message, "correct the name, or leave `override` out");
    }
    Ok(())
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
