//! The roof: one file per verb, each with its arguments, its help and its story: read, decide, act, say.

mod add;
mod adopt;
mod aws;
mod bundles;
mod capture;
mod check;
mod commit;
mod complete;
mod completions;
mod deploy;
mod diff;
mod drill;
mod eb_cli_settings;
mod env_file;
mod environment_args;
mod environments;
mod explain;
mod foreign_verbs;
mod gate;
mod git;
mod inspect;
mod interview;
mod launch;
mod lifecycle;
mod line;
mod logs;
pub(crate) mod new;
mod origin;
mod package;
mod policy;
mod post;
mod promote;
mod prune;
mod publish;
mod recipes;
#[cfg(test)]
mod reference;
mod release_file;
mod requires;
mod rollback;
mod sandbox;
mod stack;
mod status;
mod swap;
mod tour;
mod up;
mod update;
mod usage;
mod values;
mod verify;
mod versions;
mod wait;
mod wheels;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::fault::{Exit, Failure};
use crate::ui::{Carried, Color, OutputFormat, Ui};
use crate::world::World;

/// Grow a Django project onto AWS Elastic Beanstalk
///
/// Generate a project, check it, build a reproducible source bundle, and publish it as an application version.
#[derive(Debug, Parser)]
#[command(name = "beansprout", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
struct Common {
    /// Act in DIR instead of the working directory
    #[arg(short = 'C', long = "directory", value_name = "DIR", global = true)]
    directory: Option<PathBuf>,
    /// Print one JSON document on stdout
    #[arg(long, global = true)]
    json: bool,
    /// Say only warnings, errors and what was asked for
    #[arg(short, long, global = true)]
    quiet: bool,
    /// When to use colour: `auto`, `always` or `never`
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto, global = true, hide_possible_values = true)]
    color: Color,
}

/// The verbs, and a way to describe one without the others.
macro_rules! verbs {
    ($($group:literal { $($verb:ident($module:ident::$args:ident),)* })*) => {
        #[derive(Debug, Subcommand)]
        enum Verb {
            $($($verb($module::$args),)*)*
        }

        /// The verbs by the work that they are for.
        const GROUPS: &[(&str, &[&str])] = &[$(($group, &[$(stringify!($verb)),*])),*];

        impl Verb {
            fn described(name: &str) -> Option<Command> {
                $($(if name == stringify!($verb).to_ascii_lowercase() {
                    return Some($module::$args::augment_args(Command::new(name.to_owned())));
                })*)*
                None
            }
        }
    };
}

// In the order of the work, which is that of `--help`.
verbs! {
    "Begin" {
        Tour(tour::TourArgs),
        New(new::NewArgs),
        Adopt(adopt::AdoptArgs),
        Update(update::UpdateArgs),
        Recipes(recipes::RecipesArgs),
        Add(add::AddArgs),
    }
    "Look" {
        Check(check::CheckArgs),
        Explain(explain::ExplainArgs),
        Up(up::UpArgs),
        Post(post::PostArgs),
        Inspect(inspect::InspectArgs),
        Verify(verify::VerifyArgs),
        Diff(diff::DiffArgs),
    }
    "Ship" {
        Wheels(wheels::WheelsArgs),
        Package(package::PackageArgs),
        Publish(publish::PublishArgs),
        Promote(promote::PromoteArgs),
        Deploy(deploy::DeployArgs),
        Rollback(rollback::RollbackArgs),
        Wait(wait::WaitArgs),
        Logs(logs::LogsArgs),
        Swap(swap::SwapArgs),
    }
    "Operate" {
        Launch(launch::LaunchArgs),
        Status(status::StatusArgs),
        Versions(versions::VersionsArgs),
        Prune(prune::PruneArgs),
        Policy(policy::PolicyArgs),
    }
    "Rebuild" {
        Capture(capture::CaptureArgs),
        Drill(drill::DrillArgs),
    }
    "Write stacks" {
        Stack(stack::StackArgs),
    }
    "Besides" {
        Sandbox(sandbox::SandboxArgs),
        Completions(completions::CompletionsArgs),
        Man(completions::ManArgs),
    }
}

fn run(verb: &Verb, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    match verb {
        Verb::Add(args) => add::add(args, world, ui),
        Verb::Adopt(args) => adopt::adopt(args, world, ui),
        Verb::Capture(args) => capture::verb(args, world, ui),
        Verb::Check(args) => check::check(args, world, ui),
        Verb::Completions(args) => completions::completions(args, ui),
        Verb::Deploy(args) => deploy::verb(args, world, ui),
        Verb::Explain(args) => explain::explain(args, world, ui),
        Verb::Diff(args) => diff::diff(args, world, ui),
        Verb::Inspect(args) => inspect::inspect(args, world, ui),
        Verb::Launch(args) => launch::verb(args, world, ui),
        Verb::Logs(args) => logs::verb(args, world, ui),
        Verb::Man(args) => completions::man(args, program(), ui),
        Verb::New(args) => new::new(args, world, ui),
        Verb::Package(args) => package::package(args, world, ui),
        Verb::Policy(args) => policy::verb(args, world, ui),
        Verb::Post(args) => post::post(args, world, ui),
        Verb::Drill(args) => drill::verb(args, world, ui),
        Verb::Promote(args) => promote::verb(args, world, ui),
        Verb::Prune(args) => prune::verb(args, world, ui),
        Verb::Publish(args) => publish::verb(args, world, ui),
        Verb::Recipes(args) => recipes::recipes(args, world, ui),
        Verb::Rollback(args) => rollback::verb(args, world, ui),
        Verb::Sandbox(args) => sandbox::sandbox(args, world, ui),
        Verb::Status(args) => status::verb(args, world, ui),
        Verb::Swap(args) => swap::verb(args, world, ui),
        Verb::Stack(args) => stack::stack(args, world, ui),
        Verb::Tour(args) => tour::tour(args, world, ui),
        Verb::Up(args) => up::up(args, world, ui),
        Verb::Update(args) => update::update(args, world, ui),
        Verb::Versions(args) => versions::verb(args, world, ui),
        Verb::Wait(args) => wait::verb(args, world, ui),
        Verb::Wheels(args) => wheels::verb(args, world, ui),
        Verb::Verify(args) => verify::verify(args, world, ui),
    }
}

