//! Command line of a web process: which server it starts, at which port, and whether that was understood at all.

use crate::beanstalk::defaults::APPLICATION_PORT;
use crate::beanstalk::tree::Tree;
use crate::known::Known;

/// A server that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Served {
    pub(super) program: &'static str,
    /// `MODULE:CALLABLE`, where the command names it.
    pub(super) application: Option<String>,
    /// Why the proxy will not find it, if it will not.
    pub(super) misplaced: Option<String>,
}

/// Servers, the flags of their addresses, and the port where they listen if none is given.
const SERVERS: &[(&str, &[&str], u16)] = &[
    ("gunicorn", &["-b", "--bind"], APPLICATION_PORT),
    ("uvicorn", &["--port"], 8000),
    ("daphne", &["-p", "--port"], 8000),
    ("hypercorn", &["-b", "--bind"], 8000),
    ("granian", &["--port"], 8000),
    ("waitress-serve", &["--port", "--listen"], 8080),
];

/// What stands before a server and changes nothing of what it does.
const BEFORE: &[&[&str]] = &[
    &["exec"],
    &["newrelic-admin", "run-program"],
    &["ddtrace-run"],
    &["opentelemetry-instrument"],
    &["poetry", "run"],
    &["pipenv", "run"],
    &["python", "-m"],
    &["python3", "-m"],
    &["env"],
];

/// Read the command of the process `web`.
pub(super) fn read(command: &str, tree: &Tree) -> Known<Served> {
    let words: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches(['"', '\''])).collect();
    if words
        .iter()
        .any(|word| matches!(*word, "&&" | "||" | ";" | "|" | "&") || word.contains("$(") || word.contains('`'))
    {
        return Known::unknown("a shell has more to do in it");
    }
    let mut rest = words.as_slice();
    loop {
        if let Some(before) = BEFORE.iter().find(|before| rest.starts_with(before)) {
            rest = &rest[before.len()..];
        } else if rest.first().is_some_and(|word| word.contains('=') && !word.starts_with('-')) {
            rest = &rest[1..];
        } else {
            break;
        }
    }
    let Some((first, arguments)) = rest.split_first() else { return Known::No };
    let name = first.rsplit('/').next().unwrap_or(first);
    if matches!(name, "python" | "python3") && arguments.contains(&"runserver") || name == "manage.py" {
        return Known::unknown(
            "`runserver` is for development: one mistake stops it, and it was never made to be reached by others",
        );
    }
    let Some((program, flags, usual)) = SERVERS.iter().find(|(program, ..)| *program == name) else {
        return Known::unknown(format!("`{name}` is not a server that is known here"));
    };
    let given = flags.iter().find_map(|flag| value(arguments, flag).map(str::to_owned));
    let configured = if *program == "gunicorn" && given.is_none() { configured(arguments, tree) } else { Known::No };
    let address = match (given, configured) {
        (Some(given), _) => Some(given),
        (None, Known::Yes(bind)) => Some(bind),
        (None, Known::No) => None,
        (None, Known::Unknown(why)) => return Known::Unknown(why),
    };
    let misplaced = match address.as_deref() {
        None if *usual == APPLICATION_PORT => None,
        None => Some(format!("`{program}` listens on {usual} where nothing else is said")),
        Some(address) if address.contains("PORT") => None,
        Some(address) if address.starts_with("unix:") => Some("it listens on a socket".to_owned()),
        Some(address) => {
            let port = address.rsplit(':').next().unwrap_or(address);
            match port.parse::<u16>() {
                Ok(port) if port == APPLICATION_PORT => None,
                Ok(port) => Some(format!("it listens on {port}")),
                Err(_) if address.contains('.') => None, // an address without a port
                Err(_) => return Known::unknown(format!("its address `{address}` is made while it runs")),
            }
        }
    };
    let target = |word: &&str| {
        let module = word.split(':').next().unwrap_or_default();
        module.contains('.')
            && !word.starts_with('-')
            && module.chars().all(|c| c.is_alphanumeric() || "_.".contains(c))
            && !module.ends_with(".py")
            && !module.starts_with(|c: char| c.is_ascii_digit())
    };
    // What follows one of these flags is a class, and no application.
    let class = |at: usize| {
        at > 0
            && matches!(
                arguments[at - 1],
                "-k" | "--worker-class" | "--logger-class" | "--http" | "--loop" | "--pythonpath"
            )
    };
    // What follows another flag may be its value, such as the name of a file.
    let value = |at: usize| {
        let flag = at.checked_sub(1).map_or("", |before| arguments[before]);
        flag.starts_with('-') && !flag.contains('=') && (flag.len() == 2 || flag.starts_with("--"))
    };
    let targets = || arguments.iter().enumerate().filter(|(at, word)| !class(*at) && target(word));
    let application = targets()
        .rfind(|(at, _)| !value(*at))
        .or_else(|| targets().next_back())
        .map(|(_, word)| if word.contains(':') { (*word).to_owned() } else { format!("{word}:application") });
    Known::Yes(Served { program, application, misplaced })
}

