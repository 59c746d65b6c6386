//! Patterns of paths, as `.gitignore` has them: a sign stands for what is between two slashes, and only `**` goes over them.

/// A pattern for a whole path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob(Vec<Sign>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Sign {
    Letter(char),
    /// `?`
    One,
    /// `*`
    Star,
    /// `**` at the end, behind a slash: all that is below.
    Below,
    /// `**/`: any folders, or none.
    Folders,
    /// Letters from one to another, or all but those.
    Set(Vec<(char, char)>, bool),
}

impl Glob {
    /// With every sign of `.gitignore`: `*`, `**`, `?`, `[…]`, and `\` before what is none.
    pub(crate) fn new(pattern: &str) -> Self {
        Self::parse(pattern, true)
    }

    /// With stars alone: other signs stand for themselves, as the brackets of a template do.
    pub(crate) fn of_stars(pattern: &str) -> Self {
        Self::parse(pattern, false)
    }

    fn parse(pattern: &str, all: bool) -> Self {
        let mut signs = Vec::new();
        let mut rest = pattern;
        let mut begins = true;
        while let Some(letter) = rest.chars().next() {
            let after = &rest[letter.len_utf8()..];
            let (sign, after) = match letter {
                '*' => {
                    let after = after.trim_start_matches('*');
                    let deep = begins && rest.len() - after.len() == 2;
                    match after.strip_prefix('/') {
                        Some(below) if deep => (Sign::Folders, below),
                        None if deep && after.is_empty() => (Sign::Below, after),
                        // More stars than two, and two beside a letter, are one.
                        _ => (Sign::Star, after),
                    }
                }
                '?' if all => (Sign::One, after),
                '[' if all => set(after).unwrap_or((Sign::Letter('['), after)),
                '\\' if all => match after.chars().next() {
                    Some(letter) => (Sign::Letter(letter), &after[letter.len_utf8()..]),
                    None => (Sign::Letter(letter), after),
                },
                letter => (Sign::Letter(letter), after),
            };
            begins = matches!(sign, Sign::Letter('/') | Sign::Folders);
            signs.push(sign);
            rest = after;
        }
        Self(signs)
    }

    /// Does it stand for this path? All ways are gone at once, so that it costs no more than the length of the pattern times
    /// that of the path.
    pub(crate) fn is_match(&self, path: &str) -> bool {
        let mut at = vec![false; self.0.len() + 1];
        at[0] = true;
        let mut before = '/';
        self.skip(&mut at, before);
        for letter in path.chars() {
            let mut next = vec![false; at.len()];
            for (place, sign) in self.0.iter().enumerate().filter(|(place, _)| at[*place]) {
                match sign {
                    Sign::Star => next[place] |= letter != '/',
                    Sign::Folders => next[place] = true,
                    Sign::Below => (next[place], next[place + 1]) = (true, true),
                    Sign::One => next[place + 1] |= letter != '/',
                    Sign::Letter(expected) => next[place + 1] |= *expected == letter,
                    Sign::Set(ranges, inverted) => {
                        let among = ranges.iter().any(|(from, to)| (*from..=*to).contains(&letter));
                        next[place + 1] |= letter != '/' && among != *inverted;
                    }
                }
            }
            (at, before) = (next, letter);
            self.skip(&mut at, before);
        }
        at[self.0.len()]
    }

    /// Go on to where nothing has to be read for.
    fn skip(&self, at: &mut [bool], before: char) {
        for (place, sign) in self.0.iter().enumerate() {
            let empty = matches!(sign, Sign::Star) || (matches!(sign, Sign::Folders) && before == '/');
            at[place + 1] |= at[place] && empty;
        }
    }
}

/// What stands between brackets, and what behind them; `None`: they are not closed.
fn set(text: &str) -> Option<(Sign, &str)> {
    let (text, inverted) = text.strip_prefix(['!', '^']).map_or((text, false), |text| (text, true));
    // A bracket that comes first is a letter.
    let end = text.char_indices().skip(1).find(|(_, letter)| *letter == ']')?.0;
    let letters: Vec<char> = text[..end].chars().collect();
    let mut ranges = Vec::new();
    let mut at = 0;
    while let Some(&from) = letters.get(at) {
        let to = match letters[at + 1..] {
            ['-', to, ..] => to,
            _ => from,
        };
        at += if letters.get(at + 1) == Some(&'-') && at + 2 < letters.len() { 3 } else { 1 };
        ranges.push((from, to));
    }
    Some((Sign::Set(ranges, inverted), &text[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_stand_for_what_is_between_slashes() {
        #[track_caller]
        fn case(pattern: &str, yes: &[&str], no: &[&str]) {
            let glob = Glob::new(pattern);
            yes.iter().for_each(|path| assert!(glob.is_match(path), "{pattern} {path}"));
            no.iter().for_each(|path| assert!(!glob.is_match(path), "{pattern} {path}"));
        }
        case("a/b", &["a/b"], &["a", "b", "a/b/c", "x/a/b"]);
        case("*.py", &["a.py", ".py"], &["a.pyc", "b/a.py"]);
        case("a*b*c", &["abc", "axbxbxc"], &["axbxbx", "ab/c"]);
        case("a?c", &["abc", "aéc"], &["ac", "a/c"]);
        case("*.py[co]", &["a.pyc", "a.pyo"], &["a.py", "a.pyx"]);
        case("[!a-c]x", &["dx"], &["bx", "/x"]);
        case("[a-]x", &["ax", "-x"], &["bx"]);
        case("[]a]x", &["]x", "ax"], &["[x"]);
        case("[a", &["[a"], &["a"]);
        case("a\\*", &["a*"], &["ab", "a\\"]);
        case("**/x", &["x", "a/x", "a/b/x"], &["ax", "x/a", "a/xx"]);
        case("a/**", &["a/b", "a/b/c"], &["a", "ab"]);
        case("a/**/b", &["a/b", "a/x/b", "a/x/y/b"], &["ab", "a/xb", "a/x/y/bb"]);
        case("**/a/**/*.py", &["a/b.py", "x/a/y/z/b.py"], &["b.py", "xa/b.py"]);
        case("**", &["a", "a/b"], &[]);
        case("a**b", &["ab", "axb"], &["a/b"]);
        case("***/a", &["b/a"], &["a", "b/c/a"]);
        case("", &[""], &["a"]);
    }

    #[test]
    fn of_stars_other_signs_stand_for_themselves() {
        assert!(Glob::of_stars("{{ a[0] }}/**/*?").is_match("{{ a[0] }}/b/c?"));
        assert!(!Glob::of_stars("[ab]*").is_match("abc"));
    }

    #[test]
    fn many_stars_cost_no_more_than_they_are_long() {
        assert!(!Glob::new(&format!("{}b", "*a".repeat(2_000))).is_match(&"a".repeat(4_000)));
        assert!(!Glob::new(&format!("{}b", "**/".repeat(2_000))).is_match(&"a/".repeat(2_000)));
    }
}
