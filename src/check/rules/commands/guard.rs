//! Guard: a question for a property of the environment, on whose answer it hangs whether a command runs.

use std::collections::BTreeMap;

use super::leader::{LEADER, statements};
use crate::check::django::properties;
use crate::check::script::{Place, Script};
use crate::check::subject::Subject;
use crate::check::words::Run;
use crate::level::Level;

/// Does a run come about?
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Nobody asks, or what the project sets answers.
    Surely,
    /// By what the project sets.
    Never,
    /// That is up to this variable, which no file here sets.
    UpTo(String),
}

/// What is asked: whether a variable has a value, or has not.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Question {
    variable: String,
    /// `None` where nobody here can tell.
    value: Option<String>,
    equal: bool,
}

impl Question {
    fn negated(self) -> Self {
        Self { equal: !self.equal, ..self }
    }

    fn answer(&self, known: &BTreeMap<String, String>) -> Option<bool> {
        Some((known.get(&self.variable)? == self.value.as_ref()?) == self.equal)
    }
}

pub(super) fn reach(subject: &Subject<'_>, script: &Script<'_>, run: &Run) -> Reach {
    let before = script.text.get(..run.program.span.start.saturating_sub(script.start)).unwrap_or_default();
    let test = match script.place {
        Place::Command(command) | Place::ContainerCommand(command) => command.test_span.clone(),
        Place::Hook(_) | Place::Process(_) | Place::Build(_) => None,
    };
    let test = test
        .filter(|_| !script.called)
        .and_then(|span| subject.customizations.configs.iter().find(|file| file.path == script.path)?.text.get(span));
    let mut questions = around(before);
    questions.extend(test.and_then(question));
    questions.retain(|question| !is_made(script.text, &question.variable));
    let known = properties(subject.customizations);
    if questions.iter().any(|question| question.answer(&known) == Some(false)) {
        return Reach::Never;
    }
    let open = questions.into_iter().find(|question| question.answer(&known).is_none());
    open.map_or(Reach::Surely, |question| Reach::UpTo(question.variable))
}

/// Says what a run does, as far as it comes about.
pub(super) fn find(
    subject: &mut Subject<'_>,
    script: &Script<'_>,
    run: &Run,
    rule: &'static str,
    (message, fix, level): (String, &str, Level),
) {
    let (message, fix, level) = match reach(subject, script, run) {
        Reach::Never => return,
        Reach::Surely => (message, fix.to_owned(), level),
        Reach::UpTo(variable) => (
            format!("unless `{variable}` in the environment keeps it from that, {message}"),
            format!("set `{variable}` in the environments that this is not for; where it is to run, {fix}"),
            Level::Note,
        ),
    };
    subject.find(rule, script.path, run.span(), message, fix).level = level;
}

/// The questions that what follows this text hangs on.
fn around(text: &str) -> Vec<Question> {
    let mut open: Vec<(Option<Question>, bool)> = Vec::new();
    let mut passed: Vec<Question> = Vec::new();
    let all: Vec<&str> = statements(text).collect();
    for statement in &all {
        if statement.starts_with("if ") {
            open.push((question(statement), false));
        } else if *statement == "fi" || statement.starts_with("fi ") {
            // Who left within it is not here any more.
            if let Some((Some(question), true)) = open.pop() {
                passed.push(question.negated());
            }
        } else if *statement == "else" {
            if let Some((last, _)) = open.last_mut() {
                *last = last.take().map(Question::negated);
            }
        } else if statement.starts_with("elif ") {
            if let Some((last, _)) = open.last_mut() {
                *last = question(statement);
            }
        } else if statement.starts_with("exit") {
            if let Some((_, left)) = open.last_mut() {
                *left = true;
            }
        } else if let Some(found) = question(statement)
            && (statement.contains("|| exit") || statement.contains("&& exit"))
        {
            passed.push(Question { value: None, ..found });
        }
    }
    // `[ … ] && python …`
    let open_end = !text.trim_end_matches([' ', '\t']).ends_with(['\n', ';']);
    let hangs = all.last().filter(|last| open_end && !last.starts_with("if ") && last.trim_end().ends_with("&&"));
    passed.extend(hangs.and_then(|last| question(last)));
    passed.extend(open.into_iter().filter_map(|(question, _)| question));
    passed
}

