//! What a deployment needs of the bundle: files that it runs, copies and builds with, and the ports that it asks.

use super::advice::fix;
use super::{PROCFILE, WSGI, case};
use crate::beanstalk::tree::{Entry, Tree};
use crate::check::{Settings, run};

fn command(line: &str) -> String {
    format!("container_commands:\n  01_x:\n    command: |\n      {line}\n")
}

#[test]
fn files_that_a_command_needs() {
    let needs = |found: bool, line: &str, more: &[(&str, &str)]| {
        let line = command(line);
        let files = [(".ebextensions/a.config", line.as_str()), ("requirements.txt", "Django==5.2.8\n")];
        case("EB162", found, &[&files[..], more].concat());
    };
    needs(true, "pip install -r requirements/prod.txt", &[]);
    needs(true, "source /var/app/venv/*/bin/activate && pip install --requirement requirements/prod.txt", &[]);
    needs(true, "cp deploy/celery.service /etc/systemd/system/", &[]);
    needs(true, "cp /var/app/staging/nginx/site.conf /etc/x.conf", &[]);
    needs(false, "pip install -r requirements/prod.txt", &[("requirements/prod.txt", "")]);
    needs(false, "cp deploy/celery.service /etc/systemd/system/", &[("deploy/celery.service", "")]);
    // What may be made, is asked for first, or lies elsewhere.
    needs(false, "cp deploy/celery.service /etc/systemd/system/ || true", &[]);
    needs(false, "cp dist/bundle.js /srv/", &[]);
    needs(false, "[ -f a.conf ] && cp a.conf /etc/a.conf", &[]);
    needs(false, "cp /opt/a.conf /etc/a.conf", &[]);
    needs(false, "cd /tmp && cp a.conf /etc/b.conf", &[]);
    needs(false, "pip install -r $LIST", &[]);
}

#[test]
fn files_of_the_application_that_files_writes() {
    let writes = |found: bool, path: &str, more: &str| {
        let text = format!("files:\n  \"{path}\":\n    mode: \"000644\"\n    content: |\n      a\n{more}");
        case("EB151", found, &[(".ebextensions/a.config", &text)]);
    };
    writes(true, "/var/app/current/a.ini", "");
    writes(true, "/var/app/staging/a.ini", "");
    writes(false, "/etc/a.ini", "");
    writes(false, "/var/app/staging/a.ini", "commands:\n  01_x:\n    command: cp /var/app/staging/a.ini /etc/a.ini\n");
}

/// Is `rule` found in a project with these files, of which those that end in `*` are programs?
#[track_caller]
fn with_modes(rule: &str, found: bool, files: &[(&str, &str)]) {
    let mut tree = Tree::default();
    for (path, text) in [&[PROCFILE, WSGI][..], files].concat() {
        let executable = path.ends_with('*');
        let content = Some(text.as_bytes().to_vec());
        tree.insert(path.trim_end_matches('*'), Entry::File { executable, bytes: text.len() as u64, content });
    }
    let report = run(&tree, &Settings::default());
    assert_eq!(report.findings.iter().any(|finding| finding.rule == rule), found, "{files:#?}\n{report}");
}

