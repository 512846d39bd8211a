//! `explain`: what a number means, or why a resource is planned as it is.

mod code;
mod resource;

use crate::app::{App, Done};
use crate::args::{ExplainArgs, StackArgs};
use crate::errors::Stopped;
use std::path::PathBuf;

pub use code::{all, explanation};

/// True if the command needs a cloud.
pub fn reads(args: &ExplainArgs) -> bool {
    args.stack_env.is_some()
}

/// Explains a number, offline.
pub fn code(app: &App, args: &ExplainArgs) -> Done {
    code::run(app, &args.what)
}

/// Explains a resource, live.
pub async fn resource(app: &App, args: &ExplainArgs) -> Done {
    let (Some(env), Some(address)) = (&args.stack_env, &args.address) else {
        return Err(Stopped::usage(
            "an address is missing",
            "stack-deploy explain SDnnnn, or explain STACK_DIR ENV ADDRESS [PATH]",
        ));
    };
    let stack = StackArgs { stack_dir: PathBuf::from(&args.what), stack_env: env.clone() };
    resource::run(app, args, &stack, address).await
}
