//! `schema TYPE|manifest|plan|refresh`: what types, manifests and plans look like.

mod manifest;
mod plan;
mod refresh;
mod ty;

use crate::app::{App, Done};
use crate::args::{SchemaArgs, SchemaCommand};
use crate::definitions;
use crate::errors::Stopped;

pub use ty::resolve;

/// True if the command needs a cloud.
pub fn reads(args: &SchemaArgs) -> bool {
    matches!(args.what, Some(SchemaCommand::Refresh(_)))
}

/// Reads types from a registry.
///
/// # Errors
/// The registry cannot be asked.
pub async fn refresh(app: &App, args: &SchemaArgs) -> Done {
    match &args.what {
        Some(SchemaCommand::Refresh(args)) => refresh::run(app, args).await,
        _ => run(app, args),
    }
}

/// Runs what needs no cloud.
pub fn run(app: &App, args: &SchemaArgs) -> Done {
    let dir = match &args.what {
        Some(SchemaCommand::Manifest(args)) => args.stack_dir.as_deref(),
        _ => None,
    };
    definitions::prepare(app, dir)?;
    match (&args.what, &args.ty) {
        (Some(SchemaCommand::Manifest(args)), _) => manifest::run(app, args),
        (Some(SchemaCommand::Plan), _) => plan::run(app),
        (None, Some(name)) => ty::run(app, name, args.path.as_deref(), args.json),
        (Some(SchemaCommand::Refresh(_)), _) | (None, None) => {
            Err(Stopped::usage("a type is missing", "stack-deploy schema TYPE, manifest, plan or refresh"))
        }
    }
}
