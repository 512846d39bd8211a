//! Operations of others on what is about to be changed.

use crate::paced::Paced;
use crate::schedule::Schedule;
use crate::unit::same_resource;
use stack_core::ids::{Address, RequestToken, Target};
use stack_core::plan::{Action, Plan};
use stack_core::provider::{Failure, FailureKind, Provider, Verb};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

/// An operation in flight on a resource that the plan wants to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InFlight {
    /// The resource.
    pub address: Address,
    /// What is being done to it.
    pub verb: Option<Verb>,
    /// The service's handle.
    pub request: RequestToken,
    /// Where it runs.
    pub place: Target,
    /// True if a name is enough to tell whether it is about us: the service does not say yet on which resource it works.
    pub until_named: bool,
}

/// Waits until the operations have ended, well or badly, whoever started them.
///
/// # Errors
/// If the service stops answering.
pub async fn wait_for(provider: &Paced, running: &[InFlight]) -> Result<(), Failure> {
    for operation in running {
        let began = Instant::now();
        let mut schedule = Schedule::default();
        loop {
            tokio::time::sleep(schedule.next(began.elapsed(), Duration::ZERO, 0.5)).await;
            match provider.poll(&operation.place, &operation.request).await {
                Ok(progress) if progress.status.is_terminal() => break,
                // Now it can be told whether it is about us.
                Ok(progress)
                    if operation.until_named
                        && progress.identifier.as_ref().is_some_and(|text| !text.is_empty()) =>
                {
                    break;
                }
                Ok(_) => {}
                // Forgotten by the service: it cannot be running.
                Err(failure) if failure.kind == FailureKind::RequestUnknown => break,
                Err(failure) => return Err(failure),
            }
        }
    }
    Ok(())
}

/// Asks, once per place, what is in flight on the planned identifiers (plan-ux section 15). Between machines this is
/// the lock: whoever plans over a running operation plans wrongly.
///
/// # Errors
/// If the service does not say.
pub async fn in_flight(provider: &Paced, plan: &Plan) -> Result<Vec<InFlight>, Failure> {
    let mut by_target: HashMap<Target, Vec<&Address>> = HashMap::new();
    let mut order: Vec<Target> = Vec::new();
    for step in &plan.steps {
        let Some(planned) = plan.resources.get(&step.id.address) else { continue };
        // Requests are listed by place, whatever role or type version they were made with.
        let place = Target { role_arn: None, type_version_id: None, ..planned.target.clone() };
        if !by_target.contains_key(&place) {
            order.push(place.clone());
        }
        let addresses = by_target.entry(place).or_default();
        if addresses.last() != Some(&&step.id.address) {
            addresses.push(&step.id.address);
        }
    }
    let mut found = Vec::new();
    for place in order {
        let running = provider.all_requests(&place, true, |_| true).await?;
        for address in by_target.remove(&place).unwrap_or_default() {
            let Some(planned) = plan.resources.get(address) else { continue };
            let makes = matches!(planned.action, Action::Create | Action::Deferred);
            let blocks = running.iter().filter(|progress| {
                let named = progress.identifier.as_deref().is_some_and(|text| !text.is_empty());
                // An early create without an identifier may be of any resource, ours included (DESIGN section 5). One
                // whose identifier the service chooses may be ours whatever it is called.
                let may_be_ours = makes
                    && (!named || planned.identifier.is_none())
                    && progress.verb.is_none_or(|verb| verb == Verb::Create);
                let is_ours = named
                    && planned.identifier.is_some()
                    && same_resource(progress.identifier.as_deref(), planned.identifier.as_ref());
                progress.ty.as_ref() == Some(&planned.ty) && (may_be_ours || is_ours)
            });
            found.extend(blocks.map(|progress| InFlight {
                address: address.clone(),
                verb: progress.verb,
                request: progress.request.clone(),
                place: place.clone(),
                until_named: planned.identifier.is_some()
                    && progress.identifier.as_deref().is_none_or(str::is_empty),
            }));
        }
    }
    Ok(found)
}
