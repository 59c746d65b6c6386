//! What a launch will do, and what speaks against it. Values in, a value out.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::dns::{Cname, named};
use super::error::Problem;
use super::release::{Bundle, Why};
use super::roles::{self, NotChecked};
use super::survey::Survey;
use super::wanted::{Target, Wanted};
use crate::beanstalk::durations::Duration;
use crate::beanstalk::name::{Application, EnvironmentName};
use crate::environment::{self, Deploy, Description, Property, Sent, Shape, Value};
use crate::release::environment::{Environment, Health, Phase};
use crate::release::version::{Location, Status};

/// How strict a launch is.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlanOptions {
    pub same_platform_version: bool,
    pub require_cname: bool,
    pub elsewhere: bool,
    pub into_existing: bool,
    /// All that is described: this is the rebuild.
    pub all: bool,
}

#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    pub account: Option<String>,
    pub region: String,
    pub applications: Vec<NewApplication>,
    /// Versions that are registered first.
    pub versions: Vec<NewVersion>,
    /// Each wave is launched when all before it are good.
    pub waves: Vec<Vec<Launch>>,
    /// What is there already.
    pub there: Vec<There>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// Roles and instance profiles of which nobody could say whether they are there.
    pub not_checked: Vec<NotChecked>,
    #[serde(skip)]
    pub problems: Vec<Problem>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewApplication {
    pub name: Application,
}

/// A version that is not registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewVersion {
    pub application: Application,
    pub label: String,
    /// `None`: it is packed here, and uploaded.
    pub bundle: Option<Location>,
}

/// An environment that lives, and stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct There {
    pub name: EnvironmentName,
    pub application: Application,
    pub id: String,
    pub label: Option<String>,
    pub status: Phase,
    pub health: Health,
    pub url: Option<String>,
    /// How its file has releases go there, whoever made it.
    #[serde(skip)]
    pub deploy: Deploy,
}

/// An environment that is created.
#[derive(Debug, Clone, Serialize)]
pub struct Launch {
    pub name: EnvironmentName,
    pub application: Application,
    pub tier: &'static str,
    pub label: String,
    pub why: Why,
    pub platform: String,
    pub platform_version: String,
    #[serde(skip)]
    pub platform_arn: String,
    pub cname: Cname,
    /// What is sent: only what no file of the version says.
    pub options: Vec<Sent>,
    pub tags: BTreeMap<String, String>,
    pub instance_profile: String,
    pub operations_role: Option<String>,
    /// What AWS will make.
    pub makes: Vec<String>,
    /// What of it is paid for, and by which unit.
    pub paid: Vec<String>,
    /// How long AWS takes for such a launch; `None` where nobody knows.
    pub takes: Option<Duration>,
    #[serde(skip)]
    pub wanted: Wanted,
}

/// Decide.
///
/// `targets` are all environments that are meant, in the order of `waves`; `wanted` has those of them that do not live;
/// `described` are all descriptions that there are.
pub fn plan(
    survey: &Survey,
    targets: &[Target],
    wanted: Vec<Wanted>,
    waves: &[Vec<String>],
    described: &[&Description],
    options: PlanOptions,
) -> Plan {
    let mut plan = Plan {
        account: survey.account.clone(),
        region: survey.region.clone(),
        applications: Vec::new(),
        versions: Vec::new(),
        waves: Vec::new(),
        there: Vec::new(),
        notes: Vec::new(),
        not_checked: Vec::new(),
        problems: Vec::new(),
    };
    let mut by_name: BTreeMap<String, Wanted> =
        wanted.into_iter().map(|wanted| (wanted.target.name.to_string(), wanted)).collect();
    for names in waves {
        let mut wave = Vec::new();
        for name in names {
            let Some(target) = targets.iter().find(|target| target.name == *name.as_str()) else { continue };
            place(&mut plan, survey, target, options);
            match survey.living(name) {
                Some(living) if living.application == target.application.as_str() => {
                    plan.there.push(there(target, living));
                }
                Some(living) => plan.problems.push(Problem::NameTaken {
                    name: name.clone(),
                    application: living.application.clone(),
                    id: living.id.clone(),
                }),
                None => {
                    let old = survey.ending.iter().find(|ending| ending.name == *name.as_str());
                    plan.problems.extend(old.map(|old| Problem::Ending { name: name.clone(), id: old.id.clone() }));
                    if let Some(wanted) = by_name.remove(name) {
                        wave.extend(launch(&mut plan, survey, wanted, options));
                    }
                }
            }
        }
        if !wave.is_empty() {
            plan.waves.push(wave);
        }
    }
    if options.all && !options.into_existing {
        occupied(&mut plan, survey, described);
    }
    quotas(&mut plan, survey);
    plan
}

