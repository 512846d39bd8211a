//! SQL over cloud resources: sqlparser reads the statements, providers give the rows, SQLite does the relational work.

pub mod codes;
pub mod dialect;
pub mod dml;
pub mod error;
pub mod holes;
pub mod lex;
pub mod lines;
pub mod parse;
mod stack;
mod words;

pub use error::SqlError;
pub use parse::{Kind, Parsed, parse};
