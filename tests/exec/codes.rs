//! Exit codes: the server's own, and broker's where no server was started.

use crate::support::home::Home;

#[test]
fn exit_codes_of_the_server_come_through() {
    let home = Home::empty();
    for code in [0, 1, 42, 125, 126, 127, 255] {
        let script = format!("exit {code}");
        let _ = home
            .broker(["exec", "--", "/bin/sh", "-c", &script])
            .run()
            .code(code);
    }
}

#[test]
fn signals_that_end_the_server_come_through() {
    let home = Home::empty();
    for signal in 1..=15 {
        let script = format!("ulimit -c 0; kill -{signal} $$");
        let answer = home.broker(["exec", "--", "/bin/sh", "-c", &script]).run();
        assert_eq!(
            answer.code,
            128 + signal,
            "signal {signal}: {}",
            answer.stderr
        );
    }
}
