//! Counts of a run, from its events.

use stack_core::diagnostic::Diagnostic;
use stack_core::event::{Ended, Event, EventKind};
use stack_core::ids::RunId;
use stack_core::provider::Verb;
use std::collections::BTreeMap;
use std::time::Duration;

/// What has happened so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The run.
    pub run: Option<RunId>,
    /// Verbs done, by address.
    pub done: BTreeMap<String, Vec<Verb>>,
    /// Problems of failed steps, by address.
    pub failed: BTreeMap<String, Diagnostic>,
    /// Steps whose end nobody knows.
    pub unknown: Vec<String>,
    /// Accepted operations that have not ended: address and request token.
    pub in_flight: BTreeMap<String, String>,
    /// Undone or not, with the reason, by address.
    pub undone: BTreeMap<String, (bool, String)>,
    /// Properties that the service did not take, by address.
    pub residue: BTreeMap<String, Vec<String>>,
    /// Problems that belong to no step.
    pub notes: Vec<Diagnostic>,
    /// How it ended.
    pub ended: Option<Ended>,
    /// Steps that failed, as the run counts them at its end.
    pub failed_steps: usize,
    /// Steps whose end nobody knows, as the run counts them at its end: an interrupt tells of each no more.
    pub unknown_steps: usize,
    /// Steps not begun.
    pub left: usize,
    /// Calls to the service.
    pub calls: u64,
    /// Since the run began.
    pub elapsed: Duration,
}

impl Tally {
    /// Takes one event in.
    pub fn on(&mut self, event: &Event) {
        self.run = Some(event.run.clone());
        self.elapsed = event.elapsed;
        match &event.kind {
            EventKind::OpAccepted { step, request, .. } => {
                self.in_flight.insert(step.to_string(), request.to_string());
            }
            EventKind::OpDone { step, verb, .. } => {
                self.in_flight.remove(&step.to_string());
                let verbs = self.done.entry(step.address.to_string()).or_default();
                verbs.extend(*verb);
            }
            EventKind::OpFailed { step, diagnostic, unknown, .. } => {
                let name = step.address.to_string();
                if *unknown {
                    self.unknown.push(name);
                } else {
                    self.in_flight.remove(&step.to_string());
                    self.failed.insert(name, diagnostic.clone());
                }
            }
            EventKind::Verify { step, residue, .. } if !residue.is_empty() => {
                self.residue.insert(step.address.to_string(), residue.iter().map(|p| p.dotted()).collect());
            }
            EventKind::RollbackOp { step, undone, note, .. } => {
                // What was not undone may still be at work: its request stays among the last words.
                if *undone {
                    self.in_flight.remove(&step.to_string());
                }
                self.undone.insert(step.address.to_string(), (*undone, note.clone()));
            }
            EventKind::Diagnostic { diagnostic } => self.notes.push(diagnostic.clone()),
            EventKind::RunEnd { ended, left, calls, failed, unknown, .. } => {
                self.ended = Some(*ended);
                self.failed_steps = *failed;
                self.unknown_steps = *unknown;
                self.left = *left;
                self.calls = *calls;
            }
            EventKind::RunStart { .. }
            | EventKind::OpBegin { .. }
            | EventKind::OpPoll { .. }
            | EventKind::OpWait { .. }
            | EventKind::Verify { .. }
            | EventKind::Statement { .. }
            | EventKind::Said { .. }
            | EventKind::RollbackBegin { .. }
            | EventKind::Heartbeat { .. } => {}
        }
    }

    /// Resources created, updated, replaced, deleted. A resource that was deleted and created was replaced.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for verbs in self.done.values() {
            let has = |verb| verbs.contains(&verb);
            if verbs.is_empty() {
                counts.already += 1;
            } else if has(Verb::Create) && has(Verb::Delete) {
                counts.replaced += 1;
            } else if has(Verb::Create) {
                counts.created += 1;
            } else if has(Verb::Update) {
                counts.updated += 1;
            } else if has(Verb::Delete) {
                counts.deleted += 1;
            }
        }
        counts
    }
}

/// Resources by what was done to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub created: usize,
    pub updated: usize,
    pub replaced: usize,
    pub deleted: usize,
    /// Found as wanted, although the plan had work on them: others were quicker.
    pub already: usize,
}

impl Counts {
    /// `1 created 2 updated`; empty if nothing was done.
    pub fn words(self, between: &str) -> String {
        let Self { created, updated, replaced, deleted, already } = self;
        let counts = [
            (created, "created"),
            (updated, "updated"),
            (replaced, "replaced"),
            (deleted, "deleted"),
            (already, "already as wanted"),
        ];
        counts
            .iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, word)| format!("{n} {word}"))
            .collect::<Vec<_>>()
            .join(between)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack_core::ids::RequestToken;
    use stack_core::plan::{StepId, StepPart};

    #[test]
    fn a_rollback_ends_what_it_undid_and_nothing_else() {
        let mut tally = Tally::default();
        let step = |name: &str| StepId { address: name.into(), part: StepPart::Put };
        let mut on = |kind| {
            let run = RunId::new("r_1");
            tally.on(&Event { run, seq: 0, at_ms: 0, elapsed: Duration::ZERO, kind });
        };
        for name in ["undone", "unknown"] {
            let request: RequestToken = name.into();
            on(EventKind::OpAccepted { step: step(name), verb: Verb::Create, request });
        }
        for (name, undone) in [("undone", true), ("unknown", false)] {
            on(EventKind::RollbackOp { step: step(name), verb: None, undone, note: String::new() });
        }
        assert_eq!(tally.in_flight.into_keys().collect::<Vec<_>>(), [step("unknown").to_string()]);
    }
}
