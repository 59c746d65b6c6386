//! Doubts: what looks like a fault and is none, and advice that has to work where it is given.

use super::{PROCFILE, WSGI as SERVED, case};
use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};
use crate::level::Level;

/// What a rule says of these files: the level, the message and the advice.
#[track_caller]
fn said(rule: &str, files: &[(&str, &str)]) -> Option<(Level, String, String)> {
    let tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, text));
    let report = run(&tree, &Settings::default());
    let found = report.findings.iter().find(|finding| finding.rule == rule)?;
    Some((found.level, found.message.clone(), found.fix.clone()))
}

#[test]
fn a_module_in_a_project_below_the_top() {
    const WSGI: &str = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'blog.settings')\napplication = 1\n";
    let files = [
        ("site/manage.py", "# django\n"),
        ("site/blog/settings.py", "DEBUG = False\n"),
        ("site/blog/wsgi.py", WSGI),
        ("requirements.txt", "Django==5.2.8\n"),
    ];
    let advice = |more: &[(&str, &str)]| said("EB002", &[&files[..], more].concat()).expect("it is a path").2;
    let option = |more: &str| {
        format!("option_settings:\n  aws:elasticbeanstalk:container:python:\n    WSGIPath: site/blog/wsgi.py\n{more}")
    };
    let plain = advice(&[(".ebextensions/a.config", &option(""))]);
    assert!(plain.contains("--chdir site blog.wsgi:application") && plain.contains("`Procfile`"), "{plain}");
    for path in ["./site", "site/", "/var/app/current/site:/opt/x"] {
        let property = format!("  aws:elasticbeanstalk:application:environment:\n    PYTHONPATH: {path}\n");
        let searched = advice(&[(".ebextensions/a.config", &option(&property))]);
        assert_eq!(searched, "write `blog.wsgi:application`", "{path}");
    }
}

#[test]
fn a_path_of_modules_that_nobody_asks_for() {
    const PATH: &str = "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    PYTHONPATH: ./site\n";
    case("EB150", false, &[(".ebextensions/a.config", PATH)]);
    let asks = "#!/bin/bash\nsource $PYTHONPATH/activate\npython manage.py migrate\n";
    case("EB150", true, &[(".ebextensions/a.config", PATH), (".platform/hooks/predeploy/a.sh", asks)]);
}

#[test]
fn files_of_the_admin_that_somebody_committed() {
    const SETTINGS: &str = "BASE_DIR = Path(__file__).resolve().parent.parent\nINSTALLED_APPS = ['django.contrib.admin', 'django.contrib.staticfiles']\nMIDDLEWARE = []\nSTATIC_URL = '/static/'\nSTATIC_ROOT = BASE_DIR / 'staticfiles'\n";
    let admin = ("static/admin/css/base.css", "");
    for rule in ["EB021", "EB131"] {
        case(rule, true, &[("mysite/settings.py", SETTINGS), ("static/a.css", "")]);
        case(rule, false, &[("mysite/settings.py", SETTINGS), admin]);
    }
}

#[test]
fn uploads_that_nobody_can_bring() {
    const SETTINGS: &str = "BASE_DIR = Path(__file__).resolve().parent.parent\nINSTALLED_APPS = ['django.contrib.admin', 'shop', 'crispy_forms']\nMEDIA_ROOT = BASE_DIR / 'media'\nMEDIA_URL = '/media/'\n";
    let uploads = |found: bool, apps: &str, code: &str| {
        let settings = SETTINGS.replace("'crispy_forms'", apps);
        let urls = "from django.conf.urls.static import static\nurlpatterns = static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT)\n";
        let files = [("mysite/settings.py", settings.as_str()), ("shop/models.py", code), ("mysite/urls.py", urls)];
        case("EB082", found, &files);
    };
    const TITLE: &str = "class Book(models.Model):\n    title = models.CharField()\n";
    uploads(false, "'crispy_forms'", TITLE);
    uploads(true, "'crispy_forms'", "class Book(models.Model):\n    cover = models.ImageField()\n");
    uploads(true, "'crispy_forms'", "def upload(request):\n    save(request.FILES['a'])\n");
    uploads(true, "'wagtail'", TITLE);
    uploads(true, "*MORE", TITLE);
}

