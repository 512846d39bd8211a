//! Resources whose own statements rule (stackql-compat section 2): what the manifest, the planner, the engine and the flow
//! crate say to each other about them.
//!
//! A flow is not compared property by property: its checks say whether it is there and as wanted, and its statements
//! change it. The planner decides from what the checks found ([`FlowSeen`]); the engine lets the flow run against a
//! [`Host`], so that whoever runs it knows no clock, no journal and no HTTP.

mod shell;

pub use shell::{ShellEnd, Shelled, Written};

use crate::desired::{GivenBy, Lifecycle, Sources, Wanted};
use crate::diagnostic::{Diagnostic, Part, Route};
use crate::identity::Identifier;
use crate::ids::{Address, ClientToken, Target, TypeName};
use crate::plan::Hit;
use crate::provider::{Failure, Found, Operation, Progress, Provider, Verb};
use crate::schema::ResourceSchema;
use crate::statement::Marked;
use crate::value::{Unknown, Value};
use async_trait::async_trait;
use indexmap::IndexMap;
use std::fmt::{self, Debug, Display};
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

/// `type` of a resource that is statements or a script (stackql-compat 1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlowKind {
    /// One object with a life cycle.
    Resource,
    /// As above for several objects at once: what fails is not looked at.
    Multi,
    /// One SELECT whose columns are exported.
    Query,
    /// One statement.
    Command,
    /// A shell command.
    Script,
}

impl Display for FlowKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resource => "resource",
            Self::Multi => "multi",
            Self::Query => "query",
            Self::Command => "command",
            Self::Script => "script",
        })
    }
}

/// What a statement of a query file is for (stackql-compat 2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AnchorKind {
    /// Is it there? Also written `preflight`.
    Exists,
    /// Makes it.
    Create,
    /// Changes it.
    Update,
    /// One statement instead of the two above.
    CreateOrUpdate,
    /// Is it as wanted? Also written `postdeploy`.
    StateCheck,
    /// Gives one row of values.
    Exports,
    /// Deletes it.
    Delete,
    /// Any statement, for resources of type `command`.
    Command,
    /// Waits for an operation: of this kind, or of any.
    Callback(Option<Verb>),
    /// Runs once after an operation failed: of this kind, or of any.
    Troubleshoot(Option<Verb>),
}

/// Every name of an anchor.
pub const ANCHOR_NAMES: &[(&str, AnchorKind)] = &[
    ("exists", AnchorKind::Exists),
    ("preflight", AnchorKind::Exists),
    ("create", AnchorKind::Create),
    ("update", AnchorKind::Update),
    ("createorupdate", AnchorKind::CreateOrUpdate),
    ("statecheck", AnchorKind::StateCheck),
    ("postdeploy", AnchorKind::StateCheck),
    ("exports", AnchorKind::Exports),
    ("delete", AnchorKind::Delete),
    ("command", AnchorKind::Command),
    ("callback", AnchorKind::Callback(None)),
    ("callback:create", AnchorKind::Callback(Some(Verb::Create))),
    ("callback:update", AnchorKind::Callback(Some(Verb::Update))),
    ("callback:delete", AnchorKind::Callback(Some(Verb::Delete))),
    ("troubleshoot", AnchorKind::Troubleshoot(None)),
    ("troubleshoot:create", AnchorKind::Troubleshoot(Some(Verb::Create))),
    ("troubleshoot:update", AnchorKind::Troubleshoot(Some(Verb::Update))),
    ("troubleshoot:delete", AnchorKind::Troubleshoot(Some(Verb::Delete))),
];

impl AnchorKind {
    /// Those that say whether a resource is there and as wanted, in the order in which they are asked.
    pub const CHECKS: [Self; 3] = [Self::Exists, Self::StateCheck, Self::Exports];
}

impl Display for AnchorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = ANCHOR_NAMES.iter().find(|(_, kind)| kind == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

/// Options of an anchor. What is not given has the default of the flow that uses it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnchorOptions {
    /// `retries`
    pub retries: Option<u64>,
    /// `retry_delay`, in seconds.
    pub retry_delay: Option<u64>,
    /// `postdelete_retries`
    pub postdelete_retries: Option<u64>,
    /// `postdelete_retry_delay`, in seconds.
    pub postdelete_retry_delay: Option<u64>,
    /// `short_circuit_field`: a path below `callback`.
    pub short_circuit_field: Option<String>,
    /// `short_circuit_value`: the text there that means that there is nothing to wait for.
    pub short_circuit_value: Option<String>,
}

