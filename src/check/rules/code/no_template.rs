//! Templates that a page is made of, and that do not ship.

use std::ops::Range;

use crate::check::django::loaded::Module;
use crate::check::django::{Settings, Value, root};
use crate::check::rules::settings::storage::PLAIN;
use crate::check::script::find_all;
use crate::check::subject::Subject;

const RULE: &str = "EB374";

pub(super) fn check(subject: &mut Subject<'_>, modules: &[Module]) {
    let settings = subject.settings();
    // What a build makes may ship without being seen here.
    let builds = ["npm run", "yarn build", "pnpm", "vite", "webpack"]
        .iter()
        .any(|word| subject.in_pipeline(word) || subject.scripts().iter().any(|script| script.text.contains(word)));
    if builds || subject.tree.is_file(".ebignore") || settings.as_deref().is_some_and(|settings| !is_known(settings)) {
        return;
    }
    let others = settings.as_deref().is_some_and(|settings| brings_more(subject, settings));
    let tree = subject.tree;
    let folders = settings.as_deref().and_then(folders);
    let ships = |name: &str| match &folders {
        Some(folders) => folders.iter().any(|folder| {
            let (whole, end) = (format!("{folder}/{name}"), format!("/{folder}/{name}"));
            tree.iter().any(|(path, _)| path == whole || path.ends_with(&end))
        }),
        None => {
            let end = format!("/{name}");
            tree.iter().any(|(path, _)| path == name || path.ends_with(&end))
        }
    };
    // A folder of the project's own, or none: a package has its templates in one of its own name.
    let own = |name: &str| match name.split_once('/') {
        Some((folder, _)) => tree.is_dir(&format!("{}{folder}", root(tree))),
        None => !others,
    };
    let mut found: Vec<(String, Range<usize>, String)> = Vec::new();
    for module in modules.iter().filter(|module| !module.path.contains("test")) {
        let text = tree.code(&module.path).unwrap_or_default();
        for (name, span) in rendered(text) {
            let known = found.iter().any(|(_, _, other)| *other == name);
            let reached = settings.is_none() || is_reached(subject, text, span.start);
            if !known
                && reached
                && !ships(&name)
                && own(&name)
                && !subject.pipeline_names(&name)
                && !subject.names_file(&name)
            {
                found.push((module.path.clone(), span, name));
            }
        }
    }
    let error = if settings.is_some() { "TemplateDoesNotExist" } else { "TemplateNotFound" };
    for (path, span, name) in found {
        let end = format!("/{name}");
        let lacks = match tree.iter().any(|(path, _)| path == name || path.ends_with(&end)) {
            true => "no folder of templates has",
            false => "no file that ships is called",
        };
        let message = format!("this is a 500 with `{error}`: {lacks} `{name}`");
        subject.find(RULE, &path, span, message, "let the template ship, or name one that does");
    }
}

/// Does anything name the function that a place is in? A view that no URL and no code leads to is no page.
fn is_reached(subject: &Subject<'_>, text: &str, at: usize) -> bool {
    let mut heads = text[..at].lines().rev();
    let head = heads.find(|line| line.starts_with(|char: char| char.is_alphabetic() || char == '@'));
    let Some(name) = head.and_then(|head| head.strip_prefix("def ")).and_then(|rest| rest.split('(').next()) else {
        return true;
    };
    let names = |text: &str| {
        find_all(text, name).any(|span| !text[..span.start].trim_end_matches([' ', '\t']).ends_with("def"))
    };
    let mut code = subject.tree.iter().map(|(path, _)| path).filter(|path| path.ends_with(".py"));
    code.any(|path| subject.tree.code(path).is_none_or(names))
}

