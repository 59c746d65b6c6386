//! Everything goes wrong once, everywhere: each call of each verb meets each fault, and dies in the middle.
//!
//! The matrix is generated: a clean run tells which calls a verb makes, and each of them meets each fault. Afterwards the
//! same command, run again, must finish the work and leave exactly what a clean run leaves. The short form of the tests
//! takes every second cell of a table, as a chessboard has them, and believes the documentation of the others.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use beansprout::release::{Aws, Credentials, Settings as Connection, living, versions};
use beansprout::sandbox::{self, Injection as Fault, Rule, Server, Settings};
use beansprout::world::World;

use crate::deploy::{STATE, Scene};
use crate::harness::{Place, Run, copy, full};
use crate::publish::{calls, noise, project};
use crate::sandbox::{faults_left, rule};
use crate::swap;

/// A verb in a situation.
struct Scenario {
    name: &'static str,
    arguments: Vec<String>,
    /// Its state `start` is where every case starts.
    place: Place,
    faults: &'static [Fault],
    /// The calls that are of interest; the others are in another scenario.
    calls: fn(&str) -> bool,
}

/// Seconds that no answer takes, however busy the machine is.
const PATIENT: &str = "60";
/// Seconds in which every call but the one that stalls is answered on a busy machine, so that no other one is given up.
const BRIEF: &str = "5";

/// One place, and the sandbox that its commands talk to.
struct Case<'a> {
    place: &'a Place,
    state: PathBuf,
    server: Server,
}

impl<'a> Case<'a> {
    /// A copy of the place's `state`, so that cases don't see each other.
    fn new(place: &'a Place, name: &str, faults: Vec<Rule>) -> Self {
        let state = place.path(folder(name));
        copy(&place.path(folder("start")), &state);
        let _ = std::fs::remove_file(place.path(".beansprout/audit.jsonl"));
        let server = start(&state, faults);
        Self { place, state, server }
    }

    fn command(&self, arguments: &[String], patience: &str) -> std::process::Command {
        let mut command = self.place.beansprout(arguments);
        command.args(["--call-timeout", patience]).env("AWS_MAX_ATTEMPTS", "1");
        command.envs(sandbox::variables(&self.server.endpoint()));
        command
    }

    #[track_caller]
    fn run(&self, arguments: &[String]) -> Run {
        self.place.finish(self.command(arguments, PATIENT))
    }

    /// All that is left behind: versions, objects, environments, and unfinished things.
    fn remains(&self) -> String {
        let connection = Connection {
            region: Some(sandbox::REGION.to_owned()),
            endpoint_url: Some(self.server.endpoint()),
            credentials: Credentials::Keys {
                id: sandbox::ACCESS_KEY_ID.to_owned(),
                secret: sandbox::SECRET_ACCESS_KEY.to_owned(),
            },
            ..Connection::default()
        };
        let aws = Aws::connect(connection, &World::real().unwrap()).unwrap();
        let mut text = String::new();
        for version in versions(&aws, &"shop".parse().unwrap()).unwrap() {
            let bundle = version.bundle.map(|bundle| bundle.to_string()).unwrap_or_default();
            writeln!(text, "{} {} {bundle}", version.label, version.status).unwrap();
        }
        let living = living(&aws).unwrap();
        let shop = living.iter().find(|living| living.application == "shop" && living.name == "shop-prod");
        if let Some(shop) = shop {
            writeln!(text, "shop-prod runs {:?}", shop.label).unwrap();
        }
        for living in living {
            // One that AWS makes up is another every time.
            let name = living.cname.filter(|name| !name.contains(".eba-")).unwrap_or_default();
            writeln!(text, "{} is at {name}", living.name).unwrap();
        }
        let mut files = BTreeMap::new();
        count_files(&self.state.join("buckets"), &mut files);
        // A trail of what was done, which a run that could not leave it does without.
        let trails = trails(&self.state.join("buckets"));
        for (folder, number) in &mut files {
            if folder.ends_with("objects") || folder.ends_with("blobs") {
                *number -= trails;
            }
        }
        for (folder, number) in files {
            let folder = folder.strip_prefix(&self.state).unwrap().display().to_string();
            writeln!(text, "{number} in {folder}").unwrap();
        }
        text
    }
}

