//! Rules about settings: what a project says, and what comes of it on an instance.

use super::{PROCFILE, WSGI, case};
use crate::beanstalk::tree::{Entry, Tree};
use crate::check::{Settings, run};
use crate::level::Level;

#[test]
fn health_checks_ask_what_the_urls_have() {
    const MIDDLEWARE: &str = "ROOT_URLCONF = \"mysite.urls\"\nMIDDLEWARE = []\n";
    let urls = |found: bool, patterns: &str, path: Option<&str>| {
        let urls = format!("urlpatterns = {patterns}\n");
        let option = path.map(|path| {
            format!(
                "option_settings:\n  aws:elasticbeanstalk:environment:process:default:\n    HealthCheckPath: {path}\n"
            )
        });
        let mut files = vec![("mysite/settings.py", MIDDLEWARE), ("mysite/urls.py", urls.as_str())];
        files.extend(option.as_deref().map(|option| (".ebextensions/a.config", option)));
        case("EB013", found, &files);
    };
    urls(true, "[path('admin/', admin.site.urls)]", None);
    urls(true, "[path('admin/', admin.site.urls)] + static('/media/', document_root='media')", None);
    urls(false, "[path('', home), path('admin/', admin.site.urls)]", None);
    urls(false, "[path('admin/', admin.site.urls), *more]", None);
    urls(false, "[path('admin/', admin.site.urls), re_path('^$', home)]", None);
    urls(false, "patterns()", None);
    urls(true, "[path('', home)]\nurlpatterns = [path('health/', ok)]", Some("/health"));
    urls(false, "[path('health/', ok)]", Some("/health/"));
    urls(false, "[path('api/', include('api.urls'))]", Some("/api/health/"));
    urls(true, "[path('docs<format>', home)]", None);
    urls(true, "[path('<slug:page>/', home)]", None);
    urls(false, "[path('<slug:page>/', home)]", Some("/health/"));
    urls(true, "[path('api/', include('api.urls'))]", Some("/healthz"));
    urls(true, "[url(r'^v1/', include(router.urls)), url(r'^v1/token', token)]", None);
    urls(true, "[url(r'^admin/', admin.site.urls), url(r'^api', api)]", Some("/health/"));
    urls(true, "[re_path('^health$', ok)]", Some("/healthy"));
    urls(false, "[re_path('^health', ok)]", Some("/healthy"));
    urls(false, "[re_path('^h?', ok)]", None);
    urls(true, "[re_path('^health/?$', ok)]", None);
    urls(false, "[re_path('^health/?$', ok)]", Some("/health"));
    urls(false, "[re_path('^api|^$', ok)]", None);
    urls(false, "[url(r'^(?:api)?', ok), url(r'^admin/', admin.site.urls)]", None);
    urls(true, "[url('admin/', admin.site.urls)]", None);
    let debug = |found: bool, more: &str| urls(found, &format!("[path('admin/', admin.site.urls)]\n{more}"), None);
    debug(true, "if settings.DEBUG:\n    urlpatterns += static('/media/', document_root='media')");
    debug(
        true,
        "if settings.DEBUG:\n    urlpatterns = [path('__debug__/', include(debug_toolbar.urls))] + urlpatterns",
    );
    debug(false, "if not settings.DEBUG:\n    urlpatterns += [path('', home)]");
    debug(false, "if elsewhere():\n    urlpatterns += [path('', home)]");
    urls(true, "[path('', RedirectView.as_view(url='/admin/')), path('admin/', admin.site.urls)]", None);
    urls(true, "[path('admin/', admin.site.urls), url(r'^$', generic.RedirectView.as_view(url='/admin/'))]", None);
    urls(true, "[path('', lambda request: redirect('client/', permanent=False))]", None);
    urls(false, "[path('', include('shop.urls')), path('', RedirectView.as_view(url='/admin/'))]", None);
    urls(false, "[path('', lambda request: HttpResponse('ok'))]", None);
    urls(false, "[path('', RedirectView.as_view(url='/a/')), path('health/', ok)]", Some("/health/"));
    urls(true, "[path('health/', RedirectView.as_view(url='/a/'))]", Some("/health/"));
    urls(false, "[url('health', ok)]", Some("/my-health"));
    let files = [
        ("mysite/settings.py", "ROOT_URLCONF = \"mysite.urls\"\nMIDDLEWARE = [\"site.HealthMiddleware\"]\n"),
        ("mysite/urls.py", "urlpatterns = []\n"),
    ];
    case("EB013", false, &files);
    let login = "MIDDLEWARE = [\"django.contrib.auth.middleware.LoginRequiredMiddleware\"]\n";
    case("EB013", true, &[("mysite/settings.py", login)]);
    let single = "option_settings:\n  aws:elasticbeanstalk:environment: {EnvironmentType: SingleInstance}\n";
    case("EB013", false, &[("mysite/settings.py", login), (".ebextensions/a.config", single)]);
}

