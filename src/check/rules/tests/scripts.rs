//! Hooks, commands and tables of cron: what a script means by its words.

use super::{PROCFILE, case};
use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};
use crate::level::Level;

#[test]
fn who_asks_for_the_leader_and_until_where() {
    let hook = |found: bool, lines: &str| {
        let hook = format!("#!/bin/bash\nsource /var/app/venv/*/bin/activate\n{lines}\n");
        case("EB031", found, &[(".platform/hooks/predeploy/10_x.sh", &hook)]);
    };
    let asks = "[ \"$EB_IS_COMMAND_LEADER\" = \"true\" ]";
    let collects = "python manage.py collectstatic --noinput";
    hook(true, &format!("if {asks}; then\n  {collects}\nfi"));
    hook(true, &format!("if {asks}; then {collects}; fi"));
    hook(true, &format!("{asks} && {collects}"));
    hook(true, &format!("if [ \"$EB_IS_COMMAND_LEADER\" != \"true\" ]; then exit 0; fi\n{collects}"));
    hook(true, &format!("{asks} || exit 0\n{collects}"));
    hook(false, &format!("if {asks}; then python manage.py migrate --noinput; fi\n{collects}"));
    hook(false, &format!("if {asks}; then echo; else {collects}; fi"));
    hook(false, &format!("{asks} && python manage.py migrate --noinput\n{collects}"));
    // The others are asked for in more ways than one, with an `if` and without.
    let others = [
        format!("! {asks}"),
        "[ \"$EB_IS_COMMAND_LEADER\" != true ]".to_owned(),
        "[ ! \"$EB_IS_COMMAND_LEADER\" = true ]".to_owned(),
        "[[ \"$EB_IS_COMMAND_LEADER\" -ne 1 ]]".to_owned(),
        "[ -z \"$EB_IS_COMMAND_LEADER\" ]".to_owned(),
    ];
    for others in &others {
        hook(false, &format!("{others} && {collects}"));
        hook(false, &format!("if {others}; then {collects}; fi"));
        hook(false, &format!("{others} || exit 0\n{collects}"));
        hook(true, &format!("{others} && exit 0\n{collects}"));
        hook(true, &format!("if {others}; then exit 0; fi\n{collects}"));
    }
    hook(true, &format!("[ ! -z \"$EB_IS_COMMAND_LEADER\" ] && {collects}"));
}

#[test]
fn a_hook_that_stops_at_failures_fails() {
    let level = |lines: &str| {
        let hook = format!("{lines}\namazon-linux-extras install postgresql14\necho\n");
        let tree = Tree::default().file("Procfile", PROCFILE.1).file(".platform/hooks/prebuild/10_x.sh", hook);
        let report = run(&tree, &Settings::default());
        report.findings.iter().find(|finding| finding.rule == "EB042").map(|finding| finding.level)
    };
    for lines in
        ["#!/bin/bash\nset -xe", "#!/bin/bash\nset -o errexit", "#!/bin/bash -e", "#!/bin/bash\nset -euo pipefail"]
    {
        assert_eq!(level(lines), Some(Level::Error), "{lines}");
    }
    for lines in ["#!/bin/bash", "#!/bin/bash\nset -x", "#!/bin/bash\nset -e\nset +e", "#!/bin/bash\n# set -e"] {
        assert_eq!(level(lines), Some(Level::Warning), "{lines}");
    }
}

#[test]
fn a_file_that_is_made_executable_is_not_run_by_that() {
    let hook = |found: bool, command: &str| {
        let config = format!(
            "files:\n  \"/opt/elasticbeanstalk/hooks/appdeploy/post/a.sh\":\n    mode: \"000755\"\n    content: |\n      #!/bin/bash\n      echo\ncontainer_commands:\n  a:\n    command: \"{command}\"\n"
        );
        case("EB036", found, &[(".ebextensions/a.config", &config)]);
    };
    hook(true, "chmod +x /opt/elasticbeanstalk/hooks/appdeploy/post/a.sh");
    hook(false, "/opt/elasticbeanstalk/hooks/appdeploy/post/a.sh");
    hook(false, "bash /opt/elasticbeanstalk/hooks/appdeploy/post/a.sh");
}

