//! Isolation: how the programs of an instance come to see its paths.
//!
//! Scripts say `/var/app/current`, and a laptop has no such folder and should not get one. With bubblewrap the program
//! runs in a mount namespace of its own, in which those folders are the instance's and the rest of the machine can only
//! be read. Without it, the text of commands and hooks is changed to say where the folders really are.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::layout::{Layout, ROOTS};
use crate::mode;
use crate::world::real_path;

/// Which of the two ways to use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum IsolationMode {
    /// A mount namespace where bubblewrap can make one, else the prefix
    #[default]
    Auto,
    /// Rewrite the paths in commands and hooks
    Prefix,
}

/// A program as an instance would start it: paths are the instance's.
pub(crate) struct Program<'a> {
    pub(crate) argv: Argv<'a>,
    pub(crate) cwd: &'a str,
    pub(crate) env: &'a BTreeMap<String, String>,
}

pub(crate) enum Argv<'a> {
    /// For the shell.
    Shell(&'a str),
    /// A program and its arguments.
    List(&'a [String]),
}

#[derive(Debug, Clone)]
pub(crate) enum Isolation {
    Namespace { bwrap: PathBuf, mounts: Vec<OsString>, shell: PathBuf },
    Prefix { home: String, shell: PathBuf },
}

impl Isolation {
    /// The best isolation that works on this machine, and why it is not a better one. `shown` is what programs see of this
    /// machine wherever it lies.
    pub(crate) fn choose(isolation: IsolationMode, layout: &Layout, path: &str, shown: &[PathBuf]) -> (Self, String) {
        // On an instance `/bin/sh` is bash, and the commands of most projects count on it (`source`).
        let bash = find("bash", path);
        let shell = bash.clone().unwrap_or_else(|| PathBuf::from("/bin/sh"));
        let why = match (isolation, find("bwrap", path)) {
            (IsolationMode::Prefix, _) => "as asked".to_owned(),
            (IsolationMode::Auto, None) => "bubblewrap is not installed (Debian: `bubblewrap`)".to_owned(),
            (IsolationMode::Auto, Some(bwrap)) => {
                let mounts = mounts(layout, bash.as_deref(), shown);
                match probe(&bwrap, &mounts) {
                    Ok(()) => {
                        let said = "a mount namespace by bubblewrap; the rest of this machine is read-only there";
                        return (Self::Namespace { bwrap, mounts, shell }, said.to_owned());
                    }
                    Err(said) => format!("bubblewrap does not work here: {said}"),
                }
            }
        };
        let home = layout.home().to_string_lossy().into_owned();
        let said = format!("paths rewritten to `{home}` in commands and hooks; {why}");
        (Self::Prefix { home, shell }, said)
    }

    pub(crate) fn is_namespace(&self) -> bool {
        matches!(self, Self::Namespace { .. })
    }

    /// Name of the difference between the two in everything that is made for one of them, such as a virtual environment.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Namespace { .. } => "namespace".to_owned(),
            Self::Prefix { home, .. } => format!("prefix {home}"),
        }
    }

    /// `text` as it must read for a program that is isolated so.
    pub(crate) fn rewrite(&self, text: &str) -> String {
        match self {
            Self::Namespace { .. } => text.to_owned(),
            Self::Prefix { home, .. } => rewrite(text, home),
        }
    }

    /// The command that starts `program`, with nothing of our environment.
    pub(crate) fn command(&self, program: &Program, layout: &Layout) -> Command {
        let mut command = match self {
            Self::Namespace { bwrap, mounts, shell } => {
                let mut command = Command::new(bwrap);
                command.args(mounts).args(["--chdir", program.cwd, "--"]);
                match program.argv {
                    // The namespace has bash in place of `sh`.
                    Argv::Shell(text) => command.arg(shell).arg("-c").arg(text),
                    Argv::List(list) => command.args(list),
                };
                command
            }
            Self::Prefix { shell, .. } => {
                // The shell in between is the parent that a hook may kill.
                let mut command = Command::new(shell);
                command.arg("-c");
                match program.argv {
                    Argv::Shell(text) => command.arg(self.rewrite(text)),
                    Argv::List(list) => {
                        command.args([r#""$@"; exit $?"#, "sh"]).args(list.iter().map(|word| self.rewrite(word)))
                    }
                };
                command.current_dir(layout.real(program.cwd));
                command
            }
        };
        command.env_clear().envs(program.env.iter().map(|(name, value)| (name, self.rewrite(value))));
        command.stdin(Stdio::null());
        command
    }
}

/// A program on the search path, or at a path.
pub(crate) fn find(name: &str, path: &str) -> Option<PathBuf> {
    let runs = |file: &PathBuf| std::fs::metadata(file).is_ok_and(|data| data.is_file() && mode::is_executable(&data));
    std::env::split_paths(path).filter(|dir| dir.is_absolute()).map(|dir| dir.join(name)).find(runs)
}

fn probe(bwrap: &Path, mounts: &[OsString]) -> Result<(), String> {
    let output = Command::new(bwrap)
        .args(mounts)
        .args(["--chdir", "/var/app", "--", "/bin/sh", "-c", "test -x /opt/elasticbeanstalk/bin && test -w /var/log"])
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().next().unwrap_or("it failed without a word").to_owned())
}

