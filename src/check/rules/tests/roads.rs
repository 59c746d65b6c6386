//! The same fault by another road, in another spelling, or in a place of nearly the right name.

use super::case;
use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};

const PLATFORM: (&str, &str) =
    (".elasticbeanstalk/config.yml", "global: {default_platform: Python 3.13 running on 64bit Amazon Linux 2023}\n");

#[track_caller]
fn hook(rule: &str, found: bool, lines: &str, more: &[(&str, &str)]) {
    let text = format!("#!/bin/bash\n{lines}\n");
    case(rule, found, &[&[(".platform/hooks/postdeploy/10_x.sh", text.as_str()), ("manage.py", "")], more].concat());
}

#[track_caller]
fn command(rule: &str, found: bool, line: &str, more: &[(&str, &str)]) {
    let config = format!("container_commands:\n  01_x:\n    command: '{line}'\n");
    case(rule, found, &[&[(".ebextensions/x.config", config.as_str()), ("manage.py", "")], more].concat());
}

#[track_caller]
fn file(rule: &str, found: bool, path: &str) {
    let tree = Tree::default().file(path, "#!/bin/bash\necho\n").file("manage.py", "");
    let report = run(&tree, &Settings::default());
    assert_eq!(report.findings.iter().any(|finding| finding.rule == rule), found, "{path}\n{report}");
}

#[test]
fn folders_of_nearly_the_right_name() {
    for path in [
        ".platform/hook/postdeploy/x.sh",
        ".platform/confighook/predeploy/x.sh",
        ".platform/predeploy/x.sh",
        ".platforms/hooks/postdeploy/x.sh",
        ".plattform/hooks/postdeploy/x.sh",
        "platform/hooks/postdeploy/x.sh",
        ".Platform/hooks/postdeploy/x.sh",
        ".platform/hooks/postdeploy/more/x.sh",
    ] {
        file("EB094", true, path);
    }
    for path in [".platform/hooks/postdeploy/x.sh", "shop/hooks/postdeploy/x.sh", "plat/hooks/postdeploy/x.sh"] {
        file("EB094", false, path);
    }
    for path in
        ["platform/nginx/conf.d/x.conf", ".platform/apache/conf.d/x.conf", ".ebextensions/a/hooks/predeploy/x.sh"]
    {
        file("EB140", true, path);
    }
    for path in
        [".Ebextensions/x.config", ".ebextensions_/x.config", "_ebextensions/x.config", ".ebextensions/x.config.txt"]
    {
        file("EB215", true, path);
    }
    file("EB215", false, "extensions/x.config");
}

#[test]
fn what_ignore_files_leave_out() {
    let ignored = |found: bool, path: &str, text: &str, more: &[(&str, &str)]| {
        case("EB156", found, &[&[(path, text), ("shop/models.py", "")], more].concat());
    };
    for pattern in ["migrations", "**/migrations/*.py", "shop/migrations/0*.py", "*_initial.py", "**/migrations/**"] {
        ignored(true, ".ebignore", &format!("node_modules/\n{pattern}\n"), &[]);
    }
    ignored(true, ".ebignore", "**/migrations/*.py\n!**/migrations/__init__.py\n", &[]);
    ignored(false, ".ebignore", "**/migrations/*.py\n!shop/migrations/*.py\n", &[]);
    ignored(false, ".ebignore", "node_modules/\n", &[]);
    ignored(true, ".gitignore", "migrations/\n", &[]);
    // Git goes on with what it has already.
    ignored(false, ".gitignore", "migrations/\n", &[("shop/migrations/0001_initial.py", "")]);
    let hidden = |found: bool, text: &str| case("EB215", found, &[(".ebignore", text)]);
    hidden(true, ".*\n");
    hidden(false, "/.platform/\n");
    hidden(false, ".*\n!.ebextensions\n!.platform\n");
}

