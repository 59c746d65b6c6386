"""Applications, versions and their events."""

import os
import sys

from check import client, refused, stranger, zipped

eb, s3, sts = client("elasticbeanstalk"), client("s3"), client("sts")
BUNDLE = zipped(Procfile="web: true\n")

if "again" in sys.argv:
    # Another process, after a restart or a kill: everything is still there.
    [version] = eb.describe_application_versions(ApplicationName="shop", VersionLabels=["shop-1"])["ApplicationVersions"]
    assert version["Status"] == "UNPROCESSED", version
    bundle = version["SourceBundle"]
    assert s3.get_object(Bucket=bundle["S3Bucket"], Key=bundle["S3Key"])["Body"].read() == BUNDLE, bundle
    sys.exit()

assert sts.get_caller_identity()["Account"] == "123456789012"
with refused("InvalidClientTokenId", status=403):
    stranger("elasticbeanstalk").describe_applications()
with refused("InvalidAccessKeyId", status=403):
    stranger("s3").list_buckets()
for service, call in [("elasticbeanstalk", "describe_applications"), ("sts", "get_caller_identity"), ("s3", "list_buckets")]:
    with refused("SignatureDoesNotMatch", status=403):
        getattr(stranger(service, os.environ["AWS_ACCESS_KEY_ID"], "another secret"), call)()

bucket = eb.create_storage_location()["S3Bucket"]
assert bucket == eb.create_storage_location()["S3Bucket"] == "elasticbeanstalk-us-east-1-123456789012"
s3.put_object(Bucket=bucket, Key="beansprout/shop/1.zip", Body=BUNDLE)
bundle = {"S3Bucket": bucket, "S3Key": "beansprout/shop/1.zip"}

# Applications.
made = eb.create_application(ApplicationName="café", Description="é & <b>")["Application"]
assert made["ApplicationArn"] == "arn:aws:elasticbeanstalk:us-east-1:123456789012:application/café", made
assert made["Description"] == "é & <b>", made
with refused("InvalidParameterValue", "Application café already exists.", 400):
    eb.create_application(ApplicationName="café")
with refused("ValidationError", "Member must not be null"):
    eb.create_application()
with refused("ValidationError", "less than or equal to 100"):
    eb.create_application(ApplicationName="x" * 101)
with refused("InvalidParameterValue", "/"):
    eb.create_application(ApplicationName="a/b")
assert eb.update_application(ApplicationName="café")["Application"]["Description"] == "é & <b>"
assert "Description" not in eb.update_application(ApplicationName="café", Description="")["Application"]
with refused("InvalidParameterValue", "No Application named 'none' found."):
    eb.update_application(ApplicationName="none")
assert eb.describe_applications(ApplicationNames=["none"])["Applications"] == []

# Versions.
with refused("InvalidParameterValue", "No Application named 'shop' found."):
    eb.create_application_version(ApplicationName="shop", VersionLabel="shop-1", SourceBundle=bundle)
with refused("InvalidParameterCombination", "Reason: Not Found"):
    missing = {"S3Bucket": bucket, "S3Key": "nothing"}
    eb.create_application_version(
        ApplicationName="shop", VersionLabel="shop-1", SourceBundle=missing, AutoCreateApplication=True
    )
assert eb.describe_applications(ApplicationNames=["shop"])["Applications"] == [], "a refused call changed something"
with refused("InvalidParameterCombination"):
    eb.create_application_version(
        ApplicationName="café", VersionLabel="x", SourceBundle=bundle,
        ImageConfiguration={"Source": {"Uri": "example"}},
    )
west = client("elasticbeanstalk", region_name="eu-west-1")
with refused("S3LocationNotInServiceRegionException"):
    west.create_application_version(
        ApplicationName="shop", VersionLabel="shop-1", SourceBundle=bundle, AutoCreateApplication=True
    )
answer = eb.create_application_version(
    ApplicationName="shop", VersionLabel="shop-1", SourceBundle=bundle, AutoCreateApplication=True, Description="first"
)
made = answer["ApplicationVersion"]
assert made["Status"] == "UNPROCESSED" and made["SourceBundle"] == bundle and made["Description"] == "first", made
with refused("InvalidParameterValue", "Application Version shop-1 already exists."):
    eb.create_application_version(ApplicationName="shop", VersionLabel="shop-1", SourceBundle=bundle)