#[test]
fn properties_are_read_word_by_word_in_any_line() {
    let hook = |found: bool, line: &str| {
        let file = format!(
            "files:\n  \"/usr/local/bin/job.sh\":\n    mode: \"000755\"\n    content: |\n      #!/bin/bash\n      # export $(cat /opt/elasticbeanstalk/deployment/env | xargs)\n      {line}\n"
        );
        case("EB071", found, &[(".ebextensions/a.config", &file)]);
    };
    for splits in [
        "export $(cat /opt/elasticbeanstalk/deployment/env | xargs)",
        "export `cat /opt/elasticbeanstalk/deployment/env`",
        "export $(sudo -n cat /opt/elasticbeanstalk/deployment/env)",
        "export $(su -c 'cat /opt/elasticbeanstalk/deployment/env')",
        "export $(sudo /opt/elasticbeanstalk/bin/get-config --output YAML environment | sed 's/: /=/')",
        "export $(/usr/bin/grep -v '^#' /opt/elasticbeanstalk/deployment/env)",
        "E=/opt/elasticbeanstalk/deployment/env; export $(xargs < x; cat $E)",
        "env $(sudo -u root cat /opt/elasticbeanstalk/deployment/env | xargs) celery",
        "sudo -E env $(cat /opt/elasticbeanstalk/deployment/env) celery",
        "bash -c 'source /opt/elasticbeanstalk/deployment/env; celery'",
        "cat > /a.sh <<'EOF'\n      . /opt/elasticbeanstalk/deployment/env\n      EOF",
    ] {
        hook(true, splits);
    }
    for keeps in [
        "echo",
        "export A=\"$(/opt/elasticbeanstalk/bin/get-config environment -k A)\"",
        "export $(grep -v '^#' .env)",
        "cat /opt/elasticbeanstalk/deployment/env",
        "echo 'export $(cat /opt/elasticbeanstalk/deployment/env)'",
    ] {
        hook(false, keeps);
    }
}

#[test]
fn the_environment_is_not_there_before_it_is_made() {
    let hook = |found: bool, moment: &str, lines: &str| {
        let path = format!(".platform/hooks/{moment}/10_x.sh");
        case("EB225", found, &[(&path, &format!("#!/bin/bash\n{lines}\n"))]);
    };
    hook(true, "prebuild", "source /var/app/venv/*/bin/activate\npip install x");
    hook(true, "prebuild", "A=$(echo /var/app/venv/*/bin/activate)\n. \"$A\"");
    hook(false, "predeploy", "source /var/app/venv/*/bin/activate");
    hook(false, "prebuild", "ls /var/app/venv");
    hook(false, "prebuild", "# source /var/app/venv/*/bin/activate\necho");
}

#[test]
fn what_runs_in_a_container_runs_on_every_instance() {
    let hook = |found: bool, line: &str| {
        let files = [
            ("Dockerfile", "FROM python:3.13\nEXPOSE 8000\n"),
            (".platform/hooks/postdeploy/10_x.sh", &format!("#!/bin/bash\n{line}\n")),
        ];
        let tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, text));
        let report = run(&tree, &Settings::default());
        let rules: Vec<&str> = report.findings.iter().map(|finding| finding.rule).collect();
        assert_eq!(rules.contains(&"EB030"), found, "{line}: {report}");
        assert!(!rules.contains(&"EB147"), "{line}: {report}");
    };
    hook(true, "docker exec \"$ID\" sh -lc 'python manage.py migrate --noinput'");
    hook(true, "docker exec -e A=1 $(docker ps -q) python manage.py migrate --noinput");
    hook(true, "docker-compose exec -T web python manage.py migrate --noinput");
    hook(false, "[ \"$EB_IS_COMMAND_LEADER\" = true ] && docker exec $ID python manage.py migrate --noinput");
    hook(false, "docker ps");
}

