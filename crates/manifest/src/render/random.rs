//! Values that are new in each run: `idempotency_token` and `uuid()` (stackql-compat 1.6). What holds one can be sent, but never
//! compared with what an earlier run has sent.

use crate::advice;
use crate::render::Job;
use crate::render::props::Routes;
use stack_core::pointer::Pointer;
use stack_core::value::Value;

/// Characters of a UUID in its text form (RFC 9562 section 4).
const LENGTH: usize = 36;

impl Job<'_> {
    /// The places of such values. A list that holds one counts as a whole: its elements have no lasting places.
    pub(super) fn random(&self, props: &Value) -> Vec<Pointer> {
        let mut found = Vec::new();
        self.look(props, &Pointer::root(), &mut found);
        found
    }

    /// Notes them for [`crate::Stack::advice`].
    pub(super) fn randoms(&mut self, all: &[Pointer], routes: &Routes) {
        for at in all {
            let (route, part) = routes.of(at, self.declared);
            self.fail(advice::random(route, part, format!("`{}`", at.dotted())));
        }
    }

    fn look(&self, value: &Value, at: &Pointer, found: &mut Vec<Pointer>) {
        match value {
            Value::Object(members) => {
                members.iter().for_each(|(name, member)| self.look(member, &at.child(name.as_str()), found));
            }
            Value::Array(items) => {
                let mut inside = Vec::new();
                items.iter().for_each(|item| self.look(item, at, &mut inside));
                if !inside.is_empty() {
                    found.push(at.clone());
                }
            }
            Value::Secret(secret) => self.look(secret.expose(), at, found),
            Value::String(text) if uuids(text).any(|uuid| self.is_of_this_run(uuid)) => {
                found.push(at.clone());
            }
            _ => {}
        }
    }

    fn is_of_this_run(&self, uuid: &str) -> bool {
        self.inner.is_token(uuid) || self.scope.has_made(uuid)
    }
}

/// The UUIDs in a text.
fn uuids(text: &str) -> impl Iterator<Item = &str> {
    let is_uuid = |part: &str| {
        part.char_indices().all(|(at, c)| match at {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_hexdigit(),
        })
    };
    let starts = 0..(text.len() + 1).saturating_sub(LENGTH);
    starts.filter_map(move |at| text.get(at..at + LENGTH).filter(|part| is_uuid(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_found_wherever_it_stands() {
        let one = "0b5f4f39-8f0e-4a71-9c0e-2f6d1b8f7a10";
        assert_eq!(uuids(&format!("é-{one}-{one}")).count(), 2);
        assert_eq!(uuids(&format!("a{one}")).collect::<Vec<_>>(), [one]);
        for none in ["", "0b5f4f39", &one[1..], &one.replace('-', "é")] {
            assert_eq!(uuids(none).count(), 0, "{none}");
        }
    }
}
