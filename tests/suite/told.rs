//! What generated files tell people to type works, in the order in which a reader meets it: README, first page, comments.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;

use crate::book::blocks;
use crate::harness::{Place, Run, Running, free_port};
use crate::site::installed;

/// Commands that nothing here can run, each with its reason.
const ELSEWHERE: &[(&str, &str)] = &[
    ("sudo bin/manage shell", "on an instance"),
    ("eb logs", "the EB CLI, of an environment that lives"),
    ("beansprout launch", "a verb, not a command to type"),
    ("python manage.py runserver", "named by the settings; the README's own line is run"),
];

/// A new project, and a shell in it.
struct Reader {
    place: Place,
    environment: String,
    ran: BTreeSet<String>,
}

impl Reader {
    /// `new`, and into the folder that its last line names.
    fn of(stack: &str, answers: &[&str]) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_beansprout")).parent().unwrap().display().to_string();
        let place = Place::new()
            .var("PATH", format!("{program}:{}", std::env::var("PATH").unwrap_or_default()))
            .var("PYTHONUNBUFFERED", "1");
        let mut arguments = vec!["new", "shop", "--defaults", "--stack", stack];
        arguments.extend(answers.iter().flat_map(|answer| ["--set", answer]));
        let run = place.run(arguments).ok();
        assert!(run.stderr.contains("next: `cd shop`, then `beansprout up`"), "{run}");
        Self { place: place.enter("shop"), environment: "shop-production".to_owned(), ran: BTreeSet::new() }
    }

    fn shell(&self, command: &str) -> std::process::Command {
        let activate = if self.place.exists(".venv") { ". .venv/bin/activate; " } else { "" };
        let mut shell = self.place.command("bash");
        shell.args(["-euo", "pipefail", "-c", &format!("{activate}{command}")]);
        shell
    }

    #[track_caller]
    fn run(&mut self, command: &str) -> Run {
        self.ran.insert(command.to_owned());
        let run = self.place.finish(self.shell(command));
        assert_eq!(run.exit, 0, "{command}\n{run}");
        run
    }

    /// Something that serves until Ctrl-C.
    #[track_caller]
    fn serve(&mut self, told: &str, command: &str, ready: &str) {
        self.ran.insert(told.to_owned());
        // Where the tests run in the background, Ctrl-C is ignored, and Python would go on ignoring it.
        let mut shell = self.shell(&format!("exec env --default-signal=INT {command}"));
        let mut running = Running::new(shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
        running.wait_for(ready);
        running.signal("INT");
        running.finish();
    }

    /// The blocks of the README, line by line.
    fn readme(&mut self, needs_database: bool) {
        let text = self.place.read("README.md");
        let lines: Vec<String> = blocks(&text)
            .iter()
            .filter(|block| block.language == "sh")
            .flat_map(|block| &block.lines)
            .map(|line| line.split(" #").next().unwrap().trim().to_owned())
            .filter(|line| !line.is_empty())
            .collect();
        assert!(lines.len() >= 10, "{lines:?}");
        for line in lines {
            match line.as_str() {
                // One that has everything already: made once for all tests.
                "python3 -m venv .venv" => {
                    let python = installed(&self.place, ".");
                    let programs = python.parent().unwrap().display();
                    self.place.write(".venv/bin/activate", format!("export PATH=\"{programs}:$PATH\"\n"));
                }
                "python manage.py runserver" => {
                    let port = free_port();
                    self.serve(
                        &line,
                        &format!("python manage.py runserver --noreload {port}"),
                        "development server at",
                    );
                }
                // No server of that kind is here; what is missing is said, and where it goes. In containers no step of the
                // deployment needs it: the site itself ends, and is started again and again.
                "beansprout up" if needs_database && self.place.exists("Dockerrun.aws.json") => {
                    self.serve(&line, "beansprout up --port 0", "`beansprout up --env DATABASE_URL=VALUE`");
                }
                "beansprout up" if needs_database => {
                    self.ran.insert(line.clone());
                    let run = self.place.finish(self.shell("beansprout up --port 0"));
                    assert_eq!(run.exit, 5, "{run}");
                    assert!(run.stderr.contains("`beansprout up --env DATABASE_URL=VALUE`"), "{run}");
                }
                "beansprout up" => self.serve(&line, "beansprout up --port 0", "Ctrl-C ends it"),
                _ => drop(self.run(&line)),
            }
        }
    }

    /// The steps of the first page.
    fn page(&mut self) {
        let page = self.place.read("templates/welcome/index.html");
        let code: Vec<String> = page
            .split("<code>")
            .skip(1)
            .filter_map(|rest| rest.split_once("</code>"))
            .map(|(code, _)| code.to_owned())
            .collect();
        let at = |text: &str| code.iter().position(|code| code == text).unwrap_or_else(|| panic!("{text}: {code:?}"));
        let path = &code[at("INSTALLED_APPS") + 1];
        let entry = &code[at("INSTALLED_APPS") - 1];
        self.run(&code[at("INSTALLED_APPS") - 2]);
        let settings = self.place.read(path);
        let settings = settings.replacen("INSTALLED_APPS = [\n", &format!("INSTALLED_APPS = [\n    {entry}\n"), 1);
        assert!(settings.contains(entry));
        self.place.write(path, settings);
        self.run("python manage.py check");
        for command in code.iter().filter(|code| code.starts_with("beansprout ") || code.contains("createsuperuser")) {
            self.elsewhere(command);
        }
    }

    /// The same on the embedded AWS, or without a person.
    fn elsewhere(&mut self, command: &str) {
        if !self.ran.insert(command.to_owned()) {
            return;
        }
        let environment = &self.environment;
        let command = match command {
            "python manage.py createsuperuser" => {
                "DJANGO_SUPERUSER_PASSWORD=x python manage.py createsuperuser --noinput --username a --email a@example.com".to_owned()
            }
            // Answers that a person would give.
            "beansprout update" | "beansprout update --set database=postgresql" => format!("{command} --yes --defaults"),
            _ if command.starts_with("beansprout publish --deploy") => {
                // It is there by then, as the sentence before says.
                let launch = format!("beansprout launch {environment} --apply --sandbox --property DATABASE_URL=postgresql://u@db/x");
                let run = self.place.finish(self.shell(&launch));
                assert_eq!(run.exit, 0, "{launch}\n{run}");
                format!("{command} --sandbox")
            }
            _ if command.starts_with("beansprout launch ") => {
                format!("{command} --sandbox --property DATABASE_URL=postgresql://u@db/x")
            }
            _ => command.to_owned(),
        };
        self.run(&command);
    }

    /// Commands between backticks, in every file that was generated.
    fn told(&self) -> BTreeSet<String> {
        let mut told = BTreeSet::new();
        let files = self.place.sh("git", &["ls-files", "-co", "--exclude-standard"]);
        for path in files.lines().filter(|path| *path != ".beansprout-base.json" && !path.ends_with(".svg")) {
            let text = self.place.read(path);
            let spans =
                text.split('`').skip(1).step_by(2).map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "));
            let starts =
                ["beansprout ", "python ", "python3 ", "pip ", "ruff ", "eb ", "aws ", "docker ", "sudo ", "git "];
            told.extend(spans.filter(|span| starts.iter().any(|start| span.starts_with(start))));
        }
        told
    }
}

