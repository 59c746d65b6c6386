//! Environments as answers show them.

use serde_json::{Value, json};

use super::super::call::{Call, time};
use super::super::page::{newest_first, page};
use super::super::platforms;
use crate::sandbox::ACCOUNT;
use crate::sandbox::environment::{Environment, Tier};
use crate::sandbox::reply::Refusal;
use crate::sandbox::state::Region;

pub(in crate::sandbox::beanstalk) fn describe(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let input = &call.input;
    let same = |name: &str, is: Option<&String>| input.text(name).is_none_or(|asked| is.is_some_and(|is| is == asked));
    let among = |name: &str, is: &String| input.texts(name).is_none_or(|asked| asked.contains(&is.as_str()));
    let back_to = input.text("IncludedDeletedBackTo").and_then(|text| text.parse::<jiff::Timestamp>().ok());
    let listed = |environment: &Environment| match (environment.terminated, input.flag("IncludeDeleted")) {
        (None, _) => true,
        (Some(_), Some(false)) => false,
        (Some(then), _) => match back_to {
            Some(back_to) => then >= back_to && environment.is_restorable(call.now),
            None => environment.is_listed(call.now),
        },
    };
    let found = region.environments.values().filter(|environment| {
        same("ApplicationName", Some(&environment.application))
            && same("VersionLabel", environment.version.as_ref())
            && among("EnvironmentIds", &environment.id)
            && among("EnvironmentNames", &environment.name)
            && listed(environment)
    });
    let mut found: Vec<&Environment> = found.collect();
    let sort_name = |environment: &&Environment| newest_first(environment.created, &environment.id);
    found.sort_by_key(sort_name);
    let (found, token) = page(input, found.into_iter(), sort_name)?;
    let found: Vec<Value> = found.into_iter().map(|environment| describe_one(call, environment)).collect();
    Ok(json!({"Environments": found, "NextToken": token}))
}

pub(in crate::sandbox::beanstalk) fn describe_one(call: &Call<'_>, environment: &Environment) -> Value {
    let reachable = environment.terminated.is_none();
    json!({
        "EnvironmentName": environment.name,
        "EnvironmentId": environment.id,
        "ApplicationName": environment.application,
        "VersionLabel": environment.version,
        "SolutionStackName": environment.platform,
        "PlatformArn": platforms::arn(call.region, &environment.platform),
        "TemplateName": environment.template,
        "Description": environment.description,
        // Where a balancer or an instance would be. Where nothing runs nothing answers, and no stranger's address is told.
        "EndpointURL": environment.site.as_ref().filter(|_| reachable).map(|site| site.trim_start_matches("http://")),
        "CNAME": environment.cname,
        "DateCreated": time(environment.created),
        "DateUpdated": time(environment.updated),
        "Status": environment.status,
        "AbortableOperationInProgress": environment.abortable(),
        "Health": environment.health,
        // With a space, although the model has `NoData`: this is what AWS sends.
        "HealthStatus": if environment.is_enhanced() { environment.health.status() } else { "No Data" },
        "Tier": environment.tier.described(),
        "EnvironmentLinks": [],
        "EnvironmentArn": call.arn("environment", &format!("{}/{}", environment.application, environment.name)),
        "OperationsRole": environment.operations_role,
    })
}

pub(in crate::sandbox::beanstalk) fn resources(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let environment = region.environment_of_mut(&call.input)?;
    let (id, there) = (&environment.id, environment.terminated.is_none());
    let one = |member: Value| if there { json!([member]) } else { json!([]) };
    let balanced = !environment.is_single();
    let queue =
        json!({"Name": "WorkerQueue", "URL": format!("https://sqs.{}.amazonaws.com/{}/{id}", call.region, ACCOUNT)});
    Ok(json!({"EnvironmentResources": {
        "EnvironmentName": environment.name,
        "AutoScalingGroups": one(json!({"Name": format!("awseb-{id}-stack-AWSEBAutoScalingGroup")})),
        "Instances": one(json!({"Id": environment.instance})),
        "LaunchConfigurations": [],
        "LaunchTemplates": one(json!({"Id": format!("lt-{}", &environment.instance[2..])})),
        "LoadBalancers": if balanced && environment.tier == Tier::WebServer {
            one(json!({"Name": format!("awseb-{id}-AWSEBLoadBalancer")}))
        } else {
            json!([])
        },
        "Triggers": [],
        "Queues": if environment.tier == Tier::Worker { one(queue) } else { json!([]) },
    }}))
}
