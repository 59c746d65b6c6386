//! What becomes of a deployment in which a command fails, or is run once more.

use super::case;

fn container(rule: &str, found: bool, command: &str) {
    let config = format!("container_commands:\n  a:\n    leader_only: true\n    command: {command}\n");
    case(rule, found, &[("manage.py", ""), (".ebextensions/a.config", &config)]);
}

fn hook(rule: &str, found: bool, lines: &str) {
    let text = format!("#!/bin/bash\nsource /var/app/venv/*/bin/activate\n{lines}\n");
    case(rule, found, &[("manage.py", ""), (".platform/hooks/predeploy/a.sh", &text)]);
}

#[test]
fn migrations_that_fail_and_nobody_sees_it() {
    for lines in ["python manage.py migrate\necho done", "python manage.py migrate 2>&1 | tee /tmp/log"] {
        hook("EB177", true, lines);
    }
    for lines in [
        "python manage.py migrate",
        "python manage.py migrate || exit 1\necho done",
        "python manage.py migrate --check\necho a",
    ] {
        hook("EB177", false, lines);
    }
    container("EB177", true, "|\n      python manage.py migrate\n      python manage.py collectstatic --noinput");
    container("EB177", true, "\"python manage.py migrate --noinput; echo done\"");
    container("EB177", false, "\"python manage.py migrate --noinput && echo done\"");
    // YAML makes one line of them.
    container("EB177", false, ">\n      source x &&\n      python manage.py migrate\n      --noinput");
    container("EB177", true, "\"source x && python manage.py migrate\"\n    ignoreErrors: true");
}

#[test]
fn superusers_that_are_made_again() {
    for command in [
        "python manage.py createsuperuser --noinput",
        "createsuperuser.sh && python manage.py createsuperuser --no-input",
    ] {
        container("EB179", true, &format!("\"{command}\""));
        container("EB160", false, &format!("\"{command}\""));
    }
    container("EB179", false, "\"python manage.py createsuperuser --noinput || true\"");
    container("EB179", false, "\"python manage.py createsuperuser --noinput\"\n    ignoreErrors: true");
    container("EB179", false, "\"python manage.py createsuperuser --noinput\"\n    test: \"test ! -f /tmp/made\"");
    container("EB179", false, "\"python manage.py createsuperuser --noinput; true\"");
    container("EB160", true, "\"python manage.py createsuperuser\"");
    hook("EB179", true, "set -e\npython manage.py createsuperuser --noinput\npython manage.py check");
    hook("EB179", false, "python manage.py createsuperuser --noinput\npython manage.py check");
    hook("EB179", false, "if [ -n \"$X\" ]; then\n  python manage.py createsuperuser --noinput\nfi");
}
