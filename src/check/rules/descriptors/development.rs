//! Development: containers in which a server for the desk answers the visitors, Django's or Flask's.
//!
//! Source: Flask documentation, "Development Server" and "Deploying to Production": it is not to be used there.

use super::containers::Container;
use super::desk::{Desk, is_for_visitors};
use super::listens;
use crate::check::subject::Subject;
use crate::check::words::{Run, is_python};
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, containers: &[Container]) {
    // What may be for the desk alone is not what visitors reach.
    if subject.guessed() {
        return;
    }
    for container in containers {
        let served = container.runs.iter().find_map(|run| Some((run, Desk::of(run, container.code(subject, run))?)));
        let Some((run, desk)) = served.filter(|_| !container.runs.iter().any(is_for_visitors)) else {
            continue;
        };
        let message = match desk {
            Desk::Django => "the server for development answers the visitors: Django's own guide says never to let it",
            Desk::Flask { .. } => {
                "the server for development answers the visitors: Flask's own guide says not to use it in production"
            }
        };
        let fix = advice(subject, container, run, &desk);
        // The script of an image may lie anywhere; its line is what the container starts with.
        let word = run.plain().map(|word| word.text.as_str()).find(|word| word.starts_with("run"));
        let span = container.place(subject, word.unwrap_or_else(|| run.name()));
        let (path, sure) = (container.path.clone(), container.is_sure);
        let message = match container.built.as_ref().filter(|built| !sure && built.path == path) {
            Some(built) => format!("if the image is that of `{}`, {message}", built.path),
            None => message.to_owned(),
        };
        subject.find("EB007", &path, span, message, fix).level = Level::Warning;
        return;
    }
}

/// What to start in its place, where visitors ask now.
fn advice(subject: &Subject<'_>, container: &Container, run: &Run, desk: &Desk) -> String {
    let port = listens::wanted(subject, container, run, desk);
    let mut fix = match desk {
        Desk::Django => format!(
            "start gunicorn, such as `gunicorn --bind 0.0.0.0:{} mysite.wsgi`, and let WhiteNoise serve static files",
            port.as_deref().unwrap_or("8000")
        ),
        Desk::Flask { .. } => format!(
            "start gunicorn, such as `gunicorn --bind 0.0.0.0:{} app:app`, with the module and the object of the application",
            port.as_deref().unwrap_or("5000")
        ),
    };
    let starts =
        container.built.as_ref().filter(|built| built.path == container.path).map(|built| built.image.starts());
    if let Some((Some(entry), command)) = starts
        && entry.runs.iter().any(|run| is_python(run.name()) || matches!(run.name(), "flask" | "manage.py"))
    {
        let both = if command.is_some() { "`ENTRYPOINT` and `CMD`" } else { "the `ENTRYPOINT`" };
        fix += &format!("; as the `CMD`, in place of {both}");
    }
    // Only of what the image surely installs.
    let lists = subject.inside().and_then(|inside| inside.packages.clone());
    if lists.is_some_and(|lists| lists.get("gunicorn").is_no()) {
        fix += "; and let the image install `gunicorn`, which its list does not ask for";
    }
    fix
}