/// The value of a flag, in any of the forms that argument parsers take.
fn value<'a>(words: &[&'a str], flag: &str) -> Option<&'a str> {
    words.iter().enumerate().find_map(|(at, word)| {
        let rest = word.strip_prefix(flag)?;
        match rest.strip_prefix('=') {
            Some(value) => Some(value),
            None if rest.is_empty() => words.get(at + 1).copied(),
            None if flag.len() == 2 => Some(rest),
            None => None,
        }
    })
}

/// `bind` of gunicorn's configuration.
fn configured(words: &[&str], tree: &Tree) -> Known<String> {
    let path = ["-c", "--config"].iter().find_map(|flag| value(words, flag)).unwrap_or("gunicorn.conf.py");
    let path = path.trim_start_matches("file:").trim_start_matches("./");
    let Some(text) = tree.text(path) else {
        return if tree.is_file(path) { Known::unknown(format!("`{path}` was not read")) } else { Known::No };
    };
    let line = text.lines().rfind(|line| line.starts_with("bind"));
    let Some((_, set)) = line.and_then(|line| line.split_once('=')) else { return Known::No };
    if set.contains("PORT") {
        return Known::Yes("$PORT".to_owned());
    }
    let quoted = |text: &str| {
        let text = text.trim().trim_start_matches(['[', '(']);
        let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let end = text[1..].find(quote)? + 1;
        Some(text[1..end].to_owned())
    };
    quoted(set).map_or_else(|| Known::unknown(format!("`bind` in `{path}` is made while it runs")), Known::Yes)
}

/// Processes that must not run on every instance.
pub(super) fn is_scheduler(command: &str) -> bool {
    let words: Vec<&str> = command.split_whitespace().collect();
    let celery = words.iter().any(|word| word.ends_with("celery"));
    (celery && (words.contains(&"beat") || words.contains(&"-B") || words.contains(&"--beat")))
        || words.iter().any(|word| matches!(*word, "rqscheduler" | "clock.py" | "run_scheduler" | "apscheduler"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_are_understood() {
        #[track_caller]
        fn case(command: &str, program: &str, application: Option<&str>, placed: bool) {
            let tree = Tree::default().file("other.conf.py", "bind = \"0.0.0.0:9001\"\n");
            let served = read(command, &tree).yes().unwrap_or_else(|| panic!("{command}: {:?}", read(command, &tree)));
            assert_eq!(
                (served.program, served.application.as_deref(), served.misplaced.is_none()),
                (program, application, placed),
                "{command}"
            );
        }
        case("gunicorn shop.wsgi", "gunicorn", Some("shop.wsgi:application"), true);
        case("gunicorn --config other.conf.py shop.wsgi", "gunicorn", Some("shop.wsgi:application"), false);
        let worker = "gunicorn shop.asgi:application -k uvicorn.workers.UvicornWorker";
        case(worker, "gunicorn", Some("shop.asgi:application"), true);
        case("gunicorn -b :8000 shop.wsgi:app", "gunicorn", Some("shop.wsgi:app"), true);
        case("gunicorn --bind 0.0.0.0:${PORT:-8000} shop.wsgi", "gunicorn", Some("shop.wsgi:application"), true);
        case("exec newrelic-admin run-program gunicorn shop.wsgi", "gunicorn", Some("shop.wsgi:application"), true);
        case("env X=1 uvicorn shop.asgi:application --port 5000", "uvicorn", Some("shop.asgi:application"), false);
        case("daphne -b 0.0.0.0 -p 8000 shop.asgi:application", "daphne", Some("shop.asgi:application"), true);
        case("waitress-serve shop.wsgi:application", "waitress-serve", Some("shop.wsgi:application"), false);
        case("python -m gunicorn shop.wsgi", "gunicorn", Some("shop.wsgi:application"), true);
        for values in [
            "--log-config logging.conf",
            "--access-logfile access.log",
            "--pid app.pid -w 2",
            "--name shop.web",
            "-n shop.web",
            "--name=shop.web",
        ] {
            let after = format!("gunicorn shop.wsgi {values}");
            let before = format!("gunicorn {values} -w2 shop.wsgi");
            case(&after, "gunicorn", Some("shop.wsgi:application"), true);
            case(&before, "gunicorn", Some("shop.wsgi:application"), true);
        }
        // Some flags have no value.
        case("gunicorn --preload shop.wsgi", "gunicorn", Some("shop.wsgi:application"), true);
    }

    #[test]
    fn what_is_not_understood_is_not_approved() {
        for command in [
            "make serve",
            "./start.sh",
            "uwsgi uwsgi.ini",
            "python manage.py runserver 0.0.0.0:8000",
            "python manage.py migrate && gunicorn a.wsgi",
            "supervisord -n",
            "honcho start",
        ] {
            assert!(read(command, &Tree::default()).why().is_some(), "{command}");
        }
    }

    #[test]
    fn schedulers() {
        assert!(is_scheduler("celery -A shop beat"));
        assert!(is_scheduler("celery -A shop worker -B"));
        assert!(!is_scheduler("celery -A shop worker"));
    }
}
