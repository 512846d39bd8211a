//! What the tables that statements name need of IAM, where statements rule: nobody declares a type then.

use crate::load::Loaded;
use crate::policy::{self, Need};
use stack_catalog::permissions::Operation;
use stack_core::desired::Outputs;
use stack_core::flow::{AnchorKind, Captured};
use stack_core::ids::{Address, TypeName};
use stack_core::schema::ResourceSchema;
use stack_manifest::Draft;
use stack_sql::Tables;
use stack_sql::lex::{Part, parts, statements};
use stack_sql::source::{Form, Kind, Raw, View};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What one resource's statements need, and what cannot be known of it.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// By type.
    pub needs: Vec<Need>,
    /// Sentences for people.
    pub unknown: Vec<String>,
}

/// What is done to resources of one type.
struct Used {
    schema: Arc<ResourceSchema>,
    operations: Vec<Operation>,
}

/// What is gathered of one resource.
#[derive(Default)]
struct Gathered {
    types: BTreeMap<TypeName, Used>,
    calls: BTreeSet<&'static str>,
    asks_index: bool,
    unknown: BTreeSet<String>,
}

/// What the statements of a resource need. `writes`: those that change something are among them. Nothing for dotted types.
pub fn needs(loaded: &Loaded, address: &Address, role: Option<&str>, writes: bool) -> Found {
    let Some(drafts) = loaded.stack.drafts(address, &Outputs::new()) else { return Found::default() };
    let mut gathered = Gathered::default();
    if drafts.shell().is_some() {
        gathered.unknown.insert("what its shell command calls".to_owned());
    }
    for anchor in drafts.anchors() {
        match drafts.draft(anchor, &Captured::default()) {
            Draft::Text(marked) => gathered.text(loaded, &stack_flow::shown(&marked), anchor, writes),
            Draft::Waits(_) | Draft::Broken(_) => {
                gathered.unknown.insert(format!("what its `{anchor}` calls: its text is known only later"));
            }
        }
    }
    gathered.found(address, role)
}

impl Gathered {
    fn text(&mut self, loaded: &Loaded, text: &str, anchor: AnchorKind, writes: bool) {
        let tables = Tables::new(&*loaded.schemas);
        for range in statements(text) {
            let statement = &text[range];
            let verb = match keyword(statement).as_str() {
                "INSERT" => Some(Operation::Create),
                "UPDATE" => Some(Operation::Update),
                "DELETE" => Some(Operation::Delete),
                _ => None,
            };
            for (at, name) in names(statement).into_iter().enumerate() {
                // The first table of a statement that changes something is what it changes.
                let verb = verb.filter(|_| at == 0);
                if verb.is_some() && !writes {
                    continue;
                }
                match tables.source(&name) {
                    Ok(source) => self.table(source.kind, verb, loaded, anchor),
                    Err(_) => {
                        self.unknown.insert(format!("what the table {name} needs: it is not known here"));
                    }
                }
            }
        }
    }

    fn table(&mut self, kind: Kind, verb: Option<Operation>, loaded: &Loaded, anchor: AnchorKind) {
        match (kind, verb) {
            (Kind::Type { ty, schema, .. }, Some(verb)) => {
                self.operations(ty, schema, &[verb, Operation::Read]);
            }
            (Kind::Type { ty, schema, form, .. }, None) => {
                let all: &[Operation] = match form {
                    Form::Singular => &[Operation::Read],
                    Form::ListOnly => &[Operation::List],
                    Form::PluralScan | Form::Tags => &[Operation::Read, Operation::List],
                };
                self.operations(ty, schema, all);
            }
            (Kind::CloudControl(Raw::ResourceRequest), _) => {
                self.calls.insert("GetResourceRequestStatus");
            }
            (Kind::CloudControl(Raw::ResourceRequests | Raw::Requests(_)), verb) => {
                self.calls.insert("ListResourceRequests");
                self.calls.extend(verb.map(|_| "CancelResourceRequest"));
            }
            (Kind::CloudControl(Raw::Resource | Raw::Resources), verb) => {
                self.calls.insert(verb.map_or("GetResource", policy::call));
                self.calls.insert("ListResources");
                self.unknown.insert(format!("the actions of `{anchor}`: it names its type in a value"));
            }
            (Kind::Tagging, _) => self.asks_index = true,
            // Other providers know no IAM. AWS services that are called directly have actions of their own.
            (Kind::Rest(rest), _) => {
                if rest.about.is_regional() {
                    self.unknown
                        .insert(format!("the actions of {}: its service is called directly", rest.ty));
                }
            }
            (Kind::View(View::SubnetRouteTableAssociations), _) => {
                let ty = TypeName::new("AWS::EC2::SubnetRouteTableAssociation");
                if let Ok(schema) = loaded.schemas.schema(&ty) {
                    self.operations(ty, schema, &[Operation::Read, Operation::List]);
                }
            }
        }
    }

    fn operations(&mut self, ty: TypeName, schema: Arc<ResourceSchema>, all: &[Operation]) {
        let used = self.types.entry(ty).or_insert_with(|| Used { schema, operations: Vec::new() });
        for operation in all {
            if !used.operations.contains(operation) {
                used.operations.push(*operation);
            }
        }
    }

    fn found(self, address: &Address, role: Option<&str>) -> Found {
        let needs = self.types.into_iter().map(|(ty, Used { schema, operations })| Need {
            actions: policy::actions(&schema, &operations, schema.tag_property().is_some()),
            calls: operations.iter().map(|operation| policy::call(*operation)).collect(),
            role: role.map(str::to_owned),
            is_discovered: false,
            ty,
        });
        let mut needs: Vec<Need> = needs.collect();
        if self.asks_index || !self.calls.is_empty() {
            // Of no type: only calls, and the tag index.
            needs.push(Need {
                ty: TypeName::new(address.as_str()),
                actions: Vec::new(),
                calls: self.calls,
                role: role.map(str::to_owned),
                is_discovered: self.asks_index,
            });
        }
        let unknown = self.unknown.into_iter().map(|what| format!("{address}: {what}")).collect();
        Found { needs, unknown }
    }
}

/// The first word of a statement, in capitals.
fn keyword(statement: &str) -> String {
    let code: String = code(statement);
    code.split(|c: char| !c.is_ascii_alphanumeric())
        .find(|word| !word.is_empty())
        .unwrap_or_default()
        .to_uppercase()
}

/// A statement without its literals and comments.
fn code(statement: &str) -> String {
    parts(statement)
        .into_iter()
        .map(|(range, part)| match part {
            Part::Code | Part::Name => &statement[range],
            Part::Literal | Part::Comment => " ",
        })
        .collect()
}

/// The names of three parts in a statement, in its order: tables, unless a column has its table before it.
fn names(statement: &str) -> Vec<String> {
    let code = code(statement).replace(['"', '`'], "");
    let words = code.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
    let is_table =
        |word: &&str| word.matches('.').count() == 2 && word.split('.').all(|part| !part.is_empty());
    words.filter(is_table).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_found_in_code_alone() {
        let text = "/* a.b.c */ INSERT INTO awscc.ec2.vpcs (Tags) SELECT 'x.y.z' FROM \"awscc\".\"ec2\".\"subnets\" s -- d.e.f\n WHERE s.id = 1.5";
        assert_eq!(keyword(text), "INSERT");
        assert_eq!(names(text), ["awscc.ec2.vpcs", "awscc.ec2.subnets"]);
    }
}
