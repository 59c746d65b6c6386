//! What of the project runs in a step.

use serde::Serialize;

use super::{CURRENT, Environment, Event, Failure, PORT, Runs, Stage, Step, User};
use crate::beanstalk::config_file::{self, CommandLine, ConfigFile};
use crate::beanstalk::customizations::{Customizations, Moment};
use crate::beanstalk::platforms::Family;
use crate::beanstalk::requirements::Source;
use crate::beanstalk::tree::file_name;
use crate::beanstalk::yaml::Span;

/// One thing of the project: a command, a script, a process.
#[derive(Debug, Clone, Serialize)]
pub struct Action {
    pub name: String,
    #[serde(flatten)]
    pub work: Work,
    pub origin: Origin,
    pub cwd: String,
    pub user: User,
    pub environment: Environment,
    pub runs: Runs,
    pub failure: Failure,
}

/// Where in the project it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    pub path: String,
    /// Counted from 1.
    pub line: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Work {
    Package {
        manager: String,
        versions: Vec<String>,
    },
    Group {
        gid: Option<String>,
    },
    User {
        uid: Option<String>,
        groups: Vec<String>,
        home: Option<String>,
    },
    /// An archive that is unpacked into the folder that the action is named for.
    Source {
        url: String,
    },
    /// A file that is written to the path that the action is named for.
    File {
        mode: Option<String>,
        owner: Option<String>,
        group: Option<String>,
        content: Option<String>,
        base64: bool,
        source: Option<String>,
    },
    Command {
        command: CommandLine,
        /// Runs first; the command is passed over unless it exits 0.
        test: Option<CommandLine>,
        env: Vec<(String, String)>,
    },
    Service {
        manager: String,
        enabled: Option<bool>,
        ensure_running: Option<bool>,
    },
    Hook,
    Dependencies {
        command: String,
    },
    Build {
        command: String,
    },
    ProxyFile,
    /// The file that describes an image or containers.
    Containers,
    Process {
        command: String,
    },
}

impl Work {
    /// Does something of the project's own run, which may look for variables?
    pub fn is_program(&self) -> bool {
        match self {
            Self::Command { .. } | Self::Hook | Self::Dependencies { .. } | Self::Build { .. } => true,
            Self::Containers | Self::Process { .. } => true,
            Self::Package { .. } | Self::Group { .. } | Self::User { .. } | Self::Source { .. } => false,
            Self::File { .. } | Self::Service { .. } | Self::ProxyFile => false,
        }
    }

    /// What kind of thing it is, for a table.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Package { .. } => "package",
            Self::Group { .. } => "group",
            Self::User { .. } => "user",
            Self::Source { .. } => "source",
            Self::File { .. } => "file",
            Self::Command { .. } => "command",
            Self::Service { .. } => "service",
            Self::Hook => "hook",
            Self::Dependencies { .. } => "dependencies",
            Self::Build { .. } => "build",
            Self::ProxyFile => "proxy file",
            Self::Containers => "containers",
            Self::Process { .. } => "process",
        }
    }
}

pub(super) fn actions(customizations: &Customizations, event: Event, step: &Step) -> Vec<Action> {
    let list = List { customizations, event, step };
    match step.stage {
        Stage::Extensions => list.extensions(),
        Stage::PrebuildHooks => list.hooks(Moment::Prebuild),
        Stage::PredeployHooks => list.hooks(Moment::Predeploy),
        Stage::PostdeployHooks => list.hooks(Moment::Postdeploy),
        Stage::Dependencies => customizations.dependencies.iter().map(|&file| list.dependencies(file)).collect(),
        Stage::Buildfile => list.buildfile(),
        Stage::ProxyFiles => customizations.proxy.iter().map(|path| list.whole_file(path, Work::ProxyFile)).collect(),
        Stage::ContainerCommands => list.container_commands(),
        Stage::Image => customizations.containers.iter().map(|path| list.whole_file(path, Work::Containers)).collect(),
        Stage::Flip => list.processes(),
        _ => Vec::new(),
    }
}

struct List<'a> {
    customizations: &'a Customizations,
    event: Event,
    step: &'a Step,
}

