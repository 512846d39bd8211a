//! What is certainly wrong with the statements of a resource, before any of them runs: `plan` and `validate` refuse it, so
//! that nothing is made whose checks could never be asked.
//!
//! Values may still be unknown, and templates may say other things once they are known. So only what does not depend on
//! values counts, and only what holds for every draft of a statement.

use super::ask::shown;
use super::fill::Filled;
use crate::codes;
use stack_core::diagnostic::{Code, Diagnostic, Part as Placed, nearest};
use stack_core::flow::{AnchorKind, Flow, FlowKind};
use stack_core::provider::Verb;
use stack_core::redact::Redactor;
use stack_core::schema::Schemas;
use stack_core::statement::{Marked, hole_number};
use stack_sql::lex::{Part, parts, statements};
use stack_sql::source::UnknownPart;
use stack_sql::{Defaults, Kind, Limits, Parsed, Query, SqlError, Tables, Writes, codes as sql, parse};
use std::ops::Range;

/// Every anchor with a statement that can be run by a build or a teardown. What `troubleshoot` has is told when it fails: it
/// changes no outcome.
const ALL: [AnchorKind; 12] = [
    AnchorKind::Exists,
    AnchorKind::StateCheck,
    AnchorKind::Create,
    AnchorKind::Update,
    AnchorKind::CreateOrUpdate,
    AnchorKind::Callback(Some(Verb::Create)),
    AnchorKind::Callback(Some(Verb::Update)),
    AnchorKind::Callback(None),
    AnchorKind::Exports,
    AnchorKind::Command,
    AnchorKind::Delete,
    AnchorKind::Callback(Some(Verb::Delete)),
];

/// Problems that are there whatever the values are.
const CERTAIN: [Code; 11] = [
    sql::SYNTAX,
    sql::NOT_SUPPORTED,
    sql::TOO_BIG,
    sql::NO_SUCH_TABLE,
    sql::NO_SUCH_COLUMN,
    sql::NO_SUCH_FUNCTION,
    sql::MISSING_PARAMETER,
    sql::DOUBLE_QUOTES,
    sql::NOT_ALLOWED,
    codes::WRITES_IN_CHECK,
    codes::DELETES,
];

/// Those that are about a statement as a whole, values in it or not.
const WHOLE: [Code; 2] = [codes::WRITES_IN_CHECK, codes::DELETES];

/// Everything that is certainly wrong with the statements of a flow, warnings among it. Nothing is asked.
pub fn check(flow: &Flow, schemas: &dyn Schemas) -> Vec<Diagnostic> {
    if flow.kind == FlowKind::Script {
        return Vec::new();
    }
    let mut out = Vec::new();
    for anchor in ALL.into_iter().filter(|anchor| flow.has(*anchor) && is_used(flow, *anchor)) {
        let mut certain: Option<Vec<Diagnostic>> = None;
        for marked in flow.script.drafts(anchor) {
            let redactor = Redactor::default();
            marked.holes.iter().for_each(|hole| redactor.learn(&hole.value));
            let problems = match Filled::of(anchor, marked, &*flow.script, flow.literal_patch) {
                Ok(filled) => {
                    let told = |error| redactor.diagnostic(filled.diagnostic(&*flow.script, error));
                    let mut all: Vec<Diagnostic> =
                        wrong(flow, &filled, schemas).into_iter().map(told).collect();
                    if anchor == AnchorKind::Exports {
                        all.extend(columns(flow, &filled, schemas).and_then(|own| lacking_in(flow, &own)));
                    }
                    all
                }
                // Such a value is told when the statement runs, or is rehearsed.
                Err(_) => Vec::new(),
            };
            certain = Some(match certain {
                None => problems,
                Some(before) => {
                    before.into_iter().filter(|one| problems.iter().any(|p| is_same(p, one))).collect()
                }
            });
        }
        out.extend(certain.unwrap_or_default());
    }
    // In the order of the file.
    out.sort_by_key(|problem| match problem.labels.first().map(|label| &label.part) {
        Some(Placed::Within(range)) => range.start,
        _ => 0,
    });
    out
}

/// The columns of the rows that an exports query gives, as far as they can be told without asking.
fn columns(flow: &Flow, filled: &Filled, schemas: &dyn Schemas) -> Option<Vec<String>> {
    if filled.unknown.iter().any(|(_, part)| *part != Part::Literal) {
        return None;
    }
    let parsed = parse(&filled.text).ok()?;
    let query = Query::prepare(parsed.first()?, &Tables::new(schemas), &defaults(flow), Limits::default());
    Some(query.ok()?.columns().to_vec())
}

