//! What the engine does, in order, for each event and platform.

use super::{CURRENT, Environment, Event, Failure, Phase, Runs, STAGING, Site, Stage, Step, User};
use crate::beanstalk::customizations::Customizations;
use crate::beanstalk::platforms::Family;

const NO_EXTENSIONS: Runs =
    Runs::Never { why: "a configuration deployment runs neither commands nor container_commands (roadmap issue 288)" };

pub(super) fn steps(customizations: &Customizations, event: Event) -> Vec<Step> {
    order(customizations).into_iter().map(|stage| step(stage, customizations, event)).collect()
}

fn order(customizations: &Customizations) -> Vec<Stage> {
    use Stage::*;
    let compose = customizations.composes();
    let mut stages = match customizations.family {
        Family::Python => vec![
            Begin,
            Download,
            ElectLeader,
            StopQueue,
            Extensions,
            Unpack,
            PrebuildHooks,
            Dependencies,
            Buildfile,
            ProxyFiles,
            ContainerCommands,
            CleanExtensions,
            PredeployHooks,
            StopProxy,
            Flip,
            StartProxy,
            StartQueue,
            Health,
            PostdeployHooks,
            Report,
        ],
        // What the platforms on Amazon Linux 2023 have in common.
        Family::Other => vec![
            Begin,
            Download,
            ElectLeader,
            Extensions,
            Unpack,
            PrebuildHooks,
            Buildfile,
            ProxyFiles,
            ContainerCommands,
            CleanExtensions,
            PredeployHooks,
            StopProxy,
            Flip,
            StartProxy,
            Health,
            PostdeployHooks,
            Report,
        ],
        Family::Docker => vec![
            Begin,
            Download,
            ElectLeader,
            StopQueue,
            Extensions,
            Unpack,
            PrebuildHooks,
            Image,
            ProxyFiles,
            ContainerCommands,
            CleanExtensions,
            PredeployHooks,
            StopProxy,
            Flip,
            StartProxy,
            StartQueue,
            Health,
            PostdeployHooks,
            Report,
        ],
        Family::Ecs => vec![
            Begin,
            Download,
            ElectLeader,
            Extensions,
            Unpack,
            ContainerCommands,
            CleanExtensions,
            PrebuildHooks,
            PredeployHooks,
            Flip,
            PostdeployHooks,
            Report,
        ],
    };
    stages.retain(|stage| match stage {
        StopQueue | StartQueue => customizations.worker,
        // With compose the proxy is a container of the project.
        ProxyFiles | StopProxy | StartProxy => !compose,
        _ => true,
    });
    stages
}

fn step(stage: Stage, customizations: &Customizations, event: Event) -> Step {
    let family = customizations.family;
    let (phase, instruction, summary) = title(stage, family, event);
    Step {
        stage,
        instruction,
        summary,
        phase,
        cwd: cwd(stage),
        user: match stage {
            Stage::Flip if matches!(family, Family::Python | Family::Other) => User::Webapp,
            Stage::Flip | Stage::Image => User::Container,
            _ => User::Root,
        },
        environment: match stage {
            Stage::Extensions | Stage::Buildfile => Environment::Unconfirmed,
            Stage::ContainerCommands | Stage::Flip | Stage::Dependencies | Stage::Image => Environment::Properties,
            Stage::PrebuildHooks | Stage::PredeployHooks | Stage::PostdeployHooks => Environment::Hook,
            _ => Environment::None,
        },
        site: site(stage, event),
        runs: match (stage, event) {
            (Stage::Extensions | Stage::ContainerCommands | Stage::CleanExtensions, Event::Config) => NO_EXTENSIONS,
            _ => Runs::All,
        },
        failure: failure(stage, event),
        note: note(stage, family, event),
        actions: Vec::new(),
    }
}

