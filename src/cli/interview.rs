//! An interview: short questions, a review before anything is written, and never a prompt without a terminal.

use std::path::PathBuf;

use clap::Args;
use console::Term;
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{Confirm, MultiSelect, Password, Select};

use super::line::Line;
use crate::fault::{Exit, Failure, Fault};
use crate::stack::{self, Answer, Answers, Form, Given, OpenQuestion, Scope, Stack, from_default};
use crate::ui::{Ui, visible};
use crate::world::World;

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Answers")]
pub(crate) struct AnswerArgs {
    /// Take the default of every question that is not answered otherwise
    #[arg(long)]
    pub(crate) defaults: bool,
    /// Answer a question; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Answer a question with what an environment variable holds: for secrets, since shells write `--set` down
    #[arg(long, value_name = "KEY=VARIABLE")]
    pub(crate) set_env: Vec<String>,
    /// Read answers from a TOML or JSON file
    #[arg(long, value_name = "FILE")]
    pub(crate) answers: Option<PathBuf>,
}

/// Source of answers that were not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The person at the terminal.
    Prompt,
    /// Nobody: defaults answer.
    Defaults,
    /// Nobody: what was not answered is an error.
    Strict,
}

impl AnswerArgs {
    pub(crate) fn mode(&self, ui: &Ui) -> Mode {
        match (self.defaults, ui.can_prompt()) {
            (true, _) => Mode::Defaults,
            (false, true) => Mode::Prompt,
            (false, false) => Mode::Strict,
        }
    }

    /// Does the command line itself answer this question?
    pub(crate) fn says(&self, key: &str) -> bool {
        let names = |pair: &String| pair.split('=').next().is_some_and(|name| name.trim() == key);
        self.set.iter().chain(&self.set_env).any(names)
    }

    /// Answers of the command line and the answers file; the command line wins.
    pub(crate) fn given(&self, world: &World) -> Result<Given, Failure> {
        let mut given = Given::default();
        if let Some(file) = &self.answers {
            let path = world.resolve(file);
            let text = std::fs::read_to_string(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
            for (key, value) in parse(&text, path)? {
                given.stored(&key, value);
            }
        }
        for pair in &self.set {
            match pair.split_once('=') {
                Some((key, value)) => given.typed(key.trim(), value),
                None => return Err(Error::NoEquals { pair: pair.clone() }.into()),
            }
        }
        for pair in &self.set_env {
            let Some((key, name)) = pair.split_once('=') else {
                return Err(Error::NoVariable { pair: pair.clone() }.into());
            };
            match world.var(name) {
                Some(value) => given.read_from_environment(key.trim(), value),
                None => return Err(Error::Unset { name: name.to_owned() }.into()),
            }
        }
        Ok(given)
    }
}

/// A secret on the command line stands in the shell's history, and in the list of processes for as long as we run.
pub(crate) fn warn_of_secrets(given: &Given, stack: &Stack, ui: &mut Ui) {
    for key in given.typed_secrets(stack) {
        ui.warn(format_args!("`{key}` is a secret, and shells write `--set` down: `--set-env {key}=VARIABLE` reads it from the environment"));
    }
}

fn parse(text: &str, path: PathBuf) -> Result<toml::Table, Error> {
    if path.extension().is_some_and(|extension| extension == "json") {
        serde_json::from_str(text).map_err(|source| Error::Json { path, source: Box::new(source) })
    } else {
        toml::from_str(text).map_err(|source| Error::Toml { path, source: Box::new(source) })
    }
}

/// Get every answer that the stack needs.
pub(crate) fn interview(
    stack: &Stack,
    given: Given,
    scope: &Scope,
    mode: Mode,
    world: &World,
    ui: &mut Ui,
) -> Result<Answers, Failure> {
    interview_before(stack, given, scope, mode, "Write the files", world, ui)
}

/// The same, with what comes after the review.
pub(crate) fn interview_before(
    stack: &Stack,
    given: Given,
    scope: &Scope,
    mode: Mode,
    next: &str,
    world: &World,
    ui: &mut Ui,
) -> Result<Answers, Failure> {
    match mode {
        Mode::Defaults => Ok(alone(stack, &given, scope, true)?),
        Mode::Strict => {
            if ui.is_too_plain() {
                ui.warn("nothing is asked: with `TERM=dumb` a terminal cannot show prompts");
            }
            Ok(alone(stack, &given, scope, false).map_err(|missing| match alone(stack, &given, scope, true) {
                // What was answered wrongly is told before what was not answered.
                Err(wrong) if !matches!(wrong, stack::Error::AnswerMissing { .. }) => wrong,
                _ => missing,
            })?)
        }
        Mode::Prompt => Prompter::new(world, ui).interview(stack, given, scope, next, ui),
    }
}

/// The answers without a person.
fn alone(stack: &Stack, given: &Given, scope: &Scope, defaults: bool) -> Result<Answers, stack::Error> {
    Answers::resolve(stack, given, scope.clone(), |asking| from_default(asking, defaults))
}

/// The person at the terminal.
pub(crate) struct Prompter {
    term: Term,
    theme: Box<dyn Theme>,
    columns: usize,
    /// Prompts hide the cursor; an interrupted one must not leave it so.
    _cursor: crate::world::Guard,
}

impl Prompter {
    pub(crate) fn new(world: &World, ui: &Ui) -> Self {
        let term = Term::stderr();
        let shown = term.clone();
        let cursor = world.interrupt.guard(move || {
            let _ = shown.show_cursor();
        });
        let theme: Box<dyn Theme> =
            if ui.err().is_on() { Box::new(ColorfulTheme::default()) } else { Box::new(SimpleTheme) };
        Self { term, theme, columns: ui.columns(), _cursor: cursor }
    }

