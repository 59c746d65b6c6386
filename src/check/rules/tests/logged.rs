//! What code prints into the logs.

use super::case;
use super::flask::app;

#[test]
fn secrets_that_are_printed() {
    for line in [
        "print(os.environ)",
        "print(dict(os.environ))",
        "print(f'key {app.config.SECRET_KEY}')",
        "print('a: ' + DB_PASSWORD)",
        "print('a: %s' % DB_PASSWORD)",
        "print('a: {}'.format(DB_PASSWORD))",
        "print(os.environ['MAIL_PASSWORD'])",
        "print(os.getenv('AWS_SECRET_ACCESS_KEY'))",
        "import logging\nlogging.warning('a %s', DB_PASSWORD)",
        "def connect():\n    print(DB_PASSWORD)\nconnect()",
    ] {
        app("EB319", true, line, &[]);
    }
    for line in [
        "print('DB_PASSWORD')",
        "print(bool(DB_PASSWORD))",
        "print(DB_PASSWORD[:3])",
        "print('yes' if DB_PASSWORD else 'no')",
        "print('DB_PASSWORD' in os.environ)",
        "print(os.environ.get('STAGE'))",
        "import logging\nlogging.debug(DB_PASSWORD)",
        "def connect():\n    print(DB_PASSWORD)",
        "if __name__ == '__main__':\n    print(DB_PASSWORD)",
        "print(mask(DB_PASSWORD))",
        "# print(DB_PASSWORD)",
        "print(DATABASES)",
    ] {
        app("EB319", false, line, &[]);
    }
    let settings = |found: bool, line: &str| {
        let text = format!("DATABASES = {{'default': {{'PASSWORD': os.environ['P']}}}}\n{line}\n");
        case("EB319", found, &[("mysite/settings.py", &text)]);
    };
    settings(true, "print(DATABASES)");
    settings(true, "print(DATABASES['default'])");
    settings(true, "print('k', AWS_SECRET_ACCESS_KEY)");
    settings(false, "print(DEBUG)");
}
