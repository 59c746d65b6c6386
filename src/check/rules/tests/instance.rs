//! What is done on an instance that nobody has, or that does more than is meant.

use super::case;
use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};

const PLATFORM: (&str, &str) =
    (".elasticbeanstalk/config.yml", "global: {default_platform: Python 3.13 running on 64bit Amazon Linux 2023}\n");
const MANAGE: (&str, &str) = ("manage.py", "import django\n");

#[track_caller]
fn command(rule: &str, found: bool, line: &str, more: &[(&str, &str)]) {
    let config = format!("container_commands:\n  01_x:\n    command: |\n      {line}\n");
    case(rule, found, &[&[PLATFORM, MANAGE, (".ebextensions/a.config", config.as_str())], more].concat());
}

#[test]
fn commands_of_applications_that_are_not_installed() {
    let unknown = |found: bool, line: &str, apps: &str, more: &[(&str, &str)]| {
        let settings = format!("INSTALLED_APPS = [{apps}]\n");
        let line = format!("source /var/app/venv/*/bin/activate && {line}");
        command("EB347", found, &line, &[&[("mysite/settings.py", settings.as_str())], more].concat());
    };
    const FILE: (&str, &str) = ("mysite/management/commands/createsu.py", "create_superuser('a', 'a@b.c', 'secret')\n");
    unknown(true, "python manage.py createsu", "'django.contrib.auth'", &[FILE]);
    unknown(false, "python manage.py createsu", "'django.contrib.auth', 'mysite'", &[FILE]);
    unknown(true, "python manage.py createsu", "'django.contrib.auth'", &[]);
    unknown(false, "python manage.py createsu", "'django.contrib.auth', 'wagtail.admin'", &[]);
    unknown(true, "python manage.py compress", "'django.contrib.auth'", &[]);
    unknown(false, "python manage.py migrate", "'django.contrib.auth'", &[]);
    unknown(false, "python manage.py createsu --settings=mysite.other", "'django.contrib.auth'", &[FILE]);
    // Of two projects, nobody knows which.
    unknown(false, "python manage.py createsu", "'django.contrib.auth'", &[FILE, ("other/manage.py", "")]);
    // What fails makes no administrator.
    let settings = |apps: &str| format!("INSTALLED_APPS = [{apps}]\n");
    let line = "source /var/app/venv/*/bin/activate && python manage.py createsu";
    command("EB112", false, line, &[FILE, ("mysite/settings.py", &settings("'django.contrib.auth'"))]);
    command("EB112", true, line, &[FILE, ("mysite/settings.py", &settings("'django.contrib.auth', 'mysite'"))]);
}

#[test]
fn the_list_that_the_platform_installs() {
    let fix = |list: &str, line: &str| {
        let config = format!("container_commands:\n  01_x:\n    command: {line}\n");
        let tree = Tree::default().file("requirements.txt", list).file("requirements/dev.txt", "pytest\n");
        let tree = tree.file("Procfile", "web: gunicorn shop.wsgi\n").file(".ebextensions/a.config", config);
        let report = run(&tree, &Settings::default());
        let found = report.findings.into_iter().find(|finding| finding.rule == "EB161").expect(line);
        (found.level.word().to_owned(), found.fix.starts_with("take it out"))
    };
    let is = |level: &str, out: bool| (level.to_owned(), out);
    assert_eq!(fix("requests==2.32.3\n", "pip install -r requirements.txt"), is("warning", true));
    assert_eq!(fix("requests==2.32.3\n", "pip3 install -U -r /var/app/staging/requirements.txt"), is("warning", true));
    assert_eq!(fix("django==5.2.1\n", "pip install -r requirements.txt"), is("error", true));
    assert_eq!(fix("django==5.2.1\n", "pip install -r requirements.txt || true"), is("warning", true));
    assert_eq!(fix("django==5.2.1\n", "pip3.11 install -r requirements.txt"), is("warning", true));
    assert_eq!(fix("django==4.2.1\n", "pip install -r requirements.txt"), is("warning", true));
    assert_eq!(fix("django==5.2.1\n", "pip install -r requirements/dev.txt"), is("warning", false));
    assert_eq!(fix("django==5.2.1\n", "pip install -r requirements.txt boto3"), is("warning", false));
}

#[test]
fn folders_that_nginx_lists() {
    let lists = |found: bool, text: &str| {
        case("EB306", found, &[PLATFORM, (".platform/nginx/conf.d/elasticbeanstalk/a.conf", text)]);
    };
    lists(true, "location /media/ { alias /var/media/; autoindex on; }\n");
    lists(true, "location /static/ { alias /var/app/current/static/; autoindex on; }\n");
    lists(false, "location /media/ { alias /var/media/; autoindex off; }\n");
    lists(false, "location /media/ { alias /var/media/; }\n");
    lists(false, "location /app/ { proxy_pass http://127.0.0.1:8000; autoindex on; }\n");
    lists(false, "# autoindex on;\n");
}

