//! Wheels: what pip would fetch when an instance starts, fetched beforehand and put into the bundle.
//!
//! An instance that has them needs no package index: it starts in less time, and with the code that was tried. [`Asked`] is
//! what the project asks for, `pip` is whoever resolves and fetches it, [`WheelFile`] is one wheel that was looked into, and
//! [`Locked`] is what `requirements.txt` says afterwards. Nothing of a package runs here: wheels are unpacked by nobody, and
//! what would have to be built is refused.

mod asked;
mod closure;
mod error;
mod index;
mod kept;
mod locked;
mod pip;
mod said;
mod wheel_file;
mod work;

pub(crate) use asked::{Asked, Found};
use closure::needed;
pub(crate) use error::Error;
pub(crate) use kept::{Kept, kept, one_of};
pub(crate) use locked::{Locked, Pin};
pub(crate) use wheel_file::WheelFile;
pub(crate) use work::Work;

/// Where in the bundle the wheels are.
pub(crate) const FOLDER: &str = "wheels";
