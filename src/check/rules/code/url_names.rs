//! Names of URLs that code or a template asks for, and that no URL of the project has.
//!
//! Certain only where every file of URLs could be read, and what it includes is the project's own or well known.

use std::collections::BTreeSet;
use std::ops::Range;

use super::gone::AUTH;
use crate::beanstalk::tree::{Tree, file_name};
use crate::check::blocks::heads;
use crate::check::django::loaded::{Module, Moment};
use crate::check::django::{module_path, root};
use crate::check::subject::Subject;

const RULE: &str = "EB373";

/// Packages whose URLs have names of their own, and which these are. All of another kind have a namespace.
const KNOWN: [(&str, &[&str]); 6] = [
    ("django.contrib.auth.urls", &AUTH),
    ("django.conf.urls.i18n", &["set_language"]),
    ("rest_framework.urls", &[]),
    ("debug_toolbar.urls", &[]),
    ("ckeditor_uploader.urls", &["ckeditor_upload", "ckeditor_browse"]),
    ("django_browser_reload.urls", &[]),
];

pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module]) {
    let Some(settings) = subject.settings() else { return };
    let routed = modules.iter().any(|module| module.moment == Moment::Request);
    if !routed || settings.get("ROOT_URLCONF").is_none() {
        return;
    }
    // Another router of hosts, or a package of URLs that nobody sees, would bring more.
    let Some(names) = names(subject.tree) else { return };
    let tree = subject.tree;
    let lacks = |name: &str| {
        !names.contains(name) && !name.contains([':', '.', '/', ' ', '?', '#', '<', '%', '{']) && !name.is_empty()
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
fn names(tree: &Tree) -> Option<BTreeSet<String>> {
    const COMPUTED: [&str; 6] =
        ["Router(", "set_urlconf", "get_urls(", "django_hosts", "urlpatterns.extend", "as_url("];
    let folder = root(tree);
    let mut found = BTreeSet::new();
    let mut any = false;
    let own = |path: &str| path.ends_with(".py") && !path.contains("site-packages") && !path.contains("/migrations/");
    for text in tree.iter().filter(|(path, _)| own(path)).map(|(path, _)| tree.code(path)) {
        let text = text?;
        let lines: String = without_docstring(text).lines().map(without_comment).collect::<Vec<_>>().join("\n");
        let urls = lines.contains("urlpatterns");
        if urls && COMPUTED.iter().any(|word| lines.contains(word)) {
            return None;
        }
        if !urls && !["path(", "url("].iter().any(|word| lines.contains(word)) && !lines.contains("name") {
            continue;
        }
        any |= urls;
        for after in lines.split("name").skip(1) {
            let Some(given) = after.trim_start().strip_prefix('=').filter(|rest| !rest.starts_with('=')) else {
                continue;
            };
            match literal(given.trim_start()) {
                Some(name) => drop(found.insert(name.to_owned())),
                // One that is computed may be any.
                None if urls => return None,
                None => {}
            }
        }
        if !urls {
            continue;
        }
        // The fourth argument of Django's `url` of old is the name as well: any text there may be one.
        if lines.contains("url(") {
            let texts = lines.split(['"', '\'']).map(str::to_owned);
            found.extend(texts);
        }
        for given in lines.split("include(").skip(1) {
            let given = given.trim_start();
            let module = literal(given.trim_start_matches(['(', '[', ' ', '\n']))?;
            match KNOWN.iter().find(|(known, _)| *known == module) {
                Some((_, names)) => found.extend(names.iter().map(|name| (*name).to_owned())),
                None => {
                    module_path(tree, &folder, module)?;
                }
            }
        }
    }
    any.then_some(found)
}

/// What Django writes at the head of such a file shows how it would be done.
fn without_docstring(text: &str) -> &str {
    let begin = text.trim_start();
    let rest = ["\"\"\"", "'''"].iter().find_map(|quotes| begin.strip_prefix(*quotes)?.split_once(*quotes));
    rest.map_or(text, |(_, rest)| rest)
}

fn without_comment(line: &str) -> &str {
    match line.trim_start().starts_with('#') {
        true => "",
        false => line.split(" #").next().unwrap_or(line),
    }
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
            let quoted = before.matches(['"', '\'']).count() % 2 == 1;
            if inside || quoted || before.contains('#') || in_try(text, at) {
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

    #[test]
    fn names_that_all_could_be_read() {
        let tree = |urls: &str| {
            Tree::default()
                .file("manage.py", "")
                .file("site/urls.py", urls)
                .file("shop/urls.py", "urlpatterns = [path('', x, name='inner')]\n")
        };
        let has = |urls: &str, name: &str| names(&tree(urls)).map(|names| names.contains(name));
        assert_eq!(
            has("urlpatterns = [path('', x, name=\"a\"), path('', include('shop.urls'))]\n", "inner"),
            Some(true)
        );
        assert_eq!(has("urlpatterns = [path('', include('django.contrib.auth.urls'))]\n", "login"), Some(true));
        assert_eq!(has("urlpatterns = [path('', include('django.contrib.auth.urls'))]\n", "x"), Some(false));
        for unread in [
            "urlpatterns = [path('', include('other.urls'))]\n",
            "urlpatterns = [path('', include(router.urls))]\n",
            "urlpatterns = [path('', x, name=NAME)]\n",
        ] {
            assert_eq!(has(unread, "x"), None, "{unread}");
        }
    }
}
