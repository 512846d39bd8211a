//! The tutorial about a service of one's own, run as it stands on the page: its files, its commands, what it says they print.
#![expect(clippy::unwrap_used, reason = "a page of another shape is a failed test")]

use crate::common::{PROGRAM, Place};
use crate::desk::{Desk, TOKEN};
use std::fs;
use std::path::Path;

/// A fenced block: its language and its text.
struct Block {
    language: String,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut all: Vec<Block> = Vec::new();
    let mut open: Option<Block> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(Block { language: language.to_owned(), text: String::new() });
            }
            (Some(_), Some(_)) => all.extend(open.take()),
            (Some(block), None) => block.text.push_str(&format!("{line}\n")),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    all
}

pub(crate) fn page() -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/own-service.md");
    let all = blocks(&fs::read_to_string(path).unwrap());
    all.into_iter().map(|block| (block.language, block.text)).collect()
}

/// The files of the page: path and text.
pub(crate) fn files() -> Vec<(String, String)> {
    let yaml = page().into_iter().filter(|(language, _)| language == "yaml");
    yaml.map(|(_, text)| (text.lines().next().unwrap().trim_start_matches("# ").to_owned(), text)).collect()
}

/// A place with the files of the page, and the desk.
pub(crate) fn helpdesk() -> (Place, Desk) {
    let mut place = Place::called("helpdesk", "");
    fs::create_dir_all(place.path("helpdesk/definitions")).unwrap();
    for (path, text) in files() {
        place.write(&path, &text);
    }
    let desk = Desk::open();
    place.set("DESK_URL", &desk.url);
    place.set("DESK_TOKEN", TOKEN);
    (place, desk)
}

