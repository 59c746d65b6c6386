//! Locked: what `uv sync` and `poetry install` put into an image, by the lock that they go by, and what `export` makes a list of.
//!
//! Sources: uv's and Poetry's own documentation of these commands, and of the groups that they take where nothing is said.

use super::list_of;
use crate::beanstalk::dockerfile::Instruction;
use crate::beanstalk::requirements::{LockedList, Requirements, beside};
use crate::beanstalk::tree::Tree;
use crate::check::dockerfile::Image;
use crate::check::words::Run;

/// What says nothing of which packages there are.
const CALM: [&str; 27] = [
    "--active",
    "--compile",
    "--compile-bytecode",
    "--frozen",
    "--link-mode=copy",
    "--locked",
    "--no-annotate",
    "--no-ansi",
    "--no-cache",
    "--no-cache-dir",
    "--no-directory",
    "--no-editable",
    "--no-emit-project",
    "--no-emit-workspace",
    "--no-hashes",
    "--no-header",
    "--no-install-project",
    "--no-install-workspace",
    "--no-interaction",
    "--no-progress",
    "--no-root",
    "--quiet",
    "--sync",
    "--verbose",
    "--without-hashes",
    "-n",
    "-q",
];

/// Is a tool that has locks asked for what installs nothing?
pub(super) fn is_calm(run: &Run) -> bool {
    let command = run.plain().next().map(|word| word.text.as_str());
    match run.name() {
        "uv" => matches!(command, Some("venv" | "export")),
        "poetry" => matches!(command, None | Some("config" | "check" | "show" | "cache" | "export")),
        _ => false,
    }
}

/// What a run installs by a lock, if it does; `None`: that is not known.
pub(super) fn read(
    tree: &Tree,
    image: &Image,
    folder: &str,
    mounts: &[&str],
    run: &Run,
    minor: u32,
) -> Option<Option<Requirements>> {
    let command = run.plain().next().map(|word| word.text.as_str());
    match (run.name(), command) {
        ("uv", Some("sync")) | ("poetry", Some("install")) => {}
        _ => return Some(None),
    }
    Lock { tree, image, folder, mounts }.taken(run, minor).map(Some)
}

/// What the list has that a run of `export` writes.
pub(super) fn exported(
    tree: &Tree,
    image: &Image,
    folder: &str,
    mounts: &[&str],
    run: &Run,
    minor: u32,
) -> Option<Requirements> {
    let exports = matches!(run.name(), "uv" | "poetry") && run.plain().next().is_some_and(|word| word.text == "export");
    Lock { tree, image, folder, mounts }.taken(run, minor).filter(|_| exports)
}

/// Where a lock is looked for.
struct Lock<'i> {
    tree: &'i Tree,
    image: &'i Image,
    folder: &'i str,
    mounts: &'i [&'i str],
}

impl Lock<'_> {
    /// What a run takes of it.
    fn taken(&self, run: &Run, minor: u32) -> Option<Requirements> {
        let Self { tree, image, folder, .. } = *self;
        let file = if run.name() == "uv" { "uv.lock" } else { "poetry.lock" };
        let project = tree.text(&beside(folder, "pyproject.toml")?)?;
        if run.forgiven || !is_its_own(tree, image, folder, project, minor) {
            return None;
        }
        let path = self.path(file)?;
        let sets = |words: &[&str]| {
            let mut given = image.all("ENV").chain(image.all("ARG"));
            given.any(|given| words.iter().any(|word| given.rest.contains(word)))
        };
        // Options may be variables as well.
        if sets(&["UV_NO_GROUP", "POETRY_WITH", "POETRY_ONLY"]) {
            return None;
        }
        let groups = Groups::of(run)?;
        // Poetry's list has nothing but what the project itself asks for.
        let alone = sets(&["UV_NO_DEV=1", "UV_NO_DEV=true", "UV_NO_DEFAULT_GROUPS"])
            || (file == "poetry.lock" && run.has("export"));
        let groups = if alone { Groups::None } else { groups };
        // Only its tool knows what is in a group that is asked for in some other way.
        let open = match file {
            "uv.lock" => project.contains("default-groups"),
            _ => groups != Groups::None && project.contains("optional = true"),
        };
        if open {
            return None;
        }
        let taken = |group: &str| match &groups {
            Groups::None => false,
            Groups::But(none) if file == "uv.lock" => group == "dev" && !none.iter().any(|none| none == group),
            Groups::But(none) => !none.iter().any(|none| none == group),
        };
        LockedList::installed(&path, tree.text(&path)?, project, &taken)
    }

    fn path(&self, file: &str) -> Option<String> {
        let Self { tree, image, folder, mounts } = *self;
        let bound = |mount: &&str| mount.contains("type=bind") && mount.contains(&format!("source={file}"));
        // With a star behind, so that it need not be there.
        let starred = |copy: &Instruction| {
            let all = || copy.rest.split_whitespace();
            !copy.rest.contains("--from=")
                && all().any(|word| word.trim_start_matches("./").strip_suffix('*') == Some(file))
        };
        let found = list_of(tree, image, folder, file);
        let beside = || beside(folder, file).filter(|path| tree.is_file(path));
        match mounts.iter().any(bound) || (found.is_none() && image.all("COPY").any(starred)) {
            true => beside(),
            false => found,
        }
    }
}

