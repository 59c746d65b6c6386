//! Read: files that the settings read as the server starts, and that a deployment writes.

use crate::beanstalk::tree::file_name;
use crate::check::django::Settings;
use crate::check::script::Script;
use crate::check::subject::Subject;
use crate::check::words::{Run, Word, base};
use crate::secret::{self, Kind};

/// How code takes variables from a file.
const READERS: [&str; 5] = ["read_env(", "load_dotenv(", "dotenv_values(", "from decouple import", "import decouple"];

/// The file that a run writes, where the settings read it.
pub(super) fn at_start<'r>(subject: &Subject<'_>, script: &Script<'_>, run: &'r Run) -> Option<&'r Word> {
    let settings = subject.settings()?;
    let copies = matches!(run.name(), "cp" | "mv" | "install" | "tee");
    let named = run.plain().last().filter(|_| copies && (run.name() == "tee" || run.plain().count() > 1));
    run.writes
        .iter()
        .chain(named)
        .find(|word| is_opened(&settings, word) || is_of_variables(subject, &settings, script, run, word))
}

/// Do the settings open it, whatever is in it? Without it they stop.
fn is_opened(settings: &Settings, word: &Word) -> bool {
    let name = base(&word.text);
    let is = |file: &str| file_name(file) == name && (file == name || word.text.ends_with(file));
    !name.is_empty() && settings.opened.iter().any(|opened| is(&opened.file))
}

/// Is it a file of variables with something that the server has not as properties of the environment?
fn is_of_variables(subject: &Subject<'_>, settings: &Settings, script: &Script<'_>, run: &Run, word: &Word) -> bool {
    const KEPT: [&str; 5] = ["aws secretsmanager", "aws ssm", "aws s3", "s3://", "aws --region"];
    const OWN: [&str; 5] = ["get-config", "deployment/env", "printenv", "/opt/elasticbeanstalk/", " env >"];
    let has = |words: &[&str]| words.iter().any(|word| script.text.contains(word));
    let name = base(&word.text);
    if has(&OWN) || secret::in_path(name) != Some(Kind::EnvironmentFile) {
        return false;
    }
    let reads = |path: &String| {
        let text = subject.tree.code(path).unwrap_or_default();
        READERS.iter().any(|call| text.contains(call)) && (name == ".env" || text.contains(name))
    };
    settings.files.iter().any(reads) && (has(&KEPT) || (is_needed(subject, settings) && brings_more(run)))
}

/// Do the settings stop without variables that no file of the project gives as properties?
fn is_needed(subject: &Subject<'_>, settings: &Settings) -> bool {
    settings.required.iter().any(|required| !subject.gives(&required.name))
}

/// Is what comes into the file more than the value of variables that the server has as well?
fn brings_more(run: &Run) -> bool {
    match run.name() {
        "cp" | "mv" | "install" => true,
        "echo" | "printf" => run.plain().any(|word| {
            word.text.lines().filter_map(|line| line.split_once('=')).any(|(name, value)| {
                let value = value.trim_start_matches(['"', '\'']);
                let is_name =
                    name.chars().all(|char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_');
                is_name && !value.is_empty() && !value.starts_with(['$', '`', '%'])
            })
        }),
        _ => false,
    }
}
