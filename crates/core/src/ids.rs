//! Names of things. Each is its own type, so that an address is never taken for a type name.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(Arc::from(text.as_ref()))
            }
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), &*self.0)
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }
        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(Arc::from(text))
            }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id!(
    /// The place of a resource in a stack: its manifest name, with `["key"]` for an instance of `for_each`.
    Address
);
text_id!(
    /// A provider's own type name, for CloudFormation types `AWS::Service::Resource`.
    TypeName
);
text_id!(
    /// `aws`, later `confluent` and the names of definition files.
    ProviderId
);
text_id!(
    /// An AWS region such as `us-east-1`.
    Region
);
text_id!(
    /// A twelve-digit AWS account id.
    AccountId
);
text_id!(
    /// The name of a credential that a resource's `auth` asks for: the kind and the variables, never their values.
    CredentialName
);
text_id!(
    /// One run of `build` or `teardown`.
    RunId
);
text_id!(
    /// The idempotency token that we choose for one operation (Cloud Control 1.3: 1 to 128 of `A-Z a-z 0-9 - + / =`).
    ClientToken
);
text_id!(
    /// The service's handle on an accepted operation.
    RequestToken
);

/// The stack and the environment that a command works on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StackId {
    /// `name` of the manifest.
    pub name: String,
    /// The environment argument of the command.
    pub env: String,
}

impl fmt::Display for StackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.name, self.env)
    }
}

/// Everything that decides *where* a resource lives.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// Which provider speaks for it.
    pub provider: ProviderId,
    /// Region, where the provider has regions.
    pub region: Option<Region>,
    /// Role that the service assumes for this resource's operations (Cloud Control `RoleArn`).
    pub role_arn: Option<String>,
    /// Version of a private type (Cloud Control `TypeVersionId`).
    pub type_version_id: Option<String>,
    /// Who we are there, where the resource says it (`auth`). None: what the provider has for the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<CredentialName>,
}
