//! The five operations on what the tables describe.

use super::errors::Problem;
use super::kinds::{Kind, Life, Ty};
use super::state::Object;
use super::wire::Answer;
use super::{Confluent, Turn, checks, paging, paths, plane, rules};
use crate::time::iso;
use serde_json::{Map, Value as Json, json};

/// A plain operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Read,
    List,
    Update,
    Delete,
}

/// Carries one out.
pub(crate) fn carry_out(
    service: &mut Confluent,
    turn: &mut Turn,
    kind: &Kind,
    verb: Verb,
) -> Result<Answer, Problem> {
    match verb {
        Verb::Create => create(service, turn, kind),
        Verb::Read => {
            let object = found(service, turn, kind)?;
            Ok(Answer::json(200, service.view(turn, kind, &object)))
        }
        Verb::List => list(service, turn, kind),
        Verb::Update => update(service, turn, kind),
        Verb::Delete => delete(service, turn, kind),
    }
}

/// The object of the path as a read finds it.
///
/// # Errors
/// 404, or 403 where what is deleted answers so; 404 for another environment than its own.
pub(crate) fn found(service: &mut Confluent, turn: &Turn, kind: &Kind) -> Result<Object, Problem> {
    let id = turn.variable("id");
    let is_absent = kind.name == "environment" && service.config.absent_environments;
    let state = &mut service.state;
    let environment = turn.query("environment").filter(|_| kind.place.path().is_some());
    let parent = kind.parent.map(|resource| (resource, turn.first_variable()));
    let is_gone = state.is_gone(kind.name, id)
        || environment.is_some_and(|environment| state.is_gone("environment", environment))
        || parent.is_some_and(|(resource, key)| state.is_gone(resource, key));
    let absent = || {
        let words = format!("{} {id}", kind.kind);
        if is_gone && kind.gone_forbidden && !is_absent {
            Problem::forbidden("Forbidden Access")
        } else {
            Problem::not_found(&words)
        }
    };
    let now_ms = state.now_ms;
    let object = state.get_mut(kind.name, id).ok_or_else(absent)?;
    if object.visible_at > now_ms || object.hidden_reads > 0 {
        object.hidden_reads = object.hidden_reads.saturating_sub(1);
        return Err(absent());
    }
    let object = object.clone();
    let is_there = environment.is_none_or(|asked| object.environment.as_deref() == Some(asked));
    let is_below = parent.is_none_or(|(resource, key)| object.within.contains(&format!("{resource}/{key}")));
    if is_there && is_below { Ok(object) } else { Err(absent()) }
}

fn create(service: &mut Confluent, turn: &mut Turn, kind: &Kind) -> Result<Answer, Problem> {
    let body = checks::object(&turn.body)?;
    let checked = checks::create(kind, &body)?;
    turn.ignored.extend(checked.ignored);
    let mut model = checked.model;
    turn.forget_ignored(&mut model);
    let now_ms = turn.now_ms;
    let mut object = Object { created_at: now_ms, updated_at: now_ms, ..Object::default() };
    if let Some(resource) = kind.parent {
        let key = turn.first_variable().to_owned();
        if service.state.usable(resource, &key).is_none() {
            return Err(Problem::not_found(&key));
        }
        object.within.push(format!("{resource}/{key}"));
    }
    refer(service, kind, &mut model, &mut object)?;
    unique(service, kind, &model, None, now_ms)?;
    object.id = service.new_id(kind.id);
    object.body = model;
    if let Some(life) = kind.life {
        begin(service, &mut object, life, (life.time)(&service.config.timing));
    }
    let extra = rules::creating(service, turn, kind, &mut object)?;
    object.body = with_head(service, kind, &object);
    let id = object.id.clone();
    service.add(turn, kind.name, &id, object.clone());
    rules::created(service, kind, &object);
    let object = service.state.get(kind.name, &id).cloned().unwrap_or(object);
    let mut view = service.view(turn, kind, &object);
    json_patch::merge(&mut view, &extra);
    Ok(Answer::json(kind.create, view))
}

/// Sets the phases of a new object.
pub(crate) fn begin(service: &Confluent, object: &mut Object, life: Life, lasts_ms: i64) {
    let now_ms = service.state.now_ms;
    object.phases =
        vec![(now_ms, life.pending.to_owned()), (now_ms.saturating_add(lasts_ms), life.ready.to_owned())];
}

