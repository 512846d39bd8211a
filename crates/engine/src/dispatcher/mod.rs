//! The one task that knows how the run stands: which steps are ready, which fly, which ended; journal, events and
//! interrupts go through it in one line. Units do the work.

mod begin;
mod books;
mod leaving;
mod parking;
mod rollback;

use crate::codes;
use crate::engine::{Engine, Interrupt, OnFailure, RunOptions};
use crate::events::Events;
use crate::inverse::Inverse;
use crate::journal::Journal;
use crate::outcome::{NotRun, Outcome, StepEnd, Undone};
use crate::unit::{
    Aftermath, Common, End, Failed, Message, NotWritten, Requeued, Unit, Watch, Work, comes_from_secret,
    own_identifier,
};
use crate::verdict::Tried;
use indexmap::IndexMap;
use stack_core::desired::{Outputs, Rendered, Wanted};
use stack_core::diagnostic::Diagnostic;
use stack_core::event::{EventKind, Running};
use stack_core::flow::Flow;
use stack_core::identity::Identifier;
use stack_core::ids::Address;
use stack_core::journal::{Record, StepState};
use stack_core::observed::LedgerEntry;
use stack_core::plan::{Change, Mode, Planned, ReasonCode, Step, StepId, StepPart};
use stack_core::planner;
use stack_core::provider::Verb;
use stack_core::schema::ResourceSchema;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

const HEARTBEAT: Duration = Duration::from_secs(60);
/// Why nothing new is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Halt {
    /// A step failed.
    Failure,
    /// Somebody stopped the run.
    Interrupt,
    /// Its time is over.
    Timeout,
    /// The journal cannot be written.
    Journal,
}

/// A step in flight.
struct Flight {
    began: Instant,
    verb: Option<Verb>,
    polls: u32,
}

/// A delete that waits until others are gone.
struct Parked {
    requeued: Requeued,
    /// Deletes that were under way when it was refused.
    behind: BTreeSet<StepId>,
    /// Set once there is nothing to wait for but time.
    wakes: Option<Instant>,
}

/// What was done, newest last; the material of a rollback.
struct Finished {
    step: StepId,
    identifier: Identifier,
    inverse: Inverse,
    /// Of an operation of a flow: its number, and what it was about.
    of: Option<(u32, Arc<Planned>, Arc<ResourceSchema>)>,
}

/// A step's resource as it is wanted now.
enum Want {
    Resource(Box<Wanted>),
    Flow(Box<Flow>),
}

pub(crate) struct Dispatcher {
    engine: Engine,
    mode: Mode,
    resources: HashMap<Address, Arc<Planned>>,
    steps: Vec<Step>,
    index: HashMap<StepId, usize>,
    dependents: Vec<Vec<usize>>,
    /// How many steps each step still waits for.
    open: Vec<usize>,
    ready: BTreeSet<usize>,
    rounds: HashMap<usize, u32>,
    idle_waits: HashMap<StepId, usize>,
    flights: IndexMap<StepId, Flight>,
    parked: Vec<Parked>,
    ends: IndexMap<StepId, StepEnd>,
    /// When this run last changed something that a step stands on.
    fresh: HashMap<StepId, Instant>,
    started: usize,
    halt: Option<Halt>,
    options: RunOptions,
    common: Arc<Common>,
    outputs: Outputs,
    /// `None` for a run without steps.
    journal: Option<Journal>,
    events: Arc<Events>,
    interrupts: watch::Receiver<Interrupt>,
    stopping: watch::Sender<bool>,
    /// What cannot be left to somebody else ends now: commands.
    leaving: watch::Sender<bool>,
    /// How many units have ended.
    landed: watch::Sender<u64>,
    tell: mpsc::UnboundedSender<Message>,
    told: mpsc::UnboundedReceiver<Message>,
    units: JoinSet<End>,
    names: HashMap<Id, StepId>,
    began: Instant,
    beat: Instant,
    leave_at: Option<Instant>,
    has_left: bool,
    finished: Vec<Finished>,
    failures: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
    residues: IndexMap<Address, Vec<Change>>,
    changed: bool,
    undone: Vec<Undone>,
    ledger: IndexMap<Address, Option<LedgerEntry>>,
}

/// What happened next.
enum Turn {
    Told(Message),
    Joined(Result<(Id, End), JoinError>),
    Interrupted(Interrupt),
    Beat,
    TimeOver,
    Leave,
    Wake,
}

