//! Words of a shell: the commands that a script runs, each with its place. Comments, quoted text and here-documents are none.

mod lexer;

use std::ops::Range;

pub(super) use lexer::Word;
use lexer::{Simple, simple_commands};

/// One program with its arguments, without what only leads to it, such as `sudo`, `VAR=x` and `timeout 60`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) program: Word,
    pub(super) arguments: Vec<Word>,
    /// Targets of `>` and `>>`, where the shell of the instance opens them.
    pub(super) writes: Vec<Word>,
    /// Does another command's output come in?
    pub(super) piped: bool,
    /// Is its failure caught, by `|| …` or as the condition of an `if`?
    pub(super) forgiven: bool,
    /// What led to it: `sudo`, `su`, `flock`, `env` …
    pub(super) led_by: Vec<String>,
}

impl Run {
    /// The program's name without its folder.
    pub(super) fn name(&self) -> &str {
        base(&self.program.text)
    }

    /// Does it run in a container? Then programs and files of the instance are none of its business.
    pub(super) fn in_container(&self) -> bool {
        self.led_by.iter().any(|leader| leader == "docker")
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.program.span.start..self.arguments.last().map_or(self.program.span.end, |word| word.span.end)
    }

    pub(super) fn has(&self, argument: &str) -> bool {
        self.arguments.iter().any(|word| word.text == argument)
    }

    /// Arguments that are no options.
    pub(super) fn plain(&self) -> impl Iterator<Item = &Word> {
        self.arguments.iter().filter(|word| !word.text.starts_with('-'))
    }

    /// The command of Django's that it is, such as `migrate`, with the arguments after it.
    pub(super) fn django(&self) -> Option<(&Word, &[Word])> {
        let after = |index: usize| {
            let at = self.arguments[index..].iter().position(|word| !word.text.starts_with('-'))? + index;
            Some((&self.arguments[at], &self.arguments[at + 1..]))
        };
        let name = self.name();
        if matches!(name, "manage.py" | "django-admin" | "django-admin.py") {
            return after(0);
        }
        if !is_python(name) {
            return None;
        }
        let script = self.arguments.iter().position(|word| !word.text.starts_with('-'))?;
        let module = script > 0 && self.arguments[script - 1].text == "-m" && self.arguments[script].text == "django";
        let file = matches!(base(&self.arguments[script].text), "manage.py" | "django-admin.py" | "django-admin");
        if module || file { after(script + 1) } else { None }
    }

    /// Is it one of docker's `prune`, which asks before it deletes?
    pub(super) fn prunes(&self) -> bool {
        let forced = |word: &Word| {
            word.text == "--force"
                || (word.text.starts_with('-') && !word.text.starts_with("--") && word.text.contains('f'))
        };
        self.name() == "docker" && self.has("prune") && !self.arguments.iter().any(forced)
    }

    /// What a shell or `source` is given.
    pub(super) fn script(&self) -> Option<&Word> {
        let reads = is_shell(self.name()) || matches!(self.name(), "source" | ".");
        self.plain().next().filter(|_| reads)
    }

    /// Does it run this file of the instance, by its path or with an interpreter?
    pub(super) fn carries_out(&self, path: &str) -> bool {
        let given = self.script().or_else(|| self.plain().next().filter(|_| is_python(self.name())));
        !self.in_container() && (self.program.text == path || given.is_some_and(|word| word.text == path))
    }

    /// Does it tell the shell to stop at the first failure, or not to? `None`: it says nothing of that.
    pub(super) fn sets_stop(&self) -> Option<bool> {
        if self.name() != "set" {
            return None;
        }
        let words = self.arguments.iter().map(|word| word.text.as_str());
        let mut said = None;
        let mut sign = ' ';
        for word in words.take_while(|word| *word != "--") {
            let first = word.chars().next().unwrap_or(' ');
            if matches!(first, '-' | '+') {
                sign = first;
                if word[1..].contains('e') {
                    said = Some(sign == '-');
                }
            } else if word == "errexit" {
                said = Some(sign == '-');
            }
        }
        said
    }

    /// Is it celery's beat, which sends each periodic task once?
    pub(super) fn is_beat(&self) -> bool {
        let celery = self.name() == "celery" || (is_python(self.name()) && self.has("celery"));
        let worker = self.has("worker") && ["-B", "--beat"].iter().any(|flag| self.has(flag));
        (celery && (self.has("beat") || worker)) || self.name() == "celerybeat"
    }

    /// Is it pip, as a program or a module, and what does it do?
    pub(super) fn pip(&self) -> Option<&Word> {
        let name = self.name();
        let is_pip = |name: &str| {
            name.strip_prefix("pip").is_some_and(|rest| rest.chars().all(|char| char.is_ascii_digit() || char == '.'))
        };
        if is_pip(name) {
            return self.plain().next();
        }
        let module = self.arguments.windows(2).position(|pair| pair[0].text == "-m" && is_pip(&pair[1].text))?;
        (is_python(name)).then(|| self.arguments.get(module + 2)).flatten()
    }
}

