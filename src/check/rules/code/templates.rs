//! Templates: tags and libraries of tags that the installed Django no longer has.

use std::ops::Range;

use crate::check::django::{self, Value};
use crate::check::installed::Installed;
use crate::check::subject::Subject;

const RULE: &str = "EB252";

/// What is asked for, how Django calls that, since when it is gone, and what to write instead.
struct Tag {
    name: &'static str,
    library: bool,
    since: (u32, u32),
    fix: &'static str,
}

const TAGS: [Tag; 5] = [
    Tag { name: "staticfiles", library: true, since: (3, 0), fix: "`{% load static %}`" },
    Tag { name: "admin_static", library: true, since: (3, 0), fix: "`{% load static %}`" },
    Tag { name: "future", library: true, since: (1, 9), fix: "take the line out: the tags are there by themselves" },
    Tag { name: "ifequal", library: false, since: (4, 0), fix: "`{% if a == b %}`" },
    Tag { name: "ifnotequal", library: false, since: (4, 0), fix: "`{% if a != b %}`" },
];

pub(super) fn check(subject: &mut Subject<'_>) {
    let Some(settings) = subject.settings() else { return };
    // Other engines have other tags, and a library may be named in the settings.
    let engines = settings.value("TEMPLATES").items();
    let plain = |engine: &Value| {
        let options = engine.get("OPTIONS");
        let own = *options.get("libraries") != Value::Missing || *options.get("builtins") != Value::Missing;
        engine.get("BACKEND").text() == Some("django.template.backends.django.DjangoTemplates") && !own
    };
    if engines.is_empty() || !engines.iter().all(plain) {
        return;
    }
    let installed = Installed::of(subject);
    let mut found: Vec<(&'static Tag, String, Range<usize>, String, usize)> = Vec::new();
    for (path, text) in templates(subject) {
        for tag in &TAGS {
            let own = format!("templatetags/{}.py", tag.name);
            let Some(beside) = installed.since("django", tag.since) else { continue };
            let Some(span) = place(text, tag) else { continue };
            if tag.library && subject.tree.iter().any(|(path, _)| path.ends_with(&own)) {
                continue;
            }
            match found.iter_mut().find(|(known, ..)| known.name == tag.name) {
                Some((.., others)) => *others += 1,
                None => found.push((tag, path.to_owned(), span, beside, 0)),
            }
        }
    }
    for (tag, path, span, beside, others) in found {
        let more = match others {
            0 => String::new(),
            1 => ", and of one template more".to_owned(),
            others => format!(", and of {others} templates more"),
        };
        let what = if tag.library { "is not a registered tag library" } else { "is an invalid block tag" };
        let message = format!("every page that is made of this is a 500{more}: `{}` {what} {beside}", tag.name);
        subject.find(RULE, &path, span, message, tag.fix);
    }
}

/// Django's templates of the project's own.
fn templates<'a>(subject: &Subject<'a>) -> Vec<(&'a str, &'a str)> {
    let root = django::root(subject.tree);
    let tree = subject.tree;
    let is_one = |path: &str| {
        let elsewhere = ["node_modules/", "site-packages/", "/jinja2/", "venv/"].iter().any(|part| path.contains(part));
        let inside = path.starts_with("templates/") || path.contains("/templates/");
        inside && !elsewhere && path.starts_with(&root) && (path.ends_with(".html") || path.ends_with(".txt"))
    };
    tree.iter().filter(|(path, _)| is_one(path)).filter_map(|(path, _)| Some((path, tree.text(path)?))).collect()
}

/// Where a template asks for it, outside of comments.
fn place(text: &str, tag: &Tag) -> Option<Range<usize>> {
    let mut at = 0;
    let mut hidden = false;
    while let Some(begin) = text[at..].find("{%").map(|found| at + found) {
        let end = text[begin..].find("%}").map(|found| begin + found)?;
        let inner = &text[begin + 2..end];
        at = end + 2;
        let mut words = inner.split_whitespace();
        let first = words.next().unwrap_or_default();
        match first {
            "comment" | "verbatim" => hidden = true,
            "endcomment" | "endverbatim" => hidden = false,
            _ => {}
        }
        let line = text[..begin].rfind('\n').map_or(0, |newline| newline + 1);
        if hidden || text[line..begin].contains("{#") {
            continue;
        }
        let asks = match tag.library {
            true if first != "load" => false,
            // `load url from future`
            true => {
                let words: Vec<&str> = words.collect();
                match words.iter().position(|word| *word == "from") {
                    Some(from) => words.get(from + 1) == Some(&tag.name),
                    None => words.contains(&tag.name),
                }
            }
            false => first == tag.name,
        };
        if asks {
            let start = begin + 2 + inner.find(tag.name).unwrap_or(0);
            return Some(start..start + tag.name.len());
        }
    }
    None
}
