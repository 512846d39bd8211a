//! Where the live cloud differs from the manifest, property by property, and what `build` would do (plan-ux 11).

use super::console::Style;
use super::human::{Page, dotted};
use super::paint::Hue;
use super::rows::INDENT;
use super::text::{clean, count, pad, width, words};
use super::view::*;
use crate::args::ViewArgs;

/// The whole report.
pub fn drift(view: &PlanView, options: ViewArgs, style: Style) -> String {
    let mut page = Page::new(options, style);
    page.header(view);
    let drifted: Vec<&ResourceView> = view.resources.iter().filter(|r| drifts(r)).collect();
    let blocked: Vec<&ResourceView> =
        view.resources.iter().filter(|r| r.action == ActionView::Blocked && !drifts(r)).collect();
    page.columns(&drifted);
    for resource in &drifted {
        one(&mut page, view, resource);
    }
    for resource in &blocked {
        page.head(resource);
        for found in &resource.diagnostics {
            page.detail("why", &format!("{} [{}]", found.message, found.code));
        }
        page.line("");
    }
    let absent: Vec<&str> =
        view.resources.iter().filter(|r| is_missing(r)).map(|r| r.address.as_str()).collect();
    if !absent.is_empty() {
        let text = format!("+ {} not there", absent.len());
        let rest = clean(&format!("build would create: {}", absent.join(", ")), style.unicode);
        page.line(&format!("{} {rest}", pad(&text, 24)));
        page.line("");
    }
    let surplus: Vec<&str> =
        view.resources.iter().filter(|r| is_surplus(r)).map(|r| r.address.as_str()).collect();
    if !surplus.is_empty() {
        let text = format!("- {} to be absent", surplus.len());
        let rest = clean(&format!("build would delete: {}", surplus.join(", ")), style.unicode);
        page.line(&format!("{} {rest}", pad(&text, 24)));
        page.line("");
    }
    let line = style.paint.with(Hue::Bold, &summary_line(view));
    page.line(&line);
    page.text
}

/// True if a live property differs from its declared value, or something is there that is to be absent.
pub fn has_drift(view: &PlanView) -> bool {
    view.resources.iter().any(|resource| is_surplus(resource) || drifts(resource))
}

/// There, and the manifest wants it absent.
fn is_surplus(resource: &ResourceView) -> bool {
    resource.live.exists && resource.action == ActionView::Delete
}

fn drifts(resource: &ResourceView) -> bool {
    let by_itself = resource.flow.is_some() && resource.action == ActionView::Update;
    let differs = by_itself || resource.changes.iter().any(|c| c.op != OpView::Resend);
    resource.live.exists && !is_surplus(resource) && differs
}

/// `Drift: 2 properties of 1 resource; 3 match` or `Drift: none. 4 resources match customer-360/prod.`
pub fn summary_line(view: &PlanView) -> String {
    let stack = format!("{}/{}", clean(&view.stack.name, true), clean(&view.stack.env, true));
    let drifted = view.resources.iter().filter(|r| drifts(r)).count();
    let same = view
        .resources
        .iter()
        .filter(|r| r.live.exists && !drifts(r) && !is_surplus(r) && r.action != ActionView::Blocked)
        .filter(|r| !is_unseen(r) && !is_tolerated(r))
        .count();
    let unknown = view.resources.iter().filter(|r| r.action == ActionView::Blocked && !drifts(r)).count();
    let blind = format!("{} cannot be compared", count(unknown, "resource", "resources"));
    if drifted == 0 && unknown > 0 {
        return format!("Drift: not known. {blind}; {same} match {stack}.");
    }
    let surplus = view.resources.iter().filter(|r| is_surplus(r)).count();
    if drifted == 0 && surplus > 0 {
        let verb = if surplus == 1 { "is" } else { "are" };
        return format!(
            "Drift: {} {verb} there that should be absent; {same} match {stack}.",
            count(surplus, "resource", "resources")
        );
    }
    if drifted == 0 {
        let verb = if same == 1 { "matches" } else { "match" };
        let besides = besides(view);
        return format!("Drift: none. {} {verb} {stack}{besides}.", count(same, "resource", "resources"));
    }
    let blind = if unknown > 0 { format!("; {blind}") } else { String::new() };
    if view.drift.is_empty() {
        let verb = if drifted == 1 { "fails its own check" } else { "fail their own checks" };
        return format!("Drift: {} {verb}; {same} match{blind}", count(drifted, "resource", "resources"));
    }
    let surplus = if surplus > 0 { format!("; {surplus} should be absent") } else { String::new() };
    format!(
        "Drift: {} of {}; {same} match{surplus}{blind}",
        count(view.drift.len(), "property", "properties"),
        count(drifted, "resource", "resources")
    )
}