impl Dispatcher {
    /// Runs to the end.
    pub(crate) async fn run(mut self) -> Outcome {
        self.events.emit(EventKind::RunStart {
            mode: self.mode,
            stack: self.common.stack.clone(),
            steps: self.steps.len(),
        });
        // Somebody may have pressed the key before.
        if *self.interrupts.borrow_and_update() > Interrupt::None {
            self.stop(Halt::Interrupt);
        }
        loop {
            self.start_ready();
            if self.units.is_empty() && self.parked.is_empty() {
                break;
            }
            let turn = self.next_turn().await;
            self.take(turn).await;
        }
        if self.options.on_failure == OnFailure::Rollback
            && self.changed
            && !self.failures.is_empty()
            && matches!(self.halt, None | Some(Halt::Failure))
        {
            self.rollback().await;
        }
        self.close()
    }

    /// Waits for the next thing that happens.
    async fn next_turn(&mut self) -> Turn {
        let wake = self.parked.iter().filter_map(|parked| parked.wakes).min();
        let time_over = match self.halt {
            None | Some(Halt::Failure) => self.options.timeout.map(|limit| self.began + limit),
            Some(_) => None,
        };
        tokio::select! {
            biased;
            // What a unit says comes before its end.
            Some(message) = self.told.recv() => Turn::Told(message),
            Some(joined) = self.units.join_next_with_id() => Turn::Joined(joined),
            Ok(()) = self.interrupts.changed() => Turn::Interrupted(*self.interrupts.borrow_and_update()),
            () = at(time_over) => Turn::TimeOver,
            () = at(self.leave_at) => Turn::Leave,
            () = at(wake) => Turn::Wake,
            () = sleep_until(self.beat) => Turn::Beat,
        }
    }

    async fn take(&mut self, turn: Turn) {
        match turn {
            Turn::Told(message) => self.hear(message),
            Turn::Joined(joined) => self.joined(joined),
            Turn::Interrupted(Interrupt::None) => {}
            Turn::Interrupted(Interrupt::First) => self.stop(Halt::Interrupt),
            Turn::Interrupted(Interrupt::Second) => {
                self.stop(Halt::Interrupt);
                self.leaving.send_replace(true);
                self.cancel_all().await;
                self.leave().await;
            }
            Turn::TimeOver => {
                let grace = self.time_over_grace();
                self.stop(Halt::Timeout);
                self.leave_at = Some(Instant::now() + grace);
                let message = format!(
                    "the time is over: nothing new is started, what is in flight has {} s to end",
                    grace.as_secs().max(1)
                );
                // If it all ends well, the run was just in time.
                let problem = Diagnostic::warning(codes::TIME_IS_OVER, message);
                self.events.emit(EventKind::Diagnostic { diagnostic: problem });
            }
            Turn::Leave => self.leave().await,
            Turn::Wake => self.wake(),
            Turn::Beat => {
                self.beat += HEARTBEAT;
                self.heartbeat();
            }
        }
    }

    fn joined(&mut self, joined: Result<(Id, End), JoinError>) {
        match joined {
            Ok((id, end)) => {
                if let Some(step) = self.names.remove(&id) {
                    self.ended(&step, end);
                }
            }
            Err(error) => self.broke_down(&error),
        }
    }

    /// How long a run whose time is over waits for what is in flight: as long again, at least ten seconds and at most a
    /// minute.
    fn time_over_grace(&self) -> Duration {
        const LEAST: Duration = Duration::from_secs(10);
        const MOST: Duration = Duration::from_secs(60);
        self.options.timeout.unwrap_or(MOST).clamp(LEAST, MOST).min(self.options.grace)
    }

    /// From now on nothing new is started; what flies may land for a while.
    fn stop(&mut self, why: Halt) {
        // The strongest reason is kept: an interrupt is not undone by a later failure.
        if !matches!(self.halt, None | Some(Halt::Failure)) {
            return;
        }
        self.halt = Some(why);
        self.leave_at = Some(Instant::now() + self.options.grace);
        self.stopping.send_replace(true);
        self.fail_parked();
    }

    /// Starts what is ready, in plan order.
    fn start_ready(&mut self) {
        while self.halt.is_none() && self.options.operations.is_none_or(|most| self.units.len() < most.max(1))
        {
            let Some(at) = self.ready.pop_first() else { return };
            self.start(at);
        }
    }

