//! A project as Elastic Beanstalk receives it: paths and, of the files it looks into, their contents.
//!
//! A value, so that everything built on it can be tested with three lines, and so that a folder, a bundle and a git
//! revision are the same thing from here on.

use std::collections::BTreeMap;

use super::encoding;
use crate::known::Known;

/// Every entry by its path: relative, `/`-separated, without `.` or `..`.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    entries: BTreeMap<String, Entry>,
    /// Texts of the project's own code, apart from what takes part in a deployment.
    code: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    File {
        executable: bool,
        bytes: u64,
        /// `None` where nobody asked for it: see [`Tree::reads`].
        content: Option<Vec<u8>>,
    },
    Link {
        target: String,
    },
    Directory,
}

impl Tree {
    /// Files larger than this are not read: nothing that Elastic Beanstalk parses is near it.
    pub const MAX_READ: u64 = 16_000_000;

    pub fn insert(&mut self, path: impl Into<String>, entry: Entry) {
        self.entries.insert(path.into(), entry);
    }

    /// The same tree with one more file that is not executable.
    #[must_use]
    pub fn file(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref().to_vec();
        self.insert(path, Entry::File { executable: false, bytes: content.len() as u64, content: Some(content) });
        self
    }

    /// Give a file another text, if there is one, and make it executable, if it shall be.
    pub fn change(&mut self, path: &str, text: Option<&str>, run: bool) {
        if let Some(Entry::File { executable, bytes, content }) = self.entries.get_mut(path) {
            *executable |= run;
            if let Some(text) = text {
                (*bytes, *content) = (text.len() as u64, Some(text.as_bytes().to_vec()));
            }
        }
    }

    /// What a file of the project's own code imports is asked of its text, and nothing else: see [`Tree::is_code`].
    pub fn insert_code(&mut self, path: impl Into<String>, content: Vec<u8>) {
        if let Ok(text) = String::from_utf8(content) {
            self.code.insert(path.into(), text);
        }
    }

    /// The text of a file of Python's, whatever it was read for.
    pub(crate) fn code(&self, path: &str) -> Option<&str> {
        self.text(path).or_else(|| self.code.get(path).map(String::as_str))
    }

