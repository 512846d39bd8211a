//! A run as it happens (plan-ux 9). Each renderer is a function of events; a replayed journal gives the same text.

mod events_json;
mod lines;
mod tally;
mod tty;

pub use tally::Tally;

use super::Console;
use super::view::{ActionView, PlanView};
use crate::locate::Locate;
use crate::settings::{Progress, Settings};
use stack_core::event::Event;
use stack_engine::events::Observer;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What renderers of a run need to know about its plan.
#[derive(Clone, Debug)]
pub struct About {
    /// `build` or `teardown`.
    pub command: &'static str,
    /// `pl_…`.
    pub plan_id: String,
    /// Decision by address.
    pub actions: HashMap<String, ActionView>,
}

impl About {
    /// From the plan that is run.
    pub fn new(command: &'static str, view: &PlanView) -> Self {
        Self {
            command,
            plan_id: view.plan_id.clone(),
            actions: view.resources.iter().map(|r| (r.address.clone(), r.action)).collect(),
        }
    }
}

/// Shows events.
trait Show: Send {
    fn on(&mut self, event: &Event, tally: &Tally);
    /// Leaves the terminal as it was.
    fn close(&mut self) {}
}

struct Quiet;
impl Show for Quiet {
    fn on(&mut self, _: &Event, _: &Tally) {}
}

/// Watches a run: counts, and shows it the way that was asked for.
pub struct Watcher {
    inner: Mutex<Inner>,
}

struct Inner {
    tally: Tally,
    show: Box<dyn Show>,
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watcher")
    }
}

impl Watcher {
    /// The renderer that the settings ask for.
    pub fn new(
        settings: &Settings,
        console: &Console,
        about: About,
        locate: Arc<dyn Locate + Send + Sync>,
    ) -> Self {
        let show: Box<dyn Show> = match settings.progress {
            Progress::Tty => Box::new(tty::Tty::new(console.clone(), about, locate)),
            Progress::Plain => Box::new(lines::Lines::new(console.clone(), about, locate)),
            Progress::Json => Box::new(events_json::EventsJson::new(console.clone(), about)),
            Progress::Quiet => Box::new(Quiet),
        };
        Self { inner: Mutex::new(Inner { tally: Tally::default(), show }) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic while drawing must not hide the rest of the run.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the display and gives the counts.
    pub fn close(&self) -> Tally {
        let mut inner = self.lock();
        inner.show.close();
        inner.tally.clone()
    }
}

impl Observer for Watcher {
    fn on(&self, event: &Event) {
        let mut inner = self.lock();
        let Inner { tally, show } = &mut *inner;
        tally.on(event);
        show.on(event, tally);
    }
}
