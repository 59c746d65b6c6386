//! Platform branches, their versions, and the solution stacks that name them.
//!
//! The table is a part of what AWS lists: the branches that a Django project may use, with the versions of autumn 2026
//! (Developer Guide, "Elastic Beanstalk supported platforms"; the retired ones from its retirement schedule).

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::super::reply::Refusal;
use super::super::state::Region;
use super::call::Call;
use super::page::page;

struct Branch {
    name: &'static str,
    platform: &'static str,
    state: &'static str,
    /// The oldest first.
    versions: &'static [&'static str],
    language: Option<&'static str>,
}

const BRANCHES: [Branch; 9] = [
    python("Python 3.14 running on 64bit Amazon Linux 2023", "3.14.7"),
    python("Python 3.13 running on 64bit Amazon Linux 2023", "3.13.15"),
    python("Python 3.12 running on 64bit Amazon Linux 2023", "3.12.14"),
    python("Python 3.11 running on 64bit Amazon Linux 2023", "3.11.15"),
    Branch {
        name: "Python 3.9 running on 64bit Amazon Linux 2023",
        platform: "Python",
        state: "Retired",
        versions: &["4.13.5"],
        language: Some("3.9.25"),
    },
    Branch {
        name: "Docker running on 64bit Amazon Linux 2023",
        platform: "Docker",
        state: "Supported",
        versions: &["4.13.5", "4.13.7"],
        language: None,
    },
    Branch {
        name: "ECS running on 64bit Amazon Linux 2023",
        platform: "Docker",
        state: "Supported",
        versions: &["4.7.7"],
        language: None,
    },
    Branch {
        name: "Docker running on 64bit Amazon Linux 2",
        platform: "Docker",
        state: "Retired",
        versions: &["4.9.5"],
        language: None,
    },
    Branch {
        name: "ECS running on 64bit Amazon Linux 2",
        platform: "Docker",
        state: "Retired",
        versions: &["3.10.5"],
        language: None,
    },
];

const fn python(name: &'static str, language: &'static str) -> Branch {
    let versions = &["4.13.5", "4.13.7"];
    Branch { name, platform: "Python", state: "Supported", versions, language: Some(language) }
}

impl Branch {
    /// `Python 3.13` and `64bit Amazon Linux 2023`.
    fn parts(&self) -> (&'static str, &'static str) {
        self.name.split_once(" running on ").expect("the table's names have both parts")
    }

    fn newest(&self) -> &'static str {
        self.versions.last().expect("every branch has a version")
    }

    fn stack(&self, version: &str) -> String {
        let (runtime, system) = self.parts();
        format!("{system} v{version} running {runtime}")
    }

    fn arn(&self, region: &str, version: &str) -> String {
        format!("arn:aws:elasticbeanstalk:{region}::platform/{}/{version}", self.name)
    }
}

fn find_stack(stack: &str) -> Option<(&'static Branch, &'static str)> {
    let all = BRANCHES.iter().flat_map(|branch| branch.versions.iter().map(move |version| (branch, *version)));
    all.into_iter().find(|(branch, version)| branch.stack(version) == stack)
}

/// An ARN with a version, or without one, which is the newest.
fn find_arn(arn: &str) -> Option<(&'static Branch, &'static str)> {
    let (_, rest) = arn.strip_prefix("arn:aws:elasticbeanstalk:")?.split_once("::platform/")?;
    let (name, version) = rest.split_once('/').map_or((rest, None), |(name, version)| (name, Some(version)));
    let branch = BRANCHES.iter().find(|branch| branch.name == name)?;
    let version = match version {
        None => branch.newest(),
        Some(version) => branch.versions.iter().find(|known| **known == version)?,
    };
    Some((branch, version))
}

/// The ARN of the platform that a solution stack is.
pub(super) fn arn(region: &str, stack: &str) -> Value {
    find_stack(stack).map_or(Value::Null, |(branch, version)| Value::from(branch.arn(region, version)))
}