    pub fn get(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path)
    }

    pub fn is_file(&self, path: &str) -> bool {
        matches!(self.get(path), Some(Entry::File { .. }))
    }

    /// Is there an entry with this path, or one below it?
    pub fn is_dir(&self, path: &str) -> bool {
        matches!(self.get(path), Some(Entry::Directory)) || self.under(path).next().is_some()
    }

    /// The content of a file that was read.
    pub fn content(&self, path: &str) -> Option<&[u8]> {
        match self.get(path)? {
            Entry::File { content, .. } => content.as_deref(),
            Entry::Link { .. } | Entry::Directory => None,
        }
    }

    /// The content of a file, or that there is none; not known where it was not read.
    pub fn bytes(&self, path: &str) -> Known<&[u8]> {
        match self.get(path) {
            Some(Entry::File { content: Some(content), .. }) => Known::Yes(content),
            Some(Entry::File { bytes, .. }) if *bytes > Self::MAX_READ => Known::unknown("it is too large to be read"),
            Some(Entry::File { .. }) => Known::unknown("it was not read"),
            Some(Entry::Link { target }) => Known::unknown(format!("it is a link to `{target}`")),
            Some(Entry::Directory) | None => Known::No,
        }
    }

    /// The text of a file that was read, if it is text.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        encoding::decode(self.content(path)?).ok().map(|decoded| decoded.text)
    }

    /// The text of a file, and its path as the tree has it.
    pub fn file_text<'a>(&'a self, path: &str) -> Option<(&'a str, &'a str)> {
        let (path, _) = self.entries.get_key_value(path)?;
        Some((path, self.text(path)?))
    }

    /// Every path with its entry, in byte order of the paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(path, entry)| (path.as_str(), entry))
    }

    /// What is below `dir` at any depth, in byte order.
    pub fn under<'a>(&'a self, dir: &str) -> impl Iterator<Item = (&'a str, &'a Entry)> + use<'a> {
        let prefix = format!("{dir}/");
        self.entries
            .range(prefix.clone()..)
            .map(|(path, entry)| (path.as_str(), entry))
            .take_while(move |(path, _)| path.starts_with(&prefix))
    }

    /// The files and links directly in `dir`, in byte order.
    pub fn files_in<'a>(&'a self, dir: &str) -> impl Iterator<Item = (&'a str, &'a Entry)> + use<'a> {
        let skip = dir.len() + 1;
        self.under(dir).filter(move |(path, entry)| !matches!(entry, Entry::Directory) && !path[skip..].contains('/'))
    }

    /// Should whoever fills a tree read the content of this path?
    ///
    /// Everything that takes part in a deployment; none of the application's code but what configures Django.
    pub fn reads(path: &str) -> bool {
        const ROOT: &[&str] = &[
            "Procfile",
            "Buildfile",
            "Dockerfile",
            "Dockerrun.aws.json",
            "Pipfile",
            "Pipfile.lock",
            "cron.yaml",
            "env.yaml",
            "docker-compose.yml",
            "docker-compose.yaml",
            "pyproject.toml",
            "requirements.in",
            ".ebignore",
            ".gitignore",
            ".elasticbeanstalk/config.yml",
            "gunicorn.conf.py",
            "application.py",
            "release.json",
            "runtime.txt",
        ];
        let name = file_name(path);
        let parents = || path.split('/').rev().skip(1);
        ROOT.contains(&path)
            || path.starts_with(".platform/")
            || parents().any(|dir| dir == ".ebextensions")
            || (name.ends_with(".txt") && reads_list(path, name))
            || (name.ends_with(".py") && reads_python(name, parents))
            || (name.ends_with(".py") && name.starts_with("gunicorn") && path.matches('/').count() <= 2)
            || (path.matches('/').count() <= 2 && (name == "Dockerfile" || is_locked(name)))
            || (path.matches('/').count() == 1 && name == "__init__.py")
            || (path.matches('/').count() <= 3 && (reads_script(name, parents) || reads_table(path, name, parents)))
            || name.ends_with(".pem")
            || name.ends_with(".key")
            || (name.ends_with(".conf") && path.contains("nginx") && path.matches('/').count() <= 2)
            || is_pipeline(path)
    }

    /// Is it code that the project's server may import? Of such files only `code` is asked, so that no rule takes a word in one for a setting.
    pub fn is_code(path: &str) -> bool {
        const OTHERS: [&str; 11] = [
            "site-packages",
            "node_modules",
            "tests",
            "test",
            "migrations",
            "docs",
            "examples",
            "venv",
            "env",
            "static",
            "notebooks",
        ];
        let name = file_name(path);
        let is_test = name.starts_with("test") || name == "setup.py" || name == "conftest.py";
        name.ends_with(".py")
            && !is_test
            && path.matches('/').count() <= 5
            && !path.split('/').any(|part| part.starts_with('.') || OTHERS.contains(&part))
    }
}

/// What tools beside pip install into an image, and for which Python.
fn is_locked(name: &str) -> bool {
    matches!(name, "uv.lock" | "poetry.lock" | "pyproject.toml" | ".python-version")
}

/// Lists of packages may include each other: all at the top, and below where a name says so.
fn reads_list(path: &str, name: &str) -> bool {
    const WORDS: [&str; 4] = ["requirement", "constraint", "reqs", "deps"];
    let depth = path.matches('/').count();
    depth == 0
        || (depth <= 2
            && WORDS.iter().any(|word| path[..path.len() - name.len()].contains(word) || name.contains(word)))
}

