//! Gone: names that newer versions do not have any more.
//!
//! Each was imported from release after release (Django 1.11 to 6.0, Flask 1.1 to 3.1, Python 3.9 to 3.13): the first that does not have it is named.

mod of_models;
mod of_python;

use crate::check::django::loaded::Import;
use crate::check::django::urls::AUTH;

pub(super) use of_python::PYTHON;

/// Names of a module of a package.
pub(super) struct Gone {
    pub(super) package: &'static str,
    module: &'static str,
    /// Empty: the module itself is gone, with all below it.
    names: &'static [&'static str],
    pub(super) since: (u32, u32),
    pub(super) fix: &'static str,
}

impl Gone {
    /// What Python says of an import that asks for it.
    pub(super) fn error(&self, import: &Import) -> Option<String> {
        error(self.module, self.names, import)
    }
}

fn error(module: &str, names: &[&str], import: &Import) -> Option<String> {
    let below = |name: &str| name == module || name.strip_prefix(module).is_some_and(|rest| rest.starts_with('.'));
    if names.is_empty() {
        if below(&import.module) {
            return Some(format!("No module named '{module}'"));
        }
        let (package, last) = module.rsplit_once('.')?;
        let asked = import.module == package && import.name.as_deref() == Some(last);
        return asked.then(|| format!("cannot import name '{last}' from '{package}'"));
    }
    let name = import.name.as_deref().filter(|name| import.module == module && names.contains(name))?;
    Some(format!("cannot import name '{name}' from '{module}'"))
}

const fn gone(
    package: &'static str,
    module: &'static str,
    names: &'static [&'static str],
    since: (u32, u32),
    fix: &'static str,
) -> Gone {
    Gone { package, module, names, since, fix }
}

const fn django(module: &'static str, names: &'static [&'static str], since: (u32, u32), fix: &'static str) -> Gone {
    gone("django", module, names, since, fix)
}

const PIN: &str = "write it for what is installed, or pin the version that it was written for";
const GETTEXT: &str = "the same names without the `u`: `gettext_lazy`, `gettext`, `ngettext`";
const TEXT: &str = "`force_str` and `smart_str` of the same module";
const URLLIB: &str = "`urllib.parse` has what is like it";
const CLASSES: &str = "the classes of that module: `LoginView`, `LogoutView`, `PasswordResetView`";
const STATIC: &str = "`from django.templatetags.static import static`";

/// Of all packages.
pub(super) fn packages() -> impl Iterator<Item = &'static Gone> {
    PACKAGES.iter().chain(of_models::PACKAGES)
}

