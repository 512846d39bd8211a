//! What a run would reach: region, profile, endpoints, credentials, and who we are. At most a few seconds.

use super::Checks;
use crate::app::App;
use crate::args::{CloudArgs, InfoArgs};
use crate::errors::caller_failed;
use crate::render::time::utc;
use crate::sandbox::Sandbox;
use crate::wire::{aws_settings, net, region};
use stack_core::ids::{Region, Target};
use stack_core::provider::Provider;
use stack_engine::clock::{Clock, SystemClock};
use stack_manifest::Settings;
use stack_providers::Transport;
use stack_providers::aws::{Aws, ConnectError, connect, without_user};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

const GROUP: &str = "Cloud";
/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The variables that move an endpoint.
const ENDPOINTS: [&str; 6] = [
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_CLOUDCONTROL",
    "AWS_ENDPOINT_URL_STS",
    "AWS_ENDPOINT_URL_CLOUDFORMATION",
    "AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API",
    "CONFLUENT_CLOUD_ENDPOINT",
];

/// The answer, if it comes in time.
async fn soon<T>(patience: Option<Duration>, question: impl Future<Output = T>) -> Result<T, String> {
    let patience = patience.unwrap_or(PATIENCE).min(PATIENCE);
    tokio::time::timeout(patience, question)
        .await
        .map_err(|_| format!("no answer within {} s", patience.as_secs_f64()))
}

pub(super) async fn look(app: &App, args: &InfoArgs, settings: &Settings, checks: &mut Checks) {
    let cloud = &args.cloud;
    endpoints(app, cloud, checks);
    let transport: Arc<dyn Transport> = if cloud.sandbox {
        // An own one: looking leaves nothing behind.
        let sandbox = Sandbox::in_memory(Default::default(), Arc::clone(&app.schemas) as _);
        Arc::new(Arc::new(sandbox).transport(Arc::new(SystemClock)))
    } else {
        match net(app, cloud) {
            Ok(net) => Arc::new(net),
            Err(error) => {
                let next = "mend the proxy variables, or the certificates (SSL_CERT_FILE)";
                return checks.fail(GROUP, "network", error.to_string(), next);
            }
        }
    };
    let connected = connect(transport, Arc::clone(&app.schemas) as _, aws_settings(app, cloud, settings));
    let aws = match soon(cloud.timeout, connected).await {
        Ok(Ok(aws)) => aws,
        Ok(Err(error)) => {
            let name = if matches!(error, ConnectError::Endpoint { .. }) { "endpoints" } else { "profile" };
            let next = "stack-deploy explain SD7001";
            return checks.fail(GROUP, name, error.to_string(), next);
        }
        Err(why) => {
            let next = "give --region or AWS_REGION, or set AWS_EC2_METADATA_DISABLED=true outside AWS";
            return checks.fail(GROUP, "region", format!("{why} of the chain that finds it"), next);
        }
    };
    let here = where_we_are(app, cloud, settings, &aws, checks);
    // Without credentials the answer to the next question is the same failure.
    if credentials(app, cloud, settings, &aws, checks).await {
        caller(cloud, settings, &aws, here, checks).await;
    }
}

fn endpoints(app: &App, cloud: &CloudArgs, checks: &mut Checks) {
    if cloud.sandbox {
        return checks.ok(GROUP, "endpoints", "the built-in cloud, in this process");
    }
    let set: Vec<(&str, &str)> =
        ENDPOINTS.into_iter().filter_map(|name| app.env.var(name).map(|url| (name, url))).collect();
    if set.is_empty() {
        return checks.ok(GROUP, "endpoints", "those of the providers");
    }
    for (name, url) in set {
        let uri = url.parse::<http::Uri>().ok();
        let host = uri.as_ref().and_then(http::Uri::host).unwrap_or_default().to_owned();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let is_loopback = bare == "localhost"
            || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        let is_http = uri.as_ref().and_then(http::Uri::scheme_str) == Some("http");
        let is_allowed = cloud
            .allow_http
            .iter()
            .any(|allowed| allowed == bare || allowed.starts_with(&format!("{bare}:")));
        if is_http && !is_loopback && !is_allowed {
            let next = format!("use https, or allow it with --allow-http {bare}");
            checks.fail(GROUP, "endpoints", format!("{name} is plain http to {bare}"), next);
        } else {
            checks.ok(GROUP, "endpoints", format!("{} from {name}", without_user(url)));
        }
    }
}

fn profile_of(app: &App, cloud: &CloudArgs, settings: &Settings) -> Option<(String, &'static str)> {
    let flag = cloud.profile.clone().map(|name| (name, "--profile"));
    let manifest = || settings.profile.clone().map(|name| (name, "settings.profile"));
    let env = || app.env.var("AWS_PROFILE").map(|name| (name.to_owned(), "AWS_PROFILE"));
    flag.or_else(manifest).or_else(env)
}

