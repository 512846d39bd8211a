//! Identifiers that the service assigns by a public rule from declared names and from where the resource is: SQS queue
//! URLs, most ARNs (cloud-control 5.3, "Derived identifiers").

use super::{FromProps, part_name};
use crate::partition::Partition;
use crate::pointer::{PropertyPath, Step};
use crate::value::{Unknown, Value};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a resource is, as far as identifiers tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Partition, as ARNs call it.
    pub partition: String,
    /// Region of the target; of global services too, which do not name it.
    pub region: String,
    /// Account of the caller.
    pub account: String,
    /// End of host names in this partition.
    pub dns_suffix: String,
}

impl Place {
    /// The place of an account in a region; the partition follows from the region.
    pub fn of(region: &str, account: &str) -> Self {
        let partition = Partition::of_region(region);
        Self {
            partition: partition.name.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
            dns_suffix: partition.dns_suffix.to_owned(),
        }
    }
}

/// How the identifier of a type follows from its properties: one [`Template`] for every part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derived {
    /// Part of the primary identifier (its path without `/properties/`) → how it is made. In the service's order.
    pub parts: IndexMap<String, Template>,
}

impl Derived {
    /// The identifier of a resource with these properties at this place. [`FromProps::Missing`] names what would have to
    /// be declared; what is declared but not known yet is waited for.
    pub fn fill(&self, props: &Value, place: &Place) -> FromProps {
        let mut known = Vec::new();
        let mut open = Text::Known(String::new());
        for (name, template) in &self.parts {
            match fill(&template.pieces, props, place) {
                Text::Known(text) => known.push((name.clone(), text)),
                other => open = open.and(other),
            }
        }
        match open {
            Text::Known(_) if known.is_empty() => FromProps::Missing(Vec::new()),
            Text::Known(_) => FromProps::Known(known),
            Text::Waiting(unknown) => FromProps::Waiting(unknown),
            Text::Missing(paths) => FromProps::Missing(paths),
        }
    }

    /// Every property that some part names.
    pub fn properties(&self) -> Vec<&PropertyPath> {
        let mut found = Vec::new();
        self.parts.values().for_each(|template| properties(&template.pieces, &mut found));
        found
    }
}

/// A text with holes.
///
/// - `{partition}`, `{region}`, `{account}`, `{dnsSuffix}`: from the [`Place`].
/// - `{QueueName}`, `{Registry/Name}`: a declared property; without it the whole text is missing.
/// - `{Path|/}`: what stands after `|`, itself a template, counts where the property is not declared.
/// - `[/{VersionName}]`: left out where a property in it is not declared.
/// - `{Cluster:after(cluster/)}`: of a name or an ARN only what follows the words, if they are in it.
/// - `{Url:without(https://)}`: without this beginning; not declared, if it begins otherwise.
/// - `{EventBusName:unless(default)}`: not declared, if it is this value.
/// - `{DBSnapshotIdentifier:lower}`: in lower case, where the service keeps it so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Template {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Place(Hole),
    Property { path: PropertyPath, changes: Vec<Change>, otherwise: Option<Vec<Self>> },
    Optional(Vec<Self>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hole {
    Partition,
    Region,
    Account,
    DnsSuffix,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    After(String),
    Without(String),
    Unless(String),
    Lower,
}

/// A text as far as it is known.
enum Text {
    Known(String),
    Waiting(Unknown),
    Missing(Vec<PropertyPath>),
}

impl Text {
    /// Both texts, one after the other. What is missing counts more than what is waited for.
    fn and(self, next: Self) -> Self {
        match (self, next) {
            (Self::Missing(mut paths), Self::Missing(more)) => {
                paths.extend(more);
                Self::Missing(paths)
            }
            (Self::Missing(paths), _) | (_, Self::Missing(paths)) => Self::Missing(paths),
            (Self::Waiting(a), Self::Waiting(b)) => Self::Waiting(a.and(&b)),
            (Self::Waiting(unknown), _) | (_, Self::Waiting(unknown)) => Self::Waiting(unknown),
            (Self::Known(text), Self::Known(more)) => Self::Known(text + &more),
        }
    }
}

fn fill(pieces: &[Piece], props: &Value, place: &Place) -> Text {
    pieces.iter().fold(Text::Known(String::new()), |so_far, piece| {
        let next = match piece {
            Piece::Text(text) => Text::Known(text.clone()),
            Piece::Place(Hole::Partition) => Text::Known(place.partition.clone()),
            Piece::Place(Hole::Region) => Text::Known(place.region.clone()),
            Piece::Place(Hole::Account) => Text::Known(place.account.clone()),
            Piece::Place(Hole::DnsSuffix) => Text::Known(place.dns_suffix.clone()),
            Piece::Property { path, changes, otherwise } => match (property(path, changes, props), otherwise)
            {
                (Text::Missing(_), Some(otherwise)) => fill(otherwise, props, place),
                (text, _) => text,
            },
            Piece::Optional(pieces) => match fill(pieces, props, place) {
                Text::Missing(_) => Text::Known(String::new()),
                text => text,
            },
        };
        so_far.and(next)
    })
}

fn property(path: &PropertyPath, changes: &[Change], props: &Value) -> Text {
    let declared = path.as_pointer().and_then(|pointer| first_unknown(props, pointer.segments()));
    let text = match declared {
        Some(Value::Unknown(unknown)) => return Text::Waiting(unknown.clone()),
        Some(value) => value.scalar_text(),
        None => None,
    };
    match text.and_then(|text| changes.iter().try_fold(text, |text, change| change.apply(text))) {
        Some(text) => Text::Known(text),
        None => Text::Missing(vec![path.clone()]),
    }
}

/// The value at a path, or the unknown on the way there.
fn first_unknown<'v>(value: &'v Value, segments: &[String]) -> Option<&'v Value> {
    match (value, segments) {
        (Value::Unknown(_), _) | (_, []) => Some(value),
        (Value::Object(map), [first, rest @ ..]) => first_unknown(map.get(first)?, rest),
        _ => None,
    }
}

