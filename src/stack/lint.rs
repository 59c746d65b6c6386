//! Mistakes that render without an error: said to the author, who may have meant them.

use std::collections::BTreeSet;

use super::expression::{holds, names, names_of_condition};
use super::finding::{Finding, Row};
use super::locate::position_of;
use super::{Error, Stack, manifest, snippet};

/// Longest path that Windows takes, less what stands before a project.
const LONGEST_PATH: usize = 200;

/// What the manifest says to no end.
pub(super) fn manifest(stack: &Stack, rows: &[Row]) -> Result<Vec<Finding>, Error> {
    let mut found = Vec::new();
    let own = |name: &String| !stack.borrowed.contains(name);
    for question in stack.manifest.questions.iter().filter(|question| own(&question.key)) {
        let place = format!("question `{}`", question.key);
        if question.complaint.is_some() && question.pattern.is_none() {
            found.push(Finding::new(&place, "has a `complaint` and no `pattern` to complain about"));
        }
        if question.otherwise.is_some() && question.when.is_none() {
            found.push(Finding::new(&place, "has an `otherwise` and no `when`"));
        }
        let mut labels = BTreeSet::new();
        if !question.choices.iter().all(|choice| labels.insert(&choice.label)) {
            found.push(Finding::new(&place, "shows two choices with one label"));
        }
    }
    for rule in stack.manifest.rules.iter().filter(|rule| own(&rule.path)) {
        let Some(condition) = &rule.when else { continue };
        let place = format!("the condition of the rule for `{}`", rule.path);
        let mut always = rows.len() > 1;
        for row in rows {
            always = always && holds(&place, condition, &row.answers.scope)?;
        }
        if always {
            found.push(Finding::new(place, "always holds"));
        }
    }
    let used = used(stack)?;
    let tables = stack.manifest.data.keys().filter(|name| !used.contains(*name));
    // A stack on parts leaves many of their words alone.
    let tables = tables.filter(|name| stack.text.contains(&format!("[data.{name}]")));
    found.extend(tables.map(|name| Finding::new(format!("table `{name}`"), "is used by no file")));
    Ok(found)
}

/// Snippets that no file includes, nor another snippet.
fn idle_snippets(stack: &Stack) -> Result<Vec<Finding>, Error> {
    let used = stack.included()?;
    let own = stack.snippets.iter().map(|(name, _)| (name, format!("{}{name}", snippet::FOLDER)));
    let idle = own.filter(|(name, path)| !stack.borrowed.contains(path) && !used.contains(*name));
    Ok(idle.map(|(_, path)| Finding::new(path, "is included by no file")).collect())
}

/// Templates of parts that went on since this stack copied them.
fn shadows(stack: &Stack) -> Vec<Finding> {
    let place = |path: &String| position_of(&stack.text, manifest::FILE, &format!("`{path}`"));
    let told = stack.manifest.shadows.iter().filter_map(|(path, digest)| match stack.shadowed.get(path) {
        None => Some(Finding::new(path, "is in `[shadows]`, and replaces no file of a part").at(place(path))),
        Some((part, now)) if now != digest => {
            let text = format!("replaces a template of `{part}` that has moved on");
            let hint = format!("`beansprout stack parts {part} --eject '{path}'` shows it; then `\"{path}\" = \"{now}\"` in `[shadows]`");
            Some(Finding { hint: Some(hint), ..Finding::new(path, text) }.at(place(path)))
        }
        Some(_) => None,
    });
    told.collect()
}

/// Names that any template or condition uses.
pub(super) fn used(stack: &Stack) -> Result<BTreeSet<String>, Error> {
    let mut used = BTreeSet::new();
    let manifest = &stack.manifest;
    for question in &manifest.questions {
        for template in [&question.default, &question.otherwise].into_iter().flatten() {
            used.extend(names("", template)?);
        }
        for condition in question.when.iter().chain(question.choices.iter().filter_map(|choice| choice.when.as_ref())) {
            used.extend(names_of_condition("", condition)?);
        }
    }
    for template in manifest.derived.iter().map(|derived| &derived.value).chain(manifest.pin.values()) {
        used.extend(names("", template)?);
    }
    for condition in manifest.rules.iter().filter_map(|rule| rule.when.as_ref()) {
        used.extend(names_of_condition("", condition)?);
    }
    for (texts, condition) in manifest.extend.values().flatten().map(super::extension::Extension::texts) {
        for text in texts {
            used.extend(names("", text)?);
        }
        if let Some(condition) = condition {
            used.extend(names_of_condition("", condition)?);
        }
    }
    for (path, _) in stack.files.iter() {
        used.extend(names(path, path)?);
        if let Some(template) = stack.template(path)? {
            used.extend(names(path, &template)?);
        }
    }
    Ok(used)
}