/// The solution stack that a call names, in one of two ways.
pub(super) fn asked(call: &Call<'_>) -> Result<Option<String>, Refusal> {
    named(call.input.text("SolutionStackName"), call.input.text("PlatformArn"))
}

/// A solution stack by its name, or by the ARN of its platform.
pub(super) fn named(stack: Option<&str>, arn: Option<&str>) -> Result<Option<String>, Refusal> {
    match (stack, arn) {
        (Some(_), Some(_)) => {
            Err(Refusal::combination("You can specify either SolutionStackName or PlatformArn, not both."))
        }
        (Some(stack), None) => match find_stack(stack) {
            Some(_) => Ok(Some(stack.to_owned())),
            None => Err(Refusal::value(format!("No Solution Stack named '{stack}' found."))),
        },
        (None, Some(arn)) => match find_arn(arn) {
            Some((branch, version)) => Ok(Some(branch.stack(version))),
            None => Err(Refusal::value(format!("No Platform named '{arn}' found."))),
        },
        (None, None) => Ok(None),
    }
}

/// Architecture of an instance's processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Architecture {
    Intel,
    Arm,
}

impl Architecture {
    /// Of an instance type: Graviton's families have a `g` behind their number, as `t4g` and `m7gd`.
    pub(super) fn of(instance_type: &str) -> Self {
        let family = instance_type.split('.').next().unwrap_or_default();
        let attributes = family
            .trim_start_matches(|c: char| c.is_ascii_lowercase())
            .trim_start_matches(|c: char| c.is_ascii_digit());
        if attributes.contains('g') || family == "a1" { Self::Arm } else { Self::Intel }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Intel => "x86_64",
            Self::Arm => "arm64",
        }
    }
}

/// The image that a platform version takes on a processor. Its id is made up, and always the same.
pub(super) fn image(region: &str, stack: &str, architecture: Architecture) -> String {
    format!("ami-0{}", digits(&format!("{region} {stack} {}", architecture.name())))
}

/// Sixteen hexadecimal digits for a text, as ids of EC2 have them.
pub(super) fn digits(text: &str) -> String {
    crate::hex::encode(&Sha256::digest(text)[..8])
}

/// The language of a solution stack's platform, as the option table names it.
pub(super) fn language(stack: &str) -> &'static str {
    match stack.split_once(" running ").map_or("", |(_, runtime)| runtime) {
        runtime if runtime.starts_with("Python") => "python",
        runtime if runtime.starts_with("ECS") => "ecs",
        _ => "docker",
    }
}

/// The folder with a platform version's files in the service's own bucket.
pub(super) fn asset(stack: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c.to_ascii_lowercase() } else { '_' };
    format!("eb_{}", stack.chars().map(plain).collect::<String>())
}

pub(super) fn solution_stacks(_: &Call<'_>, _: &mut Region) -> Result<Value, Refusal> {
    let mut stacks: Vec<(String, &Branch)> = Vec::new();
    for branch in BRANCHES.iter().filter(|branch| branch.state == "Supported") {
        stacks.extend(branch.versions.iter().rev().map(|version| (branch.stack(version), branch)));
    }
    let details = stacks.iter().map(|(stack, branch)| {
        let types: &[&str] = if branch.name.starts_with("ECS") { &["zip", "json"] } else { &["zip"] };
        json!({"SolutionStackName": stack, "PermittedFileTypes": types})
    });
    let details: Vec<Value> = details.collect();
    let names: Vec<&String> = stacks.iter().map(|(stack, _)| stack).collect();
    Ok(json!({"SolutionStacks": names, "SolutionStackDetails": details}))
}

const TIERS: [&str; 2] = ["WebServer/Standard", "Worker/SQS/HTTP"];

