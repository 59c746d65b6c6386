//! `capture`: the living world into its description, or a look at where the two differ.

mod answer;

use std::collections::BTreeSet;

use clap::Args;

use self::answer::{CaptureAnswer, Row};
use super::aws::{AwsArgs, Connected, Intent, bundle_store};
use super::commit::Commit;
use super::eb_cli_settings;
use super::environment_args::{one_place, say_left};
use super::environments::Environments;
use super::launch::versions::{self, look_into};
use crate::beanstalk::name::{Application, EnvironmentName};
pub(crate) use crate::environment::description_diff::Difference;
use crate::environment::description_diff::differences;
use crate::environment::{self, Bundle, Captured, Description, Files, Live, Property, Tier, cname};
use crate::fault::{Exit, Failure, Fault};
use crate::project::Project;
use crate::release::{self, Environment, Phase, WayBack};
use crate::ui::{Ui, ticked};
use crate::world::World;

/// Write what lives into its description, or compare the two
///
/// Each environment becomes `environments/NAME.toml`: what somebody chose, and no file of the version brings. Comments, order,
/// `[deploy]` and how properties come about stay as people wrote them. No secret is written: a value that may be one becomes
/// `{ ask = true }`. `--check` writes nothing, and exits with 1 if something differs: for every night.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  beansprout capture\n  beansprout capture --check --json")]
pub(crate) struct CaptureArgs {
    /// The environments [default: all that live in the application]
    #[arg(value_name = "NAME")]
    names: Vec<EnvironmentName>,
    /// Write nothing, and exit with 1 if a description is not what lives
    #[arg(long)]
    check: bool,
    /// Show what would change, write nothing
    #[arg(long, conflicts_with = "check")]
    dry_run: bool,
    /// Write the values of these properties, although they may be secret
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    values: Vec<String>,
    /// The Elastic Beanstalk application [default: `application` in `[release]`, or the project's name]
    #[arg(long, value_name = "NAME")]
    application: Option<String>,
    #[command(flatten)]
    aws: AwsArgs,
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("`{application}` has no environment `{name}` in {region}")]
    NotThere { application: Application, name: String, region: String },
    #[error("nothing lives in `{application}` in {region}, as far as these credentials see")]
    Empty { application: Application, region: String },
    #[error("`{name}` is busy: what it is now may not be what it will be")]
    Busy { name: String },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NotThere { .. } | Self::Empty { .. } => Exit::Invalid,
            Self::Busy { .. } => Exit::Findings,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotThere { .. } => "`beansprout status` lists what there is".to_owned(),
            Self::Empty { .. } => {
                "look at `--region` and `--application`; what may not be seen is left out, so look at the rights too"
                    .to_owned()
            }
            Self::Busy { name } => format!("`beansprout wait --env {name}` watches it; capture it afterwards"),
        })
    }
}

pub(crate) fn verb(args: &CaptureArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    let environments = Environments::load_for(&args.names, &project, ui)?;
    let named: Vec<&Description> = args.names.iter().filter_map(|name| environments.get(name)).collect();
    let first = named.first().copied();
    let place = one_place(&named)?;
    // Looking must not even create the bucket.
    let aws = args.aws.connect_to(&project, &place, Intent::DryRun, world, ui)?;
    let described = first.and_then(|first| first.application.as_deref());
    let application = eb_cli_settings::application(args.application.as_deref().or(described), &project)?;
    // Whoever names one is led there.
    let meant = |name: &str| args.names.is_empty() || args.names.iter().any(|named| *named == *name);
    let left = |described: &Description| args.names.is_empty() && !described.belongs_to(aws.account(), aws.region());
    say_left(&environments.all().iter().filter(|described| left(described)).collect::<Vec<_>>(), &aws, ui);
    let mut living = release::living(&aws)?;
    living.retain(|living| living.application == *application.as_str());
    let region = aws.region().to_owned();
    if living.is_empty() && environments.all().is_empty() {
        return Err(Error::Empty { application, region }.into());
    }
    let lives = |name: &str| living.iter().any(|living| living.name == name);
    let unknown = args.names.iter().find(|name| !lives(name.as_str()) && environments.get(name).is_none());
    if let Some(name) = unknown {
        return Err(Error::NotThere { application, name: name.to_string(), region }.into());
    }
    let mut rows = Vec::new();
    for description in environments.all().iter().filter(|described| meant(&described.name) && !left(described)) {
        let theirs = eb_cli_settings::application(description.application.as_deref(), &project)?;
        let here = description.region.as_deref().is_none_or(|described| described == region);
        if here && theirs == application && !lives(&description.name) {
            rows.push(Row::not_there(&description.name));
        }
    }
    living.retain(|living| meant(&living.name));
    for there in &living {
        if there.status != Phase::Ready {
            if !args.check {
                return Err(Error::Busy { name: there.name.clone() }.into());
            }
            ui.warn(format_args!("`{}` is busy, and not looked at", there.name));
            continue;
        }
        rows.push(one(args, there, &application, &environments, &project, &aws, ui)?);
    }
    let differs = rows.iter().any(|row| !row.differences.is_empty());
    ui.answer(&CaptureAnswer { application, region, check: args.check || args.dry_run, environments: rows });
    Ok(if args.check && differs { Exit::Findings } else { Exit::Done })
}

