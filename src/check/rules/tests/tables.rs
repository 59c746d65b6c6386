//! Databases whose tables nothing makes.

use super::case;

const SETTINGS: &str = "INSTALLED_APPS = ['django.contrib.auth', 'shop']\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'shop'}}\n";
const MANAGE: (&str, &str) = ("manage.py", "import django\n");
const LIST: (&str, &str) = ("requirements.txt", "Django==5.2.8\n");

#[test]
fn a_database_without_migrate() {
    let with = |found: bool, settings: &str, more: &[(&str, &str)]| {
        case("EB369", found, &[&[MANAGE, LIST, ("mysite/settings.py", settings)], more].concat());
    };
    with(true, SETTINGS, &[]);
    with(true, SETTINGS, &[("README.md", "Run `python manage.py migrate`.\n")]);
    with(
        true,
        SETTINGS,
        &[("shop/migrations/0001_initial.py", "from django.db import migrations\nimport subprocess\n")],
    );
    let places = [
        (".ebextensions/a.config", "container_commands: {a: {command: python manage.py migrate}}\n"),
        (".ebextensions/a.config", "container_commands: {a: {command: make release}}\n"),
        // Who cannot read it says nothing of it.
        (".ebextensions/a.config", "container_commands: {a: {command: python manage.py migrate\n"),
        (".platform/hooks/postdeploy/a.sh", "#!/bin/bash\npython manage.py migrate\n"),
        ("buildspec.yml", "phases: {build: {commands: [python manage.py migrate]}}\n"),
        (".github/workflows/deploy.yml", "run: python manage.py migrate\n"),
        (
            "shop/management/commands/setup.py",
            "from django.core.management import call_command\ncall_command('setup')\n",
        ),
        ("Makefile", "release:\n\tpython manage.py migrate\n"),
        ("Dockerfile", "FROM python:3.13\nCMD python manage.py migrate\n"),
    ];
    for place in places {
        with(false, SETTINGS, &[place]);
    }
    with(false, &SETTINGS.replace("postgresql", "sqlite3"), &[]);
    with(false, &SETTINGS.replace("django.contrib.auth", "corsheaders"), &[]);
    with(false, &format!("{SETTINGS}DATABASE_ROUTERS = ['shop.Router']\n"), &[]);
}

#[test]
fn an_image_without_migrate() {
    let image = |found: bool, dockerfile: &str, more: &[(&str, &str)]| {
        let image = ("Dockerfile", dockerfile);
        // Neither Docker's platform nor ECS reads a Procfile.
        case(
            "EB369",
            found,
            &[&[MANAGE, ("Procfile", ""), ("mysite/settings.py", SETTINGS), LIST, image], more].concat(),
        );
    };
    let python = "FROM python:3.13\nCOPY . .\nRUN pip install -r requirements.txt\nEXPOSE 8000\nCMD [\"gunicorn\", \"mysite.wsgi\"]\n";
    image(true, python, &[]);
    image(false, &python.replace("python:3.13", "shop/base:1"), &[]);
    image(false, &python.replace("gunicorn", "./start.sh"), &[("start.sh", "python manage.py migrate\n")]);
}
