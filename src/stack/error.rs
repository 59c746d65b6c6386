//! Errors of a stack, its answers or its target.

use std::io;
use std::path::PathBuf;

use super::position::Position;
use crate::fault::{Exit, Fault};
use crate::file;
use crate::git;
use crate::ui::{bytes, nearest, ticked};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no built-in stack `{name}`")]
    StackUnknown { name: String, known: Vec<String> },
    #[error("there is no recipe `{name}`")]
    RecipeUnknown { name: String, known: Vec<String> },
    #[error("`{place}` has no recipe")]
    NoRecipes { place: String },
    #[error("`{place}` is not a place that recipes come from")]
    RecipesElsewhere { place: String },
    #[error("`{place}` is not a stack: it has no `stack.toml`")]
    NotAStack { place: String },
    #[error("stack `{stack}` stands on a part `{name}` that does not exist")]
    PartUnknown { name: String, stack: String, known: Vec<String> },
    #[error("part `{part}` is not in the box")]
    PartElsewhere { part: String },
    #[error("`{part}`, which stack `{stack}` stands on, stands on what it is part of")]
    PartCircle { part: String, stack: String },
    #[error("the stack stands on more than {most} parts")]
    TooManyParts { most: usize },
    #[error("`{part}` of `{from}` is not inside of it")]
    PartOutside { part: String, from: String },
    #[error("part `{part}` has no revision, so nobody can tell which one is meant")]
    PartMoving { part: String },
    #[error("part `{part}` needs part `{needs}` before it")]
    PartNeeds { part: String, needs: String },
    #[error("`{name}` is not a name for a stack")]
    StackNameOdd { name: String },
    #[error("`{key}` is pinned, and no part asks it")]
    PinUnknown { key: String, known: Vec<String> },
    #[error("no part reads the list `{name}`")]
    PointUnknown { name: String, known: Vec<String> },
    #[error("an entry of `{point}` in `[extend]` does not have what it takes")]
    ExtensionOdd { point: String, keys: Vec<String> },
    #[error("capability `{name}` was `true` or `false`, or a text, and became the other")]
    CapabilityOdd { name: String },
    #[error("`{place}` is not what beansprout expects")]
    Manifest { place: String, source: Box<toml::de::Error> },
    #[error("stack `{stack}` has a rule for `{path}`, which is not among its files")]
    RuleIdle { path: String, stack: String },
    #[error("`{name}` is not a name that a template can say")]
    NameOdd { name: String },
    #[error("`{name}` stands for two things")]
    NameTaken { name: String },
    #[error("question `{key}` {complaint}")]
    QuestionWrong { key: String, complaint: &'static str },
    #[error("question `{key}` has `{value}` as its default or a sample, which {complaint}")]
    SampleBad { key: String, value: String, complaint: String },
    #[error("the pattern of question `{key}` is not a regular expression")]
    Pattern { key: String, source: Box<regex::Error> },
    #[error("`{place}` uses the unknown name `{name}`")]
    NameUnknown { place: String, name: String, known: Vec<String> },
    #[error("`{place}` uses `{name}`, which is not known yet: it comes later")]
    NameLater { place: String, name: String },
    #[error("`{place}` cannot be rendered")]
    Template { place: String, source: Box<tera::Error>, filters: Vec<String> },
    #[error("{}\n{position}", told(error))]
    Located { error: Box<Self>, position: Box<Position> },
    #[error("{}", all(errors))]
    Several { errors: Vec<Self> },
    #[error("`{place}` cannot be rendered: there is no snippet `{name}`")]
    SnippetUnknown { place: String, name: String, known: Vec<String> },
    #[error(
        "`{place}` cannot be rendered: its snippets include each other without an end, or more than a file may have"
    )]
    SnippetsEndless { place: String },
    #[error("`{place}` has a `{tag}` that is never closed")]
    TagOpen { place: String, tag: String },
    #[error("`{path}` is not UTF-8 text")]
    FileNotText { path: String },
    #[error("the name of `{}` is not UTF-8 text", path.display())]
    NameNotText { path: PathBuf },
    #[error("`{path}` is a link, or something else that is not a file")]
    LinkInStack { path: String },
    #[error("`{path}` is in the archive twice")]
    EntryTwice { path: String },
    #[error("`{path}` is a submodule")]
    SubmoduleInStack { path: String },
    #[error("the stack has more than {most} files")]
    TooManyFiles { most: usize },
    #[error("the files that the stack writes have more than {}", bytes(*most))]
    PlanTooLarge { most: u64 },
    #[error("the stack has more than {}", bytes(*most))]
    TooManyBytes { most: u64 },

    #[error("`{spec}` says `{key}` after `#`, which nothing here understands")]
    SpecFragment { spec: String, key: String },
    #[error("`{url}` is not a URL to fetch a stack from")]
    UrlRefused { url: String },
    #[error("the URL at `{host}` holds a password, which would be remembered in `beansprout.toml`")]
    UrlPassword { host: String },
    #[error("`{name}` is not a revision")]
    RevisionRefused { name: String },
    #[error("`{url}` has no revision `{name}`")]
    RevisionUnknown { name: String, url: String },
    #[error("git cannot fetch `{url}`: {message}")]
    Unreachable { url: String, message: String },
    #[error(transparent)]
    Git(#[from] git::Error),
    #[error("`{url}` is an archive, and archives are read from files only")]
    ArchiveUrl { url: String },
    #[error("`{path}` comes without its SHA-256, so nobody can tell whether it is the one that was meant")]
    ArchiveUnpinned { path: String, found: String },
    #[error("`{path}` is not the archive that was meant: its SHA-256 is {found}, not {expected}")]
    ArchiveOther { path: String, expected: String, found: String },
    #[error("`{path}` cannot be unpacked")]
    Archive { path: String, source: io::Error },

    #[error("there is no question `{key}`")]
    AnswerUnknown { key: String, known: Vec<String> },
    #[error("`{value}` is not an answer to `{key}`: it {complaint}")]
    AnswerBad { key: String, value: String, complaint: String },
    #[error("`{key}` has no answer")]
    AnswerMissing { key: String, has_default: bool },
    #[error("`{key}` has neither a default nor a sample to try")]
    SampleMissing { key: String },
    #[error("`{key} = {value}` does not do any more: it {complaint}")]
    AnswerGone { key: String, value: String, complaint: String },
    #[error("{} not finished since the last update", if files.len() == 1 { "1 file was".to_owned() } else { format!("{} files were", files.len()) })]
    Unfinished { files: Vec<String> },
    #[error("`{place}` needs beansprout {requires}, and this is {version}")]
    ToolOther { place: String, requires: String, version: String },
    #[error("`{requires}` says no version that `{place}` can need")]
    RequiresOdd { place: String, requires: String },
    #[error("`{key}` was answered, and stack `{stack}` answers it itself")]
    AnswerPinned { key: String, stack: String },
    #[error("`{key}` was answered but is not asked here")]
    AnswerIdle { key: String, condition: String },

    #[error(
        "question `{key}` takes the secret `{secret}` for its default, and answers are remembered in `beansprout.toml`"
    )]
    SecretTold { key: String, secret: String },
    #[error("the name of `{file}` holds a secret")]
    SecretInPath { file: String },
    #[error("the name of `{file}` becomes `{path}`, which cannot be written: {why}")]
    NameRefused { file: String, path: String, why: &'static str },
    #[error("`{file}` would be written over what beansprout keeps in `{path}`")]
    NameReserved { file: String, path: String },
    #[error("`{path}` cannot be written: {why}")]
    PathRefused { path: String, why: &'static str },
    #[error("`{first}` and `{second}` cannot both be written")]
    PathTwice { first: String, second: String },
    #[error("`{}` is a link, which may lead out of the project", path.display())]
    LinkInTarget { path: PathBuf },
    #[error("`{}` changed after the plan was made", path.display())]
    ChangedMeanwhile { path: PathBuf },
    #[error("`{}` is not empty", path.display())]
    TargetNotEmpty { path: PathBuf, found: String },
    #[error("`{}` is not a folder", path.display())]
    TargetNotFolder { path: PathBuf },
    #[error("`{}` is missing", path.display())]
    BaseMissing { path: PathBuf },
    #[error("`{}` is not what beansprout wrote", path.display())]
    Base { path: PathBuf, source: Box<serde_json::Error> },
    #[error("`{}` is of format {format}, which this version does not know", path.display())]
    BaseNewer { path: PathBuf, format: u32 },
    #[error("`{}` has no content for `{name}`", path.display())]
    BaseBytes { path: PathBuf, name: String },
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error(transparent)]
    File(#[from] file::Error),
}

/// A sentence with its causes.
fn told(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let said = next.to_string();
        // Of what the parser draws, the last line says what it wanted.
        let said = if said.contains("-->") {
            said.lines().last().unwrap_or_default().trim_start_matches([' ', '=']).to_owned()
        } else {
            said
        };
        // Which template it is stands in the first sentence.
        if !said.starts_with("Failed to render 'template'") && !said.starts_with("Failed to parse") {
            text.push_str(&format!("\n  cause: {said}"));
        }
        cause = next.source();
    }
    text
}

