//! Where operations stand: their resources are read, and their phases say it (confluent.md section 8).

use super::model::{self, Model};
use super::operate::{NOT_ARRIVED, SEVERAL, UNDATED, done, failed, showing};
use super::ready::{self, Phase};
use super::token::Ticket;
use super::young::Young;
use super::{Rest, identity_of};
use serde_json::Value as Json;
use stack_catalog::rest::Definition;
use stack_core::ids::{ClientToken, RequestToken, Target};
use stack_core::provider::{Failure, FailureKind, Progress, Verb};
use std::time::Duration;
use tokio::time::Instant;

/// Looks that must find nothing before a create without an answer counts as never arrived.
const MISSES: u32 = 3;
/// Tries of what had to wait that a service may refuse because it has not settled.
const REFUSALS: u32 = 10;
/// Wait between two tries of a new key.
const BETWEEN_TRIES: Duration = Duration::from_secs(2);
/// Wait between two of these looks: services show what was made within seconds (confluent.md section 7).
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);

/// Our clock may be ahead of the service's by so much. Less than most need: what looks older is left alone.
const CLOCKS_MS: i64 = 10_000;

impl Rest {
    /// Where an operation stands.
    pub(super) async fn state(&self, at: &Target, request: &RequestToken) -> Result<Progress, Failure> {
        let Some(ticket) = Ticket::parse(request) else {
            let message = format!("`{request}` is no request of a REST service");
            return Err(Failure::new(FailureKind::RequestUnknown, "RequestUnknown", message));
        };
        let definition = self.definition(&ticket.ty)?;
        let told = if ticket.in_doubt {
            self.doubt(at, definition, &ticket).await?
        } else if ticket.verb == Verb::Delete {
            self.leaving(at, definition, &ticket).await?
        } else {
            self.arriving(at, definition, &ticket).await?
        };
        if told.status.is_terminal() {
            self.memory.forget(request);
        }
        Ok(told)
    }

    async fn leaving(
        &self,
        at: &Target,
        definition: &Definition,
        ticket: &Ticket,
    ) -> Result<Progress, Failure> {
        match self.look(at, definition, &ticket.key).await {
            Ok(None) => Ok(done(ticket, definition, String::new())),
            Ok(Some(seen)) => {
                let phase = match ready::phase(definition.resource.ready.as_ref(), &seen.answer) {
                    Phase::Leaving(phase) | Phase::Pending(phase) | Phase::Failed(phase, _) => phase,
                    Phase::Ready(_) => String::new(),
                };
                Ok(self.running(ticket, definition, phase))
            }
            // Children of what was removed are denied, not missing (confluent.md section 5).
            Err(failure) if failure.kind == FailureKind::Denied => {
                Ok(done(ticket, definition, String::new()))
            }
            Err(failure) => Err(failure),
        }
    }

    async fn arriving(
        &self,
        at: &Target,
        definition: &Definition,
        ticket: &Ticket,
    ) -> Result<Progress, Failure> {
        let resource = &definition.resource;
        let request = ticket.token();
        let Some(seen) = self.look(at, definition, &ticket.key).await? else {
            // Services show late what they made (Confluent trap 30).
            return Ok(self.running(ticket, definition, "not visible yet".to_owned()));
        };
        let still_failed = |wait: Option<Duration>| {
            let now = Instant::now();
            let since = self.memory.watch(&request, |watched| *watched.failed_since.get_or_insert(now));
            wait.is_none_or(|wait| now.duration_since(since) >= wait)
        };
        Ok(match ready::phase(resource.ready.as_ref(), &seen.answer) {
            Phase::Ready(action) => {
                let then = self.memory.watch(&request, |watched| std::mem::take(&mut watched.then));
                if !then.is_empty() {
                    return Ok(self.finish_change(at, definition, ticket, &seen.model, then).await);
                }
                let wished = self.memory.watch(&request, |watched| watched.wished.clone());
                if wished.iter().any(|(name, value)| seen.model.get(name) != Some(value)) {
                    return Ok(self.running(ticket, definition, "changing".to_owned()));
                }
                let mut words = action.map(|action| format!("ready, action needed: {action}"));
                match self.tried(at, definition, &seen.model, ticket).await {
                    Young::Taken => {}
                    Young::Unproved(why) => words = Some(why),
                    Young::Waiting(why) => {
                        let mut told = self.running(ticket, definition, why);
                        told.retry_after = Some(self.after(BETWEEN_TRIES));
                        return Ok(told);
                    }
                }
                showing(done(ticket, definition, words.unwrap_or_default()), definition, &seen.model)
            }
            Phase::Failed(phase, words) => {
                let wait = resource.ready.as_ref().and_then(|ready| ready.failed_for);
                if still_failed(wait) {
                    let words = if words.is_empty() {
                        format!("its state is {phase}")
                    } else {
                        format!("{phase}: {words}")
                    };
                    let message = format!("{}: {words}", self.what(definition, &ticket.key));
                    failed(ticket, definition, "EndedBadly".to_owned(), message)
                } else {
                    self.running(ticket, definition, phase)
                }
            }
            Phase::Leaving(phase) => {
                let message = format!("{} is being removed ({phase})", self.what(definition, &ticket.key));
                failed(ticket, definition, "Leaving".to_owned(), message)
            }
            Phase::Pending(phase) => {
                self.memory.watch(&request, |watched| watched.failed_since = None);
                let is_new = resource.ready.as_ref().is_some_and(|ready| ready::is_unknown(ready, &phase));
                let words =
                    if is_new { format!("{phase}, a state that this version does not know") } else { phase };
                self.running(ticket, definition, words)
            }
        })
    }

