//! Mistakes in the command line, told as all other errors are: for people and as a document.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::error::{ContextKind, ContextValue, Error as ClapError, ErrorKind};
use clap::{Arg, ArgMatches, Command};

use super::foreign_verbs;
use crate::fault::{Exit, Fault};
use crate::ui::{nearest, ticked};

/// What is wrong with the command line, and the way on.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct UsageError {
    message: String,
    hint: String,
}

impl UsageError {
    /// What `-C` names is not there.
    pub(super) fn no_directory(path: &Path) -> Self {
        Self {
            message: format!("`{}` is not a folder", path.display()),
            hint: "`-C` names the folder of a project".to_owned(),
        }
    }
}

impl Fault for UsageError {
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
pub(super) fn misused(mistake: &ClapError, program: &Command) -> Option<UsageError> {
    let text = |kind| match mistake.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let all = |kind| match mistake.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
    };
    let arguments = |kind| all(kind).iter().map(|name| format!("`{}`", bare(name))).collect::<Vec<_>>();
    let argument = text(ContextKind::InvalidArg).unwrap_or_default();
    let value = text(ContextKind::InvalidValue).unwrap_or_default();
    let usage = text_of_usage(mistake);
    let known = || commands(program, usage.as_deref().unwrap_or_default());
    let mut near: Vec<String> =
        [ContextKind::SuggestedArg, ContextKind::SuggestedValue].into_iter().flat_map(all).collect();
    let message = match mistake.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return None;
        }
        ErrorKind::InvalidSubcommand => {
            let written = text(ContextKind::InvalidSubcommand).unwrap_or_default();
            near.extend(nearest(&written, known()).map(str::to_owned));
            format!("there is no command `{written}`")
        }
        ErrorKind::MissingSubcommand => "no command is given".to_owned(),
        ErrorKind::UnknownArgument if argument.starts_with('-') => format!("there is no option `{argument}` here"),
        ErrorKind::UnknownArgument => format!("`{argument}` is one word too many"),
        ErrorKind::MissingRequiredArgument => match arguments(ContextKind::InvalidArg).as_slice() {
            // A group: clap writes it as `<--keep <NUMBER>|--off>`.
            [one] if one.contains('|') => {
                let one_of = one.trim_matches('`').split('|').map(bare);
                format!("one of {} is missing", ticked(one_of))
            }
            [one] => format!("{one} is missing"),
            several => format!("{} are missing", several.join(" and ")),
        },
        ErrorKind::InvalidValue if value.is_empty() => format!("`{}` needs a value", bare(&argument)),
        ErrorKind::InvalidValue => {
            let allowed = ticked(all(ContextKind::ValidValue));
            format!("`{value}` is not a value of `{}`: it takes {allowed}", bare(&argument))
        }
        ErrorKind::ValueValidation => {
            let why = std::error::Error::source(mistake).map(|source| source.to_string()).unwrap_or_default();
            format!("`{value}` is not a value of `{}`: {}", bare(&argument), plainly(&why))
        }
        ErrorKind::ArgumentConflict => {
            let others = arguments(ContextKind::PriorArg);
            match others.as_slice() {
                [other] if *other == format!("`{}`", bare(&argument)) => {
                    format!("`{}` is given twice", bare(&argument))
                }
                others => format!("`{}` does not go with {}", bare(&argument), others.join(" and ")),
            }
        }
        _ => {
            let told = mistake.to_string();
            told.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    };
    let foreign = match mistake.kind() {
        ErrorKind::InvalidSubcommand
            if usage.as_deref().is_none_or(|usage| usage.split(' ').nth(1) != Some("stack")) =>
        {
            text(ContextKind::InvalidSubcommand).as_deref().and_then(foreign_verbs::verb)
        }
        ErrorKind::UnknownArgument => foreign_verbs::flag(&argument),
        ErrorKind::MissingRequiredArgument if message == "`LABEL` is missing" => Some(
            "`beansprout versions` lists labels; to package and deploy what is here, type `beansprout publish --deploy NAME`",
        ),
        _ => None,
    };
    if let Some(hint) = foreign {
        return Some(UsageError { message, hint: hint.to_owned() });
    }
    let hint = match (near.is_empty(), usage, mistake.kind()) {
        (false, ..) => format!("did you mean {}?", ticked(near).replace(", ", " or ")),
        (true, _, ErrorKind::InvalidSubcommand | ErrorKind::MissingSubcommand) => "`--help` lists them".to_owned(),
        (true, Some(usage), _) => format!("it goes `{usage}`; `--help` tells more"),
        (true, None, _) => "`--help` tells more".to_owned(),
    };
    Some(UsageError { message, hint })
}

