//! Opening: the manifest of a stack or part, read from its folder, with every mistake where it stands.

use super::locate::position_in;
use super::manifest::{self, Manifest};
use super::{Error, Tree};

/// The manifest of a stack, or of a part.
pub(super) fn read_manifest(tree: &Tree, place: &str) -> Result<Manifest, Error> {
    let found = [manifest::FILE, manifest::PART].into_iter().find_map(|file| Some((file, tree.get(file)?)));
    let (file, bytes) = found.ok_or_else(|| Error::NotAStack { place: place.to_owned() })?;
    let text = std::str::from_utf8(bytes).map_err(|_| Error::FileNotText { path: format!("{place}/{file}") })?;
    check_requires(text, place)?;
    let manifest =
        Manifest::parse(text).map_err(|source| Error::Manifest { place: format!("{place}/{file}"), source })?;
    let mut errors: Vec<Error> = manifest.problems();
    for error in &mut errors {
        if let Some(position) = position_in(text, &format!("{place}/{file}"), error) {
            let error_itself = std::mem::replace(error, Error::NotAStack { place: String::new() });
            *error = Error::Located { error: Box::new(error_itself), position: Box::new(position) };
        }
    }
    match errors.len() {
        0 => Ok(manifest),
        1 => Err(errors.swap_remove(0)),
        _ => Err(Error::Several { errors }),
    }
}

/// A manifest for a newer program is told before its first new word is.
fn check_requires(text: &str, place: &str) -> Result<(), Error> {
    let Ok(table) = toml::from_str::<toml::Table>(text) else { return Ok(()) };
    let Some(requires) = table.get("stack").and_then(|stack| stack.get("requires")?.as_str()) else { return Ok(()) };
    let version = |text: &str| -> Option<Vec<u64>> { text.split('.').map(|part| part.trim().parse().ok()).collect() };
    let (place, requires) = (place.to_owned(), requires.to_owned());
    let wanted = requires.strip_prefix(">=").and_then(version).filter(|parts| (1..=3).contains(&parts.len()));
    let Some(wanted) = wanted else { return Err(Error::RequiresOdd { place, requires }) };
    let here = version(env!("CARGO_PKG_VERSION")).unwrap_or_default();
    if here < wanted {
        return Err(Error::ToolOther { place, requires, version: env!("CARGO_PKG_VERSION").to_owned() });
    }
    Ok(())
}
