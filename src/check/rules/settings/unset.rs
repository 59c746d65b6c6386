//! Unset: variables that the settings ask for and no file sets. The console may, or a secret, and whoever makes a new environment has to know.

use std::collections::BTreeSet;

use crate::check::django::Required;
use crate::check::subject::Subject;

pub(super) fn check(subject: &mut Subject<'_>, required: &[&Required]) {
    /// What is there on every instance, or comes from the platform.
    const THERE: [&str; 7] = ["HOME", "LANG", "PATH", "PORT", "PWD", "PYTHONPATH", "USER"];
    // Where environments are described, they are compared with that.
    if subject.tree.is_file(crate::project::FILE) || subject.guessed() {
        return;
    }
    let unset = |one: &&&Required| !subject.gives(&one.name) && !THERE.contains(&one.name.as_str());
    let unset: Vec<&Required> = required.iter().filter(unset).copied().collect();
    let Some(first) = unset.first() else { return };
    let names: BTreeSet<&str> = unset.iter().map(|one| one.name.as_str()).collect();
    let (are, them) = if names.len() == 1 { ("is set as a property", "it") } else { ("are set as properties", "them") };
    let error = first.error();
    let message = format!(
        "unless {} {are}, the server does not start: {error}; no file here sets {them}",
        crate::ui::ticked(names.iter().copied())
    );
    let given: Vec<String> = names.iter().map(|name| format!("{name}=…")).collect();
    let fix = format!("`eb setenv {}`, or the same in the console; secrets by way of Secrets Manager", given.join(" "));
    subject.find("EB390", &first.path, first.span.clone(), message, fix);
}
