//! Services: databases, brokers and caches that are looked for where nothing runs them.

use super::{PROCFILE, WSGI, case};
use crate::beanstalk::tree::Tree;
use crate::check::{Settings, run};

/// Code that queues a task.
const QUEUES: (&str, &str) = ("shop/views.py", "send.delay(1)\n");

#[test]
fn what_is_looked_for_on_the_instance_itself() {
    let settings = |rule: &str, found: bool, text: &str| case(rule, found, &[("mysite/settings.py", text), QUEUES]);
    let cache = |found: bool, backend: &str, location: &str| {
        let backend = format!("django.core.cache.backends.{backend}");
        settings(
            "EB149",
            found,
            &format!("CACHES = {{'default': {{'BACKEND': '{backend}', 'LOCATION': {location}}}}}\n"),
        );
    };
    for own in [
        "'127.0.0.1:11211'",
        "'localhost'",
        "'[::1]:11211'",
        "'unix:/tmp/memcached.sock'",
        "'/tmp/memcached.sock'",
        "['cache.example.com:11211', '127.0.0.1:11211']",
        "'cache.example.com:11211;localhost:11211'",
    ] {
        cache(true, "memcached.PyMemcacheCache", own);
    }
    for own in ["'localhost:6379'", "'redis://:key@localhost:6379/1'", "'unix:///run/redis.sock?db=1'", "'redis://'"] {
        cache(true, "redis.RedisCache", own);
    }
    for other in ["'cache.example.com:11211'", "'localhost.example.com:11211'", "os.environ['CACHE']", "unknown()"] {
        cache(false, "memcached.PyMemcacheCache", other);
        cache(false, "redis.RedisCache", other);
    }
    cache(false, "filebased.FileBasedCache", "'/var/tmp/cache'");
    // Each alias by itself, and of each its address.
    let memcached = "{'BACKEND': 'a.MemcachedCache', 'LOCATION': 'cache.example.com:11211'}";
    let file = "{'BACKEND': 'a.FileBasedCache', 'LOCATION': '/var/tmp/cache'}";
    settings("EB149", false, &format!("CACHES = {{'default': {memcached}, 'file': {file}}}\n"));
    let layer = |found: bool, hosts: &str| {
        let layer = format!("{{'BACKEND': 'channels_redis.core.RedisChannelLayer', 'CONFIG': {{'hosts': {hosts}}}}}");
        settings("EB149", found, &format!("CHANNEL_LAYERS = {{'default': {layer}}}\n"));
    };
    layer(true, "[('127.0.0.1', 6379)]");
    layer(true, "[{'host': 'localhost', 'password': os.environ['KEY']}]");
    layer(false, "[{'host': 'cache.example.com', 'password': ''}]");
    // Without hosts these ask their own machine, whatever else they are told.
    let implied = |found: bool, parts: &str| {
        settings("EB149", found, &format!("CHANNEL_LAYERS = {{'default': {{'BACKEND': {parts}}}}}\n"));
    };
    implied(true, "'channels_redis.core.RedisChannelLayer'");
    implied(true, "'channels_redis.core.RedisChannelLayer', 'CONFIG': {'capacity': 10}");
    implied(true, "'channels_redis.pubsub.RedisPubSubChannelLayer', 'CONFIG': {}");
    implied(true, "'channels_rabbitmq.core.RabbitmqChannelLayer'");
    implied(false, "'channels_redis.core.RedisChannelLayer', 'CONFIG': unknown()");
    implied(false, "'channels_redis.core.RedisChannelLayer', 'CONFIG': {**unknown()}");
    implied(false, "'channels.layers.InMemoryChannelLayer'");
    settings("EB149", true, "RQ_QUEUES = {'default': {'HOST': 'localhost', 'PORT': 6379, 'DB': 0}}\n");
    settings("EB149", false, "RQ_QUEUES = {'default': {'HOST': 'cache.example.com', 'PORT': 6379}}\n");
    settings("EB149", true, "Q_CLUSTER = {'name': 'shop', 'redis': {'host': '127.0.0.1', 'port': 6379}}\n");
    settings("EB149", false, "Q_CLUSTER = {'name': 'shop', 'orm': 'default'}\n");
    settings("EB149", true, "CELERY_RESULT_BACKEND = 'redis://localhost:6379/0'\n");
    settings("EB149", false, "CELERY_RESULT_BACKEND = 'django-db'\n");
    settings(
        "EB149",
        true,
        "HAYSTACK_CONNECTIONS = {'default': {'ENGINE': 'a.Elasticsearch7SearchEngine', 'URL': 'http://127.0.0.1:9200/'}}\n",
    );
    settings(
        "EB149",
        false,
        "HAYSTACK_CONNECTIONS = {'default': {'ENGINE': 'a.WhooshEngine', 'PATH': '/tmp/index'}}\n",
    );
    settings("EB149", true, "ELASTICSEARCH_DSL = {'default': {'hosts': 'localhost:9200'}}\n");
    // What a client is built with runs no server.
    let packages = (".ebextensions/a.config", "packages: {yum: {libmemcached-devel: []}}\n");
    let text = "CACHES = {'default': {'BACKEND': 'a.memcached.PyLibMCCache', 'LOCATION': '127.0.0.1:11211'}}\n";
    case("EB149", true, &[("mysite/settings.py", text), packages]);
}

