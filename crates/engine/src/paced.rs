//! A provider with manners: rate limits, bounded concurrency, repeats, and a count of every call.

use crate::bucket::Bucket;
use crate::clock::IdSource;
use crate::pages::Pages;
use crate::retry::{Call, Decision, Policy, decide};
use async_trait::async_trait;
use serde::Serialize;
use serde_json::Value as Json;
use stack_core::identity::{Identifier, Key};
use stack_core::ids::{ClientToken, ProviderId, Region, RequestToken, Target, TypeName};
use stack_core::provider::{
    Caller, Failure, FailureKind, Found, Operation, Page, Progress, Provider, RequestPage, TagFilter,
    TaggedPage, Transience, TypeOrigin, TypePage, TypeRecord, Verb,
};
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OnceCell, Semaphore, watch};
use tokio::time::{Instant, sleep};

/// How fast and how many at a time, for each region.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Reads, lists and status questions together, per second; 0 is unlimited.
    pub reads: f64,
    /// Creates, updates and deletes together, per second; 0 is unlimited.
    pub writes: f64,
    /// Calls of one kind at the same time; at least 1.
    pub parallelism: usize,
}

impl Default for Limits {
    /// The rule of cloud-control 1.10.
    fn default() -> Self {
        Self { reads: 20.0, writes: 4.0, parallelism: 10 }
    }
}

/// How many calls were made, repeats included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CallCounts {
    /// By name: `read`, `list`, `create`, `update`, `delete`, `status`, `cancel`, `requests`, `caller`,
    /// `tagged`, `describe_type`, `list_types`.
    pub calls: BTreeMap<&'static str, u64>,
    /// Those that were answered with "too many".
    pub throttled: u64,
    /// Those that repeated another.
    pub repeated: u64,
}

impl CallCounts {
    /// Calls of one name.
    pub fn of(&self, name: &str) -> u64 {
        self.calls.get(name).copied().unwrap_or(0)
    }
    /// All calls.
    pub fn total(&self) -> u64 {
        self.calls.values().sum()
    }
}

/// A wait inside a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Wait {
    /// For our own rate limit.
    Pacing(Duration),
    /// For the next try after "too many".
    Throttled {
        /// How long.
        delay: Duration,
        /// The service's code.
        code: String,
        /// Calls per second from now on; 0 is unlimited.
        limit: f64,
    },
    /// For the next try after a failure that passes.
    Repeat {
        /// How long.
        delay: Duration,
        /// The service's code.
        code: String,
    },
}

impl Wait {
    /// True if the wait must not count against a deadline.
    pub fn is_throttling(&self) -> bool {
        matches!(self, Self::Pacing(_) | Self::Throttled { .. })
    }
    /// How long.
    pub fn delay(&self) -> Duration {
        match self {
            Self::Pacing(delay) | Self::Throttled { delay, .. } | Self::Repeat { delay, .. } => *delay,
        }
    }
}

/// Who wants to know of waits inside calls.
pub trait OnWait: Send + Sync {
    /// A wait begins.
    fn on_wait(&self, wait: &Wait);

    /// Turns true once nothing new may be sent: a submit that was never accepted is given up then, instead of being
    /// repeated without end. `None`: never.
    fn stopping(&self) -> Option<watch::Receiver<bool>> {
        None
    }

    /// Time spent throttled so far, which no deadline counts.
    fn throttled(&self) -> Duration {
        Duration::ZERO
    }
}

/// Nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl OnWait for Unwatched {
    fn on_wait(&self, _: &Wait) {}
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Reads,
    Writes,
}

#[derive(Debug)]
struct Lane {
    reads: Mutex<Bucket>,
    writes: Mutex<Bucket>,
    reading: Semaphore,
    writing: Semaphore,
    flying: AtomicUsize,
}

impl Lane {
    fn bucket(&self, kind: Kind) -> MutexGuard<'_, Bucket> {
        let bucket = match kind {
            Kind::Reads => &self.reads,
            Kind::Writes => &self.writes,
        };
        bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slow_down(&self) {
        let now = Instant::now();
        self.bucket(Kind::Reads).halve(now);
        self.bucket(Kind::Writes).halve(now);
    }

    fn slots(&self, kind: Kind) -> &Semaphore {
        match kind {
            Kind::Reads => &self.reading,
            Kind::Writes => &self.writing,
        }
    }
}

type Place = (ProviderId, Option<Region>);
/// Region and role: what decides who we are.
type Seat = (Option<Region>, Option<String>);

