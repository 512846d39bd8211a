//! One pass over value and schema together: coerces on the way down and collects what does not fit.

use super::spelling::{self, Meant, Respelt};
use super::{NOT_A_PROPERTY, Violation, codes, coerce, elsewhere, policy, scalar, texts};
use crate::diagnostic::{Code, Severity};
use crate::naming::find_property;
use crate::pattern;
use crate::pointer::Pointer;
use crate::schema::{Additional, Node, ResourceSchema};
use crate::value::{Secret, Value};
use indexmap::IndexMap;
use std::cell::Cell;
use std::rc::Rc;

/// Nodes that one call may look at. Beyond it (a union inside a union inside a union over a large document) the rest
/// passes unchecked.
const BUDGET: u32 = 500_000;

/// Unions over the same value that may be opened one inside the other; a `$ref` may lead back to where it stands.
const MAX_HOPS: u8 = 8;

/// After so many findings nobody reads suggestions any more, and each costs a look at every name.
const MAX_SUGGESTIONS: usize = 50;

/// The pass over one resource.
pub(super) struct Walk<'s> {
    pub(super) schema: &'s ResourceSchema,
    pub(super) respelt: &'s Respelt,
    budget: Cell<u32>,
}

/// Where the walk stands. Cheap to make: every value has one, and few have anything said about them, so pointers are
/// only put together when they are asked for.
#[derive(Clone, Debug)]
pub(super) struct Place {
    link: Option<Rc<Link>>,
    /// Inside a secret: nothing of the value may be shown.
    pub(super) hidden: bool,
    /// True for an element of a list.
    element: bool,
}

/// The last step to a place.
#[derive(Debug)]
struct Link {
    before: Option<Rc<Link>>,
    /// In the provider's spelling.
    key: String,
    /// As declared, where that differs.
    declared: Option<String>,
    /// Inside a secret.
    hidden: bool,
}

impl Place {
    /// The properties as a whole.
    pub(super) fn root() -> Self {
        Self { link: None, hidden: false, element: false }
    }

    fn secret(&self) -> Self {
        Self { hidden: true, ..self.clone() }
    }

    fn step(&self, declared: &str, key: &str, element: bool) -> Self {
        let link = Link {
            before: self.link.clone(),
            key: key.to_owned(),
            declared: (declared != key).then(|| declared.to_owned()),
            hidden: self.hidden,
        };
        Self { link: Some(Rc::new(link)), hidden: self.hidden, element }
    }

    fn links(&self) -> Vec<&Link> {
        let mut links: Vec<&Link> =
            std::iter::successors(self.link.as_deref(), |link| link.before.as_deref()).collect();
        links.reverse();
        links
    }

    /// In the declared spelling. Inside a secret: the secret's own place.
    pub(super) fn pointer(&self) -> Pointer {
        let shown = self.links().into_iter().filter(|link| !link.hidden);
        Pointer::of(shown.map(|link| link.declared.as_deref().unwrap_or(&link.key)))
    }

    /// In the provider's spelling, inside secrets too.
    pub(super) fn model(&self) -> Pointer {
        Pointer::of(self.links().into_iter().map(|link| link.key.as_str()))
    }

    /// True for the properties as a whole.
    pub(super) fn is_root(&self) -> bool {
        self.link.is_none()
    }

    /// The last step, in the provider's spelling.
    pub(super) fn last(&self) -> Option<&str> {
        self.link.as_deref().map(|link| link.key.as_str())
    }

    /// True if a diagnostic about the whole value is to underline its key.
    pub(super) fn has_key(&self) -> bool {
        !self.element
    }
}

/// A violation under construction, with what the choice between union branches needs to know about it.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) violation: Violation,
    /// Where the value is that does not fit.
    pub(super) model: Pointer,
}

impl Finding {
    /// About the value at a place.
    pub(super) fn at(place: &Place, code: Code) -> Self {
        let mut finding = Self::key(place.pointer(), code);
        finding.violation.on_key = false;
        finding.model = place.model();
        finding
    }

    /// About a place as a whole, underlined at its key.
    pub(super) fn about(place: &Place, code: Code) -> Self {
        let mut finding = Self::at(place, code);
        finding.violation.on_key = place.has_key() && !place.hidden;
        finding
    }

    /// About a key.
    pub(super) fn key(pointer: Pointer, code: Code) -> Self {
        Self {
            violation: Violation {
                pointer,
                on_key: true,
                code,
                message: String::new(),
                label: String::new(),
                notes: Vec::new(),
                severity: Severity::Error,
            },
            model: Pointer::root(),
        }
    }

