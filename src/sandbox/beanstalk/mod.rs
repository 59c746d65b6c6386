//! The Elastic Beanstalk API 2010-12-01: one function per operation, each from checked parameters and a region's state to
//! a result or a refusal.

mod account;
mod applications;
mod call;
mod configuration;
mod environments;
mod events;
mod health;
mod lifecycle;
pub(super) mod logs;
mod options;
mod page;
mod platforms;
mod processing;
mod resolved;
mod saved;
mod tags;
mod unavailable;
mod versions;

use jiff::Timestamp;
use serde_json::Value;

use super::input::{self, Input};
use super::model::model;
use super::reply::Refusal;
use super::state::{Region, State};

pub(super) use self::call::Call;

pub(super) const NAMESPACE: &str = "http://elasticbeanstalk.amazonaws.com/docs/2010-12-01/";

type Operation = fn(&Call<'_>, &mut Region) -> Result<Value, Refusal>;

fn operation(name: &str) -> Option<Operation> {
    let operation: Operation = match name {
        "AbortEnvironmentUpdate" => environments::abort,
        "ApplyEnvironmentManagedAction" => unavailable::apply_managed_action,
        "AssociateEnvironmentOperationsRole" => environments::associate_role,
        "CheckDNSAvailability" => environments::check_dns,
        "ComposeEnvironments" => unavailable::compose,
        "CreateApplication" => applications::create,
        "CreateApplicationVersion" => versions::create,
        "CreateConfigurationTemplate" => configuration::create_template,
        "CreateEnvironment" => environments::create,
        "CreatePlatformVersion" => unavailable::custom_platform,
        "CreateStorageLocation" => account::create_storage_location,
        "DeleteApplication" => applications::delete,
        "DeleteApplicationVersion" => versions::delete,
        "DeleteConfigurationTemplate" => configuration::delete_template,
        "DeleteEnvironmentConfiguration" => configuration::delete_draft,
        "DeletePlatformVersion" => unavailable::custom_platform,
        "DescribeAccountAttributes" => account::attributes,
        "DescribeApplicationVersions" => versions::describe,
        "DescribeApplications" => applications::describe,
        "DescribeConfigurationOptions" => options::describe,
        "DescribeConfigurationSettings" => configuration::describe_settings,
        "DescribeEnvironmentHealth" => health::environment,
        "DescribeEnvironmentManagedActionHistory" => unavailable::managed_action_history,
        "DescribeEnvironmentManagedActions" => unavailable::managed_actions,
        "DescribeEnvironmentResources" => environments::resources,
        "DescribeEnvironments" => environments::describe,
        "DescribeEvents" => events::describe,
        "DescribeInstancesHealth" => health::instances,
        "DescribePlatformVersion" => platforms::describe,
        "DisassociateEnvironmentOperationsRole" => environments::disassociate_role,
        "ListAvailableSolutionStacks" => platforms::solution_stacks,
        "ListPlatformBranches" => platforms::branches,
        "ListPlatformVersions" => platforms::versions,
        "ListTagsForResource" => tags::list,
        "RebuildEnvironment" => environments::rebuild,
        "RequestEnvironmentInfo" => logs::request,
        "RestartAppServer" => environments::restart,
        "RetrieveEnvironmentInfo" => logs::retrieve,
        "SwapEnvironmentCNAMEs" => environments::swap,
        "TerminateEnvironment" => environments::terminate,
        "UpdateApplication" => applications::update,
        "UpdateApplicationResourceLifecycle" => applications::update_lifecycle,
        "UpdateApplicationVersion" => versions::update,
        "UpdateConfigurationTemplate" => configuration::update_template,
        "UpdateEnvironment" => environments::update,
        "UpdateTagsForResource" => tags::update,
        "ValidateConfigurationSettings" => options::validate,
        _ => return None,
    };
    Some(operation)
}

/// A Query request: the operation, and its checked parameters.
pub(super) struct Request {
    pub(super) operation: String,
    /// The element around the result.
    pub(super) result: Option<String>,
    pub(super) input: Input,
    run: Operation,
}

impl Request {
    pub(super) fn read(fields: &[(String, String)]) -> Result<Self, Refusal> {
        let field = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
        let Some(name) = field("Action") else {
            return Err(Refusal::new(400, "MissingAction", "The request is missing an action."));
        };
        let version = field("Version").unwrap_or_default();
        let known = model().operation(name).filter(|_| version == model().version);
        let (Some(known), Some(run)) = (known, operation(name)) else {
            let message = format!("Could not find operation {name} for version {version}");
            return Err(Refusal::new(400, "InvalidAction", message));
        };
        let mut tree = input::tree(fields)?;
        if let Some(parameters) = tree.as_object_mut() {
            parameters.retain(|name, _| name != "Action" && name != "Version");
        }
        let input = model().check(known, tree)?;
        unavailable::refuse(name, &input)?;
        Ok(Self { operation: name.to_owned(), result: known.result.clone(), input, run })
    }
}

/// Answer a call. What is due by now happens first.
pub(super) fn answer(call: &Call<'_>, request: &Request, state: &mut State) -> Result<Value, Refusal> {
    let region = state.regions.entry(call.region.to_owned()).or_default();
    settle(region, call.now);
    // A refused call changes nothing, with one exception in the API.
    let mut changed = region.clone();
    let result = (request.run)(call, &mut changed);
    if result.as_ref().err().is_none_or(|refusal| refusal.code == lifecycle::SOURCE_BUNDLE_STAYS) {
        events::space(&mut changed.events, region.events.len());
        *region = changed;
    }
    result
}

/// Let everything happen that was due by `now`.
pub(super) fn settle(region: &mut Region, now: Timestamp) {
    events::forget(region, now);
    let known = region.events.len();
    versions::settle(region, now);
    environments::settle(region, now);
    events::space(&mut region.events, known);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_the_model_is_answered() {
        let missing: Vec<&str> = model().operations().filter(|name| operation(name).is_none()).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
