//! What the dispatcher writes down when a step ends, and how a run adds up.

use super::{Dispatcher, Finished, Halt, not_run};
use crate::codes;
use crate::engine::OnFailure;
use crate::inverse::Inverse;
use crate::outcome::{Outcome, StepEnd};
use crate::unit::{Aftermath, Done, End, Failed, Made, shown};
use indexmap::IndexMap;
use stack_core::diagnostic::Diagnostic;
use stack_core::event::{Ended, EventKind};
use stack_core::ids::Address;
use stack_core::journal::{Record, StepState};
use stack_core::observed::LedgerEntry;
use stack_core::plan::{Mode, StepId, StepPart};
use std::time::Duration;
use tokio::time::Instant;

impl Dispatcher {
    /// A unit came to its end.
    pub(super) fn ended(&mut self, step: &StepId, end: End) {
        // What it said last is heard before.
        while let Ok(message) = self.told.try_recv() {
            self.hear(message);
        }
        let flight = self.flights.shift_remove(step);
        self.landed.send_modify(|landed| *landed += 1);
        let took = flight.map_or(Duration::ZERO, |flight| flight.began.elapsed());
        match end {
            End::Done(done) => self.step_done(step, *done, took),
            End::Failed(failed) => self.step_failed(step, *failed, took),
            End::Requeue(requeued) => self.park(*requeued),
            End::NotBegun => {
                self.ends.insert(step.clone(), not_run(self.halt, None));
            }
        }
        if step.part == StepPart::Delete {
            self.release_parked(step);
        }
    }

    fn step_done(&mut self, step: &StepId, done: Done, took: Duration) {
        let masked = done.masked || done.identifier.as_ref().is_some_and(|id| self.common.hides(id));
        let identifier = done.identifier.as_ref().map(|identifier| shown(identifier, masked));
        self.events.emit(EventKind::OpDone {
            step: step.clone(),
            verb: done.verb,
            identifier: identifier.clone(),
            took,
            polls: done.polls,
            note: done.note.to_owned(),
        });
        for warning in done.warnings {
            self.events.emit(EventKind::Diagnostic { diagnostic: warning.clone() });
            self.warnings.push(warning);
        }
        if !done.residue.is_empty() {
            self.residues.insert(step.address.clone(), done.residue);
        }
        let below = self.fresh_below(step);
        let own = done.changed.then(Instant::now);
        if let Some(fresh) = own.max(below) {
            self.fresh.insert(step.clone(), fresh);
        }
        self.changed |= done.changed;
        self.remember(step, done.identifier.as_ref(), masked);
        match (step.part, done.output) {
            (StepPart::Put, Some(output)) => {
                self.outputs.insert(step.address.clone(), output);
            }
            (StepPart::Delete, _) if self.mode == Mode::Teardown => {
                if let Some(output) = self.outputs.get_mut(&step.address) {
                    output.gone = true;
                }
            }
            _ => {}
        }
        if let (true, Some(identifier), Some(inverse)) = (done.changed, done.identifier, done.inverse) {
            self.finished.push(Finished { step: step.clone(), identifier, inverse, of: None });
        }
        self.made(step, done.made);
        self.ends.insert(step.clone(), StepEnd::Done { verb: done.verb, identifier, note: done.note });
        if let Some(at) = self.index.get(step) {
            for dependent in self.dependents[*at].clone() {
                self.open[dependent] -= 1;
                if self.open[dependent] == 0 {
                    self.ready.insert(dependent);
                }
            }
        }
    }

    /// Keeps what the operations of a flow would take to be undone.
    fn made(&mut self, step: &StepId, made: Vec<Made>) {
        self.finished.extend(made.into_iter().map(|made| Finished {
            step: step.clone(),
            identifier: made.identifier,
            inverse: made.inverse,
            of: Some((made.number, made.of.0, made.of.1)),
        }));
    }

    /// Keeps the identifier as a hint for the next run; one that comes from a secret is kept nowhere.
    fn remember(
        &mut self,
        step: &StepId,
        identifier: Option<&stack_core::identity::Identifier>,
        masked: bool,
    ) {
        let Some(planned) = self.resources.get(&step.address) else { return };
        match (step.part, identifier) {
            // What flows made is told by the journal, however they ended.
            (StepPart::Put, _) if planned.flow.is_some() => {}
            (StepPart::Put, Some(identifier)) if !masked => {
                let entry = LedgerEntry::of(
                    planned.ty.clone(),
                    self.common.written(&planned.target),
                    identifier.clone(),
                );
                self.ledger.insert(step.address.clone(), Some(entry));
            }
            // The delete of a replacement removes the old one; the new one is the one to remember.
            (StepPart::Delete, _) if self.mode == Mode::Teardown => {
                self.ledger.insert(step.address.clone(), None);
            }
            _ => {}
        }
    }

    /// Keeps what flows have made: for a while their checks may not see it.
    fn remember_flows(&mut self) {
        let Some(journal) = &self.journal else { return };
        for (step, made) in &journal.state.made {
            let is_flow = self.resources.get(&step.address).is_some_and(|planned| planned.flow.is_some());
            if let (true, Some(first)) = (is_flow, made.first()) {
                self.ledger.insert(step.address.clone(), Some(first.clone()));
            }
        }
    }

