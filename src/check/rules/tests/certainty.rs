//! How sure a rule may be: what is an error, what has its condition, and what nobody may claim.

use super::{PROCFILE, WSGI};
use crate::beanstalk::tree::Tree;
use crate::check::{Settings, WorkTree, run};
use crate::level::Level;

const APPS: &str = "INSTALLED_APPS = ['django.contrib.staticfiles']\nSTATIC_ROOT = BASE_DIR / 'collected'\n";
const MANAGE: (&str, &str) = ("manage.py", "from django.core.management import execute_from_command_line\n");

/// Level, message and fix of what this rule says, in a folder of which git knows or does not.
fn said(rule: &str, work_tree: WorkTree, files: &[(&str, &str)]) -> Vec<(Level, String, String)> {
    let tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, *text));
    let found = run(&tree, &Settings { work_tree, ..Settings::default() }).findings.into_iter();
    found.filter(|finding| finding.rule == rule).map(|finding| (finding.level, finding.message, finding.fix)).collect()
}

#[track_caller]
fn level(rule: &str, expected: Option<Level>, files: &[(&str, &str)]) {
    let found = said(rule, WorkTree::Top, files);
    assert_eq!(found.first().map(|(level, ..)| *level), expected, "{files:#?}\n{found:#?}");
}

#[test]
fn files_of_settings_that_nobody_has_read() {
    let leader = "container_commands:\n  a:\n    command: source /var/app/venv/*/bin/activate && python manage.py collectstatic --noinput\n    leader_only: true\n";
    let config = (".ebextensions/a.config", leader);
    for (rule, sure) in [("EB031", Level::Error), ("EB093", Level::Warning)] {
        level(rule, Some(sure), &[PROCFILE, WSGI, config, ("mysite/settings.py", APPS)]);
        level(rule, Some(Level::Note), &[PROCFILE, WSGI, config]);
        let elsewhere = format!("{APPS}if os.environ.get('BUCKET'):\n    STATICFILES_STORAGE = 'storages.S3'\n");
        level(rule, None, &[PROCFILE, WSGI, config, ("mysite/settings.py", &elsewhere)]);
    }
}

#[test]
fn what_a_gitignore_leaves_out_of_a_copy() {
    let ignored = |work_tree| {
        let files = [(".gitignore", "migrations/\n"), ("shop/models.py", "x = 1\n")];
        said("EB156", work_tree, &files).into_iter().map(|(level, ..)| level).collect::<Vec<_>>()
    };
    assert_eq!((ignored(WorkTree::Below), ignored(WorkTree::None)), (vec![Level::Warning], vec![Level::Note]));
    let missing = |work_tree| {
        let files = [PROCFILE, WSGI, MANAGE, (".gitignore", "settings.py\n"), ("mysite/urls.py", "x = 1\n")];
        said("EB111", work_tree, &files).into_iter().map(|(level, ..)| level).collect::<Vec<_>>()
    };
    assert_eq!((missing(WorkTree::Top), missing(WorkTree::None)), (vec![Level::Error], vec![Level::Note]));
}

#[test]
fn the_history_that_lies_above_a_project() {
    let history = |work_tree| {
        let files = [PROCFILE, WSGI, MANAGE, (".gitignore", "*.pyc\n"), (".ebignore", "*.pyc\n")];
        said("EB345", work_tree, &files).len()
    };
    assert_eq!([WorkTree::Top, WorkTree::Below].map(history), [1, 0]);
}