    fn interview(
        &self,
        stack: &Stack,
        mut given: Given,
        scope: &Scope,
        next: &str,
        ui: &mut Ui,
    ) -> Result<Answers, Failure> {
        let mut changing: Option<String> = None;
        loop {
            let mut asked = Vec::new();
            let answers = Answers::resolve(stack, &given, scope.clone(), |asking| {
                let key = &asking.question.key;
                if asking.question.later && changing.as_ref() != Some(key) {
                    return from_default(asking, true).map_err(Failure::from);
                }
                let answer = self.ask(asking, ui)?;
                asked.push((key.clone(), answer.clone()));
                Ok::<_, Failure>(answer)
            })?;
            for (key, answer) in asked {
                given.answered(&key, answer);
            }
            ui.say("");
            for (key, answer) in &answers.given {
                let secret = stack.manifest.questions.iter().any(|q| q.key == *key && q.form == Form::Secret);
                let shown = if secret { "…".to_owned() } else { answer.to_string() };
                ui.say(format_args!("  {key} = {}", ui.err().bold(shown)));
            }
            match self.select("All right?", &[next, "Change an answer", "Stop, write nothing"], 0)? {
                0 => return Ok(answers),
                1 => {
                    let keys: Vec<&str> = answers.given.iter().map(|(key, _)| key.as_str()).collect();
                    let key = keys[self.select("Which one?", &keys, 0)?].to_owned();
                    given.remove(&key);
                    changing = Some(key);
                }
                _ => return Err(Error::Declined.into()),
            }
        }
    }

    fn ask(&self, asking: &OpenQuestion<'_>, ui: &mut Ui) -> Result<Answer, Failure> {
        let question = asking.question;
        // Long lines go out as text, because a prompt that wraps is drawn wrongly when it is drawn again.
        let fits = question.ask.chars().count() + 24 <= self.columns;
        let prompt = if fits { &question.ask } else { &question.key };
        if !fits {
            ui.say(&question.ask);
        }
        if let Some((answer, why)) = asking.gone.as_ref().filter(|_| question.form != Form::Secret) {
            ui.say(format_args!("`{} = {answer}` does not do any more: it {why}", question.key));
        }
        if let Some(help) = &question.help {
            ui.say(ui.err().dim(help));
        }
        let labels: Vec<&str> = asking.choices.iter().map(|choice| choice.label.as_str()).collect();
        let answer = match question.form {
            Form::Text => Answer::Text(self.text(asking, prompt)?),
            Form::Secret => {
                let typed = Password::with_theme(&*self.theme)
                    .with_prompt(visible(prompt))
                    .allow_empty_password(question.optional)
                    .validate_with(|typed: &String| complaint(asking, &Answer::Text(typed.clone())))
                    .interact_on(&self.term);
                Answer::Text(self.heard_in_line(typed)?)
            }
            Form::Boolean => {
                let default = matches!(asking.default, Some(Answer::Flag(true)));
                let confirm = Confirm::with_theme(&*self.theme).with_prompt(visible(prompt)).default(default);
                Answer::Flag(self.heard_in_line(confirm.interact_on(&self.term))?)
            }
            Form::Choice => {
                let is_default =
                    |value: &str| asking.default.as_ref().is_some_and(|d| *d == Answer::Text(value.to_owned()));
                let default = asking.choices.iter().position(|choice| is_default(&choice.value)).unwrap_or(0);
                let chosen = self.select(prompt, &labels, default)?;
                Answer::Text(asking.choices[chosen].value.clone())
            }
            Form::Choices => {
                let ticked: Vec<bool> = asking
                    .choices
                    .iter()
                    .map(|choice| matches!(&asking.default, Some(Answer::Many(d)) if d.contains(&choice.value)))
                    .collect();
                let select = MultiSelect::with_theme(&*self.theme)
                    .with_prompt(visible(prompt))
                    .items(self.narrow(&labels))
                    .defaults(&ticked);
                let chosen = self.heard(select.interact_on(&self.term))?;
                Answer::Many(chosen.into_iter().map(|index| asking.choices[index].value.clone()).collect())
            }
        };
        Ok(answer)
    }

