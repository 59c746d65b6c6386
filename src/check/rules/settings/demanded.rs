//! Demanded: what the settings themselves refuse to start without, so that no default of theirs is ever used.

use crate::beanstalk::lines::indent;
use crate::check::django::Setting;
use crate::check::script::find_all;
use crate::check::subject::Subject;

/// Do the settings stop where this one has no more than its default?
///
/// They ask for it by name later on, or have stopped before the place that gives it.
pub(in crate::check::rules) fn is_demanded(subject: &Subject<'_>, name: &str, setting: &Setting) -> bool {
    let Some(text) = subject.tree.code(&setting.path) else { return false };
    stops_over(text, name) || stops_before(text, setting.span.start)
}

/// Is the first that is done after the head of a block to stop?
fn stops(body: &str, head: &str) -> bool {
    let first = body.lines().find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    first.is_some_and(|line| {
        let word = line.trim();
        indent(line) > indent(head) && ["raise ", "sys.exit(", "exit("].iter().any(|stop| word.starts_with(stop))
    })
}

/// Is there an `if` about this name that stops?
fn stops_over(text: &str, name: &str) -> bool {
    find_all(text, name).any(|span| {
        let start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[span.end..].find('\n').map_or(text.len(), |newline| span.end + newline);
        let head = &text[start..end];
        let asks = head.trim_start().starts_with("if ") || head.trim_start().starts_with("elif ");
        asks && head.trim_end().ends_with(':') && stops(&text[end..], head)
    })
}

/// Does an `if` before a place in the same inner block stop?
fn stops_before(text: &str, at: usize) -> bool {
    let mut end = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let depth = indent(text[end..].lines().next().unwrap_or_default());
    while depth > 0 && end > 0 {
        let start = text[..end - 1].rfind('\n').map_or(0, |newline| newline + 1);
        let line = &text[start..end - 1];
        if !line.trim().is_empty() {
            if indent(line) < depth {
                return false;
            }
            if indent(line) == depth && line.trim_start().starts_with("if ") && stops(&text[end..], line) {
                return true;
            }
        }
        end = start;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{stops_before, stops_over};

    #[test]
    fn settings_that_stop_over_a_name() {
        let stops = |text: &str| stops_over(text, "SECRET_KEY");
        assert!(stops("if ENV == 'production' and SECRET_KEY == 'dev':\n    raise RuntimeError('no key')\n"));
        assert!(stops("if not SECRET_KEY:\n    # No key.\n    sys.exit(1)\n"));
        assert!(stops("if 'SECRET_KEY' not in os.environ:\n    raise KeyError\n"));
        assert!(!stops("if not SECRET_KEY:\n    SECRET_KEY = 'dev'\n"));
        assert!(!stops("if not OTHER_SECRET_KEY:\n    raise RuntimeError\n"));
        assert!(!stops("SECRET_KEY = 'a'\nif not DEBUG:\n    raise RuntimeError\n"));
    }

    #[test]
    fn settings_that_have_stopped_before() {
        let stops = |text: &str| stops_before(text, text.find("DATABASES").expect("a place"));
        assert!(stops(
            "if HOST:\n    a = 1\nelse:\n    if PRODUCTION:\n        raise RuntimeError\n    DATABASES = {}\n"
        ));
        assert!(!stops("if PRODUCTION:\n    raise RuntimeError\nDATABASES = {}\n"));
        assert!(!stops("if HOST:\n    if BAD:\n        raise RuntimeError\nelse:\n    DATABASES = {}\n"));
    }
}
