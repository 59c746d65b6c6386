//! `stack.toml`: what a stack asks, works out, and writes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Error;
use super::delimiters::Delimiters;
use super::extension::{Extension, Point};
use super::glob::Glob;
use super::question::{Form, Question};

/// The file that makes a folder a stack.
pub(crate) const FILE: &str = "stack.toml";
/// The file that makes a folder a part, which other stacks stand on and nobody generates from.
pub(crate) const PART: &str = "part.toml";

/// Names that templates know without asking.
const KNOWN: [&str; 7] = ["folder", "folder_package", "stack", "stack_spec", "beansprout_version", "answers", "extend"];

/// `stack.toml` or `part.toml`, exactly as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    pub(crate) stack: About,
    #[serde(default, rename = "question")]
    pub(crate) questions: Vec<Question>,
    #[serde(default)]
    pub(crate) derived: Vec<Derived>,
    /// Tables that expressions look things up in.
    #[serde(default)]
    pub(crate) data: BTreeMap<String, serde_json::Value>,
    #[serde(default, rename = "rule")]
    pub(crate) rules: Vec<Rule>,
    /// Words that parts ask for, known before the first question; a stack on top says otherwise.
    #[serde(default)]
    pub(crate) capabilities: BTreeMap<String, Capability>,
    /// Answers that this stack gives itself to questions of its parts; templates.
    #[serde(default)]
    pub(crate) pin: BTreeMap<String, String>,
    /// Files that replace one of a part, and the digest of the one that they replace: `stack check` tells when it has moved on.
    #[serde(default)]
    pub(crate) shadows: BTreeMap<String, String>,
    /// Lists that this part reads.
    #[serde(default, rename = "point")]
    pub(crate) points: Vec<Point>,
    /// Entries for the lists of parts.
    #[serde(default)]
    pub(crate) extend: BTreeMap<String, Vec<Extension>>,
}

/// A word that parts ask for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Capability {
    Flag(bool),
    Text(String),
}

impl Capability {
    pub(crate) fn to_toml(&self) -> toml::Value {
        match self {
            Self::Flag(flag) => (*flag).into(),
            Self::Text(text) => text.as_str().into(),
        }
    }

    pub(crate) fn to_value(&self) -> serde_json::Value {
        match self {
            Self::Flag(flag) => (*flag).into(),
            Self::Text(text) => text.as_str().into(),
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    pub(crate) name: String,
    pub(crate) title: String,
    /// Parts and stacks that this one stands on: names of the box, folders, git, archives. Their questions come first, its own
    /// files win.
    #[serde(default)]
    pub(crate) parts: Vec<String>,
    /// Versions of beansprout that can read it, such as `>=0.2`.
    #[serde(default)]
    #[expect(
        dead_code,
        reason = "read before the rest, which a newer manifest may say in words that are not known here"
    )]
    pub(crate) requires: Option<String>,
    /// What remains to be done by hand after `new`; templates.
    #[serde(default)]
    pub(crate) then: Vec<String>,
    /// Parts without which this one means nothing.
    #[serde(default)]
    pub(crate) needs: Vec<String>,
}

/// A value worked out from the answers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Derived {
    pub(crate) name: String,
    /// A template; what it gives is a number, `true` or `false` if it reads as one, else text.
    pub(crate) value: String,
    /// What it is, however it reads.
    #[serde(default, rename = "type")]
    pub(crate) form: Option<DerivedForm>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DerivedForm {
    Text,
    /// By the words that answer a question of that type.
    Boolean,
}

/// Exception for some files: the ordinary is rendered, always written, not executable.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// A path below `files/` as it stands there, or a folder when it ends with `/`.
    pub(crate) path: String,
    pub(crate) when: Option<String>,
    #[serde(default)]
    pub(crate) executable: Option<bool>,
    /// Copied byte for byte.
    #[serde(default)]
    pub(crate) verbatim: Option<bool>,
    #[serde(default)]
    pub(crate) delimiters: Option<Delimiters>,
}

impl Rule {
    /// A rule that changes nothing yet.
    pub(crate) fn of(path: &str) -> Self {
        Self { path: path.to_owned(), when: None, executable: None, verbatim: None, delimiters: None }
    }

    pub(crate) fn covers(&self, path: &str) -> bool {
        if self.path.contains('*') {
            return Glob::of_stars(&self.path).is_match(path);
        }
        if self.path.ends_with('/') { path.starts_with(&self.path) } else { path == self.path }
    }
}

