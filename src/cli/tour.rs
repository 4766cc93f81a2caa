//! `broker tour`: the whole loop in a throwaway home, and the small MCP server it starts.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead, Write};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::context::Context;
use super::failure::Failure;
use super::set::random_id;
use super::stores::OpenStores;
use super::{Done, allow, init};
use crate::catalog::change::Change;
use crate::catalog::{Home, Record};
use crate::guard::{Client, Lines, Watch};
use crate::launch::{Caller, Plan, Request, spawn_piped};
use crate::paths::{HomePaths, user_home};
use crate::secret::{Recipe, SecretName};
use crate::store::StoreKind;
use crate::sys;

/// What the parent of the server has in its environment, as a client's does, and the server must not.
const OTHERS: [&str; 3] = ["AWS_SECRET_ACCESS_KEY", "OPENAI_API_KEY", "NPM_TOKEN"];

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn run(context: &Context) -> Result<Done, Failure> {
    let failed =
        |e: io::Error| Failure::new("tour-failed", format!("the tour could not go on: {e}"));
    let folder = tempfile::Builder::new()
        .prefix("broker-tour-")
        .tempdir()
        .map_err(failed)?;
    let walked = walk(context, folder.path());
    let place = folder.path().to_path_buf();
    folder.close().map_err(failed)?;
    let said = walked?;
    context.output.answer(&said)?;
    if place.exists() {
        return Err(Failure::new(
            "tour-failed",
            "the throwaway home could not be removed",
        ));
    }
    context.output.answer(
        "5. The throwaway home is gone. Your own secrets: broker init, broker set NAME\n",
    )?;
    Ok(Done::Ok)
}

fn walk(context: &Context, folder: &std::path::Path) -> Result<String, Failure> {
    let home = init::throwaway(HomePaths::under(folder), context)?;
    store(&home, context)?;
    let mut said = String::from(
        "1. A throwaway home with an age vault was made, and the secret \"demo-token\" stored in it.\n",
    );
    let config = json!({ "mcpServers": { "demo": {
        "command": "broker",
        "args": ["exec", "demo", "--", "demo-server"],
        "env": { "DEMO_TOKEN": "broker://demo-token" },
    } } });
    said.push_str("2. What a client's configuration holds: a reference, no value.\n");
    let pretty = serde_json::to_string_pretty(&config).unwrap_or_default();
    said.extend(pretty.lines().map(|line| format!("     {line}\n")));
    said.push_str(&format!(
        "3. The client starts the server through broker, with {} other secrets in its own environment:\n     {}\n",
        OTHERS.len(),
        OTHERS.join(" ")
    ));
    let start = Start::of(folder)?;
    start.allow(&home, context)?;
    let names = start.ask_server()?;
    let others = OTHERS
        .iter()
        .filter(|name| names.contains_key(**name))
        .count();
    if names.get("DEMO_TOKEN") != Some(&true) || others > 0 {
        return Err(Failure::new(
            "tour-failed",
            "the server did not get what it was to get",
        ));
    }
    let list: Vec<&str> = names.keys().map(String::as_str).collect();
    said.push_str(&format!(
        "4. Over MCP the server says which variables it has:\n     {}\n   DEMO_TOKEN came from the vault. Of the others none is there.\n",
        list.join(" ")
    ));
    Ok(said)
}

fn store(home: &Home, context: &Context) -> Result<(), Failure> {
    let recipe: Recipe = "alnum:40"
        .parse()
        .map_err(|e| Failure::usage(format!("{e}")))?;
    let value = recipe.make(sys::random).map_err(|e| {
        Failure::new(
            "tour-failed",
            format!("the system gave no random bytes: {e}"),
        )
    })?;
    let name: SecretName = "demo-token"
        .parse()
        .map_err(|e| Failure::usage(format!("{e}")))?;
    let record = Record::first(random_id()?, name, StoreKind::Vault, context.now());
    Ok(Change::begin(home)?.add(&mut OpenStores::of_throwaway(home)?, record, &value)?)
}

/// How a client starts the server through broker.
struct Start {
    broker: std::path::PathBuf,
    home: OsString,
    environment: Vec<(OsString, OsString)>,
}

