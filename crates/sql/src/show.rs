//! SHOW and DESCRIBE: statements that ask about tables and never about a cloud.

mod tokens;

use crate::columns::{Affinity, Cell, Column, IDENTIFIER, REGION, TAG_KEY, TAG_VALUE};
use crate::parameters::{ListNeeds, Method, SqlVerb};
use crate::source::{Kind, Source, Tables, UnknownPart, UnknownTable, near};
use stack_catalog::docs::Documentation;
use stack_catalog::facts::HandlerSet;
use stack_core::identity::part_name;
use stack_core::ids::TypeName;
use stack_core::naming::column_name;
use stack_core::pointer::Pointer;
use stack_core::schema::{JsonType, ResourceSchema};
use std::collections::HashMap;
use tokens::{Token, tokens};

/// What a statement shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// Names of the columns.
    pub columns: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// Why a statement shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShowError {
    /// It is none of the forms that there are.
    #[error("{said}; there is {FORMS}")]
    Form {
        /// What is wrong.
        said: String,
    },
    /// It names what does not exist.
    #[error(transparent)]
    Unknown(#[from] UnknownTable),
    /// No statement inserts into the table.
    #[error("nothing can be inserted into `{0}`")]
    NoInsert(String),
}

const FORMS: &str = "SHOW PROVIDERS, SHOW SERVICES IN provider, SHOW RESOURCES IN provider.service, \
    SHOW [EXTENDED] METHODS IN provider.service.resource, SHOW INSERT INTO provider.service.resource, \
    DESCRIBE [EXTENDED] provider.service.resource";

/// Answers a SHOW or DESCRIBE statement; `None` if the text is none.
pub fn show(text: &str, tables: &Tables<'_>) -> Option<Result<Rows, ShowError>> {
    let mut words = Words { tokens: tokens(text), at: 0 };
    if words.take("SHOW") {
        return Some(shown(&mut words, tables));
    }
    if words.take("DESCRIBE") || words.take("DESC") {
        return Some(described(&mut words, tables));
    }
    None
}

fn shown(words: &mut Words, tables: &Tables<'_>) -> Result<Rows, ShowError> {
    if words.take("INSERT") {
        let only_required = words.take_hint("REQUIRED");
        words.expect("INTO")?;
        let name = words.name()?;
        words.end()?;
        return insert(&tables.source(&name)?, only_required);
    }
    let extended = words.take("EXTENDED");
    if words.take("PROVIDERS") {
        let like = words.like()?;
        return Ok(providers(tables).like(like.as_deref()));
    }
    let what = ["SERVICES", "RESOURCES", "METHODS"].into_iter().find(|what| words.take(what));
    let Some(what) = what else { return Err(words.unexpected()) };
    if !words.take("FROM") {
        words.expect("IN")?;
    }
    let name = words.name()?;
    let like = words.like()?;
    let rows = match what {
        "SERVICES" => services(tables, &name)?,
        "RESOURCES" => resources(tables, &name, extended)?,
        _ => methods(&tables.source(&name)?, extended),
    };
    Ok(rows.like(like.as_deref()))
}

fn described(words: &mut Words, tables: &Tables<'_>) -> Result<Rows, ShowError> {
    let extended = words.take("EXTENDED");
    let name = words.name()?;
    words.end()?;
    Ok(describe(tables, &tables.source(&name)?, extended))
}

