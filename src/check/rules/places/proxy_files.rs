//! Proxy files: where something that is meant for nginx, and lies where nothing reads it, comes into force.

use crate::beanstalk::config_file::ConfigFile;
use crate::beanstalk::customizations::EXTENSIONS;
use crate::beanstalk::tree::{Tree, file_name};
use crate::check::nginx;

const NGINX: &str = "nginx.conf";

/// What to do with this file, by what is in it.
pub(super) fn fix(tree: &Tree, path: &str) -> String {
    let name = file_name(path);
    let stem = name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or(name);
    if let Some(fix) = tree.content(path).and_then(|content| of_extensions(&ConfigFile::parse(path, content), stem)) {
        return fix;
    }
    if stem == "nginx" {
        return match path.strip_suffix(name) {
            Some(".platform/nginx/") => format!("rename it to `{NGINX}`, or delete it if nobody has missed it"),
            _ => match tree.text(path).and_then(refused) {
                Some(why) => format!(
                    "take it out, or mend it first: in `.platform/nginx/{NGINX}` nginx would refuse it, since {why}"
                ),
                None => format!("move it to `.platform/nginx/{NGINX}`, where it takes the place of the platform's own"),
            },
        };
    }
    // Of what lies deeper the content may not be at hand.
    let text = tree.text(path);
    if text.is_some_and(|text| nginx::parse(text).is_ok_and(|directives| directives.is_empty())) {
        return "delete it: it sets nothing".to_owned();
    }
    let text = text.unwrap_or_default();
    let right = nginx::place(&format!("{}{stem}.conf", &path[..path.len() - name.len()]), text);
    match right.strip_suffix(file_name(&right)) == path.strip_suffix(name) {
        true => format!("rename it to `{}`, or delete it if nobody has missed it", file_name(&right)),
        false => format!("move it to `{right}`"),
    }
}

/// Why nginx would not start with this as its whole configuration, as far as that is seen at once.
fn refused(text: &str) -> Option<String> {
    let directives = match nginx::parse(text) {
        Ok(directives) => directives,
        Err(invalid) => return Some(invalid.what),
    };
    // A name that is taken stops it: what is included twice has each of its names twice.
    let mut included = Vec::new();
    let http =
        directives.iter().filter(|one| one.name == "http").flat_map(|one| one.block.as_deref().unwrap_or_default());
    for include in http.filter(|one| one.name == "include") {
        if included.contains(&&include.arguments) {
            return Some(format!("it includes `{}` twice", include.arguments.join(" ")));
        }
        included.push(&include.arguments);
    }
    None
}

/// A text of `.ebextensions` would stop nginx.
fn of_extensions(file: &ConfigFile, stem: &str) -> Option<String> {
    const SECTIONS: [&str; 6] = ["option_settings", "files", "commands", "container_commands", "packages", "Resources"];
    let root = file.root.as_ref()?;
    if !SECTIONS.iter().any(|section| root.get(section).is_some()) {
        return None;
    }
    let written = file.files.iter().find(|entry| entry.path.value.starts_with("/etc/nginx/"));
    Some(match written {
        Some(entry) => {
            let content = entry.content.as_ref().map_or("", |content| content.value.as_str());
            format!(
                "put the lines that it writes into `{}` alone into `{}`, and delete it",
                entry.path.value,
                nginx::place(&entry.path.value, content)
            )
        }
        None => format!("move it to `{EXTENSIONS}/{stem}.config`: it is no file of nginx's"),
    })
}
