//! Letters by SES, to where the pool of people says that their owner is.
//!
//! An owner is the subject of a token, which in the pool is the user's own name; an access token does not carry an address,
//! and one that was noted down would be yesterday's. So it is asked for when a letter is sent, and only `deliver` may ask:
//! whoever moves a session only asks whether letters of that kind are sent at all.
//!
//! What a letter says is `activities::notices::letter`'s, as it is for SMTP.

use activities::notices::{Letter, Topic};
use activities::ports::{Fault, Mailer, Undelivered};
use async_trait::async_trait;
use aws_sdk_cognitoidentityprovider as cognito;
use aws_sdk_sesv2 as ses;
use aws_sdk_sesv2::error::{BuildError, DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageHeader};
use cognito::operation::admin_get_user::{AdminGetUserError, AdminGetUserOutput};

use crate::environment::Mail;

pub struct SesMailer {
    ses: ses::Client,
    people: cognito::Client,
    mail: Mail,
}

/// Under which a letter carries its notice's id: SES gives each a message id of its own, and a letter may come twice.
const NOTICE: &str = "X-Lockgate-Notice";

impl SesMailer {
    pub fn new(ses: ses::Client, people: cognito::Client, mail: Mail) -> Self {
        Self { ses, people, mail }
    }
}

#[async_trait]
impl Mailer for SesMailer {
    async fn wants(&self, _owner: &str, topic: Topic) -> Result<bool, Fault> {
        Ok(topic.is_wanted(&self.mail.topics))
    }

    async fn address(&self, owner: &str, topic: Topic) -> Result<Option<String>, Fault> {
        if !self.wants(owner, topic).await? {
            return Ok(None);
        }
        let asked = self.people.admin_get_user().user_pool_id(&self.mail.people).username(owner);
        match asked.send().await.map_err(|error| error.into_service_error()) {
            Ok(user) => Ok(verified(&user)),
            Err(AdminGetUserError::UserNotFoundException(_)) => Ok(None),
            Err(error) => Err(Fault::Unavailable {
                what: "pool of people",
                why: DisplayErrorContext(error).to_string(),
            }),
        }
    }

    async fn send(&self, to: &str, letter: &Letter) -> Result<String, Undelivered> {
        let unwritten = |error: BuildError| Undelivered { why: error.to_string(), for_good: true };
        let send = self.ses.send_email().from_email_address(&self.mail.from);
        let send = send
            .destination(Destination::builder().to_addresses(to).build())
            .content(EmailContent::builder().simple(message(letter).map_err(unwritten)?).build());
        match send.send().await.map_err(|error| error.into_service_error()) {
            Ok(answer) => Ok(answer.message_id.unwrap_or_default()),
            Err(error) => Err(Undelivered { for_good: is_for_good(&error), why: said(&error) }),
        }
    }
}

/// Where a user is reached. An address that nobody has verified may be anybody's: users write it themselves.
fn verified(user: &AdminGetUserOutput) -> Option<String> {
    let said = |name: &str| {
        let attribute = user.user_attributes().iter().find(|attribute| attribute.name() == name);
        attribute.and_then(|attribute| attribute.value())
    };
    let is_reached = user.enabled && said("email_verified") == Some("true");
    said("email").filter(|_| is_reached).map(ToOwned::to_owned)
}

fn message(letter: &Letter) -> Result<Message, BuildError> {
    let text = |data: &str| Content::builder().data(data).charset("UTF-8").build();
    let body = Body::builder().text(text(&letter.text)?).html(text(&letter.html)?).build();
    let notice = MessageHeader::builder().name(NOTICE).value(&letter.id).build()?;
    Ok(Message::builder().subject(text(&letter.subject)?).body(body).headers(notice).build())
}

/// What SES says of it, or why it says nothing.
fn said(error: &SendEmailError) -> String {
    match error.message() {
        Some(message) => format!("SES refused it: {message}"),
        None => format!("SES failed: {}", DisplayErrorContext(error)),
    }
}

/// Whether it would fail another time too: what is wrong with the letter itself is, with the account or its limits is not.
fn is_for_good(error: &SendEmailError) -> bool {
    matches!(error, SendEmailError::BadRequestException(_) | SendEmailError::MessageRejected(_))
}

#[cfg(test)]
mod tests {
    use aws_sdk_sesv2::error::ErrorMetadata;
    use aws_sdk_sesv2::types::error::{MessageRejected, SendingPausedException, TooManyRequestsException};
    use cognito::types::AttributeType;

    use super::*;

    fn user(enabled: bool, attributes: &[(&str, &str)]) -> AdminGetUserOutput {
        let attribute = |(name, value): &(&str, &str)| {
            AttributeType::builder().name(*name).value(*value).build().unwrap()
        };
        let attributes = attributes.iter().map(attribute).collect();
        let user = AdminGetUserOutput::builder().username("s").enabled(enabled);
        user.set_user_attributes(Some(attributes)).build().unwrap()
    }

    #[test]
    fn a_letter_that_was_refused_is_not_sent_again_and_one_that_had_to_wait_is() {
        let told = ErrorMetadata::builder().message("Email address is not verified.").build();
        let refused = SendEmailError::MessageRejected(MessageRejected::builder().meta(told).build());
        assert_eq!(said(&refused), "SES refused it: Email address is not verified.");
        assert!(is_for_good(&refused));
        let busy = TooManyRequestsException::builder().build();
        assert!(!is_for_good(&SendEmailError::TooManyRequestsException(busy)));
        let paused = SendingPausedException::builder().build();
        assert!(!is_for_good(&SendEmailError::SendingPausedException(paused)));
    }

    #[test]
    fn only_an_address_that_is_known_to_be_theirs_is_written_to() {
        let (email, known) = (("email", "ann@example.org"), ("email_verified", "true"));
        assert_eq!(verified(&user(true, &[email, known])).as_deref(), Some("ann@example.org"));
        assert_eq!(verified(&user(false, &[email, known])), None);
        for attributes in [&[email][..], &[known], &[email, ("email_verified", "false")], &[]] {
            assert_eq!(verified(&user(true, attributes)), None, "{attributes:?}");
        }
    }
}
