//! Which keys to ask for, and what to look for where no key answers (DESIGN section 5).

use super::codes;
use super::search::{self, Searched};
use crate::arn::{self, Arn};
use crate::desired::Wanted;
use crate::diagnostic::Diagnostic;
use crate::diff::normalised;
use crate::identity::{FromProps, Identifier, Key, Place, UNKNOWN_ACCOUNT, from_props, part_name};
use crate::ids::StackId;
use crate::observed::{IdentityStep, LedgerEntry, Probe, Question};
use crate::pointer::{Pointer, PropertyPath};
use crate::schema::ResourceSchema;
use crate::search::Listing;
use crate::tags;
use crate::value::{Unknown, Value};
use std::borrow::Cow;
use std::sync::Arc;

/// What can be asked about a resource.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Identity {
    /// There are keys to read.
    Ask(Box<Question>),
    /// The key hangs on values that are not known yet.
    Waiting(Unknown),
    /// No step gives a key.
    Impossible(Box<Diagnostic>),
}

/// Derives what to ask, in the order of DESIGN section 5.
pub(super) fn identity(
    wanted: &Wanted,
    schema: &Arc<ResourceSchema>,
    stack: &StackId,
    ledger: Option<&LedgerEntry>,
) -> Identity {
    let stable = stable(wanted);
    let wanted = &*stable;
    if let Some(pin) = &wanted.identifier {
        return pinned(wanted, schema, stack, pin);
    }
    let mut probes = Vec::new();
    let mut waiting = None;
    let mut search = None;
    match primary(wanted, schema) {
        FromProps::Known(parts) => {
            probes.push(Probe::certain(Key::Primary(Identifier { parts }), IdentityStep::Declared));
            search = search::by_marks(wanted, schema, stack);
        }
        FromProps::Waiting(unknown) => {
            waiting = Some(unknown);
            search = search::by_marks(wanted, schema, stack);
        }
        FromProps::Missing(_) => {
            match derived(wanted, schema) {
                FromProps::Known(parts) => {
                    probes.push(Probe::certain(Key::derived(Identifier { parts }), IdentityStep::Derived));
                }
                FromProps::Waiting(unknown) => waiting = Some(unknown),
                FromProps::Missing(_) => {}
            }
            // What names and place give needs no second key.
            let sets: &[_] = if probes.is_empty() { &schema.additional_identifiers } else { &[] };
            for set in sets {
                match from_props(set, &wanted.props) {
                    FromProps::Known(parts) => probes.push(Probe {
                        key: Key::Additional(parts),
                        step: IdentityStep::Additional,
                        must_agree: declared_create_only(wanted, schema),
                        must_carry: None,
                    }),
                    FromProps::Waiting(unknown) => waiting = waiting.or(Some(unknown)),
                    FromProps::Missing(_) => {}
                }
            }
            match search::search(wanted, schema, stack) {
                Searched::For(wanted, unknown) => {
                    waiting = unknown.or(waiting.filter(|_| !wanted.marks()));
                    search = Some(wanted);
                }
                // A key that is known tells without it.
                Searched::Waiting(unknown) if probes.is_empty() => waiting = Some(unknown),
                Searched::Waiting(_) => {}
                Searched::Never => {}
            }
        }
    }
    // Where neither a key nor a mark can tell whether it is there, the answer must not hang on who has been here before:
    // the ledger saves calls and changes no plan.
    let is_blind = waiting.is_some() && search.is_none();
    if let Some(entry) = ledger.filter(|entry| !is_blind && !entry.guessed)
        && entry.ty == wanted.ty
        && entry.target.region == wanted.target.region
        && !probes.iter().any(|p| p.step.is_certain())
    {
        probes.push(hinted(wanted, schema, stack, entry));
    }
    if !probes.is_empty() || search.is_some() {
        let is_told = probes.first().is_some_and(|probe| probe.step == IdentityStep::Declared);
        let listing = match schema.overlay.answers_reads && is_told {
            true => search::listing(wanted, schema),
            false => Listing::Never,
        };
        return Identity::Ask(Box::new(Question {
            listing,
            address: wanted.address.clone(),
            ty: wanted.ty.clone(),
            target: wanted.target.clone(),
            probes,
            search,
            waiting,
        }));
    }
    match waiting {
        Some(unknown) => Identity::Waiting(unknown),
        None => Identity::Impossible(Box::new(no_identity(wanted, schema))),
    }
}

