//! The planner over small stacks, with sightings as literal values.

mod absence;
mod along;
mod cases;
mod finding;
mod flows;
mod identity;
mod properties;
mod replace;
mod support;
mod traps;