    pub(super) fn says(mut self, message: impl Into<String>) -> Self {
        self.violation.message = message.into();
        self
    }

    pub(super) fn label(mut self, label: impl Into<String>) -> Self {
        self.violation.label = label.into();
        self
    }

    pub(super) fn note(mut self, key: &str, text: impl Into<String>) -> Self {
        self.violation.notes.push((key.to_owned(), text.into()));
        self
    }

    pub(super) fn next(self, text: impl Into<String>) -> Self {
        self.note("next", text)
    }

    pub(super) fn warning(mut self) -> Self {
        self.violation.severity = Severity::Warning;
        self
    }
}

/// What a walk over some part found.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    pub(super) list: Vec<Finding>,
    /// True if some check was left out for want of knowledge: "no error" is then not "it fits".
    pub(super) unsure: bool,
}

impl Findings {
    pub(super) fn push(&mut self, finding: Finding) {
        self.list.push(finding);
    }

    pub(super) fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.list.iter().filter(|finding| finding.violation.severity == Severity::Error)
    }

    pub(super) fn fits(&self) -> bool {
        self.errors().next().is_none()
    }
}

/// Is a member there? Declared null means: not there. Unknown: nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    Yes,
    Maybe,
    No,
}

pub(super) fn presence(members: &IndexMap<String, Value>, key: &str) -> Presence {
    match members.get(key) {
        None | Some(Value::Null) => Presence::No,
        Some(Value::Unknown(_)) => Presence::Maybe,
        Some(Value::Secret(secret)) if matches!(secret.expose(), Value::Null) => Presence::No,
        Some(_) => Presence::Yes,
    }
}

/// Does a member say something? `false` and empty values often stand where another member rules, and the service takes
/// them: only what says something excludes another member.
pub(super) fn is_stated(members: &IndexMap<String, Value>, key: &str) -> bool {
    fn states(value: &Value) -> bool {
        match value {
            Value::Null | Value::Unknown(_) | Value::Bool(false) => false,
            Value::Array(items) => !items.is_empty(),
            Value::Object(members) => !members.is_empty(),
            Value::String(text) => !text.is_empty(),
            Value::Secret(secret) => states(secret.expose()),
            Value::Bool(true) | Value::Number(_) => true,
        }
    }
    members.get(key).is_some_and(states)
}

impl<'s> Walk<'s> {
    pub(super) fn new(schema: &'s ResourceSchema, respelt: &'s Respelt) -> Self {
        Self { schema, respelt, budget: Cell::new(BUDGET) }
    }

    /// How a place is named in a message: its dotted path, or the type at the root.
    pub(super) fn name(&self, place: &Place) -> String {
        if place.is_root() {
            format!("`{}`", self.schema.type_name)
        } else {
            format!("`{}`", place.pointer().dotted())
        }
    }

    /// The place of a member.
    pub(super) fn member(&self, place: &Place, key: &str) -> Place {
        let declared = if place.is_root() { self.respelt.declared(key) } else { key };
        place.step(declared, key, false)
    }

    /// The place of a list's element.
    pub(super) fn element(&self, place: &Place, index: usize) -> Place {
        let index = index.to_string();
        place.step(&index, &index, true)
    }

    /// Conforms one value to one node. `hops` counts the unions opened over this same value.
    pub(super) fn value(
        &self,
        node: &Node,
        value: Value,
        place: &Place,
        hops: u8,
        out: &mut Findings,
    ) -> Value {
        let left = self.budget.get();
        if left == 0 || hops > MAX_HOPS {
            out.unsure = true;
            return value;
        }
        self.budget.set(left - 1);
        let node = self.schema.follow(node);
        let value = match value {
            Value::Unknown(_) => {
                out.unsure = true;
                return value;
            }
            Value::Secret(secret) if matches!(secret.expose(), Value::Null) => return Value::Null,
            Value::Secret(secret) => {
                return match self.value(node, secret.expose().clone(), &place.secret(), hops, out) {
                    unknown @ Value::Unknown(_) => unknown,
                    known => Value::Secret(Secret::new(known)),
                };
            }
            other => other,
        };
        let was_float = matches!(&value, Value::Number(n) if n.is_f64());
        let value = coerce::coerce(node, value);
        if !coerce::fits(&node.types, &value) {
            out.push(self.wrong_type(node.types.iter().collect(), &value, place));
            return value;
        }
        if was_float && let Value::String(text) = &value {
            out.push(self.float_as_text(text, place));
        }
        let value = match value {
            Value::Object(members) => Value::Object(self.object(node, members, place, hops, out)),
            Value::Array(items) => Value::Array(self.list(node, items, place, out)),
            // A document became unknown or secret text.
            sealed @ (Value::Unknown(_) | Value::Secret(_)) => return sealed,
            other => {
                scalar::check(self, node, &other, place, out);
                if let Value::String(text) = &other {
                    texts::check(self, node, text, place, hops > 0, out);
                }
                other
            }
        };
        policy::check(self, node, &value, place, out);
        self.combine(node, value, place, hops, out)
    }

