//! Review of a stack: its mistakes, told to its author before anybody answers its questions.

use std::collections::BTreeSet;

use serde::Serialize;

use super::answers::Answers;
use super::expression::{names, names_of_condition};
use super::extension;
use super::{Error, Plan, Scope, Stack, pairwise};

/// One thing that its author should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// The file, question or value that it is about.
    pub(crate) place: String,
    pub(crate) text: String,
}

/// A rendering of the matrix.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) answers: Answers,
    pub(crate) plan: Plan,
}

/// Render the whole matrix, and say what no rendering uses.
pub(crate) fn review(stack: &Stack, scope: &Scope) -> Result<(Vec<Row>, Vec<Finding>), Error> {
    let mut rows = Vec::new();
    for answers in pairwise(stack, scope)? {
        let plan = Plan::of(stack, &answers)?;
        rows.push(Row { answers, plan });
    }
    let mut remarks = unknown(stack, &rows)?;
    remarks.extend(unused(stack)?);
    remarks.extend(secrets_with_default(stack));
    remarks.extend(never_written(stack, &rows)?);
    remarks.extend(never_offered(stack, &rows));
    Ok((rows, remarks))
}

/// Every template and condition of the stack, with the name it goes by.
fn texts(stack: &Stack) -> Result<Vec<(String, BTreeSet<String>)>, Error> {
    let mut found = Vec::new();
    for question in &stack.manifest.questions {
        let place = format!("question `{}`", question.key);
        let templates = [&question.default, &question.otherwise].into_iter().flatten();
        for template in templates {
            found.push((place.clone(), names(&place, template)?));
        }
        for condition in question.when.iter().chain(question.choices.iter().filter_map(|choice| choice.when.as_ref())) {
            found.push((place.clone(), names_of_condition(&place, condition)?));
        }
    }
    for derived in &stack.manifest.derived {
        let place = format!("derived value `{}`", derived.name);
        found.push((place.clone(), names(&place, &derived.value)?));
    }
    for rule in &stack.manifest.rules {
        if let Some(condition) = &rule.when {
            let place = format!("rule for `{}`", rule.path);
            found.push((place.clone(), names_of_condition(&place, condition)?));
        }
    }
    for (key, template) in &stack.manifest.pin {
        let place = format!("pinned answer `{key}`");
        found.push((place.clone(), names(&place, template)?));
    }
    for (point, entries) in &stack.manifest.extend {
        let place = extension::place(point);
        for entry in entries {
            let (texts, condition) = entry.texts();
            for text in texts {
                found.push((place.clone(), names(&place, text)?));
            }
            if let Some(condition) = condition {
                found.push((place.clone(), names_of_condition(&place, condition)?));
            }
        }
    }
    for (path, _) in stack.files.iter() {
        found.push((path.to_owned(), names(path, path)?));
        if let Some(template) = stack.template(path)? {
            found.push((path.to_owned(), names(path, &template)?));
        }
    }
    Ok(found)
}

/// Names that nothing stands for, also in files that no row happened to write.
fn unknown(stack: &Stack, rows: &[Row]) -> Result<Vec<Finding>, Error> {
    let Some(row) = rows.first() else { return Ok(Vec::new()) };
    let known: BTreeSet<&str> = row.answers.scope.names().collect();
    let mut remarks = Vec::new();
    for (place, names) in texts(stack)? {
        for name in names.iter().filter(|name| !known.contains(name.as_str())) {
            remarks.push(Finding { place: place.clone(), text: format!("uses the unknown name `{name}`") });
        }
    }
    Ok(remarks)
}

/// A secret that everybody can read in the stack.
fn secrets_with_default(stack: &Stack) -> Vec<Finding> {
    let told =
        stack.manifest.secrets().filter(|question| question.default.as_ref().is_some_and(|text| !text.is_empty()));
    told.map(|question| Finding {
        place: format!("question `{}`", question.key),
        text: "is a secret with a default, which everybody can read".to_owned(),
    })
    .collect()
}

/// Questions and derived values that change nothing.
fn unused(stack: &Stack) -> Result<Vec<Finding>, Error> {
    let used: BTreeSet<String> = texts(stack)?.into_iter().flat_map(|(_, names)| names).collect();
    let questions = stack.manifest.questions.iter().map(|question| (&question.key, "question"));
    let derived = stack.manifest.derived.iter().map(|derived| (&derived.name, "derived value"));
    let capabilities = stack.manifest.capabilities.keys().map(|name| (name, "capability"));
    let idle = questions.chain(derived).chain(capabilities).filter(|(name, _)| !used.contains(*name));
    Ok(idle
        .map(|(name, what)| Finding { place: format!("{what} `{name}`"), text: "is used by no file".to_owned() })
        .collect())
}

fn never_written(stack: &Stack, rows: &[Row]) -> Result<Vec<Finding>, Error> {
    let mut remarks = Vec::new();
    for (path, _) in stack.files.iter() {
        let mut written = false;
        for row in rows {
            written = written || stack.wants(path, &row.answers.scope)?;
        }
        if !written && !stack.borrowed.contains(path) {
            remarks.push(Finding { place: path.to_owned(), text: "is written with no answers at all".to_owned() });
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
            remarks.push(Finding { place, text: "is never asked".to_owned() });
            continue;
        }
        let chosen = |value: &String| {
            rows.iter()
                .flat_map(|row| &row.answers.given)
                .any(|(key, answer)| *key == question.key && answer.holds(value))
        };
        for choice in question.choices.iter().filter(|choice| !chosen(&choice.value)) {
            remarks.push(Finding { place: place.clone(), text: format!("never offers `{}`", choice.value) });
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
        let stack = Stack::from_tree(&tree, "s").unwrap();
        let (_, remarks) = review(&stack, &stack.scope("site")).unwrap();
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
        assert_eq!(said, ["b uses the unknown name `colour`", "b is written with no answers at all"]);
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
            { value = 's', label = '' }, { value = 'l', label = '', when = \"color == 'green'\" }]\n";
        let said = remarks(&format!("{COLOR}{choice}"), &[("a", "{{ size }}")]);
        assert_eq!(said, ["question `size` never offers `l`"]);
    }
}
