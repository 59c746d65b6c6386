//! Option settings: is there such an option, may it have this value, and do several of them go together?

mod surprises;
mod together;
mod twice;
mod unexpanded;
mod values;

use crate::beanstalk::config_file::{ConfigFile, DEFAULT_NAMESPACE, OptionSetting, SECRETS_NAMESPACE as SECRETS};
use crate::beanstalk::options::{self, ConfigOption};
use crate::beanstalk::platforms::Family;
use crate::beanstalk::yaml::{Kind, Span};
use crate::check::finding::Edit;
use crate::check::subject::Subject;
use crate::level::Level;
use crate::ui::{nearest, ticked};

const STATIC_FILES: &str = "aws:elasticbeanstalk:environment:proxy:staticfiles";

pub(super) fn check(subject: &mut Subject<'_>) {
    let customizations = subject.customizations;
    for file in customizations.used() {
        for setting in &file.option_settings {
            one(subject, file, setting);
        }
        surprises::check(subject, file);
    }
    together::check(subject);
    unexpanded::check(subject);
    twice::check(subject);
    properties(subject);
    values::check(subject);
    super::places::python_path(subject);
}

fn one(subject: &mut Subject<'_>, file: &ConfigFile, setting: &OptionSetting) {
    let (namespace, name) = (setting.namespace.value.as_str(), setting.name.value.as_str());
    let language = subject.customizations.family.language();
    let Some(row) = options::find_on(language, namespace, name) else { return unknown(subject, file, setting) };
    if exists_here(subject, file, setting, row) {
        if let Err(invalid) = row.validate(&setting.value.value) {
            // YAML has made a boolean of `yes` and `on`.
            let boolean = row.kind == options::Kind::Boolean && matches!(setting.kind, Kind::Bool(_));
            if !boolean {
                let message = match invalid {
                    // A pattern is for machines.
                    options::Invalid::Pattern { value, .. } => {
                        format!("the deployment is rejected: `{value}` has not the form that `{name}` wants")
                    }
                    invalid => format!("the deployment is rejected: {invalid}"),
                };
                let fix = expected(row);
                subject.find("EB302", &file.path, setting.value.span.clone(), message, fix);
            }
        }
        if row.resource_name && setting.resource_name.is_none() {
            let message = format!("`{name}` belongs to a scheduled action, and this does not say to which");
            let fix = format!("give it a `resource_name`, or write `ACTION.{namespace}:` in the short form");
            subject.find("EB315", &file.path, setting.name.span.clone(), message, fix);
        }
    }
    if namespace == STATIC_FILES {
        static_files(subject, file, setting);
    }
    if namespace == "aws:rds:dbinstance" && name == "DBPassword" && is_secret(name, &setting.value.value) {
        let message = "the password of the database is readable for everybody who may look at this file";
        let fix = "set it when the environment is created, or make the database outside of it, with its password in Secrets Manager";
        subject.find("EB073", &file.path, setting.value.span.clone(), message, fix);
    }
    if namespace == "aws:rds:dbinstance" && name == "DBEngine" && !keeps_database(subject) {
        let message = "the database is deleted with the environment";
        let fix = "set `DBDeletionPolicy` to `Snapshot`, or create the database outside of the environment";
        subject.find("EB081", &file.path, setting.name.span.clone(), message, fix);
    }
}

fn keeps_database(subject: &Subject<'_>) -> bool {
    let policy = subject.customizations.option("aws:rds:dbinstance", "DBDeletionPolicy");
    policy.is_some_and(|policy| !policy.eq_ignore_ascii_case("Delete"))
}

/// Proposes the name that was meant, but not as a key that would then be `twice` in one mapping.
fn misspelt(subject: &mut Subject<'_>, file: &ConfigFile, span: Span, message: String, near: &str, twice: bool) {
    let is_key = file.text[span.end..].trim_start_matches(['"', '\'']).trim_start().starts_with(':');
    if twice && is_key {
        let fix = format!("did you mean `{near}`? It is there already: put what is below it there");
        subject.find("EB301", &file.path, span, message, fix);
    } else {
        subject.find("EB301", &file.path, span, message, format!("did you mean `{near}`?")).replace(near);
    }
}

