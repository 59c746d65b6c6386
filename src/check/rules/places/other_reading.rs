//! Other reading: what beansprout leaves out as git does, and the EB CLI ships.

use std::ops::Range;

use super::EBIGNORE;
use crate::beanstalk::lines::placed;
use crate::check::subject::Subject;
use crate::ui::ticked;

const RULE: &str = "EB349";

pub(super) fn check(subject: &mut Subject<'_>) {
    let Some(text) = subject.tree.text(EBIGNORE) else { return };
    // With `--ignore eb-cli` they ship, and a folder that is not there has no files either way.
    let late = late(text);
    let mut left = late.iter().filter(|late| subject.tree.under(&late.folder).next().is_none());
    let Some(first) = left.next() else { return };
    let (span, by) = (first.span.clone(), first.by);
    let mut folders = vec![first.folder.as_str()];
    for other in left {
        if !folders.contains(&other.folder.as_str()) {
            folders.push(&other.folder);
        }
    }
    let message = format!(
        "beansprout leaves out {}, and `eb deploy` does not: as git reads it, `{by}` leaves out the folder, and no line brings back what is in it",
        ticked(folders.iter().copied())
    );
    let lines: Vec<String> = folders.iter().map(|folder| format!("!{folder}/")).collect();
    let fix = format!(
        "write {} before the lines about what is in there, which both read alike; or say `--ignore eb-cli`",
        ticked(lines.iter().map(String::as_str))
    );
    subject.find(RULE, EBIGNORE, span, message, fix);
}

/// Something that Elastic Beanstalk looks for, and that a line of git's leaves out: where there is an `.ebignore`, the EB CLI reads that alone.
pub(in crate::check::rules) fn ignored(subject: &mut Subject<'_>, path: &str, by: &str) {
    if subject.tree.text(EBIGNORE).is_none() {
        return;
    }
    let message = format!(
        "beansprout leaves out `{path}`, and `eb deploy` does not: that reads `{EBIGNORE}` alone, and not {by}"
    );
    let fix = format!("add `!{path}` to `{EBIGNORE}`, which both read alike; or say `--ignore eb-cli`");
    subject.find_file(RULE, EBIGNORE, message, fix);
}

/// A line that comes too late, and the folder that stays out.
#[derive(Debug)]
struct Late<'a> {
    span: Range<usize>,
    folder: String,
    /// The line that leaves the folder out.
    by: &'a str,
}

/// The lines that bring back something in a folder which another line leaves out. Only names without wildcards are followed.
fn late(text: &str) -> Vec<Late<'_>> {
    let lines: Vec<(usize, &str)> = placed(text)
        .map(|(at, line)| (at, line.trim_end()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let mut found = Vec::new();
    for (at, line) in &lines {
        let Some(kept) = line.strip_prefix('!') else { continue };
        let Some((folders, _)) = kept.trim_start_matches('/').trim_end_matches('/').rsplit_once('/') else { continue };
        let mut folder = String::new();
        for name in folders.split('/').take_while(|name| !name.contains(['*', '?', '[', '\\'])) {
            folder = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            let last = lines.iter().rev().find(|(_, line)| names(line.trim_start_matches('!'), &folder));
            if let Some((_, by)) = last.filter(|(_, line)| !line.starts_with('!')) {
                found.push(Late { span: *at..at + line.len(), folder, by });
                break;
            }
        }
    }
    found
}

/// Does a pattern mean this folder itself, as git reads it?
fn names(pattern: &str, folder: &str) -> bool {
    let below_top = pattern.trim_end_matches('/').trim_start_matches('/');
    let anchored = pattern.starts_with('/') || below_top.contains('/');
    match below_top {
        "*" => !anchored || !folder.contains('/'),
        "**" | "**/*" => true,
        name if !anchored => folder.rsplit('/').next() == Some(name),
        path => match (path.strip_suffix("/**"), path.strip_suffix("/*"), path.strip_prefix("**/")) {
            (Some(above), ..) => folder.strip_prefix(above).is_some_and(|rest| rest.starts_with('/')),
            (_, Some(above), _) => folder.rsplit_once('/').is_some_and(|(parent, _)| parent == above),
            (_, _, Some(name)) => folder == name || folder.ends_with(&format!("/{name}")),
            _ => folder == path,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_out_keeps_what_is_in_it() {
        #[track_caller]
        fn case(text: &str, folders: &[&str]) {
            let found: Vec<String> = late(text).into_iter().map(|late| late.folder).collect();
            assert_eq!(found, folders, "{text}");
        }
        case("/**\n!manage.py\n!shop/**\n!.platform/**\n", &["shop", ".platform"]);
        case("*\n!shop/settings.py\n", &["shop"]);
        case("/*\n!shop/a/b.py\n", &["shop"]);
        case("media/\n!media/logo.png\n", &["media"]);
        case("/media\n!/media/logo.png\n", &["media"]);
        case("static/**\n!static/css/site.css\n", &["static/css"]);
        case("**/cache\n!a/cache/keep\n", &["a/cache"]);
        // The folder comes back as well, or was never out.
        case("/**\n!shop/\n!shop/**\n", &[]);
        case("/**\n!shop/**\n!shop\n", &[]);
        case("*\n!*/\n!shop/**\n", &[]);
        case("media/*\n!media/logo.png\n", &[]);
        case("*.log\n!logs/keep.log\n", &[]);
        case("build/\n!dist/a.js\n!x\n# /**\n", &[]);
        case("/*\n!a/*.py\n", &["a"]);
    }
}
