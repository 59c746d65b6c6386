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

/// Beginnings of names whose values a bundler writes into what every browser gets.
const OPEN: [&str; 10] = [
    "EXPO_PUBLIC_",
    "GATSBY_",
    "NEXT_PUBLIC_",
    "NUXT_PUBLIC_",
    "NX_PUBLIC_",
    "PUBLIC_",
    "REACT_APP_",
    "STORYBOOK_",
    "VITE_",
    "VUE_APP_",
];

/// Does each line that assigns do so to a name whose value every browser gets, and is there one?
pub(super) fn are_open(content: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(content) else { return false };
    let lines = || text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|line| !line.is_empty());
    let assigns = |line: &str| {
        let name = line.split_once('=').map(|(name, _)| name.trim_start_matches("export ").trim());
        name.is_some_and(|name| OPEN.iter().any(|begin| name.starts_with(begin)) && !says_password(name))
    };
    let is_open = |line: &str| match line.strip_prefix('#') {
        Some(comment) => assigns(comment.trim()) || is_told(line),
        None => assigns(line),
    };
    lines().any(|line| !line.starts_with('#')) && lines().all(is_open)
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

/// Does a line have a value in quotes, or behind a `=`, after a word that tells of a secret? The names of variables are no values.
pub(super) fn shows_value(line: &str) -> bool {
    const WORDS: [&str; 8] = ["password", "passwd", "secret", "token", "apikey", "api_key", "accesskey", "access_key"];
    let lower = line.to_ascii_lowercase();
    let Some(at) = WORDS.iter().filter_map(|word| Some(lower.find(word)? + word.len())).min() else { return false };
    let rest = &line[at..];
    let is_name = |text: &str| {
        text.chars().all(|char| char.is_ascii_uppercase() || char.is_ascii_digit() || "_${}".contains(char))
    };
    // What stands before the first quote may close one that the name stands in.
    let quoted = rest.split(['"', '\'']).skip(1).any(|part| {
        let part = part.trim();
        part.len() > 1 && part.chars().any(char::is_alphanumeric) && !is_name(part) && !is_code(part)
    });
    let bare = rest.split_once(['=', ':']).is_some_and(|(_, value)| {
        let value = value.trim();
        !value.is_empty() && !is_name(value) && !value.contains(['(', '[', '{', ' ', '"', '\''])
    });
    quoted || bare
}

/// Is it what stands between two texts, such as `: os.environ.get(`?
fn is_code(text: &str) -> bool {
    text.starts_with([':', ',', ')', ']', '=', '}']) || text.ends_with(['(', '[', ',', '='])
}

/// Is it a password by its name, wherever that goes?
fn says_password(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["password", "passwd", "secret", "private"].iter().any(|word| lower.contains(word))
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

    #[test]
    fn lines_that_show_a_value() {
        for shows in [
            "DATABASES = {'default': {'ENGINE': 'x', 'PASSWORD': 'ant', 'HOST': 'db'}}",
            "    'PASSWORD': os.environ.get('DB_PASSWORD', 'hunter2'),",
            "EMAIL_HOST_PASSWORD = \"ant\"",
            "API_TOKEN=abc",
            "password: ant",
        ] {
            assert!(shows_value(shows), "{shows}");
        }
        for not in [
            "DEBUG = True",
            "    'PASSWORD': os.environ['DB_PASSWORD'],",
            "SECRET_KEY = env('SECRET_KEY')",
            "PASSWORD_HASHERS = [",
            "EMAIL_HOST_PASSWORD = ''",
            "DB_PASSWORD: ${DB_PASSWORD}",
        ] {
            assert!(!shows_value(not), "{not}");
        }
    }

    #[test]
    fn what_every_browser_gets_is_open() {
        for open in
            ["VITE_API_URL=https://api.shop.example\nVITE_MAP_KEY=pk.9f3a7c05\n", "# The map\nREACT_APP_API_KEY=abc\n"]
        {
            assert!(are_open(open.as_bytes()), "{open}");
        }
        for not in [
            "",
            "# VITE_API_URL=x\n",
            "VITE_A=1\nDB_PASSWORD=ant\n",
            "VITE_DB_PASSWORD=ant\n",
            "VITE_A=1\n# the password: ant\n",
        ] {
            assert!(!are_open(not.as_bytes()), "{not}");
        }
    }
}
