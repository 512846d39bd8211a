//! Expressions: the subqueries in them are bound, and names and literals are written as SQLite has them.

use super::level::{Col, Level, Meaning};
use super::terms::Terms;
use super::{Bind, Binder, Contents, Env, Passed};
use crate::columns::REGION;
use crate::error::SqlError;
use crate::sqlite::quoted;
use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Query, Select,
    SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableFunctionArgs, Value as SqlValue, Visit,
    Visitor,
};
use stack_core::conform::id_of_text;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

/// What the subqueries of expressions read, by the place of their parenthesis.
pub(super) type Inner = HashMap<usize, Contents>;

impl Binder<'_> {
    /// Walks all expressions of a SELECT.
    pub(super) fn walk_select(
        &mut self,
        select: &Select,
        around: &Query,
        level: &Level<'_>,
        terms: &Terms<'_>,
        env: &Env,
        passed: &[Passed],
    ) -> Bind<Inner> {
        let aliases: HashSet<String> = select
            .projection
            .iter()
            .filter_map(|item| match item {
                SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.to_lowercase()),
                _ => None,
            })
            .collect();
        for item in &select.projection {
            self.stars(item, level, terms.is_merged);
        }
        // Subqueries in expressions read where this SELECT reads, unless they say another place.
        let regions =
            terms.unqualified(REGION).chain(passed.iter().filter(|p| p.is_region()).map(|p| &p.values));
        let regions = regions.map(|values| Passed::helping(REGION, values)).take(1).collect::<Vec<_>>();
        let mut exprs: Vec<&Expr> = Vec::new();
        exprs.extend(terms.ons.iter().chain(&terms.arguments));
        exprs.extend(select.selection.iter().chain(&select.having));
        let mut inner = self.walk(&exprs, level, env, &regions, &aliases)?;
        let is_own =
            matches!(around.body.as_ref(), SetExpr::Select(own) if std::ptr::eq(own.as_ref(), select));
        let order = around.order_by.iter().filter(|_| is_own).collect::<Vec<_>>();
        inner.extend(self.visit(&select.projection, level, env, &regions, &aliases)?);
        inner.extend(self.visit(&select.group_by, level, env, &regions, &aliases)?);
        inner.extend(self.visit(&select.named_window, level, env, &regions, &aliases)?);
        for order in order {
            inner.extend(self.visit(order, level, env, &regions, &aliases)?);
        }
        Ok(inner)
    }

    /// `*` stands for the columns that a table shows, not for all that SQLite has of it.
    fn stars(&mut self, item: &SelectItem, level: &Level<'_>, is_merged: bool) {
        match item {
            SelectItem::Wildcard(options) if !is_merged => {
                let parts = level.items.iter().map(|item| match item.star() {
                    Some(columns) => Some(columns),
                    None => (!item.name.is_empty()).then(|| format!("{}.*", quoted(&item.name))),
                });
                let parts: Option<Vec<String>> = parts.collect();
                let has_more = level.items.iter().any(|item| item.star().is_some());
                let at = self.words.range(options.wildcard_token.0.span);
                if let (true, Some(parts), Some(at)) = (has_more, parts, at) {
                    self.edits.replace(at, parts.join(", "));
                }
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options) => {
                let parts: Vec<_> = name.0.iter().filter_map(|part| part.as_ident()).cloned().collect();
                let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return };
                let owner = level.owners(Col { qualifier: &parts, name: last }).first().copied();
                let Some(item) = owner.map(|at| &level.items[at]) else { return };
                let star = self.words.range(options.wildcard_token.0.span);
                let (Some(start), Some(star)) = (self.words.ident(first), star) else { return };
                let columns = item.star().unwrap_or_else(|| format!("{}.*", quoted(&item.name)));
                self.edits.replace(start.start..star.end, columns);
            }
            _ => {}
        }
    }

    pub(super) fn walk(
        &mut self,
        exprs: &[&Expr],
        level: &Level<'_>,
        env: &Env,
        regions: &[Passed],
        aliases: &HashSet<String>,
    ) -> Bind<Inner> {
        let mut inner = Inner::new();
        for expr in exprs {
            inner.extend(self.visit(*expr, level, env, regions, aliases)?);
        }
        Ok(inner)
    }

    fn visit(
        &mut self,
        node: &impl Visit,
        level: &Level<'_>,
        env: &Env,
        regions: &[Passed],
        aliases: &HashSet<String>,
    ) -> Bind<Inner> {
        let mut walker = Walker { binder: self, level, env, regions, aliases, depth: 0, inner: Inner::new() };
        match node.visit(&mut walker) {
            ControlFlow::Break(error) => Err(*error),
            ControlFlow::Continue(()) => Ok(walker.inner),
        }
    }

    /// The items that the columns of expressions belong to.
    pub(super) fn meant(&self, exprs: &[&Expr], level: &Level<'_>) -> Vec<usize> {
        let mut meant = Meant { level, items: Vec::new(), depth: 0 };
        for expr in exprs {
            let ControlFlow::Continue(()) = expr.visit(&mut meant);
        }
        meant.items
    }

    /// A dotted table name before a column becomes the table's alias.
    fn qualifier(&mut self, level: &Level<'_>, col: Col<'_>) {
        let (Some(first), Some(last)) = (col.qualifier.first(), col.qualifier.last()) else { return };
        if col.qualifier.len() < 2 {
            return;
        }
        let Some(at) = level.owners(col).first().copied() else { return };
        if let (Some(start), Some(end)) = (self.words.ident(first), self.words.ident(last)) {
            self.edits.replace(start.start..end.end, quoted(&level.items[at].name));
        }
    }

    /// A property's own name becomes the column's.
    fn spelling(&mut self, level: &Level<'_>, col: Col<'_>, aliases: &HashSet<String>) {
        let name = &col.name.value;
        let is_property_like = name.contains(|c: char| c.is_ascii_uppercase()) || name.starts_with("data__");
        let owners = level.owners(col);
        let is_found = owners.iter().any(|at| level.items[*at].finds(name).is_some());
        let is_alias = !col.is_qualified() && aliases.contains(&name.to_lowercase());
        if !is_property_like || is_found || is_alias {
            return;
        }
        let mut columns = owners.iter().filter_map(|at| {
            let item = &level.items[*at];
            let column = item.source()?.column(name).ok()?;
            item.finds(&column.name).map(|_| column.name)
        });
        if let (Some(column), None, Some(at)) = (columns.next(), columns.next(), self.words.ident(col.name)) {
            self.edits.replace(at, quoted(&column));
        }
    }

    /// `'true'` beside a boolean column becomes 1, and the object of a reference its id.
    fn truth(&mut self, level: &Level<'_>, col: &Expr, values: &[&Expr]) {
        let meaning = Col::of(col).and_then(|col| level.resolve(col)).map(|(_, meaning)| meaning);
        for value in values {
            let Expr::Value(value) = value else { continue };
            let SqlValue::SingleQuotedString(text) = &value.value else { continue };
            let written = match meaning {
                Some(Meaning::Boolean) if text.eq_ignore_ascii_case("true") => "1".to_owned(),
                Some(Meaning::Boolean) if text.eq_ignore_ascii_case("false") => "0".to_owned(),
                Some(Meaning::Reference) => match id_of_text(text) {
                    Some(id) => format!("'{}'", id.replace('\'', "''")),
                    None => continue,
                },
                _ => continue,
            };
            if let Some(at) = self.words.range(value.span) {
                self.edits.replace(at, written);
            }
        }
    }

    /// A function that takes JSON apart gets the object of a reference, of which the column has the id alone:
    /// `JSON_EXTRACT(environment, '$.id')`.
    fn object(&mut self, level: &Level<'_>, expr: &Expr) {
        let is_reference = |col: Col<'_>| matches!(level.resolve(col), Some((_, Meaning::Reference)));
        if let (true, Some(at)) = (Col::of(expr).is_some_and(is_reference), self.extent(expr)) {
            self.edits.put(at.start, "json_object('id', ");
            self.edits.put(at.end, ")");
        }
    }
}