fn unknown(subject: &mut Subject<'_>, file: &ConfigFile, setting: &OptionSetting) {
    let (namespace, name) = (setting.namespace.value.as_str(), setting.name.value.as_str());
    if !options::is_namespace(namespace) {
        let message = format!("the deployment is rejected: there is no namespace `{namespace}`");
        let span = setting.namespace.span.clone();
        // The file says it once, even if there are many options below it.
        let first = file.option_settings.iter().find(|other| other.namespace.span == span);
        if first.is_some_and(|first| first.name.span != setting.name.span) {
            return;
        }
        const OF_PLATFORMS: &str = "aws:elasticbeanstalk:container:";
        let family = subject.customizations.family;
        // The options of another platform would be refused like those of none.
        let elsewhere = |near: &str| {
            near.strip_prefix(OF_PLATFORMS).is_some_and(|rest| family != Family::Python || !rest.starts_with("python"))
        };
        match nearest(namespace, options::namespaces().filter(|known| !known.contains('*'))) {
            Some(near) if elsewhere(near) && family != Family::Other => {
                let fix = format!("take it out: {family} has no options of its own by that name");
                subject.find("EB301", &file.path, span, message, fix);
            }
            Some(near) => {
                let twice = file.option_settings.iter().any(|other| {
                    let other = &other.namespace;
                    other.span != span && (other.value == near || other.value == namespace)
                });
                misspelt(subject, file, span, message, near, twice);
            }
            None => {
                subject.find("EB301", &file.path, span, message, "`beansprout explain aws:` lists the namespaces");
            }
        }
        return;
    }
    let message = format!("the deployment is rejected: `{namespace}` has no option `{name}`");
    let span = setting.name.span.clone();
    if name.eq_ignore_ascii_case("StaticFiles") {
        let fix = format!("write `{STATIC_FILES}:`, and below it each URL with its folder, such as `/static: static`");
        subject.find("EB301", &file.path, span, message, fix);
        return;
    }
    let elsewhere = options::all().iter().find(|row| row.name == name && !row.is_cluster() && !row.is_retired());
    match (nearest(name, options::names(namespace)), elsewhere) {
        (Some(near), _) => {
            let twice = file
                .option_settings
                .iter()
                .any(|other| other.namespace.span == setting.namespace.span && other.name.value == near);
            misspelt(subject, file, span, message, near, twice);
        }
        (None, Some(row)) => {
            subject.find("EB301", &file.path, span, message, format!("it is in `{}`", row.namespace));
        }
        (None, None) => {
            subject.find(
                "EB301",
                &file.path,
                span,
                message,
                format!("`beansprout explain {namespace}` lists its options"),
            );
        }
    }
}

/// The block of the old namespace under its new name, without the slashes at the ends that the new one does not take.
fn moved(file: &ConfigFile, span: &std::ops::Range<usize>) -> Option<(std::ops::Range<usize>, String)> {
    let mut edits = vec![(span.clone(), STATIC_FILES.to_owned())];
    for setting in file.option_settings.iter().filter(|setting| setting.namespace.span == *span) {
        for (text, place) in [(&setting.name.value, &setting.name.span), (&setting.value.value, &setting.value.span)] {
            let short = text.trim_end_matches('/');
            let written = file.text.get(place.clone())?;
            if short.len() < text.len() && !short.is_empty() {
                edits.push((place.clone(), written.replacen(text.as_str(), short, 1)));
            }
        }
    }
    edits.sort_by_key(|(span, _)| span.start);
    let whole = edits.first()?.0.start..edits.last()?.0.end;
    let (mut at, mut text) = (whole.start, String::new());
    for (span, with) in edits {
        text.push_str(file.text.get(at..span.start)?);
        text.push_str(&with);
        at = span.end;
    }
    Some((whole, text))
}

