//! `schema TYPE [PATH]`: the reference of a resource type, offline.

use crate::app::{App, Done};
use crate::errors::{Stopped, codes};
use crate::exit::Exit;
use crate::render::json::v1;
use crate::render::type_text;
use crate::type_view;
use serde_json::json;
use stack_core::diagnostic::{Diagnostic, nearest};
use stack_core::ids::TypeName;
use stack_core::naming::find_property;
use stack_core::pointer::Pointer;
use stack_core::schema::{ResourceSchema, Schemas, UnknownType};

/// The canonical name of a type in either spelling.
///
/// # Errors
/// 64 with near names.
pub fn resolve(app: &App, name: &str) -> Result<TypeName, Stopped> {
    app.schemas.canonical(name).map_err(|unknown| unknown_type(&unknown))
}

pub(super) fn unknown_type(unknown: &UnknownType) -> Stopped {
    let mut diagnostic = Diagnostic::error(codes::NO_SUCH_TYPE, unknown.to_string());
    if let Some(why) = &unknown.why {
        diagnostic = diagnostic.note("why", why);
    }
    let next = match unknown.near.as_slice() {
        [] => "write it as AWS::Service::Resource or awscc.service.resources; new and private types: schema refresh TYPE"
            .to_owned(),
        near => format!("did you mean {}?", near.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")),
    };
    Stopped::new(Exit::Usage, diagnostic.next(next))
}

pub(super) fn run(app: &App, name: &str, path: Option<&str>, as_json: bool) -> Done {
    if let Some(region) = app.env.var("AWS_REGION").or_else(|| app.env.var("AWS_DEFAULT_REGION")) {
        app.schemas.prefer(region);
    }
    let ty = resolve(app, name)?;
    let style = app.console.out_style;
    let text = match path {
        None => {
            let view = type_view::of(&app.schemas, &ty).map_err(|unknown| unknown_type(&unknown))?;
            if as_json { v1::document("type", &json!(view)) } else { type_text::whole(&view, style) }
        }
        Some(path) => {
            let schema = app.schemas.schema(&ty).map_err(|unknown| unknown_type(&unknown))?;
            let place = place(&schema, path);
            let view = type_view::at(&app.schemas, &ty, &place).map_err(|unknown| unknown_type(&unknown))?;
            let Some(view) = view else { return Err(no_path(&schema, &ty, &place)) };
            if as_json {
                v1::document("property", &json!({ "type_name": ty, "property": view }))
            } else {
                type_text::part(ty.as_str(), &view, style)
            }
        }
    };
    app.console.out(&text);
    app.tell(&app.schemas.take_problems());
    Ok(Exit::Done)
}

/// A property as the user names it, its first part in the provider's spelling.
fn place(schema: &ResourceSchema, path: &str) -> Pointer {
    let typed = crate::parse::property(path);
    let names = schema.root.properties.keys().map(String::as_str);
    match typed.segments().split_first() {
        Some((top, below)) => {
            let top = find_property(top, names).unwrap_or(top);
            Pointer::of(std::iter::once(top).chain(below.iter().map(String::as_str)))
        }
        None => typed,
    }
}

fn no_path(schema: &ResourceSchema, ty: &TypeName, place: &Pointer) -> Stopped {
    // As deep as the schema goes, then the names that there are.
    let mut node = &schema.root;
    let mut wrong = "";
    for segment in place.segments() {
        let next = schema
            .member(node, segment)
            .or_else(|| schema.element(node).and_then(|e| schema.member(e, segment)));
        match next {
            Some(next) => node = next,
            None if segment == "*" => node = schema.element(node).unwrap_or(node),
            None => {
                wrong = segment;
                break;
            }
        }
    }
    let node = schema.element(node).unwrap_or_else(|| schema.follow(node));
    let names: Vec<&str> = node.properties.keys().map(String::as_str).collect();
    let next = match nearest(wrong, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => format!("see stack-deploy schema {ty}"),
        None => format!("there are: {}", names.join(", ")),
    };
    let message = format!("{ty} has no property {}", place.dotted());
    Stopped::new(Exit::Usage, Diagnostic::error(codes::NO_SUCH_PATH, message).next(next))
}
