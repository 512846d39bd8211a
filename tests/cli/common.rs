//! A hermetic place to run the binary in: cleared environment, own home, fixed columns, one folder per test.
#![expect(clippy::unwrap_used, reason = "a place that cannot be made is a failed test")]

use regex_lite::Regex;
use std::fmt;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_stack-deploy");

/// A cloud in which nothing takes time.
const QUICK: &str = r#"{"timing": {"pending_ms": 0, "create_ms": 0, "update_ms": 0, "delete_ms": 0, "cancel_ms": 0, "retry_after_ms": 0, "latency_ms": 0},
"confluent": {"timing": {"cluster_ms": 0, "registry_listed_ms": 0, "registry_ms": 0, "connector_ms": 0, "delete_ms": 0, "key_ms": 0, "binding_ms": 0}}}"#;

/// A domain with one tag and an expiry, and an integration that hangs on it.
pub(crate) const SMALL: &str = r#"version: 1
name: customer-360
providers: [awscc]
globals:
  - name: region
    value: us-east-1
resources:
  - name: domain
    type: awscc.customerprofiles.domains
    region: "{{ region }}"
    props:
      DomainName: "{{ stack_name }}-{{ stack_env }}"
      DefaultExpirationDays: 366
      Tags:
        - { Key: owner, Value: data }
  - name: events
    type: awscc.customerprofiles.integrations
    region: "{{ region }}"
    props:
      DomainName: "{{ domain.DomainName }}"
      Uri: s3://acme-events
      ObjectTypeName: order
exports: [domain_name]
"#;

/// [`SMALL`] with a resource export that the stack's exports name.
pub(crate) fn small() -> String {
    SMALL.replace(
        "        - { Key: owner, Value: data }\n",
        "        - { Key: owner, Value: data }\n    exports: [domain_name]\n",
    )
}

/// One test's folder.
pub(crate) struct Place {
    root: tempfile::TempDir,
    stack: String,
    vars: Vec<(String, String)>,
}

/// What a command did.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    /// A folder with a stack `app` of this manifest.
    pub(crate) fn with(manifest: &str) -> Self {
        Self::called("app", manifest)
    }

    /// A folder with a stack in a folder of this name.
    pub(crate) fn called(stack: &str, manifest: &str) -> Self {
        let place = Self { root: tempfile::tempdir().unwrap(), stack: stack.to_owned(), vars: Vec::new() };
        let sandbox = format!("{stack}/.stack-deploy/sandbox");
        fs::create_dir_all(place.root.path().join("home")).unwrap();
        fs::create_dir_all(place.path(&sandbox)).unwrap();
        place.write(&format!("{sandbox}/config.json"), QUICK);
        place.manifest(manifest);
        place
    }

    /// Writes the manifest.
    pub(crate) fn manifest(&self, text: &str) {
        self.write(&format!("{}/stackql_manifest.yml", self.stack), text);
    }

    /// A path in the working folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("work").join(name)
    }

    /// Writes a file in the working folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Reads a file in the working folder.
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Sets a variable for later commands.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.vars.push((name.to_owned(), value.to_owned()));
    }

    /// The command, ready to be started.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(line.split_whitespace());
        self.surround(command)
    }

    /// A line for the shell, ready to be started.
    pub(crate) fn shell(&self, line: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-e", "-c", line]);
        self.surround(command)
    }

    fn surround(&self, mut command: Command) -> Command {
        command
            .env_clear()
            .env("HOME", self.root.path().join("home"))
            .env("LANG", "C.UTF-8")
            .env("COLUMNS", "100")
            .envs(self.vars.iter().map(|(k, v)| (k, v)))
            .current_dir(self.path(""))
            .stdin(Stdio::null());
        command
    }

    /// Runs the binary with the words of `line`.
    #[must_use]
    pub(crate) fn run(&self, line: &str) -> Ran {
        self.ran(self.command(line))
    }

    /// Runs the binary with the words of `line` and one word more, which may have blanks.
    #[must_use]
    pub(crate) fn run_with(&self, line: &str, word: &str) -> Ran {
        let mut command = self.command(line);
        command.arg(word);
        self.ran(command)
    }

    fn ran(&self, mut command: Command) -> Ran {
        let output = command.output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: self.filtered(&String::from_utf8(output.stdout).unwrap()),
            err: self.filtered(&String::from_utf8(output.stderr).unwrap()),
        }
    }

    /// Replaces what differs between runs: times, durations, run names, plan ids, paths.
    fn filtered(&self, text: &str) -> String {
        let root = regex_lite::escape(&self.root.path().to_string_lossy());
        let filters = [
            (root.as_str(), "[ROOT]"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[TIME]"),
            (r"r_\d{8}T\d{6}_[a-z0-9]{4}", "[RUN]"),
            (r"pl_[0-9a-z]{26}", "[PLAN]"),
            (r"in \d+\.\d s", "in [N] s"),
            (r"\b\d+\.\ds\b", "[N]s"),
            (r"\b\d+\.\d\ds +\|", "[N]s |"),
            (r"request [0-9a-f-]{36}", "request [TOKEN]"),
            (r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]"),
        ];
        filters.iter().fold(text.to_owned(), |text, (pattern, with)| {
            Regex::new(pattern).unwrap().replace_all(&text, *with).into_owned()
        })
    }

    /// Every file of the working folder with its text, but not what the sandbox holds: it plays the cloud.
    pub(crate) fn files(&self) -> Vec<(PathBuf, String)> {
        let mut found = Vec::new();
        let mut folders = vec![self.path("")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.ends_with("sandbox") {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                    found.push((path, text));
                }
            }
        }
        found
    }

    /// Removes what the program keeps, apart from the sandbox.
    pub(crate) fn forget(&self) {
        let kept = self.path(&self.stack).join(".stack-deploy");
        for entry in fs::read_dir(&kept).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.ends_with("sandbox") {
                continue;
            }
            if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
        }
    }
}

