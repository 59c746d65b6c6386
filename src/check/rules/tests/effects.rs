//! What has no effect, or names what is not there: options, commands, logs, tags, storages, middleware, origins.

use super::case;

#[test]
fn options_that_two_files_set() {
    let twice = |found: bool, first: &str, second: &str| {
        let text = |value: &str| format!("option_settings:\n  aws:autoscaling:asg:\n    {value}\n");
        case("EB255", found, &[(".ebextensions/a.config", &text(first)), (".ebextensions/b.config", &text(second))]);
    };
    twice(true, "MaxSize: 2", "MaxSize: 4");
    twice(false, "MaxSize: 2", "MaxSize: '2'");
    twice(false, "MaxSize: 2", "MinSize: 4");
    let own = "option_settings:\n  aws:autoscaling:asg: {MaxSize: 2}\n";
    // Which of the two folders is deployed, nobody knows.
    case("EB255", false, &[(".ebextensions/a.config", own), ("web/.ebextensions/b.config", &own.replace('2', "4"))]);
    let listed = "option_settings:\n- {namespace: aws:autoscaling:asg, option_name: MaxSize, value: 2}\n- {namespace: aws:autoscaling:asg, option_name: MaxSize, value: 4}\n";
    case("EB255", true, &[(".ebextensions/a.config", listed)]);
    case("EB255", false, &[(".ebextensions/a.config", &listed.replace('4', "2"))]);
    let scheduled = |name: &str, size: u8| {
        format!(
            "- {{namespace: aws:autoscaling:scheduledaction, resource_name: {name}, option_name: MinSize, value: {size}}}\n"
        )
    };
    let actions = |second: &str| format!("option_settings:\n{}{}", scheduled("Up", 2), scheduled(second, 1));
    case("EB255", false, &[(".ebextensions/a.config", &actions("Down"))]);
    case("EB255", true, &[(".ebextensions/a.config", &actions("Up"))]);
}

#[test]
fn processes_and_rules_of_listeners() {
    let listener = |found: bool, options: &str| {
        case("EB256", found, &[(".ebextensions/a.config", &format!("option_settings:\n{options}"))]);
    };
    listener(true, "  aws:elbv2:listener:443: {DefaultProcess: api}\n");
    listener(false, "  aws:elbv2:listener:443: {DefaultProcess: default}\n");
    listener(
        false,
        "  aws:elbv2:listener:443: {DefaultProcess: api}\n  aws:elasticbeanstalk:environment:process:api: {Port: 81}\n",
    );
    listener(true, "  aws:elbv2:listener:443: {Rules: 'default,api'}\n");
    listener(false, "  aws:elbv2:listener:443: {Rules: default}\n");
    listener(true, "  aws:elbv2:listenerrule:api: {PathPatterns: /a}\n");
    listener(
        false,
        "  aws:elbv2:listener:80: {Rules: 'api, b'}\n  aws:elbv2:listenerrule:api: {Process: default}\n  aws:elbv2:listenerrule:b: {Priority: 2}\n",
    );
}

#[test]
fn commands_that_change_their_own_shell() {
    let command = |found: bool, line: &str| {
        let text = format!("container_commands:\n  a:\n    command: {line}\n");
        case("EB257", found, &[(".ebextensions/a.config", &text)]);
    };
    for line in [
        "export A=1",
        "source /var/app/venv/*/bin/activate",
        ". /var/app/venv/x/bin/activate",
        "cd /var/app/current",
        "alias python=python3",
        "A=1",
        "cd app && export A=1",
        "unset A",
    ] {
        command(true, line);
    }
    for line in [
        "cd app && ls",
        "export A=1 && python x.py",
        "source ./deploy.sh",
        "export A=$(python x.py)",
        "echo A=1 >> /etc/environment",
        "export -p > /etc/profile.d/a.sh",
        "cd app || mkdir app",
        "mkdir x",
    ] {
        command(false, line);
    }
    let hook = |found: bool, text: &str| {
        case("EB257", found, &[(".platform/hooks/predeploy/a.sh", &format!("#!/bin/bash\n{text}\n"))]);
    };
    hook(true, "export A=1");
    hook(true, "set -e\nsource /var/app/venv/*/bin/activate\ncd /var/app/staging");
    hook(false, "source /var/app/venv/*/bin/activate\npython manage.py check");
    // What another script takes in is there for that.
    case(
        "EB257",
        false,
        &[(".platform/hooks/predeploy/b.sh", "#!/bin/bash\n. /opt/vars.sh\nls\n"), ("vars.sh", "export A=1\n")],
    );
}

