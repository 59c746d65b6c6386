//! Question: one of `copier.yml`, with what it is asked by, held to and answered with.

use crate::beanstalk::yaml::{Kind as Scalar, Node};
use crate::stack::Tree;

use super::brackets::Brackets;
use super::kind::Kind;
use super::known::{Foreign, foreign, foreign_condition};
use super::template::{self, Reading};
use super::validator::Validator;
use super::values::{inferred, kind_of, of_choices, written};
use super::{Config, Remarks, walker};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) key: String,
    pub(super) ask: String,
    pub(super) help: Option<String>,
    pub(super) form: &'static str,
    pub(super) default: Option<String>,
    pub(super) when: Option<String>,
    pub(super) otherwise: Option<String>,
    pub(super) choices: Vec<(String, String)>,
    pub(super) pattern: Option<(String, String)>,
    pub(super) optional: bool,
    pub(super) sample: Option<String>,
    /// What the answer is in copier.
    pub(super) kind: Kind,
    /// Can the answer be the empty text?
    pub(super) empty: bool,
}

/// Reads one question.
pub(super) struct Reader<'a> {
    pub(super) config: &'a Config,
    pub(super) remarks: &'a mut Remarks,
    pub(super) brackets: &'a Brackets,
    pub(super) line: usize,
    pub(super) name: &'a str,
    /// The questions before it.
    pub(super) known: &'a [Question],
}

