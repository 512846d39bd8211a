//! `explain STACK_DIR ENV ADDRESS [PATH]`: what is declared, what is live, and why the plan says what it says.

mod flow;
mod words;

use crate::app::{App, Done};
use crate::args::{ExplainArgs, StackArgs};
use crate::commands::plan::tell;
use crate::errors::{Stopped, codes, exit_of};
use crate::exit::Exit;
use crate::guard::Guard;
use crate::locate::Locate;
use crate::render::explain::{self, PropertyStory, Story};
use crate::render::value_view;
use crate::render::view::{Place, ResourceView, TargetsView, ValueView};
use crate::session::{Made, Session, no_such_address};
use serde_json::Value as Json;
use stack_core::desired::{Rendered, Resolver, Wanted};
use stack_core::diagnostic::{Diagnostic, Part};
use stack_core::flow::Flow;
use stack_core::ids::Address;
use stack_core::naming::find_property;
use stack_core::plan::{Action, Mode, Planned};
use stack_core::pointer::Pointer;
use stack_core::schema::ResourceSchema;
use stack_core::value::{Secret, Value};
use std::sync::Arc;

/// Runs it.
pub(super) async fn run(app: &App, args: &ExplainArgs, stack: &StackArgs, address: &str) -> Done {
    let guard = Guard::reading(args.cloud.timeout);
    let open = Session::open(app, stack, &args.inputs, &args.cloud, None);
    let session = guard.reads(None, open).await?;
    let names: Vec<&str> = session.loaded.stack.nodes().iter().map(|node| node.address.as_str()).collect();
    if !names.contains(&address) {
        return Err(no_such_address(address, &names));
    }
    // What it depends on is read as well: its values may come from there. Nothing else is.
    let targets = TargetsView { include: vec![address.to_owned()], ..TargetsView::default() };
    let made = guard.reads(Some(&session.link.provider), session.plan(Mode::Build, &targets)).await?;
    session.close()?;
    let key = Address::new(address);
    if made.plan.skipped.contains(&key) {
        app.console.out(&explain::skipped(address, &session.loaded.stack.stack().env, app.console.out_style));
        return Ok(Exit::Done);
    }
    let found = made.plan.resources.get(&key);
    let view = made.view.resources.iter().find(|resource| resource.address == address);
    let wanted = session.loaded.stack.render(&key, &made.outputs);
    let (Some(planned), Some(view), Ok(rendered)) = (found, view, wanted) else {
        // Why it could not be planned stands among the problems.
        tell(app, &made);
        return Ok(exit_of(&made.plan.diagnostics));
    };
    let (wanted, flow) = match rendered {
        Rendered::Wanted(wanted) => (*wanted, None),
        Rendered::Flow(flow) => {
            let of = flow.of.as_deref().cloned();
            (of.unwrap_or_else(|| flow::nothing(&flow)), Some(flow))
        }
        Rendered::Skipped => {
            tell(app, &made);
            return Ok(Exit::Done);
        }
    };
    let schema = match (session.loaded.schemas.schema(&planned.ty), &flow) {
        (Ok(schema), _) => schema,
        // It has a type of its own: what it exports.
        (Err(_), Some(flow)) => Arc::clone(&flow.schema),
        (Err(_), None) => {
            tell(app, &made);
            return Ok(Exit::Error);
        }
    };
    let flow = flow.as_deref();
    let teller = Teller { session: &session, made: &made, planned, view, wanted: &wanted, flow, schema };
    let path = args.path.as_deref().map(|text| teller.path(text)).transpose()?;
    app.console.out(&explain::resource(&teller.story(path.as_ref()), app.console.out_style));
    tell(app, &made);
    // Nothing was explained about a resource that nobody could look at.
    let blind = planned.action == Action::Blocked && planned.live.is_none();
    Ok(if blind { exit_of(&made.plan.diagnostics) } else { Exit::Done })
}

/// Everything that is known about one resource.
struct Teller<'a> {
    session: &'a Session<'a>,
    made: &'a Made,
    planned: &'a Planned,
    view: &'a ResourceView,
    wanted: &'a Wanted,
    /// Where its own statements rule.
    flow: Option<&'a Flow>,
    schema: Arc<ResourceSchema>,
}

