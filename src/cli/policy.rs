//! `policy`: the IAM documents that go with the verbs.

use clap::Args;

use super::eb_cli_settings;
use crate::beanstalk::regions;
use crate::fault::{Exit, Failure, Fault};
use crate::project::Project;
use crate::release::{PREFIX, Role, SERVICE_ROLE, Scope, policy};
use crate::ui::Ui;
use crate::world::World;

/// Print the IAM policy that a role needs, as JSON
///
/// Least privilege for what this program calls, with explicit denies for deleting applications and for ending
/// environments that are named or tagged as production.
#[derive(Debug, Args)]
#[command(
    after_help = "Example: beansprout policy publisher --account 123456789012 --region eu-west-1 > publisher.json"
)]
pub(crate) struct PolicyArgs {
    /// For whom
    role: Role,
    /// The Elastic Beanstalk application [default: `application` in `[release]`, or the project's name]
    #[arg(long, value_name = "NAME")]
    application: Option<String>,
    /// The environment that a deployer, launcher or swapper may change; may be given more than once
    #[arg(long = "env", value_name = "NAME", default_value = "*")]
    environment: Vec<String>,
    /// The account's number
    #[arg(long, value_name = "ID", default_value = "*", value_parser = account)]
    account: String,
    /// The region [default: `AWS_REGION`, `region` in `[release]`, or all]
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// The bucket [default: `bucket` in `[release]`, or the one of Elastic Beanstalk]
    #[arg(long, value_name = "NAME")]
    bucket: Option<String>,
    /// The archive that `prune` copies bundles to, and `publish --undo` brings them back from
    #[arg(long, value_name = "PREFIX")]
    archive: Option<String>,
    /// The KMS key that bundles are encrypted with: its id, ARN or `alias/NAME` [default: `kms_key` in `[release]`]
    #[arg(long, value_name = "KEY")]
    kms_key: Option<String>,
    /// The role that a lifecycle rule deletes as, by name
    #[arg(long, value_name = "NAME", default_value = SERVICE_ROLE)]
    service_role: String,
    /// The partition of the account: China and GovCloud have their own [default: that of the region]
    #[arg(long, value_name = "NAME", value_parser = PARTITIONS)]
    partition: Option<String>,
    /// Of `guard`: deny swapping names too, for everybody who is no swapper
    #[arg(long)]
    no_swap: bool,
}

const PARTITIONS: [&str; 3] = ["aws", "aws-cn", "aws-us-gov"];

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("`--no-swap` belongs to `guard`")]
    NoSwap,
    #[error("{region} is in partition `{has}`, not in `{named}`")]
    OtherPartition { region: String, has: &'static str, named: String },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        Exit::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::NoSwap => "no other role may swap, but `swapper`",
                Self::OtherPartition { .. } => "leave `--partition` out: it follows the region",
            }
            .to_owned(),
        )
    }
}

pub(crate) fn verb(args: &PolicyArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    let project = Project::load(world)?;
    if args.no_swap && args.role != Role::Guard {
        return Err(Error::NoSwap.into());
    }
    let release = &project.config.release;
    let variable = || ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter().find_map(|name| world.var(name));
    let region = args.region.clone().or_else(|| variable().map(str::to_owned)).or_else(|| release.region.clone());
    let region = region.unwrap_or_else(|| "*".to_owned());
    let has = regions::partition(&region);
    if let Some(named) = args.partition.as_ref().filter(|named| *named != has && region != "*") {
        return Err(Error::OtherPartition { region, has, named: named.clone() }.into());
    }
    let scope = Scope {
        partition: args.partition.clone().unwrap_or_else(|| has.to_owned()),
        region,
        account: args.account.clone(),
        application: eb_cli_settings::application(args.application.as_deref(), &project)?,
        environments: args.environment.clone(),
        bucket: args.bucket.clone().or_else(|| release.bucket.clone()),
        prefix: release.prefix.clone().unwrap_or_else(|| PREFIX.to_owned()),
        service_role: args.service_role.clone(),
        archive: args.archive.clone(),
        no_swap: args.no_swap,
        kms_key: args.kms_key.clone().or_else(|| release.kms_key.clone()),
    };
    for (flag, value) in [("--account", &scope.account), ("--region", &scope.region)] {
        if value == "*" {
            ui.warn(format_args!("the policy is about every {}; name yours with `{flag}`", &flag[2..]));
        }
    }
    // A policy is JSON for people too.
    ui.foreign_json(&policy(args.role, &scope));
    Ok(Exit::Done)
}

fn account(text: &str) -> Result<String, String> {
    let digits = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits || text == "*" { Ok(text.to_owned()) } else { Err("an account's number has 12 digits".to_owned()) }
}
