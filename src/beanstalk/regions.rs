//! Regions that have Elastic Beanstalk, to find a mistyped one early. The list ages: a name that is not on it is told, and used.
//!
//! Source: AWS General Reference, "AWS Elastic Beanstalk endpoints and quotas", 2026; which of them an account has to turn on:
//! Account Management reference, "Enable or disable AWS Regions in your account".

/// Names, and whether an account has to turn the region on before it can be used.
const REGIONS: [(&str, bool); 36] = [
    ("us-east-1", false),
    ("us-east-2", false),
    ("us-west-1", false),
    ("us-west-2", false),
    ("af-south-1", true),
    ("ap-east-1", true),
    ("ap-northeast-1", false),
    ("ap-northeast-2", false),
    ("ap-northeast-3", false),
    ("ap-south-1", false),
    ("ap-south-2", true),
    ("ap-southeast-1", false),
    ("ap-southeast-2", false),
    ("ap-southeast-3", true),
    ("ap-southeast-4", true),
    ("ap-southeast-5", true),
    ("ap-southeast-6", true),
    ("ap-southeast-7", true),
    ("ca-central-1", false),
    ("ca-west-1", true),
    ("cn-north-1", false),
    ("cn-northwest-1", false),
    ("eu-central-1", false),
    ("eu-central-2", true),
    ("eu-north-1", false),
    ("eu-south-1", true),
    ("eu-south-2", true),
    ("eu-west-1", false),
    ("eu-west-2", false),
    ("eu-west-3", false),
    ("il-central-1", true),
    ("me-central-1", true),
    ("me-south-1", true),
    ("sa-east-1", false),
    ("us-gov-east-1", false),
    ("us-gov-west-1", false),
];

/// The names of all regions.
pub fn names() -> impl Iterator<Item = &'static str> {
    REGIONS.iter().map(|(name, _)| *name)
}

/// Is it a region that this program knows?
pub fn is_known(name: &str) -> bool {
    names().any(|known| known == name)
}

/// Is it one that an account has to turn on first?
pub fn must_be_enabled(name: &str) -> bool {
    REGIONS.contains(&(name, true))
}

/// The partition that a region is in, by the beginning of its name. All regions at once: that of most accounts.
pub fn partition(name: &str) -> &'static str {
    match name {
        _ if name.starts_with("cn-") => "aws-cn",
        _ if name.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partition_follows_the_region() {
        let cases = [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("us-east-1", "aws"), ("*", "aws")];
        for (region, name) in cases {
            assert_eq!(partition(region), name, "{region}");
        }
    }

    #[test]
    fn a_region_that_is_off_is_a_region() {
        assert!(is_known("eu-west-1") && !must_be_enabled("eu-west-1"));
        assert!(is_known("af-south-1") && must_be_enabled("af-south-1"));
        assert!(!is_known("eu-south-9") && !must_be_enabled("eu-south-9"));
    }
}
