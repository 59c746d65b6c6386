//! The option settings of an environment, as far as an instance acts on them, and `get-config`, which shows them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::error::{Error, Io};
use super::layout::{GET_CONFIG, Layout};
pub(crate) use crate::beanstalk::config_file::{DEFAULT_NAMESPACE as PROPERTIES, SECRETS_NAMESPACE as SECRETS};
use crate::beanstalk::defaults;
use crate::mode;

/// Option settings by namespace and name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    values: BTreeMap<String, BTreeMap<String, String>>,
}

impl Settings {
    pub fn set(&mut self, namespace: &str, name: &str, value: impl Into<String>) {
        self.values.entry(namespace.to_owned()).or_default().insert(name.to_owned(), value.into());
    }

    /// Set an environment property.
    #[must_use]
    pub fn property(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(PROPERTIES, name, value);
        self
    }

    pub fn get(&self, namespace: &str, name: &str) -> Option<&str> {
        self.values.get(namespace)?.get(name).map(String::as_str)
    }

    pub fn namespace(&self, namespace: &str) -> impl Iterator<Item = (&str, &str)> {
        self.values.get(namespace).into_iter().flatten().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub fn properties(&self) -> BTreeMap<String, String> {
        self.values.get(PROPERTIES).cloned().unwrap_or_default()
    }

    /// These settings where they say something, else those of `under`: what is set directly wins over the files.
    #[must_use]
    pub fn over(&self, mut under: Self) -> Self {
        for (namespace, options) in &self.values {
            for (name, value) in options {
                under.set(namespace, name, value);
            }
        }
        under
    }

    /// Time that a command, a hook or another step may take.
    pub(crate) fn timeout(&self) -> Duration {
        let seconds = self.get("aws:elasticbeanstalk:command", "Timeout").and_then(|text| text.trim().parse().ok());
        Duration::from_secs(seconds.unwrap_or(600).clamp(1, 3600))
    }

    /// Does the balancer of this environment speak HTTPS to browsers?
    pub(crate) fn ends_tls(&self) -> bool {
        let certified =
            |namespace: &str, option: &str| self.get(namespace, option).is_some_and(|value| !value.is_empty());
        let enabled = self.get("aws:elbv2:listener:443", "ListenerEnabled") != Some("false");
        (certified("aws:elbv2:listener:443", "SSLCertificateArns") && enabled)
            || certified("aws:elb:listener:443", "SSLCertificateId")
    }

    /// Static file mappings: a path, and a folder of the bundle.
    pub(crate) fn static_files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.namespace(defaults::STATIC_FILES)
    }

    /// Put `get-config` where scripts call it.
    pub(crate) fn install(
        &self,
        layout: &Layout,
        python: &str,
        environment: &BTreeMap<String, String>,
    ) -> Result<(), Error> {
        let options: Map<String, Value> = self.values.iter().map(|(name, map)| (name.clone(), json!(map))).collect();
        let port = environment.get("PORT").cloned().unwrap_or_default();
        let static_files: BTreeMap<_, _> = self.static_files().collect();
        let document = json!({
            "optionsettings": options,
            "environment": environment,
            "container": {
                "application_port": port,
                "instance_port": "80",
                "proxy_server": self.get("aws:elasticbeanstalk:environment:proxy", "ProxyServer").unwrap_or("nginx"),
                "static_files": static_files,
                "xray_enabled": self.get("aws:elasticbeanstalk:xray", "XRayEnabled").unwrap_or("false"),
            },
            "platformconfig": {
                "AppUser": "webapp",
                "AppDeployDir": "/var/app/current/",
                "AppStagingDir": "/var/app/staging/",
                "ApplicationPort": port,
                "EBhooksDir": "/opt/elasticbeanstalk/hooks",
            },
            "addons": {},
        });
        layout.write_private("/opt/elasticbeanstalk/deployment/configuration.json", format!("{document}\n"))?;
        let script = include_str!("get-config.py").replacen("PYTHON", python, 1);
        let script = layout.write(GET_CONFIG, script)?;
        mode::set(&script, 0o755).doing("make executable", &script)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_directly_wins() {
        let direct = Settings::default().property("A", "direct");
        let files = Settings::default().property("A", "file").property("B", "file");
        let properties = direct.over(files).properties();
        assert_eq!(properties["A"], "direct");
        assert_eq!(properties["B"], "file");
    }

    #[test]
    fn the_timeout_has_bounds() {
        #[track_caller]
        fn case(text: &str, seconds: u64) {
            let mut settings = Settings::default();
            settings.set("aws:elasticbeanstalk:command", "Timeout", text);
            assert_eq!(settings.timeout().as_secs(), seconds);
        }
        case("30", 30);
        case("0", 1);
        case("99999", 3600);
        case("soon", 600);
        assert_eq!(Settings::default().timeout().as_secs(), 600);
    }
}