/// Where a sandbox's state is: in a place that no bundle contains.
fn folder(name: &str) -> String {
    format!(".beansprout/{name}")
}

fn start(state: &Path, faults: Vec<Rule>) -> Server {
    Server::start(Settings { faults, ..Settings::new(&World::real().unwrap(), state) }).unwrap()
}

fn count_files(folder: &Path, files: &mut BTreeMap<PathBuf, usize>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            count_files(&entry.path(), files);
        } else if !entry.file_name().to_string_lossy().starts_with('.') {
            *files.entry(folder.to_owned()).or_default() += 1;
        }
    }
}

/// Documents of operations below a folder.
fn trails(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            if path.is_dir() {
                return trails(&path);
            }
            let described = path.parent().is_some_and(|parent| parent.ends_with("objects"));
            usize::from(described && std::fs::read_to_string(&path).unwrap().contains("/operations/"))
        })
        .sum()
}

fn at(call: usize, fault: Fault) -> Vec<Rule> {
    vec![rule("*", fault, call, 1)]
}

const ALL: &[Fault] = &[
    Fault::Throttle,
    Fault::InternalError,
    Fault::Unavailable,
    Fault::AccessDenied,
    Fault::ExpiredToken,
    Fault::ResetBefore,
    Fault::ResetAfter,
    Fault::Truncate,
    Fault::WrongChecksum,
    Fault::Stall,
];

/// Those that differ where a verb has many calls of the same kinds.
const MOST: &[Fault] = &[
    Fault::InternalError,
    Fault::AccessDenied,
    Fault::ResetBefore,
    Fault::ResetAfter,
    Fault::Truncate,
    Fault::WrongChecksum,
];

/// The calls that carry an object or its checksum.
const WITH_OBJECTS: [&str; 4] = ["s3:PutObject", "s3:UploadPart", "s3:GetObject", "s3:HeadObject"];

fn name(fault: Fault) -> String {
    serde_json::to_value(fault).unwrap().as_str().unwrap().replace('-', " ")
}

/// Let everything go wrong, and draw the table of how the first run ended.
fn matrix(scenario: &Scenario) -> String {
    let place = &scenario.place;
    let clean = Case::new(place, "clean", Vec::new());
    clean.run(&scenario.arguments).ok();
    let operations = in_one_order(calls(place, &folder("clean")));
    let expected = clean.remains();
    drop(clean);

    let heading = format!("### `{}`", scenario.name);
    let believed = if full() || blessing() { BTreeMap::new() } else { cells(&heading) };
    let mut table = format!("{heading}\n\n| call |");
    scenario.faults.iter().for_each(|fault| write!(table, " {} |", name(*fault)).unwrap());
    table.push_str(" SIGINT | SIGKILL |\n|---|");
    table.push_str(&"---|".repeat(scenario.faults.len() + 2));
    table.push('\n');
    let calls = operations.iter().enumerate().filter(|(_, operation)| (scenario.calls)(operation));
    for (row, (call, operation)) in calls.enumerate() {
        write!(table, "| {operation} |").unwrap();
        let known = |column: usize| {
            let known = believed.get(&(row, operation.clone())).and_then(|cells| cells.get(column));
            known.filter(|_| (row + column) % 2 == 1)
        };
        for (column, fault) in scenario.faults.iter().enumerate() {
            if let Some(known) = known(column) {
                write!(table, " {known} |").unwrap();
                continue;
            }
            if *fault == Fault::WrongChecksum && !WITH_OBJECTS.contains(&operation.as_str()) {
                table.push_str(" – |");
                continue;
            }
            let exit = misfortune(scenario, place, call, *fault, operation, &expected);
            write!(table, " {exit} |").unwrap();
        }
        for (column, signal) in ["INT", "KILL"].into_iter().enumerate() {
            if let Some(known) = known(scenario.faults.len() + column) {
                write!(table, " {known} |").unwrap();
                continue;
            }
            let exit = death(scenario, place, call, signal, operation, &expected);
            write!(table, " {} |", exit.map_or("killed".to_owned(), |code| code.to_string())).unwrap();
        }
        table.push('\n');
    }
    table
}

