//! What every recipe does with a result before it counts: the stored bytes are read again, and their SHA-256 is taken.

use sha2::{Digest, Sha256};

use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::objects::Written;

/// How much of a result is fetched at a time to be hashed.
const HASHED_AT_ONCE: usize = 1 << 20;

/// Of the result that was written under `key`, as it is stored.
pub(crate) async fn sha256(ctx: &Ctx, key: &str, written: &Written) -> Result<String, Failure> {
    let mut stored = ctx.objects.open(&ctx.settings.buckets.results, key, written);
    let (mut digest, mut offset) = (Sha256::new(), 0);
    while offset < written.size {
        let bytes = stored.read_at(offset, HASHED_AT_ONCE).await?;
        digest.update(&bytes);
        offset += bytes.len() as u64;
    }
    Ok(hex::encode(digest.finalize()))
}