/// Checks what the references name, and completes them.
fn refer(service: &Confluent, kind: &Kind, model: &mut Json, object: &mut Object) -> Result<(), Problem> {
    let state = &service.state;
    if let Some(place) = kind.place.path() {
        let id = paths::text(model, &format!("{place}.id")).unwrap_or_default().to_owned();
        if state.usable("environment", &id).is_none() {
            // What is deleted and what never was look different (confluent.md section 5).
            return Err(if state.is_gone("environment", &id) {
                Problem::forbidden("Forbidden Access")
            } else {
                Problem::not_found(&format!("environment {id}"))
            });
        }
        object.within.push(format!("environment/{id}"));
        object.environment = Some(id);
    }
    for field in kind.fields {
        // Null is absent.
        let value = paths::get(model, field.path).filter(|value| !value.is_null());
        let (Ty::Ref(resource), Some(value)) = (field.ty, value) else { continue };
        let id = value.get("id").and_then(Json::as_str).unwrap_or_default().to_owned();
        let Some(kind_there) = super::kinds::named(resource) else { continue };
        let Some(there) = state.usable(resource, &id) else {
            return Err(Problem::member(field.path, format!("{resource} {id} does not exist")));
        };
        let is_elsewhere = there.environment.is_some() && there.environment != object.environment;
        if resource != "environment" && is_elsewhere {
            return Err(Problem::member(field.path, format!("{resource} {id} is in another environment")));
        }
        let mut shown = json!({
            "id": id,
            "related": plane::link(&format!("{}/{id}", kind_there.path)),
            "resource_name": service.crn(kind_there, there),
        });
        if let (Some(environment), false) = (&there.environment, resource == "environment") {
            paths::set(&mut shown, "environment", Json::from(environment.clone()));
        }
        paths::set(model, field.path, shown);
    }
    Ok(())
}

/// Refuses a second object of the same natural key where the service does.
fn unique(
    service: &Confluent,
    kind: &Kind,
    model: &Json,
    own: Option<&str>,
    now_ms: i64,
) -> Result<(), Problem> {
    if kind.unique.is_empty() {
        return Ok(());
    }
    let key = |body: &Json| -> Vec<String> {
        let text = |path: &&str| super::wire::decoded(paths::text(body, path).unwrap_or_default());
        kind.unique.iter().map(text).collect()
    };
    let wanted = key(model);
    let taken = service
        .state
        .all(kind.name)
        .find(|(id, other)| own != Some(id.as_str()) && key(&other.body) == wanted);
    let resting = service.state.resting.get(&format!("{}/{}", kind.name, wanted.join("/")));
    if let Some((id, _)) = taken {
        let mut problem =
            Problem::conflict(format!("{} {} is already in use", kind.unique.join(", "), wanted.join(", ")));
        problem.headers.push(("location", format!("{}/{id}", kind.path)));
        return Err(problem);
    }
    if resting.is_some_and(|until| *until > now_ms) {
        return Err(Problem::conflict(format!(
            "{} {} is already in use",
            kind.unique.join(", "),
            wanted.join(", ")
        )));
    }
    Ok(())
}

