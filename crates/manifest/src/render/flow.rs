//! Resources with statements: the names that these use.
//!
//! Statements are rendered just before they run, with values that nobody knows beforehand: columns that an earlier
//! statement of the same file has found (`this.x`), what a statement returned (`callback.x`), what a resource before
//! it exported. Only a name that none of these can give is a mistake (stackql-compat 2.4).

use crate::auth::Auth;
use crate::flow::Statements;
use crate::inner::{At, Inner, Meaning};
use crate::iql::AnchorKind;
use crate::model::{Body, FlowDecl, ResourceDecl};
use crate::parse::shifted;
use crate::render::Job;
use crate::report::{self, Names};
use crate::template::objects::TOKEN;
use crate::template::place::{Cause, Place};
use crate::template::{Failure, FailureKind, Template, Use, engine, find_expression, sections};
use stack_core::diagnostic::Severity;
use stack_core::ids::CredentialName;

impl Job<'_> {
    /// Everything that can be known to be wrong with a resource of these kinds before it runs.
    pub(super) fn flow(&mut self, flow: &FlowDecl) {
        if let Some(run) = &flow.run {
            self.value(Some(run));
        }
        for body in &flow.bodies {
            let template = self.inner.templates.get(body.template);
            for used in &template.uses {
                if !self.may_be_defined(used, template, body, flow) {
                    self.undefined(used, template, body);
                } else if let Some(cause) = self.no_member(used, template).filter(|_| flow.rules) {
                    let names = self.scope.names(&FailureKind::Reported);
                    let range = find_expression(&template.source, &cause.expression, None);
                    let failure = Failure { kind: FailureKind::Cause(cause), range };
                    self.wrong(&failure, template, body, &names);
                }
            }
        }
    }

    /// Why another resource cannot give the member that a name walks to. Statements are not evaluated before they run, so it is
    /// looked for here.
    fn no_member(&self, used: &Use, template: &Template) -> Option<Cause> {
        let inner = self.inner;
        let name = inner.templates.real_name(&used.head);
        if self.declared.props.iter().any(|prop| prop.name == name) {
            return None;
        }
        let own = inner.instances.all[self.index].declaration;
        let meaning = inner.meaning(name, At::Resource(self.index), !used.path.is_empty());
        let Some(Meaning::Resource(to)) = meaning.filter(|found| *found != Meaning::Resource(own)) else {
            return None;
        };
        let group = inner.instances.group(to);
        let wrong = |expression: &str, member: &str| {
            let facts = &inner.facts[group.all.start];
            (member != TOKEN).then(|| Place::root(facts, expression).member(member).err()).flatten()
        };
        if group.single().is_some() {
            return wrong(&used.head, used.path.first()?);
        }
        // Every instance has the same members. All places are looked at once, at the first use.
        let is_first = template.uses.iter().find(|other| other.head == used.head) == Some(used);
        let all = template.occurrences(&used.head).into_iter().filter(|_| is_first && group.has_keys());
        all.filter(|found| !found.called).find_map(|found| {
            let member = found.member?;
            let written = template.source[found.range].split_at_checked(used.head.len())?.1;
            let below = written.find(&format!(".{member}")).and_then(|at| written.get(..at));
            wrong(&format!("{}{}", used.head, below.unwrap_or_default()), &member)
        })
    }

    /// What is wrong with `auth`. Where the SDK signs it is ignored as a whole, which is told.
    pub(super) fn auth(&mut self) {
        if self.declared.is_aws() {
            return;
        }
        if let Some(Err(problem)) = Auth::of(self.declared) {
            self.fail(*problem);
        }
    }

    /// The name of the credential that the resource asks for.
    pub(super) fn asked_credential(&self) -> Option<CredentialName> {
        Some(Auth::of(self.declared)?.ok()?.name())
    }

    fn may_be_defined(&self, used: &Use, template: &Template, body: &Body, flow: &FlowDecl) -> bool {
        let name = self.inner.templates.real_name(&used.head);
        let declared = self.declared;
        if matches!(name, "this" | "callback") || engine::is_builtin(name) {
            return true;
        }
        // A template that asks whether it is there, or says what to take instead, knows what it does.
        if template.occurrences(&used.head).iter().any(|o| is_asked_for(&template.source[o.range.end..])) {
            return true;
        }
        let is_before = matches!(
            body.anchor,
            None | Some(AnchorKind::Exists | AnchorKind::Create | AnchorKind::CreateOrUpdate)
        );
        if !is_before && flow.about.as_ref().is_some_and(|about| about.part(name).is_some()) {
            return true;
        }
        declared.props.iter().any(|prop| prop.name == name)
            || may_be_given(self.inner, declared, flow, name)
            || self.inner.meaning(name, At::Resource(self.index), !used.path.is_empty()).is_some()
            || template.tolerates(&used.head)
            || flow.rules
                && template
                    .occurrences(&used.head)
                    .iter()
                    .all(|o| identifies(&template.source, o.range.start, body))
    }

    fn undefined(&mut self, used: &Use, template: &Template, body: &Body) {
        let kind = FailureKind::Undefined(used.text());
        let all = template.occurrences(&used.head);
        let first = all.first().map(|found| found.range.start..found.range.start + used.head.len());
        let names = self.scope.names(&kind);
        let failure = Failure { kind, range: first };
        self.wrong(&failure, template, body, &names);
    }

    fn wrong(&mut self, failure: &Failure, template: &Template, body: &Body, names: &Names) {
        let route = body.path.route();
        let Some(mut problem) = report::template(failure, &template.source, &route, names) else { return };
        // The predecessor gives an empty text for such a name in a document that is put together in place.
        let at = failure.range.clone().filter(|_| matches!(failure.kind, FailureKind::Undefined(_)));
        let in_document = at.is_some_and(|at| in_document(&template.source, at.start));
        if in_document || matches!(body.anchor, Some(AnchorKind::Troubleshoot(_))) {
            problem.severity = Severity::Warning;
        }
        if in_document {
            problem.notes.retain(|(key, _)| key != "next");
            problem = problem.next("the document is made without it; declare a prop of this name to set it");
        }
        if let Some(offset) = body.offset {
            problem = shifted(problem, &route, offset, template.source.len());
        }
        self.fail(problem);
    }
}

