//! What of a living environment belongs into its description: what somebody chose, and no file brings.
//!
//! Elastic Beanstalk answers with every option that there is, 51 for one instance and 81 and more behind a balancer. Written
//! back, they would outrank the files of every later version. So each that nobody chose stays out, by a rule with a name.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::description::Description;
use super::files::{Files, Said};
use super::key::OptionKey;
use super::property::Property;
use super::set_by::{LiveSetting, SetBy, made, same, set_by};
use crate::beanstalk::config_file::SECRETS_NAMESPACE;
use crate::beanstalk::options;
use crate::secret;

/// A living environment, as far as it was seen.
#[derive(Debug, Clone, Default)]
pub struct Live {
    pub settings: Vec<LiveSetting>,
    /// What the files of its version say; `None`: the bundle was not read.
    pub files: Option<Files>,
    /// The images of its platform's version; `None`: not read.
    pub images: Option<Vec<String>>,
}

/// Why an option stays out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Left {
    /// It has no value, or the one that it has where nobody sets it.
    Default,
    /// It follows from another option.
    Derived,
    /// A file of the version says the same.
    File,
    /// An image of the platform itself.
    Image,
    /// The platform's own business.
    Platform,
    /// Made by Elastic Beanstalk for this very environment.
    Generated,
    /// It stands elsewhere in the description.
    OwnField,
    /// It may be secret.
    Secret,
}

/// What was captured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captured {
    pub options: BTreeMap<OptionKey, String>,
    pub properties: BTreeMap<String, Property>,
    pub instance_profile: Option<String>,
    pub left: BTreeMap<OptionKey, Left>,
    /// Kept, and perhaps nobody chose it: why.
    pub unsure: BTreeMap<OptionKey, &'static str>,
    /// Security groups that may have been made for this very environment, or chosen by somebody: nobody can tell.
    pub groups: BTreeMap<OptionKey, String>,
    /// Set on the environment, over what a file says.
    pub outranking: BTreeMap<OptionKey, Said>,
    /// Properties whose values are not written down.
    pub hidden: Vec<String>,
}

const ENVIRONMENT: &str = "aws:elasticbeanstalk:environment";
const LAUNCH: &str = "aws:autoscaling:launchconfiguration";

impl Live {
    fn value(&self, namespace: &str, name: &str) -> Option<&str> {
        let found =
            self.settings.iter().find(|setting| setting.option.namespace == namespace && setting.option.name == name);
        found.and_then(|setting| setting.value.as_deref())
    }

    fn is_single(&self) -> bool {
        self.value(ENVIRONMENT, "EnvironmentType").is_some_and(|kind| kind.eq_ignore_ascii_case("SingleInstance"))
    }

    /// Does a default that depends on something hold here?
    fn holds(&self, condition: &str) -> bool {
        let balancer = self.value(ENVIRONMENT, "LoadBalancerType").unwrap_or("classic").to_ascii_lowercase();
        match condition {
            "AL2023" | "python" => true,
            "single instance" => self.is_single(),
            "load balanced" => !self.is_single(),
            "others" => false,
            kinds => kinds.split('/').any(|kind| kind == balancer),
        }
    }

    /// Why nobody chose this value, if nobody did.
    fn left(&self, option: &OptionKey, value: &str) -> Option<Left> {
        let (namespace, name) = (option.namespace.as_str(), option.name.as_str());
        match (namespace, name) {
            ("aws:cloudformation:template:parameter" | "aws:elasticbeanstalk:control", _) => {
                return Some(Left::Platform);
            }
            (ENVIRONMENT, "ServiceRole") if value.rsplit('/').next() == Some("AWSServiceRoleForElasticBeanstalk") => {
                return Some(Left::Platform);
            }
            ("aws:elasticbeanstalk:healthreporting:system", "ConfigDocument") if says_nothing(value) => {
                return Some(Left::Default);
            }
            (LAUNCH, "IamInstanceProfile") => return Some(Left::OwnField),
            ("aws:rds:dbinstance", "DBPassword" | "DBUser") => return Some(Left::Secret),
            _ => {}
        }
        if let SetBy::File(_) = set_by(option, value, self.files.as_ref()) {
            return Some(Left::File);
        }
        match (namespace, name) {
            (LAUNCH, "ImageId")
                if self.images.as_ref().is_some_and(|images| images.iter().any(|image| image == value)) =>
            {
                return Some(Left::Image);
            }
            // An instance listens where its balancer does.
            (listener, "InstancePort") if listener.strip_prefix("aws:elb:listener:") == Some(value) => {
                return Some(Left::Derived);
            }
            (LAUNCH, "InstanceType") => {
                let types = self.value("aws:ec2:instances", "InstanceTypes").unwrap_or_default();
                if types.split(',').next().is_some_and(|first| first.trim() == value) {
                    return Some(Left::Derived);
                }
            }
            ("aws:autoscaling:asg", "MaxSize") => {
                let usual = if self.is_single() { "1" } else { "4" };
                return (value == usual).then_some(Left::Derived);
            }
            (LAUNCH, "SSHSourceRestriction") if value == "tcp,22,22,0.0.0.0/0" => return Some(Left::Default),
            ("aws:ec2:instances", "InstanceTypes") if same(option, value, "t3.micro, t3.small") => {
                return Some(Left::Default);
            }
            (_, "SecurityGroups") if value.split(',').all(|group| group.trim().starts_with("awseb-e-")) => {
                return Some(Left::Generated);
            }
            _ => {}
        }
        let row = options::find(namespace, name)?;
        let usual = row.default.is_some_and(|default| same(option, default, value));
        let depends = row
            .default_for
            .iter()
            .filter_map(|text| text.split_once(" = "))
            .any(|(condition, default)| self.holds(condition) && same(option, default, value));
        if depends && row.default_for.len() > 1 {
            return Some(Left::Derived);
        }
        (usual || depends).then_some(Left::Default)
    }
}

