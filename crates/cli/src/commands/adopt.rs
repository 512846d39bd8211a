//! `adopt`: a live resource becomes one of the stack. Its entry goes into the manifest, our marks go onto it, and the plan
//! that follows has nothing to do.

use crate::app::{App, Done};
use crate::args::AdoptArgs;
use crate::commands::apply::{Apply, Question};
use crate::edit;
use crate::errors::{Stopped, codes};
use crate::exit::Exit;
use crate::guard::Guard;
use crate::load::{What, load};
use crate::render::veil::veil;
use crate::render::view::TargetsView;
use crate::session::Session;
use crate::wire::region;
use indexmap::IndexMap;
use serde_json::Value as Json;
use stack_core::adopt::declarable;
use stack_core::conform::check_type;
use stack_core::desired::Resolver;
use stack_core::diagnostic::Diagnostic;
use stack_core::identity::{Identifier, Key, part_name};
use stack_core::ids::{Address, ProviderId, Region, Target, TypeName};
use stack_core::plan::{Action, Mode, Ownership, Plan, Planned};
use stack_core::pointer::Pointer;
use stack_core::provider::{Found, Provider};
use stack_core::schema::{ResourceSchema, Schemas};
use stack_manifest::MANIFEST_NAME;
use std::collections::HashMap;
use std::sync::Arc;

/// Values shorter than this are no references: they may be equal by chance.
const SHORTEST_REFERENCE: usize = 6;

/// What is to be taken over.
struct Wish {
    ty: TypeName,
    schema: Arc<ResourceSchema>,
    identifier: Identifier,
    target: Target,
}

/// Runs it.
pub async fn run(app: &App, args: &AdoptArgs) -> Done {
    let guard = Guard::writing(app, args.cloud.timeout)?;
    let open = Session::open(app, &args.stack, &args.inputs, &args.cloud, None);
    let mut session = guard.reads(None, open).await?;
    let wish = wish(&session, args)?;
    let everything = TargetsView::default();
    let look = session.plan(Mode::Build, &everything);
    let made = guard.reads(Some(&session.link.provider), look).await?;
    if let Some(address) = managed(&made.plan, &wish) {
        app.console.out(&format!("Nothing to adopt: {} is {address} of this stack.\n", wish.identifier));
        session.close()?;
        return Ok(Exit::Done);
    }
    let read = async {
        let key = Key::Primary(wish.identifier.clone());
        Ok(session.link.provider.read(&wish.target, &wish.ty, &key).await)
    };
    let found = guard.reads(Some(&session.link.provider), read).await?;
    let found = found.map_err(|failure| unreadable(&wish, &failure))?.ok_or_else(|| absent(&wish))?;
    let existing = entry_of(&session, &made.plan, &wish, args.name.as_deref())?;
    let (address, text) = match existing {
        Some(address) => (address, None),
        None => {
            let name = match &args.name {
                Some(name) => name.clone(),
                None => free_name(&session, &wish),
            };
            let text = written(app, args, &mut session, &guard, &wish, &found, &made.plan, &name).await?;
            (Address::from(name), Some(text))
        }
    };
    if args.dry_run {
        app.console.out(&text.map_or_else(
            || format!("{address} of {MANIFEST_NAME} would take {} over.\n", wish.identifier),
            |text| shown(app, &text.entry),
        ));
        session.close()?;
        return Ok(Exit::Done);
    }
    session.pins = IndexMap::from([(address.clone(), wish.identifier.clone())]);
    let targets = TargetsView {
        include: vec![address.to_string()],
        allow_data_loss: args.consent.allow_data_loss.clone(),
        ..TargetsView::default()
    };
    let apply = Apply {
        session: &session,
        command: "adopt",
        mode: Mode::Build,
        targets: &targets,
        on_failure: None,
        guard: &guard,
        operations: args.cloud.parallelism,
        allow_replace: &args.consent.allow_replace,
        show_requests: false,
        view: args.view,
    };
    let (held, made) = apply.look().await?;
    apply.show(&made);
    if let Some(text) = &text {
        app.console.out(&format!("\nThe entry for {MANIFEST_NAME}:\n\n{}", shown(app, &text.entry)));
    }
    if let Some(exit) = made.blocked() {
        session.close()?;
        return Ok(exit);
    }
    if !args.consent.yes {
        apply.consent(&made, Question::Yes).await?;
    }
    if let Some(text) = &text {
        let path = args.stack.stack_dir.join(MANIFEST_NAME);
        edit::replace(&app.path(&path), &text.before, &text.manifest)
            .map_err(|error| Stopped::unwritable(&path, &error))?;
        app.console.err(&format!("wrote {address} into {}\n", path.display()));
    }
    if !made.plan.has_changes() {
        app.console.out(&format!("Adopted: {address} needs no change.\n"));
    }
    apply.settle(made, held, None).await
}