#[test]
fn copies_of_the_properties() {
    let copies = |found: bool, line: &str| command("EB348", found, line, &[]);
    copies(true, "cp /opt/elasticbeanstalk/deployment/env /opt/app.env && chmod 644 /opt/app.env");
    copies(true, "chmod 644 /opt/elasticbeanstalk/deployment/env");
    copies(true, "/opt/elasticbeanstalk/bin/get-config environment > /etc/app.json");
    copies(true, "/opt/elasticbeanstalk/bin/get-config environment | jq -r . > /etc/profile.d/app.sh");
    copies(false, "cp /opt/elasticbeanstalk/deployment/env /opt/app.env");
    copies(false, "cp /opt/elasticbeanstalk/deployment/env /opt/app.env && chmod 600 /opt/app.env");
    copies(false, "/opt/elasticbeanstalk/bin/get-config environment > /etc/app.json && chmod 600 /etc/app.json");
    copies(false, "umask 077 && /opt/elasticbeanstalk/bin/get-config environment > /etc/app.json");
    copies(false, "/opt/elasticbeanstalk/bin/get-config environment -k HOST > /etc/host");
    copies(false, "/opt/elasticbeanstalk/bin/get-config environment > /dev/null");
    copies(false, "chmod 644 /etc/app.json");
    // What is there keeps its mode.
    copies(false, "/opt/elasticbeanstalk/bin/get-config environment > /opt/elasticbeanstalk/deployment/env");
}

#[test]
fn rows_that_are_written_again() {
    const KEYS: (&str, &str) =
        ("shop/fixtures/pages.json", "[{\"model\": \"shop.page\", \"pk\": 1, \"fields\": {}}]\n");
    let loads = |found: bool, line: &str, file: (&str, &str)| command("EB370", found, line, &[file]);
    for name in ["pages.json", "pages", "shop/fixtures/pages.json", "--app shop pages"] {
        loads(true, &format!("python manage.py loaddata {name}"), KEYS);
    }
    loads(true, "python manage.py loaddata shop/data/pages.json", ("shop/data/pages.json", "[]\n"));
    loads(false, "python manage.py loaddata pages.json || true", KEYS);
    loads(false, "python manage.py loaddata others.json", KEYS);
    loads(false, "if [ -f /tmp/first ]; then python manage.py loaddata pages.json; fi", KEYS);
}

#[test]
fn uploads_of_views_and_of_the_admin() {
    const URLS: (&str, &str) =
        ("mysite/urls.py", "from django.contrib import admin\nurlpatterns = [path('admin/', admin.site.urls)]\n");
    const SETTINGS: (&str, &str) =
        ("mysite/settings.py", "ROOT_URLCONF = 'mysite.urls'\nINSTALLED_APPS = ['django.contrib.admin', 'shop']\n");
    const MODELS: (&str, &str) = ("shop/models.py", "class Photo(models.Model):\n    image = models.ImageField()\n");
    const ADMIN: (&str, &str) = ("shop/admin.py", "admin.site.register(Photo)\n");
    const LIMIT: (&str, &str) = (".platform/nginx/conf.d/a.conf", "client_max_body_size 20m;\n");
    let takes = |found: bool, more: &[(&str, &str)]| {
        case("EB277", found, &[&[PLATFORM, MANAGE, SETTINGS, MODELS], more].concat());
    };
    takes(true, &[URLS, ADMIN]);
    takes(false, &[URLS]);
    takes(false, &[("mysite/urls.py", "urlpatterns = []\n"), ADMIN]);
    takes(false, &[URLS, ADMIN, LIMIT]);
    let view = |line: &str| format!("def view(request):\n    {line}\n");
    let urls = ("mysite/urls.py", "from shop.views import view\nurlpatterns = []\n");
    takes(true, &[urls, ("shop/views.py", &view("form = Form(request.POST, request.FILES)"))]);
    takes(false, &[urls, ("shop/views.py", &view("form = Form(request.POST)"))]);
}

#[test]
fn packages_that_nobody_agrees_to() {
    let of = |found: bool, command: &str, more: &str| {
        let config = format!("commands:\n  a:\n    command: {command}\n{more}");
        case("EB160", found, &[(".ebextensions/a.config", &config)]);
    };
    const IGNORED: &str = "    ignoreErrors: true\n";
    of(true, "dnf install augeas-libs", "");
    of(true, "dnf install augeas-libs", IGNORED);
    of(false, "dnf install -y augeas-libs", IGNORED);
    of(false, "dnf update", IGNORED);
}

