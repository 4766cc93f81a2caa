//! A value in a wrong place on the command line is refused and never repeated.
//!
//! The arguments of a test are kept for the sweep, which looks for canaries; so what stands for a value
//! here is called otherwise.

use crate::support::home::Home;

/// It is no name of a variable (a dash), and no name of a secret where it follows a `+`.
const VALUE: &str = "sesame-3f9c1d";

/// Command lines with a value in a wrong place, and how each ends.
const PLACES: &[(i32, &str)] = &[
    // As the command, and before it.
    (2, "@"),
    (2, "--@"),
    (2, "--@ list"),
    (2, "-@ list"),
    (2, "--token=@ list"),
    (2, "--color @ list"),
    (2, "--color=@ list"),
    (2, "--json=@ list"),
    (2, "--verbose=@ list"),
    (2, "list --json=@"),
    (2, "vault @"),
    (2, "@ --json"),
    // One argument more than there should be.
    (2, "init @"),
    (2, "set a @"),
    (2, "set a b @"),
    (2, "list @"),
    (2, "show a @"),
    (2, "edit a @"),
    (2, "reveal a @"),
    (2, "rename a b @"),
    (2, "import f @"),
    (2, "rotate a @"),
    (2, "rotate a --@"),
    (2, "rotate a --keep @"),
    (2, "rotate a --run=@"),
    (2, "rotate a --run @"),
    (1, "rotate @ --run"),
    (2, "edit a --rotate-command @"),
    (1, "edit a --rotate-command [\"@\"]"),
    (1, "edit @ --rotate-command none"),
    (2, "rotate a --generate=@"),
    (1, "rotate a --probe @"),
    (2, "rotate a --probe=:@"),
    (2, "rotate a b --probe @"),
    (2, "rollback a @"),
    (2, "due @"),
    (2, "due --within @"),
    (2, "edit a --when-overdue @"),
    (2, "log @"),
    (2, "log verify @"),
    (2, "log --@"),
    (2, "log --since @"),
    (2, "log --action=@"),
    (2, "vault unlock @"),
    (2, "vault lock @"),
    (2, "vault status @"),
    (2, "vault rekey @"),
    (2, "unlock @"),
    (2, "backup @"),
    (2, "backup create f @"),
    (2, "backup create f --@"),
    (2, "backup create f --recipient @"),
    (2, "backup create f --recipient=@"),
    (2, "backup create f --passphrase=@"),
    (2, "backup create f --passphrase @"),
    (2, "backup restore f @"),
    (2, "backup restore f --store @"),
    (2, "backup restore f --passphrase @"),
    (2, "requests @"),
    (2, "grants @"),
    (2, "revoke a @"),
    (2, "revoke --all @"),
    (2, "freeze @"),
    (2, "freeze --reason x @"),
    (2, "thaw @"),
    (2, "servers @"),
    (2, "clients @"),
    (1, "scan @"),
    (1, "scan ./@"),
    (2, "scan --@"),
    (2, "scan --client @"),
    (2, "scan --client=@"),
    (1, "protect @"),
    (1, "protect ./@"),
    (2, "protect --@"),
    (2, "protect --client @"),
    (1, "protect --server @"),
    (2, "protect --yes=@"),
    (1, "restore @"),
    (1, "restore ./@"),
    (2, "restore f @"),
    (1, "restore f --server @"),
    (2, "restore --server=@"),
    (2, "restore f --yes=@"),
    (2, "add @"),
    (2, "add @ --client cursor"),
    (2, "add a --client @ -- x"),
    (2, "add a --client cursor --scope @ -- x"),
    (2, "add a --client cursor --scope agent:@ -- x"),
    (1, "add a --client kiro --scope agent:@ -- x"),
    (2, "add a --client cursor --@ -- x"),
    (2, "add a b@ --client cursor -- x"),
    (1, "add a --client cursor --env @ -- x"),
    (1, "add a --client cursor --env @=b -- x"),
    (1, "add a --client cursor --allow-dangerous-env @ -- x"),
    (1, "add a --client cursor -- @"),
    (1, "setup @"),
    (2, "setup a @"),
    (2, "doctor @"),
    (2, "tour @"),
    (2, "completions bash @"),
    // An option that is not there.
    (2, "init --@"),
    (2, "set a --@"),
    (2, "set a --value=@"),
    (2, "set a --value @"),
    (2, "list --@=x"),
    (2, "show a --token=@"),
    (2, "remove a --yes=@"),
    (2, "clients --changes=@"),
    (2, "clients --@"),
    (2, "doctor --fix=@"),
    (2, "tour --token @"),
    (2, "revoke --all=@"),
    (2, "thaw --token @"),
    // An option of a fixed grammar.
    (2, "init --store @"),
    (2, "init --store vault --passphrase=@"),
    (2, "init --store vault --keychain=@"),
    (2, "set a --store @"),
    (2, "set a --store=@"),
    (2, "set a --rotate-every @"),
    (2, "set a --expires @"),
    (2, "set a --generate @"),
    (2, "set a --generate=@"),
    (2, "set a --raw=@"),
    (2, "set a --allow-empty=@"),
    (2, "edit a --rotate-every @"),
    (2, "edit a --expires=@"),
    (2, "list --store @"),
    (2, "migrate --to @"),
    (2, "vault unlock --for @"),
    (2, "completions @"),
    (2, "servers --unused @"),
    // As the name of a secret: one that could be a name, and one that could not.
    (1, "show @"),
    (1, "edit @ --note x"),
    (1, "reveal @"),
    (1, "rename @ b"),
    (1, "remove @ --yes"),
    (1, "migrate --to keychain @"),
    (2, "set +@"),
    (2, "show +@"),
    (2, "rename a +@"),
    (2, "remove +@ --yes"),
    (1, "revoke --secret @"),
    (2, "revoke --secret +@"),
    // Where an id or a server is looked for.
    (1, "revoke @"),
    (1, "revoke --server @"),
    (1, "allow @"),
    (1, "allow --program @"),
    // Behind exec.
    (125, "exec --env @ -- /bin/true"),
    (125, "exec --env 1=@ -- /bin/true"),
    (125, "exec --env A=broker://+@ -- /bin/true"),
    (125, "exec --env A=x-broker://@ -- /bin/true"),
    (125, "exec --pass @ -- /bin/true"),
    (125, "exec --pass-any=@ -- /bin/true"),
    (125, "exec --allow-dangerous-env @ -- /bin/true"),
    (125, "exec --@ -- /bin/true"),
    (125, "exec @"),
    (125, "exec @ --"),
    // Behind allow.
    (1, "allow --env @ -- /bin/true"),
    (1, "allow --env 1=@ -- /bin/true"),
    (1, "allow --env A=broker://+@ -- /bin/true"),
    (1, "allow --env A=x-broker://@ -- /bin/true"),
    (1, "allow --pass @ -- /bin/true"),
    (1, "allow --pass-any=@ -- /bin/true"),
    (1, "allow --allow-dangerous-env @ -- /bin/true"),
    (2, "allow --@ -- /bin/true"),
    (2, "allow @ --"),
    (2, "allow --env A=@"),
];

