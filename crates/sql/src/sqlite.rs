//! The relational work, done by SQLite in memory: tables of rows that were read, one statement, its result.

use crate::columns::{Affinity, Cell};
use crate::table::Table;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, Error, ErrorCode, Statement, ToSql, params_from_iter};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// How far a statement may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Rows of the result.
    pub rows: usize,
    /// Bytes of the result, and of all that SQLite holds.
    pub bytes: usize,
    /// Bytes of one value.
    pub value: i32,
    /// Steps of SQLite's machine.
    pub steps: u64,
    /// Time of SQLite's work.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rows: 100_000,
            bytes: 512 << 20,
            value: 32 << 20,
            steps: 500_000_000,
            time: Duration::from_secs(20),
        }
    }
}

/// Why SQLite did not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The statement cannot be prepared: SQLite's words, and the byte of the word that they mean.
    Unprepared(String, Option<usize>),
    /// More than reading: SQLite's words.
    Denied(String),
    /// Too long, too many or too much: what.
    Limit(String),
    /// A function or an operator failed: its words.
    Failed(String),
    /// Somebody stopped it.
    Stopped,
}

/// Stops the computing of a statement, from any thread and at any time. Clones stop the same one.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Ends what runs, and what would run later.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A database in memory.
#[derive(Debug)]
pub(crate) struct Engine {
    connection: Connection,
    limits: Limits,
    stop: Stop,
}

/// Steps between two looks at the clock.
const STRIDE: u32 = 20_000;

impl Engine {
    /// An empty database.
    pub(crate) fn open(limits: Limits) -> Result<Self, Trouble> {
        let connection = Connection::open_in_memory().map_err(trouble)?;
        let configure = || {
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
            connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, limits.value)?;
            connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
            // What was read stays in memory, and memory has an end.
            connection.pragma_update(None, "temp_store", "MEMORY")?;
            connection.query_row(&format!("PRAGMA hard_heap_limit = {}", limits.bytes), [], |_| Ok(()))
        };
        configure().map_err(trouble)?;
        crate::functions::register(&connection).map_err(trouble)?;
        Ok(Self { connection, limits, stop: Stop::default() })
    }

    /// Stops what runs on it.
    pub(crate) fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// How long one statement may compute.
    pub(crate) fn time(&self) -> Duration {
        self.limits.time
    }

    /// Makes a table without rows.
    pub(crate) fn create(&self, table: &str, columns: &[(&str, Affinity)]) -> Result<(), Trouble> {
        let columns: Vec<String> = columns
            .iter()
            .map(|(name, affinity)| {
                let word = match affinity {
                    Affinity::Text | Affinity::Reference => "TEXT",
                    Affinity::Numeric => "NUMERIC",
                    Affinity::Boolean => "INTEGER",
                    Affinity::Json => "BLOB",
                };
                format!("{} {word}", quoted(name))
            })
            .collect();
        let text = format!("CREATE TABLE {} ({})", quoted(table), columns.join(", "));
        self.connection.execute(&text, []).map(drop).map_err(trouble)
    }

    /// Adds rows to a table.
    pub(crate) fn insert(&self, table: &str, rows: &[Vec<Cell>]) -> Result<(), Trouble> {
        let Some(width) = rows.first().map(Vec::len) else { return Ok(()) };
        let places = vec!["?"; width].join(", ");
        let insert = || {
            let transaction = self.connection.unchecked_transaction()?;
            let text = format!("INSERT INTO {} VALUES ({places})", quoted(table));
            let mut statement = transaction.prepare(&text)?;
            for row in rows {
                statement.execute(params_from_iter(row.iter().map(Bound)))?;
            }
            drop(statement);
            transaction.commit()
        };
        insert().map_err(trouble)
    }

    /// Prepares one reading statement, and does not run it. Gives the names of its columns.
    pub(crate) fn check(&mut self, text: &str) -> Result<Vec<String>, Trouble> {
        let names = |statement: &Statement<'_>| statement.column_names().map(str::to_owned).collect();
        self.watched(|engine| engine.prepared(text).map(|statement| names(&statement)))
    }

    /// Runs one reading statement.
    pub(crate) fn run(&mut self, text: &str) -> Result<Table, Trouble> {
        self.watched(|engine| engine.guarded(text))
    }

    fn watched<T>(&mut self, work: impl FnOnce(&Self) -> Result<T, Trouble>) -> Result<T, Trouble> {
        if self.stop.is_stopped() {
            return Err(Trouble::Stopped);
        }
        let denied = Arc::new(AtomicBool::new(false));
        let ended = Arc::new(AtomicU8::new(GOES_ON));
        self.guard(&denied, &ended).map_err(trouble)?;
        let result = work(self);
        // What comes next may be our own INSERT.
        let freed = self
            .connection
            .authorizer(None::<fn(AuthContext<'_>) -> Authorization>)
            .and_then(|()| self.connection.progress_handler(0, None::<fn() -> bool>));
        freed.map_err(trouble)?;
        result.map_err(|why| match (why, ended.load(Ordering::Relaxed)) {
            (_, STOPPED) => Trouble::Stopped,
            (_, LATE) => Trouble::Limit(format!("it ran for more than {} s", self.limits.time.as_secs())),
            (_, LONG) => Trouble::Limit(format!("it took more than {} steps", self.limits.steps)),
            (Trouble::Unprepared(words, _) | Trouble::Failed(words), _) if denied.load(Ordering::Relaxed) => {
                Trouble::Denied(words)
            }
            (why, _) => why,
        })
    }

    /// Lets only reads through, and ends what goes on too long.
    fn guard(&mut self, denied: &Arc<AtomicBool>, ended: &Arc<AtomicU8>) -> rusqlite::Result<()> {
        let denied = Arc::clone(denied);
        self.connection.authorizer(Some(move |context: AuthContext<'_>| match context.action {
            AuthAction::Select | AuthAction::Read { .. } | AuthAction::Recursive => Authorization::Allow,
            AuthAction::Function { function_name }
                if !function_name.eq_ignore_ascii_case("load_extension") =>
            {
                Authorization::Allow
            }
            _ => {
                denied.store(true, Ordering::Relaxed);
                Authorization::Deny
            }
        }))?;
        let (ended, stop) = (Arc::clone(ended), self.stop.clone());
        let Limits { steps, time, .. } = self.limits;
        let begun = now();
        let mut done = 0_u64;
        let watch = move || {
            done += u64::from(STRIDE);
            let why = match (stop.is_stopped(), done > steps, begun.elapsed() > time) {
                (true, ..) => STOPPED,
                (.., true) => LATE,
                (_, true, _) => LONG,
                _ => return false,
            };
            ended.store(why, Ordering::Relaxed);
            true
        };
        self.connection.progress_handler(i32::try_from(STRIDE).unwrap_or(i32::MAX), Some(watch))
    }

    fn prepared(&self, text: &str) -> Result<Statement<'_>, Trouble> {
        let statement = self.connection.prepare(text).map_err(trouble)?;
        if !statement.readonly() || statement.column_count() == 0 {
            return Err(Trouble::Denied("it is no query".to_owned()));
        }
        Ok(statement)
    }

    fn guarded(&self, text: &str) -> Result<Table, Trouble> {
        let mut statement = self.prepared(text)?;
        let mut table =
            Table { columns: statement.column_names().map(str::to_owned).collect(), rows: Vec::new() };
        let width = table.columns.len();
        let mut bytes = 0_usize;
        let mut rows = statement.query([]).map_err(trouble)?;
        while let Some(row) = rows.next().map_err(trouble)? {
            if table.rows.len() == self.limits.rows {
                return Err(Trouble::Limit(format!("the result has more than {} rows", self.limits.rows)));
            }
            let cells = (0..width).map(|at| row.get_ref(at).map(cell)).collect::<Result<Vec<_>, _>>();
            let cells = cells.map_err(trouble)?;
            bytes += cells
                .iter()
                .map(|cell| if let Cell::Text(text) = cell { text.len() } else { 16 })
                .sum::<usize>();
            if bytes > self.limits.bytes {
                return Err(Trouble::Limit(format!(
                    "the result has more than {} MB",
                    self.limits.bytes >> 20
                )));
            }
            table.rows.push(cells);
        }
        Ok(table)
    }
}

