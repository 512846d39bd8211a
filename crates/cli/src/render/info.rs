//! What `info` prints: a line for each thing that was looked at, in groups.

use super::console::Style;
use super::paint::Hue;
use super::sheet::Sheet;
use super::text::{pad, wrap};
use crate::commands::info::{Check, Status};

/// Width of the names.
const NAME: usize = 12;
/// Where the texts begin.
const HANG: usize = 2 + 4 + 2 + NAME + 2;

/// All checks, and what they amount to.
pub fn checks(checks: &[Check], style: Style) -> String {
    let mut sheet = Sheet::new(style);
    let mut groups: Vec<&str> = Vec::new();
    for check in checks {
        if !groups.contains(&check.group) {
            groups.push(check.group);
        }
    }
    for group in groups {
        sheet.section(group);
        for check in checks.iter().filter(|check| check.group == group) {
            one(&mut sheet, check);
        }
    }
    let of = |status: Status| checks.iter().filter(|check| check.status == status).count();
    let verdict = match (of(Status::Fail), of(Status::Warn)) {
        (0, 0) => "Nothing stands in the way of a run.".to_owned(),
        (0, 1) => "Nothing stops a run; one thing to know.".to_owned(),
        (0, n) => format!("Nothing stops a run; {n} things to know."),
        (1, _) => "One thing would stop a run.".to_owned(),
        (n, _) => format!("{n} things would stop a run."),
    };
    sheet.blank();
    let verdict = style.paint.with(Hue::Bold, &verdict);
    sheet.line(&verdict);
    sheet.finish()
}

fn one(sheet: &mut Sheet, check: &Check) {
    let style = sheet.style();
    let (word, hue) = match check.status {
        Status::Ok => ("ok", Hue::Green),
        Status::Warn => ("warn", Hue::Yellow),
        Status::Fail => ("fail", Hue::Red),
    };
    let room = style.width.saturating_sub(HANG).max(20);
    let mut lines = wrap(&sheet.clean(&check.text), room);
    if let Some(next) = &check.next {
        lines.extend(wrap(&sheet.clean(&format!("next: {next}")), room));
    }
    let mut lines = lines.into_iter();
    let word = style.paint.with(hue, &pad(word, 4));
    let name = pad(&sheet.clean(&check.name), NAME);
    sheet.line(&format!("  {word}  {name}  {}", lines.next().unwrap_or_default()));
    for line in lines {
        sheet.line(&format!("{}{line}", " ".repeat(HANG)));
    }
}
