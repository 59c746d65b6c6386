//! How a call wakes the runner.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Sent after every call: it may have written down work for an instance.
pub(super) type Wake = SyncSender<()>;

pub(super) fn wake() -> (Wake, Receiver<()>) {
    sync_channel(1)
}
