"""Environments, from their creation to their restoration, with everything that may go wrong between."""

import datetime
import urllib.request

from check import client, order, raw, refused, zipped

eb, s3 = client("elasticbeanstalk"), client("s3")
STACK = next(name for name in eb.list_available_solution_stacks()["SolutionStacks"] if name.endswith("Python 3.13"))
bucket = eb.create_storage_location()["S3Bucket"]
for key in ["1", "2"]:
    s3.put_object(Bucket=bucket, Key=key, Body=b"zip")


def version(label, key="1", **more):
    bundle = {"S3Bucket": bucket, "S3Key": key}
    eb.create_application_version(ApplicationName="shop", VersionLabel=label, SourceBundle=bundle, AutoCreateApplication=True, **more)


def create(name, **more):
    return eb.create_environment(**{"ApplicationName": "shop", "EnvironmentName": name, "SolutionStackName": STACK,
                                    "VersionLabel": "v1", **more})


def look(name):
    [found] = eb.describe_environments(EnvironmentNames=[name], IncludeDeleted=False)["Environments"]
    return found


def messages(answer, **more):
    events = eb.describe_events(RequestId=answer["ResponseMetadata"]["RequestId"], **more)["Events"]
    return [event["Message"] for event in reversed(events)]


ENHANCED = [{"Namespace": "aws:elasticbeanstalk:healthreporting:system", "OptionName": "SystemType", "Value": "enhanced"}]
for number in range(1, 5):
    version(f"v{number}")

# Create.
made = create("shop-prod", CNAMEPrefix="Shop", OptionSettings=ENHANCED, Tags=[{"Key": "team", "Value": "web"}])
assert made["Status"] == "Launching" and made["Health"] == "Grey", made
assert made["CNAME"] == "shop.us-east-1.elasticbeanstalk.com", made
assert messages(made)[-1] == "Successfully launched environment: shop-prod", messages(made)
prod = look("shop-prod")
assert prod["Status"] == "Ready" and prod["Health"] == "Green" and prod["HealthStatus"] == "Ok", prod
assert prod["VersionLabel"] == "v1" and prod["PlatformArn"].endswith("Python 3.13 running on 64bit Amazon Linux 2023/4.13.7")
assert prod["Tier"]["Name"] == "WebServer" and prod["AbortableOperationInProgress"] is False, prod
with refused("InvalidParameterValue", "Environment shop-prod already exists."):
    create("shop-prod")
with refused("InvalidParameterValue", "DNS name shop.us-east-1.elasticbeanstalk.com is not available."):
    create("shop-two", CNAMEPrefix="shop")
with refused("InvalidParameterValue", "No Application Version named 'v9' found."):
    create("shop-two", VersionLabel="v9")
with refused("InvalidParameterValue", "No Application named 'none' found."):
    create("shop-two", ApplicationName="none")
with refused("InvalidParameterValue", "No Solution Stack named 'x' found."):
    create("shop-two", SolutionStackName="x")
with refused("InvalidParameterCombination"):
    create("shop-two", PlatformArn=prod["PlatformArn"])
with refused("ValidationError", "greater than or equal to 4"):
    create("two")
with refused("InvalidParameterValue", "dash"):
    create("-two")
with refused("InvalidParameterCombination", "must be specified"):
    eb.create_environment(ApplicationName="shop", EnvironmentName="shop-two")
assert eb.check_dns_availability(CNAMEPrefix="shop")["Available"] is False
assert eb.check_dns_availability(CNAMEPrefix="free")["FullyQualifiedCNAME"] == "free.us-east-1.elasticbeanstalk.com"
worker = create("shop-work", Tier={"Name": "Worker", "Type": "SQS/HTTP"})
assert "CNAME" not in worker and worker["Tier"]["Name"] == "Worker", worker
eb.describe_environments()
assert eb.describe_environment_resources(EnvironmentName="shop-work")["EnvironmentResources"]["Queues"]
assert eb.describe_environment_resources(EnvironmentName="shop-prod")["EnvironmentResources"]["LoadBalancers"]

