//! Facts of all CloudFormation resource types, compiled into the binary.
//!
//! The data is built by `cargo xtask catalog` from cfn-lint's copy of the published schemas (`data/README.md` has
//! source, version, date and licence). Nothing is decoded before it is asked for: names and facts are read where they
//! lie, schemas and documentation are decompressed block by block.

pub mod arn;
pub mod docs;
pub mod facts;
pub mod format;
pub mod names;
mod overlays;
pub mod permissions;
pub mod rest;

use docs::Documentation;
use facts::TypeFacts;
use format::{Blocks, FormatError, Lines, Place, Section, first_column, section};
use names::{TableForm, TableProviders};
use permissions::Operation;
use serde::{Deserialize, Serialize};
use stack_core::ids::TypeName;
use stack_core::naming::find_property;
use stack_core::pointer::Pointer;
use stack_core::schema::{ResourceSchema, Schemas, UnknownType};
use std::sync::{Arc, OnceLock};

pub use overlays::Correction;

/// The built catalog.
static DATA: &[u8] = include_bytes!("../data/catalog.bin");

/// The facts of all types.
#[derive(Debug)]
pub struct Catalog {
    source: Source,
    facts: Lines,
    tables: Lines,
    retired: Lines,
    regions: Lines,
    schemas: Blocks,
    docs: Blocks,
    parsed: Box<[OnceLock<Arc<ResourceSchema>>]>,
}

/// Where the data is from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Package on PyPI.
    pub package: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the wheel.
    pub sha256: String,
    /// When the schemas were published (RFC 3339).
    pub schema_date: String,
    /// SPDX expression of the package.
    pub licence: String,
}

impl Source {
    /// The day of the schemas, to be recorded in plans.
    pub fn date(&self) -> &str {
        self.schema_date.get(..10).unwrap_or(&self.schema_date)
    }
}

/// A SQL table of the `aws` or `awscc` provider that stands for a CloudFormation type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The type.
    pub ty: TypeName,
    /// What the table shows of it.
    pub form: TableForm,
}

/// Table names of a type in the older `aws` provider (stackql-compat 6.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsNames {
    /// `aws.s3.buckets`.
    pub plural: Vec<String>,
    /// `aws.s3.bucket`.
    pub singular: Vec<String>,
    /// `aws.s3.buckets_list_only`.
    pub list_only: Vec<String>,
    /// `aws.s3.bucket_tags`.
    pub tags: Vec<String>,
}

/// A type that the published tables name and that has no schema any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetiredType {
    /// `AWS::Service::Resource`.
    pub name: &'static str,
    /// `service.plural`.
    pub table: &'static str,
    /// `service.singular`.
    pub singular: &'static str,
}

