//! The anchors of the log: places in it that the seals know, by which an end that was cut off shows.

use std::time::Duration;

use super::super::audited::log;
use super::super::context::Context;
use super::super::failure::Failure;
use super::super::output::Output;
use super::seals::{Seals, known_kinds, read, write};
use crate::audit::Position;
use crate::catalog::Home;
use crate::catalog::change::Stores;
use crate::policy::{Anchor, Seal};
use crate::store::StoreKind;

/// How many entries of the log there may be behind its anchor.
const ANCHORED: u64 = 64;

/// Returns the places in the log that the seals know, each with the store that keeps it. A store that cannot be asked
/// is told of with a warning.
pub(in crate::cli) fn anchors(
    home: &Home,
    stores: &mut dyn Stores,
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
    stores: &mut dyn Stores,
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

/// Writes the place in the log down in the seals, once in a while. The log is whole without it; so a home that is
/// being changed, or a store that fails, is left for the next start.
pub(super) fn anchor_if_far(
    home: &Home,
    stores: &mut dyn Stores,
    seals: &Seals,
    position: Position,
    context: &Context,
) {
    let is_far = |seal: &Seal| {
        let anchored = seal.anchor().map_or(0, |anchor| anchor.seq);
        position.seq >= anchored.saturating_add(ANCHORED)
    };
    let far = seals
        .iter()
        .filter(|(_, seal)| is_far(seal))
        .map(|(kind, _)| *kind);
    for kind in far {
        match anchor(home, stores, kind, position) {
            Ok(()) => {}
            Err(failure) if failure.code == "log-tampered" => {
                let advice = failure.hint.unwrap_or_default();
                context
                    .output
                    .warning(&format!("{}; {advice}", failure.message));
            }
            Err(failure) => context
                .output
                .detail(&format!("the log was not anchored: {}", failure.message)),
        }
    }
}
