//! One line per event: UTC time, word, address, facts. No carriage returns, no dots (plan-ux 9).

use super::{About, Show, Tally};
use crate::flows::shown;
use crate::locate::Locate;
use crate::render::Console;
use crate::render::diagnostic;
use crate::render::text::{clean, count, pad};
use crate::render::time::{short, utc};
use stack_core::event::{Ended, Event, EventKind, WaitReason};
use stack_core::plan::{Mode, StepId};
use stack_core::provider::Verb;
use std::sync::Arc;

pub(super) struct Lines {
    console: Console,
    about: About,
    locate: Arc<dyn Locate + Send + Sync>,
}

impl Lines {
    pub(super) fn new(console: Console, about: About, locate: Arc<dyn Locate + Send + Sync>) -> Self {
        Self { console, about, locate }
    }
}

impl Show for Lines {
    fn on(&mut self, event: &Event, tally: &Tally) {
        let style = self.console.err_style;
        if let Some((word, facts)) = facts(&event.kind, &self.about, tally, event) {
            let facts = clean(&facts, style.unicode);
            self.console.err(&format!("{} {} {facts}\n", utc(event.at_ms), pad(word, 6)));
        }
        match &event.kind {
            EventKind::OpFailed { diagnostic, .. } | EventKind::Diagnostic { diagnostic } => {
                self.console.err(&diagnostic::render(diagnostic, &*self.locate, style));
            }
            EventKind::Statement { step, anchor, text } => {
                let address = clean(step.address.as_str(), style.unicode);
                self.console.err(&shown(&address, anchor, text, style.unicode));
            }
            _ => {}
        }
    }
}

/// Word and facts of an event that gets a line.
pub(super) fn facts(
    kind: &EventKind,
    about: &About,
    tally: &Tally,
    event: &Event,
) -> Option<(&'static str, String)> {
    Some(match kind {
        EventKind::RunStart { mode, stack, steps } => {
            let mode = match mode {
                Mode::Teardown => "teardown",
                Mode::Build | Mode::Drift => "build",
            };
            let steps = count(*steps, "step", "steps");
            ("start", format!("{mode} {stack} run={} plan={} {steps}", event.run, about.plan_id))
        }
        EventKind::OpBegin { step, verb, round, number, of } => {
            let round = if *round > 0 { format!(" try {}", round + 1) } else { String::new() };
            ("begin", format!("{} {number}/{of}{round}", named(step, Some(*verb))))
        }
        EventKind::OpWait { step, why, delay, detail } => {
            let detail = if detail.is_empty() { String::new() } else { format!(" {detail}") };
            ("wait", format!("{} {} {}{detail}", step.address, wait_word(*why), short(*delay)))
        }
        EventKind::OpDone { step, verb, identifier, took, note, .. } => {
            let mut facts = format!("{} {}", named(step, *verb), short(*took));
            for fact in
                [identifier.as_deref().unwrap_or_default(), note].into_iter().filter(|f| !f.is_empty())
            {
                facts.push(' ');
                facts.push_str(fact);
            }
            ("done", facts)
        }
        EventKind::OpFailed { step, verb, took, unknown, .. } => {
            let word = if *unknown { "lost" } else { "failed" };
            (word, format!("{} {}", named(step, *verb), short(*took)))
        }
        EventKind::Verify { step, residue, .. } if !residue.is_empty() => {
            let paths: Vec<String> = residue.iter().map(|p| p.dotted()).collect();
            ("note", format!("{} not taken by the service: {}", step.address, paths.join(", ")))
        }
        EventKind::Said { line, .. } => ("note", line.clone()),
        EventKind::RollbackBegin { steps } => ("undo", format!("{} to undo", count(*steps, "step", "steps"))),
        EventKind::RollbackOp { step, undone, note, .. } => {
            ("undo", format!("{} {}{}", step.address, if *undone { "undone" } else { "stays" }, spaced(note)))
        }
        EventKind::Heartbeat { running, .. } => {
            let each: Vec<String> = running
                .iter()
                .map(|r| format!("{} {} polls={}", named(&r.step, r.verb), short(r.elapsed), r.polls))
                .collect();
            ("alive", format!("{} running: {}", running.len(), each.join("; ")))
        }
        EventKind::RunEnd { ended, failed, unknown, left, calls, .. } => {
            let mut facts = vec![ended_word(*ended).to_owned()];
            facts.extend(Some(tally.counts().words(" ")).filter(|words| !words.is_empty()));
            for (n, word) in [(failed, "failed"), (unknown, "unknown"), (left, "not started")] {
                if *n > 0 {
                    facts.push(format!("{n} {word}"));
                }
            }
            facts.push(short(event.elapsed));
            facts.push(format!("calls={calls}"));
            ("end", facts.join(" "))
        }
        EventKind::OpAccepted { .. }
        | EventKind::Statement { .. }
        | EventKind::OpPoll { .. }
        | EventKind::Verify { .. }
        | EventKind::Diagnostic { .. } => return None,
    })
}

fn spaced(note: &str) -> String {
    if note.is_empty() { String::new() } else { format!(" {note}") }
}

pub(super) fn named(step: &StepId, verb: Option<Verb>) -> String {
    match verb {
        Some(verb) => format!("{} {verb}", step.address),
        None => format!("{} nothing to do", step.address),
    }
}

pub(super) fn wait_word(why: WaitReason) -> &'static str {
    match why {
        WaitReason::Throttled => "throttled",
        WaitReason::Retry => "retry",
        WaitReason::NextRound => "again",
        WaitReason::Busy => "busy",
        WaitReason::Propagation => "propagation",
        WaitReason::InUse => "in use",
        WaitReason::Check => "check",
    }
}

pub(super) fn ended_word(ended: Ended) -> &'static str {
    match ended {
        Ended::Succeeded => "ok",
        Ended::Failed { .. } => "failed",
        Ended::Busy => "busy",
        Ended::Interrupted => "interrupted",
        Ended::RolledBack => "rolled back",
        Ended::RollbackIncomplete => "rollback incomplete",
    }
}
