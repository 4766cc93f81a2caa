//! Tests of the client, against servers that are threads of the test.
#![expect(
    clippy::expect_used,
    clippy::arithmetic_side_effects,
    reason = "helpers of tests may abort"
)]

use std::io::{BufRead, BufReader, PipeWriter, Write, pipe};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::*;
use crate::guard::lines::LINE_BYTES;

/// What a server does with a message.
type Serve = Box<dyn FnMut(&Value, &mut PipeWriter) + Send>;

/// Long enough for whatever is waited for.
const LONG: Duration = Duration::from_secs(60);

/// Starts a server, and has a conversation with it. Returns what the server was told besides.
fn with<T>(
    patience: Duration,
    mut serve: Serve,
    watch: &mut dyn FnMut(Duration) -> Watch,
    talk: impl FnOnce(&mut Client<'_>) -> T,
) -> (T, Vec<Value>) {
    let (reads, input) = pipe().expect("a pipe");
    let (output, mut writes) = pipe().expect("a pipe");
    let (tell, told): (_, Receiver<Value>) = channel();
    let server = thread::spawn(move || {
        for line in BufReader::new(reads).lines() {
            let message = serde_json::from_str(&line.expect("text")).expect("JSON");
            serve(&message, &mut writes);
            tell.send(message).expect("heard");
        }
    });
    let lines = Lines::between(input, output).expect("threads");
    let mut client = Client::new(lines, Instant::now() + patience, watch);
    let got = talk(&mut client);
    drop(client);
    server.join().expect("it ends when its input is closed");
    (got, told.iter().collect())
}

/// The same, with a server that runs all the time.
fn talk<T>(serve: Serve, talk: impl FnOnce(&mut Client<'_>) -> T) -> (T, Vec<Value>) {
    with(LONG, serve, &mut |_| Watch::Runs, talk)
}

fn tools(client: &mut Client<'_>) -> Result<Vec<String>, Why> {
    client.tools()
}

fn greet(client: &mut Client<'_>) -> Result<(), Why> {
    client.shake_hands()
}

fn say(to: &mut PipeWriter, message: &Value) {
    // Whoever has heard enough does not read on.
    let _ = writeln!(to, "{message}");
}

fn answer(to: &mut PipeWriter, asked: &Value, result: Value) {
    say(
        to,
        &json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result }),
    );
}

fn refuse(to: &mut PipeWriter, asked: &Value, code: i64) {
    let error = json!({ "code": code, "message": "canary" });
    say(
        to,
        &json!({ "jsonrpc": "2.0", "id": asked["id"], "error": error }),
    );
}

/// A server that answers what these say, and everything else with an error.
fn answering(results: impl IntoIterator<Item = (&'static str, Value)>) -> Serve {
    let results: Vec<_> = results.into_iter().collect();
    Box::new(move |asked, to| {
        let found = results
            .iter()
            .find(|(method, _)| asked["method"] == *method);
        match found {
            Some((_, result)) => answer(to, asked, result.clone()),
            None if asked["id"].is_null() => {}
            None => refuse(to, asked, -32601),
        }
    })
}

fn session(revision: &str) -> (&'static str, Value) {
    (
        "initialize",
        json!({ "protocolVersion": revision, "capabilities": {} }),
    )
}

fn methods(told: &[Value]) -> Vec<&str> {
    told.iter()
        .map(|m| m["method"].as_str().unwrap_or("-"))
        .collect()
}

#[test]
fn every_revision_with_a_handshake_is_spoken_and_no_other() {
    for revision in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        let tools = ("tools/list", json!({ "tools": [{ "name": "a" }] }));
        let (names, told) = talk(answering([session(revision), tools]), |client| {
            client.shake_hands().expect(revision);
            client.tools()
        });
        assert_eq!(names, Ok(vec!["a".to_owned()]));
        let expected = ["initialize", "notifications/initialized", "tools/list"];
        assert_eq!(methods(&told), expected);
        assert!(told[2]["params"]["_meta"].is_null());
    }
    for revision in ["2026-07-28", "2025-11-26", ""] {
        let (hands, _) = talk(answering([session(revision)]), greet);
        assert_eq!(hands, Err(Why::Revision), "{revision}");
    }
}

