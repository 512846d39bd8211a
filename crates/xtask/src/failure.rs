//! Why a task did not succeed.

use std::path::{Path, PathBuf};

/// Why a task did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Wrong arguments.
    #[error("{0}")]
    Usage(String),
    /// A file could not be read or written.
    #[error("{path}: {source}", path = .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A command could not be run, or failed.
    #[error("`{command}`: {why}")]
    Command {
        /// What was run.
        command: String,
        /// Why.
        why: String,
    },
    /// Input that is not what it must be.
    #[error("{place}: {why}")]
    Input {
        /// Which part.
        place: String,
        /// Why.
        why: String,
    },
    /// A rule of the project does not hold.
    #[error("{0}")]
    Rule(String),
}

impl Failure {
    /// A failure of reading or writing.
    pub(crate) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }

    /// A failure of understanding.
    pub(crate) fn input(place: impl Into<String>, why: impl ToString) -> Self {
        Self::Input { place: place.into(), why: why.to_string() }
    }
}
