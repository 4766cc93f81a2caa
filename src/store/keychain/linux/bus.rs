//! Finding the session bus and connecting to it (design D11).
//!
//! Clients start servers with six variables, and `DBUS_SESSION_BUS_ADDRESS` is not among them; also
//! a variable can be set by anybody who starts broker. So the bus is looked for first at
//! `/run/user/UID/bus`, where systemd and elogind put it, provided that the socket and its folder
//! are this user's; only where there is none is the variable used. Addresses are those of the D-Bus
//! specification, section "Server Addresses"; of the transports only `unix` is used, since a value
//! has no business on a network. Whatever runs the bus must run as this user.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::UnixStream;
use zbus::Connection;
use zbus::connection::Builder;

use super::super::{BusSource, Place};
use super::fault;
use crate::store::StoreError;
use crate::sys;

const VARIABLE: &str = "DBUS_SESSION_BUS_ADDRESS";

/// How long to wait before a socket whose queue is full is tried again.
const AGAIN: Duration = Duration::from_millis(20);

/// Returns where the bus is and how that was found, or `None` where there is none.
pub(super) fn find(place: &Place) -> Option<(BusSource, Vec<SocketAddr>)> {
    match place {
        Place::At(address) => Some((BusSource::Given, list(address)?)),
        Place::Usual => {
            let uid = sys::effective_uid();
            let folder = PathBuf::from(format!("/run/user/{uid}"));
            usual(&folder, uid, std::env::var_os(VARIABLE))
        }
    }
}

/// Chooses between the bus in `folder` and the value of the variable. A variable that names another
/// bus than the one there loses: who really wants another one has no folder, as in a container.
fn usual(
    folder: &Path,
    uid: u32,
    variable: Option<OsString>,
) -> Option<(BusSource, Vec<SocketAddr>)> {
    match own_socket(folder, uid) {
        Some(socket) => {
            let address = SocketAddr::from_pathname(socket).ok()?;
            Some((BusSource::Runtime, vec![address]))
        }
        None => {
            let addresses = list(&variable?.into_string().ok()?)?;
            Some((BusSource::Environment, addresses))
        }
    }
}

/// Reads a list of addresses; `None` where none of them can be used.
fn list(text: &str) -> Option<Vec<SocketAddr>> {
    let addresses: Vec<_> = text.split(';').filter_map(parse).collect();
    (!addresses.is_empty()).then_some(addresses)
}

/// Returns the socket `bus` in `folder` where both belong to `uid`.
fn own_socket(folder: &Path, uid: u32) -> Option<PathBuf> {
    let about = folder.symlink_metadata().ok()?;
    if !about.is_dir() || about.uid() != uid {
        return None;
    }
    let socket = folder.join("bus");
    let about = socket.symlink_metadata().ok()?;
    (about.file_type().is_socket() && about.uid() == uid).then_some(socket)
}

/// Reads one address, `unix:path=...` or `unix:abstract=...`; `None` for any other.
fn parse(text: &str) -> Option<SocketAddr> {
    let pairs = text.strip_prefix("unix:")?;
    for pair in pairs.split(',') {
        let (key, value) = pair.split_once('=')?;
        match key {
            "path" => {
                let path = unescape(value)?;
                return SocketAddr::from_pathname(OsStr::from_bytes(&path)).ok();
            }
            "abstract" => return SocketAddr::from_abstract_name(unescape(value)?).ok(),
            _ => {}
        }
    }
    None
}

/// Undoes the escaping of a value: `%` and two hexadecimal digits stand for a byte.
fn unescape(value: &str) -> Option<Vec<u8>> {
    let mut bytes = value.bytes();
    let mut plain = Vec::with_capacity(value.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            if !digits.iter().all(u8::is_ascii_hexdigit) {
                return None;
            }
            plain.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            plain.push(byte);
        }
    }
    Some(plain)
}

