//! Names of URLs that code or a template asks for, and that no URL of the project has.
//!
//! Certain only where all of its URLs could be read, and what they include is the project's own or well known.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::beanstalk::tree::{Tree, file_name};
use crate::check::blocks::heads;
use crate::check::django::loaded::{Module, Moment};
use crate::check::django::urls::Names;
use crate::check::django::{Settings, Value};
use crate::check::subject::Subject;

const RULE: &str = "EB373";

pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module]) {
    let Some(settings) = subject.settings() else { return };
    let routed = modules.iter().any(|module| module.moment == Moment::Request);
    let tree = subject.tree;
    let Some(names) = names(tree, &settings).filter(|_| routed) else { return };
    let lacks = |name: &str| {
        !names.may_have(name) && !name.contains([':', '.', '/', ' ', '?', '#', '<', '%', '{']) && !name.is_empty()
    };
    let mut found: Vec<(String, Range<usize>, String)> = Vec::new();
    for module in modules.iter().filter(|module| !module.path.contains("test")) {
        let text = tree.code(&module.path).unwrap_or_default();
        let asked = asked(text).into_iter().find(|(name, _)| lacks(name));
        found.extend(asked.map(|(name, span)| (module.path.clone(), span, name)));
        for template in rendered(text) {
            let Some(path) = one_file(tree, template) else { continue };
            let asked = in_template(tree.text(path).unwrap_or_default()).into_iter().find(|(name, _)| lacks(name));
            found.extend(asked.map(|(name, span)| (path.to_owned(), span, name)));
        }
    }
    let mut said: BTreeSet<(String, usize)> = BTreeSet::new();
    for (path, span, name) in found {
        if said.insert((path.clone(), span.start)) {
            let message = format!("this is a 500 with `NoReverseMatch`: no URL here has the name `{name}`");
            let fix = format!("give the name to a URL, `path(…, name=\"{name}\")`, or ask for one that there is");
            subject.find(RULE, &path, span, message, fix);
        }
    }
}

/// The names that URLs of the project have, without those of namespaces; nothing where some could not be read.
fn names(tree: &Tree, settings: &Settings) -> Option<Names> {
    // Who answers depends on the host or on the request there.
    const OTHERS: [&str; 4] = ["set_urlconf", ".urlconf", "django_hosts", "SCHEMA_URLCONF"];
    let names = Names::of(tree, settings.value("ROOT_URLCONF").text()?)?;
    let text = |path: &str| tree.code(path).unwrap_or_default();
    let own = |path: &str| path.ends_with(".py") && !path.contains("site-packages");
    let mut code = tree.iter().map(|(path, _)| path).filter(|path| own(path));
    let off = *settings.value("DEBUG").by_default() == Value::Bool(false);
    let debugs = names.files.iter().any(|path| text(path).contains("settings.DEBUG"));
    ((off || !debugs) && !code.any(|path| OTHERS.iter().any(|word| text(path).contains(word)))).then_some(names)
}

/// The text that a literal at the beginning has, if it is nothing but that.
fn literal(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|char| matches!(char, '"' | '\''))?;
    let (inner, rest) = text[1..].split_once(quote)?;
    let ends = rest.trim_start().starts_with([',', ')', ']']);
    (ends && !inner.contains(['\n', '\\'])).then_some(inner)
}

/// What a module asks for by name, and where, with functions that come from Django.
fn asked(text: &str) -> Vec<(String, Range<usize>)> {
    let imports = |function: &str| {
        text.lines().any(|line| {
            let from = [
                "from django.urls import",
                "from django.core.urlresolvers import",
                "from django.shortcuts import",
                "from rest_framework.reverse import",
            ];
            from.iter().any(|from| {
                line.strip_prefix(from).is_some_and(|names| {
                    names.split([',', ' ', '(', ')']).any(|name| name == function) && !names.contains(" as ")
                })
            })
        })
    };
    // Whoever catches it knows that it may not be there.
    if text.contains("NoReverseMatch") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for function in ["reverse", "reverse_lazy", "redirect"] {
        let defined = text.contains(&format!("def {function}("));
        if !imports(function) || defined {
            continue;
        }
        let call = format!("{function}(");
        for (at, _) in text.match_indices(&call) {
            let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
            let before = &text[line..at];
            let inside =
                before.chars().next_back().is_some_and(|char| char.is_alphanumeric() || matches!(char, '_' | '.'));
            // Of other URLs than the site's.
            let elsewhere = text[at..].lines().next().is_some_and(|line| line.contains("urlconf"));
            let quoted = before.matches(['"', '\'']).count() % 2 == 1;
            if inside || elsewhere || quoted || before.contains('#') || in_try(text, at) {
                continue;
            }
            let start = at + call.len();
            let rest = text[start..].trim_start();
            let start = text.len() - rest.len();
            if let Some(name) = literal(rest) {
                found.push((name.to_owned(), start..start + name.len() + 2));
            }
        }
    }
    found.sort_by_key(|(_, span)| span.start);
    found
}

