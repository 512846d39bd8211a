//! Statements, one text after the other, over one connection.

use crate::app::App;
use crate::args::{AskArgs, OutputForm};
use crate::definitions;
use crate::errors::Stopped;
use crate::exit::Exit;
use crate::guard::Guard;
use crate::locate::{Locate, Located};
use crate::render::table;
use crate::render::text::count;
use crate::session::{ids, new_nonce};
use crate::wire::{Credentials, Link, connect, region};
use stack_core::diagnostic::{Diagnostic, Part, Route};
use stack_core::provider::Found;
use stack_engine::clock::IdSource;
use stack_manifest::Settings;
use stack_sql::dml::Verb;
use stack_sql::show::{ShowError, show};
use stack_sql::{
    Defaults, FetchId, Kind, Limits, Parsed, Query, Selection, SqlError, Table, Tables, Writes,
    answer_by_page, codes, parse,
};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// What a statement needs.
pub(super) enum Step<'a> {
    /// Nothing: the answer.
    Known(Table),
    /// A cloud.
    Query(Box<Query<'a>>),
    /// A cloud that is changed.
    Write(Box<Writes>),
    /// A cloud that is asked for what is then inserted.
    Insert(Box<Selection<'a>>),
}

/// Asks statements, and shows their answers.
#[derive(Debug)]
pub struct Asker<'a> {
    /// The program.
    pub app: &'a App,
    /// Form of results.
    pub form: OutputForm,
    /// Tell how long each statement took.
    pub timing: bool,
    /// Somebody sits before it: no line divides results.
    pub interactive: bool,
    /// A signal ends a statement, and not the process.
    pub listens: bool,
    pub(super) args: &'a AskArgs,
    pub(super) nonce: String,
    /// Resources were changed.
    pub(super) changed: bool,
    ids: Arc<IdSource>,
    link: Option<Link>,
    defaults: Defaults,
    /// Statements so far.
    pub(super) number: usize,
}

impl<'a> Asker<'a> {
    /// Nothing is connected yet.
    ///
    /// # Errors
    /// Definitions that cannot be used, or an operating system that has no randomness to give.
    pub fn new(app: &'a App, args: &'a AskArgs) -> Result<Self, Stopped> {
        definitions::prepare(app, args.stack_dir.as_deref())?;
        let ids = Arc::new(ids()?);
        let nonce = new_nonce(&ids)?;
        let known = region(app, &args.cloud).filter(|region| !region.is_empty());
        let defaults = Defaults { regions: known.map(str::to_owned).into_iter().collect() };
        Ok(Self {
            app,
            form: args.output,
            timing: false,
            interactive: false,
            listens: false,
            args,
            nonce,
            changed: false,
            ids,
            link: None,
            defaults,
            number: 0,
        })
    }

    /// Runs the statements of a text; false if there is none. What is wrong with one of them is told before anything is
    /// asked.
    ///
    /// # Errors
    /// The first that went wrong.
    pub async fn run(&mut self, name: &str, text: &str) -> Result<bool, Stopped> {
        self.app.set_sources(Arc::new(Source { name: name.to_owned(), text: text.to_owned() }));
        let done = self.all(text).await;
        self.app.tell(&self.app.schemas.take_problems());
        let sandbox = self.link.as_ref().and_then(|link| link.sandbox.as_ref());
        let kept = match sandbox.filter(|_| self.changed) {
            Some(sandbox) => sandbox
                .save()
                .map_err(|error| Stopped::unwritable(std::path::Path::new("state.json"), &error)),
            None => Ok(()),
        };
        let done = done.and_then(|some| kept.map(|()| some));
        if self.changed { done.map_err(Stopped::after_changes) } else { done }
    }

