//! Sequences of commands: what the second one meets that the first one left, whatever became of it, and whatever happened between.
//!
//! The grid is generated: each start, each command, each way in which it can end, then each command again. After every one it is
//! judged from the state of the stand-in and from a model. A sequence that breaks a rule is printed as a shell script.

mod alike;
mod judge;
mod model;
mod planted;
mod seen;
mod stage;
mod start;
mod verb;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use self::alike::essence;
pub(crate) use self::alike::remains;
use self::judge::{Broken, Rule, Step};
use self::seen::Seen;
use self::stage::{Ran, Stage};
use self::start::Start;
use self::verb::{Between, Ending, Goal, VERBS, Verb};
use crate::harness::full;

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
    /// What may follow upon what; where stages are alike, one run is for several.
    pairs: AtomicUsize,
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

/// An environment's name, its version, and its name in DNS.
type Has<'a> = (&'a str, Option<&'a String>, &'a String);

/// What a command is to reach: the versions, and what each environment has.
fn end(seen: &Seen) -> (Vec<&String>, Vec<Has<'_>>) {
    let has = seen.living().map(|(name, environment)| (name, environment.label.as_ref(), &environment.cname));
    (seen.versions.keys().collect(), has.collect())
}

/// A launch changes nothing that is there, so it does not make what is unwell well.
fn is_left_as_it_is(verb: &Verb, seen: &Seen) -> bool {
    matches!(verb.goal, Goal::Launched(name, _) if seen.named(name).is_some_and(|found| !found.is_good()))
}

/// A first command that has ended in some way.
struct First {
    verb: usize,
    /// Place among the ways in which commands end.
    ending: usize,
    stage: Stage,
    ran: Ran,
    essence: u64,
}

/// One command from one start, in all its endings, or half of them; first of all undisturbed.
fn firsts(book: &Book, start: &Start, first: usize) -> Vec<First> {
    let verb = &VERBS[first];
    let mut drawn = Drawn(SEED ^ (first as u64) << 16 ^ start.name.len() as u64);
    let mut all = Vec::new();
    let mut at = None;
    for (place, ending) in Ending::ALL.into_iter().enumerate().filter(|(_, ending)| ending.fits(verb)) {
        let left = !start.is_whole() && !drawn.next().is_multiple_of(2);
        if ending != Ending::Done && (at.is_none() || left) {
            continue;
        }
        let mut stage = start.stage.at_once();
        let ran = book.step(&mut stage, verb, ending, at.unwrap_or_default());
        if ending == Ending::Done {
            at = point(verb, &ran.calls);
        }
        let essence = essence(&stage);
        all.push(First { verb: first, ending: place, stage, ran, essence });
    }
    all
}

/// Stages that are alike, and what comes next: a second command, or one that a hint names. The same leads to the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Second { essence: u64, verb: usize, between: usize },
    Hint { essence: u64, command: String },
}

/// Everything that may follow upon first commands from one start; from most starts, what is drawn of it. With each, the
/// first command that it follows upon.
fn nexts(book: &Book, start: &Start, firsts: &[First]) -> BTreeMap<Next, usize> {
    let whole = start.is_whole();
    let mut nexts = BTreeMap::new();
    let mut drawn = Drawn(0);
    for (index, first) in firsts.iter().enumerate() {
        if first.ending == 0 {
            drawn = Drawn(SEED ^ (first.verb as u64) << 8 ^ start.name.len() as u64);
        }
        let essence = first.essence;
        for command in named(&first.ran).into_iter().filter(|_| whole) {
            book.pairs.fetch_add(1, Ordering::Relaxed);
            nexts.entry(Next::Hint { essence, command }).or_insert(index);
        }
        for verb in 0..VERBS.len() {
            let again = verb == first.verb;
            if !whole && !again && !drawn.next().is_multiple_of(4) {
                continue;
            }
            for between in betweens(&first.stage, first.ending + verb, whole) {
                book.pairs.fetch_add(1, Ordering::Relaxed);
                let next = nexts.entry(Next::Second { essence, verb, between: between as usize }).or_insert(index);
                // Of the same command once more, more is asked.
                if again {
                    *next = index;
                }
            }
        }
    }
    nexts
}