#[test]
fn which_python_runs() {
    for line in [
        "/usr/bin/python3 /var/app/current/manage.py check",
        "source /var/app/venv/*/bin/activate && /usr/bin/python3 manage.py check",
    ] {
        hook("EB035", true, line, &[]);
    }
    hook("EB035", false, "/var/app/venv/staging/bin/python manage.py check", &[]);
    command("EB035", true, "celery -A shop purge -f", &[]);
    command("EB035", false, "source /var/app/venv/*/bin/activate && celery -A shop purge -f", &[]);
    let python = |found: bool, text: &str| case("EB035", found, &[(".platform/hooks/postdeploy/10_x", text)]);
    python(true, "#!/usr/bin/env python3\nimport os, django\ndjango.setup()\n");
    python(false, "#!/usr/bin/env python3\nimport os\n");
}

#[test]
fn properties_that_the_shell_splits() {
    const ENV: &str = "/opt/elasticbeanstalk/deployment/env";
    for line in [
        format!("for line in $(cat {ENV}); do export \"$line\"; done"),
        format!("source <(sed 's/^/export /' {ENV})"),
        format!("eval \"export $(cat {ENV})\""),
    ] {
        hook("EB071", true, &line, &[]);
    }
    for line in [
        "for name in $(/opt/elasticbeanstalk/bin/get-config environment | jq -r keys[]); do echo $name; done"
            .to_owned(),
        "eval \"$(/opt/elasticbeanstalk/bin/get-config environment | jq -r '.|\"export \\(.value|@sh)\"')\"".to_owned(),
        format!("source <(sed -E 's/=(.*)/=\"\\1\"/' {ENV})"),
    ] {
        hook("EB071", false, &line, &[]);
    }
}

#[test]
fn metadata_by_other_names() {
    hook("EB011", true, "curl -s http://instance-data/latest/meta-data/instance-id", &[]);
    let token =
        "T=$(curl -X PUT http://169.254.169.254/latest/api/token -H 'X-aws-ec2-metadata-token-ttl-seconds: 60')";
    // Asked for, and not sent.
    hook("EB011", true, &format!("{token}\ncurl -s http://169.254.169.254/latest/meta-data/instance-id"), &[]);
    let sent = "curl -H \"X-aws-ec2-metadata-token: $T\" http://169.254.169.254/latest/meta-data/instance-id";
    hook("EB011", false, &format!("{token}\n{sent}"), &[]);
    let open = "option_settings:\n  aws:autoscaling:launchconfiguration: {DisableIMDSv1: 'false'}\n";
    hook("EB011", false, "curl http://169.254.169.254/latest/meta-data/x", &[(".ebextensions/a.config", open)]);
    let settings = "import requests\nIP = requests.get(\"http://169.254.169.254/latest/meta-data/local-ipv4\").text\n";
    case("EB011", false, &[("mysite/settings.py", settings), (".ebextensions/a.config", open)]);
    let files = "files:\n  /usr/local/bin/x.sh:\n    mode: '000755'\n    content: |\n      #!/bin/bash\n      curl http://169.254.169.254/latest/meta-data/x\n";
    case("EB011", true, &[(".ebextensions/a.config", files)]);
}

#[test]
fn tables_of_cron_by_other_roads() {
    let table = ("cron/jobs", "0 3 * * * cd /var/app/current && python manage.py clearsessions\n");
    command("EB101", true, "crontab cron/jobs", &[table]);
    command("EB101", true, "cp cron/jobs /etc/cron.d/jobs", &[table]);
    command("EB101", false, "cp cron/jobs /etc/cron.d/jobs", &[("cron/jobs", "0 3 * * * root rm -f /tmp/x\n")]);
    command("EB101", true, "(crontab -l; echo \"0 1 * * * python /var/app/current/manage.py x\") | crontab -", &[]);
    let hourly = "files:\n  /etc/cron.hourly/x:\n    mode: '000755'\n    content: |\n      #!/bin/bash\n      python /var/app/current/manage.py x\n";
    case("EB101", true, &[(".ebextensions/a.config", hourly)]);
}

