//! Flask: what an application is configured with, and what that leads to on an instance.

use std::collections::BTreeSet;

use crate::beanstalk::tree::file_name;
use crate::check::django::configured::PREFIX;
use crate::check::django::loaded::{Module, followed};
use crate::check::django::{self, Setting, Settings, Value};
use crate::check::images::dockerfiles;
use crate::check::installed::Installed;
use crate::check::rules::descriptors::containers;
use crate::check::rules::settings::demanded::is_demanded;
use crate::check::rules::settings::keys::{is_named_secret, is_placeholder, written};
use crate::check::rules::settings::local::Place;
use crate::check::rules::settings::storage::{is_replaced, replaced_database};
use crate::check::rules::settings::upload_limit;
use crate::check::subject::Subject;

const FIX: &str = "set it as a property or secret of the environment, and let the application stop where it is missing";
/// What sessions and tokens are signed with.
const SIGN: [&str; 4] = ["SECRET_KEY", "JWT_SECRET_KEY", "WTF_CSRF_SECRET_KEY", "SECURITY_PASSWORD_SALT"];

/// The address of the database, as Flask-SQLAlchemy calls it.
const DATABASE: &str = "SQLALCHEMY_DATABASE_URI";

/// `read` are the modules, as far as assignments in them could be followed.
pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module], read: &[Settings]) {
    let mut said: BTreeSet<(String, usize)> = BTreeSet::new();
    for settings in read {
        let names = settings.iter().filter_map(|(name, setting)| Some((name.strip_prefix(PREFIX)?, setting)));
        for (name, setting) in names {
            // One file may be read for several others.
            if !said.insert((setting.path.clone(), setting.span.start)) {
                continue;
            }
            match name {
                _ if !is_read(subject, name) => {}
                _ if judged(subject, settings, name, setting) => {}
                _ if is_named_secret(name, setting.value.by_default())
                    && written(subject, settings, setting.value.by_default()) =>
                {
                    let message = format!("everybody who can read the code has this key: `{name}` is in it");
                    let fix = "make a new one, and read it from a secret of the environment";
                    subject.find("EB112", &setting.path, setting.span.clone(), message, fix);
                }
                _ => {}
            }
        }
    }
    let names: Vec<&str> = SIGN.iter().chain(&[DATABASE, "MAX_CONTENT_LENGTH"]).copied().collect();
    for (settings, name, setting) in in_classes(subject, modules, read, &names) {
        judged(subject, settings, name, &setting);
    }
    uploads(subject, modules, read);
}

/// Keys that sign, and a database that is a file, in code that comes with the `Dockerfile` of an image: what else it is told there is the
/// image's own.
pub(super) fn of_images(subject: &mut Subject<'_>) {
    if subject.settings().is_some() {
        return;
    }
    let tree = subject.tree;
    let folder = |path: &String| path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let folders: BTreeSet<String> = dockerfiles(subject.tree, subject.customizations).iter().map(folder).collect();
    let begins = |path: &&str| {
        let own = path.ends_with(".py") && folders.iter().any(|folder| path.starts_with(folder.as_str()));
        let configures = |text: &str| text.contains("Flask(") || text.contains(".config.from_object(");
        own && (matches!(file_name(path), "config.py" | "settings.py") || tree.code(path).is_some_and(configures))
    };
    let paths: Vec<&str> = tree.iter().map(|(path, _)| path).filter(begins).collect();
    let modules = followed(tree, &paths);
    let read = read(subject, &modules);
    let told = read.iter().flat_map(|settings| {
        let set = move |name: &'static str| Some((settings, name, settings.get(&format!("{PREFIX}{name}"))?.clone()));
        SIGN.into_iter().chain([DATABASE]).filter_map(set)
    });
    let mut found: Vec<(&Settings, &str, Setting)> = told.collect();
    let names: Vec<&str> = SIGN.into_iter().chain([DATABASE]).collect();
    found.extend(in_classes(subject, &modules, &read, &names));
    let asks = modules.iter().flat_map(|module| &module.imports).any(|import| import.module.contains("sqlalchemy"));
    let mounts = containers::are_mounted(subject);
    let mut said: BTreeSet<(String, usize)> = BTreeSet::new();
    for (settings, name, setting) in found {
        // A variable of the image may be given where nobody looks here.
        let Some(text) = setting.value.text() else { continue };
        let is_file = text.starts_with("sqlite");
        if !said.insert((setting.path.clone(), setting.span.start)) {
            continue;
        }
        match name {
            DATABASE if is_file && asks && !mounts => database(subject, &setting),
            DATABASE => {}
            _ if !is_read(subject, name) => {}
            _ => key(subject, settings, name, &setting),
        }
    }
}

