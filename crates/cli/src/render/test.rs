//! What `test` prints: each resource passed or failed, with the paths that differ and those that nobody can compare.

use super::console::Style;
use super::human::{Page, dotted};
use super::paint::Hue;
use super::text::{clean, pad, width, words, wrap};
use super::view::{DriftView, Place, PlanView, ValueView};
use crate::args::ViewArgs;
use serde::Serialize;
use serde_json::{Value as Json, json};

/// The result of a test.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// In the order of the manifest.
    pub outcomes: Vec<Outcome>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// There, and as declared.
    #[default]
    Pass,
    /// Not.
    Fail,
    /// Not looked at.
    Skipped,
}

/// One resource.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// Place in the stack.
    pub address: String,
    /// Type as written.
    #[serde(rename = "type")]
    pub ty: String,
    /// How it ended.
    #[serde(rename = "status")]
    pub verdict: Verdict,
    /// Why, where no property says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Where the manifest declares it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Place>,
    /// Properties that differ.
    pub differences: Vec<DriftView>,
    /// Declared write-only paths.
    pub not_checked: Vec<String>,
}

impl Outcome {
    /// Fails for a reason.
    pub fn fails(&mut self, why: &str) {
        self.verdict = Verdict::Fail;
        self.why = Some(why.to_owned());
    }
}

impl Report {
    /// True if nothing failed.
    pub fn is_passed(&self) -> bool {
        self.of(Verdict::Fail) == 0
    }

    /// Addresses of what failed.
    pub fn failed(&self) -> impl Iterator<Item = &str> {
        self.outcomes.iter().filter(|o| o.verdict == Verdict::Fail).map(|o| o.address.as_str())
    }

    /// Counts.
    pub fn summary(&self) -> Json {
        json!({
            "passed": self.of(Verdict::Pass),
            "failed": self.of(Verdict::Fail),
            "skipped": self.of(Verdict::Skipped),
        })
    }

    fn of(&self, verdict: Verdict) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.verdict == verdict).count()
    }
}

/// Left edge of what belongs to a resource.
const EDGE: usize = 6;

/// The table.
pub fn report(report: &Report, view: &PlanView, options: ViewArgs, style: Style) -> String {
    let mut page = Page::new(options, style);
    page.header_of(view, "test");
    let name_width = report
        .outcomes
        .iter()
        .map(|o| width(&clean(&o.address, style.unicode)))
        .filter(|w| *w <= 28)
        .max()
        .unwrap_or(0);
    for outcome in &report.outcomes {
        one(&mut page, outcome, name_width);
    }
    page.line("");
    let skipped = match report.of(Verdict::Skipped) {
        0 => String::new(),
        n => format!(", {n} skipped"),
    };
    let verdict =
        format!("Test: {} passed, {} failed{skipped}", report.of(Verdict::Pass), report.of(Verdict::Fail));
    let verdict = style.paint.with(Hue::Bold, &verdict);
    page.line(&verdict);
    page.text
}

fn one(page: &mut Page, outcome: &Outcome, name_width: usize) {
    let style = page.style;
    let (word, hue) = match outcome.verdict {
        Verdict::Pass => ("pass", Hue::Green),
        Verdict::Fail => ("fail", Hue::Red),
        Verdict::Skipped => ("skip", Hue::Dim),
    };
    let name = pad(&page.clean(&outcome.address), name_width);
    let ty = page.clean(&outcome.ty);
    let left = format!("{}  {}  {ty}", style.paint.with(hue, word), style.paint.with(Hue::Bold, &name));
    let left_width = word.len() + 2 + width(&name) + 2 + width(&ty);
    let place = outcome.source.as_ref().map(ToString::to_string).unwrap_or_default();
    page.spread(&left, left_width, &place, EDGE);
    let room = style.width.saturating_sub(EDGE).max(20);
    let mut below = |text: &str| {
        for line in wrap(&clean(text, style.unicode), room) {
            page.line(&format!("{}{line}", " ".repeat(EDGE)));
        }
    };
    if let Some(why) = &outcome.why {
        below(why);
    }
    let label = |row: &DriftView| if row.label.is_empty() { dotted(&row.path) } else { row.label.clone() };
    let side = |value: &ValueView| match value {
        ValueView::Sensitive { .. } => "(sensitive)".to_owned(),
        other => words(other, style.unicode),
    };
    for row in &outcome.differences {
        below(&format!("{}: live {}, declared {}", label(row), side(&row.live), side(&row.declared)));
    }
    if !outcome.not_checked.is_empty() {
        let paths: Vec<String> = outcome.not_checked.iter().map(|path| dotted(path)).collect();
        below(&format!("not checked: {} (write-only)", paths.join(", ")));
    }
}
