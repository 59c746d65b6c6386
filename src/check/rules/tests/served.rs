//! Which settings the server gets, and which requests they answer.

use super::case;
use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};

#[test]
fn redirects_spare_the_path_of_health_checks_only() {
    let exempt = |found: bool, list: &str, path: Option<&str>| {
        let settings = format!(
            "SECURE_SSL_REDIRECT = True\nSECURE_REDIRECT_EXEMPT = {list}\nSECURE_PROXY_SSL_HEADER = (\"HTTP_X_FORWARDED_PROTO\", \"https\")\nMIDDLEWARE = [\"django.middleware.security.SecurityMiddleware\"]\n"
        );
        let option = path.map(|path| {
            format!(
                "option_settings:\n  aws:elasticbeanstalk:environment:process:default: {{HealthCheckPath: {path}}}\n"
            )
        });
        let mut files = vec![("mysite/settings.py", settings.as_str())];
        files.extend(option.as_deref().map(|option| (".ebextensions/a.config", option)));
        case("EB012", found, &files);
    };
    exempt(true, "[]", None);
    exempt(true, "['robots.txt', r'^\\.well-known/']", None);
    exempt(true, "[r'^health/$']", Some("/status/"));
    exempt(false, "[r'^health/$']", Some("/health/"));
    exempt(false, "[r'^health/$']", None);
    exempt(false, "[HEALTH]", Some("/status/"));
    exempt(false, "['']", Some("/status/"));
    exempt(false, "exempt()", None);
}

#[test]
fn hosts_that_no_request_has() {
    let hosts = |found: bool, hosts: &str| {
        let settings =
            format!("{hosts}MIDDLEWARE = [\"site.HealthMiddleware\", \"django.middleware.common.CommonMiddleware\"]\n");
        case("EB010", found, &[("mysite/settings.py", settings.as_str())]);
    };
    hosts(true, "");
    hosts(true, "ALLOWED_HOSTS = ['https://www.example.com']\n");
    hosts(true, "ALLOWED_HOSTS = ['example.org', 'www.example.com/']\n");
    hosts(true, "ALLOWED_HOSTS = ['www.example.com:8000']\n");
    hosts(false, "ALLOWED_HOSTS = ['www.example.com/', 'www.example.com']\n");
    hosts(false, "ALLOWED_HOSTS = ['https://www.example.com', '.example.com']\n");
    hosts(false, "ALLOWED_HOSTS = ['example.com', 'http://localhost:3000', '[::1]', '[::1]:8000']\n");
    hosts(false, "ALLOWED_HOSTS = ['https://www.example.com', '*']\n");
    hosts(false, "from elsewhere import *\n");
    case("EB010", false, &[("mysite/settings.py", "MIDDLEWARE = []\n")]);
}

#[test]
fn the_settings_are_those_that_the_served_module_names() {
    const DEV: (&str, &str) = ("mysite/dev.py", "DEBUG = True\n");
    const PROD: (&str, &str) = ("mysite/site.py", "DEBUG = False\n");
    const PROD_WSGI: (&str, &str) =
        ("mysite/wsgi_prod.py", "os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"mysite.site\")\n");
    const DEV_WSGI: (&str, &str) =
        ("mysite/wsgi.py", "os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"mysite.dev\")\n");
    let read = |file: &str, text: &str| {
        let files = [(file, text), DEV, PROD, PROD_WSGI, DEV_WSGI];
        let tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, text));
        run(&tree, &Settings::default()).findings.iter().any(|finding| finding.rule == "EB110")
    };
    let option = |target: &str| {
        read(
            ".ebextensions/a.config",
            &format!("option_settings:\n  aws:elasticbeanstalk:container:python: {{WSGIPath: \"{target}\"}}\n"),
        )
    };
    assert!(!option("mysite.wsgi_prod:application"));
    assert!(!option("mysite.wsgi_prod"));
    assert!(!option("mysite/wsgi_prod.py"));
    assert!(option("mysite/wsgi.py"));
    assert!(option("mysite.elsewhere:application"));
    assert!(!read("Procfile", "web: gunicorn --bind :8000 mysite.wsgi_prod:application\n"));
    assert!(read("Procfile", "web: gunicorn --bind 127.0.0.1:8000 mysite.wsgi\n"));
    assert!(read("Procfile", "web: ./start.sh\n"));
}

#[test]
fn files_that_the_settings_open() {
    let opens = |found: bool, text: &str, more: &[(&str, &str)]| {
        let text = format!(
            "from pathlib import Path\nimport json\nBASE_DIR = Path(__file__).resolve().parent.parent\n{text}\n"
        );
        case("EB178", found, &[&[("mysite/settings.py", text.as_str())], more].concat());
    };
    opens(true, "with open(BASE_DIR / 'secrets.json') as f:\n    pass", &[]);
    opens(true, "with open('secrets.json', 'r', encoding='utf-8') as f:\n    pass", &[]);
    opens(true, "SECRETS = json.load(open(f'{BASE_DIR}/secrets.json'))", &[]);
    opens(true, "KEY = (BASE_DIR / 'key.txt').read_text().strip()", &[]);
    opens(true, "with (BASE_DIR / 'key.txt').open() as f:\n    pass", &[]);
    opens(true, "try:\n    KEY = open('key.txt').read()\nexcept OSError:\n    raise", &[]);
    opens(false, "with open('secrets.json') as f:\n    pass", &[("secrets.json", "{}")]);
    opens(false, "with open('secrets.json') as f:\n    pass", &[("mysite/secrets.json", "{}")]);
    opens(false, "with open('secrets.json', 'w') as f:\n    pass", &[]);
    opens(false, "with open('/etc/secrets.json') as f:\n    pass", &[]);
    opens(false, "try:\n    KEY = open('key.txt').read()\nexcept OSError:\n    KEY = None", &[]);
    opens(false, "if LOCAL:\n    KEY = open('key.txt').read()", &[]);
    opens(false, "def key():\n    return open('key.txt').read()", &[]);
    opens(false, "with open(name()) as f:\n    pass", &[]);
    opens(false, "with open('key.txt') as f:\n    pass", &[(".ebignore", "docs\n")]);
    let fetched = "container_commands:\n  a: {command: 'aws s3 cp s3://bucket/key.txt .'}\n";
    opens(false, "with open('key.txt') as f:\n    pass", &[(".ebextensions/a.config", fetched)]);
}
