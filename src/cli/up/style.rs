//! One real static file, asked for as a browser would: the health check never meets the proxy's own files.

use std::path::Path;

use crate::beanstalk::tree::Tree;
use crate::check::{self, django::Value};
use crate::sandbox::instance::Instance;
use crate::ui::Ui;

/// Files and folders that are looked at for one, at most.
const MOST: usize = 5_000;

/// Ask for a collected file, and say what came back if it is not the file.
pub(super) fn tell(tree: &Tree, instance: &Instance, ui: &mut Ui) {
    let Some((root, url)) = place(tree) else { return };
    let folder = instance.application().join(&root);
    let Some(file) = first(&folder) else {
        return ui.warn(format_args!(
            "static files: there is none in `{root}`, where `STATIC_ROOT` is: pages have no style"
        ));
    };
    let path = format!("{url}{file}");
    match instance.status(&path) {
        Ok(status) if status < 400 => ui.say(format_args!("`{path}` answers {status}")),
        Ok(status) => ui.warn(format_args!(
            "`{path}` answers {status}, though `{root}/{file}` is there: pages have no style\n{} `beansprout check` finds why, `beansprout explain EB131` tells the most likely reason",
            ui.err().cyan("hint:")
        )),
        Err(error) => ui.warn(format_args!("`{path}` does not answer: {error}")),
    }
}

/// The folder of collected files in the bundle, and the path below which they are served; where both are known.
fn place(tree: &Tree) -> Option<(String, String)> {
    let (base, settings) = check::production(tree)?;
    let uses =
        settings.value("INSTALLED_APPS").items().iter().any(|app| app.text() == Some("django.contrib.staticfiles"));
    let Value::Path(root) = settings.value("STATIC_ROOT") else { return None };
    let url = settings.value("STATIC_URL").by_default().text()?.trim_matches('/').to_owned();
    let here = uses && !url.contains("//") && !root.is_empty();
    here.then(|| (format!("{base}{root}"), if url.is_empty() { "/".to_owned() } else { format!("/{url}/") }))
}

/// The first style sheet below a folder, by name, or else the first file; with a name that needs no escapes.
fn first(folder: &Path) -> Option<String> {
    let mut waiting = vec![String::new()];
    let (mut other, mut seen) = (None, 0);
    while let Some(dir) = waiting.pop() {
        let entries = std::fs::read_dir(folder.join(&dir)).ok()?;
        let mut names: Vec<(String, bool)> = entries
            .flatten()
            .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.file_type().ok()?.is_dir())))
            .filter(|(name, _)| {
                name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) && !name.starts_with('.')
            })
            .collect();
        names.sort();
        seen += names.len();
        for (name, is_dir) in names.into_iter().rev() {
            let path = if dir.is_empty() { name } else { format!("{dir}/{name}") };
            if is_dir {
                waiting.push(path);
            } else if path.ends_with(".css") {
                return Some(path);
            } else if !path.ends_with(".json") {
                other = Some(path);
            }
        }
        if seen > MOST {
            break;
        }
    }
    other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_files_are() {
        let tree = Tree::default()
            .file("site/manage.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n")
            .file("site/shop/settings.py", "BASE_DIR = Path(__file__).parent.parent\nINSTALLED_APPS = ['django.contrib.staticfiles']\nSTATIC_URL = 'assets/'\nSTATIC_ROOT = BASE_DIR / 'collected'\n");
        assert_eq!(place(&tree), Some(("site/collected".to_owned(), "/assets/".to_owned())));
        assert_eq!(place(&Tree::default()), None);
    }

    #[test]
    fn a_style_sheet_before_anything_else() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("admin/css")).unwrap();
        std::fs::write(folder.path().join("admin/css/base.css"), "").unwrap();
        std::fs::write(folder.path().join("a.png"), "").unwrap();
        assert_eq!(first(folder.path()).as_deref(), Some("admin/css/base.css"));
        std::fs::remove_file(folder.path().join("admin/css/base.css")).unwrap();
        assert_eq!(first(folder.path()).as_deref(), Some("a.png"));
    }
}
