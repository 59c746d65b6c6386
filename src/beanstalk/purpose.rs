//! Purpose: whether a name says that something is for those who work on the project, and not for its site.

/// Words of such names, each a whole one: `social` has no `ci` in it.
const DESK: &[&str] = &[
    "dev",
    "develop",
    "development",
    "devcontainer",
    "local",
    "test",
    "tests",
    "testing",
    "pytest",
    "unittest",
    "lint",
    "linting",
    "typing",
    "doc",
    "docs",
    "ci",
    "examples",
];

/// Is what has this name, or lies at this path, for the desk?
pub(crate) fn is_of_desk(name: &str) -> bool {
    name.to_ascii_lowercase().split(['/', '.', '-', '_']).any(|word| DESK.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words() {
        for name in ["ci", "web-ci", "Dev", "dev_tools", "requirements/test.txt", "docker/Dockerfile.local"] {
            assert!(is_of_desk(name), "{name}");
        }
        for name in ["social", "device", "contest", "latest", "splinter", "production", "requirements/documents.txt"] {
            assert!(!is_of_desk(name), "{name}");
        }
    }
}
