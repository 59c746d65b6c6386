//! Installed: what pip installs of a package, as far as the list says it.

use crate::beanstalk::requirements::{Requirement, Requirements};
use crate::check::subject::Subject;

/// Packages that bring another one along in its newest version, where no line says otherwise.
const BRINGS: [(&str, &str, (u32, u32)); 6] = [
    ("flask", "werkzeug", (2, 0)),
    ("flask", "jinja2", (2, 0)),
    ("flask", "itsdangerous", (2, 0)),
    ("flask-wtf", "wtforms", (0, 0)),
    ("flask-sqlalchemy", "sqlalchemy", (3, 0)),
    ("fastapi", "pydantic", (0, 100)),
];

pub(super) struct Installed {
    requirements: std::rc::Rc<Requirements>,
}

impl Installed {
    pub(super) fn of(subject: &Subject<'_>) -> Self {
        Self { requirements: subject.requirements() }
    }

    /// If this version or a newer one is installed: beside what, as the end of a sentence.
    pub(super) fn since(&self, package: &str, since: (u32, u32)) -> Option<String> {
        let mut lines = self.requirements.lines.iter().filter(|line| line.name == package && line.marker.is_none());
        let Some(line) = lines.clone().find(|line| !line.constraint) else {
            return self.brought(package).filter(|_| self.requirements.unread.is_empty());
        };
        if let Some(exact) = lines.find_map(Requirement::exact) {
            return (version(exact)? >= since).then(|| format!("beside `{package}` {exact}"));
        }
        if is_newest(line) {
            return Some(format!("beside the newest `{package}`, which pip takes"));
        }
        // The last of a range is known for Django.
        let release = self.requirements.django().filter(|_| package == "django")?;
        ((release.major, release.minor) >= since).then(|| format!("beside `{package}` {release}"))
    }

    fn brought(&self, package: &str) -> Option<String> {
        let by = BRINGS.iter().filter(|(_, brought, _)| *brought == package).find(|(by, _, since)| {
            let line = self.requirements.get(by).yes();
            line.is_some_and(|line| {
                is_newest(line) || line.exact().and_then(version).is_some_and(|exact| exact >= *since)
            })
        });
        by.map(|_| format!("beside the newest `{package}`, which pip takes"))
    }
}

/// Does the line take whatever is newest?
fn is_newest(line: &Requirement) -> bool {
    let open = line.specifier.is_empty() || (line.specifier.starts_with('>') && !line.specifier.contains(','));
    open && !line.editable && !line.text.contains("://") && line.marker.is_none()
}

/// The first two numbers; none of a release before its time.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split('.').map(|number| number.trim().parse::<u32>());
    let major = numbers.next()?.ok()?;
    Some((major, numbers.next().unwrap_or(Ok(0)).ok()?))
}
