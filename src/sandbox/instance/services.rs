//! Running parts of an instance: the proxy, the processes behind it, a worker's queue, and the turn from one version to the
//! next.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use super::error::{Error, Io};
use super::health::{self, Behind, Health};
use super::machine::Machine;
use super::nginx::{self, Nginx, NginxStart, Site};
use super::proxy::{Proxy, Routes};
use super::queue::Queue;
use super::settings::Settings;
use super::supervisor::{Service, Supervisor};
use super::version::Version;
use super::{Event, ProxyKind, address, layout};
use crate::beanstalk::defaults;

/// Environment and port that processes take for granted because their image says so.
#[derive(Default)]
pub(super) struct ImageDefaults {
    pub(super) env: Vec<(String, String)>,
    pub(super) port: Option<u16>,
}

/// Outcome of the start of the proxy.
pub(super) enum ProxyStart {
    Serves,
    /// nginx's own reason.
    Refused(String),
}

/// The proxy and the processes behind it, and what they will be after the turn.
pub(super) struct Services {
    machine: Arc<Machine>,
    proxy_kind: ProxyKind,
    proxy: Proxy,
    nginx: Option<Nginx>,
    supervisor: Option<Supervisor>,
    queue: Option<Queue>,
    events: Sender<Event>,
    /// Settings of the version that is on its way, and from the flip on for the one that runs.
    settings: Settings,
    properties: BTreeMap<String, String>,
    port: u16,
    expected: u16,
    /// Notes that are not yet told.
    pub(super) notes: Vec<String>,
}

impl Services {
    pub(super) fn new(machine: &Arc<Machine>, proxy_kind: ProxyKind, proxy: Proxy, events: Sender<Event>) -> Self {
        Self {
            machine: Arc::clone(machine),
            proxy_kind,
            proxy,
            nginx: None,
            supervisor: None,
            queue: None,
            events,
            settings: Settings::default(),
            properties: BTreeMap::new(),
            port: 0,
            expected: address::DEFAULT,
            notes: Vec::new(),
        }
    }

    /// The port at which a browser finds the site.
    pub(super) fn address(&self) -> u16 {
        self.proxy.port()
    }

    /// Does it take messages out of a queue?
    pub(super) fn is_worker(&self) -> bool {
        self.queue.is_some()
    }

    /// Health as the balancer finds it.
    pub(super) fn health(&self) -> Health {
        let nginx = self.nginx.as_ref().map(|nginx| nginx.port);
        let behind = Behind { ports: [Some(self.port), nginx], supervisor: self.supervisor.as_ref() };
        health::ask(&self.machine, self.address(), &self.settings, &behind)
    }

    /// Get ready for `version`: the environment that its programs will see.
    pub(super) fn plan(&mut self, version: &Version) -> Result<BTreeMap<String, String>, Error> {
        self.settings = version.settings.clone();
        self.properties = version.settings.properties();
        let asked = self.properties.get("PORT").and_then(|text| text.parse().ok());
        self.expected = asked.unwrap_or(address::DEFAULT);
        self.port = address::free().doing("find a free port on", "127.0.0.1")?;
        let mut env = self.machine.base.clone();
        env.extend(self.properties.clone());
        env.insert("PORT".to_owned(), self.port.to_string());
        // On an instance the proxy has port 80; hooks that ask it find it here by this name.
        env.insert("BEANSPROUT_PROXY_PORT".to_owned(), self.proxy.port().to_string());
        // The engine's own addition to the properties, which many public scripts use as `source $PYTHONPATH/activate`.
        env.entry("PYTHONPATH".to_owned()).or_insert_with(|| format!("{}/bin", layout::VENV));
        env.insert("EB_IS_COMMAND_LEADER".to_owned(), "true".to_owned());
        Ok(env)
    }

    /// A container's port is the instance's: there is no proxy of the platform's.
    pub(super) fn publish_port(&mut self) {
        let tls = self.settings.ends_tls();
        let routes = Routes { upload_limit: u64::MAX, patience: Duration::from_secs(3600), tls, ..Routes::closed() };
        self.proxy.route(Routes { upstream: Some(self.port), ..routes });
    }