#[test]
fn scripts_that_do_not_ship() {
    let script = ("scripts/x.sh", "#!/bin/bash\necho\n");
    command("EB162", true, "bash scripts/x.sh", &[]);
    command("EB162", true, "./scripts/x.sh", &[]);
    command("EB162", true, "cd scripts && ./x.sh", &[("scripts/y.sh", "echo\n")]);
    command("EB162", false, "bash scripts/x.sh", &[script]);
    command("EB162", false, "cd $HERE && ./x.sh", &[]);
    command("EB162", false, "/usr/local/bin/x.sh", &[]);
    // Made on a desk, and ignored by git.
    command("EB290", true, "source venv/bin/activate && python manage.py check", &[]);
    command("EB162", false, "python -c \"import a.b\"", &[]);
    command("EB162", false, "bash -c \"ls /tmp/x\"", &[]);
    command("EB162", false, "python -m a.b", &[]);
    command("EB162", false, "curl -o x.sh https://example.org && bash x.sh", &[]);
    hook("EB162", true, "bash /var/app/current/scripts/x.sh", &[]);
    let other =
        [("backend/manage.py", ""), (".platform/hooks/predeploy/1.sh", "#!/bin/bash\npython manage.py check\n")];
    let tree = other.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, text));
    assert!(run(&tree, &Settings::default()).findings.iter().any(|finding| finding.rule == "EB162"));
    hook("EB092", true, "bash scripts/x.sh", &[("scripts/x.sh", "#!/bin/bash\r\necho\r\n")]);
}

#[test]
fn the_moment_counts() {
    let list = ("requirements.txt", "Django==5.2.8\npsycopg2==2.9.10\nthing @ git+https://example.org/thing\n");
    let all =
        |rule: &str, found: bool, path: &str, text: &str| case(rule, found, &[("manage.py", ""), list, (path, text)]);
    const HEADERS: &str = "#!/bin/bash\ndnf install -y libpq-devel gcc git\n";
    for rule in ["EB040", "EB052"] {
        all(rule, false, ".platform/hooks/prebuild/1.sh", HEADERS);
        all(rule, true, ".platform/hooks/predeploy/1.sh", HEADERS);
        all(
            rule,
            true,
            ".ebextensions/a.config",
            "container_commands:\n  a: {command: dnf install -y libpq-devel git}\n",
        );
        all(rule, false, ".ebextensions/a.config", "commands:\n  a: {command: dnf install -y libpq-devel git}\n");
    }
    let cwd = "container_commands:\n  a: {command: mkdir -p media, cwd: /var/app/current}\n";
    case("EB151", true, &[(".ebextensions/a.config", cwd)]);
    hook("EB151", true, "cp x /var/app/staging/x", &[]);
    hook("EB151", false, "cp x /var/app/current/x", &[]);
    let test = "container_commands:\n  a:\n    command: python manage.py migrate\n    test: '[ \"$EB_IS_COMMAND_LEADER\" = true ]'\n";
    case("EB030", false, &[(".ebextensions/a.config", test)]);
    hook("EB030", true, "flock /tmp/lock /var/app/venv/x/bin/python manage.py migrate", &[]);
}

