//! A plan with one resource of every action, every value state, and a planted secret.

use crate::locate::{Locate, Located};
use crate::render::view::{GuardrailView, InputView, Meta, PlanView, TargetsView};
use crate::render::view_of::{Context, view_of};
use indexmap::IndexMap;
use serde_json::json;
use stack_core::desired::{Edge, ReplaceOrder, Sources};
use stack_core::diagnostic::{Code, Diagnostic, Part, Route};
use stack_core::identity::Identifier;
use stack_core::ids::{StackId, Target, TypeName};
use stack_core::plan::*;
use stack_core::pointer::Pointer;
use stack_core::provider::Verb;
use stack_core::schema::{ResourceSchema, Schemas, UnknownType};
use stack_core::value::{Secret, Unknown, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// What must appear in no output.
pub(super) const PLANTED: &str = "hunter2-planted";

/// Finds a resource's position by its index in `resources`.
pub(super) struct Lines;
impl Locate for Lines {
    fn locate(&self, route: &Route, _: &Part) -> Option<Located> {
        let line = route.steps.len();
        Some(Located { file: "stackql_manifest.yml".to_owned(), range: line * 2..line * 2 + 1 })
    }
    fn text(&self, _: &str) -> Option<&str> {
        Some("\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n")
    }
}

pub(super) struct NoSchemas;
impl Schemas for NoSchemas {
    fn canonical(&self, name: &str) -> Result<TypeName, UnknownType> {
        Ok(TypeName::new(name))
    }
    fn schema(&self, ty: &TypeName) -> Result<Arc<ResourceSchema>, UnknownType> {
        Err(UnknownType { name: ty.to_string(), near: Vec::new(), why: None })
    }
    fn available_in(&self, _: &TypeName, _: &str) -> bool {
        true
    }
}

fn secret(text: &str) -> Value {
    Value::Secret(Secret::new(Value::text(text)))
}

fn planned(name: &str, index: usize, ty: &str, action: Action) -> Planned {
    let mut resource = Route::default().key("resources");
    for i in 0..index {
        resource = resource.index(i);
    }
    Planned {
        address: name.into(),
        ty: TypeName::new("AWS::CustomerProfiles::Integration"),
        declared_type: ty.to_owned(),
        target: Target {
            provider: "aws".into(),
            region: Some("us-east-1".into()),
            role_arn: None,
            type_version_id: None,
            credential: None,
        },
        identifier: None,
        found_by: None,
        looked_for: true,
        action,
        certainty: Certainty::Certain,
        ownership: Some(Ownership::Ours),
        reasons: Vec::new(),
        changes: Vec::new(),
        explained: Vec::new(),
        hits: Vec::new(),
        cannot_compare: Vec::new(),
        client_tokens: Vec::new(),
        follows: Vec::new(),
        flow: None,
        lookalikes: Vec::new(),
        takes_along: Vec::new(),
        accepted: Vec::new(),
        unmanaged: Vec::new(),
        patch: Vec::new(),
        desired: None,
        live: Some(json!({"Name": name})),
        undo: Undo::Yes,
        after: Vec::new(),
        protected: false,
        diagnostics: Vec::new(),
        sources: Sources { resource, ..Sources::default() },
    }
}

fn change(path: &str, label: &str, op: ChangeOp, before: Option<Value>, after: Option<Value>) -> Change {
    Change {
        path: Pointer::parse(path).unwrap(),
        label: label.to_owned(),
        op,
        before,
        after,
        impact: Impact::Update,
    }
}

fn composite(domain: &str, uri: &str) -> Option<Identifier> {
    Some(Identifier { parts: vec![("DomainName".into(), domain.into()), ("Uri".into(), uri.into())] })
}

const INTEGRATIONS: &str = "awscc.customerprofiles.integrations";

fn update() -> Planned {
    Planned {
        identifier: composite("acme-prod", "arn:aws:appflow:us-east-1:123456786789:flow/crm"),
        reasons: vec![Reason { code: ReasonCode::ValueChanged, path: Some(Pointer::of(["ObjectTypeName"])) }],
        changes: vec![
            change(
                "/ObjectTypeName",
                "ObjectTypeName",
                ChangeOp::Replace,
                Some(Value::text("CTR")),
                Some(Value::text("crm_contact")),
            ),
            change("/Tags/3", "Tags[cost-center]", ChangeOp::Add, None, Some(Value::text("4410"))),
            change(
                "/Tags/1/Value",
                "Tags[owner]",
                ChangeOp::Replace,
                Some(Value::text("growth")),
                Some(Value::text("data")),
            ),
            change(
                "/Tags/2/Value",
                "Tags[ingest]",
                ChangeOp::Replace,
                Some(secret("old")),
                Some(secret(PLANTED)),
            ),
            change("/Tags/4", "Tags[legacy]", ChangeOp::Remove, Some(Value::text("")), None),
            change(
                "/FlowDefinition",
                "FlowDefinition",
                ChangeOp::Resend,
                None,
                Some(Value::from(json!({"FlowName": "crm"}))),
            ),
        ],
        explained: vec![Explained { path: Pointer::of(["Tags"]), rule: Rule::SetOrder }],
        cannot_compare: vec![Pointer::of(["FlowDefinition"])],
        unmanaged: vec![Pointer::of(["EventTriggerNames"])],
        patch: vec![
            PatchOp::Add { path: Pointer::of(["ObjectTypeName"]), value: Value::text("crm_contact") },
            PatchOp::Add { path: Pointer::of(["Tags"]), value: Value::Array(vec![secret(PLANTED)]) },
        ],
        undo: Undo::Partial("FlowDefinition".to_owned()),
        ..planned("crm_flow", 5, INTEGRATIONS, Action::Update)
    }
}

fn replace() -> Planned {
    Planned {
        identifier: Some(Identifier::single("Id", "cspi-4xg0z")),
        reasons: vec![
            Reason { code: ReasonCode::CreateOnly, path: Some(Pointer::of(["Role"])) },
            Reason { code: ReasonCode::NoUpdateHandler, path: None },
        ],
        changes: vec![
            Change {
                impact: Impact::Replace,
                ..change(
                    "/Role",
                    "Role",
                    ChangeOp::Replace,
                    Some(Value::text("arn:aws:iam::123456786789:role/kafka-sink")),
                    Some(Value::text("arn:aws:iam::123456786789:role/kafka-sink-v2")),
                )
            },
            change(
                "/Policy",
                "Policy",
                ChangeOp::Replace,
                Some(Value::text(
                    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*"}]}"#,
                )),
                Some(Value::text(
                    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Put*"}]}"#,
                )),
            ),
        ],
        undo: Undo::No("a new id is issued each time".to_owned()),
        ..planned("sink_role", 8, "AWS::Example::Role", Action::Replace(ReplaceOrder::DeleteFirst))
    }
}

fn create() -> Planned {
    let mut unknown = Unknown::of(&"sink_role".into(), "Id");
    unknown.sensitive = false;
    let tag = |key: &str, value: Value| {
        Value::Object(IndexMap::from([("Key".to_owned(), Value::text(key)), ("Value".to_owned(), value)]))
    };
    let mut desired = IndexMap::new();
    desired.insert("DomainName".to_owned(), Value::text("acme-prod"));
    desired.insert("Uri".to_owned(), Value::text("s3://acme-web-events"));
    desired.insert("ObjectTypeName".to_owned(), Value::text("web_order \u{1b}[31m"));
    desired.insert(
        "Tags".to_owned(),
        Value::Array(vec![tag("kafka", Value::Unknown(unknown)), tag("ingest", secret(PLANTED))]),
    );
    desired.insert(
        "Flow".to_owned(),
        Value::from(json!({"Name": "f", "Tasks": [{"Id": 1}, {"Id": 2}, {"Id": 3}], "Zones": ["a", "b"], "Note": "ü"})),
    );
    desired.insert("A".to_owned(), Value::from(json!(1)));
    desired.insert("B".to_owned(), Value::Null);
    desired.insert("C".to_owned(), Value::text(""));
    desired.insert("D".to_owned(), Value::from(json!([])));
    Planned {
        identifier: composite("acme-prod", "s3://acme-web-events"),
        ownership: None,
        live: None,
        desired: Some(Value::Object(desired)),
        after: vec![Edge { to: "sink_role".into(), via: "sink_role.Id".to_owned(), route: Route::default() }],
        ..planned("web_events", 6, INTEGRATIONS, Action::Create)
    }
}

/// One of everything.
pub(super) fn everything() -> Plan {
    let delete = Planned {
        identifier: Some(Identifier::single("Name", "old")),
        protected: false,
        undo: Undo::Partial("its data is gone".to_owned()),
        reasons: vec![Reason { code: ReasonCode::NotWanted, path: None }],
        ..planned("old_queue", 9, "awscc.sqs.queues", Action::Delete)
    };
    let adopt = Planned {
        identifier: Some(Identifier::single("Name", "found")),
        ownership: Some(Ownership::Free),
        reasons: vec![Reason { code: ReasonCode::Adopted, path: None }],
        changes: vec![change(
            "/Tags/0",
            "Tags[stackql:stack-name]",
            ChangeOp::Add,
            None,
            Some(Value::text("customer-360")),
        )],
        patch: vec![PatchOp::Add { path: Pointer::of(["Tags"]), value: Value::Array(Vec::new()) }],
        ..planned("found", 10, "awscc.sqs.queues", Action::Adopt)
    };
    let deferred = Planned {
        certainty: Certainty::Deferred(vec![stack_core::value::Reference {
            address: "sink_role".into(),
            path: "Id".into(),
        }]),
        reasons: vec![Reason { code: ReasonCode::AwaitsOutput, path: None }],
        live: None,
        undo: Undo::Nothing,
        ..planned("later", 11, INTEGRATIONS, Action::Deferred)
    };
    let blocked = Planned {
        ownership: Some(Ownership::Foreign("stack other/prod".to_owned())),
        diagnostics: vec![
            Diagnostic::error(Code(2301), "taken belongs to stack other/prod")
                .next("remove it from this manifest, or set lifecycle.adopt: force"),
        ],
        undo: Undo::Nothing,
        ..planned("taken", 12, "awscc.sqs.queues", Action::Blocked)
    };
    let keep = Planned { undo: Undo::Nothing, ..planned("same", 13, "awscc.sqs.queues", Action::Noop) };
    let all = [update(), create(), replace(), delete, adopt, deferred, blocked, keep];
    let step =
        |name: &str, part, verb| Step { id: StepId { address: name.into(), part }, verb, after: Vec::new() };
    Plan {
        mode: Mode::Build,
        stack: StackId { name: "customer-360".into(), env: "prod".into() },
        steps: vec![
            step("sink_role", StepPart::Delete, Some(Verb::Delete)),
            step("sink_role", StepPart::Put, Some(Verb::Create)),
            step("crm_flow", StepPart::Put, Some(Verb::Update)),
            step("found", StepPart::Put, Some(Verb::Update)),
            step("web_events", StepPart::Put, Some(Verb::Create)),
            step("later", StepPart::Put, None),
            step("old_queue", StepPart::Delete, Some(Verb::Delete)),
        ],
        resources: all.into_iter().map(|p| (p.address.clone(), p)).collect(),
        skipped: vec!["dev_only".into()],
        left_out: vec!["other".into()],
        orphans: Vec::new(),
        diagnostics: Vec::new(),
    }
}

/// Nothing to do.
pub(super) fn unchanged() -> Plan {
    let mut plan = everything();
    plan.resources.retain(|_, p| p.action == Action::Noop);
    plan.steps.clear();
    plan.skipped.clear();
    plan.left_out.clear();
    plan
}

pub(super) fn view(plan: &Plan) -> PlanView {
    let context = Context {
        locate: &Lines,
        schemas: &NoSchemas,
        manifest_digest: "sha256:00".to_owned(),
        targets: TargetsView::default(),
        account: Some("123456786789".to_owned()),
        inputs: vec![
            InputView {
                name: "owner".into(),
                from: "globals".into(),
                value: Some(json!("data")),
                sensitive: false,
            },
            InputView { name: "ingest_key".into(), from: "env".into(), value: None, sensitive: true },
        ],
        guardrails: vec![GuardrailView { rule: "max_replace".into(), limit: Some(1), found: 1, ok: true }],
        fingerprints: HashMap::new(),
        secrets: HashMap::new(),
        redactor: stack_core::redact::Redactor::default(),
        meta: Meta {
            cached_schemas: Vec::new(),
            nonce: "00".repeat(16),
            tool_version: "0.1.0".into(),
            created_at: "2026-11-21T14:02:07Z".into(),
            expires_at: "2026-11-22T14:02:07Z".into(),
            stack_dir: "customer-360".into(),
            lookups: 0,
            reads: 8,
            millis: 1800,
            digest: String::new(),
        },
    };
    view_of(plan, &context)
}