/// The resource without the values that are new in each run: nothing can be found by these.
pub(super) fn stable(wanted: &Wanted) -> Cow<'_, Wanted> {
    if wanted.lifecycle.random.is_empty() {
        return Cow::Borrowed(wanted);
    }
    let mut stable = wanted.clone();
    for at in &wanted.lifecycle.random {
        leave_out(&mut stable.props, at.segments());
    }
    Cow::Owned(stable)
}

/// Takes a value out; with it the secret or list that it is in.
fn leave_out(value: &mut Value, path: &[String]) {
    let (Value::Object(members), Some((first, rest))) = (value, path.split_first()) else { return };
    let is_open = matches!(members.get(first), Some(Value::Object(_)));
    match members.get_mut(first).filter(|_| is_open && !rest.is_empty()) {
        Some(inner) => leave_out(inner, rest),
        None => {
            members.shift_remove(first);
        }
    }
}

/// The identifier that a create will give, if the manifest settles it.
pub(super) fn declared_identifier(wanted: &Wanted, schema: &ResourceSchema) -> Option<Identifier> {
    match primary(wanted, schema) {
        FromProps::Known(parts) => Some(Identifier { parts }),
        FromProps::Waiting(_) | FromProps::Missing(_) => None,
    }
}

/// The identifier that follows from names and place (step 4). The account is filled in by whoever asks.
fn derived(wanted: &Wanted, schema: &ResourceSchema) -> FromProps {
    let (Some(rule), Some(region)) = (&schema.overlay.derived_identifier, &wanted.target.region) else {
        return FromProps::Missing(Vec::new());
    };
    rule.fill(&wanted.props, &Place::of(region.as_str(), UNKNOWN_ACCOUNT))
}

/// The primary identifier by declared values as the service will spell them (trap 48), with the service's own values
/// for parts that may be left out.
fn primary(wanted: &Wanted, schema: &ResourceSchema) -> FromProps {
    let mut parts = match declared_primary(wanted, schema) {
        FromProps::Known(parts) => parts,
        other => return other,
    };
    for (path, part) in schema.primary_identifier.iter().zip(&mut parts) {
        let stored = path.as_pointer().and_then(|at| {
            let declared = serde_json::Value::String(part.1.clone());
            normalised(schema, &at, &wanted.props, &declared)
        });
        if let Some(serde_json::Value::String(text)) = stored {
            part.1 = text;
        }
    }
    FromProps::Known(parts)
}

fn declared_primary(wanted: &Wanted, schema: &ResourceSchema) -> FromProps {
    let defaults = &schema.overlay.identifier_defaults;
    if defaults.is_empty() {
        return from_props(&schema.primary_identifier, &wanted.props);
    }
    let mut props = wanted.props.clone();
    if let Value::Object(members) = &mut props {
        for (path, value) in defaults {
            if let Some(name) = path.top()
                && !members.contains_key(name)
            {
                members.insert(name.to_owned(), Value::from(value));
            }
        }
    }
    match from_props(&schema.primary_identifier, &props) {
        FromProps::Known(parts) => FromProps::Known(Identifier { parts }.without_optional(schema).parts),
        other => other,
    }
}

/// The user names the live resource. What was pinned once may have the form of an older schema: an id where the service
/// now wants an ARN, or the other way round (trap 70).
pub(super) fn given(
    wanted: &Wanted,
    schema: &Arc<ResourceSchema>,
    stack: &StackId,
    identifier: &Identifier,
) -> Identity {
    let mut probes = vec![Probe::certain(Key::Primary(identifier.clone()), IdentityStep::Pinned)];
    let mut search = None;
    if let [(name, value)] = identifier.parts.as_slice() {
        if Arn::parse(value).is_some() && !name.ends_with("Arn") {
            let others = arn::identifiers(schema, value).into_iter().filter(|other| other != identifier);
            probes.extend(others.map(|other| Probe::certain(Key::Primary(other), IdentityStep::Pinned)));
        } else if Arn::parse(value).is_none() && name.ends_with("Arn") {
            search = search::by_id(wanted, schema, stack, value);
        }
    }
    Identity::Ask(Box::new(Question {
        listing: Listing::Never,
        address: wanted.address.clone(),
        ty: wanted.ty.clone(),
        target: wanted.target.clone(),
        probes,
        search,
        waiting: None,
    }))
}

