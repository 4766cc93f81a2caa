//! `broker revoke`: takes back what was allowed.

use super::Done;
use super::audited::Event;
use super::context::Context;
use super::failure::Failure;
use super::permission::{Permissions, seals};
use super::stores::OpenStores;
use crate::audit::Action;
use crate::policy::{Grant, Rotation, Secret};
use crate::secret::SecretName;

/// Take back what was allowed
///
/// From then on the command is refused. Needs no person. A server that runs already keeps what it was given: end it, and
/// replace what it may have leaked.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("which").required(true))]
#[command(after_long_help = "Examples:
  broker revoke 3f1c
  broker revoke --server github
  broker revoke --secret github-token
  broker revoke --all")]
pub(super) struct Args {
    /// The grant whose id begins so
    #[arg(group = "which")]
    id: Option<String>,
    /// Every grant of SERVER
    #[arg(long, value_name = "SERVER", group = "which", add = super::completions::servers())]
    server: Option<String>,
    /// Every grant that gives the secret NAME, and its rotation command
    #[arg(long, value_name = "NAME", group = "which", add = super::completions::names())]
    secret: Option<SecretName>,
    /// Every grant and every rotation command
    #[arg(long, group = "which")]
    all: bool,
}

/// The fewest digits that stand for a grant.
pub(super) const FEWEST_DIGITS: usize = 4;

pub(super) fn run(args: &Args, context: &Context) -> Result<Done, Failure> {
    let home = context.home()?;
    let permissions = Permissions::load(&home, &context.output);
    let catalog = home.catalog()?;
    let id_of = |name: &SecretName| catalog.find(name).map(|record| record.id.as_str());
    // A secret that is gone is still named in what was allowed with it.
    let is_named = |secret: &&Secret, name: &SecretName| match id_of(name) {
        Some(id) => secret.id == id,
        None => secret.name == *name,
    };
    let is_meant = |grant: &Grant| {
        let by_id = args
            .id
            .as_ref()
            .is_some_and(|id| id.len() >= FEWEST_DIGITS && grant.id.starts_with(id.as_str()));
        let by_server = args.server.is_some() && grant.command.server == args.server;
        let by_secret = args
            .secret
            .as_ref()
            .is_some_and(|name| grant.command.secrets().iter().any(|s| is_named(s, name)));
        args.all || by_id || by_server || by_secret
    };
    let meant: Vec<&Grant> = permissions
        .all()
        .into_iter()
        .filter(|grant| is_meant(grant))
        .collect();
    if args.id.is_some() && meant.len() > 1 {
        return Err(Failure::new(
            "grant-ambiguous",
            "more than one grant has an id that begins so",
        )
        .hint("give more digits; see: broker grants"));
    }
    let is_rotation_meant = |rotation: &Rotation| {
        let of_secret = |name: &SecretName| rotation.secret().is_some_and(|s| is_named(&s, name));
        args.all || args.secret.as_ref().is_some_and(of_secret)
    };
    let rotating = permissions.rotations().filter(|r| is_rotation_meant(r));
    let mut rotating: Vec<&Secret> = rotating.filter_map(Rotation::secret).collect();
    rotating.dedup_by(|a, b| a.id == b.id);
    if meant.is_empty() && rotating.is_empty() && !args.all {
        return Err(
            Failure::new("grant-not-found", "no such command is allowed")
                .hint("see what is allowed with: broker grants"),
        );
    }
    let names = meant.iter().flat_map(|grant| grant.command.secrets());
    let names = names.chain(rotating.iter().copied());
    let mut what: Vec<&str> = meant.iter().map(|grant| grant.id.as_str()).collect();
    if !rotating.is_empty() {
        what.push("rotation command");
    }
    let event = Event::new(Action::Revoke)
        .secrets(names.map(|secret| &secret.name))
        .detail(what.join(" "));
    let mut stores = OpenStores::new(&home);
    event.around(&home, context, || {
        seals::change(&home, &mut stores, &context.output, |grants, rotations| {
            grants.retain(|grant| !is_meant(grant));
            rotations.retain(|rotation| !is_rotation_meant(rotation));
        })
    })?;
    for grant in &meant {
        let server = grant.command.server.as_deref().unwrap_or("a command");
        context
            .output
            .notice(&format!("revoked {server} ({})", grant.id));
    }
    for secret in &rotating {
        context.output.notice(&format!(
            "revoked the rotation command of \"{}\"",
            secret.name
        ));
    }
    if meant.is_empty() && rotating.is_empty() {
        context.output.notice("nothing was allowed");
    }
    Ok(Done::Ok)
}
