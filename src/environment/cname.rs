//! Name of an environment in DNS, and the part of it that somebody asks for.

/// `PREFIX.REGION.elasticbeanstalk.com`, as AWS writes it.
pub fn whole(prefix: &str, region: &str) -> String {
    format!("{prefix}.{region}.elasticbeanstalk.com").to_lowercase()
}

/// The part that was asked for. `None`: AWS made the name up, which has a dot, and it cannot be asked for again.
pub fn prefix<'a>(name: &'a str, region: &str) -> Option<&'a str> {
    name.strip_suffix(&format!(".{region}.elasticbeanstalk.com")).filter(|prefix| !prefix.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_can_be_asked_for_again() {
        assert_eq!(prefix(&whole("Shop", "eu-west-1"), "eu-west-1"), Some("shop"));
        assert_eq!(prefix("shop.eba-x1y2.eu-west-1.elasticbeanstalk.com", "eu-west-1"), None);
        assert_eq!(prefix("shop.us-east-1.elasticbeanstalk.com", "eu-west-1"), None);
    }
}