#[test]
fn settings_that_need_variables() {
    const NEEDS: (&str, &str) = ("mysite/settings.py", "SECRET_KEY = os.environ[\"SECRET_KEY\"]\n");
    let command = |found: bool, line: &str| {
        let config = format!("container_commands:\n  a:\n    command: |\n      {line}\n");
        case("EB024", found, &[NEEDS, (".ebextensions/a.config", &config)]);
    };
    command(true, "source /var/app/venv/*/bin/activate && sudo -u webapp python manage.py check");
    command(true, "env -i python manage.py check");
    command(false, "source /var/app/venv/*/bin/activate && python manage.py check");
    command(false, "sudo -E -u webapp python manage.py check");
    command(false, "sudo chown webapp x && python manage.py check");
    command(false, "# sudo python manage.py check");
    command(false, "sudo SECRET_KEY=x python manage.py check");
    command(true, "SECRET_KEY=x sudo python manage.py check");
    command(true, "sudo -u webapp bash -c 'python manage.py check'");
    // They keep what they find, but for a login.
    command(false, "su webapp -c 'python manage.py check'");
    command(false, "runuser -u webapp -- python manage.py check");
    command(true, "su - webapp -c 'python manage.py check'");
    command(true, "runuser -l webapp -c 'python manage.py check'");
    command(false, "su - webapp -c 'export SECRET_KEY=x && python manage.py check'");
    let build = |found: bool, run: &str| {
        let dockerfile = format!("FROM python\n{run}\n");
        let docker = (".elasticbeanstalk/config.yml", "global: {default_platform: Docker}\n");
        case("EB024", found, &[NEEDS, ("Dockerfile", &dockerfile), docker]);
    };
    build(true, "RUN python manage.py collectstatic --noinput");
    build(true, "RUN pip install x && \\\n  # a comment\n  python manage.py collectstatic");
    build(false, "ENV SECRET_KEY=build\nRUN python manage.py collectstatic");
    build(false, "ARG SECRET_KEY=build\nRUN python manage.py collectstatic");
    build(false, "RUN SECRET_KEY=x python manage.py collectstatic");
    build(false, "RUN python manage.py collectstatic --settings mysite.build");
    build(false, "ENV DJANGO_SETTINGS_MODULE=mysite.build\nRUN python manage.py collectstatic");
    build(false, "CMD python manage.py collectstatic");
}

#[test]
fn the_metadata_service_is_asked_for_an_address() {
    let settings = |found: bool, text: &str| case("EB011", found, &[("mysite/settings.py", text)]);
    settings(true, "import requests\nIP = requests.get(\"http://169.254.169.254/latest/meta-data/local-ipv4\").text\n");
    settings(
        true,
        "import requests\n# requests.get(\"http://169.254.169.254/x\")\nIP = requests.get(\"http://169.254.169.254/y\").text\n",
    );
    settings(true, "from http.client import HTTPConnection\nC = HTTPConnection(\"169.254.169.254\")\n");
    settings(
        true,
        "import requests\nALLOWED_HOSTS = [\"169.254.169.254\"]\nIP = requests.get(\"//169.254.169.254\")\n",
    );
    settings(false, "import requests\nALLOWED_HOSTS = [\n    \"169.254.169.254\",\n]\n");
    settings(false, "ALLOWED_HOSTS = []\nALLOWED_HOSTS += [\"169.254.169.254\"]\n");
    settings(false, "# requests.get(\"http://169.254.169.254/x\")\n");
}

#[test]
fn the_metadata_service_is_found_where_it_is_asked() {
    let text = "import os, requests\nif 'X' in os.environ:\n    ALLOWED_HOSTS = [\n        'a.org',\n        '169.254.169.254',\n    ]\n    url = 'http://169.254.169.254/latest/meta-data/local-ipv4'\n    ALLOWED_HOSTS += [requests.get(url).text]\nelse:\n    ALLOWED_HOSTS = []\n";
    let tree = Tree::default().file(PROCFILE.0, PROCFILE.1).file(WSGI.0, WSGI.1).file("mysite/settings.py", text);
    let report = run(&tree, &Settings::default());
    let found = report.findings.iter().find(|finding| finding.rule == "EB011");
    assert_eq!(found.and_then(|finding| finding.start).map(|start| start.line), Some(7), "{report}");
}

