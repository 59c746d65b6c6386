//! Causes of a failed step: lines of a deployment log, as people quote them in public reports, and the rules that explain them.

/// A line that people quote, and the rule that explains it: all `words` stand in it.
struct Cause {
    words: &'static [&'static str],
    rule: &'static str,
    /// Such a line, as public reports have it.
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests hold the words against it"))]
    example: &'static str,
}

const fn row(words: &'static [&'static str], rule: &'static str, example: &'static str) -> Cause {
    Cause { words, rule, example }
}

/// Known last lines. The first row that fits counts, so that the special ones stand before the general.
const CAUSES: [Cause; 30] = [
    row(&["pg_config executable not found"], "EB040", "Error: pg_config executable not found."),
    row(&["mysql_config", "not found"], "EB041", "OSError: mysql_config not found"),
    row(
        &["Can not find valid pkg-config name"],
        "EB041",
        "Exception: Can not find valid pkg-config name. Specify MYSQLCLIENT_CFLAGS and MYSQLCLIENT_LDFLAGS env vars manually",
    ),
    row(&["amazon-linux-extras", "not found"], "EB042", "/bin/sh: amazon-linux-extras: command not found"),
    row(
        &["Could not find the GDAL library"],
        "EB043",
        "django.core.exceptions.ImproperlyConfigured: Could not find the GDAL library (tried \"gdal\", \"GDAL\").",
    ),
    row(
        &["codec can't decode byte", "0xff"],
        "EB050",
        "UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte",
    ),
    row(
        &["Could not install packages due to an", "No such file or directory"],
        "EB051",
        "ERROR: Could not install packages due to an OSError: [Errno 2] No such file or directory: '/home/conda/work'",
    ),
    row(
        &["No matching distribution found for pywin32"],
        "EB051",
        "ERROR: No matching distribution found for pywin32==306",
    ),
    row(
        &["Cannot find command 'git'"],
        "EB052",
        "ERROR: Cannot find command 'git' - do you have 'git' installed and in your PATH?",
    ),
    row(
        &["requires a different Python"],
        "EB054",
        "ERROR: Package 'django' requires a different Python: 3.9.25 not in '>=3.10'",
    ),
    row(
        &["Ignored the following versions that require a different python version"],
        "EB054",
        "ERROR: Ignored the following versions that require a different python version: 5.2 Requires-Python >=3.10",
    ),
    row(
        &["is not a supported wheel on this platform"],
        "EB056",
        "ERROR: app-1.0-cp313-cp313-macosx_11_0_arm64.whl is not a supported wheel on this platform.",
    ),
    row(
        &["No space left on device"],
        "EB055",
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
    ),
    row(&["signal: killed"], "EB055", "install dependencies failed with error signal: killed"),
    row(
        &["/opt/python/", "No such file or directory"],
        "EB033",
        "/bin/sh: /opt/python/run/venv/bin/activate: No such file or directory",
    ),
    row(
        &["Couldn't import Django"],
        "EB035",
        "ImportError: Couldn't import Django. Are you sure it's installed and available on your PYTHONPATH environment variable?",
    ),
    row(&["No module named 'application'"], "EB002", "ModuleNotFoundError: No module named 'application'"),
    row(&["Failed to find attribute 'application'"], "EB002", "Failed to find attribute 'application' in 'shop'."),
    row(
        &["must either define the environment variable DJANGO_SETTINGS_MODULE"],
        "EB111",
        "You must either define the environment variable DJANGO_SETTINGS_MODULE or call settings.configure()",
    ),
    row(
        &["The SECRET_KEY setting must not be empty"],
        "EB024",
        "django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.",
    ),
    row(&["KeyError: 'SECRET_KEY'"], "EB024", "KeyError: 'SECRET_KEY'"),
    row(
        &["Missing staticfiles manifest entry"],
        "EB023",
        "ValueError: Missing staticfiles manifest entry for 'shop/site.css'",
    ),
    row(
        &["without having set the STATIC_ROOT setting"],
        "EB021",
        "You're using the staticfiles app without having set the STATIC_ROOT setting to a filesystem path.",
    ),
    row(&["exec format error"], "EB092", "fork/exec .platform/hooks/predeploy/01_migrate.sh: exec format error"),
    row(
        &["fork/exec", "permission denied"],
        "EB092",
        "fork/exec .platform/hooks/predeploy/01_migrate.sh: permission denied",
    ),
    row(
        &["Permission denied: '/var/log/"],
        "EB090",
        "PermissionError: [Errno 13] Permission denied: '/var/log/app.log'",
    ),
    row(
        &["attempt to write a readonly database"],
        "EB080",
        "django.db.utils.OperationalError: attempt to write a readonly database",
    ),
    row(&["supervisorctl", "not found"], "EB100", "/bin/sh: supervisorctl: command not found"),
    row(
        &["Contains invalid key"],
        "EB202",
        "Error processing file (Skipping): '.ebextensions/a.config' - Contains invalid key: 'Commands'",
    ),
    row(
        &["contains invalid YAML or JSON"],
        "EB095",
        "The configuration file .ebextensions/a.config in application version v1 contains invalid YAML or JSON.",
    ),
];

/// The rule that explains a line.
pub(super) fn rule(line: &str) -> Option<&'static str> {
    CAUSES.iter().find(|row| row.words.iter().all(|words| line.contains(words))).map(|row| row.rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_line_has_a_rule_that_has_a_page() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/reference/rules");
        let pages: String = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
            .collect();
        for row in &CAUSES {
            assert_eq!(rule(row.example), Some(row.rule), "{}", row.example);
            assert!(pages.contains(&format!("## {} ", row.rule)), "there is no page for {}", row.rule);
        }
        assert_eq!(rule("Everything went well."), None);
    }
}
