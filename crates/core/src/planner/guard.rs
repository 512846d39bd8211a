//! What must not happen without more consent: protection, foreign resources, data stores, guardrails.

use super::codes;
use crate::desired::{Adopt, Wanted};
use crate::diagnostic::{Code, Diagnostic, Route};
use crate::flow::{Flow, Stray};
use crate::identity::Identifier;
use crate::ids::{Address, StackId, TypeName};
use crate::plan::{Action, Change, Ownership, Plan, Planned};
use crate::provider::Found;
use crate::schema::{ResourceSchema, Schemas};
use crate::tags;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// `settings.guardrails` for one environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Guardrails {
    /// Most deletes in one plan.
    pub max_delete: Option<usize>,
    /// Most replacements in one plan.
    pub max_replace: Option<usize>,
    /// Types (either spelling, `*` for any text) that must not change.
    pub deny_types: Vec<String>,
    /// Actions (`delete`, `replace`, `create`, `update`, `adopt`) that must not happen.
    pub deny_actions: Vec<String>,
}

/// Says that a resource is a setting of the whole account (trap 78). `None` where nothing happens to it.
pub(super) fn account_wide(wanted: &Wanted, schema: &ResourceSchema, action: Action) -> Option<Diagnostic> {
    if !schema.overlay.singleton {
        return None;
    }
    let (what, next) = match action {
        Action::Create | Action::Replace(_) | Action::Deferred => (
            "would overwrite a setting of the whole account",
            "look at what is set there; a teardown does not bring it back",
        ),
        Action::Update | Action::Adopt => (
            "would change a setting of the whole account",
            "make sure that no other stack declares it; a teardown does not bring back what was set before",
        ),
        Action::Delete => (
            "is a setting of the whole account, and deleting it may leave it as it is",
            "look at it after the run",
        ),
        Action::Noop | Action::Blocked | Action::Run | Action::Read => return None,
    };
    Some(
        Diagnostic::warning(codes::ACCOUNT_WIDE, format!("{} {what}", wanted.address))
            .at(wanted.sources.resource.clone(), "")
            .note("why", format!("there is exactly one {} in an account", wanted.declared_type))
            .next(next),
    )
}

/// A resource whose name is unique in all regions, and which is in another one (trap 74).
pub(super) fn elsewhere(wanted: &Wanted, schema: &ResourceSchema, found: &Found) -> Option<Diagnostic> {
    let at = schema.overlay.region_in.as_ref()?.as_pointer()?;
    let told = at.get(&found.model)?.as_str()?;
    let region = wanted.target.region.as_ref()?.as_str();
    if told.split(['.', ':', '/']).any(|part| part == region) {
        return None;
    }
    Some(
        Diagnostic::error(codes::ELSEWHERE, format!("{} is in another region than {region}", wanted.address))
            .at(wanted.sources.resource.clone(), "")
            .note("resource", format!("{} {}", wanted.declared_type, found.identifier))
            .note("why", format!("its {} is {told}", at.dotted()))
            .next("write the region where it is, or choose another name"),
    )
}

/// One guardrail held against a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardrailCheck {
    /// `max_delete`, `max_replace`, `deny_types`, `deny_actions`.
    pub rule: String,
    /// The limit; 0 for denials.
    pub limit: usize,
    /// What the plan has.
    pub found: usize,
    /// True if it holds.
    pub ok: bool,
    /// The resources that count.
    pub resources: Vec<String>,
}

/// The word of an action, as guardrails and reports name it.
pub fn action_word(action: Action) -> &'static str {
    match action {
        Action::Noop => "noop",
        Action::Create => "create",
        Action::Update => "update",
        Action::Adopt => "adopt",
        Action::Replace(_) => "replace",
        Action::Delete => "delete",
        Action::Deferred => "deferred",
        Action::Run => "run",
        Action::Read => "read",
        Action::Blocked => "blocked",
    }
}

