//! What a project says it needs installed, and how gunicorn and its kind come into that.

use std::collections::BTreeMap;

use crate::beanstalk::encoding;
use crate::beanstalk::requirements::{FILE, LockedList, Requirements as Installed, Source as From};
use crate::beanstalk::tree::{Tree, file_name};
use crate::beanstalk::version::Version;
use crate::package_name::normal;

use super::lists::{Source, source};

#[derive(Debug, Clone)]
pub(crate) struct Requirements {
    pub(super) source: Source,
    /// Every package that is named, in pip's spelling.
    names: BTreeMap<String, Option<Version>>,
}

/// What becomes of the list.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ListChange {
    Enough,
    /// This file gets this text; and what is left to do by hand.
    Write {
        path: String,
        text: String,
        then: Option<String>,
    },
    /// Nothing that this program may do.
    Left {
        path: String,
        message: String,
        fix: String,
    },
}

impl Requirements {
    pub(super) fn read(tree: &Tree, project: &str) -> Self {
        let source = source(tree, project);
        let mut names = BTreeMap::new();
        let read = |path: &str| tree.bytes(path);
        match &source {
            Source::File => note(&Installed::of_file(FILE, &read), &mut names),
            Source::Include(path) => note(&Installed::of_file(path, &read), &mut names),
            // What is in one of the two is not missing: the lock file is made anew from the other.
            Source::Pipfile => [From::Pipfile, From::PipfileLock]
                .into_iter()
                .for_each(|from| note(&Installed::of_source(from, &read), &mut names)),
            // What is exported of it, where that can be told: a lock also has what only development installs.
            Source::Lock { path, .. } => match tree.text(path).and_then(|text| LockedList::read(file_name(path), text))
            {
                Some(locked) => note(&Installed::of_text(&locked.lines.join("\n"), path), &mut names),
                None => lock(tree, path, &mut names),
            },
            Source::Lines { path, lines, .. } => note(&Installed::of_text(&lines.join("\n"), path), &mut names),
            Source::Nowhere => {}
        }
        Self { source, names }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains_key(&normal(name))
    }

    /// Does the list that was found ask for Django?
    pub(super) fn lacks_django(&self) -> bool {
        self.source != Source::Nowhere && !self.has("django")
    }

    pub(crate) fn django(&self) -> Option<Version> {
        self.names.get("django").copied().flatten()
    }

    /// The file that the list is in, for people.
    pub(crate) fn path(&self) -> Option<&str> {
        match &self.source {
            Source::File => Some(FILE),
            Source::Include(path) => Some(path),
            Source::Pipfile => Some("Pipfile"),
            Source::Lock { path, .. } | Source::Lines { path, .. } => Some(path),
            Source::Nowhere => None,
        }
    }

    /// Add what is missing of `pins`, lines such as `gunicorn==27.0.1`.
    pub(super) fn with(&self, tree: &Tree, pins: &[String]) -> ListChange {
        let missing: Vec<&str> = pins.iter().filter(|pin| !self.has(name_of(pin))).map(String::as_str).collect();
        match &self.source {
            Source::File if missing.is_empty() => ListChange::Enough,
            Source::File => append(tree, &missing),
            Source::Include(path) => {
                let text = format!("# Elastic Beanstalk installs from this file.\n-r {path}\n{}", lines(&missing));
                ListChange::Write { path: FILE.to_owned(), text, then: None }
            }
            Source::Lines { path, lines: declared, instead_of } => {
                let all: Vec<&str> = declared.iter().map(String::as_str).chain(missing).collect();
                let text = format!("# Elastic Beanstalk installs from this file. Taken from {path}.\n{}", lines(&all));
                let of_conda = path.ends_with(".yml") || path.ends_with(".yaml");
                let then = match instead_of {
                    None if of_conda => format!(
                        "`requirements.txt` repeats `{path}`, in which conda has its own names: make sure that pip knows them all, and nothing comes from elsewhere"
                    ),
                    Some((lock, export)) => format!(
                        "`requirements.txt` repeats `{path}`, without the versions of `{lock}`, of which only its own tool can choose: `{export}` is better"
                    ),
                    None => format!(
                        "`requirements.txt` repeats `{path}`: change both, or make it with `pip-compile` or `uv pip compile`"
                    ),
                };
                ListChange::Write { path: FILE.to_owned(), text, then: Some(then) }
            }
            Source::Pipfile if missing.is_empty() => ListChange::Enough,
            Source::Pipfile => into_pipfile(tree, &missing),
            Source::Lock { path, add, export } => from_lock(tree, path, add, export, &missing),
            Source::Nowhere => {
                let text = format!(
                    "# Elastic Beanstalk installs from this file. Add what else the project needs, with exact versions.\nDjango\n{}",
                    lines(&missing)
                );
                let then = "`requirements.txt` has only Django and the server: add what the project imports";
                ListChange::Write { path: FILE.to_owned(), text, then: Some(then.to_owned()) }
            }
        }
    }
}

