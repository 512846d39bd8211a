//! REST services as data: definition files, how they are read and checked, and the [`ResourceSchema`] that each resource
//! has (docs/design/0010, docs/reference/rest-definitions.md).
//!
//! Definitions say what planner, differ and SQL need in the language of [`ResourceSchema`]. What that has no place for
//! (paths, paging, phases) only the engine in `stack-providers` reads.

mod check;
mod described;
pub mod form;
mod links;
mod load;
mod normal;
mod operations;
mod schema;
mod template;

pub use load::DefinitionError;
pub use template::{Part, Template};

use form::{Endpoint, FoundIn, Property, Resource};
use stack_core::ids::TypeName;
use stack_core::pointer::PathSet;
use stack_core::rest::Described;
use stack_core::schema::{ResourceSchema, Schemas, UnknownType};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// Names and texts of the files in this binary.
        const EMBEDDED: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../data/rest/", $name)))),*
        ];
    };
}

files![
    "aws-appintegrations.yaml",
    "aws-connect.yaml",
    "aws-customerprofiles.yaml",
    "confluent.yaml",
    "confluent-cmk.yaml",
    "confluent-connect.yaml",
    "confluent-flink.yaml",
    "confluent-iam.yaml",
    "confluent-kafka.yaml",
    "confluent-more.yaml",
    "confluent-networking.yaml",
    "confluent-org.yaml",
    "confluent-pim.yaml",
    "confluent-reads.yaml",
    "confluent-schema-registry.yaml",
];

/// Tables of StackQL's Confluent providers, one a line: some have no definition here.
const KNOWN_TO_STACKQL: &str = include_str!("../../data/names/confluent.txt");

/// All definitions that a program knows. Those in the binary are parsed when first needed: a program that only speaks to
/// AWS starts without. Clones share what was parsed.
#[derive(Clone, Debug)]
pub struct Definitions {
    parsed: Arc<OnceLock<Parsed>>,
}

/// Definitions as they are looked for.
#[derive(Clone, Debug, Default)]
struct Parsed {
    by_type: BTreeMap<TypeName, Arc<Definition>>,
    /// Lower-case names, canonical ones too.
    names: HashMap<String, TypeName>,
    endpoints: HashMap<(String, String), Arc<Endpoint>>,
}

/// One resource with what its file says about all.
#[derive(Debug)]
pub struct Definition {
    /// Its type.
    pub ty: TypeName,
    /// First part of its names.
    pub provider: String,
    /// Its endpoint class.
    pub class: String,
    /// What the class says.
    pub endpoint: Arc<Endpoint>,
    /// What the file says, defaults filled in.
    pub resource: Resource,
    /// True if the file is a user's.
    pub is_users: bool,
    schema: OnceLock<Arc<ResourceSchema>>,
}

/// Whose files these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    BuiltIn,
    Users,
}

impl Parsed {
    fn embedded() -> Self {
        let mut all = Self::default();
        all.add(EMBEDDED.iter().copied(), Origin::BuiltIn)
            .expect("the embedded definitions are right (tested)");
        all
    }

