//! The columns of tables, and the cells that resources have in them (stackql-compat 5.3 and 6.2).

use crate::source::{Form, Kind, Raw, Source, near};
use indexmap::IndexMap;
use serde_json::Value as Json;
use stack_catalog::names::column_of;
use stack_core::identity::Identifier;
use stack_core::ids::TypeName;
use stack_core::naming::column_name;
use stack_core::pointer::Pointer;
use stack_core::provider::Found;
use stack_core::schema::{JsonType, Node, ResourceSchema};

/// The column that tells where a row is from.
pub const REGION: &str = "region";
/// The column that tells which resource a row is of.
pub const IDENTIFIER: &str = "Identifier";
/// The key of a tag, in tables with one row for each tag.
pub const TAG_KEY: &str = "tag_key";
/// The value of a tag, in tables with one row for each tag.
pub const TAG_VALUE: &str = "tag_value";

/// The columns of a request, as the service names them.
pub const REQUEST_COLUMNS: [&str; 11] = [
    "ErrorCode",
    "EventTime",
    "Identifier",
    "Operation",
    "OperationStatus",
    "RequestToken",
    "ResourceModel",
    "RetryAfter",
    "StatusMessage",
    "TypeName",
    "HooksRequestToken",
];

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Where its value is in the model of a row. `None`: in no model, but in the request.
    pub path: Option<Pointer>,
    /// How its values compare.
    pub affinity: Affinity,
}

/// How the values of a column compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Affinity {
    /// As text.
    Text,
    /// As numbers.
    Numeric,
    /// As 1 and 0.
    Boolean,
    /// The bare id of something that the service has an object for: `{"id": "env-1"}` (DESIGN section 2).
    Reference,
    /// A structure, or anything: values stay as they are.
    Json,
}

impl Affinity {
    /// The word that DESCRIBE shows.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text | Self::Reference => "text",
            Self::Numeric => "numeric",
            Self::Boolean => "boolean",
            Self::Json => "json",
        }
    }
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Absent or null.
    Null,
    /// An integer, or 1 and 0 for true and false.
    Integer(i64),
    /// Any other number.
    Real(f64),
    /// Text; the JSON text of a structure.
    Text(String),
}

/// What was asked for: parameters by name, the region among them. Names match whatever their case.
pub type Echo = IndexMap<String, String>;

/// A name that no column of a table has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{table}` has no column `{name}`")]
pub struct UnknownColumn {
    /// The table.
    pub table: String,
    /// As written.
    pub name: String,
    /// Near names, best first, at most three.
    pub near: Vec<String>,
}

impl Column {
    fn plain(name: &str, path: Option<Pointer>) -> Self {
        Self { name: name.to_owned(), path, affinity: Affinity::Text }
    }

    /// A column of what was asked for.
    pub(crate) fn asked(name: &str) -> Self {
        Self::plain(name, None)
    }

    /// The property behind it, as its service spells it.
    fn property(&self) -> Option<&str> {
        self.path.as_ref().and_then(Pointer::last)
    }
}

impl Source {
    /// The column that a name means: its own name, the property's, either in any case, with or without `data__`.
    ///
    /// # Errors
    /// No column is meant.
    pub fn column(&self, typed: &str) -> Result<Column, UnknownColumn> {
        let mut all = self.columns();
        all.extend(self.echoes());
        let names = std::iter::once(typed).chain(typed.strip_prefix("data__"));
        for name in names {
            if let Some(at) = position(&all, name) {
                return Ok(all.swap_remove(at));
            }
        }
        let near = near(typed, all.iter().map(|column| column.name.as_str()));
        Err(UnknownColumn { table: self.name.clone(), name: typed.to_owned(), near })
    }

    /// Columns that `SELECT *` does not show, but that can be named: parameters that no property has the name of.
    pub fn echoes(&self) -> Vec<Column> {
        if let Some(rest) = self.rest() {
            return rest.echoes();
        }
        let shown = self.columns();
        let mut echoes: Vec<Column> = Vec::new();
        for parameter in self.parameters() {
            let free = |columns: &[Column]| {
                columns.iter().all(|column| {
                    !column.name.eq_ignore_ascii_case(&parameter.name)
                        && column.property() != Some(parameter.name.as_str())
                })
            };
            if free(&shown) && free(&echoes) {
                echoes.push(Column::asked(&parameter.name));
            }
        }
        // A listing tells identifiers although nobody asks by them.
        let known = |column: &Column| column.name.eq_ignore_ascii_case(IDENTIFIER);
        if self.form() == Some(Form::ListOnly) && !shown.iter().chain(&echoes).any(known) {
            echoes.push(Column::asked(IDENTIFIER));
        }
        echoes
    }

