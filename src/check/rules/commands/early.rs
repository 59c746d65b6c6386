//! Early: what a script looks for in a container that does not run yet, or that does not have it.

use super::guard;
use crate::beanstalk::customizations::Moment;
use crate::beanstalk::platforms::Family;
use crate::beanstalk::tree::file_name;
use crate::check::dockerfile::{Image, NAME, Origin};
use crate::check::script::{Place, Script, fate};
use crate::check::subject::Subject;
use crate::check::words::{self, Run};

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    let gone = script.runs().iter().find_map(|run| Some((run, Gone::of(subject, script, run)?)));
    let before = match script.place {
        Place::Command(_) | Place::ContainerCommand(_) => true,
        Place::Hook(hook) => !hook.config && hook.moment != Moment::Postdeploy,
        Place::Process(_) | Place::Build(_) => false,
    };
    // A container that the scripts start themselves is another one.
    let starts = |script: &Script<'_>| {
        let verb = |verb: &str| ["run", "up", "start", "create"].contains(&verb);
        script
            .runs()
            .iter()
            .any(|run| matches!(run.name(), "docker" | "docker-compose") && run.plain().any(|word| verb(&word.text)))
    };
    let scripts = subject.scripts();
    if let Some((run, gone)) = &gone
        && !before
    {
        gone.say(subject, script, run);
    }
    if !before || subject.customizations.family != Family::Docker || scripts.iter().any(starts) {
        return;
    }
    let Some(run) = script.runs().iter().find(|run| run.lead.in_container()) else { return };
    let (how, level) = fate(script.forgives(run));
    if let Some((_, gone)) = gone.filter(|(other, _)| other.program.span == run.program.span) {
        let message = format!(
            "{} {how} in every deployment: the new container starts afterwards, and {}",
            script.title(),
            gone.why()
        );
        let fix = match gone.is_built {
            true => "take it out: the image does this while it is built".to_owned(),
            false => format!(
                "do it in a hook in `.platform/hooks/postdeploy`, in the image's entrypoint, or while it is built, with {}",
                gone.there
            ),
        };
        guard::find(subject, script, run, "EB273", (message, &fix, level));
        return;
    }
    let message = format!(
        "{} {how} in the first deployment, and works in the old version's container in each later one: the new container starts afterwards",
        script.title()
    );
    let fix = "do it in a hook in `.platform/hooks/postdeploy`, in the image's entrypoint, or while it is built";
    guard::find(subject, script, run, "EB273", (message, fix, level));
}

/// A `manage.py` that is looked for in a container, and that the image has somewhere else.
struct Gone {
    looked_for: String,
    there: String,
    /// Does a step of the image do the same with the one that is there?
    is_built: bool,
}

impl Gone {
    /// Only of the one image of a lone `Dockerfile`, and of a folder that its `COPY` makes.
    fn of(subject: &Subject<'_>, script: &Script<'_>, run: &Run) -> Option<Self> {
        let alone = subject.customizations.family == Family::Docker && !subject.composes();
        let text = subject.tree.text(NAME).filter(|_| alone && run.in_container())?;
        let (command, _) = run.django()?;
        let words = std::iter::once(&run.program).chain(&run.arguments);
        let looked_for = words.map(|word| word.text.as_str()).find(|text| text.ends_with("manage.py"))?;
        let line = script.line_of(run);
        let elsewhere = line.contains(" -w") || line.contains("--workdir") || line.contains("cd ");
        if elsewhere && !looked_for.starts_with('/') {
            return None;
        }
        let image = Image::read(text);
        let is_dir = |path: &str| subject.tree.is_dir(path);
        let from = |path: &str| match image.origin(path, is_dir) {
            Origin::Context { path, .. } => Some(path),
            Origin::Unknown => None,
        };
        let whole = image.path_of(looked_for)?;
        let missing = from(&whole).filter(|path| !subject.tree.is_file(path))?;
        let top = whole.strip_suffix(missing.as_str())?;
        // Steps that move it, or make one.
        let makes = ["startproject", "git clone"].iter().any(|word| image.builds_with(word));
        let moves = image.all("RUN").any(|step| {
            step.rest.contains("manage.py") && ["mv ", "ln ", "cp "].iter().any(|word| step.rest.contains(word))
        });
        let mut others = subject.tree.iter().map(|(path, _)| path).filter(|path| file_name(path) == "manage.py");
        let other = others.next().filter(|_| !makes && !moves && others.next().is_none())?;
        let there = format!("{top}{other}");
        (from(&there).as_deref() == Some(other)).then(|| Self {
            looked_for: whole.clone(),
            is_built: image.all("RUN").any(|step| {
                words::runs(&step.rest)
                    .iter()
                    .any(|run| run.django().is_some_and(|(other, _)| other.text == command.text))
            }),
            there: format!("`{there}`"),
        })
    }

    fn why(&self) -> String {
        format!("the image has no `{}`: `COPY` of the `Dockerfile` makes it {}", self.looked_for, self.there)
    }

    fn say(&self, subject: &mut Subject<'_>, script: &Script<'_>, run: &Run) {
        let (how, level) = fate(script.forgives(run));
        let message = format!("{} {how}: {}", script.title(), self.why());
        let fix = match self.is_built {
            true => "take it out, since the image does this while it is built; or name that path".to_owned(),
            false => "name that path".to_owned(),
        };
        guard::find(subject, script, run, "EB162", (message, &fix, level));
    }
}
