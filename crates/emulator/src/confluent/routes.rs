//! All operations: method and path, what they belong to, and the queries that they need.

use super::crud::{self, Verb};
use super::errors::Problem;
use super::kinds::{self, Kind};
use super::wire::{Answer, decoded};
use super::{Confluent, Turn, own};
use http::Method;
use std::sync::LazyLock;

/// Answers one operation.
pub(crate) type Handler = fn(&mut Confluent, &mut Turn) -> Result<Answer, Problem>;

/// Who answers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Does {
    /// The tables.
    Plain(&'static Kind, Verb),
    /// A function.
    Own(Handler),
}

/// One operation.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// Endpoint class of `confluent-api.tsv`.
    pub(crate) class: &'static str,
    pub(crate) method: &'static str,
    /// With `{variables}`.
    pub(crate) path: String,
    pub(crate) resource: &'static str,
    /// `create`, `read`, `list`, `update`, `delete` or a name of its own.
    pub(crate) operation: &'static str,
    /// Query parameters without which it is 400.
    pub(crate) needs: Vec<&'static str>,
    pub(crate) does: Does,
}

impl Route {
    /// True for what changes something.
    pub(crate) fn is_write(&self) -> bool {
        self.method != "GET" && !matches!(self.operation, "lookup" | "validate" | "check")
    }
}

/// A row of the tables of operations that are not plain.
pub(crate) struct Row(
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) &'static str,
    pub(crate) &'static [&'static str],
    pub(crate) Handler,
);

static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let plain = kinds::all().flat_map(plain);
    let own = own::TABLES.iter().flat_map(|(class, rows)| {
        rows.iter().map(|Row(method, path, resource, operation, needs, handler)| Route {
            class,
            method,
            path: (*path).to_owned(),
            resource,
            operation,
            needs: needs.to_vec(),
            does: Does::Own(*handler),
        })
    });
    plain.chain(own).collect()
});

fn plain(kind: &'static Kind) -> Vec<Route> {
    let environment = if kind.place.is_asked() { vec!["environment"] } else { Vec::new() };
    let route = |method: &'static str, item: bool, operation, needs: Vec<&'static str>, verb| Route {
        class: "control",
        method,
        path: if item { format!("{}/{{id}}", kind.path) } else { kind.path.to_owned() },
        resource: kind.name,
        operation,
        needs,
        does: Does::Plain(kind, verb),
    };
    let listing = [environment.clone(), kind.list_needs.to_vec()].concat();
    let mut routes = vec![
        route("GET", false, "list", listing, Verb::List),
        route("GET", true, "read", environment.clone(), Verb::Read),
    ];
    if kind.create > 0 {
        routes.push(route("POST", false, "create", Vec::new(), Verb::Create));
    }
    if kind.patch {
        routes.push(route("PATCH", true, "update", Vec::new(), Verb::Update));
    }
    if kind.delete > 0 {
        routes.push(route("DELETE", true, "delete", environment, Verb::Delete));
    }
    routes
}

/// All operations, in the order of the tables.
pub(crate) fn all() -> &'static [Route] {
    &ROUTES
}

/// What a path matched: the operation, and its variables in order, decoded once.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) route: &'static Route,
    pub(crate) variables: Vec<(&'static str, String)>,
}

/// Finds the operation of a request.
///
/// # Errors
/// 404 for a path that is not there, 405 for a method that the path does not have.
pub(crate) fn find(class: &str, method: &Method, path: &str) -> Result<Found, Problem> {
    let segments: Vec<&str> = path.split('/').collect();
    let mut best: Option<(usize, Found)> = None;
    let mut is_path = false;
    for route in ROUTES.iter().filter(|route| route.class == class) {
        let Some((fixed, variables)) = fits(&route.path, &segments) else { continue };
        is_path = true;
        if route.method == method.as_str() && best.as_ref().is_none_or(|(most, _)| fixed > *most) {
            best = Some((fixed, Found { route, variables }));
        }
    }
    match best {
        Some((_, found)) => Ok(found),
        None if is_path => {
            Err(Problem::new(405, "method_not_allowed", format!("{method} is not allowed on {path}")))
        }
        None => Err(Problem::new(404, "no_route", format!("there is no {method} {path}"))),
    }
}

/// The number of literal segments and the variables, if the path fits.
fn fits(template: &'static str, segments: &[&str]) -> Option<(usize, Vec<(&'static str, String)>)> {
    let mut variables = Vec::new();
    let mut fixed = 0;
    let mut wanted = template.split('/');
    for segment in segments {
        let wanted = wanted.next()?;
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(_) if segment.is_empty() => return None,
            Some(name) => variables.push((name, decoded(segment))),
            None if wanted == *segment => fixed += 1,
            None => return None,
        }
    }
    wanted.next().is_none().then_some((fixed, variables))
}

/// Carries out an operation.
pub(crate) fn carry_out(service: &mut Confluent, turn: &mut Turn, does: Does) -> Result<Answer, Problem> {
    match does {
        Does::Own(handler) => handler(service, turn),
        Does::Plain(kind, verb) => crud::carry_out(service, turn, kind, verb),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_segments_go_before_variables_and_names_are_decoded() {
        let found = find("control", &Method::GET, "/iam/v2/service-accounts/sa%2D1").unwrap();
        assert_eq!((found.route.resource, found.route.operation), ("service_account", "read"));
        assert_eq!(found.variables, [("id", "sa-1".to_owned())]);
    }

    #[test]
    fn what_is_not_there_is_404_and_what_cannot_be_done_405() {
        let status = |method: Method, path: &str| find("control", &method, path).unwrap_err().status;
        assert_eq!(status(Method::GET, "/org/v3/environments"), 404);
        assert_eq!(
            status(Method::PATCH, "/pim/v1/integrations/cspi-1"),
            405,
            "no update: every change replaces"
        );
        assert_eq!(status(Method::GET, "/iam/v2/service-accounts/"), 404, "an empty id");
    }
}
