//! The same stack while the cloud lags, throttles, fails and loses replies.

use crate::world::{EXAMPLE, World};
use stack_core::plan::Mode;
use stack_emulator::{Chaos, Config, Rate};

#[tokio::test(start_paused = true)]
async fn lag_and_throttling_double_nothing() {
    let config = Config {
        read_lag_ms: 4_000,
        rate: Some(Rate { reads_per_second: 3.0, writes_per_second: 1.0, burst_seconds: 1.0 }),
        ..Config::default()
    };
    let world = World::new(EXAMPLE, "dev", config);
    world.must(Mode::Build).await;
    assert_eq!(world.live_count(), 4);
    let (plan, _) = world.plan(Mode::Build).await;
    assert!(!plan.has_changes());
    world.must(Mode::Teardown).await;
    assert_eq!(world.live_count(), 0);
}

#[tokio::test(start_paused = true)]
async fn thirty_percent_trouble_ends_well_for_many_seeds() {
    for seed in 0..20 {
        let config =
            Config { chaos: Some(Chaos { seed, percent: 30, ..Chaos::default() }), ..Config::default() };
        let mut world = World::new(EXAMPLE, "dev", config);
        // A run may give up on a step; running again must always finish the work, and double nothing.
        let mut last = None;
        for _ in 0..6 {
            let (outcome, _) = world.run(Mode::Build).await;
            let done = outcome.ended == stack_core::event::Ended::Succeeded;
            last = Some(outcome);
            if done {
                break;
            }
            world.forget();
        }
        let last = last.expect("ran");
        assert_eq!(last.ended, stack_core::event::Ended::Succeeded, "seed {seed}: {:#?}", last.failures);
        assert_eq!(world.live_count(), 4, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_position_with_the_journal_lost_ends_in_the_same_cloud() {
    let mut position = 0;
    loop {
        let mut world = World::new(EXAMPLE, "dev", Config::default());
        let died = world.dies_at(position).await;
        world.forget();
        world.must(Mode::Build).await;
        assert_eq!(world.live_count(), 4, "died at {position}");
        let (plan, _) = world.plan(Mode::Build).await;
        assert!(!plan.has_changes(), "died at {position}");
        if !died {
            break;
        }
        position += 1;
    }
    assert!(position >= 12, "only {position} writes");
}
