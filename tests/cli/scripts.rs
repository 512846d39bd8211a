//! Scripts of manifests with the real shell: how they end, and what they leave.
#![expect(clippy::disallowed_methods, reason = "a child that cannot be handled is a failed test")]

use crate::common::Place;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn stack(run: &str, more: &str) -> Place {
    let run = run.replace('\'', "''");
    let text = format!(
        "version: 1\nname: app\nproviders: [awscc]\nresources:\n  - {{name: seed, type: script, run: '{run}'{more}}}\n"
    );
    Place::with(&text)
}

/// True if a process is there and not only waits to be waited for.
fn is_alive(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

/// Waits for something that another process does.
fn until(is: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(20) {
        if is() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// What does not listen to TERM, and has a child that does not either.
const DEAF: &str =
    "trap \"\" TERM; (trap \"\" TERM; exec sleep 60) & echo $! > pid; sleep 60; echo on > after";

#[test]
fn a_script_that_is_stopped_ends_with_all_that_it_has_started() {
    // The second signal ends it in an orderly way, the third at once.
    for (signals, words) in [(2, "stopped halfway"), (3, "once more to leave at once")] {
        let place = stack(DEAF, "");
        let mut child = place
            .command("build --sandbox --yes app prod")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        assert!(until(|| fs::read_to_string(place.path("pid")).is_ok_and(|pid| pid.ends_with('\n'))));
        let pid = place.read("pid");
        assert!(is_alive(&pid));
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut text = String::new();
        for number in 0..signals {
            let sent = Command::new("kill").arg("-INT").arg(child.id().to_string()).status().unwrap();
            assert!(sent.success());
            while number < 2
                && text.matches("stopping").count() <= number
                && said.read_line(&mut text).unwrap() > 0
            {}
        }
        said.read_to_string(&mut text).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{text}");
        assert!(text.contains(words), "{text}");
        assert!(until(|| !is_alive(&pid)), "a child of the script is left");
        assert!(!place.path("after").exists());
        if signals == 2 {
            let runs = place.run("runs --sandbox app prod");
            assert!(place.run("explain SD1486").out.contains("stopped halfway"), "{runs}");
        }
    }
}

#[test]
fn a_script_ends_with_its_time() {
    let place = stack("echo begun >&2; sleep 60", ", lifecycle: {timeout: 1s}");
    let ran = place.run("build --sandbox --yes app prod").exits(6);
    assert!(ran.err.contains("SD1486") && ran.err.contains("its time was over"), "{ran}");
    assert!(ran.err.contains("stderr  begun"), "{ran}");
}

#[test]
fn an_endless_output_is_cut_and_secrets_stay_secret() {
    let text = "version: 1
name: app
providers: [awscc]
globals:
  - {name: pw, value: \"{{ PW }}\", sensitive: true}
resources:
  - {name: seed, type: script, run: 'echo first >&2; yes {{ pw }} | head -n 150000 >&2; echo last of it >&2; exit 4'}
";
    let place = Place::with(text);
    let ran = place.run("build --sandbox --yes -e PW=correct-horse-battery app prod").exits(6);
    assert!(ran.err.contains("ended with exit code 4"), "{ran}");
    assert!(ran.err.contains("stderr  first") && ran.err.contains("last of it"), "{ran}");
    assert!(ran.err.contains("KB and more are left out"), "{ran}");
    assert!(!ran.err.contains("horse"), "{ran}");
    assert!(ran.err.len() < 20_000, "{}", ran.err.len());
}

#[test]
fn what_a_script_leaves_in_the_background_is_named_and_not_waited_for() {
    let place = stack("echo \"{\\\"a\\\": 1}\"; sleep 60 & echo $! > pid", ", exports: [a]");
    let began = Instant::now();
    let ran = place.run("build --sandbox --yes app prod").exits(0);
    assert!(began.elapsed() < Duration::from_secs(40));
    assert!(ran.err.contains("SD1487"), "{ran}");
    let pid = place.read("pid");
    assert!(is_alive(&pid), "it is wanted");
    assert!(Command::new("kill").args(["-9", pid.trim()]).status().unwrap().success());
}