/// What was seen of an environment, and what its description would be.
struct Seen {
    captured: Captured,
    new: Description,
    differences: Vec<Difference>,
}

/// Where a description and what is among the living differ. `None`: it is busy, so what it will be is not known.
pub(crate) fn compare(
    description: &Description,
    living: &[Environment],
    project: &Project,
    aws: &Connected,
    ui: &mut Ui,
) -> Result<Option<Vec<Difference>>, Failure> {
    let application = eb_cli_settings::application(description.application.as_deref(), project)?;
    let there = living.iter().find(|there| there.name == description.name && there.application == *application);
    match there {
        None => Ok(Some(Row::not_there(&description.name).differences)),
        Some(there) if there.status != Phase::Ready => Ok(None),
        Some(there) => {
            let seen = see(there, &application, Some(description), &BTreeSet::new(), project, aws, ui)?;
            Ok(Some(seen.differences))
        }
    }
}

fn see(
    there: &Environment,
    application: &Application,
    before: Option<&Description>,
    values: &BTreeSet<String>,
    project: &Project,
    aws: &Connected,
    ui: &mut Ui,
) -> Result<Seen, Failure> {
    let observed = release::observe(aws, application, there)?;
    if observed.draft {
        ui.warn(format_args!("`{}` has a draft of its options too; what is in force was read", there.name));
    }
    let bundle = observed.version.as_ref().and_then(|version| version.bundle.clone());
    let store = bundle_store(project, None);
    let mut fetched = bundle.as_ref().map(|at| look_into(at, &store, aws, ui)).transpose()?;
    let files = match &mut fetched {
        Some(Some(fetched)) => Some(Files::of(&versions::of(&mut fetched.opened)?)),
        Some(None) => None,
        // A sample, or made by something else than a bundle: it has no files of ours.
        None => Some(Files::default()),
    };
    let fetched = fetched.flatten();
    let live = Live { settings: observed.settings.clone(), files, images: observed.images.clone() };
    let captured = environment::capture(&live, before, values);
    let mut new = description(there, before, &captured, &observed, project, aws)?;
    if let (Some(fetched), Some(bundle)) = (fetched, new.version.as_mut().and_then(|version| version.bundle.as_mut())) {
        (bundle.sha256, bundle.bytes) = (Some(fetched.bytes.sha256), Some(fetched.bytes.length));
        bundle.version_id = fetched.version_id;
    }
    let mut differences = before.map(|before| differences(before, &new)).unwrap_or_default();
    if before.is_none() {
        let (described, live) = (Some("none".to_owned()), Some("one".to_owned()));
        differences.push(Difference { what: "environment".to_owned(), described, live });
    }
    if live.files.is_none() {
        let what = "bundle of its version in the bucket".to_owned();
        differences.push(Difference { what, described: Some("one".to_owned()), live: Some("none".to_owned()) });
    }
    Ok(Seen { captured, new, differences })
}

