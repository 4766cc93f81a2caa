//! Extended attributes of files, on Linux and macOS.

use std::fs::File;
use std::io;

use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};
use rustix::io::Errno;

/// The most bytes of attributes that are copied; file systems keep far fewer.
const MOST_BYTES: usize = 1 << 20;

/// Gives `to` every extended attribute that `from` has, lists of rights among them. On a file system without any it does
/// nothing.
///
/// # Errors
/// The system's reason for one that `to` does not have and cannot be given.
pub fn copy_attributes(from: &File, to: &File) -> io::Result<()> {
    let names = match read(|buffer| flistxattr(from, buffer)) {
        Ok(names) => names,
        Err(Errno::NOTSUP | Errno::NOSYS) => return Ok(()),
        Err(e) => return Err(e.into()),
    };
    for name in names.split(|byte| *byte == 0) {
        if name.is_empty() || is_of_content(name) {
            continue;
        }
        let value = read(|buffer| fgetxattr(from, name, buffer))?;
        // Labels of the system are often there already, and not for a user to set.
        if read(|buffer| fgetxattr(to, name, buffer)).is_ok_and(|there| there == value) {
            continue;
        }
        let set = fsetxattr(to, name, &value, XattrFlags::empty());
        // Some of what macOS notes by itself (where a file came from) no program can set.
        if !(cfg!(target_os = "macos") && name.starts_with(b"com.apple.")) {
            set?;
        }
    }
    Ok(())
}

/// Tells whether an attribute is a measure of the content, which the system makes anew for another.
fn is_of_content(name: &[u8]) -> bool {
    matches!(name, b"security.ima" | b"security.evm")
}

/// Asks with a larger buffer each time, until what is asked for fits.
fn read(mut ask: impl FnMut(&mut [u8]) -> Result<usize, Errno>) -> Result<Vec<u8>, Errno> {
    let mut size = 1024_usize;
    loop {
        let mut buffer = vec![0_u8; size];
        match ask(&mut buffer) {
            Ok(filled) => {
                buffer.truncate(filled);
                return Ok(buffer);
            }
            Err(Errno::RANGE) if size < MOST_BYTES => size = size.saturating_mul(4),
            Err(e) => return Err(e),
        }
    }
}