/// Holds a plan against its guardrails. Only rules that were set are reported. What is not known yet counts as what it may be:
/// a rule that passes what it cannot see is none.
pub fn check_guardrails(rules: &Guardrails, plan: &Plan, schemas: &dyn Schemas) -> Vec<GuardrailCheck> {
    let named = |keep: &dyn Fn(&Planned) -> bool| -> Vec<String> {
        plan.resources.values().filter(|p| keep(p)).map(|p| p.address.to_string()).collect()
    };
    let mut checks = Vec::new();
    let mut push = |rule: &str, limit: usize, resources: Vec<String>| {
        let found = resources.len();
        checks.push(GuardrailCheck { rule: rule.into(), limit, found, ok: found <= limit, resources });
    };
    if let Some(limit) = rules.max_delete {
        push("max_delete", limit, named(&|p| p.action == Action::Delete || p.deletes()));
    }
    if let Some(limit) = rules.max_replace {
        push("max_replace", limit, named(&|p| matches!(p.action, Action::Replace(_))));
    }
    if !rules.deny_types.is_empty() {
        let is_denied = |name: &str| rules.deny_types.iter().any(|pattern| super::glob(pattern, name));
        // A pattern may have any spelling, whatever the manifest has.
        let is_type_denied =
            |ty: &TypeName| is_denied(ty.as_str()) || schemas.names_of(ty).iter().any(|name| is_denied(name));
        let denied = |p: &Planned| {
            (p.action.is_change() && (is_type_denied(&p.ty) || is_denied(&p.declared_type)))
                || p.hits.iter().any(|hit| hit.ty.as_ref().is_none_or(is_type_denied))
        };
        push("deny_types", 0, named(&denied));
    }
    if !rules.deny_actions.is_empty() {
        let is_denied = |word: &str| rules.deny_actions.iter().any(|denied| denied == word);
        // A statement below `create` is part of the creation; a command may do anything.
        let denied = |p: &Planned| {
            let is_open = matches!(p.action, Action::Run | Action::Deferred);
            is_denied(action_word(p.action))
                || (p.deletes() && is_denied("delete"))
                || (p.action == Action::Deferred && ["create", "update"].into_iter().any(is_denied))
                || (is_open
                    && p.hits.iter().flat_map(|hit| &hit.verbs).any(|verb| is_denied(&verb.to_string())))
        };
        push("deny_actions", 0, named(&denied));
    }
    checks
}

/// True for the diagnostics that mean "refused", exit 3, rather than "wrong", exit 1.
pub fn is_refusal(code: Code) -> bool {
    code == codes::FOREIGN || code == codes::REPLACE_UNOWNED || (5000..6000).contains(&code.0)
}

pub(super) fn protected(wanted: &Wanted, verb: &str, kept: bool) -> Diagnostic {
    let text = format!("{} is protected and would be {verb}", wanted.address);
    let route = wanted.sources.resource.key("lifecycle").key("prevent_destroy");
    if kept {
        return Diagnostic::warning(codes::PROTECTED, format!("{} is protected and stays", wanted.address))
            .at(route, "");
    }
    let next = if verb == "deleted" {
        "take `prevent_destroy` away, or tear down the rest with --keep-protected"
    } else {
        "take `prevent_destroy` away, or keep the value that forces the replacement"
    };
    Diagnostic::error(codes::PROTECTED, text).at(route, "").next(next)
}

/// The same for a resource whose own statements rule.
pub(super) fn protected_flow(flow: &Flow, kept: bool) -> Diagnostic {
    let route = flow.sources.resource.key("lifecycle").key("prevent_destroy");
    if kept {
        return Diagnostic::warning(codes::PROTECTED, format!("{} is protected and stays", flow.address))
            .at(route, "");
    }
    Diagnostic::error(codes::PROTECTED, format!("{} is protected and would be deleted", flow.address))
        .at(route, "")
        .next("take `prevent_destroy` away, or tear down the rest with --keep-protected")
}

/// A resource would go, or stays, for what is protected in it. `protected`: where that stands, and its type and identifier;
/// none if it was left out.
pub(super) fn contains_protected(
    planned: &Planned,
    inside: &Address,
    protected: Option<(Route, Option<String>)>,
    kept: bool,
) -> Diagnostic {
    let address = &planned.address;
    let verb = match planned.action {
        Action::Replace(_) => "replaced",
        _ => "deleted",
    };
    let is_left_out = protected.is_none();
    let mut told = match kept {
        true => {
            Diagnostic::warning(codes::PROTECTED, format!("{address} stays: {inside} in it is protected"))
        }
        false => Diagnostic::error(
            codes::PROTECTED,
            format!("{address} would be {verb}, and {inside} in it is protected"),
        ),
    }
    .at(planned.sources.resource.clone(), "");
    if let Some((route, what)) = protected {
        told = told.at(route.key("lifecycle").key("prevent_destroy"), "protected here");
        if let Some(what) = what {
            told = told.note("protected", what);
        }
    }
    told = told.note("why", format!("the service deletes what is in {address} too"));
    match (kept, is_left_out, verb) {
        (true, ..) => told,
        (_, true, _) => told.next(format!(
            "plan with {inside} as well, to see whether it is there; or take its `prevent_destroy` away"
        )),
        (.., "deleted") => told.next(format!(
            "take `prevent_destroy` of {inside} away, or tear down the rest with --keep-protected"
        )),
        _ => told.next(format!(
            "take `prevent_destroy` of {inside} away, or keep the values that force the replacement"
        )),
    }
}

pub(super) fn foreign(wanted: &Wanted, identifier: &Identifier, whose: &str) -> Diagnostic {
    Diagnostic::error(codes::FOREIGN, format!("{} belongs to {whose}", wanted.address))
        .at(wanted.sources.resource.clone(), "")
        .note("resource", format!("{} {identifier}", wanted.declared_type))
        .next("choose another name, or take it over with `lifecycle: { adopt: force }`")
}

