"""Every operation of Elastic Beanstalk is called once at least, and every answer is held against botocore's shapes, field by field.

What the model does not know, has another type or another enumeration, fails. What the model knows and no answer here has,
must be on the list below with a reason, and what is on the list must really be missing.
"""

import collections
import datetime
import re
import sys
import xml.etree.ElementTree as ElementTree

import botocore.session

from check import client, order, zipped

# Fields that the model has and no answer of the sandbox, and why.
MISSING = {
    "ApplicationMetrics.Latency": "nobody counts requests, and AWS leaves it out where there were none",
    "ApplicationVersionDescription.BuildArn": "builds by CodeBuild",
    "ApplicationVersionDescription.ImageBuildConfiguration": "Beanstalk Cluster",
    "ApplicationVersionDescription.ImageSource": "Beanstalk Cluster",
    "ApplicationVersionDescription.SourceBuildInformation": "builds from CodeCommit",
    "CPUUtilization.Privileged": "Windows alone has it",
    "DescribeEnvironmentManagedActionHistoryResult.NextToken": "there is no history of managed updates",
    "DescribeInstancesHealthResult.NextToken": "there is one instance",
    "EnvironmentDescription.EndpointURL": "only environments that run have a site",
    "EnvironmentDescription.OperationsRole": "roles for operations are refused",
    "EnvironmentDescription.Resources": "DescribeEnvironmentResources tells them",
    "EnvironmentResourceDescription.Cluster": "Beanstalk Cluster",
    "EventDescription.PlatformArn": "custom platforms",
    "EventDescription.TemplateName": "no event is about a saved configuration",
    "LaunchConfiguration.Name": "launch templates have taken their place",
    "PlatformDescription.DateCreated": "the table of platforms has no dates of versions",
    "PlatformDescription.DateUpdated": "the table of platforms has no dates of versions",
    "PlatformDescription.Description": "the table of platforms has none",
    "PlatformDescription.Frameworks": "no platform for Python, Docker or ECS has any",
    "Trigger.Name": "no triggers are made",
}
# Shapes of which nothing is answered, because what they tell of is not there.
NOTHING_OF = {
    "ApplyEnvironmentManagedActionResult": "managed updates",
    "Builder": "custom platforms",
    "Cluster": "Beanstalk Cluster",
    "CreatePlatformVersionResult": "custom platforms",
    "DeletePlatformVersionResult": "custom platforms",
    "EnvironmentLink": "ComposeEnvironments",
    "EnvironmentResourcesDescription": "DescribeEnvironmentResources tells them",
    "ImageBuildConfiguration": "Beanstalk Cluster",
    "ImageSource": "Beanstalk Cluster",
    "Latency": "nobody counts requests",
    "Listener": "DescribeEnvironmentResources tells the balancer by its name",
    "LoadBalancerDescription": "DescribeEnvironmentResources tells the balancer by its name",
    "ManagedAction": "managed updates",
    "ManagedActionHistoryItem": "managed updates",
    "PlatformFramework": "no platform for Python, Docker or ECS has any",
    "SourceBuildInformation": "builds from CodeCommit",
}
# Words that the service writes and its model does not list, by shape or by place: the guide's own reference has them.
OTHER_WORDS = ["ApplicationVersionStatus", "EnvironmentHealthStatus", "ConfigurationOptionValueType", "DescribeEnvironmentHealth.Status"]
# Fields that only the EB CLI's own model of the API has.
OF_THE_EB_CLI = {"ConfigurationSettingsDescription.Tier"}

if sys.argv[1:] == ["list"]:
    rows = MISSING | {f"all of {name}": why for name, why in NOTHING_OF.items()}
    print("| field | why no answer has it |\n|---|---|")
    for name, why in sorted(rows.items()):
        print(f"| `{name}` | {why} |".replace("`all of ", "all of `"))
    sys.exit()

MODEL = botocore.session.get_session().get_service_model("elasticbeanstalk")
answered = collections.Counter()
operations = collections.Counter()
problems = []