/// Does anything ask for a key that only a package of Flask's knows by this name: that package, or the code itself?
fn is_read(subject: &Subject<'_>, name: &str) -> bool {
    let packages: &[&str] = match name {
        "JWT_SECRET_KEY" => &["flask_jwt", "appbuilder", "superset"],
        "WTF_CSRF_SECRET_KEY" => &["wtf", "appbuilder", "superset"],
        "SECURITY_PASSWORD_SALT" => &["flask_security"],
        _ => return true,
    };
    let tree = subject.tree;
    let reads = |text: &str| {
        let is_given = |rest: &str| {
            let rest = rest.trim_start_matches(['"', '\'', ']', ' ']);
            rest.starts_with('=') && !rest.starts_with("==")
        };
        packages.iter().any(|package| text.contains(package))
            || text.match_indices(name).any(|(at, _)| !is_given(&text[at + name.len()..]))
    };
    tree.iter().filter(|(path, _)| path.ends_with(".py")).filter_map(|(path, _)| tree.code(path)).any(reads)
}

/// Files of visitors that are kept below the application, in the folder that a setting names.
fn uploads(subject: &mut Subject<'_>, modules: &[Module], read: &[Settings]) {
    const NAME: &str = "UPLOAD_FOLDER";
    let tree = subject.tree;
    let text = |module: &Module| without_comments(tree.code(&module.path).unwrap_or_default());
    let all: Vec<String> = modules.iter().map(text).collect();
    let has = |word: &str| all.iter().any(|text| text.contains(word));
    // What is taken away again, or sent somewhere else, is not meant to stay.
    let passes =
        ["os.remove(", "os.unlink(", ".unlink(", "rmtree(", "upload_file(", "upload_fileobj(", "put_object(", "/mnt/"];
    if !has("request.files") || !has(".save(") {
        return;
    }
    let saving = |text: &&String| text.contains("request.files") || text.contains(".save(");
    let calls = |name: &str| all.iter().filter(saving).any(|text| text.contains(name));
    let passed = |text: &String| {
        let mut places = passes.iter().flat_map(|word| text.match_indices(word));
        // In a function that whoever saves does not name, nobody does it.
        places.any(|(at, _)| function_at(text, at).is_none_or(&calls))
    };
    if all.iter().filter(saving).any(|text| passes.iter().any(|word| text.contains(word))) || all.iter().any(passed) {
        return;
    }
    let found =
        read.iter().find_map(|settings| settings.get(&format!("{PREFIX}{NAME}")).or_else(|| settings.get(NAME)));
    let Some(setting) = found else { return };
    let relative = |text: &str| !text.is_empty() && !text.starts_with('/') && !text.contains(':');
    let here = setting.value.in_project().is_some() || setting.value.text().is_some_and(relative);
    if here && subject.python() {
        let message = "uploads are lost with the next deployment, and each instance sees its own only";
        let fix = "keep them in S3, with `boto3` and the role of the instance";
        let (path, span) = (setting.path.clone(), setting.span.clone());
        subject.find("EB082", &path, span, message, fix);
    }
}

/// A text without the lines that are comments.
fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(|line| [line, "\n"]).collect()
}

/// The function that a place of a text stands in, by its name.
fn function_at(text: &str, at: usize) -> Option<&str> {
    let line = at + text[at..].find('\n').unwrap_or(text.len() - at);
    let begin = text[..line].rfind("def ")? + "def ".len();
    text[begin..].split('(').next()
}

/// What is judged by its name, wherever it is told; tells whether it is.
fn judged(subject: &mut Subject<'_>, settings: &Settings, name: &str, setting: &Setting) -> bool {
    match name {
        _ if SIGN.contains(&name) => key(subject, settings, name, setting),
        "SQLALCHEMY_DATABASE_URI" | "SQLALCHEMY_DATABASE_URL" => {
            if may_ask(subject) {
                database(subject, setting);
            }
        }
        "MAX_CONTENT_LENGTH" => {
            if let Some(bytes) = setting.value.number() {
                upload_limit::said(subject, setting, bytes, ["Flask", "an upload", "would take"]);
            }
        }
        _ => return false,
    }
    true
}

