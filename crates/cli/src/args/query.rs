//! `query`.

use super::CloudArgs;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args as ClapArgs, ValueEnum};
use std::path::PathBuf;

/// `query`
#[derive(Clone, Debug, ClapArgs)]
pub struct QueryArgs {
    /// Statements, separated by `;`
    #[arg(value_name = "SQL", required_unless_present = "file", conflicts_with = "file", value_parser = NonEmptyStringValueParser::new())]
    pub sql: Option<String>,
    /// File with the statements
    #[arg(long, short = 'f', value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Form of the result: table, json, jsonl or csv
    #[arg(
        long,
        short = 'o',
        value_enum,
        value_name = "FORM",
        default_value_t,
        hide_default_value = true,
        hide_possible_values = true
    )]
    pub output: OutputForm,
    /// Stack folder whose sandbox is asked [default: .]
    #[arg(long, value_name = "STACK_DIR", requires = "sandbox")]
    pub stack_dir: Option<PathBuf>,
    #[command(flatten)]
    pub cloud: CloudArgs,
}

/// The form of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputForm {
    // Columns, for people
    #[default]
    Table,
    // One array of objects per statement
    Json,
    // One object per row
    Jsonl,
    // RFC 4180, with a header
    Csv,
}
