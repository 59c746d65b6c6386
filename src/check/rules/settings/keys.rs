//! Keys and passwords that are written into the settings.

use super::{at, first_start};
use crate::beanstalk::version::Version;
use crate::check::django::{Settings, Value};
use crate::check::subject::Subject;
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    secret_key(subject, settings);
    first_start::check(subject, settings);
    secrets(subject, settings);
    database_password(subject, settings);
}

/// No file of the settings, all of which were read, says a word of the key.
fn no_key(subject: &mut Subject<'_>, settings: &Settings) {
    /// What sets names that no assignment shows.
    const WAYS: [&str; 12] = [
        "SECRET_KEY",
        "globals(",
        "locals(",
        "vars(",
        "exec(",
        "setattr(",
        "include(",
        "class ",
        "django_heroku",
        "zappa",
        "sys.modules",
        "importlib",
    ];
    let has = |name: &str| settings.get(name).is_some();
    // What is only a part of settings has its key elsewhere.
    let whole = ["ROOT_URLCONF", "DATABASES", "TEMPLATES"].into_iter().all(has)
        && ["MIDDLEWARE", "MIDDLEWARE_CLASSES"].into_iter().any(has);
    let read = *settings.value("SECRET_KEY") == Value::Missing && settings.unread.is_empty();
    let Some(apps) = settings.get("INSTALLED_APPS").filter(|_| read && whole) else { return };
    let says = |path: &String| subject.tree.text(path).is_none_or(|text| WAYS.iter().any(|way| text.contains(way)));
    if settings.files.iter().any(says) {
        return;
    }
    let error = "`ImproperlyConfigured: The SECRET_KEY setting must not be empty`";
    let message = match settings.django.is_some_and(|django| django < Version::new(3, 2)) {
        true => format!("the server does not start: {error}"),
        false => format!("nobody can log in: {error}"),
    };
    let path = settings.files.first().cloned().unwrap_or_else(|| apps.path.clone());
    let fix = "`SECRET_KEY = os.environ[\"SECRET_KEY\"]`, with a secret of the environment of that name";
    subject.find_file("EB341", &path, message, fix);
}

fn secret_key(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("SECRET_KEY") else { return no_key(subject, settings) };
    match setting.value.by_default() {
        Value::Random => {
            let unless = matches!(setting.value, Value::Environment { .. });
            let message = match unless {
                true => {
                    "unless a variable of the environment has it, each process makes its own `SECRET_KEY`: users are logged out at random"
                }
                false => "each process makes its own `SECRET_KEY`: users are logged out at random",
            };
            let finding = at(subject, "EB083", setting, message, "read it from an environment property or secret");
            if unless {
                finding.level = Level::Note;
            }
        }
        Value::Text(key)
            if setting.value == Value::Text(key.clone())
                && !key.is_empty()
                && written(subject, settings, &setting.value) =>
        {
            let message = "everybody who can read the code can sign sessions: the key is in it";
            at(subject, "EB112", setting, message, "read it from an environment property or secret");
        }
        _ => {}
    }
}

/// Is it what a guide writes where a key belongs?
pub(in crate::check::rules) fn is_placeholder(text: &str) -> bool {
    const WORDS: [&str; 9] = ["your", "change", "example", "xxx", "placeholder", "<", "secret", "todo", "password"];
    let lower = text.to_ascii_lowercase();
    // A row of the same characters stands for something else.
    let few = text.chars().collect::<std::collections::BTreeSet<char>>().len() <= 2;
    text.len() < 8 || few || WORDS.iter().any(|word| lower.contains(word))
}

/// Is it the address of a database that there is? Amazon writes twelve letters and digits of its own into it.
pub(in crate::check::rules) fn is_rds(host: &str) -> bool {
    let Some(rest) = host.strip_suffix(".rds.amazonaws.com") else { return false };
    let parts: Vec<&str> = rest.split('.').collect();
    let [_, own, _] = parts.as_slice() else { return false };
    let is_own = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit();
    own.len() >= 10
        && own.chars().all(is_own)
        && own.contains(|char: char| char.is_ascii_digit())
        && !own.contains("xxx")
}

/// Does the text say that somebody else has to write something here?
pub(super) fn is_left_open(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    text.is_empty()
        || ["your", "<", "{", "$", "xxx", "***", "redacted", "placeholder"].iter().any(|word| lower.contains(word))
}

/// Is it a secret by its name, with a value that no guide writes?
pub(in crate::check::rules) fn is_named_secret(name: &str, value: &Value) -> bool {
    // What is known by its name alone, whatever the value looks like.
    const NAMES: [&str; 12] = [
        "AWS_SECRET_ACCESS_KEY",
        "EMAIL_HOST_PASSWORD",
        "STRIPE_SECRET_KEY",
        "STRIPE_LIVE_SECRET_KEY",
        "SENDGRID_API_KEY",
        "TWILIO_AUTH_TOKEN",
        "RECAPTCHA_PRIVATE_KEY",
        "SOCIAL_AUTH_GOOGLE_OAUTH2_SECRET",
        "SOCIAL_AUTH_FACEBOOK_SECRET",
        "SOCIAL_AUTH_GITHUB_SECRET",
        "SOCIAL_AUTH_TWITTER_SECRET",
        "SOCIAL_AUTH_LINKEDIN_OAUTH2_SECRET",
    ];
    let Some(text) = value.text().filter(|text| !is_placeholder(text)) else { return false };
    NAMES.contains(&name) || (says_secret(name) && is_mixed(text))
}

