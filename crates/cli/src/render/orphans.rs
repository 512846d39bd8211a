//! Orphans as people read them.

use super::console::Style;
use super::human::Page;
use super::paint::Hue;
use super::rows::INDENT;
use super::text::{count, pad, width};
use super::view::{OrphanView, PlanView};
use crate::args::ViewArgs;

/// The list, and a line that counts it.
pub fn orphans(view: &PlanView, style: Style) -> String {
    let mut page = Page::new(ViewArgs::default(), style);
    page.header_of(view, "orphans");
    let name_width = view.orphans.iter().map(|orphan| width(&orphan.name)).max().unwrap_or(0).min(28);
    for orphan in &view.orphans {
        one(&mut page, orphan, name_width);
    }
    if !view.orphans.is_empty() {
        page.line("");
    }
    let stack = page.clean(&format!("{}/{}", view.stack.name, view.stack.env));
    let line = match view.orphans.len() {
        0 => format!("No orphans: all that is tagged as {stack} is in the manifest."),
        n => format!("{} of {stack}", count(n, "orphan", "orphans")),
    };
    let line = page.style.paint.with(Hue::Bold, &line);
    page.line(&line);
    page.text
}

fn one(page: &mut Page, orphan: &OrphanView, name_width: usize) {
    let name = pad(&page.clean(&orphan.name), name_width);
    let kind = page.clean(orphan.ty.as_deref().unwrap_or("type not known"));
    let left = format!("! {name}  {kind}");
    let region = page.clean(orphan.region.as_deref().unwrap_or_default());
    let painted =
        format!("{} {}", page.style.paint.with(Hue::Cyan, "!"), page.style.paint.with(Hue::Bold, &name));
    page.spread(&format!("{painted}  {kind}"), width(&left), &region, INDENT);
    if let Some(identifier) = &orphan.identifier {
        let text = format!("{}{}", " ".repeat(INDENT), page.clean(&identifier.value));
        page.line(&text);
    }
    page.detail("arn", &orphan.arn);
    if let Some(doubt) = &orphan.doubt {
        page.detail("doubt", doubt);
    }
}
