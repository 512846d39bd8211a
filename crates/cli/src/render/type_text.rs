//! `schema TYPE` as people read it.

use super::console::Style;
use super::paint::Hue;
use super::sheet::Sheet;
use super::text::{inline, width};
use crate::type_view::{ListInput, PropertyView, TypeView};

/// Width of the keys of facts.
const KEY: usize = 10;

/// The whole type.
pub fn whole(view: &TypeView, style: Style) -> String {
    let mut sheet = Sheet::new(style);
    let name = view.names.first().unwrap_or(&view.ty);
    sheet.head(name, if *name == view.ty { "" } else { &view.ty });
    sheet.paragraph(0, &view.description);
    sheet.blank();
    facts(&mut sheet, view);
    sheet.section("Operations");
    for operation in &view.operations {
        let time = if operation.timeout_minutes == 120 {
            String::new()
        } else {
            format!("up to {}\n", minutes(operation.timeout_minutes))
        };
        let permissions = match operation.permissions.as_slice() {
            // IAM knows the services of AWS only.
            [] if view.source.from == "definition" => String::new(),
            [] => "the schema names no action".to_owned(),
            permissions => permissions.join(", "),
        };
        sheet.fact(2, KEY, operation.operation, &format!("{time}{permissions}"));
    }
    if view.operations.is_empty() {
        sheet.line("  none");
    }
    if let Some(tags) = view.tags.as_ref().filter(|tags| !tags.permissions.is_empty()) {
        sheet.fact(2, KEY, "tagging", &tags.permissions.join(", "));
    }
    sheet.section("Properties");
    for rule in &view.rules {
        sheet.paragraph(2, rule);
    }
    for property in &view.properties {
        tree(&mut sheet, property, 2, &[]);
    }
    if !view.traps.is_empty() {
        sheet.section("Known traps");
        for trap in &view.traps {
            let text = if trap.path.is_empty() {
                trap.text.clone()
            } else {
                format!("{}: {}", trap.path, trap.text)
            };
            sheet.paragraph(2, &text);
        }
        for evidence in &view.evidence {
            sheet.fact(4, 8, "evidence", evidence);
        }
    }
    sheet.finish()
}

/// One property and what is below it.
pub fn part(ty: &str, view: &PropertyView, style: Style) -> String {
    let mut sheet = Sheet::new(style);
    sheet.head(&dotted(&view.path), ty);
    tree(&mut sheet, view, 0, &[]);
    sheet.finish()
}

fn facts(sheet: &mut Sheet, view: &TypeView) {
    let mut fact = |key: &str, text: &str| sheet.fact(2, KEY, key, text);
    let other_names = view.names.get(1..).unwrap_or_default();
    if !other_names.is_empty() {
        fact("also", &other_names.join(", "));
    }
    let can = match view.provisioning {
        "fully_mutable" => "create, read, update, delete",
        "immutable" => "create, read, delete; there is no update: every change is a replacement",
        _ => "not managed: Cloud Control needs create, read and delete handlers",
    };
    fact("can", can);
    if !view.use_instead.is_empty() {
        fact("instead", &view.use_instead.join(", "));
    }
    if let Some(lifecycle) = &view.lifecycle {
        let date = lifecycle.date.as_ref().map(|date| format!(", {date}")).unwrap_or_default();
        fact("going away", &format!("{}{date}", lifecycle.status));
    }
    let parts: Vec<&str> = view.identifier.parts.iter().map(|part| part.name.as_str()).collect();
    let who: Vec<String> = match view.identifier.class {
        "settable" => vec!["set by you".to_owned()],
        "assigned" => vec!["set by the service".to_owned()],
        _ => view
            .identifier
            .parts
            .iter()
            .map(|part| {
                format!("{} by {}", part.name, if part.set_by == "you" { "you" } else { "the service" })
            })
            .collect(),
    };
    fact("identifier", &format!("{}: {}", parts.join("|"), who.join(", ")));
    for part in &view.identifier.parts {
        if let Some(default) = &part.default {
            fact("", &format!("{} is {default} where it is left out", part.name));
        }
    }
    for set in &view.identifier.additional {
        fact("", &format!("{} identifies it as well", set.join(" and ")));
    }
    fact("found by", &view.identifier.found_by.join("; else "));
    fact("list", &list(view));
    match &view.tags {
        None => fact("tags", "none: ownership cannot be marked"),
        Some(tags) => {
            let form = if tags.form == "map" { "a map" } else { "a list of Key and Value" };
            let when = match (tags.on_create, tags.updatable) {
                (true, true) => "at create and later",
                (true, false) => "at create only",
                (false, _) => "in a second call after the create",
            };
            let read = if tags.readable { "" } else { "; reads do not show them" };
            fact("tags", &format!("{}, {form}, set {when}{read}", tags.property));
        }
    }
    if view.provisioning != "non_provisionable" {
        let order =
            if view.replacement == "delete_first" { "delete, then create" } else { "create, then delete" };
        fact("replace", order);
    }
    let known = view.available_in.len() + view.absent_in.len();
    let regions = match (view.available_in.as_slice(), view.absent_in.as_slice()) {
        (_, []) => format!("all {known} that are known"),
        ([], _) => format!("none of the {known} that are known"),
        (here, absent) if here.len() < absent.len() => {
            format!("only {} of {known} that are known: {}", here.len(), here.join(", "))
        }
        (here, absent) => format!("{} of {known} that are known; not {}", here.len(), absent.join(", ")),
    };
    if known > 0 {
        fact("regions", &regions);
    }
    let day = view.source.date.get(..10).unwrap_or(&view.source.date);
    let day = if day.is_empty() { String::new() } else { format!(", {day}") };
    fact("schema", &format!("{}{day}", view.source.what));
    if let Some(url) = &view.documentation_url {
        fact("page", url);
    }
}

