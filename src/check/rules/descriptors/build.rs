//! Build: the Dockerfiles that services of compose are built from must ship.

use crate::beanstalk::tree::Entry;
use crate::beanstalk::yaml::Mapping;
use crate::check::images::dockerfile;
use crate::check::subject::Subject;
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, path: &str, services: &Mapping) {
    for (name, _, service) in services.named() {
        let Some(build) = service.get("build") else { continue };
        let Some(file) = dockerfile(build) else { continue };
        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
        // What a link leads to, nobody sees here.
        let is_link = |path: &str| matches!(subject.tree.get(path), Some(Entry::Link { .. }));
        let base = file.rsplit('/').next().unwrap_or(&file);
        let made = subject.scripts().iter().any(|script| script.text.contains(base));
        if subject.tree.get(&file).is_some() || is_link(folder) || made {
            continue;
        }
        let message = match service.get("image") {
            None => format!("the deployment fails: `{name}` is built from `{file}`, which is not in the bundle"),
            Some(_) => format!(
                "`{name}` is built from `{file}`, which is not in the bundle: unless the image is pulled instead, the deployment fails"
            ),
        };
        let level = if service.get("image").is_some() { Level::Warning } else { Level::Error };
        let fix = "let it ship, name it as `dockerfile`, or name an image in its place";
        subject.find("EB121", path, build.span.clone(), message, fix).level = level;
    }
}
