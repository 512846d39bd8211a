//! The passing of time: what running operations do, in order of their times.

use super::Cloud;
use crate::arn;
use crate::fault::What;
use crate::handler::assign::Assigner;
use crate::handler::merge::Update;
use crate::handler::{Place, Refusal};
use crate::identify;
use crate::rules::{self, Around};
use crate::state::{Ghost, Request, Resource, Status};
use crate::tags;
use crate::validate::service_rules;
use serde_json::Value as Json;
use stack_core::ids::TypeName;
use stack_core::pointer::Pointer;
use stack_core::provider::Verb;
use stack_core::schema::ResourceSchema;

impl Cloud {
    /// Lets everything happen that is due. Called by [`Cloud::handle`]; tests may call it to look in between.
    pub fn advance(&mut self, now_ms: i64) {
        self.state.now_ms = self.state.now_ms.max(now_ms);
        self.confluent_mut().advance(now_ms);
        while let Some((scope, token, at_ms)) = self.next_due(now_ms) {
            self.step(&scope, &token, at_ms);
        }
    }

    /// The earliest thing that is due; among equals the one that was submitted first.
    fn next_due(&self, now_ms: i64) -> Option<(String, String, i64)> {
        let mut first: Option<(i64, i64, &String, &String)> = None;
        for (name, scope) in &self.state.scopes {
            for token in &scope.open {
                let Some(request) = scope.requests.get(token) else { continue };
                let Some(at) = request.next_at().filter(|at| *at <= now_ms) else { continue };
                let place = (at, request.submitted_at);
                if first.is_none_or(|(a, s, _, _)| place < (a, s)) {
                    first = Some((place.0, place.1, name, token));
                }
            }
        }
        first.map(|(at, _, scope, token)| (scope.clone(), token.clone(), at))
    }

    fn step(&mut self, scope_name: &str, token: &str, at_ms: i64) {
        let Some(mut request) = self.scope(scope_name).requests.get(token).cloned() else { return };
        match request.status {
            Status::Pending => begin(&mut request, at_ms),
            Status::InProgress if !request.acted && request.has_effect() => {
                self.act(scope_name, &mut request, at_ms);
            }
            Status::InProgress => finish(&mut request, at_ms),
            Status::CancelInProgress => request.become_at(Status::CancelComplete, at_ms),
            Status::Success | Status::Failed | Status::CancelComplete => {}
        }
        let scope = self.scope(scope_name);
        if !request.is_open() {
            scope.open.retain(|open| open != token);
        }
        scope.requests.insert(token.to_owned(), request);
    }

    /// The handler's effect, half-way through the operation.
    fn act(&mut self, scope_name: &str, request: &mut Request, at_ms: i64) {
        let (account, region) = scope_name.split_once('/').unwrap_or((scope_name, ""));
        let place = Place { account: account.to_owned(), region: region.to_owned(), now_ms: at_ms };
        let home = arn::home_scope(scope_name, &request.ty);
        let outcome = match self.schema(&request.ty, request.type_version.as_deref(), region) {
            Ok(schema) => match request.verb {
                Verb::Create => self.do_create(&home, &schema, request, at_ms),
                Verb::Update => self.do_update(&home, &schema, request, &place),
                Verb::Delete => self.do_delete(&home, &schema, request, at_ms),
            },
            Err(error) => Err(Refusal::new("InternalFailure", error.message)),
        };
        match outcome {
            Ok(()) => request.acted = true,
            Err(refusal) => request.fail(refusal.code, &refusal.message, at_ms),
        }
    }

