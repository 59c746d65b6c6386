//! A plan as a value that others reason over: every path that ships, and the contents that they ask for, exactly as they
//! would be packed.

use crate::bundle::entry::EntryPath;
use crate::bundle::error::Error;
use crate::bundle::select::origin::Origin;
use crate::bundle::select::plan::Plan;

use crate::bundle::select::content::Contents;

/// A file or link of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    File {
        /// As its source says it, before packing makes hooks and scripts executable.
        executable: bool,
        bytes: u64,
        /// None where nobody asked for it.
        content: Option<Vec<u8>>,
    },
    Link {
        target: String,
    },
}

impl Plan {
    /// Everything that ships, with the contents of those that `reads` names by path and size.
    pub fn tree(&self, reads: impl Fn(&str, u64) -> bool) -> Result<Vec<(EntryPath, Shape)>, Error> {
        let mut contents = Contents::new(self);
        let mut tree = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            let shape = match &entry.origin {
                Origin::Link(target) => Shape::Link { target: target.to_string() },
                Origin::Disk { executable, .. } | Origin::Blob { executable, .. } => {
                    let bytes = entry.size();
                    let content = if reads(entry.path.as_str(), bytes) {
                        Some(contents.read_alone(entry)?.to_vec())
                    } else {
                        None
                    };
                    Shape::File { executable: *executable, bytes, content }
                }
            };
            tree.push((entry.path.clone(), shape));
        }
        Ok(tree)
    }
}
