//! `broker scan`: finds secrets in plain text in the configuration files of MCP clients, and changes nothing.

mod file;
mod history;
mod row;
mod variables;
mod wanted;

use std::path::PathBuf;

use comfy_table::{ContentArrangement, Table, presets};

use super::Done;
use super::clients::{Changes, changes};
use super::context::{Context, nearest};
use super::failure::Failure;
use super::progress::Progress;
use crate::clients::table::{self, CLIENTS, Client};
use crate::text::escaped;
pub(super) use file::{Opened, open};
use row::{Looked, Row};
pub(super) use row::{name as shown_name, words as place_words};
pub(super) use variables::of_entry;
pub(super) use wanted::Wanted;

/// Find secrets in plain text in the configuration files of MCP clients
///
/// Looks through the files of all clients it knows: yours, and those of the project you are in. With PATHs, through
/// these files, or the files of the projects in these folders, but not in folders below. A secret is told by its place,
/// its name and its shape, and how sure that is; what refers to a value elsewhere is none. The files of variables that an
/// entry names are looked through, too, and the history of every file that lies in a git repository. Also told, and no
/// reason for another exit code, are packages without a fixed version, requests in plain http, references that the client
/// does not know, and files with secrets that other users can read. No value is ever shown, and nothing is changed or
/// sent anywhere.
#[derive(Debug, clap::Args)]
#[command(
    after_long_help = "Exit code: 3 if a secret was found, 0 if not, 1 if a file could not be looked at.

Examples:
  broker scan
  broker scan --client claude-desktop --client cursor
  broker scan ~/src/shop .vscode/mcp.json
  broker --json scan"
)]
pub(super) struct Args {
    /// Files of clients, or folders of projects
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only files of CLIENT: its name in lower case, such as claude-desktop or vscode
    #[arg(long, value_name = "CLIENT")]
    client: Vec<String>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    let wanted = files(&args.paths, &args.client)?;
    let mut looked = Looked::default();
    let mut progress = Progress::new("files looked through", wanted.len(), &context.output);
    for file in &wanted {
        if context.held_signals()?.is_over() {
            return Err(Failure::new("interrupted", "the scan was interrupted"));
        }
        file::look(file, context, &mut looked);
        progress.add(1);
    }
    drop(progress);
    let Looked {
        mut rows,
        mut failed,
        ..
    } = looked;
    rows.extend(changed(&wanted, context));
    let seen = wanted.len().saturating_sub(failed.len());
    show(&rows, seen, context)?;
    if let (true, [_]) = (wanted.len() == 1, failed.as_slice())
        && let Some(failure) = failed.pop()
    {
        return Err(failure);
    }
    for failure in &failed {
        context.output.warning(&failure.message);
    }
    if !failed.is_empty() {
        let message = format!("{} could not be looked at", count(failed.len(), "file"));
        return Err(Failure::new("client-file-unreadable", message));
    }
    let is_found = rows.iter().any(|row| row.confidence.is_some());
    Ok(if is_found { Done::Report } else { Done::Ok })
}

/// The entries of these files that appeared or changed behind broker's back.
fn changed(wanted: &[Wanted], context: &Context) -> Vec<Row> {
    let Ok(Some(home)) = context.home_if_any() else {
        return Vec::new();
    };
    let Changes::Since(mut changes) = changes(&home, context) else {
        return Vec::new();
    };
    changes.retain(|one| {
        wanted
            .iter()
            .any(|w| w.path.display().to_string() == one.file)
    });
    changes.into_iter().map(Row::changed).collect()
}

/// Finds the files that are meant: those of these clients, or of all, at these paths, or where clients keep them.
///
/// # Errors
/// `file-io`, `client-file-unknown`, `folder-unusable`, and a usage failure for a client that there is not.
pub(super) fn files(paths: &[PathBuf], clients: &[String]) -> Result<Vec<Wanted>, Failure> {
    let clients = clients.iter().map(|id| known_client(id));
    let clients: Vec<&'static Client> = clients.collect::<Result<_, _>>()?;
    wanted::wanted(paths, &clients)
}

/// Finds a client by its id.
///
/// # Errors
/// A usage failure for one that there is not.
pub(super) fn known_client(id: &str) -> Result<&'static Client, Failure> {
    table::client(id).ok_or_else(|| {
        let known = CLIENTS.iter().map(|client| client.id);
        let failure = Failure::usage("there is no client of that name");
        match nearest(id, known.clone()) {
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None => failure.hint(format!(
                "the clients are {}",
                known.collect::<Vec<_>>().join(", ")
            )),
        }
    })
}

fn show(rows: &[Row], seen: usize, context: &Context) -> Result<(), Failure> {
    if context.output.json {
        return context.output.document(&rows);
    }
    let secrets: Vec<&Row> = rows.iter().filter(|row| row.confidence.is_some()).collect();
    if !secrets.is_empty() {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(["CONFIDENCE", "KIND", "SERVER", "PLACE", "FILE"]);
        for row in &secrets {
            table.add_row([
                row.confidence.unwrap_or_default().to_owned(),
                row.kind.clone(),
                escaped(row.server.as_deref().unwrap_or("-")),
                escaped(row.place.as_deref().unwrap_or("-")),
                escaped(&row.at()),
            ]);
        }
        let lines: String = table
            .lines()
            .map(|line| format!("{}\n", line.trim()))
            .collect();
        context.output.answer(&lines)?;
    }
    let more = rows.iter().filter(|row| row.says_more());
    let more: String = more
        .map(|row| format!("{}\n", escaped(&row.line())))
        .collect();
    context.output.answer(&more)?;
    let mut files: Vec<&str> = secrets.iter().map(|row| row.file.as_str()).collect();
    files.sort_unstable();
    files.dedup();
    context.output.notice(&match (secrets.len(), seen) {
        (0, 0) => "no file of a client was looked through".to_owned(),
        (0, _) => format!(
            "no secret in plain text was found in {}",
            count(seen, "file")
        ),
        (found, _) => format!(
            "{} in {}: store each with broker set, and rotate it, since it was on disk",
            count(found, "finding"),
            count(files.len(), "file")
        ),
    });
    Ok(())
}

fn count(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
