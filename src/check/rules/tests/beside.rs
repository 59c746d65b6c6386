//! What stands beside something of the platform's, or beside another of its name.

use super::case;
use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};
use crate::level::Level;

const PLATFORM: (&str, &str) =
    (".elasticbeanstalk/config.yml", "global: {default_platform: Python 3.13 running on 64bit Amazon Linux 2023}\n");

#[test]
fn blocks_beside_the_block_of_the_platform() {
    let nginx = |rule: &str, found: bool, text: &str, more: &[(&str, &str)]| {
        case(rule, found, &[&[PLATFORM, (".platform/nginx/conf.d/a.conf", text)], more].concat());
    };
    // What `nginx -t` says of each beside the platform's own file: "a duplicate default server for 0.0.0.0:80".
    for listen in
        ["80 default_server", "*:80 default_server", "0.0.0.0:80 default_server", "80 default", "* default_server"]
    {
        nginx("EB143", true, &format!("server {{\n  listen {listen};\n  return 204;\n}}\n"), &[]);
        nginx("EB271", false, &format!("server {{\n  listen {listen};\n  return 204;\n}}\n"), &[]);
    }
    nginx("EB143", true, "server { listen 80 default_server; server_name a.example.com; }\n", &[]);
    let other = (".platform/nginx/conf.d/b.conf", "server { listen 8080 default_server; }\n");
    nginx("EB143", true, "server { listen 8080 default_server; }\n", &[other]);
    for listen in ["80", "8080 default_server", "[::]:80 default_server", "127.0.0.1:80 default_server"] {
        nginx("EB143", false, &format!("server {{ listen {listen}; server_name a.example.com; }}\n"), &[]);
    }
    let whole = (".platform/nginx/nginx.conf", "events {}\nhttp { include conf.d/*.conf; }\n");
    let edited =
        (".platform/hooks/predeploy/a.sh", "#!/bin/bash\nsed -i 's/ default_server//' /etc/nginx/nginx.conf\n");
    let apache = (
        ".ebextensions/a.config",
        "option_settings:\n  aws:elasticbeanstalk:environment:proxy: {ProxyServer: apache}\n",
    );
    for more in [whole, edited, apache] {
        nginx("EB143", false, "server { listen 80 default_server; }\n", &[more]);
        nginx("EB271", false, "server { listen 80; }\n", &[more]);
    }
    let docker =
        (".elasticbeanstalk/config.yml", "global: {default_platform: Docker running on 64bit Amazon Linux 2023}\n");
    case("EB143", false, &[docker, (".platform/nginx/conf.d/a.conf", "server { listen 80 default_server; }\n")]);
    // Nobody asks for a block without a name.
    for block in ["listen 80;", "", "listen 80; server_name _;", "listen *:80; server_name \"\";"] {
        nginx("EB271", true, &format!("server {{ {block} return 301 https://$host$request_uri; }}\n"), &[]);
    }
    for block in
        ["listen 80; server_name a.example.com;", "listen 443 ssl;", "listen 80; listen 8080;", "listen [::]:80;"]
    {
        nginx("EB271", false, &format!("server {{ {block} return 301 https://$host$request_uri; }}\n"), &[]);
    }
}

#[test]
fn what_redirects_is_not_moved_to_where_all_requests_are() {
    for listen in ["80", "80 default_server"] {
        let text = format!("server {{ listen {listen}; return 301 https://$host$request_uri; }}\n");
        let tree = Tree::default().file(PLATFORM.0, PLATFORM.1).file(".platform/nginx/conf.d/a.conf", text.as_str());
        let findings = run(&tree, &Settings::default()).findings;
        let found = findings.iter().find(|finding| matches!(finding.rule, "EB143" | "EB271")).unwrap();
        assert!(!found.fix.contains("elasticbeanstalk"), "{}", found.fix);
    }
}

