//! Whole runs, in process: manifest, planner, engine, AWS SDK, wire protocol and emulator, under paused time.

mod lifecycle;
mod templates;
mod trouble;
mod world;