/// Command lines in which a value does no harm, or that end with something else.
const HARMLESS: &[(i32, &str)] = &[
    (0, "list --server @"),
    (0, "exec @ -- /bin/true"),
    (0, "exec --env A=@ -- /bin/true"),
    (125, "exec --allow-argv-secret=@ -- /bin/true"),
    (125, "exec +@ -- /bin/true"),
    (125, "exec -- /bin/true broker://@+"),
    (127, "exec -- @"),
    (1, "import @"),
    (1, "backup create @ --passphrase"),
    (
        1,
        "backup create g --recipient age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa --identity=@",
    ),
    (1, "backup restore @"),
    (1, "backup restore f --identity @"),
    (0, "allow --env A=@ -- /bin/true"),
    (1, "allow -- @"),
    (0, "freeze --reason @"),
];

#[test]
fn a_value_in_a_wrong_place_is_refused_and_not_repeated() {
    let home = Home::new().secret("a", "canary-a-value");
    for &(code, line) in PLACES.iter().chain(HARMLESS) {
        let words: Vec<String> = line
            .split(' ')
            .map(|word| word.replace('@', VALUE))
            .collect();
        for extra in [&[][..], &["--json"], &["-v"]] {
            let run = home.broker(
                extra
                    .iter()
                    .copied()
                    .chain(words.iter().map(String::as_str)),
            );
            let answer = run.env("RUST_BACKTRACE", "full").run();
            assert_eq!(answer.code, code, "{extra:?} {line}: {}", answer.stderr);
            for (which, text) in [("stdout", &answer.stdout), ("stderr", &answer.stderr)] {
                let folded = text.to_lowercase();
                assert!(
                    !folded.contains("sesame") && !folded.contains("3f9c1d"),
                    "{extra:?} {line}: {which}: {text}"
                );
            }
        }
    }
    assert_eq!(super::names(&home), ["a"]);
}

#[test]
fn every_command_of_the_grammar_is_tried_with_a_value_too_much() {
    // A new command has to be added to the table above.
    for command in broker::cli::grammar()
        .get_subcommands()
        .filter(|c| !c.is_hide_set())
    {
        let name = command.get_name();
        let tried = PLACES
            .iter()
            .any(|(_, line)| line.split(' ').next() == Some(name));
        assert!(tried, "{name}");
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_and_not_repeated() {
    use std::os::unix::ffi::OsStringExt;
    let home = Home::new();
    let broken = || std::ffi::OsString::from_vec(b"\xffsesame-3f9c1d".to_vec());
    for (words, code) in [
        (&[][..], 2),
        (&["show"], 2),
        (&["set", "a", "--expires"], 2),
        (&["exec"], 125),
        (&["exec", "--env"], 125),
        (&["exec", "--pass"], 125),
    ] {
        let answer = home.broker(words).arg(broken()).run().code(code);
        assert!(
            !answer.stderr.contains("sesame"),
            "{words:?}: {}",
            answer.stderr
        );
    }
}