/// One item of `return_vals`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// A column that the statement returns.
    pub column: String,
    /// The name below `this` under which its value is kept.
    pub variable: String,
}

/// `return_vals`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Returns {
    /// Of the statement that makes it.
    pub create: Vec<Returned>,
    /// Of the statement that changes it.
    pub update: Vec<Returned>,
    /// Of the statement that deletes it.
    pub delete: Vec<Returned>,
}

/// One line of `exports`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The column of the row, as written.
    pub column: String,
    /// The variable that it becomes.
    pub variable: String,
}

/// Values that only statements of the resource itself give.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Captured {
    /// Columns that a check has found, and those that `return_vals` keeps: `this.…`.
    pub this: IndexMap<String, Value>,
    /// What the last changing statement returned: `callback.…`. `None` before the first one, and without RETURNING.
    pub callback: Option<IndexMap<String, Value>>,
}

/// Why a statement cannot be run now.
#[derive(Clone, Debug, PartialEq)]
pub enum Unready {
    /// It needs values that other resources give later.
    Waiting(Unknown),
    /// It uses names that nothing has given so far; the message that is due if they are needed now.
    Missing {
        /// As written.
        names: Vec<String>,
        /// What is said where this is final.
        diagnostic: Box<Diagnostic>,
    },
    /// It cannot be rendered.
    Broken(Box<Diagnostic>),
}

/// The statements of one resource, with everything that the manifest gives them. Implemented by the manifest crate.
pub trait Script: Send + Sync + Debug {
    /// The options of an anchor; `None` if there is no such anchor. Inline SQL is the anchor `exports` of a query, and the
    /// anchor `command` of a command.
    fn anchor(&self, anchor: AnchorKind) -> Option<&AnchorOptions>;
    /// Renders a statement with what was captured so far. Holes of the result are known values; secrets stay secrets.
    ///
    /// # Errors
    /// See [`Unready`].
    fn statement(&self, anchor: AnchorKind, captured: &Captured) -> Result<Marked, Unready>;
    /// A statement before anything of the resource is known: what is not known is unknown in it. Several where a template
    /// asks whether it has a value; what can be said for certain holds for all of them. Empty if its text depends on what
    /// comes later, or cannot be rendered.
    fn drafts(&self, anchor: AnchorKind) -> Vec<Marked> {
        self.statement(anchor, &Captured::default()).into_iter().collect()
    }
    /// The shell text of a script, a secret if it holds one.
    ///
    /// # Errors
    /// See [`Unready`].
    fn shell(&self) -> Result<Value, Unready>;
    /// Where a part of a rendered statement stands. `range`: bytes of `marked.text`; `None`: the statement as a whole.
    fn place(&self, anchor: AnchorKind, marked: &Marked, range: Option<Range<usize>>) -> (Route, Part);
    /// The file that the statements stand in, as messages name it. `None` for inline text.
    fn file(&self) -> Option<&str>;
}

/// One resource whose own statements rule, as wanted in this environment.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Its place in the stack.
    pub address: Address,
    /// What it is.
    pub kind: FlowKind,
    /// The table of its INSERT, else its kind in words.
    pub declared_type: String,
    /// The type that its statements are about, as far as that can be told; else its kind in words.
    pub ty: TypeName,
    /// What it offers to others: one property for each export, by the name of its column.
    pub schema: Arc<ResourceSchema>,
    /// `exports`, in their order.
    pub exports: Vec<Export>,
    /// `return_vals`
    pub returns: Returns,
    /// `skip_validation`
    pub skip_validation: bool,
    /// Where it lives, and what statements without a region ask.
    pub target: Target,
    /// What its statements declare, where they are understood: differences are shown from it, nothing is decided by it.
    pub of: Option<Box<Wanted>>,
    /// How it is to be treated.
    pub lifecycle: Lifecycle,
    /// `state: absent`: a build deletes it.
    pub absent: bool,
    /// `settings.patch: literal`: an UPDATE is sent as it is written.
    pub literal_patch: bool,
    /// Its statements.
    pub script: Arc<dyn Script>,
    /// Position of the resource.
    pub sources: Sources,
}

impl PartialEq for Flow {
    fn eq(&self, other: &Self) -> bool {
        self.address == other.address && self.kind == other.kind && Arc::ptr_eq(&self.script, &other.script)
    }
}

