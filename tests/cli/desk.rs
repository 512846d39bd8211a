//! A service that nobody has heard of: a ticket desk with queues and tickets, over real sockets. The program knows it by a
//! definition file only (docs/guide/own-service.md).
//!
//! It is strict: it wants its token, refuses members that it does not know, makes queues take a while, shows a webhook's secret
//! once, and lists two at a time.
#![expect(clippy::unwrap_used, reason = "a request of another shape is a failed test")]

use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The token that the desk wants.
pub(crate) const TOKEN: &str = "desk-t0ken-5ecret";

/// A request as it came: method, path with query, body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    fn is_write(&self) -> bool {
        self.method != "GET"
    }
}

/// An answer: status, further headers, body.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    pub(crate) fn of(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn json(status: u16, body: &Json) -> Self {
        Self::of(status, body.to_string()).with("content-type", "application/json")
    }

    fn error(status: u16, words: &str) -> Self {
        Self::json(status, &json!({ "error": { "code": status, "message": words } }))
    }
}

#[derive(Default)]
struct State {
    made: u32,
    /// Id → queue, with how often its state was asked for since it last changed.
    queues: BTreeMap<String, (Json, u32)>,
    /// Queue and number → ticket.
    tickets: BTreeMap<(String, String), Json>,
    history: Vec<Request>,
    /// Answers in place of the desk's: beginning of `METHOD path`, answer.
    instead: Vec<(String, Answer)>,
}

/// The desk; it ends with the process.
pub(crate) struct Desk {
    state: Arc<Mutex<State>>,
    pub(crate) url: String,
}

impl Desk {
    /// Opens it, with queues of others in it already.
    pub(crate) fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut state = State { made: 1000, ..State::default() };
        for (id, name) in
            [("q-1", "sales"), ("q-2", "returns"), ("q-3", "parts"), ("q-4", "spare"), ("q-5", "press")]
        {
            let queue = json!({ "id": id, "name": name, "settings": { "priority": 5, "labels": [] }, "state": "OPEN" });
            state.queues.insert(id.to_owned(), (queue, 9));
        }
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { state, url }
    }

    /// From now on requests that begin so get this answer.
    pub(crate) fn instead(&self, begins: &str, answer: Answer) {
        self.state.lock().unwrap().instead.push((begins.to_owned(), answer));
    }

    /// All requests so far; forgets them.
    pub(crate) fn history(&self) -> Vec<Request> {
        std::mem::take(&mut self.state.lock().unwrap().history)
    }

    /// What would have changed something since the last question.
    pub(crate) fn writes(&self) -> Vec<String> {
        let history = self.history();
        history
            .iter()
            .filter(|one| one.is_write())
            .map(|one| format!("{} {}", one.method, one.path))
            .collect()
    }

    /// Puts a queue there, as somebody else would.
    pub(crate) fn plant(&self, id: &str, name: &str) {
        let queue =
            json!({ "id": id, "name": name, "settings": { "priority": 5, "labels": [] }, "state": "OPEN" });
        self.state.lock().unwrap().queues.insert(id.to_owned(), (queue, 9));
    }

    /// Names of the queues.
    pub(crate) fn queues(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        state.queues.values().map(|(queue, _)| queue["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Number of tickets.
    pub(crate) fn tickets(&self) -> usize {
        self.state.lock().unwrap().tickets.len()
    }
}

fn serve(stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    if reader.read_line(&mut first).unwrap_or_default() == 0 {
        return;
    }
    let mut words = first.split_whitespace();
    let (method, path) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut request = Request { method, path, headers, body: Vec::new() };
    request.body = vec![0; request.header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut request.body).unwrap();
    let answer = {
        let mut state = state.lock().unwrap();
        state.history.push(request.clone());
        answer(&mut state, &request)
    };
    let mut text = format!("HTTP/1.1 {} Answer\r\nconnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n", answer.body.len()));
    let mut stream = stream;
    // The other side may have had enough.
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.write_all(&answer.body));
}