/// The arguments that build the namespace: this machine, read-only, with the instance's folders in their places.
fn mounts(layout: &Layout, bash: Option<&Path>, shown: &[PathBuf]) -> Vec<OsString> {
    let mut arguments = Mounts(Vec::new());
    arguments.add(["--die-with-parent", "--unshare-pid", "--unshare-ipc"]);
    for name in names("/") {
        let path = Path::new("/").join(&name);
        match path.to_str() {
            Some("/proc" | "/dev" | "/tmp" | "/var" | "/opt") => {}
            _ => arguments.mirror(&path),
        }
    }
    for dir in ["/var", "/opt"] {
        for name in names(dir) {
            let path = Path::new(dir).join(&name);
            if path != Path::new("/var/tmp") && !ROOTS.iter().any(|root| Path::new(root) == path) {
                arguments.mirror(&path);
            }
        }
    }
    for root in ROOTS {
        arguments.bind("--bind", layout.real(root), root);
    }
    arguments.bind("--bind", layout.real("tmp"), "/tmp");
    arguments.add(["--dir", "/var/tmp", "--proc", "/proc", "--dev", "/dev"]);
    // The instance has its own in their place.
    let hidden = |place: &&PathBuf| ["/tmp", "/var/tmp"].into_iter().any(|dir| place.starts_with(dir));
    shown.iter().filter(hidden).for_each(|place| arguments.bind("--ro-bind", place, place));
    // On an instance `/bin/sh` is bash; elsewhere it may be a shell that knows no `source`.
    if let (Some(bash), Ok(sh)) = (bash.and_then(|bash| real_path(bash).ok()), real_path(Path::new("/bin/sh")))
        && bash != sh
    {
        arguments.bind("--ro-bind", &bash, &sh);
    }
    // Scripts give files to `webapp`. Here that is another name of whoever runs this.
    for name in ["passwd", "group"] {
        let own = layout.real("etc").join(name);
        if own.is_file() {
            arguments.bind("--ro-bind", &own, Path::new("/etc").join(name));
        }
    }
    arguments.0
}

struct Mounts(Vec<OsString>);

impl Mounts {
    fn add<S: Into<OsString>>(&mut self, words: impl IntoIterator<Item = S>) {
        self.0.extend(words.into_iter().map(Into::into));
    }

    fn bind(&mut self, how: &str, from: impl AsRef<OsStr>, to: impl AsRef<OsStr>) {
        self.add([OsStr::new(how), from.as_ref(), to.as_ref()]);
    }

    /// The same thing at the same path, read-only.
    fn mirror(&mut self, path: &Path) {
        match std::fs::read_link(path) {
            Ok(target) => self.bind("--symlink", target, path),
            Err(_) => self.bind("--ro-bind-try", path, path),
        }
    }
}

fn names(dir: &str) -> Vec<OsString> {
    let mut names: Vec<_> =
        std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    names
}

/// Put `home` before every path of an instance that stands in `text`.
fn rewrite(text: &str, home: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, root)) =
        ROOTS.iter().filter_map(|root| Some((rest.find(root)?, *root))).min_by_key(|(at, _)| *at)
    {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        // `/mnt/var/app` and `/var/application` are other paths.
        let inside = out.chars().next_back().is_some_and(|c| c.is_alphanumeric() || "._-/}".contains(c));
        let longer = after[root.len()..].chars().next().is_some_and(|c| c.is_alphanumeric() || "._-".contains(c));
        if !inside && !longer {
            out.push_str(home);
        }
        out.push_str(root);
        rest = &after[root.len()..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_instance_get_the_prefix() {
        #[track_caller]
        fn case(text: &str, rewritten: &str) {
            assert_eq!(rewrite(text, "/h"), rewritten);
        }
        case("source /var/app/venv/*/bin/activate", "source /h/var/app/venv/*/bin/activate");
        case("A=/var/app/current:/var/log/x", "A=/h/var/app/current:/h/var/log/x");
        case("ls '/var/app'", "ls '/h/var/app'");
        case("/opt/elasticbeanstalk/bin/get-config environment", "/h/opt/elasticbeanstalk/bin/get-config environment");
        case("/var/application /mnt/var/app /var/app-2", "/var/application /mnt/var/app /var/app-2");
        case("nothing here", "nothing here");
    }

    #[test]
    fn the_search_path_is_searched_for_programs() {
        assert_eq!(find("sh", "/nowhere:/bin:/usr/bin").is_some(), mode::KNOWN);
        assert!(find("sh", "").is_none());
        assert!(find("no-such-program", "/bin").is_none());
    }
}
