//! Looking: a planner's questions become reads, many at a time, and the answers become a plan.

use crate::clock::Clock;
use crate::codes;
use crate::flows::{Finder, FlowSupport, Looking};
use crate::paced::{OnWait, Paced, Unwatched};
use crate::search::Searcher;
use stack_core::desired::Outputs;
use stack_core::diagnostic::Diagnostic;
use stack_core::flow::FlowSeen;
use stack_core::identity::Key;
use stack_core::ids::{Address, Target};
use stack_core::observed::{IdentityStep, Question, Sighting};
use stack_core::plan::Plan;
use stack_core::planner::{AlongQuestion, FlowQuestion, Planning};
use stack_core::provider::{Caller, Failure, FailureKind, Found};
use stack_core::search::Class;
use std::sync::Arc;
use tokio::task::JoinSet;

/// What was seen of one resource.
enum Seen {
    Resource(Sighting),
    Flow(Box<FlowSeen>),
    Along(Box<AlongQuestion>, Result<Vec<Found>, Failure>),
}

/// Answers all questions of a planning and gives its plan. Every question is asked as soon as it can be; the provider
/// bounds how many reads run at once.
pub async fn observe(
    mut planning: Planning,
    provider: &Arc<Paced>,
    clock: &Arc<dyn Clock>,
    flows: &FlowSupport,
) -> (Plan, Outputs) {
    let mut reads: JoinSet<(Address, Seen)> = JoinSet::new();
    let searcher = Arc::new(Searcher::new(Arc::clone(provider), Arc::clone(clock)));
    let finder = Finder {
        provider: Arc::clone(provider),
        clock: Arc::clone(clock),
        shared: Some(Arc::clone(&searcher)),
        schemas: Arc::clone(planning.schemas()),
        stack: planning.stack().clone(),
        ledger: Arc::new(planning.ledger().clone()),
    };
    loop {
        let questions = planning.questions();
        searcher.expect(&questions);
        for question in questions {
            let searcher = Arc::clone(&searcher);
            reads.spawn(async move {
                let sighting = match searcher.among_many(&question).await {
                    Some(listed) => listed,
                    // Lists may lag behind reads: what one does not show is read.
                    None => sight(&searcher, &question, &Unwatched).await,
                };
                (question.address, Seen::Resource(sighting))
            });
        }
        for FlowQuestion { flow, purpose } in planning.flows() {
            let support = flows.clone();
            let host = Looking {
                address: flow.address.clone(),
                provider: Arc::clone(provider),
                hears: Arc::clone(&flows.hears),
                finder: finder.clone(),
            };
            reads.spawn(async move {
                let seen = support.flows.look(&flow, purpose, &host).await;
                (flow.address.clone(), Seen::Flow(Box::new(seen)))
            });
        }
        // What deletions take along, once all of them are known.
        if reads.is_empty() {
            for question in planning.along() {
                let provider = Arc::clone(provider);
                reads.spawn(async move {
                    let listed = provider.all(&question.target, &question.ty, Some(&question.model)).await;
                    (question.by.clone(), Seen::Along(Box::new(question), listed))
                });
            }
        }
        match reads.join_next().await {
            Some(Ok((_, Seen::Along(question, listed)))) => planning.answer_along(*question, listed),
            Some(Ok((address, Seen::Resource(sighting)))) => planning.answer(&address, &sighting),
            Some(Ok((address, Seen::Flow(seen)))) => planning.answer_flow(&address, *seen),
            // A read that panicked: the panic goes on here, as it would without the task.
            Some(Err(broken)) => {
                if let Ok(panic) = broken.try_into_panic() {
                    std::panic::resume_unwind(panic);
                }
            }
            None => {
                let (mut plan, outputs) = planning.finish();
                plan.diagnostics.extend(index_refused(searcher.refused_indices()));
                return (plan, outputs);
            }
        }
    }
}

