//! iTunSMPB: how much of AAC is priming and padding, as iTunes and its kin write it into a freeform tag of an MP4 or a
//! comment of ID3v2. It tells what an edit list tells elsewhere, and is true of the AAC only: it is not carried over.

use symphonia::core::meta::Tag;

use super::text;
use crate::audio::mp4::Edit;

const NAME: &str = "iTunSMPB";

/// More samples than this before the sound are no priming.
pub(in crate::audio) const MOST_PRIMING: u64 = 1 << 16;

pub(super) fn is_one(tag: &Tag) -> bool {
    const ID3_DESCRIPTION: &str = "SHORT_DESCRIPTION";
    let described = |field: &str, value: Option<String>| {
        field == ID3_DESCRIPTION && value.is_some_and(|value| value.eq_ignore_ascii_case(NAME))
    };
    let named = tag.raw.key.rsplit(':').next().is_some_and(|name| name.eq_ignore_ascii_case(NAME));
    named || tag.raw.sub_fields.iter().flatten().any(|sub| described(&sub.field, text(&sub.value)))
}

/// The samples that are meant to be heard. Its numbers are hexadecimal: nothing, priming, padding, and how many samples
/// there are without them.
pub(super) fn edit(tag: &Tag) -> Option<Edit> {
    let value = text(&tag.raw.value)?;
    let mut numbers = value.split_ascii_whitespace().map(|number| u64::from_str_radix(number, 16));
    let (_nothing, skip, _padding, count) =
        (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
    let end = skip.checked_add(count).filter(|_| skip <= MOST_PRIMING && count > 0)?;
    Some(Edit { skip, end: Some(end) })
}

#[cfg(test)]
mod tests {
    use symphonia::core::meta::{RawTag, RawTagSubField};

    use super::*;

    fn freeform(value: &str) -> Tag {
        Tag::new(RawTag::new("com.apple.iTunes:iTunSMPB", value))
    }

    #[test]
    fn the_tag_of_an_mp4_and_the_comment_of_an_id3_are_known() {
        let description = RawTagSubField::new("SHORT_DESCRIPTION", "iTunSMPB");
        assert!(is_one(&freeform("")));
        assert!(is_one(&Tag::new(RawTag::new_with_sub_fields("COMM", "", Box::new([description])))));
        assert!(!is_one(&Tag::new(RawTag::new("COMM", "iTunSMPB"))));
        assert!(!is_one(&Tag::new(RawTag::new("com.apple.iTunes:iTunNORM", ""))));
    }

    #[test]
    fn its_numbers_are_priming_and_length() {
        let whole = " 00000000 00000840 000001CA 00000000003F31F6 00000000 00000000 00000000 00000000";
        let expected = Edit { skip: 0x840, end: Some(0x840 + 0x3F_31F6) };
        assert_eq!(edit(&freeform(whole)), Some(expected));
        for nonsense in
            ["", "0 840 1CA", "0 840 1CA 0", "0 20000 0 100", "0 840 x 100", "0 1 0 FFFFFFFFFFFFFFFF"]
        {
            assert_eq!(edit(&freeform(nonsense)), None, "{nonsense}");
        }
    }
}