def check(shape, element, path):
    """Hold an element of an answer against its shape."""
    if shape.type_name == "structure":
        members = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
        seen = set()
        for child in element:
            tag = child.tag.split("}")[-1]
            if f"{shape.name}.{tag}" in OF_THE_EB_CLI:
                continue
            if tag not in members:
                problems.append(f"{path}: `{tag}` is no member of {shape.name}")
                continue
            if tag in seen:
                problems.append(f"{path}: `{tag}` is there twice")
            seen.add(tag)
            name, member = members[tag]
            answered[f"{shape.name}.{name}"] += 1
            check(member, child, f"{path}.{name}")
        missing = [name for name in shape.required_members if shape.members[name].serialization.get("name", name) not in seen]
        if missing:
            problems.append(f"{path}: {shape.name} requires {missing}")
    elif shape.type_name == "list":
        for child in element:
            if child.tag.split("}")[-1] != shape.member.serialization.get("name", "member"):
                problems.append(f"{path}: a list has `{child.tag}`")
            check(shape.member, child, f"{path}[]")
    else:
        text = element.text or ""
        if len(element):
            problems.append(f"{path}: a {shape.type_name} has elements")
        fits = {
            "string": lambda: not getattr(shape, "enum", None) or text in shape.enum,
            "boolean": lambda: text in ("true", "false"),
            "integer": lambda: int(text) is not None,
            "long": lambda: int(text) is not None,
            "double": lambda: float(text) is not None,
            "timestamp": lambda: datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).tzinfo is not None,
        }[shape.type_name]
        try:
            good = fits()
        except ValueError:
            good = False
        known = (shape.name in OTHER_WORDS or path in OTHER_WORDS) and text.replace(" ", "").isalpha()
        if not good and not known:
            problems.append(f"{path}: {text!r} is no {shape.name} ({shape.type_name})")


def look(operation_name, body):
    root = ElementTree.fromstring(body)
    operation = MODEL.operation_model(operation_name)
    tag = root.tag.split("}")[-1]
    if tag == "ErrorResponse":
        return
    operations[operation_name] += 1
    assert root.tag == "{%s}%sResponse" % (MODEL.metadata["xmlNamespace"], operation_name), root.tag
    children = {child.tag.split("}")[-1]: child for child in root}
    request = children.pop("ResponseMetadata").find("{*}RequestId").text
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", request), request
    if operation.output_shape is None:
        assert not children or not list(children.popitem()[1]), children
        return
    [(tag, result)] = children.items()
    assert tag == operation.output_shape.serialization.get("resultWrapper", f"{operation_name}Result"), tag
    check(operation.output_shape, result, operation_name)


eb, s3 = client("elasticbeanstalk"), client("s3")
eb.meta.events.register("before-parse.elasticbeanstalk", lambda operation_model, response_dict, **_: look(
    operation_model.name, response_dict["body"]))

# Each operation, some of them in more than one situation.
STACKS = eb.list_available_solution_stacks()["SolutionStacks"]
STACK = next(name for name in STACKS if name.endswith("Python 3.13"))
bucket = eb.create_storage_location()["S3Bucket"]
s3.put_object(Bucket=bucket, Key="1.zip", Body=zipped(Procfile="web: true"))
eb.create_application(ApplicationName="shop", Description="A shop", Tags=[{"Key": "team", "Value": "web"}])
eb.update_application(ApplicationName="shop", Description="A larger shop")
ROLE = "arn:aws:iam::123456789012:role/aws-elasticbeanstalk-service-role"
rule = {"MaxCountRule": {"Enabled": True, "MaxCount": 100, "DeleteSourceFromS3": False},
        "MaxAgeRule": {"Enabled": False, "MaxAgeInDays": 180, "DeleteSourceFromS3": True}}
eb.update_application_resource_lifecycle(ApplicationName="shop", ResourceLifecycleConfig={
    "ServiceRole": ROLE, "VersionLifecycleConfig": rule})
for label in ["v1", "v2", "v3"]:
    eb.create_application_version(ApplicationName="shop", VersionLabel=label, Process=True, Description="first",
                                  SourceBundle={"S3Bucket": bucket, "S3Key": "1.zip"})
