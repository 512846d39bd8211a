//! What a definition must not get wrong, because nobody would notice before a request goes astray.

use super::form::{Auth, Body, Endpoint, Method, Paging, PagingKind, Property, Resource, Verb};
use super::load::{DefinitionError, Source};
use super::template::Template;
use serde_json::Value as Json;
use stack_core::pattern::can_run;
use stack_core::schema::JsonType;
use std::collections::HashMap;

/// Checks one resource. Every error names the resource and the place.
pub(super) fn resource(
    source: &Source<'_>,
    provider: &str,
    resource: &Resource,
    endpoint: &Endpoint,
) -> Result<(), DefinitionError> {
    let check = Check { source, resource };
    check.names(provider, endpoint)?;
    for (name, property) in &resource.properties {
        check.property(name, property)?;
    }
    check.spellings()?;
    check.identity()?;
    check.paths()?;
    check.operations()?;
    check.steps()?;
    check.paging()?;
    check.phases()
}

/// Checks an endpoint class: that its requests go somewhere, and that credentials are named and not written down.
pub(super) fn endpoint(source: &Source<'_>, class: &str, endpoint: &Endpoint) -> Result<(), DefinitionError> {
    let fail =
        |words: &[&str], message: String, next: &str| Err(source.endpoint_error(class, words, message, next));
    for (key, name) in endpoint.variables() {
        let is_name = name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        if !is_name {
            // It is not repeated: it may be the secret itself.
            let message = format!("`{key}` of the endpoint `{class}` is no name of a variable");
            return fail(
                &[key],
                message,
                "write the name of a variable of the environment, in capitals: `ACME_TOKEN`",
            );
        }
    }
    let url = endpoint.url.as_ref().map(ToString::to_string);
    let urls = [("url", url.as_deref()), ("token_url", endpoint.auth.token_url())];
    for (key, url) in urls.into_iter().filter_map(|(key, url)| Some((key, url?))) {
        let rest = ["https://", "http://"].iter().find_map(|scheme| url.strip_prefix(scheme));
        let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
        if host.is_empty() || url.contains(['?', '#', '@', ' ']) {
            let message = format!("`{key}` of the endpoint `{class}` is no plain web address");
            return fail(
                &[key],
                message,
                "write `https://host` or `https://host/path`, without user and parameters",
            );
        }
    }
    let is_signed = matches!(endpoint.auth, Auth::Sigv4 { .. });
    let is_somewhere = endpoint.url.is_some()
        || endpoint.url_variable.is_some()
        || endpoint.url_property.is_some()
        || endpoint.found_in.is_some();
    if !is_signed && !is_somewhere {
        let message = format!("nothing says where the endpoint `{class}` is");
        return fail(&[], message, "give it a `url`, `url_variable`, `url_property` or `found_in`");
    }
    if endpoint.found_in.is_some() && endpoint.target.is_none() {
        let message = format!("the endpoint `{class}` has `found_in`, and no `target` to look for");
        return fail(&["found_in"], message, "name the property that says which host is meant: `target`");
    }
    Ok(())
}

/// Checks what one resource says of others, once all are known. `property_of` tells of a table whether it has a property;
/// `None`: there is no such table.
pub(super) fn relations(
    source: &Source<'_>,
    resource: &Resource,
    has: &dyn Fn(&str, &str) -> Option<bool>,
) -> Result<(), DefinitionError> {
    let cascades = resource.cascades.iter().map(|one| ("cascades", &one.resource, &one.by));
    let follows = resource.follows.iter().map(|one| ("follows", &one.resource, &one.by));
    let check = Check { source, resource };
    for (word, other, by) in cascades.chain(follows) {
        let of = &resource.name;
        let fail = |what: String, next: &str| {
            check.fail(&[word, other], format!("`{word}` of `{of}` names {what}"), next)
        };
        if by.is_empty() {
            return fail(format!("`{other}` by nothing"), "say with `by` which of them belong to one");
        }
        for (theirs, ours) in by {
            match has(other, theirs) {
                None => {
                    return fail(format!("`{other}`, which is no resource"), "write its `name`, no alias");
                }
                Some(false) => {
                    let what = format!("`{theirs}`, which `{other}` does not have");
                    return fail(what, "name a property of the other resource");
                }
                Some(true) if !resource.properties.contains_key(ours) => {
                    let what = format!("`{ours}`, which is no property");
                    return fail(what, "name a property of the resource itself after the colon");
                }
                Some(true) => {}
            }
        }
    }
    Ok(())
}

