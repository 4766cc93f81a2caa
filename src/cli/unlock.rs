//! `broker unlock`: asks the keychain to unlock.

use super::Done;
use super::context::{Context, asking};
use super::failure::Failure;
use crate::store::keychain::Keychain;

pub(super) fn run(context: &Context) -> Result<Done, Failure> {
    Keychain::new(asking()).unlock()?;
    context.output.notice("the keychain is unlocked");
    Ok(Done::Ok)
}
