//! Scripts of manifests: one shell at a time, in a process group of its own, so that it ends with all that it has started.
//! What it writes is read to the end and kept within bounds.

use async_trait::async_trait;
use stack_core::flow::{ShellEnd, Shelled, Written};
use stack_core::value::Value;
use stack_engine::{Shell, Until};
use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long what is stopped may take to tidy up.
const TIDY: Duration = Duration::from_millis(1500);
/// How long the output is read on after the shell has ended: what it wrote last may be on its way.
const LINGER: Duration = Duration::from_millis(500);

/// The system's shell.
pub struct System {
    /// The environment.
    vars: Vec<(String, String)>,
    groups: Arc<Groups>,
}

/// Shows nothing of the environment.
impl std::fmt::Debug for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("System")
    }
}

impl System {
    /// A shell with this environment, whose processes are entered in `groups`.
    pub fn new(vars: Vec<(String, String)>, groups: Arc<Groups>) -> Self {
        Self { vars, groups }
    }

    async fn spawned(&self, text: &str, until: Until) -> Result<Shelled, std::io::Error> {
        let (shell, flag) = SHELL;
        let mut command = Command::new(shell);
        command.arg(flag).arg(text).env_clear().envs(self.vars.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        // Dropped before the child is: as long as nobody has waited for it, its number is nobody else's.
        let mut group = Group::of(&child, &self.groups);
        let (mut stdout, mut stderr) = (Written::default(), Written::default());
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let pipes = async { tokio::join!(drain(out, &mut stdout), drain(err, &mut stderr)) };
        let (end, leaves_some) = {
            tokio::pin!(pipes);
            let over = until.over();
            tokio::pin!(over);
            let mut is_read = false;
            let end = loop {
                tokio::select! {
                    biased;
                    _ = &mut pipes, if !is_read => is_read = true,
                    status = child.wait() => break end_of(status?),
                    end = &mut over => break end,
                }
            };
            if matches!(end, ShellEnd::Stopped | ShellEnd::TimeOver) {
                group.ask_to_end();
                // Its pipes end when all that hold them are gone. Nobody waits for the shell before the group is killed:
                // until then the number of the group cannot be another's.
                let gone = match is_read {
                    true => {
                        tokio::time::sleep(TIDY).await;
                        false
                    }
                    false => timeout(TIDY, &mut pipes).await.is_ok(),
                };
                tracing::debug!(gone, "a script was stopped");
                group.kill();
                child.wait().await?;
                (end, false)
            } else {
                group.let_go();
                (end, !is_read && timeout(LINGER, &mut pipes).await.is_err())
            }
        };
        Ok(Shelled { end, stdout, stderr, leaves_some })
    }
}

#[async_trait]
impl Shell for System {
    async fn run(&self, text: &Value, until: Until) -> Result<Shelled, String> {
        let text = match text.exposed() {
            Some(serde_json::Value::String(text)) => text,
            _ => return Err("its text is not known".to_owned()),
        };
        self.spawned(&text, until).await.map_err(|error| format!("`{}` cannot be run: {error}", SHELL.0))
    }
}

/// The shell, and the option that takes a command.
const SHELL: (&str, &str) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };

fn end_of(status: std::process::ExitStatus) -> ShellEnd {
    status.code().map_or(ShellEnd::Signal, ShellEnd::Code)
}

/// Reads to the end. An output that cannot be read has ended.
async fn drain(from: Option<impl AsyncRead + Unpin>, written: &mut Written) {
    let Some(mut from) = from else { return };
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        written.push(&buffer[..count]);
    }
}

/// The process groups of scripts that run.
#[derive(Debug, Default)]
pub struct Groups(Mutex<BTreeSet<i32>>);

impl Groups {
    /// Kills all of them: the last thing that a process does which leaves at once.
    pub fn kill(&self) {
        for group in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            send(*group, Last::Kill);
        }
    }
}

/// The process group of one script. Dropped, it is killed, unless it was let go.
struct Group {
    id: Option<i32>,
    groups: Arc<Groups>,
}

impl Group {
    fn of(child: &Child, groups: &Arc<Groups>) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        groups.0.lock().unwrap_or_else(PoisonError::into_inner).extend(id);
        Self { id, groups: Arc::clone(groups) }
    }

    fn ask_to_end(&self) {
        if let Some(id) = self.id {
            send(id, Last::Terminate);
        }
    }

    fn kill(&mut self) {
        if let Some(id) = self.id {
            send(id, Last::Kill);
        }
        self.let_go();
    }

    /// The shell has ended by itself: what it leaves is wanted.
    fn let_go(&mut self) {
        if let Some(id) = self.id.take() {
            self.groups.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The signals that end a group.
#[derive(Clone, Copy)]
enum Last {
    Terminate,
    Kill,
}

#[cfg(unix)]
fn send(group: i32, last: Last) {
    use nix::sys::signal::{Signal, killpg};
    let signal = match last {
        Last::Terminate => Signal::SIGTERM,
        Last::Kill => Signal::SIGKILL,
    };
    // A group that is gone needs no signal.
    if let Err(error) = killpg(nix::unistd::Pid::from_raw(group), signal) {
        tracing::debug!(group, %error, "no signal");
    }
}

/// Elsewhere only the shell itself is ended, by whoever drops it.
#[cfg(not(unix))]
fn send(_: i32, _: Last) {}

#[cfg(all(test, unix))]
#[expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a real shell in real time, and what cannot be handled is a failed test"
)]
mod tests {
    use super::*;
    use tokio::sync::watch;

