//! Same name: the `container_commands` of all files are one list, so of two with one name one runs. `commands` are run file
//! by file.

use std::collections::{BTreeMap, BTreeSet};

use crate::beanstalk::config_file::{Command, CommandLine};
use crate::beanstalk::customizations::EXTENSIONS;
use crate::beanstalk::tree::file_name;
use crate::check::subject::Subject;
use crate::check::words;
use crate::level::Level;

const RULE: &str = "EB218";

pub(super) fn check(subject: &mut Subject<'_>) {
    let customizations = subject.customizations;
    let mut seen: BTreeMap<&str, (&str, &Command)> = BTreeMap::new();
    let mut copies: BTreeSet<&str> = BTreeSet::new();
    for file in customizations.used() {
        for command in &file.container_commands {
            let name = &command.name;
            let (other, first) = *seen.entry(&name.value).or_insert((&file.path, command));
            if other == file.path {
                continue;
            }
            let folder = folder(&file.path);
            if !folder.is_empty() && self::folder(other) != folder && file_name(other) == file_name(&file.path) {
                if copies.insert(folder) {
                    let message = format!(
                        "`{folder}/{EXTENSIONS}` is read as well, and its `{}` is in `{other}` too: of each such pair only one runs",
                        name.value
                    );
                    let fix = format!(
                        "leave `{folder}` out of the bundle if it is a copy; if both are meant, give the commands names of their own"
                    );
                    subject.find(RULE, &file.path, name.span.clone(), message, fix);
                }
                continue;
            }
            let message = format!("`{}` is in `{other}` too, and only one of the two runs", name.value);
            match do_the_same(first, command) {
                true => {
                    let fix = "delete one of them: both do the same";
                    subject.find(RULE, &file.path, name.span.clone(), message, fix).level = Level::Note;
                }
                false => {
                    subject.find(RULE, &file.path, name.span.clone(), message, "give one of them another name");
                }
            }
        }
    }
}

/// What the folder of such files is in; nothing at the top.
fn folder(path: &str) -> &str {
    let folders = path.strip_suffix(file_name(path)).unwrap_or(path).trim_end_matches('/');
    folders.strip_suffix(EXTENSIONS).unwrap_or(folders).trim_end_matches('/')
}

fn do_the_same(one: &Command, other: &Command) -> bool {
    let all = |command: &Command| {
        let folder = command.cwd.as_ref().map(|folder| folder.value.clone());
        (folder, command.env.clone(), command.test.clone(), command.ignore_errors, command.leader_only)
    };
    let same = one.line == other.line || asked(one).is_some_and(|asked| Some(asked) == self::asked(other));
    same && all(one) == all(other)
}

/// What Django is asked for, if a command asks for nothing else.
fn asked(command: &Command) -> Option<Vec<String>> {
    let CommandLine::Shell(text) = &command.line else { return None };
    let runs = words::runs(text);
    let [run] = runs.as_slice() else { return None };
    let (asked, _) = run.django()?;
    let from = run.arguments.iter().skip_while(|word| word.text != asked.text);
    Some(from.map(|word| word.text.clone()).collect())
}
