//! A rule, an option or a namespace, with all that is known of it.

use std::fmt;

use serde::Serialize;

use super::Error;
use super::thing::Things;
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::options::{self, ConfigOption};
use crate::bundle::Scope;
use crate::check::catalogue::{self, Rule};
use crate::fault::Failure;
use crate::project::Project;
use crate::ui::{Answer, OutputFormat, Ui, nearest};

pub(super) fn explain(topic: &str, project: &Project, scope: &Scope, ui: &mut Ui) -> Result<(), Failure> {
    let upper = topic.to_ascii_uppercase();
    if let Some(rule) = catalogue::rule(&upper).or_else(|| catalogue::rules().iter().find(|rule| rule.name == topic)) {
        ui.answer(&Page::new(rule));
        return Ok(());
    }
    if let Some(prefix) = topic.strip_suffix(':').filter(|_| topic.starts_with("aws:")) {
        let known = options::namespaces().filter(|namespace| namespace.starts_with(prefix)).collect();
        ui.answer(&Namespaces { namespaces: known });
        return Ok(());
    }
    if options::is_namespace(topic) {
        let rows = options::all().iter().filter(|row| row.in_namespace(topic)).collect();
        ui.answer(&Options {
            topic: topic.to_owned(),
            options: rows,
            settings: settings(project, scope, |namespace, _| namespace == topic)?,
        });
        return Ok(());
    }
    // `namespace:Option` or `namespace Option`, or the option alone.
    let (namespace, name) = match topic.rsplit_once([' ', ':']) {
        Some((namespace, name)) if options::is_namespace(namespace.trim()) => (Some(namespace.trim()), name.trim()),
        _ => (None, topic),
    };
    let in_namespace = |row: &&ConfigOption| namespace.is_none_or(|namespace| row.in_namespace(namespace));
    let rows: Vec<&ConfigOption> =
        options::all().iter().filter(in_namespace).filter(|row| row.name.eq_ignore_ascii_case(name)).collect();
    if rows.is_empty() {
        let things = Things::find(topic, &super::read(project, scope)?);
        if !things.things.is_empty() {
            match ui.output_format() {
                OutputFormat::Json => ui.answer(&things),
                OutputFormat::People => ui.report(things.tell(ui.columns().min(100)).trim_end()),
            }
            return Ok(());
        }
        // A name that the project chose itself, such as an environment variable's.
        let settings = settings(project, scope, |_, option| option == name)?;
        let mut rows: Vec<_> =
            settings.iter().filter_map(|setting| options::find(&setting.namespace, &setting.option)).collect();
        rows.dedup_by_key(|row| row.namespace);
        if !rows.is_empty() {
            ui.answer(&Options { topic: name.to_owned(), options: rows, settings });
            return Ok(());
        }
        let names = options::all().iter().map(|row| row.name).chain(catalogue::rules().iter().map(|rule| rule.name));
        let near = nearest(name, names).map(str::to_owned);
        return Err(Error::UnknownTopic { topic: topic.to_owned(), near }.into());
    }
    let asked = |in_file: &str, option: &str| rows.iter().any(|row| row.in_namespace(in_file) && row.name == option);
    let settings = settings(project, scope, asked)?;
    ui.answer(&Options { topic: topic.to_owned(), options: rows, settings });
    Ok(())
}

/// A rule's page.
#[derive(Serialize)]
struct Page {
    id: &'static str,
    name: &'static str,
    family: &'static str,
    level: &'static str,
    summary: &'static str,
    text: &'static str,
}

impl Page {
    fn new(rule: &Rule) -> Self {
        let Rule { id, name, family, level, summary, text } = *rule;
        Self { id, name, family, level: level.word(), summary, text }
    }
}

impl Answer for Page {
    const SCHEMA: &str = "rule/1";
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {} ({})\n", self.id, self.name, self.level)?;
        let text = self.text.replacen(&format!("**{}** ", self.level), "", 1);
        // Lines of the file that is being shown.
        let mut shown = None;
        for line in text.lines() {
            let is_fence = line.starts_with("```");
            match shown {
                None if is_fence => shown = Some(0),
                None => writeln!(f, "{}", line.replace("**", "").trim_start_matches('>'))?,
                Some(lines) if is_fence => {
                    if lines == 0 {
                        writeln!(f, "    (empty)")?;
                    }
                    shown = None;
                }
                Some(lines) => {
                    writeln!(f, "    {line}")?;
                    shown = Some(lines + 1);
                }
            }
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Namespaces {
    namespaces: Vec<&'static str>,
}

impl Answer for Namespaces {
    const SCHEMA: &str = "namespaces/1";
}

impl fmt::Display for Namespaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.namespaces.iter().try_for_each(|namespace| writeln!(f, "{namespace}"))
    }
}

#[derive(Serialize)]
struct Options {
    topic: String,
    options: Vec<&'static ConfigOption>,
    /// Where the project's files set them, in the order in which they are read: the last one of an option counts.
    settings: Vec<Setting>,
}

#[derive(Serialize)]
struct Setting {
    namespace: String,
    option: String,
    /// The scheduled action that it is about: each has values of its own.
    resource: Option<String>,
    value: String,
    path: String,
    line: usize,
    /// Does a later setting take its place?
    overridden: bool,
}

