//! One operation from intent to end: journal, submit, journal, poll.

use super::{Message, NotWritten, Stopping, Unit, look, target_of};
use crate::follow::{Followed, Following, Polled, status_word};
use crate::schedule::{Schedule, limit};
use crate::token::client_token;
use stack_core::event::{EventKind, WaitReason};
use stack_core::identity::Identifier;
use stack_core::ids::{Address, ClientToken, RequestToken};
use stack_core::journal::{Record, SettledStatus};
use stack_core::provider::{Failure, FailureKind, Operation, Progress, Provider, Status, Verb};
use std::time::Duration;
use tokio::time::Instant;

/// Clocks of two machines agree about so well. An event that is older than this before the submit is an old one.
const SKEW_MS: i64 = 1_000;
/// An operation that ended longer ago than this shows in reads.
const YOUNG_MS: i64 = 2 * 60 * 1000;
/// Old events in a row after which the clocks are to blame, not the events.
const SPENT: u32 = 8;
/// Requests of others are looked at so far back.
const LOOK_BACK_MS: i64 = 60_000;

/// How an operation went.
pub(super) enum Performed {
    /// It is done, says the service.
    Success { identifier: Option<Identifier>, request: RequestToken, ended: Box<Progress> },
    /// It was refused at once, or ended badly.
    Trouble(Box<Trouble>),
    /// Nobody knows how it ended.
    Unknown { request: Option<RequestToken>, failure: Failure },
    /// Nobody answered, and the service keeps no records: only what is there says whether it arrived.
    Unanswered(Box<Trouble>),
    /// It was not sent: the run is stopping.
    Stopping,
    /// It was not sent: the journal cannot be written.
    NoJournal,
}

/// An operation that did not succeed.
pub(super) struct Trouble {
    pub(super) failure: Failure,
    pub(super) ticket: Option<Ticket>,
    /// As far as the service told.
    pub(super) identifier: Option<Identifier>,
    /// Its last state, if it was accepted.
    pub(super) ended: Option<Box<Progress>>,
}

/// An accepted operation.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) request: RequestToken,
    pub(crate) at_ms: Option<i64>,
}

impl Unit {
    /// Sends one operation and sees it to its end. Counts [`Unit::round`] up after every bad end.
    pub(super) async fn perform(&mut self, operation: &Operation) -> Performed {
        let verb = operation.verb();
        let at = self.planned.target.clone();
        let mut spent = 0;
        loop {
            if self.is_stopping() {
                return Performed::Stopping;
            }
            let given = self.given_token(verb);
            let token = given.clone().unwrap_or_else(|| {
                let address = numbered(&self.step.address, self.number_in_step);
                client_token(&self.common.nonce, &address, verb, self.round, self.undo)
            });
            let intent = Record::Intent {
                step: self.step.clone(),
                verb,
                ty: operation.ty().clone(),
                target: self.common.written(&at),
                identifier: self.named(target_of(operation).or(self.own.as_ref())),
                token: token.clone(),
                round: self.round,
                undo: self.undo,
                number: self.number_in_step,
            };
            // Nothing is sent that is not on the disk.
            if self.write(intent).await == Err(NotWritten) {
                return Performed::NoJournal;
            }
            self.show(EventKind::OpBegin {
                step: self.step.clone(),
                verb,
                round: self.round,
                number: self.number,
                of: self.common.steps,
            });
            let sent_ms = self.common.clock.now_ms();
            let provider = std::sync::Arc::clone(&self.common.provider);
            let watch = std::sync::Arc::clone(&self.watch);
            let accepted = match provider.submit_watched(&at, operation, &token, &*watch).await {
                Ok(progress) => progress,
                Err(failure) if failure.kind == FailureKind::NoAnswer => {
                    if !provider.keeps_requests(operation.ty()) {
                        return self.unanswered(operation, failure).await;
                    }
                    match self.search(operation, sent_ms).await {
                        Ok(Some(progress)) => progress,
                        Ok(None) => {
                            self.settle(SettledStatus::NeverSent, None).await;
                            return self.trouble(failure, None, None);
                        }
                        Err(_) => {
                            self.settle(SettledStatus::Unknown, None).await;
                            return Performed::Unknown { request: None, failure };
                        }
                    }
                }
                // It waited for its turn and was never accepted: it is not begun.
                Err(failure) if failure.kind == FailureKind::Throttled && self.is_stopping() => {
                    self.settle(SettledStatus::NeverSent, None).await;
                    return Performed::Stopping;
                }
                Err(failure) => {
                    self.settle(SettledStatus::Failed, None).await;
                    return self.trouble(failure, None, None);
                }
            };
            let request = accepted.request.clone();
            self.note(Record::Accepted { step: self.step.clone(), request: request.clone() }).await;
            self.show(EventKind::OpAccepted { step: self.step.clone(), verb, request: request.clone() });

            let ended_badly = matches!(accepted.status, Status::Failed | Status::CancelComplete);
            // A token of the user's may be the same in every run. What it made long ago is not what is asked for now: the
            // read before says that it is not there. A moment ago is another matter: reads lag.
            let long_ago = |at: i64| at < sent_ms - YOUNG_MS;
            if given.is_some() && accepted.status == Status::Success && accepted.at.is_some_and(long_ago) {
                self.settle(SettledStatus::Failed, None).await;
                self.round += 1;
                continue;
            }
            if ended_badly && spent < SPENT && accepted.at.is_some_and(|at| at < sent_ms - SKEW_MS) {
                // The same plan was run before and this round failed then. Its token is used up.
                self.settle(SettledStatus::Failed, None).await;
                self.round += 1;
                spent += 1;
                continue;
            }
            return self.finish(operation, accepted).await;
        }
    }

