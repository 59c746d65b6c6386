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

/// Packages that pip takes an older release of where the list has one of these, whose names begin so: any of them, or only one with a version.
const HELD: [(&str, &[&str], bool); 4] = [
    ("langchain", &["langchain-", "langgraph", "langsmith", "pydantic"], false),
    ("elasticsearch", &["elasticsearch-", "django-elasticsearch"], true),
    ("stripe", &["dj-stripe"], true),
    ("scikit-learn", &["numpy", "scipy"], false),
];

pub(super) struct Installed {
    requirements: std::rc::Rc<Requirements>,
    /// The minor version of the Python that pip takes packages for, where it may be an old one.
    python: Option<u32>,
}

impl Installed {
    pub(super) fn of(subject: &Subject<'_>) -> Self {
        let python = subject.inside().map(|inside| inside.minor);
        Self { requirements: subject.requirements(), python }
    }

    /// By another list than the platform's own.
    pub(super) fn of_list(requirements: std::rc::Rc<Requirements>) -> Self {
        Self { requirements, python: None }
    }

    /// If this version or a newer one is installed: beside what, as the end of a sentence.
    pub(super) fn since(&self, package: &str, since: (u32, u32)) -> Option<String> {
        self.given(package, &[since.0, since.1], || self.brought(package))
    }

    /// The same of a package that another one of the list always brings along.
    pub(super) fn brought_since(&self, package: &str, since: &[u32]) -> Option<String> {
        self.given(package, since, || true)
    }

    fn given(&self, package: &str, since: &[u32], brought: impl FnOnce() -> bool) -> Option<String> {
        let newest = || format!("beside the newest `{package}`, which pip takes");
        let lines: Vec<&Requirement> = self.requirements.lines.iter().filter(|line| line.name == package).collect();
        let has = || self.python.is_none_or(|minor| minor >= first_python(package, since));
        if lines.iter().all(|line| line.constraint && line.exact().is_none() && is_newest(line)) {
            return (has() && self.requirements.unread.is_empty() && brought()).then(newest);
        }
        let certain = || lines.iter().filter(|line| line.marker.is_none());
        if let Some(exact) = certain().find_map(|line| line.exact()) {
            return (numbers(exact)?.as_slice() >= since).then(|| format!("beside `{package}` {exact}"));
        }
        if !has() {
            return None;
        }
        if lines.iter().all(|line| is_newest(line)) && !self.is_held(package) {
            return Some(newest());
        }
        // The last of a range is known for Django.
        certain().next()?;
        let release = self.requirements.django().filter(|_| package == "django")?;
        (since <= [release.major, release.minor].as_slice()).then(|| format!("beside `{package}` {release}"))
    }

    /// May another line of the list hold the newest release back?
    fn is_held(&self, package: &str) -> bool {
        let holds = |line: &Requirement| {
            HELD.iter()
                .filter(|(held, ..)| *held == package)
                .any(|(_, by, any)| by.iter().any(|begin| line.name.starts_with(begin)) && (*any || !is_newest(line)))
        };
        self.requirements.lines.iter().any(holds)
    }

    fn brought(&self, package: &str) -> bool {
        BRINGS.iter().filter(|(_, brought, _)| *brought == package).any(|(by, _, (major, minor))| {
            let line = self.requirements.get(by).yes();
            line.is_some_and(|line| {
                is_newest(line) || line.exact().and_then(numbers).is_some_and(|exact| exact >= vec![*major, *minor])
            })
        })
    }
}

/// The first Python that can have such a version of a package: pip takes an older one before it.
pub(super) fn first_python(other: &str, from: &[u32]) -> u32 {
    match (other, from.first().copied().unwrap_or(0)) {
        ("werkzeug", 1) => 5,
        ("flask", 2) => 6,
        ("django", 1 | 2) => 5,
        ("django", 3) => 6,
        ("jinja2" | "markupsafe" | "itsdangerous" | "sqlalchemy" | "werkzeug", 0..=2) => 7,
        ("jinja2", 3) => 7,
        ("flask" | "werkzeug", 3) => 8,
        ("django", 4) => 8,
        ("numpy", 2) => 9,
        _ => 11,
    }
}

/// May a dependency bring a module of this name? Not where the list is known, and no line of it has that word.
pub(super) fn may_bring(subject: &Subject<'_>, module: &str) -> bool {
    let list = subject.requirements();
    let module = module.to_ascii_lowercase();
    let has = |name: &str| {
        let name = name.to_ascii_lowercase();
        name.replace(['-', '.'], "_") == module || name.split(['-', '_', '.']).any(|word| word == module)
    };
    let known = list.source.is_some() && list.unread.is_empty() && subject.prepared();
    !known || list.lines.iter().any(|line| line.is_opaque() || has(&line.name))
}

/// Does the line take whatever is newest?
fn is_newest(line: &Requirement) -> bool {
    let open = line.specifier.is_empty() || (line.specifier.starts_with('>') && !line.specifier.contains(','));
    open && !line.is_opaque() && line.marker.is_none()
}

/// The numbers of a release, at least two of them; none of one before its time.
fn numbers(text: &str) -> Option<Vec<u32>> {
    let mut numbers: Vec<u32> =
        text.split('.').map(|number| number.trim().parse().ok()).take_while(Option::is_some).flatten().collect();
    let first = text.split('.').take(2).all(|number| number.trim().parse::<u32>().is_ok());
    numbers.resize(numbers.len().max(2), 0);
    first.then_some(numbers)
}
