//! Ctrl-C and TERM.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a child that cannot be handled is a failed test"
)]

use crate::common::{Place, small};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

/// A cloud in which a create takes long enough to be interrupted.
const SLOW: &str = r#"{"timing": {"pending_ms": 0, "create_ms": 1500, "retry_after_ms": 0}}"#;

/// Starts a build, sends signals once the first operation has begun, and gives exit code and stderr.
fn interrupted(place: &Place, signals: &[&str]) -> (Option<i32>, String) {
    let mut child = place
        .command("build --sandbox app prod")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut text = String::new();
    while !text.contains(" begin ") && said.read_line(&mut text).unwrap() > 0 {}
    for signal in signals {
        let sent = Command::new("kill").arg(signal).arg(child.id().to_string()).status().unwrap();
        assert!(sent.success());
        while !text.lines().last().unwrap().starts_with("stopping") && said.read_line(&mut text).unwrap() > 0
        {
        }
        text.push_str("--\n");
    }
    said.read_to_string(&mut text).unwrap();
    (child.wait().unwrap().code(), text)
}

#[test]
fn the_first_finishes_what_flies_and_the_next_build_does_the_rest() {
    let place = Place::with(&small());
    place.write("app/.stack-deploy/sandbox/config.json", SLOW);
    let (code, said) = interrupted(&place, &["-INT"]);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("done   domain create"), "{said}");
    assert!(!said.contains("begin  events"), "{said}");
    let ran = place.run("build --sandbox app prod").exits(0);
    assert!(ran.out.contains("Build done: 1 created"), "{ran}");
}

#[test]
fn the_second_leaves_and_nothing_is_doubled_or_lost() {
    let place = Place::with(&small());
    place.write("app/.stack-deploy/sandbox/config.json", SLOW);
    let (code, said) = interrupted(&place, &["-TERM", "-TERM"]);
    assert_eq!(code, Some(143), "{said}");
    assert!(said.contains("1 unknown"), "{said}");
    let _ = place.run("build --sandbox app prod").exits(0);
    let _ = place.run("plan --sandbox --detailed-exitcode app prod").exits(0);
    let ran = place.run("sandbox state app").exits(0);
    assert_eq!(ran.out.matches("\"identifier\"").count(), 2, "{ran}");
}

/// True if this process, and so its children, were started deaf to HUP, as under `nohup`.
fn deaf_to_hup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0");
    u64::from_str_radix(ignored.trim(), 16).is_ok_and(|mask| mask & 1 == 1)
}

#[test]
fn a_signal_while_only_reading_ends_the_command_with_last_words() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 143)] {
        if signal == "-HUP" && deaf_to_hup() {
            continue;
        }
        let place = Place::with(&small());
        let slow = r#"{"faults": [{"when": {"operation": "GetResource"}, "what": {"kind": "throttle"}}]}"#;
        place.write("app/.stack-deploy/sandbox/config.json", slow);
        let child = place.command("build --sandbox app prod").stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1500));
        let sent = Command::new("kill").arg(signal).arg(child.id().to_string()).status().unwrap();
        assert!(sent.success());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{signal}: {said}");
        assert!(said.contains("error[SD5003]: stopped by"), "{said}");
        assert!(said.contains("nothing was changed"), "{said}");
    }
}