/// Says which of the listed exports no column gives. The predecessor exports empty texts without a word (stackql-compat 1.8).
/// `columns`: those that there are; `has`: which of the listed names mean one of them.
pub(super) fn lacking(flow: &Flow, columns: &[String], has: impl Fn(&str) -> bool) -> Option<Diagnostic> {
    let listed = flow.exports.iter().map(|export| export.column.as_str());
    let missing: Vec<&str> = listed.filter(|wanted| !has(wanted)).collect();
    let first = missing.first()?;
    let names = missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let (route, part) = flow.script.place(AnchorKind::Exports, &Marked::default(), None);
    let message = format!("`exports` of {} lists {names}, which no column gives", flow.address);
    let label = match nearest(first, columns.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there is {}", columns.join(", ")),
    };
    let told = Diagnostic::warning(codes::NO_EXPORT, message).at_part(route, part, label);
    Some(
        told.next("name the column in the SELECT, or take it out of `exports`: it is exported as empty text"),
    )
}

/// As [`lacking`], for the columns of a query.
pub(super) fn lacking_in(flow: &Flow, columns: &[String]) -> Option<Diagnostic> {
    lacking(flow, columns, |wanted| columns.iter().any(|own| own.eq_ignore_ascii_case(wanted)))
}

/// The same problem in two drafts, whose places may differ.
fn is_same(left: &Diagnostic, right: &Diagnostic) -> bool {
    left.code == right.code && left.message == right.message
}

/// True if a statement runs at some time.
fn is_used(flow: &Flow, anchor: AnchorKind) -> bool {
    match anchor {
        AnchorKind::Create | AnchorKind::Update => !flow.absent && !flow.has(AnchorKind::CreateOrUpdate),
        AnchorKind::CreateOrUpdate | AnchorKind::Callback(Some(Verb::Create | Verb::Update)) => !flow.absent,
        // That it is there is enough.
        AnchorKind::StateCheck => !(flow.skip_validation && flow.has(AnchorKind::Exists)),
        _ => true,
    }
}

/// What holds where a statement does not say it.
pub(super) fn defaults(flow: &Flow) -> Defaults {
    let region = flow.target.region.as_ref().map(ToString::to_string);
    Defaults { regions: region.into_iter().collect() }
}

/// True for anchors whose statements never change anything.
pub(super) fn reads_only(anchor: AnchorKind) -> bool {
    matches!(
        anchor,
        AnchorKind::Exists | AnchorKind::StateCheck | AnchorKind::Exports | AnchorKind::Callback(_)
    )
}

/// What is certainly wrong with the statements of an anchor. Places are those of the text with its values.
fn wrong(flow: &Flow, filled: &Filled, schemas: &dyn Schemas) -> Vec<SqlError> {
    let tables = Tables::new(schemas);
    let defaults = defaults(flow);
    let all = statements(&filled.text);
    if all.is_empty() {
        return vec![no_statement()];
    }
    let mut out = Vec::new();
    for at in all {
        // The same place in a text of its own: one statement that cannot be read hides no other.
        let mut text = " ".repeat(at.start);
        text.push_str(&filled.text[at.clone()]);
        let open = |range: &Range<usize>| {
            let touches = |own: &Range<usize>| own.start < range.end && range.start < own.end;
            filled.unknown.iter().any(|(own, _)| touches(own))
        };
        let is_whole = !filled
            .unknown
            .iter()
            .any(|(own, part)| *part != Part::Literal && at.start <= own.start && own.end <= at.end);
        let found = match parse(&text) {
            Err(error) => {
                // A value outside of quotes can be anything, but no keyword.
                let is_keyword = error.code == sql::NOT_SUPPORTED;
                match foreign(&text, at.start, &tables) {
                    Some(foreign) if is_whole || is_keyword => vec![foreign],
                    _ if is_whole || is_keyword => vec![error],
                    _ => Vec::new(),
                }
            }
            Ok(parsed) if is_whole => {
                let told = |one| statement(flow, filled.anchor, one, &tables, &defaults).err();
                parsed.iter().filter_map(told).flatten().collect()
            }
            Ok(_) => Vec::new(),
        };
        // What is said of a value that is not known is not certain.
        let about_value =
            |error: &SqlError| !WHOLE.contains(&error.code) && error.at.as_ref().is_some_and(&open);
        let is_certain = |error: &SqlError| CERTAIN.contains(&error.code) && !about_value(error);
        out.extend(found.into_iter().filter(is_certain).map(without_holes));
    }
    out
}

