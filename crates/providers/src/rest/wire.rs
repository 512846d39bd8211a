//! One request to a service: where it goes, who sends it, and what came back.

use super::errors::{self, Context};
use super::model::{Model, scalar};
use super::settings::Credential;
use super::{Rest, model};
use crate::aws::{Service, SignedRequest, encoded};
use crate::transport::{TransportError, TransportErrorKind};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use serde_json::Value as Json;
use stack_catalog::rest::form::{Auth, Endpoint};
use stack_catalog::rest::{Definition, Template};
use stack_core::ids::Target;
use stack_core::provider::{Failure, FailureKind};
use std::borrow::Cow;

/// Redirects that are followed (the Flink gateway gives some; confluent.md section 1).
const REDIRECTS: usize = 5;

/// One request, without host and credential. Values and body may be secret and are not shown.
pub(super) struct Asked<'a> {
    pub(super) definition: &'a Definition,
    pub(super) method: &'static str,
    pub(super) path: &'a Template,
    /// Encoded pairs.
    pub(super) query: Vec<String>,
    pub(super) body: Option<Json>,
    /// What the variables of the path stand for.
    pub(super) values: &'a Model,
    /// True for the request that makes a resource.
    pub(super) creates: bool,
}

/// A good answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) json: Json,
}

/// Where a target is and who we are there.
struct Route {
    base: String,
    credential: Option<Credential>,
    target: Option<String>,
    /// The credential is one of this run.
    is_young: bool,
    /// Provider and class whose token the credential is, where it was asked for.
    token: Option<(String, String)>,
}

/// The value of a variable: of the request's own values.
pub(super) fn value_of(values: &Model, name: &str) -> Option<String> {
    values.get(name).and_then(scalar).filter(|text| !text.is_empty())
}

/// The pairs of a query, encoded. What a needed one lacks is an error; an optional one without a value is left out.
pub(super) fn query<'t>(
    definition: &Definition,
    needed: impl IntoIterator<Item = (&'t String, &'t Template)>,
    optional: impl IntoIterator<Item = (&'t String, &'t Template)>,
    values: &Model,
) -> Result<Vec<String>, Failure> {
    let pair = |name: &str, value: &str| format!("{}={}", encoded(name), encoded(value));
    let fill = |template: &Template| template.fill(|name| value_of(values, name), str::to_owned);
    let mut pairs = Vec::new();
    for (name, template) in needed {
        let value = fill(template).map_err(|missing| lacks(definition, &missing))?;
        pairs.push(pair(name, &value));
    }
    for (name, template) in optional {
        if let Ok(value) = fill(template) {
            pairs.push(pair(name, &value));
        }
    }
    Ok(pairs)
}

fn lacks(definition: &Definition, name: &str) -> Failure {
    let message = format!("{} cannot be asked for without `{name}`", definition.ty);
    Failure::new(FailureKind::Invalid, "MissingValue", message)
}

impl Rest {
    /// Sends a request and gives the good answer. One attempt, but for redirects.
    pub(super) async fn call(&self, at: &Target, asked: Asked<'_>) -> Result<Answer, Failure> {
        let answer = self.call_as(at, &asked, None).await;
        match &answer {
            // The environment still has the key to what stood here before: the one that this run made is tried in its place.
            Err(failure) if failure.status == Some(401) && failure.kind == FailureKind::Credentials => {
                let Some(made) = self.made_key(&asked) else { return answer };
                self.call_as(at, &asked, Some(made)).await
            }
            _ => answer,
        }
    }

    /// The key that this run made for the target of a request; used for it from now on.
    fn made_key(&self, asked: &Asked<'_>) -> Option<Credential> {
        let (class, endpoint) = (&asked.definition.class, &asked.definition.endpoint);
        let target = value_of(asked.values, endpoint.target.as_deref()?)?;
        let made =
            self.memory.granted(class, &target).filter(|made| self.memory.is_young(class, &target, made))?;
        self.memory.prefer(class, &target, made.clone());
        Some(made)
    }

