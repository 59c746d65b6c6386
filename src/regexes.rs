//! Regular expressions that are asked again and again: each is compiled once in a run.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use regex::{Error, Regex};

/// More than a program asks for by itself: whoever brings thousands of them gets each compiled anew.
const KEPT: usize = 1_000;

static COMPILED: Mutex<BTreeMap<String, Regex>> = Mutex::new(BTreeMap::new());

/// The expression of that pattern.
pub(crate) fn compiled(pattern: &str) -> Result<Regex, Error> {
    let kept = || COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept().get(pattern) {
        return Ok(known.clone());
    }
    let new = Regex::new(pattern)?;
    let mut kept = kept();
    if kept.len() < KEPT {
        kept.insert(pattern.to_owned(), new.clone());
    }
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stands_for_itself_alone() {
        for _ in 0..2 {
            assert!(compiled("^a+$").unwrap().is_match("aa") && !compiled("^a$").unwrap().is_match("aa"));
            assert!(compiled("a(").is_err());
        }
        for number in 0..KEPT + 10 {
            assert!(compiled(&format!("^{number}$")).unwrap().is_match(&number.to_string()));
        }
        assert!(COMPILED.lock().unwrap().len() <= KEPT);
    }
}
