//! Blocks: what a line of Python stands in, as far as its indentation tells.

use crate::beanstalk::lines::indent;

/// The heads of the blocks that a place is in, the inmost first, each with where the line after it begins.
pub(super) fn heads(text: &str, at: usize) -> impl Iterator<Item = (&str, usize)> {
    let mut end = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let mut inner = indent(text[end..].lines().next().unwrap_or_default());
    std::iter::from_fn(move || {
        while inner > 0 && end > 0 {
            let next = end;
            end = text[..next - 1].rfind('\n').map_or(0, |newline| newline + 1);
            let line = &text[end..next - 1];
            if !line.trim().is_empty() && indent(line) < inner {
                inner = indent(line);
                return Some((line, next));
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_from_the_inside() {
        let text = "a:\n    b = 1\n    c:\n\n        d\n        e\nf\n";
        let of = |word: &str| {
            let at = text.find(word).expect("a line");
            heads(text, at).map(|(head, _)| head.trim()).collect::<Vec<_>>()
        };
        assert_eq!(of("e\n"), ["c:", "a:"]);
        assert_eq!(of("b"), ["a:"]);
        assert!(of("f").is_empty() && of("a").is_empty());
        assert_eq!(
            heads(text, text.find('d').expect("a line")).next().map(|(_, next)| &text[next..next + 9]),
            Some("\n        ")
        );
    }
}