/// Does a place stand in a `try`?
pub(super) fn in_try(text: &str, at: usize) -> bool {
    heads(text, at).any(|(head, _)| head.trim_start().starts_with("try:"))
}

/// Templates that a module names.
fn rendered(text: &str) -> impl Iterator<Item = &str> {
    let ends = |part: &&str| part.ends_with(".html") && !part.contains(['\n', ' ', '{', '%']);
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .flat_map(|line| line.split(['"', '\'']))
        .filter(ends)
}

/// The one template of the project that has this name.
fn one_file<'t>(tree: &'t Tree, name: &str) -> Option<&'t str> {
    let end = format!("/templates/{name}");
    let own = format!("templates/{name}");
    let mut all = tree.iter().map(|(path, _)| path).filter(|path| path.ends_with(&end) || *path == own);
    let first = all.next()?;
    (all.next().is_none() && !file_name(first).is_empty()).then_some(first)
}

/// What a template asks for by name wherever it is shown: outside of conditions, loops and comments.
fn in_template(text: &str) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(begin) = text[at..].find("{%").map(|found| at + found) {
        let Some(end) = text[begin..].find("%}").map(|found| begin + found) else { break };
        let inner = text[begin + 2..end].trim();
        at = end + 2;
        let first = inner.split_whitespace().next().unwrap_or_default();
        match first {
            "if" | "for" | "comment" | "verbatim" | "ifequal" | "with" | "blocktrans" | "blocktranslate" | "filter" => {
                depth += 1
            }
            word if word.starts_with("end") && !matches!(word, "endblock" | "endspaceless" | "endautoescape") => {
                depth = depth.saturating_sub(1);
            }
            "url" if depth == 0 => {
                let line = text[..begin].rfind('\n').map_or(0, |newline| newline + 1);
                let hidden = text[line..begin].contains("{#") || inner.contains(" as ");
                let rest = inner[first.len()..].trim_start();
                let quote = rest.chars().next().filter(|char| matches!(char, '"' | '\''));
                let name = quote.and_then(|quote| rest[1..].split_once(quote)).map(|(name, _)| name);
                if let Some(name) = name.filter(|_| !hidden) {
                    let start = begin + text[begin..end].find(rest).unwrap_or(0);
                    found.push((name.to_owned(), start..start + name.len() + 2));
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_code_asks_for() {
        let names = |text: &str| asked(text).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        let with = |line: &str| {
            format!("from django.urls import reverse\nfrom django.shortcuts import redirect, render\n{line}\n")
        };
        assert_eq!(names(&with("x = reverse('a', args=[1])\ny = redirect(\"b\")")), ["a", "b"]);
        for line in [
            "x = self.reverse('a')",
            "# reverse('a')",
            "try:\n    x = reverse('a')\nexcept Exception:\n    pass",
            "x = reverse(name)",
            "x = reverse('a' + y)",
        ] {
            assert!(names(&with(line)).is_empty(), "{line}");
        }
        assert!(names("from own import reverse\nx = reverse('a')\n").is_empty());
    }

    #[test]
    fn what_a_template_asks_for() {
        let names = |text: &str| in_template(text).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names("{% block a %}<a href=\"{% url 'x' 1 %}\">{% endblock %}{% url \"y\" %}"), ["x", "y"]);
        for text in [
            "{% if a %}{% url 'x' %}{% endif %}",
            "{# {% url 'x' %} #}",
            "{% url 'x' as a %}",
            "{% url x %}",
            "<!-- -->",
        ] {
            assert!(names(text).is_empty(), "{text}");
        }
    }
}