#[test]
fn logs_that_are_never_there() {
    let list = |found: bool, folder: &str, log: &str, more: &[(&str, &str)]| {
        let text = format!(
            "files:\n  /opt/elasticbeanstalk/tasks/{folder}/a.conf:\n    mode: '000644'\n    content: |\n      {log}\n"
        );
        case("EB258", found, &[&[(".ebextensions/a.config", text.as_str())], more].concat());
    };
    list(true, "taillogs.d", "/var/logs/app.log", &[]);
    list(false, "taillogs.d", "/var/logs/app.log", &[("gunicorn.conf.py", "errorlog = '/var/logs/app.log'\n")]);
    list(true, "bundlelogs.d", "var/log/app.log", &[]);
    list(true, "bundlelogs.d", "/var/log/eb-commandprocessor.log", &[]);
    list(true, "taillog.d", "/var/log/app.log", &[]);
    for log in ["/var/log/app.log", "/var/log/app/*.log", "# a comment", "/var/app/current/logs/*.log"] {
        list(false, "publishlogs.d", log, &[]);
    }
}

#[test]
fn tags_that_are_gone() {
    let page = |found: bool, asked: &str, options: &str, text: &str, more: &[(&str, &str)]| {
        let engine = format!(
            "TEMPLATES = [{{'BACKEND': 'django.template.backends.django.DjangoTemplates', 'OPTIONS': {{{options}}}}}]\n"
        );
        let files =
            [("requirements.txt", asked), ("mysite/settings.py", engine.as_str()), ("mysite/templates/a.html", text)];
        case("EB252", found, &[&files[..], more].concat());
    };
    page(true, "Django==3.0", "", "{% load staticfiles %}", &[]);
    page(true, "Django", "", "{% extends 'b' %}\n{% load i18n admin_static %}", &[]);
    page(true, "Django", "", "{% ifnotequal a b %}{% endifnotequal %}", &[]);
    page(true, "Django", "", "{% load url from future %}", &[]);
    page(false, "Django==2.2.28", "", "{% load staticfiles %}", &[]);
    page(false, "Django==3.2.25", "", "{% ifequal a b %}{% endifequal %}", &[]);
    page(false, "Django", "", "{% load static %}{% if a == b %}{% endif %}", &[]);
    page(false, "Django", "", "{# {% load staticfiles %} #}", &[]);
    page(false, "Django", "", "{% comment %}{% load staticfiles %}{% endcomment %}", &[]);
    page(false, "Django", "", "{% load future from mine %}", &[]);
    page(false, "Django", "'libraries': {'staticfiles': 'django.templatetags.static'}", "{% load staticfiles %}", &[]);
    page(false, "Django", "", "{% load staticfiles %}", &[("mysite/templatetags/staticfiles.py", "")]);
}

