//! `show PLAN_FILE`: a saved plan, rendered again by the renderers that showed it first.

use crate::app::{App, Done};
use crate::args::ShowArgs;
use crate::errors::Stopped;
use crate::exit::Exit;
use crate::render::json::v1;
use crate::render::view::{ModeView, PlanView};
use crate::render::{drift, human, markdown};
use std::path::Path;

/// Reads and renders.
pub fn run(app: &App, args: &ShowArgs) -> Done {
    let view = read(app, &args.plan_file, Exit::Error)?;
    if let Some(file) = &args.markdown {
        app.write(file, &markdown::plan(&view, markdown::BUDGET))?;
    }
    let text = if args.json {
        v1::plan_text(&view)
    } else if view.mode == ModeView::Drift {
        drift::drift(&view, args.view, app.console.out_style)
    } else {
        human::plan(&view, args.view, app.console.out_style)
    };
    app.console.out(&text);
    Ok(Exit::Done)
}

/// Reads a saved plan.
///
/// # Errors
/// 1 if it is no plan, 4 if it is one of another version, `edited` if it was changed after it was saved.
pub fn read(app: &App, file: &Path, edited: Exit) -> Result<PlanView, Stopped> {
    let text = std::fs::read_to_string(app.path(file)).map_err(|error| Stopped::unreadable(file, &error))?;
    v1::read_plan(&text).map_err(|error| Stopped::plan_file(file, &error, edited))
}