    fn start(&mut self, at: usize) {
        let step = self.steps[at].id.clone();
        let part = step.part;
        match self.outfit(&step) {
            Ok((mut unit, wanted)) => {
                unit.round = self.rounds.remove(&at).unwrap_or(0);
                let work = match (part, wanted) {
                    (_, Some(Want::Flow(flow))) => Work::Flow(flow),
                    (StepPart::Put, Some(Want::Resource(wanted))) => Work::Put(wanted),
                    (StepPart::Put, None) | (StepPart::Delete, _) => Work::Delete,
                };
                self.spawn(unit, work);
            }
            Err(problem) => {
                let code = problem.code.to_string();
                self.note(Record::Failed { step: step.clone(), code: code.clone() });
                let failed = Failed {
                    verb: None,
                    code,
                    diagnostic: *problem,
                    aftermath: Aftermath::Unchanged,
                    made: Vec::new(),
                };
                self.step_failed(&step, failed, Duration::ZERO);
            }
        }
    }

    /// Everything that a unit needs for a step.
    fn outfit(&self, step: &StepId) -> Result<(Unit, Option<Want>), Box<Diagnostic>> {
        let broken = |what: String| {
            Box::new(Diagnostic::error(codes::BROKE_DOWN, what).next("plan again; report this if it stays"))
        };
        let planned = self
            .resources
            .get(&step.address)
            .ok_or_else(|| broken(format!("the plan has a step for {}, but no resource", step.address)))?;
        let engine = &self.engine;
        let rendered = planner::render(&*engine.resolver, &*engine.schemas, &step.address, &self.outputs);
        let wanted = match (rendered, step.part) {
            (Ok(Rendered::Wanted(wanted)), _) => Some(Want::Resource(wanted)),
            (Ok(Rendered::Flow(flow)), _) => Some(Want::Flow(flow)),
            // Only its statements can delete it.
            (Err(problems), StepPart::Delete) if planned.flow.is_some() => {
                let first = problems.into_iter().next().map(Box::new);
                return Err(first.unwrap_or_else(|| broken(format!("{} does not render", step.address))));
            }
            // A delete needs no values; what it hangs on may be gone already.
            (Ok(Rendered::Skipped) | Err(_), StepPart::Delete) => None,
            (Ok(Rendered::Skipped), StepPart::Put) => {
                return Err(broken(format!("{} is no longer wanted here", step.address)));
            }
            (Err(problems), StepPart::Put) => {
                let first = problems.into_iter().next().map(Box::new);
                return Err(first.unwrap_or_else(|| broken(format!("{} does not render", step.address))));
            }
        };
        // Without a rendering nobody knows whether the identifier is a secret.
        let schema = match &wanted {
            Some(Want::Flow(flow)) => Arc::clone(&flow.schema),
            _ => engine.schemas.schema(&planned.ty).map_err(|error| broken(error.to_string()))?,
        };
        let resource = match &wanted {
            Some(Want::Resource(wanted)) => Some(&**wanted),
            _ => None,
        };
        let masked = match &wanted {
            Some(Want::Resource(wanted)) => comes_from_secret(wanted, &schema),
            // Identifiers of its operations are held against the secrets one by one.
            Some(Want::Flow(_)) => false,
            // The tag index told the identifier of an orphan in plain text.
            None => !planned.reasons.iter().any(|reason| reason.code == ReasonCode::Orphaned),
        };
        let unit = Unit {
            common: Arc::clone(&self.common),
            step: step.clone(),
            planned: Arc::clone(planned),
            own: own_identifier(step.part, planned, resource, &schema),
            masked,
            timeout: match &wanted {
                Some(Want::Resource(wanted)) => wanted.lifecycle.timeout,
                Some(Want::Flow(flow)) => flow.lifecycle.timeout,
                None => None,
            },
            schema,
            tell: self.tell.clone(),
            stopping: self.stopping.subscribe(),
            leaving: self.leaving.subscribe(),
            landed: self.landed.subscribe(),
            began: Instant::now(),
            fresh: self.fresh_below(step),
            number: self.started + 1,
            undo: false,
            round: 0,
            number_in_step: 0,
            turned: None,
            tried: Tried::default(),
            polls: 0,
            inverse: None,
            has_begun: false,
            watch: Watch::new(step.clone(), self.tell.clone(), self.stopping.subscribe()),
        };
        Ok((unit, wanted))
    }

    fn spawn(&mut self, unit: Unit, work: Work) {
        self.started += 1;
        let step = unit.step.clone();
        self.flights.insert(step.clone(), Flight { began: unit.began, verb: None, polls: 0 });
        let id = self.units.spawn(unit.run(work)).id();
        self.names.insert(id, step);
    }

    /// Starts an undo and remembers nothing of it but that it flies.
    fn spawn_undo(&mut self, unit: Unit, work: Work) {
        let step = unit.step.clone();
        self.flights.insert(step.clone(), Flight { began: unit.began, verb: None, polls: 0 });
        let id = self.units.spawn(unit.run(work)).id();
        self.names.insert(id, step);
    }

