"""Option settings, templates, platforms and tags."""

from check import client, order, refused, zipped

eb = client("elasticbeanstalk")
ENV = "aws:elasticbeanstalk:application:environment"


def option(name, value, namespace=ENV):
    return {"Namespace": namespace, "OptionName": name, "Value": value}


# Platforms.
stacks = eb.list_available_solution_stacks()
assert stacks["SolutionStacks"][0] == stacks["SolutionStackDetails"][0]["SolutionStackName"]
STACK = stacks["SolutionStacks"][0]
branches = eb.list_platform_branches(Filters=[{"Attribute": "PlatformName", "Operator": "=", "Values": ["Python"]}])
assert all(branch["LifecycleState"] == "Supported" for branch in branches["PlatformBranchSummaryList"]), branches
retired = eb.list_platform_branches(Filters=[{"Attribute": "LifecycleState", "Operator": "in", "Values": ["Retired"]}])
assert "Python 3.9 running on 64bit Amazon Linux 2023" in [b["BranchName"] for b in retired["PlatformBranchSummaryList"]]
first = eb.list_platform_branches(MaxRecords=1)
second = eb.list_platform_branches(MaxRecords=1, NextToken=first["NextToken"])
assert first["PlatformBranchSummaryList"] != second["PlatformBranchSummaryList"]
filters = [
    {"Type": "PlatformBranchName", "Operator": "=", "Values": ["Python 3.13 running on 64bit Amazon Linux 2023"]},
    {"Type": "PlatformLifecycleState", "Operator": "=", "Values": ["recommended"]},
]
[recommended] = eb.list_platform_versions(Filters=filters)["PlatformSummaryList"]
assert recommended["PlatformVersion"] == "4.13.7", recommended
older = eb.list_platform_versions(Filters=[filters[0], {"Type": "PlatformVersion", "Operator": "<", "Values": ["4.13.7"]}])
assert [found["PlatformVersion"] for found in older["PlatformSummaryList"]] == ["4.13.5"], older
pages = list(eb.get_paginator("list_platform_versions").paginate(PaginationConfig={"PageSize": 5}))
assert sum(len(page["PlatformSummaryList"]) for page in pages) == len(eb.list_platform_versions()["PlatformSummaryList"]) > 5
with refused("InvalidParameterValue", "Invalid filter"):
    eb.list_platform_versions(Filters=[{"Type": "Colour", "Operator": "=", "Values": ["x"]}])
described = eb.describe_platform_version(PlatformArn=recommended["PlatformArn"])["PlatformDescription"]
assert described["SolutionStackName"] == "64bit Amazon Linux 2023 v4.13.7 running Python 3.13", described
images = {image["Architecture"]: image["ImageId"] for image in described["DefaultAmiList"]}
assert set(images) == {"x86_64", "arm64"} and images["x86_64"] != images["arm64"], images
assert described["CustomAmiList"] == [{"VirtualizationType": "hvm", "ImageId": images["x86_64"]}], described
with refused("InvalidParameterValue", "No Platform named"):
    eb.describe_platform_version(PlatformArn="arn:aws:elasticbeanstalk:us-east-1::platform/none")

# Templates.
app = {"ApplicationName": "shop"}
arn = eb.create_application(**app, Tags=[{"Key": "a", "Value": "1"}])["Application"]["ApplicationArn"]
with refused("InvalidParameterCombination", "Unable to determine base for template pack (no solution stack)"):
    eb.create_configuration_template(**app, TemplateName="base")
made = eb.create_configuration_template(**app, TemplateName="base", SolutionStackName=STACK, OptionSettings=[option("A", "1")])
assert made["OptionSettings"] == [option("A", "1")], made
with refused("InvalidParameterValue", "Configuration Template base already exists."):
    eb.create_configuration_template(**app, TemplateName="base", SolutionStackName=STACK)
copy = eb.create_configuration_template(**app, TemplateName="copy", OptionSettings=[option("B", "2")],
                                        SourceConfiguration={**app, "TemplateName": "base"})