pub(super) fn is_python(name: &str) -> bool {
    name.strip_prefix("python").is_some_and(|rest| rest.chars().all(|char| char.is_ascii_digit() || char == '.'))
}

pub(super) fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "bash" | "dash" | "zsh")
}

/// The last part of a path.
pub(super) fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The programs that a text runs, in their order.
pub(super) fn runs(text: &str) -> Vec<Run> {
    let mut found = Vec::new();
    collect(text, 0, 0, &mut found);
    found
}

fn collect(text: &str, offset: usize, depth: usize, found: &mut Vec<Run>) {
    const DEEPEST: usize = 4;
    for simple in simple_commands(text) {
        let Some((run, inner)) = run(simple, offset) else { continue };
        if let Some((text, at)) = inner.filter(|_| depth < DEEPEST) {
            let from = found.len();
            collect(&text, at, depth + 1, found);
            for inner in &mut found[from..] {
                inner.led_by.extend(run.led_by.iter().cloned());
                inner.led_by.push(run.name().to_owned());
                if run.in_container() {
                    inner.writes.clear();
                }
            }
        }
        found.push(run);
    }
}

/// Takes what leads to a program away; the text of `sh -c` is read as a script of its own.
fn run(simple: Simple, offset: usize) -> Option<(Run, Option<(String, usize)>)> {
    let Simple { words, mut writes, piped, mut forgiven } = simple;
    let shift = |word: &mut Word| word.span = word.span.start + offset..word.span.end + offset;
    let mut words: std::collections::VecDeque<Word> = words.into();
    let mut led_by = Vec::new();
    while let Some(word) = words.front() {
        let text = word.text.as_str();
        let assigns = text.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_')
        });
        let keyword = matches!(text, "if" | "elif" | "while" | "until");
        if keyword {
            forgiven = true;
        }
        if assigns || keyword || matches!(text, "then" | "do" | "else" | "!" | "{" | "(" | "fi" | "done" | "}" | ")") {
            words.pop_front();
        } else if let leader @ ("sudo" | "nohup" | "time" | "exec" | "command" | "env" | "nice" | "ionice" | "timeout"
        | "flock" | "runuser" | "pipenv" | "poetry" | "uv" | "docker" | "docker-compose") = base(text)
        {
            let mut leader = leader.to_owned();
            if matches!(leader.as_str(), "pipenv" | "poetry" | "uv")
                && words.get(1).is_none_or(|word| word.text != "run")
            {
                break;
            }
            if leader.starts_with("docker") {
                // `docker exec` and `docker compose exec`: what follows the container is what runs in it.
                let compose = usize::from(words.get(1).is_some_and(|word| word.text == "compose"));
                if words.get(1 + compose).is_none_or(|word| word.text != "exec") {
                    break;
                }
                words.drain(..=compose);
                leader.truncate("docker".len());
            }
            words.pop_front();
            lead(&leader, &mut words);
            led_by.push(leader);
        } else {
            break;
        }
    }
    let mut program = words.pop_front()?;
    let mut arguments: Vec<Word> = words.into();
    let shell = is_shell(base(&program.text)) || base(&program.text) == "su";
    let flag = arguments.iter().position(|word| word.text.starts_with('-') && word.text.ends_with('c'));
    let inner = flag.filter(|_| shell).and_then(|flag| arguments.get(flag + 1));
    // The place is that of the text between the quotes.
    let inner = inner.map(|word| {
        let quotes = word.span.len().saturating_sub(word.text.len()) / 2;
        (word.text.clone(), offset + word.span.start + quotes)
    });
    shift(&mut program);
    arguments.iter_mut().for_each(shift);
    writes.iter_mut().for_each(shift);
    Some((Run { program, arguments, writes, piped, forgiven, led_by }, inner))
}

