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
    for name in names
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        let value = read(|buffer| fgetxattr(from, name, buffer))?;
        // Labels of the system are often there already, and not for a user to set.
        if read(|buffer| fgetxattr(to, name, buffer)).is_ok_and(|there| there == value) {
            continue;
        }
        fsetxattr(to, name, &value, XattrFlags::empty())?;
    }
    Ok(())
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