const PACKAGES: &[Gone] = &[
    django(
        "django.conf.urls",
        &["url"],
        (4, 0),
        "`from django.urls import re_path`, which takes the same regular expressions",
    ),
    django(
        "django.conf.urls",
        &["patterns"],
        (1, 10),
        "make `urlpatterns` a plain list, with `re_path` of `django.urls`",
    ),
    django("django.conf.urls.defaults", &[], (1, 6), "`from django.urls import include, path, re_path`"),
    django("django.core.urlresolvers", &[], (2, 0), "`django.urls` has all of it"),
    django(
        "django.utils.translation",
        &["ugettext", "ugettext_lazy", "ugettext_noop", "ungettext", "ungettext_lazy"],
        (4, 0),
        GETTEXT,
    ),
    django("django.utils.translation", &["string_concat"], (2, 1), "`format_lazy` of `django.utils.text`"),
    django("django.utils.encoding", &["force_text", "smart_text"], (4, 0), TEXT),
    django(
        "django.utils.encoding",
        &["python_2_unicode_compatible"],
        (3, 0),
        "take the decorator away: Python 3 needs none",
    ),
    django("django.utils.six", &[], (3, 0), "install `six`, or take Python 3's own names"),
    django("django.utils.lru_cache", &[], (3, 0), "`from functools import lru_cache`"),
    django(
        "django.utils.decorators",
        &["available_attrs", "ContextDecorator"],
        (3, 0),
        "`functools.wraps` needs no `available_attrs`; `contextlib` has `ContextDecorator`",
    ),
    django("django.utils.functional", &["curry"], (3, 0), "`functools.partial`"),
    django(
        "django.utils.functional",
        &["allow_lazy", "memoize"],
        (2, 0),
        "`keep_lazy` of the same module, and `functools.lru_cache`",
    ),
    django("django.utils.http", &["urlquote", "urlquote_plus", "urlunquote", "urlunquote_plus"], (4, 0), URLLIB),
    django("django.utils.http", &["is_safe_url"], (4, 0), "`url_has_allowed_host_and_scheme` of the same module"),
    django("django.utils.http", &["cookie_date"], (3, 0), "`http_date` of the same module"),
    django("django.utils.timezone", &["utc"], (5, 0), "`from datetime import timezone`, and `timezone.utc`"),
    django("django.utils.timezone", &["FixedOffset"], (3, 1), "`datetime.timezone` with a `timedelta`"),
    django("django.utils.baseconv", &[], (5, 0), PIN),
    django("django.utils.datetime_safe", &[], (5, 0), "`datetime` itself"),
    django("django.utils.text", &["unescape_entities"], (4, 0), "`html.unescape`"),
    django("django.utils.importlib", &[], (1, 9), "`importlib`"),
    django("django.utils.simplejson", &[], (1, 7), "`json`"),
    django("django.utils.datastructures", &["SortedDict"], (1, 9), "a plain `dict` keeps its order"),
    django("django.shortcuts", &["render_to_response"], (3, 0), "`render(request, …)`"),
    django("django.contrib.staticfiles.templatetags", &[], (3, 0), STATIC),
    django("django.contrib.admin.templatetags.admin_static", &[], (3, 0), STATIC),
    django("django.contrib.admin", &["ACTION_CHECKBOX_NAME"], (3, 1), "it is in `django.contrib.admin.helpers`"),
    django("django.contrib.admin.util", &[], (1, 9), "`django.contrib.admin.utils`"),
    django("django.contrib.auth.views", &AUTH, (2, 1), CLASSES),
    django(
        "django.contrib.contenttypes.generic",
        &[],
        (1, 9),
        "`GenericForeignKey` is in `django.contrib.contenttypes.fields`",
    ),
    django("django.contrib.sites.models", &["get_current_site"], (1, 9), "`django.contrib.sites.shortcuts`"),
    django("django.contrib.postgres.forms", &["JSONField"], (4, 0), "`django.forms.JSONField`"),
    django(
        "django.contrib.postgres.fields.jsonb",
        &["KeyTransform", "KeyTextTransform"],
        (4, 0),
        "`django.db.models.fields.json`",
    ),
    django(
        "django.contrib.auth.hashers",
        &["UnsaltedMD5PasswordHasher", "UnsaltedSHA1PasswordHasher", "SHA1PasswordHasher"],
        (5, 1),
        PIN,
    ),
    django(
        "django.contrib.staticfiles.storage",
        &["CachedStaticFilesStorage", "CachedFilesMixin"],
        (3, 1),
        "`ManifestStaticFilesStorage`",
    ),
    django("django.core.files.storage", &["get_storage_class"], (5, 1), "`storages` of `django.core.files.storage`"),
    django("django.core.cache", &["get_cache"], (1, 9), "`caches` of the same module"),
    django("django.core.cache.backends.memcached", &["MemcachedCache"], (4, 1), "`PyMemcacheCache`, with `pymemcache`"),
    django("django.core.paginator", &["QuerySetPaginator"], (3, 1), "`Paginator`"),
    django("django.core.management.base", &["NoArgsCommand"], (1, 10), "`BaseCommand`"),
    django("django.core.context_processors", &[], (1, 10), "`django.template.context_processors`"),
    django("django.db.models", &["permalink"], (2, 1), "`reverse` of `django.urls`"),
    django(
        "django.db.models.fields",
        &["FieldDoesNotExist"],
        (3, 1),
        "`from django.core.exceptions import FieldDoesNotExist`",
    ),
    django(
        "django.db.models.sql.datastructures",
        &["EmptyResultSet"],
        (3, 1),
        "`from django.core.exceptions import EmptyResultSet`",
    ),
    django("django.db.models.query_utils", &["InvalidQuery"], (4, 0), PIN),
    django("django.db.models.loading", &[], (1, 9), "`django.apps.apps`"),
    django("django.db.transaction", &["commit_on_success"], (1, 8), "`transaction.atomic`"),
    django("django.forms.util", &[], (1, 9), "`django.forms.utils`"),
    django("django.forms.extras", &[], (2, 0), "`SelectDateWidget` is in `django.forms`"),
    django("django.urls", &["RegexURLPattern", "RegexURLResolver"], (2, 0), "`URLPattern` and `URLResolver`"),
    django("django.views.generic.simple", &[], (1, 5), "`TemplateView` and `RedirectView`"),
    django("django.views.generic.list_detail", &[], (1, 5), "`ListView` and `DetailView`"),
    gone(
        "flask",
        "flask.ext",
        &[],
        (1, 0),
        "write each as its package is called: `flask_login`, not `flask.ext.login`",
    ),
    gone("flask", "flask", &["Markup", "escape"], (3, 0), "`from markupsafe import Markup, escape`"),
    gone("flask", "flask", &["_app_ctx_stack", "_request_ctx_stack"], (3, 0), "`g`, `current_app` and `request`"),
    gone("flask", "flask.json", &["JSONEncoder", "JSONDecoder"], (2, 3), "`flask.json.provider.DefaultJSONProvider`"),
    gone("flask", "flask", &["safe_join"], (2, 1), "`from werkzeug.utils import safe_join`"),
    gone("flask", "flask.helpers", &["safe_join", "total_seconds"], (2, 1), "`from werkzeug.utils import safe_join`"),
    gone(
        "werkzeug",
        "werkzeug",
        &["secure_filename", "FileStorage", "generate_password_hash", "check_password_hash", "cached_property"],
        (1, 0),
        "`werkzeug.utils`, `werkzeug.security` and `werkzeug.datastructures` have them",
    ),
    gone(
        "werkzeug",
        "werkzeug.contrib",
        &[],
        (1, 0),
        "`werkzeug.middleware.proxy_fix` has `ProxyFix`, `cachelib` the caches",
    ),
    gone(
        "werkzeug",
        "werkzeug.wsgi",
        &["DispatcherMiddleware", "SharedDataMiddleware"],
        (1, 0),
        "`werkzeug.middleware` has them",
    ),
    gone(
        "werkzeug",
        "werkzeug.security",
        &["safe_str_cmp", "pbkdf2_hex", "pbkdf2_bin"],
        (2, 1),
        "`hmac.compare_digest`",
    ),
    gone("werkzeug", "werkzeug.wrappers", &["BaseResponse", "BaseRequest"], (2, 1), "`Response` and `Request`"),
    gone("werkzeug", "werkzeug.useragents", &[], (2, 1), "`werkzeug.user_agent`"),
    gone(
        "werkzeug",
        "werkzeug.urls",
        &[
            "url_parse",
            "url_quote",
            "url_quote_plus",
            "url_decode",
            "url_encode",
            "url_join",
            "url_unquote",
            "url_unquote_plus",
            "url_fix",
        ],
        (3, 0),
        URLLIB,
    ),
    gone("jinja2", "jinja2", &["Markup", "escape"], (3, 1), "`from markupsafe import Markup, escape`"),
    gone(
        "jinja2",
        "jinja2",
        &["contextfilter", "contextfunction", "environmentfilter", "evalcontextfilter"],
        (3, 1),
        "`pass_context` and `pass_environment`",
    ),
    gone(
        "itsdangerous",
        "itsdangerous",
        &["TimedJSONWebSignatureSerializer", "JSONWebSignatureSerializer", "json"],
        (2, 1),
        "`URLSafeTimedSerializer`, or a package for JWT",
    ),
    gone("wtforms", "wtforms", &["TextField"], (3, 0), "`StringField`"),
    gone("wtforms", "wtforms.fields", &["TextField"], (3, 0), "`StringField`"),
    gone("wtforms", "wtforms.fields.html5", &[], (3, 0), "`wtforms.fields` has them"),
    gone("wtforms", "wtforms.validators", &["Required"], (3, 0), "`DataRequired`"),
    gone("wtforms", "wtforms.ext", &[], (3, 0), "`wtforms-sqlalchemy` and others"),
    gone("flask-wtf", "flask_wtf.csrf", &["CsrfProtect"], (1, 0), "`CSRFProtect`"),
    gone("flask-wtf", "flask_wtf", &["CsrfProtect"], (1, 0), "`CSRFProtect`"),
    gone(
        "flask-jwt-extended",
        "flask_jwt_extended",
        &["jwt_optional", "fresh_jwt_required", "jwt_refresh_token_required"],
        (4, 0),
        "`jwt_required(optional=True)`, `jwt_required(fresh=True)` and `jwt_required(refresh=True)`",
    ),
    gone(
        "flask-jwt-extended",
        "flask_jwt_extended",
        &["get_raw_jwt", "get_jwt_claims", "get_raw_jwt_header"],
        (4, 0),
        "`get_jwt` and `get_jwt_header`",
    ),
    gone("flask-migrate", "flask_migrate", &["MigrateCommand"], (3, 0), "`flask db` is the command now"),
    gone("flask-sqlalchemy", "flask_sqlalchemy", &["_QueryProperty"], (3, 0), PIN),
    gone("sqlalchemy", "sqlalchemy.orm", &["relation", "eagerload"], (2, 0), "`relationship` and `joinedload`"),
    gone(
        "pydantic",
        "pydantic",
        &["BaseSettings"],
        (2, 0),
        "`from pydantic_settings import BaseSettings`, with `pydantic-settings`",
    ),
    gone(
        "djangorestframework",
        "rest_framework.decorators",
        &["list_route", "detail_route"],
        (3, 10),
        "`action(detail=False)` and `action(detail=True)`",
    ),
    gone(
        "djangorestframework",
        "rest_framework.filters",
        &["DjangoFilterBackend", "FilterSet"],
        (3, 7),
        "`from django_filters.rest_framework import DjangoFilterBackend, FilterSet`",
    ),
    gone(
        "djangorestframework",
        "rest_framework.serializers",
        &["NullBooleanField"],
        (3, 14),
        "`BooleanField(allow_null=True)`",
    ),
    gone(
        "djangorestframework",
        "rest_framework.fields",
        &["NullBooleanField"],
        (3, 14),
        "`BooleanField(allow_null=True)`",
    ),
    gone("celery", "celery.task", &[], (5, 0), "`from celery import shared_task`"),
    gone("celery", "celery.decorators", &[], (5, 0), "`from celery import shared_task`"),
    gone("channels", "channels.routing", &["route", "include"], (2, 0), "`ProtocolTypeRouter` and `URLRouter`"),
    gone("channels", "channels", &["Group"], (2, 0), "`get_channel_layer` of `channels.layers`"),
    gone("openai", "openai.error", &[], (1, 0), "`openai` itself has the exceptions"),
];
