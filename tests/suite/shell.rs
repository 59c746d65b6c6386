//! What shells and terminals get: completions, manual pages, colours, widths, pipes.

use std::path::Path;
use std::process::Stdio;

use crate::harness::{Place, Run, missing};
use crate::terminal::Terminal;

/// A project with a version and an environment in its sandbox, where shells find `beansprout`.
fn project() -> (Place, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_beansprout")).parent().unwrap().display().to_string();
    let place = Place::new().var("PATH", format!("{program}:{}", std::env::var("PATH").unwrap_or_default()));
    place.run(["new", "shop", "--defaults"]).ok();
    let place = place.enter("shop");
    let label = place.run(["publish", "--sandbox", "--json"]).ok().json()["label"].as_str().unwrap().to_owned();
    (place, label)
}

/// What a shell offers after `words`, asked in the way of PowerShell, which prints what it gets.
fn offered(place: &Place, words: &[&str]) -> Run {
    let mut command = place.beansprout(["--", "beansprout"]);
    command.args(words).env("BEANSPROUT_COMPLETE", "powershell");
    place.finish(command).ok()
}

#[test]
fn values_come_from_where_they_are_kept() {
    let (place, label) = project();
    #[track_caller]
    fn case(place: &Place, words: &[&str], value: &str) {
        let run = offered(place, words);
        assert!(run.stdout.lines().any(|line| line.split('\t').next() == Some(value)), "{words:?}\n{run}");
        assert_eq!(run.stderr, "");
    }
    case(&place, &["dep"], "deploy");
    case(&place, &["deploy", ""], &label);
    case(&place, &["rollback", "--sandbox", "sh"], &label);
    case(&place, &["wait", "--label", ""], &label);
    case(&place, &["versions", "--application", ""], "shop");
    case(&place, &["new", "site", "--stack", "do"], "docker");
    case(&place, &["stack", "check", ""], "python");
    case(&place, &["add", "upl"], "upload-limit");
    case(&place, &["recipes", "upl"], "upload-limit");
    case(&place, &["explain", "EB00"], "EB001");
    case(&place, &["explain", "DeploymentP"], "DeploymentPolicy");
    case(&place, &["diff", ""], "worktree");
    case(&place, &["diff", "shop"], &label);
    case(&place, &["man", "pa"], "package");
    case(&place, &["check", "--format", ""], "sarif");
    // From elsewhere, as `-C` says.
    let elsewhere = place.dir();
    let run = offered(&Place::new(), &["-C", &elsewhere.display().to_string(), "deploy", ""]);
    assert!(run.stdout.contains(&label), "{run}");
}

#[test]
fn environments_are_offered_by_name() {
    let place = Place::new().file("beansprout.toml", "").file(
        ".beansprout/sandbox/seed.json",
        r#"[{"operation": "CreateApplication", "parameters": {"ApplicationName": "shop"}},
            {"operation": "CreateEnvironment", "parameters": {"ApplicationName": "shop", "EnvironmentName": "shop-prod",
             "SolutionStackName": "64bit Amazon Linux 2023 v4.13.7 running Python 3.13"}}]"#,
    );
    let mut sandbox = place.start(["sandbox", "--port", "0", "--seed", ".beansprout/sandbox/seed.json"]);
    sandbox.wait_for("http://");
    let run = offered(&place, &["deploy", "x", "--env", ""]);
    assert_eq!(run.stdout, "shop-prod\tin the sandbox, of shop\n");
}

#[test]
fn a_project_that_cannot_be_read_offers_what_it_can() {
    let place = Place::new().file("beansprout.toml", "[nonsense\n");
    let run = offered(&place, &["deploy", ""]);
    assert!(run.stdout.contains("--env\t") && run.stderr.is_empty(), "{run}");
    // A shell that we do not know is no shell: the command runs as always.
    let mut command = place.beansprout(["--version"]);
    command.env("BEANSPROUT_COMPLETE", "1");
    assert!(place.finish(command).ok().stdout.starts_with("beansprout "));
}

#[test]
fn bash_completes() {
    let (place, label) = project();
    let script = "source <(beansprout completions bash); COMP_WORDS=(beansprout deploy ''); COMP_CWORD=2 COMP_TYPE=9; \
        _clap_complete_beansprout beansprout '' deploy; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let offers = place.sh("bash", &["-c", script]);
    assert_eq!(offers.lines().next(), Some(label.as_str()), "{offers}");
}

#[test]
fn zsh_completes() {
    if missing("zsh", "zsh") {
        return;
    }
    let (place, label) = project();
    // `_describe` is what would show them.
    let script = "compdef() { : }; _describe() { print -rl -- ${(P)3} }; source <(beansprout completions zsh); \
        words=(beansprout deploy ''); CURRENT=3; _clap_dynamic_completer_beansprout";
    let offers = place.sh("zsh", &["-f", "-c", script]);
    assert_eq!(offers.lines().next(), Some(&*format!("{label}:in the sandbox, of shop")), "{offers}");
}

