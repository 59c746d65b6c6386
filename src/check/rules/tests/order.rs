//! When the commands of a deployment run, and what is there by then.

use super::case;

#[test]
fn what_needs_tables_comes_after_they_are_made() {
    let migrates = "  b: {command: 'python manage.py migrate --noinput'}\n";
    let commands = |found: bool, lines: &str| {
        case("EB300", found, &[(".ebextensions/a.config", &format!("container_commands:\n{lines}"))]);
    };
    for needs in [
        "python manage.py loaddata a.json",
        "python manage.py createsuperuser --noinput",
        "echo 'from django.contrib.auth.models import User; User.objects.create_superuser(a)' | python manage.py shell",
        "python manage.py shell -c 'from a.models import A; A.objects.all().delete()'",
    ] {
        // Names are sorted, wherever they stand.
        commands(true, &format!("  a: {{command: \"{needs}\"}}\n{migrates}"));
        commands(true, &format!("{migrates}  a: {{command: \"{needs}\"}}\n"));
        commands(false, &format!("  c: {{command: \"{needs}\"}}\n{migrates}"));
        commands(true, &format!("  a: {{command: \"{needs} && python manage.py migrate --noinput\"}}\n"));
        // Who migrates already has the tables, and who asks first knows.
        commands(false, &format!("  a: {{command: \"python manage.py migrate --noinput && {needs}\"}}\n{migrates}"));
        commands(false, &format!("  a: {{command: \"{needs}\", test: \"test -e x\"}}\n{migrates}"));
        // Nothing here makes tables at all.
        commands(false, &format!("  a: {{command: \"{needs}\"}}\n"));
    }
    for other in ["collectstatic --noinput", "createcachetable", "makemigrations", "compilemessages", "check"] {
        commands(false, &format!("  a: {{command: \"python manage.py {other}\"}}\n{migrates}"));
    }
    let leads = "  b: {command: 'python manage.py migrate --noinput', leader_only: true}\n";
    commands(false, &format!("  a: {{command: 'python manage.py loaddata a'}}\n{leads}"));
    commands(true, &format!("  a: {{command: 'python manage.py loaddata a', leader_only: true}}\n{leads}"));
    // Hooks come before or after all of them.
    let hook = |found: bool, moment: &str| {
        let path = format!(".platform/hooks/{moment}/10_x.sh");
        let early = "container_commands:\n  a: {command: 'python manage.py loaddata a'}\n";
        let hook = "#!/bin/bash\nsource /var/app/venv/*/bin/activate\npython manage.py migrate --noinput\n";
        case("EB300", found, &[(".ebextensions/a.config", early), (&path, hook)]);
    };
    hook(true, "predeploy");
    hook(true, "postdeploy");
    // A command of the project's own says by its text what it needs.
    let own = |found: bool, text: &str| {
        let lines = format!("container_commands:\n  a: {{command: 'python manage.py fill'}}\n{migrates}");
        let command = ("shop/management/commands/fill.py", text);
        case("EB300", found, &[(".ebextensions/a.config", &lines), command]);
    };
    own(true, "class Command(BaseCommand):\n    def handle(self): A.objects.create()\n");
    own(false, "class Command(BaseCommand):\n    def handle(self): print(1)\n");
    own(
        false,
        "class Command(BaseCommand):\n    def handle(self):\n        call_command('migrate')\n        A.objects.all()\n",
    );
}

#[test]
fn the_old_version_is_not_what_an_early_script_asks_for() {
    let command = |found: bool, line: &str| {
        let config = format!("container_commands:\n  a: {{command: \"{line}\"}}\n");
        case("EB151", found, &[(".ebextensions/a.config", &config)]);
    };
    for old in [
        "python /var/app/current/manage.py check",
        "/var/app/venv/x/bin/python3 /var/app/current/manage.py check",
        "bash /var/app/current/scripts/x.sh",
        "/var/app/current/scripts/x.sh",
        "source /var/app/current/.env",
        "cp /var/app/current/x.conf /etc/x.conf",
        "cat /var/app/current/x.crontab | crontab -",
        "/var/app/venv/x/bin/pip install -r /var/app/current/requirements.txt",
        "cd /var/app/current && python manage.py check",
    ] {
        command(true, old);
    }
    for new in [
        "python manage.py check",
        "bash /var/app/staging/scripts/x.sh",
        "ln -s /var/app/current/x /x",
        "echo /var/app/current/x",
        "git config --global --add safe.directory /var/app/current/x",
        "cp /var/app/current/x.conf /etc/x.conf || true",
        "test -f /var/app/current/x && bash /var/app/current/x",
        "[ -f /var/app/current/x ] && bash /var/app/current/x",
    ] {
        command(false, new);
    }
}

#[test]
fn container_commands_are_one_list_and_commands_are_not() {
    let twice = |found: bool, section: &str| {
        let text = format!("{section}:\n  a: {{command: 'touch /tmp/a'}}\n");
        case("EB218", found, &[(".ebextensions/a.config", &text), (".ebextensions/b.config", &text)]);
    };
    twice(true, "container_commands");
    twice(false, "commands");
}
