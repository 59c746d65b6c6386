//! The two environments of a swap, as far as they are known before their names are exchanged.

use jiff::Timestamp;

use crate::environment::LiveSetting;
use crate::release::environment::{Environment, InstanceState};
use crate::release::version::Location;

/// One of the two.
#[derive(Debug, Clone)]
pub struct Side {
    pub environment: Environment,
    pub settings: Vec<LiveSetting>,
    /// `None` where only basic health is reported.
    pub instances: Option<Vec<InstanceState>>,
    /// How many there are, whatever they are at.
    pub count: usize,
    /// The bundle of its version.
    pub bundle: Option<Location>,
}

impl Side {
    pub(super) fn value(&self, namespace: &str, name: &str) -> Option<&str> {
        let found =
            self.settings.iter().find(|setting| setting.option.namespace == namespace && setting.option.name == name);
        found.and_then(|setting| setting.value.as_deref()).filter(|value| !value.is_empty())
    }

    /// Has one of its listeners a certificate?
    pub fn has_certificate(&self) -> bool {
        self.settings.iter().any(|setting| {
            let namespace = setting.option.namespace.as_str();
            let listener = namespace.starts_with("aws:elb:listener") || namespace.starts_with("aws:elbv2:listener");
            let certificate = matches!(setting.option.name.as_str(), "SSLCertificateArns" | "SSLCertificateId");
            listener && certificate && setting.value.as_ref().is_some_and(|value| !value.is_empty())
        })
    }
}

/// How far a swap is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// Not done, as far as anybody knows.
    Open,
    /// The names are exchanged, and the run that did it did not live to say that it went well.
    Exchanged,
    /// Done, and so it is still.
    Done,
}

/// The one that has the name, and the one that gets it.
#[derive(Debug, Clone)]
pub struct Survey {
    pub account: Option<String>,
    pub region: String,
    pub now: Timestamp,
    pub blue: Side,
    pub green: Side,
    pub stand: Stand,
}

impl Survey {
    /// The name that visitors use, and the one that comes for it.
    pub(super) fn names(&self) -> (Option<&str>, Option<&str>) {
        let (blue, green) = (self.blue.environment.cname.as_deref(), self.green.environment.cname.as_deref());
        // Of what is exchanged already, GREEN has the name.
        if self.stand == Stand::Open { (blue, green) } else { (green, blue) }
    }
}