impl Flow {
    /// True if it has this anchor.
    pub fn has(&self, anchor: AnchorKind) -> bool {
        self.script.anchor(anchor).is_some()
    }

    /// True if nothing says whether it is there or as wanted, so that it runs in every build.
    pub fn always_runs(&self) -> bool {
        match self.kind {
            FlowKind::Command | FlowKind::Script => true,
            FlowKind::Query => false,
            FlowKind::Resource | FlowKind::Multi => self.has(AnchorKind::CreateOrUpdate) && !self.has_check(),
        }
    }

    /// True if one of its statements says whether it is there or as wanted.
    pub fn has_check(&self) -> bool {
        AnchorKind::CHECKS.into_iter().any(|anchor| self.has(anchor))
    }

    /// What its statements declare, where they are understood. `is_live`: false for what they send when they make it, which
    /// is the INSERT alone where a check of the user's accepts it (DESIGN section 4).
    pub fn declared(&self, is_live: bool) -> Option<Wanted> {
        let mut wanted = Wanted::clone(self.of.as_deref()?);
        let is_literal = self.has(AnchorKind::StateCheck) || self.has(AnchorKind::Exports);
        if !is_live
            && is_literal
            && let Value::Object(members) = &mut wanted.props
        {
            members.retain(|name, _| wanted.sources.given_by.get(name) != Some(&GivenBy::Update));
        }
        Some(wanted)
    }
}

/// What a look is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A plan of a build, or a comparison: every check once.
    Plan,
    /// A plan of a teardown: is it there, and what does it export? Every check once.
    Teardown,
    /// `test`: every check with its own retries (stackql-compat 2.8).
    Test,
}

/// A resource that a statement would change or delete, and that is another one than the checks have found.
#[derive(Clone, Debug, PartialEq)]
pub struct Stray {
    /// What the statement does to it.
    pub verb: Verb,
    /// Its type.
    pub ty: TypeName,
    /// As the statement names it.
    pub identifier: Identifier,
    /// As read. `None`: it is not there.
    pub live: Option<Box<Found>>,
}

/// What the checks of a flow found.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowSeen {
    /// What it comes to.
    pub verdict: FlowVerdict,
    /// The row of exports by column, where it could be read.
    pub exports: Option<IndexMap<String, Value>>,
    /// The resource as read by a check or besides, where its type is understood.
    pub live: Option<Box<Found>>,
    /// What the statements that would run now do, those that still wait for values among them.
    pub hits: Vec<Hit>,
    /// What the statements that would run now name beside what the checks have found.
    pub strays: Vec<Stray>,
    /// True if the UPDATE that would run has nothing to send: all that it sets is so already.
    pub sends_nothing: bool,
    /// What is worth telling. Errors stand in [`FlowVerdict::Broken`].
    pub notes: Vec<Diagnostic>,
}

impl FlowSeen {
    /// A verdict and nothing else.
    pub fn of(verdict: FlowVerdict) -> Self {
        Self {
            verdict,
            exports: None,
            live: None,
            hits: Vec::new(),
            strays: Vec::new(),
            sends_nothing: false,
            notes: Vec::new(),
        }
    }
}

/// What the checks of a flow come to.
#[derive(Clone, Debug, PartialEq)]
pub enum FlowVerdict {
    /// It is not there.
    Absent,
    /// It is there and as wanted.
    AsWanted,
    /// It is there, and this check says that it is not as wanted.
    Differs(AnchorKind),
    /// It is not known whether it is there, and the flow goes on as if it were: teardown of `multi` (stackql-compat 2.9).
    Assumed,
    /// A query was answered.
    Read,
    /// A query gave no row: what makes its row may still be to come. What is said if nothing is.
    Unanswered(Vec<Diagnostic>),
    /// Nothing says whether it is needed: it runs.
    Always,
    /// It cannot be looked for before these values are known.
    Waiting(Unknown),
    /// It must not go on.
    Broken(Vec<Diagnostic>),
}

/// One operation that a flow wants done.
#[derive(Debug)]
pub struct Order<'o> {
    /// Where.
    pub at: &'o Target,
    /// What. In clear: never print this value.
    pub operation: &'o Operation,
    /// The schema of its type.
    pub schema: &'o Arc<ResourceSchema>,
    /// The statement's own token.
    pub token: Option<&'o ClientToken>,
    /// The how-manieth operation of this step it is, from 0.
    pub number: u32,
    /// True if it changes or deletes another resource than the checks have found: then it is seen first whose that is.
    pub is_stray: bool,
}