fn pinned(wanted: &Wanted, schema: &Arc<ResourceSchema>, stack: &StackId, pin: &Value) -> Identity {
    if let Some(unknown) = pin.unknown() {
        return Identity::Waiting(unknown);
    }
    let identifier = match pin {
        Value::Object(_) => pin.exposed().and_then(|json| Identifier::parse(schema, &json.to_string())),
        other => other.scalar_text().and_then(|text| Identifier::parse(schema, &text)),
    };
    match identifier {
        Some(identifier) => given(wanted, schema, stack, &identifier),
        None => {
            let parts: Vec<String> = schema.primary_identifier.iter().map(part_name).collect();
            Identity::Impossible(Box::new(
                Diagnostic::error(
                    codes::BAD_PIN,
                    format!("`identifier` of {} does not fit its type", wanted.address),
                )
                .at(wanted.sources.resource.key("identifier"), "")
                .note("why", format!("{} is identified by {}", wanted.declared_type, parts.join("|")))
                .next(format!("write the {} parts joined with `|`, in this order", parts.len())),
            ))
        }
    }
}

/// What the ledger's hint has to show, for resources whose own checks look everywhere else. `None` if it is about another type
/// or place.
pub fn hint(wanted: &Wanted, schema: &ResourceSchema, stack: &StackId, entry: &LedgerEntry) -> Option<Probe> {
    let fits = entry.ty == wanted.ty && entry.target.region == wanted.target.region;
    fits.then(|| hinted(&stable(wanted), schema, stack, entry))
}

/// The ledger's hint. A hit is ours if it carries our marks; where marks are impossible it has to show what a listing
/// would be searched for, so that a run without the ledger comes to the same verdict.
fn hinted(wanted: &Wanted, schema: &ResourceSchema, stack: &StackId, entry: &LedgerEntry) -> Probe {
    let marked = wanted.ownership_tags && schema.tags_updatable() && schema.tags_readable();
    let mut probe = Probe::certain(Key::Primary(entry.identifier.clone()), IdentityStep::Ledger);
    match schema.tag_property().filter(|_| marked) {
        Some((property, _)) => {
            let marks = tags::marks(stack, wanted.address.as_str(), None);
            probe.must_carry = Some((property.to_owned(), marks));
        }
        None => probe.must_agree = declared_create_only(wanted, schema),
    }
    probe
}

/// The declared create-only values that a model must show to be the right one (cloud-control 2.4).
fn declared_create_only(wanted: &Wanted, schema: &ResourceSchema) -> Vec<(Pointer, Value)> {
    schema
        .create_only_properties
        .iter()
        .filter_map(PropertyPath::as_pointer)
        .filter(|pointer| !schema.is_unreadable(pointer))
        // The service spells these anew. Taking a respelt hit for somebody else's would make a second resource; a real
        // difference is shown by the differ, which knows the transforms.
        .filter(|pointer| {
            !schema.property_transform.keys().any(|path| path.covers(pointer) || path.is_below(pointer))
        })
        .filter_map(|pointer| {
            let value = wanted.props.at(&pointer)?;
            value.exposed().map(|json| (pointer, Value::from(json)))
        })
        .collect()
}

fn no_identity(wanted: &Wanted, schema: &ResourceSchema) -> Diagnostic {
    let parts: Vec<String> = schema.primary_identifier.iter().map(part_name).collect();
    Diagnostic::error(
        codes::NO_IDENTITY,
        format!("{} cannot be found again: nothing in the manifest identifies it", wanted.address),
    )
    .at(wanted.sources.resource.clone(), "")
    .note(
        "why",
        format!(
            "{} is identified by {}, which the service chooses; it cannot be listed with what is declared",
            wanted.declared_type,
            parts.join("|")
        ),
    )
    .next(format!("give `identifier:` for {}", wanted.address))
}
