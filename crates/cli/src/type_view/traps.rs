//! What is known of a type beyond its schema, sentence by sentence.

use serde::Serialize;
use stack_catalog::Correction;
use stack_core::pointer::{PathSet, PropertyPath};
use stack_core::schema::ResourceSchema;

/// Something to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trap {
    /// Property, dotted; empty: the whole type.
    pub path: String,
    /// What to know about it.
    pub text: String,
}

fn dotted(path: &PropertyPath) -> String {
    path.to_string().trim_start_matches('/').replace("/*", "[*]").replace('/', ".")
}

/// Everything that is known beyond a schema.
pub(crate) fn of(schema: &ResourceSchema, correction: Option<&Correction>) -> Vec<Trap> {
    let overlay = &schema.overlay;
    let mut traps = Vec::new();
    let mut say = |path: String, text: &str| traps.push(Trap { path, text: text.to_owned() });
    if overlay.singleton {
        say(
            String::new(),
            "one per account: a create overwrites the setting, a delete may leave it as it is",
        );
    }
    if schema.refuses_updates() {
        say(
            String::new(),
            "an update cannot be written: a required property is write-only and create-only, so every change is a \
             replacement",
        );
    }
    if let Some(correction) = correction {
        for path in &correction.read_only.0 {
            say(dotted(path), "read-only, although the published schema does not say so");
        }
    }
    let sets: [(&PathSet, &str); 7] = [
        (&overlay.side_effects, "does something each time it is sent: never sent again without --resend"),
        (&overlay.unordered, "order has no meaning, although the schema does not say so"),
        (&overlay.ordered, "order has a meaning: a reorder is a change"),
        (&overlay.stringify, "sent as JSON text, because the handler takes no object"),
        (
            &overlay.unreadable,
            "reads leave it out although it is not marked write-only: it cannot be compared",
        ),
        (&overlay.remove_ignored, "null is ignored: the service reports success and keeps the value"),
        (
            &overlay.rewrite,
            "set again from the manifest with every update, because its read form is refused on write",
        ),
    ];
    for (set, text) in sets {
        set.iter().for_each(|path| say(dotted(path), text));
    }
    for (path, default) in &overlay.remove_defaults {
        say(dotted(path), &format!("null sends {default}, because the service does not carry out a removal"));
    }
    for choice in &overlay.exclusive {
        let alternatives: Vec<String> =
            choice.iter().map(|set| set.iter().map(dotted).collect::<Vec<_>>().join(" and ")).collect();
        say(alternatives.join(", "), "reads show several, a write takes one: the declared one stays");
    }
    for (path, owners) in &overlay.sibling_owned {
        let text = if owners.is_empty() {
            "filled by other services as well: ours only if declared".to_owned()
        } else {
            let owners: Vec<String> = owners.iter().map(ToString::to_string).collect();
            format!("left to resources of their own if the stack has them: {}", owners.join(", "))
        };
        say(dotted(path), &text);
    }
    for (path, values) in &overlay.gone_when {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        say(
            dotted(path),
            &format!("{} means that the resource is gone, though reads still show it", values.join(" or ")),
        );
    }
    for (path, names) in &overlay.filled {
        let text = format!(
            "reads fill it up with the service's own entries: compared are those that the manifest names, by {}",
            names.join(", ")
        );
        say(dotted(path), &text);
    }
    if let Some(path) = &overlay.region_in {
        say(
            dotted(path),
            "tells the region: a resource of the name in another one is never touched from here",
        );
    }
    for (path, note) in &overlay.notes {
        say(dotted(path), note);
    }
    traps
}