/// Before the names that a class has, by the words that say for which environment it is.
const ELSEWHERE: [&str; 5] = ["test", "dev", "local", "debug", "ci"];

/// What all classes of a configuration have in common, where nobody sees which of them the application is told.
fn in_classes<'s, 'n>(
    subject: &Subject<'_>,
    modules: &[Module],
    read: &'s [Settings],
    names: &[&'n str],
) -> Vec<(&'s Settings, &'n str, Setting)> {
    let tree = subject.tree;
    let code = |path: &String| tree.code(path).unwrap_or_default();
    let told = |name: &str| read.iter().any(|settings| settings.get(&format!("{PREFIX}{name}")).is_some());
    if !modules.iter().any(|module| chosen_elsewhere(code(&module.path))) {
        return Vec::new();
    }
    // Another file may say it anew.
    let all = || tree.iter().filter(|(path, _)| path.ends_with(".py")).filter_map(|(path, _)| tree.code(path));
    let more = [
        "config.from_envvar(",
        "config.from_pyfile(",
        "config.from_prefixed_env(",
        "config.from_file(",
        "config.from_json(",
    ];
    if all().any(|text| more.iter().any(|call| text.contains(call))) {
        return Vec::new();
    }
    let anew = |name: &str| {
        let forms = [format!("config[\"{name}\"] ="), format!("config['{name}'] =")];
        let key = name == "SECRET_KEY" && all().any(|text| text.contains(".secret_key ="));
        key || all().any(|text| forms.iter().any(|form| text.contains(form.as_str())))
    };
    let mut found = Vec::new();
    for settings in read.iter().filter(|settings| settings.files.len() == 1) {
        let text = settings.files.first().map(code).unwrap_or_default();
        for name in names {
            let setting = common(settings, text, name).filter(|_| !told(name) && !anew(name));
            found.extend(setting.map(|setting| (settings, *name, setting.clone())));
        }
    }
    found
}

/// Does a text give an application a configuration that it names by a variable, or by a part of a name?
fn chosen_elsewhere(text: &str) -> bool {
    const CALL: &str = ".config.from_object(";
    text.match_indices(CALL).any(|(at, _)| {
        let argument = text[at + CALL.len()..].split(')').next().unwrap_or_default().trim();
        let last = argument.rsplit('.').next().unwrap_or_default();
        let is_class = last.starts_with(char::is_uppercase) && last.chars().all(char::is_alphanumeric);
        let is_text = argument.starts_with(['"', '\'']) && !argument.contains(['%', '{', '+']);
        !argument.is_empty() && !is_class && !is_text
    })
}

/// The one assignment of a name that each class of a file has, but for those for the desk.
fn common<'s>(settings: &'s Settings, text: &str, name: &str) -> Option<&'s Setting> {
    let for_desk = |class: &str| ELSEWHERE.iter().any(|word| class.to_ascii_lowercase().contains(word));
    let classes = text.lines().filter_map(|line| line.strip_prefix("class ")?.split(['(', ':', ' ']).next());
    let mut found: Option<&Setting> = None;
    for class in classes.filter(|class| class.contains("Config") && !for_desk(class)) {
        let setting = settings.get(&format!("{class}.{name}"))?;
        if found.is_some_and(|other| other.span != setting.span) {
            return None;
        }
        found = Some(setting);
    }
    found
}

/// May nobody else have said what a variable is? A secret's value is not known.
fn is_given(subject: &Subject<'_>, setting: &Setting) -> bool {
    setting.variables().any(|name| subject.gives(name))
}

