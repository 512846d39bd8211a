//! `schema refresh`: reads newer and private types from a region's registry into the local cache.

use crate::app::{App, Done};
use crate::args::RefreshArgs;
use crate::errors::{Stopped, codes};
use crate::exit::Exit;
use crate::guard::Guard;
use crate::render::text::count;
use crate::render::time::utc;
use crate::schemas::{Entry, VARIABLE, file_name};
use crate::session::ids;
use crate::wire::{Credentials, connect, region};
use stack_catalog::Catalog;
use stack_core::diagnostic::{Diagnostic, Diagnostics};
use stack_core::ids::{Region, Target, TypeName};
use stack_core::provider::{Failure, FailureKind, Provider, TypeOrigin, TypeRecord};
use stack_core::schema::Schemas;
use stack_engine::clock::{Clock, SystemClock};
use stack_manifest::Settings;
use std::path::Path;
use std::sync::Arc;

pub(super) async fn run(app: &App, args: &RefreshArgs) -> Done {
    let Some(root) = app.schemas.root().map(Path::to_owned) else {
        let next = format!("set {VARIABLE}, XDG_CACHE_HOME or HOME");
        return Err(Stopped::usage("there is no folder for cached schemas", next));
    };
    let guard = Guard::reading(args.cloud.timeout);
    let here = app.env.cwd.clone();
    let settings = Settings::default();
    let link = async {
        connect(
            app,
            &args.cloud,
            &settings,
            &here,
            Arc::clone(&app.schemas) as _,
            Arc::new(ids()?),
            Credentials::new(),
        )
        .await
    };
    let (link, found) = guard.reads(None, link).await?;
    let region =
        region(app, &args.cloud).map(str::to_owned).or(found).unwrap_or_else(|| "us-east-1".to_owned());
    let target = Target {
        provider: "aws".into(),
        region: Some(Region::new(&region)),
        role_arn: None,
        type_version_id: None,
        credential: None,
    };
    let work = async {
        let types = wanted(app, &*link.provider, &target, args).await?;
        // Told as they come: all types of a region take minutes.
        let tell = |line: &str| app.console.out(line);
        Ok(refresh(&*link.provider, &target, &region, &types, &root, &tell).await)
    };
    let refreshed = guard.reads(Some(&link.provider), work).await?;
    let done = count(refreshed.done, "schema", "schemas");
    app.console.err(&format!("{done} of {region} in {}\n", root.join(&region).display()));
    app.tell(&refreshed.problems);
    Ok(if refreshed.problems.is_empty() { Exit::Done } else { Exit::Error })
}

/// Which types: those that are named; else every private one, and with `--all` every type of the region.
async fn wanted(
    app: &App,
    provider: &dyn Provider,
    target: &Target,
    args: &RefreshArgs,
) -> Result<Vec<TypeName>, Stopped> {
    if !args.types.is_empty() {
        // A type that the catalog does not know may be known there.
        let known = |name: &String| match app.schemas.canonical(name) {
            Ok(ty) => Ok(ty),
            Err(_) if name.split("::").count() == 3 => Ok(TypeName::new(name)),
            Err(unknown) => Err(super::ty::unknown_type(&unknown)),
        };
        return args.types.iter().map(known).collect();
    }
    let mut origins = vec![TypeOrigin::Account];
    if args.all {
        origins.push(TypeOrigin::Aws);
    }
    let mut types = Vec::new();
    for origin in origins {
        types.extend(list(provider, target, origin).await.map_err(|failure| {
            let message = "the registry does not list its types";
            Stopped::new(Exit::Error, told(message.to_owned(), &failure, "cloudformation:ListTypes"))
        })?);
    }
    types.sort();
    types.dedup();
    Ok(types)
}

/// All pages.
async fn list(
    provider: &dyn Provider,
    target: &Target,
    origin: TypeOrigin,
) -> Result<Vec<TypeName>, Failure> {
    let mut types = Vec::new();
    let mut page: Option<String> = None;
    loop {
        let answer = provider.list_types(target, origin, page.as_deref()).await?;
        types.extend(answer.types);
        match answer.next {
            Some(next) if page.as_ref() != Some(&next) => page = Some(next),
            _ => return Ok(types),
        }
    }
}

