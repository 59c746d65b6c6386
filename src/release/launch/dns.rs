//! The name in DNS: which one is asked for, and what if somebody has it.

use serde::Serialize;

use super::error::Problem;
use super::survey::Survey;
use super::wanted::Target;
use crate::environment::{Tier, cname};

/// The name in DNS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "how")]
pub enum Cname {
    Asked {
        prefix: String,
    },
    /// AWS makes one up.
    Generated {
        instead_of: Option<String>,
        held_by: Option<String>,
    },
    /// A worker has none.
    None,
}

/// What is decided of a name.
pub(super) struct Named {
    pub(super) cname: Cname,
    pub(super) problem: Option<Problem>,
    /// What a person should know.
    pub(super) note: Option<String>,
}

pub(super) fn named(survey: &Survey, target: &Target, required: bool) -> Named {
    let alone = |cname: Cname| Named { cname, problem: None, note: None };
    if target.description.tier == Tier::Worker {
        return alone(Cname::None);
    }
    let Some(prefix) = &target.description.cname else {
        return alone(Cname::Generated { instead_of: None, held_by: None });
    };
    if survey.free.get(prefix) == Some(&true) {
        return alone(Cname::Asked { prefix: prefix.clone() });
    }
    let whole = cname::whole(prefix, &survey.region);
    let holder = survey.living.iter().find(|living| living.cname.as_deref() == Some(whole.as_str()));
    let name = &target.name;
    let note = match holder {
        Some(holder) => format!(
            "`{name}`: `{}` has the name `{whole}`; afterwards, `beansprout swap {} {name}` brings it here",
            holder.name, holder.name
        ),
        None => format!(
            "`{name}`: somebody else has the name `{whole}`, so AWS makes another up: aliases in Route 53, `ALLOWED_HOSTS`, \
             `CSRF_TRUSTED_ORIGINS` and whoever calls the site have to follow"
        ),
    };
    Named {
        problem: required.then(|| Problem::Cname { name: name.to_string(), cname: whole.clone() }),
        note: Some(note),
        cname: Cname::Generated { instead_of: Some(whole), held_by: holder.map(|holder| holder.name.clone()) },
    }
}
