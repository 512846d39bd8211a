//! The relational work of a statement whose reads are done, on a thread that nobody has to wait for.
//!
//! SQLite looks whether it is to stop between its steps. One step can be as long as it likes: `instr` of two long texts
//! compares them byte by byte. So whoever waits for a statement must be able to go.

use crate::bind::Bound;
use crate::codes;
use crate::error::SqlError;
use crate::sqlite::{Engine, Stop};
use crate::table::Table;
use crate::troubles::Place;
use crate::words::Words;
use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

/// How long a beginning waits for the end: hardly a statement takes longer, and what is done at once needs no waking.
const AT_ONCE: Duration = Duration::from_millis(100);
/// How long a statement whose time is over may take to notice it.
const GRACE: Duration = Duration::from_secs(1);

/// A statement and the tables that it needs.
#[derive(Debug)]
pub struct Computation {
    pub(crate) engine: Engine,
    pub(crate) bound: Bound,
    pub(crate) words: Words,
    /// Where the statement begins in its text.
    pub(crate) offset: usize,
}

impl Computation {
    /// Runs it here.
    ///
    /// # Errors
    /// It cannot be run.
    pub fn run(mut self) -> Result<Table, SqlError> {
        let place = Place { bound: &self.bound, words: &self.words };
        self.engine.run(&self.bound.text.text).map_err(|trouble| place.error(trouble).shifted(self.offset))
    }

    /// Runs it on threads of its own. Whoever drops what is given stops it.
    pub fn begin(self) -> Computing {
        let (stop, time) = (self.engine.stop(), self.engine.time());
        let shared = Arc::new((Mutex::new(Shared::default()), Condvar::new()));
        let told = Arc::clone(&shared);
        // The one works, the other waits with a clock.
        let begun = thread::Builder::new().spawn(move || {
            let (done, waits) = mpsc::channel();
            let work = thread::Builder::new().spawn(move || drop(done.send(self.run())));
            let end = match work {
                Err(why) => Ok(Err(no_thread(&why))),
                Ok(work) => match waits.recv_timeout(time + GRACE) {
                    Ok(result) => Ok(result),
                    Err(RecvTimeoutError::Timeout) => Ok(Err(late(time))),
                    Err(RecvTimeoutError::Disconnected) => match work.join() {
                        Err(panic) => Err(panic),
                        Ok(()) => Ok(Err(SqlError::new(codes::FAILED, "the statement gave no result"))),
                    },
                },
            };
            settle(&told, end);
        });
        if let Err(why) = begun {
            settle(&shared, Ok(Err(no_thread(&why))));
        }
        let (state, ended) = &*shared;
        let running = |shared: &mut Shared| shared.end.is_none();
        let held = state.lock().unwrap_or_else(PoisonError::into_inner);
        drop(ended.wait_timeout_while(held, AT_ONCE, running).unwrap_or_else(PoisonError::into_inner));
        Computing { stop, shared }
    }
}

fn no_thread(why: &std::io::Error) -> SqlError {
    SqlError::new(codes::TOO_BIG, "there is no memory to run the statement in").note("why", why.to_string())
}

fn late(time: Duration) -> SqlError {
    SqlError::new(codes::LIMIT, "the statement ran into a limit")
        .note("why", format!("it ran for more than {} s", time.as_secs()))
}

fn settle((shared, ended): &(Mutex<Shared>, Condvar), end: End) {
    let waker = {
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.end = Some(end);
        shared.waker.take()
    };
    ended.notify_all();
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// The result, or a panic.
type End = Result<Result<Table, SqlError>, Box<dyn Any + Send>>;

#[derive(Default)]
struct Shared {
    end: Option<End>,
    waker: Option<Waker>,
}

/// A computation on its way; dropped, it is stopped.
pub struct Computing {
    stop: Stop,
    shared: Arc<(Mutex<Shared>, Condvar)>,
}

impl std::fmt::Debug for Computing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Computing").finish_non_exhaustive()
    }
}

impl Drop for Computing {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

impl Future for Computing {
    type Output = Result<Table, SqlError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut shared = self.shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        match shared.end.take() {
            Some(Ok(result)) => Poll::Ready(result),
            // The panic goes on where it would have been without the thread.
            Some(Err(panic)) => {
                drop(shared);
                std::panic::resume_unwind(panic)
            }
            None => {
                shared.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Defaults, Limits, Query, Tables, parse};
    use stack_catalog::Catalog;

    /// Waits on this thread.
    struct Unpark(thread::Thread);

    impl std::task::Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    fn wait(mut computing: Computing) -> Result<Table, SqlError> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        loop {
            match Pin::new(&mut computing).poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(result) => return result,
                Poll::Pending => thread::park(),
            }
        }
    }

    fn begun(text: &str, limits: Limits) -> Computing {
        let parsed = parse(text).unwrap();
        let tables = Tables::new(Catalog::embedded());
        let query = Query::prepare(&parsed[0], &tables, &Defaults::default(), limits).unwrap();
        query.computation().unwrap().begin()
    }

    #[test]
    fn the_result_is_that_of_the_statement() {
        let table = wait(begun("SELECT 1 AS a", Limits::default())).unwrap();
        assert_eq!(table.columns, ["a"]);
        let error = wait(begun("SELECT json('x')", Limits::default())).unwrap_err();
        assert_eq!(error.code, codes::FAILED);
    }

    #[test]
    fn one_endless_step_is_not_waited_for() {
        // Each of a million places is compared over half a million bytes: SQLite looks at no clock meanwhile.
        let text = "SELECT instr(hex(zeroblob(1000000)), hex(zeroblob(500000)) || '1')";
        let limits = Limits { time: Duration::from_millis(100), ..Limits::default() };
        let error = wait(begun(text, limits)).unwrap_err();
        assert_eq!(error.code, codes::LIMIT, "{error:?}");
    }
}
