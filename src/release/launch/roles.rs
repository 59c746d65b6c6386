//! In whose name an environment acts: the instance profile and the roles that it names, looked for before anything is launched.
//!
//! Elastic Beanstalk takes a name that does not exist, and fails minutes later. Whoever may not ask IAM goes on all the same.

use std::fmt;

use serde::Serialize;

use super::error::Problem;
use super::profile::parts;
use super::survey::{Sought, Survey};
use super::wanted::Wanted;
use crate::environment::{self, OptionKey, Said, Tier};
use crate::known::Known;
use crate::release::aws::Aws;
use crate::release::iam::Kind;

/// Something of which nobody could say whether it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotChecked {
    /// `instance profile` or `role`.
    pub what: &'static str,
    pub name: String,
    pub why: String,
    /// Is it for the instances of a worker?
    #[serde(skip)]
    pub worker: bool,
}

impl NotChecked {
    /// The line that tells.
    pub fn line(&self) -> String {
        match self.what {
            ROLE => format!("aws iam get-role --role-name {}", self.name),
            _ => format!("aws iam get-instance-profile --instance-profile-name {}", self.name),
        }
    }

    pub(super) fn asks_the_same(&self, other: &Self) -> bool {
        (self.what, &self.name, &self.why) == (other.what, &other.name, &other.why)
    }

    pub fn is_profile(&self) -> bool {
        self.what != ROLE
    }
}

impl fmt::Display for NotChecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, name, why, .. } = self;
        let article = if *what == ROLE { "a" } else { "an" };
        write!(f, "not checked, because {why}: is there {article} {what} `{name}`?")
    }
}

const ROLE: &str = "role";
const PROFILE: &str = "instance profile";
/// What Elastic Beanstalk makes by itself where it is missing.
const SERVICE_LINKED: &str = "AWSServiceRoleFor";

/// Ask IAM for everything that these environments name.
pub fn look_for_roles(aws: &Aws, survey: &mut Survey, wanted: &[Wanted]) {
    for (sought, _) in wanted.iter().flat_map(named) {
        if !survey.roles.contains_key(&sought) {
            let found = look(aws, survey, &sought);
            survey.roles.insert(sought, found);
        }
    }
}

fn look(aws: &Aws, survey: &Survey, (kind, named): &Sought) -> Known<()> {
    let (account, name) = parts(named);
    match (account, &survey.account) {
        (Some(theirs), Some(ours)) if theirs != ours => Known::unknown(format!("it belongs to account {theirs}")),
        _ => aws.block_on(aws.is_in_iam(*kind, name)),
    }
}

/// What an environment names, and where that is said.
fn named(wanted: &Wanted) -> Vec<(Sought, String)> {
    let description = &wanted.target.description;
    let path = environment::path(&description.name);
    let mut found = vec![((Kind::Profile, wanted.instance_profile().to_owned()), format!("`{path}`"))];
    let service = OptionKey::new("aws:elasticbeanstalk:environment", None, "ServiceRole");
    let service = wanted.files.below(description, &service);
    let service = service.map(|(role, said)| (role.to_owned(), said.map_or_else(|| format!("`{path}`"), Said::place)));
    let roles = [service, description.operations_role.clone().map(|role| (role, format!("`{path}`")))];
    for (role, said) in roles.into_iter().flatten() {
        if !role.is_empty() && !parts(&role).1.starts_with(SERVICE_LINKED) {
            found.push(((Kind::Role, role), said));
        }
    }
    found
}

/// What speaks against a launch, and what nobody knows.
pub(super) fn judge(survey: &Survey, wanted: &Wanted) -> (Vec<Problem>, Vec<NotChecked>) {
    let name = wanted.target.name.to_string();
    let worker = wanted.target.description.tier == Tier::Worker;
    let (mut problems, mut not_checked) = (Vec::new(), Vec::new());
    for ((kind, sought), said) in named(wanted) {
        match survey.roles.get(&(kind, sought.clone())) {
            Some(Known::No) => problems.push(match kind {
                Kind::Profile => Problem::NoProfile { name: name.clone(), profile: sought, worker },
                Kind::Role => Problem::NoRole { name: name.clone(), role: sought, said },
            }),
            Some(Known::Unknown(why)) => {
                let what = if kind == Kind::Role { ROLE } else { PROFILE };
                not_checked.push(NotChecked { what, name: parts(&sought).1.to_owned(), why: why.clone(), worker });
            }
            Some(Known::Yes(())) | None => {}
        }
    }
    (problems, not_checked)
}