#[test]
fn files_that_are_started_as_programs() {
    let starts = |found: bool, line: &str, script: &str| {
        let line = command(line);
        with_modes("EB360", found, &[(".ebextensions/a.config", line.as_str()), (script, "#!/bin/bash\necho\n")]);
    };
    starts(true, "./bin/x.sh", "bin/x.sh");
    starts(true, "sudo -E bin/x.sh now", "bin/x.sh");
    starts(true, "cd bin && ./x.sh", "bin/x.sh");
    starts(false, "./bin/x.sh", "bin/x.sh*");
    starts(false, "bash bin/x.sh", "bin/x.sh");
    starts(false, "source bin/x.sh", "bin/x.sh");
    starts(false, "chmod +x bin/*.sh && ./bin/x.sh", "bin/x.sh");
    starts(false, "chmod 755 bin/x.sh; ./bin/x.sh", "bin/x.sh");
    starts(false, "find . -name '*.sh' -exec chmod +x {} + && ./bin/x.sh", "bin/x.sh");
    starts(false, "./.platform/hooks/postdeploy/x.sh", ".platform/hooks/postdeploy/x.sh");
    let procfile = ("Procfile", "web: ./start.sh\n");
    with_modes("EB360", true, &[procfile, ("start.sh", "#!/bin/sh\nexec gunicorn mysite.wsgi\n")]);
    with_modes("EB360", false, &[procfile, ("start.sh*", "#!/bin/sh\nexec gunicorn mysite.wsgi\n")]);
    // Whoever packs with beansprout has scripts that are programs.
    let own = ("beansprout.toml", "");
    with_modes("EB360", false, &[procfile, own, ("start.sh", "#!/bin/sh\nexec gunicorn mysite.wsgi\n")]);
}

const DOCKER: (&str, &str) = (".elasticbeanstalk/config.yml", "global:\n  default_platform: Docker\n");

#[test]
fn what_an_image_is_built_with() {
    let copies = |found: bool, line: &str, more: &[(&str, &str)]| {
        let text = format!("FROM python:3.13\nWORKDIR /app\n{line}\nEXPOSE 8000\nCMD [\"gunicorn\", \"x\"]\n");
        case("EB361", found, &[&[DOCKER, ("Dockerfile", text.as_str()), ("app.py", "")], more].concat());
    };
    copies(true, "COPY requirements/prod.txt .", &[]);
    copies(true, "COPY --chown=app:app [\"entry.sh\", \"/\"]", &[]);
    copies(true, "ADD ./app.py ./config.py ./", &[]);
    copies(false, "COPY requirements/prod.txt .", &[("requirements/prod.txt", "")]);
    copies(false, "COPY requirements .", &[("requirements/prod.txt", "")]);
    copies(false, "COPY . .", &[]);
    copies(false, "COPY ./ /app", &[]);
    copies(false, "COPY *.txt ./", &[]);
    copies(false, "COPY --from=builder /usr/local /usr/local", &[]);
    copies(false, "COPY $LIST ./", &[]);
    copies(false, "ADD https://example.com/a.tar /", &[]);
    copies(false, "COPY <<EOF /a\nb\nEOF", &[]);
    copies(false, "# COPY a b", &[]);
    let hook = (".platform/hooks/prebuild/1.sh", "#!/bin/bash\naws s3 cp s3://b/entry.sh entry.sh\n");
    copies(false, "COPY entry.sh /", &[hook]);
    copies(false, "COPY .env /", &[(".github/workflows/deploy.yml", "steps:\n  - run: echo A=1 > .env\n")]);
    // Another file describes containers that are built of something else.
    let compose = ("docker-compose.yml", "services:\n  web:\n    image: a\n    ports: ['80:8000']\n");
    copies(false, "COPY entry.sh /", &[compose]);
}

