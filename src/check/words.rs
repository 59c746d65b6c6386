//! Words of a shell: the commands that a script runs, each with its place. Comments, quoted text and here-documents are none.

mod lead;
mod lexer;

use std::collections::VecDeque;
use std::ops::Range;

pub(super) use lead::{Lead, assigned};
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
    /// Is its failure caught, by `|| …` or as the condition of an `if`, or seen by nobody?
    pub(super) forgiven: bool,
    /// Is it left to itself, by `&` at the end of its list?
    pub(super) background: bool,
    /// What led to it: `sudo`, `su`, `flock`, `env` …
    pub(super) lead: Lead,
}

impl Run {
    /// The program's name without its folder.
    pub(super) fn name(&self) -> &str {
        base(&self.program.text)
    }

    /// Does it run in a container? Then programs and files of the instance are none of its business.
    pub(super) fn in_container(&self) -> bool {
        self.lead.in_container()
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

    /// What the commands run whose output the shell splits into words of this one: those between no quotes.
    pub(super) fn split_in(&self) -> Vec<Run> {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        let bare = words.filter(|word| word.span.len() == word.text.len());
        let inner = |word: &Word| {
            let text = word.text.strip_prefix("$(").and_then(|text| text.strip_suffix(')'));
            text.or_else(|| word.text.strip_prefix('`')?.strip_suffix('`')).map(str::to_owned)
        };
        bare.filter_map(inner).flat_map(|text| runs(&text)).collect()
    }

    /// What a shell or `source` is given.
    pub(super) fn script(&self) -> Option<&Word> {
        let reads = is_shell(self.name()) || matches!(self.name(), "source" | ".");
        self.plain().next().filter(|_| reads)
    }

    /// The file of the instance that it carries out: what a shell, `source` or Python is given, else its program.
    pub(super) fn carried_out(&self) -> Option<&Word> {
        let given = self.script().or_else(|| self.plain().next().filter(|_| is_python(self.name())));
        Some(given.unwrap_or(&self.program)).filter(|_| !self.in_container())
    }

    /// Does it run this file of the instance, by its path or with an interpreter?
    pub(super) fn carries_out(&self, path: &str) -> bool {
        self.carried_out().is_some_and(|word| word.text == path)
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

    /// Is it celery's beat, which sends each periodic task once? redbeat takes a lock, so that of several one sends.
    pub(super) fn is_beat(&self) -> bool {
        if self.arguments.iter().any(|word| word.text.to_ascii_lowercase().contains("redbeat")) {
            return false;
        }
        let worker = self.has("worker") && ["-B", "--beat"].iter().any(|flag| self.has(flag));
        (self.is_celery() && (self.has("beat") || worker)) || self.name() == "celerybeat"
    }

    /// Is it celery, as a program or a module?
    pub(super) fn is_celery(&self) -> bool {
        self.name() == "celery" || (is_python(self.name()) && self.has("celery"))
    }

    /// The module that celery's `-A` names, and the word that does.
    pub(super) fn celery_module(&self) -> Option<(&str, &Word)> {
        let mut words = self.arguments.iter().filter(|_| self.is_celery()).peekable();
        let named = std::iter::from_fn(|| {
            let word = words.next()?;
            let next = words.peek().copied();
            Some(match word.text.as_str() {
                "-A" | "--app" => next.map(|next| (next.text.as_str(), next)),
                text => text.strip_prefix("--app=").map(|module| (module, word)),
            })
        });
        let (named, word) = named.flatten().next()?;
        Some((named.split(':').next().unwrap_or(named), word))
    }

    /// Does it ask for certificates, by its own name or that of its old wrapper?
    pub(super) fn is_certbot(&self) -> bool {
        matches!(self.name(), "certbot" | "certbot-auto")
    }

    /// Does certbot write a certificate into nginx's files?
    pub(super) fn installs_certificate(&self) -> bool {
        self.is_certbot() && self.has("--nginx") && !self.has("certonly")
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
    matches!(name, "sh" | "bash" | "dash" | "zsh" | "ash" | "ksh")
}

/// Does a shell put a variable's value in where this stands? Between single quotes and in comments it is a text.
pub(super) fn is_expanded(text: &str, variable: &str) -> bool {
    // YAML's own quotes are not the shell's.
    let inner = |quote: char| text.trim_end().strip_prefix(quote)?.strip_suffix(quote);
    let text = inner('\'').or_else(|| inner('"')).unwrap_or(text);
    let (mut single, mut double, mut before) = (false, false, '\n');
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' if !single => drop(chars.next()),
            '\'' if !double => single = !single,
            '"' if !single => double = !double,
            '#' if !single && !double && before.is_whitespace() => {
                chars.by_ref().find(|(_, char)| *char == '\n');
            }
            '$' if !single && text[at..].starts_with(variable) => return true,
            _ => {}
        }
        before = char;
    }
    false
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
        if let Some(Inner { text, at, lead }) = inner.filter(|_| depth < DEEPEST) {
            let from = found.len();
            collect(&text, at, depth + 1, found);
            for inner in &mut found[from..] {
                inner.lead = lead.around(std::mem::take(&mut inner.lead));
                if lead.in_container() {
                    inner.writes.clear();
                }
            }
        }
        found.push(run);
    }
}

