//! Needs of the application before it can start: a virtual environment, its packages, and what an image would bring.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Engine;
use crate::beanstalk::timeline::{Action, Step, Work};
use crate::sandbox::instance::error::Error;
use crate::sandbox::instance::isolation::{Argv, Program};
use crate::sandbox::instance::journal::Journal;
use crate::sandbox::instance::layout::{STAGING, VENV};
use crate::sandbox::instance::machine::Ran;
use crate::sandbox::instance::python::{Dependencies, Reuse};
use crate::sandbox::instance::{Event, containers};

impl Engine<'_> {
    /// The part of the containers that can run here; none on a platform without any.
    pub(super) fn containers(&self, step: &Step) -> Option<containers::Plan> {
        let descriptor = step.actions.iter().find(|action| action.work == Work::Containers)?;
        Some(containers::Plan::read(&self.machine.layout.real(STAGING), &descriptor.origin.path))
    }

    /// In place of the image: its requirements, and what has to end well before the site starts.
    pub(super) fn build(&mut self, step: &Step, plan: &containers::Plan) -> Result<(), Error> {
        for (kind, what) in &plan.left_out {
            let why = "it needs the image or a container of its own".to_owned();
            (self.say)(Event::Unsupported { noun: kind, name: what.clone(), why });
        }
        let log = Arc::new(self.machine.journal("eb-engine.log"));
        let failed = |ran: &Ran| (!ran.end.good()).then(|| (ran.end, ran.last.clone()));
        let mut result = None;
        if self.machine.layout.real(STAGING).join("requirements.txt").is_file() {
            let dependencies = Dependencies::read(self.machine, "requirements.txt", "pip install -r requirements.txt")?;
            // An image begins with nothing.
            let venv = self.python.venv(self.machine, &log, Reuse::Same(dependencies.digest.clone()))?;
            let ran = venv.install(&dependencies, self.machine, &self.env, &log, self.settings.timeout())?;
            result = ran.as_ref().and_then(failed).map(|failed| ("requirements.txt".to_owned(), failed));
        } else {
            self.python.venv(self.machine, &log, Reuse::Always)?;
        }
        let mut env: BTreeMap<String, String> = plan.env.iter().cloned().collect();
        env.extend(self.env.clone());
        let path = env.get("PATH").cloned().unwrap_or_default();
        env.insert("PATH".to_owned(), format!("{VENV}/bin:{path}"));
        for (name, command) in &plan.first {
            if result.is_some() {
                break;
            }
            let program = Program { argv: Argv::Shell(command), cwd: STAGING, env: &env };
            let ran = self.machine.run(&program, &log, self.settings.timeout())?;
            match failed(&ran) {
                Some(failed) => result = Some((name.clone(), failed)),
                None => (self.say)(Event::Ran { noun: "container step", name: name.clone() }),
            }
        }
        match result {
            None => Ok(()),
            Some((name, (end, last))) => {
                Err(self.failed(step, &format!("`{name}` failed: {end}"), "eb-engine.log", last))
            }
        }
    }

    /// The virtual environment exists whether or not something is installed into it.
    pub(super) fn venv(&mut self, step: &Step) -> Result<(), Error> {
        if step.actions.is_empty() {
            let log = Arc::new(self.machine.journal("eb-engine.log"));
            self.python.venv(self.machine, &log, Reuse::Always)?;
            self.gunicorn(step, &log)?;
        }
        Ok(())
    }

    pub(super) fn dependencies(&mut self, step: &Step, action: &Action, command: &str) -> Result<(), Error> {
        use crate::beanstalk::timeline::Event as Why;
        let log = Arc::new(self.machine.journal("eb-engine.log"));
        let dependencies = Dependencies::read(self.machine, &action.name, command)?;
        let reuse = match self.timeline.event {
            Why::Launch | Why::ScaleOut => Reuse::Same(dependencies.digest.clone()),
            Why::Deploy | Why::Config => Reuse::Always,
        };
        let venv = self.python.venv(self.machine, &log, reuse)?;
        match venv.install(&dependencies, self.machine, &self.env, &log, self.settings.timeout())? {
            None => self.note(&format!("`{}` is as it was, and installed", action.name)),
            Some(ran) => self.judge(step, action, &ran, "eb-engine.log")?,
        }
        self.gunicorn(step, &log)
    }

    /// The platform brings gunicorn along, and nothing else. Here it comes when somebody asks for it.
    fn gunicorn(&mut self, step: &Step, log: &Arc<Journal>) -> Result<(), Error> {
        let asks = |action: &Action| matches!(&action.work, Work::Process { command } if command.contains("gunicorn"));
        let there = self.machine.layout.real(VENV).join("bin/gunicorn").exists();
        if there || !self.timeline.actions().any(|(_, action)| asks(action)) {
            return Ok(());
        }
        let argv = [format!("{VENV}/bin/pip"), "install".into(), "--quiet".into(), "gunicorn".into()];
        let program = Program { argv: Argv::List(&argv), cwd: STAGING, env: &self.env };
        let ran = self.machine.run(&program, log, self.settings.timeout())?;
        match ran.end.good() {
            true => Ok(()),
            false => Err(self.failed(
                step,
                "gunicorn, which the platform brings along, cannot be installed",
                "eb-engine.log",
                ran.last,
            )),
        }
    }
}
