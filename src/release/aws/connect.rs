//! How a connection is made: region, credentials, wire and caller, and why there is none.

use aws_config::default_provider::region::DefaultRegionChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::ProvideCredentials;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::{Aws, Caller, Credentials, Settings};
use crate::fault::{Exit, Fault, Repeat};
use crate::release::api_error::{ApiError, ErrorKind};
use crate::release::call::Call;
use crate::release::http::connect_timeout;

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("no region is chosen")]
    NoRegion,
    #[error("no AWS credentials were found{}", profile.as_ref().map(|name| format!(" for profile `{name}`")).unwrap_or_default())]
    NoCredentials { profile: Option<String>, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("the AWS credentials cannot be used")]
    BadCredentials { profile: Option<String>, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("failed to start the threads for network calls")]
    Runtime { source: std::io::Error },
    #[error(transparent)]
    Refused(#[from] ApiError),
}

impl Fault for ConnectError {
    fn exit(&self) -> Exit {
        match self {
            Self::NoRegion => Exit::Usage,
            Self::NoCredentials { .. } | Self::BadCredentials { .. } | Self::Runtime { .. } => Exit::Aws,
            Self::Refused(error) => error.exit(),
        }
    }

    fn repeat(&self) -> Option<Repeat> {
        match self {
            Self::NoRegion => None,
            Self::NoCredentials { .. } | Self::BadCredentials { .. } => Some(Repeat::AfterChange),
            Self::Runtime { .. } => Some(Repeat::Later),
            Self::Refused(error) => error.repeat(),
        }
    }

    fn hint(&self) -> Option<String> {
        let with =
            |profile: &Option<String>| profile.as_ref().map(|name| format!(" --profile {name}")).unwrap_or_default();
        match self {
            Self::NoRegion => Some("name it with `--region`, `AWS_REGION`, or `region` in `[release]`".to_owned()),
            Self::NoCredentials { profile, .. } => Some(format!(
                "`aws configure sso{0}` or `aws configure{0}` sets them up; `--sandbox` needs none",
                with(profile)
            )),
            Self::BadCredentials { profile, .. } => {
                Some(format!("if this profile uses IAM Identity Center, `aws sso login{}` renews them", with(profile)))
            }
            Self::Runtime { .. } => None,
            Self::Refused(error) => error.hint(),
        }
    }
}

pub(super) async fn load(settings: &Settings) -> SdkConfig {
    let everywhere = settings.endpoint_url.is_some() || settings.endpoints_cover_all;
    let mut urls = settings.endpoint_url.iter().chain(&settings.endpoints);
    let plain = everywhere && urls.all(|url| url.starts_with("http://"));
    let local = matches!(settings.credentials, Credentials::Keys { .. } | Credentials::Environment);
    let http = aws_smithy_http_client::Builder::new();
    // Reading the machine's trusted certificates takes longer than talking to a loopback address.
    let http = if plain && local {
        http.build_http()
    } else {
        http.tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
    };
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(connect_timeout(settings.timeout))
        .operation_attempt_timeout(settings.timeout)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http.clone()).timeout_config(timeouts);
    if let Some(profile) = settings.credentials.profile() {
        loader = loader.profile_name(profile);
    }
    if let Credentials::Profile(profile) = &settings.credentials {
        // The SDK's own chain asks the environment first.
        let region = match &settings.region {
            Some(region) => Some(Region::new(region.clone())),
            None => DefaultRegionChain::builder().profile_name(profile).build().region().await,
        };
        let how = ProviderConfig::default().with_http_client(http).with_region(region);
        let files = ProfileFileCredentialsProvider::builder().configure(&how).profile_name(profile);
        loader = loader.credentials_provider(files.build());
    }
    if let Some(region) = &settings.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(url) = &settings.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Credentials::Keys { id, secret } = &settings.credentials {
        let keys = aws_sdk_s3::config::Credentials::builder()
            .access_key_id(id)
            .secret_access_key(secret)
            .provider_name("sandbox")
            .build();
        loader = loader.credentials_provider(keys);
    }
    loader.load().await
}

/// Find the credentials before the first call, so that their absence isn't reported as a failure of that call.
pub(super) async fn find_credentials(config: &SdkConfig, settings: &Settings) -> Result<(), ConnectError> {
    use aws_credential_types::provider::error::CredentialsError;
    let profile = settings.credentials.profile().cloned();
    let Some(provider) = config.credentials_provider() else {
        return Err(ConnectError::NoCredentials { profile, source: "the SDK has no way to find any".into() });
    };
    match provider.provide_credentials().await {
        Ok(_) => Ok(()),
        Err(error @ CredentialsError::CredentialsNotLoaded(_)) => {
            Err(ConnectError::NoCredentials { profile, source: error.into() })
        }
        // The last place to ask: a machine that is not AWS's, or one without a role, has none to give.
        Err(error) if is_from_metadata(&error) => Err(ConnectError::NoCredentials { profile, source: error.into() }),
        Err(error) => Err(ConnectError::BadCredentials { profile, source: error.into() }),
    }
}

/// Did the metadata service of a machine refuse?
fn is_from_metadata(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    causes.any(|error| error.is::<aws_config::imds::client::error::ImdsError>())
}

/// AWS says who calls; another endpoint may not know the question.
pub(super) async fn who(aws: &Aws, config: &SdkConfig) -> Result<Caller, ApiError> {
    let sts = aws_sdk_sts::Client::new(config);
    let call = Call::new("sts", "GetCallerIdentity");
    match aws.read(call, sts.get_caller_identity().send()).await {
        Ok(answer) => Ok(Caller { account: answer.account, arn: answer.arn }),
        Err(error) if aws.endpoint_url.is_some() && matches!(error.kind(), ErrorKind::Refused | ErrorKind::Missing) => {
            Ok(Caller::default())
        }
        Err(error) => Err(error),
    }
}
