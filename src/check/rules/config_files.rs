//! `.config` files as such: can they be read, and do they say what was meant?

mod files;
mod instance;
mod log_tasks;
pub(super) mod names;

use std::collections::BTreeSet;

use crate::beanstalk::config_file::{ConfigFile, DEFAULT_NAMESPACE, ProblemKind, SECTIONS};
use crate::beanstalk::customizations::EXTENSIONS;
use crate::beanstalk::eb_config;
use crate::beanstalk::encoding;
use crate::beanstalk::lines::indent;
use crate::beanstalk::tree::file_name;
use crate::beanstalk::yaml::{self, Node, Value};
use crate::check::finding::Edit;
use crate::check::subject::Subject;
use crate::level::Level;
use crate::ui::{nearest, ticked};

pub(super) fn check(subject: &mut Subject<'_>) {
    names::check(subject);
    encodings(subject);
    let customizations = subject.customizations;
    for file in customizations.configs.iter().filter(|file| !names::is_apple_double(&file.path)) {
        problems(subject, file);
        byte_order_mark(subject, file);
        tags(subject, file);
        // Of what is skipped as a whole nothing takes effect, and so nothing goes wrong.
        if file.is_used() {
            files::check(subject, file);
            instance::check(subject, file);
        }
    }
    log_tasks::check(subject);
}

/// Every other file that somebody on the instance reads as text. `requirements.txt` has a rule of its own.
fn encodings(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    for (path, _) in tree.iter() {
        let Some(content) = tree.content(path) else { continue };
        let name = file_name(path);
        let proxy = path.starts_with(".platform/") && name.ends_with(".conf");
        let python = name.ends_with(".py");
        let descriptor = DESCRIPTORS.contains(&path) || path == eb_config::PATH;
        let other = path.contains(EXTENSIONS) || content.starts_with(b"\x7fELF") || !(python || proxy || descriptor);
        // Python may be told another encoding in the first lines.
        let head = content.get(..200).unwrap_or(content);
        let told = python && memchr::memmem::find(head, b"coding").is_some();
        if other || told || (path.starts_with(".platform/") && !proxy) {
            continue;
        }
        let reader = if python {
            "Python"
        } else if proxy {
            "the proxy"
        } else {
            "Elastic Beanstalk"
        };
        match encoding::decode(content) {
            Err(error) => {
                let message = format!("{reader} cannot read this: {error}");
                let finding = subject.find("EB201", path, error.range(), message, UTF8);
                if let Some(text) = encoding::recover(content) {
                    finding.edit(Edit::Content(text));
                }
            }
            Ok(decoded) if decoded.bom && !python => {
                let message = format!("there is a byte order mark, which {reader} takes for the first letter");
                subject.find("EB201", path, 0..0, message, UTF8).edit(Edit::Content(decoded.text.to_owned()));
            }
            Ok(_) => {}
        }
    }
}

/// What Elastic Beanstalk reads at the top of a bundle. All else there has readers of its own.
const DESCRIPTORS: [&str; 12] = [
    "Procfile",
    "Buildfile",
    "cron.yaml",
    "env.yaml",
    "Dockerrun.aws.json",
    "Dockerfile",
    "docker-compose.yml",
    "docker-compose.yaml",
    "compose.yml",
    "compose.yaml",
    "Pipfile",
    "Pipfile.lock",
];

const UTF8: &str = "save the file as UTF-8 without a byte order mark";

