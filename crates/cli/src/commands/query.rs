//! `query`: statements over live resources. Reads only.

use crate::app::{App, Done};
use crate::args::{OutputForm, QueryArgs};
use crate::errors::Stopped;
use crate::exit::Exit;
use crate::guard::Guard;
use crate::locate::{Locate, Located};
use crate::render::table;
use crate::render::text::count;
use crate::session::ids;
use crate::wire::{Link, connect, region};
use stack_core::diagnostic::{Diagnostic, Part, Route};
use stack_manifest::Settings;
use stack_sql::show::{ShowError, show};
use stack_sql::{
    Defaults, FetchId, Kind, Limits, Parsed, Query, SqlError, Table, Tables, answer, codes, parse,
};
use std::path::Path;
use std::sync::Arc;
use tokio::task::JoinSet;

/// What a statement needs.
enum Step<'a> {
    /// Nothing: the answer.
    Known(Table),
    /// A cloud.
    Query(Box<Query<'a>>),
}

/// Runs the statements.
pub async fn run(app: &App, args: &QueryArgs) -> Done {
    let guard = Guard::reading(args.cloud.timeout);
    let (name, text) = statements(app, args)?;
    app.set_sources(Arc::new(Source { name, text: text.clone() }));
    let parsed = parse(&text).map_err(mistake)?;
    if let Some(write) = parsed.iter().find(|one| one.kind.writes()) {
        let keyword = write.kind.keyword();
        let refused = SqlError::new(
            codes::NOT_SUPPORTED,
            format!("`{keyword}` changes resources, and query only reads"),
        )
        .at(write.at.clone())
        .next("put the resource into a manifest, and build it");
        return Err(mistake(refused));
    }
    if parsed.is_empty() {
        return Err(Stopped::usage("there is no statement", "stack-deploy query \"SELECT …\""));
    }
    let schemas = Arc::clone(&app.schemas);
    let tables = Tables::new(&*schemas);
    // Mistakes are told before anything is asked.
    let mut defaults = Defaults {
        regions: region(app, &args.cloud)
            .filter(|region| !region.is_empty())
            .map(str::to_owned)
            .into_iter()
            .collect(),
    };
    let mut steps = prepare(&parsed, &tables, &defaults)?;
    let mut link = None;
    if steps.iter().any(|step| matches!(step, Step::Query(query) if query.reads())) {
        let dir = args.stack_dir.as_deref().map_or_else(|| app.env.cwd.clone(), |dir| app.path(dir));
        let (settings, ids) = (Settings::default(), Arc::new(ids()?));
        let open = connect(app, &args.cloud, &settings, &dir, Arc::clone(&app.schemas) as _, ids);
        let (made, found) = guard.reads(None, open).await?;
        let found = found.filter(|region| !region.is_empty());
        if let (true, Some(found)) = (defaults.regions.is_empty(), found) {
            // Only the profile knew the region.
            defaults.regions.push(found);
            steps = prepare(&parsed, &tables, &defaults)?;
        }
        link = Some(made);
    }
    for (at, step) in steps.into_iter().enumerate() {
        let table = match step {
            Step::Known(table) => table,
            Step::Query(query) => {
                let work = fetched(app, *query, link.as_ref());
                let done = guard.reads(link.as_ref().map(|link| &*link.provider), work).await;
                done?
            }
        };
        if at > 0 && args.output == OutputForm::Table {
            app.console.out("\n");
        }
        app.console.out(&table::render(&table, args.output, app.console.out_style));
        app.console.err(&format!("{}\n", count(table.rows.len(), "row", "rows")));
    }
    app.tell(&app.schemas.take_problems());
    Ok(Exit::Done)
}

