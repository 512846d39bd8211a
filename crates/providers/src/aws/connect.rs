//! Credentials, region and endpoints: the SDK's standard chain over our transport (DESIGN section 7).

use super::Aws;
use super::failure::words;
use crate::smithy::SdkHttpClient;
use crate::transport::Transport;
use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region as SdkRegion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use http::Uri;
use stack_core::ids::Region;
use stack_core::schema::Schemas;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The region of the sandbox where none is asked for.
pub const SANDBOX_REGION: &str = "us-east-1";

/// The longest that the credential chain may take: a `credential_process` can wait for a person.
const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(60);

/// The variables that move an endpoint, as far as our services go.
const ENDPOINT_VARIABLES: [&str; 7] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_CLOUDCONTROL",
    "AWS_ENDPOINT_URL_CLOUDFORMATION",
    "AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_SSO",
    "AWS_ENDPOINT_URL_SSO_OIDC",
];

/// The variables that hold keys.
const KEY_VARIABLES: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

/// How to reach AWS. What is not set comes from `source`.
#[derive(Clone, Debug)]
pub struct AwsSettings {
    /// Region of resources that name none.
    pub region: Option<Region>,
    /// Profile of the shared files; stands before keys in the environment, as with the AWS command line. `None`:
    /// `AWS_PROFILE`, else `default`.
    pub profile: Option<String>,
    /// Role to take on for every call, after the chain has found credentials.
    pub assume_role: Option<AssumeRole>,
    /// Endpoint of every AWS service; stands before `AWS_ENDPOINT_URL…`.
    pub endpoint_url: Option<String>,
    /// Where credentials and defaults come from.
    pub source: Source,
}

/// Where credentials and defaults come from.
#[derive(Clone)]
pub enum Source {
    /// The SDK's standard chain with these environment variables; the process's own are not read. `HOME` (or
    /// `USERPROFILE`) tells where the shared files are.
    Standard(HashMap<String, String>),
    /// The built-in sandbox: fixed dummy credentials, no environment, no files.
    Sandbox,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The variables hold keys.
        f.write_str(match self {
            Self::Standard(_) => "Standard(..)",
            Self::Sandbox => "Sandbox",
        })
    }
}

/// A role to take on through STS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRole {
    /// The role.
    pub arn: String,
    /// What the role's trust policy may ask for.
    pub external_id: Option<String>,
    /// Name in the audit log; `None`: `stack-deploy`.
    pub session_name: Option<String>,
}

impl AwsSettings {
    /// The standard chain with these environment variables.
    pub fn standard(env: impl IntoIterator<Item = (String, String)>) -> Self {
        Self::of(Source::Standard(env.into_iter().collect()))
    }

    /// The built-in sandbox, in [`SANDBOX_REGION`] where no region is set.
    pub fn sandbox() -> Self {
        Self::of(Source::Sandbox)
    }

    fn of(source: Source) -> Self {
        Self { region: None, profile: None, assume_role: None, endpoint_url: None, source }
    }
}

/// Settings that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// An endpoint is no URL. The SDK would pass over it and call the real service instead.
    #[error("the endpoint `{url}` from {from} is no http or https URL")]
    Endpoint {
        /// As given, without name and password.
        url: String,
        /// The setting or variable that holds it.
        from: String,
    },
    /// The profile is not in the shared files. The SDK would go on to instance credentials instead.
    #[error("there is no AWS profile `{name}` in the shared config and credentials files (there is {})", listed(.known))]
    NoProfile {
        /// As asked for.
        name: String,
        /// The profiles that there are, sorted.
        known: Vec<String>,
    },
    /// The shared files cannot be read.
    #[error("the shared AWS files cannot be read: {0}")]
    Files(String),
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Reads the configuration and makes the provider. Credentials are looked up by the first call. No request is sent,
/// but for one case: with no region in the settings, the environment or the profile, instance metadata is asked.
pub async fn connect(
    transport: Arc<dyn Transport>,
    schemas: Arc<dyn Schemas>,
    settings: AwsSettings,
) -> Result<Aws, ConnectError> {
    check_endpoint("the settings", settings.endpoint_url.as_ref())?;
    let config = match &settings.source {
        Source::Sandbox => sandbox(&transport, &settings),
        Source::Standard(env) => {
            for name in ENDPOINT_VARIABLES {
                check_endpoint(name, env.get(name))?;
            }
            let mut env = env.clone();
            check_profile(settings.profile.as_deref(), &env).await?;
            if settings.profile.is_some() {
                env.retain(|name, _| !KEY_VARIABLES.contains(&name.as_str()));
            }
            standard(&transport, &settings, env).await
        }
    };
    let config = match &settings.assume_role {
        Some(role) => with_role(config, role).await,
        None => config,
    };
    Ok(Aws::new(config, schemas))
}

