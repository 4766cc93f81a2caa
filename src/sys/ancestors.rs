//! Which processes broker was started by, from `/proc`.
//!
//! Reads the numbers and the short names alone: command lines and environments may hold secrets.

use std::fs::File;
use std::io::Read;

use super::{Ancestor, MAX_ANCESTORS};

/// Returns the chain of parent processes, the nearest first: at most [`MAX_ANCESTORS`], and none above
/// process 1. Ends early where the system shows no more.
#[must_use]
pub fn ancestors() -> Vec<Ancestor> {
    let mut chain = Vec::with_capacity(MAX_ANCESTORS);
    // Asked of the kernel: once this process is not dumpable, its own files under /proc are root's.
    let mut next = std::os::unix::process::parent_id();
    while next > 0 && chain.len() < MAX_ANCESTORS {
        let Some((name, parent)) = look(next) else {
            break;
        };
        chain.push(Ancestor { pid: next, name });
        if next == 1 {
            break;
        }
        next = parent;
    }
    chain
}

/// Returns the name of a process and the number of its parent.
pub(super) fn look(pid: u32) -> Option<(String, u32)> {
    // What is wanted stands in the first hundred bytes.
    let mut line = [0_u8; 512];
    let mut file = File::open(format!("/proc/{pid}/stat")).ok()?;
    let length = file.read(&mut line).ok()?;
    parse(line.get(..length)?)
}

/// Reads name and parent out of `PID (NAME) STATE PARENT ...` (proc_pid_stat(5)). The name may hold
/// anything, so its end is the last parenthesis.
fn parse(line: &[u8]) -> Option<(String, u32)> {
    let begin = line.iter().position(|b| *b == b'(')?.checked_add(1)?;
    let end = line.iter().rposition(|b| *b == b')')?;
    let name = String::from_utf8_lossy(line.get(begin..end)?).into_owned();
    let rest = std::str::from_utf8(line.get(end..)?).ok()?;
    let parent = rest.split(' ').nth(2)?.parse().ok()?;
    Some((name, parent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_begins_with_the_parent_and_climbs() {
        let chain = ancestors();
        let parent = chain.first().expect("a parent");
        assert_eq!(parent.pid, std::os::unix::process::parent_id());
        let comm = std::fs::read_to_string(format!("/proc/{}/comm", parent.pid)).expect("its name");
        assert_eq!(parent.name, comm.trim_end_matches('\n'));
        for pair in chain.windows(2) {
            let (_, above) = look(pair[0].pid).expect("still there");
            assert_eq!(above, pair[1].pid);
        }
        assert!(chain.len() <= MAX_ANCESTORS);
        let last = chain.last().expect("one at least");
        let (_, above) = look(last.pid).expect("still there");
        let ended = last.pid == 1 || above == 0;
        assert!(ended || chain.len() == MAX_ANCESTORS, "{chain:?}");
    }

    #[test]
    fn a_name_may_hold_anything() {
        for (line, name, parent) in [
            (&b"7 (sh) S 6 7 7 0 -1"[..], "sh", 6),
            (b"7 (a b) S 6 7", "a b", 6),
            (b"7 (a) R 99 () S 6 7", "a) R 99 (", 6),
            (b"7 (()) S 6 7", "()", 6),
            (b"7 (a\nb\x1b) S 6 7", "a\nb\u{1b}", 6),
            (b"7 (\xff) S 6 7", "\u{fffd}", 6),
            (b"7 () S 0 0", "", 0),
        ] {
            assert_eq!(parse(line), Some((name.to_owned(), parent)), "{line:?}");
        }
        for line in [
            &b""[..],
            b"7",
            b"7 (sh",
            b"7 (sh) S",
            b"7 (sh) S x 1",
            b"7 )sh( S 6",
        ] {
            assert_eq!(parse(line), None, "{line:?}");
        }
    }
}