fn one(
    args: &CaptureArgs,
    there: &Environment,
    application: &Application,
    environments: &Environments,
    project: &Project,
    aws: &Connected,
    ui: &mut Ui,
) -> Result<Row, Failure> {
    let before = environments.get(&there.name);
    let values: BTreeSet<String> = args.values.iter().cloned().collect();
    let Seen { captured, mut new, differences } = see(there, application, before, &values, project, aws, ui)?;
    // Asked for where it is written down alone: nothing else says it.
    if let Some(version) = new.version.as_mut().filter(|_| !args.check && !args.dry_run) {
        let name: EnvironmentName = there.name.parse().expect("an environment that lives has a name that can be one");
        // Whoever may not read the record keeps what was known.
        if let Ok(WayBack { target: Some(ran), .. }) =
            release::way_back(aws, application, &name, &bundle_store(project, None))
        {
            version.before = Some(ran).filter(|ran| *ran != version.label);
        }
    }
    let captured_version = before.and_then(|before| before.deployed_since(there.label.as_deref()));
    let deployed_since = captured_version.map(str::to_owned).zip(there.label.clone()).map(<[String; 2]>::from);
    let mut wrote = false;
    if !args.check
        && let Some(text) = environments.text(&new)?
    {
        let text = environment::annotate(&text, &captured.unsure);
        if !args.dry_run {
            environments.save(&new, &text)?;
            wrote = true;
        }
    }
    for (option, group) in captured.groups.iter().filter(|_| !args.check) {
        ui.say(format_args!(
            "`{}`: `{option}` = `{group}` is not written, because nobody can tell whether somebody chose it",
            there.name
        ));
    }
    for (option, said) in &captured.outranking {
        ui.say(format_args!("`{}`: `{option}` is set on the environment, and outranks {}", there.name, said.place()));
    }
    let hidden: Vec<String> = captured
        .hidden
        .iter()
        .filter(|name| {
            new.properties.get(*name) == Some(&Property::Ask)
                && before.is_none_or(|before| !before.properties.contains_key(*name))
        })
        .cloned()
        .collect();
    if !hidden.is_empty() {
        ui.say(format_args!(
            "`{}`: values that may be secret are asked for at the next launch: {}; `--values NAME` writes one on purpose",
            there.name,
            ticked(&hidden)
        ));
    }
    Ok(Row {
        name: there.name.clone(),
        id: Some(there.id.clone()),
        wrote,
        options: new.options.len(),
        left: captured.left.len(),
        differences,
        deployed_since: deployed_since.filter(|_| !wrote),
    })
}

/// The description of what lives; what people wrote stays.
fn description(
    there: &Environment,
    before: Option<&Description>,
    captured: &Captured,
    observed: &release::Observed,
    project: &Project,
    aws: &Connected,
) -> Result<Description, Failure> {
    let mut new = before.cloned().unwrap_or_else(|| Description::new(&there.name));
    new.account = aws.account().map(str::to_owned).or(new.account);
    new.region = Some(aws.region().to_owned());
    if eb_cli_settings::application(None, project)?.as_str() != there.application {
        new.application = Some(there.application.clone());
    }
    new.tier = if there.worker { Tier::Worker } else { Tier::Web };
    if let Some((branch, version)) = there.branch_and_version() {
        new.platform = Some(branch.to_owned());
        new.platform_version = Some(version.to_owned());
    }
    new.cname = there.cname.as_deref().and_then(|name| cname::prefix(name, aws.region())).map(str::to_owned);
    if let Some(profile) = &captured.instance_profile {
        new.instance_profile = Some(profile.clone());
    }
    new.options = captured.options.clone();
    new.properties = captured.properties.clone();
    if let Some(tags) = &observed.tags {
        new.tags = tags.clone();
    }
    if let Some(version) = &observed.version {
        let mut release = new.version.take().filter(|release| release.label == version.label).unwrap_or_default();
        release.label = version.label.clone();
        release.digest = version.digest().map(|digest| digest.to_string()).unwrap_or_default();
        release.commit = version.description.as_deref().and_then(Commit::of).and_then(Commit::exact).or(release.commit);
        release.bundle = version.bundle.as_ref().map(|at| match release.bundle.take() {
            Some(known) if known.bucket == at.bucket && known.key == at.key => known,
            _ => Bundle { bucket: at.bucket.clone(), key: at.key.clone(), ..Bundle::default() },
        });
        new.version = Some(release);
    }
    Ok(new)
}
