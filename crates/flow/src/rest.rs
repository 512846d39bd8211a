//! Statements on tables of REST services: columns are set one by one, and conditions on the parts of the identity choose
//! the resource (stackql-compat 6.5).

use crate::codes;
use crate::identifier::{self, Predicate};
use crate::understand::Reading;
use stack_core::diagnostic::Severity;
use stack_core::rest::Described;
use stack_core::statement::Hole;
use stack_core::value::Value;
use stack_sql::dml::{Dml, Operand, Pair};
use stack_sql::literal::{self, RequestOption};

impl Reading<'_> {
    /// A property as the type has it, which may be several where the statement has an object of the service's bodies.
    pub(crate) fn normal(&self, name: String, value: Value) -> Vec<(String, Value)> {
        let value = literal::written(self.schema(), self.about.as_deref(), &name, value);
        let Some(about) = &self.about else { return vec![(name, value)] };
        match about.normal(Value::Object([(name, value)].into_iter().collect())) {
            Value::Object(members) => members.into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// True if statements of the table may say this beside its columns.
    pub(crate) fn has_option(&self, written: &str) -> bool {
        let Some(about) = &self.about else { return true };
        match literal::option(written) {
            Some(RequestOption::ClientToken) => true,
            Some(RequestOption::Region) => about.is_regional(),
            Some(RequestOption::RoleArn | RequestOption::TypeVersionId) | None => false,
        }
    }

    /// `SET column = value`
    pub(crate) fn sets(&mut self, which: usize, pair: &Pair, holes: &[Hole]) {
        let Some(value) = self.value(which, pair, holes) else { return };
        let written = pair.column.name.as_str();
        let is_property = self.about.as_ref().is_some_and(|about| about.property_of(written).is_some());
        let place = (which, pair.at.clone());
        if !is_property && self.has_option(written) && self.option(written, &value, &place) {
            return;
        }
        let is_secret = value.has_secret();
        self.set(which, pair, written, value, is_secret);
    }

    /// The conditions of an UPDATE or DELETE. What an UPDATE sets gives the parts of the identity that they leave out, as a PATCH has
    /// them in its body: `SET spec = '{{ spec }}' WHERE id = '{{ id }}'`.
    pub(crate) fn chosen(&mut self, about: &dyn Described, which: usize, dml: &Dml, holes: &[Hole]) {
        let identity = about.identity();
        let mut parts: Vec<(String, Value)> = Vec::new();
        let mut is_broken = false;
        for pair in &dml.predicates {
            let written = pair.column.name.as_str();
            let property = about.property_of(written);
            if let Some(name) = property.filter(|name| identity.iter().any(|part| part == name)) {
                match self.value(which, pair, holes) {
                    Some(value) => parts.extend(self.normal(name.to_owned(), value)),
                    None => is_broken = true,
                }
                continue;
            }
            // What tells the host is no part of the identity, and is wanted for the resource all the same.
            if property.is_some_and(|name| about.inputs().contains(&name)) {
                match self.value(which, pair, holes) {
                    Some(value) => self.set(which, pair, written, value, false),
                    None => is_broken = true,
                }
                continue;
            }
            let is_whole = property.is_none() && literal::bare(written).eq_ignore_ascii_case("identifier");
            if let (true, Operand::Text(text) | Operand::Forced(text)) = (is_whole, &pair.value) {
                match identifier::read(text, holes, self.schema()) {
                    Some(predicate) => self.predicates.push((predicate, (which, pair.at.clone()))),
                    None => self.no_identifier(which, pair.at.clone(), identity),
                }
                is_broken = true;
                continue;
            }
            is_broken = true;
            let Some(value) = self.value(which, pair, holes) else { continue };
            let place = (which, pair.at.clone());
            if property.is_none() && self.has_option(written) && self.option(written, &value, &place) {
                is_broken = false;
                continue;
            }
            let message = format!("`{written}` does not choose a resource of {}", self.request.table);
            let at = Some((which, pair.column.at.clone()));
            let said = self.say(codes::NO_COLUMN, Severity::Error, message, at);
            said.next = format!("choose it by `{}`", identity.join("` and `"));
        }
        if is_broken || dml.predicates.is_empty() {
            return;
        }
        let is_given = |parts: &[(String, Value)], name: &str| parts.iter().any(|(part, _)| part == name);
        if identity.iter().any(|name| !is_given(&parts, name)) {
            for pair in &dml.values {
                let written = literal::bare(&pair.column.name);
                if !about.is_nesting(written) && about.property_of(written).is_none() {
                    continue;
                }
                let Some(value) = self.value(which, pair, holes) else { return };
                let members = self.normal(written.to_owned(), value);
                // What is in an object is not known before the object is.
                if members.iter().any(|(name, value)| name == written && value.unknown().is_some()) {
                    return;
                }
                let missing =
                    |(name, _): &(String, Value)| identity.contains(name) && !is_given(&parts, name);
                let more: Vec<_> = members.into_iter().filter(missing).collect();
                parts.extend(more);
            }
        }
        let part = |name: &String| parts.iter().find(|(part, _)| part == name).cloned();
        let at = dml.predicates.first().map_or(0..0, |pair| pair.column.at.start..pair.at.end);
        match identity.iter().map(part).collect::<Option<Vec<_>>>() {
            Some(parts) => self.predicates.push((Predicate::of_parts(parts), (which, at))),
            None => self.no_identifier(which, at, identity),
        }
    }

    fn no_identifier(&mut self, which: usize, at: std::ops::Range<usize>, identity: &[String]) {
        let message = format!("this is no identifier of {}", self.schema().type_name);
        let said = self.say(codes::BAD_IDENTIFIER, Severity::Error, message, Some((which, at)));
        said.label = format!("it has the parts {}", identity.join("|"));
    }
}

#[cfg(test)]
#[path = "rest_tests.rs"]
mod tests;
