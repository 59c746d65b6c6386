//! Accounts that a deployment makes, with passwords that everybody knows who can read the code.

use std::ops::Range;

use crate::beanstalk::tree::file_name;
use crate::check::django::Value;
use crate::check::django::migrations::is_migration;
use crate::check::dockerfile::NAME;
use crate::check::images::dockerfiles;
use crate::check::script::Script;
use crate::check::subject::Subject;

const FIX: &str = "read it from a secret of the environment, and change it where the account is there";
const MAKES: &str = "create_superuser(";
const VARIABLE: &str = "DJANGO_SUPERUSER_PASSWORD=";

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    by_default(subject, script);
    let in_script =
        password(script.text).map(|span| (script.path.to_owned(), span.start + script.start..span.end + script.start));
    let Some((path, span)) = in_script.or_else(|| in_command(subject, script)) else { return };
    let message = format!(
        "everybody who can read the code can log in as the administrator that {} makes: the password is in it",
        script.title()
    );
    subject.find("EB112", &path, span, message, FIX);
}

/// In code that the server imports: a view, or a migration that `migrate` carries out.
pub(super) fn in_code(subject: &mut Subject<'_>) {
    let scripts = subject.scripts();
    let migrates = scripts.iter().any(|script| script.django(&["migrate"]).is_some());
    let loaded = subject.loaded();
    let served = loaded.iter().map(|module| module.path.clone());
    let migrations = subject.tree.iter().map(|(path, _)| path).filter(|path| migrates && is_migration(path));
    let paths: Vec<String> = served.chain(migrations.map(str::to_owned)).collect();
    for path in paths {
        let Some(span) = subject.tree.code(&path).and_then(call).filter(|_| !subject.has_found("EB112", &path)) else {
            continue;
        };
        let message =
            "everybody who can read the code can log in as the administrator that this makes: the password is in it";
        subject.find("EB112", &path, span, message, FIX);
    }
}

/// A command of the project's own that a container begins with.
pub(super) fn in_image(subject: &mut Subject<'_>) {
    const COMMANDS: &str = "management/commands/";
    let tree = subject.tree;
    if subject.python() {
        return;
    }
    in_steps(subject);
    let starts = |path: &str| {
        let name = file_name(path);
        name == "Dockerfile"
            || name.starts_with("docker-compose")
            || name.contains("entrypoint")
            || name.contains("start")
    };
    let texts: Vec<(&str, &str)> =
        tree.iter().filter(|(path, _)| starts(path)).filter_map(|(path, _)| Some((path, tree.text(path)?))).collect();
    let runs = |name: &str| {
        let forms = [format!("manage.py {name}"), format!("manage.py\", \"{name}\"")];
        let ends = |rest: &str| !rest.starts_with(|char: char| char.is_alphanumeric() || char == '_');
        let has = |text: &str| {
            text.lines().filter(|line| !line.trim_start().starts_with('#')).any(|line| {
                forms.iter().any(|form| line.find(form.as_str()).is_some_and(|at| ends(&line[at + form.len()..])))
            })
        };
        texts.iter().find(|(_, text)| has(text)).map(|(path, _)| *path)
    };
    let commands = tree.iter().map(|(path, _)| path).filter(|path| path.contains(COMMANDS) && path.ends_with(".py"));
    let found = commands.filter_map(|path| {
        let runner = runs(file_name(path).trim_end_matches(".py"))?;
        Some((path.to_owned(), call(tree.code(path)?)?, runner.to_owned()))
    });
    let found: Vec<(String, Range<usize>, String)> = found.collect();
    for (path, span, runner) in found {
        if subject.has_found("EB112", &path) {
            continue;
        }
        let message = format!(
            "everybody who can read the code can log in as the administrator that this makes, which `{runner}` runs: the password is in it"
        );
        subject.find("EB112", &path, span, message, FIX);
    }
}

