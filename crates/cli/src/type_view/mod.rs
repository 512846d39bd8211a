//! A resource type as `schema TYPE` tells it: one value for text and JSON.

pub(crate) mod traps;
mod tree;

use crate::schemas::CachedSchemas;
use serde::Serialize;
use serde_json::Value as Json;
use stack_catalog::permissions::{Operation, listed, normalised};
use stack_catalog::{Catalog, docs::Documentation};
use stack_core::identity::part_name;
use stack_core::ids::TypeName;
use stack_core::pointer::{Pointer, PropertyPath};
use stack_core::schema::{Node, ReplacementStrategy, ResourceSchema, Schemas, TagForm, UnknownType};

pub use traps::Trap;
pub use tree::PropertyView;

/// A type.
#[derive(Clone, Debug, Serialize)]
pub struct TypeView {
    /// `AWS::Service::Resource`.
    #[serde(rename = "type")]
    pub ty: String,
    /// Dotted names, `awscc` first.
    pub names: Vec<String>,
    /// What it is.
    pub description: String,
    /// The user guide's page.
    pub documentation_url: Option<String>,
    /// Where the schema comes from.
    pub source: SourceView,
    /// `fully_mutable`, `immutable` or `non_provisionable`.
    pub provisioning: &'static str,
    /// Types to use in place of one that cannot be managed.
    pub use_instead: Vec<String>,
    /// `sunset`, `shutdown` or `maintenance`, with the day if it is announced.
    pub lifecycle: Option<LifecycleView>,
    /// What can be done.
    pub operations: Vec<OperationView>,
    /// `create_first` or `delete_first`.
    pub replacement: &'static str,
    /// What names it.
    pub identifier: IdentityView,
    /// What a list needs as input.
    pub list_input: ListInput,
    /// How it is tagged.
    pub tags: Option<TagsView>,
    /// Regions that have it, of those that are known.
    pub available_in: Vec<String>,
    /// Regions that do not have it, of those that are known.
    pub absent_in: Vec<String>,
    /// Rules over several properties.
    pub rules: Vec<String>,
    /// The property tree.
    pub properties: Vec<PropertyView>,
    /// What the schema does not say, or says wrongly.
    pub traps: Vec<Trap>,
    /// Why that is believed.
    pub evidence: Vec<String>,
}

/// Where a schema comes from.
#[derive(Clone, Debug, Serialize)]
pub struct SourceView {
    /// `catalog`, `cache` or `definition`.
    pub from: &'static str,
    /// Package and version, region, or whose definition.
    pub what: String,
    /// Day. Empty: definitions have none.
    pub date: String,
}

/// The end of a type's life.
#[derive(Clone, Debug, Serialize)]
pub struct LifecycleView {
    /// `sunset`, `shutdown` or `maintenance`.
    pub status: String,
    /// ISO date.
    pub date: Option<String>,
}

/// An operation.
#[derive(Clone, Debug, Serialize)]
pub struct OperationView {
    /// `create`, `read`, `update`, `delete` or `list`.
    pub operation: &'static str,
    /// Minutes until the service gives up.
    pub timeout_minutes: u64,
    /// IAM actions that the handler calls.
    pub permissions: Vec<String>,
}

/// What names a resource.
#[derive(Clone, Debug, Serialize)]
pub struct IdentityView {
    /// Parts in the service's order.
    pub parts: Vec<PartView>,
    /// `settable`, `partial` or `assigned`.
    pub class: &'static str,
    /// Other sets of properties that identify it.
    pub additional: Vec<Vec<String>>,
    /// How it is found again without a state file, in the order of the attempts.
    pub found_by: Vec<String>,
}

/// A part of an identifier.
#[derive(Clone, Debug, Serialize)]
pub struct PartView {
    /// Name.
    pub name: String,
    /// `you` or `service`.
    pub set_by: &'static str,
    /// What the service takes where the part is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Json>,
}

