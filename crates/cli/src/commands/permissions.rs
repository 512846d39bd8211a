//! `permissions TYPE` and `permissions STACK_DIR ENV`: IAM actions, from the lists of the schemas.

use crate::app::{App, Done};
use crate::args::{OperationArg, PermissionsArgs, StackArgs};
use crate::commands::plan::tell;
use crate::commands::{schema, show};
use crate::definitions;
use crate::errors::{Stopped, codes};
use crate::exit::Exit;
use crate::guard::Guard;
use crate::load::{Loaded, What, load};
use crate::policy::{self, Need, cloud_control};
use crate::render::json::v1;
use crate::render::permissions as text;
use crate::render::view::{ActionView, PlanView};
use crate::session::{Session, targets};
use crate::tables::{self, Found};
use crate::wire::region;
use serde_json::{Map, Value as Json, json};
use stack_catalog::permissions::{Operation, listed, normalised};
use stack_core::desired::{Outputs, Rendered, Resolver, Wanted};
use stack_core::diagnostic::Diagnostic;
use stack_core::flow::Flow;
use stack_core::ids::{Address, TypeName};
use stack_core::plan::Mode;
use stack_core::schema::Schemas;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The largest managed policy of IAM, without white space.
const MANAGED_POLICY: usize = 6144;

/// True if the command needs a cloud.
pub fn reads(args: &PermissionsArgs) -> bool {
    args.now
}

/// What can be said offline.
pub fn run(app: &App, args: &PermissionsArgs) -> Done {
    let Some(env) = &args.stack_env else { return of_type(app, args) };
    let stack = StackArgs { stack_dir: PathBuf::from(&args.what), stack_env: env.clone() };
    let loaded = loaded(app, args, &stack)?;
    let needs = match &args.plan {
        Some(file) => {
            let view = show::read(app, file, Exit::Error)?;
            let id = loaded.stack.stack();
            if view.stack.name != id.name || view.stack.env != id.env {
                let message =
                    format!("this plan is for {}/{}, not for {id}", view.stack.name, view.stack.env);
                let problem =
                    Diagnostic::error(codes::OTHER_STACK, message).next("give the plan of this stack");
                return Err(Stopped::new(Exit::Error, problem));
            }
            of_plan(&loaded, &view)
        }
        None => of_life(&loaded),
    };
    print(app, args, &loaded, &needs)
}

/// What the plan of this moment needs.
pub async fn now(app: &App, args: &PermissionsArgs) -> Done {
    let Some(env) = &args.stack_env else {
        return Err(Stopped::usage("--now is about a stack", "stack-deploy permissions STACK_DIR ENV --now"));
    };
    let stack = StackArgs { stack_dir: PathBuf::from(&args.what), stack_env: env.clone() };
    let guard = Guard::reading(args.cloud.timeout);
    let open = Session::open(app, &stack, &args.inputs, &args.cloud, None);
    let session = guard.reads(None, open).await?;
    let everything = targets(&crate::args::SelectArgs::default());
    let plan = session.plan(Mode::Build, &everything);
    let made = guard.reads(Some(&session.link.provider), plan).await?;
    session.close()?;
    tell(app, &made);
    if let Some(exit) = made.blocked().filter(|_| made.refused.is_empty()) {
        return Ok(exit);
    }
    print(app, args, &session.loaded, &of_plan(&session.loaded, &made.view))
}

