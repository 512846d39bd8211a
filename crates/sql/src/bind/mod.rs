//! Which requests a query needs: conditions become parameters of requests, or stay as filters (stackql-compat 5.2).
//!
//! A condition is a parameter where it is `column = literal` or `column IN (literals)`, joined by AND at the top of a
//! WHERE or ON clause. Everything else is a filter, which SQLite applies to the rows that were read. Values reach tables
//! in subqueries and WITH clauses from the SELECT around them, and from other tables through a join.

mod feeds;
mod level;
mod outputs;
mod rules;
mod terms;
mod walk;

pub(crate) use terms::double_quotes;

use crate::codes;
use crate::columns::{Column, REGION};
use crate::error::SqlError;
use crate::parameters::Parameter;
use crate::rewrite::{Edits, Rewritten};
use crate::source::{Source, Tables, UnknownPart, UnknownTable};
use crate::sqlite::quoted;
use crate::words::Words;
use feeds::LateFeed;
use level::{Item, ItemKind, Level, Output, dotted};
use sqlparser::ast::{
    Cte, JoinConstraint, JoinOperator, ObjectName, Query, Select, SetExpr, TableAlias, TableFactor,
    TableWithJoins,
};
use stack_core::ids::TypeName;
use std::collections::HashSet;
use std::ops::Range;
use terms::Terms;

type Bind<T> = Result<T, SqlError>;

/// A query with the tables that it reads.
#[derive(Debug)]
pub(crate) struct Bound {
    /// The statement for SQLite.
    pub(crate) text: Rewritten,
    /// The tables, in the order in which the statement names them.
    pub(crate) relations: Vec<Relation>,
}

/// One table of a query, as often as it is named.
#[derive(Debug)]
pub(crate) struct Relation {
    /// Its name in SQLite.
    pub(crate) local: String,
    /// Where the statement names it.
    pub(crate) at: Range<usize>,
    /// What it is.
    pub(crate) source: Source,
    /// The columns that SQLite has of it.
    pub(crate) columns: Vec<Column>,
    /// Parameters with the values that the statement gives, each value once.
    pub(crate) given: Vec<(Parameter, Vec<String>)>,
    /// Parameters that come from other tables.
    pub(crate) feeds: Vec<Feed>,
    /// What is listed first, where nothing else names the parent of a list.
    pub(crate) parent: Option<Parent>,
}

/// The parents of what a table lists.
#[derive(Clone, Debug)]
pub(crate) struct Parent {
    /// Their type.
    pub(crate) ty: TypeName,
    /// The parameter that names one of them.
    pub(crate) parameter: Parameter,
}

/// Parameters that come from other tables.
#[derive(Debug)]
pub(crate) struct Feed {
    /// Which, in the order of the query's columns.
    pub(crate) params: Vec<Parameter>,
    /// The query that gives them.
    pub(crate) text: String,
    /// Tables that must be read before.
    pub(crate) needs: Vec<usize>,
}

/// A condition that is also meant for what is inside of a subquery.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Passed {
    id: usize,
    name: String,
    values: Vec<String>,
    /// True if the condition is applied outside too: it then only helps where nothing is said inside.
    is_kept: bool,
}

/// Tables and WITH names that a part of the statement reads.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contents {
    relations: Vec<usize>,
    defs: Vec<usize>,
}

impl Passed {
    /// A value for what says nothing itself.
    fn helping(name: &str, values: &[String]) -> Self {
        Self { id: 0, name: name.to_owned(), values: values.to_vec(), is_kept: true }
    }

    fn is_region(&self) -> bool {
        self.name.eq_ignore_ascii_case(REGION)
    }
}

impl Contents {
    fn add(&mut self, other: &Self) {
        self.relations.extend(&other.relations);
        self.defs.extend(&other.defs);
    }
}