/// The entry as it may be seen: what a read shows may be a secret, and the file alone gets it in clear.
fn shown(app: &App, entry: &str) -> String {
    let sealed = veil(entry);
    if sealed != entry {
        let message = "a live value looks like a secret: it is not shown here, and the entry has it in clear";
        let diagnostic = Diagnostic::warning(codes::CLEAR_SECRET, message)
            .next("put it into a variable that is `sensitive: true` before the file is committed");
        app.tell(&[diagnostic]);
    }
    app.redactor.text(&sealed).into_owned()
}

/// What the arguments mean.
fn wish(session: &Session<'_>, args: &AdoptArgs) -> Result<Wish, Stopped> {
    let schemas: &dyn Schemas = &*session.loaded.schemas;
    let unknown = |error: stack_core::schema::UnknownType| {
        let near = error.near.first().map(|near| format!("did you mean `{near}`?"));
        let next = near.or_else(|| error.why.clone());
        Stopped::usage(
            error.to_string(),
            next.unwrap_or_else(|| "write AWS::S3::Bucket or awscc.s3.buckets".to_owned()),
        )
    };
    let ty = schemas.canonical(&args.ty).map_err(unknown)?;
    let schema = schemas.schema(&ty).map_err(unknown)?;
    if let Some(problem) =
        check_type(&schema, &[]).into_iter().find(|problem| !schema.is_provisionable() && problem.on_key)
    {
        let next = problem.notes.into_iter().find(|(key, _)| key == "next").map(|(_, text)| text);
        return Err(Stopped::usage(problem.message, next.unwrap_or_default()));
    }
    let Some(identifier) = Identifier::parse(&schema, &args.identifier) else {
        let parts: Vec<String> = schema.primary_identifier.iter().map(part_name).collect();
        return Err(Stopped::usage(
            format!("`{}` is no identifier of {ty}", args.identifier),
            format!("write its {} parts joined with `|`: {}", parts.len(), parts.join("|")),
        ));
    };
    let region = region(session.app, &args.cloud).map(str::to_owned);
    let region = args.cloud.region.clone().or_else(|| session.loaded.stack.default_region()).or(region);
    let target = Target {
        provider: ProviderId::new("aws"),
        region: region.map(Region::from),
        role_arn: session.loaded.stack.settings().role_arn.clone(),
        type_version_id: None,
        credential: None,
    };
    Ok(Wish { ty, schema, identifier, target })
}

/// The address that has the resource already.
fn managed<'p>(plan: &'p Plan, wish: &Wish) -> Option<&'p Address> {
    plan.resources
        .values()
        .find(|planned| {
            planned.ty == wish.ty
                && planned.live.is_some()
                && planned.identifier.as_ref().is_some_and(|own| own.is_same(&wish.identifier))
                && planned.ownership == Some(Ownership::Ours)
        })
        .map(|planned| &planned.address)
}

/// The entry of the manifest that is to take the resource: the one that `--as` names, the one whose key finds it, or the
/// only one that would make one like it.
fn entry_of(
    session: &Session<'_>,
    plan: &Plan,
    wish: &Wish,
    name: Option<&str>,
) -> Result<Option<Address>, Stopped> {
    if let Some(name) = name {
        let Some(planned) = plan.resources.get(&Address::new(name)) else {
            let names: Vec<&str> =
                session.loaded.stack.nodes().iter().map(|node| node.address.as_str()).collect();
            if !names.contains(&name) {
                let fits = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
                return if fits { Ok(None) } else { Err(no_name(name)) };
            }
            return Err(Stopped::usage(
                format!(
                    "{name} cannot take anything over: in this environment it is skipped or cannot be judged"
                ),
                "look at what `plan` says of it, or choose another name with --as",
            ));
        };
        if planned.ty != wish.ty {
            return Err(Stopped::usage(
                format!("{name} is a {}, not a {}", planned.declared_type, wish.ty),
                "choose another name with --as",
            ));
        }
        return Ok(Some(planned.address.clone()));
    }
    if let Some(planned) = plan.resources.values().find(|planned| {
        planned.ty == wish.ty
            && planned.live.is_some()
            && planned.identifier.as_ref().is_some_and(|own| own.is_same(&wish.identifier))
    }) {
        return Ok(Some(planned.address.clone()));
    }
    let like: Vec<&Address> = plan
        .resources
        .values()
        .filter(|planned| planned.ty == wish.ty && planned.action == Action::Create)
        .filter(|planned| planned.lookalikes.iter().any(|one| one.is_same(&wish.identifier)))
        .map(|planned| &planned.address)
        .collect();
    match like.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some((*one).clone())),
        several => Err(Stopped::usage(
            format!(
                "{} looks like {}",
                wish.identifier,
                several.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and like ")
            ),
            "say which one is meant with --as NAME",
        )),
    }
}

