//! Sequences of commands: what the second one meets that the first one left, whatever became of it, and whatever happened between.
//!
//! The grid is generated: each start, each command, each way in which it can end, then each command again. After every one it is
//! judged from the state of the stand-in and from a model. A sequence that breaks a rule is printed as a shell script.

mod judge;
mod model;
mod seen;
mod stage;
mod start;
mod verb;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use self::judge::{Broken, Rule, Step};
use self::seen::Seen;
use self::stage::{Ran, Stage};
use self::start::Start;
use self::verb::{Between, Ending, Goal, VERBS, Verb};

/// Of what is drawn and not walked through.
const SEED: u64 = 20_261_126;

/// Numbers that are the same every time.
struct Drawn(u64);

impl Drawn {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

/// A rule that was broken, and how to see it.
struct Finding {
    rule: Rule,
    words: String,
    script: Vec<String>,
    said: String,
}

/// What all workers add to.
#[derive(Default)]
struct Book {
    findings: Mutex<Vec<Finding>>,
    runs: AtomicUsize,
    /// Exit codes by first command with its ending, then by second command.
    table: Mutex<BTreeMap<(usize, usize), Vec<String>>>,
}

impl Book {
    fn note(&self, broken: Vec<Broken>, stage: &Stage, ran: &Ran) {
        let mut findings = self.findings.lock().unwrap();
        for (rule, words) in broken {
            findings.push(Finding { rule, words, script: stage.script.clone(), said: ran.run.to_string() });
        }
    }

