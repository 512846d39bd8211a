//! What is asked of a schema.

use super::{Additional, JsonType, Node, ResourceSchema, TagForm};
use crate::naming::find_property;
use crate::overlay::Accepts;
use crate::pointer::Pointer;
use serde_json::Value as Json;

impl ResourceSchema {
    /// The top-level property that a column or a declared name means: its name in any spelling, another name of it, either
    /// with `data__` before it as in older tables, or with `_` where a query parameter has the plain name
    /// (stackql-compat 6.5).
    pub fn property_of(&self, written: &str) -> Option<&str> {
        let plain = Accepts::plain(written);
        self.by_name(plain).or_else(|| self.by_name(plain.strip_prefix('_')?))
    }

    fn by_name(&self, name: &str) -> Option<&str> {
        find_property(name, self.root.properties.keys().map(String::as_str)).or_else(|| {
            let mut others = self.overlay.accepts.names.iter();
            others.find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, property)| property.as_str())
        })
    }

    /// The node behind a `$ref`, or the node itself. Reference chains end after 16 hops.
    pub fn follow<'s>(&'s self, mut node: &'s Node) -> &'s Node {
        for _ in 0..16 {
            let Some(reference) = node.reference.as_deref() else { return node };
            let next = match reference.strip_prefix("#/definitions/") {
                Some(name) => self.definitions.get(name),
                // `AWS::OpenSearchService::Application` refers to a property.
                None => {
                    reference.strip_prefix("#/properties/").and_then(|name| self.root.properties.get(name))
                }
            };
            match next {
                Some(next) => node = next,
                None => return node,
            }
        }
        node
    }

    /// The schema of the member `key` of an object node, its `$ref` followed: a named property, a pattern property,
    /// `additionalProperties`, or a property named only in a `oneOf`, `anyOf` or `allOf` branch.
    pub fn member<'s>(&'s self, node: &'s Node, key: &str) -> Option<&'s Node> {
        self.member_within(node, key, 8)
    }

    fn member_within<'s>(&'s self, node: &'s Node, key: &str, depth: u8) -> Option<&'s Node> {
        let node = self.follow(node);
        if let Some(found) = node.properties.get(key) {
            return Some(self.follow(found));
        }
        if depth > 0 {
            let branches = node.one_of.iter().chain(&node.any_of).chain(&node.all_of);
            if let Some(found) = branches
                .filter(|branch| {
                    let branch = self.follow(branch);
                    branch.properties.contains_key(key)
                        || !branch.one_of.is_empty()
                        || !branch.any_of.is_empty()
                })
                .find_map(|branch| self.member_within(branch, key, depth - 1))
            {
                return Some(found);
            }
        }
        if let Some((_, found)) = node
            .pattern_properties
            .iter()
            .find(|(pattern, _)| crate::pattern::matches(pattern, key) == Some(true))
            .or_else(|| node.pattern_properties.first().filter(|_| node.pattern_properties.len() == 1))
        {
            return Some(self.follow(found));
        }
        match &node.additional_properties {
            Some(Additional::Schema(schema)) => Some(self.follow(schema)),
            _ => None,
        }
    }

    /// The schema of an array's elements, its `$ref` followed.
    pub fn element<'s>(&'s self, node: &'s Node) -> Option<&'s Node> {
        let node = self.follow(node);
        node.items.as_deref().map(|items| self.follow(items)).or_else(|| {
            node.one_of.iter().chain(&node.any_of).chain(&node.all_of).find_map(|branch| {
                let branch = self.follow(branch);
                branch.items.as_deref().map(|items| self.follow(items))
            })
        })
    }

    /// The schema at a pointer, `None` where the schema says nothing.
    pub fn at(&self, pointer: &Pointer) -> Option<&Node> {
        pointer.segments().iter().try_fold(&self.root, |node, segment| {
            let node = self.follow(node);
            if segment.bytes().all(|b| b.is_ascii_digit()) && !node.properties.contains_key(segment) {
                self.element(node).or_else(|| self.member(node, segment))
            } else {
                self.member(node, segment)
            }
        })
    }

    /// True if the whole life cycle can run: create, read and delete handlers.
    pub fn is_provisionable(&self) -> bool {
        self.handlers.create.is_some() && self.handlers.read.is_some() && self.handlers.delete.is_some()
    }

    /// `ProvisioningType` of DescribeType (cloud-control 6.1).
    pub fn provisioning_type(&self) -> &'static str {
        match (self.is_provisionable(), self.is_immutable()) {
            (true, false) => "FULLY_MUTABLE",
            (true, true) => "IMMUTABLE",
            (false, _) => "NON_PROVISIONABLE",
        }
    }

    /// True if there is no update handler: every change is a replacement.
    pub fn is_immutable(&self) -> bool {
        self.handlers.update.is_none()
    }

    /// The top-level property that holds tags, and its form; `None` if the type is not taggable by us.
    ///
    /// Sixteen types only have the old `taggable: true`; their property is the contract's default, `Tags`.
    pub fn tag_property(&self) -> Option<(&str, TagForm)> {
        let name = match &self.tagging {
            Some(tagging) if tagging.taggable && tagging.tag_property.0.len() == 1 => {
                tagging.tag_property.top()?
            }
            None if self.taggable == Some(true) => "Tags",
            _ => return None,
        };
        let node = self.follow(self.root.properties.get(name)?);
        let form = if node.types.names(JsonType::Array) || node.items.is_some() {
            TagForm::KeyValueList
        } else {
            TagForm::Map
        };
        Some((name, form))
    }

    /// True if reads never show the place: write-only by the schema, or left out all the same (trap 43).
    pub fn is_unreadable(&self, at: &Pointer) -> bool {
        self.write_only_properties.covers(at) || self.overlay.unreadable.covers(at)
    }

    /// True if reads still show what the service has already given up, as the overlay knows it (traps 76 and 77).
    pub fn is_gone(&self, model: &Json) -> bool {
        self.overlay.gone_when.iter().any(|(path, values)| {
            path.as_pointer().and_then(|at| at.get(model).cloned()).is_some_and(|live| values.contains(&live))
        })
    }

    /// True if a resource that reads still show is as good as gone: the overlay says so, or a state says that it is being
    /// deleted (cloud-control 4.3; traps 76 and 77).
    pub fn is_leaving(&self, model: &Json) -> bool {
        let by_state = model.as_object().is_some_and(|members| {
            members.iter().any(|(name, value)| {
                (name.ends_with("Status") || name.ends_with("State"))
                    && value.as_str().is_some_and(|word| {
                        let word = word.to_ascii_lowercase().replace(['_', '-', ' '], "");
                        matches!(
                            word.as_str(),
                            "deleting" | "deleted" | "pendingdeletion" | "deletepending" | "deleteinprogress"
                        )
                    })
            })
        });
        self.is_gone(model) || by_state
    }

    /// True if some required property can be neither sent nor left out, so that no update passes (cloud-control 3.1,
    /// trap 6).
    pub fn refuses_updates(&self) -> bool {
        self.root.required.iter().any(|name| {
            let at = Pointer::of([name.as_str()]);
            self.write_only_properties.contains(&at) && self.create_only_properties.contains(&at)
        })
    }

    /// True if tags can be set on a resource that exists.
    pub fn tags_updatable(&self) -> bool {
        self.tag_property().is_some_and(|(name, _)| {
            let pointer = Pointer::of([name]);
            !self.create_only_properties.contains(&pointer)
                && !self.is_immutable()
                && !self.refuses_updates()
                && self.tagging.as_ref().is_none_or(|t| t.tag_updatable)
        })
    }

    /// True if the service chooses (a part of) the identifier.
    pub fn is_named_by_service(&self) -> bool {
        self.primary_identifier
            .iter()
            .any(|path| path.as_pointer().is_none_or(|at| self.read_only_properties.covers(&at)))
    }

    /// True if a read can prove what a resource's tags are.
    pub fn tags_readable(&self) -> bool {
        self.tag_property().is_some_and(|(name, _)| !self.is_unreadable(&Pointer::of([name])))
    }

    /// Members that a tag needs beside `Key` and `Value`, with a neutral value (`PropagateAtLaunch: false`).
    pub fn tag_extras(&self) -> Vec<(String, Json)> {
        let element = self
            .tag_property()
            .and_then(|(name, _)| self.root.properties.get(name))
            .and_then(|node| self.element(node));
        let Some(element) = element else { return Vec::new() };
        element
            .required
            .iter()
            .filter(|name| !matches!(name.as_str(), "Key" | "Value"))
            .filter_map(|name| {
                let neutral = match self.member(element, name)?.types.single()? {
                    JsonType::Boolean => Json::Bool(false),
                    JsonType::Integer | JsonType::Number => Json::from(0),
                    JsonType::String => Json::from(""),
                    _ => return None,
                };
                Some((name.clone(), neutral))
            })
            .collect()
    }

    /// True if reads never show the tags (7 types).
    pub fn tags_write_only(&self) -> bool {
        self.tag_property().is_some_and(|(name, _)| self.write_only_properties.contains(&Pointer::of([name])))
    }
}
