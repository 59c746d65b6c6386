//! Compiled: versions without a wheel for the Python of the platform, whose sources do not build there.

use super::pythons::{On, Pythons};
use crate::beanstalk::requirements::Requirement;
use crate::check::subject::Subject;

/// `psycopg2-binary` without a wheel is compiled like `psycopg2` (its release notes, "Wheel packages").
fn driver(subject: &mut Subject<'_>, line: &Requirement) {
    const FIRST: Wheels = [(11, [2, 9, 5]), (12, [2, 9, 9]), (13, [2, 9, 10]), (14, [2, 9, 11])];
    let Some(newest) = Newest::of(line).filter(|_| line.name == "psycopg2-binary") else { return };
    let Some((python, first)) = before_wheel(subject, &newest, FIRST) else { return };
    if installs(subject, &["libpq-devel", "-server-devel", "postgresql-devel"]) {
        return;
    }
    let message = format!(
        "pip fails with `pg_config executable not found`: `psycopg2-binary` {} has no wheel for {python}, and is compiled",
        newest.said
    );
    let fix = format!("take `psycopg2-binary` {first} or newer");
    python.lower(subject.find("EB040", &line.path, line.span.clone(), message, fix));
}

/// The first version with a wheel for each minor version of Python.
type Wheels = [(u32, [u32; 3]); 4];

/// The numbers of a version: 10.4 is 10.4.0.
pub(super) fn numbers(exact: &str) -> Option<Vec<u32>> {
    let mut numbers: Vec<u32> = exact.split('.').filter_map(|part| part.parse().ok()).collect();
    if numbers.len() < 2 {
        return None;
    }
    numbers.resize(numbers.len().max(3), 0);
    Some(numbers)
}

/// The newest version that a line lets pip take, where it says one.
struct Newest {
    numbers: Vec<u32>,
    /// As a sentence names it.
    said: String,
}

impl Newest {
    fn of(line: &Requirement) -> Option<Self> {
        if let Some(exact) = line.exact() {
            return Some(Self { numbers: numbers(exact)?, said: exact.to_owned() });
        }
        // `~=8.3.1` and `==8.3.*` end before 8.4.
        let specifier = line.specifier.as_str();
        let compatible = specifier.strip_prefix("~=").and_then(|version| version.trim().rsplit_once('.'));
        let series = specifier.strip_prefix("==").and_then(|version| version.trim().strip_suffix(".*"));
        let head = compatible.map(|(head, _)| head).or(series).filter(|head| !head.contains(','))?;
        let mut numbers: Vec<u32> = head.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
        numbers.resize(numbers.len().max(2) + 1, u32::MAX);
        Some(Self { numbers, said: format!("{head}.x") })
    }
}

/// Is this version older than the first with a wheel for the Python of the platform? Then on which, and that first one.
fn before_wheel(subject: &Subject<'_>, newest: &Newest, first: Wheels) -> Option<(On, String)> {
    let wheel = |minor: u32| first.into_iter().rev().find(|(from, _)| *from <= minor).map(|(_, wheel)| wheel);
    let older = |minor: u32| wheel(minor).is_some_and(|wheel| newest.numbers.as_slice() < wheel.as_slice());
    let on = Pythons::of(subject)?.first(older)?;
    let [major, minor, patch] = wheel(on.minor)?;
    Some((on, format!("{major}.{minor}.{patch}")))
}

/// A package with parts in C, and the first version with a wheel for each Python, or with a source that builds there: what is
/// older is compiled, and fails. Asked of pip, and built with Python 3.11 to 3.13 where all headers are there, in November 2026.
struct Compiled {
    name: &'static str,
    fails: Fails,
    /// Older ones than this were not tried, or have no parts in C.
    since: [u32; 3],
    first: Wheels,
}

enum Fails {
    /// It needs these headers; the words show that somebody installs them: each of them, or what brings it along after a `|`.
    Lacks(&'static str, &'static str),
    /// Its source is for older Pythons, whatever is installed.
    Outdated,
    /// There is no source to be had, only wheels.
    Absent,
}

const fn wheels(first: [[u32; 3]; 4]) -> Wheels {
    [(11, first[0]), (12, first[1]), (13, first[2]), (14, first[3])]
}

const fn outdated(name: &'static str, since: [u32; 3], first: [[u32; 3]; 4]) -> Compiled {
    Compiled { name, fails: Fails::Outdated, since, first: wheels(first) }
}

const fn absent(name: &'static str, first: [[u32; 3]; 4]) -> Compiled {
    Compiled { name, fails: Fails::Absent, since: ANY, first: wheels(first) }
}

const fn lacks(name: &'static str, what: &'static str, word: &'static str, first: [[u32; 3]; 4]) -> Compiled {
    Compiled { name, fails: Fails::Lacks(what, word), since: ANY, first: wheels(first) }
}

