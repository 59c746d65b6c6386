//! Bundles of earlier runs: a few are kept, those that are published longer, and the rest goes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::bundle::digest::TreeDigest;
use crate::bundle::select::disk::Stamp;
use crate::file;

use super::index::{self, Index};

/// So many that nobody has published.
const UNPUBLISHED: usize = 10;

/// So many bytes of those that somebody has.
const PUBLISHED_BYTES: u64 = 2_000_000_000;

/// Bundles that were removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    pub bundles: usize,
    pub bytes: u64,
}

/// One bundle in the folder of bundles.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Old {
    name: String,
    modified: i64,
    bytes: u64,
}

/// Note that the bundle at `path` is published: it is kept longer than others. Said of none but those that `package` keeps.
pub fn keep_published(path: &Path) -> Result<(), file::Error> {
    let name = path.file_name().map(|name| name.to_string_lossy());
    match name {
        Some(name) if is_bundle(&name) => index::mark(file::folder_of(path), &name),
        _ => Ok(()),
    }
}

/// Is it the name of a bundle: a label, which ends with the beginning of a digest?
fn is_bundle(name: &str) -> bool {
    name.strip_suffix(".zip").and_then(TreeDigest::short_in).is_some()
}

/// Remove what is not kept beside `newest`, and tell which published ones are left.
pub(super) fn tidy(newest: &Path) -> (Removed, BTreeSet<String>) {
    let dir = file::folder_of(newest);
    let mut published = Index::read(dir).published;
    let name = newest.file_name().unwrap_or_default().to_string_lossy();
    let all = bundles(dir);
    published.retain(|name| all.iter().any(|old| old.name == *name));
    let mut removed = Removed::default();
    for old in surplus(all, &name, &published) {
        if fs::remove_file(dir.join(&old.name)).is_ok() {
            removed.bundles += 1;
            removed.bytes += old.bytes;
            published.remove(&old.name);
        }
    }
    (removed, published)
}

fn bundles(dir: &Path) -> Vec<Old> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let old = |name: String| {
        let path: PathBuf = dir.join(&name);
        let metadata = path.symlink_metadata().ok().filter(|metadata| metadata.is_file())?;
        Some(Old { name, modified: Stamp::of(&metadata).modified, bytes: metadata.len() })
    };
    names.filter(|name| is_bundle(name)).filter_map(old).collect()
}

/// Which of `all` are too many.
fn surplus(mut all: Vec<Old>, newest: &str, published: &BTreeSet<String>) -> Vec<Old> {
    // The last run's own first: times of another clock shall not cost it its place.
    all.sort_by_key(|old| (old.name != newest, std::cmp::Reverse(old.modified)));
    let (mut unpublished, mut published_before, mut bytes) = (0, 0, 0_u64);
    all.retain(|old| {
        if published.contains(&old.name) {
            bytes = bytes.saturating_add(old.bytes);
            published_before += 1;
            bytes > PUBLISHED_BYTES && published_before > 1 && old.name != newest
        } else {
            unpublished += 1;
            unpublished > UNPUBLISHED
        }
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn old(number: i64, bytes: u64) -> Old {
        Old { name: format!("shop-{number:012x}.zip"), modified: number, bytes }
    }

    fn left(all: &[Old], newest: &Old, published: &[Old]) -> Vec<i64> {
        let published = published.iter().map(|old| old.name.clone()).collect();
        let gone = surplus(all.to_vec(), &newest.name, &published);
        let mut left: Vec<i64> = all.iter().filter(|old| !gone.contains(old)).map(|old| old.modified).collect();
        left.sort_unstable();
        left
    }

    #[test]
    fn ten_stay_and_what_is_published_up_to_a_size() {
        let all: Vec<Old> = (1..=14).map(|number| old(number, 1)).collect();
        assert_eq!(left(&all, &all[13], &[]), (5..=14).collect::<Vec<_>>());
        // The newest stays, whatever its file says of its age.
        assert_eq!(left(&all, &all[0], &[]), [1].into_iter().chain(6..=14).collect::<Vec<_>>());
        // Published ones do not count among the ten.
        assert_eq!(left(&all, &all[13], &all[..3]), [1, 2, 3].into_iter().chain(5..=14).collect::<Vec<_>>());
        let large: Vec<Old> = (1..=4).map(|number| old(number, 900_000_000)).collect();
        assert_eq!(left(&large, &large[3], &large), [3, 4]);
        let huge: Vec<Old> = (1..=3).map(|number| old(number, 3_000_000_000)).collect();
        assert_eq!(left(&huge, &huge[2], &huge), [3]);
        assert_eq!(left(&huge, &huge[2], &huge[..2]), [2, 3]);
    }

    #[test]
    fn a_mark_goes_into_an_index_of_ours_and_no_other_file() {
        let dir = tempfile::tempdir().expect("a folder");
        let (bundle, index) = (dir.path().join("site-0123456789ab.zip"), dir.path().join("index"));
        keep_published(&bundle).expect("nothing is to be done");
        assert!(!index.exists());
        for theirs in ["", "<!doctype html>", "published site-0123456789ab.zip\n", "my beansprout-index-3 "] {
            fs::write(&index, theirs).expect("a file");
            keep_published(&bundle).expect("nothing is to be done");
            assert_eq!(fs::read_to_string(&index).expect("it is there"), theirs);
        }
        for ours in ["beansprout-index-2 0.0.9\nwhat it knew", "beansprout-index-3 0.1.0\n\nwhat it knows"] {
            fs::write(&index, ours).expect("a file");
            keep_published(&bundle).expect("a mark");
            assert!(Index::read(dir.path()).published.contains("site-0123456789ab.zip"), "{ours}");
        }
    }

    #[test]
    fn marks_outlive_the_layout_that_they_were_made_in() {
        let dir = tempfile::tempdir().expect("a folder");
        let (first, second) = ("site-0123456789ab.zip", "site-ba9876543210.zip");
        for layout in ["2 0.0.9", "3 0.0.9", "4 1.0"] {
            let index = format!("beansprout-index-{layout}\npublished {first}\n\npublished other.zip\n");
            fs::write(dir.path().join("index"), index).expect("a file");
            keep_published(&dir.path().join(second)).expect("a mark");
            let marks: Vec<String> = Index::read(dir.path()).published.into_iter().collect();
            assert_eq!(marks, [first, second], "{layout}");
        }
    }

    #[test]
    fn only_bundles_of_ours_are_touched() {
        for name in ["shop-0123456789ab.zip", "a-b-ffffffffffff.zip"] {
            assert!(is_bundle(name), "{name}");
        }
        for name in ["shop.zip", "shop-0123456789AB.zip", "shop-0123456789ab", "shop-0123456789.zip", "index", ".zip"] {
            assert!(!is_bundle(name), "{name}");
        }
    }
}
