//! A resource with `for_each`, or one of its exports, as templates see it: a map from keys to instances.

use crate::codes;
use crate::instances::address_of;
use crate::scope::Scope;
use crate::template::place::Cause;
use crate::template::session::Session;
use minijinja::value::{Enumerator, Object, ObjectRepr};
use minijinja::{Error, ErrorKind, State, Value as Mj};
use serde_json::Value as Json;
use stack_core::diagnostic::nearest;
use std::sync::Arc;

/// The instances of one declaration.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) scope: Scope,
    pub(crate) declaration: usize,
    /// The exported property that is meant instead of the whole instance.
    pub(crate) export: Option<String>,
    /// The name in the template.
    pub(crate) name: String,
    pub(crate) session: Session,
}

impl Group {
    fn keys(&self) -> Vec<&str> {
        self.scope.shared.inner().instances.keys(self.declaration).collect()
    }

    /// The instance of a key; what the template calls it is only for messages.
    fn find(&self, key: &str, expression: String) -> Option<Mj> {
        let inner = self.scope.shared.inner();
        let resource = &inner.declared.resources[self.declaration].address;
        if let Some(instance) = inner.instances.at(&address_of(resource.as_str(), key)) {
            return Some(self.scope.instance(instance, self.export.as_deref(), &expression, &self.session));
        }
        let keys = self.keys();
        let label = match nearest(key, keys.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if keys.is_empty() => "its `for_each` is empty".to_owned(),
            None if keys.len() <= 10 => format!("there are {}", keys.join(", ")),
            None => String::new(),
        };
        // Not an error by itself: the template may only ask whether there is one.
        self.session.note_missing(Cause {
            code: Some(codes::UNKNOWN_INSTANCE),
            message: format!("{resource} has no instance `{key}`"),
            expression,
            label,
        });
        None
    }

    fn pairs(&self) -> Vec<(Mj, Mj)> {
        let value = |key: &str| {
            let expression = format!("{}[{}]", self.name, Json::from(key));
            (Mj::from(key), self.find(key, expression).unwrap_or_default())
        };
        self.keys().into_iter().map(value).collect()
    }
}

impl Object for Group {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Map
    }

    fn get_value(self: &Arc<Self>, key: &Mj) -> Option<Mj> {
        // Keys are texts; those that count positions look like numbers.
        let text = match key.as_str() {
            Some(text) => text.to_owned(),
            None => key.as_i64()?.to_string(),
        };
        self.find(&text, format!("{}[{}]", self.name, Json::from(text.as_str())))
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Mj> {
        self.find(key, format!("{}.{key}", self.name))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.keys().into_iter().map(Mj::from).collect())
    }

    /// As Python's dictionaries. Here and not among the methods of maps, because those want to know whether anything
    /// in the map is unknown, and the keys never are.
    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, method: &str, args: &[Mj]) -> Result<Mj, Error> {
        match (method, args) {
            ("keys", []) => Ok(self.keys().into_iter().map(Mj::from).collect()),
            ("values", []) => Ok(self.pairs().into_iter().map(|(_, value)| value).collect()),
            ("items", []) => {
                Ok(self.pairs().into_iter().map(|(key, value)| Mj::from(vec![key, value])).collect())
            }
            ("get", [key]) => Ok(self.get_value(key).unwrap_or(Mj::from(()))),
            ("get", [key, default]) => Ok(self.get_value(key).unwrap_or_else(|| default.clone())),
            _ => Err(Error::from(ErrorKind::UnknownMethod)),
        }
    }
}