    /// Adds files. All that is wrong is told: of a file that does not read its first problem, else the first of each
    /// resource.
    fn add<'a>(
        &mut self,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
        origin: Origin,
    ) -> Result<(), Vec<DefinitionError>> {
        let mut wrong = Vec::new();
        let mut read = Vec::new();
        for (name, text) in files {
            let source = load::Source { name, text };
            match source.parse() {
                Ok(file) => read.push((source, file)),
                Err(error) => wrong.push(error),
            }
        }
        if !wrong.is_empty() {
            // What the others lack may stand in these.
            return Err(wrong);
        }
        let mut new: HashMap<(String, String), &str> = HashMap::new();
        for (source, file) in &read {
            for (class, endpoint) in &file.endpoints {
                let key = (file.provider.clone(), class.clone());
                let checked = check::endpoint(source, class, endpoint)
                    .and_then(|()| load::is_new(source, &key, &new, self.endpoints.contains_key(&key)));
                // It is there all the same: what uses it is not wrong for that.
                wrong.extend(checked.err());
                new.entry(key.clone()).or_insert(source.name);
                self.endpoints.entry(key).or_insert_with(|| Arc::new(endpoint.clone()));
            }
        }
        let mut named: HashMap<String, String> = HashMap::new();
        let mut added = Vec::new();
        for (source, file) in read {
            for resource in file.resources {
                let name = resource.name.clone();
                let made =
                    load::definition(&source, &file.provider, &file.defaults, resource, &self.endpoints)
                        .and_then(|definition| {
                            load::may_be_named(
                                &source,
                                &definition.resource,
                                &mut named,
                                &self.names,
                                origin,
                            )?;
                            Ok(definition)
                        });
                match made {
                    Ok(mut definition) => {
                        definition.is_users = origin == Origin::Users;
                        added.push((source, definition.ty.clone()));
                        self.insert(definition);
                    }
                    Err(error) => wrong.push(error),
                }
                let place = format!("{}:{}", source.name, source.line_of(&name));
                named.entry(name.to_lowercase()).or_insert(place);
            }
        }
        if wrong.is_empty() {
            let has = |table: &str, property: &str| {
                let definition = self.by_type.get(table)?;
                Some(definition.resource.properties.contains_key(property))
            };
            let checked = added.iter().filter_map(|(source, ty)| {
                let definition = self.by_type.get(ty)?;
                let related = check::relations(source, &definition.resource, &has);
                related.and_then(|()| links::check(source, self, definition)).err()
            });
            wrong.extend(checked);
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    fn insert(&mut self, definition: Definition) {
        let ty = definition.ty.clone();
        let names = std::iter::once(&definition.resource.name).chain(&definition.resource.aliases);
        for name in names {
            self.names.insert(name.to_lowercase(), ty.clone());
        }
        self.by_type.insert(ty, Arc::new(definition));
    }
}

impl Definitions {
    /// The definitions in this binary.
    pub fn embedded() -> &'static Self {
        static DEFINITIONS: OnceLock<Definitions> = OnceLock::new();
        DEFINITIONS.get_or_init(|| Self { parsed: Arc::default() })
    }

    /// The definitions in this binary and those of these texts, each with the name that errors give it. A resource that has
    /// the name of one that is built in must say `override: true`, and stands in its place then.
    ///
    /// # Errors
    /// All that is wrong with the texts.
    pub fn with<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Vec<DefinitionError>> {
        let mut all = Self::embedded().parsed().clone();
        all.add(files, Origin::Users)?;
        Ok(Self::of(all))
    }

    /// The definitions of these texts alone, each with the name that errors give it.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn from_texts<'a>(
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Vec<DefinitionError>> {
        let mut all = Parsed::default();
        all.add(files, Origin::Users)?;
        Ok(Self::of(all))
    }

    fn of(parsed: Parsed) -> Self {
        Self { parsed: Arc::new(OnceLock::from(parsed)) }
    }

    fn parsed(&self) -> &Parsed {
        self.parsed.get_or_init(Parsed::embedded)
    }

    /// False if the texts of the files show that parsing them would find nothing: this is quick, and parsing is not.
    fn may_have(&self, text: &str) -> bool {
        self.parsed.get().is_some() || EMBEDDED.iter().any(|(_, file)| file.contains(text))
    }

    /// The definition of a type.
    pub fn get(&self, ty: &TypeName) -> Option<&Arc<Definition>> {
        if !self.may_have(ty.as_str()) {
            return None;
        }
        self.parsed().by_type.get(ty)
    }

    /// All of them, by type name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Definition>> {
        self.parsed().by_type.values()
    }

    /// The type behind a name or an alias, whatever the case.
    pub fn named(&self, name: &str) -> Option<&TypeName> {
        let name = name.to_lowercase();
        if !self.may_have(&name) {
            return None;
        }
        self.parsed().names.get(&name)
    }

    /// All names and aliases, sorted.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.parsed().names.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }

    /// True if this is the provider of some definition, or the first part of a name (`kafka`), so that a target may name it.
    pub fn has_provider(&self, provider: &str) -> bool {
        if !self.may_have(&format!("name: {provider}.")) && !self.may_have(&format!("provider: {provider}\n"))
        {
            return false;
        }
        let begins = |name: &String| name.split('.').next() == Some(provider);
        let parsed = self.parsed();
        parsed.by_type.values().any(|definition| definition.provider == provider)
            || parsed.names.keys().any(begins)
    }

    /// The definition that knows the hosts of an endpoint class, and how.
    pub fn locator<'d>(&self, endpoint: &'d Endpoint) -> Option<(&Arc<Definition>, &'d FoundIn)> {
        let found = endpoint.found_in.as_ref()?;
        let ty = self.named(&found.resource)?;
        Some((self.get(ty)?, found))
    }

    /// The endpoint classes whose hosts the reads of a resource show, and how.
    pub fn located_by(&self, locator: &Definition) -> Vec<(&str, &FoundIn)> {
        let of_locator = |found: &&FoundIn| self.named(&found.resource) == Some(&locator.ty);
        let classes = self.parsed().endpoints.iter();
        classes
            .filter_map(|((_, class), endpoint)| {
                Some((class.as_str(), endpoint.found_in.as_ref().filter(of_locator)?))
            })
            .collect()
    }

    fn unknown(&self, name: &str) -> UnknownType {
        let near = crate::names::near(name, self.names().into_iter());
        let lower = name.to_lowercase();
        let is_known = KNOWN_TO_STACKQL.lines().any(|known| known == lower);
        let why = is_known.then(|| {
            "StackQL knows it, and no definition here describes it: write one (docs/guide/own-service.md)"
                .to_owned()
        });
        UnknownType { name: name.to_owned(), near, why }
    }
}

