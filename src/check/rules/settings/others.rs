//! Other settings: commands of Django's that work with other settings than the server's, and on other things by that.

use std::collections::{BTreeMap, BTreeSet};

use super::backends::Backend;
use super::candidates::is_development;
use super::module::is_missing;
use crate::check::django::{self, Named, Settings, Value};
use crate::check::script::{Place, Script, at_manage, fate};
use crate::check::subject::Subject;
use crate::check::words::{Run, assigned};
use crate::level::Level;

const RULE: &str = "EB173";
const KEY: &str = "DJANGO_SETTINGS_MODULE";

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    if !subject.python() {
        return;
    }
    let mut missing = false;
    let mut said = BTreeSet::new();
    for script in subject.scripts().iter().filter(|script| !matches!(script.place, Place::Command(_))) {
        for run in script.host_runs() {
            let Some((command, _)) = run.django() else { continue };
            let Some(chosen) = Chosen::by(subject, script, run) else { continue };
            if is_missing(subject, &chosen.named) {
                // Where `manage.py` names what is not there, each of its commands fails.
                if !(missing && chosen.by == By::Manage) {
                    absent(subject, script, run, &chosen);
                }
                missing |= chosen.by == By::Manage;
                continue;
            }
            let same = chosen.named.module == settings.module;
            if same && chosen.variables == django::properties(subject.customizations) {
                continue;
            }
            let root = django::root(subject.tree);
            let Some(mut other) = Settings::of(subject.tree, &root, &chosen.named.module, chosen.variables.clone())
            else {
                continue;
            };
            other.django = settings.django;
            let harm = match command.text.as_str() {
                "migrate" => database(settings, &other),
                "collectstatic" => static_files(settings, &other),
                _ => None,
            };
            let title = script.title();
            let Some(harm) = harm else {
                if !same
                    && is_development(&chosen.named.module)
                    && !is_development(&settings.module)
                    && said.insert(chosen.named.module.clone())
                {
                    let unless =
                        if chosen.by == By::Manage { ", unless an environment property names others" } else { "" };
                    let message = format!(
                        "{title} works with `{}`, and the server with `{}`{unless}",
                        chosen.named.module, settings.module
                    );
                    let fix = format!("set `{KEY}` as an environment property, to `{}`", settings.module);
                    let span = at_manage(run).unwrap_or_else(|| run.span());
                    subject.find(RULE, script.path, span.start..command.span.end, message, fix).level = Level::Note;
                }
                continue;
            };
            let unless = if chosen.by == By::Manage { ", unless an environment property names others" } else { "" };
            let how = match same {
                true => "with variables of its own".to_owned(),
                false => format!("with `{}`, and the server with `{}`", chosen.named.module, settings.module),
            };
            let message = format!("{title} works {how}{unless}: {harm}");
            let fix = match chosen.by {
                By::Manage => format!("set `{KEY}` as an environment property, to `{}`", settings.module),
                By::Line => "leave the settings to the environment property, as the server does".to_owned(),
            };
            let span = at_manage(run).unwrap_or_else(|| run.span());
            subject.find(RULE, script.path, span.start..command.span.end, message, fix).level =
                if chosen.by == By::Manage { Level::Warning } else { Level::Error };
        }
    }
}

/// A command with settings that do not ship.
fn absent(subject: &mut Subject<'_>, script: &Script<'_>, run: &Run, chosen: &Chosen) {
    let module = &chosen.named.module;
    let (what, level) = fate(script.forgives(run));
    let title = script.title();
    let span = at_manage(run).unwrap_or_else(|| run.span());
    let (message, level) = match chosen.by {
        By::Manage => (
            format!(
                "{title} {what}, unless `{KEY}` is set elsewhere: `manage.py` names `{module}`, which does not ship"
            ),
            Level::Warning,
        ),
        By::Line => (format!("{title} {what}: there is no module `{module}`"), level),
    };
    subject.find("EB111", script.path, span, message, "name the settings module of production").level = level;
}

/// Who says with which settings a command works.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// The command's own line, or one before it.
    Line,
    /// `manage.py`, where nobody else does.
    Manage,
}

/// The settings that a command works with, and its variables.
struct Chosen {
    named: Named,
    by: By,
    variables: BTreeMap<String, String>,
}

