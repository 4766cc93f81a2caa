//! `broker scan`: finds secrets in plain text in the configuration files of MCP clients, and changes nothing.

mod file;
mod history;
mod row;

use std::path::{Path, PathBuf};

use comfy_table::{ContentArrangement, Table, presets};

use super::Done;
use super::clients::{Changes, changes};
use super::context::{Context, nearest};
use super::failure::Failure;
use super::progress::Progress;
use crate::clients::table::{CLIENTS, Client, ClientFile, Surroundings, locate, recognise};
use crate::clients::{Format, table};
use crate::launch::project;
use crate::paths;
use crate::text::escaped;
use file::Looked;
use row::Row;

/// Find secrets in plain text in the configuration files of MCP clients
///
/// Looks through the files of all clients it knows: yours, and those of the project you are in. With PATHs, through
/// these files, or the files of the projects in these folders. A secret is told by its place, its name and its
/// shape, and how sure that is; what refers to a value elsewhere is none. Of a file in a git repository the history is
/// looked through, too. No value is ever shown, and nothing is changed or sent anywhere.
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

/// A file that is to be looked at.
#[derive(Clone, Debug)]
struct Wanted {
    /// Whose it is, where the name says so; else its content has to.
    known: Option<(&'static Client, &'static ClientFile)>,
    path: PathBuf,
    /// The folder that the client would have open.
    project: Option<PathBuf>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    let clients: Vec<&'static Client> = args
        .client
        .iter()
        .map(|id| known_client(id))
        .collect::<Result<_, _>>()?;
    let mut wanted = wanted(args)?;
    if !clients.is_empty() {
        let is_asked = |client: &Client| clients.iter().any(|asked| asked.id == client.id);
        wanted.retain(|file| file.known.is_some_and(|(client, _)| is_asked(client)));
    }
    let mut rows = Vec::new();
    let mut failed = Vec::new();
    let mut progress = Progress::new("files looked through", wanted.len(), &context.output);
    for file in &wanted {
        if context.held_signals()?.is_over() {
            return Err(Failure::new("interrupted", "the scan was interrupted"));
        }
        match file::look(file, context) {
            Ok(Looked { rows: found, notes }) => {
                rows.extend(found);
                for note in notes {
                    context.output.notice(&note);
                }
            }
            Err(failure) => failed.push(failure),
        }
        progress.add(1);
    }
    drop(progress);
    rows.extend(changed(&wanted, context));
    show(&rows, context)?;
    if let [only] = wanted.as_slice()
        && let (true, Some(failure)) = (only.known.is_none(), failed.pop())
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

fn known_client(id: &str) -> Result<&'static Client, Failure> {
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

/// Finds the files that are meant.
fn wanted(args: &Args) -> Result<Vec<Wanted>, Failure> {
    let home = paths::user_home();
    let here = std::env::current_dir().map_err(|e| {
        let message = format!("the current folder cannot be used: {e}");
        Failure::new("folder-unusable", message)
    })?;
    let around = |project: Option<PathBuf>| {
        let home = home.clone().unwrap_or_else(|| PathBuf::from("/"));
        Surroundings::here(home, project)
    };
    let mut all: Vec<Wanted> = Vec::new();
    let mut add = |file: Wanted| {
        if !all.iter().any(|known| known.path == file.path) {
            all.push(file);
        }
    };
    let in_project = |folder: &Path| {
        let located = locate(&around(Some(folder.to_path_buf())));
        let folder = folder.to_path_buf();
        located.into_iter().map(move |found| Wanted {
            known: Some((found.client, found.file)),
            path: found.path,
            project: Some(folder.clone()),
        })
    };
    if args.paths.is_empty() {
        let project = project(&here, home.as_deref()).unwrap_or(here);
        in_project(&project).for_each(add);
        return Ok(all);
    }
    for path in &args.paths {
        // Without the dots in it that mean nothing.
        let path: PathBuf = here.join(path).components().collect();
        if path.is_dir() {
            let shared = |file: &Wanted| file.known.is_some_and(|(_, f)| f.scope.is_shared());
            in_project(&path).filter(shared).for_each(&mut add);
            continue;
        }
        if path.symlink_metadata().is_err() {
            let message = format!("there is no file \"{}\"", path.display());
            return Err(Failure::new("file-io", message));
        }
        let folder = path.parent().map(Path::to_path_buf);
        let project = folder.and_then(|folder| project(&folder, home.as_deref()));
        let known = recognise(&path, &around(project.clone()));
        if known.is_none() && Format::of(&path).is_none() {
            let message = format!("\"{}\" is no file of a client, by its name", path.display());
            return Err(Failure::new("client-file-unknown", message)
                .hint("it has to end in .json, .jsonc, .toml, .yaml or .yml"));
        }
        add(Wanted {
            known,
            path,
            project,
        });
    }
    Ok(all)
}

fn show(rows: &[Row], context: &Context) -> Result<(), Failure> {
    if context.output.json {
        return context.output.document(&rows);
    }
    let secrets = rows.iter().filter(|row| row.confidence.is_some()).count();
    if secrets > 0 {
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(["CONFIDENCE", "KIND", "SERVER", "PLACE", "FILE"]);
        for row in rows.iter().filter(|row| row.confidence.is_some()) {
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
    let remarks = rows.iter().filter(|row| row.says_more());
    let remarks: String = remarks
        .map(|row| format!("{}: {}\n", escaped(&row.at()), escaped(&row.message)))
        .collect();
    context.output.answer(&remarks)?;
    let files = rows.iter().filter(|row| row.confidence.is_some());
    let mut files: Vec<&str> = files.map(|row| row.file.as_str()).collect();
    files.sort_unstable();
    files.dedup();
    context.output.notice(&match secrets {
        0 => "no secret in plain text was found".to_owned(),
        _ => format!(
            "{} in {}: store each with broker set, and rotate it, since it was on disk",
            count(secrets, "finding"),
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
