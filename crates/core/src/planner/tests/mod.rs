//! The planner over small stacks, with sightings as literal values.

mod cases;
mod replace;
mod support;
mod traps;