#[test]
fn a_server_without_handshakes_is_told_with_each_request_what_it_needs() {
    for code in [-32601, -32602, -32022, 7] {
        let serve: Serve = Box::new(move |asked, to| match asked["method"].as_str() {
            Some("initialize") => refuse(to, asked, code),
            Some("server/discover") => answer(
                to,
                asked,
                json!({ "supportedVersions": ["2027-01-01", "2026-07-28"] }),
            ),
            Some("tools/list") => answer(to, asked, json!({ "tools": [], "ttlMs": 0 })),
            _ => answer(
                to,
                asked,
                json!({ "content": [], "resultType": "complete" }),
            ),
        });
        let (done, told) = talk(serve, |client| {
            client.shake_hands()?;
            client.tools()?;
            client.call("a").map(drop)
        });
        assert_eq!(done, Ok(()), "{code}");
        let asked = ["initialize", "server/discover", "tools/list", "tools/call"];
        assert_eq!(methods(&told), asked);
        for message in &told[1..] {
            let about = &message["params"]["_meta"];
            assert_eq!(
                about["io.modelcontextprotocol/protocolVersion"],
                "2026-07-28"
            );
            assert_eq!(
                about["io.modelcontextprotocol/clientCapabilities"],
                json!({})
            );
        }
    }
    let later = (
        "server/discover",
        json!({ "supportedVersions": ["2027-01-01"] }),
    );
    let (hands, _) = talk(answering([later]), greet);
    assert_eq!(hands, Err(Why::Revision));
}

#[test]
fn an_error_is_told_by_its_number_only_where_the_protocol_gives_it_one() {
    for (code, told) in [
        (-32601, Some(-32601)),
        (-32768, Some(-32768)),
        (-32000, Some(-32000)),
        (-31999, None),
        (4711, None),
    ] {
        let serve: Serve = Box::new(move |asked, to| refuse(to, asked, code));
        let (hands, _) = talk(serve, greet);
        assert_eq!(hands, Err(Why::Error(told)));
    }
}

#[test]
fn all_pages_of_tools_are_read_and_no_end_of_them_is_not() {
    let page = |asked: &Value, last: usize| {
        let at = asked["params"]["cursor"]
            .as_str()
            .map_or(0, |at| at.parse().expect("ours"));
        let mut page = json!({ "tools": [{ "name": format!("tool-{at}") }] });
        if at < last {
            page["nextCursor"] = (at + 1).to_string().into();
        }
        page
    };
    for (last, expected) in [(0, Some(1)), (3, Some(4)), (99, Some(100)), (100, None)] {
        let serve: Serve = Box::new(move |asked, to| answer(to, asked, page(asked, last)));
        let (names, _) = talk(serve, tools);
        let count = names.as_ref().ok().map(Vec::len);
        assert_eq!(count, expected, "{names:?}");
        assert!(count.is_some() || names == Err(Why::TooMuch));
    }
    // Some write an empty one behind the last page.
    let empty = ("tools/list", json!({ "tools": [], "nextCursor": "" }));
    assert_eq!(talk(answering([empty]), tools).0, Ok(Vec::new()));
}

#[test]
fn what_a_server_asks_in_between_is_answered() {
    let serve: Serve = Box::new(|asked, to| {
        if asked["method"] == "tools/list" {
            say(
                to,
                &json!({ "jsonrpc": "2.0", "id": asked["id"], "method": "ping" }),
            );
            say(
                to,
                &json!({ "jsonrpc": "2.0", "id": "", "method": "roots/list" }),
            );
            say(
                to,
                &json!({ "jsonrpc": "2.0", "method": "notifications/message" }),
            );
            say(
                to,
                &json!({ "jsonrpc": "2.0", "id": 99, "result": { "tools": [] } }),
            );
            say(to, &json!({ "jsonrpc": "2.0", "id": "1", "result": {} }));
            answer(to, asked, json!({ "tools": [{ "name": "a" }] }));
        }
    });
    let (names, told) = talk(serve, tools);
    assert_eq!(names, Ok(vec!["a".to_owned()]));
    let expected = [
        json!({ "jsonrpc": "2.0", "id": 1, "result": {} }),
        json!({ "jsonrpc": "2.0", "id": "", "error":
            { "code": -32601, "message": "not known to this client" } }),
    ];
    assert_eq!(told[1..], expected);
}

#[test]
fn a_server_that_never_stops_asking_is_given_up() {
    let serve: Serve = Box::new(|asked, to| {
        if !asked["method"].is_null() {
            for id in 0..=QUESTIONS {
                say(to, &json!({ "jsonrpc": "2.0", "id": id, "method": "ping" }));
            }
        }
    });
    assert_eq!(talk(serve, tools).0, Err(Why::TooManyQuestions));
}

