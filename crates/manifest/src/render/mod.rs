//! One resource, rendered with the outputs known so far.

pub(crate) mod draft;
mod flow;
mod identifier;
mod lifecycle;
mod own;
mod props;
mod random;
mod rule;
mod script;
mod statement;
mod whole;

use crate::auth::{Auth, AuthUse};
use crate::codes;
use crate::condition::{self, Problem};
use crate::fate::Fate;
use crate::inner::Inner;
use crate::model::{FlowDecl, Kind, ResourceDecl, Spot, Tree, Understandable};
use crate::path::Path;
use crate::render::props::Routes;
use crate::scope::Scope;
use crate::template::head_of;
use indexmap::IndexMap;
use stack_core::conform::{Violation, codes as conform_codes, conform};
use stack_core::desired::{Outputs, Rendered, Sources, Wanted};
use stack_core::diagnostic::{Diagnostic, Diagnostics, Part, Route, Severity, nearest};
use stack_core::ids::{Address, ProviderId, Region, Target, TypeName};
use stack_core::schema::ResourceSchema;
use stack_core::statement::Understood;
use stack_core::value::Value;
use std::sync::Arc;

/// The result of one rendering: what is wanted, unless something is wrong, and all problems, warnings included.
pub(crate) struct Outcome {
    pub(crate) rendered: Option<Rendered>,
    pub(crate) problems: Diagnostics,
}

/// Renders one resource. `offline` says that nothing was read: then what is not known yet stops nothing.
pub(crate) fn resource(inner: &Arc<Inner>, index: usize, outputs: &Outputs, offline: bool) -> Outcome {
    let declared = inner.resource(index);
    let scope = Scope::new(inner, Some(index), outputs);
    let mut job = Job {
        region_at: None,
        inner,
        index,
        declared,
        address: inner.address(index),
        scope,
        offline,
        failed: false,
    };
    let rendered = job.run();
    let problems = job.scope.take_problems();
    let failed = job.failed || problems.iter().any(Diagnostic::is_error);
    Outcome { rendered: rendered.filter(|_| !failed), problems }
}

/// The credential that a resource asks for, if it does and is wanted. What is wrong with its form is told when it is rendered.
pub(crate) fn credential(inner: &Arc<Inner>, index: usize) -> Option<Result<AuthUse, Box<Diagnostic>>> {
    let declared = inner.resource(index);
    if declared.is_aws() {
        return None;
    }
    let auth = Auth::of(declared)?.ok()?;
    let nothing = Outputs::new();
    if resource(inner, index, &nothing, true).rendered == Some(Rendered::Skipped) {
        return None;
    }
    let scope = Scope::new(inner, Some(index), &nothing);
    let (at, address) = (declared.path.key("auth").route(), inner.address(index).to_string());
    let mut values = Vec::new();
    for name in auth.variables() {
        let given = inner.variables.get(name).map(|text| Value::text(text.as_str()));
        let value = given.or_else(|| scope.value_of(name));
        if let Some(unknown) = value.as_ref().and_then(Value::unknown) {
            let from: Vec<String> = unknown.from.iter().map(ToString::to_string).collect();
            let message =
                format!("`auth` of {address} names `{name}`, which is not known before anything is made");
            return Some(Err(Box::new(
                Diagnostic::error(codes::BAD_AUTH, message)
                    .at_key(at, format!("this waits for {}", from.join(", ")))
                    .next(
                        "name a variable from outside; a key that this run makes opens its cluster by itself",
                    ),
            )));
        }
        values.push((name.to_owned(), value));
    }
    Some(Ok(AuthUse { auth, values, at, address }))
}

/// What a resource is one of.
struct Type<'a> {
    ty: &'a TypeName,
    schema: &'a ResourceSchema,
    /// As the manifest, or the INSERT, spells it.
    declared_type: &'a str,
    /// Set where statements declare it.
    of: Option<&'a Understandable>,
}

