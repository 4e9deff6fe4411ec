//! A Map on trial: its items as they would come to what runs inside, which is mocked and does not run.

use super::super::{Datum, State};
use super::Map;
use super::reader::Reader;
use crate::data::context::STATE_DATA;
use crate::errors::ITEM_READER_FAILED;
use crate::history::{Batch, Failure, Form, Source};
use crate::items::batch::{Batcher, TooLarge};
use crate::items::{Item, Splitter, Unreadable, uri};
use crate::step::machine::{Exit, Machine};
use serde_json::Value;

impl Map {
    /// Shows the items that stand in the state's data.
    pub(super) fn show_items(
        &self,
        state: &State,
        machine: &Machine<'_>,
        frame: u32,
        items: &Datum,
    ) -> Result<(), Exit> {
        if !machine.is_on_trial() {
            return Ok(());
        }
        let items = split(&Form::Json { pointer: None }, &items.document().text())?.unwrap_or_default();
        self.show(state, machine, frame, &items, STATE_DATA)
    }

    /// Shows what the ItemReader is said to have read, and says how many items that is.
    pub(super) fn show_read(
        &self,
        reader: &Reader,
        state: &State,
        machine: &Machine<'_>,
        frame: u32,
    ) -> Result<u32, Exit> {
        let Some(read) = machine.read_on_trial() else { return Ok(0) };
        let (arguments, form, most) = match reader.evaluate(state, machine, frame)? {
            Source::Object { arguments, form, most } => (arguments, form, most),
            Source::Listing { arguments, form, most } => {
                (arguments, form.unwrap_or(Form::Json { pointer: None }), most)
            }
            Source::Items(_) => return Ok(0),
        };
        if let Form::Json { pointer: Some(pointer) } = &form {
            let document: Value = serde_json::from_str(&read).unwrap_or(Value::Null);
            machine.inspect(|it| it.after_items_pointer = document.pointer(pointer).cloned());
        }
        let Some(mut items) = split(&form, &read)? else { return Ok(0) };
        items.truncate(most.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX));
        let arguments: Value = serde_json::from_str(&arguments).unwrap_or(Value::Null);
        let source = uri(arguments["Bucket"].as_str().unwrap_or_default(), arguments["Key"].as_str());
        self.show(state, machine, frame, &items, &source)?;
        Ok(u32::try_from(items.len()).unwrap_or(u32::MAX))
    }

    fn show(
        &self,
        state: &State,
        machine: &Machine<'_>,
        frame: u32,
        items: &[Item],
        source: &str,
    ) -> Result<(), Exit> {
        let mut inputs = Vec::with_capacity(items.len());
        for (index, item) in (0..).zip(items) {
            let item = item.seen(index, source);
            let selected = self.selected(state, machine, frame, item)?;
            inputs.push(selected.map_or_else(|| item.whole(), |value| value.to_string()));
        }
        machine.inspect(|it| it.iterations = Some(inputs.len()));
        if self.item_selector.is_some() {
            machine.inspect(|it| it.after_item_selector = Some(array(&inputs)));
        }
        if let Some(batcher) = self.distributed().and_then(|distributed| distributed.batcher.as_ref()) {
            let batches = batches(batcher.evaluate(state, machine, frame)?, &inputs);
            let batches = batches.map_err(|too_large| Exit::Failed(too_large.into()))?;
            machine.inspect(|it| {
                it.iterations = Some(batches.len());
                it.after_item_batcher = Some(array(&batches));
            });
        }
        Ok(())
    }
}

/// `None` for a manifest, which has no items: those are in what it names.
fn split(form: &Form, text: &str) -> Result<Option<Vec<Item>>, Exit> {
    let mut items = Vec::new();
    let Some(mut splitter) = Splitter::of(form) else { return Ok(None) };
    let read = splitter.push(text.as_bytes(), &mut items).and_then(|()| splitter.end(&mut items));
    let failed = |why: Unreadable| Exit::Failed(Failure::new(ITEM_READER_FAILED, &why.to_string()));
    read.map(|()| Some(items)).map_err(failed)
}

fn batches(batch: Batch, inputs: &[String]) -> Result<Vec<String>, TooLarge> {
    let mut batcher = Batcher::new(Some(batch));
    let mut portions = Vec::new();
    for (index, input) in (0..).zip(inputs) {
        portions.extend(batcher.push(index, input)?);
    }
    portions.extend(batcher.flush());
    Ok(portions.into_iter().map(|portion| portion.input).collect())
}

fn array(texts: &[String]) -> Value {
    texts.iter().map(|text| serde_json::from_str(text).unwrap_or(Value::Null)).collect()
}
