//! First start: a key that the settings make where they find none, and keep in a file of the bundle.

use std::ops::Range;

use crate::beanstalk::lines::placed;
use crate::beanstalk::tree::file_name;
use crate::check::django::{Settings, Value};
use crate::check::subject::Subject;

const RULE: &str = "EB083";
const RANDOM: [&str; 7] = [
    "get_random_secret_key(",
    "get_random_string(",
    "SystemRandom(",
    "random.choice(",
    "random.choices(",
    "token_urlsafe(",
    "token_hex(",
];

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    // A variable that may have it is judged with the setting.
    let read = settings
        .get("SECRET_KEY")
        .is_none_or(|setting| setting.value == Value::Unknown && setting.reads.is_empty() && setting.behind.is_empty());
    // Beside an `.ebignore`, a file that git does not know ships from the disk of whoever has it.
    if !read || subject.composes() || subject.tree.is_file(".ebignore") {
        return;
    }
    let tree = subject.tree;
    let found = settings.files.iter().find_map(|path| {
        let text = tree.code(path)?;
        let writes = RANDOM.iter().any(|word| text.contains(word)) && text.contains(".write");
        let (file, span) =
            Some(text).filter(|_| writes).and_then(|text| written(text, settings).or_else(|| imported(path, text)))?;
        let end = format!("/{file}");
        let ships = tree.iter().any(|(path, _)| path == file || path.ends_with(&end));
        // What comes from elsewhere is the same each time.
        let given = subject.names_file(file_name(&file)) || subject.pipeline_names(file_name(&file));
        (!ships && !given).then(|| (path.clone(), span, file))
    });
    let Some((path, span, file)) = found else { return };
    let message = format!(
        "each deployment logs everybody out, and each instance has its own `SECRET_KEY`: it is made at the first start, and `{file}` is gone with the next"
    );
    subject.find(RULE, &path, span, message, "read it from an environment property or secret");
}

/// A file in the folder of the project that is opened to be written, and where the key is read.
fn written(text: &str, settings: &Settings) -> Option<(String, Range<usize>)> {
    let key = placed(text).find_map(|(at, line)| {
        let name = line.trim_start();
        let sets = name.strip_prefix("SECRET_KEY")?.trim_start();
        let reads = sets.starts_with('=') && ["open(", "read"].iter().any(|word| sets.contains(word));
        reads.then(|| at + line.len() - name.len()..at + line.trim_end().len())
    })?;
    let word = |char: char| char.is_alphanumeric() || char == '_';
    let opened = text.split("open(").skip(1).filter_map(|call| {
        let (name, rest) = call.split_once(',')?;
        let writes = rest.trim_start().trim_start_matches(['"', '\'']).starts_with('w');
        (writes && name.chars().all(word)).then_some(name)
    });
    let texts = text.match_indices(".write_text(").map(|(at, _)| {
        let before = text[..at].trim_end_matches(word);
        &text[before.len()..at]
    });
    let file = opened.chain(texts).find_map(|name| settings.value(name).in_project().map(str::to_owned))?;
    (!file.is_empty()).then_some((file, key))
}

/// A module that is written with the key in it, and imported.
fn imported(path: &str, text: &str) -> Option<(String, Range<usize>)> {
    placed(text).find_map(|(at, line)| {
        let (name, _) = line.trim().strip_prefix("from .")?.split_once(" import ")?;
        let file = format!("{name}.py");
        let names = [format!("\"{file}\""), format!("'{file}'")];
        let is_key = name.to_ascii_lowercase().contains("secret") || name.to_ascii_lowercase().contains("key");
        let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let start = at + line.len() - line.trim_start().len();
        let written = is_key && names.iter().any(|name| text.contains(name));
        written.then(|| (format!("{folder}{file}"), start..start + line.trim().len()))
    })
}
