//! Which IAM actions a stack needs, as a policy document (cloud-control 6.2). The lists of the schemas are the service's
//! own and not always complete.

use crate::render::view::ActionView;
use serde_json::{Value as Json, json};
use stack_catalog::permissions::{Operation, needed, normalised};
use stack_core::ids::TypeName;
use stack_core::schema::ResourceSchema;
use std::collections::{BTreeMap, BTreeSet};

/// What one resource needs.
#[derive(Clone, Debug)]
pub struct Need {
    /// Its type.
    pub ty: TypeName,
    /// Actions of handlers and of tagging.
    pub actions: Vec<String>,
    /// Calls of Cloud Control itself.
    pub calls: BTreeSet<&'static str>,
    /// Role that the handlers work with.
    pub role: Option<String>,
    /// True if it may be looked for by tags.
    pub is_discovered: bool,
}

/// Calls that watch over operations.
const WATCHING: [&str; 3] = ["CancelResourceRequest", "GetResourceRequestStatus", "ListResourceRequests"];

/// The operations of a decision.
pub fn operations(action: ActionView) -> &'static [Operation] {
    match action {
        ActionView::Noop | ActionView::Read | ActionView::Run | ActionView::Blocked => &[Operation::Read],
        ActionView::Create => &[Operation::Create, Operation::Read],
        ActionView::Update | ActionView::Adopt => &[Operation::Read, Operation::Update],
        ActionView::Deferred => &[Operation::Create, Operation::Read, Operation::Update],
        ActionView::Replace => &[Operation::Create, Operation::Read, Operation::Delete],
        ActionView::Delete => &[Operation::Read, Operation::Delete],
    }
}

/// The actions that operations take, normalised. `tags`: tags are set or changed.
pub fn actions(schema: &ResourceSchema, operations: &[Operation], tags: bool) -> Vec<String> {
    let all: Vec<String> =
        operations.iter().filter_map(|operation| needed(schema, *operation, tags)).flatten().collect();
    normalised(all.iter())
}

/// What a resource needs from its creation to its end. `tags`: it carries some.
pub fn life(schema: &ResourceSchema, tags: bool, role: Option<String>) -> Need {
    let mut operations = vec![Operation::Create, Operation::Read, Operation::Update, Operation::Delete];
    if schema.is_named_by_service() {
        operations.push(Operation::List);
    }
    Need {
        ty: schema.type_name.clone(),
        actions: actions(schema, &operations, tags),
        calls: operations
            .iter()
            .filter(|op| op.handler(&schema.handlers).is_some())
            .map(|op| call(*op))
            .collect(),
        role,
        is_discovered: schema.tag_property().is_some(),
    }
}

/// The call of Cloud Control that an operation is.
pub fn call(operation: Operation) -> &'static str {
    match operation {
        Operation::Create => "CreateResource",
        Operation::Read => "GetResource",
        Operation::Update => "UpdateResource",
        Operation::Delete => "DeleteResource",
        Operation::List => "ListResources",
    }
}

/// Every call that Cloud Control has for this program, as actions.
pub fn cloud_control() -> Vec<String> {
    let calls = Operation::ALL.into_iter().map(call).chain(WATCHING);
    let all: Vec<String> = calls.map(|name| format!("cloudformation:{name}")).collect();
    normalised(all.iter())
}

