//! Patterns of labels and branches.

/// Does the pattern, in which `*` stands for anything, match all of the label?
pub fn matches(pattern: &str, label: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == label,
        Some((start, rest)) => {
            let Some(tail) = label.strip_prefix(start) else { return false };
            tail.char_indices().map(|(at, _)| at).chain([tail.len()]).any(|at| matches(rest, &tail[at..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        #[track_caller]
        fn case(pattern: &str, label: &str, expected: bool) {
            assert_eq!(matches(pattern, label), expected, "{pattern} {label}");
        }
        case("v1", "v1", true);
        case("v1", "v10", false);
        case("v*", "v10", true);
        case("*-rc*", "app-1-rc2", true);
        case("*-rc*", "app-1", false);
        case("*", "", true);
    }
}