fn no_name(name: &str) -> Stopped {
    let message = format!("`{name}` is no name for an entry");
    Stopped::usage(message, "use letters, digits, `_` and `-`, such as --as subnet_2")
}

/// `subnet`, `subnet_2`, …
fn free_name(session: &Session<'_>, wish: &Wish) -> String {
    let last = wish.ty.as_str().rsplit("::").next().unwrap_or("resource");
    let base = stack_core::naming::column_name(last);
    // Instances take the name of their entry.
    let taken = |name: &str| {
        let nodes = session.loaded.stack.nodes();
        nodes.iter().any(|node| node.address.as_str().split('[').next() == Some(name))
    };
    (1..)
        .map(|n| if n == 1 { base.clone() } else { format!("{base}_{n}") })
        .find(|name| !taken(name))
        .unwrap_or(base)
}

/// A manifest with the new entry.
struct Written {
    entry: String,
    before: String,
    manifest: String,
}

/// Makes the entry, and loads the stack as it would be with it.
#[expect(clippy::too_many_arguments, reason = "each is another thing, used once")]
async fn written(
    app: &App,
    args: &AdoptArgs,
    session: &mut Session<'_>,
    guard: &Guard,
    wish: &Wish,
    found: &Found,
    plan: &Plan,
    name: &str,
) -> Result<Written, Stopped> {
    let mut props = Json::Object(declarable(&wish.schema, &found.model));
    edit::literal(&mut props);
    let references = references(session, plan);
    refer(&mut props, &references);
    let Json::Object(props) = props else { return Err(absent(wish)) };
    let region = wish
        .target
        .region
        .as_ref()
        .map(ToString::to_string)
        .filter(|region| session.loaded.stack.default_region().as_ref() != Some(region));
    let ty = awscc_name(&wish.ty);
    let path = app.path(&args.stack.stack_dir).join(MANIFEST_NAME);
    let before = std::fs::read_to_string(&path).map_err(|error| Stopped::unreadable(&path, &error))?;
    let mut pin = None;
    loop {
        let entry = edit::entry(name, &ty, region.as_deref(), pin.as_deref(), &props);
        let manifest = edit::append(&before, &entry).map_err(|error| {
            app.console.out(&shown(app, &entry));
            let problem =
                Diagnostic::error(codes::CANNOT_ADOPT, format!("the entry cannot be written: {error}"))
                    .next("add the printed entry to `resources` yourself, then run the same command again");
            Stopped::new(Exit::Error, problem)
        })?;
        let what = What {
            dir: &args.stack.stack_dir,
            env: &args.stack.stack_env,
            inputs: &args.inputs,
            region: crate::wire::region(app, &args.cloud),
            nonce: &session.nonce,
            strict: false,
            text: Some(&manifest),
            exclude: &[],
        };
        session.loaded = load(app, &what)?;
        if pin.is_some() || is_found_again(session, guard, wish, name).await? {
            return Ok(Written { entry, before, manifest });
        }
        // Nothing that is declared leads back to it.
        pin = Some(wish.identifier.to_string());
    }
}