const ANY: [u32; 3] = [0; 3];
/// No version has a wheel.
const NEVER: [u32; 3] = [u32::MAX; 3];

const COMPILED: &[Compiled] = &[
    Compiled {
        name: "pillow",
        fails: Fails::Lacks(
            "the headers of libjpeg and zlib",
            "jpeg zlib|libpng|freetype|libtiff|libxml2|mysql|mariadb",
        ),
        since: ANY,
        first: wheels([[9, 2, 0], [10, 0, 0], [10, 4, 0], [11, 3, 0]]),
    },
    Compiled {
        name: "lxml",
        fails: Fails::Lacks("the headers of libxml2 and libxslt", "libxslt"),
        since: ANY,
        first: wheels([[4, 9, 1], [4, 9, 3], [5, 3, 0], [6, 0, 1]]),
    },
    Compiled {
        name: "pylibmc",
        fails: Fails::Lacks("the headers of libmemcached", "libmemcached"),
        since: ANY,
        first: wheels([[1, 6, 3]; 4]),
    },
    lacks("pyodbc", "the headers of unixODBC", "unixODBC", [[4, 0, 35], [5, 0, 0], [5, 2, 0], [5, 3, 0]]),
    lacks("pymssql", "the headers of FreeTDS", "freetds", [[2, 2, 6], [2, 2, 10], [2, 3, 1], [2, 3, 8]]),
    lacks("pycurl", "the program `curl-config`", "libcurl-devel", [[7, 45, 3], [7, 45, 3], [7, 45, 4], [7, 45, 7]]),
    lacks("shapely", "the library GEOS", "geos", [[1, 8, 5], [2, 0, 2], [2, 0, 6], [2, 1, 2]]),
    lacks("pyarrow", "the libraries of Arrow", "arrow", [[10, 0, 1], [14, 0, 0], [18, 0, 0], [22, 0, 0]]),
    lacks("python-ldap", "the headers of OpenLDAP", "openldap", [NEVER; 4]),
    lacks("pycairo", "the headers of cairo", "cairo", [NEVER; 4]),
    lacks("gdal", "the program `gdal-config`", "gdal", [NEVER; 4]),
    outdated("uwsgi", ANY, [[2, 0, 21], [2, 0, 23], [2, 0, 23], [2, 0, 23]]),
    outdated("pyyaml", [5, 4, 0], [[6, 0, 0], [6, 0, 1], [6, 0, 1], [6, 0, 1]]),
    outdated("greenlet", ANY, [[1, 1, 3], [3, 0, 0], [3, 1, 0], [3, 1, 0]]),
    outdated("gevent", ANY, [[22, 10, 1]; 4]),
    outdated("aiohttp", [3, 8, 0], [[3, 8, 2], [3, 9, 0], [3, 9, 0], [3, 9, 0]]),
    outdated("frozenlist", ANY, [ANY, [1, 3, 1], [1, 3, 1], [1, 3, 1]]),
    outdated("yarl", [1, 7, 0], [[1, 8, 0]; 4]),
    outdated("numpy", ANY, [ANY, [1, 26, 0], [1, 26, 0], [1, 26, 0]]),
    outdated("pandas", ANY, [[1, 5, 0], [2, 1, 0], [2, 1, 0], [2, 1, 0]]),
    outdated("scipy", ANY, [[1, 9, 0], [1, 11, 0], [1, 11, 0], [1, 11, 0]]),
    outdated("scikit-learn", ANY, [[0, 24, 3]; 4]),
    outdated("spacy", ANY, [[2, 2, 5]; 4]),
    outdated("cffi", ANY, [[1, 14, 1]; 4]),
    outdated("reportlab", ANY, [[3, 6, 0]; 4]),
    outdated("typed-ast", ANY, [[1, 4, 4]; 4]),
    outdated("markupsafe", ANY, [[1, 1, 0]; 4]),
    outdated("cryptography", ANY, [[2, 2, 0]; 4]),
    outdated("twisted", ANY, [[21, 2, 0]; 4]),
    outdated("hiredis", ANY, [ANY, [2, 1, 0], [2, 1, 0], [2, 1, 0]]),
    outdated("grpcio", ANY, [[1, 49, 1], [1, 59, 0], [1, 59, 0], [1, 59, 0]]),
    outdated("statsmodels", ANY, [ANY, [0, 14, 0], [0, 14, 0], [0, 14, 0]]),
    outdated("httptools", ANY, [[0, 2, 1]; 4]),
    outdated("zope-interface", ANY, [[4, 7, 2]; 4]),
    outdated("tornado", ANY, [ANY, [6, 0, 0], [6, 0, 0], [6, 0, 0]]),
    outdated("matplotlib", ANY, [ANY, [3, 2, 3], [3, 2, 3], [3, 2, 3]]),
    outdated("pyzmq", ANY, [ANY, [18, 0, 1], [22, 3, 1], [22, 3, 1]]),
    outdated("pydantic-core", ANY, [ANY, ANY, [2, 14, 7], [2, 14, 7]]),
    outdated("uvloop", ANY, [ANY, [0, 18, 0], [0, 18, 0], [0, 18, 0]]),
    outdated("django-allauth", ANY, [[0, 50, 0]; 4]),
    outdated("feedparser", ANY, [[6, 0, 0]; 4]),
    outdated("pystache", ANY, [[0, 5, 5]; 4]),
    Compiled { name: "mysql-connector-python", fails: Fails::Absent, since: [8, 0, 6], first: wheels([[8, 0, 23]; 4]) },
    Compiled { name: "opencv-python", fails: Fails::Absent, since: [4, 0, 0], first: wheels([[4, 3, 0]; 4]) },
    absent("torch", [[1, 13, 0], [2, 2, 0], [2, 5, 0], [2, 9, 0]]),
    absent("tensorflow", [[2, 12, 0], [2, 16, 1], [2, 20, 0], [2, 20, 0]]),
];

