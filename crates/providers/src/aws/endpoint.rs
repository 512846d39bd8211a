//! Where a service of AWS is, by the SDK's rules, for services that have no SDK client here.
//!
//! Sources: the SDK reference guide ("Service-specific endpoints", "Dual-stack and FIPS endpoints") and the endpoint rule
//! sets of botocore 1.44.8, which are the same for all our services but for [`Service::fips_in_gov`].

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use http::Uri;
use stack_core::ids::Region;
use stack_core::partition::Partition;
use stack_core::provider::{Failure, FailureKind};
use std::borrow::Cow;

/// A service of AWS, as far as reaching it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Id of its model, which names its settings: `Resource Groups Tagging API` has
    /// `AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API` and `resource_groups_tagging_api` in a `services` section.
    pub id: Cow<'static, str>,
    /// Name in signatures.
    pub signing_name: Cow<'static, str>,
    /// First label of its host names.
    pub host: Cow<'static, str>,
    /// True if the FIPS host of GovCloud is the usual one (of our services only CloudFormation).
    pub fips_in_gov: bool,
}

impl Service {
    /// A service whose rules are the common ones.
    pub const fn of(id: &'static str, signing_name: &'static str, host: &'static str) -> Self {
        Self {
            id: Cow::Borrowed(id),
            signing_name: Cow::Borrowed(signing_name),
            host: Cow::Borrowed(host),
            fips_in_gov: false,
        }
    }
}

/// The resource groups tagging API.
pub const TAGGING: Service = Service::of("Resource Groups Tagging API", "tagging", "tagging");

/// CloudFormation.
pub const CLOUDFORMATION: Service = Service {
    id: Cow::Borrowed("CloudFormation"),
    signing_name: Cow::Borrowed("cloudformation"),
    host: Cow::Borrowed("cloudformation"),
    fips_in_gov: true,
};

/// The base URL of a service in a region: the configured one, else the one of its partition. It may have a path.
pub(crate) fn base_url(config: &SdkConfig, service: &Service, region: &Region) -> Result<String, Failure> {
    let (fips, dual_stack) =
        (config.use_fips().unwrap_or_default(), config.use_dual_stack().unwrap_or_default());
    match configured(config, service) {
        Some(url) => {
            if fips || dual_stack {
                let what = if fips { "FIPS" } else { "dual-stack" };
                return Err(invalid(format!(
                    "{what} endpoints are configured, and `{url}` for {} too: choose one of them",
                    service.id
                )));
            }
            let usable = url
                .parse::<Uri>()
                .is_ok_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none());
            if usable {
                Ok(url)
            } else {
                Err(invalid(format!("the endpoint `{url}` of {} is no http or https URL", service.id)))
            }
        }
        None => host(service, region, fips, dual_stack).map(|host| format!("https://{host}")),
    }
}

/// Settings of the caller stand first, then those of the service, then those of all services.
fn configured(config: &SdkConfig, service: &Service) -> Option<String> {
    let for_all = config.endpoint_url().map(str::to_owned);
    if config.get_origin("endpoint_url").is_client_config() {
        return for_all;
    }
    // The reference guide writes `services` sections with underscores; the SDK turns spaces into hyphens there.
    let id = service.id.replace(' ', "_");
    let key = ServiceConfigKey::builder()
        .service_id(&id)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    config.service_config().and_then(|settings| settings.load_config(key)).or(for_all)
}

fn host(service: &Service, region: &Region, fips: bool, dual_stack: bool) -> Result<String, Failure> {
    let region = region.as_str();
    // RFC 1123 section 2.1, as the rule sets' `isValidHostLabel`.
    let label = (1..=63).contains(&region.len())
        && region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !region.starts_with('-');
    if !label {
        return Err(invalid(format!("`{region}` is no name of a region")));
    }
    let partition = Partition::of_region(region);
    let usual = service.fips_in_gov && partition.name == "aws-us-gov" && !dual_stack;
    let fips = if fips && !usual { "-fips" } else { "" };
    let suffix = if dual_stack { partition.dual_stack_dns_suffix } else { partition.dns_suffix };
    Ok(format!("{}{fips}.{region}.{suffix}", service.host))
}