    fn system() -> System {
        let vars = std::env::vars().filter(|(name, _)| name == "PATH").collect();
        System::new(vars, Arc::default())
    }

    async fn run(text: &str, leave_after: Option<Duration>, limit: Option<Duration>) -> Shelled {
        let leaving = watch::Sender::new(false);
        let system = system();
        let text = Value::text(text);
        let run = system.run(&text, Until::new(leaving.subscribe(), limit));
        let leave = async {
            if let Some(after) = leave_after {
                tokio::time::sleep(after).await;
                leaving.send_replace(true);
            }
            std::future::pending::<()>().await;
        };
        let done = tokio::select! { done = run => done.unwrap(), () = leave => unreachable!() };
        assert!(system.groups.0.lock().unwrap().is_empty());
        done
    }

    fn whole(written: &Written) -> String {
        String::from_utf8(written.whole().unwrap()).unwrap()
    }

    /// True if a process is there and not only waits to be waited for.
    fn is_alive(pid: &str) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
    }

    #[tokio::test]
    async fn output_and_exit_code_are_those_of_the_shell() {
        let done = run("echo out; echo err >&2; exit 3", None, None).await;
        assert_eq!(done.end, ShellEnd::Code(3));
        assert_eq!((whole(&done.stdout).as_str(), whole(&done.stderr).as_str()), ("out\n", "err\n"));
        assert!(!done.leaves_some);
        assert_eq!(run("kill -9 $$", None, None).await.end, ShellEnd::Signal);
    }

    #[tokio::test]
    async fn more_output_than_memory_is_no_trouble() {
        let done = run("yes 0123456789 | head -c 20000000; echo end", None, None).await;
        assert_eq!((done.end, done.stdout.whole()), (ShellEnd::Code(0), None));
        assert!(done.stdout.parts().2.ends_with("end\n"));
    }

    #[tokio::test]
    async fn what_stays_in_the_background_is_not_waited_for() {
        let began = std::time::Instant::now();
        let done = run("echo first; sleep 30 & echo $!", None, None).await;
        assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
        assert_eq!((done.end, done.leaves_some), (ShellEnd::Code(0), true));
        let text = whole(&done.stdout);
        let pid = text.strip_prefix("first\n").unwrap();
        assert!(is_alive(pid), "a server that is started is wanted");
        nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(pid.trim().parse().unwrap()),
            nix::sys::signal::Signal::SIGKILL,
        )
        .unwrap();
        let done = run("sleep 5 >/dev/null 2>&1 & echo $!", None, None).await;
        assert!(!done.leaves_some, "it has an output of its own");
    }

    #[tokio::test]
    async fn what_is_stopped_ends_with_all_that_it_has_started() {
        // The inner one does not listen to TERM, and neither does its shell.
        let text = "trap '' TERM; sh -c 'trap \"\" TERM; sleep 60' & echo $!; sleep 60; echo never";
        let done = run(text, Some(Duration::from_millis(500)), None).await;
        assert_eq!(done.end, ShellEnd::Stopped);
        let pid = whole(&done.stdout);
        assert!(!is_alive(&pid), "{pid}");
    }

    #[tokio::test]
    async fn what_is_stopped_may_tidy_up() {
        let text = "trap 'echo tidied; exit 0' TERM; sleep 60 & wait";
        let done = run(text, None, Some(Duration::from_millis(500))).await;
        assert_eq!((done.end, whole(&done.stdout).as_str()), (ShellEnd::TimeOver, "tidied\n"));
    }

    #[tokio::test]
    async fn dropping_it_ends_it_too() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let text = Value::text(format!("sleep 60 & echo $! > {}; wait", file.display()));
        let (leaving, system) = (watch::Sender::new(false), system());
        {
            let run = system.run(&text, Until::new(leaving.subscribe(), None));
            tokio::select! {
                _ = run => unreachable!(),
                () = async { while !file.exists() { tokio::time::sleep(Duration::from_millis(20)).await } } => {}
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!is_alive(&std::fs::read_to_string(&file).unwrap()));
    }
}
