//! Templates that only name values: `{{ a }}`, `x-{{ a.b }}-{{ c }}`. Nearly all are of this form, and a compiled
//! template takes kilobytes, so they are evaluated without one. Whatever does not go smoothly goes to the engine, which
//! knows what to say about it.

use crate::template::objects::{from_engine, text_of};
use crate::template::session::Session;
use crate::template::size::MAX_VALUE;
use crate::template::{Lookup, Template, Use};
use minijinja::Value as Mj;
use minijinja::value::ValueKind;
use stack_core::value::Value;
use std::ops::Range;
use std::sync::Arc;

/// A part of a template, as bytes of its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    Text(Range<usize>),
    /// `name` or `name.member.member`
    Path(Range<usize>),
}

/// Words that are no names.
const RESERVED: &[&str] = &[
    "true", "false", "none", "True", "False", "None", "not", "and", "or", "in", "is", "if", "else", "loop",
    "self", "super", "caller", "uuid",
];

/// The parts of a template of this form; `None` if it is another.
pub(super) fn segments(source: &str) -> Option<Vec<Segment>> {
    // The engine drops a line break at the end; statements and comments are its business too.
    if source.contains("{%") || source.contains("{#") || source.ends_with(['\n', '\r']) {
        return None;
    }
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(open) = source[at..].find("{{").map(|i| at + i) {
        if open > at {
            out.push(Segment::Text(at..open));
        }
        let close = open + source[open..].find("}}")?;
        let inner = &source[open + 2..close];
        let path = inner.trim_matches(' ');
        let is_name = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        if !path.split('.').all(is_name) || RESERVED.contains(&path.split('.').next()?) {
            return None;
        }
        let start = open + 2 + inner.find(path)?;
        out.push(Segment::Path(start..start + path.len()));
        at = close + 2;
    }
    if at < source.len() {
        out.push(Segment::Text(at..source.len()));
    }
    Some(out)
}

/// What the parts use.
pub(super) fn uses(source: &str, segments: &[Segment]) -> Vec<Use> {
    let mut out: Vec<Use> = Vec::new();
    for segment in segments {
        if let Segment::Path(range) = segment {
            let mut parts = source[range.clone()].split('.').map(str::to_owned);
            let used = Use { head: parts.next().unwrap_or_default(), path: parts.collect() };
            if !out.contains(&used) {
                out.push(used);
            }
        }
    }
    out
}

/// The value, if nothing is in the way.
pub(super) fn evaluate(
    template: &Template,
    segments: &[Segment],
    scope: &Arc<dyn Lookup>,
    session: &Session,
) -> Option<Value> {
    if let [Segment::Path(range)] = segments {
        return from_engine(&walk(template, &template.source[range.clone()], scope, session)?).ok();
    }
    let mut text = String::with_capacity(template.source.len() + 16);
    for segment in segments {
        if text.len() > MAX_VALUE {
            // The caller refuses it.
            break;
        }
        match segment {
            Segment::Text(range) => text.push_str(&template.source[range.clone()]),
            Segment::Path(range) => {
                text.push_str(
                    &text_of(&walk(template, &template.source[range.clone()], scope, session)?).ok()?,
                );
            }
        }
    }
    Some(Value::String(text))
}

fn walk(template: &Template, path: &str, scope: &Arc<dyn Lookup>, session: &Session) -> Option<Mj> {
    let mut parts = path.split('.');
    let head = parts.next()?;
    let mut value = scope.lookup(head, template.is_dotted(head), session)?;
    for part in parts {
        value = value.get_attr(part).ok()?;
    }
    (!matches!(value.kind(), ValueKind::Undefined | ValueKind::Invalid)).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(source: &str) -> Option<Vec<String>> {
        let shown = |s: &Segment| match s {
            Segment::Text(r) => format!("'{}'", &source[r.clone()]),
            Segment::Path(r) => source[r.clone()].to_owned(),
        };
        segments(source).map(|all| all.iter().map(shown).collect())
    }

    #[test]
    fn only_names_and_text_are_of_this_form() {
        assert_eq!(parts("{{ a }}").unwrap(), ["a"]);
        assert_eq!(parts("x-{{a.b_c}}{{ d }} }} y").unwrap(), ["'x-'", "a.b_c", "d", "' }} y'"]);
        for other in
            ["{{ a | b }}", "{{ a() }}", "{{- a }}", "{{ 'a' }}", "{{ a[0] }}", "{{ true }}", "{{ a.0 }}"]
        {
            assert_eq!(parts(other), None, "{other}");
        }
        for other in
            ["{{ a }}\n", "{% if a %}{{ b }}{% endif %}", "{# c #}{{ a }}", "{{ a", "{{ }}", "{{ a. }}"]
        {
            assert_eq!(parts(other), None, "{other}");
        }
    }
}
