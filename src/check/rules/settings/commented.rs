//! Commented out: passwords of services that there are, in comments of the settings. Who takes a line out of force leaves it to every reader.

use std::ops::Range;

use super::keys::{is_left_open, is_placeholder, is_rds};
use crate::beanstalk::lines::{indent, placed};
use crate::check::django::Settings;
use crate::check::subject::Subject;
use crate::level::Level;

/// How many lines away the host or the account may stand.
const NEAR: usize = 8;

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    for path in &settings.files {
        let found = passwords(subject.tree.code(path).unwrap_or_default());
        let Some(first) = found.first() else { continue };
        let more = match found.len() - 1 {
            0 => String::new(),
            1 => ", and one more below".to_owned(),
            others => format!(", and {others} more below"),
        };
        let message =
            format!("everybody who can read the code has the password {}: it stands in a comment{more}", first.of);
        let fix = "take the comment out, and give the service a new password if this still opens it";
        subject.find("EB112", path, first.span.clone(), message, fix).level = Level::Note;
    }
}

struct Password {
    span: Range<usize>,
    of: String,
}

fn passwords(text: &str) -> Vec<Password> {
    let lines: Vec<(usize, &str)> = placed(text).collect();
    // What a comment has, with the offset at which it begins.
    let comment = |index: usize| lines[index].1.trim_start().strip_prefix('#').map(|rest| rest.trim_start_matches('#'));
    let near = |index: usize, names: &[&str]| {
        let range = index.saturating_sub(NEAR)..(index + NEAR + 1).min(lines.len());
        let mut found = range.filter_map(comment).filter_map(|line| named(line, names));
        found.next().map(str::to_owned)
    };
    let mut found: Vec<Password> = Vec::new();
    for (index, (at, whole)) in lines.iter().enumerate() {
        let Some(line) = comment(index) else { continue };
        let of = if let Some(password) = named(line, &["PASSWORD"]) {
            let Some(host) = near(index, &["HOST"]).filter(|host| is_elsewhere(host)) else { continue };
            let real = if is_rds(&host) { !is_left_open(password) } else { is_made_up(password) };
            real.then(|| format!("of `{host}`"))
        } else if let Some(password) = named(line, &["EMAIL_HOST_PASSWORD"]) {
            let real = is_made_up(password);
            near(index, &["EMAIL_HOST_USER"])
                .filter(|user| real && !is_placeholder(user) && user.contains('@'))
                .map(|user| format!("of `{user}`"))
        } else {
            None
        };
        let start = at + indent(whole);
        found.extend(of.map(|of| Password { span: start..at + whole.trim_end().len(), of }));
    }
    found
}

/// The text that a line gives to one of these names: `'HOST': 'text'`, `HOST = "text"`.
fn named<'l>(line: &'l str, names: &[&str]) -> Option<&'l str> {
    let (name, rest) = line.trim().split_once([':', '='])?;
    let name = name.trim().trim_matches(['"', '\'']);
    let rest = rest.trim();
    let quote = rest.chars().next().filter(|char| names.contains(&name) && matches!(char, '"' | '\''))?;
    let (text, after) = rest[1..].split_once(quote)?;
    let alone = after.trim_start().trim_start_matches(',').trim_start();
    (alone.is_empty() || alone.starts_with('#')).then_some(text)
}

/// Has no guide written it, in whichever language? One of Google's for a program is sixteen letters.
fn is_made_up(password: &str) -> bool {
    let digits = password.len() >= 8 && password.contains(|char: char| char.is_ascii_digit());
    let letters: String = password.chars().filter(|char| *char != ' ').collect();
    let of_google = letters.len() == 16 && letters.chars().all(|char| char.is_ascii_lowercase());
    password.is_ascii() && !is_placeholder(password) && (digits || of_google)
}

/// Is it a name that leads to another machine?
fn is_elsewhere(host: &str) -> bool {
    let local = ["127.", "0.", "localhost", "192.168.", "10."];
    host.contains('.')
        && !local.iter().any(|begin| host.starts_with(begin))
        && !is_left_open(host)
        && !host.contains("example")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_opens_something() {
        let block = |host: &str, password: &str| {
            format!(
                "# DATABASES = {{\n#     'default': {{\n#         'PASSWORD': '{password}',\n#         'HOST': '{host}',\n#     }}\n# }}\n"
            )
        };
        const RDS: &str = "shop.c1a2b3d4e5f6.eu-west-1.rds.amazonaws.com";
        assert_eq!(passwords(&block(RDS, "shop1")).len(), 1);
        assert_eq!(passwords(&block("ec2-52-1-2-3.compute-1.amazonaws.com", "k7Qx29pLm4")).len(), 1);
        for (host, password) in [
            (RDS, "<password>"),
            ("localhost", "k7Qx29pLm4"),
            ("127.0.0.1", "k7Qx29pLm4"),
            ("db.example.com", "k7Qx29pLm4"),
            ("a.b.com", "your_pass"),
        ] {
            assert!(passwords(&block(host, password)).is_empty(), "{host} {password}");
        }
        let mail = "#EMAIL_HOST_USER = 'shop@gmail.com'\n# EMAIL_HOST_PASSWORD = 'qmwpzkvhtrxbnfgd'\n";
        assert_eq!(passwords(mail).len(), 1);
        assert!(
            passwords("# EMAIL_HOST_USER = 'tu_correo@gmail.com'\n# EMAIL_HOST_PASSWORD = 'tu_clave_de_aplicacion'\n")
                .is_empty()
        );
        assert!(passwords("# EMAIL_HOST_PASSWORD = 'qmwpzkvhtrxbnfgd'\n").is_empty());
        assert!(passwords(&mail.replace('#', "")).is_empty());
    }
}
