//! Queries that need no cloud: `SELECT 'a' || 'b' AS x`. Their row is known offline.

use super::Runner;
use super::fill::Filled;
use super::verdict::{ExportRow, exported};
use stack_core::flow::{AnchorKind, Captured, Flow, FlowKind, FlowSeen, FlowVerdict};
use stack_core::redact::Redactor;
use stack_sql::{Defaults, Limits, Query, Tables, parse};

/// Parts of the names of functions that give something else each time.
const CHANGING: [&str; 6] = ["random", "date", "time", "julianday", "unixepoch", "current_"];

impl Runner {
    /// What a `query` comes to whose statement reads nothing. `None` for all others, for one that waits for values or gives
    /// something else each time, and for one with which something is wrong: whoever asks it for real says what.
    pub fn without_reading(&self, flow: &Flow) -> Option<FlowSeen> {
        if flow.kind != FlowKind::Query {
            return None;
        }
        let marked = flow.script.statement(AnchorKind::Exports, &Captured::default()).ok()?;
        let redactor = Redactor::default();
        marked.holes.iter().for_each(|hole| redactor.learn(&hole.value));
        let filled = Filled::of(AnchorKind::Exports, marked, &*flow.script, flow.literal_patch).ok()?;
        let lower = filled.text.to_ascii_lowercase();
        if CHANGING.iter().any(|word| lower.contains(word)) {
            return None;
        }
        let parsed = parse(&filled.text).ok()?;
        let [one] = parsed.as_slice() else { return None };
        let tables = Tables::new(&*self.schemas);
        let query = Query::prepare(one, &tables, &Defaults::default(), Limits::default()).ok()?;
        if query.reads() {
            return None;
        }
        let table = query.finish().ok()?;
        let ExportRow::One(row) = exported(&table, &flow.exports) else { return None };
        let row = row.into_iter().map(|(name, value)| (name, redactor.seal(filled.seal(value)))).collect();
        Some(FlowSeen { exports: Some(row), ..FlowSeen::of(FlowVerdict::Read) })
    }
}