    fn list(&self, node: &Node, items: Vec<Value>, place: &Place, out: &mut Findings) -> Vec<Value> {
        let items: Vec<Value> = items
            .into_iter()
            .enumerate()
            .map(|(i, item)| {
                let at = self.element(place, i);
                let before = out.list.len();
                let item = match &node.items {
                    Some(element) => self.value(element, item, &at, 0, out),
                    None => item,
                };
                // What the linter knows of the first elements comes on top, where nothing is wrong yet: it names only what
                // it has rules for.
                match node.prefix_items.get(i).filter(|_| out.list.len() == before) {
                    Some(first) => self.value(first, item, &at, 1, out),
                    None => item,
                }
            })
            .collect();
        scalar::check_list(self, node, &items, place, out);
        items
    }

    fn object(
        &self,
        node: &Node,
        members: IndexMap<String, Value>,
        place: &Place,
        hops: u8,
        out: &mut Findings,
    ) -> IndexMap<String, Value> {
        let mut meant = Vec::new();
        // Only who looks for a meant name needs those that are there.
        let all_known = members.keys().all(|key| node.properties.contains_key(key));
        let written: Vec<String> = if all_known { Vec::new() } else { members.keys().cloned().collect() };
        let members: IndexMap<String, Value> = members
            .into_iter()
            .map(|(key, value)| {
                let at = self.member(place, &key);
                let value = match self.member_of(node, &key, out) {
                    Member::Node(_) if matches!(value, Value::Null) => value,
                    Member::Node(child) => self.value(child, value, &at, 0, out),
                    Member::Open => value,
                    // What an open branch does not know, its parent may.
                    Member::None(false) if hops > 0 => value,
                    Member::None(closed) => {
                        meant.extend(self.unknown_member(node, &key, &written, closed, place, &at, out));
                        value
                    }
                };
                (key, value)
            })
            .collect();
        self.required(node, &members, &meant, place, out);
        self.combinations(node, &members, place, out);
        members
    }

    fn member_of<'n>(&'n self, node: &'n Node, key: &str, out: &mut Findings) -> Member<'n> {
        if let Some(child) = node.properties.get(key) {
            return Member::Node(child);
        }
        let mut undecided = None;
        for (name, child) in &node.pattern_properties {
            match pattern::matches(name, key) {
                Some(true) => return Member::Node(child),
                Some(false) => {}
                None => undecided = undecided.or(Some(child)),
            }
        }
        if let Some(child) = undecided {
            out.unsure = true;
            return if node.pattern_properties.len() == 1 { Member::Node(child) } else { Member::Open };
        }
        match &node.additional_properties {
            Some(Additional::Schema(child)) => Member::Node(child),
            // The branches of a union say more about the members.
            _ if self.schema.member(node, key).is_some() && node.pattern_properties.is_empty() => {
                Member::Open
            }
            Some(Additional::Allowed(false)) => Member::None(true),
            // An open object: whatever is not another spelling of a known name is data.
            _ if node.properties.is_empty() => Member::Open,
            _ => Member::None(false),
        }
    }

    /// Reports a member that the schema does not have. Gives the name that was probably meant.
    #[expect(clippy::too_many_arguments, reason = "the parts of one message")]
    fn unknown_member(
        &self,
        node: &Node,
        key: &str,
        written: &[String],
        closed: bool,
        place: &Place,
        at: &Place,
        out: &mut Findings,
    ) -> Option<String> {
        if closed && !place.hidden && out.list.len() >= MAX_SUGGESTIONS {
            out.push(
                Finding { model: place.model(), ..Finding::about(at, codes::UNKNOWN_PROPERTY) }
                    .says(format!("{} has no property `{key}`", self.name(place)))
                    .label(NOT_A_PROPERTY),
            );
            return None;
        }
        let names = self.names(node, 0);
        let free: Vec<&str> =
            names.iter().copied().filter(|name| !written.iter().any(|w| w == name)).collect();
        let meant = self.meant(key, &free, place);
        if !closed && !matches!(meant, Some(Meant::Spelling(_))) {
            return None;
        }
        let mut finding = self.no_such_member(key, &names, meant, place, at);
        if names.is_empty() && !node.pattern_properties.is_empty() {
            let patterns: Vec<&str> = node.pattern_properties.keys().map(String::as_str).collect();
            let subject = if place.hidden { "a key".to_owned() } else { format!("the key `{key}`") };
            finding = Finding { model: place.model(), ..Finding::about(at, codes::MAP_KEY) }
                .says(format!("{subject} does not have the form that {} asks for", self.name(place)))
                .label("this form is not allowed")
                .note("pattern", patterns.join("  "));
        }
        out.push(if closed { finding } else { finding.warning() });
        meant.map(|m| m.name().to_owned())
    }

