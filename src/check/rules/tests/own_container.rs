//! Services that code looks for in its own container.

use super::case;

const PLATFORM: (&str, &str) =
    (".elasticbeanstalk/config.yml", "global: {default_platform: Docker running on 64bit Amazon Linux 2023}\n");
const DOCKERFILE: &str = "FROM python:3.12-slim\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"gunicorn\", \"-b\", \"0.0.0.0:8000\", \"mysite.wsgi\"]\nEXPOSE 8000\n";
const LAYER: &str = "CHANNEL_LAYERS = {'default': {'BACKEND': 'channels_redis.core.RedisChannelLayer', 'CONFIG': {'hosts': [('127.0.0.1', 6379)]}}}\n";

/// A project that runs in an image.
#[track_caller]
fn image(rule: &str, found: bool, dockerfile: &str, settings: &str, more: &[(&str, &str)]) {
    let files = [
        PLATFORM,
        ("Dockerfile", dockerfile),
        ("Procfile", "\n"),
        ("requirements.txt", "django\nredis\ngunicorn\n"),
        ("manage.py", "import django\nimport os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\n"),
        ("mysite/settings.py", settings),
    ];
    case(rule, found, &[&files[..], more].concat());
}

#[test]
fn nobody_listens_in_the_container_of_the_code() {
    let settings = |found: bool, text: &str, more: &[(&str, &str)]| image("EB149", found, DOCKERFILE, text, more);
    settings(true, LAYER, &[]);
    settings(true, "CACHES = {'default': {'BACKEND': 'a.RedisCache', 'LOCATION': 'redis://localhost:6379/1'}}\n", &[]);
    settings(true, "DATABASES = {'default': {'ENGINE': 'a.postgresql', 'NAME': 'a', 'HOST': 'localhost'}}\n", &[]);
    settings(false, &LAYER.replace("127.0.0.1", "cache.example.com"), &[]);
    settings(false, &LAYER.replace("127.0.0.1", "redis"), &[]);
    settings(
        false,
        "import os\nCHANNEL_LAYERS = {'default': {'BACKEND': 'channels_redis.core.RedisChannelLayer', 'CONFIG': {'hosts': [(os.environ['R'], 6379)]}}}\n",
        &[],
    );
    let unless =
        format!("import os\nif os.environ.get('RUNNING_TESTS'):\n    CHANNEL_LAYERS = {{}}\nelse:\n    {LAYER}");
    image("EB132", true, DOCKERFILE, &unless, &[]);
}

#[test]
fn what_the_image_starts_is_there() {
    let image = |found: bool, dockerfile: &str, more: &[(&str, &str)]| image("EB149", found, dockerfile, LAYER, more);
    image(false, &DOCKERFILE.replace("COPY", "RUN apt-get install -y redis-server\nCOPY"), &[]);
    image(true, &DOCKERFILE.replace("COPY", "# with redis\nCOPY"), &[]);
    image(false, &DOCKERFILE.replace("python:3.12-slim", "example/base:1"), &[]);
    image(false, DOCKERFILE, &[("supervisord.conf", "[program:redis]\ncommand=redis-server\n")]);
    image(false, DOCKERFILE, &[("start.sh", "socat TCP-LISTEN:6379,fork TCP:cache.example.com:6379 &\n")]);
    let compose = |more: &str| format!("services:\n  web:\n    build: .\n    ports: ['80:8000']\n{more}");
    let beside = compose("  cache:\n    image: redis:7\n");
    image(true, DOCKERFILE, &[("docker-compose.yml", &beside)]);
    image(false, DOCKERFILE, &[("docker-compose.yml", &compose("    network_mode: host\n"))]);
    image(
        false,
        DOCKERFILE,
        &[("docker-compose.yml", &compose("    command: sh -c 'redis-server & gunicorn mysite.wsgi'\n"))],
    );
}

#[test]
fn databases_and_their_clients() {
    let text = "DATABASES = {'default': {'ENGINE': 'a.postgresql', 'NAME': 'a', 'HOST': '127.0.0.1'}}\n";
    let step = |found: bool, packages: &str| {
        let dockerfile = DOCKERFILE.replace("COPY", &format!("RUN apt-get install -y {packages}\nCOPY"));
        image("EB149", found, &dockerfile, text, &[]);
    };
    step(true, "postgresql-client libpq-dev");
    step(false, "postgresql");
    step(false, "postgresql-15 gcc");
}
