//! Settings module: the name that `manage.py`, `wsgi.py` or a line of shell gives to `DJANGO_SETTINGS_MODULE`.
//!
//! On the ground, since `check`, `adopt` and the stacks all ask; text is enough to answer, and no parser is needed.

use std::ops::Range;

use crate::known::Known;

const KEY: &str = "DJANGO_SETTINGS_MODULE";

/// A module, and where in the text it is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub module: String,
    pub span: Range<usize>,
}

/// The module that a Python file gives to `DJANGO_SETTINGS_MODULE`.
///
/// Not known where it is no plain string, or where the file names several: which of them it is, only running it tells.
pub fn named_in(text: &str) -> Known<Named> {
    let mut found: Option<Named> = None;
    let mut taken: Option<Range<usize>> = None;
    let mut asked = false;
    for (at, _) in text.match_indices(KEY) {
        let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        if text[line..at].trim_start().starts_with('#') {
            continue;
        }
        let Some(value) = value(text, at + KEY.len()) else { continue };
        // What somebody takes where nobody gives it counts for nothing beside what is given.
        let before = text[line..at].trim_end_matches(['"', '\'', ' ']);
        if before.ends_with("get(") || before.ends_with("getenv(") {
            taken = taken.or(value);
            continue;
        }
        asked = true;
        let Some(span) = value else { return Known::unknown("its name is made while the program runs") };
        let named = Named { module: text[span.clone()].to_owned(), span };
        match &found {
            Some(first) if first.module != named.module => {
                return Known::unknown(format!("it is `{}` or `{}`", first.module, named.module));
            }
            Some(_) => {}
            None => found = Some(named),
        }
    }
    let taken = taken.filter(|_| !asked).map(|span| Named { module: text[span.clone()].to_owned(), span });
    match found.or(taken) {
        Some(named) => Known::Yes(named),
        None if asked => Known::unknown("its name is made while the program runs"),
        None => Known::No,
    }
}

/// What follows the key: nothing that gives it a value, a value that is no plain string, or the place of one.
#[expect(clippy::option_option, reason = "no value, a value that is not known, and one that is")]
fn value(text: &str, after: usize) -> Option<Option<Range<usize>>> {
    let rest = text.get(after..)?;
    // The key's own closing quote, as in `environ["…"]` and `setdefault("…", `; without one it is a word of shell or a comment.
    let inner = rest.strip_prefix(['"', '\''])?;
    let gives = |char: char| char.is_whitespace() || matches!(char, ']' | ')' | ',' | '=');
    let skipped = inner.find(|char: char| !gives(char)).unwrap_or(inner.len());
    let (between, value) = inner.split_at(skipped);
    let sets = between.contains(',') || (between.contains('=') && !between.contains("=="));
    if !sets {
        return None;
    }
    let quote = value.chars().next().filter(|char| matches!(char, '"' | '\''));
    let Some(quote) = quote else { return Some(None) };
    let start = text.len() - value.len() + 1;
    let length = text[start..].find([quote, '\n']).unwrap_or(0);
    let module = &text[start..start + length];
    // A hyphen is none of a name, but modules are looked for by their files.
    let plain = !module.is_empty() && module.chars().all(|char| char.is_alphanumeric() || "_.-".contains(char));
    // `"shop.settings." + name` names nothing yet.
    let whole = !text[start + length + 1..].trim_start_matches([' ', '\t']).starts_with(['+', '%', '.']);
    Some((plain && whole).then_some(start..start + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        #[track_caller]
        fn case(text: &str, module: &str) {
            let named = named_in(text).yes().unwrap_or_else(|| panic!("{text}: {:?}", named_in(text)));
            assert_eq!((named.module.as_str(), &text[named.span]), (module, module));
        }
        case("os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"a.b\")", "a.b");
        case("os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'a.b')", "a.b");
        case("os.environ.setdefault(\n    \"DJANGO_SETTINGS_MODULE\",\n    \"a.b\",\n)", "a.b");
        case("os.environ['DJANGO_SETTINGS_MODULE'] = 'a.b'", "a.b");
        case("os.environ[\"DJANGO_SETTINGS_MODULE\"]='a.b'", "a.b");
        case("os.putenv('DJANGO_SETTINGS_MODULE', 'a.b')", "a.b");
        case(
            "# os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'old')\nsetdefault('DJANGO_SETTINGS_MODULE', 'a')",
            "a",
        );
        case("if os.environ.get('DJANGO_SETTINGS_MODULE'):\n  pass\nsetdefault('DJANGO_SETTINGS_MODULE', 'a')", "a");
        case("setdefault('DJANGO_SETTINGS_MODULE', 'a')\nsetdefault('DJANGO_SETTINGS_MODULE', 'a')", "a");
        case("os.environ.get('DJANGO_SETTINGS_MODULE', 'a.b')", "a.b");
        case(
            "log(os.environ.get('DJANGO_SETTINGS_MODULE', 'Not set'))\nsetdefault('DJANGO_SETTINGS_MODULE', 'a')",
            "a",
        );
    }

    #[test]
    fn no_and_not_known_are_two_answers() {
        assert_eq!(named_in(""), Known::No);
        assert_eq!(named_in("# see DJANGO_SETTINGS_MODULE"), Known::No);
        assert_eq!(named_in("print(os.environ['DJANGO_SETTINGS_MODULE'])"), Known::No);
        assert_eq!(named_in("if os.environ['DJANGO_SETTINGS_MODULE'] == 'a': pass"), Known::No);
        #[track_caller]
        fn unknown(text: &str) {
            assert!(named_in(text).why().is_some(), "{:?}", named_in(text));
        }
        unknown("os.environ['DJANGO_SETTINGS_MODULE'] = '{{ x }}'");
        unknown("os.environ['DJANGO_SETTINGS_MODULE'] = f'a.{stage}'");
        unknown("os.environ['DJANGO_SETTINGS_MODULE'] = 'a.' + stage");
        unknown(
            "if x:\n  setdefault('DJANGO_SETTINGS_MODULE', 'a')\nelse:\n  setdefault('DJANGO_SETTINGS_MODULE', 'b')",
        );
    }
}
