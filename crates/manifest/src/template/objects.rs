//! Our values as the template engine sees them, and back.

use crate::template::place::{Cause, Place};
use crate::template::session::Session;
use crate::template::size;
use indexmap::IndexMap;
use minijinja::value::{Enumerator, Object, ObjectRepr, ValueKind};
use minijinja::{Error, ErrorKind, State, Value as Mj};
use serde_json::Number;
use stack_core::pointer::Pointer;
use stack_core::value::{Unknown, Value};
use std::fmt;
use std::sync::Arc;

/// What a text shows where a value is not known yet. Results that hold it are unknown as a whole.
pub(crate) const UNKNOWN_TEXT: &str = "(known after apply)";

/// What every resource has besides its properties.
pub(crate) const TOKEN: &str = "idempotency_token";

/// A list or a mapping. Its members are converted when they are looked at, so that untouched parts stay as they are.
pub(crate) struct Known {
    pub(crate) value: Value,
    place: Option<Place>,
    session: Session,
}

/// Shows nothing of the value: it may be the inside of a secret.
impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Known(…)")
    }
}

/// A value that is not known yet. It answers every question with itself.
#[derive(Debug)]
pub(crate) struct Hidden {
    pub(crate) unknown: Unknown,
    place: Option<Place>,
    pub(crate) session: Session,
    pub(crate) id: u64,
}

/// A value for the engine. `place` is where it stands in another resource.
pub(crate) fn to_engine(value: &Value, session: &Session, place: Option<Place>) -> Mj {
    match value {
        Value::Array(_) | Value::Object(_) => {
            Mj::from_object(Known { value: value.clone(), place, session: session.clone() })
        }
        Value::Secret(secret) => {
            session.touch_secret();
            // Everything below has been noted by this touch.
            to_engine(secret.expose(), session, None)
        }
        Value::Unknown(unknown) => {
            // The property itself is what is waited for: members of it can be checked against the schema.
            let place = place.filter(|p| unknown.from.len() == 1 && unknown.from.contains(&p.reference()));
            hidden(unknown.clone(), session, place)
        }
        scalar => plain(scalar),
    }
}

/// An unknown for the engine.
pub(crate) fn hidden(unknown: Unknown, session: &Session, place: Option<Place>) -> Mj {
    if unknown.sensitive {
        session.touch_secret();
    }
    let id = session.take(&unknown);
    Mj::from_object(Hidden { unknown, place, session: session.clone(), id })
}

fn plain(value: &Value) -> Mj {
    match value {
        Value::Bool(b) => Mj::from(*b),
        Value::Number(n) => n
            .as_i64()
            .map(Mj::from)
            .or_else(|| n.as_u64().map(Mj::from))
            .or_else(|| n.as_f64().map(Mj::from))
            .unwrap_or_default(),
        Value::String(s) => Mj::from(s.as_str()),
        _ => Mj::from(()),
    }
}

/// The result of an expression. Unknowns that stand in it as they are no longer count as used up.
pub(crate) fn from_engine(value: &Mj) -> Result<Value, Error> {
    // Lists share their elements, so a small value of the engine may be a very large one of ours.
    size::measured(value.clone())?;
    convert(value, 0)
}