    /// Writes down that nobody answered. See [`stack_core::provider::Provider::keeps_requests`].
    async fn unanswered(&mut self, operation: &Operation, failure: Failure) -> Performed {
        let Some(target) = target_of(operation) else {
            self.settle(SettledStatus::NeverSent, None).await;
            return self.trouble(failure, None, None);
        };
        self.settle(SettledStatus::Unknown, Some(target)).await;
        self.round += 1;
        self.has_begun |= failure.partly;
        let identifier = Some(target.clone());
        Performed::Unanswered(Box::new(Trouble { failure, ticket: None, identifier, ended: None }))
    }

    /// The token that a statement gives to the first request of this kind.
    fn given_token(&self, verb: Verb) -> Option<ClientToken> {
        if self.round > 0 || self.undo {
            return None;
        }
        let mut all = self.planned.client_tokens.iter();
        all.find(|(of, _)| *of == verb).map(|(_, token)| token.clone())
    }

    /// Polls an accepted operation to its end and writes the end down.
    async fn finish(&mut self, operation: &Operation, accepted: Progress) -> Performed {
        let request = accepted.request.clone();
        let ended = match self.poll_to_end(operation.verb(), accepted).await {
            Followed::Ended(ended) => ended,
            Followed::GivenUp(_, failure) => {
                self.settle(SettledStatus::Unknown, None).await;
                return Performed::Unknown { request: Some(request), failure };
            }
            // Nobody leaves: a run that stops drops its units.
            Followed::Left(_) => return Performed::Stopping,
        };
        let told = ended
            .identifier
            .as_deref()
            .filter(|text| !text.is_empty())
            .and_then(|text| Identifier::parse(&self.schema, text));
        let identifier = told.or_else(|| target_of(operation).cloned());
        let status = match ended.status {
            Status::Success => SettledStatus::Success,
            Status::CancelComplete => SettledStatus::Cancelled,
            _ => SettledStatus::Failed,
        };
        self.settle(status, identifier.as_ref()).await;
        if status == SettledStatus::Success {
            return Performed::Success { identifier, request, ended: Box::new(ended) };
        }
        let failure = self.common.provider.failure_of(&ended);
        if failure.kind == FailureKind::Throttled {
            // Throttling inside a failed operation is throttling all the same (trap 92).
            self.common.provider.slow_down(&self.planned.target);
        }
        let ticket = Ticket { request, at_ms: ended.at };
        self.trouble(failure, Some((ticket, ended)), identifier)
    }

    fn trouble(
        &mut self,
        failure: Failure,
        accepted: Option<(Ticket, Progress)>,
        identifier: Option<Identifier>,
    ) -> Performed {
        self.round += 1;
        self.has_begun |= failure.partly || accepted.is_some();
        let (ticket, ended) = accepted.map(|(ticket, ended)| (ticket, Box::new(ended))).unzip();
        Performed::Trouble(Box::new(Trouble { failure, ticket, identifier, ended }))
    }

    async fn settle(&self, status: SettledStatus, identifier: Option<&Identifier>) {
        let identifier = self.named(identifier);
        self.note(Record::Settled { step: self.step.clone(), status, identifier }).await;
    }