/// Is each of these installed before, by a name of its own or by one that brings it along?
fn is_there(subject: &Subject<'_>, words: &str) -> bool {
    words.split(' ').all(|word| installs(subject, &word.split('|').collect::<Vec<_>>()))
}

/// Packages for older Pythons, since which version, and what to write instead.
const ENDED: &[(&str, [u32; 3], &str)] = &[
    ("backports-zoneinfo", ANY, "take it out: Python has `zoneinfo`; or write `; python_version < \"3.9\"` after it"),
    ("dataclasses", [0, 7, 0], "take it out: Python has it; or write `; python_version < \"3.7\"` after it"),
    ("futures", [3, 2, 0], "take it out: Python 3 has it; or write `; python_version < \"3\"` after it"),
    ("pycrypto", ANY, "take `pycryptodome`, which goes on where it ended"),
];

pub(super) fn check(subject: &mut Subject<'_>, line: &Requirement) {
    driver(subject, line);
    compiled(subject, line);
}

/// A version that does not install on the Python of the platform.
fn compiled(subject: &mut Subject<'_>, line: &Requirement) {
    if !subject.python() {
        return;
    }
    let since = |since: [u32; 3]| {
        since == ANY || line.exact().and_then(numbers).is_some_and(|numbers| numbers.as_slice() >= since.as_slice())
    };
    if let Some((name, _, fix)) = ENDED.iter().find(|(name, from, _)| *name == line.name && since(*from))
        && let Some(on) = Pythons::of(subject).and_then(|pythons| pythons.first(|_| true))
    {
        let message = format!("pip fails: `{name}` is for older Pythons, and does not install on {on}");
        on.lower(subject.find("EB144", &line.path, line.span.clone(), message, *fix));
        return;
    }
    let Some(package) = COMPILED.iter().find(|package| package.name == line.name) else { return };
    // Of what never has a wheel, every version is compiled.
    let never = package.first.iter().all(|(_, first)| *first == NEVER);
    let any = || never.then(|| Newest { numbers: vec![0; 3], said: String::new() });
    let Some(newest) = Newest::of(line).or_else(any) else { return };
    let Some((python, first)) = before_wheel(subject, &newest, package.first) else { return };
    let exact = &newest.said;
    if package.since != ANY && newest.numbers.as_slice() < package.since.as_slice() {
        return;
    }
    let name = package.name;
    let message = match package.fails {
        Fails::Lacks(_, words) if is_there(subject, words) => return,
        Fails::Lacks(lacks, _) if never => {
            format!("pip fails: `{name}` has no wheel for any Python, is compiled, and does not find {lacks}")
        }
        Fails::Lacks(lacks, _) => {
            format!("pip fails: `{name}` {exact} has no wheel for {python}, is compiled, and does not find {lacks}")
        }
        Fails::Outdated => {
            format!("pip fails: `{name}` {exact} has no wheel for {python}, and its source does not build there")
        }
        Fails::Absent => format!("pip fails: there is no `{name}` {exact} for {python}"),
    };
    let fix = match package.fails {
        Fails::Outdated => format!("take a newer version of `{name}`"),
        Fails::Lacks(_, word) if never => {
            format!("install what it needs before, where `dnf search {word}` finds it; or build a wheel and ship it")
        }
        Fails::Lacks(..) | Fails::Absent => format!("take `{name}` {first} or newer"),
    };
    python.lower(subject.find("EB144", &line.path, line.span.clone(), message, fix));
}

/// Does a script or a list of packages name one of these?
fn installs(subject: &Subject<'_>, words: &[&str]) -> bool {
    let named = |text: &str| words.iter().any(|word| text.contains(word));
    subject.scripts().iter().any(|script| script.place.precedes_packages() && named(script.text))
        || subject.customizations.used().any(|file| file.packages.iter().any(|package| named(&package.name.value)))
}
