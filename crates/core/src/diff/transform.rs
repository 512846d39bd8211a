//! `propertyTransform`: how the service may have normalised a declared value (cloud-control 3.5).
//!
//! Expressions that this evaluator does not know explain nothing; a difference is then shown rather than hidden.

use crate::pointer::Pointer;
use crate::schema::ResourceSchema;
use crate::value::Value;
use serde_json::Value as Json;

/// True if the schema says that the live value is what the service makes of the declared one.
pub(super) fn explains(
    schema: &ResourceSchema,
    at: &Pointer,
    root: &Value,
    declared: &Json,
    live: &Json,
) -> bool {
    let Some((_, expression)) = schema.property_transform.iter().find(|(path, _)| path.matches(at)) else {
        return false;
    };
    let Some(live) = text(live) else { return false };
    let parent = at.parent().unwrap_or_default();
    let name = at.last().unwrap_or_default();
    // Names are relative to the parent in some schemas and full paths in others: the parent wins.
    let lookup = |path: &str| -> Option<String> {
        if path == name {
            return text(declared);
        }
        let relative = path.split('.').fold(parent.clone(), |p, s| p.child(s));
        let absolute = Pointer::of(path.split('.'));
        if absolute == *at {
            return text(declared);
        }
        root.at(&relative).or_else(|| root.at(&absolute))?.scalar_text()
    };
    expression
        .split(" $OR ")
        .filter_map(|alternative| evaluate(alternative.trim(), &lookup))
        .any(|value| value == live || (looks_like_regex(&value) && matches_whole(&value, &live)))
}

fn text(json: &Json) -> Option<String> {
    match json {
        Json::String(s) => Some(s.clone()),
        Json::Number(n) => Some(n.to_string()),
        Json::Bool(b) => Some(b.to_string()),
        _ => None,
    }
}

fn looks_like_regex(text: &str) -> bool {
    text.contains(".*") || text.contains(".+") || text.contains('[') || text.contains('\\')
}

fn matches_whole(pattern: &str, text: &str) -> bool {
    regex_lite::Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|re| re.is_match(text))
}

/// The value of an expression of the closed set: literals, paths, `$lowercase`, `$uppercase`, `$join([…])`, `&`.
fn evaluate(expression: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let expression = expression.trim();
    if let Some(parts) = split_top(expression, '&') {
        return parts.into_iter().map(|part| evaluate(part, lookup)).collect();
    }
    if let Some(inner) = call(expression, "$lowercase") {
        return evaluate(inner, lookup).map(|s| s.to_lowercase());
    }
    if let Some(inner) = call(expression, "$string") {
        return evaluate(inner, lookup);
    }
    if let Some(inner) = call(expression, "$uppercase") {
        return evaluate(inner, lookup).map(|s| s.to_uppercase());
    }
    if let Some(inner) = call(expression, "$join") {
        let items = inner.trim().strip_prefix('[')?.strip_suffix(']')?;
        let parts = split_top(items, ',').unwrap_or_else(|| vec![items]);
        return parts.into_iter().map(|part| evaluate(part, lookup)).collect();
    }
    if expression.len() >= 2
        && let Some(quote @ ('"' | '\'')) = expression.chars().next()
        && let Some(literal) = expression[1..].strip_suffix(quote)
        && !literal.contains(quote)
    {
        return Some(literal.replace("\\\\", "\\"));
    }
    let is_path = !expression.is_empty()
        && expression.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_');
    is_path.then(|| lookup(expression)).flatten()
}

/// The argument text of `name(…)`, if the call spans the whole expression.
fn call<'e>(expression: &'e str, name: &str) -> Option<&'e str> {
    let inner = expression.strip_prefix(name)?.trim_start().strip_prefix('(')?.strip_suffix(')')?;
    let mut depth = 0i32;
    for c in inner.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return None;
        }
    }
    Some(inner)
}

/// The parts around a separator that stands outside quotes and brackets; `None` if it does not occur.
fn split_top(text: &str, separator: char) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let (mut depth, mut quote, mut start) = (0i32, None, 0);
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth -= 1,
            (None, c) if c == separator && depth == 0 => {
                parts.push(&text[start..i]);
                start = i + c.len_utf8();
            }
            _ => {}
        }
    }
    (!parts.is_empty()).then(|| {
        parts.push(&text[start..]);
        parts
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testdata::schema;
    use serde_json::json;

    fn explained(property: &str, declared: Json, live: Json) -> bool {
        let schema = schema("AWS::RDS::DBInstance");
        let root = Value::from(json!({ property: declared }));
        explains(&schema, &Pointer::of([property]), &root, &declared, &live)
    }

    #[test]
    fn lower_case_names_are_explained() {
        assert!(explained("DBInstanceIdentifier", json!("MyDb"), json!("mydb")));
        assert!(!explained("DBInstanceIdentifier", json!("MyDb"), json!("other")));
    }

    #[test]
    fn a_major_version_explains_its_minor_ones() {
        assert!(explained("EngineVersion", json!("13"), json!("13.20")));
        assert!(!explained("EngineVersion", json!("13"), json!("14.1")));
    }

    #[test]
    fn unknown_functions_explain_nothing() {
        assert_eq!(evaluate("$fancy(A)", &|_| Some("x".into())), None);
    }
}
