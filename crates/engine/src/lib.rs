//! Observing, running, retrying, journaling: the only place where effects are ordered.
//!
//! [`observe`] turns a planner's questions into paced reads; [`Engine::run`](engine::Engine::run) carries a plan out,
//! writing to a [`store::JournalStore`] before each effect and sending [events](stack_core::event) to whoever shows
//! them. Knows no cloud, no YAML, no terminal.

mod bucket;
pub mod busy;
pub mod clock;
pub mod close;
pub mod codes;
mod dispatcher;
pub mod engine;
pub mod events;
pub mod flows;
mod follow;
mod inverse;
mod journal;
pub mod observe;
pub mod orphans;
pub mod outcome;
pub mod paced;
mod pages;
pub mod retry;
mod schedule;
pub mod search;
pub mod single;
pub mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod token;
mod unit;
mod verdict;

pub use engine::{Engine, Interrupt, OnFailure, RunError, RunOptions};
pub use events::{Events, Observer};
pub use flows::{FlowSupport, Hears, Shell, Until};
pub use outcome::{NotRun, Outcome, StepEnd};
pub use paced::Paced;
