//! Reading any zip file, ours or foreign: what is in it, what is wrong with it, and its files on disk.

mod directory;
mod flaw;
mod reader;
mod unpack;
mod verify;

pub use directory::{Directory, Shared, TAIL as DIRECTORY_TAIL};
pub use flaw::{Finding, Flaw, Severity};
pub use reader::{OpenError, Reader};
pub use unpack::{UnpackError, unpack};
pub use verify::verify;
