//! Environments: create, update, swap, rebuild, restart, abort, terminate.

mod address;
mod listing;

use serde_json::Value;

use super::super::environment::{Before, Environment, Health, Kind, Operation, Outcome, Status, Tier};
use super::super::reply::Refusal;
use super::super::state::{self, Event, Region};
use super::account::{ENVIRONMENTS, storage_location};
use super::processing::Findings;
use super::{Call, applications, configuration, platforms, tags};

pub(super) use self::address::check_dns;
use self::address::{cname, random, taken};
pub(super) use self::listing::{describe, describe_one, enhanced, resources};

/// How long a terminated environment is listed without being asked for.
const LISTED_HOURS: i64 = 1;
/// How long it can be brought back.
const RESTORABLE_HOURS: i64 = 42 * 24;
/// How long it protects its version from the lifecycle policy, and is remembered at all.
const REMEMBERED_HOURS: i64 = 10 * 7 * 24;

pub(super) fn create(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let input = &call.input;
    let application = input.required("ApplicationName");
    applications::find_mut(region, application)?;
    let group = input.owned("GroupName");
    let name = match (input.owned("EnvironmentName"), &group) {
        (Some(name), _) => name,
        (None, Some(group)) => format!("{application}-{group}"),
        (None, None) => return Err(missing("EnvironmentName")),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if !name.chars().all(plain) || name.starts_with('-') || name.ends_with('-') {
        let message = format!(
            "Value {name} at 'EnvironmentName' failed to satisfy constraint: Member must contain only \
             letters, digits, and the dash character and may not start or end with a dash"
        );
        return Err(Refusal::value(message));
    }
    if alive(region).any(|environment| environment.name == name) {
        return Err(Refusal::value(format!("Environment {name} already exists.")));
    }
    if alive(region).count() >= ENVIRONMENTS {
        let message = format!("You cannot have more than {ENVIRONMENTS} environments.");
        return Err(Refusal::new(400, "TooManyEnvironmentsException", message));
    }
    let version = input.owned("VersionLabel");
    let findings = deployable(call, region, application, version.as_deref())?;
    let template = configuration::template(region, application, input.text("TemplateName"))?;
    let platform = platforms::asked(call)?.or_else(|| template.as_ref().map(|template| template.platform.clone()));
    let platform = platform.ok_or_else(|| {
        Refusal::combination("Either SolutionStackName, PlatformArn or TemplateName must be specified.")
    })?;
    let tier = tier(call)?;
    let mut settings = template.map(|template| template.settings).unwrap_or_default();
    configuration::change(call, &mut settings)?;
    let cname = match tier {
        Tier::WebServer => Some(cname(call, region, &name)?),
        Tier::Worker => None,
    };
    storage_location(call)?;
    let mut environment = Environment {
        id: format!("e-{}", random(10)),
        name,
        application: application.to_owned(),
        group,
        description: input.owned("Description"),
        version,
        platform,
        template: input.owned("TemplateName"),
        tier,
        cname,
        created: call.now,
        updated: call.now,
        terminated: None,
        status: Status::Launching,
        health: Health::Grey,
        settings,
        operation: None,
        tags: tags::given(call, "Tags")?,
        operations_role: input.owned("OperationsRole"),
        instance: String::new(),
        deployments: 0,
        deployed: call.now,
        logs: Vec::new(),
        real: call.run,
    };
    let before = environment.before();
    begin_with(call, &mut environment, Kind::Launch, before, findings, &mut region.events);
    let answer = describe_one(call, &environment);
    region.environments.insert(environment.id.clone(), environment);
    Ok(answer)
}

pub(super) fn operation(call: &Call<'_>, kind: Kind, before: Before) -> Operation {
    Operation {
        kind,
        request: call.request.to_owned(),
        due: Some(call.after(kind.seconds())),
        outcome: Outcome::ordered(call.fault),
        before,
        done: None,
    }
}

pub(super) fn alive(region: &Region) -> impl Iterator<Item = &Environment> {
    region.environments.values().filter(|environment| environment.terminated.is_none())
}

/// Begin an operation that brings a version, unless its configuration files are refused.
fn begin_with(
    call: &Call<'_>,
    environment: &mut Environment,
    kind: Kind,
    before: Before,
    findings: Findings,
    events: &mut Vec<Event>,
) {
    let refused = findings.reject();
    let ordered = operation(call, kind, before);
    let outcome = if refused { Outcome::Refused } else { ordered.outcome };
    environment.begin(Operation { outcome, ..ordered }, call.now, events);
    for (severity, message) in findings.0 {
        events.push(environment.event(call.now, call.request, severity, message));
    }
}

/// A version that is there and has not failed its processing, and what its configuration files say. No label is the
/// platform's sample.
fn deployable(
    call: &Call<'_>,
    region: &mut Region,
    application: &str,
    label: Option<&str>,
) -> Result<Findings, Refusal> {
    let Some(label) = label else { return Ok(Findings::default()) };
    let version = super::versions::find_mut(applications::find_mut(region, application)?, label)?;
    match version.status {
        state::Status::Unprocessed | state::Status::Processed => {
            super::versions::before_deployment(call, region, application, label)
        }
        state::Status::Processing | state::Status::Failed => {
            let status = version.status.wire();
            Err(Refusal::value(format!("Application Version '{label}' cannot be deployed. Its status is {status}.")))
        }
    }
}

fn tier(call: &Call<'_>) -> Result<Tier, Refusal> {
    let name = call.input.get("Tier").and_then(|tier| tier.get("Name")).and_then(Value::as_str);
    match name {
        None | Some("WebServer") => Ok(Tier::WebServer),
        Some("Worker") => Ok(Tier::Worker),
        Some(other) => Err(Refusal::value(format!("No environment tier named '{other}' found in the sandbox."))),
    }
}

fn missing(name: &str) -> Refusal {
    Refusal::new(400, "MissingRequiredParameter", format!("You must specify {name}."))
}

/// The environment that a call names, by id or by name, with prefixed parameters for the two of a swap.
fn named(call: &Call<'_>, region: &Region, prefix: &str) -> Result<String, Refusal> {
    let parameter = |what: &str| format!("{prefix}Environment{what}");
    let (id, name) = (call.input.text(&parameter("Id")), call.input.text(&parameter("Name")));
    let unknown =
        |what: &str, value: &str| Refusal::value(format!("No Environment found for {} = '{value}'.", parameter(what)));
    let found = match (id, name) {
        (Some(id), _) => {
            let found = region.environments.get(id).ok_or_else(|| unknown("Id", id))?;
            if name.is_some_and(|name| name != found.name) {
                return Err(unknown("Name", name.unwrap_or_default()));
            }
            found
        }
        (None, Some(name)) => {
            alive(region).find(|environment| environment.name == name).ok_or_else(|| unknown("Name", name))?
        }
        (None, None) => {
            let message = format!("Either {} or {} must be specified.", parameter("Id"), parameter("Name"));
            return Err(Refusal::new(400, "MissingRequiredParameter", message));
        }
    };
    let application = call.input.text("ApplicationName");
    if application.is_some_and(|application| application != found.application) {
        return Err(unknown("Name", &found.name));
    }
    Ok(found.id.clone())
}

pub(super) fn find_mut<'a>(call: &Call<'_>, region: &'a mut Region) -> Result<&'a mut Environment, Refusal> {
    let id = named(call, region, "")?;
    Ok(region.environments.get_mut(&id).expect("it was just found"))
}

pub(super) fn ready(environment: &Environment) -> Result<(), Refusal> {
    if environment.status == Status::Ready {
        return Ok(());
    }
    let name = &environment.name;
    Err(Refusal::value(format!("Environment named {name} is in an invalid state for this operation. Must be Ready.")))
}

pub(super) fn update(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let input = &call.input;
    let id = named(call, region, "")?;
    let found = region.environments[&id].clone();
    ready(&found)?;
    let platform = platforms::asked(call)?;
    let configures = input.get("OptionSettings").is_some()
        || input.get("OptionsToRemove").is_some()
        || input.get("TemplateName").is_some();
    let version = input.owned("VersionLabel");
    if version.is_some() && configures {
        let message = "You cannot update the version and the configuration of an environment in one call.";
        return Err(Refusal::combination(message));
    }
    let findings = deployable(call, region, &found.application, version.as_deref())?;
    let mut settings = found.settings.clone();
    if let Some(template) = configuration::template(region, &found.application, input.text("TemplateName"))? {
        for setting in template.settings.0 {
            settings.set(setting);
        }
    }
    configuration::change(call, &mut settings)?;
    let (environment, events) = region.environment(&id);
    let before = environment.before();
    if let Some(description) = input.owned("Description") {
        environment.description = Some(description).filter(|text| !text.is_empty());
        environment.updated = call.now;
    }
    let kind = match (version.is_some(), configures || platform.is_some()) {
        (true, _) => Some(Kind::Deploy),
        (false, true) => Some(Kind::Configure),
        (false, false) => None,
    };
    environment.settings = settings;
    if let Some(name) = input.owned("TemplateName") {
        environment.template = Some(name);
    }
    if let Some(platform) = platform {
        environment.platform = platform;
    }
    if version.is_some() {
        environment.version = version;
    }
    if let Some(kind) = kind {
        begin_with(call, environment, kind, before, findings, events);
    }
    Ok(describe_one(call, environment))
}

pub(super) fn abort(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let id = named(call, region, "")?;
    let (environment, events) = region.environment(&id);
    let running = environment.operation.take().filter(|_| environment.status == Status::Updating);
    let running = running.filter(|operation| matches!(operation.kind, Kind::Deploy | Kind::Configure));
    let Some(running) = running else {
        let name = &environment.name;
        let message =
            format!("Environment named {name} is in an invalid state for this operation. Must be pending deployment.");
        return Err(Refusal::value(message));
    };
    environment.begin(operation(call, Kind::Abort, running.before), call.now, events);
    Ok(Value::Null)
}

pub(super) fn restart(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let id = named(call, region, "")?;
    let (environment, events) = region.environment(&id);
    ready(environment)?;
    let before = environment.before();
    environment.begin(operation(call, Kind::Restart, before), call.now, events);
    Ok(Value::Null)
}

/// Make everything anew; an environment that is gone comes back, if its place is free.
pub(super) fn rebuild(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let id = named(call, region, "")?;
    let found = region.environments[&id].clone();
    if found.terminated.is_some() {
        if found.gone_for(call.now, RESTORABLE_HOURS) {
            let message = format!("Environment {id} was terminated more than six weeks ago and cannot be rebuilt.");
            return Err(Refusal::value(message));
        }
        if alive(region).any(|environment| environment.name == found.name) {
            return Err(Refusal::value(format!("Environment {} already exists.", found.name)));
        }
        if let Some(cname) = found.cname.as_deref().filter(|cname| taken(region, cname)) {
            return Err(Refusal::value(format!("DNS name {cname} is not available.")));
        }
        deployable(call, region, &found.application, found.version.as_deref())?;
    } else {
        ready(&found)?;
    }
    let (environment, events) = region.environment(&id);
    environment.terminated = None;
    let before = environment.before();
    environment.begin(operation(call, Kind::Rebuild, before), call.now, events);
    Ok(Value::Null)
}

pub(super) fn terminate(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let id = named(call, region, "")?;
    let (environment, events) = region.environment(&id);
    if matches!(environment.status, Status::Terminating | Status::Terminated) {
        return Err(Refusal::value(format!("Environment {} is already terminated.", environment.name)));
    }
    if environment.status != Status::Ready && call.input.flag("ForceTerminate") != Some(true) {
        ready(environment)?;
    }
    let before = environment.before();
    environment.begin(operation(call, Kind::Terminate, before), call.now, events);
    Ok(describe_one(call, environment))
}

pub(super) fn swap(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let (source, destination) = (named(call, region, "Source")?, named(call, region, "Destination")?);
    if source == destination {
        return Err(Refusal::combination("The source and the destination must be different environments."));
    }
    let (a, b) = (region.environments[&source].clone(), region.environments[&destination].clone());
    ready(&a)?;
    ready(&b)?;
    if a.cname.is_none() || b.cname.is_none() {
        return Err(Refusal::combination("Worker environments have no CNAME."));
    }
    let done = format!("Completed swapping CNAMEs for environments '{}' and '{}'.", a.name, b.name);
    for (id, cname) in [(&source, b.cname), (&destination, a.cname)] {
        let (environment, events) = region.environment(id);
        let before = environment.before();
        let swap = Operation { done: Some(done.clone()), ..operation(call, Kind::Swap, before) };
        environment.begin(swap, call.now, events);
        // The names point elsewhere at once; only who watches the environments has to wait.
        environment.cname = cname;
    }
    Ok(Value::Null)
}

pub(super) fn associate_role(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let role = call.input.owned("OperationsRole");
    find_mut(call, region)?.operations_role = role;
    Ok(Value::Null)
}

pub(super) fn disassociate_role(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    find_mut(call, region)?.operations_role = None;
    Ok(Value::Null)
}

/// The environments that keep a version from being deleted: those that run it, or are moving to or from it.
pub(super) fn using<'a>(
    region: &'a Region,
    application: &'a str,
    label: &'a str,
) -> impl Iterator<Item = &'a Environment> {
    alive(region).filter(move |environment| environment.application == application && environment.runs(label))
}

/// Does the lifecycle policy spare this version for an environment, also one that is gone?
pub(super) fn spares(call: &Call<'_>, region: &Region, application: &str, label: &str) -> bool {
    region.environments.values().any(|environment| {
        environment.application == application
            && environment.runs(label)
            && !environment.gone_for(call.now, REMEMBERED_HOURS)
    })
}

/// End what is due, and forget what is long gone.
pub(super) fn settle(region: &mut Region, now: jiff::Timestamp) {
    let Region { environments, events, .. } = region;
    for environment in environments.values_mut() {
        environment.settle(now, events);
    }
    environments.retain(|_, environment| !environment.gone_for(now, REMEMBERED_HOURS));
}