/// The SDK's own loader, with our transport, no retries and no SDK timeouts.
async fn standard(
    transport: &Arc<dyn Transport>,
    settings: &AwsSettings,
    env: HashMap<String, String>,
) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(SdkHttpClient::new(Arc::clone(transport)))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .identity_cache(identity_cache())
        .env(env.into());
    if let Some(region) = &settings.region {
        loader = loader.region(SdkRegion::new(region.as_str().to_owned()));
    }
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(url) = &settings.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    with_app_name(loader.load().await)
}

fn sandbox(transport: &Arc<dyn Transport>, settings: &AwsSettings) -> SdkConfig {
    let region = settings.region.as_ref().map_or(SANDBOX_REGION, Region::as_str).to_owned();
    let credentials = Credentials::new("AKIDSANDBOX", "sandbox", None, None, "sandbox");
    let mut builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .http_client(SdkHttpClient::new(Arc::clone(transport)))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .identity_cache(identity_cache())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .region(SdkRegion::new(region));
    builder.set_endpoint_url(settings.endpoint_url.clone());
    builder.set_sleep_impl(aws_smithy_async::rt::sleep::default_async_sleep());
    builder.set_time_source(Some(aws_smithy_async::time::SharedTimeSource::default()));
    with_app_name(builder.build())
}

fn identity_cache() -> aws_sdk_sts::config::SharedIdentityCache {
    IdentityCache::lazy().load_timeout(CREDENTIALS_TIMEOUT).build()
}

/// Puts our name into the user agent, beside one that the user may have set.
fn with_app_name(config: SdkConfig) -> SdkConfig {
    match (config.app_name(), AppName::new("stack-deploy")) {
        (None, Ok(name)) => config.into_builder().app_name(name).build(),
        _ => config,
    }
}

/// The same configuration with the credentials of a role. The role's credentials are cached and renewed like others.
async fn with_role(config: SdkConfig, role: &AssumeRole) -> SdkConfig {
    let mut builder = AssumeRoleProvider::builder(&role.arn)
        .session_name(role.session_name.as_deref().unwrap_or("stack-deploy"))
        .configure(&config);
    if let Some(external_id) = &role.external_id {
        builder = builder.external_id(external_id);
    }
    let provider = builder.build().await;
    config
        .into_builder()
        .identity_cache(identity_cache())
        .credentials_provider(SharedCredentialsProvider::new(provider))
        .build()
}

/// A URL without the name and the password that may stand before its host.
pub fn without_user(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        (None, Some((_, host))) => format!("…@{host}"),
        (_, None) => url.to_owned(),
    }
}

fn check_endpoint(from: &str, url: Option<&String>) -> Result<(), ConnectError> {
    let Some(url) = url else { return Ok(()) };
    let usable = url
        .parse::<Uri>()
        .is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some());
    if usable {
        Ok(())
    } else {
        Err(ConnectError::Endpoint { url: without_user(url), from: from.to_owned() })
    }
}

/// A profile that was asked for must exist. `AWS_PROFILE` counts only where no keys stand before it.
async fn check_profile(profile: Option<&str>, env: &HashMap<String, String>) -> Result<(), ConnectError> {
    let from_env = || env.get("AWS_PROFILE").filter(|_| !env.contains_key("AWS_ACCESS_KEY_ID"));
    let Some(name) = profile.or_else(|| from_env().map(String::as_str)) else { return Ok(()) };
    let env = env.clone().into();
    let profiles = aws_config::profile::load(&Default::default(), &env, &Default::default(), None)
        .await
        .map_err(|error| ConnectError::Files(words(&error)))?;
    if profiles.get_profile(name).is_some() {
        return Ok(());
    }
    let mut known: Vec<String> = profiles.profiles().map(str::to_owned).collect();
    known.sort();
    Err(ConnectError::NoProfile { name: name.to_owned(), known })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxys_password_is_not_shown() {
        assert_eq!(without_user("http://me:hunter2@proxy:3128"), "http://…@proxy:3128");
        assert_eq!(without_user("me:hunter2@proxy"), "…@proxy");
        assert_eq!(without_user("http://proxy:3128"), "http://proxy:3128");
    }
}
