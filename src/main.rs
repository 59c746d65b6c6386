//! Parse, run, report, exit. Nothing ever moves in here.

use std::process::ExitCode;

fn main() -> ExitCode {
    beansprout::cli::main()
}