/// True if a later plan finds the resource by itself: by our marks, or by what is declared.
async fn is_found_again(
    session: &Session<'_>,
    guard: &Guard,
    wish: &Wish,
    name: &str,
) -> Result<bool, Stopped> {
    let marks = session.loaded.stack.settings().ownership_tags;
    if marks && wish.schema.tags_updatable() && wish.schema.tags_readable() {
        return Ok(true);
    }
    let targets = TargetsView { include: vec![name.to_owned()], ..TargetsView::default() };
    let made = guard.reads(Some(&session.link.provider), session.plan(Mode::Drift, &targets)).await?;
    let planned = made.plan.resources.get(&Address::new(name));
    let finds = |p: &Planned| {
        p.live.is_some() && p.identifier.as_ref().is_some_and(|own| own.is_same(&wish.identifier))
    };
    Ok(planned.is_some_and(finds))
}

/// Values that only one resource of the stack has, with the expression that gives them.
fn references(session: &Session<'_>, plan: &Plan) -> HashMap<String, String> {
    let mut seen: HashMap<String, Option<String>> = HashMap::new();
    for planned in plan.resources.values() {
        // What goes or stays a stranger can be referred to by nothing.
        if planned.action == Action::Delete || planned.ownership != Some(Ownership::Ours) {
            continue;
        }
        let (Some(live), Ok(schema)) =
            (planned.live.as_ref().and_then(Json::as_object), session.loaded.schemas.schema(&planned.ty))
        else {
            continue;
        };
        for (property, value) in live {
            let at = Pointer::of([property.as_str()]);
            // A part of a composite identifier is the name of something else.
            let is_identifier = matches!(schema.primary_identifier.as_slice(), [one] if one.as_pointer().as_ref() == Some(&at));
            let names_it =
                is_identifier || (schema.read_only_properties.covers(&at) && is_name(property, value));
            let Some(text) = value.as_str().filter(|text| names_it && text.len() >= SHORTEST_REFERENCE)
            else {
                continue;
            };
            let address = planned.address.as_str();
            let plain = address.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            let expression = plain.then(|| format!("{{{{ {address}.{property} }}}}"));
            seen.entry(text.to_owned()).and_modify(|known| *known = None).or_insert(expression);
        }
    }
    seen.into_iter().filter_map(|(text, expression)| Some((text, expression?))).collect()
}

/// True if a read-only value is the name of one thing. States, zones and accounts are shared by many.
fn is_name(property: &str, value: &Json) -> bool {
    let is_account = |text: &str| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    let ends = ["Id", "Identifier", "Arn", "ARN", "Url", "Uri", "Endpoint", "DomainName"];
    value.as_str().is_some_and(|text| {
        text.starts_with("arn:") || (ends.iter().any(|end| property.ends_with(end)) && !is_account(text))
    })
}

fn refer(value: &mut Json, references: &HashMap<String, String>) {
    match value {
        Json::String(text) => {
            if let Some(expression) = references.get(text.as_str()) {
                text.clone_from(expression);
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| refer(item, references)),
        Json::Object(members) => {
            for (key, member) in members.iter_mut() {
                // A tag's value is a word, not a reference.
                if key != "Tags" {
                    refer(member, references);
                }
            }
        }
        _ => {}
    }
}

/// The name that manifests use, where the catalog has one.
fn awscc_name(ty: &TypeName) -> String {
    stack_catalog::Catalog::embedded().awscc_name(ty).unwrap_or_else(|| ty.to_string())
}

fn absent(wish: &Wish) -> Stopped {
    let region = wish.target.region.as_ref().map_or("no region", |region| region.as_str());
    let problem = Diagnostic::error(
        codes::CANNOT_ADOPT,
        format!("there is no {} `{}` in {region}", wish.ty, wish.identifier),
    )
    .next("look at the identifier and the region (--region)");
    Stopped::new(Exit::Error, problem)
}

fn unreadable(wish: &Wish, failure: &stack_core::provider::Failure) -> Stopped {
    let problem =
        Diagnostic::error(codes::CANNOT_ADOPT, format!("{} `{}` cannot be read", wish.ty, wish.identifier))
            .note("service", failure.to_string())
            .next("mend the cause, then try again; nothing was changed");
    Stopped::new(Exit::Error, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_one_thing_become_references() {
        for (property, value, expected) in [
            ("VpcId", "vpc-0123", true),
            ("Arn", "arn:aws:s3:::b", true),
            ("State", "ACTIVE", false),
            ("Status", "ENABLED", false),
            ("OwnerId", "123456789012", false),
            ("AvailabilityZone", "us-east-1a", false),
        ] {
            assert_eq!(is_name(property, &Json::from(value)), expected, "{property}");
        }
    }
}
