//! `stack parts`: what there is to stand on, and what each part asks, knows, reads and writes.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::cli::origin::Origin;
use crate::fault::{Exit, Failure, Fault};
use crate::stack::{self, Form, Plan, Stack, TargetPath};
use crate::ui::{self, Ui, nearest};
use crate::world::World;

/// Show what a stack can stand on
///
/// Without a name: the parts and stacks of the box. With one: its questions with their types, choices and defaults, its capabilities and derived values, the lists that
/// `[extend]` fills, and its files. `--eject` prints one of its templates, or copies it into a stack of your own, where `stack check` tells when the part's has moved on.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  beansprout stack parts django\n  beansprout stack parts django --eject requirements.txt --into ./my-stack"
)]
pub(crate) struct PartsArgs {
    /// A part or stack of the box, or one from elsewhere
    #[arg(value_name = "NAME|DIR|GIT|ARCHIVE")]
    name: Option<String>,
    /// The template of this file, as it stands below `files/`
    #[arg(long, value_name = "FILE", requires = "name")]
    eject: Option<String>,
    /// Copy it into the stack in this folder, and note there which version it is of
    #[arg(long, value_name = "DIR", requires = "eject")]
    into: Option<PathBuf>,
}

pub(crate) fn parts(args: &PartsArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let Some(name) = &args.name else { return list(ui) };
    let stack = match Stack::part(name)? {
        Some(part) => part,
        None => Origin::open(name, &world.dir, world)?.stack,
    };
    match (&args.eject, &args.into) {
        (None, _) => ui.answer(&Part::of(&stack)),
        (Some(file), into) => {
            let content = stack.files.get(file).ok_or_else(|| Error::NoFile {
                file: file.clone(),
                part: name.clone(),
                known: stack.files.iter().map(|(path, _)| path.to_owned()).collect(),
            })?;
            let digest = stack::template_digest(content);
            if let Some(folder) = into {
                copy(&world.resolve(folder), file, content, &digest, world)?;
                ui.say(format_args!("copied `{file}` of `{name}`; `[shadows]` in `stack.toml` notes which one it is"));
            }
            let text = String::from_utf8_lossy(content).into_owned();
            ui.answer(&Ejected { file: file.clone(), digest, text, copied: into.is_some() });
        }
    }
    Ok(Exit::Done)
}

fn list(ui: &mut Ui) -> Result<Exit, Failure> {
    let mut parts = Vec::new();
    for name in Stack::parts() {
        let found = Stack::part(&name)?;
        let kind = if found.is_some() { "part" } else { "stack" };
        let stack = match found {
            Some(part) => part,
            None => Stack::named(&name)?,
        };
        parts.push(Listed { name, kind, title: stack.manifest.stack.title });
    }
    ui.answer(&Parts { parts });
    Ok(Exit::Done)
}

/// The file, and a line in `stack.toml` that says which version of it was copied: both, or none.
fn copy(folder: &std::path::Path, file: &str, content: &[u8], digest: &str, world: &World) -> Result<(), Failure> {
    let manifest = folder.join("stack.toml");
    let before = std::fs::read_to_string(&manifest).map_err(|source| Error::Read { path: manifest.clone(), source })?;
    let line = format!("\"{file}\" = \"{digest}\"\n");
    let after = match before.split_once("[shadows]\n") {
        Some((head, tail)) => format!("{head}[shadows]\n{line}{tail}"),
        None => format!("{}\n\n[shadows]\n{line}", before.trim_end()),
    };
    let mut plan = Plan::default();
    plan.add_content("stack.toml", after.into_bytes())?;
    plan.add_content(&format!("files/{file}"), content.to_vec())?;
    let paths: Vec<TargetPath> = plan.iter().map(|(path, _)| path.clone()).collect();
    let files: Vec<_> = paths
        .iter()
        .filter_map(|path| {
            let was = (path.to_string() == "stack.toml").then_some(before.as_bytes());
            Some((path, was, plan.get(path)?))
        })
        .collect();
    Ok(stack::put(&files, folder, &world.interrupt)?)
}

#[derive(Debug, Serialize)]
struct Parts {
    parts: Vec<Listed>,
}

#[derive(Debug, Serialize)]
struct Listed {
    name: String,
    kind: &'static str,
    title: String,
}

impl ui::Answer for Parts {
    const SCHEMA: &str = "stack-parts/1";
}