impl Error {
    /// The sentence with its causes.
    pub(crate) fn in_full(&self) -> String {
        told(self)
    }
}

/// Every one of them, with what to do about it.
fn all(errors: &[Error]) -> String {
    let one = |error: &Error| error.hint().map_or_else(|| told(error), |hint| format!("{}\nhint: {hint}", told(error)));
    errors.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// `${{ … }}` is how workflows of GitHub Actions ask, and none of our templates.
fn github(position: &Position) -> Option<String> {
    let before: String = position.text.chars().take(position.column.saturating_sub(1)).collect();
    before.rfind("{{").is_some_and(|at| before[..at].ends_with('$')).then(|| {
        "if it is GitHub's `${{ }}`: a `[[rule]]` for the file with other `delimiters`, or with `verbatim = true`; or \
         `{% raw %}` around it"
            .to_owned()
    })
}

/// The filter that was meant.
fn filter(error: &tera::Error, known: &[String]) -> Option<String> {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let said: Vec<String> = causes.map(ToString::to_string).collect();
    let name = said.iter().find_map(|said| said.strip_prefix("Filter '")?.strip_suffix("' not found"))?;
    Some(match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are {}", ticked(known)),
    })
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::StackUnknown { .. }
            | Self::RecipeUnknown { .. }
            | Self::AnswerUnknown { .. }
            | Self::AnswerBad { .. }
            | Self::AnswerMissing { .. }
            | Self::AnswerIdle { .. }
            | Self::AnswerPinned { .. }
            | Self::AnswerGone { .. }
            | Self::SpecFragment { .. }
            | Self::UrlRefused { .. }
            | Self::UrlPassword { .. }
            | Self::RevisionRefused { .. }
            | Self::RevisionUnknown { .. }
            | Self::RecipesElsewhere { .. }
            | Self::ArchiveUrl { .. }
            | Self::ArchiveUnpinned { .. } => Exit::Usage,
            Self::Git(error) => error.exit(),
            Self::Located { error, .. } => error.exit(),
            Self::Unfinished { .. } => Exit::Findings,
            _ => Exit::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::StackUnknown { known, .. } => Some(format!("there are {}", ticked(known))),
            Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("look at the spelling: it is a folder, an archive, or an address of git".to_owned())
            }
            Self::RecipeUnknown { name, known } => Some(match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`beansprout recipes WORDS` finds one".to_owned(),
            }),
            Self::NameUnknown { name, known, .. } => {
                let root = name.split('.').next().unwrap_or_default();
                Some(match nearest(root, known.iter().map(String::as_str)) {
                    Some(near) if near == root => format!("`{root}` has no such key"),
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are {}", ticked(known)),
                })
            }
            Self::AnswerUnknown { key, known } => Some(match nearest(key, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`? The questions are {}", ticked(known)),
                None => format!("the questions are {}", ticked(known)),
            }),
            Self::AnswerBad { key, .. } => Some(format!("`--set {key}=VALUE` gives another answer")),
            Self::AnswerMissing { key, has_default: true } => {
                Some(format!("give `--set {key}=VALUE`, an `--answers` file, or `--defaults`"))
            }
            Self::AnswerMissing { key, has_default: false } => {
                Some(format!("give `--set {key}=VALUE` or an `--answers` file; it has no default"))
            }
            Self::NameOdd { .. } => Some("letters without accents, digits and `_`, and no digit first".to_owned()),
            Self::NameTaken { name } => Some(format!(
                "questions, derived values, tables, capabilities and what is known from the start share their names; \
                 to answer a part's question in its stead, write `{name}` under `[pin]`"
            )),
            Self::PartUnknown { name, known, .. } => Some(match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`? The box has {}", ticked(known)),
                None => format!("the box has {}; a folder begins with `./`", ticked(known)),
            }),
            Self::SecretInPath { .. } => {
                Some("names are listed, kept and shipped; leave the secret out of it".to_owned())
            }
            Self::SecretTold { key, .. } => Some(format!("make `{key}` a derived value, or a secret too")),
            Self::AnswerGone { key, .. } => Some(format!("`--set {key}=VALUE` gives another answer")),
            Self::Unfinished { files } => Some(format!(
                "{}: decide between the markers, and take over or delete what lies in `.rej` and `.new`; nothing was written",
                ticked(files)
            )),
            Self::SnippetUnknown { name, known, .. } => Some(match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => format!("a file `snippets/{name}` beside `files` would be one"),
                None => format!("there are {}", ticked(known)),
            }),
            Self::ToolOther { .. } => Some("a newer beansprout, or an older version of the stack".to_owned()),
            Self::RequiresOdd { .. } => Some("write `>=0.2` or `>=0.2.1`".to_owned()),
            Self::Located { error, position } => github(position).or_else(|| error.hint()),
            Self::NameLater { .. } => Some(
                "questions are asked in the order in which they stand, and derived values come after them".to_owned(),
            ),
            Self::Template { source, filters, .. } => filter(source, filters),
            Self::NameRefused { file, .. } if file.contains("{%") => Some(
                "whether a file is written says `when` in a `[[rule]]` for it; its name is what remains".to_owned(),
            ),
            Self::NoRecipes { .. } => Some(
                "each is a file `NAME.toml` at its top; `beansprout recipes NAME` shows what one is made of".to_owned(),
            ),
            Self::RecipesElsewhere { .. } => Some(
                "a folder, such as `./team-recipes`, or a git repository: `URL@REVISION#subdirectory=FOLDER`"
                    .to_owned(),
            ),
            Self::PartMoving { part } => Some(format!("write `{part}@` and a tag or a commit")),
            Self::PartNeeds { needs, .. } => Some(format!("write `\"{needs}\"` before it in `parts`")),
            Self::StackNameOdd { .. } => Some("small letters, digits, `-` and `_`, and a letter first".to_owned()),
            Self::PinUnknown { key: name, known } | Self::PointUnknown { name, known } => {
                Some(match nearest(name, known.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`? There are {}", ticked(known)),
                    None if known.is_empty() => "no part brings any".to_owned(),
                    None => format!("there are {}", ticked(known)),
                })
            }
            Self::ExtensionOdd { keys, .. } if keys.is_empty() => Some("each is a text, one line".to_owned()),
            Self::ExtensionOdd { keys, .. } => Some(format!("each is a table with {}", ticked(keys))),
            Self::SampleMissing { key } => Some(format!("add `samples = [\"…\"]` to question `{key}`")),
            Self::AnswerIdle { condition, .. } => Some(format!("it is asked only when {condition}")),
            Self::TargetNotEmpty { found, .. } => Some(format!("it holds `{found}`; name a new folder")),
            Self::BaseMissing { .. } => Some(
                "git has it if it was ever committed; without it nobody can tell your changes from the stack's"
                    .to_owned(),
            ),
            Self::BaseNewer { .. } => Some("use a newer beansprout".to_owned()),
            Self::ChangedMeanwhile { .. } => Some("nothing was written; run it again".to_owned()),
            Self::LinkInStack { .. } | Self::SubmoduleInStack { .. } => {
                Some("a stack is made of files and folders only".to_owned())
            }
            Self::SpecFragment { .. } => {
                Some("after `#` may stand `subdirectory=FOLDER`, and for an archive `sha256=` and 64 digits".to_owned())
            }
            Self::UrlRefused { .. } => {
                Some("`https://`, `ssh://`, `user@host:path`, `file://` and paths are".to_owned())
            }
            Self::UrlPassword { .. } => Some("leave it out, and let git's credential helper keep it".to_owned()),
            Self::RevisionRefused { .. } => Some("name a branch, a tag or a commit".to_owned()),
            Self::RevisionUnknown { url, .. } => Some(format!("`git ls-remote {url}` lists branches and tags")),
            Self::Git(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::ArchiveUrl { url } => {
                Some(format!("`curl -fLO {url}`, and name the file with `#sha256=` and its digest"))
            }
            Self::ArchiveUnpinned { path, found } => Some(format!("if you trust this file: `{path}#sha256={found}`")),
            Self::ArchiveOther { .. } => Some(
                "somebody changed it or the digest is another version's; ask whoever gave you the digest".to_owned(),
            ),
            _ => None,
        }
    }
}