    /// The rows of a resource in these columns: one, or in a table of tags one for each tag.
    pub fn rows(&self, columns: &[Column], found: &Found, echo: &Echo) -> Vec<Vec<Cell>> {
        let row = cells(columns, &found.model, Some(&found.identifier), echo);
        let Some((Form::Tags, schema)) = self.form().zip(self.schema()) else { return vec![row] };
        tags_of(schema, &found.model)
            .into_iter()
            .map(|(key, value)| {
                let mut row = row.clone();
                for (cell, column) in row.iter_mut().zip(columns).filter(|(_, column)| column.path.is_none())
                {
                    match column.name.as_str() {
                        TAG_KEY => *cell = Cell::Text(key.clone()),
                        TAG_VALUE => *cell = value.clone(),
                        _ => {}
                    }
                }
                row
            })
            .collect()
    }
}

/// The cells of one model in these columns.
pub fn cells(columns: &[Column], model: &Json, identifier: Option<&Identifier>, echo: &Echo) -> Vec<Cell> {
    columns.iter().map(|column| cell_of(column, model, identifier, echo)).collect()
}

fn cell_of(column: &Column, model: &Json, identifier: Option<&Identifier>, echo: &Echo) -> Cell {
    let Some(path) = &column.path else {
        let asked = echo.iter().find(|(name, _)| name.eq_ignore_ascii_case(&column.name));
        let is_identifier = column.name.trim_start_matches("data__").eq_ignore_ascii_case(IDENTIFIER);
        return match (asked, identifier) {
            (Some((_, value)), _) => Cell::Text(value.clone()),
            (None, Some(identifier)) if is_identifier => Cell::Text(identifier.to_string()),
            _ => Cell::Null,
        };
    };
    match path.get(model).map(Cell::of) {
        Some(cell) if cell != Cell::Null => cell,
        // Lists may tell the identifier and nothing else.
        _ => {
            let name = path.segments().join("/");
            let part = identifier.and_then(|identifier| identifier.parts.iter().find(|(n, _)| *n == name));
            part.map_or(Cell::Null, |(_, value)| Cell::Text(value.clone()))
        }
    }
}

impl Cell {
    /// The cell of a JSON value. Integers that SQLite cannot hold are text, so that no digit is lost.
    pub fn of(value: &Json) -> Self {
        match value {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Integer(i64::from(*value)),
            Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(integer), ..) => Self::Integer(integer),
                (None, None, Some(real)) => Self::Real(real),
                _ => Self::Text(number.to_string()),
            },
            Json::String(text) => Self::Text(text.clone()),
            Json::Array(_) | Json::Object(_) => Self::Text(value.to_string()),
        }
    }
}

/// The columns of a table, in the order of `SELECT *`.
pub(crate) fn columns(source: &Source) -> Vec<Column> {
    match &source.kind {
        Kind::Rest(rest) => rest.columns(),
        Kind::Type { ty, schema, form: Form::ListOnly, .. } => identifiers(ty, schema),
        Kind::Type { ty, schema, form, .. } => properties(ty, schema, *form == Form::Tags),
        Kind::CloudControl(Raw::Resource | Raw::Resources) => vec![
            Column::asked(REGION),
            Column::asked(IDENTIFIER),
            Column { name: "Properties".to_owned(), path: Some(Pointer::root()), affinity: Affinity::Json },
        ],
        Kind::CloudControl(_) => {
            let whole = Column {
                name: "ProgressEvent".to_owned(),
                path: Some(Pointer::root()),
                affinity: Affinity::Json,
            };
            let flat = REQUEST_COLUMNS.map(|name| Column::plain(name, Some(Pointer::of([name]))));
            std::iter::once(Column::asked(REGION)).chain(flat).chain([whole]).collect()
        }
        Kind::Tagging => {
            let json = |name: &str| Column {
                name: name.to_owned(),
                path: Some(Pointer::of([name])),
                affinity: Affinity::Json,
            };
            let arn = Column::plain("ResourceARN", Some(Pointer::of(["ResourceARN"])));
            vec![Column::asked(REGION), arn, json("Tags"), json("ComplianceDetails")]
        }
        Kind::View(_) => std::iter::once(Column::asked(REGION))
            .chain(
                ["route_table_id", "id", "subnet_id"]
                    .map(|name| Column::plain(name, Some(Pointer::of([name])))),
            )
            .collect(),
    }
}

fn identifiers(ty: &TypeName, schema: &ResourceSchema) -> Vec<Column> {
    let parts = schema.primary_identifier.iter().filter_map(|path| {
        let pointer = path.as_pointer()?;
        let names = pointer.segments().iter().map(|name| column_of(ty.as_str(), name));
        // Nested parts join with two underscores, as the published table has it.
        let name = names.collect::<Vec<_>>().join("__");
        let affinity = schema.at(&pointer).map_or(Affinity::Text, |node| affinity(schema, node));
        Some(Column { name, path: Some(pointer), affinity })
    });
    with_free([Column::asked(REGION)], parts.collect(), [])
}

fn properties(ty: &TypeName, schema: &ResourceSchema, by_tag: bool) -> Vec<Column> {
    let tags = if by_tag { tag_place(schema) } else { None };
    let members = schema.root.properties.iter().filter_map(|(property, node)| {
        let path = Pointer::of([property.as_str()]);
        // With a column `tags`, an alias `tags` of the statement would mean it.
        let holds_tags = tags.as_ref().is_some_and(|place| *place == path);
        (!holds_tags).then(|| Column {
            name: column_of(ty.as_str(), property),
            path: Some(path),
            affinity: affinity(schema, node),
        })
    });
    let last = by_tag.then(|| [TAG_KEY, TAG_VALUE].map(Column::asked)).into_iter().flatten();
    with_free([Column::asked(REGION), Column::asked(IDENTIFIER)], members.collect(), last)
}

