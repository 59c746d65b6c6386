//! The only door to AWS: what is uploaded, registered, deployed and pruned goes through here.
//!
//! Two kinds of calls exist. One that reads is made with `Aws::read`; one that changes something with `Aws::write`,
//! which records it, and in a dry run (`--dry-run`) writes it down instead of sending it. A call that was cut off is
//! never guessed about: the next step asks AWS what is true.

mod api_error;
mod audit;
mod aws;
mod backoff;
mod bucket;
mod bucket_security;
mod bundle_file;
mod bundle_state;
mod call;
mod compare;
mod delta;
mod deploy;
mod deployment_log;
mod document;
mod download;
mod drill;
mod environment;
mod history;
mod http;
mod iam;
mod instance_logs;
mod launch;
mod layout;
mod lifecycle;
mod observe;
mod operation;
mod part_lengths;
mod policy;
mod probe;
mod prune;
mod publish;
mod ran;
mod record;
mod release_file;
mod running_step;
mod status;
mod swap;
mod tag;
mod upload;
mod version;

pub use api_error::{ApiError, ErrorKind};
pub use aws::{Aws, Caller, ConnectError, Credentials, Settings};
pub use bucket::{BundleBucket, BundleStore, Error as StoreError, PREFIX};
pub use bucket_security::BucketSecurity;
pub use bundle_file::{BundleFile, BundleFileError};
pub use call::Call;
pub use compare::Bytes;
pub use delta::WholeReason;
pub use deploy::{
    Deployed, Error as DeployError, Event as DeployEvent, Failed, Outcome, Request as DeployRequest, WatchRequest,
    WayBack, deploy, watch, way_back,
};
pub use deployment_log::{Absence, DeploymentLog, Error as LogError, LogReading, deployment_log};
pub use download::{Error as DownloadError, Event as DownloadEvent, download};
pub use drill::{Left as LeftDrill, as_if_lost, left as left_drills, left_in as left_drills_in, validate};
pub use environment::{Environment, EnvironmentEvent, Health, InstanceState, Phase, Severity};
pub use instance_logs::{InstanceLogs, LastLines, instance_logs};
pub use launch::{
    Bundle as ChosenBundle, Chosen, Cname, Error as LaunchError, Event as LaunchEvent, Launch as PlannedLaunch,
    Launched, LaunchedEnvironment, NotChecked, Options as LaunchOptions, Outcome as LaunchOutcome, Plan as LaunchPlan,
    PlanOptions, Problem, Problems, Survey, Target, There, Wanted, Why, bundle as fetch_bundle, choose, launch,
    look_for_roles, plan as launch_plan, profile_lines, registered, survey,
};
pub use lifecycle::{
    Change as LifecycleChange, Departure, Error as LifecycleError, Forecast, Lifecycle, Rule as LifecycleRule,
    SERVICE_ROLE, forecast as lifecycle_forecast, set as set_lifecycle,
};
pub use observe::{Observed, observe};
pub use operation::{Operation, Verb};
pub use policy::{Role, Scope, policy};
pub use probe::{Probe, Probed};
pub use prune::{
    Apply, Error as PruneError, Event as PruneEvent, Overview, Pruned, RestoreOutcome, Restored, Undo, UndoFiles,
    overview, plan, prune, undo,
};
pub use prune::{Deletion, KEEP_DEPLOYED, Kept, Object, Plan, Policy, Reason, Upload, matches};
pub use publish::{
    Error as PublishError, Event as PublishEvent, Named, Published, Quota, Request as PublishRequest, publish,
};
pub use ran::ran_well;
pub use record::{RunRecord, record};
pub use release_file::{
    RELEASE, ReleaseDeployment, ReleaseFile, ReleasePlace, ReleasedArchive, ReleasedCheck, ReleasedSource, ReleasedTree,
};
pub use status::{Details, Region, details, ending, living, region};
pub use swap::{
    Condition, Conditions, Despite, Error as SwapError, Event as SwapEvent, Migrations, Options as SwapOptions,
    Outcome as SwapOutcome, Side as SwapSide, Stand, Survey as SwapSurvey, Swapped, Tested,
    conditions as swap_conditions, survey as swap_survey, swap, test as swap_test,
};
pub use version::{Location, Status, Version, versions};