impl Catalog {
    /// The catalog in this binary.
    pub fn embedded() -> &'static Self {
        static EMBEDDED: OnceLock<Catalog> = OnceLock::new();
        EMBEDDED.get_or_init(|| Self::from_bytes(DATA).expect("the committed catalog opens (tested)"))
    }

    /// Opens a catalog. Decodes nothing but the source note.
    pub fn from_bytes(file: &'static [u8]) -> Result<Self, FormatError> {
        let source = serde_json::from_slice(section(file, Section::Source)?)
            .map_err(|e| FormatError::Content("source", e.to_string()))?;
        let facts = Lines::new(section(file, Section::Facts)?)?;
        Ok(Self {
            source,
            facts,
            tables: Lines::new(section(file, Section::Tables)?)?,
            retired: Lines::new(section(file, Section::Retired)?)?,
            regions: Lines::new(section(file, Section::Regions)?)?,
            schemas: Blocks::new(section(file, Section::Schemas)?)?,
            docs: Blocks::new(section(file, Section::Docs)?)?,
            parsed: std::iter::repeat_with(OnceLock::new).take(facts.len()).collect(),
        })
    }

    /// Package, version, date and licence of the data.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// All type names, sorted. Some exist only in some regions.
    pub fn types(&self) -> impl ExactSizeIterator<Item = &'static str> {
        self.facts.iter().map(first_column)
    }

    /// Facts of a type by its canonical name.
    pub fn facts(&self, ty: &str) -> Option<TypeFacts> {
        TypeFacts::parse(self.facts.get(self.facts.find(ty)?)?)
    }

    /// Regions that the data knows, sorted. For the others availability is not known.
    pub fn regions(&self) -> impl Iterator<Item = &'static str> {
        self.regions.iter().filter(|line| line.ends_with("\tknown")).map(first_column)
    }

    /// Types that once had a table and have no schema any more.
    pub fn retired(&self) -> impl Iterator<Item = RetiredType> {
        self.retired.iter().filter_map(|line| {
            let mut columns = line.split('\t');
            Some(RetiredType { name: columns.next()?, table: columns.next()?, singular: columns.next()? })
        })
    }

    /// The table of a type in the `awscc` provider: `awscc.s3.buckets`. `None` for an unknown type.
    pub fn awscc_name(&self, ty: &TypeName) -> Option<String> {
        self.facts(ty.as_str()).map(|facts| format!("awscc.{}", facts.table))
    }

    /// The type behind a table name, whatever the case: `awscc.s3.buckets`, `aws.s3.bucket`. `None` for all others.
    pub fn table(&self, dotted: &str) -> Option<Table> {
        let dotted = dotted.to_lowercase();
        let (provider, name) = dotted.split_once('.').filter(|(provider, _)| is_provider(provider))?;
        let found = |name: &str| {
            let entry = TableLine::parse(self.tables.get(self.tables.find(name)?)?)?;
            Some((self.facts.get(entry.ty)?, entry))
        };
        let has = |(ty, entry): (&str, TableLine)| {
            let table = || Table { ty: TypeName::new(first_column(ty)), form: entry.form };
            entry.providers.has(provider).then(table)
        };
        if let Some(table) = found(name).and_then(has) {
            return Some(table);
        }
        // Two types have one plural in each provider: both are understood in both (stackql-compat 6.4).
        let other = names::other_plural(name)?;
        let (ty, entry) = found(&other)?;
        let table = || Table { ty: TypeName::new(first_column(ty)), form: entry.form };
        found(name).map(|(own, _)| first_column(own) == first_column(ty)).unwrap_or_default().then(table)
    }

    /// The tables of a type in the older `aws` provider; empty for an unknown type.
    pub fn aws_names(&self, ty: &TypeName) -> AwsNames {
        let mut names = AwsNames::default();
        let Some(number) = self.facts.find(ty.as_str()) else { return names };
        let Some(facts) = self.facts(ty.as_str()) else { return names };
        let service = format!("{}.", names::service_of(ty.as_str()));
        for line in self.tables.starting_with(&service) {
            let Some(entry) = TableLine::parse(line).filter(|e| e.ty == number && e.providers.has("aws"))
            else {
                continue;
            };
            let list = match entry.form {
                TableForm::Plural => &mut names.plural,
                TableForm::Singular => &mut names.singular,
                TableForm::ListOnly => &mut names.list_only,
                TableForm::Tags => &mut names.tags,
            };
            list.push(format!("aws.{}", entry.name));
        }
        if facts.singular == facts.table {
            names.singular.push(format!("aws.{}", facts.singular));
        }
        names
    }

    /// The columns of a type's identifier, in its order. A nested part joins its names with two underscores, as the
    /// published table does.
    pub fn identifier_columns(&self, ty: &TypeName) -> Vec<String> {
        let column = |path: &&str| {
            let names = path.split('/').map(|name| names::column_of(ty.as_str(), name));
            names.collect::<Vec<_>>().join("__")
        };
        self.facts(ty.as_str()).iter().flat_map(|facts| &facts.primary_identifier).map(column).collect()
    }

    /// What the schema of a type says to people.
    pub fn documentation(&self, ty: &TypeName) -> Result<Documentation, UnknownType> {
        let facts = self.facts(ty.as_str()).ok_or_else(|| self.unknown(ty.as_str()))?;
        parse(&self.docs, &facts.docs).map_err(|why| damaged(ty, &why))
    }

    /// The description of a type.
    pub fn description(&self, ty: &TypeName) -> Option<String> {
        self.documentation(ty).ok().map(|docs| docs.description().to_owned())
    }

    /// The description of a property, at any depth: `/Tags/0/Value`.
    pub fn property_description(&self, ty: &TypeName, property: &Pointer) -> Option<String> {
        let schema = self.schema(ty).ok()?;
        self.documentation(ty).ok()?.property(&schema, property).map(str::to_owned)
    }

    /// IAM actions that the schema lists for an operation of a type, normalised (cloud-control 6.2).
    pub fn permissions(&self, ty: &TypeName, operation: Operation) -> Option<Vec<String>> {
        permissions::listed(&*self.schema(ty).ok()?, operation)
    }

    /// The schema as published, without documentation and without hand corrections.
    pub fn published(&self, ty: &TypeName) -> Result<serde_json::Value, UnknownType> {
        let facts = self.facts(ty.as_str()).ok_or_else(|| self.unknown(ty.as_str()))?;
        parse(&self.schemas, &facts.schema).map_err(|why| damaged(ty, &why))
    }

    /// The hand correction of a type, if there is one.
    pub fn correction(&self, ty: &TypeName) -> Option<Correction> {
        overlays::of(ty.as_str()).ok().flatten()
    }

    /// The hand corrections of its type merged into a schema that comes from elsewhere.
    ///
    /// # Errors
    /// The correction cannot be read.
    pub fn corrected(&self, mut schema: ResourceSchema) -> Result<ResourceSchema, FormatError> {
        match overlays::of(schema.type_name.as_str()) {
            Ok(Some(correction)) => overlays::correct(&mut schema, correction),
            Ok(None) => {}
            Err(why) => return Err(FormatError::Content("correction", why.to_string())),
        }
        Ok(schema)
    }

    fn load(&self, ty: &TypeName) -> Result<ResourceSchema, UnknownType> {
        let facts = self.facts(ty.as_str()).ok_or_else(|| self.unknown(ty.as_str()))?;
        let schema = parse(&self.schemas, &facts.schema).map_err(|why| damaged(ty, &why))?;
        self.corrected(schema).map_err(|why| damaged(ty, &why))
    }

    /// The error for a name that no type has, with near names in the same spelling and what is known about it.
    fn unknown(&self, name: &str) -> UnknownType {
        let lower = name.to_lowercase();
        let (near, why) = match lower.split_once('.') {
            Some((provider, table)) if !name.contains("::") && is_provider(provider) => {
                let names = self
                    .tables
                    .iter()
                    .filter_map(TableLine::parse)
                    .filter(|e| e.providers.has(provider))
                    .filter(|e| matches!(e.form, TableForm::Plural | TableForm::Singular))
                    .map(|e| format!("{provider}.{}", e.name));
                (names::near(name, names), self.why_no_table(&lower, table))
            }
            _ => (names::near(name, self.types()), self.why_no_type(name)),
        };
        UnknownType { name: name.to_owned(), near, why }
    }

    fn why_no_type(&self, name: &str) -> Option<String> {
        if let Some(kind) = name.strip_prefix("AWS::Serverless::") {
            let expands = "CloudFormation expands SAM types itself; Cloud Control has no such type";
            let instead = SAM.iter().find(|(sam, _)| *sam == kind);
            return Some(match instead {
                Some((_, ty)) => format!("{expands}: write `{ty}` and what it needs"),
                None => expands.to_owned(),
            });
        }
        if name.starts_with("Custom::") {
            return Some("a custom resource only means something inside a CloudFormation stack".to_owned());
        }
        let service = format!("{name}::").to_lowercase();
        let types = self.types().filter(|ty| ty.to_lowercase().starts_with(&service));
        if let Some(sentence) = names::only_a_service(name, types) {
            return Some(sentence);
        }
        let retired = self.retired().find(|retired| retired.name == name)?;
        Some(self.retired_sentence(retired))
    }

    fn why_no_table(&self, dotted: &str, table: &str) -> Option<String> {
        if let Some(Table { ty, form: TableForm::ListOnly | TableForm::Tags }) = self.table(dotted) {
            let name = self.awscc_name(&ty)?;
            return Some(format!("it is a table for queries; the resource type is `{name}`"));
        }
        let service = format!("{table}.");
        let provider = dotted.split('.').next().unwrap_or_default();
        let tables = self.tables.starting_with(&service).filter_map(TableLine::parse);
        let tables = tables.filter(|e| e.form == TableForm::Plural && e.providers.has(provider));
        let tables: Vec<String> = tables.map(|e| format!("{provider}.{}", e.name)).collect();
        if let Some(sentence) = names::only_a_service(dotted, tables.iter().map(String::as_str)) {
            return Some(sentence);
        }
        let retired = self.retired().find(|retired| table == retired.table || table == retired.singular)?;
        Some(self.retired_sentence(retired))
    }

    fn retired_sentence(&self, retired: RetiredType) -> String {
        format!(
            "`{}` was a type once; AWS publishes no schema of it (as of {})",
            retired.name,
            self.source.date()
        )
    }
}

