//! The transport over the network: reqwest on rustls with ring.

use crate::transport::{Transport, TransportError, TransportErrorKind};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use http::Uri;
use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

/// The largest answer that is taken, in bytes. A page of 25 resources of 256 KiB each is 6.4 MiB (cloud-control 1.3).
const LARGEST_ANSWER: usize = 64 * 1024 * 1024;

/// Addresses of instance and container credentials, which have no HTTPS (aws-config `imds` and `ecs`).
const METADATA_ADDRESSES: [&str; 5] =
    ["169.254.169.254", "fd00:ec2::254", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"];

/// How to reach the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetSettings {
    /// Hosts that may be called over plain HTTP beside loopback: `host` or `host:port`.
    pub allow_http: Vec<String>,
    /// Proxies, if the caller's environment names some.
    pub proxies: Proxies,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
    /// Longest silence of a service: until the answer begins, and between two of its pieces.
    pub read_timeout: Duration,
    /// Longest time for the whole call.
    pub timeout: Duration,
}

impl Default for NetSettings {
    fn default() -> Self {
        Self {
            allow_http: Vec::new(),
            proxies: Proxies::default(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(60),
            timeout: Duration::from_secs(120),
        }
    }
}

/// Proxies as the usual variables name them. Nothing is read from the process environment here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// `HTTPS_PROXY`.
    pub https: Option<String>,
    /// `HTTP_PROXY`.
    pub http: Option<String>,
    /// `NO_PROXY`: hosts, domains and networks, separated by commas.
    pub none: Option<String>,
}

impl Proxies {
    /// The proxies that an environment names: upper or lower case, `ALL_PROXY` for both. `HTTP_PROXY` counts in lower
    /// case only where a web server may have set it (`REQUEST_METHOD`), as curl does.
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Self {
        let pick = |names: &[&str]| names.iter().find_map(|name| get(name).filter(|value| !value.is_empty()));
        let http: &[&str] =
            if get("REQUEST_METHOD").is_some() { &["http_proxy"] } else { &["http_proxy", "HTTP_PROXY"] };
        Self {
            https: pick(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            http: pick(http).or_else(|| pick(&["all_proxy", "ALL_PROXY"])),
            none: pick(&["no_proxy", "NO_PROXY"]),
        }
    }
}

/// A network transport that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// A proxy setting is no URL.
    #[error("the proxy for {scheme} requests is not usable: {}", root_cause(.source))]
    Proxy {
        /// `https` or `http`.
        scheme: &'static str,
        /// Why.
        source: reqwest::Error,
    },
    /// The client cannot be set up, for example because the system has no certificates (`SSL_CERT_FILE` names others).
    #[error("the HTTP client cannot be set up: {}", root_cause(.0))]
    Client(#[source] reqwest::Error),
}

/// HTTP over the network: pooled connections, HTTP/1.1 and HTTP/2, certificates of the system.
#[derive(Clone, Debug)]
pub struct Net {
    client: reqwest::Client,
    allow_http: Vec<String>,
}

impl Net {
    /// Sets up the client. Installs ring as rustls's provider if the process has none yet.
    pub fn new(settings: &NetSettings) -> Result<Self, NetError> {
        // An error means that another one is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            .timeout(settings.timeout);
        let proxies = &settings.proxies;
        let none = || proxies.none.as_deref().and_then(reqwest::NoProxy::from_string);
        if let Some(url) = &proxies.https {
            let proxy =
                reqwest::Proxy::https(url).map_err(|source| NetError::Proxy { scheme: "https", source })?;
            builder = builder.proxy(proxy.no_proxy(none()));
        }
        if let Some(url) = &proxies.http {
            let proxy =
                reqwest::Proxy::http(url).map_err(|source| NetError::Proxy { scheme: "http", source })?;
            builder = builder.proxy(proxy.no_proxy(none()));
        }
        let client = builder.build().map_err(NetError::Client)?;
        Ok(Self { client, allow_http: settings.allow_http.clone() })
    }
}

#[async_trait]
impl Transport for Net {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        permit(request.uri(), &self.allow_http)?;
        let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let request = reqwest::Request::try_from(request).map_err(|error| refused(&host, &error))?;
        let mut response = self.client.execute(request).await.map_err(|error| unanswered(&host, &error))?;
        let mut body = BytesMut::new();
        while let Some(piece) = response.chunk().await.map_err(|error| unanswered(&host, &error))? {
            if body.len() + piece.len() > LARGEST_ANSWER {
                return Err(TransportError::new(
                    TransportErrorKind::TooLarge,
                    format!("the answer of {host} is larger than {LARGEST_ANSWER} bytes"),
                ));
            }
            body.extend_from_slice(&piece);
        }
        let mut answer = http::Response::new(body.freeze());
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }
}

