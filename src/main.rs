//! The binary: hardens the process, hands over to the command line, returns its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    broker::cli::main(broker::sys::harden())
}
