//! The options by which every verb finds AWS, and the embedded AWS that can stand in for it.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use clap::{ArgMatches, Args, FromArgMatches};
use serde::Serialize;

use super::eb_cli_settings;
use crate::beanstalk::eb_config::EbConfig;
use crate::beanstalk::regions;
use crate::environment::Description;
use crate::fault::Failure;
use crate::file;
use crate::project::Project;
use crate::release::{self, Aws, BundleStore, Call, Credentials, PREFIX, RunRecord, Settings};
use crate::sandbox;
use crate::ui::{Answer, Carried, Ui, nearest, quoted};
use crate::world::World;

/// The verbs that take these options.
pub(super) const VERBS: &[&str] = &[
    "capture", "deploy", "diff", "drill", "inspect", "launch", "logs", "promote", "prune", "publish", "rollback",
    "status", "swap", "verify", "versions", "wait",
];

/// Seconds that one call has.
const CALL_TIMEOUT: u64 = 30;

#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "AWS options")]
pub(crate) struct AwsArgs {
    /// Use this profile of `~/.aws/config`, whatever keys the environment has [default: `AWS_PROFILE`, or `profile` in `[release]`]
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Work in this region [default: `AWS_REGION`, `region` in `[release]`, or the profile's]
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// Send all calls to this address instead of AWS's own [default: `AWS_ENDPOINT_URL`]
    #[arg(long, value_name = "URL", conflicts_with = "sandbox", value_parser = address)]
    endpoint_url: Option<String>,
    /// Use the embedded AWS: no account, no credentials, no network
    #[arg(long, conflicts_with = "profile")]
    pub(crate) sandbox: bool,
    /// Give one call this long to answer
    #[arg(long, value_name = "SECONDS", default_value_t = CALL_TIMEOUT, value_parser = clap::value_parser!(u64).range(1..=3600))]
    call_timeout: u64,
}

/// A connection, and the embedded AWS behind it if that is what it leads to.
pub(crate) struct Connected {
    aws: Aws,
    _server: Option<sandbox::Server>,
    pub(crate) sandbox: bool,
    /// Place where the project wants a record of each run.
    audit: Option<BundleStore>,
}

impl Connected {
    /// A connection to an embedded AWS of a rehearsal, which is on nobody's record.
    pub(crate) fn rehearsing(
        args: &AwsArgs,
        server: &sandbox::Server,
        region: &str,
        world: &World,
    ) -> Result<Self, Failure> {
        let timeout = Duration::from_secs(args.call_timeout);
        let settings = embedded(server, Settings { region: Some(region.to_owned()), timeout, ..Settings::default() });
        Ok(Self { aws: Aws::connect(settings, world)?, _server: None, sandbox: true, audit: None })
    }

    /// The end of a run that may have changed something: see that it is on record, or say that it isn't.
    pub(crate) fn record<T, E: fmt::Display>(&self, result: &Result<T, E>, run: RunRecord, ui: &mut Ui) {
        if let Some(problem) = self.aws.unrecorded() {
            ui.warn(problem);
        }
        let Some(bundle_store) = self.audit.as_ref().filter(|_| !self.aws.is_dry_run()) else { return };
        let run = RunRecord { error: result.as_ref().err().map(ToString::to_string), ..run };
        match release::record(&self.aws, bundle_store, &run) {
            Ok(Some(at)) => ui.say(format_args!("recorded in `{at}`")),
            Ok(None) => {}
            Err(error) => ui.warn(format_args!("this run is not on record in the bucket: {error}")),
        }
    }
}

impl Deref for Connected {
    type Target = Aws;

    fn deref(&self) -> &Aws {
        &self.aws
    }
}

/// Where an environment is, as its description says. It comes after flags and variables, and before `[release]`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    pub(crate) region: Option<String>,
    pub(crate) profile: Option<String>,
}

impl Place {
    pub(crate) fn of(description: &Description) -> Self {
        Self { region: description.region.clone(), profile: description.deploy.profile.clone() }
    }
}

/// Will calls that change something be made?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    Act,
    DryRun,
}

impl Intent {
    pub(crate) fn of(dry_run: bool) -> Self {
        if dry_run { Self::DryRun } else { Self::Act }
    }
}

/// Calls of a dry run, and what IAM has to allow for them.
#[derive(Serialize)]
pub(crate) struct DryRun {
    calls: Vec<Call>,
    actions: BTreeSet<&'static str>,
}

fn address(text: &str) -> Result<String, String> {
    let host = ["http://", "https://"].into_iter().find_map(|scheme| text.strip_prefix(scheme));
    match host {
        Some(host) if !host.is_empty() => Ok(text.to_owned()),
        _ => Err("it begins with `http://` or `https://`".to_owned()),
    }
}

