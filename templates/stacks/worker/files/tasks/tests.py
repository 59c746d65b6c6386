from django.test import TestCase

from .registry import TASKS

JSON = "application/json"


class ReceiveTests(TestCase):
    def setUp(self):
        self.seen = []
        TASKS["test"] = self.seen.append
        self.addCleanup(TASKS.pop, "test")

    def test_a_message_reaches_its_task(self):
        response = self.client.post("/tasks/", '{"task": "test", "order": 7}', JSON)
        self.assertEqual((response.status_code, self.seen), (200, [{"task": "test", "order": 7}]))

    def test_a_message_that_comes_twice_is_done_once(self):
        for _ in range(2):
            response = self.client.post("/tasks/", '{"task": "test"}', JSON, headers={"X-Aws-Sqsd-Msgid": "m-1"})
            self.assertEqual(response.status_code, 200)
        self.assertEqual(len(self.seen), 1)

    def test_a_periodic_task_is_named_by_its_header(self):
        response = self.client.post("/tasks/", "", JSON, headers={"X-Aws-Sqsd-Taskname": "clear-sessions"})
        self.assertEqual(response.status_code, 200)

    def test_strangers_are_refused(self):
        response = self.client.post("/tasks/", '{"task": "test"}', JSON, headers={"X-Forwarded-For": "203.0.113.9"})
        self.assertEqual((response.status_code, self.seen), (403, []))

    def test_what_is_no_task_goes_back_to_the_queue(self):
        for body, status in [("[]", 400), ("{", 400), ('{"task": "unknown"}', 404)]:
            self.assertEqual(self.client.post("/tasks/", body, JSON).status_code, status)
        self.assertEqual(self.client.get("/tasks/").status_code, 405)
