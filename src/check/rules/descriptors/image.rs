//! Image: what the `Dockerfile` at the top copies, and what its container starts.

use serde_json::Value;

use crate::beanstalk::customizations::EXTENSIONS;
use crate::beanstalk::platforms::Family;
use crate::beanstalk::tree::Entry;
use crate::beanstalk::yaml::{self, Node};
use crate::check::WorkTree;
use crate::check::dockerfile::{self, Image, NAME, Origin, Start};
use crate::check::subject::{DOCKERRUN, Subject};
use crate::check::words::{Run, base, is_python, is_shell};

/// What is said beside the `Dockerfile` of what its container starts.
#[derive(Default)]
struct Beside {
    entry: bool,
    command: bool,
}

pub(super) fn check(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    if subject.customizations.family != Family::Docker || !tree.is_file("Dockerfile") {
        return;
    }
    let Some(text) = tree.text(NAME) else { return };
    let Some(beside) = beside(subject) else { return };
    let image = Image::read(text);
    copies(subject, &image);
    starts(subject, &image, &beside);
}

/// `None`: no image is built from it.
fn beside(subject: &Subject<'_>) -> Option<Beside> {
    let tree = subject.tree;
    if let Some(path) = subject.customizations.containers.as_deref().filter(|path| path.starts_with("docker-compose")) {
        let root = yaml::parse(tree.text(path)?).ok()??;
        let services = root.get("services")?.mapping()?;
        let of_it = |service: &Node| {
            let Some(build) = service.get("build") else { return false };
            let context = build.as_str().or_else(|| build.get("context").and_then(Node::as_str)).unwrap_or(".");
            matches!(context, "." | "./")
                && build
                    .get("dockerfile")
                    .is_none_or(|file| matches!(file.as_str(), Some("Dockerfile" | "./Dockerfile")))
                && build.get("target").is_none()
        };
        let mut built = services.named().map(|(_, _, service)| service).filter(|service| of_it(service));
        let first = built.next()?;
        // Several may start it with words of their own.
        let several = built.next().is_some();
        return Some(Beside {
            entry: several || first.get("entrypoint").is_some(),
            command: several || first.get("command").is_some(),
        });
    }
    let Some(text) = tree.text(DOCKERRUN) else { return Some(Beside::default()) };
    let document: Value = serde_json::from_str(text).ok()?;
    let has = |key: &str| document.get(key).is_some_and(|value| !value.is_null());
    Some(Beside { entry: has("Entrypoint"), command: has("Command") })
}

/// May something on the instance make this file before the image is built?
fn is_made(subject: &Subject<'_>, name: &str) -> bool {
    subject.names_file(name) || subject.pipeline_names(name) || subject.tree.iter().any(|(path, _)| path == "Buildfile")
}

/// What is copied must be in the bundle.
fn copies(subject: &mut Subject<'_>, image: &Image) {
    let tree = subject.tree;
    // Of a folder that holds nothing else, nobody knows what ships.
    let alone = tree.iter().all(|(path, _)| {
        path.starts_with('.') || path.starts_with(EXTENSIONS) || matches!(path, "Dockerfile" | DOCKERRUN)
    });
    let ignored = tree.get(".dockerignore").is_some();
    for copy in image.copies().iter().filter(|_| !alone) {
        let missing = copy.sources.iter().flatten().map(|source| dockerfile::plain(source)).find(|source| {
            let there = source.is_empty() || tree.get(source).is_some() || tree.is_dir(source);
            // What a link leads to, nobody sees here.
            let linked =
                source.match_indices('/').any(|(at, _)| matches!(tree.get(&source[..at]), Some(Entry::Link { .. })));
            !there && !linked && !is_made(subject, base(source))
        });
        let Some(missing) = missing.map(str::to_owned) else { continue };
        let message = format!("the deployment fails: the image is built with `{missing}`, which is not in the bundle");
        let fix = match ignored {
            true => {
                "let it ship, or take the line out; `beansprout package --why` says what keeps it out of the bundle, and `.dockerignore` what does not reach the image"
            }
            false => "let it ship, or take the line out; `beansprout package --why` says what keeps it out",
        };
        subject.find("EB361", NAME, copy.instruction.span.clone(), message, fix);
    }
}

