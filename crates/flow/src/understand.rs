//! What the INSERT, the UPDATE and the DELETE of a file say together about one resource (DESIGN section 4, *Query files*).

use crate::codes;
use crate::identifier::{self, Predicate};
use indexmap::IndexMap;
use serde_json::Value as Json;
use stack_core::desired::GivenBy;
use stack_core::diagnostic::{Code, Severity, nearest};
use stack_core::diff::same_meaning;
use stack_core::naming::find_property;
use stack_core::pointer::Pointer;
use stack_core::provider;
use stack_core::rest::Described;
use stack_core::schema::{ResourceSchema, Schemas};
use stack_core::statement::{
    Hole, Origin, Place, Property, Request, Said, Statement, Understand, Understood,
};
use stack_core::value::Value;
use stack_sql::dml::{self, Dml, Operand, Pair, Verb};
use stack_sql::holes::{sole, undoubled};
use stack_sql::literal;
use std::sync::Arc;

/// Reads statements on the tables of resource types.
#[derive(Clone)]
pub struct Reader {
    schemas: Arc<dyn Schemas>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reader")
    }
}

impl Reader {
    /// A reader that knows these types.
    pub fn new(schemas: Arc<dyn Schemas>) -> Self {
        Self { schemas }
    }
}

impl Understand for Reader {
    fn understand(&self, request: &Request<'_>) -> Understood {
        let mut reading = Reading {
            request,
            schemas: &*self.schemas,
            about: self.schemas.described(&request.schema.type_name),
            declared: IndexMap::new(),
            predicates: Vec::new(),
            out: Understood::default(),
        };
        for (which, statement) in request.statements.iter().enumerate() {
            reading.statement(which, statement);
        }
        reading.finish()
    }
}

/// What has been read so far.
pub(crate) struct Reading<'r> {
    pub(crate) request: &'r Request<'r>,
    schemas: &'r dyn Schemas,
    /// What a definition says, if the type is of a REST service.
    pub(crate) about: Option<Arc<dyn Described>>,
    /// By name in the provider's spelling.
    pub(crate) declared: IndexMap<String, (Value, Origin, Option<GivenBy>)>,
    /// `Identifier` predicates and where they stand.
    pub(crate) predicates: Vec<(Predicate, Place)>,
    pub(crate) out: Understood,
}

