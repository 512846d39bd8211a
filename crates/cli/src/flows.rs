//! What runs resources whose own statements rule: their runner, a shell for those that ask for one, and who listens.

use crate::app::App;
use crate::render::Console;
use crate::render::text::clean;
use crate::shell::System;
use stack_core::flow::Told;
use stack_core::ids::Address;
use stack_core::redact::{MARK, Redactor};
use stack_core::schema::Schemas;
use stack_core::value::Value;
use stack_engine::{FlowSupport, Hears};
use stack_flow::Runner;
use std::sync::Arc;

/// Everything that flows need besides a cloud.
pub fn support(
    app: &App,
    schemas: Arc<dyn Schemas>,
    redactor: Redactor,
    shows_statements: bool,
) -> FlowSupport {
    FlowSupport {
        flows: Arc::new(Runner::new(schemas)),
        shell: Arc::new(System::new(app.env.vars.clone().into_iter().collect(), Arc::clone(&app.groups))),
        hears: Arc::new(Listener { console: app.console.clone(), redactor, shows_statements }),
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
