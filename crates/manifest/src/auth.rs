//! `auth` of a resource: which variables hold the credential that its requests carry (stackql-compat 1.3, DESIGN section 7).
//!
//! Values stand in variables, never in the manifest. A target carries the name of the credential, which is made of the names
//! of these variables; the values go to the provider beside it.

use crate::codes;
use crate::model::{AuthDecl, ResourceDecl};
use stack_core::diagnostic::{Diagnostic, Route, nearest};
use stack_core::ids::CredentialName;
use stack_core::value::Value;
use std::fmt;

/// What a resource's requests prove who sends them with. The texts are names of variables, but for those of headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// HTTP Basic.
    Basic {
        /// Variable with the user or the key.
        user: String,
        /// Variable with the password or the secret.
        password: String,
    },
    /// `Authorization: Bearer`.
    Bearer {
        /// Variable with the token.
        token: String,
    },
    /// A key in a header.
    ApiKey {
        /// The header.
        header: String,
        /// What stands before the key.
        prefix: String,
        /// Variable with the key.
        key: String,
    },
}

/// The kinds of `auth` that can be used.
const KINDS: &[&str] = &["basic", "bearer", "api_key"];

impl Auth {
    /// The variables.
    pub fn variables(&self) -> Vec<&str> {
        match self {
            Self::Basic { user, password } => vec![user, password],
            Self::Bearer { token } => vec![token],
            Self::ApiKey { key, .. } => vec![key],
        }
    }

    /// The name that targets have for it.
    pub fn name(&self) -> CredentialName {
        CredentialName::new(self.to_string())
    }

    /// What a resource declares; `None` if it declares nothing.
    pub(crate) fn of(resource: &ResourceDecl) -> Option<Result<Self, Box<Diagnostic>>> {
        resource.auth.first()?;
        Some(Self::read(resource).map_err(Box::new))
    }

    fn read(resource: &ResourceDecl) -> Result<Self, Diagnostic> {
        let find = |key: &str| resource.auth.iter().find(|entry| entry.key == key);
        let at = resource.path.key("auth").route();
        let wrong = |message: String, next: &str| {
            Diagnostic::error(codes::BAD_AUTH, message).at_key(at.clone(), "").next(next)
        };
        let address = &resource.address;
        for entry in &resource.auth {
            if ["username", "password", "keyID"].contains(&entry.key.as_str()) {
                let message =
                    format!("`auth.{}` of {address} would be a credential in the manifest", entry.key);
                return Err(Diagnostic::error(codes::BAD_AUTH, message)
                    .at_key(entry.path.route(), "")
                    .next("name a variable that holds it: username_var, password_var, credentialsenvvar"));
            }
        }
        let kind = find("type").map_or("basic", |entry| entry.value.as_str());
        let variable = |key: &str| {
            let entry = find(key).ok_or_else(|| {
                wrong(format!("`auth` of {address} lacks `{key}`"), "it is the name of a variable")
            })?;
            name_of(entry)
        };
        match kind {
            "basic" => {
                Ok(Self::Basic { user: variable("username_var")?, password: variable("password_var")? })
            }
            "bearer" => Ok(Self::Bearer { token: variable("credentialsenvvar")? }),
            "api_key" => {
                if find("location").is_some_and(|entry| entry.value != "header") {
                    let message = format!("`auth` of {address} puts the key somewhere else than in a header");
                    return Err(wrong(message, "write `location: header`, or leave it out"));
                }
                let text = |key: &str| find(key).map(|entry| entry.value.clone());
                Ok(Self::ApiKey {
                    header: text("name").unwrap_or_else(|| "Authorization".to_owned()),
                    prefix: text("valuePrefix").unwrap_or_default(),
                    key: variable("credentialsenvvar")?,
                })
            }
            other => {
                let next = match nearest(other, KINDS.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are: {}", KINDS.join(", ")),
                };
                Err(wrong(format!("`auth` of {address} has no kind `{other}`"), &next))
            }
        }
    }
}

/// A name that a variable can have. It is not repeated: it may be the secret itself.
fn name_of(entry: &AuthDecl) -> Result<String, Diagnostic> {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
    let name = entry.value.as_str();
    if name.starts_with(is_start) && name.chars().all(|c| is_start(c) || c.is_ascii_digit()) {
        return Ok(name.to_owned());
    }
    let message = format!("`auth.{}` is no name of a variable", entry.key);
    Err(Diagnostic::error(codes::BAD_AUTH, message).at(entry.path.route(), "").next(
        "write the name of a variable: letters, digits and `_`; its value stays outside of the manifest",
    ))
}

impl fmt::Display for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic { user, password } => write!(f, "basic({user}, {password})"),
            Self::Bearer { token } => write!(f, "bearer({token})"),
            Self::ApiKey { header, prefix, key } => write!(f, "api_key({header}: {prefix}{key})"),
        }
    }
}

/// A credential that a resource asks for, with the values that the manifest's own variables give.
#[derive(Clone, Debug, PartialEq)]
pub struct AuthUse {
    /// What it is.
    pub auth: Auth,
    /// Each variable with its value; `None`: neither the manifest nor `-e` nor the environment file defines it.
    pub values: Vec<(String, Option<Value>)>,
    /// Where the manifest asks for it.
    pub at: Route,
    /// The resource that asks first.
    pub address: String,
}
