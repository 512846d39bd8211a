//! What `explain` prints.

use super::console::Style;
use super::paint::Hue;
use super::rows;
use super::sheet::Sheet;
use super::text::{cut, pad, width, words};
use super::view::{ChangeView, IdentifierView, Place, ValueView};
use stack_core::diagnostic::Explanation;

/// One resource, told.
#[derive(Clone, Debug)]
pub struct Story {
    /// Place in the stack.
    pub address: String,
    /// Type as written.
    pub ty: String,
    /// The provider's own name of it.
    pub canonical: String,
    /// Where the manifest declares it.
    pub place: Option<Place>,
    /// Known identifier.
    pub identifier: Option<IdentifierView>,
    /// Key and text.
    pub facts: Vec<(String, String)>,
    /// The statements that rule, if its own do.
    pub statements: Vec<StatementStory>,
    /// What it exports, if its own statements rule.
    pub exports: Vec<ExportStory>,
    /// False if nobody knows what its statements declare.
    pub declares: bool,
    /// Declared properties, or the one that was asked for.
    pub properties: Vec<PropertyStory>,
    /// Changes of properties that the manifest does not declare, such as our tags.
    pub others: Vec<ChangeView>,
    /// Live properties that the manifest does not mention.
    pub unmanaged: Vec<String>,
    /// Live properties that the service sets.
    pub by_service: Vec<String>,
    /// True where one property was asked for: its values are shown whole.
    pub is_whole: bool,
}

/// One anchor of a query file, or what stands for one.
#[derive(Clone, Debug)]
pub struct StatementStory {
    /// `exists`
    pub anchor: String,
    /// What it is for here.
    pub what: String,
    /// `retries=5, retry_delay=5`
    pub options: String,
    /// Where it stands.
    pub place: Option<Place>,
}

/// One line of `exports`.
#[derive(Clone, Debug)]
pub struct ExportStory {
    /// The variable.
    pub variable: String,
    /// The column that it is.
    pub column: String,
    /// Its value. [`ValueView::Absent`]: not known.
    pub value: ValueView,
}

/// One property, told.
#[derive(Clone, Debug)]
pub struct PropertyStory {
    /// Dotted path.
    pub label: String,
    /// Where the manifest gives the value.
    pub place: Option<Place>,
    /// In one word.
    pub verdict: Verdict,
    /// What the manifest says.
    pub declared: ValueView,
    /// What reads say. [`ValueView::Unreadable`]: there, but nobody has said that it may be shown.
    pub live: ValueView,
    /// The differences, as a plan shows them.
    pub changes: Vec<ChangeView>,
    /// What the differ concluded.
    pub concluded: Vec<String>,
    /// What the schema says about it.
    pub schema: Vec<String>,
}

/// What becomes of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Live is as declared.
    Same,
    /// It is not.
    Differs,
    /// Nobody can tell.
    Blind,
    /// It will be sent with the create.
    Sent,
    /// The manifest does not mention it.
    Silent,
}

impl Verdict {
    fn sign(self) -> (&'static str, Hue) {
        match self {
            Self::Same => ("=", Hue::Dim),
            Self::Differs => ("~", Hue::Yellow),
            Self::Blind => ("*", Hue::Dim),
            Self::Sent => ("+", Hue::Green),
            Self::Silent => ("!", Hue::Cyan),
        }
    }
}

/// A number, its family and its long text.
pub fn code(explanation: &Explanation, family: Option<&str>, style: Style) -> String {
    let mut sheet = Sheet::new(style);
    sheet.head(&format!("{}  {}", explanation.code, explanation.title), family.unwrap_or_default());
    sheet.blank();
    sheet.paragraph(0, explanation.text);
    sheet.finish()
}

/// A resource whose `if` is false.
pub fn skipped(address: &str, env: &str, style: Style) -> String {
    let mut sheet = Sheet::new(style);
    sheet.head(address, "");
    sheet.paragraph(
        4,
        &format!("Skipped: its `if` is false in {env}. It is neither read nor made nor deleted."),
    );
    sheet.finish()
}

/// Width of the keys of facts.
const KEY: usize = 9;

