//! Keys that were made a moment ago (confluent.md section 2, traps 10 and 11): a data plane takes one some time after its
//! create was answered, and a second gateway of it still later. So a key counts as made once it opened its target twice in
//! a row, and a refusal of a key that this run did not make is an error at once.

use super::Rest;
use super::model::{self, Model};
use super::settings::Credential;
use super::token::Ticket;
use super::wire::Asked;
use serde_json::Value as Json;
use stack_catalog::rest::Definition;
use stack_catalog::rest::form::Grant;
use stack_core::ids::Target;
use stack_core::provider::FailureKind;
use std::time::Duration;
use tokio::time::Instant;

/// Answers in a row that prove a key.
const PROOFS: u32 = 2;
/// How long a key may need: what the best known client waits (confluent.md section 2).
const LIMIT: Duration = Duration::from_secs(20 * 60);

/// Where a new key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Young {
    /// It works, or there is nothing to try it on.
    Taken,
    /// Not yet; why.
    Waiting(String),
    /// Nobody can tell; why. The key is there all the same (trap 11).
    Unproved(String),
}

impl Rest {
    /// The grants of a resource that this run made and that can be tried, each with its target and its credential.
    fn on_trial<'d>(&self, definition: &'d Definition, made: &Model) -> Vec<(&'d Grant, String, Credential)> {
        let value = |name: &String| made.get(name).and_then(model::scalar);
        let grants = definition.resource.grants.iter().filter(|grant| grant.probe.is_some());
        grants
            .filter_map(|grant| {
                let target = value(&grant.target)?;
                let granted = self.memory.granted(&grant.endpoint, &target)?;
                let is_it =
                    granted.user().is_some() && granted.user().map(str::to_owned) == value(&grant.user);
                is_it.then_some((grant, target, granted))
            })
            .collect()
    }

    /// True if the resource holds a credential of this run that must be tried before it counts as made.
    pub(super) fn is_on_trial(&self, definition: &Definition, made: &Model) -> bool {
        !self.on_trial(definition, made).is_empty()
    }

    /// Tries a new credential, once for each look at its operation.
    pub(super) async fn tried(
        &self,
        at: &Target,
        definition: &Definition,
        made: &Model,
        ticket: &Ticket,
    ) -> Young {
        let request = ticket.token();
        for (grant, target, credential) in self.on_trial(definition, made) {
            let (Some(path), Some(of)) =
                (&grant.probe, self.definitions.iter().find(|of| of.class == grant.endpoint))
            else {
                continue;
            };
            let Some(name) = &of.endpoint.target else { continue };
            let values: Model = [(name.clone(), Json::String(target.clone()))].into_iter().collect();
            let query = Vec::new();
            let asked = Asked {
                definition: of,
                method: "GET",
                path,
                query,
                body: None,
                values: &values,
                creates: false,
            };
            let key = credential.user().unwrap_or_default().to_owned();
            let now = Instant::now();
            let begun = self.memory.watch(&request, |watched| *watched.tried_since.get_or_insert(now));
            let is_late = now.duration_since(begun) >= LIMIT;
            let give_up = |why: String| {
                self.memory.give_up(&grant.endpoint, &target);
                Young::Unproved(why)
            };
            match self.call_as(at, &asked, Some(credential)).await {
                Ok(_) => {}
                // Known, and its owner may not read yet: a binding may come after the key.
                Err(failure) if failure.kind == FailureKind::Denied && failure.status != Some(401) => {}
                Err(failure) if failure.code == "Unreachable" => {
                    return give_up(format!("not tried: {}", failure.message));
                }
                Err(failure) => {
                    self.memory.watch(&request, |watched| watched.proofs = 0);
                    let told = format!("{target} does not take the key {key} yet");
                    return if is_late {
                        give_up(format!("{told}: {}", failure.message))
                    } else {
                        Young::Waiting(told)
                    };
                }
            }
            let proofs = self.memory.watch(&request, |watched| {
                watched.proofs += 1;
                watched.proofs
            });
            if proofs < PROOFS {
                return Young::Waiting(format!("{target} took the key {key} once"));
            }
        }
        Young::Taken
    }
}