assert copy["OptionSettings"] == [option("A", "1"), option("B", "2")] and copy["SolutionStackName"] == STACK, copy
changed = eb.update_configuration_template(**app, TemplateName="copy", Description="d", OptionsToRemove=[{"Namespace": ENV, "OptionName": "A"}])
assert changed["OptionSettings"] == [option("B", "2")] and changed["Description"] == "d", changed
assert eb.describe_applications()["Applications"][0]["ConfigurationTemplates"] == ["base", "copy"]
[settings] = eb.describe_configuration_settings(**app, TemplateName="copy")["ConfigurationSettings"]
assert settings["OptionSettings"] == [option("B", "2")], settings
with refused("InvalidParameterValue", "No Configuration Template named 'none' found."):
    eb.describe_configuration_settings(**app, TemplateName="none")
with refused("MissingRequiredParameter"):
    eb.describe_configuration_settings(**app)

# Environments take them.
env = {"EnvironmentName": "shop-prod"}
made = eb.create_environment(**app, **env, TemplateName="base", OptionSettings=[option("C", "3")])
assert made["SolutionStackName"] == STACK and made["TemplateName"] == "base", made


def settings():
    [found] = eb.describe_configuration_settings(**app, **env)["ConfigurationSettings"]
    return found


def own():
    found = {item["OptionName"]: item["Value"] for item in settings()["OptionSettings"] if item["Namespace"] == ENV}
    assert found.pop("PYTHONPATH") == "/var/app/venv/staging-LQM1lest/bin", found
    return found


assert own() == {"A": "1", "C": "3"}, own()
update = eb.update_environment(**env, OptionSettings=[option("A", "9")], OptionsToRemove=[{"Namespace": ENV, "OptionName": "C"}])
events = eb.describe_events(RequestId=update["ResponseMetadata"]["RequestId"])["Events"]
assert "Successfully deployed new configuration to environment." in [event["Message"] for event in events]
assert own() == {"A": "9"}, own()
assert settings()["DeploymentStatus"] == "deployed"
eb.update_environment(**env, TemplateName="copy")
assert own() == {"A": "9", "B": "2"}, own()
from_env = eb.create_configuration_template(**app, TemplateName="saved", EnvironmentId=made["EnvironmentId"])
assert option("B", "2") in from_env["OptionSettings"], from_env
eb.delete_environment_configuration(**app, **env)
eb.delete_configuration_template(**app, TemplateName="saved")
with refused("InvalidParameterValue", "Namespace"):
    eb.update_environment(**env, OptionSettings=[{"OptionName": "x", "Value": "1"}])

# Options and their bounds.
ASG, COMMAND = "aws:autoscaling:asg", "aws:elasticbeanstalk:command"
with refused("ConfigurationValidationException", "Unknown configuration setting."):
    eb.update_environment(**env, OptionSettings=[option("MaxSise", "4", ASG)])
with refused("ConfigurationValidationException", "Invalid option value: 'many'"):
    eb.update_environment(**env, OptionSettings=[option("MaxSize", "many", ASG)])
with refused("ConfigurationValidationException"):
    eb.create_configuration_template(**app, TemplateName="bad", SolutionStackName=STACK, OptionSettings=[option("x", "1", "aws:none")])
found = eb.validate_configuration_settings(**app, **env, OptionSettings=[
    option("DeploymentPolicy", "Rolling", COMMAND), option("DeploymentPolicy", "Sideways", COMMAND), option("Any", "1"),
])["Messages"]
assert [(message["Severity"], message["OptionName"]) for message in found] == [("error", "DeploymentPolicy")], found
with refused("InvalidParameterValue", "No Application named"):
    eb.validate_configuration_settings(ApplicationName="none", OptionSettings=[])