/// True if a resource's own statements may give a value of this name.
pub(super) fn may_be_given(inner: &Inner, declared: &ResourceDecl, flow: &FlowDecl, name: &str) -> bool {
    let mut exported = declared.exports.iter().flat_map(|e| [&e.variable, &e.property]);
    let returns = &flow.flow.returns;
    let mut returned = [&returns.create, &returns.update, &returns.delete].into_iter().flatten();
    exported.any(|export| export == name)
        || returned.any(|item| item.variable == name || item.column == name)
        || may_be_captured(inner, name, flow)
}

/// True if one of the resource's own reading statements may give a column of this name.
fn may_be_captured(inner: &Inner, name: &str, flow: &FlowDecl) -> bool {
    let Statements::File { path, file } = &flow.flow.statements else { return false };
    let route = crate::path::Path::root_of(path).route();
    let Some((_, text)) = inner.places.file(&route) else { return false };
    file.anchors.iter().filter(|anchor| AnchorKind::CHECKS.contains(&anchor.kind)).any(|anchor| {
        let body = text.get(anchor.body.clone()).unwrap_or_default();
        let mut code = sections(body).into_iter().peekable();
        let mut words = words(body);
        // `SELECT *` may give anything.
        selects_all(body)
            || words.any(|range| {
                while code.peek().is_some_and(|section| section.end <= range.start) {
                    code.next();
                }
                let in_code = code.peek().is_some_and(|section| section.start <= range.start);
                !in_code && body[range].eq_ignore_ascii_case(name)
            })
    })
}

/// True if what follows a name says what to take where it is not defined, or asks whether it is.
pub(super) fn is_asked_for(after: &str) -> bool {
    let after = after.trim_start();
    let word = |text: &str, word: &str| {
        text.strip_prefix(word)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    match after.strip_prefix('|').map(str::trim_start) {
        Some(filter) => word(filter, "default") || word(filter, "d"),
        None => {
            let test = after.strip_prefix("is ").map(str::trim_start);
            let test = test.map(|test| test.strip_prefix("not ").map_or(test, str::trim_start));
            test.is_some_and(|test| word(test, "defined") || word(test, "undefined"))
        }
    }
}

/// True if a place stands in the value of an identifier predicate: the parts of an identifier that was found are
/// variables too (DESIGN section 4).
fn identifies(source: &str, at: usize, body: &Body) -> bool {
    let reads = !matches!(body.anchor, Some(AnchorKind::Create | AnchorKind::CreateOrUpdate));
    let before = source.get(..at).unwrap_or_default();
    let Some((left, value)) = before.rsplit_once('=').filter(|_| reads) else { return false };
    let column = left.trim_end().trim_end_matches(['"', '`']);
    let column = &column[column.rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |i| i + 1)..];
    let same = !words(value).any(|range| value[range].eq_ignore_ascii_case("and"));
    let names = ["identifier", "data__identifier", "id"];
    same && names.iter().any(|name| column.eq_ignore_ascii_case(name))
}

/// True if a place stands in an expression that begins with `{`.
fn in_document(source: &str, at: usize) -> bool {
    let section = sections(source).into_iter().find(|section| section.contains(&at));
    section
        .is_some_and(|section| source[section].trim_start_matches(['-', '+']).trim_start().starts_with('{'))
}

fn selects_all(body: &str) -> bool {
    body.match_indices('*').any(|(at, _)| {
        let before = body[..at].trim_end();
        let word = before.rfind(|c: char| !c.is_alphanumeric()).map_or(before, |i| &before[i + 1..]);
        before.ends_with('.') || word.eq_ignore_ascii_case("select") || word.eq_ignore_ascii_case("distinct")
    })
}

fn words(text: &str) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let start = at + text[at..].find(is_part)?;
        let end = text[start..].find(|c| !is_part(c)).map_or(text.len(), |length| start + length);
        at = end;
        Some(start..end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_selects_everything_and_a_product_does_not() {
        assert!(
            selects_all("SELECT * FROM a")
                && selects_all("select t.* from t")
                && selects_all("SELECT DISTINCT *")
        );
        assert!(!selects_all("SELECT COUNT(*) FROM a") && !selects_all("SELECT a * b /* x */"));
    }

    #[test]
    fn words_are_whole() {
        let text = "SELECT vpc_id, é FROM x";
        assert_eq!(words(text).map(|r| &text[r]).collect::<Vec<_>>(), ["SELECT", "vpc_id", "é", "FROM", "x"]);
    }
}