/// A health document in which no metric is switched on.
fn says_nothing(document: &str) -> bool {
    let Ok(value) = serde_json::from_str::<serde_json::Value>(document) else { return false };
    let off = |metrics: &serde_json::Value| {
        metrics.as_object().is_some_and(|metrics| metrics.values().all(serde_json::Value::is_null))
    };
    let metrics = &value["CloudWatchMetrics"];
    // A rule that is on is as it is where nobody says anything.
    fn usual(rule: &serde_json::Value) -> bool {
        match rule {
            serde_json::Value::Object(rules) => rules.values().all(usual),
            serde_json::Value::Bool(enabled) => *enabled,
            other => other.is_null(),
        }
    }
    usual(&value["Rules"])
        && (metrics.is_null()
            || ["Environment", "Instance"].iter().all(|of| metrics[*of].is_null() || off(&metrics[*of])))
}

/// Decide what of `live` belongs into the description. `before` is what stands there now; `values` are properties whose
/// values are written down on purpose.
pub fn capture(live: &Live, before: Option<&Description>, values: &BTreeSet<String>) -> Captured {
    let mut captured = Captured::default();
    let mut properties = BTreeMap::new();
    for setting in &live.settings {
        let option = &setting.option;
        let Some(value) = setting.value.as_deref().filter(|value| !value.is_empty()) else {
            captured.left.insert(option.clone(), Left::Default);
            continue;
        };
        if option.is_property() {
            properties.insert(option.clone(), value);
            continue;
        }
        if let Some(left) = live.left(option, value) {
            if left == Left::OwnField {
                captured.instance_profile = Some(value.to_owned());
            }
            captured.left.insert(option.clone(), left);
            continue;
        }
        match &live.files {
            None => {
                captured.unsure.insert(option.clone(), "the bundle was not read, and its files may say the same");
            }
            Some(files) => {
                if let SetBy::Api { outranks: Some(said) } = set_by(option, value, Some(files)) {
                    captured.outranking.insert(option.clone(), said);
                }
            }
        }
        if option.name == "ImageId" && live.images.is_none() {
            captured.unsure.insert(option.clone(), "it may be the platform's own image");
        }
        // Only EC2 knows which stack a group belongs to. One that was made for this environment does not exist for the next.
        let group = matches!(option.name.as_str(), "SecurityGroups" | "ManagedSecurityGroup");
        if group && before.is_none_or(|before| !before.options.contains_key(option)) {
            captured.left.insert(option.clone(), Left::Generated);
            captured.groups.insert(option.clone(), value.to_owned());
            continue;
        }
        captured.options.insert(option.clone(), value.to_owned());
    }
    for (option, value) in properties {
        property(live, before, values, &option, value, &mut captured);
    }
    // What people wrote of how a property comes about stays, even where the environment lost it.
    for (name, written) in before.into_iter().flat_map(|before| &before.properties) {
        if !matches!(written, Property::Plain(_)) {
            captured.properties.insert(name.clone(), written.clone());
        }
    }
    captured
}

fn property(
    live: &Live,
    before: Option<&Description>,
    values: &BTreeSet<String>,
    option: &OptionKey,
    value: &str,
    captured: &mut Captured,
) {
    let name = &option.name;
    if made(option, value) {
        captured.left.insert(option.clone(), Left::Platform);
        return;
    }
    if option.namespace == SECRETS_NAMESPACE {
        captured.properties.insert(name.clone(), Property::Secret(value.to_owned()));
        return;
    }
    if let SetBy::File(_) = set_by(option, value, live.files.as_ref()) {
        captured.left.insert(option.clone(), Left::File);
        return;
    }
    let written = before.and_then(|before| before.properties.get(name));
    let open = written == Some(&Property::Plain(value.to_owned())) || values.contains(name) || is_harmless(name, value);
    if open {
        captured.properties.insert(name.clone(), Property::Plain(value.to_owned()));
    } else {
        captured.left.insert(option.clone(), Left::Secret);
        captured.hidden.push(name.clone());
        captured.properties.insert(name.clone(), Property::Ask);
    }
}

/// May everybody read this value? In doubt, no.
fn is_harmless(name: &str, value: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    const SECRETIVE: [&str; 16] = [
        "SECRET",
        "PASSWORD",
        "PASSWD",
        "TOKEN",
        "KEY",
        "DSN",
        "CREDENTIAL",
        "PRIVATE",
        "AUTH",
        "_URL",
        "_URI",
        "CONN",
        "LICENSE",
        "SALT",
        "PASS",
        "WEBHOOK",
    ];
    let secretive = SECRETIVE.iter().any(|word| upper.contains(word)) || upper == "URL";
    // Long and mixed is how keys look; user:password@ is how they travel.
    let digits = value.bytes().any(|byte| byte.is_ascii_digit());
    let letters = value.bytes().any(|byte| byte.is_ascii_alphabetic());
    let keylike = value.len() >= 20 && digits && letters && !value.contains([' ', '.', '/']);
    let travels = value.contains("://") && value.contains('@');
    !secretive && !keylike && !travels && secret::in_content(value.as_bytes()).iter().next().is_none()
}

/// The text of a description with a word behind each line of which nobody is sure.
pub fn annotate(text: &str, unsure: &BTreeMap<OptionKey, &'static str>) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (option, why) in unsure {
        let begins = format!("\"{option}\" =");
        for line in lines.iter_mut().filter(|line| line.starts_with(&begins) && !line.contains("  # ")) {
            line.push_str(&format!("  # unsure: {why}"));
        }
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
