//! Every page is true: its failing example fails with the words that the page quotes, its passing example is clean.

use super::*;
use crate::beanstalk::tree::{Entry, Tree};
use crate::check::{Described, Report, Settings, run};

/// The files of one example, and the findings that the page says it has.
#[derive(Default)]
struct Example {
    tree: Tree,
    quoted: Vec<String>,
}

/// What stands between each `**Fails**` or `**Passes**` and the next mark.
fn examples(rule: &Rule, mark: &str) -> Vec<Example> {
    let sections: Vec<Example> = rule.text.split(mark).skip(1).map(|after| example(rule, after)).collect();
    assert!(!sections.is_empty(), "{} has no {mark}", rule.id);
    sections
}

fn example(rule: &Rule, after: &str) -> Example {
    let section = after.split("\n**").next().unwrap_or(after);
    let mut example = Example::default();
    let mut lines = section.lines();
    while let Some(line) = lines.next() {
        if let Some(quote) = line.strip_prefix("> ") {
            example.quoted.push(quote.to_owned());
        } else if let Some((path, how)) = line.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
            let fence = lines.find(|line| !line.is_empty()).unwrap_or_default();
            assert!(fence.starts_with("```"), "{}: `{path}` has no content", rule.id);
            let mut content = String::new();
            for line in lines.by_ref().take_while(|line| *line != "```") {
                content.push_str(line);
                content.push('\n');
            }
            let entry = entry(&content, how.trim());
            example.tree.insert(path, entry);
        }
    }
    example
}

/// `` `path` in UTF-16 ``, `with CRLF`, `not executable`, … say what a page cannot show.
fn entry(content: &str, how: &str) -> Entry {
    let bytes = match how {
        "in UTF-16" => "\u{feff}".encode_utf16().chain(content.encode_utf16()).flat_map(u16::to_le_bytes).collect(),
        "in UTF-16 without a mark" => content.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "with a byte order mark" => format!("\u{feff}{content}").into_bytes(),
        "with CRLF" => content.replace('\n', "\r\n").into_bytes(),
        "a directory" => return Entry::Directory,
        "" | "not executable" => content.as_bytes().to_vec(),
        other => panic!("what is `{other}`?"),
    };
    Entry::File { executable: how != "not executable", bytes: bytes.len() as u64, content: Some(bytes) }
}

/// What a page shows of `environments/` is read as the descriptions that it is.
fn check(tree: &Tree) -> Report {
    let mut described = Described::default();
    for (path, _) in tree.files_in(crate::environment::FOLDER) {
        let name = crate::environment::named(path.rsplit('/').next().unwrap()).unwrap();
        match crate::environment::Description::read(name, path, tree.text(path).unwrap()) {
            Ok(description) => described.environments.push(description),
            Err(why) => described.unread.push((path.to_owned(), crate::fault::Failure::from(why).line())),
        }
    }
    run(tree, &Settings { described, ..Settings::default() })
}

fn lines(report: &Report) -> Vec<String> {
    let place = |finding: &crate::check::Finding| match finding.start {
        Some(start) => format!("{}:{}:{}", finding.path, start.line, start.column),
        None => finding.path.clone(),
    };
    report.findings.iter().map(|finding| format!("{}: {}", place(finding), finding.message)).collect()
}

#[test]
fn failing_examples_fail_as_their_pages_say() {
    let mut wrong = String::new();
    for (rule, example) in
        rules().iter().flat_map(|rule| examples(rule, "**Fails**").into_iter().map(move |one| (rule, one)))
    {
        let report = check(&example.tree);
        let speaks = report.findings.iter().any(|finding| finding.rule == rule.id);
        if !speaks || lines(&report) != example.quoted {
            wrong.push_str(&format!("{}\n", rule.id));
            lines(&report).iter().for_each(|line| wrong.push_str(&format!("> {line}\n")));
        }
    }
    assert!(wrong.is_empty(), "these pages do not say what the rules say:\n{wrong}");
}

#[test]
fn passing_examples_are_clean() {
    for (rule, example) in
        rules().iter().flat_map(|rule| examples(rule, "**Passes**").into_iter().map(move |one| (rule, one)))
    {
        let report = check(&example.tree);
        assert!(report.is_clean(), "{}: {:?}", rule.id, lines(&report));
    }
}

#[test]
fn pages_have_their_parts() {
    for (index, rule) in rules().iter().enumerate() {
        assert!(rule.id.len() == 5 && rule.id.starts_with("EB"), "{}", rule.id);
        assert!(rule.text.contains("\n**Sources:** "), "{} says where it is known from", rule.id);
        assert!(rule.summary.ends_with('.'), "{}: {}", rule.id, rule.summary);
        assert!(rules()[..index].iter().all(|other| other.name != rule.name), "{} is used twice", rule.name);
    }
}

#[test]
fn messages_are_sentences_without_a_full_stop() {
    for rule in rules() {
        for finding in examples(rule, "**Fails**").iter().flat_map(|example| check(&example.tree).findings) {
            assert!(!finding.message.ends_with('.') && !finding.fix.ends_with('.'), "{}: {}", rule.id, finding.message);
        }
    }
}

/// Whatever a rule mends leaves nothing of what it mended, and nothing that was not there before.
#[test]
fn fixes_do_what_they_say_and_no_harm() {
    let mut mended = std::collections::BTreeSet::new();
    for example in rules().iter().flat_map(|rule| examples(rule, "**Fails**")) {
        let before = check(&example.tree);
        let changes = crate::check::changes(&example.tree, &Settings::default());
        let mut tree = example.tree.clone();
        for change in &changes {
            tree.change(&change.path, change.after.as_deref(), change.executable);
        }
        let after = check(&tree);
        for finding in &after.findings {
            let old = before.findings.iter().any(|other| (other.rule, &other.path) == (finding.rule, &finding.path));
            assert!(old, "a fix made {} speak: {}: {}\n{changes:?}", finding.rule, finding.path, finding.message);
            assert!(!finding.fixable, "{}: {} is left: {}\n{changes:?}", finding.rule, finding.path, finding.message);
        }
        for change in &changes {
            mended.extend(change.rules.iter().copied());
        }
    }
    let able: std::collections::BTreeSet<_> = rules()
        .iter()
        .flat_map(|rule| examples(rule, "**Fails**"))
        .flat_map(|example| check(&example.tree).findings)
        .filter(|finding| finding.fixable)
        .map(|finding| finding.rule)
        .collect();
    assert!(able.is_subset(&mended), "{able:?} {mended:?}");
    assert!(mended.len() >= 13, "{mended:?}");
}