    /// Run a command, and judge it.
    fn step(&self, stage: &mut Stage, verb: &Verb, ending: Ending, call: usize) -> Ran {
        self.runs.fetch_add(1, Ordering::Relaxed);
        let (before, model) = (stage.seen.clone(), stage.model.clone());
        let ran = stage.run(verb, ending, call);
        let step = Step { verb, ending, before: &before, model: &model, ran: &ran, after: &stage.seen };
        let broken = step.judge();
        self.note(broken, stage, &ran);
        if let Some(label) = asked(verb, &ran, &before, &stage.seen) {
            stage.model.ask(&label);
        }
        stage.model.look(&stage.seen);
        ran
    }
}

/// The version that a command asked an environment to move to, as far as it came to that.
fn asked(verb: &Verb, ran: &Ran, before: &Seen, after: &Seen) -> Option<String> {
    let has = |seen: &Seen| seen.environment.as_ref().and_then(|environment| environment.label.clone());
    match verb.goal {
        Goal::Runs(label) | Goal::Asked(label) => Some(label.to_owned()),
        Goal::Foreign => Some("v3".to_owned()),
        Goal::Back => {
            ran.run.stderr.split_once(" back to `").and_then(|(_, rest)| Some(rest.split_once('`')?.0.to_owned()))
        }
        Goal::Released(_) => {
            let new = after.versions.keys().find(|label| !before.versions.contains_key(*label)).cloned();
            new.or_else(|| has(after).filter(|label| label.starts_with("shop-")))
        }
        _ => None,
    }
}

/// Place of the call from which on AWS is another, among those that a command makes.
fn point(verb: &Verb, calls: &[String]) -> Option<usize> {
    calls.iter().position(|call| call.split_once(':').is_some_and(|(_, operation)| Some(operation) == verb.point))
}

/// What a command is to reach: the versions and what the environment has.
fn end(seen: &Seen) -> (Vec<&String>, Option<&String>) {
    let label = seen.environment.as_ref().and_then(|environment| environment.label.as_ref());
    (seen.versions.keys().collect(), label)
}

/// One command from one start, in all its endings, and everything that may follow; from most starts, what is drawn of it.
fn walk(book: &Book, start: &Start, first: usize, thorough: bool) {
    let verb = &VERBS[first];
    let whole = thorough || start.name == "ours";
    let mut drawn = Drawn(SEED ^ (first as u64) << 8 ^ start.name.len() as u64);
    let mut clean = start.stage.twin();
    let done = book.step(&mut clean, verb, Ending::Done, 0);
    let at = point(verb, &done.calls);
    for (place, ending) in Ending::ALL.into_iter().enumerate().filter(|(_, ending)| ending.fits(verb)) {
        let (stage, ran) = if ending == Ending::Done {
            (clean.twin(), None)
        } else {
            let Some(at) = at else { continue };
            let mut stage = start.stage.twin();
            let ran = book.step(&mut stage, verb, ending, at);
            (stage, Some(ran))
        };
        let ran = ran.as_ref().unwrap_or(&done);
        if start.name == "ours" {
            book.table.lock().unwrap().insert((first, place), vec![ran.exit()]);
        }
        if whole {
            hints(book, &stage, ran);
        }
        for (next, second) in VERBS.iter().enumerate() {
            let again = next == first;
            if !whole && !again && !drawn.next().is_multiple_of(4) {
                continue;
            }
            for between in betweens(&stage, place + next, whole) {
                let exit = follow(book, &stage, verb, second, between, again.then_some(&clean), ran);
                if start.name == "ours" && between == betweens(&stage, 0, false)[0] {
                    book.table.lock().unwrap().get_mut(&(first, place)).unwrap().push(exit);
                }
            }
        }
    }
}

/// What may happen before the second command. The first is the one that the table shows.
fn betweens(stage: &Stage, turn: usize, several: bool) -> Vec<Between> {
    let moves = stage.seen.environment.as_ref().is_some_and(|environment| environment.moves);
    let all: &[Between] = if moves { &Between::ALL } else { &[Between::Nothing, Between::HalfHour] };
    match (several, turn) {
        (false, turn) => vec![all[turn % all.len()]],
        (true, turn) => {
            let other = all[1 + turn % (all.len() - 1)];
            if moves || turn.is_multiple_of(3) { vec![all[0], other] } else { vec![all[0]] }
        }
    }
}

/// The second command.
fn follow(
    book: &Book,
    stage: &Stage,
    first: &Verb,
    second: &Verb,
    between: Between,
    clean: Option<&Stage>,
    before: &Ran,
) -> String {
    let mut stage = stage.twin();
    stage.wait(between);
    let moving = stage.seen.environment.as_ref().is_some_and(|environment| environment.moves);
    let ran = book.step(&mut stage, second, Ending::Done, 0);
    let mut broken = Vec::new();
    if let Some(clean) = clean.filter(|_| second.is_ours() && second.goal != Goal::Well && !moving) {
        if ran.run.exit != 0 && (before.killed || matches!(before.run.exit, 0 | 4 | 5 | 6 | 130)) {
            broken.push((
                Rule::RepeatingHelps,
                format!("{}, {}, again: exit {}", first.name, between.name(), ran.exit()),
            ));
        }
        if ran.run.exit == 0 && end(&stage.seen) != end(&clean.seen) {
            let (is, once) = (end(&stage.seen), end(&clean.seen));
            broken.push((Rule::TwiceIsOnce, format!("twice ends at {is:?}, once at {once:?}")));
        }
    }
    if ran.run.exit == 4 && clean.is_none() {
        let mut later = stage.twin();
        later.wait(Between::EndsWell);
        let again = book.step(&mut later, second, Ending::Done, 0);
        if again.run.exit != 0 {
            broken.push((Rule::RepeatingHelps, format!("exit 4, and later again: exit {}", again.exit())));
        }
    }
    book.note(broken, &stage, &ran);
    ran.exit()
}

/// Every command that a failed run names works as it stands.
fn hints(book: &Book, stage: &Stage, ran: &Ran) {
    if ran.killed || ran.run.exit == 0 {
        return;
    }
    let lines = ran.run.stderr.lines().filter(|line| line.starts_with("hint:") || line.starts_with("interrupted:"));
    for command in lines.flat_map(|line| line.split('`').skip(1).step_by(2)) {
        let Some(words) = command.strip_prefix("beansprout ") else { continue };
        // Those with a word for the reader to fill in.
        if words.contains("--help")
            || words.split(' ').any(|word| word.len() > 2 && word.chars().all(|char| char.is_ascii_uppercase()))
        {
            continue;
        }
        book.runs.fetch_add(1, Ordering::Relaxed);
        let mut stage = stage.twin();
        stage.wait(Between::EndsWell);
        let here = stage.place.dir().display().to_string();
        let words: Vec<String> = words.replace("[DIR]", &here).split(' ').map(str::to_owned).collect();
        let followed = stage.command(false, &words, Vec::new(), None);
        if !matches!(followed.run.exit, 0 | 5 | 6) {
            let broken = vec![(Rule::HintsWork, format!("`{command}`: exit {}", followed.exit()))];
            book.note(broken, &stage, &followed);
        }
    }
}

/// The table of the reference.
fn drawn(book: &Book) -> String {
    let mut table = "### Two commands\n\n| first | ended | exit |".to_owned();
    VERBS.iter().for_each(|verb| write!(table, " {} |", verb.name).unwrap());
    table.push_str("\n|---|---|---|");
    table.push_str(&"---|".repeat(VERBS.len()));
    table.push('\n');
    for ((first, ending), exits) in &*book.table.lock().unwrap() {
        write!(table, "| {} | {} |", VERBS[*first].name, Ending::ALL[*ending].name()).unwrap();
        exits.iter().for_each(|exit| write!(table, " {exit} |").unwrap());
        table.push('\n');
    }
    table
}

/// All that was broken: how often, and the first of each as a script.
fn report(book: &Book) -> Option<String> {
    let findings = book.findings.lock().unwrap();
    if findings.is_empty() {
        return None;
    }
    let mut by_rule: BTreeMap<Rule, Vec<&Finding>> = BTreeMap::new();
    findings.iter().for_each(|finding| by_rule.entry(finding.rule).or_default().push(finding));
    let mut text = String::new();
    for (rule, findings) in &by_rule {
        writeln!(text, "{rule:?}: {}", findings.len()).unwrap();
    }
    for (rule, findings) in by_rule {
        for Finding { words, script, said, .. } in findings {
            writeln!(text, "\n## {rule:?}: {words}\n{}\n{said}", script.join("\n")).unwrap();
        }
    }
    Some(text)
}

#[test]
fn no_sequence_breaks_a_rule() {
    let thorough = std::env::var("BEANSPROUT_TESTS").is_ok_and(|tests| tests == "full");
    let starts = start::all();
    let book = Book::default();
    let tasks: Vec<(&Start, usize)> =
        starts.iter().rev().flat_map(|start| (0..VERBS.len()).map(move |verb| (start, verb))).collect();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((start, verb)) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    walk(&book, start, *verb, thorough);
                }
            });
        }
    });
    let runs = book.runs.load(Ordering::Relaxed);
    let file = crate::harness::cache_dir().join("sequences.txt");
    if let Some(text) = report(&book) {
        std::fs::write(&file, &text).unwrap();
        let head: String = text.lines().take(120).map(|line| format!("{line}\n")).collect();
        panic!("{runs} runs, seed {SEED}; all of it is in {}\n{head}", file.display());
    }
    crate::faults::documented(&drawn(&book));
}
