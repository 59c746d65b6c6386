//! Dockerfile: what the image of the bundle is made of, and what it starts.
//!
//! Source: Dockerfile reference (docs.docker.com): `COPY`, `WORKDIR`, and that an `ENTRYPOINT`
//! takes the `CMD` of the image below it away.

use std::collections::BTreeMap;

use super::variables::fill;
use super::words::{self, Run};
use crate::beanstalk::dockerfile::{Instruction, instructions};

pub(super) const NAME: &str = "Dockerfile";

/// What makes the image that runs: the last stage, after the stages of the same file that it stands on.
#[derive(Debug, Clone)]
pub(super) struct Image {
    pub(super) instructions: Vec<Instruction>,
    /// Values of `ENV` and `ARG`.
    variables: BTreeMap<String, String>,
}

/// A `COPY` or `ADD`, as far as its words are known.
pub(super) struct Copy<'i> {
    pub(super) instruction: &'i Instruction,
    /// As they are written, from the top of the context; `None` where they come from another image or place, or are not known.
    pub(super) sources: Option<Vec<String>>,
    /// Whole, on the image; `None` where that is not known.
    target: Option<String>,
    /// Does it end in a slash, or has it several sources?
    into: bool,
    sets_mode: bool,
}

/// Where a file of the image comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// From this path of the context, with the mode that it has there or another one.
    Context { path: String, keeps_mode: bool },
    /// No `COPY` of the context has it.
    Unknown,
}

/// What the image starts.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) instruction: Instruction,
    pub(super) runs: Vec<Run>,
}

impl Image {
    /// What it stands on, as that is written.
    pub(super) fn base(&self) -> Option<&str> {
        self.all("FROM").next()?.rest.split_whitespace().find(|word| !word.starts_with("--"))
    }

    pub(super) fn read(text: &str) -> Self {
        Self::of(stages(text).pop().map(|(_, all)| all).unwrap_or_default())
    }

    /// Each image that is made on the way, the last of them the one that runs: the name that others of the file call it by, and itself.
    pub(super) fn stages(text: &str) -> Vec<(String, Self)> {
        stages(text).into_iter().map(|(name, all)| (name, Self::of(all))).collect()
    }

    fn of(instructions: Vec<Instruction>) -> Self {
        let mut variables = BTreeMap::new();
        for instruction in instructions.iter().filter(|one| matches!(one.name.as_str(), "ENV" | "ARG")) {
            let given = instruction.rest.split_whitespace().filter_map(|word| word.split_once('='));
            let older = instruction.rest.split_once(' ').filter(|_| !instruction.rest.contains('='));
            for (name, value) in given.chain(older) {
                // With those that stand before it, as the build does.
                let value = filled(value.trim().trim_matches(['"', '\'']), &variables);
                variables.insert(name.to_owned(), value);
            }
        }
        Self { instructions, variables }
    }

    /// With the variables that are known; `None` where one is not.
    fn filled(&self, text: &str) -> Option<String> {
        let text = filled(text, &self.variables);
        (!text.contains('$')).then_some(text)
    }

    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &Instruction> {
        self.instructions.iter().filter(move |one| one.name == name)
    }

    /// Does a step of the build speak of this?
    pub(super) fn builds_with(&self, word: &str) -> bool {
        self.all("RUN").any(|one| one.rest.contains(word))
    }

    /// The folder that the server starts in.
    fn folder(&self, until: usize) -> Option<String> {
        let mut folder = Some("/".to_owned());
        for instruction in self.instructions[..until].iter().filter(|one| one.name == "WORKDIR") {
            let to = self.filled(instruction.rest.trim().trim_matches(['"', '\'']));
            folder = to.and_then(|to| absolute(folder.as_deref(), &to));
        }
        folder
    }

    /// The whole path on the image of what its server calls so.
    pub(super) fn path_of(&self, file: &str) -> Option<String> {
        absolute(self.folder(self.instructions.len()).as_deref(), &self.filled(file)?)
    }

