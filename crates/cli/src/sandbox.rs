//! The built-in cloud in this process: state kept in a folder, wall clock, no socket.

use crate::errors::{Stopped, codes, reason};
use crate::exit::Exit;
use crate::schemas::CachedSchemas;
use bytes::Bytes;
use stack_core::diagnostic::Diagnostic;
use stack_core::schema::Schemas;
use stack_emulator::confluent::{SANDBOX_DATA_KEY, SANDBOX_DATA_SECRET, SANDBOX_KEY, SANDBOX_SECRET};
use stack_emulator::{Cloud, Config, Reply};
use stack_engine::clock::Clock;
use stack_providers::{InProcess, TransportError, TransportErrorKind};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

/// Folder of a stack's sandbox.
pub fn folder(stack_dir: &Path) -> PathBuf {
    stack_dir.join(".stack-deploy").join("sandbox")
}

/// The keys that open the sandbox's Confluent Cloud and its data planes, by the variables that clients read.
pub(crate) fn confluent_keys() -> [(&'static str, &'static str); 8] {
    [
        ("CONFLUENT_CLOUD_API_KEY", SANDBOX_KEY),
        ("CONFLUENT_CLOUD_API_SECRET", SANDBOX_SECRET),
        ("KAFKA_API_KEY", SANDBOX_DATA_KEY),
        ("KAFKA_API_SECRET", SANDBOX_DATA_SECRET),
        ("SCHEMA_REGISTRY_API_KEY", SANDBOX_DATA_KEY),
        ("SCHEMA_REGISTRY_API_SECRET", SANDBOX_DATA_SECRET),
        ("FLINK_API_KEY", SANDBOX_DATA_KEY),
        ("FLINK_API_SECRET", SANDBOX_DATA_SECRET),
    ]
}

/// The types that are compiled in, those of REST services too, as a shared value.
pub fn schemas() -> Arc<dyn Schemas> {
    static ALL: LazyLock<Arc<CachedSchemas>> = LazyLock::new(|| Arc::new(CachedSchemas::new(None)));
    Arc::clone(&*ALL) as _
}

/// A cloud and the file that it is kept in.
pub struct Sandbox {
    cloud: Arc<Mutex<Cloud>>,
    file: Option<Kept>,
}

struct Kept {
    path: PathBuf,
    /// Held while the state is taken and written: two replies at a time must not write over each other's file, nor an older
    /// state over a newer one.
    writing: Mutex<()>,
    /// Held as long as the sandbox is open, so that two commands never write over each other.
    _lock: File,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("file", &self.file.as_ref().map(|kept| &kept.path))
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// A cloud in memory.
    pub fn in_memory(config: Config, schemas: Arc<dyn Schemas>) -> Self {
        Self { cloud: Arc::new(Mutex::new(Cloud::new(schemas, config))), file: None }
    }

    /// The cloud of a stack folder, as it was left. Its behaviour is in `config.json` beside the state, if there.
    ///
    /// # Errors
    /// Files that cannot be used (exit 1), or another command that uses them (exit 5).
    pub fn open(
        stack_dir: &Path,
        config: Option<Config>,
        schemas: Arc<dyn Schemas>,
    ) -> Result<Self, Stopped> {
        let folder = folder(stack_dir);
        private_folder(&folder).map_err(|error| Stopped::unwritable(&folder, &error))?;
        let lock_path = folder.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(|error| Stopped::unwritable(&lock_path, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let diagnostic = Diagnostic::error(codes::LOCKED, "another command uses this sandbox")
                    .next("wait until it has ended, or use `sandbox serve` for several at a time");
                return Err(Stopped::new(Exit::Busy, diagnostic));
            }
            Err(TryLockError::Error(error)) => return Err(Stopped::unwritable(&lock_path, &error)),
        }
        let config = match config {
            Some(config) => config,
            None => match optional(&folder.join("config.json"))? {
                Some(text) => parse_config(&folder.join("config.json"), &text)?,
                None => Config::default(),
            },
        };
        let path = state_path(&folder);
        let cloud = match optional(&path)? {
            None => Cloud::new(schemas, config),
            Some(text) => serde_json::from_str(&text)
                .map_err(|error| error.to_string())
                .and_then(|json| Cloud::restore(schemas, config, json).map_err(|error| error.to_string()))
                .map_err(|why| {
                    let message = format!("{} cannot be used: {why}", path.display());
                    let next = format!("start afresh: stack-deploy sandbox reset {}", stack_dir.display());
                    Stopped::new(Exit::Error, Diagnostic::error(codes::SANDBOX, message).next(next))
                })?,
        };
        Ok(Self {
            cloud: Arc::new(Mutex::new(cloud)),
            file: Some(Kept { path, writing: Mutex::new(()), _lock: lock }),
        })
    }

    /// The cloud itself, for serving it.
    pub fn cloud(&self) -> Arc<Mutex<Cloud>> {
        Arc::clone(&self.cloud)
    }

