//! Django projects of a tree: where they are.

use crate::beanstalk::tree::{Tree, file_name};

/// The folders with a `manage.py` of Django, the shallowest first: empty, or ending with a slash.
pub(crate) fn projects(tree: &Tree) -> Vec<String> {
    let foreign = |dir: &str| {
        matches!(dir, "tests" | "test" | "docs" | "node_modules" | "site-packages")
            || dir.contains("template")
            || dir.starts_with('.')
    };
    // Its command line may be another module's, which `manage.py` only calls.
    const WORDS: [&str; 4] = ["execute_from_command_line", "DJANGO_SETTINGS_MODULE", "django", "import main"];
    let is_django = |path: &&str| tree.text(path).is_some_and(|text| WORDS.iter().any(|word| text.contains(word)));
    let found = tree.iter().map(|(path, _)| path).filter(|path| file_name(path) == "manage.py");
    let mut folders: Vec<String> = found
        .filter(|path| !path.split('/').any(foreign))
        .filter(is_django)
        .map(|path| path.trim_end_matches("manage.py").to_owned())
        .collect();
    folders.sort_by_key(|folder| folder.matches('/').count());
    folders
}
