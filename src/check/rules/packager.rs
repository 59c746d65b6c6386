//! What the packager refuses, or warns of: said before it is asked to pack.

use crate::check::subject::Subject;
use crate::check::{Packager, Remark, Weight};
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
    for Remark { path, what, weight } in remarks {
        // The rule about keys says more of them.
        if subject.has_found("EB155", path) {
            continue;
        }
        let message = format!("`{path}` {what}");
        match weight {
            Weight::Refused => subject.find_file("EB180", path, message, REFUSED),
            Weight::Warned => subject.find_file("EB181", path, message, WARNED),
            Weight::Environment => {
                let message =
                    format!("{message}: the EB CLI ships it, and nothing uses it, since the platform makes its own");
                let fix = format!("`git rm -r --cached {path}`, and a line `{path}/` in `.gitignore`");
                subject.find_file("EB270", path, message, fix)
            }
        };
    }
}

fn at_hand(subject: &Subject<'_>) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for (path, _) in subject.tree.iter() {
        if let Some(folder) = path.strip_suffix("/pyvenv.cfg") {
            let what = "is a virtual environment".to_owned();
            remarks.push(Remark { path: folder.to_owned(), what, weight: Weight::Environment });
        }
        let content = subject.tree.content(path);
        let kinds = content.map(secret::in_content).unwrap_or_default();
        let named = content.map_or_else(|| secret::in_path(path), |content| secret::in_file(path, content));
        let found = named.or_else(|| kinds.first(Certainty::Sure)).or_else(|| kinds.first(Certainty::Likely));
        let weight = |sure| if sure { Weight::Refused } else { Weight::Warned };
        remarks.extend(found.map(|kind| Remark {
            path: path.to_owned(),
            what: kind.sentence().to_owned(),
            weight: weight(kind.certainty() == Certainty::Sure),
        }));
    }
    remarks
}
