"""Every fault that can be ordered, seen from a client that does not retry."""

import urllib.error
import urllib.request

from botocore.exceptions import HTTPClientError, IncompleteReadError, ReadTimeoutError
from check import ENDPOINT, ONCE, client, order, refused

eb, s3 = client("elasticbeanstalk"), client("s3")


class lost:
    """The answer does not arrive."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        assert isinstance(error, (HTTPClientError, IncompleteReadError)), repr(error)
        return True


def names():
    return [application["ApplicationName"] for application in eb.describe_applications()["Applications"]]


# From the file: the second call.
assert order(method="GET")[0]["skip"] == 1
eb.describe_account_attributes()
with refused("Throttling", "Rate exceeded", 400):
    eb.describe_account_attributes()
eb.describe_account_attributes()
assert order(method="GET") == []

for fault, code, status in [
    ("throttle", "Throttling", 400), ("internal-error", "InternalFailure", 500), ("unavailable", "ServiceUnavailable", 503),
    ("access-denied", "AccessDenied", 403), ("expired-token", "ExpiredToken", 403),
]:
    order({"on": "CreateApplication", "fault": fault, "with": {"ApplicationName": fault}})
    eb.create_application(ApplicationName=f"not-{fault}")
    with refused(code, status=status):
        eb.create_application(ApplicationName=fault)
    assert fault not in names()
for fault, code, status in [
    ("throttle", "SlowDown", 503), ("internal-error", "InternalError", 500), ("unavailable", "ServiceUnavailable", 503),
    ("access-denied", "AccessDenied", 403), ("expired-token", "ExpiredToken", 400),
]:
    order({"on": "CreateBucket", "fault": fault})
    with refused(code, status=status):
        s3.create_bucket(Bucket="bucket")

order({"on": "CreateApplication", "fault": "reset-before"})
with lost():
    eb.create_application(ApplicationName="before")
assert "before" not in names()
order({"on": "CreateApplication", "fault": "reset-after"})
with lost():
    eb.create_application(ApplicationName="after")
assert "after" in names()
order({"on": "CreateApplication", "fault": "truncate"})
with lost():
    eb.create_application(ApplicationName="truncated")
assert "truncated" in names()
s3.create_bucket(Bucket="bucket")
order({"on": "PutObject", "with": {"Bucket": "bucket", "Key": "a b+c"}, "fault": "reset-after"})
s3.put_object(Bucket="bucket", Key="other", Body=b"x")
with lost():
    s3.put_object(Bucket="bucket", Key="a b+c", Body=b"x" * 100_000)
assert s3.head_object(Bucket="bucket", Key="a b+c")["ContentLength"] == 100_000
order({"on": "*", "fault": "stall", "seconds": 60})
try:
    client("s3", config=ONCE.merge(type(ONCE)(read_timeout=1))).list_buckets()
    raise AssertionError("it did not stall")
except ReadTimeoutError:
    pass

# The versions of a bad day.
bucket = eb.create_storage_location()["S3Bucket"]
s3.put_object(Bucket=bucket, Key="k", Body=b"zip")
order({"on": "CreateApplicationVersion", "fault": "processing-fails"})
answer = eb.create_application_version(ApplicationName="shop", VersionLabel="bad", Process=True, AutoCreateApplication=True,
                                       SourceBundle={"S3Bucket": bucket, "S3Key": "k"})
[version] = eb.describe_application_versions(ApplicationName="shop")["ApplicationVersions"]
assert version["Status"] == "FAILED", version
assert len(eb.describe_events(ApplicationName="shop", Severity="ERROR")["Events"]) == 1

order({"on": "x", "fault": "throttle"})
assert order(method="DELETE") == []
try:
    order({"on": "x", "fault": "boom"})
    raise AssertionError("a mistyped rule was taken")
except urllib.error.HTTPError as error:
    assert error.code == 400
try:
    urllib.request.urlopen(ENDPOINT + "/-/faults", b"[]")
    raise AssertionError("a form was taken")
except urllib.error.HTTPError as error:
    assert error.code == 415
