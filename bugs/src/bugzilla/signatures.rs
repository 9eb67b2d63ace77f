//! The signatures in a bug's field "crash signature".

use std::collections::BTreeSet;

/// Maximum characters of a signature: no crash has a longer one.
pub const MAX_LENGTH: usize = 255;
/// Maximum signatures that are taken of one bug.
pub const MAX_SIGNATURES: usize = 500;

/// The signatures that a bug's field names, each once: what stands between `[@` and the last `]` before the next `[@`
/// or the end. What no crash can have is left out: a signature that is empty, longer than [`MAX_LENGTH`] characters, or
/// with control characters in it. So are those beyond the first [`MAX_SIGNATURES`].
pub fn signatures_in(field: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    // Before the first `[@` there is none.
    for part in field.split("[@").skip(1) {
        if found.len() == MAX_SIGNATURES {
            break;
        }
        let Some((signature, _)) = part.rsplit_once(']') else {
            continue;
        };
        let signature = signature.trim();
        let length = signature.chars().take(MAX_LENGTH + 1).count();
        if (1..=MAX_LENGTH).contains(&length) && !signature.chars().any(text::breaks_line) {
            found.insert(signature.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn which_signatures_a_field_names() {
        let long = format!("[@ {} ]", "x".repeat(MAX_LENGTH));
        let longer = format!("[@ {} ] [@ b ]", "x".repeat(MAX_LENGTH + 1));
        for (field, expected) in [
            ("", &[][..]),
            ("a", &[]),
            ("a]", &[]),
            ("[a]", &[]),
            ("[ @ a ]", &[]),
            ("[@ a", &[]),
            ("[@]", &[]),
            ("[@  ]", &[]),
            ("[@a]", &["a"]),
            ("[@ a ]", &["a"]),
            ("[@\ta\u{a0}]", &["a"]),
            ("words [@ a ] words", &["a"]),
            ("[@ a ][@ b ]", &["a", "b"]),
            ("[@ b ]\r\n[@ a ]\r\n", &["a", "b"]),
            ("[@ a ] [@ a ]", &["a"]),
            ("[@ a ] [@ A ]", &["A", "a"]),
            ("[@ a[0] ]", &["a[0]"]),
            ("[@ a] b ]", &["a] b"]),
            ("[@ a ] see [bug 5] too", &["a ] see [bug 5"]),
            ("[@ [@ a ] ]", &["a ]"]),
            ("[@ a [@ b ]", &["b"]),
            (
                "[@ operator new[] | T<[u8; 4]>::f ]",
                &["operator new[] | T<[u8; 4]>::f"],
            ),
            ("[[@ a ]]", &["a ]"]),
            ("[@ @ ]", &["@"]),
            ("[@ a\nb ]", &[]),
            ("[@ a\u{0} ] [@ b ]", &["b"]),
            ("[@ \u{e9}\u{1f600} ]", &["\u{e9}\u{1f600}"]),
            (&long, &["x".repeat(MAX_LENGTH).as_str()]),
            (&longer, &["b"]),
        ] {
            let found: Vec<String> = signatures_in(field).into_iter().collect();
            assert_eq!(found, expected, "{field:?}");
        }
    }

    #[test]
    fn not_all_of_a_field_without_end_are_taken() {
        let field: String = (0..MAX_SIGNATURES + 7).map(|n| format!("[@ {n} ]")).collect();
        assert_eq!(signatures_in(&field).len(), MAX_SIGNATURES);
    }

    proptest! {
        #[test]
        fn signatures_are_bounded_and_stand_in_the_field(field in r"(\[@|[\[\]@ a]|\PC|\n){0,60}") {
            let found = signatures_in(&field);
            prop_assert!(found.len() <= field.matches("[@").count());
            for signature in found {
                prop_assert!(field.contains(&signature));
                prop_assert_eq!(signature.trim(), &signature);
                prop_assert!((1..=MAX_LENGTH).contains(&signature.chars().count()));
                // A field with this signature alone names it, unless it has brackets like those around it.
                if !signature.contains("[@") {
                    let alone = signatures_in(&format!("[@ {signature} ]"));
                    prop_assert_eq!(alone.into_iter().collect::<Vec<_>>(), [signature]);
                }
            }
        }
    }
}
