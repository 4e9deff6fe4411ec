//! `probe`: what the file is, told by its bytes. A file that holds nothing for the recipe ends here, in plain words.

use media::audio::{Limits, Sound};

use crate::ctx::Ctx;
use crate::failure::Failure;
use crate::making;
use crate::step::Step;

pub async fn run(ctx: &Ctx, step: Step) -> Result<Sound, Failure> {
    let source = step.open_source(ctx).await?;
    let wishes = step.order()?.wishes;
    Ok(making::probe(&ctx.workbench, Limits::default(), wishes, &source).await?)
}
