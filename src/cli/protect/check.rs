//! `--check`: a server is started as it was and as it will be, and has to have the same tools.

use std::time::Duration;

use super::super::context::Context;
use super::super::failure::Failure;
use super::super::scan::shown_name;
use super::super::started::{self, Starter};
use super::super::stores::OpenStores;
use super::super::tried::{try_out, with_current};
use super::rewrite::{Changed, Rewrite};
use crate::catalog::Home;
use crate::clients::{Entry, Wrapped};
use crate::launch::Values;
use crate::text::escaped;

/// How long a server has to start and answer, the first download of a package included.
const PATIENCE: Duration = Duration::from_secs(180);

/// Checks every entry that is about to be changed. Its secrets are stored and its commands allowed by now, and the file is not
/// written yet.
///
/// # Errors
/// `check-failed`, after which the file is to be left as it is.
pub(super) fn check(
    rewrite: &Rewrite,
    home: &Home,
    stores: &mut OpenStores,
    context: &Context,
) -> Result<(), Failure> {
    for changed in &rewrite.changed {
        let name = escaped(shown_name(&changed.server));
        let not_checked = |why: &str| {
            context
                .output
                .notice(&format!("\"{name}\" was not checked: {why}"));
        };
        let Ok(grant) = &changed.grant else {
            not_checked("what its client starts is not known before it does");
            continue;
        };
        let before = rewrite
            .before(changed)
            .map(|entry| as_it_was(entry, changed, rewrite, context));
        let before = match before {
            Some(Ok(Some(tools))) => tools,
            Some(Ok(None)) | None => {
                not_checked("how it was started before only its client knows");
                continue;
            }
            Some(Err(failure)) => {
                not_checked(&format!(
                    "it did not work before either: {}",
                    failure.message
                ));
                continue;
            }
        };
        let catalog = home.catalog()?;
        let after = with_current(&grant.plan, &catalog, home, stores, PATIENCE, context);
        let failed = |why: String| {
            let message = format!("\"{name}\" would not be what it was: {why}");
            Failure::new("check-failed", message).hint(
                "the file was not changed; what was stored and allowed stays, see: broker list, broker grants",
            )
        };
        let after = after.map_err(|failure| failed(failure.message))?;
        let is_same = before.len() == after.len() && before.iter().all(|tool| after.contains(tool));
        if !is_same {
            let (was, is) = (before.len(), after.len());
            return Err(failed(format!(
                "it has other tools when it is started through broker ({was} before, {is} then)"
            )));
        }
        let count = after.len();
        context
            .output
            .notice(&format!("\"{name}\" has the same tools as before: {count}"));
    }
    Ok(())
}

/// Starts an entry as it stands in the file.
fn as_it_was(
    entry: &Entry,
    changed: &Changed,
    rewrite: &Rewrite,
    context: &Context,
) -> Result<Option<Vec<String>>, Failure> {
    if Wrapped::of(entry).is_some() {
        return Ok(None);
    }
    let starter = Starter {
        client: rewrite.target.client,
        scope: rewrite.target.file.scope,
        wanted: rewrite.target.wanted.clone(),
    };
    let Some(plan) = started::plain(entry, &changed.under, &starter)? else {
        return Ok(None);
    };
    try_out(&plan, &Values::new(), PATIENCE, context).map(Some)
}