/// An argument that is given says something: an empty one comes from a variable that a script forgot to set. Only a text
/// may be empty.
pub(super) fn filled(matches: &ArgMatches, program: &Command) -> Result<(), UsageError> {
    const TEXTS: [&str; 2] = ["message", "body"];
    let is_empty = |arg: &&Arg| {
        let given = matches.try_get_raw(arg.get_id().as_str()).ok().flatten();
        given.is_some_and(|mut values| values.any(OsStr::is_empty))
    };
    let mut arguments = program.get_arguments().filter(|arg| !TEXTS.contains(&arg.get_id().as_str()));
    if let Some(empty) = arguments.find(is_empty) {
        let name = match (empty.get_long(), empty.get_value_names()) {
            (Some(long), _) => format!("--{long}"),
            (None, Some([name, ..])) => name.to_string(),
            (None, _) => empty.get_id().to_string().to_uppercase(),
        };
        let message = format!("`{name}` needs a value");
        return Err(UsageError { message, hint: "`--help` tells more".to_owned() });
    }
    match matches.subcommand() {
        Some((name, inner)) => program.find_subcommand(name).map_or(Ok(()), |command| filled(inner, command)),
        None => Ok(()),
    }
}

/// An argument by its name alone: `--set` of `--set <KEY=VALUE>`, `DIR` of `<DIR>`.
fn bare(argument: &str) -> &str {
    match argument.strip_prefix("--").or_else(|| argument.strip_prefix("<--")) {
        Some(_) if argument.contains('|') => argument,
        Some(_) => argument.trim_start_matches('<').split([' ', '=', '[', '>']).next().unwrap_or(argument),
        None => argument.trim_start_matches(['<', '[']).trim_end_matches(['>', ']', '.']),
    }
}

/// What Rust's numbers say of a text, for people.
fn plainly(why: &str) -> String {
    if let Some((_, range)) = why.split_once(" is not in ")
        && let Some((low, high)) = range.split_once("..=")
    {
        // The end of a range that is only the end of the type says nothing.
        return match high.parse() {
            Ok(u32::MAX) => format!("it takes a whole number from {low}"),
            _ => format!("it takes a whole number from {low} to {high}"),
        };
    }
    match why {
        "invalid digit found in string" => "it takes a whole number".to_owned(),
        "number too large to fit in target type" => "the number is too large".to_owned(),
        "number would be zero for non-zero type" => "it takes a whole number from 1".to_owned(),
        why => why.to_owned(),
    }
}

/// The commands that could have been meant where `usage` is about.
fn commands<'a>(program: &'a Command, usage: &str) -> Vec<&'a str> {
    let mut here = program;
    for word in usage.split_whitespace().skip(1) {
        let Some(inner) = here.find_subcommand(word) else { break };
        here = inner;
    }
    here.get_subcommands().map(Command::get_name).collect()
}

