//! Making or changing a resource.

use super::look::Seen;
use super::operation::{Performed, Trouble};
use super::{Aftermath, Done, End, Failed, Stopping, UNANSWERED, Unit, shown};
use crate::inverse::{Inverse, inverse};
use crate::verdict::Verdict;
use serde_json::Value as Json;
use stack_core::desired::Wanted;
use stack_core::diagnostic::Diagnostic;
use stack_core::event::{EventKind, WaitReason};
use stack_core::identity::Identifier;
use stack_core::journal::Record;
use stack_core::observed::{IdentityStep, Sighting};
use stack_core::plan::Change;
use stack_core::planner::{self, Prepared};
use stack_core::provider::{Failure, FailureKind, Operation, Verb};

/// A create was refused, and the resource is there as wanted: somebody else made it.
const THERE: &str = "already there as wanted, this run did not make it";
/// The same, but the create was accepted first: the handler may have met its own work (trap 84).
pub(crate) const PERHAPS_OURS: &str = "already there as wanted, perhaps made by this run";

/// What comes after an operation that did not succeed.
enum Next {
    /// Decide again with this.
    Again(Sighting),
    /// That was it.
    Over(End),
}

impl Unit {
    /// Makes the resource as wanted, or finds that it is.
    pub(super) async fn put(mut self, wanted: &Wanted) -> End {
        let mut sighting = match self.first_look(wanted).await {
            Ok(sighting) => sighting,
            Err(problems) => return self.cannot_look(problems),
        };
        let mut last: Option<(Verb, Box<Trouble>)> = None;
        let mut unanswered = 0;
        loop {
            let allow_replace = self.common.allow_replace.contains(&self.step.address);
            let prepared = planner::prepare(
                &self.planned,
                wanted,
                &self.schema,
                &sighting,
                &self.common.stack,
                allow_replace,
            );
            let operation = match prepared {
                Err(problem) => return self.plan_broke(*problem, last, &sighting).await,
                Ok(Prepared::Nothing) => return self.is_as_wanted(wanted, sighting, last).await,
                Ok(Prepared::Create(props)) => {
                    self.inverse = Some(Inverse::Delete);
                    Operation::Create { ty: self.planned.ty.clone(), props }
                }
                Ok(Prepared::Update { identifier, patch }) => {
                    self.own = Some(identifier.clone());
                    if let (None, Sighting::Present { found, .. }) = (&self.inverse, &sighting) {
                        self.inverse = Some(inverse(&patch, &found.model, &self.schema));
                    }
                    Operation::Update { ty: self.planned.ty.clone(), identifier, patch }
                }
            };
            let verb = operation.verb();
            if let Some((verb, trouble)) = last.as_ref().filter(|_| unanswered > UNANSWERED) {
                return self.nobody_knows(*verb, None, &trouble.failure);
            }
            match self.perform(&operation).await {
                Performed::Success { identifier, request, .. } => {
                    return self.verify(wanted, verb, identifier, request.as_str()).await;
                }
                Performed::Unknown { request, failure } => return self.nobody_knows(verb, request, &failure),
                Performed::Unanswered(trouble) => {
                    unanswered += 1;
                    sighting = match self.seen_after(wanted, &trouble).await {
                        Ok(sighting) => sighting,
                        Err(_) => return self.nobody_knows(verb, None, &trouble.failure),
                    };
                    last = Some((verb, trouble));
                }
                Performed::NoJournal => return self.no_journal(verb).await,
                Performed::Stopping => {
                    return match last {
                        None => End::NotBegun,
                        Some((verb, trouble)) => self.give_up(verb, *trouble, Some(wanted)).await,
                    };
                }
                Performed::Trouble(trouble) => {
                    match self.next(wanted, verb, &trouble).await {
                        Next::Again(seen) => {
                            sighting = seen;
                            if verb == Verb::Create && !made_it(&trouble) {
                                // What is there now must not be deleted by an undo: this run did not make it.
                                self.inverse = None;
                            }
                        }
                        Next::Over(end) => return end,
                    }
                    last = Some((verb, trouble));
                }
            }
        }
    }

