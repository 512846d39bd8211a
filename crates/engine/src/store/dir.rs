//! A store in a folder: `.stack-deploy/` beside the manifest.
//!
//! ```text
//! .stack-deploy/
//!   runs/RUN/journal.jsonl    one entry a line, append only
//!   ledger.json               {"format":1,"stacks":{"NAME/ENV":{ADDRESS:entry}}}
//!   NAME.ENV.lock             an OS lock; the text says who holds it
//! ```
//! Files are readable by their owner alone.

use super::{Held, Holder, JournalStore, Replayed, StoreError, fold};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use stack_core::ids::{Address, RunId, StackId};
use stack_core::journal::{Entry, Record};
use stack_core::observed::LedgerEntry;
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The format of `ledger.json`.
const LEDGER_FORMAT: u32 = 1;

/// A journal store in a folder.
#[derive(Debug)]
pub struct DirStore {
    root: PathBuf,
    stack: StackId,
    open: Mutex<HashMap<RunId, File>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct LedgerFile {
    format: u32,
    #[serde(default)]
    stacks: IndexMap<String, IndexMap<Address, LedgerEntry>>,
}

impl Default for LedgerFile {
    fn default() -> Self {
        Self { format: LEDGER_FORMAT, stacks: IndexMap::new() }
    }
}

impl DirStore {
    /// A store for one stack and environment in `root`, which is made on the first write.
    pub fn new(root: impl Into<PathBuf>, stack: StackId) -> Self {
        Self { root: root.into(), stack, open: Mutex::default() }
    }

    fn journal(&self, run: &RunId) -> PathBuf {
        self.root.join("runs").join(safe(run.as_str())).join("journal.jsonl")
    }

    fn ledger_path(&self) -> PathBuf {
        self.root.join("ledger.json")
    }

    /// Makes the folder, kept out of version control.
    fn prepare(&self) -> Result<(), StoreError> {
        make_dir(&self.root)?;
        let ignore = self.root.join(".gitignore");
        if !ignore.exists() {
            fs::write(&ignore, "*\n").map_err(io_error("write", &ignore))?;
        }
        Ok(())
    }

    /// Opens a journal for appending, behind its last whole line.
    fn reopen(&self, run: &RunId) -> Result<File, StoreError> {
        let path = self.journal(run);
        let whole = self.load(run)?.1;
        let mut file = OpenOptions::new().write(true).open(&path).map_err(io_error("write", &path))?;
        file.set_len(whole).map_err(io_error("write", &path))?;
        file.seek(SeekFrom::End(0)).map_err(io_error("write", &path))?;
        Ok(file)
    }

    /// The journal and the length of its whole lines.
    fn load(&self, run: &RunId) -> Result<(Replayed, u64), StoreError> {
        let path = self.journal(run);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(StoreError::Missing(run.clone())),
            Err(source) => return Err(io_error("read", &path)(source)),
        };
        let mut entries = Vec::new();
        let (mut whole, mut torn) = (0, false);
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate().peekable();
        while let Some((at, line)) = lines.next() {
            match serde_json::from_slice::<Entry>(line) {
                Ok(entry) if line.ends_with(b"\n") => {
                    entries.push(entry);
                    whole += line.len() as u64;
                }
                // A crash in the middle of a write; nothing was done because of it.
                _ if lines.peek().is_none() => torn = true,
                Ok(_) => {}
                Err(e) => {
                    return Err(StoreError::Corrupt { file: path, line: at + 1, why: e.to_string() });
                }
            }
        }
        let state = fold(&entries).map_err(|(at, why)| StoreError::Corrupt {
            file: path.clone(),
            line: at + 1,
            why,
        })?;
        Ok((Replayed { entries, state, torn }, whole))
    }

    /// True if the run's first entry names this stack. A run without a readable first entry is nobody's.
    fn is_mine(&self, run: &RunId) -> bool {
        let first = File::open(self.journal(run)).ok().and_then(|file| {
            let mut line = String::new();
            BufReader::new(file).read_line(&mut line).ok()?;
            serde_json::from_str::<Entry>(&line).ok()
        });
        matches!(first, Some(Entry { record: Record::Started { stack, .. }, .. }) if stack == self.stack)
    }

    /// True if the last line is the end of the run. Reads only the tail: there may be many runs.
    fn has_ended(&self, run: &RunId) -> Result<bool, StoreError> {
        let path = self.journal(run);
        let mut file = File::open(&path).map_err(io_error("read", &path))?;
        let length = file.metadata().map_err(io_error("read", &path))?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(1024))).map_err(io_error("read", &path))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail).map_err(io_error("read", &path))?;
        let last = tail.strip_suffix(b"\n").and_then(|tail| tail.rsplit(|byte| *byte == b'\n').next());
        Ok(last
            .and_then(|line| serde_json::from_slice::<Entry>(line).ok())
            .is_some_and(|entry| matches!(entry.record, Record::Ended { .. })))
    }

    fn read_ledger(&self) -> Result<LedgerFile, StoreError> {
        let path = self.ledger_path();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(LedgerFile::default()),
            Err(source) => return Err(io_error("read", &path)(source)),
        };
        let corrupt = |line, why| StoreError::Corrupt { file: path.clone(), line, why };
        let ledger: LedgerFile =
            serde_json::from_slice(&bytes).map_err(|e| corrupt(e.line(), e.to_string()))?;
        if ledger.format > LEDGER_FORMAT {
            let why = format!("the ledger has format {}, this program reads {LEDGER_FORMAT}", ledger.format);
            return Err(corrupt(1, why));
        }
        Ok(ledger)
    }
}

