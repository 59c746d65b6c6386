//! `Procfile` and `Buildfile`: one process or one build command to a line.
//!
//! Every line must match `^[A-Za-z0-9_-]+:\s*[^\s].*$` (Elastic Beanstalk Developer Guide, "Buildfile and Procfile").

use serde::Serialize;

use super::yaml::Span;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Procfile {
    pub processes: Vec<Process>,
    /// Lines that Elastic Beanstalk would refuse.
    pub invalid: Vec<Invalid>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Process {
    pub name: String,
    pub command: String,
    #[serde(skip)]
    pub span: Span,
    /// Where the command stands.
    #[serde(skip)]
    pub command_span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    pub span: Span,
    pub reason: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// There is no `name:` before the command.
    NoName,
    /// The name has characters other than letters, digits, `_` and `-`.
    BadName,
    /// There is nothing after the colon.
    NoCommand,
    /// The name was there before.
    Twice,
}

impl Procfile {
    /// The process that serves.
    pub fn web(&self) -> Option<&Process> {
        self.processes.iter().find(|process| process.name == "web")
    }
}

/// Blank lines and lines that begin with `#` are passed over.
pub fn parse(text: &str) -> Procfile {
    let mut procfile = Procfile::default();
    let mut names = std::collections::HashSet::new();
    let mut start = 0;
    for raw in text.split_inclusive('\n') {
        let line = raw.trim_end();
        let span = start..start + line.len();
        start += raw.len();
        if line.trim_start().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        match process(line, &span) {
            Err(reason) => procfile.invalid.push(Invalid { span, reason }),
            Ok(process) if !names.insert(process.name.clone()) => {
                procfile.invalid.push(Invalid { span, reason: Reason::Twice });
            }
            Ok(process) => procfile.processes.push(process),
        }
    }
    procfile
}

fn process(line: &str, span: &Span) -> Result<Process, Reason> {
    let (name, rest) = line.split_once(':').ok_or(Reason::NoName)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err(Reason::BadName);
    }
    let command = rest.trim_start();
    if command.is_empty() {
        return Err(Reason::NoCommand);
    }
    let command_span = span.end - command.len()..span.end;
    Ok(Process { name: name.to_owned(), command: command.to_owned(), span: span.clone(), command_span })
}

impl Procfile {
    pub fn get(&self, name: &str) -> Option<&Process> {
        self.processes.iter().find(|process| process.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_processes() {
        let text = "# what runs\nweb: gunicorn --bind :8000 site.wsgi\r\n\nworker:celery -A site worker\n";
        let procfile = parse(text);
        let web = procfile.get("web").unwrap();
        assert_eq!(web.command, "gunicorn --bind :8000 site.wsgi");
        assert_eq!(&text[web.command_span.clone()], web.command);
        assert_eq!(procfile.get("worker").unwrap().command, "celery -A site worker");
        assert_eq!(procfile.invalid, []);
    }

    #[test]
    fn other_lines_are_refused() {
        #[track_caller]
        fn case(line: &str, reason: Reason) {
            assert_eq!(parse(line).invalid.iter().map(|invalid| invalid.reason).collect::<Vec<_>>(), [reason]);
        }
        case("gunicorn site.wsgi", Reason::NoName);
        case(" web: gunicorn", Reason::BadName);
        case("we b: gunicorn", Reason::BadName);
        case("web:  ", Reason::NoCommand);
        case("web: a\nweb: b", Reason::Twice);
    }
}
