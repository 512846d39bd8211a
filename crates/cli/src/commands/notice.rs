//! Commands of stackql-deploy that have nothing to do here.

use crate::app::{App, Done};
use crate::exit::Exit;

/// `upgrade`, `start-server`, `stop-server`: a notice, exit 0 (DESIGN section 3).
pub fn run(app: &App, command: &str) -> Done {
    let what = match command {
        "upgrade" => "nothing to upgrade",
        "start-server" => "nothing to start",
        _ => "nothing to stop",
    };
    app.console.err(&format!("{command}: {what}: the engine is built in, there is no server\n"));
    Ok(Exit::Done)
}