eb.update_application_version(ApplicationName="shop", VersionLabel="v1", Description="second")
eb.describe_application_versions(ApplicationName="shop", MaxRecords=1)
eb.describe_applications()
eb.check_dns_availability(CNAMEPrefix="shop")


def option(namespace, name, value):
    return {"Namespace": namespace, "OptionName": name, "Value": value}


ENHANCED = option("aws:elasticbeanstalk:healthreporting:system", "SystemType", "enhanced")
BALANCED = option("aws:elasticbeanstalk:environment", "EnvironmentType", "LoadBalanced")
APPLICATION = option("aws:elasticbeanstalk:environment", "LoadBalancerType", "application")
SINGLE = option("aws:elasticbeanstalk:environment", "EnvironmentType", "SingleInstance")
WORKER = {"Name": "Worker", "Type": "SQS/HTTP", "Version": "1.0"}


def create(name, *options, **more):
    return eb.create_environment(ApplicationName="shop", EnvironmentName=name, SolutionStackName=STACK, VersionLabel="v1",
                                 OptionSettings=list(options), **more)


template = eb.create_configuration_template(ApplicationName="shop", TemplateName="kept", SolutionStackName=STACK,
                                            Description="kept", OptionSettings=[SINGLE])
assert template["TemplateName"] == "kept", template
eb.update_configuration_template(ApplicationName="shop", TemplateName="kept", Description="kept longer")
prod = create("shop-prod", ENHANCED, BALANCED, APPLICATION, CNAMEPrefix="shop", Description="the shop",
              Tags=[{"Key": "team", "Value": "web"}])
create("shop-classic", ENHANCED, BALANCED)
create("shop-blue", SINGLE)
create("shop-worker", ENHANCED, SINGLE, Tier=WORKER)
eb.create_environment(ApplicationName="shop", EnvironmentName="shop-kept", TemplateName="kept")
arn = eb.describe_environments(EnvironmentNames=["shop-prod"])["Environments"][0]["EnvironmentArn"]
eb.describe_environments(ApplicationName="shop", IncludeDeleted=True, MaxRecords=2)
for name in ["shop-prod", "shop-classic", "shop-blue", "shop-worker", "shop-kept"]:
    eb.describe_environment_resources(EnvironmentName=name)
    eb.describe_configuration_settings(ApplicationName="shop", EnvironmentName=name)
eb.describe_configuration_settings(ApplicationName="shop", TemplateName="kept")
eb.describe_configuration_options(ApplicationName="shop", EnvironmentName="shop-prod")
eb.describe_configuration_options(SolutionStackName=STACK)
eb.validate_configuration_settings(ApplicationName="shop", EnvironmentName="shop-prod", OptionSettings=[ENHANCED])
eb.validate_configuration_settings(ApplicationName="shop", EnvironmentName="shop-prod", OptionSettings=[
    option("aws:autoscaling:asg", "MinSize", "many"), option("aws:none", "Nothing", "x")])
