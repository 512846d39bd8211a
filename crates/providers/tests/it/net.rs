//! The network transport against sockets of this machine.

use bytes::Bytes;
use stack_providers::{Net, NetSettings, Proxies, Transport, TransportError, TransportErrorKind as Kind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn net(settings: NetSettings) -> Net {
    Net::new(&settings).expect("a client")
}

fn quick() -> NetSettings {
    NetSettings {
        connect_timeout: Duration::from_millis(300),
        read_timeout: Duration::from_millis(300),
        ..NetSettings::default()
    }
}

fn get(url: &str) -> http::Request<Bytes> {
    http::Request::get(url).body(Bytes::new()).expect("a request")
}

async fn error(net: &Net, url: &str) -> TransportError {
    net.send(get(url)).await.expect_err("an error")
}

/// Reads one request up to its blank line and the body that it announces.
async fn request(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut buffer = [0; 1024];
    loop {
        let count = stream.read(&mut buffer).await.expect("readable");
        text.extend_from_slice(&buffer[..count]);
        let so_far = String::from_utf8_lossy(&text).into_owned();
        if let Some((head, body)) = so_far.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| line.split_once(':'))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, value)| value.trim().parse().expect("a number"));
            if body.len() >= length {
                return so_far;
            }
        }
        assert_ne!(count, 0, "the request ended early: {so_far}");
    }
}

/// A server that answers every connection's first request with these bytes, then hangs up. Gives its port and the
/// count of requests.
async fn server(answer: &'static str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            request(&mut stream).await;
            counter.fetch_add(1, Ordering::SeqCst);
            stream.write_all(answer.as_bytes()).await.expect("writable");
        }
    });
    (port, count)
}

#[tokio::test]
async fn a_request_goes_out_whole_and_the_answer_comes_back_whole() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let text = request(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 418 I'm a teapot\r\nx-kind: teapot\r\ncontent-length: 5\r\n\r\nshort")
            .await
            .expect("writable");
        text
    });
    let out = http::Request::post(format!("http://localhost:{port}/path?q=1"))
        .header("x-amz-target", "CloudApiService.GetResource")
        .body(Bytes::from_static(b"{\"a\":1}"))
        .expect("a request");
    let answer = net(NetSettings::default()).send(out).await.expect("an answer");
    assert_eq!(answer.status(), 418);
    assert_eq!(answer.headers()["x-kind"], "teapot");
    assert_eq!(answer.body(), "short");
    let text = served.await.expect("served");
    assert!(text.starts_with("POST /path?q=1 HTTP/1.1\r\n"), "{text}");
    assert!(text.contains("x-amz-target: CloudApiService.GetResource\r\n"), "{text}");
    assert!(text.to_lowercase().contains(&format!("host: localhost:{port}\r\n")), "{text}");
    assert!(text.ends_with("\r\n\r\n{\"a\":1}"), "{text}");
}

#[tokio::test]
async fn redirects_are_answers() {
    let (port, count) =
        server("HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n").await;
    let answer = net(NetSettings::default()).send(get(&format!("http://127.0.0.1:{port}/"))).await;
    assert_eq!(answer.expect("an answer").status(), 302);
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn plain_http_goes_only_to_loopback_and_to_allowed_hosts() {
    let plain = net(quick());
    for url in
        ["http://example.com/", "http://localhost.example.com/", "http://10.0.0.1/", "http://[2001:db8::1]/"]
    {
        let error = error(&plain, url).await;
        assert_eq!(error.kind, Kind::Refused, "{url}: {error}");
        assert!(error.kind.certainly_not_sent());
    }
    assert_eq!(
        error(&plain, "http://example.com:8080/").await.message,
        "plain HTTP to `example.com` is not allowed (use HTTPS, or allow it with `--allow-http example.com`)"
    );
    assert_eq!(error(&plain, "ftp://localhost/").await.kind, Kind::Refused);
    assert_eq!(error(&plain, "/no/host").await.kind, Kind::Refused);

    // Port 1 of loopback is closed: allowed, and then no connection.
    for url in ["http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/", "http://127.9.9.9:1/"] {
        assert_eq!(error(&plain, url).await.kind, Kind::Connect, "{url}");
    }
    let allow = |host: &str| net(NetSettings { allow_http: vec![host.to_owned()], ..quick() });
    for host in ["nowhere.invalid", "NOWHERE.invalid", "nowhere.invalid:81"] {
        assert_eq!(error(&allow(host), "http://nowhere.invalid:81/").await.kind, Kind::Connect, "{host}");
    }
    for host in ["invalid", "nowhere.invalid:80", "other.invalid", ""] {
        assert_eq!(error(&allow(host), "http://nowhere.invalid:81/").await.kind, Kind::Refused, "{host}");
    }
}

#[tokio::test]
async fn no_connection_is_certainly_not_sent() {
    let error = error(&net(quick()), "http://127.0.0.1:1/").await;
    assert_eq!(error.kind, Kind::Connect);
    assert!(error.kind.certainly_not_sent());
    assert!(error.message.starts_with("no connection to 127.0.0.1:1: "), "{error}");
    assert!(error.message.to_lowercase().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_service_that_speaks_no_tls_is_a_tls_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("writable");
            // Leave time to read it.
            let _ = stream.read(&mut [0; 64]).await;
        }
    });
    let error = error(&net(quick()), &format!("https://127.0.0.1:{port}/")).await;
    assert_eq!(error.kind, Kind::Tls, "{error}");
    assert!(error.kind.certainly_not_sent());
}

