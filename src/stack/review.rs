//! Review of a stack: its mistakes, told to its author before anybody answers its questions.

use std::collections::BTreeSet;

use super::expression::{names, names_of_condition};
use super::extension;
use super::finding::{Finding, Row};
use super::position::Position;
use super::{Error, Plan, Scope, Stack, pairwise};
use super::{lint, locate, manifest};

/// Render the whole matrix, and say what no rendering uses. Without a row there is what keeps it from being rendered.
pub(crate) fn review(stack: &Stack, scope: &Scope) -> (Vec<Row>, Vec<Finding>) {
    let (rows, findings) = examine(stack, scope);
    (rows, findings.into_iter().map(|finding| placed(stack, finding)).collect())
}

fn examine(stack: &Stack, scope: &Scope) -> (Vec<Row>, Vec<Finding>) {
    let mut findings = problems(stack);
    let answers = match pairwise(stack, scope) {
        Ok(answers) if findings.is_empty() => answers,
        Ok(_) => return (Vec::new(), findings),
        // Found already where it stands.
        Err(Error::NameUnknown { .. } | Error::NameLater { .. } | Error::Template { .. }) if !findings.is_empty() => {
            return (Vec::new(), findings);
        }
        Err(error) => {
            findings.extend(Finding::of(&stack.manifest.stack.name, stack.in_manifest(error)));
            return (Vec::new(), findings);
        }
    };
    let (mut rows, mut findings): (Vec<Row>, Vec<Finding>) = (Vec::new(), Vec::new());
    let mut broken = false;
    for (number, answers) in answers.into_iter().enumerate() {
        match Plan::of(stack, &answers) {
            Ok(plan) => rows.push(Row { answers, plan }),
            Err(error) => {
                broken = true;
                for finding in Finding::of(&stack.manifest.stack.name, error) {
                    if !findings.iter().any(|known| known.is_like(&finding)) {
                        findings.push(Finding { row: Some(number + 1), ..finding });
                    }
                }
            }
        }
    }
    if broken {
        return (Vec::new(), findings);
    }
    match remarks(stack, &rows) {
        Ok(remarks) => (rows, remarks),
        Err(error) => (Vec::new(), Finding::of(&stack.manifest.stack.name, error)),
    }
}

fn remarks(stack: &Stack, rows: &[Row]) -> Result<Vec<Finding>, Error> {
    let mut remarks = unused(stack)?;
    remarks.extend(secrets_with_default(stack));
    remarks.extend(never_written(stack, rows)?);
    remarks.extend(never_offered(stack, rows));
    remarks.extend(lint::manifest(stack, rows)?);
    remarks.extend(lint::files(stack, rows)?);
    Ok(remarks)
}

/// The same finding with its place in `stack.toml`, or the beginning of the file that it is about.
fn placed(stack: &Stack, finding: Finding) -> Finding {
    if finding.position.is_some() {
        return finding;
    }
    let in_manifest = || locate::position_of(&stack.text, manifest::FILE, &finding.place);
    // By the place itself, or by a file that the text names.
    let names = std::iter::once(finding.place.as_str()).chain(finding.text.split('`').skip(1).step_by(2));
    let in_file = || {
        let (path, bytes) = names.clone().find_map(|name| Some((name, stack.files.get(name)?)))?;
        let text = String::from_utf8_lossy(bytes);
        let first = text.lines().next().unwrap_or_default().len();
        Some(Position::of(&format!("files/{path}"), &text, 0, first))
    };
    let position = in_manifest().or_else(in_file);
    finding.at(position)
}