#[test]
fn a_host_that_is_the_own_until_a_variable_says_otherwise() {
    let database = |rule: &str, found: bool, parts: &str| {
        let text = format!("import os\nDATABASES = {{'default': {{'NAME': 'shop', {parts}}}}}\n");
        case(rule, found, &[("mysite/settings.py", &text)]);
    };
    const SERVER: &str = "'ENGINE': 'django.db.backends.postgresql'";
    for own in [
        "os.getenv('DB_HOST', 'localhost')",
        "os.getenv('DB_HOST', '127.0.0.1:5432')",
        "os.getenv('DB_HOST', '/run/postgresql')",
    ] {
        database("EB132", true, &format!("{SERVER}, 'HOST': {own}"));
        database("EB149", false, &format!("{SERVER}, 'HOST': {own}"));
    }
    // Who gives a variable an empty default means that it has to be given.
    for other in [
        "os.environ['DB_HOST']",
        "os.getenv('DB_HOST', '')",
        "os.getenv('DB_HOST')",
        "os.environ.get('DB_HOST', 'db.example.com')",
        "'db.example.com'",
    ] {
        database("EB132", false, &format!("{SERVER}, 'HOST': {other}"));
    }
    for own in ["''", "None", "'/var/run/postgresql'"] {
        database("EB132", false, &format!("{SERVER}, 'HOST': {own}"));
        database("EB149", true, &format!("{SERVER}, 'HOST': {own}"));
    }
    // A variable chooses the whole, and in what is left without it the host is empty.
    let chosen = format!("DATABASES = {{'default': {{{SERVER}, 'NAME': 'shop', 'HOST': ''}}}}\n");
    let text = format!(
        "import os\n{chosen}if os.getenv('DB'):\n    DATABASES = {{'default': {{{SERVER}, 'HOST': 'db.example.com'}}}}\n"
    );
    case("EB132", true, &[("mysite/settings.py", &text)]);
    database("EB132", false, "'ENGINE': os.getenv('ENGINE', 'a.b'), 'HOST': 'localhost'");
    database("EB149", false, &format!("{SERVER}, 'HOST': '', 'OPTIONS': {{'service': 'shop'}}"));
    let secret = "option_settings:\n  aws:elasticbeanstalk:application:environmentsecrets:\n    DB_HOST: arn:aws:ssm:eu-west-1:123456789012:parameter/a\n";
    let text =
        format!("import os\nDATABASES = {{'default': {{{SERVER}, 'HOST': os.environ.get('DB_HOST', 'localhost')}}}}\n");
    case("EB132", false, &[("mysite/settings.py", &text), (".ebextensions/a.config", secret)]);
}

