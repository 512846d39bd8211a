//! CreateResource, UpdateResource and DeleteResource: everything that is decided before an operation is accepted.

use super::read::unsupported;
use super::{Cloud, Done, Turn};
use crate::arn;
use crate::fault::What;
use crate::handler::apply_transforms;
use crate::handler::assign::Assigner;
use crate::identify;
use crate::model::remove;
use crate::patch;
use crate::state::{Request, Status, TOKEN_KEPT_MS, TokenUse};
use crate::validate::{check, model_message};
use crate::wire::WireError;
use crate::wire::members::Members;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use stack_core::pointer::Pointer;
use stack_core::provider::Verb;
use stack_core::schema::ResourceSchema;

/// The members that all three operations have.
struct Common {
    ty: String,
    version: Option<String>,
    client_token: Option<String>,
    /// Hash of everything that a client token stands for.
    parameters: String,
}

/// An operation about to be accepted.
struct Accepted {
    verb: Verb,
    key: String,
    declared: bool,
    model: Json,
    removed: Vec<Pointer>,
}

impl Cloud {
    pub(super) fn create(&mut self, turn: &Turn, mut members: Members) -> Result<Done, WireError> {
        let document = members.document("DesiredState", true)?;
        let common = common(turn, &mut members, &[document.as_deref()])?;
        let ignored = members.finish()?;
        if let Some(done) = self.repeated(turn, &common)? {
            return Ok(Done { ignored, ..done });
        }
        let schema = self.schema(&common.ty, common.version.as_deref(), &turn.place.region)?;
        if !schema.is_provisionable() {
            return Err(unsupported(&common.ty, "CREATE"));
        }
        let desired = match serde_json::from_str::<Json>(&document.unwrap_or_default()) {
            Ok(model @ Json::Object(_)) => model,
            Ok(_) => return Err(WireError::validation("Desired state is not a JSON object")),
            Err(_) => return Err(WireError::validation("Desired state is not valid JSON")),
        };
        let read_only: Vec<String> = schema
            .read_only_properties
            .iter()
            .filter(|path| !crate::model::expand(path, &desired).is_empty())
            .map(|path| format!("/properties{path}"))
            .collect();
        if !read_only.is_empty() {
            return Err(WireError::validation(format!(
                "Invalid create request: readOnlyProperties [{}] cannot be specified",
                read_only.join(", ")
            )));
        }
        let violations = check(&schema, &desired, &mut self.patterns);
        if !violations.is_empty() {
            return Err(WireError::validation(model_message(&violations)));
        }
        let model = self.completed(turn, &schema, desired.clone());
        let parts: Vec<String> = schema
            .primary_identifier
            .iter()
            .map(|path| identify::value(path, &model).unwrap_or_default())
            .collect();
        // What the caller leaves to the service is not known to anyone before the resource exists.
        let declared = schema
            .primary_identifier
            .iter()
            .all(|path| identify::is_settable(&schema, path) && identify::value(path, &desired).is_some());
        let key = identify::key(&parts);
        if declared {
            self.refuse_if_held(turn, &common.ty, &key)?;
        }
        let accepted = Accepted { verb: Verb::Create, key, declared, model, removed: Vec::new() };
        Ok(Done { ignored, ..self.accept(turn, &common, &schema, accepted) })
    }

    /// The whole model of a new resource: normalised, named, with read-only values.
    pub(super) fn completed(&mut self, turn: &Turn, schema: &ResourceSchema, desired: Json) -> Json {
        let mut model = desired;
        apply_transforms(schema, &mut model);
        crate::rules::complete(schema, &mut model, &turn.place, &mut self.state.dice);
        let assigned: Vec<Pointer> = schema
            .primary_identifier
            .iter()
            .filter(|path| !identify::is_settable(schema, path))
            .filter_map(|path| path.as_pointer())
            .collect();
        Assigner::new(schema, &turn.place, &mut self.patterns, &mut self.state.dice).complete(&mut model);
        crate::rules::derive(schema, &mut model, &turn.place);
        // A name that is taken is told when the create takes effect; an id is never assigned twice.
        let rounds = if assigned.is_empty() || crate::rules::identifier_follows(schema) { 0 } else { 100 };
        for round in 1..=rounds {
            let taken = identify::values(&schema.primary_identifier, &model).is_some_and(|parts| {
                let ty = schema.type_name.as_str();
                let scope = self.state.scopes.get(&arn::home_scope(&turn.scope, ty));
                let key = identify::key(&parts);
                scope.is_some_and(|scope| {
                    scope.resource(ty, &key).is_some()
                        || scope
                            .open
                            .iter()
                            .filter_map(|t| scope.requests.get(t))
                            .any(|r| r.ty == ty && r.key == key)
                })
            });
            if !taken {
                break;
            }
            let arn = arn::own_property(schema).and_then(|path| path.as_pointer());
            for pointer in assigned.iter().chain(&arn) {
                remove(&mut model, pointer);
            }
            let mut assigner = Assigner::new(schema, &turn.place, &mut self.patterns, &mut self.state.dice);
            assigner.be_unique(round);
            assigner.fill(&mut model);
            crate::rules::derive(schema, &mut model, &turn.place);
        }
        model
    }