impl Change {
    /// `None`: as if nothing were declared.
    fn apply(&self, text: String) -> Option<String> {
        match self {
            Self::After(words) => {
                Some(text.split_once(words.as_str()).map(|(_, rest)| rest.to_owned()).unwrap_or(text))
            }
            Self::Without(words) => text.strip_prefix(words.as_str()).map(str::to_owned),
            Self::Unless(value) => (text != *value).then_some(text),
            Self::Lower => Some(text.to_lowercase()),
        }
    }
}

fn properties<'p>(pieces: &'p [Piece], found: &mut Vec<&'p PropertyPath>) {
    for piece in pieces {
        match piece {
            Piece::Property { path, otherwise, .. } => {
                found.push(path);
                properties(otherwise.as_deref().unwrap_or_default(), found);
            }
            Piece::Optional(pieces) => properties(pieces, found),
            Piece::Text(_) | Piece::Place(_) => {}
        }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<Template> for String {
    fn from(template: Template) -> Self {
        template.text
    }
}

/// A template that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the template `{text}` cannot be read from {at:?} on")]
pub struct BadTemplate {
    text: String,
    at: String,
}

impl TryFrom<String> for Template {
    type Error = BadTemplate;

    fn try_from(text: String) -> Result<Self, BadTemplate> {
        let mut rest = text.as_str();
        match sequence(&mut rest) {
            Some(pieces) if rest.is_empty() => Ok(Self { text, pieces }),
            _ => Err(BadTemplate { at: rest.to_owned(), text }),
        }
    }
}

/// Pieces up to the end, or up to the bracket or brace that closes what is around them.
fn sequence(rest: &mut &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    loop {
        let end = rest.find(['{', '}', '[', ']']).unwrap_or(rest.len());
        let (text, after) = rest.split_at(end);
        if !text.is_empty() {
            pieces.push(Piece::Text(text.to_owned()));
        }
        *rest = after;
        if take(rest, "{").is_some() {
            pieces.push(hole(rest)?);
            take(rest, "}")?;
        } else if take(rest, "[").is_some() {
            pieces.push(Piece::Optional(sequence(rest)?));
            take(rest, "]")?;
        } else {
            return Some(pieces);
        }
    }
}

fn hole(rest: &mut &str) -> Option<Piece> {
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '/')?;
    let (name, after) = rest.split_at(end);
    *rest = after;
    let place = match name {
        "partition" => Some(Hole::Partition),
        "region" => Some(Hole::Region),
        "account" => Some(Hole::Account),
        "dnsSuffix" => Some(Hole::DnsSuffix),
        _ => None,
    };
    if let Some(place) = place {
        return Some(Piece::Place(place));
    }
    if name.split('/').any(str::is_empty) || !name.starts_with(|c: char| c.is_ascii_uppercase()) {
        return None;
    }
    let path = PropertyPath(name.split('/').map(|step| Step::Key(step.to_owned())).collect());
    let mut changes = Vec::new();
    while take(rest, ":").is_some() {
        changes.push(change(rest)?);
    }
    let otherwise = match take(rest, "|") {
        Some(()) => Some(sequence(rest)?),
        None => None,
    };
    Some(Piece::Property { path, changes, otherwise })
}