/// What became of a refresh.
#[derive(Debug, Default)]
struct Refreshed {
    /// Types that were cached.
    done: usize,
    /// One per type that was not.
    problems: Diagnostics,
}

/// Reads and caches types one after the other: the registry allows few calls. A failure changes nothing in the cache.
async fn refresh(
    provider: &dyn Provider,
    target: &Target,
    region: &str,
    types: &[TypeName],
    root: &Path,
    tell: &(dyn Fn(&str) + Sync),
) -> Refreshed {
    let mut refreshed = Refreshed::default();
    for ty in types {
        let record = match provider.describe_type(target, ty).await {
            Ok(record) => record,
            Err(failure) => {
                let message = format!("{ty} was not refreshed: the registry of {region} does not give it");
                let problem = told(message, &failure, "cloudformation:DescribeType");
                refreshed.problems.push(problem);
                // What stops one stops all.
                if matches!(
                    failure.kind,
                    FailureKind::Credentials | FailureKind::Unsupported | FailureKind::Denied
                ) {
                    break;
                }
                continue;
            }
        };
        let kept = entry(record, region, &utc(SystemClock.now_ms())).and_then(|entry| {
            keep(&entry, root).map_err(|error| crate::errors::reason(&error))?;
            Ok(entry)
        });
        match kept {
            Ok(entry) => {
                refreshed.done += 1;
                tell(&line(&entry));
            }
            Err(why) => {
                let message = format!("{ty} was not refreshed: {why}");
                refreshed.problems.push(Diagnostic::error(codes::NO_REFRESH, message));
            }
        }
    }
    refreshed
}

fn told(message: String, failure: &Failure, action: &str) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(codes::NO_REFRESH, message).note("service", failure.to_string());
    if let Some(id) = &failure.request_id {
        diagnostic = diagnostic.note("request", id);
    }
    diagnostic.next(match failure.kind {
        FailureKind::Denied => format!("allow {action} to these credentials"),
        FailureKind::Credentials => "give credentials; `stack-deploy info` says which are found".to_owned(),
        FailureKind::NotFound => {
            "check the name and the region; a third-party type must be activated first".to_owned()
        }
        FailureKind::Unsupported => "use a real account: the bundled schemas stay in use".to_owned(),
        _ => "try again: what is cached stays".to_owned(),
    })
}

fn entry(record: TypeRecord, region: &str, now: &str) -> Result<Entry, String> {
    let (format, format_version) = Entry::header();
    let entry = Entry {
        format,
        format_version,
        ty: record.ty,
        region: region.to_owned(),
        fetched_at: now.to_owned(),
        provisioning: record.provisioning,
        visibility: record.visibility,
        default_version: record.default_version,
        deprecated: record.deprecated,
        last_updated: record.last_updated.map(utc),
        schema: serde_json::from_str(&record.schema)
            .map_err(|error| format!("its schema is no JSON: {error}"))?,
    };
    entry.resource_schema().map_err(|why| format!("its schema cannot be used: {why}"))?;
    Ok(entry)
}

/// Writes a file beside its place first: a half-written schema is never read.
fn keep(entry: &Entry, root: &Path) -> std::io::Result<()> {
    let folder = root.join(&entry.region);
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(file_name(&entry.ty));
    let beside = path.with_extension("json.new");
    let text = serde_json::to_string_pretty(entry).map_err(std::io::Error::other)?;
    std::fs::write(&beside, text)?;
    std::fs::rename(&beside, &path)
}

/// `AWS::S3::Bucket  2026-11-29  fully mutable`
fn line(entry: &Entry) -> String {
    let catalog = Catalog::embedded();
    let what = match (&entry.visibility, catalog.facts(entry.ty.as_str())) {
        (Some(private), _) if private == "PRIVATE" => "private",
        (_, None) => "not in the catalog",
        _ => "stands before the catalog's",
    };
    let deprecated = if entry.deprecated { ", deprecated" } else { "" };
    format!("{}  {what}{deprecated}\n", entry.ty)
}

#[cfg(test)]
mod tests;
