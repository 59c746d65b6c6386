//! Values that names are given, and what shows that one is a secret.

use super::token_formats::{Alphabet, run};

/// The value that a name is given: behind `=`, `:`, `=>`, in quotes or not.
pub(super) fn value_after(rest: &[u8]) -> &[u8] {
    let signs = |byte: &u8| matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'=' | b':' | b'>');
    let skipped = rest.iter().take(12).take_while(|byte| signs(byte)).count();
    if !rest[..skipped].iter().any(|byte| matches!(byte, b'=' | b':')) {
        return &[];
    }
    let value = &rest[skipped..];
    let end = value
        .iter()
        .take(256)
        .take_while(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b',' | b';'))
        .count();
    &value[..end]
}

/// `NAME = value`: a value of no words, long and mixed enough that nobody has made it up.
pub(super) fn is_named_value(rest: &[u8]) -> bool {
    // The rest of the name.
    let name =
        rest.iter().take(32).take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count();
    let about: &[&[u8]] = &[
        b"_name",
        b"_arn",
        b"_id",
        b"_file",
        b"_path",
        b"_url",
        b"_header",
        b"_field",
        b"_class",
        b"_validators",
        // `RESET_PASSWORD_TEMPLATE` names a mail.
        b"_template",
        b"_templates",
        b"_view",
        b"_form",
        b"_endpoint",
        b"_uri",
        b"_redirect",
        b"_subject",
        b"_pattern",
        b"_regex",
        b"_policy",
        b"_length",
    ];
    let ending = rest[..name].to_ascii_lowercase();
    if about.iter().any(|about| ending.ends_with(about)) {
        return false;
    }
    let value = value_after(&rest[name..]);
    // Of a query it ends where the next name begins.
    let query = value.iter().position(|byte| *byte == b'&').filter(|at| value[*at..].contains(&b'='));
    let value = &value[..query.unwrap_or(value.len())];
    let is_plain = value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=_-!@#$%^&*~".contains(byte));
    let has_both = value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic);
    value.len() >= 20 && is_plain && has_both && !is_made_up(value) && entropy(value) >= 3.5
}

/// Does somebody say that it is none?
pub(super) fn is_placeholder(value: &[u8]) -> bool {
    const WORDS: [&str; 15] = [
        "example",
        "changeme",
        "change-me",
        "change_me",
        "placeholder",
        "your-",
        "your_",
        "dummy",
        "insecure",
        "xxxxx",
        "00000000",
        "1234567890",
        "abcdefghij",
        "do-not-use",
        "do_not_use",
    ];
    let lower = value.to_ascii_lowercase();
    let text = String::from_utf8_lossy(&lower);
    WORDS.iter().any(|word| text.contains(word))
        || text.starts_with("${")
        || text.starts_with("{{")
        || text.starts_with("$(")
        || text.starts_with('<')
        || value.iter().all(|byte| *byte == value[0])
}

/// Is it what a document or a file to be copied writes in the place of a value?
fn is_made_up(value: &[u8]) -> bool {
    const WORDS: [&str; 26] = [
        "your",
        "replace",
        "sample",
        "fake",
        "redacted",
        "todo",
        "xxxx",
        "....",
        "****",
        "generate",
        "insert",
        "change",
        "secret-key",
        "secret_key",
        "secretkey",
        "my-secret",
        "my_secret",
        "mysecret",
        "my-super",
        "my_super",
        "some-",
        "some_",
        "enter-",
        "enter_",
        "-here",
        "_here",
    ];
    let lower = value.to_ascii_lowercase();
    let text = String::from_utf8_lossy(&lower);
    is_placeholder(value) || text.starts_with('[') || WORDS.iter().any(|word| text.contains(word))
}

/// Bits for each character.
pub(super) fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    value.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let length = value.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| f64::from(*count) / length)
        .map(|part| -part * part.log2())
        .sum()
}

/// `user:password@host`, of a host that others can reach.
pub(super) fn has_password(rest: &[u8]) -> bool {
    let end = rest
        .iter()
        .take(200)
        .take_while(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>'))
        .count();
    let Ok(url) = std::str::from_utf8(&rest[..end]) else { return false };
    let Some((user, host)) = url.split_once('@') else { return false };
    let Some((_, password)) = user.split_once(':') else { return false };
    let host = host.split([':', '/', '?']).next().unwrap_or_default();
    let is_told = |text: &str| text.is_empty() || text.contains(['{', '$', '%', '*', '[', '(']);
    const COMMON: [&str; 14] = [
        "password",
        "pass",
        "passwd",
        "pwd",
        "secret",
        "user",
        "postgres",
        "mypassword",
        "my-password",
        "my_password",
        "dbpassword",
        "db_password",
        "password123",
        "token",
    ];
    let is_common = COMMON.iter().any(|word| password.eq_ignore_ascii_case(word));
    let is_near = !host.contains('.') || host.starts_with("127.") || host.contains("example");
    !is_told(password) && !is_told(host) && !is_common && !is_near && !is_made_up(password.as_bytes())
}

/// `eyJ….eyJ….…`
pub(super) fn is_web_token(rest: &[u8]) -> bool {
    let first = run(rest, Alphabet::Url);
    let Some(second) = rest.get(first..).and_then(|rest| rest.strip_prefix(b".eyJ")) else { return false };
    let length = run(second, Alphabet::Url);
    let third = second.get(length..).and_then(|rest| rest.strip_prefix(b"."));
    first >= 10 && length >= 10 && third.is_some_and(|third| run(third, Alphabet::Url) >= 20)
}
