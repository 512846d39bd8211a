//! Property lines of a resource.

use super::console::Style;
use super::paint::Hue;
use super::text::{block, clean, embedded, pad, width, words};
use super::unified::{Line, unified};
use super::view::{ChangeView, OpView, ValueView};
use serde_json::Value as Json;

/// Left edge of property lines.
pub(crate) const INDENT: usize = 4;
/// Equal lines around a change inside a long value.
const CONTEXT: usize = 2;
/// Labels longer than this do not push the values of the others to the right.
const LABEL_CAP: usize = 32;

/// Width of the label column for these rows.
pub(crate) fn label_width<'c>(changes: impl Iterator<Item = &'c ChangeView>, style: Style) -> usize {
    changes.map(|c| width(&clean(&c.label, style.unicode))).filter(|w| *w <= LABEL_CAP).max().unwrap_or(0)
}

/// The lines of one property. `forces`: why it makes a replacement, in words.
pub(crate) fn lines(
    change: &ChangeView,
    forces: Option<&str>,
    label_width: usize,
    style: Style,
) -> Vec<String> {
    let (symbol, hue) = match change.op {
        OpView::Add => ("+", Hue::Green),
        OpView::Replace => ("~", Hue::Yellow),
        OpView::Remove => ("-", Hue::Red),
        OpView::Resend => ("*", Hue::Dim),
    };
    let label = clean(&change.label, style.unicode);
    let lead = format!("{}{} ", " ".repeat(INDENT), style.paint.with(hue, symbol));
    let lead_width = INDENT + 2;
    if let Some(value) = one_line(change, style) {
        let suffix = forces.map(|text| format!("  {text}")).unwrap_or_default();
        // Which statement says it, for what the INSERT does not name.
        let given = change.given_by.as_ref().map(|by| format!("  (from {by})")).unwrap_or_default();
        let label_width = label_width.max(width(&label));
        if lead_width + label_width + 2 + width(&value) + width(&suffix) + width(&given) <= style.width {
            let suffix = style.paint.with(Hue::MagentaBold, &suffix);
            let given = style.paint.with(Hue::Dim, &given);
            return vec![format!("{lead}{}  {value}{given}{suffix}", pad(&label, label_width))];
        }
    }
    let label = match &change.given_by {
        Some(by) => format!("{label} (from {by})"),
        None => label,
    };
    let mut lines = heading(&lead, lead_width, &label, forces, style);
    lines.extend(long(change, style));
    lines
}

/// Label, with the reason of a replacement at the right edge or below.
fn heading(lead: &str, lead_width: usize, label: &str, forces: Option<&str>, style: Style) -> Vec<String> {
    let Some(forces) = forces else { return vec![format!("{lead}{label}")] };
    let painted = style.paint.with(Hue::MagentaBold, forces);
    let used = lead_width + width(label);
    if used + 2 + width(forces) <= style.width {
        let gap = style.width - used - width(forces);
        vec![format!("{lead}{label}{}{painted}", " ".repeat(gap))]
    } else {
        vec![format!("{lead}{label}"), format!("{}{painted}", " ".repeat(INDENT + 2))]
    }
}

/// The value on one line, if it reads well there.
fn one_line(change: &ChangeView, style: Style) -> Option<String> {
    let ChangeView { op, before, after, .. } = change;
    if wants_block(before) || wants_block(after) {
        return None;
    }
    let arrow = if style.unicode { "→" } else { "->" };
    Some(match op {
        OpView::Add => side(after, style),
        OpView::Remove => side(before, style),
        OpView::Resend if matches!(after, ValueView::Sensitive { .. }) => {
            "(sensitive, write-only: sent again, cannot compare)".to_owned()
        }
        OpView::Resend => "(write-only: sent again, cannot be compared)".to_owned(),
        OpView::Replace => match (before, after) {
            (ValueView::Sensitive { .. }, ValueView::Sensitive { .. }) => words(after, style.unicode),
            (ValueView::Unreadable | ValueView::WriteOnly, ValueView::Sensitive { .. }) => {
                "(sensitive, cannot compare)".to_owned()
            }
            _ => format!("{} {arrow} {}", side(before, style), side(after, style)),
        },
    })
}

/// One side of a change. A lone sensitive value has nothing to be compared with.
fn side(value: &ValueView, style: Style) -> String {
    match value {
        ValueView::Sensitive { .. } => "(sensitive)".to_owned(),
        other => words(other, style.unicode),
    }
}

/// JSON in a string, and text over five lines, always read better in lines (plan-ux 3).
fn wants_block(value: &ValueView) -> bool {
    match value {
        ValueView::Known { value: Json::String(text) } => {
            embedded(text).is_some() || text.lines().count() > 5
        }
        _ => false,
    }
}

/// Several lines: before and after, or a diff of the two.
fn long(change: &ChangeView, style: Style) -> Vec<String> {
    let sides = (block(&change.before, style.unicode), block(&change.after, style.unicode));
    let edge = " ".repeat(INDENT + 2);
    let gone = |text: &str| format!("{edge}{}", style.paint.with(Hue::Red, &format!("- {text}")));
    let new = |text: &str| format!("{edge}{}", style.paint.with(Hue::Green, &format!("+ {text}")));
    match (change.op, sides) {
        (OpView::Replace, (Some(before), Some(after))) => unified(&before, &after, CONTEXT)
            .into_iter()
            .map(|line| match line {
                Line::Gone(text) => gone(&text),
                Line::New(text) => new(&text),
                Line::Same(text) => format!("{edge}  {text}"),
                Line::Gap(n) => {
                    let mark = if style.unicode { "…" } else { "..." };
                    format!("{edge}{}", style.paint.with(Hue::Dim, &format!("  {mark} {n} equal lines")))
                }
            })
            .collect(),
        (op, (before, after)) => {
            let mut lines = Vec::new();
            if matches!(op, OpView::Replace | OpView::Remove) {
                let before = before.unwrap_or_else(|| vec![side(&change.before, style)]);
                lines.extend(before.iter().map(|text| gone(text)));
            }
            if matches!(op, OpView::Replace | OpView::Add) {
                let after = after.unwrap_or_else(|| vec![side(&change.after, style)]);
                lines.extend(after.iter().map(|text| new(text)));
            }
            if op == OpView::Resend {
                lines.push(format!("{edge}(write-only: sent again, cannot be compared)"));
            }
            lines
        }
    }
}
