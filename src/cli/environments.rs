//! The descriptions of a project's environments, as they lie in `environments/`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::beanstalk::name::EnvironmentName;
use crate::environment::{self, APPLICATION, Application, DRILLS, Description, FOLDER};
use crate::fault::{Exit, Failure, Fault};
use crate::file;
use crate::project::Project;
use crate::release::Launched;
use crate::ui::{Ui, count};

/// All descriptions, and the texts that they were read from.
#[derive(Debug, Default)]
pub(crate) struct Environments {
    root: PathBuf,
    all: Vec<Description>,
    texts: BTreeMap<String, String>,
    pub(crate) application: Application,
}

/// A line of the record of rehearsals and rebuilds.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DrillLine {
    pub(crate) time: Timestamp,
    /// How deep a rehearsal went, or `rebuild`.
    pub(crate) depth: Cow<'static, str>,
    pub(crate) tool: Cow<'static, str>,
    pub(crate) id: Option<String>,
    pub(crate) environments: usize,
    pub(crate) findings: usize,
    pub(crate) clocks: Clocks,
}

/// What a rebuild on AWS took, as its line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Measured {
    pub(crate) time: Timestamp,
    pub(crate) environments: usize,
    /// From the first request to the last good environment, in seconds.
    pub(crate) aws: i64,
}

impl Measured {
    /// So many of the last are told.
    const LAST: usize = 3;

    /// Of a line. A rehearsal on an embedded AWS says nothing about the real one.
    fn of(line: &DrillLine) -> Option<Self> {
        let DrillLine { time, depth, environments, clocks, .. } = line;
        let counts = matches!(&**depth, "aws" | "rebuild") && !clocks.simulated;
        let aws = clocks.aws.filter(|_| counts)?;
        Some(Self { time: *time, environments: *environments, aws })
    }

    pub(crate) fn sentence(all: &[Self]) -> Option<String> {
        let last = all.first()?;
        let seconds: Vec<String> = all.iter().map(|measured| format!("{} s", measured.aws)).collect();
        Some(format!(
            "measured here: {} on AWS took {}; the last was on {}, of {}",
            if all.len() == 1 { "the last rebuild".to_owned() } else { format!("the last {} rebuilds", all.len()) },
            seconds.join(", "),
            last.time.strftime("%Y-%m-%d"),
            count(last.environments, "environment"),
        ))
    }
}

/// Where the time went, in seconds. What people need to notice and to decide is not in it.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Clocks {
    /// This program's own work.
    pub(crate) commands: Option<i64>,
    /// From the first request to the last good environment.
    pub(crate) aws: Option<i64>,
    /// From the first request until the last of the sites answered under its name.
    pub(crate) visible: Option<i64>,
    /// Something else than AWS answered, so that AWS's part is not AWS's.
    pub(crate) simulated: bool,
}

impl Clocks {
    /// Those of a launch that `all` seconds went into, if that is known.
    pub(crate) fn of(launched: &Launched, all: Option<i64>) -> Self {
        let aws = launched.environments.iter().filter_map(|one| one.seconds).max();
        let visible = launched.environments.iter().filter_map(|one| one.visible).max();
        let commands = all.map(|all| all - aws.unwrap_or(0));
        Self { commands, aws, visible, simulated: launched.simulated }
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

/// A file of the folder that could not be read, and why.
pub(crate) struct Unread {
    pub(crate) path: String,
    pub(crate) why: Failure,
}

impl Environments {
    pub(crate) fn load(project: &Project) -> Result<Self, Failure> {
        let (loaded, unread) = Self::readable(project)?;
        unread.into_iter().next().map_or(Ok(loaded), |unread| Err(unread.why))
    }

    /// For what is asked of these, if any are named: what is wrong with the file of another is warned of.
    pub(crate) fn load_for(names: &[EnvironmentName], project: &Project, ui: &mut Ui) -> Result<Self, Failure> {
        let (loaded, unread) = Self::readable(project)?;
        let matters = |path: &str| names.is_empty() || names.iter().any(|name| environment::path(name) == path);
        for Unread { path, why } in unread {
            if matters(&path) || path.ends_with(APPLICATION) {
                return Err(why);
            }
            ui.warn(format_args!("left: {}", why.line()));
        }
        Ok(loaded)
    }

    /// Those that can be read, and the files that cannot.
    pub(crate) fn readable(project: &Project) -> Result<(Self, Vec<Unread>), Failure> {
        let mut loaded = Self { root: project.root.clone(), ..Self::default() };
        let folder = project.root.join(FOLDER);
        let failed = |source| Error::Read { path: folder.clone(), source };
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((loaded, Vec::new())),
            Err(source) => return Err(failed(source).into()),
        };
        let mut files = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            files.extend(name.to_str().filter(|name| name.ends_with(".toml")).map(str::to_owned));
        }
        files.sort();
        let mut unread = Vec::new();
        for file_name in files {
            if let Err(why) = loaded.read_file(&file_name) {
                unread.push(Unread { path: format!("{FOLDER}/{file_name}"), why });
            }
        }
        Ok((loaded, unread))
    }