/// The name and the text of the statements.
fn statements(app: &App, args: &QueryArgs) -> Result<(String, String), Stopped> {
    match (&args.sql, &args.file) {
        (_, Some(file)) => {
            let bytes = std::fs::read(app.path(file)).map_err(|error| Stopped::unreadable(file, &error))?;
            let text = String::from_utf8(bytes).map_err(|_| {
                let error = std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not UTF-8");
                Stopped::unreadable(file, &error)
            })?;
            Ok((shown(file), text))
        }
        (Some(sql), None) => Ok(("SQL".to_owned(), sql.clone())),
        (None, None) => Err(Stopped::usage("there is no statement", "stack-deploy query \"SELECT …\"")),
    }
}

fn shown(file: &Path) -> String {
    file.strip_prefix(".").unwrap_or(file).to_string_lossy().into_owned()
}

fn prepare<'a>(
    parsed: &[Parsed],
    tables: &Tables<'a>,
    defaults: &Defaults,
) -> Result<Vec<Step<'a>>, Stopped> {
    let one = |one: &Parsed| match &one.kind {
        Kind::Show | Kind::Describe => match show(&one.text, tables) {
            Some(Ok(rows)) => Ok(Step::Known(Table {
                columns: rows.columns.into_iter().map(str::to_owned).collect(),
                rows: rows.rows,
            })),
            Some(Err(error)) => Err(not_shown(&error, one)),
            None => Err(SqlError::new(codes::SYNTAX, "this is no SQL that can be read").at(one.at.clone())),
        },
        _ => {
            Query::prepare(one, tables, defaults, Limits::default()).map(|query| Step::Query(Box::new(query)))
        }
    };
    parsed.iter().map(|parsed| one(parsed).map_err(mistake)).collect()
}

fn not_shown(error: &ShowError, one: &Parsed) -> SqlError {
    let (code, near) = match error {
        ShowError::Unknown(unknown) => (codes::NO_SUCH_TABLE, unknown.near.as_slice()),
        _ => (codes::SYNTAX, Default::default()),
    };
    let told = SqlError::new(code, error.to_string()).at(one.at.clone());
    let near: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
    if near.is_empty() { told } else { told.next(format!("did you mean {}?", near.join(" or "))) }
}

/// Asks for everything that a query must know, many questions at a time; the provider bounds how many.
async fn fetched(app: &App, mut query: Query<'_>, link: Option<&Link>) -> Result<Table, Stopped> {
    let mut asked: JoinSet<(FetchId, Result<_, _>)> = JoinSet::new();
    loop {
        for (id, fetch) in query.fetches() {
            let Some(link) = link else { continue };
            let cloud = Arc::clone(&link.provider);
            asked.spawn(async move { (id, answer(&*cloud, &fetch).await) });
        }
        match asked.join_next().await {
            Some(Ok((id, result))) => query.supply(id, result),
            // A read that panicked: the panic goes on here, as it would without the task.
            Some(Err(broken)) => match broken.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => continue,
            },
            None => break,
        }
        if query.is_failed() {
            break;
        }
    }
    for note in query.notes() {
        app.console.err(&format!("note: {note}\n"));
    }
    // SQLite computes; the runtime's other thread goes on.
    tokio::task::block_in_place(|| query.finish()).map_err(|error| Stopped::new(Exit::Error, placed(error)))
}

/// Something is wrong with the statement itself: nothing was asked.
fn mistake(error: SqlError) -> Stopped {
    Stopped::new(Exit::Usage, placed(error))
}

fn placed(error: SqlError) -> Diagnostic {
    error.diagnostic(Some(Route::default()))
}

/// The text of the statements, for diagnostics to point into.
#[derive(Debug)]
struct Source {
    name: String,
    text: String,
}

impl Locate for Source {
    fn locate(&self, _: &Route, part: &Part) -> Option<Located> {
        let range = match part {
            Part::Within(range) => range.clone(),
            _ => 0..self.text.len(),
        };
        Some(Located { file: self.name.clone(), range })
    }

    fn text(&self, file: &str) -> Option<&str> {
        (file == self.name).then_some(self.text.as_str())
    }
}
