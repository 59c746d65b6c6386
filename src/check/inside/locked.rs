//! Locked: what `uv sync` and `poetry install` put into an image, by the lock that they go by.
//!
//! Sources: uv's and Poetry's own documentation of these commands, and of the groups that they install where nothing is said.

use super::list_of;
use crate::beanstalk::requirements::{LockedList, Requirements, beside};
use crate::beanstalk::tree::Tree;
use crate::check::dockerfile::Image;
use crate::check::words::Run;

/// What says nothing of which packages there are.
const CALM: [&str; 21] = [
    "--active",
    "--compile",
    "--compile-bytecode",
    "--frozen",
    "--link-mode=copy",
    "--locked",
    "--no-ansi",
    "--no-cache",
    "--no-cache-dir",
    "--no-directory",
    "--no-editable",
    "--no-install-project",
    "--no-install-workspace",
    "--no-interaction",
    "--no-progress",
    "--no-root",
    "--quiet",
    "--sync",
    "--verbose",
    "-n",
    "-q",
];

/// Is it poetry, and asked for what installs nothing?
pub(super) fn is_calm(run: &Run) -> bool {
    run.plain().next().is_none_or(|word| matches!(word.text.as_str(), "config" | "check" | "show" | "cache"))
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
    let file = match (run.name(), command) {
        ("uv", Some("sync")) => "uv.lock",
        ("poetry", Some("install")) => "poetry.lock",
        _ => return Some(None),
    };
    let project = tree.text(&beside(folder, "pyproject.toml")?)?;
    if run.forgiven || !is_its_own(tree, image, folder, project, minor) {
        return None;
    }
    let bound = |mount: &&str| mount.contains("type=bind") && mount.contains(&format!("source={file}"));
    let path = match mounts.iter().any(bound) {
        true => beside(folder, file),
        false => list_of(tree, image, folder, file),
    }?;
    let sets = |words: &[&str]| {
        let mut given = image.all("ENV").chain(image.all("ARG"));
        given.any(|given| words.iter().any(|word| given.rest.contains(word)))
    };
    // Options may be variables as well.
    if sets(&["UV_NO_GROUP", "POETRY_WITH", "POETRY_ONLY"]) {
        return None;
    }
    let groups = Groups::of(run)?;
    let groups = if sets(&["UV_NO_DEV=1", "UV_NO_DEV=true", "UV_NO_DEFAULT_GROUPS"]) { Groups::None } else { groups };
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
    LockedList::installed(&path, tree.text(&path)?, &taken).map(Some)
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
        let mut words =
            run.arguments.iter().map(|word| word.text.as_str()).filter(|word| !matches!(*word, "sync" | "install"));
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
                _ if CALM.contains(&word) || word.starts_with("-v") => {}
                _ => return None,
            }
        }
        Some(if none { Self::None } else { Self::But(without) })
    }
}

/// Is the Python that it installs for surely the one of the image? uv fetches another where the project asks for one.
fn is_its_own(tree: &Tree, image: &Image, folder: &str, project: &str, minor: u32) -> bool {
    let named = image.instructions.iter().any(|step| step.rest.contains("UV_PYTHON=") || step.rest.contains("--with"));
    let pinned = beside(folder, ".python-version").and_then(|path| tree.text(&path));
    let is_it = |version: &str| version.split('.').nth(1).and_then(|number| number.parse().ok()) == Some(minor);
    let fits = |line: &str| {
        let bounds = line.split_once('=').map_or("", |(_, value)| value.trim().trim_matches(['"', '\'']));
        bounds.split(',').map(str::trim).all(|bound| {
            let number = |text: &str| text.trim().strip_prefix("3.")?.split('.').next()?.parse::<u32>().ok();
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