#[test]
fn what_is_no_message_is_passed_over_and_what_is_one_is_found_however_it_is_written() {
    let serve: Serve = Box::new(|asked, to| {
        let mut all = b"\xef\xbb\xbf{\"level\":\"info\"}\r\n\n   \nServer running\n[]\n\"x\"\n42\nnull\n\xff\xfe\n".to_vec();
        all.extend(b"{\"id\":1,\"id\":1,\"result\":{}}\n{\"jsonrpc\":\"2.0\",\"id\":1}\n");
        all.extend("[".repeat(100_000).into_bytes());
        all.extend(
            format!(
                "\n {{ \"result\" : {{ \"tools\": [ {{ \"name\": \"\\u0061\u{2028}\" }} ] }}, \"id\":{} }} \r\n",
                asked["id"]
            )
            .into_bytes(),
        );
        for piece in all.chunks(7) {
            let _ = to.write_all(piece);
        }
    });
    let (names, _) = talk(serve, tools);
    assert_eq!(names, Ok(vec!["a\u{2028}".to_owned()]));
}

#[test]
fn a_result_of_another_form_is_not_understood() {
    for result in [
        json!({}),
        json!([]),
        json!({ "tools": {} }),
        json!({ "tools": [{ "name": 1 }] }),
    ] {
        let (names, _) = talk(answering([("tools/list", result)]), tools);
        assert_eq!(names, Err(Why::NotUnderstood));
    }
}

#[test]
fn a_line_can_be_as_long_as_clients_take_and_no_longer() {
    for (beyond, is_read) in [(0, true), (1, false)] {
        let serve: Serve = Box::new(move |asked, to| {
            let mut line =
                json!({ "jsonrpc": "2.0", "id": asked["id"], "result": { "tools": [] } })
                    .to_string();
            line.push_str(&" ".repeat(LINE_BYTES + beyond - line.len()));
            let _ = writeln!(to, "{line}");
        });
        let expected = if is_read {
            Ok(Vec::new())
        } else {
            Err(Why::TooMuch)
        };
        assert_eq!(talk(serve, tools).0, expected);
    }
    let flood: Serve = Box::new(|_, to| while writeln!(to, "{}", "x".repeat(8000)).is_ok() {});
    assert_eq!(talk(flood, tools).0, Err(Why::TooMuch));
}

#[test]
fn a_tool_has_failed_if_it_says_so_or_asks_for_more() {
    for (result, expected) in [
        (json!({ "content": [] }), None),
        (json!({ "content": [], "isError": false }), None),
        (
            json!({ "content": [], "isError": true }),
            Some(Why::ToolFailed),
        ),
        (
            json!({ "resultType": "input_required" }),
            Some(Why::ToolAsks),
        ),
        (json!("canary"), Some(Why::NotUnderstood)),
    ] {
        let serve = answering([("tools/call", result.clone())]);
        let (called, told) = talk(serve, |client| client.call("a").map(drop));
        assert_eq!(called.err(), expected, "{result}");
        assert_eq!(told[0]["params"], json!({ "name": "a", "arguments": {} }));
    }
    let (called, _) = talk(answering([]), |client| client.call("a").map(drop));
    assert_eq!(called, Err(Why::Error(Some(-32601))));
}

#[test]
fn silence_is_waited_out_and_the_end_is_noticed() {
    let silent = || -> Serve { Box::new(|_, _| {}) };
    let begun = Instant::now();
    let patience = Duration::from_millis(300);
    let (names, _) = with(patience, silent(), &mut |_| Watch::Runs, tools);
    assert_eq!(names, Err(Why::TimeOver));
    assert!(begun.elapsed() >= patience);
    for (watch, why) in [
        (Watch::Exited(Exit::Code(3)), Why::Exited(Exit::Code(3))),
        (Watch::Interrupted, Why::Interrupted),
    ] {
        let (names, _) = with(LONG, silent(), &mut |_| watch, tools);
        assert_eq!(names, Err(why));
    }
}

#[test]
fn an_output_that_was_closed_is_told_from_an_end() {
    for (watch, why) in [
        (Watch::Runs, Why::Closed),
        (Watch::Exited(Exit::Signal(9)), Why::Exited(Exit::Signal(9))),
    ] {
        let (reads, input) = pipe().expect("a pipe");
        let (output, writes) = pipe().expect("a pipe");
        drop(writes);
        let lines = Lines::between(input, output).expect("threads");
        let mut watch = |_| watch;
        let mut client = Client::new(lines, Instant::now() + LONG, &mut watch);
        assert_eq!(client.tools(), Err(why));
        drop(reads);
    }
}