fn of_type(app: &App, args: &PermissionsArgs) -> Done {
    definitions::prepare(app, None)?;
    let is_folder = app.path(Path::new(&args.what)).is_dir();
    let ty = schema::resolve(app, &args.what).map_err(|stopped| {
        if is_folder {
            Stopped::usage("the environment is missing", "stack-deploy permissions STACK_DIR ENV")
        } else {
            stopped
        }
    })?;
    let unknown =
        |error: stack_core::schema::UnknownType| Stopped::usage(error.to_string(), "see schema TYPE");
    let schema = app.schemas.schema(&ty).map_err(unknown)?;
    if app.schemas.described(&ty).is_some() {
        let problem = Diagnostic::error(codes::NO_OPERATION, format!("{ty} has no list of IAM actions"))
            .note(
                "why",
                "only schemas of CloudFormation have such lists, and this service is called directly",
            )
            .next("its own documentation says what the credential must be allowed");
        return Err(Stopped::new(Exit::Error, problem));
    }
    let wanted: Vec<Operation> = match args.operation {
        Some(operation) => vec![operation.into()],
        None => Operation::ALL.to_vec(),
    };
    let lists: Vec<(Operation, Vec<String>)> = wanted
        .iter()
        .filter_map(|operation| listed(&schema, *operation).map(|actions| (*operation, actions)))
        .collect();
    if let (Some(operation), true) = (args.operation, lists.is_empty()) {
        let operation = Operation::from(operation);
        let there: Vec<&str> = Operation::ALL
            .into_iter()
            .filter(|operation| operation.handler(&schema.handlers).is_some())
            .map(Operation::name)
            .collect();
        let problem = Diagnostic::error(codes::NO_OPERATION, format!("{ty} has no {operation}"))
            .next(format!("it has {}", if there.is_empty() { "none".to_owned() } else { there.join(", ") }));
        return Err(Stopped::new(Exit::Error, problem));
    }
    let tagging = normalised(schema.tagging.iter().flat_map(|tagging| &tagging.permissions));
    let text = if args.json {
        let operations: Map<String, Json> =
            lists.iter().map(|(operation, actions)| (operation.name().to_owned(), json!(actions))).collect();
        let mut body = json!({ "type": ty, "operations": operations });
        if args.operation.is_none() {
            body["tagging"] = json!(tagging);
            body["cloud_control"] = json!(cloud_control());
        }
        v1::document("permissions", &body)
    } else if args.operation.is_some() {
        // One a line, for other programs.
        lists.iter().flat_map(|(_, actions)| actions).map(|action| format!("{action}\n")).collect()
    } else {
        text::of_type(ty.as_str(), &lists, &tagging, &cloud_control(), app.console.out_style)
    };
    app.console.out(&text);
    app.tell(&app.schemas.take_problems());
    Ok(Exit::Done)
}

fn loaded(app: &App, args: &PermissionsArgs, stack: &StackArgs) -> Result<Loaded, Stopped> {
    let what = What {
        dir: &stack.stack_dir,
        env: &stack.stack_env,
        inputs: &args.inputs,
        region: region(app, &args.cloud),
        nonce: "00000000000000000000000000000000",
        strict: false,
        text: None,
        exclude: &[],
    };
    load(app, &what)
}

/// Resources that are wanted, as far as they are known offline.
fn wanted(loaded: &Loaded) -> impl Iterator<Item = Wanted> {
    let nothing = Outputs::new();
    let render = move |address: &Address| loaded.stack.render(address, &nothing);
    loaded.stack.nodes().iter().filter_map(move |node| match render(&node.address) {
        Ok(Rendered::Wanted(wanted)) => Some(*wanted),
        Ok(Rendered::Flow(flow)) => flow.of.map(|of| *of),
        _ => None,
    })
}

/// Services that are called directly, without Cloud Control: other providers know no IAM, and those of AWS have actions that no
/// schema lists.
fn called_directly(loaded: &Loaded, types: impl Iterator<Item = TypeName>) -> Vec<String> {
    let is_regional = |ty: &TypeName| loaded.schemas.described(ty).is_some_and(|about| about.is_regional());
    let types: BTreeSet<TypeName> = types.filter(is_regional).collect();
    types.iter().map(|ty| format!("the actions of {ty}: its service is called directly")).collect()
}

/// Resources whose own statements rule, with the role that they work with.
fn flows(loaded: &Loaded) -> impl Iterator<Item = Flow> {
    let nothing = Outputs::new();
    loaded.stack.nodes().iter().filter_map(move |node| match loaded.stack.render(&node.address, &nothing) {
        Ok(Rendered::Flow(flow)) => Some(*flow),
        _ => None,
    })
}

/// What statements need beside what is known of their type, and what cannot be known.
fn of_statements(loaded: &Loaded, writes: impl Fn(&Flow) -> bool) -> Found {
    let mut all = Found::default();
    for flow in flows(loaded) {
        let found = tables::needs(loaded, &flow.address, flow.target.role_arn.as_deref(), writes(&flow));
        all.needs.extend(found.needs);
        all.unknown.extend(found.unknown);
    }
    all
}

fn of_life(loaded: &Loaded) -> Found {
    let of = |wanted: Wanted| {
        if loaded.schemas.described(&wanted.ty).is_some() {
            return None;
        }
        let schema = loaded.schemas.schema(&wanted.ty).ok()?;
        let tags = schema.tag_property().is_some_and(|(name, _)| {
            wanted.ownership_tags || !wanted.default_tags.is_empty() || wanted.props.get(name).is_some()
        });
        Some(policy::life(&schema, tags, wanted.target.role_arn))
    };
    let mut found = of_statements(loaded, |_| true);
    found.unknown.extend(called_directly(loaded, wanted(loaded).map(|wanted| wanted.ty)));
    found.needs.splice(0..0, wanted(loaded).filter_map(of));
    found
}

