//! Developer tasks. `cargo xtask` lists them.

mod bench;
mod budgets;
mod catalog;
mod corpus;
mod crates;
mod failure;
mod licences;
mod metadata;
mod torture;

use failure::Failure;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask TASK

  catalog --wheel FILE | --fetch   build crates/catalog/data/catalog.bin from cfn-lint's wheel
  catalog --check [--wheel FILE]   build it again and compare; a skip line where the wheel cannot be had
  crates                           dependencies between our crates go in the agreed direction
  licences                         every dependency has an allowed licence and comes from crates.io
  budgets                          number of packages, size of the release binary
  bench whole                      the release binary against a sandbox in another process
  bench validate                   the release binary over a generated stack of 200 resources, offline
  bench sql                        statements: binding, a join, reads one by one. Use --release
  torture [--inputs N] [--seed N]  generated query files and statements; --only N for one of them. Use --release
  ci-snapshots                     no snapshot waits for review";

/// Writes one line of result.
#[expect(clippy::print_stdout, reason = "developer tasks talk to a terminal")]
fn say(line: &str) {
    println!("{line}");
}

/// Writes one line about a failure.
#[expect(clippy::print_stderr, reason = "developer tasks talk to a terminal")]
fn complain(line: &str) {
    eprintln!("{line}");
}

/// The top of the repository.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(what)) => {
            complain(&format!("xtask: {what}\n\n{USAGE}"));
            ExitCode::from(2)
        }
        Err(failure) => {
            complain(&format!("xtask: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Failure> {
    let Some((task, rest)) = arguments.split_first() else {
        say(USAGE);
        return Ok(());
    };
    match task.as_str() {
        "catalog" => catalog::run(rest),
        "crates" => crates::run(),
        "licences" => licences::run(),
        "budgets" => budgets::run(),
        "bench" => bench::run(rest),
        "torture" => torture::run(rest),
        "ci-snapshots" => snapshots(),
        "help" | "--help" | "-h" => {
            say(USAGE);
            Ok(())
        }
        other => Err(Failure::Usage(format!("no task `{other}`"))),
    }
}

/// Fails if a snapshot test left a proposal behind.
fn snapshots() -> Result<(), Failure> {
    fn search(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
        for entry in std::fs::read_dir(folder).map_err(|e| Failure::file(folder, e))? {
            let path = entry.map_err(|e| Failure::file(folder, e))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                search(&path, found)?;
            } else if name.ends_with(".snap.new") || name.ends_with(".pending-snap") {
                found.push(path);
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    for folder in ["crates", "tests"] {
        search(&root().join(folder), &mut found)?;
    }
    if found.is_empty() {
        say("snapshots: none waits for review");
        return Ok(());
    }
    found.sort();
    let list: Vec<String> = found.iter().map(|path| format!("  {}", path.display())).collect();
    Err(Failure::Rule(format!("snapshots wait for review:\n{}", list.join("\n"))))
}
