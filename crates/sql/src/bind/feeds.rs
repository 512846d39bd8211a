//! Parameters that come from other tables, through a join or `IN (SELECT …)`.

use super::level::{Col, Item, ItemKind, Level};
use super::rules::{lacking, parent, tried};
use super::terms::{Equal, Other, Terms, takes};
use super::{Bind, Binder, Contents, Env};
use crate::codes;
use crate::error::SqlError;
use crate::parameters::{Parameter, ParameterKind};
use crate::rewrite::Edits;
use crate::source::{Form, Source};
use crate::sqlite::quoted;
use std::collections::HashMap;
use std::ops::Range;

/// A feed whose text is written when all changes to the statement are known.
#[derive(Debug)]
pub(super) struct LateFeed {
    pub(super) relation: usize,
    pub(super) params: Vec<Parameter>,
    pub(super) contents: Contents,
    exprs: Vec<Range<usize>>,
    from: Vec<Piece>,
    withs: Vec<(Range<usize>, bool)>,
}

/// An entry of the feed's own FROM clause.
#[derive(Clone, Debug)]
enum Piece {
    Text(String),
    Core(Range<usize>, String),
}

impl LateFeed {
    /// The query that gives the values.
    pub(super) fn written(&self, edits: &Edits, text: &str) -> String {
        let mut out = String::new();
        if !self.withs.is_empty() {
            let recursive = self.withs.iter().any(|(_, recursive)| *recursive);
            let parts: Vec<String> = self.withs.iter().map(|(at, _)| edits.slice(text, at.clone())).collect();
            out.push_str(if recursive { "WITH RECURSIVE " } else { "WITH " });
            out.push_str(&parts.join(", "));
            out.push(' ');
        }
        let exprs: Vec<String> = self.exprs.iter().map(|at| edits.slice(text, at.clone())).collect();
        let exprs = if exprs.is_empty() { "*".to_owned() } else { exprs.join(", ") };
        let from = self.from.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Core(at, name) => format!("{} AS {}", edits.slice(text, at.clone()), quoted(name)),
        });
        let from: Vec<String> = from.collect();
        format!("{out}SELECT DISTINCT {exprs} FROM {}", from.join(", "))
    }
}

/// Where values come from.
#[derive(Clone, Debug, PartialEq)]
enum From {
    Item(usize),
    Query(Range<usize>),
}

/// A parameter that another table could give.
#[derive(Debug)]
struct Candidate {
    item: usize,
    relation: usize,
    parameter: Parameter,
    from: From,
    expr: Option<Range<usize>>,
    /// The table and its parameter, where the value is a parameter there too.
    same: Option<(usize, Parameter)>,
}

