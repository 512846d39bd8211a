//! What a template sees while it is evaluated: the names of its scope, and the scope itself for functions.

use crate::template::Template;
use crate::template::marked::Sink;
use crate::template::objects::to_engine;
use crate::template::session::Session;
use crate::template::walks::{CALLED_UUID, Walks, opened};
use minijinja::Value as Mj;
use minijinja::value::Object;
use stack_core::value::Value;
use std::sync::{Arc, OnceLock};

/// What templates see. Implemented by the scope of a resource.
pub(crate) trait Lookup: Send + Sync + std::fmt::Debug {
    /// The value of a name; `dotted` if the template only walks into it.
    fn lookup(&self, name: &str, dotted: bool, session: &Session) -> Option<Mj>;
    /// A new identifier.
    fn uuid(&self) -> String;
}

/// Under this name functions find the scope. No template can write it.
pub(crate) const SCOPE_KEY: &str = "the scope";

/// The scope, handed to functions, and the identifier of this evaluation.
#[derive(Debug)]
pub(crate) struct ScopeHandle(Arc<dyn Lookup>, Arc<OnceLock<String>>, Option<Sink>);
impl Object for ScopeHandle {}

impl ScopeHandle {
    /// Within one evaluation every `uuid()` is the same (stackql-compat 4.1).
    pub(crate) fn uuid(&self) -> String {
        self.1.get_or_init(|| self.0.uuid()).clone()
    }

    /// Where values go instead of the text.
    pub(crate) fn sink(&self) -> Option<Sink> {
        self.2.clone()
    }
}

/// The variables of an evaluation of this template.
pub(super) fn root(
    template: &Template,
    scope: &Arc<dyn Lookup>,
    session: &Session,
    sink: Option<Sink>,
) -> Mj {
    Mj::from_object(Root {
        scope: Arc::clone(scope),
        session: session.clone(),
        dotted: template.dotted.clone(),
        walks: Arc::clone(&template.walks),
        uuid: Arc::default(),
        sink,
    })
}

/// The variables of one evaluation.
#[derive(Debug)]
struct Root {
    scope: Arc<dyn Lookup>,
    session: Session,
    dotted: Vec<String>,
    walks: Walks,
    uuid: Arc<OnceLock<String>>,
    sink: Option<Sink>,
}

impl Object for Root {
    fn get_value(self: &Arc<Self>, key: &Mj) -> Option<Mj> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Mj> {
        if key == SCOPE_KEY {
            let (scope, uuid) = (Arc::clone(&self.scope), Arc::clone(&self.uuid));
            return Some(Mj::from_object(ScopeHandle(scope, uuid, self.sink.clone())));
        }
        let Some(value) = self.scope.lookup(key, self.dotted.iter().any(|d| d == key), &self.session) else {
            // Without parentheses too, as the predecessor has it in statements.
            return (key == "uuid" && !self.walks.iter().any(|(name, _)| name == CALLED_UUID)).then(|| {
                Mj::from(ScopeHandle(Arc::clone(&self.scope), Arc::clone(&self.uuid), None).uuid())
            });
        };
        match self.walks.iter().find(|(name, _)| name == key) {
            Some((_, paths)) => Some(opened(value, paths, &self.session)),
            None => Some(value),
        }
    }
}

/// A value of ours for a scope's answer.
pub(crate) fn answer(value: &Value, session: &Session) -> Mj {
    to_engine(value, session, None)
}
