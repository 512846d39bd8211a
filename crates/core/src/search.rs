//! Looking for a resource that no key gives: what to look for, and what a find means (DESIGN section 5, steps 6 and 7).
//!
//! The engine collects what might be the resource and reads it; [`Search::class_of`] and [`Search::verdict`] decide.

use crate::diff::{DiffContext, diff};
use crate::identity::Identifier;
use crate::ids::StackId;
use crate::observed::{IdentityStep, Lookalike, Sighting};
use crate::pointer::Pointer;
use crate::provider::Found;
use crate::schema::ResourceSchema;
use crate::tags;
use crate::value::{Unknown, Value};
use serde_json::Value as Json;
use std::fmt;
use std::sync::Arc;

/// What to look for.
#[derive(Clone)]
pub struct Search {
    /// The type.
    pub schema: Arc<ResourceSchema>,
    /// Whose the resource would be.
    pub stack: StackId,
    /// Names that our mark may give it: its address, then those that it had before.
    pub names: Vec<String>,
    /// What reads show of tags.
    pub tags: TagSight,
    /// How the type is listed.
    pub listing: Listing,
    /// True where a key says that nothing is there under the declared identifier: then only the tag index is asked, for
    /// what was ours under another one. The list helps where the ARN of a record does not tell the identifier.
    pub index_only: bool,
    /// The natural key: the places of declared create-only and required values that reads show. Empty: nothing matches by it.
    pub natural: Vec<Pointer>,
    /// Places that the natural key leaves out: what has a value there is another one.
    pub absent: Vec<Pointer>,
    /// An object with the declared values at these places.
    pub declared: Value,
    /// What a match without marks means.
    pub unmarked: Unmarked,
    /// True if `lifecycle.adopt: force` takes what others own.
    pub forced: bool,
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Search")
            .field("ty", &self.schema.type_name)
            .field("names", &self.names)
            .field("tags", &self.tags)
            .field("listing", &self.listing)
            .field("natural", &self.natural)
            .field("absent", &self.absent)
            .field("unmarked", &self.unmarked)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Search {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            schema,
            stack,
            names,
            tags,
            listing,
            index_only,
            natural,
            absent,
            declared,
            unmarked,
            forced,
        } = self;
        schema.type_name == other.schema.type_name
            && *stack == other.stack
            && *names == other.names
            && *tags == other.tags
            && *listing == other.listing
            && *index_only == other.index_only
            && *natural == other.natural
            && *absent == other.absent
            && *declared == other.declared
            && *unmarked == other.unmarked
            && *forced == other.forced
    }
}

/// What reads show of a type's tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagSight {
    /// The property that holds them, and whether we mark what we make.
    Shown {
        /// Property.
        property: String,
        /// False where ownership tags are switched off.
        marked: bool,
    },
    /// We mark, but reads hide it: only the tag index tells (7 types, cloud-control 3.6).
    Hidden,
    /// The type has no tags.
    None,
}

/// How a type is listed.
#[derive(Clone, Debug, PartialEq)]
pub enum Listing {
    /// Without input.
    Free,
    /// With this `ResourceModel`.
    With(Json),
    /// With an input that is not known yet.
    Waiting(Unknown),
    /// Not at all: no handler, or an input that the manifest cannot give.
    Never,
}

/// What a match by natural key means that carries no marks (DESIGN section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmarked {
    /// Ours: marks are impossible, fixed at create, or switched off.
    Ours,
    /// Somebody's: it is named, and left alone.
    Candidate,
    /// Ours from now on (`lifecycle.adopt`).
    Adopted,
    /// Nobody can tell: it can be marked, and reads do not show the marks.
    Unprovable,
}

/// What one find is to one search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// It carries our marks.
    Marked,
    /// It matches, without marks.
    Unmarked,
    /// It matches, and somebody else owns it.
    Foreign(String),
    /// Another one.
    Other,
}

/// Everything that was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Finds {
    marked: Vec<Found>,
    unmarked: Vec<Found>,
    foreign: Vec<(Found, String)>,
}

