//! `--dry-run`: the requests as rendered, without reading anything (DESIGN section 3).

use super::console::Style;
use super::human::Page;
use super::paint::Hue;
use super::rows::{self, INDENT};
use super::text::{clean, pad, width, wrap};
use super::view::*;
use crate::args::ViewArgs;

/// What is shown in which group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Build,
    Teardown,
}

/// The requests of a view that was made as if nothing existed.
pub fn dry_run(view: &PlanView, purpose: Purpose, next: &str, style: Style) -> String {
    let mut page = Page::new(ViewArgs { full: true, ..ViewArgs::default() }, style);
    let arrow = if style.unicode { "→" } else { "->" };
    let command = match purpose {
        Purpose::Build => "build",
        Purpose::Teardown => "teardown",
    };
    let title = format!("stack-deploy {command} --dry-run  {} {arrow} {}", view.stack.name, view.stack.env);
    let title = style.paint.with(Hue::Bold, &clean(&title, style.unicode));
    page.line(&title);
    page.line("offline: nothing was read, nothing was sent");
    page.line("");
    let wanted: Vec<&ResourceView> = view
        .resources
        .iter()
        .filter(|r| r.action != ActionView::Blocked && r.action != ActionView::Noop)
        .collect();
    page.name_width = wanted.iter().map(|r| width(&r.address)).max().unwrap_or(0).min(28);
    match purpose {
        Purpose::Build => {
            heading(&mut page, "create or update", wanted.is_empty());
            for resource in &wanted {
                request(&mut page, resource, true);
            }
            heading(&mut page, "delete", true);
        }
        Purpose::Teardown => {
            heading(&mut page, "create or update", true);
            heading(&mut page, "delete", wanted.is_empty());
            for resource in wanted.iter().rev() {
                request(&mut page, resource, false);
            }
        }
    }
    unknowns(&mut page, view, &wanted, purpose);
    let next = format!("Next:  {next}");
    page.line(&next);
    page.text
}

fn heading(page: &mut Page, title: &str, empty: bool) {
    let title = page.style.paint.with(Hue::Bold, title);
    page.line(&if empty { format!("{title}: none") } else { format!("{title}:") });
    page.line("");
}

fn request(page: &mut Page, resource: &ResourceView, with_properties: bool) {
    let style = page.style;
    let left =
        format!("  {}  {}", pad(&page.clean(&resource.address), page.name_width), page.clean(&resource.ty));
    let place = resource.source.as_ref().map(ToString::to_string).unwrap_or_default();
    page.spread(&left.clone(), width(&left), &clean(&place, style.unicode), INDENT);
    match &resource.identifier {
        Some(identifier) => {
            let left = format!("{}{}", " ".repeat(INDENT), page.clean(&identifier.value));
            let names = page.clean(&identifier.names.join("|"));
            page.spread(&left.clone(), width(&left), &names, INDENT);
        }
        None if !with_properties => page.detail("note", "its identifier is known only after a read"),
        None => {}
    }
    if with_properties {
        let label_width = rows::label_width(resource.changes.iter(), style);
        for change in &resource.changes {
            rows::lines(change, None, label_width, style).iter().for_each(|line| page.line(line));
        }
    }
    page.line("");
}

fn unknowns(page: &mut Page, view: &PlanView, wanted: &[&ResourceView], purpose: Purpose) {
    let title = page.style.paint.with(Hue::Bold, "cannot be known without reading:");
    page.line(&title);
    let each = match purpose {
        Purpose::Build => {
            "which of these exist: one that does not is created, of the others only differences are sent"
        }
        Purpose::Teardown => "which of these exist and are this stack's; only those are deleted",
    };
    bullet(page, each);
    for resource in wanted {
        let mut from: Vec<&str> = resource
            .changes
            .iter()
            .filter_map(|change| match &change.after {
                ValueView::KnownAfterApply { from, .. } => Some(from.iter().map(String::as_str)),
                _ => None,
            })
            .flatten()
            .chain(resource.decided_by.iter().map(String::as_str))
            .collect();
        from.sort_unstable();
        from.dedup();
        if !from.is_empty() {
            bullet(page, &format!("{} waits for {}", resource.address, from.join(", ")));
        }
    }
    if !view.skipped.is_empty() {
        bullet(page, &format!("skipped, its if is false: {}", view.skipped.join(", ")));
    }
    page.line("");
}

/// `  - text`, wrapped.
fn bullet(page: &mut Page, text: &str) {
    let room = page.style.width.saturating_sub(INDENT).max(20);
    for (i, line) in wrap(&page.clean(text), room).into_iter().enumerate() {
        let edge = if i == 0 { "  - " } else { "    " };
        page.line(&format!("{edge}{line}"));
    }
}