eb.describe_environment_health(EnvironmentName="shop-prod", AttributeNames=["All"])
eb.describe_instances_health(EnvironmentName="shop-prod", AttributeNames=["All"])
order({"on": "UpdateEnvironment", "fault": "deployment-turns-red"})
eb.update_environment(EnvironmentName="shop-prod", VersionLabel="v2")
eb.describe_environment_health(EnvironmentName="shop-prod", AttributeNames=["All"])
eb.describe_instances_health(EnvironmentName="shop-prod", AttributeNames=["All"])
order({"on": "UpdateEnvironment", "fault": "deployment-hangs"})
eb.update_environment(EnvironmentName="shop-prod", VersionLabel="v1")
eb.describe_environments(EnvironmentNames=["shop-prod"])
eb.abort_environment_update(EnvironmentName="shop-prod")
eb.describe_environments(EnvironmentNames=["shop-prod"])
eb.describe_environments(EnvironmentNames=["shop-prod"])
eb.describe_events(ApplicationName="shop", MaxRecords=1000)
eb.describe_events(ApplicationName="shop", MaxRecords=2)
eb.restart_app_server(EnvironmentName="shop-blue")
eb.describe_environments()
eb.request_environment_info(EnvironmentName="shop-blue", InfoType="tail")
eb.describe_environments()
eb.retrieve_environment_info(EnvironmentName="shop-blue", InfoType="tail")
eb.swap_environment_cnames(SourceEnvironmentName="shop-classic", DestinationEnvironmentName="shop-blue")
eb.describe_environments()
eb.list_tags_for_resource(ResourceArn=arn)
eb.update_tags_for_resource(ResourceArn=arn, TagsToAdd=[{"Key": "a", "Value": "b"}], TagsToRemove=["team"])
eb.describe_environments()
eb.describe_environment_managed_actions(EnvironmentName="shop-prod")
eb.describe_environment_managed_action_history(EnvironmentName="shop-prod")
eb.describe_account_attributes()
eb.list_platform_branches(MaxRecords=5)
platforms = eb.list_platform_versions(MaxRecords=5)["PlatformSummaryList"]
eb.describe_platform_version(PlatformArn=platforms[0]["PlatformArn"])
eb.delete_environment_configuration(ApplicationName="shop", EnvironmentName="shop-blue")
eb.terminate_environment(EnvironmentName="shop-kept")
eb.describe_environments()
eb.rebuild_environment(EnvironmentName="shop-classic")
eb.describe_environments()
eb.delete_configuration_template(ApplicationName="shop", TemplateName="kept")
eb.delete_application_version(ApplicationName="shop", VersionLabel="v3", DeleteSourceBundle=False)
# What the sandbox has not, it says of itself.
for operation, arguments in {
    "ApplyEnvironmentManagedAction": {"EnvironmentName": "shop-prod", "ActionId": "none"},
    "AssociateEnvironmentOperationsRole": {"EnvironmentName": "shop-prod", "OperationsRole": ROLE},
    "DisassociateEnvironmentOperationsRole": {"EnvironmentName": "shop-prod"},
    "ComposeEnvironments": {"ApplicationName": "shop", "VersionLabels": ["v1"]},
    "CreatePlatformVersion": {"PlatformName": "p", "PlatformVersion": "1.0.0",
                              "PlatformDefinitionBundle": {"S3Bucket": bucket, "S3Key": "1.zip"}},
    "DeletePlatformVersion": {"PlatformArn": platforms[0]["PlatformArn"]},
}.items():
    try:
        getattr(eb, botocore.xform_name(operation))(**arguments)
    except eb.exceptions.ClientError as error:
        operations[operation] += 1
        found = error.response["Error"]["Code"]
        assert found in ("SandboxUnsupported", "InvalidParameterValue", "ManagedActionInvalidStateException",
                         "InvalidPlatformStatus", "InsufficientPrivileges", "AccessDenied"), (operation, error.response)
eb.delete_application(ApplicationName="shop", TerminateEnvByForce=True)

silent = sorted(set(MODEL.operation_names) - set(operations))
assert not silent, f"never called: {silent}"
if problems:
    sys.exit("\n".join(sorted(set(problems))))

# Members of every shape that an answer can have.
shapes, waiting = {}, [MODEL.operation_model(name).output_shape for name in MODEL.operation_names]
while waiting:
    shape = waiting.pop()
    if shape is None or shape.name in shapes:
        continue
    shapes[shape.name] = shape
    if shape.type_name == "structure":
        waiting.extend(shape.members.values())
    elif shape.type_name == "list":
        waiting.append(shape.member)
members = {f"{shape.name}.{name}" for shape in shapes.values() if shape.type_name == "structure" for name in shape.members}
missing = {name for name in members - set(answered) if name.split(".")[0] not in NOTHING_OF}
unexpected, stale = sorted(missing - set(MISSING)), sorted(set(MISSING) - missing)
stale += sorted(name for name in NOTHING_OF if any(found.startswith(name + ".") for found in answered))
if unexpected or stale:
    sys.exit(f"no answer has {unexpected}\non the list although they are there: {stale}")
print(f"{sum(operations.values())} answers, {len(answered)} of {len(members)} fields")
