//! Everything goes wrong once, everywhere: each call of each verb meets each fault, and dies in the middle.
//!
//! The matrix is generated: a clean run tells which calls a verb makes, and each of them meets each fault. Afterwards the
//! same command, run again, must finish the work and leave exactly what a clean run leaves.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use beansprout::release::{Aws, Settings as Connection, versions};
use beansprout::sandbox::{self, Misfortune as Fault, Rule, Server, Settings};
use beansprout::world::World;

use crate::harness::{Place, Run};
use crate::publish::{calls, project};
use crate::sandbox::raw;

/// A verb in a situation.
struct Scenario {
    name: &'static str,
    arguments: &'static [&'static str],
    /// Brings a place into the situation; its state `start` is where every case starts.
    prepare: fn() -> Place,
    faults: &'static [Fault],
    /// The calls that are of interest; the others are in another scenario.
    calls: fn(&str) -> bool,
}

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

    fn command(&self, arguments: &[&str], patience: &str) -> std::process::Command {
        let mut command = self.place.beansprout(arguments);
        command.args(["--call-timeout", patience]).env("AWS_MAX_ATTEMPTS", "1");
        command.envs(sandbox::variables(&self.server.endpoint()));
        command
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Run {
        self.place.finish(self.command(arguments, "1"))
    }

    /// All that is left behind: versions, objects, environments, and unfinished things.
    fn remains(&self) -> String {
        let connection = Connection {
            region: Some(sandbox::REGION.to_owned()),
            endpoint_url: Some(self.server.endpoint()),
            keys: Some((sandbox::ACCESS_KEY_ID.to_owned(), sandbox::SECRET_ACCESS_KEY.to_owned())),
            ..Connection::default()
        };
        let aws = Aws::connect(connection, &World::real().unwrap()).unwrap();
        let mut text = String::new();
        for version in versions(&aws, "shop").unwrap() {
            let bundle = version.bundle.map(|bundle| bundle.to_string()).unwrap_or_default();
            writeln!(text, "{} {} {bundle}", version.label, version.status).unwrap();
        }
        let mut files = BTreeMap::new();
        count_files(&self.state.join("buckets"), &mut files);
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

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    let Ok(entries) = std::fs::read_dir(from) else { return };
    for entry in entries.map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
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

fn at(call: usize, fault: Fault) -> Vec<Rule> {
    let skip = u32::try_from(call).unwrap();
    vec![Rule { on: "*".to_owned(), with: BTreeMap::new(), fault, skip, times: 1, seconds: 3600 }]
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
    Fault::Stall,
];

fn name(fault: Fault) -> String {
    serde_json::to_value(fault).unwrap().as_str().unwrap().replace('-', " ")
}

/// Let everything go wrong, and draw the table of how the first run ended.
fn matrix(scenario: &Scenario) -> String {
    let place = (scenario.prepare)();
    let clean = Case::new(&place, "clean", Vec::new());
    clean.run(scenario.arguments).ok();
    let operations = calls(&place, &folder("clean"));
    let expected = clean.remains();
    drop(clean);

    let mut table = format!("### `{}`\n\n| call |", scenario.name);
    scenario.faults.iter().for_each(|fault| write!(table, " {} |", name(*fault)).unwrap());
    table.push_str(" SIGINT | SIGKILL |\n|---|");
    table.push_str(&"---|".repeat(scenario.faults.len() + 2));
    table.push('\n');
    for (call, operation) in operations.iter().enumerate().filter(|(_, operation)| (scenario.calls)(operation)) {
        write!(table, "| {operation} |").unwrap();
        for fault in scenario.faults {
            let exit = misfortune(scenario, &place, call, *fault, operation, &expected);
            write!(table, " {exit} |").unwrap();
        }
        for signal in ["INT", "KILL"] {
            let exit = death(scenario, &place, call, signal, operation, &expected);
            write!(table, " {} |", exit.map_or("killed".to_owned(), |code| code.to_string())).unwrap();
        }
        table.push('\n');
    }
    table
}

fn misfortune(scenario: &Scenario, place: &Place, call: usize, fault: Fault, operation: &str, expected: &str) -> i32 {
    let what = format!("{}: {} at call {call}, {operation}", scenario.name, name(fault));
    let case = Case::new(place, "case", at(call, fault));
    let run = case.run(scenario.arguments);
    match run.exit {
        // It found a way, so everything is done.
        0 => assert_eq!(case.remains(), expected, "{what}\n{run}"),
        4 => {
            assert!(run.stderr.contains("error: "), "{what}\n{run}");
            assert!(run.stderr.contains("hint: "), "{what}\n{run}");
            assert!(!run.stderr.contains("panicked"), "{what}\n{run}");
        }
        other => panic!("{what}: exit {other}\n{run}"),
    }
    finish(&case, scenario, &what, expected);
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
    // It must not give up by itself before.
    let mut command = case.command(scenario.arguments, "60");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    let request = "GET /-/faults HTTP/1.1\nHost: localhost\nConnection: close\n\n";
    while !raw(&case.server.endpoint(), request).trim_end().ends_with("[]") {
        assert!(Instant::now() < end, "{what}: the call was never made");
        assert!(child.try_wait().unwrap().is_none(), "{what}: ended before the call");
        std::thread::sleep(Duration::from_millis(5));
    }
    place.sh("kill", &[&format!("-{signal}"), &child.id().to_string()]);
    let exit = child.wait().unwrap().code();
    assert_eq!(exit, if signal == "INT" { Some(130) } else { None }, "{what}");
    finish(&case, scenario, &what, expected);
    exit
}

/// The same command again finishes the work, without a duplicate, an orphan or a loss.
#[track_caller]
fn finish(case: &Case<'_>, scenario: &Scenario, what: &str, expected: &str) {
    let again = case.run(scenario.arguments);
    assert_eq!(again.exit, 0, "{what}, then again\n{again}");
    assert_eq!(case.remains(), expected, "{what}, then again\n{again}");
    // The sandbox is on our side of the wire: nothing asked it for what this program must not do.
    for asked in calls(case.place, &folder("case")) {
        assert!(!asked.contains("DeleteApplication") || asked.ends_with("DeleteApplicationVersion"), "{asked}");
        assert!(!asked.contains("TerminateEnvironment"), "{asked}");
    }
    std::fs::remove_dir_all(&case.state).unwrap();
}

/// Compare a table with the one in the documentation, or with `BEANSPROUT_BLESS=1` write it there.
#[track_caller]
fn documented(table: &str) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/reference/reliability.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let heading = table.lines().next().unwrap();
    let (before, rest) = text.split_once(heading).unwrap_or_else(|| panic!("no `{heading}` in {}", page.display()));
    let end = rest.find("\n### ").map_or(rest.len(), |at| at + 1);
    let found = format!("{heading}{}", &rest[..end]);
    if found.trim_end() == table.trim_end() {
        return;
    }
    if std::env::var_os("BEANSPROUT_BLESS").is_some() {
        let after = &rest[end..];
        let gap = if after.is_empty() { "" } else { "\n" };
        std::fs::write(&page, format!("{before}{table}{gap}{after}")).unwrap();
        return;
    }
    panic!("{} says otherwise; look, and run with BEANSPROUT_BLESS=1\n{table}", page.display());
}

/// A place in which these commands have run well.
fn prepared(place: Place, commands: &[&[&str]]) -> Place {
    let case = Case::new(&place, "first", Vec::new());
    for arguments in commands {
        case.run(arguments).ok();
    }
    calls(&place, &folder("first"));
    drop(case);
    std::fs::rename(place.path(folder("first")), place.path(folder("start"))).unwrap();
    place
}

#[test]
fn publish_survives_everything() {
    let scenario = Scenario {
        name: "publish",
        arguments: &["publish", "--create-application"],
        prepare: project,
        faults: ALL,
        calls: |_| true,
    };
    documented(&matrix(&scenario));
}

#[test]
fn publish_in_parts_survives_everything() {
    // Content that no compressor makes smaller: three parts.
    let prepare = || {
        let mut state = 1_u64;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[1]
        });
        let place = project();
        place.write("noise.bin", noise.take(17_000_000).collect::<Vec<u8>>());
        place
    };
    let scenario = Scenario {
        name: "publish in parts",
        arguments: &["publish", "--create-application"],
        prepare,
        faults: &[Fault::InternalError, Fault::ResetBefore, Fault::ResetAfter, Fault::Truncate],
        calls: |operation| operation.contains("Multipart") || operation.contains("Part"),
    };
    documented(&matrix(&scenario));
}

#[test]
fn versions_survives_everything() {
    let prepare = || prepared(project(), &[&["publish", "--create-application"]]);
    let scenario = Scenario { name: "versions", arguments: &["versions"], prepare, faults: ALL, calls: |_| true };
    documented(&matrix(&scenario));
}
