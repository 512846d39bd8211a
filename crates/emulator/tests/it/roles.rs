use super::*;

const MACHINE: &str = "AWS::StepFunctions::StateMachine";
const PROFILE: &str = "AWS::IAM::InstanceProfile";
const POLICY: &str = "AWS::IAM::ManagedPolicy";

fn function(role: &str) -> Json {
    json!({ "FunctionName": "f", "Role": role, "Code": { "ZipFile": "x" } })
}

fn document() -> Json {
    json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] })
}

#[test]
fn an_unknown_role_cannot_be_assumed() {
    // Trap 89.
    let mut world = World::new();
    let absent = "arn:aws:iam::123456789012:role/absent";
    let (code, message) = world.fail_create(FUNCTION, &function(absent));
    assert_eq!(code, "InvalidRequest");
    assert!(message.contains("The role defined for the function cannot be assumed by Lambda"), "{message}");
    let machine = json!({ "RoleArn": absent, "DefinitionString": "{}" });
    let (_, message) = world.fail_create(MACHINE, &machine);
    assert!(message.contains("authorized to assume the provided role"), "{message}");
    let (code, _) = world.fail_create(FUNCTION, &function("arn:aws:iam::999999999999:role/theirs"));
    assert_eq!(code, "AccessDenied", "no roles of other accounts");
}

#[test]
fn a_role_is_found_by_its_whole_arn_from_every_region() {
    let mut world = World::new();
    let role = json!({ "RoleName": "r", "Path": "/app/", "AssumeRolePolicyDocument": document() });
    world.create(ROLE, &role);
    assert!(world.fail_create(FUNCTION, &function("arn:aws:iam::123456789012:role/r")).1.contains("assumed"));
    world.region = "eu-west-1".to_owned();
    world.create(FUNCTION, &function("arn:aws:iam::123456789012:role/app/r"));
    assert!(world.get(ROLE, "r").is_ok(), "IAM is the same everywhere");
    assert_eq!(world.fail_create(ROLE, &role).0, "AlreadyExists");
}

#[test]
fn a_new_role_takes_a_while_to_be_usable() {
    let mut world = World::with(Config { iam_propagation_ms: 100_000, ..Config::default() });
    let role = world.role("r");
    assert!(world.fail_create(FUNCTION, &function(&role)).1.contains("cannot be assumed"));
    world.create(FUNCTION, &function(&role));
}

#[test]
fn an_update_to_an_unknown_role_is_refused_too() {
    let mut world = World::new();
    let name = world.function("f");
    let patch = json!([
        { "op": "add", "path": "/Code", "value": { "ZipFile": "x" } },
        { "op": "add", "path": "/Role", "value": "arn:aws:iam::123456789012:role/absent" },
    ]);
    assert!(failure(&world.update(FUNCTION, &name, &patch)).1.contains("cannot be assumed"));
}

#[test]
fn entities_of_iam_need_each_other() {
    let mut world = World::new();
    let profile = json!({ "InstanceProfileName": "p", "Roles": ["r"] });
    let (code, message) = world.fail_create(PROFILE, &profile);
    assert!(code == "NotFound" && message.contains("The role with name r cannot be found"), "{message}");
    let inline = json!({ "RoleName": "r", "PolicyName": "p", "PolicyDocument": document() });
    assert_eq!(world.fail_create("AWS::IAM::RolePolicy", &inline).0, "NotFound");
    let held = json!({ "RoleName": "x", "AssumeRolePolicyDocument": document(),
                       "ManagedPolicyArns": ["arn:aws:iam::123456789012:policy/none"] });
    assert!(world.fail_create(ROLE, &held).1.contains("does not exist or is not attachable"));
    world.role("r");
    world.create(PROFILE, &profile);
    assert!(world.fail_delete(ROLE, "r").1.contains("remove roles from instance profile first"));
    world.delete(PROFILE, "p");
    world.create("AWS::IAM::RolePolicy", &inline);
    assert!(world.fail_delete(ROLE, "r").1.contains("must delete policies first"));
    world.delete("AWS::IAM::RolePolicy", "p|r");
    assert_eq!(world.delete(ROLE, "r")["OperationStatus"], "SUCCESS");
}

#[test]
fn an_attached_policy_stays() {
    let mut world = World::new();
    let policy = json!({ "ManagedPolicyName": "p", "Path": "/x/", "PolicyDocument": document() });
    let arn = world.create(POLICY, &policy);
    assert_eq!(arn, "arn:aws:iam::123456789012:policy/x/p");
    assert_eq!(world.fail_create(POLICY, &policy).0, "AlreadyExists");
    let role = json!({ "RoleName": "r", "AssumeRolePolicyDocument": document(),
                       "ManagedPolicyArns": [arn, "arn:aws:iam::aws:policy/ReadOnlyAccess"] });
    world.create(ROLE, &role);
    assert!(world.fail_delete(POLICY, &arn).1.contains("Cannot delete a policy attached to entities"));
    world.delete(ROLE, "r");
    assert_eq!(world.delete(POLICY, &arn)["OperationStatus"], "SUCCESS");
}
