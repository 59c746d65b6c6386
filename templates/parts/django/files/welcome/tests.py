from django.contrib.staticfiles import finders
from django.test import TestCase
from django.urls import reverse


class WelcomeTests(TestCase):
    def test_the_page_answers(self):
        response = self.client.get(reverse("index"))
        self.assertContains(response, "It grows!")

    def test_its_style_sheet_is_found(self):
        self.assertIsNotNone(finders.find("site.css"))
{%- if celery %}

    def test_tasks_run(self):
        from .tasks import add

        self.assertEqual(add.apply(args=(2, 3)).get(), 5)
{%- endif %}