#[test]
fn what_is_imported_from_the_version_that_runs() {
    let imports = |found: bool, path: &str, command: &str| {
        let config = format!(
            "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    PYTHONPATH: {path}\n    DJANGO_SETTINGS_MODULE: site1.settings\ncontainer_commands:\n  a:\n    command: |\n      source /var/app/venv/*/bin/activate\n      {command}\n"
        );
        let files = [
            (".ebextensions/a.config", config.as_str()),
            ("src/manage.py", ""),
            ("src/site1/settings.py", "INSTALLED_APPS = ['django.contrib.admin', 'shop']\n"),
            ("src/shop/__init__.py", ""),
        ];
        case("EB151", found, &files);
    };
    imports(true, "/var/app/current/src", "django-admin migrate");
    imports(true, "/var/app/current/src:$PYTHONPATH", "django-admin.py migrate");
    imports(false, "/var/app/current/src", "django-admin migrate --pythonpath src");
    imports(false, "/var/app/current/src", "python src/manage.py migrate");
    imports(false, "/var/app/current/src", "cd src && python manage.py migrate");
    imports(false, "/var/app/current/src", "cd /var/app/staging/src && ./manage.py migrate");
    imports(false, "/var/app/staging/src", "django-admin migrate");
    imports(false, "/var/app/current/other", "django-admin migrate");
}

#[test]
fn a_database_inside_of_the_environment() {
    let needs = |found: bool, text: &str, more: &[(&str, &str)]| {
        case("EB074", found, &[&[("mysite/settings.py", text)], more].concat());
    };
    needs(true, "HOST = os.environ['RDS_HOSTNAME']\n", &[]);
    needs(true, "env = environ.Env()\nHOST = env('RDS_HOSTNAME')\n", &[]);
    needs(true, "HOST = config('RDS_HOSTNAME')\n", &[]);
    needs(false, "HOST = config('RDS_HOSTNAME')\n", &[(".env", "RDS_HOSTNAME=db\n")]);
    needs(false, "HOST = config('RDS_HOSTNAME', default='')\n", &[]);
    needs(false, "if 'RDS_HOSTNAME' in os.environ:\n    HOST = os.environ['RDS_HOSTNAME']\n", &[]);
}

#[test]
fn what_django_refuses() {
    let refused = |found: bool, text: &str| case("EB113", found, &[("mysite/settings.py", text)]);
    refused(true, "ALLOWED_HOSTS = 'www.example.com'\n");
    refused(true, "ALLOWED_HOSTS = os.environ['HOSTS']\n");
    refused(true, "ALLOWED_HOSTS = config('HOSTS', default='localhost')\n");
    refused(false, "ALLOWED_HOSTS = config('HOSTS', default='localhost', cast=Csv())\n");
    refused(false, "ALLOWED_HOSTS = os.environ['HOSTS'].split(',')\n");
    refused(false, "ALLOWED_HOSTS = env.list('HOSTS')\n");
    refused(false, "ALLOWED_HOSTS = ['www.example.com']\n");
    refused(true, "TIME_ZONE = 'IST'\n");
    refused(false, "TIME_ZONE = 'Asia/Kolkata'\n");
    refused(false, "TIME_ZONE = 'EST'\n");
}

#[test]
fn a_switch_that_is_a_text() {
    let level = |debug: &str, more: &[(&str, &str)]| {
        let files = [&[PROCFILE, WSGI, ("mysite/settings.py", debug)], more].concat();
        let tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, *text));
        let report = run(&tree, &Settings::default());
        report.findings.iter().find(|finding| finding.rule == "EB110").map(|finding| finding.level)
    };
    for (debug, expected) in [
        ("DEBUG = os.environ.get('DEBUG', 'False')\n", Some(Level::Error)),
        ("DEBUG = config('DEBUG', default='False')\n", Some(Level::Error)),
        ("DEBUG = os.environ.get('DEBUG', False)\n", Some(Level::Note)),
        ("DEBUG = os.environ.get('DEBUG')\n", Some(Level::Note)),
        ("DEBUG = bool(os.environ.get('DEBUG'))\n", Some(Level::Note)),
        ("DEBUG = bool(os.environ.get('DEBUG', False))\n", Some(Level::Note)),
        ("DEBUG = bool(os.environ.get('DEBUG', 'False'))\n", Some(Level::Error)),
        ("DEBUG = bool(os.environ.get('DEBUG', True))\n", Some(Level::Error)),
        ("DEBUG = os.environ.get('DEBUG', True)\n", Some(Level::Error)),
        ("DEBUG = bool(int(os.environ.get('DEBUG', '0')))\n", None),
        ("DEBUG = os.environ['DEBUG']\n", Some(Level::Note)),
        ("env = environ.Env()\nDEBUG = env('DEBUG')\n", Some(Level::Note)),
        ("env = environ.Env(DEBUG=(bool, False))\nDEBUG = env('DEBUG')\n", None),
        ("env = environ.Env()\nDEBUG = env('DEBUG', bool)\n", None),
        ("DEBUG = env.bool('DEBUG')\n", None),
        ("DEBUG = config('DEBUG', default=False, cast=bool)\n", None),
        ("DEBUG = os.environ.get('DEBUG', 'False') == 'True'\n", None),
        ("DEBUG = os.environ.get('DEBUG', 'False')\nDEBUG = DEBUG == 'True'\n", None),
    ] {
        assert_eq!(level(debug, &[]), expected, "{debug}");
    }
    let property = "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    DEBUG: 'False'\n";
    let given = [(".ebextensions/a.config", property)];
    assert_eq!(level("DEBUG = os.environ.get('DEBUG', False)\n", &given), Some(Level::Error));
    assert_eq!(level("DEBUG = env.bool('DEBUG')\n", &given), None);
}

