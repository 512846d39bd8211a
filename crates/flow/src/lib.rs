//! Resources that are written as statements: what their query files mean, and how they run.

pub mod codes;
mod document;
mod identifier;
mod options;
mod rest;
mod run;
pub mod understand;

pub use run::{Runner, check, shown};
pub use understand::Reader;

#[cfg(test)]
mod tests;
