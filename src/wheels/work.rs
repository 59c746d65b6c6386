//! The work: resolve what is asked for on every instance, or fetch what is locked already.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use crate::beanstalk::requirements::Requirement;
use crate::beanstalk::wheel::Target;
use crate::file;
use crate::world::World;

use super::asked::place;
use super::pip::{Fetched, Job, Pip};
use super::{Asked, Error, Found, Kept, Locked, WheelFile, needed};

/// What a run may do.
pub(crate) struct Work<'a> {
    pub(crate) asked: &'a Asked,
    pub(crate) found: &'a Found,
    pub(crate) targets: &'a BTreeSet<Target>,
    /// Where wheels are kept; it may not be there yet.
    pub(crate) folder: &'a Path,
    /// Newer versions where the requirements allow them.
    pub(crate) upgrade: bool,
    /// Releases that their authors have withdrawn, too.
    pub(crate) yanked: bool,
    pub(crate) limit: Duration,
    pub(crate) world: &'a World,
}

/// How often what pip left out is asked for by name.
const ROUNDS: usize = 4;

/// How many wheels one run of pip fetches: what was fetched stays, whatever becomes of the next run.
const BATCH: usize = 8;

impl Work<'_> {
    /// The lock that `requirements.txt` is, if it is one of just what is asked for.
    pub(crate) fn current(&self) -> Option<Locked> {
        let made = self.found.made.as_ref().filter(|_| !self.upgrade)?;
        let same = made.from == self.asked.from && made.digest == self.asked.digest && made.targets == *self.targets;
        let options = &self.found.requirements.options;
        let alone = options.iter().all(|option| matches!(option.name.as_str(), "--no-index" | "--find-links"));
        if same && alone { Locked::read(&self.found.requirements, self.targets) } else { None }
    }

    /// Wheels that are kept and are not what was locked.
    pub(crate) fn check(&self, kept: &[Kept], locked: &Locked) -> Result<(), Error> {
        let digests = locked.digests();
        let other = kept.iter().find(|wheel| {
            wheel.name.as_ref().is_some_and(|name| locked.names(name)) && !digests.contains(wheel.sha256.as_str())
        });
        match other {
            Some(wheel) => {
                let (file, found) = (wheel.path.display().to_string(), wheel.sha256.clone());
                Err(Error::Digest { file, found, place: "`requirements.txt`".to_owned() })
            }
            None => Ok(()),
        }
    }

    /// What has to be fetched so that every instance finds what is locked.
    pub(crate) fn missing<'l>(&self, kept: &[Kept], locked: &'l Locked) -> Vec<(Target, &'l super::Pin)> {
        let fits = |wheel: &Kept, pin: &super::Pin, target: Target| {
            pin.digests.contains(&wheel.sha256)
                && wheel.name.as_ref().is_some_and(|name| target.refuses(name).is_none())
        };
        let pins = self.targets.iter().flat_map(|target| locked.pins.iter().map(move |pin| (*target, pin)));
        pins.filter(|(target, pin)| pin.targets.contains(target))
            .filter(|(target, pin)| !kept.iter().any(|wheel| fits(wheel, pin, *target)))
            .collect()
    }

    /// Fetch what is missing, and hand over each wheel once it is known to be what was locked.
    pub(crate) fn fetch(
        &self,
        missing: &[(Target, &super::Pin)],
        take: &mut dyn FnMut(&WheelFile) -> Result<(), Error>,
        tell: &mut dyn FnMut(&str),
    ) -> Result<(), Error> {
        for target in self.targets {
            let pins: Vec<&super::Pin> = missing.iter().filter(|(of, _)| of == target).map(|(_, pin)| *pin).collect();
            if pins.is_empty() {
                continue;
            }
            let pip = Pip::find(*target, self.world)?;
            for batch in pins.chunks(BATCH) {
                let hash = |digest: &String| format!(" --hash=sha256:{digest}");
                let line = |pin: &&super::Pin| {
                    format!("{}=={}{}", pin.name, pin.version, pin.digests.iter().map(hash).collect::<String>())
                };
                let lines: Vec<String> = batch.iter().map(line).collect();
                let to = file::temporary_folder()?;
                let job = Job { locked: true, own: None, ..self.job(*target, &lines, &[]) };
                for wheel in pip.fetch(&job, to.path(), self.world, tell)?.wheels {
                    let version = wheel.name.version.replace('_', "+");
                    let known =
                        batch.iter().any(|pin| pin.name == wheel.name.name && pin.digests.contains(&wheel.sha256));
                    if !known {
                        let place = format!("`requirements.txt` has others for {} {version}, and", wheel.name.name);
                        return Err(Error::Digest { file: wheel.file, found: wheel.sha256, place });
                    }
                    wheel.check(*target)?;
                    take(&wheel)?;
                }
            }
        }
        Ok(())
    }

    fn job<'a>(&'a self, target: Target, lines: &'a [String], constraints: &'a [String]) -> Job<'a> {
        let own = self.folder.is_dir().then_some(self.folder);
        let (indexes, limit) = (&self.asked.indexes, self.limit);
        Job { target, lines, constraints, indexes, own, locked: false, limit }
    }

    /// Resolve for every instance, into a folder for each below `to`. The wheels that each needs.
    pub(crate) fn resolve(&self, to: &Path, tell: &mut dyn FnMut(&str)) -> Result<Vec<(Target, WheelFile)>, Error> {
        let mut before: Vec<String> = Vec::new();
        let mut all = Vec::new();
        for (number, target) in self.targets.iter().enumerate() {
            let folder = to.join(number.to_string());
            // What is installed today; else one version for all, where there can be one.
            let mut pins = if self.upgrade { Vec::new() } else { self.found.pins(*target)? };
            let named: BTreeSet<String> = pins.iter().map(|pin| name_of(pin).to_owned()).collect();
            pins.extend(before.into_iter().filter(|pin| !named.contains(name_of(pin))));
            let wheels = self.resolve_for(*target, &pins, &folder, tell)?;
            let versions =
                wheels.iter().map(|wheel| format!("{}=={}", wheel.name.name, wheel.name.version.replace('_', "+")));
            before = versions.collect();
            all.extend(wheels.into_iter().map(|wheel| (*target, wheel)));
        }
        self.beside(&Locked::of(all.iter().map(|(target, wheel)| (*target, wheel))))?;
        Ok(all)
    }

    fn resolve_for(
        &self,
        target: Target,
        pins: &[String],
        folder: &Path,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Vec<WheelFile>, Error> {
        let asked = self.asked.on(target)?;
        let lines: Vec<String> = asked.iter().map(|line| written(line)).collect();
        let mut own = Vec::new();
        for line in self.asked.requirements.iter().filter(|line| line.constraint) {
            if super::asked::applies(line, target)? {
                own.push(format!("{}{}", line.name, line.specifier));
            }
        }
        // A line that says which version wins over what was there.
        let free = |pin: &&String| {
            let name = name_of(pin);
            !asked.iter().any(|line| line.name == name && line.exact().is_some())
        };
        let with_pins: Vec<String> = own.iter().chain(pins.iter().filter(free)).cloned().collect();
        let pip = Pip::find(target, self.world)?;
        let mut attempt = |lines: &[String], constraints: &[String], name: &str| -> Result<Fetched, Error> {
            let to = folder.join(name);
            file::make_folder(&to)?;
            pip.fetch(&self.job(target, lines, constraints), &to, self.world, tell)
        };
        let (mut fetched, constraints) = match attempt(&lines, &with_pins, "pinned") {
            Err(Error::Contradiction { .. } | Error::NoWheel { .. }) if with_pins.len() > own.len() => {
                (attempt(&lines, &own, "free")?, own)
            }
            other => (other?, with_pins),
        };
        let mut lines = lines;
        for round in 0..ROUNDS {
            if let Some((wheel, reason)) = fetched.yanked.take().filter(|_| !self.yanked) {
                return Err(Error::Yanked { wheel, reason });
            }
            let wheels: BTreeMap<String, WheelFile> =
                fetched.wheels.into_iter().map(|wheel| (wheel.name.name.clone(), wheel)).collect();
            let (names, missing) = needed(self.asked, &wheels, target)?;
            if missing.is_empty() {
                let wheels: Vec<WheelFile> =
                    wheels.into_values().filter(|wheel| names.contains(&wheel.name.name)).collect();
                wheels.iter().try_for_each(|wheel| self.sound(wheel, &asked, target))?;
                return Ok(wheels);
            }
            if round + 1 == ROUNDS {
                return Err(Error::LeftOut { names: missing, target });
            }
            lines.extend(missing);
            fetched = attempt(&lines, &constraints, &format!("round-{round}"))?;
        }
        unreachable!("the last round returns")
    }

    /// Is a wheel what its name says, and one of those that the requirements allow?
    fn sound(&self, wheel: &WheelFile, asked: &[&Requirement], target: Target) -> Result<(), Error> {
        if target.refuses(&wheel.name).is_some() {
            return Err(Error::Lies { file: wheel.file.clone(), why: format!("pip took it for {target}") });
        }
        wheel.check(target)?;
        let digest = format!("sha256:{}", wheel.sha256);
        let other = |place: String| Err(Error::Digest { file: wheel.file.clone(), found: wheel.sha256.clone(), place });
        for line in asked.iter().filter(|line| line.name == wheel.name.name && !line.hashes.is_empty()) {
            let known = line.hashes.iter().filter(|hash| hash.starts_with("sha256:"));
            if known.clone().count() > 0 && !known.clone().any(|hash| *hash == digest) {
                return other(format!("`{}`", place(line)));
            }
        }
        match &self.asked.lock {
            Some(lock) if lock.contains("sha256:") && !lock.contains(&digest) => {
                other(format!("`{}`", self.asked.from))
            }
            _ => Ok(()),
        }
    }

    /// Lines of `requirements.txt` that somebody added there, and that would be lost.
    fn beside(&self, locked: &Locked) -> Result<(), Error> {
        if self.asked.write_from.is_some() {
            return Ok(());
        }
        let (mut names, mut places) = (BTreeSet::new(), Vec::new());
        for line in self.found.added() {
            let mut applies = false;
            for target in self.targets {
                applies |= super::asked::applies(line, *target)?;
            }
            if applies && !locked.pins.iter().any(|pin| pin.name == line.name) {
                names.insert(line.name.clone());
                places.push(place(line));
            }
        }
        if names.is_empty() {
            return Ok(());
        }
        Err(Error::Beside { from: self.asked.from.clone(), names: names.into_iter().collect(), places })
    }
}

/// Of `name==version`.
fn name_of(pin: &str) -> &str {
    pin.split("==").next().unwrap_or_default()
}

/// A requirement as pip reads it. Whether it counts is decided already.
fn written(line: &Requirement) -> String {
    let extras = if line.extras.is_empty() { String::new() } else { format!("[{}]", line.extras.join(",")) };
    format!("{}{extras}{}", line.name, line.specifier)
}
