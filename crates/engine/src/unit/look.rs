//! Looking at one resource: before a decision, after a success, after a failure, after a delete.

use super::{Aftermath, Unit};
use crate::observe::sight;
use crate::paced::{OnWait, Paced};
use crate::schedule::{GONE, READ_BACK, RESIDUE};
use crate::search::Searcher;
use stack_core::desired::Wanted;
use stack_core::diagnostic::Diagnostic;
use stack_core::identity::{Identifier, Key};
use stack_core::ids::Target;
use stack_core::observed::{IdentityStep, Question, Sighting};
use stack_core::plan::{Action, Change};
use stack_core::planner;
use stack_core::provider::{Failure, Found, Verb};
use stack_core::schema::ResourceSchema;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// What a read-back saw.
pub(super) enum Seen {
    /// The resource, how many reads it took, and what the service did not take.
    Visible { found: Box<Found>, reads: u32, residue: Vec<Change> },
    /// Not there, for about a minute.
    Missing,
    /// Nobody knows.
    Unreadable(Failure),
}

/// What a read after a delete saw.
pub(crate) enum After {
    /// It is gone, or on its way; after so many reads.
    Gone(u32),
    /// It is still there.
    Still,
    /// Nobody knows.
    Unreadable(Failure),
}

impl Unit {
    /// What is there before the first decision. Reads only where the plan could not: a plan with a sighting is not
    /// read again.
    pub(super) async fn first_look(&self, wanted: &Wanted) -> Result<Sighting, Vec<Diagnostic>> {
        let planned = &self.planned;
        if let (Some(identifier), Some(model)) = (&planned.identifier, &planned.live) {
            let found = Found { identifier: identifier.clone(), model: model.clone() };
            let step = planned.found_by.unwrap_or(IdentityStep::Declared);
            return Ok(Sighting::Present { found: Box::new(found), step });
        }
        // A replacement always creates; what the plan has looked for is not looked for again.
        let is_replacement = matches!(planned.action, Action::Replace(_));
        if is_replacement || (planned.action == Action::Create && planned.looked_for) {
            return Ok(Sighting::Absent);
        }
        let mut question = self.question(wanted)?;
        if planned.action == Action::Create {
            // It hangs on what this run has made, so that nothing is there but what another took the name of.
            question.search = None;
        }
        Ok(self.ask(&question).await)
    }

    /// Reads the resource: by its identifier where it is known, else by what the manifest says.
    pub(super) async fn look(
        &self,
        wanted: &Wanted,
        identifier: Option<&Identifier>,
    ) -> Result<Sighting, Vec<Diagnostic>> {
        if let Some(identifier) = identifier {
            return Ok(match self.read(identifier).await {
                Ok(Some(found)) => Sighting::Present { found: Box::new(found), step: IdentityStep::Declared },
                Ok(None) => Sighting::Absent,
                Err(failure) => Sighting::Unreadable(failure),
            });
        }
        let question = self.question(wanted)?;
        Ok(self.ask(&question).await)
    }

    /// Asks anew: what was seen before may have changed since.
    async fn ask(&self, question: &Question) -> Sighting {
        let searcher =
            Arc::new(Searcher::new(Arc::clone(&self.common.provider), Arc::clone(&self.common.clock)));
        sight(&searcher, question, &*self.watch).await
    }

    fn question(&self, wanted: &Wanted) -> Result<Question, Vec<Diagnostic>> {
        let ledger = self.common.ledger.get(&self.step.address);
        planner::question(wanted, &self.schema, &self.common.stack, ledger)
    }

    pub(super) async fn read(&self, identifier: &Identifier) -> Result<Option<Found>, Failure> {
        let key = Key::Primary(identifier.clone());
        self.common.provider.read_watched(&self.planned.target, &self.planned.ty, &key, &*self.watch).await
    }