/// Do all of it, on four threads: half of the time, a sequence waits for a program that it started.
fn each<T: Sync, R: Send>(all: &[T], act: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mine = std::iter::from_fn(|| all.get(next.fetch_add(1, Ordering::Relaxed)).map(&act));
        mine.collect::<Vec<R>>()
    };
    std::thread::scope(|scope| {
        let threads = [work; 4].map(|work| scope.spawn(work));
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// What may happen before the second command. The first is the one that the table shows.
fn possible(stage: &Stage) -> &'static [Between] {
    if stage.seen.moves() { &Between::ALL } else { &[Between::Nothing, Between::HalfHour] }
}

/// What of that is tried, in turns; in the long form, all.
fn betweens(stage: &Stage, turn: usize, whole: bool) -> Vec<Between> {
    let all = possible(stage);
    let other = all[1 + turn % (all.len() - 1)];
    match (full(), whole) {
        (true, _) => all.to_vec(),
        (false, false) => vec![all[turn % all.len()]],
        (false, true) if all.len() > 2 || turn.is_multiple_of(3) => vec![all[0], other],
        (false, true) => vec![all[0]],
    }
}

/// Walk through all that begins at one start.
fn walk(book: &Book, start: &Start) {
    let verbs: Vec<usize> = (0..VERBS.len()).collect();
    let mut firsts: Vec<First> = each(&verbs, |verb| firsts(book, start, *verb)).into_iter().flatten().collect();
    firsts.sort_by_key(|first| (first.verb, first.ending));
    let clean = |verb: usize| firsts.iter().find(|first| first.verb == verb).map(|first| &first.stage);
    let nexts: Vec<(Next, usize)> = nexts(book, start, &firsts).into_iter().collect();
    let ended = each(&nexts, |(next, index)| {
        let first = &firsts[*index];
        match next {
            Next::Second { verb, between, .. } => {
                let clean = clean(*verb).filter(|_| *verb == first.verb);
                let between = Between::ALL[*between];
                let exit = follow(book, &first.stage, &VERBS[first.verb], &VERBS[*verb], between, clean, &first.ran);
                Some((next.clone(), exit))
            }
            Next::Hint { command, .. } => {
                hint(book, &first.stage, command);
                None
            }
        }
    });
    if start.name != "ours" {
        return;
    }
    let exits: BTreeMap<Next, String> = ended.into_iter().flatten().collect();
    let mut table = book.table.lock().unwrap();
    for First { verb, ending, stage, ran, essence } in &firsts {
        let shown = possible(stage)[0] as usize;
        let exit = |verb| exits[&Next::Second { essence: *essence, verb, between: shown }].clone();
        let row = std::iter::once(ran.exit()).chain((0..VERBS.len()).map(exit)).collect();
        table.insert((*verb, *ending), row);
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
    let mut stage = stage.at_once();
    stage.wait(between);
    let (moving, left) = (stage.seen.moves(), is_left_as_it_is(second, &stage.seen));
    let ran = book.step(&mut stage, second, Ending::Done, 0);
    let mut broken = Vec::new();
    if let Some(clean) = clean.filter(|_| second.is_ours() && second.goal != Goal::Well && !moving && !left) {
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

/// The commands that a failed run names.
fn named(ran: &Ran) -> Vec<String> {
    if ran.killed || ran.run.exit == 0 {
        return Vec::new();
    }
    let lines = ran.run.stderr.lines().filter(|line| line.starts_with("hint:") || line.starts_with("interrupted:"));
    let commands = lines.flat_map(|line| line.split('`').skip(1).step_by(2));
    let commands = commands.filter_map(|command| command.strip_prefix("beansprout "));
    // Those with a word for the reader to fill in.
    let open = |words: &str| {
        let blank = |word: &str| word.len() > 2 && word.chars().all(|char| char.is_ascii_uppercase());
        words.contains("--help") || words.split(' ').any(blank)
    };
    commands.filter(|words| !open(words)).map(str::to_owned).collect()
}

/// A command that a failed run names works as it stands.
fn hint(book: &Book, stage: &Stage, command: &str) {
    book.runs.fetch_add(1, Ordering::Relaxed);
    let mut stage = stage.at_once();
    stage.wait(Between::EndsWell);
    let here = stage.place.dir().display().to_string();
    let mut words: Vec<String> = command.replace("[DIR]", &here).split(' ').map(str::to_owned).collect();
    if words[0] == "swap" {
        // Five minutes of watching tell no more here.
        words.extend(["--watch".to_owned(), "0".to_owned()]);
    }
    let followed = stage.command(false, &words, Vec::new(), None);
    if !matches!(followed.run.exit, 0 | 5 | 6) {
        let broken = vec![(Rule::HintsWork, format!("`beansprout {command}`: exit {}", followed.exit()))];
        book.note(broken, &stage, &followed);
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
    let book = Book::default();
    start::all().iter().for_each(|start| walk(&book, start));
    let (runs, pairs) = (book.runs.load(Ordering::Relaxed), book.pairs.load(Ordering::Relaxed));
    let file = crate::harness::cache_dir().join("sequences.txt");
    if let Some(text) = report(&book) {
        std::fs::write(&file, &text).unwrap();
        let head: String = text.lines().take(120).map(|line| format!("{line}\n")).collect();
        panic!("{pairs} pairs in {runs} runs, seed {SEED}; all of it is in {}\n{head}", file.display());
    }
    std::fs::write(&file, format!("{pairs} pairs in {runs} runs\n")).unwrap();
    crate::faults::documented(&drawn(&book));
}
