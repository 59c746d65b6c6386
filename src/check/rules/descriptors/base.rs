//! Base: the system that an image stands on, and what the steps of its build do not find there any more.
//!
//! Sources: docker-library (what a tag of `python` without a release stands on), Debian's and Ubuntu's lists of packages, PEP 668. `apt-get` was tried
//! on Debian 12.

use super::containers::is_built;
use crate::beanstalk::image_reference::ImageReference;
use crate::check::dockerfile::Image;
use crate::check::images::dockerfiles;
use crate::check::subject::{DOCKERRUN, Subject};
use crate::check::words::{self, Run};
use crate::level::Level;

const RULE: &str = "EB368";

/// What an image stands on, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    Debian(u32),
    /// 2404 is 24.04.
    Ubuntu(u32),
}

const DEBIAN: [(&str, u32); 8] = [
    ("wheezy", 7),
    ("jessie", 8),
    ("stretch", 9),
    ("buster", 10),
    ("bullseye", 11),
    ("bookworm", 12),
    ("trixie", 13),
    ("stable", 13),
];
const UBUNTU: [(&str, u32); 6] =
    [("trusty", 1404), ("xenial", 1604), ("bionic", 1804), ("focal", 2004), ("jammy", 2204), ("noble", 2404)];
/// The newest that have long support: what a tag without a number has at least.
const NEWEST: (System, System) = (System::Debian(13), System::Ubuntu(2404));
/// Debian 9 or 10, where nobody needs to know which.
const OLDER: System = System::Debian(9);
/// Releases of Ubuntu whose packages were taken to another server.
const MOVED: [u32; 9] = [1710, 1810, 1904, 1910, 2010, 2104, 2110, 2210, 2304];

/// What an image brings: the system, and whether its Python is that of the system.
struct Base<'i> {
    said: &'i str,
    system: System,
    own_python: bool,
}

impl<'i> Base<'i> {
    fn of(image: &'i Image) -> Option<Self> {
        let said = image.base()?;
        let reference = ImageReference::below(said);
        if reference.has_digest || said.contains('$') {
            return None;
        }
        let (name, tag) = (reference.name, reference.tag.unwrap_or("latest"));
        if is_of_conda(&reference, tag) {
            return Some(Self { said, system: OLDER, own_python: true });
        }
        if !reference.is_official() {
            return None;
        }
        let words: Vec<&str> = tag.split('-').collect();
        let named =
            |table: &[(&str, u32)]| table.iter().find(|(name, _)| words.contains(name)).map(|(_, number)| *number);
        let first = words.first().copied().unwrap_or_default();
        let system = match name {
            "python"
                if words
                    .iter()
                    .any(|word| word.starts_with("alpine") || word.contains("windows") || word.contains("server")) =>
            {
                None
            }
            "python" => named(&DEBIAN).or_else(|| below_python(first)).map(System::Debian),
            "debian" => named(&DEBIAN)
                .or_else(|| first.split('.').next()?.parse().ok())
                .map(System::Debian)
                .or((first == "latest").then_some(NEWEST.0)),
            "ubuntu" => named(&UBUNTU)
                .or_else(|| first.replace('.', "").parse().ok().filter(|number| *number > 1000))
                .map(System::Ubuntu)
                .or((first == "latest").then_some(NEWEST.1)),
            // None of its tags were made after Debian 11 was there but those that name it.
            "node" if !words.iter().any(|word| word.starts_with("alpine")) => {
                let major: Option<u32> = first.split('.').next().and_then(|number| number.parse().ok());
                named(&DEBIAN).map(System::Debian).or(major.filter(|major| *major <= 12).map(|_| OLDER))
            }
            _ => None,
        }?;
        Some(Self { said, system, own_python: name == "python" })
    }

    fn is_at_least(&self, debian: u32, ubuntu: u32) -> bool {
        match self.system {
            System::Debian(number) => number >= debian,
            System::Ubuntu(number) => number >= ubuntu,
        }
    }
}

