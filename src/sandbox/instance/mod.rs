//! One instance of an environment, on this machine: takes a bundle and runs it as Elastic Beanstalk would.
//!
//! The order of what happens is [`crate::beanstalk::timeline`]'s; this module knows how each of its steps is done where
//! there is no Amazon Linux. What a laptop cannot do is told as [`Event::Unsupported`] and never pretended.

mod address;
mod containers;
mod engine;
mod error;
mod group;
mod health;
mod hook;
mod http;
mod isolation;
mod journal;
mod layout;
mod listeners;
mod machine;
mod nginx;
mod process_tree;
mod proxy;
mod python;
mod queue;
mod registry;
mod services;
mod settings;
mod spool;
mod supervisor;
mod version;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use self::engine::Engine;
use self::error::Io;
use self::isolation::Isolation;
use self::layout::Layout;
use self::machine::Machine;
use self::process_tree::ProcessTree;
use self::proxy::Proxy;
use self::python::Python;
use self::registry::Registry;
use self::services::Services;
use self::version::{Given, Version};
use crate::beanstalk::platforms::Family;
use crate::beanstalk::timeline::{self, Stage};
use crate::mode;
use crate::world::{Guard, World};

pub use self::error::{Error, asks_for};
pub use self::health::{Answer, Health, RULES};
pub use self::isolation::IsolationMode;
pub(super) use self::journal::tails;
pub use self::settings::Settings;
pub use self::spool::{Delivery, LARGEST_MESSAGE, Message, Spool, Worker};

/// Options of a launch.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The registered object: a zip file.
    pub bundle: PathBuf,
    /// The folder that holds everything of the instance. Made if it is not there.
    pub home: PathBuf,
    /// Settings made directly on the environment. They win over the project's own files.
    pub settings: Settings,
    /// Stand-ins for what AWS has and this machine has not, such as a secret: used where nobody else says anything.
    pub stand_ins: Settings,
    /// Where to serve on 127.0.0.1; 0 takes any free port.
    pub port: u16,
    /// The platform branch's Python, such as `3.13`. Used if it is installed.
    pub python: Option<String>,
    /// Family of the platform branch; without it the bundle's descriptors tell.
    pub family: Option<Family>,
    pub isolation: IsolationMode,
    pub proxy_kind: ProxyKind,
}

/// Kind of proxy that stands for the instance's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ProxyKind {
    /// nginx with the project's own files where it is installed, else the built-in proxy
    #[default]
    Auto,
    /// The built-in proxy, which reads two limits of the project's nginx files and no more
    BuiltIn,
}

impl Launch {
    /// Any free port, nothing set directly, the best isolation that works.
    pub fn new(bundle: impl Into<PathBuf>, home: impl Into<PathBuf>) -> Self {
        Self {
            bundle: bundle.into(),
            home: home.into(),
            settings: Settings::default(),
            stand_ins: Settings::default(),
            port: 0,
            python: None,
            family: None,
            isolation: IsolationMode::Auto,
            proxy_kind: ProxyKind::Auto,
        }
    }
}

/// Something that happens on an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A step of the timeline begins.
    Step {
        stage: Stage,
        summary: &'static str,
    },
    /// Something of the project ran, and ended well.
    Ran {
        noun: &'static str,
        name: String,
    },
    /// Something of the project did not run.
    Skipped {
        noun: &'static str,
        name: String,
        why: String,
    },
    /// Something that an instance would do and this machine cannot.
    Unsupported {
        noun: &'static str,
        name: String,
        why: String,
    },
    Note(String),
    Warning(String),
    /// A process of the Procfile ended and will be started again.
    Ended {
        process: String,
        how: String,
        again_in: Duration,
    },
}

/// A running instance. Everything it started ends when it is dropped.
pub struct Instance {
    machine: Arc<Machine>,
    python: Python,
    family: Option<Family>,
    services: Services,
    stand_ins: Settings,
    happenings: Receiver<Event>,
    /// Kept so that two runs do not share a home.
    _lock: File,
    _guard: Guard,
}

