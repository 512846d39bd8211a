//! Markdown of a plan for pull requests and job summaries (plan-ux 7).

use super::console::Style;
use super::human::{plan as human_plan, sign, summary_line};
use super::text::{clean, count};
use super::view::*;
use crate::args::ViewArgs;

/// Bytes that a pull request comment surely takes.
pub const BUDGET: usize = 60_000;

/// The report. Blocks that do not fit the budget are left out whole and counted.
pub fn plan(view: &PlanView, budget: usize) -> String {
    let stack = format!("{}/{}", view.stack.name, view.stack.env);
    let mut text = format!("<!-- stack-deploy:{} -->\n", html(&stack).replace("--", "- -"));
    text.push_str(&format!("### {}: {}\n\n", html(&stack), verdict(view)));
    let changed: Vec<&ResourceView> = [
        ActionView::Blocked,
        ActionView::Replace,
        ActionView::Delete,
        ActionView::Update,
        ActionView::Adopt,
        ActionView::Create,
        ActionView::Deferred,
        // What runs in every build comes last, and is no change.
        ActionView::Run,
    ]
    .iter()
    .flat_map(|action| view.resources.iter().filter(move |r| r.action == *action))
    .collect();
    let footer = format!(
        "\n`{}`\n\nplan `{}` · valid until {}\n",
        summary_line(view),
        view.plan_id,
        html(&view.meta.expires_at)
    );
    let room = budget.saturating_sub(footer.len() + 80);
    if !changed.is_empty() {
        text.push_str("| | resource | type | what changes | undo |\n|---|---|---|---|---|\n");
    }
    let mut rows = 0;
    for resource in &changed {
        let row = row(resource);
        if text.len() + row.len() > room / 2 {
            break;
        }
        text.push_str(&row);
        rows += 1;
    }
    text.push('\n');
    let mut shown = 0;
    for resource in &changed {
        let block = details(view, resource);
        if text.len() + block.len() > room {
            break;
        }
        text.push_str(&block);
        shown += 1;
    }
    let hidden = changed.len() - rows.min(shown);
    if hidden > 0 {
        text.push_str(&format!("\nand {hidden} more in the full plan\n"));
    }
    text + &footer
}

fn verdict(view: &PlanView) -> String {
    let Summary { create, update, replace, delete, adopt, deferred, blocked, run, noop: _, orphans: _ } =
        view.summary;
    let mut parts: Vec<String> = [
        (blocked, "blocked"),
        (replace, "replace"),
        (delete, "delete"),
        (update, "update"),
        (adopt, "adopt"),
        (create, "create"),
        (deferred, "deferred"),
    ]
    .iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, word)| format!("{n} {word}"))
    .collect();
    if parts.is_empty() {
        parts.push("no changes".to_owned());
    }
    if run > 0 {
        parts.push(format!("{run} to run"));
    }
    parts.join(", ")
}

fn row(resource: &ResourceView) -> String {
    let (symbol, verb, _) = sign(resource.action, true);
    let symbol = symbol.replace('>', "&gt;");
    let risky = matches!(resource.action, ActionView::Replace | ActionView::Delete | ActionView::Blocked);
    let what = match resource.changes.iter().find(|c| c.forces_replace) {
        Some(change) => format!("{verb}: {} forces it", code(&change.label)),
        None if resource.action == ActionView::Run => "runs in every build".to_owned(),
        None => format!("{verb}, {}", count(resource.changes.len(), "property", "properties")),
    };
    let what = if risky { format!("**{what}**") } else { what };
    format!(
        "| {symbol} | {} | {} | {what} | {} |\n",
        code(&resource.address),
        code(&resource.ty),
        html(&resource.undo.possible)
    )
}

/// One resource in a `diff` fence.
fn details(view: &PlanView, resource: &ResourceView) -> String {
    let only = PlanView { resources: vec![resource.clone()], ..view.clone() };
    let text = human_plan(&only, ViewArgs::default(), Style::plain(100, true));
    // The head ends with the first empty line, the resource with the next.
    let block = text.split("\n\n").nth(1).unwrap_or_default();
    let body: Vec<String> = block
        .lines()
        .skip(1)
        .map(|line| {
            let trimmed = line.trim_start();
            match trimmed.chars().next() {
                Some('+') => format!("+ {}", trimmed[1..].trim_start()),
                Some('-') => format!("- {}", trimmed[1..].trim_start()),
                Some('~') => format!("! {}", trimmed[1..].trim_start()),
                _ => format!("  {trimmed}"),
            }
        })
        .collect();
    let body = body.join("\n");
    let fence = fence(&body);
    let open = if matches!(resource.action, ActionView::Replace | ActionView::Delete) { " open" } else { "" };
    let (symbol, verb, _) = sign(resource.action, true);
    let symbol = symbol.replace('>', "&gt;");
    format!(
        "<details{open}><summary>{symbol} {verb} <code>{}</code></summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n",
        html(&resource.address)
    )
}

/// Longer than any run of backticks in the text.
fn fence(text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    "`".repeat(longest.max(2) + 1)
}

/// Inline code inside a table cell: HTML, because backticks cannot be escaped in it.
fn code(text: &str) -> String {
    format!("<code>{}</code>", html(text))
}

/// Text that stands outside code: nothing in it is markup, a mention or a reference.
fn html(text: &str) -> String {
    let mut out = String::new();
    for c in clean(text, true).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' | '@' | '#' | '`' | '*' | '_' | '[' => out.push_str(&format!("&#{};", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}