    /// Sends what had to wait until the resource has settled. It was accepted: what goes wrong now is how it ended, and no refusal.
    async fn finish_change(
        &self,
        at: &Target,
        definition: &Definition,
        ticket: &Ticket,
        live: &Model,
        then: Model,
    ) -> Progress {
        let request = ticket.token();
        let mut next = live.clone();
        next.extend(then.clone());
        let failure = match self.change(at, definition, live, &next).await {
            Ok(wished) => {
                self.memory.watch(&request, |watched| watched.wished = wished);
                return self.running(ticket, definition, "changing".to_owned());
            }
            Err(failure) => failure,
        };
        // It may be less settled than it looks (Confluent trap 34).
        let passes = matches!(
            failure.kind,
            FailureKind::Conflict | FailureKind::Throttled | FailureKind::Unavailable | FailureKind::NoAnswer
        );
        let names: Vec<&str> = then.keys().map(String::as_str).collect();
        let message = format!("{} is not set yet: {}", names.join(", "), failure.message);
        let refusals = self.memory.watch(&request, |watched| {
            watched.refusals += 1;
            watched.refusals
        });
        if !passes || refusals > REFUSALS {
            return failed(ticket, definition, failure.code, message);
        }
        self.memory.watch(&request, |watched| watched.then = then);
        self.running(ticket, definition, message)
    }

    /// Looks for a create without an answer.
    async fn doubt(
        &self,
        at: &Target,
        definition: &Definition,
        ticket: &Ticket,
    ) -> Result<Progress, Failure> {
        let request = ticket.token();
        let mut found = self.find(at, definition, &ticket.key).await?.unwrap_or_default();
        let holds_once = definition.resource.properties.values().any(|property| property.once);
        let sent_ms = self.memory.watch(&request, |watched| watched.absent_at).filter(|_| holds_once);
        if let ([one], Some(sent_ms)) = (found.as_slice(), sent_ms) {
            let identity = self.identity(definition, one);
            match self.look(at, definition, &identity).await?.map(|seen| made_at(definition, &seen.answer)) {
                Some(Some(made_ms)) if made_ms.saturating_add(CLOCKS_MS) >= sent_ms => {
                    return self.remove_useless(at, definition, ticket, one).await;
                }
                // An older one, or one that is gone: it is not what the create made.
                Some(Some(_)) | None => found.clear(),
                Some(None) => {
                    let message = format!(
                        "a create of {} had no answer, and now {} has its name. The service does not say when it was made: it \
                         may be of somebody else. Delete it if nobody uses it, and try again",
                        definition.ty,
                        self.names_of(definition, &found)
                    );
                    return Ok(failed(ticket, definition, UNDATED.to_owned(), message));
                }
            }
        }
        match found.as_slice() {
            [one] => {
                // Lists may show what is gone; only a read says that it is there (Confluent trap 44).
                let key = self.identity(definition, one);
                let mut told = Ticket { key, in_doubt: false, ..ticket.clone() };
                let state = self.arriving(at, definition, &told).await?;
                told.key.clone_from(&ticket.key);
                Ok(Progress { request, ..state })
            }
            [] => {
                let (misses, why) = self.memory.watch(&request, |watched| {
                    watched.misses += 1;
                    (watched.misses, watched.why.clone())
                });
                if misses >= MISSES {
                    let why = if why.is_empty() { "the create had no answer".to_owned() } else { why };
                    let message = format!("{why}; looked for it {misses} times, it was not made");
                    return Ok(failed(ticket, definition, NOT_ARRIVED.to_owned(), message));
                }
                let mut told = self.running(ticket, definition, "looking for it".to_owned());
                told.identifier = None;
                told.retry_after = Some(self.after(BETWEEN_LOOKS));
                Ok(told)
            }
            several => {
                let message = format!(
                    "a create of {} had no answer, and now several have its name: {}. Say with `identifier` which is meant",
                    definition.ty,
                    self.names_of(definition, several)
                );
                Ok(failed(ticket, definition, SEVERAL.to_owned(), message))
            }
        }
    }

    /// Deletes what a create without an answer made: its secret was in the answer, so that it is of no use to anybody
    /// (confluent.md section 12).
    async fn remove_useless(
        &self,
        at: &Target,
        definition: &Definition,
        ticket: &Ticket,
        one: &Model,
    ) -> Result<Progress, Failure> {
        let identity = identity_of(definition, one);
        let nothing = ClientToken::new("");
        let removed = self.delete(at, definition, &identity, &nothing).await?;
        let message = format!(
            "{}: its secret was lost with the answer; it was deleted, to be made anew",
            self.what(definition, one)
        );
        if removed.status.is_terminal() {
            return Ok(failed(ticket, definition, NOT_ARRIVED.to_owned(), message));
        }
        let mut told = self.running(ticket, definition, message);
        told.identifier = None;
        Ok(told)
    }
}

/// When a resource was made, Unix milliseconds, if its answer tells.
fn made_at(definition: &Definition, answer: &Json) -> Option<i64> {
    let text = model::at(answer, definition.resource.created_at.as_deref()?)?.as_str()?;
    Some(text.parse::<jiff::Timestamp>().ok()?.as_millisecond())
}
