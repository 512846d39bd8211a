//! Gateways with their access points, records and forwarders, and network links.

use super::network::{IN_NETWORK, READY};
use super::{Kind, Life, list, map, text, to};

/// What belongs to a gateway has in common.
const AT_GATEWAY: Kind = Kind {
    companions: &[("spec.config", "spec.config.kind")],
    filters: &[("spec.display_name", "spec.display_name"), ("spec.gateway", "spec.gateway.id")],
    life: Some(READY),
    ..IN_NETWORK
};
/// Nothing is left to do for them once they are deleted.
const AT_ONCE: Life = Life { deleting: "", ..READY };

pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "gateway",
        path: "/networking/v1/gateways",
        kind: "Gateway",
        id: "gw-",
        fields: &[
            text("spec.display_name"),
            text("spec.config.kind").required().fixed().of(&[
                "AwsEgressPrivateLinkGatewaySpec",
                "AwsIngressPrivateLinkGatewaySpec",
                "AwsPeeringGatewaySpec",
                "AwsPrivateNetworkInterfaceGatewaySpec",
                "AzureEgressPrivateLinkGatewaySpec",
                "AzureIngressPrivateLinkGatewaySpec",
                "AzurePeeringGatewaySpec",
                "GcpEgressPrivateServiceConnectGatewaySpec",
                "GcpIngressPrivateServiceConnectGatewaySpec",
                "GcpPeeringGatewaySpec",
            ]),
            map("spec.config").required().fixed(),
            to("spec.environment", "environment").required().fixed(),
        ],
        filters: &[
            ("id", "id"),
            ("spec.config.region", "spec.config.region"),
            ("spec.display_name", "spec.display_name"),
            ("status.phase", "status.phase"),
        ],
        life: Some(AT_ONCE),
        page_size: 100,
        crn: "/environment={environment}/gateway={id}",
        ..AT_GATEWAY
    },
    Kind {
        name: "access_point",
        path: "/networking/v1/access-points",
        kind: "AccessPoint",
        id: "ap-",
        fields: &[
            text("spec.display_name"),
            text("spec.config.kind").required().of(&[
                "AwsEgressPrivateLinkEndpoint",
                "AwsIngressPrivateLinkEndpoint",
                "AwsPrivateNetworkInterface",
                "AzureEgressPrivateLinkEndpoint",
                "AzureIngressPrivateLinkEndpoint",
                "GcpEgressPrivateServiceConnectEndpoint",
                "GcpIngressPrivateServiceConnectEndpoint",
            ]),
            text("spec.config.vpc_endpoint_id").fixed(),
            text("spec.config.vpc_endpoint_service_name").fixed(),
            text("spec.config.private_endpoint_resource_id").fixed(),
            text("spec.config.private_link_service_resource_id").fixed(),
            text("spec.config.private_service_connect_endpoint_target").fixed(),
            text("spec.config.account").fixed(),
            list("spec.config.network_interfaces"),
            list("spec.config.egress_routes"),
            super::flag("spec.config.enable_high_availability").fixed(),
            to("spec.gateway", "gateway").required().fixed(),
            to("spec.environment", "environment").required().fixed(),
        ],
        crn: "/environment={environment}/gateway={parent}/access-point={id}",
        ..AT_GATEWAY
    },
    Kind {
        name: "dns_record",
        path: "/networking/v1/dns-records",
        kind: "DnsRecord",
        id: "dnsrec-",
        fields: &[
            text("spec.display_name"),
            text("spec.domain").required().fixed(),
            text("spec.config.kind").required().of(&["PrivateLinkAccessPoint"]),
            text("spec.config.resource_id").required(),
            to("spec.gateway", "gateway").required().fixed(),
            to("spec.environment", "environment").required().fixed(),
        ],
        filters: &[
            ("spec.display_name", "spec.display_name"),
            ("spec.domain", "spec.domain"),
            ("spec.gateway", "spec.gateway.id"),
            ("resource", "spec.config.resource_id"),
        ],
        crn: "/environment={environment}/gateway={parent}/dns-record={id}",
        ..AT_GATEWAY
    },
    Kind {
        name: "dns_forwarder",
        path: "/networking/v1/dns-forwarders",
        kind: "DnsForwarder",
        id: "dnsf-",
        fields: &[
            text("spec.display_name"),
            list("spec.domains"),
            text("spec.config.kind").required().of(&["ForwardViaIp", "ForwardViaGcpDnsZones"]),
            list("spec.config.dns_server_ips"),
            map("spec.config.domain_mappings"),
            to("spec.gateway", "gateway").required().fixed(),
            to("spec.environment", "environment").required().fixed(),
        ],
        filters: &[],
        life: Some(AT_ONCE),
        crn: "/environment={environment}/gateway={parent}/dns-forwarder={id}",
        ..AT_GATEWAY
    },
    Kind {
        name: "network_link_service",
        path: "/networking/v1/network-link-services",
        kind: "NetworkLinkService",
        id: "nls-",
        companions: &[],
        fields: &[
            text("spec.display_name"),
            text("spec.description"),
            list("spec.accept.environments"),
            list("spec.accept.networks"),
            to("spec.network", "network").required().fixed(),
            to("spec.environment", "environment").required().fixed(),
        ],
        life: Some(READY),
        crn: "/environment={environment}/network={parent}/network-link-service={id}",
        ..IN_NETWORK
    },
    Kind {
        name: "network_link_endpoint",
        path: "/networking/v1/network-link-endpoints",
        kind: "NetworkLinkEndpoint",
        id: "nle-",
        companions: &[],
        fields: &[
            text("spec.display_name"),
            text("spec.description"),
            to("spec.network", "network").required().fixed(),
            to("spec.network_link_service", "network_link_service").required().fixed(),
            to("spec.environment", "environment").required().fixed(),
        ],
        filters: &[
            ("spec.display_name", "spec.display_name"),
            ("status.phase", "status.phase"),
            ("spec.network", "spec.network.id"),
            ("spec.network_link_service", "spec.network_link_service.id"),
        ],
        life: Some(READY),
        crn: "/environment={environment}/network={parent}/network-link-endpoint={id}",
        ..IN_NETWORK
    },
];