    /// Waits for the one unit in flight. `None` if the run left, or the unit broke down.
    async fn undo_landed(&mut self) -> Option<End> {
        loop {
            let turn = self.next_turn().await;
            match turn {
                Turn::Joined(Ok((id, end))) => {
                    while let Ok(message) = self.told.try_recv() {
                        self.hear(message);
                    }
                    if let Some(step) = self.names.remove(&id) {
                        self.flights.shift_remove(&step);
                    }
                    return Some(end);
                }
                Turn::Joined(Err(error)) => {
                    self.broke_down(&error);
                    return None;
                }
                other => self.take(other).await,
            }
            if self.has_left {
                return None;
            }
        }
    }

    /// When this run last changed something that the step stands on, directly or through others.
    fn fresh_below(&self, step: &StepId) -> Option<Instant> {
        let at = self.index.get(step)?;
        self.steps[*at].after.iter().filter_map(|before| self.fresh.get(before)).max().copied()
    }

    fn hear(&mut self, message: Message) {
        match message {
            Message::Record { record, written } => {
                let answer = if self.write(record) { Ok(()) } else { Err(NotWritten) };
                // A unit that is gone needs no answer.
                let _ = written.send(answer);
            }
            Message::Event(kind) => {
                if let Some(flight) = kind.step().and_then(|step| self.flights.get_mut(step)) {
                    match &kind {
                        EventKind::OpBegin { verb, .. } => flight.verb = Some(*verb),
                        EventKind::OpPoll { polls, .. } => flight.polls = *polls,
                        _ => {}
                    }
                }
                self.events.emit(kind);
            }
        }
    }

    /// Writes a record; false if it is not on the disk. The first failure stops the run.
    fn write(&mut self, record: Record) -> bool {
        let Some(journal) = &mut self.journal else { return false };
        let was_broken = journal.is_broken();
        match journal.write(record) {
            Ok(()) => true,
            Err(error) => {
                if !was_broken {
                    let problem = Diagnostic::error(
                        codes::JOURNAL,
                        "the journal cannot be written: nothing new is started",
                    )
                    .note("why", error.to_string())
                    .next("make room on the disk, then run the same command again");
                    self.failures.push(problem.clone());
                    self.events.emit(EventKind::Diagnostic { diagnostic: problem });
                    self.stop(Halt::Journal);
                }
                false
            }
        }
    }

    /// Writes a record of no consequence for what comes next.
    fn note(&mut self, record: Record) {
        if !self.write(record) {
            tracing::debug!("a record was not written");
        }
    }

    fn broke_down(&mut self, error: &JoinError) {
        let Some(step) = self.names.remove(&error.id()) else { return };
        let problem = Diagnostic::error(codes::BROKE_DOWN, format!("the work on {step} broke down"))
            .note("why", error.to_string())
            .next("this is a bug: report it with the log; then run the same command again");
        let verb = self.flights.get(&step).and_then(|flight| flight.verb);
        let aftermath = match self.state_of(&step) {
            Some(state) if state.is_open() => Aftermath::Unknown(None),
            Some(_) => Aftermath::Changed,
            None => Aftermath::Unchanged,
        };
        let failed =
            Failed { verb, code: "BrokeDown".to_owned(), diagnostic: problem, aftermath, made: Vec::new() };
        self.ended(&step, End::Failed(Box::new(failed)));
    }

    fn state_of(&self, step: &StepId) -> Option<&StepState> {
        self.journal.as_ref().and_then(|journal| journal.state.steps.get(step))
    }

    fn heartbeat(&self) {
        let running = self
            .flights
            .iter()
            .map(|(step, flight)| Running {
                step: step.clone(),
                verb: flight.verb,
                elapsed: flight.began.elapsed(),
                polls: flight.polls,
            })
            .collect();
        self.events.emit(EventKind::Heartbeat { running, done: self.ends.len(), of: self.steps.len() });
    }
}

/// The moment, or never.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Not part of the plan's order any more: skipped steps with the reason.
fn not_run(halt: Option<Halt>, needs: Option<&StepId>) -> StepEnd {
    StepEnd::NotRun(match (needs, halt) {
        (Some(step), _) => NotRun::Needs(step.clone()),
        (None, Some(Halt::Failure) | None) => NotRun::AfterFailure,
        (None, Some(Halt::Interrupt | Halt::Timeout | Halt::Journal)) => NotRun::Stopped,
    })
}
