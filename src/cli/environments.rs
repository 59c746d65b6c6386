//! The descriptions of a project's environments, as they lie in `environments/`.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use crate::beanstalk::name::EnvironmentName;
use crate::environment::{self, APPLICATION, Application, DRILLS, Description, FOLDER};
use crate::fault::{Exit, Failure, Fault};
use crate::file;
use crate::project::Project;
use crate::release::Launched;

/// All descriptions, and the texts that they were read from.
#[derive(Debug, Default)]
pub(crate) struct Environments {
    root: PathBuf,
    all: Vec<Description>,
    texts: BTreeMap<String, String>,
    pub(crate) application: Application,
}

/// A line of the record of rehearsals and rebuilds.
#[derive(Debug, Serialize)]
pub(crate) struct DrillLine {
    pub(crate) time: Timestamp,
    /// How deep a rehearsal went, or `rebuild`.
    pub(crate) depth: &'static str,
    pub(crate) tool: &'static str,
    pub(crate) id: Option<String>,
    pub(crate) environments: usize,
    pub(crate) findings: usize,
    pub(crate) clocks: Clocks,
}

/// Where the time went, in seconds. What people need to notice and to decide is not in it.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Clocks {
    /// This program's own work.
    pub(crate) commands: Option<i64>,
    /// From the first request to the last good environment.
    pub(crate) aws: Option<i64>,
    /// From the first request until the last of the sites answered under its name.
    pub(crate) visible: Option<i64>,
    /// AWS's part is the embedded one's.
    pub(crate) simulated: bool,
}

impl Clocks {
    /// Those of a launch that `all` seconds went into, if that is known.
    pub(crate) fn of(launched: &Launched, all: Option<i64>, simulated: bool) -> Self {
        let aws = launched.environments.iter().filter_map(|one| one.seconds).max();
        let visible = launched.environments.iter().filter_map(|one| one.visible).max();
        Self { commands: all.map(|all| all - aws.unwrap_or(0)), aws, visible, simulated }
    }
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("`{file}` is in `{FOLDER}`, and no environment can have that name")]
    Name { file: String, reason: String },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } => None,
            Self::Name { reason, .. } => Some(format!("{reason}; rename the file")),
        }
    }
}

impl Environments {
    pub(crate) fn load(project: &Project) -> Result<Self, Failure> {
        let mut loaded = Self { root: project.root.clone(), ..Self::default() };
        let folder = project.root.join(FOLDER);
        let failed = |source| Error::Read { path: folder.clone(), source };
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(loaded),
            Err(source) => return Err(failed(source).into()),
        };
        let mut files = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            files.extend(name.to_str().filter(|name| name.ends_with(".toml")).map(str::to_owned));
        }
        files.sort();
        for file_name in files {
            let on_disk = folder.join(&file_name);
            let text = file::read_text(&on_disk)?;
            if file_name == APPLICATION {
                loaded.application = Application::read(&format!("{FOLDER}/{APPLICATION}"), &text)?;
                continue;
            }
            let Some(name) = environment::named(&file_name) else { continue };
            if let Err(reason) = name.parse::<EnvironmentName>() {
                return Err(Error::Name { file: format!("{FOLDER}/{file_name}"), reason: reason.to_string() }.into());
            }
            loaded.all.push(Description::read(name, &environment::path(name), &text)?);
            loaded.texts.insert(name.to_owned(), text);
        }
        Ok(loaded)
    }

    pub(crate) fn all(&self) -> &[Description] {
        &self.all
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Description> {
        self.all.iter().find(|description| description.name == name)
    }

    /// The file that this description would be. `None`: it is so already.
    pub(crate) fn text(&self, description: &Description) -> Result<Option<String>, Failure> {
        let old = self.texts.get(&description.name).map(String::as_str);
        let new = environment::write(&environment::path(&description.name), old, description)?;
        Ok(Some(new).filter(|new| old != Some(new.as_str())))
    }

    /// Add a line to the record of rehearsals and rebuilds.
    pub(crate) fn note(&self, line: &DrillLine) -> Result<(), Failure> {
        file::make_folder(&self.root.join(FOLDER))?;
        let line = serde_json::to_string(line).expect("a line has string keys");
        Ok(file::append_own(&self.root.join(FOLDER).join(DRILLS), format!("{line}\n").as_bytes())?)
    }

    /// The last line of that record.
    pub(crate) fn last_drill(&self) -> Option<serde_json::Value> {
        let text = file::read_if_there(&self.root.join(FOLDER).join(DRILLS)).ok()??;
        let last = text.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty())?;
        serde_json::from_slice(last).ok()
    }

    /// Write the file of a description, beside and renamed.
    pub(crate) fn save(&self, description: &Description, text: &str) -> Result<(), Failure> {
        let path = self.root.join(environment::path(&description.name));
        file::make_folder(&self.root.join(FOLDER))?;
        Ok(file::write_own(&path, text.as_bytes())?)
    }
}