/// What a list needs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ListInput {
    /// Alternatives; each is a set of keys that are needed together. Empty: nothing is needed.
    pub needs: Vec<Vec<String>>,
    /// Keys that may be given.
    pub accepts: Vec<String>,
}

/// How a type is tagged.
#[derive(Clone, Debug, Serialize)]
pub struct TagsView {
    /// The property.
    pub property: String,
    /// `list` of Key and Value, or `map`.
    pub form: &'static str,
    /// Can they be given at create?
    pub on_create: bool,
    /// Can they change later?
    pub updatable: bool,
    /// Do reads show them?
    pub readable: bool,
    /// Actions needed.
    pub permissions: Vec<String>,
}

/// Makes the view of a type.
///
/// # Errors
/// No such type.
pub fn of(schemas: &CachedSchemas, ty: &TypeName) -> Result<TypeView, UnknownType> {
    let catalog = Catalog::embedded();
    let schema = schemas.schema(ty)?;
    let docs = schemas.documentation(ty);
    let entry = schemas.entry(ty);
    let correction = catalog.correction(ty);
    let awscc = catalog.awscc_name(ty);
    let aws = catalog.aws_names(ty);
    let definition = schemas.rest().get(ty);
    // Only published schemas tell regions.
    let regions = catalog.regions().filter(|_| definition.is_none()).map(str::to_owned);
    let (available_in, absent_in): (Vec<String>, Vec<String>) =
        regions.partition(|region| schemas.available_in(ty, region));
    let lifecycle = catalog.facts(ty.as_str()).and_then(|facts| facts.lifecycle);
    Ok(TypeView {
        ty: ty.to_string(),
        names: match definition {
            Some(definition) => std::iter::once(&definition.resource.name)
                .chain(&definition.resource.aliases)
                .cloned()
                .collect(),
            None => awscc.into_iter().chain(aws.plural).chain(aws.singular).collect(),
        },
        description: docs.description().to_owned(),
        documentation_url: docs.url().map(str::to_owned),
        source: match (&entry, definition) {
            (_, Some(definition)) => SourceView {
                from: "definition",
                what: match definition.is_users {
                    true => "a definition file of yours".to_owned(),
                    false => "a definition file that is built in".to_owned(),
                },
                date: String::new(),
            },
            (Some(entry), None) => SourceView {
                from: "cache",
                what: format!("the registry of {}", entry.region),
                date: entry.fetched_at.clone(),
            },
            (None, None) => {
                let source = catalog.source();
                SourceView {
                    from: "catalog",
                    what: format!("{} {}", source.package, source.version),
                    date: source.date().to_owned(),
                }
            }
        },
        provisioning: match (schema.is_provisionable(), schema.is_immutable()) {
            (true, false) => "fully_mutable",
            (true, true) => "immutable",
            (false, _) => "non_provisionable",
        },
        use_instead: schema.overlay.use_instead.iter().map(ToString::to_string).collect(),
        lifecycle: lifecycle.map(|lifecycle| LifecycleView {
            status: lifecycle.status.to_owned(),
            date: lifecycle.date.map(str::to_owned),
        }),
        operations: operations(&schema),
        replacement: match schema.replacement_strategy {
            Some(ReplacementStrategy::DeleteThenCreate) => "delete_first",
            _ => "create_first",
        },
        identifier: identity(&schema),
        list_input: list_input(&schema),
        tags: tags(&schema),
        available_in,
        absent_in,
        rules: tree::rules(&schema, &schema.root),
        properties: tree::properties(&schema, &docs),
        traps: traps::of(&schema, correction.as_ref()),
        evidence: correction.map(|correction| correction.evidence).unwrap_or_default(),
    })
}

/// The view of one place: the property and what is below it.
pub fn at(
    schemas: &CachedSchemas,
    ty: &TypeName,
    path: &Pointer,
) -> Result<Option<PropertyView>, UnknownType> {
    let schema = schemas.schema(ty)?;
    let docs: Documentation = schemas.documentation(ty);
    Ok(tree::property(&schema, &docs, path))
}

