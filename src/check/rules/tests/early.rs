//! Files that commands need, where they are not there or not yet.

use super::case;
use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};

const LIST: (&str, &str) = ("requirements.txt", "Django==5.2.8\n");

#[track_caller]
fn command(rule: &str, found: bool, section: &str, line: &str, more: &[(&str, &str)]) {
    let config = format!("{section}:\n  01_a:\n    command: |\n      {line}\n");
    case(rule, found, &[&[(".ebextensions/a.config", config.as_str()), LIST], more].concat());
}

#[test]
fn files_that_are_copied_or_changed() {
    let after =
        |found: bool, line: &str, more: &[(&str, &str)]| command("EB162", found, "container_commands", line, more);
    after(true, "cp config/production.py config/local.py", &[]);
    after(true, "cp -f .env.production .env", &[]);
    after(true, "mv settings.prod.yml settings.yml", &[]);
    after(true, "chmod +x scripts/x.sh", &[]);
    after(true, "chmod +x scripts/x.sh && ./scripts/x.sh", &[]);
    after(true, "chmod 755 scripts/y.sh scripts/x.sh", &[("scripts/y.sh", "echo\n")]);
    after(true, "sed -i 's/a/b/' conf/x.ini", &[]);
    after(true, "source deploy/vars.sh && echo", &[]);
    after(true, "/var/app/venv/*/bin/pip install -r more.txt", &[]);
    after(false, "/var/app/venv/*/bin/python -m pip install -r requirements.txt", &[]);
    after(false, "chmod +x scripts/x.sh", &[("scripts/x.sh", "echo\n")]);
    after(false, "cp config/production.py config/local.py", &[("config/production.py", "")]);
    // Whoever lets it fail, or asks first.
    after(false, "chmod +x scripts/x.sh || true", &[]);
    after(false, "chmod -f +x scripts/x.sh", &[]);
    after(false, "[ -f scripts/x.sh ] && chmod +x scripts/x.sh", &[]);
    after(false, "if [ -f a.conf ]; then cp a.conf /etc/a.conf; fi", &[]);
    // What else makes it.
    after(false, "aws s3 cp s3://bucket/x.sh scripts/x.sh && chmod +x scripts/x.sh", &[]);
    after(false, "aws s3 sync s3://bucket/conf conf && cp conf/x.ini /etc/x.ini", &[]);
    after(false, "cp a.yml b.yml && chmod 600 b.yml", &[("a.yml", "")]);
    after(false, "chmod +x scripts/x.sh", &[("buildspec.yml", "commands: [make scripts/x.sh]\n")]);
    // What the site makes, and what nobody knows the place of.
    after(false, "chmod 664 db.sqlite3", &[]);
    after(false, "chmod -R 755 static", &[]);
    after(false, "chmod +x .platform/hooks/postdeploy/*.sh", &[]);
    after(false, "cp $HERE/x.conf /etc/x.conf", &[]);
    let tested = "container_commands:\n  01_a:\n    command: chmod +x scripts/x.sh\n    test: test -f scripts/x.sh\n";
    case("EB162", false, &[(".ebextensions/a.config", tested), LIST]);
    let ignored = "container_commands:\n  01_a:\n    command: chmod +x scripts/x.sh\n    ignoreErrors: true\n";
    case("EB162", false, &[(".ebextensions/a.config", ignored), LIST]);
}

#[test]
fn a_file_that_two_scripts_read_is_made_by_none_of_them() {
    let config =
        "container_commands:\n  01_a: {command: bash scripts/x.sh}\n  02_b: {command: chmod +x scripts/x.sh}\n";
    case("EB162", true, &[(".ebextensions/a.config", config), LIST]);
    let hook = (".platform/hooks/predeploy/a.sh", "#!/bin/bash\necho > scripts/x.sh\n");
    case("EB162", false, &[(".ebextensions/a.config", config), LIST, hook]);
}

#[test]
fn a_hook_that_goes_on_says_so() {
    let hook = |text: &str| {
        let tree =
            Tree::default().file("requirements.txt", "Django==5.2.8\n").file(".platform/hooks/predeploy/a.sh", text);
        let found = run(&tree, &Settings::default()).findings;
        found.into_iter().find(|finding| finding.rule == "EB162").map(|finding| (finding.level, finding.message))
    };
    let (level, message) = hook("#!/bin/bash\nchmod +x scripts/x.sh\necho\n").unwrap();
    assert!(level == crate::level::Level::Warning && message.contains("goes on without it"), "{message}");
    let (level, message) = hook("#!/bin/bash -e\nchmod +x scripts/x.sh\necho\n").unwrap();
    assert!(level == crate::level::Level::Error && message.contains("fails"), "{message}");
}

#[test]
fn commands_before_the_bundle_is_there() {
    let script = ("scripts/x.sh", "echo\n");
    let before = |found: bool, line: &str, more: &[(&str, &str)]| command("EB225", found, "commands", line, more);
    for line in [
        "bash scripts/x.sh",
        "./scripts/x.sh",
        "chmod +x scripts/x.sh",
        "cp scripts/x.sh /usr/local/bin/x",
        "bash /var/app/staging/scripts/x.sh",
    ] {
        before(true, line, &[script]);
        command("EB225", false, "container_commands", line, &[script]);
    }
    before(true, "python3 jobs/setup.py", &[("jobs/setup.py", "")]);
    before(true, "pip3 install -r more.txt", &[("more.txt", "six\n")]);
    // What is not in the bundle may be on the instance, and so may what something brings there.
    before(false, "bash scripts/y.sh", &[script]);
    before(false, "bash /opt/scripts/x.sh", &[script]);
    before(false, "cd /opt && bash scripts/x.sh", &[script]);
    before(false, "curl -o scripts/x.sh https://example.org && bash scripts/x.sh", &[script]);
    before(false, "bash scripts/x.sh || true", &[script]);
    before(false, "[ -f scripts/x.sh ] && bash scripts/x.sh", &[script]);
    before(false, "pip install -r requirements.txt", &[]);
    let elsewhere = "commands:\n  01_a: {command: bash scripts/x.sh, cwd: /opt/shop}\n";
    case("EB225", false, &[(".ebextensions/a.config", elsewhere), LIST, script]);
    let tested = "commands:\n  01_a: {command: bash scripts/x.sh, test: test -f scripts/x.sh}\n";
    case("EB225", false, &[(".ebextensions/a.config", tested), LIST, script]);
}
