"""An environment that really runs: its bundles are carried out, and its events tell how that ended."""

import json
import re
import time
import urllib.error
import urllib.request

from check import client, zipped

eb, s3 = client("elasticbeanstalk"), client("s3")
STACK = next(name for name in eb.list_available_solution_stacks()["SolutionStacks"] if name.endswith("Python 3.13"))
PROPERTIES = "aws:elasticbeanstalk:application:environment"
bucket = eb.create_storage_location()["S3Bucket"]
SERVER = """
import http.server, json, os

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps([open("version").read(), os.environ.get("GREETING")]).encode())

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def version(label, **files):
    content = {"Procfile": "web: python server.py\n", "server.py": SERVER, "version": label, **files}
    s3.put_object(Bucket=bucket, Key=label, Body=zipped(**content))
    source = {"S3Bucket": bucket, "S3Key": label}
    eb.create_application_version(ApplicationName="shop", VersionLabel=label, SourceBundle=source, AutoCreateApplication=True)


def settled():
    for _ in range(600):
        [found] = eb.describe_environments(EnvironmentNames=["shop-prod"])["Environments"]
        if found["Status"] in ("Ready", "Terminated"):
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def messages(answer):
    events = eb.describe_events(RequestId=answer["ResponseMetadata"]["RequestId"])["Events"]
    return [event["Message"] for event in reversed(events)]


def page(url):
    return json.load(urllib.request.urlopen(url))


FAILS = {".platform/hooks/predeploy/10_check.sh": "#!/bin/bash\necho the reason\nexit 3\n"}
version("one")
version("two")
version("broken", **FAILS)

made = eb.create_environment(
    ApplicationName="shop", EnvironmentName="shop-prod", SolutionStackName=STACK, VersionLabel="one",
    OptionSettings=[{"Namespace": PROPERTIES, "OptionName": "GREETING", "Value": "hello"}],
)
assert made["Status"] == "Launching", made
found = settled()
assert (found["Health"], found["VersionLabel"]) == ("Green", "one"), (found, messages(made))
[served] = [message for message in messages(made) if "The sandbox serves shop-prod at" in message]
url = re.search(r"http://127\.0\.0\.1:\d+/", served)[0]
assert page(url) == ["one", "hello"]

done = eb.update_environment(EnvironmentName="shop-prod", VersionLabel="two")
found = settled()
assert (found["Health"], found["VersionLabel"]) == ("Green", "two"), (found, messages(done))
assert messages(done)[-1] == "Environment update completed successfully."
assert page(url) == ["two", "hello"]

# A hook that fails: the environment says so, and the version before goes on.
done = eb.update_environment(EnvironmentName="shop-prod", VersionLabel="broken")
found = settled()
assert (found["Health"], found["VersionLabel"]) == ("Red", "two"), found
said = messages(done)
assert any("predeploy/10_check.sh` failed: exit status 3" in message and "the reason" in message for message in said), said
assert "Failed to deploy application." in said, said
assert page(url) == ["two", "hello"]

done = eb.update_environment(
    EnvironmentName="shop-prod", OptionSettings=[{"Namespace": PROPERTIES, "OptionName": "GREETING", "Value": "good bye"}]
)
assert settled()["Health"] == "Green", messages(done)
assert page(url) == ["two", "good bye"]

# The logs are those of the instance.
eb.request_environment_info(EnvironmentName="shop-prod", InfoType="tail")
[info] = eb.retrieve_environment_info(EnvironmentName="shop-prod", InfoType="tail")["EnvironmentInfo"]
logs = urllib.request.urlopen(info["Message"]).read().decode()
for text in ["/var/log/eb-engine.log", "Executing instruction: FlipApplication", "/var/log/eb-hooks.log", "the reason"]:
    assert text in logs, (text, logs)

eb.terminate_environment(EnvironmentName="shop-prod")
for _ in range(200):
    try:
        page(url)
    except (urllib.error.URLError, ConnectionError):
        break
    time.sleep(0.05)
else:
    raise AssertionError("it still answers")
print("passed")
