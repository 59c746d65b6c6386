//! Permission: files of the bundle that are started as programs, and are none to the system.

use crate::beanstalk::tree::Entry;
use crate::check::WorkTree;
use crate::check::folder::in_bundle;
use crate::check::script::{Place, Script, fate};
use crate::check::subject::Subject;
use crate::check::words::base;

pub(super) fn check(subject: &mut Subject<'_>, script: &Script<'_>) {
    // Beansprout packs scripts as programs; a copy may have lost the modes; and before the bundle is unpacked it is another version's file.
    let own = subject.tree.is_file(crate::project::FILE);
    if own || subject.work_tree == WorkTree::None || script.called || matches!(script.place, Place::Command(_)) {
        return;
    }
    let mut folder = script.folder();
    for run in script.host_runs() {
        folder = folder.after(run);
        let word = &run.program;
        let Some(path) = folder.path_of(&word.text).filter(|_| word.text.contains('/')) else { continue };
        let Some(inside) = in_bundle(&path).filter(|_| !word.text.contains(char::is_whitespace)) else { continue };
        // The platform gives hooks the right to run by itself.
        let hook = inside.starts_with(".platform/hooks/") || inside.starts_with(".platform/confighooks/");
        let closed = matches!(subject.tree.get(inside), Some(Entry::File { executable: false, .. }));
        if !closed || hook || is_opened(subject, inside) {
            continue;
        }
        let (how, level) = fate(script.forgives(run));
        let message = format!("{} {how}: `{inside}` is not executable: permission denied", script.title());
        let fix = format!("`git update-index --chmod=+x {inside}`, or name what runs it, such as `bash {inside}`");
        let finding = subject.find("EB360", script.path, word.span.clone(), message, fix);
        finding.level = level;
        return;
    }
}

/// Does a script change modes in a way that may reach this file?
fn is_opened(subject: &Subject<'_>, path: &str) -> bool {
    let scripts = subject.scripts();
    let mut runs = scripts.iter().flat_map(Script::host_runs);
    runs.any(|run| {
        let changes = matches!(run.name(), "chmod" | "install" | "setfacl") || run.has("chmod");
        let wide = |text: &str| text.starts_with("-R") || text.contains(['*', '$', '`', '?']) || text == "-exec";
        changes
            && run
                .arguments
                .iter()
                .any(|word| wide(&word.text) || word.text == "--recursive" || base(&word.text) == base(path))
    })
}
