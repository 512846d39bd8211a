//! RETURNING: the progress of operations as rows (stackql-compat 5.4).

use crate::access::progress;
use crate::codes;
use crate::columns::{Affinity, Cell, REQUEST_COLUMNS};
use crate::error::SqlError;
use crate::rest::{Rest, returned};
use crate::sqlite::{Engine, Limits, Trouble};
use crate::table::Table;
use crate::troubles::plain;
use stack_core::diagnostic::nearest;
use stack_core::identity::Identifier;
use stack_core::pointer::Pointer;
use stack_core::provider::Progress;
use stack_core::schema::ResourceSchema;
use std::ops::Range;

/// The column that holds the whole of it.
const WHOLE: &str = "ProgressEvent";
/// The table that RETURNING reads.
const LOCAL: &str = "returning_rows";

/// What a statement wants to know of its operations.
#[derive(Debug)]
pub struct Returning {
    engine: Engine,
    text: String,
    rest: Option<Rest>,
}

impl Returning {
    /// Checks the items of a RETURNING clause. `at` is where they stand.
    ///
    /// # Errors
    /// Names that are no columns of an operation, and what cannot be computed.
    pub(crate) fn prepare(items: &str, at: &Range<usize>, rest: Option<&Rest>) -> Result<Self, SqlError> {
        let text = format!("SELECT {items} FROM {LOCAL}");
        let made = || {
            let mut engine = Engine::open(Limits::default())?;
            let columns: Vec<_> = REQUEST_COLUMNS
                .iter()
                .map(|name| {
                    // Times are numbers of seconds.
                    let is_time = matches!(*name, "EventTime" | "RetryAfter");
                    (*name, if is_time { Affinity::Json } else { Affinity::Text })
                })
                .chain([(WHOLE, Affinity::Json)])
                .collect();
            let own = rest.map(returned).unwrap_or_default();
            let own: Vec<_> = own.iter().map(|(name, affinity, _)| (name.as_str(), *affinity)).collect();
            let is_free =
                |(name, _): &(&str, Affinity)| own.iter().all(|(own, _)| !own.eq_ignore_ascii_case(name));
            let columns: Vec<_> = own.iter().copied().chain(columns.into_iter().filter(is_free)).collect();
            engine.create(LOCAL, &columns)?;
            engine.check(&text)?;
            Ok(engine)
        };
        made()
            .map(|engine| Self { engine, text: text.clone(), rest: rest.cloned() })
            .map_err(|trouble| told(trouble).at(at.clone()))
    }

    /// The properties that only the answer of a create holds and that its items name, or that `*` means: no event has them.
    pub fn secrets(&self) -> Vec<String> {
        let Some(rest) = &self.rest else { return Vec::new() };
        let is_all = self.text.contains('*');
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let is_named = |name: &str| {
            is_all || self.text.split(|c| !is_word(c)).any(|word| word.eq_ignore_ascii_case(name))
        };
        let (secret, given) = (&rest.schema.overlay.secrets, &rest.schema.read_only_properties);
        returned(rest)
            .into_iter()
            .filter(|(name, _, path)| secret.covers(path) && given.covers(path) && is_named(name))
            .filter_map(|(_, _, path)| path.last().map(str::to_owned))
            .collect()
    }

    /// The rows, one for each operation unless the items are aggregates.
    ///
    /// # Errors
    /// A function that cannot work with a value.
    pub fn table(mut self, operations: &[Progress]) -> Result<Table, SqlError> {
        let own = self.rest.as_ref().map(returned).unwrap_or_default();
        let schema = self.rest.as_ref().map(|rest| &*rest.schema);
        let rows: Vec<Vec<Cell>> = operations.iter().map(|one| row(one, &own, schema)).collect();
        self.engine
            .insert(LOCAL, &rows)
            .and_then(|()| self.engine.run(&self.text))
            .map_err(|trouble| told(trouble).note("resources", "were changed"))
    }
}