const GOES_ON: u8 = 0;
const LATE: u8 = 1;
const LONG: u8 = 2;
const STOPPED: u8 = 3;

#[expect(clippy::disallowed_methods, reason = "real time of a real computation")]
fn now() -> Instant {
    Instant::now()
}

/// A name in SQLite's quotes.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(integer) => Cell::Integer(integer),
        ValueRef::Real(real) => Cell::Real(real),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Cell::Text(text.to_owned()),
            Err(_) => Cell::Text(bytes.iter().map(|byte| format!("{byte:02X}")).collect()),
        },
    }
}

struct Bound<'c>(&'c Cell);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Cell::Null => ValueRef::Null,
            Cell::Integer(integer) => ValueRef::Integer(*integer),
            Cell::Real(real) => ValueRef::Real(*real),
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// SQLite's error without the statement that it quotes.
fn trouble(error: Error) -> Trouble {
    match error {
        Error::SqlInputError { msg, offset, .. } => Trouble::Unprepared(msg, usize::try_from(offset).ok()),
        Error::InvalidParameterCount(..) => {
            Trouble::Unprepared("placeholders have no values here".to_owned(), None)
        }
        Error::SqliteFailure(failure, words) => {
            let words = words.unwrap_or_else(|| failure.to_string());
            match failure.code {
                ErrorCode::OutOfMemory => Trouble::Limit("it needs too much memory".to_owned()),
                ErrorCode::TooBig => Trouble::Limit("a value is too long".to_owned()),
                ErrorCode::AuthorizationForStatementDenied => Trouble::Denied(words),
                _ => Trouble::Failed(words),
            }
        }
        Error::UserFunctionError(error) => Trouble::Failed(error.to_string()),
        other => Trouble::Failed(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine() -> Engine {
        let engine = Engine::open(Limits::default()).unwrap();
        let columns = [
            ("name", Affinity::Text),
            ("size", Affinity::Numeric),
            ("on", Affinity::Boolean),
            ("tags", Affinity::Json),
        ];
        engine.create("t 0", &columns).unwrap();
        let row = |name: &str, size: Cell, on| {
            vec![Cell::Text(name.to_owned()), size, Cell::Integer(on), Cell::Text("{\"a\":[1]}".to_owned())]
        };
        let rows = [row("a", Cell::Integer(8), 1), row("b", Cell::Real(0.1), 0), row("8", Cell::Null, 0)];
        engine.insert("t 0", &rows).unwrap();
        engine
    }

    fn one(text: &str) -> Cell {
        let table = engine().run(text).unwrap_or_else(|why| panic!("{text}: {why:?}"));
        assert_eq!((table.rows.len(), table.columns.len()), (1, 1), "{text}: {table:?}");
        table.rows[0][0].clone()
    }

    #[test]
    fn values_compare_by_the_affinity_of_their_column() {
        for text in [
            "SELECT count(*) FROM \"t 0\" WHERE size = '8'",
            "SELECT count(*) FROM \"t 0\" WHERE size = 8.0",
            "SELECT count(*) FROM \"t 0\" WHERE name = 8",
            "SELECT count(*) FROM \"t 0\" WHERE \"on\" = true",
            "SELECT count(*) FROM \"t 0\" WHERE \"on\" = 1",
            "SELECT count(*) FROM \"t 0\" WHERE size IS NULL",
            "SELECT count(*) FROM \"t 0\" WHERE SIZE = 0.1",
        ] {
            assert_eq!(one(text), Cell::Integer(1), "{text}");
        }
        assert_eq!(one("SELECT json_extract(tags, '$.a[0]') FROM \"t 0\" LIMIT 1"), Cell::Integer(1));
    }

    #[test]
    fn only_reads_are_done() {
        for text in [
            "ATTACH 'x' AS y",
            "PRAGMA cache_size = 1",
            "INSERT INTO \"t 0\" (name) VALUES ('x')",
            "CREATE TABLE x (a)",
            "DROP TABLE \"t 0\"",
            "SELECT load_extension('x')",
            "SELECT * FROM pragma_table_info('t 0')",
            "VACUUM",
            "BEGIN",
            "CREATE VIRTUAL TABLE v USING fts5(a)",
        ] {
            let why = engine().run(text).unwrap_err();
            assert!(matches!(why, Trouble::Denied(_)), "{text}: {why:?}");
        }
        assert_eq!(one("SELECT count(*) FROM \"t 0\""), Cell::Integer(3));
    }

    #[test]
    fn a_text_in_double_quotes_is_a_name() {
        let why = engine().run("SELECT 1 FROM \"t 0\" WHERE name = \"a\"").unwrap_err();
        assert!(
            matches!(&why, Trouble::Unprepared(words, Some(33)) if words.contains("no such column: ")),
            "{why:?}"
        );
    }

    #[test]
    fn what_does_not_end_is_ended() {
        let limits =
            Limits { rows: 1000, bytes: 64 << 20, value: 1 << 20, steps: 20_000_000, ..Limits::default() };
        for (text, said) in [
            (
                "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
                "steps",
            ),
            ("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c", "1000 rows"),
            (
                "WITH RECURSIVE c(x) AS (SELECT randomblob(100000) UNION SELECT randomblob(100000) FROM c) SELECT count(*) FROM c",
                "memory",
            ),
            ("SELECT length(printf('%.*c', 100000000, 'x'))", "long"),
            (
                "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 900) SELECT hex(randomblob(100000)) FROM c",
                "MB",
            ),
        ] {
            let why = Engine::open(limits).unwrap().run(text).unwrap_err();
            assert!(matches!(&why, Trouble::Limit(words) if words.contains(said)), "{text}: {why:?}");
        }
    }

    #[test]
    fn a_late_statement_is_ended_by_the_clock() {
        let limits = Limits { time: Duration::ZERO, ..Limits::default() };
        let text = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";
        let why = Engine::open(limits).unwrap().run(text).unwrap_err();
        assert!(matches!(&why, Trouble::Limit(words) if words.contains("ran for")), "{why:?}");
    }

    #[test]
    fn a_statement_can_be_stopped_from_elsewhere() {
        let text = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";
        let mut engine = Engine::open(Limits { steps: u64::MAX, ..Limits::default() }).unwrap();
        let stop = engine.stop();
        std::thread::spawn(move || stop.stop());
        assert_eq!(engine.run(text).unwrap_err(), Trouble::Stopped);
        assert_eq!(engine.run("SELECT 1").unwrap_err(), Trouble::Stopped, "it stays stopped");
    }

    #[test]
    fn no_error_quotes_the_statement() {
        for text in
            ["SELECT secret FROM \"t 0\" WHERE 'hush' = 1", "SELECT json('hush')", "SELECT 1 'hush' hush"]
        {
            let why = format!("{:?}", engine().run(text).unwrap_err());
            assert!(!why.contains("hush' ="), "{why}");
        }
    }
}