#[test]
fn a_database_without_a_host() {
    let database = |rule: &str, found: bool, parts: &str, files: &[(&str, &str)]| {
        let text = format!("import os\nDATABASES = {{'default': {{'NAME': 'shop', {parts}}}}}\n");
        case(rule, found, &[&[("mysite/settings.py", text.as_str())], files].concat());
    };
    for engine in [
        "django.db.backends.postgresql",
        "django.db.backends.postgresql_psycopg2",
        "django.contrib.gis.db.backends.postgis",
        "django.db.backends.mysql",
        "mssql",
        "djongo",
    ] {
        database("EB149", true, &format!("'ENGINE': '{engine}'"), &[]);
        database("EB149", true, &format!("'ENGINE': '{engine}', 'USER': os.environ['DB_USER']"), &[]);
        database("EB149", false, &format!("'ENGINE': '{engine}', 'HOST': 'db.example.com'"), &[]);
    }
    database("EB149", false, "'ENGINE': 'django.db.backends.sqlite3'", &[]);
    // With a network name of Oracle's own, the name is all.
    database("EB149", false, "'ENGINE': 'django.db.backends.oracle'", &[]);
    const SERVER: &str = "'ENGINE': 'django.db.backends.postgresql'";
    for elsewhere in ["{'service': 'shop'}", "{'host': 'db.example.com'}", "unknown()", "{**unknown()}"] {
        database("EB149", false, &format!("{SERVER}, 'OPTIONS': {elsewhere}"), &[]);
    }
    database(
        "EB149",
        false,
        "'ENGINE': 'django.db.backends.mysql', 'OPTIONS': {'read_default_file': '/etc/my.cnf'}",
        &[],
    );
    database("EB149", false, "'ENGINE': 'djongo', 'CLIENT': {'host': 'mongodb+srv://db.example.com'}", &[]);
    database("EB149", false, &format!("{SERVER}, **unknown()"), &[]);
    let property = "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    PGHOST: db.example.com\n";
    database("EB149", false, SERVER, &[(".ebextensions/a.config", property)]);
    database("EB132", true, "'ENGINE': os.environ.get('ENGINE', 'django.db.backends.mysql')", &[]);
    for later in ["DATABASES['default'].update(unknown())", "DATABASES['default']['HOST'] = os.environ['DB_HOST']"] {
        let text = format!("import os\nDATABASES = {{'default': {{{SERVER}, 'NAME': 'shop'}}}}\n{later}\n");
        case("EB149", false, &[("mysite/settings.py", &text)]);
    }
}

#[test]
fn a_service_that_is_here_until_a_variable_says_otherwise() {
    let settings = |found: bool, text: &str, files: &[(&str, &str)]| {
        let text = format!("import os\n{text}\n");
        let files = [&[("mysite/settings.py", text.as_str())], files].concat();
        case("EB132", found, &files);
        case("EB149", false, &files);
    };
    const REDIS: &str = "os.environ.get('REDIS_URL', 'redis://localhost:6379')";
    for text in [
        format!("CELERY_BROKER_URL = {REDIS}"),
        format!("BROKER_URL = CELERY_RESULT_BACKEND = {REDIS}"),
        format!("CACHES = {{'default': {{'BACKEND': 'a.RedisCache', 'LOCATION': {REDIS}}}}}"),
        format!("CACHES = {{'default': {{'BACKEND': 'a.RedisCache', 'LOCATION': [{REDIS}]}}}}"),
        "HOST = os.getenv('REDIS_HOST', '127.0.0.1')\nCACHES = {'default': {'BACKEND': 'a.RedisCache', 'LOCATION': f'redis://{HOST}:6379/1'}}".to_owned(),
        "CHANNEL_LAYERS = {'default': {'BACKEND': 'channels_redis.core.RedisChannelLayer', 'CONFIG': {'hosts': [(os.getenv('REDIS_HOST', 'localhost'), 6379)]}}}".to_owned(),
        "if os.getenv('REDIS_URL'):\n    CELERY_BROKER_URL = os.environ['REDIS_URL']\nelse:\n    CELERY_BROKER_URL = 'amqp://localhost'".to_owned(),
        format!("RQ_QUEUES = {{'default': {{'URL': {REDIS}}}}}"),
    ] {
        settings(true, &text, &[]);
    }
    for text in [
        "CELERY_BROKER_URL = os.environ['REDIS_URL']",
        "CELERY_BROKER_URL = os.environ.get('REDIS_URL')",
        "CELERY_BROKER_URL = os.environ.get('REDIS_URL', '')",
        "CELERY_BROKER_URL = os.environ.get('REDIS_URL', 'redis://cache.example.com')",
        "CELERY_BROKER_URL = 'redis://' + os.environ['REDIS_HOST']",
        "CACHES = {'default': {'BACKEND': 'a.LocMemCache', 'LOCATION': os.environ.get('C', 'local')}}",
        "REDIS = 'redis://localhost'",
    ] {
        settings(false, text, &[]);
    }
    let broker = format!("REDIS = {REDIS}\nCELERY_BROKER_URL = REDIS");
    settings(true, &broker, &[]);
    let secret = "option_settings:\n  aws:elasticbeanstalk:application:environmentsecrets:\n    REDIS_URL: arn:aws:ssm:eu-west-1:123456789012:parameter/a\n";
    settings(false, &broker, &[(".ebextensions/a.config", secret)]);
    let property =
        "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    REDIS_URL: redis://cache.example.com\n";
    settings(false, &broker, &[(".ebextensions/a.config", property)]);
    settings(false, &broker, &[(".ebextensions/a.config", "packages: {yum: {redis6: []}}\n")]);
    // One variable for several settings is one note.
    let text = format!("import os\nCELERY_BROKER_URL = {REDIS}\nCELERY_RESULT_BACKEND = {REDIS}\n");
    let tree = [WSGI, PROCFILE, ("mysite/settings.py", &text)];
    let tree = tree.iter().fold(Tree::default(), |tree, (path, content)| tree.file(path, content));
    let report = run(&tree, &Settings::default());
    assert_eq!(report.findings.iter().filter(|finding| finding.rule == "EB132").count(), 1, "{report}");
}