impl Teller<'_> {
    /// A property as the user names it.
    fn path(&self, text: &str) -> Result<Pointer, Stopped> {
        if self.flow.is_some_and(|flow| flow.of.is_none()) {
            let message =
                format!("nobody knows which properties the statements of {} declare", self.planned.address);
            return Err(Stopped::usage(message, "leave the path out: its statements and exports are told"));
        }
        let typed = crate::parse::property(text);
        let Some((top, below)) = typed.segments().split_first() else { return Ok(typed) };
        let names = || self.schema.root.properties.keys().map(String::as_str);
        let path = match find_property(top, names()) {
            Some(top) => Pointer::of(std::iter::once(top).chain(below.iter().map(String::as_str))),
            None => typed.clone(),
        };
        if self.schema.at(&path).is_some() || self.wanted.props.at(&path).is_some() {
            return Ok(path);
        }
        let message = format!("{} has no property {}", self.planned.declared_type, typed.dotted());
        let near = stack_core::diagnostic::nearest(top, names());
        let next = match near {
            Some(near) if near != top => format!("did you mean `{near}`?"),
            _ => format!("see stack-deploy schema {}", self.planned.declared_type),
        };
        Err(Stopped::new(Exit::Usage, Diagnostic::error(codes::NO_SUCH_PATH, message).next(next)))
    }

    fn story(&self, path: Option<&Pointer>) -> Story {
        let planned = self.planned;
        let is_declared = |name: &str| self.wanted.props.get(name).is_some();
        let properties = match path {
            Some(path) => vec![self.property(path)],
            None => {
                let declared = self.wanted.props.as_object().into_iter().flat_map(|map| map.keys());
                declared.map(|name| self.property(&Pointer::of([name.as_str()]))).collect()
            }
        };
        let by_service = planned
            .live
            .as_ref()
            .and_then(|live| live.as_object())
            .into_iter()
            .flat_map(|map| map.keys())
            .filter(|name| self.schema.read_only_properties.contains(&Pointer::of([name.as_str()])))
            .filter(|name| !is_declared(name))
            .cloned();
        Story {
            address: planned.address.to_string(),
            ty: planned.declared_type.clone(),
            canonical: planned.ty.to_string(),
            place: self.view.source.clone(),
            identifier: self.view.identifier.clone(),
            facts: self.facts().into_iter().map(|(key, text)| (key, self.clear(&text))).collect(),
            declares: self.flow.is_none_or(|flow| flow.of.is_some()),
            statements: if path.is_some() { Vec::new() } else { self.statements() },
            exports: if path.is_some() { Vec::new() } else { self.exports() },
            properties,
            // Tags that this program adds are changes of no declared property.
            others: match path {
                Some(_) => Vec::new(),
                None => {
                    let top = |path: &str| crate::parse::property(path).segments().first().cloned();
                    let changes = self.view.changes.iter();
                    changes
                        .filter(|c| !top(&c.path).is_some_and(|name| is_declared(&name)))
                        .cloned()
                        .collect()
                }
            },
            unmanaged: match path {
                Some(_) => Vec::new(),
                None => planned.unmanaged.iter().map(Pointer::dotted).collect(),
            },
            by_service: if path.is_some() { Vec::new() } else { by_service.collect() },
            is_whole: path.is_some(),
        }
    }

    fn property(&self, path: &Pointer) -> PropertyStory {
        let redactor = self.session.loaded.stack.redactor();
        let declared = self.wanted.props.at(path).cloned();
        let is_secret = declared.as_ref().is_some_and(Value::has_secret);
        let shown =
            |value: Value, changed: Option<bool>| value_view::value_view(&redactor.seal(value), changed);
        let live = self.planned.live.as_ref().and_then(|live| path.get(live));
        let is_read_only = self.schema.read_only_properties.covers(path);
        let live = match live {
            None if self.planned.live.is_some() && self.schema.is_unreadable(path) => ValueView::WriteOnly,
            None => ValueView::Absent,
            Some(_) if is_secret => ValueView::Sensitive { changed: None },
            // Nobody has said that an undeclared value is no secret.
            Some(_) if declared.is_none() && !is_read_only => ValueView::Unreadable,
            Some(value) => shown(declared_part(value, declared.as_ref()), None),
        };
        let touches = |other: &str| {
            Pointer::parse(other).is_ok_and(|other| other.starts_with(path) || path.starts_with(&other))
        };
        let changes: Vec<_> =
            self.view.changes.iter().filter(|change| touches(&change.path)).cloned().collect();
        let place = declared.is_some().then(|| self.place(path)).flatten();
        PropertyStory {
            label: self.clear(&path.dotted()),
            place,
            verdict: self.verdict(path, declared.is_some(), !changes.is_empty()),
            concluded: self.concluded(path, declared.is_some()).iter().map(|said| self.clear(said)).collect(),
            schema: self.schema_facts(path),
            declared: match declared {
                None => ValueView::Absent,
                // What reads never return is often a secret, whether the manifest says so or not.
                Some(_) if self.schema.write_only_properties.covers(path) => ValueView::WriteOnly,
                Some(value) => shown(self.without_write_only(value, path), None),
            },
            live,
            changes,
        }
    }

    /// A value with what reads never return sealed.
    fn without_write_only(&self, value: Value, at: &Pointer) -> Value {
        if self.schema.write_only_properties.covers(at) {
            return Value::Secret(Secret::new(value));
        }
        match value {
            Value::Object(map) => Value::Object(
                map.into_iter()
                    .map(|(key, member)| {
                        let member = self.without_write_only(member, &at.child(&key));
                        (key, member)
                    })
                    .collect(),
            ),
            Value::Array(items) => Value::Array(
                items
                    .into_iter()
                    .enumerate()
                    .map(|(i, item)| self.without_write_only(item, &at.child(i.to_string())))
                    .collect(),
            ),
            other => other,
        }
    }

    /// A text without the secrets that may have come into it: a role, a region and the key of a map can hold one.
    fn clear(&self, text: &str) -> String {
        self.session.loaded.stack.redactor().text(text).into_owned()
    }

    fn place(&self, path: &Pointer) -> Option<Place> {
        let sources = self.session.loaded.stack.source_map();
        Locate::place(&**sources, self.planned.sources.of(path), &Part::Value)
    }
}

/// A live value in which what the manifest does not declare is sealed: nobody has said that it is no secret.
fn declared_part(live: &Json, declared: Option<&Value>) -> Value {
    let (Json::Object(members), Some(Value::Object(own))) = (live, declared) else {
        return Value::from(live.clone());
    };
    let part = |key: &String, live: &Json| match own.get(key) {
        Some(own) => declared_part(live, Some(own)),
        None => Value::Secret(Secret::new(Value::from(live.clone()))),
    };
    Value::Object(members.iter().map(|(key, live)| (key.clone(), part(key, live))).collect())
}