/// The body with what every object begins with (confluent.md section 3).
pub(crate) fn with_head(service: &Confluent, kind: &Kind, object: &Object) -> Json {
    let parent = object.within.first().and_then(|name| name.split_once('/')).map(|(_, key)| key);
    let mut path = kind.path.to_owned();
    if let (Some(_), Some(parent), Some((front, rest))) = (kind.parent, parent, kind.path.split_once('{')) {
        let rest = rest.split_once('}').map_or("", |(_, rest)| rest);
        path = format!("{front}{parent}{rest}");
    }
    let mut head = json!({
        "api_version": kind.api_version,
        "kind": kind.kind,
        "id": object.id,
        "metadata": {
            "self": plane::link(&format!("{path}/{}", object.id)),
            "resource_name": service.crn(kind, object),
        },
    });
    if let (Json::Object(head), Json::Object(body)) = (&mut head, &object.body) {
        head.extend(body.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    head
}

fn list(service: &mut Confluent, turn: &mut Turn, kind: &Kind) -> Result<Answer, Problem> {
    let environment = turn.query("environment").filter(|_| kind.place.path().is_some());
    if let Some(environment) = environment
        && service.state.usable("environment", environment).is_none()
    {
        return Err(Problem::forbidden("Forbidden Access"));
    }
    let parent = kind.parent.map(|resource| format!("{resource}/{}", turn.first_variable()));
    if let Some(name) = &parent
        && name.split_once('/').is_none_or(|(resource, key)| service.state.usable(resource, key).is_none())
    {
        return Err(Problem::not_found(name));
    }
    let shown = |object: &&Object| {
        environment.is_none_or(|asked| object.environment.as_deref() == Some(asked))
            && parent.as_ref().is_none_or(|name| object.within.contains(name))
    };
    let items = service.state.listed(kind.name).into_iter().filter(shown);
    // Views cost; without a filter only the page's are made.
    let is_filtered =
        !kind.list_needs.is_empty() || kind.filters.iter().any(|(name, _)| turn.query(name).is_some());
    let fitting = items.filter(|object| {
        !is_filtered || {
            let view = service.view(turn, kind, object);
            fits(turn, kind, &view) && rules::listed(turn, kind, &view)
        }
    });
    let fitting: Vec<(u64, &Object)> = fitting.map(|object| (object.uid, object)).collect();
    let names = (format!("{}List", kind.kind), kind.api_version);
    service.page(turn, &fitting, names, (kind.page_size, kind.page_most), |object| {
        service.view(turn, kind, object)
    })
}

/// The filters: several values of one parameter are alternatives, and text is compared without case.
fn fits(turn: &Turn, kind: &Kind, view: &Json) -> bool {
    kind.filters.iter().all(|(name, path)| {
        let wanted: Vec<&str> = turn.queries(name).collect();
        let value = paths::get(view, path);
        wanted.is_empty()
            || wanted.iter().any(|wanted| match value {
                Some(Json::Array(items)) => items.iter().any(|item| is_text(item, wanted)),
                Some(value) => is_text(value, wanted),
                None => *wanted == "false",
            })
    })
}

fn is_text(value: &Json, wanted: &str) -> bool {
    match value {
        Json::String(text) => text.eq_ignore_ascii_case(wanted),
        other => serde_json::from_str::<Json>(wanted).is_ok_and(|wanted| wanted == *other),
    }
}

fn update(service: &mut Confluent, turn: &mut Turn, kind: &Kind) -> Result<Answer, Problem> {
    let body = checks::object(&turn.body)?;
    let checked = checks::patch(kind, &body)?;
    turn.ignored.extend(checked.ignored);
    let mut patch = checked.model;
    turn.forget_ignored(&mut patch);
    let mut object = found(service, turn, kind)?;
    if object.gone_at.is_some() {
        return Err(Problem::conflict(format!("{} is being deleted", object.id)));
    }
    if let Some(place) = kind.place.path() {
        let named = paths::text(&patch, &format!("{place}.id")).map(str::to_owned);
        if named != object.environment {
            return Err(Problem::not_found(&format!("{} {}", kind.kind, object.id)));
        }
        paths::remove(&mut patch, place);
    }
    let now_ms = turn.now_ms;
    object.fold(now_ms);
    for field in kind.fields.iter().filter(|field| field.fixed && Some(field.path) != kind.place.path()) {
        let Some(sent) = paths::get(&patch, field.path) else { continue };
        if !same(sent, paths::get(&object.body, field.path), field.ty) {
            return Err(Problem::semantic(field.path, format!("{} cannot be changed", field.path)));
        }
        paths::remove(&mut patch, field.path);
    }
    if !service.config.null_clears {
        without_nulls(&mut patch);
    }
    let (before, due) = (object.body.clone(), object.later.len());
    rules::updating(service, kind, &mut object, &mut patch)?;
    json_patch::merge(&mut object.body, &patch);
    let id = object.id.clone();
    unique(service, kind, &object.body, Some(&id), now_ms)?;
    if before != object.body || object.later.len() != due {
        object.touch(now_ms);
        service.changed(turn, kind.name, &id, &object);
    }
    object.stale = None;
    let answer = service.view(turn, kind, &object);
    let lag_ms = service.config.lags.update_ms;
    if let Some(stored) = service.state.get_mut(kind.name, &id) {
        object.stale = (lag_ms > 0).then(|| (now_ms.saturating_add(lag_ms), before));
        *stored = object;
    }
    Ok(Answer::json(200, answer))
}

/// True if what was sent is what is there; of a reference only the id counts, and clouds have no case.
fn same(sent: &Json, there: Option<&Json>, ty: Ty) -> bool {
    match (ty, sent, there) {
        (_, Json::Null, None) => true,
        (Ty::Ref(_), sent, Some(there)) => sent.get("id") == there.get("id"),
        (Ty::Map, Json::Object(sent), Some(Json::Object(there))) => {
            sent.iter().all(|(name, value)| there.get(name) == Some(value))
        }
        (_, Json::String(sent), Some(Json::String(there))) => sent.eq_ignore_ascii_case(there),
        (_, sent, Some(there)) => sent == there,
        (..) => false,
    }
}

/// A null does not clear (confluent.md section 9).
fn without_nulls(patch: &mut Json) {
    if let Json::Object(map) = patch {
        map.retain(|_, value| !value.is_null());
        map.values_mut().for_each(without_nulls);
    }
}

fn delete(service: &mut Confluent, turn: &mut Turn, kind: &Kind) -> Result<Answer, Problem> {
    let object = found(service, turn, kind)?;
    if object.gone_at.is_some() {
        return Err(Problem::conflict(format!("{} is being deleted", object.id)));
    }
    rules::deleting(service, kind, &object)?;
    let now_ms = turn.now_ms;
    let slow = kind.life.filter(|life| !life.deleting.is_empty());
    let at_ms = slow.map_or(now_ms, |_| now_ms.saturating_add(service.config.timing.delete_ms));
    if let (Some(life), Some(stored)) = (slow, service.state.get_mut(kind.name, &object.id)) {
        stored.phases.retain(|(from, _)| *from <= now_ms);
        stored.phases.push((now_ms, life.deleting.to_owned()));
    }
    let view = service.view(turn, kind, &object);
    service.state.end(kind.name, &object.id, at_ms);
    service.sweep(now_ms);
    Ok(if kind.delete == 200 { Answer::json(200, view) } else { Answer::empty(kind.delete) })
}

impl Confluent {
    /// What answers show of an object now.
    pub(crate) fn view(&self, turn: &Turn, kind: &Kind, object: &Object) -> Json {
        let mut view = object.at(turn.now_ms, kind.phase_at());
        paths::set(&mut view, "metadata.created_at", Json::from(iso(object.created_at)));
        paths::set(&mut view, "metadata.updated_at", Json::from(iso(object.updated_at)));
        for field in kind.fields.iter().filter(|field| field.ty == Ty::Text && !field.required) {
            // What is not set is null or absent with the same meaning (confluent.md section 3).
            if object.uid % 2 == 1
                && !field.path.contains("config")
                && paths::get(&view, field.path).is_none()
            {
                paths::set(&mut view, field.path, Json::Null);
            }
        }
        rules::viewing(self, kind, object, &mut view);
        self.shown(turn, object, view)
    }

    /// Puts addresses in, and what faults show instead.
    pub(crate) fn shown(&self, turn: &Turn, object: &Object, mut view: Json) -> Json {
        turn.links.resolve(&mut view);
        if let Some(patch) = &object.shown {
            json_patch::merge(&mut view, patch);
        }
        turn.show_faults(&mut view);
        view
    }

    /// One page of a listing by the objects' numbers. `names` are the list's kind and API version.
    pub(crate) fn page<T>(
        &self,
        turn: &Turn,
        items: &[(u64, T)],
        names: (String, &str),
        sizes: (usize, usize),
        render: impl Fn(&T) -> Json,
    ) -> Result<Answer, Problem> {
        let question: Vec<(String, String)> =
            turn.queries.iter().filter(|(name, _)| name != "page_token").cloned().collect();
        let asked: Vec<(String, String)> =
            question.iter().filter(|(name, _)| name != "page_size").cloned().collect();
        let (usual, most) = sizes;
        let most = self.config.page_cap.map_or(most, |cap| most.min(cap.max(1)));
        let sizes = (usual.min(most), most);
        let numbers: Vec<u64> = items.iter().map(|(number, _)| *number).collect();
        let text = format!("{} {asked:?}", turn.path);
        let page = paging::cut(&numbers, turn.query("page_size"), turn.query("page_token"), &text, sizes)?;
        let shown = items.get(page.from..page.to).unwrap_or_default();
        let data: Vec<Json> = shown.iter().map(|(_, item)| render(item)).collect();
        let mut metadata = Map::new();
        metadata.insert("first".to_owned(), Json::from(turn.links.next(&turn.plane, &turn.path)));
        match page.token {
            Some(token) => {
                let path = format!("{}?{}", turn.path, paging::next_query(&asked, &token));
                metadata.insert("next".to_owned(), Json::from(turn.links.next(&turn.plane, &path)));
            }
            // Absent or empty: both mean the end.
            None if self.state.calls.is_multiple_of(2) => {
                metadata.insert("next".to_owned(), Json::from(""));
            }
            None => {}
        }
        metadata.insert("total_size".to_owned(), Json::from(numbers.len()));
        Ok(Answer::json(
            200,
            json!({ "api_version": names.1, "kind": names.0, "metadata": metadata, "data": data }),
        ))
    }
}
