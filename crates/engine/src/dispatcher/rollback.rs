//! Undoing what a failed run changed: newest first, each undo journaled like a step.

use super::{Dispatcher, Finished};
use crate::codes;
use crate::inverse::Inverse;
use crate::outcome::{StepEnd, Undone};
use crate::unit::{End, PERHAPS_OURS, Work};
use stack_core::diagnostic::Diagnostic;
use stack_core::event::EventKind;
use stack_core::plan::{Action, StepId, StepPart};
use stack_core::pointer::Pointer;
use stack_core::provider::Verb;

impl Dispatcher {
    /// Undoes one after the other; what hangs on a resource was changed after it and so goes first.
    pub(super) async fn rollback(&mut self) {
        let finished = std::mem::take(&mut self.finished);
        let deleted: Vec<StepId> = self
            .ends
            .iter()
            .filter(|(step, end)| step.part == StepPart::Delete && is_change(end))
            .map(|(step, _)| step.clone())
            .collect();
        self.events.emit(EventKind::RollbackBegin { steps: finished.len() + deleted.len() });
        for work in finished.into_iter().rev() {
            self.undo(work).await;
        }
        for step in deleted {
            self.not_undone(step, None, "it was deleted, and a delete cannot be undone".to_owned());
        }
        // Failed steps that changed something nobody can name.
        let changed: Vec<StepId> = self
            .ends
            .iter()
            .filter(|(_, end)| match end {
                StepEnd::Failed { changed, .. } => *changed,
                StepEnd::Unknown { .. } => true,
                StepEnd::Done { note, .. } => *note == PERHAPS_OURS,
                StepEnd::NotRun(_) => false,
            })
            .map(|(step, _)| step.clone())
            .filter(|step| self.undone.iter().all(|undone| undone.step != *step))
            .collect();
        for step in changed {
            let is_done = matches!(self.ends.get(&step), Some(StepEnd::Done { .. }));
            let why = if is_done { "nobody knows who made it" } else { "nobody knows what it changed" };
            self.not_undone(step, None, why.to_owned());
        }
    }

    async fn undo(&mut self, finished: Finished) {
        let Finished { step, identifier, inverse, of } = finished;
        let is_replacement = self
            .resources
            .get(&step.address)
            .is_some_and(|planned| matches!(planned.action, Action::Replace(_)));
        let old_is_gone = self.ends.iter().any(|(other, end)| {
            other.address == step.address && other.part == StepPart::Delete && is_change(end)
        });
        if is_replacement && old_is_gone {
            self.not_undone(step, None, "it replaced a resource that is gone".to_owned());
            return;
        }
        let (verb, work, lost) = match inverse {
            Inverse::Delete => (Verb::Delete, Work::Delete, Vec::new()),
            Inverse::Patch { patch, lost } if patch.as_array().is_none_or(Vec::is_empty) => {
                let note = lost_note(&lost);
                self.undone_op(step, None, lost.is_empty(), note);
                return;
            }
            Inverse::Patch { patch, lost } => (Verb::Update, Work::Restore(patch), lost),
        };
        let mut unit = match self.outfit(&step) {
            Ok((unit, _)) => unit,
            Err(problem) => {
                self.not_undone(step, None, problem.message);
                return;
            }
        };
        if let Some((number, planned, schema)) = of {
            (unit.number_in_step, unit.planned, unit.schema) = (number, planned, schema);
        }
        unit.undo = true;
        unit.own = Some(identifier);
        self.spawn_undo(unit, work);
        let end = self.undo_landed().await;
        match end {
            Some(End::Done(_)) => {
                self.outputs.shift_remove(&step.address);
                if verb == Verb::Delete {
                    self.ledger.insert(step.address.clone(), None);
                }
                let note = lost_note(&lost);
                self.undone_op(step, Some(verb), lost.is_empty(), note);
            }
            Some(End::Failed(failed)) => {
                let note = failed.diagnostic.message.clone();
                self.failures.push(failed.diagnostic);
                self.not_undone(step, Some(verb), note);
            }
            Some(End::Requeue(requeued)) => {
                let note = requeued.failed.diagnostic.message.clone();
                self.failures.push(requeued.failed.diagnostic);
                self.not_undone(step, Some(verb), note);
            }
            Some(End::NotBegun) | None => self.not_undone(step, Some(verb), "the run was stopped".to_owned()),
        }
    }

    fn not_undone(&mut self, step: StepId, verb: Option<Verb>, note: String) {
        let problem =
            Diagnostic::warning(codes::NOT_UNDONE, format!("{step} stays as this run left it: {note}"))
                .next("plan again to see where it stands");
        self.warnings.push(problem);
        self.undone_op(step, verb, false, note);
    }

    fn undone_op(&mut self, step: StepId, verb: Option<Verb>, undone: bool, note: String) {
        self.events.emit(EventKind::RollbackOp { step: step.clone(), verb, undone, note: note.clone() });
        self.undone.push(Undone { step, undone, note });
    }
}

/// True if the step changed the cloud.
fn is_change(end: &StepEnd) -> bool {
    matches!(end, StepEnd::Done { verb: Some(_), note, .. } if *note != crate::unit::ALREADY_GONE)
}

fn lost_note(lost: &[Pointer]) -> String {
    if lost.is_empty() {
        return String::new();
    }
    let places = lost.iter().map(Pointer::dotted).collect::<Vec<_>>().join(", ");
    format!("{places}: the old value cannot be put back, since reads do not show it or it can only grow")
}
