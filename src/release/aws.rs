//! A connection: who calls, from where, and over which wire.

mod connect;

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;

use super::api_error::{ApiError, Endpoint};
use super::audit::Audit;
use super::call::Call;
use super::iam::{self, Iam};
use crate::beanstalk::regions;
use crate::known::Known;
use crate::world::World;

pub use connect::ConnectError;

/// Settings of a connection, resolved from flags, environment and project file.
#[derive(Debug, Clone)]
pub struct Settings {
    pub credentials: Credentials,
    /// `None` leaves it to the profile, and on AWS's own machines to their metadata.
    pub region: Option<String>,
    /// `None` is AWS itself.
    pub endpoint_url: Option<String>,
    /// Addresses in the environment. The SDK reads them itself; here they tell what will be spoken.
    pub endpoints: Vec<String>,
    /// One of them is for every service that has none of its own.
    pub endpoints_cover_all: bool,
    /// Time that one call may stay without an answer.
    pub timeout: Duration,
    /// Write down what would be changed instead of changing it.
    pub dry_run: bool,
    /// File in which every call that changes something leaves a line.
    pub audit: Option<PathBuf>,
    /// What answers plays whatever account a description names, so that production can be rehearsed.
    pub stand_in: bool,
}

/// Credentials that sign the calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// The SDK's own chain.
    Chain,
    /// The chain with this profile in it, which keys in the environment come before.
    ProfileOrKeys(String),
    /// This profile and nothing else: no keys in the environment may stand in for it.
    Profile(String),
    /// Keys in the environment: no file, process or web service has to be asked for them.
    Environment,
    /// Keys of an embedded AWS.
    Keys { id: String, secret: String },
}

impl Credentials {
    fn profile(&self) -> Option<&String> {
        match self {
            Self::ProfileOrKeys(name) | Self::Profile(name) => Some(name),
            Self::Chain | Self::Environment | Self::Keys { .. } => None,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            credentials: Credentials::Chain,
            region: None,
            endpoint_url: None,
            endpoints: Vec::new(),
            endpoints_cover_all: false,
            timeout: Duration::from_secs(30),
            dry_run: false,
            audit: None,
            stand_in: false,
        }
    }
}

/// A connection to AWS, or to something that speaks its language.
pub struct Aws {
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) eb: aws_sdk_elasticbeanstalk::Client,
    pub(crate) region: String,
    pub(crate) caller: Caller,
    endpoint: Endpoint,
    endpoint_url: Option<String>,
    stand_in: bool,
    dry_run: Option<Mutex<Vec<Call>>>,
    /// Actions that IAM had to allow for the calls that only read.
    asked: Mutex<BTreeSet<&'static str>>,
    iam: Iam,
    audit: Audit,
    world: World,
    runtime: tokio::runtime::Runtime,
}

/// In whose name the calls are made.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Caller {
    /// `None` where nobody could say.
    pub account: Option<String>,
    pub arn: Option<String>,
}

