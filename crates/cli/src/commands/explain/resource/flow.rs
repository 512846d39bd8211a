//! What is told of a resource whose own statements rule: its statements, what its checks came to, what it exports.

use super::Teller;
use crate::locate::Locate;
use crate::render::explain::{ExportStory, StatementStory};
use crate::render::value_view;
use crate::render::view::ValueView;
use indexmap::IndexMap;
use stack_core::desired::{Resolver, Wanted};
use stack_core::flow::{ANCHOR_NAMES, AnchorKind, AnchorOptions, Flow, FlowKind};
use stack_core::plan::{Action, ReasonCode};
use stack_core::statement::Marked;
use stack_core::value::{Secret, Value};

impl Teller<'_> {
    /// The anchors that it has, in the order of a life, with the place of each.
    pub(super) fn statements(&self) -> Vec<StatementStory> {
        let Some(flow) = self.flow else { return Vec::new() };
        let mut kinds: Vec<AnchorKind> = Vec::new();
        for (_, kind) in ANCHOR_NAMES {
            if flow.has(*kind) && !kinds.contains(kind) {
                kinds.push(*kind);
            }
        }
        let sources = self.session.loaded.stack.source_map();
        let mut all: Vec<StatementStory> = kinds
            .into_iter()
            .map(|kind| {
                let (route, part) = flow.script.place(kind, &Marked::default(), None);
                StatementStory {
                    anchor: kind.to_string(),
                    what: what(flow, kind),
                    options: flow.script.anchor(kind).map(options).unwrap_or_default(),
                    place: Locate::place(&**sources, &route, &part),
                }
            })
            .collect();
        if flow.kind == FlowKind::Script {
            let (route, part) = flow.script.place(AnchorKind::Command, &Marked::default(), None);
            all.push(StatementStory {
                anchor: "run".to_owned(),
                what: "the shell command".to_owned(),
                options: String::new(),
                place: Locate::place(&**sources, &route, &part),
            });
        }
        all
    }

    /// What it exports, with the values of its row where one was read.
    pub(super) fn exports(&self) -> Vec<ExportStory> {
        let Some(flow) = self.flow else { return Vec::new() };
        let stack = &self.session.loaded.stack;
        let redactor = stack.redactor();
        let output = self.made.outputs.get(&flow.address);
        let exports = stack.resource_exports(&flow.address).into_iter();
        exports
            .map(|export| {
                let value = output.and_then(|output| output.model.get(&export.property)).cloned();
                let value = match value {
                    Some(value) if export.protected => Value::Secret(Secret::new(value)),
                    Some(value) => redactor.seal(value),
                    None => Value::Null,
                };
                let is_known = value.unknown().is_none() && value != Value::Null;
                let value = if is_known { value_view::value_view(&value, None) } else { ValueView::Absent };
                ExportStory { variable: export.variable, column: export.property, value }
            })
            .collect()
    }

    /// What the checks came to.
    pub(super) fn checked(&self, flow: &Flow) -> String {
        let planned = self.planned;
        let has = |anchor| flow.has(anchor);
        let is_absent = planned.reasons.iter().any(|reason| reason.code == ReasonCode::Absent);
        match (flow.kind, planned.action) {
            (_, Action::Blocked) => "not known, or not usable: see the problem below".to_owned(),
            (FlowKind::Query, Action::Noop) => "its query gives a row".to_owned(),
            (FlowKind::Query, _) => "not asked: what comes before it may change its row".to_owned(),
            (FlowKind::Command | FlowKind::Script, _) => "nothing is looked for".to_owned(),
            (_, Action::Run) => {
                "nothing is looked for: it has no `exists`, `statecheck` or `exports`".to_owned()
            }
            (_, Action::Deferred) => "not looked for: its checks wait for values".to_owned(),
            _ if is_absent && has(AnchorKind::Exists) => "not there: `exists` finds nothing".to_owned(),
            _ if is_absent && has(AnchorKind::StateCheck) => {
                "not there: `statecheck` does not pass, and nothing shows that it is there".to_owned()
            }
            _ if is_absent && has(AnchorKind::Exports) => {
                "not there: `exports` gives no row, and nothing shows that it is there".to_owned()
            }
            _ if is_absent => "not there: a read finds nothing".to_owned(),
            (_, Action::Update) => format!("there, and {} says that it is not as wanted", judge(flow)),
            (_, Action::Noop) if flow.skip_validation => "there; skip_validation asks no more".to_owned(),
            (_, Action::Noop) => format!("there, and {} accepts it", judge(flow)),
            (_, _) => "there".to_owned(),
        }
    }
}

