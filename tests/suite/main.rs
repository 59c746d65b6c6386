//! One suite, one harness, one file per verb. `harness.rs` says how a test looks.

mod harness;

mod usage;
