"""Make an environment that runs a version, and wait until it does; or turn its deployment log off."""

import sys
import time

from check import client

eb = client("elasticbeanstalk")


def settled():
    for _ in range(600):
        [found] = eb.describe_environments(EnvironmentNames=["shop-prod"])["Environments"]
        if found["Status"] == "Ready":
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def keys(request):
    found = client("s3").list_objects_v2(
        Bucket="elasticbeanstalk-us-east-1-123456789012", Prefix="resources/environments/logs/deployments/"
    )
    return [item["Key"] for item in found.get("Contents", []) if request in item["Key"]]


def request(answer):
    return answer["ResponseMetadata"]["RequestId"]


if sys.argv[1] == "off":
    option = {"Namespace": "aws:elasticbeanstalk:application:environment", "OptionName": "EB_DEPLOYMENT_LOG_S3_DISABLED"}
    done = eb.update_environment(EnvironmentName="shop-prod", OptionSettings=[{**option, "Value": "true"}])
    settled()
    assert keys(request(done)) == [], keys(request(done))
else:
    stack = next(name for name in eb.list_available_solution_stacks()["SolutionStacks"] if name.endswith("Python 3.13"))
    made = eb.create_environment(ApplicationName="shop", EnvironmentName="shop-prod", SolutionStackName=stack, VersionLabel=sys.argv[1])
    found = settled()
    assert found["Health"] == "Green", found
    [key] = keys(request(made))
    assert key.endswith(f"/{made['EnvironmentId']}/eb-deployment-{request(made)}.log"), key
