//! Patterns of names as in `.gitignore`, as far as templates use them: a name anywhere, a path, `*`, `?`, `[…]`.

use std::collections::BTreeSet;

/// Is a path, or a folder that it is in, among those that the patterns mean? The last one that fits decides.
pub(super) fn covers(patterns: &[String], path: &str) -> bool {
    let mut out = false;
    for pattern in patterns {
        let (kept, pattern) = pattern.strip_prefix('!').map_or((false, pattern.as_str()), |pattern| (true, pattern));
        let pattern = pattern.trim_end_matches('/');
        let anchored = pattern.contains('/');
        let pattern = pattern.trim_start_matches('/');
        let prefixes: BTreeSet<&str> = path.match_indices('/').map(|(at, _)| &path[..at]).chain([path]).collect();
        let hit = prefixes.iter().any(|prefix| {
            let name = prefix.rsplit_once('/').map_or(*prefix, |(_, name)| name);
            matches(pattern, if anchored { prefix } else { name })
        });
        if hit {
            out = !kept;
        }
    }
    out
}

/// One of a pattern's signs.
enum Sign {
    Anything,
    Any,
    Letter(char),
    /// Letters from one to another, or all but those.
    Set(Vec<(char, char)>, bool),
}

/// After a `*` only the last one is tried again, so that a pattern costs no more than its length times that of the text.
fn matches(pattern: &str, text: &str) -> bool {
    let (signs, text): (Vec<Sign>, Vec<char>) = (signs(pattern), text.chars().collect());
    let (mut at, mut letter) = (0, 0);
    // The last `*`, and where what it stands for ends.
    let mut again: Option<(usize, usize)> = None;
    while letter < text.len() {
        let fits = match signs.get(at) {
            Some(Sign::Anything) => {
                again = Some((at, letter));
                at += 1;
                continue;
            }
            Some(Sign::Any) => true,
            Some(Sign::Letter(expected)) => *expected == text[letter],
            Some(Sign::Set(ranges, inverted)) => {
                ranges.iter().any(|(from, to)| (*from..=*to).contains(&text[letter])) != *inverted
            }
            None => false,
        };
        match again {
            _ if fits => (at, letter) = (at + 1, letter + 1),
            Some((star, end)) => {
                again = Some((star, end + 1));
                (at, letter) = (star + 1, end + 1);
            }
            None => return false,
        }
    }
    signs[at..].iter().all(|sign| matches!(sign, Sign::Anything))
}

fn signs(pattern: &str) -> Vec<Sign> {
    let mut found = Vec::new();
    let mut rest = pattern.chars();
    while let Some(sign) = rest.next() {
        found.push(match sign {
            '*' => Sign::Anything,
            '?' => Sign::Any,
            '[' => match rest.as_str().split_once(']') {
                Some((set, after)) => {
                    rest = after.chars();
                    let (set, inverted) = set.strip_prefix(['!', '^']).map_or((set, false), |set| (set, true));
                    Sign::Set(ranges(set), inverted)
                }
                None => Sign::Letter('['),
            },
            letter => Sign::Letter(letter),
        });
    }
    found
}

fn ranges(set: &str) -> Vec<(char, char)> {
    let letters: Vec<char> = set.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        match letters[at..] {
            [from, '-', to, ..] => {
                found.push((from, to));
                at += 3;
            }
            [one, ..] => {
                found.push((one, one));
                at += 1;
            }
            [] => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_paths_are_covered() {
        #[track_caller]
        fn case(pattern: &str, path: &str, covered: bool) {
            assert_eq!(covers(&[pattern.to_owned()], path), covered, "{pattern} {path}");
        }
        case("*.bak", "a/b.bak", true);
        case("*.py[co]", "a.pyc", true);
        case("*.py[co]", "a.py", false);
        case("[!a-c]x", "dx", true);
        case("[!a-c]x", "bx", false);
        case("a?c", "abc", true);
        case("docs", "a/docs/b", true);
        case("/docs", "docs/a", true);
        case("/docs", "a/docs", false);
        case("a/docs", "a/docs/b", true);
        case("a*b*c", "axbxbxc", true);
        case("a*b*c", "axbxbx", false);
        case("[a", "[a", true);
        let patterns = ["*.md".to_owned(), "!README.md".to_owned()];
        assert!(covers(&patterns, "a.md") && !covers(&patterns, "README.md"));
    }

    #[test]
    fn many_stars_cost_no_more_than_they_are_long() {
        let pattern = format!("{}b", "*a".repeat(2_000));
        assert!(!covers(&[pattern], &"a".repeat(4_000)));
    }
}
