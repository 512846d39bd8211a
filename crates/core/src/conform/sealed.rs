//! Write-only texts whose name says that they are secret are sealed, marked as sensitive in the manifest or not: a read
//! never shows them, so that neither may a plan, a log or a message (cloud-control trap 101).
//!
//! Not every write-only value is one: a flow definition, code or a snapshot's name is what a reviewer wants to see.

use crate::pointer::Step;
use crate::schema::{Node, ResourceSchema};
use crate::value::{Secret, Value};
use indexmap::IndexMap;

/// What the names of secrets hold, without separators and in small letters.
const TELLING: &[&str] = &[
    "password",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "credential",
    "privatekey",
    "accesskey",
    "secretkey",
    "apikey",
    "sharedkey",
    "authkey",
    "datakey",
    "activationkey",
    "applicationkey",
    "authcode",
    "authorization",
    "keytab",
    "keymaterial",
    "hostkeybody",
    "jwt",
];

/// How names end that only say where a secret is, or of what kind.
const HARMLESS: &[&str] = &[
    "arn",
    "arns",
    "id",
    "ids",
    "identifier",
    "name",
    "username",
    "source",
    "type",
    "url",
    "uri",
    "endpoint",
    "host",
    "method",
    "mode",
    "location",
    "scope",
    "scopes",
    "format",
    "algorithm",
    "field",
    "bucket",
    "prefix",
    "path",
    "role",
    "storage",
    "parameter",
    "audiences",
    "apikeyheader",
    "length",
];

/// True if a property of this name holds a secret.
pub fn is_telling(name: &str) -> bool {
    let name: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let tells = TELLING.iter().any(|word| name.contains(word)) || name.ends_with("auth");
    tells && !name.starts_with("public") && !HARMLESS.iter().any(|end| name.ends_with(end))
}

/// Seals the secrets among top-level members in the provider's spelling.
pub(super) fn seal(schema: &ResourceSchema, members: &mut IndexMap<String, Value>) {
    for path in schema.write_only_properties.iter().chain(schema.overlay.unreadable.iter()) {
        let Some((Step::Key(first), rest)) = path.0.split_first() else { continue };
        let Some(value) = members.get_mut(first) else { continue };
        let walk = Walk { schema };
        walk.down(value, schema.member(&schema.root, first), rest, is_telling(first));
    }
}

struct Walk<'s> {
    schema: &'s ResourceSchema,
}

impl Walk<'_> {
    /// On the way to a write-only place.
    fn down(&self, value: &mut Value, node: Option<&Node>, path: &[Step], tells: bool) {
        let Some((step, rest)) = path.split_first() else { return self.below(value, node, tells) };
        match (value, step) {
            (Value::Object(members), Step::Key(key)) => {
                let tells = self.tells(node, key, tells);
                if let Some(member) = members.get_mut(key) {
                    self.down(member, self.member(node, key), rest, tells);
                }
            }
            (Value::Object(members), Step::Any) => {
                for (key, member) in members {
                    self.down(member, self.member(node, key), rest, self.tells(node, key, tells));
                }
            }
            (Value::Array(items), step) => {
                // Some schemas name the members of elements without a `*` between.
                let rest = if matches!(step, Step::Any) { rest } else { path };
                for item in items {
                    self.down(item, node.and_then(|node| self.schema.element(node)), rest, tells);
                }
            }
            _ => {}
        }
    }

    /// Within a write-only place.
    fn below(&self, value: &mut Value, node: Option<&Node>, tells: bool) {
        match value {
            Value::Object(members) => {
                for (key, member) in members {
                    self.below(member, self.member(node, key), self.tells(node, key, tells));
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.below(item, node.and_then(|node| self.schema.element(node)), tells);
                }
            }
            Value::String(text) if text.is_empty() => {}
            // A number may stand for a text.
            Value::String(_) | Value::Number(_) if tells && !is_choice(node) => {
                let inner = std::mem::replace(value, Value::Null);
                *value = Value::Secret(Secret::new(inner));
            }
            Value::Unknown(unknown) if tells => unknown.sensitive = true,
            _ => {}
        }
    }

    fn member<'n>(&'n self, node: Option<&'n Node>, key: &str) -> Option<&'n Node> {
        self.schema.member(node?, key)
    }

    /// A member that the schema names speaks for itself; what a map or an open object holds is as its holder.
    fn tells(&self, node: Option<&Node>, key: &str, holder: bool) -> bool {
        let named = node.is_some_and(|node| self.names(node, key, 4));
        is_telling(key) || (holder && !named)
    }

    fn names(&self, node: &Node, key: &str, depth: u8) -> bool {
        let node = self.schema.follow(node);
        let branches = node.one_of.iter().chain(&node.any_of).chain(&node.all_of);
        node.properties.contains_key(key)
            || (depth > 0 && branches.into_iter().any(|branch| self.names(branch, key, depth - 1)))
    }
}

/// True if only some words, numbers or switches are allowed, which everybody can read in the schema.
fn is_choice(node: Option<&Node>) -> bool {
    use crate::schema::JsonType;
    node.is_some_and(|node| {
        let chosen = !node.choices.is_empty() || !node.enum_case_insensitive.is_empty();
        chosen || (!node.types.is_empty() && !node.types.names(JsonType::String))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_tell_and_names_of_places_do_not() {
        for name in [
            "Password",
            "MasterUserPassword",
            "SecretString",
            "SecretStringTemplate",
            "AuthToken",
            "api_key",
            "BasicAuth",
            "PrivateKeyPassphrase",
            "SaslScram512Auth",
            "ClientSecret",
            "accessToken",
            "PreSharedKey",
            "HostKeyBody",
        ] {
            assert!(is_telling(name), "{name}");
        }
        for name in [
            "SecretArn",
            "SecretId",
            "TokenUrl",
            "TokenType",
            "ClientSecretSource",
            "PasswordLength",
            "KmsKeyId",
            "Key",
            "AccessKeyId",
            "FlowDefinition",
            "ZipFile",
            "PublicKeyMaterial",
            "Author",
            "ApiKeyName",
        ] {
            assert!(!is_telling(name), "{name}");
        }
    }
}
