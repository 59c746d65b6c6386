//! The rehearsal on an embedded AWS of its own: from the files, and then from what a deletion leaves in the buckets.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::DrillArgs;
use super::answer::{Depth, DrillAnswer, Rehearsed};
use crate::cli::aws::{Connected, bundle_store};
use crate::cli::environments::{Clocks, Environments};
use crate::cli::launch::versions::{Kept, kept};
use crate::cli::{capture, eb_cli_settings, launch};
use crate::environment::Description;
use crate::fault::{Failure, distinct};
use crate::file;
use crate::project::Project;
use crate::release::{self, BundleFile, Named, PublishRequest};
use crate::sandbox::{self, Server, Settings};
use crate::ui::Ui;
use crate::world::World;

/// Both times.
pub(super) fn rehearse(
    args: &DrillArgs,
    environments: &Environments,
    project: &Project,
    world: &World,
    ui: &mut Ui,
) -> Result<DrillAnswer, Failure> {
    // What the project says of its own bucket and keys is about AWS.
    let mut project = project.clone();
    let release = &mut project.config.release;
    (release.bucket, release.bucket_owner, release.kms_key, release.audit) = (None, None, None, false);
    let _guard = ui.last_words(
        world,
        "nothing is left of the rehearsal, which was on this machine; the same command begins another".to_owned(),
    );
    let folder = file::temporary_folder()?;
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    let began = world.now();
    let mut answer = DrillAnswer::new(Depth::Sandbox);
    let bundles = bundles(environments, &project, &mut answer.findings, world, ui)?;
    ui.say("rebuilding from the files");
    let one = stage(args, &first, &bundles, environments, &project, &mut answer, world, ui)?;
    file::copy_folder(&first.join("buckets"), &second.join("buckets"))?;
    ui.say("rebuilding from what a deletion leaves: the buckets");
    let other = stage(args, &second, &BTreeMap::new(), environments, &project, &mut answer, world, ui)?;
    // Both times may find the same.
    answer.findings = distinct(std::mem::take(&mut answer.findings).into_iter());
    for rehearsed in &one {
        let again = other.iter().find(|again| again.name == rehearsed.name);
        if let Some(again) = again.filter(|again| again.label != rehearsed.label) {
            let label = |label: &Option<String>| label.clone().unwrap_or_else(|| "no version".to_owned());
            answer.findings.push(format!(
                "`{}`: from the buckets it runs {}, from the files {}",
                rehearsed.name,
                label(&again.label),
                label(&rehearsed.label)
            ));
        }
    }
    answer.clocks = Clocks {
        commands: Some(world.now().duration_since(began).as_secs()),
        aws: one.iter().filter_map(|rehearsed| rehearsed.seconds).max(),
        simulated: true,
        ..answer.clocks
    };
    answer.environments = one;
    Ok(answer)
}

/// The bundle of each captured version: as it is kept here, or built again from its commit. By label.
fn bundles(
    environments: &Environments,
    project: &Project,
    findings: &mut Vec<String>,
    world: &World,
    ui: &mut Ui,
) -> Result<BTreeMap<String, BundleFile>, Failure> {
    let mut found = BTreeMap::new();
    for description in environments.all() {
        let Some(version) = description.version.as_ref().filter(|version| !version.label.is_empty()) else { continue };
        if found.contains_key(&version.label) {
            continue;
        }
        match kept(version, project, world, ui)? {
            Kept::Here(bundle) => {
                found.insert(version.label.clone(), bundle);
            }
            Kept::Other { digest } => findings.push(format!(
                "`{}`: what was built again for {} has another digest, {digest}",
                description.name, version.label
            )),
            Kept::Nowhere => findings.push(format!(
                "`{}`: the bundle of {} is not here, and cannot be built again from its commit; only `drill --check` looks into S3, and a build needs the whole history",
                description.name, version.label
            )),
        }
    }
    Ok(found)
}

#[expect(clippy::too_many_arguments, reason = "one stage of the rehearsal, with all that it is made of")]
fn stage(
    args: &DrillArgs,
    state: &Path,
    bundles: &BTreeMap<String, BundleFile>,
    environments: &Environments,
    project: &Project,
    answer: &mut DrillAnswer,
    world: &World,
    ui: &mut Ui,
) -> Result<Vec<Rehearsed>, Failure> {
    let server = Server::start(Settings { run: args.run, speed: args.speed, ..Settings::new(world, state) })?;
    let mut regions: BTreeMap<String, Vec<Description>> = BTreeMap::new();
    for description in environments.all() {
        let usual = project.config.release.region.clone().unwrap_or_else(|| sandbox::REGION.to_owned());
        let region = description.region.clone().unwrap_or(usual);
        regions.entry(region).or_default().push(Description { account: None, ..description.clone() });
    }
    let mut all = Vec::new();
    for (region, descriptions) in regions {
        let aws = Connected::rehearsing(&args.aws, &server, &region, world)?;
        for description in &descriptions {
            let label = description.version.as_ref().map(|version| &version.label);
            if let Some(bundle) = label.and_then(|label| bundles.get(label)) {
                let request = PublishRequest {
                    named: Named::default(),
                    application: eb_cli_settings::application(description.application.as_deref(), project)?,
                    label: label.cloned().unwrap_or_default(),
                    bundle_file: bundle.clone(),
                    description: None,
                    tags: BTreeMap::new(),
                    bundle_store: bundle_store(project, None),
                    delta: false,
                    create_application: true,
                    process: true,
                    timeout: Duration::from_secs(300),
                };
                release::publish(&aws, &request, &mut |_| {})?;
            }
        }
        match launch::rebuild(&descriptions, environments, project, &aws, world, ui) {
            Ok(launched) => {
                let living = release::living(&aws)?;
                for one in launched.environments {
                    answer.findings.extend(one.failures());
                    let description = descriptions.iter().find(|description| one.name == *description.name.as_str());
                    let mut rehearsed = Rehearsed {
                        name: one.name.to_string(),
                        rehearsed_as: None,
                        label: one.label,
                        seconds: one.seconds,
                        differences: Vec::new(),
                    };
                    if let Some(description) = description {
                        match capture::compare(description, &living, project, &aws, ui)? {
                            Some(differences) => rehearsed.differences = differences,
                            None => answer.findings.push(format!(
                                "`{}` is busy, so nobody knows whether it became what its file says",
                                rehearsed.name
                            )),
                        }
                    }
                    answer.clocks.visible = answer.clocks.visible.max(one.visible);
                    answer.findings.extend(
                        rehearsed.differences.iter().map(|difference| format!("`{}`: {difference}", rehearsed.name)),
                    );
                    all.push(rehearsed);
                }
            }
            Err(failure) => answer.findings.push(failure.line()),
        }
    }
    Ok(all)
}