/// What is asked of a bucket beside each other comes in either order; each answers alike.
fn in_one_order(mut operations: Vec<String>) -> Vec<String> {
    for at in 1..operations.len() {
        if operations[at - 1] == "s3:GetBucketEncryption" && operations[at] == "s3:GetPublicAccessBlock" {
            operations.swap(at - 1, at);
        }
    }
    operations
}

fn misfortune(scenario: &Scenario, place: &Place, call: usize, fault: Fault, operation: &str, expected: &str) -> i32 {
    let what = format!("{}: {} at call {call}, {operation}", scenario.name, name(fault));
    let case = Case::new(place, "case", at(call, fault));
    let patience = if fault == Fault::Stall { BRIEF } else { PATIENT };
    let run = place.finish(case.command(&scenario.arguments, patience));
    match run.exit {
        // It found a way, so everything is done.
        0 => assert_eq!(case.remains(), expected, "{what}\n{run}"),
        4 | 6 => {
            assert!(run.stderr.contains("error: "), "{what}\n{run}");
            assert!(run.stderr.contains("hint: "), "{what}\n{run}");
            assert!(!run.stderr.contains("panicked"), "{what}\n{run}");
        }
        other => panic!("{what}: exit {other}\n{run}"),
    }
    finish(case, scenario, &what, expected);
    run.exit
}

/// End the run by a signal while it waits for the answer to a call.
fn death(
    scenario: &Scenario,
    place: &Place,
    call: usize,
    signal: &str,
    operation: &str,
    expected: &str,
) -> Option<i32> {
    let what = format!("{}: SIG{signal} at call {call}, {operation}", scenario.name);
    let case = Case::new(place, "case", at(call, Fault::Stall));
    let mut command = case.command(&scenario.arguments, PATIENT);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while !faults_left(&case.server.endpoint()).trim_end().ends_with("[]") {
        assert!(Instant::now() < end, "{what}: the call was never made");
        assert!(child.try_wait().unwrap().is_none(), "{what}: ended before the call");
        std::thread::sleep(Duration::from_millis(5));
    }
    let process = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(process, if signal == "INT" { Signal::INT } else { Signal::KILL }).unwrap();
    let exit = child.wait().unwrap().code();
    assert_eq!(exit, if signal == "INT" { Some(130) } else { None }, "{what}");
    finish(case, scenario, &what, expected);
    exit
}

/// The same command again finishes the work, without a duplicate, an orphan or a loss.
#[track_caller]
fn finish(case: Case<'_>, scenario: &Scenario, what: &str, expected: &str) {
    let again = case.run(&scenario.arguments);
    assert_eq!(again.exit, 0, "{what}, then again\n{again}");
    assert_eq!(case.remains(), expected, "{what}, then again\n{again}");
    // The sandbox is on our side of the wire: nothing asked it for what this program must not do.
    for asked in calls(case.place, &folder("case")) {
        assert!(!asked.contains("DeleteApplication") || asked.ends_with("DeleteApplicationVersion"), "{asked}");
        assert!(!asked.contains("TerminateEnvironment"), "{asked}");
    }
    // It writes what the answered calls have set going until it is gone.
    let Case { state, server, .. } = case;
    drop(server);
    std::fs::remove_dir_all(&state).unwrap();
}

