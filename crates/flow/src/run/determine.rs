//! Is it there, and as wanted? The table of docs/design/0009 and phase A of stackql-compat 2.6.

use super::check::lacking_in;
use super::fill::Filled;
use super::session::{Session, Stop, Tries, Trouble};
use super::verdict::{ExportRow, exported};
use crate::codes;
use stack_core::diagnostic::Diagnostic;
use stack_core::flow::{AnchorKind, FlowKind, Unready};

/// What the checks of a resource come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is not there.
    Absent,
    /// It is there and as wanted.
    Right,
    /// It is there, and this says no.
    Wrong(AnchorKind),
    /// Nothing says anything: it runs.
    Unchecked,
}

/// How often checks are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Each once.
    Plan,
    /// `exists` once; so the others where a read can tell what they do not, else as their options say.
    Build,
    /// Each as its options say.
    Test,
}

impl Session<'_> {
    pub(super) fn exists_tries(&self, patience: Patience) -> Tries {
        match patience {
            Patience::Plan | Patience::Build => Tries::ONCE,
            Patience::Test => self.exactly(AnchorKind::Exists),
        }
    }

    pub(super) fn statecheck_tries(&self, patience: Patience) -> Tries {
        match patience {
            // Its retries are for the time after a change: before it, what is sent is held against a read.
            Patience::Build if self.flow.of.is_some() => Tries::ONCE,
            Patience::Plan => Tries::ONCE,
            Patience::Build | Patience::Test => self.exactly(AnchorKind::StateCheck),
        }
    }

    pub(super) fn exports_tries(&self, patience: Patience) -> Tries {
        match patience {
            Patience::Build if self.flow.of.is_some() => Tries::ONCE,
            Patience::Plan => Tries::ONCE,
            Patience::Build | Patience::Test => self.and_more(AnchorKind::Exports),
        }
    }

    /// Asks the checks.
    ///
    /// # Errors
    /// A check waits for values, cannot be run, or finds several; or there is none.
    pub(super) async fn determine(&mut self, patience: Patience) -> Result<State, Stop> {
        let has = |anchor| self.flow.has(anchor);
        let (exists, statecheck, exports) =
            (has(AnchorKind::Exists), has(AnchorKind::StateCheck), has(AnchorKind::Exports));
        let state = if exists {
            let check = self.render(AnchorKind::Exists)?;
            self.exists = Some(check.clone());
            let found = self.is_there(&check, self.exists_tries(patience)).await?;
            if found || self.is_there_after_all(check.anchor).await? {
                match self.evaluated(patience).await? {
                    // An index may list what is gone.
                    _ if found && self.is_gone().await? => {
                        let other = self.is_there_after_all(check.anchor).await?;
                        if other { self.evaluated(patience).await? } else { State::Absent }
                    }
                    state => state,
                }
            } else {
                State::Absent
            }
        } else if statecheck {
            match self.judged(patience).await? {
                State::Right => State::Right,
                _ => self.failing(AnchorKind::StateCheck).await?,
            }
        } else if exports {
            self.by_exports(patience).await?
        } else if self.flow.always_runs() {
            State::Unchecked
        } else {
            self.derived().await?
        };
        match state {
            State::Absent => self.say_of("does not exist"),
            State::Right => {
                self.say_of("exists");
                self.say_of("is in the desired state");
            }
            State::Wrong(_) => {
                self.say_of("exists");
                self.say_of("is not in the desired state");
            }
            State::Unchecked => {}
        }
        Ok(state)
    }

    /// True if `exists` finds it and it is not gone, and if it is there although `exists` does not find it.
    ///
    /// # Errors
    /// `exists` cannot be run, or nobody can say.
    pub(super) async fn stands(&mut self, exists: &Filled, tries: Tries) -> Result<bool, Stop> {
        let found = self.is_there(exists, tries).await?;
        Ok((found && !self.is_gone().await?) || self.is_there_after_all(exists.anchor).await?)
    }

    /// It is there: is it as wanted?
    async fn evaluated(&mut self, patience: Patience) -> Result<State, Stop> {
        if self.flow.skip_validation {
            Ok(State::Right)
        } else if self.flow.has(AnchorKind::StateCheck) {
            self.judged(patience).await
        } else if self.flow.has(AnchorKind::Exports) {
            self.proxied(patience).await
        } else {
            Ok(State::Right)
        }
    }

    /// What the statecheck says. One that lacks values counts as no.
    async fn judged(&mut self, patience: Patience) -> Result<State, Stop> {
        let wrong = State::Wrong(AnchorKind::StateCheck);
        let check = match self.render(AnchorKind::StateCheck) {
            Ok(check) => check,
            Err(Unready::Missing { diagnostic, .. }) => {
                self.unusable(*diagnostic);
                return Ok(wrong);
            }
            Err(other) => return Err(other.into()),
        };
        Ok(if self.passes(&check, self.statecheck_tries(patience)).await? { State::Right } else { wrong })
    }

    /// Exports stand in for a statecheck: a row means yes. Those that lack values say nothing.
    async fn proxied(&mut self, patience: Patience) -> Result<State, Stop> {
        let check = match self.render(AnchorKind::Exports) {
            Ok(check) => check,
            Err(Unready::Missing { .. }) => return Ok(State::Right),
            Err(other) => return Err(other.into()),
        };
        let has_row = self.export_rows(&check, self.exports_tries(patience)).await?;
        Ok(if has_row { State::Right } else { State::Wrong(AnchorKind::Exports) })
    }

    /// Exports alone say whether it is there.
    async fn by_exports(&mut self, patience: Patience) -> Result<State, Stop> {
        let check = match self.render(AnchorKind::Exports) {
            Ok(check) => check,
            Err(Unready::Missing { diagnostic, .. }) => {
                // They may use what only the resource itself gives.
                let (Some(found), _) = self.live_after_all(AnchorKind::Exports).await? else {
                    return if self.flow.of.is_some() { Ok(State::Absent) } else { Err(diagnostic.into()) };
                };
                self.capture_identifier(&found.identifier);
                self.render(AnchorKind::Exports)?
            }
            Err(other) => return Err(other.into()),
        };
        if self.export_rows(&check, self.exports_tries(patience)).await? {
            return Ok(State::Right);
        }
        self.failing(AnchorKind::Exports).await
    }

    /// The only check says no: whether it is there shows by a read, where something identifies it.
    async fn failing(&mut self, check: AnchorKind) -> Result<State, Stop> {
        let (found, is_identified) = self.live_after_all(check).await?;
        let Some(found) = found else {
            if !is_identified && self.models.values().any(Option::is_some) {
                // Something of its type is there, but which of them is not clear.
                return Ok(State::Wrong(check));
            }
            if !is_identified {
                let message = format!("only `{check}` says that {} is not there", self.flow.address);
                let told =
                    self.at(Diagnostic::warning(codes::NOT_PROVEN, message), check, "this does not pass");
                self.note(told.next("add `/*+ exists */` if it could be there and differ"));
            }
            return Ok(State::Absent);
        };
        self.capture_identifier(&found.identifier);
        Ok(if self.flow.skip_validation { State::Right } else { State::Wrong(check) })
    }

    /// No check of its own: the resource is read, and held against what its statements declare.
    async fn derived(&mut self) -> Result<State, Stop> {
        match self.live_after_all(AnchorKind::Exists).await? {
            (Some(found), _) => {
                self.capture_identifier(&found.identifier);
                let is_right = self.flow.skip_validation || self.is_as_declared(&found);
                Ok(if is_right { State::Right } else { State::Wrong(AnchorKind::Update) })
            }
            (None, true) => Ok(State::Absent),
            (None, false) => Err(self.no_check().into()),
        }
    }

    pub(super) fn no_check(&self) -> Diagnostic {
        let message = format!("nothing says whether {} is there", self.flow.address);
        Diagnostic::error(codes::NO_CHECK, message)
            .at(self.flow.sources.resource.clone(), "")
            .next("add `/*+ exists */` with a SELECT that finds it")
    }

    /// Runs the exports query until it gives a row, and keeps that. False: there was none.
    ///
    /// # Errors
    /// It cannot be run, or gives several rows.
    pub(super) async fn export_rows(&mut self, check: &Filled, tries: Tries) -> Result<bool, Stop> {
        let mut left = tries.times;
        loop {
            left = left.saturating_sub(1);
            match self.rows(check).await {
                Ok(table) => match exported(&table, &self.flow.exports) {
                    ExportRow::One(row) => {
                        lacking_in(self.flow, &table.columns).into_iter().for_each(|told| self.note(told));
                        let row = row
                            .into_iter()
                            .map(|(name, value)| (name, self.redactor.seal(check.seal(value))));
                        self.row = Some(row.collect());
                        return Ok(true);
                    }
                    // Without a list nothing is exported: any row is a yes.
                    ExportRow::Many(_) if self.flow.exports.is_empty() => return Ok(true),
                    ExportRow::Many(rows) => return Err(self.no_row(rows).into()),
                    ExportRow::None => {}
                },
                Err(error) if error.trouble != Trouble::Final && left > 0 => {}
                Err(error) if error.trouble == Trouble::Values && self.flow.kind != FlowKind::Query => {
                    self.unusable(*error.diagnostic);
                }
                Err(error) => return Err(error.into()),
            }
            if left == 0 {
                return Ok(false);
            }
            self.pause(tries.delay, "there is no row of exports yet").await?;
        }
    }

    /// Exports need exactly one row.
    pub(super) fn no_row(&self, rows: usize) -> Diagnostic {
        let gives = if rows == 0 { "no row".to_owned() } else { format!("{rows} rows") };
        let message = format!("`exports` of {} gives {gives}", self.flow.address);
        let told = self.at(
            Diagnostic::error(codes::EXPORTS_ROW, message),
            AnchorKind::Exports,
            "exactly one is needed",
        );
        told.next("correct the conditions of the query")
    }
}
