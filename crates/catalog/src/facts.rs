//! Facts of a type that need no schema: handlers, identifier, tags, counts, life cycle, regions.

use crate::format::{COLUMNS, Column, Place};
use stack_core::schema::ReplacementStrategy;

/// Facts of one type, read from one line of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeFacts {
    /// `AWS::Service::Resource`.
    pub name: &'static str,
    /// Which handlers there are.
    pub handlers: HandlerSet,
    /// Keys that a list needs: `A,B` all of them, `A|B+C` either A or B with C; empty: none (cloud-control 2.5).
    pub list_needs_input: &'static str,
    /// Parts of the identifier in the service's order, nested ones as `A/B`.
    pub primary_identifier: Vec<&'static str>,
    /// Who decides the identifier (cloud-control 2.3).
    pub identifier: IdentifierClass,
    /// `None`: the schema does not say, which counts as no.
    pub taggable: Option<bool>,
    /// The property that holds tags.
    pub tag_property: Option<&'static str>,
    /// Top-level properties.
    pub properties: usize,
    /// Read-only paths, nested ones included.
    pub read_only: usize,
    /// Create-only paths, nested ones included.
    pub create_only: usize,
    /// Write-only paths, nested ones included.
    pub write_only: usize,
    /// True if the service is known to normalise some value.
    pub has_property_transform: bool,
    /// `None`: not declared, which means create first.
    pub replacement_strategy: Option<ReplacementStrategy>,
    /// Set for types on their way out.
    pub lifecycle: Option<Lifecycle>,
    /// `service.plural`, the name of the table without its provider.
    pub table: &'static str,
    /// `service.singular` of the older `aws` provider.
    pub singular: &'static str,
    pub(crate) regions: u64,
    pub(crate) schema: Place,
    pub(crate) docs: Place,
}

/// Which handlers a type has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HandlerSet {
    /// CreateResource.
    pub create: bool,
    /// GetResource.
    pub read: bool,
    /// UpdateResource.
    pub update: bool,
    /// DeleteResource.
    pub delete: bool,
    /// ListResources.
    pub list: bool,
}

/// Who decides the identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentifierClass {
    /// Every part is a property that the user sets.
    Settable,
    /// Some parts come from the service.
    Partial,
    /// All parts come from the service.
    Assigned,
}

/// How Cloud Control can work with a type (DescribeType `ProvisioningType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provisioning {
    /// Create, read, update and delete.
    FullyMutable,
    /// No update: any change is a replacement.
    Immutable,
    /// Not at all.
    NonProvisionable,
}

impl Provisioning {
    /// The word of DescribeType.
    pub fn wire(self) -> &'static str {
        match self {
            Self::FullyMutable => "FULLY_MUTABLE",
            Self::Immutable => "IMMUTABLE",
            Self::NonProvisionable => "NON_PROVISIONABLE",
        }
    }
}

/// The end of a type's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifecycle {
    /// `sunset`, `shutdown` or `maintenance`.
    pub status: &'static str,
    /// ISO date, if announced.
    pub date: Option<&'static str>,
}

impl TypeFacts {
    /// What Cloud Control can do with it (cloud-control 2.2).
    pub fn provisioning(&self) -> Provisioning {
        let HandlerSet { create, read, update, delete, .. } = self.handlers;
        match (create && read && delete, update) {
            (true, true) => Provisioning::FullyMutable,
            (true, false) => Provisioning::Immutable,
            (false, _) => Provisioning::NonProvisionable,
        }
    }

    /// Reads a line of the facts section. `None` if it is damaged.
    pub(crate) fn parse(line: &'static str) -> Option<Self> {
        let columns: Vec<&'static str> = line.split('\t').collect();
        let columns: [&'static str; COLUMNS] = columns.try_into().ok()?;
        let at = |column: Column| columns[column as usize];
        let count = |column: Column| at(column).parse::<usize>().ok();
        let filled = |column: Column| Some(at(column)).filter(|text| !text.is_empty());
        let handlers = at(Column::Handlers);
        Some(Self {
            name: at(Column::Name),
            handlers: HandlerSet {
                create: handlers.contains('c'),
                read: handlers.contains('r'),
                update: handlers.contains('u'),
                delete: handlers.contains('d'),
                list: handlers.contains('l'),
            },
            list_needs_input: at(Column::ListNeedsInput),
            primary_identifier: at(Column::PrimaryIdentifier).split(',').collect(),
            identifier: match at(Column::IdentifierUserSettable) {
                "yes" => IdentifierClass::Settable,
                "partial" => IdentifierClass::Partial,
                "no" => IdentifierClass::Assigned,
                _ => return None,
            },
            taggable: match at(Column::Taggable) {
                "yes" => Some(true),
                "no" => Some(false),
                "unknown" => None,
                _ => return None,
            },
            tag_property: filled(Column::TagProperty),
            properties: count(Column::Properties)?,
            read_only: count(Column::ReadOnly)?,
            create_only: count(Column::CreateOnly)?,
            write_only: count(Column::WriteOnly)?,
            has_property_transform: at(Column::PropertyTransform) == "yes",
            replacement_strategy: match at(Column::ReplacementStrategy) {
                "create_then_delete" => Some(ReplacementStrategy::CreateThenDelete),
                "delete_then_create" => Some(ReplacementStrategy::DeleteThenCreate),
                "" => None,
                _ => return None,
            },
            lifecycle: filled(Column::Lifecycle)
                .map(|status| Lifecycle { status, date: filled(Column::LifecycleDate) }),
            table: at(Column::Table),
            singular: at(Column::Singular),
            regions: u64::from_str_radix(at(Column::Regions), 16).ok()?,
            schema: Place::parse(at(Column::Schema))?,
            docs: Place::parse(at(Column::Docs))?,
        })
    }
}
