//! The pages of the reference that are made from the code. The test below compares them with what is committed;
//! with `BEANSPROUT_BLESS=1` it writes them instead.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, Command, CommandFactory};
use serde_json::Value;

use super::Cli;
use crate::check::catalogue;
use crate::fault::Exit;
use crate::stack::Recipe;

const BLESS: &str = "BEANSPROUT_BLESS";
const MADE: &str =
    "<!-- Made from the code by a test: `BEANSPROUT_BLESS=1 cargo test --lib reference` writes it again. -->\n";
/// The headings of flags that many verbs share: they are described once.
const SHARED: [&str; 2] = ["Common options", "AWS options"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
#[expect(clippy::disallowed_methods, reason = "a test asks whether to write what it made")]
fn compare(page: &str, made: &str) {
    let path = root().join("docs/src/reference").join(page);
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let line = committed.lines().zip(made.lines()).position(|(one, other)| one != other);
    assert!(
        committed == made,
        "{page} is not what the code says, from line {}: `{BLESS}=1 cargo test --lib reference` writes it",
        line.map_or(committed.lines().count().min(made.lines().count()), |line| line) + 1
    );
}

/// Text that may stand in a cell of a table.
fn cell(text: &str) -> String {
    prose(&text.split_whitespace().collect::<Vec<_>>().join(" ")).replace('|', "\\|")
}

/// Text without tags; between backticks it is none anyway.
fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let parts: Vec<String> =
        parts.map(|(at, part)| if at % 2 == 0 { part.replace('<', "&lt;") } else { part.to_owned() }).collect();
    parts.join("`")
}

