//! Judge: what must hold after each command, by the state of the stand-in and the model.

use serde_json::Value;

use super::model::Model;
use super::seen::{Environment, RELEASED, Seen};
use super::stage::Ran;
use super::verb::{Ending, Goal, Verb};

/// What must always hold, as the reference of reliability has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    NothingNeededIsGone,
    SuccessIsTrue,
    OnlySwapMovesNames,
    LeavesOthersAlone,
    WhatGoesOnIsSaid,
    TwiceIsOnce,
    BackIsPossible,
    HintsWork,
    RepeatingHelps,
    NothingIsLeft,
    OnlyItsLabels,
    OneAnswer,
}

impl Rule {
    pub(super) const ALL: [Self; 12] = [
        Self::NothingNeededIsGone,
        Self::SuccessIsTrue,
        Self::OnlySwapMovesNames,
        Self::LeavesOthersAlone,
        Self::WhatGoesOnIsSaid,
        Self::TwiceIsOnce,
        Self::BackIsPossible,
        Self::HintsWork,
        Self::RepeatingHelps,
        Self::NothingIsLeft,
        Self::OnlyItsLabels,
        Self::OneAnswer,
    ];
}

pub(super) type Broken = (Rule, String);

pub(super) struct Step<'a> {
    pub(super) verb: &'a Verb,
    pub(super) ending: Ending,
    pub(super) before: &'a Seen,
    /// As it was before the command.
    pub(super) model: &'a Model,
    pub(super) ran: &'a Ran,
    pub(super) after: &'a Seen,
}

