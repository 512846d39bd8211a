//! The catalog against the published facts table, row by row and column by column.

use super::*;
use crate::facts::{IdentifierClass, TypeFacts};
use stack_core::schema::ReplacementStrategy;

const TABLE: &str = include_str!("../../testdata/cfn-type-facts.tsv");

/// The row that the table must have.
fn row(facts: &TypeFacts) -> String {
    let yes = |answer: bool| if answer { "yes" } else { "no" };
    let handlers = facts.handlers;
    [
        facts.name.to_owned(),
        yes(handlers.create).to_owned(),
        yes(handlers.read).to_owned(),
        yes(handlers.update).to_owned(),
        yes(handlers.delete).to_owned(),
        yes(handlers.list).to_owned(),
        facts.list_needs_input.to_owned(),
        facts.primary_identifier.join(","),
        match facts.identifier {
            IdentifierClass::Settable => "yes",
            IdentifierClass::Partial => "partial",
            IdentifierClass::Assigned => "no",
        }
        .to_owned(),
        facts.taggable.map_or("unknown", yes).to_owned(),
        facts.tag_property.unwrap_or_default().to_owned(),
        facts.properties.to_string(),
        facts.read_only.to_string(),
        facts.create_only.to_string(),
        facts.write_only.to_string(),
        yes(facts.has_property_transform).to_owned(),
        match facts.replacement_strategy {
            Some(ReplacementStrategy::CreateThenDelete) => "create_then_delete",
            Some(ReplacementStrategy::DeleteThenCreate) => "delete_then_create",
            None => "",
        }
        .to_owned(),
    ]
    .join("\t")
}

#[test]
fn every_row_of_the_facts_table_is_what_the_catalog_says() {
    let mut rows = 0;
    let mut differences = Vec::new();
    for line in TABLE.lines().skip(1) {
        rows += 1;
        let name = line.split('\t').next().unwrap_or_default();
        let here = catalog().facts(name).map(|facts| row(&facts)).unwrap_or_default();
        if here != line {
            differences.push(format!("table   {line}\ncatalog {here}"));
        }
    }
    assert_eq!(differences, Vec::<String>::new());
    assert_eq!(rows, 1854);
}