# Deploy.
update = eb.update_environment(EnvironmentName="shop-prod", VersionLabel="v2")
assert update["Status"] == "Updating" and update["VersionLabel"] == "v2", update
assert messages(update)[-1] == "Environment update completed successfully."
assert look("shop-prod")["Status"] == "Ready"
assert [found["EnvironmentName"] for found in eb.describe_environments(VersionLabel="v2")["Environments"]] == ["shop-prod"]
with refused("InvalidParameterCombination"):
    eb.update_environment(EnvironmentName="shop-prod", VersionLabel="v3", OptionSettings=ENHANCED)
with refused("InvalidParameterValue", "No Application Version named 'v9' found."):
    eb.update_environment(EnvironmentName="shop-prod", VersionLabel="v9")
with refused("InvalidParameterValue", "No Environment found for EnvironmentName = 'none'."):
    eb.update_environment(EnvironmentName="none", VersionLabel="v1")
with refused("MissingRequiredParameter"):
    eb.update_environment(VersionLabel="v1")
order({"on": "CreateApplicationVersion", "fault": "processing-fails"})
version("bad", Process=True)
with refused("InvalidParameterValue", "FAILED"):
    eb.update_environment(EnvironmentName="shop-prod", VersionLabel="bad")

# The service reads the configuration files before it touches an instance, and changes nothing if it cannot.
update = eb.update_environment(EnvironmentName="shop-prod", VersionLabel="v2")
look("shop-prod")
s3.put_object(Bucket=bucket, Key="tab", Body=zipped(**{".ebextensions/a.config": "commands:\n\t- x\n"}))
version("tab", "tab")
update = eb.update_environment(EnvironmentName="shop-prod", VersionLabel="tab")
found = look("shop-prod")
assert (found["Status"], found["VersionLabel"], found["Health"]) == ("Ready", "v2", "Green"), found
[first, second] = messages(update, Severity="ERROR")
assert "in application version tab contains invalid YAML or JSON" in first and second == "Failed to deploy application."

# Deployments that go wrong.
for fault, label, health, error in [
    ("deployment-fails", "v2", "Red", "Failed to deploy application."),
    ("deployment-rolls-back", "v2", "Green", "Failed to deploy application."),
    ("deployment-turns-red", "v3", "Red", None),
]:
    eb.update_environment(EnvironmentName="shop-prod", VersionLabel="v2")
    look("shop-prod")
    order({"on": "UpdateEnvironment", "fault": fault})
    update = eb.update_environment(EnvironmentName="shop-prod", VersionLabel="v3")
    found = look("shop-prod")
    assert (found["Status"], found["VersionLabel"], found["Health"]) == ("Ready", label, health), (fault, found)
    assert (error in messages(update, Severity="ERROR")) == bool(error), fault
order({"on": "UpdateEnvironment", "fault": "deployment-hangs"})
eb.update_environment(EnvironmentName="shop-prod", VersionLabel="v4")
found = look("shop-prod")
assert found["Status"] == "Updating" and found["AbortableOperationInProgress"] is True, found
invalid = "is in an invalid state for this operation. Must be Ready."
with refused("InvalidParameterValue", invalid):
    eb.update_environment(EnvironmentName="shop-prod", VersionLabel="v1")
with refused("InvalidParameterValue", invalid):
    eb.restart_app_server(EnvironmentName="shop-prod")
with refused("OperationInProgressFailure"):
    eb.update_tags_for_resource(ResourceArn=found["EnvironmentArn"], TagsToRemove=["team"])
with refused("InvalidParameterValue", "deployed to shop-prod"):
    eb.delete_application_version(ApplicationName="shop", VersionLabel="v4")
with refused("InvalidParameterValue", "deployed to shop-prod"):
    eb.delete_application_version(ApplicationName="shop", VersionLabel="v3")
eb.abort_environment_update(EnvironmentName="shop-prod")
found = look("shop-prod")
assert found["Status"] == "Ready" and found["VersionLabel"] == "v3", found
with refused("InvalidParameterValue", "Must be pending deployment"):
    eb.abort_environment_update(EnvironmentName="shop-prod")

