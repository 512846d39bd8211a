//! Wiring: which cloud, through which transport, how fast, and whether it is the one that the manifest means.

use crate::app::App;
use crate::args::CloudArgs;
use crate::errors::{Stopped, caller_failed, codes};
use crate::exit::Exit;
use crate::load::Loaded;
use crate::sandbox::{Sandbox, confluent_keys};
use stack_core::diagnostic::{Diagnostic, Diagnostics};
use stack_core::ids::CredentialName;
use stack_core::ids::Target;
use stack_core::schema::Schemas;
use stack_core::value::Value;
use stack_engine::Paced;
use stack_engine::clock::{Clock, IdSource, SystemClock};
use stack_engine::observe::callers;
use stack_engine::paced::Limits;
use stack_engine::retry::Policy;
use stack_manifest::{Auth, AuthUse, Settings, Stack};
use stack_providers::aws::{self, AssumeRole, AwsSettings, SANDBOX_REGION};
use stack_providers::rest::{Credential, Rest, RestSettings, WallClock};
use stack_providers::{Net, NetError, NetSettings, Proxies, Redacted, Routed, Transport};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The provider whose places have an account, which `settings.accounts` names.
pub const AWS: &str = "aws";

/// The region of statements that neither they, the manifest, flags, the environment nor the profile give one (DESIGN section 2).
pub const LAST_REGION: &str = "us-east-1";

/// Credentials of resources that name their own.
pub type Credentials = BTreeMap<CredentialName, Credential>;

/// A connection to a cloud.
#[derive(Debug)]
pub struct Link {
    /// The cloud, paced.
    pub provider: Arc<Paced>,
    /// Wall clock.
    pub clock: Arc<dyn Clock>,
    /// Set with `--sandbox`.
    pub sandbox: Option<Arc<Sandbox>>,
}

/// The region of resources that name none, as far as flags and variables tell.
pub fn region<'a>(app: &'a App, cloud: &'a CloudArgs) -> Option<&'a str> {
    cloud
        .region
        .as_deref()
        .or_else(|| app.env.var("AWS_REGION"))
        .or_else(|| app.env.var("AWS_DEFAULT_REGION"))
        .or(cloud.sandbox.then_some(SANDBOX_REGION))
}

/// How AWS is reached, as flags, the manifest and the environment say.
pub fn aws_settings(app: &App, cloud: &CloudArgs, settings: &Settings) -> AwsSettings {
    let mut aws_settings = match cloud.sandbox {
        true => AwsSettings::sandbox(),
        false => AwsSettings::standard(app.env.vars.clone()),
    };
    aws_settings.region = region(app, cloud).map(stack_core::ids::Region::new);
    if !cloud.sandbox {
        aws_settings.profile = cloud.profile.clone().or_else(|| settings.profile.clone());
        aws_settings.assume_role =
            settings.assume_role.clone().map(|arn| AssumeRole { arn, external_id: None, session_name: None });
    }
    aws_settings
}

/// The network, with the proxies of the environment.
///
/// # Errors
/// A proxy or the certificates cannot be used.
pub fn net(app: &App, cloud: &CloudArgs) -> Result<Net, NetError> {
    Net::new(&NetSettings {
        allow_http: cloud.allow_http.clone(),
        proxies: proxies(app),
        ..NetSettings::default()
    })
}

/// The proxies of the environment.
pub fn proxies(app: &App) -> Proxies {
    Proxies::from_env(|name| app.env.vars.get(name).cloned())
}

/// Connects. The second value is the region that the profile gives, where nothing else gave one.
///
/// # Errors
/// Settings that cannot work, or a sandbox that cannot be used.
pub async fn connect(
    app: &App,
    cloud: &CloudArgs,
    settings: &Settings,
    dir: &Path,
    schemas: Arc<dyn Schemas>,
    ids: Arc<IdSource>,
    credentials: Credentials,
) -> Result<(Link, Option<String>), Stopped> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let sandbox =
        if cloud.sandbox { Some(Arc::new(Sandbox::open(dir, None, Arc::clone(&schemas))?)) } else { None };
    let aws_settings = aws_settings(app, cloud, settings);
    let transport: Arc<dyn Transport> = match &sandbox {
        Some(sandbox) => Arc::new(sandbox.transport(Arc::clone(&clock))),
        None => Arc::new(net(app, cloud)?),
    };
    let aws = Arc::new(aws::connect(Arc::clone(&transport), schemas, aws_settings).await?);
    let found = aws.region().map(|region| region.to_string());
    let wall: WallClock = {
        let clock = Arc::clone(&clock);
        Arc::new(move || clock.now_ms())
    };
    let definitions = Arc::clone(app.schemas.rest());
    let rest = Rest::new(
        definitions,
        transport,
        Some(Arc::clone(&aws)),
        rest_settings(app, cloud, credentials),
        wall,
    );
    let provider = Routed::new(aws, Arc::new(rest));
    let limits = limits(cloud, settings, sandbox.is_some() || is_loopback(app));
    // The one way in: nobody behind it sees what the service says with a secret in it.
    let provider = Redacted::new(provider, app.redactor.clone());
    let provider = Arc::new(Paced::new(Arc::new(provider), limits, Policy::default(), ids));
    Ok((Link { provider, clock, sandbox }, found))
}

