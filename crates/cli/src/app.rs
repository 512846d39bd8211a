//! What every command works with: surroundings, settings, streams, and the sources for drawing diagnostics.

use crate::env::Env;
use crate::errors::Stopped;
use crate::exit::Exit;
use crate::locate::{Locate, Nowhere};
use crate::render::{Console, diagnostic};
use crate::schemas::{CachedSchemas, folder};
use crate::settings::Settings;
use crate::shell::Groups;
use stack_core::diagnostic::Diagnostic;
use stack_core::redact::Redactor;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The program while it runs one command.
pub struct App {
    /// Surroundings.
    pub env: Env,
    /// How things are shown.
    pub settings: Settings,
    /// The streams.
    pub console: Console,
    /// `--port`, which only `sandbox serve` uses.
    pub port: Option<u16>,
    /// Types.
    pub schemas: Arc<CachedSchemas>,
    /// Secrets of the stack, as far as they are known.
    pub redactor: Redactor,
    /// Scripts that run.
    pub groups: Arc<Groups>,
    sources: Mutex<Arc<dyn Locate + Send + Sync>>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App")
            .field("env", &self.env)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl App {
    /// A program without sources yet.
    pub fn new(env: Env, settings: Settings, console: Console, port: Option<u16>) -> Self {
        let redactor = Redactor::default();
        let schemas = Arc::new(CachedSchemas::new(folder(&env)));
        let (groups, sources) = (Arc::default(), Mutex::new(Arc::new(Nowhere) as _));
        Self { env, settings, console, port, schemas, redactor, groups, sources }
    }

    /// The sources that diagnostics point into.
    pub fn sources(&self) -> Arc<dyn Locate + Send + Sync> {
        Arc::clone(&self.sources.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sets the sources that diagnostics point into.
    pub fn set_sources(&self, sources: Arc<dyn Locate + Send + Sync>) {
        *self.sources.lock().unwrap_or_else(PoisonError::into_inner) = sources;
    }

    /// Tells problems on stderr.
    pub fn tell(&self, told: &[Diagnostic]) {
        if !told.is_empty() {
            let told: Vec<Diagnostic> =
                told.iter().map(|problem| self.redactor.diagnostic(problem.clone())).collect();
            let text = diagnostic::render_all(&told, &*self.sources(), self.console.err_style);
            self.console.err(&text);
        }
    }

    /// A path as typed, seen from the working folder.
    pub fn path(&self, typed: &Path) -> PathBuf {
        self.env.cwd.join(typed)
    }

    /// Writes a whole file, parents included.
    ///
    /// # Errors
    /// Exit 1 with the path and the reason.
    pub fn write(&self, typed: &Path, text: &str) -> Result<(), Stopped> {
        self.write_as(typed, text, false)
    }

    /// As [`App::write`]; a `private` file can be read by its owner only.
    ///
    /// # Errors
    /// Exit 1 with the path and the reason.
    pub fn write_as(&self, typed: &Path, text: &str, private: bool) -> Result<(), Stopped> {
        let path = self.path(typed);
        let write = || {
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            if private { write_private(&path, text.as_bytes()) } else { std::fs::write(&path, text) }
        };
        write().map_err(|error| Stopped::unwritable(typed, &error))
    }
}

/// Makes the file readable by its owner only before anything is in it.
#[cfg(unix)]
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    // The mode above is that of a new file only.
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    file.write_all(bytes)
}

/// Access there comes from the folder.
#[cfg(not(unix))]
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    std::fs::write(path, bytes)
}

/// What a command gives: how the program ends, or why it stopped.
pub type Done = Result<Exit, Stopped>;