/// Says whether our own rules let a request out. HTTPS always; plain HTTP to loopback, to the addresses of instance
/// credentials, and to hosts that the user allowed (DESIGN section 7).
pub(crate) fn permit(uri: &Uri, allow_http: &[String]) -> Result<(), TransportError> {
    let Some(host) = uri.host() else {
        return Err(TransportError::new(TransportErrorKind::Refused, format!("`{uri}` names no host")));
    };
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") => {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            let with_port = uri.port().map(|port| format!("{host}:{port}"));
            let allowed = allow_http.iter().any(|entry| {
                let entry = entry.trim();
                entry.eq_ignore_ascii_case(host)
                    || entry.eq_ignore_ascii_case(bare)
                    || with_port.as_deref().is_some_and(|full| entry.eq_ignore_ascii_case(full))
            });
            if allowed || is_loopback(bare) || METADATA_ADDRESSES.contains(&bare) {
                Ok(())
            } else {
                Err(TransportError::new(
                    TransportErrorKind::Refused,
                    format!(
                        "plain HTTP to `{host}` is not allowed (use HTTPS, or allow it with `--allow-http {host}`)"
                    ),
                ))
            }
        }
        _ => Err(TransportError::new(
            TransportErrorKind::Refused,
            format!("`{uri}` is neither an https nor an http URL"),
        )),
    }
}

fn is_loopback(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        // RFC 6761 section 6.3: `localhost` and everything below it is loopback.
        Err(_) => {
            let name = host.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

fn refused(host: &str, error: &reqwest::Error) -> TransportError {
    TransportError::new(
        TransportErrorKind::Refused,
        format!("the request to {host} cannot be made: {}", root_cause(error)),
    )
}

fn unanswered(host: &str, error: &reqwest::Error) -> TransportError {
    let cause = root_cause(error);
    let (kind, message) = if error.is_connect() {
        if chain(error).any(is_tls) {
            (TransportErrorKind::Tls, format!("no secure connection to {host}: {cause}"))
        } else if error.is_timeout() {
            (TransportErrorKind::Connect, format!("no connection to {host} in time"))
        } else {
            (TransportErrorKind::Connect, format!("no connection to {host}: {cause}"))
        }
    } else if error.is_timeout() {
        (TransportErrorKind::Timeout, format!("{host} did not answer in time"))
    } else if error.is_builder() || error.is_redirect() {
        (TransportErrorKind::Refused, format!("the request to {host} cannot be made: {cause}"))
    } else {
        (TransportErrorKind::Reset, format!("the connection to {host} was lost: {cause}"))
    };
    TransportError::new(kind, message)
}

fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// rustls's errors travel inside I/O errors, which do not name them as their source.
fn is_tls(error: &(dyn Error + 'static)) -> bool {
    error.is::<rustls::Error>()
        || error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
            .is_some_and(|inner| is_tls(inner))
}

/// The innermost words; the outer layers only repeat that a request failed, with its URL.
fn root_cause(error: &reqwest::Error) -> String {
    chain(error).last().map_or_else(|| "unknown cause".to_owned(), ToString::to_string)
}
