//! `cargo xtask torture`: generated inputs that must not make the readers of query files and statements panic, overflow
//! the stack or think for long.
//!
//! The inputs are borne in a process of its own, which writes the number of the input that it is at into a file: whatever
//! ends the process, the input is known.

mod generate;
mod grammar;
mod random;
mod subject;
mod words;

use crate::{Failure, say};
use generate::input;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use subject::{Reached, bear};

/// Inputs, where the command does not say.
const INPUTS: u64 = 1_000_000;
/// How long one input may take in a release build. A large one has 100,000 bytes.
const PATIENCE: Duration = Duration::from_secs(2);

/// An input that takes so long has no end: its process is ended.
const ENDLESS: Duration = Duration::from_secs(60);

/// `--inputs N`, `--seed N`, `--only N`.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    inputs: Option<u64>,
    seed: Option<u64>,
    only: Option<u64>,
}

impl Options {
    fn of(arguments: &[String]) -> Result<(Self, Option<PathBuf>), Failure> {
        let mut options = Self::default();
        let mut progress = None;
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            let value = rest.next().ok_or_else(|| Failure::Usage(format!("`{name}` needs a value")))?;
            let number = || value.parse().map_err(|_| Failure::Usage(format!("`{value}` is no number")));
            match name.as_str() {
                "--inputs" => options.inputs = Some(number()?),
                "--seed" => options.seed = Some(number()?),
                "--only" => options.only = Some(number()?),
                "--progress" => progress = Some(PathBuf::from(value)),
                _ => return Err(Failure::Usage(format!("torture has no option `{name}`"))),
            }
        }
        Ok((options, progress))
    }
}

/// Runs the task.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let (options, progress) = Options::of(arguments)?;
    let seed = options.seed.unwrap_or(1);
    if let Some(number) = options.only {
        let (subject, text) = input(seed, number);
        say(&format!("{subject:?}, {} bytes:\n{text}", text.len()));
        let began = now();
        bear(subject, &text, &mut Reached::default()).map_err(Failure::Rule)?;
        say(&format!("borne in {:.1} ms", began.elapsed().as_secs_f64() * 1e3));
        return Ok(());
    }
    let inputs = options.inputs.unwrap_or(INPUTS);
    match progress {
        Some(file) => bear_all(seed, inputs, &file),
        None => watch(seed, inputs),
    }
}

#[expect(clippy::disallowed_methods, reason = "real time of real work")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "another process is awaited")]
fn pause() {
    std::thread::sleep(Duration::from_millis(200));
}

/// Bears the inputs here.
fn bear_all(seed: u64, inputs: u64, file: &Path) -> Result<(), Failure> {
    // A panic is told once, with its input.
    std::panic::set_hook(Box::new(|_| {}));
    let progress = std::fs::File::create(file).map_err(|e| Failure::file(file, e))?;
    let mut reached = Reached::default();
    let mut slowest = (Duration::ZERO, 0);
    let began = now();
    for number in 0..inputs {
        progress.write_all_at(&number.to_le_bytes(), 0).map_err(|e| Failure::file(file, e))?;
        let (subject, text) = input(seed, number);
        let started = now();
        bear(subject, &text, &mut reached).map_err(|why| failed(seed, number, &why))?;
        slowest = slowest.max((started.elapsed(), number));
        if slowest.0 > PATIENCE {
            return Err(failed(seed, number, &format!("it took {:.1} s", slowest.0.as_secs_f64())));
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    say(&format!(
        "torture: {inputs} inputs of seed {seed} borne in {seconds:.0} s, {:.0} each second; {} statements parsed, {} bound, {} anchors; the slowest was number {} with {:.1} ms",
        inputs as f64 / seconds.max(1e-9),
        reached.parsed,
        reached.bound,
        reached.anchors,
        slowest.1,
        slowest.0.as_secs_f64() * 1e3,
    ));
    Ok(())
}

/// Runs the other process, and tells where it ended.
fn watch(seed: u64, inputs: u64) -> Result<(), Failure> {
    let own = std::env::current_exe().map_err(|e| Failure::Rule(format!("this program is nowhere: {e}")))?;
    let file = std::env::temp_dir().join(format!("stack-deploy-torture-{}", std::process::id()));
    let mut command = Command::new(own);
    command.args(["torture", "--seed", &seed.to_string(), "--inputs", &inputs.to_string(), "--progress"]);
    let mut child = command.arg(&file).spawn().map_err(|e| Failure::Rule(format!("cannot start: {e}")))?;
    let at = || std::fs::read(&file).ok().and_then(|bytes| Some(u64::from_le_bytes(bytes.try_into().ok()?)));
    let mut last = (None, now());
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|e| Failure::Rule(format!("cannot wait: {e}")))? {
            break status;
        }
        let number = at();
        if number != last.0 {
            last = (number, now());
        } else if last.1.elapsed() > ENDLESS {
            child.kill().map_err(|e| Failure::Rule(format!("cannot be ended: {e}")))?;
        }
        pause();
    };
    let at = at();
    if file.exists() {
        std::fs::remove_file(&file).map_err(|e| Failure::file(&file, e))?;
    }
    match (status.code(), at) {
        (Some(0), _) => Ok(()),
        // It has told what went wrong.
        (Some(_), _) => Err(Failure::Rule("torture was not borne".to_owned())),
        (None, Some(number)) => Err(failed(seed, number, &format!("the process ended with {status}"))),
        (None, None) => Err(Failure::Rule(format!("the process ended with {status}"))),
    }
}

fn failed(seed: u64, number: u64, why: &str) -> Failure {
    let (subject, text) = input(seed, number);
    Failure::Rule(format!(
        "torture: seed {seed}, input {number} ({subject:?}): {why}\n{text}\n\nagain: cargo xtask torture --seed {seed} --only {number}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_inputs_are_borne() {
        let mut reached = Reached::default();
        for number in 0..500 {
            let (subject, text) = input(0, number);
            if let Err(why) = bear(subject, &text, &mut reached) {
                panic!("{}", failed(0, number, &why));
            }
        }
        assert!(reached.parsed > 100 && reached.bound > 30 && reached.anchors > 50, "{reached:?}");
    }
}
