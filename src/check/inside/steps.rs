//! Steps: what those of a build install, by pip or a tool that stands in front of it.
//!
//! Sources: pip's, pipenv's and uv's own documentation of their `install`.

use std::collections::BTreeSet;

use super::exported::{self, Made, copied};
use super::{list_of, locked, python};
use crate::beanstalk::dockerfile::Instruction;
use crate::beanstalk::image_reference::ImageReference;
use crate::beanstalk::requirements::{Pyproject, Requirements, Source, beside};
use crate::beanstalk::tree::Tree;
use crate::beanstalk::version::Version;
use crate::beanstalk::wheel::on_every_instance;
use crate::check::dockerfile::{Image, flags};
use crate::check::words::{self, Run};

/// All that is installed.
pub(in crate::check) struct Installed {
    pub(in crate::check) packages: Requirements,
    /// How many steps install it.
    pub(in crate::check) steps: usize,
    /// Was it a tool that had settled what goes with what?
    pub(in crate::check) is_locked: bool,
}

/// All that the steps of a build install; `None`: something of it is not known.
pub(in crate::check) fn packages(tree: &Tree, image: &Image, path: &str, minor: u32) -> Option<Installed> {
    let mut found = own(tree, image, path, minor, false)?;
    let stages = Image::stages(tree.text(path)?);
    for builder in builders(image, &stages, minor)? {
        let more = own(tree, builder, path, minor, true)?;
        found.steps += more.steps;
        found.is_locked |= more.is_locked;
        add(&mut found.packages, more.packages);
    }
    (!found.packages.lines.is_empty()).then_some(found)
}

/// What the steps of one stage install by themselves; where it is `copied` afterwards, they may put it anywhere.
pub(in crate::check) fn own(tree: &Tree, image: &Image, path: &str, minor: u32, copied: bool) -> Option<Installed> {
    let mut packages = Requirements::default();
    let Steps { steps, is_locked } = installs(tree, image, path, (copied, minor), &mut packages)?;
    packages.lines.retain_mut(|line| {
        let version = Version::new(3, minor).to_string();
        let holds = line.holds(&|name: &str| match name {
            "python_version" => Some(version.clone()),
            _ => on_every_instance(name).map(str::to_owned),
        });
        if holds == Some(true) {
            line.marker = None;
        }
        holds != Some(false)
    });
    Some(Installed { packages, steps, is_locked })
}

/// Stages whose packages are copied; `None`: what is copied may be packages of somebody else's.
fn builders<'s>(image: &Image, stages: &'s [(String, Image)], minor: u32) -> Option<Vec<&'s Image>> {
    /// Where packages are, in parts of their paths.
    const PLACES: [&str; 8] =
        ["site-packages", "venv", "virtualenv", "/.local", "/usr/local", "/install", "/root", "/opt"];
    let mut found: Vec<&Image> = Vec::new();
    for stage in copied(image, stages) {
        let (stage, words) = stage?;
        let base = ImageReference::below(stage.base()?);
        // Pages and their scripts.
        if base.is_official() && matches!(base.name, "node" | "alpine" | "nginx" | "busybox" | "golang") {
            continue;
        }
        if exported::is_list(&words) {
            continue;
        }
        // With the environment in it.
        let of_tool = stage.builds_with("uv sync") || stage.builds_with("poetry install");
        let is_place = of_tool || PLACES.iter().any(|place| words.contains(place));
        if !is_place || python(stage).map(|(minor, _)| minor) != Some(minor) || !copied(stage, stages).is_empty() {
            return None;
        }
        if !found.iter().any(|known| std::ptr::eq(*known, stage)) {
            found.push(stage);
        }
    }
    Some(found)
}

/// How many steps install packages, and whether one of them did from a lock.
struct Steps {
    steps: usize,
    is_locked: bool,
}

