//! Unmigrated: applications with models, and without a migration that makes their tables.

use std::ops::Range;

use crate::beanstalk::lines::placed;
use crate::check::django::{self, Value};
use crate::check::subject::Subject;

const RULE: &str = "EB354";

pub(super) fn check(subject: &mut Subject<'_>) {
    let Some(settings) = subject.settings().filter(|_| subject.prepared()) else { return };
    let tree = subject.tree;
    // Who has other places for them, or another database for some, knows more than can be read here.
    let elsewhere =
        ["MIGRATION_MODULES", "DATABASE_ROUTERS"].iter().any(|name| *settings.value(name) != Value::Missing);
    let makes = subject.scripts().iter().any(|script| {
        script.django(&["makemigrations"]).is_some()
            || script.text.contains("syncdb")
            || script.text.contains("makemigrations")
    });
    let builds = |word: &str| {
        tree.iter().any(|(path, _)| {
            !path.ends_with(".py") && !path.ends_with(".md") && tree.text(path).is_some_and(|text| text.contains(word))
        })
    };
    let mongo = tree.iter().any(|(path, _)| {
        path.ends_with("models.py")
            && tree.code(path).is_some_and(|text| text.contains("djongo") || text.contains("mongoengine"))
    });
    if elsewhere
        || makes
        || mongo
        || ["makemigrations", "run-syncdb"].iter().any(|word| builds(word))
        || ["EB156"].iter().any(|rule| subject.found().iter().any(|finding| finding.rule == *rule))
    {
        return;
    }
    let root = django::root(tree);
    let apps = settings.value("INSTALLED_APPS").items().to_vec();
    let mut found: Vec<(String, String, Range<usize>)> = Vec::new();
    for app in apps.iter().filter_map(Value::text) {
        let name = app.split(".apps.").next().unwrap_or(app);
        let folder = format!("{root}{}", name.replace('.', "/"));
        let path = format!("{folder}/models.py");
        // Models of a package may stand in several files.
        let Some(text) = tree.code(&path).filter(|_| tree.is_file(&path)) else { continue };
        let migrations = format!("{folder}/migrations");
        let any = tree.iter().any(|(path, _)| {
            path.strip_prefix(&migrations)
                .is_some_and(|rest| rest.starts_with('/') && rest != "/__init__.py" && !rest.contains("/__pycache__"))
        });
        // A link or a folder that was left out leads nobody knows where.
        if any || tree.get(&migrations).is_some() && !tree.is_dir(&migrations) {
            continue;
        }
        if let Some(span) = model(text) {
            found.push((name.to_owned(), path, span));
        }
    }
    for (app, path, span) in found {
        let message = format!("`migrate` makes no table for the models of `{app}`: it has no migration");
        let fix = format!(
            "`python manage.py makemigrations {}`, and let what it writes ship",
            app.rsplit('.').next().unwrap_or(&app)
        );
        subject.find(RULE, &path, span, message, fix);
    }
}

/// The first class of a text that has a table of its own.
fn model(text: &str) -> Option<Range<usize>> {
    let lines: Vec<(usize, &str)> = placed(text).collect();
    let begins = |line: &str| line.starts_with("class ") && line.contains("(models.Model)");
    let of_body = |line: &str| line.trim().is_empty() || line.starts_with([' ', '\t', '#', ')']);
    let at = (0..lines.len()).filter(|at| begins(lines[*at].1)).find(|at| {
        let mut body = lines[at + 1..].iter().map(|(_, line)| *line).take_while(|line| of_body(line)).peekable();
        let own = body.peek().is_some();
        let without = |line: &str| {
            let line: String =
                line.split('#').next().unwrap_or_default().chars().filter(|char| !char.is_whitespace()).collect();
            ["abstract=True", "managed=False", "proxy=True"].contains(&line.as_str())
        };
        own && !body.any(without)
    })?;
    let (start, line) = lines[at];
    Some(start..start + line.trim_end().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_with_a_table() {
        let is = |text: &str, wanted: Option<&str>| assert_eq!(model(text).map(|span| &text[span]), wanted, "{text}");
        is("class A(models.Model):\n    x = 1\n", Some("class A(models.Model):"));
        is("class A(models.Model):\n    class Meta:\n        abstract = True\n\nclass B(A):\n    x = 1\n", None);
        is("class A(models.Model):\n    class Meta:\n        managed = False  # theirs\n", None);
        is("class A(Base):\n    x = 1\n", None);
        is("# class A(models.Model):\n", None);
        is("", None);
    }
}