/// Takes what leads to a program away; the text of `sh -c` is read as a script of its own.
fn run(simple: Simple, offset: usize) -> Option<(Run, Option<Inner>)> {
    let Simple { words, mut writes, piped, forgiven, background } = simple;
    let shift = |word: &mut Word| word.span = word.span.start + offset..word.span.end + offset;
    let mut words: VecDeque<Word> = words.into();
    let (lead, condition) = Lead::take(&mut words);
    let mut program = words.pop_front()?;
    let mut arguments: Vec<Word> = words.into();
    let inner = lead::text_of(&program.text, &arguments).map(|(word, within)| {
        // The place is that of the text between the quotes.
        let quotes = word.span.len().saturating_sub(word.text.len()) / 2;
        Inner { at: offset + word.span.start + quotes, text: word.text, lead: lead.around(within) }
    });
    shift(&mut program);
    arguments.iter_mut().for_each(shift);
    writes.iter_mut().for_each(shift);
    let forgiven = forgiven || condition || background;
    Some((Run { program, arguments, writes, piped, forgiven, background, lead }, inner))
}

/// A script that a command is given as a word.
struct Inner {
    text: String,
    at: usize,
    lead: Lead,
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
        case("command -v python3", &["command -v python3"]);
        case("sudo -Hu webapp A=1 timeout -k 5 60 python x", &["python x"]);
        case("runuser -u webapp -- python x", &["python x"]);
        case("flock -n /tmp/l -c 'python x'", &["python x", "flock -n /tmp/l -c python x"]);
        case("", &[]);
    }

    #[test]
    fn what_a_shell_is_given_runs_too() {
        let text = "su webapp -c 'python manage.py migrate'";
        let found = runs(text);
        let (command, _) = found[0].django().unwrap();
        assert_eq!((command.text.as_str(), &text[command.span.clone()]), ("migrate", "migrate"));
        assert!(found[0].lead.has("su") && !found[0].lead.is_root());
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
    fn what_is_expanded() {
        for text in
            ["$A/pip", "\"$A/pip\"", "'x' $A/y", "# don't\n$A/y", "x \"it's $A/x\"", "'$A/pip install'", "\"$A/x\" y"]
        {
            assert!(is_expanded(text, "$A/"), "{text}");
        }
        for text in ["sed 's/:$A/b/'", "x # $A/", "\\$A/x", "echo", "awk '{print}' '$A/'"] {
            assert!(!is_expanded(text, "$A/"), "{text}");
        }
    }

    #[test]
    fn what_is_left_to_itself() {
        let left = |text: &str| runs(text).iter().map(|run| run.background).collect::<Vec<_>>();
        assert_eq!(left("a && b & c"), [true, true, false]);
        assert_eq!(left("a; b &"), [false, true]);
        assert_eq!(left("(a && b) &"), [true, true]);
        for text in ["a && b", "a &> b", "a 2>&1", "a |& b", "a || b"] {
            assert!(!left(text).contains(&true), "{text}");
        }
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