impl Reading<'_> {
    pub(crate) fn schema(&self) -> &ResourceSchema {
        self.request.schema
    }

    pub(crate) fn say(
        &mut self,
        code: Code,
        severity: Severity,
        message: String,
        at: Option<Place>,
    ) -> &mut Said {
        let said = Said { code, severity, message, at, label: String::new(), next: String::new() };
        self.out.problems.push(said);
        let last = self.out.problems.len() - 1;
        &mut self.out.problems[last]
    }

    fn statement(&mut self, which: usize, statement: &Statement) {
        let dml = match dml::read(&statement.marked) {
            Ok(dml) => dml,
            Err(problem) => {
                let at = problem.at.map(|at| (which, at)).or(Some((which, 0..statement.marked.text.len())));
                let label = match problem.notes.first() {
                    Some((_, why)) if problem.label.is_empty() => why.clone(),
                    _ => problem.label.into(),
                };
                let said = self.say(problem.code, Severity::Error, problem.message, at);
                (said.label, said.next) = (label, problem.next.map_or_else(String::new, Into::into));
                return;
            }
        };
        if !self.is_right(which, statement.verb, &dml) {
            return;
        }
        self.out.has_delete |= dml.verb == Verb::Delete;
        let holes = &statement.marked.holes;
        for pair in &dml.values {
            match dml.verb {
                Verb::Insert => self.column(which, pair, holes),
                Verb::Update => self.assignment(which, pair, holes),
                Verb::Delete => {}
            }
        }
        match self.about.clone() {
            Some(about) => self.chosen(&*about, which, &dml, holes),
            None => {
                for pair in &dml.predicates {
                    self.predicate(which, pair, holes);
                }
            }
        }
    }

    /// The anchor and the statement must go together, and all statements be about one table.
    fn is_right(&mut self, which: usize, verb: provider::Verb, dml: &Dml) -> bool {
        let (statement, word) = match verb {
            provider::Verb::Create => (Verb::Insert, "INSERT"),
            provider::Verb::Update => (Verb::Update, "UPDATE"),
            provider::Verb::Delete => (Verb::Delete, "DELETE"),
        };
        let at = Some((which, dml.table.at.clone()));
        if dml.verb != statement {
            let message = format!("below `{verb}` stands no {word}");
            self.say(codes::OTHER_STATEMENT, Severity::Error, message, at).next =
                format!("write an {word}, or put the statement below its own anchor");
            return false;
        }
        let ty = self.schemas.canonical(&dml.table.name);
        if ty.as_ref().is_ok_and(|ty| *ty == self.schema().type_name) {
            return true;
        }
        let message = format!("`{}` is another table than the INSERT's", dml.table.name);
        let next = format!("write {}", self.request.table);
        self.say(codes::OTHER_STATEMENT, Severity::Error, message, at).next = next;
        false
    }

    /// A column of the INSERT.
    fn column(&mut self, which: usize, pair: &Pair, holes: &[Hole]) {
        let Some(value) = self.value(which, pair, holes) else { return };
        let place = (which, pair.at.clone());
        let written = pair.column.name.as_str();
        // A column is a property first: many types have a `RoleArn`. Not so the region of the request.
        let is_property = match &self.about {
            Some(about) => about.property_of(written).is_some(),
            None => literal::is_property(self.schema(), written),
        };
        if !is_property && self.has_option(written) && self.option(written, &value, &place) {
            return;
        }
        let Some(name) = self.property(written) else {
            self.no_column(which, pair);
            return;
        };
        if self.declared.contains_key(&name) {
            let message = format!("the INSERT names `{name}` twice");
            let at = Some((which, pair.column.at.clone()));
            self.say(codes::TWO_VALUES, Severity::Error, message, at).next = "take one out".to_owned();
        }
        // NULL declares nothing: an INSERT sends no such column.
        if value == Value::Null {
            return;
        }
        self.must_be_knowable(&value, &place);
        let origin = Origin::Statement { name: (which, pair.column.at.clone()), value: place };
        for (name, value) in self.normal(name, value) {
            self.declared.insert(name, (value, origin.clone(), None));
        }
    }

    fn property(&self, written: &str) -> Option<String> {
        if let Some(about) = &self.about {
            let nesting = || Some(literal::bare(written)).filter(|name| about.is_nesting(name));
            return about.property_of(written).or_else(nesting).map(str::to_owned);
        }
        literal::property(self.schema(), written)
    }

    pub(crate) fn no_column(&mut self, which: usize, pair: &Pair) {
        let written = &pair.column.name;
        let near = nearest(written, self.schema().root.properties.keys().map(String::as_str));
        let label = near.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
        let message = format!("{} has no column `{written}`", self.request.table);
        let next = format!("`stack-deploy schema {}` lists the properties", self.schema().type_name);
        let said =
            self.say(codes::NO_COLUMN, Severity::Error, message, Some((which, pair.column.at.clone())));
        (said.label, said.next) = (label, next);
    }

    /// A value as written; `None` for expressions, which is noted.
    pub(crate) fn value(&mut self, which: usize, pair: &Pair, holes: &[Hole]) -> Option<Value> {
        let value = literal::literal(&pair.value, holes);
        if value.is_none() {
            let message = format!("the value of `{}` is an expression", pair.column.name);
            let at = Some((which, pair.at.clone()));
            let said = self.say(codes::BAD_VALUE, Severity::Error, message, at);
            "write a literal: '…', a number, true, false, NULL or string('…')".clone_into(&mut said.next);
        }
        value
    }

    /// What a resource is given must be known before it exists: `this.…` names what only its own creation tells. A prop that
    /// failed has the same look and was reported.
    pub(crate) fn must_be_knowable(&mut self, value: &Value, place: &Place) {
        let is_open = |value: &Value| value.unknown().is_some_and(|unknown| unknown.from.is_empty());
        if is_open(value) && !self.request.props.values().any(is_open) {
            let message = "a property waits for what only its own resource tells".to_owned();
            let said = self.say(codes::BAD_VALUE, Severity::Error, message, Some(place.clone()));
            "this is known once it exists".clone_into(&mut said.label);
            "parts of its own identifier can stand in `Identifier` only".clone_into(&mut said.next);
        }
    }

    /// `PatchDocument = '…'`
    fn assignment(&mut self, which: usize, pair: &Pair, holes: &[Hole]) {
        if self.about.is_some() {
            self.sets(which, pair, holes);
            return;
        }
        let name = literal::bare(&pair.column.name);
        if name != "PatchDocument" {
            if let Some(value) = self.value(which, pair, holes)
                && !self.option(name, &value, &(which, pair.at.clone()))
            {
                let message = format!("an UPDATE of {} cannot set `{name}`", self.request.table);
                let at = Some((which, pair.column.at.clone()));
                let said = self.say(codes::NO_COLUMN, Severity::Error, message, at);
                "write SET PatchDocument = string('…')".clone_into(&mut said.next);
            }
            return;
        }
        let (Operand::Text(text) | Operand::Forced(text)) = &pair.value else {
            self.bad_document(which, pair, "it is no text");
            return;
        };
        if let Some((document, hole)) =
            sole(text, holes).and_then(|hole| Some((hole.document.as_ref()?, hole)))
        {
            let Value::Object(members) = document else { return };
            let unknown = hole.value.unknown();
            let is_secret = hole.value.has_secret() || unknown.is_some_and(|unknown| unknown.sensitive);
            for (key, value) in members.clone() {
                self.set(which, pair, &key, undoubled(value), is_secret);
            }
            return;
        }
        self.operations(which, pair, text, holes);
    }

    pub(crate) fn bad_document(&mut self, which: usize, pair: &Pair, why: &str) {
        let message = format!("the patch document cannot be understood: {why}");
        let said = self.say(codes::BAD_DOCUMENT, Severity::Error, message, Some((which, pair.at.clone())));
        "write a JSON Patch (RFC 6902), or use `generate_patch_document`".clone_into(&mut said.next);
    }

    /// The property that a document names; `None` if there is none, which is noted.
    pub(crate) fn known_property(&mut self, which: usize, pair: &Pair, written: &str) -> Option<String> {
        if let Some(name) = self.property(written) {
            return Some(name);
        }
        let near = nearest(written, self.schema().root.properties.keys().map(String::as_str));
        let label = near.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
        let message = format!("{} has no property `{written}`", self.schema().type_name);
        let at = Some((which, pair.at.clone()));
        self.say(codes::NO_COLUMN, Severity::Error, message, at).label = label;
        None
    }

    /// What an UPDATE sets. It wins over the INSERT: a second build would set it.
    pub(crate) fn set(&mut self, which: usize, pair: &Pair, written: &str, value: Value, is_secret: bool) {
        let place = (which, pair.at.clone());
        let Some(name) = self.known_property(which, pair, written) else { return };
        let origin = Origin::Statement { name: place.clone(), value: place.clone() };
        self.must_be_knowable(&value, &place);
        for (name, value) in self.normal(name, value) {
            self.put(name, value, &origin, is_secret);
        }
    }

    fn put(&mut self, name: String, value: Value, origin: &Origin, is_secret: bool) {
        // A part that is not known yet makes the whole wait: the parts beside it may be the secret.
        let seal = |value: Value| if is_secret && value != Value::Null { value.hidden() } else { value };
        let Origin::Statement { value: place, .. } = origin else { return };
        let place = place.clone();
        if let Some((known, ..)) = self.declared.get(&name) {
            if is_same(known, &value) {
                return;
            }
            if known.unknown().is_none() && value.unknown().is_none() {
                let message = format!("INSERT and UPDATE set different values for `{name}`");
                let said = self.say(codes::TWO_VALUES, Severity::Warning, message, Some(place));
                "the UPDATE's is what is wanted".clone_into(&mut said.label);
                "use the same variable in both".clone_into(&mut said.next);
            }
        }
        self.declared.insert(name, (seal(value), origin.clone(), Some(GivenBy::Update)));
    }

    fn predicate(&mut self, which: usize, pair: &Pair, holes: &[Hole]) {
        let place = (which, pair.at.clone());
        let written = pair.column.name.as_str();
        if !literal::is_identifier(written) {
            let Some(value) = self.value(which, pair, holes) else { return };
            if !self.option(written, &value, &place) {
                let message = format!("`{written}` does not choose a resource of {}", self.request.table);
                let at = Some((which, pair.column.at.clone()));
                let said = self.say(codes::NO_COLUMN, Severity::Error, message, at);
                "choose it by `Identifier` and `region`".clone_into(&mut said.next);
            }
            return;
        }
        let read = match &pair.value {
            Operand::Text(text) | Operand::Forced(text) => identifier::read(text, holes, self.schema()),
            _ => None,
        };
        match read {
            Some(predicate) => self.predicates.push((predicate, place)),
            None => {
                let names: Vec<String> =
                    self.schema().primary_identifier.iter().map(stack_core::identity::part_name).collect();
                let message = format!("this is no identifier of {}", self.schema().type_name);
                let said = self.say(codes::BAD_IDENTIFIER, Severity::Error, message, Some(place));
                said.label = format!("it has the parts {}", names.join("|"));
            }
        }
    }

    /// Statements that name different resources would change one and delete another.
    fn one_identifier(&mut self) {
        let known = |value: &Value| value.unknown().is_none();
        let mut all = self.predicates.iter().filter(|(predicate, _)| known(&predicate.whole));
        let Some((first, _)) = all.next() else { return };
        let Some((_, place)) = all.find(|(other, _)| !is_same(&other.whole, &first.whole)) else { return };
        let at = Some(place.clone());
        let message = "the statements name different resources".to_owned();
        let said = self.say(codes::BAD_IDENTIFIER, Severity::Error, message, at);
        "another identifier than above".clone_into(&mut said.label);
        "write the same `Identifier` in all of them".clone_into(&mut said.next);
    }

    /// What the INSERT leaves out, from the identifier and from props.
    fn finish(mut self) -> Understood {
        self.one_identifier();
        for (predicate, place) in std::mem::take(&mut self.predicates) {
            let mut is_whole = !predicate.parts.is_empty();
            for (name, value) in predicate.parts {
                let at = Pointer::of([name.as_str()]);
                let nobody_knows = value.unknown().is_some_and(|unknown| unknown.from.is_empty());
                if let Some((known, ..)) = self.declared.get(&name) {
                    let both = known.unknown().is_none() && value.unknown().is_none();
                    if both && !is_same(known, &value) {
                        let message = format!("`Identifier` and `{name}` of the INSERT do not agree");
                        let at = Some(place.clone());
                        let said = self.say(codes::BAD_IDENTIFIER, Severity::Error, message, at);
                        "write the same value in both".clone_into(&mut said.next);
                    }
                    continue;
                }
                if self.schema().read_only_properties.covers(&at)
                    || !self.schema().root.properties.contains_key(&name)
                    || nobody_knows
                {
                    is_whole = false;
                    continue;
                }
                let origin = Origin::Statement { name: place.clone(), value: place.clone() };
                self.declared.insert(name, (value, origin, Some(GivenBy::Props)));
            }
            let says = predicate.whole.unknown().is_none_or(|unknown| !unknown.from.is_empty());
            if !is_whole && says && self.out.identifier.is_none() {
                self.out.identifier = Some(predicate.whole);
            }
        }
        for name in self.needed() {
            let given = self
                .request
                .props
                .iter()
                .find(|(prop, _)| find_property(prop, std::iter::once(name.as_str())).is_some());
            if let Some((prop, value)) = given.map(|(prop, value)| (prop.clone(), value.clone())) {
                for (name, value) in self.normal(name, value) {
                    self.declared.insert(name, (value, Origin::Prop(prop.clone()), Some(GivenBy::Props)));
                }
            }
        }
        let declared = self.declared.into_iter();
        self.out.properties = declared
            .map(|(name, (value, origin, given_by))| Property { name, value, origin, given_by })
            .collect();
        self.out
    }

    /// Properties that no statement names and that the resource cannot do without, or is found by (DESIGN section 4).
    fn needed(&self) -> Vec<String> {
        let schema = self.schema();
        let top = |path: &stack_core::pointer::PropertyPath| path.top().map(str::to_owned);
        let keys = schema.overlay.natural_key.iter().chain(&schema.primary_identifier).filter_map(top);
        let all = schema.root.required.iter().cloned().chain(keys);
        let mut out: Vec<String> = all
            .filter(|name| !self.declared.contains_key(name))
            .filter(|name| !schema.read_only_properties.covers(&Pointer::of([name.as_str()])))
            .collect();
        out.dedup();
        out
    }
}

/// True if two known values mean the same, whatever their spelling.
pub(crate) fn is_same(left: &Value, right: &Value) -> bool {
    if left == right {
        return true;
    }
    match (left.exposed(), right.exposed()) {
        (Some(left), Some(right)) => {
            let text = |json: &Json| json.as_str().map_or_else(|| json.to_string(), str::to_owned);
            same_meaning(&left, &right)
                || (!left.is_object() && !left.is_array() && text(&left) == text(&right))
        }
        _ => false,
    }
}
