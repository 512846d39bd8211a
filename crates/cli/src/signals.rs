//! Ctrl-C and TERM (plan-ux 12): first, finish what flies; second, cancel and leave; third, leave at once.

use crate::exit::Exit;
use crate::render::Console;
use stack_engine::engine::Interrupt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
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
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Signals {
    /// Starts to listen. `can_ask`: somebody sits before it.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn listen(console: &Console, can_ask: bool) -> std::io::Result<Self> {
        let mut int = signal(SignalKind::interrupt())?;
        let mut term = signal(SignalKind::terminate())?;
        let sender = Arc::new(watch::Sender::new(Interrupt::None));
        let last = Arc::new(AtomicU8::new(0));
        let (console, told, exit) = (console.clone(), Arc::clone(&sender), Arc::clone(&last));
        let task = tokio::spawn(async move {
            let mut count = 0;
            loop {
                let code = tokio::select! {
                    _ = int.recv() => Exit::Interrupted,
                    _ = term.recv() => Exit::Terminated,
                    () = tokio::time::sleep(HASTE), if count == 1 && !can_ask && exit.load(Ordering::Relaxed) == Exit::Terminated.code() => Exit::Terminated,
                };
                exit.store(code.code(), Ordering::Relaxed);
                count += 1;
                match count {
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
                    _ => leave(code),
                }
            }
        });
        Ok(Self { sender, last, task })
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

/// The third time, nobody waits for anything. The journal is flushed before every write call, so nothing is lost.
#[expect(clippy::exit, reason = "the user asked three times; the journal is already on the disk")]
fn leave(code: Exit) -> ! {
    std::process::exit(i32::from(code.code()))
}