/// Whose a live resource is that must not be touched: others', unless the entry takes it over by force.
pub fn stranger(schema: &ResourceSchema, model: &Json, stack: &StackId, adopt: Adopt) -> Option<String> {
    match tags::ownership(schema, model, stack, true) {
        Ownership::Foreign(whose) if adopt != Adopt::Force => Some(whose),
        _ => None,
    }
}

/// What a statement names is not what the checks of its resource have found. `whose`: it belongs to others.
pub(super) fn stray(
    flow: &Flow,
    stray: &Stray,
    found: Option<&Identifier>,
    whose: Option<&str>,
) -> Diagnostic {
    let Stray { verb, ty, identifier, live } = stray;
    let mut told = match whose {
        Some(whose) => Diagnostic::error(
            codes::FOREIGN,
            format!("the {verb} of {} names what belongs to {whose}", flow.address),
        ),
        None => Diagnostic::warning(
            codes::NAMES_ANOTHER,
            format!("the {verb} of {} names another resource than its checks find", flow.address),
        ),
    };
    told = told.at(flow.sources.resource.clone(), "").note("it names", format!("{ty} {identifier}"));
    if live.is_none() {
        told = told.note("which", "is not there");
    }
    if let Some(found) = found {
        told = told.note("found", format!("{} {found}", flow.ty));
    }
    told.next(match whose {
        Some(_) => "correct its `Identifier`, or take it over with `lifecycle: { adopt: force }`",
        None => "correct its `Identifier`, or the check, if that is not meant",
    })
}

pub(super) fn replace_unowned(wanted: &Wanted) -> Diagnostic {
    Diagnostic::error(
        codes::REPLACE_UNOWNED,
        format!("{} would be replaced, but this stack did not make it", wanted.address),
    )
    .at(wanted.sources.resource.clone(), "")
    .next("agree with `lifecycle: { adopt: true }`, or keep the values that force the replacement")
}

/// `what`: `replacing` or `deleting`.
pub(super) fn data_loss(wanted: &Wanted, what: &str) -> Diagnostic {
    Diagnostic::error(codes::DATA_LOSS, format!("{what} {} loses the data that it holds", wanted.address))
        .at(wanted.sources.resource.clone(), "")
        .note("why", no_snapshot(&wanted.ty))
        .next(format!("agree with --allow-data-loss {}", wanted.address))
}

/// Names the value that cannot become smaller, beside the problem that its replacement is.
pub(super) fn only_grows(problem: Diagnostic, wanted: &Wanted, change: &Change) -> Diagnostic {
    problem
        .at(wanted.sources.of(&change.path).clone(), format!("{} can only grow", change.label))
        .next(format!("or keep {} as it is", change.label))
}

/// Something that stays uses the resource. `verb`: `deleted` or `replaced`.
pub(super) fn in_use(planned: &Planned, verb: &str, users: &[String]) -> Diagnostic {
    let mut told =
        Diagnostic::error(codes::IN_USE, format!("{} is in use and cannot be {verb}", planned.address))
            .at(planned.sources.resource.clone(), "");
    for user in users {
        told = told.note("used by", user);
    }
    told.next("delete what uses it first, or let it use another one")
}

fn no_snapshot(ty: &TypeName) -> &'static str {
    match ty.as_str().contains("::") {
        true => "Cloud Control takes no snapshot before it deletes",
        false => "nobody takes a snapshot before it is deleted, and what is in it goes along",
    }
}

/// Types that keep data which a replacement loses (cloud-control 4.5).
pub(super) fn holds_data(ty: &TypeName) -> bool {
    const STORES: &[&str] = &[
        "AWS::Cassandra::Table",
        "AWS::Cognito::UserPool",
        "AWS::CustomerProfiles::Domain",
        "AWS::DocDB::DBCluster",
        "AWS::DSQL::Cluster",
        "AWS::DynamoDB::GlobalTable",
        "AWS::DynamoDB::Table",
        "AWS::EC2::Volume",
        "AWS::EFS::FileSystem",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::FSx::FileSystem",
        "AWS::Kinesis::Stream",
        "AWS::KMS::Key",
        "AWS::Logs::LogGroup",
        "AWS::MSK::Cluster",
        "AWS::Neptune::DBCluster",
        "AWS::NeptuneGraph::Graph",
        "AWS::OpenSearchService::Domain",
        "AWS::QLDB::Ledger",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::RDS::GlobalCluster",
        "AWS::Redshift::Cluster",
        "AWS::RedshiftServerless::Namespace",
        "AWS::S3::Bucket",
        "AWS::SecretsManager::Secret",
        "AWS::SQS::Queue",
        "AWS::Timestream::Table",
    ];
    STORES.contains(&ty.as_str())
}
