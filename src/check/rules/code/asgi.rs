//! ASGI: modules with models that `asgi.py` imports before Django has been set up.
//!
//! Source: documentation of Channels, "Deploying": the application of Django's comes before what may import models.

use crate::beanstalk::tree::file_name;
use crate::check::django::loaded::{Module, followed, taken_in};
use crate::check::rules::descriptors::containers;
use crate::check::subject::Subject;

/// What fills the registry of applications.
const READY: [&str; 5] = [
    "get_asgi_application",
    "get_wsgi_application",
    "django.setup",
    "django.core.asgi.get_asgi_application",
    "get_default_application",
];

/// More imports than this are not looked into.
const MOST: usize = 40;

pub(super) fn check(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    for path in served(subject) {
        let modules = followed(tree, &[&path]);
        let Some(module) = modules.iter().find(|module| module.path == path) else { continue };
        let text = tree.code(&path).unwrap_or_default();
        let calls = module.calls.iter().filter(|call| READY.contains(&call.name.as_str()));
        let Some(place) = calls.map(|call| call.span.start).min() else { continue };
        // A function of its own, or a package above it, may do so first.
        let set_up = |module: &Module| tree.code(&module.path).is_some_and(|text| text.contains("setup("));
        let early = text.get(..place).is_none_or(|before| before.contains("setup("));
        if early || modules.iter().any(|other| other.path != path && set_up(other)) || above(subject, &path) {
            continue;
        }
        let before = module.imports.iter().filter(|import| import.span.start < place).take(MOST);
        let found = before.into_iter().find_map(|import| {
            let taken = taken_in(tree, module, import);
            let with_models = taken.iter().find(|module| has_models(subject, module))?;
            Some((import.span.clone(), with_models.path.clone()))
        });
        let Some((span, models)) = found else { continue };
        let message = format!(
            "the server does not start: `Apps aren't loaded yet` or settings that are not configured, since this import takes in `{models}`, and the models in it need what `get_asgi_application()` sets up below"
        );
        let fix = "call `get_asgi_application()` above this import, below `os.environ.setdefault`, and keep what it gives in a variable";
        subject.find("EB379", &path, span, message, fix);
    }
}

/// The files by this name that a server of ASGI loads. `manage.py runserver` has set Django up before.
fn served(subject: &Subject<'_>) -> Vec<String> {
    let is_asgi = |path: &String| file_name(path) == "asgi.py";
    if !subject.python() {
        let containers = containers::all(subject);
        let sure = |container: &&containers::Container| container.built.is_some();
        return containers.iter().filter(sure).flat_map(|one| one.loads(subject)).filter(is_asgi).collect();
    }
    let web = subject.customizations.procfile.as_ref().and_then(|procfile| procfile.web());
    if !web.is_some_and(|web| web.command.contains(".asgi") && !web.command.contains("manage.py")) {
        return Vec::new();
    }
    subject.loaded().iter().map(|module| module.path.clone()).filter(is_asgi).take(1).collect()
}

/// Does a package that the file lies in set Django up as it is imported?
fn above(subject: &Subject<'_>, path: &str) -> bool {
    path.match_indices('/').any(|(at, _)| {
        let init = format!("{}/__init__.py", &path[..at]);
        let package = followed(subject.tree, &[&init]);
        package.iter().any(|module| subject.tree.code(&module.path).is_some_and(|text| text.contains("setup(")))
    })
}

/// Does a module make models as it is imported, or import those of Django's users?
fn has_models(subject: &Subject<'_>, module: &Module) -> bool {
    let text = subject.tree.code(&module.path).unwrap_or_default();
    let imports = |name: &str| module.imports.iter().any(|import| import.module == name);
    let makes = text.lines().any(|line| line.starts_with("class ") && line.contains("(models.Model)"));
    (makes && imports("django.db")) || imports("django.contrib.auth.models")
}
