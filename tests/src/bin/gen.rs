//! `make gen`: writes every generated file anew.

use tests::generated;

fn main() -> std::io::Result<()> {
    for file in generated::files() {
        let path = generated::root().join(file.path);
        if std::fs::read_to_string(&path).ok().as_ref() != Some(&file.text) {
            std::fs::write(&path, &file.text)?;
            println!("wrote {}", file.path);
        }
    }
    Ok(())
}
