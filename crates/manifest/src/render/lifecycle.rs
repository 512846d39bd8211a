//! `lifecycle`.

use crate::codes;
use crate::model::{REPLACE_ORDERS, Spot};
use crate::path::Path;
use crate::render::Job;
use stack_core::desired::{Adopt, Lifecycle, ReplaceOrder};
use stack_core::diagnostic::{Diagnostic, nearest};
use stack_core::naming::find_property;
use stack_core::pointer::Pointer;
use stack_core::schema::ResourceSchema;
use stack_core::value::Value;
use std::time::Duration;

impl Job<'_> {
    pub(super) fn lifecycle(&mut self, schema: Option<&ResourceSchema>) -> Lifecycle {
        let declared = &self.declared.lifecycle;
        Lifecycle {
            prevent_destroy: self.prevent_destroy(declared.prevent_destroy.as_ref()),
            ignore_changes: self.ignore_changes(declared.ignore_changes.as_ref(), schema),
            replace: self.replace(declared.replace.as_ref()),
            adopt: self.adopt(declared.adopt.as_ref()),
            secret_version: self.known_text(declared.secret_version.as_ref(), "`lifecycle.secret_version`"),
            timeout: self.timeout(declared.timeout.as_ref()),
            random: Vec::new(),
        }
    }

    fn bad(&mut self, path: &Path, message: String, label: String) {
        self.fail(Diagnostic::error(codes::BAD_VALUE, message).at(path.route(), label));
    }

    fn prevent_destroy(&mut self, spot: Option<&Spot>) -> bool {
        let Some(text) = self.known_text(spot, "`lifecycle.prevent_destroy`") else { return false };
        match (text.as_str(), spot) {
            ("true", _) => true,
            ("false", _) => false,
            (_, Some(spot)) => {
                self.bad(
                    &spot.path,
                    "`lifecycle.prevent_destroy` is true or false".to_owned(),
                    String::new(),
                );
                false
            }
            (_, None) => false,
        }
    }

    fn replace(&mut self, spot: Option<&Spot>) -> Option<ReplaceOrder> {
        let text = self.known_text(spot, "`lifecycle.replace`")?;
        if let Some((_, order)) = REPLACE_ORDERS.iter().find(|(name, _)| *name == text) {
            return Some(*order);
        }
        let names = REPLACE_ORDERS.iter().map(|(name, _)| *name);
        let label = nearest(&text, names).map_or_else(String::new, |n| format!("did you mean `{n}`?"));
        self.bad(&spot?.path, "`lifecycle.replace` is create_first or delete_first".to_owned(), label);
        None
    }

    fn adopt(&mut self, spot: Option<&Spot>) -> Adopt {
        let Some(text) = self.known_text(spot, "`lifecycle.adopt`") else { return Adopt::Proven };
        match (text.as_str(), spot) {
            ("true", _) => Adopt::Candidates,
            ("false", _) => Adopt::Proven,
            ("force", _) => Adopt::Force,
            (_, Some(spot)) => {
                self.bad(&spot.path, "`lifecycle.adopt` is true, false or force".to_owned(), String::new());
                Adopt::Proven
            }
            (_, None) => Adopt::Proven,
        }
    }

    fn timeout(&mut self, spot: Option<&Spot>) -> Option<Duration> {
        let text = self.known_text(spot, "`lifecycle.timeout`")?;
        let duration = duration(&text);
        if duration.is_none() {
            self.bad(
                &spot?.path,
                format!("`{text}` is no duration"),
                "write 90s, 30m, 2h or 1h30m".to_owned(),
            );
        }
        duration
    }

    /// Pointers (`/Tags`) or names (`tags`, `Config.Arn`), put into the provider's spelling.
    fn ignore_changes(&mut self, spot: Option<&Spot>, schema: Option<&ResourceSchema>) -> Vec<Pointer> {
        let (Some(value), Some(spot)) = (self.value(spot), spot) else { return Vec::new() };
        let Value::Array(items) = value else {
            self.bad(&spot.path, "`lifecycle.ignore_changes` must be a list".to_owned(), String::new());
            return Vec::new();
        };
        let mut out = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = spot.path.index(index);
            let Some(text) = item.scalar_text().filter(|t| !t.is_empty()) else {
                self.bad(&path, "`lifecycle.ignore_changes` lists properties".to_owned(), String::new());
                continue;
            };
            let pointer = Pointer::parse(&text).unwrap_or_else(|_| Pointer::of(text.split('.')));
            let (Some(schema), Some(first)) = (schema, pointer.segments().first()) else { continue };
            let names = schema.root.properties.keys().map(String::as_str);
            match find_property(first, names.clone()) {
                Some(found) => {
                    let rest = pointer.segments().iter().skip(1).map(String::as_str);
                    out.push(Pointer::of(std::iter::once(found).chain(rest)));
                }
                None => {
                    let label =
                        nearest(first, names).map_or_else(String::new, |n| format!("did you mean `/{n}`?"));
                    self.fail(
                        Diagnostic::error(
                            codes::UNKNOWN_PROPERTY,
                            format!("{} has no property `{first}`", schema.type_name),
                        )
                        .at(path.route(), label),
                    );
                }
            }
        }
        out
    }
}

/// `90s`, `30m`, `2h`, `1h30m`. The unit is required: a bare number would be guessed at.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut seconds: u64 = 0;
    let mut last = u64::MAX;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest.get(..digits)?.parse().ok()?;
        let unit = match rest.as_bytes().get(digits)? {
            b'h' => 3600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        if unit >= last {
            return None;
        }
        last = unit;
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_units_in_falling_order() {
        assert_eq!(duration("90s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("1h30m"), Some(Duration::from_secs(5400)));
        for bad in ["", "30", "30 m", "0s", "m", "30m1h", "5d", "99999999999999999999h"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }
}