/// The cells of one operation: columns of its object first, as far as the event or the identifier tells them.
fn row(
    operation: &Progress,
    own: &[(String, Affinity, Pointer)],
    schema: Option<&ResourceSchema>,
) -> Vec<Cell> {
    let whole = progress(operation);
    let identifier = operation
        .identifier
        .as_deref()
        .zip(schema)
        .and_then(|(text, schema)| Identifier::parse(schema, text));
    let of_object = |(_, _, path): &(String, Affinity, Pointer)| {
        let told = operation.model.as_ref().and_then(|model| path.get(model)).map(Cell::of);
        let part = || {
            let mut parts = identifier.iter().flat_map(|one| &one.parts);
            let name = path.last()?;
            parts.find(|(part, _)| part == name).map(|(_, value)| Cell::Text(value.clone()))
        };
        told.filter(|cell| *cell != Cell::Null).or_else(part).unwrap_or(Cell::Null)
    };
    let is_free = |name: &str| own.iter().all(|(own, ..)| !own.eq_ignore_ascii_case(name));
    let flat = REQUEST_COLUMNS.iter().filter(|name| is_free(name));
    let flat = flat.map(|name| match (&identifier, *name) {
        // As statements write it.
        (Some(identifier), "Identifier") => Cell::Text(identifier.to_string()),
        _ => whole.get(*name).map_or(Cell::Null, Cell::of),
    });
    own.iter().map(of_object).chain(flat).chain([Cell::of(&whole)]).collect()
}

fn told(trouble: Trouble) -> SqlError {
    let Trouble::Unprepared(said, _) = &trouble else { return plain(trouble) };
    let Some(rest) = said.strip_prefix("no such column: ") else { return plain(trouble) };
    let name = rest.split(" - should this be").next().unwrap_or(rest).trim_matches('"');
    let told = SqlError::new(codes::NO_SUCH_COLUMN, format!("an operation has no column `{name}`"));
    let names = REQUEST_COLUMNS.into_iter().chain([WHOLE]);
    match nearest(name, names) {
        Some(near) => told.next(format!("did you mean `{near}`?")),
        None => told.next(format!("there are {} and {WHOLE}", REQUEST_COLUMNS.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack_core::ids::{RequestToken, TypeName};
    use stack_core::provider::{Status, Verb};

    fn operation() -> Progress {
        Progress {
            request: RequestToken::new("r-1"),
            ty: Some(TypeName::new("AWS::S3::Bucket")),
            verb: Some(Verb::Create),
            status: Status::Success,
            identifier: Some("logs".to_owned()),
            error_code: None,
            message: String::new(),
            retry_after: None,
            at: Some(1_700_000_000_500),
            hooks: Vec::new(),
            hooks_request: Some("h-1".to_owned()),
            model: Some(serde_json::json!({"BucketName": "logs"})),
        }
    }

    #[test]
    fn operations_are_flat_and_whole() {
        let all = Returning::prepare("*", &(0..1), None).unwrap().table(&[operation()]).unwrap();
        assert_eq!(all.columns.len(), 12);
        assert_eq!(all.columns[..11], REQUEST_COLUMNS);
        assert_eq!(all.cell(0, "OperationStatus"), Some(&Cell::Text("SUCCESS".to_owned())));
        assert_eq!(all.cell(0, "EventTime"), Some(&Cell::Real(1_700_000_000.5)));
        assert_eq!(all.cell(0, "ErrorCode"), Some(&Cell::Null));
        assert_eq!(all.cell(0, "HooksRequestToken"), Some(&Cell::Text("h-1".to_owned())));
        let model = "{\"BucketName\":\"logs\"}";
        assert_eq!(all.cell(0, "ResourceModel"), Some(&Cell::Text(model.to_owned())));
        let some =
            Returning::prepare("json_extract(ProgressEvent, '$.Identifier') AS id, operation", &(0..1), None);
        let some = some.unwrap().table(&[operation(), operation()]).unwrap();
        assert_eq!((some.columns[0].as_str(), some.rows.len()), ("id", 2));
        assert_eq!(some.rows[1][0], Cell::Text("logs".to_owned()));
    }

    #[test]
    fn unknown_names_are_told_before_anything_is_done() {
        let error = Returning::prepare("Identifer", &(3..9), None).unwrap_err();
        assert_eq!((error.code, error.at.clone()), (codes::NO_SUCH_COLUMN, Some(3..9)));
        assert_eq!(error.next.as_deref(), Some("did you mean `Identifier`?"));
        assert!(Returning::prepare("nope(1)", &(0..1), None).is_err());
    }
}
