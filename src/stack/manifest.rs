//! `stack.toml`: what a stack asks, works out, and writes.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::delimiters::Delimiters;
use super::kind::Kind;

/// The file that makes a folder a stack.
pub(crate) const FILE: &str = "stack.toml";

/// `stack.toml` or `part.toml`, exactly as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) stack: About,
    #[serde(default, rename = "question")]
    pub(crate) questions: Vec<Question>,
    #[serde(default)]
    pub(crate) derived: Vec<Derived>,
    /// Tables that expressions look things up in.
    #[serde(default)]
    pub(crate) data: BTreeMap<String, serde_json::Value>,
    #[serde(default, rename = "rule")]
    pub(crate) rules: Vec<Rule>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    pub(crate) name: String,
    pub(crate) title: String,
    /// Parts from the box that this stack stands on: their questions come first, its own files win.
    #[serde(default)]
    pub(crate) parts: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    pub(crate) key: String,
    /// One line, without a question mark at the end of a choice's label.
    pub(crate) ask: String,
    pub(crate) help: Option<String>,
    #[serde(rename = "type")]
    pub(crate) form: Form,
    /// A built-in validator.
    pub(crate) kind: Option<Kind>,
    /// A regular expression that the whole answer must match, and the words for when it does not.
    pub(crate) pattern: Option<String>,
    pub(crate) complaint: Option<String>,
    /// A template over earlier answers.
    pub(crate) default: Option<String>,
    /// Asked only when this expression over earlier answers holds.
    pub(crate) when: Option<String>,
    /// What the name stands for when the question was not asked. Without it: empty, or false.
    pub(crate) otherwise: Option<String>,
    #[serde(default)]
    pub(crate) choices: Vec<Choice>,
    /// May the answer be empty?
    #[serde(default)]
    pub(crate) optional: bool,
    /// Answers that `stack check` and `stack test` try, beside the default.
    #[serde(default)]
    pub(crate) samples: Vec<String>,
    /// Not asked at first: the default holds unless the person changes it on the review screen.
    #[serde(default)]
    pub(crate) later: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Form {
    Text,
    Choice,
    Choices,
    Boolean,
    /// Like text, but not shown, not remembered.
    Secret,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) label: String,
    pub(crate) when: Option<String>,
}

/// A value worked out from the answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Derived {
    pub(crate) name: String,
    /// A template; what it gives is a number, `true` or `false` if it reads as one, else text.
    pub(crate) value: String,
}

/// How some files differ from the ordinary: rendered, always written, not executable.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// A path below `files/` as it stands there, or a folder when it ends with `/`.
    pub(crate) path: String,
    pub(crate) when: Option<String>,
    #[serde(default)]
    pub(crate) executable: Option<bool>,
    /// Copied byte for byte.
    #[serde(default)]
    pub(crate) verbatim: Option<bool>,
    #[serde(default)]
    pub(crate) delimiters: Option<Delimiters>,
}

impl Rule {
    /// A rule that changes nothing yet.
    pub(crate) fn of(path: &str) -> Self {
        Self { path: path.to_owned(), when: None, executable: None, verbatim: None, delimiters: None }
    }

    pub(crate) fn covers(&self, path: &str) -> bool {
        if self.path.ends_with('/') { path.starts_with(&self.path) } else { path == self.path }
    }
}

impl Manifest {
    pub(crate) fn parse(text: &str) -> Result<Self, Box<toml::de::Error>> {
        toml::from_str(text).map_err(Box::new)
    }

    /// Put `over` on top of this part: a question or derived value of the same name is replaced where it stands.
    pub(crate) fn overlay(&mut self, over: Self) {
        for question in over.questions {
            match self.questions.iter_mut().find(|known| known.key == question.key) {
                Some(known) => *known = question,
                None => self.questions.push(question),
            }
        }
        for derived in over.derived {
            match self.derived.iter_mut().find(|known| known.name == derived.name) {
                Some(known) => *known = derived,
                None => self.derived.push(derived),
            }
        }
        self.data.extend(over.data);
        self.rules.extend(over.rules);
        self.stack = over.stack;
    }
}

impl Question {
    /// What the name stands for when nobody was asked.
    pub(crate) fn unasked(&self) -> &str {
        self.otherwise.as_deref().unwrap_or(match self.form {
            Form::Boolean => "false",
            Form::Text | Form::Choice | Form::Choices | Form::Secret => "",
        })
    }
}