#[test]
fn lines_of_pip() {
    let list = |rule: &str, found: bool, line: &str| {
        let text = format!("Django==5.2.8\n{line}\n");
        case(rule, found, &[("manage.py", ""), PLATFORM, ("requirements.txt", &text), ("libs/thing/setup.py", "")]);
    };
    list("EB040", false, "psycopg2==2.9.10; sys_platform == 'win32'");
    list("EB040", false, "psycopg2==2.9.10; python_version < '3.12'");
    list("EB040", true, "psycopg2==2.9.10; python_version >= '3.12'");
    list("EB051", true, "./vendor/thing-1.0-py3-none-any.whl");
    list("EB051", true, "C:\\Users\\me\\thing-1.0-py3-none-any.whl");
    list("EB051", false, "./libs/thing");
    list("EB051", false, "thing @ file:///var/app/staging/libs/thing");
    list("EB052", true, "hg+https://example.org/thing#egg=thing");
    let old = |rule: &str, found: bool, django: &str, platform: &str| {
        let platform = format!("global: {{default_platform: {platform} running on 64bit Amazon Linux 2023}}\n");
        let settings = ("mysite/settings.py", "CSRF_TRUSTED_ORIGINS = ['.example.org']\n");
        let files = [
            (".elasticbeanstalk/config.yml", platform.as_str()),
            ("requirements.txt", django),
            settings,
            ("manage.py", ""),
        ];
        case(rule, found, &files);
    };
    old("EB015", false, "Django<4", "Python 3.9");
    old("EB015", false, "Django>=3.1,<3.3", "Python 3.9");
    old("EB015", true, "Django>=4.2,<6", "Python 3.13");
    old("EB158", true, "Django<4", "Python 3.13");
    for (django, python, found) in [
        ("Django==1.8.19", "3.11", true),
        ("Django==1.11.29", "3.11", true),
        ("Django==2.0.13", "3.11", true),
        ("Django==2.1.15", "3.11", true),
        ("Django==2.2.28", "3.11", false),
        ("Django==2.2.28", "3.12", true),
        ("Django==3.1.14", "3.12", true),
        ("Django==3.2.25", "3.12", false),
        ("Django==4.0.10", "3.13", true),
        ("Django==4.1.13", "3.13", false),
        // An environment of a retired branch goes on, and has to move.
        ("Django==1.11.29", "3.9", true),
        ("Django==2.2.28", "3.9", true),
        ("Django==4.2.28", "3.9", false),
    ] {
        old("EB158", found, django, &format!("Python {python}"));
    }
    old("EB158", false, "Django<5", "Python 3.13");
    let poetry = "[tool.poetry.dependencies]\npython = \"^3.14\"\n";
    case("EB054", true, &[PLATFORM, ("pyproject.toml", poetry)]);
    let process = |found: bool, line: &str, packages: &str| {
        let files = [("Procfile", line), ("requirements.txt", packages), ("manage.py", "import django\n")];
        case("EB169", found, &files);
    };
    process(true, "web: uvicorn mysite.asgi:application\n", "Django==5.2.8\n");
    process(true, "web: gunicorn -k uvicorn.workers.UvicornWorker mysite.asgi\n", "Django==5.2.8\n");
    process(
        false,
        "web: gunicorn -k uvicorn_worker.UvicornWorker mysite.asgi\n",
        "Django==5.2.8\nuvicorn-worker==0.3\n",
    );
    process(true, "web: gunicorn mysite.wsgi\nworker: celery -A mysite worker\n", "Django==5.2.8\n");
    process(
        false,
        "web: gunicorn mysite.wsgi\nworker: celery -A mysite worker\n",
        "Django==5.2.8\ndjango-celery-beat==2.8\n",
    );
    process(false, "web: gunicorn mysite.wsgi\n", "Django==5.2.8\n");
}

#[test]
fn apps_that_nobody_installs() {
    let apps = |found: bool, apps: &str, packages: &str| {
        let settings = format!("INSTALLED_APPS = [{apps}]\n");
        let files = [
            ("mysite/settings.py", settings.as_str()),
            ("requirements.txt", packages),
            ("manage.py", "import django\n"),
        ];
        case("EB169", found, &files);
    };
    apps(true, "'channels'", "Django==5.2.8\ngunicorn==23.0.0\n");
    apps(false, "'channels'", "Django==5.2.8\nchannels==4.2.0\n");
    apps(false, "'shop', 'django.contrib.admin'", "Django==5.2.8\n");
    // Something that nobody here knows may bring it along.
    apps(false, "'rest_framework'", "Django==5.2.8\ndj-rest-auth==7.0\n");
}