/// Everything that can be told without an answer: templates that cannot be parsed, and names that nothing stands for, also in
/// files that no row happens to write.
fn problems(stack: &Stack) -> Vec<Finding> {
    let manifest = &stack.manifest;
    let mut findings = Vec::new();
    let mut known: BTreeSet<&str> = manifest.known().collect();
    let all: BTreeSet<&str> = known
        .iter()
        .copied()
        .chain(["answers", "extend"])
        .chain(manifest.questions.iter().map(|question| question.key.as_str()))
        .chain(manifest.derived.iter().map(|derived| derived.name.as_str()))
        .collect();
    let mut look =
        |place: &str, found: Result<BTreeSet<String>, Error>, known: &BTreeSet<&str>, at: &dyn Fn(Error) -> Error| {
            let errors: Vec<Error> = match found {
                Err(error) => vec![error],
                Ok(names) => names
                    .into_iter()
                    .filter(|name| !known.contains(name.as_str()))
                    .map(|name| match all.contains(name.as_str()) {
                        true => Error::NameLater { place: place.to_owned(), name },
                        false => {
                            let known = known.iter().map(|name| (*name).to_owned()).collect();
                            Error::NameUnknown { place: place.to_owned(), name, known }
                        }
                    })
                    .collect(),
            };
            for finding in errors.into_iter().flat_map(|error| Finding::of(place, at(error))) {
                if !findings.contains(&finding) {
                    findings.push(finding);
                }
            }
        };
    let here = |error| stack.in_manifest(error);
    for question in &manifest.questions {
        let place = format!("question `{}`", question.key);
        for template in
            [&question.default, &question.otherwise, &manifest.pin.get(&question.key).cloned()].into_iter().flatten()
        {
            look(&place, names(&place, template), &known, &here);
        }
        for condition in question.when.iter().chain(question.choices.iter().filter_map(|choice| choice.when.as_ref())) {
            look(&place, names_of_condition(&place, condition), &known, &here);
        }
        known.insert(&question.key);
    }
    for derived in &manifest.derived {
        let place = format!("derived value `{}`", derived.name);
        look(&place, names(&place, &derived.value), &known, &here);
        known.insert(&derived.name);
    }
    for (point, entries) in &manifest.extend {
        let place = extension::place(point);
        for (texts, condition) in entries.iter().map(extension::Extension::texts) {
            for text in texts {
                look(&place, names(&place, text), &known, &here);
            }
            if let Some(condition) = condition {
                look(&place, names_of_condition(&place, condition), &known, &here);
            }
        }
    }
    known.extend(["answers", "extend"]);
    for line in &manifest.stack.then {
        look("then", names("then", line), &known, &here);
    }
    for rule in &manifest.rules {
        if let Some(condition) = &rule.when {
            let place = format!("the condition of the rule for `{}`", rule.path);
            look(&place, names_of_condition(&place, condition), &known, &here);
        }
    }
    for (path, _) in stack.files.iter() {
        look(path, names(path, path), &known, &|error| error);
        match stack.template(path) {
            Ok(Some(template)) => look(path, names(path, &template), &known, &|error| stack.in_file(path, error)),
            Ok(None) => {}
            Err(error) => look(path, Err(error), &known, &|error| stack.in_file(path, error)),
        }
    }
    findings
}

/// A secret that everybody can read in the stack.
fn secrets_with_default(stack: &Stack) -> Vec<Finding> {
    let told =
        stack.manifest.secrets().filter(|question| question.default.as_ref().is_some_and(|text| !text.is_empty()));
    told.map(|question| {
        Finding::new(format!("question `{}`", question.key), "is a secret with a default, which everybody can read")
    })
    .collect()
}

/// Questions and derived values that change nothing.
fn unused(stack: &Stack) -> Result<Vec<Finding>, Error> {
    let used = lint::used(stack)?;
    let questions = stack.manifest.questions.iter().map(|question| (&question.key, "question"));
    let derived = stack.manifest.derived.iter().map(|derived| (&derived.name, "derived value"));
    let capabilities = stack.manifest.capabilities.keys().map(|name| (name, "capability"));
    let idle = questions.chain(derived).chain(capabilities).filter(|(name, _)| !used.contains(*name));
    Ok(idle.map(|(name, what)| Finding::new(format!("{what} `{name}`"), "is used by no file")).collect())
}

