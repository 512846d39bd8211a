//! Conditions: which are parameters of requests, and what becomes of them in the statement.

use super::level::{Col, Item, ItemKind, Level};
use super::{Bind, Binder, Passed};
use crate::codes;
use crate::columns::{Affinity, Column};
use crate::error::SqlError;
use crate::parameters::{Parameter, ParameterKind};
use crate::sqlite::quoted;
use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator, Value as SqlValue,
};
use stack_core::conform::id_of_text;
use std::ops::Range;

/// The conditions of one SELECT that are joined by AND.
#[derive(Debug, Default)]
pub(super) struct Terms<'q> {
    pub(super) values: Vec<Values<'q>>,
    pub(super) equal: Vec<Equal<'q>>,
    /// The ON clauses, whole.
    pub(super) ons: Vec<&'q Expr>,
    /// Arguments of functions in FROM.
    pub(super) arguments: Vec<&'q Expr>,
    /// True if a join makes one column of two.
    pub(super) is_merged: bool,
}

impl Terms<'_> {
    /// The values that a name without a table before it is given.
    pub(super) fn unqualified(&self, name: &str) -> impl Iterator<Item = &Vec<String>> {
        let named = move |term: &&Values<'_>| {
            !term.col.is_qualified() && term.col.name.value.eq_ignore_ascii_case(name) && term.fed.is_none()
        };
        self.values.iter().filter(named).map(|term| &term.values)
    }
}

/// `column = literal` or `column IN (literals)`.
#[derive(Debug)]
pub(super) struct Values<'q> {
    col: Col<'q>,
    values: Vec<String>,
    form: Form,
    at: Range<usize>,
    /// The items that an outer join lets the condition narrow; `None`: all.
    fed: Option<Range<usize>>,
}

/// How literals are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `'…'`
    Text,
    /// A number.
    Number,
    /// Texts and numbers.
    Mixed,
    /// SQLite would compute something else from them.
    Wrapped,
}

impl Form {
    fn with(self, other: Self) -> Self {
        match (self, other) {
            (one, two) if one == two => one,
            (Self::Wrapped, _) | (_, Self::Wrapped) => Self::Wrapped,
            _ => Self::Mixed,
        }
    }
}

/// An equality with a column and something that depends on other tables.
#[derive(Debug)]
pub(super) struct Equal<'q> {
    pub(super) col: Col<'q>,
    pub(super) other: Other<'q>,
    pub(super) fed: Option<Range<usize>>,
}

/// What a column is compared with.
#[derive(Debug)]
pub(super) enum Other<'q> {
    Expr(&'q Expr),
    /// `IN (SELECT …)`, with its parentheses.
    Query(Range<usize>),
}