#[test]
fn the_password_of_a_database() {
    let written = |found: bool, host: &str, password: &str| {
        let text = format!(
            "DATABASES = {{'default': {{'ENGINE': 'django.db.backends.postgresql', 'HOST': '{host}', 'PASSWORD': {password}}}}}\n"
        );
        case("EB112", found, &[("mysite/settings.py", text.as_str())]);
    };
    written(true, "db.abc123.eu-west-1.rds.amazonaws.com", "'h7Gk29xQpLm4Zt8w'");
    written(false, "localhost", "'h7Gk29xQpLm4Zt8w'");
    written(false, "127.0.0.1", "'h7Gk29xQpLm4Zt8w'");
    written(false, "db.example.com", "'your-password'");
    written(false, "db.example.com", "os.environ['DB_PASSWORD']");
}

#[test]
fn hosts_that_a_variable_names() {
    let level = |hosts: &str, more: &[(&str, &str)]| {
        let text = format!("{hosts}\nMIDDLEWARE = ['django.middleware.common.CommonMiddleware']\n");
        let files = [&[PROCFILE, WSGI, ("mysite/settings.py", text.as_str())], more].concat();
        let tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, *text));
        let report = run(&tree, &Settings::default());
        report.findings.iter().find(|finding| finding.rule == "EB010").map(|finding| finding.level)
    };
    let property =
        |text: &str| format!("option_settings:\n  aws:elasticbeanstalk:application:environment:\n    HOSTS: {text}\n");
    for (hosts, expected) in [
        ("ALLOWED_HOSTS = ['www.example.com']", Some(Level::Error)),
        ("ALLOWED_HOSTS = env.list('HOSTS', default=['localhost'])", Some(Level::Note)),
        ("ALLOWED_HOSTS = env.list('HOSTS', default=[])", Some(Level::Note)),
        ("ALLOWED_HOSTS = env.list('HOSTS', default=['.elasticbeanstalk.com'])", Some(Level::Note)),
        ("ALLOWED_HOSTS = os.environ.get('HOSTS', 'localhost,127.0.0.1').split(',')", Some(Level::Note)),
        ("ALLOWED_HOSTS = [os.getenv('HOSTS', 'localhost')]", Some(Level::Note)),
        ("ALLOWED_HOSTS = [os.getenv('HOSTS', '*')]", None),
        ("ALLOWED_HOSTS = env.list('HOSTS', default=['*'])", None),
        ("ALLOWED_HOSTS = env.list('HOSTS')", None),
        ("ALLOWED_HOSTS = os.environ['HOSTS'].split(',')", None),
    ] {
        assert_eq!(level(hosts, &[]), expected, "{hosts}");
    }
    let read = "ALLOWED_HOSTS = os.environ.get('HOSTS', 'localhost').split(',')";
    assert_eq!(level(read, &[(".ebextensions/a.config", &property("'*'"))]), None);
    assert_eq!(level(read, &[(".ebextensions/a.config", &property("www.example.com"))]), Some(Level::Error));
    let secret = property("arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-AbCdEf")
        .replace("environment:", "environmentsecrets:");
    assert_eq!(level(read, &[(".ebextensions/a.config", &secret)]), None);
    // A Network Load Balancer asks for no page.
    let network = |more: &str| {
        format!("option_settings:\n  aws:elasticbeanstalk:environment: {{LoadBalancerType: network}}\n{more}")
    };
    let site = "ALLOWED_HOSTS = ['www.example.com']";
    assert_eq!(level(site, &[(".ebextensions/a.config", &network(""))]), None);
    let http = network("  aws:elasticbeanstalk:environment:process:default: {Protocol: HTTP}\n");
    assert_eq!(level(site, &[(".ebextensions/a.config", &http)]), Some(Level::Error));
    // One instance has no health check by its address, but visitors.
    let single = "option_settings:\n  aws:elasticbeanstalk:environment: {EnvironmentType: SingleInstance}\n";
    let one = [(".ebextensions/a.config", single)];
    assert_eq!(level("ALLOWED_HOSTS = []", &one), Some(Level::Error));
    assert_eq!(level(read, &one), Some(Level::Note));
    assert_eq!(level("ALLOWED_HOSTS = ['www.example.com']", &one), None);
}

