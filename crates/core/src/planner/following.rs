//! Order that no reference gives: what is made before one of a type, and deleted after it (confluent.md section 10).

use crate::ids::Address;
use crate::overlay::Related;
use crate::plan::Planned;
use crate::schema::Schemas;
use crate::value::Value;
use indexmap::IndexMap;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The declared values that a resource is related to others by: property → value.
pub(super) type Declared = BTreeMap<Address, BTreeMap<String, Value>>;

/// The values of the properties that relations of the type name.
pub(super) fn declared(follows: &[Related], props: &Value) -> BTreeMap<String, Value> {
    let names = follows.iter().flat_map(|related| related.by.values());
    names.filter_map(|name| Some((name.clone(), props.get(name)?.clone()))).collect()
}

/// Adds to `follows` of each resource what its type says that it comes after. Where references or the manifest order say
/// the opposite, they hold.
pub(super) fn add(resources: &mut IndexMap<Address, Planned>, schemas: &dyn Schemas, declared: &Declared) {
    let none = BTreeMap::new();
    let mut wanted: Vec<(Address, Address)> = Vec::new();
    for planned in resources.values().filter(|planned| planned.flow.is_none()) {
        let Ok(schema) = schemas.schema(&planned.ty) else { continue };
        let own = declared.get(&planned.address).unwrap_or(&none);
        for related in &schema.overlay.follows {
            let others = resources.values().filter(|other| {
                other.ty == related.ty
                    && other.address != planned.address
                    && agrees(related, other, planned, own)
            });
            wanted.extend(others.map(|other| (planned.address.clone(), other.address.clone())));
        }
    }
    for (address, before) in wanted {
        if comes_after(resources, &before, &address) {
            continue;
        }
        if let Some(planned) = resources.get_mut(&address)
            && !planned.follows.contains(&before)
        {
            planned.follows.push(before);
        }
    }
}

fn agrees(related: &Related, other: &Planned, planned: &Planned, own: &BTreeMap<String, Value>) -> bool {
    related.by.iter().all(|(theirs, ours)| {
        let ours = own.get(ours).map(Cow::Borrowed).or_else(|| value(planned, ours));
        match (value(other, theirs), ours) {
            (Some(theirs), Some(ours)) => same(&theirs, &ours),
            _ => false,
        }
    })
}

/// A value as it will be, else as it is.
fn value<'p>(planned: &'p Planned, property: &str) -> Option<Cow<'p, Value>> {
    let desired = planned.desired.as_ref().and_then(|desired| desired.get(property)).map(Cow::Borrowed);
    desired.or_else(|| Some(Cow::Owned(Value::from(planned.live.as_ref()?.get(property)?))))
}

/// True if two values are one, or will be: unknown ones that come from the same place. A kind may stand before an id.
fn same(a: &Value, b: &Value) -> bool {
    match (a.unknown(), b.unknown()) {
        (Some(a), Some(b)) => a.from.intersection(&b.from).next().is_some(),
        (None, None) => {
            let bare = |value: &Value| {
                let text = value.scalar_text().filter(|text| !text.is_empty())?;
                Some(text.rsplit(':').next().unwrap_or_default().to_owned())
            };
            bare(a).is_some_and(|a| bare(b) == Some(a))
        }
        _ => false,
    }
}

/// True if the first comes after the second already.
fn comes_after(resources: &IndexMap<Address, Planned>, first: &Address, second: &Address) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![first];
    while let Some(address) = open.pop() {
        if address == second {
            return true;
        }
        if let Some(planned) = resources.get(address)
            && seen.insert(address)
        {
            open.extend(planned.follows.iter().chain(planned.after.iter().map(|edge| &edge.to)));
        }
    }
    false
}
