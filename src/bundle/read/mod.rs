//! Any zip file, ours or foreign, read: what is in it, what is wrong with it, and its files on disk.

mod flaw;
mod reader;
mod unpack;
mod verify;

pub use flaw::{Finding, Flaw, Severity};
pub use reader::{OpenError, Opened};
pub use unpack::{UnpackError, unpack};
pub use verify::verify;