#[test]
fn names_of_storages() {
    let storage = |found: bool, asked: &str, settings: &str| {
        case("EB254", found, &[("requirements.txt", asked), ("mysite/settings.py", settings)]);
    };
    let (old, new) = (
        "DEFAULT_FILE_STORAGE = 'storages.backends.s3.S3Storage'\n",
        "STORAGES = {'default': {'BACKEND': 'a.B'}, 'staticfiles': {'BACKEND': 'c.D'}}\n",
    );
    storage(true, "Django==5.1", old);
    storage(true, "Django", old);
    storage(true, "Django", "STATICFILES_STORAGE = 'whitenoise.storage.CompressedStaticFilesStorage'\n");
    storage(false, "Django==5.0.14", old);
    storage(false, "Django<5", old);
    storage(false, "Django", new);
    storage(false, "Django", &format!("{old}{new}"));
    storage(true, "Django==4.2.11", &format!("{old}{new}"));
    storage(false, "Django==4.1", &format!("{old}{new}"));
    storage(false, "Django", "DEFAULT_FILE_STORAGE = 'django.core.files.storage.FileSystemStorage'\n");
}

#[test]
fn middleware_and_what_it_stands_behind() {
    const SESSION: &str = "'django.contrib.sessions.middleware.SessionMiddleware'";
    const AUTH: &str = "'django.contrib.auth.middleware.AuthenticationMiddleware'";
    const MESSAGES: &str = "'django.contrib.messages.middleware.MessageMiddleware'";
    const CSRF: &str = "'django.middleware.csrf.CsrfViewMiddleware'";
    let list = |found: bool, items: &str| {
        case("EB259", found, &[("mysite/settings.py", &format!("MIDDLEWARE = [\n    {items}\n]\n"))]);
    };
    list(true, AUTH);
    list(true, MESSAGES);
    list(true, &format!("{AUTH}, {SESSION}"));
    list(false, &format!("{SESSION}, {AUTH}, {MESSAGES}"));
    list(false, &format!("'mine.SessionMiddleware', {AUTH}"));
    // It may bring a session.
    list(false, &format!("'mine.Middleware', {AUTH}"));
    list(false, &format!("*MORE, {AUTH}"));
    list(false, SESSION);
    list(true, &format!("{SESSION},\n    # {CSRF},\n    {AUTH}"));
    list(false, &format!("{SESSION},\n    {CSRF},\n    # {CSRF},\n    {AUTH}"));
    list(false, &format!("# {CSRF},\n    'django.middleware.common.CommonMiddleware'"));
}

#[test]
fn origins_that_are_refused() {
    let cors = |found: bool, asked: &str, settings: &str| {
        let text = format!("INSTALLED_APPS = ['corsheaders']\n{settings}\n");
        case("EB260", found, &[("requirements.txt", asked), ("mysite/settings.py", &text)]);
    };
    cors(true, "django-cors-headers", "CORS_ALLOWED_ORIGINS = ['https://a.org', 'https://b.org/']");
    cors(true, "django-cors-headers==3.13.0", "CORS_ORIGIN_WHITELIST = ('localhost:3000',)");
    cors(false, "django-cors-headers==2.5.3", "CORS_ORIGIN_WHITELIST = ('localhost:3000',)");
    cors(false, "django-cors-headers", "CORS_ALLOWED_ORIGINS = ['https://a.org', 'http://localhost:3000', 'null']");
    cors(false, "django-cors-headers", "CORS_ALLOWED_ORIGINS = os.environ['ORIGINS'].split(',')");
    let all = "CORS_ALLOW_ALL_ORIGINS = True\nCORS_ALLOW_CREDENTIALS = True\n";
    cors(true, "", &format!("{all}SESSION_COOKIE_SAMESITE = 'None'"));
    // By default no other site's requests have the cookie.
    cors(false, "", all);
    cors(false, "", "CORS_ALLOW_ALL_ORIGINS = True\nSESSION_COOKIE_SAMESITE = 'None'");
}