#[test]
fn settings_that_are_named_from_the_top() {
    let option = "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    DJANGO_SETTINGS_MODULE: src.site.settings\n  aws:elasticbeanstalk:container:python:\n    WSGIPath: src.site.wsgi:application\n";
    let tree = [
        ("src/manage.py", "import django\n"),
        ("src/site/wsgi.py", "import sys\nsys.path.append(path)\n"),
        ("src/site/settings.py", "DEBUG = True\n"),
        (".ebextensions/a.config", option),
    ];
    let tree = tree.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, text));
    let report = run(&tree, &Settings::default());
    assert!(report.findings.iter().any(|finding| finding.rule == "EB110"), "{report}");
}

#[test]
fn what_describes_containers_is_prepared() {
    const DEBUG: (&str, &str) = ("mysite/settings.py", "DEBUG = True\n");
    let debug = |found: bool, files: &[(&str, &str)]| {
        let with = |tree: Tree, (path, content): &(&str, &str)| tree.file(path, content);
        let tree = [WSGI, ("manage.py", ""), DEBUG].iter().chain(files).fold(Tree::default(), with);
        let report = run(&tree, &Settings::default());
        assert_eq!(report.findings.iter().any(|finding| finding.rule == "EB110"), found, "{files:?}\n{report}");
    };
    debug(true, &[("Dockerrun.aws.json", "{\"AWSEBDockerrunVersion\": \"1\"}")]);
    debug(true, &[("Dockerrun.aws.json", "{\"AWSEBDockerrunVersion\": 2}")]);
    debug(true, &[("docker-compose.yml", "services: {web: {build: .}}\n")]);
    // It may be there for a desk only.
    debug(false, &[("Dockerfile", "FROM python:3.13\n")]);
    debug(false, &[]);
}

#[test]
fn settings_in_several_files() {
    let settings = |rule: &str, found: bool, includes: &str| {
        let module = format!("import os\nfrom split_settings.tools import include, optional\ninclude({includes})\n");
        let files = [
            ("mysite/settings/__init__.py", module.as_str()),
            ("mysite/settings/base.py", "NAME = 'db.sqlite3'\n"),
            (
                "mysite/settings/parts/data.py",
                "DATABASES = {'default': {'ENGINE': 'a.postgresql', 'HOST': 'localhost'}}\n",
            ),
            ("mysite/settings/dev.py", "DEBUG = True\n"),
        ];
        case(rule, found, &files);
    };
    settings("EB110", true, "'base.py', 'dev.py', scope=globals()");
    settings("EB110", true, "'base.py', optional('local.py'), 'dev.py'");
    settings("EB110", false, "'base.py'");
    settings("EB149", true, "'base.py', 'parts/data.py'");
    settings("EB114", false, "'dev.py', 'parts/data.py', optional('local.py')");
    settings("EB114", true, "'base.py', 'parts/*.py'");
    settings("EB114", true, "'base.py', 'local.py'");
}

#[test]
fn middleware_by_its_old_name() {
    let middleware = |found: bool, requirements: &str, text: &str| {
        case("EB113", found, &[("mysite/settings.py", text), ("requirements.txt", requirements)]);
    };
    const OLD: &str = "MIDDLEWARE_CLASSES = ['a.B']\n";
    for new in ["Django==2.0.13", "django", "Django>=1.8", "Django==5.2.8"] {
        middleware(true, new, OLD);
        middleware(false, new, "MIDDLEWARE_CLASSES = ['a.B']\nMIDDLEWARE = MIDDLEWARE_CLASSES\n");
    }
    for old in ["Django==1.11.29", "Django~=1.11", "Django<2", "Django>=1.8,<1.12", "flask"] {
        middleware(false, old, OLD);
    }
}

#[test]
fn what_lies_beside_no_manage_py_keeps_its_python_path() {
    let config = "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    PYTHONPATH: /var/app/current\n    DJANGO_SETTINGS_MODULE: src.site1.settings\ncontainer_commands:\n  a:\n    command: source /var/app/venv/*/bin/activate && cd src && python manage.py migrate\n";
    let files =
        [(".ebextensions/a.config", config), ("src/manage.py", ""), ("src/site1/settings.py", "DEBUG = False\n")];
    let tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, *text));
    let found = run(&tree, &Settings::default()).findings;
    let finding = found.iter().find(|finding| finding.rule == "EB151").expect("the root is not on the path");
    assert_eq!(finding.fix, "begin with `export PYTHONPATH=/var/app/staging &&`");
}