#[test]
fn commands_of_one_name_in_copies_of_the_project() {
    let commands =
        |line: &str| format!("container_commands:\n  a: {{command: '{line} a'}}\n  b: {{command: '{line} b'}}\n");
    let found = |files: &[(&str, String)]| {
        let tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.file(path, text.as_str()));
        let findings = run(&tree, &Settings::default()).findings;
        findings.into_iter().filter(|finding| finding.rule == "EB218").collect::<Vec<_>>()
    };
    let own = (".ebextensions/a.config", commands("touch"));
    let copies = found(&[
        own.clone(),
        ("old/.ebextensions/a.config", commands("touch")),
        ("deploy/app/.ebextensions/a.config", commands("rm")),
    ]);
    let paths: Vec<&str> = copies.iter().map(|finding| finding.path.as_str()).collect();
    assert_eq!(paths, ["deploy/app/.ebextensions/a.config", "old/.ebextensions/a.config"]);
    assert!(copies.iter().all(|finding| !finding.fix.starts_with("give") && finding.level == Level::Warning));
    let same = found(&[own.clone(), (".ebextensions/b.config", commands("touch"))]);
    assert!(
        same.len() == 2 && same.iter().all(|finding| finding.level == Level::Note && finding.fix.contains("delete"))
    );
    let asks = |line: &str| format!("container_commands: {{a: {{command: {line}}}}}\n");
    let django = [
        (".ebextensions/a.config", asks("django-admin.py compress")),
        (".ebextensions/b.config", asks("python manage.py compress")),
    ];
    assert!(found(&django).iter().all(|finding| finding.level == Level::Note));
    let different = found(&[own, (".ebextensions/b.config", commands("rm"))]);
    assert!(different.len() == 2 && different.iter().all(|finding| finding.level == Level::Warning));
}

#[test]
fn what_gunicorn_is_told_of_another_machine() {
    let conf = |found: bool, text: &str, more: &[(&str, &str)]| {
        case("EB317", found, &[&[PLATFORM, ("gunicorn.conf.py", text)], more].concat());
    };
    // gunicorn 23 ends with each of these: "No such user", "No such group", "isn't writable", "doesn't exist".
    const FAILS: [&str; 6] = [
        "user = 'shop'\n",
        "group = 'www-data'\n",
        "errorlog = '/home/shop/error.log'\n",
        "accesslog = '/var/log/gunicorn/access.log'\n",
        "pidfile = '/run/shop/gunicorn.pid'\n",
        "pidfile = '/var/run/gunicorn/gunicorn.pid'\n",
    ];
    for text in FAILS {
        conf(true, text, &[]);
        // What makes them, and another server.
        let makes = "#!/bin/bash\nuseradd shop\ngroupadd www-data\nmkdir -p /home/shop /var/log/gunicorn /run/shop /var/run/gunicorn\n";
        conf(false, text, &[(".platform/hooks/prebuild/a.sh", makes)]);
        conf(false, text, &[("Procfile", "web: daphne mysite.asgi:application\n")]);
        conf(false, text, &[("Procfile", "web: gunicorn -c other.py mysite.wsgi\n")]);
        conf(false, text, &[(".elasticbeanstalk/config.yml", "global: {default_platform: Docker}\n")]);
    }
    for text in [
        "user = 'webapp'\n",
        "user = 1000\n",
        "user = os.environ.get('USER')\n",
        "errorlog = '-'\n",
        "errorlog = '/var/log/gunicorn.log'\n",
        "errorlog = '/tmp/a.log'\n",
        "errorlog = 'logs/a.log'\n",
        "import os\nos.makedirs('/var/log/shop')\nerrorlog = '/var/log/shop/a.log'\n",
        "pidfile = None\n",
    ] {
        conf(false, text, &[]);
    }
    // A longer word is another one.
    conf(
        true,
        "user = 'shop'\n",
        &[
            ("Procfile", "web: gunicorn shopping.wsgi\n"),
            (".ebextensions/a.config", "container_commands: {a: {command: 'ls shopping'}}\n"),
        ],
    );
    let web = |found: bool, line: &str| case("EB317", found, &[PLATFORM, ("Procfile", &format!("web: {line}\n"))]);
    web(true, "gunicorn --user www-data mysite.wsgi");
    web(true, "gunicorn --access-logfile=/var/log/gunicorn/access.log mysite.wsgi");
    web(false, "gunicorn --user $USER --pid /tmp/a.pid mysite.wsgi");
    web(false, "mkdir -p /var/log/gunicorn && gunicorn --access-logfile=/var/log/gunicorn/access.log mysite.wsgi");
}
