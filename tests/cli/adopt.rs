//! `adopt` and `orphans`: what leaves the manifest, and what comes back into it.

use crate::common::{Place, Ran, Served};
use serde_json::{Value as Json, json};
use std::fs;
use std::path::Path;

const EXAMPLES: [&str; 5] =
    ["connect-integrations", "customer-profiles", "serverless", "static-site", "vpc-web-server"];

fn manifest(example: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(example)
        .join("stackql_manifest.yml");
    fs::read_to_string(path).expect("an example")
}

/// A resource of a plan.
struct Resource {
    address: String,
    ty: String,
    identifier: String,
}

/// An identifier in its `|` form.
fn named(identifier: &Json) -> String {
    identifier["value"].as_str().unwrap_or_default().to_owned()
}

fn resources(place: &Place) -> Vec<Resource> {
    let plan = place.run("plan --json app dev").exits(0);
    let plan: Json = serde_json::from_str(&plan.out).expect("a plan");
    let text = |one: &Json, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    plan["resources"]
        .as_array()
        .expect("resources")
        .iter()
        .map(|one| Resource {
            address: text(one, "address"),
            ty: text(one, "canonical_type"),
            identifier: named(&one["identifier"]),
        })
        .collect()
}

/// The manifest up to its resources, and none of them.
fn emptied(manifest: &str) -> String {
    let (head, _) = manifest.split_once("resources:\n").expect("a list");
    format!("{head}resources: []\n")
}

/// The manifest without one entry; `None` where others refer to it.
fn without(manifest: &str, address: &str) -> Option<String> {
    let start = manifest.find(&format!("  - name: {address}\n"))?;
    let rest = &manifest[start + 3..];
    let end = ["\n  - name: ", "\nexports:"].iter().filter_map(|next| rest.find(next)).min();
    let (before, after) = (&manifest[..start], end.map_or("", |end| &manifest[start + 3 + end + 1..]));
    // Exports come back with the entry.
    let after = after.split_once("exports:").map_or(after, |(after, _)| after);
    let left = format!("{before}{after}");
    let refers = left.contains(&format!("{{{{ {address}."))
        || left.lines().any(|line| line.contains("depends_on") && line.contains(address));
    (!refers).then_some(left)
}

/// A stack that was built.
fn built(example: &str) -> (Place, Served, String) {
    // An example that allows no deletion would stop every pruning.
    let text = manifest(example).replace("max_delete: 0", "max_delete: 9");
    let mut place = Place::with(&text);
    let served = Served::start(&mut place);
    place.run("build --yes --progress quiet app dev").exits(0);
    (place, served, text)
}

