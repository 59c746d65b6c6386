//! Stage: a project, the AWS that it talks to, and what has happened there so far, as folders that can be copied.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use beansprout::sandbox::{self, Rule, Server, Settings};
use beansprout::world::World;
use jiff::{SignedDuration, Timestamp};

use super::model::Model;
use super::seen::{STATE, Seen, UNDO, files, json};
use super::verb::{Between, Ending, Goal, Verb};
use crate::harness::{Place, Run};
use crate::publish::calls;
use crate::sandbox::{faults_left, post, raw};

pub(super) struct Stage {
    pub(super) place: Place,
    pub(super) model: Model,
    pub(super) seen: Seen,
    /// How to get here by hand.
    pub(super) script: Vec<String>,
    /// When it got here.
    pub(super) since: Timestamp,
}

/// A command that has ended.
pub(super) struct Ran {
    pub(super) run: Run,
    pub(super) killed: bool,
    /// What it asked for, one call each.
    pub(super) calls: Vec<String>,
}

impl Ran {
    pub(super) fn exit(&self) -> String {
        if self.killed { "killed".to_owned() } else { self.run.exit.to_string() }
    }
}

impl Stage {
    pub(super) fn twin(&self) -> Self {
        let Self { place, model, seen, script, since } = self;
        Self { place: place.twin(), model: model.clone(), seen: seen.clone(), script: script.clone(), since: *since }
    }

    /// A twin for which no time has passed, however busy the machine is: a minute makes an operation somebody's of before.
    pub(super) fn at_once(&self) -> Self {
        let mut twin = self.twin();
        let now = Timestamp::now();
        twin.shift(self.since.duration_since(now));
        twin.since = now;
        twin
    }

    fn server(&self, faults: Vec<Rule>) -> Server {
        let settings = Settings::new(&World::real().unwrap(), self.place.path(STATE));
        Server::start(Settings { faults, ..settings }).unwrap()
    }

    /// Run a command, which ends as it is ordered.
    pub(super) fn run(&mut self, verb: &Verb, ending: Ending, call: usize) -> Ran {
        match verb.goal {
            Goal::Days => {
                self.age(SignedDuration::from_hours(48));
                self.note("# two days pass".to_owned());
                return Ran {
                    run: Run { exit: 0, stdout: "{}".to_owned(), stderr: String::new() },
                    killed: false,
                    calls: Vec::new(),
                };
            }
            Goal::Published(content) | Goal::Released(content) => {
                self.place.write("app.py", format!("print('{content}')\n"));
                self.note(format!("echo \"print('{content}')\" > app.py"));
            }
            _ => {}
        }
        let rules = ending.rules(verb, call);
        let mut words: Vec<String> = verb.words.iter().map(ToString::to_string).collect();
        if verb.goal == Goal::Restored {
            words.push(self.seen.undo.last().map_or("none.json".into(), |record| record.path.display().to_string()));
        }
        self.command(verb.goal == Goal::Foreign, &words, rules, ending.signal())
    }

    /// Run any words.
    pub(super) fn command(&mut self, foreign: bool, words: &[String], rules: Vec<Rule>, signal: Option<&str>) -> Ran {
        if !rules.is_empty() {
            let rules = serde_json::to_string(&rules).unwrap();
            self.note(format!(
                "curl -s -H 'Content-Type: application/json' -d '{rules}' $AWS_ENDPOINT_URL/-/faults > faults"
            ));
        }
        let directory = if foreign { "-C ../foreign " } else { "" };
        let server = self.server(rules);
        calls(&self.place, STATE);
        let mut command = self.place.beansprout(words);
        command.arg("--json").env("AWS_MAX_ATTEMPTS", "1").envs(sandbox::variables(&server.endpoint()));
        if foreign {
            command.args(["-C", "../foreign"]);
        }
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let killed = signal.is_some_and(|signal| self.signal(&server, child.id(), signal));
        let run = self.place.ended(child);
        let sent = match signal {
            Some(signal) if run.exit == -1 || run.exit == 130 => format!(" & # SIG{signal} when it stalls"),
            _ => format!(" # exit {}", run.exit),
        };
        self.note(format!("AWS_MAX_ATTEMPTS=1 beansprout {directory}{}{sent}", words.join(" ")));
        // Whatever is due has happened before anybody looks.
        raw(&server.endpoint(), "GET / HTTP/1.1\nHost: localhost\nConnection: close\n\n");
        drop(server);
        self.seen = Seen::read(&self.place);
        self.since = Timestamp::now();
        Ran { killed: killed && run.exit == -1, run, calls: calls(&self.place, STATE) }
    }

