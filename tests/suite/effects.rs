//! Nothing that can be said does nothing: every flag of a verb that releases, and every key of the sections that they read,
//! changes what is done, said or left behind, or it stands on a list with the reason.
//!
//! What there is to say is asked of the program itself, so that a new flag without a case is found.

use std::collections::{BTreeMap, BTreeSet};

use beansprout::sandbox::{self, Injection, Rule, Server, Settings};
use beansprout::world::World;

use crate::deploy::{STATE, Scene};
use crate::harness::Place;
use crate::publish::calls;
use crate::sandbox::rule;

/// What has happened before a command is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Before {
    /// Four versions are there; `shop-prod` runs the first, and the project holds the last.
    Nothing,
    /// The project holds something new.
    Changed,
    /// The second was deployed.
    Deployed,
    /// An update of `shop-prod` to the second goes on.
    Moving,
    /// Updates go on for ever, and nobody waits longer than a second.
    Endless,
    /// Updates make it red, and nobody waits for it to become healthy.
    Red,
    /// The release is on file, and goes to another application.
    Released,
}

/// A flag or a key, and two commands or projects that differ in nothing else.
struct Case {
    before: Before,
    /// Words of the command without it.
    words: &'static [&'static str],
    what: &'static str,
    /// The words or the lines that are added.
    more: &'static [&'static str],
}

const fn case(before: Before, words: &'static [&'static str], more: &'static [&'static str]) -> Case {
    Case { before, words, what: more[0], more }
}

const ENV: [&str; 2] = ["--env", "shop-prod"];
const DEPLOY: &[&str] = &["deploy", "SECOND", "--env", "shop-prod"];
const ROLLBACK: &[&str] = &["rollback", "--env", "shop-prod"];
const WAIT: &[&str] = &["wait", "--env", "shop-prod"];
const PROMOTE: &[&str] = &["promote", "../release.json", "--to", "shop-next"];
const KEEP: &[&str] = &["versions", "lifecycle", "--keep", "5"];
const PRUNE: &[&str] = &["prune", "--keep", "1", "--keep-deployed", "1"];