#[test]
fn what_a_container_starts() {
    const SERVES: &str = "#!/bin/sh\nexec gunicorn app:app\n";
    const HANDS_ON: &str = "#!/bin/sh\nexec \"$@\"\n";
    let starts = |found: bool, lines: &str, script: (&str, &str), more: &[(&str, &str)]| {
        let text = format!("FROM python:3.13\nWORKDIR /app\nCOPY . .\nEXPOSE 8000\n{lines}\n");
        with_modes("EB362", found, &[&[DOCKER, ("Dockerfile", text.as_str()), script], more].concat());
    };
    starts(true, "CMD [\"./start.sh\"]", ("start.sh", SERVES), &[]);
    starts(true, "CMD ./start.sh", ("start.sh", SERVES), &[]);
    starts(true, "ENTRYPOINT [\"/app/bin/start.sh\", \"web\"]", ("bin/start.sh", SERVES), &[]);
    starts(true, "CMD [\"/app/start.sh\"]", ("start.sh*", "#!/bin/sh\r\nexec gunicorn app:app\r\n"), &[]);
    starts(true, "CMD [\"sh\", \"start.sh\"]", ("start.sh*", "#!/bin/sh\r\nexec gunicorn app:app\r\n"), &[]);
    starts(true, "CMD [\"sh\", \"start.sh\"]", ("other.sh", SERVES), &[]);
    starts(true, "ENTRYPOINT [\"/app/entry.sh\"]", ("entry.sh*", HANDS_ON), &[]);
    starts(
        true,
        "ENTRYPOINT [\"/app/entry.sh\"]\nCMD [\"./start.sh\"]",
        ("entry.sh*", HANDS_ON),
        &[("start.sh", SERVES)],
    );
    starts(false, "CMD [\"./start.sh\"]", ("start.sh*", SERVES), &[]);
    starts(false, "CMD [\"sh\", \"./start.sh\"]", ("start.sh", SERVES), &[]);
    starts(false, "RUN chmod +x /app/*.sh\nCMD [\"./start.sh\"]", ("start.sh", SERVES), &[]);
    starts(false, "COPY --chmod=755 start.sh /app/\nCMD [\"./start.sh\"]", ("start.sh", SERVES), &[]);
    starts(false, "RUN sed -i 's/\\r$//' start.sh\nCMD [\"./start.sh\"]", ("start.sh*", "#!/bin/sh\r\na\r\n"), &[]);
    starts(false, "ENTRYPOINT [\"/app/entry.sh\"]\nCMD [\"gunicorn\", \"app:app\"]", ("entry.sh*", HANDS_ON), &[]);
    starts(false, "ENTRYPOINT [\"/app/entry.sh\", \"gunicorn\"]", ("entry.sh*", HANDS_ON), &[]);
    starts(false, "ENTRYPOINT [\"/usr/bin/tini\", \"--\"]\nCMD [\"gunicorn\"]", ("a.sh", SERVES), &[]);
    starts(false, "ENTRYPOINT [\"/entry.sh\"]", ("entry.sh", HANDS_ON), &[]);
    let dockerrun = ("Dockerrun.aws.json", "{\"AWSEBDockerrunVersion\": \"1\", \"Command\": \"gunicorn app:app\"}");
    starts(false, "ENTRYPOINT [\"/app/entry.sh\"]", ("entry.sh*", HANDS_ON), &[dockerrun]);
    let compose = "services:\n  web:\n    build: .\n    command: gunicorn app:app\n    ports: ['80:8000']\n";
    starts(false, "ENTRYPOINT [\"/app/entry.sh\"]", ("entry.sh*", HANDS_ON), &[("docker-compose.yml", compose)]);
}

