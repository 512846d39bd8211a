//! The one HTTP seam: a request goes out, an answer or a reason comes back.

use async_trait::async_trait;
use bytes::Bytes;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Sends one HTTP request and waits for the whole answer. One attempt, no redirects, no retries.
#[async_trait]
pub trait Transport: Send + Sync + fmt::Debug {
    /// The answer, whatever its status; an error only if there is no complete answer.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError>;
}

/// Why there is no answer. The message never holds any part of a body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    /// What went wrong.
    pub kind: TransportErrorKind,
    /// In words.
    pub message: String,
}

impl TransportError {
    /// An error of a kind, in words.
    pub fn new(kind: TransportErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

/// Kinds of missing answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransportErrorKind {
    /// Our own rules forbid the request: plain HTTP to a host that is not allowed, or no usable URL.
    Refused,
    /// No connection: name not found, refused, unreachable, or not made in time.
    Connect,
    /// No secure connection: certificate or protocol.
    Tls,
    /// Connected, but no answer in time.
    Timeout,
    /// The connection ended before the answer was complete.
    Reset,
    /// The answer is larger than we take.
    TooLarge,
}

impl TransportErrorKind {
    /// True if the service certainly has not seen the request; false if nobody knows.
    pub fn certainly_not_sent(self) -> bool {
        matches!(self, Self::Refused | Self::Connect | Self::Tls)
    }

    /// A code for users and journals.
    pub fn code(self) -> &'static str {
        match self {
            Self::Refused => "RequestRefused",
            Self::Connect => "ConnectFailed",
            Self::Tls => "TlsFailed",
            Self::Timeout => "AnswerTimeout",
            Self::Reset => "ConnectionLost",
            Self::TooLarge => "AnswerTooLarge",
        }
    }
}

/// A future on the heap.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

type Handler =
    dyn Fn(http::Request<Bytes>) -> BoxFuture<Result<http::Response<Bytes>, TransportError>> + Send + Sync;

/// A transport without sockets: a function answers.
#[derive(Clone)]
pub struct InProcess(Arc<Handler>);

impl InProcess {
    /// Answers with a function that may wait.
    pub fn new<H, F>(handler: H) -> Self
    where
        H: Fn(http::Request<Bytes>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<http::Response<Bytes>, TransportError>> + Send + 'static,
    {
        Self(Arc::new(move |request| Box::pin(handler(request))))
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

#[async_trait]
impl Transport for InProcess {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        (self.0)(request).await
    }
}