struct Walker<'w, 'a> {
    binder: &'w mut Binder<'a>,
    level: &'w Level<'w>,
    env: &'w Env,
    regions: &'w [Passed],
    aliases: &'w HashSet<String>,
    /// How many subqueries are open.
    depth: usize,
    inner: Inner,
}

impl Visitor for Walker<'_, '_> {
    type Break = Box<SqlError>;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        self.depth += 1;
        if self.depth > 1 {
            return ControlFlow::Continue(());
        }
        self.binder.contents.push(Contents::default());
        let bound = self.binder.query(query, self.env, self.regions);
        let contents = self.binder.contents.pop().unwrap_or_default();
        if let Some(open) = self.binder.contents.last_mut() {
            open.add(&contents);
        }
        if let Some(at) = self.binder.parenthesis(query) {
            self.inner.insert(at.start, contents);
        }
        match bound {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(Box::new(error)),
        }
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<Self::Break> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        if self.depth > 0 {
            return ControlFlow::Continue(());
        }
        if let Some(col) = Col::of(expr) {
            self.binder.qualifier(self.level, col);
            self.binder.spelling(self.level, col, self.aliases);
        }
        match expr {
            Expr::BinaryOp { left, op: BinaryOperator::Eq | BinaryOperator::NotEq, right } => {
                self.binder.truth(self.level, left, &[right]);
                self.binder.truth(self.level, right, &[left]);
            }
            Expr::InList { expr, list, .. } => {
                let values: Vec<&Expr> = list.iter().collect();
                self.binder.truth(self.level, expr, &values);
            }
            Expr::BinaryOp { left, op: BinaryOperator::Arrow | BinaryOperator::LongArrow, .. } => {
                self.binder.object(self.level, left);
            }
            Expr::Function(function) if takes_json(function) => {
                if let FunctionArguments::List(list) = &function.args
                    && let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(first))) = list.args.first()
                {
                    self.binder.object(self.level, first);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

struct Meant<'w> {
    level: &'w Level<'w>,
    items: Vec<usize>,
    depth: usize,
}

impl Visitor for Meant<'_> {
    type Break = std::convert::Infallible;

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<Self::Break> {
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<Self::Break> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        if self.depth == 0
            && let Some(col) = Col::of(expr)
            && let Some(at) = self.level.owner(col)
        {
            // What a function's rows need is there when the function is.
            let is_new = !self.items.contains(&at);
            if is_new {
                self.items.push(at);
            }
        }
        ControlFlow::Continue(())
    }
}

/// True for SQLite's functions whose first argument is JSON.
fn takes_json(function: &Function) -> bool {
    let name = function.name.to_string().to_ascii_lowercase();
    matches!(name.as_str(), "json" | "json_extract" | "json_type" | "json_valid" | "json_equal")
}

/// The arguments of a function in FROM.
pub(super) fn arguments(args: &TableFunctionArgs) -> Vec<&Expr> {
    args.args
        .iter()
        .filter_map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect()
}
