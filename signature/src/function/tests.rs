use proptest::prelude::*;
use regex_automata::meta::Regex;

use super::*;

/// Separate lists, so that the built-in ones may change.
fn lists() -> Lists {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in [
        ("irrelevant_signature_re.txt", ""),
        ("prefix_signature_re.txt", ""),
        ("signature_sentinels.txt", ""),
        ("signatures_with_line_numbers_re.txt", "Interpret\n"),
    ] {
        std::fs::write(folder.path().join(file), text).unwrap();
    }
    Lists::load(folder.path()).unwrap()
}

#[test]
fn cpp_functions_keep_what_groups_crashes() {
    let lists = lists();
    let cases = [
        ("zebra", "zebra"),
        ("void zebra(int)", "zebra"),
        ("zebra (int)", "zebra "),
        ("zebra(int) const", "zebra"),
        ("zebra(int) const&&", "const"),
        ("zebra() noexcept", "noexcept"),
        ("is_const", "is_"),
        ("operator new(unsigned int)", "new"),
        ("Zebra::operator()(int)", "Zebra::operator()"),
        ("bool Zebra::operator==(Zebra const&)", "bool Zebra::operator=="),
        ("Zebra::operator<<(int)", "Zebra::operator<<"),
        ("operator<=>(Zebra)", "operator<=>"),
        ("std::map<a, b<c>>::find(a)", "std::map<T>::find"),
        ("<name omitted>", "<name omitted>"),
        ("<Zebra as Herd<T>>::leap", "<Zebra as Herd<T>>::leap"),
        ("<unknown in a.dll>", "<unknown in a.dll>"),
        (
            "IPC::ParamTraits<std::vector<int>>::Write(x)",
            "IPC::ParamTraits<std::vector<T>>::Write",
        ),
        ("IPC::ParamTraits<int", "IPC::ParamTraits<in>"),
        ("`anonymous namespace'::zebra(int)", "(anonymous namespace)::zebra"),
        ("(anonymous namespace)::zebra(int)", "(anonymous namespace)::zebra"),
        ("leap()::$_12::operator()() const", "leap::$::operator()"),
        ("a::$_1::$_2::b", "a::$::$_2::b"),
        ("a::$_::$_1b::$_3::c::$_4", "a::$_::$_1b::$::c::$_4"),
        ("a::$_1\u{662}\u{663}4::b", "a::$::b"),
        ("a::$_1\u{bd}::b::$_\u{661}::c", "a::$_1\u{bd}::b::$::c"),
        ("zebra(int) [clone .cold.12]", "zebra "),
        ("zebra(int) [clone .isra.3]", "zebra [clone .isra.3]"),
        ("Interpret(Context*)", "Interpret:7"),
        ("a[b,c *]", "a[b, c*]"),
        ("a,", "a, "),
        ("a<b", "a<T>"),
        ("a>b", "a>b"),
        ("zebra  ", ""),
        ("zébra(int)", "zébra"),
        ("é<ü>ö(ä)ñ", "é<T>öñ"),
    ];
    for (function, expected) in cases {
        let line = Scalar::Integer(7);
        assert_eq!(
            cpp(function, Some(&line), &lists).as_deref(),
            Some(expected),
            "{function}"
        );
    }
    assert_eq!(cpp("Interpret", None, &lists).as_deref(), Some("Interpret:None"));
}

#[test]
fn a_cpp_function_of_qualifiers_alone_is_none() {
    for function in ["const", "&", "&&", "const&", "const &", " const"] {
        assert_eq!(cpp(function, None, &lists()), None, "{function}");
    }
}

#[test]
fn rust_functions_lose_types_arguments_and_hashes() {
    let lists = lists();
    let cases = [
        ("herd::zebra::leap::h0123456789abcdef", "herd::zebra::leap"),
        ("herd::zebra::leap::hABC", "herd::zebra::leap"),
        ("herd::zebra::leap::h", "herd::zebra::leap::h"),
        ("herd::zebra::leap::hoof", "herd::zebra::leap::hoof"),
        ("herd::leap::h12\n", "herd::leap\n"),
        ("core::ptr::drop_in_place<herd::Zebra>", "core::ptr::drop_in_place<T>"),
        ("<herd::Zebra as herd::Run>::run", "<herd::Zebra as herd::Run>::run"),
        ("<name omitted>", "<T>"),
        ("static void leap(a, b)", "leap"),
        ("core::operator()", "core::operator"),
        ("leap::{{closure}}", "leap::{{closure}}"),
        ("Interpret::h12", "Interpret::h12:7"),
    ];
    for (function, expected) in cases {
        let line = Scalar::Integer(7);
        assert_eq!(rust(function, Some(&line), &lists), expected, "{function}");
    }
}

#[test]
fn blanks_stand_behind_commas_alone() {
    let cases = [
        ("a", None),
        ("a b", None),
        ("a ,b", Some("a, b")),
        ("a,b", Some("a, b")),
        ("a, b", None),
        ("a,", Some("a, ")),
        (",,", Some(", , ")),
        ("a , *b", Some("a, *b")),
        ("a *b &c", Some("a*b&c")),
        ("\u{e9},\u{e9} ,", Some("\u{e9}, \u{e9}, ")),
    ];
    for (name, expected) in cases {
        assert_eq!(fix_spaces(name).as_deref(), expected, "{name}");
    }
}

/// The steps as documented, one after another over the whole name.
fn slow_spaces(name: &str) -> String {
    let mut without = String::new();
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        if c != ' ' || !matches!(rest.peek(), Some('*' | '&' | ',')) {
            without.push(c);
        }
    }
    let mut out = String::new();
    let mut rest = without.chars().peekable();
    while let Some(c) = rest.next() {
        out.push(c);
        if c == ',' && rest.peek() != Some(&' ') {
            out.push(' ');
        }
    }
    out
}

/// The documented expression for lambda numbers.
fn slow_lambda_numbers(name: &str) -> String {
    let lambda = Regex::new(r"::\$_\d+::").unwrap();
    let mut out = String::new();
    let mut copied = 0;
    for found in lambda.find_iter(name) {
        out.push_str(&name[copied..found.start()]);
        out.push_str("::$::");
        copied = found.end();
    }
    out + &name[copied..]
}

proptest! {
    #[test]
    fn spaces_and_lambda_numbers_are_fixed_as_documented(
        name in "( |,|\\*|&|::|\\$_|\\$|_|1|2|\u{661}|\u{bd}|\u{e9}|a){0,40}"
    ) {
        let mended = fix_spaces(&name).unwrap_or_else(|| name.clone());
        prop_assert_eq!(mended, slow_spaces(&name));
        let mended = drop_lambda_numbers(&name).unwrap_or_else(|| name.clone());
        prop_assert_eq!(mended, slow_lambda_numbers(&name));
    }
}

#[test]
fn nested_param_traits_are_examined_while_the_budget_lasts() {
    let nested = |depth: usize| format!("{}a<b>{}", "IPC::ParamTraits<".repeat(depth), ">".repeat(depth));
    let kept = cpp(&nested(60), None, &lists()).unwrap();
    assert_eq!(kept, nested(60).replace("a<b>", "a<T>"));
    let cut = cpp(&nested(20_000), None, &lists()).unwrap();
    assert!(cut.contains("IPC::ParamTraits<T>") && cut.len() < 20_000);
}