    /// The same with a certain credential.
    pub(super) async fn call_as(
        &self,
        at: &Target,
        asked: &Asked<'_>,
        credential: Option<Credential>,
    ) -> Result<Answer, Failure> {
        let definition = asked.definition;
        if self.settings.sandboxed && definition.is_users {
            let message = format!(
                "the sandbox does not play the services of `{}`: leave --sandbox out, and name a server of your own",
                definition.provider
            );
            return Err(Failure::new(FailureKind::Unsupported, "NotPlayed", message));
        }
        let path = asked
            .path
            .fill(|name| value_of(asked.values, name), |text| encoded(text).to_string())
            .map_err(|missing| lacks(definition, &missing))?;
        let body = asked.body.as_ref().map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        if let Auth::Sigv4 { service, signing_name, host } = &definition.endpoint.auth {
            let service = Service {
                id: Cow::Owned(service.clone()),
                signing_name: Cow::Owned(signing_name.clone()),
                host: Cow::Owned(host.clone()),
                fips_in_gov: false,
            };
            return self.signed(at, &service, asked, path, body).await;
        }
        let what = self.what(definition, asked.values);
        let shown = format!("{} {path}", asked.method);
        let mut route = self.route(at, definition, asked.values, credential.clone()).await?;
        let mut answer = self.send(&route, asked, &what, &shown, &path, &body).await;
        if let (Err(Failure { kind: FailureKind::Credentials, .. }), Some(token)) = (&answer, &route.token)
            && self.memory.forget_token(token)
        {
            // An older token may have been called back. What was refused has done nothing.
            route = self.route(at, definition, asked.values, credential).await?;
            answer = self.send(&route, asked, &what, &shown, &path, &body).await;
        }
        answer.map_err(|failure| covered(failure, route.credential.as_ref()))
    }

    async fn send(
        &self,
        route: &Route,
        asked: &Asked<'_>,
        what: &str,
        shown: &str,
        path: &str,
        body: &Bytes,
    ) -> Result<Answer, Failure> {
        let context = Context {
            request: shown,
            what,
            data_plane: asked.definition.endpoint.data_plane,
            is_young: route.is_young,
            key: route.credential.as_ref().and_then(Credential::user).zip(route.target.as_deref()),
            creates: asked.creates,
        };
        let mut url = format!("{}{path}", route.base.trim_end_matches('/'));
        if !asked.query.is_empty() {
            url = format!("{url}?{}", asked.query.join("&"));
        }
        for _ in 0..=REDIRECTS {
            let request = request(asked.method, &url, body.clone(), route.credential.as_ref())?;
            let answer =
                self.transport.send(request).await.map_err(|error| unanswered(&error, context, &url))?;
            let status = answer.status();
            if status.is_redirection()
                && let Some(next) = redirected(&url, answer.headers())?
            {
                url = next;
                continue;
            }
            return taken(context, status, answer.headers(), answer.body());
        }
        let message = format!("{what}: more than {REDIRECTS} redirects ({shown})");
        Err(Failure::new(FailureKind::Internal, "TooManyRedirects", message))
    }

    /// The type with whatever identity is known, for messages.
    pub(super) fn what(&self, definition: &Definition, values: &Model) -> String {
        let parts: Vec<String> =
            definition.resource.identity.iter().filter_map(|name| value_of(values, name)).collect();
        if parts.is_empty() {
            definition.ty.to_string()
        } else {
            format!("{} `{}`", definition.ty, parts.join("|"))
        }
    }

    async fn signed(
        &self,
        at: &Target,
        service: &Service,
        asked: &Asked<'_>,
        path: String,
        body: Bytes,
    ) -> Result<Answer, Failure> {
        let Some(aws) = &self.aws else {
            let message =
                format!("{} needs AWS credentials, and there is no AWS provider", asked.definition.ty);
            return Err(Failure::new(FailureKind::Credentials, "NoCredentials", message));
        };
        let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let query = asked
            .query
            .iter()
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (plain(name), plain(value)))
            .collect();
        let mut headers = HeaderMap::new();
        if asked.body.is_some() {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let method = Method::from_bytes(asked.method.as_bytes()).unwrap_or(Method::GET);
        let request = SignedRequest { method, path, query, headers, body };
        let answer = aws.signed(at, service, request).await?;
        let what = self.what(asked.definition, asked.values);
        json(answer.body()).map(|json| Answer { json }).map_err(|why| unreadable(&what, &why))
    }