    pub(super) fn copies(&self) -> Vec<Copy<'_>> {
        let all = self.instructions.iter().enumerate();
        all.filter_map(|(at, instruction)| self.copy(at, instruction)).collect()
    }

    fn copy<'i>(&'i self, at: usize, instruction: &'i Instruction) -> Option<Copy<'i>> {
        if !matches!(instruction.name.as_str(), "COPY" | "ADD") {
            return None;
        }
        let (flags, rest) = flags(&instruction.rest);
        let words = match serde_json::from_str::<Vec<String>>(rest) {
            Ok(words) => words,
            Err(_) => rest.split_whitespace().map(str::to_owned).collect(),
        };
        let (target, sources) = words.split_last()?;
        let foreign = flags.iter().any(|flag| flag.starts_with("--from") || flag.starts_with("--exclude"));
        let plain = |source: &String| {
            let known =
                !source.contains(['*', '?', '[', '"', '\'']) && !source.contains("<<") && !source.contains("..");
            known && !source.contains("://") && !source.contains('@')
        };
        let filled: Option<Vec<String>> = sources.iter().map(|source| self.filled(source)).collect();
        let sources = filled.filter(|all| !foreign && !all.is_empty() && all.iter().all(plain));
        let target = self.filled(target);
        let into = sources.as_ref().is_some_and(|all| all.len() > 1)
            || target.as_ref().is_some_and(|target| target.ends_with('/') || target == ".");
        let target = target.and_then(|target| absolute(self.folder(at).as_deref(), &target));
        let sets_mode = flags.iter().any(|flag| flag.starts_with("--chmod"));
        Some(Copy { instruction, sources, target, into, sets_mode })
    }

    /// Where a file of the image comes from; what is copied last wins.
    pub(super) fn origin(&self, path: &str, is_dir: impl Fn(&str) -> bool) -> Origin {
        let mut found = Origin::Unknown;
        for copy in self.copies() {
            let Some(target) = &copy.target else { return Origin::Unknown };
            let below = match target.as_str() {
                "/" => path.strip_prefix('/'),
                target if path == target => Some(""),
                target => path.strip_prefix(target).and_then(|rest| rest.strip_prefix('/')),
            };
            let Some(below) = below else { continue };
            let Some(sources) = &copy.sources else {
                found = Origin::Unknown;
                continue;
            };
            for source in sources {
                let source = plain(source);
                let name = source.rsplit('/').next().unwrap_or(source);
                let from = match (source.is_empty() || is_dir(source), below) {
                    (true, "") => continue,
                    (true, below) if source.is_empty() => below.to_owned(),
                    (true, below) => format!("{source}/{below}"),
                    (false, "") if !copy.into => source.to_owned(),
                    (false, below) if below == name && copy.into => source.to_owned(),
                    // A folder of the image may be named without its slash.
                    (false, below) if below == name => return Origin::Unknown,
                    (false, _) => continue,
                };
                found = Origin::Context { path: from, keeps_mode: !copy.sets_mode };
            }
        }
        found
    }

    /// What it starts: the `ENTRYPOINT`, and the `CMD` that this is given.
    pub(super) fn starts(&self) -> (Option<Start>, Option<Start>) {
        let (mut entry, mut command, mut is_here) = (None, None, false);
        for instruction in &self.instructions {
            match instruction.name.as_str() {
                "FROM" => is_here = false,
                "ENTRYPOINT" => {
                    entry = Some(start(instruction));
                    command = command.filter(|_| is_here);
                }
                "CMD" => (command, is_here) = (Some(start(instruction)), true),
                _ => {}
            }
        }
        (entry, command)
    }
}

fn filled(text: &str, variables: &BTreeMap<String, String>) -> String {
    fill(text, |name| variables.get(name).map(String::as_str))
}

/// The stages of a file, by their names, each after the one that it stands on.
fn stages(text: &str) -> Vec<(String, Vec<Instruction>)> {
    // Each stage repeats what it stands on; a file that stands on itself for ever is not followed.
    const MOST: usize = 20_000;
    let mut stages: Vec<(String, Vec<Instruction>)> = Vec::new();
    let mut given: BTreeMap<String, String> = BTreeMap::new();
    let mut repeated = 0;
    for mut instruction in instructions(text) {
        if instruction.name == "FROM" {
            instruction.rest = filled(&instruction.rest, &given);
            let words: Vec<&str> = instruction.rest.split_whitespace().filter(|word| !word.starts_with("--")).collect();
            let alias = match words.as_slice() {
                [_, word, alias] if word.eq_ignore_ascii_case("as") => (*alias).to_ascii_lowercase(),
                _ => String::new(),
            };
            let base = words.first().copied().unwrap_or_default().to_ascii_lowercase();
            let below = stages.iter().find(|(name, _)| !name.is_empty() && *name == base);
            repeated += below.map_or(0, |(_, all)| all.len());
            let mut all = below.filter(|_| repeated < MOST).map(|(_, all)| all.clone()).unwrap_or_default();
            all.push(instruction);
            stages.push((alias, all));
        } else if let Some((_, all)) = stages.last_mut() {
            all.push(instruction);
        } else if let Some((name, value)) = instruction.rest.split_once('=').filter(|_| instruction.name == "ARG") {
            // What whoever builds it may give, and else has this value.
            let value = filled(value.trim().trim_matches(['"', '\'']), &given);
            given.insert(name.trim().to_owned(), value);
        }
    }
    stages
}

/// What an instruction starts, in its list form or as a line of the shell's.
fn start(instruction: &Instruction) -> Start {
    let quote = |word: &String| format!("'{}'", word.replace('\'', "'\\''"));
    let line = match serde_json::from_str::<Vec<String>>(instruction.rest.trim()) {
        Ok(words) => words.iter().map(quote).collect::<Vec<_>>().join(" "),
        Err(_) => instruction.rest.clone(),
    };
    Start { instruction: instruction.clone(), runs: words::runs(&line) }
}