#[test]
fn packages_for_a_folder_of_their_own() {
    let of = |found: bool, arguments: &str| {
        let hook = format!("#!/bin/bash\npip install {arguments}\n");
        case("EB161", found, &[(".platform/hooks/postdeploy/a.sh", &hook)]);
    };
    of(true, "requests");
    of(false, "-r lambda/requirements.txt -t /tmp/build");
    of(false, "--target=/tmp/build requests");
}

#[test]
fn hooks_that_a_command_makes_executable() {
    const OLD: (&str, &str) =
        (".elasticbeanstalk/config.yml", "global:\n  default_platform: Python 3.8 running on 64bit Amazon Linux 2\n");
    let of = |found: bool, hook: &str, command: &str| {
        let config = format!("container_commands:\n  a:\n    command: {command}\n");
        case("EB092", found, &[OLD, (hook, "#!/bin/bash\nls\n"), (".ebextensions/a.config", &config)]);
    };
    const AFTER: &str = ".platform/hooks/postdeploy/a.sh";
    of(true, AFTER, "ls");
    of(false, AFTER, "chmod +x .platform/hooks/postdeploy/a.sh");
    of(false, AFTER, "chmod 755 /var/app/staging/.platform/hooks/postdeploy/*");
    of(true, AFTER, "chmod +x .platform/hooks/postdeploy/b.sh");
    of(true, AFTER, "chmod -x .platform/hooks/postdeploy/a.sh");
    of(true, ".platform/hooks/prebuild/a.sh", "chmod +x .platform/hooks/prebuild/a.sh");
}

#[test]
fn programs_that_nobody_looks_after() {
    let left = |found: bool, line: &str, more: &[(&str, &str)]| {
        let line = format!("source /var/app/venv/*/bin/activate && {line}");
        command("EB358", found, &line, more);
    };
    left(true, "nohup python manage.py process_tasks > /dev/null &", &[]);
    left(true, "nohup bash -c 'python manage.py qcluster' &", &[]);
    left(true, "celery -A shop worker --detach", &[]);
    left(true, "gunicorn --daemon shop.wsgi", &[]);
    left(true, "(daphne -b 0.0.0.0 -p 5000 shop.asgi:application > /tmp/log 2>&1) &", &[]);
    left(true, "screen -dmS tasks python manage.py rqworker", &[]);
    left(true, "tmux new -d 'python manage.py runserver 8001'", &[]);
    let bot = |found: bool, code: &str| left(found, "cd jobs; python bot.py &", &[("bot.py", code)]);
    bot(true, "while True:\n    poll()\n");
    bot(false, "send_all()\n");
    bot(false, "while True:\n    if not page():\n        break\n");
    // What the deployment waits for, and what ends.
    for line in
        ["python manage.py migrate &", "celery -A shop inspect ping &", "python manage.py process_tasks", "ls &"]
    {
        left(false, line, &[]);
    }
    let said = |lines: &str| {
        let hook = format!("#!/bin/bash\nsource /var/app/venv/*/bin/activate\n{lines}\n");
        let tree = Tree::default().file("Procfile", "web: gunicorn shop.wsgi\n");
        let tree = tree.file("requirements.txt", "Django==5.2.8\n").file(".platform/hooks/postdeploy/a.sh", hook);
        let report = run(&tree, &Settings::default());
        report.findings.into_iter().find(|finding| finding.rule == "EB358").expect(lines).message
    };
    assert!(said("daphne -p 5000 shop.asgi:application &").ends_with("answers with the old code"));
    assert!(said("celery -A shop beat &").ends_with("go on with the old code"));
    for lines in
        ["pkill celery\ncelery -A shop beat &", "celery multi start w1 -A shop", "daphne -u /run/a shop.asgi &"]
    {
        assert!(said(lines).ends_with("after a restart of the instance"), "{lines}");
    }
}

#[test]
fn units_that_are_given_no_properties() {
    let unit = |found: bool, lines: &str, settings: &str, more: &[(&str, &str)]| {
        let hook = format!(
            "#!/bin/bash\necho \"[Unit]\nDescription=Celery\n\n[Service]\nWorkingDirectory=/var/app/current\n{lines}\n\" | tee /etc/systemd/system/celery.service\nsystemctl restart celery\n"
        );
        let manage = "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\n";
        let files = [
            PLATFORM,
            ("manage.py", manage),
            ("mysite/settings.py", settings),
            (".platform/hooks/postdeploy/a.sh", hook.as_str()),
        ];
        case("EB359", found, &[&files[..], more].concat());
    };
    let starts = "ExecStart=/opt/venv/bin/celery --app=shop worker --loglevel=\"info\"";
    let demands = "import os\nSECRET_KEY = os.environ['SECRET_KEY']\n";
    unit(true, starts, demands, &[]);
    unit(true, "ExecStart=/bin/bash -c 'python manage.py qcluster'", demands, &[]);
    unit(false, starts, "import os\nSECRET_KEY = os.environ.get('SECRET_KEY', 'a')\n", &[]);
    unit(false, &format!("{starts}\nEnvironment=SECRET_KEY=a"), demands, &[]);
    unit(false, &format!("{starts}\nEnvironmentFile=/opt/elasticbeanstalk/deployment/env"), demands, &[]);
    unit(false, "ExecStart=/opt/venv/bin/node app.js", demands, &[]);
    unit(false, starts, demands, &[(".env", "SECRET_KEY=a\n")]);
}

