//! Sequences of commands: what the first one left must not mislead the second, however the first one ended.
//!
//! A prefix tree: each verb with each ending, once; from each state that is left, each verb again. What is true is read from
//! the sandbox, never from what the commands say.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use beansprout::release::{Aws, Credentials, Settings as Connection, current_label, versions};
use beansprout::sandbox::{self, Injection as Fault, Rule, Server, Settings};
use beansprout::world::World;

use crate::deploy::{STATE, Scene};
use crate::harness::{Place, Run};
use crate::publish::calls;

const ENV: &str = "shop-prod";

/// Commands of the second step; the first step has those that change something.
const VERBS: [&[&str]; 8] = [
    &["deploy", "v2", "--env", ENV, "--settle", "0"],
    &["deploy", "v3", "--env", ENV, "--settle", "0", "--no-wait"],
    &["rollback", "--env", ENV, "--settle", "0"],
    &["rollback", "v0", "--env", ENV, "--settle", "0"],
    &["wait", "--env", ENV, "--settle", "0"],
    &["prune", "--apply", "--keep", "1", "--keep-deployed", "1"],
    &["prune", "--apply", "--keep", "1", "--delete-bundles", "--archive", "old"],
    &["publish", "--deploy", ENV, "--wait", "--label", "v4"],
];

/// How the first step ends.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Done,
    /// The call that everything is about is answered into the void.
    Lost,
    /// The right to look is gone afterwards.
    Blind,
    Fails,
    RollsBack,
    TurnsRed,
    /// It goes on, and nobody waits for its end.
    Hangs,
}

const ENDINGS: [Ending; 7] =
    [Ending::Done, Ending::Lost, Ending::Blind, Ending::Fails, Ending::RollsBack, Ending::TurnsRed, Ending::Hangs];

impl Ending {
    fn rules(self) -> Vec<Rule> {
        let rule = |on: &str, fault, skip| Rule {
            on: on.to_owned(),
            with: BTreeMap::new(),
            fault,
            skip,
            times: NonZeroU32::MIN,
            seconds: 60,
        };
        let update = |fault| vec![rule("UpdateEnvironment", fault, 0)];
        match self {
            Self::Done => Vec::new(),
            Self::Lost => update(Fault::ResetAfter),
            // The last look before the request is the second at events.
            Self::Blind => vec![rule("DescribeEvents", Fault::AccessDenied, 1)],
            Self::Fails => update(Fault::DeploymentFails),
            Self::RollsBack => update(Fault::DeploymentRollsBack),
            Self::TurnsRed => update(Fault::DeploymentTurnsRed),
            Self::Hangs => update(Fault::DeploymentHangs),
        }
    }
}

/// What is true in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Truth {
    labels: BTreeSet<String>,
    runs: Option<String>,
}

fn start(state: &Path, rules: Vec<Rule>) -> Server {
    // AWS has been seen to delete a version that an environment has, so nothing may rely on its refusal.
    let delete = Rule {
        on: "DeleteApplicationVersion".to_owned(),
        with: BTreeMap::new(),
        fault: Fault::DeleteDeployed,
        skip: 0,
        times: NonZeroU32::MAX,
        seconds: 60,
    };
    let faults = rules.into_iter().chain([delete]).collect();
    Server::start(Settings { faults, ..Settings::new(&World::real().unwrap(), state) }).unwrap()
}

fn truth(server: &Server) -> Truth {
    let connection = Connection {
        region: Some(sandbox::REGION.to_owned()),
        endpoint_url: Some(server.endpoint()),
        credentials: Credentials::Keys {
            id: sandbox::ACCESS_KEY_ID.to_owned(),
            secret: sandbox::SECRET_ACCESS_KEY.to_owned(),
        },
        ..Connection::default()
    };
    let aws = Aws::connect(connection, &World::real().unwrap()).unwrap();
    let (application, environment) = (&"shop".parse().unwrap(), &ENV.parse().unwrap());
    Truth {
        labels: versions(&aws, application).unwrap().into_iter().map(|version| version.label).collect(),
        runs: current_label(&aws, application, environment).unwrap(),
    }
}

fn command(place: &Place, server: &Server, arguments: &[&str], ending: Option<Ending>) -> Run {
    let mut command = place.beansprout(arguments);
    command.arg("--json").envs(sandbox::variables(&server.endpoint())).env("AWS_MAX_ATTEMPTS", "1");
    // Whatever hangs, hangs for ever.
    if ["deploy", "rollback", "wait"].contains(&arguments[0]) && !arguments.contains(&"--no-wait") {
        command.args(["--timeout", if matches!(ending, Some(Ending::Hangs)) { "0" } else { "2" }]);
    }
    place.finish(command)
}

fn copy(from: &Path, to: &Path) {
    let _ = std::fs::remove_dir_all(to);
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).into_iter().flatten().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The sandbox's state and the project's own: everything that a step can leave.
struct Snapshot(PathBuf);

const OWN: [&str; 2] = [".beansprout/undo", ".beansprout/operations"];

impl Snapshot {
    fn take(place: &Place, state: &Path, name: &str) -> Self {
        let at = place.path(format!(".beansprout/snapshots/{name}"));
        copy(state, &at.join("state"));
        OWN.iter().for_each(|own| copy(&place.path(own), &at.join(own)));
        Self(at)
    }

    fn restore(&self, place: &Place, state: &Path) {
        copy(&self.0.join("state"), state);
        OWN.iter().for_each(|own| copy(&self.0.join(own), &place.path(own)));
    }
}

