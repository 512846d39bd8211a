//! What definitions say of each other: hosts that other resources know, parents, credentials that they open.

use super::load::{DefinitionError, Source};
use super::{Definition, Parsed};
use stack_core::diagnostic::nearest;

/// Checks what one definition says of others, once all are there.
pub(super) fn check(
    source: &Source<'_>,
    all: &Parsed,
    definition: &Definition,
) -> Result<(), DefinitionError> {
    Links { source, all, definition }.check()
}

struct Links<'a> {
    source: &'a Source<'a>,
    all: &'a Parsed,
    definition: &'a Definition,
}

impl Links<'_> {
    fn check(&self) -> Result<(), DefinitionError> {
        let resource = &self.definition.resource;
        for grant in &resource.grants {
            let key = (self.definition.provider.clone(), grant.endpoint.clone());
            if !self.all.endpoints.contains_key(&key) {
                let message = format!(
                    "`grants` of `{}` opens the endpoint `{}`, which no file of `{}` has",
                    resource.name, grant.endpoint, key.0
                );
                return Err(self.wrong(&["grants", &grant.endpoint], message, "name an endpoint class"));
            }
        }
        if let Some(parent) = resource.read.as_ref().and_then(|read| read.parent.as_ref()) {
            let found = self.named(&parent.resource, "`parent`", &["parent", &parent.resource])?;
            for name in parent.identity.keys() {
                self.has(found, name, "`parent`")?;
            }
            if let Some(name) = parent.identity.values().find(|name| !resource.properties.contains_key(*name))
            {
                let message =
                    format!("`parent` of `{}` names `{name}`, which is no property of it", resource.name);
                return Err(self.wrong(&["parent", name], message, "name properties of the resource"));
            }
        }
        if let Some(found_in) = &self.definition.endpoint.found_in {
            let found = self.named(&found_in.resource, "`found_in`", &["found_in", &found_in.resource])?;
            for name in [&found_in.matches, &found_in.url] {
                self.has(found, name, "`found_in`")?;
            }
            for (name, input) in &found_in.inputs {
                self.has(found, name, "`found_in`")?;
                let of = self.named(&input.resource, "`found_in`", &["found_in", &input.resource])?;
                self.has(of, &input.property, "`found_in`")?;
            }
        }
        self.circle("`found_in`", &|definition| {
            let found = definition.endpoint.found_in.iter();
            found
                .flat_map(|found| {
                    std::iter::once(&found.resource).chain(found.inputs.values().map(|input| &input.resource))
                })
                .collect()
        })?;
        self.circle("`parent`", &|definition| {
            let parent = definition.resource.read.as_ref().and_then(|read| read.parent.as_ref());
            parent.map(|parent| &parent.resource).into_iter().collect()
        })
    }

    fn wrong(&self, words: &[&str], message: String, next: &str) -> DefinitionError {
        self.source.error(&self.definition.resource.name, words, message, next)
    }

    fn get(&self, name: &str) -> Option<&Definition> {
        self.all.by_type.get(self.all.names.get(&name.to_lowercase())?).map(|found| &**found)
    }

    fn named(&self, name: &str, key: &str, words: &[&str]) -> Result<&Definition, DefinitionError> {
        self.get(name).ok_or_else(|| {
            let message = format!(
                "{key} of `{}` names `{name}`, which nothing describes",
                self.definition.resource.name
            );
            let next = match nearest(name, self.all.names.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "name a resource of a definition file".to_owned(),
            };
            self.wrong(words, message, &next)
        })
    }

    fn has(&self, found: &Definition, name: &str, key: &str) -> Result<(), DefinitionError> {
        if found.property(name).is_some() {
            return Ok(());
        }
        let message = format!("{key} names `{name}`, which is no property of `{}`", found.resource.name);
        let near = nearest(name, found.resource.properties.keys().map(String::as_str));
        let next = near.map_or_else(
            || format!("name a property of {}", found.ty),
            |near| format!("did you mean `{near}`?"),
        );
        Err(self.wrong(&["properties"], message, &next))
    }

    /// A request that waits for its own answer would never be sent.
    fn circle<'d>(
        &'d self,
        key: &str,
        next: &dyn Fn(&'d Definition) -> Vec<&'d String>,
    ) -> Result<(), DefinitionError> {
        let own = &self.definition.ty;
        let mut open = next(self.definition);
        let mut seen: Vec<&str> = Vec::new();
        while let Some(name) = open.pop() {
            let Some(found) = self.get(name).filter(|found| !seen.contains(&found.ty.as_str())) else {
                continue;
            };
            if found.ty == *own {
                let message = format!("{key} of `{own}` leads back to itself");
                return Err(self.wrong(
                    &[key.trim_matches('`')],
                    message,
                    "name a resource that is known without it",
                ));
            }
            seen.push(found.ty.as_str());
            open.extend(next(found));
        }
        Ok(())
    }
}