    fn text(&self, asking: &OpenQuestion<'_>, prompt: &str) -> Result<String, Failure> {
        let default = match &asking.default {
            Some(Answer::Text(default)) if !default.is_empty() => Some(default.as_str()),
            _ => None,
        };
        self.line(prompt, default, &|typed| complaint(asking, &Answer::Text(typed.to_owned())).err())
    }

    /// Anything that is typed and has nothing wrong with it.
    pub(crate) fn line(
        &self,
        prompt: &str,
        default: Option<&str>,
        complaint: &dyn Fn(&str) -> Option<String>,
    ) -> Result<String, Failure> {
        let prompt = &visible(prompt);
        let line = Line { term: &self.term, theme: &*self.theme, prompt, default, complaint };
        self.heard_in_line(line.read().map_err(dialoguer::Error::IO))
    }

    /// Something that nobody shall read over a shoulder.
    pub(crate) fn secret(&self, prompt: &str) -> Result<String, Failure> {
        let typed = Password::with_theme(&*self.theme).with_prompt(visible(prompt)).interact_on(&self.term);
        self.heard_in_line(typed)
    }

    pub(crate) fn select(&self, prompt: &str, items: &[&str], default: usize) -> Result<usize, Failure> {
        let select =
            Select::with_theme(&*self.theme).with_prompt(visible(prompt)).items(self.narrow(items)).default(default);
        self.heard(select.interact_on(&self.term))
    }

    pub(crate) fn confirm(&self, prompt: &str) -> Result<bool, Failure> {
        self.heard_in_line(
            Confirm::with_theme(&*self.theme).with_prompt(visible(prompt)).default(true).interact_on(&self.term),
        )
    }

    /// Items that fit into one line each.
    fn narrow(&self, items: &[&str]) -> Vec<String> {
        let room = self.columns.saturating_sub(6).max(10);
        items.iter().map(|item| console::truncate_str(&visible(item), room, "…").into_owned()).collect()
    }

    /// The same, of a prompt that leaves the cursor in its line.
    fn heard_in_line<T>(&self, answer: dialoguer::Result<T>) -> Result<T, Failure> {
        if answer.is_err() {
            let _ = self.term.write_line("");
        }
        self.heard(answer)
    }

    fn heard<T>(&self, answer: dialoguer::Result<T>) -> Result<T, Failure> {
        answer.map_err(|dialoguer::Error::IO(source)| {
            let _ = self.term.show_cursor();
            match source.kind() {
                std::io::ErrorKind::Interrupted => Error::Interrupted.into(),
                _ => Error::Silent { source }.into(),
            }
        })
    }
}

fn complaint(asking: &OpenQuestion<'_>, answer: &Answer) -> Result<(), String> {
    asking.check(answer).map_err(|error| error.to_string())
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("`--set {pair}` has no `=`")]
    NoEquals { pair: String },
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("`{}` is not TOML", path.display())]
    Toml { path: PathBuf, source: Box<toml::de::Error> },
    #[error("`{}` is not a JSON object of answers", path.display())]
    Json { path: PathBuf, source: Box<serde_json::Error> },
    #[error("`{pair}` is not KEY=VARIABLE")]
    NoVariable { pair: String },
    #[error("the environment has no `{name}`")]
    Unset { name: String },
    #[error("nothing was written, as you chose")]
    Declined,
    #[error("interrupted; nothing was written")]
    Interrupted,
    #[error("the terminal went away")]
    Silent { source: std::io::Error },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoEquals { .. } | Self::NoVariable { .. } | Self::Unset { .. } => Exit::Usage,
            Self::Read { .. } | Self::Toml { .. } | Self::Json { .. } | Self::Silent { .. } => Exit::Invalid,
            Self::Declined => Exit::Findings,
            Self::Interrupted => Exit::Interrupted,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoEquals { .. } => Some("write `--set KEY=VALUE`".to_owned()),
            Self::NoVariable { .. } => Some("write `--set-env KEY=VARIABLE`".to_owned()),
            Self::Unset { name } => Some(format!("`export {name}=…` first")),
            Self::Toml { .. } => Some("write one `key = \"value\"` per line, or name the file `.json`".to_owned()),
            _ => None,
        }
    }
}