/// The check that says whether it is as wanted (stackql-compat 2.6, phase A).
fn judge(flow: &Flow) -> &'static str {
    if flow.has(AnchorKind::StateCheck) {
        "`statecheck`"
    } else if flow.has(AnchorKind::Exports) {
        "`exports`, in place of a statecheck,"
    } else if flow.has(AnchorKind::Exists) {
        "`exists`, its only check,"
    } else {
        "a comparison with its statements"
    }
}

/// The statement that an action is.
pub(super) fn sent(flow: &Flow, action: Action) -> Option<AnchorKind> {
    let or_both =
        |anchor| if flow.has(AnchorKind::CreateOrUpdate) { AnchorKind::CreateOrUpdate } else { anchor };
    match action {
        Action::Create => Some(or_both(AnchorKind::Create)),
        Action::Update => Some(or_both(AnchorKind::Update)),
        Action::Delete => Some(AnchorKind::Delete),
        _ => None,
    }
}

/// What a kind is, in words.
pub(super) fn kind_words(kind: FlowKind) -> &'static str {
    match kind {
        FlowKind::Resource => "resource: its own statements rule what is done",
        FlowKind::Multi => "multi: several objects; what fails is passed over",
        FlowKind::Query => "query: one SELECT whose columns are exported",
        FlowKind::Command => "command: one statement, without a check",
        FlowKind::Script => "script: a shell command, without a check",
    }
}

/// What an anchor is for, in this flow.
fn what(flow: &Flow, kind: AnchorKind) -> String {
    let text = match kind {
        AnchorKind::Exists => "is it there?",
        AnchorKind::Create if flow.has(AnchorKind::CreateOrUpdate) => {
            "not used: createorupdate stands for it"
        }
        AnchorKind::Update if flow.has(AnchorKind::CreateOrUpdate) => {
            "not used: createorupdate stands for it"
        }
        AnchorKind::Create => "makes it",
        AnchorKind::Update => "changes it",
        AnchorKind::CreateOrUpdate => "makes it, or changes it",
        AnchorKind::StateCheck if flow.has(AnchorKind::Exists) => "is it as wanted?",
        AnchorKind::StateCheck => "is it there, and as wanted?",
        AnchorKind::Exports if flow.kind == FlowKind::Query => "gives the row",
        AnchorKind::Exports if flow.has(AnchorKind::StateCheck) => "gives the row of exports",
        AnchorKind::Exports if flow.has(AnchorKind::Exists) => "gives the row of exports; is it as wanted?",
        AnchorKind::Exports => "gives the row of exports; is it there, and as wanted?",
        AnchorKind::Delete => "deletes it",
        AnchorKind::Command => "runs in every build",
        AnchorKind::Callback(_) => "waits for what was begun",
        AnchorKind::Troubleshoot(_) => "runs once after a failure",
    };
    text.to_owned()
}

/// `retries=5, retry_delay=5`
fn options(options: &AnchorOptions) -> String {
    let numbers = [
        ("retries", options.retries),
        ("retry_delay", options.retry_delay),
        ("postdelete_retries", options.postdelete_retries),
        ("postdelete_retry_delay", options.postdelete_retry_delay),
    ];
    let given = numbers.into_iter().filter_map(|(name, n)| Some(format!("{name}={}", n?)));
    given.collect::<Vec<_>>().join(", ")
}

/// What is declared where statements are not understood: nothing.
pub(super) fn nothing(flow: &Flow) -> Wanted {
    Wanted {
        address: flow.address.clone(),
        ty: flow.ty.clone(),
        declared_type: flow.declared_type.clone(),
        target: flow.target.clone(),
        identifier: None,
        props: Value::object(),
        default_tags: IndexMap::new(),
        ownership_tags: false,
        as_written: true,
        kept: !flow.has(AnchorKind::Delete),
        client_tokens: Vec::new(),
        lifecycle: flow.lifecycle.clone(),
        formerly: Vec::new(),
        absent: flow.absent,
        sources: flow.sources.clone(),
    }
}