impl Step<'_> {
    pub(super) fn judge(&self) -> Vec<Broken> {
        let mut broken = Vec::new();
        let mut say = |rule, words: String| broken.push((rule, words));
        self.needed(&mut say);
        self.lives(&mut say);
        self.names(&mut say);
        if !self.verb.is_ours() {
            return broken;
        }
        self.one_answer(&mut say);
        if self.ran.run.exit == 0 {
            self.goal(&mut say);
        } else if !self.ran.killed {
            self.goes_on(&mut say);
        }
        self.back(&mut say);
        self.labels(&mut say);
        self.left(&mut say);
        broken
    }

    /// No version is gone that runs, is on its way or would be fallen back to, and no bundle that one of them needs.
    fn needed(&self, say: &mut impl FnMut(Rule, String)) {
        let mut gone = |what: String| say(Rule::NothingNeededIsGone, what);
        for (name, environment) in self.after.living() {
            for label in environment.label.iter().chain(&environment.before) {
                if !self.after.versions.contains_key(label) {
                    gone(format!("version {label}, which {name} has or would fall back to, is gone"));
                }
            }
        }
        for (label, version) in &self.after.versions {
            if !self.after.objects.contains_key(&version.bundle) {
                gone(format!("the bundle of {label} is gone"));
            }
        }
        for record in &self.after.undo {
            for bundle in &record.bundles {
                let archived = self.after.undo.iter().filter_map(|record| record.archive.as_ref()).any(|prefix| {
                    self.after.objects.contains_key(&(bundle.0.clone(), format!("{prefix}/{}", bundle.1)))
                });
                if !archived && !self.after.objects.contains_key(bundle) {
                    gone(format!("{} needs {}, which is neither there nor archived", record.path.display(), bundle.1));
                }
            }
        }
        for (label, version) in &self.before.versions {
            let known = self.after.versions.get(label).is_none_or(|now| now.bundle == version.bundle);
            let recorded = self.after.undo.iter().any(|record| record.labels.contains(label));
            if !known || !self.after.versions.contains_key(label) && !recorded {
                gone(format!("{label} is gone or another, and no record brings it back"));
            }
        }
    }

    /// Nothing ends that lives, and nothing changes but the environment that a command is about.
    fn lives(&self, say: &mut impl FnMut(Rule, String)) {
        for (name, was) in self.before.living() {
            let Some(is) = self.after.named(name).filter(|is| is.id == was.id) else {
                say(Rule::NothingNeededIsGone, format!("{name} ({}) does not live any more", was.id));
                continue;
            };
            let about = match self.verb.goal {
                Goal::Launched(launched, _) => name == launched,
                Goal::Swapped(blue, green) => name == blue || name == green,
                Goal::Captured => false,
                _ => name == RELEASED,
            };
            // What began before ends by itself.
            if !about && !was.moves && (is.label != was.label || is.deployments != was.deployments) {
                say(Rule::LeavesOthersAlone, format!("{name} was {was:?} and is {is:?}"));
            }
        }
    }

    /// Two names go both or not at all, with a swap and with nothing else.
    fn names(&self, say: &mut impl FnMut(Rule, String)) {
        let mut wrong = |words: String| say(Rule::OnlySwapMovesNames, words);
        let has = |seen: &Seen, name: &str| seen.named(name).map(|environment| environment.cname.clone());
        let moved: Vec<&str> = self
            .before
            .living()
            .map(|(name, _)| name)
            .filter(|name| has(self.after, name).is_some_and(|now| Some(now) != has(self.before, name)))
            .collect();
        match (self.verb.goal, &moved[..]) {
            (_, []) => {}
            (Goal::Swapped(blue, green), _) => {
                let exchanged = has(self.after, blue) == has(self.before, green)
                    && has(self.after, green) == has(self.before, blue)
                    && moved.iter().all(|name| [blue, green].contains(name));
                if !exchanged {
                    wrong(format!("names went in part: {moved:?}"));
                }
            }
            (_, moved) => wrong(format!("the names of {moved:?} moved")),
        }
    }

    /// Exit code 0 is true.
    fn goal(&self, say: &mut impl FnMut(Rule, String)) {
        let mut untrue = |what: String| say(Rule::SuccessIsTrue, format!("exit 0, and {what}"));
        let environment = self.after.environment.clone().unwrap_or_default();
        match self.verb.goal {
            Goal::Published(content) => self.published(content, &mut untrue),
            Goal::Released(content) => {
                self.published(content, &mut untrue);
                if let Some(label) = self.label() {
                    runs(&environment, &label, &mut untrue);
                }
            }
            Goal::Runs(label) => runs(&environment, label, &mut untrue),
            // It may have failed already.
            Goal::Asked(_) if matches!(self.ending, Ending::RollsBack | Ending::Fails) => {}
            Goal::Asked(label) => {
                if environment.label.as_deref() != Some(label) {
                    untrue(format!("the environment has {:?}", environment.label));
                }
            }
            Goal::Back => {
                let label = environment.label.clone().unwrap_or_default();
                runs(&environment, &label, &mut untrue);
                if !self.model.good.contains(&label) {
                    untrue(format!("{label} never ran well: {:?}", self.model.good));
                }
            }
            Goal::Well if !environment.is_good() => untrue(format!("the environment is {environment:?}")),
            Goal::Well | Goal::Foreign | Goal::Days => {}
            Goal::Launched(name, label) => {
                let launched = self.after.named(name).cloned().unwrap_or_default();
                // It was there already, and whatever it runs is its own.
                let label = self.before.named(name).map_or(Some(label), |was| was.label.as_deref());
                runs(&launched, label.unwrap_or_default(), &mut untrue);
                self.described(name, &mut untrue);
            }
            Goal::Swapped(blue, green) => self.swapped(blue, green, &mut untrue),
            Goal::Captured => self.captured(&mut untrue),
            Goal::Pruned { bundles } => self.pruned(bundles, &mut untrue),
            Goal::Restored => self.restored(&mut untrue),
        }
    }

    /// GREEN has the name that visitors use, which is the one that BLUE was made with.
    fn swapped(&self, blue: &str, green: &str, untrue: &mut impl FnMut(String)) {
        let has = |name: &str| self.after.named(name).map(|environment| environment.cname.clone()).unwrap_or_default();
        if !has(green).starts_with(&format!("{blue}.")) || !has(blue).starts_with(&format!("{green}.")) {
            untrue(format!("{green} has {}, and {blue} has {}", has(green), has(blue)));
        }
        [blue, green].into_iter().for_each(|name| self.described(name, untrue));
    }

    /// If a file says which name an environment has, that is so.
    fn described(&self, name: &str, untrue: &mut impl FnMut(String)) {
        let Some((Some(prefix), _)) = self.after.described.get(name) else { return };
        let has = self.after.named(name).map(|environment| environment.cname.as_str()).unwrap_or_default();
        if !has.starts_with(&format!("{prefix}.")) {
            untrue(format!("the file of {name} says {prefix}, and it has {has}"));
        }
    }

    fn captured(&self, untrue: &mut impl FnMut(String)) {
        for (name, environment) in self.after.living() {
            match self.after.described.get(name) {
                Some((_, label)) if *label == environment.label => self.described(name, untrue),
                found => untrue(format!("the file of {name} says {found:?}, and it is {environment:?}")),
            }
        }
        let seen = |seen: &Seen| (seen.versions.clone(), seen.objects.clone());
        if seen(self.before) != seen(self.after) {
            untrue("a look changed something".to_owned());
        }
    }

    fn label(&self) -> Option<String> {
        let answer: Value = serde_json::from_str(&self.ran.run.stdout).ok()?;
        answer["label"].as_str().map(str::to_owned)
    }

    fn published(&self, content: &str, untrue: &mut impl FnMut(String)) {
        let Some(label) = self.label() else { return untrue("its answer has no label".to_owned()) };
        let Some(version) = self.after.versions.get(&label) else {
            return untrue(format!("{label} is not registered"));
        };
        if version.status != "PROCESSED" {
            untrue(format!("{label} is {}", version.status));
        }
        // Of two contents, two labels.
        let twin = self.model.known.iter().find(|(known, has)| **known != label && has.bundle == version.bundle);
        if let Some((twin, _)) = twin.filter(|(twin, _)| twin.starts_with("shop-")) {
            untrue(format!("{label} has the bundle of {twin}"));
        }
        if content == "a" {
            let tagged = version.tags.get("keep").map(String::as_str) == Some("true");
            if !tagged || version.description.as_deref() != Some("one") {
                untrue(format!("{label} has tags {:?} and text {:?}", version.tags, version.description));
            }
        }
    }

    fn pruned(&self, bundles: bool, untrue: &mut impl FnMut(String)) {
        let kept = self.model.kept(self.before);
        for (label, version) in &self.before.versions {
            match (kept.contains(label), self.after.versions.contains_key(label)) {
                (true, false) => untrue(format!("{label} is deleted: it had to stay")),
                (false, true) => untrue(format!("{label} is there: nobody needs it")),
                (false, false) if bundles => {
                    let needed = self.after.versions.values().any(|other| other.bundle == version.bundle);
                    let there = self.after.objects.contains_key(&version.bundle);
                    let ours = version.bundle.1.starts_with("beansprout/");
                    if ours && there != needed {
                        untrue(format!("the bundle of {label}: there {there}, needed {needed}"));
                    }
                }
                _ => {}
            }
        }
        for (at, tag) in &self.before.objects {
            let copy = (at.0.clone(), format!("old/{}", at.1));
            let zip = at.1.ends_with(".zip");
            if zip && !self.after.objects.contains_key(at) && self.after.objects.get(&copy) != Some(tag) {
                untrue(format!("{} is deleted and not archived", at.1));
            }
        }
    }

    fn restored(&self, untrue: &mut impl FnMut(String)) {
        for label in self.before.undo.last().into_iter().flat_map(|record| &record.labels) {
            let was = self.model.known.get(label);
            let is = self.after.versions.get(label);
            match (was, is) {
                (Some(was), Some(is)) if was == is => {}
                _ => untrue(format!("{label} was {was:?} and is {is:?}")),
            }
        }
    }

    /// What was begun and goes on is said, with the command that finishes it.
    fn goes_on(&self, say: &mut impl FnMut(Rule, String)) {
        let mut unsaid = |what: &str| say(Rule::WhatGoesOnIsSaid, what.to_owned());
        let error: Value = serde_json::from_str(&self.ran.run.stdout).unwrap_or_default();
        let said = |words: &str| {
            let hint = error["error"]["hint"].as_str().unwrap_or_default();
            self.ran.run.stderr.contains(words) && hint.contains(words)
        };
        let count = |seen: &Seen| seen.environment.as_ref().map_or(0, |environment| environment.deployments);
        let began = count(self.after) > count(self.before);
        let new = self.after.others.iter().find(|(name, _)| self.before.named(name).is_none());
        if new.is_some_and(|(_, environment)| environment.moves) {
            if !said("same command again") {
                unsaid("an environment is being launched, and what watches it is not named");
            }
            if error["error"]["under_way"] != true {
                unsaid("an environment is being launched, and JSON has no `under_way`");
            }
        }
        let cname = |seen: &Seen| seen.environment.as_ref().map(|environment| environment.cname.clone());
        if cname(self.before) != cname(self.after) && !said("beansprout swap") {
            unsaid("the names are exchanged, and the way back is not named");
        }
        if began && self.after.environment.as_ref().is_some_and(|environment| environment.moves) {
            if !said("beansprout wait --env shop-prod") {
                unsaid("the environment moves, and no `beansprout wait` is named");
            }
            if error["error"]["under_way"] != true {
                unsaid("the environment moves, and JSON has no `under_way`");
            }
        }
        let gone = self.before.versions.keys().any(|label| !self.after.versions.contains_key(label));
        if gone && !said("beansprout publish --undo") {
            unsaid("versions are deleted, and no `publish --undo` is named");
        }
        let new = self.after.versions.keys().any(|label| !self.before.versions.contains_key(label));
        if new && !began && !said("same command again") && !said("beansprout ") {
            unsaid("a version is registered, and what finishes it is not named");
        }
    }

    /// A rollback gets back to what ran well.
    fn back(&self, say: &mut impl FnMut(Rule, String)) {
        let Some(environment) = &self.before.environment else { return };
        let free = self.verb.goal == Goal::Back && self.ending == Ending::Done && !environment.moves;
        if free && self.model.has_way_back(self.before) && !matches!(self.ran.run.exit, 0 | 5 | 6) {
            say(Rule::BackIsPossible, format!("exit {}; ran well: {:?}", self.ran.exit(), self.model.good));
        }
    }

    /// No lock and no temporary file stays of a command that ended by itself.
    fn left(&self, say: &mut impl FnMut(Rule, String)) {
        let mut left = |what: String| say(Rule::NothingIsLeft, format!("{what} is left"));
        self.after.litter.iter().for_each(|litter| left(litter.clone()));
        let ended = !self.ran.killed && self.ran.run.exit != 130;
        if ended && self.after.open_operations > self.before.open_operations {
            left("an operation that nobody ended".to_owned());
        }
    }

    /// A message names only versions that the command is about.
    fn labels(&self, say: &mut impl FnMut(Rule, String)) {
        if !self.verb.releases() && self.verb.goal != Goal::Well {
            return;
        }
        let mut about: Vec<&str> = self.model.asked.as_deref().into_iter().collect();
        for seen in [self.before, self.after] {
            let environment = seen.environment.as_ref();
            about.extend(environment.and_then(|environment| environment.label.as_deref()));
            about.extend(environment.and_then(|environment| environment.before.as_deref()));
        }
        about.extend(self.verb.words.iter().filter(|word| word.starts_with('v')));
        about.extend(
            self.after.versions.keys().filter(|label| !self.before.versions.contains_key(*label)).map(String::as_str),
        );
        let conversation = self
            .ran
            .run
            .stderr
            .lines()
            .filter(|line| ["error:", "hint:", "interrupted:"].iter().any(|start| line.starts_with(start)));
        for line in conversation {
            for word in line.split('`').skip(1).step_by(2) {
                let label = self.model.known.contains_key(word);
                // What it goes back to is for the program to find.
                if label && !about.contains(&word) && self.verb.goal != Goal::Back {
                    say(Rule::OnlyItsLabels, format!("{word} in: {line}"));
                }
            }
        }
    }

    /// One document, a known exit code, and no panic.
    fn one_answer(&self, say: &mut impl FnMut(Rule, String)) {
        let run = &self.ran.run;
        if run.stderr.contains("panicked") {
            say(Rule::OneAnswer, "it panicked".to_owned());
        }
        if self.ran.killed {
            return;
        }
        if !matches!(run.exit, 0..=7 | 130) {
            say(Rule::OneAnswer, format!("exit {}", run.exit));
        }
        let answer = serde_json::from_str::<Value>(&run.stdout);
        if !answer.is_ok_and(|answer| answer.is_object()) {
            say(Rule::OneAnswer, "stdout is not one document".to_owned());
        }
    }
}

fn runs(environment: &Environment, label: &str, untrue: &mut impl FnMut(String)) {
    if environment.label.as_deref() != Some(label) || !environment.is_good() {
        untrue(format!("the environment is {environment:?} instead of {label}"));
    }
}
