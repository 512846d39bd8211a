//! SQL over cloud resources: sqlparser reads the statements, providers give the rows, SQLite does the relational work.

mod access;
mod bind;
pub mod codes;
pub mod columns;
pub mod dialect;
pub mod dml;
pub mod error;
pub mod fetch;
pub mod functions;
pub mod holes;
pub mod lex;
pub mod literal;
pub mod parameters;
pub mod parse;
pub mod query;
pub mod rest;
pub mod returning;
mod rewrite;
pub mod show;
pub mod source;
mod sqlite;
mod stack;
pub mod table;
mod troubles;
mod words;
pub mod write;

pub use columns::Cell;
pub use error::SqlError;
pub use fetch::{Answer, Fetch, answer, answer_by_page};
pub use parse::{Kind, Parsed, parse};
pub use query::{Defaults, FetchId, Query};
pub use returning::Returning;
pub use source::Tables;
pub use sqlite::Limits;
pub use table::Table;
pub use write::{Cancel, Insertion, Selection, Write, Writes};
