//! `beansprout sandbox`: the embedded AWS as a server for other clients.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::fault::{Exit, Failure};
use crate::file;
use crate::project::Project;
use crate::sandbox::{self, PORT, Server, Settings, Speed, instance};
use crate::ui::{Answer, Ui};
use crate::world::World;

/// Run the embedded AWS
///
/// S3, the Elastic Beanstalk API and STS on one port of this machine, for the EB CLI, boto3 or any other client. It runs
/// until Ctrl-C; what it holds stays in the state directory.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  beansprout sandbox --port 9324")]
pub(crate) struct SandboxArgs {
    /// Listen on this port of 127.0.0.1; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = PORT)]
    port: u16,
    /// Keep everything in DIR [default: `.beansprout/sandbox` in the project]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// How long transitions take
    #[arg(long, value_enum, default_value_t = Speed::Real)]
    speed: Speed,
    /// Run the versions of environments that are created here, each on an instance of its own on this machine
    ///
    /// Deployments then take as long as they take, and fail where they would.
    #[arg(long)]
    run: bool,
    /// Let calls fail as the JSON file FILE says, to test clients
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// Fill a new state with the calls in the JSON file FILE
    #[arg(long, value_name = "FILE")]
    seed: Option<PathBuf>,
}

/// Where the sandbox is, and what a client must know to find it.
#[derive(Serialize)]
struct Running {
    endpoint: String,
    state: PathBuf,
    environment: std::collections::BTreeMap<&'static str, String>,
}

impl Answer for Running {
    const SCHEMA: &str = "sandbox/1";
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.environment {
            writeln!(f, "export {name}={value}")?;
        }
        Ok(())
    }
}

pub(crate) fn sandbox(args: &SandboxArgs, world: &World, ui: &mut Ui) -> Result<Exit, Failure> {
    if args.run {
        instance::possible()?;
    }
    let state = match &args.state {
        Some(dir) => world.resolve(dir),
        None => {
            let state = Project::load(world)?.state()?.make("sandbox")?;
            file::refuse_links(&state)?;
            state
        }
    };
    let faults = args.faults.as_ref().map(|file| sandbox::read_faults(&world.resolve(file))).transpose()?;
    let faults = faults.unwrap_or_default();
    let seed = args.seed.as_ref().map(|file| world.resolve(file));
    let (port, speed, run) = (args.port, args.speed, args.run);
    let settings = Settings { port, speed, faults, run, seed, ..Settings::new(world, &state) };
    let server = Server::start(settings)?;
    let endpoint = server.endpoint();
    let parting = format!("the sandbox has ended; what it holds stays in `{}`", state.display());
    ui.answer(&Running { environment: sandbox::variables(&endpoint).into(), endpoint: endpoint.clone(), state });
    ui.say(format_args!("the sandbox is at {endpoint}; Ctrl-C ends it"));
    let _parting = ui.parting(world, parting);
    loop {
        // The signal's handler ends the process.
        std::thread::park();
    }
}
