//! Question: one of `copier.yml`, with what it is asked by, held to and answered with.

use std::collections::BTreeSet;

use crate::beanstalk::yaml::{Kind, Node, Value};

use super::brackets::Brackets;
use super::template;
use super::validator::Validator;
use super::{Config, Remarks};

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
    fn remark(&mut self, line: usize, text: impl Into<String>, instead: &str) {
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
        };
        let Some(mapping) = node.mapping() else {
            // `name: value` is a question whose default is the value.
            self.plain(node, &mut question);
            return question;
        };
        let many = node.get("multiselect").is_some_and(Node::is_true);
        let kind = node.get("type").and_then(Node::as_str).unwrap_or(
            match node.get("default").map(|default| &default.value) {
                Some(Value::Scalar(scalar)) if matches!(scalar.kind, Kind::Bool(_)) => "bool",
                _ => "str",
            },
        );
        let secret = secret || node.get("secret").is_some_and(Node::is_true);
        question.form = match (kind, node.get("choices")) {
            ("bool", _) => "boolean",
            (_, Some(_)) if many => "choices",
            (_, Some(_)) => "choice",
            _ if secret => "secret",
            _ => "text",
        };
        match kind {
            "str" | "bool" => {}
            "int" if question.form == "text" => {
                question.pattern = Some((r"-?\d+".to_owned(), "is not a whole number".to_owned()))
            }
            "float" if question.form == "text" => {
                question.pattern = Some((r"-?\d+(\.\d+)?".to_owned(), "is not a number".to_owned()));
            }
            "int" | "float" => {}
            other => self.remark(self.line, format!("type `{other}` is text here"), "take it apart in the templates"),
        }
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
        hidden(&mut question);
        question
    }

    fn plain(&mut self, node: &Node, question: &mut Question) {
        if let Value::Scalar(scalar) = &node.value
            && matches!(scalar.kind, Kind::Bool(_))
        {
            question.form = "boolean";
        }
        let line = self.config.line(node);
        self.default(node, line, question);
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

    fn choices(&mut self, value: &Node, line: usize, question: &mut Question) {
        if question.form == "boolean" {
            return;
        }
        let text = |node: &Node| node.as_str().map(str::to_owned);
        let mut choices: Vec<(String, String)> = Vec::new();
        match &value.value {
            Value::Sequence(items) => {
                for item in items {
                    match item.sequence() {
                        Some([label, value]) => choices.extend(text(value).zip(text(label))),
                        _ => choices.extend(text(item).map(|word| (word.clone(), word))),
                    }
                }
            }
            Value::Mapping(mapping) => {
                for (label, at, node) in mapping.named() {
                    match node.get("value") {
                        Some(value) => {
                            choices.extend(text(value).map(|value| (value, label.to_owned())));
                            if node.get("validator").is_some() {
                                let line = self.config.line(at);
                                self.remark(
                                    line,
                                    format!("the validator of the choice `{label}` is not carried over"),
                                    "`when` of a choice says when it is offered",
                                );
                            }
                        }
                        None => choices.extend(text(node).map(|value| (value, label.to_owned()))),
                    }
                }
            }
            Value::Scalar(_) => {}
        }
        let mut seen = BTreeSet::new();
        choices.retain(|(value, _)| seen.insert(value.clone()));
        if choices.iter().any(|(value, label)| self.brackets.are_in(value) || self.brackets.are_in(label)) {
            self.remark(line, "choices are no templates here", "write them out, each with `when`");
        }
        if choices.is_empty() {
            self.remark(
                line,
                "its choices are worked out, and cannot be here: it is text",
                "write them out, each with `when`",
            );
            question.form = "text";
        }
        question.choices = choices;
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
        match template::condition(text, self.brackets) {
            Ok(condition) if condition == "true" => {}
            Ok(condition) => match self.unknown(&condition) {
                None => question.when = Some(condition),
                Some(name) => self.remark(
                    line,
                    format!("its condition asks for `{name}`, which no question before it is called"),
                    "it is always asked",
                ),
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
            let items: Vec<&str> = items.iter().filter_map(Node::as_str).collect();
            if question.form != "choices" {
                self.remark(line, "its default is a list, and it is text here", "its words stand there with commas");
            }
            question.default = Some(items.join(","));
            question.optional |= items.is_empty();
            return;
        }
        let Some(scalar) = node.scalar() else {
            self.remark(line, "its default cannot be said here", "give it one");
            return;
        };
        if scalar.kind == Kind::Null {
            question.optional = matches!(question.form, "text" | "secret" | "choices");
            return;
        }
        let mut text = match scalar.kind {
            Kind::Bool(flag) => flag.to_string(),
            _ => scalar.text.clone(),
        };
        if self.brackets.are_in(&text) {
            match template::said(&text, self.brackets) {
                Ok(said) => match self.unknown(&said) {
                    None => text = said,
                    Some(name) => {
                        self.remark(
                            line,
                            format!("its default asks for `{name}`, which no question before it is called"),
                            "it has none",
                        );
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

    /// A name in a template or condition that no earlier question has.
    fn unknown(&self, text: &str) -> Option<String> {
        let template = if text.contains('{') { text.to_owned() } else { format!("{{% if {text} %}}x{{% endif %}}") };
        let names = crate::stack::template_names(&template);
        let Ok(names) = names else { return Some(text.to_owned()) };
        let known = |name: &String| {
            self.known.iter().any(|question| question.key == *name) || name == "folder" || name == "folder_package"
        };
        names.into_iter().find(|name| !known(name))
    }
}

/// copier's idiom for what is worked out: a question that is never asked, whose default is the value.
fn hidden(question: &mut Question) {
    if question.when.as_deref() == Some("false") {
        question.otherwise = question.default.take();
        question.sample = None;
        if question.form == "choice" || question.form == "choices" {
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
