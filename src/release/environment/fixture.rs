//! An environment for tests.

use super::{Environment, Health, Phase};

impl Environment {
    /// One that is ready and well, and of which nothing else is known.
    pub(crate) fn well(application: &str, name: &str) -> Self {
        Self {
            application: application.to_owned(),
            name: name.to_owned(),
            id: format!("e-{name}"),
            label: None,
            status: Phase::Ready,
            health: Health::Good,
            abortable: false,
            created: None,
            updated: None,
            url: None,
            cname: None,
            endpoint: None,
            platform: None,
            arn: None,
            worker: false,
        }
    }
}