    /// Follows an accepted operation, and shows it.
    async fn poll_to_end(&mut self, verb: Verb, accepted: Progress) -> Followed {
        let common = std::sync::Arc::clone(&self.common);
        let watch = std::sync::Arc::clone(&self.watch);
        let following = Following {
            provider: &common.provider,
            clock: &*common.clock,
            at: &self.planned.target,
            watch: &*watch,
            limit: limit(&self.schema, verb, self.timeout),
        };
        let (step, mut polls) = (self.step.clone(), self.polls);
        let tell = self.tell.clone();
        let mut told = |polled: Polled<'_>| {
            polls += 1;
            let step = step.clone();
            let kind = match polled {
                Polled::Running(progress, next) => EventKind::OpPoll {
                    step,
                    verb,
                    polls,
                    status: status_word(&progress.status).to_owned(),
                    message: progress.message.clone(),
                    next,
                },
                Polled::Unread(failure) => EventKind::OpWait {
                    step,
                    why: WaitReason::Retry,
                    delay: Duration::ZERO,
                    detail: format!("the state cannot be read: {}", failure.code),
                },
            };
            // A dispatcher that is gone wants no events.
            let _ = tell.send(Message::Event(kind));
        };
        let was_running = !accepted.status.is_terminal();
        let followed = following.to_end(accepted, &mut told, std::future::pending()).await;
        // The last answer is counted as well.
        let ended_by_poll = was_running && matches!(followed, Followed::Ended(_));
        self.polls = polls + u32::from(ended_by_poll);
        followed
    }

    /// Looks for an operation that was sent and not answered among the service's own records.
    ///
    /// # Errors
    /// If they cannot be read, or if more than one may be ours.
    async fn search(&self, operation: &Operation, sent_ms: i64) -> Result<Option<Progress>, ()> {
        let since = sent_ms - LOOK_BACK_MS;
        let newest_first = |page: &[Progress]| page.last().is_none_or(|p| p.at.is_none_or(|at| at >= since));
        let at = &self.planned.target;
        let all = self.common.provider.all_requests(at, false, newest_first).await.map_err(|_| ())?;
        let ours = target_of(operation).or(self.own.as_ref());
        let mut found = all.into_iter().filter(|progress| {
            progress.ty.as_ref() == Some(operation.ty())
                && progress.verb == Some(operation.verb())
                && progress.at.is_some_and(|at| at >= sent_ms - SKEW_MS)
                && look::same_resource(progress.identifier.as_deref(), ours)
        });
        match (found.next(), found.next()) {
            (None, _) => Ok(None),
            (Some(one), None) => Ok(Some(one)),
            (Some(_), Some(_)) => Err(()),
        }
    }

    /// Waits for the operation that is in the way, as long as an operation of ours may take.
    pub(super) async fn follow(&mut self, verb: Verb, blocker: Option<RequestToken>) -> Result<(), Stopping> {
        let provider = std::sync::Arc::clone(&self.common.provider);
        let watch = std::sync::Arc::clone(&self.watch);
        let at = self.planned.target.clone();
        let Some(request) = blocker else {
            return self.pause(Duration::from_secs(10), WaitReason::Busy, String::new()).await;
        };
        let (limit, began) = (limit(&self.schema, verb, self.timeout), Instant::now());
        let mut schedule = Schedule::default();
        loop {
            let wait =
                provider.stretched(&at, schedule.next(began.elapsed(), Duration::ZERO, provider.jitter()));
            self.pause(wait, WaitReason::Busy, format!("request {request}")).await?;
            match provider.poll_watched(&at, &request, &*watch).await {
                Ok(progress) if progress.status.is_terminal() => return Ok(()),
                Ok(_) => {}
                // Not ours to know: whether it is still in the way shows with the next try.
                Err(failure) if matches!(failure.kind, FailureKind::NoAnswer | FailureKind::Unavailable) => {}
                Err(_) => return self.pause(Duration::from_secs(10), WaitReason::Busy, String::new()).await,
            }
            if began.elapsed() >= limit {
                return Ok(());
            }
        }
    }
}

/// What an operation of a step is called in tokens: a step of one operation by its address alone.
fn numbered(address: &Address, number: u32) -> Address {
    if number == 0 { address.clone() } else { Address::from(format!("{address}#{number}")) }
}
