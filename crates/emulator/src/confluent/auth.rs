//! Who calls, and what they may do (confluent.md sections 2 and 7).

use super::Confluent;
use super::config::GivenKey;
use super::errors::Problem;
use super::paths;
use super::plane::Plane;
use super::state::{Key, Opens, hashed};
use super::wire;
use http::HeaderMap;

/// The caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Principal {
    /// `u-…`, `sa-…` or `pool-…`.
    pub(crate) id: String,
    /// The API key, if it was one.
    pub(crate) key: String,
    /// May do everything: users, and who holds a token of the control plane.
    pub(crate) trusted: bool,
}

impl Opens {
    /// What a given key's resource text means.
    fn of_text(text: &str) -> Self {
        match text {
            "" => Self::Cloud,
            "tableflow" => Self::Tableflow,
            "global" => Self::Global,
            "*" => Self::Planes,
            _ if text.starts_with("lkc-") => Self::Kafka(text.to_owned()),
            _ if text.starts_with("lsrc-") => Self::Registry(text.to_owned()),
            _ if text.starts_with("lksqlc-") => Self::Ksql(text.to_owned()),
            _ => {
                let (environment, region) = text.split_once('.').unwrap_or((text, ""));
                Self::Flink { environment: environment.to_owned(), region: region.to_owned() }
            }
        }
    }
}

/// Finds out who calls, and which data plane a bare path means.
///
/// # Errors
/// 401 in the plane's words; of Kafka the gateway's page (trap 10).
pub(crate) fn authenticate(
    service: &mut Confluent,
    plane: Plane,
    path: &str,
    headers: &HeaderMap,
) -> Result<(Principal, Plane), Problem> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(authorization) = text("authorization") else {
        return Err(refused(&plane, "missing credentials"));
    };
    if let Some(token) = authorization.strip_prefix("Bearer ").map(str::trim) {
        return bearer(service, plane, token, text("confluent-identity-pool-id"), text("target-sr-cluster"));
    }
    let Some((name, secret)) = wire::basic(authorization) else {
        return Err(refused(&plane, "malformed credentials"));
    };
    let Some(key) = known_key(service, &name) else {
        return Err(refused(&plane, "invalid API key"));
    };
    let now_ms = service.state.now_ms;
    if key.secret != hashed(&secret) || key.works_at > now_ms {
        return Err(refused(&plane, "invalid API key or secret"));
    }
    let plane = fits(plane, path, &key.opens)?;
    if let Some(key) = service.state.keys.get_mut(&name) {
        key.uses += 1;
        // A second gateway does not know the key yet (trap 10).
        if key.uses == 2 && service.config.key_relapse && matches!(plane, Plane::Kafka(_)) {
            return Err(refused(&plane, "invalid API key"));
        }
    }
    let trusted = key.owner.starts_with("u-");
    Ok((Principal { id: key.owner, key: name, trusted }, plane))
}

fn known_key(service: &Confluent, name: &str) -> Option<Key> {
    let given = |given: &GivenKey| Key {
        secret: hashed(&given.secret),
        owner: if given.owner.is_empty() { service.config.user.clone() } else { given.owner.clone() },
        opens: Opens::of_text(&given.resource),
        works_at: 0,
        uses: 0,
    };
    let of_config = service.config.keys.iter().find(|given| given.key == name).map(given);
    of_config.or_else(|| service.state.keys.get(name).cloned())
}

/// The plane, made exact, if the key opens it.
fn fits(plane: Plane, path: &str, opens: &Opens) -> Result<Plane, Problem> {
    let is_tableflow = path.starts_with("/tableflow/");
    let exact = match (&plane, opens) {
        (Plane::Control, Opens::Tableflow) if is_tableflow => Some(Plane::Control),
        (Plane::Control, Opens::Cloud) if !is_tableflow => Some(Plane::Control),
        (Plane::Control, Opens::Global) if path.starts_with("/org/") => Some(Plane::Control),
        (Plane::Kafka(cluster), Opens::Kafka(own)) if cluster == own => Some(plane.clone()),
        (Plane::Registry(registry), Opens::Registry(own))
            if registry.as_ref().is_none_or(|registry| registry == own) =>
        {
            Some(Plane::Registry(Some(own.clone())))
        }
        (Plane::Flink(asked), Opens::Flink { environment, region }) => {
            let is_region = asked.as_ref().is_none_or(|asked| asked.eq_ignore_ascii_case(region));
            let is_environment = path.split('/').any(|segment| segment == environment);
            (is_region && is_environment).then(|| Plane::Flink(Some(region.clone())))
        }
        (Plane::Flink(Some(_)), Opens::Global | Opens::Planes) => Some(plane.clone()),
        (Plane::Kafka(_) | Plane::Registry(Some(_)), Opens::Planes) => Some(plane.clone()),
        _ => None,
    };
    exact.ok_or_else(|| refused(&plane, "invalid API key: make sure that the key is for this resource"))
}

