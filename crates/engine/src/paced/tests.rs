use super::*;
use crate::testing::{FakeCloud, Fault, THING, World, target};
use stack_core::identity::Identifier;

fn key(name: &str) -> Key {
    Key::Primary(Identifier::single("Name", name))
}

fn paced(cloud: &Arc<FakeCloud>, limits: Limits) -> Arc<Paced> {
    let ids = Arc::new(IdSource::seeded(1));
    Arc::new(Paced::new(Arc::clone(cloud) as Arc<dyn Provider>, limits, Policy::default(), ids))
}

/// Reads all at once; how long it took.
async fn read_many(paced: &Arc<Paced>, at: &Target, count: usize) -> Duration {
    let began = Instant::now();
    let mut reads = tokio::task::JoinSet::new();
    for n in 0..count {
        let (paced, at) = (Arc::clone(paced), at.clone());
        reads.spawn(async move { paced.read(&at, &THING.into(), &key(&format!("x{n}"))).await });
    }
    assert!(reads.join_all().await.iter().all(Result::is_ok));
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn reads_keep_their_rate() {
    let world = World::new();
    let paced = paced(&world.cloud, Limits::default());
    let took = read_many(&paced, &target(), 200).await;
    // 200 at 20 a second, with a burst of 5.
    assert!((9_500..=10_500).contains(&took.as_millis()), "{took:?}");
    assert_eq!(paced.counts().of("read"), 200);
}

#[tokio::test(start_paused = true)]
async fn calls_at_the_same_time_are_bounded() {
    let world = World::new();
    *world.cloud.latency.lock().unwrap() = Duration::from_secs(1);
    let limits = Limits { reads: 0.0, writes: 0.0, parallelism: 4 };
    let took = read_many(&paced(&world.cloud, limits), &target(), 20).await;
    assert_eq!(took, Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn wall_time_stays_near_its_bound() {
    let world = World::new();
    *world.cloud.latency.lock().unwrap() = Duration::from_millis(700);
    let took = read_many(&paced(&world.cloud, Limits::default()), &target(), 500).await;
    // max(calls / concurrency x latency, calls / rate) and five per cent.
    let bound = f64::max(500.0 / 10.0 * 0.7, 500.0 / 20.0);
    assert!(took.as_secs_f64() <= bound * 1.05, "{took:?} for {bound}");
}

#[tokio::test(start_paused = true)]
async fn regions_do_not_slow_each_other() {
    let world = World::new();
    let paced = paced(&world.cloud, Limits::default());
    let other = Target { region: Some("us-2".into()), ..target() };
    let here = target();
    let (a, b) = tokio::join!(read_many(&paced, &here, 100), read_many(&paced, &other, 100));
    assert!(a.as_secs() <= 5 && b.as_secs() <= 5, "{a:?} {b:?}");
}

#[tokio::test(start_paused = true)]
async fn a_throttle_halves_both_rates_and_is_counted() {
    let world = World::new();
    world.cloud.fault("read", Fault::Refuse(FailureKind::Throttled, "ThrottlingException", ""));
    let paced = paced(&world.cloud, Limits::default());
    paced.read(&target(), &THING.into(), &key("x")).await.unwrap();
    let lane = paced.lane(&target());
    let (reads, writes) = (lane.bucket(Kind::Reads).rate(), lane.bucket(Kind::Writes).rate());
    assert!((10.0..10.5).contains(&reads) && (2.0..2.1).contains(&writes), "{reads} {writes}");
    let counts = paced.counts();
    assert_eq!((counts.of("read"), counts.throttled, counts.repeated), (2, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_throttle_of_an_unlimited_provider_is_only_waited_out() {
    let world = World::new();
    world.cloud.fault("read", Fault::Refuse(FailureKind::Throttled, "ThrottlingException", ""));
    let limits = Limits { reads: 0.0, writes: 0.0, parallelism: 10 };
    let paced = paced(&world.cloud, limits);
    paced.read(&target(), &THING.into(), &key("x")).await.unwrap();
    assert!(read_many(&paced, &target(), 10).await < Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn a_read_that_says_not_found_is_an_absence() {
    let world = World::new();
    world.cloud.fault("read", Fault::Refuse(FailureKind::NotFound, "ResourceNotFoundException", ""));
    let found = paced(&world.cloud, Limits::default()).read(&target(), &THING.into(), &key("x")).await;
    assert_eq!(found, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn a_cancel_waits_for_nothing_and_is_tried_once() {
    let world = World::new();
    world.cloud.fault("cancel", Fault::LoseCall);
    let limits = Limits { writes: 0.001, ..Limits::default() };
    let paced = paced(&world.cloud, limits);
    let began = Instant::now();
    assert!(paced.cancel(&target(), &"r9".into()).await.is_err());
    assert!(began.elapsed() < Duration::from_millis(10));
    assert_eq!(paced.counts().of("cancel"), 1);
}
