//! Which endpoint a request is for, and the addresses that answers name (confluent.md section 1).
//!
//! Public host names are understood as they are. On any other host, such as loopback, the path decides: the groups of
//! the control plane, `/dataplane/lkc-…/`, `/dataplane/lsrc-…/` and `/dataplane/flink.aws.us-east-1/` in front of a
//! data plane's own paths, and those paths bare where they or the key tell which one is meant.

use super::config::{Config, Next};
use super::errors::Dialect;
use bytes::Bytes;
use http::Request;
use serde_json::Value as Json;

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Plane {
    Control,
    /// Kafka REST of a cluster.
    Kafka(String),
    /// A Schema Registry; `None`: the one that the key opens.
    Registry(Option<String>),
    /// Flink REST of a region, `aws.us-east-1`; `None`: the one that the key opens.
    Flink(Option<String>),
}

impl Plane {
    /// The class of `confluent-api.tsv`.
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Kafka(_) => "kafka",
            Self::Registry(_) => "sr",
            Self::Flink(_) => "flink",
        }
    }

    /// How it spells its errors.
    pub(crate) fn dialect(&self, path: &str) -> Dialect {
        match self {
            Self::Control if path.starts_with("/connect/v1/environments/") => Dialect::Connect,
            Self::Control | Self::Flink(_) => Dialect::Control,
            Self::Kafka(_) | Self::Registry(_) => Dialect::Numbered,
        }
    }
}

/// First segments of the control plane's paths.
const CONTROL: &[&str] = &[
    "artifact",
    "billing",
    "byok",
    "cam",
    "ccl",
    "ccpm",
    "cdx",
    "cmk",
    "configurationcontrol",
    "connect",
    "endpoint",
    "fcpm",
    "iam",
    "kafka-quotas",
    "ksqldbcm",
    "networking",
    "notifications",
    "org",
    "partner",
    "pim",
    "rtce",
    "service-quota",
    "service_accounts",
    "srcm",
    "stream-governance",
    "sts",
    "tableflow",
    "users",
    "usm",
];
/// First segments of a Schema Registry's paths.
const REGISTRY: &[&str] = &[
    "catalog",
    "clusterconfig",
    "compatibility",
    "config",
    "contexts",
    "dek-registry",
    "exporters",
    "mode",
    "schemas",
    "subjects",
];
const DATAPLANE: &str = "/dataplane/";
const PUBLIC: &str = "https://api.confluent.cloud";

/// The endpoint of a request and the path there; `None` if the request is not for Confluent.
pub(crate) fn locate(request: &Request<Bytes>, config: &Config) -> Option<(Plane, String)> {
    let path = request.uri().path();
    let host = host(request).unwrap_or_default();
    let name = host.split(':').next().unwrap_or(host);
    if let Some(front) = name.strip_suffix(".confluent.cloud") {
        return public(front).map(|plane| (plane, path.to_owned()));
    }
    let prefix = config.base_url.as_deref().map(base_path).unwrap_or_default();
    let path = path.strip_prefix(prefix).filter(|rest| rest.starts_with('/')).unwrap_or(path);
    if let Some(rest) = path.strip_prefix(DATAPLANE) {
        let (name, rest) = rest.split_once('/').unwrap_or((rest, ""));
        return Some((data_plane(name)?, format!("/{rest}")));
    }
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let plane = match segments.as_slice() {
        ["kafka", "v3", "clusters", cluster, ..] => Plane::Kafka((*cluster).to_owned()),
        ["sql", "v1", ..] => Plane::Flink(None),
        [first, ..] if CONTROL.contains(first) => Plane::Control,
        [first, ..] if REGISTRY.contains(first) => Plane::Registry(None),
        _ => return None,
    };
    Some((plane, path.to_owned()))
}

fn host(request: &Request<Bytes>) -> Option<&str> {
    let header = request.headers().get("host").and_then(|value| value.to_str().ok());
    header.or_else(|| request.uri().authority().map(http::uri::Authority::as_str))
}

