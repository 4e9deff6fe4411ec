//! Queues of the deployed stack.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Rig;
use super::json::Service;

const SQS: Service = Service { signed_as: "sqs", target: "AmazonSQS", version: "1.0" };

pub struct Queue {
    /// Where SQS is.
    service: String,
    url: String,
}

impl Queue {
    /// The one behind an output of the stack.
    pub fn of(rig: &Rig, output: &str) -> Result<Self> {
        Ok(Self { service: rig.localstack.clone(), url: rig.output(output)?.to_owned() })
    }

    /// Sends all of these at once: at most ten.
    pub async fn send(&self, bodies: &[&str]) -> Result<()> {
        let entry = |(n, body): (usize, &&str)| json!({ "Id": n.to_string(), "MessageBody": body });
        let entries: Vec<_> = bodies.iter().enumerate().map(entry).collect();
        let sent = self.ask("SendMessageBatch", json!({ "Entries": entries })).await?;
        ensure!(sent["Successful"].as_array().is_some_and(|sent| sent.len() == bodies.len()), "{sent:#}");
        Ok(())
    }

    /// The bodies of what there is to be had, which nobody else gets for a while.
    pub async fn receive(&self) -> Result<Vec<String>> {
        let received = self.ask("ReceiveMessage", json!({ "MaxNumberOfMessages": 10 })).await?;
        let messages = received["Messages"].as_array().into_iter().flatten();
        Ok(messages.filter_map(|message| Some(message["Body"].as_str()?.to_owned())).collect())
    }

    /// Whether nothing waits there, and nobody has anything of it in hand.
    pub async fn is_empty(&self) -> Result<bool> {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let told = self.ask("GetQueueAttributes", json!({ "AttributeNames": names })).await?;
        Ok(names.iter().all(|&name| told["Attributes"][name] == "0"))
    }

    pub async fn attribute(&self, name: &str) -> Result<String> {
        let told = self.ask("GetQueueAttributes", json!({ "AttributeNames": [name] })).await?;
        let value = told["Attributes"][name].as_str();
        Ok(value.with_context(|| format!("a queue has a {name}: {told:#}"))?.to_owned())
    }

    pub async fn set(&self, name: &str, value: &str) -> Result<()> {
        self.ask("SetQueueAttributes", json!({ "Attributes": { name: value } })).await?;
        Ok(())
    }

    async fn ask(&self, operation: &str, mut body: Value) -> Result<Value> {
        body["QueueUrl"] = self.url.as_str().into();
        SQS.ask(&self.service, operation, body).await
    }
}
