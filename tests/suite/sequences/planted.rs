//! The proof that the judge bites: each rule is broken on purpose, once, and found.

use std::collections::BTreeSet;

use super::judge::{Rule, Step};
use super::seen::{Environment, GREEN, STATE, Seen};
use super::stage::{Ran, Stage};
use super::verb::{Between, Ending, VERBS, Verb};
use super::{Book, follow, hint, report, start};
use crate::harness::Run;

fn verb(name: &str) -> &'static Verb {
    VERBS.iter().find(|verb| verb.name == name).unwrap()
}

fn ran(exit: i32, stdout: &str, stderr: &str) -> Ran {
    Ran { run: Run { exit, stdout: stdout.to_owned(), stderr: stderr.to_owned() }, killed: false, calls: Vec::new() }
}

/// What is found of a command that led from one stage to what was seen.
fn found(before: &Stage, verb: &Verb, ran: &Ran, after: &Seen) -> BTreeSet<Rule> {
    let step = Step { verb, ending: Ending::Done, before: &before.seen, model: &before.model, ran, after };
    step.judge().into_iter().map(|(rule, _)| rule).collect()
}

#[test]
fn what_is_broken_on_purpose_is_found() {
    let before = start::ours();
    let deploy = verb("deploy v4");
    let mut stage = before.twin();
    let done = stage.run(deploy, Ending::Done, 0);
    stage.model.look(&stage.seen);
    assert_eq!(found(&before, deploy, &done, &stage.seen), BTreeSet::new(), "{}", done.run);

    let mut all = BTreeSet::new();
    let mut case = |rule: Rule, verb: &Verb, ran: &Ran, plant: &dyn Fn(&mut Seen)| {
        let mut after = stage.seen.clone();
        plant(&mut after);
        assert_eq!(found(&before, verb, ran, &after), BTreeSet::from([rule]));
        all.insert(rule);
    };
    let environment = |seen: &mut Seen| seen.environment.clone().unwrap();
    case(Rule::NothingNeededIsGone, deploy, &done, &|seen| {
        seen.versions.remove("v4");
    });
    case(Rule::NothingNeededIsGone, deploy, &done, &|seen| {
        let bundle = seen.versions["v0"].bundle.clone();
        seen.objects.remove(&bundle);
    });
    case(Rule::SuccessIsTrue, deploy, &done, &|seen| {
        seen.environment = Some(Environment { label: Some("v1".to_owned()), ..environment(seen) });
    });
    case(Rule::SuccessIsTrue, deploy, &done, &|seen| {
        seen.environment = Some(Environment { health: "Red".to_owned(), ..environment(seen) });
    });
    case(Rule::NothingNeededIsGone, deploy, &done, &|seen| {
        seen.others.remove(GREEN);
    });
    case(Rule::OnlySwapMovesNames, deploy, &done, &|seen| {
        let mut environment = environment(seen);
        std::mem::swap(&mut environment.cname, &mut seen.others.get_mut(GREEN).unwrap().cname);
        seen.environment = Some(environment);
    });
    case(Rule::LeavesOthersAlone, deploy, &done, &|seen| {
        seen.others.get_mut(GREEN).unwrap().label = Some("v5".to_owned());
    });
    for name in ["launch", "swap", "capture"] {
        let idle = found(&stage, verb(name), &ran(0, "{}", ""), &stage.seen);
        assert_eq!(idle, BTreeSet::from([Rule::SuccessIsTrue]), "{name}");
    }
    case(Rule::WhatGoesOnIsSaid, deploy, &ran(6, "{}", "error: that takes long\n"), &|seen| {
        seen.environment = Some(Environment { moves: true, ..environment(seen) });
    });
    case(Rule::WhatGoesOnIsSaid, verb("prune"), &ran(4, "{}", "error: that was refused\n"), &|seen| {
        // Its record is there, and nobody says so.
        let label = seen.undo[0].labels[0].clone();
        assert!(!seen.versions.contains_key(&label));
        seen.undo[0].labels.push("v2".to_owned());
        seen.versions.remove("v2");
    });
    case(Rule::BackIsPossible, verb("rollback"), &ran(4, "{}", "error: somebody else moves it\n"), &|_| {});
    case(Rule::NothingIsLeft, deploy, &done, &|seen| seen.open_operations += 1);
    case(Rule::NothingIsLeft, deploy, &done, &|seen| seen.litter.push("undo/.tmp1".to_owned()));
    case(Rule::OnlyItsLabels, deploy, &ran(4, "{}", "error: `v5` has errors\n"), &|_| {});
    case(Rule::OneAnswer, deploy, &ran(4, "", "error: that was refused\n"), &|_| {});
    case(Rule::OneAnswer, deploy, &ran(101, "{}", "thread 'main' panicked\n"), &|_| {});

    // What is judged of two commands.
    let book = Book::default();
    hint(&book, &stage, "deploy v9 --env shop-prod");
    assert_eq!(follow(&book, &stage, deploy, deploy, Between::Nothing, Some(&before), &done), "0");
    // The version is gone, whoever did that: the same again cannot end well.
    let path = stage.place.path(STATE).join("state.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut state: serde_json::Value = serde_json::from_str(&text).unwrap();
    let versions = state["regions"]["us-east-1"]["applications"]["shop"]["versions"].as_object_mut().unwrap();
    versions.remove("v4").unwrap();
    std::fs::write(&path, state.to_string()).unwrap();
    follow(&book, &stage, deploy, deploy, Between::Nothing, Some(&before), &done);
    let findings = book.findings.lock().unwrap().iter().map(|finding| finding.rule).collect::<BTreeSet<_>>();
    for rule in [Rule::HintsWork, Rule::TwiceIsOnce, Rule::RepeatingHelps] {
        assert!(findings.contains(&rule), "{rule:?}");
        all.insert(rule);
    }
    assert_eq!(all, BTreeSet::from(Rule::ALL));
    // Each comes with the script that leads there.
    let report = report(&book).unwrap();
    assert!(report.contains("AWS_MAX_ATTEMPTS=1 beansprout deploy v9 --env shop-prod # exit"), "{report}");
}
