//! One key: versions of an application that all name the same file in the bucket.
//!
//! Source: API reference, `CreateApplicationVersion` and `S3Location`: a bucket and a key, and no version of the object.

use std::ops::Range;

use crate::check::script::find_all;
use crate::check::subject::Subject;

pub(super) fn check(subject: &mut Subject<'_>) {
    let found = subject.builders().find_map(|(path, text)| Some((path, key_of_all(text)?)));
    let Some((path, span)) = found else { return };
    let text = subject.tree.text(path).unwrap_or_default();
    let key = &text[span.clone()];
    let message = format!(
        "an older version is not what it was: all of them name `{key}`, which each upload overwrites, and whoever deploys one gets the newest bundle"
    );
    let fix = "let the label be a part of the key, where the bundle is uploaded and here";
    subject.find("EB384", path, span, message, fix);
}

/// The key of a bundle that is always the same, where the label of the version is not.
fn key_of_all(text: &str) -> Option<Range<usize>> {
    find_all(text, "create-application-version").find_map(|begin| {
        let command = &text[begin.start..];
        let command = &command[..end_of(command)];
        let label = value_of(command, "--version-label")?;
        let at = command.find("S3Key=")? + "S3Key=".len();
        let ends = |char: char| char.is_whitespace() || "\"',}".contains(char);
        let key = &command[at..at + command[at..].find(ends).unwrap_or(command.len() - at)];
        let open = |value: &str| value.contains(['$', '`', '%', '<']) || value.contains("{{");
        (open(label) && !open(key) && !key.is_empty()).then(|| begin.start + at..begin.start + at + key.len())
    })
}

/// The value of an option, with its quotes.
fn value_of<'t>(command: &'t str, option: &str) -> Option<&'t str> {
    let rest = command[command.find(option)? + option.len()..].trim_start_matches([' ', '=', '\\', '\n']);
    Some(&rest[..rest.find(char::is_whitespace).unwrap_or(rest.len())])
}

/// Where a command ends that goes on over lines with `\` at their ends, or folded ones with options.
fn end_of(text: &str) -> usize {
    let mut at = 0;
    let mut continued = true;
    for line in text.split_inclusive('\n') {
        if !continued && !line.trim_start().starts_with("--") {
            break;
        }
        at += line.len();
        continued = line.trim_end().ends_with('\\');
    }
    at
}

#[cfg(test)]
mod tests {
    use super::key_of_all;

    #[track_caller]
    fn case(text: &str, key: Option<&str>) {
        assert_eq!(key_of_all(text).map(|span| &text[span]), key, "{text}");
    }

    #[test]
    fn keys_that_stay_the_same() {
        const BUNDLE: &str = "--source-bundle S3Bucket=shop,S3Key=app.zip";
        case(
            &format!("aws elasticbeanstalk create-application-version --version-label $SHA {BUNDLE}\n"),
            Some("app.zip"),
        );
        case(
            &format!(
                "aws elasticbeanstalk create-application-version \\\n  {BUNDLE} \\\n  --version-label \"${{{{ github.sha }}}}\"\n"
            ),
            Some("app.zip"),
        );
        case(
            &format!(
                "run: >-\n  aws elasticbeanstalk create-application-version\n  --version-label v-$N\n  {BUNDLE}\n"
            ),
            Some("app.zip"),
        );
        // A label of its own is refused the second time, and a key with a variable is another each time.
        case(&format!("create-application-version --version-label one {BUNDLE}\n"), None);
        for key in ["$SHA.zip", "app-${{ github.sha }}.zip", "\"app-$N.zip\"", ""] {
            case(
                &format!("create-application-version --version-label $SHA --source-bundle S3Bucket=b,S3Key={key}\n"),
                None,
            );
        }
        case(&format!("# create-application-version --version-label $SHA {BUNDLE}\n"), None);
        case(&format!("create-application-version --version-label $SHA\necho {BUNDLE}\n"), None);
    }
}
