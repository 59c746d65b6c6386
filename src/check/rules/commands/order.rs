//! Order: what needs the tables of the database, and runs before `migrate` makes them.
//!
//! cfn-init gets the `container_commands` of all files as one list, and runs it in the order of their names: the logs of
//! instances have one `postbuild_0_…` with all of them, and a `prebuild_…` with the `commands` of each file.

use std::ops::Range;

use crate::beanstalk::customizations::Moment;
use crate::check::script::{Place, Script, fate};
use crate::check::subject::Subject;
use crate::check::words::{Run, Word};

/// Commands of Django and of what is commonly installed with it that read or write tables.
const NEED: &[&str] = &[
    "loaddata",
    "createsuperuser",
    "changepassword",
    "clearsessions",
    "dumpdata",
    "update_index",
    "rebuild_index",
    "createinitialrevisions",
    "drf_create_token",
    "set_default_site",
];

/// A step of a deployment that is a command of Django's.
struct Step<'s> {
    script: &'s Script<'s>,
    run: &'s Run,
    command: &'s Word,
    at: Position<'s>,
}

/// When a script runs: the part of the deployment, and its name within that.
type Position<'s> = (u8, &'s str);

pub(super) fn check(subject: &mut Subject<'_>) {
    let scripts = subject.scripts();
    let mut steps: Vec<Step<'_>> = scripts.iter().flat_map(of_script).collect();
    steps.sort_by_key(|step| step.at);
    let Some(migrates) = steps.iter().find(|step| step.command.text == "migrate" && !step.run.has("--plan")) else {
        return;
    };
    let mut found: Vec<(&Step<'_>, Range<usize>)> = Vec::new();
    for step in steps.iter().filter(|step| is_before(step, migrates)) {
        // What is asked first, or is told to migrate as well, may have the tables.
        let asks = matches!(step.script.place, Place::ContainerCommand(command) if command.test.is_some());
        let may_migrate = |text: &str| text.replace("makemigrations", "").contains("migrate");
        let makes = scripts.iter().any(|other| match std::ptr::eq(other, step.script) {
            true => other.text.get(..step.run.program.span.start - other.start).is_some_and(may_migrate),
            false => position(other).is_some_and(|at| at <= step.at) && may_migrate(other.text),
        });
        if !asks && !makes && needs_tables(subject, step) {
            found.push((step, step.run.program.span.start..step.command.span.end));
        }
    }
    let found: Vec<_> = found
        .into_iter()
        .map(|(step, span)| (step.script.clone(), step.command.text.clone(), span, step.script.forgives(step.run)))
        .collect();
    let (late, of_container) = (migrates.script.clone(), |place| matches!(place, Place::ContainerCommand(_)));
    for (script, command, span, forgiven) in found {
        let (how, level) = fate(forgiven);
        let why = match of_container(script.place) && of_container(late.place) {
            true if script.path != late.path => "; container commands of all files run in the order of their names",
            true => "; container commands run in the order of their names",
            false => "",
        };
        let message = format!(
            "{} runs before {} migrates, and {how} in a first deployment: there is no table yet that `{command}` could use{why}",
            script.title(),
            late.title(),
        );
        let fix = match late.place {
            Place::ContainerCommand(command) => format!("give it a name that comes after `{}`", command.name.value),
            _ => format!("do it after {}, or migrate in a container command before it", late.title()),
        };
        subject.find("EB300", script.path, span, message, fix).level = level;
    }
}

fn of_script<'s>(script: &'s Script<'s>) -> Vec<Step<'s>> {
    // Whoever calls a script may do so before or after something else of its own.
    let Some(at) = position(script).filter(|_| !script.called) else { return Vec::new() };
    let step = |run: &'s Run| {
        let (command, _) = run.django()?;
        Some(Step { script, run, command, at })
    };
    script.host_runs().filter_map(step).collect()
}

fn position<'s>(script: &'s Script<'_>) -> Option<Position<'s>> {
    match script.place {
        Place::ContainerCommand(command) => Some((1, &command.name.value)),
        Place::Hook(hook) if hook.config => None,
        Place::Hook(hook) => match hook.moment {
            Moment::Prebuild => Some((0, &hook.path)),
            Moment::Predeploy => Some((2, &hook.path)),
            Moment::Postdeploy => Some((4, &hook.path)),
        },
        Place::Process(process) => Some((3, &process.name)),
        Place::Command(_) | Place::Build(_) => None,
    }
}

fn is_before(step: &Step<'_>, migrates: &Step<'_>) -> bool {
    // What a Procfile starts goes on beside the rest, and hooks of `prebuild` have no Django yet.
    if matches!(step.at.0, 0 | 3) {
        return false;
    }
    if let (Place::ContainerCommand(early), Place::ContainerCommand(late)) = (step.script.place, migrates.script.place)
    {
        // The guide has the leader's commands run before the others; nobody has seen that they do.
        if late.leader_only && !early.leader_only {
            return false;
        }
    }
    match std::ptr::eq(step.script, migrates.script) {
        true => step.run.program.span.start < migrates.run.program.span.start,
        false => step.at < migrates.at,
    }
}

/// Does a command of Django's fail where there are no tables?
fn needs_tables(subject: &Subject<'_>, step: &Step<'_>) -> bool {
    let name = step.command.text.as_str();
    let asks = |text: &str| text.contains(".objects.") || text.contains("create_superuser(");
    if name == "shell" {
        return asks(step.script.line_of(step.run)) && !step.script.text.contains("try:");
    }
    let Some((_, text)) = subject.own_command(name) else { return NEED.contains(&name) };
    // Who expects an error, or looks for the tables, or makes them, goes on without them.
    let copes = ["except", "table_names", "migrate", "suppress("].iter().any(|word| text.contains(word));
    asks(text) && !copes
}
