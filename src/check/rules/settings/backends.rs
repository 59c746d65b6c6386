//! Backends: where static files and uploads are kept, by whichever of Django's settings says it.

use crate::beanstalk::version::Version;
use crate::check::django::{Settings, Value};

/// What keeps the files of one kind; `unless`: a variable may name another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::check::rules) enum Backend<'s> {
    /// Nothing says it: Django's own, on the instance.
    Implied {
        unless: bool,
    },
    Named {
        class: &'s str,
        unless: bool,
    },
    Unknown,
}

impl<'s> Backend<'s> {
    pub(in crate::check::rules) fn of_static_files(settings: &'s Settings) -> Self {
        Self::read(settings, "staticfiles", "STATICFILES_STORAGE")
    }

    pub(in crate::check::rules) fn of_uploads(settings: &'s Settings) -> Self {
        Self::read(settings, "default", "DEFAULT_FILE_STORAGE")
    }

    /// From `STORAGES`, or from what had its place before Django 4.2.
    fn read(settings: &'s Settings, alias: &str, before: &str) -> Self {
        let mut unless = false;
        // Before Django 4.2 nobody asks for it.
        let storages = match settings.django.is_some_and(|django| django < Version::new(4, 2)) {
            true => &Value::Missing,
            false => settings.value("STORAGES"),
        };
        let value = match settled(storages, &mut unless) {
            // Since Django 5.1 nobody asks for the old names.
            Value::Missing | Value::None if settings.django.is_some_and(|django| django >= Version::new(5, 1)) => {
                &Value::Missing
            }
            Value::Missing | Value::None => settings.value(before),
            storages => part(settled(part(storages, alias), &mut unless), "BACKEND"),
        };
        match settled(value, &mut unless) {
            Value::Text(class) => Self::Named { class, unless },
            Value::Missing | Value::None => Self::Implied { unless },
            _ => Self::Unknown,
        }
    }

    /// Is it known to keep files on the instance? Only Django's own and WhiteNoise's do.
    pub(in crate::check::rules) fn is_here(self) -> bool {
        match self {
            Self::Implied { .. } => true,
            Self::Named { class, .. } => Self::keeps_here(class),
            Self::Unknown => false,
        }
    }

    /// Is it one of those that keep files on the instance?
    pub(in crate::check::rules) fn keeps_here(class: &str) -> bool {
        const HERE: [&str; 3] = ["django.contrib.staticfiles.", "django.core.files.storage.", "whitenoise."];
        HERE.iter().any(|package| class.starts_with(package))
    }

    /// May a variable name another?
    pub(in crate::check::rules) fn is_undecided(self) -> bool {
        matches!(self, Self::Unknown | Self::Implied { unless: true } | Self::Named { unless: true, .. })
    }

    /// May the files lie somewhere else than on the instance?
    pub(in crate::check::rules) fn may_be_elsewhere(self) -> bool {
        !self.is_here() || self.is_undecided()
    }

    /// Does it look each name up in a list that `collectstatic` writes?
    pub(in crate::check::rules) fn has_manifest(self) -> bool {
        matches!(self, Self::Named { class, .. } if class.contains("Manifest"))
    }
}

/// A part of a dictionary. Where there is none, Django has no other to fall back to.
fn part<'v>(value: &'v Value, key: &str) -> &'v Value {
    const UNKNOWN: &Value = &Value::Unknown;
    match value.get(key) {
        Value::Missing => UNKNOWN,
        found => found,
    }
}

/// The value where no variable says otherwise.
fn settled<'v>(value: &'v Value, unless: &mut bool) -> &'v Value {
    *unless |= matches!(value, Value::Environment { .. });
    value.by_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::beanstalk::tree::Tree;

    #[track_caller]
    fn case(text: &str, expected: Backend<'_>) {
        let tree = Tree::default().file("settings.py", text);
        let settings = Settings::of(&tree, "", "settings", BTreeMap::new()).expect("there are settings");
        assert_eq!(Backend::of_static_files(&settings), expected, "{text}");
    }

    #[test]
    fn by_each_road() {
        let named = |class, unless| Backend::Named { class, unless };
        case("", Backend::Implied { unless: false });
        case("STATICFILES_STORAGE = 'a.B'", named("a.B", false));
        case("STORAGES = {'staticfiles': {'BACKEND': 'a.B'}}", named("a.B", false));
        case("STORAGES = {'default': {'BACKEND': 'c.D'}}", Backend::Unknown);
        case("STORAGES = {'staticfiles': {'BACKEND': 'a.B' if os.getenv('X') else 'c.D'}}", named("c.D", true));
        case("STORAGES = {'staticfiles': {'BACKEND': os.getenv('X', 'c.D')}}", named("c.D", true));
        let branches = |condition: &str| {
            format!(
                "if {condition}:\n    STORAGES = {{'staticfiles': {{'BACKEND': 'a.B'}}}}\nelse:\n    STORAGES = {{'staticfiles': {{'BACKEND': 'c.D'}}}}"
            )
        };
        case(&branches("os.getenv('X')"), named("c.D", true));
        case(&branches("not os.getenv('X')"), named("a.B", true));
        case(&branches("True"), named("a.B", false));
        case(&branches("False"), named("c.D", false));
        case(&branches("unknown()"), Backend::Unknown);
        case(
            "if os.getenv('X'):\n    STORAGES = {'staticfiles': {'BACKEND': 'a.B'}}",
            Backend::Implied { unless: true },
        );
        case("if os.getenv('X'):\n    STATICFILES_STORAGE = 'a.B'", Backend::Implied { unless: true });
        case("STORAGES = {'staticfiles': unknown()}", Backend::Unknown);
        case("STORAGES = unknown()", Backend::Unknown);
        case("from elsewhere import *", Backend::Unknown);
    }

    #[test]
    fn by_the_setting_that_this_django_asks_for() {
        let text = "STORAGES = {'default': {'BACKEND': 'c.D'}}\nSTATICFILES_STORAGE = 'a.B'\n";
        let tree = Tree::default().file("settings.py", text);
        for (major, minor, expected) in [
            (3, 2, Backend::Named { class: "a.B", unless: false }),
            (4, 1, Backend::Named { class: "a.B", unless: false }),
            (4, 2, Backend::Unknown),
            (5, 2, Backend::Unknown),
        ] {
            let mut settings = Settings::of(&tree, "", "settings", BTreeMap::new()).expect("there are settings");
            settings.django = Some(Version::new(major, minor));
            assert_eq!(Backend::of_static_files(&settings), expected, "Django {major}.{minor}");
        }
    }
}
