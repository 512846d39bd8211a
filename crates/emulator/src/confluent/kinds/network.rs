//! Networks and what hangs on them.

use super::{CLOUDS, Kind, Life, PLAIN, Place, list, map, text, to};

pub(super) const READY: Life = Life {
    pending: "PROVISIONING",
    ready: "READY",
    at: "status.phase",
    time: |timing| timing.network_ms,
    deleting: "DEPROVISIONING",
};
/// A success that waits for someone else (confluent.md section 8).
const TO_ACCEPT: Life = Life { ready: "PENDING_ACCEPT", ..READY };

/// What peerings, accesses and attachments of a network have in common.
pub(super) const IN_NETWORK: Kind = Kind {
    api_version: "networking/v1",
    place: Place::Spec,
    companions: &[("spec.cloud", "spec.cloud.kind")],
    filters: &[
        ("spec.display_name", "spec.display_name"),
        ("status.phase", "status.phase"),
        ("spec.network", "spec.network.id"),
    ],
    create: 202,
    gone_forbidden: true,
    page_most: 1000,
    ..PLAIN
};

pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "network",
        path: "/networking/v1/networks",
        kind: "Network",
        id: "n-",
        companions: &[],
        fields: &[
            text("spec.display_name"),
            text("spec.cloud").required().fixed().of(CLOUDS),
            text("spec.region").required().fixed(),
            list("spec.connection_types").required().fixed().of(&[
                "VPCPEERING",
                "PEERING",
                "TRANSITGATEWAY",
                "PRIVATELINK",
            ]),
            text("spec.cidr").fixed(),
            text("spec.reserved_cidr").fixed(),
            list("spec.zones").fixed(),
            list("spec.zones_info").fixed(),
            map("spec.dns_config").fixed(),
            to("spec.environment", "environment").required().fixed(),
        ],
        filters: &[
            ("spec.display_name", "spec.display_name"),
            ("spec.cloud", "spec.cloud"),
            ("spec.region", "spec.region"),
            ("spec.connection_types", "spec.connection_types"),
            ("spec.cidr", "spec.cidr"),
            ("status.phase", "status.phase"),
        ],
        life: Some(Life { deleting: "", ..READY }),
        crn: "/environment={environment}/network={id}",
        ..IN_NETWORK
    },
    Kind {
        name: "peering",
        path: "/networking/v1/peerings",
        kind: "Peering",
        id: "peer-",
        fields: &[
            text("spec.display_name"),
            text("spec.cloud.kind").required().fixed().of(&["AwsPeering", "AzurePeering", "GcpPeering"]),
            map("spec.cloud").required().fixed(),
            to("spec.network", "network").required().fixed(),
            to("spec.environment", "environment").required().fixed(),
        ],
        life: Some(TO_ACCEPT),
        crn: "/environment={environment}/network={parent}/peering={id}",
        ..IN_NETWORK
    },
    Kind {
        name: "private_link_access",
        path: "/networking/v1/private-link-accesses",
        kind: "PrivateLinkAccess",
        id: "pla-",
        fields: &[
            text("spec.display_name"),
            text("spec.cloud.kind").required().fixed().of(&[
                "AwsPrivateLinkAccess",
                "AzurePrivateLinkAccess",
                "GcpPrivateServiceConnectAccess",
            ]),
            map("spec.cloud").required().fixed(),
            to("spec.network", "network").required().fixed(),
            to("spec.environment", "environment").required().fixed(),
        ],
        life: Some(READY),
        crn: "/environment={environment}/network={parent}/private-link-access={id}",
        ..IN_NETWORK
    },
    Kind {
        name: "transit_gateway_attachment",
        path: "/networking/v1/transit-gateway-attachments",
        kind: "TransitGatewayAttachment",
        id: "tgwa-",
        fields: &[
            text("spec.display_name"),
            text("spec.cloud.kind").required().fixed().of(&["AwsTransitGatewayAttachment"]),
            map("spec.cloud").required().fixed(),
            to("spec.network", "network").required().fixed(),
            to("spec.environment", "environment").required().fixed(),
        ],
        life: Some(TO_ACCEPT),
        crn: "/environment={environment}/network={parent}/transit-gateway-attachment={id}",
        ..IN_NETWORK
    },
    Kind {
        name: "private_link_attachment",
        path: "/networking/v1/private-link-attachments",
        kind: "PrivateLinkAttachment",
        id: "platt-",
        companions: &[],
        fields: &[
            text("spec.display_name").required(),
            text("spec.cloud").required().fixed().of(CLOUDS),
            text("spec.region").required().fixed(),
            to("spec.environment", "environment").required().fixed(),
        ],
        filters: &[
            ("spec.display_name", "spec.display_name"),
            ("spec.cloud", "spec.cloud"),
            ("spec.region", "spec.region"),
            ("status.phase", "status.phase"),
        ],
        life: Some(Life { ready: "WAITING_FOR_CONNECTIONS", deleting: "", ..READY }),
        crn: "/environment={environment}/private-link-attachment={id}",
        ..IN_NETWORK
    },
    Kind {
        name: "private_link_attachment_connection",
        path: "/networking/v1/private-link-attachment-connections",
        kind: "PrivateLinkAttachmentConnection",
        id: "plattc-",
        fields: &[
            text("spec.display_name").required(),
            text("spec.cloud.kind").required().fixed().of(&[
                "AwsPrivateLinkAttachmentConnection",
                "AzurePrivateLinkAttachmentConnection",
                "GcpPrivateLinkAttachmentConnection",
            ]),
            map("spec.cloud").required().fixed(),
            to("spec.private_link_attachment", "private_link_attachment").required().fixed(),
            to("spec.environment", "environment").required().fixed(),
        ],
        filters: &[("spec.private_link_attachment", "spec.private_link_attachment.id")],
        life: Some(READY),
        crn: "/environment={environment}/private-link-attachment={parent}/private-link-attachment-connection={id}",
        ..IN_NETWORK
    },
];