impl Finds {
    /// Puts a find in its class. The same resource counts once.
    pub fn add(&mut self, found: &Found, class: Class) {
        let is_new = |all: &[Found]| all.iter().all(|known| !known.identifier.is_same(&found.identifier));
        match class {
            Class::Marked if is_new(&self.marked) => self.marked.push(found.clone()),
            Class::Unmarked if is_new(&self.unmarked) => self.unmarked.push(found.clone()),
            Class::Foreign(owner)
                if self.foreign.iter().all(|(f, _)| !f.identifier.is_same(&found.identifier)) =>
            {
                self.foreign.push((found.clone(), owner));
            }
            _ => {}
        }
    }

    /// True once something carries our marks: nothing else matters then.
    pub fn has_marked(&self) -> bool {
        !self.marked.is_empty()
    }
}

impl Search {
    /// True if marks can prove a find.
    pub fn marks(&self) -> bool {
        matches!(self.tags, TagSight::Shown { marked: true, .. } | TagSight::Hidden)
    }

    /// True if what a list shows as another stack's is not even read.
    pub fn skips_others(&self) -> bool {
        !self.forced && matches!(self.tags, TagSight::Shown { .. })
    }

    /// The owner that a listed model names, if it is certainly not this stack: such a one need not be read.
    pub fn is_others(&self, listed: &Json) -> bool {
        let TagSight::Shown { property, .. } = &self.tags else { return false };
        let tags = tags::of_property(listed.get(property));
        let get = |key: &str| tags.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
        self.skips_others() && get(tags::STACK_NAME).is_some_and(|name| name != self.stack.name)
    }

    /// What a resource is to this search. `indexed`: the tag index says that it carries our marks.
    pub fn class_of(&self, model: &Json, indexed: bool) -> Class {
        if self.schema.is_leaving(model) {
            return Class::Other;
        }
        let TagSight::Shown { property, marked } = &self.tags else {
            return match (&self.tags, indexed) {
                (TagSight::Hidden, true) => Class::Marked,
                _ if self.matches(model) => Class::Unmarked,
                _ => Class::Other,
            };
        };
        let tags = tags::of_property(model.get(property));
        let get = |key: &str| tags.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
        match tags::owner_of(&tags) {
            Some((name, env)) if name == self.stack.name && env == self.stack.env => {
                match get(tags::RESOURCE_NAME) {
                    Some(name) if self.names.iter().any(|own| own == name) => Class::Marked,
                    // Another resource of this stack.
                    Some(_) => Class::Other,
                    None if !self.matches(model) => Class::Other,
                    None if *marked => Class::Marked,
                    None => Class::Unmarked,
                }
            }
            Some((name, env)) if self.matches(model) => Class::Foreign(format!("stack {name}/{env}")),
            Some(_) => Class::Other,
            None if !self.matches(model) => Class::Other,
            None => match get(tags::CLOUDFORMATION_STACK) {
                Some(stack) => Class::Foreign(format!("CloudFormation stack {stack}")),
                None => Class::Unmarked,
            },
        }
    }

    /// True if the model shows all values of the natural key. The differ says what is equal: a service may have spelt a
    /// value in its own way, and taking such a one for another would make a second resource.
    fn matches(&self, model: &Json) -> bool {
        let shown = |at: &Pointer| {
            at.get(model).is_some()
                || self.declared.at(at).and_then(Value::exposed).is_some_and(|v| crate::diff::is_empty(&v))
        };
        if self.natural.is_empty() || !self.natural.iter().all(shown) {
            return false;
        }
        if self.absent.iter().any(|at| at.get(model).is_some_and(|live| !crate::diff::is_empty(live))) {
            return false;
        }
        // The differ passes over what only the service sets; an id that was given is compared as it is.
        let agrees = |at: &Pointer| {
            !self.schema.read_only_properties.covers(at)
                || self.declared.at(at).and_then(Value::exposed).as_ref() == at.get(model)
        };
        if !self.natural.iter().all(agrees) {
            return false;
        }
        let context = DiffContext { schema: &self.schema, ignore: &[], is_fresh: &|_| false };
        diff(&context, &self.declared, model).changes.is_empty()
    }

