//! The release binary as users run it: start-up, and plans of stacks where nothing changed. Client alone; the cloud is
//! `sandbox serve` in another process.

use super::measured::{Measured, spread};
use crate::{Failure, root, say};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Runs of each measurement.
const RUNS: usize = 5;

pub(super) fn run() -> Result<(), Failure> {
    let binary = root().join("target/release/stack-deploy");
    if !binary.exists() {
        return Err(Failure::Rule("build it first: cargo build --release".to_owned()));
    }
    let size = std::fs::metadata(&binary).map_err(|e| Failure::file(&binary, e))?.len();
    say(&format!("binary      {:.1} MB", size as f64 / 1e6));
    let starts = (0..20)
        .map(|_| Measured::of(Command::new(&binary).arg("--version")))
        .collect::<Result<Vec<_>, _>>()?;
    say(&format!("start-up    {}", spread(&starts, |m| m.wall)));

    let folder = std::env::temp_dir().join(format!("stack-deploy-bench-{}", std::process::id()));
    for (count, latency, runs) in [(1_000, 0, RUNS), (1_000, 20, RUNS), (1_000, 200, 2), (10_000, 0, RUNS)] {
        plans(&binary, &folder, count, latency, runs)?;
    }
    std::fs::remove_dir_all(&folder).map_err(|e| Failure::file(&folder, e))
}

/// Plans of `count` unchanged resources with declared identifiers, every answer `latency` milliseconds late.
fn plans(binary: &Path, folder: &Path, count: usize, latency: u64, repeats: usize) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|e| Failure::file(folder, e))?;
    let manifest = folder.join("stackql_manifest.yml");
    std::fs::write(&manifest, stack_of(count)).map_err(|e| Failure::file(&manifest, e))?;
    let config = folder.join("sandbox.json");
    std::fs::write(&config, format!("{{\"timing\": {{\"latency_ms\": {latency}}}}}"))
        .map_err(|e| Failure::file(&config, e))?;
    let server = Server::start(binary, &config)?;
    for index in 0..count {
        server.post("plant", &planted(index))?;
    }
    let mut runs = Vec::new();
    for _ in 0..repeats {
        server.post("clear-history", "{}")?;
        let mut command = Command::new(binary);
        command.args(["plan", "--detailed-exitcode", "--brief"]).arg(folder).arg("dev");
        runs.push(Measured::of(server.client(&mut command))?);
        let history = server.get("history")?;
        let reads = history.matches("\"GetResource\"").count();
        let callers = history.matches("\"GetCallerIdentity\"").count();
        if (reads, callers) != (count, 1) {
            return Err(Failure::Rule(format!(
                "{reads} GetResource and {callers} GetCallerIdentity for {count} resources"
            )));
        }
    }
    say(&format!(
        "plan        {count} unchanged, answers {latency} ms late: {}, cpu {}, peak {:.0} MB; {count} GetResource and one account check",
        spread(&runs, |m| m.wall),
        spread(&runs, |m| m.cpu),
        runs.iter().map(|m| m.peak_kb).max().unwrap_or(0) as f64 / 1e3,
    ));
    if latency > 0 {
        // Ten calls at a time is the default; the account check comes first.
        let bound = Duration::from_millis(latency * (count as u64).div_ceil(10));
        say(&format!("            bound by calls and latency: {:.2} s", bound.as_secs_f64()));
    }
    Ok(())
}

/// A manifest of `count` parameters and log groups.
fn stack_of(count: usize) -> String {
    let mut text = "version: 1\nname: bench\nproviders: [awscc]\nglobals:\n  - { name: region, value: us-east-1 }\nresources:\n".to_owned();
    for index in 0..count {
        let _ = write!(
            text,
            "  - name: r{index}\n    type: awscc.ssm.parameters\n    region: \"{{{{ region }}}}\"\n    props:\n      Name: \"/bench/{{{{ stack_env }}}}/r{index}\"\n      Type: String\n      Value: \"value {index}\"\n      Description: \"Parameter {index} of the bench\"\n"
        );
    }
    text
}

fn planted(index: usize) -> String {
    format!(
        "{{\"type\": \"AWS::SSM::Parameter\", \"region\": \"us-east-1\", \"properties\": {{\"Name\": \"/bench/dev/r{index}\", \
         \"Type\": \"String\", \"Value\": \"value {index}\", \"Description\": \"Parameter {index} of the bench\", \
         \"Tags\": {{\"stackql:stack-name\": \"bench\", \"stackql:stack-env\": \"dev\", \"stackql:resource-name\": \"r{index}\"}}}}}}"
    )
}

/// `sandbox serve` on a free port; stopped when dropped.
struct Server {
    child: Child,
    host: String,
}

impl Server {
    fn start(binary: &Path, config: &Path) -> Result<Self, Failure> {
        let mut child = Command::new(binary)
            .args(["sandbox", "serve", "--port", "0", "--config"])
            .arg(config)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|e| Failure::file(binary, e))?;
        let stdout =
            child.stdout.take().ok_or_else(|| Failure::Rule("the sandbox has no stdout".to_owned()))?;
        let mut lines = BufReader::new(stdout).lines();
        while let Some(Ok(line)) = lines.next() {
            if let Some(at) = line.find("http://") {
                let host: String = line[at + 7..]
                    .chars()
                    .take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':'))
                    .collect();
                // Keep reading, so that the server never blocks on a full pipe.
                std::thread::spawn(move || lines.for_each(drop));
                return Ok(Self { child, host });
            }
        }
        Err(Failure::Rule("the sandbox did not say where it listens".to_owned()))
    }

    fn client<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.host))
            .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "dummy")
            .env("AWS_EC2_METADATA_DISABLED", "true")
    }

    fn get(&self, path: &str) -> Result<String, Failure> {
        self.request("GET", path, "")
    }

    fn post(&self, path: &str, body: &str) -> Result<String, Failure> {
        self.request("POST", path, body)
    }

    fn request(&self, method: &str, path: &str, body: &str) -> Result<String, Failure> {
        let failed =
            |error: std::io::Error| Failure::file(&PathBuf::from(format!("http://{}", self.host)), error);
        let mut stream = TcpStream::connect(&self.host).map_err(failed)?;
        let length = body.len();
        write!(
            stream,
            "{method} /_sandbox/{path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}",
            self.host
        )
        .map_err(failed)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map_err(failed)?;
        if answer.starts_with("HTTP/1.1 200") {
            Ok(answer)
        } else {
            Err(Failure::Rule(format!("{method} {path}: {}", answer.lines().next().unwrap_or_default())))
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing to do about a server that is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
