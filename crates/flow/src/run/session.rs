//! One resource on its way: what its statements gave so far, and the one way to render, ask and tell.

use super::Runner;
use super::fill::Filled;
use super::verdict::{Ambiguous, Presence, presence};
use crate::codes;
use indexmap::IndexMap;
use stack_core::diagnostic::{Diagnostic, Severity};
use stack_core::flow::{AnchorKind, Captured, Flow, Host, Stopping, Told, Unready};
use stack_core::identity::Identifier;
use stack_core::ids::{Target, TypeName};
use stack_core::plan::Hit;
use stack_core::provider::{Found, Verb};
use stack_core::redact::Redactor;
use stack_core::statement::Marked;
use stack_core::value::{Unknown, Value};
use stack_sql::Table;
use std::time::Duration;

/// Why a flow does not go on.
#[derive(Debug)]
pub(super) enum Stop {
    /// It needs values that other resources give later.
    Waiting(Unknown),
    /// Something is wrong.
    Broken(Vec<Diagnostic>),
    /// The run is stopping.
    Stopping,
}

impl From<Diagnostic> for Stop {
    fn from(problem: Diagnostic) -> Self {
        Self::Broken(vec![problem])
    }
}

impl From<Box<Diagnostic>> for Stop {
    fn from(problem: Box<Diagnostic>) -> Self {
        Self::from(*problem)
    }
}

impl From<Stopping> for Stop {
    fn from(_: Stopping) -> Self {
        Self::Stopping
    }
}

impl From<Unready> for Stop {
    fn from(unready: Unready) -> Self {
        match unready {
            Unready::Waiting(unknown) => Self::Waiting(unknown),
            Unready::Missing { diagnostic, .. } | Unready::Broken(diagnostic) => Self::from(diagnostic),
        }
    }
}

impl From<ReadError> for Stop {
    fn from(error: ReadError) -> Self {
        Self::from(error.diagnostic)
    }
}

/// What may help against a failed read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nothing: it is denied, or the statement is wrong.
    Final,
    /// Time: the service is not well.
    Passing,
    /// Other values: a function could not work with what was read.
    Values,
}

/// A read that failed.
#[derive(Debug)]
pub(super) struct ReadError {
    pub(super) trouble: Trouble,
    pub(super) diagnostic: Box<Diagnostic>,
}

/// How often, and how far apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tries {
    /// Executions, at least one.
    pub(super) times: u64,
    /// Between two of them.
    pub(super) delay: Duration,
}

impl Tries {
    /// As `plan` asks.
    pub(super) const ONCE: Self = Self { times: 1, delay: Duration::ZERO };
}

/// Resources by region and identifier, as they were read; `None`: it is not there.
pub(super) type Models = IndexMap<(Option<String>, String), Option<Found>>;

/// A resource that a statement names.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) verb: Verb,
    pub(super) at: Target,
    pub(super) ty: TypeName,
    pub(super) identifier: Identifier,
}

/// One resource on its way.
#[derive(Debug)]
pub(super) struct Session<'s> {
    pub(super) runner: &'s Runner,
    pub(super) flow: &'s Flow,
    pub(super) host: &'s dyn Host,
    /// What its statements gave so far.
    pub(super) captured: Captured,
    /// Resources of its own type that were read since the last change.
    pub(super) models: Models,
    /// What is worth telling at the end.
    pub(super) notes: Vec<Diagnostic>,
    /// The exists text as it was first run: the check after a change is the same (stackql-compat 2.6, phase C).
    pub(super) exists: Option<Filled>,
    /// Columns of the last `exists`, whether or not it found something.
    pub(super) columns: Vec<String>,
    /// The row of exports, where it was read.
    pub(super) row: Option<IndexMap<String, Value>>,
    /// What the statements that were checked would do.
    pub(super) hits: Vec<Hit>,
    /// What the statements that were checked would change or delete.
    pub(super) named: Vec<Named>,
    /// All that the UPDATE that was checked would set is so already.
    pub(super) sends_nothing: bool,
    /// Operations so far.
    pub(super) number: u32,
    /// The service was asked to change something.
    pub(super) asked: bool,
    /// The resource that the last operation told.
    pub(super) identifier: Option<Identifier>,
    /// What is being tried.
    pub(super) trying: Option<Verb>,
    /// What was done last.
    pub(super) sent: Option<Verb>,
    /// The secrets of its statements.
    pub(super) redactor: Redactor,
}

