//! What others build with: the archive of a release, workflows, the image.

use std::path::{Path, PathBuf};

use crate::harness::{Place, linters, missing};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn at_root(path: &str) -> String {
    root().join(path).display().to_string()
}

#[test]
fn the_archive_of_a_release_has_everything() {
    let place = Place::new();
    let program = env!("CARGO_BIN_EXE_beansprout");
    place.sh(&at_root(".ci/dist"), &[program, "some-target", "dist"]);
    let name = format!("beansprout-{}-some-target", env!("CARGO_PKG_VERSION"));
    place.sh("tar", &["-xzf", &format!("dist/{name}.tar.gz")]);
    let there = |path: &str| place.path(&name).join(path);
    assert_eq!(std::fs::read(there("beansprout")).unwrap(), std::fs::read(program).unwrap());
    for file in ["README.md", "README.ja.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "man/beansprout.1"] {
        assert!(there(file).is_file(), "{file}");
    }
    // Not a verb is without its page, and not a page is of something else.
    let pages = std::fs::read_dir(there("man")).unwrap().count();
    let verbs = std::fs::read_to_string(root().join("docs/src/reference/commands.md")).unwrap();
    assert_eq!(pages - 1, verbs.lines().filter(|line| line.starts_with("| [`")).count());
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = std::fs::read_to_string(there(&format!("completions/beansprout.{shell}"))).unwrap();
        assert!(script.contains("beansprout"), "{shell}");
    }
}

#[test]
fn scripts_of_the_repository_are_well_formed() {
    if missing("shellcheck", "shellcheck") {
        return;
    }
    Place::new().sh(
        "shellcheck",
        &[at_root(".ci/run"), at_root(".ci/nightly"), at_root(".ci/packages"), at_root(".ci/dist")]
            .each_ref()
            .map(String::as_str),
    );
}

fn linter(name: &str) -> String {
    linters().join(name).display().to_string()
}

/// The workflows in a folder.
fn workflows(dir: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).collect()
}

#[test]
fn workflows_are_understood() {
    let place = Place::new();
    let role = "ci_role=arn:aws:iam::123456789012:role/shop-publisher";
    let digest = "0123456789abcdef".repeat(4);
    let archive = format!("ci_beansprout=https://downloads.example.com/beansprout.tar.gz#sha256={digest}");
    let commit = format!("ci_beansprout=https://git.example.com/tools/beansprout.git@{}", &digest[..40]);
    let mut all = Vec::new();
    for (name, from, database) in
        [("one", &archive, "postgresql"), ("two", &commit, "mysql"), ("six", &archive, "sqlite")]
    {
        let database = format!("database={database}");
        place
            .run(["new", name, "--defaults", "--set", "ci=github", "--set", role, "--set", from, "--set", &database])
            .ok();
        all.extend(workflows(&place.path(format!("{name}/.github/workflows"))));
    }
    for dir in [".github/workflows", "examples/github-actions", "examples/monorepo/.github/workflows"] {
        all.extend(workflows(&root().join(dir)));
    }
    assert!(all.len() > 6);
    let all: Vec<String> = all.iter().map(|path| path.display().to_string()).collect();
    let arguments: Vec<&str> = ["-oneline"].into_iter().chain(all.iter().map(String::as_str)).collect();
    place.sh(&linter("actionlint"), &arguments);
    let schema = |name: &str, file: &str| {
        place.sh(&linter("check-jsonschema"), &["--builtin-schema", name, &at_root(file)]);
    };
    schema("vendor.github-actions", "examples/github-action/action.yml");
    schema("vendor.gitlab-ci", "examples/gitlab/.gitlab-ci.yml");
}

#[test]
fn the_image_is_well_formed() {
    Place::new().sh(&linter("hadolint"), &[&at_root("examples/ci-image/Dockerfile")]);
}
