//! A client of MCP: the handshake, the list of tools, the call of one.
//!
//! It begins with `initialize`, the handshake of the revisions up to 2025-11-25. Servers of later revisions only answer
//! it with an error (revision 2026-07-28, versioning), and are asked for `server/discover` then. The other way round, as
//! the specification has it for clients that stay, a server that does not know `server/discover` may say nothing, or end.
//!
//! A server is believed in nothing: what it says is bounded in time, in length and in the number of its questions.

use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::lines::{Heard, Lines, left};
use super::message::{
    Answer, Called, Discovered, Era, Hello, Message, Page, error_text, hello, initialized, request,
    result, tool_text,
};
use crate::launch::Exit;

/// How often is looked whether the server runs still, and whether broker is to end.
const LOOK: Duration = Duration::from_millis(50);

/// How long a server that closed its output may take to end.
const GRACE: Duration = Duration::from_secs(1);

/// The most pages of tools.
const PAGES: usize = 100;

/// The most requests of a server that are answered.
const QUESTIONS: usize = 1000;

/// How the server does.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// It runs.
    Runs,
    /// It came to its end.
    Exited(Exit),
    /// It is of no interest any more: broker itself is to end.
    Interrupted,
}

/// What a server was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The handshake.
    Handshake,
    /// The list of its tools.
    Tools,
    /// The call of a tool.
    Call,
}

/// Why a server did not do what it was asked. Holds no text of the server's: it may hold a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It came to its end.
    Exited(Exit),
    /// It closed its output, and runs.
    Closed,
    /// It did not answer in time.
    TimeOver,
    /// broker itself is to end.
    Interrupted,
    /// It wrote more than is read.
    TooMuch,
    /// It asked more than is answered.
    TooManyQuestions,
    /// It answered with an error, by its number where that is one of the protocol's.
    Error(Option<i64>),
    /// Its answer has another form than it should have.
    NotUnderstood,
    /// It speaks no revision of the protocol that is known.
    Revision,
    /// It has no such tool, but as many others.
    NoSuchTool(usize),
    /// The tool answered that it failed.
    ToolFailed,
    /// The tool wants to be told more.
    ToolAsks,
}

/// What a tool answered.
#[derive(Debug)]
pub struct Said(Zeroizing<Vec<u8>>);

impl Said {
    /// Returns the structured part of it, if it has that form.
    #[must_use]
    pub fn structured<T: DeserializeOwned>(&self) -> Option<T> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Structured<T> {
            structured_content: T,
        }
        let said: Structured<T> = result(&self.0)?;
        Some(said.structured_content)
    }
}

