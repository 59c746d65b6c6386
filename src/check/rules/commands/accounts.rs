//! Accounts that a deployment makes, with passwords that everybody knows who can read the code.

use std::ops::Range;

use crate::check::script::Script;
use crate::check::subject::Subject;

const MAKES: &str = "create_superuser(";
const VARIABLE: &str = "DJANGO_SUPERUSER_PASSWORD=";

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    let in_script =
        password(script.text).map(|span| (script.path.to_owned(), span.start + script.start..span.end + script.start));
    let Some((path, span)) = in_script.or_else(|| in_command(subject, script)) else { return };
    let message = format!(
        "everybody who can read the code can log in as the administrator that {} makes: the password is in it",
        script.title()
    );
    let fix = "read it from a secret of the environment, and change it where the account is there";
    subject.find("EB112", &path, span, message, fix);
}

/// In the file of a command of the project's own, such as `manage.py createadmin`.
fn in_command(subject: &Subject<'_>, script: &Script<'_>) -> Option<(String, Range<usize>)> {
    script.host_runs().filter_map(|run| run.django()).find_map(|(command, _)| {
        let (path, text) = subject.own_command(&command.text)?;
        Some((path.to_owned(), password(text)?))
    })
}

/// Where a text makes an administrator or gives the variable for one, with a password that is written there.
fn password(text: &str) -> Option<Range<usize>> {
    let calls = text.match_indices(MAKES).filter(|(at, _)| !is_comment(text, *at)).filter_map(|(at, found)| {
        let arguments = at + found.len();
        is_written(text.get(arguments..)?).then_some(at..arguments - 1)
    });
    let variables = text.match_indices(VARIABLE).filter(|(at, _)| !is_comment(text, *at)).filter_map(|(at, found)| {
        let rest = text.get(at + found.len()..)?.trim_start_matches(['"', '\'']);
        let first = rest.chars().next()?;
        (first.is_alphanumeric() || "!@#%&*+-".contains(first)).then_some(at..at + found.len() - 1)
    });
    calls.chain(variables).min_by_key(|span| span.start)
}

/// Is the password among these arguments a plain text? It is named, or the last of those that are not.
fn is_written(arguments: &str) -> bool {
    // A call may go over several lines; what is longer is none that this can read.
    const LONGEST: usize = 500;
    let Some(end) = arguments.find(')').filter(|end| *end < LONGEST) else { return false };
    let parts: Vec<&str> = arguments[..end].split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    let named =
        parts.iter().find_map(|part| part.strip_prefix("password=").or_else(|| part.strip_prefix("password =")));
    let placed: Vec<&&str> = parts.iter().filter(|part| !part.contains('=')).collect();
    // By name and address alone an account has no password.
    let last = placed.last().filter(|_| placed.len() > 1).map(|part| **part);
    named.or(last).map(|value| value.trim().trim_start_matches('\\')).is_some_and(|value| {
        let inner = value.strip_prefix(['"', '\'']).map(|rest| rest.trim_end_matches(['"', '\'', '\\']));
        inner.is_some_and(is_password)
    })
}

/// An address is no password, although both have an `@`.
fn is_password(inner: &str) -> bool {
    let address = inner.rsplit_once('@').is_some_and(|(_, host)| host.contains('.'));
    !address && !inner.is_empty() && !inner.contains(['$', '{', '`', '"', '\''])
}

fn is_comment(text: &str, at: usize) -> bool {
    text[text[..at].rfind('\n').map_or(0, |newline| newline + 1)..at].trim_start().starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::password;

    #[test]
    fn passwords_that_are_written() {
        let written = |text: &str| password(text).is_some();
        assert!(written("User.objects.create_superuser('admin', 'admin@example.com', 'admin')"));
        assert!(written("create_superuser('admin@example.com', 'Admin@1234')"));
        assert!(written("create_superuser(username='a', email='a@example.com', password='secret')"));
        assert!(written("python -c \"create_superuser(\\'admin\\', \\'a@b.c\\', \\'pass\\')\""));
        assert!(written("DJANGO_SUPERUSER_PASSWORD=changeme python manage.py createsuperuser --noinput"));
        assert!(written("export DJANGO_SUPERUSER_PASSWORD='pa'"));
    }

    #[test]
    fn passwords_from_elsewhere() {
        let written = |text: &str| password(text).is_some();
        assert!(!written("create_superuser('admin', 'a@b.c', os.environ['PASSWORD'])"));
        assert!(!written("create_superuser('admin', 'a@b.c', password)"));
        assert!(!written("create_superuser('admin', 'a@example.com')"));
        assert!(!written("create_superuser('', '', '')"));
        assert!(!written("create_superuser(config('NAME'), config('PASSWORD'))"));
        assert!(!written("create_superuser('admin', 'a@b.c', '$PASSWORD')"));
        assert!(!written("create_superuser(email='a@example.com', name='x')"));
        assert!(!written("# create_superuser('admin', 'a@b.c', 'admin')"));
        assert!(!written("def create_superuser(self, email, password=None, **extra):"));
        assert!(!written("DJANGO_SUPERUSER_PASSWORD=\"$PASSWORD\" python manage.py createsuperuser"));
        assert!(!written("DJANGO_SUPERUSER_PASSWORD=$(get-config environment -k PASSWORD)"));
        assert!(!written("DJANGO_SUPERUSER_PASSWORD={{ password }}"));
    }
}
