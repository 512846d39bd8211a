//! In which region the tag index keeps the records of a type.

use stack_core::ids::{Region, Target, TypeName};
use stack_core::partition::Partition;

/// Services without regions: their records are in one region of the partition only (cloud-control 5.1).
const GLOBAL: [&str; 3] = ["AWS::IAM::", "AWS::CloudFront::", "AWS::Route53::"];

/// Where the records of a type are.
pub(super) fn of_type(at: &Target, ty: &TypeName) -> Target {
    if GLOBAL.iter().any(|service| ty.as_str().starts_with(service)) { home(at) } else { at.clone() }
}

/// Where records of anything that is reached from a place may be.
pub(super) fn all(at: &Target) -> Vec<Target> {
    let home = home(at);
    if home == *at { vec![home] } else { vec![at.clone(), home] }
}

/// The place of services without regions.
fn home(at: &Target) -> Target {
    let region = at.region.as_ref().map_or("", Region::as_str);
    Target { region: Some(Region::new(Partition::of_region(region).global_region)), ..at.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stack_core::ids::ProviderId;

    fn in_region(region: &str) -> Target {
        Target {
            provider: ProviderId::new("aws"),
            region: Some(region.into()),
            role_arn: None,
            type_version_id: None,
            credential: None,
        }
    }

    #[test]
    fn services_without_regions_are_indexed_in_one_of_their_partition() {
        let place = |region: &str, ty: &str| of_type(&in_region(region), &ty.into()).region.unwrap();
        assert_eq!(place("eu-west-1", "AWS::IAM::Role").as_str(), "us-east-1");
        assert_eq!(place("cn-north-1", "AWS::CloudFront::Distribution").as_str(), "cn-northwest-1");
        assert_eq!(place("eu-west-1", "AWS::EC2::VPC").as_str(), "eu-west-1");
        assert_eq!(all(&in_region("eu-west-1")).len(), 2);
        assert_eq!(all(&in_region("us-east-1")).len(), 1);
    }
}
