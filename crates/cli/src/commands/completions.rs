//! `completions SHELL`.

use crate::app::{App, Done};
use crate::args::{Args, CompletionsArgs};
use crate::errors::Stopped;
use crate::exit::Exit;
use clap::CommandFactory;
use clap_complete::Shell;

/// Prints the script on stdout.
pub fn run(app: &App, args: &CompletionsArgs) -> Done {
    let shell = match args.shell.or_else(|| app.env.var("SHELL").and_then(of_path)) {
        Some(shell) => shell,
        None => {
            return Err(Stopped::usage(
                "which shell?",
                "stack-deploy completions bash, zsh, fish, elvish or powershell",
            ));
        }
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "stack-deploy", &mut script);
    app.console.out(&String::from_utf8_lossy(&script));
    if args.install {
        let place = match shell {
            Shell::Bash => "~/.local/share/bash-completion/completions/stack-deploy",
            Shell::Zsh => "a folder of your fpath, as _stack-deploy",
            Shell::Fish => "~/.config/fish/completions/stack-deploy.fish",
            _ => "your shell's profile",
        };
        app.console.err(&format!("nothing was installed: put the output into {place}\n"));
    }
    Ok(Exit::Done)
}

fn of_path(path: &str) -> Option<Shell> {
    Shell::from_shell_path(path)
}
