//! Operations that the sandbox refuses or answers with nothing: custom platforms, composed environments, managed updates.

use serde_json::{Value, json};

use super::super::input::Input;
use super::super::reply::Refusal;
use super::super::state::Region;
use super::call::Call;

/// Parameters that clients know and the sandbox takes no notice of: refused rather than ignored.
const PARAMETERS: [(&str, &[&str]); 6] = [
    ("CreateApplicationVersion", &["SourceBundleUrl", "BuildConfiguration"]),
    ("CreateConfigurationTemplate", &["Tier", "VersionLabel"]),
    (
        "DescribeConfigurationOptions",
        &["Tier", "OptionSettings", "OptionsToRemove", "VersionLabel", "TemplateSpecification"],
    ),
    (
        "DescribeConfigurationSettings",
        &[
            "Options",
            "Tier",
            "SolutionStackName",
            "PlatformArn",
            "OptionSettings",
            "OptionsToRemove",
            "VersionLabel",
            "TemplateSpecification",
        ],
    ),
    (
        "UpdateConfigurationTemplate",
        &[
            "SolutionStackName",
            "PlatformArn",
            "SourceConfiguration",
            "EnvironmentId",
            "VersionLabel",
            "TemplateSpecification",
            "Tier",
        ],
    ),
    ("ValidateConfigurationSettings", &["Options", "Tier", "OptionsToRemove", "VersionLabel"]),
];

/// Refuse a parameter that would be ignored.
pub(super) fn refuse(operation: &str, input: &Input) -> Result<(), Refusal> {
    let names = PARAMETERS.iter().filter(|(name, _)| *name == operation).flat_map(|(_, names)| *names);
    match names.into_iter().find(|name| input.get(name).is_some()) {
        Some(name) => Err(Refusal::unsupported(format!("It takes no notice of {name} in {operation}."))),
        None => Ok(()),
    }
}

pub(super) fn custom_platform(_: &Call<'_>, _: &mut Region) -> Result<Value, Refusal> {
    Err(Refusal::unsupported("It has no custom platforms."))
}

/// It needs an `env.yaml` in every version, which this program neither makes nor reads.
pub(super) fn compose(_: &Call<'_>, _: &mut Region) -> Result<Value, Refusal> {
    Err(Refusal::unsupported("It composes no environments; create them one by one."))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::model::model;

    /// Every Rust file of this room, without its tests.
    fn sources(dir: &std::path::Path) -> String {
        let mut text = String::new();
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                text.push_str(&sources(&path));
            } else if path.file_name().is_some_and(|name| name != "unavailable.rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                text.push_str(source.split("#[cfg(test)]").next().unwrap());
            }
        }
        text
    }

    #[test]
    fn no_parameter_is_ignored_in_silence() {
        let room = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sandbox");
        let mut text = sources(&room.join("beanstalk"));
        text.push_str(&std::fs::read_to_string(room.join("state.rs")).unwrap());
        // Prefixes of the two environments of a swap, and whole operations that are refused.
        // An action's id is read here, its history is always empty, and the resources go with their environment anyway.
        let harmless = ["ActionId", "MaxItems", "TerminateResources"];
        let composed =
            |name: &str| name.starts_with("Source") || name.starts_with("Destination") || harmless.contains(&name);
        let refused = ["ComposeEnvironments", "CreatePlatformVersion", "DeletePlatformVersion"];
        let mut ignored = Vec::new();
        for (operation, parameter) in model().parameters() {
            let listed = PARAMETERS.iter().any(|(name, all)| *name == operation && all.contains(&parameter));
            let read = text.contains(&format!("\"{parameter}\"")) || composed(parameter);
            if !(listed || read || refused.contains(&operation)) {
                ignored.push(format!("{operation}.{parameter}"));
            }
        }
        assert!(ignored.is_empty(), "{ignored:?}");
    }
}
