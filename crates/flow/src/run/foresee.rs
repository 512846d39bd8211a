//! What statements would do that still wait for values: guardrails, consent and allowed regions are held against it. Verb and
//! table stand in the template, whatever the values will be; where even they wait, the statement may do anything.

use super::check::{defaults, reads_only};
use super::fill::Filled;
use super::session::Session;
use stack_core::flow::AnchorKind;
use stack_core::ids::{Region, Target, TypeName};
use stack_core::plan::Hit;
use stack_core::provider::Verb;
use stack_core::statement::hole_number;
use stack_sql::columns::REGION;
use stack_sql::dml::{Dml, Operand, Pair, read_many};
use stack_sql::lex::{Part, statements};
use stack_sql::literal::bare;
use stack_sql::source::{Kind as Table, Raw};
use stack_sql::{Kind, Tables, parse};
use std::ops::Range;

/// As long as the character of a value, and read as one wherever a value may stand.
const PLACEHOLDER: &str = "NULL";

impl Session<'_> {
    /// Keeps what the statements of these anchors may do, as far as the resource has them.
    pub(super) fn expect_drafts(&mut self, anchors: &[AnchorKind]) {
        for &anchor in anchors.iter().filter(|anchor| self.flow.has(**anchor)) {
            let drafts = self.flow.script.drafts(anchor);
            if drafts.is_empty() {
                self.hits.push(Hit::any_of(possible(anchor)));
            }
            for marked in drafts {
                match Filled::of(anchor, marked, &*self.flow.script, self.flow.literal_patch) {
                    Ok(filled) => self.hits.extend(self.of_draft(&filled)),
                    Err(_) => self.hits.push(Hit::any_of(possible(anchor))),
                }
            }
        }
    }

    fn of_draft(&self, filled: &Filled) -> Vec<Hit> {
        if reads_only(filled.anchor) {
            return Vec::new();
        }
        let mut out = Vec::new();
        for at in statements(&filled.text) {
            let (text, open) = without_holes(filled, &at);
            match parse(&text).as_deref() {
                Ok([one]) if !one.kind.writes() => {}
                Ok([one]) => {
                    let verb = match one.kind {
                        Kind::Insert => Verb::Create,
                        Kind::Update => Verb::Update,
                        _ => Verb::Delete,
                    };
                    let read = read_many(&text);
                    match read {
                        Ok(dml) => out.extend(self.of_change(verb, &dml, &open)),
                        Err(_) => out.push(Hit::any_of(&[verb])),
                    }
                }
                // The first word may be a value.
                _ if !open.is_empty() => out.push(Hit::any_of(possible(filled.anchor))),
                // It can never run, which is told.
                _ => {}
            }
        }
        out
    }

    /// One hit for each region that a statement names.
    fn of_change(&self, verb: Verb, dml: &Dml, open: &[Range<usize>]) -> Vec<Hit> {
        let tables = Tables::new(&*self.runner.schemas);
        let is_open = open.iter().any(|own| own.start < dml.table.at.end && dml.table.at.start < own.end);
        let source = tables.source(&dml.table.name).ok().filter(|_| !is_open);
        let pairs = dml.values.iter().chain(dml.more.iter().flatten());
        let pairs: Vec<&Pair> = pairs.chain(&dml.predicates).chain(dml.among.iter().flatten()).collect();
        let of = |name: &'static str| pairs.iter().filter(move |pair| bare(&pair.column.name) == name);
        let mut placeless = None;
        let ty: Option<TypeName> = match source.as_ref().map(|source| &source.kind) {
            Some(Table::Type { ty, .. }) => Some(ty.clone()),
            Some(Table::Rest(rest)) => {
                placeless = (!rest.about.is_regional()).then(|| source_provider(&dml.table.name));
                Some(rest.ty.clone())
            }
            Some(Table::CloudControl(Raw::Resources)) => {
                let typed = of("TypeName").find_map(|pair| known_text(&pair.value));
                typed.and_then(|typed| self.runner.schemas.canonical(typed).ok())
            }
            // To stop an operation changes nothing by itself.
            Some(Table::CloudControl(Raw::ResourceRequests)) => return Vec::new(),
            _ => None,
        };
        let hit = |target: Option<Target>| Hit { verbs: vec![verb], ty: ty.clone(), target };
        if let Some(provider) = placeless {
            let provider = provider.as_str().into();
            let mut at =
                Target { provider, region: None, role_arn: None, type_version_id: None, credential: None };
            self.with_credential(&mut at);
            return vec![hit(Some(at))];
        }
        let in_region = |region: Option<Region>| {
            region.map(|region| Target {
                region: Some(region),
                provider: "aws".into(),
                ..self.flow.target.clone()
            })
        };
        let named: Vec<Hit> =
            of(REGION).map(|pair| hit(in_region(known_text(&pair.value).map(Region::new)))).collect();
        if !named.is_empty() {
            return named;
        }
        // A value outside of quotes may be a condition.
        let default = defaults(self.flow).regions.first().filter(|_| open.is_empty()).map(Region::new);
        vec![hit(in_region(default))]
    }
}

/// The first part of a table's name.
fn source_provider(table: &str) -> String {
    table.split('.').next().unwrap_or_default().to_lowercase()
}

/// What the statements of an anchor can do at all: a DELETE where something is made is refused.
fn possible(anchor: AnchorKind) -> &'static [Verb] {
    match anchor {
        AnchorKind::Create | AnchorKind::Update | AnchorKind::CreateOrUpdate => &[Verb::Create, Verb::Update],
        _ => &[Verb::Create, Verb::Update, Verb::Delete],
    }
}

/// A text that no value that is still open has a part in.
fn known_text(value: &Operand) -> Option<&str> {
    match value {
        Operand::Text(text) | Operand::Forced(text) if !text.is_empty() => {
            (!text.contains(|c| hole_number(c).is_some())).then_some(text)
        }
        _ => None,
    }
}

/// One statement with words in place of the values outside of literals, and the places of these.
fn without_holes(filled: &Filled, at: &Range<usize>) -> (String, Vec<Range<usize>>) {
    let mut text = filled.text[at.clone()].to_owned();
    let mut open = Vec::new();
    let inside = |own: &Range<usize>| at.start <= own.start && own.end <= at.end;
    let holes = filled.unknown.iter().filter(|(own, part)| *part != Part::Literal && inside(own));
    for own in holes.map(|(own, _)| own.start - at.start..own.end - at.start) {
        text.replace_range(own.clone(), PLACEHOLDER);
        open.push(own);
    }
    (text, open)
}

#[cfg(test)]
mod tests {
    use super::PLACEHOLDER;
    use stack_core::statement::hole;

    #[test]
    fn a_word_takes_the_place_of_a_value() {
        assert_eq!(hole(0).map(char::len_utf8), Some(PLACEHOLDER.len()));
    }
}
