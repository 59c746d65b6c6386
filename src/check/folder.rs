//! Folder: where a shell is that begins somewhere and goes on with `cd`.

use super::words::Run;

/// Where a shell is.
#[derive(Clone)]
pub(super) enum Folder {
    /// Home of the user.
    Home,
    At(String),
    Unknown,
}

impl Folder {
    /// Where a shell is that goes there from here.
    pub(super) fn changed(self, to: Option<&str>) -> Self {
        match (self, to) {
            (_, None) => Self::Home,
            (_, Some(to)) if is_computed(to) => Self::Unknown,
            (_, Some(to)) if to.starts_with('/') => Self::At(to.trim_end_matches('/').to_owned()),
            (Self::At(from), Some(to)) => match to.trim_start_matches("./").trim_matches('/') {
                "" | "." => Self::At(from),
                to => Self::At(format!("{from}/{to}")),
            },
            (Self::Home | Self::Unknown, Some(_)) => Self::Unknown,
        }
    }

    /// Where a shell is behind this run: what is pushed is not remembered.
    pub(super) fn after(self, run: &Run) -> Self {
        match run.name() {
            "cd" | "pushd" => self.changed(run.plain().next().map(|word| word.text.as_str())),
            "popd" => Self::Unknown,
            _ => self,
        }
    }

    /// The whole path of a file that is named here, if it is known.
    pub(super) fn path_of(&self, file: &str) -> Option<String> {
        match self {
            _ if is_computed(file) => None,
            _ if file.starts_with('/') => Some(file.to_owned()),
            Self::At(folder) => Some(format!("{folder}/{}", file.trim_start_matches("./"))),
            Self::Home | Self::Unknown => None,
        }
    }
}

/// The path in the bundle of a whole path on the instance.
pub(super) fn in_bundle(path: &str) -> Option<&str> {
    ["/var/app/staging/", "/var/app/current/"].iter().find_map(|root| path.strip_prefix(root))
}

/// The same of a path where the first Amazon Linux had the application: what is called there is what was meant.
pub(super) fn in_bundle_once(path: &str) -> Option<&str> {
    ["/opt/python/ondeck/app/", "/opt/python/current/app/"].iter().find_map(|root| path.strip_prefix(root))
}

/// Does only the instance know which path that is?
pub(super) fn is_computed(path: &str) -> bool {
    path == "-" || path.contains(['$', '`', '~', '*', '?']) || path.contains("..") || path.contains("/./")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_add_up_and_what_only_the_instance_knows_is_not_known() {
        let after = |steps: &[Option<&str>], file: &str| {
            let begin = Folder::At("/var/app/staging".to_owned());
            steps.iter().fold(begin, |folder, to| folder.changed(*to)).path_of(file)
        };
        let at = |path: &str| Some(path.to_owned());
        assert_eq!(after(&[], "./manage.py"), at("/var/app/staging/manage.py"));
        assert_eq!(after(&[Some("src"), Some("app/")], "manage.py"), at("/var/app/staging/src/app/manage.py"));
        assert_eq!(after(&[Some("./src")], "manage.py"), at("/var/app/staging/src/manage.py"));
        assert_eq!(after(&[Some("."), Some("./")], "manage.py"), at("/var/app/staging/manage.py"));
        assert_eq!(after(&[Some("/opt/"), Some("x")], "manage.py"), at("/opt/x/manage.py"));
        assert_eq!(after(&[Some("src")], "/opt/manage.py"), at("/opt/manage.py"));
        for steps in [&[Some("$HERE")][..], &[Some("..")], &[Some("-")], &[None], &[None, Some("src")]] {
            assert_eq!(after(steps, "manage.py"), None, "{steps:?}");
        }
        assert_eq!(after(&[], "$HERE/manage.py"), None);
    }
}