impl Manifest {
    pub(crate) fn parse(text: &str) -> Result<Self, Box<toml::de::Error>> {
        toml::from_str(text).map_err(Box::new)
    }

    /// Refuses what no stack can mean, before anybody is asked anything.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.problems().into_iter().next().map_or(Ok(()), Err)
    }

    /// Everything that no stack can mean.
    pub(crate) fn problems(&self) -> Vec<Error> {
        let mut problems = Vec::new();
        if !is_label(&self.stack.name) {
            problems.push(Error::StackNameOdd { name: self.stack.name.clone() });
        }
        let mut taken: BTreeSet<&str> = KNOWN.iter().copied().collect();
        let tables = self.data.keys().chain(self.capabilities.keys());
        let questions = self.questions.iter().map(|question| &question.key);
        for name in tables.chain(questions).chain(self.derived.iter().map(|derived| &derived.name)) {
            if !is_name(name) {
                problems.push(Error::NameOdd { name: name.clone() });
            } else if !taken.insert(name) {
                problems.push(Error::NameTaken { name: name.clone() });
            }
        }
        problems.extend(self.questions.iter().filter_map(|question| question.check().err()));
        problems
    }

    /// Names that templates know without asking.
    pub(crate) fn known(&self) -> impl Iterator<Item = &str> {
        let tables = self.data.keys().chain(self.capabilities.keys()).map(String::as_str);
        KNOWN.iter().copied().filter(|name| !matches!(*name, "answers" | "extend")).chain(tables)
    }

    /// Refuses what has nothing to be about: pinned answers without a question, entries of lists that no part reads, and
    /// capabilities that became another type. For a stack with all its parts.
    pub(crate) fn check_whole(&self) -> Result<(), Error> {
        self.check()?;
        for key in self.pin.keys() {
            if self.question(key).is_none() {
                let known = self.questions.iter().map(|question| question.key.clone()).collect();
                return Err(Error::PinUnknown { key: key.clone(), known });
            }
        }
        for (name, entries) in &self.extend {
            let Some(point) = self.points.iter().find(|point| point.name == *name) else {
                let known = self.points.iter().map(|point| point.name.clone()).collect();
                return Err(Error::PointUnknown { name: name.clone(), known });
            };
            entries.iter().try_for_each(|entry| entry.check(point))?;
        }
        Ok(())
    }

    /// Questions whose answers are told to nobody.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Question> {
        self.questions.iter().filter(|question| question.form == Form::Secret)
    }

    /// The question that has this key, or had it once.
    pub(crate) fn renamed(&self, key: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.key == key || question.was.iter().any(|was| was == key))
    }

    pub(crate) fn question(&self, key: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.key == key)
    }

    /// Put `over` on top of this part: a question or derived value of the same name is replaced where it stands.
    pub(crate) fn overlay(&mut self, over: Self) -> Result<(), Error> {
        for (name, capability) in over.capabilities {
            let before = self.capabilities.insert(name.clone(), capability);
            let kind = |capability: &Capability| std::mem::discriminant(capability);
            if before.is_some_and(|before| kind(&before) != kind(&self.capabilities[&name])) {
                return Err(Error::CapabilityOdd { name });
            }
        }
        // Those of a part are the part's own affair.
        self.shadows = over.shadows;
        self.pin.extend(over.pin);
        for point in over.points {
            if !self.points.contains(&point) {
                self.points.push(point);
            }
        }
        for (name, entries) in over.extend {
            let list = self.extend.entry(name).or_default();
            for entry in entries {
                if !list.contains(&entry) {
                    list.push(entry);
                }
            }
        }
        for question in over.questions {
            match self.questions.iter_mut().find(|known| known.key == question.key) {
                Some(known) => *known = question,
                None => self.questions.push(question),
            }
        }
        for derived in over.derived {
            match self.derived.iter_mut().find(|known| known.name == derived.name) {
                Some(known) => *known = derived,
                None => self.derived.push(derived),
            }
        }
        self.data.extend(over.data);
        self.rules.extend(over.rules);
        self.stack = over.stack;
        Ok(())
    }
}

/// Can it stand in a file, a command line and a sentence?
fn is_label(name: &str) -> bool {
    name.len() <= 60
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'))
}