/// How REST services are reached: the variables of the environment; in the sandbox its own keys and no others.
fn rest_settings(app: &App, cloud: &CloudArgs, credentials: Credentials) -> RestSettings {
    if !cloud.sandbox {
        return RestSettings { variables: app.env.vars.clone(), credentials, sandboxed: false };
    }
    let own = confluent_keys().into_iter();
    let variables = own.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    RestSettings { variables, credentials, sandboxed: true }
}

/// The credentials that resources of a stack ask for by `auth`. Variables are the manifest's, else those of the environment. All
/// values count as secret from now on.
///
/// # Errors
/// Variables without a value, before anything is sent.
pub fn credentials(app: &App, cloud: &CloudArgs, stack: &Stack) -> Result<Credentials, Stopped> {
    let mut all = Credentials::new();
    let mut problems = Diagnostics::new();
    for used in stack.credentials().map_err(Stopped::problems)? {
        let mut values = Vec::new();
        for (name, given) in &used.values {
            let given = given.as_ref().and_then(Value::scalar_text);
            match given.or_else(|| app.env.var(name).map(str::to_owned)).filter(|value| !value.is_empty()) {
                Some(value) => values.push(value),
                // Keys that a run makes there open what they are for.
                None if cloud.sandbox => {}
                None => problems.push(no_variable(&used, name)),
            }
        }
        values.iter().for_each(|value| {
            app.redactor.learn_text(value);
        });
        if values.len() < used.values.len() {
            continue;
        }
        let mut values = values.into_iter();
        let mut next = || values.next().unwrap_or_default();
        let credential = match &used.auth {
            Auth::Basic { .. } => Credential::Basic { user: next(), password: next() },
            Auth::Bearer { .. } => Credential::Bearer(next()),
            Auth::ApiKey { header, prefix, .. } => {
                Credential::Header { name: header.clone(), value: format!("{prefix}{}", next()) }
            }
        };
        all.insert(used.auth.name(), credential);
    }
    if problems.is_empty() { Ok(all) } else { Err(Stopped { exit: Exit::Error, told: problems }) }
}

/// A variable of `auth` that nothing defines.
pub fn no_variable(used: &AuthUse, name: &str) -> Diagnostic {
    let message = format!("`auth` of {} names the variable `{name}`, which nothing defines", used.address);
    Diagnostic::error(codes::NO_VARIABLE, message)
        .at_key(used.at.clone(), "")
        .next(format!("give it a value: export {name}=…, -e {name}=…, or a line in the environment file"))
}

/// `--rate`, then `settings.rate`, then 20 and 4, or no limit for loopback (DESIGN section 3).
fn limits(cloud: &CloudArgs, settings: &Settings, loopback: bool) -> Limits {
    let unset =
        if loopback { Limits { reads: 0.0, writes: 0.0, ..Limits::default() } } else { Limits::default() };
    let flag = cloud.rate.unwrap_or_default();
    Limits {
        reads: flag.reads.or(settings.rate.reads.map(f64::from)).unwrap_or(unset.reads),
        writes: flag.writes.or(settings.rate.writes.map(f64::from)).unwrap_or(unset.writes),
        parallelism: cloud.parallelism.map_or(unset.parallelism, usize::from),
    }
}