pub(super) fn branches(call: &Call<'_>, _: &mut Region) -> Result<Value, Refusal> {
    let filters = Filter::read(call, "Attribute")?;
    let asks_state = filters.iter().any(|filter| filter.name == "LifecycleState");
    let found = BRANCHES.iter().enumerate().filter(|(_, branch)| {
        // Retired branches are left out unless asked for.
        (asks_state || branch.state != "Retired")
            && filters.iter().all(|filter| match filter.name.as_str() {
                "BranchName" => filter.takes(branch.name),
                "LifecycleState" => filter.takes(branch.state),
                "PlatformName" => filter.takes(branch.platform),
                "TierType" => TIERS.iter().any(|tier| filter.takes(tier)),
                _ => false,
            })
    });
    let (found, token) = page(&call.input, found, |(place, _)| format!("{place:04}"))?;
    let found = found.into_iter().map(|(place, branch)| {
        json!({
            "PlatformName": branch.platform,
            "BranchName": branch.name,
            "LifecycleState": branch.state,
            "BranchOrder": 1000 - place,
            "SupportedTierList": TIERS,
        })
    });
    Ok(json!({"PlatformBranchSummaryList": found.collect::<Vec<_>>(), "NextToken": token}))
}

pub(super) fn versions(call: &Call<'_>, _: &mut Region) -> Result<Value, Refusal> {
    let filters = Filter::read(call, "Type")?;
    let all = BRANCHES.iter().flat_map(|branch| branch.versions.iter().rev().map(move |version| (branch, *version)));
    let found = all.enumerate().filter(|(_, (branch, version))| {
        let (runtime, system) = branch.parts();
        let newest = *version == branch.newest() && branch.state == "Supported";
        filters.iter().all(|filter| match filter.name.as_str() {
            "PlatformName" => filter.takes(branch.name),
            "PlatformVersion" => filter.takes(version),
            "PlatformStatus" => filter.takes("Ready"),
            "PlatformBranchName" => filter.takes(branch.name),
            "PlatformLifecycleState" => filter.takes(if newest { "recommended" } else { "" }),
            "PlatformOwner" => filter.takes("AWSElasticBeanstalk"),
            "SupportedTier" => TIERS.iter().any(|tier| filter.takes(tier)),
            "SupportedAddon" => {
                ["Log/S3", "Monitoring/Healthd", "WorkerDaemon/SQSD"].iter().any(|addon| filter.takes(addon))
            }
            "ProgrammingLanguageName" => filter.takes(if branch.language.is_some() { "Python" } else { runtime }),
            "OperatingSystemName" => filter.takes(system.trim_start_matches("64bit ")),
            _ => false,
        })
    });
    let (found, token) = page(&call.input, found, |(place, _)| format!("{place:04}"))?;
    let found: Vec<Value> =
        found.into_iter().map(|(_, (branch, version))| summary(call.region, branch, version)).collect();
    Ok(json!({"PlatformSummaryList": found, "NextToken": token}))
}

fn summary(region: &str, branch: &Branch, version: &str) -> Value {
    let (_, system) = branch.parts();
    let (system, release) = system.trim_start_matches("64bit ").rsplit_once(' ').unwrap_or((system, ""));
    json!({
        "PlatformArn": branch.arn(region, version),
        "PlatformOwner": "AWSElasticBeanstalk",
        "PlatformStatus": "Ready",
        "PlatformCategory": branch.platform,
        "OperatingSystemName": system,
        "OperatingSystemVersion": release,
        "SupportedTierList": TIERS,
        "SupportedAddonList": ["Log/S3", "Monitoring/Healthd", "WorkerDaemon/SQSD"],
        "PlatformLifecycleState": (version == branch.newest() && branch.state == "Supported").then_some("Recommended"),
        "PlatformVersion": version,
        "PlatformBranchName": branch.name,
        "PlatformBranchLifecycleState": branch.state,
    })
}

