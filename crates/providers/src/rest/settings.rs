//! Where services are and who we are to them, as the caller says it. Nothing is read from the process environment here.

use stack_core::provider::{Failure, FailureKind};
use std::collections::BTreeMap;
use std::fmt;

/// Variables of the environment, and what is known of single targets.
#[derive(Clone, Default)]
pub struct RestSettings {
    /// Variables by name (DESIGN section 7, confluent.md section 1). Only those that a definition names are looked at, and
    /// only when a request needs them.
    pub variables: BTreeMap<String, String>,
    /// Endpoint class and target (`kafka`, `lkc-1`) → host and credential. They stand before variables.
    pub targets: BTreeMap<(String, String), Access>,
}

/// How one target is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// Base URL. None: found elsewhere.
    pub url: Option<String>,
    /// Credential. None: that of the class.
    pub credential: Option<Credential>,
}

/// Proves who sends a request. Its `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// HTTP Basic.
    Basic {
        /// Name or key.
        user: String,
        /// Password or secret.
        password: String,
    },
    /// A token.
    Bearer(String),
}

impl Credential {
    /// Its name or key, which is no secret.
    pub(crate) fn user(&self) -> Option<&str> {
        match self {
            Self::Basic { user, .. } => Some(user),
            Self::Bearer(_) => None,
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic(…)",
            Self::Bearer(_) => "Bearer(…)",
        })
    }
}

impl fmt::Debug for RestSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values are credentials.
        let names: Vec<&str> = self.variables.keys().map(String::as_str).collect();
        f.debug_struct("RestSettings").field("variables", &names).field("targets", &self.targets).finish()
    }
}

impl RestSettings {
    /// The value of a variable; an empty one counts as none.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of a variable that a request needs.
    pub(crate) fn needed(&self, name: &str, what_for: &str) -> Result<String, Failure> {
        self.variable(name).map(str::to_owned).ok_or_else(|| {
            let message = format!("{what_for} needs a credential: set {name}");
            Failure::new(FailureKind::Credentials, "NoCredentials", message)
        })
    }
}
