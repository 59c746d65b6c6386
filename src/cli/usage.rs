//! Mistakes in the command line, told as all other errors are: for people and as a document.

use std::ffi::OsString;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, Error as Mistake, ErrorKind};

use crate::fault::{Exit, Fault};

/// What is wrong with the command line, and the way on.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct Misused {
    message: String,
    hint: String,
}

impl Misused {
    /// What `-C` names is not there.
    pub(super) fn no_directory(path: &Path) -> Self {
        Self {
            message: format!("`{}` is not a directory", path.display()),
            hint: "`-C` names the folder of a project".to_owned(),
        }
    }
}

impl Fault for Misused {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(self.hint.clone())
    }
}

/// Does the line ask for a document? It could not be parsed, so this is all that can be known of it.
pub(super) fn wants_json(words: &[OsString]) -> bool {
    words.iter().take_while(|word| *word != "--").any(|word| word == "--json")
}

/// `None` for what is no mistake: somebody asked for help, or for the version.
pub(super) fn misused(mistake: &Mistake) -> Option<Misused> {
    let text = |kind| match mistake.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let all = |kind| match mistake.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    };
    let quoted = |words: Vec<String>| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>();
    let argument = text(ContextKind::InvalidArg).unwrap_or_default();
    let value = text(ContextKind::InvalidValue).unwrap_or_default();
    let message = match mistake.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return None;
        }
        ErrorKind::InvalidSubcommand => {
            format!("there is no verb `{}`", text(ContextKind::InvalidSubcommand).unwrap_or_default())
        }
        ErrorKind::UnknownArgument if argument.starts_with('-') => format!("there is no option `{argument}` here"),
        ErrorKind::UnknownArgument => format!("`{argument}` is one word too many"),
        ErrorKind::MissingRequiredArgument => match quoted(all(ContextKind::InvalidArg)).as_slice() {
            [one] => format!("{one} is missing"),
            several => format!("{} are missing", several.join(" and ")),
        },
        ErrorKind::InvalidValue if value.is_empty() => format!("`{argument}` needs a value"),
        ErrorKind::InvalidValue => {
            let allowed = quoted(all(ContextKind::ValidValue)).join(", ");
            format!("`{value}` is no value of `{argument}`: it is one of {allowed}")
        }
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(mistake).map(|source| format!(": {source}")).unwrap_or_default();
            format!("`{value}` is no value of `{argument}`{why}")
        }
        ErrorKind::ArgumentConflict => {
            let others = quoted(all(ContextKind::PriorArg));
            match others.as_slice() {
                [other] if *other == format!("`{argument}`") => format!("`{argument}` is given twice"),
                others => format!("`{argument}` does not go with {}", others.join(" and ")),
            }
        }
        _ => {
            let told = mistake.to_string();
            told.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    };
    let near: Vec<String> = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue]
        .into_iter()
        .flat_map(all)
        .collect();
    let hint = match (near.is_empty(), text_of_usage(mistake)) {
        (false, _) => format!("did you mean {}?", quoted(near).join(" or ")),
        (true, Some(usage)) => format!("it goes `{usage}`; `--help` tells more"),
        (true, None) => "`--help` tells more".to_owned(),
    };
    Some(Misused { message, hint })
}

/// How the verb is called, in one line.
fn text_of_usage(mistake: &Mistake) -> Option<String> {
    let Some(ContextValue::StyledStr(usage)) = mistake.get(ContextKind::Usage) else { return None };
    let usage = usage.to_string();
    let words: Vec<&str> = usage.trim_start_matches("Usage:").split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn mistakes_are_told_in_our_words() {
        #[track_caller]
        fn case(line: &str, message: &str, hint: &str) {
            let mistake = Cli::command().try_get_matches_from(line.split_whitespace()).unwrap_err();
            let misused = misused(&mistake).unwrap();
            assert_eq!((misused.message.as_str(), misused.hint.as_str()), (message, hint), "{line}");
        }
        case("beansprout publsh", "there is no verb `publsh`", "did you mean `publish`?");
        case("beansprout publish --sandbx", "there is no option `--sandbx` here", "did you mean `--sandbox`?");
        case(
            "beansprout check extra",
            "`extra` is one word too many",
            "it goes `beansprout check [OPTIONS]`; `--help` tells more",
        );
        case("beansprout deploy", "`<LABEL>` is missing", "it goes `beansprout deploy <LABEL>`; `--help` tells more");
        case(
            "beansprout publish --wait",
            "`--deploy [<ENV>]` is missing",
            "it goes `beansprout publish --deploy [<ENV>] --wait`; `--help` tells more",
        );
        case("beansprout versions --region", "`--region <NAME>` needs a value", "`--help` tells more");
        case(
            "beansprout policy publishr",
            "`publishr` is no value of `<ROLE>`: it is one of `publisher`, `pruner`, `lifecycle`, `deployer`, `guard`",
            "did you mean `publisher`?",
        );
        case(
            "beansprout prune --keep 0",
            "`0` is no value of `--keep <NUMBER>`: 0 is not in 1..=4294967295",
            "`--help` tells more",
        );
        case(
            "beansprout versions --sandbox --profile x",
            "`--sandbox` does not go with `--profile <NAME>`",
            "it goes `beansprout versions --sandbox`; `--help` tells more",
        );
        case(
            "beansprout deploy x --env shop --env blue",
            "`--env <NAME>` is given twice",
            "it goes `beansprout deploy [OPTIONS] <LABEL>`; `--help` tells more",
        );
    }

    #[test]
    fn help_is_no_mistake() {
        for line in ["beansprout --help", "beansprout --version", "beansprout"] {
            let asked = Cli::command().try_get_matches_from(line.split_whitespace()).unwrap_err();
            assert!(misused(&asked).is_none(), "{line}");
        }
    }

    #[test]
    fn a_document_is_asked_for_before_the_two_hyphens_only() {
        let words = |line: &str| line.split_whitespace().map(OsString::from).collect::<Vec<_>>();
        assert!(wants_json(&words("beansprout --json publsh")));
        assert!(!wants_json(&words("beansprout add -- --json")));
    }
}
