#![allow(missing_docs, reason = "x")]

// The tracer is the kernel's own: Linux, and a processor whose registers it knows.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod faults;