    pub(super) fn step_failed(&mut self, step: &StepId, failed: Failed, took: Duration) {
        let unknown = matches!(failed.aftermath, Aftermath::Unknown(_));
        self.events.emit(EventKind::OpFailed {
            step: step.clone(),
            verb: failed.verb,
            took,
            diagnostic: failed.diagnostic.clone(),
            unknown,
        });
        let busy = failed.aftermath == Aftermath::Busy;
        let changed = matches!(failed.aftermath, Aftermath::Changed | Aftermath::Part(_));
        self.changed |= changed || unknown;
        self.made(step, failed.made);
        let end = match failed.aftermath {
            Aftermath::Unknown(request) => StepEnd::Unknown { verb: failed.verb, request },
            Aftermath::Part(identifier) => {
                let inverse = Inverse::Delete;
                self.finished.push(Finished { step: step.clone(), identifier, inverse, of: None });
                StepEnd::Failed { verb: failed.verb, code: failed.code, changed, busy }
            }
            Aftermath::Unchanged | Aftermath::Busy | Aftermath::Changed => {
                StepEnd::Failed { verb: failed.verb, code: failed.code, changed, busy }
            }
        };
        self.ends.insert(step.clone(), end);
        self.failures.push(failed.diagnostic);
        if self.halt.is_none() && self.options.on_failure != OnFailure::Ignore {
            self.halt = Some(Halt::Failure);
        }
    }

    /// A step in flight when the run left.
    pub(super) fn left_behind(&mut self, step: &StepId) {
        let flight = self.flights.shift_remove(step);
        let verb = flight.and_then(|flight| flight.verb);
        let end = match self.state_of(step) {
            Some(StepState::Accepted(_, request)) => {
                StepEnd::Unknown { verb, request: Some(request.clone()) }
            }
            Some(StepState::Intended(_)) => StepEnd::Unknown { verb, request: None },
            // The last operation has ended, one way or the other; whether the step was done is for a read to say.
            Some(StepState::Settled { request, .. }) => StepEnd::Unknown { verb, request: request.clone() },
            Some(StepState::Verified(_)) => {
                StepEnd::Done { verb, identifier: None, note: "not read to the end" }
            }
            Some(StepState::Failed(_)) => {
                StepEnd::Failed { verb, code: "Interrupted".to_owned(), changed: true, busy: false }
            }
            Some(StepState::Idle) | None => not_run(self.halt, None),
        };
        self.changed |= !matches!(end, StepEnd::NotRun(_));
        self.ends.insert(step.clone(), end);
    }

    /// Adds up.
    pub(super) fn close(mut self) -> Outcome {
        let steps = self.all_ends();
        let all_done = steps.values().all(|end| matches!(end, StepEnd::Done { .. }));
        if self.halt == Some(Halt::Timeout) && !all_done {
            let problem =
                Diagnostic::error(codes::TIME_IS_OVER, "the run's time was over before it was done")
                    .next("plan again to see where it stands; give more time with --timeout");
            self.failures.insert(0, problem.clone());
            self.events.emit(EventKind::Diagnostic { diagnostic: problem });
        }
        let ended = if all_done {
            Ended::Succeeded
        } else if self.halt == Some(Halt::Interrupt) {
            Ended::Interrupted
        } else if !self.undone.is_empty() {
            self.after_rollback(&steps)
        } else if !self.changed && is_only_busy(&steps) {
            Ended::Busy
        } else {
            Ended::Failed { changed: self.changed }
        };
        self.remember_flows();
        let changes: Vec<(Address, Option<LedgerEntry>)> =
            std::mem::take(&mut self.ledger).into_iter().collect();
        if let Err(error) = self.engine.store.put_ledger(&changes) {
            // A hint less: the next run reads more, nothing else.
            tracing::warn!(%error, "the ledger cannot be written");
        }
        // A journal with open operations stays open, so that the next run asks for them first.
        if self.journal.as_ref().is_some_and(|journal| !journal.state.is_open()) {
            self.note(Record::Ended { how: ended.word().to_owned() });
        }
        let calls = self.engine.provider.counts();
        let count = |is: fn(&StepEnd) -> bool| steps.values().filter(|end| is(end)).count();
        self.events.emit(EventKind::RunEnd {
            ended,
            done: count(|end| matches!(end, StepEnd::Done { .. })),
            failed: count(|end| matches!(end, StepEnd::Failed { .. })),
            unknown: count(|end| matches!(end, StepEnd::Unknown { .. })),
            left: count(|end| matches!(end, StepEnd::NotRun(_))),
            calls: calls.total(),
        });
        Outcome {
            run: self.events.run().clone(),
            ended,
            steps,
            failures: self.failures,
            warnings: self.warnings,
            residues: self.residues,
            undone: self.undone,
            calls,
            outputs: self.outputs,
            elapsed: self.began.elapsed(),
        }
    }

    /// The end of every step in plan order; those that never began say why.
    fn all_ends(&self) -> IndexMap<StepId, StepEnd> {
        let mut all: IndexMap<StepId, StepEnd> = IndexMap::new();
        for step in &self.steps {
            let end = self.ends.get(&step.id).cloned().unwrap_or_else(|| {
                // Steps stand after those that they need, so these are in `all` already.
                let needs = step
                    .after
                    .iter()
                    .find(|before| all.get(*before).is_some_and(|end| !matches!(end, StepEnd::Done { .. })));
                not_run(self.halt, needs)
            });
            all.insert(step.id.clone(), end);
        }
        all
    }

    fn after_rollback(&self, steps: &IndexMap<StepId, StepEnd>) -> Ended {
        let is_lost = |end: &StepEnd| matches!(end, StepEnd::Unknown { .. });
        if self.undone.iter().all(|undone| undone.undone) && !steps.values().any(is_lost) {
            Ended::RolledBack
        } else {
            Ended::RollbackIncomplete
        }
    }
}

/// True if steps failed, and all of them because another operation held their resource.
fn is_only_busy(steps: &IndexMap<StepId, StepEnd>) -> bool {
    let mut failed = steps.values().filter(|end| matches!(end, StepEnd::Failed { .. })).peekable();
    failed.peek().is_some() && failed.all(|end| matches!(end, StepEnd::Failed { busy: true, .. }))
}
