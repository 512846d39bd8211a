//! What the checks of a flow come to, without changing anything.

use super::determine::{Patience, State};
use super::session::{Session, Stop, Tries};
use crate::codes;
use stack_core::diagnostic::{Diagnostic, Severity};
use stack_core::flow::{AnchorKind, FlowKind, FlowSeen, FlowVerdict, Purpose, Unready};

/// What a build may run of a resource that cannot be looked for yet.
const CHANGES: [AnchorKind; 4] =
    [AnchorKind::Create, AnchorKind::Update, AnchorKind::CreateOrUpdate, AnchorKind::Command];

impl Session<'_> {
    /// Asks, and never fails: what is wrong is a verdict.
    pub(super) async fn look(mut self, purpose: Purpose) -> FlowSeen {
        let verdict = match self.looked(purpose).await {
            Ok(verdict) => verdict,
            Err(Stop::Waiting(unknown)) => {
                if purpose == Purpose::Plan {
                    self.expect_drafts(&CHANGES);
                }
                FlowVerdict::Waiting(unknown)
            }
            Err(stop) => FlowVerdict::Broken(self.final_of(stop).unwrap_or_else(|| vec![self.stopped()])),
        };
        let is_there = matches!(verdict, FlowVerdict::AsWanted | FlowVerdict::Differs(_));
        let (verdict, strays) = match if is_there { self.strays().await } else { Ok(Vec::new()) } {
            Ok(strays) => (verdict, strays),
            Err(stop) => {
                let problems = self.final_of(stop).unwrap_or_else(|| vec![self.stopped()]);
                (FlowVerdict::Broken(problems), Vec::new())
            }
        };
        let live = match verdict {
            FlowVerdict::AsWanted | FlowVerdict::Differs(_) => self.remembered().map(Box::new),
            _ => None,
        };
        let exports = self.row.take();
        FlowSeen {
            verdict,
            exports,
            live,
            hits: self.hits,
            strays,
            sends_nothing: self.sends_nothing,
            notes: self.notes,
        }
    }

    async fn looked(&mut self, purpose: Purpose) -> Result<FlowVerdict, Stop> {
        if purpose == Purpose::Plan {
            // Nothing may be made whose statements could never run.
            let told = super::check::check(self.flow, &*self.runner.schemas);
            let (problems, warnings): (Vec<_>, Vec<_>) = told.into_iter().partition(Diagnostic::is_error);
            if !problems.is_empty() {
                return Err(Stop::Broken(problems));
            }
            warnings.into_iter().for_each(|warning| self.note(warning));
        }
        match (self.flow.kind, purpose) {
            (FlowKind::Query, _) => self.query(purpose).await,
            (FlowKind::Command, Purpose::Plan) => {
                let filled = self.render(AnchorKind::Command)?;
                self.check(&filled)?;
                Ok(FlowVerdict::Always)
            }
            (FlowKind::Script, Purpose::Plan) => {
                self.flow.script.shell()?;
                Ok(FlowVerdict::Always)
            }
            (FlowKind::Command | FlowKind::Script, _) => Ok(FlowVerdict::Always),
            (FlowKind::Resource | FlowKind::Multi, Purpose::Plan) => self.planned().await,
            (FlowKind::Resource | FlowKind::Multi, Purpose::Test) => self.tested().await,
            (FlowKind::Resource | FlowKind::Multi, Purpose::Teardown) => self.leaving().await,
        }
    }

    async fn query(&mut self, purpose: Purpose) -> Result<FlowVerdict, Stop> {
        let patience = if purpose == Purpose::Test { Patience::Test } else { Patience::Plan };
        let filled = self.render(AnchorKind::Exports)?;
        let has_row = self.export_rows(&filled, self.exports_tries(patience)).await?;
        Ok(if has_row { FlowVerdict::Read } else { FlowVerdict::Unanswered(vec![self.no_row(0)]) })
    }

    async fn planned(&mut self) -> Result<FlowVerdict, Stop> {
        let state = self.determine(Patience::Plan).await?;
        if self.flow.absent {
            // A build deletes it.
            if !matches!(state, State::Absent | State::Unchecked) {
                self.can_delete()?;
                self.see_live().await;
            }
            return Ok(verdict_of(state));
        }
        match state {
            State::Unchecked => {
                self.can_run(AnchorKind::CreateOrUpdate)?;
                return Ok(FlowVerdict::Always);
            }
            State::Absent => {
                self.can_run_one_of(AnchorKind::Create)?;
                return Ok(FlowVerdict::Absent);
            }
            State::Wrong(_) | State::Right => {}
        }
        self.read_exports(state, Patience::Plan).await?;
        self.see_live().await;
        if matches!(state, State::Wrong(_)) {
            // Held against what is there.
            self.can_run_one_of(AnchorKind::Update)?;
        }
        Ok(verdict_of(state))
    }

    /// Checks the statement that would run, or the one that stands for both.
    fn can_run_one_of(&mut self, anchor: AnchorKind) -> Result<(), Stop> {
        let anchor = if self.flow.has(anchor) { anchor } else { AnchorKind::CreateOrUpdate };
        if self.flow.has(anchor) { self.can_run(anchor) } else { Ok(()) }
    }

    /// Everything that can be known to be wrong with a statement, as far as it renders.
    fn can_run(&mut self, anchor: AnchorKind) -> Result<(), Stop> {
        match self.render(anchor) {
            Ok(filled) => self.foresee(&filled),
            // Others give these values, and the text with them, later.
            Err(Unready::Waiting(_)) => {
                self.expect_drafts(&[anchor]);
                Ok(())
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Reads the exports of a resource that is there. Where it is as wanted and they are missing, a build would fail.
    pub(super) async fn read_exports(&mut self, state: State, patience: Patience) -> Result<(), Stop> {
        self.derived_row().await?;
        if self.row.is_some() || self.flow.exports.is_empty() || !self.flow.has(AnchorKind::Exports) {
            return Ok(());
        }
        let is_right = state == State::Right;
        if state == State::Wrong(AnchorKind::Exports) {
            // It was asked, and gave no row.
            return Ok(());
        }
        let filled = match self.render(AnchorKind::Exports) {
            Ok(filled) => filled,
            Err(_) if !is_right => return Ok(()),
            Err(unready) => return Err(unready.into()),
        };
        match self.export_rows(&filled, self.exports_tries(patience)).await {
            Ok(true) => Ok(()),
            Ok(false) if is_right => Err(self.no_row(0).into()),
            // The update may make its row.
            Ok(false) => Ok(()),
            Err(stop) => Err(stop),
        }
    }

    /// Reads the resource itself for the differences that are shown, where no check has. Nothing depends on it.
    async fn see_live(&mut self) {
        if let Err(Stop::Broken(problems)) = self.live().await {
            for mut problem in problems {
                problem.severity = Severity::Warning;
                self.note(problem);
            }
        }
    }

    /// `test` (stackql-compat 2.8): every check with its own retries.
    async fn tested(&mut self) -> Result<FlowVerdict, Stop> {
        let has = |anchor| self.flow.has(anchor);
        if !self.flow.has_check() {
            return Ok(match self.determine(Patience::Test).await? {
                State::Unchecked => FlowVerdict::Always,
                state => verdict_of(state),
            });
        }
        let mut is_there = None;
        if has(AnchorKind::Exists) {
            let check = self.render(AnchorKind::Exists)?;
            let stands = self.stands(&check, self.exists_tries(Patience::Test)).await?;
            self.say_of(if stands { "exists" } else { "does not exist" });
            is_there = Some(stands);
        }
        let captured = !self.captured.this.is_empty();
        let state = if self.flow.skip_validation && is_there != Some(false) {
            State::Right
        } else if has(AnchorKind::StateCheck) {
            match self.render(AnchorKind::StateCheck) {
                Ok(check) if self.passes(&check, self.statecheck_tries(Patience::Test)).await? => {
                    State::Right
                }
                Err(unready) if is_there != Some(false) => return Err(unready.into()),
                _ if is_there == Some(false) => State::Absent,
                _ => State::Wrong(AnchorKind::StateCheck),
            }
        } else if has(AnchorKind::Exports) {
            let (_, delay) = self.retries(AnchorKind::StateCheck);
            match self.render(AnchorKind::Exports) {
                Ok(check) if self.export_rows(&check, Tries { times: 2, delay }).await? => State::Right,
                Err(unready) if is_there != Some(false) => return Err(unready.into()),
                _ if is_there == Some(false) => State::Absent,
                _ => State::Wrong(AnchorKind::Exports),
            }
        } else if is_there == Some(false) {
            State::Absent
        } else if captured || self.live().await?.0.is_some() {
            State::Right
        } else {
            let told = Diagnostic::error(codes::NO_CHECK, format!("nothing tests {}", self.flow.address));
            let told = self.at(told, AnchorKind::Exists, "this says only that it is there");
            return Err(told.next("add `/*+ statecheck */` or `/*+ exports */`").into());
        };
        let is_wrong = matches!(state, State::Wrong(_));
        let state =
            if is_wrong && is_there.is_none() && self.is_known_absent() { State::Absent } else { state };
        if state == State::Right {
            self.say_of("is in the desired state");
            self.read_exports(state, Patience::Test).await?;
        } else if state != State::Absent {
            self.say_of("is not in the desired state");
            // Others can be tested all the same.
            self.read_exports(state, Patience::Plan).await?;
        }
        Ok(verdict_of(state))
    }

    /// Plan of a teardown (stackql-compat 2.9): is there something to delete, and what does it export?
    async fn leaving(&mut self) -> Result<FlowVerdict, Stop> {
        let has = |anchor| self.flow.has(anchor);
        if self.flow.kind == FlowKind::Multi {
            if has(AnchorKind::Exists)
                && !self.flow.exports.is_empty()
                && let Ok(check) = self.render(AnchorKind::Exists)
                && let Err(Stop::Broken(problems)) = self.is_there(&check, Tries::ONCE).await
            {
                self.lenient(problems);
            }
            self.last_exports().await;
            self.can_delete()?;
            return Ok(if has(AnchorKind::Delete) || !self.flow.always_runs() {
                FlowVerdict::Assumed
            } else {
                FlowVerdict::Always
            });
        }
        let check = if has(AnchorKind::Exists) { AnchorKind::Exists } else { AnchorKind::StateCheck };
        let found = if has(check) {
            match self.render(check) {
                Ok(filled) if check == AnchorKind::Exists => Some(self.stands(&filled, Tries::ONCE).await?),
                Ok(filled) => Some(self.is_there(&filled, Tries::ONCE).await?),
                Err(Unready::Missing { diagnostic, .. }) if check == AnchorKind::StateCheck => {
                    match self.live_after_all(check).await? {
                        (found, true) => Some(found.is_some()),
                        (_, false) => return Err(diagnostic.into()),
                    }
                }
                Err(other) => return Err(other.into()),
            }
        } else {
            match self.live_after_all(AnchorKind::Exports).await? {
                (found, true) => Some(found.is_some()),
                (_, false) => None,
            }
        };
        // A statecheck that fails says nothing of whether it is there, where a read can tell.
        let found = match found {
            Some(false) if has(check) && check == AnchorKind::StateCheck => {
                Some(self.live_after_all(check).await?.0.is_some())
            }
            other => other,
        };
        match found {
            Some(false) => {
                self.say_of("does not exist");
                return Ok(FlowVerdict::Absent);
            }
            Some(true) => self.say_of("exists"),
            None => {}
        }
        if let (Some(true), Some(live)) = (found, self.remembered()) {
            self.capture_identifier(&live.identifier);
        }
        self.derived_row().await?;
        self.last_exports().await;
        if found.is_some() || self.row.is_some() {
            self.can_delete()?;
        }
        match found {
            Some(_) => {
                self.see_live().await;
                Ok(FlowVerdict::AsWanted)
            }
            None if self.row.is_some() => Ok(FlowVerdict::AsWanted),
            None if has(AnchorKind::Exports) => Ok(FlowVerdict::Absent),
            None if self.flow.always_runs() => Ok(FlowVerdict::Always),
            None => Err(self.no_check().into()),
        }
    }

    /// Sees that the statement which would delete it can be run.
    fn can_delete(&mut self) -> Result<(), Stop> {
        if !self.flow.has(AnchorKind::Delete) {
            return Ok(());
        }
        self.capture_row();
        match self.render(AnchorKind::Delete) {
            Ok(filled) => self.check(&filled),
            // It is there: what the statement waits for must not make it look absent.
            Err(unready) => {
                let stop = Stop::from(unready);
                Err(Stop::Broken(self.final_of(stop).unwrap_or_else(|| vec![self.stopped()])))
            }
        }
    }

    /// Exports are names of the statement that deletes (stackql-compat 2.9).
    pub(super) fn capture_row(&mut self) {
        let row = self.row.clone().unwrap_or_default();
        let new: Vec<_> =
            row.into_iter().filter(|(name, _)| !self.captured.this.contains_key(name)).collect();
        self.capture(new.into_iter().collect());
    }

    /// Exports before a deletion: what is missing is noted, and no more.
    pub(super) async fn last_exports(&mut self) {
        if !self.flow.has(AnchorKind::Exports) || self.row.is_some() {
            return;
        }
        let problems = match self.render(AnchorKind::Exports) {
            Ok(filled) => match self.export_rows(&filled, Tries::ONCE).await {
                Ok(_) | Err(Stop::Stopping | Stop::Waiting(_)) => Vec::new(),
                Err(Stop::Broken(problems)) => problems,
            },
            Err(Unready::Waiting(_)) => Vec::new(),
            Err(Unready::Missing { diagnostic, .. } | Unready::Broken(diagnostic)) => vec![*diagnostic],
        };
        self.lenient(problems);
    }

    fn lenient(&mut self, problems: Vec<Diagnostic>) {
        for problem in problems {
            self.note(Diagnostic { severity: Severity::Warning, ..problem });
        }
    }

    /// The run was stopped.
    pub(super) fn stopped(&self) -> Diagnostic {
        Diagnostic::error(codes::INTERRUPTED, format!("{} was left: the run is stopping", self.flow.address))
            .at(self.flow.sources.resource.clone(), "")
            .next("build again: the checks see what is there")
    }
}

fn verdict_of(state: State) -> FlowVerdict {
    match state {
        State::Absent => FlowVerdict::Absent,
        State::Right => FlowVerdict::AsWanted,
        State::Wrong(check) => FlowVerdict::Differs(check),
        State::Unchecked => FlowVerdict::Always,
    }
}