impl Rows {
    fn new(columns: &[&'static str], rows: impl IntoIterator<Item = Vec<String>>) -> Self {
        let rows = rows.into_iter().map(|row| row.into_iter().map(Cell::Text).collect());
        Self { columns: columns.to_vec(), rows: rows.collect() }
    }

    /// The rows whose name, or first column, is like the pattern.
    fn like(mut self, pattern: Option<&str>) -> Self {
        let Some(pattern) = pattern else { return self };
        let at = self.columns.iter().position(|column| *column == "name").unwrap_or_default();
        self.rows.retain(|row| matches!(row.get(at), Some(Cell::Text(name)) if is_like(pattern, name)));
        self
    }
}

fn providers(tables: &Tables<'_>) -> Rows {
    let version = tables.catalog().source().date().to_owned();
    let row = |name: String| match name.as_str() {
        "awscc" => {
            vec![name, version.clone(), "AWS by Cloud Control, one table for each resource type".to_owned()]
        }
        "aws" => vec![
            name,
            version.clone(),
            "AWS by Cloud Control, with the tables of the older provider".to_owned(),
        ],
        _ => vec![name, String::new(), "REST services, by definition files".to_owned()],
    };
    Rows::new(&["name", "version", "title"], tables.providers().into_iter().map(row))
}

fn services(tables: &Tables<'_>, provider: &str) -> Result<Rows, ShowError> {
    let provider = provider.to_lowercase();
    let services = tables.services(&provider);
    if services.is_empty() {
        return Err(tables.unknown_provider(&provider, &provider).into());
    }
    let mut named: HashMap<String, &str> = HashMap::new();
    for name in tables.catalog().types().filter_map(|ty| ty.split("::").nth(1)) {
        named.entry(name.to_lowercase()).or_insert(name);
    }
    let title = |service: &str| match service {
        "cloud_control" => "Cloud Control itself".to_owned(),
        "tagging" => "The tag index".to_owned(),
        service => named.get(service).copied().unwrap_or(service).to_owned(),
    };
    let row = |service: &String| vec![format!("{provider}.{service}"), service.clone(), title(service)];
    Ok(Rows::new(&["id", "name", "title"], services.iter().map(row)))
}

fn resources(tables: &Tables<'_>, dotted: &str, extended: bool) -> Result<Rows, ShowError> {
    let dotted = dotted.to_lowercase();
    let Some((provider, service)) = dotted.split_once('.').filter(|(_, service)| !service.contains('.'))
    else {
        return Err(ShowError::Form { said: format!("`{dotted}` is no service") });
    };
    let services = tables.services(provider);
    if services.is_empty() {
        return Err(tables.unknown_provider(&dotted, provider).into());
    }
    let resources = tables.resources(provider, service);
    if resources.is_empty() {
        let near = near(service, services.iter().map(String::as_str));
        let what = UnknownPart::Service { provider: provider.to_owned(), service: service.to_owned() };
        let near = near.into_iter().map(|service| format!("{provider}.{service}")).collect();
        return Err(UnknownTable { what, near, why: None }.into());
    }
    let row = |(name, ty): &(String, Option<TypeName>)| {
        let title = ty.as_ref().map_or_else(|| "built in".to_owned(), ToString::to_string);
        let mut row = vec![format!("{dotted}.{name}"), name.clone(), title];
        if extended {
            let description = ty.as_ref().and_then(|ty| tables.catalog().description(ty));
            row.push(one_line(&description.unwrap_or_default()));
        }
        row
    };
    let columns: &[&'static str] = &["id", "name", "title", "description"];
    let columns = if extended { columns } else { &columns[..3] };
    // A type without handlers has a name and nothing more.
    let has_methods = |ty: &TypeName| {
        tables.catalog().facts(ty.as_str()).is_none_or(|facts| facts.handlers != HandlerSet::default())
    };
    let usable = resources.iter().filter(|(_, ty)| ty.as_ref().is_none_or(has_methods));
    Ok(Rows::new(columns, usable.map(row)))
}

fn methods(source: &Source, extended: bool) -> Rows {
    let own = source.name.rsplit('.').next().unwrap_or_default();
    let row = |method: Method| {
        let table = method.table.as_deref().unwrap_or(own).to_owned();
        let mut row = vec![
            method.name.to_string(),
            method.required.join(", "),
            method.verb.keyword().to_owned(),
            table,
        ];
        if extended {
            row.push(method.optional.join(", "));
            row.push(explained(source, &method));
        }
        row
    };
    let columns: &[&'static str] =
        &["MethodName", "RequiredParams", "SQLVerb", "Resource", "OptionalParams", "description"];
    let columns = if extended { columns } else { &columns[..4] };
    Rows::new(columns, source.methods().into_iter().map(row))
}

fn explained(source: &Source, method: &Method) -> String {
    let Some(schema) = source.schema() else { return String::new() };
    if source.rest().is_some() {
        return described_method(schema, method);
    }
    let ty = &schema.type_name;
    match &*method.name {
        "create_resource" => format!("Creates a resource of {ty}"),
        "delete_resource" => format!("Deletes a resource of {ty}"),
        "update_resource" => format!("Changes a resource of {ty} by a JSON Patch document"),
        "get_resource" => format!("Reads a resource of {ty} by {}", identifier_form(schema)),
        _ => {
            let needs = ListNeeds::of(&schema.handlers);
            let either: Vec<String> = needs.either.iter().map(|names| names.join(" and ")).collect();
            let mut all = needs.all;
            all.extend(Some(either.join(" or ")).filter(|text| !text.is_empty()));
            match all.as_slice() {
                [] => format!("Lists the resources of {ty}"),
                all => format!("Lists the resources of {ty}; the service needs {}", all.join(" and ")),
            }
        }
    }
}

fn described_method(schema: &ResourceSchema, method: &Method) -> String {
    let ty = &schema.type_name;
    match method.verb {
        SqlVerb::Insert => format!("Creates a resource of {ty}"),
        SqlVerb::Update => format!("Changes columns of a resource of {ty}"),
        SqlVerb::Delete => format!("Deletes a resource of {ty}"),
        SqlVerb::Select if method.name.starts_with("get_") => format!("Reads a resource of {ty}"),
        SqlVerb::Select => format!("Lists the resources of {ty}"),
    }
}

/// `DomainName|Uri`.
fn identifier_form(schema: &ResourceSchema) -> String {
    let parts = schema.primary_identifier.iter().map(part_name);
    parts.collect::<Vec<_>>().join("|")
}

fn describe(tables: &Tables<'_>, source: &Source, extended: bool) -> Rows {
    let documentation = source.schema().and_then(|schema| {
        if extended { tables.catalog().documentation(&schema.type_name).ok() } else { None }
    });
    let row = |column: Column| {
        let mut row = vec![column.name.clone(), type_of(source, &column)];
        if extended {
            row.push(access(source, &column));
            row.push(description(source, &column, documentation.as_ref()));
        }
        row
    };
    let columns: &[&'static str] = &["name", "type", "access", "description"];
    let columns = if extended { columns } else { &columns[..2] };
    Rows::new(columns, source.columns().into_iter().map(row))
}

fn type_of(source: &Source, column: &Column) -> String {
    let node = column.path.as_ref().and_then(|path| source.schema()?.at(path));
    let Some((node, schema)) = node.zip(source.schema()) else {
        return if column.affinity == Affinity::Json { "object" } else { "string" }.to_owned();
    };
    let word = |ty: JsonType| match ty {
        JsonType::Object => "object",
        JsonType::Array => "array",
        JsonType::String => "string",
        JsonType::Integer => "integer",
        JsonType::Number => "number",
        JsonType::Boolean => "boolean",
        JsonType::Null => "null",
    };
    let types: Vec<&str> = schema.follow(node).types.iter().map(word).collect();
    if types.is_empty() { "any".to_owned() } else { types.join("|") }
}

fn access(source: &Source, column: &Column) -> String {
    let (Some(schema), Some(path)) = (source.schema(), &column.path) else { return String::new() };
    let is_required = path.segments().len() == 1
        && path.last().is_some_and(|name| schema.root.required.iter().any(|one| one == name));
    [
        (is_required, "required"),
        (schema.read_only_properties.contains(path), "read-only"),
        (schema.create_only_properties.contains(path), "create-only"),
        (schema.write_only_properties.contains(path), "write-only"),
    ]
    .into_iter()
    .filter_map(|(holds, word)| holds.then_some(word))
    .collect::<Vec<_>>()
    .join(", ")
}

fn description(source: &Source, column: &Column, documentation: Option<&Documentation>) -> String {
    if let (Some(rest), Some(name)) = (source.rest(), column.path.as_ref().and_then(Pointer::last)) {
        return one_line(rest.about.description(name));
    }
    if let (Some(schema), Some(path)) = (source.schema(), &column.path) {
        return documentation
            .and_then(|documentation| documentation.property(schema, path))
            .map(one_line)
            .unwrap_or_default();
    }
    match (column.name.as_str(), source.schema()) {
        (REGION, _) => "AWS region.".to_owned(),
        (IDENTIFIER, Some(schema)) => format!("The primary identifier: {}.", identifier_form(schema)),
        (TAG_KEY, _) => "The key of a tag; there is one row for each tag.".to_owned(),
        (TAG_VALUE, _) => "The value of a tag.".to_owned(),
        _ => String::new(),
    }
}

/// A statement to fill in.
fn insert(source: &Source, only_required: bool) -> Result<Rows, ShowError> {
    let create = source.methods().into_iter().find(|method| method.verb == SqlVerb::Insert);
    let Some(create) = create else { return Err(ShowError::NoInsert(source.name.clone())) };
    let mut names: Vec<String> = create.required.iter().filter(|name| *name != REGION).cloned().collect();
    let schema =
        source.schema().filter(|_| source.rest().is_some() || matches!(source.kind, Kind::Type { .. }));
    if let (Some(schema), false) = (schema, only_required) {
        let is_settable =
            |name: &String| !schema.read_only_properties.contains(&Pointer::of([name.as_str()]));
        let rest: Vec<String> = schema
            .root
            .properties
            .keys()
            .filter(|name| is_settable(name) && !names.contains(name))
            .cloned()
            .collect();
        names.extend(rest);
    }
    if source.has_regions() {
        names.push(REGION.to_owned());
    }
    let lines = |line: &dyn Fn(&String) -> String| names.iter().map(line).collect::<Vec<_>>().join(",\n");
    let statement = format!(
        "INSERT INTO {} (\n{}\n)\nSELECT\n{}\n;",
        source.name,
        lines(&|name| format!("  {name}")),
        lines(&|name| format!("  '{{{{ {} }}}}'", column_name(name).trim_start_matches('_'))),
    );
    Ok(Rows::new(&["statement"], [vec![statement]]))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// LIKE as SQLite has it: `%` any text, `_` any character, ASCII letters in either case.
fn is_like(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // The last `%`, and how much of the text it has taken.
    let mut any: Option<(usize, usize)> = None;
    while t < text.len() {
        match (pattern.get(p), text.get(t)) {
            (Some('%'), _) => {
                any = Some((p, t));
                p += 1;
            }
            (Some(wanted), Some(c)) if *wanted == '_' || wanted.eq_ignore_ascii_case(c) => {
                p += 1;
                t += 1;
            }
            _ => match any {
                Some((at, taken)) => {
                    any = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|c| *c == '%')
}

/// The words of a statement, taken one by one.
struct Words {
    tokens: Vec<Token>,
    at: usize,
}

impl Words {
    fn take(&mut self, keyword: &str) -> bool {
        self.take_if(|token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(keyword)))
    }

    fn take_hint(&mut self, hint: &str) -> bool {
        self.take_if(|token| matches!(token, Token::Hint(text) if text.eq_ignore_ascii_case(hint)))
    }

    fn take_if(&mut self, is_it: impl Fn(&Token) -> bool) -> bool {
        let found = self.tokens.get(self.at).is_some_and(is_it);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, keyword: &str) -> Result<(), ShowError> {
        if self.take(keyword) {
            return Ok(());
        }
        Err(ShowError::Form { said: format!("expected {keyword}, found {}", self.here()) })
    }

    fn name(&mut self) -> Result<String, ShowError> {
        match self.tokens.get(self.at) {
            Some(Token::Word(word) | Token::Name(word)) => {
                self.at += 1;
                Ok(word.clone())
            }
            _ => Err(ShowError::Form { said: format!("expected a name, found {}", self.here()) }),
        }
    }

    /// `LIKE '…'`, and then the end.
    fn like(&mut self) -> Result<Option<String>, ShowError> {
        let mut pattern = None;
        if self.take("LIKE") {
            match self.tokens.get(self.at) {
                Some(Token::Text(text)) => pattern = Some(text.clone()),
                _ => {
                    let said = format!("expected a pattern in quotes, found {}", self.here());
                    return Err(ShowError::Form { said });
                }
            }
            self.at += 1;
        }
        self.end()?;
        Ok(pattern)
    }

    fn end(&self) -> Result<(), ShowError> {
        if self.tokens.get(self.at).is_none() { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> ShowError {
        ShowError::Form { said: format!("unexpected {}", self.here()) }
    }

    fn here(&self) -> String {
        match self.tokens.get(self.at) {
            None => "the end".to_owned(),
            Some(Token::Text(_)) => "a text".to_owned(),
            Some(Token::Hint(_)) => "a hint".to_owned(),
            Some(Token::Word(word) | Token::Name(word)) => format!("`{word}`"),
            Some(Token::Other(c)) => format!("`{c}`"),
        }
    }
}

#[cfg(test)]
mod tests;