impl Ran {
    /// Asserts the exit code, with everything that was said.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }
}

impl fmt::Display for Ran {
    /// With an end mark, so that blanks at the end show.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {}\n-- stdout\n{}-- stderr\n{}-- end", self.code, self.out, self.err)
    }
}

/// A `sandbox serve` in another process; stopped when dropped.
pub(crate) struct Served {
    child: Child,
    address: String,
}

impl Served {
    /// Starts one, and points later commands of the place at it.
    pub(crate) fn start(place: &mut Place) -> Self {
        Self::behaving(place, QUICK)
    }

    /// Starts one with a behaviour of its own (JSON).
    pub(crate) fn behaving(place: &mut Place, config: &str) -> Self {
        place.write("cloud.json", config);
        let mut child = place
            .command("sandbox serve --config cloud.json --port 0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        lines.next().unwrap().unwrap();
        let mut last = String::new();
        while last != "FLINK_API_SECRET" {
            let line = lines.next().unwrap().unwrap();
            let (name, value) = line.strip_prefix("export ").unwrap().split_once('=').unwrap();
            place.set(name, value);
            name.clone_into(&mut last);
        }
        let address = place.vars.iter().rev().find(|(name, _)| name == "AWS_ENDPOINT_URL").unwrap().1.clone();
        Self { child, address: address.trim_start_matches("http://").to_owned() }
    }

    /// A call to the sandbox itself, beside any cloud.
    pub(crate) fn ask(&self, method: &str, command: &str, body: &str) -> serde_json::Value {
        self.sent(method, &format!("/_sandbox/{command}"), "", body)
    }

    /// A POST to a service's own API, with a signature that nobody checks.
    pub(crate) fn signed(&self, service: &str, path: &str, body: &str) -> serde_json::Value {
        let scope = format!("AKIDEXAMPLE/20261121/us-east-1/{service}/aws4_request");
        let headers = format!(
            "content-type: application/json\r\nx-amz-date: 20261121T100000Z\r\n\
             authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={}\r\n",
            "0".repeat(64)
        );
        self.sent("POST", path, &headers, body)
    }

    fn sent(&self, method: &str, path: &str, headers: &str, body: &str) -> serde_json::Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {}\r\n{headers}connection: close\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        serde_json::from_str(body).unwrap()
    }

    /// Where it is.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Names of the calls since the last question.
    pub(crate) fn calls(&self) -> Vec<String> {
        let history = self.ask("GET", "history", "");
        self.ask("POST", "clear-history", "");
        history
            .as_array()
            .unwrap()
            .iter()
            .map(|call| call["operation"].as_str().unwrap_or("?").to_owned())
            .collect()
    }

    /// Resources that the cloud holds.
    pub(crate) fn held(&self) -> usize {
        self.ask("GET", "state", "")["resources"].as_array().unwrap().len()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// True for the operations that write.
pub(crate) fn is_write(operation: &str) -> bool {
    ["CreateResource", "UpdateResource", "DeleteResource"].contains(&operation)
}

/// The example's manifest.
pub(crate) fn example() -> String {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/customer-profiles/stackql_manifest.yml");
    fs::read_to_string(path).unwrap()
}
