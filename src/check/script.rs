//! Script: everything of a project that a shell runs, on whichever road it comes there.
//!
//! A rule about what is done looks at all of them: commands and container_commands, hooks, the lines of Procfile and
//! Buildfile, and the scripts of the bundle or of `files` that any of these call.

mod dead_end;
mod outcome;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

pub(super) use dead_end::{End, UBUNTU};

use super::folder::{Folder, in_bundle, in_bundle_once};
use super::words::{self, Run, base};
use crate::beanstalk::config_file::{Command, CommandLine, ConfigFile, File};
use crate::beanstalk::customizations::{Customizations, Hook, Moment};
use crate::beanstalk::procfile::Process;
use crate::beanstalk::tree::Tree;
use crate::level::Level;

#[derive(Clone)]
pub(super) struct Script<'a> {
    pub(super) path: &'a str,
    /// As it stands in the file.
    pub(super) text: &'a str,
    /// Where in the file it begins.
    pub(super) start: usize,
    /// Where it runs; a script that is called runs where its caller does.
    pub(super) place: Place<'a>,
    /// Is it called by what stands at that place?
    pub(super) called: bool,
    runs: Vec<Run>,
    /// What fails for certain, and what is never reached by that.
    end: Option<End>,
}

#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    Command(&'a Command),
    ContainerCommand(&'a Command),
    Hook(&'a Hook),
    /// A line of Procfile.
    Process(&'a Process),
    /// A line of Buildfile.
    Build(&'a Process),
}

impl<'a> Place<'a> {
    /// Does it run before pip installs what the project asks for?
    pub(super) fn precedes_packages(self) -> bool {
        match self {
            Self::Command(_) => true,
            Self::Hook(hook) => hook.moment == Moment::Prebuild && !hook.config,
            Self::ContainerCommand(_) | Self::Process(_) | Self::Build(_) => false,
        }
    }

    /// Does the deployment go on if this fails?
    pub(super) fn ignores_errors(self) -> bool {
        matches!(self, Self::Command(command) | Self::ContainerCommand(command) if command.ignore_errors)
    }
}

impl<'a> Script<'a> {
    /// Is this place of a file in it?
    pub(super) fn covers(&self, path: &str, at: usize) -> bool {
        self.path == path && (self.start..self.start + self.text.len()).contains(&at)
    }

    fn new(path: &'a str, text: &'a str, start: usize, place: Place<'a>) -> Self {
        let (inside, shell) = shell(text, &place);
        let mut runs = words::runs(&shell);
        if let Place::Command(Command { line: CommandLine::Program(words), .. })
        | Place::ContainerCommand(Command { line: CommandLine::Program(words), .. }) = place
        {
            runs = words::runs(&words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "));
            for run in &mut runs {
                let whole = 0..text.len();
                run.program.span = whole.clone();
                run.arguments.iter_mut().chain(&mut run.writes).for_each(|word| word.span = whole.clone());
            }
        }
        let shift = |span: &mut Range<usize>| *span = span.start + start + inside..span.end + start + inside;
        for run in &mut runs {
            shift(&mut run.program.span);
            run.arguments.iter_mut().chain(&mut run.writes).for_each(|word| shift(&mut word.span));
        }
        let mut script = Self { path, text, start, place, called: false, runs, end: None };
        script.cut();
        script
    }

    /// What it is called in a sentence.
    pub(super) fn title(&self) -> String {
        match self.place {
            _ if self.called => format!("`{}`", self.path),
            Place::Command(command) | Place::ContainerCommand(command) => format!("`{}`", command.name.value),
            Place::Hook(hook) => format!("`{}`", hook.path),
            Place::Process(process) | Place::Build(process) => format!("`{}`", process.name),
        }
    }

    /// The programs that it runs, with their places in the file.
    pub(super) fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Those of them that run on the instance itself, and in no container.
    pub(super) fn host_runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(|run| !run.in_container())
    }

    /// Does the server start anew after this run of the script?
    pub(super) fn restarts_after(&self, run: &Run) -> bool {
        let restarts = |other: &&Run| {
            matches!(other.name(), "systemctl" | "service")
                && other.plain().any(|word| word.text == "restart")
                && other.plain().any(|word| matches!(word.text.as_str(), "web" | "web.service" | "eb-app.target"))
        };
        self.runs.iter().filter(restarts).any(|other| other.program.span.start > run.program.span.start)
    }

    /// Where its shell is as it begins.
    pub(super) fn folder(&self) -> Folder {
        let start = match self.place {
            // What is called may be called from anywhere.
            _ if self.called => return Folder::Unknown,
            Place::Command(_) => return Folder::Unknown,
            Place::ContainerCommand(command) => {
                command.cwd.as_ref().map_or("/var/app/staging", |cwd| cwd.value.as_str())
            }
            Place::Hook(hook) if hook.moment != Moment::Postdeploy => "/var/app/staging",
            Place::Build(_) => "/var/app/staging",
            Place::Hook(_) | Place::Process(_) => "/var/app/current",
        };
        match start.starts_with('/') {
            true => Folder::At(start.trim_end_matches('/').to_owned()),
            false => Folder::Unknown,
        }
    }

    /// The line that a run of the script stands in.
    pub(super) fn line_of(&self, run: &Run) -> &str {
        let at = run.program.span.start.saturating_sub(self.start);
        let (Some(before), Some(after)) = (self.text.get(..at), self.text.get(at..)) else { return self.text };
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        &self.text[start..at + after.find('\n').unwrap_or(after.len())]
    }

    /// Does the shell stop where this run of the script fails?
    pub(super) fn stops_at(&self, run: &Run) -> bool {
        let first = self.text.lines().next().unwrap_or_default();
        // `#!/bin/bash -e` is the same as `set -e`.
        let by_interpreter = first.starts_with("#!")
            && first
                .split_whitespace()
                .skip(1)
                .any(|word| word.strip_prefix('-').is_some_and(|flags| !flags.starts_with('-') && flags.contains('e')));
        let before = self.runs.iter().filter(|other| other.program.span.start < run.program.span.start);
        before.filter_map(Run::sets_stop).next_back().unwrap_or(by_interpreter)
    }

    /// The first run of one of these commands of Django's, and where the command stands.
    pub(super) fn django(&self, commands: &[&str]) -> Option<(&Run, Range<usize>)> {
        self.runs.iter().find_map(|run| {
            let (command, _) = run.django()?;
            let span = run.program.span.start..command.span.end;
            commands
                .contains(&command.text.as_str())
                .then(|| (run, at_manage(run).unwrap_or(span.clone()).start..span.end))
        })
    }

    /// Where the first of `needles` is, outside of comments.
    pub(super) fn find(&self, needles: &[&str]) -> Option<Range<usize>> {
        find_in(self.text, needles).map(|range| range.start + self.start..range.end + self.start)
    }

    pub(super) fn has(&self, needles: &[&str]) -> bool {
        self.find(needles).is_some()
    }

    /// Is it what answers requests: the process `web` of Procfile, or what that calls?
    pub(super) fn is_web(&self) -> bool {
        matches!(self.place, Place::Process(process) if process.name == "web")
    }

    /// Does it go on where this run fails?
    pub(super) fn forgives(&self, run: &Run) -> bool {
        run.forgiven || self.place.ignores_errors()
    }
}

/// What becomes of a command that fails, and the level that this has.
pub(super) fn fate(forgiven: bool) -> (&'static str, Level) {
    if forgiven { ("does nothing, and nobody is told", Level::Warning) } else { ("fails", Level::Error) }
}

/// Does a text send the metadata service a token? Asking for one is another header.
pub(super) fn sends_token(text: &str) -> bool {
    const HEADER: &str = "x-aws-ec2-metadata-token";
    let lower = text.to_ascii_lowercase();
    lower.match_indices(HEADER).any(|(at, _)| !lower[at + HEADER.len()..].starts_with("-ttl"))
}

/// Where the first of `needles` is in a text, outside of comments.
pub(super) fn find_in(text: &str, needles: &[&str]) -> Option<Range<usize>> {
    needles.iter().filter_map(|needle| find_all(text, needle).next()).min_by_key(|range| range.start)
}

/// All places of `needle` in a text, outside of comments.
pub(super) fn find_all(text: &str, needle: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices(needle).map(|(at, found)| at..at + found.len()).filter(move |span| is_word(text, span))
}

/// Is it not in a comment, and not the middle of another word?
fn is_word(text: &str, span: &Range<usize>) -> bool {
    let (line, needle) = (&text[..span.start], &text[span.clone()]);
    let line = &line[line.rfind('\n').map_or(0, |newline| newline + 1)..];
    let comment = line.trim_start().starts_with('#') || line.contains(" #");
    let inside = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
    let word = needle.chars().all(|char| char.is_alphanumeric() || char == '_');
    let joined = word && (inside(line.chars().next_back()) || inside(text[span.end..].chars().next()));
    !comment && !joined
}

/// Where `manage.py` itself stands.
pub(super) fn at_manage(run: &Run) -> Option<Range<usize>> {
    let words = std::iter::once(&run.program).chain(&run.arguments);
    let word = words.into_iter().find(|word| word.text.contains("manage.py") || word.text.contains("django-admin"))?;
    Some(word.span.clone())
}

/// What the shell gets of a text in YAML, at the same offsets: without the quotes around it or the `|` before it.
fn shell<'a>(text: &'a str, place: &Place<'_>) -> (usize, Cow<'a, str>) {
    if !matches!(place, Place::Command(_) | Place::ContainerCommand(_)) {
        return (0, text.into());
    }
    let inner = |quote: char| text.strip_prefix(quote)?.trim_end().strip_suffix(quote);
    if let Some(inner) = inner('"') {
        // `\"` is a quote of the shell's.
        return (1, inner.replace("\\\"", " \"").replace("\\n", "\n ").into());
    }
    if let Some(inner) = inner('\'') {
        return (1, inner.into());
    }
    match text.find('\n').filter(|_| text.starts_with(['|', '>'])) {
        Some(end) => (end + 1, text[end + 1..].into()),
        None => (0, text.into()),
    }
}

/// All scripts of a project.
pub(super) fn scripts<'a>(tree: &'a Tree, customizations: &'a Customizations) -> Vec<Script<'a>> {
    let mut scripts = Vec::new();
    for file in customizations.used() {
        let of = |command: &'a Command, place: Place<'a>| {
            Script::new(&file.path, source(file, command), command.line_span.start, place)
        };
        scripts.extend(file.commands.iter().map(|command| of(command, Place::Command(command))));
        scripts.extend(file.container_commands.iter().map(|command| of(command, Place::ContainerCommand(command))));
    }
    for hook in &customizations.hooks {
        if let Some(text) = tree.text(&hook.path).filter(|text| is_shell(text)) {
            scripts.push(Script::new(&hook.path, text, 0, Place::Hook(hook)));
        }
    }
    let lines = [("Procfile", &customizations.procfile), ("Buildfile", &customizations.buildfile)];
    for (path, file) in lines {
        for process in file.iter().flat_map(|file| &file.processes) {
            let place = if path == "Procfile" { Place::Process(process) } else { Place::Build(process) };
            scripts.push(Script::new(path, &process.command, process.command_span.start, place));
        }
    }
    called(tree, customizations, &mut scripts);
    scripts
}

/// Adds what the scripts call, and what that calls in turn.
fn called<'a>(tree: &'a Tree, customizations: &'a Customizations, scripts: &mut Vec<Script<'a>>) {
    const MOST: usize = 200;
    let mut seen: BTreeSet<&str> = scripts.iter().map(|script| script.path).collect();
    let mut at = 0;
    while at < scripts.len() && scripts.len() < MOST {
        let place = scripts[at].place;
        let paths: Vec<String> = scripts[at].runs.iter().filter_map(callee).collect();
        for path in paths {
            let Some((path, text, start)) = script_file(tree, customizations, &path) else { continue };
            if seen.insert(path) {
                scripts.push(Script { called: true, ..Script::new(path, text, start, place) });
            }
        }
        at += 1;
    }
}

/// The script that a run calls: what is given to Python is none.
fn callee(run: &Run) -> Option<String> {
    let word = run.carried_out().filter(|_| !words::is_python(run.name()))?;
    word.text.contains(['/', '.']).then(|| word.text.clone())
}

/// A script by the path that something calls: of the bundle, or what `files` writes.
pub(super) fn script_file<'a>(
    tree: &'a Tree,
    customizations: &'a Customizations,
    path: &str,
) -> Option<(&'a str, &'a str, usize)> {
    file_by(tree, customizations, path, is_shell)
}

