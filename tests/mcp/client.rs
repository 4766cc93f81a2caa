//! A client of MCP over stdio: a message a line, and a deadline on every answer.
//!
//! Knows as much of the protocol as the tests need: the handshake, the list of tools, calls.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long a server may take for an answer. Some need seconds to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that was started, and what it says.
pub struct Client {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    complaints: Option<JoinHandle<String>>,
    last_id: u64,
}

impl Client {
    /// Starts `command` and shakes hands.
    pub fn start(command: Command) -> Self {
        let mut client = Self::spawn(command);
        let answer = client.request(
            "initialize",
            &json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": { "name": "broker-tests", "version": "0" },
            }),
        );
        assert!(answer["serverInfo"]["name"].is_string(), "{answer}");
        client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        client
    }

    /// Starts `command` and says nothing.
    pub fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("broker starts");
        let input = child.stdin.take();
        let output = child.stdout.take().expect("its stdout");
        let mut errors = child.stderr.take().expect("its stderr");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                if sender.send(line.expect("UTF-8")).is_err() {
                    return;
                }
            }
        });
        let complaints = std::thread::spawn(move || {
            let mut all = Vec::new();
            let _ = errors.read_to_end(&mut all);
            String::from_utf8_lossy(&all).into_owned()
        });
        Self {
            child,
            input,
            lines,
            complaints: Some(complaints),
            last_id: 0,
        }
    }

    /// Returns the process id of what was started.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns the pipe to its stdin.
    pub fn input(&self) -> &ChildStdin {
        self.input.as_ref().expect("its stdin is open")
    }

    /// Sends one line.
    pub fn send_line(&mut self, line: &str) {
        let input = self.input.as_mut().expect("its stdin is open");
        input
            .write_all(format!("{line}\n").as_bytes())
            .expect("the server reads");
    }

    fn send(&mut self, message: &Value) {
        self.send_line(&message.to_string());
    }

    /// Returns the next line the server writes.
    pub fn line(&mut self) -> String {
        let until = Instant::now() + PATIENCE;
        self.line_until(until)
    }

    fn line_until(&mut self, until: Instant) -> String {
        let left = until.saturating_duration_since(Instant::now());
        let why = match self.lines.recv_timeout(left) {
            Ok(line) => return line,
            Err(RecvTimeoutError::Timeout) => "did not answer in time",
            Err(RecvTimeoutError::Disconnected) => "ended",
        };
        let _ = self.child.kill();
        let complaints = self.complaints();
        panic!("the server {why}; stderr: {complaints}");
    }

    fn complaints(&mut self) -> String {
        self.complaints
            .take()
            .map(|thread| thread.join().expect("stderr was read"))
            .unwrap_or_default()
    }

    /// Asks and returns the result. What the server asks meanwhile is answered with "not known".
    pub fn request(&mut self, method: &str, params: &Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let until = Instant::now() + PATIENCE;
        loop {
            let line = self.line_until(until);
            let message: Value = serde_json::from_str(&line).expect("a line of JSON");
            if message["method"].is_string() {
                if !message["id"].is_null() {
                    let error = json!({ "code": -32601, "message": "not known" });
                    self.send(&json!({ "jsonrpc": "2.0", "id": message["id"], "error": error }));
                }
            } else if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
        }
    }

    /// Returns the names of the server's tools, of every page.
    pub fn tools(&mut self) -> Vec<String> {
        let mut names = Vec::new();
        let mut params = json!({});
        loop {
            let page = self.request("tools/list", &params);
            let tools = page["tools"].as_array().expect("tools");
            names.extend(
                tools
                    .iter()
                    .map(|tool| tool["name"].as_str().expect("a name").to_owned()),
            );
            match &page["nextCursor"] {
                Value::Null => return names,
                cursor => params = json!({ "cursor": cursor }),
            }
        }
    }

    /// Calls a tool and returns its first text.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> String {
        let params = json!({ "name": tool, "arguments": arguments });
        let result = self.request("tools/call", &params);
        assert_ne!(result["isError"], true, "{tool}: {result}");
        result["content"][0]["text"]
            .as_str()
            .expect("a text")
            .to_owned()
    }

    /// Closes the server's stdin, by which it is told to end, and waits for that. Returns how it ended
    /// and what it wrote to stderr.
    pub fn end(mut self) -> (ExitStatus, String) {
        drop(self.input.take());
        let until = Instant::now() + PATIENCE;
        // The end of its output is the end of the wait; a line before it is of no interest.
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("the server did not end with its input"),
            }
        }
        let status = self.child.wait().expect("its status");
        (status, self.complaints())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Both are without effect on a server that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