struct Job<'a> {
    /// Where the statements name their region.
    region_at: Option<(Path, Part)>,
    inner: &'a Arc<Inner>,
    declared: &'a ResourceDecl,
    index: usize,
    address: &'a Address,
    scope: Arc<Scope>,
    offline: bool,
    failed: bool,
}

impl Job<'_> {
    fn run(&mut self) -> Option<Rendered> {
        // `if` comes first unless it looks at the resource's own props (stackql-compat 1.6).
        let early = !self.condition_uses_props();
        if early && !self.is_wanted()? {
            return Some(Rendered::Skipped);
        }
        let (declared, routes) = self.props();
        if !early && !self.is_wanted()? {
            // What was wrong with props of a resource that is not wanted does not matter.
            self.scope.take_problems();
            self.failed = false;
            return Some(Rendered::Skipped);
        }
        let fate = self.inner.fates.get(&self.index).cloned().unwrap_or_default();
        if !fate.absent {
            let inner = self.inner;
            inner.to_absent.get(&self.index).into_iter().flatten().for_each(|p| self.fail(p.clone()));
        }
        self.auth();
        match &self.declared.kind {
            Kind::Typed(ty, schema) => {
                let of = Type { ty, schema, declared_type: &self.declared.declared_type, of: None };
                let wanted = self.wanted(of, declared, routes, &mut Understood::default(), fate);
                Some(Rendered::Wanted(Box::new(wanted)))
            }
            Kind::Flow(flow) => {
                let mut declared = declared;
                // Texts within lists and objects that hold JSON are parts of these (stackql-compat 1.7).
                declared
                    .values_mut()
                    .for_each(|value| *value = props::spliced(std::mem::replace(value, Value::Null)));
                self.flow(flow);
                match flow.of() {
                    Some(of) => {
                        let (wanted, _) = self.understood(flow, of, &declared, &routes, fate)?;
                        Some(Rendered::Wanted(Box::new(wanted)))
                    }
                    None => Some(Rendered::Flow(Box::new(self.ruling(flow, declared, &routes, fate)?))),
                }
            }
            Kind::Unusable => {
                // Reported when it was read. The rest is looked at for its own problems.
                self.target(None, &Understood::default());
                self.lifecycle(None);
                self.failed = true;
                None
            }
        }
    }

    /// What the statements of a resource declare. `None` if that cannot be told, which is noted, or waits for something.
    fn understood(
        &mut self,
        flow: &FlowDecl,
        of: &Understandable,
        declared: &IndexMap<String, Value>,
        routes: &Routes,
        fate: Fate,
    ) -> Option<(Wanted, Understood)> {
        let mut read = self.statements(flow, of, declared, routes)?;
        self.region_at = read.region_at;
        let ty = Type { ty: &of.ty, schema: &of.schema, declared_type: &of.table, of: Some(of) };
        let wanted = self.wanted(ty, read.props, read.routes, &mut read.understood, fate);
        Some((wanted, read.understood))
    }

    /// A resource of a type with these properties. Problems are noted.
    fn wanted(
        &mut self,
        of: Type<'_>,
        declared: IndexMap<String, Value>,
        mut routes: Routes,
        said: &mut Understood,
        fate: Fate,
    ) -> Wanted {
        let Type { ty, schema, declared_type, of } = of;
        self.usable(schema);
        let conformed = conform(schema, props::embed(Value::Object(declared), schema, &schema.root));
        for violation in conformed.violations {
            // The service need not choose the name of what is named already.
            let named = violation.code == conform_codes::IDENTIFIER_PART
                && (self.declared.identifier.is_some() || said.identifier.is_some());
            let spared = fate.absent && only_to_make(&violation);
            if !named && !spared {
                self.violation(violation, &routes);
            }
        }
        routes.rename(&conformed.renames);
        let props = conformed.props;
        self.forms(&props, &routes);
        // Texts that became structure have parts of their own.
        self.inner.options.redactor.learn(&props);
        let target = self.target(Some(ty), said);
        if let Some(region) = &target.region {
            // It is the same each time.
            let _ = self.inner.facts[self.index].region.set(region.to_string());
        }
        let identifier = self.identifier(schema).or_else(|| said.identifier.take());
        if let Some(identifier) = &identifier {
            self.agrees(identifier, schema, &props, &routes);
        }
        let mut lifecycle = self.lifecycle(Some(schema));
        lifecycle.random = self.random(&props);
        self.randoms(&lifecycle.random, &routes);
        lifecycle.ignore_changes.extend(lifecycle.random.iter().cloned());
        let (default_tags, ownership_tags) = match of {
            None => self.tags(),
            // Nothing is added to what the statements say.
            Some(of) => (IndexMap::new(), self.is_marked(&props, of)),
        };
        self.request(schema, &props, &default_tags, ownership_tags, lifecycle.secret_version.as_deref());
        let client_tokens = self.client_tokens(said);
        let given_by = said.properties.iter().filter_map(|p| Some((p.name.clone(), p.given_by?))).collect();
        Wanted {
            formerly: fate.formerly,
            absent: fate.absent,
            address: self.address.clone(),
            ty: ty.clone(),
            declared_type: declared_type.to_owned(),
            target,
            identifier,
            props,
            default_tags,
            ownership_tags,
            as_written: of.is_some(),
            kept: of.is_some() && !said.has_delete,
            client_tokens,
            lifecycle,
            sources: Sources { resource: self.declared.path.route(), props: routes.into_values(), given_by },
        }
    }

    /// Notes a problem that makes the result useless.
    fn fail(&mut self, problem: Diagnostic) {
        self.failed |= problem.severity == Severity::Error;
        self.scope.report(problem);
    }

    /// The value of an optional key; `None` also if it failed.
    fn value(&mut self, spot: Option<&Spot>) -> Option<Value> {
        let spot = spot?;
        let value = self.scope.evaluate(&spot.tree, &spot.path);
        self.failed |= value.is_none();
        value
    }

    /// The value as a text that must be known now.
    fn known_text(&mut self, spot: Option<&Spot>, what: &str) -> Option<String> {
        let value = self.value(spot)?;
        let at = spot.map(|s| s.path.clone()).unwrap_or_default();
        self.known_part(&value, &(at, Part::Value), what)
    }

    /// The same for a value of a part of a file.
    fn known_part(&mut self, value: &Value, at: &(Path, Part), what: &str) -> Option<String> {
        let (path, part) = at;
        if let Some(unknown) = value.unknown() {
            if !self.offline {
                let from: Vec<String> = unknown.from.iter().map(ToString::to_string).collect();
                self.fail(
                    Diagnostic::error(
                        codes::BAD_VALUE,
                        format!("{what} must be known before anything is made"),
                    )
                    .at_part(
                        path.route(),
                        part.clone(),
                        format!("this waits for {}", from.join(", ")),
                    ),
                );
            }
            return None;
        }
        let text = value.scalar_text();
        if text.is_none() {
            self.fail(Diagnostic::error(codes::BAD_VALUE, format!("{what} must be a text")).at_part(
                path.route(),
                part.clone(),
                "",
            ));
        }
        text
    }

    fn condition_uses_props(&self) -> bool {
        let Some(when) = &self.declared.when else { return false };
        let mut names: Vec<String> = Vec::new();
        when.templates(&mut |id, _| {
            names.extend(self.inner.templates.get(id).uses.iter().map(|u| u.head.clone()));
        });
        if let Tree::Literal(Value::String(text)) = &when.tree {
            names.extend(condition::words(text).iter().map(|word| head_of(word).to_owned()));
        }
        self.declared.props.iter().any(|prop| names.contains(&prop.name))
    }

    /// `None` if it cannot be told, which is noted.
    fn is_wanted(&mut self) -> Option<bool> {
        let Some(when) = &self.declared.when else { return Some(true) };
        let literal = matches!(when.tree, Tree::Literal(_));
        let value = self.value(Some(when))?;
        let value = match value {
            Value::Secret(secret) => secret.expose().clone(),
            other => other,
        };
        let answer = match &value {
            Value::Bool(b) => Ok(*b),
            Value::String(text) => condition::evaluate(text, &|name| self.scope.value_of(name)),
            Value::Unknown(unknown) => Err(Problem::Waits(unknown.clone())),
            _ => Err(Problem::Bad("this is neither true nor false".to_owned(), 0..0)),
        };
        match answer {
            Ok(wanted) => Some(wanted),
            Err(Problem::Waits(_)) if self.offline => Some(true),
            Err(Problem::Waits(unknown)) => {
                let from: Vec<String> = unknown.from.iter().map(ToString::to_string).collect();
                self.fail(
                    Diagnostic::error(
                        codes::CONDITION_UNKNOWN,
                        format!("the `if` of {} cannot be decided yet", self.address),
                    )
                    .at(when.path.route(), format!("this waits for {}", from.join(", ")))
                    .next("use a value that is known beforehand: a global, the environment, a declared name"),
                );
                None
            }
            Err(Problem::Bad(why, at)) => {
                let part = if literal && !at.is_empty() { Part::Within(at) } else { Part::Value };
                self.fail(
                    Diagnostic::error(
                        codes::BAD_CONDITION,
                        format!("the `if` of {} is neither true nor false", self.address),
                    )
                    .at_part(when.path.route(), part, why)
                    .next("write true, false, or a comparison: \"'{{ stack_env }}' == 'prod'\""),
                );
                None
            }
        }
    }

    fn target(&mut self, ty: Option<&TypeName>, said: &Understood) -> Target {
        // Types of other providers are called by it: `confluent.org.environments`.
        let other = match ty {
            Some(ty) => ty.as_str().split_once('.').map(|(provider, _)| provider.to_owned()),
            // What has no type, such as a query, is at the stack's place: not at AWS, where nothing else is.
            None => self.inner.without_aws(),
        };
        if let Some(provider) = other.filter(|provider| provider != "aws") {
            return Target {
                provider: ProviderId::new(provider),
                region: None,
                role_arn: None,
                type_version_id: None,
                credential: self.asked_credential(),
            };
        }
        let (mut region, at) = self.region(said);
        if self.declared.is_foreign() {
            // A region of theirs is no region of ours, and that their statements cannot run is what matters.
            region = region.filter(|region| valid_region(region));
        } else if let (Some(region), Some(at)) = (&region, &at)
            && !valid_region(region)
        {
            let (path, part) = at;
            self.fail(Diagnostic::error(codes::BAD_VALUE, format!("`{region}` is no region")).at_part(
                path.route(),
                part.clone(),
                "",
            ));
        } else if let Some(region) = &region {
            self.check_region(region, at.as_ref(), ty);
        }
        Target {
            provider: ProviderId::new("aws"),
            region: region.map(Region::from),
            role_arn: match (&self.declared.role_arn, &said.role_arn) {
                (Some(spot), _) => self.known_text(Some(spot), "`role_arn`"),
                (None, Some(value)) => value.scalar_text(),
                (None, None) => self.inner.settings().role_arn.clone(),
            },
            type_version_id: match &said.type_version_id {
                Some(value) => value.scalar_text(),
                None => self.known_text(self.declared.type_version_id.as_ref(), "`type_version_id`"),
            },
            credential: if self.declared.is_aws() { None } else { self.asked_credential() },
        }
    }

    /// The region and where it is written: the resource's, the global or variable `region`, the caller's.
    fn region(&mut self, said: &Understood) -> (Option<String>, Option<(Path, Part)>) {
        if let Some(spot) = &self.declared.region {
            return (self.known_text(Some(spot), "`region`"), Some((spot.path.clone(), Part::Value)));
        }
        if let (Some((value, _)), Some(at)) = (&said.region, self.region_at.clone()) {
            return (self.known_part(value, &at, "`region`"), Some(at));
        }
        if let Some(index) = self.inner.global_index("region") {
            let route =
                self.inner.declared.globals[index].value.as_ref().map(|s| (s.path.clone(), Part::Value));
            match self.scope.global(index) {
                Some(value) if value.unknown().is_none() => return (value.scalar_text(), route),
                Some(_) => {}
                None => {
                    self.failed = true;
                    return (None, None);
                }
            }
        }
        let fallback = self.inner.variables.get("region").cloned();
        (fallback.or_else(|| self.inner.options.default_region.as_ref().map(ToString::to_string)), None)
    }

    /// Complains about a region that nobody knows, with the name that was probably meant.
    fn check_known(&mut self, region: &str, place: &Route, part: Part) {
        let Some(known) = self.inner.regions().filter(|all| !all.iter().any(|r| r == region)) else {
            return;
        };
        let label = nearest(region, known.iter().map(String::as_str))
            .map_or_else(String::new, |near| format!("did you mean `{near}`?"));
        let mut problem = Diagnostic::warning(
            codes::UNKNOWN_REGION,
            format!("no region `{region}` is known"),
        )
        .at_part(place.clone(), part, label);
        if self.inner.options.strict {
            problem.severity = Severity::Error;
        }
        self.fail(problem);
    }

    fn check_region(&mut self, region: &str, at: Option<&(Path, Part)>, ty: Option<&TypeName>) {
        let (path, part) = at.cloned().unwrap_or_else(|| (self.declared.path.key("name"), Part::Value));
        let place = path.route();
        self.check_known(region, &place, part.clone());
        let allowed = self.inner.settings().regions.as_slice();
        if !allowed.is_empty() && !allowed.iter().any(|a| a == region) {
            self.fail(
                Diagnostic::error(
                    codes::REGION_NOT_ALLOWED,
                    format!("{} is in {region}, which `settings.regions` does not allow", self.address),
                )
                .at_part(place, part, format!("allowed here: {}", allowed.join(", "))),
            );
            return;
        }
        if let Some(ty) = ty
            && !self.inner.schemas.available_in(ty, region)
        {
            let key = if self.declared.has_type { "type" } else { "name" };
            // As the planner says it (SD2110): what the plan refuses, the validation must not let pass.
            self.fail(
                Diagnostic::error(codes::NOT_IN_REGION, format!("{ty} is not available in {region}"))
                    .at(self.declared.path.key(key).route(), "")
                    .next("choose another region; if the service has come there since, refresh the schemas"),
            );
        }
    }

    fn tags(&mut self) -> (IndexMap<String, Value>, bool) {
        let mut tags = IndexMap::new();
        let spot = self.inner.declared.settings.values.get("tags");
        match self.value(spot) {
            Some(Value::Object(map)) => {
                for (key, value) in map {
                    let text = match &value {
                        Value::Number(_) | Value::Bool(_) => value.scalar_text().map(Value::String),
                        Value::String(_) | Value::Secret(_) | Value::Unknown(_) => Some(value),
                        Value::Null | Value::Array(_) | Value::Object(_) => None,
                    };
                    match (text, spot) {
                        (Some(text), _) => {
                            tags.insert(key, text);
                        }
                        (None, Some(spot)) => self.fail(
                            Diagnostic::error(codes::BAD_SETTING, format!("the tag `{key}` must be a text"))
                                .at(spot.path.key(&key).route(), ""),
                        ),
                        (None, None) => {}
                    }
                }
            }
            Some(_) => {
                if let Some(spot) = spot {
                    self.fail(
                        Diagnostic::error(codes::BAD_SETTING, "`settings.tags` must be a mapping of texts")
                            .at(spot.path.route(), ""),
                    );
                }
            }
            None => {}
        }
        (tags, self.inner.settings().ownership_tags)
    }
}

/// What is missing only if the resource is to be made: to delete one it need only be found.
fn only_to_make(violation: &Violation) -> bool {
    let of_form = violation.code == conform_codes::NO_FORM && violation.pointer.is_root();
    let missing = [conform_codes::MISSING, conform_codes::NEEDS_ONE_OF, conform_codes::NEEDS_BESIDE];
    of_form || missing.contains(&violation.code)
}

/// `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`.
fn valid_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() >= 3
        && parts
            .iter()
            .all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
        && parts.last().is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()))
}
