//! Settings of `copier.yml`: where the files are, and what copier would do beside writing them.

use crate::beanstalk::yaml::Node;
use crate::stack::Tree;

use super::known::{Foreign, foreign};
use super::questions::Questions;
use super::template::Reading;
use super::{Config, Remarks, pattern, walker};

pub(super) struct Settings {
    /// Where the files are: empty, or ending with a slash.
    pub(super) subdirectory: String,
    /// The end of names that are rendered; empty: all are.
    pub(super) suffix: String,
    /// Patterns of files that are left out.
    exclude: Vec<String>,
    /// What is said after a project was made, as templates that a stack renders.
    pub(super) then: Vec<String>,
}

impl Settings {
    pub(super) fn read(config: &Config, questions: &Questions, remarks: &mut Remarks) -> Self {
        let mut settings = Self {
            subdirectory: String::new(),
            suffix: ".jinja".to_owned(),
            exclude: ["copier.yml", "copier.yaml", "~*", "*.py[co]", "__pycache__", ".git", ".DS_Store", ".svn"]
                .map(str::to_owned)
                .to_vec(),
            then: Vec::new(),
        };
        for (name, key, node) in config.node.mapping().into_iter().flat_map(|mapping| mapping.named()) {
            let line = config.line(key);
            let mut left =
                |text: &str, instead: &str| remarks.add(&config.file, line, format!("`{name}` {text}"), instead);
            let text = || node.as_str().unwrap_or_default();
            match name {
                "_subdirectory" => {
                    let path = text().replace("{% raw %}", "").replace("{% endraw %}", "");
                    let raw = path != text();
                    let path: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
                    if questions.brackets.are_in(text()) && !raw {
                        left("is worked out of answers", "the files are taken from the top; make a stack of each");
                    } else if !path.is_empty() {
                        settings.subdirectory = format!("{}/", path.join("/"));
                        // Only where there is none is copier's own file among them.
                        settings.exclude.retain(|pattern| !pattern.starts_with("copier."));
                    }
                }
                "_templates_suffix" => settings.suffix = text().to_owned(),
                "_exclude" => {
                    let patterns = node.sequence().into_iter().flatten().filter_map(Node::as_str);
                    for pattern in patterns {
                        if questions.brackets.are_in(pattern) {
                            remarks.add(
                                &config.file,
                                line,
                                format!("the pattern `{pattern}` of `_exclude` is a template"),
                                "`[[rule]]` with `path` and `when` says when a file is written",
                            );
                        } else {
                            settings.exclude.push(pattern.to_owned());
                        }
                    }
                }
                "_message_after_copy" => {
                    for message in messages(text(), questions) {
                        match template_of(&message, questions) {
                            Ok(said) => settings.then.push(said),
                            Err(why) => left(
                                &format!("cannot be said here: {why}"),
                                "`then` in `[stack]` has what is said after `new`",
                            ),
                        }
                    }
                }
                // What these do is done, or has nothing to do here.
                "_envops" | "_secret_questions" | "_answers_file" | "_preserve_symlinks" => {}
                "_min_copier_version" => {}
                "_skip_if_exists" => left("is not needed: an update keeps what you changed", ""),
                "_tasks" => left("would run programs: a stack runs none", "`then` tells people what to do"),
                "_migrations" => left(
                    "would run programs: a stack runs none",
                    "an update shows what changes; `was` renames a question",
                ),
                "_jinja_extensions" => left(
                    "would run programs: a stack runs none",
                    "`[data]` has tables, `[[derived]]` values that are worked out",
                ),
                "_external_data" => left("reads other answers", "ask, or stand on that stack with `parts`"),
                "_message_before_copy" => left("is not said", "the words of the first question are"),
                "_message_before_update" | "_message_after_update" => {
                    left("is not said", "`then` is said after `new`; an update shows what changes")
                }
                name if name.starts_with('_') => left("is not carried over", ""),
                _ => {}
            }
        }
        settings
    }

    /// Is this path left out?
    pub(super) fn excludes(&self, path: &str) -> bool {
        pattern::covers(&self.exclude, path)
    }
}

/// The lines of a message; all of it as one where a statement may be about several.
fn messages(text: &str, questions: &Questions) -> Vec<String> {
    if text.contains(questions.brackets.statement[0].as_str()) {
        return vec![text.trim().to_owned()];
    }
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn template_of(text: &str, questions: &Questions) -> Result<String, String> {
    let kinds = |name: &str| questions.kind(name);
    let reading = Reading { brackets: &questions.brackets, kinds: &kinds, files: None };
    let said = walker::said(text, reading)
        .map_err(|wrong| wrong.into_iter().map(|(_, why)| why).collect::<Vec<_>>().join("; "))?;
    match foreign(&said.text, &Tree::default(), &|name| questions.knows(name)) {
        None => Ok(said.text),
        Some(Foreign::Name(name)) => Err(format!("no question is called `{name}`")),
        Some(Foreign::Unread { why, .. }) => Err(why),
    }
}