    /// End a command while it waits for the answer to the call that stalls. `false`: it ended before.
    fn signal(&self, server: &Server, process: u32, signal: &str) -> bool {
        let end = Instant::now() + Duration::from_secs(60);
        while faults_left(&server.endpoint()).contains("\"stall\"") {
            assert!(Instant::now() < end, "neither stalled nor ended");
            // Whoever has ended is not there any more, or waits for its parent.
            let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
            if stat.is_empty() || stat.contains(") Z ") {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.place.sh("kill", &[&format!("-{signal}"), &process.to_string()]);
        true
    }

    /// What happens before the next command.
    pub(super) fn wait(&mut self, between: Between) {
        let ends = match between {
            Between::Nothing => return,
            Between::HalfHour => {
                self.age(SignedDuration::from_mins(31));
                self.note("# 31 minutes pass".to_owned());
                return;
            }
            Between::EndsWell => "{\"ends\": \"reset-before\"}",
            Between::EndsBadly => "{\"ends\": \"deployment-rolls-back\"}",
        };
        if !self.seen.moves() {
            return;
        }
        let server = self.server(Vec::new());
        let answer = post(&server.endpoint(), "/-/step", ends);
        assert!(answer.contains("\"shop-"), "{answer}");
        drop(server);
        self.note(format!("curl -s -H 'Content-Type: application/json' -d '{ends}' $AWS_ENDPOINT_URL/-/step"));
        self.seen = Seen::read(&self.place);
        self.model.look(&self.seen);
    }

    fn note(&mut self, line: String) {
        self.script.push(line.replace(&*self.place.dir().to_string_lossy(), "."));
    }

    /// Let time pass: everything that has a time happened so much earlier.
    pub(super) fn age(&mut self, by: SignedDuration) {
        self.shift(by);
        self.model.pass(by);
        self.seen = Seen::read(&self.place);
    }

    fn shift(&self, by: SignedDuration) {
        let state = self.place.path(STATE);
        shift(&state.join("state.json"), by);
        for bucket in std::fs::read_dir(state.join("buckets")).unwrap().map(|entry| entry.unwrap().path()) {
            for path in files(&bucket.join("objects")) {
                shift(&path, by);
                let object = json(&path);
                if object["key"].as_str().is_some_and(|key| key.contains("/operations/")) {
                    let blob = bucket.join("blobs").join(object["blob"].as_str().unwrap());
                    shift(&blob, by);
                    restamp(&path, object, &blob);
                }
            }
        }
        for path in files(&self.place.path(UNDO)) {
            shift(&path, by);
        }
    }
}

/// What a document says of its bytes must be true again; nobody has a checksum of them any more.
fn restamp(path: &Path, mut object: serde_json::Value, blob: &Path) {
    object["bytes"] = std::fs::metadata(blob).unwrap().len().into();
    object["sums"] = serde_json::json!({"values": {}, "composite": false});
    std::fs::write(path, serde_json::to_string(&object).unwrap()).unwrap();
}

/// Make every time in a file an earlier one.
fn shift(path: &Path, by: SignedDuration) {
    let Ok(text) = std::fs::read_to_string(path) else { return };
    let mut shifted = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("\"20") {
        let (before, after) = rest.split_at(at + 1);
        shifted.push_str(before);
        let end = after.find('"').unwrap_or(after.len());
        match after[..end].parse::<Timestamp>() {
            Ok(time) => shifted.push_str(&(time - by).to_string()),
            Err(_) => shifted.push_str(&after[..end]),
        }
        rest = &after[end..];
    }
    shifted.push_str(rest);
    std::fs::write(path, shifted).unwrap();
}
