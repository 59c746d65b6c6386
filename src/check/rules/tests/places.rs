//! What is named and is not there, and what is there and nobody reads.

use super::case;

#[test]
fn scripts_that_cron_does_not_find() {
    let line = |found: bool, run: &str, more: &[(&str, &str)]| {
        let config = format!(
            "files:\n  /etc/cron.d/x:\n    mode: '000644'\n    content: |\n      0 3 * * * root {run}\n  /usr/local/bin/send_mail.sh:\n    mode: '000755'\n    content: |\n      #!/bin/bash\n      ls\n"
        );
        let files = [(".ebextensions/a.config", config.as_str()), ("manage.py", "import django\n")];
        case("EB107", found, &[&files, more].concat());
    };
    line(true, "/usr/local/bin/send_mails.sh", &[]);
    line(true, "bash /usr/local/bin/send_the_mail.sh >> /var/log/x.log 2>&1", &[]);
    line(false, "/usr/local/bin/send_mail.sh", &[]);
    line(false, "/usr/local/bin/certbot renew", &[]);
    let makes = (".platform/hooks/predeploy/1.sh", "#!/bin/bash\ncp x /usr/local/bin/send_mails.sh\n");
    line(false, "/usr/local/bin/send_mails.sh", &[makes]);
    let bundle = |found: bool, more: &[(&str, &str)]| line(found, "/var/app/current/scripts/mail.sh", more);
    bundle(true, &[]);
    bundle(false, &[("scripts/mail.sh", "ls\n")]);
    bundle(false, &[(".platform/hooks/predeploy/1.sh", "#!/bin/bash\necho ls > /var/app/current/scripts/mail.sh\n")]);
    line(true, "/var/app/venv/staging-LQM1lest/bin/python /var/app/current/mail.py", &[]);
    line(false, "/var/app/venv/staging-LQM1lest/bin/python /var/app/current/mail.py", &[("mail.py", "")]);
}

#[test]
fn a_proxy_below_the_top() {
    let nested = |found: bool, more: &[(&str, &str)]| {
        let file = ("api/.platform/nginx/conf.d/a.conf", "client_max_body_size 20M;\n");
        case("EB140", found, &[&[file], more].concat());
    };
    nested(true, &[]);
    // Another bundle, or one that is put together.
    nested(false, &[("api/manage.py", "")]);
    nested(false, &[("api/Dockerfile", "")]);
    nested(false, &[("Buildfile", "make: cp -r api/.platform .\n")]);
}

#[test]
fn a_key_that_is_there_twice_with_one_value() {
    use crate::level::Level;
    let level = |text: &str| {
        let tree = crate::beanstalk::tree::Tree::default().file(".ebextensions/a.config", text).file("manage.py", "");
        let report = crate::check::run(&tree, &crate::check::Settings::default());
        report.findings.iter().find(|finding| finding.rule == "EB204").map(|finding| finding.level)
    };
    let entry = |one: &str, other: &str| {
        level(&format!("files:\n  /etc/a.conf:\n    owner: {one}\n    owner: {other}\n    content: x\n"))
    };
    assert_eq!(entry("root", "root"), Some(Level::Warning));
    assert_eq!(entry("root", "webapp"), Some(Level::Error));
    assert_eq!(level("commands:\n  a:\n    command: x\n  a:\n    command: x\n"), Some(Level::Error));
}
