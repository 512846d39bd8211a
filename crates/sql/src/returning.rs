//! RETURNING: the progress of operations as rows (stackql-compat 5.4).

use crate::access::progress;
use crate::codes;
use crate::columns::{Affinity, Cell, REQUEST_COLUMNS};
use crate::error::SqlError;
use crate::sqlite::{Engine, Limits, Trouble};
use crate::table::Table;
use crate::troubles::plain;
use stack_core::diagnostic::nearest;
use stack_core::provider::Progress;
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
}

impl Returning {
    /// Checks the items of a RETURNING clause. `at` is where they stand.
    ///
    /// # Errors
    /// Names that are no columns of an operation, and what cannot be computed.
    pub(crate) fn prepare(items: &str, at: &Range<usize>) -> Result<Self, SqlError> {
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
            engine.create(LOCAL, &columns)?;
            engine.check(&text)?;
            Ok(engine)
        };
        made()
            .map(|engine| Self { engine, text: text.clone() })
            .map_err(|trouble| told(trouble).at(at.clone()))
    }

    /// The rows, one for each operation unless the items are aggregates.
    ///
    /// # Errors
    /// A function that cannot work with a value.
    pub fn table(mut self, operations: &[Progress]) -> Result<Table, SqlError> {
        let rows: Vec<Vec<Cell>> = operations.iter().map(row).collect();
        self.engine
            .insert(LOCAL, &rows)
            .and_then(|()| self.engine.run(&self.text))
            .map_err(|trouble| told(trouble).note("resources", "were changed"))
    }
}

fn row(operation: &Progress) -> Vec<Cell> {
    let whole = progress(operation);
    let flat = REQUEST_COLUMNS.iter().map(|name| whole.get(*name).map_or(Cell::Null, Cell::of));
    flat.chain([Cell::of(&whole)]).collect()
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
        let all = Returning::prepare("*", &(0..1)).unwrap().table(&[operation()]).unwrap();
        assert_eq!(all.columns.len(), 12);
        assert_eq!(all.columns[..11], REQUEST_COLUMNS);
        assert_eq!(all.cell(0, "OperationStatus"), Some(&Cell::Text("SUCCESS".to_owned())));
        assert_eq!(all.cell(0, "EventTime"), Some(&Cell::Real(1_700_000_000.5)));
        assert_eq!(all.cell(0, "ErrorCode"), Some(&Cell::Null));
        assert_eq!(all.cell(0, "HooksRequestToken"), Some(&Cell::Text("h-1".to_owned())));
        let model = "{\"BucketName\":\"logs\"}";
        assert_eq!(all.cell(0, "ResourceModel"), Some(&Cell::Text(model.to_owned())));
        let some =
            Returning::prepare("json_extract(ProgressEvent, '$.Identifier') AS id, operation", &(0..1));
        let some = some.unwrap().table(&[operation(), operation()]).unwrap();
        assert_eq!((some.columns[0].as_str(), some.rows.len()), ("id", 2));
        assert_eq!(some.rows[1][0], Cell::Text("logs".to_owned()));
    }

    #[test]
    fn unknown_names_are_told_before_anything_is_done() {
        let error = Returning::prepare("Identifer", &(3..9)).unwrap_err();
        assert_eq!((error.code, error.at.clone()), (codes::NO_SUCH_COLUMN, Some(3..9)));
        assert_eq!(error.next.as_deref(), Some("did you mean `Identifier`?"));
        assert!(Returning::prepare("nope(1)", &(0..1)).is_err());
    }
}