fn base_path(base: &str) -> &str {
    let rest = base.split_once("://").map_or(base, |(_, rest)| rest);
    rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default().trim_end_matches('/')
}

fn data_plane(name: &str) -> Option<Plane> {
    if name.starts_with("lkc-") {
        Some(Plane::Kafka(name.to_owned()))
    } else if name.starts_with("lsrc-") {
        Some(Plane::Registry(Some(name.to_owned())))
    } else {
        name.strip_prefix("flink.").map(|region| Plane::Flink(Some(region.to_owned())))
    }
}

/// The endpoint of a public host name without `.confluent.cloud`.
fn public(front: &str) -> Option<Plane> {
    let parts: Vec<&str> = front.split('.').collect();
    match parts.as_slice() {
        ["api"] => Some(Plane::Control),
        ["flink", region, cloud] => Some(Plane::Flink(Some(format!("{cloud}.{region}")))),
        [cluster, _, _] if cluster.starts_with("pkc-") => {
            Some(Plane::Kafka(cluster.replacen("pkc-", "lkc-", 1)))
        }
        [registry, _, _] if registry.starts_with("psrc-") => {
            Some(Plane::Registry(Some(registry.replacen("psrc-", "lsrc-", 1))))
        }
        _ => None,
    }
}

/// Marks texts that become addresses when they are shown. From the private use area, which no caller sends.
const MARK: char = '\u{e000}';

/// A path of the control plane, to be shown as an address.
pub(crate) fn link(path: &str) -> Json {
    Json::from(format!("{MARK}link {path}"))
}

/// The REST address of a Kafka cluster in a region such as `aws.us-east-1`, to be shown later.
pub(crate) fn kafka_address(cluster: &str, region: &str) -> Json {
    Json::from(format!("{MARK}kafka {cluster} {region}"))
}

/// The address of a Schema Registry, to be shown later.
pub(crate) fn registry_address(registry: &str, region: &str) -> Json {
    Json::from(format!("{MARK}registry {registry} {region}"))
}

/// The address of Flink in a region, to be shown later.
pub(crate) fn flink_address(region: &str) -> Json {
    Json::from(format!("{MARK}flink {region}"))
}

/// What addresses begin with in the answers to one request.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    /// `None`: the public names.
    base: Option<String>,
    next: Next,
}

impl Links {
    pub(crate) fn of(request: &Request<Bytes>, config: &Config) -> Self {
        let own = config.base_url.as_ref().map(|base| base.trim_end_matches('/').to_owned());
        let loopback = || {
            let host = host(request)?;
            let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
            matches!(name, "localhost" | "127.0.0.1" | "[::1]").then(|| format!("http://{host}"))
        };
        Self { base: own.or_else(loopback), next: config.next }
    }

    /// The public names.
    pub(crate) fn public() -> Self {
        Self { base: None, next: Next::Public }
    }

    /// The address of a path of the control plane.
    pub(crate) fn control(&self, path: &str) -> String {
        format!("{}{path}", self.base.as_deref().unwrap_or(PUBLIC))
    }

    /// The address of a next page; `path` as on its own plane.
    pub(crate) fn next(&self, plane: &Plane, path: &str) -> String {
        match (plane, self.next) {
            (Plane::Control, Next::Public) => format!("{PUBLIC}{path}"),
            (Plane::Flink(Some(region)), _) => format!("{}{path}", self.address("flink", "", region)),
            _ => self.control(path),
        }
    }

    fn address(&self, what: &str, id: &str, region: &str) -> String {
        let (cloud, area) = region.split_once('.').unwrap_or((region, ""));
        match (&self.base, what) {
            (Some(base), "flink") => format!("{base}{DATAPLANE}flink.{region}"),
            (Some(base), _) => format!("{base}{DATAPLANE}{id}"),
            (None, "flink") => format!("https://flink.{area}.{cloud}.confluent.cloud"),
            (None, "registry") => {
                format!("https://{}.{area}.{cloud}.confluent.cloud", id.replacen("lsrc-", "psrc-", 1))
            }
            (None, _) => {
                format!("https://{}.{area}.{cloud}.confluent.cloud:443", id.replacen("lkc-", "pkc-", 1))
            }
        }
    }