fn title(stage: Stage, family: Family, event: Event) -> (Phase, Option<&'static str>, &'static str) {
    use Phase::{Configure, Deploy, Initial};
    // The names of the hook instructions in a configuration deployment are not known.
    let hooks = |name| (event != Event::Config).then_some(name);
    match stage {
        Stage::Begin => match event {
            Event::Launch => (Initial, None, "the new instance boots and asks whether it is the first"),
            Event::ScaleOut => {
                (Initial, Some("self-startup"), "the new instance boots and finds that it is not the first")
            }
            Event::Deploy | Event::Config => (Initial, Some("cfn-hup-exec"), "the instance notices that there is work"),
        },
        Stage::Download => (Initial, None, "the environment's copy of the bundle is downloaded"),
        Stage::ElectLeader => (Initial, Some("ElectLeader"), "one instance is elected leader"),
        Stage::StopQueue => (Initial, Some("stopSqsd"), "the queue daemon stops taking messages"),
        Stage::Extensions => (
            Initial,
            Some("PreBuildEbExtension"),
            ".ebextensions: packages, groups, users, sources, files, commands, services",
        ),
        Stage::Unpack => (Initial, Some("StageApplication"), "the bundle is unpacked into an empty /var/app/staging"),
        Stage::PrebuildHooks => (Initial, hooks("RunAppDeployPreBuildHooks"), "prebuild hooks"),
        Stage::Dependencies => {
            (Configure, Some("InstallDependency"), "dependencies are installed into the virtual environment")
        }
        Stage::Image => (Configure, None, "the image is built or pulled"),
        Stage::Buildfile => (Configure, None, "the commands of Buildfile run"),
        Stage::ProxyFiles => (Configure, None, "the proxy's configuration is put together, untested"),
        Stage::ContainerCommands => (Configure, Some("PostBuildEbExtension"), ".ebextensions: container_commands"),
        Stage::CleanExtensions => {
            (Configure, Some("CleanEbExtensions"), "every .ebextensions folder is deleted from staging")
        }
        Stage::PredeployHooks => (Configure, hooks("RunAppDeployPreDeployHooks"), "predeploy hooks"),
        Stage::StopProxy => (Deploy, Some("stop proxy"), "the proxy stops: from here on the site is down"),
        Stage::Flip => match family {
            Family::Python if matches!(event, Event::Launch | Event::ScaleOut) => {
                (Deploy, Some("FlipApplication"), "staging becomes /var/app/current, the processes of Procfile start")
            }
            Family::Python => (
                Deploy,
                Some("FlipApplication"),
                "the old version stops and is deleted, staging becomes /var/app/current, the processes of Procfile start",
            ),
            Family::Docker => (
                Deploy,
                Some("FlipApplication"),
                "the old containers stop, staging becomes current, the new ones start",
            ),
            Family::Ecs => (Deploy, None, "the ECS task is replaced"),
            Family::Other => {
                (Deploy, Some("FlipApplication"), "staging becomes /var/app/current, and the application starts")
            }
        },
        Stage::StartProxy => (
            Deploy,
            Some("start proxy with new configuration"),
            "the proxy's configuration is tested for the first time, and the proxy starts",
        ),
        Stage::StartQueue => (Deploy, Some("startSqsd"), "the queue daemon takes messages again"),
        Stage::Health => (Deploy, Some("Track pids in healthd"), "enhanced health watches the new processes"),
        Stage::PostdeployHooks => (Deploy, hooks("RunAppDeployPostDeployHooks"), "postdeploy hooks"),
        Stage::Report => (Deploy, Some("CommandService Response"), "success or failure is reported to the environment"),
    }
}

fn cwd(stage: Stage) -> &'static str {
    match stage {
        Stage::Begin | Stage::Download | Stage::ElectLeader | Stage::StopQueue | Stage::Extensions => "/",
        Stage::Flip
        | Stage::StartProxy
        | Stage::StartQueue
        | Stage::Health
        | Stage::PostdeployHooks
        | Stage::Report => CURRENT,
        _ => STAGING,
    }
}

fn site(stage: Stage, event: Event) -> Site {
    let new_instance = matches!(event, Event::Launch | Event::ScaleOut);
    match stage {
        Stage::StartQueue | Stage::Health | Stage::PostdeployHooks | Stage::Report => Site::New,
        _ if new_instance => Site::NotYet,
        Stage::StopProxy | Stage::Flip | Stage::StartProxy => Site::Down,
        _ => Site::Old,
    }
}

fn failure(stage: Stage, event: Event) -> Failure {
    let new_instance = matches!(event, Event::Launch | Event::ScaleOut);
    match stage {
        Stage::StartQueue | Stage::Health | Stage::PostdeployHooks | Stage::Report => Failure::ServesNew,
        _ if new_instance => Failure::Aborts,
        Stage::StopProxy | Stage::Flip | Stage::StartProxy => Failure::Down,
        _ => Failure::KeepsOld,
    }
}

fn note(stage: Stage, family: Family, event: Event) -> Option<&'static str> {
    match (stage, event) {
        (Stage::Dependencies, Event::Config) => {
            Some("whether a configuration deployment installs dependencies again is not confirmed; installed ones stay")
        }
        (Stage::Unpack, Event::Config) => {
            Some("whatever a hook or command had made in /var/app/current is gone after the flip")
        }
        (Stage::ElectLeader, Event::ScaleOut) => Some("no leader_only command runs on an instance that is added later"),
        (Stage::Extensions, _) if family == Family::Ecs => {
            Some("where exactly this comes on the ECS platform is not confirmed")
        }
        (Stage::ContainerCommands, _) if family == Family::Ecs => {
            Some("where exactly this comes on the ECS platform is not confirmed")
        }
        (Stage::Extensions, Event::Deploy) => {
            Some("the new version is not unpacked yet; /var/app/current is the version that ran before")
        }
        (Stage::PrebuildHooks, Event::Launch | Event::ScaleOut) if family == Family::Python => {
            Some("dependencies are not installed yet: manage.py cannot work here")
        }
        (Stage::Dependencies, Event::Deploy) => {
            Some("packages that left requirements.txt stay until the instance is replaced")
        }
        (Stage::ContainerCommands, _) if family == Family::Docker => {
            Some("these run on the host, not in the container")
        }
        (Stage::StartProxy, _) => {
            Some("a mistake in .platform/nginx shows only here, after the old version is deleted")
        }
        (Stage::Flip, _) if family == Family::Ecs => {
            Some("a task that fails to start fails the deployment without a rollback")
        }
        _ => None,
    }
}