/// Does it belong here?
fn place(plan: &mut Plan, survey: &Survey, target: &Target, options: PlanOptions) {
    let name = target.name.to_string();
    if options.elsewhere {
        return;
    }
    if let (Some(described), Some(caller)) = (&target.description.account, &survey.held_against)
        && described != caller
    {
        let (described, caller) = (described.clone(), caller.clone());
        plan.problems.push(Problem::Account { name: name.clone(), described, caller });
    }
    if let Some(described) = target.description.region.as_ref().filter(|region| **region != survey.region) {
        let (described, region) = (described.clone(), survey.region.clone());
        plan.problems.push(Problem::Region { name, described, region });
    }
}

fn there(target: &Target, living: &Environment) -> There {
    There {
        name: target.name.clone(),
        application: target.application.clone(),
        id: living.id.clone(),
        label: living.label.clone(),
        status: living.status,
        health: living.health,
        url: living.url.clone(),
        deploy: target.description.deploy.clone(),
    }
}

fn launch(plan: &mut Plan, survey: &Survey, wanted: Wanted, options: PlanOptions) -> Option<Launch> {
    let name = wanted.target.name.to_string();
    let new = !survey.applications.contains_key(wanted.target.application.as_str());
    if new && !plan.applications.iter().any(|application| application.name == wanted.target.application) {
        plan.applications.push(NewApplication { name: wanted.target.application.clone() });
    }
    version(plan, &wanted);
    unanswered(plan, &wanted);
    let (missing, not_checked) = roles::judge(survey, &wanted);
    plan.problems.extend(missing);
    for new in not_checked {
        // One profile may serve both tiers.
        if !plan.not_checked.iter().any(|known| known.asks_the_same(&new)) {
            plan.not_checked.push(new);
        }
    }
    let named = named(survey, &wanted.target, options.require_cname);
    plan.problems.extend(named.problem);
    plan.notes.extend(named.note);
    let cname = named.cname;
    let (platform_arn, platform_version) = platform(plan, survey, &wanted, options)?;
    let profile = wanted.instance_profile().to_owned();
    let sent = environment::sent(&wanted.target.description, &profile, &wanted.given, &wanted.files);
    for sent in &sent {
        if let Some(said) = &sent.outranks {
            plan.notes.push(format!("`{name}`: `{}` outranks {}, for as long as it lives", sent.option, said.place()));
        }
    }
    if wanted.target.description.properties.values().any(|property| matches!(property, Property::Random(_)))
        && wanted.release.why != Why::Project
    {
        plan.notes.push(format!(
            "`{name}`: random properties are made anew; with another `SECRET_KEY`, everybody is logged out"
        ));
    }
    let shape = Shape::of(&wanted.target.description, &wanted.files);
    Some(Launch {
        tier: wanted.target.description.tier.word(),
        label: wanted.release.label.clone(),
        why: wanted.release.why,
        platform: wanted.target.description.platform.clone().unwrap_or_default(),
        platform_version,
        platform_arn,
        cname,
        options: sent,
        tags: wanted.target.description.tags.clone(),
        instance_profile: profile,
        operations_role: wanted.target.description.operations_role.clone(),
        makes: shape.parts(),
        paid: shape.units(),
        takes: shape.takes(),
        name: wanted.target.name.clone(),
        application: wanted.target.application.clone(),
        wanted,
    })
}

fn version(plan: &mut Plan, wanted: &Wanted) {
    let (name, label) = (wanted.target.name.to_string(), wanted.release.label.clone());
    let bundle = match &wanted.release.bundle {
        Bundle::Registered { status: Status::Failed, .. } => {
            plan.problems.push(Problem::Unusable { name, label });
            return;
        }
        Bundle::Registered { .. } => return,
        Bundle::Gone { commit, .. } => {
            plan.problems.push(Problem::BundleGone { name, label, commit: commit.clone() });
            return;
        }
        Bundle::Stored(at) => Some(at.clone()),
        Bundle::Packed => None,
    };
    let new = NewVersion { application: wanted.target.application.clone(), label, bundle };
    if !plan.versions.iter().any(|known| known.application == new.application && known.label == new.label) {
        plan.versions.push(new);
    }
}

