//! What may end a command before it is done: its time limit, and signals. Before the first write the answer to both is
//! the same: everything is dropped, and nothing was changed.

use crate::app::App;
use crate::errors::{Stopped, codes, reason};
use crate::exit::Exit;
use crate::signals::Signals;
use stack_core::diagnostic::Diagnostic;
use stack_engine::Paced;
use stack_engine::engine::Interrupt;
use std::future::Future;
use std::io::BufRead;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until};

/// Watches over one command from its beginning.
#[derive(Debug)]
pub struct Guard {
    /// For commands that write.
    signals: Option<Signals>,
    limit: Option<Duration>,
    /// When the time is over. Moves while somebody is asked: thinking costs nothing.
    ends: Mutex<Option<Instant>>,
}

impl Guard {
    /// For commands that only read: a signal may kill them at any time. `limit`: `--timeout`.
    pub fn reading(limit: Option<Duration>) -> Self {
        Self { signals: None, limit, ends: Mutex::new(limit.map(|limit| Instant::now() + limit)) }
    }

    /// For commands that may write: from now on signals are heard.
    ///
    /// # Errors
    /// The operating system refuses.
    pub fn writing(app: &App, limit: Option<Duration>) -> Result<Self, Stopped> {
        let signals = Signals::listen(app).map_err(|error| {
            let message = format!("signals cannot be received: {}", reason(&error));
            Stopped::new(Exit::Error, Diagnostic::error(codes::BUG, message))
        })?;
        Ok(Self { signals: Some(signals), ..Self::reading(limit) })
    }

    /// Does work that changes nothing. `provider`: whose calls it waits for, where that is known.
    ///
    /// # Errors
    /// Those of the work; 1 if the time is over before; 130 or 143 after a signal.
    pub async fn reads<T>(
        &self,
        provider: Option<&Paced>,
        work: impl Future<Output = Result<T, Stopped>>,
    ) -> Result<T, Stopped> {
        let ends = *self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        tokio::select! {
            biased;
            done = work => done,
            stopped = self.signalled() => Err(stopped),
            () = at(ends) => Err(self.time_over(provider)),
        }
    }

    /// Reads a line from the keyboard. A signal ends the waiting at once; the time limit does not run.
    ///
    /// # Errors
    /// 130 or 143 after a signal.
    pub async fn ask(&self) -> Result<String, Stopped> {
        let began = Instant::now();
        let (answer, answered) = oneshot::channel();
        // A thread of its own: a runtime waits for its blocking tasks, and this one may wait for ever.
        std::thread::spawn(move || {
            let mut line = String::new();
            // An input that cannot be read is no consent. Nobody may be listening any more.
            let read = std::io::stdin().lock().read_line(&mut line);
            let _ = answer.send(if read.is_ok() { line } else { String::new() });
        });
        let line = tokio::select! {
            biased;
            line = answered => line.unwrap_or_default(),
            stopped = self.signalled() => return Err(stopped),
        };
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        *ends = ends.map(|ends| ends + began.elapsed());
        Ok(line)
    }

    /// From now on things are changed: the engine hears of signals, and people what they do.
    ///
    /// # Errors
    /// 1 if the time is over already.
    pub fn begin_writing(&self) -> Result<(Option<Duration>, watch::Receiver<Interrupt>), Stopped> {
        let ends = *self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let left = ends.map(|ends| ends.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Err(self.time_over(None));
        }
        let interrupts = match &self.signals {
            Some(signals) => {
                signals.work_has_begun();
                signals.interrupts()
            }
            None => watch::Sender::new(Interrupt::None).subscribe(),
        };
        Ok((left, interrupts))
    }

    /// The code of the last signal, if there was one.
    pub fn exit(&self) -> Option<Exit> {
        self.signals.as_ref().and_then(Signals::exit)
    }

    /// Resolves when the work has to end: with the first signal, or with the time. Needs no guard to wait for it.
    pub fn ended(&self) -> impl Future<Output = ()> + Send + 'static {
        let ends = *self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let interrupts = self.signals.as_ref().map(Signals::interrupts);
        async move {
            let signalled = async {
                match interrupts {
                    // An error means that nobody listens any more.
                    Some(mut interrupts) => drop(interrupts.wait_for(|one| *one > Interrupt::None).await),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = signalled => {}
                () = at(ends) => {}
            }
        }
    }

    /// Resolves with the first signal.
    async fn signalled(&self) -> Stopped {
        let Some(signals) = &self.signals else { return std::future::pending().await };
        signals.first().await;
        let exit = signals.exit().unwrap_or(Exit::Interrupted);
        let by = if exit == Exit::Terminated { "a signal" } else { "Ctrl-C" };
        let what = if signals.has_begun() { "" } else { ": nothing was changed" };
        Stopped::new(exit, Diagnostic::error(codes::STOPPED, format!("stopped by {by}{what}")))
    }

    fn time_over(&self, provider: Option<&Paced>) -> Stopped {
        let limit = self.limit.map_or(0, |limit| limit.as_secs());
        let message = format!("the time is over (--timeout {limit}s), and not everything is read");
        let mut diagnostic = Diagnostic::error(stack_engine::codes::TIME_IS_OVER, message);
        let throttled = provider.map_or(0, |provider| provider.counts().throttled);
        if throttled > 0 {
            diagnostic = diagnostic.note("service", format!("answered {throttled} calls with \"too many\""));
        }
        if let Some(trouble) = provider.and_then(Paced::trouble) {
            diagnostic = diagnostic.note("service", trouble.to_string());
        }
        let has_begun = self.signals.as_ref().is_some_and(Signals::has_begun);
        let next = if has_begun { "" } else { "; nothing was changed" };
        Stopped::new(Exit::Error, diagnostic.next(format!("give more time with --timeout{next}")))
    }
}

/// The moment, or never.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn reading_ends_with_the_time_and_says_that_nothing_was_changed() {
        let guard = Guard::reading(Some(Duration::from_secs(3)));
        let stopped = guard.reads::<()>(None, std::future::pending()).await.unwrap_err();
        assert_eq!(stopped.exit, Exit::Error);
        assert_eq!(stopped.told[0].code, stack_engine::codes::TIME_IS_OVER);
        assert!(stopped.told[0].message.contains("--timeout 3s"));
        assert!(guard.begin_writing().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_of_the_time_is_for_the_run() {
        let guard = Guard::reading(Some(Duration::from_secs(30)));
        let work = async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            Ok(())
        };
        guard.reads(None, work).await.unwrap();
        assert_eq!(guard.begin_writing().unwrap().0, Some(Duration::from_secs(20)));
        assert_eq!(Guard::reading(None).begin_writing().unwrap().0, None);
    }
}
