"""Writes into a sandbox for as long as it lives, and looks at what it left when it was killed."""

import sys

import botocore.exceptions

from check import client, zipped

eb, s3 = client("elasticbeanstalk"), client("s3")
BUCKET = eb.create_storage_location()["S3Bucket"]
word, name, number = sys.argv[1], sys.argv[2], int(sys.argv[3])

if word == "check":
    versions = eb.describe_application_versions()["ApplicationVersions"]
    for version in versions:
        source = version["SourceBundle"]
        body = s3.get_object(Bucket=source["S3Bucket"], Key=source["S3Key"])["Body"].read()
        assert body == zipped(label=version["VersionLabel"]), version
    events = [event["Message"] for event in eb.describe_events()["Events"]]
    told = {message.rsplit(" ", 1)[1] for message in events if message.startswith("Created new Application Version")}
    assert told == {version["VersionLabel"] for version in versions}, (told, versions)
    assert len(versions) >= number, versions
    sys.exit()

try:
    for at in range(number):
        label = f"{name}-{at}"
        s3.put_object(Bucket=BUCKET, Key=label, Body=zipped(label=label))
        source = {"S3Bucket": BUCKET, "S3Key": label}
        eb.create_application_version(ApplicationName="shop", VersionLabel=label, SourceBundle=source, AutoCreateApplication=True)
        print("wrote", label, flush=True)
except (botocore.exceptions.EndpointConnectionError, botocore.exceptions.ConnectionClosedError,
        botocore.exceptions.HTTPClientError):
    assert word == "until-killed"
