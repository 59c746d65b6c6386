//! Files of a template, as those of a stack: names without conditions, tags in the other words.

use std::collections::BTreeMap;

use regex::Regex;

use crate::beanstalk::lines::Lines;
use crate::stack::{TargetPath, Tree};

use super::known::{Foreign, foreign, foreign_condition};
use super::names::{self, Named};
use super::questions::Questions;
use super::settings::Settings;
use super::syntax::Unsaid;
use super::template::Reading;
use super::{Error, Remarks, walker};

/// An exception for one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) path: String,
    pub(super) when: Option<String>,
    pub(super) executable: bool,
    pub(super) verbatim: bool,
}

#[derive(Default)]
pub(super) struct Files {
    pub(super) found: BTreeMap<String, Vec<u8>>,
    /// Texts that several files include.
    pub(super) snippets: Tree,
    pub(super) rules: Vec<Rule>,
    pub(super) templates: usize,
    pub(super) copied: usize,
}

/// What makes an update possible.
const PROJECT: &str = "[project]\nname = {{ folder | json_encode }}\nstack = {{ stack_spec | json_encode }}\n\n[project.answers]\n{{ answers -}}\n";

/// What the file of the answers is called by.
const ANSWERS: &str = "_copier_conf.answers_file";
/// What copier has for the slash that parts folders.
const SLASH: &str = r"\{\{-?\s*_copier_conf\.sep\s*-?\}\}";

impl Files {
    pub(super) fn read(
        tree: &Tree,
        settings: &Settings,
        questions: &Questions,
        remarks: &mut Remarks,
    ) -> Result<Self, Error> {
        let kinds = |name: &str| questions.kind(name);
        let reading = Reading { brackets: &questions.brackets, kinds: &kinds, files: Some(tree) };
        let slash = Regex::new(SLASH).expect("this is a regular expression");
        let mut importer = Importer { reading, settings, questions, remarks, slash, files: Self::default() };
        let below: Vec<(&str, &[u8])> = tree
            .iter()
            .filter_map(|(path, content)| Some((path.strip_prefix(settings.subdirectory.as_str())?, content)))
            .collect();
        if below.is_empty() {
            let subdirectory = settings.subdirectory.trim_end_matches('/').to_owned();
            return Err(Error::NoSubdirectory { subdirectory });
        }
        for (path, content) in below {
            importer.file(path, content);
        }
        let mut files = importer.files;
        files.found.insert("beansprout.toml".to_owned(), PROJECT.as_bytes().to_vec());
        Ok(files)
    }
}

struct Importer<'a> {
    reading: Reading<'a>,
    settings: &'a Settings,
    questions: &'a Questions,
    remarks: &'a mut Remarks,
    slash: Regex,
    files: Files,
}

/// What is in a file, and whether it is copied byte for byte.
struct Content {
    body: Vec<u8>,
    verbatim: bool,
    snippets: Tree,
}