/// What the SAM types become (AWS SAM developer guide, "Generated CloudFormation resources").
const SAM: &[(&str, &str)] = &[
    ("Api", "AWS::ApiGateway::RestApi"),
    ("Application", "AWS::CloudFormation::Stack"),
    ("Function", "AWS::Lambda::Function"),
    ("GraphQLApi", "AWS::AppSync::GraphQLApi"),
    ("HttpApi", "AWS::ApiGatewayV2::Api"),
    ("LayerVersion", "AWS::Lambda::LayerVersion"),
    ("SimpleTable", "AWS::DynamoDB::Table"),
    ("StateMachine", "AWS::StepFunctions::StateMachine"),
];

/// A line of the tables section.
struct TableLine {
    name: &'static str,
    providers: TableProviders,
    form: TableForm,
    /// Number of the type.
    ty: usize,
}

impl TableLine {
    fn parse(line: &'static str) -> Option<Self> {
        let mut columns = line.split('\t');
        Some(Self {
            name: columns.next()?,
            providers: TableProviders::from_letter(columns.next()?)?,
            form: TableForm::from_letter(columns.next()?)?,
            ty: columns.next()?.parse().ok()?,
        })
    }
}

fn is_provider(name: &str) -> bool {
    name == "awscc" || name == "aws"
}