#[test]
fn fish_completes() {
    if missing("fish", "fish") {
        return;
    }
    let (place, label) = project();
    let script = "beansprout completions fish | source; complete --do-complete 'beansprout deploy '";
    let offers = place.sh("fish", &["--no-config", "-c", script]);
    assert_eq!(offers.lines().next(), Some(&*format!("{label}\tin the sandbox, of shop")), "{offers}");
}

#[test]
fn powershell_gets_a_script_that_asks() {
    let script = Place::new().run(["completions", "powershell"]).ok().stdout;
    assert!(script.contains("Register-ArgumentCompleter -Native -CommandName beansprout"), "{script}");
    assert!(script.contains("$env:BEANSPROUT_COMPLETE = \"powershell\""), "{script}");
}

#[test]
fn every_verb_has_a_manual_page() {
    let place = Place::new();
    let help = place.run(["--help"]).ok().stdout;
    let listed = help.split("Options:").next().unwrap().lines().filter_map(|line| line.strip_prefix("  "));
    let verbs: Vec<&str> = listed.filter_map(|line| line.split(' ').next()).filter(|verb| !verb.is_empty()).collect();
    assert!(verbs.len() > 20, "{verbs:?}");
    let typeset = !missing("groff", "groff-base");
    for verb in verbs.iter().filter(|verb| **verb != "help") {
        let page = place.run(["man", verb]).ok().stdout;
        assert!(page.contains(&format!(".TH beansprout-{verb} 1")), "{page}");
        if typeset {
            place.write("page.1", &page);
            let text = place.sh("sh", &["-c", "groff -Kutf8 -man -Tutf8 -P-cbu -ww page.1 2>&1"]);
            // Lines are filled with spaces.
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains(&format!("beansprout {verb}")) && !text.contains("warning:"), "{verb}\n{text}");
        }
    }
    let page = place.run(["man", "stack", "new"]).ok().stdout;
    assert!(page.contains(".TH beansprout-stack-new 1"), "{page}");
    place.run(["man", "stack", "nothing"]).exit(2);
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    #[track_caller]
    fn case(vars: &[(&str, &str)], arguments: &[&str], coloured: bool) {
        let place = vars.iter().fold(Place::new(), |place, (name, value)| place.var(name, *value));
        let place = place.file("Procfile", "web: gunicorn nowhere.wsgi\n").file("manage.py", "");
        let (exit, seen, bytes) = Terminal::run(&place, 80, arguments).ends_with_bytes();
        assert_eq!(exit, 1, "{seen}");
        assert_eq!(bytes.contains(&0x1b), coloured, "{vars:?} {arguments:?}\n{seen}");
    }
    case(&[], &["check"], true);
    case(&[("NO_COLOR", "1")], &["check"], false);
    case(&[("TERM", "dumb")], &["check"], false);
    case(&[], &["check", "--color", "never"], false);
    case(&[("NO_COLOR", "1")], &["check", "--color", "always"], true);
}

/// A terminal that cannot move its cursor gets no bar and no questions.
#[test]
fn a_dumb_terminal_is_not_asked() {
    let place = Place::new().var("TERM", "dumb");
    let (exit, seen, bytes) = Terminal::run(&place, 80, &["new", "shop"]).ends_with_bytes();
    assert_eq!(exit, 2, "{seen}");
    assert!(seen.contains("--defaults") && !bytes.contains(&0x1b), "{seen}");
}

#[test]
fn sixty_columns_are_enough_for_help() {
    let place = Place::new();
    for arguments in [&["--help"][..], &["publish", "--help"], &["deploy", "-h"], &["up", "--help"]] {
        let (_, seen) = Terminal::run(&place, 60, arguments).ends();
        let wide: Vec<&str> = seen.lines().filter(|line| line.trim_end().chars().count() > 60).collect();
        assert!(wide.is_empty(), "{arguments:?}: {wide:#?}");
    }
}

/// `beansprout explain | head -1` is no error.
#[test]
fn a_reader_may_go_away() {
    let place = Place::new();
    for arguments in [&["recipes"][..], &["completions", "bash"], &["man"], &["explain", "--json"], &["--help"]] {
        let mut child = place.beansprout(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !said.contains("panicked"), "{arguments:?}: {said}");
    }
}

/// A script that keeps an answer must not go on with half of it.
#[test]
fn a_full_disk_is_an_error() {
    let place = Place::new();
    let mut command = place.beansprout(["recipes", "--json"]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = command.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("error: failed to write the answer to stdout\n  cause: No space left"), "{said}");
}

#[test]
fn a_typing_mistake_is_answered_with_what_was_meant() {
    #[track_caller]
    fn case(arguments: &[&str], meant: &str) {
        let run = Place::new().run(arguments).exit(2);
        assert!(run.stderr.contains(meant), "{run}");
    }
    case(&["pakcage"], "`package`");
    case(&["package", "--lst"], "`--list`");
    case(&["new", "x", "--defaults", "--stack", "pyhton"], "`python`");
    case(&["add", "uplod-limit"], "`upload-limit`");
    case(&["explain", "DeploymentPolcy"], "`DeploymentPolicy`");
    case(&["check", "--format", "sarf"], "`sarif`");
    case(&["man", "pakcage"], "`beansprout --help`");
}