#[test]
fn ports_that_somebody_has() {
    let asks = |found: bool, options: &str, more: &[(&str, &str)]| {
        let text = format!("option_settings:\n{options}");
        case("EB363", found, &[&[(".ebextensions/a.config", text.as_str())], more].concat());
    };
    let default = |port: &str| format!("  aws:elasticbeanstalk:environment:process:default:\n    Port: {port}\n");
    let other = "  aws:elbv2:listener:443:\n    DefaultProcess: ws\n  aws:elasticbeanstalk:environment:process:ws:\n    Port: 5000\n";
    asks(true, &default("8000"), &[]);
    asks(true, &default("8000"), &[("Procfile", "web: gunicorn --bind 127.0.0.1:8000 mysite.wsgi\n")]);
    asks(true, other, &[]);
    asks(false, &default("80"), &[]);
    asks(false, &default("8000"), &[("Procfile", "web: gunicorn --bind :8000 mysite.wsgi\n")]);
    asks(false, &default("8000"), &[("gunicorn.conf.py", "bind = '0.0.0.0:8000'\n")]);
    asks(false, &default("8080"), &[(".platform/nginx/conf.d/a.conf", "server { listen 8080; }\n")]);
    asks(
        false,
        other,
        &[("Procfile", "web: gunicorn mysite.wsgi\nws: daphne -b 0.0.0.0 -p 5000 mysite.asgi:application\n")],
    );
    asks(false, "  aws:elasticbeanstalk:environment:process:ws:\n    Port: 5000\n", &[]);
    let passed = "  aws:elb:listener:443:\n    InstancePort: 443\n";
    let group =
        "Resources:\n  a:\n    Type: AWS::EC2::SecurityGroupIngress\n    Properties: {ToPort: 443, FromPort: 443}\n";
    asks(true, passed, &[(".ebextensions/b.config", group)]);
    let single = "  aws:elasticbeanstalk:environment:\n    EnvironmentType: SingleInstance\n";
    asks(false, &format!("{}{single}", default("8000")), &[]);
    let none = "  aws:elasticbeanstalk:environment:proxy:\n    ProxyServer: none\n";
    asks(false, &format!("{}{none}", default("8000")), &[]);
    // Nothing runs the hooks of the first Amazon Linux.
    let hook = "files:\n  \"/opt/elasticbeanstalk/hooks/appdeploy/post/x.sh\":\n    mode: \"000755\"\n    content: |\n      daphne -p 5000\n";
    asks(true, other, &[(".ebextensions/b.config", hook)]);
}

#[test]
fn servers_that_somebody_asks() {
    let procfile = ("Procfile", "web: gunicorn mysite.wsgi\nws: daphne -b 0.0.0.0 -p 5000 mysite.asgi:application\n");
    let leads = |found: bool, more: &[(&str, &str)]| case("EB364", found, &[&[procfile], more].concat());
    leads(true, &[]);
    let listener = "option_settings:\n  aws:elbv2:listener:5000:\n    Protocol: HTTP\n";
    leads(true, &[(".ebextensions/a.config", listener)]);
    let program =
        "files:\n  \"/etc/ws.ini\":\n    content: |\n      command = daphne -p 5000 mysite.asgi:application\n";
    leads(true, &[(".ebextensions/a.config", program)]);
    leads(
        false,
        &[(".platform/nginx/conf.d/elasticbeanstalk/ws.conf", "location /ws { proxy_pass http://127.0.0.1:5000; }\n")],
    );
    let process = "option_settings:\n  aws:elasticbeanstalk:environment:process:ws:\n    Port: 5000\n";
    leads(false, &[(".ebextensions/a.config", process)]);
    leads(false, &[("Procfile", "web: daphne -b 0.0.0.0 -p 8000 mysite.asgi:application\n")]);
    leads(false, &[("mysite/views.py", "URL = 'http://localhost:5000/'\n")]);
    leads(false, &[("Procfile", "web: gunicorn mysite.wsgi\nworker: celery -A mysite worker\n")]);
}

#[test]
fn units_that_keep_what_they_have_read() {
    let unit = |more: &str| {
        format!(
            "files:\n  \"/etc/systemd/system/jobs.service\":\n    mode: \"000644\"\n    content: |\n      [Service]\n      ExecStart=/usr/bin/jobs\n{more}"
        )
    };
    let reads = unit("      EnvironmentFile=/opt/elasticbeanstalk/deployment/env\n");
    let hook = (".platform/hooks/postdeploy/1.sh", "#!/bin/bash\nsystemctl restart jobs.service\n");
    let keeps = |found: bool, unit: &str, more: &[(&str, &str)]| {
        case("EB365", found, &[&[(".ebextensions/a.config", unit)], more].concat());
    };
    keeps(true, &reads, &[hook]);
    keeps(false, &unit(""), &[hook]);
    keeps(false, &reads, &[]);
    keeps(
        false,
        &unit(
            "      EnvironmentFile=/opt/elasticbeanstalk/deployment/env\n      [Install]\n      WantedBy=eb-app.target\n",
        ),
        &[hook],
    );
    keeps(false, &reads, &[hook, (".platform/confighooks/postdeploy/1.sh", "#!/bin/bash\nsystemctl restart jobs\n")]);
    keeps(
        false,
        &reads,
        &[hook, (".platform/confighooks/postdeploy/1.sh", "#!/bin/bash\n../../hooks/postdeploy/1.sh\n")],
    );
}

