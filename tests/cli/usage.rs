//! Arguments, help, notices, completions.

use crate::common::{Place, small};
use insta::assert_snapshot;

#[test]
fn help_is_short() {
    let place = Place::with(&small());
    assert_snapshot!(place.run("--help"), @r#"
    exit 0
    -- stdout
    Deploy cloud resources from manifests: an honest plan from the live cloud, no state file.

    Usage: stack-deploy [OPTIONS] <COMMAND>

    Commands:
      init         Make a folder with a first stack, ready for the sandbox
      plan         Show what build would do: reads only
      build        Make the cloud match the manifest
      teardown     Delete what the manifest names
      test         Check that everything is there and as declared
      drift        Compare the live cloud with the manifest, property by property
      orphans      List live resources with the stack's tags that left the manifest
      adopt        Take over a live resource: write it into the manifest and mark it as the stack's
      validate     Check a manifest offline
      outputs      Print the stack's exports, read live
      query        Ask live resources with SQL: reads, unless writes are allowed
      shell        Ask live resources with SQL, one statement after the other
      explain      Say what a message means, or why a resource is planned as it is
      schema       Print the reference of a resource type, or the schema of manifests and plans
      permissions  Print the IAM actions of a type, or of a stack as a policy
      info         Look at everything that a run depends on, and say what is wrong
      show         Render a saved plan again
      sandbox      A built-in cloud to try things with
      completions  Print a completion script for a shell

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Output:
          --color <WHEN>       Colour: auto, always or never
          --progress <HOW>     Progress: auto, tty, plain, json or quiet
          --log-level <LEVEL>  Developer log: trace, debug, info, warn or error
          --ascii              ASCII symbols only
          --width <N>          Columns to use [default: the terminal's, else 100]

    Values:
          --definitions <DIR>  Folder with definitions of REST services (repeatable), beside
                               STACK_DIR/definitions

    Try it without an account:
      stack-deploy build --sandbox examples/customer-profiles dev

    Exit codes: 0 done, 1 error, 2 changes (--detailed-exitcode), 3 blocked, 4 stale plan, 5 busy,
    6 changed but not as planned, 64 wrong usage.
    -- stderr
    -- end
    "#);
}

#[test]
fn build_help_groups_its_flags() {
    let place = Place::with(&small());
    assert_snapshot!(place.run("build --help").exits(0).out, @r#"
    Make the cloud match the manifest

    Usage: stack-deploy build [OPTIONS] <STACK_DIR> <ENV>

    Arguments:
      <STACK_DIR>  Folder that holds stackql_manifest.yml
      <ENV>        Environment, such as dev or prod

    Options:
          --plan <FILE>               Run exactly this saved plan, or stop
          --on-failure <WHAT>         After a failure: error, rollback or ignore [default: error]
          --resend <ADDRESS[#/Path]>  Send write-only values again (repeatable)
          --output-file <FILE>        Write the stack's exports as JSON
          --export-protected          Write protected and sensitive exports too, in clear, for the owner
                                      of the files only
          --prune                     Delete live resources with the stack's tags that left the manifest
          --dry-run                   Print the requests that would be sent, offline
      -h, --help                      Print help

    Output:
          --color <WHEN>       Colour: auto, always or never
          --progress <HOW>     Progress: auto, tty, plain, json or quiet
          --log-level <LEVEL>  Developer log: trace, debug, info, warn or error
          --ascii              ASCII symbols only
          --width <N>          Columns to use [default: the terminal's, else 100]
          --show-queries       Print each request before it is sent (stderr)
          --full               Every value, nothing folded
          --brief              Headers and summary only
          --show-unchanged     List resources that do not change
          --show-unmanaged     List live properties that the manifest does not mention
          --show-equivalences  List differences in form that mean nothing

    Consent:
      -y, --yes                        Agree to the plan, its deletes and replacements included
          --allow-replace <ADDRESS>    Agree that a conditional replacement becomes real (repeatable)
          --allow-data-loss <ADDRESS>  Agree to replace or delete a data store that holds data
                                       (repeatable)

    Values:
          --definitions <DIR>    Folder with definitions of REST services (repeatable), beside
                                 STACK_DIR/definitions
      -e, --env <KEY=VALUE>      Value for templates (repeatable)
          --env-file <FILE>      File with KEY=VALUE lines [default: .env, if there]
          --allow-outside-files  Let file(…) and query files lie outside STACK_DIR

    Selection:
          --target <ADDRESS>   Only these and what they depend on (repeatable, `*` matches any text)
          --exclude <ADDRESS>  Not these, nor what depends on them (repeatable)

    Cloud:
          --sandbox                  Use the built-in cloud, kept in STACK_DIR/.stack-deploy/sandbox
          --region <REGION>          AWS region of resources that name none
          --profile <NAME>           AWS profile
          --allow-http <HOST>        Host that may be spoken to in plain HTTP (repeatable; loopback
                                     always may)
          --parallelism <N>          Calls and operations at a time [default: 10 calls, as many
                                     operations as the graph lets fly]
          --rate <reads=N,writes=N>  Calls per second, 0 for no limit [default: reads=20,writes=4; none
                                     for loopback]
          --timeout <TIME>           Give up after this long, such as 90s, 30m or 2h
    "#);
}

#[test]
fn wrong_usage_exits_with_64_and_never_with_2() {
    let place = Place::with(&small());
    for line in [
        "",
        "bulid app prod",
        "plan",
        "plan app",
        "plan --nope app prod",
        "plan --rate fast app prod",
        "plan --timeout 0s app prod",
        "build --plan p.json --dry-run app prod",
        "build -e =NONAME app prod --sandbox",
    ] {
        let ran = place.run(line).exits(64);
        assert_eq!(ran.out, "", "{line}");
        assert!(!ran.err.is_empty(), "{line}");
    }
}

#[test]
fn a_value_without_a_name_is_not_repeated() {
    let place = Place::with(&small());
    let ran = place.run("plan -e =hunter2-planted app prod --sandbox").exits(64);
    assert!(!ran.err.contains("hunter2"), "{ran}");
    let ran = place.run("validate -e a=b -e hunter2-planted app").exits(0);
    assert_snapshot!(ran.err, @r#"
    warning[SD1112]: -e number 2 has no `=`, so it is not used
     = next  write -e NAME=VALUE
    "#);
}

/// What the engine's address and the registry are answered with.
const NO_SERVER: &str = "--server and --port are ignored: the engine is built in, no server is needed";
const NO_REGISTRY: &str = "--custom-registry is ignored: providers are built in";
const NO_DOWNLOAD: &str = "--download-dir is ignored: nothing is downloaded";

#[test]
fn every_flag_of_the_predecessor_is_accepted_by_the_commands_that_had_it() {
    let place = Place::with(&small());
    place.write("values.env", "X=1\n");
    // Of stackql-compat 3, with what is said of a flag that has nothing to do here.
    let of_stacks: &[(&str, &str)] = &[
        ("--server localhost", NO_SERVER),
        ("--host localhost", NO_SERVER),
        ("-H localhost", NO_SERVER),
        ("--port 5444", NO_SERVER),
        ("-p 5444", NO_SERVER),
        ("--custom-registry http://x", NO_REGISTRY),
        ("--download-dir d", NO_DOWNLOAD),
        ("--log-level trace", ""),
        ("--log-level DEBUG", ""),
        ("--log-level INFO", ""),
        ("--log-level warn", ""),
        ("--log-level WARNING", ""),
        ("--log-level Error", ""),
        ("--log-level CRITICAL", ""),
        ("--env-file values.env", ""),
        ("--env-file nowhere.env", "nowhere.env is not there"),
        ("-e A=b", ""),
        ("-e A=b -e A=c=d", ""),
        ("-eA=b", ""),
        ("--env A=", ""),
        ("-e A", "-e number 1 has no `=`"),
        ("--on-failure rollback", ""),
        ("--on-failure ignore", ""),
        ("--on-failure error", ""),
        ("--show-queries", ""),
    ];
    for command in ["build", "test", "teardown", "plan"] {
        for (flag, said) in of_stacks {
            for line in [
                format!("{command} app prod --dry-run {flag}"),
                // Flags stand anywhere after the command.
                format!("{command} {flag} --dry-run app prod"),
            ] {
                let ran = place.run(&line).exits(0);
                assert!(ran.err.contains(said), "{line}\n{ran}");
                assert!(
                    !said.is_empty() || ran.err.is_empty() || line.contains("--log-level"),
                    "{line}\n{ran}"
                );
            }
        }
    }
    for command in ["build", "test"] {
        place.run(&format!("{command} app prod --dry-run --output-file out/x.json")).exits(0);
    }
    // What addresses the engine stands before the command too.
    for line in [
        "--server localhost --port 5444 build app prod --dry-run",
        "-H localhost -p 5444 --log-level info teardown app prod --dry-run",
    ] {
        assert!(place.run(line).exits(0).err.contains(NO_SERVER), "{line}");
    }
}

#[test]
fn commands_of_the_predecessor_leave_a_notice() {
    let place = Place::with(&small());
    for (line, said) in [
        ("upgrade", "nothing to upgrade"),
        ("start-server", "nothing to start"),
        ("start-server -r x -m {} -a {} -l DEBUG", "nothing to start"),
        (
            "start-server --registry x --mtls-config {} --custom-auth-config {} --log-level FATAL",
            "nothing to start",
        ),
        ("start-server --port 5445 --host localhost", "nothing to start"),
        ("stop-server", "nothing to stop"),
        ("stop-server -p 5445 -H localhost", "nothing to stop"),
    ] {
        let ran = place.run(line).exits(0);
        assert!(ran.err.contains(said), "{ran}");
        assert_eq!(ran.out, "");
    }
    for line in ["shell --server localhost -p 5444 --sandbox", "info -H localhost -p 5444 --sandbox app"] {
        let ran = place.run(line);
        assert!(ran.code != 64 && ran.err.contains(NO_SERVER), "{ran}");
    }
    let ran = place.run("--version").exits(0);
    assert!(ran.out.starts_with("stack-deploy "), "{ran}");
}

#[test]
fn completions_are_printed_for_every_shell() {
    let mut place = Place::with(&small());
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        for command in ["completions", "completion"] {
            let ran = place.run(&format!("{command} {shell}")).exits(0);
            assert!(ran.out.contains("teardown"), "{shell}");
        }
    }
    place.run("completions").exits(64);
    place.set("SHELL", "/usr/bin/fish");
    let ran = place.run("completion --install").exits(0);
    assert!(ran.out.contains("complete -c stack-deploy"), "{ran}");
}

#[test]
fn a_folder_without_a_manifest_is_named() {
    let place = Place::with(&small());
    let ran = place.run("plan nowhere prod").exits(1);
    assert_snapshot!(ran.err, @r#"
    error[SD1023]: there is no stackql_manifest.yml in nowhere
     = next  give the folder that holds it: stack-deploy COMMAND STACK_DIR ENV
    "#);
}

#[test]
fn every_command_has_its_line_in_the_reference() {
    let place = Place::with(&small());
    let help = place.run("--help").exits(0).out;
    let commands = help.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    let reference = include_str!("../../docs/reference/commands.md");
    let readme = include_str!("../../README.md");
    for line in commands.lines() {
        let name = line.split_whitespace().next().unwrap();
        assert!(reference.contains(&format!("| `{name} ")), "{name} in docs/reference/commands.md");
        assert!(readme.contains(&format!("stack-deploy {name} ")), "{name} in README.md");
    }
}
