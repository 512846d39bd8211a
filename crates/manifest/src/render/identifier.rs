//! `identifier`.

use crate::codes;
use crate::render::Job;
use crate::render::props::Routes;
use stack_core::diagnostic::Diagnostic;
use stack_core::identity::Identifier;
use stack_core::schema::ResourceSchema;
use stack_core::value::Value;

impl Job<'_> {
    /// `identifier`: one text, or a mapping of the parts, which becomes the JSON form.
    pub(super) fn identifier(&mut self, schema: &ResourceSchema) -> Option<Value> {
        let spot = self.declared.identifier.as_ref()?;
        let value = self.value(Some(spot))?;
        if let Some(unknown) = value.unknown() {
            return Some(Value::Unknown(unknown));
        }
        let text = match &value {
            Value::Object(_) => value.exposed().map(|json| json.to_string()),
            _ => value.scalar_text(),
        };
        let names: Vec<String> =
            schema.primary_identifier.iter().map(stack_core::identity::part_name).collect();
        // A part that is not one of the type's would be ignored.
        let exact = match &value {
            Value::Object(map) => map.len() == names.len() && names.iter().all(|n| map.contains_key(n)),
            _ => true,
        };
        let fits = exact
            && text
                .as_deref()
                .is_some_and(|text| !text.is_empty() && Identifier::parse(schema, text).is_some());
        if !fits {
            self.fail(
                Diagnostic::error(
                    codes::BAD_IDENTIFIER,
                    format!("this is no identifier of {}", schema.type_name),
                )
                .at(spot.path.route(), format!("it has {}: {}", count(names.len()), names.join("|"))),
            );
            return None;
        }
        let text = Value::String(text?);
        Some(if value.has_secret() { Value::Secret(stack_core::value::Secret::new(text)) } else { text })
    }

    /// An identifier that says something else than the properties would make a resource that is never found again.
    pub(super) fn agrees(
        &mut self,
        identifier: &Value,
        schema: &ResourceSchema,
        props: &Value,
        routes: &Routes,
    ) {
        let Some(spot) = &self.declared.identifier else { return };
        let Some(given) = identifier.scalar_text().and_then(|text| Identifier::parse(schema, &text)) else {
            return;
        };
        for (path, (name, given)) in schema.primary_identifier.iter().zip(&given.parts) {
            let Some(pointer) = path.as_pointer() else { continue };
            let Some(declared) = props.at(&pointer).filter(|value| value.unknown().is_none()) else {
                continue;
            };
            if declared.scalar_text().is_none_or(|declared| declared == *given) {
                continue;
            }
            let hidden = identifier.has_secret() || declared.has_secret();
            let says = if hidden { "another value".to_owned() } else { format!("`{given}`") };
            let place = self.place(&pointer, routes).route();
            self.fail(
                Diagnostic::error(
                    codes::BAD_IDENTIFIER,
                    format!("`identifier` and `{name}` of {} do not agree", self.address),
                )
                .at(spot.path.route(), format!("this says {says} for `{name}`"))
                .at(place, "this is what is declared")
                .next("take one of the two out, or write the same value"),
            );
        }
    }
}

fn count(parts: usize) -> String {
    if parts == 1 { "one part".to_owned() } else { format!("{parts} parts") }
}
