//! Generated files agree with what they are generated from.

use tests::generated;

#[test]
fn no_generated_file_is_stale() {
    for file in generated::files() {
        let found = std::fs::read_to_string(generated::root().join(file.path)).unwrap_or_default();
        assert!(found == file.text, "{} is stale: run `make gen`", file.path);
    }
}
