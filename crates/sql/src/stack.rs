//! Work that calls itself runs on a stack of known size, so that no statement can exhaust the caller's.

use crate::codes;
use crate::error::SqlError;
use std::thread;

/// Enough for the deepest statement that the limits let through, in a debug build too. Only what is touched is taken.
const STACK: usize = 64 << 20;

/// Runs a function on a stack of its own.
///
/// # Errors
/// What the function gives, or that there is no room for another thread.
pub(crate) fn with_room<T: Send>(work: impl FnOnce() -> Result<T, SqlError> + Send) -> Result<T, SqlError> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let thread = thread.map_err(|why| {
            SqlError::new(codes::TOO_BIG, "there is no memory to read the statement in")
                .note("why", why.to_string())
        })?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