/// What the files of the stack, or their renderings, will be surprised by.
pub(super) fn files(stack: &Stack, rows: &[Row]) -> Result<Vec<Finding>, Error> {
    let mut found = Vec::new();
    for (path, bytes) in stack.files.iter().filter(|(path, _)| !stack.borrowed.contains(*path)) {
        let name = path.rsplit('/').next().unwrap_or_default();
        if matches!(name, ".DS_Store" | "Thumbs.db" | "desktop.ini")
            || name.ends_with(['~'])
            || name.ends_with(".swp")
            || name.ends_with(".orig")
        {
            found.push(Finding::new(path, "is left behind by a program, and would be written into every project"));
        }
        let verbatim = stack.template(path)?.is_none();
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let asked = |question: &&super::question::Question| text.contains(&format!("{{{{ {} }}}}", question.key));
        if verbatim && let Some(question) = stack.manifest.questions.iter().find(asked) {
            found.push(Finding::new(path, format!("is copied byte for byte, and says `{{{{ {} }}}}`", question.key)));
        }
    }
    for (number, row) in rows.iter().enumerate() {
        for (path, planned) in row.plan.iter() {
            if let Some(text) = surprise(&path.to_string(), &planned.content, planned.executable) {
                let finding = Finding::new(path.to_string(), text);
                if !found.iter().any(|known: &Finding| known.is_like(&finding)) {
                    found.push(Finding { row: Some(number + 1), ..finding });
                }
            }
        }
    }
    found.extend(idle_snippets(stack)?);
    found.extend(shadows(stack));
    found.extend(updating(stack)?);
    Ok(found)
}

fn surprise(path: &str, content: &[u8], executable: bool) -> Option<String> {
    let text = std::str::from_utf8(content).ok()?;
    if path.chars().count() > LONGEST_PATH {
        return Some(format!("has a path of more than {LONGEST_PATH} characters, which Windows does not take"));
    }
    let script = text.trim_start_matches('\u{FEFF}').starts_with("#!");
    if script && text.starts_with('\u{FEFF}') {
        return Some("begins with a byte order mark: the system does not see its `#!`".to_owned());
    }
    if script && text.contains("\r\n") {
        return Some("is a script with line ends of Windows: no shell finds its interpreter".to_owned());
    }
    if script && !executable {
        return Some(
            "begins with `#!` and is not executable: a `[[rule]]` with `executable = true` makes it so".to_owned(),
        );
    }
    if path.ends_with(".json")
        && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text)
    {
        return Some(format!("is not JSON: {error}"));
    }
    if path.ends_with(".toml")
        && let Err(error) = toml::from_str::<toml::Table>(text)
    {
        return Some(format!("is not TOML: {}", error.message()));
    }
    None
}

/// Without these, nothing can ever be updated.
fn updating(stack: &Stack) -> Result<Vec<Finding>, Error> {
    const FILE: &str = crate::file::PROJECT;
    let Some(template) = stack.files.get(FILE).map(|_| stack.template(FILE)).transpose()?.flatten() else {
        return Ok(vec![Finding::new(FILE, "is not among the files: what grows from the stack can never be updated")]);
    };
    let used = names(FILE, &template)?;
    let missing = ["stack_spec", "answers"].into_iter().filter(|name| !used.contains(*name));
    Ok(missing
        .map(|name| {
            Finding::new(
                FILE,
                format!("does not say `{{{{ {name} }}}}`: what grows from the stack can never be updated"),
            )
        })
        .collect())
}
