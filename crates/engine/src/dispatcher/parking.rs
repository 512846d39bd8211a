//! Deletes that something still uses: they go behind the deletes that are under way (trap 96).

use super::{Dispatcher, Parked};
use crate::dispatcher::Halt;
use crate::unit::Requeued;
use stack_core::event::{EventKind, WaitReason};
use stack_core::journal::Record;
use stack_core::plan::{StepId, StepPart};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// Waits before a delete that is in use is tried again when nothing else is left to wait for.
const IN_USE: [Duration; 3] = [Duration::from_secs(15), Duration::from_secs(30), Duration::from_secs(60)];
impl Dispatcher {
    /// Parked deletes whose others are gone, or whose time has come, are ready again.
    pub(super) fn wake(&mut self) {
        let now = Instant::now();
        let (awake, asleep): (Vec<Parked>, Vec<Parked>) = std::mem::take(&mut self.parked)
            .into_iter()
            .partition(|parked| parked.wakes.is_some_and(|wakes| wakes <= now));
        self.parked = asleep;
        for parked in awake {
            self.unpark(parked);
        }
    }

    pub(super) fn unpark(&mut self, parked: Parked) {
        if let Some(at) = self.index.get(&parked.requeued.step) {
            self.rounds.insert(*at, parked.requeued.next_round);
            self.ready.insert(*at);
        }
    }

    pub(super) fn fail_parked(&mut self) {
        for parked in std::mem::take(&mut self.parked) {
            self.give_up_parked(parked.requeued);
        }
    }

    pub(super) fn give_up_parked(&mut self, requeued: Requeued) {
        self.note(Record::Failed { step: requeued.step.clone(), code: requeued.failed.code.clone() });
        self.step_failed(&requeued.step, requeued.failed, Duration::ZERO);
    }

    /// A delete came back because something still uses it: it goes behind the deletes that are under way, or waits a
    /// while if there are none.
    pub(super) fn park(&mut self, requeued: Requeued) {
        if self.halt.is_some_and(|halt| halt != Halt::Failure) {
            self.give_up_parked(requeued);
            return;
        }
        let deletes = |step: &&StepId| step.part == StepPart::Delete && **step != requeued.step;
        let ready = self.ready.iter().map(|at| &self.steps[*at].id);
        let behind: BTreeSet<StepId> = self.flights.keys().chain(ready).filter(deletes).cloned().collect();
        let mut wakes = None;
        if behind.is_empty() {
            let waits = self.idle_waits.entry(requeued.step.clone()).or_default();
            let Some(wait) = IN_USE.get(*waits) else {
                self.give_up_parked(requeued);
                return;
            };
            *waits += 1;
            wakes = Some(Instant::now() + *wait);
            self.events.emit(EventKind::OpWait {
                step: requeued.step.clone(),
                why: WaitReason::InUse,
                delay: *wait,
                detail: requeued.failed.code.clone(),
            });
        }
        self.parked.push(Parked { requeued, behind, wakes });
    }

    /// A delete ended: those that waited for it alone go on.
    pub(super) fn release_parked(&mut self, ended: &StepId) {
        let mut still = Vec::new();
        for mut parked in std::mem::take(&mut self.parked) {
            parked.behind.remove(ended);
            if parked.behind.is_empty() && parked.wakes.is_none() {
                self.unpark(parked);
            } else {
                still.push(parked);
            }
        }
        self.parked = still;
    }
}
