//! Organization, environments, provider integrations.

use super::{CLOUDS, Kind, Life, PLAIN, Place, flag, map, text, to};

pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "organization",
        path: "/org/v2/organizations",
        api_version: "org/v2",
        kind: "Organization",
        fields: &[text("display_name"), flag("jit_enabled")],
        create: 0,
        delete: 0,
        ..PLAIN
    },
    Kind {
        name: "environment",
        path: "/org/v2/environments",
        api_version: "org/v2",
        kind: "Environment",
        id: "env-",
        fields: &[
            text("display_name").required(),
            text("stream_governance_config.package").of(&["ESSENTIALS", "ADVANCED"]),
        ],
        companions: &[("stream_governance_config", "stream_governance_config.package")],
        gone_forbidden: true,
        crn: "/environment={id}",
        ..PLAIN
    },
    Kind {
        name: "provider_integration_v1",
        path: "/pim/v1/integrations",
        api_version: "pim/v1",
        kind: "Integration",
        id: "cspi-",
        place: Place::Top,
        fields: &[
            // Both are left out in the published INSERT example, which names what must be there.
            text("display_name"),
            text("provider").of(&["AWS"]),
            text("config.kind").required().of(&["AwsIntegrationConfig"]),
            text("config.customer_iam_role_arn").required(),
            to("environment", "environment").required().fixed(),
        ],
        companions: &[("config", "config.kind")],
        filters: &[("provider", "provider")],
        patch: false,
        crn: "/environment={environment}/provider-integration={id}",
        ..PLAIN
    },
    Kind {
        name: "provider_integration_v2",
        path: "/pim/v2/integrations",
        api_version: "pim/v2",
        kind: "Integration",
        id: "cspi-",
        place: Place::Top,
        fields: &[
            text("display_name").required().fixed(),
            text("provider").required().fixed().of(CLOUDS),
            map("config"),
            to("environment", "environment").required().fixed(),
        ],
        companions: &[("config", "config.kind")],
        filters: &[("display_name", "display_name"), ("provider", "provider"), ("status", "status")],
        life: Some(Life { pending: "DRAFT", ready: "DRAFT", at: "status", time: |_| 0, deleting: "" }),
        crn: "/environment={environment}/provider-integration={id}",
        ..PLAIN
    },
];
