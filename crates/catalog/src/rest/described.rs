//! What a definition says to tables and statements.

use super::Definition;
use super::form::{Auth, PagingKind};
use super::template::{Part, Template};
use stack_core::rest::{Described, MethodNames, PageInputs};
use stack_core::value::Value;

impl Described for Definition {
    fn is_regional(&self) -> bool {
        matches!(self.endpoint.auth, Auth::Sigv4 { .. })
    }

    fn property_of(&self, column: &str) -> Option<&str> {
        self.property_of(column)
    }

    fn is_nesting(&self, name: &str) -> bool {
        self.schema().overlay.accepts.nests(name)
    }

    fn normal(&self, props: Value) -> Value {
        self.normal(props)
    }

    fn identity(&self) -> &[String] {
        self.resource.needed_parts()
    }

    fn inputs(&self) -> Vec<&str> {
        let listed = self.list_templates().flat_map(Template::variables);
        let beside = self.resource.properties.iter().filter(|(_, property)| property.in_body == Some(false));
        let beside = beside.map(|(name, _)| name.as_str());
        let mut all: Vec<&str> = Vec::new();
        for name in self.resource.identity.iter().map(String::as_str).chain(listed).chain(beside) {
            if !all.contains(&name) && self.resource.properties.contains_key(name) {
                all.push(name);
            }
        }
        all
    }

    fn shared(&self) -> Vec<&str> {
        let list = self.resource.list.iter().flat_map(|list| list.query.keys().chain(list.filter.keys()));
        let read = self.resource.read.iter().flat_map(|read| read.query.keys());
        let mut all: Vec<&str> = Vec::new();
        for name in list.chain(read) {
            let answered = self.property(name).is_some_and(|property| property.in_body != Some(false));
            if answered && !all.contains(&name.as_str()) {
                all.push(name);
            }
        }
        all
    }

    fn other_names(&self, property: &str) -> &[String] {
        self.property(property).map(|property| property.aliases.as_slice()).unwrap_or_default()
    }

    fn description(&self, property: &str) -> &str {
        self.property(property).map(|property| property.description.as_str()).unwrap_or_default()
    }

    fn lists_whole(&self) -> bool {
        let list_parts = || self.resource.list.iter().flat_map(|list| &list.parts);
        let read_parts = self.resource.read.iter().flat_map(|read| &read.parts);
        let has_parts =
            read_parts.map(|part| &part.into).any(|into| !list_parts().any(|part| part.into == *into));
        let names_only = self.resource.list.as_ref().is_some_and(|list| list.names.is_some());
        !(has_parts || names_only && self.resource.read.is_some())
    }

    fn pages(&self) -> PageInputs<'_> {
        let paging = self.resource.list.as_ref().and_then(|list| list.paging.as_ref());
        let Some(paging) = paging else { return PageInputs::default() };
        // The token of a URL is encoded already, and nobody writes one.
        let is_token = paging.kind == PagingKind::Token;
        PageInputs {
            size: paging.size_param.as_deref().zip(paging.size),
            token: paging.param.as_deref().filter(|_| is_token).map(|name| (name, paging.token_length)),
        }
    }

    /// As StackQL calls them, where the path has the form that those names follow: `get_org_v2_environment` of
    /// `/org/v2/environments` (stackql-compat 6.5). Else after the table.
    fn methods(&self) -> MethodNames {
        let resource = &self.resource;
        let list = resource.list.as_ref().map(|list| &list.path);
        let collection = list.or_else(|| resource.create.as_ref().map(|create| &create.path));
        let short = resource.name.rsplit('.').next().unwrap_or_default();
        let (prefix, plural) = collection.and_then(versioned).unwrap_or((String::new(), short.to_owned()));
        let one = format!("{prefix}{}", singular(&plural));
        MethodNames {
            create: resource.create.as_ref().map(|_| format!("create_{one}")),
            read: resource.read.as_ref().map(|_| format!("get_{one}")),
            list: resource.list.as_ref().map(|_| format!("list_{prefix}{plural}")),
            update: resource.update.as_ref().map(|_| format!("update_{one}")),
            delete: resource.delete.as_ref().map(|_| format!("delete_{one}")),
        }
    }
}

impl Definition {
    fn list_templates(&self) -> impl Iterator<Item = &Template> {
        let list = self.resource.list.iter();
        list.flat_map(|list| {
            std::iter::once(&list.path).chain(list.query.values()).chain(list.filter.values())
        })
    }
}

/// `org_v2_` and `environments` of `/org/v2/environments`; what stands between version and last variable is left out.
fn versioned(path: &Template) -> Option<(String, String)> {
    let mut text = String::new();
    for part in path.parts() {
        match part {
            Part::Text(literal) => text.push_str(literal),
            Part::Variable { .. } => text.push('{'),
        }
    }
    let mut segments = text.split('/').filter(|segment| !segment.is_empty());
    let (service, version) = (segments.next()?, segments.next()?);
    let is_version = version.strip_prefix('v').is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    let rest: Vec<&str> = segments.collect();
    let own = rest.rsplit(|segment| segment.contains('{')).next()?;
    if !is_version || own.is_empty() {
        return None;
    }
    let snake = |text: &str| text.replace('-', "_");
    Some((format!("{}_{version}_", snake(service)), snake(&own.join("_"))))
}

fn singular(plural: &str) -> String {
    match plural {
        _ if plural.ends_with("ies") => format!("{}y", &plural[..plural.len() - 3]),
        _ if plural.ends_with("sses") => plural[..plural.len() - 2].to_owned(),
        _ => plural.strip_suffix('s').unwrap_or(plural).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Definitions;
    use super::*;

    fn definition(name: &str) -> &'static Definition {
        let all = Definitions::embedded();
        all.get(all.named(name).unwrap()).unwrap()
    }

    #[test]
    fn methods_are_called_as_elsewhere() {
        let methods = definition("confluent.provider_integrations.integrations").methods();
        assert_eq!(methods.create.as_deref(), Some("create_pim_v1_integration"));
        assert_eq!(methods.list.as_deref(), Some("list_pim_v1_integrations"));
        assert_eq!(methods.update, None);
        let of = |name: &str| definition(name).methods().read;
        for (name, expected) in [
            ("confluent.iam.identity_pools", "get_iam_v2_identity_pool"),
            ("confluent.iam.group_mappings", "get_iam_v2_sso_group_mapping"),
            ("confluent.networking.private_link_accesses", "get_networking_v1_private_link_access"),
            ("confluent.quotas.client_quotas", "get_kafka_quotas_v1_client_quota"),
        ] {
            assert_eq!(of(name).as_deref(), Some(expected));
        }
        let list = definition("aws.appintegrations.data_integration_associations").methods().list;
        assert_eq!(list.as_deref(), Some("list_data_integration_associations"));
    }

    #[test]
    fn inputs_are_the_identity_and_what_lists_and_hosts_need() {
        let topics = definition("confluent.kafka.topics").inputs();
        assert_eq!(
            topics,
            ["cluster_id", "topic_name", "rest_endpoint", "kafka_endpoint_id", "region", "cloud_provider"]
        );
        assert_eq!(definition("confluent.provider_integrations.integrations").shared(), ["environment"]);
        assert!(definition("kafka.kafka.topics").lists_whole(), "its list has the parts of its read");
        assert!(!definition("kafka.kafka.cluster_links").lists_whole());
        let clusters = definition("confluent.managed_kafka_clusters.clusters");
        assert!(clusters.is_nesting("data__spec") && !clusters.is_nesting("environment"));
    }
}