#[test]
fn a_python_path_that_begins_with_what_is_deployed() {
    let command =
        "container_commands:\n  a: {command: 'source /var/app/venv/*/bin/activate && django-admin migrate'}\n";
    let path = |found: bool, path: &str| {
        let options = format!(
            "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    DJANGO_SETTINGS_MODULE: mysite.settings\n    PYTHONPATH: {path}\n{command}"
        );
        case("EB151", found, &[("manage.py", ""), ("mysite/settings.py", ""), (".ebextensions/a.config", &options)]);
    };
    path(true, "/var/app/current");
    path(true, "/var/app/current:/var/app/staging");
    path(false, "/var/app/staging:/var/app/current");
    path(true, "/var/app/staging/lib:/var/app/current");
}

#[test]
fn keys_inside_of_dictionaries() {
    let settings = |found: bool, text: &str| {
        case("EB112", found, &[("manage.py", ""), ("mysite/settings.py", text), ("requirements.txt", "django\n")]);
    };
    settings(true, "SIMPLE_JWT = {'SIGNING_KEY': 'h7Gk29xQpLm4Zt8wXq'}\n");
    settings(true, "JWT_AUTH = {'JWT_SECRET_KEY': 'h7Gk29xQpLm4Zt8wXq'}\n");
    settings(true, "TWILIO_AUTH_TOKEN = 'h7Gk29xQpLm4Zt8wXq'\n");
    settings(true, "import os\nTWILIO_AUTH_TOKEN = os.getenv('TWILIO_AUTH_TOKEN', 'h7Gk29xQpLm4Zt8wXq')\n");
    settings(false, "import os\nTWILIO_AUTH_TOKEN = os.getenv('TWILIO_AUTH_TOKEN', '')\n");
    settings(false, "import os\nSIMPLE_JWT = {'SIGNING_KEY': os.environ['KEY']}\n");
    settings(false, "SIMPLE_JWT = {'ALGORITHM': 'HS256'}\n");
}

#[test]
fn files_are_collected_whether_or_not_debug_is_on() {
    let debug = |found: bool, more: &[(&str, &str)]| {
        let settings = "from pathlib import Path\nBASE_DIR = Path(__file__).resolve().parent.parent\nDEBUG = True\nMIDDLEWARE = []\nMIDDLEWARE = []\n\
                        INSTALLED_APPS = ['django.contrib.staticfiles']\nSTATIC_URL = '/static/'\nSTATIC_ROOT = BASE_DIR / 'staticfiles'\n";
        let mapping =
            "option_settings:\n  aws:elasticbeanstalk:environment:proxy:staticfiles:\n    /static: staticfiles\n";
        let files = [
            ("manage.py", ""),
            ("mysite/settings.py", settings),
            ("requirements.txt", "django\n"),
            (".ebextensions/a.config", mapping),
        ];
        case("EB021", found, &[&files, more].concat());
    };
    debug(true, &[]);
    debug(false, &[("staticfiles/site.css", "")]);
    debug(
        false,
        &[(
            ".ebextensions/b.config",
            "container_commands:\n  a: {command: python manage.py collectstatic --noinput}\n",
        )],
    );
}

#[test]
fn the_names_of_the_metadata_service() {
    let settings = |found: bool, text: &str| {
        case("EB011", found, &[("manage.py", ""), ("mysite/settings.py", text), ("requirements.txt", "django\n")]);
    };
    settings(true, "import requests\nIP = requests.get('http://instance-data/latest/meta-data/local-ipv4').text\n");
    settings(
        true,
        "import requests\nIP = requests.get('http://instance-data.ec2.internal/latest/meta-data/local-ipv4').text\n",
    );
    settings(false, "ALLOWED_HOSTS = ['instance-data.ec2.internal']\n");
}

#[test]
fn the_settings_of_an_image() {
    let image = |found: bool, more: &[(&str, &str)]| {
        let files = [
            (".elasticbeanstalk/config.yml", "global: {default_platform: Docker running on 64bit Amazon Linux 2023}\n"),
            ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings.base')\n"),
            ("mysite/wsgi.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings.base')\n"),
            ("mysite/settings/__init__.py", ""),
            ("mysite/settings/base.py", "DEBUG = True\n"),
            ("mysite/settings/prod.py", "DEBUG = False\n"),
        ];
        case("EB110", found, &[&files, more].concat());
    };
    const SERVED: &str =
        "FROM python:3.13\nEXPOSE 8000\nCMD [\"gunicorn\", \"-b\", \"0.0.0.0:8000\", \"mysite.wsgi\"]\n";
    image(true, &[("Dockerfile", SERVED)]);
    let env = format!("{SERVED}ENV DJANGO_SETTINGS_MODULE=mysite.settings.prod\n");
    image(false, &[("Dockerfile", &env)]);
    let services = "services:\n  web:\n    build: .\n    ports: ['80:8000']\n    environment:\n      - DJANGO_SETTINGS_MODULE=mysite.settings.prod\n";
    image(false, &[("Dockerfile", SERVED), ("docker-compose.yml", services)]);
    // Another file builds another image.
    image(true, &[("Dockerfile", SERVED), ("Dockerfile.dev", &env)]);
}

