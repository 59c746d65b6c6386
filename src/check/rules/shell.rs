//! The shell that a project brings: commands, container_commands and hook scripts, as one kind of thing.

use std::ops::Range;

use crate::beanstalk::config_file::{Command, ConfigFile};
use crate::beanstalk::customizations::{Customizations, Hook};
use crate::check::subject::Subject;

pub(super) struct Script<'a> {
    pub(super) path: &'a str,
    /// As it stands in the file.
    pub(super) text: &'a str,
    /// Where in the file it begins.
    pub(super) start: usize,
    pub(super) place: Place<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    Command(&'a Command),
    ContainerCommand(&'a Command),
    Hook(&'a Hook),
}

impl<'a> Script<'a> {
    /// What it is called in a sentence.
    pub(super) fn title(&self) -> String {
        match self.place {
            Place::Command(command) | Place::ContainerCommand(command) => format!("`{}`", command.name.value),
            Place::Hook(hook) => format!("`{}`", hook.path),
        }
    }

    /// Where the first of `needles` is, outside of comments.
    pub(super) fn find(&self, needles: &[&str]) -> Option<Range<usize>> {
        needles.iter().filter_map(|needle| self.find_one(needle)).min_by_key(|range| range.start)
    }

    pub(super) fn has(&self, needles: &[&str]) -> bool {
        self.find(needles).is_some()
    }

    fn find_one(&self, needle: &str) -> Option<Range<usize>> {
        self.text.match_indices(needle).map(|(offset, _)| offset).find(|&offset| self.is_word(offset, needle)).map(
            |offset| {
                let start = self.start + offset;
                start..start + needle.len()
            },
        )
    }

    /// Is it not in a comment, and not the middle of another word?
    fn is_word(&self, offset: usize, needle: &str) -> bool {
        let line = &self.text[..offset];
        let line = &line[line.rfind('\n').map_or(0, |newline| newline + 1)..];
        let comment = line.trim_start().starts_with('#') || line.contains(" #");
        let inside = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
        let word = needle.chars().all(|char| char.is_alphanumeric() || char == '_');
        let joined =
            word && (inside(line.chars().next_back()) || inside(self.text[offset + needle.len()..].chars().next()));
        !comment && !joined
    }
}

pub(super) fn scripts<'a>(subject: &Subject<'a>) -> Vec<Script<'a>> {
    let customizations: &'a Customizations = subject.customizations;
    let mut scripts = Vec::new();
    for file in &customizations.configs {
        let of = |command: &'a Command, place: Place<'a>| Script {
            path: &file.path,
            text: source(file, command),
            start: command.line_span.start,
            place,
        };
        scripts.extend(file.commands.iter().map(|command| of(command, Place::Command(command))));
        scripts.extend(file.container_commands.iter().map(|command| of(command, Place::ContainerCommand(command))));
    }
    for hook in &customizations.hooks {
        if let Some(text) = subject.tree.text(&hook.path) {
            scripts.push(Script { path: &hook.path, text, start: 0, place: Place::Hook(hook) });
        }
    }
    scripts
}

fn source<'a>(file: &'a ConfigFile, command: &Command) -> &'a str {
    file.text.get(command.line_span.clone()).unwrap_or_default()
}
