//! What is tortured: everything that reads query files and statements before a cloud is asked.

use super::generate::Subject;
use stack_catalog::Catalog;
use stack_core::diagnostic::{Part, Route};
use stack_core::statement::Marked;
use stack_manifest::iql::QueryFile;
use stack_sql::show::show;
use stack_sql::{Defaults, Kind, Limits, Query, Selection, SqlError, Tables, Writes, dml, parse};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How far inputs came.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reached {
    /// Statements that could be parsed.
    pub(super) parsed: u64,
    /// Statements that could be bound to a cloud.
    pub(super) bound: u64,
    /// Anchors of query files.
    pub(super) anchors: u64,
}

/// Gives an input to what must bear it.
///
/// # Errors
/// The words of a panic, or a promise that is not kept.
pub(super) fn bear(subject: Subject, text: &str, reached: &mut Reached) -> Result<(), String> {
    let work = AssertUnwindSafe(|| match subject {
        Subject::File => file(text, reached),
        Subject::Statement => statements(text, reached),
    });
    catch_unwind(work).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("panic: {}", words.unwrap_or("without words")))
    })
}

fn file(text: &str, reached: &mut Reached) -> Result<(), String> {
    let (file, problems) = QueryFile::read(text, &Route::default());
    for problem in problems.iter() {
        for label in &problem.labels {
            if let Part::Within(range) = &label.part
                && text.get(range.clone()).is_none()
            {
                return Err(format!("{range:?} is no place in the file: {}", problem.message));
            }
        }
    }
    for anchor in &file.anchors {
        reached.anchors += 1;
        if text.get(anchor.body.clone()).is_none() {
            return Err(format!("{:?} is no place in the file", anchor.body));
        }
        let statement = file.statement(text, anchor);
        statements(&statement, reached)?;
    }
    Ok(())
}

fn statements(text: &str, reached: &mut Reached) -> Result<(), String> {
    let tables = Tables::new(Catalog::embedded());
    let defaults = Defaults::default();
    // As changes of query files, and with one value for each private character.
    let _ = placed(text, dml::read_many(text).map_err(|error| vec![error]))?;
    let _ =
        placed(text, dml::read(&Marked { text: text.to_owned(), holes: Vec::new() }).map_err(|e| vec![e]))?;
    let Some(all) = placed(text, parse(text).map_err(|error| vec![error]))? else { return Ok(()) };
    for parsed in all {
        reached.parsed += 1;
        let bound = match &parsed.kind {
            Kind::Query(_) => {
                let query = Query::prepare(&parsed, &tables, &defaults, Limits::default());
                placed(text, query.map_err(|error| vec![error]))?.map(|mut query| drop(query.fetches()))
            }
            Kind::Show | Kind::Describe => show(&parsed.text, &tables).and_then(Result::ok).map(drop),
            Kind::Insert | Kind::Update | Kind::Delete => {
                let selection = Selection::prepare(&parsed, &tables, &defaults, Limits::default());
                match placed(text, selection)? {
                    Some(Some(mut selection)) => {
                        drop(selection.query.fetches());
                        Some(())
                    }
                    Some(None) => placed(text, Writes::prepare(&parsed, &tables, &defaults))?.map(drop),
                    None => None,
                }
            }
        };
        reached.bound += u64::from(bound.is_some());
    }
    Ok(())
}

/// What was made, if it was; what is told must stand in the text.
fn placed<T>(text: &str, made: Result<T, Vec<SqlError>>) -> Result<Option<T>, String> {
    let errors = match made {
        Ok(made) => return Ok(Some(made)),
        Err(errors) => errors,
    };
    let lost = errors.iter().find(|error| error.at.as_ref().is_some_and(|at| text.get(at.clone()).is_none()));
    match lost {
        Some(error) => Err(format!("{:?} is no place in the statement: {}", error.at, error.message)),
        None => Ok(None),
    }
}
