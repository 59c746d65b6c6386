//! What is added to the instance and around it: packages, services, resources.

use crate::beanstalk::config_file::{ConfigFile, Spanned};
use crate::beanstalk::yaml::Node;
use crate::check::rules::commands::tools::{NO_GIS, no_name, not_there};
use crate::check::script::Script;
use crate::check::subject::Subject;
use crate::check::words::Run;
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, file: &ConfigFile) {
    resources(subject, file);
    load_balancer(subject, file);
    packages(subject, file);
}

/// Who has no load balancer cannot ask for its name.
///
/// Source: Developer Guide, "Modifying the resources that Elastic Beanstalk creates for your environment".
fn load_balancer(subject: &mut Subject<'_>, file: &ConfigFile) {
    const ITS: [&str; 5] = [
        "AWSEBV2LoadBalancer",
        "AWSEBV2LoadBalancerListener",
        "AWSEBV2LoadBalancerTargetGroup",
        "AWSEBLoadBalancer",
        "AWSEBLoadBalancerSecurityGroup",
    ];
    if !subject.single() {
        return;
    }
    let mut at = 0;
    for line in file.text.split_inclusive('\n') {
        let code = line.split(" #").next().unwrap_or(line);
        let code = if code.trim_start().starts_with('#') { "" } else { code };
        // A key would be a resource of that name, which is another matter.
        let refers = |(place, name): &(usize, &str)| {
            let alone = |rest: Option<char>| !rest.is_some_and(|char| char.is_ascii_alphanumeric());
            alone(code[..*place].chars().next_back())
                && alone(code[place + name.len()..].chars().next())
                && !code.trim_start().starts_with(&format!("{name}:"))
        };
        let found = ITS.iter().flat_map(|name| code.match_indices(name)).filter(refers).min();
        if let Some((place, name)) = found {
            let message =
                format!("the deployment fails: a single instance has no load balancer, so there is no `{name}`");
            let fix = "set `EnvironmentType` to `LoadBalanced`, or take this out";
            let start = at + place;
            subject.find("EB226", &file.path, start..start + name.len(), message, fix);
            return;
        }
        at += line.len();
    }
}

fn resources(subject: &mut Subject<'_>, file: &ConfigFile) {
    for (name, definition) in &file.resources {
        if name.value == "AWSEBAutoScalingLaunchConfiguration" {
            let message =
                "environments with a launch template, as all new ones have, have no such resource: the update fails";
            subject.find(
                "EB223",
                &file.path,
                name.span.clone(),
                message,
                "change `AWSEBEC2LaunchTemplate` instead, or use options",
            );
        }
        if let Some(kind) = definition.get("Type").and_then(Node::as_str) {
            let keeps = definition.get("DeletionPolicy").is_some();
            let store = matches!(
                kind,
                "AWS::RDS::DBInstance" | "AWS::DynamoDB::Table" | "AWS::S3::Bucket" | "AWS::EFS::FileSystem"
            );
            if store && !keeps && !name.value.starts_with("AWSEB") {
                let message = format!(
                    "`{}` and its data are deleted with the environment, or when this entry goes away",
                    name.value
                );
                subject.find(
                    "EB081",
                    &file.path,
                    name.span.clone(),
                    message,
                    "add `DeletionPolicy: Retain` or `Snapshot`",
                );
            }
        }
    }
}

/// Does `packages` know a manager of this name?
fn is_manager(name: &str) -> bool {
    matches!(name, "yum" | "rpm" | "rubygems" | "python" | "msi")
}

/// A key that installs nothing, said once for all that is below it.
fn unknown_manager(subject: &mut Subject<'_>, file: &ConfigFile, manager: &Spanned<String>) {
    let below = file.packages.iter().filter(|package| package.manager.span == manager.span);
    let names: Vec<&str> = below.map(|package| package.name.value.as_str()).collect();
    if subject.has_found_at("EB221", &file.path, &manager.span) {
        return;
    }
    let scripts = subject.scripts();
    let installs =
        |run: &Run, name: &str| matches!(run.name(), "yum" | "dnf" | "microdnf") && run.has("install") && run.has(name);
    let has = |name: &&&str| scripts.iter().flat_map(Script::host_runs).any(|run| installs(run, name));
    let elsewhere = names.iter().filter(has).count() == names.len();
    let are = match names.as_slice() {
        [name] => format!("`{name}` is"),
        [first, rest @ ..] => format!("`{first}` and {} more are", rest.len()),
        [] => return,
    };
    let manager_name = &manager.value;
    let (message, fix) = match elsewhere {
        true => (
            format!("`{manager_name}` is not a package manager here: this does nothing; {are} installed by a script"),
            "take it out: the script does it",
        ),
        false => (
            format!("`{manager_name}` is not a package manager here: {are} not installed, with a line in a log only"),
            "Amazon Linux packages go under `yum`",
        ),
    };
    let finding = subject.find("EB221", &file.path, manager.span.clone(), message, fix);
    if elsewhere {
        finding.level = Level::Note;
    }
}

fn packages(subject: &mut Subject<'_>, file: &ConfigFile) {
    // Names that another package provides: `dnf install` looks for that, and what reads `packages` for names only (two people have
    // printed what it says of `postgresql-devel`).
    const RENAMED: &[(&str, &str)] = &[
        ("postgresql-devel", "libpq-devel"),
        ("mysql-devel", "mariadb105-devel"),
        ("mariadb-devel", "mariadb105-devel"),
    ];
    for package in &file.packages {
        let manager = package.manager.value.as_str();
        if !is_manager(manager) {
            unknown_manager(subject, file, &package.manager);
        } else if manager == "python" {
            let name = crate::package_name::normal(&package.name.value);
            // Its programs are what a script wants.
            let runs = |run: &Run| run.name().starts_with(package.name.value.as_str());
            if subject.scripts().iter().flat_map(Script::host_runs).any(runs) {
                continue;
            }
            let message = format!("`{}` goes to the Python of the system, not to the application", package.name.value);
            let fix = match subject.requirements().lines.iter().any(|line| line.name == name) {
                true => "take it out: `requirements.txt` has it",
                false => "put it into `requirements.txt`",
            };
            subject.find("EB221", &file.path, package.name.span.clone(), message, fix);
        } else if manager == "yum" {
            let name = package.name.value.as_str();
            if let Some((_, new)) = RENAMED.iter().find(|(old, _)| *old == name) {
                let message = format!("the deployment fails: Amazon Linux 2023 has no package of the name `{name}`");
                let finding =
                    subject.find("EB042", &file.path, package.name.span.clone(), message, format!("it is `{new}` now"));
                finding.replace(*new);
            } else if let Some((message, fix)) = no_name(name) {
                let message = format!("the deployment fails: {message}");
                subject.find("EB042", &file.path, package.name.span.clone(), message, fix);
            } else if let Some(fix) = not_there(name).filter(|fix| *fix != NO_GIS || !subject.names_file("spal")) {
                let message = format!("the deployment fails: Amazon Linux 2023 has no package `{name}`");
                subject.find("EB042", &file.path, package.name.span.clone(), message, fix);
            }
        }
    }
    for service in &file.services {
        if !matches!(service.manager.value.as_str(), "sysvinit" | "systemd" | "windows") {
            let message = format!("`{}` is not a service manager here: nothing is started", service.manager.value);
            subject.find(
                "EB222",
                &file.path,
                service.manager.span.clone(),
                message,
                "use `sysvinit`, which reaches systemd's services too",
            );
        }
    }
}
