//! The seeds of the fuzz targets, and what fuzzing has found, are tried again.

use ::fuzz::Target;
use strum::IntoEnumIterator as _;

#[test]
fn the_corpus_of_every_target_passes() {
    for target in Target::iter() {
        let files: Vec<_> =
            std::fs::read_dir(target.corpus()).unwrap().map(|file| file.unwrap().path()).collect();
        assert!(files.len() >= 5, "{target} has {} seeds", files.len());
        for file in files {
            println!("{}", file.display());
            target.run(&std::fs::read(&file).unwrap());
        }
    }
}

#[test]
fn every_folder_of_seeds_has_its_target() {
    let folder = Target::Path.corpus();
    for seeds in std::fs::read_dir(folder.parent().unwrap()).unwrap() {
        let name = seeds.unwrap().file_name().into_string().unwrap();
        assert!(name.parse::<Target>().is_ok(), "{name} is no target");
    }
}