fn unanswered(plan: &mut Plan, wanted: &Wanted) {
    let open = |(name, property): &(&String, &Property)| {
        **property == Property::Ask
            && !wanted.given.contains_key(*name)
            // A file of the version has it.
            && wanted.files.property(name).is_none()
    };
    let properties: Vec<String> =
        wanted.target.description.properties.iter().filter(open).map(|(name, _)| name.clone()).collect();
    if !properties.is_empty() {
        plan.problems.push(Problem::Unanswered { name: wanted.target.name.to_string(), properties });
    }
}

fn platform(plan: &mut Plan, survey: &Survey, wanted: &Wanted, options: PlanOptions) -> Option<(String, String)> {
    let name = wanted.target.name.to_string();
    let Some(branch) = &wanted.target.description.platform else {
        plan.problems.push(Problem::NoPlatform { name });
        return None;
    };
    let found = survey.platforms.get(branch).map(Vec::as_slice).unwrap_or_default();
    if let Some(version) = wanted.target.description.platform_version.as_ref().filter(|_| options.same_platform_version)
    {
        let Some(same) = found.iter().find(|platform| platform.version == *version) else {
            plan.problems.push(Problem::PlatformVersion { name, branch: branch.clone(), version: version.clone() });
            return None;
        };
        return Some((same.arn.clone(), same.version.clone()));
    }
    let Some(recommended) = found.iter().find(|platform| platform.recommended) else {
        plan.problems.push(Problem::Platform { name, branch: branch.clone(), known: survey.branches.clone() });
        return None;
    };
    Some((recommended.arn.clone(), recommended.version.clone()))
}

/// A rebuild is for what is gone: beside environments that nobody described, something is wrong.
fn occupied(plan: &mut Plan, survey: &Survey, described: &[&Description]) {
    let launched = plan.waves.iter().flatten().map(|launch| launch.application.to_string());
    let applications: BTreeSet<String> = launched.collect();
    for application in applications {
        let undescribed: Vec<String> = survey
            .living
            .iter()
            .filter(|living| living.application == application)
            .filter(|living| !described.iter().any(|description| description.name == living.name))
            .map(|living| living.name.clone())
            .collect();
        if !undescribed.is_empty() {
            plan.problems.push(Problem::Occupied { application, undescribed });
        }
    }
}

fn quotas(plan: &mut Plan, survey: &Survey) {
    let launches = plan.waves.iter().map(Vec::len).sum();
    let counts = [
        ("applications", survey.applications.len(), plan.applications.len(), survey.quotas.applications),
        ("versions", survey.applications.values().sum(), plan.versions.len(), survey.quotas.versions),
        ("environments", survey.living.len(), launches, survey.quotas.environments),
    ];
    for (what, there, more, limit) in counts {
        if let Some(limit) = limit.filter(|limit| more > 0 && there + more > *limit) {
            plan.problems.push(Problem::Quota { what, there, more, limit });
        }
    }
    let addresses = plan
        .waves
        .iter()
        .flatten()
        .filter(|launch| launch.makes.iter().any(|part| part.contains("Elastic IP")))
        .count();
    if addresses > 0 {
        plan.notes.push(format!(
            "not checked, because Elastic Beanstalk does not tell: {addresses} of 5 Elastic IP addresses, and the quota of vCPUs"
        ));
    }
}

impl Plan {
    /// Nothing is to be made.
    pub fn is_empty(&self) -> bool {
        self.waves.is_empty()
    }

    /// How long AWS takes for all of it, wave after wave. `None` where that of a part is not known.
    pub fn takes(&self) -> Option<Duration> {
        let wave = |wave: &Vec<Launch>| {
            let each = wave.iter().map(|launch| launch.takes);
            each.reduce(|one, other| Some(one?.beside(other?))).flatten()
        };
        self.waves.iter().map(wave).reduce(|one, next| Some(one?.then(next?))).flatten()
    }

    /// What is sent to one environment, as it is told to people.
    pub fn launches(&self) -> impl Iterator<Item = &Launch> {
        self.waves.iter().flatten()
    }
}

impl Launch {
    /// Options whose values are made when they are sent.
    pub(super) fn later(&self) -> impl Iterator<Item = &Sent> {
        self.options.iter().filter(|sent| matches!(sent.value, Value::Later(_)))
    }
}