/// Adds what an image's own steps install.
fn installs(
    tree: &Tree,
    image: &Image,
    path: &str,
    (copied, minor): (bool, u32),
    found: &mut Requirements,
) -> Option<Steps> {
    // Images of others by this name may have packages in them.
    if !ImageReference::below(image.base()?).is_official() {
        return None;
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (mut steps, mut is_locked) = (0, false);
    for step in image.all("RUN") {
        let (mounts, rest) = flags(&step.rest);
        let mut before: Option<Run> = None;
        for run in words::runs(rest) {
            if let Some(lock) = locked::read(tree, image, folder, &mounts, &run, minor)? {
                add(found, lock);
                is_locked = true;
                continue;
            }
            if run.name() == "pipenv" {
                if let Some(source) = of_pipenv(tree, image, folder, &run)? {
                    add(found, Requirements::of_source(source, &|path| tree.bytes(path)));
                    steps += 1;
                }
                continue;
            }
            let does: Vec<&str> = run.plain().map(|word| word.text.as_str()).take(2).collect();
            let of_uv = run.name() == "uv" && does == ["pip", "install"];
            let calm = of_uv || locked::is_calm(&run) || brings_poetry(before.as_ref(), &run);
            if is_hidden(&run) && !calm {
                return None;
            }
            before = Some(run.clone());
            if !of_uv && run.pip().is_none_or(|word| word.text != "install") {
                continue;
            }
            let asked = asked(&run, copied)?;
            let tools = |asked: &Asked<'_>| matches!(asked, Asked::Package(name) if is_tool(name));
            let only_tools = asked.iter().all(tools);
            // What may fail may not be there.
            if run.forgiven && !only_tools {
                return None;
            }
            steps += usize::from(!only_tools);
            for asked in asked {
                add(found, read(tree, image, path, (step, minor), &asked)?);
            }
        }
    }
    Some(Steps { steps, is_locked })
}

fn add(found: &mut Requirements, more: Requirements) {
    found.lines.extend(more.lines);
    found.options.extend(more.options);
    found.unread.extend(more.unread);
    found.files.extend(more.files);
}

/// What pip itself is made of.
fn is_tool(text: &str) -> bool {
    let name = text.split(['=', '<', '>', '~', '!', '[']).next().unwrap_or_default();
    matches!(name, "pip" | "setuptools" | "wheel" | "pipenv" | "uv" | "pip-tools" | "poetry")
}

/// Is it the installer of Poetry's, as `curl` hands it to Python? It has an environment of its own.
fn brings_poetry(before: Option<&Run>, run: &Run) -> bool {
    let asks = |before: &Run| before.arguments.iter().any(|word| word.text.contains("//install.python-poetry.org"));
    run.piped && words::is_python(run.name()) && before.is_some_and(asks)
}

fn read(
    tree: &Tree,
    image: &Image,
    path: &str,
    (step, minor): (&Instruction, u32),
    asked: &Asked<'_>,
) -> Option<Requirements> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    match asked {
        Asked::List(list) => {
            let stages = Image::stages(tree.text(path)?);
            if let Some(Made { image, step, run }) = exported::made(image, &stages, list) {
                return locked::exported(tree, image, folder, &flags(&step.rest).0, &run, minor);
            }
            let list = list_of(tree, image, folder, list)?;
            Some(Requirements::of_file(&list, &|path| tree.bytes(path)))
        }
        Asked::Package(text) => {
            let mut one = Requirements::of_text(text, path);
            one.lines.iter_mut().for_each(|line| line.span = step.span.clone());
            Some(one)
        }
        Asked::Project(extras) => {
            let file = beside(folder, Pyproject::FILE)?;
            let project = Pyproject { path: file.clone(), extras: extras.clone() };
            // What else builds it may ask for more.
            let others = ["setup.py", "setup.cfg"].iter().any(|name| tree.is_file(name));
            let (found, _) = project.read(tree.text(&file).filter(|_| !others)?).ok()?;
            (!found.lines.is_empty()).then_some(found)
        }
    }
}

/// The list that a run of pipenv's installs, if it does; `None`: that is not known.
fn of_pipenv(tree: &Tree, image: &Image, folder: &str, run: &Run) -> Option<Option<Source>> {
    let mut plain = run.plain();
    let installs = plain.next().is_some_and(|word| matches!(word.text.as_str(), "install" | "sync"));
    let dev = ["--dev", "-d"].iter().any(|word| run.has(word));
    if !installs {
        // Such as `pipenv --version`, and not `pipenv run`, which may do anything.
        return run.arguments.iter().all(|word| word.text.starts_with('-')).then_some(None);
    }
    let calm = |word: &str| {
        ["install", "sync", "--system", "--deploy", "--ignore-pipfile", "--clear", "--verbose", "-v"].contains(&word)
    };
    // Another name is another package, and a variable may be anything.
    if dev || run.forgiven || plain.next().is_some() || !run.arguments.iter().all(|word| calm(&word.text)) {
        return None;
    }
    let copied = |name: &str| {
        let copies = |copy: &Instruction| copy.rest.split_whitespace().any(|word| matches!(word, "." | "./"));
        let named = |copy: &Instruction| copy.rest.contains(name) || copy.rest.contains("Pipfile*");
        image.all("COPY").chain(image.all("ADD")).any(|copy| copies(copy) || named(copy))
    };
    let mut all = [Source::PipfileLock, Source::Pipfile].into_iter();
    let is_here = |source: &Source| folder.is_empty() && tree.is_file(source.file()) && copied(source.file());
    all.find(is_here).map(Some)
}