fn change(rest: &mut &str) -> Option<Change> {
    if take(rest, "lower").is_some() {
        return Some(Change::Lower);
    }
    let make = [
        ("after(", Change::After as fn(String) -> Change),
        ("without(", Change::Without),
        ("unless(", Change::Unless),
    ]
    .into_iter()
    .find_map(|(word, make)| take(rest, word).map(|()| make))?;
    let (words, after) = rest.split_once(')')?;
    *rest = after;
    (!words.is_empty()).then(|| make(words.to_owned()))
}

fn take(rest: &mut &str, word: &str) -> Option<()> {
    *rest = rest.strip_prefix(word)?;
    Some(())
}

/// True if the parts are exactly those of a primary identifier, in its order.
pub fn names_all(derived: &Derived, primary_identifier: &[PropertyPath]) -> bool {
    derived.parts.keys().cloned().eq(primary_identifier.iter().map(part_name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn derived(template: &str) -> Derived {
        serde_json::from_value(json!({"parts": {"Id": template}})).unwrap()
    }

    fn filled(template: &str, props: serde_json::Value) -> Result<String, Vec<String>> {
        match derived(template).fill(&Value::from(props), &Place::of("eu-west-1", "123456789012")) {
            FromProps::Known(parts) => {
                assert_eq!(parts[0].0, "Id");
                Ok(parts[0].1.clone())
            }
            FromProps::Missing(paths) => Err(paths.iter().map(part_name).collect()),
            FromProps::Waiting(unknown) => panic!("{unknown:?}"),
        }
    }

    #[test]
    fn a_place_fills_its_holes() {
        let text = "{partition} {region} {account} {dnsSuffix}";
        assert_eq!(filled(text, json!({})).unwrap(), "aws eu-west-1 123456789012 amazonaws.com");
        let china = Place::of("cn-north-1", "1");
        let expected = "aws-cn cn-north-1 1 amazonaws.com.cn";
        let parts = vec![("Id".to_owned(), expected.to_owned())];
        assert_eq!(derived(text).fill(&Value::object(), &china), FromProps::Known(parts));
    }

    #[test]
    fn properties_defaults_and_optional_segments() {
        let cases = [
            ("q/{Name}", json!({"Name": "a"}), Ok("q/a")),
            ("q/{Name}", json!({"Name": 7}), Ok("q/7")),
            ("q/{Name}", json!({}), Err(vec!["Name"])),
            ("q/{Name}", json!({"Name": null}), Err(vec!["Name"])),
            ("q/{Name}", json!({"Name": {"a": 1}}), Err(vec!["Name"])),
            ("{A}-{B}", json!({}), Err(vec!["A", "B"])),
            ("{A/B}", json!({"A": {"B": "x"}}), Ok("x")),
            ("{A/B}", json!({"A": "x"}), Err(vec!["A/B"])),
            ("policy{Path|/}{Name}", json!({"Name": "n"}), Ok("policy/n")),
            ("policy{Path|/}{Name}", json!({"Name": "n", "Path": "/a/"}), Ok("policy/a/n")),
            ("{A|{B|{account}}}", json!({}), Ok("123456789012")),
            ("{A|{B}}", json!({"B": "b"}), Ok("b")),
            ("{A|{B}}", json!({}), Err(vec!["B"])),
            ("f:{Name}[:{Qualifier}]", json!({"Name": "n"}), Ok("f:n")),
            ("f:{Name}[:{Qualifier}]", json!({"Name": "n", "Qualifier": "q"}), Ok("f:n:q")),
            ("{C:after(cluster/)|default}", json!({}), Ok("default")),
            ("{C:after(cluster/)|default}", json!({"C": "c"}), Ok("c")),
            ("{C:after(cluster/)}", json!({"C": "arn:aws:ecs:r:1:cluster/c"}), Ok("c")),
            ("{U:without(https://)}", json!({"U": "https://x/y"}), Ok("x/y")),
            ("{U:without(https://)}", json!({"U": "x/y"}), Err(vec!["U"])),
            ("r/[{B:after(bus/):unless(default)}/]{N}", json!({"N": "n", "B": "default"}), Ok("r/n")),
            ("r/[{B:after(bus/):unless(default)}/]{N}", json!({"N": "n", "B": "arn:bus/default"}), Ok("r/n")),
            ("r/[{B:after(bus/):unless(default)}/]{N}", json!({"N": "n", "B": "arn:bus/a/b"}), Ok("r/a/b/n")),
            ("{S:lower}", json!({"S": "ABc"}), Ok("abc")),
        ];
        for (template, props, expected) in cases {
            let expected =
                expected.map(str::to_owned).map_err(|paths| paths.into_iter().map(str::to_owned).collect());
            assert_eq!(filled(template, props), expected, "{template}");
        }
    }

    #[test]
    fn what_is_not_known_yet_is_waited_for_unless_something_is_missing() {
        let place = Place::of("us-east-1", "1");
        let unknown = |name: &str| Value::Unknown(Unknown::of(&name.into(), "Name"));
        let props =
            Value::Object(IndexMap::from([("A".to_owned(), unknown("a")), ("B".to_owned(), unknown("b"))]));
        let both = Unknown::of(&"a".into(), "Name").and(&Unknown::of(&"b".into(), "Name"));
        for template in ["{A}{B}", "{A|x}{B:lower}", "[{A}]{B}", "{A/C}{B}"] {
            assert_eq!(
                derived(template).fill(&props, &place),
                FromProps::Waiting(both.clone()),
                "{template}"
            );
        }
        let missing = FromProps::Missing(vec![PropertyPath::parse("/properties/C")]);
        assert_eq!(derived("{A}{C}").fill(&props, &place), missing);
    }

    #[test]
    fn parts_are_filled_in_order_or_not_at_all() {
        let two: Derived =
            serde_json::from_value(json!({"parts": {"Arn": "a/{N}", "Cluster": "{C|default}"}})).unwrap();
        let place = Place::of("us-east-1", "1");
        let known = vec![("Arn".to_owned(), "a/n".to_owned()), ("Cluster".to_owned(), "default".to_owned())];
        assert_eq!(two.fill(&json!({"N": "n"}).into(), &place), FromProps::Known(known));
        let missing = FromProps::Missing(vec![PropertyPath::parse("/properties/N")]);
        assert_eq!(two.fill(&json!({"C": "c"}).into(), &place), missing);
        let names: Vec<String> = two.properties().into_iter().map(part_name).collect();
        assert_eq!(names, ["N", "C"]);
        let parts = ["/properties/Arn", "/properties/Cluster"].map(PropertyPath::parse);
        assert!(names_all(&two, &parts));
        assert!(!names_all(&two, &parts[..1]));
    }

    #[test]
    fn a_template_that_makes_no_sense_is_refused() {
        for text in [
            "{",
            "}",
            "{a}",
            "{A",
            "{A:}",
            "{A:upper}",
            "{A:after()}",
            "[{A}",
            "{A|{B}",
            "{A}]",
            "{A//B}",
            "{/A}",
        ] {
            assert!(Template::try_from(text.to_owned()).is_err(), "{text}");
        }
        let kept = Template::try_from("a[{B:lower|c}]".to_owned()).unwrap();
        assert_eq!(kept.to_string(), "a[{B:lower|c}]");
        assert_eq!(serde_json::to_value(&kept).unwrap(), json!("a[{B:lower|c}]"));
        let unknown = json!({"parts": {}, "part": {}});
        assert!(serde_json::from_value::<Derived>(unknown).is_err());
    }
}
