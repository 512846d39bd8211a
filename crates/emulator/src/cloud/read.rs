//! GetResource and ListResources.

use super::{Cloud, Done, Turn};
use crate::arn;
use crate::config::ListShows;
use crate::handler::view;
use crate::identify::{self, Asked};
use crate::model::{canonical, expand, set};
use crate::state::{Ghost, Resource};
use crate::validate::check_node;
use crate::wire::WireError;
use crate::wire::members::Members;
use serde_json::{Map, Value as Json, json};
use stack_core::pointer::PropertyPath;
use stack_core::schema::{Handler, ResourceSchema};

/// Resources per page; MaxResults is ignored (cloud-control 1.2).
const PAGE: usize = 25;

/// The type lacks the handler (cloud-control 1.7).
pub(super) fn unsupported(ty: &str, action: &str) -> WireError {
    WireError::modelled(
        "UnsupportedActionException",
        format!("Resource type {ty} does not support {action} action"),
    )
}

impl Cloud {
    /// The key that a request's identifier means. Secondary identifiers are looked up; the first match counts, for
    /// they need not be unique (cloud-control 2.4). `None` if nothing has that secondary identifier.
    pub(super) fn key_of(
        &mut self,
        turn: &Turn,
        schema: &ResourceSchema,
        text: &str,
    ) -> Result<Option<String>, WireError> {
        match identify::parse(schema, text).map_err(WireError::validation)? {
            Asked::Primary(parts) => Ok(Some(identify::key(&parts))),
            Asked::Secondary(wanted) => {
                let ty = schema.type_name.as_str();
                let fits = |resource: &Resource| {
                    wanted
                        .iter()
                        .all(|(path, value)| identify::value(path, &resource.model).as_ref() == Some(value))
                };
                let home = arn::home_scope(&turn.scope, ty);
                Ok(self.scope(&home).of_type(ty).find(|(_, r)| fits(r)).map(|(key, _)| key.clone()))
            }
        }
    }

    /// What the read handler returns, or the not-found error.
    pub(super) fn read_resource(
        &mut self,
        turn: &Turn,
        schema: &ResourceSchema,
        key: Option<&str>,
        text: &str,
    ) -> Result<(String, Json), WireError> {
        let ty = schema.type_name.as_str();
        let absent = || {
            WireError::modelled(
                "ResourceNotFoundException",
                format!(
                    "{ty} Handler returned status FAILED: Resource of type '{ty}' with identifier '{text}' was not \
                     found. (HandlerErrorCode: NotFound, RequestToken: {})",
                    turn.request_id
                ),
            )
        };
        let call = self.state.calls;
        let look = turn.look(&self.config, call);
        let scope = self.state.scopes.entry(arn::home_scope(&turn.scope, ty)).or_default();
        let Some(key) = key else { return Err(absent()) };
        if let Some(resource) = scope.resource_mut(ty, key) {
            if turn.now_ms < resource.visible_at {
                return Err(absent());
            }
            if resource.hidden_reads > 0 {
                resource.hidden_reads -= 1;
                return Err(absent());
            }
            return Ok((resource.identifier.clone(), view::read(schema, resource, &look)));
        }
        scope
            .ghosts
            .get(ty)
            .into_iter()
            .flatten()
            .find(|ghost| ghost.readable && ghost.key == key)
            .map(|ghost| (ghost.resource.identifier.clone(), view::read(schema, &ghost.resource, &look)))
            .ok_or_else(absent)
    }