impl List<'_> {
    fn action(&self, name: &str, origin: Origin, work: Work) -> Action {
        let environment = if work.is_program() { self.step.environment } else { Environment::None };
        Action {
            name: name.to_owned(),
            work,
            origin,
            cwd: self.step.cwd.to_owned(),
            user: self.step.user,
            environment,
            runs: self.step.runs,
            failure: self.step.failure,
        }
    }

    fn whole_file(&self, path: &str, work: Work) -> Action {
        self.action(file_name(path), Origin { path: path.to_owned(), line: None }, work)
    }

    fn extensions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        let customizations = self.customizations;
        let in_file = |file: &ConfigFile, span: &Span, name: &str, work| self.action(name, origin(file, span), work);
        // rpm, then yum; the rest in no promised order.
        let mut packages: Vec<_> =
            customizations.used().flat_map(|file| file.packages.iter().map(move |package| (file, package))).collect();
        let rank = |manager: &str| ["rpm", "yum"].iter().position(|&known| known == manager).unwrap_or(2);
        packages.sort_by_key(|(_, package)| rank(&package.manager.value));
        actions.extend(packages.into_iter().map(|(file, package)| {
            let work = Work::Package { manager: package.manager.value.clone(), versions: package.versions.clone() };
            in_file(file, &package.name.span, &package.name.value, work)
        }));
        for group in customizations.merged(|file| &file.groups, |group| &group.name.value) {
            let work = Work::Group { gid: group.entry.gid.clone() };
            actions.push(in_file(group.file, &group.entry.name.span, &group.entry.name.value, work));
        }
        for user in customizations.merged(|file| &file.users, |user| &user.name.value) {
            let config_file::User { name, uid, groups, home } = user.entry;
            let work = Work::User { uid: uid.clone(), groups: groups.clone(), home: home.clone() };
            actions.push(in_file(user.file, &name.span, &name.value, work));
        }
        for source in customizations.merged(|file| &file.sources, |source| &source.target.value) {
            let work = Work::Source { url: source.entry.url.value.clone() };
            actions.push(in_file(source.file, &source.entry.target.span, &source.entry.target.value, work));
        }
        for file in customizations.merged(|file| &file.files, |file| &file.path.value) {
            let entry = file.entry;
            let work = Work::File {
                mode: entry.mode.as_ref().map(|mode| mode.value.clone()),
                owner: entry.owner.clone(),
                group: entry.group.clone(),
                content: entry.content.as_ref().map(|content| content.value.clone()),
                base64: entry.base64,
                source: entry.source.as_ref().map(|source| source.value.clone()),
            };
            actions.push(in_file(file.file, &entry.path.span, &entry.path.value, work));
        }
        for command in customizations.commands() {
            actions.push(self.command(command.file, command.entry));
        }
        for service in customizations.merged(|file| &file.services, |service| &service.name.value) {
            let config_file::Service { manager, name, enabled, ensure_running } = service.entry;
            let work =
                Work::Service { manager: manager.value.clone(), enabled: *enabled, ensure_running: *ensure_running };
            actions.push(in_file(service.file, &name.span, &name.value, work));
        }
        actions
    }

    fn command(&self, file: &ConfigFile, command: &config_file::Command) -> Action {
        let work = Work::Command {
            command: command.line.clone(),
            // The leader is chosen instead of tested.
            test: command.test.clone().filter(|_| !command.leader_only),
            env: command.env.clone(),
        };
        let mut action = self.action(&command.name.value, origin(file, &command.name.span), work);
        if let Some(cwd) = &command.cwd {
            action.cwd.clone_from(&cwd.value);
        }
        if command.ignore_errors {
            action.failure = Failure::Ignored;
        }
        action
    }

    fn container_commands(&self) -> Vec<Action> {
        let commands = self.customizations.container_commands();
        let actions = commands.into_iter().map(|command| {
            let mut action = self.command(command.file, command.entry);
            action.runs = match (action.runs, self.event) {
                (Runs::All, Event::ScaleOut) if command.entry.leader_only => Runs::Never {
                    why: "leader_only commands run when the environment is created and when a version is deployed, not on instances \
                          that are added later",
                },
                (Runs::All, _) if command.entry.leader_only => Runs::Leader,
                (runs, _) => runs,
            };
            action
        });
        actions.collect()
    }

    fn hooks(&self, moment: Moment) -> Vec<Action> {
        let hooks = self.customizations.hooks.iter().filter(|hook| hook.moment == moment);
        let actions = hooks.map(|hook| {
            let mut action = self.whole_file(&hook.path, Work::Hook);
            action.runs = match (hook.config, self.event == Event::Config) {
                (false, true) => Runs::Never { why: "hooks do not run in a configuration deployment, confighooks do" },
                (true, false) => Runs::Never { why: "confighooks run in configuration deployments only" },
                _ => Runs::All,
            };
            action
        });
        actions.collect()
    }

    fn dependencies(&self, source: Source) -> Action {
        self.whole_file(source.file(), Work::Dependencies { command: source.command().to_owned() })
    }

    fn buildfile(&self) -> Vec<Action> {
        let lines = self.customizations.buildfile.iter().flat_map(|file| &file.processes);
        let origin = || Origin { path: "Buildfile".to_owned(), line: None };
        lines.map(|line| self.action(&line.name, origin(), Work::Build { command: line.command.clone() })).collect()
    }

    fn processes(&self) -> Vec<Action> {
        if matches!(self.customizations.family, Family::Docker | Family::Ecs) {
            let containers = self.customizations.containers.iter();
            return containers.map(|path| self.whole_file(path, Work::Containers)).collect();
        }
        let Some(procfile) = &self.customizations.procfile else {
            // What starts on another platform is that platform's own matter.
            let python = self.customizations.family == Family::Python;
            return python.then(|| self.default_process()).into_iter().collect();
        };
        let origin = || Origin { path: "Procfile".to_owned(), line: None };
        let process = |line: &crate::beanstalk::procfile::Process| {
            self.action(&line.name, origin(), Work::Process { command: line.command.clone() })
        };
        procfile.processes.iter().map(process).collect()
    }

    /// What the engine writes where there is no Procfile.
    fn default_process(&self) -> Action {
        const NAMESPACE: &str = "aws:elasticbeanstalk:container:python";
        let option = |name: &str, default: &'static str| {
            self.customizations.option(NAMESPACE, name).unwrap_or(default).to_owned()
        };
        let (target, workers, threads) =
            (option("WSGIPath", "application"), option("NumProcesses", "1"), option("NumThreads", "15"));
        let command = format!("gunicorn --bind 127.0.0.1:{PORT} --workers={workers} --threads={threads} {target}");
        let origin = Origin { path: CURRENT.to_owned(), line: None };
        self.action("web", origin, Work::Process { command })
    }
}

fn origin(file: &ConfigFile, span: &Span) -> Origin {
    Origin { path: file.path.clone(), line: Some(file.line(span)) }
}