#[test]
fn what_containers_name_of_each_other() {
    let task = |found: bool, more: &str| {
        let text = format!(
            r#"{{"AWSEBDockerrunVersion": 2, "volumes": [{{"name": "conf", "host": {{"sourcePath": "/var/app/current/x"}}}}], "containerDefinitions": [{{"name": "web", "image": "x", "memory": 8, {more}}}, {{"name": "app", "image": "y", "memory": 8}}]}}"#
        );
        case("EB121", found, &[("Procfile", ""), ("Dockerrun.aws.json", &text)]);
    };
    task(true, r#""links": ["other"]"#);
    task(true, r#""links": ["other:db"]"#);
    task(true, r#""mountPoints": [{"sourceVolume": "files", "containerPath": "/a"}]"#);
    task(true, r#""volumesFrom": [{"sourceContainer": "files"}]"#);
    task(false, r#""links": ["app", "app:db"]"#);
    task(
        false,
        r#""mountPoints": [{"sourceVolume": "conf", "containerPath": "/a"}, {"sourceVolume": "awseb-logs-web", "containerPath": "/b"}]"#,
    );
    task(false, r#""volumesFrom": [{"sourceContainer": "app"}]"#);
}

#[test]
fn urls_of_other_modules() {
    let urls = |found: bool, root: &str, inner: &str| {
        let settings = "ROOT_URLCONF = 'mysite.urls'\nMIDDLEWARE = ['django.middleware.common.CommonMiddleware']\nALLOWED_HOSTS = ['*']\n";
        let root = format!("urlpatterns = [{root}]\n");
        let inner = format!("urlpatterns = [{inner}]\n");
        case("EB013", found, &[("mysite/settings.py", settings), ("mysite/urls.py", &root), ("shop/urls.py", &inner)]);
    };
    urls(true, "path('', include('shop.urls'))", "path('items/', items)");
    urls(true, "url(r'^', include('shop.urls'))", "url(r'^items/$', items)");
    urls(true, "path('admin/', admin.site.urls), path('', include(('shop.urls', 'shop')))", "path('items/', items)");
    urls(false, "path('', include('shop.urls'))", "path('', home)");
    urls(false, "path('', include('shop.urls'))", "path('<slug:name>', page), path('', home)");
    urls(false, "path('', include(router.urls))", "");
    urls(false, "path('', include('other.urls'))", "path('items/', items)");
    urls(false, "path('', include('shop.urls'))", "*more");
    urls(false, "path('', admin.site.urls)", "");
}

#[test]
fn secrets_by_their_names() {
    let secret =
        |found: bool, line: &str| case("EB112", found, &[("mysite/settings.py", &format!("import os\n{line}\n"))]);
    for line in [
        "MAILGUN_API_TOKEN = 'k3y7f9a1c5e2b8d4'",
        "PAYPAL_CLIENT_SECRET = 'EGnHDxD4qRPdaLdZz8iCr8N7'",
        "FTP_PASSWORD = 'hT7kQ29xLm'",
        "RDS_PASSWORD = os.environ.get('RDS_PASSWORD', 'hT7kQ29xLm')",
        "SMS_AUTH_TOKEN = config('SMS_AUTH_TOKEN', default='9f3a7c05e1b8d264')",
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.mysql', 'HOST': os.environ['RDS_HOSTNAME'], 'PASSWORD': os.environ.get('RDS_PASSWORD', 'hT7kQ29xLm')}}",
    ] {
        secret(true, line);
    }
    for line in [
        "STRIPE_TEST_SECRET_KEY = 'sk_test_Q7xk2VbN9mLp4RtZc8Wd'",
        "STRIPE_SECRET = 'sk_test_Q7xk2VbN9mLp4RtZc8Wd'",
        "STRIPE_PUBLIC_KEY = 'pk_live_Q7xk2VbN9mLp4RtZc8Wd'",
        "FTP_PASSWORD = os.environ['FTP_PASSWORD']",
        "FTP_PASSWORD = 'change-me-2'",
        "FTP_PASSWORD = ''",
        "TOKEN_PASSWORD = 'shop.tokens.Password1'",
        "OTP_SECRET = config('OTP_SECRET')",
    ] {
        secret(false, line);
    }
}