#[test]
fn platforms_that_pipelines_name() {
    let names = |found: bool, path: &str, line: &str| case("EB120", found, &[(path, &format!("run:\n  - {line}\n"))]);
    names(true, ".circleci/config.yml", "eb init shop -p python-3.6");
    names(true, "bitbucket-pipelines.yml", "eb create shop --platform=\"Python 3.8\"");
    names(
        true,
        ".github/workflows/deploy.yml",
        "eb init shop -r a -p 'arn:aws:elasticbeanstalk:us-east-1::platform/Python 3.6 running on 64bit Amazon Linux/2.6.4'",
    );
    names(false, ".circleci/config.yml", "eb init shop -p python-3.13");
    names(false, ".circleci/config.yml", "eb init shop -p $PLATFORM");
    names(false, ".circleci/config.yml", "# eb init shop -p python-3.6");
    names(false, "docs/config.yml", "eb init shop -p python-3.6");
}

#[test]
fn classic_load_balancers_ask_for_a_port_unless_they_are_told() {
    let redirects = [
        ("requirements.txt", "Django==5.2.8\n"),
        (
            "mysite/settings.py",
            "SECURE_SSL_REDIRECT = True\nMIDDLEWARE = ['django.middleware.security.SecurityMiddleware']\nALLOWED_HOSTS = ['*']\n",
        ),
        ("manage.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\n"),
    ];
    let asks = |found: bool, kind: &str, url: &str| {
        let text =
            format!("option_settings:\n  aws:elasticbeanstalk:environment:\n    LoadBalancerType: {kind}\n{url}");
        case("EB012", found, &[&redirects[..], &[(".ebextensions/a.config", text.as_str())]].concat());
    };
    let url =
        |value: &str| format!("  aws:elasticbeanstalk:application:\n    Application Healthcheck URL: \"{value}\"\n");
    asks(true, "application", "");
    asks(false, "classic", "");
    asks(false, "classic", &url("TCP:80"));
    asks(true, "classic", &url("HTTP:80/health"));
    asks(true, "classic", &url("/health"));
}

#[test]
fn migrations_whose_failure_is_ignored() {
    let ignores = |found: bool, line: &str, more: &str| {
        let text = format!("container_commands:\n  01_x:\n    command: \"{line}\"\n    leader_only: true\n{more}");
        case("EB177", found, &[(".ebextensions/a.config", &text)]);
    };
    let ignored = "    ignoreErrors: true\n";
    ignores(true, "python manage.py migrate --noinput", ignored);
    ignores(true, "source /var/app/venv/*/bin/activate && flask db upgrade", ignored);
    ignores(true, "python manage.py migrate --noinput || true", "");
    ignores(false, "python manage.py migrate --noinput", "");
    ignores(false, "python manage.py migrate --noinput || exit 1", "");
    ignores(false, "python manage.py migrate --check", ignored);
    ignores(false, "python manage.py collectstatic --noinput", ignored);
}

#[test]
fn what_lies_in_the_folder_of_hooks_and_is_neither() {
    let unread = |found: bool, path: &str| case("EB140", found, &[(path, "a: b\n")]);
    unread(true, ".platform/packages.yml");
    unread(true, ".platform/00_packages.config");
    unread(true, ".platform/nginx.conf");
    unread(false, ".platform/README.md");
    unread(false, ".platform/scripts/values.yml");
    unread(false, ".platform/nginx/conf.d/a.conf");
}

