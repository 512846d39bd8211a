//! One JSON object per line on stderr (plan-ux 16): `v, seq, ts, run, type, level, address, action, ms, data`.

use super::{About, Show, Tally};
use crate::render::Console;
use crate::render::time::utc;
use serde_json::{Value as Json, json};
use stack_core::event::{Event, EventKind};
use stack_core::provider::Verb;

/// Version of the line's shape.
const VERSION: u32 = 1;

pub(super) struct EventsJson {
    console: Console,
    about: About,
}

impl EventsJson {
    pub(super) fn new(console: Console, about: About) -> Self {
        Self { console, about }
    }
}

impl Show for EventsJson {
    fn on(&mut self, event: &Event, _: &Tally) {
        self.console.err(&format!("{}\n", line(event, &self.about)));
    }
}

/// One event.
fn line(event: &Event, about: &About) -> Json {
    let Event { run, seq, at_ms, elapsed, kind } = event;
    let mut data = serde_json::to_value(kind).unwrap_or(Json::Null);
    if let Some(map) = data.as_object_mut() {
        map.remove("type");
        if matches!(kind, EventKind::RunStart { .. }) {
            map.insert("plan_id".to_owned(), about.plan_id.clone().into());
            map.insert("command".to_owned(), about.command.into());
        }
    }
    json!({
        "v": VERSION,
        "seq": seq,
        "ts": utc(*at_ms),
        "run": run.as_str(),
        "type": kind.name(),
        "level": kind.level(),
        "address": kind.address().map(|address| address.as_str()),
        "action": verb(kind).map(|verb| verb.to_string()),
        "ms": u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        "data": data,
    })
}

fn verb(kind: &EventKind) -> Option<Verb> {
    match kind {
        EventKind::OpBegin { verb, .. }
        | EventKind::OpAccepted { verb, .. }
        | EventKind::OpPoll { verb, .. } => Some(*verb),
        EventKind::OpDone { verb, .. }
        | EventKind::OpFailed { verb, .. }
        | EventKind::RollbackOp { verb, .. } => *verb,
        EventKind::RunStart { .. }
        | EventKind::OpWait { .. }
        | EventKind::Verify { .. }
        | EventKind::Statement { .. }
        | EventKind::Said { .. }
        | EventKind::RollbackBegin { .. }
        | EventKind::Diagnostic { .. }
        | EventKind::Heartbeat { .. }
        | EventKind::RunEnd { .. } => None,
    }
}
