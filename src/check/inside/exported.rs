//! Exported: lists that a step of the build makes, in the image itself or in one that it copies from.

use crate::beanstalk::dockerfile::Instruction;
use crate::check::dockerfile::{Image, flags};
use crate::check::words::{self, Run, Word, base};

/// What makes a list, and where.
pub(super) struct Made<'i> {
    pub(super) image: &'i Image,
    pub(super) step: &'i Instruction,
    pub(super) run: Run,
}

/// The stages of its file that an image copies from, as far as they are in it; `None` for one that is not.
pub(in crate::check) fn copied<'s>(image: &Image, stages: &'s [(String, Image)]) -> Vec<Option<(&'s Image, String)>> {
    let mut found: Vec<Option<(&Image, String)>> = Vec::new();
    for copy in image.all("COPY") {
        let Some(from) = copy.rest.split_whitespace().find_map(|word| word.strip_prefix("--from=")) else { continue };
        // A program alone.
        if from.contains("astral-sh/uv") {
            continue;
        }
        let mut before = stages.iter().enumerate().take(stages.len().saturating_sub(1));
        let stage = before.find(|(at, (name, _))| name.eq_ignore_ascii_case(from) || at.to_string() == from);
        found.push(stage.map(|(_, (_, stage))| (stage, copy.rest.clone())));
    }
    found
}

/// What makes the list that a step of an image calls so.
pub(super) fn made<'i>(image: &'i Image, stages: &'i [(String, Image)], list: &str) -> Option<Made<'i>> {
    let target = image.path_of(list)?;
    let from_others = || {
        copied(image, stages).into_iter().flatten().find_map(|(stage, rest)| {
            let (sources, to) = words_of(&rest)?;
            let is_it = |source: &str| match to.ends_with('/') || to == "." {
                true => image.path_of(&format!("{to}/{}", base(source))),
                false => image.path_of(to),
            };
            let source = sources.into_iter().find(|source| is_it(source).as_deref() == Some(&target))?;
            last(stage, &stage.path_of(source)?)
        })
    };
    last(image, &target).or_else(from_others)
}

/// Is nothing but a list copied?
pub(super) fn is_list(rest: &str) -> bool {
    words_of(rest).is_some_and(|(sources, _)| {
        !sources.is_empty() && sources.iter().all(|source| source.ends_with(".txt") && !source.contains('*'))
    })
}

fn words_of(rest: &str) -> Option<(Vec<&str>, &str)> {
    let mut words: Vec<&str> = flags(rest).1.split_whitespace().collect();
    let to = words.pop()?;
    Some((words, to))
}

/// The last run of a stage's own that writes to this place.
fn last<'i>(image: &'i Image, target: &str) -> Option<Made<'i>> {
    let all =
        image.all("RUN").flat_map(|step| words::runs(flags(&step.rest).1).into_iter().map(move |run| (step, run)));
    let mut writing = all.filter(|(_, run)| {
        let mut named = run.writes.iter().map(|word| word.text.as_str()).chain(output(run));
        named.any(|word| image.path_of(word).as_deref() == Some(target))
    });
    let (step, run) = writing.by_ref().last()?;
    Some(Made { image, step, run })
}

/// What stands after `-o`, in a command of a tool that has locks.
fn output(run: &Run) -> Option<&str> {
    const NAMES: [&str; 3] = ["-o", "--output", "--output-file"];
    if !matches!(run.name(), "uv" | "poetry" | "pdm" | "pip-compile") {
        return None;
    }
    let text = |word: &Word| NAMES.contains(&word.text.as_str());
    let apart = run.arguments.iter().position(text).and_then(|at| run.arguments.get(at + 1));
    let joined = || {
        let mut pairs = run.arguments.iter().filter_map(|word| word.text.split_once('='));
        pairs.find(|(name, _)| NAMES.contains(name)).map(|(_, value)| value)
    };
    apart.map(|word| word.text.as_str()).or_else(joined)
}