    /// What is there after an operation without an answer: it shows whether the operation arrived.
    async fn seen_after(&self, wanted: &Wanted, trouble: &Trouble) -> Result<Sighting, Failure> {
        let Some(identifier) = &trouble.identifier else { return Err(trouble.failure.clone()) };
        match self.read_back(wanted, identifier).await {
            Seen::Visible { found, .. } => Ok(Sighting::Present { found, step: IdentityStep::Declared }),
            Seen::Missing => Ok(Sighting::Absent),
            Seen::Unreadable(failure) => Err(failure),
        }
    }

    /// Decides about an operation that did not succeed.
    async fn next(&mut self, wanted: &Wanted, verb: Verb, trouble: &Trouble) -> Next {
        let failure = &trouble.failure;
        let transience = self.common.provider.transience(&failure.message);
        let since_change = self.fresh.map(|at| at.elapsed());
        let jitter = self.common.provider.jitter();
        let verdict = self.tried.verdict(verb, failure, transience, since_change, jitter);
        let waited = match verdict {
            Verdict::Again { .. } | Verdict::Follow => self.wait_for(verdict, verb, failure).await,
            Verdict::Exists => return self.whose_is_it(wanted, verb, trouble).await,
            Verdict::Vanished if verb == Verb::Create => return self.own_read_back(wanted, trouble).await,
            Verdict::Vanished => Ok(()),
            Verdict::Requeue | Verdict::Final => return self.over(wanted, verb, trouble).await,
        };
        if waited == Err(Stopping) {
            return self.over(wanted, verb, trouble).await;
        }
        // A failed operation may have done its work, or half of it.
        let told = trouble.identifier.clone().or_else(|| self.own.clone());
        match self.look(wanted, told.as_ref()).await {
            Ok(Sighting::Present { .. }) if verdict == Verdict::Vanished => {
                self.over(wanted, verb, trouble).await
            }
            Ok(sighting) => Next::Again(sighting),
            Err(_) => self.over(wanted, verb, trouble).await,
        }
    }

    /// The resource exists already. Either the handler tried its own create twice (trap 84), or somebody owns it; what
    /// the planner makes of it decides.
    async fn whose_is_it(&mut self, wanted: &Wanted, verb: Verb, trouble: &Trouble) -> Next {
        let told = trouble.identifier.clone().or_else(|| self.own.clone());
        let mut looked = self.look(wanted, told.as_ref()).await;
        if looked == Ok(Sighting::Absent) {
            let detail = "it exists, says the service, but a read does not see it".to_owned();
            if self.pause(Self::OWN_CREATE, WaitReason::NextRound, detail).await.is_ok() {
                looked = self.look(wanted, told.as_ref()).await;
            }
        }
        match looked {
            Ok(present @ Sighting::Present { .. }) => Next::Again(present),
            // Absent to us and there for the service: another account or region has the name.
            Ok(_) | Err(_) => {
                let problem = self.service_problem(verb, trouble);
                let code = &trouble.failure.code;
                self.fail_record(code).await;
                Next::Over(self.failed(Some(verb), code, problem, Aftermath::Unchanged))
            }
        }
    }

    /// A create that ended in "not found": the handler's own read came too early, or something that it needs is
    /// missing.
    async fn own_read_back(&mut self, wanted: &Wanted, trouble: &Trouble) -> Next {
        if trouble.ticket.is_some()
            && let Some(identifier) = &trouble.identifier
            && let Seen::Visible { found, .. } = self.read_back(wanted, identifier).await
        {
            return Next::Again(Sighting::Present { found, step: IdentityStep::Declared });
        }
        self.over(wanted, Verb::Create, trouble).await
    }

    async fn over(&mut self, wanted: &Wanted, verb: Verb, trouble: &Trouble) -> Next {
        Next::Over(self.give_up(verb, trouble, Some(wanted)).await)
    }