    /// A look at the cloud.
    pub fn lock(&self) -> MutexGuard<'_, Cloud> {
        self.cloud.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the state, atomically. Nothing in memory-only clouds.
    ///
    /// # Errors
    /// The disk.
    pub fn save(&self) -> std::io::Result<()> {
        let Some(kept) = &self.file else { return Ok(()) };
        let _writing = kept.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = self.lock().snapshot();
        replace_private(&kept.path, snapshot.to_string().as_bytes())
    }

    /// A transport into this cloud. Each reply that may have changed something is kept before it is given.
    pub fn transport(self: &Arc<Self>, clock: Arc<dyn Clock>) -> InProcess {
        let sandbox = Arc::clone(self);
        InProcess::new(move |request: http::Request<Bytes>| {
            let reply = sandbox.lock().handle(&request, clock.now_ms());
            let saved = if mutates(&request) { sandbox.save() } else { Ok(()) };
            async move {
                if let Err(error) = saved {
                    let message = format!("the sandbox cannot keep its state: {}", reason(&error));
                    return Err(TransportError::new(TransportErrorKind::Reset, message));
                }
                match reply {
                    Reply::Answer { response, after } => {
                        wait(after).await;
                        Ok(response)
                    }
                    Reply::Lost { after } => {
                        wait(after).await;
                        Err(TransportError::new(TransportErrorKind::Reset, "the connection was lost"))
                    }
                }
            }
        })
    }
}

async fn wait(duration: std::time::Duration) {
    if !duration.is_zero() {
        tokio::time::sleep(duration).await;
    }
}

/// Anything but a read: by the operation's name (cloud-control 1.1), or by the method where there is no such name.
fn mutates(request: &http::Request<Bytes>) -> bool {
    let Some(target) = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok()) else {
        return request.method() != http::Method::GET;
    };
    let operation = target.rsplit('.').next().unwrap_or_default();
    !(operation.starts_with("Get") || operation.starts_with("List"))
        || operation == "GetResourceRequestStatus"
}

/// The state file.
pub fn state_path(folder: &Path) -> PathBuf {
    folder.join("state.json")
}

/// A behaviour file.
///
/// # Errors
/// Exit 1 with the reason.
pub fn parse_config(path: &Path, text: &str) -> Result<Config, Stopped> {
    serde_json::from_str(text).map_err(|error| {
        let message = format!("{} is no sandbox configuration: {error}", path.display());
        Stopped::new(Exit::Error, Diagnostic::error(codes::SANDBOX, message))
    })
}

/// A file's text, `None` if it is not there.
fn optional(path: &Path) -> Result<Option<String>, Stopped> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Stopped::unreadable(path, &error)),
    }
}

/// Makes a folder that only its owner can read.
fn private_folder(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Writes a file that only its owner can read: beside it first, then in its place.
fn replace_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("json.new");
    crate::app::write_private(&beside, bytes)?;
    fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(operation: &str) -> http::Request<Bytes> {
        http::Request::builder()
            .header("x-amz-target", format!("CloudApiService.{operation}"))
            .body(Bytes::new())
            .unwrap()
    }

    #[test]
    fn reads_keep_nothing_and_everything_else_does() {
        assert!(!mutates(&request("GetResource")));
        assert!(!mutates(&request("ListResources")));
        for operation in ["CreateResource", "UpdateResource", "DeleteResource", "CancelResourceRequest"] {
            assert!(mutates(&request(operation)), "{operation}");
        }
        assert!(mutates(&request("GetResourceRequestStatus")));
        let rest = |method: &str| http::Request::builder().method(method).body(Bytes::new()).unwrap();
        assert!(!mutates(&rest("GET")) && mutates(&rest("POST")) && mutates(&rest("DELETE")));
    }

    #[test]
    fn replies_at_the_same_time_are_all_kept() {
        let dir = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::open(dir.path(), None, schemas()).unwrap();
        let saved: Vec<std::io::Result<()>> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..8).map(|_| scope.spawn(|| (0..20).try_for_each(|_| sandbox.save()))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(saved.iter().all(Result::is_ok), "{saved:?}");
    }

    #[test]
    fn a_sandbox_is_used_by_one_command_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = Sandbox::open(dir.path(), None, schemas()).unwrap();
        assert_eq!(Sandbox::open(dir.path(), None, schemas()).unwrap_err().exit, Exit::Busy);
        first.save().unwrap();
        drop(first);
        assert!(Sandbox::open(dir.path(), None, schemas()).is_ok());
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(state_path(&folder(dir.path()))).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_broken_state_names_the_way_out() {
        let dir = tempfile::tempdir().unwrap();
        drop(Sandbox::open(dir.path(), None, schemas()).unwrap());
        fs::write(state_path(&folder(dir.path())), "{").unwrap();
        let stopped = Sandbox::open(dir.path(), None, schemas()).unwrap_err();
        assert_eq!(stopped.exit, Exit::Error);
        assert!(stopped.told[0].notes[0].1.contains("sandbox reset"));
    }
}
