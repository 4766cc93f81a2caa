//! The messages of MCP, as far as broker says and understands them (JSON-RPC 2.0, and the revisions of MCP named here).
//!
//! What is read goes into types that leave out all that is not needed: the text of a server, which may hold a value, is
//! copied only where it says why something failed, and into memory that is wiped.

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// The newest revision with a handshake, which is asked for.
pub(super) const WITH_HANDSHAKE: &str = "2025-11-25";

/// All revisions with a handshake: a server may answer with any.
const ALL_WITH_HANDSHAKE: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", WITH_HANDSHAKE];

/// The first revision without one.
pub(super) const WITHOUT_HANDSHAKE: &str = "2026-07-28";

/// The error for what is not known (JSON-RPC 2.0, section 5.1).
const METHOD_NOT_FOUND: i64 = -32601;

/// The longest id of a server's own request that is answered.
const ID_BYTES: usize = 1024;

/// Which of the two ways of speaking a server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Era {
    /// A session that begins with a handshake.
    Session,
    /// Each request says what is needed to answer it.
    Stateless,
}

/// A message that was read.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// The answer to one of our requests, by its number.
    Answer(u64, Answer),
    /// A request of the server's, and what to say to it.
    Request(String),
    /// What needs no answer, or is no message.
    Other,
}

/// How a request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// With a result.
    Result,
    /// With an error, by its number where that is one of the protocol's own: any other could mean anything.
    Error(Option<i64>),
}

#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    id: Option<Value>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    result: Option<IgnoredAny>,
    #[serde(default)]
    error: Option<ErrorCode>,
}

#[derive(Deserialize)]
struct ErrorCode {
    #[serde(default)]
    code: Option<i64>,
}

impl Message {
    /// Reads a line. Servers write what is no message, too: a banner, what a library logs.
    pub(super) fn read(line: &[u8]) -> Self {
        let Ok(envelope) = serde_json::from_slice::<Envelope>(line) else {
            return Self::Other;
        };
        let Some(id) = envelope.id else {
            return Self::Other;
        };
        if let Some(method) = envelope.method {
            let is_short = id.as_str().is_some_and(|text| text.len() <= ID_BYTES);
            return match is_short || id.is_number() {
                true => Self::Request(response(&id, &method)),
                false => Self::Other,
            };
        }
        let Some(id) = id.as_u64() else {
            return Self::Other;
        };
        match (envelope.result, envelope.error) {
            (_, Some(error)) => {
                let own = |code: &i64| (-32_768..=-32_000).contains(code);
                Self::Answer(id, Answer::Error(error.code.filter(own)))
            }
            (Some(_), None) => Self::Answer(id, Answer::Result),
            (None, None) => Self::Other,
        }
    }
}

/// What is said to a request of the server's: that we are here, or that we do not know what it asks.
fn response(id: &Value, method: &str) -> String {
    let said = if method == "ping" {
        json!({ "jsonrpc": "2.0", "id": id, "result": {} })
    } else {
        let error = json!({ "code": METHOD_NOT_FOUND, "message": "not known to this client" });
        json!({ "jsonrpc": "2.0", "id": id, "error": error })
    };
    said.to_string()
}

/// Writes a request.
pub(super) fn request(id: u64, method: &str, mut params: Value, era: Era) -> String {
    if era == Era::Stateless
        && let Some(params) = params.as_object_mut()
    {
        let about = json!({
            "io.modelcontextprotocol/protocolVersion": WITHOUT_HANDSHAKE,
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": ourselves(),
        });
        params.insert("_meta".to_owned(), about);
    }
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
}

/// Writes what ends the handshake.
pub(super) fn initialized() -> String {
    json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string()
}

/// What the first request of a session holds.
pub(super) fn hello() -> Value {
    json!({
        "protocolVersion": WITH_HANDSHAKE,
        "capabilities": {},
        "clientInfo": ourselves(),
    })
}

fn ourselves() -> Value {
    json!({ "name": "broker", "version": env!("CARGO_PKG_VERSION") })
}

/// Reads the result of an answer; `None` if it is not of that form.
pub(super) fn result<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
    #[derive(Deserialize)]
    struct Whole<T> {
        result: T,
    }
    let whole: Whole<T> = serde_json::from_slice(line).ok()?;
    Some(whole.result)
}

/// The server's part of the handshake.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Hello {
    protocol_version: String,
}

impl Hello {
    /// Tells whether the server chose a revision that we speak.
    pub(super) fn is_known(&self) -> bool {
        ALL_WITH_HANDSHAKE.contains(&self.protocol_version.as_str())
    }
}

/// What a server without a handshake says of itself.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Discovered {
    supported_versions: Vec<String>,
}

impl Discovered {
    /// Tells whether the server knows a revision that we speak.
    pub(super) fn is_known(&self) -> bool {
        self.supported_versions
            .iter()
            .any(|version| version == WITHOUT_HANDSHAKE)
    }
}

/// One page of the list of tools.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    pub(super) tools: Vec<Tool>,
    #[serde(default)]
    pub(super) next_cursor: Option<String>,
}

/// A tool, by its name alone.
#[derive(Deserialize)]
pub(super) struct Tool {
    pub(super) name: String,
}

/// Reads what a server said in the place of a result: the message of its error.
pub(super) fn error_text(line: &[u8]) -> Zeroizing<Vec<u8>> {
    #[derive(Deserialize)]
    struct Whole {
        error: Error,
    }
    #[derive(Deserialize)]
    struct Error {
        message: String,
    }
    let whole: Option<Whole> = serde_json::from_slice(line).ok();
    let text = whole.map(|whole| whole.error.message).unwrap_or_default();
    Zeroizing::new(text.into_bytes())
}

/// Reads the texts that a tool answered.
pub(super) fn tool_text(line: &[u8]) -> Zeroizing<Vec<u8>> {
    #[derive(Deserialize)]
    struct Said {
        content: Vec<Part>,
    }
    #[derive(Deserialize)]
    struct Part {
        #[serde(default)]
        text: String,
    }
    let said: Option<Said> = result(line);
    let parts = said.map(|said| said.content).unwrap_or_default();
    let mut text = Zeroizing::new(Vec::with_capacity(line.len()));
    for part in parts {
        text.extend_from_slice(&Zeroizing::new(part.text.into_bytes()));
        text.push(b'\n');
    }
    text
}

/// How the call of a tool ended.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Called {
    #[serde(default)]
    pub(super) is_error: Option<bool>,
    /// Missing in the revisions with a handshake, where it is always "complete".
    #[serde(default)]
    pub(super) result_type: Option<String>,
}
