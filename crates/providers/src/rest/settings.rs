//! Where services are and who we are to them, as the caller says it. Nothing is read from the process environment here.

use stack_core::ids::CredentialName;
use stack_core::provider::{Failure, FailureKind};
use std::collections::BTreeMap;
use std::fmt;

/// Shorter texts are no secrets, and parts of many words.
const SHORTEST: usize = 4;

/// Variables of the environment, and what is known of single targets.
#[derive(Clone, Default)]
pub struct RestSettings {
    /// Variables by name (DESIGN section 7, confluent.md section 1). Only those that a definition names are looked at, and
    /// only when a request needs them.
    pub variables: BTreeMap<String, String>,
    /// Credentials of resources that name their own (`auth`), by the name that targets have for them.
    pub credentials: BTreeMap<CredentialName, Credential>,
    /// True where the cloud is the sandbox, which plays the services that are built in and no others.
    pub sandboxed: bool,
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
    /// A key in a header.
    Header {
        /// The header.
        name: String,
        /// Its value.
        value: String,
    },
}

impl Credential {
    /// A text without the secret parts: services repeat what they are sent.
    pub(crate) fn cover(&self, text: &str) -> String {
        let secret = match self {
            Self::Basic { password, .. } => password,
            Self::Bearer(token) => token,
            Self::Header { value, .. } => value.rsplit(' ').next().unwrap_or(value),
        };
        if secret.len() < SHORTEST { text.to_owned() } else { text.replace(secret, "(sensitive)") }
    }
}

impl Credential {
    /// Its name or key, which is no secret.
    pub(crate) fn user(&self) -> Option<&str> {
        match self {
            Self::Basic { user, .. } => Some(user),
            Self::Bearer(_) | Self::Header { .. } => None,
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic { .. } => "Basic(…)",
            Self::Bearer(_) => "Bearer(…)",
            Self::Header { .. } => "Header(…)",
        })
    }
}

impl fmt::Debug for RestSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values are credentials.
        let names: Vec<&str> = self.variables.keys().map(String::as_str).collect();
        f.debug_struct("RestSettings")
            .field("variables", &names)
            .field("credentials", &self.credentials)
            .finish()
    }
}

impl RestSettings {
    /// The credential that a target names.
    pub(crate) fn named(&self, name: &CredentialName) -> Result<Credential, Failure> {
        self.credentials.get(name).cloned().ok_or_else(|| {
            let message = format!("the credential {name}, which `auth` names, is not known here");
            Failure::new(FailureKind::Credentials, "NoCredentials", message)
        })
    }

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
