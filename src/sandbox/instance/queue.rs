//! The daemon of the worker tier: takes messages out of the queue and posts them to the application on its own instance.
//!
//! On AWS the queue is SQS and the daemon `aws-sqsd`, which also puts periodic tasks into the queue by the clock of one
//! elected instance. Here tasks run when somebody asks for them.
//!
//! Sources: Developer Guide, "Elastic Beanstalk worker environments", for headers, 200 as the only good answer, and
//! what the options mean.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::Event;
use super::error::Error;
use super::http::{self, Request};
use super::layout::CURRENT;
use super::machine::Machine;
use super::settings::Settings;
use super::spool::{Delivery, Message, Spool, Worker};
use crate::beanstalk::customizations::DAEMON;
use crate::beanstalk::yaml;

const CRON: &str = "cron.yaml";
/// Pause between two looks for new messages.
const LOOK: Duration = Duration::from_millis(100);

/// The options of the daemon, with AWS's defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Options {
    path: String,
    mime_type: String,
    /// The last part of the queue's address.
    queue: String,
    connections: usize,
    connect: Duration,
    inactivity: Duration,
    /// Time for which a message is invisible after it was delivered and nothing answered.
    visibility: Duration,
    /// Time for which it stays away after an answer other than 200.
    after_error: Duration,
    tries: u32,
}

impl Options {
    fn of(settings: &Settings) -> Self {
        let number = |name: &str, default: u64, from: u64, to: u64| {
            let given = settings.get(DAEMON, name).and_then(|text| text.trim().parse().ok());
            given.unwrap_or(default).clamp(from, to)
        };
        let seconds = |name, default, from, to| Duration::from_secs(number(name, default, from, to));
        let own = settings.get(DAEMON, "WorkerQueueURL").and_then(|url| url.rsplit('/').next());
        let path = settings.get(DAEMON, "HttpPath").unwrap_or("/");
        Self {
            path: if path.starts_with('/') { path.to_owned() } else { format!("/{path}") },
            mime_type: settings.get(DAEMON, "MimeType").unwrap_or("application/json").to_owned(),
            queue: own.filter(|name| !name.is_empty()).unwrap_or("beansprout-worker-queue").to_owned(),
            connections: number("HttpConnections", 50, 1, 100) as usize,
            connect: seconds("ConnectTimeout", 5, 1, 60),
            inactivity: seconds("InactivityTimeout", 299, 1, 36_000),
            visibility: seconds("VisibilityTimeout", 300, 0, 43_200),
            after_error: seconds("ErrorVisibilityTimeout", 2, 0, 43_200),
            tries: number("MaxRetries", 10, 1, 100) as u32,
        }
    }
}

/// The tasks of `cron.yaml`: name and path.
fn tasks(text: &str) -> BTreeMap<String, String> {
    let Ok(Some(root)) = yaml::parse(text) else { return BTreeMap::new() };
    let jobs = root.get("cron").and_then(yaml::Node::sequence).unwrap_or_default();
    let task = |job: &yaml::Node| {
        let text = |key: &str| job.get(key).and_then(yaml::Node::as_str).map(str::to_owned);
        Some((text("name")?, text("url")?))
    };
    jobs.iter().filter_map(task).collect()
}

/// The running daemon. It ends when dropped; messages that are under way come back.
pub(crate) struct Queue {
    stop: Arc<AtomicBool>,
    spool: Spool,
    thread: Option<JoinHandle<()>>,
}

