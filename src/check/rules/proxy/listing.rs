//! Listing: folders whose files nginx shows to whoever asks.

use crate::check::nginx::Directive;
use crate::check::subject::Subject;
use crate::level::Level;

pub(super) fn check(subject: &mut Subject<'_>, path: &str, directives: &[Directive]) {
    // A block that nobody asks shows nothing.
    if subject.has_found("EB271", path) {
        return;
    }
    let Some((directive, place)) = shown(directives, "") else { return };
    let files = match place {
        "" => "the files of each folder that it serves".to_owned(),
        place => format!("the files below `{place}`"),
    };
    let message = format!("everybody may list {files}, and find those that no page names");
    let fix = "take `autoindex on` out: each file is served as before";
    let finding = subject.find("EB306", path, directive.span.clone(), message, fix);
    // What is collected there is known from the code.
    if place.contains("static") {
        finding.level = Level::Note;
    }
}

/// The first that comes to count, and the place that it is for. What is passed on has no folder.
fn shown<'d>(directives: &'d [Directive], place: &'d str) -> Option<(&'d Directive, &'d str)> {
    let passes = |inner: &Directive| matches!(inner.name.as_str(), "proxy_pass" | "return" | "internal");
    let is_on = |inner: &&Directive| inner.name == "autoindex" && inner.arguments == ["on"];
    if place.is_empty() || !directives.iter().any(passes) {
        let own = directives.iter().find(is_on);
        let listed = own.filter(|_| !place.is_empty() || directives.iter().any(|inner| inner.name == "root"));
        if let Some(own) = listed {
            return Some((own, place));
        }
    }
    // The files below `/media/` come before those that are collected.
    let mut found: Vec<_> = directives
        .iter()
        .filter_map(|directive| {
            let place = match directive.name.as_str() {
                "location" => directive.arguments.last().map_or("", String::as_str),
                _ => place,
            };
            shown(directive.block.as_deref()?, place)
        })
        .collect();
    found.sort_by_key(|(_, place)| place.contains("static"));
    found.into_iter().next()
}
