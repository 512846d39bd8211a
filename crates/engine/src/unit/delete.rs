//! Removing a resource.

use super::look::After;
use super::operation::{Performed, Trouble};
use super::{Aftermath, Done, End, Failed, Requeued, UNANSWERED, Unit};
use crate::verdict::Verdict;
use stack_core::event::EventKind;
use stack_core::journal::Record;
use stack_core::provider::{Operation, Verb};

/// Nothing was left to do.
pub(crate) const ALREADY_GONE: &str = "already gone";

impl Unit {
    /// Deletes the resource and sees it gone.
    pub(super) async fn delete(mut self) -> End {
        let Some(identifier) = self.own.clone() else {
            let problem = self.broken("a delete without an identifier");
            return self.failed(Some(Verb::Delete), "NoIdentifier", problem, Aftermath::Unchanged);
        };
        let operation = Operation::Delete { ty: self.planned.ty.clone(), identifier: identifier.clone() };
        let mut last: Option<Box<Trouble>> = None;
        let mut unanswered = 0;
        loop {
            let trouble = match self.perform(&operation).await {
                Performed::Success { request, .. } => {
                    let problem = match self.confirm_gone(&identifier).await {
                        After::Gone(reads) => {
                            self.show(EventKind::Verify {
                                step: self.step.clone(),
                                reads,
                                residue: Vec::new(),
                            });
                            return self.gone("").await;
                        }
                        After::Still => self.not_gone(request.as_str(), None),
                        After::Unreadable(failure) => self.not_gone(request.as_str(), Some(&failure)),
                    };
                    self.fail_record("NotGone").await;
                    return self.failed(Some(Verb::Delete), "NotGone", problem, Aftermath::Changed);
                }
                Performed::Unknown { request, failure } => {
                    return self.nobody_knows(Verb::Delete, request, &failure);
                }
                Performed::Unanswered(trouble) => {
                    unanswered += 1;
                    match self.confirm_gone(&identifier).await {
                        After::Gone(_) => return self.gone("").await,
                        After::Still if unanswered <= UNANSWERED => {
                            last = Some(trouble);
                            continue;
                        }
                        After::Still | After::Unreadable(_) => {
                            return self.nobody_knows(Verb::Delete, None, &trouble.failure);
                        }
                    }
                }
                Performed::NoJournal => return self.no_journal(Verb::Delete).await,
                Performed::Stopping => {
                    return match last {
                        None => End::NotBegun,
                        Some(trouble) => self.give_up(Verb::Delete, *trouble, None).await,
                    };
                }
                Performed::Trouble(trouble) => trouble,
            };
            let failure = &trouble.failure;
            let transience = self.common.provider.transience(&failure.message);
            let since_change = self.fresh.map(|at| at.elapsed());
            let jitter = self.common.provider.jitter();
            let verdict = self.tried.verdict(Verb::Delete, failure, transience, since_change, jitter);
            let waited = match verdict {
                Verdict::Vanished => return self.gone(ALREADY_GONE).await,
                Verdict::Requeue => return self.requeue(&trouble),
                verdict => self.wait_for(verdict, Verb::Delete, failure).await,
            };
            // Services word an absence in many ways (trap 95): a read says whether there is anything left to do.
            match self.read(&identifier).await {
                Ok(None) => return self.gone(ALREADY_GONE).await,
                Ok(Some(found)) if self.schema.is_leaving(&found.model) => {
                    return self.gone("on its way").await;
                }
                Ok(Some(_)) | Err(_) if waited.is_err() => {
                    return self.give_up(Verb::Delete, *trouble, None).await;
                }
                Ok(Some(_)) | Err(_) => last = Some(trouble),
            }
        }
    }

    async fn gone(&self, note: &'static str) -> End {
        self.note(Record::Verified { step: self.step.clone() }).await;
        End::Done(Box::new(Done {
            verb: Some(Verb::Delete),
            identifier: self.own.clone(),
            masked: self.masked,
            output: None,
            residue: Vec::new(),
            warnings: Vec::new(),
            note,
            changed: note != ALREADY_GONE,
            inverse: None,
            made: Vec::new(),
            polls: self.polls,
        }))
    }

    fn requeue(&self, trouble: &Trouble) -> End {
        let failed = Failed {
            verb: Some(Verb::Delete),
            code: trouble.failure.code.clone(),
            diagnostic: self.in_use(trouble),
            aftermath: Aftermath::Unchanged,
            made: Vec::new(),
        };
        End::Requeue(Box::new(Requeued { step: self.step.clone(), failed, next_round: self.round }))
    }
}
