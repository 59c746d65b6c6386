//! `.config` files as such: can they be read, and do they say what was meant?

use crate::beanstalk::config_file::{ConfigFile, DEFAULT_NAMESPACE, File, ProblemKind, SECTIONS};
use crate::beanstalk::customizations::EXTENSIONS;
use crate::beanstalk::encoding;
use crate::beanstalk::tree::{Entry, file_name};
use crate::beanstalk::yaml::{self, Kind, Node, Value};
use crate::check::finding::Edit;
use crate::check::subject::{Subject, nearest};

pub(super) fn check(subject: &mut Subject<'_>) {
    names(subject);
    let customizations = subject.customizations;
    for file in customizations.configs.iter().filter(|file| !is_apple_double(&file.path)) {
        problems(subject, file);
        byte_order_mark(subject, file);
        tags(subject, file);
        files(subject, file);
        resources(subject, file);
        packages(subject, file);
    }
}

/// Files that look like configuration and are not read as such, and the other way round.
fn names(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    for (path, entry) in tree.iter() {
        let mut parents = path.split('/').rev().skip(1);
        let in_extensions = parents.clone().next() == Some(EXTENSIONS);
        let name = file_name(path);
        match entry {
            Entry::Directory if in_extensions && name.ends_with(".config") => {
                let message = format!("`{path}` is a directory: nothing in it is read as configuration");
                subject.find_file(
                    "EB213",
                    path,
                    message,
                    "move its files up and give each a name that ends in `.config`",
                );
            }
            Entry::File { .. }
                if name.ends_with(".config") && (path.contains("__MACOSX") || name.starts_with("._")) =>
            {
                let message =
                    "Elastic Beanstalk reads this remnant of macOS as YAML and rejects the version".to_owned();
                subject.find_file("EB214", path, message, "delete it, and zip without resource forks");
            }
            Entry::File { .. }
                if in_extensions && matches!(extension(name), Some("yml" | "yaml" | "conf" | "json" | "cfg")) =>
            {
                if used_as_data(subject, name) {
                    continue;
                }
                let message = format!("`{path}` is not read: its name does not end in `.config`");
                let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
                subject.find_file("EB215", path, message, format!("rename it to `{stem}.config`"));
            }
            Entry::File { .. }
                if matches!(parents.next(), Some(".ebextension" | "ebextensions" | ".ebextentions"))
                    && name.ends_with(".config") =>
            {
                let message = format!("`{path}` is not read: the folder must be called `{EXTENSIONS}`");
                subject.find_file("EB215", path, message, format!("rename the folder to `{EXTENSIONS}`"));
            }
            _ => {}
        }
    }
}

fn is_apple_double(path: &str) -> bool {
    path.contains("__MACOSX") || file_name(path).starts_with("._")
}

fn extension(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(_, extension)| extension)
}

/// A data file that a command or a file entry mentions is where it should be.
fn used_as_data(subject: &Subject<'_>, name: &str) -> bool {
    subject.customizations.configs.iter().any(|file| file.text.contains(name))
}