fn lines(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// A list from a lock file, or the command that makes one.
fn from_lock(tree: &Tree, path: &str, add: &str, export: &str, missing: &[&str]) -> ListChange {
    let text = tree.content(path).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
    if let Some(locked) = LockedList::read(file_name(path), text) {
        let all: Vec<&str> = locked.lines.iter().map(String::as_str).chain(missing.iter().copied()).collect();
        let groups: String = locked.groups.iter().map(|group| format!(" --group {group}")).collect();
        let text = format!("# Elastic Beanstalk installs from this file. Taken from {path}.\n{}", lines(&all));
        let export = export.replacen(" --format", &format!("{groups} --format"), 1);
        let then = format!("`{FILE}` repeats `{path}`: whenever that changes, `{export}`");
        let then = match missing {
            [] => then,
            _ => format!("{then}; and `{add} {}` once, so that they are in both", names(missing)),
        };
        return ListChange::Write { path: FILE.to_owned(), text, then: Some(then) };
    }
    let add = if missing.is_empty() { String::new() } else { format!("`{add} {}`, then ", names(missing)) };
    ListChange::Left {
        path: path.to_owned(),
        message: format!("nothing is installed: Elastic Beanstalk does not read `{path}`"),
        fix: format!("{add}`{export}`"),
    }
}

fn names(pins: &[&str]) -> String {
    pins.iter().map(|pin| name_of(pin)).collect::<Vec<_>>().join(" ")
}

/// The name at the beginning of a requirement.
fn name_of(line: &str) -> &str {
    let line = line.trim();
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).unwrap_or(line.len());
    &line[..end]
}

/// The names of what is installed, and the version that each line begins with.
fn note(installed: &Installed, names: &mut BTreeMap<String, Option<Version>>) {
    for line in installed.lines.iter().filter(|line| !line.constraint && !line.name.is_empty()) {
        names.insert(line.name.clone(), Version::first(&line.specifier));
    }
}

/// `[[package]]` with name and version, as uv, poetry and pdm write it.
fn lock(tree: &Tree, path: &str, names: &mut BTreeMap<String, Option<Version>>) {
    let text = tree.content(path).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
    let Ok(table) = toml::from_str::<toml::Table>(text) else { return };
    for package in table.get("package").and_then(toml::Value::as_array).into_iter().flatten() {
        if let Some(name) = package.get("name").and_then(toml::Value::as_str) {
            let version = package.get("version").and_then(toml::Value::as_str);
            names.insert(normal(name), version.and_then(Version::first));
        }
    }
}

fn append(tree: &Tree, missing: &[&str]) -> ListChange {
    let path = FILE.to_owned();
    let names: Vec<&str> = missing.iter().map(|pin| name_of(pin)).collect();
    let left =
        |message: &str, fix: String| ListChange::Left { path: FILE.to_owned(), message: message.to_owned(), fix };
    let decoded = tree.content(FILE).map(encoding::decode);
    let Some(Ok(decoded)) = decoded else {
        let fix = format!("save it as UTF-8, and add {}", names.join(", "));
        return left("it is not UTF-8 text", fix);
    };
    let text = decoded.text;
    let maker = ["pip-compile", "uv pip compile", "uv export", "poetry export", "pdm export", "pipenv"];
    let maker =
        maker.into_iter().find(|maker| text.lines().take(10).any(|line| line.starts_with('#') && line.contains(maker)));
    if text.contains("--hash=") {
        let fix = format!("add {} where {} reads", names.join(", "), maker.unwrap_or("whatever writes the hashes"));
        return left("it has hashes, and pip then wants one for each line", fix);
    }
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { end };
    let added: String = missing.iter().map(|line| format!("{line}{end}")).collect();
    let then = maker.map(|maker| {
        format!(
            "`requirements.txt` is made by `{maker}`: add {} where it reads, or the next run takes the lines away",
            names.join(", ")
        )
    });
    ListChange::Write { path, text: format!("{text}{gap}# For Elastic Beanstalk{end}{added}"), then }
}