    pub(super) fn update(&mut self, turn: &Turn, mut members: Members) -> Result<Done, WireError> {
        let (text, document) = (members.identifier()?, members.document("PatchDocument", true)?);
        let common = common(turn, &mut members, &[text.as_deref(), document.as_deref()])?;
        let ignored = members.finish()?;
        if let Some(done) = self.repeated(turn, &common)? {
            return Ok(Done { ignored, ..done });
        }
        let text = text.unwrap_or_default();
        let schema = self.schema(&common.ty, common.version.as_deref(), &turn.place.region)?;
        if !schema.is_provisionable() || schema.is_immutable() {
            return Err(unsupported(&common.ty, "UPDATE"));
        }
        let patch = patch::parse(&document.unwrap_or_default())?;
        let key = self.key_of(turn, &schema, &text)?;
        if let Some(key) = &key {
            self.refuse_if_held(turn, &common.ty, key)?;
        }
        let (_, read) = self.read_resource(turn, &schema, key.as_deref(), &text)?;
        let containers = if turn.faults.contains(&What::RefuseContainers) {
            crate::config::Containers::Refused
        } else {
            self.config.containers
        };
        let patched = patch.apply(&schema, &read, containers, &mut self.patterns)?;
        let accepted = Accepted {
            verb: Verb::Update,
            key: key.unwrap_or_default(),
            declared: true,
            model: patched.model,
            removed: patched.removed,
        };
        Ok(Done { ignored, ..self.accept(turn, &common, &schema, accepted) })
    }

    /// A delete of something absent is accepted; its event then says NotFound (cloud-control 4.1).
    pub(super) fn delete(&mut self, turn: &Turn, mut members: Members) -> Result<Done, WireError> {
        let text = members.identifier()?;
        let common = common(turn, &mut members, &[text.as_deref()])?;
        let ignored = members.finish()?;
        if let Some(done) = self.repeated(turn, &common)? {
            return Ok(Done { ignored, ..done });
        }
        let schema = self.schema(&common.ty, common.version.as_deref(), &turn.place.region)?;
        if !schema.is_provisionable() {
            return Err(unsupported(&common.ty, "DELETE"));
        }
        let text = text.unwrap_or_default();
        let key = self.key_of(turn, &schema, &text)?.unwrap_or(text);
        self.refuse_if_held(turn, &common.ty, &key)?;
        let accepted =
            Accepted { verb: Verb::Delete, key, declared: true, model: Json::Null, removed: Vec::new() };
        Ok(Done { ignored, ..self.accept(turn, &common, &schema, accepted) })
    }

    /// The answer to a client token that is known (cloud-control 1.8): the same request again, or a conflict.
    fn repeated(&mut self, turn: &Turn, common: &Common) -> Result<Option<Done>, WireError> {
        let Some(client_token) = &common.client_token else { return Ok(None) };
        let now = turn.now_ms;
        let scope = self.scope(&turn.scope);
        let Some(used) = scope.tokens.get(client_token).filter(|used| now - used.first_at <= TOKEN_KEPT_MS)
        else {
            return Ok(None);
        };
        if used.parameters != common.parameters {
            return Err(WireError::modelled(
                "ClientTokenConflictException",
                format!(
                    "ClientToken {client_token} is already associated with an existing operation with RequestToken {}",
                    used.request
                ),
            ));
        }
        let request = scope.requests.get(&used.request).cloned();
        Ok(request.map(|request| Done {
            body: json!({ "ProgressEvent": self.event(&request, turn, true) }),
            request_token: Some(request.token),
            ignored: Vec::new(),
        }))
    }

