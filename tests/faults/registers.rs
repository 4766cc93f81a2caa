//! The registers of a system call: all that the harness needs to know about the processor.
//!
//! Reading goes through `PTRACE_GET_SYSCALL_INFO`, which is the same everywhere; only changing a
//! call is not. Another processor needs these three functions and `mod faults` let in for it.

use std::io;

use super::kernel::{Tid, poke_register};

/// Makes the kernel skip the call that the thread is about to make.
pub(super) fn skip_call(tid: Tid) -> io::Result<()> {
    poke_register(tid, libc::ORIG_RAX, u64::MAX)
}

/// Replaces the result of the call that the thread is about to return from.
pub(super) fn set_result(tid: Tid, result: i64) -> io::Result<()> {
    poke_register(tid, libc::RAX, result.cast_unsigned())
}

/// Replaces one argument of the call. It has to be put back before the thread goes on: programs
/// count on the kernel leaving argument registers alone.
pub(super) fn set_argument(tid: Tid, index: usize, value: u64) -> io::Result<()> {
    let registers = [
        libc::RDI,
        libc::RSI,
        libc::RDX,
        libc::R10,
        libc::R8,
        libc::R9,
    ];
    poke_register(tid, registers[index], value)
}
