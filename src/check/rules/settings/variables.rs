//! Where settings that need variables are loaded without them.

use crate::beanstalk::yaml::Span;
use crate::check::django::Settings;
use crate::check::script::{Place, at_manage};
use crate::check::subject::Subject;

const LOADS: &[&str] = &["manage.py", "django-admin"];

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    if settings.required.is_empty() {
        return;
    }
    image(subject, settings);
    other_users(subject, settings);
}

/// `RUN python manage.py …`: an image is built without the environment's properties.
fn image(subject: &mut Subject<'_>, settings: &Settings) {
    const FILE: &str = "Dockerfile";
    let Some(text) = subject.tree.text(FILE).filter(|_| !subject.python()) else { return };
    let mut said = String::new();
    for (span, instruction) in instructions(text) {
        let word = instruction.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        if matches!(word.as_str(), "ENV" | "ARG") {
            said.push_str(instruction);
            said.push('\n');
        }
        let Some(at) = LOADS.iter().find_map(|needle| instruction.find(needle)).filter(|_| word == "RUN") else {
            continue;
        };
        let sets = |name: &str| [instruction, &said].iter().any(|text| assigns(text, name));
        let other = [instruction, &said].iter().any(|text| {
            text.contains("--settings") || (text.contains("DJANGO_SETTINGS_MODULE") && !text.contains(&settings.module))
        });
        if let Some(required) = settings.required.iter().find(|required| !sets(&required.name) && !other) {
            let message =
                format!("the image is not built: there are no environment properties yet, and {}", required.stop());
            let fix = format!("give it a value for the build, `RUN {}=build python manage.py …`", required.name);
            let start = span.start + at;
            subject.find("EB024", FILE, start..start + "manage.py".len(), message, fix);
            return;
        }
    }
}

/// Instructions of a Dockerfile with their places; a `\` at the end of a line joins it with the next.
fn instructions(text: &str) -> Vec<(Span, &str)> {
    let mut found = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        at += line.len();
        let comment = line.trim_start().starts_with('#');
        if !comment && line.trim_end().ends_with('\\') {
            continue;
        }
        if comment && !text[start..at - line.len()].trim().is_empty() {
            continue; // between the lines of an instruction
        }
        if !comment {
            found.push((start..at, &text[start..at]));
        }
        start = at;
    }
    found
}

/// Is there `NAME=…`, or `ENV NAME …`?
fn assigns(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        before.is_none_or(|char| char.is_whitespace()) && after.is_some_and(|char| char == '=' || char.is_whitespace())
    })
}

/// `sudo`, a login and `env -i` start anew, without the properties.
fn other_users(subject: &mut Subject<'_>, settings: &Settings) {
    for script in subject.scripts().iter().filter(|script| !matches!(script.place, Place::Command(_))) {
        for run in script.host_runs().filter(|run| run.django().is_some()) {
            let line = script.line_of(run);
            let gives = |name: &str| run.lead.gives(name) || line.contains(&format!("export {name}="));
            let reads = line.contains("get-config") || line.contains("deployment/env");
            let missing = settings.required.iter().find(|required| !gives(&required.name)).filter(|_| !reads);
            let (Some(how), Some(required)) = (run.lead.emptied_by(), missing) else { continue };
            let message =
                format!("{} fails: `{how}` drops the environment properties, and {}", script.title(), required.stop());
            let span = at_manage(run).unwrap_or_else(|| run.span());
            subject.find("EB024", script.path, span, message, "`sudo -E`, or run it as root as the other steps do");
        }
    }
}