    /// What all finds together mean. Marks stand before matches; two of the same weight are never a guess.
    pub fn verdict(&self, finds: Finds) -> Sighting {
        let Finds { marked, unmarked, foreign } = finds;
        if !marked.is_empty() {
            return one(marked, IdentityStep::Tagged);
        }
        match self.unmarked {
            Unmarked::Ours | Unmarked::Adopted if !unmarked.is_empty() => {
                one(unmarked, IdentityStep::Matched)
            }
            Unmarked::Unprovable if !unmarked.is_empty() => Sighting::Unprovable(names(&unmarked)),
            Unmarked::Adopted | Unmarked::Ours if self.forced && !foreign.is_empty() => {
                one(foreign.into_iter().map(|(found, _)| found).collect(), IdentityStep::Matched)
            }
            _ => {
                let free =
                    unmarked.into_iter().map(|found| Lookalike { identifier: found.identifier, owner: None });
                let owned = foreign
                    .into_iter()
                    .map(|(found, owner)| Lookalike { identifier: found.identifier, owner: Some(owner) });
                let all: Vec<Lookalike> = free.chain(owned).collect();
                if all.is_empty() { Sighting::Absent } else { Sighting::Lookalikes(all) }
            }
        }
    }
}

fn one(mut found: Vec<Found>, step: IdentityStep) -> Sighting {
    match (found.len(), found.pop()) {
        (1, Some(one)) => Sighting::Present { found: Box::new(one), step },
        (_, Some(last)) => {
            found.push(last);
            Sighting::Ambiguous { found: names(&found), step }
        }
        (_, None) => Sighting::Absent,
    }
}

