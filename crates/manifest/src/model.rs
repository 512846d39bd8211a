//! A parsed manifest: declarations with templates in their leaves, each with its position.

use crate::flow::{Flow, FlowKind, Statements};
use crate::iql::AnchorKind;
use crate::path::Path;
use crate::template::TemplateId;
use indexmap::IndexMap;
use stack_core::desired::ReplaceOrder;
use stack_core::diagnostic::{Diagnostic, Part};
use stack_core::identity::part_name;
use stack_core::ids::{Address, TypeName};
use stack_core::naming::{column_name, find_property};
use stack_core::pointer::Pointer;
use stack_core::schema::ResourceSchema;
use stack_core::value::Value;
use std::sync::Arc;

/// A value of the manifest, its texts compiled.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    /// Nothing to evaluate in here.
    Literal(Value),
    /// A text with template syntax.
    Template(TemplateId),
    /// A text that could not be compiled; reported.
    Broken,
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
    /// What a file holds that stands here (`file(…)`), with the root of that file.
    Included(Path, Box<Tree>),
}

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    pub(crate) tree: Tree,
    pub(crate) path: Path,
}

#[derive(Debug)]
pub(crate) struct GlobalDecl {
    pub(crate) name: String,
    /// `None`: reported.
    pub(crate) value: Option<Spot>,
    pub(crate) sensitive: bool,
    pub(crate) path: Path,
}

#[derive(Debug)]
pub(crate) struct ResourceDecl {
    pub(crate) address: Address,
    pub(crate) path: Path,
    pub(crate) declared_type: String,
    /// False where the type is left out.
    pub(crate) has_type: bool,
    pub(crate) kind: Kind,
    pub(crate) props: Vec<PropDecl>,
    /// The node that holds all props.
    pub(crate) props_path: Path,
    pub(crate) exports: Vec<ExportDecl>,
    pub(crate) protected: Vec<String>,
    pub(crate) auth: Vec<AuthDecl>,
    pub(crate) when: Option<Spot>,
    pub(crate) for_each: Option<Spot>,
    pub(crate) state: Option<Spot>,
    pub(crate) formerly: Option<Spot>,
    pub(crate) depends_on: Vec<(String, Path)>,
    /// True if `depends_on` is given, even as an empty list.
    pub(crate) orders_itself: bool,
    pub(crate) identifier: Option<Spot>,
    pub(crate) region: Option<Spot>,
    pub(crate) role_arn: Option<Spot>,
    pub(crate) type_version_id: Option<Spot>,
    pub(crate) lifecycle: LifecycleDecl,
}

impl ResourceDecl {
    /// True if requests for it are signed for AWS, as far as can be told from its type or the table of its statements.
    pub(crate) fn is_aws(&self) -> bool {
        match &self.kind {
            Kind::Typed(ty, _) => ty.as_str().contains("::") || ty.as_str().starts_with("aws."),
            Kind::Flow(flow) => {
                let provider = flow.first_table.as_ref().and_then(|table| table.split('.').next());
                provider.is_some_and(|name| ["aws", "awscc"].iter().any(|aws| name.eq_ignore_ascii_case(aws)))
            }
            Kind::Unusable => false,
        }
    }

    /// True if its statements are about tables of a provider that is none of ours, as far as its first one tells.
    pub(crate) fn is_foreign(&self) -> bool {
        let Kind::Flow(flow) = &self.kind else { return false };
        let is_dotted = |table: &&String| table.matches('.').count() == 2;
        flow.about.is_none() && flow.first_table.as_ref().filter(is_dotted).is_some() && !self.is_aws()
    }
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// A dotted type: no query file needed.
    Typed(TypeName, Arc<ResourceSchema>),
    /// Statements or a script.
    Flow(Box<FlowDecl>),
    /// A type that cannot be used; reported.
    Unusable,
}

/// A resource with statements of its own.
#[derive(Debug)]
pub(crate) struct FlowDecl {
    pub(crate) flow: Flow,
    /// Statements that hold templates.
    pub(crate) bodies: Vec<Body>,
    /// `run` of a script.
    pub(crate) run: Option<Spot>,
    /// Where `sql` stands.
    pub(crate) inline: Option<Path>,
    /// The table of its first statement that names one.
    pub(crate) first_table: Option<String>,
    /// The table of its INSERT, where that is written out.
    pub(crate) table: Option<String>,
    /// What its statements are about, if that is a type that we know.
    pub(crate) about: Option<Understandable>,
    /// True if the statements rule what is done, and not the properties that they declare.
    pub(crate) rules: bool,
}

impl FlowDecl {
    /// What it is a resource of, where its statements are to be understood: then it is like one of a dotted type.
    pub(crate) fn of(&self) -> Option<&Understandable> {
        self.about.as_ref().filter(|_| !self.rules)
    }

    /// True if nothing but what its statements declare says whether it is there.
    pub(crate) fn is_derived(&self) -> bool {
        let Statements::File { file, .. } = &self.flow.statements else { return false };
        let mut says = AnchorKind::CHECKS.into_iter().chain([AnchorKind::CreateOrUpdate]);
        self.flow.kind == FlowKind::Resource && self.about.is_some() && says.all(|anchor| !file.has(anchor))
    }