fn flag(argument: &Arg) -> String {
    let takes = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
    let names = argument.get_value_names().unwrap_or_default();
    let value = names.iter().map(|name| name.to_string()).collect::<Vec<_>>().join(" ");
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
    let mut program = Cli::command();
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
        "{MADE}\n# Commands\n\n`beansprout VERB --help` says the same in the terminal, `beansprout man VERB` as a manual page.\n\n| verb | what it does |\n|---|---|\n"
    );
    for verb in &verbs {
        let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
        writeln!(page, "| [`{name}`](#{name}) | {} |", cell(&about), name = verb.get_name()).unwrap();
    }
    for shared in SHARED {
        let of = if shared == "AWS options" { program.find_subcommand("publish").unwrap() } else { &program };
        let which =
            if shared == "AWS options" { "Verbs that talk to AWS take them." } else { "Every verb takes them." };
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
            let parsed = Cli::command().try_get_matches_from(words);
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
            let parsed = Cli::command().try_get_matches_from(words.split_whitespace());
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

#[test]
fn rules() {
    let mut page = format!(
        "{MADE}\n# Rules\n\nWhat `beansprout check` looks for. `beansprout explain EB001` tells the whole story of a rule, and so does its page.\n\n\
         | rule | name | level | what happens |\n|---|---|---|---|\n"
    );
    for rule in catalogue::rules() {
        let level = serde_json::to_value(rule.level).unwrap();
        let level = level.as_str().unwrap();
        let anchor = format!("{}-{}", rule.id.to_lowercase(), rule.name);
        let (id, name, summary) = (rule.id, rule.name, cell(rule.summary));
        writeln!(page, "| [{id}](rules/{}.md#{anchor}) | {name} | {level} | {summary} |", rule.family).unwrap();
    }
    compare("rules.md", &page);
}

#[test]
fn recipes() {
    let recipes = Recipe::all().unwrap();
    let mut page = format!(
        "{MADE}\n# Recipes\n\nFrom what you want to the files that do it. `beansprout recipes WORDS` searches, in English and Japanese; \
         `beansprout add RECIPE` shows the files and writes them.\n\n| recipe | what it does |\n|---|---|\n"
    );
    for recipe in &recipes {
        writeln!(page, "| [`{name}`](#{name}) | {} |", cell(&recipe.title), name = recipe.name).unwrap();
    }
    for recipe in &recipes {
        write!(page, "\n## {}\n\n{}.\n\n{}\n\n{}\n", recipe.name, recipe.title, recipe.problem, recipe.runs).unwrap();
        let files: Vec<String> = recipe.files.iter().map(|file| format!("`{}`", file.path)).collect();
        write!(page, "\nWrites {}.", files.join(", ")).unwrap();
        let asks: Vec<String> = recipe.questions.iter().map(|question| format!("`{}`", question.key)).collect();
        match asks.is_empty() {
            true => page.push('\n'),
            false => writeln!(page, " Asks for {}.", asks.join(", ")).unwrap(),
        }
        for (title, lines) in [("Mind", &recipe.caveats), ("Sources", &recipe.sources)] {
            if !lines.is_empty() {
                write!(page, "\n{title}:\n\n").unwrap();
                lines.iter().for_each(|line| writeln!(page, "- {}", prose(line)).unwrap());
            }
        }
    }
    compare("recipes.md", &page);
}

/// A word or two for what a schema lets stand.
fn kind(schema: &Value) -> String {
    let word = |value: &Value| value.as_str().map(str::to_owned);
    match (&schema["const"], &schema["enum"], &schema["type"]) {
        (Value::String(only), _, _) => format!("`\"{only}\"`"),
        (_, Value::Array(some), _) => {
            some.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(" or ").replace('|', "\\|")
        }
        (_, _, Value::Array(some)) => some.iter().filter_map(word).collect::<Vec<_>>().join(" or "),
        (_, _, Value::String(one)) if one == "array" && schema["items"]["type"].is_string() => {
            format!("array of {}", schema["items"]["type"].as_str().unwrap())
        }
        (_, _, Value::String(one)) => one.clone(),
        _ if !schema["oneOf"].is_null() || !schema["anyOf"].is_null() => "one of several".to_owned(),
        _ if !schema["$ref"].is_null() => "object".to_owned(),
        _ => "any".to_owned(),
    }
}

#[test]
fn documents() {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(root().join("docs/schema")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut page = format!(
        "{MADE}\n# Documents\n\nEvery document that [`--json`](json.md) prints, with its fields. `docs/schema` has a JSON Schema of each, with the\n\
         fields inside, and the tests hold every document to it.\n"
    );
    for path in &files {
        let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy();
        let title = schema["title"].as_str().unwrap_or_else(|| panic!("{name} has no title"));
        let id = schema["properties"]["schema"]["const"].as_str().unwrap_or_default().to_owned();
        assert!(id.is_empty() || id.replace(['.', '/'], "-") == format!("beansprout-{name}"), "{name}: {id}");
        write!(page, "\n## {name}\n\n{title}.\n\n| field | type | meaning |\n|---|---|---|\n").unwrap();
        let required: Vec<&str> = schema["required"]
            .as_array()
            .map(|names| names.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        for (field, inner) in schema["properties"].as_object().into_iter().flatten() {
            let may = if required.contains(&field.as_str()) { "" } else { ", may be missing" };
            let told = cell(inner["description"].as_str().unwrap_or_default());
            writeln!(page, "| `{field}` | {}{may} | {told} |", kind(inner)).unwrap();
        }
    }
    compare("documents.md", &page);
}

/// Every document that the code prints has its schema.
#[test]
fn documents_have_schemas() {
    fn look(dir: &Path, found: &mut Vec<String>) {
        for file in std::fs::read_dir(dir).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                look(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            for rest in text.split("const SCHEMA: &str = \"").skip(1) {
                found.extend(rest.split_once('"').map(|(id, _)| id.replace('/', "-")));
            }
        }
    }
    let mut found = vec!["error-1".to_owned()];
    look(&root().join("src"), &mut found);
    assert!(found.len() > 25);
    for name in found.iter().filter(|name| name.contains('-')) {
        assert!(root().join(format!("docs/schema/{name}.json")).is_file(), "{name}");
    }
}

#[test]
fn exit_codes() {
    let all = [
        Exit::Done,
        Exit::Findings,
        Exit::Usage,
        Exit::Invalid,
        Exit::Aws,
        Exit::DeployFailed,
        Exit::StillGoing,
        Exit::Conflict,
        Exit::Interrupted,
    ];
    for exit in all {
        // A new code does not compile until it is here, and in the list above.
        match exit {
            Exit::Done | Exit::Findings | Exit::Usage | Exit::Invalid | Exit::Aws => {}
            Exit::DeployFailed | Exit::StillGoing | Exit::Conflict | Exit::Interrupted => {}
        }
    }
    let page = std::fs::read_to_string(root().join("docs/src/reference/exit-codes.md")).unwrap();
    let told: Vec<i32> =
        page.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok()).collect();
    assert_eq!(told, all.map(Exit::code));
}

/// The keys that a section may have, asked of the reader itself: a key that it does not know is answered with those it knows.
fn keys<T: serde::de::DeserializeOwned>(text: &str) -> Vec<String> {
    let Err(error) = toml::from_str::<T>(text) else { panic!("`zz` is a key of {text}") };
    let message = error.to_string();
    let (_, list) = message.split_once("expected").unwrap_or_else(|| panic!("{message}"));
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[track_caller]
fn told<T: serde::de::DeserializeOwned>(page: &str, sections: &[(&str, &str)]) {
    let text = std::fs::read_to_string(root().join("docs/src/reference").join(page)).unwrap();
    let (_, example) = text.split_once("```toml\n").unwrap();
    let example = example.split("```").next().unwrap();
    if let Err(error) = toml::from_str::<T>(example) {
        panic!("the example of {page}: {error}");
    }
    for (heading, before) in sections {
        for key in keys::<T>(&format!("{before}{heading}\nzz = 1\n")) {
            let known = text.lines().any(|line| {
                let line = line.trim_start_matches("# ");
                line.split([' ', '{', ',']).any(|word| word == key)
                    || line.contains(&format!("[{key}"))
                    || line.contains(&format!(".{key}]"))
            });
            assert!(known, "{page} does not have `{key}` of `{heading}`");
        }
    }
}

#[test]
fn beansprout_toml_has_every_key() {
    let sections = ["", "[project]", "[bundle]", "[release]", "[prune]", "[check]", "[[check.suppress]]"];
    told::<crate::project::Config>("beansprout-toml.md", &sections.map(|section| (section, "")));
}

#[test]
fn stack_toml_has_every_key() {
    const ABOUT: &str = "[stack]\nname = 'a'\ntitle = 'b'\n";
    const QUESTION: &str = "[stack]\nname = 'a'\ntitle = 'b'\n[[question]]\nkey = 'a'\nask = 'b'\ntype = 'text'\n";
    let sections = [
        ("", ""),
        ("[stack]", ""),
        ("[[question]]", ABOUT),
        ("[[question.choices]]", QUESTION),
        ("[[derived]]", ABOUT),
        ("[[rule]]", ABOUT),
    ];
    told::<crate::stack::Manifest>("stack-toml.md", &sections);
}