#[test]
fn names_that_no_site_can_have() {
    let hosts = |found: bool, hosts: &str| {
        let settings = format!(
            "ALLOWED_HOSTS = {hosts}\nMIDDLEWARE = ['django.middleware.common.CommonMiddleware', 'shop.health.Health']\n"
        );
        let health = "class Health:\n    def __call__(self, request):\n        if request.path == '/health': return HttpResponse('ok')\n";
        let tree = Tree::default()
            .file("Procfile", super::PROCFILE.1)
            .file("mysite/wsgi.py", super::WSGI.1)
            .file("mysite/settings.py", settings)
            .file("shop/health.py", health);
        let report = run(&tree, &Settings::default());
        let says = |message: &str| message.contains("no site can have");
        let any = report.findings.iter().any(|finding| finding.rule == "EB010" && says(&finding.message));
        assert_eq!(any, found, "{hosts}\n{report}");
    };
    for none in [
        "['ALLOWED_HOSTS']",
        "['your-domain.com']",
        "['.your-domain.com', 'localhost']",
        "['<host>']",
        "['www.domain.com']",
        "['myapp']",
        "['*.elasticbeanstalk.com']",
        "['shop_web.eu-west-1.elasticbeanstalk.com']",
        "['your-env.eba-x.us-east-1.elasticbeanstalk.com']",
    ] {
        hosts(true, none);
    }
    for one in [
        "['*']",
        "['localhost']",
        "['shop.org']",
        "['your-domain.com', 'shop.org']",
        "['shop.eba-x.us-east-1.elasticbeanstalk.com']",
        "['.elasticbeanstalk.com']",
        "['10.0.0.1']",
        "['https://shop.org/']",
        "['yourtravel.org']",
        "['myexample.com']",
    ] {
        hosts(false, one);
    }
}

#[test]
fn settings_in_a_file_of_any_name() {
    let wsgi = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.conf')\n";
    let unread = Entry::File { executable: false, bytes: 13, content: None };
    let mut tree = Tree::default().file("Procfile", "web: gunicorn shop.wsgi\n").file("shop/wsgi.py", wsgi);
    tree.insert("shop/conf.py", unread);
    tree.insert_code("shop/conf.py", b"DEBUG = True\n".to_vec());
    let report = run(&tree, &Settings::default());
    let debug = report.findings.iter().find(|finding| finding.rule == "EB110");
    assert!(debug.is_some_and(|finding| finding.path == "shop/conf.py" && finding.start.is_some()), "{report}");
    assert!(report.findings.iter().all(|finding| !finding.path.is_empty()), "{report}");
}

#[test]
fn manage_names_what_does_not_ship() {
    let manage = "import os, django\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n";
    let files = [("manage.py", manage), ("shop/models.py", ""), ("requirements.txt", "Django==5.2.8\n")];
    let tree = files
        .iter()
        .fold(Tree::default().file("Procfile", "web: gunicorn app:x\n"), |tree, (path, text)| tree.file(path, text));
    let report = run(&tree, &Settings::default());
    let missing = report.findings.iter().find(|finding| finding.rule == "EB111");
    assert!(missing.is_some_and(|finding| finding.message.contains("no command of `manage.py`")), "{report}");
}

#[test]
fn health_checks_and_the_name_with_www() {
    let common = "MIDDLEWARE = ['django.middleware.common.CommonMiddleware']\nALLOWED_HOSTS = ['*']\n";
    let www = |found: bool, text: &str, more: &[(&str, &str)]| {
        let settings = format!("{common}{text}\n");
        let option = (".ebextensions/a.config", "option_settings:\n  aws:elasticbeanstalk:command: {Timeout: 900}\n");
        case("EB012", found, &[&[option, ("mysite/settings.py", settings.as_str())], more].concat());
    };
    www(true, "PREPEND_WWW = True", &[]);
    www(false, "PREPEND_WWW = False", &[]);
    www(false, "", &[]);
    www(false, "PREPEND_WWW = True\nMIDDLEWARE = []", &[]);
    www(false, "PREPEND_WWW = True\nMIDDLEWARE = ['shop.HealthCheck'] + MIDDLEWARE", &[]);
    let single = "option_settings:\n  aws:elasticbeanstalk:environment: {EnvironmentType: SingleInstance}\n";
    www(false, "PREPEND_WWW = True", &[(".ebextensions/b.config", single)]);
}

