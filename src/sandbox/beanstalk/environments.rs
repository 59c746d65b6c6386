//! Environments: create, update, swap, rebuild, restart, abort, terminate.

mod address;
mod listing;

use serde_json::Value;

use super::super::environment::{Before, Environment, Kind, Operation, Outcome, Status, Tier};
use super::super::event::Event;
use super::super::input::Input;
use super::super::reply::Refusal;
use super::super::state::{self, Region};
use super::account::{ENVIRONMENTS, storage_location};
use super::call::Call;
use super::processing::{Findings, Reading};
use super::saved::{self, Base};
use super::{configuration, platforms};

pub(super) use self::address::check_dns;
use self::address::{cname, random};
pub(super) use self::listing::{describe, describe_one, resources};

pub(super) fn create(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let input = &call.input;
    let application = input.required("ApplicationName");
    region.application_mut(application)?;
    let name = new_name(input, application)?;
    room_for(region, &name)?;
    let version = input.owned("VersionLabel");
    let Reading { findings, settings: files } = deployable(call, region, application, version.as_deref())?;
    let template = saved::find(call, region, application, input.text("TemplateName"))?;
    let template = template.map(|found| Base { platform: Some(found.platform), settings: found.settings });
    let template = template.or(saved::specified(call, region)?);
    let platform = platforms::asked(call)?.or_else(|| template.as_ref().and_then(|template| template.platform.clone()));
    let platform = platform.ok_or_else(|| {
        Refusal::combination("Either SolutionStackName, PlatformArn or TemplateName must be specified.")
    })?;
    let tier = tier(call)?;
    let mut settings = template.map(|template| template.settings).unwrap_or_default();
    configuration::change(call, &platform, &mut settings)?;
    let cname = match tier {
        Tier::WebServer => Some(cname(call, region, &name)?),
        Tier::Worker => None,
    };
    storage_location(call)?;
    let mut environment = Environment {
        application: application.to_owned(),
        group: input.owned("GroupName"),
        description: input.owned("Description"),
        version,
        template: input.owned("TemplateName"),
        cname,
        settings,
        files,
        tags: call.tags("Tags")?,
        operations_role: input.owned("OperationsRole"),
        real: call.run,
        ..Environment::new(format!("e-{}", random(10)), name, platform, tier, call.now)
    };
    let before = environment.before();
    begin_with(call, &mut environment, Kind::Launch, before, findings, &mut region.events);
    let answer = describe_one(call, &environment);
    region.environments.insert(environment.id.clone(), environment);
    Ok(answer)
}

