//! Files of a template, as those of a stack: names without conditions, tags in the other words.

use std::collections::BTreeMap;

use crate::beanstalk::lines::Lines;
use crate::stack::{TargetPath, Tree};

use super::names::{self, Named};
use super::questions::Questions;
use super::settings::Settings;
use super::template;
use super::{Error, Remarks};

/// An exception for one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) path: String,
    pub(super) when: Option<String>,
    pub(super) executable: bool,
    pub(super) verbatim: bool,
}

pub(super) struct Files {
    pub(super) found: BTreeMap<String, Vec<u8>>,
    pub(super) rules: Vec<Rule>,
    pub(super) templates: usize,
    pub(super) copied: usize,
}

/// What makes an update possible.
const PROJECT: &str = "[project]\nname = {{ folder | json_encode }}\nstack = {{ stack_spec | json_encode }}\n\n[project.answers]\n{{ answers -}}\n";

/// Names that only copier knows.
const OF_COPIER: [&str; 3] = ["_copier_conf", "_copier_answers", "_folder_name"];

impl Files {
    pub(super) fn read(
        tree: &Tree,
        settings: &Settings,
        questions: &Questions,
        remarks: &mut Remarks,
    ) -> Result<Self, Error> {
        let mut files = Self { found: BTreeMap::new(), rules: Vec::new(), templates: 0, copied: 0 };
        let below: Vec<(&str, &[u8])> = tree
            .iter()
            .filter_map(|(path, content)| Some((path.strip_prefix(settings.subdirectory.as_str())?, content)))
            .collect();
        if below.is_empty() {
            let subdirectory = settings.subdirectory.trim_end_matches('/').to_owned();
            return Err(Error::NoSubdirectory { subdirectory });
        }
        for (path, content) in below {
            if settings.excludes(path) {
                continue;
            }
            files.file(path, content, settings, questions, remarks);
        }
        files.found.insert("beansprout.toml".to_owned(), PROJECT.as_bytes().to_vec());
        Ok(files)
    }

    fn file(&mut self, path: &str, content: &[u8], settings: &Settings, questions: &Questions, remarks: &mut Remarks) {
        let source = format!("{}{path}", settings.subdirectory);
        let plain = path.strip_suffix(settings.suffix.as_str()).filter(|_| !settings.suffix.is_empty());
        let rendered = settings.suffix.is_empty() || plain.is_some();
        let path = plain.unwrap_or(path);
        if OF_COPIER.iter().any(|name| path.contains(name)) {
            // The file of the answers: `beansprout.toml` is that.
            return;
        }
        let named = names::of(path, &questions.brackets, &|name| questions.may_be_empty(name)).and_then(|named| {
            let foreign = |named: &Named| {
                let conditions = named.when.iter().map(|when| format!("{{% if {when} %}}x{{% endif %}}"));
                conditions.chain([named.path.clone()]).any(|text| foreign(&text, questions).is_some())
            };
            match named.iter().any(foreign) {
                true => Err("it asks for a name that no question has".to_owned()),
                false => Ok(named),
            }
        });
        let named = match named {
            Ok(named) => named,
            Err(why) => {
                remarks.add(
                    &source,
                    1,
                    format!("its name cannot be said here: {why}"),
                    "the file is left out: `[[rule]]` with `path` and `when` says when one is written",
                );
                return;
            }
        };
        let (body, verbatim) = said(content, &source, rendered, questions, remarks);
        if verbatim {
            self.copied += 1
        } else {
            self.templates += 1
        }
        for named in named {
            self.place(named, &body, content.starts_with(b"#!"), verbatim, &source, remarks);
        }
    }

    /// A file below one of its names.
    fn place(
        &mut self,
        named: Named,
        body: &[u8],
        executable: bool,
        verbatim: bool,
        source: &str,
        remarks: &mut Remarks,
    ) {
        // Of two names that are one but for their conditions, the second is spelled as a template.
        let mut place = named.path;
        while self.found.contains_key(&place) {
            let (folder, name) = place.rsplit_once('/').map_or(("", place.as_str()), |(folder, name)| (folder, name));
            let slash = if folder.is_empty() { "" } else { "/" };
            place = format!("{folder}{slash}{{{{ '' }}}}{name}");
        }
        if let Err(error) = TargetPath::parse(&format!("files/{place}")) {
            remarks.add(source, 1, error.to_string(), "the file is left out");
            return;
        }
        let when = match named.when.as_slice() {
            [] => None,
            [one] => Some(one.clone()),
            many => Some(many.iter().map(|one| format!("({one})")).collect::<Vec<_>>().join(" and ")),
        };
        // What has no tags is the same either way.
        let verbatim = verbatim && (body.contains(&b'{') || std::str::from_utf8(body).is_err());
        if when.is_some() || executable || verbatim {
            self.rules.push(Rule { path: place.clone(), when, executable, verbatim });
        }
        self.found.insert(place, body.to_vec());
    }
}

/// What is in a file, in a stack's words if it can be; and whether it is copied byte for byte.
fn said(content: &[u8], source: &str, rendered: bool, questions: &Questions, remarks: &mut Remarks) -> (Vec<u8>, bool) {
    let mut verbatim = !rendered;
    let mut body = content.to_vec();
    if rendered {
        match std::str::from_utf8(content) {
            Err(_) => verbatim = true,
            Ok(text) => match template::said(text, &questions.brackets) {
                Ok(said) => match foreign(&said, questions) {
                    None => body = said.into_bytes(),
                    Some(Foreign::Unread { line, why }) => {
                        remarks.add(
                            source,
                            line,
                            format!("it cannot be read here: {why}"),
                            "the file is copied as it is",
                        );
                        verbatim = true;
                    }
                    Some(Foreign::Name(name)) => {
                        let line = line_of(text, &name);
                        remarks.add(
                            source,
                            line,
                            format!("no question is called `{name}`"),
                            "the file is copied as it is: `[data]` or `[[derived]]` can have it",
                        );
                        verbatim = true;
                    }
                },
                Err(wrong) => {
                    let lines = Lines::of(text);
                    for (at, why) in wrong {
                        remarks.add(source, lines.number(at), why, "the file is copied as it is");
                    }
                    verbatim = true;
                }
            },
        }
    }
    (body, verbatim)
}

/// Why a template cannot be rendered.
enum Foreign {
    /// No question is called so.
    Name(String),
    Unread {
        line: usize,
        why: String,
    },
}

fn foreign(text: &str, questions: &Questions) -> Option<Foreign> {
    if !text.contains('{') {
        return None;
    }
    let known = |name: &String| questions.knows(name) || name == "folder" || name == "folder_package";
    match crate::stack::template_names(text) {
        Ok(names) => names.into_iter().find(|name| !known(name)).map(Foreign::Name),
        Err((line, why)) => Some(Foreign::Unread { line, why }),
    }
}

fn line_of(text: &str, name: &str) -> usize {
    text.lines().position(|line| line.contains(name)).map_or(1, |at| at + 1)
}
