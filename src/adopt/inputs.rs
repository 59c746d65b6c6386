//! Inputs of a plan: the project as it was found, and the answers.

use std::collections::BTreeSet;

use crate::beanstalk::tree::Tree;
use crate::check::django::Variable;
use crate::stack::{self, Error, Scope, Stack, TargetPath};

use super::{Context, Detected};

/// Tells the content of a file, if there is one.
pub(crate) type Disk<'a> = dyn Fn(&TargetPath) -> Result<Option<Vec<u8>>, Error> + 'a;

/// Inputs of a plan.
pub(crate) struct Inputs<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) scope: &'a Scope,
    pub(crate) tree: &'a Tree,
    pub(crate) detected: &'a Detected,
    pub(crate) context: &'a Context,
    /// What is on disk, also what does not ship.
    pub(crate) disk: &'a Disk<'a>,
}

impl Inputs<'_> {
    pub(super) fn value(&self, name: &str) -> Option<&serde_json::Value> {
        self.scope.get(name)
    }

    pub(super) fn text(&self, name: &str) -> &str {
        self.value(name).and_then(serde_json::Value::as_str).unwrap_or_default()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.value(name).and_then(serde_json::Value::as_bool).unwrap_or_default()
    }

    /// Where a file goes: the package that is added lies among the project's modules.
    pub(super) fn place(&self, from: &str) -> String {
        match from.strip_prefix("deployment/") {
            Some(inside) => format!("{}{}/{inside}", self.detected.root, self.context.package),
            None => from.to_owned(),
        }
    }

    pub(super) fn why(&self, from: &str) -> String {
        let known = |name: &str| self.value("why").and_then(|why| why.get(name));
        let why = known(from).or_else(|| known(from.split_inclusive('/').next()?)).and_then(serde_json::Value::as_str);
        why.unwrap_or_default().to_owned()
    }

    /// What has to be installed beside the project's own, each with its version.
    pub(super) fn pins(&self) -> Result<Vec<String>, Error> {
        const FILE: &str = "requirements.txt";
        let has = |names: &[&str]| names.iter().any(|name| self.detected.packages.has(name));
        let theirs = self.detected.web.as_deref();
        let mut wanted: Vec<&str> = Vec::new();
        if theirs.is_none_or(|line| line.contains("gunicorn")) {
            wanted.push("gunicorn");
        }
        if theirs.is_none() && self.text("server") == "asgi" {
            wanted.extend(["uvicorn", "uvicorn-worker"]);
        }
        if self.flag("overlay") {
            match self.text("database") {
                "postgresql" if !has(&["psycopg", "psycopg2", "psycopg2-binary"]) => {
                    wanted.extend(["psycopg", "psycopg-binary"])
                }
                "mysql" if !has(&["mysqlclient", "PyMySQL"]) => wanted.push("PyMySQL"),
                _ => {}
            }
        }
        let template = self.stack.template(FILE)?.unwrap_or_default();
        let list = stack::render(FILE, &template, self.scope)?;
        let pinned = |line: &&str| line.split_once("==").is_some_and(|(name, _)| wanted.contains(&name));
        Ok(list.lines().filter(pinned).map(str::to_owned).collect())
    }

    /// Variables that the settings ask for, and that neither a file of the project nor the platform's own start sets.
    pub(super) fn asked(&self) -> impl Iterator<Item = &Variable> {
        let set = |name: &str| name == "DJANGO_SETTINGS_MODULE" || self.context.given.contains(name);
        self.context.required.iter().filter(move |variable| !set(&variable.name))
    }

    /// Environment properties that people have to set: whatever else is, and where no file of theirs does.
    pub(super) fn needed(&self) -> BTreeSet<String> {
        let (context, overlay) = (self.context, self.flag("overlay"));
        let mut needed: BTreeSet<String> =
            self.asked().filter(|variable| variable.when.is_none()).map(|variable| variable.name.clone()).collect();
        if overlay && (context.set_secret || context.offer_secret) {
            needed.insert(context.secret_name.clone());
        }
        if overlay && matches!(self.text("database"), "postgresql" | "mysql") {
            needed.insert("DATABASE_URL".to_owned());
        }
        if context.memory_unless {
            needed.extend(context.database_reads.iter().cloned());
        }
        if !self.text("secret_arn").is_empty() {
            needed.remove("SECRET_KEY");
        }
        needed.retain(|name| !context.given.contains(name));
        needed
    }
}
