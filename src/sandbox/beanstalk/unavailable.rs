//! Operations that the sandbox refuses or answers with nothing: custom platforms, composed environments, managed updates.

use serde_json::{Value, json};

use super::super::reply::Refusal;
use super::super::state::Region;
use super::call::Call;

pub(super) fn custom_platform(_: &Call<'_>, _: &mut Region) -> Result<Value, Refusal> {
    let message = "The sandbox has no custom platforms.";
    Err(Refusal::new(400, "ElasticBeanstalkServiceException", message))
}

/// It needs an `env.yaml` in every version, which this program neither makes nor reads.
pub(super) fn compose(_: &Call<'_>, _: &mut Region) -> Result<Value, Refusal> {
    Err(Refusal::value("The sandbox composes no environments; create them one by one."))
}

pub(super) fn managed_actions(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    region.environment_of_mut(&call.input)?;
    Ok(json!({"ManagedActions": []}))
}

pub(super) fn managed_action_history(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    region.environment_of_mut(&call.input)?;
    Ok(json!({"ManagedActionHistoryItems": []}))
}

pub(super) fn apply_managed_action(call: &Call<'_>, region: &mut Region) -> Result<Value, Refusal> {
    region.environment_of_mut(&call.input)?;
    let id = call.input.required("ActionId");
    let message = format!("There is no managed action '{id}': the sandbox's platforms have no updates.");
    Err(Refusal::new(400, "ManagedActionInvalidStateException", message))
}
