//! The page, as the build has found it in `web/dist/page` (see `build.rs`). How it is served is in `service/src/page.rs`.

use service::Page;

include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// The page; None when it was not built before this program was.
pub(crate) fn embedded() -> Option<Page> {
    (!FILES.is_empty()).then_some(Page(find))
}

fn find(path: &str) -> Option<&'static [u8]> {
    let at = FILES.binary_search_by(|(name, _)| (*name).cmp(path)).ok()?;
    Some(FILES[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_found_by_its_name() {
        assert!(FILES.is_sorted_by(|(a, _), (b, _)| a < b));
        assert!(FILES.iter().all(|&(name, bytes)| find(name) == Some(bytes)));
        assert_eq!(find("nope.js"), None);
        assert_eq!(embedded().is_some(), find("index.html").is_some());
    }
}
