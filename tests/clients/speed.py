"""One step of an environment's life at the speed of AWS; the test moves the sandbox's clock between the steps."""

import sys

from check import client, refused, zipped

eb, s3 = client("elasticbeanstalk"), client("s3")


def look():
    [found] = eb.describe_environments(EnvironmentNames=["shop-prod"])["Environments"]
    return found["Status"], found["Health"], found["VersionLabel"]


def version(label):
    bucket = eb.create_storage_location()["S3Bucket"]
    s3.put_object(Bucket=bucket, Key=label, Body=zipped(Procfile="web: true\n"))
    source = {"S3Bucket": bucket, "S3Key": label}
    eb.create_application_version(ApplicationName="shop", VersionLabel=label, SourceBundle=source, AutoCreateApplication=True,
                                  Process=True)


def status(label):
    [found] = eb.describe_application_versions(ApplicationName="shop", VersionLabels=[label])["ApplicationVersions"]
    return found["Status"]


def create():
    stacks = eb.list_available_solution_stacks()["SolutionStacks"]
    version("v1")
    assert status("v1") == "PROCESSING"
    with refused("InvalidParameterValue", "PROCESSING"):
        eb.create_environment(ApplicationName="shop", EnvironmentName="shop-prod", VersionLabel="v1", SolutionStackName=stacks[0])


def launch():
    stacks = eb.list_available_solution_stacks()["SolutionStacks"]
    stack = next(name for name in stacks if name.endswith("Python 3.13"))
    assert status("v1") == "PROCESSED"
    eb.create_environment(ApplicationName="shop", EnvironmentName="shop-prod", VersionLabel="v1", SolutionStackName=stack)
    assert look() == ("Launching", "Grey", "v1"), look()


def launching():
    assert look() == ("Launching", "Grey", "v1"), look()
    with refused("InvalidParameterValue", "Must be Ready."):
        eb.update_environment(EnvironmentName="shop-prod", OptionSettings=[])


def launched():
    assert look() == ("Ready", "Green", "v1"), look()
    events = eb.describe_events(EnvironmentName="shop-prod")["Events"]
    first = next(event for event in events if event["Message"] == "createEnvironment is starting.")
    last = next(event for event in events if event["Message"].startswith("Successfully launched environment:"))
    assert 172 <= (last["EventDate"] - first["EventDate"]).total_seconds() <= 174, (first, last)


def terminate():
    eb.terminate_environment(EnvironmentName="shop-prod")
    assert look()[0] == "Terminating", look()


def terminating():
    assert look()[0] == "Terminating", look()


def terminated():
    assert eb.describe_environments(EnvironmentNames=["shop-prod"], IncludeDeleted=False)["Environments"] == []


globals()[sys.argv[1]]()
