//! Starts: versions that pip installs without a word, and that stop where they are imported.

use super::compiled::numbers;
use super::pythons::{On, Pythons, counts};
use crate::beanstalk::requirements::{Requirement, Requirements};
use crate::beanstalk::tree::file_name;
use crate::check::subject::Subject;
use crate::check::words::Run;
use crate::level::Level;

const RULE: &str = "EB172";

/// A version that stops at its import. Each was installed and imported with Python 3.11, 3.12 or 3.13, in November 2026; applications of Django's with
/// Django 4.2.
struct Stops {
    name: &'static str,
    /// The first that does not.
    first: [u32; 3],
    by: By,
    error: &'static str,
}

enum By {
    /// Python from this minor version on.
    Python(u32),
    /// Another package from this version on, which pip takes if nobody says otherwise.
    Beside(&'static str, [u32; 3]),
    /// `pkg_resources`, which setuptools 82 took away.
    Setuptools,
}

const fn setuptools(name: &'static str, first: [u32; 3]) -> Stops {
    Stops { name, first, by: By::Setuptools, error: "No module named 'pkg_resources'" }
}

const fn python(name: &'static str, first: [u32; 3], minor: u32, error: &'static str) -> Stops {
    Stops { name, first, by: By::Python(minor), error }
}

const fn beside(
    name: &'static str,
    first: [u32; 3],
    other: &'static str,
    from: [u32; 3],
    error: &'static str,
) -> Stops {
    Stops { name, first, by: By::Beside(other, from), error }
}

const FORCE_TEXT: &str = "cannot import name 'force_text' from 'django.utils.encoding'";

/// No version of it works with what is newer beside it.
const NONE: [u32; 3] = [u32::MAX; 3];

const STOPS: &[Stops] = &[
    python("celery", [5, 0, 0], 11, "cannot import name 'formatargspec' from 'inspect'"),
    python("jinja2", [2, 10, 2], 10, "cannot import name 'Mapping' from 'collections'"),
    python("gunicorn", [20, 0, 0], 12, "No module named 'gunicorn.six.moves'"),
    setuptools("gunicorn", [21, 0, 0]),
    python("urllib3", [1, 26, 5], 12, "No module named 'urllib3.packages.six.moves'"),
    python("botocore", [1, 23, 0], 12, "No module named 'botocore.vendored.six.moves'"),
    python("boto3", [1, 20, 0], 12, "No module named 'botocore.vendored.six.moves'"),
    python("six", [1, 16, 0], 12, "No module named 'six.moves'"),
    python("redis", [4, 1, 0], 12, "No module named 'distutils'"),
    python("stripe", [3, 0, 1], 12, "No module named 'stripe.six.moves'"),
    python("botocore", [1, 28, 0], 13, "No module named 'cgi'"),
    python("boto3", [1, 25, 0], 13, "No module named 'cgi'"),
    python("python-decouple", [3, 6, 0], 12, "No module named 'distutils'"),
    python("feedparser", [6, 0, 3], 13, "No module named 'cgi'"),
    setuptools("apscheduler", [3, 10, 2]),
    setuptools("razorpay", [1, 4, 3]),
    setuptools("drf-yasg", [1, 21, 8]),
    setuptools("djangorestframework-simplejwt", [5, 3, 1]),
    setuptools("django-countries", [7, 6, 0]),
    setuptools("django-simple-history", [3, 3, 1]),
    beside(
        "djangorestframework",
        [3, 11, 0],
        "django",
        [4, 0, 0],
        "cannot import name 'smart_text' from 'django.utils.encoding'",
    ),
    beside(
        "djangorestframework",
        [3, 14, 0],
        "django",
        [4, 2, 0],
        "cannot import name 'parse_header' from 'django.http.multipartparser'",
    ),
    beside(
        "djangorestframework-jwt",
        NONE,
        "django",
        [4, 0, 0],
        "cannot import name 'smart_text' from 'django.utils.encoding'",
    ),
    beside(
        "django-rest-auth",
        NONE,
        "django",
        [4, 0, 0],
        "cannot import name 'ugettext_lazy' from 'django.utils.translation'",
    ),
    beside(
        "django-filter",
        [2, 3, 0],
        "django",
        [3, 1, 0],
        "cannot import name 'FieldDoesNotExist' from 'django.db.models.fields'",
    ),
    beside(
        "django-cors-headers",
        [3, 3, 0],
        "django",
        [4, 0, 0],
        "Signal.__init__() got an unexpected keyword argument 'providing_args'",
    ),
    beside(
        "django-mptt",
        [0, 12, 0],
        "django",
        [4, 0, 0],
        "Signal.__init__() got an unexpected keyword argument 'providing_args'",
    ),
    beside("django-storages", [1, 10, 0], "django", [4, 0, 0], FORCE_TEXT),
    beside("django-ckeditor", [6, 0, 0], "django", [4, 0, 0], FORCE_TEXT),
    beside("django-phonenumber-field", [5, 1, 0], "django", [4, 0, 0], FORCE_TEXT),
    beside("social-auth-app-django", [4, 0, 1], "django", [4, 0, 0], FORCE_TEXT),
    beside("django-anymail", [7, 0, 1], "django", [4, 0, 0], FORCE_TEXT),
    beside("djoser", [2, 0, 4], "django", [4, 0, 0], FORCE_TEXT),
    beside("graphene-django", [2, 8, 3], "django", [4, 0, 0], FORCE_TEXT),
    beside("django-import-export", [2, 4, 0], "django", [4, 0, 0], "cannot import name 'url' from 'django.conf.urls'"),
    beside(
        "django-jet",
        NONE,
        "django",
        [3, 0, 0],
        "cannot import name 'python_2_unicode_compatible' from 'django.utils.encoding'",
    ),
    beside("jinja2", [3, 0, 0], "markupsafe", [2, 1, 0], "cannot import name 'soft_unicode' from 'markupsafe'"),
    beside("flask", [1, 1, 3], "jinja2", [3, 1, 0], "cannot import name 'Markup' from 'jinja2'"),
    beside("flask", [2, 0, 0], "markupsafe", [2, 1, 0], "cannot import name 'soft_unicode' from 'markupsafe'"),
    beside("flask", [2, 2, 4], "werkzeug", [3, 0, 0], "cannot import name 'url_quote' from 'werkzeug.urls'"),
    beside("flask-login", [0, 6, 3], "werkzeug", [3, 0, 0], "cannot import name 'url_decode' from 'werkzeug.urls'"),
    beside(
        "flask-login",
        [0, 6, 0],
        "werkzeug",
        [2, 1, 0],
        "cannot import name 'safe_str_cmp' from 'werkzeug.security'",
    ),
    beside(
        "flask-wtf",
        [0, 15, 0],
        "werkzeug",
        [2, 1, 0],
        "cannot import name 'safe_str_cmp' from 'werkzeug.security'",
    ),
    beside("flask-wtf", [1, 0, 2], "flask", [3, 0, 0], "cannot import name 'Markup' from 'flask'"),
    beside("flask-sqlalchemy", [2, 5, 2], "flask", [3, 0, 0], "cannot import name '_app_ctx_stack' from 'flask'"),
    beside("flask-restful", [0, 3, 9], "flask", [3, 0, 0], "cannot import name '_endpoint_from_view_func'"),
    beside("flask-admin", [1, 5, 9], "jinja2", [3, 1, 0], "cannot import name 'contextfunction' from 'jinja2'"),
    beside("flask-uploads", NONE, "werkzeug", [1, 0, 0], "cannot import name 'secure_filename' from 'werkzeug'"),
    python("flask-jwt", NONE, 10, "cannot import name 'Mapping' from 'collections'"),
    beside("flask-script", NONE, "flask", [2, 0, 0], "No module named 'flask._compat'"),
    beside("flask-restplus", NONE, "werkzeug", [1, 0, 0], "cannot import name 'cached_property' from 'werkzeug'"),
];

pub(super) fn check(subject: &mut Subject<'_>, requirements: &Requirements) {
    let lines: Vec<&Requirement> = requirements.lines.iter().filter(|line| counts(subject, line)).collect();
    for line in lines {
        let Some(exact) = line.exact().and_then(numbers).filter(|_| is_imported(subject, requirements, &line.name))
        else {
            continue;
        };
        let stops = |stops: &&Stops| stops.name == line.name && exact.as_slice() < stops.first.as_slice();
        let found = STOPS.iter().filter(stops).find_map(|stops| Some((stops, why(subject, requirements, &stops.by)?)));
        let Some((Stops { first, error, by, .. }, (why, on))) = found else { continue };
        let (name, version) = (&line.name, line.exact().unwrap_or_default());
        let message = format!("the server does not start: `{name}` {version} stops with `{error}` {why}");
        let fix = match by {
            _ if *first == NONE => "take it out: it has ended".to_owned(),
            By::Python(_) => format!("take a newer version of `{name}`"),
            By::Setuptools => format!("take a newer version of `{name}`, or pin `setuptools` below 82"),
            By::Beside(other, [major, minor, _]) => {
                format!("take a newer version of `{name}`, or pin `{other}` below {major}.{minor}")
            }
        };
        let finding = subject.find(RULE, &line.path, line.span.clone(), message, fix);
        // What else the platform brings into the environment is not known.
        if matches!(by, By::Setuptools) && on.is_some() {
            finding.level = Level::Warning;
        }
        if let Some(on) = on {
            on.lower(finding);
        }
    }
}

/// What makes it stop, if that is so here, and on which Pythons.
fn why(subject: &Subject<'_>, requirements: &Requirements, by: &By) -> Option<(String, Option<On>)> {
    match by {
        By::Python(from) => {
            let on = Pythons::of(subject)?.first(|minor| minor >= *from)?;
            Some((format!("on {on}"), Some(on)))
        }
        By::Setuptools => {
            // In a virtual environment of Python 3.11 there is one that has the module.
            const BARE: u32 = 12;
            const WITHOUT: [u32; 3] = [82, 0, 0];
            let line = requirements.lines.iter().find(|line| line.name == "setuptools");
            let exact = line.and_then(Requirement::exact);
            match exact.and_then(numbers) {
                Some(version) => {
                    let without = version.as_slice() >= WITHOUT.as_slice();
                    without.then(|| (format!("beside `setuptools` {}", exact.unwrap_or_default()), None))
                }
                None if line.is_some_and(|line| line.specifier.contains(['<', '~']))
                    || !requirements.unread.is_empty() =>
                {
                    None
                }
                None => {
                    let on = Pythons::of(subject)?.first(|minor| minor >= BARE)?;
                    Some((
                        format!(
                            "on {on}, unless an older `setuptools` is there: the newest, which pip takes, is without it"
                        ),
                        Some(on),
                    ))
                }
            }
        }
        By::Beside(other, from) => {
            let all = || requirements.lines.iter().filter(|line| line.name == *other);
            let Some(line) = all().next() else {
                let read = requirements.unread.is_empty();
                return read.then(|| (format!("beside the newest `{other}`, which pip takes"), None));
            };
            let exact = all().find_map(Requirement::exact);
            let newest = || !all().any(|line| line.specifier.contains(['<', '=', '~']) && !is_lower(&line.specifier));
            let beside = match exact.and_then(numbers) {
                Some(version) => (version.as_slice() >= from.as_slice())
                    .then(|| format!("beside `{other}` {}", exact.unwrap_or_default())),
                None => newest().then(|| format!("beside the newest `{}`, which pip takes", line.name)),
            };
            beside.map(|beside| (beside, None))
        }
    }
}

/// Does it say only how old a version may be?
fn is_lower(specifier: &str) -> bool {
    specifier.starts_with('>') && !specifier.contains(',')
}

/// How it is seen that the server of a project of Django's imports a package: these modules in what it loads, or these words in the settings.
struct Use {
    name: &'static str,
    modules: &'static [&'static str],
    words: &'static [&'static str],
}