fn list(view: &TypeView) -> String {
    if !view.operations.iter().any(|operation| operation.operation == "list") {
        return "there is none".to_owned();
    }
    let ListInput { needs, accepts } = &view.list_input;
    let mut text = match needs.as_slice() {
        [] => "needs nothing".to_owned(),
        needs => {
            let sets: Vec<String> = needs.iter().map(|set| set.join(" and ")).collect();
            format!("needs {}", sets.join(", or "))
        }
    };
    if !accepts.is_empty() {
        text.push_str(&format!("; takes {}", accepts.join(", ")));
    }
    text
}

fn minutes(minutes: u64) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} minutes"),
        (1, 0) => "1 hour".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// `/Tags/*/Key` to `Tags[*].Key`.
fn dotted(path: &str) -> String {
    path.trim_start_matches('/').replace("/*", "[*]").replace('/', ".").replace("~1", "/").replace("~0", "~")
}

/// `above`: marks of the property that it is part of; what holds there holds below.
fn tree(sheet: &mut Sheet, view: &PropertyView, edge: usize, above: &[&str]) {
    let style = sheet.style();
    let name = sheet.clean(if view.name == "*" { "[*]" } else { &view.name });
    let mut facts = vec![view.ty.clone()];
    if view.required {
        facts.push("required".to_owned());
    }
    facts.extend(view.marks.iter().filter(|mark| !above.contains(mark)).map(|mark| match *mark {
        "conditional_create_only" => "may need a replacement".to_owned(),
        mark => mark.replace('_', "-"),
    }));
    let facts = sheet.clean(&facts.join(", "));
    let space = " ".repeat(edge);
    let hue = if view.required { Hue::Bold } else { Hue::Cyan };
    let one = format!("{space}{name}  {facts}");
    if width(&one) <= style.width {
        sheet.line(&format!(
            "{space}{}  {}",
            style.paint.with(hue, &name),
            style.paint.with(Hue::Dim, &facts)
        ));
    } else {
        sheet.line(&format!("{space}{}", style.paint.with(hue, &name)));
        sheet.paragraph(edge + 4, &facts);
    }
    let below = edge + 4;
    if let Some(description) = &view.description {
        sheet.paragraph(below, description);
    }
    if !view.choices.is_empty() {
        let choices: Vec<String> = view
            .choices
            .iter()
            .map(|choice| choice.as_str().map_or_else(|| inline(choice, style.unicode), str::to_owned))
            .collect();
        let any_case = if view.any_case { " (in any case)" } else { "" };
        sheet.fact(below, 7, "one of", &format!("{}{any_case}", choices.join(", ")));
    }
    if !view.limits.is_empty() {
        sheet.fact(below, 7, "limits", &view.limits.join("; "));
    }
    if let Some(pattern) = &view.pattern {
        sheet.fact(below, 7, "pattern", pattern);
    }
    if let Some(default) = &view.default {
        sheet.fact(below, 7, "default", &inline(default, style.unicode));
    }
    if let Some(place) = &view.same_as {
        sheet.fact(below, 7, "as", &dotted(place));
    }
    for property in &view.properties {
        tree(sheet, property, edge + 4, &view.marks);
    }
}