/// Can a template say it?
fn is_name(name: &str) -> bool {
    // Words of the template language.
    const WORDS: [&str; 12] = ["loop", "true", "false", "True", "False", "and", "or", "not", "in", "is", "if", "self"];
    !WORDS.contains(&name)
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Stack, Tree, review};
    use super::*;

    #[test]
    fn rules_cover_files_folders_and_patterns() {
        #[track_caller]
        fn case(pattern: &str, path: &str, covers: bool) {
            assert_eq!(Rule::of(pattern).covers(path), covers, "{pattern} {path}");
        }
        case("bin/a", "bin/a", true);
        case("bin/", "bin/a/b", true);
        case("bin", "bin/a", false);
        case("*.sh", "a.sh", true);
        case("*.sh", "bin/a.sh", false);
        case("**/*.sh", "bin/deep/a.sh", true);
        case("**/*.sh", "a.sh", true);
        case("bin/*", "bin/a/b", false);
        case("bin/**", "bin/a/b", true);
        case("{{name}}/*.py", "{{name}}/a.py", true);
        case("*a*b*", "xaybz", true);
        case("*a*b*", "xbya", false);
        case(&format!("{}b", "*a".repeat(60)), &"a".repeat(200), false);
    }

    #[test]
    fn what_no_stack_can_mean_is_refused() {
        #[track_caller]
        fn case(text: &str, expected: &str) {
            let manifest = Manifest::parse(&format!("[stack]\nname = 's'\ntitle = ''\n{text}")).unwrap();
            let said = manifest.check().map_err(|error| error.to_string());
            assert_eq!(said.err().as_deref().unwrap_or("fine"), expected);
        }
        const A: &str = "[[question]]\nkey = 'a'\nask = ''\ntype = 'text'\n";
        let with = |more: &str| format!("{A}{more}");
        case(A, "fine");
        for name in ["", "a b", "../x", "Stack", "1st", "a\u{301}"] {
            let manifest = Manifest::parse(&format!("[stack]\nname = '{name}'\ntitle = ''\n")).unwrap();
            assert!(matches!(manifest.check(), Err(Error::StackNameOdd { .. })), "{name}");
        }
        case("[capabilities]\nfolder = true\n", "`folder` stands for two things");
        case("[[derived]]\nname = 'extend'\nvalue = ''\n", "`extend` stands for two things");
        case(&with(A), "`a` stands for two things");
        case(&with("[[derived]]\nname = 'a'\nvalue = ''\n"), "`a` stands for two things");
        case(&with("[data.a]\nb = 1\n"), "`a` stands for two things");
        case("[[derived]]\nname = 'folder'\nvalue = ''\n", "`folder` stands for two things");
        case("[[derived]]\nname = 'a-b'\nvalue = ''\n", "`a-b` is not a name that a template can say");
        case("[[derived]]\nname = '1a'\nvalue = ''\n", "`1a` is not a name that a template can say");
        case(
            &with("choices = [{ value = 'x', label = '' }]\n"),
            "question `a` has choices, and is not of a type that chooses",
        );
        let choice = |more: &str| format!("[[question]]\nkey = 'a'\nask = ''\ntype = 'choice'\n{more}");
        case(&choice(""), "question `a` offers nothing to choose");
        case(&choice("choices = [{ value = 'x', label = '' }]\n"), "fine");
        let twice = choice("choices = [{ value = 'x', label = '' }, { value = 'x', label = '' }]\n");
        case(&twice, "question `a` offers one value twice");
        let validated = choice("pattern = 'x'\nchoices = [{ value = 'x', label = '' }]\n");
        case(&validated, "question `a` has a validator for what nobody types");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever happens to a `stack.toml`, it is read and reviewed, or refused with a sentence.
        #[test]
        fn damaged_stacks_are_refused_or_rendered(
            damage in prop::collection::vec((any::<prop::sample::Index>(), 0..4usize, any::<prop::sample::Index>()), 1..5),
        ) {
            let mut tree = Tree::embedded("scaffold/");
            let text = String::from_utf8(tree.get(FILE).unwrap().to_vec()).unwrap();
            let original: Vec<&str> = text.lines().collect();
            let mut lines = original.clone();
            for (at, what, from) in damage {
                let at = at.index(lines.len());
                match what {
                    0 => drop(lines.remove(at)),
                    1 => lines.insert(at, original[from.index(original.len())]),
                    2 => lines[at] = &lines[at][..from.index(lines[at].len() + 1)],
                    _ => lines[at] = original[from.index(original.len())],
                }
                if lines.is_empty() {
                    lines.push("");
                }
            }
            tree.insert(FILE.to_owned(), lines.join("\n").into_bytes());
            match Stack::from_tree(&tree, "damaged") {
                Ok(stack) => {
                    let (rows, findings) = review(&stack, &stack.scope("site"));
                    prop_assert!(!rows.is_empty() || findings.iter().all(|finding| !finding.to_string().is_empty()));
                }
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}
