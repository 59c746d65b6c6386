//! What the program knows of Elastic Beanstalk: rules, recipes and options.

use std::fmt::Write as _;

use super::{MADE, cell, compare, prose};
use crate::beanstalk::defaults::{DEFAULTS, PlatformDefault};
use crate::beanstalk::options::{self, ConfigOption};
use crate::check::catalogue;
use crate::stack::Recipe;

#[test]
fn rules() {
    let mut page = format!(
        "{MADE}\n# Rules\n\nWhat `beansprout check` looks for. `beansprout explain EB001` tells the whole story of a rule, and so does its page.\n\n\
         An **error** will not work; a **warning** works, but not as meant or not for long; a **note** depends on what only a running environment knows, \
         and does not change the exit code.\n\n\
         | rule | name | level | what happens |\n|---|---|---|---|\n"
    );
    for rule in catalogue::rules() {
        let level = serde_json::to_value(rule.level).unwrap();
        let level = level.as_str().unwrap();
        let anchor = format!("{}-{}", rule.id.to_lowercase(), rule.name);
        let (id, name, summary) = (rule.id, rule.name, cell(rule.summary));
        writeln!(page, "| [{id}](rules/{}.md#{anchor}) | {name} | {level} | {summary} |", rule.family).unwrap();
    }
    compare("rules.md", &page);
}

#[test]
fn defaults() {
    let mut page = format!(
        "{MADE}\n# Platform defaults\n\nWhat acts where a project writes nothing, on the Python platform. `new`, `adopt`, `check` and `up` go by the same table.\n\n\
         | what is not written | what then holds | what it does to a usual Django project | who answers it |\n|---|---|---|---|\n"
    );
    for PlatformDefault { unwritten, then, django, answer } in DEFAULTS {
        writeln!(page, "| {} | {} | {} | {} |", cell(unwritten), cell(then), cell(django), cell(answer)).unwrap();
    }
    compare("platform-defaults.md", &page);
}

#[test]
fn recipes() {
    let recipes = Recipe::all().unwrap();
    let mut page = format!(
        "{MADE}\n# Recipes\n\nFrom what you want to the files that do it. `beansprout recipes WORDS` searches, in English and Japanese; \
         `beansprout add RECIPE` shows the files and writes them.\n\n| recipe | what it does |\n|---|---|\n"
    );
    for recipe in &recipes {
        writeln!(page, "| [`{name}`](#{name}) | {} |", cell(&recipe.title), name = recipe.name).unwrap();
    }
    for recipe in &recipes {
        write!(page, "\n## {}\n\n{}.\n\n{}\n\n{}\n", recipe.name, recipe.title, recipe.problem, recipe.runs).unwrap();
        let files: Vec<String> = recipe.files.iter().map(|file| format!("`{}`", file.path)).collect();
        write!(page, "\nWrites {}.", files.join(", ")).unwrap();
        let asks: Vec<String> = recipe.questions.iter().map(|question| format!("`{}`", question.key)).collect();
        match asks.is_empty() {
            true => page.push('\n'),
            false => writeln!(page, " Asks for {}.", asks.join(", ")).unwrap(),
        }
        for (title, lines) in [("Mind", &recipe.caveats), ("Sources", &recipe.sources)] {
            if !lines.is_empty() {
                write!(page, "\n{title}:\n\n").unwrap();
                lines.iter().for_each(|line| writeln!(page, "- {}", prose(line)).unwrap());
            }
        }
    }
    compare("recipes.md", &page);
}

/// What an option may be: its type, its values and their limits.
fn values(row: &ConfigOption) -> String {
    let kind = serde_json::to_value(row.kind).unwrap();
    let mut facts = vec![kind.as_str().unwrap().to_owned()];
    if !row.allowed.is_empty() {
        let allowed: Vec<String> = row.allowed.iter().map(|value| format!("`{value}`")).collect();
        facts = vec![allowed.join(", ")];
    }
    if row.case_sensitive {
        facts.push("upper and lower case differ".to_owned());
    }
    if row.min.is_some() || row.max.is_some() {
        facts.push(options::range(row.min, row.max));
    }
    facts.extend(row.unit.map(str::to_owned));
    facts.extend(row.max_length.map(|length| format!("at most {length} characters")));
    facts.extend(row.pattern.map(|pattern| format!("`{pattern}`")));
    cell(&facts.join("; "))
}

fn default(row: &ConfigOption) -> String {
    let mut all: Vec<String> = row.default.iter().map(|value| format!("`{value}`")).collect();
    all.extend(row.default_for.iter().map(|value| (*value).to_owned()));
    cell(&all.join("; "))
}

fn remarks(row: &ConfigOption) -> String {
    let told = |label: &str, fact: Option<&str>| fact.map(|fact| format!("{label}: {}.", fact.trim_end_matches('.')));
    let mut all: Vec<String> = vec![row.note.to_owned()];
    all.extend(told("Only", row.only_for.filter(|_| !row.is_cluster())));
    all.extend(told("Deprecated", row.deprecated));
    all.extend(told("Needs", row.requires));
    all.extend(told("Since", row.since.filter(|_| !row.is_cluster())));
    all.extend(told("A change", row.change.map(options::change)));
    if !row.set_by.is_empty() {
        all.push(format!("Also set by: {}.", row.set_by.join(", ")));
    }
    all.extend(told("Unconfirmed", row.unconfirmed));
    all.retain(|text| !text.is_empty());
    cell(&all.join(" "))
}

#[test]
fn options_page() {
    let mut page = format!(
        "{MADE}\n# Options\n\nEvery option setting of Elastic Beanstalk that beansprout knows: what `beansprout check` validates, and what \
         `beansprout explain OPTION` tells\nwith its source. A `*` stands for a name that you choose. Where no default is given, there is none. \
         *A change* says what the new value does to running\ninstances; *also set by* names clients that set a value on the environment itself, \
         where it wins over `.ebextensions`. What AWS does not document is\nmarked as unconfirmed.\n\n\
         Who wins, from the strongest: what was set on the environment itself (console, EB CLI, API), a saved configuration, `.ebextensions` (of \
         which the file\nthat comes last by name), the default.\n"
    );
    let mut namespace = "";
    for row in options::all() {
        if row.namespace != namespace {
            namespace = row.namespace;
            write!(page, "\n## {}\n\n", namespace.replace('*', "\\*")).unwrap();
            if row.is_cluster() {
                page.push_str("Environments of the type Beanstalk Cluster only, since 2026.\n\n");
            }
            page.push_str("| option | values | default | |\n|---|---|---|---|\n");
        }
        let name = row.name.replace('*', "\\*");
        writeln!(page, "| {name} | {} | {} | {} |", values(row), default(row), remarks(row)).unwrap();
    }
    compare("options.md", &page);
}