/// True if calls of Cloud Control go to this machine.
fn is_loopback(app: &App) -> bool {
    let endpoint = app
        .env
        .var("AWS_ENDPOINT_URL_CLOUDCONTROL")
        .or_else(|| app.env.var("AWS_ENDPOINT_URL"))
        .unwrap_or_default();
    let host =
        endpoint.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Asks who we are at every place of the stack, and holds the answers against `settings.accounts` and
/// `settings.regions`. Gives the account.
///
/// # Errors
/// The cloud does not say, or it is the wrong account or region.
pub async fn check_account(
    link: &Link,
    loaded: &Loaded,
    mut targets: Vec<Target>,
) -> Result<Option<String>, Stopped> {
    let settings = loaded.stack.settings();
    let mut problems = wrong_regions(settings, &targets);
    let mut account = None;
    if !settings.accounts.is_empty() && !targets.iter().any(is_aws) {
        // A script changes what its own commands reach, with the same credentials.
        targets.push(Target {
            region: Some(loaded.stack.default_region().unwrap_or_else(|| LAST_REGION.to_owned()).into()),
            provider: AWS.into(),
            role_arn: None,
            type_version_id: None,
            credential: None,
        });
    }
    for (at, answer) in callers(&link.provider, targets).await {
        match answer {
            Err(failure) => {
                let problem = caller_failed(&failure);
                if !problems.iter().any(|p| p.notes == problem.notes) {
                    problems.push(problem);
                }
            }
            Ok(caller) => {
                // Other providers have no account of AWS.
                let is_meant = settings.accounts.is_empty()
                    || !is_aws(&at)
                    || settings.accounts.iter().any(|allowed| allowed == caller.account.as_str());
                if !is_meant {
                    problems.push(
                        Diagnostic::error(
                            codes::WRONG_ACCOUNT,
                            format!("these credentials are of account {}", caller.account),
                        )
                        .note("allowed", settings.accounts.join(", "))
                        .note("caller", caller.arn)
                        .next("use the credentials of that account, or change settings.accounts"),
                    );
                }
                // Keys of other providers have no account that anybody could ask for.
                if is_aws(&at) {
                    account.get_or_insert(caller.account.to_string());
                }
            }
        }
    }
    if problems.is_empty() { Ok(account) } else { Err(Stopped { exit: Exit::Error, told: problems }) }
}

fn is_aws(target: &Target) -> bool {
    target.provider.as_str() == AWS
}

/// Regions that `settings.regions` does not allow.
pub fn wrong_regions(settings: &Settings, targets: &[Target]) -> Diagnostics {
    let mut wrong: Vec<&str> = targets
        .iter()
        .filter_map(|target| target.region.as_ref())
        .map(|region| region.as_str())
        .filter(|region| !settings.regions.is_empty() && !settings.regions.iter().any(|r| r == region))
        .collect();
    wrong.sort_unstable();
    wrong.dedup();
    wrong
        .into_iter()
        .map(|region| {
            Diagnostic::error(
                codes::WRONG_REGION,
                format!("region {region} is not allowed for this environment"),
            )
            .note("allowed", settings.regions.join(", "))
            .next("choose another region, or change settings.regions")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Rate;
    use crate::env::Env;

    fn app(vars: &[(&str, &str)]) -> App {
        let env = Env {
            vars: vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            ..Env::default()
        };
        let settings = crate::settings::Settings::new(&crate::args::Global::default(), &env);
        let console =
            crate::render::Console::new(&settings, Box::new(std::io::sink()), Box::new(std::io::sink()));
        App::new(env, settings, console, None)
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (url, expected) in [
            ("http://127.0.0.1:4566", true),
            ("http://localhost:4566", true),
            ("http://[::1]:4566", true),
            ("https://cloudcontrolapi.us-east-1.amazonaws.com", false),
            ("http://127.0.0.1.example.com", false),
            ("", false),
        ] {
            assert_eq!(is_loopback(&app(&[("AWS_ENDPOINT_URL", url)])), expected, "{url}");
        }
        let both = [
            ("AWS_ENDPOINT_URL", "http://localhost"),
            ("AWS_ENDPOINT_URL_CLOUDCONTROL", "https://a.example"),
        ];
        assert!(!is_loopback(&app(&both)));
    }

    #[test]
    fn the_flag_stands_before_the_manifest_and_both_before_the_default() {
        let settings = Settings {
            rate: stack_manifest::Rate { reads: Some(7), writes: Some(3) },
            ..Settings::default()
        };
        let flag = CloudArgs { rate: Some(Rate { reads: Some(1.0), writes: None }), ..CloudArgs::default() };
        let mixed = limits(&flag, &settings, true);
        assert_eq!((mixed.reads, mixed.writes), (1.0, 3.0));
        let default = limits(&CloudArgs::default(), &Settings::default(), false);
        assert_eq!((default.reads, default.writes, default.parallelism), (20.0, 4.0, 10));
        let loopback = limits(&CloudArgs::default(), &Settings::default(), true);
        assert_eq!((loopback.reads, loopback.writes), (0.0, 0.0));
    }

    #[test]
    fn a_region_that_is_not_allowed_is_named_once() {
        let target = |region: &str| Target {
            provider: "aws".into(),
            region: Some(region.into()),
            role_arn: None,
            type_version_id: None,
            credential: None,
        };
        let settings = Settings { regions: vec!["us-east-1".to_owned()], ..Settings::default() };
        let targets = [target("us-east-1"), target("eu-west-1"), target("eu-west-1")];
        assert_eq!(wrong_regions(&settings, &targets).len(), 1);
        assert!(wrong_regions(&Settings::default(), &targets).is_empty());
    }
}
