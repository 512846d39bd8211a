//! What a stack is read from. This crate never touches a disk, a network or the process environment.

use indexmap::IndexMap;
use stack_core::ids::Region;
use stack_core::redact::Redactor;
use stack_core::statement::Understand;
use std::fmt;
use std::sync::Arc;

/// The name that a manifest has on disk.
pub const MANIFEST_NAME: &str = "stackql_manifest.yml";

/// Gives further files of a stack when they are asked for: what `file(…)` includes, and query files.
pub trait Files: fmt::Debug + Send + Sync {
    /// The text of a file.
    ///
    /// `path` goes from the stack folder, with `/` between its parts. It begins with `..` or is absolute only where
    /// [`Options::allow_outside_files`] is set.
    ///
    /// # Errors
    /// There is no such file, or it must not or cannot be read.
    fn read(&self, path: &str) -> Result<String, FileError>;
}

/// Why a file cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// It does not exist.
    #[error("there is no such file")]
    Missing,
    /// A link leads out of the stack folder.
    #[error("it is a link that leads out of the stack folder")]
    Outside,
    /// It is no UTF-8 text: the first byte, from 1, that begins no character.
    #[error("it is no UTF-8 text: byte {0} begins no character")]
    NoText(usize),
    /// Anything else, in the system's words.
    #[error("{0}")]
    Unreadable(String),
}

/// Files by their paths under the stack folder.
impl Files for IndexMap<String, String> {
    fn read(&self, path: &str) -> Result<String, FileError> {
        self.get(path).cloned().ok_or(FileError::Missing)
    }
}

/// Everything that a stack is read from.
#[derive(Clone, Debug)]
pub struct Sources {
    /// Text of the manifest.
    pub manifest: String,
    /// Its name in messages. Empty: [`MANIFEST_NAME`].
    pub manifest_name: String,
    /// Further files, read when they are needed.
    pub files: Arc<dyn Files>,
    /// Variables of the environment file, overlaid by each `-e`.
    pub variables: IndexMap<String, String>,
    /// The environment argument of the command.
    pub env: String,
    /// Last part of the stack folder's path; the stack's name where the manifest gives none.
    pub stack_dir: String,
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            manifest: String::new(),
            manifest_name: String::new(),
            files: Arc::new(IndexMap::<String, String>::new()),
            variables: IndexMap::new(),
            env: String::new(),
            stack_dir: String::new(),
        }
    }
}

/// How to read it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Region of resources that name none (flag, profile).
    pub default_region: Option<Region>,
    /// Unknown manifest keys are errors.
    pub strict: bool,
    /// Files outside the stack folder may be included.
    pub allow_outside_files: bool,
    /// 128 random bits of this run, from which `uuid()` and `idempotency_token` are made, so that a plan and the run
    /// that follows it see the same values.
    pub nonce: u128,
    /// Learns every secret that is rendered.
    pub redactor: Redactor,
    /// Reads the statements of query files. `None`: resources with statements cannot be deployed.
    pub statements: Option<Arc<dyn Understand>>,
}
