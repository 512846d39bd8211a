//! SQL over cloud resources: sqlparser reads the statements, providers give the rows, SQLite does the relational work.

pub mod columns;
pub mod dialect;
pub mod functions;
pub mod lex;
pub mod parameters;
pub mod show;
pub mod source;
