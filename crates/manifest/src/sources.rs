//! What a stack is read from. This crate never touches a disk, a network or the process environment.

use indexmap::IndexMap;
use stack_core::ids::Region;
use stack_core::redact::Redactor;

/// The name that a manifest has on disk.
pub const MANIFEST_NAME: &str = "stackql_manifest.yml";

/// Everything that a stack is read from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Text of the manifest.
    pub manifest: String,
    /// Its name in messages. Empty: [`MANIFEST_NAME`].
    pub manifest_name: String,
    /// Further files by their path under the stack folder.
    pub files: IndexMap<String, String>,
    /// Variables of the environment file, overlaid by each `-e`.
    pub variables: IndexMap<String, String>,
    /// The environment argument of the command.
    pub env: String,
    /// Last part of the stack folder's path; the stack's name where the manifest gives none.
    pub stack_dir: String,
}

/// How to read it.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Region of resources that name none (flag, profile).
    pub default_region: Option<Region>,
    /// Unknown manifest keys are errors.
    pub strict: bool,
    /// 128 random bits of this run, from which `uuid()` and `idempotency_token` are made, so that a plan and the run
    /// that follows it see the same values.
    pub nonce: u128,
    /// Learns every secret that is rendered.
    pub redactor: Redactor,
}