#[test]
fn redirects_in_a_configuration_of_ones_own() {
    let whole = |found: bool, servers: &str| {
        let text = format!("events {{}}\nhttp {{\n{servers}\n}}\n");
        case("EB012", found, &[(".platform/nginx/nginx.conf", &text)]);
    };
    let asks = "if ($http_x_forwarded_proto != \"https\") { return 301 https://$host$request_uri; }";
    let health = "location /health/ { return 200; }";
    whole(true, &format!("server {{ listen 80; {asks} location / {{}} }}"));
    // Before any location is looked for, the `if` of the server has answered.
    whole(true, &format!("server {{ listen 80; {asks} {health} location / {{}} }}"));
    whole(true, &format!("server {{ listen 80; location / {{ {asks} }} }}"));
    whole(false, &format!("server {{ listen 80; {health} location / {{ {asks} }} }}"));
    whole(false, &format!("server {{ listen 80; location = /ping {{ return 200; }} location / {{ {asks} }} }}"));
    // The server that checks come to is another one.
    let named = format!("server {{ listen 80; server_name a.org; {asks} }}");
    whole(false, &format!("{named} server {{ listen 80 default_server; location / {{}} }}"));
    whole(true, &format!("server {{ listen 80; location / {{}} }} server {{ listen 80 default_server; {asks} }}"));
    case("EB012", false, &[(".platform/nginx/conf.d/a.conf", &named)]);
}

#[test]
fn proxies() {
    let server = |rule: &str, found: bool, text: &str| {
        case(rule, found, &[(".platform/nginx/conf.d/elasticbeanstalk/a.conf", text)]);
    };
    server("EB143", true, "keepalive_timeout 75;\n");
    server("EB143", true, "gzip on;\n");
    server("EB143", true, "location / { return 204; }\n");
    server("EB143", false, "location /x/ { return 204; }\n");
    let own = (".platform/nginx/conf.d/elasticbeanstalk/00_application.conf", "location / { return 204; }\n");
    case("EB143", false, &[own]);
    server("EB012", true, "if ($http_x_forwarded_proto != \"https\") { return 301 https://$host$request_uri; }\n");
    server("EB012", false, "if ($http_x_forwarded_proto = \"http\") { return 301 https://$host$request_uri; }\n");
    server(
        "EB012",
        true,
        "# for health checks\nif ($http_x_forwarded_proto != \"https\") { return 301 https://$host; }\n",
    );
    let apache = "option_settings:\n  aws:elasticbeanstalk:environment:proxy: {ProxyServer: apache}\n";
    let nginx = (".platform/nginx/conf.d/a.conf", "client_max_body_size 20m;\n");
    case("EB141", true, &[(".ebextensions/a.config", apache), nginx]);
    case("EB141", false, &[nginx]);
    let compose = |found: bool, ports: &str| {
        let text = format!("services:\n  web:\n    build: .\n    env_file: .env\n{ports}");
        let docker = (".elasticbeanstalk/config.yml", "global: {default_platform: Docker}\n");
        case("EB148", found, &[("docker-compose.yml", &text), docker]);
    };
    compose(true, "");
    compose(true, "    expose: [\"80\"]\n");
    compose(false, "    ports: [\"80:8000\"]\n");
    let text = "services:\n  db: {image: postgres, ports: ['5433:5432']}\n  web: {build: ., ports: ['8082:8082']}\n";
    let found = run(&Tree::default().file("docker-compose.yml", text).file("Procfile", ""), &Settings::default());
    let said = found.findings.iter().find(|finding| finding.rule == "EB148").map(|finding| finding.message.as_str());
    assert!(said.is_some_and(|said| said.contains("publish 5433 and 8082:")), "{found}");
}