/// What a statement asks of the environment: `[ "$X" != "y" ]`, `test -z $X`.
fn question(statement: &str) -> Option<Question> {
    let tests = statement.contains('[') || statement.split_whitespace().any(|word| word == "test");
    let words: Vec<&str> = statement.split_whitespace().map(|word| word.trim_matches(['"', '\'', ';'])).collect();
    let at = words.iter().position(|word| variable(word).is_some()).filter(|_| tests)?;
    let name = variable(words[at])?.to_owned();
    let several = words.iter().filter(|word| variable(word).is_some()).count() > 1
        || words.iter().any(|word| matches!(*word, "||" | "-a" | "-o" | "!"))
        || statement.matches("[ ").count() > 1;
    let plain = words[at] == format!("${name}") || words[at] == format!("${{{name}}}");
    let after = |offset: usize| words.get(at + offset).copied().unwrap_or("]");
    let before = at.checked_sub(1).and_then(|at| words.get(at)).copied().unwrap_or_default();
    let (value, equal) = match (before, after(1), after(2)) {
        ("-z", ..) => (Some(""), true),
        ("-n", ..) => (Some(""), false),
        (_, "=" | "==", value) if !value.contains(['$', '*']) => (Some(value), true),
        (_, "!=", value) if !value.contains(['$', '*']) => (Some(value), false),
        _ => (None, true),
    };
    Some(Question { variable: name, value: value.filter(|_| plain && !several).map(str::to_owned), equal })
}

/// The variable that a word asks for, if it is called like a property.
fn variable(word: &str) -> Option<&str> {
    /// What a shell or the platform sets by itself.
    const OWN: [&str; 8] = [LEADER, "HOME", "USER", "PATH", "PWD", "HOSTNAME", "SHELL", "UID"];
    let rest = word.split_once('$')?.1.trim_start_matches('{');
    let end = rest.find(|char: char| !(char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_'));
    let name = &rest[..end.unwrap_or(rest.len())];
    let is_name = name.len() > 1 && name.starts_with(|char: char| char.is_ascii_uppercase());
    (is_name && !OWN.contains(&name) && !rest[name.len()..].starts_with(char::is_alphanumeric)).then_some(name)
}

/// Does the script give the variable a value of its own?
fn is_made(text: &str, variable: &str) -> bool {
    let sets = |at: usize| !text[..at].ends_with(|char: char| char.is_alphanumeric() || char == '_' || char == '$');
    text.match_indices(&format!("{variable}=")).any(|(at, _)| sets(at)) || text.contains(&format!("read {variable}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_command_hangs_on() {
        let asked = |text: &str| {
            let found = around(text).into_iter().next();
            found.map(|one| {
                format!("{}{}{}", one.variable, if one.equal { "=" } else { "!" }, one.value.unwrap_or("?".into()))
            })
        };
        let is = |text: &str, expected: Option<&str>| assert_eq!(asked(text).as_deref(), expected, "{text}");
        is("if [ \"$IS_DOCKER\" != \"true\" ]; then\n  ", Some("IS_DOCKER!true"));
        is("if [[ $ROLE == web ]]\nthen\n", Some("ROLE=web"));
        is("if [[ $ROLE == web ]]\nthen\n a\nelse\n", Some("ROLE!web"));
        is("if [ -z \"${RUN_IT}\" ]; then exit 0; fi\n", Some("RUN_IT!"));
        is("[ \"$ROLE\" = web ] || exit 0\n", Some("ROLE=?"));
        is("[ \"$ROLE\" = web ] && ", Some("ROLE=web"));
        is("test -n \"$ROLE\" && ", Some("ROLE!"));
        is("if [ \"$A1\" = b -o \"$C1\" = d ]; then\n", Some("A1=?"));
        is("if [ \"$ROLE\" = web ]; then\n a\nfi\n", None);
        is("if [ \"$EB_IS_COMMAND_LEADER\" = true ]; then\n", None);
        is("if [ -f \"$1\" ]; then\n", None);
        is("cp $SOURCE .\n", None);
    }
}
