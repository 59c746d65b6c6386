//! What AWS says of two environments before their names are exchanged. Reads only.

use super::error::Error;
use super::record;
use super::sides::{Side, Stand, Survey};
use crate::beanstalk::name::{Application, EnvironmentName};
use crate::release::aws::Aws;
use crate::release::bucket::BundleStore;
use crate::release::environment::{self, Environment};
use crate::release::observe::{self, Observed};

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
            if let Some(exchange) = record::holding(aws, &bucket, &key, &blue, &green).await? {
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
        count: environment::instance_ids(aws, &environment).await?.len(),
        bundle: version.and_then(|version| version.bundle),
        environment,
    })
}
