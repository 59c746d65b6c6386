//! stdout is the answer, stderr the conversation.
//!
//! The core says what happened; this file decides how to say it. Nothing else in the program prints.

mod commands;
mod line;
mod paint;
mod progress;
mod visible;
mod words;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ValueEnum;
use serde::Serialize;

use crate::fault::{Exit, Failure, Fault, Repeat};
use crate::world::{Guard, Terminal, World};

pub use commands::Carried;
use line::{print, tell};
pub use paint::Paint;
pub use progress::Progress;
use visible::visible_json;
pub use visible::{turns_text, visible};
pub(crate) use words::edits;
pub use words::{bytes, count, nearest, quoted, quoted_path, ticked, wrap};

/// A value with two faces: `Display` for people, `Serialize` for `--json`.
pub trait Answer: Serialize + fmt::Display {
    /// The document's name and version, such as `package/1`: see `docs/schema`.
    const SCHEMA: &str;
    /// Is it an account of what was done, which `--quiet` leaves out? What was asked for is always given.
    fn is_account(&self) -> bool {
        false
    }
    /// What in its text others wrote: a file, a log, a message of AWS. Commands in it stay as they are written there.
    fn quotes(&self) -> Vec<&str> {
        Vec::new()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// When stderr or stdout is a terminal and `NO_COLOR` is not set
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    People,
    Json,
}

pub struct Ui {
    format: OutputFormat,
    quiet: bool,
    indent: usize,
    terminal: Terminal,
    dumb: bool,
    out: Paint,
    err: Paint,
    /// Why stdout did not get an answer.
    lost: Option<io::Error>,
    /// What each command carries that is said.
    carried: Carried,
    /// Has stdout its document? A signal may come at any time, and there is one.
    answered: Arc<AtomicBool>,
}

impl Ui {
    pub fn new(world: &World, format: OutputFormat, quiet: bool, color: Color) -> Self {
        let dumb = world.var("TERM") == Some("dumb");
        let paint = |terminal: bool| {
            Paint::new(match color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => terminal && !dumb && world.var("NO_COLOR").is_none(),
            })
        };
        Self {
            format,
            quiet,
            indent: 0,
            terminal: world.terminal,
            dumb,
            out: paint(world.terminal.stdout),
            err: paint(world.terminal.stderr),
            lost: None,
            carried: Carried::default(),
            answered: Arc::default(),
        }
    }

    /// What commands carry that are said.
    pub fn carried(&self) -> &Carried {
        &self.carried
    }

    /// From here on, commands that are said carry this; what they carried before.
    pub fn carry(&mut self, carried: Carried) -> Carried {
        std::mem::replace(&mut self.carried, carried)
    }

    /// A text as it is said: its commands can be typed.
    pub fn told(&self, text: &str) -> String {
        self.carried.told(text, &[])
    }

    /// A command line as it can be typed, without the program's name, such as `swap blue green --apply`.
    pub fn command(&self, line: &str) -> String {
        self.carried.command(line)
    }

    pub fn output_format(&self) -> OutputFormat {
        self.format
    }

    /// How wide a line may be: the terminal's width, or 100 where there is none.
    pub fn columns(&self) -> usize {
        self.terminal.columns.map_or(100, usize::from)
    }

    /// The width of the terminal that stdout is. A pipe has none: its lines stay whole, so that they can be searched.
    pub fn out_width(&self) -> Option<usize> {
        self.terminal.columns.filter(|_| self.terminal.stdout).map(usize::from)
    }

    /// Colours for text that goes to stdout.
    pub fn out(&self) -> Paint {
        self.out
    }

    /// Colours for text that goes to stderr.
    pub fn err(&self) -> Paint {
        self.err
    }

    /// Give the answer: text for people, one JSON document with `--json`.
    pub fn answer<A: Answer>(&mut self, answer: &A) {
        match self.format {
            OutputFormat::People if self.quiet && answer.is_account() => {}
            OutputFormat::People => {
                let text = answer.to_string();
                if !text.is_empty() {
                    self.put(&visible(&self.carried.told(&text, &answer.quotes())));
                }
            }
            OutputFormat::Json => self.document(A::SCHEMA, answer),
        }
    }