impl JournalStore for DirStore {
    fn create(&self, run: &RunId) -> Result<(), StoreError> {
        self.prepare()?;
        let path = self.journal(run);
        if let Some(parent) = path.parent() {
            make_dir(parent)?;
        }
        let file = match private(OpenOptions::new().write(true).create_new(true)).open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                return Err(StoreError::Exists(run.clone()));
            }
            Err(source) => return Err(io_error("create", &path)(source)),
        };
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(run.clone(), file);
        Ok(())
    }

    fn append(&self, run: &RunId, entry: &Entry) -> Result<(), StoreError> {
        let path = self.journal(run);
        let mut line = serde_json::to_vec(entry)
            .map_err(|e| io_error("write", &path)(io::Error::new(io::ErrorKind::InvalidData, e)))?;
        line.push(b'\n');
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if !open.contains_key(run) {
            open.insert(run.clone(), self.reopen(run)?);
        }
        let file = open.get_mut(run).ok_or_else(|| StoreError::Missing(run.clone()))?;
        file.write_all(&line).map_err(io_error("write", &path))?;
        if entry.record.is_durable() {
            file.sync_data().map_err(io_error("sync", &path))?;
        }
        if matches!(entry.record, Record::Ended { .. }) {
            open.remove(run);
        }
        Ok(())
    }

    fn load(&self, run: &RunId) -> Result<Replayed, StoreError> {
        self.load(run).map(|(replayed, _)| replayed)
    }

    fn list(&self) -> Result<Vec<RunId>, StoreError> {
        let runs = self.root.join("runs");
        let entries = match fs::read_dir(&runs) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(io_error("read", &runs)(source)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let name = entry.map_err(io_error("read", &runs))?.file_name();
            let run = RunId::new(name.to_string_lossy());
            if self.is_mine(&run) {
                found.push(run);
            }
        }
        // Run ids begin with their time.
        found.sort();
        Ok(found)
    }

    fn unfinished(&self) -> Result<Vec<RunId>, StoreError> {
        let mut open = Vec::new();
        for run in self.list()? {
            if !self.has_ended(&run)? {
                open.push(run);
            }
        }
        Ok(open)
    }

    fn ledger(&self) -> Result<IndexMap<Address, LedgerEntry>, StoreError> {
        Ok(self.read_ledger()?.stacks.swap_remove(&self.stack.to_string()).unwrap_or_default())
    }

    fn put_ledger(&self, changes: &[(Address, Option<LedgerEntry>)]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        self.prepare()?;
        // Runs of other environments share the file.
        let guard = self.root.join("ledger.lock");
        let lock = private(OpenOptions::new().write(true).create(true).truncate(false))
            .open(&guard)
            .map_err(io_error("open", &guard))?;
        lock.lock().map_err(io_error("lock", &guard))?;
        let mut ledger = self.read_ledger()?;
        let mine = ledger.stacks.entry(self.stack.to_string()).or_default();
        for (address, entry) in changes {
            match entry {
                Some(entry) => mine.insert(address.clone(), entry.clone()),
                None => mine.shift_remove(address),
            };
        }
        ledger.format = LEDGER_FORMAT;
        let path = self.ledger_path();
        let text = serde_json::to_vec_pretty(&ledger)
            .map_err(|e| io_error("write", &path)(io::Error::new(io::ErrorKind::InvalidData, e)))?;
        write_atomically(&path, &text)
    }

    fn lock(&self, holder: &Holder) -> Result<Box<dyn Held>, StoreError> {
        self.prepare()?;
        let path = self.root.join(format!("{}.{}.lock", safe(&self.stack.name), safe(&self.stack.env)));
        let mut file = private(OpenOptions::new().read(true).write(true).create(true).truncate(false))
            .open(&path)
            .map_err(io_error("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                // Who holds it is a courtesy; an unreadable note is none.
                let note = fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
                return Err(StoreError::Locked(note));
            }
            Err(TryLockError::Error(source)) => return Err(io_error("lock", &path)(source)),
        }
        let note = serde_json::to_vec(holder)
            .map_err(|e| io_error("write", &path)(io::Error::new(io::ErrorKind::InvalidData, e)))?;
        file.set_len(0).and_then(|()| file.write_all(&note)).map_err(io_error("write", &path))?;
        Ok(Box::new(DirLock { _file: file }))
    }
}

/// The kernel frees the lock when the file is closed, even if the process is killed.
#[derive(Debug)]
struct DirLock {
    _file: File,
}

impl Held for DirLock {}

fn io_error(what: &'static str, file: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let file = file.to_owned();
    move |source| StoreError::Io { what, file, source }
}

/// A file name of any text: what is not plain becomes `%xx`.
fn safe(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02x}") }).collect()
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

fn make_dir(path: &Path) -> Result<(), StoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(io_error("create", path))
}

/// Writes beside the file and renames: a reader sees the old text or the new, never half of one.
fn write_atomically(path: &Path, text: &[u8]) -> Result<(), StoreError> {
    let beside = path.with_extension("json.new");
    let mut file = private(OpenOptions::new().write(true).create(true).truncate(true))
        .open(&beside)
        .map_err(io_error("write", &beside))?;
    file.write_all(text).and_then(|()| file.sync_all()).map_err(io_error("write", &beside))?;
    fs::rename(&beside, path).map_err(io_error("replace", path))
}

#[cfg(test)]
mod tests;
