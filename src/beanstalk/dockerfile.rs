//! Dockerfile: its instructions, as the build takes them from the lines.
//!
//! Source: Dockerfile reference (docs.docker.com): continued lines, comments between them, here-documents.

use std::ops::Range;

use super::lines::{indent, placed};

/// One instruction, its lines brought together.
#[derive(Debug, Clone)]
pub(crate) struct Instruction {
    /// In capitals.
    pub(crate) name: String,
    pub(crate) rest: String,
    /// Its first line.
    pub(crate) span: Range<usize>,
}

/// What stands in a here-document belongs to its instruction.
pub(crate) fn instructions(text: &str) -> Vec<Instruction> {
    let mut found: Vec<Instruction> = Vec::new();
    let (mut open, mut document): (bool, Option<String>) = (false, None);
    for (at, line) in placed(text) {
        let trimmed = line.trim();
        if let Some(end) = &document {
            if trimmed == end {
                document = None;
            } else if let Some(last) = found.last_mut() {
                last.rest.push_str("; ");
                last.rest.push_str(trimmed);
            }
            continue;
        }
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let body = trimmed.strip_suffix('\\').unwrap_or(trimmed).trim_end();
        match found.last_mut().filter(|_| open) {
            Some(last) => {
                last.rest.push(' ');
                last.rest.push_str(body);
            }
            None => {
                let (name, rest) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
                let start = at + indent(line);
                let span = start..start + trimmed.len();
                found.push(Instruction { name: name.to_ascii_uppercase(), rest: rest.trim().to_owned(), span });
            }
        }
        open = trimmed.ends_with('\\');
        document = trimmed.split_once("<<").filter(|_| !open).and_then(|(_, rest)| {
            let word = rest.trim_start_matches('-').split_whitespace().next()?.trim_matches(['"', '\'']);
            (!word.is_empty() && word.chars().all(char::is_alphanumeric)).then(|| word.to_owned())
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_instructions() {
        let text = "from a\nENV A=1 \\\n  # why\n\n  B=2\nRUN <<EOF\nCMD x\nEOF\n  CMD [\"y\"]\n";
        let found: Vec<String> =
            instructions(text).into_iter().map(|one| format!("{} {}", one.name, one.rest)).collect();
        assert_eq!(found, ["FROM a", "ENV A=1 B=2", "RUN <<EOF; CMD x", "CMD [\"y\"]"]);
        let last = instructions(text).pop().map(|one| &text[one.span]);
        assert_eq!(last, Some("CMD [\"y\"]"));
    }
}
