//! Compose: what `docker-compose.yml` says of a service.

use std::ops::Range;

use super::yaml::Node;

/// The variables that `environment:` gives a service, as a mapping or as a list: name, value, and where that stands. One without
/// a value is taken from whoever starts the services.
pub(crate) fn environment(service: &Node) -> Vec<(&str, &str, Range<usize>)> {
    let Some(environment) = service.get("environment") else { return Vec::new() };
    let mapped = environment
        .mapping()
        .into_iter()
        .flat_map(|pairs| pairs.named())
        .filter_map(|(name, _, value)| Some((name, value.as_str()?, value.span.clone())));
    let listed = environment.sequence().unwrap_or_default().iter().filter_map(|line| {
        let (name, value) = line.as_str()?.split_once('=')?;
        Some((name, value, line.span.clone()))
    });
    mapped.chain(listed).collect()
}

#[cfg(test)]
mod tests {
    use super::super::yaml;
    use super::*;

    #[test]
    fn both_forms() {
        let given = |text: &str| {
            let service = yaml::parse(text).ok().flatten().expect("a service");
            let pairs = environment(&service);
            pairs.into_iter().map(|(name, value, _)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(given("environment: {A: \"True\", B: b}\n"), "A=True B=b");
        assert_eq!(given("environment:\n  - A=1\n  - B\n  - C=a=b\n"), "A=1 C=a=b");
        assert_eq!(given("image: a\n"), "");
        assert_eq!(given("environment: a\n"), "");
    }
}