/// Does a name say that its value is nobody's business?
pub(in crate::check::rules) fn says_secret(name: &str) -> bool {
    const ENDS: [&str; 12] = [
        "PASSWORD",
        "PASSWD",
        "_PASS",
        "_PWD",
        "SECRET",
        "SECRET_KEY",
        "SECRET_ACCESS_KEY",
        "PRIVATE_KEY",
        "AUTH_TOKEN",
        "ACCESS_TOKEN",
        "API_TOKEN",
        "CLIENT_SECRET",
    ];
    // What pages show to every browser is none, and the key of the sessions is judged by itself.
    const OPEN: [&str; 6] = ["PUBLIC", "PUBLISHABLE", "TEST", "DEV", "LOCAL", "SITE_KEY"];
    let upper = name.to_ascii_uppercase();
    name != "SECRET_KEY" && ENDS.iter().any(|end| upper.ends_with(end)) && !OPEN.iter().any(|word| upper.contains(word))
}

/// A word with letters and digits, as long as a password of some worth.
fn is_mixed(text: &str) -> bool {
    let has = |is: fn(&char) -> bool| text.chars().any(|char| is(&char));
    let module = text.contains('.') && !text.starts_with("SG.");
    // Keys for trying out open nothing.
    let test = ["sk_test", "pk_", "rk_test", "whsec_test", "6LeIxAcTAAAA"].iter().any(|begin| text.starts_with(begin));
    text.len() >= 8
        && has(char::is_ascii_digit)
        && has(char::is_ascii_alphabetic)
        && !text.contains(char::is_whitespace)
        && !text.contains(['/', '{', '<', '$'])
        && !module
        && !test
}

/// Other keys and passwords that are written into the settings.
fn secrets(subject: &mut Subject<'_>, settings: &Settings) {
    // Keys of dictionaries of settings.
    const INSIDE: [(&str, &str); 3] =
        [("SIMPLE_JWT", "SIGNING_KEY"), ("JWT_AUTH", "JWT_SECRET_KEY"), ("JWT_AUTH", "JWT_PRIVATE_KEY")];
    let is_setting =
        |name: &str| name.chars().all(|char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_');
    // What stands in for a variable is as plain as any other text.
    let whole = settings.iter().filter(|(name, _)| is_setting(name)).filter_map(|(name, setting)| {
        let value = setting.value.by_default();
        let own = value != settings.value("SECRET_KEY").by_default();
        (own && is_named_secret(name, value)).then(|| (setting, value.clone(), name))
    });
    // There it is mostly that of the sessions once more, which is judged where it stands.
    let inside = INSIDE.iter().filter_map(|(name, key)| {
        let setting = settings.get(name)?;
        // What stands in for a variable counts here, too.
        let value = setting.value.by_default().get(key).by_default().clone();
        let own = !value.is_undecided() && value != *settings.value("SECRET_KEY").by_default();
        let plain = value.text().is_some_and(|text| !is_placeholder(text));
        (own && plain).then_some((setting, value, *key))
    });
    for (setting, value, name) in whole.chain(inside) {
        if written(subject, settings, &value) {
            let message = format!("everybody who can read the code has this key: `{name}` is in it");
            at(subject, "EB112", setting, message, "make a new one, and read it from a secret of the environment");
        }
    }
}

/// The passwords of databases on other machines.
fn database_password(subject: &mut Subject<'_>, settings: &Settings) {
    let Some(setting) = settings.get("DATABASES") else { return };
    let Value::Dict(databases) = setting.value.by_default() else { return };
    let shown = |(_, database): &&(Value, Value)| {
        let password = database.by_default().get("PASSWORD").by_default();
        is_elsewhere(database) && written(subject, settings, password)
    };
    let in_place = |(_, database): &&(Value, Value)| {
        let password = database.by_default().get("PASSWORD");
        let worth = password.by_default().text().is_some_and(|text| is_mixed(text) && !is_placeholder(text));
        matches!(password, Value::Environment { .. }) && worth && written(subject, settings, password.by_default())
    };
    if databases.iter().any(|database| shown(&database)) {
        let message = "everybody who can read the code has the password of the database: it is in it";
        at(subject, "EB112", setting, message, "make a new one, and read it from a secret of the environment");
    } else if databases.iter().any(|database| in_place(&database)) {
        let message = "everybody who can read the code has the password that a database gets where no variable has one";
        let fix = "let the settings stop where the variable is missing, and make a new one if it was ever used";
        at(subject, "EB112", setting, message, fix).level = Level::Note;
    }
}

/// Does a database on another machine have a password that is real?
fn is_elsewhere(database: &Value) -> bool {
    let database = database.by_default();
    let password = database.get("PASSWORD").by_default();
    // Where the host is one that Amazon has named, the password is a real one, however short it is.
    let named = database.get("HOST").by_default().text().is_some_and(is_rds);
    let real = |text: &&str| if named { !is_left_open(text) } else { !is_placeholder(text) };
    let Some(text) = password.text().filter(real) else { return false };
    // Where a variable names the host, a password of some worth is that of another machine as well.
    match database.get("HOST") {
        Value::Environment { default: None } => is_mixed(text),
        host => host
            .by_default()
            .text()
            .is_some_and(|host| host.contains('.') && !host.starts_with("127.") && !host.starts_with("0.")),
    }
}

/// Does a file of the settings have this text? What a property of the environment says is judged where that stands.
pub(in crate::check::rules) fn written(subject: &Subject<'_>, settings: &Settings, value: &Value) -> bool {
    let Some(text) = value.text() else { return false };
    // What Django's own command writes begins alike everywhere.
    let most = if text.starts_with("django-insecure-") { 24 } else { 8 };
    let begin: String = text.chars().take_while(|char| !matches!(char, '"' | '\'' | '\\')).take(most).collect();
    settings.files.iter().any(|path| subject.tree.code(path).is_some_and(|file| file.contains(&begin)))
}