/// Are the folders of templates the project's own, and is there nothing that makes templates by other means?
fn is_known(settings: &Settings) -> bool {
    let engines = settings.value("TEMPLATES").items();
    let plain = |engine: &Value| {
        let folders = engine.get("DIRS");
        let here =
            |folder: &Value| folder.in_project().is_some() || folder.text().is_some_and(|text| !text.starts_with('/'));
        let known =
            matches!(folders, Value::Missing) || matches!(folders, Value::List(items) if items.iter().all(here));
        known && *engine.get("OPTIONS").get("loaders") == Value::Missing
    };
    !engines.is_empty() && engines.iter().all(plain)
}

/// The names of the folders that Django looks for templates in, wherever they are; nothing where one is the project's own folder.
fn folders(settings: &Settings) -> Option<Vec<String>> {
    let mut found = vec!["templates".to_owned(), "jinja2".to_owned()];
    let engines = settings.value("TEMPLATES").items();
    for folder in engines.iter().flat_map(|engine| engine.get("DIRS").items()) {
        let path = folder.in_project().or_else(|| folder.text())?;
        let last = path.trim_matches('/').rsplit('/').next().filter(|last| !last.is_empty() && *last != ".")?;
        found.push(last.to_owned());
    }
    Some(found)
}

/// May an application of others have templates of any name?
fn brings_more(subject: &Subject<'_>, settings: &Settings) -> bool {
    let apps = settings.value("INSTALLED_APPS");
    let folder = root(subject.tree);
    let own = |app: &str| {
        let package = app.split('.').next().unwrap_or(app);
        package == "django" || PLAIN.contains(&package) || subject.tree.is_dir(&format!("{folder}{package}"))
    };
    !matches!(apps, Value::List(items) if items.iter().all(|item| item.text().is_some_and(own)))
}

/// The templates that a text makes pages of, and where it names them.
fn rendered(text: &str) -> Vec<(String, Range<usize>)> {
    const CALLS: [&str; 5] = [
        "render(request,",
        "render(self.request,",
        "render_template(",
        "TemplateResponse(request,",
        "TemplateView.as_view(template_name=",
    ];
    if ["TemplateDoesNotExist", "TemplateNotFound", "def render(", "def render_template("]
        .iter()
        .any(|word| text.contains(word))
    {
        return Vec::new();
    }
    let mut found = Vec::new();
    for call in CALLS {
        for (at, _) in text.match_indices(call) {
            let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
            let before = &text[line..at];
            let inside =
                before.chars().next_back().is_some_and(|char| char.is_alphanumeric() || matches!(char, '_' | '.'));
            let rest = text[at + call.len()..].trim_start();
            let start = text.len() - rest.len();
            let Some(quote) = rest.chars().next().filter(|char| matches!(char, '"' | '\'')) else { continue };
            let Some((name, after)) = rest[1..].split_once(quote) else { continue };
            let whole =
                after.trim_start().starts_with([',', ')']) && name.contains('.') && !name.contains(['{', '%', '\n']);
            // A route has its text before it.
            let whole_view = call.contains("as_view");
            let quoted = !whole_view && before.contains(['"', '\'']);
            let hidden =
                (inside && !whole_view) || quoted || before.contains('#') || super::url_names::in_try(text, at);
            if whole && !hidden {
                found.push((name.to_owned(), start..start + name.len() + 2));
            }
        }
    }
    found.sort_by_key(|(_, span)| span.start);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pages_are_made_of() {
        let names = |text: &str| rendered(text).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(
            names("    return render(request, 'a/b.html', {})\n    return render_template(\n        \"c.html\")\n"),
            ["a/b.html", "c.html"]
        );
        assert_eq!(names("    path('', TemplateView.as_view(template_name='a/b.html')),\n"), ["a/b.html"]);
        assert_eq!(names("    return TemplateResponse(request, 'a.html')\n"), ["a.html"]);
        for text in [
            "# return render(request, 'a.html')",
            "return self.render(request, 'a.html')",
            "return render(request, NAME)",
            "return render(request, 'a' + 'b.html')",
            "return render(request, f'a{b}.html')",
            "try:\n    return render(request, 'a.html')\n",
        ] {
            assert!(names(text).is_empty(), "{text}");
        }
    }
}
