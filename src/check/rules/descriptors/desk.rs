//! Desk: servers that frameworks have for whoever writes the site, and how they are told from those for visitors.

use crate::beanstalk::lines::{indent, placed};
use crate::check::words::{Run, is_python};

/// Which one it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Desk {
    Django,
    /// With what its own code tells it, where that starts it: the host and the port, as they are written.
    Flask {
        told: Option<(Option<String>, Option<String>)>,
    },
}

impl Desk {
    /// `code` is that of the program in Python, where it comes from the bundle.
    pub(super) fn of(run: &Run, code: Option<&str>) -> Option<Self> {
        let django = run.django().map(|(command, _)| command.text.as_str());
        let manages = |words: &[&str]| code.is_some_and(|code| words.iter().any(|word| code.contains(word)));
        let flask = Self::Flask { told: None };
        match django {
            Some("runserver" | "runserver_plus") if manages(&["flask_script", "flask.ext.script"]) => {
                return Some(flask);
            }
            Some("runserver" | "runserver_plus") => return Some(Self::Django),
            Some("run") if manages(&["FlaskGroup"]) => return Some(flask),
            Some(_) => return None,
            None => {}
        }
        let by_module = is_python(run.name())
            && run.arguments.windows(2).any(|pair| pair[0].text == "-m" && pair[1].text == "flask");
        if (run.name() == "flask" || by_module) && run.has("run") {
            return Some(flask);
        }
        let (code, program) = (code?, run.plain().next()?);
        let alone = is_python(run.name()) && program.text.ends_with(".py");
        alone.then(|| started(code)).flatten().map(|told| Self::Flask { told: Some(told) })
    }
}

/// The host and the port that a program of Flask's gives its own server, where it starts that and no other.
fn started(code: &str) -> Option<(Option<String>, Option<String>)> {
    const CALLS: [&str; 3] = ["app.run(", "application.run(", "server.run("];
    let others = ["waitress", "gevent", "eventlet", "socketio", "uvicorn", "tornado", "cheroot", "hypercorn", "Quart"];
    if !code.contains("flask") && !code.contains("create_app") || others.iter().any(|other| code.contains(other)) {
        return None;
    }
    let start = placed(code).find_map(|(begin, line)| {
        let at = begin + indent(line);
        let call = CALLS.iter().find(|call| code[at..].starts_with(**call))?;
        Some(at + call.len())
    })?;
    let arguments = code[start..].split(')').next()?;
    let value = |name: &str, nth: usize| {
        let named =
            arguments.split(',').find_map(|part| part.trim().strip_prefix(name)?.trim_start().strip_prefix('='));
        let placed = || arguments.split(',').nth(nth).filter(|part| !part.contains('=') && !part.trim().is_empty());
        named.or_else(placed).map(|text| text.trim().to_owned())
    };
    Some((value("host", 0), value("port", 1)))
}

/// Does it serve the sites of the world, and not the desk?
pub(super) fn is_for_visitors(run: &Run) -> bool {
    const SERVERS: [&str; 8] =
        ["gunicorn", "uvicorn", "daphne", "hypercorn", "waitress-serve", "uwsgi", "supervisord", "nginx"];
    let by_module =
        || run.arguments.windows(2).any(|pair| pair[0].text == "-m" && SERVERS.contains(&pair[1].text.as_str()));
    SERVERS.contains(&run.name()) || (is_python(run.name()) && by_module())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::words;

    #[test]
    fn servers_for_the_desk() {
        let desk = |line: &str, code: Option<&str>| Desk::of(words::runs(line).last().expect("a program"), code);
        let flask = || Some(Desk::Flask { told: None });
        assert_eq!(desk("python manage.py runserver 0:8000", None), Some(Desk::Django));
        assert_eq!(desk("pipenv run flask run -h 0.0.0.0", None), flask());
        assert_eq!(desk("python3 -m flask --app x run", None), flask());
        assert_eq!(desk("python manage.py run -h 0.0.0.0", Some("cli = FlaskGroup()\n")), flask());
        assert_eq!(desk("python manage.py runserver", Some("from flask_script import Manager\n")), flask());
        assert_eq!(desk("python manage.py run", Some("import django\n")), None);
        assert_eq!(desk("flask db upgrade", None), None);
        let app = |run: &str| {
            format!("from flask import Flask\napp = Flask(__name__)\nif __name__ == '__main__':\n    {run}\n")
        };
        let told = |host: Option<&str>, port: Option<&str>| {
            Some(Desk::Flask { told: Some((host.map(str::to_owned), port.map(str::to_owned))) })
        };
        assert_eq!(
            desk("python app.py", Some(&app("app.run(debug=True, host='0.0.0.0', port=80)"))),
            told(Some("'0.0.0.0'"), Some("80"))
        );
        assert_eq!(desk("python app.py", Some(&app("app.run('0.0.0.0', 80)"))), told(Some("'0.0.0.0'"), Some("80")));
        assert_eq!(desk("python app.py", Some(&app("app.run()"))), told(None, None));
        assert_eq!(desk("python app.py", Some(&app("serve(app) # waitress"))), None);
        assert_eq!(desk("gunicorn app:app", Some(&app("app.run()"))), None);
        assert_eq!(desk("python app.py", None), None);
    }
}