/// A name of a WITH clause.
#[derive(Debug)]
struct Def {
    name: String,
    outputs: Option<Vec<Output>>,
    /// What each use of the name gives to what is inside.
    uses: Vec<Vec<Passed>>,
    contents: Contents,
}

/// What is known around a query.
#[derive(Clone, Debug, Default)]
struct Env {
    /// WITH names, innermost last.
    visible: Vec<usize>,
    /// The WITH clauses themselves, and whether they are recursive.
    withs: Vec<(Range<usize>, bool)>,
}

struct Binder<'a> {
    text: &'a str,
    words: &'a Words,
    tables: &'a Tables<'a>,
    edits: Edits,
    relations: Vec<Relation>,
    defs: Vec<Def>,
    /// One for each part of the statement that is open.
    contents: Vec<Contents>,
    feeds: Vec<LateFeed>,
    passes: usize,
    /// Conditions that something inside took.
    taken: HashSet<usize>,
    /// Conditions that only something inside can take, with their places.
    undecided: Vec<(usize, Range<usize>)>,
}

/// Binds a query.
///
/// # Errors
/// Unknown tables, and requests that lack what they need.
pub(crate) fn bind(text: &str, words: &Words, query: &Query, tables: &Tables<'_>) -> Bind<Bound> {
    let mut binder = Binder {
        text,
        words,
        tables,
        edits: Edits::default(),
        relations: Vec::new(),
        defs: Vec::new(),
        contents: vec![Contents::default()],
        feeds: Vec::new(),
        passes: 0,
        taken: HashSet::new(),
        undecided: Vec::new(),
    };
    binder.query(query, &Env::default(), &[])?;
    Ok(binder.finish())
}

