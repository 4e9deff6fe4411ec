//! The label of a distributed Map, by which its runs and their executions are named.

use sha2::{Digest, Sha256};

/// A label has at most this many characters.
const LONGEST: usize = 40;
const FORBIDDEN: &str = " ?*<>{}[]:;,\\|^~$#%&`\"";

/// What is wrong with a label, as AWS words it.
pub(super) fn problem(label: &str) -> Option<String> {
    if label.is_empty() {
        return Some("Label cannot be empty".to_owned());
    }
    if label.chars().count() > LONGEST {
        return Some(format!("Label cannot exceed {LONGEST} characters"));
    }
    let wrong = label.chars().find(|&c| FORBIDDEN.contains(c) || c.is_control())?;
    Some(format!("Label contains invalid character: '{}'", wrong.escape_default()))
}

/// The label of a Map that was given none: the same for all its runs.
pub(super) fn unnamed(machine: &str, state: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(machine.as_bytes());
    hash.update([0]);
    hash.update(state.as_bytes());
    let bytes: [u8; 32] = hash.finalize().into();
    let (first, _) = bytes.split_at(16);
    let first: [u8; 16] = std::array::from_fn(|index| first[index]);
    uuid::Builder::from_custom_bytes(first).into_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_judged_as_on_aws() {
        let longest = "x".repeat(40);
        for good in ["a", "Label-1_", longest.as_str(), "größe"] {
            assert_eq!(problem(good), None, "{good}");
        }
        let longer = format!("{longest}x");
        for (bad, said) in [
            ("", "Label cannot be empty"),
            (longer.as_str(), "Label cannot exceed 40 characters"),
            ("a b", "Label contains invalid character: ' '"),
            ("a:b", "Label contains invalid character: ':'"),
            ("a\tb", "Label contains invalid character: '\\t'"),
        ] {
            assert_eq!(problem(bad).as_deref(), Some(said));
        }
    }

    #[test]
    fn a_map_without_a_label_has_one_of_its_own() {
        assert_eq!(unnamed("m", "a"), unnamed("m", "a"));
        assert_ne!(unnamed("m", "a"), unnamed("m", "b"));
        assert_ne!(unnamed("ma", ""), unnamed("m", "a"));
        assert_eq!(problem(&unnamed("m", "a")), None);
    }
}
