//! The update handler: from the stored model and the patched read model to the new stored model.

use super::Place;
use super::assign::Assigner;
use super::view::without_write_only;
use crate::fault::What;
use crate::model::{canonical, expand, get_mut, remove, set};
use crate::validate::Patterns;
use serde_json::Value as Json;
use stack_core::pointer::{Pointer, PropertyPath};
use stack_core::schema::ResourceSchema;

/// Everything an update handler is given.
pub(crate) struct Update<'u> {
    pub(crate) schema: &'u ResourceSchema,
    /// All values, write-only ones included.
    pub(crate) stored: &'u Json,
    /// The read model after the patch.
    pub(crate) patched: &'u Json,
    /// What the patch removed.
    pub(crate) removed: &'u [Pointer],
    pub(crate) script: &'u [What],
}

impl Update<'_> {
    /// The new stored model.
    pub(crate) fn apply(&self, place: &Place, patterns: &mut Patterns, dice: &mut crate::dice::Dice) -> Json {
        let mut new = self.patched.clone();
        super::apply_transforms(self.schema, &mut new);
        self.keep_read_only(&mut new);
        if !self.script.contains(&What::ForgetWriteOnly) {
            self.keep_write_only(&mut new);
        }
        for fault in self.script {
            match fault {
                What::IgnoreRemove { only } => {
                    for pointer in self.removed.iter().filter(|p| only.is_empty() || only.contains(p)) {
                        if let Some(value) = pointer.get(self.stored) {
                            set(&mut new, pointer, value.clone());
                        }
                    }
                }
                What::IgnoreProperties { only } => {
                    for pointer in only {
                        match pointer.get(self.stored) {
                            Some(value) => set(&mut new, pointer, value.clone()),
                            None => drop(remove(&mut new, pointer)),
                        }
                    }
                }
                _ => {}
            }
        }
        // New elements get their read-only members; times of change move on.
        let mut assigner = Assigner::new(self.schema, place, patterns, dice);
        assigner.fill(&mut new);
        assigner.touch(&mut new);
        new
    }

    fn keep_read_only(&self, new: &mut Json) {
        for path in self.schema.read_only_properties.iter() {
            for pointer in expand(path, new) {
                if pointer.get(self.stored).is_none() && path.as_pointer().is_some() {
                    remove(new, &pointer);
                }
            }
            self.carry(path, new);
        }
    }

    /// Puts stored values back where their container is still the one that held them.
    fn carry(&self, path: &PropertyPath, new: &mut Json) {
        for pointer in expand(path, self.stored) {
            let Some(value) = pointer.get(self.stored) else { continue };
            let held = pointer.parent().is_some_and(|parent| parent.is_root() || parent.get(new).is_some());
            if held {
                match get_mut(new, &pointer) {
                    Some(slot) => *slot = value.clone(),
                    None => set(new, &pointer, value.clone()),
                }
            }
        }
    }

    fn keep_write_only(&self, new: &mut Json) {
        let visible = without_write_only(self.schema, self.stored);
        let patched = new.clone();
        for path in self.schema.write_only_properties.iter() {
            for pointer in expand(path, self.stored) {
                if pointer.get(new).is_some() {
                    continue;
                }
                let Some(value) = pointer.get(self.stored) else { continue };
                if self.container_stayed(&pointer, &visible, &patched) {
                    set(new, &pointer, value.clone());
                }
            }
        }
    }

    /// True if each container on the way that was visible is still there, and each array element is unchanged.
    fn container_stayed(&self, pointer: &Pointer, visible: &Json, patched: &Json) -> bool {
        let mut place = Pointer::root();
        for segment in pointer.segments() {
            let in_array = place.get(visible).is_some_and(Json::is_array);
            place = place.child(segment);
            if place == *pointer {
                break;
            }
            match (place.get(visible), place.get(patched)) {
                (Some(before), Some(now)) if in_array && canonical(before) != canonical(now) => return false,
                (Some(_), None) => return false,
                _ => {}
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn updated(schema: Json, stored: Json, patched: Json) -> Json {
        let schema: ResourceSchema = serde_json::from_value(schema).unwrap();
        let place = Place { account: "123456789012".into(), region: "eu-west-1".into(), now_ms: 0 };
        let update =
            Update { schema: &schema, stored: &stored, patched: &patched, removed: &[], script: &[] };
        update.apply(&place, &mut Patterns::default(), &mut crate::dice::Dice::new(1))
    }

    #[test]
    fn write_only_values_stay_unless_their_container_went() {
        let schema = json!({
            "typeName": "AWS::T::T", "properties": {},
            "writeOnlyProperties": ["/properties/Code/Zip", "/properties/Box/Secret", "/properties/R/*/K"],
        });
        let stored = json!({
            "Code": { "Zip": "z" }, "Box": { "Open": 1, "Secret": 2 }, "R": [{ "N": 1, "K": 1 }, { "N": 2, "K": 2 }],
        });
        assert_eq!(
            updated(schema, stored, json!({ "R": [{ "N": 1 }, { "N": 3 }] })),
            json!({ "R": [{ "N": 1, "K": 1 }, { "N": 3 }], "Code": { "Zip": "z" } })
        );
    }

    #[test]
    fn read_only_values_stay_whatever_the_model_says() {
        let schema = json!({
            "typeName": "AWS::T::T", "properties": { "Arn": { "type": "string" } },
            "readOnlyProperties": ["/properties/Arn"],
        });
        assert_eq!(updated(schema, json!({ "Arn": "a" }), json!({ "A": 1 })), json!({ "A": 1, "Arn": "a" }));
    }
}