/// How an operation of a flow went.
#[derive(Clone, Debug, PartialEq)]
pub enum Performed {
    /// It is done.
    Done(Box<Progress>),
    /// It was refused, or ended badly. With its last state, if it was accepted.
    Failed(Option<Box<Progress>>, Box<Failure>),
    /// Nobody knows how it ended.
    Unknown(Option<Box<Progress>>, Box<Failure>),
    /// It was not sent: the run is stopping, or the journal cannot be written.
    Stopped,
}

/// The run is stopping: nothing new may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopping;

/// Why nobody can say whether what the checks do not see is there.
#[derive(Clone, Debug, PartialEq)]
pub enum FindError {
    /// Its key waits for values of others, or there is none.
    NoIdentity(String),
    /// Several could be it.
    Several(Vec<Identifier>),
    /// An earlier run made this, and it cannot be read. That is no absence.
    Unread(Identifier, Box<Failure>),
    /// The search was refused.
    Refused(Box<Failure>),
}

/// What a flow tells while it runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// A statement is about to run; its text, a secret where it holds one (`--show-queries`).
    Statement(AnchorKind, Value),
    /// A line for people: `[vpc] exists` (stackql-compat 2.11).
    Line(String),
    /// Something to know.
    Warning(Box<Diagnostic>),
}

/// What a flow may do while it runs. Implemented by the engine.
#[async_trait]
pub trait Host: Send + Sync + Debug {
    /// The cloud, for reads. They are paced and repeated where that helps.
    fn cloud(&self) -> &dyn Provider;
    /// Gives what a run of the last two hours has made for this resource, as the ledger has it, if it is still there. `of`:
    /// what the statements declare when they make it.
    ///
    /// # Errors
    /// See [`FindError`].
    async fn made(&self, of: &Wanted) -> Result<Option<Found>, FindError>;
    /// Looks for what the statements declare as if it were a resource of dotted type, and gives it if it carries the marks of
    /// this resource itself. The tag index, which most checks ask, may be behind for an hour (cloud-control 5.1).
    ///
    /// # Errors
    /// See [`FindError`].
    async fn find(&self, of: &Wanted) -> Result<Option<Found>, FindError>;
    /// Sends one operation and sees it to its end. Throttling and conflicts that pass are waited for.
    async fn perform(&self, order: Order<'_>) -> Performed;
    /// Waits before another try.
    ///
    /// # Errors
    /// The run is stopping.
    async fn pause(&self, wait: Duration, why: &str) -> Result<(), Stopping>;
    /// Runs a shell command in the working directory, with the process environment and without input.
    ///
    /// # Errors
    /// Why it cannot be run.
    async fn shell(&self, text: &Value) -> Result<Shelled, String>;
    /// Takes what is worth telling.
    fn tell(&self, told: Told);
    /// True once nothing new may begin.
    fn is_stopping(&self) -> bool;
}

/// How a flow ended.
#[derive(Clone, Debug, PartialEq)]
pub enum FlowEnd {
    /// As wanted.
    Done {
        /// The row of exports by column.
        exports: IndexMap<String, Value>,
        /// What was done last; `None` if nothing was sent.
        verb: Option<Verb>,
        /// The resource, as far as its operations told it.
        identifier: Option<Identifier>,
        /// What to know about it.
        warnings: Vec<Diagnostic>,
    },
    /// Not as wanted.
    Failed {
        /// What was tried.
        verb: Option<Verb>,
        /// What went wrong. Which of its operations were done is known to the host.
        diagnostic: Box<Diagnostic>,
    },
    /// Nothing was sent, because the run is stopping.
    Stopped,
}

/// Runs flows. Implemented by the flow crate.
#[async_trait]
pub trait Flows: Send + Sync + Debug {
    /// Asks the checks of a flow. Reads only.
    async fn look(&self, flow: &Flow, purpose: Purpose, host: &dyn Host) -> FlowSeen;
    /// Makes it as wanted, or finds that it is: stackql-compat 2.6 from its beginning.
    async fn put(&self, flow: &Flow, host: &dyn Host) -> FlowEnd;
    /// Deletes it (stackql-compat 2.9).
    async fn delete(&self, flow: &Flow, host: &dyn Host) -> FlowEnd;
}