described = eb.describe_configuration_options(**app, **env)
assert described["SolutionStackName"] == STACK and len(described["Options"]) > 100, len(described["Options"])
policy = next(found for found in described["Options"] if found["Name"] == "DeploymentPolicy")
assert "Immutable" in policy["ValueOptions"] and policy["UserDefined"] is False, policy
assert any(found["Name"] == "B" and found["UserDefined"] for found in described["Options"])
only = eb.describe_configuration_options(SolutionStackName=STACK, Options=[{"Namespace": ASG, "OptionName": "MaxSize"}])["Options"]
assert [(found["Name"], found["MinValue"]) for found in only] == [("MaxSize", 1)], only

# Settings as they are in the end: the defaults, the files of the version, and what the API set, in this order.
bucket = eb.create_storage_location()["S3Bucket"]
files = """option_settings:
  aws:autoscaling:asg: {MinSize: 2, MaxSize: 3}
  aws:elasticbeanstalk:healthreporting:system: {SystemType: enhanced}
  aws:ec2:instances: {InstanceTypes: "t4g.small, t4g.medium"}
  aws:elasticbeanstalk:application:environment: {FROM_FILE: "yes", SECRET: file}
"""
names = {".ebextensions/a.config": files, ".ebextensions/deep/b.config": files.replace("MinSize: 2", "MinSize: 4")}
client("s3").put_object(Bucket=bucket, Key="files", Body=zipped(**names))
eb.create_application_version(**app, VersionLabel="v1", SourceBundle={"S3Bucket": bucket, "S3Key": "files"})
eb.create_environment(**app, EnvironmentName="shop-files", PlatformArn=recommended["PlatformArn"], VersionLabel="v1",
                      OptionSettings=[option("MaxSize", "6", ASG), option("SECRET", "api")])


def effective():
    sets = eb.describe_configuration_settings(**app, EnvironmentName="shop-files")["ConfigurationSettings"]
    found = {(item["Namespace"], item["OptionName"]): item for item in sets[0]["OptionSettings"]}
    assert len(found) >= 81, len(found)
    return found, sets


LAUNCH, PARAMETER = "aws:autoscaling:launchconfiguration", "aws:cloudformation:template:parameter"
found, sets = effective()
assert [item["DeploymentStatus"] for item in sets] == ["deployed"], sets
assert [found[ASG, name]["Value"] for name in ["MinSize", "MaxSize", "Cooldown"]] == ["2", "6", "360"], found
assert found[ASG, "MinSize"]["ResourceName"] == "AWSEBAutoScalingGroup", found
assert "Value" not in found[LAUNCH, "EC2KeyName"] and found[LAUNCH, "InstanceType"]["Value"] == "t4g.small", found
assert found[LAUNCH, "ImageId"]["Value"] == images["arm64"], "the image of the architecture of its instance type"
together = found[PARAMETER, "EnvironmentVariables"]["Value"]
assert "FROM_FILE=yes" in together and "SECRET=api" in together and "PYTHONPATH=/var/app/venv" in together, together
look = eb.describe_environments(EnvironmentNames=["shop-files"])["Environments"][0]
assert look["HealthStatus"] == "Ok", "the file says enhanced"
[instance] = eb.describe_instances_health(EnvironmentName="shop-files", AttributeNames=["All"])["InstanceHealthList"]
assert instance["InstanceType"] == "t4g.small" and len(instance["System"]["LoadAverage"]) == 2, instance
assert eb.describe_environments(EnvironmentNames=["shop-prod"])["Environments"][0]["HealthStatus"] == "No Data"

# A change under way is a second set; one that fails leaves the first.
order({"on": "UpdateEnvironment", "fault": "deployment-hangs"})
eb.update_environment(EnvironmentName="shop-files", OptionSettings=[option("MinSize", "1", ASG)])
found, sets = effective()
assert [item["DeploymentStatus"] for item in sets] == ["deployed", "pending"], sets
pending = {(item["Namespace"], item["OptionName"]): item.get("Value") for item in sets[1]["OptionSettings"]}
assert found[ASG, "MinSize"]["Value"] == "2" and pending[ASG, "MinSize"] == "1", pending
eb.abort_environment_update(EnvironmentName="shop-files")
assert len(effective()[1]) == 1 and effective()[0][ASG, "MinSize"]["Value"] == "2"