fn names(found: &[Found]) -> Vec<Identifier> {
    found.iter().map(|found| found.identifier.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pointer::PropertyPath;
    use serde_json::json;

    fn search(unmarked: Unmarked) -> Search {
        Search {
            stack: StackId { name: "shop".into(), env: "prod".into() },
            names: vec!["vpc".into(), "old".into()],
            tags: TagSight::Shown { property: "Tags".into(), marked: true },
            listing: Listing::Free,
            index_only: false,
            natural: vec![Pointer::of(["CidrBlock"])],
            absent: Vec::new(),
            declared: Value::from(json!({"CidrBlock": "10.0.0.0/16"})),
            unmarked,
            forced: false,
            schema: Arc::new(crate::testdata::schema("AWS::EC2::VPC")),
        }
    }

    fn tagged(stack: &str, env: &str, name: Option<&str>) -> Json {
        let mut tags = vec![
            json!({"Key": "stackql:stack-name", "Value": stack}),
            json!({"Key": "stackql:stack-env", "Value": env}),
        ];
        tags.extend(name.map(|name| json!({"Key": "stackql:resource-name", "Value": name})));
        json!({"CidrBlock": "10.0.0.0/16", "Tags": tags})
    }

    fn found(id: &str, model: Json) -> Found {
        Found { identifier: Identifier::single("VpcId", id), model }
    }

    fn verdict(search: &Search, all: &[(&str, Json)]) -> Sighting {
        let mut finds = Finds::default();
        for (id, model) in all {
            finds.add(&found(id, model.clone()), search.class_of(model, false));
        }
        search.verdict(finds)
    }

    /// Two keys of one owner and name, one of a cluster and one of none, are two (confluent.md section 2).
    #[test]
    fn what_the_natural_key_leaves_out_matches_only_what_has_none() {
        let mut search = search(Unmarked::Ours);
        search.absent = vec![Pointer::of(["InstanceTenancy"])];
        let model = |tenancy: Json| json!({"CidrBlock": "10.0.0.0/16", "InstanceTenancy": tenancy});
        assert_eq!(search.class_of(&model(json!("dedicated")), false), Class::Other);
        assert_eq!(search.class_of(&model(Json::Null), false), Class::Unmarked);
        assert_eq!(search.class_of(&json!({"CidrBlock": "10.0.0.0/16"}), false), Class::Unmarked);
    }

    #[test]
    fn marks_of_this_stack_and_name_prove_it() {
        let search = search(Unmarked::Candidate);
        assert_eq!(search.class_of(&tagged("shop", "prod", Some("vpc")), false), Class::Marked);
        assert_eq!(search.class_of(&tagged("shop", "prod", Some("old")), false), Class::Marked);
        assert_eq!(search.class_of(&tagged("shop", "prod", Some("other")), false), Class::Other);
        assert_eq!(search.class_of(&tagged("shop", "prod", None), false), Class::Marked);
        assert_eq!(
            search.class_of(&tagged("shop", "dev", Some("vpc")), false),
            Class::Foreign("stack shop/dev".into())
        );
    }

    #[test]
    fn a_marked_one_stands_before_matches_and_two_marked_are_no_guess() {
        let search = search(Unmarked::Candidate);
        let free = json!({"CidrBlock": "10.0.0.0/16"});
        let ours = tagged("shop", "prod", Some("vpc"));
        assert!(matches!(
            verdict(&search, &[("vpc-1", free), ("vpc-2", ours.clone())]),
            Sighting::Present { found, step: IdentityStep::Tagged } if found.identifier.to_string() == "vpc-2"
        ));
        assert!(matches!(
            verdict(&search, &[("vpc-1", ours.clone()), ("vpc-2", ours)]),
            Sighting::Ambiguous { found, .. } if found.len() == 2
        ));
    }

    #[test]
    fn an_untagged_match_of_a_taggable_type_is_only_named() {
        let free = json!({"CidrBlock": "10.0.0.0/16"});
        let Sighting::Lookalikes(named) = verdict(&search(Unmarked::Candidate), &[("vpc-1", free.clone())])
        else {
            panic!("not named");
        };
        assert_eq!(named, [Lookalike { identifier: Identifier::single("VpcId", "vpc-1"), owner: None }]);
        assert!(matches!(
            verdict(&search(Unmarked::Adopted), &[("vpc-1", free.clone())]),
            Sighting::Present { step: IdentityStep::Matched, .. }
        ));
        assert!(matches!(
            verdict(&search(Unmarked::Ours), &[("vpc-1", free.clone()), ("vpc-2", free)]),
            Sighting::Ambiguous { .. }
        ));
    }

    #[test]
    fn what_does_not_match_or_is_gone_does_not_count() {
        let mut search = search(Unmarked::Ours);
        assert_eq!(verdict(&search, &[("vpc-1", json!({"CidrBlock": "10.1.0.0/16"}))]), Sighting::Absent);
        let mut schema = crate::testdata::schema("AWS::EC2::VPC");
        schema.overlay.gone_when.insert(PropertyPath::parse("/State"), vec![json!("deleted")]);
        search.schema = Arc::new(schema);
        let gone = json!({"CidrBlock": "10.0.0.0/16", "State": "deleted"});
        assert_eq!(verdict(&search, &[("vpc-1", gone)]), Sighting::Absent);
    }

    #[test]
    fn what_others_own_is_taken_only_by_force() {
        let mut search = search(Unmarked::Adopted);
        let theirs = tagged("other", "prod", Some("vpc"));
        assert!(matches!(verdict(&search, &[("vpc-1", theirs.clone())]), Sighting::Lookalikes(_)));
        search.forced = true;
        assert!(matches!(verdict(&search, &[("vpc-1", theirs)]), Sighting::Present { .. }));
    }

    #[test]
    fn hidden_marks_count_by_the_index_alone() {
        let mut search = search(Unmarked::Unprovable);
        search.tags = TagSight::Hidden;
        let model = json!({"CidrBlock": "10.0.0.0/16"});
        assert_eq!(search.class_of(&model, true), Class::Marked);
        assert_eq!(search.class_of(&model, false), Class::Unmarked);
        assert!(matches!(verdict(&search, &[("vpc-1", model)]), Sighting::Unprovable(_)));
    }
}
