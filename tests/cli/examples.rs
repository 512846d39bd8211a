//! Every example, with the real binary: its whole life with nothing local left in between, and what its README says.

#![expect(clippy::unwrap_used, reason = "an example without its files is a failed test")]

use crate::common::Place;
use std::fs;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

fn file(example: &str, name: &str) -> String {
    fs::read_to_string(folder(example).join(name)).unwrap()
}

/// The commands of a README that need no AWS account, one a line. Those for AWS are tried in the sandbox.
fn commands(readme: &str) -> Vec<String> {
    let mut found = Vec::new();
    for block in readme.split("```sh\n").skip(1) {
        let (block, _) = block.split_once("```").unwrap();
        for line in block.lines().filter(|line| !line.ends_with("/try.sh")) {
            let offline =
                ["permissions", "sandbox"].iter().any(|word| line.contains(&format!("deploy {word}")));
            let here = line.contains("--sandbox") || offline;
            found.push(if here { line.to_owned() } else { format!("{line} --sandbox") });
        }
    }
    found
}

/// Runs shell commands as they are printed in a README, one after the other, forgetting what is kept in between.
fn follow(place: &Place, name: &str, readme: &str) {
    let program = Path::new(env!("CARGO_BIN_EXE_stack-deploy")).parent().unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", program.display());
    let has_curl = place.shell("curl --version").env("PATH", &path).output().unwrap().status.success();
    let commands = commands(readme);
    assert!(commands.iter().any(|command| command.contains(" teardown ")), "{commands:?}");
    let mut before = String::new();
    for command in commands {
        if command.contains("curl ") && !has_curl {
            continue;
        }
        // A variable is set for the commands after it.
        if command.contains("=$(") {
            before = format!("{command}\n");
            continue;
        }
        let ran = place.shell(&format!("{before}{command}")).env("PATH", &path).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{name}: {command}\n{said}");
        if command.contains(" drift ") && has_curl {
            let out = String::from_utf8(ran.stdout).unwrap();
            assert!(out.contains("Drift: 1 property of 1 resource"), "{name}: {out}");
        }
        place.forget();
    }
}

/// A copy of an example, query files included.
fn copied(name: &str) -> Place {
    let place = Place::called(&format!("examples/{name}"), &file(name, "stackql_manifest.yml"));
    for entry in fs::read_dir(folder(name).join("resources")).into_iter().flatten() {
        let entry = entry.unwrap();
        let to = format!("examples/{name}/resources/{}", entry.file_name().to_string_lossy());
        fs::create_dir_all(place.path(&format!("examples/{name}/resources"))).unwrap();
        place.write(&to, &fs::read_to_string(entry.path()).unwrap());
    }
    place
}

/// What a build of an example comes to.
struct Counts {
    /// Resources that it makes.
    created: usize,
    /// Resources that something changes in every build.
    updated: usize,
    /// Resources that a plan after it finds as wanted, queries included.
    matching: usize,
    /// What every build runs.
    run: usize,
}

/// A stack of which every resource is made, and none runs in every build.
fn of(created: usize) -> Counts {
    Counts { created, updated: 0, matching: created, run: 0 }
}

/// Build, nothing left to do, the README's commands, nothing left at all.
fn lives(name: &str, counts: &Counts, stack: &str) {
    let place = copied(name);
    let ran = place.run(&format!("build --sandbox --progress quiet examples/{name} dev")).exits(0);
    let Counts { created, updated, matching, run } = counts;
    let updated = if *updated > 0 { format!(", {updated} updated") } else { String::new() };
    assert!(ran.out.contains(&format!("Build done: {created} created{updated}")), "{ran}");
    place.forget();
    let runs = if *run > 0 { format!(" {run} to run.") } else { String::new() };
    let ran = place.run(&format!("plan --sandbox --detailed-exitcode examples/{name} dev")).exits(0);
    assert!(
        ran.out.contains(&format!("Plan: no changes. {matching} resources match {stack}/dev.{runs}\n")),
        "{ran}"
    );
    place.forget();
    follow(&place, name, &file(name, "README.md"));
    let ran = place.run(&format!("sandbox state examples/{name}")).exits(0);
    assert!(!ran.out.contains("identifier"), "{ran}");
}

