//! `validate` offline, start of the program included: a generated stack of 200 resources of many types that refer to each
//! other. Every property comes from the realistic examples that the catalog's tests hold against the schemas.

use super::measured::{Measured, spread};
use crate::{Failure, root, say};
use serde_json::{Map, Value as Json};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

const RESOURCES: usize = 200;
const TYPES: usize = 40;
const RUNS: usize = 21;

/// Texts of the examples that become references: how they begin, and which resource and property gives them.
const REFERENCES: &[(&str, &str)] = &[
    ("arn:aws:iam::123456789012:role/", "{{ role.Arn }}"),
    ("subnet-", "{{ subnet.SubnetId }}"),
    ("sg-", "{{ group.GroupId }}"),
    ("vpc-", "{{ vpc.VpcId }}"),
    ("arn:aws:lambda:us-east-1:123456789012:function:", "{{ function.Arn }}"),
];

/// What they refer to.
const BASE: &str = r#"version: 1
name: bench
providers: [awscc]
globals:
  - { name: region, value: us-east-1 }
  - { name: prefix, value: "{{ stack_name }}-{{ stack_env }}" }
settings:
  tags: { cost-center: "4410", team: "{{ prefix }}" }
resources:
  - name: vpc
    type: awscc.ec2.vpcs
    region: "{{ region }}"
    props: { CidrBlock: 10.0.0.0/16 }
  - name: subnet
    type: awscc.ec2.subnets
    region: "{{ region }}"
    props: { VpcId: "{{ vpc.VpcId }}", CidrBlock: 10.0.1.0/24 }
  - name: group
    type: awscc.ec2.security_groups
    region: "{{ region }}"
    props: { GroupName: "{{ prefix }}", GroupDescription: bench, VpcId: "{{ vpc.VpcId }}" }
  - name: role
    type: awscc.iam.roles
    region: "{{ region }}"
    props:
      RoleName: "{{ prefix }}"
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{ Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: "sts:AssumeRole" }]
  - name: function
    type: awscc.lambda.functions
    region: "{{ region }}"
    props:
      FunctionName: "{{ prefix }}"
      Runtime: python3.12
      Handler: app.handler
      Role: "{{ role.Arn }}"
      Code: { ZipFile: "def handler(event, context): return event" }
"#;

pub(super) fn run() -> Result<(), Failure> {
    let binary = root().join("target/release/stack-deploy");
    if !binary.exists() {
        return Err(Failure::Rule("build it first: cargo build --release".to_owned()));
    }
    let folder = std::env::temp_dir().join(format!("stack-deploy-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|e| Failure::file(&folder, e))?;
    let (manifest, types) = stack()?;
    let path = folder.join("stackql_manifest.yml");
    std::fs::write(&path, &manifest).map_err(|e| Failure::file(&path, e))?;
    let starts = measure(|| Command::new(&binary), &["--version"])?;
    say(&format!("start-up    {}", spread(&starts, |m| m.wall)));
    let runs = measure(
        || {
            let mut command = Command::new(&binary);
            command.arg("validate").arg(&folder);
            command
        },
        &["dev"],
    )?;
    say(&format!(
        "validate    {RESOURCES} resources of {types} types, {:.0} kB of manifest: {}, cpu {}, peak {:.0} MB",
        manifest.len() as f64 / 1e3,
        spread(&runs, |m| m.wall),
        spread(&runs, |m| m.cpu),
        runs.iter().map(|m| m.peak_kb).max().unwrap_or(0) as f64 / 1e3,
    ));
    std::fs::remove_dir_all(&folder).map_err(|e| Failure::file(&folder, e))
}

fn measure(command: impl Fn() -> Command, arguments: &[&str]) -> Result<Vec<Measured>, Failure> {
    (0..RUNS).map(|_| Measured::of(command().args(arguments))).collect()
}

/// A manifest, and the number of its types.
fn stack() -> Result<(String, usize), Failure> {
    let mut examples: Vec<(String, Json)> = Vec::new();
    for file in ["app", "compute", "data", "network", "security"] {
        let path = root().join(format!("crates/catalog/testdata/valid/{file}.json"));
        for (ty, example) in read(&path)?.into_iter().take(TYPES / 5) {
            let example = match example {
                Json::Array(mut many) if !many.is_empty() => many.remove(0),
                one => one,
            };
            examples.push((ty, example));
        }
    }
    let mut text = BASE.to_owned();
    let made = BASE.matches("  - name: ").count();
    for (number, (ty, props)) in examples.iter().cycle().take(RESOURCES - made).enumerate() {
        let _ = write!(
            text,
            "  - name: r{number}\n    type: {ty}\n    region: \"{{{{ region }}}}\"\n    props:\n"
        );
        block(props, 6, &mut text);
    }
    Ok((text, examples.len()))
}

fn read(path: &Path) -> Result<Map<String, Json>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::file(path, e))?;
    serde_json::from_str(&text).map_err(|e| Failure::Rule(format!("{}: {e}", path.display())))
}

/// YAML in block style, texts in quotes.
fn block(value: &Json, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Json::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                let _ = write!(out, "{pad}{}:", Json::from(key.as_str()));
                nested(value, indent, out);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for item in items {
                let _ = write!(out, "{pad}-");
                nested(item, indent, out);
            }
        }
        other => {
            let _ = writeln!(out, "{pad}{other}");
        }
    }
}

fn nested(value: &Json, indent: usize, out: &mut String) {
    match value {
        Json::Object(members) if !members.is_empty() => {
            out.push('\n');
            block(value, indent + 2, out);
        }
        Json::Array(items) if !items.is_empty() => {
            out.push('\n');
            block(value, indent + 2, out);
        }
        Json::String(text) => {
            let reference = REFERENCES.iter().find(|(start, _)| text.starts_with(start));
            let text = reference.map_or(text.as_str(), |(_, reference)| reference);
            let _ = writeln!(out, " {}", Json::from(text));
        }
        other => {
            let _ = writeln!(out, " {other}");
        }
    }
}
