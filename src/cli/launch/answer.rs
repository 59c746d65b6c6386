//! What `launch` says: the plan, and what came of it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::cli::aws::DryRun;
use crate::cli::environments::Measured;
use crate::environment::cname;
use crate::release::{self, Cname, Health, LaunchOutcome, LaunchPlan, Launched, PlannedLaunch};
use crate::ui::{Answer, count};

/// A plan, with the calls that it would take.
#[derive(Serialize)]
pub(super) struct PlanAnswer {
    #[serde(flatten)]
    pub(super) plan: LaunchPlan,
    /// Files that are written before the first call.
    pub(super) files: BTreeMap<String, String>,
    /// `None` where something speaks against it.
    pub(super) dry_run: Option<DryRun>,
    /// The last rebuilds on AWS that were measured; only of a rebuild.
    pub(super) measured: Vec<Measured>,
    /// The line that does it.
    pub(super) apply: String,
}

impl Answer for PlanAnswer {
    const SCHEMA: &str = "launch-plan/1";

    /// Files as they will be written.
    fn quotes(&self) -> Vec<&str> {
        self.files.values().flat_map(|text| text.lines()).collect()
    }
}

impl fmt::Display for PlanAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan, files, dry_run, measured, apply } = self;
        let account = plan.account.as_deref().unwrap_or("not known");
        writeln!(f, "account {account}, {}", plan.region)?;
        for (path, text) in files {
            writeln!(f, "\nwrites `{path}`:")?;
            text.lines().try_for_each(|line| writeln!(f, "  {line}"))?;
        }
        for application in &plan.applications {
            writeln!(f, "\ncreates application `{}`", application.name)?;
        }
        for version in &plan.versions {
            match &version.bundle {
                Some(at) => writeln!(f, "registers `{}` from `{at}`", version.label)?,
                None => writeln!(f, "publishes `{}`", version.label)?,
            }
        }
        for (number, wave) in plan.waves.iter().enumerate() {
            if number > 0 {
                writeln!(f, "\nwhen these are good:")?;
            }
            wave.iter().try_for_each(|launch| one(launch, &plan.region, f))?;
        }
        if plan.waves.len() > 1
            && let Some(takes) = plan.takes()
        {
            writeln!(f, "\nin all, AWS takes {takes}")?;
        }
        if let Some(words) = Measured::sentence(measured) {
            writeln!(f, "\n{words}")?;
        }
        for there in &plan.there {
            let label = there.label.as_deref().unwrap_or("no version");
            let unwell = if there.health == Health::Bad { ", and its health is bad" } else { "" };
            writeln!(f, "\n`{}` is there ({}), with `{label}`{unwell}; it stays as it is", there.name, there.id)?;
        }
        for note in &plan.notes {
            writeln!(f, "\nnote: {note}")?;
        }
        not_checked(plan, f)?;
        if plan.is_empty() && plan.problems.is_empty() {
            return f.write_str("\nnothing is to be launched");
        }
        match dry_run {
            Some(dry_run) => write!(f, "\n{dry_run}\n\n`{apply}` does it"),
            None => Ok(()),
        }
    }
}

fn one(launch: &PlannedLaunch, region: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "\nlaunches `{}` in `{}`", launch.name, launch.application)?;
    writeln!(f, "  version   {}: {}", launch.label, launch.why.sentence())?;
    writeln!(f, "  platform  {}, {}", launch.platform, launch.platform_version)?;
    match &launch.cname {
        Cname::Asked { prefix } => writeln!(f, "  name      {}", cname::whole(prefix, region))?,
        Cname::Generated { .. } => writeln!(f, "  name      one that AWS makes up")?,
        Cname::None => writeln!(f, "  name      none: a worker has a queue")?,
    }
    writeln!(f, "  makes     {}", launch.makes.join(", "))?;
    match &launch.takes {
        Some(takes) => writeln!(f, "  takes     {takes}, and what the version itself needs to be built")?,
        None => writeln!(f, "  takes     not known: nobody has shown such a launch in public")?,
    }
    writeln!(f, "  costs     {}: {PRICES} has what they cost in {region}", launch.paid.join(", "))?;
    if !launch.tags.is_empty() {
        let tags: Vec<String> = launch.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        writeln!(f, "  tags      {}", tags.join(", "))?;
    }
    writeln!(f, "  sends     {} that no file of the version says", count(launch.options.len(), "option"))?;
    for sent in &launch.options {
        let outranks = sent.outranks.as_ref().map(|said| format!("   over {}", said.place()));
        writeln!(f, "    {} = {}{}", sent.option, sent.value, outranks.unwrap_or_default())?;
    }
    Ok(())
}

/// Prices differ by region and change, and AWS gives no copy of them that would stay true here.
const PRICES: &str = "https://calculator.aws";

/// What IAM could not be asked: the line that tells, and at the first launch what makes an instance profile.
fn not_checked(plan: &LaunchPlan, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for open in &plan.not_checked {
        writeln!(f, "\n{open} This tells:\n  {}", open.line())?;
        if open.is_profile() && !plan.applications.is_empty() {
            writeln!(f, "If not, these make it, once for an account:")?;
            release::profile_lines(&open.name, open.worker).iter().try_for_each(|line| writeln!(f, "  {line}"))?;
        }
    }
    Ok(())
}

/// What came of it.
#[derive(Serialize)]
pub(super) struct LaunchAnswer {
    #[serde(flatten)]
    pub(super) launched: Launched,
}

impl Answer for LaunchAnswer {
    const SCHEMA: &str = "launch/1";

    fn is_account(&self) -> bool {
        true
    }
}

impl fmt::Display for LaunchAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, environment) in self.launched.environments.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            let label = environment.label.as_deref().unwrap_or("no version");
            let name = &environment.name;
            match environment.outcome {
                LaunchOutcome::Launched => write!(f, "`{name}` runs `{label}`")?,
                LaunchOutcome::Unchanged => write!(f, "unchanged: `{name}` is there, with `{label}`")?,
                LaunchOutcome::Started => write!(f, "`{name}` is on its way to `{label}`")?,
            }
            if let Some(id) = &environment.id {
                write!(f, "\n  id      {id}")?;
            }
            if let Some(url) = &environment.url {
                write!(f, "\n  url     {url}")?;
            }
            if let Some(seconds) = environment.seconds {
                let simulated = if self.launched.simulated { " (AWS's part is simulated)" } else { "" };
                write!(f, "\n  took    {seconds} s{simulated}")?;
            }
            if let Some(visible) = environment.visible {
                write!(f, "\n  seen    after {visible} s")?;
            }
            for probed in &environment.smoke {
                write!(f, "\n  asked   {probed}")?;
            }
        }
        Ok(())
    }
}