/// What a statement sends, if it is one that changes something; read or refused in a plan as in a run.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn statement(
    flow: &Flow,
    anchor: AnchorKind,
    one: &Parsed,
    tables: &Tables<'_>,
    defaults: &Defaults,
) -> Result<Option<Writes>, Vec<SqlError>> {
    match &one.kind {
        kind if kind.writes() && reads_only(anchor) => Err(vec![writes(flow, anchor, one)]),
        Kind::Delete
            if matches!(anchor, AnchorKind::Create | AnchorKind::Update | AnchorKind::CreateOrUpdate) =>
        {
            let message = format!("a DELETE below `{anchor}` of {}", flow.address);
            let told = SqlError::new(codes::DELETES, message).at(keyword(one));
            Err(vec![told.label("this deletes").next("write it below `delete`")])
        }
        kind if kind.writes() => Writes::prepare(one, tables, defaults).map(Some),
        Kind::Query(_) => match Query::prepare(one, tables, defaults, Limits::default()) {
            Ok(_) => Ok(None),
            Err(error) => Err(vec![error]),
        },
        _ => match shown(one, tables) {
            Ok(_) => Ok(None),
            Err(error) => Err(vec![error]),
        },
    }
}

/// An anchor without a statement.
pub(super) fn no_statement() -> SqlError {
    SqlError::new(sql::SYNTAX, "there is no statement").next("write one below the anchor")
}

/// What is not known is shown as what it is: not there.
fn without_holes(mut error: SqlError) -> SqlError {
    let clear = |text: &str| text.replace(|c| hole_number(c).is_some(), "…");
    error.message = clear(&error.message);
    error.label = clear(&error.label).into();
    error.next = error.next.map(|next| clear(&next).into());
    error.notes.iter_mut().for_each(|(_, text)| *text = clear(text));
    error
}

/// A check that changes something.
pub(super) fn writes(flow: &Flow, anchor: AnchorKind, one: &Parsed) -> SqlError {
    let message = format!("`{anchor}` of {} would change something", flow.address);
    SqlError::new(codes::WRITES_IN_CHECK, message)
        .at(one.at.clone())
        .label("this changes something")
        .next("write a SELECT here")
}

/// The first word of a statement.
fn keyword(one: &Parsed) -> Range<usize> {
    let mut code = parts(&one.text).into_iter().filter(|(_, part)| *part == Part::Code);
    let word = code.find_map(|(range, _)| {
        let text = &one.text[range.clone()];
        let start = text.find(|c: char| c.is_ascii_alphabetic())?;
        let length = text[start..].find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len() - start);
        Some(range.start + start..range.start + start + length)
    });
    word.map_or(one.at.clone(), |word| word.start + one.at.start..word.end + one.at.start)
}

/// A table of a provider that is not supported, in a statement that cannot be read: that it is another's matters more than
/// how it is written.
fn foreign(text: &str, from: usize, tables: &Tables<'_>) -> Option<SqlError> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    for (range, part) in parts(text) {
        if part != Part::Code || range.end <= from {
            continue;
        }
        let mut at = range.start;
        for word in text[range].split_inclusive(|c: char| !is_name(c)) {
            let name = word.trim_end_matches(|c: char| !is_name(c)).trim_end_matches('.');
            let start = at;
            at += word.len();
            let names: Vec<&str> = name.split('.').collect();
            let [provider, service, resource, ..] = names[..] else { continue };
            if [provider, service, resource]
                .iter()
                .any(|name| !name.starts_with(|c: char| c.is_ascii_alphabetic()))
            {
                continue;
            }
            let Err(unknown) = tables.source(&format!("{provider}.{service}.{resource}")) else { continue };
            if matches!(unknown.what, UnknownPart::Provider(_)) {
                let told =
                    SqlError::new(sql::NO_SUCH_TABLE, unknown.to_string()).at(start..start + name.len());
                return Some(match unknown.why {
                    Some(why) => told.note("why", why),
                    None => told,
                });
            }
        }
    }
    None
}
