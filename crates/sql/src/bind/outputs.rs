//! The columns of a subquery's result, as far as they can be told without its rows.

use super::level::{Col, Meaning, Output};
use super::{Binder, Env};
use sqlparser::ast::{
    Expr, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableAlias, TableFactor,
};
use sqlparser::tokenizer::Span;

/// The entries of a FROM clause with their columns; `None`: not known.
type Entries = Vec<(String, Option<Vec<Output>>)>;

impl Binder<'_> {
    /// `None`: not known.
    pub(super) fn outputs(&self, query: &Query, env: &Env) -> Option<Vec<Output>> {
        // A WITH clause inside shadows names around it; what it defines is not looked into.
        if query.with.is_some() {
            return self.shadowed(query);
        }
        self.outputs_of(&query.body, env)
    }

    fn shadowed(&self, query: &Query) -> Option<Vec<Output>> {
        let SetExpr::Select(select) = query.body.as_ref() else { return None };
        let has_wildcard = select
            .projection
            .iter()
            .any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)));
        (!has_wildcard).then(|| named(select, &Vec::new())).flatten()
    }

    fn outputs_of(&self, body: &SetExpr, env: &Env) -> Option<Vec<Output>> {
        match body {
            SetExpr::Select(select) => {
                let mut entries = Entries::new();
                for table in &select.from {
                    self.entry(&table.relation, env, &mut entries);
                    for join in &table.joins {
                        self.entry(&join.relation, env, &mut entries);
                    }
                }
                named(select, &entries)
            }
            SetExpr::Query(query) => self.outputs(query, env),
            SetExpr::SetOperation { left, .. } => self.outputs_of(left, env),
            SetExpr::Values(values) => {
                let width = values.rows.first()?.content.len();
                let names =
                    (1..=width).map(|at| Output { name: format!("column{at}"), meaning: Meaning::Plain });
                Some(names.collect())
            }
            _ => None,
        }
    }

    fn entry(&self, factor: &TableFactor, env: &Env, entries: &mut Entries) {
        let aliased = |alias: &Option<TableAlias>, name: String| {
            alias.as_ref().map_or(name, |alias| alias.name.value.clone())
        };
        match factor {
            TableFactor::Table { name, alias, args: None, .. } => {
                let parts: Vec<_> = name.0.iter().filter_map(|part| part.as_ident()).cloned().collect();
                let last = parts.last().map(|ident| ident.value.clone()).unwrap_or_default();
                let def = (parts.len() == 1).then(|| self.def(&last, env)).flatten();
                let outputs = match def {
                    Some(def) => self.defs[def].outputs.clone(),
                    None => self.tables.source(&super::dotted(&parts)).ok().map(|source| {
                        let columns = source.columns().into_iter();
                        columns
                            .map(|one| Output { meaning: Meaning::of(one.affinity), name: one.name })
                            .collect()
                    }),
                };
                entries.push((aliased(alias, last), outputs));
            }
            TableFactor::Derived { subquery, alias, .. } => {
                let outputs = self.outputs(subquery, env);
                let outputs = match alias {
                    Some(alias) => renamed(outputs, alias),
                    None => outputs,
                };
                entries.push((aliased(alias, String::new()), outputs));
            }
            TableFactor::NestedJoin { table_with_joins, .. } => {
                self.entry(&table_with_joins.relation, env, entries);
                for join in &table_with_joins.joins {
                    self.entry(&join.relation, env, entries);
                }
            }
            _ => entries.push((String::new(), None)),
        }
    }
}

fn named(select: &Select, entries: &Entries) -> Option<Vec<Output>> {
    let all = |name: Option<&str>| -> Option<Vec<Output>> {
        let mut found = Vec::new();
        for (entry, outputs) in entries {
            if name.is_none_or(|name| entry.eq_ignore_ascii_case(name)) {
                found.extend(outputs.clone()?);
            }
        }
        Some(found)
    };
    let meaning = |expr: &Expr| {
        let Some(col) = Col::of(expr) else { return Meaning::Plain };
        let mut found = entries
            .iter()
            .filter(|(entry, _)| col.qualifier.last().is_none_or(|q| entry.eq_ignore_ascii_case(&q.value)))
            .flat_map(|(_, outputs)| outputs.iter().flatten())
            .filter(|output| output.name.eq_ignore_ascii_case(&col.name.value));
        let first = found.next().map(|output| output.meaning);
        first.filter(|_| found.next().is_none()).unwrap_or_default()
    };
    let mut outputs = Vec::new();
    for item in &select.projection {
        match item {
            SelectItem::UnnamedExpr(expr) => {
                // What has no name still has a place, for names given from outside.
                let name = Col::of(expr).map(|col| col.name.value.clone()).unwrap_or_default();
                outputs.push(Output { name, meaning: meaning(expr) });
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                outputs.push(Output { name: alias.value.clone(), meaning: meaning(expr) });
            }
            SelectItem::Wildcard(_) => outputs.extend(all(None)?),
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                let last = name.0.last()?.as_ident()?;
                outputs.extend(all(Some(&last.value))?);
            }
            _ => return None,
        }
    }
    Some(outputs)
}

/// The columns under the names that an alias gives: `AS t (a, b)`.
pub(super) fn renamed(outputs: Option<Vec<Output>>, alias: &TableAlias) -> Option<Vec<Output>> {
    if alias.columns.is_empty() {
        return outputs;
    }
    let names = alias.columns.iter().map(|column| column.name.value.clone());
    let known = outputs.filter(|outputs| outputs.len() == alias.columns.len()).unwrap_or_default();
    let meanings = known.into_iter().map(|output| output.meaning).chain(std::iter::repeat(Meaning::Plain));
    Some(names.zip(meanings).map(|(name, meaning)| Output { name, meaning }).collect())
}

/// The span of a query's first word.
pub(super) fn first_span(query: &Query) -> Option<Span> {
    fn of(body: &SetExpr) -> Option<Span> {
        match body {
            SetExpr::Select(select) => Some(select.select_token.0.span),
            SetExpr::Query(query) => first_span(query),
            SetExpr::SetOperation { left, .. } => of(left),
            _ => None,
        }
    }
    match &query.with {
        Some(with) => Some(with.with_token.0.span),
        None => of(&query.body),
    }
}
