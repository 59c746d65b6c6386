//! Instance profiles: what the name of one says, and how a person makes one.

/// Account and name of what is given as a name, or as an ARN with a path.
pub(super) fn parts(named: &str) -> (Option<&str>, &str) {
    let resource = named.splitn(6, ':').collect::<Vec<_>>();
    match resource[..] {
        ["arn", _, "iam", _, account, path] => (Some(account), path.rsplit('/').next().unwrap_or(path)),
        _ => (None, named),
    }
}

/// The lines with which a person makes an instance profile.
pub fn profile_lines(name: &str, worker: bool) -> Vec<String> {
    let name = parts(name).1;
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let policy = if worker { "AWSElasticBeanstalkWorkerTier" } else { "AWSElasticBeanstalkWebTier" };
    vec![
        format!("aws iam create-role --role-name {name} --assume-role-policy-document '{trust}'"),
        format!("aws iam attach-role-policy --role-name {name} --policy-arn arn:aws:iam::aws:policy/{policy}"),
        format!("aws iam create-instance-profile --instance-profile-name {name}"),
        format!("aws iam add-role-to-instance-profile --instance-profile-name {name} --role-name {name}"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_a_name_and_may_have_an_account() {
        assert_eq!(parts("web"), (None, "web"));
        assert_eq!(parts("arn:aws:iam::123456789012:role/service/web"), (Some("123456789012"), "web"));
        assert_eq!(parts("arn:aws-cn:iam::1:instance-profile/web"), (Some("1"), "web"));
    }
}
