//! Settings module of an image: what its `Dockerfile` or the file of its services gives the server as a variable.

use std::collections::BTreeMap;
use std::ops::Range;

use super::Named;
use crate::beanstalk::compose;
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::lines::placed;
use crate::beanstalk::platforms::Family;
use crate::beanstalk::tree::Tree;
use crate::beanstalk::yaml;
use crate::check::variables::fill;

const NAME: &str = "DJANGO_SETTINGS_MODULE";
const DOCKERFILE: &str = "Dockerfile";

/// What the container is given. A value that only the build or the console knows is named as it stands, and is no module.
pub(super) fn in_image(tree: &Tree, customizations: &Customizations) -> Option<Named> {
    if !matches!(customizations.family, Family::Docker | Family::Ecs) {
        return None;
    }
    let services = customizations.containers.as_deref().filter(|path| *path != DOCKERFILE);
    let in_services = services.and_then(|path| {
        let (module, span) = in_services(tree.text(path)?)?;
        Some(Named { module, path: path.to_owned(), span })
    });
    in_services.or_else(|| {
        let (module, span) = in_dockerfile(tree.text(DOCKERFILE)?)?;
        Some(Named { module, path: DOCKERFILE.to_owned(), span })
    })
}

/// A variable that the services give the project's own container: its value, and where that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::check) struct Given {
    pub(in crate::check) value: String,
    pub(in crate::check) path: String,
    pub(in crate::check) span: Range<usize>,
}

/// What `environment:` of `docker-compose.yml` says to the service that is built here, if there is one and no more.
/// A value with a `$` is filled in on the instance.
pub(in crate::check) fn composed(tree: &Tree, customizations: &Customizations) -> BTreeMap<String, Given> {
    let read = || {
        let path = customizations.containers.as_deref().filter(|path| path.starts_with("docker-compose"))?;
        let root = yaml::parse(tree.text(path)?).ok()??;
        let services = root.get("services")?.mapping()?;
        let mut built = services.named().filter(|(_, _, service)| service.get("build").is_some());
        let (_, _, service) = built.next().filter(|_| built.next().is_none())?;
        let plain = |name: &str, value: &str| !name.is_empty() && !value.contains('$');
        let pairs = compose::environment(service).into_iter().filter(|(name, value, _)| plain(name, value));
        let given = |value: &str, span| Given { value: value.to_owned(), path: path.to_owned(), span };
        Some(pairs.map(|(name, value, span)| (name.to_owned(), given(value, span))).collect())
    };
    read().unwrap_or_default()
}

/// `NAME: module`, `- NAME=module` or `"name": NAME, "value": module`; several that differ are of several services.
fn in_services(text: &str) -> Option<(String, Range<usize>)> {
    let is_plain = |char: char| char.is_alphanumeric() || "_.-".contains(char);
    let mut found: Option<(String, Range<usize>)> = None;
    for (at, _) in text.match_indices(NAME) {
        let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        if text[line..at].trim_start().starts_with('#') {
            continue;
        }
        let after = at + NAME.len();
        let rest = text[after..].strip_prefix("\"").unwrap_or(&text[after..]);
        let rest = rest.trim_start_matches([',', ' ', '\n', '\t']);
        let rest = rest.strip_prefix("\"value\"").map_or(rest, str::trim_start);
        let Some(value) = rest.strip_prefix([':', '=']) else { continue };
        let value = value.trim_start_matches([' ', '"', '\'']);
        let start = text.len() - value.len();
        let module = value.split(|char: char| !is_plain(char)).next().unwrap_or_default();
        if found.as_ref().is_some_and(|(other, _)| other != module) {
            return None;
        }
        if !module.is_empty() {
            found = Some((module.to_owned(), start..start + module.len()));
        }
    }
    found
}

/// The last `ENV` counts; variables that stand before it are known.
fn in_dockerfile(text: &str) -> Option<(String, Range<usize>)> {
    let mut known: BTreeMap<&str, String> = BTreeMap::new();
    let mut found = None;
    let (mut continued, mut env) = (false, false);
    for (begin, line) in placed(text) {
        let trimmed = line.trim();
        let first = trimmed.split_whitespace().next().unwrap_or_default();
        let given = continued || ["ENV", "ARG"].iter().any(|word| first.eq_ignore_ascii_case(word));
        if !given || trimmed.starts_with('#') {
            continue;
        }
        // What the build alone is given is known to it, and not to the server.
        env = if continued { env } else { first.eq_ignore_ascii_case("ENV") };
        let pairs = if continued { trimmed } else { trimmed[first.len()..].trim_start() };
        continued = trimmed.ends_with('\\');
        let pairs = pairs.trim_end_matches('\\').trim_end();
        for (name, value) in self::pairs(pairs) {
            let plain = value.trim_matches(['"', '\'']);
            let module = fill(plain, |name| known.get(name).map(String::as_str));
            if name == NAME && env {
                let start = begin + line.find(plain).unwrap_or(0);
                found = Some((module.clone(), start..start + plain.len()));
            }
            known.insert(name, module);
        }
    }
    found
}