fn bearer(
    service: &Confluent,
    plane: Plane,
    token: &str,
    pool: Option<&str>,
    registry: Option<&str>,
) -> Result<(Principal, Plane), Problem> {
    let is_external = service.config.tokens.iter().any(|known| known == token);
    if plane == Plane::Control {
        let is_ours =
            service.state.tokens.get(&hashed(token)).is_some_and(|until| *until > service.state.now_ms);
        if !is_external && !is_ours {
            return Err(refused(&plane, "invalid token"));
        }
        return Ok((Principal { id: service.config.user.clone(), key: String::new(), trusted: true }, plane));
    }
    // Data planes take the external token itself, with the pool beside it.
    let pool = pool.filter(|pool| service.state.usable("identity_pool", pool).is_some());
    let (Some(pool), true) = (pool, is_external) else {
        return Err(refused(&plane, "invalid token or identity pool"));
    };
    let plane = match plane {
        Plane::Registry(None) => Plane::Registry(registry.map(str::to_owned)),
        other => other,
    };
    let is_named = match &plane {
        Plane::Registry(own) => own.is_some() && registry == own.as_deref(),
        Plane::Flink(region) => region.is_some(),
        _ => true,
    };
    if !is_named {
        return Err(refused(&plane, "the target of the token is missing"));
    }
    Ok((Principal { id: pool.to_owned(), key: String::new(), trusted: false }, plane))
}

fn refused(plane: &Plane, detail: &str) -> Problem {
    let mut problem = match plane {
        Plane::Kafka(_) => Problem::page(401),
        Plane::Registry(_) => Problem::numbered(401, "Unauthorized"),
        _ => Problem::unauthorized(detail),
    };
    problem.headers.push(("www-authenticate", "Basic realm=\"\"".to_owned()));
    problem
}

/// Roles that may write, whatever their scope.
const WRITERS: &[&str] = &[
    "OrganizationAdmin",
    "EnvironmentAdmin",
    "CloudClusterAdmin",
    "AccountAdmin",
    "ResourceOwner",
    "DeveloperManage",
    "DeveloperWrite",
    "FlinkAdmin",
    "FlinkDeveloper",
    "ConnectManager",
    "NetworkAdmin",
];

/// Refuses callers without a role binding (or, on Kafka, an ACL) that reaches the plane. Which role may do what is not
/// played beyond reading and writing.
///
/// # Errors
/// 403.
pub(crate) fn permit(
    service: &Confluent,
    principal: &Principal,
    plane: &Plane,
    write: bool,
) -> Result<(), Problem> {
    if principal.trusted || !service.config.authorization {
        return Ok(());
    }
    let (now_ms, lag) = (service.state.now_ms, service.config.timing.binding_ms);
    let scope = scope(service, plane);
    let user = format!("User:{}", principal.id);
    let is_bound = service.state.all("role_binding").any(|(_, binding)| {
        let text = |name: &str| paths::text(&binding.body, name).unwrap_or_default();
        binding.created_at + lag <= now_ms
            && binding.gone_at.is_none()
            && text("principal") == user
            && (!write || WRITERS.contains(&text("role_name")))
            && scope.as_ref().is_none_or(|scope| reaches(&wire::decoded(text("crn_pattern")), scope))
    });
    let is_listed = || {
        let Plane::Kafka(cluster) = plane else { return false };
        service.state.all("kafka_acl").any(|(_, acl)| {
            let text = |name: &str| paths::text(&acl.body, name).unwrap_or_default();
            let is_named = text("principal") == "User:*" || text("principal") == user;
            text("cluster_id") == cluster && is_named && text("permission") == "ALLOW"
        })
    };
    if is_bound || is_listed() {
        return Ok(());
    }
    Err(match plane {
        Plane::Kafka(_) | Plane::Registry(_) => Problem::numbered(40301, "Access denied"),
        _ => Problem::forbidden("Forbidden Access"),
    })
}

/// The environment and the last segment of a data plane's CRN; `None` for the control plane, where any binding counts.
fn scope(service: &Confluent, plane: &Plane) -> Option<(String, String)> {
    let environment_of = |resource: &str, id: &str| {
        service.state.get(resource, id).and_then(|object| object.environment.clone()).unwrap_or_default()
    };
    match plane {
        Plane::Control => None,
        Plane::Kafka(cluster) => {
            Some((environment_of("kafka_cluster", cluster), format!("/cloud-cluster={cluster}")))
        }
        Plane::Registry(registry) => {
            let registry = registry.clone().unwrap_or_default();
            Some((
                environment_of("schema_registry_cluster", &registry),
                format!("/schema-registry={registry}"),
            ))
        }
        Plane::Flink(_) => Some((String::new(), String::new())),
    }
}

/// True if a binding's pattern covers the plane, or something on it.
fn reaches(pattern: &str, (environment, segment): &(String, String)) -> bool {
    let Some((_, rest)) = pattern.split_once("organization=") else { return false };
    let Some((_, rest)) = rest.split_once("/environment=") else { return true };
    let (named, rest) = rest.split_once('/').map_or((rest, String::new()), |(e, r)| (e, format!("/{r}")));
    let is_here = named == "*" || environment.is_empty() || named == environment;
    is_here && (rest.is_empty() || segment.is_empty() || rest.starts_with(segment.as_str()))
}