/// Is it an image of conda from before Debian 11, whatever that stood on then? Its tags are not made anew.
fn is_of_conda(reference: &ImageReference<'_>, tag: &str) -> bool {
    let numbers: Vec<u32> = tag.split('.').map_while(|part| part.parse().ok()).collect();
    let plain = numbers.len() == tag.split('.').count();
    let of_conda = matches!(reference.place, "continuumio" | "docker.io/continuumio") && plain;
    match (reference.name, numbers.as_slice()) {
        ("miniconda3" | "miniconda", [4, ..=9, ..]) => of_conda,
        ("anaconda3" | "anaconda", [4 | 5, ..] | [2018..=2020, ..] | [2021, ..=5]) => of_conda,
        _ => false,
    }
}

/// The release of Debian below an image of Python, whose tag names none: the newest of the time when it was made last.
fn below_python(version: &str) -> Option<u32> {
    if matches!(version, "latest" | "slim" | "3") {
        return Some(13);
    }
    let numbers: Vec<u32> = version.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    match numbers.as_slice() {
        [3, minor] if *minor >= 9 => Some(13),
        [3, 7 | 8] => Some(12),
        [3, 6] => Some(11),
        // Made before Debian 11 was there.
        [2] | [2, 7] | [3, 4 | 5] => Some(10),
        [3, 6, ..=12] | [3, 7 | 8, ..=10] | [3, 9, ..=5] => Some(10),
        _ => None,
    }
}

/// A package that is not there any more: since which releases, and what to take.
struct Gone {
    package: &'static str,
    debian: u32,
    ubuntu: u32,
    fix: &'static str,
}

const NEVER: u32 = u32::MAX;
const GONE: [Gone; 10] = [
    Gone { package: "netcat", debian: 12, ubuntu: NEVER, fix: "take `netcat-openbsd` in its place" },
    Gone { package: "libgl1-mesa-glx", debian: 13, ubuntu: 2404, fix: "take `libgl1` in its place" },
    Gone {
        package: "software-properties-common",
        debian: 13,
        ubuntu: NEVER,
        fix: "take it out: it adds servers of packages for Ubuntu",
    },
    Gone {
        package: "libmysqlclient-dev",
        debian: 10,
        ubuntu: NEVER,
        fix: "take `default-libmysqlclient-dev` in its place",
    },
    Gone { package: "mysql-client", debian: 10, ubuntu: NEVER, fix: "take `default-mysql-client` in its place" },
    Gone { package: "python3-distutils", debian: 13, ubuntu: 2404, fix: "take `python3-setuptools` in its place" },
    Gone { package: "python-distribute", debian: 10, ubuntu: 1804, fix: "take `python3-setuptools` in its place" },
    Gone { package: "python-pip", debian: 11, ubuntu: 2004, fix: "take `python3-pip` in its place" },
    Gone { package: "python-dev", debian: 12, ubuntu: 2404, fix: "take `python3-dev` in its place" },
    Gone { package: "python", debian: 12, ubuntu: 2404, fix: "take `python3` in its place" },
];

pub(super) fn check(subject: &mut Subject<'_>) {
    if subject.guessed() {
        return;
    }
    let here = is_built(subject.customizations);
    for path in dockerfiles(subject.tree, subject.customizations) {
        // Beside a `Dockerrun.aws.json` of the Docker platform, the one at the top is built.
        if here && subject.customizations.containers.as_deref() == Some(DOCKERRUN) && path.contains('/') {
            continue;
        }
        let Some(text) = subject.tree.text(&path) else { continue };
        let image = Image::read(text);
        let Some((span, message, fix)) = stops(&image) else { continue };
        let finding = subject.find(RULE, &path, span, message, fix);
        if !here {
            finding.level = Level::Warning;
        }
    }
}

