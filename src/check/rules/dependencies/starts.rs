//! Starts: versions that pip installs without a word, and that stop where they are imported.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::because::because;
use super::first_use::FirstUse;
use super::installs::{self, Numbers, numbers};
use super::loads::{Loads, mentions};
use super::newest::Newest;
use super::pythons::counts;
use super::stops::{self, By, Stops, When};
use super::{advice, compiled, ended};
use crate::beanstalk::requirements::{Requirement, Requirements};
use crate::beanstalk::version::Version;
use crate::check::subject::Subject;
use crate::check::words::Run;
use crate::level::Level;

const RULE: &str = "EB172";

/// Modules that load the keys of an account of Google's.
const KEYS: [&str; 5] = [
    "firebase_admin",
    "google.cloud.firestore",
    "google.cloud.logging",
    "google.cloud.storage",
    "google.oauth2.service_account",
];

/// What to take of packages whose next release is another thing to write code for.
const WITHIN: [(&str, &str); 1] = [("pydantic", "take `pydantic` 1.10.16 or newer, below 2.0")];

pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    let lines: Vec<&Requirement> = requirements.lines.iter().filter(|line| counts(subject, line)).collect();
    let loads = OnceCell::new();
    for line in &lines {
        let rows = stops::of(&line.name);
        let Some(newest) = Newest::of(line).filter(|_| !rows.is_empty()) else { continue };
        let found = rows
            .iter()
            .filter(|row| row.covers(&newest.numbers))
            .find_map(|row| Some((row, because(subject, requirements, &row.by)?)))
            .filter(|(row, (_, on))| newest.exact || all_stop(line, row, on.map_or(0, |on| on.minor)));
        let Some((Stops { error, by, when, .. }, (why, on))) = found else { continue };
        let loads = loads.get_or_init(|| Loads::of(subject));
        let is_loaded = |loads: &Loads| is_imported(subject, requirements, &line.name, loads);
        let (late, loads) = match is_loaded(loads) {
            true => (None, loads),
            false => match loads.late().find(|(_, loads)| is_loaded(loads)) {
                Some((first_use, loads)) => (Some(first_use), loads),
                None => continue,
            },
        };
        let settings = subject.settings();
        let value = |one: &FirstUse| settings.as_deref().is_some_and(|all| all.value(one.setting).is_undecided());
        let chosen = late.is_some_and(value);
        let (name, version) = (&line.name, newest.said.as_str());
        let message = match (when, late) {
            (When::Import, None) => {
                format!("the server does not start: `{name}` {version} stops with `{error}` {why}")
            }
            (When::Import, Some(FirstUse { fails, .. })) => {
                let unless = if chosen { "where a condition of the settings asks for it, " } else { "" };
                format!("{unless}{fails}: `{name}` {version} stops with `{error}` {why}")
            }
            (When::Use, _) => format!("every use of `{name}` {version} fails with `{error}` {why}"),
        };
        let within = WITHIN.iter().find(|(package, _)| package == name).map(|(_, within)| (*within).to_owned());
        let newer = within.or_else(|| advice::newer(subject, &lines, name, &newest.numbers));
        let fix = match (by, newer) {
            (by, None) => has_ended(requirements, loads, name, by),
            (By::Python(_), Some(newer)) => newer,
            (By::Setuptools, Some(newer)) => format!("{newer}, or pin `setuptools` below 82"),
            (By::Beside { .. }, Some(newer)) => {
                format!("{newer}, or pin {}", older_beside(subject, requirements, rows, &newest.numbers))
            }
        };
        let finding = subject.find(RULE, &line.path, line.span.clone(), message, fix);
        if let Some(FirstUse { level, .. }) = late {
            finding.level = if chosen { Level::Note } else { *level };
        }
        // What else the platform brings into the environment is not known.
        if matches!(by, By::Setuptools) && on.is_some() {
            finding.level = Level::Warning;
        }
        if let Some(on) = on {
            on.lower(finding);
        }
    }
}

/// All that a version stops beside, in versions with which it starts, as the end of a sentence.
fn older_beside(subject: &Subject<'_>, requirements: &Requirements, rows: &[Stops], version: &Numbers) -> String {
    let mut ends: BTreeMap<&str, (&Numbers, &str)> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.covers(version)) {
        let By::Beside { other, from, said } = &row.by else { continue };
        if because(subject, requirements, &row.by).is_some() {
            let end = ends.entry(*other).or_insert((from, *said));
            *end = (*end).min((from, *said));
        }
    }
    advice::and(ends.iter().map(|(other, (_, said))| format!("`{other}` below {said}")).collect())
}