/// What the command line may say.
fn program() -> Command {
    let program = Cli::command();
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}\x1b[1m\x1b[4mOptions:\x1b[0m\n{{options}}\n\n`beansprout COMMAND --help` tells more of one.{{after-help}}\n",
        groups(&program)
    );
    program.help_template(template)
}

/// The verbs in the groups of the work, laid out by clap for the width that there is.
fn groups(program: &Command) -> String {
    let list = program.clone().disable_help_subcommand(true).help_template("{subcommands}").render_help();
    let mut text = String::new();
    let mut headings = GROUPS.iter().peekable();
    for line in list.ansi().to_string().lines() {
        let plain = console::strip_ansi_codes(line);
        let named = plain.split_whitespace().next().unwrap_or_default();
        let starts = |verbs: &[&str]| verbs.first().is_some_and(|verb| named == verb.to_ascii_lowercase());
        if let Some((heading, _)) = headings.next_if(|(_, verbs)| starts(verbs)) {
            let gap = if text.is_empty() { "" } else { "\n" };
            // As clap paints its own headings; it takes colours out where none are wanted.
            text.push_str(&format!("{gap}\x1b[1m\x1b[4m{heading}:\x1b[0m\n"));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push('\n');
    text
}

impl Cli {
    /// Most lines name their verb and are right. For these, only that verb is described: to describe all of them takes as
    /// long as packaging thirty files. Beside it, what was typed of the options of AWS. Whatever else there is, help and mistakes too, is for all of them to answer.
    fn parse_words(words: &[OsString]) -> Result<(Self, String), usage::UsageError> {
        let verb = words.iter().skip(1).filter_map(|word| word.to_str()).find_map(Verb::described);
        let alone = verb.and_then(|verb| {
            let mut program = Common::augment_args(Command::new("beansprout")).subcommand(verb);
            let matches = program.try_get_matches_from_mut(words).ok()?;
            usage::filled(&matches, &program).ok()?;
            Some((Self::from_arg_matches(&matches).ok()?, aws::AwsArgs::words_of(&matches)))
        });
        alone.map_or_else(|| Self::parse_any(words, &program()), Ok)
    }

    fn parse_any(words: &[OsString], program: &Command) -> Result<(Self, String), usage::UsageError> {
        let mistaken = |mistake: clap::Error| usage::misused(&mistake, program).unwrap_or_else(|| mistake.exit());
        let matches = program.clone().try_get_matches_from(words).map_err(mistaken)?;
        usage::filled(&matches, program)?;
        Ok((Self::from_arg_matches(&matches).map_err(mistaken)?, aws::AwsArgs::words_of(&matches)))
    }
}

fn refused(failure: Failure, ui: &mut Ui) -> ExitCode {
    ui.failure(&failure);
    code(failure.exit())
}

fn code(exit: Exit) -> ExitCode {
    ExitCode::from(u8::try_from(exit.code()).expect("exit codes are below 256"))
}

/// Parse, run, report, exit.
pub fn main() -> ExitCode {
    let mut world = match World::real() {
        Ok(world) => world,
        Err(error) => clap::Error::raw(clap::error::ErrorKind::Io, format!("no working directory: {error}\n")).exit(),
    };
    // First of all: whoever is interrupted says so, and tidies up.
    let unheard = world.interrupt.listen(Exit::Interrupted.code()).err();
    if complete::answered(&world, program, &mut Ui::new(&world, OutputFormat::People, true, Color::Never)) {
        return ExitCode::SUCCESS;
    }
    let words: Vec<_> = std::env::args_os().collect();
    let (cli, carried) = match Cli::parse_words(&words) {
        Ok(parsed) => parsed,
        Err(misused) => {
            let face = if usage::wants_json(&words) { OutputFormat::Json } else { OutputFormat::People };
            return refused(misused.into(), &mut Ui::new(&world, face, false, Color::Auto));
        }
    };
    let face = if cli.common.json { OutputFormat::Json } else { OutputFormat::People };
    let mut ui = Ui::new(&world, face, cli.common.quiet, cli.common.color);
    let directory = cli.common.directory.clone().filter(|directory| directory != Path::new("."));
    ui.carry(Carried { words: carried, verbs: aws::VERBS, directory });
    if let Some(directory) = &cli.common.directory {
        world.dir = world.resolve(directory);
        if !world.dir.is_dir() {
            return refused(usage::UsageError::no_directory(directory).into(), &mut ui);
        }
    }
    if let Some(error) = unheard {
        ui.warn(format_args!("cannot tidy up after Ctrl-C: {error}"));
    }
    let _guard = ui.answers_signals(&world);
    let exit = run(&cli.verb, &world, &mut ui).unwrap_or_else(|failure| {
        ui.failure(&failure);
        failure.exit()
    });
    match ui.finish() {
        Err(unwritten) if exit == Exit::Done => refused(unwritten.into(), &mut ui),
        _ => code(exit),
    }
}