impl Binder<'_> {
    fn finish(mut self) -> Bound {
        for (id, at) in std::mem::take(&mut self.undecided) {
            if self.taken.contains(&id) {
                self.edits.replace(at, "1");
            }
        }
        for feed in std::mem::take(&mut self.feeds) {
            let needs = self.flat(&feed.contents);
            let made = Feed { text: feed.written(&self.edits, self.text), params: feed.params, needs };
            self.relations[feed.relation].feeds.push(made);
        }
        let text = self.edits.rewritten(self.text, 0..self.text.len());
        Bound { text, relations: self.relations }
    }

    /// All tables of a part, those of its WITH names among them.
    fn flat(&self, contents: &Contents) -> Vec<usize> {
        let mut found = contents.relations.clone();
        let mut seen = HashSet::new();
        let mut open = contents.defs.clone();
        while let Some(def) = open.pop() {
            if seen.insert(def) {
                found.extend(&self.defs[def].contents.relations);
                open.extend(&self.defs[def].contents.defs);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn query(&mut self, query: &Query, env: &Env, passed: &[Passed]) -> Bind<()> {
        let mut env = env.clone();
        let mut own = Vec::new();
        if let Some(with) = &query.with {
            for cte in &with.cte_tables {
                let def = self.define(cte, with.recursive, &env);
                own.push((cte, def, env.visible.clone()));
                env.visible.push(def);
            }
            let start = with.cte_tables.first().and_then(|cte| self.words.ident(&cte.alias.name));
            let end = with.cte_tables.last().and_then(|cte| self.words.range(cte.closing_paren_token.0.span));
            if let (Some(start), Some(end)) = (start, end) {
                env.withs.push((start.start..end.end, with.recursive));
            }
        }
        self.body(&query.body, query, &env, passed)?;
        // What a name is used with is known only when all that may use it is bound.
        for (cte, def, mut visible) in own.into_iter().rev() {
            if query.with.as_ref().is_some_and(|with| with.recursive) {
                visible.push(def);
            }
            let inside = Env { visible, withs: env.withs.clone() };
            let passed = self.agreed(def, cte)?;
            self.contents.push(Contents::default());
            self.query(&cte.query, &inside, &passed)?;
            self.defs[def].contents = self.contents.pop().unwrap_or_default();
        }
        Ok(())
    }

    fn define(&mut self, cte: &Cte, recursive: bool, env: &Env) -> usize {
        let def = self.defs.len();
        let name = cte.alias.name.value.clone();
        self.defs.push(Def { name, outputs: None, uses: Vec::new(), contents: Contents::default() });
        let mut env = env.clone();
        if recursive {
            env.visible.push(def);
        }
        let outputs = self.outputs(&cte.query, &env);
        self.defs[def].outputs = outputs::renamed(outputs, &cte.alias);
        def
    }

    /// What all uses of a WITH name give to what is inside.
    fn agreed(&self, def: usize, cte: &Cte) -> Bind<Vec<Passed>> {
        let uses = &self.defs[def].uses;
        let Some((first, rest)) = uses.split_first() else { return Ok(Vec::new()) };
        let mut agreed = Vec::new();
        let names = uses.iter().flatten().map(|one| &one.name);
        let mut seen: Vec<&String> = Vec::new();
        for name in names {
            if seen.contains(&name) {
                continue;
            }
            seen.push(name);
            let all: Vec<Option<&Passed>> = std::iter::once(first)
                .chain(rest)
                .map(|one| one.iter().find(|passed| passed.name == *name))
                .collect();
            let given: Vec<&Passed> = all.iter().flatten().copied().collect();
            let Some(one) = given.first() else { continue };
            let is_same = given.len() == all.len() && given.iter().all(|other| other.values == one.values);
            if is_same {
                agreed.push(Passed { is_kept: given.iter().all(|other| other.is_kept), ..(*one).clone() });
            } else if given.iter().all(|other| other.is_kept) {
                // Each use filters for itself, so what is inside must have the rows of all.
                if given.len() == all.len() {
                    let mut values: Vec<String> =
                        given.iter().flat_map(|other| other.values.clone()).collect();
                    values.sort();
                    values.dedup();
                    agreed.push(Passed { values, ..(*one).clone() });
                }
            } else {
                return Err(SqlError::new(
                    codes::AMBIGUOUS,
                    format!("`{}` is used twice with different conditions for `{name}`", self.defs[def].name),
                )
                .at(self.words.ident(&cte.alias.name))
                .next(format!("put the condition for `{name}` inside of the WITH clause")));
            }
        }
        Ok(agreed)
    }

    fn body(&mut self, body: &SetExpr, around: &Query, env: &Env, passed: &[Passed]) -> Bind<()> {
        match body {
            SetExpr::Select(select) => self.select(select, around, env, passed),
            SetExpr::Query(query) => self.query(query, env, passed),
            SetExpr::SetOperation { left, right, .. } => {
                self.body(left, around, env, passed)?;
                self.body(right, around, env, passed)
            }
            SetExpr::Values(values) => {
                let level = Level::default();
                let exprs: Vec<_> = values.rows.iter().flat_map(|row| row.content.iter()).collect();
                self.walk(&exprs, &level, env, &[], &HashSet::new()).map(drop)
            }
            _ => Ok(()),
        }
    }

    fn select(&mut self, select: &Select, around: &Query, env: &Env, passed: &[Passed]) -> Bind<()> {
        let mut level = Level::default();
        let mut terms = Terms::default();
        for table in &select.from {
            self.table(table, env, &mut level, &mut terms)?;
        }
        if let Some(selection) = &select.selection {
            self.conjuncts(selection, None, &mut terms);
        }
        self.values(&mut level, &terms, passed)?;
        for at in 0..level.items.len() {
            self.inside(&mut level.items[at], env, passed)?;
        }
        let inner = self.walk_select(select, around, &level, &terms, env, passed)?;
        self.feed(&level, &terms, env, &inner)?;
        Ok(())
    }

    /// Binds a subquery of a FROM clause, or notes the use of a WITH name.
    fn inside(&mut self, item: &mut Item<'_>, env: &Env, around: &[Passed]) -> Bind<()> {
        let mut passed = item.passed.clone();
        for one in around {
            if !passed.iter().any(|own| own.name.eq_ignore_ascii_case(&one.name)) {
                passed.push(one.clone());
            }
        }
        match &item.kind {
            ItemKind::Derived { query, .. } => {
                self.contents.push(Contents::default());
                self.query(query, env, &passed)?;
                item.contents = self.contents.pop().unwrap_or_default();
            }
            ItemKind::Cte { def, .. } => {
                self.defs[*def].uses.push(passed);
                item.contents.defs.push(*def);
            }
            ItemKind::Base { relation, .. } => item.contents.relations.push(*relation),
            ItemKind::Function { .. } => {}
        }
        if let Some(open) = self.contents.last_mut() {
            open.add(&item.contents);
        }
        Ok(())
    }

    fn table<'q>(
        &mut self,
        table: &'q TableWithJoins,
        env: &Env,
        level: &mut Level<'q>,
        terms: &mut Terms<'q>,
    ) -> Bind<()> {
        let first = level.items.len();
        self.factor(&table.relation, env, level, terms)?;
        for join in &table.joins {
            let right = level.items.len();
            self.factor(&join.relation, env, level, terms)?;
            let all = level.items.len();
            let (constraint, fed, nullable) = match &join.join_operator {
                JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (on, Some(right..all), right..all),
                JoinOperator::Right(on) | JoinOperator::RightOuter(on) => {
                    (on, Some(first..right), first..right)
                }
                JoinOperator::FullOuter(on) => (on, Some(0..0), first..all),
                JoinOperator::Join(on) | JoinOperator::Inner(on) | JoinOperator::CrossJoin(on) => {
                    (on, None, 0..0)
                }
                _ => continue,
            };
            for item in &mut level.items[nullable] {
                item.is_nullable = true;
            }
            match constraint {
                JoinConstraint::On(on) => {
                    terms.ons.push(on);
                    self.conjuncts(on, fed, terms);
                }
                JoinConstraint::Using(_) | JoinConstraint::Natural => terms.is_merged = true,
                JoinConstraint::None => {}
            }
        }
        Ok(())
    }

    fn factor<'q>(
        &mut self,
        factor: &'q TableFactor,
        env: &Env,
        level: &mut Level<'q>,
        terms: &mut Terms<'q>,
    ) -> Bind<()> {
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let item = self.named(name, alias.as_ref(), env)?;
                level.items.push(item);
            }
            TableFactor::Table { name, alias, args: Some(args), .. } => {
                let exprs = walk::arguments(args);
                let needs = self.meant(&exprs, level);
                let start = self.words.range(last_span(name)).map_or(0, |range| range.start);
                let core = start..self.words.closed_after(start).unwrap_or(start);
                let name = alias.as_ref().map_or_else(|| name.to_string(), |alias| alias.name.value.clone());
                level.items.push(item(name, None, ItemKind::Function { needs }, core));
                terms.arguments.extend(exprs);
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let outputs = self.outputs(subquery, env);
                let outputs = match alias {
                    Some(alias) => outputs::renamed(outputs, alias),
                    None => outputs,
                };
                let core = self.parenthesis(subquery).unwrap_or(0..0);
                let name = alias.as_ref().map(|alias| alias.name.value.clone()).unwrap_or_default();
                level.items.push(item(name, None, ItemKind::Derived { query: subquery, outputs }, core));
            }
            TableFactor::NestedJoin { table_with_joins, .. } => {
                self.table(table_with_joins, env, level, terms)?;
            }
            _ => {
                return Err(SqlError::new(
                    codes::NOT_SUPPORTED,
                    "an entry of FROM is of a form that is not supported",
                )
                .next("use tables, subqueries, WITH names and json_each"));
            }
        }
        Ok(())
    }

    fn named<'q>(&mut self, name: &ObjectName, alias: Option<&TableAlias>, env: &Env) -> Bind<Item<'q>> {
        let parts: Vec<_> = name.0.iter().filter_map(|part| part.as_ident()).cloned().collect();
        let at = parts
            .first()
            .zip(parts.last())
            .and_then(|(first, last)| Some(self.words.ident(first)?.start..self.words.ident(last)?.end));
        let (Some(at), Some(last)) = (at, parts.last()) else {
            return Err(SqlError::new(codes::NO_SUCH_TABLE, format!("`{name}` names no table")));
        };
        let alias = alias.map(|alias| alias.name.value.clone());
        if let [one] = parts.as_slice()
            && let Some(def) = self.def(&one.value, env)
        {
            let outputs = self.defs[def].outputs.clone();
            let name = alias.unwrap_or_else(|| one.value.clone());
            return Ok(item(name, None, ItemKind::Cte { def, outputs }, at));
        }
        let whole = dotted(&parts);
        let source = self
            .tables
            .source(&whole)
            .map_err(|unknown| no_table(&unknown, env, &self.defs).at(at.clone()))?;
        let mut columns = source.columns();
        let shown_columns = columns.len();
        // Rarely named columns are there when they are named, so that `SELECT *` does not show them.
        columns.extend(source.echoes().into_iter().filter(|echo| self.words.mentions(&echo.name)));
        let relation = self.relations.len();
        let local = format!("t{relation}");
        let shown = alias.clone().unwrap_or_else(|| last.value.clone());
        self.edits.replace(
            at.clone(),
            match &alias {
                Some(_) => quoted(&local),
                None => format!("{} AS {}", quoted(&local), quoted(&shown)),
            },
        );
        self.relations.push(Relation {
            local,
            at: at.clone(),
            source: source.clone(),
            columns: columns.clone(),
            given: Vec::new(),
            feeds: Vec::new(),
            parent: None,
        });
        let dotted = alias.is_none().then_some(whole);
        Ok(item(shown, dotted, ItemKind::Base { relation, source, columns, shown: shown_columns }, at))
    }

    /// The WITH name that is meant.
    fn def(&self, name: &str, env: &Env) -> Option<usize> {
        env.visible.iter().rev().copied().find(|def| self.defs[*def].name.eq_ignore_ascii_case(name))
    }

    /// The bytes of a subquery with its parentheses.
    fn parenthesis(&self, query: &Query) -> Option<Range<usize>> {
        let start = self.words.opened_before(self.words.range(outputs::first_span(query)?)?.start)?;
        Some(start..self.words.closed_after(start)?)
    }
}

fn item<'q>(name: String, dotted: Option<String>, kind: ItemKind<'q>, core: Range<usize>) -> Item<'q> {
    Item { name, dotted, kind, core, is_nullable: false, passed: Vec::new(), contents: Contents::default() }
}

fn last_span(name: &ObjectName) -> sqlparser::tokenizer::Span {
    name.0
        .last()
        .and_then(|part| part.as_ident())
        .map_or_else(sqlparser::tokenizer::Span::empty, |ident| ident.span)
}

fn no_table(unknown: &UnknownTable, env: &Env, defs: &[Def]) -> SqlError {
    let mut told = SqlError::new(codes::NO_SUCH_TABLE, unknown.to_string());
    if let Some(why) = &unknown.why {
        told = told.note("why", why);
    }
    let names = env.visible.iter().map(|def| defs[*def].name.as_str());
    let near = match &unknown.what {
        UnknownPart::Shape(typed) => stack_core::diagnostic::nearest(typed, names).map(str::to_owned),
        _ => None,
    };
    let near: Vec<String> =
        near.into_iter().chain(unknown.near.iter().cloned()).map(|n| format!("`{n}`")).collect();
    if near.is_empty() { told } else { told.next(format!("did you mean {}?", near.join(" or "))) }
}
