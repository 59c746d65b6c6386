//! The platform's engine: goes through the timeline, step by step, and ends the deployment where AWS would.

mod dependencies;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::{Error, Io};
use super::isolation::{Argv, Program};
use super::layout::STAGING;
use super::machine::{Machine, Ran};
use super::python::Python;
use super::services::{ImageDefaults, ProxyStart, Services};
use super::settings::Settings;
use super::supervisor::Service;
use super::{Event, hook};
use crate::beanstalk::config_file::CommandLine;
use crate::beanstalk::timeline::{Action, Environment, Failure, Stage, Step, Timeline, Work};
use crate::mode;

/// One pass through the timeline.
pub(crate) struct Engine<'a> {
    pub(crate) machine: &'a Arc<Machine>,
    pub(crate) timeline: &'a Timeline,
    pub(crate) python: &'a Python,
    pub(crate) settings: &'a Settings,
    /// Environment properties and what the platform adds to them.
    pub(crate) env: BTreeMap<String, String>,
    /// The bundle, unpacked and waiting for its step.
    pub(crate) unpacked: &'a Path,
    pub(crate) leader: bool,
    pub(crate) say: &'a mut dyn FnMut(Event),
}

impl Engine<'_> {
    pub(crate) fn run(&mut self, services: &mut Services) -> Result<(), Error> {
        for step in &self.timeline.steps {
            let instruction = step.instruction.map_or_else(|| format!("{:?}", step.stage), str::to_owned);
            self.machine.note("INFO", &format!("Executing instruction: {instruction}"));
            (self.say)(Event::Step { stage: step.stage, summary: step.summary });
            if let Err(error) = self.step(step, services) {
                // What goes on serving goes on answering messages. Whether the platform starts its daemon again is not known.
                if step.failure == Failure::KeepsOld && self.timeline.step(Stage::StartQueue).is_some() {
                    services.start_queue()?;
                }
                self.machine.note("ERROR", &format!("An error occurred during execution of [{instruction}]: {error}"));
                return Err(error);
            }
        }
        self.machine.note("INFO", "CommandService Response: {\"status\":\"SUCCESS\"}");
        Ok(())
    }

    fn step(&mut self, step: &Step, services: &mut Services) -> Result<(), Error> {
        let mut defaults = ImageDefaults::default();
        let mut processes = Vec::new();
        match step.stage {
            Stage::Unpack => self.stage_application()?,
            Stage::Flip => {
                if let Some(containers) = self.containers(step) {
                    self.build(step, &containers)?;
                    processes.extend(containers.web.map(|command| Service { name: "web".to_owned(), command }));
                    defaults = ImageDefaults { env: containers.env, port: containers.port };
                }
                services.stop_processes();
                self.machine.layout.flip()?;
            }
            Stage::CleanExtensions if step.runs.on(self.leader) => clean(&self.machine.layout.real(STAGING))?,
            Stage::StopProxy => services.stop_proxy(),
            Stage::StopQueue => services.stop_queue(),
            Stage::StartQueue => services.start_queue()?,
            Stage::Dependencies => self.venv(step)?,
            _ => {}
        }
        for action in &step.actions {
            if !(step.runs.on(self.leader) && action.runs.on(self.leader)) {
                self.skip(action);
            } else if let Work::Process { command } = &action.work {
                processes.push(Service { name: action.name.clone(), command: command.clone() });
            } else {
                self.action(step, action)?;
            }
        }
        match step.stage {
            Stage::Flip => {
                services.start_processes(processes, &defaults)?;
                if self.timeline.step(Stage::StartProxy).is_none() {
                    services.publish_port();
                }
                Ok(())
            }
            Stage::StartProxy => match services.start_proxy()? {
                ProxyStart::Serves => Ok(()),
                ProxyStart::Refused(why) => Err(self.failed(step, &why, "eb-engine.log", Vec::new())),
            },
            _ => Ok(()),
        }
    }

    fn skip(&mut self, action: &Action) {
        use crate::beanstalk::timeline::Runs;
        let why = match action.runs {
            Runs::Leader => "this instance is not the leader",
            Runs::Never { why } => why,
            Runs::All => "the step does not run",
        };
        self.machine.note("INFO", &format!("skipping {} `{}`: {why}", action.work.noun(), action.name));
    }

    fn action(&mut self, step: &Step, action: &Action) -> Result<(), Error> {
        match &action.work {
            Work::Command { command, test, env } => self.command(step, action, command, test.as_ref(), env),
            Work::Hook => self.hook(step, action),
            Work::Dependencies { command } => self.dependencies(step, action, command),
            Work::Build { command } => {
                let log = Arc::new(self.machine.journal("eb-engine.log"));
                let program = Program { argv: Argv::Shell(command), cwd: &action.cwd, env: &self.env };
                let ran = self.machine.run(&program, &log, self.settings.timeout())?;
                self.judge(step, action, &ran, "eb-engine.log")
            }
            Work::File { mode, content, base64, source, .. } => {
                self.file(action, mode.as_deref(), content.as_deref().filter(|_| !base64 && source.is_none()))
            }
            Work::Package { manager, .. } => {
                self.would_do(action, &format!("`{manager}` would install it on the instance"));
                Ok(())
            }
            Work::Group { .. } | Work::User { .. } => {
                self.would_do(action, "this machine's users are not the instance's");
                Ok(())
            }
            Work::Source { url } => {
                self.would_do(action, &format!("`{url}` would be downloaded and unpacked there"));
                Ok(())
            }
            Work::Service { .. } => {
                self.would_do(action, "this machine's services are not the instance's");
                Ok(())
            }
            Work::Containers => {
                if step.stage == Stage::Flip {
                    self.would_do(action, "containers need an engine; the web process runs without its image");
                }
                Ok(())
            }
            Work::ProxyFile | Work::Process { .. } => Ok(()),
        }
    }

    /// `StageApplication`: what was unpacked becomes staging.
    fn stage_application(&mut self) -> Result<(), Error> {
        let layout = &self.machine.layout;
        layout.remove(STAGING)?;
        let staging = layout.real(STAGING);
        std::fs::rename(self.unpacked, &staging).doing("fill", &staging)?;
        hook::prepare(self.machine, self.say)
    }

    fn command(
        &mut self,
        step: &Step,
        action: &Action,
        line: &CommandLine,
        test: Option<&CommandLine>,
        extra: &[(String, String)],
    ) -> Result<(), Error> {
        let early = step.stage == Stage::Extensions;
        if early && !self.machine.isolation.is_namespace() {
            self.would_do(action, "a command that may change the machine runs only in a namespace of its own");
            return Ok(());
        }
        // cfn-init gives a command its own `env` and nothing else; container commands keep the properties.
        let mut env = match step.environment {
            Environment::Unconfirmed if early => self.machine.base.clone(),
            _ => self.env.clone(),
        };
        env.extend(extra.iter().cloned());
        let log = Arc::new(self.machine.journal("cfn-init-cmd.log"));
        let init = self.machine.journal("cfn-init.log");
        log.line(&format!("--- {} `{}`", action.work.noun(), action.name));
        let machine = Arc::clone(self.machine);
        let run = |line: &CommandLine| {
            let argv = match line {
                CommandLine::Shell(text) => Argv::Shell(text),
                CommandLine::Program(list) => Argv::List(list),
            };
            machine.run(&Program { argv, cwd: &action.cwd, env: &env }, &log, self.settings.timeout())
        };
        if let Some(test) = test
            && !run(test)?.end.good()
        {
            init.line(&format!("[INFO] Test failed for command {}", action.name));
            (self.say)(Event::Skipped {
                noun: "command",
                name: action.name.clone(),
                why: "its test failed".to_owned(),
            });
            return Ok(());
        }
        let ran = run(line)?;
        let word = if ran.end.good() { "succeeded" } else { "failed" };
        init.line(&format!("[INFO] Command {} {word}: {}", action.name, ran.end));
        if early && !ran.end.good() && action.failure != Failure::Ignored {
            self.would_do(action, &format!("it failed here ({}), where the machine is read-only", ran.end));
            return Ok(());
        }
        self.judge(step, action, &ran, "cfn-init-cmd.log")
    }

    fn hook(&mut self, step: &Step, action: &Action) -> Result<(), Error> {
        let path = format!("{}/{}", action.cwd, action.origin.path);
        let log = Arc::new(self.machine.journal("eb-hooks.log"));
        log.line(&format!("--- {}", action.origin.path));
        if let Err(why) = hook::runnable(&self.machine.layout.real(&path)) {
            return Err(self.failed(
                step,
                &format!("hook `{}` cannot be started: {why}", action.origin.path),
                "eb-hooks.log",
                Vec::new(),
            ));
        }
        let argv = [path];
        let program = Program { argv: Argv::List(&argv), cwd: &action.cwd, env: &self.env };
        let ran = self.machine.run(&program, &log, self.settings.timeout())?;
        self.judge(step, action, &ran, "eb-hooks.log")
    }

    /// A file that the project wants on the instance: written where the instance is ours.
    fn file(&mut self, action: &Action, mode: Option<&str>, content: Option<&str>) -> Result<(), Error> {
        let ours = super::layout::ROOTS.iter().any(|root| Path::new(&action.name).starts_with(root));
        let clean = !Path::new(&action.name).components().any(|part| part == std::path::Component::ParentDir);
        let (Some(content), true) = (content, ours && clean) else {
            self.would_do(action, "it lies outside of what is the instance's here");
            return Ok(());
        };
        let file = self.machine.layout.write(&action.name, self.machine.isolation.rewrite(content))?;
        if let Some(mode) = mode.and_then(|text| u32::from_str_radix(text, 8).ok()) {
            mode::set(&file, mode & 0o777).doing("set the mode of", &file)?;
        }
        Ok(())
    }

    /// Consequence for the deployment after `ran`.
    fn judge(&mut self, step: &Step, action: &Action, ran: &Ran, log: &str) -> Result<(), Error> {
        let noun = action.work.noun();
        let name = match action.work {
            Work::Hook => &action.origin.path,
            _ => &action.name,
        };
        self.machine.note("INFO", &format!("{noun} `{name}`: {}", ran.end));
        if ran.end.good() {
            (self.say)(Event::Ran { noun, name: name.clone() });
            return Ok(());
        }
        if action.failure == Failure::Ignored {
            self.warn(&format!("{noun} `{name}` failed ({}), which `ignoreErrors` allows", ran.end));
            return Ok(());
        }
        // What a hook asks of the site says less than the site itself does.
        let tail = match action.work {
            Work::Hook if name.contains("postdeploy/") => beside(&ran.last, &self.machine.journal(WEB).tail(OWN)),
            _ => ran.last.clone(),
        };
        Err(self.failed(step, &format!("{noun} `{name}` failed: {}", ran.end), log, tail))
    }

    fn failed(&self, step: &Step, message: &str, log: &str, tail: Vec<String>) -> Error {
        Error::Step {
            instruction: step.instruction.map_or_else(|| step.summary.to_owned(), str::to_owned),
            message: message.to_owned(),
            consequence: step.failure,
            log: self.machine.log_path(log),
            tail,
            stand_in: self.python.stands_in_for.clone().map(|there| Box::new((self.python.version.clone(), there))),
        }
    }

    fn would_do(&mut self, action: &Action, why: &str) {
        let noun = action.work.noun();
        self.machine.note("INFO", &format!("not done here: {noun} `{}`: {why}", action.name));
        (self.say)(Event::Unsupported { noun, name: action.name.clone(), why: why.to_owned() });
    }

    fn note(&mut self, text: &str) {
        self.machine.note("INFO", text);
        (self.say)(Event::Note(text.to_owned()));
    }

    fn warn(&mut self, text: &str) {
        self.machine.note("WARN", text);
        (self.say)(Event::Warning(text.to_owned()));
    }
}

