//! `--dry-run`: the requests as rendered, without reading anything (DESIGN section 3).

use super::console::Style;
use super::human::Page;
use super::paint::Hue;
use super::rows::{self, INDENT};
use super::text::{clean, pad, width, wrap};
use super::view::*;
use crate::args::ViewArgs;
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// What is shown in which group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Build,
    Test,
    Teardown,
}

/// One statement of a query file, or the text of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementText {
    /// `exists query`
    pub title: String,
    /// Its text, without secrets. `None` if it depends on what is not known.
    pub text: Option<String>,
    /// The names of what is not known.
    pub waits: BTreeSet<String>,
}

/// What a resource declares beside its properties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// `state: absent`
    pub absent: bool,
    /// True if its statements are understood, so that reads are derived from its type.
    pub is_derived: bool,
    /// What can run; `None` for dotted types.
    pub statements: Option<Vec<StatementText>>,
}

/// The requests of a view that was made as if nothing existed. Of what is written as statements: these.
pub fn dry_run(
    view: &PlanView,
    purpose: Purpose,
    written: &IndexMap<String, Written>,
    next: &str,
    style: Style,
) -> String {
    let mut page = Page::new(ViewArgs { full: true, ..ViewArgs::default() }, style);
    let arrow = if style.unicode { "→" } else { "->" };
    let command = match purpose {
        Purpose::Build => "build",
        Purpose::Test => "test",
        Purpose::Teardown => "teardown",
    };
    let title = format!("stack-deploy {command} --dry-run  {} {arrow} {}", view.stack.name, view.stack.env);
    let title = style.paint.with(Hue::Bold, &clean(&title, style.unicode));
    page.line(&title);
    page.line("offline: nothing was read, nothing was sent");
    page.line("");
    let of = |resource: &ResourceView| written.get(&resource.address).cloned().unwrap_or_default();
    let (mut put, mut removed) = (Vec::new(), Vec::new());
    for resource in view.resources.iter().filter(|r| r.action != ActionView::Blocked) {
        let written = of(resource);
        let has_statements = written.statements.as_ref().is_none_or(|all| !all.is_empty());
        match purpose {
            Purpose::Build if written.absent => removed.push(resource),
            Purpose::Teardown if has_statements => removed.push(resource),
            Purpose::Build | Purpose::Test
                if !written.absent && has_statements && resource.action != ActionView::Noop =>
            {
                put.push(resource);
            }
            _ => {}
        }
    }
    if purpose == Purpose::Teardown {
        removed.retain(|resource| of(resource).absent || resource.action != ActionView::Noop);
    }
    let all = || put.iter().chain(&removed).copied();
    page.name_width = all().map(|r| width(&r.address)).max().unwrap_or(0).min(28);
    heading(&mut page, if purpose == Purpose::Test { "check" } else { "create or update" }, put.is_empty());
    for resource in &put {
        request(&mut page, resource, &of(resource), true);
    }
    if purpose != Purpose::Test {
        heading(&mut page, "delete", removed.is_empty());
        for resource in removed.iter().rev() {
            request(&mut page, resource, &of(resource), false);
        }
    }
    let shown: Vec<&ResourceView> = all().collect();
    unknowns(&mut page, view, &shown, written, purpose);
    let next = format!("Next:  {next}");
    page.line(&next);
    page.text
}

fn heading(page: &mut Page, title: &str, empty: bool) {
    let title = page.style.paint.with(Hue::Bold, title);
    page.line(&if empty { format!("{title}: none") } else { format!("{title}:") });
    page.line("");
}

fn request(page: &mut Page, resource: &ResourceView, written: &Written, with_properties: bool) {
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
        None if !with_properties && written.statements.is_none() => {
            page.detail("note", "its identifier is known only after a read");
        }
        None => {}
    }
    if let Some(statements) = &written.statements {
        if written.is_derived {
            page.detail("note", "its checks and exports are derived from its type: they need no statement");
        }
        for text in statements {
            statement(page, text);
        }
        if statements.is_empty() {
            page.line("");
        }
        return;
    }
    if with_properties {
        let label_width = rows::label_width(resource.changes.iter(), style);
        for change in &resource.changes {
            rows::lines(change, None, label_width, style).iter().for_each(|line| page.line(line));
        }
    }
    page.line("");
}

/// A statement under the comment line by which the predecessor heads it (stackql-compat 2.7).
fn statement(page: &mut Page, statement: &StatementText) {
    let edge = " ".repeat(INDENT);
    let dim = |page: &Page, text: &str| page.style.paint.with(Hue::Dim, &page.clean(text));
    let title = dim(page, &format!("/* {} */", statement.title));
    page.line(&format!("{edge}{title}"));
    if !statement.waits.is_empty() {
        let names: Vec<&str> = statement.waits.iter().map(String::as_str).collect();
        let waits = dim(page, &format!("-- waits for {}", names.join(", ")));
        page.line(&format!("{edge}{waits}"));
    }
    for line in statement.text.iter().flat_map(|text| text.lines()) {
        let line = page.clean(line);
        page.line(&format!("{edge}{line}"));
    }
    page.line("");
}

fn unknowns(
    page: &mut Page,
    view: &PlanView,
    wanted: &[&ResourceView],
    written: &IndexMap<String, Written>,
    purpose: Purpose,
) {
    let title = page.style.paint.with(Hue::Bold, "cannot be known without reading:");
    page.line(&title);
    let each = match purpose {
        Purpose::Build => {
            "which of these exist: one that does not is created, of the others only differences are sent"
        }
        Purpose::Test => "which of these exist, and how they are",
        Purpose::Teardown => "which of these exist and are this stack's; only those are deleted",
    };
    bullet(page, each);
    for resource in wanted {
        let statements = written.get(&resource.address).and_then(|written| written.statements.as_ref());
        // What its own statements give is said with each of them.
        let is_own = |name: &str| name.starts_with("this.") || name.starts_with("callback.");
        let named = statements.into_iter().flatten().flat_map(|statement| &statement.waits);
        let mut from: Vec<&str> = resource
            .changes
            .iter()
            .filter_map(|change| match &change.after {
                ValueView::KnownAfterApply { from, .. } => Some(from.iter().map(String::as_str)),
                _ => None,
            })
            .flatten()
            .chain(resource.decided_by.iter().map(String::as_str))
            .chain(named.map(String::as_str).filter(|name| !is_own(name)))
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
