//! Values of transform expressions. Whatever the language does not know has no value, and explains nothing.

use super::parse::{Expr, Op};
use serde_json::{Map, Value as Json};
use std::collections::HashMap;

/// Gives the declared value at a path, names relative as the schema writes them.
pub(super) type Lookup<'l> = &'l dyn Fn(&[String]) -> Option<Json>;

pub(super) struct Evaluation<'e> {
    lookup: Lookup<'e>,
    variables: HashMap<String, Json>,
}

impl<'e> Evaluation<'e> {
    pub(super) fn new(lookup: Lookup<'e>) -> Self {
        Self { lookup, variables: HashMap::new() }
    }

    /// The value; `Null` stands for JSONata's "nothing". `None`: the expression cannot be evaluated.
    pub(super) fn value(&mut self, expr: &Expr) -> Option<Json> {
        Some(match expr {
            Expr::Literal(json) => json.clone(),
            Expr::Regex(_) => return None,
            Expr::Path(path) => (self.lookup)(path).unwrap_or(Json::Null),
            Expr::Variable(name) => self.variables.get(name)?.clone(),
            Expr::Array(items) => {
                Json::Array(items.iter().map(|item| self.value(item)).collect::<Option<_>>()?)
            }
            Expr::Object(members) => {
                let mut map = Map::new();
                for (key, value) in members {
                    map.insert(text(&self.value(key)?)?, self.value(value)?);
                }
                Json::Object(map)
            }
            Expr::Call(name, arguments) => self.call(name, arguments)?,
            Expr::Index(list, index) => {
                let (list, index) = (self.value(list)?, self.value(index)?.as_i64()?);
                let Json::Array(items) = list else { return None };
                let length = i64::try_from(items.len()).ok()?;
                let at = usize::try_from(if index < 0 { length + index } else { index }).ok()?;
                items.get(at).cloned().unwrap_or(Json::Null)
            }
            Expr::Binary(op, left, right) => self.binary(*op, left, right)?,
            Expr::If(test, yes, no) => {
                let test = self.value(test)?;
                self.value(if truthy(&test) { yes } else { no })?
            }
            Expr::Block(parts) => {
                let mut last = Json::Null;
                for part in parts {
                    last = self.value(part)?;
                }
                last
            }
            Expr::Bind(name, value) => {
                let value = self.value(value)?;
                self.variables.insert(name.clone(), value.clone());
                value
            }
        })
    }

    fn binary(&mut self, op: Op, left: &Expr, right: &Expr) -> Option<Json> {
        let (a, b) = (self.value(left)?, self.value(right)?);
        let number = |f: fn(f64, f64) -> f64| -> Option<Json> {
            let result = f(a.as_f64()?, b.as_f64()?);
            #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
            if result.fract() == 0.0 && result.abs() < 9e15 { Some(Json::from(result as i64)) } else { None }
        };
        Some(match op {
            Op::Or => Json::Bool(truthy(&a) || truthy(&b)),
            Op::And => Json::Bool(truthy(&a) && truthy(&b)),
            Op::Equal => Json::Bool(a == b),
            Op::NotEqual => Json::Bool(a != b),
            Op::In => Json::Bool(b.as_array()?.contains(&a)),
            Op::Concat => Json::String(text(&a)? + &text(&b)?),
            Op::Add => number(|x, y| x + y)?,
            Op::Subtract => number(|x, y| x - y)?,
            Op::Multiply => number(|x, y| x * y)?,
        })
    }

    fn call(&mut self, name: &str, arguments: &[Expr]) -> Option<Json> {
        if name == "replace" {
            return self.replace(arguments);
        }
        let values: Vec<Json> =
            arguments.iter().map(|argument| self.value(argument)).collect::<Option<_>>()?;
        let first = values.first();
        // Most functions of nothing are nothing.
        if matches!(first, Some(Json::Null)) && !matches!(name, "exists" | "count") {
            return Some(Json::Null);
        }
        Some(match (name, values.as_slice()) {
            ("lowercase", [value]) => Json::String(text(value)?.to_lowercase()),
            ("uppercase", [value]) => Json::String(text(value)?.to_uppercase()),
            ("string", [value]) => Json::String(text(value)?),
            ("number", [value]) => Json::Number(text(value)?.parse().ok()?),
            ("exists", [value]) => Json::Bool(!value.is_null()),
            ("count", [value]) => Json::from(match value {
                Json::Null => 0,
                Json::Array(items) => items.len(),
                _ => 1,
            }),
            ("contains", [value, part]) => Json::Bool(text(value)?.contains(&text(part)?)),
            ("substringAfter", [value, mark]) => {
                let (value, mark) = (text(value)?, text(mark)?);
                Json::String(value.split_once(&mark).map_or(value.clone(), |(_, after)| after.to_owned()))
            }
            ("split", [value, mark]) => {
                text(value)?.split(&text(mark)?).map(|part| Json::String(part.to_owned())).collect()
            }
            ("split", [value, mark, limit]) => {
                let limit = usize::try_from(limit.as_u64()?).ok()?;
                text(value)?
                    .split(&text(mark)?)
                    .take(limit)
                    .map(|part| Json::String(part.to_owned()))
                    .collect()
            }
            ("join", [Json::Array(items)]) => Json::String(joined(items, "")?),
            ("join", [Json::Array(items), mark]) => Json::String(joined(items, &text(mark)?)?),
            ("lookup", [Json::Object(map), key]) => map.get(&text(key)?).cloned().unwrap_or(Json::Null),
            _ => return None,
        })
    }

    fn replace(&mut self, arguments: &[Expr]) -> Option<Json> {
        let [value, pattern, with] = arguments else { return None };
        let value = match self.value(value)? {
            Json::Null => return Some(Json::Null),
            other => text(&other)?,
        };
        let with = text(&self.value(with)?)?;
        Some(Json::String(match pattern {
            Expr::Regex(pattern) => {
                regex_lite::Regex::new(pattern).ok()?.replace_all(&value, with.as_str()).into_owned()
            }
            other => value.replace(&text(&self.value(other)?)?, &with),
        }))
    }
}

fn joined(items: &[Json], mark: &str) -> Option<String> {
    Some(items.iter().map(text).collect::<Option<Vec<_>>>()?.join(mark))
}

/// The text of a scalar. Nothing has none, so that a pattern built from a missing value explains nothing.
fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(s) => Some(s.clone()),
        Json::Number(n) => Some(n.to_string()),
        Json::Bool(b) => Some(b.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

fn truthy(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(b) => *b,
        Json::Number(n) => n.as_f64() != Some(0.0),
        Json::String(s) => !s.is_empty(),
        Json::Array(items) => items.iter().any(truthy),
        Json::Object(map) => !map.is_empty(),
    }
}