impl Binder<'_> {
    /// Decides for each table of a SELECT what it waits for. `inner` has what the subqueries read, by their place.
    pub(super) fn feed(
        &mut self,
        level: &Level<'_>,
        terms: &Terms<'_>,
        env: &Env,
        inner: &HashMap<usize, Contents>,
    ) -> Bind<()> {
        let mut candidates = Vec::new();
        for term in &terms.equal {
            if let Some(error) = self.quotes(level, term) {
                return Err(error);
            }
            candidates.extend(self.candidate(level, term));
        }
        let mut ready: Vec<bool> = level.items.iter().map(|item| item.relation().is_none()).collect();
        while let Some(next) = self.next(level, &candidates, &ready) {
            let at = next.map_err(|at| self.missing(level, at))?;
            let mine: Vec<&Candidate> =
                candidates.iter().filter(|one| one.item == at && is_ready(&one.from, &ready)).collect();
            self.wait(level, env, inner, &mine);
            self.look_for_parents(level, at);
            ready[at] = true;
        }
        Ok(())
    }

    /// The next table that can be settled; `Err`: one that never can. `None`: all are.
    fn next(
        &self,
        level: &Level<'_>,
        candidates: &[Candidate],
        ready: &[bool],
    ) -> Option<Result<usize, usize>> {
        let open: Vec<usize> = (0..ready.len()).filter(|at| !ready[*at]).collect();
        let first = *open.first()?;
        let has = |at: usize| candidates.iter().any(|one| one.item == at);
        let fed = |at: usize| {
            let mine = || candidates.iter().filter(move |one| one.item == at && is_ready(&one.from, ready));
            mine().next().is_some()
                && self
                    .lacks(level, at, |p, name| {
                        mine().any(|one| one.parameter.kind == p && one.parameter.name == name)
                    })
                    .is_empty()
        };
        let alone = |at: usize| self.lacks(level, at, |_, _| false).is_empty();
        // What can wait for another table reads less than what reads everything.
        let found = open.iter().find(|at| !has(**at) && alone(**at));
        let found = found.or_else(|| open.iter().find(|at| fed(**at)));
        let found = found.or_else(|| open.iter().find(|at| alone(**at)));
        Some(found.copied().ok_or_else(|| {
            // The one that nobody could help is the cause; the others may wait for it.
            open.iter().find(|at| !has(**at)).copied().unwrap_or(first)
        }))
    }

    /// The parameters that nothing gives, and for which nothing can be listed first.
    fn lacks(&self, level: &Level<'_>, at: usize, fed: impl Fn(ParameterKind, &str) -> bool) -> Vec<String> {
        let lacks = self.unnamed(level, at, fed);
        let source = level.items[at].source();
        match source.and_then(|source| parent(source, &lacks, self.tables.catalog())) {
            Some(_) => Vec::new(),
            None => lacks,
        }
    }

    fn unnamed(
        &self,
        level: &Level<'_>,
        at: usize,
        fed: impl Fn(ParameterKind, &str) -> bool,
    ) -> Vec<String> {
        let item = &level.items[at];
        let (Some(source), Some(relation)) = (item.source(), item.relation()) else { return Vec::new() };
        let given = &self.relations[relation].given;
        lacking(source, |kind, name| {
            given.iter().any(|(own, _)| own.kind == kind && own.name == name) || fed(kind, name)
        })
    }

    /// Lets a list find its parents, where nothing names them.
    fn look_for_parents(&mut self, level: &Level<'_>, at: usize) {
        let Some((source, relation)) = level.items[at].source().zip(level.items[at].relation()) else {
            return;
        };
        let fed = |kind: ParameterKind, name: &str| {
            let own = self.feeds.iter().filter(|feed| feed.relation == relation);
            own.flat_map(|feed| &feed.params).any(|one| one.kind == kind && one.name == name)
        };
        let lacks = self.unnamed(level, at, fed);
        self.relations[relation].parent = parent(source, &lacks, self.tables.catalog());
    }

    fn candidate(&self, level: &Level<'_>, term: &Equal<'_>) -> Option<Candidate> {
        let name = &term.col.name.value;
        let mut takers =
            level.owners(term.col).into_iter().filter_map(|at| Some((at, takes(&level.items[at], name)?)));
        let (item, (relation, parameter)) = takers.next()?;
        let is_one = takers.next().is_none();
        let is_allowed = term.fed.as_ref().is_none_or(|fed| fed.contains(&item));
        if !is_one || !is_allowed || self.given(relation, &parameter).is_some() {
            return None;
        }
        match &term.other {
            Other::Query(at) => {
                let from = From::Query(at.clone());
                Some(Candidate { item, relation, parameter, from, expr: None, same: None })
            }
            Other::Expr(expr) => {
                let meant = self.meant(&[expr], level);
                let [other] = meant.as_slice() else { return None };
                if *other == item {
                    return None;
                }
                let same = Col::of(expr).and_then(|col| takes(&level.items[*other], &col.name.value));
                let expr = Some(self.extent(expr)?);
                Some(Candidate { item, relation, parameter, from: From::Item(*other), expr, same })
            }
        }
    }

    /// Lets a table wait for what the candidates give. Values that are known need no waiting.
    fn wait(&mut self, level: &Level<'_>, env: &Env, inner: &HashMap<usize, Contents>, mine: &[&Candidate]) {
        let mut groups: Vec<(From, Vec<&Candidate>)> = Vec::new();
        for one in mine {
            match groups.iter_mut().find(|(from, _)| *from == one.from && one.expr.is_some()) {
                Some((_, group)) => group.push(one),
                None => groups.push((one.from.clone(), vec![one])),
            }
        }
        for (from, group) in groups {
            let known = |one: &Candidate| {
                let same = one.same.as_ref()?;
                if one.parameter.kind != same.1.kind {
                    return None;
                }
                self.given(same.0, &same.1).cloned()
            };
            // Pairs of values belong together, so known ones count only where all are.
            let all: Vec<Option<Vec<String>>> = group.iter().map(|one| known(one)).collect();
            let has_default = |one: &Candidate| {
                one.parameter.kind == ParameterKind::Region
                    && one.same.as_ref().is_some_and(|(_, same)| same.kind == ParameterKind::Region)
            };
            if group.iter().zip(&all).all(|(one, known)| known.is_some() || has_default(one)) {
                for (one, values) in group.iter().zip(all) {
                    if let Some(values) = values {
                        self.give(one.relation, one.parameter.clone(), &values, true);
                    }
                }
                continue;
            }
            let Some(first) = group.first() else { continue };
            let (pieces, contents) = match &from {
                From::Query(at) => {
                    let contents = inner.get(&at.start).cloned().unwrap_or_default();
                    (vec![Piece::Core(at.clone(), "q".to_owned())], contents)
                }
                From::Item(at) => pieces(level, *at),
            };
            self.feeds.push(LateFeed {
                relation: first.relation,
                params: group.iter().map(|one| one.parameter.clone()).collect(),
                contents,
                exprs: group.iter().filter_map(|one| one.expr.clone()).collect(),
                from: pieces,
                withs: env.withs.clone(),
            });
        }
    }

    fn missing(&self, level: &Level<'_>, at: usize) -> SqlError {
        let item = &level.items[at];
        let lacks = self.lacks(level, at, |_, _| false);
        let Some((source, relation)) = item.source().zip(item.relation()) else {
            return SqlError::new(codes::MISSING_PARAMETER, "a table lacks what it needs");
        };
        let names: Vec<String> = lacks.iter().map(|name| format!("`{name}`")).collect();
        let message = format!("`{}` cannot be read without {}", source.name, names.join(" and "));
        let mut told =
            SqlError::new(codes::MISSING_PARAMETER, message).at(self.relations[relation].at.clone());
        let tried = tried(source);
        if !tried.is_empty() {
            told = told.note("tried", tried);
        }
        told.next(advice(source, &lacks, self.tables.source(&format!("{}_list_only", source.name)).is_ok()))
    }
}

