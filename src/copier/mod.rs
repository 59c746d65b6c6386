//! A template of copier's, as a stack: what can be carried over is, and what cannot is listed with its file and line.
//!
//! [`import`] takes the files of one and gives those of the other. Nothing of the template runs: what copier would run (tasks,
//! migrations, extensions) is among what is listed. A file that cannot be said in a stack's words is carried over as it is,
//! copied byte for byte, so that the stack can be used from the first minute.

mod brackets;
mod choice;
mod expression;
mod files;
mod filters;
mod kind;
mod known;
mod macros;
mod manifest;
mod names;
mod offered;
mod pattern;
mod question;
mod questions;
mod reader;
mod settings;
mod shared;
mod syntax;
mod tag;
mod template;
mod validator;
mod values;
mod walker;
mod writer;

use std::fmt;

use serde::Serialize;

use crate::beanstalk::lines::Lines;
use crate::beanstalk::yaml::{self, Node};
use crate::fault::{Exit, Fault};
use crate::stack::Tree;

use files::Files;
use manifest::Manifest;
use questions::Questions;

/// Names of copier's own file, the first that is there.
const CONFIG: [&str; 2] = ["copier.yml", "copier.yaml"];

/// Something that a stack cannot say, and what there is instead.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Remark {
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) instead: String,
}

impl Remark {
    /// A link, or something else that no stack is made of.
    pub(crate) fn no_file(file: String) -> Self {
        let text = "is a link, or something else that is no file".to_owned();
        Self { file, line: 1, text, instead: "it is left out: put the file itself there".to_owned() }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.text)?;
        if self.instead.is_empty() { Ok(()) } else { write!(f, "; {}", self.instead) }
    }
}

/// A template as a stack.
pub(crate) struct Imported {
    /// `stack.toml`, and what is below `files/`.
    pub(crate) files: Tree,
    pub(crate) remarks: Vec<Remark>,
    pub(crate) questions: usize,
    /// Files that are rendered.
    pub(crate) templates: usize,
    /// Files that are copied byte for byte, as they were.
    pub(crate) copied: usize,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("`{place}` is no template of copier's: there is no `copier.yml`")]
    NoConfig { place: String },
    #[error("{file}:{line}: {problem}")]
    Yaml { file: String, line: usize, problem: String },
    #[error("{file}: it is not a map of questions and settings")]
    NotMap { file: String },
    #[error("{file}:{line}: `_envops` has brackets that no tag can have: {why}")]
    Brackets { file: String, line: usize, why: String },
    #[error("`{subdirectory}`, where `copier.yml` says that the files are, is not there")]
    NoSubdirectory { subdirectory: String },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoConfig { .. } => Some("name the folder that `copier copy` takes".to_owned()),
            Self::Brackets { .. } => {
                Some("copier cannot render it either: give each tag two signs of its own".to_owned())
            }
            Self::Yaml { .. } | Self::NotMap { .. } | Self::NoSubdirectory { .. } => None,
        }
    }
}

/// Make a stack called `name` of the template in `tree`, which messages call `place`.
pub(crate) fn import(tree: &Tree, name: &str, place: &str) -> Result<Imported, Error> {
    let found = CONFIG.into_iter().find_map(|file| Some((file, tree.get(file)?)));
    let Some((file, content)) = found else { return Err(Error::NoConfig { place: place.to_owned() }) };
    let text = String::from_utf8_lossy(content).into_owned();
    let lines = Lines::of(&text);
    let node = yaml::parse(&text).map_err(|error| Error::Yaml {
        file: file.to_owned(),
        line: lines.number(error.span.start),
        problem: error.to_string(),
    })?;
    let Some(node) = node.filter(|node| node.mapping().is_some()) else {
        return Err(Error::NotMap { file: file.to_owned() });
    };
    let config = Config { file: file.to_owned(), node, lines };
    let mut remarks = Remarks(Vec::new());
    let questions = Questions::read(&config, &mut remarks)?;
    let settings = settings::Settings::read(&config, &questions, &mut remarks);
    let files = Files::read(tree, &settings, &questions, &mut remarks)?;
    let manifest = Manifest { name, place, questions: &questions, then: &settings.then, files: &files };
    let mut out = Tree::default();
    out.insert("stack.toml".to_owned(), manifest.to_string().into_bytes());
    for (path, content) in &files.found {
        out.insert(format!("files/{path}"), content.clone());
    }
    for (name, content) in files.snippets.iter() {
        out.insert(format!("snippets/{name}"), content.to_vec());
    }
    remarks.0.sort();
    remarks.0.dedup();
    let (questions, templates, copied) = (questions.all.len(), files.templates, files.copied);
    Ok(Imported { files: out, remarks: remarks.0, questions, templates, copied })
}

/// copier's own file.
struct Config {
    file: String,
    node: Node,
    lines: Lines,
}

impl Config {
    fn line(&self, node: &Node) -> usize {
        self.lines.number(node.span.start)
    }
}

/// What is found on the way.
struct Remarks(Vec<Remark>);

impl Remarks {
    fn add(&mut self, file: &str, line: usize, text: impl Into<String>, instead: impl Into<String>) {
        self.0.push(Remark { file: file.to_owned(), line, text: text.into(), instead: instead.into() });
    }
}