#[test]
fn what_runs_in_a_container_is_not_looked_for_on_the_instance() {
    const MIGRATE: &str = "#!/bin/sh\npython manage.py migrate --noinput\n";
    let rules = |platform: (&str, &str), line: &str| {
        let hook = format!("#!/bin/bash\n{line}\n");
        let files =
            [platform, ("migrate.sh", MIGRATE), ("manage.py", ""), (".platform/hooks/postdeploy/10_x.sh", &hook)];
        let tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, *text));
        let report = run(&tree, &Settings::default());
        report.findings.iter().map(|finding| finding.rule).collect::<Vec<_>>()
    };
    let docker = ("Dockerfile", "FROM python:3.13\nEXPOSE 8000\n");
    for (platform, rule, line) in [
        (docker, "EB100", "supervisorctl restart all"),
        (docker, "EB042", "yum install -y postgresql14-devel"),
        (docker, "EB147", "./migrate.sh"),
        (docker, "EB147", "sh ./migrate.sh"),
        (docker, "EB147", "python manage.py migrate --noinput"),
        (docker, "EB033", "ls /opt/python/log"),
        (docker, "EB060", "sh -c 'echo x > /etc/nginx/conf.d/a.conf'"),
        (docker, "EB060", "cp a.conf /etc/nginx/conf.d/a.conf"),
        (PROCFILE, "EB035", "python manage.py migrate --noinput"),
        (PROCFILE, "EB161", "pip install x"),
        (PROCFILE, "EB033", "chown wsgi x"),
        (PROCFILE, "EB093", "cp x /var/app/current/x"),
    ] {
        assert!(rules(platform, line).contains(&rule), "{line}");
        for leader in ["docker exec $ID", "sudo docker compose exec -T web"] {
            assert!(!rules(platform, &format!("{leader} {line}")).contains(&rule), "{leader} {line}");
        }
    }
    // What the instance's own shell writes, and what it runs itself beside the container.
    assert!(rules(docker, "docker exec web cat a.conf > /etc/nginx/conf.d/a.conf").contains(&"EB060"));
    let both = "docker exec web python manage.py check\npython manage.py migrate --noinput";
    assert!(rules(docker, both).contains(&"EB147"));
}

#[test]
fn lines_of_cron() {
    let cron = |rule: &str, found: bool, content: &str| {
        let config = format!("files:\n  /etc/cron.d/a:\n    mode: \"000644\"\n    content: {content}\n");
        case(rule, found, &[(".ebextensions/a.config", &config)]);
    };
    cron("EB106", true, "|\n      0 1 * * * python manage.py x");
    cron("EB106", true, "|\n      @daily /usr/bin/x y");
    cron("EB106", true, "\"0 1 * * * root x\"");
    cron("EB106", true, "|\n      0 1 * * * root");
    cron("EB106", false, "|\n      PATH=/usr/bin\n      # daily\n      @daily root x");
    cron("EB106", false, "|\n      0 1 * * * root /usr/bin/x");
    cron("EB102", true, "|\n      SHELL=/bin/bash\n      0 1 * * * root python manage.py x");
    cron("EB102", false, "|\n      DJANGO_SECRET=x\n      0 1 * * * root python manage.py x");
    cron("EB102", false, "|\n      0 1 * * * root /var/app/current/bin/manage x");
    cron("EB160", true, "|\n      0 1 * * * root docker system prune");
    cron("EB160", true, "|\n      0 1 * * * root /usr/bin/docker image prune --filter until=24h");
    cron("EB160", false, "|\n      0 1 * * * root docker system prune -af");
    cron("EB160", false, "|\n      0 1 * * * root yes | docker system prune");
    cron("EB160", false, "|\n      0 1 * * * root logger docker prune");
}

#[test]
fn files_of_the_first_amazon_linux() {
    let file = |found: bool, more: &[(&str, &str)]| {
        let config = "files:\n  /opt/python/log/site.log: {mode: '000666', content: 'log'}\n";
        case("EB033", found, &[&[(".ebextensions/a.config", config)], more].concat());
    };
    file(true, &[]);
    file(true, &[("notes.md", "/opt/python/log/site.log")]);
    file(true, &[("mysite/settings.py", "LOG = '/opt/python/log/other.log'\n")]);
    file(false, &[("mysite/settings.py", "LOG = '/opt/python/log/site.log'\n")]);
}