    /// Fails for good, saying what is left.
    pub(super) async fn give_up(
        &self,
        verb: Verb,
        trouble: impl std::borrow::Borrow<Trouble>,
        wanted: Option<&Wanted>,
    ) -> End {
        let trouble = trouble.borrow();
        let code = &trouble.failure.code;
        // What an earlier round did stays done.
        let was_sent = trouble.ticket.is_some() || self.has_begun;
        let aftermath = match trouble.failure.kind {
            // Refused at once: nothing was started.
            FailureKind::Busy if !was_sent => Aftermath::Busy,
            // What is there was made by somebody else, or long before.
            FailureKind::AlreadyExists if verb == Verb::Create => Aftermath::Unchanged,
            FailureKind::Unavailable | FailureKind::Internal | FailureKind::NotStabilized => {
                self.aftermath(verb, wanted, trouble.identifier.as_ref()).await
            }
            _ if !was_sent => Aftermath::Unchanged,
            _ => self.aftermath(verb, wanted, trouble.identifier.as_ref()).await,
        };
        let problem = self.with_remains(self.service_problem(verb, trouble), verb, &aftermath);
        self.fail_record(code).await;
        self.failed(Some(verb), code, problem, aftermath)
    }

    /// Adds what a failed operation left.
    fn with_remains(&self, problem: Diagnostic, verb: Verb, aftermath: &Aftermath) -> Diagnostic {
        match aftermath {
            Aftermath::Part(identifier) => problem
                .note(
                    "created in part",
                    format!("{} {}", self.planned.ty, shown(identifier, self.hides(identifier))),
                )
                .note("", "it is left as it is; the next plan finds it and finishes or replaces it"),
            Aftermath::Changed if verb == Verb::Update => {
                problem.note("changed", "the live resource is not as before, or cannot be compared")
            }
            Aftermath::Unchanged | Aftermath::Busy | Aftermath::Changed | Aftermath::Unknown(_) => problem,
        }
    }

    pub(super) async fn fail_record(&self, code: &str) {
        self.note(Record::Failed { step: self.step.clone(), code: code.to_owned() }).await;
    }

    /// The service says that it is done. Only a read makes it so.
    async fn verify(&mut self, wanted: &Wanted, verb: Verb, told: Option<Identifier>, request: &str) -> End {
        let identifier = match told.or_else(|| self.own.clone()) {
            Some(identifier) => Some(identifier),
            // No word about which resource it is: what the manifest says finds it.
            None => match self.look(wanted, None).await {
                Ok(Sighting::Present { found, .. }) => Some(found.identifier),
                _ => None,
            },
        };
        let seen = match &identifier {
            Some(identifier) => self.read_back(wanted, identifier).await,
            None => Seen::Missing,
        };
        match seen {
            Seen::Visible { found, reads, residue } => {
                self.show(EventKind::Verify {
                    step: self.step.clone(),
                    reads,
                    residue: residue.iter().map(|change| change.path.clone()).collect(),
                });
                let warnings =
                    if residue.is_empty() { Vec::new() } else { vec![self.residue_warning(&residue)] };
                self.done(wanted, Some(verb), found.identifier, &found.model, residue, warnings, "").await
            }
            Seen::Missing => {
                let problem = self.not_visible(verb, identifier.as_ref(), request, None);
                self.fail_record("NotVisible").await;
                self.failed(Some(verb), "NotVisible", problem, Aftermath::Changed)
            }
            Seen::Unreadable(failure) => {
                let problem = self.not_visible(verb, identifier.as_ref(), request, Some(&failure));
                self.fail_record(&failure.code).await;
                self.failed(Some(verb), &failure.code, problem, Aftermath::Changed)
            }
        }
    }

