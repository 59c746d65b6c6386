//! IAM, as far as a launch asks it: is there an instance profile, or a role, of this name?
//!
//! The sandbox makes none. A seed names those of the account; where it names none, nothing is said of any, because "not there"
//! would be a lie about AWS.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::ACCOUNT;
use super::reply::Refusal;

pub(super) const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// The instance profiles and roles of the account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Names {
    profiles: BTreeSet<String>,
    roles: BTreeSet<String>,
}

/// A step of a seed: its operation, and the parameter that has the name.
pub(super) const SEEDED: [(&str, &str); 2] =
    [("CreateInstanceProfile", "InstanceProfileName"), ("CreateRole", "RoleName")];

impl Names {
    pub(super) fn is_empty(&self) -> bool {
        self.profiles.is_empty() && self.roles.is_empty()
    }

    /// What a step of a seed names.
    pub(super) fn add(&mut self, operation: &str, name: &str) {
        let names = if operation == "CreateRole" { &mut self.roles } else { &mut self.profiles };
        names.insert(name.to_owned());
    }

    pub(super) fn answer(
        &self,
        operation: &str,
        fields: &[(String, String)],
        now: Timestamp,
    ) -> Result<Value, Refusal> {
        let field = |name: &str| fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value);
        let ([what, parameter, path, called], names) = match operation {
            "GetInstanceProfile" => {
                let words = ["InstanceProfile", "InstanceProfileName", "instance-profile", "Instance Profile"];
                (words, &self.profiles)
            }
            "GetRole" => (["Role", "RoleName", "role", "The role with name"], &self.roles),
            other => {
                // Clients such as the EB CLI go on without what they may not do.
                let message =
                    format!("The sandbox has S3, Elastic Beanstalk and STS; nobody may call {other} of IAM here.");
                return Err(Refusal::new(403, "AccessDenied", message));
            }
        };
        if self.is_empty() {
            let seeded = SEEDED.map(|(operation, _)| operation).join(" or ");
            return Err(Refusal::unsupported(format!("It has no IAM: a seed with {seeded} names what is there.")));
        }
        let name = field(parameter);
        if !names.contains(name) {
            return Err(Refusal::new(404, "NoSuchEntity", format!("{called} {name} cannot be found.")));
        }
        Ok(json!({ what: {
            "Path": "/",
            parameter: name,
            "Arn": format!("arn:aws:iam::{ACCOUNT}:{path}/{name}"),
            "CreateDate": now.to_string(),
        } }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_named_is_not_said_to_be_missing() {
        let now = "2026-11-26T08:00:00Z".parse().unwrap();
        let ask = |names: &Names, action: &str, parameter: &str, name: &str| {
            names.answer(action, &[(parameter.to_owned(), name.to_owned())], now).map_err(|refusal| refusal.code)
        };
        let mut names = Names::default();
        let profile = |names: &Names, name: &str| ask(names, "GetInstanceProfile", "InstanceProfileName", name);
        assert_eq!(profile(&names, "web"), Err("SandboxUnsupported"));
        names.add("CreateInstanceProfile", "web");
        assert_eq!(profile(&names, "web").unwrap()["InstanceProfile"]["InstanceProfileName"], "web");
        assert_eq!(profile(&names, "other"), Err("NoSuchEntity"));
        assert_eq!(ask(&names, "GetRole", "RoleName", "web"), Err("NoSuchEntity"));
        names.add("CreateRole", "web");
        assert!(ask(&names, "GetRole", "RoleName", "web").is_ok());
        assert_eq!(ask(&names, "ListRoles", "", ""), Err("AccessDenied"));
    }
}
