//! One instance of an environment, on this machine: takes a bundle and runs it as Elastic Beanstalk would.
//!
//! The order of what happens is [`crate::beanstalk::timeline`]'s; this module knows how each of its steps is done where
//! there is no Amazon Linux. What a laptop cannot do is told as [`Event::WouldDo`] and never pretended.

mod address;
mod containers;
mod crew;
mod engine;
mod error;
mod health;
mod hook;
mod http;
mod journal;
mod listeners;
mod machine;
mod nginx;
mod places;
mod proxy;
mod python;
mod queue;
mod settings;
mod spool;
mod supervisor;
mod version;
mod view;

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use self::crew::Crew;
use self::engine::{Believed, Engine, Stagehand};
use self::error::Io;
use self::health::Behind;
use self::machine::Machine;
use self::nginx::{Nginx, Site};
use self::places::Places;
use self::proxy::{Proxy, Routes};
use self::python::Python;
use self::queue::Queue;
use self::supervisor::{Service, Services};
use self::version::{Given, Version};
use self::view::View;
use crate::beanstalk::timeline::{self, Stage};
use crate::world::{Guard, World};

pub use self::error::Error;
pub use self::health::{Answer, Health, RULES};
pub use self::settings::Settings;
pub use self::spool::{Delivery, LARGEST_MESSAGE, Message, Spool, Worker};
pub use self::view::Isolation;

/// What an instance is started with.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The registered object: a zip file.
    pub bundle: PathBuf,
    /// The folder that holds everything of the instance. Made if it is not there.
    pub home: PathBuf,
    /// What is set directly on the environment. It wins over the project's own files.
    pub settings: Settings,
    /// What AWS has and this machine has not, such as a secret: used where nobody else says anything.
    pub stand_ins: Settings,
    /// Where to serve on 127.0.0.1; 0 takes any free port.
    pub port: u16,
    /// The platform branch's Python, such as `3.13`. Used if it is installed.
    pub python: Option<String>,
    pub isolation: Isolation,
    pub front: Front,
}

/// What serves in place of the instance's proxy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Front {
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
            isolation: Isolation::Auto,
            front: Front::Auto,
        }
    }
}

/// What happens on an instance.
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
    WouldDo {
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
    stage: Theatre,
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
        let python = Python::find(world, launch.python.as_deref())?;
        let places = Places::prepare(&launch.home)?;
        let lock = lock(places.home())?;
        let crew = Crew::new(places.home().to_string_lossy().into_owned());
        let guard = world.interrupt.guard({
            let crew = crew.clone();
            move || crew.close()
        });
        let path = world.var("PATH").unwrap_or("/usr/local/bin:/usr/bin:/bin");
        let (view, how) = View::choose(launch.isolation, &places, path);
        let base = base(world, &view, &places, path);
        let clock = world.clone();
        let machine = Arc::new(Machine::new(places, view, crew, base, Box::new(move || clock.now())));
        let mut note = |text: String| {
            machine.note("INFO", &text);
            say(Event::Note(text));
        };
        note(format!("paths: {how}"));
        if let Some(wanted) = launch.python.as_deref().filter(|wanted| *wanted != python.version) {
            note(format!("Python: {} stands in for the platform's {wanted}", python.version));
        }
        let proxy = Proxy::start(launch.port)?;
        let (send, happenings) = mpsc::channel();
        let stage = Theatre::new(&machine, launch.front, proxy, send);
        let stand_ins = launch.stand_ins.clone();
        let mut instance = Self { machine, python, stage, stand_ins, happenings, _lock: lock, _guard: guard };
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
        let bundle = self.machine.places.real(version::BUNDLE);
        self.pass(timeline::Event::Config, &bundle, settings, say)
    }

    fn pass(
        &mut self,
        event: timeline::Event,
        bundle: &Path,
        direct: &Settings,
        say: &mut dyn FnMut(Event),
    ) -> Result<(), Error> {
        let version = Version::open(&self.machine, bundle, &Given { direct, stand_ins: &self.stand_ins }, event, say)?;
        let env = self.stage.plan(&version)?;
        version.settings.install(&self.machine.places, self.python.program(), &env)?;
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
        engine.run(&mut self.stage)?;
        for note in std::mem::take(&mut self.stage.notes) {
            say(Event::Note(note));
        }
        version.keep(&self.machine)
    }

    pub fn port(&self) -> u16 {
        self.stage.proxy.port()
    }

    /// Where a browser finds the site.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port())
    }

    /// The folder with the logs, under the names that they have on an instance.
    pub fn logs(&self) -> PathBuf {
        self.machine.places.real("/var/log")
    }

    /// The next thing that happens, if anything does within `time`.
    pub fn next(&self, time: Duration) -> Option<Event> {
        self.happenings.recv_timeout(time).ok()
    }

    /// Ask the health path as the load balancer does, for as long as the application may still be starting.
    pub fn health(&self) -> Health {
        let stage = &self.stage;
        let nginx = stage.nginx.as_ref().map(|nginx| nginx.port);
        let behind = Behind { ports: [Some(stage.port), nginx], services: stage.services.as_ref() };
        health::ask(&self.machine, self.port(), &stage.settings, &behind)
    }

    /// Does it take messages out of a queue?
    pub fn worker(&self) -> Option<Worker> {
        self.stage.queue.is_some().then(|| Spool::at(self.machine.places.home()).worker()).flatten()
    }

    /// What of the project listens where other machines can reach it, as warnings.
    pub fn open_to_others(&self) -> Vec<String> {
        let listeners = listeners::listeners(&self.machine.crew.marked());
        listeners.iter().filter(|listener| listener.is_open()).map(listeners::Listener::warning).collect()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.stage.stop_queue();
        self.stage.stop_proxy();
        self.stage.stop_services();
        self.machine.crew.close();
    }
}