#[test]
fn a_certificate_on_the_instance() {
    const SETTINGS: &str =
        "ALLOWED_HOSTS = ['example.com']\nMIDDLEWARE = ['django.middleware.common.CommonMiddleware']\n";
    const OPENED: &str = "Resources:\n  a:\n    Type: AWS::EC2::SecurityGroupIngress\n    Properties:\n      GroupId: {\"Fn::GetAtt\": [\"AWSEBSecurityGroup\", \"GroupId\"]}\n      IpProtocol: tcp\n      ToPort: 443\n      FromPort: 443\n      CidrIp: 0.0.0.0/0\n";
    const HOOK: &str = "#!/bin/bash\ncertbot -n --nginx -d example.com\n";
    let settings = ("mysite/settings.py", SETTINGS);
    let level =
        |more: &[(&str, &str)]| said("EB010", &[&[PROCFILE, SERVED, settings], more].concat()).map(|(level, ..)| level);
    assert_eq!(level(&[]), Some(Level::Error));
    let hook = (".platform/hooks/postdeploy/a.sh", HOOK);
    assert_eq!(level(&[hook]), Some(Level::Error));
    assert_eq!(level(&[hook, (".ebextensions/a.config", OPENED)]), Some(Level::Note));
}

#[test]
fn the_service_that_needs_the_properties() {
    const COMPOSE: &str =
        "services:\n  postgres:\n    image: postgres:16\n  web:\n    build: .\n    ports: ['80:8000']\n";
    const SET: &str = "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    A: b\n";
    let files = [("docker-compose.yml", COMPOSE), ("Dockerfile", "FROM python\n"), (".ebextensions/a.config", SET)];
    let (_, message, _) = said("EB122", &files).expect("no service reads them");
    assert!(message.starts_with("`web` sees none"), "{message}");
}

#[test]
fn what_mysqlclient_looks_for() {
    let looks = |version: &str| {
        let line = format!("Django==5.2.8\nmysqlclient=={version}\n");
        said("EB041", &[("requirements.txt", &line), (".ebextensions/a.config", "{}")]).expect("it is compiled").1
    };
    assert!(looks("1.3.13").contains("`mysql_config`") && looks("2.1.1").contains("`mysql_config`"));
    assert!(looks("2.2.0").contains("`pkg-config`") && looks("2.2.7").contains("`pkg-config`"));
}

#[test]
fn where_a_file_of_the_proxy_belongs() {
    let advice = |content: &str, more: &[(&str, &str)]| {
        let lines: String = content.lines().map(|line| format!("      {line}\n")).collect();
        let config = format!("files:\n  /etc/nginx/conf.d/a.conf:\n    content: |\n{lines}");
        said("EB060", &[&[(".ebextensions/a.config", config.as_str())], more].concat()).expect("it is overwritten").2
    };
    assert!(advice("client_max_body_size 20M;\n", &[]).contains("`.platform/nginx/conf.d/a.conf`"));
    const LOCATION: &str = "location /static/ {\n  alias /a/;\n}\n";
    assert!(advice(LOCATION, &[]).contains("`.platform/nginx/conf.d/elasticbeanstalk/a.conf`"));
    let there = (".platform/nginx/conf.d/elasticbeanstalk/b.conf", LOCATION);
    assert!(advice(LOCATION, &[there]).contains("b.conf` has that `location` already"));
    let server =
        advice("server {\n  listen 80;\n  access_log /a healthd;\n  return 301 https://$host$request_uri;\n}\n", &[]);
    assert!(
        server.contains("beyond the platform's own") && server.contains("conf.d/elasticbeanstalk/a.conf"),
        "{server}"
    );
}

#[test]
fn a_page_for_health_checks_that_another_file_has() {
    const SETTINGS: &str = "MIDDLEWARE = []\nROOT_URLCONF = 'mysite.urls'\n";
    const URLS: &str = "urlpatterns = [path('v2/', include('api.urls'))]\n";
    let level = |api: &str| {
        let files = [
            PROCFILE,
            SERVED,
            ("mysite/settings.py", SETTINGS),
            ("mysite/urls.py", URLS),
            ("api/urls.py", api),
            ("manage.py", "# django"),
        ];
        said("EB013", &files).map(|(level, ..)| level)
    };
    assert_eq!(level("urlpatterns = [path('books/', books)]\n"), Some(Level::Warning));
    assert_eq!(level("urlpatterns = [path('health/', health)]\n"), Some(Level::Note));
}

