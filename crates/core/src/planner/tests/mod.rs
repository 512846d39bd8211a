//! The planner over small stacks, with sightings as literal values.

mod cases;
mod properties;
mod replace;
mod support;
mod traps;
