//! Passing conditions that are told only by a service's words.

use stack_core::provider::Transience;

/// The fragments of cloud-control 4.4, in lower case. All fragments of one entry must be there, in this order.
const FRAGMENTS: &[(Transience, &[&str])] = &[
    (Transience::Role, &["cannot be assumed"]),
    (Transience::Role, &["not authorized to perform"]),
    (Transience::Role, &["trust policy"]),
    (Transience::Role, &["role validation failed"]),
    (Transience::Role, &["permissions required to assume the role"]),
    (Transience::Role, &["authorized to assume the provided role"]),
    (Transience::Role, &["required permissions for: enhanced_monitoring"]),
    (Transience::Role, &["serviceaccessdeniedexception"]),
    (Transience::Role, &["invalid iam instance profile"]),
    (Transience::Role, &["invalid instanceprofile"]),
    (Transience::Role, &["cannot access stream"]),
    (Transience::Principal, &["invalid principal in policy"]),
    (Transience::Principal, &["principalnotfound"]),
    (Transience::Principal, &["invalid value for the parameter policy"]),
    (Transience::Principal, &["invalid principals"]),
    (Transience::Principal, &["kms key is invalid for creategrant"]),
    (Transience::Network, &["input subnets", "invalid"]),
    (Transience::Network, &["target group", "does not have an associated load balancer"]),
    (Transience::Busy, &["conflicting conditional operation"]),
    (Transience::Busy, &["concurrent update operation"]),
    (Transience::Busy, &["schema is currently being altered"]),
    (Transience::Busy, &["rslvr-00705"]),
    (Transience::Busy, &["currently updating"]),
    (Transience::Busy, &["not in the available state"]),
    (Transience::CoolDown, &["wait 60 seconds"]),
    (Transience::CoolDown, &["scheduled for deletion"]),
    (Transience::InUse, &["dependencyviolation"]),
    (Transience::InUse, &["has dependencies and cannot be deleted"]),
];

/// The passing condition that a message speaks of, whatever the case of its letters. Pure.
///
/// [`Transience::needs_recent_change`] says which of them count only after a recent change of a dependency: the same
/// words also announce a genuine permission error. `scheduled for deletion` can mean up to 30 days.
pub fn transience(message: &str) -> Option<Transience> {
    let message = message.to_lowercase();
    FRAGMENTS
        .iter()
        .find(|(_, fragments)| in_order(&message, fragments))
        .map(|(group, _)| *group)
        .or_else(|| invalid_state(&message).then_some(Transience::Busy))
}

fn in_order(message: &str, fragments: &[&str]) -> bool {
    let mut rest = message;
    fragments.iter().all(|fragment| match rest.find(fragment) {
        Some(at) => {
            rest = &rest[at + fragment.len()..];
            true
        }
        None => false,
    })
}

/// A fault named `Invalid…State` in one word: `InvalidDBInstanceState`, `InvalidClusterStateFault`.
fn invalid_state(message: &str) -> bool {
    message
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter_map(|word| word.strip_prefix("invalid"))
        .map(|word| word.strip_suffix("exception").or_else(|| word.strip_suffix("fault")).unwrap_or(word))
        .any(|word| word.ends_with("state"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fragment_of_the_table_is_found_whatever_its_case() {
        for (group, fragments) in FRAGMENTS {
            let message = format!("Oops: {} (Service: X)", fragments.join(" sg-1 ")).to_uppercase();
            assert_eq!(transience(&message), Some(*group), "{message}");
        }
    }

    #[test]
    fn real_messages_are_told_apart() {
        let cases = [
            ("The role defined for the function cannot be assumed by Lambda.", Some(Transience::Role)),
            ("One or more of the input subnets subnet-1 are invalid.", Some(Transience::Network)),
            ("invalid: one of the input subnets", None),
            (
                "The target group with targetGroupArn arn:x does not have an associated load balancer.",
                Some(Transience::Network),
            ),
            ("DB instance is in InvalidDBInstanceStateFault", Some(Transience::Busy)),
            ("InvalidClusterState", Some(Transience::Busy)),
            ("An invalid statement was given", None),
            ("Invalid parameter: State", None),
            ("You must wait 60 seconds after deleting a queue", Some(Transience::CoolDown)),
            ("resource sg-1 has a dependent object (DependencyViolation)", Some(Transience::InUse)),
            ("Bucket name is too long", None),
            ("", None),
        ];
        for (message, expected) in cases {
            assert_eq!(transience(message), expected, "{message}");
        }
    }

    #[test]
    fn only_propagation_needs_a_recent_change() {
        let groups = [
            (Transience::Role, true),
            (Transience::Principal, true),
            (Transience::Network, true),
            (Transience::Busy, false),
            (Transience::CoolDown, false),
            (Transience::InUse, false),
        ];
        for (group, gated) in groups {
            assert_eq!(group.needs_recent_change(), gated);
        }
    }
}
