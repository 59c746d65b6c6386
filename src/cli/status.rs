//! `status`: what there is, and how it is.

use std::fmt;

use clap::Args;
use serde::Serialize;

use super::aws::{AwsArgs, Intent, Place};
use super::capture::Difference;
use super::commit::{Commit, State};
use super::environment_args::elsewhere;
use super::environments::{DrillLine, Environments};
use super::{capture, eb_cli_settings, git};
use crate::beanstalk::name::{Application, EnvironmentName};
use crate::environment;
use crate::fault::{Exit, Failure, Fault};
use crate::project::Project;
use crate::release::{self, Details, Environment, Health, LeftDrill, Phase};
use crate::ui::{Answer, Ui, count};
use crate::world::World;

/// Show environments and how they are
///
/// Without a name, a line for each that is described or lives. With one, everything that is known of it: version, health and
/// its causes, platform, last operation, address, and the line with which a person ends it. Reads only.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  beansprout status\n  beansprout status shop-production")]
pub(crate) struct StatusArgs {
    /// The environment
    name: Option<EnvironmentName>,
    /// The Elastic Beanstalk application [default: `application` in `[release]`, or the project's name]
    #[arg(long, value_name = "NAME")]
    application: Option<String>,
    /// Exit with 1 if something is not good, or described and not there; with a name, also if it differs from its file
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    aws: AwsArgs,
}

#[derive(Debug, thiserror::Error)]
#[error("`{application}` has no environment `{name}` in {region}, and none is described")]
struct Unknown {
    application: Application,
    name: EnvironmentName,
    region: String,
}

impl Fault for Unknown {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        Some(format!(
            "look at `--region` and `--application`; `beansprout launch {}` shows what creating it would be",
            self.name
        ))
    }
}

pub(crate) fn verb(args: &StatusArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let environments = Environments::load_for(args.name.as_slice(), &project, ui)?;
    let described = args.name.as_ref().and_then(|name| environments.get(name));
    let place = described.map(Place::of).unwrap_or_default();
    let aws = args.aws.connect_to(&project, &place, Intent::Act, world, ui)?;
    let application = match described.and_then(|described| described.application.as_deref()) {
        Some(named) if args.application.is_none() => eb_cli_settings::application(Some(named), &project)?,
        _ => eb_cli_settings::application(args.application.as_deref(), &project)?,
    };
    let seen = release::region(&aws)?;
    // The living first: an environment that ends may have a successor of its name.
    let in_sight = || seen.living.iter().chain(&seen.ending);
    let mut rows = Vec::new();
    for description in environments.all() {
        let theirs = eb_cli_settings::application(description.application.as_deref(), &project)?;
        let there = in_sight().find(|living| living.name == description.name && living.application == *theirs);
        let mut row = Row::new(&description.name, &theirs, true, there, aws.region());
        // Whoever names it is led there.
        let here = args.name.is_some() || description.belongs_to(aws.account(), aws.region());
        row.elsewhere = (!here).then(|| elsewhere(description, &aws));
        rows.push(row);
    }
    // One that is ending is of interest to whoever described it, or asks for it.
    let asked = |there: &&Environment| {
        let named = args.name.as_ref().is_some_and(|name| there.name == name.as_str());
        there.application == application.as_str() && (named || there.status != Phase::Ending)
    };
    for there in in_sight().filter(asked) {
        if !rows.iter().any(|row| row.name == there.name) {
            rows.push(Row::new(&there.name, &application, false, Some(there), aws.region()));
        }
    }
    if let Some(name) = &args.name {
        rows.retain(|row| row.name == name.as_str());
        let Some(row) = rows.first_mut() else {
            let region = aws.region().to_owned();
            return Err(Unknown { application, name: name.clone(), region }.into());
        };
        let there = in_sight().find(|living| Some(&living.id) == row.id.as_ref());
        row.details = there.map(|there| release::details(&aws, &seen, there)).transpose()?;
        row.came_from(&project);
        if let (Some(description), Some(_)) = (described, there.filter(|there| there.status != Phase::Ending)) {
            // Without the rights of a capture it is not known, which is no failure of this.
            row.differences = capture::compare(description, &seen.living, &project, &aws, ui).ok().flatten();
            row.lost = environment::lost(description);
            row.captured = description.deployed_since(row.label.as_deref()).map(str::to_owned);
        }
    }
    let mut drills = release::left_drills_in(&aws, &seen)?;
    drills.retain(|left| !left.environments.is_empty());
    for drill in &drills {
        let since = drill.environments.iter().filter_map(|environment| environment.created).min();
        let since = since.map(|since| format!(" since {}", since.strftime("%Y-%m-%d %H:%M:%SZ"))).unwrap_or_default();
        ui.warn(format_args!(
            "drill `{}` lives{since} and costs money: `beansprout drill end {}` prints how to end it",
            drill.id, drill.id
        ));
    }
    let good = rows.iter().all(Row::is_good);
    let last_drill = environments.drills().next();
    let (account, region) = (aws.caller().account.clone(), aws.region().to_owned());
    ui.answer(&StatusAnswer { account, region, good, environments: rows, drills, last_drill });
    Ok(if args.check && !good { Exit::Findings } else { Exit::Done })
}