    /// The host of a request and the credential for it (confluent.md sections 1 and 2).
    async fn route(
        &self,
        at: &Target,
        definition: &Definition,
        values: &Model,
        credential: Option<Credential>,
    ) -> Result<Route, Failure> {
        let endpoint = &definition.endpoint;
        let target = endpoint.target.as_deref().and_then(|name| value_of(values, name));
        // Variables that are for one target are not for others.
        let is_for_us = match (&endpoint.target_variable, &target) {
            (Some(variable), Some(target)) => {
                self.settings.variable(variable).is_none_or(|named| named == target)
            }
            _ => true,
        };
        let credential_given = credential.is_some() || at.credential.is_some();
        let preferred = || self.memory.preferred(&definition.class, target.as_deref()?);
        let said = match (credential, &at.credential) {
            (Some(credential), _) => Ok(Some(credential)),
            (None, Some(name)) => self.settings.named(name).map(Some),
            (None, None) if preferred().is_some() => Ok(preferred()),
            (None, None) if is_for_us => self.credential(definition, endpoint).await,
            (None, None) => {
                let named = endpoint.target_variable.as_deref().unwrap_or_default();
                let message = format!(
                    "the credential in the environment is for {}, not for {} (see {named})",
                    self.settings.variable(named).unwrap_or_default(),
                    target.as_deref().unwrap_or_default(),
                );
                Err(Failure::new(FailureKind::Credentials, "NoCredentials", message))
            }
        };
        let made = || self.memory.granted(&definition.class, target.as_deref()?);
        let credential = said.or_else(|missing| made().map(Some).ok_or(missing))?;
        let by_variable = || {
            let name = endpoint.url_variable.as_deref().filter(|_| is_for_us)?;
            self.settings.variable(name).map(str::to_owned)
        };
        let by_property = || value_of(values, endpoint.url_property.as_deref()?);
        let by_template = |of_values: bool| {
            let template = endpoint.url.as_ref()?;
            let is_of_values = template.variables().next().is_some();
            (is_of_values == of_values)
                .then(|| template.fill(|name| value_of(values, name), str::to_owned).ok())
                .flatten()
        };
        // What the resource itself says is closest; a fixed URL is what is left where nothing else is said.
        let learned = target.as_deref().and_then(|target| self.memory.host(&definition.class, target));
        let said = learned.or_else(by_property).or_else(|| by_template(true)).or_else(by_variable);
        let base = match said.or_else(|| by_template(false)) {
            Some(base) => base,
            None => match &target {
                Some(target) => Box::pin(self.locate(at, definition, target)).await?,
                None => return Err(no_endpoint(definition, endpoint)),
            },
        };
        let base = if base.contains("://") { base } else { format!("https://{base}") };
        if !base.parse::<Uri>().is_ok_and(|uri| uri.host().is_some_and(|host| !host.is_empty())) {
            let from = match &endpoint.url_variable {
                Some(variable) if self.settings.variable(variable).is_some() => format!(" (see {variable})"),
                _ => String::new(),
            };
            let message =
                format!("the host of {} is given as `{base}`, which is no web address{from}", definition.ty);
            return Err(Failure::new(FailureKind::Invalid, "NoEndpoint", message));
        }
        let token = match (credential_given, endpoint.auth.token_url()) {
            (false, Some(_)) => Some((definition.provider.clone(), definition.class.clone())),
            _ => None,
        };
        let is_young = credential
            .as_ref()
            .zip(target.as_deref())
            .is_some_and(|(credential, target)| self.memory.is_young(&definition.class, target, credential));
        Ok(Route { base, credential, target, is_young, token })
    }