#[test]
fn logs_that_root_makes_before_the_server_does() {
    let logging = |file: &str| {
        format!("LOGGING = {{'handlers': {{'file': {{'class': 'logging.FileHandler', 'filename': '{file}'}}}}}}\n")
    };
    let relative = logging("error.log");
    let settings = ("mysite/settings.py", relative.as_str());
    let hook = |moment: &str| format!(".platform/hooks/{moment}/a.sh");
    let text = "#!/bin/bash\nsource /var/app/venv/*/bin/activate\npython manage.py check\n";
    let config =
        "container_commands:\n  a:\n    command: source /var/app/venv/*/bin/activate && python manage.py migrate\n";
    let logs = |found: bool, path: &str, text: &str| {
        let expected = found.then_some(Level::Warning);
        level("EB090", expected, &[PROCFILE, WSGI, MANAGE, settings, (path, text)]);
    };
    logs(true, ".ebextensions/a.config", config);
    logs(true, &hook("predeploy"), text);
    logs(false, &hook("postdeploy"), text);
    logs(false, &hook("predeploy"), "#!/bin/bash\nls\n");
    // The server is no root, and may make no file there, whoever comes first.
    let outside = |found: bool, file: &str, text: &str| {
        let logging = logging(file);
        let expected = found.then_some(Level::Warning);
        let hook = (".platform/hooks/predeploy/a.sh", text);
        level("EB090", expected, &[PROCFILE, WSGI, MANAGE, ("mysite/settings.py", &logging), hook]);
    };
    outside(true, "/var/log/a.log", "#!/bin/bash\nls\n");
    outside(false, "/var/log/a.log", "#!/bin/bash\nchown webapp /var/log\n");
    outside(false, "/tmp/a.log", "#!/bin/bash\nls\n");
    outside(false, "/dev/stdout", "#!/bin/bash\nls\n");
    logs(false, &hook("predeploy"), "#!/bin/bash\nsudo -u webapp -E python manage.py check\n");
}

#[test]
fn the_address_of_an_instance_that_nobody_needs() {
    let asks = "ADDRESS = requests.get('http://169.254.169.254/latest/meta-data/local-ipv4').text\n";
    let hosts = |expected: Level, list: &str, more: &str| {
        let text = format!("import requests\nALLOWED_HOSTS = {list}\n{asks}{more}");
        level("EB011", Some(expected), &[PROCFILE, WSGI, ("mysite/settings.py", &text)]);
        level("EB114", None, &[PROCFILE, WSGI, ("mysite/settings.py", &text)]);
    };
    hosts(Level::Error, "['a.org']", "");
    hosts(Level::Note, "['*']", "if ADDRESS:\n    ALLOWED_HOSTS.append(ADDRESS)\n");
    hosts(Level::Note, "['*']", "ALLOWED_HOSTS += addresses()\n");
}

#[test]
fn a_guess_with_a_sign_that_points_elsewhere() {
    let docker = [
        ("Dockerfile", "FROM python\nEXPOSE 80\n"),
        ("docker-compose.yml", "services:\n  web:\n    build: .\n"),
        MANAGE,
    ];
    let hook = |text: &str| format!("#!/bin/bash\n{text}python manage.py migrate\n");
    let migrates = |expected: Level, text: &str| {
        let hook = hook(text);
        level("EB147", Some(expected), &[&docker[..], &[(".platform/hooks/postdeploy/a.sh", hook.as_str())]].concat());
    };
    migrates(Level::Error, "");
    migrates(Level::Warning, "if [ -d /var/app/venv ]; then source /var/app/venv/*/bin/activate; fi\n");
}

#[test]
fn where_a_file_of_the_proxy_comes_into_force() {
    #[track_caller]
    fn fix(path: &str, text: &str, expected: &str) {
        let found = said("EB140", WorkTree::Top, &[(path, text)]);
        assert_eq!(found.first().map(|(_, _, fix)| fix.as_str()), Some(expected), "{path}\n{found:#?}");
    }
    const LOCATION: &str = "location /media/ {\n  alias /var/app/current/media/;\n}\n";
    const SIZE: &str = "client_max_body_size 20M;\n";
    fix(".ebextensions/nginx/conf.d/a.conf", SIZE, "move it to `.platform/nginx/conf.d/a.conf`");
    fix(".ebextensions/nginx/conf.d/a.conf", LOCATION, "move it to `.platform/nginx/conf.d/elasticbeanstalk/a.conf`");
    fix("api/.platform/nginx/conf.d/a.conf", LOCATION, "move it to `.platform/nginx/conf.d/elasticbeanstalk/a.conf`");
    fix(".platform/nginx/a.conf", LOCATION, "move it to `.platform/nginx/conf.d/elasticbeanstalk/a.conf`");
    fix(".platform/nginx/conf.d/a.config", SIZE, "rename it to `a.conf`, or delete it if nobody has missed it");
    let nginx = "move it to `.platform/nginx/nginx.conf`, where it takes the place of the platform's own";
    fix(".ebextensions/nginx/nginx.conf", "events {\n}\n", nginx);
    let written = "files:\n  /etc/nginx/conf.d/b.conf:\n    content: |\n      client_max_body_size 20M;\n";
    let alone = "put the lines that it writes into `/etc/nginx/conf.d/b.conf` alone into `.platform/nginx/conf.d/b.conf`, and delete it";
    fix(".platform/nginx/conf.d/a.config", written, alone);
    fix(".platform/nginx/a.conf", written, alone);
    let options = "option_settings:\n  aws:elasticbeanstalk:command:\n    Timeout: 900\n";
    fix(".platform/nginx/a.config", options, "move it to `.ebextensions/a.config`: it is no file of nginx's");
}