#[test]
fn folders_and_scripts_of_the_first_amazon_linux() {
    let commands = |found: bool, cwd: &str, more: &str| {
        let config = format!("commands:\n  a: {{command: 'ls', cwd: {cwd}}}\n{more}");
        case("EB033", found, &[(".ebextensions/a.config", &config)]);
    };
    commands(true, "/opt/elasticbeanstalk/hooks", "");
    commands(true, "/opt/python/current/app", "");
    commands(false, "/opt/pythonic", "");
    commands(false, "/opt/elasticbeanstalk", "");
    commands(false, "/opt/python/log", "  '0': {command: 'mkdir -p /opt/python/log'}\n");
    let called = |found: bool, line: &str, by: &str| {
        let config = format!(
            "files:\n  /usr/local/bin/mail.sh:\n    mode: \"000755\"\n    content: |\n      #!/bin/bash\n      {line}\n  /etc/cron.d/mail:\n    mode: \"000644\"\n    content: |\n      0 1 * * * root {by}\n"
        );
        case("EB033", found, &[(".ebextensions/a.config", &config)]);
    };
    const OLD: &str = "source /opt/python/run/venv/bin/activate && python manage.py mail";
    called(true, OLD, "/usr/local/bin/mail.sh");
    called(false, "source /var/app/venv/*/bin/activate", "/usr/local/bin/mail.sh");
    called(false, &format!("# {OLD}"), "/usr/local/bin/mail.sh");
    // Nobody calls it.
    called(false, OLD, "/usr/bin/date");
}

#[test]
fn the_python_that_sudo_finds() {
    let command = |found: bool, line: &str| {
        let config = format!("container_commands:\n  a:\n    command: |\n      {line}\n");
        case("EB035", found, &[(".ebextensions/a.config", &config)]);
    };
    const IN: &str = "source /var/app/venv/*/bin/activate";
    command(true, &format!("{IN} && sudo -E python manage.py check"));
    command(true, &format!("{IN} && sudo -u webapp bash -c 'python manage.py check'"));
    command(true, &format!("{IN} && su - webapp -c 'python manage.py check'"));
    command(false, &format!("{IN} && su webapp -c 'python manage.py check'"));
    command(false, &format!("{IN} && runuser -u webapp python manage.py check"));
    command(false, &format!("sudo -u webapp bash -c '{IN} && python manage.py check'"));
    command(false, &format!("{IN} && sudo env PATH=$PATH python manage.py check"));
    command(false, "sudo /var/app/venv/*/bin/python manage.py check");
}

#[test]
fn cron_starts_at_home() {
    let cron = |found: bool, table: &str, script: &str| {
        let config = format!(
            "files:\n  /etc/cron.d/a:\n    mode: \"000644\"\n    content: |\n      {table}\n  /usr/local/bin/a.sh:\n    mode: \"000755\"\n    content: |\n      #!/bin/bash\n      {script}\n"
        );
        case("EB107", found, &[("shop/manage.py", ""), (".ebextensions/a.config", &config)]);
    };
    let line = |found: bool, command: &str| cron(found, &format!("0 3 * * * root {command}"), "echo");
    line(true, "python manage.py a");
    line(true, "./manage.py a");
    line(true, "flock -n /tmp/a sudo -E -u webapp bash -c 'python manage.py a'");
    line(true, "cd /var/app/current && python manage.py a");
    line(true, "python /var/app/current/manage.py a");
    line(false, "python /var/app/current/shop/manage.py a");
    line(false, "cd /var/app/current/shop && python manage.py a");
    line(false, "cd /var/app/current; cd shop/; ./manage.py a");
    line(false, "cd /var/app/current && python shop/manage.py a");
    line(false, "sudo -u webapp bash -c 'cd /var/app/current/shop && python manage.py a'");
    line(false, "cd $HOME/a && python manage.py a");
    line(false, "cd /home/ec2-user/a && python manage.py a");
    line(false, "docker exec web python manage.py a");
    cron(false, "HOME=/var/app/current/shop\n      0 3 * * * root python manage.py a", "echo");
    cron(true, "HOME=/var/app/current\n      0 3 * * * root python manage.py a", "echo");
    let script = |found: bool, script: &str| cron(found, "0 3 * * * root /usr/local/bin/a.sh", script);
    script(true, "source /var/app/venv/*/bin/activate\n      python manage.py a");
    script(true, "cd /var/app/current\n      python manage.py a");
    script(false, "cd /var/app/current/shop || exit 1\n      python manage.py a");
    script(false, "cd \"$(dirname \"$0\")\"\n      python manage.py a");
    script(false, ". /usr/local/bin/goes_there\n      python manage.py a");
    cron(false, "0 3 * * * root cd /var/app/current/shop && bash /usr/local/bin/a.sh", "python manage.py a");
    // Nothing starts it.
    cron(false, "0 3 * * * root echo", "python manage.py a");
}