impl Reader<'_> {
    pub(super) fn remark(&mut self, line: usize, text: impl Into<String>, instead: &str) {
        let text = format!("`{}`: {}", self.name, text.into());
        self.remarks.add(&self.config.file, line, text, instead);
    }

    pub(super) fn question(&mut self, node: &Node, secret: bool) -> Question {
        let mut question = Question {
            key: self.name.to_owned(),
            ask: sentence(self.name),
            help: None,
            form: "text",
            default: None,
            when: None,
            otherwise: None,
            choices: Vec::new(),
            pattern: None,
            optional: false,
            sample: None,
            kind: Kind::Text,
            empty: false,
        };
        let Some(mapping) = node.mapping() else {
            // `name: value` is a question whose default is the value.
            self.plain(node, &mut question);
            return question;
        };
        let many = node.get("multiselect").is_some_and(Node::is_true);
        let kind = node.get("type").and_then(Node::as_str).unwrap_or_else(|| inferred(node));
        let secret = secret || node.get("secret").is_some_and(Node::is_true);
        question.form = match (kind, node.get("choices")) {
            ("bool", _) => "boolean",
            (_, Some(_)) if many => "choices",
            (_, Some(_)) => "choice",
            _ if secret => "secret",
            _ => "text",
        };
        question.kind = match kind {
            "bool" => Kind::Flag,
            "int" => Kind::Digits,
            "float" => Kind::Decimal,
            "str" | "path" => Kind::Text,
            other => {
                self.remark(self.line, format!("type `{other}` is text here"), "take it apart in the templates");
                Kind::Unknown
            }
        };
        question.pattern = pattern(&question);
        for (key, at, value) in mapping.named() {
            let line = self.config.line(at);
            match key {
                "type" | "multiselect" | "secret" | "default" => {}
                "help" => self.help(value, line, &mut question),
                "choices" => self.choices(value, line, &mut question),
                "when" => self.when(value, line, &mut question),
                "validator" => self.validator(value, line, &mut question),
                "placeholder" => {
                    question.sample = value.as_str().filter(|text| !self.brackets.are_in(text)).map(str::to_owned);
                }
                "multiline" => self.remark(line, "an answer has one line here", "ask for the name of a file instead"),
                other => self.remark(line, format!("`{other}` is not carried over"), ""),
            }
        }
        if let Some(default) = node.get("default") {
            let line = self.config.line(default);
            self.default(default, line, &mut question);
        }
        // Where nobody is asked, copier takes the default.
        if question.when.is_some() && question.form != "secret" {
            question.otherwise = question.default.clone().filter(|default| !default.is_empty());
        }
        if question.default.is_none() && matches!(question.form, "text" | "secret") {
            // The matrix has to try something.
            question.sample.get_or_insert_with(|| "example".to_owned());
        }
        if question.form == "choice" && question.default.is_none() {
            question.default = question.choices.first().map(|(value, _)| value.clone());
        }
        if matches!(question.form, "choice" | "choices") {
            question.kind = of_choices(&question.kind, question.form, &question.choices);
        }
        hidden(&mut question);
        question.empty = matches!(question.form, "text" | "choice")
            && matches!(question.kind, Kind::Text | Kind::Plain | Kind::Unknown)
            && (question.optional
                || question.choices.iter().any(|(value, _)| value.is_empty())
                || (question.when.is_some()
                    && self.may_be_empty(node.get("default").and_then(Node::as_str).unwrap_or_default())));
        question
    }

    /// Can a text come to nothing, such as what copier takes where nobody is asked?
    fn may_be_empty(&self, text: &str) -> bool {
        let empty = |name: &str| self.known(name).is_none_or(|question| question.empty);
        template::may_be_empty(text, self.brackets, &empty)
    }

    /// The question before this one that is called so.
    fn known(&self, name: &str) -> Option<&Question> {
        self.known.iter().rev().find(|question| question.key == name)
    }

    /// A text or a condition is read with what is known before this question.
    fn with_reading<T>(&self, read: impl FnOnce(Reading<'_>) -> T) -> T {
        let kinds = |name: &str| self.known(name).map(|question| question.kind.clone()).unwrap_or_default();
        read(Reading { brackets: self.brackets, kinds: &kinds, files: None })
    }

    fn plain(&mut self, node: &Node, question: &mut Question) {
        question.kind = match kind_of(node) {
            "bool" => {
                question.form = "boolean";
                Kind::Flag
            }
            "int" => Kind::Digits,
            "float" => Kind::Decimal,
            "str" => Kind::Text,
            _ => Kind::Unknown,
        };
        question.pattern = pattern(question);
        let line = self.config.line(node);
        self.default(node, line, question);
        question.empty = question.optional && question.form == "text";
    }

    fn help(&mut self, value: &Node, line: usize, question: &mut Question) {
        let text = value.as_str().unwrap_or_default().trim();
        if self.brackets.are_in(text) {
            self.remark(line, "the words of a question are no template here", "say it for all answers");
        }
        let (ask, help) = text.split_once('\n').unwrap_or((text, ""));
        question.ask = ask.trim().to_owned();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        question.help = Some(help).filter(|help| !help.is_empty());
    }

    fn when(&mut self, value: &Node, line: usize, question: &mut Question) {
        let text = value.as_str().unwrap_or_default();
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "" => return,
            "false" | "no" => {
                question.when = Some("false".to_owned());
                return;
            }
            _ => {}
        }
        match self.with_reading(|reading| template::condition(text, reading)) {
            Ok(condition) if condition == "true" => {}
            Ok(condition) => match foreign_condition(&condition, &|name| self.known(name).is_some()) {
                None => question.when = Some(condition),
                Some(foreign) => {
                    self.remark(line, format!("its condition {}", told(foreign)), "it is always asked");
                }
            },
            Err(why) => self.remark(line, format!("its condition cannot be said here: {why}"), "it is always asked"),
        }
    }

    /// What is said where an answer is wrong: of all conditions, that it matches a pattern is one that a stack has too.
    fn validator(&mut self, value: &Node, line: usize, question: &mut Question) {
        let found = Validator::read(value.as_str().unwrap_or_default(), self.name, self.brackets);
        match found {
            // As a text is without `optional`.
            Some(Validator::Empty) => {}
            Some(Validator::Pattern(pattern, complaint)) if matches!(question.form, "text" | "secret") => {
                question.pattern = Some((pattern, complaint));
            }
            _ => self.remark(
                line,
                "its validator cannot be said here",
                "`pattern` is a regular expression for the whole answer, and `complaint` the words",
            ),
        }
    }

    fn default(&mut self, node: &Node, line: usize, question: &mut Question) {
        if let Some(items) = node.sequence() {
            let items: Vec<String> =
                items.iter().filter_map(|item| Some(written(item.scalar()?, &question.kind))).collect();
            if question.form == "text" && question.when.as_deref() == Some("false") {
                // Nobody is asked, and it stays a list.
                let texts = items.iter().all(|item| !item.contains(','));
                let strings = node.sequence().into_iter().flatten().all(|item| kind_of(item) == "str");
                if texts && strings && !items.is_empty() {
                    question.form = "choices";
                    question.kind = Kind::Text;
                    question.choices = items.iter().map(|item| (item.clone(), item.clone())).collect();
                }
            }
            if question.form != "choices" {
                self.remark(line, "its default is a list, and it is text here", "its words stand there with commas");
            }
            // What is chosen stands in the order in which it is offered.
            let offered = question.choices.iter().map(|(value, _)| value).filter(|value| items.contains(value));
            let offered: Vec<String> = offered.cloned().collect();
            let items = if question.form == "choices" { offered } else { items };
            question.default = Some(items.join(","));
            question.optional |= items.is_empty();
            return;
        }
        let Some(scalar) = node.scalar() else {
            self.remark(line, "its default cannot be said here", "give it one");
            return;
        };
        if scalar.kind == Scalar::Null {
            question.optional = matches!(question.form, "text" | "secret" | "choices");
            return;
        }
        let mut text = written(scalar, &question.kind);
        if self.brackets.are_in(&text) {
            match self.with_reading(|reading| walker::said(&text, reading)) {
                Ok(said) => match foreign(&said.text, &Tree::default(), &|name| self.known(name).is_some()) {
                    None => {
                        question.optional |= matches!(question.form, "text" | "secret")
                            && !question.kind.is_number()
                            && self.may_be_empty(&text);
                        text = said.text;
                    }
                    Some(foreign) => {
                        self.remark(line, format!("its default {}", told(foreign)), "it has none");
                        return;
                    }
                },
                Err(wrong) => {
                    let why = wrong.into_iter().map(|(_, why)| why).collect::<Vec<_>>().join("; ");
                    self.remark(line, format!("its default cannot be said here: {why}"), "it has none");
                    return;
                }
            }
        }
        if question.form == "secret" && !text.is_empty() {
            self.remark(line, "a secret with a default is none", "it has none");
            return;
        }
        let offered = |value: &str| question.choices.iter().any(|(choice, _)| choice == value);
        let fits = match question.form {
            "choice" => text.contains('{') || offered(&text),
            "choices" => {
                !text.contains('{') && text.split(',').all(|value| value.trim().is_empty() || offered(value.trim()))
            }
            "boolean" => text.contains('{') || matches!(text.as_str(), "true" | "false"),
            _ => true,
        };
        if !fits {
            self.remark(
                line,
                format!("its default `{text}` is none of the choices, as far as can be told"),
                "it has none",
            );
            question.optional |= question.form == "choices";
            return;
        }
        question.optional |= text.is_empty() && matches!(question.form, "text" | "secret" | "choices");
        question.default = Some(text);
    }
}

