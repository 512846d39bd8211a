//! `schema manifest`: JSON Schema of `stackql_manifest.yml`, offline.

use crate::app::{App, Done};
use crate::args::{InputArgs, ManifestSchemaArgs, TypesIn};
use crate::errors::Stopped;
use crate::exit::Exit;
use crate::load::{What, parse};
use crate::manifest_schema;
use crate::render::json::v1;
use stack_catalog::Catalog;
use stack_core::desired::Resolver;
use stack_core::ids::TypeName;
use stack_core::schema::Schemas;

pub(super) fn run(app: &App, args: &ManifestSchemaArgs) -> Done {
    let which = match (args.types, &args.stack_dir) {
        (Some(which), _) => which,
        (None, Some(_)) => TypesIn::Used,
        (None, None) => TypesIn::None,
    };
    let types = match (which, &args.stack_dir) {
        (TypesIn::None, _) => Vec::new(),
        (TypesIn::All, _) => all(app),
        (TypesIn::Used, Some(dir)) => used(app, dir)?,
        (TypesIn::Used, None) => {
            return Err(Stopped::usage(
                "--types used: of which stack?",
                "stack-deploy schema manifest STACK_DIR, or --types all",
            ));
        }
    };
    let schema =
        manifest_schema::schema(&app.schemas, &types).map_err(|unknown| super::ty::unknown_type(&unknown))?;
    app.console.out(&v1::pretty(&schema));
    app.tell(&app.schemas.take_problems());
    Ok(Exit::Done)
}

fn all(app: &App) -> Vec<TypeName> {
    let mut all: Vec<TypeName> =
        Catalog::embedded().types().map(TypeName::new).chain(app.schemas.cached().keys().cloned()).collect();
    all.sort();
    all.dedup();
    all
}

/// The types that a manifest names.
fn used(app: &App, dir: &std::path::Path) -> Result<Vec<TypeName>, Stopped> {
    let what = What {
        dir,
        // Which types there are does not depend on the environment.
        env: "dev",
        inputs: &InputArgs::default(),
        region: None,
        nonce: "00000000000000000000000000000000",
        strict: false,
        text: None,
        exclude: &[],
    };
    let (parsed, _) = parse(app, &what)?;
    let Some(stack) = parsed.stack else { return Err(Stopped::problems(parsed.diagnostics)) };
    let nodes = stack.nodes().iter();
    // What is wrong with a manifest is for `validate` to say; an editor still wants the rest.
    let mut types: Vec<TypeName> =
        nodes.filter_map(|node| app.schemas.canonical(&node.declared_type).ok()).collect();
    types.sort();
    types.dedup();
    Ok(types)
}