/// An environment that is described, or lives.
#[derive(Debug, Serialize)]
struct Row {
    name: String,
    application: Application,
    described: bool,
    /// Where it is, if it is described for another account or region than was looked at.
    elsewhere: Option<String>,
    /// `None`: it does not live.
    id: Option<String>,
    label: Option<String>,
    /// Digest of the tree that it runs; only where one environment was asked for.
    digest: Option<String>,
    /// Commit that it was made from.
    commit: Option<String>,
    commit_state: Option<State>,
    /// How many commits the work tree is ahead of that; `None` where git does not know it.
    behind: Option<u64>,
    /// How many commits that has which the work tree has not.
    ahead: Option<u64>,
    status: Option<Phase>,
    health: Option<Health>,
    url: Option<String>,
    /// The line that ends it.
    ending: Option<String>,
    /// Only where one environment was asked for.
    details: Option<Details>,
    /// Where it differs from its description; only where one environment was asked for, and `None` where that is not known.
    differences: Option<Vec<Difference>>,
    /// What a rebuild would not bring back.
    lost: Vec<String>,
    /// The version that its file has, where another one runs by now: that is no drift.
    #[serde(skip)]
    captured: Option<String>,
}

impl Row {
    fn new(name: &str, application: &Application, described: bool, there: Option<&Environment>, region: &str) -> Self {
        Self {
            name: name.to_owned(),
            application: application.clone(),
            described,
            elsewhere: None,
            id: there.map(|there| there.id.clone()),
            label: there.and_then(|there| there.label.clone()),
            digest: None,
            commit: None,
            commit_state: None,
            behind: None,
            ahead: None,
            status: there.map(|there| there.status),
            health: there.map(|there| there.health),
            url: there.and_then(|there| there.url.clone()),
            ending: there.map(|there| release::ending(&there.id, region)),
            details: None,
            differences: None,
            lost: Vec::new(),
            captured: None,
        }
    }

    /// What its version tells of the tree that it was made from.
    fn came_from(&mut self, project: &Project) {
        let Some(version) = self.details.as_ref().and_then(|details| details.version.as_ref()) else { return };
        self.digest = version.digest().map(str::to_owned);
        let commit = version.description.as_deref().and_then(Commit::of);
        (self.behind, self.ahead) = commit.and_then(|commit| git::apart(&project.root, commit.name)).unzip();
        self.commit = commit.map(|commit| commit.name.to_owned());
        self.commit_state = commit.map(|commit| commit.state);
    }

    fn is_good(&self) -> bool {
        // Of what was not looked at, nothing is said.
        self.elsewhere.is_some()
            || self.status == Some(Phase::Ready)
                && self.health == Some(Health::Good)
                && self.differences.as_ref().is_none_or(Vec::is_empty)
    }

    fn state(&self) -> String {
        if let Some(place) = &self.elsewhere {
            return format!("in {place}, not looked at");
        }
        match (self.status, self.health) {
            (None, _) => "not there".to_owned(),
            (Some(Phase::Ready), Some(health)) => match health {
                Health::Good => "good".to_owned(),
                Health::Open => "ready, health not known".to_owned(),
                Health::Bad => "bad".to_owned(),
            },
            (Some(Phase::Aborting), _) => "aborting".to_owned(),
            (Some(Phase::Ending), _) => "ending".to_owned(),
            (Some(_), _) => "busy".to_owned(),
        }
    }
}

#[derive(Serialize)]
struct StatusAnswer {
    account: Option<String>,
    region: String,
    /// Is everything good, and what is described there?
    good: bool,
    environments: Vec<Row>,
    /// Rehearsals on AWS that live.
    drills: Vec<LeftDrill>,
    /// The last line of `environments/_drills.jsonl`.
    last_drill: Option<DrillLine>,
}

impl Answer for StatusAnswer {
    const SCHEMA: &str = "status/1";

    /// Causes and events, in AWS's words.
    fn quotes(&self) -> Vec<&str> {
        let details = || self.environments.iter().filter_map(|row| row.details.as_ref());
        let causes = details().filter_map(|details| details.causes.as_ref()).flatten();
        let last = details().filter_map(|details| details.last.as_ref());
        let events = last.flat_map(|last| std::iter::once(&last.message).chain(&last.errors));
        causes.chain(events).map(String::as_str).collect()
    }
}

