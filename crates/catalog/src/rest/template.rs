//! Texts with places for a resource's values: `/iam/v2/identity-providers/{provider_id}/identity-pools/{id}`.

use serde::{Deserialize, Deserializer};
use std::fmt;

/// A text with variables. `{name}` is the value of a property; `{name|A=>B}` is the same with a leading `A` written as `B`
/// (`User:` as `UserV2:`, confluent.md section 11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

/// A piece of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// As it stands.
    Text(String),
    /// A property's value.
    Variable {
        /// The property.
        name: String,
        /// A beginning of the value, and what is sent in its place.
        respelt: Option<(String, String)>,
    },
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// A brace without its partner, or a variable without a name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find(['{', '}']) {
            let (before, at) = rest.split_at(open);
            if at.starts_with('}') {
                return Err(format!("`{text}` has a `}}` without its `{{`"));
            }
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let Some((inside, after)) = at[1..].split_once('}') else {
                return Err(format!("`{text}` has a `{{` without its `}}`"));
            };
            let (name, respelt) = match inside.split_once('|') {
                None => (inside, None),
                Some((name, rule)) => match rule.split_once("=>") {
                    Some((from, to)) => (name, Some((from.to_owned(), to.to_owned()))),
                    None => return Err(format!("`{inside}` in `{text}` has no `=>` after its `|`")),
                },
            };
            if name.is_empty() || name.contains('{') {
                return Err(format!("`{text}` has a variable without a name"));
            }
            parts.push(Part::Variable { name: name.to_owned(), respelt });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// The names of its variables, in order.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable { name, .. } => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// Its pieces.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The text with the values of its variables, each passed through `encode`.
    ///
    /// # Errors
    /// The name of the first variable that has no value.
    pub fn fill(
        &self,
        value: impl Fn(&str) -> Option<String>,
        encode: impl Fn(&str) -> String,
    ) -> Result<String, String> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Variable { name, respelt } => {
                    let filled = value(name).ok_or_else(|| name.clone())?;
                    let filled = match respelt {
                        Some((from, to)) => match filled.strip_prefix(from.as_str()) {
                            Some(rest) => format!("{to}{rest}"),
                            None => filled,
                        },
                        None => filled,
                    };
                    out.push_str(&encode(&filled));
                }
            }
        }
        Ok(out)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Constants of queries are often numbers and booleans.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Scalar {
            Text(String),
            Flag(bool),
            Number(serde_json::Number),
        }
        let text = match Scalar::deserialize(deserializer)? {
            Scalar::Text(text) => text,
            Scalar::Flag(flag) => flag.to_string(),
            Scalar::Number(number) => number.to_string(),
        };
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_encoded_and_respelt() {
        let template = Template::parse("/a/{x}/b:{y|User:=>UserV2:}").unwrap();
        assert_eq!(template.variables().collect::<Vec<_>>(), ["x", "y"]);
        let value = |name: &str| Some(if name == "x" { "p/q".to_owned() } else { "User:sa-1".to_owned() });
        let filled = template.fill(value, |text| text.replace('/', "%2F"));
        assert_eq!(filled.unwrap(), "/a/p%2Fq/b:UserV2:sa-1");
        assert_eq!(template.fill(|_| None, str::to_owned), Err("x".to_owned()));
    }

    #[test]
    fn braces_without_partner_or_name_are_refused() {
        for bad in ["/a/{x", "/a/x}", "/a/{}", "/{a|b}"] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }
}
