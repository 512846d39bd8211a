//! What a definition must not get wrong, because nobody would notice before a request goes astray.

use super::form::{Body, Paging, PagingKind, Property, Resource};
use super::load::{DefinitionError, Source};
use super::template::Template;
use stack_core::schema::JsonType;

/// Checks one resource. Every error names the resource and the place.
pub(super) fn resource(
    source: &Source<'_>,
    provider: &str,
    resource: &Resource,
) -> Result<(), DefinitionError> {
    let check = Check { source, resource };
    check.names(provider)?;
    for (name, property) in &resource.properties {
        check.property(name, property)?;
    }
    check.identity()?;
    check.operations()?;
    check.steps()?;
    check.paging()
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

    fn names(&self, provider: &str) -> Result<(), DefinitionError> {
        for name in std::iter::once(&self.resource.name).chain(&self.resource.aliases) {
            let parts: Vec<&str> = name.split('.').collect();
            let fits = parts.len() == 3 && parts.iter().all(|part| !part.is_empty());
            if !fits || name.contains("::") {
                let message = format!("`{name}` is no table name");
                let next = format!("write `{provider}.service.resources`");
                return self.fail(&["name"], message, &next);
            }
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
        property.properties.iter().try_for_each(|(name, member)| self.property(name, member))?;
        property.items.iter().try_for_each(|item| self.property(name, item))
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
