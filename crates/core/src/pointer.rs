//! Places in a document: [`Pointer`] into a value (RFC 6901) and [`PropertyPath`] in a schema (with wildcards).

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A JSON Pointer (RFC 6901), unescaped segment by segment. The root is the empty pointer.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer(Vec<String>);

/// Why a text is no pointer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a JSON Pointer starts with `/`, got `{0}`")]
pub struct PointerError(String);

impl Pointer {
    /// The whole document.
    pub fn root() -> Self {
        Self::default()
    }

    /// A pointer of the given segments, outermost first.
    pub fn of<I: IntoIterator<Item = S>, S: Into<String>>(segments: I) -> Self {
        Self(segments.into_iter().map(Into::into).collect())
    }

    /// Parses the text form, undoing `~1` and `~0` (RFC 6901 section 4).
    pub fn parse(text: &str) -> Result<Self, PointerError> {
        if text.is_empty() {
            return Ok(Self::root());
        }
        let rest = text.strip_prefix('/').ok_or_else(|| PointerError(text.to_owned()))?;
        Ok(Self(rest.split('/').map(|s| s.replace("~1", "/").replace("~0", "~")).collect()))
    }

    /// This pointer with one more segment.
    #[must_use]
    pub fn child(&self, segment: impl Into<String>) -> Self {
        let mut next = self.0.clone();
        next.push(segment.into());
        Self(next)
    }

    /// The pointer without its last segment; `None` at the root.
    pub fn parent(&self) -> Option<Self> {
        let (_, head) = self.0.split_last()?;
        Some(Self(head.to_vec()))
    }

    /// The segments, outermost first.
    pub fn segments(&self) -> &[String] {
        &self.0
    }

    /// The last segment.
    pub fn last(&self) -> Option<&str> {
        self.0.last().map(String::as_str)
    }

    /// True at the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// True if `self` is `other` or lies below it.
    pub fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The value at this place.
    pub fn get<'v>(&self, document: &'v serde_json::Value) -> Option<&'v serde_json::Value> {
        self.0.iter().try_fold(document, |at, segment| match at {
            serde_json::Value::Object(map) => map.get(segment),
            serde_json::Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// The dotted form that people read: `Tags[0].Value`. Pure digits show as an index.
    pub fn dotted(&self) -> String {
        let mut text = String::new();
        for segment in &self.0 {
            if !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit()) {
                text.push_str(&format!("[{segment}]"));
            } else {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(segment);
            }
        }
        text
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for segment in &self.0 {
            write!(f, "/{}", segment.replace('~', "~0").replace('/', "~1"))?;
        }
        Ok(())
    }
}

impl Serialize for Pointer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// One step of a [`PropertyPath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// A member of this name.
    Key(String),
    /// Any array element or map member (`*` in CloudFormation schemas).
    Any,
}

/// A path in a schema, such as `/properties/Replicas/*/KmsKeyArn`, stored without `/properties`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PropertyPath(pub Vec<Step>);

impl PropertyPath {
    /// Reads `/properties/A/*/B`. Leading `/properties` (or `properties`), `items` and `properties` links inside are
    /// dropped: published schemas use all of these forms.
    pub fn parse(text: &str) -> Self {
        let text = text.strip_prefix('/').unwrap_or(text);
        let text = text.strip_prefix("properties/").unwrap_or(text);
        Self(
            text.split('/')
                .map(|s| match s {
                    "*" => Step::Any,
                    key => Step::Key(key.replace("~1", "/").replace("~0", "~")),
                })
                .collect(),
        )
    }

    /// True if the pointer is exactly at this path.
    pub fn matches(&self, pointer: &Pointer) -> bool {
        self.0.len() == pointer.segments().len() && self.covers(pointer)
    }

    /// True if the pointer is at this path or below it.
    pub fn covers(&self, pointer: &Pointer) -> bool {
        self.0.len() <= pointer.segments().len() && self.agrees(pointer)
    }

    /// True if this path lies strictly below the pointer.
    pub fn is_below(&self, pointer: &Pointer) -> bool {
        self.0.len() > pointer.segments().len() && self.agrees(pointer)
    }

    fn agrees(&self, pointer: &Pointer) -> bool {
        self.0.iter().zip(pointer.segments()).all(|(step, segment)| match step {
            Step::Any => true,
            Step::Key(key) => key == segment,
        })
    }

    /// The first member name.
    pub fn top(&self) -> Option<&str> {
        match self.0.first() {
            Some(Step::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// The pointer, if there is no wildcard on the way.
    pub fn as_pointer(&self) -> Option<Pointer> {
        self.0
            .iter()
            .map(|step| match step {
                Step::Key(key) => Some(key.clone()),
                Step::Any => None,
            })
            .collect::<Option<Vec<_>>>()
            .map(Pointer)
    }
}

impl fmt::Display for PropertyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.0 {
            match step {
                Step::Key(key) => write!(f, "/{}", key.replace('~', "~0").replace('/', "~1"))?,
                Step::Any => f.write_str("/*")?,
            }
        }
        Ok(())
    }
}

impl Serialize for PropertyPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("/properties{self}"))
    }
}

impl<'de> Deserialize<'de> for PropertyPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::parse(&String::deserialize(deserializer)?))
    }
}

/// A set of schema paths, such as all read-only ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PathSet(pub Vec<PropertyPath>);

impl PathSet {
    /// True if some path is exactly the pointer.
    pub fn contains(&self, pointer: &Pointer) -> bool {
        self.0.iter().any(|path| path.matches(pointer))
    }
    /// True if some path is the pointer or one of its ancestors.
    pub fn covers(&self, pointer: &Pointer) -> bool {
        self.0.iter().any(|path| path.covers(pointer))
    }
    /// True if some path lies strictly below the pointer.
    pub fn reaches_below(&self, pointer: &Pointer) -> bool {
        self.0.iter().any(|path| path.is_below(pointer))
    }
    /// True without paths.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The paths in schema order.
    pub fn iter(&self) -> std::slice::Iter<'_, PropertyPath> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_escape_both_ways() {
        let pointer = Pointer::of(["Tags", "aws:cdk/path", "a~b"]);
        assert_eq!(pointer.to_string(), "/Tags/aws:cdk~1path/a~0b");
        assert_eq!(Pointer::parse("/Tags/aws:cdk~1path/a~0b"), Ok(pointer));
    }

    #[test]
    fn the_root_is_the_empty_text_and_a_slash_is_a_member_named_empty() {
        assert_eq!(Pointer::parse(""), Ok(Pointer::root()));
        assert_eq!(Pointer::parse("/"), Ok(Pointer::of([""])));
        assert!(Pointer::parse("RetentionInDays").is_err());
    }

    #[test]
    fn property_paths_match_through_wildcards() {
        let path = PropertyPath::parse("/properties/Replicas/*/KmsKeyArn");
        assert!(path.matches(&Pointer::of(["Replicas", "0", "KmsKeyArn"])));
        assert!(path.is_below(&Pointer::of(["Replicas"])));
        assert!(!path.covers(&Pointer::of(["Replicas", "0"])));
        assert_eq!(PropertyPath::parse("properties/MaximumDuration").to_string(), "/MaximumDuration");
    }
}
