//! What `exec` says of changes in the files of clients: one line, at no cost to the start.
//!
//! Where the system says that no file changed, none is read. Nothing here is written, waited for or able to fail.

use super::super::context::Context;
use super::super::permission::seals::Seals;
use super::kept;
use super::survey::{Surveyed, here, known_of};
use crate::catalog::Home;
use crate::clients::baseline::{is_as_before, sought};

/// Tells of what appeared or changed in the files of the user's clients and of the project of the current folder.
/// Without the seals, which come with the values, only what can be told without a key.
pub(in crate::cli) fn notice(sealed: Option<(&Home, &Seals)>, context: &Context) {
    let Ok(paths) = context.paths() else {
        return;
    };
    let ignored = |why: &str| {
        let what = kept::ignored(&paths, why);
        let advice = "look at them with: broker clients --accept";
        context.output.warning(&format!("{what}; {advice}"));
    };
    let baseline = match kept::read(&paths) {
        Ok(Some(baseline)) => baseline,
        Ok(None) => {
            let is_lost = |seals: &Seals| seals.values().any(|seal| seal.baseline() > 0);
            if sealed.is_some_and(|(_, seals)| is_lost(seals)) {
                ignored("it is gone");
            }
            return;
        }
        Err(failure) => return ignored(&failure.message),
    };
    let seal = sealed.and_then(|(home, seals)| Some((home, seals.get(&baseline.store())?)));
    if let Some((home, seal)) = seal
        && let Err(error) = baseline.check(&home.record.id, seal)
    {
        return ignored(&error.to_string());
    }
    let seal = seal.map(|(_, seal)| seal);
    let Some(around) = here() else {
        return;
    };
    let mut rows = Vec::new();
    for one in sought(&around, baseline.files(), false) {
        let known = known_of(Some(&baseline), &one.path);
        if !is_as_before(&one, known) {
            rows.extend(Surveyed::of(one, known, seal).rows());
        }
    }
    let Some((first, rest)) = rows.split_first() else {
        return;
    };
    let more = match rest.len() {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    context.output.warning(&format!(
        "{}{more}; see: broker clients --changes",
        first.line()
    ));
}
