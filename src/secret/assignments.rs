//! Files of `NAME=value`: is each value one that anybody may read?

use super::named_value::is_placeholder;

/// Parts of a name whose value is for few.
const TELLING: [&str; 29] = [
    "api",
    "auth",
    "cert",
    "cred",
    "credential",
    "credentials",
    "creds",
    "dsn",
    "hash",
    "key",
    "keys",
    "license",
    "login",
    "otp",
    "pass",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "pin",
    "private",
    "pwd",
    "salt",
    "secret",
    "secrets",
    "signature",
    "token",
    "tokens",
    "webhook",
];

/// Does every line assign something that is no secret? A line that is read in no such way counts as one that hides one.
pub(super) fn are_told(content: &[u8]) -> bool {
    std::str::from_utf8(content).is_ok_and(|text| text.trim_start_matches('\u{feff}').lines().all(is_told))
}

/// Is there no line but comments, none of which assigns?
pub(super) fn are_none(content: &[u8]) -> bool {
    let comment = |line: &str| line.is_empty() || (line.starts_with(['#', ';']) && !line.contains(['=', ':']));
    let units = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok()
    };
    let text = match content {
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes),
        content => String::from_utf8(content.to_vec()).ok(),
    };
    text.is_some_and(|text| text.trim_start_matches('\u{feff}').lines().map(str::trim).all(comment))
}

fn is_told(line: &str) -> bool {
    let line = line.trim();
    // A value that is commented out is still there to be read.
    if let Some(comment) = line.strip_prefix(['#', ';']) {
        let says = comment.split_once(':').is_some_and(|(name, _)| is_telling(name));
        return !says && !comment.contains('=') || assigns(comment.trim_start_matches(['#', ';', ' ']));
    }
    // Words of direnv, each with a name behind it.
    let of_direnv = ["use ", "layout ", "watch_file ", "PATH_add "].iter().any(|word| line.starts_with(word));
    line.is_empty() || assigns(line) || (of_direnv && !line.contains(['=', '$', ';'])) || line == "source_up"
}

fn assigns(line: &str) -> bool {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let Some((name, value)) = line.split_once('=') else { return false };
    let (name, value) = (name.trim(), value.trim().trim_matches(['"', '\'']));
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "_-.:@/".contains(letter);
    if name.is_empty() || !name.chars().all(is_name) {
        return false;
    }
    let is_switch = ["true", "false", "yes", "no", "on", "off"].iter().any(|word| value.eq_ignore_ascii_case(word));
    value.is_empty()
        || is_switch
        || !value.contains('@')
            && (value.len() > 1 && is_placeholder(value.as_bytes()) || !is_telling(name) && !has_random_run(value))
}

/// `DB_PASSWORD`, `apiKey`, `PGPASSWORD`.
fn is_telling(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|part| TELLING.contains(&part))
        || ["password", "passwd", "secret", "token", "apikey", "accesskey"].iter().any(|word| lower.contains(word))
}

/// Sixteen letters and digits in a row, of both: no word, and no path of words.
fn has_random_run(value: &str) -> bool {
    value.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '+').any(|run| {
        let (digits, letters) = run.bytes().fold((0, 0), |(digits, letters), byte| match byte {
            b'0'..=b'9' => (digits + 1, letters),
            _ => (digits, letters + 1),
        });
        run.len() >= 16 && digits >= 2 && letters >= 2
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_anybody_may_read_is_told_from_what_is_for_few() {
        for told in [
            "",
            "use nix\n",
            "source_up\nlayout python3\n",
            "# The shop's settings: see the README\n\nDEBUG=1\n",
            "COMPOSE_PROJECT_NAME=shop\nexport DJANGO_SETTINGS_MODULE='shop.settings.production'\n",
            "ALLOWED_HOSTS=.shop.example,localhost\r\nDATABASE_PORT=5432\r\n",
            "registry=https://registry.example/\nengine-strict=true\n",
            "SECRET_KEY=\nAPI_TOKEN=changeme\nUSE_AUTH=false\nDB_PASSWORD=${DB_PASSWORD}\n",
            "IMAGE=python:3.13-slim\nSTATIC=https://cdn.shop.example/static-2026/\n",
        ] {
            assert!(are_told(told.as_bytes()), "{told}");
        }
        for hides in [
            "DB_PASSWORD=ant\n",
            "PGPASSWORD=ant\nDEBUG=1\n",
            "SECRET=1\n",
            "DEBUG=1\napiKey=abc\n",
            "# DB_PASSWORD=ant\n",
            "# the password: ant\n",
            "SMTP_CREDS=me:you\n",
            "ADMIN_PIN=1234\n",
            "DATABASE_URL=postgres://shop:ant@localhost/shop\n",
            "SENTRY_DSN=https://9f3a7c05@errors.example/1\n",
            "COMMIT=Q7xk2VbN9mLp4RtZc8Wd\n",
            "ann:$apr1$abc$def\n",
            "//registry.example/:_authToken=abc\n",
            "FLAG\n",
            "a b=c\n",
        ] {
            assert!(!are_told(hides.as_bytes()), "{hides}");
        }
        assert!(!are_told(b"A=\xff\n"));
    }
}
