//! Patterns against paths, as git decides.

use super::*;
use crate::bundle::select::rules::RuleFile;

#[test]
fn patterns_mean_what_git_means() {
    #[track_caller]
    fn case(line: &str, path: &str, expected: bool) {
        let file = RuleFile::inside("x", "", line.as_bytes(), Case::Exact);
        let (path, is_directory) = path.strip_suffix('/').map_or((path, false), |path| (path, true));
        let found = file.find_index(path.as_bytes(), is_directory).is_some();
        assert_eq!(found, expected, "`{line}` on `{path}`");
    }
    case("name", "name", true);
    case("name", "a/b/name", true);
    case("name", "a/b/rename", false);
    case("name/", "a/name", false);
    case("name/", "a/name/", true);
    case("/name", "name", true);
    case("/name", "a/name", false);
    case("a/name", "a/name", true);
    case("a/name", "b/a/name", false);
    case("*.py", "a/b.py", true);
    case("*.py", "a/.py", true);
    case("*.py", "a/b.pyc", false);
    case("*", "a/b", true);
    case("a*c", "abc", true);
    case("a?c", "a/c", false);
    case("a/*", "a/b", true);
    case("a/*", "a/b/c", false);
    case("a/**", "a/b/c", true);
    case("a/**", "a", false);
    case("**/b", "b", true);
    case("**/b", "a/a/b", true);
    case("a/**/b", "a/b", true);
    case("a/**/b", "a/x/y/b", true);
    case("a/**/b", "axb", false);
    case("/a**b", "a/b", false);
    case("/a/b**/z", "a/bx/c/z", true);
    case("x/a*b", "x/a/b", false);
    case("{a,b}", "a", false);
    case("{a,b}", "{a,b}", true);
    case("[a-c]x", "bx", true);
    case("[!a-c]x", "bx", false);
    case("[^a-c]x", "dx", true);
    case("[]-]x", "]x", true);
    case("[]-]x", "-x", true);
    case("[[:digit:]]", "7", true);
    case("[[:digit:]]", "x", false);
    case("[[:nonsense:]]", "n", false);
    case("[a", "[a", false);
    case("\\#a", "#a", true);
    case("\\!a", "!a", true);
    case("a\\ ", "a ", true);
    case("a  ", "a", true);
    case("a\\\\ ", "a\\", true);
    case("a\r", "a", true);
    case("é", "é", true);
}

#[test]
fn blanks_and_comments_are_no_patterns() {
    for line in ["", "   ", "# comment", "!", "\r"] {
        assert!(Pattern::parse(line.as_bytes(), Case::Exact).is_none(), "`{line}`");
    }
}

#[test]
fn many_stars_end_in_time() {
    let file = RuleFile::inside("x", "", b"x/*a*a*a*a*a*a*a*a*a*a*a*a*b", Case::Exact);
    assert!(file.find_index(format!("x/{}", "a".repeat(2000)).as_bytes(), false).is_none());
}

#[test]
fn bytes_that_are_no_text_are_bytes() {
    #[track_caller]
    fn case(line: &[u8], path: &[u8], case: Case, expected: bool) {
        let file = RuleFile::inside("x", "", line, case);
        assert_eq!(file.find_index(path, false).is_some(), expected, "{line:?} on {path:?}");
    }
    case(b"caf\xc3*", "café".as_bytes(), Case::Exact, true);
    case(b"caf??", "café".as_bytes(), Case::Exact, true);
    case(b"caf?", "café".as_bytes(), Case::Exact, false);
    case("caf[é]".as_bytes(), b"caf\xa9", Case::Exact, true);
    case("caf[!é]".as_bytes(), b"caf\xa9", Case::Exact, false);
    case(b"a\0b", b"a", Case::Exact, true);
    case(b"\xff", b"\xff", Case::Exact, true);
    case(b"Name", b"a/nAME", Case::Folded, true);
    case(b"*.LOG", b"a/x.log", Case::Folded, true);
    case(b"/A/b?", b"a/BC", Case::Folded, true);
    case(b"[A-C]x", b"bX", Case::Folded, true);
    case(b"[A]x", b"ax", Case::Folded, false);
    case(b"\\Ax", b"ax", Case::Folded, false);
    case(b"Name", b"name", Case::Exact, false);
}

/// The crate takes no more than 10 MB of patterns in one go, and loses them all at once.
#[test]
fn no_line_is_lost_because_of_another() {
    let wild = |length: usize, end: usize| format!("{}{end}x", "?".repeat(length));
    let many: Vec<String> = (10..36).map(|number| wild(20_000, number)).collect();
    let file = RuleFile::inside("x", "", many.join("\n").as_bytes(), Case::Exact);
    assert_eq!(file.problems().count(), 0);
    for number in [10, 11, 30, 35] {
        let path = format!("{}{number}x", "a".repeat(20_000));
        assert_eq!(file.find_index(path.as_bytes(), false), Some(number - 10));
    }
    // What is too much alone is told, with its line, and the others stay.
    let text = format!("# first\na?c\n{}\n\n*.log\n!b?d\n", wild(400_000, 10));
    let file = RuleFile::inside("a/.gitignore", "", text.as_bytes(), Case::Exact);
    let problems: Vec<String> = file.problems().map(|problem| problem.to_string()).collect();
    assert_eq!(problems, ["`a/.gitignore` has a pattern in line 3 that is too long to be obeyed"]);
    let find = |path: &str| file.find_index(path.as_bytes(), false);
    assert_eq!([find("abc"), find("x.log"), find("bcd"), find("bcx")], [Some(0), Some(2), Some(3), None]);
    // An empty set matches nothing, and is no mistake.
    let file = RuleFile::inside("x", "", b"a[/]b\xff\n", Case::Exact);
    assert_eq!(file.problems().count(), 0);
    assert_eq!(file.find_index(b"a/b\xff", false), None);
}