fn problems(subject: &mut Subject<'_>, file: &ConfigFile) {
    let path = file.path.as_str();
    for problem in &file.problems {
        let span = problem.span.clone();
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
                subject.find("EB204", path, span, message, "give one of them another name, or delete it");
            }
            ProblemKind::Shape { section, expected, found } => {
                let message = format!("`{section}` needs {expected} here and this is {found}");
                subject.find("EB205", path, span, message, shape_fix(section));
            }
            ProblemKind::UnknownKey { section, name, known } => {
                let message = format!("`{name}` means nothing in an entry of `{section}`");
                let fix = match nearest(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!(
                        "known are {}",
                        known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
                    ),
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

fn shape_fix(section: &str) -> &'static str {
    match section {
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
    let finding =
        subject.find("EB201", &file.path, error.range(), message, "save the file as UTF-8 without a byte order mark");
    if let Some(text) = content.and_then(encoding::recover) {
        finding.edit(Edit::Content(text));
    }
}

fn byte_order_mark(subject: &mut Subject<'_>, file: &ConfigFile) {
    if file.bom {
        let message = "there is a byte order mark, which Elastic Beanstalk may refuse as a special character";
        let finding =
            subject.find("EB201", &file.path, 0..0, message, "save the file as UTF-8 without a byte order mark");
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

fn files(subject: &mut Subject<'_>, file: &ConfigFile) {
    for entry in &file.files {
        mode(subject, file, entry);
        let (path, span) = (entry.path.value.as_str(), entry.path.span.clone());
        if !path.starts_with('/') {
            let message = format!("the deployment fails: `{path}` is not an absolute path");
            subject.find("EB217", &file.path, span, message, "begin the path with `/`");
        } else if path.starts_with("/etc/nginx/") {
            let message = "this is overwritten in every deployment: the proxy's configuration is copied over `/etc/nginx` after it".to_owned();
            let name = file_name(path);
            let fix = format!("put the content into `.platform/nginx/conf.d/{name}` of the bundle");
            subject.find("EB060", &file.path, span, message, fix);
        } else if path.starts_with("/opt/elasticbeanstalk/hooks/")
            || path.starts_with("/opt/elasticbeanstalk/tasks/") && path.contains("hooks")
        {
            let message = "nothing runs scripts in this folder since Amazon Linux 2".to_owned();
            subject.find("EB036", &file.path, span, message, "move it to `.platform/hooks/` in the bundle");
        } else if path.starts_with("/etc/cron.d/") {
            cron(subject, file, entry);
        }
        if entry.content.as_ref().is_some_and(|content| content.value.is_empty()) && entry.source.is_none() {
            let message = format!("the deployment fails: `{path}` has neither content nor source");
            subject.find(
                "EB207",
                &file.path,
                entry.path.span.clone(),
                message,
                "add a line, or create the file with a command",
            );
        }
    }
}

fn mode(subject: &mut Subject<'_>, file: &ConfigFile, entry: &File) {
    let Some(mode) = &entry.mode else { return };
    match entry.mode_kind {
        Some(Kind::Int(number)) if mode.value.starts_with('0') && mode.value.len() > 1 => {
            let message =
                format!("YAML reads `{}` as the number {number}, and the file gets mode {number:04}", mode.value);
            let finding = subject.find("EB209", &file.path, mode.span.clone(), message, "put the mode in quotes");
            finding.replace(format!("\"{}\"", mode.value));
        }
        _ => {
            let octal = !mode.value.is_empty() && mode.value.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
            if !octal {
                let message = format!("`{}` is not a mode", mode.value);
                subject.find(
                    "EB209",
                    &file.path,
                    mode.span.clone(),
                    message,
                    "write six octal digits in quotes, such as `\"000644\"`",
                );
            }
        }
    }
}

fn cron(subject: &mut Subject<'_>, file: &ConfigFile, entry: &File) {
    let path = entry.path.value.as_str();
    let cleaned = subject.customizations.commands().iter().any(|command| {
        let text = file_command_text(command.file, &command.entry.line_span);
        text.contains(".bak") && text.contains("rm")
    });
    if !cleaned {
        let message = format!("the second deployment leaves the old file as `{path}.bak`, and cron obeys both");
        let fix = format!("add a command that removes it: `rm -f {path}.bak`");
        subject.find("EB219", &file.path, entry.path.span.clone(), message, fix);
    }
    let content = entry.content.as_ref().map(|content| content.value.as_str()).unwrap_or_default();
    let guarded = ["leader", "flock", "lock", "cron_on_one", "is_leader"].iter().any(|word| content.contains(word));
    // What keeps the machine itself in order may well run on each.
    if content.contains("manage.py") && !guarded {
        let message = "cron runs this on every instance, at the same time";
        let fix = "use `cron.yaml` in a worker environment, EventBridge, or a lock in the database";
        subject.find("EB101", &file.path, entry.path.span.clone(), message, fix);
    }
}

fn file_command_text<'a>(file: &'a ConfigFile, span: &std::ops::Range<usize>) -> &'a str {
    file.text.get(span.clone()).unwrap_or_default()
}

fn resources(subject: &mut Subject<'_>, file: &ConfigFile) {
    for (name, definition) in &file.resources {
        if name.value == "AWSEBAutoScalingLaunchConfiguration" {
            let message =
                "environments with a launch template, as all new ones have, have no such resource: the update fails";
            subject.find(
                "EB223",
                &file.path,
                name.span.clone(),
                message,
                "customise `AWSEBEC2LaunchTemplate` instead, or use options",
            );
        }
        if let Some(kind) = definition.get("Type").and_then(Node::as_str) {
            let keeps = definition.get("DeletionPolicy").is_some();
            let store = matches!(
                kind,
                "AWS::RDS::DBInstance" | "AWS::DynamoDB::Table" | "AWS::S3::Bucket" | "AWS::EFS::FileSystem"
            );
            if store && !keeps && !name.value.starts_with("AWSEB") {
                let message = format!(
                    "`{}` and its data are deleted with the environment, or when this entry goes away",
                    name.value
                );
                subject.find(
                    "EB081",
                    &file.path,
                    name.span.clone(),
                    message,
                    "add `DeletionPolicy: Retain` or `Snapshot`",
                );
            }
        }
    }
}

fn packages(subject: &mut Subject<'_>, file: &ConfigFile) {
    const RENAMED: &[(&str, &str)] = &[
        ("postgresql-devel", "libpq-devel"),
        ("postgresql93-devel", "libpq-devel"),
        ("postgresql94-devel", "libpq-devel"),
        ("postgresql95-devel", "libpq-devel"),
        ("postgresql96-devel", "libpq-devel"),
        ("mysql-devel", "mariadb105-devel"),
        ("mariadb-devel", "mariadb105-devel"),
    ];
    for package in &file.packages {
        let manager = package.manager.value.as_str();
        if !matches!(manager, "yum" | "rpm" | "rubygems" | "python" | "msi") {
            let message = format!(
                "`{manager}` is not a package manager here: `{}` is not installed, with a line in a log only",
                package.name.value
            );
            subject.find(
                "EB221",
                &file.path,
                package.manager.span.clone(),
                message,
                "Amazon Linux packages go under `yum`",
            );
        } else if manager == "python" {
            let message = format!("`{}` goes to the Python of the system, not to the application", package.name.value);
            subject.find("EB221", &file.path, package.name.span.clone(), message, "put it into `requirements.txt`");
        } else if manager == "yum" {
            let name = package.name.value.as_str();
            if let Some((_, new)) = RENAMED.iter().find(|(old, _)| *old == name) {
                let message = format!("the deployment fails: Amazon Linux 2023 has no package `{name}`");
                subject
                    .find("EB042", &file.path, package.name.span.clone(), message, format!("it is `{new}` now"))
                    .replace(*new);
            } else if name.starts_with("epel") || name == "amazon-linux-extras" {
                let message = format!("the deployment fails: Amazon Linux 2023 has no package `{name}`");
                subject.find(
                    "EB042",
                    &file.path,
                    package.name.span.clone(),
                    message,
                    "look the package up in the Amazon Linux 2023 list",
                );
            }
        }
    }
    for service in &file.services {
        if !matches!(service.manager.value.as_str(), "sysvinit" | "systemd" | "windows") {
            let message = format!("`{}` is not a service manager here: nothing is started", service.manager.value);
            subject.find(
                "EB222",
                &file.path,
                service.manager.span.clone(),
                message,
                "use `sysvinit`, which reaches systemd's services too",
            );
        }
    }
}
