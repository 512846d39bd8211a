//! Clients of the clouds: AWS Cloud Control and the HTTP transport seam.
//!
//! Everything here makes exactly one attempt per call. Retries, pacing and waiting belong to the engine.

pub mod aws;
mod net;
mod redacted;
pub mod rest;
mod routed;
mod smithy;
mod transport;

pub use net::{Net, NetError, NetSettings, Proxies};
pub use redacted::Redacted;
pub use routed::Routed;
pub use smithy::SdkHttpClient;
pub use transport::{BoxFuture, InProcess, Transport, TransportError, TransportErrorKind};
