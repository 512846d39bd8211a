//! Time and memory of other processes.

use crate::Failure;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// One run of a process.
pub(super) struct Measured {
    pub(super) wall: Duration,
    pub(super) cpu: Duration,
    pub(super) peak_kb: u64,
}

impl Measured {
    /// Runs a command that has to succeed. Memory and processor time are read from `/proc` while it runs, so the last
    /// few milliseconds are missing.
    #[expect(clippy::disallowed_methods, reason = "real time of a real process")]
    pub(super) fn of(command: &mut Command) -> Result<Self, Failure> {
        let began = Instant::now();
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| Failure::Rule(format!("cannot start: {e}")))?;
        let (mut peak_kb, mut cpu) = (0, Duration::ZERO);
        let status = loop {
            if let Ok(text) = std::fs::read_to_string(format!("/proc/{}/status", child.id())) {
                let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
                let kb = line.and_then(|l| l.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0);
                peak_kb = peak_kb.max(kb);
            }
            if let Ok(text) = std::fs::read_to_string(format!("/proc/{}/stat", child.id())) {
                // Fields 14 and 15 after the command name, in ticks of 10 ms.
                let fields: Vec<&str> = text.rsplit(')').next().unwrap_or("").split_whitespace().collect();
                let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<u64>().ok()).unwrap_or(0);
                cpu = cpu.max(Duration::from_millis(10 * (ticks(11) + ticks(12))));
            }
            match child.try_wait().map_err(|e| Failure::Rule(format!("cannot wait: {e}")))? {
                Some(status) => break status,
                None => std::thread::sleep(Duration::from_micros(500)),
            }
        };
        let wall = began.elapsed();
        if !status.success() {
            let mut said = String::new();
            if let Some(mut stderr) = child.stderr.take() {
                let _ = stderr.read_to_string(&mut said);
            }
            return Err(Failure::Rule(format!("a measured command ended with {status}: {said}")));
        }
        Ok(Self { wall, cpu, peak_kb })
    }
}

/// `median (min to max)` in milliseconds.
pub(super) fn spread(runs: &[Measured], figure: impl Fn(&Measured) -> Duration) -> String {
    let mut all: Vec<Duration> = runs.iter().map(figure).collect();
    all.sort_unstable();
    let ms = |d: &Duration| format!("{:.1}", d.as_secs_f64() * 1e3);
    match (all.first(), all.get(all.len() / 2), all.last()) {
        (Some(least), Some(median), Some(most)) => {
            format!("{} ms ({} to {})", ms(median), ms(least), ms(most))
        }
        _ => "-".to_owned(),
    }
}
