//! Unrooted: uploads without `MEDIA_ROOT`. Django keeps them in the folder that the server stands in.

use std::ops::Range;

use super::backends::Backend;
use crate::check::django::{Settings, Value};
use crate::check::subject::Subject;
use crate::level::Level;

const FIELDS: [&str; 2] = ["models.FileField(", "models.ImageField("];

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings, backend: Backend<'_>) {
    let options = settings.value("STORAGES").by_default().get("default").by_default().get("OPTIONS");
    let is_told = *settings.value("MEDIA_ROOT") != Value::Missing || *options != Value::Missing;
    // A volume may be where a container stands.
    if is_told || !backend.is_here() || subject.composes() {
        return;
    }
    let tree = subject.tree;
    let found = subject.loaded().iter().filter(|module| !module.path.contains("test")).find_map(|module| {
        let span = field(tree.code(&module.path)?)?;
        Some((module.path.clone(), span))
    });
    let Some((path, span)) = found else { return };
    let lost = "uploads are lost with the next deployment, and each instance sees its own only: without `MEDIA_ROOT` they lie in the folder that the server stands in";
    let fix = "keep them in S3, with `django-storages` and the role of the instance";
    if backend.is_undecided() {
        let message = format!("unless a variable of the environment says otherwise, {lost}");
        subject.find("EB082", &path, span, message, fix).level = Level::Note;
    } else {
        subject.find("EB082", &path, span, lost, fix);
    }
}

/// The first field for files that names no storage of its own.
fn field(text: &str) -> Option<Range<usize>> {
    let mut found: Vec<Range<usize>> =
        FIELDS.iter().flat_map(|word| text.match_indices(word)).map(|(at, word)| at..at + word.len()).collect();
    found.sort_by_key(|span| span.start);
    let own = |span: &Range<usize>| {
        let line = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
        let begins = !text[line..span.start].contains('#') && text[line..span.start].trim_end().ends_with('=');
        begins && !arguments(&text[span.end..]).contains("storage")
    };
    found.into_iter().find(own).map(|span| span.start..span.end - 1)
}

/// What stands between the brackets of a call, of which the first is open.
fn arguments(text: &str) -> &str {
    let mut depth = 1_usize;
    let end = text.char_indices().find(|(_, char)| {
        match char {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        depth == 0
    });
    &text[..end.map_or(text.len(), |(at, _)| at)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_take_files() {
        let found = |line: &str| field(&format!("class A(models.Model):\n    {line}\n")).is_some();
        for line in ["f = models.FileField(upload_to='x')", "f = models.ImageField(\n        upload_to=at(x),\n    )"] {
            assert!(found(line), "{line}");
        }
        for line in [
            "# f = models.FileField(upload_to='x')",
            "f = models.FileField(\n        storage=S3(), upload_to='x')",
            "f = forms.FileField()",
            "f = models.FilePathField(path='x')",
        ] {
            assert!(!found(line), "{line}");
        }
    }
}