const fn used(name: &'static str, modules: &'static [&'static str], words: &'static [&'static str]) -> Use {
    Use { name, modules, words }
}

const S3: &[&str] = &["storages.backends.s3", "django_ses"];

const USES: &[Use] = &[
    used("urllib3", &["urllib3", "requests", "boto3", "botocore"], S3),
    used("botocore", &["boto3", "botocore"], S3),
    used("boto3", &["boto3", "botocore"], S3),
    used("six", &["boto3", "botocore", "dateutil", "six.moves"], S3),
    used("redis", &["redis", "django_redis"], &["django_redis.", "channels_redis."]),
    used("stripe", &["stripe"], &[]),
    used("razorpay", &["razorpay"], &[]),
    used("apscheduler", &["apscheduler"], &["django_apscheduler"]),
    used("python-decouple", &["decouple"], &["from decouple import", "import decouple"]),
    used("feedparser", &["feedparser"], &[]),
    used("drf-yasg", &["drf_yasg"], &["drf_yasg"]),
    used("djangorestframework-simplejwt", &["rest_framework_simplejwt"], &["rest_framework_simplejwt"]),
    used("django-countries", &["django_countries"], &["django_countries"]),
    used("django-simple-history", &["simple_history"], &["simple_history"]),
    used("djangorestframework", &["rest_framework"], &[]),
    used("djangorestframework-jwt", &["rest_framework_jwt"], &["rest_framework_jwt"]),
    used("django-rest-auth", &["rest_auth"], &["'rest_auth'", "\"rest_auth\""]),
    used("django-filter", &["django_filters"], &[]),
    used("django-cors-headers", &["corsheaders"], &["corsheaders.middleware"]),
    used("django-mptt", &["mptt"], &[]),
    used("django-storages", &["storages"], &["storages.backends.s3"]),
    used("django-ckeditor", &["ckeditor"], &["'ckeditor'", "\"ckeditor\""]),
    used("django-phonenumber-field", &["phonenumber_field"], &[]),
    used("social-auth-app-django", &["social_django"], &["social_django"]),
    used("django-anymail", &["anymail"], &["anymail.backends"]),
    used("djoser", &["djoser"], &[]),
    used("graphene-django", &["graphene_django"], &[]),
    used("django-import-export", &["import_export"], &[]),
    used("django-jet", &["jet"], &["'jet'", "\"jet\""]),
];

/// Files that a server of Django's imports with the project.
const LOADED: [&str; 12] = [
    "settings.py",
    "urls.py",
    "views.py",
    "models.py",
    "serializers.py",
    "admin.py",
    "apps.py",
    "forms.py",
    "signals.py",
    "wsgi.py",
    "viewsets.py",
    "api.py",
];

/// Does the server import it, as far as files tell? Lists often have packages of another project.
fn is_imported(subject: &Subject<'_>, requirements: &Requirements, name: &str) -> bool {
    let starts = |words: &[&str]| {
        let named = |run: &Run| words.iter().any(|word| run.name() == *word || run.has(word));
        subject.scripts().iter().any(|script| script.host_runs().any(named))
    };
    let django = !requirements.get("django").is_no() || subject.django();
    match name {
        "gunicorn" => subject.customizations.procfile.is_none() || starts(&["gunicorn"]),
        "celery" => {
            let app = |path: &str| path.ends_with("/celery.py") && path.matches('/').count() <= 2;
            starts(&["celery"]) || subject.tree.iter().any(|(path, _)| app(path))
        }
        _ if !django => true,
        _ => USES.iter().find(|used| used.name == name).is_some_and(|used| is_used(subject, used)),
    }
}

fn is_used(subject: &Subject<'_>, used: &Use) -> bool {
    let tree = subject.tree;
    let settings = subject.settings();
    let files = settings.iter().flat_map(|settings| &settings.files);
    let mut texts = files.filter_map(|path| tree.text(path));
    let lines =
        |text: &str, word: &str| text.lines().any(|line| !line.trim_start().starts_with('#') && line.contains(word));
    if texts.any(|text| used.words.iter().any(|word| lines(text, word))) {
        return true;
    }
    // At the first column: what is indented may never run.
    let imports = |text: &str| {
        text.lines().filter_map(|line| line.strip_prefix("import ").or_else(|| line.strip_prefix("from "))).any(
            |rest| {
                used.modules.iter().any(|module| {
                    rest.strip_prefix(module)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '.', ',', '\r']))
                })
            },
        )
    };
    let is_loaded = |path: &str| {
        LOADED.contains(&file_name(path)) && !path.contains("site-packages") && path.matches('/').count() <= 4
    };
    tree.iter().filter(|(path, _)| is_loaded(path)).any(|(path, _)| tree.text(path).is_some_and(imports))
}