fn operations(schema: &ResourceSchema) -> Vec<OperationView> {
    Operation::ALL
        .into_iter()
        .filter_map(|operation| {
            let handler = operation.handler(&schema.handlers)?;
            Some(OperationView {
                operation: operation.name(),
                timeout_minutes: handler.timeout_minutes(),
                permissions: listed(schema, operation).unwrap_or_default(),
            })
        })
        .collect()
}

fn identity(schema: &ResourceSchema) -> IdentityView {
    let by_service =
        |path: &PropertyPath| path.as_pointer().is_none_or(|at| schema.read_only_properties.covers(&at));
    let parts: Vec<PartView> = schema
        .primary_identifier
        .iter()
        .map(|path| PartView {
            name: part_name(path),
            set_by: if by_service(path) { "service" } else { "you" },
            default: schema.overlay.identifier_defaults.get(path).cloned(),
        })
        .collect();
    let by_you = parts.iter().filter(|part| part.set_by == "you").count();
    let class = match by_you {
        0 => "assigned",
        n if n == parts.len() => "settable",
        _ => "partial",
    };
    let additional: Vec<Vec<String>> =
        schema.additional_identifiers.iter().map(|set| set.iter().map(part_name).collect()).collect();
    let names = |parts: &[String]| parts.join(" and ");
    let mut found_by = vec!["`identifier` in the manifest".to_owned()];
    if class == "settable" {
        let all: Vec<String> = parts.iter().map(|part| part.name.clone()).collect();
        found_by.push(format!("declared {}", names(&all)));
    }
    for (set, declared) in schema.additional_identifiers.iter().zip(&additional) {
        if !set.iter().any(by_service) {
            found_by.push(format!("declared {}", names(declared)));
        }
    }
    if class != "settable" {
        if schema.tags_updatable() && schema.tags_readable() {
            found_by.push("this stack's tags".to_owned());
        } else if schema.tag_property().is_some() {
            found_by.push("this stack's tags, as far as the tag index knows them".to_owned());
        }
        let key: Vec<String> = schema.overlay.natural_key.iter().map(part_name).collect();
        if !key.is_empty() && schema.handlers.list.is_some() {
            found_by.push(format!("a listing with the same {}", names(&key)));
        } else if schema.handlers.list.is_some() {
            found_by.push("a listing whose create-only values match".to_owned());
        }
    }
    IdentityView { parts, class, additional, found_by }
}

fn list_input(schema: &ResourceSchema) -> ListInput {
    let handler = schema.handlers.list.as_ref().and_then(|handler| handler.handler_schema.as_deref());
    let Some(node) = handler else { return ListInput::default() };
    let mut needs: Vec<Vec<String>> = Vec::new();
    let choices: Vec<&Node> = node.one_of.iter().chain(&node.any_of).collect();
    for choice in choices {
        let together: Vec<String> = node.required.iter().chain(&choice.required).cloned().collect();
        if !together.is_empty() {
            needs.push(together);
        }
    }
    if needs.is_empty() && !node.required.is_empty() {
        needs.push(node.required.clone());
    }
    let accepts =
        node.properties.keys().filter(|name| !needs.iter().flatten().any(|need| need == *name)).cloned();
    ListInput { accepts: accepts.collect(), needs }
}

fn tags(schema: &ResourceSchema) -> Option<TagsView> {
    let (property, form) = schema.tag_property()?;
    let tagging = schema.tagging.as_ref();
    Some(TagsView {
        property: property.to_owned(),
        form: match form {
            TagForm::KeyValueList => "list",
            TagForm::Map => "map",
        },
        on_create: tagging.is_none_or(|tagging| tagging.tag_on_create),
        updatable: schema.tags_updatable(),
        readable: schema.tags_readable(),
        permissions: normalised(tagging.iter().flat_map(|tagging| &tagging.permissions)),
    })
}