/// What is said of tag indices that did not answer. Resources that need theirs are *unreadable* besides.
fn index_refused(mut refused: Vec<(Target, Failure)>) -> Vec<Diagnostic> {
    refused.sort_by(|(a, _), (b, _)| a.region.cmp(&b.region));
    let told = refused.into_iter().map(|(place, failure)| {
        let place = place.region.map_or_else(String::new, |region| format!(" of {region}"));
        let message = format!("the tag index{place} cannot be asked: {}", failure.code);
        let told = Diagnostic::warning(codes::INDEX_REFUSED, message).note("service", failure.message);
        told.next("allow tag:GetResources; until then a resource whose name was changed may stay behind")
    });
    told.collect()
}

/// Reads the keys of a question in order, then looks for the resource. The first hit that agrees with what the question
/// knows is the answer; absent is only what every key says is absent, and what is nowhere to be found.
pub async fn sight(searcher: &Arc<Searcher>, question: &Question, watch: &dyn OnWait) -> Sighting {
    let mut refused: Option<Failure> = None;
    for probe in &question.probes {
        let key = match &probe.key {
            Key::InAccount(_) => match searcher.account(&question.target).await {
                Ok(account) => probe.key.in_account(account.as_str()),
                Err(failure) => return Sighting::Unreadable(failure),
            },
            known => known.clone(),
        };
        match searcher.provider().read_watched(&question.target, &question.ty, &key, watch).await {
            Ok(Some(found)) if probe.confirms(&found.model) => {
                let hit = Sighting::Present { found: Box::new(found), step: probe.step };
                return proven(searcher, question, hit).await;
            }
            Ok(_) => {}
            // A type may not take this form of key; the others may still find it.
            Err(failure) if failure.kind == FailureKind::Invalid => {
                refused.get_or_insert(failure);
            }
            Err(failure) => return Sighting::Unreadable(failure),
        }
    }
    match &question.search {
        Some(search) => searcher.search(question, search).await,
        None => refused.map_or(Sighting::Absent, Sighting::Unreadable),
    }
}

/// The hit itself, or what carries our marks where the hit does not: additional identifiers need not be unique
/// (cloud-control 2.4), and the service gives any one of those that share one.
async fn proven(searcher: &Arc<Searcher>, question: &Question, hit: Sighting) -> Sighting {
    let (Sighting::Present { found, step: IdentityStep::Additional }, Some(search)) =
        (&hit, &question.search)
    else {
        return hit;
    };
    if !search.marks() || search.class_of(&found.model, false) == Class::Marked {
        return hit;
    }
    match searcher.search(question, search).await {
        marked @ (Sighting::Present { step: IdentityStep::Tagged, .. }
        | Sighting::Ambiguous { .. }
        | Sighting::Unreadable(_)) => marked,
        // Names that several free ones share are no proof for any of them.
        Sighting::Lookalikes(all) if all.len() > 1 => Sighting::Ambiguous {
            found: all.into_iter().map(|one| one.identifier).collect(),
            step: IdentityStep::Matched,
        },
        _ => hit,
    }
}

/// Who we are at each place.
pub type Callers = Vec<(Target, Result<Caller, Failure>)>;

/// Asks who we are, once for each provider, region and role among the targets, in the order of their first mention.
pub async fn callers(provider: &Arc<Paced>, targets: impl IntoIterator<Item = Target>) -> Callers {
    let mut places: Vec<Target> = Vec::new();
    for target in targets {
        let target = Target { type_version_id: None, ..target };
        if !places.contains(&target) {
            places.push(target);
        }
    }
    let mut asked = JoinSet::new();
    for (at, target) in places.iter().enumerate() {
        let (provider, target) = (Arc::clone(provider), target.clone());
        asked.spawn(async move { (at, provider.caller_once(&target).await) });
    }
    let mut answers = asked.join_all().await;
    answers.sort_by_key(|(at, _)| *at);
    places.into_iter().zip(answers.into_iter().map(|(_, answer)| answer)).collect()
}

#[cfg(test)]
mod tests;
