//! The traps of cloud-control 7 as faults. A trap without a row here is either plain behaviour of the emulator (for
//! example 1, 5, 10, 17, 80, 93) or lies wholly on the client's side.

use super::{Fault, Matcher, What};
use crate::wire::Op;
use serde_json::{Map, Value as Json, json};
use stack_core::pointer::Pointer;

/// The faults that make a trap, for one type (exact, or with a trailing `*`). Empty for a number without a fault.
pub fn trap(number: u16, ty: &str) -> Vec<Fault> {
    let at = |operation: Op, what: What| Fault { when: Matcher::on(operation, ty), what };
    let everywhere = |what: What| Fault { when: Matcher::of_type(ty), what };
    let fails = |operation: Op, code: &str, message: &str| at(operation, What::fail(code, message));
    let left_behind = |code: &str, message: &str, identifier: bool| {
        at(
            Op::CreateResource,
            What::Fail { code: code.to_owned(), message: message.to_owned(), effect: true, identifier },
        )
    };
    let shown = |value: Json| everywhere(What::Reads { set: members(value), hide: Vec::new() });
    match number {
        12 | 13 => vec![at(Op::UpdateResource, What::RefuseContainers)],
        16 => vec![everywhere(What::Reorder)],
        23 | 25 | 26 | 29 => vec![everywhere(What::Husks)],
        24 => vec![fails(
            Op::UpdateResource,
            "GeneralServiceException",
            "You must specify exactly one of the values",
        )],
        30 => vec![shown(json!({ "/DestinationConfig": { "OnFailure": {}, "OnSuccess": {} } }))],
        34 => vec![shown(json!({ "/Tags/aws:servicecatalog:applicationName": "app" }))],
        43 => vec![everywhere(What::Reads { set: Map::new(), hide: vec![Pointer::of(["Tags"])] })],
        58 => vec![at(Op::UpdateResource, What::IgnoreRemove { only: Vec::new() })],
        59 => vec![fails(Op::UpdateResource, "InvalidRequest", "Invalid parameter: Invalid value [null]")],
        73 => vec![fails(Op::CreateResource, "AlreadyExists", "The requested name is not available")],
        76 => vec![at(
            Op::DeleteResource,
            What::Tombstone { set: members(json!({ "/Status": "DELETED" })), readable: false },
        )],
        77 => vec![at(
            Op::DeleteResource,
            What::Tombstone { set: members(json!({ "/KeyState": "PendingDeletion" })), readable: true },
        )],
        81 => vec![at(
            Op::ListResources,
            What::Error {
                code: "HandlerInternalFailureException".to_owned(),
                message: "Internal error occurred in the handler".to_owned(),
                status: 500,
            },
        )],
        84 => vec![left_behind("AlreadyExists", "Resource already exists", true)],
        85 | 94 => vec![left_behind("NotStabilized", "The resource did not become ready", true)],
        86 => vec![fails(Op::CreateResource, "InternalFailure", "")],
        88 => vec![fails(
            Op::CreateResource,
            "ResourceConflict",
            "Another operation is in progress on the parent",
        )],
        96 => vec![fails(
            Op::DeleteResource,
            "InvalidRequest",
            "DependencyViolation: the resource has dependencies and cannot be deleted",
        )],
        89 => vec![fails(
            Op::CreateResource,
            "InvalidRequest",
            "The role defined for the function cannot be assumed by the service",
        )],
        90 => vec![at(Op::CreateResource, What::ReadLag { reads: 2, ms: 0 })],
        92 => vec![
            fails(Op::CreateResource, "Throttling", "Rate exceeded"),
            fails(Op::UpdateResource, "Throttling", "Rate exceeded"),
            fails(Op::DeleteResource, "Throttling", "Rate exceeded"),
        ],
        95 => vec![fails(Op::DeleteResource, "AccessDenied", "Access denied (Status Code: 403)")],
        97 => vec![at(Op::DeleteResource, What::Stuck)],
        100 => vec![fails(
            Op::CreateResource,
            "UnauthorizedTaggingOperation",
            "Caller is not authorized to tag the resource",
        )],
        102 => vec![at(
            Op::CreateResource,
            What::Hook {
                name: "Company::Policy::Hook".to_owned(),
                message: "Encryption must be configured".to_owned(),
                mode: "FAIL".to_owned(),
            },
        )],
        _ => Vec::new(),
    }
}

fn members(value: Json) -> Map<String, Json> {
    match value {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}
