//! Running a published bundle on this machine, as an instance would, and telling what happens there.

use std::time::Duration;

use super::aws::Connected;
use crate::beanstalk::eb_config;
use crate::beanstalk::platforms;
use crate::fault::Failure;
use crate::project::Project;
use crate::release::{self, Published};
use crate::sandbox::instance::{Event, Instance, Launch, stand_in_secret};
use crate::ui::Ui;
use crate::world::World;

/// Fetch the object that was registered and launch an instance with it.
pub(crate) fn launch(
    published: &Published,
    port: u16,
    aws: &Connected,
    project: &Project,
    world: &World,
    ui: &mut Ui,
) -> Result<Instance, Failure> {
    let home = project.state_dir().join("instance");
    // What runs is what AWS would run: the object, not the work tree and not our own copy.
    let bundle = home.join("bundle.zip");
    release::fetch(aws, &published.bundle, &published.sha256, &bundle)?;
    let mut launch = Launch::new(bundle, &home);
    launch.port = port;
    launch.python = python(project);
    launch.settings = launch.settings.property("SECRET_KEY", stand_in_secret(&home)?);
    Ok(Instance::launch(&launch, world, &mut |event| tell(&event, ui))?)
}

/// Tell what happens on the instance until Ctrl-C, whose handler ends this process and everything that the instance
/// started.
pub(crate) fn watch(instance: &Instance, ui: &mut Ui) -> ! {
    loop {
        if let Some(event) = instance.next(Duration::from_secs(3600)) {
            tell(&event, ui);
        }
    }
}

/// The platform branch's Python, where the project names one.
fn python(project: &Project) -> Option<String> {
    let text = std::fs::read_to_string(project.root.join(eb_config::PATH)).ok()?;
    let platform = eb_config::parse(&text).ok()?.platform?;
    platforms::python(&platform).map(str::to_owned)
}

fn tell(event: &Event, ui: &mut Ui) {
    match event {
        Event::Step { .. } => {}
        Event::Ran { noun, name } => ui.say(format_args!("{noun} `{name}`")),
        Event::Skipped { noun, name, why } => ui.say(format_args!("{noun} `{name}` does not run: {why}")),
        Event::WouldDo { noun, name, why } => ui.say(format_args!("{noun} `{name}` only on AWS: {why}")),
        Event::Note(text) => ui.say(format_args!("{text}")),
        Event::Warning(text) => ui.warn(text),
        Event::Ended { process, how, again_in } => {
            ui.warn(format_args!("process `{process}` {how}; starting it again in {} s", again_in.as_secs()));
        }
    }
}