/// What neither matches nor drifts, so that a "none" is not read as more than it says.
fn besides(view: &PlanView) -> String {
    let of = |keep: &dyn Fn(&&ResourceView) -> bool| view.resources.iter().filter(keep).count();
    let unseen = of(&|r| is_unseen(r));
    let tolerated = of(&|r| is_tolerated(r));
    let missing = of(&|r| is_missing(r));
    let mut text = String::new();
    for (number, one, many) in [
        (tolerated, "differs and its checks accept it", "differ and their checks accept it"),
        (unseen, "passes its checks and is not compared", "pass their checks and are not compared"),
        (missing, "is not there", "are not there"),
    ] {
        if number > 0 {
            text.push_str(&format!("; {number} {}", if number == 1 { one } else { many }));
        }
    }
    text
}

/// A resource whose own statements rule and which nothing has read: only its checks speak for it.
fn is_unseen(resource: &ResourceView) -> bool {
    let quiet = resource.action == ActionView::Noop && resource.live.exists;
    quiet && resource.flow.is_some() && resource.live.fingerprint.is_none()
}

/// It differs from its statements, and its checks accept that.
fn is_tolerated(resource: &ResourceView) -> bool {
    let code = stack_core::planner::codes::CHECK_PASSES_OVER.to_string();
    resource.diagnostics.iter().any(|told| told.code == code)
}

/// A build would make it.
fn is_missing(resource: &ResourceView) -> bool {
    let never = [ActionView::Noop, ActionView::Blocked, ActionView::Run, ActionView::Read];
    !resource.live.exists && !never.contains(&resource.action)
}

fn one(page: &mut Page, view: &PlanView, resource: &ResourceView) {
    page.head(resource);
    if page.options.brief {
        return;
    }
    page.identifier(resource);
    let style = page.style;
    let rows: Vec<&DriftView> = view.drift.iter().filter(|d| d.address == resource.address).collect();
    let label_width =
        rows.iter().map(|d| width(&clean(&d.label, style.unicode))).filter(|w| *w <= 32).max().unwrap_or(0);
    for row in rows {
        let label = if row.label.is_empty() { dotted(&row.path) } else { row.label.clone() };
        let label = clean(&label, style.unicode);
        let (live, declared) = (side(&row.live, style), side(&row.declared, style));
        let one = format!("{}  live {live}, declared {declared}", pad(&label, label_width));
        let edge = " ".repeat(INDENT);
        if INDENT + width(&one) <= style.width {
            page.line(&format!("{edge}{one}"));
        } else {
            page.line(&format!("{edge}{label}"));
            let live = style.paint.with(Hue::Red, &format!("live      {live}"));
            page.line(&format!("{edge}  {live}"));
            let declared = style.paint.with(Hue::Green, &format!("declared  {declared}"));
            page.line(&format!("{edge}  {declared}"));
        }
    }
    if rows_of(view, resource) == 0 {
        page.detail("why", "one of its own checks says no");
    }
    let would = match resource.action {
        ActionView::Update if resource.flow.is_some() => "would run its update statement",
        ActionView::Update => "would set the declared values",
        ActionView::Adopt => "would set the declared values and add this stack's tags",
        ActionView::Replace => "would replace it",
        ActionView::Blocked => "would stop here",
        ActionView::Deferred => "would decide when other resources are done",
        ActionView::Create | ActionView::Delete | ActionView::Read | ActionView::Noop => "would leave it",
        ActionView::Run => "would run it, as every build does",
    };
    page.detail("build", would);
    page.line("");
}

fn rows_of(view: &PlanView, resource: &ResourceView) -> usize {
    view.drift.iter().filter(|row| row.address == resource.address).count()
}

fn side(value: &ValueView, style: Style) -> String {
    match value {
        ValueView::Sensitive { .. } => "(sensitive)".to_owned(),
        other => words(other, style.unicode),
    }
}
