//! Signed requests to any service of AWS, for calls that have no SDK client here.
//!
//! The SDK's orchestrator does the work: it takes credentials from the configuration (and its cache), signs with SigV4 at
//! the time of the configuration's clock, and sends over our transport. It makes one attempt. What is ours is what a
//! generated client would add: the endpoint ([`super::endpoint`]) and what an error answer says.

use super::endpoint::{Service, base_url};
use super::failure::failure;
use aws_config::SdkConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::auth::{SigV4OperationSigningConfig, SigningOptions};
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::orchestrator::{
    HttpRequest, HttpResponse, OrchestratorError, SensitiveOutput,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SigningName;
use aws_types::region::{Region as SdkRegion, SigningRegion};
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use stack_core::ids::Region;
use stack_core::provider::{Failure, FailureKind};
use std::fmt;

/// Everything but the unreserved characters of RFC 3986 section 2.3, as SigV4 wants it.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One request, without host and signature. Its body and query may hold secrets and are not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// `GET`, `POST` and so on.
    pub method: http::Method,
    /// From the root, percent-encoded ([`encoded`]): `/instance/a%2Fb`.
    pub path: String,
    /// Parameters, not encoded.
    pub query: Vec<(String, String)>,
    /// Headers, `content-type` too.
    pub headers: http::HeaderMap,
    /// Body; may be empty.
    pub body: Bytes,
}

impl fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl SignedRequest {
    /// A POST of a body to the root, as JSON and Query protocols do.
    pub fn post(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = http::HeaderMap::new();
        headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
        Self {
            method: http::Method::POST,
            path: "/".to_owned(),
            query: Vec::new(),
            headers,
            body: body.into(),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(name, http::HeaderValue::from_static(value));
        self
    }

    fn target(&self) -> String {
        let query = encoded_pairs(self.query.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        if query.is_empty() { self.path.clone() } else { format!("{}?{query}", self.path) }
    }
}

/// A text as one segment of a path, or one part of a query or a form.
pub fn encoded(text: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(text, RESERVED)
}

/// Pairs as a query or a form.
pub(crate) fn encoded_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<String> =
        pairs.into_iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
}

/// Sends a request to a service in a region and gives the good answer, whatever is in it. One attempt.
///
/// Fails with the class of the error answer ([`super::classify`]), whether it is JSON or XML; with what went wrong on
/// the way; or, without a request, where credentials or an endpoint are missing.
pub(crate) async fn send(
    config: &SdkConfig,
    service: &Service,
    region: &Region,
    request: SignedRequest,
) -> Result<http::Response<Bytes>, Failure> {
    let base = base_url(config, service, region)?;
    let Some(http_client) = config.http_client() else {
        return Err(Failure::new(FailureKind::Internal, "RequestNotBuilt", "there is no HTTP client"));
    };
    let operation = Operation::builder()
        .service_name(service.id.clone())
        .operation_name("signed request")
        .http_client(http_client)
        .endpoint_url(&base)
        .no_retry()
        .timeout_config(TimeoutConfig::disabled())
        .runtime_plugin(signing(config, service, region))
        .serializer(serialize)
        .deserializer(deserialize)
        .build();
    operation.invoke(request).await.map_err(|error| failure(&error))
}

/// What a generated client would bring: the credentials, their cache, the clock, how to sign, and the user agent.
fn signing(config: &SdkConfig, service: &Service, region: &Region) -> StaticRuntimePlugin {
    let mut layer = Layer::new("signed request");
    layer.store_put(SensitiveOutput);
    layer.store_put(ApiMetadata::new("signed-request", env!("CARGO_PKG_VERSION")));
    if let Some(name) = config.app_name() {
        layer.store_put(name.clone());
    }
    layer.store_put(SigningName::from(service.signing_name.clone().into_owned()));
    layer.store_put(SigningRegion::from(SdkRegion::new(region.as_str().to_owned())));
    layer.store_put(AuthSchemeOptionResolverParams::new(()));
    let mut signing_options = SigningOptions::default();
    signing_options.double_uri_encode = true;
    signing_options.normalize_uri_path = true;
    layer.store_put(SigV4OperationSigningConfig { signing_options, ..Default::default() });

    let mut components = RuntimeComponentsBuilder::new("signed request");
    components
        .set_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID])))
        .push_auth_scheme(SigV4AuthScheme::new())
        .set_sleep_impl(config.sleep_impl())
        .set_time_source(config.time_source())
        .push_interceptor(UserAgentInterceptor::new());
    if let Some(provider) = config.credentials_provider() {
        components.set_identity_resolver(SCHEME_ID, provider);
    }
    if let Some(cache) = config.identity_cache() {
        components.set_identity_cache(Some(cache));
    }
    StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(components)
}

