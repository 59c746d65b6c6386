//! First use: settings that name classes which Django imports when they are first asked for, and not as the server starts.

use crate::beanstalk::lines::indent;
use crate::beanstalk::version::Version;
use crate::check::django::Settings;
use crate::level::Level;

/// A setting with such classes.
#[derive(Debug)]
pub(super) struct FirstUse {
    pub(super) setting: &'static str,
    /// What fails where one cannot be imported.
    pub(super) fails: &'static str,
    pub(super) level: Level,
}

/// All of them; those first without which more fails.
pub(super) const ALL: [FirstUse; 8] = [
    of("STATICFILES_STORAGE", "`collectstatic` fails, and every page with `{% static %}`", Level::Error),
    of("STORAGES", "every use of the storage fails", Level::Error),
    of("CACHES", "every use of the cache fails", Level::Error),
    of("CELERYBEAT_SCHEDULER", "beat does not start", Level::Error),
    of("CELERY_BEAT_SCHEDULER", "beat does not start", Level::Error),
    of("DEFAULT_FILE_STORAGE", "every upload fails", Level::Error),
    of("CHANNEL_LAYERS", "no message reaches its channel", Level::Warning),
    of("EMAIL_BACKEND", "no mail is sent", Level::Warning),
];

const fn of(setting: &'static str, fails: &'static str, level: Level) -> FirstUse {
    FirstUse { setting, fails, level }
}

impl FirstUse {
    /// Is it a setting that this Django asks for? `STORAGES` takes the place of the older two.
    pub(super) fn is_asked(&self, settings: &Settings) -> bool {
        let since = |major, minor| settings.django.is_none_or(|django| django >= Version::new(major, minor));
        match self.setting {
            "STORAGES" => since(4, 2),
            "DEFAULT_FILE_STORAGE" | "STATICFILES_STORAGE" => {
                settings.get("STORAGES").is_none() && settings.django.is_none_or(|django| django < Version::new(5, 1))
            }
            _ => true,
        }
    }
}

/// The lines of settings, without those that give one of these its value; and those, each with what they give it to.
pub(super) fn parted(text: &str) -> (String, Vec<(&'static FirstUse, String)>) {
    let (mut rest, mut found) = (String::new(), Vec::<(&'static FirstUse, String)>::new());
    let mut open: Option<(&'static FirstUse, usize)> = None;
    for line in text.split_inclusive('\n') {
        let now = open.or_else(|| Some((ALL.iter().find(|one| is_given(line, one.setting))?, 0)));
        let Some((one, depth)) = now else {
            rest.push_str(line);
            continue;
        };
        match found.last_mut() {
            Some((last, lines)) if open.is_some() && std::ptr::eq(*last, one) => String::push_str(lines, line),
            _ => found.push((one, line.to_owned())),
        }
        let count = |chars: [char; 3]| line.matches(chars).count();
        let depth = (depth + count(['(', '[', '{'])).saturating_sub(count([')', ']', '}']));
        open = Some((one, depth)).filter(|_| depth > 0);
    }
    (rest, found)
}

/// `NAME = …`, `NAME: str = …`, `NAME["default"] = …`.
fn is_given(line: &str, name: &str) -> bool {
    let rest = line[indent(line)..].strip_prefix(name);
    rest.is_some_and(|rest| rest.starts_with([' ', '=', ':', '[']) && rest.contains('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_imported_at_its_first_use() {
        let text = "A = 1\nif B:\n    STORAGES = {\n        'default': {'BACKEND': 'a.B'},\n    }\n    C = 2\nEMAIL_BACKEND = 'd.E'\nSTORAGES_X = 3\n";
        let (rest, found) = parted(text);
        assert_eq!(rest, "A = 1\nif B:\n    C = 2\nSTORAGES_X = 3\n");
        let found: Vec<_> = found.iter().map(|(one, lines)| (one.setting, lines.lines().count())).collect();
        assert_eq!(found, [("STORAGES", 3), ("EMAIL_BACKEND", 1)]);
    }
}
