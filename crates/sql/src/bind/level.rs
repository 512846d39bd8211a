//! What one SELECT reads from, and which of it a column belongs to.

use super::{Contents, Passed};
use crate::columns::{Affinity, Column};
use crate::source::Source;
use crate::sqlite::quoted;
use sqlparser::ast::{Expr, Ident, Query};
use std::ops::Range;

/// A column of a subquery's result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) name: String,
    pub(super) meaning: Meaning,
}

/// What the values of a column stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Themselves.
    #[default]
    Plain,
    /// True and false.
    Boolean,
    /// An object of the service, of which they are the id.
    Reference,
}

impl Meaning {
    pub(super) fn of(affinity: Affinity) -> Self {
        match affinity {
            Affinity::Boolean => Self::Boolean,
            Affinity::Reference => Self::Reference,
            Affinity::Text | Affinity::Numeric | Affinity::Json => Self::Plain,
        }
    }
}

/// One entry of a FROM clause.
#[derive(Debug)]
pub(super) struct Item<'q> {
    /// Its alias, or the last part of its name.
    pub(super) name: String,
    /// Its whole name in lower case, where it has no alias.
    pub(super) dotted: Option<String>,
    pub(super) kind: ItemKind<'q>,
    /// The name, or the subquery with its parentheses.
    pub(super) core: Range<usize>,
    /// True if an outer join may put NULL in place of its rows.
    pub(super) is_nullable: bool,
    /// What the conditions of this SELECT give to what is inside.
    pub(super) passed: Vec<Passed>,
    /// What is inside.
    pub(super) contents: Contents,
}

/// What an entry of a FROM clause is.
#[derive(Debug)]
pub(super) enum ItemKind<'q> {
    /// A table of resources. `*` means the first `shown` of its columns.
    Base { relation: usize, source: Source, columns: Vec<Column>, shown: usize },
    /// A subquery.
    Derived { query: &'q Query, outputs: Option<Vec<Output>> },
    /// A name of a WITH clause.
    Cte { def: usize, outputs: Option<Vec<Output>> },
    /// `json_each(…)`: which items its arguments mean.
    Function { needs: Vec<usize> },
}

impl Item<'_> {
    /// The column of this name, if SQLite finds it here: what it means.
    pub(super) fn finds(&self, name: &str) -> Option<Meaning> {
        match &self.kind {
            ItemKind::Base { columns, .. } => columns
                .iter()
                .find(|column| column.name.eq_ignore_ascii_case(name))
                .map(|column| Meaning::of(column.affinity)),
            ItemKind::Derived { outputs, .. } | ItemKind::Cte { outputs, .. } => outputs
                .as_ref()?
                .iter()
                .find(|output| output.name.eq_ignore_ascii_case(name))
                .map(|output| output.meaning),
            ItemKind::Function { .. } => None,
        }
    }

    /// What `*` means here, where SQLite has more columns than that.
    pub(super) fn star(&self) -> Option<String> {
        let ItemKind::Base { columns, shown, .. } = &self.kind else { return None };
        let name = quoted(&self.name);
        let columns: Vec<String> =
            columns.iter().take(*shown).map(|column| format!("{name}.{}", quoted(&column.name))).collect();
        (*shown < self.width()).then(|| columns.join(", "))
    }

    fn width(&self) -> usize {
        match &self.kind {
            ItemKind::Base { columns, .. } => columns.len(),
            _ => 0,
        }
    }

    pub(super) fn source(&self) -> Option<&Source> {
        match &self.kind {
            ItemKind::Base { source, .. } => Some(source),
            _ => None,
        }
    }

    pub(super) fn relation(&self) -> Option<usize> {
        match &self.kind {
            ItemKind::Base { relation, .. } => Some(*relation),
            _ => None,
        }
    }
}

/// A column as written: what stands before it, and its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Col<'q> {
    pub(super) qualifier: &'q [Ident],
    pub(super) name: &'q Ident,
}

impl<'q> Col<'q> {
    pub(super) fn of(expr: &'q Expr) -> Option<Self> {
        match expr {
            Expr::Identifier(name) => Some(Self { qualifier: &[], name }),
            Expr::CompoundIdentifier(parts) => {
                let (name, qualifier) = parts.split_last()?;
                Some(Self { qualifier, name })
            }
            _ => None,
        }
    }

    pub(super) fn is_qualified(&self) -> bool {
        !self.qualifier.is_empty()
    }
}

/// The entries of one FROM clause.
#[derive(Debug, Default)]
pub(super) struct Level<'q> {
    pub(super) items: Vec<Item<'q>>,
}

impl Level<'_> {
    /// The items that a column may belong to by what stands before it.
    pub(super) fn owners(&self, col: Col<'_>) -> Vec<usize> {
        let all = 0..self.items.len();
        match col.qualifier {
            [] => all.collect(),
            [one] => all.filter(|at| self.items[*at].name.eq_ignore_ascii_case(&one.value)).take(1).collect(),
            many => {
                let dotted = dotted(many);
                all.filter(|at| self.items[*at].dotted.as_ref() == Some(&dotted)).take(1).collect()
            }
        }
    }

    /// The one item that SQLite finds a column in, and what the column means.
    pub(super) fn resolve(&self, col: Col<'_>) -> Option<(usize, Meaning)> {
        let mut found = self
            .owners(col)
            .into_iter()
            .filter_map(|at| self.items[at].finds(&col.name.value).map(|meaning| (at, meaning)));
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// The one item that a column belongs to: that of its qualifier, else the one that has it.
    pub(super) fn owner(&self, col: Col<'_>) -> Option<usize> {
        if col.is_qualified() {
            return self.owners(col).first().copied();
        }
        self.resolve(col).map(|(at, _)| at)
    }
}

/// A dotted name in lower case.
pub(super) fn dotted(parts: &[Ident]) -> String {
    parts.iter().map(|part| part.value.to_lowercase()).collect::<Vec<_>>().join(".")
}