/// What the documentation says in each row below `heading`: the row's number, its call, and its cells.
fn cells(heading: &str) -> BTreeMap<(usize, String), Vec<String>> {
    let text = std::fs::read_to_string(page()).unwrap();
    let table = text.split_once(&format!("{heading}\n")).map_or("", |(_, rest)| rest);
    // Below the heading, its line of dashes and an empty line.
    let rows = table.lines().skip(3).take_while(|line| line.starts_with('|'));
    let words = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    rows.map(words).enumerate().map(|(row, cells)| ((row, cells[0].clone()), cells[1..].to_vec())).collect()
}

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/reference/reliability.md")
}

fn blessing() -> bool {
    std::env::var_os("BEANSPROUT_BLESS").is_some()
}

/// Compare a table with the one in the documentation, or with `BEANSPROUT_BLESS=1` write it there.
#[track_caller]
pub(crate) fn documented(table: &str) {
    let page = page();
    let text = std::fs::read_to_string(&page).unwrap();
    let heading = table.lines().next().unwrap();
    let (before, rest) = text.split_once(heading).unwrap_or_else(|| panic!("no `{heading}` in {}", page.display()));
    // The last table of a chapter ends where the next chapter begins.
    let end = ["\n### ", "\n## "].iter().filter_map(|next| rest.find(next)).min().map_or(rest.len(), |at| at + 1);
    let found = format!("{heading}{}", &rest[..end]);
    if found.trim_end() == table.trim_end() {
        return;
    }
    if blessing() {
        let after = &rest[end..];
        let gap = if after.is_empty() { "" } else { "\n" };
        std::fs::write(&page, format!("{before}{table}{gap}{after}")).unwrap();
        return;
    }
    panic!("{} says otherwise; look, and run with BEANSPROUT_BLESS=1\n{table}", page.display());
}

fn words(arguments: &[&str]) -> Vec<String> {
    arguments.iter().map(ToString::to_string).collect()
}

fn scenario(name: &'static str, place: Place, arguments: &[&str]) -> Scenario {
    Scenario { name, arguments: words(arguments), place: place.into_memory(), faults: ALL, calls: |_| true }
}

/// The place of a scene, with its state where cases start.
fn staged(scene: Scene) -> Place {
    let Scene { place, .. } = scene;
    calls(&place, STATE);
    std::fs::rename(place.path(STATE), place.path(folder("start"))).unwrap();
    place
}

#[test]
fn publish_survives_everything() {
    documented(&matrix(&scenario("publish", project(), &["publish", "--create-application"])));
}

#[test]
fn publish_in_parts_survives_everything() {
    // Three parts.
    let place = project();
    place.write("noise.bin", noise(17_000_000));
    let scenario = Scenario {
        faults: &[Fault::InternalError, Fault::ResetBefore, Fault::ResetAfter, Fault::Truncate, Fault::WrongChecksum],
        calls: |operation| operation.to_lowercase().contains("part"),
        // Not every machine has so much of it.
        place,
        ..scenario("publish in parts", Place::new(), &["publish", "--create-application"])
    };
    documented(&matrix(&scenario));
}

#[test]
fn versions_survives_everything() {
    documented(&matrix(&scenario("versions", staged(Scene::new()), &["versions"])));
}

#[test]
fn deploy_survives_everything() {
    let scene = Scene::new();
    let label = scene.second.clone();
    documented(&matrix(&scenario("deploy", staged(scene), &["deploy", &label, "--env", "shop-prod"])));
}

#[test]
fn rollback_survives_everything() {
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    let (first, second) = (scene.first.clone(), scene.second.clone());
    scene.run(&server, &["deploy", &second, "--env", "shop-prod"]).ok();
    drop(server);
    // It ends as a deployment; what is its own is in the first calls.
    let scenario = Scenario {
        faults: &[Fault::InternalError, Fault::AccessDenied, Fault::ResetAfter, Fault::Truncate, Fault::WrongChecksum],
        ..scenario("rollback", staged(scene), &["rollback", &first, "--env", "shop-prod"])
    };
    documented(&matrix(&scenario));
}

#[test]
fn wait_survives_everything() {
    documented(&matrix(&scenario("wait", staged(Scene::new()), &["wait", "--env", "shop-prod"])));
}

