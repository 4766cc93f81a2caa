//! What client and server say to each other goes through untouched.

use serde_json::json;

use super::client::Client;
use super::everything;
use crate::support::home::{Home, Run};

#[test]
fn texts_of_every_kind_come_back_as_they_were_sent() {
    let home = Home::empty();
    let run = everything()
        .iter()
        .fold(home.broker(["exec", "--"]), Run::arg);
    let mut client = Client::start(run.command());
    let long = "0123456789abcdef".repeat(40_000);
    for text in [
        "plain",
        "two\nlines\r\nand a third\n",
        "tabs\tand \"quotes\" and \\ and \u{0}\u{1}\u{7f}",
        "äöü ß 漢字 🦀 e\u{301} \u{200f}\u{2028}\u{2029}\u{feff}",
        "broker: error: not from broker\nbroker://github-token",
        &long,
    ] {
        let answer = client.call("echo", &json!({ "message": text }));
        assert_eq!(answer, format!("Echo: {text}"));
    }
    let (status, _) = client.end();
    assert!(status.success(), "{status}");
}

#[test]
fn bytes_that_are_no_text_go_through_untouched() {
    let home = Home::new().secret("token", "canary-beside-the-bytes-4e");
    // Every byte in every neighbourhood, more than a pipe holds, and no newline at the end.
    let bytes: Vec<u8> = (0..=u8::MAX)
        .cycle()
        .enumerate()
        .map(|(at, byte)| byte.wrapping_mul(1 | u8::try_from(at >> 8 & 0x7f).expect("small")))
        .take(1_000_003)
        .collect();
    let answer = home
        .broker(["exec", "--env", "TOKEN=broker://token", "--", "/bin/cat"])
        .stdin(&bytes)
        .granting()
        .run()
        .ok();
    assert!(
        answer.bytes == bytes,
        "{} bytes came back",
        answer.bytes.len()
    );
}