/// Any file by the path that something names: of the bundle, or what `files` writes.
pub(super) fn any_file<'a>(
    tree: &'a Tree,
    customizations: &'a Customizations,
    path: &str,
) -> Option<(&'a str, &'a str, usize)> {
    file_by(tree, customizations, path, |_| true)
}

/// The first of these files whose text is `meant`: its path, that text, and where it begins.
fn file_by<'a>(
    tree: &'a Tree,
    customizations: &'a Customizations,
    path: &str,
    meant: fn(&str) -> bool,
) -> Option<(&'a str, &'a str, usize)> {
    let relative = in_bundle(path).or_else(|| in_bundle_once(path)).or_else(|| path.strip_prefix("./")).unwrap_or(path);
    if let Some((path, text)) = tree.file_text(relative).filter(|(_, text)| meant(text)) {
        return Some((path, text, 0));
    }
    customizations.used().find_map(|file| {
        let entry = file.files.iter().find(|entry| entry.path.value == path)?;
        let (text, start) = content(file, entry)?;
        Some((file.path.as_str(), text, start)).filter(|_| meant(text))
    })
}

/// The contents of `files`: the file and the entry, the content, and where it begins.
pub(super) fn contents(customizations: &Customizations) -> impl Iterator<Item = (&ConfigFile, &File, &str, usize)> {
    let entries = customizations.used().flat_map(|file| file.files.iter().map(move |entry| (file, entry)));
    entries.filter_map(|(file, entry)| content(file, entry).map(|(text, start)| (file, entry, text, start)))
}

/// The content of an entry of `files`, as it stands in the file.
pub(super) fn content<'a>(file: &'a ConfigFile, entry: &'a File) -> Option<(&'a str, usize)> {
    let content = entry.content.as_ref().filter(|_| !entry.base64)?;
    let text = file.text.get(content.span.clone())?;
    // After the line with `|`.
    let begin = text.find('\n').filter(|_| text.starts_with(['|', '>'])).map_or(0, |end| end + 1);
    Some((&text[begin..], content.span.start + begin))
}

/// No program of another language.
fn is_shell(text: &str) -> bool {
    match text.trim_start().strip_prefix("#!") {
        Some(rest) => {
            rest.lines().next().is_some_and(|line| line.split_whitespace().any(|word| words::is_shell(base(word))))
        }
        None => true,
    }
}

fn source<'a>(file: &'a ConfigFile, command: &Command) -> &'a str {
    file.text.get(command.line_span.clone()).unwrap_or_default()
}
