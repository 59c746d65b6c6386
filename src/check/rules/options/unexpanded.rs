//! Unexpanded: variables in the values of properties, where no shell reads them.

use std::ops::Range;

use crate::beanstalk::config_file::DEFAULT_NAMESPACE;
use crate::check::rules::settings::keys::says_secret;
use crate::check::subject::Subject;

pub(super) fn check(subject: &mut Subject<'_>) {
    let customizations = subject.customizations;
    // Compose fills in what its file `.env` has.
    if customizations.composes() {
        return;
    }
    for file in customizations.used() {
        let properties = file.option_settings.iter().filter(|setting| setting.namespace.value == DEFAULT_NAMESPACE);
        let found = properties.filter(|setting| setting.name.value != "PYTHONPATH").find_map(|setting| {
            let name = &setting.name.value;
            let (variable, _) =
                variables(&setting.value.value).find(|(variable, _)| is_meant(subject, name, variable))?;
            Some((setting, variable.to_owned()))
        });
        let Some((setting, variable)) = found else { continue };
        let name = &setting.name.value;
        // A name of one's own has had nothing before.
        let loses = *name == variable && (variable == "PATH" || variable.ends_with("_PATH"));
        let message = match loses {
            true => format!(
                "`${variable}` stays as it is written: no shell reads properties, and `{name}` loses what it had before"
            ),
            false => format!("`${variable}` stays as it is written: no shell reads properties"),
        };
        let fix = match loses {
            true => {
                "set it where a shell runs, such as `web: sh -c 'PATH=/opt/x:$PATH exec gunicorn …'` in `Procfile`, or write all of it out"
            }
            // What it stands for belongs into no file.
            false if says_secret(name) => {
                "take the line out, and set the property in the console or as a secret of the environment; for keys of AWS, give the instance profile the rights"
            }
            false => "write out what it stands for",
        };
        subject.find("EB275", &file.path, setting.value.span.clone(), message, fix);
    }
}

/// Is it surely a variable, and no part of a password?
fn is_meant(subject: &Subject<'_>, name: &str, variable: &str) -> bool {
    const OF_THE_SYSTEM: [&str; 4] = ["HOME", "USER", "PORT", "HOSTNAME"];
    variable == name
        || variable == "PATH"
        || variable.ends_with("_PATH")
        || variable.starts_with("RDS_")
        || OF_THE_SYSTEM.contains(&variable)
        || subject.gives(variable)
}

/// Each `$NAME` and `${NAME}` of a value with its place; what CloudFormation fills in has neither form.
fn variables(value: &str) -> impl Iterator<Item = (&str, Range<usize>)> {
    let plain = !value.contains('`') && !value.contains("$$");
    value.match_indices('$').filter(move |_| plain).filter_map(|(at, _)| {
        let rest = &value[at + 1..];
        let (rest, braces) = rest.strip_prefix('{').map_or((rest, false), |rest| (rest, true));
        let end = rest.find(|char: char| !(char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_'));
        let name = &rest[..end.unwrap_or(rest.len())];
        let after = rest[name.len()..].chars().next();
        let closed = if braces { after == Some('}') } else { !after.is_some_and(|char| char.is_ascii_alphanumeric()) };
        (name.len() > 1 && name.starts_with(|char: char| char.is_ascii_alphabetic()) && closed)
            .then(|| (name, at..at + 1 + name.len()))
    })
}
