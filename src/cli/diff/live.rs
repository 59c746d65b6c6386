//! A living environment as one side of a comparison.

use std::collections::BTreeSet;

use super::Compared;
use crate::cli::aws::{Place, bundle_store};
use crate::cli::bundles::BundleFinder;
use crate::cli::eb_cli_settings;
use crate::cli::environment_args::belongs;
use crate::cli::environments::Environments;
use crate::cli::launch::versions;
use crate::environment::{self, Files, Live, LiveOptions, OptionRow, SetBy, Wins};
use crate::fault::{Exit, Failure, Fault};
use crate::release;
use crate::ui::Ui;

/// What stands in front of the name of a living environment.
pub(super) const ENVIRONMENT: &str = "env:";

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("`env:` names no environment")]
    NoName,
    #[error("there is no environment `{name}` in {region}")]
    NotThere { name: String, region: String },
}

impl Fault for Error {
    fn exit(&self) -> Exit {
        match self {
            Self::NoName => Exit::Usage,
            Self::NotThere { .. } => Exit::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        Some("`beansprout status` lists what there is".to_owned())
    }
}

/// The environment of that name: its version, and its options.
pub(super) fn side(
    name: &str,
    environments: &Environments,
    shelves: &mut BundleFinder<'_>,
    ui: &mut Ui,
) -> Result<Compared, Failure> {
    if name.is_empty() {
        return Err(Error::NoName.into());
    }
    let description = environments.get(name);
    let described = description.and_then(|description| description.application.as_deref());
    let named = shelves.named_application().or(described).map(str::to_owned);
    let application = eb_cli_settings::application(named.as_deref(), shelves.project)?;
    let store = bundle_store(shelves.project, None);
    let place = description.map(Place::of).unwrap_or_default();
    belongs(description, shelves.connected(&place, ui)?)?;
    let (aws, living) = shelves.living(&place, ui)?;
    let there = living.iter().find(|living| living.name == name && living.application == *application);
    let there = there.ok_or_else(|| Error::NotThere { name: name.to_owned(), region: aws.region().to_owned() })?;
    let observed = release::observe(aws, &application, there)?;
    let mut manifest = None;
    let files = match observed.version.as_ref().and_then(|version| version.bundle.as_ref()) {
        // A sample, or made by something else than a bundle: it has no files of ours.
        None => Some(Files::default()),
        Some(at) => match versions::look_into(at, &store, aws, ui)? {
            Some(mut fetched) => {
                manifest = Some(fetched.opened.manifest()?);
                Some(Files::of(&versions::of(&mut fetched.opened)?))
            }
            None => {
                ui.warn(format_args!("`{at}` is gone, so nobody knows which options of `{name}` its files set"));
                None
            }
        },
    };
    let live = Live { settings: observed.settings.clone(), files: files.clone(), images: observed.images };
    let captured = environment::capture(&live, description, &BTreeSet::new());
    let options = LiveOptions::new(&observed.settings, files.clone(), &captured, description);
    Ok(Compared { manifest, files, live: Some(options) })
}

/// Options that differ. `None`: no environment is among the two, or the files of the other are not known.
pub(super) fn rows(old: &Compared, new: &Compared) -> Option<Vec<OptionRow>> {
    match (&old.live, &new.live) {
        (Some(one), Some(other)) => Some(one.beside_environment(other)),
        (Some(live), None) => new.files.as_ref().map(|files| live.beside_files(files)),
        (None, Some(live)) => old.files.as_ref().map(|files| live.beside_files(files)),
        (None, None) => None,
    }
}

/// One line: what it is, who set it, what the other side has, and who wins.
pub(super) fn show(row: &OptionRow) -> String {
    let value = |value: &Option<String>| value.as_ref().map_or("not set".to_owned(), |value| format!("`{value}`"));
    let mut by = row.set_by.words();
    if let SetBy::Api { outranks: Some(said) } = &row.set_by {
        by += &format!(", over {}", said.place());
    }
    let other = row.other_by.as_ref().map(|by| format!(" ({by})")).unwrap_or_default();
    let wins = match row.wins {
        Wins::Api => "; the environment wins",
        Wins::Files => "; the files win",
        Wins::Each => "",
        Wins::Unknown => "; which of the two wins is not known",
    };
    format!("{}: {} ({by}), other side {}{other}{wins}", row.option, value(&row.live), value(&row.other))
}
