//! Statements: templates whose values stay beside the text (see [`stack_core::statement`]).

use crate::template::objects::{Hidden, from_engine, to_engine};
use crate::template::session::Session;
use crate::template::{Failure, FailureKind, SCOPE_KEY, ScopeHandle, engine, whole_boolean};
use minijinja::value::ValueKind;
use minijinja::{Error, State, Value as Mj};
use stack_core::statement::{Hole, Marked, hole, hole_number, joined};
use stack_core::value::{Unknown, Value};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where the values of one evaluation are gathered. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Sink {
    gathered: Arc<Mutex<Gathered>>,
    session: Session,
    /// True if the template can keep a value for later (`set`, `for`, `macro`): then nobody knows which of the values
    /// that follow it went into, and each of them counts as touched by it.
    keeps: bool,
}

#[derive(Debug, Default)]
struct Gathered {
    holes: Vec<Hole>,
    /// What `generate_patch_document` has made, with what it was given.
    documents: Vec<(Made, Value)>,
}

/// How a document is known again when it is put into the text.
#[derive(Debug, PartialEq)]
enum Made {
    Text(String),
    /// It waits for a value; the number of what stands for it.
    Hidden(u64),
}

impl Sink {
    pub(super) fn new(source: &str, session: Session) -> Self {
        Self { gathered: Arc::default(), session, keeps: source.contains("{%") }
    }

    /// The sink of a running evaluation, where there is one.
    pub(crate) fn of(state: &State<'_, '_>) -> Option<Self> {
        let scope = state.lookup(SCOPE_KEY)?;
        scope.downcast_object::<ScopeHandle>()?.sink()
    }

    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a value that is about to become text, and gives the character that stands for it.
    ///
    /// # Errors
    /// What is no value, and more values than there are characters.
    pub(crate) fn push(&self, value: &Mj) -> Result<char, Error> {
        let document = self.document(value);
        let plain = match value.kind() {
            // An `if` without `else` gives nothing.
            ValueKind::Undefined => Value::text(""),
            _ => whole_boolean(from_engine(value)?),
        };
        // A captured text (`set` without `=`, a macro) has its values inside as characters.
        let plain = match plain {
            Value::String(text) if has_holes(&text) => self.expanded(&text),
            other => other,
        };
        let value = self.session.mark(plain);
        if !self.keeps {
            self.session.forget();
        }
        let mut gathered = self.gathered();
        let number = gathered.holes.len();
        gathered.holes.push(Hole { value, document });
        hole(number).ok_or_else(|| engine::fail("a statement has more than 65000 values"))
    }

    /// A text with the values that its characters stand for.
    fn expanded(&self, text: &str) -> Value {
        joined(text, &self.gathered().holes)
    }

    /// An argument of a filter: a captured text becomes what it stands for.
    pub(crate) fn argument(&self, value: &Mj) -> Option<Mj> {
        let text = value.as_str().filter(|text| has_holes(text))?;
        Some(to_engine(&self.expanded(text), &self.session, None))
    }

    /// Remembers what a document was made of.
    pub(crate) fn made(&self, result: &Mj, from: Value) {
        let made = match (result.as_str(), result.downcast_object_ref::<Hidden>()) {
            (Some(text), _) => Made::Text(text.to_owned()),
            (None, Some(hidden)) => Made::Hidden(hidden.id),
            (None, None) => return,
        };
        self.gathered().documents.push((made, from));
    }

    fn document(&self, value: &Mj) -> Option<Value> {
        let hidden = value.downcast_object_ref::<Hidden>().map(|hidden| hidden.id);
        let is_it = |made: &Made| match made {
            Made::Hidden(id) => hidden == Some(*id),
            // `sql_escape` behind it changes nothing here: no quote can end the literal.
            Made::Text(text) => {
                value.as_str().is_some_and(|shown| shown == text || shown == text.replace('\'', "''"))
            }
        };
        self.gathered().documents.iter().find(|(made, _)| is_it(made)).map(|(_, from)| from.clone())
    }

    /// True if the template can keep values for later.
    pub(super) fn keeps(&self) -> bool {
        self.keeps
    }

    /// What was gathered around a text.
    pub(super) fn marked(&self, text: String) -> Marked {
        Marked { text, holes: std::mem::take(&mut self.gathered().holes) }
    }
}

/// What became of a statement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Statement {
    /// Its text and values.
    Ready(Marked),
    /// Its text depends on a value that is not known yet.
    Waiting(Unknown),
}

/// True if a text holds characters that stand for values.
pub(crate) fn has_holes(text: &str) -> bool {
    text.chars().any(|c| hole_number(c).is_some())
}

/// What is said of such a text.
pub(crate) fn private() -> Failure {
    let why = "the statement holds private characters (U+F0000 and above)".to_owned();
    Failure { kind: FailureKind::Other(Some(why)), range: None }
}

/// The members of a document as they were given, before they become JSON text. `None` if it is none.
pub(crate) fn members(value: &Mj) -> Option<Value> {
    if let Some(text) = value.as_str() {
        let json: serde_json::Value = serde_json::from_str(text).ok()?;
        return json.is_object().then(|| Value::from(json));
    }
    if value.kind() != ValueKind::Map {
        return None;
    }
    let mut out = indexmap::IndexMap::new();
    for key in value.try_iter().ok()? {
        let member = value.get_item(&key).ok()?;
        // A variable that nothing defines declares nothing.
        if member.kind() != ValueKind::Undefined {
            out.insert(key.to_string(), whole_boolean(from_engine(&member).ok()?));
        }
    }
    Some(Value::Object(out))
}
