//! Completion, as bash does it with the script that broker prints.

use std::process::Command;

use crate::support::home::{BROKER, Home, PATH};

/// Lets bash complete the last of `words`, and returns what it offers.
fn complete(home: &Home, variables: &[(&str, &str)], words: &str) -> Vec<String> {
    // What readline does with the function that the script names: words, place, and the word itself.
    let script = format!(
        "source <(broker completions bash)
        COMP_WORDS=({words}) COMP_TYPE=9; COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
        [[ $(complete -p broker) =~ -F' '([^ ]+) ]] || exit 9
        ${{BASH_REMATCH[1]}} broker \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"
        printf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    let folder = std::path::Path::new(BROKER).parent().expect("a folder");
    let output = Command::new("bash")
        .args(["--norc", "-c", &script])
        .env_clear()
        .envs(home.environment().iter().map(|(n, v)| (n, v)))
        .env("PATH", format!("{}:{PATH}", folder.display()))
        .envs(variables.iter().copied())
        .output()
        .expect("bash is needed to check the completions");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    stdout.lines().map(str::to_owned).collect()
}

#[test]
fn commands_and_names_of_secrets_and_servers_are_completed() {
    let home = Home::new()
        .secret("github-token", "value-of-github")
        .secret("gitlab-token", "value-of-gitlab")
        .config("[servers.files]\ncommand = [\"files\"]\n");
    assert_eq!(complete(&home, &[], "broker ren"), ["rename"]);
    let both = ["github-token", "gitlab-token"];
    assert_eq!(complete(&home, &[], "broker show gi"), both);
    assert_eq!(complete(&home, &[], "broker rm gith"), ["github-token"]);
    assert_eq!(complete(&home, &[], "broker exec fi"), ["files"]);
    assert_eq!(complete(&home, &[], "broker list --server fi"), ["files"]);
}

#[test]
fn names_are_those_of_the_home_that_is_meant() {
    let home = Home::new().secret("here-token", "value-of-here");
    let other = home.path("other").display().to_string();
    let make = ["--home", &other, "init", "--store", "vault", "--key-file"];
    let _ = home.broker(make).run().ok();
    let set = ["--home", &other, "set", "there-token", "--generate"];
    let _ = home.broker(set).run().ok();
    let variable = [("BROKER_HOME", other.as_str())];
    assert_eq!(complete(&home, &[], "broker show h"), ["here-token"]);
    assert_eq!(complete(&home, &variable, "broker show t"), ["there-token"]);
    for words in [
        format!("broker --home {other} show t"),
        format!("broker show --home={other} t"),
        // As bash takes the line before apart.
        format!("broker rm --home = {other} t"),
    ] {
        assert_eq!(complete(&home, &[], &words), ["there-token"], "{words}");
    }
}