/// The options and operands of what only leads to a program.
fn lead(leader: &str, words: &mut std::collections::VecDeque<Word>) {
    let mut operands = usize::from(matches!(leader, "timeout" | "flock" | "pipenv" | "poetry" | "uv" | "docker"));
    while let Some(word) = words.front() {
        if word.text.starts_with('-') && word.text != "-" {
            let takes = matches!(
                (leader, word.text.as_str()),
                ("sudo", "-u" | "-g" | "-C" | "-h")
                    | ("runuser", "-u")
                    | ("nice", "-n")
                    | ("env", "-u")
                    | ("flock", "-w" | "-E")
                    | ("timeout", "-k" | "-s")
                    | ("docker", "-e" | "--env" | "--env-file" | "-u" | "--user" | "-w" | "--workdir" | "--index")
            );
            words.pop_front();
            if takes {
                words.pop_front();
            }
        } else if operands > 0 {
            operands -= 1;
            words.pop_front();
        } else {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn case(text: &str, expected: &[&str]) {
        let said = |run: &Run| {
            let words = run.arguments.iter().map(|word| word.text.as_str());
            std::iter::once(run.name()).chain(words).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(runs(text).iter().map(said).collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn what_runs() {
        case(
            "source /var/app/venv/*/bin/activate && python manage.py migrate --noinput",
            &["source /var/app/venv/*/bin/activate", "python manage.py migrate --noinput"],
        );
        case("A=1 sudo -E -u webapp python manage.py x; # python manage.py y\n", &["python manage.py x"]);
        case("echo 'manage.py migrate'", &["echo manage.py migrate"]);
        case("if [ -f x ]; then\n  pip install y\nfi", &["[ -f x ]", "pip install y"]);
        case("cat > x <<'EOF'\nmanage.py migrate\nEOF\nls", &["cat", "ls"]);
        case("timeout 60 flock -n /tmp/l python a.py", &["python a.py"]);
        case("a \\\n  b", &["a b"]);
        case("pipenv run python manage.py x", &["python manage.py x"]);
        case("x 2>&1 | tee y", &["x", "tee y"]);
        case("docker exec -it -u app $(docker ps -q) python manage.py x", &["python manage.py x"]);
        case("docker compose exec -T web ./manage.py x", &["manage.py x"]);
        case("docker ps -q", &["docker ps -q"]);
        case("", &[]);
    }

    #[test]
    fn what_a_shell_is_given_runs_too() {
        let text = "su webapp -c 'python manage.py migrate'";
        let found = runs(text);
        let (command, _) = found[0].django().unwrap();
        assert_eq!((command.text.as_str(), &text[command.span.clone()]), ("migrate", "migrate"));
        assert_eq!(found[0].led_by, ["su"]);
        assert!(runs("bash -lc \"pip install x\"")[0].pip().is_some_and(|word| word.text == "install"));
    }

    #[test]
    fn who_is_asked_for_what() {
        let django = |text: &str| runs(text).iter().find_map(|run| run.django().map(|(word, _)| word.text.clone()));
        assert_eq!(django("python3 -u backend/manage.py migrate").as_deref(), Some("migrate"));
        assert_eq!(django("./manage.py collectstatic").as_deref(), Some("collectstatic"));
        assert_eq!(django("/var/app/venv/x/bin/python -m django check").as_deref(), Some("check"));
        assert_eq!(django("django-admin.py migrate").as_deref(), Some("migrate"));
        assert_eq!(django("python other.py migrate"), None);
        assert_eq!(django("touch /tmp/collectstatic"), None);
        let found = runs("python -m pip install x > /tmp/log || true");
        assert!(found[0].pip().is_some() && found[0].forgiven && found[0].writes[0].text == "/tmp/log");
    }

    #[test]
    fn what_stops_at_a_failure() {
        #[track_caller]
        fn case(text: &str, stops: Option<bool>) {
            assert_eq!(runs(text)[0].sets_stop(), stops, "{text}");
        }
        for text in
            ["set -e", "set -xe", "set -euo pipefail", "set -o errexit", "set -u -e", "set -o nounset -o errexit"]
        {
            case(text, Some(true));
        }
        case("set +e", Some(false));
        case("set +o errexit", Some(false));
        for text in ["set -x", "set -o pipefail", "set -- -e", "echo set -e"] {
            case(text, None);
        }
    }

    #[test]
    fn what_asks_and_what_is_run() {
        assert!(runs("docker system prune -a")[0].prunes() && runs("docker image prune")[0].prunes());
        for text in ["docker system prune -af", "docker system prune --force", "docker ps", "echo docker prune"] {
            assert!(!runs(text)[0].prunes(), "{text}");
        }
        for text in ["/opt/a.sh now", "bash -x /opt/a.sh", ". /opt/a.sh", "sudo python3 /opt/a.sh"] {
            assert!(runs(text)[0].carries_out("/opt/a.sh"), "{text}");
        }
        for text in ["chmod +x /opt/a.sh", "cp b /opt/a.sh", "bash b /opt/a.sh"] {
            assert!(!runs(text)[0].carries_out("/opt/a.sh"), "{text}");
        }
    }

    #[test]
    fn anything_comes_to_an_end() {
        for text in
            ["\"", "'", "$(", "`", "<<", "<<EOF", "\\", "a >", "((((", "sudo", "sh -c", "é\\é 'é", "\"\\", "$(é"]
        {
            runs(text);
        }
        runs(&"sh -c '".repeat(10_000));
    }
}