    /// The finding for a member that the schema does not have.
    pub(super) fn no_such_member(
        &self,
        key: &str,
        names: &[&str],
        meant: Option<Meant<'_>>,
        place: &Place,
        at: &Place,
    ) -> Finding {
        let whose = self.name(place);
        let code = match meant {
            Some(Meant::Spelling(_)) if !place.is_root() => codes::NESTED_SPELLING,
            _ => codes::UNKNOWN_PROPERTY,
        };
        let finding = Finding { model: place.model(), ..Finding::about(at, code) };
        let settable: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| !self.schema.read_only_properties.contains(&place.model().child(*name)))
            .collect();
        let known = spelling::list(&settable, "and", 24).replace('`', "");
        if place.hidden {
            return finding
                .says(format!("{whose} holds a property that is not allowed there"))
                .label(NOT_A_PROPERTY)
                .note("properties", known);
        }
        let finding = match meant {
            Some(Meant::Spelling(name)) if !place.is_root() => finding
                .says(format!("nested keys use the provider's spelling: `{name}`, not `{key}`"))
                .label(format!("write `{name}`")),
            Some(meant) => finding
                .says(format!("{whose} has no property `{key}`"))
                .label(format!("did you mean `{}`?", meant.name())),
            None => {
                let finding = finding.says(format!("{whose} has no property `{key}`"));
                if let Some(declared) = find_property(key, names.iter().copied()) {
                    return finding.label(format!("`{declared}` is already declared"));
                }
                match self.belongs(key, place) {
                    Some(hint) => return finding.label(hint),
                    None => finding.label(NOT_A_PROPERTY),
                }
            }
        };
        if settable.is_empty() || (meant.is_some() && settable.len() > 12) {
            return finding;
        }
        finding.note("properties", known)
    }

    /// The member that a name was probably meant to be. A name that another level has exactly is rather meant to stand
    /// there, unless it is but a slip away from one of this level.
    fn meant<'c>(&self, key: &str, free: &[&'c str], place: &Place) -> Option<Meant<'c>> {
        spelling::meant(key, free).filter(|meant| match meant {
            Meant::Near(name) => spelling::is_slip(key, name) || self.belongs(key, place).is_none(),
            Meant::Spelling(_) => true,
        })
    }

    /// Where a name belongs that is like no other at its place.
    fn belongs(&self, key: &str, place: &Place) -> Option<String> {
        if place.hidden {
            return None;
        }
        if place.is_root() && key.eq_ignore_ascii_case("tags") {
            return Some(match self.schema.tag_property() {
                Some((property, _)) => format!("the tags of this type are `{property}`"),
                None => "this type cannot be tagged".to_owned(),
            });
        }
        if let Some(place) = elsewhere::belongs(self.schema, key, &place.model()) {
            return Some(format!("`{key}` belongs {place}"));
        }
        let node = self.schema.at(&place.model()).filter(|_| !place.is_root())?;
        let map = elsewhere::only_map(self.schema, node)?;
        Some(format!("`{key}` belongs under `{}.{map}`", place.pointer().dotted()))
    }

    /// The names of members that a node or the branches of its unions know.
    pub(super) fn names<'n>(&'n self, node: &'n Node, hops: u8) -> Vec<&'n str> {
        let node = self.schema.follow(node);
        let mut names: Vec<&str> = node.properties.keys().map(String::as_str).collect();
        if hops < MAX_HOPS {
            for branch in node.one_of.iter().chain(&node.any_of).chain(&node.all_of) {
                for name in self.names(branch, hops + 1) {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
        }
        names
    }
}

enum Member<'n> {
    /// The schema describes it.
    Node(&'n Node),
    /// It may be there; nothing is said here about its value.
    Open,
    /// It is not known. True: and must not be there.
    None(bool),
}
