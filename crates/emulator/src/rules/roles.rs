//! IAM: roles that services must be able to assume, and what hangs on what.

use super::around::{Around, text, texts};
use crate::handler::Refusal;
use crate::state::Resource;
use serde_json::Value as Json;

const ROLE: &str = "AWS::IAM::Role";
const PROFILE: &str = "AWS::IAM::InstanceProfile";
const POLICY: &str = "AWS::IAM::ManagedPolicy";

/// Where a role is handed to a service that looks at it: type, path, the service's words (cloud-control 4.4, trap 89).
const HANDED: &[(&str, &str, &str)] = &[
    (
        "AWS::CodePipeline::Pipeline",
        "RoleArn",
        "CodePipeline is not authorized to perform AssumeRole on role {}",
    ),
    ("AWS::ECS::TaskDefinition", "ExecutionRoleArn", "Role is not valid"),
    ("AWS::ECS::TaskDefinition", "TaskRoleArn", "Role is not valid"),
    (
        "AWS::EKS::Cluster",
        "RoleArn",
        "Role with arn: {}, could not be assumed because it does not exist or the trusted entity is not correct",
    ),
    ("AWS::EKS::Nodegroup", "NodeRole", "Following required service role {} cannot be found"),
    ("AWS::Glue::Job", "Role", "Role {} should be given assume role permissions for Glue Service."),
    ("AWS::Lambda::Function", "Role", "The role defined for the function cannot be assumed by Lambda."),
    ("AWS::Pipes::Pipe", "RoleArn", "Role {} cannot be assumed by principal 'pipes.amazonaws.com'."),
    (
        "AWS::Scheduler::Schedule",
        "Target/RoleArn",
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
    ),
    (
        "AWS::StepFunctions::StateMachine",
        "RoleArn",
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.",
    ),
];

/// Where IAM itself names another entity: type, path, type of the other, its property.
const ENTITIES: &[(&str, &str, &str, &str)] = &[
    (PROFILE, "Roles/*", ROLE, "RoleName"),
    (POLICY, "Groups/*", "AWS::IAM::Group", "GroupName"),
    (POLICY, "Roles/*", ROLE, "RoleName"),
    (POLICY, "Users/*", "AWS::IAM::User", "UserName"),
    ("AWS::IAM::GroupPolicy", "GroupName", "AWS::IAM::Group", "GroupName"),
    ("AWS::IAM::RolePolicy", "RoleName", ROLE, "RoleName"),
    ("AWS::IAM::UserPolicy", "UserName", "AWS::IAM::User", "UserName"),
];

/// Looks at every role, policy and other entity that the model names.
pub(super) fn check(around: &Around<'_>, model: &Json) -> Result<(), Refusal> {
    for (ty, path, words) in HANDED.iter().filter(|(ty, _, _)| *ty == around.ty()) {
        for role in texts(model, path) {
            assumable(around, &role, ty, words)?;
        }
    }
    for (_, path, other, property) in ENTITIES.iter().filter(|(ty, ..)| *ty == around.ty()) {
        for name in texts(model, path) {
            if !around.anywhere(other).any(|one| text(&one.model, property) == Some(name.as_str())) {
                let noun = other.rsplit("::").next().unwrap_or_default().to_lowercase();
                let message = format!(
                    "The {noun} with name {name} cannot be found. (Service: Iam, Status Code: 404, Error Code: NoSuchEntity)"
                );
                return Err(Refusal::new("NotFound", message));
            }
        }
    }
    if matches!(around.ty(), ROLE | "AWS::IAM::User" | "AWS::IAM::Group") {
        for arn in texts(model, "ManagedPolicyArns/*") {
            attachable(around, &arn)?;
        }
    }
    Ok(())
}

/// Policies of AWS always exist.
fn attachable(around: &Around<'_>, arn: &str) -> Result<(), Refusal> {
    let owner = arn.split(':').nth(4).unwrap_or_default();
    let there =
        owner == "aws" || around.anywhere(POLICY).any(|policy| text(&policy.model, "PolicyArn") == Some(arn));
    if there {
        return Ok(());
    }
    let message = format!("Policy {arn} does not exist or is not attachable.");
    Err(Refusal::new("NotFound", message))
}

fn assumable(around: &Around<'_>, role: &str, ty: &str, words: &str) -> Result<(), Refusal> {
    let service = ty.split("::").nth(1).unwrap_or_default();
    let told = |message: String| {
        Refusal::new("InvalidRequest", format!("{message} (Service: {service}, Status Code: 400)"))
    };
    let owner = role.split(':').nth(4);
    if role.starts_with("arn:") && owner != Some(around.account) {
        return Err(Refusal::new(
            "AccessDenied",
            format!("Cross-account pass role is not allowed. (Service: {service}, Status Code: 403)"),
        ));
    }
    // Services make their own roles on first use.
    if role.contains(":role/aws-service-role/") {
        return Ok(());
    }
    let is_it = |one: &&Resource| {
        let property = if role.starts_with("arn:") { "Arn" } else { "RoleName" };
        text(&one.model, property) == Some(role)
    };
    match around.anywhere(ROLE).find(is_it) {
        Some(found) if around.now_ms >= found.created_at + around.config.iam_propagation_ms => Ok(()),
        _ => Err(told(words.replace("{}", role))),
    }
}

/// IAM refuses to delete what others hold.
pub(super) fn before_delete(around: &Around<'_>, resource: &Resource) -> Result<(), Refusal> {
    let conflict = |message: &str| {
        Err(Refusal::new(
            "InvalidRequest",
            format!("{message} (Service: Iam, Status Code: 409, Error Code: DeleteConflict)"),
        ))
    };
    match around.ty() {
        ROLE => {
            let name = text(&resource.model, "RoleName").unwrap_or_default();
            let held = |ty: &str, path: &str| {
                around.anywhere(ty).any(|one| texts(&one.model, path).iter().any(|role| role == name))
            };
            if held(PROFILE, "Roles/*") {
                return conflict("Cannot delete entity, must remove roles from instance profile first.");
            }
            if held("AWS::IAM::RolePolicy", "RoleName") {
                return conflict("Cannot delete entity, must delete policies first.");
            }
            Ok(())
        }
        POLICY => {
            let arn = text(&resource.model, "PolicyArn").unwrap_or_default();
            let attached = [ROLE, "AWS::IAM::User", "AWS::IAM::Group"].iter().any(|ty| {
                around
                    .anywhere(ty)
                    .any(|one| texts(&one.model, "ManagedPolicyArns/*").iter().any(|held| held == arn))
            });
            if attached { conflict("Cannot delete a policy attached to entities.") } else { Ok(()) }
        }
        _ => Ok(()),
    }
}