/// The plan in the README is the one that is given. A line `…` there stands for resources that are left out.
fn shows_its_plan(name: &str) {
    let place = copied(name);
    let ran = place.run(&format!("plan --sandbox examples/{name} dev")).exits(0);
    let given = ran.out.replace("in [N] s", "in 0.1 s");
    let readme = file(name, "README.md");
    let shown = readme.split_once("```text\n").unwrap().1.split_once("```").unwrap().0;
    let mut rest = given.as_str();
    for (at, part) in shown.split("\n…\n").enumerate() {
        let found = rest.find(part);
        assert!(
            found.is_some() && (at > 0 || found == Some(0)),
            "the README of {name} should hold:\n{given}"
        );
        rest = &rest[found.unwrap() + part.len()..];
    }
    assert_eq!(rest, "", "the README of {name} should hold:\n{given}");
}

macro_rules! example {
    ($module:ident, $name:literal, $stack:literal, $counts:expr) => {
        mod $module {
            #[test]
            fn lives_and_goes_as_its_readme_says() {
                super::lives($name, &$counts, $stack);
            }
            #[test]
            fn the_readme_shows_the_plan_that_it_gives() {
                super::shows_its_plan($name);
            }
        }
    };
}

example!(
    confluent_kafka,
    "confluent-kafka",
    "orders-stream",
    super::Counts { matching: 11, ..super::of(10) }
);
example!(
    confluent_provider_integration,
    "confluent-provider-integration",
    "provider-access",
    super::Counts { updated: 1, matching: 5, ..super::of(4) }
);
example!(connect_integrations, "connect-integrations", "contact-centre", super::of(5));
example!(customer_profiles, "customer-profiles", "customer-360", super::of(4));
example!(query_files, "query-files", "contact-profiles", super::of(7));
example!(serverless, "serverless", "orders", super::of(9));
example!(static_site, "static-site", "static-site", super::of(7));
example!(
    streaming_to_connect,
    "streaming-to-connect",
    "orders-to-agents",
    super::Counts { updated: 1, matching: 15, ..super::of(13) }
);
example!(
    vpc_flows,
    "vpc-flows",
    "web-network",
    super::Counts { created: 4, updated: 1, matching: 6, run: 1 }
);
example!(vpc_web_server, "vpc-web-server", "vpc-web-server", super::of(12));

#[test]
fn what_has_no_name_is_found_by_tags_and_else_by_values() {
    let manifest = file("vpc-web-server", "stackql_manifest.yml");
    let (resources, _) = manifest.split_once("exports:").unwrap();
    let place = Place::with(resources);
    place.run("build --sandbox --progress quiet --target attachment app dev").exits(0);
    place.forget();
    let ran = place.run("explain --sandbox app dev vpc").exits(0);
    assert!(ran.out.contains("found      by this stack's tags, confirmed by a read (step 6)\n"), "{ran}");
    let ran = place.run("explain --sandbox app dev attachment").exits(0);
    assert!(
        ran.out.contains("found      by its declared values, which no other resource shows (step 7)\n"),
        "{ran}"
    );
}

#[test]
fn every_example_has_a_readme_and_a_script_to_try() {
    let mut names: Vec<String> = fs::read_dir(folder(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let tried = [
        "confluent-kafka",
        "confluent-provider-integration",
        "connect-integrations",
        "customer-profiles",
        "query-files",
        "serverless",
        "static-site",
        "streaming-to-connect",
        "vpc-flows",
        "vpc-web-server",
    ];
    assert_eq!(names, tried, "each has its `example!` above");
    for name in names {
        assert!(file(&name, "README.md").contains(&format!("./examples/{name}/try.sh")), "{name}");
        assert!(file(&name, "try.sh").contains(&format!("build --sandbox examples/{name} dev")), "{name}");
    }
}