struct Check<'a> {
    source: &'a Source<'a>,
    resource: &'a Resource,
}

impl Check<'_> {
    fn fail(&self, words: &[&str], message: String, next: &str) -> Result<(), DefinitionError> {
        Err(self.source.error(&self.resource.name, words, message, next))
    }

    fn names(&self, provider: &str, endpoint: &Endpoint) -> Result<(), DefinitionError> {
        for name in std::iter::once(&self.resource.name).chain(&self.resource.aliases) {
            let parts: Vec<&str> = name.split('.').collect();
            let fits = parts.len() == 3 && parts.iter().all(|part| !part.is_empty());
            if !fits || name.contains("::") {
                let message = format!("`{name}` is no table name");
                let next = format!("write `{provider}.service.resources`");
                return self.fail(&[name], message, &next);
            }
        }
        // Places of AWS have a region, and names tell whose place it is.
        let is_signed = matches!(endpoint.auth, Auth::Sigv4 { .. });
        if is_signed != self.resource.name.to_lowercase().starts_with("aws.") {
            let message = format!(
                "`{}`: names begin with `aws.` where, and only where, requests are signed (`sigv4`)",
                self.resource.name
            );
            return self.fail(&["name"], message, "rename it, or use another endpoint");
        }
        Ok(())
    }

    fn property(&self, name: &str, property: &Property) -> Result<(), DefinitionError> {
        let of = &self.resource.name;
        let pairs = [
            (property.read_only && property.required, "`read_only` and `required`"),
            (property.read_only && property.write_only, "`read_only` and `write_only`"),
            (property.read_only && property.immutable, "`read_only` and `immutable`"),
            (property.once && !property.read_only, "`once` without `read_only`"),
        ];
        for (clash, words) in pairs {
            if clash {
                let message = format!("`{name}` of `{of}` cannot be {words}");
                return self.fail(&[&format!("{name}:")], message, "keep one of them");
            }
        }
        let types = [
            (property.pairs, "pairs", &[JsonType::Object][..]),
            (property.reference, "reference", &[JsonType::String]),
            (property.grow_only, "grow_only", &[JsonType::Integer, JsonType::Number]),
            (property.set, "set", &[JsonType::Array]),
            (property.items.is_some(), "items", &[JsonType::Array]),
            (!property.properties.is_empty(), "properties", &[JsonType::Object]),
        ];
        for (set, word, allowed) in types {
            if set && !property.ty.is_some_and(|ty| allowed.contains(&ty)) {
                let message = format!("`{name}` of `{of}` has `{word}`, which its type does not allow");
                return self.fail(&[&format!("{name}:")], message, "change `type`, or leave it out");
            }
        }
        for path in [&property.at, &property.read_at].into_iter().flatten() {
            if path.split('.').any(str::is_empty) {
                let message = format!("`{path}` of `{name}` in `{of}` is no dotted path");
                return self.fail(
                    &[path],
                    message,
                    "write names with single dots between them: `spec.display_name`",
                );
            }
        }
        self.values(name, property)?;
        property.properties.iter().try_for_each(|(name, member)| self.property(name, member))?;
        property.items.iter().try_for_each(|item| self.property(name, item))
    }

    /// What is checked of its values must be possible.
    fn values(&self, name: &str, property: &Property) -> Result<(), DefinitionError> {
        let of = &self.resource.name;
        let place = format!("{name}:");
        if let Some(pattern) = property.pattern.as_ref().filter(|pattern| !can_run(pattern)) {
            let message = format!("the pattern of `{name}` in `{of}` is no regular expression: `{pattern}`");
            return self.fail(&[&place, "pattern"], message, "correct it; look-around is not supported");
        }
        if property.min_length.zip(property.max_length).is_some_and(|(min, max)| min > max) {
            let message = format!("no text is as long as `{name}` of `{of}` must be");
            return self.fail(&[&place, "min_length"], message, "`min_length` is at most `max_length`");
        }
        if property.minimum.zip(property.maximum).is_some_and(|(min, max)| min > max) {
            let message = format!("no number is as large as `{name}` of `{of}` must be");
            return self.fail(&[&place, "minimum"], message, "`minimum` is at most `maximum`");
        }
        let fits = |choice: &&Json| property.ty.is_none_or(|ty| is_of(ty, choice));
        if let Some(choice) = property.choices.iter().find(|choice| !fits(choice)) {
            let message = format!("`{name}` of `{of}` cannot be {choice}, which its `enum` has");
            return self.fail(&[&place, "enum"], message, "values of `enum` have the property's type");
        }
        Ok(())
    }

    /// A column must mean one property.
    fn spellings(&self) -> Result<(), DefinitionError> {
        let mut known: HashMap<String, &str> = HashMap::new();
        for (name, property) in &self.resource.properties {
            for spelling in std::iter::once(name).chain(&property.aliases) {
                if let Some(other) = known.insert(spelling.to_lowercase(), name).filter(|other| other != name)
                {
                    let message =
                        format!("`{spelling}` of `{}` means both `{other}` and `{name}`", self.resource.name);
                    return self.fail(&["properties", &format!("{name}:")], message, "rename one of them");
                }
            }
        }
        Ok(())
    }

    /// Paths begin at the base URL, and parameters have a place of their own.
    fn paths(&self) -> Result<(), DefinitionError> {
        let resource = self.resource;
        let read = resource.read.iter();
        let update = resource.update.iter();
        let verbs = |verbs: &[Verb]| verbs.iter().map(|verb| verb.path.to_string()).collect::<Vec<_>>();
        let all = resource.create.iter().map(|call| call.path.to_string());
        let all = all.chain(read.clone().map(|read| read.path.to_string()));
        let all = all.chain(read.flat_map(|read| &read.parts).map(|part| part.path.to_string()));
        let all = all.chain(resource.list.iter().map(|list| list.path.to_string()));
        let all =
            all.chain(update.clone().flat_map(|update| &update.steps).map(|step| step.path.to_string()));
        let all = all
            .chain(update.flat_map(|update| verbs(&update.before).into_iter().chain(verbs(&update.after))));
        let all = all.chain(resource.delete.iter().map(|delete| delete.path.to_string()));
        let mut all = all.chain(resource.delete.iter().flat_map(|delete| verbs(&delete.before)));
        let of = &resource.name;
        let wrong = |path: &String| !path.starts_with('/') || path.contains(['?', '#', ' ']);
        match all.find(wrong) {
            Some(path) if path.starts_with('/') => {
                let message = format!("the path `{path}` of `{of}` holds more than a path");
                self.fail(&[&path], message, "parameters go under `query`")
            }
            Some(path) => {
                let message = format!("the path `{path}` of `{of}` does not begin with `/`");
                self.fail(&[&path], message, "write it from the base URL of the endpoint on: `/tickets`")
            }
            None => Ok(()),
        }
    }

    fn phases(&self) -> Result<(), DefinitionError> {
        let Some(ready) = &self.resource.ready else { return Ok(()) };
        let of = &self.resource.name;
        let groups = [
            ("ready", &ready.ready),
            ("pending", &ready.pending),
            ("failed", &ready.failed),
            ("leaving", &ready.leaving),
        ];
        let mut known: HashMap<&str, &str> = HashMap::new();
        for (group, phases) in groups {
            for phase in phases {
                if let Some(other) = known.insert(phase, group) {
                    let message = format!("the phase `{phase}` of `{of}` is both `{other}` and `{group}`");
                    return self.fail(&["ready:", phase], message, "keep it in one of them");
                }
            }
        }
        if ready.every.is_some_and(|every| every.is_zero()) {
            let message = format!("`every` of `{of}` would ask without a pause");
            return self.fail(&["ready:", "every"], message, "give a pause: `5s`");
        }
        Ok(())
    }

    fn identity(&self) -> Result<(), DefinitionError> {
        let resource = self.resource;
        for (list, word) in [(&resource.identity, "identity"), (&resource.natural_key, "natural_key")] {
            for name in list {
                if !resource.properties.contains_key(name) {
                    let message =
                        format!("`{word}` of `{}` names `{name}`, which is no property", resource.name);
                    return self.fail(&[word], message, "name properties of the resource");
                }
                if list.iter().filter(|other| *other == name).count() > 1 {
                    let message = format!("`{word}` of `{}` names `{name}` twice", resource.name);
                    return self.fail(&[word], message, "name each property once");
                }
                let property = resource.properties.get(name);
                if property.is_some_and(|p| matches!(p.ty, Some(JsonType::Object | JsonType::Array))) {
                    let message =
                        format!("`{word}` of `{}` names `{name}`, which is no single value", resource.name);
                    return self.fail(&[word], message, "name properties that are texts or numbers");
                }
                if property.is_some_and(|p| p.write_only && p.in_body != Some(false)) {
                    let message =
                        format!("`{word}` of `{}` names `{name}`, which reads never show", resource.name);
                    return self.fail(&[word], message, "name properties that can be read");
                }
            }
        }
        if let Some(name) = resource.usages.as_ref().filter(|name| !resource.properties.contains_key(*name)) {
            let message = format!("`usages` of `{}` names `{name}`, which is no property", resource.name);
            return self.fail(&["usages:"], message, "name a property of the resource");
        }
        let has_wrong_place = |(name, property): &(&String, &Property)| {
            property.optional && !resource.optional_parts().contains(name)
        };
        if let Some((name, _)) = resource.properties.iter().find(has_wrong_place) {
            let message =
                format!("`{name}` of `{}` is `optional` and no last part of its identity", resource.name);
            return self.fail(&["optional"], message, "only parts at the end of `identity` may be left out");
        }
        for grant in &resource.grants {
            for name in [&grant.target, &grant.user, &grant.password] {
                if !resource.properties.contains_key(name) {
                    let message =
                        format!("`grants` of `{}` names `{name}`, which is no property", resource.name);
                    return self.fail(&["grants", name], message, "name properties of the resource");
                }
            }
        }
        let needs_one = resource.read.is_some() || resource.delete.is_some() || resource.create.is_some();
        if needs_one && resource.identity.is_empty() {
            let message = format!("`{}` has no `identity`", resource.name);
            return self.fail(&["name"], message, "name the properties that its paths are made of");
        }
        let by_service = |name: &String| resource.properties.get(name).is_some_and(|p| p.read_only);
        let can_be_found = resource.list.is_some() && !resource.natural_key.is_empty();
        if resource.create.is_some() && resource.identity.iter().any(by_service) && !can_be_found {
            let message = format!(
                "`{}` gets its identifier from the service, and cannot be found by anything else",
                resource.name
            );
            return self.fail(&["name"], message, "give it a `list` and a `natural_key`");
        }
        Ok(())
    }

    fn operations(&self) -> Result<(), DefinitionError> {
        let resource = self.resource;
        if resource.read.is_none()
            && (resource.create.is_some() || resource.update.is_some() || resource.ready.is_some())
        {
            let message =
                format!("`{}` has no `read`: nothing that is done to it could be seen", resource.name);
            return self.fail(&["name"], message, "describe how one is read");
        }
        if let Some(create) = &resource.create {
            let all = create.query.values().chain(create.filter.values()).chain([&create.path]);
            self.variables("create", all, |name| {
                resource.properties.get(name).is_some_and(|p| !p.read_only)
            })?;
            for name in create.then_update.iter().chain(&create.once_ready) {
                if resource.update.is_none() || !resource.properties.contains_key(name) {
                    let message = format!(
                        "the create of `{}` leaves `{name}` to an update that it does not have",
                        resource.name
                    );
                    return self.fail(&["create:"], message, "describe the update, or the property");
                }
            }
        }
        let identity = |name: &str| resource.identity.iter().any(|part| part == name);
        if let Some(read) = &resource.read {
            let parts = read.parts.iter().flat_map(|part| part.query.values().chain([&part.path]));
            self.variables("read", read.query.values().chain([&read.path]).chain(parts), identity)?;
        }
        if let Some(delete) = &resource.delete {
            let before = delete.before.iter().map(|verb| &verb.path);
            let all =
                delete.query.values().chain(delete.permanent.values()).chain([&delete.path]).chain(before);
            self.variables("delete", all, identity)?;
        }
        if resource.create.as_ref().and_then(|create| create.method) == Some(Method::Get) {
            let message = format!("the create of `{}` is a GET, which makes nothing", resource.name);
            return self.fail(&["create:", "GET"], message, "leave `method` out for POST, or say PUT");
        }
        let any = |name: &str| resource.properties.contains_key(name);
        for (path, value) in &resource.constants {
            if let Some(text) = value.as_str() {
                match Template::parse(text) {
                    Ok(template) => self.variables("constants", [&template], any)?,
                    Err(why) => {
                        return self.fail(&["constants:", path], why, "close the brace, or leave it out");
                    }
                }
            }
        }
        if let Some(list) = &resource.list {
            self.variables("list", list.query.values().chain(list.filter.values()).chain([&list.path]), any)?;
            let parts = list.parts.iter().flat_map(|part| part.query.values().chain([&part.path]));
            self.variables("list", parts, any)?;
            let lacks = |into: &String| !list.parts.iter().any(|part| part.into == *into);
            let read_parts = resource.read.iter().flat_map(|read| &read.parts);
            let is_less = list.names.is_some() || read_parts.map(|part| &part.into).any(lacks);
            if list.answers_reads && (is_less || resource.read.is_none()) {
                let message = format!(
                    "the list of `{}` cannot have `answers_reads`: reads show more than it does",
                    resource.name
                );
                return self.fail(&["list:"], message, "give it the `parts` of the read, or leave it out");
            }
            if list.keyed.is_some() && list.names.is_some() {
                let message = format!("the list of `{}` cannot be both `keyed` and `names`", resource.name);
                return self.fail(&["list:"], message, "keep one of them");
            }
        }
        let of_steps = resource.update.iter().flat_map(|update| &update.steps);
        let checks = of_steps.filter_map(|step| step.check.as_ref());
        for check in resource.create.iter().filter_map(|create| create.check.as_ref()).chain(checks) {
            self.variables("check", [&check.path], |name| any(name) || check.with.contains_key(name))?;
        }
        if let Some(update) = &resource.update {
            for verb in update.before.iter().chain(&update.after) {
                self.variables("update", [&verb.path], any)?;
                if let Some(name) = verb.when.keys().chain(verb.when_was.keys()).find(|name| !any(name)) {
                    let message = format!(
                        "`when` in the update of `{}` names `{name}`, which is no property",
                        resource.name
                    );
                    return self.fail(&["update:", "when"], message, "name properties of the resource");
                }
            }
            for step in &update.steps {
                self.variables("update", step.query.values().chain([&step.path]), any)?;
            }
        }
        if resource.ready.as_ref().is_some_and(|ready| ready.ready.is_empty()) {
            let message = format!("no phase of `{}` is ready", resource.name);
            return self.fail(&["ready:"], message, "name at least one phase under `ready`");
        }
        Ok(())
    }

    fn variables<'t>(
        &self,
        operation: &str,
        templates: impl IntoIterator<Item = &'t Template>,
        has_source: impl Fn(&str) -> bool,
    ) -> Result<(), DefinitionError> {
        for template in templates {
            for name in template.variables() {
                if !has_source(name) {
                    let of = &self.resource.name;
                    let message = format!(
                        "`{name}` in `{template}` ({operation} of `{of}`) has no source at that time"
                    );
                    let next = match operation {
                        "create" => "use properties that are declared",
                        "read" | "delete" => "use properties of `identity`",
                        _ => "use properties of the resource",
                    };
                    return self.fail(&[&format!("{operation}:"), &template.to_string()], message, next);
                }
            }
        }
        Ok(())
    }

    fn steps(&self) -> Result<(), DefinitionError> {
        let resource = self.resource;
        let Some(update) = &resource.update else { return Ok(()) };
        let of = &resource.name;
        if update.steps.is_empty() {
            return self.fail(
                &["update:"],
                format!("the update of `{of}` has no steps"),
                "describe one, or leave `update` out",
            );
        }
        if update.steps.iter().filter(|step| step.of.is_empty()).count() > 1 {
            let message = format!("two steps of the update of `{of}` are for everything");
            return self.fail(&["steps:"], message, "say with `of` what each is for");
        }
        for step in &update.steps {
            if step.method == Method::Get {
                let message = format!("a step of the update of `{of}` is a GET, which changes nothing");
                return self.fail(&["steps:", "GET"], message, "PATCH, PUT and POST change something");
            }
            for name in &step.of {
                if !resource.properties.contains_key(name) {
                    let message =
                        format!("a step of the update of `{of}` is for `{name}`, which is no property");
                    return self.fail(&["steps:"], message, "name properties of the resource");
                }
            }
            let one = match step.of.as_slice() {
                [one] => resource.properties.get(one),
                _ => None,
            };
            let fits = match step.body {
                Body::Value => one.is_some(),
                Body::Alter | Body::Pairs => one.is_some_and(|property| property.pairs),
                Body::Empty | Body::Whole | Body::Merge => true,
                Body::Fixed => step.send.is_some(),
            };
            if !fits {
                let message =
                    format!("the body of `{}` in the update of `{of}` needs exactly one property", step.path);
                return self.fail(
                    &["update:", &step.path.to_string()],
                    message,
                    "name it in `of`; for `alter` and `pairs` it has `pairs: true`",
                );
            }
            if step.becomes.is_some() && one.is_none() {
                let message = format!(
                    "`becomes` of `{}` in the update of `{of}` needs exactly one property",
                    step.path
                );
                return self.fail(&["update:", &step.path.to_string()], message, "name it in `of`");
            }
        }
        Ok(())
    }

    fn paging(&self) -> Result<(), DefinitionError> {
        let Some(Paging { kind, param, next, size_param, size, token_length: _ }) =
            self.resource.list.as_ref().and_then(|list| list.paging.as_ref())
        else {
            return Ok(());
        };
        let missing = match kind {
            PagingKind::None => None,
            PagingKind::Url | PagingKind::Token => match (param, next) {
                (None, _) => Some("param"),
                (_, None) => Some("next"),
                _ => None,
            },
            PagingKind::Offset => match (param, size_param, size) {
                (None, ..) => Some("param"),
                (_, None, _) => Some("size_param"),
                (.., None | Some(0)) => Some("size"),
                _ => None,
            },
        };
        match missing {
            Some(word) => {
                let message = format!("the paging of `{}` lacks `{word}`", self.resource.name);
                self.fail(&["paging"], message, "see docs/reference/rest-definitions.md, paging")
            }
            None => Ok(()),
        }
    }
}

fn is_of(ty: JsonType, value: &Json) -> bool {
    match ty {
        JsonType::Object => value.is_object(),
        JsonType::Array => value.is_array(),
        JsonType::String => value.is_string(),
        JsonType::Integer => value.is_i64() || value.is_u64(),
        JsonType::Number => value.is_number(),
        JsonType::Boolean => value.is_boolean(),
        JsonType::Null => value.is_null(),
    }
}
