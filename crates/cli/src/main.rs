//! Entry point: reads the process once and hands everything to the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    match stack_deploy::env::Env::of_process() {
        Ok(env) => ExitCode::from(stack_deploy::run(std::env::args_os(), env)),
        Err(error) => {
            let settings = stack_deploy::settings::Settings::new(
                &stack_deploy::args::Global::default(),
                &stack_deploy::env::Env::default(),
            );
            let console = stack_deploy::render::Console::of_process(&settings);
            console.err(&format!(
                "error: the working folder cannot be read: {}\n",
                stack_deploy::errors::reason(&error)
            ));
            stack_deploy::exit::Exit::Error.into()
        }
    }
}