fn adopt(place: &Place, one: &Resource) -> Ran {
    let line = format!("adopt --yes --progress quiet --as {} app dev", one.address);
    let words = line.split_whitespace().map(str::to_owned);
    let output = place.command("").args(words).args([&one.ty, &one.identifier]).output().expect("it starts");
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Takes the stack's marks off a resource, as if somebody had made it by hand.
fn unmark(place: &Place, served: &Served, one: &Resource) {
    let schema = place.run(&format!("schema {} --json", one.ty)).exits(0);
    let schema: Json = serde_json::from_str(&schema.out).expect("a schema");
    let Some(property) = schema["tags"]["property"].as_str() else { return };
    let none = match schema["tags"]["form"].as_str() {
        Some("map") => {
            json!({ "stackql:stack-name": null, "stackql:stack-env": null, "stackql:resource-name": null })
        }
        _ => json!([]),
    };
    let patch = json!({ "type": one.ty, "identifier": one.identifier, "patch": { property: none } });
    served.ask("POST", "edit", &patch.to_string());
}

/// What does not hold after each resource of an example was adopted into `before`.
fn adopted_one_after_the_other(example: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let (place, served, text) = built(example);
    let all = resources(&place);
    place.manifest(&emptied(&text));
    place.forget();
    let live = served.held();
    all.iter().for_each(|one| unmark(&place, &served, one));
    for one in &all {
        let ran = adopt(&place, one);
        if ran.code != 0 {
            wrong.push(format!("{example}: {} {} {}: {ran}", one.address, one.ty, one.identifier));
            continue;
        }
        place.forget();
        let ran = place.run("plan --detailed-exitcode app dev");
        if ran.code != 0 || !ran.out.contains("no changes") {
            wrong.push(format!(
                "{example}: after {}: {ran}\n{}",
                one.address,
                place.read("app/stackql_manifest.yml")
            ));
            return wrong;
        }
    }
    let calls = served.calls();
    assert!(calls.iter().any(|call| call == "UpdateResource"), "{example}: marks were written");
    // Nothing was made, and what was adopted goes in an order that works.
    assert_eq!(served.held(), live, "{example}");
    let ran = place.run("teardown --yes --progress quiet app dev");
    if ran.code != 0 {
        wrong.push(format!("{example}: teardown: {ran}"));
    }
    wrong
}

/// What a check says of every example, all at once: most of their time is waiting.
fn of_each<T: Send>(check: impl Fn(&str) -> T + Sync) -> Vec<T> {
    std::thread::scope(|threads| {
        let check = &check;
        let all = EXAMPLES.map(|example| threads.spawn(move || check(example)));
        all.map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).into()
    })
}

