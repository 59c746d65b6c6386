//! Names: what Elastic Beanstalk does not take for a configuration file, and what it takes for one.

use crate::beanstalk::config_file::ConfigFile;
use crate::beanstalk::customizations::EXTENSIONS;
use crate::beanstalk::tree::{Entry, Tree, file_name};
use crate::check::nginx::{instead_of_apache, is_of_apache};
use crate::check::rules::hooks::misspelt;
use crate::check::subject::Subject;
use crate::level::Level;

/// Files that look like configuration and are not read as such, and the other way round.
pub(super) fn check(subject: &mut Subject<'_>) {
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
                if in_extensions
                    && (matches!(extension(name), Some("yml" | "yaml" | "conf" | "json" | "cfg"))
                        || name.ends_with(".config.txt")) =>
            {
                if used_as_data(subject, name) {
                    continue;
                }
                let message = format!("`{path}` is not read: its name does not end in `.config`");
                let stem = name.trim_end_matches(".txt").rsplit_once('.').map_or(name, |(stem, _)| stem);
                let stem = stem.trim_end_matches(".config");
                // One that was moved to where it is read, and left here.
                let of_proxy = tree.under(".platform").map(|(other, _)| other).find(|other| file_name(other) == name);
                if let Some(other) = of_proxy {
                    let fix = format!("delete it: `{other}` is where one of this name is read");
                    subject.find_file("EB215", path, message, fix).level = Level::Note;
                    continue;
                }
                if let Some(text) = tree.text(path).filter(|text| extension(name) == Some("conf") && is_of_apache(text))
                {
                    subject.find_file("EB215", path, message, instead_of_apache(text)).level = Level::Note;
                    continue;
                }
                // Apache's text of years ago must not come into force by a new name.
                let file = tree.content(path).map(|content| ConfigFile::parse(path, content));
                let remains = ["/opt/python", "wsgi.conf", "/etc/httpd", "supervisor"];
                let is_old = file.as_ref().is_some_and(|file| remains.iter().any(|word| file.text.contains(word)));
                let is_whole = file.is_some_and(|file| file.root.is_some() && file.problems.is_empty());
                let fix = match is_whole && !is_old {
                    true => renamed(tree, stem),
                    false => "delete it: nothing in it has a meaning there".to_owned(),
                };
                let level = if is_old { Level::Note } else { Level::Error };
                subject.find_file("EB215", path, message, fix).level = level;
            }
            Entry::File { .. }
                if parents.next().is_some_and(|dir| misspelt(dir, EXTENSIONS)) && name.ends_with(".config") =>
            {
                let message = format!("`{path}` is not read: the folder must be called `{EXTENSIONS}`");
                subject.find_file("EB215", path, message, format!("rename the folder to `{EXTENSIONS}`"));
            }
            _ => {}
        }
    }
}

pub(super) fn is_apple_double(path: &str) -> bool {
    path.contains("__MACOSX") || file_name(path).starts_with("._")
}

fn extension(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(_, extension)| extension)
}

/// What to do with a configuration file that has another ending: no file takes the place of one that is read.
pub(in crate::check::rules) fn renamed(tree: &Tree, stem: &str) -> String {
    match tree.get(&format!("{EXTENSIONS}/{stem}.config")) {
        Some(_) => format!("delete it: `{stem}.config` is there as well, and is read"),
        None => format!("rename it to `{stem}.config`, or delete it if it is off on purpose"),
    }
}

/// A data file that a command or a file entry mentions is where it should be.
fn used_as_data(subject: &Subject<'_>, name: &str) -> bool {
    subject.customizations.configs.iter().any(|file| file.text.contains(name))
}
