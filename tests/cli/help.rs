//! Help: one screen with `-h`, whole with `--help`, and a suggestion for what is nearly right.

use crate::support::home::Home;

/// Gathers every command a person can see, as the words that call it.
fn commands(command: &clap::Command, words: &[String], all: &mut Vec<Vec<String>>) {
    all.push(words.to_vec());
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let mut longer = words.to_vec();
        longer.push(sub.get_name().to_owned());
        commands(sub, &longer, all);
    }
}

#[test]
fn short_help_fits_a_screen_and_long_help_has_examples() {
    let home = Home::empty();
    let mut all = Vec::new();
    commands(&broker::cli::grammar(), &[], &mut all);
    assert!(all.len() > 15, "{all:?}");
    for words in all {
        let short = home.broker(&words).arg("-h").run().ok();
        let lines = short.stdout.lines().count();
        // The whole list of commands is as long as it is.
        let most = if words.is_empty() { 50 } else { 40 };
        assert!(
            (3..=most).contains(&lines),
            "{words:?} -h has {lines} lines"
        );
        // The usage is one line, however long.
        let wide = |line: &str| line.chars().count() > 100 && !line.starts_with("Usage:");
        assert!(!short.stdout.lines().any(wide), "{words:?}");
        let long = home.broker(&words).arg("--help").run().ok();
        assert!(
            long.stdout.contains("Example"),
            "{words:?} --help has no example"
        );
        assert!(long.stdout.contains("Usage: broker"), "{words:?}");
        assert_eq!((short.stderr.as_str(), long.stderr.as_str()), ("", ""));
    }
}

#[test]
fn what_is_nearly_a_command_or_a_flag_is_suggested() {
    let home = Home::empty();
    for (words, near) in [
        (&["lst"][..], "list"),
        (&["sohw", "a"], "show"),
        (&["vault", "stauts"], "status"),
        (&["list", "--stroe", "vault"], "--store"),
        (&["set", "a", "--rotat-every", "9d"], "--rotate-every"),
    ] {
        let answer = home.broker(words).run().code(2);
        let hint = format!("broker: hint: did you mean {near}?");
        assert!(
            answer.stderr.contains(&hint),
            "{words:?}: {}",
            answer.stderr
        );
    }
}

#[test]
fn a_usage_error_points_to_the_help_of_its_command() {
    let home = Home::empty();
    for (words, command) in [
        (&["set"][..], "broker set"),
        (&["set", "bad name"], "broker set"),
        (
            &["--home", "exec", "set", "a", "--expires", "x"],
            "broker set",
        ),
        (&["vault", "unlock", "--for", "x"], "broker vault unlock"),
        (&["list", "--store", "x"], "broker list"),
        (&["completions", "x"], "broker completions"),
    ] {
        let answer = home.broker(words).run().code(2);
        let hint = format!("broker: hint: see: {command} --help\n");
        assert!(
            answer.stderr.contains(&hint),
            "{words:?}: {}",
            answer.stderr
        );
    }
}

#[test]
fn completions_are_made_for_each_shell_and_complete_names() {
    let home = Home::new().secret("github-token", "canary-github");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = home.broker(["completions", shell]).run().ok();
        assert!(script.stdout.contains("BROKER_COMPLETE"), "{shell}");
    }
    let complete = |words: &[&str]| {
        let last = words.len().to_string();
        home.broker(["--", "broker"].iter().chain(words))
            .env("BROKER_COMPLETE", "bash")
            .env("_CLAP_COMPLETE_INDEX", last)
            .env("_CLAP_IFS", "\n")
            .run()
            .ok()
            .stdout
    };
    assert_eq!(complete(&["show", "git"]), "github-token");
    assert!(complete(&["sho"]).contains("show"));
}
