//! stdout is the answer, stderr the conversation.
//!
//! The core says what happened; this file decides how to say it. Nothing else in the program prints.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::fault::Failure;
use crate::world::{Guard, Terminal, World};

/// A value with two faces: `Display` for people, `Serialize` for `--json`.
pub trait Answer: Serialize + fmt::Display {
    /// The document's name and version, such as `package/1`: see `docs/schema`.
    const SCHEMA: &str;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// When stderr or stdout is a terminal and `NO_COLOR` is not set
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    People,
    Json,
}

pub struct Ui {
    face: Face,
    quiet: bool,
    indent: usize,
    terminal: Terminal,
    dumb: bool,
    out: Paint,
    err: Paint,
}

impl Ui {
    pub fn new(world: &World, face: Face, quiet: bool, color: Color) -> Self {
        let dumb = world.var("TERM") == Some("dumb");
        let paint = |terminal: bool| Paint {
            on: match color {
                Color::Always => true,
                Color::Never => false,
                Color::Auto => terminal && !dumb && world.var("NO_COLOR").is_none(),
            },
        };
        Self {
            face,
            quiet,
            indent: 0,
            terminal: world.terminal,
            dumb,
            out: paint(world.terminal.stdout),
            err: paint(world.terminal.stderr),
        }
    }

    pub fn face(&self) -> Face {
        self.face
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
        match self.face {
            Face::People => {
                let text = answer.to_string();
                if !text.is_empty() {
                    print(&mut io::stdout().lock(), &text);
                }
            }
            Face::Json => self.document(A::SCHEMA, answer),
        }
    }

    /// Give an answer that is text whatever the flags say, such as a completion script.
    pub fn text(&mut self, text: impl fmt::Display) {
        print(&mut io::stdout().lock(), &text.to_string());
    }

    /// Give an answer as its JSON document, whatever the flags say.
    pub fn json<A: Answer>(&mut self, answer: &A) {
        self.document(A::SCHEMA, answer);
    }

    fn document(&self, schema: &str, value: &impl Serialize) {
        #[derive(Serialize)]
        struct Document<'a, T> {
            schema: String,
            #[serde(flatten)]
            value: &'a T,
        }
        let document = Document { schema: format!("beansprout.{schema}"), value };
        let text = serde_json::to_string_pretty(&document).expect("answers have string keys");
        print(&mut io::stdout().lock(), &text);
    }

    /// Part of the conversation: what is being done.
    pub fn say(&mut self, text: impl fmt::Display) {
        if !self.quiet {
            let text = format!("{:indent$}{text}", "", indent = self.indent);
            print(&mut io::stderr().lock(), &text);
        }
    }

    /// From here on, what is said belongs under a heading.
    pub fn indent(&mut self, columns: usize) {
        self.indent = columns;
    }

    /// Something the user should know although the command goes on. Not silenced by `--quiet`.
    pub fn warn(&mut self, text: impl fmt::Display) {
        let label = self.err.yellow("warning:");
        print(&mut io::stderr().lock(), &format!("{label} {text}"));
    }

    /// What to say if a signal ends the run before the guard is dropped.
    pub fn last_words(&self, world: &World, words: String) -> Guard {
        let label = self.err.yellow("interrupted:");
        world.interrupt.guard(move || print(&mut io::stderr().lock(), &format!("{label} {words}")))
    }

    /// The end of a run that failed.
    pub fn failure(&mut self, failure: &Failure) {
        let mut sentences = failure.chain();
        let message = sentences.next().unwrap_or_default();
        let causes: Vec<String> = sentences.collect();
        let hint = failure.hint();
        let mut text = format!("{} {message}", self.err.red("error:"));
        for cause in &causes {
            text.push_str(&format!("\n  cause: {cause}"));
        }
        if let Some(hint) = &hint {
            text.push_str(&format!("\n{} {hint}", self.err.cyan("hint:")));
        }
        print(&mut io::stderr().lock(), &text);
        if self.face == Face::Json {
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
            }
            let exit = failure.exit().code();
            self.document("error/1", &Failed { error: Sentences { message, causes, hint, exit } });
        }
    }

    /// May this run ask questions? Only with a person at both ends.
    pub fn can_prompt(&self) -> bool {
        self.terminal.stdin && self.terminal.stderr && self.face == Face::People && !self.dumb
    }

    /// Ask a person; no is the default, and the answer of whoever goes away.
    pub fn confirm(&mut self, question: &str) -> bool {
        self.can_prompt() && dialoguer::Confirm::new().with_prompt(question).default(false).interact().unwrap_or(false)
    }

    /// How far a piece of work is: a bar on stderr for a person, events there with `--json`, nothing elsewhere.
    pub fn progress(&self, phase: &'static str, total: u64) -> Progress {
        if self.quiet {
            return Progress::hidden();
        }
        if self.face == Face::Json {
            return Progress(Shown::Events(Arc::new(Mutex::new(Events::begin(phase, total)))));
        }
        if self.dumb || !self.terminal.stderr {
            return Progress::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let template = if self.columns() < 70 {
            "{msg} {percent:>3}%"
        } else {
            "{msg} {wide_bar} {decimal_bytes}/{decimal_total_bytes} {decimal_bytes_per_sec} {eta}"
        };
        let style = ProgressStyle::with_template(template).expect("the templates above are well formed");
        bar.set_style(style.progress_chars("=> "));
        bar.set_message(phase);
        Progress(Shown::Bar(bar))
    }
}