/// The proxy and the processes behind it, and what they will be after the turn.
struct Theatre {
    machine: Arc<Machine>,
    front: Front,
    proxy: Proxy,
    nginx: Option<Nginx>,
    services: Option<Services>,
    queue: Option<Queue>,
    events: Sender<Event>,
    /// What holds for the version that is on its way, and from the flip on for the one that runs.
    settings: Settings,
    properties: BTreeMap<String, String>,
    port: u16,
    expected: u16,
    notes: Vec<String>,
}

impl Theatre {
    fn new(machine: &Arc<Machine>, front: Front, proxy: Proxy, events: Sender<Event>) -> Self {
        Self {
            machine: Arc::clone(machine),
            front,
            proxy,
            nginx: None,
            services: None,
            queue: None,
            events,
            settings: Settings::default(),
            properties: BTreeMap::new(),
            port: 0,
            expected: address::DEFAULT,
            notes: Vec::new(),
        }
    }

    /// Get ready for `version`: the environment that its programs will see.
    fn plan(&mut self, version: &Version) -> Result<BTreeMap<String, String>, Error> {
        self.settings = version.settings.clone();
        self.properties = version.settings.properties();
        let asked = self.properties.get("PORT").and_then(|text| text.parse().ok());
        self.expected = asked.unwrap_or(address::DEFAULT);
        self.port = address::free().doing("find a free port on", "127.0.0.1")?;
        let mut env = self.machine.base.clone();
        env.extend(self.properties.clone());
        env.insert("PORT".to_owned(), self.port.to_string());
        // The engine's own addition to the properties, which many public scripts use as `source $PYTHONPATH/activate`.
        env.entry("PYTHONPATH".to_owned()).or_insert_with(|| format!("{}/bin", places::VENV));
        env.insert("EB_IS_COMMAND_LEADER".to_owned(), "true".to_owned());
        Ok(env)
    }
}

impl Stagehand for Theatre {
    fn publish_port(&mut self) {
        let tls = self.settings.ends_tls();
        let routes = Routes { upload_limit: u64::MAX, patience: Duration::from_secs(3600), tls, ..Routes::closed() };
        self.proxy.route(Routes { upstream: Some(self.port), ..routes });
    }

    fn stop_proxy(&mut self) {
        self.proxy.route(Routes::closed());
        self.nginx = None;
    }

    fn stop_services(&mut self) {
        self.services = None;
    }

    fn stop_queue(&mut self) {
        self.queue = None;
    }

    fn start_queue(&mut self) -> Result<(), Error> {
        // The daemon asks the instance's own proxy. Where that is not nginx, ours plays both it and a balancer.
        let port = self.nginx.as_ref().map_or(self.proxy.port(), |nginx| nginx.port);
        self.queue = Some(Queue::start(&self.machine, &self.settings, port, &self.events)?);
        Ok(())
    }