    fn do_create(
        &mut self,
        scope_name: &str,
        schema: &ResourceSchema,
        request: &mut Request,
        at_ms: i64,
    ) -> Result<(), Refusal> {
        service_rules(schema, &request.model).map_err(|(code, message)| Refusal::new(code, message))?;
        rules::before_create(&self.around(scope_name, schema, at_ms), &mut request.model)?;
        rules::defaults(schema, &mut request.model);
        if !request.declared {
            // What follows from other resources may be part of the identifier.
            let parts: Vec<String> = schema
                .primary_identifier
                .iter()
                .map(|path| identify::value(path, &request.model).unwrap_or_default())
                .collect();
            request.key = identify::key(&parts);
            request.identifier = identify::joined(&parts);
        }
        let scope = self.state.scopes.entry(scope_name.to_owned()).or_default();
        let ty = request.ty.as_str();
        let taken = |identifier: &str| {
            Refusal::new(
                "AlreadyExists",
                format!("Resource of type '{ty}' with identifier '{identifier}' already exists."),
            )
        };
        if scope.ghosts.get(ty).into_iter().flatten().any(|g| g.until.is_none() && g.key == request.key) {
            return Err(taken(&request.identifier));
        }
        if scope.resource(ty, &request.key).is_some() {
            return Err(taken(&request.identifier));
        }
        for set in identify::unique_sets(schema).iter().skip(1) {
            let Some(values) = identify::values(set, &request.model) else { continue };
            let clash =
                scope.of_type(ty).find(|(_, r)| identify::values(set, &r.model).as_ref() == Some(&values));
            if clash.is_some() {
                return Err(taken(&identify::joined(&values)));
            }
        }
        for what in &request.script {
            if let What::IgnoreProperties { only } = what {
                for pointer in only {
                    crate::model::remove(&mut request.model, pointer);
                }
            }
        }
        let (mut hidden_reads, mut read_lag) = (0, self.config.read_lag_ms);
        let mut list_lag = self.config.list_lag_ms;
        for what in &request.script {
            match what {
                What::ReadLag { reads, ms } => {
                    hidden_reads += reads;
                    read_lag += ms;
                }
                What::ListLag { ms } => list_lag += ms,
                _ => {}
            }
        }
        // Lags count from the end of the operation: that is when a client starts to look.
        let done_at = request.ends_at;
        let after = |lag: i64| if lag > 0 { done_at.saturating_add(lag) } else { i64::MIN };
        let mut model = request.model.clone();
        // The service's own tags are there from the start, and never in what the caller sent (trap 34).
        tags::put(schema, &mut model, &self.config.system_tags_of(ty));
        let resource = Resource {
            uid: self.state.next_uid,
            identifier: request.identifier.clone(),
            model: model.clone(),
            revision: 0,
            visible_at: after(read_lag),
            hidden_reads,
            listed_at: after(list_lag.max(read_lag)),
            created_at: at_ms,
            owner: None,
        };
        self.state.next_uid += 1;
        scope.resources.entry(request.ty.clone()).or_default().insert(request.key.clone(), resource);
        self.index_tags(scope_name, schema, &model, false, at_ms);
        self.make_siblings(scope_name, schema, &request.identifier, &model, at_ms);
        Ok(())
    }

    fn do_update(
        &mut self,
        scope_name: &str,
        schema: &ResourceSchema,
        request: &mut Request,
        place: &Place,
    ) -> Result<(), Refusal> {
        let around = self.around(scope_name, schema, place.now_ms);
        let Some(resource) = around.scope.resource(&request.ty, &request.key) else {
            return Err(not_found(request));
        };
        // What the service itself filled in breaks no rule.
        if let Err(broken) = service_rules(schema, &request.model)
            && service_rules(schema, &resource.model).err().as_ref() != Some(&broken)
        {
            return Err(Refusal::new(broken.0, broken.1));
        }
        rules::before_update(&around, &resource.model, &request.model)?;
        let scope = self.state.scopes.entry(scope_name.to_owned()).or_default();
        let Some(resource) = scope.resource_mut(&request.ty, &request.key) else {
            return Err(not_found(request));
        };
        let update = Update {
            schema,
            stored: &resource.model,
            patched: &request.model,
            removed: &request.removed,
            script: &request.script,
        };
        let mut new = update.apply(place, &mut self.patterns, &mut self.state.dice);
        rules::defaults(schema, &mut new);
        rules::derive(schema, &mut new, place);
        tags::put(schema, &mut new, &tags::system(schema, &resource.model));
        resource.model = new.clone();
        resource.revision += 1;
        self.index_tags(scope_name, schema, &new, false, place.now_ms);
        Ok(())
    }

    fn do_delete(
        &mut self,
        scope_name: &str,
        schema: &ResourceSchema,
        request: &Request,
        at_ms: i64,
    ) -> Result<(), Refusal> {
        let list_lag = self.config.list_lag_ms;
        let around = self.around(scope_name, schema, at_ms);
        let Some(resource) = around.scope.resource(&request.ty, &request.key) else {
            return Err(not_found(request));
        };
        rules::before_delete(&around, resource)?;
        let (model, identifier) = (resource.model.clone(), resource.identifier.clone());
        let scope = self.state.scopes.entry(scope_name.to_owned()).or_default();
        let Some(gone) = scope.resources.get_mut(&request.ty).and_then(|all| all.shift_remove(&request.key))
        else {
            return Err(not_found(request));
        };
        let mut lag = list_lag;
        let mut stone = None;
        for what in &request.script {
            match what {
                What::ListLag { ms } => lag += ms,
                What::Tombstone { set, readable } => stone = Some((set, *readable)),
                _ => {}
            }
        }
        let mut ghost =
            Ghost { key: request.key.clone(), resource: gone, until: Some(at_ms + lag), readable: false };
        if let Some((set, readable)) = stone {
            for (place, value) in set {
                if let Ok(pointer) = Pointer::parse(place) {
                    crate::model::set(&mut ghost.resource.model, &pointer, value.clone());
                }
            }
            ghost.readable = readable;
            ghost.until = None;
        }
        let ghosts = scope.ghosts.entry(request.ty.clone()).or_default();
        ghosts.retain(|old| old.until.is_none_or(|until| until > at_ms));
        if lag > 0 || stone.is_some() {
            ghosts.push(ghost);
        }
        if rules::name_rests(&request.ty) {
            scope.resting.retain(|_, since| at_ms - *since < rules::REST_MS);
            scope.resting.insert(identifier.clone(), at_ms);
        }
        self.index_tags(scope_name, schema, &model, true, at_ms);
        self.drop_dependents(scope_name, &request.ty, &identifier, at_ms);
        Ok(())
    }

