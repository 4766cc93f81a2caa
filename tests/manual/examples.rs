//! The examples of `broker-rotation(7)`: each is taken out of the page, recorded as it stands there, and run.

use std::fs;

use serde_json::json;

use crate::support::home::{Home, PATH};
use crate::support::put;

/// Returns the scripts of the page, as a reader would copy them.
fn scripts() -> Vec<String> {
    let page = include_str!("../../man/broker-rotation.7");
    let blocks = page.split(".Bd -literal -offset indent\n").skip(1);
    let scripts = blocks.map(|block| {
        let script = block.split(".Ed\n").next().expect("its end");
        let is_text = script.lines().all(|line| !line.starts_with(['.', '\'']));
        assert!(is_text, "a line that roff would read: {script}");
        let script = script.replace("\\-", "-").replace("\\(aq", "'");
        let script = script.replace("\\e", "\\");
        assert!(script.starts_with("#!/bin/sh\n"), "{script}");
        script
    });
    scripts.collect()
}

/// Records a script as the rotation command of `a`.
fn home(script: &str, folder: &str) -> Home {
    let home = Home::new().secret("a", "value-before");
    let hook = home.path("bin/hook");
    put(&hook, script, 0o700);
    // An entry of PATH that is not there is left out.
    fs::create_dir_all(home.path(folder)).expect("a folder");
    let words = json!([hook]).to_string();
    let edit = home.broker(["edit", "a", "--rotate-command", &words]);
    let path = format!("{}:{PATH}", home.path(folder).display());
    let _ = edit.env("PATH", path).run().ok();
    home
}

fn value(home: &Home) -> String {
    home.broker(["reveal", "a"]).run().ok().stdout
}

fn is_made_up(value: &str, digits: usize) -> bool {
    value.len() == digits && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[test]
fn the_command_for_a_token_in_a_file_gives_service_and_broker_the_same_new_value() {
    let script = scripts().swap_remove(0);
    let home = home(&script, "bin");
    let token = home.path(".config/example/token");
    put(&token, "value-before\n", 0o600);
    let said = home.broker(["rotate", "a", "--run"]).run().ok().stderr;
    assert_eq!(said.lines().count(), 1, "{said}");
    let new = value(&home);
    assert!(is_made_up(&new, 64));
    assert_eq!(
        fs::read_to_string(&token).expect("text"),
        format!("{new}\n")
    );
    // And again; and not where somebody else has changed the file.
    let _ = home.broker(["rotate", "a", "--run"]).run().ok();
    let next = value(&home);
    assert!(is_made_up(&next, 64) && next != new);
    put(&token, "value-of-another\n", 0o600);
    let _ = home.broker(["rotate", "a", "--run"]).run().code(1);
    assert_eq!(value(&home), next);
    assert_eq!(
        fs::read_to_string(&token).expect("text"),
        "value-of-another\n"
    );
}

#[test]
fn the_command_for_a_role_hands_the_database_old_and_new_value_without_an_argument() {
    let script = scripts().swap_remove(1);
    let home = home(&script, "tools");
    // In the place of the client: it says what it was given.
    let client = "#!/bin/sh\ncat > \"$HOME/statement\"\nprintf '%s\\n' \"$PGPASSWORD\" > \"$HOME/password\"\n\
        printf '%s\\n' \"$@\" > \"$HOME/arguments\"\necho 'ALTER ROLE'\n";
    put(&home.path("tools/psql"), client, 0o700);
    let said = home.broker(["rotate", "a", "--run"]).run().ok().stderr;
    assert!(said.contains("broker: command: ALTER ROLE\n"), "{said}");
    let new = value(&home);
    assert!(is_made_up(&new, 48));
    let seen = |name: &str| fs::read_to_string(home.path(name)).expect("written");
    assert_eq!(seen("password"), "value-before\n");
    assert_eq!(
        seen("statement"),
        format!("ALTER ROLE app PASSWORD '{new}';\n")
    );
    let arguments = "-qX\n-v\nON_ERROR_STOP=1\n-h\nlocalhost\n-U\napp\napp\n";
    assert_eq!(seen("arguments"), arguments);
    put(
        &home.path("tools/psql"),
        "#!/bin/sh\ncat > /dev/null\necho 'role is gone' >&2\nexit 3\n",
        0o700,
    );
    let said = home.broker(["rotate", "a", "--run"]).run().code(1).stderr;
    assert!(said.contains("broker: command: role is gone\n"), "{said}");
    assert!(said.contains("failed with exit code 3"), "{said}");
    assert_eq!(value(&home), new);
}