fn never_written(stack: &Stack, rows: &[Row]) -> Result<Vec<Finding>, Error> {
    let mut remarks = Vec::new();
    for (path, _) in stack.files.iter() {
        let mut written = false;
        for row in rows {
            written = written || stack.wants(path, &row.answers.scope)?;
        }
        if !written && !stack.borrowed.contains(path) {
            remarks.push(Finding::new(path.to_owned(), "is written with no answers at all"));
        }
    }
    Ok(remarks)
}

fn never_offered(stack: &Stack, rows: &[Row]) -> Vec<Finding> {
    let mut remarks = Vec::new();
    for question in &stack.manifest.questions {
        let place = format!("question `{}`", question.key);
        let asked = rows.iter().any(|row| row.answers.given.iter().any(|(key, _)| *key == question.key));
        if stack.borrowed.contains(&question.key) || stack.manifest.pin.contains_key(&question.key) {
            continue;
        }
        if !asked {
            remarks.push(Finding::new(place, "is never asked"));
            continue;
        }
        let chosen = |value: &String| {
            rows.iter()
                .flat_map(|row| &row.answers.given)
                .any(|(key, answer)| *key == question.key && answer.holds(value))
        };
        for choice in question.choices.iter().filter(|choice| !chosen(&choice.value)) {
            remarks.push(Finding::new(place.clone(), format!("never offers `{}`", choice.value)));
        }
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::super::{Stack, Tree};
    use super::*;

    fn remarks(manifest: &str, files: &[(&str, &str)]) -> Vec<String> {
        let mut tree = Tree::default();
        tree.insert("stack.toml".to_owned(), format!("[stack]\nname = 's'\ntitle = ''\n{manifest}").into_bytes());
        for (path, text) in files {
            tree.insert(format!("files/{path}"), text.as_bytes().to_vec());
        }
        tree.insert("files/beansprout.toml".to_owned(), b"# {{ stack_spec }}\n{{ answers }}".to_vec());
        let stack = Stack::from_tree(&tree, "s").unwrap();
        let (_, remarks) = review(&stack, &stack.scope("site"));
        remarks.into_iter().map(|remark| format!("{} {}", remark.place, remark.text)).collect()
    }

    const COLOR: &str = "[[question]]\nkey = 'color'\nask = ''\ntype = 'text'\ndefault = 'red'\n";

    #[test]
    fn a_good_stack_has_no_remarks() {
        assert_eq!(remarks(COLOR, &[("a", "{{ color }}")]), [""; 0]);
    }

    #[test]
    fn what_nobody_uses_is_told() {
        assert_eq!(remarks(COLOR, &[("a", "")]), ["question `color` is used by no file"]);
        let derived = "[[derived]]\nname = 'x'\nvalue = '1'\n";
        assert_eq!(remarks(derived, &[("a", "")]), ["derived value `x` is used by no file"]);
    }

    #[test]
    fn a_file_that_is_never_written_is_looked_into_all_the_same() {
        let rule = format!("{COLOR}[[rule]]\npath = 'b'\nwhen = \"color == 'green'\"\n");
        let said = remarks(&rule, &[("a", ""), ("b", "{{ colour }}")]);
        assert_eq!(said, ["b `b` uses the unknown name `colour`"]);
    }

    #[test]
    fn a_question_that_is_never_asked_is_told() {
        let asked = format!(
            "{COLOR}[[question]]\nkey = 'x'\nask = ''\ntype = 'text'\ndefault = ''\noptional = true\nwhen = \"color == 'green'\"\n"
        );
        assert_eq!(remarks(&asked, &[("a", "{{ x }}")]), ["question `x` is never asked"]);
    }

    #[test]
    fn a_choice_that_is_never_offered_is_told() {
        let choice = "[[question]]\nkey = 'size'\nask = ''\ntype = 'choice'\ndefault = 's'\nchoices = [\
            { value = 's', label = 's' }, { value = 'l', label = 'l', when = \"color == 'green'\" }]\n";
        let said = remarks(&format!("{COLOR}{choice}"), &[("a", "{{ size }}")]);
        assert_eq!(said, ["question `size` never offers `l`"]);
    }
}
