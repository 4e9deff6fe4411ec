//! Which proxies the recipe of that name makes: the table `[proxies]` of the file.

use activities::recipes::proxies::{Size, Wanted};
use serde::Deserialize;

/// What the file says; what it does not say stays as usual.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Proxies {
    sizes: Option<Vec<Named>>,
    quality: Option<u8>,
    progressive: Option<bool>,
    halve_colour: Option<bool>,
    /// `#rrggbb`
    ground: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
    side: u32,
}

const MOST_SIZES: usize = 8;
const SIDES: std::ops::RangeInclusive<u32> = 16..=8192;

impl Proxies {
    pub(super) fn checked(&self) -> Result<Wanted, String> {
        let usual = Wanted::default();
        let quality = self.quality.unwrap_or(usual.quality);
        if !(1..=100).contains(&quality) {
            return Err("proxies.quality is not 1 to 100".to_owned());
        }
        Ok(Wanted {
            sizes: self.sizes.as_deref().map_or(Ok(usual.sizes), checked_sizes)?,
            quality,
            progressive: self.progressive.unwrap_or(usual.progressive),
            halve_colour: self.halve_colour.unwrap_or(usual.halve_colour),
            ground: self.ground.as_deref().map_or(Ok(usual.ground), checked_ground)?,
        })
    }
}

fn checked_sizes(named: &[Named]) -> Result<Vec<Size>, String> {
    if !(1..=MOST_SIZES).contains(&named.len()) {
        return Err("proxies.sizes are not 1 to 8".to_owned());
    }
    let mut sizes: Vec<Size> = Vec::new();
    for Named { name, side } in named {
        let of_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=32).contains(&name.len()) || !name.bytes().all(of_name) {
            return Err(format!("proxies.sizes: {name:?} is not 1 to 32 of a-z, 0-9 and -"));
        }
        if sizes.iter().any(|size| size.name == *name) {
            return Err(format!("proxies.sizes: there are two of the name {name:?}"));
        }
        if !SIDES.contains(side) {
            return Err(format!("proxies.sizes: {side} is not a side of 16 to 8192 pixels"));
        }
        sizes.push(Size { name: name.clone(), side: *side });
    }
    // Each is made from the one before it.
    sizes.sort_by_key(|size| std::cmp::Reverse(size.side));
    Ok(sizes)
}

fn checked_ground(text: &str) -> Result<[u8; 3], String> {
    let bytes = text.strip_prefix('#').and_then(|digits| hex::decode(digits).ok());
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| format!("proxies.ground: {text:?} is not a colour like #ffffff"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<Wanted, String> {
        toml::from_str::<Proxies>(text).map_err(|error| error.to_string())?.checked()
    }

    #[test]
    fn what_is_said_goes_before_what_is_usual() {
        assert_eq!(checked("").unwrap(), Wanted::default());
        let said = "sizes = [{ name = 's', side = 320 }, { name = 'l', side = 4096 }]\nprogressive = true\n\
                    ground = '#0A0b0c'\nquality = 90";
        let wanted = checked(said).unwrap();
        let sizes: Vec<_> = wanted.sizes.iter().map(|size| (size.name.as_str(), size.side)).collect();
        assert_eq!(sizes, [("l", 4096), ("s", 320)]);
        assert_eq!((wanted.ground, wanted.quality, wanted.progressive), ([10, 11, 12], 90, true));
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (said, named) in [
            ("sizes = []", "1 to 8"),
            ("sizes = [{ name = 'a/b', side = 320 }]", "a/b"),
            ("sizes = [{ name = 'a', side = 320 }, { name = 'a', side = 32 }]", "two of the name"),
            ("sizes = [{ name = 'a', side = 9000 }]", "9000"),
            ("quality = 0", "quality"),
            ("ground = 'white'", "white"),
            ("qualty = 1", "qualty"),
        ] {
            let error = checked(said).unwrap_err();
            assert!(error.contains(named), "{said}: {error}");
        }
    }
}