/// The name of a new environment, which may come from its group.
fn new_name(input: &Input, application: &str) -> Result<String, Refusal> {
    let name = match (input.owned("EnvironmentName"), input.text("GroupName")) {
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
    Ok(name)
}

/// Refuse an environment whose name is taken, or one too many.
fn room_for(region: &Region, name: &str) -> Result<(), Refusal> {
    if region.alive().any(|environment| environment.name == name) {
        return Err(Refusal::value(format!("Environment {name} already exists.")));
    }
    if region.alive().count() >= ENVIRONMENTS {
        let message = format!("You cannot have more than {ENVIRONMENTS} environments.");
        return Err(Refusal::new(400, "TooManyEnvironmentsException", message));
    }
    Ok(())
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
    let ordered = call.begin(kind, environment, before);
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
) -> Result<Reading, Refusal> {
    let Some(label) = label else { return Ok(Reading::default()) };
    let version = region.application_mut(application)?.version_mut(label)?;
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

pub(super) fn update(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let input = &call.input;
    let id = region.environment_of(&call.input, "")?;
    let found = region.environments[&id].clone();
    found.ready()?;
    let platform = platforms::asked(call)?;
    let configures = input.get("OptionSettings").is_some()
        || input.get("OptionsToRemove").is_some()
        || input.get("TemplateName").is_some()
        || input.get("TemplateSpecification").is_some();
    let version = input.owned("VersionLabel");
    if version.is_some() && configures {
        let message = "You cannot update the version and the configuration of an environment in one call.";
        return Err(Refusal::combination(message));
    }
    let Reading { findings, settings: files } = deployable(call, region, &found.application, version.as_deref())?;
    let mut settings = found.settings.clone();
    let template = saved::find(call, region, &found.application, input.text("TemplateName"))?;
    let template = template.map(|found| Base { platform: None, settings: found.settings });
    if let Some(template) = template.or(saved::specified(call, region)?) {
        template.settings.0.into_iter().for_each(|setting| settings.set(setting));
    }
    configuration::change(call, platform.as_deref().unwrap_or(&found.platform), &mut settings)?;
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
        environment.files = files;
    }
    if let Some(kind) = kind {
        begin_with(call, environment, kind, before, findings, events);
    }
    Ok(describe_one(call, environment))
}

pub(super) fn abort(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let id = region.environment_of(&call.input, "")?;
    let (environment, events) = region.environment(&id);
    let running = environment.operation.take().filter(|_| environment.status == Status::Updating);
    let running = running.filter(|operation| matches!(operation.kind, Kind::Deploy | Kind::Configure));
    let Some(running) = running else {
        let name = &environment.name;
        let message =
            format!("Environment named {name} is in an invalid state for this operation. Must be pending deployment.");
        return Err(Refusal::value(message));
    };
    let abort = call.begin(Kind::Abort, environment, running.before);
    environment.begin(abort, call.now, events);
    Ok(Value::Null)
}

pub(super) fn restart(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let id = region.environment_of(&call.input, "")?;
    let (environment, events) = region.environment(&id);
    environment.ready()?;
    let before = environment.before();
    let operation = call.begin(Kind::Restart, environment, before);
    environment.begin(operation, call.now, events);
    Ok(Value::Null)
}

/// Make everything anew; an environment that is gone comes back, if its place is free.
pub(super) fn rebuild(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let id = region.environment_of(&call.input, "")?;
    let found = region.environments[&id].clone();
    if found.terminated.is_some() {
        // An application of that name that was made since is another one.
        let application = region.application_mut(&found.application)?;
        if application.created > found.created {
            let message = format!("Environment {id} belongs to an application that was deleted and cannot be rebuilt.");
            return Err(Refusal::value(message));
        }
        if !found.is_restorable(call.now) {
            let message = format!("Environment {id} was terminated more than six weeks ago and cannot be rebuilt.");
            return Err(Refusal::value(message));
        }
        if region.alive().any(|environment| environment.name == found.name) {
            return Err(Refusal::value(format!("Environment {} already exists.", found.name)));
        }
        if let Some(cname) = found.cname.as_deref().filter(|cname| region.has_cname(cname)) {
            return Err(Refusal::value(format!("DNS name {cname} is not available.")));
        }
        deployable(call, region, &found.application, found.version.as_deref())?;
    } else {
        found.ready()?;
    }
    let (environment, events) = region.environment(&id);
    environment.terminated = None;
    let before = environment.before();
    let operation = call.begin(Kind::Rebuild, environment, before);
    environment.begin(operation, call.now, events);
    Ok(Value::Null)
}

pub(super) fn terminate(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let id = region.environment_of(&call.input, "")?;
    let (environment, events) = region.environment(&id);
    if matches!(environment.status, Status::Terminating | Status::Terminated) {
        return Err(Refusal::value(format!("Environment {} is already terminated.", environment.name)));
    }
    if environment.status != Status::Ready && call.input.flag("ForceTerminate") != Some(true) {
        environment.ready()?;
    }
    let before = environment.before();
    let operation = call.begin(Kind::Terminate, environment, before);
    environment.begin(operation, call.now, events);
    Ok(describe_one(call, environment))
}

pub(super) fn swap(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let (source, destination) =
        (region.environment_of(&call.input, "Source")?, region.environment_of(&call.input, "Destination")?);
    if source == destination {
        return Err(Refusal::combination("The source and the destination must be different environments."));
    }
    let (a, b) = (region.environments[&source].clone(), region.environments[&destination].clone());
    a.ready()?;
    b.ready()?;
    if a.cname.is_none() || b.cname.is_none() {
        return Err(Refusal::combination("Worker environments have no CNAME."));
    }
    let done = format!("Completed swapping CNAMEs for environments '{}' and '{}'.", a.name, b.name);
    for (id, cname) in [(&source, b.cname), (&destination, a.cname)] {
        let (environment, events) = region.environment(id);
        let before = environment.before();
        let swap = Operation { done: Some(done.clone()), ..call.begin(Kind::Swap, environment, before) };
        environment.begin(swap, call.now, events);
        // The names point elsewhere at once; only who watches the environments has to wait.
        environment.cname = cname;
    }
    Ok(Value::Null)
}

pub(super) fn associate_role(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    let role = call.input.owned("OperationsRole");
    region.environment_of_mut(&call.input)?.operations_role = role;
    Ok(Value::Null)
}

pub(super) fn disassociate_role(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    region.environment_of_mut(&call.input)?.operations_role = None;
    Ok(Value::Null)
}

/// End what is due, and forget what is long gone.
pub(super) fn settle(region: &mut Region, now: jiff::Timestamp) {
    let Region { environments, events, .. } = region;
    for environment in environments.values_mut() {
        environment.settle(now, events);
    }
    environments.retain(|_, environment| environment.is_remembered(now));
}