    fn start_services(&mut self, services: Vec<Service>, believed: &Believed) -> Result<(), Error> {
        self.expected = believed.port.unwrap_or(self.expected);
        let config = std::fs::read_to_string(self.machine.places.real(places::CURRENT).join("gunicorn.conf.py")).ok();
        let moved = address::move_to(self.port, self.expected, &services, &self.properties, config.as_deref());
        for note in &moved.notes {
            self.machine.note("INFO", note);
        }
        self.notes.extend(moved.notes);
        let mut env = self.machine.base.clone();
        env.extend(believed.env.iter().cloned());
        env.extend(self.properties.clone());
        env.entry("PYTHONPATH".to_owned()).or_insert_with(|| format!("{}/bin", places::VENV));
        env.extend(moved.env);
        let path = env.get("PATH").cloned().unwrap_or_default();
        env.insert("PATH".to_owned(), format!("{}/bin:{path}", places::VENV));
        self.services = Some(Services::start(&self.machine, &moved.services, &env, &self.events)?);
        Ok(())
    }

    fn start_proxy(&mut self) -> Result<Result<(), String>, Error> {
        let current = self.machine.places.real(places::CURRENT);
        let mut files: Vec<(String, String)> = self
            .settings
            .static_files()
            .map(|(path, dir)| (format!("/{}", path.trim_matches('/')), dir.trim_matches('/').to_owned()))
            .collect();
        // A folder of this name is served without being asked for.
        if current.join("static").is_dir() && !files.iter().any(|(path, _)| path == "/static") {
            files.push(("/static".to_owned(), "static".to_owned()));
        }
        let tls = self.settings.ends_tls();
        let path = self.machine.base.get("PATH").map(String::as_str).unwrap_or_default();
        let nginx = nginx::installed(path).filter(|_| self.front == Front::Auto);
        if let Some(program) = nginx {
            let site = Site { upstream: self.port, expected: self.expected, files: &files };
            let nginx = match Nginx::start(&program, &self.machine, &site, &self.events)? {
                Ok(nginx) => nginx,
                Err(said) => return Ok(Err(said)),
            };
            // Limits and files are nginx's business from here on.
            let routes =
                Routes { upload_limit: u64::MAX, patience: Duration::from_secs(3600), tls, ..Routes::closed() };
            self.proxy.route(Routes { upstream: Some(nginx.port), ..routes });
            self.nginx = Some(nginx);
            return Ok(Ok(()));
        }
        let files = files.into_iter().map(|(path, dir)| (path, current.join(dir))).collect();
        let mut routes = Routes { upstream: Some(self.port), files, tls, ..Routes::closed() };
        for text in nginx_texts(&current.join(".platform/nginx")) {
            routes.obey(&text);
        }
        self.proxy.route(routes);
        self.notes.push(
            "proxy: beansprout's own; it reads two limits of `.platform/nginx` and no more (Debian: `nginx`)"
                .to_owned(),
        );
        Ok(Ok(()))
    }
}

/// The project's own nginx files, in the order in which nginx would include them.
fn nginx_texts(dir: &Path) -> Vec<String> {
    let mut texts = Vec::new();
    let mut entries: Vec<_> =
        std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            texts.extend(nginx_texts(&path));
        } else if path.extension().is_some_and(|extension| extension == "conf") {
            texts.extend(std::fs::read_to_string(&path));
        }
    }
    texts
}

/// What every program sees: nothing of the caller's environment but how to reach a package registry.
fn base(world: &World, view: &View, places: &Places, path: &str) -> BTreeMap<String, String> {
    let reaches = |name: &str| {
        let lower = name.to_ascii_lowercase();
        lower.starts_with("pip_")
            || lower.ends_with("_proxy")
            || matches!(name, "SSL_CERT_FILE" | "SSL_CERT_DIR" | "REQUESTS_CA_BUNDLE")
    };
    let mut base: BTreeMap<String, String> = world
        .vars
        .iter()
        .filter(|(name, _)| reaches(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let temporary = match view.is_namespace() {
        true => "/tmp".to_owned(),
        false => places.real("tmp").to_string_lossy().into_owned(),
    };
    base.extend([
        ("PATH".to_owned(), path.to_owned()),
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
        ("HOME".to_owned(), temporary.clone()),
        ("TMPDIR".to_owned(), temporary),
    ]);
    base
}

/// A secret for an environment that has none here, as AWS would keep it: always the same one for one home.
pub fn stand_in_secret(home: &Path) -> Result<String, Error> {
    use std::io::Read;
    use std::os::unix::fs::OpenOptionsExt;
    let path = home.join("secret");
    if let Ok(secret) = std::fs::read_to_string(&path) {
        return Ok(secret);
    }
    std::fs::create_dir_all(home).doing("create", home)?;
    let mut bytes = [0; 32];
    File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes)).doing("read", "/dev/urandom")?;
    let secret: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut file =
        File::options().create(true).write(true).truncate(true).mode(0o600).open(&path).doing("write", &path)?;
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
