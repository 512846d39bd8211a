//! Makes a resource as wanted, or finds that it is (stackql-compat 2.6).

use super::act::Acted;
use super::determine::{Patience, State};
use super::session::{Session, Stop, Tries};
use crate::codes;
use stack_core::diagnostic::{Diagnostic, Severity};
use stack_core::flow::{AnchorKind, FlowEnd, FlowKind, Returned, Unready};
use stack_core::provider::Verb;
use std::time::Duration;

/// Further looks for what an operation has made and a check does not find.
const LAG_LOOKS: u32 = 5;
/// Before the first of them; each wait is twice the last.
const LAG_WAIT: Duration = Duration::from_secs(2);
/// At most.
const LAG_LONGEST: Duration = Duration::from_secs(20);

impl Session<'_> {
    /// Makes it as wanted.
    pub(super) async fn put(mut self) -> FlowEnd {
        if self.host.is_stopping() {
            return FlowEnd::Stopped;
        }
        let ended = match self.flow.kind {
            FlowKind::Query => self.ask().await,
            FlowKind::Command => self.command().await,
            FlowKind::Script => self.script().await,
            FlowKind::Resource | FlowKind::Multi => self.make().await,
        };
        self.end(ended)
    }

    pub(super) fn end(mut self, ended: Result<(), Stop>) -> FlowEnd {
        let stop = match ended {
            Ok(()) => {
                return FlowEnd::Done {
                    exports: self.row.take().unwrap_or_default(),
                    verb: self.sent,
                    identifier: self.identifier,
                    warnings: self.notes,
                };
            }
            Err(stop) => stop,
        };
        let Some(problems) = self.final_of(stop) else {
            if !self.asked {
                return FlowEnd::Stopped;
            }
            return FlowEnd::Failed { verb: self.trying, diagnostic: Box::new(self.stopped()) };
        };
        let mut problems = problems.into_iter();
        let mut first = problems.next().unwrap_or_else(|| self.stopped());
        first.notes.extend(problems.map(|problem| ("also".to_owned(), problem.to_string())));
        first.notes.extend(self.notes.iter().map(|note| ("before".to_owned(), note.message.clone())));
        FlowEnd::Failed { verb: self.trying, diagnostic: Box::new(first) }
    }

    async fn make(&mut self) -> Result<(), Stop> {
        let state = self.determine(Patience::Build).await?;
        let verb = match state {
            State::Absent | State::Unchecked => Some(Verb::Create),
            State::Wrong(_) => Some(Verb::Update),
            State::Right => None,
        };
        if let Some(verb) = verb {
            self.trying = Some(verb);
            let changed = self.change(state, verb).await;
            if let Err(Stop::Broken(_)) = &changed {
                self.troubleshoot(verb).await;
            }
            changed?;
        }
        self.read_exports(State::Right, Patience::Test).await?;
        self.say(format!("successfully deployed {}", self.flow.address));
        Ok(())
    }

    /// Phases B to D: the statement, what waits for it, and what the checks say then.
    async fn change(&mut self, state: State, verb: Verb) -> Result<(), Stop> {
        let (own, doing, returns): (_, _, Vec<Returned>) = match verb {
            Verb::Update => (AnchorKind::Update, "updating", self.flow.returns.update.clone()),
            _ => (AnchorKind::Create, "creating", self.flow.returns.create.clone()),
        };
        let anchor = if self.flow.has(own) { own } else { AnchorKind::CreateOrUpdate };
        if !self.flow.has(anchor) {
            let is = if verb == Verb::Update { "not as wanted" } else { "not there" };
            let message = format!("{} is {is}, and it has no `{own}` statement", self.flow.address);
            let told = Diagnostic::error(codes::NO_DML, message).at(self.flow.sources.resource.clone(), "");
            return Err(told.next(format!("add `/*+ {own} */`, or correct the check")).into());
        }
        self.row = None;
        let filled = self.render(anchor)?;
        self.say(format!("{doing} [{}]...", self.flow.address));
        let acted = self.act(&filled, &returns).await?;
        if acted.did {
            self.callback(verb).await?;
        }
        if let Some(identifier) = self.identifier.clone() {
            self.capture_identifier(&identifier);
        }
        if self.holds(state, verb, &acted).await? {
            self.say_of("is in the desired state");
            return Ok(());
        }
        self.say_of("is not in the desired state");
        let message = format!("{} is not as wanted after its statements ran", self.flow.address);
        let check =
            if self.flow.has(AnchorKind::StateCheck) { AnchorKind::StateCheck } else { AnchorKind::Exports };
        let told = self.at(Diagnostic::error(codes::NOT_AS_WANTED, message), check, "this still says no");
        Err(told.next("look at what it compares, or raise its `retries` and `retry_delay`").into())
    }

    /// Phase C: what the checks say after the statement.
    async fn holds(&mut self, state: State, verb: Verb, acted: &Acted) -> Result<bool, Stop> {
        let has = |anchor| self.flow.has(anchor);
        let (statecheck, exports) = (has(AnchorKind::StateCheck), has(AnchorKind::Exports));
        if state == State::Unchecked {
            return Ok(true);
        }
        if let Some(check) = self.exists.clone() {
            let tries = self.exactly(if statecheck { AnchorKind::StateCheck } else { AnchorKind::Exists });
            let before = self.captured.this.clone();
            if !self.is_there(&check, tries).await? {
                self.late(verb, acted).await?;
            } else if verb == Verb::Create && self.is_another().await? {
                self.captured.this = before;
                self.made_instead();
            }
            self.say_of("exists");
        }
        if self.flow.skip_validation {
            return Ok(true);
        }
        if statecheck {
            match self.render(AnchorKind::StateCheck) {
                Ok(check) => return self.passes(&check, self.exactly(AnchorKind::StateCheck)).await,
                Err(Unready::Missing { diagnostic, .. }) => {
                    let told = Diagnostic {
                        code: codes::CHECK_UNUSABLE,
                        severity: Severity::Warning,
                        ..*diagnostic
                    };
                    self.note(told);
                }
                Err(other) => return Err(other.into()),
            }
        }
        if exports {
            match self.render(AnchorKind::Exports) {
                Ok(check) => return self.export_rows(&check, self.and_more(AnchorKind::Exports)).await,
                // If it has a list, that fails in its turn.
                Err(Unready::Missing { .. }) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(true)
    }

    /// The operation is done, and the check finds nothing: it may ask an index that is late. Nothing is made again.
    async fn late(&mut self, verb: Verb, acted: &Acted) -> Result<(), Stop> {
        let Some(check) = self.exists.clone() else { return Err(self.still_absent().into()) };
        if self.is_there_after_all(check.anchor).await? {
            return Ok(());
        }
        let made = self.identifier.clone().filter(|_| verb == Verb::Create && acted.did && !acted.failed);
        let Some(made) = made else { return Err(self.still_absent().into()) };
        let mut wait = LAG_WAIT;
        for _ in 0..LAG_LOOKS {
            self.pause(wait, "the check does not find yet what was made").await?;
            if self.is_there(&check, Tries::ONCE).await? {
                return Ok(());
            }
            wait = (wait * 2).min(LAG_LONGEST);
        }
        let message =
            format!("the exists query of {} does not find what was made: {made}", self.flow.address);
        let told =
            self.at(Diagnostic::warning(codes::LAGS, message), AnchorKind::Exists, "this finds nothing");
        let told = told.next("raise its `retries` and `retry_delay`, or let it read the resource itself");
        self.note(told);
        self.capture_found(&made);
        Ok(())
    }

    fn still_absent(&self) -> Diagnostic {
        let message = format!("{} is not there after its statements ran", self.flow.address);
        let told = self.at(
            Diagnostic::error(codes::NOT_AS_WANTED, message),
            AnchorKind::Exists,
            "this finds nothing",
        );
        told.next("look at what it asks, or raise its `retries` and `retry_delay`")
    }
}
