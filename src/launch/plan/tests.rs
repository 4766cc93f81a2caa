//! Tests of the plan: what is injected, and everything that is refused.

#![expect(clippy::expect_used, reason = "helpers of tests may abort")]

use super::*;

fn caller(variables: &[(&str, &str)]) -> Caller {
    let variables = variables
        .iter()
        .map(|(n, v)| (n.into(), v.into()))
        .collect();
    Caller {
        variables,
        folder: "/".into(),
        home: Some("/root".into()),
    }
}

fn request(set: &[(&str, Option<&str>)]) -> Request {
    let one = |(variable, text): &(&str, Option<&str>)| Assignment {
        variable: (*variable).to_owned(),
        text: text.map(OsString::from),
    };
    Request {
        command: vec!["/bin/sh".into()],
        set: set.iter().map(one).collect(),
        ..Request::default()
    }
}

fn secret(name: &str) -> Source {
    Source::Secret(name.parse().expect("a name"))
}

fn refusal(request: Request, caller: &Caller) -> PlanError {
    Plan::make(request, caller).expect_err("refused")
}

#[test]
fn variables_come_from_where_they_were_named() {
    let caller = caller(&[
        ("PATH", "/bin"),
        ("HOME", "/home/u"),
        ("FROM_CLIENT", "broker://c"),
        ("PLAIN", "p"),
        ("LEFT_OUT", "x"),
    ]);
    let mut request = request(&[
        ("A", None),
        ("B", Some("broker://work/b")),
        ("C", Some("text")),
        ("D", Some("")),
    ]);
    request.pass = vec!["PLAIN".into()];
    request.pass_if_set = vec!["ABSENT".into(), "PLAIN".into()];
    let plan = Plan::make(request, &caller).expect("a plan");
    let expected = BTreeMap::from([
        ("A".to_owned(), secret("A")),
        ("B".to_owned(), secret("work/b")),
        ("C".to_owned(), Source::Literal("text".into())),
        ("D".to_owned(), Source::Literal("".into())),
        ("FROM_CLIENT".to_owned(), secret("c")),
        ("PLAIN".to_owned(), Source::Passed("p".into())),
    ]);
    assert_eq!(plan.variables, expected);
    assert_eq!(
        plan.base,
        [
            ("PATH".into(), "/bin".into()),
            ("HOME".into(), "/home/u".into())
        ]
    );
    assert_eq!(plan.program, PathBuf::from("/bin/sh"));
    assert_eq!(plan.secrets().len(), 3);
}

#[test]
fn a_caller_without_path_and_home_gets_the_systems() {
    let mut bare = request(&[]);
    bare.command = vec!["sh".into()];
    let plan = Plan::make(bare, &caller(&[])).expect("a plan");
    assert_eq!(plan.base[0], ("PATH".into(), default_search_path()));
    assert_eq!(plan.base[1], ("HOME".into(), "/root".into()));
    let mut bare = request(&[]);
    bare.command = vec!["sh".into()];
    let plan = Plan::make(bare, &caller(&[("HOME", ""), ("PATH", "")])).expect("a plan");
    assert_eq!(
        plan.base.len(),
        2,
        "an empty one counts as none, and is not there twice"
    );
}

#[test]
fn a_variable_named_twice_is_refused_however_it_was_named() {
    let twice = PlanError::Twice("A".into());
    let plain = caller(&[("A", "x")]);
    assert_eq!(
        refusal(request(&[("A", None), ("A", Some("x"))]), &plain),
        twice
    );
    let mut passed = request(&[("A", Some("x"))]);
    passed.pass = vec!["A".into()];
    assert_eq!(refusal(passed, &plain), twice);
    let mut passed = request(&[]);
    passed.pass = vec!["A".into(), "A".into()];
    assert_eq!(refusal(passed, &plain), twice);
    let reference = caller(&[("A", "broker://a")]);
    assert_eq!(refusal(request(&[("A", None)]), &reference), twice);
}

