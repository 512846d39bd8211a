//! How each class of types is found again, in each state of the cloud (DESIGN section 5; design note 0006). The two
//! snapshots are the whole matrix: what is decided and what it costs, and what the user reads.

use crate::world::{Calls, World};
use serde_json::{Value as Json, json};
use stack_core::plan::{Action, Mode, Ownership, Plan, Planned};
use stack_core::tags::marks;
use stack_emulator::{Config, Fault, Matcher, Op, References, What};
use std::fmt::Write as _;
use std::time::Duration;

const REGION: &str = "us-east-1";

/// How a type holds tags.
#[derive(Clone, Copy, PartialEq)]
enum Tags {
    /// Not at all.
    None,
    /// A list of `Key` and `Value`.
    List,
    /// A map.
    Map,
}

/// A class of types, by one of them.
struct Class {
    name: &'static str,
    ty: &'static str,
    tags: Tags,
    /// What the manifest declares.
    props: fn() -> Json,
    /// What tells it from others of its kind, and another value for it.
    other: (&'static str, &'static str),
    /// True if that is (a part of) the identifier, so that there is no second one.
    keyed: bool,
}

const CLASSES: [Class; 15] = [
    Class {
        name: "settable",
        ty: "AWS::Logs::LogGroup",
        tags: Tags::List,
        props: || json!({"LogGroupName": "/shop/web"}),
        other: ("/LogGroupName", "/shop/old"),
        keyed: true,
    },
    Class {
        name: "settable, of several parts",
        ty: "AWS::Connect::IntegrationAssociation",
        tags: Tags::List,
        props: || {
            json!({
                "InstanceId": "arn:aws:connect:us-east-1:123456789012:instance/11111111-2222-3333-4444-555555555555",
                "IntegrationType": "LAMBDA_FUNCTION",
                "IntegrationArn": "arn:aws:lambda:us-east-1:123456789012:function:lookup",
            })
        },
        other: ("/IntegrationArn", "arn:aws:lambda:us-east-1:123456789012:function:old"),
        keyed: true,
    },
    Class {
        name: "partly settable, no tags",
        ty: "AWS::Lambda::Permission",
        tags: Tags::None,
        props: || json!({"FunctionName": "web", "Action": "lambda:InvokeFunction", "Principal": "sns.amazonaws.com"}),
        other: ("/Principal", "s3.amazonaws.com"),
        keyed: false,
    },
    Class {
        name: "partly settable, tags, list needs input",
        ty: "AWS::WAFv2::WebACL",
        tags: Tags::List,
        props: || {
            json!({
                "Name": "shop", "Scope": "REGIONAL", "DefaultAction": {"Allow": {}},
                "VisibilityConfig": {"CloudWatchMetricsEnabled": true, "MetricName": "shop", "SampledRequestsEnabled": true},
            })
        },
        other: ("/Name", "old"),
        keyed: false,
    },
    Class {
        name: "assigned, tags",
        ty: "AWS::EC2::VPC",
        tags: Tags::List,
        props: || json!({"CidrBlock": "10.0.0.0/16"}),
        other: ("/CidrBlock", "10.1.0.0/16"),
        keyed: false,
    },
    Class {
        name: "assigned, no tags",
        ty: "AWS::EC2::SecurityGroupIngress",
        tags: Tags::None,
        props: || json!({"GroupId": "sg-0123456789abcdef0", "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "10.0.0.0/16"}),
        other: ("/CidrIp", "10.1.0.0/16"),
        keyed: false,
    },
    Class {
        name: "assigned, no tags, unique name",
        ty: "AWS::CloudFront::OriginAccessControl",
        tags: Tags::None,
        props: || {
            json!({"OriginAccessControlConfig": {
                "Name": "shop", "OriginAccessControlOriginType": "s3", "SigningBehavior": "always", "SigningProtocol": "sigv4",
            }})
        },
        other: ("/OriginAccessControlConfig/Name", "old"),
        keyed: false,
    },
    Class {
        name: "assigned, no tags, list needs input",
        ty: "AWS::Cognito::UserPoolClient",
        tags: Tags::None,
        props: || json!({"UserPoolId": "us-east-1_abcdefghi", "ClientName": "web"}),
        other: ("/ClientName", "mobile"),
        keyed: false,
    },
    Class {
        name: "additional identifier",
        ty: "AWS::AppConfig::Application",
        tags: Tags::List,
        props: || json!({"Name": "shop"}),
        other: ("/Name", "old"),
        keyed: false,
    },
    Class {
        name: "derived identifier (URL)",
        ty: "AWS::SQS::Queue",
        tags: Tags::List,
        props: || json!({"QueueName": "orders"}),
        other: ("/QueueName", "old"),
        keyed: true,
    },
    Class {
        name: "derived identifier (ARN)",
        ty: "AWS::SNS::Topic",
        tags: Tags::List,
        props: || json!({"TopicName": "orders"}),
        other: ("/TopicName", "old"),
        keyed: true,
    },
    Class {
        name: "tags create-only",
        ty: "AWS::MediaLive::CloudWatchAlarmTemplateGroup",
        tags: Tags::Map,
        props: || json!({"Name": "shop"}),
        other: ("/Name", "old"),
        keyed: false,
    },
    Class {
        name: "tags write-only",
        ty: "AWS::AppRunner::VpcConnector",
        tags: Tags::List,
        props: || json!({"VpcConnectorName": "shop", "Subnets": ["subnet-0123456789abcdef0"]}),
        other: ("/VpcConnectorName", "other"),
        keyed: false,
    },
    Class {
        name: "tags, no list",
        ty: "AWS::AppStream::AppBlock",
        tags: Tags::List,
        props: || json!({"Name": "shop", "SourceS3Location": {"S3Bucket": "shop-blocks", "S3Key": "web.zip"}}),
        other: ("/Name", "old"),
        keyed: false,
    },
    Class {
        name: "no tags, no list",
        ty: "AWS::ACMPCA::Certificate",
        tags: Tags::None,
        props: || {
            json!({
                "CertificateAuthorityArn": "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/11111111-2222-3333-4444-555555555555",
                "CertificateSigningRequest": "csr", "SigningAlgorithm": "SHA256WITHRSA",
                "Validity": {"Type": "DAYS", "Value": 30},
            })
        },
        other: (
            "/CertificateAuthorityArn",
            "arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/other",
        ),
        keyed: false,
    },
];

/// Whose a resource is.
#[derive(Clone, Copy, PartialEq)]
enum Of {
    Ours,
    Nobody,
    OtherStack,
    CloudFormation,
}

/// A state of the cloud.
#[derive(Default)]
struct State {
    name: &'static str,
    /// Resources that show what is declared.
    there: &'static [Of],
    /// One of ours under another identifier.
    moved: bool,
    /// One that differs from what is declared in what tells it from others.
    another: bool,
    /// One of ours that was deleted a moment ago.
    deleted: bool,
    /// The tag index is late.
    late: bool,
    /// A create that somebody started, whose journal is lost.
    in_flight: Option<Of>,
    /// Calls that are refused.
    forbidden: Option<Op>,
}

const NONE: State = State {
    name: "",
    there: &[],
    moved: false,
    another: false,
    deleted: false,
    late: false,
    in_flight: None,
    forbidden: None,
};

const STATES: [State; 21] = [
    State { name: "absent", ..NONE },
    State { name: "another one", another: true, ..NONE },
    State { name: "ours", there: &[Of::Ours], ..NONE },
    State { name: "ours, index late", there: &[Of::Ours], late: true, ..NONE },
    State { name: "ours, other key", moved: true, ..NONE },
    State { name: "ours, other key, index late", moved: true, late: true, ..NONE },
    State { name: "ours, deleted, still indexed", deleted: true, ..NONE },
    State { name: "two of ours", there: &[Of::Ours, Of::Ours], ..NONE },
    State { name: "ours and a free one", there: &[Of::Nobody, Of::Ours], ..NONE },
    State { name: "free", there: &[Of::Nobody], ..NONE },
    State { name: "two free", there: &[Of::Nobody, Of::Nobody], ..NONE },
    State { name: "of another stack", there: &[Of::OtherStack], ..NONE },
    State { name: "of CloudFormation", there: &[Of::CloudFormation], ..NONE },
    State { name: "ours, read 403", there: &[Of::Ours], forbidden: Some(Op::GetResource), ..NONE },
    State { name: "absent, list 403", forbidden: Some(Op::ListResources), ..NONE },
    State { name: "ours, list 403", there: &[Of::Ours], forbidden: Some(Op::ListResources), ..NONE },
    State { name: "ours, index 403", there: &[Of::Ours], forbidden: Some(Op::GetResources), ..NONE },
    State { name: "absent, index 403", forbidden: Some(Op::GetResources), ..NONE },
    State { name: "absent, operations 403", forbidden: Some(Op::ListResourceRequests), ..NONE },
    State { name: "in flight, ours", in_flight: Some(Of::Ours), ..NONE },
    State { name: "in flight, of nobody", in_flight: Some(Of::Nobody), ..NONE },
];

impl Class {
    /// Some states are none for some classes: nothing can be there twice under one name, or be another's without tags.
    fn has(&self, state: &State) -> bool {
        let tagged = self.tags != Tags::None;
        let twice = state.there.len() > 1;
        let others = state.there.iter().any(|of| matches!(of, Of::OtherStack | Of::CloudFormation));
        let mixed = twice && state.there.iter().any(|of| *of != state.there[0]);
        let marked = state.deleted || state.late || matches!(state.forbidden, Some(Op::GetResources));
        let free = !mixed && state.there.contains(&Of::Nobody) || state.in_flight == Some(Of::Nobody);
        (tagged || !(others || mixed || marked || free))
            && !(twice && self.keyed)
            && (!state.moved || (tagged && self.keyed))
    }

    fn manifest(&self) -> String {
        format!(
            "version: 1\nname: shop\nproviders: [awscc]\nresources:\n  - name: thing\n    type: {}\n    region: {REGION}\n    \
             props: {}\n",
            self.ty,
            (self.props)()
        )
    }

    /// Another resource of the kind, of nobody.
    fn another(&self) -> Json {
        let mut body = (self.props)();
        let (at, value) = self.other;
        *body.pointer_mut(at).expect("declared") = Json::from(value);
        body
    }

    fn body(&self, world: &World, of: Of, moved: bool) -> Json {
        let mut body = if moved { self.another() } else { (self.props)() };
        let tags = match of {
            Of::Ours => marks(&world.id_of("shop"), "thing", None),
            Of::OtherStack => marks(&world.id_of("other"), "thing", None),
            Of::CloudFormation => vec![("aws:cloudformation:stack-name".to_owned(), "legacy".to_owned())],
            Of::Nobody => Vec::new(),
        };
        match self.tags {
            Tags::List if !tags.is_empty() => {
                body["Tags"] = tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
            }
            Tags::Map if !tags.is_empty() => {
                body["Tags"] =
                    Json::Object(tags.into_iter().map(|(key, value)| (key, Json::from(value))).collect());
            }
            _ => {}
        }
        body
    }
}

/// What a cell showed.
struct Seen {
    plan: Plan,
    calls: Calls,
    /// Identifiers of what was there.
    there: Vec<String>,
    /// Resources of the type after a build, where one can be made.
    built: Option<usize>,
}

async fn look(class: &Class, state: &State) -> Seen {
    let config = Config {
        references: References::Unchecked,
        tag_lag_ms: if state.late { 45 * 60 * 1000 } else { 0 },
        tag_ghost_ms: 60 * 60 * 1000,
        faults: state
            .forbidden
            .map(|operation| {
                let when = Matcher { operation: Some(operation), ..Matcher::default() };
                Fault { when, what: What::Denied { status: 403 } }
            })
            .into_iter()
            .collect(),
        ..Config::default()
    };
    let world = World::new(&class.manifest(), "dev", config);
    let mut there = Vec::new();
    for of in state.there {
        let body = class.body(&world, *of, false);
        if state.late {
            // The index is late for so long as the operations tell.
            world.start(REGION, class.ty, &body).await;
            world.pass(Duration::from_secs(600)).await;
            world.settle();
        } else {
            there.push(world.plant(REGION, class.ty, &body));
        }
    }
    if state.another {
        world.plant(REGION, class.ty, &class.another());
    }
    if state.moved {
        there.push(world.plant(REGION, class.ty, &class.body(&world, Of::Ours, true)));
    }
    if state.deleted {
        world.settle();
        let gone = world.plant(REGION, class.ty, &class.body(&world, Of::Ours, false));
        world.edit(class.ty, &gone, &Json::Null);
    }
    // What was made long ago is in no list of operations.
    if let Some(of) = state.in_flight {
        world.start(REGION, class.ty, &class.body(&world, of, false)).await;
    }
    let (plan, calls) = if state.in_flight.is_some() {
        world.settled(Mode::Build).await
    } else {
        world.plan(Mode::Build).await
    };
    world.cloud.lock().unwrap().clear_faults();
    let blocked = plan.diagnostics.iter().any(stack_core::diagnostic::Diagnostic::is_error);
    let built = if blocked {
        None
    } else {
        let _ = world.run(Mode::Build).await;
        world.pass(Duration::from_secs(1)).await;
        let held = world.cloud.lock().unwrap();
        Some(held.resources().filter(|held| held.ty == class.ty).count())
    };
    Seen { plan, calls, there, built }
}

fn line(seen: &Seen) -> String {
    let Some(planned) = planned(seen) else {
        return format!("-, {}", codes(seen));
    };
    let action = format!("{:?}", planned.action).to_lowercase();
    let found = planned.found_by.map(|step| format!("{step:?}").to_lowercase()).unwrap_or_default();
    let whose = match &planned.ownership {
        Some(Ownership::Ours) => "ours",
        Some(Ownership::Free) => "free",
        Some(Ownership::Foreign(_)) => "foreign",
        None => "",
    };
    let built = seen.built.map(|count| count.to_string()).unwrap_or_else(|| "-".into());
    format!("{action:<24} {found:<10} {whose:<8} {built:<2} {:<40} {}", short(&seen.calls), codes(seen))
}

fn planned(seen: &Seen) -> Option<&Planned> {
    seen.plan.resources.values().next()
}

fn codes(seen: &Seen) -> String {
    let all: Vec<String> = seen.plan.diagnostics.iter().map(|d| d.code.to_string()).collect();
    all.join(" ")
}

/// `2 read, 1 index`
fn short(calls: &Calls) -> String {
    let words = [
        ("GetCallerIdentity", "who"),
        ("GetResource", "read"),
        ("GetResources", "index"),
        ("ListResources", "list"),
        ("ListResourceRequests", "operations"),
        ("GetResourceRequestStatus", "poll"),
    ];
    for name in calls.keys() {
        assert!(words.iter().any(|(known, _)| known == name), "the call {name}");
    }
    let all: Vec<String> = words
        .iter()
        .filter_map(|(name, word)| calls.get(*name).map(|count| format!("{count} {word}")))
        .collect();
    all.join(", ")
}

/// Code, message and notes of all diagnostics.
fn words(seen: &Seen) -> String {
    let mut text = String::new();
    for diagnostic in &seen.plan.diagnostics {
        let _ = writeln!(text, "    {} {}", diagnostic.code, diagnostic.message);
        for (key, note) in &diagnostic.notes {
            let _ = writeln!(text, "        {key}: {note}");
        }
    }
    text
}

/// What does not hold of what holds for every cell, whatever the class.
fn broken(class: &Class, state: &State, seen: &Seen) -> Vec<String> {
    let mut broken = Vec::new();
    let mut must = |holds: bool, what: &str| {
        if !holds {
            broken.push(format!("{} / {}: {what}\n  {}", class.name, state.name, line(seen)));
        }
    };
    let action = planned(seen).map(|p| p.action);
    for diagnostic in &seen.plan.diagnostics {
        must(diagnostic.notes.iter().any(|(name, _)| name == "next"), "no next step is named");
    }
    // What is doubtful is named.
    let found = planned(seen).and_then(|p| p.identifier.as_ref()).map(ToString::to_string);
    let is_told = |id: &String| found.as_ref() == Some(id) || words(seen).contains(id.as_str());
    let doubtful = matches!(action, Some(Action::Blocked)) && state.forbidden.is_none();
    must(!doubtful || seen.there.iter().all(is_told), "what was found is not named");
    // What is ours is never made again, and what may be ours is never taken for absent.
    // Where the key is declared, only the tag index tells of one under another key: while it is late, a change of the key
    // leaves the old one behind, as an orphan.
    let is_ours =
        state.there.contains(&Of::Ours) || (state.moved && !state.late) || state.in_flight == Some(Of::Ours);
    must(!is_ours || action != Some(Action::Create), "ours is made again");
    // What is not like it is not taken for it.
    must(!state.another || matches!(action, Some(Action::Create) | None), "another one is taken");
    // A build leaves one of them, beside those of others.
    if let Some(built) = seen.built {
        let others = state.there.iter().filter(|of| **of != Of::Ours).count();
        let most = if is_ours {
            seen.there.len().max(1)
        } else {
            others + 1 + usize::from(state.in_flight.is_some() || state.another || state.moved)
        };
        must((1..=most).contains(&built), &format!("{built} after a build, {most} expected"));
    }
    broken
}

#[tokio::test(start_paused = true)]
async fn every_class_in_every_state() {
    let (mut matrix, mut told, mut wrong) = (String::new(), String::new(), Vec::new());
    let _ = writeln!(
        matrix,
        "{:<30} {:<24} {:<10} {:<8} {:<2} {:<40} code",
        "state", "action", "found by", "whose", "n", "calls"
    );
    for class in &CLASSES {
        let _ = writeln!(matrix, "\n{} ({})", class.name, class.ty);
        let _ = writeln!(told, "\n{} ({})", class.name, class.ty);
        for state in STATES.iter().filter(|state| class.has(state)) {
            let seen = look(class, state).await;
            let _ = writeln!(matrix, "{}", format!("  {:<28} {}", state.name, line(&seen)).trim_end());
            let said = words(&seen);
            if !said.is_empty() {
                let _ = write!(told, "  {}\n{said}", state.name);
            }
            wrong.extend(broken(class, state, &seen));
        }
    }
    insta::assert_snapshot!("matrix", matrix);
    insta::assert_snapshot!("words", told);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
