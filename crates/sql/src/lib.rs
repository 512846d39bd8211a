//! SQL over cloud resources: sqlparser reads the statements, providers give the rows, SQLite does the relational work.

pub mod dialect;
pub mod dml;
pub mod holes;
pub mod lex;
pub mod lines;
