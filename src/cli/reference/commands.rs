//! The verbs and their flags, and every command that is shown anywhere.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use clap::{Arg, ArgAction, Command};

use super::{MADE, cell, compare, prose, root};

/// The headings of flags that many verbs share: they are described once.
const SHARED: [&str; 2] = ["Common options", "AWS options"];

fn flag(argument: &Arg) -> String {
    let takes = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    let names = argument.get_value_names().unwrap_or_default();
    let value = names.iter().map(|name| name.to_string()).collect::<Vec<_>>().join(" ").replace('|', "\\|");
    if argument.is_positional() {
        let many = if argument.get_num_args().is_some_and(|range| range.max_values() > 1) { "…" } else { "" };
        return if argument.is_required_set() { format!("`<{value}>{many}`") } else { format!("`[{value}]{many}`") };
    }
    let mut names: Vec<String> = argument.get_short().iter().map(|short| format!("-{short}")).collect();
    names.extend(argument.get_long().map(|long| format!("--{long}")));
    let value = if takes { format!(" {value}") } else { String::new() };
    format!("`{}{value}`", names.join("`, `"))
}

fn meaning(argument: &Arg) -> String {
    let mut text = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let takes = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    let possible: Vec<String> = argument
        .get_possible_values()
        .iter()
        .filter(|value| takes && !value.is_hide_set())
        .map(|value| match value.get_help() {
            Some(help) => format!("`{}` ({help})", value.get_name()),
            None => format!("`{}`", value.get_name()),
        })
        .collect();
    if !possible.is_empty() {
        write!(text, ": {}", possible.join(", ")).unwrap();
    }
    let defaults: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if takes && !defaults.is_empty() {
        write!(text, ". Default: `{}`", defaults.join(" ")).unwrap();
    }
    cell(&text)
}

fn table<'a>(arguments: impl Iterator<Item = &'a Arg>) -> String {
    let rows: String = arguments
        .filter(|argument| !argument.is_hide_set() && !matches!(argument.get_id().as_str(), "help" | "version"))
        .fold(String::new(), |rows, argument| rows + &format!("| {} | {} |\n", flag(argument), meaning(argument)));
    if rows.is_empty() { rows } else { format!("\n| option | meaning |\n|---|---|\n{rows}") }
}

fn heading(argument: &Arg) -> &str {
    argument.get_help_heading().unwrap_or_default()
}

fn verb(command: &Command, name: &str, page: &mut String) {
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    let (first, rest) = about.split_once('\n').unwrap_or((&about, ""));
    write!(page, "\n## {name}\n\n{first}.\n").unwrap();
    if !rest.trim().is_empty() {
        write!(page, "\n{}\n", prose(rest.trim())).unwrap();
    }
    let usage = command.clone().render_usage().to_string();
    write!(page, "\n```text\n{}\n```\n", usage.trim_start_matches("Usage: ").trim()).unwrap();
    page.push_str(&table(command.get_arguments().filter(|argument| !SHARED.contains(&heading(argument)))));
    if command.get_arguments().any(|argument| heading(argument) == "AWS options") {
        page.push_str("\nAnd the [AWS options](#aws-options).\n");
    }
    if let Some(examples) = command.get_after_help() {
        let text = examples.to_string();
        let lines: Vec<&str> = text
            .trim_start_matches("Examples:")
            .trim_start_matches("Example:")
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        write!(page, "\n```text\n{}\n```\n", lines.join("\n")).unwrap();
    }
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help" && !inner.is_hide_set()) {
        verb(inner, &format!("{name} {}", inner.get_name()), page);
    }
}

fn program() -> Command {
    let mut program = crate::cli::program();
    program.build();
    program
}

#[test]
fn commands() {
    let program = program();
    let mut verbs: Vec<&Command> =
        program.get_subcommands().filter(|verb| verb.get_name() != "help" && !verb.is_hide_set()).collect();
    verbs.sort_by_key(|verb| verb.get_name());
    let mut page = format!(
        "{MADE}\n# Commands\n\n`beansprout COMMAND --help` says the same in the terminal, `beansprout man COMMAND` as a manual page.\n\n| command | what it does |\n|---|---|\n"
    );
    for verb in &verbs {
        let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
        writeln!(page, "| [`{name}`](#{name}) | {} |", cell(&about), name = verb.get_name()).unwrap();
    }
    for shared in SHARED {
        let of = if shared == "AWS options" { program.find_subcommand("publish").unwrap() } else { &program };
        let which =
            if shared == "AWS options" { "Commands that talk to AWS take them." } else { "Every command takes them." };
        let rows = table(of.get_arguments().filter(|argument| heading(argument) == shared));
        write!(page, "\n## {shared}\n\n{which}\n{rows}").unwrap();
    }
    for command in verbs {
        verb(command, command.get_name(), &mut page);
    }
    compare("commands.md", &page);
}

