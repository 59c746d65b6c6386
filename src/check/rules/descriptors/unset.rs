//! Unset: variables that `docker-compose.yml` puts in where nothing may stand in their place, and that nothing here gives.
//!
//! Sources: Compose file reference, "Interpolation" (a variable that is not set is an empty text), and the short forms of `ports`
//! and `volumes`; Developer Guide, "Docker Compose": properties of the environment are in `.env`.

use std::cell::RefCell;

use crate::beanstalk::yaml::{Mapping, Node};
use crate::check::subject::Subject;
use crate::check::variables::fill;
use crate::level::Level;

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Image,
    Port,
    Volume,
}

impl Of {
    /// Why this is refused.
    fn refuses(self, text: &str) -> Option<&'static str> {
        let empty = |part: &str| part.is_empty();
        match self {
            Self::Image => {
                let broken = text.is_empty() || text.starts_with([':', '/', '@']) || text.ends_with([':', '/', '@']);
                (broken || text.contains("//") || text.contains("/:")).then_some("is no name of an image")
            }
            // Without the port of the instance, Docker takes any.
            Self::Port => text.split('/').next()?.rsplit(':').next().is_some_and(empty).then_some("names no port"),
            Self::Volume => text.split(':').any(empty).then_some("is no volume, with nothing on one side"),
        }
    }
}

pub(super) fn check(subject: &mut Subject<'_>, path: &str, services: &Mapping) {
    if subject.guessed() {
        return;
    }
    let mut found = Vec::new();
    for (_, _, service) in services.named().filter(|(_, _, service)| service.get("profiles").is_none()) {
        let image = service.get("image").filter(|_| service.get("build").is_none()).map(|node| (Of::Image, node));
        let listed = |key: &str| service.get(key).and_then(Node::sequence).unwrap_or_default();
        let ports = listed("ports").iter().map(|node| (Of::Port, node));
        let volumes = listed("volumes").iter().map(|node| (Of::Volume, node));
        for (of, node) in image.into_iter().chain(ports).chain(volumes) {
            let Some(text) = node.as_str().filter(|text| text.contains('$')) else { continue };
            let Some((names, empty)) = emptied(text, &|name| is_given(subject, name)) else { continue };
            if let (Some(name), Some(why)) = (names.first(), of.refuses(&empty)) {
                found.push((node.span.clone(), name.clone(), empty, why));
            }
        }
    }
    for (span, name, empty, why) in found {
        let message = format!(
            "unless a property of the environment gives `{name}`, the deployment fails: nothing here does, and `{empty}` {why}"
        );
        let fix = format!(
            "give `{name}` in `option_settings`, below `aws:elasticbeanstalk:application:environment`; or write a default, as in `${{{name}:-…}}`"
        );
        subject.find("EB385", path, span, message, fix).level = Level::Note;
    }
}

/// A text without what nothing gives, and the names of that; `None`: not all of it is understood.
fn emptied(text: &str, given: &dyn Fn(&str) -> bool) -> Option<(Vec<String>, String)> {
    if text.contains("$$") {
        return None;
    }
    let filled = fill(text, |name| given(name).then_some("1"));
    let names = RefCell::new(Vec::new());
    let empty = fill(&filled, |name| {
        names.borrow_mut().push(name.to_owned());
        Some("")
    });
    (!empty.contains('$')).then(|| (names.into_inner(), empty))
}

/// May this variable have a value? Whoever names it in a script or a pipeline may give it.
fn is_given(subject: &Subject<'_>, name: &str) -> bool {
    const ENV: &str = ".env";
    let tree = subject.tree;
    let in_file = || {
        let has = |text: &str| {
            let names = text.lines().filter_map(|line| line.split_once('=').map(|(name, _)| name.trim()));
            names.into_iter().any(|own| own.trim_start_matches("export ") == name)
        };
        tree.get(ENV).is_some() && tree.text(ENV).is_none_or(has)
    };
    let made = [name, ENV, "docker-compose", "envsubst"];
    subject.gives(name)
        || in_file()
        || made.iter().any(|word| subject.names_file(word) || subject.pipeline_names(word))
        || tree.is_file("Buildfile")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_without_a_value() {
        let broken = |of: Of, text: &str| {
            let found = emptied(text, &|name| name == "GIVEN");
            found.is_some_and(|(names, empty)| !names.is_empty() && of.refuses(&empty).is_some())
        };
        for text in ["${A}", "$A", "shop/web:${A}", "${A}/web:1", "${A}:${B}", "${GIVEN}:${A}"] {
            assert!(broken(Of::Image, text), "{text}");
        }
        for text in ["shop/web", "shop/web:${GIVEN}", "shop/web${A}", "shop/web:${A:-1}", "${A:?}", "$${A}", "${A-x}"] {
            assert!(!broken(Of::Image, text), "{text}");
        }
        assert!(broken(Of::Port, "80:${A}") && broken(Of::Port, "${A}:${B}"));
        assert!(!broken(Of::Port, "${A}:8000") && !broken(Of::Port, "80:${GIVEN}"));
        assert!(broken(Of::Volume, "${A}:/data") && !broken(Of::Volume, "${A}/media:/data"));
    }
}