    async fn credential(
        &self,
        definition: &Definition,
        endpoint: &Endpoint,
    ) -> Result<Option<Credential>, Failure> {
        let what = definition.ty.as_str();
        let needed = |name: &str| self.settings.needed(name, what);
        Ok(match &endpoint.auth {
            Auth::Basic { user, password } => {
                Some(Credential::Basic { user: needed(user)?, password: needed(password)? })
            }
            Auth::Bearer { token } => Some(Credential::Bearer(needed(token)?)),
            Auth::Header { name, value, prefix } => {
                Some(Credential::Header { name: name.clone(), value: format!("{prefix}{}", needed(value)?) })
            }
            Auth::Oauth { .. } => Some(Credential::Bearer(self.token(definition).await?)),
            Auth::Sigv4 { .. } | Auth::None => None,
        })
    }

    /// Asks the resource that knows it for the host of a target, and keeps the answer.
    async fn locate(&self, at: &Target, definition: &Definition, target: &str) -> Result<String, Failure> {
        let endpoint = &definition.endpoint;
        let Some((locator, found)) = self.definitions.locator(endpoint) else {
            return Err(no_endpoint(definition, endpoint));
        };
        // What opens this host is not for the service that knows it.
        let at = &Target { credential: None, ..at.clone() };
        for inputs in self.inputs(at, locator, &found.inputs).await? {
            let wanted = |model: &Model| value_of(model, &found.matches).as_deref() == Some(target);
            let Some(model) = self.walk(at, locator, &inputs).await?.into_iter().find(wanted) else {
                continue;
            };
            let Some(url) = value_of(&model, &found.url) else {
                let message = format!("{} `{target}` has no endpoint yet", locator.ty);
                return Err(Failure::new(FailureKind::Conflict, "NoEndpointYet", message));
            };
            self.memory.learn(&definition.class, target, &url);
            return Ok(url);
        }
        let message = format!("no {} `{target}` was found, so that its host is not known", locator.ty);
        Err(Failure::new(FailureKind::Invalid, "NoEndpoint", message))
    }

    /// Keeps the hosts that models of a locating resource show.
    pub(super) fn note_hosts<'m>(
        &self,
        definition: &Definition,
        models: impl IntoIterator<Item = &'m Model>,
    ) {
        let located = self.definitions.located_by(definition);
        if located.is_empty() {
            return;
        }
        for model in models {
            for (class, found) in &located {
                if let (Some(target), Some(url)) =
                    (value_of(model, &found.matches), value_of(model, &found.url))
                {
                    self.memory.learn(class, &target, &url);
                }
            }
        }
    }
}

/// Services repeat what they are sent.
fn covered(failure: Failure, credential: Option<&Credential>) -> Failure {
    match credential {
        Some(credential) => Failure { message: credential.cover(&failure.message), ..failure },
        None => failure,
    }
}

fn no_endpoint(definition: &Definition, endpoint: &Endpoint) -> Failure {
    let next = match &endpoint.url_variable {
        Some(variable) => format!(": set {variable}"),
        None => String::new(),
    };
    let message = format!("the host of {} is not known{next}", definition.ty);
    Failure::new(FailureKind::Invalid, "NoEndpoint", message)
}

fn request(
    method: &str,
    url: &str,
    body: Bytes,
    credential: Option<&Credential>,
) -> Result<http::Request<Bytes>, Failure> {
    let invalid = |what: &str| Failure::new(FailureKind::Invalid, "RequestNotBuilt", what.to_owned());
    let mut built = http::Request::builder()
        .method(method)
        .uri(url)
        .header(header::ACCEPT, "application/json")
        // Some gateways compress without saying so (confluent.md section 3).
        .header(header::ACCEPT_ENCODING, "identity")
        .header(header::USER_AGENT, concat!("stack-deploy/", env!("CARGO_PKG_VERSION")));
    if !body.is_empty() {
        built = built.header(header::CONTENT_TYPE, "application/json");
    }
    if let Some(credential) = credential {
        let text = match credential {
            Credential::Basic { user, password } => {
                format!("Basic {}", base64(&format!("{user}:{password}")))
            }
            Credential::Bearer(token) => format!("Bearer {token}"),
            Credential::Header { value, .. } => value.clone(),
        };
        let name = match credential {
            Credential::Header { name, .. } => header::HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| invalid(&format!("`{name}` is no name of a header")))?,
            Credential::Basic { .. } | Credential::Bearer(_) => header::AUTHORIZATION,
        };
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| invalid("the credential has characters that a header cannot hold"))?;
        value.set_sensitive(true);
        built = built.header(name, value);
    }
    built.body(body).map_err(|_| invalid(&format!("`{url}` is no URL")))
}