    /// The type that its statements are about, else its kind in words.
    pub(crate) fn type_name(&self) -> TypeName {
        self.about
            .as_ref()
            .map_or_else(|| TypeName::from(self.flow.kind.to_string()), |about| about.ty.clone())
    }

    /// True if a name in a statement is a part of the resource's own identifier that the service gives, whoever else exports
    /// one (DESIGN section 4).
    pub(crate) fn is_own_part(&self, name: &str, anchor: Option<AnchorKind>) -> bool {
        matches!(anchor, Some(AnchorKind::Update | AnchorKind::Delete | AnchorKind::Exports))
            && self.about.as_ref().is_some_and(|about| about.is_assigned(name))
    }
}

/// What statements are about.
#[derive(Debug)]
pub(crate) struct Understandable {
    pub(crate) ty: TypeName,
    pub(crate) schema: Arc<ResourceSchema>,
    /// The table as the INSERT names it.
    pub(crate) table: String,
}

impl Understandable {
    /// The part of the type's identifier that a name means.
    pub(crate) fn part(&self, name: &str) -> Option<String> {
        let parts: Vec<String> = self.schema.primary_identifier.iter().map(part_name).collect();
        find_property(name, parts.iter().map(String::as_str)).map(str::to_owned)
    }

    /// True if a name means a part that only the service gives.
    pub(crate) fn is_assigned(&self, name: &str) -> bool {
        self.part(name).is_some_and(|part| self.schema.read_only_properties.covers(&Pointer::of([part])))
    }

    /// All parts of the identifier, by column name.
    pub(crate) fn parts(&self) -> impl Iterator<Item = String> + '_ {
        self.schema.primary_identifier.iter().map(|part| column_name(&part_name(part)))
    }
}

/// One statement that holds templates.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) template: TemplateId,
    /// The scalar of the manifest, or the root of the query file.
    pub(crate) path: Path,
    /// Where it begins in the query file.
    pub(crate) offset: Option<usize>,
    pub(crate) anchor: Option<AnchorKind>,
}

/// One line of `auth`.
#[derive(Debug)]
pub(crate) struct AuthDecl {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) path: Path,
}

#[derive(Debug)]
pub(crate) struct PropDecl {
    pub(crate) name: String,
    /// What to underline when the name is meant.
    pub(crate) name_at: (Path, Part),
    pub(crate) body: PropBody,
    pub(crate) merge: Vec<MergeDecl>,
    pub(crate) sensitive: bool,
    pub(crate) path: Path,
    /// Environment whose `values` entry was taken.
    pub(crate) from_env: bool,
}

#[derive(Debug)]
pub(crate) enum PropBody {
    /// Only `merge`.
    Nothing,
    Value(Spot),
    /// Documentation form: an object of inner props.
    Nested(Vec<PropDecl>),
    /// No value in this environment: a problem only where the resource is wanted.
    Problem(Box<Diagnostic>),
}

#[derive(Debug)]
pub(crate) struct MergeDecl {
    pub(crate) name: String,
    pub(crate) template: TemplateId,
    pub(crate) path: Path,
}

#[derive(Clone, Debug)]
pub(crate) struct ExportDecl {
    /// The property or column, as written.
    pub(crate) property: String,
    /// The variable that it becomes.
    pub(crate) variable: String,
}

#[derive(Debug, Default)]
pub(crate) struct LifecycleDecl {
    pub(crate) prevent_destroy: Option<Spot>,
    pub(crate) ignore_changes: Option<Spot>,
    pub(crate) replace: Option<Spot>,
    pub(crate) adopt: Option<Spot>,
    pub(crate) secret_version: Option<Spot>,
    pub(crate) timeout: Option<Spot>,
}

/// Names of `lifecycle.replace`.
pub(crate) const REPLACE_ORDERS: &[(&str, ReplaceOrder)] =
    &[("create_first", ReplaceOrder::CreateFirst), ("delete_first", ReplaceOrder::DeleteFirst)];

/// What `settings` gives, before its templates are evaluated.
#[derive(Debug, Default)]
pub(crate) struct SettingsDecl {
    /// By key, the value for this environment.
    pub(crate) values: IndexMap<String, Spot>,
}

/// One line of the manifest's `exports`.
#[derive(Debug)]
pub(crate) struct StackExportDecl {
    pub(crate) name: String,
    pub(crate) expression: String,
    pub(crate) value: Spot,
    /// The expression is the key that leads to the node, not the node.
    pub(crate) on_key: bool,
}

impl Tree {
    /// The value itself and where it is written, if it is included from a file.
    pub(crate) fn written<'t>(&'t self, path: &'t Path) -> (&'t Self, &'t Path) {
        match self {
            Self::Included(root, tree) => tree.written(root),
            _ => (self, path),
        }
    }

    /// Every template in here, with its way below `path`.
    pub(crate) fn templates(&self, path: &Path, f: &mut impl FnMut(TemplateId, &Path)) {
        match self {
            Self::Literal(_) | Self::Broken => {}
            Self::Template(id) => f(*id, path),
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    item.templates(&path.index(index), f);
                }
            }
            Self::Map(members) => {
                for (key, item) in members {
                    item.templates(&path.key(key), f);
                }
            }
            Self::Included(root, tree) => tree.templates(root, f),
        }
    }
}

impl Spot {
    pub(crate) fn templates(&self, f: &mut impl FnMut(TemplateId, &Path)) {
        self.tree.templates(&self.path, f);
    }
}