impl DryRun {
    pub(crate) fn of(aws: &Aws) -> Self {
        Self { calls: aws.dry_run_calls(), actions: aws.actions() }
    }
}

impl Answer for DryRun {
    const SCHEMA: &str = "dry-run/1";
}

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.calls.is_empty() {
            return f.write_str("nothing would change");
        }
        writeln!(f, "would call:")?;
        for call in &self.calls {
            writeln!(f, "  {call}")?;
        }
        write!(f, "IAM has to allow:")?;
        self.actions.iter().try_for_each(|action| write!(f, "\n  {action}"))
    }
}

/// Warn of a region that nobody here knows: a typo, or one that is newer than this program. Says whether it did.
fn tell_unknown(region: &str, ui: &mut Ui) -> bool {
    if regions::is_known(region) {
        return false;
    }
    match nearest(region, regions::names()) {
        Some(near) => ui.warn(format_args!("no region `{region}` is known here; did you mean `{near}`?")),
        None => ui.warn(format_args!("no region `{region}` is known here")),
    }
    true
}

/// Settings of a connection to an embedded AWS, which plays any account.
fn embedded(server: &sandbox::Server, settings: Settings) -> Settings {
    let (id, secret) = (sandbox::ACCESS_KEY_ID.to_owned(), sandbox::SECRET_ACCESS_KEY.to_owned());
    let credentials = Credentials::Keys { id, secret };
    Settings { credentials, endpoint_url: Some(server.endpoint()), stand_in: true, ..settings }
}

/// Place where the project keeps what it releases.
pub(crate) fn bundle_store(project: &Project, bucket: Option<&str>) -> BundleStore {
    let release = &project.config.release;
    BundleStore {
        bucket: bucket.map(str::to_owned).or_else(|| release.bucket.clone()),
        owner: release.bucket_owner.clone(),
        kms_key: release.kms_key.clone(),
        prefix: release.prefix.clone().unwrap_or_else(|| PREFIX.to_owned()),
    }
}

impl AwsArgs {
    /// The same, for another place: what was typed of profile and region is about the first.
    pub(crate) fn at(&self, place: &Place) -> Self {
        let region = place.region.clone().or_else(|| self.region.clone());
        Self { profile: place.profile.clone().or_else(|| self.profile.clone()), region, ..self.clone() }
    }

    /// The arguments of `--sandbox` alone.
    pub(crate) fn sandboxed() -> Self {
        Self { sandbox: true, call_timeout: CALL_TIMEOUT, ..Self::default() }
    }