/// What the container starts must be a program, of lines that its system understands.
fn starts(subject: &mut Subject<'_>, image: &Image, beside: &Beside) {
    let (entry, command) = image.starts();
    if let Some(start) = entry.filter(|_| !beside.entry) {
        if program(subject, image, &start) {
            return;
        }
        let Some(text) = script(subject, image, &start) else { return };
        let given = text.lines().any(|line| line.trim_start().starts_with("exec \"$@\"") || line.trim() == "\"$@\"");
        let last = text.lines().map(str::trim).rfind(|line| !line.is_empty() && !line.starts_with('#'));
        // Whoever serves before that has its server.
        let serves = ["runserver", "gunicorn", "daphne", "uvicorn", "supervisord", "flask run", "set --", "hypercorn"];
        let ends = matches!(last, Some("exec \"$@\"" | "exec $@" | "\"$@\""));
        let alone = start.runs.last().is_some_and(|run| plain_arguments(run) == 0);
        if ends && alone && command.is_none() && !beside.command && !serves.iter().any(|word| text.contains(word)) {
            let message = "the container ends at once: the last line of what it starts is `exec \"$@\"`, and there is no `CMD` that it could carry out";
            let fix = "name the server: `CMD [\"gunicorn\", \"--bind\", \"0.0.0.0:8000\", \"MODULE.wsgi\"]`";
            subject.find("EB362", NAME, start.instruction.span, message, fix);
        }
        if !given {
            return;
        }
    } else if beside.entry {
        return;
    }
    if let Some(start) = command.filter(|_| !beside.command) {
        program(subject, image, &start);
    }
}

/// Arguments of what an `ENTRYPOINT` starts, beside the script that a shell is given.
fn plain_arguments(run: &Run) -> usize {
    run.plain().count().saturating_sub(usize::from(is_shell(run.name())))
}

/// The text in the bundle of the script that is started.
fn script<'a>(subject: &Subject<'a>, image: &Image, start: &Start) -> Option<&'a str> {
    let run = start.runs.last()?;
    let word = run.script().unwrap_or(&run.program);
    let tree = subject.tree;
    match image.origin(&image.path_of(&word.text)?, |path| tree.is_dir(path)) {
        Origin::Context { path, .. } => tree.text(&path),
        Origin::Unknown => None,
    }
}

/// Does a program of the bundle not start? Tells whether that was said.
fn program(subject: &mut Subject<'_>, image: &Image, start: &Start) -> bool {
    let tree = subject.tree;
    for run in &start.runs {
        let given = run.script().filter(|_| is_shell(run.name()) && !run.has("-c"));
        let word = given.unwrap_or(&run.program);
        if !word.text.contains('/') && given.is_none() || is_python(run.name()) {
            continue;
        }
        let Some(path) = image.path_of(&word.text) else { continue };
        let Origin::Context { path, keeps_mode } = image.origin(&path, |path| tree.is_dir(path)) else { continue };
        let name = base(&path).to_owned();
        let file = match tree.get(&path) {
            Some(Entry::File { executable, .. }) => Some(*executable),
            Some(Entry::Link { .. } | Entry::Directory) => continue,
            None => None,
        };
        let changed = |program: &str| {
            image.all("RUN").any(|one| {
                let wide = ["*", " -R", "find ", "$", " .", "--recursive"];
                one.rest.contains(program)
                    && (one.rest.contains(&name) || wide.iter().any(|word| one.rest.contains(word)))
            })
        };
        let span = start.instruction.span.clone();
        let closed = file == Some(false) && given.is_none() && keeps_mode && !changed("chmod");
        // Beansprout packs scripts as programs; a copy may have lost the modes.
        let packs = tree.is_file(crate::project::FILE) || subject.work_tree == WorkTree::None;
        let windows = tree.text(&path).is_some_and(ends_lines_as_windows);
        let mended = ["dos2unix", "\\r", "sed "].iter().any(|word| image.builds_with(word));
        if file.is_none() && [".sh", ".py"].iter().any(|end| name.ends_with(end)) {
            if image.builds_with(&name) || is_made(subject, &name) {
                continue;
            }
            let message = format!("the container does not start: there is no `{path}` in the bundle");
            let fix = "let it ship, or name what is there";
            subject.find("EB362", NAME, span, message, fix);
            return true;
        }
        if windows && !mended {
            let what = match given {
                Some(_) => "the shell takes each `\\r` for a part of the last word",
                None => "its interpreter is looked for with `\\r` at the end of the name",
            };
            let message = format!("the container does not start: `{path}` has Windows line endings, and {what}");
            subject.find("EB362", NAME, span, message, "save the script with Unix line endings");
            return true;
        }
        if closed && !packs {
            let message = format!("the container does not start: `{path}` is not executable: permission denied");
            let fix = format!(
                "`git update-index --chmod=+x {path}`, `RUN chmod +x` in the `Dockerfile`, or `[\"sh\", …]` before its name"
            );
            subject.find("EB362", NAME, span, message, fix);
            return true;
        }
    }
    false
}

fn ends_lines_as_windows(text: &str) -> bool {
    text.starts_with("#!") && text.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r'))
}
