//! Makes a [`Transport`] the HTTP client of the AWS SDK, for service calls and for the credential chain alike.

use crate::transport::{Transport, TransportError, TransportErrorKind};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// The SDK's view of a transport.
#[derive(Clone, Debug)]
pub struct SdkHttpClient(Arc<dyn Transport>);

impl SdkHttpClient {
    /// Wraps a transport.
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        Self(transport)
    }
}

impl HttpClient for SdkHttpClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector { transport: Arc::clone(&self.0), limit: limit(settings) })
    }
}

/// The longest that a call may take. Service calls set neither timeout (the transport has its own); the lookup of
/// instance credentials sets both to a second, so that a machine without them is not held up.
fn limit(settings: &HttpConnectorSettings) -> Option<Duration> {
    settings.read_timeout().map(|read| settings.connect_timeout().map_or(read, |connect| read.max(connect)))
}

#[derive(Debug)]
struct Connector {
    transport: Arc<dyn Transport>,
    limit: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let transport = Arc::clone(&self.transport);
        let limit = self.limit;
        HttpConnectorFuture::new(async move {
            let request = outgoing(request)?;
            let sent = transport.send(request);
            let answer = match limit {
                Some(limit) => match tokio::time::timeout(limit, sent).await {
                    Ok(answer) => answer,
                    Err(_) => Err(TransportError::new(
                        TransportErrorKind::Timeout,
                        format!("no answer within {} ms", limit.as_millis()),
                    )),
                },
                None => sent.await,
            };
            incoming(answer.map_err(connector_error)?)
        })
    }
}

fn outgoing(request: HttpRequest) -> Result<http::Request<Bytes>, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    // Every body of our services is in memory.
    let Some(bytes) = body.bytes() else {
        return Err(ConnectorError::user("a streamed request body cannot be sent".into()));
    };
    Ok(http::Request::from_parts(parts, Bytes::copy_from_slice(bytes)))
}

fn incoming(response: http::Response<Bytes>) -> Result<HttpResponse, ConnectorError> {
    HttpResponse::try_from(response.map(SdkBody::from))
        .map_err(|error| ConnectorError::other(error.into(), None))
}

fn connector_error(error: TransportError) -> ConnectorError {
    match error.kind {
        TransportErrorKind::Timeout => ConnectorError::timeout(error.into()),
        TransportErrorKind::Refused => ConnectorError::user(error.into()),
        TransportErrorKind::Connect | TransportErrorKind::Tls => {
            ConnectorError::io(error.into()).never_connected()
        }
        TransportErrorKind::Reset | TransportErrorKind::TooLarge => ConnectorError::io(error.into()),
    }
}