processing = eb.create_application_version(
    ApplicationName="shop", VersionLabel="shop-2", SourceBundle=bundle, Process=True
)
assert processing["ApplicationVersion"]["Status"] == "PROCESSING"
[version] = eb.describe_application_versions(ApplicationName="shop", VersionLabels=["shop-2"])["ApplicationVersions"]
assert version["Status"] == "PROCESSED", version
request = processing["ResponseMetadata"]["RequestId"]
messages = [event["Message"] for event in eb.describe_events(RequestId=request)["Events"]]
assert "Finished processing application version shop-2" in messages[0] and "PROCESSED." in messages[0], messages
assert messages[-1] == "Created new Application Version: shop-2", messages
# Processing looks into the bundle, and only the events say what it found there.
def processed(label, body):
    s3.put_object(Bucket=bucket, Key=label, Body=body)
    source = {"S3Bucket": bucket, "S3Key": label}
    answer = eb.create_application_version(ApplicationName="looked-at", VersionLabel=label, SourceBundle=source, Process=True,
                                           AutoCreateApplication=True)
    [version] = eb.describe_application_versions(ApplicationName="looked-at", VersionLabels=[label])["ApplicationVersions"]
    events = eb.describe_events(RequestId=answer["ResponseMetadata"]["RequestId"], Severity="WARN")["Events"]
    return version["Status"], [event["Message"] for event in reversed(events)]


def config(text):
    return zipped(**{"app/.ebextensions/a.config": text, "Procfile": "web: true\n"})


PATH = "app/.ebextensions/a.config"
for label, body, status, words in [
    ("good", config("commands: {}\n"), "PROCESSED", None),
    ("unknown", config("Commands: {}\n"), "PROCESSED", f"(Skipping): '{PATH}' - Contains invalid key: 'Commands'"),
    ("tab", config("commands:\n\t- x\n"), "FAILED", f"file {PATH} in application version tab contains invalid YAML or JSON"),
    ("item", config("option_settings:\n  - x\n"), "FAILED", f"Each option setting in configuration file {PATH}"),
    ("manifest", zipped(**{"env.yaml": "- x\n"}), "FAILED", "env.yaml in application version manifest contains invalid YAML"),
    ("tar", b"not a zip file", "FAILED", "not a zip file"),
]:
    found, messages = processed(label, body)
    assert found == status, (label, found, messages)
    assert not messages if words is None else words in messages[0], (label, messages)
    assert (f"Finished processing application version {label}. Status: FAILED." in messages) == (status == "FAILED"), messages
s3.put_object(Bucket=bucket, Key="empty", Body=b"")
with refused("InvalidParameterValue", "Source bundle is empty or exceeds maximum allowed size: 524288000"):
    eb.create_application_version(ApplicationName="shop", VersionLabel="no", SourceBundle={"S3Bucket": bucket, "S3Key": "empty"})
eb.delete_application(ApplicationName="looked-at")

changed = eb.update_application_version(ApplicationName="shop", VersionLabel="shop-1", Description="renamed")
assert changed["ApplicationVersion"]["Description"] == "renamed"
with refused("InvalidParameterValue", "No Application Version named 'shop-9' found."):
    eb.update_application_version(ApplicationName="shop", VersionLabel="shop-9")

# Pages.
for number in range(3, 8):
    eb.create_application_version(ApplicationName="shop", VersionLabel=f"shop-{number}", SourceBundle=bundle)
pages = list(eb.get_paginator("describe_application_versions").paginate(ApplicationName="shop", PaginationConfig={"PageSize": 3}))
labels = [version["VersionLabel"] for page in pages for version in page["ApplicationVersions"]]
assert len(pages) == 3 and labels == [f"shop-{number}" for number in range(7, 0, -1)], labels
assert len(eb.describe_application_versions()["ApplicationVersions"]) == 7
assert eb.describe_applications(ApplicationNames=["shop"])["Applications"][0]["Versions"] == labels
with refused("InvalidParameterValue", "NextToken"):
    eb.describe_application_versions(NextToken="rubbish")
with refused("ValidationError", "maxRecords"):
    eb.describe_application_versions(MaxRecords=0)
pages = list(eb.get_paginator("describe_events").paginate(ApplicationName="shop", PaginationConfig={"PageSize": 2}))
dates = [event["EventDate"] for page in pages for event in page["Events"]]
assert len(dates) == len(eb.describe_events(ApplicationName="shop")["Events"]) > 7
assert dates == sorted(dates, reverse=True)
assert eb.describe_events(ApplicationName="shop", Severity="WARN")["Events"] == []
with refused("ValidationError", "enum value set"):
    eb.describe_events(Severity="LOUD")

assert eb.describe_account_attributes()["ResourceQuotas"]["ApplicationVersionQuota"]["Maximum"] == 1000
# Regions are apart.
assert west.describe_applications()["Applications"] == []