#[test]
fn where_a_container_listens() {
    let listens = |found: bool, lines: &str, more: &[(&str, &str)]| {
        let text = format!("FROM python:3.13\nWORKDIR /app\nCOPY . .\nEXPOSE 8000\n{lines}\n");
        case("EB366", found, &[&[DOCKER, ("Dockerfile", text.as_str())], more].concat());
    };
    listens(true, "CMD [\"gunicorn\", \"mysite.wsgi\"]", &[]);
    listens(true, "CMD gunicorn --bind 127.0.0.1:8000 mysite.wsgi", &[]);
    listens(true, "CMD [\"gunicorn\", \"-b\", \"0.0.0.0:8080\", \"mysite.wsgi\"]", &[]);
    listens(true, "CMD [\"uvicorn\", \"app:app\"]", &[]);
    listens(true, "CMD [\"daphne\", \"-p\", \"8000\", \"mysite.asgi:application\"]", &[]);
    listens(true, "CMD python manage.py runserver", &[]);
    listens(true, "CMD python manage.py migrate && python manage.py runserver 0.0.0.0:8080", &[]);
    listens(true, "CMD [\"sh\", \"start.sh\"]", &[("start.sh", "#!/bin/sh\nexec gunicorn mysite.wsgi\n")]);
    listens(false, "CMD gunicorn --bind 0.0.0.0:8000 mysite.wsgi", &[]);
    listens(false, "CMD gunicorn --bind=:8000 mysite.wsgi", &[]);
    listens(false, "CMD gunicorn -b :8000 mysite.wsgi", &[]);
    listens(false, "CMD gunicorn --bind :$PORT mysite.wsgi", &[]);
    listens(false, "CMD gunicorn -c conf.py mysite.wsgi", &[]);
    listens(false, "CMD gunicorn mysite.wsgi", &[("gunicorn.conf.py", "bind = '0.0.0.0:8000'\n")]);
    listens(false, "ENV PORT=8000\nCMD gunicorn mysite.wsgi", &[]);
    listens(false, "ENTRYPOINT [\"gunicorn\"]\nCMD [\"-b\", \":8000\", \"mysite.wsgi\"]", &[]);
    listens(false, "CMD [\"uvicorn\", \"app:app\", \"--host\", \"0.0.0.0\"]", &[]);
    listens(false, "CMD [\"daphne\", \"-b\", \"0.0.0.0\", \"mysite.asgi:application\"]", &[]);
    listens(false, "CMD python manage.py runserver 0.0.0.0:8000", &[]);
    listens(false, "CMD nginx && gunicorn mysite.wsgi", &[]);
    let ports = "{\"AWSEBDockerrunVersion\": \"1\", \"Ports\": [{\"ContainerPort\": \"8080\"}]}";
    listens(false, "CMD gunicorn -b 0.0.0.0:8080 mysite.wsgi", &[("Dockerrun.aws.json", ports)]);
    listens(true, "CMD gunicorn -b 0.0.0.0:8000 mysite.wsgi", &[("Dockerrun.aws.json", ports)]);
    let command = "{\"AWSEBDockerrunVersion\": \"1\", \"Command\": \"gunicorn -b 0.0.0.0:8000 mysite.wsgi\"}";
    listens(false, "CMD gunicorn mysite.wsgi", &[("Dockerrun.aws.json", command)]);
    // What says the port is what has to say another.
    let text = "FROM python:3.13\nEXPOSE 8000\nCMD gunicorn -b 0.0.0.0:8000 mysite.wsgi\n";
    let files = [PROCFILE, WSGI, DOCKER, ("Dockerfile", text), ("Dockerrun.aws.json", ports)];
    assert!(fix("EB366", &files).starts_with("name 8000 as the first `ContainerPort`"));
}
