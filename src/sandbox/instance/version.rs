//! A version on its way to an instance: unpacked aside, read, and its timeline made, before anything is touched.

use std::path::{Path, PathBuf};

use super::Event;
use super::error::{Error, Io};
use super::machine::Machine;
use super::settings::{PROPERTIES, SECRETS, Settings};
use crate::beanstalk::config_file::{ConfigFile, Fate, ProblemKind};
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::platforms::Family;
use crate::beanstalk::timeline::{self, Failure, Timeline};
use crate::bundle;
use crate::folder;

/// Where the engine keeps the bundle of the version that runs.
pub(crate) const BUNDLE: &str = "/opt/elasticbeanstalk/deployment/app_source_bundle";
const UNPACKED: &str = "/opt/elasticbeanstalk/deployment/unpacked";

pub(crate) struct Version {
    pub(crate) timeline: Timeline,
    /// Settings: those set directly over those of the files.
    pub(crate) settings: Settings,
    pub(crate) unpacked: PathBuf,
    bundle: PathBuf,
}

/// Settings of the environment besides the project's own files.
pub(crate) struct Given<'a> {
    /// Set directly: wins over the files.
    pub(crate) direct: &'a Settings,
    /// Loses against them.
    pub(crate) stand_ins: &'a Settings,
    /// Family of the platform, where that is known.
    pub(crate) family: Option<Family>,
}

impl Version {
    pub(crate) fn open(
        machine: &Machine,
        bundle: &Path,
        given: &Given,
        event: timeline::Event,
        say: &mut dyn FnMut(Event),
    ) -> Result<Self, Error> {
        let unpacked = machine.layout.fresh(UNPACKED)?;
        bundle::unpack(bundle, &unpacked, bundle::UNPACKED_BYTES)?;
        let tree = folder::read(&unpacked, |_| false)?;
        let family = given.family.unwrap_or_else(|| Customizations::read(&tree).family);
        let customizations = Customizations::for_family(&tree, family);
        for file in &customizations.configs {
            judge(file, machine, say)?;
        }
        if let Some(invalid) = customizations.procfile.iter().flat_map(|file| &file.invalid).next() {
            return Err(rejected(
                machine,
                format!("`Procfile` has a line that does not say `name: command` ({:?})", invalid.reason),
            ));
        }
        let mut files = Settings::default();
        for setting in customizations.used().flat_map(|file| &file.option_settings) {
            files.set(&setting.namespace.value, &setting.name.value, setting.value.value.clone());
        }
        let timeline = Timeline::new(&customizations, event);
        let said = given.direct.over(files);
        for (name, _) in given.stand_ins.namespace(PROPERTIES).filter(|(name, _)| said.get(PROPERTIES, name).is_none())
        {
            say(Event::Note(format!("`{name}` is made up for this instance")));
        }
        let settings = said.over(given.stand_ins.clone());
        for (name, arn) in settings.namespace(SECRETS).filter(|(name, _)| settings.get(PROPERTIES, name).is_none()) {
            say(Event::Warning(format!("`{name}` is not set: AWS would fetch it from `{arn}`")));
        }
        Ok(Self { timeline, settings, unpacked, bundle: bundle.to_owned() })
    }

    /// The version runs: its bundle is the one that a configuration deployment unpacks again.
    pub(crate) fn keep(self, machine: &Machine) -> Result<(), Error> {
        let kept = machine.layout.real(BUNDLE);
        if kept == self.bundle {
            return Ok(());
        }
        let beside = kept.with_extension("new");
        std::fs::copy(&self.bundle, &beside).doing("write", &beside)?;
        std::fs::rename(&beside, &kept).doing("write", &kept)
    }
}

/// A file that cannot be parsed ends the deployment before it begins; one with an unknown section is passed over.
fn judge(file: &ConfigFile, machine: &Machine, say: &mut dyn FnMut(Event)) -> Result<(), Error> {
    match file.fate() {
        Fate::Read => {}
        Fate::Skipped { key } => {
            let text = format!("`{}` is skipped: it contains the invalid key `{key}`", file.path);
            machine.note("WARN", &text);
            say(Event::Warning(text));
        }
        Fate::Rejected { problem } => {
            let (path, line) = (&file.path, file.line(&problem.span));
            let what = match problem.kind {
                ProblemKind::Shape { .. } => "has an option setting that is not a map",
                _ => "contains invalid YAML or JSON",
            };
            return Err(rejected(machine, format!("the configuration file `{path}` {what}, at line {line}")));
        }
    }
    Ok(())
}

fn rejected(machine: &Machine, message: String) -> Error {
    machine.note("ERROR", &message);
    Error::Step {
        instruction: "validation".to_owned(),
        message,
        consequence: Failure::KeepsOld,
        log: machine.log_path("eb-engine.log"),
        tail: Vec::new(),
        stand_in: None,
    }
}
