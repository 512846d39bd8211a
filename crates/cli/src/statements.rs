//! The statements of query files as people read them: what `--dry-run` and `--show-queries` print.

use crate::load::Loaded;
use crate::render::dry_run::{Purpose, StatementText};
use stack_core::desired::Resolver;
use stack_core::flow::{AnchorKind, Captured};
use stack_core::identity::Identifier;
use stack_core::naming::column_name;
use stack_core::provider::Verb;
use stack_core::redact::MARK;
use stack_core::statement::Marked;
use stack_core::value::{Unknown, Value};
use stack_manifest::{Draft, Drafts};
use std::collections::BTreeSet;

/// What a build can run, in the order in which it would.
const BUILD: &[AnchorKind] = &[
    AnchorKind::Exists,
    AnchorKind::StateCheck,
    AnchorKind::Create,
    AnchorKind::Callback(Some(Verb::Create)),
    AnchorKind::Update,
    AnchorKind::Callback(Some(Verb::Update)),
    AnchorKind::CreateOrUpdate,
    AnchorKind::Callback(None),
    AnchorKind::Exports,
    AnchorKind::Command,
    AnchorKind::Troubleshoot(Some(Verb::Create)),
    AnchorKind::Troubleshoot(Some(Verb::Update)),
    AnchorKind::Troubleshoot(None),
];
/// What a test can run.
const TEST: &[AnchorKind] = &AnchorKind::CHECKS;
/// What a deletion can run (stackql-compat 2.9).
const DELETE: &[AnchorKind] = &[
    AnchorKind::Exists,
    AnchorKind::StateCheck,
    AnchorKind::Exports,
    AnchorKind::Delete,
    AnchorKind::Callback(Some(Verb::Delete)),
    AnchorKind::Callback(None),
    AnchorKind::Troubleshoot(Some(Verb::Delete)),
    AnchorKind::Troubleshoot(None),
];

/// Everything that can run for a purpose, nothing captured yet. Empty for a deletion without a statement that deletes, and
/// for a test of what is not tested.
pub fn all(loaded: &Loaded, drafts: &Drafts, purpose: Purpose) -> Vec<StatementText> {
    let has = drafts.anchors();
    let wanted = match purpose {
        Purpose::Build => BUILD,
        Purpose::Test => TEST,
        Purpose::Teardown if has.contains(&AnchorKind::Delete) => DELETE,
        Purpose::Teardown => &[],
    };
    let replaced = |anchor: AnchorKind| {
        has.contains(&AnchorKind::CreateOrUpdate) && matches!(anchor, AnchorKind::Create | AnchorKind::Update)
    };
    let mut out: Vec<StatementText> = wanted
        .iter()
        .filter(|anchor| has.contains(anchor) && !replaced(**anchor))
        .map(|anchor| one(loaded, drafts, *anchor, &Captured::default()))
        .collect();
    if purpose == Purpose::Build
        && let Some(shell) = drafts.shell()
    {
        let (text, waits) = match shell {
            Ok(Value::String(text)) => {
                (Some(loaded.stack.redactor().text(&text).into_owned()), BTreeSet::new())
            }
            Ok(_) => (Some(MARK.to_owned()), BTreeSet::new()),
            Err(waits) => (None, waits),
        };
        out.push(StatementText { title: "script".to_owned(), text, waits });
    }
    out
}

/// The statement of an anchor, with what is known of the resource.
pub fn one(loaded: &Loaded, drafts: &Drafts, anchor: AnchorKind, known: &Captured) -> StatementText {
    let title = title(anchor);
    match drafts.draft(anchor, known) {
        Draft::Text(marked) => {
            let text = loaded.stack.redactor().text(&stack_flow::shown(&marked)).into_owned();
            StatementText { title, text: Some(text), waits: waits(&marked) }
        }
        Draft::Waits(waits) => StatementText { title, text: None, waits },
        Draft::Broken(problem) => StatementText {
            title,
            text: Some(format!("-- {}", loaded.stack.redactor().text(&problem.message))),
            waits: BTreeSet::new(),
        },
    }
}

/// What a resource with this identifier has given to its own statements: its parts.
pub fn known(identifier: Option<&Identifier>) -> Captured {
    let parts = identifier.into_iter().flat_map(|identifier| &identifier.parts);
    Captured {
        this: parts.map(|(name, value)| (column_name(name), Value::text(value.as_str()))).collect(),
        callback: None,
    }
}

/// How the predecessor heads a statement (stackql-compat 2.7).
fn title(anchor: AnchorKind) -> String {
    match anchor {
        AnchorKind::Exists => "exists query".to_owned(),
        AnchorKind::StateCheck => "state check query".to_owned(),
        AnchorKind::Create => "insert (create) query".to_owned(),
        AnchorKind::Update => "update query".to_owned(),
        AnchorKind::CreateOrUpdate => "create or update query".to_owned(),
        AnchorKind::Exports => "exports query".to_owned(),
        AnchorKind::Delete => "delete query".to_owned(),
        AnchorKind::Command => "command".to_owned(),
        AnchorKind::Callback(_) | AnchorKind::Troubleshoot(_) => format!("{anchor} query"),
    }
}

/// What the values of a statement wait for.
fn waits(marked: &Marked) -> BTreeSet<String> {
    let unknown = marked.holes.iter().filter_map(|hole| hole.value.unknown());
    let all: Option<Unknown> = unknown.reduce(|all, more| all.and(&more));
    all.into_iter().flat_map(|unknown| unknown.from).map(|from| from.to_string()).collect()
}
