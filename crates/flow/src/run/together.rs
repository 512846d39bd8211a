//! Several futures at once, without a runtime: what is borrowed may be asked too.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// What is left of one of them.
enum Part<F: Future> {
    Running(Pin<Box<F>>),
    Done(Option<F::Output>),
}

/// Waits for all; results are in the order of the futures.
pub(super) async fn together<F: Future>(futures: Vec<F>) -> Vec<F::Output>
where
    F::Output: Unpin,
{
    let mut parts: Vec<Part<F>> = futures.into_iter().map(|one| Part::Running(Box::pin(one))).collect();
    poll_fn(move |context| {
        let mut is_done = true;
        for part in &mut parts {
            if let Part::Running(future) = part {
                match future.as_mut().poll(context) {
                    Poll::Ready(output) => *part = Part::Done(Some(output)),
                    Poll::Pending => is_done = false,
                }
            }
        }
        if !is_done {
            return Poll::Pending;
        }
        let outputs = parts.iter_mut().filter_map(|part| match part {
            Part::Done(output) => output.take(),
            Part::Running(_) => None,
        });
        Poll::Ready(outputs.collect())
    })
    .await
}