/// Does a service that builds and deploys read this?
pub(crate) fn is_pipeline(path: &str) -> bool {
    const OF_SERVICES: [&str; 8] = [
        ".circleci/config.yml",
        ".gitlab-ci.yml",
        ".travis.yml",
        "Jenkinsfile",
        "azure-pipelines.yml",
        "bitbucket-pipelines.yml",
        "buildspec.yaml",
        "buildspec.yml",
    ];
    let workflow = |rest: &str| !rest.contains('/') && (rest.ends_with(".yml") || rest.ends_with(".yaml"));
    OF_SERVICES.contains(&path) || path.strip_prefix(".github/workflows/").is_some_and(workflow)
}

/// Scripts of a shell: by their names, and what has none of its own in the folders that people keep them in.
fn reads_script<'a, I: Iterator<Item = &'a str>>(name: &str, parents: impl Fn() -> I) -> bool {
    let kept =
        parents().next().is_some_and(|dir| matches!(dir, "bin" | "scripts" | "script" | "deploy" | "deployment"));
    (name.ends_with(".sh") || (kept && !name.contains('.'))) && !parents().any(is_others)
}

/// Tables of cron, which scripts copy: by their names, or by that of their folder.
fn reads_table<'a, I: Iterator<Item = &'a str>>(path: &str, name: &str, parents: impl Fn() -> I) -> bool {
    let named = name.contains("cron") || parents().next().is_some_and(|dir| dir.contains("cron"));
    let plain = name.rsplit_once('.').is_none_or(|(_, end)| matches!(end, "txt" | "cron" | "crontab" | "conf" | "tab"));
    let at_top = path.matches('/').count() <= 1 && !name.ends_with(".py");
    named && (at_top || (plain && !parents().any(is_others)))
}

/// Does a folder of this name hold what other people wrote, or what visitors get?
fn is_others(folder: &str) -> bool {
    matches!(folder, "site-packages" | "node_modules" | "static" | "vendor")
}

fn reads_python<'a, I: Iterator<Item = &'a str>>(name: &str, parents: impl Fn() -> I) -> bool {
    // Other people's settings, such as a virtual environment's, are not this project's.
    let foreign = |dir: &str| matches!(dir, "site-packages" | "node_modules" | "tests" | "test" | "docs" | "examples");
    let served = name.contains("wsgi") || name.contains("asgi");
    let settings = name.contains("settings") || served || matches!(name, "manage.py" | "urls.py");
    let in_settings = parents().next().is_some_and(|dir| dir == "settings" || dir == "config");
    // Commands of the project's own that make accounts.
    let accounts =
        parents().next() == Some("commands") && ["su", "admin", "user"].iter().any(|word| name.contains(word));
    (settings || in_settings || accounts) && parents().count() <= 4 && !parents().any(foreign)
}

/// The last part of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_a_folder_are_not_those_below_it() {
        let tree = Tree::default().file("a/b", "").file("a/c/d", "").file("ab", "");
        assert_eq!(tree.files_in("a").map(|(path, _)| path).collect::<Vec<_>>(), ["a/b"]);
        assert_eq!(tree.under("a").map(|(path, _)| path).collect::<Vec<_>>(), ["a/b", "a/c/d"]);
        assert!(tree.is_dir("a/c") && !tree.is_dir("ab"));
    }

    #[test]
    fn only_what_takes_part_is_read() {
        #[track_caller]
        fn case(path: &str, read: bool) {
            assert_eq!(Tree::reads(path), read, "{path}");
        }
        case("Procfile", true);
        case("deep/Procfile", false);
        case(".ebextensions/01.config", true);
        case("nested/.ebextensions/x.config", true);
        case("mysite/settings.py", true);
        case("mysite/settings/production.py", true);
        case("venv/lib/python3.12/site-packages/x/settings.py", false);
        case("tests/settings.py", false);
        case("mysite/wsgi_production.py", true);
        case("shop/management/commands/createadmin.py", true);
        case("mysite/views.py", false);
        case("requirements.txt", true);
        case("requirements/prod.txt", true);
        case("backend/prod-requirements.txt", true);
        case("base.txt", true);
        case("static/licence.txt", false);
        case("crontab", true);
        case("deploy/crontab.txt", true);
        case("cron/site", true);
        case("shop/cron.py", false);
        case("static/cron/site", false);
    }
}