#[test]
fn settings_within_others() {
    let within = |found: bool, text: &str| case("EB344", found, &[("mysite/settings.py", text)]);
    within(true, "CHANNEL_LAYERS = {'default': {'BACKEND': 'a.b', 'CACHES': {'default': {'BACKEND': 'c.d'}}}}\n");
    within(true, "DATABASES = {'default': {'ENGINE': 'a'}, 'CACHES': {}}\n");
    within(false, "CHANNEL_LAYERS = {'default': {'BACKEND': 'a.b'}}\nCACHES = {'default': {'BACKEND': 'c.d'}}\n");
    within(false, "DATABASES = {'default': {'ENGINE': 'a', 'CACHES': {}}}\nCACHES = {'default': {'BACKEND': 'c.d'}}\n");
}

#[test]
fn mail_that_goes_nowhere() {
    let mail = |found: bool, backend: &str, more: &[(&str, &str)]| {
        let settings = format!("EMAIL_BACKEND = {backend}\n");
        case("EB352", found, &[&[("mysite/settings.py", settings.as_str())], more].concat());
    };
    let sends = ("shop/views.py", "def order(request):\n    send_mail('a', 'b', None, ['c'])\n");
    for name in ["console", "filebased", "locmem", "dummy"] {
        mail(true, &format!("'django.core.mail.backends.{name}.EmailBackend'"), &[sends]);
        mail(false, &format!("'django.core.mail.backends.{name}.EmailBackend'"), &[]);
    }
    mail(false, "'django.core.mail.backends.smtp.EmailBackend'", &[sends]);
    mail(false, "os.environ.get('MAIL', 'django.core.mail.backends.console.EmailBackend')", &[sends]);
    mail(false, "'django.core.mail.backends.console.EmailBackend'", &[("shop/tests.py", "send_mail('a')\n")]);
}

#[test]
fn settings_that_a_class_has() {
    let class = |rule: &str, found: bool, text: &str, wsgi: &str| {
        let wsgi = format!("os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"mysite.settings\")\n{wsgi}");
        let text = format!("from configurations import Configuration\n{text}");
        case(rule, found, &[("mysite/settings.py", text.as_str()), ("mysite/wsgi.py", wsgi.as_str())]);
    };
    let named = "os.environ.setdefault('DJANGO_CONFIGURATION', 'Prod')\n";
    let common = "class Common(Configuration):\n    SECRET_KEY = 'k7Qx29pLm4zR'\n    DEBUG = True\n";
    class("EB112", true, &format!("{common}class Prod(Common):\n    DEBUG = False\n"), named);
    class("EB110", false, &format!("{common}class Prod(Common):\n    DEBUG = False\n"), named);
    class("EB110", true, &format!("{common}class Prod(Common):\n    pass\n"), named);
    class(
        "EB110",
        false,
        &format!("{common}class Prod(Configuration):\n    DEBUG = values.BooleanValue(False)\n"),
        named,
    );
    // A variable sets it, and this is what it is without one.
    class("EB110", true, "class Prod(Configuration):\n    DEBUG = values.BooleanValue(True)\n", named);
    let secret = "class Prod(Configuration):\n    DEBUG = False\n    SECRET_KEY = values.SecretValue()\n";
    class("EB112", false, secret, named);
    class("EB110", false, common, named);
    class("EB110", false, &format!("{common}class Prod(Common):\n    pass\n"), "");
}

#[test]
fn models_without_a_migration() {
    const SETTINGS: (&str, &str) =
        ("mysite/settings.py", "INSTALLED_APPS = ['django.contrib.auth', 'shop.apps.ShopConfig']\n");
    const MODELS: (&str, &str) =
        ("shop/models.py", "from django.db import models\nclass A(models.Model):\n    x = models.TextField()\n");
    let site = |found: bool, more: &[(&str, &str)]| {
        let files = [PROCFILE, WSGI, SETTINGS, MODELS, ("shop/apps.py", ""), ("manage.py", "import django\n")];
        case("EB354", found, &[&files[..], more].concat());
    };
    site(true, &[("shop/migrations/__init__.py", "")]);
    site(true, &[]);
    site(false, &[("shop/migrations/0001_initial.py", "")]);
    site(
        false,
        &[(
            "shop/models.py",
            "from django.db import models\nclass A(models.Model):\n    class Meta:\n        managed = False\n",
        )],
    );
    site(false, &[(".platform/hooks/predeploy/a.sh", "#!/bin/sh\npython manage.py makemigrations\n")]);
    site(false, &[(".platform/hooks/predeploy/a.sh", "#!/bin/sh\npython manage.py migrate --run-syncdb\n")]);
    site(false, &[("mysite/settings.py", "INSTALLED_APPS = ['shop']\nMIGRATION_MODULES = {'shop': 'x'}\n")]);
    site(false, &[("mysite/settings.py", "INSTALLED_APPS = ['other']\n")]);
}