    /// What was typed of them, as a shell takes it: every command that is printed has it.
    fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        for (flag, value) in
            [("--profile", &self.profile), ("--region", &self.region), ("--endpoint-url", &self.endpoint_url)]
        {
            words.extend(value.as_ref().map(|value| format!("{flag} {}", quoted(value))));
        }
        if self.sandbox {
            words.push("--sandbox".to_owned());
        }
        if self.call_timeout != CALL_TIMEOUT {
            words.push(format!("--call-timeout {}", self.call_timeout));
        }
        words
    }

    /// The first of them that leads to one AWS and to no other.
    pub(crate) fn leading(&self) -> Option<&'static str> {
        let given = [
            ("--profile", self.profile.is_some()),
            ("--region", self.region.is_some()),
            ("--endpoint-url", self.endpoint_url.is_some()),
        ];
        given.into_iter().find_map(|(flag, given)| given.then_some(flag))
    }

    /// From here on, commands that are said find AWS as these do.
    pub(crate) fn carry(&self, ui: &mut Ui) {
        let words = self.words().join(" ");
        ui.carry(Carried { words, ..ui.carried().clone() });
    }

    /// The words of whatever was typed; none where the verb has no options of AWS.
    pub(crate) fn words_of(matches: &ArgMatches) -> String {
        let mut verb = matches;
        while let Some((_, deeper)) = verb.subcommand() {
            verb = deeper;
        }
        let found = verb.try_contains_id("call_timeout").ok().and_then(|_| Self::from_arg_matches(verb).ok());
        found.map(|args| args.words().join(" ")).unwrap_or_default()
    }

    /// Connect, and say who acts where.
    pub(crate) fn connect(
        &self,
        project: &Project,
        intent: Intent,
        world: &World,
        ui: &mut Ui,
    ) -> Result<Connected, Failure> {
        self.connect_to(project, &Place::default(), intent, world, ui)
    }

    /// Connect to where an environment is.
    pub(crate) fn connect_to(
        &self,
        project: &Project,
        place: &Place,
        intent: Intent,
        world: &World,
        ui: &mut Ui,
    ) -> Result<Connected, Failure> {
        let mut settings = Settings {
            timeout: Duration::from_secs(self.call_timeout),
            dry_run: intent == Intent::DryRun,
            audit: Some(project.state()?.file("audit.jsonl")?),
            ..Settings::default()
        };
        let release = &project.config.release;
        let audit = release.audit.then(|| bundle_store(project, None));
        let named = |flag: &Option<String>, variables: &[&str], place: &Option<String>, ours: &Option<String>| {
            let variable = || variables.iter().find_map(|name| world.var(name)).map(str::to_owned);
            flag.clone().or_else(variable).or_else(|| place.clone()).or_else(|| ours.clone())
        };
        let region = named(&self.region, &["AWS_REGION", "AWS_DEFAULT_REGION"], &place.region, &release.region);
        let profile = named(&self.profile, &["AWS_PROFILE"], &place.profile, &release.profile);
        // A file of others is read for what nobody else says, and keeps nobody up otherwise.
        let asks = region.is_none() || profile.is_none() && !self.sandbox;
        let theirs = if asks { eb_cli_settings::read_here(project)? } else { EbConfig::default() };
        settings.region = region.or(theirs.region);
        let told = settings.region.as_deref().is_some_and(|region| tell_unknown(region, ui));
        if self.sandbox {
            let region = settings.region.unwrap_or_else(|| sandbox::REGION.to_owned());
            settings.region = Some(region);
            let state = project.state()?.make("sandbox")?;
            file::refuse_links(&state)?;
            let server = sandbox::Server::start(sandbox::Settings::new(world, state))?;
            let aws = Aws::connect(embedded(&server, settings), world)?;
            ui.say(format_args!("the sandbox: an AWS of its own on this machine, at {}", server.endpoint()));
            return Ok(Connected { aws, _server: Some(server), sandbox: true, audit });
        }
        settings.credentials = match profile.or(theirs.profile) {
            Some(name) if self.profile.is_some() => Credentials::Profile(name),
            Some(name) => Credentials::ProfileOrKeys(name),
            None if world.var("AWS_ACCESS_KEY_ID").is_some() => Credentials::Environment,
            None => Credentials::Chain,
        };
        settings.endpoint_url = self.endpoint_url.clone();
        // The SDK reads these itself, one for each service if there is one.
        let variables = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_ELASTIC_BEANSTALK"];
        settings.endpoints = variables.into_iter().filter_map(|name| world.var(name)).map(str::to_owned).collect();
        settings.endpoints_cover_all = world.var("AWS_ENDPOINT_URL").is_some();
        let aws = Aws::connect(settings, world)?;
        if !told {
            // The profile's.
            tell_unknown(aws.region(), ui);
        }
        ui.say(format_args!("acting {aws}"));
        Ok(Connected { aws, _server: None, sandbox: false, audit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::program;

    #[test]
    fn verbs_with_options_of_aws_are_known() {
        let takes = |verb: &clap::Command| verb.get_arguments().any(|argument| argument.get_id() == "call_timeout");
        let program = program();
        let mut verbs: Vec<&str> =
            program.get_subcommands().filter(|verb| takes(verb)).map(clap::Command::get_name).collect();
        verbs.sort_unstable();
        assert_eq!(verbs, VERBS);
    }

    #[test]
    fn what_is_said_beside_the_sandbox_is_about_the_sandbox() {
        let world = World::real().unwrap();
        let mut ui = Ui::new(&world, crate::ui::OutputFormat::People, true, crate::ui::Color::Never);
        ui.carry(Carried { verbs: VERBS, ..Carried::default() });
        assert_eq!(ui.told("`beansprout prune` shows them"), "`beansprout prune` shows them");
        AwsArgs::sandboxed().carry(&mut ui);
        assert_eq!(ui.told("`beansprout prune` shows them"), "`beansprout prune --sandbox` shows them");
        assert_eq!(ui.told("`beansprout up` runs it"), "`beansprout up` runs it");
    }

    #[test]
    fn what_was_typed_can_be_typed_again() {
        let words = |line: &str| {
            let words: Vec<std::ffi::OsString> = line.split(' ').map(|word| word.replace('_', " ").into()).collect();
            crate::cli::Cli::parse_words(&words).unwrap().1
        };
        assert_eq!(words("beansprout versions"), "");
        assert_eq!(words("beansprout check"), "");
        assert_eq!(words("beansprout drill end --sandbox"), "--sandbox");
        assert_eq!(
            words(
                "beansprout status --call-timeout 5 --profile my_shop --endpoint-url http://[::1]:80 --region eu-west-1"
            ),
            "--profile 'my shop' --region eu-west-1 --endpoint-url 'http://[::1]:80' --call-timeout 5"
        );
    }
}
