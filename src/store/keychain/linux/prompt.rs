//! Waiting for a person to answer a prompt of the service.
//!
//! Secret Service API, section "Prompts and Prompt Objects": the service returns the path of a
//! prompt, the client calls `Prompt` on it and is told by the signal `Completed`. The signal is
//! subscribed to first, since some services complete a prompt before they answer the call.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream;
use tokio::time::{Instant, timeout_at};
use zbus::message::Type;
use zbus::{MatchRule, MessageStream, OwnedObjectPath, OwnedVariant};

use super::super::{PROMPT, timed_out};
use super::fault;
use super::service::{SECRETS, Service};
use crate::store::{Asking, StoreError, StoreKind};

/// The name the daemon of GNOME's keyring has besides that of the service.
const GNOME: &str = "org.gnome.keyring";
/// The program that shows the prompts of GNOME's keyring, started by the bus when one is needed.
const GNOME_PROMPTER: &str = "org.gnome.keyring.SystemPrompter";

/// How long a dismissal takes at most that nobody can have seen.
const UNSEEN: Duration = Duration::from_secs(1);

/// Has `prompt` answered and returns the result it carries. `left` is how long a person is still
/// waited for in this call of the store.
///
/// # Errors
/// [`StoreError::Locked`] where nobody may be or can be asked, [`StoreError::Dismissed`] where the
/// person declined, [`StoreError::TimedOut`] where nobody answered.
pub(super) async fn answer(
    service: Service<'_>,
    prompt: &OwnedObjectPath,
    asking: Asking,
    left: &mut Duration,
) -> Result<OwnedVariant, StoreError> {
    if asking == Asking::Never {
        // The service waits for us; whether it hears that we do not come changes nothing.
        drop(service.prompt(prompt, "Dismiss", &()).await);
        return Err(StoreError::Locked(StoreKind::Keychain));
    }
    // Any program on the bus can send a signal to us; only the service's own counts.
    let provider = service
        .owner(SECRETS)
        .await?
        .ok_or(StoreError::NoProvider)?;
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .interface("org.freedesktop.Secret.Prompt")
        .member("Completed")
        .path(prompt.as_ref())
        .build()
        .map_err(|error| fault::of(&error))?;
    let mut signals = service
        .clock
        .within(async {
            MessageStream::for_match_rule(rule, service.bus, None)
                .await
                .map_err(|error| fault::of(&error))
        })
        .await?;
    // The window the prompt belongs to: none.
    service.prompt(prompt, "Prompt", &"").await?;

    let asked = Instant::now();
    let until = asked.checked_add(*left).unwrap_or(asked);
    let from_provider = async {
        loop {
            let next = poll_fn(|cx| Pin::new(&mut signals).poll_next(cx)).await;
            let foreign = |signal: &zbus::Message| {
                signal
                    .header()
                    .sender()
                    .is_none_or(|sender| sender.as_str() != provider)
            };
            if !matches!(&next, Some(Ok(signal)) if foreign(signal)) {
                return next;
            }
        }
    };
    let signal = timeout_at(until, from_provider).await;
    let spent = asked.elapsed();
    *left = left.saturating_sub(spent);
    service.clock.forgive(spent);
    let Ok(signal) = signal else {
        drop(service.prompt(prompt, "Dismiss", &()).await);
        return Err(timed_out(PROMPT));
    };
    let signal = signal
        .ok_or_else(fault::disconnected)?
        .map_err(|error| fault::of(&error))?;
    let (dismissed, result): (bool, OwnedVariant) = signal
        .body()
        .deserialize()
        .map_err(|_| fault::malformed())?;
    if !dismissed {
        return Ok(result);
    }
    if spent < UNSEEN && had_no_prompter(service).await? {
        return Err(StoreError::Locked(StoreKind::Keychain));
    }
    Err(StoreError::Dismissed(StoreKind::Keychain))
}

/// Tells whether the service is GNOME's and its prompter is not running right after a prompt. GNOME's
/// keyring reports a prompter that cannot start, as without a display, as a dismissal; one that did
/// show a prompt stays for some seconds.
async fn had_no_prompter(service: Service<'_>) -> Result<bool, StoreError> {
    let provider = service.owner(SECRETS).await?;
    if provider.is_none() || service.owner(GNOME).await? != provider {
        return Ok(false);
    }
    Ok(service.owner(GNOME_PROMPTER).await?.is_none())
}
