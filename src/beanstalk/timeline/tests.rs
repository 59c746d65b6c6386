use super::*;
use crate::beanstalk::tree::Tree;

fn project() -> Tree {
    Tree::default()
        .file("requirements.txt", "Django\n")
        .file("Procfile", "web: gunicorn site.wsgi\nworker: celery\n")
        .file(
            ".ebextensions/01.config",
            "packages: {yum: {git: []}, rpm: {x: 'http://x'}}\nfiles: {/etc/b: {content: b}, /etc/a: {content: a}}\n\
             commands: {02_c: {command: c, cwd: /tmp, ignoreErrors: true}, 01_c: {command: c}}\n\
             container_commands:\n  02_static: {command: collectstatic}\n  01_migrate: {command: migrate, leader_only: true, test: 'false'}\n",
        )
        .file(".platform/hooks/predeploy/10_x.sh", "#!/bin/sh\n")
        .file(".platform/confighooks/predeploy/10_x.sh", "#!/bin/sh\n")
        .file(".platform/hooks/postdeploy/99.sh", "#!/bin/sh\n")
        .file(".platform/nginx/conf.d/a.conf", "")
}

fn timeline(event: Event) -> Timeline {
    Timeline::new(&Customizations::read(&project()), event)
}

fn names(event: Event, leader: bool) -> Vec<String> {
    let timeline = timeline(event);
    timeline.steps.iter().flat_map(|step| step.actions_on(leader)).map(|action| action.name.clone()).collect()
}

#[test]
fn a_deployment_runs_everything_in_the_order_of_the_engine() {
    let order = [
        "x",
        "git",
        "/etc/a",
        "/etc/b",
        "01_c",
        "02_c",
        "requirements.txt",
        "a.conf",
        "01_migrate",
        "02_static",
        "10_x.sh",
        "web",
        "worker",
        "99.sh",
    ];
    assert_eq!(names(Event::Deploy, true), order);
    assert_eq!(names(Event::Launch, true), order);
}

#[test]
fn only_the_leader_of_a_deployment_runs_leader_commands() {
    let without: Vec<String> = names(Event::Deploy, true).into_iter().filter(|name| name != "01_migrate").collect();
    assert_eq!(names(Event::Deploy, false), without);
    assert_eq!(names(Event::ScaleOut, false), without);
    assert_eq!(names(Event::ScaleOut, true), without, "there is no leader at scale-out");
}

#[test]
fn a_configuration_deployment_runs_confighooks_and_no_extensions() {
    assert_eq!(names(Event::Config, true), ["requirements.txt", "a.conf", "10_x.sh", "web", "worker"]);
    let timeline = timeline(Event::Config);
    let hook = timeline.step(Stage::PredeployHooks).unwrap().actions_on(true).next().unwrap();
    assert_eq!(hook.origin.path, ".platform/confighooks/predeploy/10_x.sh");
}

#[test]
fn an_action_knows_its_circumstances() {
    let timeline = timeline(Event::Deploy);
    let find = |name: &str| timeline.actions().find(|(_, action)| action.name == name).unwrap();
    let (step, command) = find("02_c");
    assert_eq!((command.cwd.as_str(), command.failure), ("/tmp", Failure::Ignored));
    assert_eq!((step.site, command.origin.line), (Site::Old, Some(3)));
    let (_, migrate) = find("01_migrate");
    assert_eq!((migrate.cwd.as_str(), migrate.runs), (STAGING, Runs::Leader));
    assert!(matches!(&migrate.work, Work::Command { test: None, .. }), "leader_only wins over test");
    let (step, web) = find("web");
    assert_eq!((web.user, web.cwd.as_str(), step.site), (User::Webapp, CURRENT, Site::Down));
    let (step, _) = find("99.sh");
    assert_eq!((step.site, step.failure), (Site::New, Failure::ServesNew));
}

#[test]
fn without_procfile_the_engine_starts_gunicorn() {
    let tree = Tree::default().file(
        ".ebextensions/a.config",
        "option_settings: {aws:elasticbeanstalk:container:python: {WSGIPath: 'site.wsgi:application'}}",
    );
    let timeline = Timeline::new(&Customizations::read(&tree), Event::Launch);
    let (_, web) = timeline.actions().last().unwrap();
    let Work::Process { command } = &web.work else { panic!("{web:?}") };
    assert_eq!(command, "gunicorn --bind 127.0.0.1:8000 --workers=1 --threads=15 site.wsgi:application");
}

#[test]
fn a_compose_project_has_no_proxy_of_the_platform() {
    let tree = Tree::default().file("docker-compose.yml", "services: {}\n");
    let timeline = Timeline::new(&Customizations::read(&tree), Event::Deploy);
    assert!(timeline.step(Stage::StartProxy).is_none());
    assert_eq!(timeline.step(Stage::Flip).unwrap().actions[0].name, "docker-compose.yml");
}

#[test]
fn a_worker_stops_taking_messages() {
    let timeline = Timeline::new(&Customizations::read(&project().file("cron.yaml", "version: 1\n")), Event::Deploy);
    assert!(timeline.step(Stage::StopQueue).is_some());
}