#[test]
fn versions_that_can_be_taken() {
    let advice = |lines: &str| {
        said("EB144", &[PROCFILE, SERVED, (".ebextensions/a.config", "{}"), ("requirements.txt", lines)])
            .expect("it fails")
            .2
    };
    // What Python 3.11 takes is not enough for 3.13, which a new environment may have as well.
    let first = advice("Django==5.2.8\ngunicorn==23.0.0\ngreenlet==1.1.0\n");
    assert_eq!(first, "take `greenlet` 3.1 or newer");
    let free = advice("Django==5.2.8\ngunicorn==23.0.0\nPyYAML==5.4.1\n");
    assert!(free.starts_with("take `pyyaml` ") && !free.contains("beside"), "{free}");
    let held = advice("Django==5.2.8\ngunicorn==23.0.0\nPyYAML==5.4.1\ndocker-compose==1.25.0\n");
    assert!(held.ends_with("or newer, and take `docker-compose` out, which no server needs"), "{held}");
}

#[test]
fn who_tells_django_of_https() {
    const SETTINGS: &str =
        "SECURE_SSL_REDIRECT = True\nMIDDLEWARE = ['django.middleware.security.SecurityMiddleware']\n";
    let level = |web: &str, more: &[(&str, &str)]| {
        let files = [("Procfile", web), SERVED, ("mysite/settings.py", SETTINGS)];
        said("EB014", &[&files[..], more].concat()).map(|(level, ..)| level)
    };
    assert_eq!(level("web: gunicorn mysite.wsgi\n", &[]), Some(Level::Warning));
    assert_eq!(level("web: daphne mysite.asgi:application\n", &[]), Some(Level::Error));
    assert_eq!(level("web: gunicorn --forwarded-allow-ips 10.0.0.1 mysite.wsgi\n", &[]), Some(Level::Error));
    let start = ("bin/start", "#!/bin/bash\nexec gunicorn mysite.wsgi\n");
    assert_eq!(level("web: bin/start\n", &[start]), Some(Level::Warning));
    let property =
        "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    FORWARDED_ALLOW_IPS: 10.0.0.1\n";
    assert_eq!(level("web: gunicorn mysite.wsgi\n", &[(".ebextensions/a.config", property)]), Some(Level::Error));
    let other = ("gunicorn.conf.py", "forwarded_allow_ips = ''\n");
    assert_eq!(level("web: gunicorn mysite.wsgi\n", &[other]), Some(Level::Error));
}

#[test]
fn what_only_started_a_process() {
    let advice = |script: &str| {
        let path = "/opt/elasticbeanstalk/hooks/appdeploy/post/a.sh";
        let config =
            format!("files:\n  {path}:\n    mode: \"000755\"\n    content: |\n      #!/bin/bash\n      {script}\n");
        said("EB036", &[PROCFILE, SERVED, (".ebextensions/a.config", &config)]).expect("nothing runs it").2
    };
    assert!(advice("supervisorctl restart celeryd").contains("`Procfile`"));
    assert!(advice("touch /tmp/a").contains("`.platform/hooks/`"));
}

#[test]
fn drivers_of_postgresql_that_are_compiled() {
    const SETTINGS: (&str, &str) = (
        "mysite/settings.py",
        "DEBUG = False\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'x'}}\n",
    );
    const LIBRARY: (&str, &str) = (".ebextensions/a.config", "packages:\n  yum: {libpq-devel: [], gcc: []}\n");
    let found = |version: &str, more: &[(&str, &str)]| -> Vec<&str> {
        let lines = format!("Django==5.2.8\ngunicorn==23.0.0\npsycopg2=={version}\n");
        let files = [&[PROCFILE, SERVED, SETTINGS, ("requirements.txt", lines.as_str())], more].concat();
        ["EB040", "EB144", "EB172"].into_iter().filter(|rule| said(rule, &files).is_some()).collect()
    };
    for version in ["2.7.7", "2.8.6", "2.9.1", "2.9.10"] {
        assert_eq!(found(version, &[(".ebextensions/a.config", "{}")]), ["EB040"], "{version}");
    }
    assert_eq!(found("2.7.7", &[LIBRARY]), ["EB144"]);
    assert_eq!(found("2.8.6", &[LIBRARY]), ["EB172"]);
    assert_eq!(found("2.9.1", &[LIBRARY]), ["EB172"]);
    assert!(found("2.9.10", &[LIBRARY]).is_empty());
}