impl Importer<'_> {
    fn file(&mut self, path: &str, content: &[u8]) {
        let suffix = self.settings.suffix.as_str();
        let source = format!("{}{path}", self.settings.subdirectory);
        let plain = path.strip_suffix(suffix).filter(|_| !suffix.is_empty());
        let rendered = suffix.is_empty() || plain.is_some();
        let path = plain.unwrap_or(path);
        if path.contains(ANSWERS) {
            // `beansprout.toml` is that.
            return;
        }
        let path = self.slash.replace_all(path, "/").into_owned();
        let path = path.as_str();
        let mut named = match self.names(path) {
            Ok(named) => named,
            Err(why) => {
                // Its name as it is written may be left out already.
                if !self.settings.excludes(path) {
                    self.remarks.add(
                        &source,
                        1,
                        format!("its name cannot be said here: {why}"),
                        "the file is left out: `[[rule]]` with `path` and `when` says when one is written",
                    );
                }
                return;
            }
        };
        // What is left out is known by the name that it would have.
        named.retain(|named| !self.settings.excludes(&named.path));
        if named.is_empty() {
            return;
        }
        let executable = content.starts_with(b"#!");
        let content = self.content(content, &source, rendered);
        let placed = named.into_iter().filter(|named| self.place(named, &content, executable, &source)).count();
        if placed > 0 {
            *(if content.verbatim { &mut self.files.copied } else { &mut self.files.templates }) += 1;
            self.files.snippets.overlay(content.snippets);
        }
    }

    /// The names that a file can have, which may ask for questions only.
    fn names(&self, path: &str) -> Result<Vec<Named>, Unsaid> {
        let named = names::of(path, self.reading, &|name| self.questions.may_be_empty(name))?;
        let knows = |name: &str| self.questions.knows(name);
        let is_foreign = |named: &Named| {
            foreign(&named.path, &Tree::default(), &knows).is_some()
                || named.when.iter().any(|when| foreign_condition(when, &knows).is_some())
        };
        if named.iter().any(is_foreign) {
            return Err("it asks for a name that no question has".to_owned());
        }
        Ok(named)
    }

    /// A file below one of its names. Is it there now?
    fn place(&mut self, named: &Named, content: &Content, executable: bool, source: &str) -> bool {
        // Of two names that are one but for their conditions, the second is spelled as a template.
        let mut place = named.path.clone();
        while self.files.found.contains_key(&place) {
            let (folder, name) = place.rsplit_once('/').map_or(("", place.as_str()), |(folder, name)| (folder, name));
            let slash = if folder.is_empty() { "" } else { "/" };
            place = format!("{folder}{slash}{{{{ '' }}}}{name}");
        }
        if let Err(error) = TargetPath::parse(&format!("files/{place}")) {
            self.remarks.add(source, 1, error.to_string(), "the file is left out");
            return false;
        }
        let when = match named.when.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            many => Some(many.iter().map(|one| format!("({one})")).collect::<Vec<_>>().join(" and ")),
        };
        // What has no tags is the same either way.
        let has_tags = content.body.contains(&b'{') || std::str::from_utf8(&content.body).is_err();
        let verbatim = content.verbatim && has_tags;
        if when.is_some() || executable || verbatim {
            self.files.rules.push(Rule { path: place.clone(), when, executable, verbatim });
        }
        self.files.found.insert(place, content.body.clone());
        true
    }

    /// What is in a file, in a stack's words if it can be.
    fn content(&mut self, content: &[u8], source: &str, rendered: bool) -> Content {
        let as_it_is = || Content { body: content.to_vec(), verbatim: true, snippets: Tree::default() };
        let text = match std::str::from_utf8(content) {
            Ok(text) if rendered => text,
            _ => return as_it_is(),
        };
        let lines = Lines::of(text);
        let said = match walker::said(text, self.reading) {
            Ok(said) => said,
            Err(wrong) => {
                for (at, why) in wrong {
                    self.remarks.add(source, lines.number(at), why, "the file is copied as it is");
                }
                return as_it_is();
            }
        };
        match foreign(&said.text, &said.snippets, &|name| self.questions.knows(name)) {
            None => {}
            Some(Foreign::Unread { line, why }) => {
                self.remarks.add(source, line, format!("it cannot be read here: {why}"), "the file is copied as it is");
                return as_it_is();
            }
            Some(Foreign::Name(name)) => {
                self.remarks.add(
                    source,
                    line_of(text, &name),
                    format!("no question is called `{name}`"),
                    "the file is copied as it is: `[data]` or `[[derived]]` can have it",
                );
                return as_it_is();
            }
        }
        for (at, value) in said.doubts {
            self.remarks.add(
                source,
                lines.number(at),
                format!("what `{value}` is cannot be told"),
                "where it is true, false, nothing or a list, copier prints it in Python's words",
            );
        }
        Content { body: said.text.into_bytes(), verbatim: false, snippets: said.snippets }
    }
}

fn line_of(text: &str, name: &str) -> usize {
    text.lines().position(|line| line.contains(name)).map_or(1, |at| at + 1)
}