fn convert(value: &Mj, depth: usize) -> Result<Value, Error> {
    if depth > 100 {
        return Err(Error::new(ErrorKind::InvalidOperation, "the value is nested too deeply"));
    }
    let cannot = |what: &str| Error::new(ErrorKind::InvalidOperation, format!("{what} is no value"));
    Ok(match value.kind() {
        ValueKind::None => Value::Null,
        ValueKind::Bool => Value::Bool(value.is_true()),
        ValueKind::Number => Value::Number(number(value).ok_or_else(|| cannot("this number"))?),
        ValueKind::String => Value::String(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Undefined => return Err(Error::from(ErrorKind::UndefinedError)),
        _ => {
            if let Some(known) = value.downcast_object_ref::<Known>() {
                return Ok(known.value.clone());
            }
            if let Some(hidden) = value.downcast_object_ref::<Hidden>() {
                hidden.session.release(hidden.id);
                return Ok(Value::Unknown(hidden.unknown.clone()));
            }
            match value.kind() {
                ValueKind::Seq | ValueKind::Iterable => Value::Array(
                    value
                        .try_iter()?
                        .checked()
                        .map(|item| convert(&item?, depth + 1))
                        .collect::<Result<_, _>>()?,
                ),
                ValueKind::Map => {
                    let mut map = IndexMap::new();
                    for key in value.try_iter()?.checked() {
                        let key = key?;
                        map.insert(key.to_string(), convert(&value.get_item(&key)?, depth + 1)?);
                    }
                    Value::Object(map)
                }
                other => return Err(cannot(&format!("a {other}"))),
            }
        }
    })
}

fn number(value: &Mj) -> Option<Number> {
    if value.is_integer() {
        i64::try_from(value.clone())
            .map(Number::from)
            .or_else(|_| u64::try_from(value.clone()).map(Number::from))
            .ok()
    } else {
        f64::try_from(value.clone()).ok().and_then(Number::from_f64)
    }
}

/// The text of a value inside a larger text: `true`, `null`, shortest decimals, compact JSON (stackql-compat 1.7).
pub(crate) fn text_of(value: &Mj) -> Result<String, Error> {
    match value.kind() {
        ValueKind::String => Ok(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Undefined => Ok(String::new()),
        ValueKind::Bool | ValueKind::None | ValueKind::Number => Ok(json_of(&from_engine(value)?)),
        _ => {
            if let Some(known) = value.downcast_object_ref::<Known>() {
                return Ok(known.text());
            }
            if value.downcast_object_ref::<Hidden>().is_some() {
                return Ok(UNKNOWN_TEXT.to_owned());
            }
            if let Some((session, unknown)) = find_unknown(std::slice::from_ref(value)) {
                session.take(&unknown);
                return Ok(UNKNOWN_TEXT.to_owned());
            }
            note_secrets(value);
            Ok(json_of(&from_engine(value)?))
        }
    }
}

fn json_of(value: &Value) -> String {
    value.exposed().map_or_else(|| UNKNOWN_TEXT.to_owned(), |json| json.to_string())
}

/// Notes the secrets that stand in a value which is about to become text.
pub(crate) fn note_secrets(value: &Mj) {
    visit(value, 0, &mut |v| {
        if let Some(known) = v.downcast_object_ref::<Known>()
            && known.value.has_secret()
        {
            known.session.touch_secret();
        }
    });
}

/// The unknowns in some values, merged, with the session that notes them.
pub(crate) fn find_unknown(values: &[Mj]) -> Option<(Session, Unknown)> {
    let mut found: Option<(Session, Unknown)> = None;
    let mut add = |session: &Session, unknown: &Unknown| {
        found = Some(match found.take() {
            Some((session, before)) => (session, before.and(unknown)),
            None => (session.clone(), unknown.clone()),
        });
    };
    for value in values {
        visit(value, 0, &mut |v| {
            if let Some(hidden) = v.downcast_object_ref::<Hidden>() {
                add(&hidden.session, &hidden.unknown);
            } else if let Some(known) = v.downcast_object_ref::<Known>()
                && let Some(unknown) = known.value.unknown()
            {
                add(&known.session, &unknown);
            }
        });
    }
    found
}

/// Looks at a value and all that it holds. A value that is too large to look at is too large to be used (see
/// `size::measured`), so the rest of it does not matter.
fn visit(value: &Mj, depth: usize, f: &mut impl FnMut(&Mj)) {
    look(value, depth, &mut 1_000_000, f);
}

fn look(value: &Mj, depth: usize, left: &mut usize, f: &mut impl FnMut(&Mj)) {
    *left = left.saturating_sub(1);
    if *left == 0 {
        return;
    }
    let Some(object) = value.as_object() else { return };
    f(value);
    let ours =
        value.downcast_object_ref::<Known>().is_some() || value.downcast_object_ref::<Hidden>().is_some();
    if ours || depth > 20 || object.enumerator_len().is_none_or(|len| len > 100_000) {
        return;
    }
    match object.repr() {
        ObjectRepr::Seq | ObjectRepr::Iterable => {
            object.try_iter().into_iter().flatten().for_each(|item| look(&item, depth + 1, left, f));
        }
        ObjectRepr::Map => {
            object
                .try_iter_pairs()
                .into_iter()
                .flatten()
                .for_each(|(_, item)| look(&item, depth + 1, left, f));
        }
        _ => {}
    }
}

impl Known {
    pub(crate) fn new(value: Value, place: Option<Place>, session: Session) -> Self {
        Self { value, place, session }
    }

    /// True if it is no part of another resource.
    pub(crate) fn is_plain(&self) -> bool {
        self.place.is_none()
    }

    fn text(&self) -> String {
        if self.value.has_secret() {
            self.session.touch_secret();
        }
        if let Some(unknown) = self.value.unknown() {
            self.session.take(&unknown);
        }
        json_of(&self.value)
    }

    fn child(&self, value: &Value, place: Option<Place>) -> Mj {
        if place.as_ref().is_some_and(Place::is_protected) {
            self.session.touch_secret();
        }
        to_engine(value, &self.session, place)
    }
}

/// A column beside the properties, for the engine.
fn beside(value: &Value, place: &Place, name: &str, session: &Session) -> Mj {
    if place.facts.protects(name) {
        session.touch_secret();
    }
    to_engine(value, session, None)
}

impl Object for Known {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        if matches!(self.value, Value::Array(_)) { ObjectRepr::Seq } else { ObjectRepr::Map }
    }

    fn get_value(self: &Arc<Self>, key: &Mj) -> Option<Mj> {
        match &self.value {
            Value::Array(items) => {
                let index = key.as_usize()?;
                Some(self.child(items.get(index)?, self.place.as_ref().map(|p| p.element(index))))
            }
            _ => self.get_value_by_str(key.as_str()?),
        }
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Mj> {
        let map = self.value.as_object()?;
        let Some(place) = &self.place else {
            return map.get(key).map(|value| self.child(value, None));
        };
        if place.pointer.is_root() && key == TOKEN {
            return Some(Mj::from(place.facts.token.as_str()));
        }
        if let Some(column) = place.facts.column(key).filter(|_| place.pointer.is_root()) {
            let value = place.facts.value_of(column, &self.value)?;
            return Some(beside(&value, place, key, &self.session));
        }
        let depth = place.pointer.segments().len();
        let place = match place.member(key) {
            Ok(place) => place,
            Err(cause) => return Some(cause.into_value()),
        };
        // An exported variable may stand for a nested property.
        let below = Pointer::of(place.pointer.segments().iter().skip(depth).cloned());
        let value = below.segments().first().and_then(|first| map.get(first));
        match value.and_then(|value| value.at(&Pointer::of(below.segments().iter().skip(1).cloned()))) {
            Some(value) => Some(self.child(value, Some(place))),
            None => {
                self.session.note_absent(place.expression.clone(), place.why_absent());
                None
            }
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match &self.value {
            Value::Array(items) => Enumerator::Seq(items.len()),
            Value::Object(map) => Enumerator::Values(map.keys().map(|k| Mj::from(k.as_str())).collect()),
            _ => Enumerator::Empty,
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl Hidden {
    fn again(&self) -> Mj {
        self.session.release(self.id);
        hidden(self.unknown.clone(), &self.session, None)
    }

    fn below(&self, place: Result<Place, Cause>) -> Mj {
        match place {
            Ok(place) => {
                self.session.release(self.id);
                let sensitive = self.unknown.sensitive || place.is_protected();
                let unknown = Unknown { sensitive, ..place.unknown() };
                hidden(unknown, &self.session, Some(place))
            }
            Err(cause) => cause.into_value(),
        }
    }
}

impl Object for Hidden {
    /// Loops over it run once, with an unknown item, so that their bodies are checked too.
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Iterable
    }

    fn get_value(self: &Arc<Self>, key: &Mj) -> Option<Mj> {
        if let Some(name) = key.as_str() {
            return self.get_value_by_str(name);
        }
        Some(match (&self.place, key.as_usize()) {
            (Some(place), Some(index)) if place.pointer != Pointer::root() => {
                self.below(Ok(place.element(index)))
            }
            _ => self.again(),
        })
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Mj> {
        Some(match &self.place {
            Some(place) if place.pointer.is_root() && key == TOKEN => {
                self.session.release(self.id);
                Mj::from(place.facts.token.as_str())
            }
            Some(place) => match place.facts.column(key).filter(|_| place.pointer.is_root()) {
                Some(column) => {
                    let model = Value::Unknown(self.unknown.clone());
                    let value = place.facts.value_of(column, &model)?;
                    self.session.release(self.id);
                    beside(&value, place, key, &self.session)
                }
                None => self.below(place.member(key)),
            },
            None => self.again(),
        })
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(vec![hidden(self.unknown.clone(), &self.session, None)])
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        Some(1)
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn call(self: &Arc<Self>, _: &mut State<'_, '_>, _: &[Mj]) -> Result<Mj, Error> {
        Ok(self.again())
    }

    fn call_method(self: &Arc<Self>, _: &mut State<'_, '_>, _: &str, _: &[Mj]) -> Result<Mj, Error> {
        Ok(self.again())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(UNKNOWN_TEXT)
    }
}
