//! Observing, running, retrying, journaling: the only place where effects are ordered.
//!
//! [`observe`] turns a planner's questions into paced reads; [`Engine::run`](engine::Engine::run) carries a plan out,
//! writing to a [`store::JournalStore`] before each effect and sending [events](stack_core::event) to whoever shows
//! them. Knows no cloud, no YAML, no terminal.

mod bucket;
pub mod clock;
pub mod paced;
pub mod retry;
pub mod store;
pub mod token;