/// A conversation with a server.
pub struct Client<'a> {
    lines: Lines,
    until: Instant,
    watch: &'a mut dyn FnMut(Duration) -> Watch,
    era: Era,
    last_id: u64,
    questions: usize,
    exited: Option<Exit>,
    excuse: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for Client<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl<'a> Client<'a> {
    /// Begins a conversation that is over at `until`. `watch` tells how the server does, after waiting for news of it as
    /// long as it is told.
    pub fn new(lines: Lines, until: Instant, watch: &'a mut dyn FnMut(Duration) -> Watch) -> Self {
        Self {
            lines,
            until,
            watch,
            era: Era::Session,
            last_id: 0,
            questions: 0,
            exited: None,
            excuse: Zeroizing::default(),
        }
    }

    /// Takes what the server said of why it, or its tool, failed. It may hold a value.
    pub(super) fn excuse(&mut self) -> Zeroizing<Vec<u8>> {
        std::mem::take(&mut self.excuse)
    }

    /// Agrees with the server on how to speak.
    ///
    /// # Errors
    /// See [`Why`].
    pub fn shake_hands(&mut self) -> Result<(), Why> {
        let (answer, line) = self.ask("initialize", hello())?;
        if answer == Answer::Result {
            let hello: Hello = result(&line).ok_or(Why::NotUnderstood)?;
            if !hello.is_known() {
                return Err(Why::Revision);
            }
            self.lines.say(initialized());
            return Ok(());
        }
        self.era = Era::Stateless;
        let line = self.result_of("server/discover", json!({}))?;
        let discovered: Discovered = result(&line).ok_or(Why::NotUnderstood)?;
        match discovered.is_known() {
            true => Ok(()),
            false => Err(Why::Revision),
        }
    }

    /// Lists the names of the server's tools.
    ///
    /// # Errors
    /// See [`Why`].
    pub fn tools(&mut self) -> Result<Vec<String>, Why> {
        let (mut names, mut params) = (Vec::new(), json!({}));
        for _ in 0..PAGES {
            let line = self.result_of("tools/list", params)?;
            let page: Page = result(&line).ok_or(Why::NotUnderstood)?;
            names.extend(page.tools.into_iter().map(|tool| tool.name));
            match page.next_cursor.filter(|cursor| !cursor.is_empty()) {
                Some(cursor) => params = json!({ "cursor": cursor }),
                None => return Ok(names),
            }
        }
        Err(Why::TooMuch)
    }

    /// Calls a tool without arguments.
    ///
    /// # Errors
    /// See [`Why`].
    pub fn call(&mut self, tool: &str) -> Result<Said, Why> {
        let line = self.result_of("tools/call", json!({ "name": tool, "arguments": {} }))?;
        let called: Called = result(&line).ok_or(Why::NotUnderstood)?;
        if called.is_error == Some(true) {
            self.excuse = tool_text(&line);
            return Err(Why::ToolFailed);
        }
        match called.result_type.as_deref() {
            None | Some("complete") => Ok(Said(line)),
            Some(_) => Err(Why::ToolAsks),
        }
    }

    /// Asks, and takes nothing but a result.
    fn result_of(&mut self, method: &str, params: Value) -> Result<Zeroizing<Vec<u8>>, Why> {
        match self.ask(method, params)? {
            (Answer::Result, line) => Ok(line),
            (Answer::Error(code), line) => {
                self.excuse = error_text(&line);
                Err(Why::Error(code))
            }
        }
    }

    /// Asks, and waits for the answer.
    fn ask(&mut self, method: &str, params: Value) -> Result<(Answer, Zeroizing<Vec<u8>>), Why> {
        self.last_id = self.last_id.saturating_add(1);
        let id = self.last_id;
        self.lines.say(request(id, method, params, self.era));
        loop {
            let line = self.line()?;
            match Message::read(&line) {
                Message::Answer(of, answer) if of == id => return Ok((answer, line)),
                Message::Answer(..) | Message::Other => {}
                Message::Request(response) => {
                    self.questions = self.questions.saturating_add(1);
                    if self.questions > QUESTIONS {
                        return Err(Why::TooManyQuestions);
                    }
                    self.lines.say(response);
                }
            }
        }
    }

    /// Waits for the next line.
    fn line(&mut self) -> Result<Zeroizing<Vec<u8>>, Why> {
        loop {
            let left = left(self.until);
            if left.is_zero() {
                return Err(Why::TimeOver);
            }
            match self.lines.hear(left.min(LOOK)) {
                Some(Heard::Line(line)) => return Ok(line),
                Some(Heard::TooMuch) => return Err(Why::TooMuch),
                Some(Heard::End) => {
                    return Err(match (self.watch)(GRACE) {
                        Watch::Runs => Why::Closed,
                        Watch::Exited(exit) => Why::Exited(exit),
                        Watch::Interrupted => Why::Interrupted,
                    });
                }
                None => match (self.exited, (self.watch)(Duration::from_millis(1))) {
                    // It has had time to be heard out; what keeps its output open is not the server.
                    (Some(exit), _) => return Err(Why::Exited(exit)),
                    (None, Watch::Exited(exit)) => self.exited = Some(exit),
                    (None, Watch::Runs) => {}
                    (None, Watch::Interrupted) => return Err(Why::Interrupted),
                },
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests;
