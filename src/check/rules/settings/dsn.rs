//! DSN: where an application sends its errors, with a half of it that was a secret.

use std::ops::Range;

use crate::check::django::Settings;
use crate::check::subject::Subject;
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    for path in &settings.files {
        let Some(span) = subject.tree.code(path).and_then(secret_half) else { continue };
        let message = "everybody who can read the code has the secret half of this DSN, and can send events in the project's name";
        let fix = "revoke it in the project's keys, and read the new one from a property or secret of the environment: a DSN of today has no such half";
        subject.find("EB112", path, span, message, fix).level = Level::Note;
    }
}

/// Where `https://KEY:SECRET@…` has its secret: both halves are 32 digits of base 16.
fn secret_half(text: &str) -> Option<Range<usize>> {
    const LENGTH: usize = 32;
    text.match_indices("https://").find_map(|(at, scheme)| {
        let start = at + scheme.len();
        let is_half = |half: &str| half.len() == LENGTH && half.bytes().all(|byte| byte.is_ascii_hexdigit());
        let key = text.get(start..start + LENGTH)?;
        let secret = text.get(start + LENGTH + 1..start + 2 * LENGTH + 1)?;
        let joined = text.as_bytes().get(start + LENGTH) == Some(&b':');
        let ends = text.as_bytes().get(start + 2 * LENGTH + 1) == Some(&b'@');
        let line = &text[text[..at].rfind('\n').map_or(0, |newline| newline + 1)..at];
        let comment = line.trim_start().starts_with('#');
        let plain = secret.bytes().any(|byte| byte != secret.as_bytes()[0]);
        (is_half(key) && is_half(secret) && joined && ends && !comment && plain)
            .then_some(start + LENGTH + 1..start + 2 * LENGTH + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::secret_half;

    #[test]
    fn halves_of_a_dsn() {
        let (key, secret) = ("9189ed1f1bfa40c3b8648154ea565f5e", "be7d3c5baba047b5bcc3b73020ba2c47");
        let found = |text: String| secret_half(&text).map(|span| text[span].to_owned());
        assert_eq!(found(format!("'dsn': 'https://{key}:{secret}@sentry.io/1',\n")).as_deref(), Some(secret));
        assert_eq!(found(format!("# 'dsn': 'https://{key}:{secret}@sentry.io/1'\n")), None);
        assert_eq!(found(format!("dsn = 'https://{key}@o1.ingest.sentry.io/1'\n")), None);
        assert_eq!(found("dsn = 'https://PUBLIC:SECRET@sentry.io/1'\n".to_owned()), None);
        assert_eq!(found(format!("dsn = 'https://{key}:{}@sentry.io/1'\n", "0".repeat(32))), None);
    }
}