fn problems(subject: &mut Subject<'_>, file: &ConfigFile) {
    let path = file.path.as_str();
    let mut said = BTreeSet::new();
    for problem in &file.problems {
        let span = problem.span.clone();
        if let ProblemKind::Shape { section, .. } = &problem.kind
            && let Some(name) = beside(&file.text, section, span.start)
        {
            // Once for all of them.
            if said.insert(name) {
                let message = format!(
                    "the settings of `{name}` stand beside it, so that each is taken for an entry of `{section}` of its own"
                );
                let fix = format!("indent the lines after `{name}` further than that line");
                subject.find("EB205", path, span, message, fix);
            }
            continue;
        }
        match &problem.kind {
            ProblemKind::Encoding(error) => encoding_error(subject, file, error),
            ProblemKind::Syntax(error) => {
                let error = yaml::Error { problem: error.clone(), span: span.clone() };
                let message = format!("the deployment is rejected, since this is neither YAML nor JSON: {error}");
                subject.find("EB095", path, span, message, syntax_fix(&error.problem));
            }
            ProblemKind::NotAMap { found } => {
                let message = format!("the file is {found} instead of a map of sections");
                subject.find("EB205", path, span, message, "put a section such as `option_settings:` above it");
            }
            ProblemKind::UnknownSection { name } => {
                let message = format!("the whole file is skipped, with a warning only: there is no section `{name}`");
                // Sections of CloudFormation's that nobody has documented here, and AWS's own samples have.
                if ["Conditions", "Metadata", "Transform", "Rules"].contains(&name.as_str()) {
                    let message = format!(
                        "`{name}` is not documented for these files: a section that is not known makes the whole file be skipped"
                    );
                    let fix = "see whether what the file says comes into force, or do without it";
                    subject.find("EB202", path, span, message, fix).level = Level::Note;
                    continue;
                }
                let near = nearest(name, SECTIONS.iter().copied());
                match near {
                    Some(near) => {
                        subject.find("EB202", path, span, message, format!("did you mean `{near}`?")).replace(near)
                    }
                    None => {
                        let fix = "move what is below it into one of the sections that there are, or delete it";
                        subject.find("EB202", path, span, message, fix);
                    }
                }
            }
            ProblemKind::DuplicateSection { name } => {
                let message = format!("`{name}` is there twice: one of the two is dropped without a word");
                subject.find("EB203", path, span, message, "put both under one key");
            }
            ProblemKind::DuplicateKey { section, name } => {
                let message =
                    format!("`{name}` is there twice in `{section}`: one of the two is dropped without a word");
                let same = stands_again(&file.text, span.start);
                let finding = subject.find("EB204", path, span, message, "give one of them another name, or delete it");
                if same {
                    finding.level = Level::Warning;
                }
            }
            ProblemKind::Shape { section: "option_settings", .. } if is_function(&file.text, &span) => {
                let message = "what becomes of a function of CloudFormation as the value of an option is not documented: known are those in backticks";
                let fix = "write it as a text in backticks, such as '`{\"Ref\": \"AWS::Region\"}`', or see that the value arrives";
                subject.find("EB205", path, span, message, fix).level = Level::Note;
            }
            ProblemKind::Shape { section, expected, found } => {
                let message = format!("`{section}` needs {expected} here and this is {found}");
                subject.find("EB205", path, span, message, shape_fix(section, expected));
            }
            ProblemKind::UnknownKey { section, name, known } => {
                let message = format!("`{name}` means nothing in an entry of `{section}`");
                let fix = match nearest(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known are {}", ticked(*known)),
                };
                subject.find("EB206", path, span, message, fix);
            }
            ProblemKind::Missing { section, key } => {
                let key = if *section == "files" { "content` or `source" } else { key };
                let message = format!("this entry of `{section}` has no `{key}`");
                subject.find("EB207", path, span, message, format!("add `{key}`"));
            }
            ProblemKind::NoNamespace { name } => {
                let message = format!("`{name}` is taken for a namespace, and nothing is set");
                let namespace = DEFAULT_NAMESPACE;
                subject.find(
                    "EB208",
                    path,
                    span,
                    message,
                    format!("put it one level deeper, under `{namespace}:` for a variable"),
                );
            }
        }
    }
}

/// The name that a setting of an entry belongs to, where both stand at the same depth: `"/path":`, and `mode: …` not below it.
fn beside<'t>(text: &'t str, section: &str, at: usize) -> Option<&'t str> {
    let settings: &[&str] = match section {
        "files" => &["mode", "owner", "group", "content", "source", "encoding", "authentication"],
        "commands" | "container_commands" => {
            &["command", "cwd", "env", "test", "leader_only", "ignoreErrors", "waitAfterCompletion"]
        }
        _ => return None,
    };
    let key = |line: &'t str| {
        let line = line.trim();
        // The path of Windows has a colon of its own.
        let end = line.find(": ").or_else(|| line.strip_suffix(':').map(str::len))?;
        Some(line[..end].trim_matches(['"', '\'']))
    };
    let is_setting = |line: &&'t str| key(line).is_some_and(|name| settings.contains(&name));
    let start = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let (before, rest) = text.split_at_checked(start)?;
    let before = || before.lines().rev().filter(|line| !line.trim().is_empty());
    let own = rest.lines().next()?;
    // The name itself has nothing below it, and its settings follow.
    let next = rest.lines().skip(1).find(|line| !line.trim().is_empty());
    let followed = next.is_some_and(|line| indent(line) == indent(own) && is_setting(&line));
    if own.trim_end().ends_with(':') && !is_setting(&own) && followed {
        return key(own);
    }
    // Lines of a block stand below the setting.
    let own = match is_setting(&own) {
        true => own,
        false => before().find(|line| indent(line) < indent(own)).filter(is_setting)?,
    };
    let beside = before().take_while(|line| indent(line) >= indent(own)).filter(|line| indent(line) == indent(own));
    let name = beside.into_iter().find(|line| !is_setting(line))?;
    name.trim_end().ends_with(':').then(|| key(name)).flatten()
}