/// Connects to the bus; the caller sets the time limit.
///
/// # Errors
/// [`StoreError::NoBus`] where none is found, none listens, or it is not this user's; as
/// [`fault::of`] says where it refuses.
pub(super) async fn connect(place: &Place) -> Result<Connection, StoreError> {
    let (_, addresses) = find(place).ok_or(StoreError::NoBus)?;
    for address in addresses {
        let Ok(stream) = open(address).await else {
            continue;
        };
        let peer = stream.peer_cred().map_err(|_| StoreError::NoBus)?;
        if peer.uid() != sys::effective_uid() {
            continue;
        }
        let stream = stream.into_std().map_err(|_| StoreError::NoBus)?;
        return Builder::unix_stream(stream)
            .build()
            .await
            .map_err(|error| fault::of(&error));
    }
    Err(StoreError::NoBus)
}

/// Opens the socket. Linux turns a caller away while the queue of the socket is full, so that has to
/// be tried again, as long as the caller waits.
async fn open(address: SocketAddr) -> io::Result<UnixStream> {
    let address = address.into();
    loop {
        match UnixStream::connect_addr(&address).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                tokio::time::sleep(AGAIN).await;
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn addresses_of_unix_sockets_are_read() {
        let path = parse("unix:path=/tmp/a%20b,guid=00").expect("an address");
        assert_eq!(path.as_pathname(), Some(Path::new("/tmp/a b")));
        let guid_first = parse("unix:guid=00,path=/tmp/x").expect("an address");
        assert_eq!(guid_first.as_pathname(), Some(Path::new("/tmp/x")));
        let name = parse("unix:abstract=/tmp/dbus-x").expect("an address");
        assert_eq!(name.as_abstract_name(), Some(&b"/tmp/dbus-x"[..]));
    }

    #[test]
    fn other_transports_and_broken_addresses_are_not_used() {
        for text in [
            "",
            "tcp:host=localhost,port=1",
            "unixexec:path=/bin/sh",
            "autolaunch:",
            "unix:",
            "unix:runtime=yes",
            "unix:path=%2",
            "unix:path=%+1",
            "unix:path=%zz",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_first_usable_address_of_a_list_is_taken_in_its_order() {
        let place = Place::At("tcp:host=a,port=1;unix:path=/a;unix:path=/b".to_owned());
        let (source, addresses) = find(&place).expect("addresses");
        assert_eq!(source, BusSource::Given);
        let paths: Vec<_> = addresses.iter().filter_map(|a| a.as_pathname()).collect();
        assert_eq!(paths, [Path::new("/a"), Path::new("/b")]);
    }

    #[test]
    fn a_runtime_bus_counts_only_where_socket_and_folder_are_ours() {
        let folder = tempfile::tempdir().expect("a folder");
        let uid = sys::effective_uid();
        assert_eq!(own_socket(folder.path(), uid), None, "nothing there");
        let path = folder.path().join("bus");
        let listener = UnixListener::bind(&path).expect("a socket");
        assert_eq!(own_socket(folder.path(), uid), Some(path.clone()));
        assert_eq!(own_socket(folder.path(), uid + 1), None, "another user's");
        drop(listener);
        std::fs::remove_file(&path).expect("removed");
        std::os::unix::fs::symlink("/dev/null", &path).expect("a link");
        assert_eq!(own_socket(folder.path(), uid), None, "not a socket");
    }
    #[test]
    fn the_runtime_bus_wins_over_the_variable_and_the_variable_over_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let uid = sys::effective_uid();
        let source = |variable: Option<&str>| {
            let found = usual(folder.path(), uid, variable.map(OsString::from));
            found.map(|(source, _)| source)
        };
        assert_eq!(source(None), None);
        assert_eq!(source(Some("tcp:host=a,port=1")), None);
        assert_eq!(source(Some("unix:path=/a")), Some(BusSource::Environment));
        let _listener = UnixListener::bind(folder.path().join("bus")).expect("a socket");
        assert_eq!(source(Some("unix:path=/a")), Some(BusSource::Runtime));
        assert_eq!(source(None), Some(BusSource::Runtime));
    }
}
