//! The anchors of the log: places in it that the seals know, by which an end that was cut off shows.

use std::time::Duration;

use super::super::audited::log;
use super::super::failure::Failure;
use super::super::output::Output;
use super::super::stores::OpenStores;
use super::seals::{known_kinds, read, write};
use crate::audit::Position;
use crate::catalog::Home;
use crate::policy::{Anchor, Seal};
use crate::store::StoreKind;

/// Returns the places in the log that the seals know, each with the store that keeps it. A store that cannot be asked
/// is told of with a warning.
pub(in crate::cli) fn anchors(
    home: &Home,
    stores: &mut OpenStores,
    output: &Output,
) -> Vec<(String, Position)> {
    let mut anchors = Vec::new();
    for kind in known_kinds(home, stores, output) {
        match read(home, stores, kind) {
            Ok(Some(seal)) => {
                let anchor = seal.anchor().and_then(|anchor| {
                    let hash = anchor.hash.parse().ok()?;
                    Some(Position {
                        seq: anchor.seq,
                        hash,
                    })
                });
                anchors.extend(anchor.map(|anchor| (kind.to_string(), anchor)));
            }
            Ok(None) => {}
            Err(failure) => output.warning(&format!(
                "the {kind} could not say how long the log was last, so an end that was cut off may not show: {}",
                failure.message
            )),
        }
    }
    anchors
}

/// Writes a place in the log down in the seal of a store, unless it knows a later one. The log must still hold the place
/// that the seal knows: moving on from one that is gone would vouch for a log that somebody else made.
///
/// # Errors
/// A store's error; `log-tampered`; `home-busy` where another command is changing the home.
pub(in crate::cli) fn anchor(
    home: &Home,
    stores: &mut OpenStores,
    kind: StoreKind,
    position: Position,
) -> Result<(), Failure> {
    let _lock = home.lock_within(Duration::ZERO)?;
    let Some(mut seal) = read(home, stores, kind)? else {
        return Ok(());
    };
    if seal.anchor().is_none_or(|anchor| anchor.seq < position.seq) {
        if let Some(anchor) = seal.anchor() {
            ensure_held(home, anchor)?;
        }
        seal.set_anchor(anchor_of(position));
        write(home, stores, kind, &seal)?;
    }
    Ok(())
}

/// Demands that the log holds the entry of an anchor.
fn ensure_held(home: &Home, anchor: &Anchor) -> Result<(), Failure> {
    for entry in log(home).newest()? {
        let position = entry?.position();
        if position.seq < anchor.seq {
            break;
        }
        if position.seq == anchor.seq && position.hash.to_string() == anchor.hash {
            return Ok(());
        }
    }
    let message = "the log does not hold the entry that the store knows of it";
    Err(Failure::new("log-tampered", message).hint("see where with: broker log verify"))
}

/// Writes a place in the log down in a seal, whatever it knew before.
pub(in crate::cli) fn anchor_at(seal: &mut Seal, position: Position) {
    seal.set_anchor(anchor_of(position));
}

/// Returns a place in the log as a seal keeps it.
pub(super) fn anchor_of(position: Position) -> Anchor {
    Anchor {
        seq: position.seq,
        hash: position.hash.to_string(),
    }
}