/// One step, what was true before and after it.
struct Step<'a> {
    arguments: &'a [&'a str],
    before: Truth,
    after: Truth,
    /// Versions that the environment had, or could go back to.
    had: BTreeSet<String>,
    run: Run,
    asked: Vec<String>,
}

impl Step<'_> {
    /// What is wrong with it.
    fn faults(&self) -> Vec<String> {
        let Self { arguments, before, after, had, run, asked } = self;
        let mut wrong = Vec::new();
        let verb = arguments[0];
        for label in had.iter().chain(&after.runs).filter(|label| !after.labels.contains(*label)) {
            wrong.push(format!("I1: `{label}` is gone, which the environment has or had"));
        }
        let goal = match verb {
            "deploy" => Some(arguments[1]),
            "rollback" if !arguments[1].starts_with("--") => Some(arguments[1]),
            "publish" => Some("v4"),
            _ => None,
        };
        if run.exit == 0 && goal.is_some_and(|goal| after.runs.as_deref() != Some(goal)) {
            wrong.push(format!("I2: ended well, and the environment has {:?}", after.runs));
        }
        if verb == "rollback" && run.exit == 0 && after.runs.as_deref() > Some("v1") {
            wrong.push(format!("I2: went back to {:?}, which never ran well", after.runs));
        }
        let changed = ["UpdateEnvironment", "CreateApplicationVersion", "DeleteApplicationVersion"];
        if run.exit != 0
            && asked.iter().any(|call| changed.iter().any(|changed| call.ends_with(changed)))
            && (before != after || run.exit == 6)
            && !["`beansprout ", "the same command again", "it runs what it ran before"]
                .iter()
                .any(|words| run.stderr.contains(words))
        {
            wrong.push("I3: changed something, and does not say what to do next".to_owned());
        }
        if run.stderr.contains("panicked") || serde_json::from_str::<serde_json::Value>(&run.stdout).is_err() {
            wrong.push("I11: a panic, or not one document".to_owned());
        }
        wrong
    }
}

/// One place in which steps are made.
struct Grid {
    place: Place,
    state: PathBuf,
    wrong: Vec<String>,
    steps: usize,
}

impl Grid {
    fn step<'a>(&mut self, arguments: &'a [&'a str], ending: Option<Ending>, had: &BTreeSet<String>) -> Step<'a> {
        self.steps += 1;
        let server = start(&self.state, ending.map(Ending::rules).unwrap_or_default());
        let before = truth(&server);
        calls(&self.place, STATE);
        let run = command(&self.place, &server, arguments, ending);
        let asked = calls(&self.place, STATE);
        let after = truth(&server);
        let had = had.iter().chain(&before.runs).cloned().collect();
        Step { arguments, before, after, had, run, asked }
    }

    fn blame(&mut self, story: &str, step: &Step<'_>, more: Option<String>) {
        for wrong in step.faults().into_iter().chain(more) {
            self.wrong.push(format!("{story}\n  {wrong}\n{}", step.run));
        }
    }
}

#[test]
fn what_the_first_left_does_not_mislead_the_second() {
    let scene = Scene::of_labels(&["v0", "v1", "v2", "v3"]);
    let server = scene.server(Vec::new());
    for label in ["v0", "v1"] {
        scene.run(&server, &["deploy", label, "--env", ENV]).ok();
    }
    drop(server);
    let Scene { place, .. } = scene;
    let state = place.path(STATE);
    let start = Snapshot::take(&place, &state, "start");
    let mut grid = Grid { place, state, wrong: Vec::new(), steps: 0 };
    for first in VERBS.iter().filter(|verb| verb[0] != "wait") {
        for ending in ENDINGS {
            let updates = first[0] != "prune";
            // Only publishing has no time-out for the deployment.
            if !updates && !matches!(ending, Ending::Done) || first[0] == "publish" && matches!(ending, Ending::Hangs) {
                continue;
            }
            start.restore(&grid.place, &grid.state);
            let one = grid.step(first, Some(ending), &BTreeSet::new());
            let story = format!("{} ({ending:?})", first.join(" "));
            grid.blame(&story, &one, None);
            let left = Snapshot::take(&grid.place, &grid.state, "left");
            for second in VERBS {
                left.restore(&grid.place, &grid.state);
                let two = grid.step(second, None, &one.had);
                let story = format!("{story}; {}", second.join(" "));
                grid.blame(&story, &two, after_the_first(first, ending, &one, &two));
            }
        }
    }
    assert!(grid.wrong.is_empty(), "{} of {} steps\n{}", grid.wrong.len(), grid.steps, grid.wrong.join("\n\n"));
}

/// What holds between two steps.
fn after_the_first(first: &[&str], ending: Ending, one: &Step<'_>, two: &Step<'_>) -> Option<String> {
    let Step { arguments: second, run, .. } = two;
    let moving = matches!(ending, Ending::Hangs) && one.asked.iter().any(|call| call.ends_with("UpdateEnvironment"));
    if *second == first && matches!(ending, Ending::Done) && one.after.runs != two.after.runs {
        return Some(format!("I4: the second of the same goes to {:?}", two.after.runs));
    }
    if second[0] == "rollback" && second[1] == "--env" && !moving && ![0, 5, 6].contains(&run.exit) {
        return Some(format!("I5: no way back, exit {}", run.exit));
    }
    if second[0] == "prune" && moving && run.exit != 1 {
        return Some(format!("I1: prunes while the environment moves, exit {}", run.exit));
    }
    if run.exit == 4 && !moving {
        return Some("I8: nothing is wrong, and it says 4".to_owned());
    }
    None
}
