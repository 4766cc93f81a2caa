//! `broker show`: everything about one secret but its value.

use jiff::Timestamp;
use serde::Serialize;

use super::Done;
use super::context::{Context, find};
use super::failure::Failure;
use super::permission::quoted;
use super::permission::rotation::words_of;
use super::summary::{Summary, Users};
use crate::secret::SecretName;
use crate::store::Version;
use crate::text::escaped;

/// Show everything about one secret but its value
///
/// Its store, its dates, the servers that use it, and every version there has been.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:
  broker show github-token")]
pub(super) struct Args {
    /// The secret
    #[arg(add = super::completions::names())]
    name: SecretName,
}

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    summary: Summary<'a>,
    versions: Vec<History>,
    /// The words of the rotation command.
    rotate_command: Option<Vec<String>>,
}

#[derive(Serialize)]
struct History {
    version: Version,
    created: Timestamp,
    state: &'static str,
    until: Option<Timestamp>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    let home = context.home()?;
    let catalog = home.catalog()?;
    let users = Users::of(&home, context)?;
    let record = find(&catalog, &args.name)?;
    let zone = context.zone();
    let history = |v: &crate::catalog::VersionRecord| History {
        version: v.version,
        created: v.created,
        state: match v.removed {
            Some(_) => "removed",
            None if v.version == record.current => "current",
            None => "kept",
        },
        until: v.removed.or(v.kept_until),
    };
    let whole = Whole {
        summary: Summary::of(record, &users, context.now(), &zone),
        versions: record.versions.iter().map(history).collect(),
        rotate_command: users.rotation_of(record).map(words_of),
    };
    if context.output.json {
        context.output.document(&whole)?;
        return Ok(Done::Ok);
    }
    context.output.answer(&text(&whole))?;
    Ok(Done::Ok)
}

fn text(whole: &Whole<'_>) -> String {
    let row = &whole.summary;
    let mut text = String::new();
    let mut line = |word: &str, value: &str| {
        text.push_str(&format!("{word:<14}{}\n", escaped(value)));
    };
    line("name", row.name.as_str());
    line("store", row.store.word());
    line("version", &row.version.to_string());
    line("created", &row.created.to_string());
    line("rotated", &row.rotated.to_string());
    line("state", row.state.word());
    let optional = [
        ("rotate every", row.rotate_every.map(ToString::to_string)),
        ("due", row.due.map(|t| t.to_string())),
        ("expires", row.expires.map(|d| d.to_string())),
        ("last used", row.last_used.map(|t| t.to_string())),
        ("note", row.note.map(str::to_owned)),
        ("url", row.url.map(str::to_owned)),
        (
            "rotate with",
            whole.rotate_command.as_ref().map(|words| {
                let words: Vec<String> = words.iter().map(quoted).collect();
                format!("{} (broker rotate {} --run)", words.join(" "), row.name)
            }),
        ),
        (
            "servers",
            (!row.servers.is_empty()).then(|| row.servers.join(", ")),
        ),
    ];
    for (word, value) in optional {
        if let Some(value) = value {
            line(word, &value);
        }
    }
    for v in &whole.versions {
        let until = v.until.map(|t| format!(" until {t}")).unwrap_or_default();
        line(
            &format!("version {}", v.version),
            &format!("{}, set {}{until}", v.state, v.created),
        );
    }
    text
}