impl<'s> Session<'s> {
    pub(super) fn new(runner: &'s Runner, flow: &'s Flow, host: &'s dyn Host) -> Self {
        Self {
            runner,
            flow,
            host,
            captured: Captured::default(),
            models: Models::new(),
            notes: Vec::new(),
            exists: None,
            columns: Vec::new(),
            row: None,
            hits: Vec::new(),
            named: Vec::new(),
            sends_nothing: false,
            number: 0,
            asked: false,
            identifier: None,
            trying: None,
            sent: None,
            redactor: Redactor::default(),
        }
    }

    /// `retries` executions, as `exists` and `statecheck` count; none is one.
    pub(super) fn exactly(&self, anchor: AnchorKind) -> Tries {
        let (retries, delay) = self.retries(anchor);
        Tries { times: retries.max(1), delay }
    }

    /// One execution and `retries` more, as all others count.
    pub(super) fn and_more(&self, anchor: AnchorKind) -> Tries {
        let (retries, delay) = self.retries(anchor);
        Tries { times: retries.saturating_add(1), delay }
    }

    /// `retries` and `retry_delay` of an anchor with their defaults.
    pub(super) fn retries(&self, anchor: AnchorKind) -> (u64, Duration) {
        let options = self.flow.script.anchor(anchor);
        let retries = options.and_then(|options| options.retries).unwrap_or(1);
        let delay = options.and_then(|options| options.retry_delay).unwrap_or(0);
        (retries, Duration::from_secs(delay))
    }

    /// Renders a statement, and puts its values in.
    pub(super) fn render(&self, anchor: AnchorKind) -> Result<Filled, Unready> {
        let marked = self.flow.script.statement(anchor, &self.captured)?;
        marked.holes.iter().for_each(|hole| self.redactor.learn(&hole.value));
        Filled::of(anchor, marked, &*self.flow.script, self.flow.literal_patch).map_err(Unready::Broken)
    }

    /// Waits, unless there is nothing to wait.
    pub(super) async fn pause(&self, wait: Duration, why: &str) -> Result<(), Stopping> {
        if self.host.is_stopping() {
            return Err(Stopping);
        }
        if wait.is_zero() {
            return Ok(());
        }
        self.host.pause(wait, why).await
    }

    /// A line for people: `[x] exists`.
    pub(super) fn say(&self, line: impl AsRef<str>) {
        self.host.tell(Told::Line(self.redactor.text(line.as_ref()).into_owned()));
    }

    /// `[x] …`
    pub(super) fn say_of(&self, what: &str) {
        self.say(format!("[{}] {what}", self.flow.address));
    }

    /// Keeps a warning or a note for the end, without doubles.
    pub(super) fn note(&mut self, problem: Diagnostic) {
        let problem = self.redactor.diagnostic(problem);
        if !self.notes.contains(&problem) {
            self.notes.push(problem);
        }
    }

    /// Tells a warning now.
    pub(super) fn warn(&self, problem: Diagnostic) {
        let mut problem = self.redactor.diagnostic(problem);
        problem.severity = Severity::Warning;
        self.host.tell(Told::Warning(Box::new(problem)));
    }

    /// A problem of a statement as a whole.
    pub(super) fn at(&self, problem: Diagnostic, anchor: AnchorKind, label: &str) -> Diagnostic {
        let (route, part) = self.flow.script.place(anchor, &Marked::default(), None);
        problem.at_part(route, part, label)
    }

