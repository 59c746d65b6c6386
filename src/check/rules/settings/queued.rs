//! Queued: work that the site hands to a queue or a schedule, where no file starts what carries it out.

use std::ops::Range;

use super::at;
use super::local::runs_here;
use super::tasks::BROKERS;
use crate::beanstalk::tree::file_name;
use crate::check::django::{Settings, Value};
use crate::check::script::contents;
use crate::check::subject::Subject;
use crate::level::Level;

const RULE: &str = "EB346";

/// A package, what code or settings that use it say, and the program without which nothing comes of it.
struct Queue {
    /// The module that code imports, or the application.
    module: &'static str,
    /// What queues something, as the code of a module says it.
    calls: &'static [&'static str],
    /// A setting that says when.
    schedule: Option<&'static str>,
    program: &'static str,
    /// Words that say that somebody starts it, or that nobody has to.
    starts: &'static [&'static str],
}

const QUEUES: [Queue; 6] = [
    Queue {
        module: "celery",
        calls: &[".delay(", ".apply_async("],
        schedule: None,
        program: "celery -A … worker",
        starts: &["celery"],
    },
    Queue {
        module: "django_cron",
        calls: &[],
        schedule: Some("CRON_CLASSES"),
        program: "manage.py runcrons",
        starts: &["runcrons"],
    },
    Queue {
        module: "django_crontab",
        calls: &[],
        schedule: Some("CRONJOBS"),
        program: "manage.py crontab add",
        starts: &["crontab"],
    },
    Queue {
        module: "django_q",
        calls: &["async_task("],
        schedule: None,
        program: "manage.py qcluster",
        starts: &["qcluster"],
    },
    Queue {
        module: "django_rq",
        calls: &[".delay(", ".enqueue("],
        schedule: None,
        program: "manage.py rqworker",
        starts: &["rqworker", "rq worker"],
    },
    Queue {
        module: "background_task",
        calls: &["@background("],
        schedule: None,
        program: "manage.py process_tasks",
        starts: &["process_tasks"],
    },
];

pub(super) fn check(subject: &mut Subject<'_>, settings: &Settings) {
    // In a worker environment the queue is SQS, and what containers start is written elsewhere.
    if !subject.python() || subject.guessed() || subject.customizations.worker {
        return;
    }
    let eager = ["CELERY_TASK_ALWAYS_EAGER", "CELERY_ALWAYS_EAGER", "task_always_eager"]
        .iter()
        .any(|name| !matches!(settings.value(name).by_default(), Value::Missing | Value::Bool(false)));
    for queue in &QUEUES {
        if eager && queue.module == "celery" {
            continue;
        }
        if let Some(name) = queue.schedule {
            let named = |app: &&Value| app.text().is_some_and(|app| app.split('.').next() == Some(queue.module));
            let used = settings.value("INSTALLED_APPS").items().iter().any(|app| named(&app));
            let Some(setting) = settings.get(name).filter(|setting| used && !setting.value.items().is_empty()) else {
                continue;
            };
            if is_started(subject, queue) {
                continue;
            }
            let message = format!("no file here starts `{}`, and nothing of this runs by itself", queue.program);
            let fix = match queue.module {
                // It is no job: it writes the table of cron, which the image has not.
                "django_crontab" => {
                    "`manage.py crontab add` in `container_commands` with `leader_only: true`, and `cronie` under `packages: yum:`"
                        .to_owned()
                }
                _ => format!("let a schedule run `{}`: a file in `/etc/cron.d`, or a task of EventBridge", queue.program),
            };
            at(subject, RULE, setting, message, &fix);
        } else if let Some((path, span)) = queued(subject, queue)
            && !is_started(subject, queue)
        {
            if queue.module == "celery" && no_broker(subject, settings) {
                let message = "this fails, and the request with it, unless `CELERY_BROKER_URL` is set elsewhere: no setting names a broker, and the one that celery asks then would be on the instance itself";
                let fix = "name a broker in `CELERY_BROKER_URL`, such as SQS, Redis of ElastiCache or RabbitMQ of Amazon MQ, and start a worker: `worker: celery -A … worker` in `Procfile`, beside `web:`";
                subject.find("EB149", &path, span, message, fix);
                continue;
            }
            let message = format!(
                "what is queued here waits, unless another environment carries it out: no file here starts `{}`",
                queue.program
            );
            let fix = format!("a second line in `Procfile`, beside `web:`: `worker: {}`", queue.program);
            subject.find(RULE, &path, span, message, fix).level = Level::Note;
        }
    }
}

