//! Kept: data that the modules of the server keep in files beside the code.

mod opened;

use std::ops::Range;

use super::descriptors::containers;
use crate::beanstalk::tree::Tree;
use crate::check::django::Value;
use crate::check::django::loaded::followed;
use crate::check::script::{Place, Script};
use crate::check::subject::Subject;
use crate::check::words::Run;
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>) {
    if !subject.prepared() || subject.guessed() {
        return;
    }
    if !subject.python() {
        return in_image(subject);
    }
    let modules = subject.loaded();
    for module in modules.iter() {
        let Some(text) = subject.tree.code(&module.path) else { continue };
        opened::check(subject, module, text);
        data(subject, &module.path, text);
    }
    consumed(subject);
    processes(subject);
    settings(subject);
}

/// What the server of an image keeps in the image.
fn in_image(subject: &mut Subject<'_>) {
    let Some(inside) = subject.inside().filter(|_| !containers::are_mounted(subject)) else { return };
    let (tree, before) = (subject.tree, subject.found().len());
    let paths: Vec<String> = containers::all(subject).iter().flat_map(|one| one.loads(subject)).collect();
    let modules = followed(tree, &paths.iter().map(String::as_str).collect::<Vec<_>>());
    for module in modules.iter().filter(|module| module.path.starts_with(&inside.folder)) {
        if let Some(text) = tree.code(&module.path) {
            data(subject, &module.path, text);
        }
    }
    if !inside.is_sure {
        subject.doubt(before);
    }
}

/// Modules that a process is started with.
fn processes(subject: &mut Subject<'_>) {
    let (tree, scripts) = (subject.tree, subject.scripts());
    let started = scripts.iter().filter(|script| matches!(script.place, Place::Process(_)));
    for word in started.flat_map(Script::host_runs).filter_map(Run::carried_out) {
        let path = word.text.trim_start_matches("./");
        if let Some(text) = tree.code(path).filter(|_| path.ends_with(".py") && !subject.has_found("EB080", path)) {
            data(subject, path, text);
        }
    }
}

/// Settings by which Celery and Huey keep tasks and their answers in a file of the project.
fn settings(subject: &mut Subject<'_>) {
    const CELERY: [(&str, &str); 3] = [
        ("CELERY_BROKER_URL", "the queue"),
        ("BROKER_URL", "the queue"),
        ("CELERY_RESULT_BACKEND", "what tasks answer"),
    ];
    let Some(settings) = subject.settings() else { return };
    let relative = |file: &str| !file.is_empty() && !file.starts_with(['/', ':']) && !file.contains("..");
    let of_celery = CELERY.into_iter().filter_map(|(name, what)| {
        let setting = settings.get(name)?;
        let Value::Text(url) = &setting.value else { return None };
        let file = url.strip_prefix("db+sqlite:///").or_else(|| url.strip_prefix("sqla+sqlite:///"))?;
        Some((setting, what, file.to_owned()))
    });
    let of_huey = settings.get("HUEY").and_then(|setting| {
        let class = setting.value.get("huey_class").text()?;
        let file = setting.value.get("filename").text()?;
        class.ends_with("SqliteHuey").then(|| (setting, "the queue", file.to_owned()))
    });
    for (setting, what, file) in of_celery.chain(of_huey).filter(|(.., file)| relative(file)) {
        let message =
            format!("each deployment replaces the folder, and with it {what} in `{file}`; each instance has its own");
        let fix = "keep it in Redis, such as in ElastiCache, or in RDS";
        subject.find("EB080", &setting.path, setting.span.clone(), message, fix).level = Level::Warning;
    }
}

/// A consumer of Huey's loads the module with the queue, whatever the server does.
fn consumed(subject: &mut Subject<'_>) {
    let consumes = |run: &Run| {
        run.name().starts_with("huey_consumer") || run.django().is_some_and(|(command, _)| command.text == "run_huey")
    };
    if !subject.scripts().iter().any(|script| script.host_runs().any(consumes)) {
        return;
    }
    let tree = subject.tree;
    for path in tree.iter().map(|(path, _)| path).filter(|path| Tree::is_code(path)) {
        let text = tree.code(path).filter(|text| text.contains("SqliteHuey("));
        if let Some(text) = text.filter(|_| !subject.has_found("EB080", path)) {
            data(subject, path, text);
        }
    }
}

/// A text between quotes, and how long it is with them.
fn literal(text: &str) -> Option<(&str, usize)> {
    let inner = text.trim_start_matches(['f', 'r']);
    let before = text.len() - inner.len();
    let quote = inner.chars().next().filter(|char| matches!(char, '"' | '\''))?;
    let end = inner[1..].find(quote)?;
    let path = &inner[1..=end];
    (before < 2 && !path.is_empty()).then_some((path, before + end + 2))
}

