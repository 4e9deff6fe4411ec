//! Time as the rows keep it: milliseconds since 1970.

use std::time::{Duration, SystemTime};

use s3s::dto::Timestamp;

pub(super) fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

pub(super) fn timestamp(milliseconds: i64) -> Timestamp {
    let since = Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default());
    (SystemTime::UNIX_EPOCH + since).into()
}