/// How far a piece of work is, if anybody wants to know. A bar goes away when dropped; events end with the last state.
#[derive(Clone)]
pub struct Progress(Shown);

#[derive(Clone)]
enum Shown {
    Nothing,
    Bar(ProgressBar),
    Events(Arc<Mutex<Events>>),
}

impl Progress {
    pub fn hidden() -> Self {
        Self(Shown::Nothing)
    }

    pub fn advance(&self, bytes: u64) {
        match &self.0 {
            Shown::Nothing => {}
            Shown::Bar(bar) => bar.inc(bytes),
            Shown::Events(events) => events.lock().unwrap_or_else(PoisonError::into_inner).advance(bytes),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// Lines of JSON on stderr: the first state, the last one, and between them no more than one in this time.
const PACE: Duration = Duration::from_secs(1);

/// What `docs/schema/event-1.json` describes.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
struct State {
    schema: &'static str,
    event: &'static str,
    phase: &'static str,
    /// Bytes.
    done: u64,
    total: u64,
}

struct Events {
    state: State,
    told: State,
    at: Instant,
}

impl Events {
    fn begin(phase: &'static str, total: u64) -> Self {
        let state = State { schema: "beansprout.event/1", event: "progress", phase, done: 0, total };
        let mut events = Self { state, told: state, at: Instant::now() };
        events.tell();
        events
    }

    fn advance(&mut self, bytes: u64) {
        self.state.done += bytes;
        if self.at.elapsed() >= PACE {
            self.tell();
        }
    }

    fn tell(&mut self) {
        let text = serde_json::to_string(&self.state).expect("a state has string keys");
        print(&mut io::stderr().lock(), &text);
        self.told = self.state;
        self.at = Instant::now();
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        if self.state != self.told {
            self.tell();
        }
    }
}

/// Colours, or not. No meaning lives in colour alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct Paint {
    on: bool,
}

impl Paint {
    pub fn is_on(self) -> bool {
        self.on
    }

    fn with(self, code: &str, text: impl fmt::Display) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }

    pub fn bold(self, text: impl fmt::Display) -> String {
        self.with("1", text)
    }

    pub fn dim(self, text: impl fmt::Display) -> String {
        self.with("2", text)
    }

    pub fn red(self, text: impl fmt::Display) -> String {
        self.with("1;31", text)
    }

    pub fn green(self, text: impl fmt::Display) -> String {
        self.with("32", text)
    }

    pub fn yellow(self, text: impl fmt::Display) -> String {
        self.with("1;33", text)
    }

    pub fn cyan(self, text: impl fmt::Display) -> String {
        self.with("1;36", text)
    }
}

/// `text` in lines of at most `columns` characters, broken between words. Of the first line `used` are taken already, of the
/// others `indent`.
pub fn wrap(text: &str, used: usize, indent: usize, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut width = used;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty() && width + 1 + length > columns {
            lines.push(word.to_owned());
            width = indent + length;
        } else {
            width += length + usize::from(!line.is_empty());
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// `1 file`, `2 files`.
pub fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// Bytes for people: `999 B`, `12.3 kB`, `4.5 MB`, in units of 1000, as AWS counts its limit.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if number < 1000 {
        return format!("{number} B");
    }
    let mut value = number as f64 / 1000.0;
    let mut unit = 0;
    // 999.95 would be printed as 1000.0.
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A reader that went away (`| head`) is not our error.
fn print(to: &mut impl Write, text: &str) {
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    let _ = write!(to, "{text}{newline}").and_then(|()| to.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_for_people() {
        #[track_caller]
        fn case(number: u64, text: &str) {
            assert_eq!(bytes(number), text);
        }
        case(0, "0 B");
        case(999, "999 B");
        case(1000, "1.0 kB");
        case(999_949, "999.9 kB");
        case(999_950, "1.0 MB");
        case(500_000_000, "500.0 MB");
        case(u64::MAX, "18446744.1 TB");
    }

    #[test]
    fn counts_agree_with_their_noun() {
        assert_eq!(count(0, "file"), "0 files");
        assert_eq!(count(1, "file"), "1 file");
    }
}