# Health.
eb.update_environment(EnvironmentName="shop-prod", VersionLabel="v2")
health = eb.describe_environment_health(EnvironmentName="shop-prod", AttributeNames=["All"])
assert health["Color"] == "Green" and health["Status"] == "Ready" and health["InstancesHealth"]["Ok"] == 1, health
assert "Color" not in eb.describe_environment_health(EnvironmentName="shop-prod", AttributeNames=["Status"])
[instance] = eb.describe_instances_health(EnvironmentName="shop-prod", AttributeNames=["All"])["InstanceHealthList"]
assert instance["Deployment"]["VersionLabel"] == "v2" and instance["Deployment"]["Status"] == "Deployed", instance
with refused("InvalidRequestException", "not supported"):
    eb.describe_environment_health(EnvironmentName="shop-work")

# Swap.
blue = create("shop-blue", CNAMEPrefix="shop-blue")
eb.describe_environments()
swap = eb.swap_environment_cnames(SourceEnvironmentName="shop-prod", DestinationEnvironmentName="shop-blue")
assert "Completed swapping CNAMEs for environments 'shop-prod' and 'shop-blue'." in messages(swap)
assert look("shop-prod")["CNAME"] == "shop-blue.us-east-1.elasticbeanstalk.com"
assert look("shop-blue")["CNAME"] == "shop.us-east-1.elasticbeanstalk.com"
with refused("InvalidParameterCombination"):
    eb.swap_environment_cnames(SourceEnvironmentName="shop-prod", DestinationEnvironmentName="shop-work")

# Restart, rebuild, role, logs.
assert messages(eb.restart_app_server(EnvironmentName="shop-prod"))[-1] == "restartAppServer completed successfully."
before = instance["InstanceId"]
eb.rebuild_environment(EnvironmentName="shop-prod")
assert look("shop-prod")["Status"] == "Ready"
[instance] = eb.describe_instances_health(EnvironmentName="shop-prod", AttributeNames=["All"])["InstanceHealthList"]
assert instance["InstanceId"] != before
eb.associate_environment_operations_role(EnvironmentName="shop-prod", OperationsRole="arn:aws:iam::123456789012:role/x")
assert look("shop-prod")["OperationsRole"].endswith("role/x")
eb.disassociate_environment_operations_role(EnvironmentName="shop-prod")
assert "OperationsRole" not in look("shop-prod")
assert eb.retrieve_environment_info(EnvironmentName="shop-prod", InfoType="tail")["EnvironmentInfo"] == []
asked = eb.request_environment_info(EnvironmentName="shop-prod", InfoType="tail")
assert messages(asked)[-1] == "Pulled logs for environment instances."
[info] = eb.retrieve_environment_info(EnvironmentName="shop-prod", InfoType="tail")["EnvironmentInfo"]
text = urllib.request.urlopen(info["Message"]).read().decode()
assert "eb-engine.log" in text and "restartAppServer" in text, text
with refused("ValidationError", "enum"):
    eb.request_environment_info(EnvironmentName="shop-prod", InfoType="all")
assert eb.describe_environment_managed_actions(EnvironmentName="shop-prod")["ManagedActions"] == []
assert eb.describe_environment_managed_action_history(EnvironmentName="shop-prod")["ManagedActionHistoryItems"] == []
with refused("ManagedActionInvalidStateException"):
    eb.apply_environment_managed_action(EnvironmentName="shop-prod", ActionId="a")

# Pages.
pages = list(eb.get_paginator("describe_environments").paginate(PaginationConfig={"PageSize": 2}))
names = [found["EnvironmentName"] for page in pages for found in page["Environments"]]
assert len(pages) == 2 and names == ["shop-blue", "shop-work", "shop-prod"], names

# Terminate and restore.
gone = eb.terminate_environment(EnvironmentName="shop-prod")
assert gone["Status"] == "Terminating", gone
assert messages(gone)[-1] == "terminateEnvironment completed successfully."
assert eb.describe_environments(EnvironmentNames=["shop-prod"], IncludeDeleted=False)["Environments"] == []
[found] = eb.describe_environments(EnvironmentNames=["shop-prod"])["Environments"]
assert found["Status"] == "Terminated" and found["VersionLabel"] == "v2" and "EndpointURL" not in found, found
back = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=42)
[found] = eb.describe_environments(EnvironmentIds=[gone["EnvironmentId"]], IncludeDeleted=True, IncludedDeletedBackTo=back)["Environments"]
assert found["Status"] == "Terminated"
assert eb.check_dns_availability(CNAMEPrefix="shop-blue")["Available"] is True
other = create("shop-prod")
with refused("InvalidParameterValue", "already exists"):
    eb.rebuild_environment(EnvironmentId=gone["EnvironmentId"])