    /// Replaces the marked texts.
    pub(crate) fn resolve(&self, value: &mut Json) {
        match value {
            Json::Object(map) => map.values_mut().for_each(|value| self.resolve(value)),
            Json::Array(items) => items.iter_mut().for_each(|value| self.resolve(value)),
            Json::String(text) => {
                let Some(marked) = text.strip_prefix(MARK) else { return };
                let words: Vec<&str> = marked.splitn(3, ' ').collect();
                *text = match words.as_slice() {
                    ["link", path] => self.control(path),
                    ["flink", region] => self.address("flink", "", region),
                    [what, id, region] => self.address(what, id, region),
                    _ => String::new(),
                };
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(uri: &str, host: &str, base: Option<&str>) -> Option<(Plane, String)> {
        let request = Request::get(uri).header("host", host).body(Bytes::new()).unwrap();
        locate(&request, &Config { base_url: base.map(str::to_owned), ..Config::default() })
    }

    #[test]
    fn public_hosts_name_their_plane() {
        for (host, plane) in [
            ("api.confluent.cloud", Plane::Control),
            ("pkc-abc.us-east-1.aws.confluent.cloud:443", Plane::Kafka("lkc-abc".to_owned())),
            ("psrc-x.eu-west-1.aws.confluent.cloud", Plane::Registry(Some("lsrc-x".to_owned()))),
            ("flink.us-east-1.aws.confluent.cloud", Plane::Flink(Some("aws.us-east-1".to_owned()))),
        ] {
            assert_eq!(located("/a", host, None), Some((plane, "/a".to_owned())), "{host}");
        }
        assert_eq!(located("/a", "other.confluent.cloud", None), None);
    }

    #[test]
    fn on_loopback_the_path_decides() {
        let host = "127.0.0.1:4000";
        let at = |path: &str| located(path, host, None);
        assert_eq!(at("/org/v2/environments").unwrap().0, Plane::Control);
        assert_eq!(at("/kafka/v3/clusters/lkc-1/topics").unwrap().0, Plane::Kafka("lkc-1".to_owned()));
        assert_eq!(at("/subjects").unwrap().0, Plane::Registry(None));
        let (plane, path) = at("/dataplane/lsrc-9/subjects").unwrap();
        assert_eq!((plane, path.as_str()), (Plane::Registry(Some("lsrc-9".to_owned())), "/subjects"));
        assert_eq!(at("/dataplane/flink.aws.us-east-1/sql/v1").unwrap().0.class(), "flink");
        assert_eq!(at("/dataIntegrations"), None, "not Confluent's");
        let proxied = located("/prefix/org/v2/environments", host, Some("http://127.0.0.1:4000/prefix/"));
        assert_eq!(proxied.unwrap().1, "/org/v2/environments");
    }

    #[test]
    fn addresses_follow_the_base() {
        let request = |host: &str| Request::get("/").header("host", host).body(Bytes::new()).unwrap();
        let shown = |host: &str, mut value: Json| {
            Links::of(&request(host), &Config::default()).resolve(&mut value);
            value
        };
        let kafka = kafka_address("lkc-1", "aws.us-east-1");
        assert_eq!(shown("localhost:1", kafka.clone()), "http://localhost:1/dataplane/lkc-1");
        assert_eq!(shown("api.confluent.cloud", kafka), "https://pkc-1.us-east-1.aws.confluent.cloud:443");
        assert_eq!(
            shown("api.confluent.cloud", flink_address("aws.eu-west-1")),
            "https://flink.eu-west-1.aws.confluent.cloud"
        );
        assert_eq!(shown("localhost:1", link("/org/v2/x")), "http://localhost:1/org/v2/x");
    }
}
