//! The control plane's ordinary resources as data: where they are, what a body may hold, how they live and go.
//!
//! From confluent.md sections 3, 8, 9, 10, 11, 14 and `confluent-api.tsv`, independent of the product's own
//! definitions on purpose: a test may compare the two.

mod cluster;
mod gateway;
mod identity;
mod network;
mod org;

use super::config::Timing;

/// The kind of value that a member takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ty {
    Text,
    Number,
    Flag,
    /// A list of anything.
    List,
    /// An object that is kept as it comes.
    Map,
    /// `{id}` of an object of that resource.
    Ref(&'static str),
}

/// One member that a caller may send.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// Dotted path in the body.
    pub(crate) path: &'static str,
    pub(crate) ty: Ty,
    /// A create without it is refused.
    pub(crate) required: bool,
    /// A PATCH that changes it is refused.
    pub(crate) fixed: bool,
    /// The texts allowed, in any case; empty: all.
    pub(crate) values: &'static [&'static str],
}

impl Field {
    const fn new(path: &'static str, ty: Ty) -> Self {
        Self { path, ty, required: false, fixed: false, values: &[] }
    }
    const fn required(self) -> Self {
        Self { required: true, ..self }
    }
    const fn fixed(self) -> Self {
        Self { fixed: true, ..self }
    }
    const fn of(self, values: &'static [&'static str]) -> Self {
        Self { values, ..self }
    }
}

const fn text(path: &'static str) -> Field {
    Field::new(path, Ty::Text)
}
const fn number(path: &'static str) -> Field {
    Field::new(path, Ty::Number)
}
const fn flag(path: &'static str) -> Field {
    Field::new(path, Ty::Flag)
}
const fn list(path: &'static str) -> Field {
    Field::new(path, Ty::List)
}
const fn map(path: &'static str) -> Field {
    Field::new(path, Ty::Map)
}
const fn to(path: &'static str, resource: &'static str) -> Field {
    Field::new(path, Ty::Ref(resource))
}

/// Where the environment is named in bodies; in queries it is `environment` (confluent.md section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It has no environment.
    None,
    /// `spec.environment`.
    Spec,
    /// `environment`.
    Top,
    /// `spec.environment`, and reads and deletes need no query.
    BodyOnly,
}

impl Place {
    /// True if reads and deletes name it in the query.
    pub(crate) fn is_asked(self) -> bool {
        matches!(self, Self::Spec | Self::Top)
    }

    /// The dotted path of the reference.
    pub(crate) fn path(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Spec | Self::BodyOnly => Some("spec.environment"),
            Self::Top => Some("environment"),
        }
    }
}

/// The life of an object that is not ready at once (confluent.md section 8).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    pub(crate) pending: &'static str,
    pub(crate) ready: &'static str,
    /// Where the phase is shown.
    pub(crate) at: &'static str,
    /// How long pending.
    pub(crate) time: fn(&Timing) -> i64,
    /// While it is being deleted; empty: it is gone at once.
    pub(crate) deleting: &'static str,
}

/// One resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// Its name in `confluent-api.tsv`.
    pub(crate) name: &'static str,
    /// Path of the collection.
    pub(crate) path: &'static str,
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    /// How its ids begin.
    pub(crate) id: &'static str,
    /// The resource that the path variable before it names.
    pub(crate) parent: Option<&'static str>,
    pub(crate) place: Place,
    pub(crate) fields: &'static [Field],
    /// `(container, member)`: whoever sends the container sends the member, on PATCH as well (discriminators).
    pub(crate) companions: &'static [(&'static str, &'static str)],
    /// Members that are unique together within the organization or environment: 409.
    pub(crate) unique: &'static [&'static str],
    /// Query parameters of lists and the members that they compare.
    pub(crate) filters: &'static [(&'static str, &'static str)],
    /// Query parameters that lists need, next to `environment`.
    pub(crate) list_needs: &'static [&'static str],
    /// Status of a create; 0: there is none.
    pub(crate) create: u16,
    /// PATCH is there.
    pub(crate) patch: bool,
    /// Status of a delete; 0: there is none. 200 answers with the object.
    pub(crate) delete: u16,
    pub(crate) life: Option<Life>,
    /// What is deleted answers 403 instead of 404 (confluent.md section 5).
    pub(crate) gone_forbidden: bool,
    pub(crate) page_size: usize,
    pub(crate) page_most: usize,
    /// The end of the CRN, with `{environment}`, `{parent}` and `{id}`.
    pub(crate) crn: &'static str,
}

/// What most kinds have in common.
const PLAIN: Kind = Kind {
    name: "",
    path: "",
    api_version: "",
    kind: "",
    id: "",
    parent: None,
    place: Place::None,
    fields: &[],
    companions: &[],
    unique: &[],
    filters: &[],
    list_needs: &[],
    create: 201,
    patch: true,
    delete: 204,
    life: None,
    gone_forbidden: false,
    page_size: 10,
    page_most: 100,
    crn: "",
};

const CLOUDS: &[&str] = &["AWS", "AZURE", "GCP"];

impl Kind {
    /// The member of a path.
    #[cfg(test)]
    fn field(&self, path: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.path == path)
    }

    /// Where the phase is shown.
    pub(crate) fn phase_at(&self) -> &'static str {
        self.life.map_or("status.phase", |life| life.at)
    }
}

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = &'static Kind> {
    [org::KINDS, identity::KINDS, cluster::KINDS, network::KINDS, gateway::KINDS].into_iter().flatten()
}

/// The kind of that name.
pub(crate) fn named(name: &str) -> Option<&'static Kind> {
    all().find(|kind| kind.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_consistent() {
        for kind in all() {
            assert!(!kind.name.is_empty() && kind.path.starts_with('/') && !kind.kind.is_empty(), "{kind:?}");
            let environment = kind.place.path();
            let named = environment.is_none_or(|path| kind.create == 0 || kind.field(path).is_some());
            assert!(named, "{}: the environment is a member", kind.name);
            for path in kind.unique {
                assert!(kind.field(path).is_some(), "{}: {path}", kind.name);
            }
            for (container, member) in kind.companions {
                assert!(member.starts_with(container), "{}: {member}", kind.name);
            }
            assert!(kind.fields.iter().all(|f| matches!(f.ty, Ty::Text | Ty::List) || f.values.is_empty()));
        }
    }
}
