//! Named: which settings production gets, by whoever names them.

use super::{Named, before_wsgi, image, in_python, in_wsgi, served};
use crate::beanstalk::config_file::DEFAULT_NAMESPACE;
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::tree::Tree;

/// The settings module of production: what the environment says, else what the server loads chooses, else `manage.py`.
pub(in crate::check) fn named(tree: &Tree, customizations: &Customizations) -> Option<Named> {
    told(tree, customizations)
        .or_else(|| before_wsgi(tree, customizations))
        .or_else(|| in_wsgi(tree, customizations))
        .or_else(|| in_python(tree, "manage.py"))
        .or_else(|| served::only(tree))
}

/// What a deployment is told, so that nothing but another deployment changes it.
fn told(tree: &Tree, customizations: &Customizations) -> Option<Named> {
    in_procfile(customizations).or_else(|| in_options(customizations)).or_else(|| image::in_image(tree, customizations))
}

/// Does a file of the deployment itself name the settings?
pub(in crate::check) fn is_told(tree: &Tree, customizations: &Customizations) -> bool {
    told(tree, customizations).is_some()
}

/// What the web process of the `Procfile` gives its server, as a variable before it or by gunicorn's `--env`.
pub(in crate::check) fn in_procfile(customizations: &Customizations) -> Option<Named> {
    const NAME: &str = "DJANGO_SETTINGS_MODULE=";
    let web = customizations.procfile.as_ref()?.web()?;
    let at = web.command.find(NAME)? + NAME.len();
    let module = web.command[at..].split([' ', '\t', '"', '\'', ';']).next().filter(|module| !module.is_empty())?;
    let start = web.command_span.start + at;
    Some(Named { module: module.to_owned(), path: "Procfile".to_owned(), span: start..start + module.len() })
}

pub(in crate::check) fn in_options(customizations: &Customizations) -> Option<Named> {
    let files = customizations.used();
    let settings = files.flat_map(|file| file.option_settings.iter().map(move |setting| (file, setting)));
    let (file, setting) = settings
        .filter(|(_, setting)| {
            setting.namespace.value == DEFAULT_NAMESPACE && setting.name.value == "DJANGO_SETTINGS_MODULE"
        })
        .last()?;
    Some(Named { module: setting.value.value.clone(), path: file.path.clone(), span: setting.value.span.clone() })
}

/// The class of django-configurations that production gets: what the environment says, else what the server's module does.
pub(super) fn configuration(tree: &Tree, customizations: &Customizations) -> Option<String> {
    const NAME: &str = "DJANGO_CONFIGURATION";
    if let Some(class) = customizations.option(DEFAULT_NAMESPACE, NAME) {
        return Some(class.to_owned());
    }
    let text = tree.text(&in_wsgi(tree, customizations)?.path)?;
    let (_, rest) = text.split_once(NAME)?;
    let class = rest.split(['\'', '"']).nth(2)?;
    class
        .chars()
        .all(|char| char.is_alphanumeric() || char == '_')
        .then(|| class.to_owned())
        .filter(|class| !class.is_empty())
}
