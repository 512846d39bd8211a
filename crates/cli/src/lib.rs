//! The command line of stack-deploy: arguments, wiring, renderers, exit codes.
//!
//! `main.rs` reads the process once into [`env::Env`]; everything after it is a function of values.

pub mod args;
pub mod env;
pub mod exit;
pub mod locate;
pub mod parse;
pub mod render;
pub mod settings;