    /// Reads what was just made or changed. Clouds show it late (traps 90, 58): a missing resource is read again for
    /// about a minute, a missing value for some seconds.
    pub(super) async fn read_back(&self, wanted: &Wanted, identifier: &Identifier) -> Seen {
        let mut reads = 0;
        let mut waits = READ_BACK.iter();
        let mut found = loop {
            reads += 1;
            match self.read(identifier).await {
                Ok(Some(found)) => break found,
                Ok(None) => match waits.next() {
                    Some(wait) => sleep(*wait).await,
                    None => return Seen::Missing,
                },
                Err(failure) => return Seen::Unreadable(failure),
            }
        };
        let mut residue = planner::residue(wanted, &self.schema, &found.model);
        for wait in RESIDUE {
            if residue.is_empty() {
                break;
            }
            sleep(wait).await;
            reads += 1;
            // The first sight stands if later ones fail.
            if let Ok(Some(later)) = self.read(identifier).await {
                residue = planner::residue(wanted, &self.schema, &later.model);
                found = later;
            }
        }
        Seen::Visible { found: Box::new(found), reads, residue }
    }

    /// Reads until the resource is gone, for about a minute.
    pub(super) async fn confirm_gone(&self, identifier: &Identifier) -> After {
        let (provider, at) = (&self.common.provider, &self.planned.target);
        until_gone(provider, at, &self.schema, identifier, &*self.watch).await
    }

    /// What a failed operation left, by one read. `told`: the identifier that the failed operation named.
    pub(super) async fn aftermath(
        &self,
        verb: Verb,
        wanted: Option<&Wanted>,
        told: Option<&Identifier>,
    ) -> Aftermath {
        let known = told.or(self.own.as_ref());
        let seen = match (known, wanted) {
            (Some(identifier), _) => self.read(identifier).await,
            (None, Some(wanted)) => match self.look(wanted, None).await {
                Ok(Sighting::Present { found, .. }) => Ok(Some(*found)),
                Ok(Sighting::Absent) => Ok(None),
                Ok(Sighting::Unreadable(failure)) => Err(failure),
                // It may be one of several, or there is no key to read by: nobody knows.
                Ok(Sighting::Ambiguous { .. } | Sighting::Lookalikes(_) | Sighting::Unprovable(_))
                | Err(_) => {
                    return Aftermath::Changed;
                }
            },
            (None, None) => return Aftermath::Changed,
        };
        match (verb, seen) {
            (Verb::Create, Ok(None)) => Aftermath::Unchanged,
            (Verb::Create, Ok(Some(found))) if told.is_some() => Aftermath::Part(found.identifier),
            (Verb::Update | Verb::Delete, Ok(Some(found)))
                if self.planned.live.as_ref() == Some(&found.model) =>
            {
                Aftermath::Unchanged
            }
            _ => Aftermath::Changed,
        }
    }

    /// Waits for the handler's own second create to be over (trap 84).
    pub(super) const OWN_CREATE: Duration = Duration::from_secs(30);
}

/// Reads until the resource is gone, for about a minute.
pub(crate) async fn until_gone(
    provider: &Paced,
    at: &Target,
    schema: &ResourceSchema,
    identifier: &Identifier,
    watch: &dyn OnWait,
) -> After {
    let key = Key::Primary(identifier.clone());
    let mut waits = GONE.iter();
    let mut reads = 0;
    loop {
        reads += 1;
        match provider.read_watched(at, &schema.type_name, &key, watch).await {
            Ok(None) => return After::Gone(reads),
            Ok(Some(found)) if schema.is_leaving(&found.model) => return After::Gone(reads),
            Ok(Some(_)) => match waits.next() {
                Some(wait) => sleep(*wait).await,
                None => return After::Still,
            },
            Err(failure) => return After::Unreadable(failure),
        }
    }
}

/// True if what a request record says may be our resource: its identifier is ours, or is not there yet (early creates).
pub(crate) fn same_resource(told: Option<&str>, ours: Option<&Identifier>) -> bool {
    match (told.filter(|text| !text.is_empty()), ours) {
        (None, _) | (Some(_), None) => true,
        (Some(told), Some(ours)) => told == ours.wire() || told == ours.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_early_create_without_identifier_may_be_ours() {
        let ours = Identifier { parts: vec![("A".into(), "x".into()), ("B".into(), "y".into())] };
        assert!(same_resource(None, Some(&ours)));
        assert!(same_resource(Some(""), Some(&ours)));
        assert!(same_resource(Some("x|y"), Some(&ours)));
        assert!(same_resource(Some(r#"{"A":"x","B":"y"}"#), Some(&ours)));
        assert!(!same_resource(Some("x|z"), Some(&ours)));
    }
}
