//! Compilers: packages without a wheel, in an image that has not what compiles them.
//!
//! Sources: Debian's and Alpine's lists of packages (slim images of Python have no compiler, the full ones stand on `buildpack-deps`), and pip, which was asked in
//! November 2026 for wheels of each package of the table.

use super::installs::{self, Numbers, Why, numbers};
use super::newest::Newest;
use crate::beanstalk::image_reference::ImageReference;
use crate::beanstalk::requirements::Requirement;
use crate::check::dockerfile::Image;
use crate::check::images::dockerfiles;
use crate::check::inside::{exported, python, steps};
use crate::check::rules::descriptors::containers::is_built;
use crate::check::subject::{DOCKERRUN, Subject};
use crate::check::words::{self, base as last_part};
use crate::level::Level;

const RULE: &str = "EB357";

/// A package that has no wheel for any Linux.
struct Source {
    name: &'static str,
    /// Parts of names of system packages that have what it is compiled against; none: a compiler is enough.
    words: &'static [&'static str],
    /// What it does not find without them.
    lacks: &'static str,
    /// What brings that, on Debian and on Alpine.
    debian: &'static str,
    alpine: &'static str,
    /// What does the same and has wheels.
    instead: &'static str,
}

const LIBPQ: [&str; 2] = ["libpq-dev", "postgres"];
const SOURCES: [Source; 7] = [
    Source {
        name: "mysqlclient",
        words: &["mysqlclient", "mariadb", "mysql-dev"],
        lacks: "the headers of MySQL",
        debian: "gcc default-libmysqlclient-dev pkg-config",
        alpine: "gcc musl-dev mariadb-connector-c-dev",
        instead: "; or use `PyMySQL`",
    },
    Source {
        name: "psycopg2",
        words: &LIBPQ,
        lacks: "`pg_config`",
        debian: "gcc libpq-dev",
        alpine: "gcc musl-dev libpq-dev",
        instead: "; or take `psycopg2-binary`",
    },
    Source {
        name: "psycopg-c",
        words: &LIBPQ,
        lacks: "`pg_config`",
        debian: "gcc libpq-dev",
        alpine: "gcc musl-dev libpq-dev",
        instead: "; or take `psycopg[binary]`",
    },
    Source {
        name: "pycairo",
        words: &["cairo"],
        lacks: "the headers of cairo",
        debian: "gcc libcairo2-dev pkg-config",
        alpine: "gcc musl-dev cairo-dev",
        instead: "",
    },
    Source {
        name: "pyaudio",
        words: &["portaudio"],
        lacks: "the headers of PortAudio",
        debian: "gcc portaudio19-dev",
        alpine: "gcc musl-dev portaudio-dev",
        instead: "",
    },
    Source {
        name: "python-ldap",
        words: &["ldap"],
        lacks: "the headers of OpenLDAP",
        debian: "gcc libldap2-dev libsasl2-dev",
        alpine: "gcc musl-dev openldap-dev",
        instead: "",
    },
    Source {
        name: "uwsgi",
        words: &[],
        lacks: "",
        debian: "gcc libc6-dev",
        alpine: "gcc musl-dev linux-headers",
        instead: "",
    },
];

/// System packages with a compiler.
const COMPILERS: [&str; 6] = ["gcc", "g++", "build-essential", "build-base", "clang", "alpine-sdk"];

