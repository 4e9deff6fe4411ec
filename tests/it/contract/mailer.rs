//! What whoever carries letters must do.

use activities::notices::{Letter, Notice, Topic};
use states::Timestamp;

use super::worlds::Office;

suite!(
    [
        a_letter_arrives_where_its_owner_is,
        only_what_was_asked_for_is_told_and_only_to_whom_there_is,
        one_that_is_refused_is_not_to_be_sent_again,
    ]
    in smtp: smtp, on_aws: ses,
);

const PAGE: &str = "https://page.example.org/sessions/s";

fn letter(topic: Topic) -> Letter {
    Letter::of(&Notice::sample(topic, "x", Timestamp::UNIX_EPOCH, PAGE), None)
}

async fn a_letter_arrives_where_its_owner_is(office: &Office) {
    for (topic, words) in
        [(Topic::SessionFailed, "could not be converted"), (Topic::EndpointDisabled, "switch it on again")]
    {
        assert!(office.mailer.wants(&office.owner, topic).await.unwrap());
        let to = office.mailer.address(&office.owner, topic).await.unwrap().unwrap();
        assert_eq!(to, office.address);
        let letter = letter(topic);
        let answer = office.mailer.send(&to, &letter).await.unwrap();
        assert!(!answer.is_empty());
        let arrived = office.letters().await.unwrap().pop().unwrap();
        assert!(arrived.contains(&letter.subject), "{arrived}");
        // Lines of HTML are cut on their way.
        for part in [words, PAGE] {
            assert!(arrived.contains(part), "{part}: {arrived}");
        }
    }
}

async fn only_what_was_asked_for_is_told_and_only_to_whom_there_is(office: &Office) {
    assert!(!office.mailer.wants(&office.owner, Topic::SessionDone).await.unwrap());
    assert_eq!(office.mailer.address(&office.owner, Topic::SessionDone).await.unwrap(), None);
    assert_eq!(office.mailer.address("nobody", Topic::SessionFailed).await.unwrap(), None);
    assert!(office.letters().await.unwrap().is_empty());
}

async fn one_that_is_refused_is_not_to_be_sent_again(office: &Office) {
    let refused = office.refusing().send(&office.address, &letter(Topic::SessionFailed)).await.unwrap_err();
    assert!(refused.for_good && !refused.why.is_empty(), "{refused:?}");
    assert!(office.letters().await.unwrap().is_empty());
}