#[test]
fn names_of_containers_are_known_to_containers() {
    let settings = |rule: &str, found: bool, text: &str, more: &[(&str, &str)]| {
        let text = format!("import os\n{text}\n");
        case(rule, found, &[&[("mysite/settings.py", text.as_str()), QUEUES], more].concat());
    };
    let database = |host: &str| format!("DATABASES = {{'default': {{'ENGINE': 'a.postgresql', 'HOST': {host}}}}}");
    settings("EB149", true, &database("'db'"), &[]);
    settings("EB149", true, "CELERY_BROKER_URL = 'redis://redis:6379/1'", &[]);
    settings("EB149", true, "CELERY_BROKER_URL = 'amqp://guest:guest@rabbitmq//'", &[]);
    settings("EB132", true, &database("os.getenv('HOST', 'postgres')"), &[]);
    settings("EB132", true, "CELERY_BROKER_URL = os.getenv('BROKER', 'redis://redis:6379/0')", &[]);
    settings("EB149", false, &database("'db.example.com'"), &[]);
    settings("EB149", false, "CELERY_BROKER_URL = 'redis://redis.example.com:6379/1'", &[]);
    settings("EB149", false, "CACHES = {'default': {'BACKEND': 'a.DatabaseCache', 'LOCATION': 'redis'}}", &[]);
    let names = "container_commands: {a: {command: 'echo 10.0.0.7 db >> /etc/hosts'}}\n";
    settings("EB149", false, &database("'db'"), &[(".ebextensions/a.config", names)]);
    // With compose they are there.
    let docker = [
        ("docker-compose.yml", "services: {web: {build: .}, db: {image: postgres}}\n"),
        ("Dockerfile", "FROM python\n"),
    ];
    let platform =
        (".elasticbeanstalk/config.yml", "global: {default_platform: Docker running on 64bit Amazon Linux 2023}\n");
    settings("EB149", false, &database("'db'"), &[&docker[..], &[platform]].concat());
}