/// The first step of a build that stops it.
fn stops(image: &Image) -> Option<(std::ops::Range<usize>, String, String)> {
    let base = Base::of(image)?;
    let whole: String = image.instructions.iter().map(|one| format!("{} {}\n", one.name, one.rest)).collect();
    // Other servers, or a Python of the project's own.
    let has = |words: &[&str]| words.iter().any(|word| whole.contains(word));
    let sources = has(&[
        "sources.list",
        "archive.debian.org",
        "old-releases",
        "add-apt-repository",
        "/etc/apt",
        "ppa:",
        "apt.conf",
    ]);
    let python = has(&[
        "break-system-packages",
        "BREAK_SYSTEM",
        "venv",
        "virtualenv",
        "conda",
        "EXTERNALLY-MANAGED",
        "pyenv",
        "uv ",
        "get-pip",
        "pipx",
        "python3.",
    ]);
    for step in image.all("RUN").filter(|_| !sources) {
        for run in words::runs(&step.rest).iter().filter(|run| !run.forgiven) {
            let found = archived(&base, run).or_else(|| gone(&base, run)).or_else(|| managed(&base, run, python));
            if let Some((message, fix)) = found {
                return Some((step.span.clone(), message, fix));
            }
        }
    }
    None
}

fn archived(base: &Base<'_>, run: &Run) -> Option<(String, String)> {
    if !matches!(run.name(), "apt-get" | "apt") || !run.has("update") {
        return None;
    }
    let server = match base.system {
        System::Debian(..=10) => "Debian's servers have the packages of Debian 10 and older",
        System::Ubuntu(number) if MOVED.contains(&number) => "Ubuntu's servers have the packages of this release",
        _ => return None,
    };
    let message = format!(
        "the image of `{}` cannot be built any more: `apt-get update` is told 404, since {server} in their archive alone",
        base.said
    );
    let newer = match ImageReference::of(base.said).name {
        "node" => "`node:24`",
        "miniconda3" | "miniconda" => "`continuumio/miniconda3:latest`",
        "anaconda3" | "anaconda" => "`continuumio/anaconda3:latest`",
        _ if base.own_python => "`python:3.13-slim`",
        _ => "`debian:13` or `ubuntu:24.04`",
    };
    Some((message, format!("take an image of a release that is kept up, such as {newer}")))
}

fn gone(base: &Base<'_>, run: &Run) -> Option<(String, String)> {
    if !matches!(run.name(), "apt-get" | "apt") || !run.has("install") {
        return None;
    }
    let names = || run.plain().map(|word| word.text.as_str()).filter(|word| *word != "install");
    let stops = |name: &str| {
        format!(
            "the image cannot be built: `apt-get` stops, since the system of `{}` has no package `{name}`",
            base.said
        )
    };
    for name in names() {
        let row = GONE.iter().find(|row| row.package == name && base.is_at_least(row.debian, row.ubuntu));
        if let Some(row) = row {
            return Some((stops(name), row.fix.to_owned()));
        }
        // Each release has one Python, and Ubuntu 22.04 and older are left alone.
        let minor = name.strip_prefix("python3.").and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
        if minor.is_some_and(|minor| minor <= 10) && base.is_at_least(12, 2404) {
            return Some((
                stops(name),
                "start from the image of that Python, such as `python:3.13-slim`; or name no version".to_owned(),
            ));
        }
    }
    None
}

