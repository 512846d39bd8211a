//! Tags: what no service takes, and what most do not (cloud-control 3.6).

use super::codes;
use super::walk::{Finding, Findings, Place, Walk};
use crate::schema::TagForm;
use crate::value::Value;
use std::collections::HashMap;

/// Tags that a resource can have ("Tag naming limits and requirements", AWS general reference).
pub(super) const MAX_TAGS: usize = 50;
/// Characters of a key.
const MAX_KEY: usize = 128;
/// Characters of a value.
const MAX_VALUE: usize = 256;

/// Checks the tags of conformed properties.
pub(super) fn check(walk: &Walk<'_>, props: &Value, out: &mut Findings) {
    let Some((property, form)) = walk.schema.tag_property() else { return };
    let place = walk.member(&Place::root(), property);
    match (props.get(property), form) {
        (Some(Value::Array(items)), TagForm::KeyValueList) => {
            let mut first: HashMap<&str, usize> = HashMap::new();
            for (i, item) in items.iter().enumerate() {
                let at = walk.element(&place, i);
                let Some(Value::String(key)) = item.get("Key") else { continue };
                let key_at = walk.member(&at, "Key");
                one_key(walk, key, &key_at, false, out);
                if let Some(before) = first.insert(key, i) {
                    out.push(
                        Finding::at(&key_at, codes::TAGS)
                            .says(format!("{} has the tag `{key}` twice", walk.name(&place)))
                            .label(format!("the same as element {before}"))
                            .next("keep one of the two")
                            .warning(),
                    );
                }
                if let Some(Value::String(value)) = item.get("Value") {
                    one_value(key, value, &walk.member(&at, "Value"), out);
                }
            }
        }
        (Some(Value::Object(members)), TagForm::Map) => {
            for (key, value) in members {
                let at = walk.member(&place, key);
                one_key(walk, key, &at, true, out);
                if let Value::String(value) = value {
                    one_value(key, value, &at, out);
                }
            }
        }
        _ => {}
    }
}

/// True if the schema's own rules refuse the place already.
fn refused(at: &Place, out: &Findings) -> bool {
    out.errors().any(|finding| finding.violation.pointer == at.pointer())
}

fn one_key(walk: &Walk<'_>, key: &str, at: &Place, is_key: bool, out: &mut Findings) {
    if refused(at, out) {
        return;
    }
    let about = |code| if is_key { Finding::about(at, code) } else { Finding::at(at, code) };
    if key.starts_with("aws:") {
        out.push(
            about(codes::RESERVED_TAG)
                .says(format!("`{}` cannot be tagged with `{key}`", walk.schema.type_name))
                .label("keys that begin with aws: are AWS's own")
                .next("choose another key"),
        );
        return;
    }
    let count = key.chars().count();
    if count > MAX_KEY {
        out.push(
            about(codes::TAGS)
                .says(format!("the key of a tag has {count} characters, most services take {MAX_KEY}"))
                .label("too long")
                .warning(),
        );
    }
}

fn one_value(key: &str, value: &str, at: &Place, out: &mut Findings) {
    let count = value.chars().count();
    if count > MAX_VALUE && !refused(at, out) {
        out.push(
            Finding::at(at, codes::TAGS)
                .says(format!("the tag `{key}` has {count} characters, most services take {MAX_VALUE}"))
                .label("too long")
                .warning(),
        );
    }
}