    async fn all(&mut self, text: &str) -> Result<bool, Stopped> {
        let parsed = parse(text).map_err(mistake)?;
        let write = parsed.iter().find(|one| one.kind.writes());
        if let Some(write) = write.filter(|_| !self.args.allow_writes) {
            let keyword = write.kind.keyword();
            let message = format!("`{keyword}` changes resources, and only reading is allowed");
            return Err(mistake(
                SqlError::new(codes::WRITES_REFUSED, message)
                    .at(write.at.clone())
                    .next("put the resource into a manifest, and build it; or allow it with --allow-writes"),
            ));
        }
        if parsed.is_empty() {
            return Ok(false);
        }
        let guard = if write.is_some() || self.listens {
            Guard::writing(self.app, self.args.cloud.timeout)?
        } else {
            Guard::reading(self.args.cloud.timeout)
        };
        if self.changed {
            // Nobody may say any more that nothing was changed.
            guard.begin_writing()?;
        }
        let schemas = Arc::clone(&self.app.schemas);
        let tables = Tables::new(&*schemas);
        // Mistakes are told before anything is asked.
        let mut steps = prepare(&parsed, &tables, &self.defaults)?;
        self.consent(&steps)?;
        let needs = |step: &Step<'_>| match step {
            Step::Known(_) => false,
            Step::Query(query) => query.reads(),
            Step::Write(_) | Step::Insert(_) => true,
        };
        if self.link.is_none() && steps.iter().any(needs) {
            let dir = self.args.stack_dir.as_deref();
            let dir = dir.map_or_else(|| self.app.env.cwd.clone(), |dir| self.app.path(dir));
            let (settings, ids) = (Settings::default(), Arc::clone(&self.ids));
            let types = Arc::clone(&self.app.schemas) as _;
            let open = connect(self.app, &self.args.cloud, &settings, &dir, types, ids, Credentials::new());
            let (made, found) = guard.reads(None, open).await?;
            self.link = Some(made);
            let found = found.filter(|region| !region.is_empty());
            if let (true, Some(found)) = (self.defaults.regions.is_empty(), found) {
                // Only the profile knew the region.
                self.defaults.regions.push(found);
                steps = prepare(&parsed, &tables, &self.defaults)?;
            }
        }
        for (at, step) in steps.into_iter().enumerate() {
            self.number += 1;
            let began = Instant::now();
            let table = match step {
                Step::Known(table) => Some(table),
                Step::Query(query) => Some(self.asked(*query, &guard).await?),
                Step::Write(writes) => self.written(*writes, &guard).await?,
                Step::Insert(selection) => {
                    let Selection { query, insertion } = *selection;
                    let rows = self.asked(query, &guard).await?;
                    self.written(insertion.writes(&rows).map_err(mistakes)?, &guard).await?
                }
            };
            let took = began.elapsed().as_secs_f64();
            let took = if self.timing { format!(" in {took:.1} s") } else { String::new() };
            match table {
                Some(table) => {
                    if at > 0 && self.form == OutputForm::Table && !self.interactive {
                        self.app.console.out("\n");
                    }
                    self.show(&table, &took);
                }
                None if self.timing => self.app.console.err(&format!("done{took}\n")),
                None => {}
            }
        }
        Ok(true)
    }

    async fn asked(&self, query: Query<'_>, guard: &Guard) -> Result<Table, Stopped> {
        let link = self.link.as_ref();
        let (ended, stop) = (guard.ended(), query.stop());
        let mut watch = JoinSet::new();
        watch.spawn(async move {
            ended.await;
            stop.stop();
        });
        guard.reads(link.map(|link| &*link.provider), fetched(self.app, query, link)).await
    }

    async fn written(&mut self, writes: Writes, guard: &Guard) -> Result<Option<Table>, Stopped> {
        let Some(link) = self.link.take() else { return Ok(None) };
        let done = self.change(writes, &link, guard).await;
        self.link = Some(link);
        done
    }

    /// Shows a result.
    pub(super) fn show(&self, table: &Table, took: &str) {
        let console = &self.app.console;
        console.out(&table::render(table, self.form, console.out_style));
        console.err(&format!("{}{took}\n", count(table.rows.len(), "row", "rows")));
    }

    /// A DELETE needs consent, and where nobody can be asked it is given before.
    fn consent(&self, steps: &[Step<'_>]) -> Result<(), Stopped> {
        let deletes =
            steps.iter().any(|step| matches!(step, Step::Write(writes) if writes.verb == Verb::Delete));
        if !deletes || self.args.yes || self.app.settings.can_ask {
            return Ok(());
        }
        let message = "DELETE deletes resources, and there is no terminal to ask at";
        Err(Stopped::usage(message, "look at them with SELECT, then agree with --yes"))
    }
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
    let steps = parsed.iter().map(|parsed| match parsed.kind.writes() {
        true => match Selection::prepare(parsed, tables, defaults, Limits::default()).map_err(mistakes)? {
            Some(selection) => Ok(Step::Insert(Box::new(selection))),
            None => {
                let writes = Writes::prepare(parsed, tables, defaults).map_err(mistakes)?;
                Ok(Step::Write(Box::new(writes)))
            }
        },
        false => one(parsed).map_err(mistake),
    });
    steps.collect()
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

/// Asks for everything that a query must know, many questions at a time; the provider bounds how many. What a page of a list
/// shows is read while the next page is awaited.
async fn fetched(app: &App, mut query: Query<'_>, link: Option<&Link>) -> Result<Table, Stopped> {
    let mut asked: JoinSet<(FetchId, Result<_, _>)> = JoinSet::new();
    let (pages, mut listed) = mpsc::unbounded_channel::<(FetchId, Vec<Found>)>();
    loop {
        let fetches = match query.computes_between() {
            // SQLite computes; the runtime's other thread goes on.
            true => tokio::task::block_in_place(|| query.fetches()),
            false => query.fetches(),
        };
        for (id, fetch) in fetches {
            let Some(link) = link else { continue };
            let cloud = Arc::clone(&link.provider);
            let pages = pages.clone();
            asked.spawn(async move {
                // Nobody listens any more where the query has failed.
                let mut shown = |page: &[Found]| drop(pages.send((id, page.to_vec())));
                (id, answer_by_page(&*cloud, &fetch, &mut shown).await)
            });
        }
        let answered = tokio::select! {
            biased;
            Some((id, page)) = listed.recv() => {
                query.supply_page(id, &page);
                continue;
            }
            answered = asked.join_next() => answered,
        };
        match answered {
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
    let done = match query.computation() {
        Ok(computation) => computation.begin().await,
        Err(error) => Err(error),
    };
    match done {
        // Whoever stopped it says so.
        Err(error) if error.code == codes::STOPPED => std::future::pending().await,
        done => done.map_err(|error| Stopped::new(Exit::Error, placed(error))),
    }
}

/// Something is wrong with the statement itself: nothing was asked.
fn mistake(error: SqlError) -> Stopped {
    Stopped::new(Exit::Usage, placed(error))
}

fn mistakes(errors: Vec<SqlError>) -> Stopped {
    Stopped { exit: Exit::Usage, told: errors.into_iter().map(placed).collect() }
}

pub(super) fn placed(error: SqlError) -> Diagnostic {
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