/// Is the key of a line there twice with the same value? Then nothing is lost, but perhaps another key was meant.
fn stands_again(text: &str, at: usize) -> bool {
    // An entry is not longer than this.
    const NEAR: usize = 20;
    let begin = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[begin..].lines().next().unwrap_or_default().trim_end();
    let has_value = line.split_once(':').is_some_and(|(_, value)| !value.trim().is_empty());
    has_value && text[..begin].lines().rev().take(NEAR).any(|before| before.trim_end() == line)
}

fn syntax_fix(problem: &yaml::Problem) -> &'static str {
    match problem {
        yaml::Problem::Tab => "indent with spaces",
        yaml::Problem::TooLarge { .. } => "split the file, or ship the content as a file of the bundle",
        yaml::Problem::TooDeep | yaml::Problem::TooManyNodes | yaml::Problem::CyclicAlias => {
            "write it out without aliases"
        }
        yaml::Problem::SecondDocument => "keep one document to a file, without `---` between sections",
        yaml::Problem::Syntax(_) => {
            "a colon after each key, the same indentation for each entry, quotes around anything unusual"
        }
    }
}

fn shape_fix(section: &str, expected: &str) -> &'static str {
    match section {
        _ if expected == "`true` or `false`" => "write `true` or `false`, without quotes",
        "option_settings" => {
            "write `namespace:` and below it `Option: value`, or a list of `namespace`, `option_name`, `value`"
        }
        "commands" | "container_commands" => "write a name and below it `command: …`",
        _ => "write a name and below it its settings",
    }
}

fn encoding_error(subject: &mut Subject<'_>, file: &ConfigFile, error: &encoding::Error) {
    let message = format!("the deployment is rejected: {error}");
    let content = subject.tree.content(&file.path);
    let finding = subject.find("EB201", &file.path, error.range(), message, UTF8);
    if let Some(text) = content.and_then(encoding::recover) {
        finding.edit(Edit::Content(text));
    }
}

fn byte_order_mark(subject: &mut Subject<'_>, file: &ConfigFile) {
    if file.bom {
        let message = "there is a byte order mark, which Elastic Beanstalk may refuse as a special character";
        let finding = subject.find("EB201", &file.path, 0..0, message, UTF8);
        finding.edit(Edit::Content(file.text.clone()));
    }
}

/// `!Ref` and its kind, which CloudFormation's own templates know.
fn tags(subject: &mut Subject<'_>, file: &ConfigFile) {
    let mut left: Vec<&Node> = file.root.iter().collect();
    while let Some(node) = left.pop() {
        if let Some(tag) = node.tag.as_deref().filter(|tag| !tag.starts_with("!!") && !tag.starts_with("tag:yaml.org"))
        {
            let name = tag.trim_start_matches('!');
            let long = if name == "Ref" { "Ref".to_owned() } else { format!("Fn::{name}") };
            let message = format!(
                "short tags such as `!{name}` are not documented for these files, and deployments were rejected for them"
            );
            subject.find(
                "EB216",
                &file.path,
                node.span.clone(),
                message,
                format!("write the long form, `{{ \"{long}\": … }}`"),
            );
        }
        match &node.value {
            Value::Scalar(_) => {}
            Value::Sequence(items) => left.extend(items),
            Value::Mapping(mapping) => left.extend(mapping.pairs.iter().flat_map(|(key, value)| [key, value])),
        }
    }
}

/// Is this place one of `Ref` or `Fn::…`, as CloudFormation writes its functions?
fn is_function(text: &str, span: &std::ops::Range<usize>) -> bool {
    let words = text.get(span.start..).unwrap_or_default().trim_start_matches(['{', ' ', '"', '\'', '\n']);
    words.starts_with("Fn::") || words.strip_prefix("Ref").is_some_and(|rest| rest.starts_with([':', '"', '\'']))
}
