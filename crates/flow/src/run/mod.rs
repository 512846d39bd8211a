//! Runs flows: resources whose own statements rule (stackql-compat section 2, docs/design/0009).
//!
//! `verdict` says what rows mean, `determine` what the checks come to, `put` and `delete` are the state machines. Reads go
//! through `ask`, changes through `act`; a `Session` is one resource on its way.

mod act;
mod after;
mod ask;
mod besides;
mod check;
mod constant;
mod delete;
mod determine;
mod fill;
mod foresee;
mod look;
mod minimise;
mod other;
mod put;
mod secrets;
mod session;
mod together;
mod verdict;

pub use check::check;

use async_trait::async_trait;
use session::Session;
use stack_core::flow::{Flow, FlowEnd, FlowSeen, Flows, Host, Purpose};
use stack_core::schema::Schemas;
use stack_core::statement::Marked;
use std::fmt;
use std::sync::Arc;

/// Runs flows on the tables of resource types.
#[derive(Clone)]
pub struct Runner {
    schemas: Arc<dyn Schemas>,
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Runner")
    }
}

impl Runner {
    /// A runner that knows these types.
    pub fn new(schemas: Arc<dyn Schemas>) -> Self {
        Self { schemas }
    }
}

#[async_trait]
impl Flows for Runner {
    async fn look(&self, flow: &Flow, purpose: Purpose, host: &dyn Host) -> FlowSeen {
        Session::new(self, flow, host).look(purpose).await
    }

    async fn put(&self, flow: &Flow, host: &dyn Host) -> FlowEnd {
        Session::new(self, flow, host).put().await
    }

    async fn delete(&self, flow: &Flow, host: &dyn Host) -> FlowEnd {
        Session::new(self, flow, host).delete().await
    }
}

/// A statement for people, before it runs: values are put in as they would be to run it, secrets as `(sensitive)`, what is
/// not known by the names of where it comes from.
pub fn shown(marked: &Marked) -> String {
    fill::shown(marked)
}

#[cfg(test)]
mod tests;
