//! Built-in validators: what a good name looks like to Python, DNS and AWS.

mod reserved;

use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

use crate::regexes;

use self::reserved::{KEYWORDS, MODULES};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Validator {
    PythonPackage,
    ApplicationName,
    EnvironmentName,
    Hostname,
    Region,
    InstanceType,
    Ami,
    Arn,
    CertificateArn,
    BucketName,
    TimeZone,
    Repository,
}

impl Validator {
    /// `Err` holds what is wrong, as the end of a sentence that begins with the value.
    pub(crate) fn check(self, value: &str) -> Result<(), String> {
        match self {
            Self::PythonPackage => python_package(value),
            Self::ApplicationName => {
                let fits = !value.is_empty() && value.chars().count() <= 100 && !value.contains('/');
                demand(fits && value.trim() == value, "is not 1 to 100 characters without `/`")
            }
            Self::EnvironmentName => demand(
                matches(r"^[A-Za-z0-9][A-Za-z0-9-]{2,38}[A-Za-z0-9]$", value),
                "is not 4 to 40 letters, digits and hyphens, with no hyphen at either end",
            ),
            Self::Hostname => demand(
                value.len() <= 253 && matches(r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$", value),
                "is not a host name such as `www.example.com`, in lower-case letters",
            ),
            Self::Region => demand(
                matches(r"^[a-z]{2}(?:-[a-z]+){1,2}-\d$", value),
                "is not an AWS region such as `us-east-1` or `ap-northeast-1`",
            ),
            Self::InstanceType => {
                demand(matches(r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$", value), "is not an instance type such as `t3.small`")
            }
            Self::Ami => demand(
                matches(r"^ami-(?:[0-9a-f]{8}|[0-9a-f]{17})$", value),
                "is not an image id such as `ami-0123456789abcdef0`",
            ),
            Self::Arn => demand(
                matches(
                    r"^arn:aws(?:-cn|-us-gov)?:(?:secretsmanager|ssm):[a-z0-9-]+:\d{12}:(?:secret:|parameter/)\S+$",
                    value,
                ),
                "is not the ARN of a Secrets Manager secret or an SSM parameter",
            ),
            Self::CertificateArn => demand(
                matches(
                    r"^arn:aws(?:-cn|-us-gov)?:(?:acm:[a-z0-9-]+|iam:):\d{12}:(?:certificate|server-certificate)/\S+$",
                    value,
                ),
                "is not the ARN of a certificate in ACM or IAM",
            ),
            Self::BucketName => demand(
                matches(r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", value) && !value.contains(".."),
                "is not a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens",
            ),
            Self::TimeZone => demand(
                matches(r"^(?:UTC|[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z0-9_+-]+){1,2})$", value),
                "is not a time zone such as `UTC` or `Asia/Tokyo`",
            ),
            Self::Repository => demand(
                matches(r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$", value),
                "is not a repository such as `owner/name`",
            ),
        }
    }
}

fn demand(fits: bool, complaint: &str) -> Result<(), String> {
    if fits { Ok(()) } else { Err(complaint.to_owned()) }
}

fn matches(pattern: &'static str, value: &str) -> bool {
    regexes::compiled(pattern).expect("the patterns of this file are regular expressions").is_match(value)
}

fn python_package(value: &str) -> Result<(), String> {
    static FORM: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[A-Za-z][A-Za-z0-9_]*$").expect("this is a regular expression"));
    if !value.is_ascii() {
        return Err("has letters outside ASCII; use a to z, digits and `_`".to_owned());
    }
    if !FORM.is_match(value) {
        return Err("is not a Python package name: a letter, then letters, digits and `_`".to_owned());
    }
    if value.len() > 50 {
        return Err("is longer than 50 letters".to_owned());
    }
    if KEYWORDS.contains(&value) {
        return Err("is a word of the Python language".to_owned());
    }
    // Compared without case: on macOS and Windows `Django` and `django` are one folder.
    match MODULES.iter().find(|module| module.eq_ignore_ascii_case(value)) {
        Some(module) => Err(format!("would hide the module `{module}`")),
        None => Ok(()),
    }
}

/// Why a folder's own name is not the package's, as the end of a sentence that begins with it.
pub(crate) fn renamed(folder: &str) -> Option<String> {
    // Hyphens and capitals are everybody's habit.
    let usual = folder.to_ascii_lowercase().replace(['-', ' '], "_");
    python_package(&usual).err()
}

/// The nearest good package name to a folder's name.
pub(crate) fn package_from(folder: &str) -> String {
    let mut name: String =
        folder.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    while name.contains("__") {
        name = name.replace("__", "_");
    }
    let name: String = name.trim_start_matches(|c: char| c == '_' || c.is_ascii_digit()).chars().take(40).collect();
    let name = name.trim_end_matches('_');
    if name.is_empty() {
        return "mysite".to_owned();
    }
    match python_package(name) {
        Ok(()) => name.to_owned(),
        Err(_) => format!("{name}_site"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_names() {
        #[track_caller]
        fn case(name: &str, complaint: Option<&str>) {
            match (python_package(name), complaint) {
                (Ok(()), None) => (),
                (Err(said), Some(part)) if said.contains(part) => (),
                (said, _) => panic!("{name}: {said:?}"),
            }
        }
        case("mysite", None);
        case("shop2", None);
        case("class", Some("word of the Python language"));
        case("match", Some("word of the Python language"));
        case("test", Some("hide the module `test`"));
        case("Django", Some("hide the module `django`"));
        case("サイト", Some("outside ASCII"));
        case("my-site", Some("not a Python package name"));
        case("2fast", Some("not a Python package name"));
        case("", Some("not a Python package name"));
        case("welcome", Some("hide the module"));
    }

    #[test]
    fn folders_become_packages() {
        #[track_caller]
        fn case(folder: &str, name: &str) {
            assert_eq!(package_from(folder), name);
            assert_eq!(python_package(name), Ok(()));
        }
        case("My Site", "my_site");
        case("shop", "shop");
        case("django", "django_site");
        case("2024-class", "class_site");
        // Another project than `shop`.
        case("shop2", "shop2");
        case("サイト", "mysite");
        case("", "mysite");
    }

    #[test]
    fn names_of_aws() {
        #[track_caller]
        fn case(kind: Validator, value: &str, fits: bool) {
            assert_eq!(kind.check(value).is_ok(), fits, "{kind:?} {value}");
        }
        case(Validator::Region, "us-gov-west-1", true);
        case(Validator::Region, "tokyo", false);
        case(Validator::EnvironmentName, "shop-production", true);
        case(Validator::EnvironmentName, "-shop", false);
        case(Validator::Hostname, "www.example.com", true);
        case(Validator::Hostname, "https://example.com", false);
        case(Validator::CertificateArn, "arn:aws:acm:us-east-1:123456789012:certificate/ab-c", true);
        case(Validator::CertificateArn, "certificate", false);
        case(Validator::Arn, "arn:aws:ssm:us-east-1:123456789012:parameter/shop/key", true);
        case(Validator::Ami, "ami-0123456789abcdef0", true);
        case(Validator::TimeZone, "Asia/Tokyo", true);
        case(Validator::TimeZone, "tokyo", false);
    }
}
