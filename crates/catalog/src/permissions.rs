//! IAM actions that operations need (cloud-control 6.2).

use stack_core::schema::{Handler, Handlers, ResourceSchema};
use std::fmt;

/// An operation of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// CreateResource.
    Create,
    /// GetResource.
    Read,
    /// UpdateResource.
    Update,
    /// DeleteResource.
    Delete,
    /// ListResources.
    List,
}

impl Operation {
    /// All of them, in the order of the schema.
    pub const ALL: [Self; 5] = [Self::Create, Self::Read, Self::Update, Self::Delete, Self::List];

    /// The key in `handlers`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::List => "list",
        }
    }

    /// The handler of this operation.
    pub fn handler(self, handlers: &Handlers) -> Option<&Handler> {
        match self {
            Self::Create => handlers.create.as_ref(),
            Self::Read => handlers.read.as_ref(),
            Self::Update => handlers.update.as_ref(),
            Self::Delete => handlers.delete.as_ref(),
            Self::List => handlers.list.as_ref(),
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The actions that the schema lists for an operation, normalised. `None`: the type has no such handler.
pub fn listed(schema: &ResourceSchema, operation: Operation) -> Option<Vec<String>> {
    operation.handler(&schema.handlers).map(|handler| normalised(handler.permissions.iter()))
}

/// The actions that doing an operation takes: with what reads it back (create, update) or confirms it (delete,
/// list), and with the tagging actions if tags are set or changed. `None`: the type has no such handler.
pub fn needed(schema: &ResourceSchema, operation: Operation, tags: bool) -> Option<Vec<String>> {
    let own = operation.handler(&schema.handlers)?;
    let read = Operation::Read.handler(&schema.handlers);
    let writes = matches!(operation, Operation::Create | Operation::Update);
    let tagging = schema.tagging.as_ref().filter(|_| tags && writes);
    Some(normalised(
        own.permissions
            .iter()
            .chain(read.iter().flat_map(|handler| &handler.permissions))
            .chain(tagging.iter().flat_map(|tagging| &tagging.permissions)),
    ))
}

/// Sorted, without blanks, and without doubles that differ only in case: IAM actions are case-insensitive. Of two
/// spellings the one with capitals stays.
pub fn normalised<'a>(actions: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut actions: Vec<&str> =
        actions.map(|action| action.trim()).filter(|action| !action.is_empty()).collect();
    actions.sort_by_cached_key(|action| (action.to_lowercase(), (*action).to_owned()));
    actions.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    actions.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_doubles_in_other_case_go_and_the_rest_is_sorted() {
        let given = ["s3:PutObject", "lambda:addPermission", "", "lambda:AddPermission", "iam:PassRole", " "]
            .map(str::to_owned);
        assert_eq!(normalised(given.iter()), ["iam:PassRole", "lambda:AddPermission", "s3:PutObject"]);
    }
}
