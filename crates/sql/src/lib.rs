//! SQL over cloud resources: sqlparser reads the statements, providers give the rows, SQLite does the relational work.

mod bind;
pub mod codes;
pub mod columns;
pub mod dialect;
pub mod dml;
pub mod error;
pub mod functions;
pub mod holes;
pub mod lex;
pub mod lines;
pub mod parameters;
pub mod parse;
mod rewrite;
pub mod show;
pub mod source;
mod sqlite;
mod stack;
pub mod table;
mod words;

pub use error::SqlError;
pub use parse::{Kind, Parsed, parse};
pub use sqlite::Limits;