impl Definition {
    /// The schema, built once.
    pub fn schema(&self) -> Arc<ResourceSchema> {
        Arc::clone(self.known_schema())
    }

    /// The property that a column means: its name or alias whatever the case, `data__name` of the 2024 tables, `_name` where a query
    /// parameter has the plain name (stackql-compat 6.5).
    pub fn property_of(&self, column: &str) -> Option<&str> {
        self.known_schema().property_of(column)
    }

    fn known_schema(&self) -> &Arc<ResourceSchema> {
        self.schema.get_or_init(|| Arc::new(schema::of(&self.ty, &self.resource)))
    }

    /// Where properties stand that hold a secret: to be treated as sensitive wherever a value of them turns up.
    pub fn secrets(&self) -> PathSet {
        schema::paths(&self.resource, &|property| property.secret || property.once)
    }

    /// What it says to people, as the published schemas say it: `description`, here and at each property.
    pub fn words(&self) -> serde_json::Value {
        let described =
            self.resource.properties.iter().filter(|(_, property)| !property.description.is_empty());
        let properties: serde_json::Map<_, _> = described
            .map(|(name, property)| {
                (name.clone(), serde_json::json!({ "description": property.description }))
            })
            .collect();
        serde_json::json!({ "description": self.resource.description, "properties": properties })
    }

    /// A property by name.
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.resource.properties.get(name)
    }
}

impl Schemas for Definitions {
    fn canonical(&self, name: &str) -> Result<TypeName, UnknownType> {
        self.named(name).cloned().ok_or_else(|| self.unknown(name))
    }

    fn schema(&self, ty: &TypeName) -> Result<Arc<ResourceSchema>, UnknownType> {
        self.get(ty).map(|definition| definition.schema()).ok_or_else(|| self.unknown(ty.as_str()))
    }

    fn available_in(&self, _: &TypeName, _: &str) -> bool {
        true
    }

    fn described(&self, ty: &TypeName) -> Option<Arc<dyn Described>> {
        self.get(ty).map(|definition| Arc::clone(definition) as Arc<dyn Described>)
    }

    fn names_of(&self, ty: &TypeName) -> Vec<String> {
        self.described_names().into_iter().filter(|(_, own)| own == ty).map(|(name, _)| name).collect()
    }

    fn described_names(&self) -> Vec<(String, TypeName)> {
        let mut names: Vec<_> =
            self.parsed().names.iter().map(|(name, ty)| (name.clone(), ty.clone())).collect();
        names.sort_unstable();
        names
    }
}

#[cfg(test)]
mod tests;