/// Region and profile, and where each comes from.
fn where_we_are(
    app: &App,
    cloud: &CloudArgs,
    settings: &Settings,
    aws: &Aws,
    checks: &mut Checks,
) -> Option<Region> {
    let profile = profile_of(app, cloud, settings);
    if !cloud.sandbox {
        let words = profile.as_ref().map_or_else(
            || "none named: `default`, if there is one".to_owned(),
            |(name, from)| format!("{name}, from {from}"),
        );
        checks.ok(GROUP, "profile", words);
    }
    let from = if cloud.region.is_some() {
        "--region".to_owned()
    } else if app.env.var("AWS_REGION").is_some() {
        "AWS_REGION".to_owned()
    } else if app.env.var("AWS_DEFAULT_REGION").is_some() {
        "AWS_DEFAULT_REGION".to_owned()
    } else if region(app, cloud).is_some() {
        "the sandbox".to_owned()
    } else {
        let name = profile.map_or_else(|| "default".to_owned(), |(name, _)| name);
        format!("profile {name} or instance metadata")
    };
    let found = aws.region();
    match &found {
        Some(region) => checks.ok(GROUP, "region", format!("{region}, from {from}")),
        None => checks.warn(
            GROUP,
            "region",
            "none: resources must name one",
            "give --region or AWS_REGION, or write region into the profile",
        ),
    }
    found
}

/// Which member of the chain has credentials; false if none has.
async fn credentials(
    app: &App,
    cloud: &CloudArgs,
    settings: &Settings,
    aws: &Aws,
    checks: &mut Checks,
) -> bool {
    let name = "credentials";
    if cloud.sandbox {
        checks.ok(GROUP, name, "none are needed for the built-in cloud");
        return true;
    }
    let next = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, give --profile NAME, run `aws sso login`, or try --sandbox";
    match soon(cloud.timeout, aws.credentials()).await {
        Ok(Ok(found)) => {
            let role = settings.assume_role.as_ref().map(|role| format!(", for {role}")).unwrap_or_default();
            let text = format!("by {}, key …{}{role}", found.member, found.key);
            match found.expires_at_ms {
                Some(at) if at <= SystemClock.now_ms() => {
                    checks.fail(GROUP, name, format!("{text}: expired at {}", utc(at)), "renew them");
                    return false;
                }
                Some(at) => checks.ok(GROUP, name, format!("{text}, until {}", utc(at))),
                None => checks.ok(GROUP, name, text),
            }
            true
        }
        Ok(Err(why)) => {
            // The last member of the chain speaks for all of them; what it says is of no use elsewhere.
            let text = if why.contains("IMDS") {
                "none: no variable, profile, session, role or instance has any".to_owned()
            } else {
                format!("none: {why}")
            };
            checks.fail(GROUP, name, text, next);
            false
        }
        Err(why) => {
            let hint = if app.env.var("AWS_EC2_METADATA_DISABLED").is_none() {
                "outside AWS set AWS_EC2_METADATA_DISABLED=true; else "
            } else {
                ""
            };
            checks.fail(GROUP, name, format!("{why} of the chain that finds them"), format!("{hint}{next}"));
            false
        }
    }
}

/// Who we are, held against what the manifest allows.
async fn caller(
    cloud: &CloudArgs,
    settings: &Settings,
    aws: &Aws,
    region: Option<Region>,
    checks: &mut Checks,
) {
    let at = Target {
        provider: "aws".into(),
        // STS answers in every region alike.
        region: region.or_else(|| Some(Region::new("us-east-1"))),
        role_arn: None,
        type_version_id: None,
        credential: None,
    };
    match soon(cloud.timeout, aws.caller(&at)).await {
        Ok(Ok(caller)) => {
            let account = caller.account.as_str();
            let is_meant =
                settings.accounts.is_empty() || settings.accounts.iter().any(|allowed| allowed == account);
            if is_meant {
                checks.ok(GROUP, "caller", format!("{}, account {account}", caller.arn));
            } else {
                let text =
                    format!("{}, account {account}; allowed: {}", caller.arn, settings.accounts.join(", "));
                checks.fail(
                    GROUP,
                    "caller",
                    text,
                    "use credentials of an allowed account, or change settings.accounts",
                );
            }
        }
        Ok(Err(failure)) => {
            let next = caller_failed(&failure).notes.pop().map(|(_, text)| text).unwrap_or_default();
            checks.fail(GROUP, "caller", failure.to_string(), next);
        }
        Err(why) => {
            checks.fail(GROUP, "caller", format!("{why} of STS"), "check the network, proxies and endpoints");
        }
    }
}