#[test]
fn checks_that_the_default_server_sends_away() {
    let server = |found: bool, block: &str, more: &[(&str, &str)]| {
        let text = format!(
            "events {{}}\nhttp {{\n  server {{\n    listen 80 default_server;\n    {block}\n  }}\n  server {{\n    listen 80;\n    server_name shop.example;\n    location / {{ proxy_pass http://127.0.0.1:8000; }}\n  }}\n}}\n"
        );
        let files = [PLATFORM, MANAGE, (".platform/nginx/nginx.conf", text.as_str())];
        case("EB010", found, &[&files[..], more].concat());
    };
    let option = |name: &str, value: &str| {
        format!("option_settings:\n  aws:elasticbeanstalk:environment:process:default:\n    {name}: {value}\n")
    };
    let (path, codes) = (option("HealthCheckPath", "/up"), option("MatcherHTTPCode", "'200,403'"));
    server(true, "return 444;", &[]);
    server(true, "location / { deny all; }", &[]);
    server(true, "location / { return 403; }", &[(".ebextensions/a.config", &path)]);
    server(true, "location = /live { return 200; } location / { return 404; }", &[]);
    server(false, "location / { return 403; }", &[(".ebextensions/a.config", &codes)]);
    server(false, "location /up { return 200; } location / { return 403; }", &[(".ebextensions/a.config", &path)]);
    server(false, "location ~ ^/up { return 200; } location / { return 403; }", &[]);
    server(false, "location /health/ { proxy_pass http://127.0.0.1:8000; } location / { return 403; }", &[]);
    server(false, "location / { allow 10.0.0.0/8; deny all; }", &[]);
    server(false, "location / { return 301 https://$host$request_uri; }", &[]);
    server(false, "location / { proxy_pass http://127.0.0.1:8000; } location /x { return 404; }", &[]);
}

#[test]
fn services_that_no_later_linux_has() {
    let config = |rule: &str, found: bool, text: &str, more: &[(&str, &str)]| {
        case(rule, found, &[&[(".ebextensions/a.config", text)], more].concat());
    };
    let command = |rule: &str, found: bool, line: &str, more: &[(&str, &str)]| {
        config(rule, found, &format!("commands:\n  a:\n    command: {line}\n"), more);
    };
    let docker = (".elasticbeanstalk/config.yml", "global: {default_platform: Docker}\n");
    let second =
        (".elasticbeanstalk/config.yml", "global: {default_platform: Docker running on 64bit Amazon Linux 2}\n");
    command("EB380", true, "service awslogs restart", &[docker]);
    command("EB380", true, "sudo systemctl enable awslogsd.service", &[]);
    command("EB380", true, "chkconfig awslogs on", &[]);
    command("EB380", true, "service ntpd restart", &[]);
    command("EB100", true, "service supervisord restart", &[docker]);
    command("EB380", false, "service awslogs restart", &[second]);
    command("EB380", false, "service awslogs status", &[]);
    command("EB380", false, "systemctl is-active awslogs && systemctl restart awslogs", &[]);
    command("EB380", false, "python awslogs-agent-setup.py -n && service awslogs restart", &[]);
    command("EB380", false, "systemctl restart nginx", &[]);
    let unit =
        (".ebextensions/b.config", "files:\n  /etc/systemd/system/supervisord.service:\n    content: '[Service]'\n");
    command("EB100", false, "service supervisord restart", &[unit]);
    let hook = (".platform/hooks/postdeploy/a.sh", "#!/bin/bash\nset -e\nservice awslogs restart\n");
    case("EB380", true, &[hook]);
    config("EB380", true, "services:\n  sysvinit:\n    awslogs:\n      enabled: true\n", &[]);
    config("EB380", false, "services:\n  sysvinit:\n    awslogs:\n      enabled: false\n", &[]);
    let files = "files:\n  /etc/awslogs/awscli.conf:\n    content: a\n";
    config("EB380", true, files, &[]);
    config("EB380", false, files, &[second]);
}