#[test]
fn launch_survives_everything() {
    let place = project()
        .file(
            "environments/shop-prod.toml",
            "format = \"beansprout.environment/1\"\nplatform = \"Python 3.13 running on 64bit Amazon Linux 2023\"\ncname = \"shop\"\n",
        )
        .file("environments/_application.toml", "format = \"beansprout.application/1\"\n[lifecycle]\nmax_count = 50\n");
    let scenario = Scenario { faults: MOST, ..scenario("launch", place, &["launch", "shop-prod", "--apply"]) };
    documented(&matrix(&scenario));
}

/// A second run that swaps again would send every visitor back.
#[test]
fn swap_survives_everything() {
    let site = swap::pair();
    std::fs::rename(site.place.path(STATE), site.place.path(folder("start"))).unwrap();
    // The files stay as they are, so that every case is the same: that they are corrected is told elsewhere.
    std::fs::remove_dir_all(site.place.path("environments")).unwrap();
    let arguments = ["swap", "shop-blue", "shop-green", "--apply", "--watch", "0"];
    let scenario = Scenario { faults: MOST, ..scenario("swap", site.place, &arguments) };
    documented(&matrix(&scenario));
}

/// The calls that write.
fn writes(operation: &str) -> bool {
    ["Create", "Put", "Swap"].iter().any(|word| operation.split(':').nth(1).unwrap().starts_with(word))
}

const LOST: &[Fault] = &[Fault::InternalError, Fault::ResetBefore, Fault::ResetAfter];

#[test]
fn promote_survives_everything() {
    let place = project()
        .file("environments/shop-next.toml", "format = \"beansprout.environment/1\"\napplication = \"next\"\n");
    let server = start(&place.path(folder("start")), Vec::new());
    let run = |arguments: &[&str]| {
        let mut command = place.beansprout(arguments);
        command.envs(sandbox::variables(&server.endpoint()));
        place.finish(command).ok();
    };
    run(&["publish", "--create-application", "--release", "../release.json"]);
    run(&["publish", "--create-application", "--application", "next", "--label", "other"]);
    drop(server);
    calls(&place, &folder("start"));
    let arguments = ["promote", "../release.json", "--to", "shop-next"];
    documented(&matrix(&Scenario { faults: LOST, calls: writes, ..scenario("promote", place, &arguments) }));
}

#[test]
fn drill_survives_everything() {
    let place = project().file(
        "environments/shop-prod.toml",
        "format = \"beansprout.environment/1\"\nplatform = \"Python 3.13 running on 64bit Amazon Linux 2023\"\n",
    );
    let server = start(&place.path(folder("start")), Vec::new());
    let mut command = place.beansprout(["launch", "--all", "--apply"]);
    command.envs(sandbox::variables(&server.endpoint()));
    place.finish(command).ok();
    drop(server);
    calls(&place, &folder("start"));
    let arguments = ["drill", "--aws", "--id", "a1", "--apply"];
    documented(&matrix(&Scenario { faults: LOST, calls: writes, ..scenario("drill", place, &arguments) }));
}

#[test]
fn prune_survives_everything() {
    let scene = Scene::new();
    let server = scene.server(Vec::new());
    for content in ["three", "four"] {
        scene.place.write("app.py", content);
        scene.run(&server, &["publish"]).ok();
    }
    drop(server);
    age(&scene.place.path(STATE).join("buckets"));
    let arguments = ["prune", "--keep", "1", "--delete-bundles", "--apply"];
    documented(&matrix(&scenario("prune", staged(scene), &arguments)));
}

/// Objects of today could be about to be registered, so let these be of last year.
fn age(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            age(&path);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(&path).unwrap();
            let year = text.find("\"20").map(|at| at + 1);
            if let Some(at) = year {
                std::fs::write(&path, format!("{}2020{}", &text[..at], &text[at + 4..])).unwrap();
            }
        }
    }
}