fn of_plan(loaded: &Loaded, view: &PlanView) -> Found {
    let roles: BTreeMap<String, Option<String>> =
        wanted(loaded).map(|wanted| (wanted.address.to_string(), wanted.target.role_arn)).collect();
    // Checks read in every build; what changes something is needed where the plan has it.
    let mut found = of_statements(loaded, |flow| {
        let planned = view.resources.iter().find(|resource| resource.address == flow.address.as_str());
        planned.is_some_and(|planned| !matches!(planned.action, ActionView::Noop | ActionView::Read))
    });
    let types = view.resources.iter().map(|resource| TypeName::new(&resource.canonical_type));
    found.unknown.extend(called_directly(loaded, types));
    let typed = view.resources.iter().filter_map(|resource| {
        let ty = TypeName::new(&resource.canonical_type);
        if loaded.schemas.described(&ty).is_some() {
            return None;
        }
        let schema = loaded.schemas.schema(&ty).ok()?;
        let mut calls = policy::operations(resource.action).to_vec();
        let mut actions = resource.permissions.clone();
        if schema.is_named_by_service() && schema.handlers.list.is_some() {
            calls.push(Operation::List);
            actions.extend(listed(&schema, Operation::List).unwrap_or_default());
        }
        Some(Need {
            actions: normalised(actions.iter()),
            calls: calls.into_iter().map(policy::call).collect(),
            role: roles.get(&resource.address).cloned().flatten(),
            is_discovered: schema.tag_property().is_some(),
            ty,
        })
    });
    found.needs.splice(0..0, typed);
    found
}

fn print(app: &App, args: &PermissionsArgs, loaded: &Loaded, found: &Found) -> Done {
    // The name of a role may hold a secret.
    let redactor = loaded.stack.redactor();
    let needs: Vec<Need> = found
        .needs
        .iter()
        .map(|need| Need {
            role: need.role.as_ref().map(|role| redactor.text(role).into_owned()),
            ..need.clone()
        })
        .collect();
    let needs = needs.as_slice();
    let roles: Vec<&str> = {
        let mut roles: Vec<&str> = needs.iter().filter_map(|need| need.role.as_deref()).collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    };
    if let Some(role) = args.role.as_deref().filter(|role| !roles.contains(role)) {
        let next = if roles.is_empty() {
            "no resource has a role_arn".to_owned()
        } else {
            format!("there are: {}", roles.join(", "))
        };
        return Err(Stopped::usage(format!("no resource works with the role {role}"), next));
    }
    let tagging = |ty: &TypeName| {
        let schema = loaded.schemas.schema(ty).ok();
        let permissions = schema.and_then(|schema| schema.tagging.as_ref().map(|t| t.permissions.clone()));
        permissions.unwrap_or_default()
    };
    let document = policy::document(needs, args.role.as_deref(), tagging);
    app.console.out(&v1::pretty(&document));
    let note = |text: String| app.console.err(&format!("note: {text}\n"));
    let of = loaded.stack.stack();
    match (&args.plan, args.now) {
        (Some(file), _) => note(format!("what the plan {} of {of} needs", file.display())),
        (None, true) => note(format!("what a build of {of} needs now")),
        (None, false) => {
            note(format!("what {of} needs in its whole life; --now or --plan FILE: for one build"));
        }
    }
    for unknown in &found.unknown {
        note(format!("not known: {}", redactor.text(unknown)));
    }
    if args.role.is_none() {
        for role in roles {
            note(format!("handlers of some resources work with {role}: its policy with --role {role}"));
        }
    }
    let size = document.to_string().len();
    if size > MANAGED_POLICY {
        note(format!(
            "the policy has {size} characters; a managed policy of IAM takes {MANAGED_POLICY}: split it by statement"
        ));
    }
    Ok(Exit::Done)
}

impl From<OperationArg> for Operation {
    fn from(operation: OperationArg) -> Self {
        match operation {
            OperationArg::Create => Self::Create,
            OperationArg::Read => Self::Read,
            OperationArg::Update => Self::Update,
            OperationArg::Delete => Self::Delete,
            OperationArg::List => Self::List,
        }
    }
}