#[track_caller]
fn follow(stack: &str, answers: &[&str]) {
    let mut reader = Reader::of(stack, answers);
    reader.place.sh("git", &["init", "-q", "-b", "main"]);
    let told = reader.told();
    let needs_database = answers.contains(&"database=postgresql") || stack == "ecs";
    reader.readme(needs_database);
    reader.page();
    let missing: Vec<String> = told.difference(&reader.ran).cloned().collect();
    // What changes the project most comes last.
    let (last, first): (Vec<String>, Vec<String>) = missing.into_iter().partition(|told| told.contains(" update"));
    for command in first.into_iter().chain(last) {
        if ELSEWHERE.iter().all(|(known, _)| *known != command) {
            reader.elsewhere(&command);
        }
    }
    reader.run("python manage.py makemigrations --check --dry-run");
}

#[test]
fn a_site_on_python() {
    follow("python", &[]);
}

#[test]
fn a_site_with_a_server_for_its_data() {
    follow("python", &["profile=steady", "database=postgresql"]);
}

#[test]
fn a_site_in_containers() {
    follow("docker", &[]);
}

#[test]
fn a_site_on_ecs() {
    follow("ecs", &["image=123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:1"]);
}

#[test]
fn a_worker() {
    follow("worker", &[]);
}

#[test]
fn what_is_not_run_is_still_told() {
    let place = Place::new();
    for stack in ["python", "worker"] {
        place.run(["new", stack, "--defaults", "--stack", stack]).ok();
    }
    let all = place.sh("grep", &["-rh", "`", "python", "worker"]);
    for (command, why) in ELSEWHERE {
        assert!(all.contains(&format!("`{command}`")), "`{command}` is told nowhere any more: {why}");
    }
}

#[test]
fn a_recipe_changes_what_the_stack_wrote_and_nothing_else() {
    let place = Place::new();
    place.run(["new", "shop", "--defaults"]).ok();
    let run = place.run(["-C", "shop", "add", "upload-limit", "--set", "size=70m"]).ok();
    assert!(run.stdout.contains("~ .platform/nginx/conf.d/uploads.conf"), "{run}");
    assert!(place.read("shop/.platform/nginx/conf.d/uploads.conf").contains("client_max_body_size 70m;"));
    // Now it is somebody's own: nothing is changed, and what would be is shown.
    let run = place.run(["-C", "shop", "add", "upload-limit", "--set", "size=90m"]).exit(1);
    assert!(run.stderr.contains("+client_max_body_size 90m;"), "{run}");
    assert!(place.read("shop/.platform/nginx/conf.d/uploads.conf").contains("client_max_body_size 70m;"));
    // And a newer stack leaves it alone.
    assert!(place.run(["-C", "shop", "update", "--defaults", "--yes"]).ok().stderr.contains("up to date"));
}