fn flags() -> Vec<Case> {
    use Before::{Changed, Deployed, Endless, Moving, Nothing, Red, Released};
    vec![
        case(Nothing, &["publish"], &["--application", "other"]),
        case(Nothing, &["publish", "--application", "other"], &["--create-application"]),
        case(Nothing, &["publish"], &["--label", "other"]),
        case(Nothing, &["publish"], &["--message", "text"]),
        case(Nothing, &["publish"], &["--tag", "stage=test"]),
        case(Nothing, &["publish"], &["--bucket", "other-bucket"]),
        case(Nothing, &["publish"], &["--kms-key", "alias/other"]),
        case(Changed, &["publish"], &["--no-process"]),
        case(Changed, &["publish"], &["--deploy", "shop-prod"]),
        case(Changed, &["publish", "--deploy", "shop-prod"], &["--no-wait"]),
        case(Nothing, &["publish"], &["--no-check"]),
        case(Nothing, &["publish"], &["--release", "../release.json"]),
        case(Nothing, &["publish"], &["--statement", "../statement.json"]),
        case(Nothing, &["publish"], &["--undo", "none.json"]),
        case(Changed, &["publish"], &["--dry-run"]),
        case(Nothing, DEPLOY, &["--no-wait"]),
        case(Nothing, &["deploy", "SECOND"], &ENV),
        case(Nothing, DEPLOY, &["--application", "other"]),
        case(Endless, DEPLOY, &["--timeout", "0"]),
        case(Red, DEPLOY, &["--settle", "1"]),
        case(Moving, &["deploy", "FIRST", "--env", "shop-prod", "--timeout", "0"], &["--when-ready"]),
        case(Nothing, DEPLOY, &["--dry-run"]),
        case(Deployed, &["rollback"], &ENV),
        case(Deployed, ROLLBACK, &["--application", "other"]),
        case(Endless, &["rollback", "SECOND", "--env", "shop-prod"], &["--timeout", "0"]),
        case(Red, &["rollback", "SECOND", "--env", "shop-prod"], &["--settle", "1"]),
        case(Moving, &["rollback", "FIRST", "--env", "shop-prod", "--timeout", "0"], &["--when-ready"]),
        case(Deployed, ROLLBACK, &["--dry-run"]),
        case(Nothing, &["wait"], &ENV),
        case(Nothing, WAIT, &["--application", "other"]),
        case(Nothing, WAIT, &["--label", "other"]),
        case(Moving, WAIT, &["--timeout", "0"]),
        case(Nothing, &["versions"], &["--application", "other"]),
        case(Nothing, &["versions", "lifecycle"], &["--keep", "5"]),
        case(Nothing, &["versions", "lifecycle"], &["--keep-days", "5"]),
        case(Nothing, &["versions", "lifecycle"], &["--off"]),
        case(Nothing, KEEP, &["--delete-bundles"]),
        case(Nothing, KEEP, &["--service-role", "arn:aws:iam::123456789012:role/other"]),
        case(Nothing, KEEP, &["--apply"]),
        case(Nothing, &["versions", "lifecycle", "--keep", "5", "--apply"], &["--dry-run"]),
        case(Nothing, &["versions", "lifecycle"], &["--application", "other"]),
        case(Changed, PRUNE, &["--apply"]),
        case(Changed, PRUNE, &["--plan", "../plan.json"]),
        case(Changed, &["prune"], &["--keep", "1"]),
        case(Changed, PRUNE, &["--keep-days", "9"]),
        case(Changed, PRUNE, &["--keep-label", "*"]),
        case(Deployed, &["prune", "--keep", "1"], &["--keep-deployed", "1"]),
        case(Changed, PRUNE, &["--delete-bundles"]),
        case(Changed, &["prune", "--keep", "1", "--delete-bundles"], &["--archive", "old"]),
        case(Changed, &["prune", "--keep", "1", "--apply"], &["--dry-run"]),
        case(Nothing, &["prune"], &["--application", "other"]),
        case(Released, &["promote", "../release.json"], &["--to", "shop-next"]),
        case(Released, PROMOTE, &["--from-profile", "none"]),
        case(Released, PROMOTE, &["--deploy"]),
        case(Released, PROMOTE, &["--dry-run"]),
        case(Nothing, &["policy", "publisher"], &["--application", "other"]),
        case(Nothing, &["policy", "deployer"], &ENV),
        case(Nothing, &["policy", "publisher"], &["--account", "210987654321"]),
        case(Nothing, &["policy", "publisher"], &["--region", "eu-west-1"]),
        case(Nothing, &["policy", "publisher"], &["--bucket", "other"]),
        case(Nothing, &["policy", "pruner"], &["--archive", "old"]),
        case(Nothing, &["policy", "publisher"], &["--kms-key", "alias/other"]),
        case(Nothing, &["policy", "lifecycle"], &["--service-role", "other"]),
        case(Nothing, &["policy", "publisher"], &["--partition", "aws-cn"]),
        case(Nothing, &["policy", "guard"], &["--no-swap"]),
    ]
}

/// Where a verb that talks to AWS does it: the same for all of them.
const WHERE: [&[&str]; 4] =
    [&["--profile", "none"], &["--region", "eu-west-1"], &["--endpoint-url", "http://127.0.0.1:1"], &["--sandbox"]];

/// What changes nothing here, and the test that sees it.
const ELSEWHERE: [(&str, &str, &str); 7] = [
    ("publish", "--whole", "delta::what_is_sent_and_copied_is_said_everywhere"),
    ("publish", "--timeout", "an embedded AWS has processed a version at once"),
    ("publish", "--wait", "the name of what `--deploy` does anyway"),
    ("deploy", "--take-over", "deploy::one_deployment_at_a_time"),
    ("wait", "--settle", "deploy::waiting_afterwards_tells_how_it_ended"),
    ("prune", "--no-environments", "prune::no_environment_at_all_is_suspicious"),
    ("*", "--call-timeout", "every `stall` of faults.rs"),
];

