//! Nowhere: a project without a list of packages where Elastic Beanstalk looks for one, at the top of the bundle.

use super::{installs_itself, vendors};
use crate::beanstalk::lines::placed;
use crate::beanstalk::requirements::FILE;
use crate::beanstalk::tree::{Tree, file_name};
use crate::check::django;
use crate::check::django::loaded::Moment;
use crate::check::subject::Subject;

/// Modules without which a server that imports them does not start, and that no instance has.
const FRAMEWORKS: [&str; 13] = [
    "bottle",
    "dash",
    "django",
    "falcon",
    "fastapi",
    "flask",
    "pyramid",
    "quart",
    "rest_framework",
    "sanic",
    "starlette",
    "streamlit",
    "tornado",
];

pub(super) fn check(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    // Locks of other tools have a rule of their own.
    let locks = ["uv.lock", "poetry.lock", "pdm.lock"].iter().any(|path| tree.is_file(path));
    let prepared = [".ebextensions", ".platform", ".elasticbeanstalk"].iter().any(|dir| tree.is_dir(dir))
        || tree.is_file(crate::project::FILE);
    let near = near(tree);
    if locks
        || !prepared
        || !needs_packages(subject, near.is_some())
        || subject.guessed()
        || installs_itself(subject)
        || vendors(subject)
        || is_made(subject, near)
    {
        return;
    }
    let ignored = tree.text(".ebignore").and_then(|text| {
        placed(text).find_map(|(start, line)| {
            let pattern = line.trim();
            matches!(
                pattern.trim_start_matches('/'),
                "*.txt" | "**/*.txt" | "requirements*" | "requirements*.txt" | FILE
            )
            .then(|| (start..start + line.trim_end().len(), pattern.to_owned()))
        })
    });
    if let Some((span, pattern)) = ignored {
        let message = format!(
            "the server does not start: `{pattern}` keeps `{FILE}` out of the bundle, and nothing is installed"
        );
        subject.find("EB166", ".ebignore", span, message, format!("take the line out, or add `!{FILE}` after it"));
        return;
    }
    let message =
        format!("the server does not start: there is no `{FILE}` at the top of the bundle, and nothing is installed");
    let fix = match near {
        Some(path) if path.contains('/') => format!("write `-r {path}` into a file `{FILE}` at the top"),
        Some(path) => format!("rename `{path}` to `{FILE}`"),
        None => "`pip freeze > requirements.txt` in the virtual environment of the project".to_owned(),
    };
    subject.find_file("EB166", FILE, message, fix);
}

/// Does what is served stand on a package?
fn needs_packages(subject: &Subject<'_>, listed: bool) -> bool {
    let tree = subject.tree;
    let is_framework = |module: &str| {
        let top = module.split('.').next().unwrap_or_default();
        FRAMEWORKS.contains(&top) && !tree.is_dir(top) && !tree.is_file(&format!("{top}.py"))
    };
    let imports = || {
        let loaded = subject.loaded();
        let mut started = loaded.iter().filter(|module| module.moment == Moment::Start);
        started.any(|module| module.imports.iter().any(|import| is_framework(&import.module)))
    };
    // A server that is told what to load, and loads Django from a folder below.
    let told = tree.is_file("Procfile")
        || subject.customizations.option("aws:elasticbeanstalk:container:python", "WSGIPath").is_some();
    let below = || {
        told && listed
            && !django::root(tree).is_empty()
            && subject.settings().is_some_and(|settings| settings.get("INSTALLED_APPS").is_some())
    };
    subject.django() || imports() || below()
}

/// A list of packages in another place or under another name: the one that is most likely meant.
fn near(tree: &Tree) -> Option<&str> {
    let lists = tree.iter().map(|(path, _)| path).filter(|path| {
        let lower = path.to_ascii_lowercase();
        let folders = &path[..path.len() - file_name(path).len()];
        let others = |folder: &str| {
            matches!(folder, "tests" | "test" | "docs" | "node_modules" | "site-packages") || folder.contains("lambda")
        };
        path.matches('/').count() <= 2
            && lower.contains("requirement")
            && lower.ends_with(".txt")
            && !folders.split('/').any(others)
    });
    // Those of a desk or of tests are not what a server is given, if there are others.
    let rank = |path: &&str| {
        let lower = path.to_ascii_lowercase();
        let asked = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        match () {
            () if asked(&["prod"]) => 0,
            () if asked(&["dev", "test", "local", "lint", "doc"]) => 2,
            () => 1,
        }
    };
    lists.min_by_key(|path| (rank(path), path.matches('/').count()))
}

/// May a service that builds and deploys make the list, or deploy the folder that has one? Nobody says what its bundle is like.
fn is_made(subject: &Subject<'_>, near: Option<&str>) -> bool {
    const MAKES: [&str; 8] = ["cp ", "mv ", "ln ", "> ", "-o ", "--output", "freeze", "compile"];
    let folder = near.and_then(|path| path.split_once('/')).map(|(folder, _)| folder);
    let deploys = |text: &str| ["beanstalk", "eb deploy", "zip "].iter().any(|word| text.contains(word));
    let is_root = |folder: &str| {
        let is_dir = |name: &str| subject.tree.is_dir(&format!("{folder}/{name}"));
        [".ebextensions", ".elasticbeanstalk", ".platform"].into_iter().any(is_dir)
    };
    folder.is_some_and(is_root)
        || subject.builders().any(|(_, text)| {
            let makes = |line: &str| line.contains(FILE) && MAKES.iter().any(|word| line.contains(word));
            text.lines().any(makes) || (deploys(text) && folder.is_some_and(|folder| text.contains(folder)))
        })
}