    fn read_file(&mut self, file_name: &str) -> Result<(), Failure> {
        let path = format!("{FOLDER}/{file_name}");
        if file_name == APPLICATION {
            self.application = Application::read(&path, &file::read_text(&self.root.join(&path))?)?;
            return Ok(());
        }
        let Some(name) = environment::named(file_name) else { return Ok(()) };
        match name.parse::<EnvironmentName>() {
            Ok(name) => self.read(&name),
            Err(reason) => Err(Error::Name { file: path, reason: reason.to_string() }.into()),
        }
    }

    /// The descriptions of these alone: what is wrong with another file keeps nobody from what is asked of these.
    pub(crate) fn of(project: &Project, names: &[&EnvironmentName]) -> Result<Self, Failure> {
        let mut loaded = Self { root: project.root.clone(), ..Self::default() };
        for name in names {
            if loaded.root.join(environment::path(name)).try_exists().unwrap_or(true) {
                loaded.read(name)?;
            }
        }
        Ok(loaded)
    }

    fn read(&mut self, name: &str) -> Result<(), Failure> {
        let path = environment::path(name);
        let text = file::read_text(&self.root.join(&path))?;
        self.all.push(Description::read(name, &path, &text)?);
        self.texts.insert(name.to_owned(), text);
        Ok(())
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

    /// The lines of that record that can be read, newest first.
    pub(crate) fn drills(&self) -> impl Iterator<Item = DrillLine> {
        let text = file::read_if_there(&self.root.join(FOLDER).join(DRILLS)).ok().flatten().unwrap_or_default();
        let lines: Vec<DrillLine> =
            text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        lines.into_iter().rev()
    }

    /// The last rebuilds on AWS of which is known what they took, newest first.
    pub(crate) fn measured(&self) -> Vec<Measured> {
        self.drills().filter_map(|line| Measured::of(&line)).take(Measured::LAST).collect()
    }

    /// Write the file of a description, beside and renamed.
    pub(crate) fn save(&self, description: &Description, text: &str) -> Result<(), Failure> {
        let path = self.root.join(environment::path(&description.name));
        file::make_folder(&self.root.join(FOLDER))?;
        Ok(file::write_own(&path, text.as_bytes())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_measured_on_aws_counts() {
        let line = |depth: &str, aws: &str, simulated: bool| {
            let text = format!(
                r#"{{"time": "2026-11-20T08:00:00Z", "depth": "{depth}", "tool": "0.1.0", "environments": 2, "findings": 0, "clocks": {{"aws": {aws}, "simulated": {simulated}}}}}"#
            );
            Measured::of(&serde_json::from_str(&text).unwrap())
        };
        assert_eq!(line("sandbox", "1", true), None);
        assert_eq!(line("rebuild", "1", true), None);
        assert_eq!(line("check", "null", false), None);
        let all = [line("aws", "310", false).unwrap(), line("rebuild", "295", false).unwrap()];
        assert_eq!(
            Measured::sentence(&all).unwrap(),
            "measured here: the last 2 rebuilds on AWS took 310 s, 295 s; the last was on 2026-11-20, of 2 environments"
        );
        assert_eq!(Measured::sentence(&[]), None);
    }
}
