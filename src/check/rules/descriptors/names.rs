//! Names of images that are none: what a pipeline was to fill in, and what Docker refuses.
//!
//! Source: Docker's documentation of image names.

use std::ops::Range;

use serde_json::Value;

use crate::beanstalk::platforms::Family;
use crate::beanstalk::yaml::Mapping;
use crate::check::dockerfile::NAME;
use crate::check::subject::{DOCKERRUN, Subject};

/// May something write the name into the file before it ships?
fn is_filled(subject: &Subject<'_>, path: &str) -> bool {
    subject.pipeline_names(path) || subject.names_file(path) || subject.tree.is_file("Buildfile")
}

/// Is it no name that Docker takes? One with a variable is filled in on the instance.
fn is_none(image: &str) -> bool {
    let (name, tag) = match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, ""),
    };
    let host = name.split_once('/').filter(|(host, _)| host.contains(['.', ':']) || *host == "localhost");
    let path = host.map_or(name, |(_, path)| path);
    let odd = |char: char| "<>{}%[]() ".contains(char);
    !image.contains(['$', '@']) && (image.contains(odd) || tag.contains(odd) || path.contains(char::is_uppercase))
}

/// Of the file of a task, or of the first version.
pub(super) fn of_dockerrun(subject: &mut Subject<'_>, document: &Value, text: &str) {
    let definitions = document["containerDefinitions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of_task = definitions.iter().filter_map(|definition| definition["image"].as_str());
    // Beside a `Dockerfile` it is not pulled.
    let own = document["Image"]["Name"].as_str().filter(|_| !subject.tree.is_file(NAME));
    let named: Vec<&str> = match subject.customizations.family {
        Family::Ecs => of_task.collect(),
        _ => own.into_iter().collect(),
    };
    let Some(image) = named.into_iter().find(|image| is_none(image)) else { return };
    let start = text.find(&format!("\"{image}\"")).map_or(0, |at| at + 1);
    say(subject, DOCKERRUN, start..start + image.len(), image);
}

/// Of the services of compose.
pub(super) fn of_compose(subject: &mut Subject<'_>, path: &str, services: &Mapping) {
    let pulled = services.named().filter(|(_, _, service)| service.get("build").is_none());
    let mut named = pulled.filter_map(|(_, _, service)| service.get("image"));
    let Some(image) = named.find(|image| image.as_str().is_some_and(is_none)) else { return };
    say(subject, path, image.span.clone(), image.as_str().unwrap_or_default());
}

fn say(subject: &mut Subject<'_>, path: &str, span: Range<usize>, image: &str) {
    if subject.guessed() || is_filled(subject, path) {
        return;
    }
    let message = format!("the deployment fails: `{image}` is no name of an image");
    let fix = match image.contains(['<', '{', '%']) {
        true => "write the name that the image was pushed by, or let the step that deploys fill it in",
        false => "write it in lower case: Docker takes no other",
    };
    subject.find("EB121", path, span, message, fix);
}

#[cfg(test)]
mod tests {
    use super::is_none;

    #[test]
    fn names_that_docker_takes() {
        for image in ["a", "me/web:1.0-RC", "localhost:5000/a/b", "Registry.example/a:b", "${IMAGE}", "a@sha256:AB"] {
            assert!(!is_none(image), "{image}");
        }
        for image in ["<IMAGE_URI>", "me/Web", "me/web:{{TAG}}", "me/web:v-%BUILD%", "123.dkr.ecr.aws/Shop:1"] {
            assert!(is_none(image), "{image}");
        }
    }
}
