//! What `asgi.py` imports before Django is set up.

use super::case;

const SETTINGS: (&str, &str) = ("mysite/settings.py", "INSTALLED_APPS = ['chat']\n");
const MODELS: (&str, &str) =
    ("chat/models.py", "from django.db import models\nclass Message(models.Model):\n    text = models.TextField()\n");
const SET: &str = "import os\nfrom django.core.asgi import get_asgi_application\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'mysite.settings')\n";

#[track_caller]
fn asgi(found: bool, web: &str, code: &str, more: &[(&str, &str)]) {
    let procfile = format!("web: {web}\n");
    let files = [("Procfile", procfile.as_str()), SETTINGS, MODELS, ("mysite/asgi.py", code)];
    case("EB379", found, &[&files[..], more].concat());
}

#[test]
fn models_before_there_are_applications() {
    const DAPHNE: &str = "daphne -b 127.0.0.1 -p 8000 mysite.asgi:application";
    let early = format!("{SET}from chat.models import Message\napplication = get_asgi_application()\n");
    asgi(true, DAPHNE, &early, &[]);
    asgi(true, "gunicorn -k uvicorn_worker.UvicornWorker mysite.asgi:application", &early, &[]);
    asgi(false, "gunicorn mysite.wsgi", &early, &[]);
    asgi(false, "python manage.py runserver 8000", &early, &[]);
    asgi(false, DAPHNE, &format!("{SET}application = get_asgi_application()\nfrom chat.models import Message\n"), &[]);
    asgi(false, DAPHNE, &format!("import django\n{SET}django.setup()\n{}", &early[SET.len()..]), &[]);
    asgi(false, DAPHNE, &early, &[("mysite/__init__.py", "import django\ndjango.setup()\n")]);
    let late = [("chat/late.py", "def connect():\n    from chat.models import Message\n    return Message\n")];
    asgi(false, DAPHNE, &format!("{SET}from chat.late import connect\napplication = get_asgi_application()\n"), &late);
    let users = [("chat/users.py", "from django.contrib.auth.models import AnonymousUser\n")];
    asgi(true, DAPHNE, &format!("{SET}import chat.users\napplication = get_asgi_application()\n"), &users);
}