# Another version, other files.
client("s3").put_object(Bucket=bucket, Key="plain", Body=zipped(Procfile="web: true\n"))
eb.create_application_version(**app, VersionLabel="v2", SourceBundle={"S3Bucket": bucket, "S3Key": "plain"})
order({"on": "UpdateEnvironment", "fault": "deployment-rolls-back"})
eb.update_environment(EnvironmentName="shop-files", VersionLabel="v2")
assert effective()[0][ASG, "MinSize"]["Value"] == "2", "what was rolled back has its files again"
eb.update_environment(EnvironmentName="shop-files", VersionLabel="v2")
assert effective()[0][ASG, "MinSize"]["Value"] == "1" and effective()[0][ASG, "MaxSize"]["Value"] == "6"

# What nobody set is described all the same.
[shop] = eb.describe_applications(ApplicationNames=["shop"])["Applications"]
lifecycle = shop["ResourceLifecycleConfig"]["VersionLifecycleConfig"]
assert lifecycle["MaxCountRule"] == {"Enabled": False, "MaxCount": 200, "DeleteSourceFromS3": False}, lifecycle
assert lifecycle["MaxAgeRule"]["MaxAgeInDays"] == 180 and "ServiceRole" not in shop["ResourceLifecycleConfig"], shop
assert eb.validate_configuration_settings(**app, TemplateName="base")["Messages"] == []

# Tags.
assert eb.list_tags_for_resource(ResourceArn=arn)["ResourceTags"] == [{"Key": "a", "Value": "1"}]
eb.update_tags_for_resource(ResourceArn=arn, TagsToAdd=[{"Key": "b", "Value": "2"}], TagsToRemove=["a"])
assert eb.list_tags_for_resource(ResourceArn=arn)["ResourceTags"] == [{"Key": "b", "Value": "2"}]
with refused("InvalidParameterValue"):
    eb.update_tags_for_resource(ResourceArn=arn)
with refused("TooManyTagsException"):
    eb.update_tags_for_resource(ResourceArn=arn, TagsToAdd=[{"Key": str(n), "Value": "x"} for n in range(50)])
with refused("InvalidParameterValue", "aws:"):
    eb.update_tags_for_resource(ResourceArn=arn, TagsToAdd=[{"Key": "aws:x", "Value": "x"}])
with refused("ResourceNotFoundException"):
    eb.list_tags_for_resource(ResourceArn=arn + "x")
with refused("ResourceTypeNotSupportedException"):
    eb.list_tags_for_resource(ResourceArn=arn.replace("application/", "rocket/"))
tagged = eb.update_tags_for_resource(ResourceArn=made["EnvironmentArn"], TagsToAdd=[{"Key": "b", "Value": "2"}])
events = eb.describe_events(RequestId=tagged["ResponseMetadata"]["RequestId"])["Events"]
assert events[0]["Message"] == "Environment tag update completed successfully.", events
tags = {tag["Key"]: tag["Value"] for tag in eb.list_tags_for_resource(ResourceArn=made["EnvironmentArn"])["ResourceTags"]}
assert tags["b"] == "2" and tags["elasticbeanstalk:environment-name"] == "shop-prod", tags

# What the sandbox says that it cannot do.
with refused("SandboxUnsupported", "custom platforms", 501):
    eb.create_platform_version(PlatformName="p", PlatformVersion="1.0.0", PlatformDefinitionBundle={"S3Bucket": "b", "S3Key": "k"})
with refused("SandboxUnsupported", "custom platforms", 501):
    eb.delete_platform_version(PlatformArn="arn")
with refused("SandboxUnsupported", "composes no", 501):
    eb.compose_environments(**app)