#[test]
fn a_port_that_a_browser_asks_for() {
    let services = "services:\n  db:\n    image: postgres\n    ports: ['5432:5432']\n  web:\n    build: .\n    ports: ['5000:5001']\n";
    let docker = (".elasticbeanstalk/config.yml", "global: {default_platform: Docker}\n");
    let found = said("EB148", WorkTree::Top, &[docker, ("docker-compose.yml", services)]);
    assert_eq!(found[0].2, "publish it: `80:5001` for a server that listens on 5001");
}

#[test]
fn the_folder_of_manage_py() {
    let config = (".ebextensions/a.config", "container_commands:\n  a:\n    command: python manage.py migrate\n");
    let found = said("EB162", WorkTree::Top, &[config, ("src/manage.py", MANAGE.1)]);
    assert!(found[0].1.ends_with("there is no `manage.py` in the bundle; `manage.py` is in `src`"), "{found:?}");
    assert_eq!(found[0].2, "go there first: `cd src`");
    let found = said("EB162", WorkTree::Top, &[config, ("src/manage.py", MANAGE.1), ("api/manage.py", MANAGE.1)]);
    assert!(found[0].1.ends_with("there is no `manage.py` in the bundle"), "{found:?}");
}

#[test]
fn options_that_functions_give_a_value() {
    let listener = |certificate: &str| {
        format!("option_settings:\n  aws:elb:listener:443:\n    ListenerProtocol: HTTPS\n{certificate}")
    };
    let function = listener("    SSLCertificateId:\n      \"Fn::GetOptionSetting\": {OptionName: ARN}\n");
    level("EB205", Some(Level::Note), &[(".ebextensions/a.config", &function)]);
    level("EB309", None, &[(".ebextensions/a.config", &function)]);
    let by_list = "option_settings:\n  - namespace: aws:ec2:vpc\n    option_name: ELBSubnets\n    value: { \"Ref\": \"subnets\" }\n";
    level("EB205", Some(Level::Note), &[(".ebextensions/a.config", by_list)]);
    let map = listener("    SSLCertificateId: {arn: x}\n");
    level("EB205", Some(Level::Error), &[(".ebextensions/a.config", &map)]);
    let comment = listener("    # SSLCertificateId: x\n");
    level("EB309", Some(Level::Error), &[(".ebextensions/a.config", &comment)]);
}

#[test]
fn bundles_of_other_languages() {
    let php = [
        ("composer.json", "{}\n"),
        (".platform/nginx/conf.d/elasticbeanstalk/a.conf", "location / {\n  try_files $uri /index.php;\n}\n"),
    ];
    level("EB143", None, &php);
    level("EB143", Some(Level::Error), &[&php[..], &[("app.py", "x = 1\n")]].concat());
    let windows = "files:\n  \"C:\\\\scripts\\\\a.ps1\":\n    content: x\n";
    let found = said("EB217", WorkTree::Top, &[(".ebextensions/a.config", windows)]);
    assert!(found[0].1.contains("is a path of Windows"), "{found:?}");
}
