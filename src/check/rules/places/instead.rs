//! Instead: the EB CLI reads `.ebignore` in the place of `.gitignore`, so what that alone leaves out ships.

use super::EBIGNORE;
use crate::beanstalk::tree::Tree;
use crate::check::WorkTree;
use crate::check::subject::Subject;
use crate::level::Level;
use crate::ui::ticked;

const GITIGNORE: &str = ".gitignore";
const RULE: &str = "EB345";

pub(super) fn check(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    let (Some(own), Some(git)) = (tree.text(EBIGNORE), tree.text(GITIGNORE)) else { return };
    // Whoever packages with beansprout has both, and what another tool has packed is sent as it is.
    let artifact = tree.text(".elasticbeanstalk/config.yml").is_some_and(|text| text.contains("artifact:"));
    if tree.is_file(crate::project::FILE) || artifact || !subject.prepared() {
        return;
    }
    let covered = |name: &str| lines(own).any(|line| covers(line, name));
    let brought_back = |name: &str| own.lines().any(|line| line.starts_with('!') && line.contains(name));
    let secrets: Vec<&str> = lines(git)
        .filter(|line| is_secret(line) && !covered(line) && !brought_back(line) && !is_read(tree, line))
        .collect();
    // What lies above the project's folder is packed by nobody.
    let history = !covered(".git") && subject.work_tree != WorkTree::Below;
    let and_git = if history { ", and `.git` with all that was ever committed" } else { "" };
    let reader = reader_of_git(tree).filter(|_| history);
    let fix = |names: &[&str]| {
        let written = format!("write {} into `{EBIGNORE}` as well", ticked(names.iter().copied()));
        match &reader {
            Some(path) => {
                format!("`{path}` reads `.git`: give it the revision as a property or in a file first, then {written}")
            }
            None => written,
        }
    };
    let (message, level, fix) = match secrets.as_slice() {
        [] if !history => return,
        [] => (
            format!(
                "`eb deploy` packs `.git` as well: with an `{EBIGNORE}`, it leaves out what stands in there and nothing else"
            ),
            Level::Note,
            fix(&[".git/"]),
        ),
        _ => (
            format!(
                "`eb deploy` packs what `{GITIGNORE}` leaves out as {}{and_git}: with an `{EBIGNORE}`, it reads nothing else",
                ticked(secrets.iter().copied())
            ),
            Level::Warning,
            fix(&if history { [&secrets[..], &[".git/"]].concat() } else { secrets.clone() }),
        ),
    };
    subject.find_file(RULE, EBIGNORE, message, fix).level = level;
}

/// The patterns of a file, without the slashes around them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', '!']));
    lines
        .map(|line| line.trim_end_matches("/*").trim_end_matches("/**").trim_matches('/'))
        .filter(|line| !line.is_empty())
}

/// Does a pattern leave out what another one does?
fn covers(pattern: &str, name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    let pattern = pattern.trim_start_matches("**/");
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        _ if pattern == name || pattern == last || matches!(pattern, "*" | "**") => true,
        (Some(end), _) if !end.contains('*') => last.ends_with(end),
        (_, Some(begin)) if !begin.contains('*') => last.starts_with(begin),
        _ => name.split('/').any(|part| part == pattern),
    }
}

/// Does the code read or import such a file? Then it ships on purpose: without it, nothing starts.
fn is_read(tree: &Tree, pattern: &str) -> bool {
    let name = pattern.rsplit('/').next().unwrap_or(pattern);
    if name.contains('*') || !name.contains('.') {
        return false;
    }
    let imports = |text: &str| {
        let words = |line: &str| {
            let mut words =
                line.split(|char: char| !(char.is_alphanumeric() || char == '_')).filter(|word| !word.is_empty());
            let first = words.next();
            let module = name.strip_suffix(".py");
            matches!(first, Some("from" | "import")) && words.any(|word| Some(word) == module)
        };
        text.lines().any(words)
    };
    let mut texts = tree.iter().filter(|(path, _)| path.ends_with(".py")).filter_map(|(path, _)| tree.code(path));
    let says =
        |text: &str, word: &str| text.lines().any(|line| !line.trim_start().starts_with('#') && line.contains(word));
    // Python has a `secrets` of its own.
    match name {
        "secrets.py" => texts.any(|text| says(text, ".secrets import") || says(text, "import secrets as")),
        _ => texts.any(|text| says(text, name) || imports(text)),
    }
}