    /// What a rule may look at.
    fn around<'c>(&'c self, scope_name: &'c str, schema: &'c ResourceSchema, now_ms: i64) -> Around<'c> {
        Around::new(schema, scope_name, now_ms, &self.state.scopes, &self.config)
    }

    /// Makes what the service makes along with a resource: a VPC's default group, table and list.
    fn make_siblings(
        &mut self,
        scope_name: &str,
        schema: &ResourceSchema,
        identifier: &str,
        model: &Json,
        at_ms: i64,
    ) {
        for (ty, sibling) in rules::siblings(schema, model) {
            let Some(schema) = self.known(&TypeName::new(ty)) else { continue };
            let (account, region) = scope_name.split_once('/').unwrap_or((scope_name, ""));
            let place = Place { account: account.to_owned(), region: region.to_owned(), now_ms: at_ms };
            let mut sibling = sibling;
            Assigner::new(&schema, &place, &mut self.patterns, &mut self.state.dice).complete(&mut sibling);
            let owner = Some(identifier.to_owned());
            self.insert_owned(scope_name, &schema, sibling, owner, at_ms);
        }
    }

    /// Drops what goes with a resource: what the service made with it, and what lives only on it.
    pub(super) fn drop_dependents(&mut self, scope_name: &str, ty: &str, identifier: &str, at_ms: i64) {
        let Some(scope) = self.state.scopes.get(scope_name) else { return };
        let mut gone: Vec<(String, String)> = Vec::new();
        for (other, all) in scope.resources.iter().filter(|(other, _)| rules::hangs_on(ty, other)) {
            for (key, resource) in all {
                let owned = resource.owner.as_deref() == Some(identifier);
                if owned || rules::goes_with(ty, identifier, other, &resource.model) {
                    gone.push((other.clone(), key.clone()));
                }
            }
        }
        for (other, key) in gone {
            let all = self.scope(scope_name).resources.get_mut(&other);
            let Some(resource) = all.and_then(|all| all.shift_remove(&key)) else { continue };
            if let Some(schema) = self.known(&TypeName::new(other.as_str())) {
                self.index_tags(scope_name, &schema, &resource.model, true, at_ms);
            }
            self.drop_dependents(scope_name, &other, &resource.identifier, at_ms);
        }
    }

    /// Makes a resource outside of Cloud Control, complete with server-assigned values.
    pub(super) fn insert_model(
        &mut self,
        scope_name: &str,
        schema: &ResourceSchema,
        model: Json,
        at_ms: i64,
    ) -> String {
        let identifier = self.insert_owned(scope_name, schema, model.clone(), None, at_ms);
        self.make_siblings(scope_name, schema, &identifier, &model, at_ms);
        identifier
    }

    fn insert_owned(
        &mut self,
        scope_name: &str,
        schema: &ResourceSchema,
        model: Json,
        owner: Option<String>,
        at_ms: i64,
    ) -> String {
        let parts: Vec<String> = schema
            .primary_identifier
            .iter()
            .map(|path| identify::value(path, &model).unwrap_or_default())
            .collect();
        let identifier = identify::joined(&parts);
        self.index_tags(scope_name, schema, &model, false, at_ms);
        let resource = Resource {
            uid: self.state.next_uid,
            identifier: identifier.clone(),
            model,
            revision: 0,
            visible_at: i64::MIN,
            hidden_reads: 0,
            listed_at: i64::MIN,
            created_at: at_ms,
            owner,
        };
        self.state.next_uid += 1;
        let ty = schema.type_name.to_string();
        self.scope(scope_name).resources.entry(ty).or_default().insert(identify::key(&parts), resource);
        identifier
    }
}

fn not_found(request: &Request) -> Refusal {
    Refusal::new(
        "NotFound",
        format!("Resource of type '{}' with identifier '{}' was not found.", request.ty, request.identifier),
    )
}

fn begin(request: &mut Request, at_ms: i64) {
    let failed: Vec<&str> = request
        .script
        .iter()
        .filter_map(|what| match what {
            What::Hook { name, mode, .. } if mode == "FAIL" => Some(name.as_str()),
            _ => None,
        })
        .collect();
    if failed.is_empty() {
        request.become_at(Status::InProgress, at_ms);
    } else {
        // The hooks' own words are in HooksProgressEvent only (cloud-control 1.4, trap 102).
        let message = format!("The following hook(s) failed: [{}]", failed.join(", "));
        request.fail("InvalidRequest", &message, at_ms);
    }
}

fn finish(request: &mut Request, at_ms: i64) {
    let scripted = request.script.iter().find_map(|what| match what {
        What::Fail { code, message, .. } => Some((code.clone(), message.clone())),
        What::Stuck => Some(("NotStabilized".to_owned(), "The operation did not end in time.".to_owned())),
        _ => None,
    });
    match scripted {
        Some((code, message)) => request.fail(&code, &message, at_ms),
        None => request.become_at(Status::Success, at_ms),
    }
}