fn parse<T: serde::de::DeserializeOwned>(blocks: &Blocks, place: &Place) -> Result<T, FormatError> {
    serde_json::from_slice(blocks.get(place)?).map_err(|e| FormatError::Content("schema", e.to_string()))
}

fn damaged(ty: &TypeName, why: &FormatError) -> UnknownType {
    let why = Some(format!("its entry in the catalog cannot be read: {why}"));
    UnknownType { name: ty.to_string(), near: Vec::new(), why }
}

impl Schemas for Catalog {
    /// `AWS::` names must be exact; dotted names (`awscc.s3.buckets`, `aws.s3.buckets`, `aws.s3.bucket`) may be in any
    /// case.
    fn canonical(&self, name: &str) -> Result<TypeName, UnknownType> {
        if self.facts.find(name).is_some() {
            return Ok(TypeName::new(name));
        }
        match self.table(name) {
            Some(Table { ty, form: TableForm::Plural | TableForm::Singular }) => Ok(ty),
            _ => Err(self.unknown(name)),
        }
    }

    fn schema(&self, ty: &TypeName) -> Result<Arc<ResourceSchema>, UnknownType> {
        let cell = self.facts.find(ty.as_str()).and_then(|index| self.parsed.get(index));
        let cell = cell.ok_or_else(|| self.unknown(ty.as_str()))?;
        match cell.get() {
            Some(schema) => Ok(schema.clone()),
            None => {
                let schema = Arc::new(self.load(ty)?);
                Ok(cell.get_or_init(|| schema).clone())
            }
        }
    }

    fn names_of(&self, ty: &TypeName) -> Vec<String> {
        let AwsNames { plural, singular, .. } = self.aws_names(ty);
        self.awscc_name(ty).into_iter().chain(plural).chain(singular).collect()
    }

    fn others_with(&self, ty: &TypeName, property: &str) -> Vec<TypeName> {
        let Some((service, _)) = ty.as_str().rsplit_once("::") else { return Vec::new() };
        let same = |other: &str| other.rsplit_once("::").is_some_and(|(s, _)| s == service);
        let takes = |schema: &ResourceSchema| {
            find_property(property, schema.root.properties.keys().map(String::as_str)).is_some_and(|name| {
                !schema.read_only_properties.contains(&Pointer::of([name])) && schema.is_provisionable()
            })
        };
        self.types()
            .filter(|other| *other != ty.as_str() && same(other))
            .map(TypeName::new)
            .filter(|other| self.schema(other).is_ok_and(|schema| takes(&schema)))
            .collect()
    }

    fn regions(&self) -> Option<Vec<String>> {
        Some(self.regions.iter().map(|line| first_column(line).to_owned()).collect())
    }

    fn listed(&self) -> Vec<(TypeName, &'static str)> {
        let facts = self.facts.iter().filter_map(TypeFacts::parse);
        facts.map(|facts| (TypeName::new(facts.name), facts.provisioning().wire())).collect()
    }

    fn published(&self, ty: &TypeName) -> Option<serde_json::Value> {
        Self::published(self, ty).ok()
    }

    fn available_in(&self, ty: &TypeName, region: &str) -> bool {
        let Some(number) = self.regions.iter().position(|line| first_column(line) == region) else {
            return true;
        };
        let known = self.regions.get(number).is_some_and(|line| line.ends_with("\tknown"));
        match self.facts(ty.as_str()) {
            Some(facts) if known => facts.regions >> number & 1 == 1,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests;