fn invalid(message: String) -> Failure {
    Failure::new(FailureKind::Invalid, "RequestNotBuilt", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_config::Region as SdkRegion;
    use aws_sdk_cloudcontrol::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};

    fn config(fips: bool, dual_stack: bool) -> SdkConfig {
        let region = SdkRegion::new("us-east-1");
        SdkConfig::builder().region(region).use_fips(fips).use_dual_stack(dual_stack).build()
    }

    fn url(service: &Service, region: &str, fips: bool, dual_stack: bool) -> String {
        base_url(&config(fips, dual_stack), service, &Region::new(region)).unwrap()
    }

    const REGIONS: [&str; 10] = [
        "us-east-1",
        "eu-west-1",
        "il-central-1",
        "mx-central-1",
        "cn-north-1",
        "us-gov-west-1",
        "us-iso-east-1",
        "us-isob-east-1",
        "eu-isoe-west-1",
        "us-isof-south-1",
    ];

    #[test]
    fn hosts_are_those_of_the_sdks_own_rules() {
        let control = Service::of("CloudControl", "cloudcontrolapi", "cloudcontrolapi");
        for region in REGIONS.into_iter().chain(["eusc-de-east-1"]) {
            for (fips, dual_stack) in [(false, false), (true, false), (false, true), (true, true)] {
                let params = Params::builder()
                    .region(region.to_owned())
                    .use_fips(fips)
                    .use_dual_stack(dual_stack)
                    .build()
                    .unwrap();
                let sdk = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .unwrap()
                    .block_on(DefaultResolver::new().resolve_endpoint(&params));
                let ours = url(&control, region, fips, dual_stack);
                assert_eq!(sdk.unwrap().url(), ours, "{region} {fips} {dual_stack}");
            }
        }
    }

    #[test]
    fn each_service_has_its_host_in_each_partition() {
        let cases = [
            ("us-east-1", false, false, "tagging.us-east-1.amazonaws.com"),
            ("us-east-1", true, false, "tagging-fips.us-east-1.amazonaws.com"),
            ("us-east-1", false, true, "tagging.us-east-1.api.aws"),
            ("cn-north-1", false, false, "tagging.cn-north-1.amazonaws.com.cn"),
            ("cn-north-1", false, true, "tagging.cn-north-1.api.amazonwebservices.com.cn"),
            ("us-gov-west-1", true, false, "tagging-fips.us-gov-west-1.amazonaws.com"),
            ("eusc-de-east-1", false, false, "tagging.eusc-de-east-1.amazonaws.eu"),
            ("us-iso-east-1", false, false, "tagging.us-iso-east-1.c2s.ic.gov"),
        ];
        for (region, fips, dual_stack, expected) in cases {
            assert_eq!(url(&TAGGING, region, fips, dual_stack), format!("https://{expected}"));
        }
        let cases = [
            ("us-east-1", true, false, "cloudformation-fips.us-east-1.amazonaws.com"),
            ("us-gov-west-1", true, false, "cloudformation.us-gov-west-1.amazonaws.com"),
            ("us-gov-west-1", true, true, "cloudformation-fips.us-gov-west-1.api.aws"),
            ("us-gov-west-1", false, false, "cloudformation.us-gov-west-1.amazonaws.com"),
        ];
        for (region, fips, dual_stack, expected) in cases {
            assert_eq!(url(&CLOUDFORMATION, region, fips, dual_stack), format!("https://{expected}"));
        }
    }

    #[test]
    fn a_configured_endpoint_excludes_fips_and_dual_stack_as_in_the_sdk() {
        for (fips, dual_stack, word) in [(true, false, "FIPS"), (false, true, "dual-stack")] {
            let config =
                config(fips, dual_stack).into_builder().endpoint_url("http://localhost:4566").build();
            let failure = base_url(&config, &TAGGING, &Region::new("us-east-1")).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Invalid);
            assert!(failure.message.contains(word), "{failure}");
        }
    }

    #[test]
    fn what_is_no_region_or_no_url_is_told() {
        for region in ["", "not a region/..", "-x", "eu_west"] {
            let failure = base_url(&config(false, false), &TAGGING, &Region::new(region)).unwrap_err();
            assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Invalid, "RequestNotBuilt"));
        }
        for endpoint in ["ftp://x", "localhost", "https://x/?a=b"] {
            let config = config(false, false).into_builder().endpoint_url(endpoint).build();
            assert!(base_url(&config, &TAGGING, &Region::new("us-east-1")).is_err(), "{endpoint}");
        }
    }
}
