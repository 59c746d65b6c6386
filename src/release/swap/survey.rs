//! What AWS says of two environments before their names are exchanged. Reads only.

use jiff::Timestamp;

use super::error::Error;
use super::record;
use crate::beanstalk::name::{Application, EnvironmentName};
use crate::environment::LiveSetting;
use crate::release::aws::Aws;
use crate::release::bucket::BundleStore;
use crate::release::environment::{self, Environment, InstanceState};
use crate::release::observe::{self, Observed};
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

/// Look at both.
pub fn survey(
    aws: &Aws,
    store: &BundleStore,
    blue: &EnvironmentName,
    green: &EnvironmentName,
) -> Result<Survey, Error> {
    aws.block_on(async {
        let living = environment::everywhere(aws).await?;
        let find = |name: &EnvironmentName| {
            let found = living.iter().find(|living| living.name == *name.as_str()).cloned();
            found.ok_or_else(|| Error::NoEnvironment { name: name.to_string(), region: aws.region().to_owned() })
        };
        let (blue, green) = (find(blue)?, find(green)?);
        let mut stand = Stand::Open;
        if let Ok(application) = blue.application.parse::<Application>() {
            let bucket = store.open(aws).await?;
            let key = record::key(store, &application, &blue.id, &green.id);
            if let Some(exchange) = record::read(aws, &bucket, &key).await?
                && exchange.holds(&blue, &green)
            {
                stand = if exchange.ended.is_some() { Stand::Done } else { Stand::Exchanged };
            }
        }
        Ok(Survey {
            account: aws.caller().account.clone(),
            region: aws.region().to_owned(),
            now: aws.now(),
            blue: side(aws, blue).await?,
            green: side(aws, green).await?,
            stand,
        })
    })
}

async fn side(aws: &Aws, environment: Environment) -> Result<Side, Error> {
    let application: Application =
        environment.application.parse().map_err(|_| Error::NoApplication { name: environment.name.clone() })?;
    let Observed { settings, version, .. } = observe::settings_and_version(aws, &application, &environment).await?;
    Ok(Side {
        settings,
        instances: environment::instances(aws, &environment).await?,
        count: environment::count_instances(aws, &environment).await?,
        bundle: version.and_then(|version| version.bundle),
        environment,
    })
}
