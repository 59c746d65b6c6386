//! The pages of the reference that are made from the code. The test below compares them with what is committed;
//! with `BEANSPROUT_BLESS=1` it writes them instead.

mod commands;
mod documents;
mod keys;
mod knowledge;

use std::path::PathBuf;

const BLESS: &str = "BEANSPROUT_BLESS";
const MADE: &str =
    "<!-- Made from the code by a test: `BEANSPROUT_BLESS=1 cargo test --lib reference` writes it again. -->\n";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
#[expect(clippy::disallowed_methods, reason = "a test asks whether to write what it made")]
fn compare(page: &str, made: &str) {
    let path = root().join("docs/src/reference").join(page);
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let line = committed.lines().zip(made.lines()).position(|(one, other)| one != other);
    assert!(
        committed == made,
        "{page} is not what the code says, from line {}: `{BLESS}=1 cargo test --lib reference` writes it",
        line.map_or(committed.lines().count().min(made.lines().count()), |line| line) + 1
    );
}

/// Text that may stand in a cell of a table.
fn cell(text: &str) -> String {
    prose(&text.split_whitespace().collect::<Vec<_>>().join(" ")).replace('|', "\\|")
}

/// Text without tags; between backticks it is none anyway.
fn prose(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let parts: Vec<String> =
        parts.map(|(at, part)| if at % 2 == 0 { part.replace('<', "&lt;") } else { part.to_owned() }).collect();
    parts.join("`")
}
