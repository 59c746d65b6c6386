//! The processes of the Procfile: started together, restarted when they end, stopped together.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Event;
use super::error::Error;
use super::isolation::{Argv, Program};
use super::journal::{Journal, pour};
use super::layout::CURRENT;
use super::machine::{End, Machine};

/// The pauses before a process is started again: each as long again as the one before, up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LAST_PAUSE: Duration = Duration::from_secs(5);
/// A process that ran this long has started well; its next end begins with the first pause.
const SETTLED: Duration = Duration::from_secs(10);

/// One line of the Procfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) command: String,
}

/// The running processes of one version. They end when it is dropped.
pub(crate) struct Supervisor {
    machine: Arc<Machine>,
    stop: Arc<Stop>,
    supervised: Vec<Supervised>,
}

struct Supervised {
    name: String,
    group: Arc<AtomicI32>,
    /// Times in a row that its process ended soon after its start.
    ends: Arc<AtomicU32>,
    thread: JoinHandle<()>,
}

/// Says to all that is supervised that an end is wanted.
#[derive(Default)]
struct Stop {
    wanted: AtomicBool,
    lock: Mutex<()>,
    changed: Condvar,
}

impl Stop {
    fn wanted(&self) -> bool {
        self.wanted.load(Ordering::SeqCst)
    }

    fn want(&self) {
        let _lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.wanted.store(true, Ordering::SeqCst);
        self.changed.notify_all();
    }

    fn pause(&self, time: Duration) {
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let _lock = self.changed.wait_timeout_while(lock, time, |()| !self.wanted());
    }
}

impl Supervisor {
    /// Start every service in `/var/app/current`.
    pub(crate) fn start(
        machine: &Arc<Machine>,
        services: &[Service],
        env: &BTreeMap<String, String>,
        events: &Sender<Event>,
    ) -> Result<Self, Error> {
        let mut running = Self { machine: Arc::clone(machine), stop: Arc::default(), supervised: Vec::new() };
        for service in services {
            let (group, ends) = (Arc::new(AtomicI32::new(0)), Arc::new(AtomicU32::new(0)));
            let supervision = Supervision {
                machine: Arc::clone(machine),
                stop: Arc::clone(&running.stop),
                group: Arc::clone(&group),
                ends: Arc::clone(&ends),
                journal: Arc::new(machine.journal(&format!("{}.stdout.log", service.name))),
                service: service.clone(),
                env: env.clone(),
                events: events.clone(),
            };
            // bubblewrap ends its program with the thread that started it, so the thread that starts is the one that waits.
            let builder = std::thread::Builder::new().name(service.name.clone());
            let thread = builder.spawn(move || supervision.forever()).map_err(Error::Thread)?;
            running.supervised.push(Supervised { name: service.name.clone(), group, ends, thread });
        }
        Ok(running)
    }

    /// Times in a row that the web process ended soon after its start.
    pub(crate) fn false_starts(&self) -> u32 {
        let web = self.supervised.iter().find(|supervised| supervised.name == "web").or(self.supervised.first());
        web.map_or(0, |supervised| supervised.ends.load(Ordering::SeqCst))
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.stop.want();
        let groups: Vec<i32> = self
            .supervised
            .iter()
            .map(|supervised| supervised.group.load(Ordering::SeqCst))
            .filter(|group| *group > 0)
            .collect();
        self.machine.processes.end(&groups);
        for supervised in self.supervised.drain(..) {
            let _ = supervised.thread.join();
        }
    }
}

struct Supervision {
    machine: Arc<Machine>,
    stop: Arc<Stop>,
    group: Arc<AtomicI32>,
    ends: Arc<AtomicU32>,
    journal: Arc<Journal>,
    service: Service,
    env: BTreeMap<String, String>,
    events: Sender<Event>,
}

impl Supervision {
    fn forever(self) {
        let mut pause = FIRST_PAUSE;
        while !self.stop.wanted() && !self.machine.processes.closed() {
            let began = Instant::now();
            let ended = match self.once() {
                Ok(end) => end.to_string(),
                Err(error) => error.to_string(),
            };
            if self.stop.wanted() || self.machine.processes.closed() {
                return;
            }
            if began.elapsed() >= SETTLED {
                pause = FIRST_PAUSE;
                self.ends.store(0, Ordering::SeqCst);
            } else {
                self.ends.fetch_add(1, Ordering::SeqCst);
            }
            let name = self.service.name.clone();
            self.machine.note("WARN", &format!("process `{name}` ended ({ended}); starting it again"));
            let _ = self.events.send(Event::Ended { process: name, how: ended, again_in: pause });
            self.stop.pause(pause);
            pause = (pause * 2).min(LAST_PAUSE);
        }
    }

    fn once(&self) -> std::io::Result<End> {
        let program = Program { argv: Argv::Shell(&self.service.command), cwd: CURRENT, env: &self.env };
        let (reader, writer) = std::io::pipe()?;
        let mut command = self.machine.isolation.command(&program, &self.machine.layout);
        command.stdout(writer.try_clone()?).stderr(writer);
        let spawned = self.machine.processes.spawn(&mut command);
        drop(command);
        let mut child = spawned?;
        self.group.store(child.id().cast_signed(), Ordering::SeqCst);
        if self.stop.wanted() {
            self.machine.processes.end(&[child.id().cast_signed()]);
        }
        let (done, drained) = mpsc::channel();
        let journal = Arc::clone(&self.journal);
        let output = std::thread::Builder::new().name(format!("{} output", self.service.name)).spawn(move || {
            pour(reader, &journal, 0);
            let _ = done.send(());
        });
        let status = self.machine.processes.wait(&mut child, None);
        self.group.store(0, Ordering::SeqCst);
        if output.is_ok() {
            let _ = drained.recv_timeout(Duration::from_millis(500));
        }
        Ok(status?.map_or(End::Signal(9), End::from))
    }
}
