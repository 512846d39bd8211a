//! The cloud on a socket: HTTP/1.1, replies as late as the cloud says, lost connections really lost.

use crate::admin;
use crate::cloud::{Cloud, Reply};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Larger bodies are refused by closing the connection: two documents of 256 KiB, escaped, fit well.
const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// The connection is to be closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("connection dropped on purpose")]
struct Dropped;

/// Serves until `shutdown` ends. `now` gives Unix milliseconds. A connection that fails affects no other.
pub async fn serve<N, S>(
    listener: TcpListener,
    cloud: Arc<Mutex<Cloud>>,
    now: N,
    shutdown: S,
) -> io::Result<()>
where
    N: Fn() -> i64 + Clone + Send + Sync + 'static,
    S: Future<Output = ()>,
{
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => {
                let (stream, _) = match accepted {
                    Ok(accepted) => accepted,
                    // The peer went away before we looked: its matter.
                    Err(error) if matches!(
                        error.kind(),
                        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
                    ) => continue,
                    Err(error) => return Err(error),
                };
                connections.spawn(connection(stream, cloud.clone(), now.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
    connections.shutdown().await;
    Ok(())
}

async fn connection<N>(stream: TcpStream, cloud: Arc<Mutex<Cloud>>, now: N)
where
    N: Fn() -> i64 + Clone + Send + Sync + 'static,
{
    // Small answers must not wait for more; a refusal costs latency only.
    drop(stream.set_nodelay(true));
    let service = service_fn(move |request| {
        let (cloud, now) = (cloud.clone(), now.clone());
        async move { answer(request, &cloud, now()).await }
    });
    // A broken connection concerns the peer alone; `Dropped` ends here too.
    drop(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
}

async fn answer(
    request: Request<Incoming>,
    cloud: &Mutex<Cloud>,
    now_ms: i64,
) -> Result<Response<Full<Bytes>>, Dropped> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_LIMIT).collect().await.map_err(|_| Dropped)?.to_bytes();
    let request = Request::from_parts(parts, body);
    let reply = {
        let mut cloud = cloud.lock().unwrap_or_else(PoisonError::into_inner);
        match admin::handle(&mut cloud, &request, now_ms) {
            Some(response) => Reply::Answer { response, after: Duration::ZERO },
            None => cloud.handle(&request, now_ms),
        }
    };
    match reply {
        Reply::Answer { response, after } => {
            wait(after).await;
            Ok(response.map(Full::new))
        }
        Reply::Lost { after } => {
            wait(after).await;
            Err(Dropped)
        }
    }
}

async fn wait(duration: Duration) {
    if !duration.is_zero() {
        tokio::time::sleep(duration).await;
    }
}