impl fmt::Display for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| writeln!(f, "{} ({}): {}", part.name, part.kind, part.title))
    }
}

/// One part, with everything that whoever stands on it may use.
#[derive(Debug, Serialize)]
struct Part {
    name: String,
    title: String,
    needs: Vec<String>,
    questions: Vec<Asked>,
    capabilities: toml::Table,
    derived: Vec<String>,
    tables: Vec<String>,
    lists: Vec<List>,
    files: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Asked {
    key: String,
    #[serde(rename = "type")]
    form: &'static str,
    ask: String,
    choices: Vec<String>,
    default: Option<String>,
    when: Option<String>,
}

#[derive(Debug, Serialize)]
struct List {
    name: String,
    about: String,
    keys: Vec<String>,
}

impl Part {
    fn of(stack: &Stack) -> Self {
        let manifest = stack.manifest.clone();
        let questions = manifest.questions.into_iter().map(|question| Asked {
            form: match question.form {
                Form::Text => "text",
                Form::Choice => "choice",
                Form::Choices => "choices",
                Form::Boolean => "boolean",
                Form::Secret => "secret",
            },
            key: question.key,
            ask: question.ask,
            choices: question.choices.into_iter().map(|choice| choice.value).collect(),
            default: question.default,
            when: question.when,
        });
        let capability = |(name, value): (String, stack::Capability)| (name, value.to_toml());
        Self {
            name: manifest.stack.name,
            title: manifest.stack.title,
            needs: manifest.stack.needs,
            questions: questions.collect(),
            capabilities: manifest.capabilities.into_iter().map(capability).collect(),
            derived: manifest.derived.into_iter().map(|derived| derived.name).collect(),
            tables: manifest.data.into_keys().collect(),
            lists: manifest
                .points
                .into_iter()
                .map(|point| List { name: point.name, about: point.about, keys: point.keys })
                .collect(),
            files: stack.files.iter().map(|(path, _)| path.to_owned()).collect(),
        }
    }
}

impl ui::Answer for Part {
    const SCHEMA: &str = "stack-part/1";
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.name, self.title)?;
        let mut lines = |title: &str, lines: Vec<String>| {
            if lines.is_empty() {
                return Ok(());
            }
            writeln!(f, "\n{title}:")?;
            lines.iter().try_for_each(|line| writeln!(f, "  {line}"))
        };
        lines("Needs", self.needs.clone())?;
        let asked = |question: &Asked| {
            let choices =
                if question.choices.is_empty() { String::new() } else { format!(": {}", question.choices.join(", ")) };
            let default = question.default.as_ref().map_or_else(String::new, |default| format!(" [{default}]"));
            let when = question.when.as_ref().map_or_else(String::new, |when| format!(", when {when}"));
            format!("{} ({}{choices}){default}{when}", question.key, question.form)
        };
        lines("Questions", self.questions.iter().map(asked).collect())?;
        lines("Capabilities", self.capabilities.iter().map(|(name, value)| format!("{name} = {value}")).collect())?;
        let list = |list: &List| match list.keys.is_empty() {
            true => format!("{}: {}", list.name, list.about),
            false => format!("{} ({}): {}", list.name, list.keys.join(", "), list.about),
        };
        lines("Lists for [extend]", self.lists.iter().map(list).collect())?;
        lines("Derived values", self.derived.clone())?;
        lines("Tables", self.tables.clone())?;
        lines("Files", self.files.clone())
    }
}

#[derive(Debug, Serialize)]
struct Ejected {
    file: String,
    digest: String,
    text: String,
    #[serde(skip)]
    copied: bool,
}

impl ui::Answer for Ejected {
    const SCHEMA: &str = "stack-eject/1";

    fn quotes(&self) -> Vec<&str> {
        vec![&self.text]
    }

    fn is_account(&self) -> bool {
        true
    }
}

impl fmt::Display for Ejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.copied { Ok(()) } else { f.write_str(&self.text) }
    }
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("`{part}` has no file `{file}`")]
    NoFile { file: String, part: String, known: Vec<String> },
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: std::io::Error },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoFile { .. } => Exit::Usage,
            Self::Read { .. } => Exit::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::NoFile { file, part, known } => Some(match nearest(file, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("`beansprout stack parts {part}` lists its files"),
            }),
            Self::Read { .. } => Some("`beansprout stack new DIR` begins a stack".to_owned()),
        }
    }
}