/// What a person copies from `--help` must be understood.
#[test]
fn examples_are_commands() {
    fn look(command: &Command, path: &str, seen: &mut usize) {
        let leads_on = command.get_subcommands().any(|inner| inner.get_name() != "help");
        let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(!text.is_empty() || leads_on, "`{path}` has no example");
        for line in text.lines().filter_map(|line| Some(&line[line.find("beansprout ")?..])) {
            let code = line.split(['#', '>', '|']).next().unwrap();
            let words = code.split_whitespace();
            let parsed = program().try_get_matches_from(words);
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            *seen += 1;
        }
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            look(inner, &format!("{path} {}", inner.get_name()), seen);
        }
    }
    let mut seen = 0;
    for verb in program().get_subcommands().filter(|verb| verb.get_name() != "help") {
        look(verb, verb.get_name(), &mut seen);
    }
    assert!(seen > 25);
}

/// A line with a word for each `${{ … }}` that a pipeline would fill in.
fn filled_in(line: &str) -> String {
    let mut parts = line.split("${{");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once("}}").expect("an expression of a pipeline has an end");
        filled.push_str("word");
        filled.push_str(rest);
    }
    filled
}

/// Every command that a page or an example shows is understood, also those that no test can run.
#[test]
fn commands_that_are_shown_are_understood() {
    fn look(path: &Path, seen: &mut usize) {
        if path.is_dir() {
            std::fs::read_dir(path).unwrap().for_each(|file| look(&file.unwrap().path(), seen));
            return;
        }
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let page = path.extension().is_some_and(|extension| extension == "md");
        let mut code = !page;
        for line in text.lines() {
            code ^= page && line.trim_start().starts_with("```");
            let line = line.trim_start().trim_start_matches("- ").trim_start_matches("run: ").trim_start_matches("$ ");
            if !code || !line.starts_with("beansprout ") || line.contains("[OPTIONS]") || line.contains("<COMMAND>") {
                continue;
            }
            let end = line.find(['#', '>', '|', '&', ';', '\\']).unwrap_or(line.len());
            let words = filled_in(&line[..end]);
            let parsed = program().try_get_matches_from(words.split_whitespace());
            if let Err(error) = parsed {
                assert!(words.contains('"'), "{}: {line}\n{error}", path.display());
            }
            *seen += 1;
        }
    }
    let mut seen = 0;
    for place in ["README.md", "README.ja.md", "CONTRIBUTING.md", "SECURITY.md", "docs/src", "examples"] {
        look(&root().join(place), &mut seen);
    }
    assert!(seen > 60);
}

/// What a message or a generated file tells people to type is a command: every span of ours between backticks in the code and
/// in the templates, with a word for what is filled in.
#[test]
fn commands_in_messages_are_understood() {
    fn look(path: &Path, found: &mut Vec<(String, String)>) {
        if path.is_dir() {
            std::fs::read_dir(path).unwrap().for_each(|file| look(&file.unwrap().path(), found));
            return;
        }
        if path.to_string_lossy().contains("/golden/") {
            return;
        }
        let text = std::fs::read_to_string(path).unwrap_or_default();
        for span in text.split('`').filter(|span| span.starts_with("beansprout ") && !span.contains('\n')) {
            found.push((path.display().to_string(), span.to_owned()));
        }
    }
    let filled = regex::Regex::new(r"\{\{.*?\}\}|<%.*?%>|\{[^}]*\}").unwrap();
    let mut found = Vec::new();
    for place in ["src", "templates"] {
        look(&root().join(place), &mut found);
    }
    let mut seen = BTreeSet::new();
    for (path, span) in found {
        // A grammar, or the beginning of something.
        if span.contains(['<', '[', '…', '(']) || span.contains("COMMAND") || span == "beansprout --help" {
            continue;
        }
        let line = filled.replace_all(&span, "shop-production").replace('\'', "");
        let words: Vec<&str> = line.split_whitespace().collect();
        let understood = |more: &[&str]| {
            let parsed = program().try_get_matches_from(words.iter().chain(more));
            parsed.err().filter(|error| {
                !matches!(error.kind(), clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion)
            })
        };
        // The name of a verb is no whole command.
        if let (Some(error), Some(_), Some(_)) = (understood(&[]), understood(&["word"]), understood(&["word", "word"]))
        {
            panic!("{path}: `{span}`\n{error}");
        }
        seen.insert(span);
    }
    assert!(seen.len() > 60, "{}", seen.len());
}