impl Queue {
    /// Take messages for the application behind `port`: that of nginx if there is one, as on an instance.
    pub(crate) fn start(
        machine: &Arc<Machine>,
        settings: &Settings,
        port: u16,
        events: &Sender<Event>,
    ) -> Result<Self, Error> {
        let options = Options::of(settings);
        let cron = std::fs::read_to_string(machine.layout.real(CURRENT).join(CRON)).unwrap_or_default();
        // FIFO queues have no periodic tasks.
        let tasks = if options.queue.ends_with(".fifo") { BTreeMap::new() } else { tasks(&cron) };
        let worker = Worker { path: options.path.clone(), tasks, patience: options.inactivity.as_secs() };
        let spool = Spool::at(machine.layout.home());
        spool.open(&worker)?;
        let stop = Arc::new(AtomicBool::new(false));
        let daemon = Daemon {
            machine: Arc::clone(machine),
            options,
            worker,
            spool: spool.clone(),
            port,
            events: events.clone(),
            stop: Arc::clone(&stop),
        };
        let thread = std::thread::Builder::new().name("queue".to_owned());
        let thread = thread.spawn(move || Arc::new(daemon).work()).map_err(Error::Thread)?;
        Ok(Self { stop, spool, thread: Some(thread) })
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.spool.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Daemon {
    machine: Arc<Machine>,
    options: Options,
    worker: Worker,
    spool: Spool,
    port: u16,
    events: Sender<Event>,
    stop: Arc<AtomicBool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Busy,
    /// Invisible until then.
    Away(Instant),
    /// Off the queue. Remembered until no list of the queue can have it any more.
    Gone,
}

type States = Mutex<BTreeMap<String, State>>;

impl Daemon {
    fn work(self: Arc<Self>) {
        let states: Arc<States> = Arc::default();
        // A place for each connection, given back when it is free.
        let (free, layout): (Sender<()>, Receiver<()>) = mpsc::channel();
        for _ in 0..self.options.connections {
            let _ = free.send(());
        }
        while !self.stop.load(Ordering::SeqCst) {
            let messages = self.spool.messages();
            let mut known = states.lock().unwrap_or_else(PoisonError::into_inner);
            known.retain(|id, state| *state != State::Gone || messages.iter().any(|message| message.id == *id));
            for message in messages {
                let visible = match known.get(&message.id) {
                    None => true,
                    Some(State::Away(until)) => *until <= Instant::now(),
                    Some(State::Busy | State::Gone) => false,
                };
                if !visible || layout.try_recv().is_err() {
                    continue;
                }
                known.insert(message.id.clone(), State::Busy);
                let (daemon, states, free) = (Arc::clone(&self), Arc::clone(&states), free.clone());
                let deliver = move || {
                    let id = message.id.clone();
                    let state =
                        daemon.deliver(message).map_or(State::Gone, |pause| State::Away(Instant::now() + pause));
                    states.lock().unwrap_or_else(PoisonError::into_inner).insert(id, state);
                    let _ = free.send(());
                };
                // Without a thread it stays in the queue, invisible until the daemon starts again.
                let _ = std::thread::Builder::new().name("message".to_owned()).spawn(deliver);
            }
            drop(known);
            std::thread::sleep(LOOK);
        }
    }

    /// Post a message, and say when it comes back if it does.
    fn deliver(&self, mut message: Message) -> Option<Duration> {
        let now = self.machine.now();
        message.received += 1;
        let first = *message.first_received.get_or_insert(now);
        let (path, headers) = self.request(&message, now, first);
        let request = Request {
            method: "POST",
            path: &path,
            headers,
            body: message.body.as_bytes(),
            connect: self.options.connect,
            patience: self.options.inactivity,
        };
        let answer = http::ask(self.port, &request);
        let done = answer.as_ref().is_ok_and(|answer| answer.status == 200);
        if !done && self.stop.load(Ordering::SeqCst) {
            // The application was ended under it: that says nothing about the message.
            return Some(Duration::ZERO);
        }
        let (status, error, pause) = match answer {
            Ok(answer) => (Some(answer.status), None, self.options.after_error),
            Err(error) => (None, Some(error.to_string()), self.options.visibility),
        };
        let again = (!done && message.received < self.options.tries).then_some(pause);
        let delivery = Delivery {
            id: message.id.clone(),
            status,
            error,
            received: message.received,
            tries: self.options.tries,
            again_in: again.map(|pause| pause.as_secs()),
        };
        let settled = self.spool.settle(&message, &delivery);
        // Said when it is so: whoever hears of it may look.
        self.tell(&message, &path, &delivery);
        if let Err(error) = settled {
            let _ = self.events.send(Event::Warning(error.to_string()));
        }
        again
    }

    /// Where a message goes, and what it says of itself.
    fn request(
        &self,
        message: &Message,
        now: jiff::Timestamp,
        first: jiff::Timestamp,
    ) -> (String, Vec<(String, String)>) {
        let time = |time: jiff::Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut headers = vec![
            ("Host".to_owned(), "localhost".to_owned()),
            ("User-Agent".to_owned(), "aws-sqsd/3.0".to_owned()),
            ("Content-Type".to_owned(), self.options.mime_type.clone()),
            ("X-Aws-Sqsd-Msgid".to_owned(), message.id.clone()),
            ("X-Aws-Sqsd-Queue".to_owned(), self.options.queue.clone()),
            ("X-Aws-Sqsd-First-Received-At".to_owned(), time(first)),
            ("X-Aws-Sqsd-Receive-Count".to_owned(), message.received.to_string()),
            ("X-Aws-Sqsd-Sender-Id".to_owned(), crate::sandbox::ACCESS_KEY_ID.to_owned()),
        ];
        let attribute = |(name, value): (&String, &String)| (format!("X-Aws-Sqsd-Attr-{name}"), value.clone());
        headers.extend(message.attributes.iter().map(attribute));
        let task = message.task.as_ref().and_then(|name| Some((name, self.worker.tasks.get(name)?)));
        let path = match task {
            Some((name, url)) => {
                headers.push(("X-Aws-Sqsd-Taskname".to_owned(), name.clone()));
                headers.push(("X-Aws-Sqsd-Scheduled-At".to_owned(), time(now)));
                url.clone()
            }
            None => self.worker.path.clone(),
        };
        (path, headers)
    }

    fn tell(&self, message: &Message, path: &str, delivery: &Delivery) {
        let what = match &message.task {
            Some(name) => format!("task `{name}`"),
            None => format!("message {}", &message.id[..message.id.len().min(8)]),
        };
        let text = format!("{what} to `{path}`: {}", delivery.phrase());
        let good = delivery.done();
        self.machine.note(if good { "INFO" } else { "WARN" }, &text);
        let _ = self.events.send(if good { Event::Note(text) } else { Event::Warning(text) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_have_awss_defaults_and_bounds() {
        let options = Options::of(&Settings::default());
        assert_eq!((options.path.as_str(), options.mime_type.as_str()), ("/", "application/json"));
        assert_eq!((options.connections, options.tries), (50, 10));
        assert_eq!((options.inactivity.as_secs(), options.visibility.as_secs()), (299, 300));
        assert_eq!((options.after_error.as_secs(), options.connect.as_secs()), (2, 5));
        let mut settings = Settings::default();
        settings.set(DAEMON, "HttpPath", "tasks/");
        settings.set(DAEMON, "HttpConnections", "1000");
        settings.set(DAEMON, "MaxRetries", "0");
        settings.set(DAEMON, "WorkerQueueURL", "https://sqs.us-east-1.amazonaws.com/123456789012/shop.fifo");
        let options = Options::of(&settings);
        assert_eq!((options.path.as_str(), options.connections, options.tries), ("/tasks/", 100, 1));
        assert_eq!(options.queue, "shop.fifo");
    }

    #[test]
    fn tasks_have_a_name_and_a_path() {
        let text = "version: 1\ncron:\n  - {name: a, url: /x, schedule: '* * * * *'}\n  - {name: b}\n";
        assert_eq!(tasks(text), BTreeMap::from([("a".to_owned(), "/x".to_owned())]));
        assert!(tasks("cron: [").is_empty());
        assert!(tasks("").is_empty());
    }
}
