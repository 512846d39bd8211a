//! Undoing a change: the opposite patch, and a read that shows the old values.

use super::operation::Performed;
use super::{Aftermath, Done, End, Unit};
use crate::inverse::holds;
use crate::schedule::RESIDUE;
use serde_json::Value as Json;
use stack_core::journal::Record;
use stack_core::provider::{Operation, Verb};
use tokio::time::sleep;

impl Unit {
    /// Sends the patch and sees it applied.
    pub(super) async fn restore(mut self, patch: Json) -> End {
        let Some(identifier) = self.own.clone() else {
            let problem = self.broken("an undo without an identifier");
            return self.failed(Some(Verb::Update), "NoIdentifier", problem, Aftermath::Changed);
        };
        let ty = self.planned.ty.clone();
        let operation = Operation::Update { ty, identifier: identifier.clone(), patch: patch.clone() };
        let trouble = loop {
            match self.perform(&operation).await {
                Performed::Success { .. } => break None,
                Performed::Unknown { request, failure } => {
                    return self.nobody_knows(Verb::Update, request, &failure);
                }
                // The reads below say whether the old values are back.
                Performed::Unanswered(trouble) => break Some((trouble, true)),
                Performed::NoJournal => return self.no_journal(Verb::Update).await,
                Performed::Stopping => return End::NotBegun,
                Performed::Trouble(trouble) => {
                    let failure = &trouble.failure;
                    let jitter = self.common.provider.jitter();
                    let verdict = self.tried.verdict(Verb::Update, failure, None, None, jitter);
                    let waited = self.wait_for(verdict, Verb::Update, failure).await.is_ok();
                    if !waited {
                        break Some((trouble, false));
                    }
                }
            }
        };
        let mut waits = RESIDUE.iter();
        loop {
            if let Ok(Some(found)) = self.read(&identifier).await
                && holds(&patch, &found.model)
            {
                self.note(Record::Verified { step: self.step.clone() }).await;
                return End::Done(Box::new(Done {
                    verb: Some(Verb::Update),
                    identifier: Some(identifier),
                    masked: self.masked,
                    output: None,
                    residue: Vec::new(),
                    warnings: Vec::new(),
                    note: "",
                    changed: true,
                    inverse: None,
                    made: Vec::new(),
                    polls: self.polls,
                }));
            }
            match (&trouble, waits.next()) {
                (None | Some((_, true)), Some(wait)) => sleep(*wait).await,
                (Some((trouble, true)), None) => {
                    return self.nobody_knows(Verb::Update, None, &trouble.failure);
                }
                (Some((trouble, false)), _) => return self.give_up(Verb::Update, &**trouble, None).await,
                (None, None) => {
                    let problem = self.not_restored();
                    self.fail_record("NotRestored").await;
                    return self.failed(Some(Verb::Update), "NotRestored", problem, Aftermath::Changed);
                }
            }
        }
    }
}