/// Does the option exist on this platform at all?
fn exists_here(subject: &mut Subject<'_>, file: &ConfigFile, setting: &OptionSetting, row: &ConfigOption) -> bool {
    let (namespace, name) = (setting.namespace.value.as_str(), setting.name.value.as_str());
    let span = setting.name.span.clone();
    if namespace == "aws:elasticbeanstalk:container:python:staticfiles" {
        let message =
            "the first Amazon Linux had this namespace: the deployment is rejected, or the static files are a 404";
        let span = setting.namespace.span.clone();
        if file
            .option_settings
            .iter()
            .find(|other| other.namespace.span == span)
            .is_some_and(|first| first.name.span == setting.name.span)
        {
            let fix = format!("write `{STATIC_FILES}`, and no slashes at the ends of `/static` and of the folder");
            let edit = moved(file, &span);
            let finding = subject.find("EB020", &file.path, span, message, fix);
            if let Some((whole, with)) = edit {
                finding.edit(Edit::Replace { span: whole, with });
            }
        }
        return false;
    }
    if row.is_cluster() {
        let message = format!("`{name}` is an option of Beanstalk Cluster, which reads no `.config` files");
        subject.find("EB130", &file.path, span, message, "set it on the environment, or use the options of instances");
        return false;
    }
    if row.is_retired() || row.is_windows() {
        let place = row.only_for.unwrap_or_default();
        let message = format!("the deployment is rejected: `{name}` exists on {place} only");
        subject.find("EB304", &file.path, span, message, "delete it");
        return false;
    }
    let family = subject.customizations.family;
    // Nobody here knows what another one has.
    let Some(here) = family.language() else { return true };
    // An environment property may have any name, also one that means something to another platform only.
    let languages = row.languages().filter(|_| namespace != DEFAULT_NAMESPACE);
    if let Some(languages) = languages.filter(|languages| !languages.contains(&here)) {
        let where_it_is = languages.join(", ");
        let fix = "delete it, or name the platform in `.elasticbeanstalk/config.yml`";
        match subject.guessed() {
            false => {
                let message = format!("the deployment is rejected on {family}: `{name}` exists on {where_it_is} only");
                subject.find("EB304", &file.path, span, message, fix);
            }
            true => {
                let message = format!("`{name}` exists on {where_it_is} only, and this is taken for {family}");
                subject.find("EB304", &file.path, span, message, fix).level = Level::Note;
            }
        }
        return false;
    }
    if namespace == STATIC_FILES && family != Family::Python {
        let message = format!("this has no effect on {family}");
        subject.find(
            "EB304",
            &file.path,
            span,
            message,
            "serve static files from the container, with WhiteNoise for example",
        );
        return false;
    }
    // What is obsolete works as before; what is named as not supported does not.
    if let Some(why) = row.deprecated.filter(|why| !why.starts_with("obsolete")) {
        let message = format!("`{name}` is out of date: {}", why.trim_end_matches('.'));
        let fix = why
            .strip_prefix("use ")
            .map_or_else(|| "see `beansprout explain` for what takes its place".to_owned(), |new| format!("use {new}"));
        subject.find("EB305", &file.path, span, message, fix);
    }
    true
}

fn expected(row: &ConfigOption) -> String {
    if !row.allowed.is_empty() {
        return format!("write one of {}", ticked(&row.allowed));
    }
    match (row.kind, row.min.or(row.max)) {
        (options::Kind::Boolean, _) => "write `true` or `false`".to_owned(),
        (_, Some(_)) => {
            let unit = row.unit.map(|unit| format!(" {unit}")).unwrap_or_default();
            format!("write {}{unit}", options::range(row.min, row.max))
        }
        _ => format!("`beansprout explain {}` says what it may be", row.name),
    }
}

fn static_files(subject: &mut Subject<'_>, file: &ConfigFile, setting: &OptionSetting) {
    let value = setting.value.value.as_str();
    if value.starts_with('/') {
        let message =
            format!("`{value}` is looked for in the bundle, where no path begins with `/`: these files are a 404");
        let relative = value.trim_start_matches("/var/app/current").trim_matches('/').to_owned();
        subject
            .find("EB022", &file.path, setting.value.span.clone(), message, "write the folder as it lies in the bundle")
            .replace(relative);
    }
}