fn serialize(request: SignedRequest) -> Result<HttpRequest, BoxError> {
    let mut built = http::Request::builder()
        .method(request.method.clone())
        .uri(request.target())
        .body(SdkBody::from(request.body))?;
    *built.headers_mut() = request.headers;
    Ok(HttpRequest::try_from(built)?)
}

fn deserialize(answer: &HttpResponse) -> Result<http::Response<Bytes>, OrchestratorError<ErrorMetadata>> {
    let body = Bytes::copy_from_slice(answer.body().bytes().unwrap_or_default());
    if !answer.status().is_success() {
        return Err(OrchestratorError::operation(told(&body)));
    }
    let mut taken = http::Response::new(body);
    *taken.status_mut() =
        http::StatusCode::from_u16(answer.status().as_u16()).map_err(OrchestratorError::other)?;
    for (name, value) in answer.headers() {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name), http::HeaderValue::try_from(value))
        {
            taken.headers_mut().append(name, value);
        }
    }
    Ok(taken)
}

/// The code and the words of an error body: JSON (`__type` or `code`, `message` in either case: AWS JSON and REST-JSON
/// protocols, "operation error serialization") or XML (`<Error><Code>…`: AWS Query protocol). Nothing, if it is neither.
fn told(body: &[u8]) -> ErrorMetadata {
    let (code, message) = match serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(body) {
        Ok(members) => {
            let text = |names: &[&str]| {
                names.iter().find_map(|name| members.get(*name)?.as_str()).map(str::to_owned)
            };
            (text(&["__type", "code", "Code"]), text(&["message", "Message", "errorMessage"]))
        }
        Err(_) => std::str::from_utf8(body).ok().and_then(super::xml::error).unwrap_or_default(),
    };
    let mut told = ErrorMetadata::builder();
    told = code.into_iter().fold(told, |told, code| told.code(code));
    message.into_iter().fold(told, |told, message| told.message(message)).build()
}

#[cfg(test)]
mod tests {
    use super::super::endpoint::TAGGING;
    use super::*;
    use crate::{InProcess, SdkHttpClient};
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use aws_smithy_async::time::StaticTimeSource;
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, UNIX_EPOCH};

    /// The moment of AWS's own examples of SigV4: 2015-08-30T12:36:00Z.
    #[tokio::test]
    async fn the_clock_of_the_configuration_counts() {
        let seen = Arc::new(Mutex::new(String::new()));
        let keep = Arc::clone(&seen);
        let transport = InProcess::new(move |request| {
            *keep.lock().unwrap() = request.headers()["x-amz-date"].to_str().unwrap().to_owned();
            async { Ok(http::Response::new(Bytes::new())) }
        });
        let credentials = Credentials::new("AKIDEXAMPLE", "s", None, None, "test");
        let config = SdkConfig::builder()
            .http_client(SdkHttpClient::new(Arc::new(transport)))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .time_source(StaticTimeSource::new(UNIX_EPOCH + Duration::from_secs(1_440_938_160)))
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .build();
        let request = SignedRequest::post("application/json", "{}");
        send(&config, &TAGGING, &Region::new("us-east-1"), request).await.unwrap();
        assert_eq!(*seen.lock().unwrap(), "20150830T123600Z");
    }
}
