//! How environments and their instances feel, for those with enhanced health reporting.

use serde_json::{Value, json};

use super::super::environment::{Environment, Health};
use super::super::reply::Refusal;
use super::super::state::Region;
use super::call::{Call, time};

fn reporting<'a>(call: &Call<'_>, region: &'a mut Region, operation: &str) -> Result<&'a mut Environment, Refusal> {
    let environment = region.environment_of_mut(&call.input)?;
    if !environment.is_enhanced() {
        return Err(Refusal::new(400, "InvalidRequestException", format!("{operation} is not supported.")));
    }
    Ok(environment)
}

/// Was this attribute asked for?
fn asked(call: &Call<'_>, name: &str) -> bool {
    let names = call.input.texts("AttributeNames").unwrap_or_default();
    names.contains(&name) || names.contains(&"All")
}

fn only_if(asked: bool, value: Value) -> Value {
    if asked { value } else { Value::Null }
}

fn causes(health: Health) -> Value {
    match health {
        Health::Red | Health::Yellow => json!(["100.0 % of the requests are failing with HTTP 5xx."]),
        Health::Green | Health::Grey => json!([]),
    }
}

/// An instance with little to do.
fn system() -> Value {
    let cpu = json!({
        "User": 0.4, "Nice": 0.0, "System": 0.1, "Idle": 99.5, "IOWait": 0.0, "IRQ": 0.0, "SoftIRQ": 0.0,
    });
    json!({"CPUUtilization": cpu, "LoadAverage": [0.05, 0.02]})
}

fn instance_type(environment: &Environment) -> &str {
    let types = environment.option("aws:ec2:instances", "InstanceTypes");
    let one = environment.option("aws:autoscaling:launchconfiguration", "InstanceType");
    types.or(one).and_then(|types| types.split(',').next()).map_or("t3.micro", str::trim)
}

fn metrics(health: Health) -> Value {
    let failing = i32::from(health == Health::Red);
    json!({
        "Duration": 10,
        "RequestCount": 10 * failing,
        "StatusCodes": {"Status2xx": 0, "Status3xx": 0, "Status4xx": 0, "Status5xx": 10 * failing},
    })
}

pub(super) fn environment(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let environment = reporting(call, region, "DescribeEnvironmentHealth")?;
    let health = environment.health;
    let count = |is: Health| i32::from(health == is);
    Ok(json!({
        "EnvironmentName": environment.name,
        "HealthStatus": only_if(asked(call, "HealthStatus"), json!(health.status())),
        "Status": only_if(asked(call, "Status"), json!(environment.status)),
        "Color": only_if(asked(call, "Color"), json!(health)),
        "Causes": only_if(asked(call, "Causes"), causes(health)),
        "ApplicationMetrics": only_if(asked(call, "ApplicationMetrics"), metrics(health)),
        "InstancesHealth": only_if(asked(call, "InstancesHealth"), json!({
            "NoData": 0, "Unknown": 0, "Pending": count(Health::Grey), "Ok": count(Health::Green), "Info": 0,
            "Warning": count(Health::Yellow), "Degraded": 0, "Severe": count(Health::Red),
        })),
        "RefreshedAt": only_if(asked(call, "RefreshedAt"), time(call.now)),
    }))
}

pub(super) fn instances(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let environment = reporting(call, region, "DescribeInstancesHealth")?;
    let health = environment.health;
    let status = if environment.operation.is_some() { "In Progress" } else { "Deployed" };
    let instance = json!({
        "InstanceId": environment.instance,
        "HealthStatus": only_if(asked(call, "HealthStatus"), json!(health.status())),
        "Color": only_if(asked(call, "Color"), json!(health)),
        "Causes": only_if(asked(call, "Causes"), causes(health)),
        "LaunchedAt": only_if(asked(call, "LaunchedAt"), time(environment.created)),
        "ApplicationMetrics": only_if(asked(call, "ApplicationMetrics"), metrics(health)),
        "System": only_if(asked(call, "System"), system()),
        "Deployment": only_if(asked(call, "Deployment"), json!({
            "VersionLabel": environment.version.as_deref().unwrap_or("Sample Application"),
            "DeploymentId": environment.deployments,
            "Status": status,
            "DeploymentTime": time(environment.deployed),
        })),
        "AvailabilityZone": only_if(asked(call, "AvailabilityZone"), json!(format!("{}a", call.region))),
        "InstanceType": only_if(asked(call, "InstanceType"), json!(instance_type(environment))),
    });
    let list = if environment.terminated.is_none() { vec![instance] } else { Vec::new() };
    Ok(json!({"InstanceHealthList": list, "RefreshedAt": time(call.now)}))
}