impl Instance {
    /// Start an instance with a bundle, as the first instance of a new environment.
    ///
    /// An error means that nothing runs.
    pub fn launch(launch: &Launch, world: &World, say: &mut dyn FnMut(Event)) -> Result<Self, Error> {
        possible()?;
        let python = Python::find(world, launch.python.as_deref())?;
        let layout = Layout::prepare(&launch.home)?;
        let lock = lock(layout.home())?;
        let processes = ProcessTree::new(layout.home().to_string_lossy().into_owned());
        let guard = world.interrupt.guard({
            let processes = processes.clone();
            move || processes.close()
        });
        let path = world.var("PATH").unwrap_or("/usr/local/bin:/usr/bin:/bin");
        let registry = Registry::of(world);
        let (isolation, how) = Isolation::choose(launch.isolation, &layout, path, &registry.places);
        let base = base(registry.vars, &isolation, &layout, path);
        let clock = world.clone();
        let machine = Arc::new(Machine::new(layout, isolation, processes, base, Box::new(move || clock.now())));
        let mut note = |text: String| {
            machine.note("INFO", &text);
            say(Event::Note(text));
        };
        note(format!("paths: {how}"));
        if let Some(wanted) = &python.stands_in_for {
            note(format!("Python: {} stands in for the platform's {wanted}", python.version));
        }
        let proxy = Proxy::start(launch.port)?;
        let (send, happenings) = mpsc::channel();
        let services = Services::new(&machine, launch.proxy_kind, proxy, send);
        let stand_ins = launch.stand_ins.clone();
        let mut instance = Self {
            machine,
            python,
            family: launch.family,
            services,
            stand_ins,
            happenings,
            _lock: lock,
            _guard: guard,
        };
        instance.pass(timeline::Event::Launch, &launch.bundle, &launch.settings, say)?;
        Ok(instance)
    }

    /// Deploy another version to the running instance.
    ///
    /// After an error the instance serves what AWS would have left serving.
    pub fn deploy(&mut self, bundle: &Path, settings: &Settings, say: &mut dyn FnMut(Event)) -> Result<(), Error> {
        self.pass(timeline::Event::Deploy, bundle, settings, say)
    }

    /// Change the configuration and nothing else: the same bundle again, with `confighooks`.
    pub fn configure(&mut self, settings: &Settings, say: &mut dyn FnMut(Event)) -> Result<(), Error> {
        let bundle = self.machine.layout.real(version::BUNDLE);
        self.pass(timeline::Event::Config, &bundle, settings, say)
    }

    fn pass(
        &mut self,
        event: timeline::Event,
        bundle: &Path,
        direct: &Settings,
        say: &mut dyn FnMut(Event),
    ) -> Result<(), Error> {
        let version = Version::open(
            &self.machine,
            bundle,
            &Given { direct, stand_ins: &self.stand_ins, family: self.family },
            event,
            say,
        )?;
        let env = self.services.plan(&version)?;
        version.settings.install(&self.machine.layout, self.python.program(), &env)?;
        let mut engine = Engine {
            machine: &self.machine,
            timeline: &version.timeline,
            python: &self.python,
            settings: &version.settings,
            env,
            unpacked: &version.unpacked,
            leader: true,
            say,
        };
        engine.run(&mut self.services)?;
        for note in std::mem::take(&mut self.services.notes) {
            say(Event::Note(note));
        }
        version.keep(&self.machine)
    }

    pub fn port(&self) -> u16 {
        self.services.address()
    }

