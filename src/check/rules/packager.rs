//! What the packager refuses, or warns of: said before it is asked to pack.

use crate::check::subject::Subject;
use crate::check::{Packager, Remark};
use crate::secret::{self, Certainty};

const REFUSED: &str = "take it out, leave the file out with a line in `.ebignore`, or allow it by name in `[bundle]`";
const WARNED: &str = "see that it may ship, or name it in `allow` in `[bundle]`";

pub(crate) fn check(subject: &mut Subject<'_>, packager: &Packager) {
    let own;
    let remarks = match packager {
        Packager::Says(remarks) => remarks,
        Packager::SaysLater => return,
        Packager::NotAsked => {
            own = at_hand(subject);
            &own
        }
    };
    for Remark { path, what, refused } in remarks {
        let message = format!("`{path}` {what}");
        match refused {
            true => subject.find_file("EB180", path, message, REFUSED),
            false => subject.find_file("EB181", path, message, WARNED),
        };
    }
}

fn at_hand(subject: &Subject<'_>) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for (path, _) in subject.tree.iter() {
        let content = subject.tree.content(path);
        let kinds = content.map(secret::in_content).unwrap_or_default();
        let named = content.map_or_else(|| secret::in_path(path), |content| secret::in_file(path, content));
        let found = named.or_else(|| kinds.first(Certainty::Sure)).or_else(|| kinds.first(Certainty::Likely));
        remarks.extend(found.map(|kind| Remark {
            path: path.to_owned(),
            what: kind.sentence().to_owned(),
            refused: kind.certainty() == Certainty::Sure,
        }));
    }
    remarks
}