#[test]
fn the_tutorial_works_as_it_is_printed() {
    let (place, desk) = helpdesk();
    let mut said = String::new();
    let mut commands = 0;
    let mut wrong = String::new();
    for (language, text) in page() {
        match language.as_str() {
            "sh" => {
                said.clear();
                for line in text.lines().filter(|line| !line.starts_with("export ")) {
                    let arguments = line.strip_prefix("stack-deploy ").unwrap();
                    let output = place.shell(&format!("'{PROGRAM}' {arguments}")).output().unwrap();
                    let (out, err) = (String::from_utf8(output.stdout), String::from_utf8(output.stderr));
                    let printed = format!("{}{}", out.unwrap(), err.unwrap());
                    assert!(output.status.success(), "{line}\n{printed}");
                    assert!(!printed.contains("-once") && !printed.contains(TOKEN), "{line}\n{printed}");
                    said.push_str(&printed);
                    commands += 1;
                }
            }
            "text" => {
                let missing: Vec<&str> = text.lines().filter(|line| !said.contains(line)).collect();
                if !missing.is_empty() {
                    wrong.push_str(&format!("{missing:#?} is not in\n{said}\n"));
                }
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(commands, 10);
    assert_eq!(desk.queues(), ["sales", "returns", "parts", "spare", "press"]);
    assert_eq!(desk.tickets(), 0);
    let history = desk.history();
    let lines: Vec<String> = history
        .iter()
        .filter(|one| one.method != "GET")
        .map(|one| format!("{} {} {}", one.method, one.path, String::from_utf8_lossy(&one.body)))
        .collect();
    assert_eq!(
        lines,
        [
            r#"POST /v1/queues {"name":"billing-dev","settings":{"priority":3,"labels":["money","urgent"]}}"#,
            r#"PUT /v1/queues/q-1001/tickets/1 {"subject":"Say hello"}"#,
            r#"PATCH /v1/queues/q-1001 {"settings":{"priority":9}}"#,
            r#"PATCH /v1/queues/q-1001 {"settings":{"priority":3}}"#,
            "DELETE /v1/queues/q-1001/tickets/1 ",
            "DELETE /v1/queues/q-1001 ",
        ]
    );
    // Three pages of queues, each asked for once by a query.
    let first: Vec<&str> = history
        .iter()
        .map(|one| one.path.as_str())
        .take_while(|path| path.starts_with("/v1/queues?"))
        .collect();
    assert_eq!(
        first[..3],
        ["/v1/queues?limit=2", "/v1/queues?limit=2&after=2", "/v1/queues?limit=2&after=4"]
    );
    let secret = place.path("helpdesk.json");
    assert!(fs::read_to_string(&secret).unwrap().contains("whsec-1001-once"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Nowhere else: not in the journal, not in the ledger.
    let leaked = place.files().into_iter().filter(|(path, text)| *path != secret && text.contains("-once"));
    assert_eq!(leaked.map(|(path, _)| path).collect::<Vec<_>>(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn definitions_are_found_beside_the_manifest_by_a_variable_and_by_a_flag() {
    let (mut place, desk) = helpdesk();
    let ran = place.run("schema desk.support.queues").exits(64);
    assert!(ran.err.contains("desk.support.queues"), "{ran}");
    place.run("schema desk.support.queues --definitions helpdesk/definitions/desk.yaml").exits(0);
    // Two ways to one file are one file.
    place.run("validate helpdesk --definitions helpdesk/definitions").exits(0);
    place.run_with("query --stack-dir helpdesk", "SHOW RESOURCES IN desk.support").exits(0);
    place.set("STACK_DEPLOY_DEFINITIONS", "helpdesk/definitions");
    let ran = place.run("permissions desk.support.queues").exits(1);
    assert!(ran.err.contains("desk.support.queues has no list of IAM actions"), "{ran}");
    place.run_with("query -o jsonl", "SELECT name FROM desk.support.queues WHERE id = 'q-1'").exits(0);
    assert_eq!(desk.history().len(), 1);
}

#[test]
fn a_saved_plan_does_not_hold_if_a_definition_changes() {
    let (place, desk) = helpdesk();
    place.run("plan helpdesk dev --out plan.json").exits(0);
    let file = "helpdesk/definitions/desk.yaml";
    place.write(file, &place.read(file).replace("priority: { type: integer,", "priority: { type: number,"));
    let ran = place.run("build helpdesk dev --plan plan.json").exits(4);
    assert!(ran.err.contains("manifest"), "{ran}");
    assert_eq!(desk.writes(), Vec::<String>::new());
}

#[test]
fn the_sandbox_says_that_it_does_not_play_the_service() {
    let (place, desk) = helpdesk();
    let ran = place.run("build --sandbox --yes helpdesk dev").exits(1);
    assert!(ran.err.contains("the sandbox does not play the services of `desk`"), "{ran}");
    assert_eq!(desk.history(), []);
}

/// DESIGN section 7: `auth` of a resource names variables; statements use it too.
#[test]
fn a_resource_may_name_its_own_credential() {
    let (mut place, desk) = helpdesk();
    place.set("DESK_TOKEN", "");
    place.set("BILLING_TOKEN", TOKEN);
    let auth = "    auth: { type: bearer, credentialsenvvar: BILLING_TOKEN }\n";
    let look = "  - name: look\n    type: query\n    sql: SELECT name FROM desk.support.queues WHERE id = 'q-1'\n    exports: [name]\n";
    let manifest = place.read("helpdesk/stackql_manifest.yml");
    let manifest = manifest
        .replace("    type: desk.support.queues\n", &format!("    type: desk.support.queues\n{auth}"))
        .replace("    type: desk.support.tickets\n", &format!("    type: desk.support.tickets\n{auth}"))
        .replace("\nexports:", &format!("\n{look}{auth}exports:"));
    place.write("helpdesk/stackql_manifest.yml", &manifest);
    place.run("build helpdesk dev").exits(0);
    place.forget();
    let ran = place.run("plan --detailed-exitcode --out plan.json helpdesk dev").exits(0);
    assert!(ran.out.contains("no changes"), "{ran}");
    place.run("teardown --yes helpdesk dev").exits(0);
    assert!(desk.history().iter().all(|one| one.header("authorization") == format!("Bearer {TOKEN}")));
    assert!(place.files().iter().all(|(_, text)| !text.contains(TOKEN)));
    place.set("BILLING_TOKEN", "");
    let ran = place.run("plan helpdesk dev").exits(1);
    assert!(ran.err.contains("BILLING_TOKEN") && ran.err.contains("SD7006"), "{ran}");
    let ran = place.run("validate helpdesk dev").exits(0);
    assert!(ran.err.contains("warning[SD7006]"), "{ran}");
    assert_eq!(desk.history(), []);
}
