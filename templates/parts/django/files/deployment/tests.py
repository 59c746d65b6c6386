from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import SimpleTestCase, TestCase, override_settings

from .databases import from_environment


class HealthTests(TestCase):
    @override_settings(ALLOWED_HOSTS=["example.com"], SECURE_SSL_REDIRECT=True)
    def test_any_host_over_plain_http_may_ask(self):
        response = self.client.get(settings.HEALTH_PATH, headers={"host": "10.0.0.7"})
        self.assertEqual((response.status_code, response.content), (200, b"ok\n"))

    @override_settings(ALLOWED_HOSTS=["example.com"])
    def test_other_paths_keep_the_host_check(self):
        response = self.client.get("/", headers={"host": "10.0.0.7"})
        self.assertEqual(response.status_code, 400)

    def test_ready_asks_the_database(self):
        response = self.client.get(settings.READY_PATH)
        self.assertEqual(response.content, b"ready\n")


class DatabaseTests(SimpleTestCase):
    def test_url_comes_first(self):
        environ = {"DATABASE_URL": "postgres://u%40x:p%2Fw@db:5433/shop?sslmode=require", "RDS_HOSTNAME": "other"}
        found = from_environment(environ, "postgresql")
        self.assertEqual(
            [found[key] for key in ("USER", "PASSWORD", "HOST", "PORT", "NAME", "OPTIONS")],
            ["u@x", "p/w", "db", "5433", "shop", {"sslmode": "require"}],
        )

    def test_rds_properties(self):
        found = from_environment({"RDS_HOSTNAME": "db", "RDS_DB_NAME": "ebdb", "RDS_PORT": "3306"}, "mysql")
        self.assertEqual((found["HOST"], found["NAME"]), ("db", "ebdb"))

    def test_errors_do_not_show_the_password(self):
        with self.assertRaises(ImproperlyConfigured) as caught:
            from_environment({"DATABASE_URL": "mysql://u:secret@db/shop"}, "postgresql")
        self.assertNotIn("secret", str(caught.exception))

    def test_a_pool_is_all_that_keeps_connections(self):
        environ = {"DATABASE_URL": "postgres://db/shop", "CONN_MAX_AGE": "60"}
        found = from_environment(environ, "postgresql", pool=4)
        self.assertEqual((found["OPTIONS"]["pool"]["max_size"], found["CONN_MAX_AGE"]), (4, 0))

    def test_nothing_set_is_a_clear_error(self):
        with self.assertRaisesMessage(ImproperlyConfigured, "DATABASE_URL"):
            from_environment({}, "postgresql")


class MigrateOnceTests(TestCase):
    def test_it_can_be_repeated(self):
        call_command("migrate_once", verbosity=0)
        call_command("migrate_once", verbosity=0)
