//! Partitions of AWS: worlds with their own accounts, host names and ARNs.
//!
//! The table is the `partitions.json` that every AWS SDK carries (botocore 1.44.8, `botocore/data/partitions.json`), as
//! far as host names and ARNs need it. Every partition supports FIPS and dual-stack host names.

/// One partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its name in ARNs: `aws`, `aws-cn`.
    pub name: &'static str,
    /// How the names of its regions begin.
    prefix: &'static str,
    /// End of its host names.
    pub dns_suffix: &'static str,
    /// End of its host names that answer over IPv6 too.
    pub dual_stack_dns_suffix: &'static str,
    /// The region that stands for services without a region (`implicitGlobalRegion`).
    pub global_region: &'static str,
}

/// The commercial partition: also that of regions which nothing is known of, as in the SDKs.
const COMMERCIAL: Partition = Partition {
    name: "aws",
    prefix: "",
    dns_suffix: "amazonaws.com",
    dual_stack_dns_suffix: "api.aws",
    global_region: "us-east-1",
};

/// The others. No prefix begins another.
const OTHERS: [Partition; 7] = [
    Partition {
        name: "aws-cn",
        prefix: "cn-",
        dns_suffix: "amazonaws.com.cn",
        dual_stack_dns_suffix: "api.amazonwebservices.com.cn",
        global_region: "cn-northwest-1",
    },
    Partition {
        name: "aws-us-gov",
        prefix: "us-gov-",
        dns_suffix: "amazonaws.com",
        dual_stack_dns_suffix: "api.aws",
        global_region: "us-gov-west-1",
    },
    Partition {
        name: "aws-eusc",
        prefix: "eusc-",
        dns_suffix: "amazonaws.eu",
        dual_stack_dns_suffix: "api.amazonwebservices.eu",
        global_region: "eusc-de-east-1",
    },
    Partition {
        name: "aws-iso",
        prefix: "us-iso-",
        dns_suffix: "c2s.ic.gov",
        dual_stack_dns_suffix: "api.aws.ic.gov",
        global_region: "us-iso-east-1",
    },
    Partition {
        name: "aws-iso-b",
        prefix: "us-isob-",
        dns_suffix: "sc2s.sgov.gov",
        dual_stack_dns_suffix: "api.aws.scloud",
        global_region: "us-isob-east-1",
    },
    Partition {
        name: "aws-iso-e",
        prefix: "eu-isoe-",
        dns_suffix: "cloud.adc-e.uk",
        dual_stack_dns_suffix: "api.cloud-aws.adc-e.uk",
        global_region: "eu-isoe-west-1",
    },
    Partition {
        name: "aws-iso-f",
        prefix: "us-isof-",
        dns_suffix: "csp.hci.ic.gov",
        dual_stack_dns_suffix: "api.aws.hci.ic.gov",
        global_region: "us-isof-south-1",
    },
];

impl Partition {
    /// The partition of a region.
    pub fn of_region(region: &str) -> Self {
        OTHERS.into_iter().find(|partition| region.starts_with(partition.prefix)).unwrap_or(COMMERCIAL)
    }

    /// The partition that ARNs call by this name; `None` if there is no such partition.
    pub fn named(name: &str) -> Option<Self> {
        std::iter::once(COMMERCIAL).chain(OTHERS).find(|partition| partition.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_tells_its_partition() {
        let cases = [
            ("us-east-1", "aws", "amazonaws.com"),
            ("mx-central-1", "aws", "amazonaws.com"),
            ("xx-somewhere-9", "aws", "amazonaws.com"),
            ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
            ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
            ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
            ("us-iso-west-1", "aws-iso", "c2s.ic.gov"),
            ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
            ("us-isof-south-1", "aws-iso-f", "csp.hci.ic.gov"),
            ("eu-isoe-west-1", "aws-iso-e", "cloud.adc-e.uk"),
            ("eu-west-1", "aws", "amazonaws.com"),
        ];
        for (region, name, suffix) in cases {
            let partition = Partition::of_region(region);
            assert_eq!((partition.name, partition.dns_suffix), (name, suffix), "{region}");
            assert_eq!(Partition::named(name), Some(partition));
            assert_eq!(Partition::of_region(partition.global_region), partition);
        }
        assert_eq!(Partition::named("aws-moon"), None);
    }
}