    /// One operation at a time per type and identifier (cloud-control 1.9).
    fn refuse_if_held(&mut self, turn: &Turn, ty: &str, key: &str) -> Result<(), WireError> {
        match self.scope(&turn.scope).holder(ty, key) {
            None => Ok(()),
            Some(holder) => Err(WireError::modelled(
                "ConcurrentOperationException",
                format!(
                    "Another operation is already in progress on resource {} of type {ty}. RequestToken {}",
                    holder.identifier, holder.token
                ),
            )),
        }
    }

    fn accept(&mut self, turn: &Turn, common: &Common, schema: &ResourceSchema, accepted: Accepted) -> Done {
        let timing = self.config.timing_of(&common.ty).clone();
        let token = self.state.dice.uuid();
        let work = match accepted.verb {
            Verb::Create => timing.create_ms,
            Verb::Update => timing.update_ms,
            Verb::Delete => timing.delete_ms,
        };
        let slow: i64 =
            turn.faults.iter().map(|what| if let What::Slow { ms } = what { *ms } else { 0 }).sum();
        let starts_at = turn.now_ms + timing.pending_ms.max(0);
        let mut ends_at = starts_at + work.max(0) + slow.max(0);
        let acts_at = starts_at + (ends_at - starts_at) / 2;
        if turn.faults.contains(&What::Stuck) {
            let handler = match accepted.verb {
                Verb::Create => &schema.handlers.create,
                Verb::Update => &schema.handlers.update,
                Verb::Delete => &schema.handlers.delete,
            };
            let minutes = handler.as_ref().map_or(120, stack_core::schema::Handler::timeout_minutes);
            ends_at = starts_at + minutes as i64 * 60_000;
        }
        let mut hooks = Vec::new();
        for what in &turn.faults {
            if let What::Hook { name, message, mode } = what {
                hooks.push(json!({
                    "HookTypeName": name,
                    "HookTypeVersionId": "00000001",
                    "HookTypeArn": format!("arn:aws:cloudformation:{}:{}:type/hook/{}", turn.place.region, turn.place.account, name.replace("::", "-")),
                    "InvocationPoint": "PRE_PROVISION",
                    "HookStatus": "HOOK_COMPLETE_FAILED",
                    "HookEventTime": crate::time::epoch_seconds(starts_at),
                    "HookStatusMessage": message,
                    "FailureMode": mode,
                }));
            }
        }
        let request = Request {
            token: token.clone(),
            hooks_token: (!hooks.is_empty()).then(|| self.state.dice.uuid()),
            verb: accepted.verb,
            ty: common.ty.clone(),
            type_version: common.version.clone(),
            identifier: identify::joined(&identify::parts_of(&accepted.key)),
            key: accepted.key,
            declared: accepted.declared,
            submitted_at: turn.now_ms,
            starts_at,
            acts_at,
            ends_at,
            cancels_at: None,
            status: Status::Pending,
            acted: false,
            error_code: None,
            message: String::new(),
            event_at: turn.now_ms,
            model: accepted.model,
            removed: accepted.removed,
            hooks,
            script: turn.faults.clone(),
        };
        let body = json!({ "ProgressEvent": self.event(&request, turn, true) });
        let scope = self.scope(&turn.scope);
        scope.forget(turn.now_ms);
        if let Some(client_token) = &common.client_token {
            let used = TokenUse {
                request: token.clone(),
                parameters: common.parameters.clone(),
                first_at: turn.now_ms,
            };
            // A token that has aged out starts anew, at the end of the order.
            scope.tokens.shift_remove(client_token);
            scope.tokens.insert(client_token.clone(), used);
        }
        scope.open.push(token.clone());
        scope.requests.insert(token.clone(), request);
        Done { body, request_token: Some(token), ignored: Vec::new() }
    }
}

fn common(turn: &Turn, members: &mut Members, own: &[Option<&str>]) -> Result<Common, WireError> {
    let (ty, version, role) = (members.type_name()?, members.type_version()?, members.role_arn()?);
    let client_token = members.client_token()?;
    let mut hash = Sha256::new();
    for part in [Some(turn.op.to_string().as_str()), ty.as_deref(), version.as_deref(), role.as_deref()]
        .into_iter()
        .chain(own.iter().copied())
    {
        hash.update(part.map_or("-".to_owned(), |part| format!("{}:{part}", part.len())).as_bytes());
    }
    let parameters = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Common { ty: ty.unwrap_or_default(), version, client_token, parameters })
}