/// In the steps of a build, in what containers are given, and in the scripts of the bundle that these name.
fn in_steps(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    let mut paths = dockerfiles(tree, subject.customizations);
    paths.extend(subject.customizations.containers.clone());
    paths.sort();
    paths.dedup();
    let told: Vec<&str> = paths.iter().filter_map(|path| tree.text(path)).collect();
    let named = |path: &str| told.iter().any(|text| text.contains(file_name(path)));
    let scripts = tree.iter().map(|(path, _)| path).filter(|path| path.ends_with(".sh") && named(path));
    let scripts: Vec<String> = scripts.map(str::to_owned).collect();
    for path in paths.into_iter().chain(scripts) {
        let Some(span) = tree.text(&path).and_then(|text| password(text).or_else(|| variable(text))) else { continue };
        if subject.has_found("EB112", &path) {
            continue;
        }
        let image = if file_name(&path).starts_with(NAME) { " or has the image" } else { "" };
        let message = format!(
            "everybody who can read the code{image} can log in as the administrator that this makes: the password is in it"
        );
        subject.find("EB112", &path, span, message, FIX);
    }
}

/// The variable of an administrator's password as `ENV` of old and compose write it: without a `=`.
fn variable(text: &str) -> Option<Range<usize>> {
    let name = &VARIABLE[..VARIABLE.len() - 1];
    text.match_indices(name).filter(|(at, _)| !is_comment(text, *at)).find_map(|(at, _)| {
        let rest = text.get(at + name.len()..)?.lines().next()?.trim_start_matches('"');
        let line = &text[text[..at].rfind('\n').map_or(0, |newline| newline + 1)..at];
        let value = match line.trim() {
            "ENV" => rest.strip_prefix(' ')?,
            "" | "\"" => rest.strip_prefix(':')?,
            _ => return None,
        };
        let value = value.trim().trim_matches(['"', '\'']);
        let first = value.chars().next()?;
        (first.is_alphanumeric() || "!@#%&*+-".contains(first)).then_some(at..at + name.len())
    })
}

/// What a command of the project's own falls back to, where no variable says otherwise.
fn by_default(subject: &mut Subject<'_>, script: &Script<'_>) {
    let settings = subject.settings();
    let found = script.host_runs().filter_map(|run| run.django()).find_map(|(command, _)| {
        let (path, text) = subject.own_command(&command.text)?;
        if !MADE.iter().any(|word| text.contains(word)) {
            return None;
        }
        if let Some((variable, span)) = fallback(text).filter(|(variable, _)| !subject.gives(variable)) {
            return Some((path.to_owned(), span, variable.to_owned()));
        }
        // The settings read it for the command.
        let settings = settings.as_deref()?;
        let (name, setting) = settings.iter().find(|(name, _)| is_password_of(name) && text.contains(&format!("settings.{name}")))?;
        let own = matches!(&setting.value, Value::Environment { default: Some(default) } if default.text().is_some_and(is_password));
        let given = setting.variables().any(|name| subject.gives(name));
        (own && !given).then(|| (setting.path.clone(), setting.span.clone(), name.to_owned()))
    });
    let Some((path, span, variable)) = found else { return };
    let message = format!(
        "unless `{variable}` is set elsewhere, everybody who can read the code can log in as the administrator that {} makes",
        script.title()
    );
    let fix = "set it as a secret of the environment, and let the command stop where it is missing";
    subject.find("EB132", &path, span, message, fix);
}

/// What an administrator is made with.
const MADE: [&str; 3] = ["create_superuser(", "is_superuser", "createsuperuser"];

fn is_password_of(name: &str) -> bool {
    name.contains("PASSWORD") || name.contains("PASSWD")
}

/// A variable with a password that is read with a plain text to fall back to, and where that is.
fn fallback(text: &str) -> Option<(&str, Range<usize>)> {
    const READS: [&str; 4] = ["environ.get(", "getenv(", "config(", "env("];
    let quoted = |text: &str| -> Option<(usize, usize)> {
        let quote = text.chars().next().filter(|char| matches!(char, '"' | '\''))?;
        let end = text[1..].find([quote, '\n'])?;
        text[1 + end..].starts_with(quote).then_some((1, 1 + end))
    };
    let at = READS.iter().flat_map(|read| text.match_indices(read)).filter(|(at, _)| !is_comment(text, *at));
    let found = at.filter_map(|(at, read)| {
        let rest = text.get(at + read.len()..)?.trim_start();
        let (start, end) = quoted(rest)?;
        let name = &rest[start..end];
        let after = rest[end + 1..].trim_start().strip_prefix(',')?.trim_start();
        let after =
            after.strip_prefix("default").map_or(after, |more| more.trim_start().trim_start_matches('=').trim_start());
        let (start, end) = quoted(after)?;
        let place = text.len() - after.len();
        (is_password_of(name) && is_password(&after[start..end])).then_some((name, place..place + end + 1))
    });
    found.min_by_key(|(_, span)| span.start)
}