/// What to write to give a table what it lacks.
fn advice(source: &Source, lacks: &[String], has_list: bool) -> String {
    let parts = source.schema().filter(|schema| schema.primary_identifier.len() > 1).map(|schema| {
        let names: Vec<String> =
            schema.primary_identifier.iter().map(stack_core::identity::part_name).collect();
        names.join("|")
    });
    let conditions = lacks.iter().map(|name| match (name.as_str(), &parts) {
        ("Identifier", Some(parts)) => format!("Identifier = '{parts}'"),
        _ => format!("{name} = '…'"),
    });
    let conditions: Vec<String> = conditions.collect();
    let mut advice = format!("add {} to WHERE, joined by AND", conditions.join(" AND "));
    if has_list && source.form() == Some(Form::Singular) {
        advice.push_str(&format!(", or list with {}_list_only", source.name));
    }
    advice
}

fn is_ready(from: &From, ready: &[bool]) -> bool {
    match from {
        From::Item(at) => ready[*at],
        From::Query(_) => true,
    }
}

/// An entry of FROM with what its arguments need before it.
fn pieces(level: &Level<'_>, at: usize) -> (Vec<Piece>, Contents) {
    let mut pieces = Vec::new();
    let mut contents = Contents::default();
    let mut add = |item: &Item<'_>| {
        contents.add(&item.contents);
        pieces.push(match item.relation() {
            Some(relation) => {
                Piece::Text(format!("{} AS {}", quoted(&format!("t{relation}")), quoted(&item.name)))
            }
            None => Piece::Core(item.core.clone(), item.name.clone()),
        });
    };
    if let ItemKind::Function { needs } = &level.items[at].kind {
        for need in needs {
            add(&level.items[*need]);
        }
    }
    add(&level.items[at]);
    (pieces, contents)
}