#[test]
fn mail_goes_somewhere() {
    let mail = |rule: &str, found: bool, text: &str, more: &[(&str, &str)]| {
        case(rule, found, &[&[("mysite/settings.py", text)], more].concat());
    };
    const SMTP: &str = "EMAIL_BACKEND = 'django.core.mail.backends.smtp.EmailBackend'\n";
    mail("EB149", true, "EMAIL_HOST = 'localhost'\n", &[]);
    mail("EB149", true, SMTP, &[]);
    mail("EB149", false, &format!("{SMTP}EMAIL_HOST = 'smtp.example.com'\n"), &[]);
    mail("EB149", false, &format!("{SMTP}vars().update(elsewhere)\n"), &[]);
    mail("EB149", false, "EMAIL_HOST = 'localhost'\nEMAIL_BACKEND = 'django_ses.SESBackend'\n", &[]);
    mail("EB149", false, "DEBUG = False\n", &[]);
    let postfix = (".ebextensions/a.config", "packages:\n  yum:\n    postfix: []\n");
    mail("EB149", false, "EMAIL_HOST = 'localhost'\n", &[postfix]);
    let by_variable = "import os\nEMAIL_HOST = os.environ.get('MAIL_HOST', 'localhost')\n";
    mail("EB132", true, by_variable, &[]);
    let set = "option_settings:\n  aws:elasticbeanstalk:application:environment: {MAIL_HOST: smtp.example.com}\n";
    mail("EB132", false, by_variable, &[(".ebextensions/a.config", set)]);
}

#[test]
fn workers_that_nobody_gives_a_broker() {
    let worker = |found: bool, app: &str, settings: &str, more: &[(&str, &str)]| {
        let files = [
            ("Procfile", "web: gunicorn mysite.wsgi\nworker: celery -A mysite worker\n"),
            ("mysite/celery.py", app),
            ("mysite/settings.py", settings),
        ];
        case("EB149", found, &[&files[..], more].concat());
    };
    const CONF: &str = "app = Celery('a')\napp.config_from_object('django.conf:settings', namespace='CELERY')\n";
    worker(true, CONF, "DEBUG = False\n", &[]);
    worker(true, "app = Celery('a', broker='redis://localhost:6379/0')\n", "DEBUG = False\n", &[]);
    worker(true, "app = Celery('a')\napp.conf.broker_url = 'amqp://guest@127.0.0.1//'\n", "DEBUG = False\n", &[]);
    worker(false, "app = Celery('a', broker='sqs://')\n", "DEBUG = False\n", &[]);
    worker(false, "app = Celery('a', broker=os.environ['BROKER'])\n", "DEBUG = False\n", &[]);
    worker(false, CONF, "import os\nCELERY_BROKER_URL = os.environ['BROKER']\n", &[]);
    worker(false, CONF, "from elsewhere import *\n", &[]);
    worker(false, "app = Celery('a')\napp.config_from_object('mysite.celeryconfig')\n", "DEBUG = False\n", &[]);
    worker(false, &CONF.replace("CELERY", "JOBS"), "JOBS_BROKER_URL = 'sqs://'\n", &[]);
    let set = "option_settings:\n  aws:elasticbeanstalk:application:environment: {CELERY_BROKER_URL: 'sqs://'}\n";
    worker(false, CONF, "DEBUG = False\n", &[(".ebextensions/a.config", set)]);
    // What Celery is given by other names.
    let settings = |rule: &str, found: bool, text: &str| case(rule, found, &[("mysite/settings.py", text)]);
    settings("EB149", true, "DRAMATIQ_BROKER = {'BROKER': 'a.RedisBroker', 'OPTIONS': {'url': 'redis://localhost'}}\n");
    settings("EB149", true, "HUEY = {'connection': {'host': 'localhost'}}\n");
    settings("EB149", true, "CACHEOPS_REDIS = {'host': 'localhost', 'port': 6379}\n");
    settings("EB149", false, "CACHEOPS_REDIS = {'host': 'cache.example.com', 'prefix': 'redis'}\n");
    let env = "import environ\nenv = environ.Env()\n";
    settings(
        "EB132",
        true,
        &format!("{env}CACHES = {{'default': env.cache('C', default='rediscache://127.0.0.1:6379/1')}}\n"),
    );
    settings(
        "EB132",
        false,
        &format!("{env}CACHES = {{'default': env.cache('C', default='rediscache://cache.example.com/1')}}\n"),
    );
    settings("EB132", false, &format!("{env}CACHES = {{'default': env.cache('C')}}\n"));
}
