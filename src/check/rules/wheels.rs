//! Wheels in the bundle: made for the instances, all that is asked for and nothing else, and pip told to take them.

use std::collections::{BTreeMap, BTreeSet};

use crate::beanstalk::made::Made;
use crate::beanstalk::requirements::{FILE, PipOption, Pyproject, Requirement, Requirements, Source, beside};
use crate::beanstalk::tree::{Tree, file_name};
use crate::beanstalk::version::Version;
use crate::beanstalk::wheel::{Machine, Target, Unfit, WheelName};
use crate::check::subject::Subject;
use crate::known::Known;

const MEND: &str = "`beansprout wheels` fetches what is asked for, and writes the lines";

pub(super) fn check(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    let requirements = subject.requirements();
    let made = tree.text(FILE).and_then(Made::of);
    let python = subject.customizations.platform.as_ref().and_then(|platform| platform.python);
    let machines = Machine::of(subject.customizations);
    foreign(subject, &requirements, made.as_ref(), python, &machines);
    if requirements.source != Some(Source::Requirements) || !requirements.unread.is_empty() {
        return;
    }
    let Some(folder) = folder(&requirements) else {
        unused(subject);
        return;
    };
    let wheels: Vec<(String, WheelName)> = tree
        .files_in(&folder)
        .filter_map(|(path, _)| Some((path.to_owned(), WheelName::parse(file_name(path))?)))
        .collect();
    let Some(targets) = targets(subject, made.as_ref(), python, &machines) else { return };
    let alone = requirements.option("--no-index").next().is_some();
    let lines: Vec<&Requirement> =
        requirements.lines.iter().filter(|line| !line.constraint && !line.name.is_empty()).collect();
    let missing: Vec<(&Requirement, String)> =
        lines.iter().filter_map(|line| Some((*line, lacks(line, &wheels, &targets, &folder)?))).collect();
    if !alone {
        // Some wheels beside an index is what people may want; all of them is not.
        if missing.is_empty() && !lines.is_empty() && !wheels.is_empty() {
            let message = format!("pip asks the package index for what lies in `{folder}`: `--no-index` is missing");
            subject.find_file("EB059", FILE, message, MEND);
        }
        return;
    }
    for (line, message) in missing {
        subject.find("EB057", &line.path, line.span.clone(), message, MEND);
    }
    for line in lines.iter().filter(|line| line.exact().is_none()) {
        let message = format!(
            "which `{}` is installed depends on what lies in `{folder}`: no exact version is asked for",
            line.name
        );
        subject.find("EB059", &line.path, line.span.clone(), message, MEND);
    }
    let index = |option: &&PipOption| matches!(option.name.as_str(), "--index-url" | "--extra-index-url");
    for option in requirements.options.iter().filter(index) {
        let message = format!(
            "`{}` says nothing beside `--no-index`, and without it each start waits for the index",
            option.name
        );
        subject.find("EB059", &option.path, option.span.clone(), message, "take the line away");
    }
    if let Some(made) = &made {
        stale(subject, made);
        superfluous(subject, &lines, &wheels);
    }
}

/// The folder of the project that pip is told to look into.
fn folder(requirements: &Requirements) -> Option<String> {
    let mut local = requirements.option("--find-links").filter(|option| !option.value.contains("://"));
    local.find_map(|option| {
        let within = option.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        beside(within, &option.value).filter(|folder| !folder.is_empty())
    })
}

/// Instances that the wheels have to be for; `None` where nobody says which Python they have.
fn targets(
    subject: &mut Subject<'_>,
    made: Option<&Made>,
    python: Option<Version>,
    machines: &BTreeSet<Machine>,
) -> Option<BTreeSet<Target>> {
    if let Some(made) = made {
        let other = python.filter(|python| !made.targets.iter().any(|target| target.python == *python));
        if let Some(python) = other {
            let of: BTreeSet<String> = made.targets.iter().map(|target| target.python.to_string()).collect();
            let of = of.into_iter().collect::<Vec<_>>().join(", ");
            let message =
                format!("pip finds no package: the wheels are for Python {of}, and the instances have {python}");
            subject.find_file("EB057", FILE, message, "`beansprout wheels` fetches those for the platform");
            return None;
        }
        let made_for = |machine: Machine| {
            made.targets.iter().any(|of| of.machine == machine && python.is_none_or(|python| of.python == python))
        };
        let other = machines.iter().find(|machine| !made_for(**machine));
        if let Some(machine) = other.filter(|_| said(subject)) {
            let message =
                format!("pip finds no package on {machine}, which the instance types have: the wheels are for others");
            subject.find_file("EB057", FILE, message, "`beansprout wheels` fetches those for all instance types");
            return None;
        }
        return Some(made.targets.clone());
    }
    let python = python?;
    Some(machines.iter().map(|&machine| Target { python, machine }).collect())
}

/// Do the files say which processors the instances have?
fn said(subject: &Subject<'_>) -> bool {
    !Machine::of_options(|namespace, name| subject.customizations.option(namespace, name)).is_empty()
}

