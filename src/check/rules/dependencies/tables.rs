//! Tables of packages: texts that people can read and diff, a row a line. Each is parsed once, when first asked, and asked by name.

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The rows of a table: `#` begins a comment.
pub(super) fn rows(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// What a table says, by the names of packages in pip's spelling.
pub(super) struct ByName<T>(OnceLock<BTreeMap<&'static str, Vec<T>>>);

impl<T> ByName<T> {
    pub(super) const fn unread() -> Self {
        Self(OnceLock::new())
    }

    /// The rows of a package, in their order.
    pub(super) fn of<R: Iterator<Item = T>>(
        &self,
        name: &str,
        read: impl FnOnce() -> R,
        name_of: impl Fn(&T) -> &'static str,
    ) -> &[T] {
        let table = self.0.get_or_init(|| {
            let mut table = BTreeMap::<_, Vec<T>>::new();
            for row in read() {
                table.entry(name_of(&row)).or_default().push(row);
            }
            table
        });
        table.get(name).map_or(&[], Vec::as_slice)
    }
}