#[tokio::test]
async fn a_lost_connection_leaves_open_whether_the_call_arrived() {
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this"] {
        let (port, count) = server(answer).await;
        let error = error(&net(quick()), &format!("http://127.0.0.1:{port}/")).await;
        assert_eq!(error.kind, Kind::Reset, "{error}");
        assert!(!error.kind.certainly_not_sent());
        assert_eq!(count.load(Ordering::SeqCst), 1, "one attempt");
    }
}

#[tokio::test]
async fn a_silent_service_leaves_open_whether_the_call_arrived() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let held = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        request(&mut stream).await;
        std::future::pending::<()>().await;
    });
    let error = error(&net(quick()), &format!("http://127.0.0.1:{port}/")).await;
    assert_eq!(error.kind, Kind::Timeout);
    assert!(!error.kind.certainly_not_sent());
    assert_eq!(error.message, format!("127.0.0.1:{port} did not answer in time"));
    held.abort();
}

#[tokio::test]
async fn proxies_are_used_only_if_given() {
    let (port, count) = server("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nproxy").await;
    let allow_http = vec!["nowhere.invalid".to_owned(), "direct.invalid".to_owned()];
    let proxies = Proxies {
        http: Some(format!("http://127.0.0.1:{port}")),
        none: Some("direct.invalid".to_owned()),
        https: None,
    };
    let with = net(NetSettings { allow_http: allow_http.clone(), proxies, ..quick() });
    let answer = with.send(get("http://nowhere.invalid/")).await.expect("an answer of the proxy");
    assert_eq!((answer.body().as_ref(), count.load(Ordering::SeqCst)), (&b"proxy"[..], 1));
    assert_eq!(error(&with, "http://direct.invalid/").await.kind, Kind::Connect);
    let without = net(NetSettings { allow_http, ..quick() });
    assert_eq!(error(&without, "http://nowhere.invalid/").await.kind, Kind::Connect);
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn a_proxy_that_is_no_url_is_an_error_at_once() {
    let proxies = Proxies { https: Some("http://exa mple:1".to_owned()), ..Proxies::default() };
    let error = Net::new(&NetSettings { proxies, ..NetSettings::default() }).expect_err("an error");
    assert!(error.to_string().starts_with("the proxy for https requests is not usable: "), "{error}");
}

#[test]
fn proxies_are_found_in_the_usual_variables() {
    let env = |pairs: &'static [(&str, &str)]| {
        Proxies::from_env(move |name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    };
    assert_eq!(env(&[]), Proxies::default());
    assert_eq!(
        env(&[("HTTPS_PROXY", "http://s"), ("http_proxy", "http://p"), ("NO_PROXY", "x")]),
        Proxies { https: Some("http://s".into()), http: Some("http://p".into()), none: Some("x".into()) }
    );
    assert_eq!(env(&[("HTTPS_PROXY", ""), ("ALL_PROXY", "http://a")]).https.as_deref(), Some("http://a"));
    // A web server puts a request's `Proxy` header there.
    assert_eq!(env(&[("HTTP_PROXY", "http://evil"), ("REQUEST_METHOD", "GET")]).http, None);
}
