//! Bearer tokens that a service gives for a client's id and secret (OAuth 2.0 client credentials, RFC 6749 section 4.4).

use super::Rest;
use super::errors::{self, Context};
use super::wire::{base64, unanswered};
use crate::aws::encoded;
use bytes::Bytes;
use http::{HeaderValue, header};
use serde_json::Value as Json;
use stack_catalog::rest::Definition;
use stack_catalog::rest::form::Auth;
use stack_core::provider::{Failure, FailureKind};
use std::time::Duration;

/// A token is not used in its last moments: it would end on the way.
const MARGIN: Duration = Duration::from_secs(30);
/// How long a token lasts that does not say so (RFC 6749 section 5.1 only recommends that it does).
const USUAL_LIFE: Duration = Duration::from_secs(5 * 60);

impl Rest {
    /// The token of a definition's endpoint class: the one at hand while it lasts, else a new one.
    ///
    /// # Errors
    /// A variable that is missing, or what the token's service says.
    pub(super) async fn token(&self, definition: &Definition) -> Result<String, Failure> {
        let Auth::Oauth { token_url, client_id, client_secret, scope, also } = &definition.endpoint.auth
        else {
            let message = format!("the endpoint of {} takes no token", definition.ty);
            return Err(Failure::new(FailureKind::Internal, "NoToken", message));
        };
        let key = (definition.provider.clone(), definition.class.clone());
        if let Some(token) = self.memory.token(&key, (self.clock)()) {
            return Ok(token);
        }
        let ty = definition.ty.as_str();
        let id = self.settings.needed(client_id, ty)?;
        let secret = self.settings.needed(client_secret, ty)?;
        let mut form = vec!["grant_type=client_credentials".to_owned()];
        let scope = scope.iter().map(|scope| ("scope", scope));
        let also = also.iter().map(|(name, value)| (name.as_str(), value));
        form.extend(scope.chain(also).map(|(name, value)| format!("{}={}", encoded(name), encoded(value))));
        // Section 2.3.1: id and secret are encoded before they become user and password.
        let basic = format!("Basic {}", base64(&format!("{}:{}", encoded(&id), encoded(&secret))));
        let wrong = |why: &str| Failure::new(FailureKind::Invalid, "RequestNotBuilt", why.to_owned());
        let mut basic =
            HeaderValue::from_str(&basic).map_err(|_| wrong("the credential fits in no header"))?;
        basic.set_sensitive(true);
        let request = http::Request::builder()
            .method("POST")
            .uri(token_url)
            .header(header::ACCEPT, "application/json")
            .header(header::ACCEPT_ENCODING, "identity")
            .header(header::USER_AGENT, concat!("stack-deploy/", env!("CARGO_PKG_VERSION")))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::AUTHORIZATION, basic)
            .body(Bytes::from(form.join("&")))
            .map_err(|_| wrong(&format!("`{token_url}` is no URL")))?;
        let what = format!("a token for {ty}");
        let shown = format!("POST {token_url}");
        let context = Context {
            request: &shown,
            what: &what,
            data_plane: false,
            is_young: false,
            key: None,
            creates: false,
        };
        let answer =
            self.transport.send(request).await.map_err(|error| unanswered(&error, context, token_url))?;
        let status = answer.status();
        if !status.is_success() {
            let mut failure = errors::failure(context, status.as_u16(), answer.headers(), answer.body());
            // RFC 6749 section 5.2: `invalid_client` may come as 400.
            if status.is_client_error() && !matches!(status.as_u16(), 408 | 429) {
                failure.kind = FailureKind::Credentials;
                failure.message = format!("{} (see {client_id} and {client_secret})", failure.message);
            }
            failure.message = failure.message.replace(&secret, "(sensitive)");
            return Err(failure);
        }
        // The words of the parser could hold the token.
        let json: Json = serde_json::from_slice(answer.body()).unwrap_or(Json::Null);
        let Some(token) = json["access_token"].as_str().filter(|token| !token.is_empty()) else {
            let message = format!("{what}: the answer holds no `access_token` ({shown})");
            return Err(Failure::new(FailureKind::Credentials, "NoToken", message));
        };
        // Some send the number as a text.
        let seconds = json["expires_in"].as_u64().or_else(|| json["expires_in"].as_str()?.parse().ok());
        let life = seconds.map_or(USUAL_LIFE, Duration::from_secs);
        self.memory.keep_token(key, token.to_owned(), self.after(life.saturating_sub(MARGIN)));
        Ok(token.to_owned())
    }
}
