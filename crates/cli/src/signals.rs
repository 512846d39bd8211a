//! Ctrl-C and TERM (plan-ux 12): first, finish what flies; second, cancel and leave; third, leave at once. A terminal
//! that goes away (HUP) counts as TERM. Before anything is changed, the first one ends the command.

use crate::app::App;
use crate::exit::Exit;
use crate::shell::Groups;
use stack_engine::engine::Interrupt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Without a terminal somebody kills us soon after TERM: leave within this time.
const HASTE: Duration = Duration::from_secs(3);

/// Listens while it lives.
#[derive(Debug)]
pub struct Signals {
    sender: Arc<watch::Sender<Interrupt>>,
    last: Arc<AtomicU8>,
    working: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Signals {
    /// Starts to listen.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn listen(app: &App) -> std::io::Result<Self> {
        let mut int = signal(SignalKind::interrupt())?;
        let mut term = signal(SignalKind::terminate())?;
        // `nohup` asks for it to be ignored, and listening would undo that.
        let mut hup = if ignores_hup() { None } else { Some(signal(SignalKind::hangup())?) };
        let sender = Arc::new(watch::Sender::new(Interrupt::None));
        let last = Arc::new(AtomicU8::new(0));
        let working = Arc::new(AtomicBool::new(false));
        let (console, told, exit) = (app.console.clone(), Arc::clone(&sender), Arc::clone(&last));
        let (has_begun, groups) = (Arc::clone(&working), Arc::clone(&app.groups));
        let can_ask = app.settings.can_ask;
        let task = tokio::spawn(async move {
            let mut count = 0;
            // Somebody sits before it, or nobody.
            let mut nobody_there = !can_ask;
            loop {
                let code = tokio::select! {
                    _ = int.recv() => Exit::Interrupted,
                    _ = term.recv() => Exit::Terminated,
                    () = hung_up(&mut hup) => {
                        nobody_there = true;
                        Exit::Terminated
                    }
                    () = tokio::time::sleep(HASTE), if count == 1 && nobody_there && exit.load(Ordering::Relaxed) == Exit::Terminated.code() => Exit::Terminated,
                };
                exit.store(code.code(), Ordering::Relaxed);
                count += 1;
                match count {
                    // Whoever reads or asks hears it, and has the last word.
                    1 if !has_begun.load(Ordering::Relaxed) => {
                        told.send_replace(Interrupt::First);
                    }
                    1 => {
                        console.err("stopping: nothing new is started, what is in flight is finished; once more to cancel it\n");
                        told.send_replace(Interrupt::First);
                    }
                    2 => {
                        console.err(
                            "stopping now: cancelling what can be cancelled; once more to leave at once\n",
                        );
                        told.send_replace(Interrupt::Second);
                    }
                    _ => leave(code, &groups),
                }
            }
        });
        Ok(Self { sender, last, working, task })
    }

    /// Something is being changed from now on: the first signal no longer ends the command.
    pub fn work_has_begun(&self) {
        self.working.store(true, Ordering::Relaxed);
    }

    /// True once something may have been changed.
    pub fn has_begun(&self) -> bool {
        self.working.load(Ordering::Relaxed)
    }

    /// For the engine.
    pub fn interrupts(&self) -> watch::Receiver<Interrupt> {
        self.sender.subscribe()
    }

    /// The code of the last signal, if there was one.
    pub fn exit(&self) -> Option<Exit> {
        match self.last.load(Ordering::Relaxed) {
            130 => Some(Exit::Interrupted),
            143 => Some(Exit::Terminated),
            _ => None,
        }
    }

    /// Waits for the first signal.
    pub async fn first(&self) {
        let mut interrupts = self.interrupts();
        // The sender lives as long as we do.
        let _ = interrupts.wait_for(|interrupt| *interrupt > Interrupt::None).await;
    }
}

/// The terminal went away; never, where nobody listens for it.
async fn hung_up(hup: &mut Option<tokio::signal::unix::Signal>) {
    match hup {
        Some(hup) => drop(hup.recv().await),
        None => std::future::pending().await,
    }
}

/// True if whoever started us wants HUP ignored. Only Linux says so; elsewhere it is listened for.
fn ignores_hup() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| has_hup_ignored(&status))
}

/// Bit 0 of `SigIgn`, a hexadecimal mask (proc_pid_status(5)).
fn has_hup_ignored(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

/// The third time, nobody waits for anything. The journal is flushed before every write call, so nothing is lost; no script
/// outlives us.
#[expect(clippy::exit, reason = "the user asked three times; the journal is already on the disk")]
fn leave(code: Exit, groups: &Groups) -> ! {
    groups.kill();
    std::process::exit(i32::from(code.code()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_hup_is_the_lowest_bit() {
        assert!(has_hup_ignored("Name:\tx\nSigIgn:\t0000000000001001\n"));
        assert!(!has_hup_ignored("Name:\tx\nSigIgn:\t0000000000001000\n"));
        assert!(!has_hup_ignored(""));
    }
}