    /// The live resource is as wanted, maybe in spite of a failed operation.
    async fn is_as_wanted(
        &mut self,
        wanted: &Wanted,
        sighting: Sighting,
        last: Option<(Verb, Box<Trouble>)>,
    ) -> End {
        let Sighting::Present { found, .. } = sighting else {
            self.note(Record::Verified { step: self.step.clone() }).await;
            return End::Done(Box::new(Done {
                verb: None,
                identifier: None,
                masked: self.masked,
                output: None,
                residue: Vec::new(),
                warnings: Vec::new(),
                note: "nothing to do",
                changed: false,
                inverse: None,
                made: Vec::new(),
                polls: self.polls,
            }));
        };
        let (verb, warnings, note) = match &last {
            None => (None, Vec::new(), "already as wanted"),
            Some((Verb::Create, trouble)) if !made_it(trouble) => {
                let note = if trouble.ticket.is_some() { PERHAPS_OURS } else { THERE };
                (None, vec![self.done_anyway(Verb::Create, trouble)], note)
            }
            Some((verb, trouble)) => (
                Some(*verb),
                vec![self.done_anyway(*verb, trouble)],
                "as wanted, although the operation failed",
            ),
        };
        self.done(wanted, verb, found.identifier, &found.model, Vec::new(), warnings, note).await
    }

    #[expect(clippy::too_many_arguments, reason = "the fields of `Done`, each once")]
    async fn done(
        &mut self,
        wanted: &Wanted,
        verb: Option<Verb>,
        identifier: Identifier,
        live: &Json,
        residue: Vec<Change>,
        warnings: Vec<Diagnostic>,
        note: &'static str,
    ) -> End {
        self.note(Record::Verified { step: self.step.clone() }).await;
        End::Done(Box::new(Done {
            verb,
            identifier: Some(identifier),
            masked: self.masked,
            output: Some(planner::output_of(Some(wanted), &self.schema, live)),
            residue,
            warnings,
            note,
            changed: verb.is_some() || note == PERHAPS_OURS,
            inverse: self.inverse.clone(),
            made: Vec::new(),
            polls: self.polls,
        }))
    }

    /// The planner does not agree to go on. After a failed operation its words stand behind the service's.
    async fn plan_broke(
        &self,
        problem: Diagnostic,
        last: Option<(Verb, Box<Trouble>)>,
        sighting: &Sighting,
    ) -> End {
        let Some((verb, trouble)) = last else {
            self.fail_record(&problem.code.to_string()).await;
            let code = problem.code.to_string();
            return self.failed(None, &code, problem, Aftermath::Unchanged);
        };
        let code = &trouble.failure.code;
        let aftermath = match (sighting, trouble.failure.kind) {
            // Made by somebody else, or long before.
            (_, FailureKind::AlreadyExists | FailureKind::Busy) => Aftermath::Unchanged,
            (Sighting::Present { found, .. }, _) if verb == Verb::Create && trouble.ticket.is_some() => {
                Aftermath::Part(found.identifier.clone())
            }
            _ if trouble.ticket.is_none() => Aftermath::Unchanged,
            _ => Aftermath::Changed,
        };
        let mut whole = self.service_problem(verb, &trouble).note("plan", problem.message);
        whole.notes.extend(problem.notes);
        let whole = self.with_remains(whole, verb, &aftermath);
        self.fail_record(code).await;
        self.failed(Some(verb), code, whole, aftermath)
    }

    fn cannot_look(&self, problems: Vec<Diagnostic>) -> End {
        let problem = problems.into_iter().next().unwrap_or_else(|| self.broken("no key and no reason"));
        let code = problem.code.to_string();
        self.failed(None, &code, problem, Aftermath::Unchanged)
    }

    pub(super) async fn no_journal(&self, verb: Verb) -> End {
        End::Failed(Box::new(Failed {
            verb: Some(verb),
            code: "NoJournal".to_owned(),
            diagnostic: self.not_sent_without_journal(),
            aftermath: Aftermath::Unchanged,
            made: Vec::new(),
        }))
    }
}

/// True if the failed create may have made what is there now: it was accepted, and did not meet the work of another.
fn made_it(trouble: &Trouble) -> bool {
    let met_another = matches!(
        trouble.failure.kind,
        FailureKind::AlreadyExists | FailureKind::Busy | FailureKind::TokenConflict
    );
    trouble.ticket.is_some() && !met_another
}
