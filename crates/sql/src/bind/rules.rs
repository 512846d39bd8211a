//! What a table must know before it can be asked.

use super::Parent;
use crate::parameters::{Parameter, ParameterKind, SqlVerb};
use crate::source::{Form, Kind, Raw, Source};
use stack_catalog::Catalog;
use stack_core::ids::TypeName;

/// The parameters that a table lacks, where `has` holds for those that are there. Regions have defaults.
pub(super) fn lacking(source: &Source, has: impl Fn(ParameterKind, &str) -> bool) -> Vec<String> {
    use ParameterKind as P;
    let needs = |kinds: &[(P, &str)]| -> Vec<String> {
        kinds.iter().filter(|(kind, name)| !has(*kind, name)).map(|(_, name)| (*name).to_owned()).collect()
    };
    match &source.kind {
        Kind::Rest(rest) => rest.lacking(has),
        Kind::Type { form: Form::Singular, .. } => needs(&[(P::Identifier, "Identifier")]),
        Kind::Type { form, schema, .. } => {
            if *form != Form::ListOnly {
                if has(P::Identifier, "Identifier") {
                    return Vec::new();
                }
                if schema.handlers.list.is_none() {
                    return vec!["Identifier".to_owned()];
                }
            }
            if has(P::ResourceModel, "ResourceModel") {
                return Vec::new();
            }
            let needs = source.list_needs();
            needs.missing(|name| has(P::ListInput, name)).into_iter().map(str::to_owned).collect()
        }
        Kind::CloudControl(Raw::Resource) => {
            needs(&[(P::TypeName, "TypeName"), (P::Identifier, "Identifier")])
        }
        Kind::CloudControl(Raw::Resources) => needs(&[(P::TypeName, "TypeName")]),
        Kind::CloudControl(Raw::ResourceRequest) => needs(&[(P::RequestToken, "RequestToken")]),
        Kind::Tagging | Kind::CloudControl(_) | Kind::View(_) => Vec::new(),
    }
}

/// The methods that a SELECT tries, with what they need: `get_resource (Identifier, region)`.
pub(super) fn tried(source: &Source) -> String {
    let own = source
        .methods()
        .into_iter()
        .filter(|method| method.verb == SqlVerb::Select && method.table.is_none());
    let shown = own.map(|method| format!("{} ({})", method.name, method.required.join(", ")));
    shown.collect::<Vec<_>>().join(", ")
}

/// Parents that no name tells: type, property, and the type whose identifier the property holds.
const PARENTS: &[(&str, &str, &str)] =
    &[("AWS::Connect::IntegrationAssociation", "InstanceId", "AWS::Connect::Instance")];

/// The type that is listed first, where a list lacks nothing but the name of a parent: the one type of the service that
/// can be listed by itself and is identified by a property of this name, or by one that is the rest of it after the
/// type's own name (`InstanceArn` is the `Arn` of an `Instance`).
pub(super) fn parent(source: &Source, lacks: &[String], catalog: &Catalog) -> Option<Parent> {
    let Kind::Type { ty, .. } = &source.kind else { return None };
    let [name] = lacks else { return None };
    if !source.list_needs().names().contains(&name.as_str()) {
        return None;
    }
    let parameter = Parameter { name: name.clone(), kind: ParameterKind::ListInput };
    let known = PARENTS.iter().find(|(of, property, _)| *of == ty.as_str() && property == name);
    if let Some((_, _, parent)) = known {
        return Some(Parent { ty: TypeName::new(parent), parameter });
    }
    let service = format!("{}::", ty.as_str().rsplit_once("::")?.0);
    let identified = |other: &str, by: &str| {
        catalog.facts(other).is_some_and(|facts| {
            facts.handlers.list && facts.list_needs_input.is_empty() && facts.primary_identifier == [by]
        })
    };
    let siblings = || catalog.types().filter(|other| other.starts_with(&service) && *other != ty.as_str());
    let mut same = siblings().filter(|other| identified(other, name));
    let one = match (same.next(), same.next()) {
        (Some(one), None) => one,
        (Some(_), Some(_)) => return None,
        _ => siblings().find(|other| {
            let rest = name.strip_prefix(other.strip_prefix(&service).unwrap_or(other));
            rest.is_some_and(|rest| !rest.is_empty() && identified(other, rest))
        })?,
    };
    Some(Parent { ty: TypeName::new(one), parameter })
}