impl Binder<'_> {
    /// Collects the conditions that are joined by AND at the top of an expression.
    pub(super) fn conjuncts<'q>(&self, expr: &'q Expr, fed: Option<Range<usize>>, terms: &mut Terms<'q>) {
        match expr {
            Expr::Nested(inner) => self.conjuncts(inner, fed, terms),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                self.conjuncts(left, fed.clone(), terms);
                self.conjuncts(right, fed, terms);
            }
            Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => {
                for (col, other) in [(left, right), (right, left)] {
                    let Some(col) = Col::of(col) else { continue };
                    if let Some((value, form)) = literal(other) {
                        let ends = self.extent(left).zip(self.extent(right));
                        let Some((first, last)) = ends else { continue };
                        let at = first.start..last.end;
                        terms.values.push(Values { col, values: vec![value], form, at, fed });
                        return;
                    }
                    terms.equal.push(Equal { col, other: Other::Expr(other), fed: fed.clone() });
                }
            }
            Expr::InList { expr, list, negated: false } => {
                let Some(col) = Col::of(expr) else { return };
                let values: Option<Vec<_>> = list.iter().map(literal).collect();
                let at = self.extent(expr).and_then(|col| Some(col.start..self.words.closed_after(col.end)?));
                if let (Some(values), Some(at)) = (values, at) {
                    let forms = values.iter().map(|(_, form)| *form);
                    let form = forms.reduce(Form::with).unwrap_or(Form::Mixed);
                    let mut texts: Vec<String> = Vec::new();
                    for (value, _) in values {
                        if !texts.contains(&value) {
                            texts.push(value);
                        }
                    }
                    terms.values.push(Values { col, values: texts, form, at, fed });
                } else if let Some(quoted) = list.iter().find(|one| is_quoted(one)) {
                    terms.equal.push(Equal { col, other: Other::Expr(quoted), fed });
                }
            }
            Expr::InSubquery { expr, subquery, negated: false } => {
                if let (Some(col), Some(at)) = (Col::of(expr), self.parenthesis(subquery)) {
                    terms.equal.push(Equal { col, other: Other::Query(at), fed });
                }
            }
            _ => {}
        }
    }

    /// Gives the tables of a SELECT what its conditions and those around it say.
    pub(super) fn values(&mut self, level: &mut Level<'_>, terms: &Terms<'_>, around: &[Passed]) -> Bind<()> {
        let mut overridden: Vec<(usize, Parameter)> = Vec::new();
        for one in around.iter().filter(|one| !one.is_kept) {
            for item in &level.items {
                if let Some((relation, parameter)) = takes(item, &one.name) {
                    self.give(relation, parameter.clone(), &one.values, true);
                    self.taken.insert(one.id);
                    overridden.push((relation, parameter));
                }
            }
        }
        for term in &terms.values {
            self.value(level, term, &overridden)?;
        }
        for one in around.iter().filter(|one| one.is_kept) {
            for item in &level.items {
                if let Some((relation, parameter)) = takes(item, &one.name)
                    && self.given(relation, &parameter).is_none()
                {
                    self.give(relation, parameter, &one.values, true);
                    self.taken.insert(one.id);
                }
            }
        }
        Ok(())
    }

    fn value(
        &mut self,
        level: &mut Level<'_>,
        term: &Values<'_>,
        overridden: &[(usize, Parameter)],
    ) -> Bind<()> {
        let name = &term.col.name.value;
        let mut owners = level.owners(term.col);
        if let Some(fed) = &term.fed {
            owners.retain(|at| fed.contains(at));
        }
        let resolvers: Vec<usize> =
            level.owners(term.col).into_iter().filter(|at| level.items[*at].finds(name).is_some()).collect();
        let mut takers: Vec<usize> = Vec::new();
        let mut is_overridden = false;
        let mut inside = None;
        for at in owners {
            if let Some((relation, parameter)) = takes(&level.items[at], name) {
                if overridden.iter().any(|(r, p)| *r == relation && *p == parameter) {
                    is_overridden = true;
                } else {
                    self.give(relation, parameter, &term.values, false);
                }
                takers.push(at);
                continue;
            }
            let item = &mut level.items[at];
            let is_kept = item.finds(name).is_some();
            let is_subquery = matches!(item.kind, ItemKind::Derived { .. } | ItemKind::Cte { .. });
            if is_subquery && (is_kept || !term.col.is_qualified()) {
                let id = *inside.get_or_insert_with(|| {
                    self.passes += 1;
                    self.passes
                });
                item.passed.push(Passed { id, name: name.clone(), values: term.values.clone(), is_kept });
            }
        }
        if is_overridden {
            self.edits.replace(term.at.clone(), "1");
        } else if !takers.is_empty() && !stays(level, term, &takers, &resolvers) {
            self.edits.replace(term.at.clone(), truth(level, term, &takers));
        } else if let [one] = resolvers.as_slice()
            && let ItemKind::Base { columns, .. } = &level.items[*one].kind
        {
            self.no_key(columns, term);
        } else if let Some(id) = inside
            && resolvers.is_empty()
        {
            self.undecided.push((id, term.at.clone()));
        }
        Ok(())
    }

    /// Keeps SQLite from making an index of a column that is compared with a literal. It would take that for better than
    /// one of the columns that a join compares, and most often all rows have the value: a join would compare all pairs.
    fn no_key(&mut self, columns: &[Column], term: &Values<'_>) {
        let name = &term.col.name.value;
        let column = columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
        // An expression has no affinity, which must not be needed then.
        let same = column.is_some_and(|column| match column.affinity {
            Affinity::Text | Affinity::Reference => term.form == Form::Text,
            Affinity::Numeric | Affinity::Boolean => term.form == Form::Number,
            Affinity::Json => term.form != Form::Wrapped,
        });
        let first = term.col.qualifier.first().unwrap_or(term.col.name);
        if let (true, Some(at)) = (same, self.words.ident(first)) {
            self.edits.put(at.start, "+");
        }
    }

    /// The values that a table has of a parameter.
    pub(super) fn given(&self, relation: usize, parameter: &Parameter) -> Option<&Vec<String>> {
        self.relations[relation].given.iter().find(|(own, _)| own == parameter).map(|(_, values)| values)
    }

    /// Gives a parameter its values; two conditions for one parameter leave what both allow.
    pub(super) fn give(&mut self, relation: usize, parameter: Parameter, values: &[String], over: bool) {
        let relation = &mut self.relations[relation];
        // A reference is asked for by its bare id, however it is written (DESIGN section 2).
        let bare = |value: &String| match relation.source.rest() {
            Some(_) => id_of_text(value).unwrap_or_else(|| value.clone()),
            None => value.clone(),
        };
        let values: Vec<String> = values.iter().map(bare).collect();
        let given = &mut relation.given;
        match given.iter_mut().find(|(own, _)| *own == parameter) {
            Some((_, own)) if over => *own = values,
            Some((_, own)) => own.retain(|value| values.contains(value)),
            None => given.push((parameter, values)),
        }
    }

    /// The error for `region = "us-east-1"`, where such a column is nowhere.
    pub(super) fn quotes(&self, level: &Level<'_>, term: &Equal<'_>) -> Option<SqlError> {
        let Other::Expr(expr) = &term.other else { return None };
        let Expr::Identifier(ident) = expr else { return None };
        let is_parameter = level
            .owners(term.col)
            .into_iter()
            .any(|at| takes(&level.items[at], &term.col.name.value).is_some());
        let is_nowhere = level.items.iter().all(|item| item.finds(&ident.value).is_none());
        (is_quoted(expr) && is_parameter && is_nowhere)
            .then(|| double_quotes(&ident.value).at(self.words.ident(ident)))
    }

    /// The bytes of an expression, where they can be told.
    pub(super) fn extent(&self, expr: &Expr) -> Option<Range<usize>> {
        match expr {
            Expr::Identifier(ident) => self.words.ident(ident),
            Expr::CompoundIdentifier(parts) => {
                Some(self.words.ident(parts.first()?)?.start..self.words.ident(parts.last()?)?.end)
            }
            Expr::Value(value) => self.words.range(value.span),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
                let inner = self.extent(expr)?;
                Some(self.words.start_before(inner.start)?..inner.end)
            }
            Expr::Function(function) if function.over.is_none() && function.filter.is_none() => {
                let name = function.name.0.first()?.as_ident()?;
                let start = self.words.ident(name)?.start;
                Some(start..self.words.closed_after(start)?)
            }
            Expr::BinaryOp { left, right, .. } => Some(self.extent(left)?.start..self.extent(right)?.end),
            _ => None,
        }
    }
}