fn into_pipfile(tree: &Tree, missing: &[&str]) -> ListChange {
    const HEAD: &str = "[packages]";
    let text = tree.content("Pipfile").and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
    let entry = |pin: &&str| {
        let name = name_of(pin);
        format!("{name} = \"{}\"\n", &pin[name.len()..])
    };
    let entries: String = missing.iter().map(entry).collect();
    let head = text.lines().find(|line| line.trim() == HEAD);
    let text = match head.and_then(|head| text.split_once(&format!("{head}\n"))) {
        Some((before, after)) => format!("{before}{HEAD}\n{entries}{after}"),
        None => format!("{}\n\n{HEAD}\n{entries}", text.trim_end()),
    };
    let locked = tree.is_file("Pipfile.lock");
    let then = "`pipenv lock`: the instance installs from `Pipfile.lock`, which does not know the new lines yet";
    ListChange::Write { path: "Pipfile".to_owned(), text, then: locked.then(|| then.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pins() -> Vec<String> {
        vec!["gunicorn==27.0.1".to_owned()]
    }

    #[track_caller]
    fn written(tree: &Tree, project: &str) -> (String, String) {
        match Requirements::read(tree, project).with(tree, &pins()) {
            ListChange::Write { path, text, .. } => (path, text),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_list_gets_what_it_lacks() {
        let tree = Tree::default().file("requirements.txt", "Django==4.2.11\r\nrequests");
        let (path, text) = written(&tree, "");
        assert_eq!(path, "requirements.txt");
        assert_eq!(text, "Django==4.2.11\r\nrequests\r\n# For Elastic Beanstalk\r\ngunicorn==27.0.1\r\n");
        assert_eq!(Requirements::read(&tree, "").django(), Some(Version { major: 4, minor: 2 }));
    }

    #[test]
    fn what_is_included_counts() {
        let tree = Tree::default()
            .file("requirements.txt", "-r requirements/prod.txt\n")
            .file("requirements/prod.txt", "-r ../base.txt\nGunicorn[gevent]>=20 ; python_version > '3.8'\n")
            .file("base.txt", "Django>=5.1,<5.2  # the site\n");
        assert_eq!(Requirements::read(&tree, "").with(&tree, &pins()), ListChange::Enough);
        // `base.txt` is read only because whoever fills the tree read it.
        assert_eq!(Requirements::read(&tree, "").django(), Some(Version { major: 5, minor: 1 }));
    }

    #[test]
    fn a_list_elsewhere_is_included() {
        #[track_caller]
        fn case(paths: &[&str], project: &str, included: &str) {
            let tree = paths.iter().fold(Tree::default(), |tree, path| tree.file(path, "Django\n"));
            let (path, text) = written(&tree, project);
            assert_eq!(path, "requirements.txt");
            assert!(text.contains(&format!("\n-r {included}\ngunicorn==27.0.1\n")), "{text}");
        }
        case(
            &["requirements/base.txt", "requirements/dev.txt", "requirements/production.txt"],
            "",
            "requirements/production.txt",
        );
        case(&["requirements/base.txt", "requirements/local.txt"], "", "requirements/base.txt");
        case(
            &["test-requirements.txt", "x_requirements.txt", "test_requirements/requirements_base.txt"],
            "",
            "x_requirements.txt",
        );
        case(&["src/requirements.txt", "docs/requirements.txt"], "src/", "src/requirements.txt");
        case(&["requirements-dev.txt", "requirements-prod.txt"], "", "requirements-prod.txt");
    }

    #[test]
    fn other_lists() {
        let tree = Tree::default()
            .file(
                "Pipfile",
                "[[source]]\nurl = \"x\"\n\n[packages]\ndjango = \"~=5.2\"\n\n[dev-packages]\npytest = \"*\"\n",
            )
            .file("Pipfile.lock", r#"{"default": {"django": {"version": "==5.2.1"}}}"#);
        let (path, text) = written(&tree, "");
        assert_eq!(path, "Pipfile");
        assert!(text.contains("[packages]\ngunicorn = \"==27.0.1\"\ndjango = \"~=5.2\"\n"), "{text}");
        let tree = Tree::default().file("pyproject.toml", "[project]\ndependencies = [\"Django>=5\", \"pillow\"]\n");
        let (_, text) = written(&tree, "");
        assert!(text.ends_with("Django>=5\npillow\ngunicorn==27.0.1\n"), "{text}");
        let (_, text) = written(&Tree::default(), "");
        assert!(text.ends_with("Django\ngunicorn==27.0.1\n"), "{text}");
    }

    #[test]
    fn what_must_not_be_touched_is_told() {
        #[track_caller]
        fn case(path: &str, text: impl AsRef<[u8]>, fix: &str) {
            let tree = Tree::default().file(path, text);
            match Requirements::read(&tree, "").with(&tree, &pins()) {
                ListChange::Left { path: found, fix: said, .. } => {
                    assert_eq!(found, path);
                    assert!(said.contains(fix), "{said}");
                }
                other => panic!("{other:?}"),
            }
        }
        // Poetry 1 and a project that is not in its own lock file.
        case("uv.lock", "[[package]]\nname = \"django\"\nversion = \"5.2.1\"\n", "`uv add gunicorn`, then `uv export");
        case("poetry.lock", "[[package]]\nname = \"gunicorn\"\nversion = \"22\"\n", "`poetry export");
        case("requirements.txt", "django==5.2 --hash=sha256:00\n", "add gunicorn");
        case("requirements.txt", b"\xff\xfeD\0j\0", "UTF-8");
    }
}
