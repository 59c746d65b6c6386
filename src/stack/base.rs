//! Base of a three-way merge: the files that the stack wrote last, kept in the project.
//!
//! One small file of text that git keeps. Without it nobody could tell what the stack changed from what people changed.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::plan::Planned;
use super::{Error, Plan, TargetPath, write};

/// The file's name. No bundle needs it.
pub(crate) const FILE: &str = super::plan::BASE;
const FORMAT: u32 = 2;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    /// For people who open it.
    about: String,
    format: u32,
    /// The version that wrote it, and that the parts of the box came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    beansprout: Option<String>,
    files: BTreeMap<String, Kept>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    executable: bool,
    /// Does the file hold a secret? Its content here has a placeholder instead.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    secret: bool,
    /// The content, if it is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// Else its bytes, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hex: Option<String>,
}

/// The plan, with its own base as one more file.
pub(crate) fn with_base(mut plan: Plan) -> Result<Plan, Error> {
    let content = document(&plan).into_bytes();
    plan.add(TargetPath::parse(FILE)?, Planned { content, executable: false })?;
    Ok(plan)
}

/// Remember what was written.
pub(crate) fn write_base(plan: &Plan, root: &Path) -> Result<(), Error> {
    write::write(root, &TargetPath::parse(FILE)?, document(plan).as_bytes(), 0o644)
}

/// A plan as the text of a base.
fn document(plan: &Plan) -> String {
    let kept = plan.without_secrets();
    let keep = |path: &TargetPath, planned: &Planned| {
        let text = std::str::from_utf8(&planned.content).ok().map(str::to_owned);
        let hex = text.is_none().then(|| crate::hex::encode(&planned.content));
        Kept { executable: planned.executable, secret: plan.masked(path).is_some(), text, hex }
    };
    let files = kept.iter().map(|(path, planned)| (path.to_string(), keep(path, planned))).collect();
    let about = "What `beansprout` wrote last. `beansprout update` compares with it; keep it in git.".to_owned();
    let beansprout = Some(env!("CARGO_PKG_VERSION").to_owned());
    let document = Document { about, format: FORMAT, beansprout, files };
    serde_json::to_string_pretty(&document).expect("paths are strings") + "\n"
}

/// Version of beansprout that wrote the base, and whose parts the project is made of.
pub(crate) fn version(root: &Path) -> Option<String> {
    let bytes = std::fs::read(root.join(FILE)).ok()?;
    serde_json::from_slice::<Document>(&bytes).ok()?.beansprout
}

/// Read the base of a project.
pub(crate) fn read(root: &Path) -> Result<Plan, Error> {
    let path = root.join(FILE);
    let bytes = std::fs::read(&path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => Error::BaseMissing { path: path.clone() },
        _ => Error::Read { path: path.clone(), source },
    })?;
    let document: Document = serde_json::from_slice(&bytes)
        .map_err(|source| Error::Base { path: path.clone(), source: Box::new(source) })?;
    if document.format > FORMAT || document.format == 0 {
        return Err(Error::BaseNewer { path, format: document.format });
    }
    let mut plan = Plan::default();
    for (name, kept) in document.files {
        let content = match (kept.text, kept.hex) {
            (Some(text), _) => text.into_bytes(),
            (None, Some(hex)) => {
                from_hex(&hex).ok_or_else(|| Error::BaseBytes { path: path.clone(), name: name.clone() })?
            }
            (None, None) => return Err(Error::BaseBytes { path, name }),
        };
        let target = TargetPath::parse(&name)?;
        plan.add(target.clone(), Planned { content, executable: kept.executable })?;
        if kept.secret {
            plan.mark_masked(&target);
        }
    }
    Ok(plan)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_comes_back_as_it_was() {
        let mut plan = Plan::default();
        for (path, content) in [("a.txt", &b"text \xe3\x81\x82\n"[..]), ("bin/x", b"\x00\xff\x10"), ("empty", b"")] {
            let planned = Planned { content: content.to_vec(), executable: path.starts_with("bin") };
            plan.add(TargetPath::parse(path).unwrap(), planned).unwrap();
        }
        let temp = tempfile::tempdir().unwrap();
        write_base(&plan, temp.path()).unwrap();
        assert_eq!(read(temp.path()).unwrap(), plan);
    }

    #[test]
    fn a_broken_base_is_told() {
        #[track_caller]
        fn case(content: &str, expected: fn(&Error) -> bool) {
            let temp = tempfile::tempdir().unwrap();
            std::fs::write(temp.path().join(FILE), content).unwrap();
            let error = read(temp.path()).unwrap_err();
            assert!(expected(&error), "{error:?}");
        }
        case("", |error| matches!(error, Error::Base { .. }));
        case(r#"{"about": "", "format": 3, "files": {}}"#, |error| matches!(error, Error::BaseNewer { format: 3, .. }));
        case(r#"{"about": "", "format": 1, "files": {"a": {"hex": "0"}}}"#, |e| matches!(e, Error::BaseBytes { .. }));
        case(r#"{"about": "", "format": 1, "files": {"../a": {"text": ""}}}"#, |e| {
            matches!(e, Error::PathRefused { .. })
        });
        let temp = tempfile::tempdir().unwrap();
        assert!(matches!(read(temp.path()), Err(Error::BaseMissing { .. })));
    }
}