    pub(super) fn stop_proxy(&mut self) {
        self.proxy.route(Routes::closed());
        self.nginx = None;
    }

    pub(super) fn stop_processes(&mut self) {
        self.supervisor = None;
    }

    pub(super) fn stop_queue(&mut self) {
        self.queue = None;
    }

    /// Start the daemon of a worker.
    pub(super) fn start_queue(&mut self) -> Result<(), Error> {
        // The daemon asks the instance's own proxy. Where that is not nginx, ours plays both it and a balancer.
        let port = self.nginx.as_ref().map_or(self.proxy.port(), |nginx| nginx.port);
        self.queue = Some(Queue::start(&self.machine, &self.settings, port, &self.events)?);
        Ok(())
    }

    pub(super) fn start_processes(&mut self, processes: Vec<Service>, defaults: &ImageDefaults) -> Result<(), Error> {
        self.expected = defaults.port.unwrap_or(self.expected);
        let config = std::fs::read_to_string(self.machine.layout.real(layout::CURRENT).join("gunicorn.conf.py")).ok();
        let moved = address::move_to(self.port, self.expected, &processes, &self.properties, config.as_deref());
        for note in &moved.notes {
            self.machine.note("INFO", note);
        }
        self.notes.extend(moved.notes);
        let mut env = self.machine.base.clone();
        env.extend(defaults.env.iter().cloned());
        env.extend(self.properties.clone());
        env.entry("PYTHONPATH".to_owned()).or_insert_with(|| format!("{}/bin", layout::VENV));
        env.extend(moved.env);
        let path = env.get("PATH").cloned().unwrap_or_default();
        env.insert("PATH".to_owned(), format!("{}/bin:{path}", layout::VENV));
        self.supervisor = Some(Supervisor::start(&self.machine, &moved.services, &env, &self.events)?);
        Ok(())
    }

    pub(super) fn start_proxy(&mut self) -> Result<ProxyStart, Error> {
        let current = self.machine.layout.real(layout::CURRENT);
        let mut files: Vec<(String, String)> = self
            .settings
            .static_files()
            .map(|(path, dir)| (format!("/{}", path.trim_matches('/')), dir.trim_matches('/').to_owned()))
            .collect();
        // A folder of this name is served without being asked for.
        let has_folder = current.join(defaults::STATIC_FOLDER).is_dir();
        if defaults::serves_static_folder(has_folder, files.iter().map(|(path, _)| path.as_str())) {
            files.push((defaults::STATIC_PATH.to_owned(), defaults::STATIC_FOLDER.to_owned()));
        }
        let tls = self.settings.ends_tls();
        let path = self.machine.base.get("PATH").map(String::as_str).unwrap_or_default();
        let nginx = nginx::installed(path).filter(|_| self.proxy_kind == ProxyKind::Auto);
        if let Some(program) = nginx {
            let site = Site { upstream: self.port, expected: self.expected, files: &files };
            let nginx = match Nginx::start(&program, &self.machine, &site, &self.events)? {
                NginxStart::Serves(nginx) => nginx,
                NginxStart::Refused(why) => return Ok(ProxyStart::Refused(why)),
            };
            // Limits and files are nginx's business from here on.
            let routes =
                Routes { upload_limit: u64::MAX, patience: Duration::from_secs(3600), tls, ..Routes::closed() };
            self.proxy.route(Routes { upstream: Some(nginx.port), ..routes });
            self.nginx = Some(nginx);
            return Ok(ProxyStart::Serves);
        }
        let files = files.into_iter().map(|(path, dir)| (path, current.join(dir))).collect();
        let mut routes = Routes { upstream: Some(self.port), files, tls, ..Routes::closed() };
        for text in nginx_texts(&current.join(".platform/nginx")) {
            routes.obey(&text);
        }
        self.proxy.route(routes);
        self.notes.push(
            "a proxy of its own stands in for nginx: of `.platform/nginx` it knows the limits of bodies and time only; where nginx is installed, that is used"
                .to_owned(),
        );
        Ok(ProxyStart::Serves)
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
