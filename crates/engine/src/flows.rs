//! Resources whose own statements rule: who runs them, and what they may do while a plan is made.

use crate::paced::Paced;
use async_trait::async_trait;
use stack_core::flow::{Flows, Host, Order, Performed, Shelled, Stopping, Told};
use stack_core::ids::Address;
use stack_core::provider::Provider;
use stack_core::value::Value;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

/// Runs shell commands. The only way to one, and only manifests ask for it.
#[async_trait]
pub trait Shell: Send + Sync + Debug {
    /// Runs a command in the working directory, with the process environment and without input. Dropping the future
    /// ends it.
    ///
    /// # Errors
    /// Why it cannot be run.
    async fn run(&self, text: &Value) -> Result<Shelled, String>;
}

/// Takes what flows tell while a plan is made.
pub trait Hears: Send + Sync + Debug {
    /// One thing that the flow at an address tells.
    fn hear(&self, address: &Address, told: Told);
}

/// What runs flows, and what they may use.
#[derive(Clone, Debug)]
pub struct FlowSupport {
    /// Runs their statements.
    pub flows: Arc<dyn Flows>,
    /// Runs their commands.
    pub shell: Arc<dyn Shell>,
    /// Takes what they tell while a plan is made. Warnings stand in what they found.
    pub hears: Arc<dyn Hears>,
}

/// The host of a look: reads only.
#[derive(Debug)]
pub(crate) struct Looking {
    pub(crate) address: Address,
    pub(crate) provider: Arc<Paced>,
    pub(crate) hears: Arc<dyn Hears>,
}

#[async_trait]
impl Host for Looking {
    fn cloud(&self) -> &dyn Provider {
        &*self.provider
    }

    async fn perform(&self, _: Order<'_>) -> Performed {
        tracing::error!(address = %self.address, "a look wanted to write");
        Performed::Stopped
    }

    async fn pause(&self, wait: Duration, _: &str) -> Result<(), Stopping> {
        tokio::time::sleep(wait).await;
        Ok(())
    }

    async fn shell(&self, _: &Value) -> Result<Shelled, String> {
        Err("no command is run while a plan is made".to_owned())
    }

    fn tell(&self, told: Told) {
        self.hears.hear(&self.address, told);
    }

    fn is_stopping(&self) -> bool {
        false
    }
}
