//! File of environment properties, one `NAME=VALUE` a line.

use std::path::{Path, PathBuf};

use crate::fault::{Exit, Failure, Fault};
use crate::file;
use crate::world::World;

#[derive(Debug, thiserror::Error)]
#[error("line {line} of `{}` is not `NAME=VALUE`", path.display())]
struct BadLine {
    path: PathBuf,
    line: usize,
}

impl Fault for BadLine {
    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// The properties of a file, in its order.
pub(crate) fn read(file: &Path, world: &World) -> Result<Vec<(String, String)>, Failure> {
    let path = world.resolve(file);
    let text = file::read_text(&path)?;
    let mut properties = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        properties.push(property(line).map_err(|_| BadLine { path: path.clone(), line: number + 1 })?);
    }
    Ok(properties)
}

/// `NAME=VALUE`.
pub(crate) fn property(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("a property is `NAME=VALUE`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_has_a_name() {
        assert_eq!(property("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
        assert!(property("=b").is_err());
        assert!(property("A").is_err());
    }
}