pub(super) fn describe(call: &Call<'_>, _: &mut Region) -> Result<Value, Refusal> {
    let Some(arn) = call.input.text("PlatformArn") else {
        return Err(Refusal::new(400, "MissingRequiredParameter", "PlatformArn must be specified."));
    };
    let (branch, version) = find_arn(arn).ok_or_else(|| Refusal::value(format!("No Platform named '{arn}' found.")))?;
    let mut description = summary(call.region, branch, version);
    description["PlatformName"] = Value::from(branch.name);
    description["SolutionStackName"] = Value::from(branch.stack(version));
    description["Maintainer"] = Value::from("aws-elasticbeanstalk-platforms@amazon.com");
    let language = branch.language.map(|version| json!([{"Name": "Python", "Version": version}]));
    let stack = branch.stack(version);
    let image = |architecture| image(call.region, &stack, architecture);
    // The first list is the older one, and knows one architecture.
    description["CustomAmiList"] = json!([{"VirtualizationType": "hvm", "ImageId": image(Architecture::Intel)}]);
    let images = [Architecture::Intel, Architecture::Arm];
    let images = images.map(|one| json!({"Architecture": one.name(), "ImageId": image(one)}));
    description["DefaultAmiList"] = json!(images);
    description["ProgrammingLanguages"] = language.unwrap_or(Value::Null);
    Ok(json!({"PlatformDescription": description}))
}

/// One condition of a list of platforms.
struct Filter {
    name: String,
    operator: String,
    values: Vec<String>,
}

impl Filter {
    fn read(call: &Call<'_>, name: &str) -> Result<Vec<Self>, Refusal> {
        let filters = call.input.list("Filters").unwrap_or_default().iter();
        let filters = filters.map(|filter| {
            let text = |name: &str| filter.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let values = filter.get("Values").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let values: Vec<String> = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            let found = Self { name: text(name), operator: text("Operator"), values };
            const NAMES: [&str; 13] = [
                "BranchName",
                "LifecycleState",
                "PlatformName",
                "TierType",
                "PlatformVersion",
                "PlatformStatus",
                "PlatformBranchName",
                "PlatformLifecycleState",
                "PlatformOwner",
                "SupportedTier",
                "SupportedAddon",
                "ProgrammingLanguageName",
                "OperatingSystemName",
            ];
            const OPERATORS: [&str; 11] =
                ["=", "!=", "<", "<=", ">", ">=", "in", "not_in", "contains", "begins_with", "ends_with"];
            if !NAMES.contains(&found.name.as_str()) || !OPERATORS.contains(&found.operator.as_str()) {
                let message = format!("Invalid filter '{} {}'.", found.name, found.operator);
                return Err(Refusal::value(message));
            }
            if found.values.is_empty() {
                return Err(Refusal::value(format!("The filter '{}' has no value.", found.name)));
            }
            Ok(found)
        });
        filters.collect()
    }

    fn takes(&self, is: &str) -> bool {
        let is = is.to_lowercase();
        let matches = |value: &String| {
            let value = value.to_lowercase();
            match self.operator.as_str() {
                "!=" | "not_in" | "=" | "in" => is == value,
                "contains" => is.contains(&value),
                "begins_with" => is.starts_with(&value),
                "ends_with" => is.ends_with(&value),
                "<" => release(&is) < release(&value),
                "<=" => release(&is) <= release(&value),
                ">" => release(&is) > release(&value),
                _ => release(&is) >= release(&value),
            }
        };
        match self.operator.as_str() {
            "!=" | "not_in" => !self.values.iter().any(matches),
            _ => self.values.iter().any(matches),
        }
    }
}

/// Version numbers by their parts, other text as it is.
fn release(text: &str) -> (Vec<u64>, &str) {
    let numbers: Option<Vec<u64>> = text.split('.').map(|part| part.parse().ok()).collect();
    numbers.map_or((Vec::new(), text), |numbers| (numbers, ""))
}