/// A resource and its properties.
pub fn resource(story: &Story, style: Style) -> String {
    let mut sheet = Sheet::new(style);
    let place = |place: &Option<Place>| place.as_ref().map(ToString::to_string).unwrap_or_default();
    sheet.head(&format!("{}  {}", story.address, story.ty), &place(&story.place));
    if let Some(identifier) = &story.identifier {
        let value = format!("    {}", sheet.clean(&identifier.value));
        sheet.spread(&value.clone(), width(&value), &identifier.names.join("|"), 4);
    }
    if story.canonical != story.ty {
        sheet.fact(4, KEY, "type", &story.canonical);
    }
    for (key, text) in &story.facts {
        sheet.fact(4, KEY, key, text);
    }
    statements(&mut sheet, story);
    if story.declares || story.is_whole {
        sheet.section(if story.is_whole { "Property" } else { "Declared properties" });
        if story.properties.is_empty() {
            sheet.line("  none");
        }
    }
    for property in &story.properties {
        one(&mut sheet, property, story.is_whole, &place(&property.place));
    }
    if !story.others.is_empty() {
        sheet.section("Beside them");
        let label_width = rows::label_width(story.others.iter(), style);
        for change in &story.others {
            rows::lines(change, None, label_width, style).iter().for_each(|line| sheet.line(line));
        }
    }
    if !story.unmanaged.is_empty() || !story.by_service.is_empty() {
        sheet.section("Live and not declared");
        if !story.unmanaged.is_empty() {
            sheet.fact(
                2,
                KEY,
                "kept",
                &format!("{}: never changed, never drift", story.unmanaged.join(", ")),
            );
        }
        if !story.by_service.is_empty() {
            sheet.fact(2, KEY, "service", &format!("{}: set by the service", story.by_service.join(", ")));
        }
    }
    sheet.finish()
}

/// Statements and exports, where there are some.
fn statements(sheet: &mut Sheet, story: &Story) {
    let style = sheet.style();
    if !story.statements.is_empty() {
        sheet.section("Statements");
        let names = story.statements.iter().map(|statement| width(&statement.anchor)).max().unwrap_or(0);
        for statement in &story.statements {
            let mut text = statement.what.clone();
            if !statement.options.is_empty() {
                text.push_str(&format!(" ({})", statement.options));
            }
            let left = format!("  {}  {text}", pad(&sheet.clean(&statement.anchor), names));
            let place = statement.place.as_ref().map(ToString::to_string).unwrap_or_default();
            sheet.spread(&left.clone(), width(&left), &place, 4);
        }
    }
    if !story.exports.is_empty() {
        sheet.section("Exports");
        let names = story.exports.iter().map(|export| width(&export.variable)).max().unwrap_or(0);
        for export in &story.exports {
            let value = match &export.value {
                ValueView::Absent => "(not known yet)".to_owned(),
                ValueView::Sensitive { .. } => "(sensitive)".to_owned(),
                value => words(value, style.unicode),
            };
            let of = if export.column == export.variable {
                String::new()
            } else {
                format!("  (column {})", export.column)
            };
            let line = format!("  {}  {value}{of}", pad(&export.variable, names));
            let line = sheet.clean(&line);
            sheet.line(&line);
        }
    }
}

fn one(sheet: &mut Sheet, property: &PropertyStory, is_whole: bool, place: &str) {
    let style = sheet.style();
    let (symbol, hue) = property.verdict.sign();
    let label = sheet.clean(&property.label);
    let left = format!("  {} {}", style.paint.with(hue, symbol), style.paint.with(Hue::Bold, &label));
    sheet.spread(&left, 4 + width(&label), place, 4);
    let shown = |value: &ValueView| match value {
        ValueView::Unreadable => {
            "(there, but not shown: the manifest does not say that it is no secret)".to_owned()
        }
        ValueView::Sensitive { .. } => "(sensitive)".to_owned(),
        ValueView::WriteOnly => "(write-only: reads never return it)".to_owned(),
        value => words(value, style.unicode),
    };
    let room = style.width.saturating_sub(6 + KEY + 2).max(20);
    let mut fact = |key: &str, text: String| {
        let text = if is_whole { text } else { cut(&text, room * 2, style.unicode) };
        sheet.fact(6, KEY, key, &text);
    };
    fact(
        "declared",
        match &property.declared {
            ValueView::WriteOnly => "(not shown: what reads never return is often a secret)".to_owned(),
            declared => shown(declared),
        },
    );
    if property.verdict != Verdict::Sent {
        fact("live", shown(&property.live));
    }
    // Of a resource that is to be created the heading has said it.
    for said in property.concluded.iter().filter(|_| is_whole || property.verdict != Verdict::Sent) {
        sheet.fact(6, KEY, "so", said);
    }
    if is_whole && property.changes.len() > 1 {
        let label_width = rows::label_width(property.changes.iter(), style);
        for change in &property.changes {
            rows::lines(change, None, label_width, style).iter().for_each(|line| sheet.line(line));
        }
    }
    if !property.schema.is_empty() {
        sheet.fact(6, KEY, "schema", &property.schema.join("\n"));
    }
}
