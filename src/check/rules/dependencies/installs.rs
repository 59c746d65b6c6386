//! Installs: which versions pip does not install on the Pythons of the platform, and why.
//!
//! The table is `installs.txt`, in a form that people can read and diff; it is parsed once, when first asked.

use super::tables::{ByName, rows};

/// The table has a column for this minor version of Python, and for each of the next.
pub(super) const OLDEST: u32 = 11;
const COLUMNS: usize = 4;

/// The numbers of a version, at least three of them: 10.4 is 10.4.0.
pub(super) type Numbers = Vec<u32>;

pub(super) fn numbers(exact: &str) -> Option<Numbers> {
    let mut numbers: Numbers = exact.split('.').filter_map(|part| part.parse().ok()).collect();
    if numbers.len() < 2 {
        return None;
    }
    numbers.resize(numbers.len().max(3), 0);
    Some(numbers)
}

/// Versions that are not installed, one after the other.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) why: Why,
    /// The first of them; `None`: the first that there is.
    pub(super) from: Option<Numbers>,
    until: [Until; COLUMNS],
}

/// Why a version is not installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It has no wheel for this Python, and its source does not build there, whatever is installed.
    Source,
    /// For this Python there is neither a wheel nor a source.
    Absent,
    /// It is compiled, and needs what is not on the image.
    Lacks(&'static Library),
    /// It takes only such versions of this package as do not install.
    Brings(&'static str),
}

/// The version that ends a row on one Python: the first that is installed again, or is not known to fail; `said` is one to take.
#[derive(Debug, PartialEq, Eq)]
enum Until {
    /// All of them are installed there.
    Fine,
    Version {
        said: &'static str,
        numbers: Numbers,
    },
    Never,
}

/// What is compiled against, and is not on the image.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Library {
    key: &'static str,
    /// As a sentence names it.
    pub(super) said: &'static str,
    /// Words that show that somebody installs it: each of them, or what brings it along after a `|`.
    pub(super) words: &'static str,
}

/// Packages of Amazon Linux that bring `pg_config`, by parts of their names.
pub(super) const LIBPQ: &str = "libpq-devel|-server-devel|postgresql-devel";

const LIBRARIES: &[Library] = &[
    Library { key: "arrow", said: "the libraries of Arrow", words: "arrow" },
    Library { key: "cairo", said: "the headers of cairo", words: "cairo" },
    Library { key: "cmake", said: "the program `cmake`", words: "cmake" },
    Library { key: "curl", said: "the program `curl-config`", words: "libcurl-devel" },
    Library { key: "ffi", said: "the headers of libffi", words: "libffi" },
    Library { key: "fortran", said: "a compiler of Fortran", words: "gfortran" },
    Library { key: "freetds", said: "the headers of FreeTDS", words: "freetds" },
    Library { key: "gdal", said: "the program `gdal-config`", words: "gdal" },
    Library { key: "geos", said: "the library GEOS", words: "geos" },
    Library { key: "hdf5", said: "the library HDF5", words: "hdf5" },
    Library {
        key: "jpeg",
        said: "the headers of libjpeg and zlib",
        words: "jpeg zlib|libpng|freetype|libtiff|libxml2|mysql|mariadb",
    },
    Library { key: "libpq", said: "the program `pg_config`", words: LIBPQ },
    Library { key: "memcached", said: "the headers of libmemcached", words: "libmemcached" },
    Library { key: "odbc", said: "the headers of unixODBC", words: "unixODBC" },
    Library { key: "openldap", said: "the headers of OpenLDAP", words: "openldap" },
    Library { key: "rust", said: "a compiler of Rust", words: "rust|cargo" },
    Library { key: "xslt", said: "the headers of libxml2 and libxslt", words: "libxslt" },
];

impl Row {
    /// Does one of its versions not install on this Python?
    pub(super) fn covers(&self, minor: u32, version: &[u32]) -> bool {
        self.from.as_ref().is_none_or(|from| from.as_slice() <= version) && self.ends_after(minor, version)
    }

    /// Is there this version or a newer one among them, on this Python?
    pub(super) fn ends_after(&self, minor: u32, version: &[u32]) -> bool {
        match self.until(minor) {
            Some(Until::Version { numbers, .. }) => version < numbers.as_slice(),
            Some(Until::Never) => true,
            Some(Until::Fine) | None => false,
        }
    }

    /// The first version that this Python installs again.
    pub(super) fn again(&self, minor: u32) -> Option<&'static str> {
        match self.until(minor)? {
            Until::Version { said, .. } => Some(said),
            Until::Never | Until::Fine => None,
        }
    }

    /// Does no Python install any version without help?
    pub(super) fn is_endless(&self) -> bool {
        self.from.is_none() && self.is_last()
    }

    /// Does no Python install the newest?
    pub(super) fn is_last(&self) -> bool {
        self.until.iter().all(|until| *until == Until::Never)
    }

    fn until(&self, minor: u32) -> Option<&Until> {
        self.until.get(usize::try_from(minor.checked_sub(OLDEST)?).ok()?)
    }
}