    /// Runs `exists`, or what stands in for it, until it finds something; keeps what it found.
    ///
    /// # Errors
    /// It finds several, or cannot be run.
    pub(super) async fn is_there(&mut self, check: &Filled, tries: Tries) -> Result<bool, Stop> {
        let mut left = tries.times;
        loop {
            left = left.saturating_sub(1);
            let found = match self.rows(check).await {
                Ok(table) => {
                    if check.anchor == AnchorKind::Exists {
                        self.columns.clone_from(&table.columns);
                    }
                    self.presence(check.anchor, &table)?
                }
                Err(error) if error.trouble == Trouble::Passing && left > 0 => Presence::Absent,
                // A statecheck compares what it has found; a read tells whether there is something.
                Err(error)
                    if error.trouble == Trouble::Values
                        && check.anchor == AnchorKind::StateCheck
                        && self.identified().is_some() =>
                {
                    Presence::Absent
                }
                Err(error) => return Err(error.into()),
            };
            if let Presence::Present(columns) = found {
                self.capture_of(check, columns);
                return Ok(true);
            }
            if left == 0 {
                return Ok(false);
            }
            self.pause(tries.delay, "it is not there yet").await?;
        }
    }

    /// Runs `statecheck` until it passes.
    ///
    /// # Errors
    /// It finds several, or cannot be run. What it cannot compute is no pass, and noted.
    pub(super) async fn passes(&mut self, check: &Filled, tries: Tries) -> Result<bool, Stop> {
        let mut left = tries.times;
        loop {
            left = left.saturating_sub(1);
            match self.rows(check).await {
                Ok(table) => {
                    if let Presence::Present(columns) = self.presence(check.anchor, &table)? {
                        self.capture_of(check, columns);
                        return Ok(true);
                    }
                }
                Err(error) if error.trouble == Trouble::Passing && left > 0 => {}
                Err(error) if error.trouble == Trouble::Values => {
                    if left == 0 {
                        self.unusable(*error.diagnostic);
                    }
                }
                Err(error) => return Err(error.into()),
            }
            if left == 0 {
                return Ok(false);
            }
            self.pause(tries.delay, "it is not as wanted yet").await?;
        }
    }

    /// Notes that a check counts as not fulfilled.
    pub(super) fn unusable(&mut self, mut why: Diagnostic) {
        why.notes.retain(|(key, _)| key != "next");
        why.severity = Severity::Warning;
        why.code = codes::CHECK_UNUSABLE;
        let next = "it counts as not fulfilled: correct the check";
        self.note(why.next(next));
    }

    /// Keeps the columns of a statement; what shows one of its secrets is secret.
    fn capture_of(&mut self, filled: &Filled, columns: IndexMap<String, Value>) {
        self.capture(columns.into_iter().map(|(name, value)| (name, filled.seal(value))).collect());
    }

    pub(super) fn capture(&mut self, columns: IndexMap<String, Value>) {
        for (name, value) in columns {
            self.captured.this.insert(name, self.redactor.seal(value));
        }
    }

    fn presence(&self, anchor: AnchorKind, table: &Table) -> Result<Presence, Stop> {
        presence(table).map_err(|ambiguous| {
            let (message, label) = match ambiguous {
                Ambiguous::Count(count) => ("finds more than one resource", format!("`count` is {count}")),
                Ambiguous::Rows(rows) => ("gives more than one row", format!("{rows} rows")),
            };
            let problem = Diagnostic::error(
                codes::AMBIGUOUS_CHECK,
                format!("`{anchor}` of {} {message}", self.flow.address),
            );
            let problem = self.at(problem, anchor, &label);
            Stop::from(problem.next("add a condition that only the right one fulfils"))
        })
    }

    /// The errors of a stop, for where nothing waits any more.
    pub(super) fn final_of(&self, stop: Stop) -> Option<Vec<Diagnostic>> {
        let problems = match stop {
            Stop::Stopping => return None,
            Stop::Broken(problems) => problems,
            Stop::Waiting(unknown) => {
                let from: Vec<String> = unknown.from.iter().map(ToString::to_string).collect();
                let message = format!("{} still waits for a value", self.flow.address);
                let told = Diagnostic::error(codes::STILL_WAITS, message);
                let told = told.at(self.flow.sources.resource.clone(), "");
                vec![told.note("waits for", from.join(", ")).next("look at the resource that is named")]
            }
        };
        Some(problems.into_iter().map(|problem| self.redactor.diagnostic(problem)).collect())
    }
}
