//! What the credential chain has found, without what is secret in it.

use super::Aws;
use super::failure::words;
use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature as Feature;
use aws_credential_types::provider::ProvideCredentials;
use std::time::UNIX_EPOCH;

/// Where the credentials come from, and how long they last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialsFound {
    /// The member of the chain that gave them.
    pub member: &'static str,
    /// The last four characters of the access key's id.
    pub key: String,
    /// Unix milliseconds of their end, if they have one.
    pub expires_at_ms: Option<i64>,
}

impl Aws {
    /// Asks the chain for credentials. May read files, run a `credential_process` or call STS, SSO or instance metadata.
    ///
    /// # Errors
    /// What the chain says where it finds none.
    pub async fn credentials(&self) -> Result<CredentialsFound, String> {
        let Some(provider) = self.config.credentials_provider() else {
            return Err("no credentials are set up".to_owned());
        };
        let found = provider.provide_credentials().await.map_err(|error| words(&error))?;
        let id = found.access_key_id();
        let tail = id.char_indices().rev().nth(3).map_or(0, |(at, _)| at);
        Ok(CredentialsFound {
            member: member(&found),
            key: id.get(tail..).unwrap_or_default().to_owned(),
            expires_at_ms: found
                .expiry()
                .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
                .and_then(|since| i64::try_from(since.as_millis()).ok()),
        })
    }
}

/// The last step that the SDK has recorded decides: a role that was taken on with keys of a profile is a role.
fn member(found: &Credentials) -> &'static str {
    let features: &[Feature] = found.get_property::<Vec<Feature>>().map_or(&[], Vec::as_slice);
    match features.last() {
        Some(Feature::CredentialsEnvVars) => "environment variables",
        Some(Feature::CredentialsEnvVarsStsWebIdToken | Feature::CredentialsStsAssumeRoleWebId) => {
            "web identity"
        }
        Some(
            Feature::CredentialsProfile
            | Feature::CredentialsProfileSourceProfile
            | Feature::CredentialsProfileNamedProvider,
        ) => "profile",
        Some(Feature::CredentialsProfileStsWebIdToken) => "web identity of the profile",
        Some(Feature::CredentialsProfileSso | Feature::CredentialsSso) => "SSO session",
        Some(Feature::CredentialsProfileProcess | Feature::CredentialsProcess) => "credential_process",
        Some(Feature::CredentialsStsAssumeRole) => "assumed role",
        Some(Feature::CredentialsHttp) => "container endpoint",
        Some(Feature::CredentialsImds) => "instance metadata",
        Some(Feature::CredentialsProfileLogin | Feature::CredentialsLogin) => "console login",
        _ => "the SDK's chain",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_step_names_the_member() {
        let mut found = Credentials::new("AKIA1234WXYZ", "secret", None, None, "test");
        assert_eq!(member(&found), "the SDK's chain");
        found.set_property(vec![Feature::CredentialsProfile, Feature::CredentialsStsAssumeRole]);
        assert_eq!(member(&found), "assumed role");
    }
}