fn managed(base: &Base<'_>, run: &Run, other: bool) -> Option<(String, String)> {
    let installs = run.pip().is_some_and(|word| word.text == "install");
    if base.own_python || other || !installs || !base.is_at_least(12, 2304) {
        return None;
    }
    let message = format!(
        "the image cannot be built: pip stops with `externally-managed-environment`, since the Python of `{}` is the system's own",
        base.said
    );
    let fix = "start from an image of Python, such as `python:3.13-slim`; or make a virtual environment first, and install into that";
    Some((message, fix.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_image_stands_on() {
        let system = |from: &str| Base::of(&Image::read(&format!("FROM {from}\n"))).map(|base| base.system);
        assert_eq!(system("python:3.12-slim"), Some(System::Debian(13)));
        assert_eq!(
            system("--platform=linux/amd64 public.ecr.aws/docker/library/python:3.8 AS a"),
            Some(System::Debian(12))
        );
        assert_eq!(system("python:3.12-slim-bullseye"), Some(System::Debian(11)));
        assert_eq!(system("python:3.7.4"), Some(System::Debian(10)));
        assert_eq!(system("python:2.7-slim"), Some(System::Debian(10)));
        assert_eq!(system("ubuntu"), Some(System::Ubuntu(2404)));
        assert_eq!(system("ubuntu:18.04"), Some(System::Ubuntu(1804)));
        assert_eq!(system("debian:buster-slim"), Some(System::Debian(10)));
        assert_eq!(system("debian:12.5"), Some(System::Debian(12)));
        for old in [
            "continuumio/miniconda3:4.6.14",
            "continuumio/miniconda3:4.9.2",
            "continuumio/anaconda3:2020.11",
            "node:12",
            "node:10.16-stretch",
            "node:14-buster",
        ] {
            assert!(matches!(system(old), Some(System::Debian(..=10))), "{old}");
        }
        for other in [
            "continuumio/miniconda3",
            "continuumio/miniconda3:4.10.3",
            "continuumio/miniconda3:4.9.2-alpine",
            "continuumio/anaconda3:2021.11",
            "me/miniconda3:4.6.14",
            "node:12-alpine",
            "node:14",
            "node:lts",
            "python:3.12-alpine",
            "python:3.11.4",
            "me/python:3.8",
            "node:18",
            "python:$TAG",
            "ubuntu@sha256:ab",
            "ubuntu:rolling",
        ] {
            assert_eq!(system(other), None, "{other}");
        }
    }

    #[test]
    fn what_stops_a_build() {
        let said = |text: &str| stops(&Image::read(text)).map(|(_, message, _)| message).unwrap_or_default();
        let stops = |text: &str, word: &str| assert!(said(text).contains(word), "{text}: {}", said(text));
        stops("FROM python:3.7-slim-buster\nRUN apt-get update && apt-get install -y gcc\n", "404");
        stops("FROM python:3.6.5\nRUN apt-get -y update\n", "404");
        stops("FROM ubuntu:21.04\nRUN apt update\n", "404");
        stops(
            "FROM python:3.11-slim\nRUN apt-get update \\\n && apt-get install -y \\\n  # for waiting\n  netcat \\\n  gcc\n",
            "`netcat`",
        );
        stops("FROM python:3.10\nRUN apt-get update && apt-get install -y libgl1-mesa-glx\n", "`libgl1-mesa-glx`");
        stops("FROM ubuntu\nRUN apt-get install -y tar python3.6\n", "`python3.6`");
        stops("FROM ubuntu:latest\nRUN cd /src && pip3 install -r /src/requirements.txt\n", "externally-managed");
        stops("FROM debian:12-slim\nRUN python3 -m pip install flask\n", "externally-managed");
        for text in [
            "FROM python:3.13-slim\nRUN apt-get update && apt-get install -y netcat-openbsd\nRUN pip install x\n",
            "FROM python:3.7-buster\nRUN pip install x\n",
            "FROM python:3.7-buster\nRUN sed -i s/deb.debian.org/archive.debian.org/ /etc/apt/sources.list\nRUN apt-get update\n",
            "FROM ubuntu:22.04\nRUN apt-get update && apt-get install -y python3.9 netcat\nRUN pip3 install x\n",
            "FROM ubuntu:24.04\nRUN python3 -m venv /venv && /venv/bin/pip install x\n",
            "FROM ubuntu\nENV PIP_BREAK_SYSTEM_PACKAGES=1\nRUN pip install x\n",
            "FROM python:3.7-bullseye\nRUN apt-get update && apt-get install -y netcat\n",
            "FROM python:3.11-slim\nRUN apt-get install -y netcat || true\n",
        ] {
            assert_eq!(said(text), "", "{text}");
        }
    }
}