/// Beginnings of names of those that bring none along, by themselves or as what they recommend.
const CALM: [&str; 62] = [
    "apt-transport-https",
    "apt-utils",
    "bash",
    "bzip2",
    "ca-certificates",
    "cairo",
    "cron",
    "curl",
    "default-libmysqlclient-dev",
    "default-mysql-client",
    "dos2unix",
    "freetype",
    "gettext",
    "gnupg",
    "htop",
    "iputils-ping",
    "jpeg-dev",
    "jq",
    "less",
    "libc-dev",
    "libcairo2",
    "libffi",
    "libgdk-pixbuf",
    "libgl1",
    "libglib2.0-0",
    "libjpeg",
    "libldap",
    "libmagic1",
    "libmariadb",
    "libpango",
    "libpcre",
    "libpng",
    "libpq",
    "libsasl2",
    "libsm6",
    "libssl",
    "libwebp",
    "libxext6",
    "libxml2",
    "libxrender1",
    "libxslt",
    "linux-headers",
    "locales",
    "make",
    "mariadb",
    "musl-dev",
    "nano",
    "netcat",
    "nginx",
    "openjpeg",
    "openssh",
    "openssl",
    "pkg-config",
    "postgresql",
    "procps",
    "python3-dev",
    "redis",
    "shared-mime-info",
    "tzdata",
    "vim",
    "wget",
    "zlib",
];

/// What an image has for those who compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Slim,
    Alpine,
    /// With a compiler and many headers.
    Full,
}

impl Kind {
    fn of(image: &Image) -> Option<Self> {
        let reference = ImageReference::below(image.base()?);
        if !reference.is_official() || reference.has_digest || reference.name != "python" {
            return None;
        }
        let tag = reference.tag.unwrap_or("latest");
        let has = |word: &str| tag.split('-').any(|part| part.starts_with(word));
        match (has("slim"), has("alpine"), has("windows")) {
            (true, ..) => Some(Self::Slim),
            (_, true, _) => Some(Self::Alpine),
            (.., true) => None,
            _ => Some(Self::Full),
        }
    }
}

/// System packages that steps install; `None`: they may be more than is known.
fn system_packages(image: &Image) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for step in image.all("RUN") {
        for run in words::runs(&step.rest) {
            let adds = match run.name() {
                "apt-get" | "apt" | "aptitude" => "install",
                "apk" => "add",
                "apt-key" | "add-apt-repository" | "dpkg" | "gdebi" | "curl" | "wget" | "make" | "source" | "." => {
                    return None;
                }
                _ => continue,
            };
            if !run.has(adds) {
                continue;
            }
            for word in run.plain().map(|word| word.text.as_str()).filter(|word| *word != adds) {
                let name = word.split(['=', '~', '<', '>', '@']).next().unwrap_or(word);
                let group = run.name() == "apk" && (name.starts_with('.') || name.contains("deps"));
                let known =
                    COMPILERS.contains(&name) || CALM.iter().any(|calm| name.starts_with(calm)) || name == "git";
                if !known && !group {
                    return None;
                }
                found.push(name.to_owned());
            }
        }
    }
    Some(found)
}

pub(super) fn check(subject: &mut Subject<'_>) {
    if !subject.prepared() || subject.guessed() {
        return;
    }
    let is_built = is_built(subject.customizations);
    let is_top = is_built && subject.customizations.containers.as_deref() == Some(DOCKERRUN);
    for path in dockerfiles(subject.tree, subject.customizations) {
        if is_top && path.contains('/') {
            continue;
        }
        let Some(text) = subject.tree.text(&path) else { continue };
        let stages = Image::stages(text);
        let Some((_, last)) = stages.last() else { continue };
        let copied = exported::copied(last, &stages);
        let all = copied.iter().flatten().map(|(stage, _)| (*stage, true)).chain([(last, false)]);
        let found = all.into_iter().find_map(|(stage, copied)| {
            let (minor, _) = python(stage)?;
            let installed = steps::own(subject.tree, stage, &path, minor, copied)?;
            let lines = installed.packages.lines.iter();
            lines.filter(|line| !line.constraint && line.marker.is_none() && !line.text.contains("://")).find_map(
                |line| {
                    let (message, fix) = lacks(stage, line, minor)?;
                    (!subject.has_found_at("EB144", &line.path, &line.span)).then(|| (line.clone(), message, fix))
                },
            )
        });
        let Some((line, message, fix)) = found else { continue };
        let finding = subject.find(RULE, &line.path, line.span, message, fix);
        if !is_built {
            finding.level = Level::Warning;
        }
    }
}