    pub(super) fn get(&mut self, turn: &Turn, mut members: Members) -> Result<Done, WireError> {
        let (ty, text) = (members.type_name()?, members.identifier()?);
        let version = members.type_version()?;
        members.role_arn()?;
        let ignored = members.finish()?;
        let (ty, text) = (ty.unwrap_or_default(), text.unwrap_or_default());
        let schema = self.schema(&ty, version.as_deref(), &turn.place.region)?;
        if schema.handlers.read.is_none() {
            return Err(unsupported(&ty, "READ"));
        }
        let key = self.key_of(turn, &schema, &text)?;
        let (identifier, model) = self.read_resource(turn, &schema, key.as_deref(), &text)?;
        let body = json!({
            "TypeName": ty,
            "ResourceDescription": { "Identifier": identifier, "Properties": model.to_string() },
        });
        Ok(Done { ignored, ..Done::new(body) })
    }

    pub(super) fn list(&mut self, turn: &Turn, mut members: Members) -> Result<Done, WireError> {
        let ty = members.type_name()?.unwrap_or_default();
        let version = members.type_version()?;
        members.role_arn()?;
        members.max_results()?;
        let page = members.next_token(4096, false)?;
        let input = members.document("ResourceModel", false)?;
        let ignored = members.finish()?;
        let schema = self.schema(&ty, version.as_deref(), &turn.place.region)?;
        let Some(handler) = &schema.handlers.list else { return Err(unsupported(&ty, "LIST")) };
        let mut input = self.list_input(&schema, handler, input.as_deref())?;
        self.zone_of_name(&turn.scope, &ty, &mut input)?;
        let start: usize = match page {
            None => 0,
            Some(text) => text
                .strip_prefix("next/")
                .and_then(|n| n.parse().ok())
                .ok_or_else(|| WireError::modelled("InvalidRequestException", "Invalid NextToken"))?,
        };
        let look = turn.look(&self.config, self.state.calls);
        let shows = self.config.list_properties;
        let scope = self.state.scopes.entry(arn::home_scope(&turn.scope, &ty)).or_default();
        let live = scope.of_type(&ty).map(|(_, r)| r).filter(|r| r.listed_at <= turn.now_ms);
        let ghosts = scope.ghosts.get(&ty).into_iter().flatten();
        let ghosts = ghosts.filter(|g: &&Ghost| g.until.is_none_or(|until| turn.now_ms < until));
        let wanted: Vec<&Resource> = live
            .chain(ghosts.map(|ghost| &ghost.resource))
            .filter(|resource| agrees(&ty, &resource.model, &input))
            .collect();
        let descriptions: Vec<Json> = wanted
            .iter()
            .skip(start)
            .take(PAGE)
            .map(|resource| {
                let model = partial(&schema, view::read(&schema, resource, &look), shows);
                json!({ "Identifier": resource.identifier, "Properties": model.to_string() })
            })
            .collect();
        let mut body = json!({ "TypeName": ty, "ResourceDescriptions": descriptions });
        if start + PAGE < wanted.len()
            && let Some(map) = body.as_object_mut()
        {
            map.insert("NextToken".to_owned(), Json::from(format!("next/{}", start + PAGE)));
        }
        Ok(Done { ignored, ..Done::new(body) })
    }

    /// The members of `ResourceModel` that the handler looks at, checked against what it needs.
    fn list_input(
        &mut self,
        schema: &ResourceSchema,
        handler: &Handler,
        text: Option<&str>,
    ) -> Result<Map<String, Json>, WireError> {
        let invalid = |why: String| WireError::modelled("InvalidRequestException", why);
        let model = match text.map(serde_json::from_str::<Json>) {
            None => Json::Object(Map::new()),
            Some(Ok(model @ Json::Object(_))) => model,
            Some(_) => return Err(invalid("ResourceModel is not a JSON object".to_owned())),
        };
        let Some(wanted) = &handler.handler_schema else { return Ok(Map::new()) };
        let violations = check_node(schema, wanted, &model, &mut self.patterns);
        let mut list: Vec<String> = violations.iter().map(ToString::to_string).collect();
        let missing = needed_all_the_same(schema.type_name.as_str()).filter(|key| model.get(key).is_none());
        list.extend(missing.map(|key| format!("#: required key [{key}] not found")));
        if !list.is_empty() {
            return Err(invalid(format!(
                "Missing or invalid ResourceModel property in {} list handler request input.Required property: ({})",
                schema.type_name,
                list.join(", ")
            )));
        }
        let Json::Object(mut given) = model else { return Ok(Map::new()) };
        let known = |key: &String| {
            let branches = wanted.one_of.iter().chain(&wanted.any_of);
            wanted.properties.contains_key(key)
                || wanted.required.contains(key)
                || branches.flat_map(|b| b.required.iter().chain(b.properties.keys())).any(|name| name == key)
        };
        let property = |key: &String| schema.root.properties.contains_key(singular(key).unwrap_or(key));
        given.retain(|key, _| known(key) && (property(key) || schema.root.properties.contains_key(key)));
        Ok(given)
    }