/// In the file of a command of the project's own, such as `manage.py createadmin`.
fn in_command(subject: &Subject<'_>, script: &Script<'_>) -> Option<(String, Range<usize>)> {
    script.host_runs().filter_map(|run| run.django()).find_map(|(command, _)| {
        let (path, text) = subject.own_command(&command.text)?;
        Some((path.to_owned(), password(text)?))
    })
}

/// Where a text makes an administrator with a password that is written there.
fn call(text: &str) -> Option<Range<usize>> {
    text.match_indices(MAKES).filter(|(at, _)| !is_comment(text, *at)).find_map(|(at, found)| {
        let arguments = at + found.len();
        is_written(text.get(arguments..)?).then_some(at..arguments - 1)
    })
}

/// Where a text makes an administrator or gives the variable for one, with a password that is written there.
fn password(text: &str) -> Option<Range<usize>> {
    let variables = text.match_indices(VARIABLE).filter(|(at, _)| !is_comment(text, *at)).filter_map(|(at, found)| {
        let rest = text.get(at + found.len()..)?.trim_start_matches(['"', '\'']);
        let first = rest.chars().next()?;
        (first.is_alphanumeric() || "!@#%&*+-".contains(first)).then_some(at..at + found.len() - 1)
    });
    call(text).into_iter().chain(variables).min_by_key(|span| span.start)
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
    use super::{fallback, password, variable};

    #[test]
    fn passwords_to_fall_back_to() {
        let name = |text: &str| fallback(text).map(|(name, span)| (name.to_owned(), text[span].to_owned()));
        let is =
            |text: &str, value: &str| assert_eq!(name(text).map(|(_, found)| found).as_deref(), Some(value), "{text}");
        is("p = os.environ.get('ADMIN_PASSWORD', 'admin123')", "'admin123'");
        is("p = os.getenv(\"ADMIN_PASSWORD\", \"admin123\")", "\"admin123\"");
        is("p = config('ADMIN_PASSWORD', default='admin123')", "'admin123'");
        is("p = env(\n    'SUPERUSER_PASSWORD',\n    'x1')", "'x1'");
        for text in [
            "p = os.environ.get('ADMIN_PASSWORD')",
            "p = os.environ.get('ADMIN_PASSWORD', '')",
            "p = os.environ.get('ADMIN_PASSWORD', None)",
            "p = os.environ.get('ADMIN_NAME', 'admin')",
            "# p = os.environ.get('ADMIN_PASSWORD', 'admin123')",
            "p = os.environ.get('ADMIN_PASSWORD', 'a{}'.format(b))",
        ] {
            assert_eq!(name(text), None, "{text}");
        }
    }

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
    fn variables_of_images() {
        let given = |text: &str| password(text).or_else(|| variable(text)).is_some();
        assert!(given("ENV DJANGO_SUPERUSER_PASSWORD admin1\n"));
        assert!(given("ENV A=b DJANGO_SUPERUSER_PASSWORD=admin1\n"));
        assert!(given("    environment:\n      DJANGO_SUPERUSER_PASSWORD: admin1\n"));
        assert!(given("      - DJANGO_SUPERUSER_PASSWORD=admin1\n"));
        assert!(given(
            "RUN echo \"U.objects.create_superuser('a@b.io', 'happy1', 'happy1')\" | python manage.py shell\n"
        ));
        assert!(!given("ENV DJANGO_SUPERUSER_PASSWORD $PASSWORD\n"));
        assert!(!given("      DJANGO_SUPERUSER_PASSWORD: ${PASSWORD}\n"));
        assert!(!given("      - DJANGO_SUPERUSER_PASSWORD\n"));
        assert!(!given("ARG DJANGO_SUPERUSER_PASSWORD\n"));
        assert!(!given("# ENV DJANGO_SUPERUSER_PASSWORD admin1\n"));
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