/// Numbers that are typed, as Python prints them, and the words for others.
fn pattern(question: &Question) -> Option<(String, String)> {
    let (pattern, complaint) = match question.kind {
        Kind::Digits => (r"0|-?[1-9]\d*", "is not a whole number"),
        Kind::Decimal => (r"-?(0|[1-9]\d*)\.(0|\d*[1-9])", "is not a number such as 2.0 or 0.5"),
        _ => return None,
    };
    (question.form == "text").then(|| (pattern.to_owned(), complaint.to_owned()))
}

/// Why a text of a question cannot be rendered, after what it is.
fn told(foreign: Foreign) -> String {
    match foreign {
        Foreign::Name(name) => format!("asks for `{name}`, which no question before it is called"),
        Foreign::Unread { why, .. } => format!("cannot be read here: {why}"),
    }
}

/// copier's idiom for what is worked out: a question that is never asked, whose default is the value.
fn hidden(question: &mut Question) {
    if question.when.as_deref() == Some("false") {
        question.otherwise = question.default.take();
        question.sample = None;
        // What is chosen stays a list, which a text is not.
        if question.form == "choice" {
            question.form = "text";
            question.choices.clear();
        }
    }
}

fn sentence(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut chars = words.chars();
    chars.next().map(|first| first.to_uppercase().collect::<String>() + chars.as_str()).unwrap_or_default() + "?"
}
