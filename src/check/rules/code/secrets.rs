//! Secrets: passwords and keys that stand in the code that the server imports, or in scripts that ship.

use std::ops::Range;

use crate::beanstalk::lines::{indent, placed};
use crate::beanstalk::tree::file_name;
use crate::check::django::Value;
use crate::check::django::loaded::Module;
use crate::check::rules::settings::keys::is_named_secret;
use crate::check::subject::Subject;
use crate::check::words::assigned;

/// Of what is tried out, and what is to be replaced.
const TRIED: [&str; 12] =
    ["test", "demo", "sample", "dummy", "fake", "admin", "default", "123456", "qwerty", "abc123", "foobar", "hello"];

pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module]) {
    let settings = subject.settings().map(|settings| settings.files.clone()).unwrap_or_default();
    let served =
        modules.iter().map(|module| module.path.as_str()).filter(|path| !settings.iter().any(|file| file == path));
    for path in settings.iter().map(String::as_str).chain(served) {
        let text = subject.tree.code(path).unwrap_or_default();
        let Some((at, line)) =
            placed(text).find(|(_, line)| !line.trim_start().starts_with('#') && of_sentry(line).is_some())
        else {
            continue;
        };
        let Some(span) = of_sentry(line) else { continue };
        let message =
            "everybody who can read the code has this key: the second half of an address of Sentry's is secret";
        let fix = "make a new one; `https://KEY@HOST/PROJECT` is enough, and belongs into a property";
        subject.find("EB112", path, at + span.start..at + span.end, message, fix);
    }
    // Settings have a rule of their own, and what they take in as well.
    for module in modules.iter().filter(|module| !settings.contains(&module.path)) {
        let Some(text) = subject.tree.code(&module.path) else { continue };
        if let Some((span, name)) = placed(text).find_map(|(at, line)| in_python(at, line.trim_end())) {
            say(subject, &module.path, span, name);
        }
    }
    let tree = subject.tree;
    let is_script = |path: &str| file_name(path).ends_with(".sh") || path.starts_with(".platform/");
    let sample = |path: &str| ["example", "sample", "template", "test"].iter().any(|word| path.contains(word));
    let scripts: Vec<&str> =
        tree.iter().map(|(path, _)| path).filter(|path| is_script(path) && !sample(path)).collect();
    for path in scripts {
        let Some(text) = tree.text(path) else { continue };
        if let Some((span, name)) = placed(text).find_map(|(at, line)| in_shell(at, line.trim_end())) {
            say(subject, path, span, name);
        }
    }
}

fn say(subject: &mut Subject<'_>, path: &str, span: Range<usize>, name: &str) {
    let said = |finding: &crate::check::finding::Finding| {
        finding.rule == "EB112"
            && finding.path == path
            && finding.span.as_ref().is_some_and(|other| other.start < span.end && span.start < other.end)
    };
    if subject.found().iter().any(said) {
        return;
    }
    let message = format!("everybody who can read the code has this key: `{name}` is in it");
    let fix = "make a new one, and read it from a secret of the environment";
    subject.find("EB112", path, span, message, fix);
}

/// `https://KEY:SECRET@HOST`, of 32 hexadecimal digits each.
fn of_sentry(line: &str) -> Option<Range<usize>> {
    const DIGITS: usize = 32;
    line.match_indices("https://").find_map(|(at, scheme)| {
        let start = at + scheme.len();
        let pair = line.get(start..start + 2 * DIGITS + 2)?;
        let (key, secret) = pair.strip_suffix('@')?.split_once(':')?;
        let is = |half: &str| half.len() == DIGITS && half.chars().all(|char| char.is_ascii_hexdigit());
        (is(key) && is(secret)).then_some(start..start + 2 * DIGITS + 1)
    })
}

/// `NAME = "value"`, of a constant: what has a name in small letters is often handed around.
fn in_python(at: usize, line: &str) -> Option<(Range<usize>, &str)> {
    let (name, value) = line.trim_start().split_once('=')?;
    let (name, value) = (name.trim_end(), value.trim_start());
    let constant = |char: char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_';
    let quote = value.chars().next().filter(|char| matches!(char, '"' | '\''))?;
    let (inner, rest) = value[1..].split_once(quote)?;
    let alone = rest.trim_start().is_empty() || rest.trim_start().starts_with('#');
    (!name.is_empty() && name.chars().all(constant) && alone && is_certain(name, inner))
        .then(|| (at + indent(line)..at + line.len(), name))
}

/// `export NAME=value`
fn in_shell(at: usize, line: &str) -> Option<(Range<usize>, &str)> {
    let word = line.trim_start();
    let word = word.strip_prefix("export ").unwrap_or(word).trim_start();
    let (name, value) = assigned(word)?;
    let value = value.trim_matches(['"', '\'']);
    is_certain(name, value).then(|| (at + indent(line)..at + line.len(), name))
}

fn is_certain(name: &str, value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let letters = value.chars().collect::<std::collections::BTreeSet<char>>().len();
    let tried = TRIED.iter().any(|word| lower.contains(word));
    letters >= 6 && !tried && !value.contains(['`', '(']) && is_named_secret(name, &Value::Text(value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certain() {
        for line in ["DB_PASSWORD = 'k7Qx29pLm4'", "    EMAIL_PASSWORD=\"k7Qx29pLm4\"  # mail"] {
            assert!(in_python(0, line).is_some(), "{line}");
        }
        for line in [
            "DB_PASSWORD = os.environ['k7Qx29pLm4']",
            "DB_PASSWORD = 'your-password-1'",
            "DB_PASSWORD = 'changeme1'",
            "DB_PASSWORD = 'test1234'",
            "password = 'k7Qx29pLm4'",
            "RESET_PASSWORD = 'reset_password'",
            "PUBLIC_KEY = 'k7Qx29pLm4'",
            "# DB_PASSWORD = 'k7Qx29pLm4'",
            "if DB_PASSWORD == 'k7Qx29pLm4':",
        ] {
            assert!(in_python(0, line).is_none(), "{line}");
        }
        for line in ["export EMAIL_PASSWORD=k7Qx29pLm4", "DB_PASS='k7Qx29pLm4'"] {
            assert!(in_shell(0, line).is_some(), "{line}");
        }
        for line in [
            "export DB_PASSWORD=$1",
            "DB_PASSWORD=\"${X}k7Qx29pLm4\"",
            "echo DB_PASSWORD=k7Qx29pLm4",
            "# A_SECRET=k7Qx29pLm4",
        ] {
            assert!(in_shell(0, line).is_none(), "{line}");
        }
    }
}
