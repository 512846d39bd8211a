//! Resources that are written as statements: what their query files mean.

pub mod codes;
mod document;
mod identifier;
mod options;
pub mod understand;

pub use understand::Reader;

#[cfg(test)]
mod tests;