const VERBS: [&[&str]; 9] = [
    &["publish"],
    &["deploy"],
    &["rollback"],
    &["wait"],
    &["versions"],
    &["versions", "lifecycle"],
    &["prune"],
    &["promote"],
    &["policy"],
];

/// Lines of `beansprout.toml`, by section and key, and the command that they change.
fn keys() -> Vec<(&'static str, Case)> {
    use Before::{Changed, Endless, Nothing, Red};
    vec![
        key("release", Nothing, &["publish"], "application", &["application = 'other'"]),
        key("release", Nothing, &["publish"], "region", &["region = 'eu-west-1'"]),
        key("release", Nothing, &["publish"], "profile", &["profile = 'none'"]),
        key("release", Nothing, &["publish"], "bucket", &["bucket = 'other-bucket'"]),
        key("release", Nothing, &["publish"], "bucket_owner", &["bucket_owner = '210987654321'"]),
        key("release", Changed, &["publish"], "kms_key", &["kms_key = 'alias/other'"]),
        key("release", Changed, &["publish"], "prefix", &["prefix = 'other'"]),
        key("release", Changed, &["publish"], "audit", &["audit = true"]),
        key("release", Nothing, &["publish"], "check", &["check = 'off'"]),
        key("release", Nothing, &["publish"], "tags", &["tags = { team = 'app' }"]),
        key("environments.shop-prod", Endless, &["wait"], "branches", &["branches = ['other']"]),
        key("environments.shop-prod", Endless, DEPLOY, "timeout", &["timeout = 0"]),
        key("environments.shop-prod", Red, DEPLOY, "settle", &["settle = 1"]),
        key("prune", Changed, &["prune"], "keep", &["keep = 1"]),
        key("prune", Changed, PRUNE, "keep_days", &["keep_days = 9"]),
        key("prune", Changed, PRUNE, "keep_labels", &["keep_labels = ['*']"]),
    ]
}

const fn key(
    section: &'static str,
    before: Before,
    words: &'static [&'static str],
    what: &'static str,
    more: &'static [&'static str],
) -> (&'static str, Case) {
    (section, Case { before, words, what, more })
}

const KEYS_ELSEWHERE: [(&str, &str, &str); 1] =
    [("release", "delta", "delta::what_is_sent_and_copied_is_said_everywhere")];

/// Places in every state, and what commands came to there.
struct Stage {
    first: String,
    second: String,
    places: BTreeMap<Before, Place>,
    seen: BTreeMap<(Before, Vec<String>), String>,
}

/// The project's file, with a line in some section.
fn project(before: Before, section: &str, line: &str) -> String {
    let mut sections: BTreeMap<&str, Vec<&str>> = BTreeMap::from([
        ("project", vec!["name = 'shop'"]),
        ("release", vec!["tags = { team = 'web' }"]),
        (
            "environments.shop-prod",
            match before {
                Before::Endless | Before::Moving => vec!["timeout = 1", "settle = 0"],
                Before::Red => vec!["timeout = 9", "settle = 0"],
                _ => vec![],
            },
        ),
    ]);
    let key = line.split(" =").next().unwrap_or_default();
    let lines = sections.entry(if section.is_empty() { "project" } else { section }).or_default();
    lines.retain(|known| line.is_empty() || !known.starts_with(key));
    lines.extend(Some(line).filter(|line| !line.is_empty()));
    sections.retain(|name, lines| !lines.is_empty() || *name == section);
    sections.iter().map(|(name, lines)| format!("[{name}]\n{}\n", lines.join("\n"))).collect()
}