/// Base64 of RFC 4648 section 4.
pub(super) fn base64(text: &str) -> String {
    aws_smithy_types::base64::encode(text)
}

/// Where a redirect leads. Only hosts of the same domain get our credential; others are refused (Confluent trap 93).
fn redirected(from: &str, headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let Some(to) = headers.get(header::LOCATION).and_then(|value| value.to_str().ok()) else {
        return Ok(None);
    };
    let host = |url: &str| url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_ascii_lowercase));
    let refused = |where_to: &str| {
        let message = format!("{} redirects to {where_to}: not followed", host(from).unwrap_or_default());
        Failure::new(FailureKind::Invalid, "RedirectRefused", message)
    };
    let Some(to_host) = host(to) else {
        // Anything but a path would become a part of the host's name.
        if !to.starts_with('/') || to.starts_with("//") {
            return Err(refused("what is neither a URL nor a path"));
        }
        let origin_end = from.find("://").and_then(|at| from[at + 3..].find('/').map(|end| at + 3 + end));
        let origin = &from[..origin_end.unwrap_or(from.len())];
        return Ok(Some(format!("{origin}{to}")));
    };
    let from_host = host(from).unwrap_or_default();
    let domain = |host: &str| {
        let labels: Vec<&str> = host.rsplit('.').take(2).collect();
        labels.join(".")
    };
    let is_open = |url: &str| url.parse::<Uri>().is_ok_and(|uri| uri.scheme_str() != Some("https"));
    if is_open(to) && !is_open(from) {
        return Err(refused(&format!("{to_host} without TLS")));
    }
    let is_name = from_host.contains(char::is_alphabetic);
    if to_host == from_host || (is_name && domain(&to_host) == domain(&from_host)) {
        return Ok(Some(to.to_owned()));
    }
    Err(refused(&format!("{to_host}, outside its domain")))
}

fn taken(
    context: Context<'_>,
    status: StatusCode,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Answer, Failure> {
    if !status.is_success() {
        return Err(errors::failure(context, status.as_u16(), headers, body));
    }
    json(body).map(|json| Answer { json }).map_err(|why| unreadable(context.what, &why))
}

fn json(body: &[u8]) -> Result<Json, serde_json::Error> {
    if body.iter().all(u8::is_ascii_whitespace) { Ok(Json::Null) } else { serde_json::from_slice(body) }
}

/// The service took the call, but what it said is lost: as good as no answer.
fn unreadable(what: &str, why: &serde_json::Error) -> Failure {
    let message = format!("the answer about {what} cannot be read: {why}");
    Failure::new(FailureKind::NoAnswer, "UnreadableAnswer", message)
}

pub(super) fn unanswered(error: &TransportError, context: Context<'_>, url: &str) -> Failure {
    let kind = match error.kind {
        TransportErrorKind::Refused => FailureKind::Invalid,
        kind if kind.certainly_not_sent() => FailureKind::Unavailable,
        _ => FailureKind::NoAnswer,
    };
    if context.data_plane && error.kind == TransportErrorKind::Connect {
        let host = url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
        let message = format!(
            "cannot reach {host} for {}: {}. If it is in a private network, run from inside of it",
            context.what, error.message
        );
        return Failure::new(kind, "Unreachable", message);
    }
    Failure::new(kind, error.kind.code(), format!("{}: {}", context.what, error.message))
}

/// The member of an answer that holds the objects of a list.
pub(super) fn items<'a>(answer: &'a Json, path: Option<&str>) -> Cow<'a, [Json]> {
    match model::at(answer, path.unwrap_or(".")) {
        Some(Json::Array(items)) => Cow::Borrowed(items),
        Some(Json::Null) | None => Cow::Borrowed(&[]),
        Some(one) => Cow::Owned(vec![one.clone()]),
    }
}
