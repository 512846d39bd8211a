//! What runs resources whose own statements rule: their runner, a shell for those that ask for one, and who listens.

use crate::app::App;
use crate::render::Console;
use crate::render::text::clean;
use async_trait::async_trait;
use stack_core::flow::{Shelled, Told};
use stack_core::ids::Address;
use stack_core::redact::{MARK, Redactor};
use stack_core::schema::Schemas;
use stack_core::value::Value;
use stack_engine::{FlowSupport, Hears, Shell};
use stack_flow::Runner;
use std::process::Stdio;
use std::sync::Arc;
use tokio::process::Command;

/// Everything that flows need besides a cloud.
pub fn support(
    app: &App,
    schemas: Arc<dyn Schemas>,
    redactor: Redactor,
    shows_statements: bool,
) -> FlowSupport {
    FlowSupport {
        flows: Arc::new(Runner::new(schemas)),
        shell: Arc::new(System { vars: app.env.vars.clone().into_iter().collect() }),
        hears: Arc::new(Listener { console: app.console.clone(), redactor, shows_statements }),
    }
}

/// The system's shell.
struct System {
    vars: Vec<(String, String)>,
}

/// Shows nothing of the environment.
impl std::fmt::Debug for System {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("System")
    }
}

#[async_trait]
impl Shell for System {
    async fn run(&self, text: &Value) -> Result<Shelled, String> {
        let text = match text.exposed() {
            Some(serde_json::Value::String(text)) => text,
            _ => return Err("its text is not known".to_owned()),
        };
        let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
        let mut command = Command::new(shell);
        command.arg(flag).arg(text).env_clear().envs(self.vars.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let output = command.output().await.map_err(|error| format!("`{shell}` cannot be run: {error}"))?;
        Ok(Shelled { code: output.status.code(), stdout: output.stdout, stderr: output.stderr })
    }
}

/// Shows what flows tell while a plan is made.
#[derive(Debug)]
struct Listener {
    console: Console,
    redactor: Redactor,
    shows_statements: bool,
}

impl Hears for Listener {
    fn hear(&self, address: &Address, told: Told) {
        match told {
            Told::Statement(anchor, text) if self.shows_statements => {
                let text = match &text {
                    Value::String(text) => self.redactor.text(text).into_owned(),
                    _ => MARK.to_owned(),
                };
                let unicode = self.console.err_style.unicode;
                let address = clean(address.as_str(), unicode);
                self.console.err(&shown(&address, &anchor.to_string(), &text, unicode));
            }
            Told::Statement(..) => {}
            Told::Line(line) => tracing::info!("{}", self.redactor.text(&line)),
            // What they come to stands in what was found.
            Told::Warning(diagnostic) => tracing::debug!(%address, code = %diagnostic.code, "warning"),
        }
    }
}

/// A statement as `--show-queries` shows it.
pub fn shown(address: &str, anchor: &str, text: &str, unicode: bool) -> String {
    let mut out = format!("query: {address} {anchor}\n");
    for line in text.lines() {
        out.push_str(&format!("  {}\n", clean(line, unicode)));
    }
    out
}