/// May it install packages in a way that is not read here?
fn is_hidden(run: &Run) -> bool {
    const TOOLS: [&str; 12] = [
        "pipenv",
        "poetry",
        "uv",
        "conda",
        "mamba",
        "pdm",
        "easy_install",
        "pip-sync",
        "pipx",
        "make",
        "rye",
        "micropipenv",
    ];
    let script = run.carried_out().is_some_and(|word| word.text.ends_with(".sh") || word.text.ends_with("setup.py"));
    let by_python = words::is_python(run.name()) && run.pip().is_none() && !run.arguments.is_empty() && {
        let calm = ["manage.py", "-c", "--version", "venv"];
        !run.arguments.iter().any(|word| calm.iter().any(|known| word.text.ends_with(known)))
    };
    script || by_python || TOOLS.contains(&run.name())
}

enum Asked<'r> {
    List(&'r str),
    Package(&'r str),
    /// What lies where the step is, with these extras.
    Project(BTreeSet<String>),
}

/// `.` or `.[web,aws]`.
fn project(word: &str) -> Option<BTreeSet<String>> {
    let rest = word.strip_prefix('.')?;
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let extras = match rest {
        "" => "",
        rest => rest.strip_prefix('[')?.strip_suffix(']')?,
    };
    Some(extras.split(',').map(str::trim).filter(|extra| !extra.is_empty()).map(str::to_owned).collect())
}

/// What a `pip install` is given; `None`: it takes packages from where nobody sees them, or leaves out what they need. What is `copied`
/// may be put anywhere.
fn asked(run: &Run, copied: bool) -> Option<Vec<Asked<'_>>> {
    const VALUES: [&str; 14] = [
        "-i",
        "--index-url",
        "--extra-index-url",
        "--trusted-host",
        "--timeout",
        "--default-timeout",
        "--retries",
        "--progress-bar",
        "--cache-dir",
        "--root-user-action",
        "--upgrade-strategy",
        "--log",
        "--proxy",
        "--cert",
    ];
    let mut found = Vec::new();
    let at = run.arguments.iter().position(|word| word.text == "install")?;
    let mut words = run.arguments[at + 1..].iter().map(|word| word.text.as_str());
    while let Some(word) = words.next() {
        match word {
            "-r" | "--requirement" => found.push(Asked::List(words.next()?)),
            _ if VALUES.contains(&word) => {
                words.next();
            }
            "--prefix" if copied => {
                words.next();
            }
            _ if copied && word.starts_with("--prefix=") => {}
            "-e" | "--editable" => found.push(Asked::Project(project(words.next()?)?)),
            "-c" | "--constraint" | "-t" | "--target" | "--no-deps" | "--prefix" | "--root" | "-f" | "--find-links"
            | "--use-deprecated" => return None,
            _ if word.starts_with("--requirement=") => found.push(Asked::List(word.split_once('=')?.1)),
            _ if word.starts_with("-r") => found.push(Asked::List(&word[2..])),
            _ if word.starts_with('-') => {
                let hides =
                    ["--constraint=", "--editable=", "--target=", "--prefix=", "--find-links=", "--use-deprecated="];
                if hides.iter().any(|option| word.starts_with(option)) {
                    return None;
                }
            }
            _ if word.starts_with('.') && project(word).is_some() => found.push(Asked::Project(project(word)?)),
            _ if word.contains(['/', '$', '*', '`']) || word.starts_with('.') || word.ends_with(".whl") => return None,
            _ => found.push(Asked::Package(word)),
        }
    }
    Some(found)
}
