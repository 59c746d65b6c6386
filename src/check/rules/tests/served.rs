//! Which settings the server gets.

use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};

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