/// What to do about a package of which no version starts, and which the server imports.
fn has_ended(requirements: &Requirements, loads: &Loads, name: &str, by: &By) -> String {
    // What asked for it has got on without since.
    if name == "boto" && loads.names(&["django_ses"]) && older(requirements, "django-ses", "1.0") {
        return "take a newer `django-ses`, which uses `boto3`, and take `boto` out".to_owned();
    }
    match (ended::successor(name), by) {
        (_, By::Setuptools) => "pin `setuptools` below 82: it has ended".to_owned(),
        (Some(successor), _) => format!("let {successor} take its place in the code: it has ended"),
        (None, _) => "let the code do without: it has ended".to_owned(),
    }
}

/// Does all of a range stop as its newest does, but for what is not even installed?
fn all_stop(line: &Requirement, row: &Stops, minor: u32) -> bool {
    let Some(oldest) = Newest::oldest(line) else { return row.from.is_none() };
    let reaches = |installs: &installs::Row| {
        installs.covers(minor, &oldest) && installs.again(minor).and_then(numbers).is_some_and(|end| row.covers(&end))
    };
    row.covers(&oldest) || installs::of(&line.name).iter().any(reaches)
}

/// Does the server import it, as far as files tell? Lists often have packages of another project.
fn is_imported(subject: &Subject<'_>, requirements: &Requirements, name: &str, loads: &Loads) -> bool {
    let starts = |words: &[&str]| {
        let named = |run: &Run| words.iter().any(|word| run.name() == *word || run.has(word));
        subject.scripts().iter().any(|script| script.host_runs().any(named))
    };
    let django = !requirements.get("django").is_no() || subject.django();
    match name {
        // pip fails before.
        "psycopg2" | "psycopg2-binary" if !compiled::is_there(subject, installs::LIBPQ) => false,
        // Before these, they imported it.
        "boto" if loads.names(&["django_ses"]) && older(requirements, "django-ses", "1.0") => true,
        // It begins with coreapi, and that with these.
        "coreapi" | "itypes" | "jinja2"
            if (loads.names(&["'drf_yasg'"]) || loads.imports(&["drf_yasg"]))
                && older(requirements, "drf-yasg", "1.20.1") =>
        {
            true
        }
        // Keys of services begin with it.
        "cachetools" if loads.imports(&KEYS) && older(requirements, "google-auth", "2.0") => true,
        "gunicorn" => subject.customizations.procfile.is_none() || starts(&["gunicorn"]),
        // An application of celery's imports these with it.
        "celery" | "kombu" | "amqp" | "vine" | "billiard" => {
            let app = |path: &str| path.ends_with("/celery.py") && path.matches('/').count() <= 2;
            let settings = ["'django_celery_beat'", "'django_celery_results'", "'djcelery'"];
            starts(&["celery"])
                || subject.tree.iter().any(|(path, _)| app(path))
                || loads.imports(&["celery", "djcelery"])
                || loads.names(&settings)
        }
        // A provider of allauth's imports it with its addresses.
        "requests" | "urllib3"
            if loads.names(&["'allauth.socialaccount.providers."]) && older(requirements, "django-allauth", "0.60") =>
        {
            true
        }
        // The application imported its server.
        "twisted" | "zope-interface" if loads.names(&["'channels'"]) && older(requirements, "channels", "4.0") => true,
        "twisted" | "zope-interface" if starts(&["daphne"]) => true,
        // Its own zones since 4.0.
        "pytz" if requirements.django().is_some_and(|django| django < Version::new(4, 0)) => true,
        "flask" | "jinja2" | "markupsafe" | "werkzeug" if !django => mentions(subject, "flask"),
        _ if !django && name.starts_with("flask-") => mentions(subject, &name.replace('-', "_")),
        _ => stops::uses(name).is_some_and(|uses| loads.imports(&uses.modules) || loads.names(&uses.settings)),
    }
}

/// Is a version of this package pinned that is older?
fn older(requirements: &Requirements, name: &str, than: &str) -> bool {
    let exact = requirements.lines.iter().find(|line| line.name == name).and_then(Requirement::exact);
    exact.and_then(numbers).is_some_and(|exact| numbers(than).is_some_and(|than| exact < than))
}
