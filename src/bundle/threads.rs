//! Number of worker threads.

use std::sync::LazyLock;

/// Number of worker threads. It shows in no byte of the result.
pub(crate) fn threads() -> usize {
    // Linux is asked for limits of groups of processes too, in a dozen files.
    static THREADS: LazyLock<usize> =
        LazyLock::new(|| std::thread::available_parallelism().map_or(1, usize::from).min(16));
    *THREADS
}
