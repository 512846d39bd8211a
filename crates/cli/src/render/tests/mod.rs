//! Snapshots of the renderers from hand-built plans.

mod golden;
mod sample;
mod saved;
