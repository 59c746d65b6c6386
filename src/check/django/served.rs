//! What the server loads: `WSGIPath` or a word of `Procfile`, in the forms of every Amazon Linux, and the settings that it chooses.

use super::{Named, in_python, module_path, root};
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::tree::Tree;
use crate::settings_module;

/// Where an application was or is; the first Amazon Linux wanted a file by its path.
const FOLDERS: [&str; 5] =
    ["/opt/python/current/app/", "/opt/python/ondeck/app/", "/var/app/current/", "/var/app/staging/", "./"];

/// The module of a target such as `mysite.wsgi:application` or `mysite/wsgi.py`.
pub(crate) fn module_of(target: &str) -> String {
    let (file, _) = target.trim().split_once(':').unwrap_or((target.trim(), ""));
    let file = FOLDERS.iter().find_map(|folder| file.strip_prefix(folder)).unwrap_or(file);
    file.trim_end_matches(".py").replace(['/', '\\'], ".")
}

/// The settings that the server's own module names, else those of a `wsgi.py`.
pub(crate) fn in_wsgi(tree: &Tree, customizations: &Customizations) -> Option<Named> {
    in_target(tree, customizations).or_else(|| in_python(tree, "wsgi.py"))
}

fn in_target(tree: &Tree, customizations: &Customizations) -> Option<Named> {
    let targets: Vec<&str> = match &customizations.procfile {
        Some(procfile) => {
            let is_target = |word: &&str| word.contains(':') || word.ends_with(".wsgi") || word.ends_with(".asgi");
            procfile
                .web()?
                .command
                .split_whitespace()
                .map(|word| word.trim_matches(['"', '\'']))
                .filter(is_target)
                .collect()
        }
        None => customizations.option("aws:elasticbeanstalk:container:python", "WSGIPath").into_iter().collect(),
    };
    targets.into_iter().find_map(|target| {
        let module = module_of(target);
        let path = [root(tree), String::new()].iter().find_map(|root| module_path(tree, root, &module))?;
        let named = settings_module::named_in(tree.text(&path)?).yes()?;
        Some(Named { module: named.module, path, span: named.span })
    })
}