/// Without what is another every time.
fn plain(text: &str, endpoint: &str) -> String {
    let time = |word: &&str| {
        let word = word.trim_matches(|char: char| !char.is_ascii_alphanumeric());
        let digits = word.chars().filter(char::is_ascii_digit).count();
        digits >= 4
            && word.chars().all(|char| char.is_ascii_digit() || ":-.TZ".contains(char))
            && word.contains([':', '-'])
    };
    let lines = text.lines().map(|line| {
        // A record is named after its time.
        let words = line.split(' ').map(|word| match word.split_once("/undo/") {
            Some((folder, _)) => folder,
            None if time(&word) => "[time]",
            None => word,
        });
        words.collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n").replace(endpoint, "[AWS]")
}

impl Stage {
    fn new() -> Self {
        let (scene, _) = crate::prune::scene();
        let mut places = BTreeMap::new();
        let Scene { first, second, .. } = &scene;
        let (first, second) = (first.clone(), second.clone());
        let make = |before: Before, faults: Vec<Rule>, commands: &[&[&str]], write: &[(&str, &str)]| {
            let place = scene.place.twin();
            write.iter().for_each(|(path, content)| place.write(path, content));
            let server = serve(&place, faults);
            for command in commands {
                let mut command = place.beansprout(*command);
                command.envs(sandbox::variables(&server.endpoint()));
                place.finish(command).ok();
            }
            drop(server);
            calls(&place, STATE);
            (before, place)
        };
        let hangs = || vec![rule("UpdateEnvironment", Injection::DeploymentHangs, 0, 9)];
        let moving: &[&str] = &["deploy", &second, "--env", "shop-prod", "--no-wait"];
        let deploy: &[&str] = &["deploy", &second, "--env", "shop-prod"];
        let release: &[&str] = &["publish", "--release", "../release.json"];
        let there: &[&str] = &["publish", "--create-application", "--application", "next", "--label", "other"];
        let next = "format = \"beansprout.environment/1\"\napplication = \"next\"\n";
        places.extend([
            make(Before::Nothing, vec![], &[], &[]),
            make(Before::Changed, vec![], &[], &[("app.py", "print('changed')\n")]),
            make(Before::Deployed, vec![], &[deploy], &[]),
            make(Before::Moving, hangs(), &[moving], &[]),
            make(Before::Endless, vec![], &[], &[]),
            make(Before::Red, vec![], &[], &[]),
            make(Before::Released, vec![], &[release, there], &[("environments/shop-next.toml", next)]),
        ]);
        Self { first, second, places, seen: BTreeMap::new() }
    }

    /// What a command does, says and leaves.
    fn run(&self, before: Before, words: &[&str], section: &str, line: &str) -> String {
        let place = self.places[&before].twin();
        place.write("beansprout.toml", project(before, section, line));
        let faults = match before {
            Before::Endless => vec![rule("UpdateEnvironment", Injection::DeploymentHangs, 0, 9)],
            Before::Red => vec![rule("UpdateEnvironment", Injection::DeploymentTurnsRed, 0, 9)],
            _ => Vec::new(),
        };
        let server = serve(&place, faults);
        let words = words.iter().map(|word| match *word {
            "FIRST" => self.first.as_str(),
            "SECOND" => self.second.as_str(),
            word => word,
        });
        let mut command = place.beansprout(words);
        command.envs(sandbox::variables(&server.endpoint())).env("AWS_MAX_ATTEMPTS", "1");
        let run = place.finish(command);
        let said = plain(&run.to_string(), &server.endpoint());
        drop(server);
        let mut files: Vec<String> = Vec::new();
        for folder in ["..", "."] {
            for entry in std::fs::read_dir(place.path(folder)).unwrap().map(Result::unwrap) {
                files.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        files.sort();
        let left = crate::sequences::remains(&place.path(STATE));
        // Some are made beside each other, and how often is looked depends on the time.
        let mut calls = calls(&place, STATE);
        calls.sort();
        // Where nobody waits, each look counts.
        if before != Before::Red {
            calls.dedup();
        }
        format!("{said}\n{calls:?}\n{left:?}\n{files:?}")
    }

    /// The same twice is seen as the same; otherwise nothing could be said of what differs.
    fn without(&mut self, before: Before, words: &[&str]) -> String {
        let key = (before, words.iter().map(ToString::to_string).collect());
        if let Some(seen) = self.seen.get(&key) {
            return seen.clone();
        }
        let seen = self.run(before, words, "", "");
        let again = self.run(before, words, "", "");
        let differ = seen.lines().zip(again.lines()).find(|(one, other)| one != other);
        assert!(seen == again, "{words:?} twice: {differ:?}");
        self.seen.insert(key, seen.clone());
        seen
    }
}

fn serve(place: &Place, faults: Vec<Rule>) -> Server {
    Server::start(Settings { faults, ..Settings::new(&World::real().unwrap(), place.path(STATE)) }).unwrap()
}

/// The long flags of a verb that are its own.
fn flags_of(place: &Place, verb: &[&str]) -> BTreeSet<String> {
    let help = place.run([verb, &["--help"][..]].concat()).ok().stdout;
    let flags = help.lines().filter_map(|line| {
        let line = line.trim_start();
        let line = line.strip_prefix("-m, ").unwrap_or(line);
        line.starts_with("--").then(|| line.split(' ').next().unwrap().to_owned())
    });
    // They are the program's own: faces.rs and quiet.rs see them.
    let global = ["--json", "--color"];
    flags.filter(|flag| !global.contains(&flag.as_str())).collect()
}

/// What a run said, without what it left.
fn said(seen: &str) -> &str {
    &seen[..seen.find("[\"").unwrap_or(seen.len())]
}

fn elsewhere(verb: &str, what: &str, list: &[(&str, &str, &str)]) -> bool {
    list.iter().any(|(at, known, why)| (*at == verb || *at == "*") && *known == what && !why.is_empty())
}

#[test]
fn every_flag_of_the_release_does_something() {
    let mut stage = Stage::new();
    let place = Place::new();
    let cases = flags();
    let mut idle = Vec::new();
    for verb in VERBS {
        let name = verb.join(" ");
        let ours = |case: &&Case| {
            // `versions lifecycle` is a verb of its own.
            case.words.starts_with(verb) && (name != "versions" || case.words.get(1) != Some(&"lifecycle"))
        };
        for flag in flags_of(&place, verb) {
            let at = WHERE.iter().find(|more| more[0] == flag && name != "policy");
            let own: Vec<&Case> = cases.iter().filter(ours).filter(|case| case.what == flag).collect();
            // With all that it needs.
            let first = cases.iter().filter(ours).max_by_key(|case| case.words.len());
            let pairs: Vec<(Before, &[&str], &[&str])> = match (at, first) {
                (Some(more), Some(first)) => vec![(first.before, first.words, *more)],
                _ => own.iter().map(|case| (case.before, case.words, case.more)).collect(),
            };
            if pairs.is_empty() && !elsewhere(&name, &flag, &ELSEWHERE) {
                idle.push(format!("`{name} {flag}` has no case"));
            }
            for (before, words, more) in pairs {
                let with = stage.run(before, &[words, more].concat(), "", "");
                if stage.without(before, words) == with {
                    idle.push(format!("`{}` does as much as without {more:?}: {}", words.join(" "), said(&with)));
                }
            }
        }
    }
    assert!(idle.is_empty(), "{}", idle.join("\n"));
}

/// The keys of a section, as the refusal of another one lists them.
fn keys_of(section: &str) -> Vec<String> {
    let place = Place::new().file("beansprout.toml", format!("[{section}]\nnone_of_them = 1\n"));
    let refused = place.run(["publish"]).exit(3);
    let list = refused.stderr.split_once("expected ").unwrap_or_else(|| panic!("{refused}")).1;
    let list = list.lines().next().unwrap();
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_key_of_the_release_does_something() {
    let mut stage = Stage::new();
    let cases = keys();
    let mut idle = Vec::new();
    for section in ["release", "environments.shop-prod", "prune"] {
        let kind = section.split('.').next().unwrap();
        for key in keys_of(section) {
            let found = cases.iter().find(|(at, case)| at.split('.').next() == Some(kind) && case.what == key);
            let Some((at, case)) = found else {
                if !elsewhere(section, &key, &KEYS_ELSEWHERE) {
                    idle.push(format!("`{key}` of `[{section}]` has no case"));
                }
                continue;
            };
            let with = stage.run(case.before, case.words, at, case.more[0]);
            if stage.without(case.before, case.words) == with {
                idle.push(format!("`{}` changes nothing: {}", case.more[0], said(&with)));
            }
        }
    }
    assert!(idle.is_empty(), "{}", idle.join("\n"));
}
