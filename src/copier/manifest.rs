//! The `stack.toml` that comes of a template.

use std::fmt;

use super::files::Files;
use super::question::Question;
use super::questions::{Derived, Questions};

pub(super) struct Manifest<'a> {
    pub(super) name: &'a str,
    pub(super) place: &'a str,
    pub(super) questions: &'a Questions,
    /// What is said afterwards, as templates that a stack renders.
    pub(super) then: &'a [String],
    pub(super) files: &'a Files,
}

impl fmt::Display for Manifest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "# Imported from a template of copier's, `{}`. What could not be said here stands where it was.\n",
            self.place
        )?;
        writeln!(f, "[stack]\nname = {}\ntitle = {}", text(self.name), text(&format!("{}, imported", self.name)))?;
        if !self.then.is_empty() {
            let lines: Vec<String> = self.then.iter().map(|line| text(line)).collect();
            writeln!(f, "then = [{}]", lines.join(", "))?;
        }
        self.questions.all.iter().try_for_each(|question| write_question(f, question))?;
        for Derived { name, value, form, .. } in &self.questions.derived {
            writeln!(f, "\n[[derived]]\nname = {}\nvalue = {}", text(name), text(value))?;
            if let Some(form) = form {
                writeln!(f, "type = {}", text(form))?;
            }
        }
        for rule in &self.files.rules {
            writeln!(f, "\n[[rule]]\npath = {}", text(&rule.path))?;
            if let Some(when) = &rule.when {
                writeln!(f, "when = {}", text(when))?;
            }
            if rule.executable {
                writeln!(f, "executable = true")?;
            }
            if rule.verbatim {
                writeln!(f, "verbatim = true")?;
            }
        }
        Ok(())
    }
}

fn write_question(f: &mut fmt::Formatter<'_>, question: &Question) -> fmt::Result {
    writeln!(f, "\n[[question]]\nkey = {}\nask = {}", text(&question.key), text(&question.ask))?;
    writeln!(f, "type = {}", text(question.form))?;
    let mut line =
        |key: &str, value: Option<&String>| value.map_or(Ok(()), |value| writeln!(f, "{key} = {}", text(value)));
    line("help", question.help.as_ref())?;
    line("pattern", question.pattern.as_ref().map(|(pattern, _)| pattern))?;
    line("complaint", question.pattern.as_ref().map(|(_, complaint)| complaint))?;
    line("default", question.default.as_ref())?;
    line("when", question.when.as_ref())?;
    line("otherwise", question.otherwise.as_ref())?;
    if question.optional {
        writeln!(f, "optional = true")?;
    }
    if let Some(sample) = &question.sample {
        writeln!(f, "samples = [{}]", text(sample))?;
    }
    if !question.choices.is_empty() {
        writeln!(f, "choices = [")?;
        for (value, label) in &question.choices {
            writeln!(f, "  {{ value = {}, label = {} }},", text(value), text(label))?;
        }
        writeln!(f, "]")?;
    }
    Ok(())
}

/// As TOML has texts.
fn text(text: &str) -> String {
    toml::Value::from(text).to_string()
}