/// The log of the web process.
const WEB: &str = "web.stdout.log";
/// How many of its lines, and how many of the hook's that waited for it.
const OWN: usize = 9;
const WAITED: usize = 3;

/// Last lines of a hook, and those of the process that it waited for.
fn beside(hook: &[String], process: &[String]) -> Vec<String> {
    let mut lines = hook.to_vec();
    // Whoever waits says the same thing many times.
    lines.dedup();
    let own = process.iter().map(|line| format!("{WEB}: {line}"));
    lines.split_off(lines.len().saturating_sub(WAITED)).into_iter().chain(own).collect()
}

/// Remove every `.ebextensions` folder below `dir`.
fn clean(dir: &Path) -> Result<(), Error> {
    for path in folders(dir) {
        if path.file_name().is_some_and(|name| name == crate::beanstalk::customizations::EXTENSIONS) {
            std::fs::remove_dir_all(&path).doing("remove", &path)?;
        } else {
            clean(&path)?;
        }
    }
    Ok(())
}

fn folders(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_extensions_reach_the_running_version() {
        let dir = tempfile::tempdir().unwrap();
        for path in [".ebextensions/deep", "app/.ebextensions", "app/kept"] {
            std::fs::create_dir_all(dir.path().join(path)).unwrap();
        }
        clean(dir.path()).unwrap();
        assert!(!dir.path().join(".ebextensions").exists());
        assert!(!dir.path().join("app/.ebextensions").exists());
        assert!(dir.path().join("app/kept").exists());
    }
}