/// How the command is called, in one line.
fn text_of_usage(mistake: &ClapError) -> Option<String> {
    let Some(ContextValue::StyledStr(usage)) = mistake.get(ContextKind::Usage) else { return None };
    let usage = usage.to_string();
    let words: Vec<&str> = usage.trim_start_matches("Usage:").split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::program;

    #[test]
    fn mistakes_are_told_in_our_words() {
        #[track_caller]
        fn case(line: &str, message: &str, hint: &str) {
            let misused = match program().try_get_matches_from(line.split(' ')) {
                Ok(matches) => filled(&matches, &program()).unwrap_err(),
                Err(mistake) => misused(&mistake, &program()).unwrap(),
            };
            assert_eq!((misused.message.as_str(), misused.hint.as_str()), (message, hint), "{line}");
        }
        case("beansprout publsh", "there is no command `publsh`", "did you mean `publish`?");
        case("beansprout packge", "there is no command `packge`", "did you mean `package`?");
        case("beansprout stack lst", "there is no command `lst`", "did you mean `list`?");
        case("beansprout shop", "there is no command `shop`", "`--help` lists them");
        case("beansprout --quiet", "no command is given", "`--help` lists them");
        case("beansprout publish --sandbx", "there is no option `--sandbx` here", "did you mean `--sandbox`?");
        case(
            "beansprout check extra",
            "`extra` is one word too many",
            "it goes `beansprout check [OPTIONS]`; `--help` tells more",
        );
        case(
            "beansprout deploy",
            "`LABEL` is missing",
            "`beansprout versions` lists labels; to package and deploy what is here, type `beansprout publish --deploy NAME`",
        );
        case("beansprout create shop", "there is no command `create`", foreign_verbs::verb("create").unwrap());
        case(
            "beansprout check --verbose",
            "there is no option `--verbose` here",
            foreign_verbs::flag("--verbose").unwrap(),
        );
        case("beansprout stack lint", "there is no command `lint`", "did you mean `list`?");
        case(
            "beansprout publish --wait",
            "`--deploy` is missing",
            "it goes `beansprout publish --deploy [<ENV>] --wait`; `--help` tells more",
        );
        case("beansprout versions --region", "`--region` needs a value", "`--help` tells more");
        case("beansprout versions --region ", "`--region` needs a value", "`--help` tells more");
        case(
            "beansprout versions lifecycle --apply",
            "one of `--keep`, `--keep-days`, `--off` is missing",
            "it goes `beansprout versions lifecycle --apply <--keep <NUMBER>|--keep-days <DAYS>|--off>`; `--help` tells more",
        );
        case(
            "beansprout policy publishr",
            "`publishr` is not a value of `ROLE`: it takes `publisher`, `pruner`, `lifecycle`, `deployer`, `launcher`, `capturer`, `swapper`, `drill-ender`, `guard`",
            "did you mean `publisher`?",
        );
        case(
            "beansprout prune --keep 0",
            "`0` is not a value of `--keep`: it takes a whole number from 1",
            "`--help` tells more",
        );
        case(
            "beansprout up --port x",
            "`x` is not a value of `--port`: it takes a whole number",
            "`--help` tells more",
        );
        case(
            "beansprout up --port 70000",
            "`70000` is not a value of `--port`: it takes a whole number from 0 to 65535",
            "`--help` tells more",
        );
        case(
            "beansprout stack test x --rows 0",
            "`0` is not a value of `--rows`: it takes a whole number from 1",
            "`--help` tells more",
        );
        case(
            "beansprout versions --sandbox --profile x",
            "`--sandbox` does not go with `--profile`",
            "it goes `beansprout versions --sandbox`; `--help` tells more",
        );
        case(
            "beansprout deploy x --env shop --env blue",
            "`--env` is given twice",
            "it goes `beansprout deploy [OPTIONS] <LABEL>`; `--help` tells more",
        );
    }

    #[test]
    fn help_is_not_a_mistake() {
        for line in ["beansprout --help", "beansprout --version", "beansprout"] {
            let asked = program().try_get_matches_from(line.split(' ')).unwrap_err();
            assert!(misused(&asked, &program()).is_none(), "{line}");
        }
    }

    #[test]
    fn a_document_is_asked_for_before_the_two_hyphens_only() {
        let words = |line: &str| line.split_whitespace().map(OsString::from).collect::<Vec<_>>();
        assert!(wants_json(&words("beansprout --json publsh")));
        assert!(!wants_json(&words("beansprout add -- --json")));
    }
}