#[test]
fn tables_that_scripts_write() {
    let rules = |files: &[(&str, &str)]| {
        let files = [&[("manage.py", "")], files].concat();
        let tree = files.iter().fold(Tree::default(), |tree, (path, content)| tree.file(path, content));
        run(&tree, &Settings::default()).findings.iter().map(|finding| finding.rule).collect::<Vec<_>>()
    };
    let hook = |found: &[&str], silent: &[&str], script: &str, more: &[(&str, &str)]| {
        const PATH: &str = ".platform/hooks/postdeploy/10_cron.sh";
        let command =
            format!("container_commands:\n  a:\n    command: |\n      {}\n", script.replace('\n', "\n      "));
        let roads = [(PATH, format!("#!/bin/bash\n{script}\n")), (".ebextensions/a.config", command)];
        for (path, text) in &roads {
            let rules = rules(&[&[(*path, text.as_str())], more].concat());
            assert!(found.iter().all(|rule| rules.contains(rule)), "{script}: {found:?} in {rules:?}");
            assert!(!silent.iter().any(|rule| rules.contains(rule)), "{script}: none of {silent:?} in {rules:?}");
        }
    };
    const LINE: &str = "cd /var/app/current && python manage.py x";
    const ALL: [&str; 2] = ["EB101", "EB102"];
    hook(&ALL, &["EB106", "EB219"], &format!("echo '0 3 * * * root {LINE}' > /etc/cron.d/x"), &[]);
    hook(&ALL, &["EB106"], &format!("echo \"0 3 * * * root {LINE}\" | sudo tee /etc/cron.d/x"), &[]);
    hook(&ALL, &["EB106"], &format!("FILE=/etc/cron.d/x\necho \"0 3 * * * root {LINE}\" > \"$FILE\""), &[]);
    hook(&ALL, &["EB106"], &format!("cat > /etc/cron.d/x <<'END'\nPATH=/usr/bin\n0 3 * * * root {LINE}\nEND"), &[]);
    hook(&ALL, &["EB106"], &format!("echo '0 3 * * * {LINE}' | crontab -"), &[]);
    hook(&ALL, &["EB106"], &format!("crontab - <<END\n0 3 * * * {LINE}\nEND"), &[]);
    hook(&ALL, &["EB106"], &format!("echo '0 3 * * * {LINE}' > /tmp/x\ncrontab /tmp/x"), &[]);
    hook(&ALL, &["EB106"], &format!("echo '0 3 * * * root {LINE}' > /tmp/x\nsudo mv /tmp/x /etc/cron.d/x"), &[]);
    // In a table of `crontab` there is no user, in one of the folder there is.
    hook(&["EB106"], &[], &format!("echo '0 3 * * * root {LINE}' | crontab -"), &[]);
    hook(&["EB106"], &[], &format!("echo '0 3 * * * {LINE}' > /etc/cron.d/x"), &[]);
    hook(&["EB106"], &[], "printf '0 3 * * * root /usr/bin/x' > /etc/cron.d/x", &[]);
    hook(&[], &["EB106"], "printf '0 3 * * * root /usr/bin/x\\n' > /etc/cron.d/x", &[]);
    hook(&["EB107"], &[], "echo '0 3 * * * root python manage.py x' > /etc/cron.d/x", &[]);
    hook(&["EB160"], &[], "echo '0 3 * * * docker system prune' | crontab -", &[]);
    // What is added is added again.
    hook(&["EB219"], &[], "echo '0 3 * * * root /usr/bin/x' >> /etc/cron.d/x", &[]);
    hook(&["EB219"], &[], "echo '0 3 * * * root /usr/bin/x' >> /etc/crontab", &[]);
    hook(&["EB219"], &[], "(crontab -l; echo '0 3 * * * /usr/bin/x') | crontab -", &[]);
    hook(&[], &["EB219"], "(crontab -l | grep -v /usr/bin/x; echo '0 3 * * * /usr/bin/x') | crontab -", &[]);
    hook(&[], &["EB219"], "rm -f /etc/cron.d/x\necho '0 3 * * * root /usr/bin/x' >> /etc/cron.d/x", &[]);
    hook(&[], &["EB219"], "echo 'PATH=/usr/bin' > /etc/cron.d/x\necho '0 3 * * * root y' >> /etc/cron.d/x", &[]);
    // A file of the bundle, or of `files`.
    let table = format!("0 3 * * * {LINE}\n");
    for path in ["crontab", "deploy/site.cron", ".ebextensions/jobs"] {
        hook(&ALL, &["EB106"], &format!("crontab {path}"), &[(path, &table)]);
        hook(&ALL, &["EB106"], &format!("crontab -u webapp /var/app/staging/{path}"), &[(path, &table)]);
        hook(&ALL, &["EB106"], &format!("cat {path} | crontab -"), &[(path, &table)]);
        hook(&["EB106"], &[], &format!("cp {path} /etc/cron.d/site"), &[(path, &table)]);
    }
    let files = format!("files:\n  /tmp/jobs:\n    mode: \"000644\"\n    content: |\n      {table}");
    hook(&ALL, &["EB106"], "crontab /tmp/jobs", &[(".ebextensions/b.config", &files)]);
    // What a script copies to where cron finds it is a script of the bundle.
    let asks = ("tools/ask", "#!/bin/bash\ncurl -X POST http://localhost/report\n");
    let copied = "TO=/usr/local/bin/ask\ncp -f /var/app/staging/scripts/ask \"$TO\"\necho \"0 3 * * * root $TO\" > /etc/cron.d/x";
    hook(&["EB101"], &[], copied, &[("scripts/ask", asks.1)]);
    hook(&[], &["EB101"], copied, &[asks]);
    // What keeps the machine in order, what is no table, and what removes one.
    for script in [
        "echo '0 3 * * * root /usr/sbin/logrotate /etc/logrotate.conf' > /etc/cron.d/x",
        "echo 'it runs at 0 3 * * * root' > /tmp/x",
        "crontab -r",
        "crontab -l",
        "rm -f /etc/cron.d/x",
    ] {
        hook(&[], &["EB101", "EB102", "EB106", "EB219"], script, &[]);
    }
    // One instance has it, until that one is replaced.
    let asks = "if [ \"$EB_IS_COMMAND_LEADER\" = \"true\" ]; then";
    hook(&["EB101"], &[], &format!("{asks}\n  echo '0 3 * * * root /usr/bin/x' > /etc/cron.d/x\nfi"), &[]);
    let files = |found: &[&str], path: &str, line: &str| {
        let config = format!("files:\n  {path}:\n    mode: \"000644\"\n    content: |\n      {line}\n");
        let rules = rules(&[(".ebextensions/a.config", &config)]);
        assert!(found.iter().all(|rule| rules.contains(rule)), "{path}: {found:?} in {rules:?}");
    };
    files(&ALL, "/etc/crontab", &format!("0 3 * * * root {LINE}"));
    files(&["EB101", "EB106"], "/var/spool/cron/root", &format!("0 3 * * * root {LINE}"));
}