impl Start {
    fn of(folder: &std::path::Path) -> Result<Self, Failure> {
        let kept = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TERM"];
        let mut environment: Vec<(OsString, OsString)> = std::env::vars_os()
            .filter(|(name, _)| kept.iter().any(|kept| name == kept))
            .collect();
        environment.push(("DEMO_TOKEN".into(), "broker://demo-token".into()));
        environment.extend(OTHERS.map(|name| (name.into(), "not-for-the-server".into())));
        Ok(Self {
            broker: std::env::current_exe().map_err(unasked)?,
            home: folder.into(),
            environment,
        })
    }

    fn command(&self) -> [OsString; 2] {
        [self.broker.clone().into(), "tour-server".into()]
    }

    /// Allows the start in the throwaway home, as a person does with `broker allow`.
    fn allow(&self, home: &Home, context: &Context) -> Result<(), Failure> {
        let request = Request {
            label: Some("demo".to_owned()),
            command: self.command().into(),
            ..Request::default()
        };
        let caller = Caller {
            variables: self.environment.clone(),
            folder: std::env::current_dir().map_err(unasked)?,
            home: user_home(),
        };
        let plan = Plan::make(request, &caller)?;
        let Some(command) = allow::command(&plan, home)? else {
            return Err(Failure::new(
                "tour-failed",
                "the server was given no secret",
            ));
        };
        let mut stores = OpenStores::of_throwaway(home)?;
        allow::grant(&command, None, home, &mut stores, true, context)
    }

    /// Starts the server as a client does, and asks it over MCP which variables it has: names, and whether
    /// each holds something other than a reference.
    fn ask_server(&self) -> Result<BTreeMap<String, bool>, Failure> {
        let ours = ["--home".into(), self.home.clone()];
        let exec = ["exec", "demo", "--"].map(OsString::from);
        let words: Vec<OsString> = ours.into_iter().chain(exec).chain(self.command()).collect();
        let piped = spawn_piped(&self.broker, &words, self.environment.clone());
        let (server, input, output) = piped.map_err(unasked)?;
        let names = Lines::between(input, output).map_err(unasked).map(converse);
        server.end().map_err(unasked)?;
        names?.ok_or_else(|| Failure::new("tour-failed", "the server's answer was not understood"))
    }
}

fn unasked(error: io::Error) -> Failure {
    Failure::new(
        "tour-failed",
        format!("the server could not be asked: {error}"),
    )
}

/// Says hello and calls the one tool.
fn converse(lines: Lines) -> Option<BTreeMap<String, bool>> {
    let mut watch = |_| Watch::Runs;
    let until = Instant::now().checked_add(PATIENCE)?;
    let mut client = Client::new(lines, until, &mut watch);
    client.shake_hands().ok()?;
    client.call("variables").ok()?.structured()
}

/// The revision of the protocol the small server speaks.
const REVISION: &str = "2025-11-25";

/// The small server: one tool, which tells the names of the variables it has and never a value.
pub(super) fn serve() -> Result<Done, Failure> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let Ok(line) = line else {
            break;
        };
        let Ok(message) = serde_json::from_str::<Value>(&line) else {
            continue;
        };
        // What has no id is a notification, and is not answered.
        let Some(id) = message.get("id").cloned() else {
            continue;
        };
        let answer = match message.get("method").and_then(Value::as_str) {
            Some("initialize") => Ok(json!({
                "protocolVersion": REVISION,
                "capabilities": { "tools": {} },
                "serverInfo": { "name": "broker tour server", "version": env!("CARGO_PKG_VERSION") },
            })),
            Some("ping") => Ok(json!({})),
            Some("tools/list") => Ok(json!({ "tools": [{
                "name": "variables",
                "description": "Names the variables this server has, without their values",
                "inputSchema": { "type": "object" },
            }] })),
            Some("tools/call") => Ok(variables()),
            _ => Err(json!({ "code": -32601, "message": "method not found" })),
        };
        let answer = match answer {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
            Err(error) => json!({ "jsonrpc": "2.0", "id": id, "error": error }),
        };
        if writeln!(out, "{answer}")
            .and_then(|()| out.flush())
            .is_err()
        {
            break;
        }
    }
    Ok(Done::Ok)
}

fn variables() -> Value {
    let holds =
        |value: &OsString| !value.is_empty() && !value.to_string_lossy().contains("broker://");
    let names: BTreeMap<String, bool> = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), holds(&value)))
        .collect();
    let list: Vec<&str> = names.keys().map(String::as_str).collect();
    json!({ "content": [{ "type": "text", "text": list.join(" ") }], "structuredContent": names })
}
