//! SQL table names of the types: the published tables first, computed names for the rest.

use super::facts::Type;
use crate::failure::Failure;
use stack_catalog::format::Column;
use stack_catalog::names::{TableForm, TableProviders, plural_of, service_of, singular_of};
use std::collections::BTreeMap;
use std::path::Path;

/// Names and their types, and the types that have none any more.
pub(crate) struct Tables {
    /// `service.table` → which providers, what it shows, number of the type.
    pub(crate) names: BTreeMap<String, Table>,
    /// Type, `service.plural`, `service.singular`.
    pub(crate) retired: BTreeMap<String, (String, String)>,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) providers: TableProviders,
    pub(crate) form: TableForm,
    pub(crate) ty: usize,
}

pub(super) type Rows = BTreeMap<String, Vec<String>>;

/// Reads the published tables, gives every type its names, and writes them into its columns.
pub(crate) fn read(folder: &Path, types: &mut [Type]) -> Result<Tables, Failure> {
    let awscc = rows(&folder.join("awscc-resources.tsv"))?;
    let aws = rows(&folder.join("aws-cloudcontrol-resources.tsv"))?;
    assign(&awscc, &aws, types)
}

fn rows(file: &Path) -> Result<Rows, Failure> {
    let text = std::fs::read_to_string(file).map_err(|e| Failure::file(file, e))?;
    Ok(text
        .lines()
        .skip(1)
        .map(|line| {
            let mut columns = line.split('\t').map(str::to_owned);
            (columns.next().unwrap_or_default(), columns.collect())
        })
        .collect())
}

/// Gives every type its names: published ones, else computed ones.
pub(super) fn assign(awscc: &Rows, aws: &Rows, types: &mut [Type]) -> Result<Tables, Failure> {
    fn cell<'r>(rows: &'r Rows, name: &str, column: usize) -> Option<&'r str> {
        rows.get(name)?.get(column).map(String::as_str).filter(|text| *text != "-")
    }
    let mut names = BTreeMap::new();
    // Published names first, so that a computed one never takes a published one's place.
    for published in [true, false] {
        for (ty, one) in types.iter_mut().enumerate() {
            let name = one.name.clone();
            let service = service_of(&name);
            let mut add = |table: &str, providers, form| {
                put(&mut names, format!("{service}.{table}"), Table { providers, form, ty }, published)
            };
            let (new, old) = (cell(awscc, &name, 1), cell(aws, &name, 1));
            let plural = new.or(old).map_or_else(|| plural_of(&name), str::to_owned);
            let singular = cell(aws, &name, 2).map_or_else(|| singular_of(&name), str::to_owned);
            if published == (new.is_some() || old.is_some()) {
                add(&plural, TableProviders::Both, TableForm::Plural)?;
                let list_only = cell(awscc, &name, 2).or(cell(aws, &name, 3)).is_some();
                if list_only || one.lists {
                    add(&format!("{plural}_list_only"), TableProviders::Both, TableForm::ListOnly)?;
                }
            }
            if let Some(old) = old.filter(|old| published && *old != plural) {
                add(old, TableProviders::Aws, TableForm::Plural)?;
                if let Some(list_only) = cell(aws, &name, 3) {
                    add(list_only, TableProviders::Aws, TableForm::ListOnly)?;
                }
            }
            if published == cell(aws, &name, 2).is_some() && singular != plural {
                add(&singular, TableProviders::Aws, TableForm::Singular)?;
            }
            let tags = cell(aws, &name, 4);
            match tags {
                Some(tags) if published => add(tags, TableProviders::Aws, TableForm::Tags)?,
                None if !published && one.taggable => {
                    add(&format!("{singular}_tags"), TableProviders::Aws, TableForm::Tags)?;
                }
                _ => {}
            }
            one.columns[Column::Table as usize] = format!("{service}.{plural}");
            one.columns[Column::Singular as usize] = format!("{service}.{singular}");
        }
    }
    let known = |name: &String| types.iter().any(|one| one.name == *name);
    let retired = awscc
        .keys()
        .chain(aws.keys())
        .filter(|name| !known(name))
        .map(|name| {
            let service = service_of(name);
            let plural =
                cell(awscc, name, 1).or(cell(aws, name, 1)).map_or_else(|| plural_of(name), str::to_owned);
            let singular = cell(aws, name, 2).map_or_else(|| singular_of(name), str::to_owned);
            (name.clone(), (format!("{service}.{plural}"), format!("{service}.{singular}")))
        })
        .collect();
    Ok(Tables { names, retired })
}

/// Adds a name. A computed singular or tags table yields to a name that is taken; everything else must be free.
fn put(
    names: &mut BTreeMap<String, Table>,
    name: String,
    table: Table,
    published: bool,
) -> Result<(), Failure> {
    match names.get(&name) {
        None => {
            names.insert(name, table);
            Ok(())
        }
        Some(_) if !published && matches!(table.form, TableForm::Singular | TableForm::Tags) => Ok(()),
        Some(taken) => Err(Failure::input(name, format!("is {table:?} and {taken:?}"))),
    }
}