/// The path of a source in the context, without what stands for its top.
pub(super) fn plain(source: &str) -> &str {
    let inside = source.trim_start_matches("./").trim_matches('/');
    if inside == "." { "" } else { inside }
}

/// `to` as seen from a folder.
fn absolute(folder: Option<&str>, to: &str) -> Option<String> {
    let whole = match to.starts_with('/') {
        true => to.to_owned(),
        false => format!("{}/{to}", folder?.trim_end_matches('/')),
    };
    let parts: Vec<&str> = whole.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    (!parts.contains(&"..")).then(|| format!("/{}", parts.join("/")))
}

/// The options before the words.
pub(super) fn flags(rest: &str) -> (Vec<&str>, &str) {
    let (mut found, mut rest) = (Vec::new(), rest.trim_start());
    while rest.starts_with("--") {
        let (flag, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        found.push(flag);
        rest = after.trim_start();
    }
    (found, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_files_of_the_image_come_from() {
        let origin = |dockerfile: &str, path: &str| {
            let image = Image::read(dockerfile);
            let whole = image.path_of(path)?;
            match image.origin(&whole, |path| path == "src" || path == "docker") {
                Origin::Context { path, keeps_mode } => Some(if keeps_mode { path } else { format!("{path}!") }),
                Origin::Unknown => None,
            }
        };
        let is = |dockerfile: &str, path: &str, expected: Option<&str>| {
            assert_eq!(origin(dockerfile, path).as_deref(), expected, "{dockerfile}: {path}");
        };
        is("FROM a\nWORKDIR /app\nCOPY . .\n", "./start.sh", Some("start.sh"));
        is("FROM a\nENV HOME=/app\nWORKDIR $HOME\nCOPY . ${HOME}/\n", "/app/bin/start.sh", Some("bin/start.sh"));
        is("FROM a\nCOPY ./entry.sh /entry.sh\n", "/entry.sh", Some("entry.sh"));
        is("FROM a\nCOPY --chmod=755 entry.sh /\n", "/entry.sh", Some("entry.sh!"));
        is("FROM a\nCOPY [\"docker\", \"/opt\"]\n", "/opt/x.sh", Some("docker/x.sh"));
        is("FROM a\nCOPY src /app/src\nCOPY a.sh b.sh /app/\n", "/app/b.sh", Some("b.sh"));
        is("FROM a AS base\nCOPY . /app\nFROM base\nWORKDIR /app\n", "start.sh", Some("start.sh"));
        is("FROM a AS base\nCOPY . /app\nFROM b\nWORKDIR /app\n", "start.sh", None);
        is("FROM a\nCOPY . /app\nCOPY --from=base /app /app\n", "/app/start.sh", None);
        is("FROM a\nCOPY *.sh /app/\n", "/app/start.sh", None);
        is("FROM a\nCOPY . $WHERE\n", "/app/start.sh", None);
        is("FROM a\nCOPY entry.sh /usr/local/bin\n", "/usr/local/bin/entry.sh", None);
    }

    #[test]
    fn what_it_stands_on() {
        let base = |text: &str| Image::read(text).base().map(str::to_owned);
        assert_eq!(base("ARG V=3.12\nFROM python:${V}-slim AS a\nFROM a\n").as_deref(), Some("python:3.12-slim"));
        assert_eq!(base("ARG V\nFROM --platform=$P python:$V\n").as_deref(), Some("python:$V"));
        let names: Vec<String> = Image::stages("FROM a AS Build\nFROM b\n").into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["build", ""]);
    }

    #[test]
    fn what_it_starts() {
        let starts = |dockerfile: &str| {
            let (entry, command) = Image::read(dockerfile).starts();
            let said = |start: Option<Start>| {
                let runs = start?.runs.into_iter().map(|run| run.program.text);
                Some(runs.collect::<Vec<_>>().join(" "))
            };
            (said(entry), said(command))
        };
        let is = |dockerfile: &str, entry: Option<&str>, command: Option<&str>| {
            assert_eq!(starts(dockerfile), (entry.map(str::to_owned), command.map(str::to_owned)), "{dockerfile}");
        };
        is("FROM a\nENTRYPOINT [\"/entry.sh\"]\nCMD [\"gunicorn\", \"x\"]\n", Some("/entry.sh"), Some("gunicorn"));
        is("FROM a\nCMD python manage.py migrate && \\\n  # no\n  ./run.sh\n", None, Some("python ./run.sh"));
        is("FROM a AS b\nCMD [\"x\"]\nFROM b\nENTRYPOINT [\"/e\"]\n", Some("/e"), None);
        is("FROM a\nCMD [\"x\"]\nENTRYPOINT [\"/e\"]\n", Some("/e"), Some("x"));
        is("FROM a AS b\nENTRYPOINT [\"/e\"]\nCMD [\"x\"]\nFROM b\nCMD [\"y\"]\n", Some("/e"), Some("y"));
        is("FROM a\nRUN <<EOF\nCMD x\nEOF\n", None, None);
        is("", None, None);
    }
}