    /// Records can be asked for by their zone's name, which the records themselves do not have.
    fn zone_of_name(
        &mut self,
        scope: &str,
        ty: &str,
        input: &mut Map<String, Json>,
    ) -> Result<(), WireError> {
        if ty != "AWS::Route53::RecordSet" {
            return Ok(());
        }
        let Some(Json::String(name)) = input.shift_remove("HostedZoneName") else { return Ok(()) };
        let plain = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
        let zone = "AWS::Route53::HostedZone";
        let home = arn::home_scope(scope, zone);
        let found = self.scope(&home).of_type(zone).find_map(|(_, zone)| {
            let own = zone.model.get("Name").and_then(Json::as_str)?;
            (plain(own) == plain(&name)).then(|| zone.identifier.clone())
        });
        let absent = || {
            let message = format!("No hosted zone found with name {name} (HandlerErrorCode: NotFound)");
            WireError::modelled("ResourceNotFoundException", message)
        };
        input.insert("HostedZoneId".to_owned(), Json::from(found.ok_or_else(absent)?));
        Ok(())
    }
}

/// Keys that a list needs although its schema says that they are a choice (cloud-control 2.5).
fn needed_all_the_same(ty: &str) -> impl Iterator<Item = &'static str> {
    let key = match ty {
        "AWS::SageMaker::ModelPackage" => Some("ModelPackageGroupName"),
        "AWS::Signer::ProfilePermission" => Some("ProfileName"),
        _ if ty.starts_with("AWS::GuardDuty::") => Some("DetectorId"),
        _ => None,
    };
    key.into_iter()
}

/// The property that a list of values is of: `ListenerArns` → `ListenerArn`.
fn singular(key: &str) -> Option<&str> {
    key.strip_suffix('s')
}

fn agrees(ty: &str, model: &Json, input: &Map<String, Json>) -> bool {
    input.iter().all(|(key, wanted)| match (model.get(key), wanted) {
        // The handler asks for a prefix, so that namesakes come along.
        (Some(Json::String(name)), Json::String(prefix)) if ty == "AWS::Logs::LogGroup" => {
            name.starts_with(prefix.as_str())
        }
        (Some(value), wanted) => canonical(value) == canonical(wanted),
        (None, Json::Array(any)) => singular(key)
            .and_then(|key| model.get(key))
            .is_some_and(|value| any.iter().any(|wanted| canonical(wanted) == canonical(value))),
        (None, _) => false,
    })
}

fn partial(schema: &ResourceSchema, model: Json, shows: ListShows) -> Json {
    let mut paths: Vec<PropertyPath> = schema.primary_identifier.clone();
    match shows {
        ListShows::All => return model,
        ListShows::Identifiers => {}
        ListShows::Required => {
            paths.extend(
                schema.root.required.iter().map(|name| PropertyPath::parse(&format!("/properties/{name}"))),
            );
        }
    }
    let mut shown = Json::Object(Map::new());
    for pointer in paths.iter().flat_map(|path| expand(path, &model)) {
        if let Some(value) = pointer.get(&model) {
            set(&mut shown, &pointer, value.clone());
        }
    }
    shown
}