impl Setting {
    fn sets(&self, namespace: &str, option: &str, resource: Option<&str>) -> bool {
        self.namespace == namespace && self.option == option && self.resource.as_deref() == resource
    }
}

fn settings(project: &Project, scope: &Scope, asked: impl Fn(&str, &str) -> bool) -> Result<Vec<Setting>, Failure> {
    let customizations: Customizations = super::read(project, scope)?;
    let mut settings: Vec<Setting> = Vec::new();
    for file in customizations.used() {
        for setting in &file.option_settings {
            let (namespace, option) = (&setting.namespace.value, &setting.name.value);
            if !asked(namespace, option) {
                continue;
            }
            let resource = setting.resource_name.as_ref().map(|name| name.value.clone());
            for earlier in &mut settings {
                earlier.overridden |= earlier.sets(namespace, option, resource.as_deref());
            }
            settings.push(Setting {
                namespace: namespace.clone(),
                option: option.clone(),
                resource,
                value: setting.value.value.clone(),
                path: file.path.clone(),
                line: file.line(&setting.name.span),
                overridden: false,
            });
        }
    }
    Ok(settings)
}

impl Answer for Options {
    const SCHEMA: &str = "options/1";
}

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, row) in self.options.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            let name = if row.name == "*" && !options::is_namespace(&self.topic) { &self.topic } else { row.name };
            one(f, name, row)?;
            self.in_project(f, row)?;
        }
        writeln!(f, "\nWho wins, from the strongest:")?;
        writeln!(f, "  1 what was set on the environment itself, by the console, the EB CLI or the API")?;
        writeln!(f, "  2 a saved configuration")?;
        writeln!(f, "  3 .ebextensions, of which the file that comes last by path")?;
        writeln!(f, "  4 the default")
    }
}

impl Options {
    /// Which file of the project sets an option last, and which others in vain.
    fn in_project(&self, f: &mut fmt::Formatter<'_>, row: &ConfigOption) -> fmt::Result {
        let of_row = |setting: &&Setting| {
            options::find(&setting.namespace, &setting.option)
                .is_some_and(|found| found.namespace == row.namespace && found.name == row.name)
        };
        let settings: Vec<&Setting> = self.settings.iter().filter(of_row).collect();
        if settings.is_empty() {
            return writeln!(f, "  No file of this project sets it.");
        }
        for Setting { namespace, option, resource, value, path, line, .. } in
            settings.iter().filter(|setting| !setting.overridden)
        {
            let place = match resource {
                Some(resource) => format!(" for {resource}"),
                None if row.namespace.contains('*') => format!(" in {namespace}"),
                None => String::new(),
            };
            writeln!(f, "  {path}:{line} sets it last: {option} = {value}{place}")?;
            let same = |other: &&&Setting| other.overridden && other.sets(namespace, option, resource.as_deref());
            for earlier in settings.iter().filter(same) {
                writeln!(f, "  {}:{} sets it in vain: {option} = {}", earlier.path, earlier.line, earlier.value)?;
            }
        }
        Ok(())
    }
}

fn one(f: &mut fmt::Formatter<'_>, name: &str, row: &ConfigOption) -> fmt::Result {
    writeln!(f, "{name}\n  in {}", row.namespace)?;
    if !row.note.is_empty() {
        writeln!(f, "  {}", row.note)?;
    }
    let mut fact = |key: &str, value: String| writeln!(f, "  {key:<12}{value}");
    let kind = format!("{:?}", row.kind).to_ascii_lowercase();
    let unit = row.unit.map(|unit| format!(", in {unit}")).unwrap_or_default();
    fact("type", format!("{kind}{unit}"))?;
    if !row.allowed.is_empty() {
        let case = if row.case_sensitive { " (exactly so)" } else { "" };
        fact("allowed", format!("{}{case}", row.allowed.join(", ")))?;
    }
    if row.min.is_some() || row.max.is_some() {
        fact("range", options::range(row.min, row.max))?;
    }
    let pairs = [
        ("pattern", row.pattern.map(str::to_owned)),
        ("length", row.max_length.map(|length| format!("{length} characters at most"))),
        ("default", Some(row.default.unwrap_or("none").to_owned())),
        ("", (!row.default_for.is_empty()).then(|| row.default_for.join("; "))),
        ("for", Some(row.only_for.unwrap_or("all platforms").to_owned())),
        ("deprecated", row.deprecated.map(str::to_owned)),
        ("since", row.since.map(str::to_owned)),
        ("requires", row.requires.map(str::to_owned)),
        ("a change", row.change.map(|severity| options::change(severity).to_owned())),
        (
            "set by",
            (!row.set_by.is_empty()).then(|| format!("{} too, which wins over files", row.set_by.join(" and "))),
        ),
        ("unconfirmed", row.unconfirmed.map(str::to_owned)),
        ("source", Some(row.source.to_owned())),
    ];
    pairs.into_iter().filter_map(|(key, value)| Some((key, value?))).try_for_each(|(key, value)| fact(key, value))
}
