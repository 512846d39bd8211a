//! What a rule may look at beside the resource itself.

use crate::config::{Config, References};
use crate::model::expand;
use crate::state::{Resource, Scope};
use serde_json::Value as Json;
use stack_core::pointer::PropertyPath;
use stack_core::schema::ResourceSchema;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The resource's type, and everything else in its account.
pub(crate) struct Around<'c> {
    pub(crate) schema: &'c ResourceSchema,
    pub(crate) account: &'c str,
    pub(crate) region: &'c str,
    pub(crate) now_ms: i64,
    pub(crate) scope: &'c Scope,
    pub(crate) config: &'c Config,
    scopes: &'c BTreeMap<String, Scope>,
}

static NOTHING: LazyLock<Scope> = LazyLock::new(Scope::default);

impl<'c> Around<'c> {
    pub(crate) fn new(
        schema: &'c ResourceSchema,
        scope_name: &'c str,
        now_ms: i64,
        scopes: &'c BTreeMap<String, Scope>,
        config: &'c Config,
    ) -> Self {
        let (account, region) = scope_name.split_once('/').unwrap_or((scope_name, ""));
        let scope = scopes.get(scope_name).unwrap_or_else(|| &NOTHING);
        Self { schema, account, region, now_ms, scope, config, scopes }
    }

    pub(crate) fn ty(&self) -> &'c str {
        self.schema.type_name.as_str()
    }

    /// True if services look at what properties name.
    pub(crate) fn checks_references(&self) -> bool {
        self.config.references == References::Checked
    }

    /// The resources of a type in this region.
    pub(crate) fn all(&self, ty: &str) -> impl Iterator<Item = &'c Resource> {
        self.scope.resources.get(ty).into_iter().flat_map(|all| all.values())
    }

    /// The resources of a type in every region of the account: for what belongs to no region.
    pub(crate) fn anywhere(&self, ty: &str) -> impl Iterator<Item = &'c Resource> {
        let account = self.account;
        let ty = ty.to_owned();
        self.scopes
            .iter()
            .filter(move |(name, _)| name.split('/').next() == Some(account))
            .flat_map(move |(_, scope)| scope.resources.get(&ty).into_iter().flat_map(|all| all.values()))
    }

    /// The resources of a type in all accounts; true for those of this one.
    pub(crate) fn everywhere(&self, ty: &str) -> impl Iterator<Item = (bool, &'c Resource)> {
        let account = self.account;
        let ty = ty.to_owned();
        self.scopes.iter().flat_map(move |(name, scope)| {
            let own = name.split('/').next() == Some(account);
            scope.resources.get(&ty).into_iter().flat_map(|all| all.values()).map(move |one| (own, one))
        })
    }

    /// The resource of a type whose identifier starts with this part.
    pub(crate) fn by_id(&self, ty: &str, id: &str) -> Option<&'c Resource> {
        self.all(ty).find(|resource| resource.identifier.split('|').next() == Some(id))
    }

    /// The resource of a type that has this value at a property.
    pub(crate) fn with(&self, ty: &str, property: &str, value: &str) -> Option<&'c Resource> {
        self.all(ty).find(|resource| text(&resource.model, property) == Some(value))
    }

    /// The first other resource that has the value at one of the paths of its type.
    pub(crate) fn user_of(&self, value: &str, uses: &[(&str, &[&str])]) -> Option<(String, &'c Resource)> {
        uses.iter().find_map(|(ty, paths)| {
            let found = self.all(ty).find(|resource| {
                paths.iter().any(|path| texts(&resource.model, path).iter().any(|text| text == value))
            })?;
            Some(((*ty).to_owned(), found))
        })
    }
}

/// A text property.
pub(crate) fn text<'m>(model: &'m Json, property: &str) -> Option<&'m str> {
    property.split('/').try_fold(model, |at, name| at.get(name)).and_then(Json::as_str)
}

/// The texts at a path, wildcards expanded.
pub(crate) fn texts(model: &Json, path: &str) -> Vec<String> {
    let path = PropertyPath::parse(&format!("/properties/{path}"));
    expand(&path, model)
        .iter()
        .filter_map(|pointer| pointer.get(model).and_then(Json::as_str).map(str::to_owned))
        .collect()
}

/// Sets a property of the top level.
pub(crate) fn put(model: &mut Json, property: &str, value: impl Into<Json>) {
    if let Some(map) = model.as_object_mut() {
        map.insert(property.to_owned(), value.into());
    }
}

/// Sets a property of the top level unless it is there.
pub(crate) fn put_default(model: &mut Json, property: &str, value: impl Into<Json>) {
    if let Some(map) = model.as_object_mut() {
        map.entry(property.to_owned()).or_insert_with(|| value.into());
    }
}
