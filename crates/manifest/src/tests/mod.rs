//! Tests of the crate as a whole: manifests in, desired resources and diagnostics out.

mod code_numbers;
mod diagnostics;
mod documents;
mod drafts;
mod fate;
mod files;
mod filters;
mod flow_facts;
pub(crate) mod flows;
mod for_each;
mod jinja;
mod limits;
mod matrix;
mod resolving;
mod robust;
mod scripts;
mod secrets;
mod structure;
mod tera;
mod types;
mod unknowns;

use crate::{Options, Parsed, Sources, Stack};
use indexmap::IndexMap;
use stack_core::desired::{Output, Outputs, Rendered, Resolver, Wanted};
use stack_core::diagnostic::{Diagnostic, Diagnostics, Severity, nearest};
use stack_core::ids::TypeName;
use stack_core::schema::{ResourceSchema, Schemas, UnknownType};
use stack_core::value::Value;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

/// Published schemas of the types that tests use, from the core's test data.
#[derive(Debug)]
pub(crate) struct Fixture;

const NAMES: &[(&str, &str)] = &[
    ("awscc.customerprofiles.domains", "AWS::CustomerProfiles::Domain"),
    ("awscc.customerprofiles.integrations", "AWS::CustomerProfiles::Integration"),
    ("awscc.customerprofiles.object_types", "AWS::CustomerProfiles::ObjectType"),
    ("awscc.ec2.vpcs", "AWS::EC2::VPC"),
    ("awscc.ec2.subnets", "AWS::EC2::Subnet"),
    ("awscc.ec2.security_groups", "AWS::EC2::SecurityGroup"),
    ("awscc.s3.buckets", "AWS::S3::Bucket"),
    ("awscc.sqs.queues", "AWS::SQS::Queue"),
    ("awscc.iam.roles", "AWS::IAM::Role"),
    ("awscc.ssm.parameters", "AWS::SSM::Parameter"),
    ("awscc.logs.log_groups", "AWS::Logs::LogGroup"),
];

static SCHEMAS: LazyLock<HashMap<&str, Arc<ResourceSchema>>> = LazyLock::new(|| {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/testdata/schemas");
    NAMES
        .iter()
        .map(|(_, cfn)| {
            let text =
                std::fs::read_to_string(folder.join(format!("{}.json", cfn.replace("::", "-")))).unwrap();
            (*cfn, Arc::new(serde_json::from_str(&text).unwrap()))
        })
        .collect()
});

impl Schemas for Fixture {
    fn canonical(&self, name: &str) -> Result<TypeName, UnknownType> {
        let found = NAMES.iter().find(|(awscc, cfn)| *awscc == name || *cfn == name);
        found.map(|(_, cfn)| TypeName::new(cfn)).ok_or_else(|| UnknownType {
            name: name.to_owned(),
            near: nearest(name, NAMES.iter().map(|(awscc, _)| *awscc))
                .map(str::to_owned)
                .into_iter()
                .collect(),
            why: None,
        })
    }
    fn schema(&self, ty: &TypeName) -> Result<Arc<ResourceSchema>, UnknownType> {
        Ok(Arc::clone(&SCHEMAS[ty.as_str()]))
    }
    fn available_in(&self, _: &TypeName, region: &str) -> bool {
        region != "ap-south-2"
    }
    fn regions(&self) -> Option<Vec<String>> {
        let known = [
            "us-east-1",
            "us-east-2",
            "us-west-2",
            "eu-west-1",
            "eu-central-1",
            "ap-south-2",
            "ap-southeast-2",
        ];
        Some(known.map(str::to_owned).to_vec())
    }
}

/// Reads a manifest for `prod` with some variables.
pub(crate) fn parse_with(manifest: &str, variables: &[(&str, &str)]) -> Parsed {
    let variables: IndexMap<String, String> =
        variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let sources = Sources {
        manifest: manifest.to_owned(),
        variables,
        env: "prod".to_owned(),
        stack_dir: "folder".to_owned(),
        ..Sources::default()
    };
    Stack::parse(sources, Arc::new(Fixture), Options { nonce: 7, ..Options::default() })
}

/// A manifest with nothing wrong in it.
pub(crate) fn good(manifest: &str) -> Stack {
    good_with(manifest, &[])
}

pub(crate) fn good_with(manifest: &str, variables: &[(&str, &str)]) -> Stack {
    let parsed = parse_with(manifest, variables);
    let shown = show_all(&parsed);
    assert!(shown.is_empty(), "{shown}");
    parsed.stack.unwrap()
}

/// Everything that is wrong with a manifest, as text.
pub(crate) fn problems(manifest: &str) -> String {
    problems_with(manifest, &[])
}

pub(crate) fn problems_with(manifest: &str, variables: &[(&str, &str)]) -> String {
    show_all(&parse_with(manifest, variables))
}

/// Everything that is wrong with a manifest: as written, and in this environment.
pub(crate) fn problems_of(parsed: &Parsed) -> Diagnostics {
    let mut all = parsed.diagnostics.clone();
    all.extend(parsed.stack.iter().flat_map(Stack::validate));
    all
}

fn show_all(parsed: &Parsed) -> String {
    show(&problems_of(parsed), &parsed.source_map)
}

/// `error[SD1203] message`, then each label as `line:column «text» label`, then the notes.
pub(crate) fn show(problems: &[Diagnostic], places: &crate::SourceMap) -> String {
    let mut out = String::new();
    for problem in problems {
        let severity = match problem.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        writeln!(out, "{severity}[{}] {}", problem.code, problem.message).unwrap();
        for label in &problem.labels {
            let span = places.span(label).unwrap();
            let text = &places.file(&label.route).unwrap().1[span.start_byte..span.end_byte];
            writeln!(out, "  {}:{} «{text}» {}", span.line, span.column, label.text).unwrap();
        }
        for (key, text) in &problem.notes {
            writeln!(out, "  = {key}  {text}").unwrap();
        }
    }
    out
}

/// One resource, rendered.
pub(crate) fn wanted(stack: &Stack, name: &str, outputs: &Outputs) -> Wanted {
    match try_render(stack, name, outputs) {
        Ok(Rendered::Wanted(wanted)) => *wanted,
        Ok(Rendered::Flow(_)) => panic!("a flow"),
        Ok(Rendered::Skipped) => panic!("{name} is skipped"),
        Err(problems) => panic!("{}", show(&problems, stack.source_map())),
    }
}

pub(crate) fn try_render(stack: &Stack, name: &str, outputs: &Outputs) -> Result<Rendered, Diagnostics> {
    stack.render(&name.into(), outputs)
}

/// Outputs of resources: name, type and model.
pub(crate) fn outputs(known: &[(&str, &str, serde_json::Value)]) -> Outputs {
    known
        .iter()
        .map(|(name, ty, model)| {
            let output = Output { model: Value::from(model), schema: Arc::clone(&SCHEMAS[ty]), gone: false };
            ((*name).into(), output)
        })
        .collect()
}

/// Props as JSON text; unknown parts as `<name.Path>`, secrets as `<secret>`.
pub(crate) fn props(wanted: &Wanted) -> String {
    json(&wanted.props).to_string()
}

pub(crate) fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Array(items) => items.iter().map(json).collect(),
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), json(v))).collect(),
        Value::Secret(_) => "<secret>".into(),
        Value::Unknown(unknown) => {
            let from: Vec<String> = unknown.from.iter().map(ToString::to_string).collect();
            format!("<{}{}>", from.join(" "), if unknown.sensitive { " secret" } else { "" }).into()
        }
        known => known.known().unwrap(),
    }
}
