//! Drivers: a driver of the database that the installed Django does not get on with.

use crate::beanstalk::requirements::Requirements;
use crate::beanstalk::version::Version;
use crate::check::installed::Installed;
use crate::check::subject::Subject;

const RULE: &str = "EB314";

/// psycopg2 2.9 gives Django an offset of another type, and up to 3.0 it compares that with a number.
pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    let old = requirements.django().filter(|django| *django < Version::new(3, 1));
    let (Some(django), Some(settings)) = (old, subject.settings()) else { return };
    let engine = settings.value("DATABASES").get("default").get("ENGINE").by_default().text();
    if !settings.value("USE_TZ").is_on() || !engine.is_none_or(|engine| engine.contains("post")) {
        return;
    }
    let installed = Installed::of(subject);
    let Some((name, beside)) =
        ["psycopg2", "psycopg2-binary"].into_iter().find_map(|name| Some((name, installed.since(name, (2, 9))?)))
    else {
        return;
    };
    let Some(line) = requirements.lines.iter().find(|line| line.name == name) else { return };
    let message = format!(
        "reading a time from PostgreSQL fails, in `migrate`, sessions and the admin too: Django {django} stops with `database connection isn't set to UTC` {beside}"
    );
    let fix = "take a newer Django: 3.1 and newer know this driver";
    subject.find(RULE, &line.path, line.span.clone(), message, fix);
}