/// What an instance does not find for a line, if it is one that counts there.
fn lacks(
    line: &Requirement,
    wheels: &[(String, WheelName)],
    targets: &BTreeSet<Target>,
    folder: &str,
) -> Option<String> {
    let own: Vec<&WheelName> = wheels.iter().map(|(_, wheel)| wheel).filter(|wheel| wheel.name == line.name).collect();
    let counts = |target: &&Target| {
        // What nobody can decide is not counted.
        line.holds(&|name| target.variable(name)) == Some(true)
    };
    targets.iter().filter(counts).find_map(|target| {
        let name = &line.name;
        if own.is_empty() {
            return Some(format!("pip fails: there is no wheel of `{name}` in `{folder}`"));
        }
        let right: Vec<&&WheelName> =
            own.iter().filter(|wheel| line.exact().is_none_or(|version| wheel.is(version))).collect();
        if right.is_empty() {
            let (there, asked) = (&own[0].version, line.exact().unwrap_or_default());
            return Some(format!("pip fails: `{folder}` has `{name}` {there}, and {asked} is asked for"));
        }
        let fits = right.iter().any(|wheel| target.refuses(wheel).is_none());
        (!fits).then(|| format!("pip fails on {target}: the wheel of `{name}` is for `{}`", right[0].tags()))
    })
}

/// A folder of wheels that pip is not told of.
fn unused(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    let folder = ["wheels", "wheelhouse"].into_iter().find(|folder| {
        let wheels = tree.files_in(folder).filter(|(path, _)| path.ends_with(".whl"));
        wheels.count() > 0
    });
    let Some(folder) = folder else { return };
    let named = |text: &str| text.contains(folder);
    let by_script = subject.scripts().iter().any(|script| named(script.text));
    if by_script || tree.text(FILE).is_some_and(named) {
        return;
    }
    let message = format!("pip does not look into `{folder}`: what lies there ships for nothing");
    subject.find_file("EB059", FILE, message, MEND);
}

/// Was `requirements.txt` made from what is there now?
fn stale(subject: &mut Subject<'_>, made: &Made) {
    let tree = subject.tree;
    let mut contents: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    if let Some(pyproject) = Pyproject::named(&made.from) {
        let Some(Ok((_, content))) = tree.text(&pyproject.path).map(|text| pyproject.read(text)) else { return };
        contents.insert(made.from.clone(), content.into_bytes());
    } else {
        for path in made_from(tree, made) {
            let Known::Yes(content) = tree.bytes(&path) else { return };
            contents.insert(path, content.to_vec());
        }
    }
    let contents = contents.iter().map(|(path, content)| (path.as_str(), content.as_slice()));
    if contents.len() > 0 && Made::digest_of(contents) != made.digest {
        let message = format!("`{}` has changed since `{FILE}` was made from it", made.from);
        subject.find_file("EB059", FILE, message, "`beansprout wheels` makes it anew");
    }
}

/// The files that it was made from; none where one of them cannot be read.
fn made_from(tree: &Tree, made: &Made) -> Vec<String> {
    let read = |path: &str| tree.bytes(path);
    let files = match Source::ALL.into_iter().find(|source| source.file() == made.from) {
        Some(source) => Requirements::of_source(source, &read),
        None if made.from.ends_with(".lock") => return vec![made.from.clone()],
        None => Requirements::of_file(&made.from, &read),
    };
    if files.unread.is_empty() { files.files } else { Vec::new() }
}

fn superfluous(subject: &mut Subject<'_>, lines: &[&Requirement], wheels: &[(String, WheelName)]) {
    for (path, wheel) in wheels {
        let asked =
            lines.iter().any(|line| line.name == wheel.name && line.exact().is_none_or(|version| wheel.is(version)));
        if !asked {
            let message =
                format!("nothing asks for `{}` {}: it only makes the bundle larger", wheel.name, wheel.version);
            subject.find_file("EB058", path, message, "remove it, or ask for it and run `beansprout wheels`");
        }
    }
}

/// Wheels that were built for another machine, wherever they are; for another Python where pip looks for them.
fn foreign(
    subject: &mut Subject<'_>,
    requirements: &Requirements,
    made: Option<&Made>,
    python: Option<Version>,
    machines: &BTreeSet<Machine>,
) {
    let tree = subject.tree;
    let folder = folder(requirements);
    // There, each line says what it lacks.
    let alone = requirements.option("--no-index").next().is_some();
    // What lies in an environment that ships is installed already, or part of a test of somebody else's.
    let wheels = tree.iter().filter(|(path, _)| path.ends_with(".whl") && !path.contains("site-packages/"));
    for (path, _) in wheels {
        let Some(wheel) = WheelName::parse(file_name(path)) else { continue };
        let looked =
            folder.as_ref().is_some_and(|folder| path.rsplit_once('/').is_some_and(|(within, _)| within == folder));
        // Any Python will do where the platform's is not known: only its platform is judged then.
        let judged = python.unwrap_or(Version::new(3, 13));
        let said = machines.iter().map(|&machine| Target { python: judged, machine });
        // Those that somebody asked for count as well: what was fetched for them is right.
        let asked = made.into_iter().flat_map(|made| made.targets.iter().copied());
        let unfit: Vec<Option<Unfit>> = said.chain(asked).map(|target| target.refuses(&wheel)).collect();
        let Some(unfit) = unfit.into_iter().min().flatten() else { continue };
        let tags = wheel.platforms.join(".");
        let message = match unfit {
            Unfit::Python if python.is_none() || !looked || alone => continue,
            Unfit::Python => format!(
                "pip refuses this wheel on the instance: it is for `{}-{}`, and the instance has Python {judged}",
                wheel.pythons.join("."),
                wheel.abis.join(".")
            ),
            Unfit::Glibc => format!("pip refuses this wheel on the instance: `{tags}` needs a newer glibc than 2.34"),
            Unfit::System | Unfit::Machine => format!("pip refuses this wheel on the instance: it is for `{tags}`"),
        };
        subject.find_file("EB056", path, message, "`beansprout wheels` gets the right one");
    }
}