eb.describe_environments()
eb.terminate_environment(EnvironmentId=other["EnvironmentId"])
eb.rebuild_environment(EnvironmentId=gone["EnvironmentId"])
found = look("shop-prod")
assert found["Status"] == "Ready" and found["EnvironmentId"] == gone["EnvironmentId"], found

# Deleting versions.
[listed] = eb.describe_application_versions(ApplicationName="shop", VersionLabels=["v3"])["ApplicationVersions"]
eb.delete_application_version(ApplicationName="shop", VersionLabel="v3")
eb.delete_application_version(ApplicationName="shop", VersionLabel="v3")
assert s3.head_object(Bucket=bucket, Key="1")
version("shared", "2")
order({"on": "DeleteApplicationVersion", "fault": "bundle-stays"})
with refused("SourceBundleDeletionFailure", status=400):
    eb.delete_application_version(ApplicationName="shop", VersionLabel="shared", DeleteSourceBundle=True)
assert eb.describe_application_versions(ApplicationName="shop", VersionLabels=["shared"])["ApplicationVersions"] == []
assert s3.head_object(Bucket=bucket, Key="2")
version("shared", "2")
eb.delete_application_version(ApplicationName="shop", VersionLabel="shared", DeleteSourceBundle=True)
with refused("404"):
    s3.head_object(Bucket=bucket, Key="2")

# The lifecycle policy.
rule = {"VersionLifecycleConfig": {"MaxCountRule": {"Enabled": True, "MaxCount": 2, "DeleteSourceFromS3": False}}}
with refused("InvalidParameterCombination", "ServiceRole"):
    eb.update_application_resource_lifecycle(ApplicationName="shop", ResourceLifecycleConfig=rule)
role = "arn:aws:iam::123456789012:role/aws-elasticbeanstalk-service-role"
eb.update_application_resource_lifecycle(ApplicationName="shop", ResourceLifecycleConfig={"ServiceRole": role, **rule})
answer = eb.update_application_resource_lifecycle(ApplicationName="shop", ResourceLifecycleConfig=rule)
assert answer["ResourceLifecycleConfig"]["ServiceRole"] == role, answer
for number in range(5, 9):
    version(f"v{number}")
labels = {found["VersionLabel"] for found in eb.describe_application_versions(ApplicationName="shop")["ApplicationVersions"]}
# Two besides the new one; `v1` and `v2` are in use.
assert labels == {"v1", "v2", "v6", "v7", "v8"}, labels

# The application.
with refused("OperationInProgressFailure"):
    eb.delete_application(ApplicationName="shop")
eb.delete_application(ApplicationName="shop", TerminateEnvByForce=True)
assert eb.describe_applications()["Applications"] == []
assert eb.describe_environments(IncludeDeleted=False)["Environments"] == []
assert s3.head_object(Bucket=bucket, Key="1"), "bundles stay"
with refused("InvalidParameterValue"):
    eb.rebuild_environment(EnvironmentId=gone["EnvironmentId"])
# An application of the same name is another one, and does not bring its environments back.
version("v1")
with refused("InvalidParameterValue", "was deleted and cannot be rebuilt"):
    eb.rebuild_environment(EnvironmentId=gone["EnvironmentId"])

# The samples of the platforms are nobody's to touch.
for call in [s3.get_object, s3.delete_object]:
    with refused("AccessDenied", status=403):
        call(Bucket="elasticbeanstalk-samples-us-east-1", Key="python.zip")

# What no client knows is refused in the sandbox's own name. `eb create --database` sends what the sandbox has not.
for more in [{"TemplateSpecification.TemplateSnippets.member.1.SnippetName": "x"}, {"Wings": "2"}]:
    fields = {"Action": "CreateEnvironment", "Version": "2010-12-01", "ApplicationName": "shop", "EnvironmentName": "shop-x",
              "SolutionStackName": STACK, **more}
    status, answer = raw(fields)
    assert status == 501 and "<Code>SandboxUnsupported</Code>" in answer and "beansprout" in answer, (status, answer)