fn answer(state: &mut State, request: &Request) -> Answer {
    let line = format!("{} {}", request.method, request.path);
    if let Some((_, answer)) = state.instead.iter().find(|(begins, _)| line.starts_with(begins)) {
        return answer.clone();
    }
    if request.header("authorization") != format!("Bearer {TOKEN}") {
        return Answer::error(401, "who are you?");
    }
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let body: Json = serde_json::from_slice(&request.body).unwrap_or(Json::Null);
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["v1", "queues"]) => {
            let all = state.queues.values().map(|(queue, _)| queue.clone()).collect();
            page(all, query)
        }
        ("POST", ["v1", "queues"]) => make(state, &body),
        ("GET", ["v1", "queues", id]) => look(state, id),
        ("PATCH", ["v1", "queues", id]) => change(state, id, &body),
        ("DELETE", ["v1", "queues", id]) => match state.queues.get_mut(*id) {
            Some(_) if state.tickets.keys().any(|(queue, _)| queue == id) => {
                Answer::error(409, "tickets wait in this queue")
            }
            Some((queue, looks)) => {
                queue["state"] = "CLOSING".into();
                *looks = 0;
                Answer::of(202, "")
            }
            None => Answer::error(404, "no such queue"),
        },
        ("GET", ["v1", "queues", queue, "tickets"]) => {
            let all = state.tickets.iter().filter(|((of, _), _)| of == queue);
            page(all.map(|(_, ticket)| ticket.clone()).collect(), query)
        }
        ("PUT", ["v1", "queues", queue, "tickets", number]) => put(state, queue, number, &body),
        ("GET", ["v1", "queues", queue, "tickets", number]) => {
            let found = state.tickets.get(&((*queue).to_owned(), (*number).to_owned()));
            found.map_or_else(|| Answer::error(404, "no such ticket"), |ticket| Answer::json(200, ticket))
        }
        ("DELETE", ["v1", "queues", queue, "tickets", number]) => {
            match state.tickets.remove(&((*queue).to_owned(), (*number).to_owned())) {
                Some(_) => Answer::of(204, ""),
                None => Answer::error(404, "no such ticket"),
            }
        }
        _ => Answer::error(404, "no such path"),
    }
}

/// Two at a time; the token of the next page is the number of the first there.
fn page(all: Vec<Json>, query: &str) -> Answer {
    let of = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let after: usize = of("after").and_then(|text| text.parse().ok()).unwrap_or(0);
    let size: usize = of("limit").and_then(|text| text.parse().ok()).unwrap_or(2).min(2);
    let items: Vec<&Json> = all.iter().skip(after).take(size).collect();
    let next = (after + size < all.len()).then(|| (after + size).to_string());
    Answer::json(200, &json!({ "items": items, "next": next }))
}

fn unknown<'b>(body: &'b Json, known: &[&str]) -> Option<&'b String> {
    body.as_object().into_iter().flat_map(Map::keys).find(|key| !known.contains(&key.as_str()))
}

fn make(state: &mut State, body: &Json) -> Answer {
    if let Some(member) = unknown(body, &["name", "settings"]) {
        return Answer::error(400, &format!("unknown member {member}"));
    }
    let Some(name) = body["name"].as_str() else { return Answer::error(400, "name is missing") };
    state.made += 1;
    let id = format!("q-{}", state.made);
    let mut settings = json!({ "priority": 5, "labels": [] });
    for (key, value) in body["settings"].as_object().into_iter().flatten() {
        settings[key] = value.clone();
    }
    let queue = json!({ "id": id, "name": name, "settings": settings, "state": "OPENING" });
    let mut shown = queue.clone();
    shown["webhook_secret"] = format!("whsec-{}-once", state.made).into();
    state.queues.insert(id, (queue, 0));
    Answer::json(201, &shown)
}

fn look(state: &mut State, id: &str) -> Answer {
    let Some((queue, looks)) = state.queues.get_mut(id) else {
        return Answer::error(404, "no such queue");
    };
    *looks += 1;
    match (queue["state"].as_str().unwrap(), *looks) {
        ("OPENING", 2..) => queue["state"] = "OPEN".into(),
        ("CLOSING", 2..) => {
            state.queues.remove(id);
            return Answer::error(404, "no such queue");
        }
        _ => {}
    }
    Answer::json(200, queue)
}

fn change(state: &mut State, id: &str, body: &Json) -> Answer {
    if let Some(member) = unknown(body, &["settings"]) {
        return Answer::error(400, &format!("{member} cannot be changed"));
    }
    let Some((queue, _)) = state.queues.get_mut(id) else {
        return Answer::error(404, "no such queue");
    };
    for (key, value) in body["settings"].as_object().into_iter().flatten() {
        queue["settings"][key] = value.clone();
    }
    Answer::json(200, queue)
}

fn put(state: &mut State, queue: &str, number: &str, body: &Json) -> Answer {
    if let Some(member) = unknown(body, &["subject", "urgent"]) {
        return Answer::error(400, &format!("unknown member {member}"));
    }
    match state.queues.get(queue) {
        Some((found, _)) if found["state"] == "OPEN" => {}
        Some(_) => return Answer::error(409, "the queue is not open"),
        None => return Answer::error(404, "no such queue"),
    }
    let mut ticket = body.clone();
    ticket["number"] = number.into();
    ticket["queue"] = json!({ "id": queue });
    state.tickets.insert((queue.to_owned(), number.to_owned()), ticket.clone());
    Answer::json(200, &ticket)
}
