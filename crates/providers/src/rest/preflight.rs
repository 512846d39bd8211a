//! Asking before a write whether the service would take it, where it has a way to be asked.

use super::Rest;
use super::model::{self, Model};
use super::wire::Asked;
use serde_json::Value as Json;
use stack_catalog::rest::Definition;
use stack_catalog::rest::form::{Check, Complaints};
use stack_core::ids::Target;
use stack_core::provider::{Failure, FailureKind};

impl Rest {
    /// Sends the check of a create or of a step, if all that it needs is known. `live` is what is there.
    pub(super) async fn preflight(
        &self,
        at: &Target,
        definition: &Definition,
        check: &Check,
        props: &Model,
        live: Option<&Model>,
    ) -> Result<(), Failure> {
        let mut values = props.clone();
        let all = Json::Object(props.clone());
        for (name, pointer) in &check.with {
            // A connector of another kind has no plugin to ask.
            let Some(value) = all.pointer(pointer).and_then(model::scalar) else { return Ok(()) };
            values.insert(name.clone(), Json::String(value));
        }
        let whole = model::whole(&definition.resource, props, &[]);
        let body = match &check.sends {
            Some(member) => model::at(&whole, member).cloned(),
            None => Some(whole),
        };
        let asked = Asked {
            definition,
            method: check.method.wire(),
            path: &check.path,
            query: Vec::new(),
            body,
            values: &values,
            creates: false,
        };
        let what = self.what(definition, props);
        let refused = |words: String| {
            Failure::new(FailureKind::Invalid, "NotAccepted", format!("{what}: {words}; nothing was changed"))
        };
        let answer = match self.call(at, asked).await {
            Ok(answer) => answer.json,
            // The registry does not know this text: it is a new one.
            Err(failure) if failure.kind == FailureKind::NotFound && check.version.is_some() => return Ok(()),
            Err(failure) if failure.kind == FailureKind::NotFound => return Err(refused(failure.message)),
            Err(failure) => return Err(failure),
        };
        let told: Vec<String> =
            check.complaints.iter().flat_map(|complaints| complained(complaints, &answer)).collect();
        if !told.is_empty() {
            return Err(refused(format!("the service would not take it: {}", told.join("; "))));
        }
        if let Some(version) = &check.version {
            let of = |json: &Json| model::at(json, version).and_then(Json::as_i64);
            let latest = live.and_then(|live| of(&Json::Object(live.clone())));
            if let (Some(known), Some(latest)) = (of(&answer), latest)
                && known < latest
            {
                return Err(refused(format!(
                    "it is registered as {version} {known}, and the latest is {latest}: registering it again would not make it the latest. \
                     Delete the later ones, or change something in it"
                )));
            }
        }
        Ok(())
    }
}

/// `name: words` of every entry of an answer that has words.
fn complained(complaints: &Complaints, answer: &Json) -> Vec<String> {
    let entries = model::at(answer, &complaints.at).and_then(Json::as_array).into_iter().flatten();
    entries
        .filter_map(|entry| {
            let name = model::at(entry, &complaints.name).and_then(model::scalar).unwrap_or_default();
            let words: Vec<String> = match model::at(entry, &complaints.words)? {
                Json::Array(all) => all.iter().filter_map(model::scalar).collect(),
                one => model::scalar(one).into_iter().collect(),
            };
            (!words.is_empty()).then(|| format!("{name}: {}", words.join(", ")))
        })
        .collect()
}
