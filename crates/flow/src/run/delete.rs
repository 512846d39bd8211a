//! Deletes a resource, and sees that it is gone (stackql-compat 2.9).

use super::fill::Filled;
use super::session::{Session, Stop, Tries};
use crate::codes;
use stack_core::diagnostic::Diagnostic;
use stack_core::flow::{AnchorKind, FlowEnd, FlowKind, Unready};
use stack_core::provider::Verb;

/// What tells whether it is still there.
#[derive(Debug)]
enum Confirm {
    /// A check of the file.
    Check(Box<Filled>),
    /// A read of the resource.
    Read,
    /// Nothing but the operation itself.
    Operation,
}

impl Session<'_> {
    /// Deletes it.
    pub(super) async fn delete(mut self) -> FlowEnd {
        if self.host.is_stopping() {
            return FlowEnd::Stopped;
        }
        self.trying = Some(Verb::Delete);
        let ended = self.removed().await;
        if let Err(Stop::Broken(_)) = &ended
            && self.asked
        {
            self.troubleshoot(Verb::Delete).await;
        }
        self.end(ended)
    }

    async fn removed(&mut self) -> Result<(), Stop> {
        if !self.flow.has(AnchorKind::Delete) {
            let message = format!("{} has no `delete` statement", self.flow.address);
            let told = Diagnostic::error(codes::NO_DML, message).at(self.flow.sources.resource.clone(), "");
            return Err(told.next("add `/*+ delete */` with a DELETE").into());
        }
        let is_multi = self.flow.kind == FlowKind::Multi;
        let confirm = self.confirm()?;
        if !is_multi && !matches!(confirm, Confirm::Operation) {
            let tries = match &confirm {
                Confirm::Check(check) => self.exactly(check.anchor),
                _ => Tries::ONCE,
            };
            let found = self.is_still_there(&confirm, tries).await?;
            let by_marks = match &confirm {
                Confirm::Check(check) if !found && check.anchor == AnchorKind::Exists => {
                    self.is_there_after_all(check.anchor).await?
                }
                _ => false,
            };
            if !found && !by_marks {
                self.say_of("does not exist");
                return Ok(());
            }
            self.say_of("exists");
        }
        if let Some(identifier) = self.identified() {
            self.capture_identifier(&identifier);
        }
        let filled = match self.render(AnchorKind::Delete) {
            Err(Unready::Missing { .. }) => {
                self.derived_row().await?;
                self.last_exports().await;
                self.capture_row();
                self.render(AnchorKind::Delete)?
            }
            other => other?,
        };
        self.say(format!("deleting [{}]...", self.flow.address));
        if !self.is_deleted(&filled, &confirm).await? {
            let message = format!("the deletion of {} could not be confirmed", self.flow.address);
            let told = Diagnostic::error(codes::NOT_DELETED, message);
            let told = match &confirm {
                Confirm::Check(check) => self.at(told, check.anchor, "this still finds it"),
                _ => told.at(self.flow.sources.resource.clone(), "a read still finds it"),
            };
            return Err(told.next("raise `retries` and `retry_delay` of the delete anchor").into());
        }
        self.say_of("confirmed deleted");
        self.say(format!("successfully deleted {}", self.flow.address));
        Ok(())
    }

    /// The loop of 2.9: delete, look, wait, look; each round deletes again.
    async fn is_deleted(&mut self, filled: &Filled, confirm: &Confirm) -> Result<bool, Stop> {
        let (rounds, delay) = self.retries(AnchorKind::Delete);
        let mut did = false;
        let mut is_gone = false;
        let mut callback = None;
        'rounds: for _ in 0..rounds.max(1) {
            let acted = self.act(filled, &[]).await?;
            if acted.did {
                callback = self.captured.callback.take();
            }
            // It was deleted before, whatever an index that is late still lists.
            is_gone = did && acted.was_gone;
            did |= acted.did;
            let only_tells = matches!(confirm, Confirm::Operation);
            if is_gone || only_tells {
                is_gone |= did || acted.was_gone;
                break;
            }
            let looks = if rounds == 0 { 1 } else { 2 };
            for look in 0..looks {
                if look > 0 {
                    self.pause(delay, "it is still there").await?;
                }
                if !self.is_still_there(confirm, Tries::ONCE).await? {
                    is_gone = true;
                    break 'rounds;
                }
            }
        }
        if did {
            self.captured.callback = callback;
            self.callback(Verb::Delete).await?;
        }
        Ok(is_gone)
    }

    /// What tells whether it is still there.
    fn confirm(&self) -> Result<Confirm, Stop> {
        let by_read = || if self.identified().is_some() { Confirm::Read } else { Confirm::Operation };
        let check =
            if self.flow.has(AnchorKind::Exists) { AnchorKind::Exists } else { AnchorKind::StateCheck };
        if !self.flow.has(check) {
            return Ok(by_read());
        }
        match self.render(check) {
            Ok(filled) => Ok(Confirm::Check(Box::new(filled))),
            Err(Unready::Missing { diagnostic, .. }) if check == AnchorKind::StateCheck => match by_read() {
                Confirm::Read => Ok(Confirm::Read),
                _ => Err(diagnostic.into()),
            },
            Err(other) => Err(other.into()),
        }
    }

    /// Looks for it. For `multi` an error says nothing, so that it counts as there.
    async fn is_still_there(&mut self, confirm: &Confirm, tries: Tries) -> Result<bool, Stop> {
        let is_multi = self.flow.kind == FlowKind::Multi;
        // What was read before says nothing now.
        self.models.clear();
        let found = match confirm {
            Confirm::Check(check) => match self.is_there(check, tries).await {
                // A statecheck fails as well where the resource only differs.
                Ok(false) if check.anchor == AnchorKind::StateCheck => {
                    self.live_after_all(check.anchor).await.map(|(found, _)| found.is_some())
                }
                // An index may list what is gone.
                Ok(true) if !is_multi && check.anchor == AnchorKind::Exists => {
                    let captured = self.captured.this.clone();
                    let is_gone = self.is_gone().await;
                    // The statement that deletes was rendered with these.
                    self.captured.this = captured;
                    is_gone.map(|is_gone| !is_gone)
                }
                other => other,
            },
            Confirm::Read => self.live().await.map(|(found, _)| found.is_some()),
            Confirm::Operation => return Ok(false),
        };
        match found {
            Err(Stop::Broken(problems)) if is_multi => {
                problems.into_iter().for_each(|problem| self.warn(problem));
                Ok(true)
            }
            other => other,
        }
    }
}