#[test]
fn each_line_is_found_once() {
    let found = |line: &str| {
        let config = format!("commands:\n  a:\n    command: |\n      {line}\n");
        let tree = Tree::default().file(".ebextensions/a.config", &config);
        let report = run(&tree, &Settings::default());
        report.findings.iter().map(|finding| (finding.rule, finding.level)).collect::<Vec<_>>()
    };
    const LIST: &str = "yum list installed epel-release";
    const INSTALL: &str = "yum install -y epel-release";
    assert_eq!(found(&format!("{LIST} && {INSTALL} || {INSTALL}")), [("EB042", Level::Error)]);
    assert_eq!(found(&format!("{INSTALL} || true")), [("EB042", Level::Warning)]);
    assert_eq!(found(&format!("true && {INSTALL} || true")), [("EB042", Level::Warning)]);
    assert_eq!(found(&format!("{INSTALL}; true || true")), [("EB042", Level::Error)]);
    const HOOK: &str = "/opt/elasticbeanstalk/hooks/appdeploy/post/x.sh";
    let hook = format!("cat x > {HOOK} && chmod 755 {HOOK} && sed -i 's/a/b/' {HOOK}");
    assert_eq!(found(&hook), [("EB036", Level::Error)]);
}

#[test]
fn names_of_packages() {
    let listed = |found: bool, name: &str| {
        let config = format!("packages:\n  yum:\n    {name}: []\n");
        case("EB042", found, &[(".ebextensions/a.config", &config)]);
    };
    let installed = |found: bool, names: &str| {
        let hook = format!("#!/bin/bash\ndnf install -y {names}\n");
        case("EB042", found, &[(".platform/hooks/prebuild/1.sh", &hook)]);
    };
    for name in ["postgresql93", "postgresql96-libs", "python36*", "httpd24*", "java-1.8.0-openjdk", "'gcc gcc-c++'"] {
        listed(true, name);
        installed(true, name);
    }
    for name in
        ["gcc*", "postgresql15", "postgresql16-server", "java-17-amazon-corretto", "python3*", "libjpeg-turbo-devel"]
    {
        listed(false, name);
        installed(false, name);
    }
    // What `dnf` knows, and `packages` does not.
    for name in ["'@Development Tools'", "postgresql-devel", "mysql-devel"] {
        listed(true, name);
        installed(false, name);
    }
    installed(false, "\"$PACKAGES and more\"");
    let grouped =
        "#!/bin/bash\nyum groupinstall -y \"Development Tools\"\ndnf group install -y \"Development Tools\"\n";
    case("EB042", false, &[(".platform/hooks/prebuild/1.sh", grouped)]);
}