/// Properties with what was asked for around them. SQLite knows no case in names: a property wins over what was asked
/// for, and of two properties with the same column the later keeps its own name.
fn with_free(
    first: impl IntoIterator<Item = Column>,
    mut properties: Vec<Column>,
    last: impl IntoIterator<Item = Column>,
) -> Vec<Column> {
    for at in 1..properties.len() {
        let (before, rest) = properties.split_at_mut(at);
        let Some(column) = rest.first_mut() else { break };
        if before.iter().any(|other| other.name.eq_ignore_ascii_case(&column.name)) {
            column.name = format!("{}_", column.name);
        }
    }
    let free = |column: &Column| !properties.iter().any(|own| own.name.eq_ignore_ascii_case(&column.name));
    let first: Vec<Column> = first.into_iter().filter(free).collect();
    let last: Vec<Column> = last.into_iter().filter(free).collect();
    first.into_iter().chain(properties).chain(last).collect()
}

pub(crate) fn affinity(schema: &ResourceSchema, node: &Node) -> Affinity {
    let node = schema.follow(node);
    let types: Vec<JsonType> = node.types.iter().filter(|ty| *ty != JsonType::Null).collect();
    let only = |wanted: &[JsonType]| !types.is_empty() && types.iter().all(|ty| wanted.contains(ty));
    if only(&[JsonType::Boolean]) {
        Affinity::Boolean
    } else if only(&[JsonType::Integer, JsonType::Number]) {
        Affinity::Numeric
    } else if only(&[JsonType::String, JsonType::Integer, JsonType::Number]) {
        Affinity::Text
    } else {
        Affinity::Json
    }
}

/// Where some types of EC2 keep tags: lists of tags, each with the kind of thing that it tags.
const TAG_SPECIFICATIONS: &str = "TagSpecifications";

/// Where a type keeps its tags, and how.
fn tag_place(schema: &ResourceSchema) -> Option<Pointer> {
    if let Some((name, _)) = schema.tag_property() {
        return Some(Pointer::of([name]));
    }
    // Types that say they have none, and yet have a table of tags.
    let declared = schema.tagging.as_ref().filter(|tagging| tagging.taggable);
    let nested = declared.and_then(|tagging| tagging.tag_property.as_pointer());
    let has = |name: &&str| schema.root.properties.contains_key(*name);
    let named = || ["Tags", TAG_SPECIFICATIONS].into_iter().find(has).map(|name| Pointer::of([name]));
    nested.filter(|place| schema.at(place).is_some()).or_else(named)
}

/// The tags that a model has. The model decides over the schema: what came is shown.
fn tags_of(schema: &ResourceSchema, model: &Json) -> Vec<(String, Cell)> {
    let Some(place) = tag_place(schema) else { return Vec::new() };
    match place.get(model) {
        Some(Json::Object(tags)) => tags.iter().map(|(key, value)| (key.clone(), Cell::of(value))).collect(),
        Some(Json::Array(tags)) => {
            let lists = tags.iter().filter_map(|item| item.get("Tags")?.as_array()).flatten();
            tags.iter().chain(lists).filter_map(tag_of).collect()
        }
        _ => Vec::new(),
    }
}

fn tag_of(tag: &Json) -> Option<(String, Cell)> {
    let member = |names: [&str; 3]| names.into_iter().find_map(|name| tag.get(name));
    let key = member(["Key", "key", "TagKey"])?.as_str()?.to_owned();
    Some((key, member(["Value", "value", "TagValue"]).map_or(Cell::Null, Cell::of)))
}

/// Which column a name means.
fn position(columns: &[Column], name: &str) -> Option<usize> {
    let by = |matches: &dyn Fn(&Column) -> bool| columns.iter().position(matches);
    by(&|column| column.name == name)
        .or_else(|| by(&|column| column.property() == Some(name)))
        .or_else(|| by(&|column| column.name.eq_ignore_ascii_case(name)))
        .or_else(|| by(&|column| column.property().is_some_and(|own| own.eq_ignore_ascii_case(name))))
        .or_else(|| {
            // `operation_status` for `OperationStatus`, and one underscore for two.
            let wanted = bare(name);
            let mut alike = columns.iter().enumerate().filter(|(_, column)| bare(&column.name) == wanted);
            let (at, _) = alike.next().filter(|_| !wanted.is_empty())?;
            alike.next().is_none().then_some(at)
        })
}

fn bare(name: &str) -> String {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

/// True if both names are spellings of one property.
pub(crate) fn same_name(property: &str, typed: &str) -> bool {
    property.eq_ignore_ascii_case(typed) || column_name(property).eq_ignore_ascii_case(typed)
}

#[cfg(test)]
mod tests;
