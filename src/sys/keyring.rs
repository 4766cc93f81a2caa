//! A key that the kernel keeps for the user for a while (keyrings(7), keyctl(2)).
//!
//! It is kept in the user keyring (`@u`), which all logins of a user share, and not in a session
//! keyring: a server's client may have been started from another login, or from none. For the same
//! reason a process of the user that does not *possess* the key, because its session keyring does
//! not lead to `@u`, may view, search and read it. Processes of other users may not.
//!
//! Limit: user keyrings belong to a user namespace, so a container with one of its own sees none of this.

use linux_keyutils::{
    Key, KeyError, KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, Permission,
};
use zeroize::Zeroizing;

use super::KeyringError;

/// Keeps `payload` under `description` for `seconds`, replacing what was kept under it.
///
/// # Errors
/// See [`KeyringError`]; what was kept before then stays.
pub fn keep_key(description: &str, payload: &[u8], seconds: u32) -> Result<(), KeyringError> {
    // The kernel takes 0 for "never".
    let seconds = usize::try_from(seconds.max(1)).unwrap_or(usize::MAX);
    // Made where only this thread sees it, because setting rights and time needs possession, which a
    // process without a way from its session keyring to `@u` has not; and so that it is never seen
    // without its end. Linking it then displaces an older one in one step.
    let own = KeyRing::from_special_id(KeyRingIdentifier::Thread, true).map_err(error)?;
    let shared = KeyRing::from_special_id(KeyRingIdentifier::User, true).map_err(error)?;
    let key = own.add_key(description, payload).map_err(error)?;
    let rights = KeyPermissionsBuilder::builder()
        .posessor(Permission::ALL)
        .user(Permission::VIEW | Permission::READ | Permission::SEARCH)
        .build();
    let kept = key
        .set_perms(rights)
        .and_then(|()| key.set_timeout(seconds))
        .and_then(|()| shared.link_key(key));
    let forgotten = own.unlink_key(key);
    kept.and(forgotten).map_err(error)
}

/// Returns what is kept under `description`; `None` if nothing is, or its time is over.
///
/// # Errors
/// See [`KeyringError`]. A payload over `limit` bytes is one of them.
pub fn find_key(
    description: &str,
    limit: usize,
) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringError> {
    let Some((_, key)) = find(description)? else {
        return Ok(None);
    };
    let mut payload = Zeroizing::new(vec![0_u8; limit]);
    match key.read(&mut *payload) {
        // The kernel tells the whole length, whatever there was room for.
        Ok(length) if length > limit => Err(KeyringError::Other("too-large")),
        Ok(length) => {
            payload.truncate(length);
            Ok(Some(payload))
        }
        Err(e) if is_gone(e) => Ok(None),
        Err(e) => Err(error(e)),
    }
}

/// Drops what is kept under `description`, for all processes at once; `false` if nothing was.
///
/// # Errors
/// See [`KeyringError`].
pub fn drop_key(description: &str) -> Result<bool, KeyringError> {
    let Some((shared, key)) = find(description)? else {
        return Ok(false);
    };
    // Invalidating needs no more than the right to search, and wipes the payload; unlinking is what
    // later searches see at once.
    let invalid = key.invalidate();
    match shared.unlink_key(key) {
        Ok(()) => {}
        Err(e) if is_gone(e) => {}
        Err(e) => return Err(error(e)),
    }
    match invalid {
        Ok(()) => Ok(true),
        Err(e) if is_gone(e) => Ok(true),
        Err(e) => Err(error(e)),
    }
}

fn find(description: &str) -> Result<Option<(KeyRing, Key)>, KeyringError> {
    let shared = match KeyRing::from_special_id(KeyRingIdentifier::User, false) {
        Ok(shared) => shared,
        Err(e) if is_gone(e) => return Ok(None),
        Err(e) => return Err(error(e)),
    };
    match shared.search(description) {
        Ok(key) => Ok(Some((shared, key))),
        Err(e) if is_gone(e) => Ok(None),
        Err(e) => Err(error(e)),
    }
}

fn is_gone(error: KeyError) -> bool {
    matches!(
        error,
        KeyError::KeyDoesNotExist
            | KeyError::KeyringDoesNotExist
            | KeyError::KeyExpired
            | KeyError::KeyRevoked
            | KeyError::MissingFileOrDirectory
    )
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the rest are one case to us"
)]
fn error(error: KeyError) -> KeyringError {
    match error {
        KeyError::PermissionDenied | KeyError::OperationNotSupported => KeyringError::Unavailable,
        KeyError::Unknown(libc::ENOSYS) => KeyringError::Unavailable,
        KeyError::QuotaExceeded => KeyringError::Full,
        KeyError::AccessDenied => KeyringError::Other("EACCES"),
        KeyError::InvalidArguments => KeyringError::Other("EINVAL"),
        KeyError::OutOfMemory => KeyringError::Other("ENOMEM"),
        _ => KeyringError::Other("keyctl"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::{Duration, Instant};

    /// A description no other test or process uses.
    fn description(test: &str) -> String {
        format!("broker:test:{test}:{}", std::process::id())
    }

    #[test]
    fn a_kept_key_is_found_until_it_is_dropped() {
        let name = description("kept");
        assert_eq!(find_key(&name, 16), Ok(None));
        keep_key(&name, b"first", 60).expect("kept");
        keep_key(&name, b"second", 60).expect("replaced");
        let found = find_key(&name, 16).expect("read").expect("there");
        assert_eq!(found.as_slice(), b"second");
        assert_eq!(find_key(&name, 3), Err(KeyringError::Other("too-large")));
        assert_eq!(drop_key(&name), Ok(true));
        assert_eq!(find_key(&name, 16), Ok(None));
        assert_eq!(drop_key(&name), Ok(false));
    }

    #[test]
    fn a_kept_key_is_gone_when_its_time_is_over() {
        let name = description("expiry");
        keep_key(&name, b"x", 1).expect("kept");
        assert!(find_key(&name, 16).expect("read").is_some());
        let started = Instant::now();
        while find_key(&name, 16).expect("read").is_some() {
            assert!(started.elapsed() < Duration::from_secs(10), "still there");
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(drop_key(&name), Ok(false));
    }
}