/// A file of the project that asks git, or its folder, for the revision: without it, it stops.
fn reader_of_git(tree: &Tree) -> Option<String> {
    const WAYS: [&str; 6] = ["fetch_git_sha(", "git.Repo(", "rev-parse", ".git/HEAD", "git describe", "'git',"];
    let asks = |text: &str| {
        text.lines().any(|line| !line.trim_start().starts_with('#') && WAYS.iter().any(|way| line.contains(way)))
    };
    let mut code = tree.iter().map(|(path, _)| path).filter(|path| {
        path.ends_with(".py") && !path.split('/').any(|part| matches!(part, "tests" | "site-packages" | "node_modules"))
    });
    let built = Some("Dockerfile").filter(|path| tree.text(path).is_some_and(asks));
    code.find(|path| tree.code(path).is_some_and(asks)).or(built).map(str::to_owned)
}

/// Is it the pattern of something that nobody else may have? A `.env` ships on purpose as often as not.
fn is_secret(pattern: &str) -> bool {
    const ENDS: [&str; 6] = [".pem", ".key", ".p12", ".pfx", ".ppk", "id_rsa"];
    const NAMES: [&str; 5] = ["secret", "credential", "password", "passwd", "service_account"];
    let last = pattern.rsplit('/').next().unwrap_or(pattern).to_ascii_lowercase();
    // What a template of it is called may ship.
    let other = ["example", "sample", "template", "detect-secrets", "baseline"].iter().any(|word| last.contains(word));
    !other && (ENDS.iter().any(|end| last.ends_with(end)) || NAMES.iter().any(|name| last.contains(name)))
}

#[cfg(test)]
mod tests {
    use super::{covers, is_read, is_secret, reader_of_git};
    use crate::beanstalk::tree::Tree;

    #[test]
    fn patterns_that_leave_out_the_same() {
        for (pattern, name) in [
            (".git", ".git"),
            (".*", ".git"),
            ("*.pem", "*.pem"),
            ("*.txt", "secret.txt"),
            ("config", "config/secret.txt"),
            ("*", "a"),
        ] {
            assert!(covers(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [(".gitignore", ".git"), ("*.txt", "secret.json"), ("media", "secret.txt")] {
            assert!(!covers(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn patterns_of_secrets() {
        for pattern in ["secret.txt", "credentials.csv", "*.pem", "config/secrets.json", "client_secret*.json"] {
            assert!(is_secret(pattern), "{pattern}");
        }
        for pattern in
            [".env", "*.log", "secrets.example.json", ".secrets.baseline", "db.sqlite3", "celerybeat-schedule"]
        {
            assert!(!is_secret(pattern), "{pattern}");
        }
    }

    #[test]
    fn what_the_code_reads() {
        let read = |pattern: &str, code: &str| is_read(&Tree::default().file("mysite/settings.py", code), pattern);
        assert!(read("secrets.py", "from .secrets import *\n"));
        assert!(read("secrets.py", "from mysite.secrets import KEY\n"));
        assert!(read("config/passwords.py", "from config import passwords\n"));
        assert!(read("secrets.json", "with open(BASE_DIR / 'secrets.json') as file:\n    pass\n"));
        assert!(!read("secrets.py", "import secrets\n"));
        assert!(!read("secrets.json", "import json\n"));
        assert!(!read("secrets.json", "# with open('secrets.json') as file:\n"));
        assert!(!read("*.pem", "KEY = 'a.pem'\n"));
    }

    #[test]
    fn who_reads_the_folder_of_git() {
        let reads = |code: &str| reader_of_git(&Tree::default().file("mysite/settings.py", code)).is_some();
        assert!(reads("'release': raven.fetch_git_sha(os.path.abspath(os.pardir)),\n"));
        assert!(reads("subprocess.check_output(['git', 'rev-parse', 'HEAD'])\n"));
        assert!(!reads("# raven.fetch_git_sha(BASE_DIR)\n"));
        assert!(!reads("import git\n"));
    }
}
