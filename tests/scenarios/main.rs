//! Whole runs, in process: manifest, planner, engine, AWS SDK, wire protocol and emulator, under paused time.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod confluent;
mod examples;
mod flows;
mod identity;
mod leaf;
mod lifecycle;
mod rest;
mod templates;
mod traps;
mod trouble;
mod world;
