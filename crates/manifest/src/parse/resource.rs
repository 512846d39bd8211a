//! `resources`.

use crate::codes;
use crate::flow::{FlowKind, KINDS};
use crate::model::{ExportDecl, Kind, LifecycleDecl, ResourceDecl};
use crate::parse::flow::kind_of;
use crate::parse::node::{Members, Node, Reader};
use crate::path::Path;
use serde_json::Value as Json;
use stack_core::diagnostic::{Diagnostic, Part, nearest};
use stack_core::ids::Address;
use stack_core::naming::{TableColumn, column_name, find_property};
use std::collections::HashMap;

const RESOURCE_KEYS: &[&str] = &[
    "name",
    "type",
    "file",
    "sql",
    "run",
    "props",
    "exports",
    "protected",
    "description",
    "if",
    "skip_validation",
    "auth",
    "return_vals",
    "region",
    "for_each",
    "identifier",
    "id",
    "depends_on",
    "formerly",
    "state",
    "role_arn",
    "type_version_id",
    "lifecycle",
];
const LIFECYCLE_KEYS: &[&str] =
    &["prevent_destroy", "ignore_changes", "replace", "adopt", "secret_version", "timeout"];

impl Reader<'_> {
    pub(crate) fn resources(&mut self, node: &Node<'_>) -> Vec<ResourceDecl> {
        let mut seen: HashMap<String, Path> = HashMap::new();
        let mut out: Vec<ResourceDecl> = Vec::new();
        for item in self.list(node, "`resources`") {
            let Some(members) = self.mapping(&item, "a resource") else { continue };
            self.keys(&members, "a resource", RESOURCE_KEYS);
            let Some(name) = self.name(&members, "this resource") else { continue };
            if name.contains('[') {
                self.push(
                    Diagnostic::error(codes::BAD_NAME, format!("the name `{name}` holds a `[`"))
                        .at(members.path.key("name").route(), "")
                        .next("take it out: `name[\"key\"]` is the address of an instance of `for_each`"),
                );
            }
            let doubled = seen.contains_key(&name);
            self.once(&mut seen, &name, &members.path.key("name"), "resource");
            let resource = self.resource(&name, &members);
            if !doubled {
                out.push(resource);
            }
        }
        out
    }

    fn resource(&mut self, name: &str, members: &Members<'_>) -> ResourceDecl {
        let (declared_type, kind) = self.kind(name, members);
        if members.given("identifier").is_some()
            && let Some(id) = members.given("id")
        {
            self.push(
                Diagnostic::error(codes::BAD_IDENTIFIER, format!("{name} has both `identifier` and `id`"))
                    .at_key(id.path.route(), "")
                    .next("keep one: `id` is another name of `identifier`"),
            );
        }
        let props = members.get("props");
        let props_path = props.as_ref().map_or_else(|| members.path.clone(), |p| p.path.clone());
        let spot = |reader: &mut Self, key: &str| members.given(key).map(|n| reader.spot(&n));
        let mut resource = ResourceDecl {
            address: Address::new(name),
            path: members.path.clone(),
            declared_type,
            has_type: members.given("type").is_some(),
            props: props.map_or_else(Vec::new, |p| self.props(&p)),
            props_path,
            exports: Vec::new(),
            protected: members.given("protected").map_or_else(Vec::new, |n| {
                self.texts(&n, "`protected`").into_iter().map(|(text, _)| text).collect()
            }),
            auth: members.given("auth").map_or_else(Vec::new, |n| self.auth(&n)),
            when: spot(self, "if"),
            for_each: members.given("for_each").map(|n| self.value(&n)),
            state: spot(self, "state"),
            formerly: spot(self, "formerly"),
            depends_on: members.given("depends_on").map_or_else(Vec::new, |n| self.texts(&n, "`depends_on`")),
            orders_itself: members.get("depends_on").is_some(),
            identifier: spot(self, "identifier").or_else(|| spot(self, "id")),
            region: spot(self, "region"),
            role_arn: spot(self, "role_arn"),
            type_version_id: spot(self, "type_version_id"),
            lifecycle: members.given("lifecycle").map_or_else(LifecycleDecl::default, |n| self.lifecycle(&n)),
            kind,
        };
        if let Some(node) = members.given("exports") {
            resource.exports = self.exports(&node, &resource);
        }
        self.check_exports(&resource, members);
        if let Kind::Flow(flow) = &mut resource.kind {
            // Those without effect, which was said.
            match flow.flow.kind {
                FlowKind::Command => resource.exports.clear(),
                FlowKind::Script => resource.exports.retain(|export| export.property == export.variable),
                FlowKind::Resource | FlowKind::Multi | FlowKind::Query => {}
            }
            let auth = resource.auth.iter();
            flow.flow.auth = auth.map(|entry| (entry.key.clone(), entry.value.clone())).collect();
        }
        resource
    }

    fn kind(&mut self, name: &str, members: &Members<'_>) -> (String, Kind) {
        let Some(node) = members.given("type") else {
            self.without_effect(name, "resource", Some(FlowKind::Resource), members);
            return ("resource".to_owned(), self.flow(name, FlowKind::Resource, members));
        };
        let Some(declared) = self.text(&node, "`type`") else { return (String::new(), Kind::Unusable) };
        let flow = kind_of(&declared);
        self.without_effect(name, &declared, flow, members);
        if let Some(kind) = flow {
            let kind = self.flow(name, kind, members);
            return (declared, kind);
        }
        if !declared.contains('.') && !declared.contains("::") {
            let near = nearest(&declared, KINDS.iter().map(|(name, _)| *name));
            self.push(
                Diagnostic::error(codes::UNKNOWN_TYPE, format!("there is no resource type `{declared}`"))
                    .at(node.path.route(), near.map_or_else(String::new, |n| format!("did you mean `{n}`?")))
                    .next("write a type such as `awscc.s3.buckets` or `AWS::S3::Bucket`"),
            );
            return (declared, Kind::Unusable);
        }
        let found = self
            .schemas
            .canonical(&declared)
            .and_then(|ty| self.schemas.schema(&ty).map(|schema| (ty, schema)));
        match found {
            Ok((ty, schema)) => (declared, Kind::Typed(ty, schema)),
            Err(unknown) => {
                let head = declared.split(['.', ':']).next().unwrap_or_default().to_ascii_lowercase();
                if !matches!(head.as_str(), "aws" | "awscc")
                    && unknown.near.is_empty()
                    && unknown.why.is_none()
                {
                    self.push(
                        Diagnostic::error(
                            codes::UNKNOWN_TYPE,
                            format!("nothing describes the provider of `{declared}`"),
                        )
                        .at(node.path.route(), "")
                        .next(
                            "describe its service in a file below `definitions/`: docs/guide/own-service.md",
                        ),
                    );
                    return (declared, Kind::Unusable);
                }
                let label = match (&unknown.why, unknown.near.as_slice()) {
                    (Some(why), _) => why.clone(),
                    (None, []) => String::new(),
                    (None, [one]) => format!("did you mean `{one}`?"),
                    (None, near) => {
                        let quoted: Vec<String> = near.iter().map(|n| format!("`{n}`")).collect();
                        format!("did you mean {}?", quoted.join(" or "))
                    }
                };
                self.push(
                    Diagnostic::error(codes::UNKNOWN_TYPE, format!("there is no resource type `{declared}`"))
                        .at(node.path.route(), label),
                );
                (declared, Kind::Unusable)
            }
        }
    }

    fn lifecycle(&mut self, node: &Node<'_>) -> LifecycleDecl {
        let Some(members) = self.mapping(node, "`lifecycle`") else { return LifecycleDecl::default() };
        self.keys(&members, "`lifecycle`", LIFECYCLE_KEYS);
        let mut spot = |key: &str| members.given(key).map(|n| self.spot(&n));
        LifecycleDecl {
            prevent_destroy: spot("prevent_destroy"),
            ignore_changes: spot("ignore_changes"),
            replace: spot("replace"),
            adopt: spot("adopt"),
            secret_version: spot("secret_version"),
            timeout: spot("timeout"),
        }
    }

    /// Texts, mappings `{property: variable}`, and both mixed.
    fn exports(&mut self, node: &Node<'_>, resource: &ResourceDecl) -> Vec<ExportDecl> {
        let mut out = Vec::new();
        for item in self.list(node, "`exports`") {
            match item.json {
                Json::Object(_) => {
                    let Some(members) = item.members() else { continue };
                    for (property, value) in members.iter() {
                        if let Some(variable) = self.text(&value, "an export") {
                            self.export(property, variable, (value.path, Part::Key), resource, &mut out);
                        }
                    }
                }
                _ => {
                    if let Some(name) = self.text(&item, "an export") {
                        self.export(&name.clone(), name, (item.path, Part::Value), resource, &mut out);
                    }
                }
            }
        }
        out
    }

    fn export(
        &mut self,
        property: &str,
        variable: String,
        at: (Path, Part),
        resource: &ResourceDecl,
        out: &mut Vec<ExportDecl>,
    ) {
        let head = property.split('.').next().unwrap_or_default();
        let mut columns: Vec<String> = Vec::new();
        let known = match &resource.kind {
            Kind::Typed(ty, schema) => Some((ty, schema)),
            Kind::Flow(flow) => flow.of().map(|of| (&of.ty, &of.schema)),
            Kind::Unusable => None,
        };
        if let Some((ty, schema)) = known {
            let mut names: Vec<&str> = schema.root.properties.keys().map(String::as_str).collect();
            let mut is_known = find_property(head, names.iter().copied()).is_some();
            if matches!(resource.kind, Kind::Flow(_)) {
                is_known |= TableColumn::named(head, schema).is_some();
                // What statements name are columns.
                columns.extend(names.iter().map(|name| column_name(name)));
                names = columns.iter().map(String::as_str).chain(["Identifier", "region"]).collect();
            }
            if !is_known {
                let label = nearest(head, names).map_or_else(String::new, |n| format!("did you mean `{n}`?"));
                self.push(
                    Diagnostic::error(codes::UNKNOWN_PROPERTY, format!("{ty} has no property `{head}`"))
                        .at_part(at.0.route(), at.1, label)
                        .note("needed by", format!("the exports of {}", resource.address)),
                );
                return;
            }
        }
        out.push(ExportDecl { property: property.to_owned(), variable });
    }
}