#[test]
fn what_was_adopted_needs_no_change() {
    let wrong = of_each(adopted_one_after_the_other).concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn an_entry_that_was_lost_comes_back_by_adopting() {
    let wrong = of_each(|example| {
        let mut wrong = Vec::new();
        let (place, served, text) = built(example);
        let live = served.held();
        let mut tried = 0;
        for one in resources(&place) {
            let Some(left) = without(&text, &one.address) else { continue };
            tried += 1;
            place.manifest(&left);
            place.forget();
            let ran = adopt(&place, &one);
            if ran.code != 0 {
                wrong.push(format!("{example}: {}: {ran}", one.address));
                continue;
            }
            let ran = place.run("plan --detailed-exitcode app dev");
            if ran.code != 0 || !ran.out.contains("no changes") {
                wrong.push(format!(
                    "{example}: after {}: {ran}\n{}",
                    one.address,
                    place.read("app/stackql_manifest.yml")
                ));
            }
        }
        assert!(tried > 0, "{example}");
        assert_eq!(served.held(), live, "{example}");
        wrong
    })
    .concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Identifiers of what `orphans` lists.
fn orphans(place: &Place) -> Vec<String> {
    let ran = place.run("orphans --json app dev").exits(0);
    let told: Json = serde_json::from_str(&ran.out).expect("JSON");
    let all = told["orphans"].as_array().expect("a list");
    let name = |one: &Json| {
        let name = one["identifier"].as_str().map_or_else(|| named(&one["identifier"]), str::to_owned);
        if name.is_empty() { format!("in doubt: {}", one["name"].as_str().unwrap_or_default()) } else { name }
    };
    all.iter().map(name).collect()
}

/// What the cloud holds, by type and identifier.
fn held(served: &Served) -> Vec<(String, String)> {
    let state = served.ask("GET", "state", "");
    let text = |one: &Json, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    let mut all: Vec<(String, String)> = state["resources"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (text(one, "type"), text(one, "identifier")))
        .collect();
    all.sort();
    all
}

/// Types that carry no tags: nothing tells that they were the stack's.
const UNMARKED: [&str; 7] = [
    "AWS::CloudFront::OriginAccessControl",
    "AWS::EC2::Route",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::Lambda::Permission",
    "AWS::Route53::RecordSet",
    "AWS::S3::BucketPolicy",
];

/// Types whose ARNs tell no identifier: their orphans are told, never deleted.
const DOUBTFUL: [&str; 1] = ["AWS::Connect::IntegrationAssociation"];

#[test]
fn what_left_the_manifest_is_listed_and_nothing_else_goes() {
    let told = of_each(|example| {
        let mut wrong = Vec::new();
        let (mut seen, mut tried) = (0, 0);
        let (place, served, text) = built(example);
        let listed = orphans(&place);
        if !listed.is_empty() {
            wrong.push(format!("{example}: {listed:?} although nothing left the manifest"));
        }
        let mut how = ["orphans --delete", "build --prune"].iter().cycle();
        for one in resources(&place) {
            let Some(left) = without(&text, &one.address) else { continue };
            seen += 1;
            let before = held(&served);
            place.manifest(&left);
            place.forget();
            let marked = !UNMARKED.contains(&one.ty.as_str());
            let doubtful = DOUBTFUL.contains(&one.ty.as_str());
            let name =
                || if doubtful { format!("in doubt: {}", one.address) } else { one.identifier.clone() };
            let expected: Vec<String> = marked.then(name).into_iter().collect();
            let listed = orphans(&place);
            if listed != expected {
                wrong.push(format!("{example}: {}: {listed:?}, expected {expected:?}", one.address));
            }
            if !marked || doubtful {
                place.run("orphans --delete --yes --progress quiet app dev").exits(0);
                assert_eq!(held(&served), before, "{example}: {}", one.address);
                place.manifest(&text);
                continue;
            }
            let how = how.next().unwrap_or(&"");
            tried += 1;
            let ran =
                place.run(&format!("{how} --yes --allow-data-loss {} --progress quiet app dev", one.address));
            if ran.code != 0 {
                wrong.push(format!("{example}: {how} of {}: {ran}", one.address));
            }
            let after = held(&served);
            let gone: Vec<&(String, String)> = before.iter().filter(|one| !after.contains(one)).collect();
            let goes_alone = gone.len() == 1 && gone[0] == &(one.ty.clone(), one.identifier.clone());
            if !goes_alone || after.iter().any(|now| !before.contains(now)) {
                wrong.push(format!("{example}: {how} of {}: gone: {gone:?}", one.address));
            }
            place.run("plan --detailed-exitcode app dev").exits(0);
            place.manifest(&text);
            let ran = place.run("build --yes --progress quiet app dev");
            if ran.code != 0 {
                wrong.push(format!("{example}: again {}: {ran}", one.address));
            }
        }
        (wrong, seen, tried)
    });
    let wrong: Vec<&str> = told.iter().flat_map(|(wrong, ..)| wrong).map(String::as_str).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let seen: usize = told.iter().map(|(_, seen, _)| seen).sum();
    let tried: usize = told.iter().map(|(.., tried)| tried).sum();
    assert!(seen > tried && tried > 4, "{tried} of {seen}");
}

#[test]
fn a_live_secret_is_not_printed() {
    let empty = "version: 1\nname: s\nproviders: [awscc]\nglobals:\n  - {name: region, value: us-east-1}\nresources: []\n";
    let mut place = Place::with(&format!(
        "{}  - name: q\n    type: awscc.sqs.queues\n    props: {{ QueueName: mails, Tags: [{{ Key: api_token, Value: hunter-two-2 }}] }}\n",
        empty.replace(" []", "")
    ));
    let _served = Served::start(&mut place);
    place.run("build --yes --progress quiet app dev").exits(0);
    // Another stack, whose resource was made by somebody else.
    place.manifest(&empty.replace("name: s", "name: other"));
    place.forget();
    let url = "https://sqs.us-east-1.amazonaws.com/123456789012/mails";
    let dry = place.run(&format!("adopt --dry-run app dev awscc.sqs.queues {url}"));
    assert!(dry.out.contains("************"), "{dry}");
    assert!(dry.err.contains("SD2305"), "{dry}");
    assert!(!dry.to_string().contains("hunter"), "{dry}");
    let ran = place.run(&format!("adopt --yes app dev awscc.sqs.queues {url}"));
    assert!(!ran.to_string().contains("hunter"), "{ran}");
}