impl fmt::Display for StatusAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.environments[..] {
            [] => write!(f, "no environment lives in {}, and none is described", self.region),
            [one] if one.details.is_some() || one.id.is_none() => {
                detailed(one, &self.region, f)?;
                if let Some(last) = &self.last_drill {
                    write!(f, "\nLast rehearsal: {}", rehearsed(last))?;
                }
                Ok(())
            }
            rows => {
                let width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
                let wide = rows.iter().map(|row| row.state().len()).max().unwrap_or_default().max(9);
                for (number, row) in rows.iter().enumerate() {
                    if number > 0 {
                        writeln!(f)?;
                    }
                    let label = row.label.as_deref().unwrap_or("-");
                    write!(f, "{:width$}  {:wide$}  {label}", row.name, row.state())?;
                    if let Some(url) = &row.url {
                        write!(f, "  {url}")?;
                    }
                    if !row.described {
                        write!(f, "  (not described)")?;
                    }
                }
                Ok(())
            }
        }
    }
}

/// The line of a rehearsal, for people.
fn rehearsed(line: &DrillLine) -> String {
    let DrillLine { time, depth, findings, clocks, .. } = line;
    let mut said = format!("{} ({depth}), {}", time.strftime("%Y-%m-%d %H:%M:%SZ"), count(*findings, "finding"));
    if let Some(aws) = clocks.aws.filter(|_| !clocks.simulated) {
        said.push_str(&format!("; AWS took {aws} s"));
    }
    said
}

fn detailed(row: &Row, region: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if let Some(place) = &row.elsewhere {
        return write!(f, "`{0}` is in {place}, and not looked at; `beansprout status {0}` does", row.name);
    }
    let Some(id) = &row.id else {
        return write!(
            f,
            "`{}` is described, and not there; `beansprout launch {}` shows what it would be",
            row.name, row.name
        );
    };
    write!(f, "`{}` ({id}) of `{}` in {region}: {}", row.name, row.application, row.state())?;
    write!(f, "\n  version   {}", row.label.as_deref().unwrap_or("none"))?;
    if let Some(digest) = &row.digest {
        write!(f, "\n  digest    {digest}")?;
    }
    if let Some(commit) = &row.commit {
        write!(f, "\n  commit    {commit}{}", row.commit_state.map_or("", State::words))?;
        let commits = |number: u64| count(usize::try_from(number).unwrap_or(usize::MAX), "commit");
        match row.behind.zip(row.ahead) {
            None => write!(f, ", which is not in this repository")?,
            Some((0, 0)) => write!(f, ", and nothing is committed since")?,
            Some((behind, 0)) => write!(f, ", {} behind the work tree", commits(behind))?,
            Some((0, ahead)) => write!(f, ", {} ahead of the work tree, which is older", commits(ahead))?,
            Some((behind, ahead)) => {
                write!(f, ", {} ahead of the work tree, which has {} of its own", commits(ahead), commits(behind))?;
            }
        }
    }
    if let Some(url) = &row.url {
        write!(f, "\n  url       {url}")?;
    }
    if let Some(details) = &row.details {
        match &details.platform {
            Some(platform) => {
                write!(f, "\n  platform  {}, {}", platform.branch, platform.version)?;
                match &platform.recommended {
                    Some(newest) if *newest == platform.version => {}
                    Some(newest) => write!(f, "; {newest} is recommended")?,
                    None => write!(f, "; the branch is retired")?,
                }
            }
            None => write!(f, "\n  platform  not known")?,
        }
        match &details.instances {
            Some(labels) => {
                write!(f, "\n  instances {}", labels.len())?;
                let others: Vec<&String> = labels.iter().filter(|label| Some(*label) != row.label.as_ref()).collect();
                if !others.is_empty() {
                    write!(f, ", {} with another version", others.len())?;
                }
            }
            None => write!(f, "\n  instances not known")?,
        }
        match &details.causes {
            Some(causes) => causes.iter().try_for_each(|cause| write!(f, "\n  cause     {cause}"))?,
            None => write!(f, "\n  cause     not known: only enhanced health reporting tells")?,
        }
        match &details.quota {
            Some(quota) => write!(f, "\n  quota     {} of {} versions in {region} are used", quota.used, quota.limit)?,
            None => write!(f, "\n  quota     not known")?,
        }
        if let Some(last) = &details.last {
            write!(f, "\n  last      {} {}", last.ended.strftime("%Y-%m-%d %H:%M:%SZ"), last.message)?;
            last.errors
                .iter()
                .filter(|error| **error != last.message)
                .try_for_each(|error| write!(f, "\n            {error}"))?;
        }
    }
    if row.described {
        match &row.differences {
            None => write!(f, "\n  drift     not known")?,
            Some(differences) if differences.is_empty() => {
                write!(f, "\n  drift     none: it is as its file says")?;
                row.captured
                    .iter()
                    .try_for_each(|label| write!(f, ", but for the version, which is `{label}` there"))?;
            }
            Some(differences) => {
                differences.iter().try_for_each(|difference| write!(f, "\n  drift     {difference}"))?;
            }
        }
    }
    if !row.lost.is_empty() {
        write!(f, "\nA rebuild would not bring back: {}", row.lost.join("; "))?;
    }
    if let Some(ending) = &row.ending {
        write!(f, "\nTo end it, with all that it has, somebody with the right to do so types:\n  {ending}")?;
    }
    Ok(())
}