#[test]
fn units_that_start() {
    let hook = |found: bool, program: &str, more: &str, files: &[(&str, &str)]| {
        let text = format!(
            "#!/bin/bash\ncat > /etc/systemd/system/a.service <<EOF\n[Service]\nExecStart={program}\nEOF\n{more}\n"
        );
        case("EB174", found, &[&[(".platform/hooks/postdeploy/1.sh", text.as_str())], files].concat());
    };
    const START: &str = "systemctl daemon-reload\nsystemctl restart a";
    hook(false, "/usr/bin/python3 x", START, &[]);
    hook(false, "/bin/sh -c 'exec /var/app/venv/*/bin/x'", START, &[]);
    hook(false, "$VENV/bin/x", START, &[]);
    hook(true, "/var/app/venv/*/bin/x", START, &[]);
    hook(true, "/var/app/current/bin/x.sh", START, &[]);
    hook(false, "/var/app/current/bin/x.sh", START, &[("bin/x.sh", "")]);
    hook(true, "/usr/bin/python3 x", "", &[]);
    hook(true, "/usr/bin/python3 x", "systemctl enable a", &[]);
    hook(false, "/usr/bin/python3 x", "systemctl enable --now a.service", &[]);
    hook(false, "/usr/bin/python3 x", "for unit in a b; do systemctl restart $unit; done", &[]);
    let started =
        (".ebextensions/b.config", "services:\n  sysvinit:\n    a:\n      enabled: true\n      ensureRunning: true\n");
    hook(false, "/usr/bin/python3 x", "", &[started]);
    let copied = |found: bool, text: &str| {
        let hook = "#!/bin/bash\ncp .platform/files/a.service /etc/systemd/system/\nsystemctl restart a\n";
        case("EB174", found, &[(".platform/files/a.service", text), (".platform/hooks/postdeploy/1.sh", hook)]);
    };
    copied(true, "[Service]\nExecStart=/var/app/venv/*/bin/x\n");
    copied(false, "[Service]\nExecStart=/usr/bin/x\n");
    // Nobody writes a `*` into the line of a unit.
    let old = "#!/bin/bash\ncat > /etc/systemd/system/a.service <<EOF\nExecStart=/opt/python/run/venv/bin/x\nEOF\nsystemctl restart a\n";
    let tree = Tree::default().file("Procfile", PROCFILE.1).file(".platform/hooks/postdeploy/1.sh", old);
    let report = run(&tree, &Settings::default());
    assert!(report.findings.iter().any(|finding| finding.rule == "EB033" && !finding.fixable), "{report}");
}

#[test]
fn what_supervisord_would_read() {
    let file = "files:\n  \"/etc/supervisor/conf.d/celery.conf\":\n    mode: \"000644\"\n    content: |\n      [program:celery]\n";
    case("EB100", true, &[(".ebextensions/a.config", file)]);
    case("EB100", false, &[(".ebextensions/a.config", file), ("requirements.txt", "supervisor==4.2.5\n")]);
    let own = format!("{file}commands:\n  a: {{command: 'pip3 install supervisor'}}\n");
    case("EB100", false, &[(".ebextensions/a.config", &own)]);
}
