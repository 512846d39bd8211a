//! What follows a statement: `callback` and `troubleshoot`.

use super::session::{Session, Stop, Trouble};
use super::verdict::is_fulfilled;
use crate::codes;
use stack_core::diagnostic::Diagnostic;
use stack_core::flow::{AnchorKind, Unready};
use stack_core::provider::Verb;

impl Session<'_> {
    /// Waits until the user's own condition is fulfilled. The operation itself is done: the host has seen to that.
    ///
    /// # Errors
    /// It is not within its `retries`, or cannot be asked.
    pub(super) async fn callback(&mut self, verb: Verb) -> Result<(), Stop> {
        let anchors = [AnchorKind::Callback(Some(verb)), AnchorKind::Callback(None)];
        let Some(anchor) = anchors.into_iter().find(|anchor| self.flow.has(*anchor)) else { return Ok(()) };
        let short = self.flow.script.anchor(anchor).and_then(|options| {
            options.short_circuit_field.as_deref().zip(options.short_circuit_value.as_deref())
        });
        if let Some((field, value)) = short
            && self.callback_text(field).as_deref() == Some(value)
        {
            return Ok(());
        }
        let filled = self.render(anchor)?;
        let tries = self.and_more(anchor);
        let mut left = tries.times;
        loop {
            left = left.saturating_sub(1);
            match self.rows(&filled).await {
                Ok(table) if is_fulfilled(&table) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.trouble != Trouble::Final && left > 0 => {}
                Err(error) => return Err(error.into()),
            }
            if left == 0 {
                break;
            }
            self.pause(tries.delay, "the callback is not fulfilled yet").await?;
        }
        let message =
            format!("`{anchor}` of {} was not fulfilled in {} tries", self.flow.address, tries.times);
        let told = self.at(
            Diagnostic::error(codes::CALLBACK_FAILED, message),
            anchor,
            "never `success` or `count` 1",
        );
        Err(told.next("raise its `retries` and `retry_delay`, or correct its condition").into())
    }

    /// Tells what a troubleshoot query finds. Changes nothing, fails nothing.
    pub(super) async fn troubleshoot(&mut self, verb: Verb) {
        let anchors = [AnchorKind::Troubleshoot(Some(verb)), AnchorKind::Troubleshoot(None)];
        let Some(anchor) = anchors.into_iter().find(|anchor| self.flow.has(*anchor)) else { return };
        let useless = |why: Diagnostic| {
            let mut told = why;
            told.code = codes::TROUBLESHOOT;
            told
        };
        let filled = match self.render(anchor) {
            Ok(filled) => filled,
            Err(Unready::Missing { diagnostic, .. } | Unready::Broken(diagnostic)) => {
                return self.warn(useless(*diagnostic));
            }
            Err(Unready::Waiting(_)) => return,
        };
        let tries = self.and_more(anchor);
        let mut left = tries.times;
        loop {
            left = left.saturating_sub(1);
            match self.rows(&filled).await {
                Ok(table) => return self.tell_rows(&filled, &table),
                Err(error) if left == 0 || error.trouble == Trouble::Final => {
                    return self.warn(useless(*error.diagnostic));
                }
                Err(_) => {}
            }
            if self.pause(tries.delay, "troubleshooting failed").await.is_err() {
                return;
            }
        }
    }
}