/// Does nothing of the project name a broker, neither settings nor code nor a file of variables?
fn no_broker(subject: &Subject<'_>, settings: &Settings) -> bool {
    let says = |text: &str| text.to_ascii_lowercase().contains("broker");
    let tree = subject.tree;
    let reads = |path: &str| path.ends_with(".py") || file_name(path).starts_with(".env");
    BROKERS.iter().all(|name| *settings.value(name) == Value::Missing)
        && !subject.gives("CELERY_BROKER_URL")
        && !runs_here(subject, "rabbitmq")
        && !tree.iter().any(|(path, _)| reads(path) && tree.text(path).is_none_or(says))
        && !subject.scripts().iter().any(|script| says(script.text))
}

/// Does any file that is run or written on an instance have the word of it?
fn is_started(subject: &Subject<'_>, queue: &Queue) -> bool {
    let says = |text: &str| queue.starts.iter().any(|word| text.contains(word));
    let tree = subject.tree;
    let names = [
        "Procfile",
        "cron.yaml",
        "supervisord.conf",
        "docker-compose.yml",
        "docker-compose.yaml",
        "Dockerfile",
        "Buildfile",
    ];
    subject.scripts().iter().any(|script| says(script.text))
        || subject.customizations.configs.iter().any(|file| says(&file.text))
        || contents(subject.customizations).any(|(_, _, text, _)| says(text))
        || names.iter().any(|path| tree.text(path).is_some_and(says))
        || tree.iter().any(|(path, _)| {
            let is_script = [".sh", ".conf", ".service", ".yml", ".yaml", ".toml", ".ini", ".json"]
                .iter()
                .any(|end| path.ends_with(end));
            (is_script || path.starts_with(".platform/"))
                && !path.ends_with("package-lock.json")
                && tree.text(path).is_some_and(says)
        })
        // What describes services in a folder below is read by nobody here, and may start it.
        || (queue.schedule.is_none() && tree.iter().any(|(path, _)| {
            let name = file_name(path);
            name.contains("compose") && [".yml", ".yaml"].iter().any(|end| name.ends_with(end)) && tree.text(path).is_none()
        }))
}

/// Is something of the project's own a task of celery's? What is not has no `delay`, and queues nothing.
fn has_tasks(subject: &Subject<'_>) -> bool {
    const MARKS: [&str; 6] = ["@shared_task", "@task", "@periodic_task", ".task", "shared_task(", "Task)"];
    let mut code = subject.tree.iter().map(|(path, _)| path).filter(|path| path.ends_with(".py"));
    code.any(|path| subject.tree.code(path).is_none_or(|text| MARKS.iter().any(|mark| text.contains(mark))))
}

/// The first module of those that the server imports which queues something.
fn queued(subject: &Subject<'_>, queue: &Queue) -> Option<(String, Range<usize>)> {
    if queue.module == "celery" && !has_tasks(subject) {
        return None;
    }
    let loaded = subject.loaded();
    let found = loaded.iter().find_map(|module| {
        let text = subject.tree.code(&module.path)?;
        queue.calls.iter().find_map(|call| {
            let (at, _) = text.match_indices(call).find(|(at, _)| {
                let line = &text[text[..*at].rfind('\n').map_or(0, |newline| newline + 1)..*at];
                !line.contains('#') && (*call != ".delay(" || !line.contains("Promise"))
            })?;
            Some((module.path.clone(), at + usize::from(call.starts_with('.'))..at + call.len() - 1))
        })
    })?;
    let imports = format!("import {}", queue.module);
    let from = format!("from {}", queue.module);
    let mut whole =
        subject.tree.iter().filter(|(path, _)| path.ends_with(".py")).filter_map(|(path, _)| subject.tree.code(path));
    let uses = |text: &str| text.lines().any(|line| line.starts_with(&from) || line.starts_with(&imports));
    whole.any(uses).then_some(found)
}
