//! What a merge leaves to a person, and would ship if nobody came by.

use std::ops::Range;

use crate::beanstalk::tree::Tree;
use crate::check::subject::Subject;

pub(super) fn check(subject: &mut Subject<'_>) {
    markers(subject);
    leftovers(subject);
}

fn markers(subject: &mut Subject<'_>) {
    let found: Vec<(String, Range<usize>)> =
        texts(subject.tree).filter_map(|(path, text)| Some((path.to_owned(), conflict(text)?))).collect();
    for (path, span) in found {
        let message = format!("`{path}` has both sides of a merge that nobody finished");
        subject.find("EB170", &path, span, message, "decide between the lines, and delete the markers");
    }
}

fn leftovers(subject: &mut Subject<'_>) {
    const LEFT: [(&str, &str); 2] = [
        (".rej", "take over what it says, and delete it"),
        // As the file was before: what it says has been mended.
        (".orig", "delete it"),
    ];
    let of = |path: &str| LEFT.iter().find_map(|(end, fix)| Some((path.strip_suffix(end)?.to_owned(), *fix)));
    let tree = subject.tree;
    let found: Vec<(String, (String, &str))> = tree
        .iter()
        .filter_map(|(path, _)| Some((path.to_owned(), of(path).filter(|(file, _)| tree.is_file(file))?)))
        .collect();
    for (path, (file, fix)) in found {
        let message = format!("`{path}` would ship: a patch left it beside `{file}`");
        subject.find_file("EB171", &path, message, fix);
    }
}

fn texts(tree: &Tree) -> impl Iterator<Item = (&str, &str)> {
    tree.iter().filter_map(|(path, _)| Some((path, std::str::from_utf8(tree.content(path)?).ok()?)))
}

/// The first marker, if there are all three, in their order and at the beginnings of lines. A line of `=` alone is a title.
fn conflict(text: &str) -> Option<Range<usize>> {
    let mut begin = None;
    let mut middle = false;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let is = |marker: &str| {
            let rest = line.trim_end().strip_prefix(marker);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        if is("<<<<<<<") {
            (begin, middle) = (Some(offset..offset + line.trim_end().len()), false);
        } else if is("=======") {
            middle = begin.is_some();
        } else if is(">>>>>>>") && middle {
            return begin;
        }
        offset += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_conflicts_count() {
        #[track_caller]
        fn case(text: &str, found: Option<Range<usize>>) {
            assert_eq!(conflict(text), found, "{text}");
        }
        case("a\n<<<<<<< yours\nb\n=======\nc\n>>>>>>> theirs\n", Some(2..15));
        case("<<<<<<<\n=======\n>>>>>>>", Some(0..7));
        case("<<<<<<< a\r\nb\r\n=======\r\nc\r\n>>>>>>> b\r\n", Some(0..9));
        case("Title\n=======\n", None);
        case("=======\n<<<<<<< a\n>>>>>>> b\n", None);
        case("<<<<<<<< a\n========\n>>>>>>>> b\n", None);
        case(" <<<<<<< a\n =======\n >>>>>>> b\n", None);
    }
}