pub(crate) fn double_quotes(text: &str) -> SqlError {
    SqlError::new(codes::DOUBLE_QUOTES, format!("there is no column `{text}`"))
        .label("double quotes enclose names")
        .next(format!("a text stands in single quotes: '{}'", text.replace('\'', "''")))
}

fn is_quoted(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(ident) if ident.quote_style == Some('"'))
}

/// The table and the parameter that a name means there.
pub(super) fn takes(item: &Item<'_>, name: &str) -> Option<(usize, Parameter)> {
    let mut parameter = item.source()?.parameter(name)?;
    if parameter.kind == ParameterKind::Identifier {
        // One parameter, however it is spelt.
        parameter.name = "Identifier".to_owned();
    }
    Some((item.relation()?, parameter))
}

/// True if SQLite can check the condition too, on the column that tells what was asked for.
fn stays(level: &Level<'_>, term: &Values<'_>, takers: &[usize], resolvers: &[usize]) -> bool {
    let [one] = resolvers else {
        // With several, SQLite says that it is ambiguous, unless all of them were asked by it.
        return resolvers.iter().any(|at| !takers.contains(at));
    };
    if !takers.contains(one) {
        return true;
    }
    let item = &level.items[*one];
    let ItemKind::Base { columns, .. } = &item.kind else { return true };
    let name = &term.col.name.value;
    let is_input = takes(item, name).is_some_and(|(_, parameter)| parameter.kind == ParameterKind::ListInput);
    let column = columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
    term.form != Form::Wrapped && column.is_some_and(|column| column.path.is_none() || is_input)
}

/// What stands for a condition that the requests have seen to. Rows that an outer join left empty do not fulfil it.
fn truth(level: &Level<'_>, term: &Values<'_>, takers: &[usize]) -> String {
    let empty =
        takers.iter().map(|at| &level.items[*at]).filter(|item| item.is_nullable && term.fed.is_none());
    let parts: Vec<String> =
        empty.map(|item| format!("{}._rowid_ IS NOT NULL", quoted(&item.name))).collect();
    match parts.as_slice() {
        [] => "1".to_owned(),
        [one] => one.clone(),
        many => format!("({})", many.join(" AND ")),
    }
}

/// The text of a literal, and how it is written.
fn literal(expr: &Expr) -> Option<(String, Form)> {
    match expr {
        Expr::Value(value) => match &value.value {
            SqlValue::SingleQuotedString(text) => Some((text.clone(), Form::Text)),
            SqlValue::Number(text, _) => Some((text.clone(), Form::Number)),
            _ => None,
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => match expr.as_ref() {
            Expr::Value(value) => match &value.value {
                SqlValue::Number(text, _) => Some((format!("-{text}"), Form::Number)),
                _ => None,
            },
            _ => None,
        },
        // `JSON('…')` and `string('…')`: the text itself.
        Expr::Function(function) => {
            let name = function.name.to_string();
            let FunctionArguments::List(list) = &function.args else { return None };
            let [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] = list.args.as_slice() else {
                return None;
            };
            let is_wrapper = name.eq_ignore_ascii_case("json") || name.eq_ignore_ascii_case("string");
            let Expr::Value(value) = argument else { return None };
            match &value.value {
                SqlValue::SingleQuotedString(text) if is_wrapper => Some((text.clone(), Form::Wrapped)),
                _ => None,
            }
        }
        _ => None,
    }
}
