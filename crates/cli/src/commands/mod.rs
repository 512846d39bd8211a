//! The commands, each a pipeline of the crates below (architecture section 4).

pub mod completions;
pub mod notice;
pub mod sandbox;
pub mod show;