    /// Show people what the error that follows is about. With `--json` there is one document, and that is the error's.
    pub fn before_error<A: Answer>(&mut self, answer: &A) {
        if self.format == OutputFormat::People {
            self.answer(answer);
        }
    }

    /// Give an answer that a person reads whatever it is called.
    pub fn report(&mut self, text: impl fmt::Display) {
        self.put(&visible(&text.to_string()));
    }

    /// Give an answer that a program reads whatever the flags say, such as a completion script.
    pub fn text(&mut self, text: impl fmt::Display) {
        self.put(&text.to_string());
    }

    /// Give an answer as its JSON document, whatever the flags say.
    pub fn json<A: Answer>(&mut self, answer: &A) {
        self.document(A::SCHEMA, answer);
    }

    /// Give an answer as the JSON document that others have described, whatever the flags say.
    pub fn foreign_json(&mut self, value: &impl Serialize) {
        self.put(&json(value));
    }

    fn document(&mut self, schema: &str, value: &impl Serialize) {
        let text = document(schema, value);
        self.answered.store(true, Ordering::SeqCst);
        self.put(&text);
    }

    /// A reader that went away (`| head`) is not our error; a full disk is.
    fn put(&mut self, text: &str) {
        match print(&mut io::stdout().lock(), text) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => self.lost = Some(error),
            _ => {}
        }
    }

    /// Did stdout get all that it was to have?
    pub fn finish(&mut self) -> Result<(), Unwritten> {
        self.lost.take().map_or(Ok(()), |error| Err(Unwritten(error)))
    }

    /// Part of the conversation: what is being done.
    pub fn say(&mut self, text: impl fmt::Display) {
        if !self.quiet {
            let text = format!("{:indent$}{text}", "", indent = self.indent);
            tell(&self.told(&text));
        }
    }

    /// Part of the conversation in the words of others: a file, a log, an event.
    pub fn quote(&mut self, text: impl fmt::Display) {
        if !self.quiet {
            tell(&format!("{:indent$}{text}", "", indent = self.indent));
        }
    }

    /// From here on, what is said belongs under a heading.
    pub fn indent(&mut self, columns: usize) {
        self.indent = columns;
    }

    /// Something the user should know although the command goes on. Not silenced by `--quiet`.
    pub fn warn(&mut self, text: impl fmt::Display) {
        self.finding("warning", text);
    }

    /// Something that is wrong with what was looked at, which has a word of its own. Not silenced by `--quiet` either.
    pub fn finding(&mut self, word: impl fmt::Display, text: impl fmt::Display) {
        tell(&self.told(&format!("{} {text}", self.err.yellow(format!("{word}:")))));
    }

    /// What to say if a signal ends the run before the guard is dropped: what is done, and what finishes it.
    pub fn last_words(&self, world: &World, words: String) -> Guard {
        self.interrupted(world, Some(words), false)
    }

    /// The same, of something that goes on at AWS.
    pub fn goes_on(&self, world: &World, words: String) -> Guard {
        self.interrupted(world, Some(words), true)
    }

    /// Whatever is interrupted, a program gets its document.
    pub fn answers_signals(&self, world: &World) -> Guard {
        self.interrupted(world, None, false)
    }

    fn interrupted(&self, world: &World, hint: Option<String>, under_way: bool) -> Guard {
        let label = self.err.yellow("interrupted:");
        let hint = hint.map(|words| self.told(&words));
        let (json, answered) = (self.format == OutputFormat::Json, Arc::clone(&self.answered));
        // A terminal has written `^C` there.
        let line = if self.terminal.stderr { "\n" } else { "" };
        world.interrupt.guard(move || {
            if let Some(words) = &hint {
                tell(&format!("{line}{label} {words}"));
            }
            if json && !answered.swap(true, Ordering::SeqCst) {
                let (message, exit) = ("interrupted".to_owned(), Exit::Interrupted.code());
                let error = Sentences { message, causes: Vec::new(), hint, exit, repeat: Some(Repeat::Now), under_way };
                let _ = print(&mut io::stdout().lock(), &document("error/1", &Failed { error }));
            }
        })
    }

    /// What to say when a person ends what runs until then.
    pub fn parting(&self, world: &World, words: String) -> Guard {
        let quiet = self.quiet;
        world.interrupt.guard(move || {
            if !quiet {
                tell(&format!("\n{words}"))
            }
        })
    }

    /// The end of a run that failed.
    pub fn failure(&mut self, failure: &Failure) {
        let mut sentences = failure.chain();
        let message = sentences.next().unwrap_or_default();
        // The TOML parser ends its drawing with a line break.
        let causes: Vec<String> = sentences.map(|cause| cause.trim_end().to_owned()).collect();
        let hint = failure.hint().map(|hint| self.told(&hint));
        let mut text = format!("{} {message}", self.err.red("error:"));
        for cause in &causes {
            text.push_str(&format!("\n  cause: {cause}"));
        }
        if let Some(hint) = &hint {
            text.push_str(&format!("\n{} {hint}", self.err.cyan("hint:")));
        }
        tell(&text);
        if self.format == OutputFormat::Json {
            let exit = failure.exit().code();
            let (repeat, under_way) = (failure.repeat(), failure.under_way());
            self.document("error/1", &Failed { error: Sentences { message, causes, hint, exit, repeat, under_way } });
        }
    }

    /// Does a person sit there whose terminal cannot show a prompt?
    pub fn is_too_plain(&self) -> bool {
        self.terminal.stdin && self.terminal.stderr && self.dumb
    }

    /// May this run ask questions? Only with a person at both ends.
    pub fn can_prompt(&self) -> bool {
        self.terminal.stdin && self.terminal.stderr && self.format == OutputFormat::People && !self.dumb
    }

    /// Does a person look on, at a terminal?
    pub fn is_watched(&self) -> bool {
        self.terminal.stderr && self.format == OutputFormat::People
    }

    /// Ask a person; no is the default, and the answer of whoever goes away.
    pub fn confirm(&mut self, question: &str) -> bool {
        self.can_prompt()
            && dialoguer::Confirm::new().with_prompt(visible(question)).default(false).interact().unwrap_or(false)
    }

    /// How far a piece of work is: a bar on stderr for a person, events there with `--json`, nothing elsewhere.
    pub fn progress(&self, phase: &'static str, total: u64) -> Progress {
        if self.quiet {
            return Progress::hidden();
        }
        if self.format == OutputFormat::Json {
            return Progress::events(phase, total);
        }
        if self.dumb || !self.terminal.stderr {
            return Progress::hidden();
        }
        Progress::bar(phase, total, self.columns())
    }
}

/// How a run that failed ends for a program.
#[derive(Serialize)]
struct Failed {
    error: Sentences,
}

#[derive(Serialize)]
struct Sentences {
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    exit: i32,
    repeat: Option<Repeat>,
    under_way: bool,
}

fn document(schema: &str, value: &impl Serialize) -> String {
    #[derive(Serialize)]
    struct Document<'a, T> {
        schema: String,
        #[serde(flatten)]
        value: &'a T,
    }
    let document = Document { schema: format!("beansprout.{schema}"), value };
    json(&document)
}

fn json(value: &impl Serialize) -> String {
    visible_json(serde_json::to_string_pretty(value).expect("answers have string keys"))
}

/// What stdout was to have and did not get.
#[derive(Debug, thiserror::Error)]
#[error("failed to write the answer to stdout")]
pub struct Unwritten(#[source] io::Error);

impl Fault for Unwritten {
    fn exit(&self) -> Exit {
        Exit::Invalid
    }
}