/// Is there no wheel of the version that pip takes?
fn is_compiled(line: &Requirement, version: Option<&Numbers>, minor: u32) -> bool {
    // Those had one, for the Pythons of their time.
    let once = |from: [u32; 2], until: [u32; 2]| {
        version.is_some_and(|version| version.as_slice() >= from.as_slice() && version.as_slice() < until.as_slice())
    };
    line.name != "psycopg2" || minor > 7 || !once([2, 7], [2, 8])
}

/// What the package of a line does not find in this image, and what to do.
fn lacks(image: &Image, line: &Requirement, minor: u32) -> Option<(String, String)> {
    let kind = Kind::of(image)?;
    let (system, base) = (system_packages(image)?, image.base().map(last_part)?);
    let compiles = kind == Kind::Full || system.iter().any(|name| COMPILERS.contains(&name.as_str()));
    let (name, version) = (line.name.as_str(), line.exact().and_then(numbers));
    let extra = line.name == "psycopg" && line.extras.iter().any(|extra| extra == "c");
    let name = if extra { "psycopg-c" } else { name };
    let source = SOURCES.iter().find(|source| source.name == name && is_compiled(line, version.as_ref(), minor));
    let fails = "the image cannot be built: pip has no wheel of";
    let Some(source) = source else {
        // Versions that have none for this Python.
        let newest = Newest::of(line).filter(|newest| newest.exact && !compiles && kind == Kind::Slim)?;
        let mut rows = installs::of(name).iter().filter(|row| row.covers(minor, &newest.numbers));
        let (library, again) = rows.find_map(|row| match row.why {
            Why::Lacks(library) => Some((library.said, row.again(minor)?)),
            _ => None,
        })?;
        let more = match system.iter().any(|name| name.contains("-dev")) {
            true => format!("`{base}` has no compiler"),
            false => format!("`{base}` has neither a compiler nor {library}"),
        };
        let message = format!("{fails} `{name}` {} for Python 3.{minor}, compiles it, and {more}", newest.said);
        return Some((message, format!("take `{name}` {again} or newer, which has a wheel")));
    };
    let has = |words: &[&str]| system.iter().any(|name| words.iter().any(|word| name.contains(word)));
    if !compiles {
        return Some((format!("{fails} `{name}`, compiles it, and `{base}` has no compiler"), brings(kind, source)));
    }
    // The full image has the headers of both databases.
    let beside = kind == Kind::Full && !matches!(name, "pyaudio" | "python-ldap");
    if !source.words.is_empty() && !has(source.words) && !beside {
        return Some((
            format!("{fails} `{name}`, compiles it, and does not find {}", source.lacks),
            brings(kind, source),
        ));
    }
    // From 2.2 on it asks `pkg-config`, which none of these brings.
    let new = version.as_deref().map_or(line.specifier.is_empty(), |version| version >= [2, 2].as_slice());
    let told = image.instructions.iter().any(|one| one.rest.contains("MYSQLCLIENT_CFLAGS"));
    if name == "mysqlclient" && kind == Kind::Slim && new && !told && !has(&["pkg-config", "pkgconf", "glib", "cairo"])
    {
        let message = format!("{fails} `{name}`, compiles it, and its build stops without `pkg-config`");
        return Some((message, "install `pkg-config` beside the headers; or use `PyMySQL`".to_owned()));
    }
    None
}

fn brings(kind: Kind, source: &Source) -> String {
    let install = match kind {
        Kind::Alpine => format!("`RUN apk add --no-cache {}`", source.alpine),
        Kind::Slim | Kind::Full => format!("`RUN apt-get update && apt-get install -y {}`", source.debian),
    };
    format!("{install} before pip installs{}", source.instead)
}
