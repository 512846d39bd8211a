//! Request bodies against the tables: types, required members, discriminators; what is unknown is dropped in silence
//! (confluent.md section 3).

use super::errors::Problem;
use super::kinds::{Field, Kind, Ty};
use super::paths;
use serde_json::{Map, Value as Json};

/// A body that holds known members only.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) model: Json,
    /// Paths of what was dropped.
    pub(crate) ignored: Vec<String>,
}

/// Reads a body as an object.
///
/// # Errors
/// 400 for anything else.
pub(crate) fn object(body: &[u8]) -> Result<Json, Problem> {
    match serde_json::from_slice::<Json>(body) {
        Ok(Json::Object(map)) => Ok(Json::Object(map)),
        Ok(_) => Err(Problem::bad("the request body must be a JSON object")),
        Err(error) => Err(Problem::bad(format!("malformed request body: {error}"))),
    }
}

/// Checks the body of a create.
///
/// # Errors
/// 400 for a missing member or one of another type, 422 for a text outside its set.
pub(crate) fn create(kind: &Kind, body: &Json) -> Result<Checked, Problem> {
    for field in kind.fields.iter().filter(|field| field.required) {
        if paths::get(body, field.path).is_none_or(Json::is_null) {
            return Err(Problem::member(field.path, format!("{} is required", field.path)));
        }
    }
    let checked = known(kind, body)?;
    if let Some(field) = kind.fields.iter().find(|field| field.required && is_blank(&checked.model, field)) {
        return Err(Problem::member(field.path, format!("{} must not be empty", field.path)));
    }
    Ok(checked)
}

/// Checks the body of a PATCH. A member may be null; the environment must be there, although it cannot change.
///
/// # Errors
/// As for a create, and 400 for a missing environment.
pub(crate) fn patch(kind: &Kind, body: &Json) -> Result<Checked, Problem> {
    if let Some(path) = kind.place.path() {
        let path = format!("{path}.id");
        if paths::text(body, &path).is_none() {
            return Err(Problem::member(&path, format!("{path} is required")));
        }
    }
    known(kind, body)
}

fn is_blank(model: &Json, field: &Field) -> bool {
    match paths::get(model, field.path) {
        Some(Json::String(text)) => text.is_empty(),
        Some(Json::Array(items)) => items.is_empty(),
        _ => false,
    }
}

fn known(kind: &Kind, body: &Json) -> Result<Checked, Problem> {
    for (container, member) in kind.companions {
        let sent = paths::get(body, container).is_some_and(|value| !value.is_null());
        if sent && paths::get(body, member).is_none_or(Json::is_null) {
            return Err(Problem::member(member, format!("{member} is required with {container}")));
        }
    }
    let mut model = Json::Object(Map::new());
    for field in kind.fields {
        let Some(value) = paths::get(body, field.path) else { continue };
        if !value.is_null() {
            typed(field, value)?;
        }
        paths::set(&mut model, field.path, value.clone());
    }
    let mut ignored = Vec::new();
    unknown(kind, body, "", &mut ignored);
    Ok(Checked { model, ignored })
}

fn typed(field: &Field, value: &Json) -> Result<(), Problem> {
    let path = field.path;
    let fits = match field.ty {
        Ty::Text => value.is_string(),
        Ty::Number => value.is_number(),
        Ty::Flag => value.is_boolean(),
        Ty::List => value.is_array(),
        Ty::Map => value.is_object(),
        Ty::Ref(_) => value.get("id").is_some_and(Json::is_string),
    };
    if !fits {
        let wanted = match field.ty {
            Ty::Text => "a string",
            Ty::Number => "a number",
            Ty::Flag => "a boolean",
            Ty::List => "an array",
            Ty::Map => "an object",
            Ty::Ref(_) => "an object with the string id",
        };
        return Err(Problem::member(path, format!("{path} must be {wanted}")));
    }
    if field.values.is_empty() {
        return Ok(());
    }
    let texts: Vec<&str> = match value {
        Json::Array(items) => items.iter().filter_map(Json::as_str).collect(),
        other => other.as_str().into_iter().collect(),
    };
    match texts.into_iter().find(|text| !field.values.iter().any(|value| value.eq_ignore_ascii_case(text))) {
        None => Ok(()),
        Some(text) => {
            let wanted = field.values.join(", ");
            Err(Problem::semantic(path, format!("{path} must be one of {wanted}, not {text}")))
        }
    }
}

/// Members that no field of the kind covers. What answers carry anyway is no misspelling.
fn unknown(kind: &Kind, value: &Json, at: &str, out: &mut Vec<String>) {
    let Json::Object(map) = value else { return };
    for (name, value) in map {
        let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        let covered = kind.fields.iter().any(|field| {
            path == field.path || path.strip_prefix(field.path).is_some_and(|rest| rest.starts_with('.'))
        });
        let is_container = kind
            .fields
            .iter()
            .any(|field| field.path.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('.')));
        if is_container && value.is_object() {
            unknown(kind, value, &path, out);
        } else if !covered {
            out.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::errors::Source;
    use super::super::kinds;
    use super::*;
    use serde_json::json;

    fn refused(result: Result<Checked, Problem>) -> (u16, Source) {
        let problem = result.unwrap_err();
        (problem.status, problem.source)
    }

    #[test]
    fn unknown_members_are_dropped_in_silence() {
        let kind = kinds::named("environment").unwrap();
        let body = json!({ "display_name": "a", "display_nam": "b", "stream_governance_config": { "package": "ADVANCED", "x": 1 } });
        let checked = create(kind, &body).unwrap();
        assert_eq!(checked.ignored, ["display_nam", "stream_governance_config.x"]);
        assert_eq!(
            checked.model,
            json!({ "display_name": "a", "stream_governance_config": { "package": "ADVANCED" } })
        );
    }

    #[test]
    fn missing_wrong_and_impossible_members_are_refused_with_a_pointer() {
        let kind = kinds::named("provider_integration_v1").unwrap();
        let good = json!({ "display_name": "a", "environment": { "id": "env-1" },
            "config": { "kind": "AwsIntegrationConfig", "customer_iam_role_arn": "arn:aws:iam::1:role/a" } });
        assert!(create(kind, &good).is_ok(), "the provider follows from the config");
        let mut printed = good.clone();
        printed.as_object_mut().unwrap().remove("display_name");
        assert!(create(kind, &printed).is_ok(), "the published example has no name");
        for (path, value, status) in [
            ("config", json!({ "customer_iam_role_arn": "a" }), 400),
            ("environment", json!("env-1"), 400),
            ("provider", json!("MOON"), 422),
        ] {
            let mut body = good.clone();
            paths::set(&mut body, path, value);
            let (found, source) = refused(create(kind, &body));
            assert_eq!(found, status, "{path}");
            let Source::Pointer(at) = source else { panic!("{path}: no pointer") };
            assert!(at.starts_with(&format!("/{path}")), "{at}");
        }
    }

    #[test]
    fn a_patch_names_the_environment_and_its_discriminators() {
        let kind = kinds::named("kafka_cluster").unwrap();
        assert_eq!(refused(patch(kind, &json!({ "spec": { "display_name": "a" } }))).0, 400);
        let without_kind = json!({ "spec": { "environment": { "id": "e" }, "config": { "cku": 2 } } });
        assert_eq!(refused(patch(kind, &without_kind)).1, Source::Pointer("/spec/config/kind".to_owned()));
    }
}