#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    parse().map(|row| row.name)
}

/// The rows of a package, by its name in pip's spelling.
pub(super) fn of(name: &str) -> &'static [Row] {
    static TABLE: ByName<Row> = ByName::unread();
    TABLE.of(name, parse, |row| row.name)
}

fn parse() -> impl Iterator<Item = Row> {
    rows(include_str!("installs.txt"))
        .map(|line| row(line).unwrap_or_else(|| panic!("installs.txt: what is `{line}`?")))
}

fn row(line: &'static str) -> Option<Row> {
    let mut words = line.split_whitespace();
    let (name, why, from) = (words.next()?, words.next()?, words.next()?);
    let until = words.map(until).collect::<Option<Vec<Until>>>()?.try_into().ok()?;
    let from = if from == "-" { None } else { Some(numbers(from)?) };
    Some(Row { name, why: why_of(why)?, from, until })
}

fn why_of(word: &'static str) -> Option<Why> {
    Some(match word {
        "source" => Why::Source,
        "absent" => Why::Absent,
        word if word.starts_with("brings:") => Why::Brings(word.strip_prefix("brings:")?),
        library => Why::Lacks(LIBRARIES.iter().find(|known| known.key == library)?),
    })
}

fn until(said: &'static str) -> Option<Until> {
    Some(match said {
        "-" => Until::Fine,
        "never" => Until::Never,
        said => {
            let (until, said) = said.split_once('/').unwrap_or((said, said));
            Until::Version { said, numbers: numbers(until)? }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package_name::normal;

    #[test]
    fn the_table_is_in_order() {
        let rows: Vec<Row> = parse().collect();
        assert!(rows.len() > 40);
        let key = |row: &Row| (row.name, row.from.clone().unwrap_or_default());
        for pair in rows.windows(2) {
            assert!(key(&pair[0]) < key(&pair[1]), "{:?} stands before {:?}", pair[0], pair[1]);
        }
        for row in &rows {
            assert_eq!(row.name, normal(row.name), "pip's spelling");
            assert!(row.until.iter().any(|until| *until != Until::Fine), "{} says nothing", row.name);
            for until in &row.until {
                let Until::Version { said, numbers } = until else { continue };
                assert!(
                    row.from.as_ref().is_none_or(|from| from < numbers),
                    "{} {said} begins after its end",
                    row.name
                );
            }
        }
        for library in LIBRARIES {
            assert!(rows.iter().any(|row| row.why == Why::Lacks(library)), "nothing needs `{}`", library.key);
        }
    }

    #[test]
    fn no_version_of_a_package_is_in_two_rows() {
        for row in parse() {
            for (minor, until) in (OLDEST..).zip(&row.until) {
                if *until == Until::Fine {
                    continue;
                }
                let first = row.from.clone().unwrap_or_else(|| vec![0; 3]);
                let covering = of(row.name).iter().filter(|row| row.covers(minor, &first)).count();
                assert_eq!(covering, 1, "{} {first:?} on 3.{minor}", row.name);
            }
        }
    }

    #[test]
    fn a_row_reads_as_it_stands() {
        #[track_caller]
        fn case(line: &'static str, minor: u32, version: &str, covered: bool, again: Option<&str>) {
            let row = row(line).expect("a row");
            assert_eq!(row.covers(minor, &numbers(version).expect("a version")), covered, "{line}: {version}");
            assert_eq!(row.again(minor), again, "{line}");
        }
        const LINE: &str = "thing source 1.4 - 2.0.1 2.1 never";
        case(LINE, 11, "1.4", false, None);
        case(LINE, 12, "1.4", true, Some("2.0.1"));
        case(LINE, 12, "1.3.9", false, Some("2.0.1"));
        case(LINE, 12, "2.0.1", false, Some("2.0.1"));
        case(LINE, 13, "2.0.1", true, Some("2.1"));
        case(LINE, 14, "9.0", true, None);
        case(LINE, 15, "1.4", false, None);
        case("thing source - 2.1/2.4 - - -", 11, "2.0", true, Some("2.4"));
        case("thing source - 2.1/2.4 - - -", 11, "2.2", false, Some("2.4"));
        for wrong in
            ["thing", "thing source -", "thing source - 1 2 3 4 5", "thing odd - - - - 2.0", "thing source x - - - 1.0"]
        {
            assert!(row(wrong).is_none(), "{wrong}");
        }
    }
}
