//! Answers: what was given, what a default gives, what is still to be asked.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::Value;

use super::answer::{Answer, bad, flag};
use super::expression::{Scope, holds, render};
use super::extension;
use super::given::{Given, Said, placeholder};
use super::manifest::{Derived, DerivedForm, Manifest};
use super::question::{Choice, Form, Question};
use super::{Error, Stack};
use crate::regexes;

/// Longest text that is an answer and not a file.
const LONGEST: usize = 10_000;

/// A question whose turn has come, with the choices and the default that earlier answers leave it.
pub(crate) struct OpenQuestion<'a> {
    pub(crate) question: &'a Question,
    /// The choices that earlier answers leave.
    pub(crate) choices: Vec<&'a Choice>,
    pub(crate) default: Option<Answer>,
    /// The answer of before, and why it does not do any more.
    pub(crate) gone: Option<(Answer, String)>,
}

impl OpenQuestion<'_> {
    /// Would this answer do?
    pub(crate) fn check(&self, answer: &Answer) -> Result<(), Error> {
        let question = self.question;
        let wrong = |value: &str, complaint: &str| Err(bad(question, value, complaint));
        let offered = |value: &String| self.choices.iter().any(|choice| choice.value == *value);
        let offer = || {
            let values: Vec<String> = self.choices.iter().map(|choice| format!("`{}`", choice.value)).collect();
            format!("is not one of {}", values.join(", "))
        };
        match (question.form, answer) {
            (Form::Choice, Answer::Text(value)) if !offered(value) => wrong(value, &offer()),
            (Form::Choices, Answer::Many(values)) => match values.iter().find(|value| !offered(value)) {
                Some(value) => wrong(value, &offer()),
                None => Ok(()),
            },
            (Form::Text | Form::Secret, Answer::Text(value)) => {
                if value.is_empty() {
                    return if question.optional { Ok(()) } else { wrong(value, "is empty") };
                }
                if value.len() > LONGEST {
                    return wrong(
                        &format!("{}…", value.chars().take(20).collect::<String>()),
                        "is longer than 10000 bytes",
                    );
                }
                if value.chars().any(char::is_control) {
                    return wrong(&value.escape_debug().to_string(), "has a control character");
                }
                if let Some(kind) = question.kind
                    && let Err(complaint) = kind.check(value)
                {
                    return wrong(value, &complaint);
                }
                match &question.pattern {
                    Some(pattern) if !whole(question, pattern)?.is_match(value) => {
                        let otherwise = format!("does not match `{pattern}`");
                        wrong(value, question.complaint.as_deref().unwrap_or(&otherwise))
                    }
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

/// The pattern, for the whole answer.
fn whole(question: &Question, pattern: &str) -> Result<Regex, Error> {
    regexes::compiled(&format!("^(?:{pattern})$"))
        .map_err(|source| Error::Pattern { key: question.key.clone(), source: Box::new(source) })
}

/// Every question answered or passed over, and every derived value worked out.
#[derive(Debug, Clone)]
pub(crate) struct Answers {
    pub(crate) scope: Scope,
    /// The questions that mattered, in order, with their answers.
    pub(crate) given: Vec<(String, Answer)>,
    /// The same with one placeholder and with another for each secret, if there is any: what is kept is rendered with the first,
    /// and what differs between the two holds a secret.
    pub(crate) masked: Option<[Scope; 2]>,
    /// Secrets that only files of the project know.
    pub(crate) kept: Vec<String>,
    /// Questions whose answer is their default.
    pub(crate) at_default: BTreeSet<String>,
}

impl Answers {
    /// Go through the questions in order. `ask` is called for those that matter and were not answered yet.
    pub(crate) fn resolve<E: From<Error>>(
        stack: &Stack,
        given: &Given,
        mut scope: Scope,
        mut ask: impl FnMut(&OpenQuestion<'_>) -> Result<Answer, E>,
    ) -> Result<Self, E> {
        let manifest = &stack.manifest;
        given.check_known(manifest)?;
        let (mut answers, mut kept, mut at_default) = (Vec::new(), Vec::new(), BTreeSet::new());
        for question in &manifest.questions {
            let place = format!("question `{}`", question.key);
            if let Some(template) = manifest.pin.get(&question.key) {
                if given.insists(&question.key) {
                    let stack = manifest.stack.name.clone();
                    return Err(Error::AnswerPinned { key: question.key.clone(), stack }.into());
                }
                let answer = Answer::parse(question, &render(&place, template, &scope)?)?;
                Self::asking(question, &scope)?.check(&answer)?;
                scope.set(&question.key, answer.to_value());
                continue;
            }
            let matters = match &question.when {
                Some(condition) => holds(&place, condition, &scope)?,
                None => true,
            };
            if !matters {
                if given.insists(&question.key) {
                    let condition = question.when.clone().unwrap_or_default();
                    return Err(Error::AnswerIdle { key: question.key.clone(), condition }.into());
                }
                let text = render(&place, question.unasked(), &scope)?;
                scope.set(&question.key, Answer::parse(question, &text)?.to_value());
                continue;
            }
            let mut asking = Self::asking(question, &scope)?;
            if matches!(given.0.get(&question.key), Some(Said::Kept)) {
                scope.set(&question.key, placeholder(&question.key).into());
                kept.push(question.key.clone());
                continue;
            }
            let answer = match given.answer(question)? {
                // What a person said at a prompt may have stopped to fit when an earlier answer was changed.
                Some(answer) if given.insists(&question.key) || asking.check(&answer).is_ok() => answer,
                before => {
                    if let (Some(answer), Some(Said::Remembered(_))) = (before, given.0.get(&question.key)) {
                        let why = match asking.check(&answer) {
                            Err(Error::AnswerBad { complaint, .. }) => complaint,
                            _ => "does not do any more".to_owned(),
                        };
                        asking.gone = Some((answer, why));
                    }
                    ask(&asking)?
                }
            };
            asking.check(&answer)?;
            if asking.default.as_ref() == Some(&answer) {
                at_default.insert(question.key.clone());
            }
            if let (Form::Secret, Answer::Text(secret)) = (question.form, &answer)
                && !secret.is_empty()
            {
                scope.hide(secret);
            }
            scope.set(&question.key, answer.to_value());
            answers.push((question.key.clone(), answer));
        }
        let masked = Self::masked(manifest, &answers, &kept, &scope);
        let mut answers = Self { scope, given: answers, masked, kept, at_default };
        let table = answers.to_toml(manifest).to_string();
        complete(manifest, &table, &mut answers.scope)?;
        for scope in answers.masked.iter_mut().flatten() {
            complete(manifest, &table, scope)?;
        }
        Ok(answers)
    }

    fn masked(manifest: &Manifest, answers: &[(String, Answer)], kept: &[String], scope: &Scope) -> Option<[Scope; 2]> {
        // No answer is no secret, and conditions may ask whether there is one.
        let said =
            |key: &String| answers.iter().any(|(name, answer)| name == key && *answer != Answer::Text(String::new()));
        let secrets: Vec<&String> =
            manifest.secrets().map(|question| &question.key).filter(|key| kept.contains(key) || said(key)).collect();
        let with = |suffix: &str| {
            let mut scope = scope.clone();
            for key in &secrets {
                scope.set(key, format!("{}{suffix}", placeholder(key)).into());
            }
            scope
        };
        (!secrets.is_empty()).then(|| [with(""), with("-either")])
    }

    fn asking<'a>(question: &'a Question, scope: &Scope) -> Result<OpenQuestion<'a>, Error> {
        let place = format!("question `{}`", question.key);
        let mut choices = Vec::new();
        for choice in &question.choices {
            let offered = match &choice.when {
                Some(condition) => holds(&place, condition, scope)?,
                None => true,
            };
            if offered {
                choices.push(choice);
            }
        }
        let default = match &question.default {
            Some(template) => Some(Answer::parse(question, &render(&place, template, scope)?)?),
            None if question.optional => Some(Answer::parse(question, "")?),
            None => None,
        };
        Ok(OpenQuestion { question, choices, default, gone: None })
    }

    /// For `beansprout.toml`: what to remember, which is all but secrets.
    pub(crate) fn to_toml(&self, manifest: &Manifest) -> toml::Table {
        let secret =
            |key: &str| manifest.questions.iter().any(|question| question.key == key && question.form == Form::Secret);
        self.given.iter().filter(|(key, _)| !secret(key)).map(|(key, answer)| (key.clone(), answer.to_toml())).collect()
    }
}

/// What follows from the answers: derived values, the lists of parts, and the table that is remembered.
fn complete(manifest: &Manifest, remembered: &str, scope: &mut Scope) -> Result<(), Error> {
    for derived in &manifest.derived {
        let text = render(&format!("derived value `{}`", derived.name), &derived.value, scope)?;
        scope.set(&derived.name, read_derived(derived, &text)?);
    }
    let lists = extension::lists(&manifest.points, &manifest.extend, scope)?;
    scope.set("extend", lists);
    scope.set("answers", Value::from(remembered));
    Ok(())
}

fn read_derived(derived: &Derived, text: &str) -> Result<Value, Error> {
    let as_read = || match (text, text.parse::<i64>()) {
        ("true", _) => Value::from(true),
        ("false", _) => Value::from(false),
        // `007` is a text that happens to be made of digits.
        (_, Ok(number)) if number.to_string() == text => Value::from(number),
        _ => Value::from(text),
    };
    match derived.form {
        None => Ok(as_read()),
        Some(DerivedForm::Text) => Ok(Value::from(text)),
        Some(DerivedForm::Boolean) => flag(text).map(Value::from).ok_or_else(|| Error::AnswerBad {
            key: derived.name.clone(),
            value: text.to_owned(),
            complaint: "is neither `yes` nor `no`".to_owned(),
        }),
    }
}

/// For runs without a person: the default, where it may be used.
pub(crate) fn from_default(asking: &OpenQuestion<'_>, defaults: bool) -> Result<Answer, Error> {
    // What a person chose is not overridden by what a stack would choose.
    if let Some((answer, complaint)) = &asking.gone {
        let (key, value) = (asking.question.key.clone(), answer.to_string());
        let value = if asking.question.form == Form::Secret { "…".to_owned() } else { value };
        return Err(Error::AnswerGone { key, value, complaint: complaint.clone() });
    }
    let usable = defaults || asking.question.later;
    match &asking.default {
        Some(answer) if usable => Ok(answer.clone()),
        default => Err(Error::AnswerMissing { key: asking.question.key.clone(), has_default: default.is_some() }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_derived_value_is_what_its_type_says() {
        #[track_caller]
        fn case(form: Option<DerivedForm>, text: &str, expected: Option<Value>) {
            let derived = Derived { name: "a".to_owned(), value: String::new(), form };
            assert_eq!(read_derived(&derived, text).ok(), expected, "{form:?} {text}");
        }
        case(None, "8000", Some(json!(8000)));
        case(None, "007", Some(json!("007")));
        case(None, "true", Some(json!(true)));
        case(Some(DerivedForm::Text), "8000", Some(json!("8000")));
        case(Some(DerivedForm::Text), "true", Some(json!("true")));
        case(Some(DerivedForm::Boolean), "True", Some(json!(true)));
        case(Some(DerivedForm::Boolean), "no", Some(json!(false)));
        case(Some(DerivedForm::Boolean), "maybe", None);
    }
}