/// Groups that are installed beside what the project itself asks for.
#[derive(PartialEq, Eq)]
enum Groups {
    None,
    /// All that there are by default, without these.
    But(Vec<String>),
}

impl Groups {
    fn of(run: &Run) -> Option<Self> {
        const COMMANDS: [&str; 3] = ["sync", "install", "export"];
        let mut words = run.arguments.iter().map(|word| word.text.as_str()).filter(|word| !COMMANDS.contains(word));
        let mut without = Vec::new();
        let mut none = false;
        while let Some(word) = words.next() {
            let (option, value) = word.split_once('=').map_or((word, None), |(option, value)| (option, Some(value)));
            match option {
                "--no-dev" | "--no-default-groups" => none = true,
                "--only" => match value.or_else(|| words.next()) {
                    Some("main") => none = true,
                    _ => return None,
                },
                "--without" | "--no-group" => {
                    without.extend(value.or_else(|| words.next())?.split(',').map(|group| group.trim().to_owned()));
                }
                "-o" | "--output" | "--output-file" | "-f" | "--format" if run.has("export") => {
                    value.or_else(|| words.next())?;
                }
                _ if CALM.contains(&word) || word.starts_with("-v") => {}
                _ => return None,
            }
        }
        Some(if none { Self::None } else { Self::But(without) })
    }
}

/// Is the Python that it installs for surely the one of the image? uv fetches another where the project asks for one.
fn is_its_own(tree: &Tree, image: &Image, folder: &str, project: &str, minor: u32) -> bool {
    let words = image.instructions.iter().flat_map(|step| step.rest.split_whitespace());
    let named =
        words.into_iter().any(|word| word.contains("UV_PYTHON=") || word == "--with" || word.starts_with("--with="));
    let pinned = beside(folder, ".python-version").and_then(|path| tree.text(&path));
    let is_it = |version: &str| version.split('.').nth(1).and_then(|number| number.parse().ok()) == Some(minor);
    let fits = |line: &str| {
        let bounds = line.split_once('=').map_or("", |(_, value)| value.trim().trim_matches(['"', '\'']));
        bounds.split(',').map(str::trim).all(|bound| {
            let number = |text: &str| text.trim().strip_prefix("3.")?.split('.').next()?.parse::<u32>().ok();
            if let Some(only) = bound.strip_prefix('~').filter(|only| !only.starts_with('=')) {
                return number(only) == Some(minor);
            }
            match bound.strip_prefix(">=").or_else(|| bound.strip_prefix('^')) {
                Some(from) => number(from).is_some_and(|from| from <= minor),
                None => {
                    let below = bound.strip_prefix('<').map(str::trim);
                    below.is_some_and(|below| below.starts_with('4') || number(below).is_some_and(|end| minor < end))
                }
            }
        })
    };
    let mut asked = project.lines().filter(|line| line.starts_with("requires-python") || line.starts_with("python ="));
    !named && pinned.is_none_or(|text| is_it(text.trim())) && asked.all(fits)
}