/// `A=1 B=2`, or `A 1` of older files.
fn pairs(text: &str) -> Vec<(&str, &str)> {
    let mut words = text.split_whitespace();
    match words.next() {
        Some(first) if !first.contains('=') => {
            text.split_once(char::is_whitespace).map(|(name, value)| (name, value.trim())).into_iter().collect()
        }
        _ => text.split_whitespace().filter_map(|word| word.split_once('=')).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dockerfile_in_all_its_forms() {
        let module = |text: &str| in_dockerfile(text).map(|(module, span)| (module, text[span].to_owned()));
        let is = |text: &str, expected: &str| assert_eq!(module(text).expect(text).0, expected, "{text}");
        is("FROM a\nENV DJANGO_SETTINGS_MODULE=shop.prod\n", "shop.prod");
        is("ENV DJANGO_SETTINGS_MODULE   shop.prod", "shop.prod");
        is("env A=1 DJANGO_SETTINGS_MODULE=\"shop.prod\"", "shop.prod");
        is("ENV A=1 \\\n    DJANGO_SETTINGS_MODULE=shop.prod \\\n    B=2\nRUN x", "shop.prod");
        is("ARG MODE=prod\nENV DJANGO_SETTINGS_MODULE=shop.${MODE}", "shop.prod");
        is("ENV DJANGO_SETTINGS_MODULE=shop.dev\nENV DJANGO_SETTINGS_MODULE=shop.prod", "shop.prod");
        is("ENV DJANGO_SETTINGS_MODULE=shop.$MODE", "shop.$MODE");
        assert_eq!(module("ARG DJANGO_SETTINGS_MODULE=shop.dev\n"), None);
        is("ARG DJANGO_SETTINGS_MODULE=a.b\nENV DJANGO_SETTINGS_MODULE=$DJANGO_SETTINGS_MODULE", "a.b");
        assert_eq!(
            module("RUN DJANGO_SETTINGS_MODULE=a.b python manage.py collectstatic\n# ENV DJANGO_SETTINGS_MODULE=c"),
            None
        );
    }

    #[test]
    fn variables_of_the_service_that_is_built_here() {
        let given = |text: &str| {
            let tree = Tree::default().file("Dockerfile", "FROM a\n").file("docker-compose.yml", text);
            let given = composed(&tree, &Customizations::for_family(&tree, Family::Docker));
            given.into_iter().map(|(name, given)| format!("{name}={}", given.value)).collect::<Vec<_>>().join(" ")
        };
        let service = |environment: &str| format!("services:\n  web:\n    build: .\n    environment:\n{environment}");
        assert_eq!(given(&service("      A: \"True\"\n      B: $C\n")), "A=True");
        assert_eq!(given(&service("      - A=1\n      - B\n      - C=${D}\n")), "A=1");
        assert_eq!(given("services:\n  web:\n    image: a\n    environment: {A: b}\n"), "");
        assert_eq!(given(&format!("{}  other:\n    build: b\n", service("      A: b\n"))), "");
        assert_eq!(given("services: ["), "");
    }

    #[test]
    fn services_in_all_their_forms() {
        let module = |text: &str| in_services(text).map(|(module, _)| module);
        let is = |text: &str, expected: &str| assert_eq!(module(text).as_deref(), Some(expected), "{text}");
        is("services:\n  web:\n    environment:\n      DJANGO_SETTINGS_MODULE: shop.prod\n", "shop.prod");
        is("    environment:\n      - DJANGO_SETTINGS_MODULE=shop.prod\n", "shop.prod");
        is("    environment:\n      - \"DJANGO_SETTINGS_MODULE=shop.prod\"\n", "shop.prod");
        is("{\"name\": \"DJANGO_SETTINGS_MODULE\", \"value\": \"shop.prod\"}", "shop.prod");
        is("{\"name\": \"DJANGO_SETTINGS_MODULE\",\n \"value\": \"shop.prod\"}", "shop.prod");
        assert_eq!(module("a:\n  - DJANGO_SETTINGS_MODULE=a.b\nc:\n  - DJANGO_SETTINGS_MODULE=c.d\n"), None);
        assert_eq!(module("    environment:\n      - DJANGO_SETTINGS_MODULE\n"), None);
    }
}