/// Environment properties as a whole: their size, their names, what is secret.
fn properties(subject: &mut Subject<'_>) {
    const LIMIT: usize = 4096;
    let customizations = subject.customizations;
    let mut last: std::collections::BTreeMap<&str, (&ConfigFile, &OptionSetting)> = std::collections::BTreeMap::new();
    for file in customizations.used() {
        for setting in file.option_settings.iter().filter(|setting| setting.namespace.value == DEFAULT_NAMESPACE) {
            last.insert(&setting.name.value, (file, setting));
        }
    }
    let bytes: usize = last.iter().map(|(name, (_, setting))| name.len() + setting.value.value.len() + 2).sum();
    if let Some((file, setting)) =
        last.values().max_by_key(|(_, setting)| setting.value.value.len()).filter(|_| bytes > LIMIT)
    {
        let message = format!(
            "the environment update is refused: all properties together have {bytes} bytes, and {LIMIT} are allowed"
        );
        subject.find(
            "EB072",
            &file.path,
            setting.name.span.clone(),
            message,
            format!("move secrets to `{SECRETS}`, and data to files"),
        );
    }
    for (name, (file, setting)) in &last {
        let allowed = |char: char| char.is_ascii_alphanumeric() || "_.:/+\\-@".contains(char);
        if !name.chars().all(allowed) {
            let message = format!("`{name}` has characters that the name of a property may not have");
            subject.find("EB316", &file.path, setting.name.span.clone(), message, "use letters, digits and `_`");
        }
        if *name == LOG_OFF && setting.value.value.eq_ignore_ascii_case("true") {
            let message = "the reason of a failed deployment will be missing: its log stays on the instance";
            subject.find("EB330", &file.path, setting.name.span.clone(), message, "leave it out");
        }
        // `API_PRIVATE` is a key by another name.
        let private =
            name.to_ascii_uppercase().ends_with("_PRIVATE") && is_secret(&format!("{name}_KEY"), &setting.value.value);
        if private || is_secret(name, &setting.value.value) {
            let message =
                format!("`{name}` is readable for everybody who may look at the environment, or at this file");
            let fix = format!("store it in Secrets Manager or Parameter Store, and its ARN under `{SECRETS}`");
            subject.find("EB073", &file.path, setting.value.span.clone(), message, fix);
        }
    }
}

/// With it, Elastic Beanstalk puts no deployment log into its bucket.
const LOG_OFF: &str = "EB_DEPLOYMENT_LOG_S3_DISABLED";

/// A word of letters, digits and more that no person would type: long, and mixed.
fn is_random(value: &str) -> bool {
    let has = |is: fn(&char) -> bool| value.chars().any(|char| is(&char));
    let mixed = has(char::is_ascii_digit) && (has(char::is_ascii_uppercase) || has(char::is_ascii_lowercase));
    value.len() >= 14 && mixed && !value.contains([' ', '/', '.', ','])
}

/// Is the whole value `$NAME`?
fn is_variable(value: &str) -> bool {
    let name = |name: &str| !name.is_empty() && name.chars().all(|char| char.is_ascii_uppercase() || char == '_');
    value.strip_prefix('$').is_some_and(name)
}

/// Does the name say secret, and the value look like one?
fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let named = ["SECRET", "PASSWORD", "PASSWD", "PRIVATE_KEY", "ACCESS_KEY", "API_KEY", "APIKEY", "AUTH_TOKEN"]
        .iter()
        .any(|word| name.contains(word));
    // What may be a secret by its name is one if the value looks as if a machine had made it.
    let perhaps = name.split('_').any(|word| matches!(word, "PASS" | "PWD" | "TOKEN" | "KEY" | "CREDENTIALS" | "SALT"));
    let named = named || (perhaps && is_random(value));
    let about = ["_NAME", "_ARN", "_ID", "_FILE", "_PATH", "_URL", "_HEADER"].iter().any(|end| name.ends_with(end))
        && !name.ends_with("ACCESS_KEY_ID");
    let url = value.split_once("://").is_some_and(|(_, rest)| {
        rest.split_once('@').is_some_and(|(user, _)| {
            user.split_once(':')
                .is_some_and(|(_, password)| !password.is_empty() && !password.starts_with(['$', '{', '<']))
        })
    });
    // `${NAME}` and `$NAME` stand for something that is put in later; a `$` inside of a word does not.
    let filled_in = value.starts_with("{{") || value.contains("${") || value.contains("$(") || is_variable(value);
    let placed = value.starts_with('<') && value.ends_with('>');
    // The path of a file that has it.
    let is_path = value.starts_with('/') && value.rsplit('/').next().is_some_and(|name| name.contains('.'));
    let filled_in = filled_in || is_path;
    let stands_for = value.contains('`') || value.starts_with("arn:") || placed || filled_in;
    // `/tmp/secrets.json` says where one is.
    let is_path = value.starts_with('/') && value.matches('/').count() > 1 && !value.contains(['+', '=', ' ', ':']);
    let plain = value.len() >= 6 && !stands_for && !is_path;
    const PLACEHOLDERS: [&str; 11] = [
        "change",
        "example",
        "your",
        "xxx",
        "placeholder",
        "todo",
        "replace",
        "update_me",
        "update-me",
        "dummy",
        "fill_",
    ];
    let placeholder = PLACEHOLDERS.iter().any(|word| value.to_ascii_lowercase().contains(word));
    !placeholder && plain && ((named && !about && !matches!(value, "true" | "false")) || url)
}