/// A provider, paced and repeated. The only way in which the engine reaches a cloud.
#[derive(Debug)]
pub struct Paced {
    inner: Arc<dyn Provider>,
    limits: Limits,
    policy: Policy,
    ids: Arc<IdSource>,
    lanes: Mutex<HashMap<Place, Arc<Lane>>>,
    counts: Mutex<CallCounts>,
    callers: Mutex<HashMap<Seat, Arc<OnceCell<Caller>>>>,
    /// The last failure that was no throttling and had a call repeated.
    trouble: Mutex<Option<Failure>>,
}

/// An operation in flight; while it lives, the polls of all others leave room for its own.
#[derive(Debug)]
pub struct Flying(Arc<Lane>);

impl Drop for Flying {
    fn drop(&mut self) {
        self.0.flying.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Paced {
    /// Wraps a provider.
    pub fn new(inner: Arc<dyn Provider>, limits: Limits, policy: Policy, ids: Arc<IdSource>) -> Self {
        Self {
            inner,
            limits,
            policy,
            ids,
            lanes: Mutex::default(),
            counts: Mutex::default(),
            callers: Mutex::default(),
            trouble: Mutex::default(),
        }
    }

    /// [`Provider::caller`], asked once per region and role: who we are does not change while a command runs.
    ///
    /// # Errors
    /// The last failure. A failure is not remembered.
    pub async fn caller_once(&self, at: &Target) -> Result<Caller, Failure> {
        let cell = {
            let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(callers.entry((at.region.clone(), at.role_arn.clone())).or_default())
        };
        cell.get_or_try_init(|| self.caller(at)).await.cloned()
    }

    /// The calls so far.
    pub fn counts(&self) -> CallCounts {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why a call had to be repeated last, other than for being too many: what the service or the network said.
    pub fn trouble(&self) -> Option<Failure> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts an operation as in flight until the value is dropped.
    pub fn flying(&self, at: &Target) -> Flying {
        let lane = self.lane(at);
        lane.flying.fetch_add(1, Ordering::Relaxed);
        Flying(lane)
    }

    /// Operations in flight at this place.
    pub(crate) fn in_flight(&self, at: &Target) -> usize {
        self.lane(at).flying.load(Ordering::Relaxed)
    }

    /// The time until the next status question: the schedule's, or more when so many operations fly that their
    /// questions would take over half of the reads.
    pub fn stretched(&self, at: &Target, scheduled: Duration) -> Duration {
        let lane = self.lane(at);
        let rate = lane.bucket(Kind::Reads).rate();
        if rate <= 0.0 {
            return scheduled;
        }
        let flying = lane.flying.load(Ordering::Relaxed) as f64;
        scheduled.max(Duration::from_secs_f64(2.0 * flying / rate).min(Duration::from_secs(60)))
    }

    /// Halves both rates: the service throttled inside an operation, where no call shows it.
    pub(crate) fn slow_down(&self, at: &Target) {
        self.lane(at).slow_down();
    }

    /// Jitter from 0 up to 1.
    pub(crate) fn jitter(&self) -> f64 {
        self.ids.jitter()
    }

    /// What an operation that ended badly amounts to.
    pub fn failure_of(&self, progress: &Progress) -> Failure {
        self.inner.failure_of(progress)
    }

    /// See [`Provider::transience`].
    pub fn transience(&self, message: &str) -> Option<Transience> {
        self.inner.transience(message)
    }

    /// [`Provider::read`], watched.
    ///
    /// # Errors
    /// The last failure, if repeats did not help.
    pub async fn read_watched(
        &self,
        at: &Target,
        ty: &TypeName,
        key: &Key,
        watch: &dyn OnWait,
    ) -> Result<Option<Found>, Failure> {
        let answer =
            self.call(Call::Read, Kind::Reads, "read", at, watch, || self.inner.read(at, ty, key)).await;
        match answer {
            // Some services say it with a failure; it means the same.
            Err(failure) if failure.kind == FailureKind::NotFound => Ok(None),
            other => other,
        }
    }

    /// [`Provider::submit`], watched. Repeats send the same token.
    ///
    /// # Errors
    /// The last failure, if repeats did not help.
    pub async fn submit_watched(
        &self,
        at: &Target,
        operation: &Operation,
        token: &ClientToken,
        watch: &dyn OnWait,
    ) -> Result<Progress, Failure> {
        let name = match operation.verb() {
            Verb::Create => "create",
            Verb::Update => "update",
            Verb::Delete => "delete",
        };
        self.call(Call::Submit, Kind::Writes, name, at, watch, || self.inner.submit(at, operation, token))
            .await
    }

    /// [`Provider::poll`], watched.
    ///
    /// # Errors
    /// The failure; whoever polls goes on with the same ticket.
    pub async fn poll_watched(
        &self,
        at: &Target,
        request: &RequestToken,
        watch: &dyn OnWait,
    ) -> Result<Progress, Failure> {
        self.call(Call::Status, Kind::Reads, "status", at, watch, || self.inner.poll(at, request)).await
    }

    /// All pages of [`Provider::requests`] for which `more` says to go on after looking at them.
    ///
    /// # Errors
    /// The last failure, if repeats did not help.
    pub async fn all_requests(
        &self,
        at: &Target,
        in_flight_only: bool,
        mut more: impl FnMut(&[Progress]) -> bool + Send,
    ) -> Result<Vec<Progress>, Failure> {
        let mut found = Vec::new();
        let (mut page, mut pages) = (None, Pages::default());
        loop {
            let answer = self.requests(at, in_flight_only, page.as_deref()).await?;
            let go_on = more(&answer.requests);
            found.extend(answer.requests);
            page = pages.next(answer.next)?;
            // Only an absent token ends a listing (cloud-control 1.2).
            if page.is_none() || !go_on {
                return Ok(found);
            }
        }
    }

    /// Everything that a list shows.
    ///
    /// # Errors
    /// The failure of a page, or a list that does not end: what a part of it does not show may be there.
    pub async fn all(&self, at: &Target, ty: &TypeName, model: Option<&Json>) -> Result<Vec<Found>, Failure> {
        let mut all: Vec<Found> = Vec::new();
        let (mut page, mut pages) = (None, Pages::default());
        loop {
            let answer = self.list(at, ty, model, page.as_deref()).await?;
            all.extend(answer.found);
            page = pages.next(answer.next)?;
            if page.is_none() {
                return Ok(all);
            }
        }
    }

    fn lane(&self, at: &Target) -> Arc<Lane> {
        let place = (at.provider.clone(), at.region.clone());
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(place).or_insert_with(|| {
            let now = Instant::now();
            let slots = self.limits.parallelism.clamp(1, Semaphore::MAX_PERMITS);
            Arc::new(Lane {
                reads: Mutex::new(Bucket::new(self.limits.reads, now)),
                writes: Mutex::new(Bucket::new(self.limits.writes, now)),
                reading: Semaphore::new(slots),
                writing: Semaphore::new(slots),
                flying: AtomicUsize::new(0),
            })
        });
        Arc::clone(lane)
    }

    fn count(&self, name: &'static str, repeat: bool) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.calls.entry(name).or_default() += 1;
        counts.repeated += u64::from(repeat);
    }

    async fn call<T, F>(
        &self,
        call: Call,
        kind: Kind,
        name: &'static str,
        at: &Target,
        watch: &dyn OnWait,
        attempt: impl Fn() -> F + Send,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>> + Send,
    {
        let lane = self.lane(at);
        let stopping = if call == Call::Submit { watch.stopping() } else { None };
        let (mut failures, mut throttles) = (0, 0);
        let mut throttled = None;
        loop {
            // As long as every answer was "too many", nothing has arrived that could be lost by not asking again.
            let may_leave = stopping.clone().filter(|_| failures == 0);
            // The slot first, so that a call goes out at the very moment that its bucket gave it.
            let slot = lane.slots(kind).acquire().await;
            if call != Call::Cancel {
                let delay = lane.bucket(kind).take(Instant::now());
                if !delay.is_zero() {
                    watch.on_wait(&Wait::Pacing(delay));
                    if !sleep_unless(delay, may_leave.clone()).await {
                        return Err(throttled.unwrap_or_else(not_sent));
                    }
                }
            }
            self.count(name, failures + throttles > 0);
            let answer = attempt().await;
            drop(slot);
            let failure = match answer {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            let is_throttle = failure.kind == FailureKind::Throttled;
            if is_throttle {
                throttles += 1;
                self.counts.lock().unwrap_or_else(PoisonError::into_inner).throttled += 1;
                lane.slow_down();
            } else {
                failures += 1;
            }
            match decide(call, failures, throttles, &failure, &self.policy, self.ids.jitter()) {
                Decision::Stop => return Err(failure),
                Decision::After(delay) => {
                    tracing::debug!(name, code = failure.code, ?delay, "call is repeated");
                    watch.on_wait(&if is_throttle {
                        let limit = lane.bucket(kind).rate();
                        Wait::Throttled { delay, code: failure.code.clone(), limit }
                    } else {
                        Wait::Repeat { delay, code: failure.code.clone() }
                    });
                    if is_throttle && !sleep_unless(delay, may_leave).await {
                        return Err(failure);
                    } else if !is_throttle {
                        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure.clone());
                        sleep(delay).await;
                    }
                    throttled = Some(failure);
                }
            }
        }
    }
}

/// Waits; false at once when `stopping` says so.
async fn sleep_unless(delay: Duration, stopping: Option<watch::Receiver<bool>>) -> bool {
    let Some(mut stopping) = stopping else {
        sleep(delay).await;
        return true;
    };
    tokio::select! {
        biased;
        // An error means that whoever could stop us is gone, which stops everything too.
        _ = stopping.wait_for(|stopping| *stopping) => false,
        () = sleep(delay) => true,
    }
}

/// The failure of a call that was never made.
fn not_sent() -> Failure {
    Failure::new(FailureKind::Throttled, "NotSent", "the run was stopped while the call waited for its turn")
}

#[async_trait]
impl Provider for Paced {
    async fn caller(&self, at: &Target) -> Result<Caller, Failure> {
        self.call(Call::Read, Kind::Reads, "caller", at, &Unwatched, || self.inner.caller(at)).await
    }

    async fn read(&self, at: &Target, ty: &TypeName, key: &Key) -> Result<Option<Found>, Failure> {
        self.read_watched(at, ty, key, &Unwatched).await
    }

    async fn list(
        &self,
        at: &Target,
        ty: &TypeName,
        model: Option<&Json>,
        page: Option<&str>,
    ) -> Result<Page, Failure> {
        self.call(Call::Read, Kind::Reads, "list", at, &Unwatched, || self.inner.list(at, ty, model, page))
            .await
    }

    async fn submit(
        &self,
        at: &Target,
        operation: &Operation,
        token: &ClientToken,
    ) -> Result<Progress, Failure> {
        self.submit_watched(at, operation, token, &Unwatched).await
    }

    async fn poll(&self, at: &Target, request: &RequestToken) -> Result<Progress, Failure> {
        self.poll_watched(at, request, &Unwatched).await
    }

    async fn cancel(&self, at: &Target, request: &RequestToken) -> Result<Progress, Failure> {
        self.call(Call::Cancel, Kind::Writes, "cancel", at, &Unwatched, || self.inner.cancel(at, request))
            .await
    }

    async fn requests(
        &self,
        at: &Target,
        in_flight_only: bool,
        page: Option<&str>,
    ) -> Result<RequestPage, Failure> {
        self.call(Call::Read, Kind::Reads, "requests", at, &Unwatched, || {
            self.inner.requests(at, in_flight_only, page)
        })
        .await
    }

    fn keeps_requests(&self, ty: &TypeName) -> bool {
        self.inner.keeps_requests(ty)
    }

    async fn tagged(
        &self,
        at: &Target,
        filters: &[TagFilter],
        types: &[String],
        page: Option<&str>,
    ) -> Result<TaggedPage, Failure> {
        let ask = || self.inner.tagged(at, filters, types, page);
        self.call(Call::Read, Kind::Reads, "tagged", at, &Unwatched, ask).await
    }

    fn index_place(&self, at: &Target, ty: &TypeName) -> Target {
        self.inner.index_place(at, ty)
    }

    fn index_places(&self, at: &Target) -> Vec<Target> {
        self.inner.index_places(at)
    }

    fn identifiers_of(&self, ty: &TypeName, arn: &str) -> Vec<Identifier> {
        self.inner.identifiers_of(ty, arn)
    }

    fn types_of(&self, arn: &str) -> Vec<TypeName> {
        self.inner.types_of(arn)
    }

    async fn describe_type(&self, at: &Target, ty: &TypeName) -> Result<TypeRecord, Failure> {
        self.call(Call::Read, Kind::Reads, "describe_type", at, &Unwatched, || {
            self.inner.describe_type(at, ty)
        })
        .await
    }

    async fn list_types(
        &self,
        at: &Target,
        which: TypeOrigin,
        page: Option<&str>,
    ) -> Result<TypePage, Failure> {
        self.call(Call::Read, Kind::Reads, "list_types", at, &Unwatched, || {
            self.inner.list_types(at, which, page)
        })
        .await
    }

    fn failure_of(&self, progress: &Progress) -> Failure {
        self.inner.failure_of(progress)
    }

    fn transience(&self, message: &str) -> Option<Transience> {
        self.inner.transience(message)
    }
}

#[cfg(test)]
mod tests;