#[test]
fn options_that_say_it_another_way() {
    let options = |rule: &str, found: bool, namespace: &str, lines: &str| {
        let config = format!("option_settings:\n  {namespace}:\n{lines}");
        case(rule, found, &[(".ebextensions/a.config", &config)]);
    };
    options("EB309", true, "aws:elbv2:listener:443", "    Protocol: HTTPS\n    SSLCertificateArns: ''\n");
    options("EB309", false, "aws:elbv2:listener:443", "    Protocol: HTTPS\n    ListenerEnabled: 'false'\n");
    let listener = |more: &str| {
        format!(
            "Resources:\n  L:\n    Type: AWS::ElasticLoadBalancingV2::Listener\n    Properties:\n      Port: 443\n      Protocol: HTTPS\n{more}"
        )
    };
    case("EB309", true, &[(".ebextensions/a.config", &listener(""))]);
    let with = "      Certificates: [{CertificateArn: 'arn:aws:acm:eu-west-1:1:certificate/x'}]\n";
    case("EB309", false, &[(".ebextensions/a.config", &listener(with))]);
    options("EB073", true, "aws:rds:dbinstance", "    DBPassword: h7Gk29xQpLm4Zt8w\n");
    for nothing in ["'{{resolve:secretsmanager:x}}'", "replace_with_actual", "UPDATE_ME", "dummy-value"] {
        options("EB073", false, "aws:rds:dbinstance", &format!("    DBPassword: {nothing}\n"));
    }
}

#[test]
fn metadata_that_a_helper_of_the_settings_asks_for() {
    let helper = |found: bool, settings: &str, text: &str| {
        case("EB011", found, &[("mysite/settings.py", settings), ("mysite/aws.py", text)]);
    };
    const ASKS: &str = "import requests\ndef ip():\n    return requests.get('http://169.254.169.254/latest/meta-data/local-ipv4').text\n";
    helper(true, "from .aws import ip\nALLOWED_HOSTS = [ip()]\n", ASKS);
    helper(true, "from mysite.aws import ip as address\nALLOWED_HOSTS = [address()]\n", ASKS);
    helper(true, "if True:\n    from mysite.aws import other, ip\n    ALLOWED_HOSTS = [ip()]\n", ASKS);
    helper(false, "from .aws import OTHER\nALLOWED_HOSTS = [OTHER]\n", ASKS);
    helper(false, "from .other import ip\nALLOWED_HOSTS = [ip()]\n", ASKS);
    let token = ASKS.replace("').text", "', headers={'X-aws-ec2-metadata-token': token()}).text");
    helper(false, "from .aws import ip\nALLOWED_HOSTS = [ip()]\n", &token);
}

#[test]
fn files_of_a_name_that_is_there_as_well() {
    let fix = |rule: &str, files: &[(&str, &str)]| {
        let tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, text));
        let found = run(&tree, &Settings::default()).findings.into_iter().find(|finding| finding.rule == rule);
        found.map(|finding| finding.fix).unwrap_or_default()
    };
    let options = "option_settings: {}\n";
    let (right, wrong) = ((".ebextensions/a.config", options), (".ebextensions/a-config", options));
    assert!(fix("EB140", &[wrong]).starts_with("rename it to `a.config`"));
    assert!(fix("EB140", &[wrong, right]).starts_with("delete it"));
    let yaml = (".ebextensions/a.config.yaml", options);
    assert!(fix("EB215", &[yaml]).starts_with("rename it to `a.config`"));
    assert!(fix("EB215", &[yaml, right]).starts_with("delete it"));
    let copy = [(".ebextensions/b.conf", "x\n"), (".platform/httpd/conf.d/b.conf", "x\n")];
    assert!(fix("EB215", &copy).contains("`.platform/httpd/conf.d/b.conf`"));
}

#[test]
fn the_branch_that_a_list_runs_on() {
    let fix = |list: &str| {
        let platform = "global: {default_platform: Python 3.8 running on 64bit Amazon Linux 2}\n";
        let tree = Tree::default().file(".elasticbeanstalk/config.yml", platform).file("manage.py", "");
        let findings = run(&tree.file("requirements.txt", list), &Settings::default()).findings;
        findings.into_iter().find(|finding| finding.rule == "EB120").map(|finding| finding.fix).unwrap_or_default()
    };
    assert!(fix("Django==3.2.25\n").starts_with("create an environment on `Python 3.11 running"));
    assert!(fix("Django==5.2.8\n").starts_with("create an environment on `Python 3.14 running"));
}
