//! `query`: statements over live resources. Changes them only where that is allowed.

mod asker;
mod changes;

pub use asker::Asker;

use crate::app::{App, Done};
use crate::args::QueryArgs;
use crate::errors::Stopped;
use crate::exit::Exit;
use std::path::Path;

/// Runs the statements.
pub async fn run(app: &App, args: &QueryArgs) -> Done {
    let (name, text) = statements(app, args)?;
    let mut asker = Asker::new(app, &args.ask)?;
    if asker.run(&name, &text).await? {
        return Ok(Exit::Done);
    }
    Err(Stopped::usage("there is no statement", "stack-deploy query \"SELECT …\""))
}

/// The name and the text of the statements.
fn statements(app: &App, args: &QueryArgs) -> Result<(String, String), Stopped> {
    match (&args.sql, &args.file) {
        (_, Some(file)) => {
            let bytes = std::fs::read(app.path(file)).map_err(|error| Stopped::unreadable(file, &error))?;
            let text = String::from_utf8(bytes).map_err(|_| {
                let error = std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not UTF-8");
                Stopped::unreadable(file, &error)
            })?;
            Ok((shown(file), text))
        }
        (Some(sql), None) => Ok(("SQL".to_owned(), sql.clone())),
        (None, None) => Err(Stopped::usage("there is no statement", "stack-deploy query \"SELECT …\"")),
    }
}

fn shown(file: &Path) -> String {
    file.strip_prefix(".").unwrap_or(file).to_string_lossy().into_owned()
}