impl Aws {
    /// Connect: find credentials and region, and ask AWS whose they are.
    pub fn connect(settings: Settings, world: &World) -> Result<Self, ConnectError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|source| ConnectError::Runtime { source })?;
        let config = runtime.block_on(connect::load(&settings));
        let region = config.region().ok_or(ConnectError::NoRegion)?.to_string();
        runtime.block_on(connect::find_credentials(&config, &settings))?;
        let endpoint_url = settings.endpoint_url.clone().or_else(|| config.endpoint_url().map(str::to_owned));

        let address = endpoint_url.clone().unwrap_or_else(|| format!("AWS in {region}"));
        let to_enable =
            Some(region.clone()).filter(|region| endpoint_url.is_none() && regions::must_be_enabled(region));
        let iam = Iam::new(&config, endpoint_url.as_deref(), &settings.endpoints, settings.timeout);
        // A bucket's name can't become a part of a loopback host's name.
        let elsewhere = endpoint_url.is_some() || !settings.endpoints.is_empty();
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(elsewhere);
        let mut aws = Self {
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            eb: aws_sdk_elasticbeanstalk::Client::new(&config),
            region,
            caller: Caller::default(),
            endpoint: Endpoint { address, timeout: settings.timeout, to_enable },
            endpoint_url,
            stand_in: settings.stand_in,
            dry_run: settings.dry_run.then(Mutex::default),
            asked: Mutex::default(),
            iam,
            audit: Audit::new(settings.audit),
            world: world.clone(),
            runtime,
        };
        aws.caller = aws.block_on(connect::who(&aws, &config))?;
        Ok(aws)
    }

    pub fn region(&self) -> &str {
        &self.region
    }

    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The account that a description is held against. `None` where nobody could say, or where any is played.
    pub fn account(&self) -> Option<&str> {
        self.caller.account.as_deref().filter(|_| !self.stand_in)
    }

    /// Does something else than AWS answer, such as an embedded one?
    pub fn is_elsewhere(&self) -> bool {
        self.endpoint_url.is_some()
    }

    /// Is this a dry run?
    pub fn is_dry_run(&self) -> bool {
        self.dry_run.is_some()
    }

    /// The calls that a dry run did not make, in order.
    pub fn dry_run_calls(&self) -> Vec<Call> {
        match &self.dry_run {
            Some(calls) => calls.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            None => Vec::new(),
        }
    }

    /// Would this dry run have made such a call by now, with all of these arguments?
    pub(crate) fn would_have(&self, operation: &str, arguments: &[(&str, &str)]) -> bool {
        let has =
            |call: &Call, (name, value): &(&str, &str)| call.arguments.iter().any(|(n, v)| n == name && v == value);
        let made = |call: &Call| call.operation == operation && arguments.iter().all(|argument| has(call, argument));
        self.dry_run_calls().iter().any(made)
    }

    /// Actions that IAM has to allow for the calls of a dry run, those that only read included.
    pub fn actions(&self) -> BTreeSet<&'static str> {
        let mut actions = self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        actions.extend(self.dry_run_calls().iter().flat_map(|call| call.actions.iter().copied()));
        actions
    }

    /// A call that only reads is made, or would be made outside of a dry run.
    pub(crate) fn note_actions(&self, call: &Call) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).extend(call.actions.iter().copied());
    }

    /// In a dry run: calls that would be made while something moves, each time that it is looked at.
    pub(crate) fn note_following(&self, operations: &[&'static str]) {
        operations.iter().for_each(|operation| self.note_actions(&Call::eb(operation)));
    }

    pub(crate) fn now(&self) -> jiff::Timestamp {
        self.world.now()
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Make a call that changes nothing.
    pub(crate) async fn read<T, E>(
        &self,
        call: Call,
        future: impl Future<Output = Result<T, SdkError<E>>>,
    ) -> Result<T, ApiError>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        self.note_actions(&call);
        future.await.map_err(|error| ApiError::new(call, error, &self.endpoint))
    }

    /// Make a call that changes something: recorded, and in a dry run only written down (`None`).
    pub(crate) async fn write<T, E>(
        &self,
        call: Call,
        future: impl Future<Output = Result<T, SdkError<E>>>,
    ) -> Result<Option<T>, ApiError>
    where
        T: RequestId,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let call = call.changing();
        if self.is_dry_run() {
            self.dry_run(call);
            return Ok(None);
        }
        match future.await {
            Ok(answer) => {
                self.audit.done(self.now(), self.caller.arn.as_deref(), &call, answer.request_id());
                Ok(Some(answer))
            }
            Err(error) => {
                let error = ApiError::new(call, error, &self.endpoint);
                self.audit.refused(self.now(), self.caller.arn.as_deref(), &error);
                Err(error)
            }
        }
    }

    /// A request with megabytes in it may take longer than one with words.
    pub(crate) fn for_bodies(&self) -> aws_sdk_s3::config::Builder {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(self.endpoint.timeout * 10).build();
        aws_sdk_s3::config::Builder::default().timeout_config(timeouts)
    }

    /// Write down a call of a dry run.
    pub(crate) fn dry_run(&self, call: Call) {
        if let Some(calls) = &self.dry_run {
            calls.lock().unwrap_or_else(PoisonError::into_inner).push(call);
        }
    }

    /// Other end of the wire, for messages.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Is there an instance profile, or a role, of this name? Nothing depends on the answer.
    pub(crate) async fn is_in_iam(&self, kind: iam::Kind, name: &str) -> Known<()> {
        self.note_actions(&Call::new("iam", kind.operation()));
        self.iam.look(kind, name, self.now().into()).await
    }

    pub(crate) fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Reason why the record of what was changed is incomplete, if it is.
    pub fn unrecorded(&self) -> Option<String> {
        self.audit.broken()
    }
}

impl fmt::Debug for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aws").field("region", &self.region).field("caller", &self.caller).finish_non_exhaustive()
    }
}

/// `arn:aws:iam::123456789012:user/ann`, or where, if nobody could say who.
impl fmt::Display for Aws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.caller.arn, &self.endpoint_url) {
            (Some(arn), None) => write!(f, "as `{arn}` in {}", self.region),
            (Some(arn), Some(url)) => write!(f, "as `{arn}` in {} at {url}", self.region),
            (None, Some(url)) => write!(f, "{} at {url}", self.region),
            (None, None) => write!(f, "{}", self.region),
        }
    }
}