/// The policy of the caller, or of a role that Cloud Control works with: then only what its resources' handlers do.
///
/// `tagging` gives the tagging actions of a type.
pub fn document(needs: &[Need], role: Option<&str>, tagging: impl Fn(&TypeName) -> Vec<String>) -> Json {
    let mut statements = Vec::new();
    let is_its = |need: &&Need| need.role.as_deref() == role;
    if role.is_none() {
        let calls: BTreeSet<&str> = needs.iter().flat_map(|need| need.calls.iter().copied()).collect();
        let writes = calls.iter().any(|call| !matches!(*call, "GetResource" | "ListResources"));
        let watching = WATCHING.into_iter().filter(|_| writes);
        let all: Vec<String> =
            calls.into_iter().chain(watching).map(|call| format!("cloudformation:{call}")).collect();
        statements.push(statement("CloudControl", &normalised(all.iter()), json!("*")));
    }
    let mut by_type: BTreeMap<&TypeName, Vec<String>> = BTreeMap::new();
    let mut tags: Vec<String> = Vec::new();
    let mut passes_roles = false;
    for need in needs.iter().filter(is_its) {
        let only_tagging = tagging(&need.ty);
        let actions = by_type.entry(&need.ty).or_default();
        for action in &need.actions {
            if action.eq_ignore_ascii_case("iam:PassRole") {
                passes_roles = true;
            } else if only_tagging.iter().any(|tag| tag.eq_ignore_ascii_case(action)) {
                tags.push(action.clone());
            } else {
                actions.push(action.clone());
            }
        }
    }
    // What a handler of some type does anyway needs no second statement.
    let own: BTreeSet<String> = by_type.values().flatten().map(|action| action.to_lowercase()).collect();
    tags.retain(|action| !own.contains(&action.to_lowercase()));
    for (ty, actions) in by_type {
        if !actions.is_empty() {
            statements.push(statement(&sid(ty), &normalised(actions.iter()), json!("*")));
        }
    }
    if !tags.is_empty() {
        statements.push(statement("Tagging", &normalised(tags.iter()), json!("*")));
    }
    if passes_roles {
        statements.push(statement("PassRoleToServices", &["iam:PassRole".to_owned()], json!("*")));
    }
    if role.is_none() {
        let roles: BTreeSet<&str> = needs.iter().filter_map(|need| need.role.as_deref()).collect();
        if !roles.is_empty() {
            let mut pass = statement("PassRoleToCloudControl", &["iam:PassRole".to_owned()], json!(roles));
            pass["Condition"] =
                json!({ "StringEquals": { "iam:PassedToService": "cloudformation.amazonaws.com" } });
            statements.push(pass);
        }
        if needs.iter().any(|need| need.is_discovered) {
            statements.push(statement("Discovery", &["tag:GetResources".to_owned()], json!("*")));
        }
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn statement(sid: &str, actions: &[String], resource: Json) -> Json {
    json!({ "Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource })
}

/// `AWS::S3::Bucket` to `S3Bucket`: a Sid takes letters and digits only.
fn sid(ty: &TypeName) -> String {
    let text = ty.as_str();
    let text = text.strip_prefix("AWS::").unwrap_or(text);
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack_catalog::Catalog;
    use stack_core::schema::Schemas;

    fn need(ty: &str, role: Option<&str>) -> Need {
        let schema = Catalog::embedded().schema(&ty.into()).unwrap();
        life(&schema, true, role.map(str::to_owned))
    }

    fn tagging(ty: &TypeName) -> Vec<String> {
        let schema = Catalog::embedded().schema(ty).unwrap();
        schema.tagging.as_ref().map(|tagging| tagging.permissions.clone()).unwrap_or_default()
    }

    fn sids(policy: &Json) -> Vec<&str> {
        policy["Statement"].as_array().unwrap().iter().map(|s| s["Sid"].as_str().unwrap()).collect()
    }

    #[test]
    fn statements_are_by_purpose() {
        let needs =
            [need("AWS::IAM::Role", None), need("AWS::Lambda::Function", None), need("AWS::EC2::VPC", None)];
        let policy = document(&needs, None, tagging);
        let expected = [
            "CloudControl",
            "EC2VPC",
            "IAMRole",
            "LambdaFunction",
            "Tagging",
            "PassRoleToServices",
            "Discovery",
        ];
        assert_eq!(sids(&policy), expected);
        for statement in policy["Statement"].as_array().unwrap() {
            let actions: Vec<&str> =
                statement["Action"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
            let mut sorted = actions.clone();
            sorted.sort_by_key(|action| action.to_lowercase());
            assert_eq!(actions, sorted, "{}", statement["Sid"]);
        }
    }

    #[test]
    fn with_a_role_the_caller_passes_it_and_the_role_does_the_work() {
        let role = "arn:aws:iam::123456789012:role/deploy";
        let needs = [need("AWS::S3::Bucket", Some(role)), need("AWS::SQS::Queue", None)];
        let caller = document(&needs, None, tagging);
        assert_eq!(
            sids(&caller),
            ["CloudControl", "SQSQueue", "Tagging", "PassRoleToCloudControl", "Discovery"]
        );
        assert_eq!(caller["Statement"][3]["Resource"], json!([role]));
        assert_eq!(sids(&document(&needs, Some(role), tagging))[0], "S3Bucket");
    }

    #[test]
    fn a_plan_that_only_reads_needs_no_writing_calls() {
        let schema = Catalog::embedded().schema(&"AWS::S3::Bucket".into()).unwrap();
        let reads = Need {
            ty: schema.type_name.clone(),
            actions: actions(&schema, operations(ActionView::Noop), true),
            calls: BTreeSet::from(["GetResource"]),
            role: None,
            is_discovered: false,
        };
        let policy = document(&[reads], None, tagging);
        assert_eq!(policy["Statement"][0]["Action"], json!(["cloudformation:GetResource"]));
    }
}
