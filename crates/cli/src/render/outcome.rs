//! The end of a run: what is done, what is not, what is still running, and what to do next (plan-ux 12, 18, 19).

use super::console::Style;
use super::paint::Hue;
use super::progress::Tally;
use super::text::{clean, count};
use super::time::short;
use stack_core::event::Ended;

/// What the report is about.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    /// What was done: `Build`, `Teardown`, `Deletion`, `Adoption`.
    pub what: &'a str,
    /// `customer-360/prod`.
    pub stack: &'a str,
    /// The plan command for this stack.
    pub plan_command: &'a str,
}

/// Last words.
pub fn report(tally: &Tally, ending: Ending<'_>, style: Style) -> String {
    let Ending { what, stack, plan_command } = ending;
    let mut lines: Vec<String> = Vec::new();
    for (address, paths) in &tally.residue {
        lines.push(format!("! {address}  not taken by the service: {}", paths.join(", ")));
    }
    for (address, (undone, note)) in &tally.undone {
        if !undone {
            lines.push(format!("! {address}  stays: {note}"));
        }
    }
    for (step, token) in &tally.in_flight {
        lines.push(format!("! {step}  still running at the provider, request {token}"));
    }
    let dot = if style.unicode { " · " } else { "; " };
    let ended = tally.ended.unwrap_or(Ended::Interrupted);
    let (word, hue) = match ended {
        Ended::Succeeded => ("done", Hue::Green),
        Ended::Failed { .. } => ("failed", Hue::Red),
        Ended::Busy => ("stopped: another operation holds a resource", Hue::Yellow),
        Ended::Interrupted => ("interrupted", Hue::Yellow),
        Ended::RolledBack => ("failed and was undone", Hue::Red),
        Ended::RollbackIncomplete => ("failed and could not be undone whole", Hue::Red),
    };
    let mut facts: Vec<String> = Vec::new();
    let counts = tally.counts().words(", ");
    if !counts.is_empty() {
        facts.push(counts);
    } else if ended == Ended::Succeeded {
        facts.push("nothing was needed".to_owned());
    }
    let undone = tally.undone.values().filter(|(undone, _)| *undone).count();
    for (n, word) in [
        (tally.failed_steps, "failed"),
        (tally.unknown_steps, "unknown"),
        (undone, "undone"),
        (tally.undone.len() - undone, "stays"),
        (tally.left, "not started"),
    ] {
        if n > 0 {
            facts.push(format!("{n} {word}"));
        }
    }
    if facts.is_empty() {
        facts.push("nothing was done".to_owned());
    }
    let calls = usize::try_from(tally.calls).unwrap_or(usize::MAX);
    let tail = format!("{}, {}", short(tally.elapsed), count(calls, "call", "calls"));
    let head = style.paint.with(hue, &format!("{what} {word}"));
    lines.push(format!("{head}: {}{dot}{tail}", facts.join(", ")));
    if ended != Ended::Succeeded {
        if let Ended::Failed { changed: false } | Ended::Busy = ended {
            lines.push(format!("{stack} is as it was: this run changed nothing"));
        }
        lines.push(format!("Next:  {plan_command}"));
    }
    lines.iter().map(|line| format!("{}\n", shown(line, style))).collect()
}

/// Cleans a line that holds texts from elsewhere, but keeps our own colour.
fn shown(line: &str, style: Style) -> String {
    if style.paint.is_on() { line.to_owned() } else { clean(line, style.unicode) }
}