/// What keeps data in a file: what it begins with, and what to take instead.
struct Keeper {
    call: &'static str,
    what: &'static str,
    /// Does it make and change the file whatever is asked of it?
    writes: bool,
    fix: &'static str,
}

const RDS: &str = "use PostgreSQL on RDS, or keep the file outside of `/var/app`";

const KEEPERS: [Keeper; 6] = [
    Keeper {
        call: "SqliteHuey(",
        what: "the queue",
        writes: true,
        fix: "keep it in Redis (`RedisHuey`), such as in ElastiCache",
    },
    Keeper { call: "SQLAlchemyJobStore(", what: "the jobs", writes: true, fix: RDS },
    Keeper { call: "sqlite3.connect(", what: "the database", writes: false, fix: RDS },
    Keeper { call: "create_engine(", what: "the database", writes: false, fix: RDS },
    Keeper {
        call: "TinyDB(",
        what: "the database",
        writes: true,
        fix: "use DynamoDB or RDS, or keep the file outside of `/var/app`",
    },
    Keeper {
        call: "shelve.open(",
        what: "the data",
        writes: true,
        fix: "use DynamoDB or RDS, or keep the file outside of `/var/app`",
    },
];

/// Data in a file of the application's folder, which the next deployment replaces.
fn data(subject: &mut Subject<'_>, path: &str, text: &str) {
    for keeper in &KEEPERS {
        let found = text.match_indices(keeper.call).find_map(|(at, call)| {
            let line = &text[text[..at].rfind('\n').map_or(0, |newline| newline + 1)..at];
            if line.trim_start().starts_with(['#', '"', '\'']) || line.contains('#') {
                return None;
            }
            let from = at + call.len();
            let (file, span) = file(&text[from..], text)?;
            Some((file, from + span.start..from + span.end))
        });
        let Some((file, span)) = found else { continue };
        let ships = subject.tree.is_file(&file);
        let changes = ["INSERT ", "UPDATE ", "DELETE ", "CREATE TABLE", "create_all", "commit("];
        if ships && !keeper.writes && !changes.iter().any(|word| text.contains(word)) {
            continue;
        }
        let what = if subject.python() { "folder" } else { "container" };
        let message = format!(
            "each deployment replaces the {what}, and with it {} in `{file}`; each instance has its own",
            keeper.what
        );
        let fix = match subject.python() {
            true => keeper.fix.to_owned(),
            false => keeper.fix.replace("the file outside of `/var/app`", "the file in a volume"),
        };
        subject.find("EB080", path, span, message, fix).level = Level::Warning;
        return;
    }
}

/// The file of the project that the arguments of a call name, and where.
fn file(arguments: &str, module: &str) -> Option<(String, Range<usize>)> {
    let mut start = arguments.len() - arguments.trim_start().len();
    for key in ["filename=", "url=", "database="] {
        if arguments[start..].starts_with(key) {
            start += key.len();
        }
    }
    let rest = &arguments[start..];
    let (written, span) = match literal(rest) {
        Some((written, length)) => (written, start..start + length),
        None => {
            let end = rest.find(|char: char| !(char.is_ascii_alphanumeric() || char == '_')).filter(|end| *end > 0)?;
            // That of a Flask application is asked for elsewhere.
            let name = &rest[..end];
            let line = module.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix('='))?;
            let (written, _) = literal(line.trim_start())?;
            (written, start..start + end)
        }
    };
    let path = written.strip_prefix("sqlite:///").unwrap_or(written);
    let plain = !path.starts_with(['/', ':', '~', '{'])
        && !path.contains([':', '{', '%', '$', '?', ' '])
        && !path.contains("..");
    (plain && !path.is_empty()).then(|| (path.trim_start_matches("./").to_owned(), span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_in_a_file_of_the_project() {
        #[track_caller]
        fn case(arguments: &str, path: Option<&str>) {
            let found = file(arguments, "URL = \"sqlite:///./shop.db\"\n");
            assert_eq!(found.as_ref().map(|(path, _)| path.as_str()), path, "{arguments}");
        }
        case("'shop.db')", Some("shop.db"));
        case("filename=\"./huey.db\")", Some("huey.db"));
        case("url='sqlite:///jobs.sqlite')", Some("jobs.sqlite"));
        case("\n    URL, connect_args={})", Some("shop.db"));
        for elsewhere in [
            "':memory:')",
            "'/tmp/x.db')",
            "'sqlite:////var/lib/x.db')",
            "'sqlite://')",
            "'postgresql://db/x')",
            "f'{HERE}/x.db')",
            "OTHER)",
            "os.environ['X'])",
            "'file:x?mode=ro')",
        ] {
            case(elsewhere, None);
        }
    }
}
