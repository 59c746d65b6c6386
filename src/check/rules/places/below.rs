//! Below: files of the proxy in a `.platform` that is not at the top of the bundle.

use super::proxy_files;
use crate::beanstalk::tree::{Entry, file_name};
use crate::check::subject::Subject;

pub(super) fn check(subject: &mut Subject<'_>) {
    let tree = subject.tree;
    for (path, entry) in tree.iter() {
        let Some((folder, inside)) = path.split_once("/.platform/") else { continue };
        let of_proxy = ["nginx/", "httpd/"].iter().any(|dir| inside.starts_with(dir)) && path.ends_with(".conf");
        let is_file = matches!(entry, Entry::File { .. });
        if !of_proxy || !is_file || folder.contains("site-packages") || is_bundle(subject, folder) {
            continue;
        }
        // What copies it to the top, or into nginx's folders, names it or its folder.
        let is_named = |text: &str| text.contains(file_name(path)) || text.contains(&format!("{folder}/.platform"));
        let named = subject.scripts().iter().any(|script| is_named(script.text))
            || subject.customizations.configs.iter().any(|file| is_named(&file.text));
        if named {
            continue;
        }
        let message = format!("`{path}` is not read: `.platform` is looked for at the top of the bundle only");
        let fix = match inside.starts_with("nginx/") {
            true => proxy_files::fix(tree, path),
            false => format!("move it to `.platform/{inside}`"),
        };
        subject.find_file("EB140", path, message, fix);
    }
}

/// Does a folder have what a bundle has at its top? Then it may well be the one that is deployed.
fn is_bundle(subject: &Subject<'_>, folder: &str) -> bool {
    const TOPS: [&str; 9] = [
        "manage.py",
        "application.py",
        "requirements.txt",
        "Pipfile",
        "Procfile",
        "Dockerfile",
        "docker-compose.yml",
        "package.json",
        ".elasticbeanstalk",
    ];
    let has = |name: &&str| {
        let path = format!("{folder}/{name}");
        subject.tree.is_file(&path) || subject.tree.is_dir(&path)
    };
    TOPS.iter().any(has)
}