impl Chosen {
    /// `None`: only the instance knows.
    fn by(subject: &Subject<'_>, script: &Script<'_>, run: &Run) -> Option<Self> {
        let mut variables = django::properties(subject.customizations);
        let property = variables.get(KEY).cloned().or_else(|| subject.assumed().map(str::to_owned));
        let own = own_variables(script, run)?;
        if run.lead.emptied_by().is_some() || (script.called && script.text.contains(KEY) && own.is_empty()) {
            return None;
        }
        variables.extend(own.iter().map(|(name, value)| (name.clone(), value.clone())));
        let named = |module: String| Named { module, path: String::new(), span: 0..0 };
        if let Some(module) = option(run).or_else(|| own.get(KEY).cloned()) {
            return Some(Self { named: named(module), by: By::Line, variables });
        }
        let by = if own.is_empty() { By::Manage } else { By::Line };
        if let Some(module) = property {
            return (by == By::Line).then(|| Self { named: named(module), by, variables });
        }
        at_manage(run)?;
        Some(Self { named: django::in_python(subject.tree, "manage.py")?, by, variables })
    }
}

/// What `--settings` says.
fn option(run: &Run) -> Option<String> {
    let words: Vec<&str> = run.arguments.iter().map(|word| word.text.as_str()).collect();
    let at = words.iter().position(|word| *word == "--settings");
    let after = at.and_then(|at| words.get(at + 1)).copied();
    after.or_else(|| words.iter().find_map(|word| word.strip_prefix("--settings="))).map(str::to_owned)
}

/// The variables that a script gives a command; `None` where one of them is computed.
fn own_variables(script: &Script<'_>, run: &Run) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    if let Place::ContainerCommand(command) = script.place {
        found.extend(command.env.iter().cloned());
    }
    let before = script.runs().iter().filter(|other| {
        other.name() == "export" && other.program.span.start < run.program.span.start && other.lead.is_beside(&run.lead)
    });
    let exported = before.flat_map(|other| &other.arguments).filter_map(|word| assigned(&word.text));
    found.extend(exported.map(|(name, value)| (name.to_owned(), value.to_owned())));
    for (name, value) in run.lead.given() {
        found.insert(name.to_owned(), value?.to_owned());
    }
    // `PATH` and its kind say nothing about settings.
    found.retain(|name, _| !name.starts_with("PATH") && name != "PYTHONPATH");
    (!found.values().any(|value| value.contains(['$', '`']))).then_some(found)
}

/// What becomes of the tables, if the two ask different databases.
fn database(server: &Settings, other: &Settings) -> Option<String> {
    let of = |settings: &Settings| settings.value("DATABASES").get("default").clone();
    let (server, other) = (of(server), of(other));
    let engine = other.get("ENGINE").text()?;
    let sqlite = |value: &Value| value.text().is_some_and(|engine| engine.ends_with("sqlite3"));
    let own = server.by_default().get("ENGINE").by_default().text();
    if sqlite(other.get("ENGINE")) && other.get("NAME").is_replaced_file() {
        let elsewhere = own.is_some_and(|own| !own.ends_with("sqlite3"));
        let by_variable = server == Value::Environment { default: None };
        return (elsewhere || by_variable)
            .then(|| "the tables are made in an SQLite file, and the server's database has none".to_owned());
    }
    (own? != engine)
        .then(|| format!("the tables are made by `{engine}`, and the server asks `{}`", own.unwrap_or_default()))
}

/// What becomes of the files, if the two keep them in different places.
fn static_files(server: &Settings, other: &Settings) -> Option<String> {
    let (theirs, own) = (Backend::of_static_files(server), Backend::of_static_files(other));
    if theirs.is_undecided() || own.is_undecided() {
        return None;
    }
    if theirs.is_here() != own.is_here() {
        let (from, to) = ("on the instance", "in a storage elsewhere");
        let (from, to) = if own.is_here() { (from, to) } else { (to, from) };
        return Some(format!("the files are put {from}, and pages look for them {to}"));
    }
    if theirs.has_manifest() && !own.has_manifest() {
        return Some("it writes no manifest, and every page looks its files up in one".to_owned());
    }
    let folder = |settings: &Settings| settings.value("STATIC_ROOT").in_project().map(str::to_owned);
    let (from, to) = (folder(other)?, folder(server)?);
    (own.is_here() && from != to).then(|| format!("the files are put into `{from}`, and looked for in `{to}`"))
}