    /// Where a browser finds the site.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port())
    }

    /// The folder with the logs, under the names that they have on an instance.
    pub fn logs(&self) -> PathBuf {
        self.machine.layout.real("/var/log")
    }

    /// The folder of the version that runs.
    pub fn application(&self) -> PathBuf {
        self.machine.layout.real(layout::CURRENT)
    }

    /// What the proxy answers a browser that asks for `path`.
    pub fn status(&self, path: &str) -> std::io::Result<u16> {
        let time = Duration::from_secs(10);
        let headers = vec![("Host".to_owned(), format!("127.0.0.1:{}", self.port()))];
        let request = http::Request { method: "GET", path, headers, body: &[], connect: time, patience: time };
        Ok(http::ask(self.port(), &request)?.status)
    }

    /// Let gunicorn start its workers anew, which then read templates and code again. Is there one?
    pub fn reload(&self) -> bool {
        let servers: Vec<i32> = self.machine.processes.marked().into_iter().filter(|pid| is_gunicorn(*pid)).collect();
        let masters: Vec<i32> = servers
            .iter()
            .copied()
            .filter(|pid| parent(*pid).is_none_or(|parent| !servers.contains(&parent)))
            .collect();
        masters.iter().for_each(|pid| group::hang_up(*pid));
        !masters.is_empty()
    }

    /// The next thing that happens, if anything does within `time`.
    pub fn next(&self, time: Duration) -> Option<Event> {
        self.happenings.recv_timeout(time).ok()
    }

    /// Ask the health path as the load balancer does, for as long as the application may still be starting.
    pub fn health(&self) -> Health {
        self.services.health()
    }

    /// Does it take messages out of a queue?
    pub fn worker(&self) -> Option<Worker> {
        self.services.is_worker().then(|| Spool::at(self.machine.layout.home()).worker()).flatten()
    }

    /// Listeners of the project where other machines can reach it, as warnings.
    pub fn open_to_others(&self) -> Vec<String> {
        let listeners = listeners::listeners(&self.machine.processes.marked());
        listeners.iter().filter(|listener| listener.is_open()).map(listeners::Listener::warning).collect()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.services.stop_queue();
        self.services.stop_proxy();
        self.services.stop_processes();
        self.machine.processes.close();
    }
}

/// Variables that every program sees: nothing of the caller's environment but how to reach a package registry.
fn base(
    mut base: BTreeMap<String, String>,
    isolation: &Isolation,
    layout: &Layout,
    path: &str,
) -> BTreeMap<String, String> {
    let temporary = match isolation.is_namespace() {
        true => "/tmp".to_owned(),
        false => layout.real("tmp").to_string_lossy().into_owned(),
    };
    base.extend([
        ("PATH".to_owned(), path.to_owned()),
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
        ("HOME".to_owned(), temporary.clone()),
        ("TMPDIR".to_owned(), temporary),
    ]);
    base
}

/// Can this system run an instance?
/// `python …/gunicorn …`, not the shell that started it. Only Linux can tell.
fn is_gunicorn(pid: i32) -> bool {
    let Ok(line) = std::fs::read(format!("/proc/{pid}/cmdline")) else { return false };
    let named =
        |word: &[u8]| word.rsplit(|byte| *byte == b'/').next().is_some_and(|name| name.starts_with(b"gunicorn"));
    let mut words = line.split(|byte| *byte == 0);
    let first = words.next().unwrap_or_default();
    let python = first.rsplit(|byte| *byte == b'/').next().is_some_and(|name| name.starts_with(b"python"));
    named(first) || (python && words.next().is_some_and(named))
}

fn parent(pid: i32) -> Option<i32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

pub fn possible() -> Result<(), Error> {
    if group::KNOWN { Ok(()) } else { Err(Error::System) }
}

/// A secret for an environment that has none here, as AWS would keep it: always the same one for one home.
pub fn stand_in_secret(home: &Path) -> Result<String, Error> {
    let path = home.join("secret");
    if let Ok(secret) = std::fs::read_to_string(&path) {
        return Ok(secret);
    }
    std::fs::create_dir_all(home).doing("create", home)?;
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::from).doing("make up", &path)?;
    let secret = crate::hex::encode(bytes);
    let mut options = File::options();
    options.create(true).write(true).truncate(true);
    let mut file = mode::private(&mut options).open(&path).doing("write", &path)?;
    std::io::Write::write_all(&mut file, secret.as_bytes()).doing("write", &path)?;
    Ok(secret)
}

fn lock(home: &Path) -> Result<File, Error> {
    let path = home.join("lock");
    let file = File::options().create(true).truncate(false).write(true).open(&path).doing("open", &path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::InUse { home: home.to_owned() }),
        Err(std::fs::TryLockError::Error(error)) => Err(error).doing("lock", &path),
    }
}
