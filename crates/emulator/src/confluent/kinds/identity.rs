//! Service accounts, users, keys, bindings, identity providers and pools, and their siblings.

use super::{Field, Kind, PLAIN, list, map, text};

const POOL: &[Field] = &[
    text("display_name").required(),
    text("description").required(),
    text("identity_claim").required(),
    text("filter").required(),
];

pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "service_account",
        path: "/iam/v2/service-accounts",
        api_version: "iam/v2",
        kind: "ServiceAccount",
        id: "sa-",
        fields: &[text("display_name").required(), text("description")],
        unique: &["display_name"],
        filters: &[("display_name", "display_name")],
        gone_forbidden: true,
        crn: "/service-account={id}",
        ..PLAIN
    },
    Kind {
        name: "user",
        path: "/iam/v2/users",
        api_version: "iam/v2",
        kind: "User",
        id: "u-",
        fields: &[text("full_name")],
        create: 0,
        crn: "/user={id}",
        ..PLAIN
    },
    Kind {
        name: "api_key",
        path: "/iam/v2/api-keys",
        api_version: "iam/v2",
        kind: "ApiKey",
        fields: &[
            text("spec.display_name"),
            text("spec.description"),
            map("spec.owner").required().fixed(),
            map("spec.resource").fixed(),
        ],
        companions: &[("spec.owner", "spec.owner.id"), ("spec.resource", "spec.resource.id")],
        filters: &[("spec.owner", "spec.owner.id"), ("spec.resource", "spec.resource.id")],
        create: 202,
        gone_forbidden: true,
        crn: "/user={parent}/api-key={id}",
        ..PLAIN
    },
    Kind {
        name: "role_binding",
        path: "/iam/v2/role-bindings",
        api_version: "iam/v2",
        kind: "RoleBinding",
        id: "rb-",
        fields: &[text("principal").required(), text("role_name").required(), text("crn_pattern").required()],
        unique: &["principal", "role_name", "crn_pattern"],
        filters: &[("principal", "principal"), ("role_name", "role_name")],
        list_needs: &["crn_pattern"],
        patch: false,
        delete: 200,
        gone_forbidden: true,
        crn: "/role-binding={id}",
        ..PLAIN
    },
    Kind {
        name: "identity_provider",
        path: "/iam/v2/identity-providers",
        api_version: "iam/v2",
        kind: "IdentityProvider",
        id: "op-",
        fields: &[
            text("display_name").required(),
            text("description").required(),
            text("issuer").required(),
            text("jwks_uri").required(),
            text("identity_claim"),
        ],
        gone_forbidden: true,
        crn: "/identity-provider={id}",
        ..PLAIN
    },
    Kind {
        name: "identity_pool",
        path: "/iam/v2/identity-providers/{provider_id}/identity-pools",
        api_version: "iam/v2",
        kind: "IdentityPool",
        id: "pool-",
        parent: Some("identity_provider"),
        fields: POOL,
        gone_forbidden: true,
        crn: "/identity-provider={parent}/identity-pool={id}",
        ..PLAIN
    },
    Kind {
        name: "group_mapping",
        path: "/iam/v2/sso/group-mappings",
        api_version: "iam/v2",
        kind: "GroupMapping",
        id: "group-",
        fields: &[text("display_name").required(), text("description").required(), text("filter").required()],
        gone_forbidden: true,
        crn: "/group-mapping={id}",
        ..PLAIN
    },
    Kind {
        name: "ip_group",
        path: "/iam/v2/ip-groups",
        api_version: "iam/v2",
        kind: "IpGroup",
        id: "ipg-",
        fields: &[text("group_name").required(), list("cidr_blocks").required()],
        gone_forbidden: true,
        page_size: 25,
        crn: "/ip-group={id}",
        ..PLAIN
    },
];
