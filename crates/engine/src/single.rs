//! One operation that belongs to no plan: sent once, polled to its end. Nothing is journalled and nothing tried anew.

use crate::clock::Clock;
use crate::engine::Interrupt;
use crate::follow::{Followed, Following};
use crate::paced::{Paced, Unwatched};
use crate::schedule::limit;
use stack_core::ids::{ClientToken, Target};
use stack_core::provider::{Failure, FailureKind, Operation, Progress, Provider, Status};
use stack_core::schema::ResourceSchema;
use std::time::Duration;
use tokio::sync::watch;

/// One operation and what it needs.
#[derive(Debug)]
pub struct Single<'a> {
    /// The cloud.
    pub provider: &'a Paced,
    /// Wall clock.
    pub clock: &'a dyn Clock,
    /// Schema of the type.
    pub schema: &'a ResourceSchema,
    /// Where.
    pub at: &'a Target,
    /// What.
    pub operation: &'a Operation,
    /// Its token.
    pub token: &'a ClientToken,
    /// False: it is enough that the service has accepted it.
    pub wait: bool,
    /// Time that is left.
    pub limit: Option<Duration>,
}

/// How it went.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// It is done, or accepted where nobody waits.
    Done(Progress),
    /// It was refused: nothing was begun.
    Refused(Failure),
    /// It ended badly; the resource may exist in part.
    Failed(Progress, Failure),
    /// Nobody knows how it ended.
    Unknown(Option<Progress>, Failure),
}

impl Single<'_> {
    /// Sends it and sees it to its end. The second interrupt asks the service to cancel it, and leaves.
    pub async fn perform(&self, mut interrupts: watch::Receiver<Interrupt>) -> Ended {
        let provider = self.provider;
        let accepted = match provider.submit_watched(self.at, self.operation, self.token, &Unwatched).await {
            Ok(accepted) => accepted,
            // It may have arrived.
            Err(failure) if failure.kind == FailureKind::NoAnswer => return Ended::Unknown(None, failure),
            Err(failure) => return Ended::Refused(failure),
        };
        if !self.wait && !accepted.status.is_terminal() {
            return Ended::Done(accepted);
        }
        let own = limit(self.schema, self.operation.verb(), None);
        let following = Following {
            provider,
            clock: self.clock,
            at: self.at,
            watch: &Unwatched,
            limit: self.limit.map_or(own, |left| left.min(own)),
        };
        match following.to_end(accepted, &mut |_| {}, second(&mut interrupts)).await {
            Followed::Ended(progress) => self.ended(progress),
            Followed::GivenUp(last, failure) => Ended::Unknown(Some(last), failure),
            Followed::Left(last) => {
                // It is asked for; whether it comes in time shows later.
                let cancelled = provider.cancel(self.at, &last.request).await;
                let words = match cancelled {
                    Ok(_) => "it was asked to stop",
                    Err(_) => "it could not be asked to stop",
                };
                Ended::Unknown(Some(last), Failure::new(FailureKind::Cancelled, "Stopped", words))
            }
        }
    }

    fn ended(&self, progress: Progress) -> Ended {
        if progress.status == Status::Success {
            return Ended::Done(progress);
        }
        let failure = self.provider.failure_of(&progress);
        Ended::Failed(progress, failure)
    }
}

/// Resolves when somebody wants to leave at once.
async fn second(interrupts: &mut watch::Receiver<Interrupt>) {
    // Without a sender nobody ever will.
    if interrupts.wait_for(|interrupt| *interrupt >= Interrupt::Second).await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::IdSource;
    use crate::retry::Policy;
    use crate::testing::{FakeTypes, Fault, THING, World, target};
    use serde_json::json;
    use stack_core::ids::TypeName;
    use stack_core::schema::Schemas;
    use std::sync::Arc;

    async fn perform(world: &World, wait: bool, limit: Option<Duration>, stop: Interrupt) -> String {
        let ids = Arc::new(IdSource::seeded(7));
        let provider = Paced::new(world.cloud.clone(), world.limits.clone(), Policy::default(), ids);
        let operation = Operation::Create { ty: TypeName::new(THING), props: json!({"Name": "a"}) };
        let single = Single {
            provider: &provider,
            clock: &*world.clock,
            schema: &FakeTypes::default().schema(&TypeName::new(THING)).unwrap(),
            at: &target(),
            operation: &operation,
            token: &ClientToken::new("t"),
            wait,
            limit,
        };
        let (sender, interrupts) = watch::channel(stop);
        let ended = single.perform(interrupts).await;
        drop(sender);
        match ended {
            Ended::Done(progress) => format!("done {:?}", progress.status),
            Ended::Refused(failure) => format!("refused {}", failure.code),
            Ended::Failed(progress, failure) => format!("failed {:?} {}", progress.status, failure.code),
            Ended::Unknown(last, failure) => format!("unknown {} {}", last.is_some(), failure.code),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_is_polled_to_its_end_or_only_accepted() {
        let world = World::new();
        assert_eq!(perform(&world, true, None, Interrupt::None).await, "done Success");
        assert!(world.cloud.live("a").is_some());
        let world = World::new();
        let begun = perform(&world, false, None, Interrupt::None).await;
        assert!(begun == "done Pending" || begun == "done InProgress", "{begun}");
        assert_eq!(world.cloud.calls().len(), 1, "{:?}", world.cloud.calls());
    }

    #[tokio::test(start_paused = true)]
    async fn an_operation_that_does_not_end_in_time_or_is_left_is_unknown() {
        let world = World::new();
        world.cloud.fault("create", Fault::Stuck);
        let limit = Some(Duration::from_secs(9));
        assert_eq!(perform(&world, true, limit, Interrupt::None).await, "unknown true Deadline");
        let world = World::new();
        world.cloud.fault("create", Fault::Stuck);
        assert_eq!(perform(&world, true, None, Interrupt::Second).await, "unknown true Stopped");
    }

    #[tokio::test(start_paused = true)]
    async fn what_ends_badly_is_told_at_once() {
        let world = World::new();
        world.cloud.fault("create", Fault::End { code: "InvalidRequest", message: "no", works: false });
        assert_eq!(perform(&world, true, None, Interrupt::None).await, "failed Failed InvalidRequest");
        let world = World::new();
        world.cloud.fault("create", Fault::Refuse(FailureKind::Denied, "AccessDenied", "no"));
        assert_eq!(perform(&world, true, None, Interrupt::None).await, "refused AccessDenied");
    }
}