#[test]
fn a_reference_that_would_not_be_resolved_is_refused() {
    let embedded = |v: &str| PlanError::Reference(v.into(), ReferenceError::Embedded);
    let none = caller(&[]);
    assert_eq!(
        refusal(request(&[("A", Some("Bearer broker://a"))]), &none),
        embedded("A")
    );
    assert_eq!(
        refusal(request(&[]), &caller(&[("H", "Bearer broker://a")])),
        embedded("H")
    );
    assert!(matches!(
        refusal(request(&[("A", Some("broker://a b"))]), &none),
        PlanError::Reference(_, ReferenceError::Name(_))
    ));
    let mut passed = request(&[]);
    passed.pass = vec!["A".into()];
    assert_eq!(
        refusal(passed, &caller(&[("A", "broker://a")])),
        PlanError::PassedReference("A".into())
    );
    assert_eq!(
        refusal(request(&[]), &caller(&[("A.B", "broker://a")])),
        PlanError::VariableName
    );
}

#[test]
fn a_default_gives_way_to_what_is_named() {
    let mut request = request(&[("A", Some("named"))]);
    request.pass_if_set = vec!["A".into(), "B".into()];
    let caller = caller(&[("A", "callers"), ("B", "broker://b")]);
    let plan = Plan::make(request, &caller).expect("a plan");
    assert_eq!(plan.variables["A"], Source::Literal("named".into()));
    assert_eq!(plan.variables["B"], secret("b"));
}

#[test]
fn an_unset_passed_variable_is_refused_and_an_empty_one_is_passed() {
    let mut passed = request(&[]);
    passed.pass = vec!["A".into()];
    assert_eq!(
        refusal(passed.clone(), &caller(&[])),
        PlanError::Unset("A".into())
    );
    let plan = Plan::make(passed, &caller(&[("A", "")])).expect("a plan");
    assert_eq!(plan.variables["A"], Source::Passed("".into()));
}

#[test]
fn a_dangerous_variable_needs_to_be_allowed_by_its_own_name() {
    let mut preload = request(&[("LD_PRELOAD", Some("/x"))]);
    preload.allow_dangerous = vec!["NODE_OPTIONS".into()];
    assert_eq!(
        refusal(preload.clone(), &caller(&[])),
        PlanError::Dangerous("LD_PRELOAD".into())
    );
    preload.allow_dangerous = vec!["LD_PRELOAD".into()];
    assert!(Plan::make(preload, &caller(&[])).is_ok());
    let from_client = caller(&[("NODE_OPTIONS", "broker://a")]);
    assert!(matches!(
        refusal(request(&[]), &from_client),
        PlanError::Dangerous(_)
    ));
}

#[test]
fn a_reference_as_an_argument_needs_to_be_allowed_and_must_be_whole() {
    let with = |word: &str, allow| {
        let mut request = request(&[]);
        request.command.extend(["x".into(), word.into()]);
        request.allow_argv_secret = allow;
        Plan::make(request, &caller(&[]))
    };
    assert_eq!(
        with("broker://a", false),
        Err(PlanError::ArgumentReference(2))
    );
    assert_eq!(
        with("--key=broker://a", false),
        Err(PlanError::ArgumentReference(2))
    );
    let error = PlanError::BadArgumentReference(2, ReferenceError::Embedded);
    assert_eq!(with("--key=broker://a", true), Err(error));
    let plan = with("broker://a", true).expect("a plan");
    assert_eq!(
        plan.arguments[1],
        Argument::Secret("a".parse().expect("a name"))
    );
    assert_eq!(plan.secrets().len(), 1);
}

#[test]
fn names_that_are_no_variables_are_refused_without_being_repeated() {
    for name in ["", "1A", "A-B", "canary value", "A=B", "É"] {
        let error = refusal(request(&[(name, Some("x"))]), &caller(&[]));
        assert_eq!(error, PlanError::VariableName, "{name}");
        assert!(!error.to_string().contains("canary"));
    }
    let underscore = refusal(request(&[("_A", None)]), &caller(&[]));
    assert!(matches!(underscore, PlanError::NoSecretOfThatName(..)));
}