fn key(subject: &mut Subject<'_>, settings: &Settings, name: &str, setting: &Setting) {
    let (rule, message, fix) = match (&setting.value, setting.value.by_default()) {
        (Value::Random, _) => (
            "EB083",
            "each process makes its own key: users are logged out at random",
            "read it from an environment property or secret",
        ),
        (Value::Text(key), _) if !key.is_empty() && written(subject, settings, &setting.value) => (
            "EB112",
            "everybody who can read the code can sign sessions: the key is in it",
            "read it from an environment property or secret",
        ),
        (Value::Environment { .. }, Value::Text(key))
            if !key.is_empty() && !is_given(subject, setting) && !is_demanded(subject, name, setting) =>
        {
            (
                "EB132",
                "unless a variable of the environment says otherwise, sessions are signed with the key that everybody can read here",
                FIX,
            )
        }
        _ => return,
    };
    subject.find(rule, &setting.path, setting.span.clone(), message, fix);
}

/// May the application ask SQLAlchemy for anything? Not where nothing that it imports does so, and no line of the list names it.
fn may_ask(subject: &Subject<'_>) -> bool {
    let is_word = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["sqlalchemy", "appbuilder", "superset", "sqlmodel"].iter().any(|word| name.contains(word))
    };
    let list = subject.requirements();
    list.source.is_none()
        || !list.unread.is_empty()
        || list.lines.iter().any(|line| line.is_opaque() || is_word(&line.name))
        || subject.loaded().iter().flat_map(|module| &module.imports).any(|import| is_word(&import.module))
}

/// Where an address of SQLAlchemy's leads.
fn database(subject: &mut Subject<'_>, setting: &Setting) {
    let Some(address) = setting.value.by_default().text() else { return };
    let Some((scheme, rest)) = address.split_once("://") else { return };
    let unless = matches!(setting.value, Value::Environment { .. });
    if unless && is_given(subject, setting) {
        return;
    }
    let (replaced, keep) = replaced_database(subject);
    let mut say = |rule: &'static str, message: String, fix: &str| {
        subject.find(rule, &setting.path, setting.span.clone(), message, fix);
    };
    if scheme.starts_with("sqlite") {
        match (is_replaced(address), unless) {
            (false, _) => {}
            (true, true) => say(
                "EB132",
                "unless a variable of the environment names another, the database is a file that each deployment replaces".to_owned(),
                FIX,
            ),
            (true, false) => say("EB080", replaced.to_owned(), keep),
        }
        return;
    }
    // The name that SQLAlchemy had for it until 1.4.
    if scheme == "postgres"
        && !unless
        && subject.tree.code(&setting.path).is_some_and(|text| text.contains("postgres://"))
        && let Some(beside) = Installed::of(subject).since("sqlalchemy", (1, 4))
    {
        let message = format!("the server does not start: `Can't load plugin: sqlalchemy.dialects:postgres` {beside}");
        subject.find("EB250", &setting.path, setting.span.clone(), message, "write `postgresql://`");
    }
    let service = match scheme.split('+').next().unwrap_or(scheme) {
        "postgres" | "postgresql" => "postgresql",
        "mysql" | "mariadb" => "mysql",
        _ => return,
    };
    let place = Place::of(address);
    let user = rest.split(['/', '?']).next().unwrap_or_default().rsplit_once('@').map_or("", |(user, _)| user);
    let password = user.split_once(':').map_or("", |(_, password)| password).to_owned();
    match place {
        Some(place) if !place.has(subject, service) => {
            let (rule, message, fix) = match unless {
                true => (
                    "EB132",
                    format!("unless a variable of the environment names another, the database is asked for {place}"),
                    FIX,
                ),
                false => (
                    "EB149",
                    format!("every page that reads data is a 500: {service} is looked for {place}"),
                    "use RDS, and read its address from properties of the environment",
                ),
            };
            subject.find(rule, &setting.path, setting.span.clone(), message, fix);
        }
        None if !is_placeholder(&password)
            && subject.tree.text(&setting.path).is_some_and(|text| text.contains(&password)) =>
        {
            let message = "everybody who can read the code has the password of the database: it is in it";
            let fix = "make a new one, and read it from a secret of the environment";
            subject.find("EB112", &setting.path, setting.span.clone(), message, fix);
        }
        _ => {}
    }
}

/// The modules as their assignments tell them.
pub(super) fn read(subject: &Subject<'_>, modules: &[Module]) -> Vec<Settings> {
    let variables = django::properties(subject.customizations);
    let of = |module: &Module| Settings::of_file(subject.tree, &module.path, variables.clone());
    modules.iter().filter(|module| module.broken.is_none()).filter_map(of).collect()
}
