//! `validate`: everything that can be known to be wrong, offline.

use crate::app::{App, Done};
use crate::args::ValidateArgs;
use crate::errors::{Stopped, exit_of};
use crate::exit::Exit;
use crate::load::{What, merge, parse};
use crate::render::text::count;
use crate::wire::no_variable;
use stack_core::desired::{Outputs, Rendered, Resolver};
use stack_core::diagnostic::{Diagnostic, Diagnostics, Severity};
use stack_core::schema::Schemas;
use stack_manifest::Stack;

const NONCE: &str = "00000000000000000000000000000000";
/// Taken where the manifest mentions no environment and none is given.
const ANY_ENV: &str = "dev";

/// Runs it.
pub fn run(app: &App, args: &ValidateArgs) -> Done {
    let region = app.env.var("AWS_REGION").or_else(|| app.env.var("AWS_DEFAULT_REGION"));
    let what = |env| What {
        dir: &args.stack_dir,
        env,
        inputs: &args.inputs,
        region,
        nonce: NONCE,
        strict: args.strict,
        text: None,
        exclude: &[],
    };
    let envs: Vec<String> = match &args.stack_env {
        Some(env) => vec![env.clone()],
        None => {
            let (parsed, _) = parse(app, &what(ANY_ENV))?;
            let mentioned = parsed.stack.map(|stack| stack.environments().to_vec()).unwrap_or_default();
            if mentioned.is_empty() { vec![ANY_ENV.to_owned()] } else { mentioned }
        }
    };
    let mut told = Diagnostics::new();
    let mut advice = Diagnostics::new();
    let mut resources = 0;
    for env in &envs {
        let (parsed, _) = parse(app, &what(env))?;
        merge(&mut told, parsed.diagnostics);
        if let Some(stack) = parsed.stack {
            merge(&mut told, stack.validate());
            merge(&mut told, statements(&stack, &*app.schemas));
            // The manifest is not wrong: it is this version that cannot carry it out.
            let later = stack.cannot_run().into_iter();
            merge(
                &mut told,
                later.map(|problem| Diagnostic { severity: Severity::Warning, ..problem }).collect(),
            );
            merge(&mut told, credentials(app, &stack));
            merge(&mut advice, stack.advice());
            resources = resources.max(stack.nodes().len());
        }
    }
    app.tell(&app.schemas.take_problems());
    let wrong = told.iter().any(Diagnostic::is_error);
    if wrong || (args.strict && !told.is_empty()) {
        let exit = exit_of(&told);
        return Err(Stopped { exit, told });
    }
    // Notes are no warnings, so they do not matter to --strict.
    told.extend(advice);
    app.tell(&told);
    let named = if args.stack_env.is_none() && envs == [ANY_ENV] {
        String::new()
    } else {
        format!(" in {}", envs.join(", "))
    };
    app.console.out(&format!("ok: {}{named}\n", count(resources, "resource", "resources")));
    Ok(Exit::Done)
}

/// What is wrong with the credentials that resources ask for. That one is missing here is no mistake of the manifest.
fn credentials(app: &App, stack: &Stack) -> Diagnostics {
    let all = match stack.credentials() {
        Ok(all) => all,
        Err(problems) => return problems,
    };
    let missing = all.iter().flat_map(|used| {
        let missing =
            used.values.iter().filter(|(name, value)| value.is_none() && app.env.var(name).is_none());
        missing.map(move |(name, _)| no_variable(used, name))
    });
    missing.map(|problem| Diagnostic { severity: Severity::Warning, ..problem }).collect()
}

/// What is certainly wrong with statements that rule, whatever their values are. Those that are understood, and resources that
/// cannot be rendered, were looked at by the stack itself.
fn statements(stack: &Stack, schemas: &dyn Schemas) -> Diagnostics {
    let nothing = Outputs::new();
    let rendered = stack.nodes().iter().filter_map(|node| stack.render(&node.address, &nothing).ok());
    let flows = rendered.filter_map(|one| match one {
        Rendered::Flow(flow) => Some(flow),
        _ => None,
    });
    flows.flat_map(|flow| stack_flow::check(&flow, schemas)).collect()
}
