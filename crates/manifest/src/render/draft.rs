//! The statements of a resource before anything is known: what `--dry-run` and `--show-queries` print (stackql-compat 2.7).

use crate::inner::Inner;
use crate::model::Kind;
use crate::render::script::Script;
use crate::render::{Job, props};
use crate::scope::Scope;
use indexmap::IndexMap;
use stack_core::desired::Outputs;
use stack_core::diagnostic::Diagnostic;
use stack_core::flow::{AnchorKind, Captured, Script as _, Unready};
use stack_core::ids::Address;
use stack_core::statement::Marked;
use stack_core::value::{Reference, Unknown, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a resource's statements are rendered with while its own captures are not known. Understood files have them too.
#[derive(Debug)]
pub struct Drafts {
    script: Script,
}

/// One statement, as far as it can be told.
#[derive(Clone, Debug, PartialEq)]
pub enum Draft {
    /// Its text. Values that are not known are unknown in it.
    Text(Marked),
    /// Its text itself depends on what comes later: the names of that.
    Waits(BTreeSet<String>),
    /// It cannot be rendered.
    Broken(Box<Diagnostic>),
}

impl Drafts {
    /// The statements of an instance. `None` if it has a dotted type, is not wanted here, or has a prop without a value.
    pub(crate) fn of(inner: &Arc<Inner>, index: usize, outputs: &Outputs) -> Option<Self> {
        let declared = inner.resource(index);
        if !matches!(declared.kind, Kind::Flow(_)) {
            return None;
        }
        let scope = Scope::new(inner, Some(index), outputs);
        let address = inner.address(index);
        let mut job =
            Job { region_at: None, inner, index, declared, address, scope, offline: true, failed: false };
        let (mut given, _) = job.props();
        for value in given.values_mut() {
            *value = props::spliced(std::mem::replace(value, Value::Null));
        }
        if job.failed || !job.is_wanted()? {
            return None;
        }
        for (name, value) in &given {
            job.scope.define(name, value.clone());
        }
        Some(Self { script: Script::new(inner, index, &job.scope, given) })
    }

    /// The anchors that have a statement here, in the order of the file.
    pub fn anchors(&self) -> Vec<AnchorKind> {
        self.script.anchors()
    }

    /// The statement of an anchor. What the resource's own statements are still to give is unknown, by the name that the
    /// statement has for it; `known` is what they have given.
    pub fn draft(&self, anchor: AnchorKind, known: &Captured) -> Draft {
        self.script.draft(anchor, known)
    }

    /// The text of a script, or the names of what it waits for. `None` if it is no script.
    pub fn shell(&self) -> Option<Result<Value, BTreeSet<String>>> {
        match self.script.shell() {
            Ok(text) => Some(Ok(text)),
            Err(Unready::Waiting(unknown)) => Some(Err(named(&unknown))),
            Err(Unready::Missing { names, .. }) => Some(Err(names.into_iter().collect())),
            Err(Unready::Broken(_)) => None,
        }
    }
}

impl Script {
    /// See [`Drafts::draft`].
    fn draft(&self, anchor: AnchorKind, known: &Captured) -> Draft {
        let mut given = known.clone();
        loop {
            let names = match self.drafted(anchor, &given, true) {
                Ok(marked) => return Draft::Text(marked),
                Err(Unready::Waiting(unknown)) => return Draft::Waits(named(&unknown)),
                Err(Unready::Broken(problem)) => return Draft::Broken(problem),
                Err(Unready::Missing { names, diagnostic }) if names.is_empty() => {
                    return Draft::Broken(diagnostic);
                }
                Err(Unready::Missing { names, .. }) => names,
            };
            // Each round gives a name that the one before had not, or ends.
            let before = count(&given);
            for name in &names {
                self.give(&mut given, name);
            }
            if count(&given) == before {
                return Draft::Waits(names.into_iter().collect());
            }
        }
    }

    /// The statement where nothing is given, and where all is that its template can do without; nothing if one of them has no text.
    pub(super) fn both_drafts(&self, anchor: AnchorKind) -> Vec<Marked> {
        let mut given = Captured::default();
        for name in self.optional(anchor) {
            self.give(&mut given, &name);
        }
        let mut out: Vec<Marked> = Vec::new();
        for known in [Captured::default(), given] {
            match self.draft(anchor, &known) {
                Draft::Text(marked) if out.contains(&marked) => {}
                Draft::Text(marked) => out.push(marked),
                Draft::Waits(_) | Draft::Broken(_) => return Vec::new(),
            }
        }
        out
    }

    /// Makes an own name that nothing has given so far an unknown value.
    fn give(&self, given: &mut Captured, name: &str) {
        let below = |name: &str, head: &str| {
            name.strip_prefix(head).and_then(|rest| rest.strip_prefix('.')).map(str::to_owned)
        };
        let own = below(name, "this").or_else(|| below(name, self.address()));
        let own = own.unwrap_or_else(|| name.to_owned());
        if let Some(column) = below(&own, "callback") {
            let value = later(&format!("callback.{column}"));
            given.callback.get_or_insert_default().entry(column).or_insert(value);
            return;
        }
        // A member of what is unknown is unknown.
        let Some(column) = own.split('.').next().filter(|column| !column.is_empty()) else { return };
        given.this.entry(column.to_owned()).or_insert_with(|| later(&format!("this.{column}")));
    }
}

fn count(given: &Captured) -> usize {
    given.this.len() + given.callback.as_ref().map_or(0, IndexMap::len)
}

/// A value that the resource's own statements give.
fn later(name: &str) -> Value {
    let (head, path) = name.split_once('.').unwrap_or((name, ""));
    let from = Reference { address: Address::new(head), path: path.to_owned() };
    Value::Unknown(Unknown { from: BTreeSet::from([from]), sensitive: false })
}

fn named(unknown: &Unknown) -> BTreeSet<String> {
    unknown.from.iter().map(ToString::to_string).collect()
}
