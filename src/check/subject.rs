//! What the rules look at, and where they put what they find.

mod builders;
mod prepared;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use super::WorkTree;
use super::catalogue;
use super::django::loaded::{self, Module};
use super::django::{self, Settings};
use super::finding::{self, Edit, Finding};
pub(super) use super::images::DOCKERRUN;
use super::inside::Inside;
use super::script::{self, Script};
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::encoding;
use crate::beanstalk::platforms::Family;
use crate::beanstalk::requirements::Requirements;
use crate::beanstalk::tree::Tree;
use crate::level::Level;

/// Rules about what no `.config` file says, and the words by which one that cannot be read would say it.
const ABSENT: [(&str, &[&str]); 7] = [
    ("EB001", &["WSGIPath"]),
    ("EB013", &["environment"]),
    ("EB021", &["collectstatic", "staticfiles"]),
    ("EB023", &["collectstatic"]),
    ("EB040", &["packages", "yum", "dnf"]),
    ("EB132", &["environment"]),
    ("EB369", &["migrate"]),
];

pub(super) struct Subject<'a> {
    pub(super) tree: &'a Tree,
    pub(super) customizations: &'a Customizations,
    /// What git tracks is not known.
    pub(super) work_tree: WorkTree,
    scripts: Rc<[Script<'a>]>,
    settings: OnceCell<Option<Rc<Settings>>>,
    /// The settings module that the console is taken to name.
    assumed: Option<String>,
    requirements: OnceCell<Rc<Requirements>>,
    inside: OnceCell<Option<Rc<Inside>>>,
    loaded: OnceCell<Rc<[Module]>>,
    given: OnceCell<BTreeSet<String>>,
    findings: Vec<Finding>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(tree: &'a Tree, customizations: &'a Customizations, work_tree: WorkTree) -> Self {
        let scripts = script::scripts(tree, customizations).into();
        let (settings, requirements, given) = (OnceCell::new(), OnceCell::new(), OnceCell::new());
        let (assumed, inside, loaded, findings) = (None, OnceCell::new(), OnceCell::new(), Vec::new());
        Self {
            tree,
            customizations,
            work_tree,
            scripts,
            settings,
            assumed,
            requirements,
            inside,
            loaded,
            given,
            findings,
        }
    }

    /// The same, where the console names these settings.
    pub(super) fn assuming(&self, module: &str) -> Self {
        let assumed = Some(module.to_owned());
        Self { assumed, ..Self::new(self.tree, self.customizations, self.work_tree) }
    }

    pub(super) fn assumed(&self) -> Option<&str> {
        self.assumed.as_deref()
    }

    pub(super) fn found(&self) -> &[Finding] {
        &self.findings
    }

    pub(super) fn replace(&mut self, findings: Vec<Finding>) {
        self.findings = findings;
    }

    /// Of what was found after the first ones, nobody is sure: the image that runs may be another one.
    pub(super) fn doubt(&mut self, first: usize) {
        for finding in self.findings.iter_mut().skip(first).filter(|finding| finding.level == Level::Error) {
            finding.level = Level::Warning;
        }
    }

    /// Everything that a shell runs.
    pub(super) fn scripts(&self) -> Rc<[Script<'a>]> {
        Rc::clone(&self.scripts)
    }

    /// The settings that production gets, read once.
    pub(super) fn settings(&self) -> Option<Rc<Settings>> {
        let read = || {
            let mut settings = match &self.assumed {
                Some(module) => Settings::named(self.tree, self.customizations, module)?,
                // A project of Django's beside what is served has settings of its own affairs.
                None if !django::is_served(self.tree, self.customizations) => return None,
                None => Settings::read(self.tree, self.customizations)?,
            };
            settings.django = self.requirements().django();
            Some(Rc::new(settings))
        };
        self.settings.get_or_init(read).clone()
    }

    /// The image that the code runs in, where it is one that is known.
    pub(super) fn inside(&self) -> Option<Rc<Inside>> {
        let read = || Inside::read(self.tree, self.customizations).map(Rc::new);
        self.inside.get_or_init(read).clone()
    }

    /// What pip gets, read once: on the instance, or where the image is built.
    pub(super) fn requirements(&self) -> Rc<Requirements> {
        let read = || {
            let of_image = self.inside().and_then(|inside| inside.packages.as_deref().cloned());
            let mut found = of_image.unwrap_or_else(|| Requirements::read(&|path| self.tree.bytes(path)));
            // What a file says again it says once.
            let mut seen = BTreeSet::new();
            found.lines.retain(|line| {
                let whole = (line.path.clone(), line.constraint, line.text.clone(), line.hashes.clone());
                line.name.is_empty() || seen.insert(whole)
            });
            Rc::new(found)
        };
        Rc::clone(self.requirements.get_or_init(read))
    }

    /// The project's own modules that the server imports, read once.
    pub(super) fn loaded(&self) -> Rc<[Module]> {
        let read = || loaded::loaded(self.tree, self.customizations, self.settings().as_deref()).into();
        Rc::clone(self.loaded.get_or_init(read))
    }

    /// Is this place of a file part of a script that a deployment carries out?
    pub(super) fn is_carried_out(&self, path: &str, at: usize) -> bool {
        self.scripts().iter().any(|script| script.covers(path, at))
    }

    /// Does a load balancer take this answer for one of good health?
    pub(super) fn takes(&self, code: u16) -> bool {
        let matcher = self.customizations.option("aws:elasticbeanstalk:environment:process:default", "MatcherHTTPCode");
        let mut parts = matcher.unwrap_or_default().split(',').map(|part| part.split_once('-').unwrap_or((part, part)));
        let number = |text: &str| text.trim().parse::<u16>().ok();
        parts.any(|(from, to)| number(from).zip(number(to)).is_some_and(|(from, to)| (from..=to).contains(&code)))
    }

    /// Does a load balancer take redirects for an answer of good health?
    pub(super) fn takes_redirects(&self) -> bool {
        let matcher = self.customizations.option("aws:elasticbeanstalk:environment:process:default", "MatcherHTTPCode");
        matcher.is_some_and(|codes| codes.contains('3'))
    }

    /// Do the project's files set this property of the environment, or take it from a secret?
    pub(super) fn gives(&self, name: &str) -> bool {
        let given = || {
            let composed = django::composed(self.tree, self.customizations).into_keys();
            django::property_names(self.customizations).into_iter().chain(composed).collect()
        };
        self.given.get_or_init(given).contains(name)
    }

    /// Does a script run this file?
    pub(super) fn calls(&self, path: &str) -> bool {
        self.scripts.iter().flat_map(Script::runs).any(|run| run.carries_out(path))
    }

    /// Does something here name a file of this name? It may write it, or fetch it.
    pub(super) fn names_file(&self, name: &str) -> bool {
        self.scripts.iter().any(|script| script.text.contains(name))
            || self.customizations.used().any(|file| file.text.contains(name))
    }

    /// The file of a command of the project's own that Django knows, such as `manage.py createadmin`: its path and its text.
    pub(super) fn own_command(&self, name: &str) -> Option<(&'a str, &'a str)> {
        let path = django::commands::own(self.tree, self.settings().as_deref(), name)?;
        Some((path, self.tree.code(path)?))
    }

    /// Does a script make a folder on the way to this path of the instance?
    pub(super) fn makes_folder_of(&self, path: &str) -> bool {
        self.scripts.iter().flat_map(Script::host_runs).any(|run| {
            run.name() == "mkdir" && run.plain().any(|word| path.starts_with(word.text.trim_end_matches('/')))
        })
    }

    /// Is there a `manage.py` at the top that is Django's? Flask-Script calls its own so too.
    pub(super) fn django(&self) -> bool {
        let tree = self.tree;
        tree.is_file("manage.py")
            && tree
                .text("manage.py")
                .is_none_or(|text| text.trim().is_empty() || text.to_ascii_lowercase().contains("django"))
    }

    /// How a file is left out. Beside an `.ebignore`, the EB CLI does not read `.gitignore`: a new one must not have one line alone.
    pub(super) fn leaving_out(&self) -> &'static str {
        match self.tree.is_file(crate::project::FILE) {
            true => "`exclude` in `[bundle]`",
            false if self.tree.is_file(".ebignore") => "a line in `.ebignore`",
            false => {
                "a line in `.ebignore` (a new one begins as a copy of `.gitignore`, with `.git/`: the EB CLI reads nothing else then)"
            }
        }
    }

    /// Do services of `docker-compose.yml` take the place of the platform's own container and proxy?
    pub(super) fn composes(&self) -> bool {
        self.customizations.composes()
    }

    /// Is it said that there is one instance, without a load balancer?
    pub(super) fn single(&self) -> bool {
        self.customizations
            .option("aws:elasticbeanstalk:environment", "EnvironmentType")
            .is_some_and(|kind| kind.eq_ignore_ascii_case("SingleInstance"))
    }

    /// Does the metadata service answer whoever has no token? It does where an option says so.
    pub(super) fn answers_without_token(&self) -> bool {
        let off = self.customizations.option("aws:autoscaling:launchconfiguration", "DisableIMDSv1");
        off.is_some_and(|off| off.eq_ignore_ascii_case("false"))
    }

    /// Does a health check ask for no page? Network and classic load balancers see whether the port is open, unless they are told otherwise.
    pub(super) fn asks_port(&self) -> bool {
        let option = |namespace, name| self.customizations.option(namespace, name);
        let network = option("aws:elasticbeanstalk:environment", "LoadBalancerType")
            .is_some_and(|kind| kind.eq_ignore_ascii_case("network"));
        let protocol = option("aws:elasticbeanstalk:environment:process:default", "Protocol").unwrap_or("TCP");
        (network && protocol.eq_ignore_ascii_case("TCP")) || self.classic_asks_port()
    }

    /// A classic load balancer does so as well, unless a file names a page.
    fn classic_asks_port(&self) -> bool {
        let option = |namespace, name| self.customizations.option(namespace, name);
        let classic = option("aws:elasticbeanstalk:environment", "LoadBalancerType")
            .is_some_and(|kind| kind.eq_ignore_ascii_case("classic"));
        let asked = option("aws:elasticbeanstalk:application", "Application Healthcheck URL")
            .or_else(|| option("aws:elb:healthcheck", "Target"));
        let page = option("aws:elasticbeanstalk:environment:process:default", "HealthCheckPath").is_some();
        let port = |target: &str| ["TCP:", "SSL:"].iter().any(|word| target.to_ascii_uppercase().starts_with(word));
        classic && !page && asked.is_none_or(port)
    }

    /// Is the platform a guess, with signs that point elsewhere?
    pub(super) fn guessed(&self) -> bool {
        self.customizations.evidence.as_ref().is_some_and(|evidence| evidence.guess)
    }

    pub(super) fn python(&self) -> bool {
        self.customizations.family == Family::Python
    }

    /// Found in a part of a file.
    pub(super) fn find(
        &mut self,
        rule: &'static str,
        path: &str,
        span: Range<usize>,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> &mut Finding {
        let finding = self.find_file(rule, path, message, fix);
        finding.span = Some(span);
        finding
    }

    /// Found in a file as a whole, or in its absence.
    pub(super) fn find_file(
        &mut self,
        rule: &'static str,
        path: &str,
        message: impl Into<String>,
        fix: impl Into<String>,
    ) -> &mut Finding {
        let rule = catalogue::rule(rule).expect("every rule has its page");
        self.findings.push(Finding::new(rule, path, message.into(), fix.into()));
        self.findings.last_mut().expect("one was just pushed")
    }

    /// Has this rule something to say of this file?
    pub(super) fn has_found(&self, rule: &str, path: &str) -> bool {
        self.findings.iter().any(|finding| finding.rule == rule && finding.path == path)
    }

    /// Has this rule a note, such as of what only some Pythons bring about?
    pub(super) fn has_noted(&self, rule: &str) -> bool {
        self.findings.iter().any(|finding| finding.rule == rule && finding.level == Level::Note)
    }

    /// Has this rule something to say of this place?
    pub(super) fn has_found_at(&self, rule: &str, path: &str, span: &Range<usize>) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.rule == rule && finding.path == path && finding.span.as_ref() == Some(span))
    }

    /// The findings, located and sorted, and the text of every file that was read.
    pub(super) fn finish(self) -> (Vec<Finding>, BTreeMap<String, String>) {
        // Rules read UTF-16 as pip does, and their places are those of the text that it is.
        let lossy =
            |content: &[u8]| encoding::pip(content).unwrap_or_else(|| String::from_utf8_lossy(content)).into_owned();
        let mut texts: BTreeMap<String, String> =
            self.tree.iter().filter_map(|(path, _)| Some((path.to_owned(), lossy(self.tree.content(path)?)))).collect();
        let mut findings = self.findings;
        // It may say what seems to be missing; that it cannot be read is found.
        let hidden = self
            .customizations
            .configs
            .iter()
            .filter(|file| file.problems.iter().any(|problem| problem.kind.hides_all()));
        for file in hidden {
            let said = |rule: &str| {
                let words = ABSENT.iter().find(|(absent, _)| *absent == rule).map(|(_, words)| *words);
                // What is no text has its words somewhere else.
                words.is_some_and(|words| file.text.is_empty() || words.iter().any(|word| file.text.contains(word)))
            };
            findings.retain(|finding| !said(finding.rule));
        }
        for finding in &mut findings {
            finding.fixable = finding.edit.is_some();
            if let Some(code) = self.tree.code(&finding.path).filter(|_| !texts.contains_key(&finding.path)) {
                texts.insert(finding.path.clone(), code.to_owned());
            }
        }
        finding::locate(&mut findings, &texts);
        findings.sort_by(|a, b| (&a.path, a.start, a.rule).cmp(&(&b.path, b.start, b.rule)));
        (findings, texts)
    }
}

impl Finding {
    pub(super) fn edit(&mut self, edit: Edit) {
        self.edit = Some(edit);
    }

    pub(super) fn replace(&mut self, with: impl Into<String>) {
        let span = self.span.clone().expect("only a finding with a place has something to replace");
        self.edit = Some(Edit::Replace { span, with: with.into() });
    }
}
