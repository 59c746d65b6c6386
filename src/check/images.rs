//! Images: the files of the bundle that containers of the environment are built from.

use super::dockerfile::NAME;
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::platforms::Family;
use crate::beanstalk::tree::Tree;
use crate::beanstalk::yaml::{self, Node};

/// What describes containers to Elastic Beanstalk, and to nobody else.
pub(super) const DOCKERRUN: &str = "Dockerrun.aws.json";

/// The files that images of the environment are built from. Of images that are pulled, it is one that lies beside.
pub(super) fn dockerfiles(tree: &Tree, customizations: &Customizations) -> Vec<String> {
    match (customizations.family, customizations.containers.as_deref()) {
        (Family::Docker, Some(NAME)) => vec![NAME.to_owned()],
        (Family::Docker, Some(path)) if path.starts_with("docker-compose") => {
            let root = tree.text(path).and_then(|text| yaml::parse(text).ok().flatten());
            let services = root.as_ref().and_then(|root| root.get("services")).and_then(Node::mapping);
            let builds = services.into_iter().flat_map(|services| services.named()).filter_map(|(_, _, service)| {
                let build = service.get("build")?;
                dockerfile(build)
            });
            builds.collect()
        }
        (Family::Docker | Family::Ecs, Some(DOCKERRUN)) => tree
            .iter()
            .map(|(path, _)| path)
            .filter(|path| path.matches('/').count() <= 1)
            .filter(|path| *path == NAME || path.strip_suffix(NAME).is_some_and(|folder| folder.ends_with('/')))
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

/// The path in the bundle of the file that a service is built from, if it is one in the bundle.
pub(super) fn dockerfile(build: &Node) -> Option<String> {
    if build.get("dockerfile_inline").is_some() {
        return None;
    }
    let context = match build.as_str() {
        Some(context) => context,
        None => build.mapping().and_then(|_| build.get("context")).map_or(Some("."), Node::as_str)?,
    };
    let file = build.get("dockerfile").map_or(Some("Dockerfile"), Node::as_str)?;
    // A variable, another machine, or somewhere above.
    let elsewhere = |text: &str| text.contains(['$', ':', '\\', '@']) || text.contains("..") || text.starts_with('/');
    if elsewhere(context) || elsewhere(file) {
        return None;
    }
    let parts = context.split('/').chain(file.split('/')).filter(|part| !matches!(*part, "" | "."));
    Some(parts.collect::<Vec<_>>().join("/"))
}
